"""The golden path to the day: scores, consultation, notice; scheme, piles, drawings, permit; survey, acceptance."""

import contextlib
import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse

from acceptance.rules import rectification_due
from acceptance.services import survey as as_built
from archives.models import Paper
from packages import living_data, utility_data
from packages.appraisal_providers import appraisal_waiting
from packages.consultation_providers import consultation_waiting
from packages.models import ConditionalPermit, DrawingReview, MatterCase, ReviewTask, ServicePlan, UtilityLine
from packages.planning.engine import Known, Row, plan
from packages.services import consultation as calling
from packages.services import consultation_minutes as minutes
from packages.services import consultation_survey as survey
from packages.services import drawing_handling, drawing_review, service_plan, utilities, utility_works
from packages.services.catalogue import load_catalogue
from packages.services.utilities import Seen
from projects import timing, workdays
from projects.clocks import read_clock
from projects.models import WorkUnit
from tests import factories
from tests.acceptance.conftest import Walk
from tests.acceptance.joint_steps import USCC, A, measured
from tests.packages import appraisal_steps as steps
from tests.packages.test_consultation import answers, of, unit
from tests.packages.test_drawings import answer as say
from tests.packages.test_drawings import opinion
from tests.packages.test_utilities import answer, body
from tests.packages.test_walk import close_inspections

ZONE = timing.BUSINESS_ZONE


def at(month, day, hour=9, minute=0):
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def due(waits, project):
    [line] = waits([factories.fresh(project)])
    return (line.verb, line.what, line.due_on)


@pytest.mark.django_db
def test_from_the_first_score_to_the_one_time_notice_every_day_is_that_of_the_golden_path(clock, actors):
    clock.to(at(3, 2))
    project = factories.enrolled_project(actors, "S2")
    round_ = steps.opened(actors, steps.entered(actors, project))
    tasks = ReviewTask.objects.filter(session=round_.session_id).select_related("clock")
    assert {read_clock(task.clock).due_on for task in tasks} == {dt.date(2026, 3, 5)}

    clock.to(at(3, 5))
    steps.score(round_, steps.FULL)
    assert steps.sign(actors, round_).maturity == "ready"
    assert due(appraisal_waiting, project) == ("召集", "联合会商", dt.date(2026, 3, 10))

    clock.to(at(3, 10))
    row = calling.convene(
        project.pk, by=actors.director, agenda="确定办理事项", unit_ids=[factories.organisation("housing").pk]
    )
    assert (row.maturity, row.early_reason) == ("成熟", "")
    assert due(consultation_waiting, project) == ("发出", "联合会商的通知", dt.date(2026, 3, 17))

    row = calling.invite(
        row.pk, by=actors.director, survey_at=at(3, 17, 9, 30), survey_place="南门", meets_at=at(3, 17, 14, 30),
        meeting_place="会商室",
    )
    clock.to(at(3, 17, 9, 30))
    calling.open_survey(row.pk, by=actors.director)
    survey.sign_in(row.token, by=of("housing"))
    survey.confirm(unit(row, "housing").pk, by=of("housing"), ticked=answers(row, "housing"))
    calling.begin_meeting(row.pk, by=actors.director, note="场地平整")
    minutes.sign_minutes(row.pk, by=actors.director, text=minutes.draft_minutes(factories.fresh(row)))
    assert due(consultation_waiting, project) == ("作出", "一次性告知", dt.date(2026, 3, 18))
    told = service_plan.tell_plan(ServicePlan.objects.get(consultation=row).pk, by=actors.director, edit=0)
    assert timing.business_day(told.told_at) == dt.date(2026, 3, 17)


#: The limits of this path are of its own and not those of the catalogue; review and permit wait for drawings and bids.
ORIGIN = dt.date(2026, 3, 23)
BEGAN = {"review": dt.date(2026, 4, 17), "permit": dt.date(2026, 5, 18)}


def golden(*, piling):
    rows = [
        Row("scheme", 1, 1, "", 15, 15), Row("review", 1, 2, "", 15, 15, ("scheme",)),
        Row("permit", 1, 3, "", 3, 3, ("review",), starts_works=True),
    ]
    if piling:
        rows.append(Row("piling", 1, 2, "side", 3, 3, ("scheme",), starts_works=True))
    known = {code: Known(workdays.workdays_between(ORIGIN, day)) for code, day in BEGAN.items()}
    return plan(rows, promise_only=False, known=known)


@pytest.mark.django_db
def test_piling_first_opens_the_site_thirty_four_days_earlier():
    def day(offset):
        return workdays.due_date(ORIGIN, offset)

    on, off = golden(piling=True), golden(piling=False)

    assert {code: str(day(slot.end)) for code, slot in on.slots.items()} == {
        "scheme": "2026-04-14", "piling": "2026-04-17", "review": "2026-05-12", "permit": "2026-05-21",
    }
    assert (str(day(on.works_start)), str(day(off.works_start))) == ("2026-04-17", "2026-05-21")
    assert (day(off.works_start) - day(on.works_start)).days == 34
    assert on.total == off.total


# The permit half and the acceptance: one project, by the services, each matter decided on its last day -----------------

#: The path was computed with the limits of 唐山 of 2019, which are not those of the catalogue: file, row, column, value.
LIMITS = (
    ("package_matters.tsv", "soc-factory/design-scheme", "days_override", "15"),
    ("package_matters.tsv", "gov-general/design-scheme", "days_override", "10"),
    ("package_matters.tsv", "soc-factory/pile-permit", "days_override", "3"),
    ("living_permits.tsv", "pile-first", "months", "2"),
    ("package_matters.tsv", "soc-factory/drawing-review", "days_override", "15"),
    ("package_matters.tsv", "soc-factory/construction-permit", "days_override", "3"),
    ("package_matters.tsv", "soc-factory/util-joint", "days_override", "5"),  # of the reply the path says nothing
    ("packages.tsv", "soc-factory", "days_permit", "8"), ("packages.tsv", "soc-factory", "total_days", "19"),
    ("packages.tsv", "gov-general", "days_permit", "22"), ("packages.tsv", "gov-general", "total_days", "48"),
    ("utility_terms.tsv", "survey", "days", "3"),
    ("acceptance_terms.tsv", "*/survey", "value", "7"),
    ("acceptance_terms.tsv", "soc-factory/papers", "value", "4"),
    ("acceptance_terms.tsv", "soc-factory/site", "value", "3"),
)


@pytest.fixture
def limits(folder, clock, monkeypatch):
    """The catalogue with the limits of the path: as files, and as new versions of its matters."""
    for file, row, column, value in LIMITS:
        folder(file, row, column, value, keys=row.count("/") + 1)
    clock.to(at(3, 2))
    for module in (utility_data, living_data):
        monkeypatch.setattr(module, "CATALOG", folder.path)
    read = (utility_data._rows, living_data.permit_kinds)
    for one in read:
        one.cache_clear()
    load_catalogue(folder.path)
    yield
    for one in read:
        one.cache_clear()


def forced(project, *codes, stage=""):
    """What lies before a matter of the path, and is not on it, stands granted."""
    found = MatterCase.objects.filter(project=project, state="draft")
    found = found.filter(stage=stage) if stage else found.filter(matter__matter__code__in=codes)
    found.update(state="decided_pass", decided_at=timing.now())


class Path:
    """A project on its way, and what the portal says of its days to the director of its centre."""

    def __init__(self, actors, client, clock, project):
        self.actors, self.client, self.clock, self.project = actors, client, clock, project
        client.force_login(actors.director)

    def why(self, clock):
        """The page "why this date": the due day, and the working days used and over the limit so far."""
        page = self.client.get(reverse("projects:clock", args=[clock.pk]))
        reading = page.context["explained"].reading
        assert f"<h1>为什么是{timing.spoken(reading.due_on)}</h1>" in page.content.decode()
        return str(reading.due_on), reading.used, reading.overdue

    def ledger(self, clock):
        """The ledger of time on that page, in working days."""
        return self.client.get(reverse("projects:clock", args=[clock.pk])).context["ledger"]

    def accepted(self, code):
        """Accept a matter today; return its case and the day that page, list and 受理通知书 say."""
        [case] = factories.accepted(self.project, [code], self.actors)
        factories.drain()
        case = factories.make_case(self.project, code)
        due = self.why(case.promised_clock)[0]
        notice = Paper.objects.get(subject_key=str(case.pk), kind="acceptance_notice")
        assert notice.content["gist"]["when"] == f"{timing.written(case.due_on)}前作出决定"
        assert str(case.due_on) == due
        return case, due

    def granted(self, case):
        """Decide a case today; return the days used and whether it was late."""
        factories.decide(case)
        case = factories.fresh(case)
        assert case.state == "decided_pass"
        assert self.why(case.promised_clock)[1:] == (case.used_days, case.is_overdue)
        return case.used_days, case.is_overdue


def reviewed(case):
    factories.answer_all(case)
    factories.merge(case)


def scheme(path, *, last):
    """方案联审, accepted on 03-23: the departments answer in time, the chief decides on the last day."""
    path.clock.to(at(3, 23))
    case, due = path.accepted("design-scheme")
    path.clock.to(at(3, 26))
    reviewed(case)
    path.clock.to(last)
    return due, path.granted(case)


#: What has to be granted before a scheme is reviewed, and is not on the path.
BEFORE_SCHEME = ("agency-survey", "agency-design", "bid-design", "gov-prelim")
#: The plant of the planning half with a scheme and drawings to be reviewed, and piles that go first.
PILES_FIRST = {
    "design_with_land": "no", "piling_first": "yes", "drawing_review": "full", "scenic_area": "no", "lightning_study": "no",
}


@pytest.mark.slow
def test_the_scheme_of_a_government_project_takes_ten_days(actors, client, clock, limits):
    project = factories.enrolled_project(actors, "G1")
    forced(project, stage="planning")
    forced(project, *BEFORE_SCHEME)
    assert scheme(Path(actors, client, clock, project), last=at(4, 7, 17)) == ("2026-04-07", (10, False))


@pytest.mark.slow
def test_the_permit_half_to_the_acceptance_every_day_is_that_of_the_golden_path(actors, client, clock, limits):
    project = factories.enrolled_project(actors, "S2", **PILES_FIRST)
    forced(project, stage="planning")
    forced(project, *BEFORE_SCHEME)
    path = Path(actors, client, clock, project)
    assert scheme(path, last=at(4, 14)) == ("2026-04-14", (15, False))
    permit = piles_are_permitted(path)
    drawings = drawings_are_handed_in(path)
    lines_are_surveyed(path)
    drawings_are_reviewed(path, drawings)
    works_are_permitted(path, permit)
    works = WorkUnit.objects.get(project=project)
    works_are_measured(path, works)
    works_are_accepted(path, works)


def piles_are_permitted(path):
    case, due = path.accepted("pile-permit")
    reviewed(case)
    path.clock.to(at(4, 17))
    assert (due, path.granted(case)) == ("2026-04-17", (3, False))
    permit = ConditionalPermit.objects.get(project=path.project)
    assert (str(permit.valid_from), str(permit.valid_until)) == ("2026-04-17", "2026-06-17")
    assert str(permit.paper.valid_until) == "2026-06-17"
    assert "有效期自2026年4月17日至2026年6月17日" in "".join(permit.paper.content["paragraphs"])
    return permit


def drawings_are_handed_in(path):
    designer = factories.lead_of(factories.designer_of(path.project))
    drawing_review.upload_drawings(path.project.pk, by=designer, uploaded=factories.pdf("施工图.pdf", "第一版"))
    case, due = path.accepted("drawing-review")
    assert due == "2026-05-12"
    return case


def lines_are_surveyed(path):
    path.clock.to(at(4, 20))
    owner, clerk = path.actors.owner, path.actors.clerk
    needs = {"water": "60", "power": "1200", "telecom": "40"}
    joint = utilities.register_request(path.project.pk, by=owner, needs=needs, site="经开区纬三路")
    utilities.accept_request(joint.pk, by=clerk)
    page = path.client.get(reverse("packages:utilities", args=[joint.pk]))
    assert '<dt>踏勘</dt><dd>待约定<br><span class="small soft">最迟 04-23</span>' in page.content.decode()
    utilities.appoint_survey(joint.pk, by=clerk, on=dt.date(2026, 4, 23), place="项目南门")
    path.clock.to(at(4, 23))
    seen = {code: Seen(True, "张工", "管线已到路口") for code in needs}
    utilities.record_survey(joint.pk, by=clerk, on=timing.today(), note="现场一致", seen=seen)
    for code in needs:
        answer(joint, code)
    assert utilities.send_reply(joint.pk, by=clerk).case.used_days == 3
    for line in UtilityLine.objects.filter(request=joint).select_related("body"):
        if line.state == "asked":
            utilities.confirm_quote(line.pk, by=owner, agrees=True)
        utility_works.confirm_connected(line.pk, by=body(line.body.code), on=timing.today())


def drawings_are_reviewed(path, case):
    review = DrawingReview.objects.get(case=case)
    assert review.sets.count() == 1, "the drawings of the piles were not the set"
    path.clock.to(at(4, 24))
    say(review)
    assert path.why(factories.fresh(review).clock)[0] == "2026-05-12"
    opinion(review, path.actors)
    path.clock.to(at(5, 12))
    drawing_handling.handle(review.pk, by=path.actors.chief, result="qualified", text="")
    case = factories.fresh(case)
    assert (case.state, case.used_days, case.is_overdue) == ("decided_pass", 15, False)


def works_are_permitted(path, permit):
    path.clock.to(at(5, 18))
    forced(path.project, "plan-permit", "civil-defence")
    case, due = path.accepted("construction-permit")
    reviewed(case)
    close_inspections(path.project)
    path.clock.to(at(5, 21))
    assert (due, path.granted(case)) == ("2026-05-21", (3, False))
    assert factories.fresh(permit).state == "converted"


def works_are_measured(path, works):
    path.clock.to(at(9, 1))
    forced(path.project, stage="permit")
    as_built.record_buildings(works.pk, by=path.actors.clerk, rows=[{"name": A, "area": Decimal(23000), "floors": 2}])
    made = as_built.commission_survey(works.pk, by=path.actors.owner, uscc=USCC, name="高平测绘有限公司")
    assert path.why(made.clock)[0] == "2026-09-10"
    path.clock.to(at(9, 10))
    as_built.hand_in_survey(
        made.pk, by=path.actors.owner, surveyed_on=timing.today(), total_area=Decimal(23100), uploaded=factories.pdf("测绘.pdf", "报告"),
        rows=[measured(A, "23100", "0", "23100")],
    )
    assert path.why(made.clock)[1:] == (7, False)
    as_built.share_survey(made.pk, by=path.actors.clerk)


def works_are_accepted(path, works):
    """On 10-08; or, where something is to be put right, on 10-12: the days of the owner do not count."""
    path.clock.to(at(9, 18))
    forced(path.project, "agency-fire-test", "joint-inspect")
    walk = Walk(works, path.actors)
    walk.until("visit")
    factories.drain()
    clock = walk.acceptance.clock
    assert path.why(clock)[0] == "2026-10-08"
    with undone():  # nothing to put right
        walk.visit()
        walk.record(faulty=0)
        walk.list()
        path.clock.to(at(10, 8))
        walk.conclude()
        assert path.why(clock) == ("2026-10-08", 9, False)
        assert path.ledger(clock) == {"government": 9, "applicant": 0, "special": 0, "intermediary": 0}
    path.clock.to(at(9, 23))
    walk.visit()
    walk.record()
    walk.list()
    assert str(rectification_due(walk.acceptance)) == "2026-09-29"
    path.clock.to(at(9, 29))
    walk.answer()
    walk.rectified()
    assert path.why(clock)[0] == "2026-10-12"
    walk.recheck()
    path.clock.to(at(10, 12))
    walk.conclude()
    assert path.why(clock) == ("2026-10-12", 9, False)
    assert path.ledger(clock) == {"government": 9, "applicant": 3, "special": 0, "intermediary": 0}


@contextlib.contextmanager
def undone():
    """What is written in here is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
