"""A drawing review that passed on a commitment: signed, mended in its days, checked, or lapsed (handbook §6.4)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.states import PaperKind
from packages import drawing_rules, policy
from packages.drawing_states import BREACH_OPEN, DrawingState, PledgeKind
from packages.models import Breach, DrawingReview, Pledge
from packages.services import paperwork
from packages.services.concluding import conclude
from packages.services.drawing_following import qualify
from packages.services.drawing_handling import FIX_WHAT, certificate, refresh_case, term_words
from packages.services.drawing_opinion import breach_table, open_breaches
from packages.services.drawing_review import (
    clear_breach,
    lock_review,
    reopen_breach,
)
from packages.services.timekeeping import resume_case
from packages.states import Outcome
from packages.waiting import CASE_LABEL
from projects import clocks, timing
from projects.back_entry import check_follows
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record
from projects.models import IssueItem, Organisation, User
from projects.services.issues import answer_issue, raise_issue, verify_issue
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind, IssueState


@transaction.atomic
def sign_fix(review_id: int, *, by: User, at: dt.datetime | None = None) -> DrawingReview:
    """The responsible person of the owner commits to mend within the term: works go on, a clock of its own runs.

    Effects in order: pledge; the case's clocks run again and it is granted; clock against the owner, an owed
    commitment; 施工图承诺书; event `drawing.committed`. A second press changes nothing. Raises `NotAllowed`, those of
    the decision. Source: handbook §6.4.
    """
    one = lock_review(review_id)
    if one.state == DrawingState.COMMITTED:
        return one
    require(drawing_rules.can_commit, by, one)
    case = one.case
    if case is None:
        raise DomainError("no_case", "没有办件，不能承诺。")
    moment = at or timing.now()
    resume_case(case, kind=PauseKind.OTHER, at=moment)
    refresh_case(case)
    day = timing.business_day(moment)
    days, unit = policy.term(one.table.content, "fix", day)
    one.fix_clock = clocks.start_clock(
        kind=ClockKind.COMMITMENT, limit=days, unit=unit, on=moment, project=one.project, label="施工图限期修改",
        owner=TimeOwner.APPLICANT,
    )
    rows = open_breaches(one)
    text = _promise(one, len(rows), paperwork.day(one.fix_clock.due_on), moment)
    Pledge.objects.create(
        review=one, kind=PledgeKind.FIX, organisation=one.project.owner, role="建设单位负责人", text=text,
        signed_by=by, signed_at=moment,
    )
    old = one.state
    one.commit()
    one.save()
    raise_issue(
        one.project, kind=IssueKind.COMMITMENT, subject=case, what=FIX_WHAT, basis="施工图限期修改承诺",
        how_to_fix=f"设计单位上传改好的图纸，由提出部门逐条核实，共 {len(rows)} 处", debtor=one.project.owner, by=by,
        raised_for=case.lead, due_on=one.fix_clock.due_on, clock=one.fix_clock, at=at,
    )
    record(
        "drawing.committed", subject=one, project=one.project, by=by, at=at,
        summary=f"签署施工图限期修改承诺，{paperwork.day(one.fix_clock.due_on)}前改完",
        data={"state": [old, one.state], "due_on": str(one.fix_clock.due_on), "open": len(rows)},
    )
    paperwork.write(
        PaperKind.DRAWING_PLEDGE, one.project, subject=one, issuer=case.lead, by=by, at=moment,
        what=f"承诺改完 {len(rows)} 处问题", do="上传改好的图纸，由提出部门逐条核实",
        when=f"{paperwork.day(one.fix_clock.due_on)}前", paragraphs=[text], table=breach_table(one, rows),
        addressee=case.lead.name, promisers=[paperwork.promiser("承诺人", one.project.owner.name, by, moment)],
    )
    conclude(
        case, outcome=Outcome.PASS, note=f"按处理意见承诺后限期改完：{one.handling_text}"[:500], by=one.handled_by,
        at=at, has_paper=True,
    )
    return one


def _promise(one: DrawingReview, count: int, until: str, moment: dt.datetime) -> str:
    """The words of the commitment."""
    return (
        f"{one.project.owner.name}承诺：在 {term_words(one, 'fix', moment)}内（{until}前）"
        f"改完下列 {count} 处问题并上传新版图纸；改完前相应部位不施工，"
        "逾期未改完的，停止办理施工许可和竣工联合验收，并接受现场核查。"
    )


@transaction.atomic
def check_fix(
    breach_id: int, *, by: User, holds: bool, note: str = "", at: dt.datetime | None = None
) -> Breach:
    """The department that found a breach checks it in the newer version: mended, or not.

    When none is left the review is 合格: the commitment is verified, 施工图审查合格书. Raises `NotAllowed`,
    `DomainError` (`note`).
    """
    one = lock_review(Breach.objects.values_list("review_id", flat=True).get(pk=breach_id))
    breach = Breach.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=breach_id)
    breach.review = one
    require(drawing_rules.can_check, by, breach)
    if not holds and not note.strip():
        raise DomainError("note", "没有改好的，请写明还差什么。")
    check_follows(at, breach)
    if not holds:
        reopen_breach(breach, one.project, by=by, note=note, at=at)
        return breach
    clear_breach(breach, one.project, by=by, note=note or "已改", at=at)
    if not one.breaches.filter(state__in=BREACH_OPEN).exists():
        _mended(one, by=by, at=at)
    return breach


def _mended(one: DrawingReview, *, by: User, at: dt.datetime | None) -> None:
    qualify(one, by=by, at=at)
    certificate(one, by=by, at=at or timing.now())
    for issue in _owed(one):
        if issue.state in ISSUE_WITH_OWNER:
            answer_issue(issue, answer="已上传改好的图纸并逐条核实", by=by, at=at)
        if issue.state == IssueState.SUBMITTED:
            verify_issue(issue, by=by, at=at)


def _owed(one: DrawingReview) -> list[IssueItem]:
    found = IssueItem.objects.select_for_update(of=("self",)).filter(
        project=one.project, subject_type=CASE_LABEL, subject_key=str(one.case_id), state__in=list(ISSUE_OPEN)
    )
    rows = list(found.filter(clock=one.fix_clock))
    for row in rows:
        row.project = one.project
    return rows


@transaction.atomic
def lapse(review_id: int, at: dt.datetime | None = None) -> bool:
    """A commitment that ran out: marked, told, 住建局 checks on site; permit and acceptance wait. Safe to run twice."""
    one = lock_review(review_id)
    if one.state != DrawingState.COMMITTED or one.is_lapsed or not clocks.read_clock(one.fix_clock).overdue:
        return False
    one.is_lapsed = True
    one.save(update_fields=["is_lapsed"])
    body = Organisation.objects.filter(code="housing").first()
    days = len(open_breaches(one))
    record(
        "drawing.lapsed", subject=one, project=one.project, by=None, at=at,
        summary=f"施工图限期修改承诺逾期，还有 {days} 处没有核实", data={"open": days},
    )
    if one.case is not None:
        raise_issue(
            one.project, kind=IssueKind.RECTIFICATION, subject=one.case, what="施工图限期修改承诺逾期未改完",
            basis="施工图限期修改承诺书", how_to_fix="上传改好的图纸并经提出部门核实；改完前相应部位停止施工",
            debtor=one.project.owner, by=None, raised_for=body, at=at,
        )
    return True
