"""The middle of the walk, what every matter repeats: the same services that the pages call, by whom it belongs.

Runs inside of the portal's own environment (`live_portal.python`) while its worker does the background jobs.
"""

import datetime as dt
import time

from acceptance.models import AcceptanceItem
from acceptance.services.items import record_item
from acceptance.states import ItemState
from gaige.demo.files import attachment
from gaige.demo.moments import person, user
from gaige.demo.signing import bring_and_sign
from packages.facts import parse_facts
from packages.models import JointSession, MaterialItem, MatterCase, ReviewTask
from packages.services import decision, intake, outside, review
from packages.services.enrolment import enrol
from packages.states import TASK_OPEN, CaseState, Handling, MaterialState, Outcome, SessionState
from projects import timing
from projects.models import Organisation, Project, WorkUnit
from projects.services.registration import register_project
from projects.states import Role


def cases(project, codes, **more):
    found = MatterCase.objects.filter(project_id=project, matter__matter__code__in=codes, **more)
    return found.select_related("matter__matter", "lead", "project").order_by("package_row__order")


def wait(condition, what, seconds=60):
    """Wait for the worker."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def facts_of(project):
    """Where the project stands, for the assertions of the walk."""
    found = Project.objects.get(pk=project)
    states = MatterCase.objects.filter(project=found).values_list("matter__matter__code", "state", "handling")
    return {"stage": found.stage, "cases": {code: state for code, state, _ in states},
            "handling": {code: handling for code, _, handling in states}}


def close_outside(project, codes, by="agent"):
    """Record what is done elsewhere, with its evidence."""
    for case in cases(project, codes, state=CaseState.DRAFT, handling=Handling.OUTSIDE):
        outside.record_outside_result(
            case.pk, by=user(by), result=f"已完成：{case.matter.result_name}", on=timing.today(),
            evidence=attachment(case.matter.result_name),
        )


def meet(application, by):
    """Hand in what an application still lacks."""
    for item in MaterialItem.objects.filter(case__application=application, state=MaterialState.MISSING).order_by("pk"):
        intake.set_material(
            item.pk, state=MaterialState.UPLOADED, by=user(by), uploaded=attachment(item.name)
        )
    bring_and_sign(application, clerk=user("clerk"))


def apply_and_accept(project, codes, by="owner"):
    """One application, handed in by the owner and accepted at the window; what is promised for the day is decided."""
    codes = [case.matter.matter.code for case in cases(project, codes, state=CaseState.DRAFT)]
    if not codes:  # 赋码 of a project that brought its national code
        return
    application = intake.open_application(project, matter_codes=codes, by=user(by), source="net")
    meet(application.pk, by)
    intake.submit_application(application.pk, by=user(by))
    for case in cases(project, codes, state=CaseState.RECEIVED):
        if case.promised_days == 0:
            intake.decide_on_spot(case.pk, by=person(case.lead_id, Role.CHIEF))
        else:
            intake.accept_case(case.pk, by=user("clerk"))


def answer(project, codes, but=()):
    """Every department that is asked agrees, but for some."""
    for case in cases(project, codes, state__in=[CaseState.ACCEPTED, CaseState.IN_REVIEW]):
        wait(lambda pk=case.pk: JointSession.objects.filter(case=pk).exists(), f"no joint review of {case}")
        tasks = ReviewTask.objects.filter(session__case=case, state__in=TASK_OPEN).exclude(role="lead")
        for task in tasks.exclude(organisation__code__in=but):
            review.give_opinion(
                task.pk, by=person(task.organisation_id, Role.REVIEWER), verdict="agree", reason="符合要求，同意",
                basis="本部门审查要点",
            )


def decide(project, codes):
    """The lead merges, the chief representative decides."""
    for case in cases(project, codes, state=CaseState.IN_REVIEW):
        session = JointSession.objects.get(case=case)
        if session.state == SessionState.MERGING:
            review.merge_session(
                session.pk, by=person(case.lead_id, Role.REVIEWER), passed=True, text="各部门意见一致，建议准予。"
            )
        decision.decide_case(case.pk, by=person(case.lead_id, Role.CHIEF), outcome=Outcome.PASS, note="符合法定条件")


def settle(project, codes):
    """All of it: what runs side by side in one step of the plan."""
    ours = [case.matter.matter.code for case in cases(project, codes, handling=Handling.REVIEW)]
    close_outside(project, codes)
    if ours:
        apply_and_accept(project, ours)
        answer(project, ours)
        decide(project, ours)


def silence(task, days=21):
    """A department has been silent for three weeks: its clock began so much earlier."""
    back = dt.timedelta(days=days)
    found = ReviewTask.objects.select_related("clock").get(pk=task)
    for row, names in (
        (found.clock, ("started_on", "started_at", "yellow_on", "due_on")),
        (found.clock.segments.get(), ("started_at",)),
        (found, ("due_on", "pushed_at")),
    ):
        type(row).objects.filter(pk=row.pk).update(**{name: getattr(row, name) - back for name in names})


def pass_items(acceptance, but=()):
    """Every department finds its part of the works in order, but for some."""
    for item in AcceptanceItem.objects.filter(acceptance=acceptance, is_gate=True, state=ItemState.PENDING):
        if item.number not in but:
            record_item(item.pk, by=person(item.organisation_id, Role.REVIEWER), result="passed", note="现场查看，符合要求")


FACTS = (
    "land_supply=existing;eia=none;civil_defence=none;drawing_review=exempt;works=new;building_use=industrial;"
    "utilities=water|power|telecom;discharge=domestic;gross_floor_area=12000;height=12;total_investment=3000;"
    "simple_design=no;special_fire=no;hazardous=no;fee_exempt=yes;planning_exempt=no;design_with_land=no;"
    "approval_list=no;state_funds=no;pipeline_project=no;env_sensitive=no;heritage_zone=no;near_river=no;"
    "site_area=4000;earthwork=900;energy=200;electricity=100;own_well=no;over_minerals=no;geohazard_zone=no;"
    "seismic_major=no;key_project=no;weather_zone=no;security_zone=no;buried_relics=no;land_papers_pending=no;"
    "piling_first=no;fire_facilities=no;green_space=no;occupies_road=no;occupies_green=no;pollutant=registration;"
    "farmland=no"
)


def project_of_owner(code, name):
    """A planned factory of the enterprise 山西泽铸; returns its id."""
    owner = user("owner").memberships.select_related("organisation").get().organisation
    project = register_project(
        by=user("owner"), code=code, name=name, investment="social", region_code="140581", address="铸造园 9 号",
        total_investment=3000, owner_uscc=owner.uscc, owner_name=owner.name,
        centre=Organisation.objects.get(code="approval-bureau"),
    )
    enrol(project.pk, package_code="soc-factory", facts=parse_facts(FACTS), by=user("owner"))
    return project.pk


def built(name):
    """A factory of the owner whose works are done: all but the acceptance and what follows it is decided."""
    project = project_of_owner("", name)
    later = ["completion-record", "house-register", "digital-archive", "agency-multisurvey"]
    done = MatterCase.objects.filter(project=project).exclude(handling=Handling.ACCEPTANCE)
    done.exclude(matter__matter__code__in=later).update(
        state="decided_pass", decided_at=timing.now(), ended_at=timing.now()
    )
    Project.objects.filter(pk=project).update(stage="acceptance")
    return {"project": project, "unit": WorkUnit.objects.get(project=project).pk}


def application_at_the_window(project, codes):
    """An application with all its papers, handed in by the owner; returns its id."""
    application = intake.open_application(project, matter_codes=codes, by=user("owner"), source="net")
    meet(application.pk, "owner")
    intake.submit_application(application.pk, by=user("owner"))
    return application.pk
