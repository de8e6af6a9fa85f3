"""Papers of the credit list: 信用告知书, 列入决定书 with the joint punishments, 移出决定书."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from archives.models import Paper
from archives.states import PaperKind, Visibility
from packages.services import paperwork
from projects import credit_data, timing
from projects.models import CreditListing, Event
from projects.services.credit import lock_listing


@transaction.atomic
def write_paper(event: Event) -> Paper | None:
    """Write the paper that an event of the list brings; return it, None where it brings none. Once per event."""
    row = lock_listing(int(event.subject_key))
    kind = {
        "credit.told": PaperKind.CREDIT_NOTICE, "credit.listed": PaperKind.CREDIT_DECISION,
        "credit.removed": PaperKind.CREDIT_REMOVAL,
    }[event.kind]
    if papers_of(row).filter(kind=kind).exists():
        return None
    what, do, when, paragraphs, table = _words(kind, row)
    return paperwork.write(
        kind, row.project, subject=row, issuer=row.source, by=event.actor, at=timing.now(), what=what, do=do, when=when,
        paragraphs=[*paragraphs, paperwork.remedies()], table=table, addressee=row.organisation.name,
        visibility=Visibility.PROJECT,
    )


def papers_of(row: CreditListing) -> QuerySet[Paper]:
    """Return the papers of an entry, the oldest first."""
    return Paper.objects.filter(subject_type=CreditListing._meta.label, subject_key=str(row.pk)).order_by("pk")


def _words(kind: str, row: CreditListing) -> tuple[str, str, str, list[str], dict[str, object] | None]:
    facts = f"{row.record.name}（{timing.written(row.record.happened_on)}）：{row.record.detail}"
    if kind == PaperKind.CREDIT_NOTICE:
        return (
            f"拟将你单位列入失信名单：{row.reason}", "可以陈述申辩，在系统内提交",
            f"{paperwork.day(row.plead_until)}前", [facts, f"依据：{row.basis}"], None,
        )
    if kind == PaperKind.CREDIT_DECISION:
        measures = [
            [measure["name"], measure["reason"]] for measure in credit_data.refusals(timing.today())
            if measure["who"] == "listed"
        ]
        return (
            f"决定将你单位列入失信名单：{row.reason}", "可以提出异议；纠正失信行为后可以申请信用修复",
            f"{paperwork.day(row.listed_on)}至{paperwork.day(row.until)}",
            [facts, f"依据：{row.basis}", f"决定理由：{row.decision_note}"],
            {"caption": "联合惩戒清单（推送各部门）", "head": ["措施", "说明"], "rows": measures},
        )
    listed = f"{paperwork.day(row.listed_on)}列入失信名单，列入理由：{row.decision_note}"
    said = [f"你单位提出异议：{row.objection}"] if row.objection_answer else []
    said += [f"异议处理：{row.objection_answer}"] if row.objection_answer not in ("", row.removal_reason) else []
    said += [f"你单位申请信用修复：{row.repair_note}"] if row.repair_answer else []
    return (
        "决定将你单位移出失信名单", "无须办理", f"自{paperwork.day(row.removed_on)}起",
        [facts, listed, *said, f"移出理由：{row.removal_reason}", "联合惩戒措施同时停止。"], None,
    )

