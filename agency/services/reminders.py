"""The ladder of reminders: assigned, not opened, yellow, due, overdue, the director, the weekly list (handbook §2.5).

Each rung is said once per clock (`LadderMark`), whoever hears it; a person has one message per clock and rung. Which
rungs there are, when, and who hears them is `ladder_steps.tsv`. What is unread at 09:00 the digest merges.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Case, CharField, Exists, F, OuterRef, Value, When
from django.urls import reverse

from agency import message_data as data
from agency import rules
from agency.models import LadderMark, Notification
from agency.recipients import AGENT_WHY, above, agents_of, people_at, read_once
from agency.services.slips import issue_slip, settle_slip, settled_slips
from agency.services.telling import send, tell
from agency.states import SlipColour, Threshold
from agency.subjects import Subject, handlers, subject_of
from packages.models import ReviewTask
from packages.queries import task_words
from packages.states import TaskState
from projects import timing, workdays
from projects.clock_states import ClockKind, ClockState, ClockUnit, TimeOwner
from projects.clocks import note_overdue
from projects.counting import axis_of
from projects.errors import require
from projects.events import lock_project
from projects.jobs import CHUNK, each, each_key
from projects.models import Clock, JobRun, User
from projects.states import InvolvementRole, ProjectStatus, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 2000
#: Permits and letters that run out, and orders that nobody has accepted, speak in words of their own.
TOLD_ELSEWHERE = (ClockKind.PERMIT, ClockKind.WORK_ORDER)
#: Working hours are looked for so many days back.
FAR_BACK = dt.timedelta(days=40)
#: Rungs of a task that nobody has opened, the quieter first.
TASK_RUNGS = (Threshold.ASSIGNED, Threshold.UNOPENED)
#: Rungs after the due day.
LATE = (Threshold.RED, Threshold.DIRECTOR, Threshold.WEEKLY)
WORDS = {Threshold.YELLOW: "即将到期", Threshold.DUE: "今日到期", Threshold.RED: "已超时"}


# What has something new to say -----------------------------------------------------------------------------------


def _worked_back(day: dt.date, days: int) -> dt.date:
    """Return the `days`-th working day counted back from `day`, which counts itself when it is one."""
    last = day if workdays.is_workday(day) else workdays.due_date(day, -1)
    return workdays.due_date(last, 1 - days) if days > 1 else last


def rung_days(day: dt.date) -> dict[str, dt.date]:
    """Return before which day a limit was due that has reached each late rung on `day`; and `today`."""
    steps = data.ladder(day)
    late = {str(code): _worked_back(day, steps[code].after) for code in LATE if code in steps}
    return {"today": day} | late


def _clock_rungs(day: dt.date) -> QuerySet[Any, Any]:
    """Return the running clocks past their yellow day with the loudest rung that each has reached; it may be none.

    One walk along the index of yellow days. Of five, one for each rung, PostgreSQL thinks that most clocks are due: it
    knows that most days lie in the past, not that the clocks of those days stand still; then it reads them all.
    """
    steps, days = data.ladder(day), rung_days(day)
    rungs = [
        When(due_on__lt=days[code], then=Value(str(code)))
        for code in sorted((code for code in LATE if code in steps), key=lambda code: days[code])
    ]
    if Threshold.DUE in steps:
        rungs.append(When(due_on=day, then=Value(str(Threshold.DUE))))
    if Threshold.YELLOW in steps:
        rungs.append(When(due_on__gt=day, started_on__lt=day, then=Value(str(Threshold.YELLOW))))
    past = Clock.objects.filter(state=ClockState.RUNNING, yellow_on__lte=day).exclude(kind__in=TOLD_ELSEWHERE)
    rung = Case(*rungs, default=None, output_field=CharField())
    return past.order_by().annotate(spoken=F("pk"), rung=rung).values_list("spoken", "rung")


def new_tasks() -> QuerySet[ReviewTask]:
    """Return the review tasks that nobody has opened and nobody was told of."""
    return _silent_tasks(Threshold.ASSIGNED)


def unopened_tasks(at: dt.datetime | None = None) -> QuerySet[ReviewTask]:
    """Return the review tasks that nobody has opened after so many working hours."""
    moment = at or timing.now()
    step = data.ladder(timing.business_day(moment)).get(Threshold.UNOPENED)
    if step is None:
        return ReviewTask.objects.none()
    return _silent_tasks(Threshold.UNOPENED).filter(clock__started_at__lte=_hours_back(moment, step.after))


def _silent_tasks(threshold: str) -> QuerySet[ReviewTask]:
    """Review tasks that nobody has opened or was told of; who has heard the louder rung is not told the quieter."""
    heard = TASK_RUNGS[TASK_RUNGS.index(threshold) :]
    said = LadderMark.objects.filter(clock=OuterRef("clock"), threshold__in=heard)
    return ReviewTask.objects.filter(~Exists(said), state=TaskState.INVITED, clock__state=ClockState.RUNNING)


def _task_rungs(moment: dt.datetime) -> QuerySet[Any, Any]:
    """Return the tasks that nobody has opened with the louder rung that each has reached; no clock is read."""
    step = data.ladder(timing.business_day(moment)).get(Threshold.UNOPENED)
    late = [When(pushed_at__lte=_hours_back(moment, step.after), then=Value(str(Threshold.UNOPENED)))] if step else []
    rung = Case(*late, default=Value(str(Threshold.ASSIGNED)), output_field=CharField())
    found = ReviewTask.objects.filter(state=TaskState.INVITED).order_by()
    return found.annotate(spoken=F("clock"), rung=rung).values_list("spoken", "rung")


def _hours_back(moment: dt.datetime, hours: int) -> dt.datetime:
    """Return the last moment from which so many working hours have passed by now."""
    axis = axis_of(ClockUnit.WORKING_HOUR)
    now: dt.datetime = axis.point(moment)
    low, high = 0, int(FAR_BACK / dt.timedelta(minutes=1))
    need = hours * axis.step
    while low < high:
        middle = (low + high) // 2
        if axis.count(now - dt.timedelta(minutes=middle), now) >= need:
            high = middle
        else:
            low = middle + 1
    return now - dt.timedelta(minutes=low)


def unsaid(at: dt.datetime | None = None) -> list[int]:
    """Return the clocks that have something new to say, those of the loudest rung first, at most `CHUNK` of them.

    One walk over the clocks past their yellow day, as in `anything`, where one for each rung reads them five times.
    """
    said = LadderMark.objects.filter(clock=OuterRef("pk"), threshold=OuterRef("rung"))
    loudness = Case(*[When(rung=code, then=Value(n)) for n, code in enumerate(data.BY_DAY)])
    found = _clock_rungs(timing.business_day(at or timing.now())).filter(~Exists(said), rung__isnull=False)
    rows = found.annotate(loudness=loudness).order_by("loudness", "spoken").values_list("spoken", flat=True)
    return list(rows[:CHUNK])


def anything() -> list[QuerySet[Any] | tuple[str, Sequence[Any]]]:
    """Return all that a sweep would take up, and tasks whose clock stands.

    Clocks and tasks are one look at what has been said: two would read the marks of both twice.
    """
    now = timing.now()
    clocks, tasks = _clock_rungs(timing.business_day(now)), _task_rungs(now)
    reached, given = clocks.union(tasks, all=True).query.sql_with_params()
    silent = (
        f"SELECT 1 AS one FROM ({reached}) AS reached WHERE rung IS NOT NULL AND NOT EXISTS ("  # noqa: S608 - by the ORM
        "SELECT 1 FROM agency_laddermark AS said WHERE said.clock_id = spoken AND said.threshold = rung)"
    )
    return [(silent, given), settled_slips()]


# The sweep -----------------------------------------------------------------------------------------------------------


@read_once()
def sweep_due(at: dt.datetime | None = None, run: JobRun | None = None) -> int:
    """Let every clock speak that has something new to say; return how many reminders were written.

    It stops after `BATCH` reminders; the next sweep goes on where this one stopped. Whoever missed several rungs while
    no worker ran hears the loudest only. A clock that fails is told in the run; the rest go on. New and unopened review
    tasks come first, then the clocks, then the slips whose limit has ended are closed.
    """
    run, moment = run or JobRun(job="sweep_due"), at or timing.now()
    written = 0
    for threshold, tasks in ((Threshold.ASSIGNED, new_tasks()), (Threshold.UNOPENED, unopened_tasks(at))):
        act = partial(tell_department, threshold=threshold, at=moment)
        written += each(run, tasks, act, column="organisation_id")
    written += _tell_window_leads(moment)
    if written < BATCH:
        written += each_key(run, unsaid(at), partial(remind, at=at), most=BATCH - written)
    each(run, settled_slips(), settle_slip)
    return written


@transaction.atomic
def remind(clock_id: int, *, at: dt.datetime | None = None) -> int:
    """Say every rung that this clock has reached and has not said; return how many messages that is.

    Each person hears the loudest of the rungs that are for him. Project and clock are locked, so that two sweeps at
    once write one message. A red clock keeps its first overdue moment and, where a body of the government answers for
    it, brings a red 督办单, whose message stands for the reminder to those who get it. A second call writes nothing.
    """
    project_id = Clock.objects.values_list("project_id", flat=True).get(pk=clock_id)
    project = lock_project(project_id) if project_id else None
    clock = Clock.objects.select_for_update(of=("self",)).get(pk=clock_id)
    clock.project = project
    if clock.state != ClockState.RUNNING:
        return 0
    day = timing.business_day(at or timing.now())
    said = set(LadderMark.objects.filter(clock=clock).values_list("threshold", flat=True))
    fresh = [(step, on) for step, on in _reached(clock, day) if step.code not in said]
    if not fresh:
        return 0
    moment = at or timing.now()
    LadderMark.objects.bulk_create(
        LadderMark(clock=clock, threshold=step.code, reached_on=on, said_at=moment) for step, on in fresh
    )
    subject, heard = subject_of(clock), set()
    if any(step.code == Threshold.RED for step, _ in fresh):
        note_overdue(clock, at)
        heard = _slip(clock, subject, at=at)
    return _say(clock, subject, [step for step, _ in fresh], heard, moment)


def _reached(clock: Clock, day: dt.date) -> list[tuple[data.Step, dt.date]]:
    """Return the rungs that a clock has reached on a day and since when, the loudest first."""
    steps, found = data.ladder(day), []
    for code in data.BY_DAY:
        if (step := steps.get(code)) is None:
            continue
        if code == Threshold.YELLOW:
            on = max(clock.yellow_on, workdays.due_date(clock.started_on, 1))
        else:
            on = workdays.due_date(clock.due_on, step.after) if step.after else clock.due_on
        if on <= day:
            found.append((step, on))
    return found


def _say(clock: Clock, subject: Subject, steps: list[data.Step], heard: set[int], moment: dt.datetime) -> int:
    """Write the messages; those in `heard` already know."""
    rows, taken = [], set(heard)
    in_role = cache(partial(_in_role, clock=clock, subject=subject))  # several rungs speak to the same people
    for step in steps:
        name = f"{clock.project.name} " if clock.project else ""
        text = f"{name}{subject.what}{_words(step, clock.due_on)}"
        for user, why in _recipients(clock, step, in_role):
            if user.pk in taken:
                continue
            taken.add(user.pk)
            rows.append(Notification(
                user=user, project=clock.project, clock=clock, threshold=step.code, text=text[:300], why=why,
                url=subject.url, kind=data.DEADLINE, sent_at=moment,
            ))
    return len(send(rows))


def _words(step: data.Step, due_on: dt.date) -> str:
    """Return 即将到期（11月9日）, or 已超时 3 个工作日（11月9日到期），报中心主任."""
    day = f"{due_on.month}月{due_on.day}日"
    if step.code in WORDS:
        return f"{WORDS[Threshold(step.code)]}（{day}）"
    return f"已超时 {step.after} 个工作日（{day}到期），{step.name}"


def _recipients(
    clock: Clock, step: data.Step, in_role: Callable[[str], list[tuple[User, str]]]
) -> list[tuple[User, str]]:
    """Return who hears a rung, each with the reason; where nobody handles it the agents, else the dispatcher."""
    found: list[tuple[User, str]] = []
    for role in step.roles:
        found += in_role(role)
    if not found and "handler" in step.roles and clock.project is not None:
        centre = people_at(clock.project.centre_id, Role.DISPATCHER, Role.DIRECTOR)
        found = [(person, "没有经办人，请代办调度安排") for person in centre]
    return found


def _in_role(role: str, clock: Clock, subject: Subject) -> list[tuple[User, str]]:
    """Return the people behind one word of the ladder's file."""
    centre = clock.project.centre_id if clock.project else None
    if role == "handler":
        if subject.people:
            return [(person, subject.why) for person in subject.people]
        return [(person, AGENT_WHY) for person in agents_of(clock.project_id)]
    if role == "chief":
        heads = people_at(subject.body.pk, Role.CHIEF) if subject.body else []
        return [(person, "您是本部门的首席代表") for person in heads]
    if role in ("agent", "lead_officer"):
        part = InvolvementRole.SERVICE_AGENT if role == "agent" else InvolvementRole.LEAD_OFFICER
        return [(person, AGENT_WHY) for person in agents_of(clock.project_id, part)]
    if role == "owed_to":
        return list(subject.owed_to)
    heads = above(centre) if role == "supervisor" else people_at(centre, *HEADS[role])
    return [(person, HEAD_WHY[role]) for person in heads]


HEADS = {"director": (Role.DIRECTOR,), "window_lead": (Role.DISPATCHER,)}
HEAD_WHY = {
    "director": "逾期报中心主任", "supervisor": "逾期列入工改办周例会", "window_lead": "长时间无人打开，请您过问",
}


def _slip(clock: Clock, subject: Subject, *, at: dt.datetime | None) -> set[int]:
    """Issue the red slip where a body has to answer; return who has its message now."""
    project, step = clock.project, data.ladder(timing.business_day(at or timing.now()))[Threshold.RED]
    if project is None or subject.body is None or clock.owner != TimeOwner.GOVERNMENT or step.form != "slip":
        return set()
    if project.status != ProjectStatus.ACTIVE:
        return set()
    reason = f"{subject.what}已超时，应于{clock.due_on.month}月{clock.due_on.day}日办结"
    slip = issue_slip(
        subject.case or project, to=subject.body, colour=SlipColour.RED, reason=reason, by=None, at=at, clock=clock
    )
    batch = f"slip:{slip.pk}:{slip.returns}"
    return set(Notification.objects.filter(batch=batch).values_list("user_id", flat=True))


# New and unopened tasks ----------------------------------------------------------------------------------------------


@transaction.atomic
def tell_department(organisation_id: int, threshold: str, *, at: dt.datetime | None = None) -> int:
    """Tell a department of its new tasks, or of those nobody has opened; return how many messages that is.

    One message per person for all tasks of one sweep. The clocks are locked, so that two sweeps say each task once; one
    that somebody is working at is left to the next sweep.
    """
    moment = at or timing.now()
    found = new_tasks() if threshold == Threshold.ASSIGNED else unopened_tasks(at)
    mine = list(found.filter(organisation=organisation_id).order_by("clock_id").values_list("clock_id", flat=True))
    free = Clock.objects.select_for_update(of=("self",), skip_locked=True)
    locked = list(free.filter(pk__in=mine).order_by("pk"))
    related = ("organisation", "handler", "session__case__matter", "session__project")
    tasks = list(_silent_tasks(threshold).filter(clock__in=locked).select_related(*related).order_by("pk"))
    LadderMark.objects.bulk_create(
        LadderMark(clock_id=task.clock_id, threshold=threshold, reached_on=timing.business_day(moment), said_at=moment)
        for task in tasks
    )
    per_person: dict[User, list[ReviewTask]] = defaultdict(list)
    for task in tasks:
        for person in handlers(task):
            per_person[person].append(task)
    return sum(
        _tell_tasks(person, theirs, threshold, "由您或贵部门办理", moment) for person, theirs in per_person.items()
    )


@transaction.atomic
def _tell_window_leads(moment: dt.datetime) -> int:
    """Tell who looks after the window of all tasks that this sweep has called unopened, in one message each."""
    step = data.ladder(timing.business_day(moment)).get(Threshold.UNOPENED)
    if step is None or "window_lead" not in step.roles:
        return 0
    said = LadderMark.objects.filter(threshold=Threshold.UNOPENED, said_at=moment).values("clock")
    related = ("organisation", "session__case__matter", "session__project")
    per_centre: dict[int, list[ReviewTask]] = defaultdict(list)
    for task in ReviewTask.objects.filter(clock__in=said).select_related(*related).order_by("pk"):
        per_centre[task.session.project.centre_id].append(task)
    return sum(
        _tell_tasks(person, theirs, Threshold.UNOPENED, HEAD_WHY["window_lead"], moment)
        for centre, theirs in per_centre.items() for person in people_at(centre, *HEADS["window_lead"])
    )


def _tell_tasks(person: User, tasks: list[ReviewTask], threshold: str, why: str, moment: dt.datetime) -> int:
    """One message about one task or several of them."""
    word = Threshold(threshold).label
    first, (what, url) = tasks[0], task_words(tasks[0])
    text, project = f"{word}：{first.session.project.name}{what}", first.session.project
    if len(tasks) > 1:
        text, url = f"{word} {len(tasks)} 件：{first.session.project.name}{what}等", _list_of(why)
    batch = f"{threshold}:{first.organisation_id}:{first.clock_id}"
    return len(tell(
        [person], text, project=project if len(tasks) == 1 else None, url=url, why=why, kind="assigned", batch=batch,
        at=moment,
    ))


def _list_of(why: str) -> str:
    """Return where several tasks stand: at the department in its reviews, else in the list of projects."""
    return reverse("projects:list") if why == HEAD_WHY["window_lead"] else reverse("packages:reviews")


# Reading -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def mark_read(notification_id: int, *, by: User, at: dt.datetime | None = None) -> Notification:
    """Mark one message of one's own as read, a digest with its lines; a second call changes nothing."""
    notification = Notification.objects.select_for_update(of=("self",)).get(pk=notification_id)
    require(rules.can_read_notification, by, notification)
    if notification.read_at is None:
        notification.read_at = at or timing.now()
        notification.save(update_fields=["read_at"])
        notification.parts.filter(read_at=None).update(read_at=notification.read_at)
    return notification


@transaction.atomic
def mark_all_read(*, by: User, at: dt.datetime | None = None) -> int:
    """Mark every message of one's own as read; return how many stood unread by themselves."""
    mine = Notification.objects.visible_to(by).filter(read_at=None)
    count = mine.unread().count()
    mine.update(read_at=at or timing.now())
    return count
