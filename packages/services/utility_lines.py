"""Lines of a joint utility application: locked, moved from state to state, their clocks kept."""

from __future__ import annotations

import datetime as dt

from packages.models import UtilityLine, UtilityRequest
from packages.services.timekeeping import sync_due
from packages.utility_states import (
    LineState,
)
from projects import clocks, timing
from projects.back_entry import counted_at
from projects.clock_states import PauseKind, TimeOwner
from projects.errors import DomainError
from projects.events import lock_project, record
from projects.models import User

CONFIRM_BASIS, OWN_WORKS_BASIS = "企业确认接入方案和报价", "企业自建部分施工（红线内）"
WORKS_BASIS = "外线施工和行政审批不计入承诺时限"


def lock_request(request_id: int) -> UtilityRequest:
    """Return the application, locked with its project. Raises `UtilityRequest.DoesNotExist`."""
    project = lock_project(UtilityRequest.objects.values_list("project_id", flat=True).get(pk=request_id))
    found = UtilityRequest.objects.select_for_update(of=("self",)).select_related(
        "clock", "case__matter__matter", "case__matter__result_kind", "case__promised_clock", "case__lead"
    )
    request = found.get(pk=request_id)
    request.project = project
    return request


def lock_line(line_id: int) -> UtilityLine:
    """Return the line, locked with application and project. Raises `UtilityLine.DoesNotExist`."""
    request = lock_request(UtilityLine.objects.values_list("request_id", flat=True).get(pk=line_id))
    return next(line for line in lines_of(request) if line.pk == line_id)


def lines_of(request: UtilityRequest) -> list[UtilityLine]:
    """Return the lines of a locked application in order, locked."""
    found = UtilityLine.objects.select_for_update(of=("self",)).filter(request=request).select_related(
        "body", "clock", "case__matter__matter", "case__matter__result_kind", "case__promised_clock", "case__lead"
    )
    lines = list(found.order_by("order"))
    for line in lines:
        line.request = request
    return lines


def not_later(on: dt.date, at: dt.datetime | None) -> dt.date:
    """Return a day that is not later than today (than `at`). Raises `DomainError` (`future`)."""
    if on > timing.business_day(at or timing.now()):
        what = "今天" if at is None else "实际办理时间"
        raise DomainError("future", f"日期{timing.written(on)}晚于{what}，请核对日期。")
    return on


def move_line(line: UtilityLine, step: str, *, by: User, at: dt.datetime, words: str) -> None:
    """One transition of a line with its event; the clock follows."""
    old = line.state
    getattr(line, step)()
    line.changed_at = at
    line.save()
    keep_time(line, at)
    record(
        "utility.moved", subject=line, project=line.request.project, by=by, at=at,
        summary=f"{line.name}：{words}"[:300], data={"state": [old, line.state], "utility": line.code},
    )


def step_request(request: UtilityRequest, step: str, *, by: User, at: dt.datetime, words: str) -> None:
    """One transition of an application with its event."""
    old = request.state
    getattr(request, step)()
    request.save()
    record(
        f"utility.{step}ed" if step == "accept" else "utility.closed", subject=request, project=request.project, by=by,
        at=at, summary=words, data={"state": [old, request.state]},
    )


def _stands_for(line: UtilityLine) -> tuple[str, str] | None:
    """Return for whom the clock of a line stands now, and why; none when it runs."""
    if line.state == LineState.ASKED:
        return TimeOwner.APPLICANT, CONFIRM_BASIS
    if line.state == LineState.WORKS and line.waits_for_owner_works:
        return TimeOwner.APPLICANT, OWN_WORKS_BASIS
    if line.state == LineState.WORKS and line.waits_for_works and not line.is_works_counted:
        return TimeOwner.SPECIAL, WORKS_BASIS
    return None


def keep_time(line: UtilityLine, at: dt.datetime) -> None:
    """Let the clock of a line run, stand or end as its state says; the day of the case that it promises follows.

    What is keyed in late stops or pauses it when it is keyed in, since nobody confirms an earlier time here; it runs
    again from the earlier time.
    """
    clock = line.clock
    if clock is None or not clock.is_live:
        return
    at, counted = max(at, clock.started_at), max(counted_at(at), clock.started_at)
    if line.state == LineState.CONNECTED:
        clocks.stop_clock(clock, counted)
        return
    if line.state == LineState.OUT:
        clocks.cancel_clock(clock, at)
        return
    wanted = _stands_for(line)
    standing = clock.pauses.filter(kind=PauseKind.OTHER, ended_at=None).first()
    if standing is not None and (standing.owner, standing.basis) != wanted:
        standing.clock = clock
        clocks.resume_clock(standing, max(at, standing.started_at))
        standing = None
    if standing is None and wanted is not None:
        clocks.pause_clock(clock, kind=PauseKind.OTHER, owner=wanted[0], basis=wanted[1], at=counted)
    case = line.case
    if case is not None and case.promised_clock_id == clock.pk:
        case.promised_clock = clock
        sync_due(case)


def go_on(line: UtilityLine, *, by: User, at: dt.datetime, words: str) -> None:
    """To the works, where there are any, else to 具备条件."""
    works = line.waits_for_owner_works or line.waits_for_works
    move_line(line, "begin_works" if works else "get_ready", by=by, at=at, words=words)
