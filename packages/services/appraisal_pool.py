"""项目池: a project enters, what looks like the same project is decided by a person, it rests, leaves, goes on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from packages import pool_rules
from packages.appraisal_data import open_round_of
from packages.appraisal_states import POOL_LEFT, PairOutcome, PoolState
from packages.duplicates import look_alikes, parcel_key, undecided
from packages.models import DuplicatePair, MatterCase, PoolEntry
from packages.services.closing import close_tasks
from packages.states import CaseState
from projects import timing
from projects.errors import DomainError, require
from projects.events import latest_of, lock_project, record, told_by
from projects.models import Organisation, Project, User
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.services.status import merge_project
from projects.states import InvolvementRole

#: A project whose cases are no further than this has done nothing yet.
IDLE = (CaseState.DRAFT, CaseState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class PoolCard:
    """What is told of a project when it enters the pool."""

    proposer: str
    parcel: str = ""
    land_wish: str = ""
    industry: str = ""
    opening_on: dt.date | None = None
    note: str = ""
    is_direct: bool = False


def lock_entry(entry_id: int) -> PoolEntry:
    """Return an entry, locked with its project. Raises `PoolEntry.DoesNotExist`."""
    project_id = PoolEntry.objects.values_list("project_id", flat=True).get(pk=entry_id)
    project = lock_project(project_id)
    entry = PoolEntry.objects.select_for_update(of=("self",)).get(pk=entry_id)
    entry.project = project
    return entry


def convener_of(project: Project) -> Organisation:
    """The body that convenes: 项目推进中心, or the centre where the place has none."""
    found: Organisation | None = Organisation.objects.filter(code=pool_rules.CONVENER).first()
    return found or project.centre


def move(
    entry: PoolEntry, step: str, kind: str, summary: str, *, by: User | None, at: dt.datetime | None,
    **data: object,
) -> None:
    """Carry out one transition of a locked entry and tell it."""
    old = entry.state
    getattr(entry, step)()
    entry.changed_at = at or timing.now()
    entry.save()
    record(
        kind, subject=entry, project=entry.project, by=by, at=at, summary=summary[:300],
        data={"state": [old, entry.state], **data},
    )


# Entering ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def enter_pool(project_id: int, *, by: User, card: PoolCard, at: dt.datetime | None = None) -> PoolEntry:
    """Enter a project in the pool (入库) and look for projects that are the same.

    Effects in order: entry (a dropped one comes back with its history), event `pool.entered`, the convener is involved,
    pairs that look alike; without any the project waits for its appraisal at once. An entry that stands is returned.
    Raises `NotAllowed`, `DomainError` (`proposer`, `opening`).
    """
    project = lock_project(project_id)
    entry = PoolEntry.objects.select_for_update(of=("self",)).filter(project=project).first()
    if entry is not None and entry.state not in POOL_LEFT:
        return entry
    require(pool_rules.can_enter, by, project)
    moment = at or timing.now()
    _check_card(card, timing.business_day(moment))
    told = {
        "proposer": card.proposer.strip()[:100], "parcel": card.parcel.strip()[:100],
        "parcel_key": parcel_key(card.parcel)[:100], "land_wish": card.land_wish.strip()[:200],
        "industry": card.industry.strip()[:60], "opening_on": card.opening_on, "note": card.note.strip()[:500],
        "is_direct": card.is_direct, "entered_by": by, "entered_at": moment, "changed_at": moment,
    }
    if entry is None:
        entry = PoolEntry.objects.create(project=project, **told)
        record(
            "pool.entered", subject=entry, project=project, by=by, at=at,
            summary=f"入库：{entry.proposer}提出", data={"state": ["", entry.state]},
        )
    else:
        if entry.state == PoolState.MERGED:
            raise DomainError("merged", f"项目已并入“{entry.merged_into}”，请在该项目下办理。")
        for name, value in told.items():
            setattr(entry, name, value)
        move(entry, "enter_again", "pool.entered", f"重新入库：{entry.proposer}提出", by=by, at=at)
    entry.project = project
    involve(project, role=InvolvementRole.REVIEWER, by=by, organisation=convener_of(project), at=at)
    _find_pairs(entry, moment)
    _check_in(entry, by=by, at=at)
    return entry


def _check_card(card: PoolCard, day: dt.date) -> None:
    if not card.proposer.strip():
        raise DomainError("proposer", "请填写提出单位（部门、园区或企业）。")
    if card.opening_on is not None and card.opening_on < day:
        raise DomainError("opening", f"目标开工日期{timing.written(card.opening_on)}已经过去，请核对。")


def _find_pairs(entry: PoolEntry, moment: dt.datetime) -> None:
    for other, reasons in look_alikes(entry):
        first, second = sorted((entry.project_id, other.project_id))
        DuplicatePair.objects.get_or_create(
            first_id=first, second_id=second, defaults={"reasons": reasons, "found_at": moment}
        )


def _check_in(entry: PoolEntry, *, by: User | None, at: dt.datetime | None) -> None:
    """Nothing stands between the project and its appraisal once nobody has to decide about a pair of it."""
    if entry.state != PoolState.ENTERED:
        return
    pairs = undecided([entry.project_id])
    if not pairs:
        move(entry, "check_in", "pool.checked", "查重完成，等待研判", by=by, at=at)


# Duplicates ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_apart(pair_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> DuplicatePair:
    """Say that two projects are not the same. Events `pool.distinct` in both. The same again changes nothing.

    Raises `NotAllowed`, `DomainError` (`decided`, `reason`).
    """
    pair = _lock_pair(pair_id)
    if pair.outcome == PairOutcome.DISTINCT:
        return pair
    _still_open(pair)
    require(pool_rules.can_keep_apart, by, pair)
    _decide(pair, PairOutcome.DISTINCT, by=by, reason=reason, at=at)
    for project, other in ((pair.first, pair.second), (pair.second, pair.first)):
        entry = _entry_of(project)
        record(
            "pool.distinct", subject=entry, project=project, by=by, at=at,
            summary=f"与{quoted(other.name)}不是重复项目：{pair.reason}"[:300], data={"other": other.pk},
        )
        _check_in(entry, by=by, at=at)
    return pair


@transaction.atomic
def merge_pair(
    pair_id: int, *, by: User, keep: int, reason: str, at: dt.datetime | None = None
) -> DuplicatePair:
    """Make two projects one: `keep` (its key) goes on, the other ends as 已合并, with its history.

    Effects in order: the pair; an open round of the other ends; its entry 已合并; the project 已合并 with its clocks;
    events `pool.merged`, `project.merged`, and `pool.absorbed` in the one that goes on. The same again changes nothing.
    Raises `NotAllowed`, `DomainError` (`decided`, `keep`, `reason`, `merge_running`).
    """
    pair = _lock_pair(pair_id)
    if pair.outcome == PairOutcome.MERGED and pair.kept_id == keep:
        return pair
    _still_open(pair)
    if keep not in (pair.first_id, pair.second_id):
        raise DomainError("keep", "请选择保留哪一个项目。")
    kept, gone = (pair.first, pair.second) if keep == pair.first_id else (pair.second, pair.first)
    require(pool_rules.can_merge_pair, by, pair)
    if MatterCase.objects.filter(project=gone).exclude(state__in=IDLE).exists():
        raise DomainError("merge_running", f"{quoted(gone.name)}已有办件，不能并入；请保留它，或先处理其办件。")
    _decide(pair, PairOutcome.MERGED, by=by, reason=reason, at=at, kept=kept)
    entry = _entry_of(gone)
    end_open_round(entry, by=by, at=at)
    entry.merged_into = kept
    move(entry, "merge", "pool.merged", f"并入{quoted(kept.name)}：{pair.reason}", by=by, at=at, into=kept.pk)
    merge_project(gone.pk, into=kept, by=by, reason=pair.reason, at=at)
    standing = _entry_of(kept)
    record(
        "pool.absorbed", subject=standing, project=kept, by=by, at=at,
        summary=f"{quoted(gone.name)}（{gone.code}）并入本项目：{pair.reason}"[:300], data={"other": gone.pk},
    )
    for waiting in PoolEntry.objects.select_for_update(of=("self",)).select_related("project").filter(
        project__in=_beside(pair)
    ).order_by("pk"):
        _check_in(waiting, by=by, at=at)
    return pair


def _beside(pair: DuplicatePair) -> list[int]:
    """Every project that is in a pair with one of these two, and the two, in the order of their locks."""
    both = [pair.first_id, pair.second_id]
    found = DuplicatePair.objects.filter(Q(first__in=both) | Q(second__in=both)).values_list("first", "second")
    return sorted({pk for row in found for pk in row})


def _lock_pair(pair_id: int) -> DuplicatePair:
    pair = DuplicatePair.objects.get(pk=pair_id)
    locked = {pk: lock_project(pk) for pk in _beside(pair)}
    found: DuplicatePair = DuplicatePair.objects.select_for_update(of=("self",)).select_related("decided_by").get(
        pk=pair_id
    )
    found.first, found.second = locked[found.first_id], locked[found.second_id]
    return found


def _still_open(pair: DuplicatePair) -> None:
    if pair.outcome:
        raise DomainError(
            "decided", f"这两个项目已认定为“{pair.get_outcome_display()}”。",
            latest=f"{pair.decided_by}：{pair.reason}",
        )


def _decide(
    pair: DuplicatePair, outcome: str, *, by: User, reason: str, at: dt.datetime | None, kept: Project | None = None
) -> None:
    if not reason.strip():
        raise DomainError("reason", "请写明认定理由，两个项目的记录里都会保留。")
    pair.outcome, pair.reason, pair.kept = outcome, reason.strip()[:300], kept
    pair.decided_by, pair.decided_at = by, at or timing.now()
    pair.save()


def _entry_of(project: Project) -> PoolEntry:
    entry = PoolEntry.objects.select_for_update(of=("self",)).get(project=project)
    entry.project = project
    return entry


# Resting, leaving, going on ------------------------------------------------------------------------------------------


@transaction.atomic
def rest_entry(entry_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> PoolEntry:
    """暂缓: leave a project alone for a while; an open round ends. Event `pool.rested`. Twice changes nothing.

    Raises `NotAllowed`, `DomainError` (`reason`, `pool_state`).
    """
    entry = lock_entry(entry_id)
    if entry.state == PoolState.RESTING:
        return entry
    require(pool_rules.can_steer, by, entry)
    _expect(entry, entry.rest, "暂缓")
    why = _reason(reason)
    end_open_round(entry, by=by, at=at)
    move(entry, "rest", "pool.rested", f"暂缓：{why}", by=by, at=at)
    return entry


@transaction.atomic
def take_up_entry(entry_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> PoolEntry:
    """恢复: a project that rests waits for its appraisal again. Event `pool.taken_up`.

    Raises `NotAllowed`, `DomainError` (`reason`).
    """
    entry = lock_entry(entry_id)
    if entry.state == PoolState.WAITING:
        return entry
    require(pool_rules.can_take_up, by, entry)
    why = _reason(reason)
    move(entry, "take_up", "pool.taken_up", f"恢复研判：{why}", by=by, at=at)
    return entry


@transaction.atomic
def drop_entry(entry_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> PoolEntry:
    """退库: a project leaves the pool; an open round ends. Event `pool.dropped`. Twice changes nothing.

    Raises `NotAllowed`, `DomainError` (`reason`).
    """
    entry = lock_entry(entry_id)
    if entry.state == PoolState.DROPPED:
        return entry
    require(pool_rules.can_drop, by, entry)
    why = _reason(reason)
    end_open_round(entry, by=by, at=at)
    move(entry, "drop", "pool.dropped", f"退库：{why}", by=by, at=at)
    return entry


def hand_on(project: Project, *, by: User | None, at: dt.datetime | None = None) -> None:
    """The consultation of a locked project begins: its entry goes on to 转会商. Nothing without an entry.

    Event `pool.handed_on`. Whether the project is ripe is the consultation's question (`packages.ripeness`).
    """
    entry = PoolEntry.objects.select_for_update(of=("self",)).filter(project=project).first()
    if entry is None or entry.state not in (PoolState.WAITING, PoolState.APPRAISED):
        return
    entry.project = project
    move(entry, "hand_on", "pool.handed_on", "转联合会商", by=by, at=at)


def give_back(project: Project, *, by: User | None, reason: str, at: dt.datetime | None = None) -> None:
    """The consultation of a locked project gives it back to be appraised again. Event `pool.given_back`."""
    entry = PoolEntry.objects.select_for_update(of=("self",)).filter(project=project).first()
    if entry is None or entry.state != PoolState.CONSULTING:
        return
    entry.project = project
    move(entry, "come_back", "pool.given_back", f"会商退回研判：{reason}", by=by, at=at)


def end_open_round(entry: PoolEntry, *, by: User | None, at: dt.datetime | None) -> None:
    """End the round of a locked entry that runs, without an opinion."""
    found = open_round_of(entry)
    if found is None:
        return
    session = found.session
    session.project = entry.project
    close_tasks(session, by=by, at=at)
    old = session.state
    session.close()
    session.save()
    record(
        "session.closed", subject=session, project=entry.project, by=by, at=at,
        summary=f"第 {session.round} 轮联合研判终止", data={"state": [old, session.state]},
    )


def _reason(text: str) -> str:
    if not text.strip():
        raise DomainError("reason", "请写明原因。")
    return text.strip()


def _expect(entry: PoolEntry, step: object, verb: str) -> None:
    from django_fsm import can_proceed

    if not can_proceed(step):
        raise DomainError(
            "pool_state", f"项目现在是“{entry.get_state_display()}”，不能{verb}。", latest=told_by(latest_of(entry))
        )
