"""Writes on issue items: raise, claim, answer, verify, reject, waive. One event each, in the locked project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects import timing
from projects.bulk import insert_all
from projects.events import record, subject_of
from projects.models import Event, IssueItem, Membership
from projects.states import ISSUE_WITH_OWNER, IssueState, Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from django.db import models

    from projects.models import Clock, Organisation, Project, User


def raise_issue(  # noqa: PLR0913 - one argument per column
    project: Project,
    *,
    kind: str,
    subject: models.Model,
    what: str,
    basis: str,
    how_to_fix: str,
    debtor: Organisation,
    by: User | None,
    raised_for: Organisation | None = None,
    batch: int = 1,
    due_on: dt.date | None = None,
    clock: Clock | None = None,
    is_late: bool = False,
    word: str = "",
    at: dt.datetime | None = None,
) -> IssueItem:
    """Raise one item in the locked project and return it. Records `issue.raised`, told by `word`, else by its kind."""
    subject_type, subject_key = subject_of(subject)
    item = insert_all([IssueItem(
        project=project, kind=kind, subject_type=subject_type, subject_key=subject_key, batch=batch, what=what,
        basis=basis, how_to_fix=how_to_fix, debtor_organisation=debtor, raised_by=by, raised_for=raised_for,
        raised_at=at or timing.now(), due_on=due_on, clock=clock, is_late=is_late,
    )])[0]
    record(
        "issue.raised", subject=item, project=project, by=by, at=at,
        summary=f"{word or item.get_kind_display()}：{what}", data={"state": ["", item.state], "kind": kind},
    )
    return item


def _move(
    item: IssueItem, kind: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None, **told: str
) -> None:
    item.save()
    record(
        kind, subject=item, project=item.project, by=by, at=at, summary=summary,
        data={"state": [old, item.state], **told},
    )


def claim_issue(
    item: IssueItem, *, due_on: dt.date, by: User | None, at: dt.datetime | None = None, who: str = ""
) -> IssueItem:
    """Somebody takes the item on and says until when."""
    old = item.state
    item.claim()
    item.due_on = due_on
    summary = f"{who or by}认领：{item.what}，承诺{timing.written(due_on)}前补齐"
    _move(item, "issue.claimed", summary[:300], old, by=by, at=at)
    return item


def answer_issue(item: IssueItem, *, answer: str, by: User | None, at: dt.datetime | None = None) -> IssueItem:
    """The debtor answers; the item then waits to be verified. Answering twice is a no-op."""
    if item.state == IssueState.SUBMITTED:
        return item
    old = item.state
    item.submit(answer)
    _move(item, "issue.answered", f"已答复：{item.what}", old, by=by, at=at)
    return item


def verify_issue(item: IssueItem, *, by: User | None, at: dt.datetime | None = None) -> IssueItem:
    """The answer holds; the item is closed."""
    old = item.state
    item.verify()
    item.closed_at, item.closed_by = at or timing.now(), by
    _move(item, "issue.verified", f"已核：{item.what}", old, by=by, at=at)
    return item


def reject_issue(item: IssueItem, *, reason: str, by: User | None, at: dt.datetime | None = None) -> IssueItem:
    """The answer does not hold; the item is open again, the reason stands in the event (`data["reason"]`)."""
    old = item.state
    item.reject()
    _move(item, "issue.rejected", f"未通过复核：{item.what}，{reason}", old, by=by, at=at, reason=reason)
    return item


def waive_issue(item: IssueItem, *, reason: str, by: User | None, at: dt.datetime | None = None) -> IssueItem:
    """The item is no longer owed; the reason stands in the event."""
    old = item.state
    item.waive()
    item.closed_at, item.closed_by = at or timing.now(), by
    _move(item, "issue.waived", f"已免除：{item.what}，{reason}", old, by=by, at=at)
    return item


def reasons_of_rejection(items: Iterable[IssueItem]) -> dict[int, str]:
    """Return why the last answer did not hold, by item; only of those that were ever rejected. One query."""
    told = Event.objects.filter(
        kind="issue.rejected", subject_type=IssueItem._meta.label, subject_key__in=[str(item.pk) for item in items]
    )
    return {int(event.subject_key): event.data.get("reason") or event.summary for event in told.order_by("pk")}


def missed_by_agent(items: Iterable[IssueItem]) -> bool:
    """Return whether what is still owed of these items was last answered by an agent, and did not hold.

    Then the delay is the agent's (代办失误), and is told as `by_agent`: it never scores the enterprise. Two queries.
    """
    owed = [item for item in items if item.state in ISSUE_WITH_OWNER]
    if not owed or any(item.state != IssueState.REJECTED for item in owed):
        return False
    answers = Event.objects.filter(
        kind="issue.answered", subject_type=IssueItem._meta.label, subject_key__in=[str(item.pk) for item in owed]
    )
    last = {event.subject_key: event.actor_id for event in answers.order_by("pk")}
    agents = Membership.objects.posts().filter(user__in=set(last.values()), role=Role.AGENT)
    return set(last.values()) <= set(agents.values_list("user_id", flat=True))
