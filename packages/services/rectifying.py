"""整改: the plans are changed on the owner's time, then those who disagreed are asked in a round of its own limit."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import review_rules
from packages.models import JointSession, MatterCase
from packages.review_terms import terms_of
from packages.services.correction import notice_faults
from packages.services.locking import expect, lock_case, lock_session, moved_on
from packages.services.rounds import concerned, next_round
from packages.standing import standing_opinions
from packages.states import CaseState, OpinionVerdict, SessionState
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User


@transaction.atomic
def send_to_rectify(
    session_id: int, *, by: User, days: int | None = None, reason_code: str = "", at: dt.datetime | None = None
) -> JointSession:
    """Send the opinions that disagree to the owner as one notice: what, on which clause, how to fix each.

    Effects in order: transition 汇总 -> 整改, event `session.rectifying`, then the one-time notice with its clock
    against the owner; every other clock rests. `reason_code` is needed where the case was told faults before. Raises
    `NotAllowed`, `DomainError` (`session_state`, `no_disagreement`, those of the notice). Source: handbook §2.3.
    """
    session = lock_session(session_id)
    case = session.case
    if case is None or session.state != SessionState.MERGING:
        raise moved_on(session, "整改")
    expect(case, CaseState.IN_REVIEW, verb="整改")
    require(review_rules.can_merge, by, session)
    against = [one for one in standing_opinions(case) if one.verdict == OpinionVerdict.DISAGREE]
    if not against:
        raise DomainError("no_disagreement", "没有部门不同意，不需要整改，可以直接汇总。")
    check_follows(at, session)
    old = session.state
    session.begin_rectifying()
    session.save()
    record(
        "session.rectifying", subject=session, project=case.project, by=by, at=at,
        summary=f"按 {len(against)} 个部门的意见整改：{case.matter.name}", data={"state": [old, session.state]},
    )
    faults = [
        {"what": f"{one.name}：{one.reason}"[:300], "basis": one.basis, "how_to_fix": one.remedy[:500]}
        for one in against
    ]
    notice_faults(
        case.pk, faults=faults, by=by, kind="correction", days=days or terms_of(case.matter).rectify,
        reason_code=reason_code, at=at,
    )
    return session


@transaction.atomic
def resume_rectified(case_id: int, at: dt.datetime | None = None) -> JointSession | None:
    """Open the second round of a case whose owner has handed the changed plans back; None where nothing waits.

    Only those who disagreed are asked; the opinions of the others stand. Safe to run twice.
    """
    case: MatterCase = lock_case(case_id)
    session = JointSession.objects.select_for_update(of=("self",)).select_related("lead").filter(
        case=case, state=SessionState.RECTIFYING
    ).first()
    if session is None or case.state != CaseState.IN_REVIEW:
        return None
    session.case, session.project = case, case.project
    return next_round(session, case, concerned(case), by=None, note="建设单位已按意见整改", at=at)
