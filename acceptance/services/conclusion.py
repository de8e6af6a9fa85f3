"""The conclusion of the joint acceptance: one paper, and every case of it decided."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import rules
from acceptance.models import AcceptanceApplication
from acceptance.services.application import JOINT_MATTER, lock_acceptance, move, settle_item
from acceptance.services.items import issues_of_acceptance
from acceptance.states import ITEM_GOOD, AcceptanceState, ItemState
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind
from packages.models import MatterCase
from packages.services.decision import decide_for_acceptance
from packages.states import CASE_DECIDED, Outcome
from projects import timing
from projects.clocks import stop_clock
from projects.errors import DomainError, require
from projects.services.issues import waive_issue
from projects.states import ISSUE_OPEN

if TYPE_CHECKING:
    from projects.models import User


@transaction.atomic
def conclude(
    acceptance_id: int, *, by: User, passed: bool, note: str = "", at: dt.datetime | None = None
) -> AcceptanceApplication:
    """Conclude the joint acceptance and return it. Twice is once.

    Effects in order: passed needs every gating item good; failed marks the items that are still open as failed and
    waives what was still owed on the list (re-apply); the clock stops; event `acceptance.concluded`; 竣工联合验收意见书
    (numbered paper, filed as the result of the joint opinion); every case of the application is decided on behalf of
    its department, the joint opinion last, and with it the stage may move. Errors: an open item, no reason, nothing
    failed. Source: handbook §8, catalogue (items 1-11 gate the conclusion, the completion record follows it).
    """
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state in {AcceptanceState.PASSED, AcceptanceState.FAILED}:
        return acceptance
    require(rules.can_conclude, by, acceptance)
    _check_items(acceptance, passed=passed, note=note, by=by, at=at)
    old = acceptance.state
    if passed:
        acceptance.conclude_pass()
    else:
        acceptance.conclude_fail()
    acceptance.concluded_at, acceptance.concluded_by = at or timing.now(), by
    acceptance.conclusion_note = note
    if acceptance.clock:
        stop_clock(acceptance.clock, acceptance.concluded_at)
    move(
        acceptance, old, kind="acceptance.concluded", by=by, at=at,
        summary="联合验收通过" if passed else f"联合验收不通过：{note}",
    )
    if not passed:
        for issue in issues_of_acceptance(acceptance).filter(state__in=list(ISSUE_OPEN)):
            issue.project = acceptance.project
            waive_issue(issue, reason="联合验收不通过，重新申请后再验", by=by, at=at)
    _issue_conclusion(acceptance, passed=passed, by=by, at=at)
    _decide_cases(acceptance, passed=passed, note=note, by=by, at=at)
    return acceptance


def _check_items(
    acceptance: AcceptanceApplication, *, passed: bool, note: str, by: User, at: dt.datetime | None
) -> None:
    open_items = [i for i in acceptance.items.select_related("organisation") if i.is_gate and i.state not in ITEM_GOOD]
    if passed and open_items:
        names = "、".join(item.name for item in open_items)
        raise DomainError("open_items", f"还有未合格的验收事项：{names}，不能出具通过的结论。")
    if not passed and not note.strip():
        raise DomainError("reason_missing", "结论为不通过的，要写明理由。")
    if not passed and not open_items:
        raise DomainError("nothing_failed", "各项都已合格，不能出具不通过的结论。")
    for item in open_items:
        item.acceptance = acceptance
        if item.state == ItemState.RECTIFYING:
            settle_item(item, "fail", note=note, by=by, at=at)


def _decide_cases(
    acceptance: AcceptanceApplication, *, passed: bool, note: str, by: User, at: dt.datetime | None
) -> None:
    good = {item.case_id for item in acceptance.items.all() if item.state in ITEM_GOOD}
    cases = MatterCase.objects.filter(application=acceptance.application).exclude(state__in=list(CASE_DECIDED))
    ordered = sorted(cases.select_related("matter__matter", "lead"), key=lambda c: c.matter.matter.code == JOINT_MATTER)
    for case in ordered:
        is_joint = case.matter.matter.code == JOINT_MATTER
        holds = passed if is_joint else case.pk in good
        decide_for_acceptance(
            case.pk, by=by, outcome=Outcome.PASS if holds else Outcome.FAIL,
            note="联合验收合格" if holds else f"联合验收不通过：{note}", on_behalf_of=case.lead.name,
            has_paper=is_joint, at=at,
        )


def _result_slug(acceptance: AcceptanceApplication) -> str:
    """Return the document kind under which the archive expects the joint opinion."""
    joint = MatterCase.objects.filter(application=acceptance.application, matter__matter__code=JOINT_MATTER)
    return joint.values_list("matter__result_kind__slug", flat=True).first() or paper_slug(PaperKind.CONCLUSION)


def _issue_conclusion(
    acceptance: AcceptanceApplication, *, passed: bool, by: User, at: dt.datetime | None
) -> None:
    items = acceptance.items.select_related("organisation")
    word = "通过" if passed else "不通过"
    content: dict[str, Any] = {
        "addressee": acceptance.project.owner.name,
        "gist": {
            "project": f"{acceptance.project.name}（{acceptance.project.code}）",
            "what": f"竣工联合验收{word}",
            "do": "可以申请竣工验收备案和不动产首次登记" if passed else "按不通过的事项整改后重新申请",
            "when": "自本意见书出具之日起",
        },
        "paragraphs": [
            f"经组织各部门一次现场验收，{acceptance.work_unit.name}竣工联合验收结论为：{word}。",
            *([acceptance.conclusion_note] if acceptance.conclusion_note else []),
        ],
        "table": {
            "head": ["序号", "验收事项", "部门", "结果", "意见"],
            "rows": [[str(i.number), i.name, i.organisation.label, i.get_state_display() if i.is_gate else "另行备案",
                      i.note] for i in items],
        },
        "legal": [],
    }
    issue_paper(
        acceptance.project, kind=PaperKind.CONCLUSION, series="联验", title="竣工联合验收意见书",
        issuer=acceptance.lead, content=content, subject=acceptance, by=by, document_kind_slug=_result_slug(acceptance),
        is_public=passed, at=at,
    )
