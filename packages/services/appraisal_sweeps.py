"""Sweeps of the pool: appraise again what is due, notice what sleeps. Found by an index, safe to run twice."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery

from packages import appraisal_data as data
from packages import appraisal_rule, policy
from packages.appraisal_states import POOL_LIVE, Cause, PoolState
from packages.models import Gap, PoolEntry
from packages.services.appraisal_pool import lock_entry
from packages.services.appraisal_rounds import reappraise
from packages.services.policies import find_table
from projects import timing
from projects.events import record
from projects.jobs import each
from projects.models import Event, JobRun
from projects.states import ProjectStatus

#: What the sweep itself tells is nothing that happened to the project.
OWN = ("pool.asleep", "pool.awake")


def due_again() -> QuerySet[PoolEntry]:
    """The entries whose days since the last opinion are over, or whose closed gap waits for its round."""
    due = Q(next_on__lte=timing.today()) | ~Q(again=[])
    return PoolEntry.objects.filter(due, state=PoolState.APPRAISED, project__status=ProjectStatus.ACTIVE)


def appraise_due(entry_id: int) -> bool:
    """Open the round of an entry that is due; return whether it was opened."""
    entry = PoolEntry.objects.get(pk=entry_id)
    if entry.again:
        return reappraise(entry_id, cause=Cause.GAP, factors=entry.again) is not None
    if entry.next_on is None or entry.next_on > timing.today():
        return False
    return reappraise(entry_id, cause=Cause.TERM) is not None


def _with_last() -> QuerySet[PoolEntry]:
    newest = Event.objects.filter(project=OuterRef("project")).exclude(kind__in=OWN).order_by("-seq")
    live = PoolEntry.objects.filter(state__in=list(POOL_LIVE), project__status=ProjectStatus.ACTIVE)
    return live.annotate(last_at=Subquery(newest.values("recorded_at")[:1]))


def turned() -> QuerySet[PoolEntry]:
    """The entries that fell asleep (沉睡: nothing happened for the days of the term), and those that woke up."""
    if find_table(policy.APPRAISAL) is None:
        return PoolEntry.objects.none()
    since = _asleep_since()
    rows = _with_last()
    return rows.filter(Q(asleep_on=None, last_at__lt=since) | Q(asleep_on__isnull=False, last_at__gte=since))


def _asleep_since() -> dt.datetime:
    days, _ = appraisal_rule.term(data.content_now()[1], "asleep", timing.today())
    return timing.now() - dt.timedelta(days=days)


@transaction.atomic
def turn(entry_id: int) -> bool:
    """Mark an entry that sleeps, or that woke up; return whether that was so. Events `pool.asleep`, `pool.awake`."""
    entry = lock_entry(entry_id)
    row = _with_last().filter(pk=entry_id).first()
    last: dt.datetime | None = getattr(row, "last_at", None)
    if last is None:
        return False
    sleeps = last < _asleep_since()
    if sleeps == (entry.asleep_on is not None):
        return False
    days = (timing.today() - timing.business_day(last)).days
    entry.asleep_on = timing.today() if sleeps else None
    entry.save(update_fields=["asleep_on"])
    record(
        "pool.asleep" if sleeps else "pool.awake", subject=entry, project=entry.project, by=None,
        summary=f"沉睡：{days} 天没有进展" if sleeps else "恢复进展，不再沉睡", data={"days": days},
    )
    return True


def sweep(run: JobRun) -> None:
    """Do both; the run counts how many entries changed."""
    each(run, due_again(), appraise_due)
    each(run, turned(), turn)


def gap_closed(issue_id: int) -> None:
    """Appraise the factor of a gap again that was checked and found filled. Twice is once."""
    gap = Gap.objects.filter(issue=issue_id, settled_in=None).select_related("appraisal", "issue").first()
    if gap is None:
        return
    entry_id = gap.appraisal.entry_id
    done = PoolEntry.objects.get(pk=entry_id).appraisals.filter(
        session__opened_at__gte=gap.issue.closed_at or timing.now(), cause=Cause.GAP
    )
    if any(factor == gap.factor for row in done for factor, _ in row.asked):
        return
    reappraise(entry_id, cause=Cause.GAP, factors=[gap.factor], note=f"缺口补齐：{gap.issue.what}"[:300])
