"""Cases in bulk: drafts, cases at the window, under correction, under review, and decided ones with their papers."""

from __future__ import annotations

import datetime as dt
from typing import cast

from archives.models import Document, DocumentVersion, Paper
from archives.services.papers import PDF
from archives.states import PaperKind, Visibility
from gaige.scale.rows import Made, Place, World
from packages.choices import MaterialForm, ReviewRole
from packages.models import (
    Application,
    JointSession,
    MaterialItem,
    MatterCase,
    Opinion,
    OutsideResult,
    PackageRow,
    ReviewTask,
)
from packages.services.timekeeping import INTAKE_DAYS
from packages.states import (
    CaseState,
    Handling,
    MaterialState,
    OpinionVerdict,
    SessionState,
    TaskState,
)
from projects import timing, workdays
from projects.clock_states import ClockKind, ClockState, PauseKind, TimeOwner
from projects.clocks import build_clock
from projects.models import Clock, ClockPause, ClockSegment, Involvement, IssueItem, Organisation
from projects.states import InvolvementRole, IssueKind

CORRECTION_DAYS = 10
CASE_LABEL = MatterCase._meta.label


def add_draft(made: Made, place: Place, row: PackageRow, handling: str) -> MatterCase:
    """Add a matter that is not applied for yet."""
    case = _case(place, row, handling, CaseState.DRAFT)
    made.add(case)
    place.cases.append(case)
    return case


def _case(place: Place, row: PackageRow, handling: str, state: CaseState) -> MatterCase:
    matter = row.matter_version
    case: MatterCase = MatterCase(
        project=place.project, work_unit=place.unit, matter=matter, package_row=row, stage=row.stage,
        lead=matter.lead, handling=handling, state=state, promised_days=row.promised_days,
        is_milestone=matter.is_milestone,
    )
    return case


def add_application(world: World, made: Made, place: Place, at: dt.datetime) -> Application:
    """Add an application that was handed in at `at`."""
    application: Application = made.add(
        Application(
            project=place.project, number=f"SY{next(world.numbers):09d}", source="win",
            applicant=place.project.owner, opened_by=world.clerk, opened_at=at, submitted_at=at,
        )
    )
    return application


def _received(
    world: World, made: Made, place: Place, row: PackageRow, application: Application, state: CaseState
) -> MatterCase:
    case = _case(place, row, Handling.REVIEW, state)
    case.application, case.number = application, f"BY{next(world.numbers):09d}"
    case.received_at, case.window_by = application.submitted_at, world.clerk
    _involve(made, place, case.lead, application.opened_at)
    place.cases.append(made.add(case))
    return case


def _involve(made: Made, place: Place, body: Organisation, at: dt.datetime) -> None:
    if body.pk in place.bodies:
        return
    place.bodies.add(body.pk)
    made.add(
        Involvement(
            project=place.project, organisation=body, role=InvolvementRole.REVIEWER, since=timing.business_day(at)
        )
    )


def _start(made: Made, case: MatterCase, kind: str, days: int, at: dt.datetime, word: str) -> Clock:
    clock: Clock = made.add(
        build_clock(kind=kind, limit=days, on=at, project=case.project, label=f"{case.matter.name} {word}"[:200])
    )
    return clock


def _stop(made: Made, clock: Clock, at: dt.datetime) -> None:
    clock.state, clock.stopped_at, clock.stopped_on = ClockState.STOPPED, at, timing.business_day(at)
    made.add(ClockSegment(clock=clock, owner=clock.owner, started_at=clock.started_at, ended_at=at))


def _run(made: Made, clock: Clock) -> None:
    made.add(ClockSegment(clock=clock, owner=clock.owner, started_at=clock.started_at))


# Open cases ------------------------------------------------------------------------------------------------------


def add_received(
    world: World, made: Made, place: Place, row: PackageRow, at: dt.datetime, state: CaseState = CaseState.RECEIVED
) -> MatterCase:
    """Add a case that waits at the window, its checklist met."""
    case = _received(world, made, place, row, add_application(world, made, place, at), state)
    case.intake_clock = _start(made, case, ClockKind.INTAKE, INTAKE_DAYS, at, "受理")
    case.due_on, case.yellow_on = case.intake_clock.due_on, case.intake_clock.yellow_on
    _run(made, case.intake_clock)
    _materials(made, case)
    return case


def _materials(made: Made, case: MatterCase) -> None:
    for order, line in enumerate(case.matter.materials.all(), 1):
        made.add(
            MaterialItem(
                case=case, definition=line, order=order, name=line.name, form=MaterialForm(line.form),
                source=line.source, source_note="系统共享", kind_id=line.document_kind_id, state=MaterialState.SHARED,
                is_automatic=True,
            )
        )


def add_correcting(world: World, made: Made, place: Place, row: PackageRow, at: dt.datetime) -> MatterCase:
    """Add a case whose owner was told a fault: the clock of intake stands, that of the owner runs."""
    case = add_received(world, made, place, row, at, CaseState.CORRECTING)
    clock = cast("Clock", case.intake_clock)
    told = min(at + dt.timedelta(hours=20), timing.now())
    case.due_on = case.yellow_on = None
    clock.state = ClockState.PAUSED
    made.rows[ClockSegment][-1].ended_at = told
    made.add(ClockSegment(clock=clock, owner=TimeOwner.APPLICANT, started_at=told))
    made.add(
        ClockPause(
            clock=clock, kind=PauseKind.CORRECTION, owner=TimeOwner.APPLICANT, basis="行政许可法第32条", started_at=told
        )
    )
    owed = made.add(
        build_clock(
            kind=ClockKind.CORRECTION, limit=CORRECTION_DAYS, on=told, project=case.project,
            label=f"{case.matter.name} 补全"[:200], owner=TimeOwner.APPLICANT,
        )
    )
    _run(made, owed)
    made.add_of(
        case,
        IssueItem(
            project=case.project, kind=IssueKind.CORRECTION, subject_type=CASE_LABEL,
            what="申请表未加盖公章", basis="行政许可法第32条", how_to_fix="加盖公章后重新上传",
            debtor_organisation=case.project.owner, raised_by=world.clerk, raised_for=world.centre, raised_at=told,
            due_on=owed.due_on, clock=owed,
        ),
        "subject_key",
    )
    return case


def add_in_review(world: World, made: Made, place: Place, row: PackageRow, at: dt.datetime) -> MatterCase:
    """Add an accepted case that the departments review; some have answered."""
    case = _accepted(world, made, place, row, add_application(world, made, place, at), CaseState.IN_REVIEW)
    promised = cast("Clock", case.promised_clock)
    case.due_on, case.yellow_on = promised.due_on, promised.yellow_on
    _run(made, promised)
    _materials(made, case)
    session = made.add(
        JointSession(
            project=case.project, case=case, lead=case.lead, state=SessionState.REVIEWING, opened_at=at
        )
    )
    for review in case.matter.reviews.all():
        clock = _start(made, case, ClockKind.REVIEW, review.days, at, review.organisation.label)
        closed_at = None
        if review.role != ReviewRole.LEAD and world.chance.random() < 1 / 3:
            closed_at = min(at + dt.timedelta(hours=world.chance.randrange(2, 60)), timing.now())
        task = ReviewTask(
            session=session, organisation=review.organisation, definition=review, role=review.role, days=review.days,
            is_tacit_allowed=review.tacit, state=TaskState.ANSWERED if closed_at else TaskState.INVITED, clock=clock,
            due_on=clock.due_on, pushed_at=at, closed_at=closed_at,
        )
        _involve(made, place, review.organisation, at)
        made.add(task)
        if closed_at:
            _stop(made, clock, closed_at)
            made.add(
                Opinion(
                    task=task, verdict=OpinionVerdict.AGREE, reason="符合要求", basis="本部门审查要点",
                    given_at=closed_at,
                )
            )
        else:
            _run(made, clock)
    return case


def _accepted(
    world: World, made: Made, place: Place, row: PackageRow, application: Application, state: CaseState
) -> MatterCase:
    case, at = _received(world, made, place, row, application, state), application.opened_at
    case.intake_clock = _start(made, case, ClockKind.INTAKE, INTAKE_DAYS, at, "受理")
    _stop(made, case.intake_clock, at)
    clock = build_clock(
        kind=ClockKind.PROMISED, limit=case.promised_days, unit=case.matter.unit, on=at, project=case.project,
        label=f"{case.matter.name} 承诺时限"[:200],
    )
    case.promised_clock = made.add(clock)
    case.accepted_at, case.accepted_by = at, world.clerk
    return case


# Decided cases ---------------------------------------------------------------------------------------------------


def add_decided(world: World, made: Made, place: Place, row: PackageRow, application: Application) -> MatterCase:
    """Add a case that was accepted when applied for and granted in its days, with its certificate in the archive."""
    case = _accepted(world, made, place, row, application, CaseState.PASSED)
    at = application.opened_at
    start = timing.business_day(at)
    used = world.chance.randrange(0, case.promised_days + 1)
    day = min(workdays.due_date(start, used), timing.today())
    decided = min(max(timing.start_of_day(day) + dt.timedelta(hours=15), at), timing.now())
    case.decided_at = case.ended_at = decided
    case.used_days = workdays.workdays_between(start, timing.business_day(decided))
    _stop(made, cast("Clock", case.promised_clock), decided)
    _certificate(world, made, place, case, decided)
    return case


def add_outside(world: World, made: Made, place: Place, row: PackageRow, at: dt.datetime) -> MatterCase:
    """Add a matter that was done elsewhere, with its evidence."""
    case = _case(place, row, Handling.OUTSIDE, CaseState.PASSED)
    place.cases.append(made.add(case))
    case.decided_at = case.ended_at = at
    made.add(
        OutsideResult(
            case=case, result=f"已完成：{case.matter.result_name}"[:300], done_on=timing.business_day(at),
            evidence=_version(world, made, _document(made, place, case, at)), recorded_by=world.clerk, recorded_at=at,
        )
    )
    return case


def _document(made: Made, place: Place, case: MatterCase, at: dt.datetime) -> Document:
    kind = case.matter.result_kind
    place.serials[kind.doc_class] += 1
    document: Document = made.add_of(
        case,
        Document(
            project=case.project, kind=kind, title=case.matter.result_name, doc_class=kind.doc_class,
            serial=place.serials[kind.doc_class], visibility=Visibility.PUBLIC, source_type=CASE_LABEL,
            source_label=case.matter.name, filed_by_name="系统", filed_at=at,
        ),
        "source_key",
    )
    return document


def _version(world: World, made: Made, document: Document) -> DocumentVersion:
    sample = world.sample
    version: DocumentVersion = made.add(
        DocumentVersion(
            document=document, algorithm=sample.algorithm, digest=sample.digest, size=sample.size, media_type=PDF,
            file_name="result.pdf", storage_key=sample.key, added_at=document.filed_at,
        )
    )
    return version


def _certificate(world: World, made: Made, place: Place, case: MatterCase, at: dt.datetime) -> None:
    serial, sample, document = next(world.numbers), world.sample, _document(made, place, case, at)
    _version(world, made, document)
    year = timing.business_day(at).year
    number = f"〔{year}〕合成证字第{serial:09d}号"
    gist = {"project": place.project.name, "what": f"“{case.matter.name}”准予许可", "do": "妥善保存", "when": "即日起"}
    made.add_of(
        case,
        Paper(
            project=case.project, kind=PaperKind.CERTIFICATE, title=case.matter.result_name, issuer=case.lead,
            series="合成证", year=year, serial=serial, number=number,
            content={"gist": gist, "paragraphs": [], "table": None, "legal": [], "addressee": place.project.owner.name},
            subject_type=CASE_LABEL, verify_code=f"SYN{serial:012d}", is_public=True, issued_at=at,
            rendered_at=at, digest=sample.digest, size=sample.size, storage_key=sample.key,
            document=document,
        ),
        "subject_key",
    )
