"""The decision (办结): by the chief representative of the lead department, or with the joint acceptance."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import rules
from packages.models import JointSession, MatterCase
from packages.services.back_entry import check_moment
from packages.services.concluding import conclude
from packages.services.lapsing import nothing_asked
from packages.services.locking import expect, lock_case
from packages.services.on_the_spot import decide_on_spot
from packages.services.review import begin_review
from packages.states import SESSION_OPEN, CaseState, Handling, Outcome, SessionState
from packages.verdict_words import words_of
from projects import prepared
from projects.access import access_of
from projects.errors import DomainError, require
from projects.models import User
from projects.quoting import quoted

__all__ = ["decide_case", "decide_for_acceptance", "decide_on_spot"]


@transaction.atomic
def decide_case(
    case_id: int, *, by: User, outcome: str, note: str = "", at: dt.datetime | None = None
) -> MatterCase:
    """Decide a case in review: 准予 (容缺通过 where deferred papers are open) or 不予许可.

    Effects in order: clocks stop; days used and overdue are kept; deferred papers get their clock; event 11, 12 or
    13; the certificate (or 不予许可决定书 with reasons and remedies) is issued and filed; checklists that waited for
    it are met; after a refusal a fresh draft; the stage follows its milestones. Raises `NotAllowed`, `DomainError`:
    `case_state` (a pause is open, or somebody was faster), `outcome`, `withdrawal_open`,
    `not_merged`, `merged_failed`, `prerequisites`,
    `note`, `no_deferral`, those of `check_moment`. Source: 行政许可法 34, 38, 40, 42; Appendix D.
    """
    case = lock_case(case_id)
    expect(case, CaseState.IN_REVIEW, verb="作出决定")
    require(rules.can_decide, by, case)
    check_moment(case, at)
    if outcome not in Outcome.values:
        raise DomainError("outcome", "请选择准予、容缺通过或不予许可。")
    nothing_asked(case)
    _merged(case, outcome)
    _second_pair_of_eyes(case, outcome, by)
    return conclude(case, outcome=outcome, note=note, by=by, at=at)


def _second_pair_of_eyes(case: MatterCase, outcome: str, by: User | None) -> None:
    """A refusal is not decided by who merged the opinions: raiser and approver are two people (handbook §18)."""
    if outcome != Outcome.FAIL or by is None:
        return
    last = JointSession.objects.filter(case=case).order_by("-round").first()
    if last is not None and access_of(by).speaks_for(last.merged_by_id):
        raise DomainError("same_person", f"意见由您汇总，{words_of(case.matter).refused}要由另一位首席代表决定。")


def _merged(case: MatterCase, outcome: str) -> None:
    """Refuse while a mandatory opinion is open, and a grant against a merged 不通过."""
    found = JointSession.objects.exclude(state=SessionState.CLOSED).order_by("-round")
    session = prepared.one("newest session", lambda pk: found.filter(case=pk)[:1], case.pk)
    if session is None:
        return
    if session.state in SESSION_OPEN:
        silent = [task.organisation.label for task in session.tasks.filter(
            state__in=["invited", "opened"]).select_related("organisation").order_by("pk")]
        raise DomainError("not_merged", f"联合审查还没有汇总（在等{'、'.join(silent)}），汇总后才能作出决定。")
    if session.state == SessionState.FAILED and outcome != Outcome.FAIL:
        words = words_of(case.matter)
        raise DomainError(
            "merged_failed", f"联合审查汇总为不通过，不能{words.granted}；请作出{words.refused}决定，或重新审查。"
        )


@transaction.atomic
def decide_for_acceptance(
    case_id: int, *, by: User | None, outcome: str, note: str = "", on_behalf_of: str = "", has_paper: bool = False,
    at: dt.datetime | None = None,
) -> MatterCase:
    """Decide a case that the joint acceptance carries, with its conclusion; whose rule was checked there.

    Effects as `decide_case`; a case that no worker has opened yet goes through 部门办理中 first (event 8). `has_paper`:
    the conclusion itself is the paper of this case. Raises `DomainError` (`handling`, `case_state`, `outcome`,
    `prerequisites`, `note`).
    """
    case = lock_case(case_id)
    if case.handling != Handling.ACCEPTANCE:
        raise DomainError("handling", f"{quoted(case.matter.name)}不随联合验收办结，请按本事项办理。")
    expect(case, CaseState.ACCEPTED, CaseState.IN_REVIEW, verb="随联合验收办结")
    if outcome not in Outcome.values:
        raise DomainError("outcome", "请选择准予、容缺通过或不予许可。")
    if case.state == CaseState.ACCEPTED:
        begin_review(case, by=by, at=at)
    return conclude(
        case, outcome=outcome, note=note, by=by, at=at, on_behalf_of=on_behalf_of, has_paper=has_paper
    )
