"""A clock that turns yellow, is due, or turns red reminds its handler and the agent in the portal, once per threshold."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from acceptance.models import AcceptanceApplication
from agency.models import Notification
from agency.states import Threshold
from packages.models import MatterCase, ReviewTask
from packages.states import TASK_OPEN, CaseState
from projects import timing
from projects.clock_states import ClockState
from projects.clocks import note_overdue
from projects.models import Clock, Involvement, Membership, User
from projects.states import InvolvementRole, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

WORDS = {Threshold.YELLOW: "即将到期", Threshold.DUE: "今日到期", Threshold.RED: "已超时"}
BATCH = 500


def due_clocks(threshold: str, day: dt.date) -> QuerySet[Clock]:
    """Return the running clocks that have reached a threshold on `day` and have not said so, oldest due date first."""
    reached = {
        Threshold.YELLOW: Q(yellow_on__lte=day, due_on__gt=day),
        Threshold.DUE: Q(due_on=day),
        Threshold.RED: Q(due_on__lt=day),
    }[Threshold(threshold)]
    told = Notification.objects.filter(clock=OuterRef("pk"), threshold=threshold)
    return Clock.objects.filter(reached, ~Exists(told), state=ClockState.RUNNING).order_by("due_on", "pk")


def sweep_due(at: dt.datetime | None = None) -> int:
    """Let every clock speak that has something new to say; return how many reminders were written."""
    day = timing.business_day(at or timing.now())
    written = 0
    for threshold in (Threshold.RED, Threshold.DUE, Threshold.YELLOW):
        for pk in list(due_clocks(threshold, day).values_list("pk", flat=True)[:BATCH]):
            written += remind(pk, threshold, at=at)
    return written


@transaction.atomic
def remind(clock_id: int, threshold: str, *, at: dt.datetime | None = None) -> int:
    """Write one message per recipient of this clock and threshold; return how many. A second call writes nothing.

    The clock is locked, so that two sweeps at once write one message. A red clock stores its first overdue moment.
    """
    clock = Clock.objects.select_for_update(of=("self",)).select_related("project").get(pk=clock_id)
    if clock.state != ClockState.RUNNING:
        return 0
    if threshold == Threshold.RED:
        note_overdue(clock, at)
    what, url, handlers = _handlers(clock)
    users = {user.pk: (user, "您是经办人") for user in handlers}
    for agent in _agents(clock.project_id):
        users.setdefault(agent.pk, (agent, "您是项目的项目长或服务专员"))
    told = set(
        Notification.objects.filter(clock=clock, threshold=threshold).values_list("user_id", flat=True)
    )
    text = f"{clock.project.name if clock.project else ''} {what}{WORDS[Threshold(threshold)]}"
    text += f"（{clock.due_on.month}月{clock.due_on.day}日）"
    fresh = [
        Notification(user=user, project=clock.project, clock=clock, threshold=threshold, text=text[:300], why=why,
                     url=url, sent_at=at or timing.now())
        for user, why in users.values() if user.pk not in told
    ]
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _handlers(clock: Clock) -> tuple[str, str, Iterable[User]]:
    """Return what the clock is about, where to go, and who handles it now."""
    task = ReviewTask.objects.filter(clock=clock).select_related("organisation", "handler", "session__case").first()
    if task is not None:
        people = [task.handler] if task.handler else _people(task.organisation_id, Role.REVIEWER, Role.CHIEF)
        return f"“{task.session.case}”{task.organisation.label}意见", reverse("packages:review", args=[task.pk]), people
    case = MatterCase.objects.filter(Q(intake_clock=clock) | Q(promised_clock=clock) | Q(statutory_clock=clock))
    found = case.select_related("lead", "project", "matter").first()
    if found is not None:
        return f"“{found}”", reverse("packages:case", args=[found.pk]), _case_people(found)
    acceptance = AcceptanceApplication.objects.filter(clock=clock).first()
    if acceptance is not None:
        url = reverse("acceptance:detail", args=[acceptance.pk])
        return "联合验收", url, _people(acceptance.lead_id, Role.REVIEWER, Role.CHIEF)
    url = reverse("projects:detail", args=[clock.project_id]) if clock.project_id else ""
    return clock.label, url, ()


def _case_people(case: MatterCase) -> Iterable[User]:
    if case.state == CaseState.RECEIVED:
        return _people(case.project.centre_id, Role.CLERK)
    open_tasks = ReviewTask.objects.filter(session__case=case, state__in=list(TASK_OPEN)).exclude(role="lead")
    bodies = set(open_tasks.values_list("organisation_id", flat=True)) or {case.lead_id}
    return [person for body in sorted(bodies | {case.lead_id}) for person in _people(body, Role.REVIEWER, Role.CHIEF)]


def _people(organisation_id: int, *roles: str) -> list[User]:
    today = timing.today()
    ids = Membership.objects.filter(
        Q(until=None) | Q(until__gte=today), organisation_id=organisation_id, role__in=roles, since__lte=today
    ).values("user_id")
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by(F("pk")))


def _agents(project_id: int | None) -> list[User]:
    if project_id is None:
        return []
    current = Involvement.objects.current().filter(
        project_id=project_id, user__isnull=False,
        role__in=[InvolvementRole.LEAD_OFFICER, InvolvementRole.SERVICE_AGENT],
    )
    return [involvement.user for involvement in current.select_related("user") if involvement.user]


@transaction.atomic
def mark_read(notification_id: int, *, by: User, at: dt.datetime | None = None) -> Notification:
    """Mark one message of one's own as read; a second call changes nothing."""
    from agency import rules
    from projects.errors import require

    notification = Notification.objects.select_for_update(of=("self",)).get(pk=notification_id)
    require(rules.can_read_notification, by, notification)
    if notification.read_at is None:
        notification.read_at = at or timing.now()
        notification.save(update_fields=["read_at"])
    return notification
