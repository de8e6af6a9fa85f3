"""What ends with a case, whatever ends it: clocks, joint reviews, tasks, what was owed and what was asked."""

from __future__ import annotations

import datetime as dt

from packages.models import JointSession, MatterCase, ReviewTask
from packages.services.drawing_following import follow_decision
from packages.services.lapsing import lapse_requests
from packages.services.settling import waive_open
from packages.services.timekeeping import end_clocks, end_referral, sync_due
from packages.states import SESSION_OPEN, TASK_OPEN, TaskState
from projects import clocks, timing
from projects.events import record
from projects.models import User


def close_case(case: MatterCase, *, reason: str, by: User, at: dt.datetime | None, cancel: bool) -> dt.datetime:
    """End what runs for a case that has just left its open states, and save it; return the moment."""
    moment = at or timing.now()
    end_clocks(case, moment, cancel=cancel)
    end_sessions(case, by=by, at=at)
    waive_open(case, reason=reason, by=by, at=at)
    lapse_requests(case, by=by, at=at)
    case.ended_at, case.state_before_pause, case.special_kind = moment, "", ""
    sync_due(case, save=False)
    case.save()
    follow_decision(case, by=by, at=at)
    return moment


def end_sessions(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """End the joint reviews of a case that are not merged, with their open tasks."""
    sessions = JointSession.objects.select_for_update(of=("self",)).filter(case=case, state__in=list(SESSION_OPEN))
    for session in sessions.order_by("pk"):
        session.case, session.project = case, case.project
        close_tasks(session, by=by, at=at)
        old = session.state
        session.close()
        session.save()
        record(
            "session.closed", subject=session, project=case.project, by=by, at=at, summary=f"联合审查终止：{case}",
            data={"state": [old, session.state]},
        )


def close_tasks(session: JointSession, *, by: User | None, at: dt.datetime | None) -> None:
    """Close the tasks of a session that nobody answered; their clocks are cancelled."""
    moment = at or timing.now()
    found = ReviewTask.objects.select_for_update(of=("self",)).select_related("organisation", "clock")
    for task in found.filter(session=session, state__in=[*TASK_OPEN, TaskState.NO_OPINION]).order_by("pk"):
        task.session = session
        old = task.state
        task.close()
        task.closed_at = moment
        end_referral(task, moment)
        task.save()
        clocks.cancel_clock(task.clock, moment)
        record(
            "task.closed", subject=task, project=session.project, by=by, at=at,
            summary=f"{task.organisation}的审查任务终止", data={"state": [old, task.state]},
        )
