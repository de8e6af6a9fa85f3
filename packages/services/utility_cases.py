"""The matters of the plan that a joint utility application carries out: they follow it, with their national events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet

from packages.models import MatterCase
from packages.services.drafts import handling_of, renew_draft
from packages.services.intake import case_number
from packages.services.timekeeping import end_clocks, sync_due
from packages.states import CaseState, Handling
from projects import clocks, stages
from projects.back_entry import counted_at
from projects.events import record
from projects.models import Project, User
from projects.models.time import Clock
from projects.status_codes import StatusCode


def _free(project: Project, codes: Iterable[str]) -> QuerySet[MatterCase]:
    return MatterCase.objects.filter(
        project=project, matter__matter__code__in=list(codes), state=CaseState.DRAFT, application=None,
        handling__in=[Handling.REVIEW, Handling.OUTSIDE],
    )


def open_matters(project: Project, codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return those of some matters that nobody has applied for yet, as (code, name)."""
    return list(_free(project, codes).order_by("pk").values_list("matter__matter__code", "matter__name"))


def free_case(project: Project, code: str) -> MatterCase | None:
    """Return the case of a matter that nobody has applied for yet, locked."""
    found = _free(project, [code]).select_for_update(of=("self",)).select_related("matter__matter", "lead")
    case = found.first()
    if case is not None:
        case.project = project
    return case


def take_over(case: MatterCase, clock: Clock | None, *, by: User, at: dt.datetime) -> None:
    """Move a draft to 审查中 under the joint application (events 1, 3, 8); its promise is the clock given."""
    case.handling, case.number = Handling.UTILITY, case.number or case_number(case.project, at)
    case.received_at = case.accepted_at = at
    case.accepted_by = case.window_by = by
    case.promised_clock = clock
    for step, code, word in (
        (case.receive, StatusCode.RECEIVED, "接件"), (case.accept, StatusCode.ACCEPTED, "受理"),
        (case.open_review, StatusCode.REVIEW_STARTED, "开始办理"),
    ):
        old = case.state
        step()
        record(
            "case.utility_moved", subject=case, project=case.project, by=by, at=at, status_code=code,
            summary=f"随联合报装{word}：{case.matter.name}", data={"state": [old, case.state]},
        )
    sync_due(case, save=False)
    case.save()


def conclude_case(case: MatterCase, *, by: User, at: dt.datetime, note: str) -> None:
    """End a followed case as granted (event 11); what is keyed in late stops its clocks when it is keyed in."""
    if case.handling != Handling.UTILITY or case.state != CaseState.IN_REVIEW:
        return
    old = case.state
    case.decide_pass()
    end_clocks(case, counted_at(at))
    reading = clocks.read_clock(case.promised_clock)
    case.used_days, case.is_overdue = max(0, reading.used), reading.overdue
    case.decided_at = case.ended_at = at
    case.decided_by, case.decision_note = by, note[:500]
    sync_due(case, save=False)
    case.save()
    record(
        "case.utility_moved", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.PASSED,
        summary=f"随联合报装办结：{case.matter.name}",
        data={"state": [old, case.state], "used_days": case.used_days, "overdue": case.is_overdue},
    )
    stages.advance(case.project, by=by, at=at)


def give_up_case(case: MatterCase, *, by: User, at: dt.datetime, reason: str) -> None:
    """End a followed case as withdrawn (event 2); the matter may be applied for anew."""
    if case.handling != Handling.UTILITY or case.state != CaseState.IN_REVIEW:
        return
    old = case.state
    case.withdraw()
    end_clocks(case, at, cancel=True)
    case.ended_at = at
    sync_due(case, save=False)
    case.save()
    record(
        "case.utility_moved", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.WITHDRAWN,
        summary=f"随联合报装退出：{case.matter.name}，{reason}"[:300], data={"state": [old, case.state]},
    )
    fresh = renew_draft(case, by=by, at=at)
    if fresh is not None:
        counted = fresh.package_row is None or fresh.package_row.is_counted
        fresh.handling = handling_of(fresh.matter, is_counted=counted, joint=frozenset())
        fresh.save(update_fields=["handling"])
