"""信用档案: records come from events by the rules of their day, the grade feeds others, nobody is listed unheard (handbook §14)."""

import datetime as dt
from importlib import import_module

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import reverse

from archives.models import Paper
from packages.screens.credit import open_work
from packages.services.committing import check_rate
from projects import credit, credit_data, timing
from projects.errors import DomainError, NotAllowed
from projects.events import record, verify_chain
from projects.models import CreditListing, CreditRecord, Organisation, Party, Region, User
from projects.services import credit as service
from projects.states import Role
from projects.tasks import sweep_credit
from tests import factories

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)


@pytest.fixture
def clock():
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    return kept_actors


@pytest.fixture
def project(actors):
    return factories.make_project(actors)


def happen(project, kind, by=None, **data):
    with transaction.atomic():
        event = record(kind, subject=project, project=project, by=by, summary="发生", data=data)
    factories.drain()
    return event


def conduct(project, actors, rule="false-material", **more):
    given = {"detail": "报告系伪造", "basis": "认定书〔2026〕1号", "happened_on": timing.today(), "project_id": project.pk}
    return service.record_conduct(project.owner_id, by=actors.reviewer, rule=rule, **{**given, **more})


@pytest.mark.parametrize("term", [{}, {"giver": "chief"}], ids=["for a term", "for somebody else"])
def test_who_holds_the_post_for_a_term_or_for_another_proposes_in_the_name_of_the_body(project, actors, term):
    found = conduct(project, actors)
    giver = {name: getattr(actors, who) for name, who in term.items()}
    actors.reviewer.memberships.update(until=timing.today() + dt.timedelta(days=30), reason="借调", **giver)
    row = service.propose_listing(found.pk, by=fresh(actors.reviewer), reason="伪造检测报告", basis="认定书")
    assert row.source == actors.reviewer.memberships.get().organisation
    again = conduct(project, actors, detail="又一份报告系伪造")
    assert again.source == row.source


def fresh(user):
    return User.objects.get(pk=user.pk)


def grade(project):
    return credit.grade_of(project.owner_id, timing.today())


def told(project, actors):
    chief = factories.official("housing", Role.CHIEF)
    row = service.propose_listing(conduct(project, actors).pk, by=actors.reviewer, reason="伪造检测报告", basis="认定书")
    return service.tell_listing(row.pk, by=chief)


def listed(project, actors):
    row = told(project, actors)
    service.plead(row.pk, by=actors.owner, plea="系中介所为")
    return service.decide_listing(row.pk, by=actors.director, enters=True, note="陈述不足以免责")


def waits(person):
    return [(one.role, one.verb, one.what, one.due_on) for _, one in open_work(person)]


def test_events_become_records_by_rules_and_the_grade_follows_and_decays(project, actors, clock):
    assert grade(project) == ""
    event = happen(project, "commitment.checked", result="kept")
    happen(project, "commitment.checked", result="late")
    assert grade(project) == "B"
    for _ in range(2):
        happen(project, "deferral.late")
    happen(project, "commitment.checked", result="breached")
    assert service.follow_event(event.pk) == []
    rows = CreditRecord.objects.order_by("pk")
    assert list(rows.values_list("rule", "kind", "severity", "points")) == [
        ("kept", "good", "", 5), ("deferral-late", "bad", "C", -10), ("deferral-late", "bad", "C", -10),
        ("breach", "bad", "B", -20),
    ]
    assert grade(project) == "D"
    clock.by(days=400)
    assert grade(project) == "C"
    clock.by(days=400)
    assert grade(project) == ""
    assert verify_chain(f"organisation:{project.owner_id}") is None


@pytest.mark.parametrize(("kind", "data", "of_owner", "of_builder"), [
    ("permit.stop_check", {}, ("works-after-lapse", "B", -20), None), ("inspection.refused", {}, ("refused-visit", "C", -10), None),
    ("acceptance.make_up_late", {}, ("make-up-late", "C", -10), None),
    ("inspection.escalated", {}, ("rectify-late", "C", -10), ("rectify-late-builder", "C", -10)),
    ("inspection.closed", {"clean": "yes"}, ("clean", "", 5), ("clean-builder", "", 5)), ("inspection.closed", {"clean": "no"}, None, None),
])
def test_each_happening_counts_for_whom_its_rule_names(project, actors, kind, data, of_owner, of_builder):
    Party.objects.create(project=project, organisation=actors.other_body, role=2)
    with transaction.atomic():
        event = record(kind, subject=project, project=project, by=None, summary="发生", data=data)
    service.follow_event(event.pk)
    found = {row.organisation_id: (row.rule, row.severity, row.points) for row in CreditRecord.objects.all()}
    whose = {project.owner_id: of_owner, actors.other_body.pk: of_builder}
    assert found == {body: row for body, row in whose.items() if row}


def test_the_lowest_grade_is_refused_commitments_and_nothing_else(project, actors):
    day = timing.today()
    assert credit.refusal(project.owner_id, "commitment", day) == ""
    conduct(project, actors)
    assert credit.refusal(project.owner_id, "commitment", day) == "信用等级 D 的单位不适用告知承诺，请提交材料"
    assert (credit.refusal(project.owner_id, "deferral", day), credit.refusal(actors.other_body.pk, "commitment", day)) == ("", "")


def test_what_an_agent_did_is_kept_and_never_scores(project, actors):
    happen(project, "deferral.late", by=actors.agent)
    happen(project, "deferral.late", by_agent=True)
    hand = conduct(project, actors, is_agent=True)
    assert set(CreditRecord.objects.values_list("state", "answer")) == {("excused", service.AGENT_WORDS)}
    assert (hand.state, grade(project)) == ("excused", "")
    happen(project, "deferral.late")
    assert grade(project) == "B"
    mine = CreditRecord.objects.get(state="valid")
    with pytest.raises(NotAllowed):
        service.answer_record(mine.pk, by=actors.agent, holds=False, answer="代办漏报")
    service.answer_record(mine.pk, by=actors.director, holds=False, answer="代办漏报，不计企业分")
    assert grade(project) == ""


def test_an_objection_freezes_a_record_until_it_is_answered(project, actors):
    row = conduct(project, actors)
    assert grade(project) == "D"
    with pytest.raises(NotAllowed):
        service.contest_record(row.pk, by=actors.outsider, objection="不实")
    service.contest_record(row.pk, by=actors.owner, objection="报告真实")
    assert grade(project) == ""
    assert waits(actors.director) == [("中心主任", "核查", f"对记录“{row.name}”的异议", None)]
    assert waits(actors.outsider) == []
    service.answer_record(row.pk, by=actors.director, holds=True, answer="鉴定为伪造")
    assert (factories.fresh(row).state, grade(project)) == ("valid", "D")


def test_nobody_is_listed_unheard_and_the_head_decides(project, actors, clock):
    row = told(project, actors)
    assert (row.state, row.plead_until) == ("told", dt.date(2026, 11, 9))
    assert waits(actors.director) == [("山西泽铸智能装备有限公司", "陈述", "申辩", row.plead_until)]
    with pytest.raises(NotAllowed) as refused:
        service.decide_listing(row.pk, by=actors.director, enters=True, note="属实")
    assert refused.value.message == "陈述申辩期到2026年11月9日，期满或企业陈述后决定。"
    with pytest.raises(NotAllowed):
        service.plead(row.pk, by=actors.outsider, plea="x")
    service.plead(row.pk, by=actors.owner, plea="系中介所为")
    assert waits(actors.director) == [("中心主任", "决定", "是否列入失信名单", None)]
    elsewhere = Organisation.objects.create(
        code="other-centre", name="陵川县行政审批服务管理局", kind="centre", region=Region.objects.get(code="140524")
    )
    for nobody in (actors.reviewer, factories.person("other-director", "外县主任", Role.DIRECTOR, elsewhere)):
        with pytest.raises(NotAllowed) as refused:
            service.decide_listing(row.pk, by=nobody, enters=True, note="属实")
        assert refused.value.message == "列入由项目所在中心的主任决定。"
    row = service.decide_listing(row.pk, by=actors.director, enters=True, note="陈述不足以免责")
    assert (row.state, row.listed_on, service.decide_listing(row.pk, by=actors.director, enters=False, note="x").state) == (
        "listed", timing.today(), "listed",
    )
    factories.drain()
    assert list(Paper.objects.filter(kind__startswith="credit").order_by("pk").values_list("kind", flat=True)) == [
        "credit_notice", "credit_decision",
    ]
    day = timing.today()
    assert credit.refusal(project.owner_id, "deferral", day) == "列入失信名单期间不适用容缺受理，请补齐材料"
    assert credit.refusal(actors.other_body.pk, "deferral", day) == ""
    assert waits(actors.director) == []
    service.object_listing(row.pk, by=actors.owner, objection="认定有误")
    assert waits(actors.owner) == [("中心主任", "处理", "对列入的异议", None)]
    assert credit.refusal(project.owner_id, "deferral", day) == ""
    service.settle_listing(row.pk, by=actors.director, removes=False, note="认定无误")
    with pytest.raises(NotAllowed) as refused:
        service.ask_repair(row.pk, by=actors.owner, note="已整改")
    assert refused.value.message == "列入满 3 个月后可以申请信用修复。"
    clock.by(days=100)
    service.ask_repair(row.pk, by=actors.owner, note="已整改并公开承诺")
    assert service.is_listed(project.owner_id)
    service.settle_listing(row.pk, by=actors.director, removes=True, note="已消除影响")
    assert (factories.fresh(row).state, CreditRecord.objects.get().state, grade(project)) == ("removed", "repaired", "")
    each_answer_stands_beside_what_it_answers(factories.fresh(row), actors.owner)


def each_answer_stands_beside_what_it_answers(row, owner):
    """In its own column, on the paper and on the page; the reason of the decision stays."""
    factories.drain()
    said = [row.decision_note, row.objection_answer, row.repair_answer, row.removal_reason]
    assert said == ["陈述不足以免责", "认定无误", "已消除影响", "已消除影响"]
    paper = Paper.objects.get(kind="credit_removal").content["paragraphs"]
    assert [text for text in paper if "理由" in text or "处理" in text] == [
        "2026年11月2日列入失信名单，列入理由：陈述不足以免责。", "异议处理：认定无误。", "移出理由：已消除影响。",
    ]
    page = Client()
    page.force_login(owner)
    shown = page.get(reverse("packages:credit_listing", args=[row.pk])).content.decode()
    assert [words in shown for words in ("陈述不足以免责", "认定无误", "已消除影响")] == [True, True, True]
    migration = import_module("packages.migrations.0006_credit_answers")
    CreditListing.objects.update(
        decision_note="已消除影响", objection_answer="", repair_answer="", removal_reason=""
    )  # as it stood before the columns were parted
    migration.part(apps, None)
    row = factories.fresh(row)
    assert [row.decision_note, row.objection_answer, row.repair_answer, row.removal_reason] == said


def test_an_objection_that_holds_takes_the_entry_off_and_its_record_out_of_the_count(project, actors):
    row = listed(project, actors)
    service.object_listing(row.pk, by=actors.owner, objection="报告经复核属实")
    service.settle_listing(row.pk, by=actors.director, removes=True, note="列入有误")
    assert (factories.fresh(row).state, CreditRecord.objects.get().state, grade(project)) == ("removed", "excused", "")
    assert credit.refusal(project.owner_id, "deferral", timing.today()) == ""


def test_an_entry_ends_on_its_last_day(project, actors, clock):
    row = listed(project, actors)
    assert grade(project) == "D"
    clock.by(days=1200)
    assert (sweep_credit(), sweep_credit()) == (1, 0)
    row = CreditListing.objects.get()
    assert (row.state, row.decision_note, row.removal_reason) == ("removed", "陈述不足以免责", "列入期限届满")


def test_a_record_of_a_person_is_in_the_archive_and_not_in_the_grade(project, actors):
    person = conduct(project, actors, person_id=actors.owner.pk)
    assert (person.person, grade(project)) == (actors.owner, "")
    with pytest.raises(DomainError):
        conduct(project, actors, person_id=actors.clerk.pk)
    client = Client()
    client.force_login(actors.owner_staff)
    text = client.get(reverse("packages:credit", args=[project.owner_id])).content.decode()
    assert ("郭**" in text, "个人：郭建国" in text) == (True, False)


def test_the_grade_feeds_the_checks_of_commitments_and_the_data_is_dated(project, actors):
    conduct(project, actors)
    enrolled = factories.enrolled_project(actors, "S3")
    case = factories.make_case(enrolled, "construction-permit")
    assert check_rate(case, timing.today()) == ("D", 100)
    assert credit_data.rules(dt.date(2019, 1, 1)) == []
