"""A clock that turns yellow, is due, or turns red reminds its handler and the agent, once per threshold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from acceptance.models import AcceptanceApplication
from agency import rules
from agency.models import Notification
from agency.states import Threshold
from packages.models import Deferral, MatterCase, ReviewTask
from packages.queries import task_words
from packages.states import TASK_OPEN, CaseState
from projects import timing
from projects.clock_states import ClockKind, ClockState
from projects.clocks import note_overdue
from projects.errors import require
from projects.jobs import each
from projects.models import Clock, Involvement, IssueItem, JobRun, Membership, User
from projects.states import InvolvementRole, IssueKind, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

STAFF = (Role.REVIEWER, Role.CHIEF)
#: What is said of a clock of a case besides the matter; its promise goes without saying.
CLOCK_WORDS: dict[str, str] = {
    ClockKind.INTAKE: "受理", ClockKind.STATUTORY: "法定时限", ClockKind.SPECIAL: "特别程序",
}
WORDS = {Threshold.YELLOW: "即将到期", Threshold.DUE: "今日到期", Threshold.RED: "已超时"}
BATCH = 2000
LOUDEST_FIRST = (Threshold.RED, Threshold.DUE, Threshold.YELLOW)


def due_clocks(threshold: str, day: dt.date) -> QuerySet[Clock]:
    """Return the running clocks that have reached a threshold on `day` and have not said so."""
    reached = {
        Threshold.YELLOW: Q(yellow_on__lte=day, due_on__gt=day),
        Threshold.DUE: Q(due_on=day),
        Threshold.RED: Q(due_on__lt=day),
    }[Threshold(threshold)]
    told = Notification.objects.filter(clock=OuterRef("pk"), threshold=threshold)
    return Clock.objects.filter(reached, ~Exists(told), state=ClockState.RUNNING)


def unsaid(at: dt.datetime | None = None) -> list[QuerySet[Clock]]:
    """Return the clocks that have something new to say, by threshold in the order of `LOUDEST_FIRST`."""
    day = timing.business_day(at or timing.now())
    return [due_clocks(threshold, day) for threshold in LOUDEST_FIRST]


def sweep_due(at: dt.datetime | None = None, run: JobRun | None = None) -> int:
    """Let every clock speak that has something new to say; return how many reminders were written.

    It stops after `BATCH` reminders; the next sweep goes on where this one stopped. A clock that has passed several
    thresholds while no worker ran says the last one only. A clock that fails is told in the run; the rest go on.
    """
    run = run or JobRun(job="sweep_due")
    written = 0
    for threshold, due in zip(LOUDEST_FIRST, unsaid(at), strict=True):
        if written < BATCH:
            act = partial(remind, threshold=threshold, at=at)
            written += each(run, due, act, most=BATCH - written)
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
    subject = _subject(clock)
    users = _recipients(clock, subject)
    if threshold == Threshold.RED:
        for person, why in _watchers(clock):
            users.setdefault(person.pk, (person, why))
    told = set(Notification.objects.filter(clock=clock, threshold=threshold).values_list("user_id", flat=True))
    name = f"{clock.project.name} " if clock.project else ""
    text = f"{name}{subject.what}{WORDS[Threshold(threshold)]}（{clock.due_on.month}月{clock.due_on.day}日）"
    fresh = [
        Notification(user=user, project=clock.project, clock=clock, threshold=threshold, text=text[:300], why=why,
                     url=subject.url, sent_at=at or timing.now())
        for user, why in users.values() if user.pk not in told
    ]
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a clock is about, where to go, and who handles it now."""

    what: str
    url: str
    people: Sequence[User] = ()
    why: str = "您是经办人"


def _recipients(clock: Clock, subject: _Subject) -> dict[int, tuple[User, str]]:
    """Return who is told, each with the reason: handlers, agents, and where there is nobody the dispatcher."""
    users = {user.pk: (user, subject.why) for user in subject.people}
    for agent in _agents(clock.project_id):
        users.setdefault(agent.pk, (agent, "您是项目的项目长或服务专员"))
    if not users and clock.project is not None:
        for person in _people(clock.project.centre_id, Role.DISPATCHER, Role.DIRECTOR):
            users[person.pk] = (person, "没有经办人，请代办调度安排")
    return users


def _subject(clock: Clock) -> _Subject:
    for find in (_of_task, _of_case, _of_acceptance, _of_issue):
        if (found := find(clock)) is not None:
            return found
    return _Subject(clock.label, reverse("projects:detail", args=[clock.project_id]) if clock.project_id else "")


def _of_task(clock: Clock) -> _Subject | None:
    task = ReviewTask.objects.filter(clock=clock).select_related(
        "organisation", "handler", "session__case__matter"
    ).first()
    if task is None:
        return None
    people = [task.handler] if task.handler else _people(task.organisation_id, *STAFF)
    return _Subject(*task_words(task), people)


def _of_case(clock: Clock) -> _Subject | None:
    mine = Q(intake_clock=clock) | Q(promised_clock=clock) | Q(statutory_clock=clock) | Q(special_clock=clock)
    case = MatterCase.objects.filter(mine).select_related("lead", "project", "matter").first()
    if case is None:
        return None
    what = f"“{case}”{CLOCK_WORDS.get(clock.kind, '')}"
    return _Subject(what, reverse("packages:case", args=[case.pk]), _case_people(case))


def _of_acceptance(clock: Clock) -> _Subject | None:
    acceptance = AcceptanceApplication.objects.filter(clock=clock).first()
    if acceptance is None:
        return None
    url = reverse("acceptance:detail", args=[acceptance.pk])
    return _Subject("联合验收", url, _people(acceptance.lead_id, *STAFF))


def _of_issue(clock: Clock) -> _Subject | None:
    """What the owner owes (correction, deferred paper, commitment): the owner's own people are told."""
    issue = IssueItem.objects.filter(clock=clock).order_by("pk").first()
    if issue is None:
        return None
    people = _people(issue.debtor_organisation_id, Role.OWNER_LEAD, Role.OWNER_STAFF)
    if issue.kind == IssueKind.GAP:
        lead = _people(issue.debtor_organisation_id, *STAFF)
        return _Subject(f"缺口“{issue.what}”", reverse("packages:gap", args=[issue.gap.pk]), lead)
    deferral = Deferral.objects.filter(issue=issue).first()
    url = reverse("projects:detail", args=[issue.project_id])
    if deferral is not None:
        url = reverse("packages:deferral", args=[deferral.pk])
    return _Subject(f"{issue.get_kind_display()}“{issue.what}”", url, people, "由贵单位办理")


def _watchers(clock: Clock) -> list[tuple[User, str]]:
    """Who is told besides when what was promised is late: the chief of the department, the window (逾期升级)."""
    if clock.kind not in (ClockKind.DEFERRAL, ClockKind.COMMITMENT):
        return []
    issue = IssueItem.objects.filter(clock=clock).select_related("project").order_by("pk").first()
    if issue is None:
        return []
    heads = _people(issue.raised_for_id, Role.CHIEF) if issue.raised_for_id else []
    rows = [(person, "企业逾期，请您决定怎样处理") for person in heads]
    return rows + [(person, "企业逾期，请窗口催办") for person in _people(issue.project.centre_id, Role.CLERK)]


def _case_people(case: MatterCase) -> Sequence[User]:
    if case.state == CaseState.RECEIVED:
        return _people(case.project.centre_id, Role.CLERK)
    open_tasks = ReviewTask.objects.filter(session__case=case, state__in=list(TASK_OPEN)).exclude(role="lead")
    bodies = set(open_tasks.values_list("organisation_id", flat=True)) or {case.lead_id}
    return [person for body in sorted(bodies | {case.lead_id}) for person in _people(body, *STAFF)]


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
    notification = Notification.objects.select_for_update(of=("self",)).get(pk=notification_id)
    require(rules.can_read_notification, by, notification)
    if notification.read_at is None:
        notification.read_at = at or timing.now()
        notification.save(update_fields=["read_at"])
    return notification


@transaction.atomic
def mark_all_read(*, by: User, at: dt.datetime | None = None) -> int:
    """Mark every message of one's own as read; return how many were unread."""
    return Notification.objects.visible_to(by).filter(read_at=None).update(read_at=at or timing.now())
