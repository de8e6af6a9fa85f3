"""One form, one acceptance, one survey, one reply; one utility that fails does not stop the others (handbook §9)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Document, Paper
from packages.models import Fee, MatterCase, UtilityLine
from packages.screens.utilities import utility_page
from packages.services import fees, utilities, utility_works
from packages.services.utilities import Quoted, Seen
from packages.utility_providers import case_lines, utility_waiting
from projects import owing, timing, workdays
from projects.clocks import read_clock, time_ledger
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from projects.states import Role
from projects.waiting import waiting_on
from tests import factories
from tests.oracles.waiting_oracle import due

pytestmark = pytest.mark.django_db
NEEDS = {"water": "60", "power": "1200", "telecom": "40"}
METER = [Quoted("水表及安装", "inside", Decimal("2"), "套", Decimal("1250.50"))]


def body(code):
    return factories.official(code, Role.REVIEWER)


def registered(project, actors, needs=NEEDS, **more):
    return utilities.register_request(project.pk, by=actors.owner, needs=needs, site="经开区纬三路", **more)


def surveyed(project, actors, needs=NEEDS, absent=()):
    joint = registered(project, actors, needs)
    utilities.accept_request(joint.pk, by=actors.clerk)
    utilities.appoint_survey(joint.pk, by=actors.clerk, on=timing.today(), place="项目南门")
    seen = {code: Seen(code not in absent, "张工", "管线已到路口") for code in needs}
    return utilities.record_survey(joint.pk, by=actors.clerk, on=timing.today(), note="现场一致", seen=seen)


def line(joint, code):
    return UtilityLine.objects.select_related("clock", "request", "body").get(request=joint, code=code)


def answer(joint, code, items=(), **more):
    row = line(joint, code)
    return utilities.answer_line(
        row.pk, by=body(row.body.code), access_point="纬三路检查井", scheme="就近接入", items=list(items), **more
    )


def states(joint):
    return dict(UtilityLine.objects.filter(request=joint).values_list("code", "state"))


def case(project, code):
    return MatterCase.objects.filter(project=project, matter__matter__code=code).order_by("-pk").first()


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code


def waits(project):
    return sorted((w.role, w.verb, w.what, w.due_on) for w in utility_waiting([factories.fresh(project)]))


ROLES = {
    "registered": ("行政审批局窗口", "受理", ""), "accepted": ("行政审批局窗口", "约定", "的联合踏勘"),
    "survey": ("行政审批局窗口", "组织", "的联合踏勘"), "asked": ("建设单位", "确认", "的接入方案和报价"),
}


def oracle(joint):
    """On whom each open line waits, from the raw rows."""
    told = {}
    for row in UtilityLine.objects.filter(request=joint).exclude(state__in=["connected", "out"]).order_by("order"):
        words = ROLES.get(row.state)
        if row.state == "answering":
            words = ("行政审批局窗口", "发出", "的一次答复") if row.answered_at else (row.body.label, "答复", "的接入方案")
        if row.state == "works":
            own = row.owner_works and not row.owner_done_on
            words = ("建设单位", "完成", "的红线内自建") if own else (row.body.label, "完成", "的外线施工")
        words = words or (row.body.label, "约定" if row.state == "ready" else "完成", "的接入")
        told.setdefault(words, []).append(row)
    found = []
    for (role, verb, what), rows in told.items():
        days = [due(row.clock_id, timing.today()) for row in rows if row.clock_id]
        day = min(day for day in days) if days and role != "建设单位" else None
        found.append((role, verb, f"{'、'.join(row.name for row in rows)}报装{what}", day))
    return sorted(found)


def agree(project, joint):
    mine = waits(project)
    assert [row[:3] for row in mine] == [row[:3] for row in oracle(joint)]
    assert waiting_on(factories.fresh(project))


@pytest.mark.slow
def test_the_joint_application_is_walked_to_the_end(clock, factory, actors):
    joint = is_accepted_once_for_all(factory, actors)
    is_surveyed_together(clock, factory, joint, actors)
    gets_one_reply(factory, joint, actors)
    is_quoted_until_the_owner_agrees(factory, joint, actors)
    is_built_on_the_time_of_whoever_builds(clock, factory, joint, actors)
    is_connected_line_by_line(factory, joint, actors)


def is_accepted_once_for_all(project, actors):
    joint = registered(project, actors, wanted_on=dt.date(2027, 3, 1))
    assert registered(project, actors).pk == joint.pk
    agree(project, joint)
    with pytest.raises(NotAllowed):
        utilities.accept_request(joint.pk, by=actors.owner)
    utilities.accept_request(joint.pk, by=actors.clerk)
    joint = utilities.accept_request(joint.pk, by=actors.clerk)
    agree(project, joint)
    assert Paper.objects.filter(project=project, kind="utility_receipt").count() == 1
    assert (case(project, "util-joint").state, case(project, "util-water").state) == ("in_review", "in_review")
    codes = Event.objects.filter(project=project, subject_key=str(joint.case_id), kind="case.utility_moved")
    assert list(codes.order_by("seq").values_list("status_code", flat=True)) == [1, 3, 8]
    assert (line(joint, "water").steps, line(joint, "water").limit) == (1, 6)
    assert line(joint, "water").clock.due_on == workdays.due_date(timing.today(), 6)
    assert joint.clock.due_on == workdays.due_date(timing.today(), joint.case.promised_days)
    told = {one.due_on for one in utility_page(joint, actors.clerk).waiting if one.clock_id}  # each day says why
    assert told == {one.due_on for one in utility_page(joint, actors.clerk).waiting} != {None}
    return joint


def is_surveyed_together(clock, project, joint, actors):
    refused("survey_day", utilities.appoint_survey, joint.pk, by=actors.clerk, on=dt.date(2026, 10, 30), place="南门")
    utilities.appoint_survey(joint.pk, by=actors.clerk, on=dt.date(2026, 11, 3), place="南门")
    agree(project, joint)
    seen = {code: Seen(code != "telecom", "张工", "可接入") for code in NEEDS}
    refused("future", utilities.record_survey, joint.pk, by=actors.clerk, on=dt.date(2026, 11, 3), note="", seen=seen)
    clock.to(dt.datetime(2026, 11, 3, 9, tzinfo=timing.BUSINESS_ZONE))
    refused("nobody", utilities.record_survey, joint.pk, by=actors.clerk, on=timing.today(), note="", seen={})
    utilities.record_survey(joint.pk, by=actors.clerk, on=timing.today(), note="一致", seen=seen)
    assert (line(joint, "telecom").came, line(joint, "water").came) == (False, True)
    agree(project, joint)


def gets_one_reply(project, joint, actors):
    refused("nothing_to_send", utilities.send_reply, joint.pk, by=actors.clerk)
    with pytest.raises(NotAllowed):
        utilities.answer_line(line(joint, "water").pk, by=body("power-company"), access_point="井", scheme="接", items=[])
    answer(joint, "water")
    answer(joint, "power", METER, has_outside_works=True, owner_works="配电室土建")
    agree(project, joint)
    utilities.send_reply(joint.pk, by=actors.clerk)
    # telecom has not answered and holds nobody; water is one step without a charge and asks nothing
    assert states(joint) == {"water": "ready", "power": "asked", "telecom": "answering"}
    assert case(project, "util-joint").state == "in_review"
    paper = Paper.objects.get(project=project, kind="utility_reply")
    assert ["供电", "水表及安装", "红线内", "2 套", "1250.50", "2501.00"] in paper.content["table"]["rows"]
    assert any("尚未答复" in text and "通信" in text for text in paper.content["paragraphs"])
    agree(project, joint)
    waits_of = {pk: told.verb for pk, told in case_lines([case(project, "util-joint"), case(project, "util-power")]).items()}
    assert waits_of == {case(project, "util-joint").pk: "答复", case(project, "util-power").pk: "确认"}


def is_quoted_until_the_owner_agrees(project, joint, actors):
    power = line(joint, "power")
    with pytest.raises(NotAllowed):
        utilities.confirm_quote(power.pk, by=actors.clerk, agrees=True)
    refused("objection", utilities.confirm_quote, power.pk, by=actors.owner, agrees=False)
    utilities.confirm_quote(power.pk, by=actors.owner, agrees=False, note="单价偏高")
    assert (line(joint, "power").state, line(joint, "power").total) == ("answering", None)
    answer(joint, "power", METER, has_outside_works=True, owner_works="配电室土建")
    answer(joint, "telecom")
    utilities.send_reply(joint.pk, by=actors.clerk)
    assert (case(project, "util-joint").state, states(joint)["telecom"]) == ("decided_pass", "ready")
    assert [d.chip for d in owing.debts_of(actors.owner, [project])[project.pk] if d.chip == "待确认"] == ["待确认"]


def is_built_on_the_time_of_whoever_builds(clock, project, joint, actors):
    power = line(joint, "power")
    clock.to(dt.datetime(2026, 11, 5, 9, tzinfo=timing.BUSINESS_ZONE))
    utilities.confirm_quote(power.pk, by=actors.owner, agrees=True)
    utilities.confirm_quote(power.pk, by=actors.owner, agrees=True)
    # what stands for the enterprise has no day that could run out, neither in the list nor in its light
    assert (case(project, "util-power").due_on, case(project, "util-power").yellow_on) == (None, None)
    fee = Fee.objects.get(line=power)
    assert (fee.state, fee.amount, fee.payee.code, Fee.objects.count()) == ("due", Decimal("2501.00"), "power-company", 1)
    assert states(joint)["power"] == "works"
    agree(project, joint)
    clock.to(dt.datetime(2026, 11, 9, 9, tzinfo=timing.BUSINESS_ZONE))
    utility_works.report_own_works(power.pk, by=actors.owner, on=timing.today())
    agree(project, joint)
    clock.to(dt.datetime(2026, 11, 11, 9, tzinfo=timing.BUSINESS_ZONE))
    utility_works.finish_works(power.pk, by=body("power-company"), on=timing.today())
    # the owner's days (confirming, building) are the owner's, those of the works outside count for nobody
    assert time_ledger(line(joint, "power").clock) == {"government": 1, "applicant": 4, "special": 2, "intermediary": 0}
    running = line(joint, "power").clock
    assert read_clock(running).used == 1
    assert (case(project, "util-power").due_on, running.state) == (running.due_on, "running")
    agree(project, joint)


def is_connected_line_by_line(project, joint, actors):
    power = line(joint, "power")
    utility_works.fix_connection(power.pk, by=body("power-company"), on=dt.date(2026, 11, 12))
    agree(project, joint)
    water = line(joint, "water")
    utility_works.confirm_connected(water.pk, by=body("water-company"), on=timing.today())
    utility_works.confirm_connected(water.pk, by=body("water-company"), on=timing.today())
    assert (case(project, "util-water").state, case(project, "util-power").state) == ("decided_pass", "in_review")
    connected = Paper.objects.get(project=project, kind="utility_connected")
    assert Document.objects.get(pk=connected.document_id).kind.slug == "util-water"
    utility_works.leave_line(line(joint, "telecom").pk, by=actors.owner, reason="暂不需要")
    assert (case(project, "util-telecom").state, case(project, "util-telecom").handling) == ("draft", "outside")
    utility_works.confirm_connected(power.pk, by=body("power-company"), on=timing.today())
    joint.refresh_from_db()
    assert (joint.state, states(joint)) == ("closed", {"water": "connected", "power": "connected", "telecom": "out"})
    assert waits(project) == []


def test_what_is_keyed_in_later_keeps_its_moment_and_spares_the_utility_no_day(clock, factory, actors):
    joint = surveyed(factory, actors, {"water": "60"})
    water, worker = line(joint, "water"), body("water-company")
    answer(joint, "water")
    utilities.send_reply(joint.pk, by=actors.clerk)
    flowed = timing.now() + dt.timedelta(hours=2)
    clock.to(flowed + dt.timedelta(days=7))
    refused("time_order", utility_works.confirm_connected, water.pk, by=worker, on=flowed.date(), at=flowed - dt.timedelta(days=9))
    refused("future", utility_works.confirm_connected, water.pk, by=worker, on=timing.today(), at=flowed)
    reader = Client()
    reader.force_login(worker)
    url = reverse("packages:utility_connect", args=[water.pk])
    posted = {"on": str(flowed.date()), "happened_at": f"{flowed.astimezone(timing.BUSINESS_ZONE):%Y-%m-%dT%H:%M}"}
    assert reader.post(url, posted).status_code == 302
    water, told = line(joint, "water"), Event.objects.get(summary__contains="接通", kind="utility.moved")
    assert (water.connected_on, told.happened_at, told.late_days) == (flowed.date(), flowed, 5)
    assert (water.clock.state, read_clock(water.clock).used) == ("stopped", 5)


@pytest.mark.slow
def test_the_list_of_lines_costs_the_same_for_one_and_for_many(clock, factory, actors):
    registered(factory, actors, {"water": "1"})
    reader, counts = Client(), []
    reader.force_login(actors.clerk)
    for project in (None, *(factories.enrolled_project(actors, "S2") for _ in range(4))):
        if project is not None:
            registered(project, actors)
        with CaptureQueriesContext(connection) as caught:
            page = reader.get(reverse("packages:utility_lines"))
        counts.append((len(caught), len(page.context["page"].rows)))
    assert [rows for _, rows in counts] == [1, 4, 7, 10, 13]
    assert len({queries for queries, _ in counts[1:]}) == 1
    assert counts[-1][0] <= 15
    assert 'href="/utilities/"' in page.content.decode()


def test_a_quote_says_no_charge_that_the_place_does_not_allow_and_temporary_supply_is_water_and_power(
    clock, factory, actors
):
    joint = surveyed(factory, actors, {"water": "60", "drainage": "50"})
    pipe = Quoted("外线管道", "outside", Decimal("30"), "米", Decimal("200"))
    refused("outside_free", answer, joint, "water", [pipe])
    refused("scheme", utilities.answer_line, line(joint, "water").pk, by=body("water-company"), access_point="",
            scheme="", items=[])
    assert line(joint, "water").case_id == line(joint, "drainage").case_id
    refused("temporary", registered, factory, actors, {"gas": "10"}, kind="temporary")
    short = registered(factory, actors, {"water": "20", "power": "200"}, kind="temporary")
    utilities.accept_request(short.pk, by=actors.clerk)
    assert (short.pk != joint.pk, line(short, "power").case) == (True, None)
    refused("needs", registered, factories.enrolled_project(actors, "S2"), actors, {})
    # a utility that cannot supply leaves with its reason, the other of the same matter goes on
    utility_works.leave_line(line(joint, "drainage").pk, by=body("water-company"), reason="无管网")
    assert case(factory, "util-water").state == "in_review"


def client(user):
    found = Client()
    found.force_login(user)
    return found


@pytest.mark.slow
def test_the_owner_sees_and_confirms_a_quote_that_everybody_concerned_sees(clock, factory, actors):
    joint = surveyed(factory, actors)
    answer(joint, "power", METER)
    utilities.send_reply(joint.pk, by=actors.clerk)
    owner, reviewer = client(actors.owner), client(body("power-company"))
    page = owner.get(reverse("packages:utilities", args=[joint.pk]))
    assert "确认方案和报价" in page.content.decode()
    waits = sorted(utility_waiting([factories.fresh(joint.project)]), key=lambda one: one.sort_key)
    assert [one.sentence for one in page.context["page"].waiting] == [one.sentence for one in waits]
    assert "2501.00" in reviewer.get(reverse("packages:utilities", args=[joint.pk])).content.decode()
    assert factory.name in reviewer.get(reverse("packages:utility_lines")).content.decode()
    confirm = reverse("packages:utility_confirm", args=[line(joint, "power").pk])
    assert "2501.00" in owner.get(confirm).content.decode()
    assert owner.post(confirm, {"agrees": "yes"}).status_code == 302
    assert states(joint)["power"] == "ready"
    detail = owner.get(reverse("projects:detail", args=[factory.pk])).content.decode()
    assert "报装、招标、中介、收费" in detail
    assert "供电接入工程费" in owner.get(reverse("packages:fees", args=[factory.pk])).content.decode()
    new = reverse("packages:utility_new", args=[factory.pk])
    assert owner.get(new).status_code == 200
    assert owner.post(new, {"kind": "temporary", "site": "工地", "need_water": "5"}).status_code == 302
    assert fees.FREE.endswith("收费清单。")


def test_the_window_alone_is_shown_that_it_accepts(clock, factory, actors):
    joint = registered(factory, actors)
    assert [act.label for act in utility_page(joint, actors.owner).acts] == []
    assert [(act.label, act.verdict.ok) for act in utility_page(joint, actors.clerk).acts] == [("受理全部", True)]


def test_a_utility_answers_by_form_and_the_clerk_sends_the_one_reply(clock, factory, actors):
    joint = surveyed(factory, actors)
    telecom = line(joint, "telecom")
    fields = {"access_point": "井", "scheme": "接入", "outside": "no", "name_1": "光缆", "side_1": "inside",
              "quantity_1": "10", "unit_1": "米", "price_1": "3.10"}
    fibre = client(body("telecom"))
    url = reverse("packages:utility_answer", args=[telecom.pk])
    more = {f"side_{n}": "inside" for n in range(2, 7)}
    assert fibre.post(url, fields | more | {"price_1": ""}).status_code == 200
    assert fibre.post(url, fields | more).status_code == 302
    assert line(joint, "telecom").total == Decimal("31.00")
    clerk = client(actors.clerk)
    assert clerk.get(reverse("packages:case", args=[joint.case_id])).status_code == 200
    assert clerk.get(reverse("packages:desk")).status_code == 200
    assert utility_page(joint, actors.clerk).acts[0].label == "发出一次答复"
