"""Runs the stories side by side in simulated time: one queue of moments, the outbox drained as time advances."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from django.db.models import Count

from agency.services import reminders
from agency.tasks import sweep_due
from gaige.demo import (
    agency,
    appraisal,
    bulletins,
    consultation,
    land,
    listings,
    majors,
    messages,
    pool,
    production,
    voices,
)
from gaige.demo.accounts import keep_accounts
from gaige.demo.archives import keep_archives
from gaige.demo.assessment import keep_assessment
from gaige.demo.files import attachment
from gaige.demo.moments import later, person, user
from gaige.demo.people import create_people
from gaige.demo.records import keep_records
from gaige.demo.specs import SPECS, Spec
from gaige.demo.story import DRAWING_MATTER, Story
from gaige.demo.supervision import supervision
from packages.choices import ReviewRole
from packages.models import Application, Commitment, Enrolment, JointSession, MatterCase, ReviewTask
from packages.planning.from_rows import definition_of
from packages.planning.options import COMMITMENT, DEFERRAL, taken
from packages.services import commitment_checks, intake, referring, review
from packages.services.planning import choose_options
from packages.services.saved_views import save_view
from packages.states import TASK_OPEN, CaseState, CheckResult, CommitmentState, OpinionVerdict, SessionState
from packages.tasks import (
    apply_tacit,
    deem_accepted,
    refresh_history,
    sweep_conditional,
    sweep_drawings,
    sweep_forecasts,
    sweep_pool,
    sweep_promises,
)
from projects import outbox, timing, workdays
from projects.models import Organisation, Project
from projects.states import ProjectStatus, Role, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    Queue = list[tuple[dt.datetime, int, Iterator[dt.datetime]]]

#: The PDFs are left to the workers: a paper stands as soon as its row does.
LEFT_TO_WORKERS = ("archives.render",)
#: So many applications wait for the window when the demonstration begins.
AT_THE_WINDOW = 3
#: And so many joint reviews at least wait for opinions.
KEPT_IN_REVIEW = 1
#: Days are forecast once a week; on the portal it is every minute.
MONDAY = 0


def office_days() -> Iterator[dt.datetime]:
    """The sweeps of every working day, as beat would run them; on the 26th the month is frozen and published."""
    while True:
        yield later(1 if workdays.is_workday(timing.today()) else 0, 8.5)
        if not workdays.is_workday(timing.today()):
            continue
        apply_tacit()
        deem_accepted()
        reminders.sweep_due()
        messages.morning()
        sweep_conditional()
        sweep_drawings()
        sweep_pool()
        sweep_promises()
        agency.morning()
        if timing.today().weekday() == MONDAY:
            refresh_history()
            sweep_forecasts()
        _check_promises()
        bulletins.monthly()


def _check_promises() -> None:
    """The lead departments check what was drawn and whose term has ended, three days later at the latest."""
    old = timing.today() - dt.timedelta(days=3)
    ended = Commitment.objects.filter(state=CommitmentState.TO_CHECK, issue__due_on__lt=old)
    for commitment in ended.select_related("case__matter").order_by("pk"):
        commitment_checks.record_check(
            commitment.pk, by=person(commitment.case.lead_id, Role.REVIEWER), result=CheckResult.KEPT,
            note="到场核查，承诺事项均已履行", uploaded=attachment(f"{commitment.case.matter.result_name}履约核查记录"),
        )


def run(specs: Sequence[Spec] = SPECS, *, until: dt.datetime | None = None, tell: Callable[[str], None] = print) -> int:
    """Walk every project that is not there yet to where it stands now; return how many were added."""
    create_people()
    known = set(Project.objects.filter(code__in=[s.code for s in specs]).values_list("code", flat=True))
    fresh = [spec for spec in specs if spec.code not in known]
    end = until or timing.now()
    if not fresh:
        return 0
    queue: Queue = []
    for number, spec in enumerate(fresh):
        start = timing.start_of_day(timing.business_day(end) - dt.timedelta(days=spec.days_ago))
        heapq.heappush(queue, (start + dt.timedelta(hours=9, minutes=3 * number), number, Story(spec).run()))
    heapq.heappush(queue, (queue[0][0] - dt.timedelta(minutes=5), len(fresh), office_days()))
    early = (
        (appraisal.DAYS_AGO, appraisal.appraisals()), (consultation.DAYS_AGO, consultation.consultations()),
        (majors.DAYS_AGO, majors.stories()), (agency.DAYS_AGO, agency.agency_desk()),
        (voices.DAYS_AGO, voices.opinions()), (land.DAYS_AGO, land.land()), (pool.DAYS_AGO, pool.reserves()),
        (production.DAYS_AGO, production.production()), (listings.REPAIRED_AGO, listings.repaired()),
        (listings.STANDING_AGO, listings.standing()),
    )
    for number, (days_ago, story) in enumerate(early, start=len(fresh) + 1):
        start = timing.start_of_day(timing.business_day(end) - dt.timedelta(days=days_ago)) + dt.timedelta(hours=10)
        heapq.heappush(queue, (max(start, queue[0][0]), number, story))
    heapq.heappush(queue, (queue[0][0], len(queue), supervision()))
    with timing.travel(queue[0][0]) as clock, outbox.without_waking():
        _play(queue, clock, end, tell)
        clock.to(max(timing.now(), end - dt.timedelta(minutes=40)))
        keep_records()
        keep_archives()
        keep_assessment()
        outbox.drain_all(exclude=LEFT_TO_WORKERS)
        voices.keep_voices()
        _hand_in(fresh)
        outbox.drain_all(exclude=LEFT_TO_WORKERS)
        _ripen()
        _send_on()
        outbox.drain_all(exclude=LEFT_TO_WORKERS)
        _choose_plan()
        sweep_forecasts()
    bulletins.current()
    keep_accounts()
    _views()
    _sweep(end)
    return len(fresh)


def _sweep(now: dt.datetime) -> None:
    """The sweeps run once at the present: what the foot of every page says of the last sweep is then true."""
    with timing.travel(now), outbox.without_waking():
        apply_tacit()
        sweep_due()


def _play(queue: Queue, clock: timing.Traveller, end: dt.datetime, tell: Callable[[str], None]) -> None:
    month = ""
    while queue:
        moment, number, story = heapq.heappop(queue)
        if moment > end:
            continue
        clock.to(max(moment, timing.now()))
        if f"{timing.today():%Y-%m}" != month:
            month = f"{timing.today():%Y-%m}"
            tell(f"演示推进到 {month}")
        following = next(story, None)
        outbox.drain_all(exclude=LEFT_TO_WORKERS)
        if following is not None:
            heapq.heappush(queue, (following, number, story))


def _choose_plan() -> None:
    """The window has compared two plans with the owner of the newest one, and the chosen options are version n+1."""
    plans = Enrolment.objects.filter(project__stage=Stage.PLANNING, project__status=ProjectStatus.ACTIVE)
    plan = plans.select_related("package_version__package").order_by("-project_id").first()
    if plan is None:
        return
    on = taken(plan.facts, plan.options, definition_of(plan.package_version))
    choose_options(
        plan.project_id, options_on=on | {COMMITMENT, DEFERRAL}, revision=plan.revision, by=user("clerk"),
        works_days=420, reason="工期紧，愿意按承诺办理并接受事后核查",
    )


def _hand_in(specs: Sequence[Spec]) -> None:
    """The last thing that happens: some owners hand in what they may apply for, and it lies at the window.

    The first that asks departments is accepted at once, so that opinions are awaited whatever the day is.
    """
    at_window, in_review = 0, False
    for spec in specs:
        if at_window == AT_THE_WINDOW:
            return
        application = None if spec.trouble else Story(spec).hand_in()
        if application is None:
            continue
        if not in_review and (case := _asks_departments(application)) is not None:
            intake.accept_case(case.pk, by=person(application.project.centre_id, Role.CLERK))
            in_review = True
        else:
            at_window += 1


def _ripen() -> None:
    """One joint review of the bureau is answered and merged: its case waits for the chief representative."""
    sessions = JointSession.objects.filter(
        state=SessionState.REVIEWING, case__lead__code="approval-bureau", case__state=CaseState.IN_REVIEW,
        project__status=ProjectStatus.ACTIVE,
    ).exclude(case__matter__matter__code=DRAWING_MATTER)
    found = sessions.annotate(asked=Count("tasks")).order_by("asked", "pk")
    if len(found) < KEPT_IN_REVIEW + 1:
        return
    session = found[0]
    for task in session.tasks.filter(state__in=list(TASK_OPEN)).exclude(role=ReviewRole.LEAD).order_by("pk"):
        review.give_opinion(
            task.pk, by=person(task.organisation_id, Role.REVIEWER), verdict=OpinionVerdict.AGREE,
            reason=f"经审查，{task.scope_note or '本部门职责范围'}符合要求，同意", basis="本部门审查要点",
        )
    review.merge_session(
        session.pk, by=person(session.lead_id, Role.REVIEWER), passed=True, text="各部门意见一致，建议准予。"
    )


def _send_on() -> None:
    """A department has sent an opinion that is awaited on to a unit of its own (转办)."""
    open_tasks = ReviewTask.objects.filter(state__in=list(TASK_OPEN), session__state=SessionState.REVIEWING)
    found = open_tasks.exclude(role=ReviewRole.LEAD).filter(organisation__organisation__isnull=False)
    task = found.select_related("organisation").order_by("pk").first()
    if task is not None:
        unit = Organisation.objects.filter(parent=task.organisation).order_by("pk")[0]
        sender = person(task.organisation_id, Role.REVIEWER)
        note = f"请看{task.scope_note or '本科室职责'}部分"
        referring.send_on(task.pk, by=sender, unit_id=unit.pk, days=1, note=note)


def _asks_departments(application: Application) -> MatterCase | None:
    """Return the first case of an application on which other departments are asked."""
    found = application.cases.filter(state=CaseState.RECEIVED, promised_days__gt=1).order_by("pk")
    return found.filter(matter__reviews__role__in=[ReviewRole.JOINT, ReviewRole.CONSULTED]).first()


def _views() -> None:
    """The clerk keeps two views at the desk."""
    for name, query in (("今天到期的", "scope=mine&tab=today"), ("网上新来的", "scope=mine&tab=received&source=net")):
        save_view(by=user("clerk"), name=name, query=query)
