"""补录 that spares days: the earlier time does not make a promise kept until a second person has confirmed it.

An act that is keyed in more than one working day late is kept at the moment at which it happened. Where days of the
promise hang on that moment, the case (or the opinion) stays counted as late until somebody other than who keyed it in
has seen on what it stands.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from packages import rules
from packages.act_states import LateEntryAct, LateEntryState
from packages.models import LateEntry, MatterCase, Opinion, ReviewTask
from packages.services.locking import lock_case
from projects import clocks, timing
from projects.back_entry import late_by
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import User
from projects.reading import Reading


@dataclass(frozen=True, slots=True)
class Standing:
    """How the promise of a case stood when something was keyed in late: by how many working days, what remained."""

    late: int
    remaining: int


def standing(case: MatterCase, at: dt.datetime | None) -> Standing | None:
    """Return how the promise stands now, before an act that is keyed in late; None where it is not late."""
    late = late_by(at)
    if not late or case.promised_clock is None or not case.promised_clock.is_live:
        return None
    return Standing(late, clocks.read_clock(case.promised_clock).remaining)


def tell_spared(
    case: MatterCase, before: Standing | None, *, act: str, by: User | None, at: dt.datetime | None
) -> None:
    """Ask a second person to confirm a pause or an extension that was keyed in late and spared days of the promise."""
    if before is None or at is None or case.promised_clock is None:
        return
    spared = clocks.read_clock(case.promised_clock).remaining - before.remaining
    if spared > 0:
        ask_for(case, act=act, spared=spared, late=before.late, by=by, at=at)


def ask_for(  # noqa: PLR0913 - one argument per column
    case: MatterCase, *, act: str, spared: int, late: int, by: User | None, at: dt.datetime,
    opinion: Opinion | None = None,
) -> LateEntry:
    """Write down that an earlier time has to be confirmed; event `late_entry.asked`."""
    entry = LateEntry.objects.create(
        case=case, opinion=opinion, act=LateEntryAct(act), spared=spared, late_days=late, happened_at=at,
        recorded_at=timing.now(), entered_by=by,
    )
    record(
        "late_entry.asked", subject=entry, project=case.project, by=by,
        summary=f"{entry.get_act_display()}补录晚 {late} 个工作日，确认前按超时计：{case.matter.name}",
        data={"state": ["", entry.state], "spared": spared, "late_days": late},
    )
    return entry


def late_opinion(task: ReviewTask, at: dt.datetime | None) -> tuple[bool, int]:
    """Return whether an answer counts as late, and by how many working days an earlier time has to be confirmed.

    Keyed in on the next working day, the earlier time counts; later it counts once it is confirmed.
    """
    if not clocks.read_clock(task.clock).overdue:
        return False, 0
    if at is None or clocks.read_clock(task.clock, at).overdue:
        return True, 0
    late = late_by(at)
    return late > 0, late


def doubt_opinion(opinion: Opinion, late: int, *, by: User) -> None:
    """Ask a second person to confirm an answer that is in time only by the earlier time that was keyed in."""
    case = opinion.task.session.case
    if case is not None:
        ask_for(
            case, act=LateEntryAct.OPINION, spared=late, late=late, by=by, at=opinion.given_at, opinion=opinion
        )


def reckon(
    case: MatterCase, reading: Reading, before: Standing | None, *, by: User | None, at: dt.datetime, has_late: bool
) -> tuple[int, bool]:
    """Return the days used and whether the decision counts as overdue.

    `reading`: the stopped promise; `before`: how it stood when a late decision was keyed in; `has_late`: earlier times
    of this case are not confirmed. In time only by an unconfirmed time is overdue until it is confirmed.
    """
    own = reading.remaining - before.remaining if before is not None else 0
    if reading.overdue or (own <= 0 and not has_late):
        return max(0, reading.used), reading.overdue
    used, spared = _unconfirmed(case) if has_late else (0, 0)
    if reading.remaining - spared - max(0, own) >= 0:
        return max(0, reading.used), False
    if before is not None and own > 0:
        ask_for(case, act=LateEntryAct.DECISION, spared=own, late=before.late, by=by, at=at)
    return max(0, reading.used + used + max(0, own)), True


def _unconfirmed(case: MatterCase) -> tuple[int, int]:
    """Days that unconfirmed times took off what was used, and off what remains (an extension: only off that)."""
    rows = LateEntry.objects.filter(case=case, opinion=None).unconfirmed().values_list("act", "spared")
    spared = sum(days for _, days in rows)
    return spared - sum(days for act, days in rows if act == LateEntryAct.EXTENSION), spared


@transaction.atomic
def answer_late_entry(
    entry_id: int, *, by: User, confirmed: bool, ground: str, at: dt.datetime | None = None
) -> LateEntry:
    """A second person confirms the earlier time, or does not.

    Effects in order: transition; confirmed, the days of the decided case (or the opinion) are counted by it; event
    `late_entry.confirmed` or `late_entry.declined` with what moved. Raises `NotAllowed`, `DomainError` (`answered`,
    `ground`).
    """
    case = lock_case(LateEntry.objects.values_list("case_id", flat=True).get(pk=entry_id))
    found = LateEntry.objects.select_for_update(of=("self",)).select_related("opinion__task__organisation")
    entry = found.get(pk=entry_id)
    entry.case = case
    require(rules.can_answer_late_entry, by, entry)
    if entry.state != LateEntryState.ASKED:
        raise DomainError("answered", f"这项补录{entry.get_state_display()}。", latest=told_by(latest_of(entry)))
    if not ground.strip():
        raise DomainError("ground", "请写明凭什么确认或不确认，例如纸质文书的编号和日期。")
    old = entry.state
    entry.confirm() if confirmed else entry.decline()
    entry.answered_by, entry.answered_at, entry.answer = by, at or timing.now(), ground.strip()[:300]
    entry.save()
    moved = _count_anew(entry) if confirmed else {}
    record(
        f"late_entry.{entry.state}", subject=entry, project=case.project, by=by, at=at,
        summary=f"{entry.get_state_display()}：{case.matter.name}，{entry.answer}",
        data={"state": [old, entry.state]} | moved,
    )
    return entry


def _count_anew(entry: LateEntry) -> dict[str, object]:
    """Count what hangs on a confirmed time; return what moved."""
    opinion, case = entry.opinion, entry.case
    if opinion is not None:
        opinion.is_late = False
        opinion.save(update_fields=["is_late"])
        return {"late": [True, False]}
    if case.decided_at is None or case.promised_clock is None:
        return {}
    was = [case.used_days, case.is_overdue]
    reading = clocks.read_clock(case.promised_clock)
    used, spared = _unconfirmed(case)
    case.is_overdue = reading.remaining - spared < 0
    case.used_days = max(0, reading.used + (used if case.is_overdue else 0))
    case.save(update_fields=["used_days", "is_overdue"])
    return {"used_days": [was[0], case.used_days], "overdue": [was[1], case.is_overdue]}
