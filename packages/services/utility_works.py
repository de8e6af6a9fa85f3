"""Works and connection of a joint utility application, each line by itself, until all have ended (handbook §9)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.states import PaperKind
from packages import utility_rules
from packages.models import UtilityLine
from packages.services import paperwork
from packages.services.checklist import fill_lines
from packages.services.fees import drop_quote
from packages.services.utility_cases import conclude_case, give_up_case
from packages.services.utility_lines import keep_time, lines_of, lock_line, move_line, not_later, step_request
from packages.utility_states import (
    LINE_ENDED,
    LineState,
    RequestState,
)
from projects import clocks, timing
from projects.back_entry import check_follows, counted_at
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User


@transaction.atomic
def report_own_works(line_id: int, *, by: User, on: dt.date, at: dt.datetime | None = None) -> UtilityLine:
    """The owner reports that its works inside the plot line are done; the utility's clock runs again.

    Raises `NotAllowed`, `DomainError` (`future`).
    """
    line = lock_line(line_id)
    require(utility_rules.can_report_own_works, by, line)
    check_follows(at, line)
    line.owner_done_on = not_later(on, at)
    return _after_works(line, by=by, at=at, words=f"企业自建部分{timing.written(on)}完成")


@transaction.atomic
def finish_works(line_id: int, *, by: User, on: dt.date, at: dt.datetime | None = None) -> UtilityLine:
    """The utility reports that the works outside are done. Raises `NotAllowed`, `DomainError` (`future`)."""
    line = lock_line(line_id)
    require(utility_rules.can_finish_works, by, line)
    check_follows(at, line)
    line.works_done_on = not_later(on, at)
    return _after_works(line, by=by, at=at, words=f"外线{timing.written(on)}完工")


def _after_works(line: UtilityLine, *, by: User, at: dt.datetime | None, words: str) -> UtilityLine:
    moment = at or timing.now()
    if line.waits_for_owner_works or line.waits_for_works:
        line.changed_at = moment
        line.save()
        keep_time(line, moment)
        record("utility.works", subject=line, project=line.request.project, by=by, at=at,
               summary=f"{line.name}：{words}", data={})
        return line
    move_line(line, "get_ready", by=by, at=moment, words=f"{words}，具备条件")
    return line


@transaction.atomic
def fix_connection(line_id: int, *, by: User, on: dt.date, at: dt.datetime | None = None) -> UtilityLine:
    """Fix the day of the connection. Raises `NotAllowed`, `DomainError` (`past`)."""
    line = lock_line(line_id)
    require(utility_rules.can_fix_connection, by, line)
    check_follows(at, line)
    moment = at or timing.now()
    if on < timing.business_day(moment):
        raise DomainError("past", f"约定接入日{timing.written(on)}已过，请填今天或以后的日期。")
    line.connect_on = on
    move_line(line, "begin_connecting", by=by, at=moment, words=f"约定{timing.written(on)}接入")
    return line


@transaction.atomic
def confirm_connected(line_id: int, *, by: User, on: dt.date, at: dt.datetime | None = None) -> UtilityLine:
    """It flows: 接入确认单, the clock stops, the matter of the utility is decided. A second call changes nothing.

    Raises `NotAllowed`, `DomainError` (`future`).
    """
    line = lock_line(line_id)
    if line.state == LineState.CONNECTED:
        return line
    require(utility_rules.can_connect, by, line)
    check_follows(at, line)
    line.connected_on = not_later(on, at)
    moment = at or timing.now()
    move_line(line, "connect", by=by, at=moment, words=f"{timing.written(on)}接通")
    reading = clocks.read_clock(line.clock)
    paperwork.write(
        PaperKind.UTILITY_CONNECTED, line.request.project, subject=line, issuer=line.body, by=by, at=moment,
        slug=line.case.matter.result_kind.slug if line.case else "", what=f"{line.name}已接通",
        do="凭本单办理后续手续，无需再次提交", when=f"{paperwork.day(on)}接通，用时 {max(0, reading.used)} 个工作日",
        paragraphs=[f"{line.request.site}{line.name}已于{paperwork.day(on)}接通。", f"接入点：{line.access_point}。"],
    )
    _settle(line, by=by, at=moment)
    return line


@transaction.atomic
def leave_line(line_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> UtilityLine:
    """One utility leaves the joint application; the others go on. Raises `NotAllowed`, `DomainError` (`reason`)."""
    line = lock_line(line_id)
    if line.state == LineState.OUT:
        return line
    require(utility_rules.can_leave, by, line)
    check_follows(at, line)
    if not reason.strip():
        raise DomainError("reason", "请写明退出的原因。")
    moment = at or timing.now()
    line.left_reason = reason.strip()[:300]
    drop_quote(line, by=by, at=moment)
    move_line(line, "leave", by=by, at=moment, words=f"退出：{line.left_reason}")
    _settle(line, by=by, at=moment)
    return line


def _settle(line: UtilityLine, *, by: User, at: dt.datetime) -> None:
    """What follows when a line has ended: its matter, the matter of the reply, the application as a whole."""
    request = line.request
    others = lines_of(request)
    mine = [other for other in others if line.case_id and other.case_id == line.case_id]
    if line.case is not None and all(other.state in LINE_ENDED for other in mine):
        line.case.project = request.project
        if any(other.state == LineState.CONNECTED for other in mine):
            conclude_case(line.case, by=by, at=at, note=f"{line.name}已接通")
        else:
            give_up_case(line.case, by=by, at=at, reason=line.left_reason)
    replied = all(not other.is_before_reply for other in others)
    if replied and request.state == RequestState.ACCEPTED and request.replied_at is None:
        request.replied_at = at
        if request.clock is not None and request.clock.is_live:
            clocks.stop_clock(request.clock, counted_at(at))
        if request.case is not None and any(other.answered_at for other in others):
            request.case.project = request.project
            conclude_case(request.case, by=by, at=at, note="接入方案已一次答复")
        request.save()
    if all(other.state in LINE_ENDED for other in others):
        if request.case is not None:
            request.case.project = request.project
            give_up_case(request.case, by=by, at=at, reason="全部退出")
        request.closed_at = at
        step_request(request, "close", by=by, at=at, words="联合报装办结")
    fill_lines(request.project, at=at)
