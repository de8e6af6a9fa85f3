"""Document kinds of our own: the papers that the portal issues itself and the evidence it collects.

The catalogue's kinds come from its file; these belong to the code that issues them and are put in place by a migration
(`ensure_own_kinds`). Classes are those of GB/T 50328 or our own (`archives.states.CLASS_NAMES`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archives.states import PaperKind

if TYPE_CHECKING:
    from archives.models import DocumentKind

#: paper kind -> class; a paper's document kind is `paper-<kind>`, unless it is a matter's result.
PAPER_CLASSES: dict[str, str] = {
    PaperKind.RECEIPT: "P",
    PaperKind.DEFERRED_ACCEPTANCE: "P",
    PaperKind.DEFERRAL_LATE: "P",
    PaperKind.COMMITMENT_TOLD: "P",
    PaperKind.COMMITMENT: "P",
    PaperKind.BREACH_NOTICE: "P",
    PaperKind.COMPLETION_NOTICE: "P",
    PaperKind.CORRECTION_NOTICE: "P",
    PaperKind.ACCEPTANCE_NOTICE: "P",
    PaperKind.NOT_TAKEN: "P",
    PaperKind.REFUSED_INTAKE: "P",
    PaperKind.SPECIAL_NOTICE: "P",
    PaperKind.REFUSAL: "P",
    PaperKind.EXTENSION: "P",
    PaperKind.CORRECTION_RECEIPT: "P",
    PaperKind.RETURN_RECEIPT: "P",
    PaperKind.WITHDRAWAL: "P",
    PaperKind.RECALL: "P",
    PaperKind.DEFERRAL_NOTICE: "P",
    PaperKind.COLLECTION_RECEIPT: "P",
    PaperKind.REVOCATION: "P",
    PaperKind.REVIEW_OPINION: "P",
    PaperKind.CONFERENCE_MINUTES: "P",
    PaperKind.CONSULTATION_MINUTES: "P",
    PaperKind.SERVICE_SCHEME: "P",
    PaperKind.FLOW_SHEET: "P",
    PaperKind.MATTER_LIST: "P",
    PaperKind.ONE_TIME_NOTICE: "P",
    PaperKind.DRAWING_OPINION: "A3",
    PaperKind.DRAWING_HANDLING: "A3",
    PaperKind.DRAWING_PLEDGE: "A3",
    PaperKind.ONE_STOP_FORM: "P",
    PaperKind.PERMIT_SET: "A5",
    PaperKind.SITE_LIST: "E",
    PaperKind.CONCLUSION: "E",
    PaperKind.SURVEY_SHARE: "E",
    PaperKind.PRE_ACCEPTANCE: "E",
    PaperKind.REGISTRY_HANDOVER: "E",
    PaperKind.PROJECT_CARD: "A7",
    PaperKind.BULLETIN: "A7",
    PaperKind.LAPSE_NOTICE: "P",
    PaperKind.STOP_NOTICE: "J",
    PaperKind.UTILITY_RECEIPT: "P",
    PaperKind.UTILITY_REPLY: "P",
    PaperKind.UTILITY_CONNECTED: "P",
    PaperKind.PAY_SHEET: "P",
    PaperKind.APPRAISAL_OPINION: "T",
    PaperKind.DUTY_LIST: "T",
    PaperKind.APPRAISAL_CARD: "T",
    PaperKind.AREA_USE: "T",
    PaperKind.LAND_LIST: "A2",
    PaperKind.LAND_PLEDGE: "A2",
    PaperKind.ONE_BOOK: "T",
    PaperKind.TRANSFER_LIST: "E",
    PaperKind.TRANSFER_RECEIPT: "E",
    PaperKind.ACCEPTANCE_POINTS: "E",
    PaperKind.SUPERVISION_POINTS: "J",
    PaperKind.INSPECTION_NOTICE: "J",
    PaperKind.INSPECTION_RECORD: "J",
    PaperKind.STOP_ORDER: "J",
    PaperKind.REFERRAL: "J",
    PaperKind.CREDIT_NOTICE: "J",
    PaperKind.CREDIT_DECISION: "J",
    PaperKind.CREDIT_REMOVAL: "J",
    PaperKind.AGENCY_AGREEMENT: "P",
    PaperKind.WORK_ORDER: "P",
    PaperKind.HAND_OVER: "P",
    PaperKind.ACCOMPANY_RECORD: "P",
    PaperKind.ESCALATION_REPORT: "P",
    PaperKind.CHASE_SLIP: "P",
    PaperKind.VOICE_REPLY: "P",
    PaperKind.RATING_REPLY: "P",
}

#: Papers that are legal notices: their addressee signs for them (签收), an unsigned one is a to-do.
LEGAL_NOTICES = frozenset(
    {
        PaperKind.COMPLETION_NOTICE, PaperKind.CORRECTION_NOTICE, PaperKind.ACCEPTANCE_NOTICE, PaperKind.NOT_TAKEN,
        PaperKind.REFUSED_INTAKE, PaperKind.SPECIAL_NOTICE, PaperKind.REFUSAL, PaperKind.SITE_LIST,
        PaperKind.DEFERRED_ACCEPTANCE, PaperKind.DEFERRAL_LATE, PaperKind.BREACH_NOTICE,
        PaperKind.CONCLUSION, PaperKind.REGISTRY_HANDOVER, PaperKind.ONE_TIME_NOTICE, PaperKind.EXTENSION,
        PaperKind.RECALL, PaperKind.REVOCATION,
        PaperKind.WITHDRAWAL, PaperKind.DRAWING_HANDLING, PaperKind.LAPSE_NOTICE, PaperKind.STOP_NOTICE,
        PaperKind.INSPECTION_RECORD, PaperKind.STOP_ORDER, PaperKind.CREDIT_NOTICE, PaperKind.CREDIT_DECISION,
        PaperKind.CREDIT_REMOVAL,
    }
)

#: Papers that protect whoever spoke: only the pages of the matter itself show them, not the list of the issuer.
PROTECTED = frozenset({PaperKind.VOICE_REPLY, PaperKind.RATING_REPLY})

#: slug -> (name, class) of evidence that is uploaded outside a checklist.
EVIDENCE: dict[str, tuple[str, str]] = {
    "rectification-evidence": ("整改佐证", "E"),
    "correction-evidence": ("补正材料", "P"),
    "commitment-evidence": ("承诺核查佐证", "P"),
    "special-result": ("特别程序结果", "P"),
    "withdrawal-request": ("撤件申请书", "P"),
    "tender-evidence": ("招标过程佐证", "P"),
    "service-contract": ("中介服务合同", "P"),
    "service-report": ("中介服务成果", "P"),
    "fee-receipt": ("缴款凭证", "P"),
    "appraisal-evidence": ("研判评分佐证", "T"),
    "gap-evidence": ("缺口补齐佐证", "T"),
    "survey-photo": ("踏勘照片", "P"),
    "inspection-photo": ("检查照片", "J"),
    "inspection-evidence": ("检查整改佐证", "J"),
    "resource-evidence": ("资源指标落实依据", "T"),
    "start-photo": ("开工核查照片", "J"),
}


def own_kinds() -> list[tuple[str, str, str]]:
    """Return (slug, name, class) of every kind of our own."""
    papers = [
        (f"paper-{kind.replace('_', '-')}", str(PaperKind(kind).label), doc_class)
        for kind, doc_class in PAPER_CLASSES.items()
    ]
    return papers + [(slug, name, doc_class) for slug, (name, doc_class) in EVIDENCE.items()]


def paper_slug(kind: str) -> str:
    """Return the slug of the document kind of a paper kind."""
    return f"paper-{kind.replace('_', '-')}"


def ensure_own_kinds(model: type[DocumentKind]) -> None:
    """Put the kinds of our own in place; safe to run again. Takes the model, so that a migration may call it."""
    for slug, name, doc_class in own_kinds():
        model.objects.update_or_create(
            slug=slug,
            defaults={"name": name, "doc_class": doc_class, "produced_by": "portal", "is_reusable": False},
        )
