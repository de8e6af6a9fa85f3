"""Permits for a part or for a time and letters in lieu: remind, convert without a paper twice, lapse, and are stopped."""

import datetime as dt
from dataclasses import replace

import icalendar
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Paper
from archives.services.public import public_view
from packages import living_data
from packages.living_data import permit_kind
from packages.living_providers import living_waiting
from packages.models import CalendarFeed, ConditionalPermit, Letter, MaterialItem, MatterCase
from packages.screens.living import calendar_page, letter_page, permit_page
from packages.services import conditional, feeds, letters, living
from packages.services.intake import accept_case
from packages.tasks import sweep_conditional
from projects import owing, timing, workdays
from projects.errors import DomainError, NotAllowed
from projects.living import living_papers
from projects.models import Event, IssueItem, JobRun, Project
from projects.services.involvement import involve
from projects.states import InvolvementRole, Role
from projects.waiting import waiting_on
from tests import factories
from tests.oracles import living_oracle

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
BEFORE = ("land-preexam", "ent-filing", "ent-approval", "design-scheme", "gov-prelim", "agency-survey", "agency-design",
          "bid-design")
BEFORE_FORMAL = ("plan-permit", "drawing-review", "fire-design", "civil-defence", "bid-construct")
UNTIL = dt.date(2027, 1, 2)


def force(project, *codes):
    """Let matters stand granted that are not what is tested here."""
    MatterCase.objects.filter(project=project, matter__matter__code__in=codes).update(
        state="decided_pass", decided_at=timing.now()
    )


def piling(actors, **changes):
    """A housing project that begins with its piles, with what comes before them granted."""
    project = factories.enrolled_project(actors, "A4", **changes)
    force(project, *BEFORE)
    return project


def with_letter(actors):
    project = piling(actors)
    factories.pass_matter(project, "letter-cert", actors)
    return project, Letter.objects.get(project=project)


def with_permit(actors):
    """The piles may be driven: the letter carries the land papers."""
    project, _ = with_letter(actors)
    factories.pass_matter(project, "pile-permit", actors)
    return project, ConditionalPermit.objects.get(project=project)


def inspector():
    return factories.official("housing", Role.REVIEWER)


def kinds_of(living_paper):
    found = Event.objects.filter(subject_type=living_paper._meta.label, subject_key=str(living_paper.pk))
    return list(found.order_by("seq").values_list("kind", flat=True))


def roles(project):
    """Whom the project's permits and letters wait for; the oracle says the same."""
    told = sorted(((w.role, w.verb, w.what, w.due_on) for w in living_waiting([factories.fresh(project)])), key=repr)
    assert told == living_oracle.living(project.pk)
    return [(line.role, line.verb, line.what, line.due_on) for line in waiting_on(factories.fresh(project))
            if line.url.startswith(("/permits/", "/letters/"))]


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code
    return error.value.message


def test_piling_first_is_granted_reminded_inspected_and_converted(clock, actors):
    project, permit = with_permit(actors)
    assert (permit.name, permit.phase, permit.is_works, permit.scope, permit.supervisor.code, permit.formal) == (
        "施工许可证（桩基阶段）", 1, True, "土方开挖、基坑支护和桩基施工", "housing", ["construction-permit"],
    )
    assert (permit.valid_from, permit.valid_until, permit.state) == (dt.date(2026, 11, 2), UNTIL, "issued")
    paper = permit.paper
    assert (paper.valid_until, paper.is_public, paper.document.valid_until) == (UNTIL, True, UNTIL)
    assert "许可范围：土方开挖、基坑支护和桩基施工。不得进行地下室和主体结构施工。" in paper.content["paragraphs"]
    line = MaterialItem.objects.get(case=permit.case, kind__slug="letter-cert")
    assert (line.state, line.document, line.note[:12]) == (
        "letter", Letter.objects.get(project=project).paper.document, "以函代证：用地规划意见函",
    )
    first = public_view(factories.fresh(project))["first"]
    assert [(row["title"], row["on"], row["tone"]) for row in first] == [
        ("施工许可证（桩基阶段）", "有效期至2027年1月2日", "warn"), ("用地规划意见函", "有效期至2027年11月2日", "warn"),
    ]
    assert first[0]["detail"] == "许可范围：土方开挖、基坑支护和桩基施工；不得进行地下室和主体结构施工"
    assert roles(project) == []

    days = {n: workdays.due_date(UNTIL + dt.timedelta(days=1), -n - 1) for n in (15, 5)}
    assert {n: workdays.workdays_between(day, UNTIL) for n, day in days.items()} == {15: 15, 5: 5}
    assert permit.next_on == days[15]
    for day in (days[15] - dt.timedelta(days=1), days[15], days[15], days[5], days[5], UNTIL):
        clock.to(day)
        sweep_conditional()
    permit.refresh_from_db()
    assert (permit.state, permit.warned_days, permit.next_on) == ("warned", 5, UNTIL + dt.timedelta(days=1))
    assert kinds_of(permit) == ["permit.issued", "permit.warned", "permit.warned"]
    assert roles(project) == [("建设单位", "办结", "正式许可（施工许可证（桩基阶段））", UNTIL)]
    assert owed(actors.owner, project) == [("到期", "办结正式许可（施工许可证（桩基阶段））", UNTIL)]

    force(project, *BEFORE_FORMAL)
    formal = factories.in_review(project, "construction-permit", actors)
    awarded = MaterialItem.objects.get(case=formal, kind__slug="award-contract")
    handed_in = MaterialItem.objects.get(case=permit.case, kind__slug="award-contract")
    assert (awarded.state, awarded.document) == ("held", handed_in.document)
    factories.answer_all(formal)
    factories.merge(formal)
    told = refused("phase_inspection", factories.decide, formal)
    assert told.startswith("上一段“施工许可证（桩基阶段）”的检查还没有办结：桩基阶段监督检查")
    with pytest.raises(NotAllowed, match="由监管单位住建局办结"):
        conditional.close_inspection(permit.pk, by=actors.chief, result="合格")
    conditional.close_inspection(permit.pk, by=inspector(), result="桩位偏差 20 厘米", holds=False)
    refused("phase_inspection", factories.decide, formal)
    conditional.close_inspection(permit.pk, by=inspector(), result="已纠偏，合格")
    factories.decide(formal)
    permit.refresh_from_db()
    new = Paper.objects.get(subject_key=str(formal.pk), kind="certificate")
    assert (permit.state, permit.formal_case, permit.formal_paper, permit.next_on) == ("converted", formal, new, None)
    assert (factories.fresh(permit.paper).state, factories.fresh(permit.paper.document).replaced_by) == (
        "replaced", new.document,
    )
    assert roles(project) == []
    assert [row["title"] for row in public_view(factories.fresh(project))["first"]] == ["用地规划意见函"]


def owed(user, project):
    """What the to-dos of the owner say of what runs out or has."""
    debts = owing.debts_of(user, [factories.fresh(project)])[project.pk]
    return [(debt.chip, debt.title, debt.due_on) for debt in debts if debt.chip in {"到期", "停工核查"}]


def test_it_lapses_is_stopped_and_the_supervisor_says_when_it_stands_still(clock, actors):
    project, permit = with_permit(actors)
    clock.to(UNTIL + dt.timedelta(days=9))  # nobody was there for weeks: no late reminder, the lapse at once
    assert sweep_conditional() == 1
    assert sweep_conditional() == 0
    permit.refresh_from_db()
    assert (permit.state, kinds_of(permit)) == ("lapsed", ["permit.issued", "permit.lapsed"])
    notice = Paper.objects.get(kind="lapse_notice", subject_key=str(permit.pk))
    assert notice.content["gist"]["do"] == "立即停止施工，办结正式许可后再开工"
    assert roles(project) == [("住建局", "核查", "“施工许可证（桩基阶段）”失效后是否停工", None)]
    assert public_view(factories.fresh(project))["first"][0] | {"detail": ""} == {
        "title": "施工许可证（桩基阶段）", "detail": "", "on": "有效期至2027年1月2日，已失效", "tone": "bad",
    }
    on = UNTIL + dt.timedelta(days=3)
    with pytest.raises(NotAllowed):
        conditional.report_working(permit.pk, by=actors.clerk, found="塔吊在吊运钢筋", on=on)
    refused("found_on", conditional.report_working, permit.pk, by=inspector(), found="吊运", on=UNTIL)
    for _ in range(2):
        conditional.report_working(permit.pk, by=inspector(), found="塔吊在吊运钢筋", on=on)
    permit.refresh_from_db()
    assert permit.state == "stop_check"
    assert IssueItem.objects.filter(project=project, what__startswith="许可失效后仍在施工").count() == 1
    assert Paper.objects.filter(kind="stop_notice", subject_key=str(permit.pk)).count() == 1
    assert roles(project) == [("建设单位", "停工并答复", "“施工许可证（桩基阶段）”的停工核查", None)]
    assert owed(actors.owner, project) == [("停工核查", "停工并答复“施工许可证（桩基阶段）”的停工核查", None)]
    for _ in range(2):
        conditional.answer_stop(permit.pk, by=actors.owner, answer="塔吊已停，人员撤离")
    with pytest.raises(NotAllowed) as again:  # nothing is taken as told that nobody would read
        conditional.answer_stop(permit.pk, by=actors.owner, answer="另有两台泵车还在")
    assert again.value.message == "答复已经提交，等住建局复核。"
    assert owed(actors.owner, project) == []
    assert roles(project) == [("住建局", "复核", "“施工许可证（桩基阶段）”失效后的停工情况", None)]
    page = permit_page(factories.fresh(permit), actors.owner)
    assert [(one.role, one.verb) for one in page.waiting] == [("住建局", "复核")]
    assert page.events[0].summary == "已答复：许可失效后仍在施工：塔吊在吊运钢筋"
    conditional.close_stop_check(permit.pk, by=inspector(), stands_still=False, note="仍有人焊接")
    assert [role for role, *_ in roles(project)] == ["建设单位"]
    for _ in range(2):
        conditional.close_stop_check(permit.pk, by=inspector(), stands_still=True, note="现场无人")
    permit.refresh_from_db()
    assert (permit.state, permit.stop_issue.state, roles(project)) == ("lapsed", "verified", [])
    assert kinds_of(permit) == ["permit.issued", "permit.lapsed", "permit.stop_check", "permit.stopped"]
    what = "许可失效后仍在施工：塔吊在吊运钢筋"
    told = [(event.summary, event.actor_name) for event in permit_page(permit, actors.owner).events][:4]
    assert told == [
        (f"核查已停工：{permit.name}，现场无人", inspector().name), (f"已核：{what}", inspector().name),
        (f"已答复：{what}", inspector().name), (f"未通过复核：{what}，仍有人焊接", inspector().name),
    ]
    assert conditional.convert_by(permit.case, None, by=None, at=timing.now()) == []


def test_a_letter_that_ran_out_yesterday_is_taken_nowhere(clock, actors):
    project, letter = with_letter(actors)
    [case] = factories.received(project, ["pile-permit"], actors)
    [other] = factories.received(project, ["soil-plan"], actors)
    line = MaterialItem.objects.get(case=case, kind__slug="letter-cert")
    assert line.state == "letter"
    stranger = MaterialItem.objects.filter(case=other).first()
    assert refused("letter_not_listed", letters.use_letter, stranger.pk, letter_id=letter.pk, by=actors.clerk).endswith(
        f"不能用于“{other.matter.name}”，请提供正式证件。"
    )
    form = MaterialItem.objects.get(case=case, kind__slug="application-form")
    refused("letter_kind", letters.use_letter, form.pk, letter_id=letter.pk, by=actors.clerk)
    clock.to(letter.valid_until + dt.timedelta(days=1))
    MatterCase.objects.filter(pk=case.pk).update(intake_clock=None)  # the five days of intake are another matter
    told = refused("letter_lapsed", letters.use_letter, form.pk, letter_id=letter.pk, by=actors.clerk)
    assert told == (
        f"用地规划意见函{letter.paper.number}已于 11月2日到期，不能再用。请提供正式证件，或请自然资源局重新出函。"
    )
    with pytest.raises(DomainError) as error:  # no sweep has come by: the day speaks
        accept_case(case.pk, by=actors.clerk)
    assert error.value.code in {"letter_lapsed", "materials"}
    sweep_conditional()
    line.refresh_from_db()
    assert (line.state, line.document, line.note) == (
        "missing", None, "原用的用地规划意见函已于2027年11月2日到期，请提供正式证件",
    )


def test_a_grant_that_stands_on_a_letter_asks_the_day(clock, actors):
    project, letter = with_letter(actors)
    case = factories.in_review(project, "pile-permit", actors)
    factories.answer_all(case)
    factories.merge(case)
    Letter.objects.filter(pk=letter.pk).update(
        valid_from=dt.date(2026, 10, 1), valid_until=timing.today() - dt.timedelta(days=1)
    )
    refused("letter_lapsed", factories.decide, case)
    assert factories.fresh(case).state == "in_review"


def test_a_letter_is_compared_field_by_field_before_it_is_converted(clock, actors):
    project, letter = with_letter(actors)
    stated = {field["key"]: field["value"] for field in letter.fields}
    assert (stated["site_area"], stated["gross_floor_area"], stated["owner"]) == (
        "51000", "152000", actors.owner_body.name,
    )
    assert "plan-permit" in letter.formal
    assert letter_page(letter, actors.clerk).why_until == (
        f"自{timing.written(letter.valid_from)}起 365 日，按日历计算（本系统的建议：可用事项、有效期和换发事项以本地规定为准）；"
        "到期当日仍有效，次日失效；到期前 15、5 个工作日提醒。"
    )
    lead = factories.official("natural-resources", Role.CHIEF)
    refused("no_formal", letters.convert_letter, letter.pk, by=lead, values=stated)
    force(project, *MatterCase.objects.get(project=project, matter__matter__code="plan-permit").matter.prerequisites
          .values_list("matter__code", flat=True))
    clock.by(days=7)
    factories.pass_matter(project, "plan-permit", actors)
    assert roles(project) == [("自然资源局", "核对换发", "“用地规划意见函”", None)]
    with pytest.raises(NotAllowed, match="首席代表确认"):
        letters.convert_letter(letter.pk, by=factories.official("natural-resources", Role.REVIEWER), values=stated)
    bigger = stated | {"gross_floor_area": "160000", "height": "79.60"}
    told = refused("letter_differs", letters.convert_letter, letter.pk, by=lead, values=bigger, reason="扩大")
    assert "总建筑面积：函为152000平方米，正式证件为160000平方米" in told
    refused("values", letters.convert_letter, letter.pk, by=lead, values=stated | {"site_area": " "})
    near = stated | {"gross_floor_area": "153000", "project_name": "丹河新城 A-09"}
    refused("reason", letters.convert_letter, letter.pk, by=lead, values=near)
    for _ in range(2):
        letters.convert_letter(letter.pk, by=lead, values=near, reason="面积复核，误差在允许范围内")
    letter.refresh_from_db()
    assert (letter.state, letter.formal_paper.title, letter.next_on) == ("converted", "建设工程规划许可证", None)
    assert {row["key"]: row["kind"] for row in letter.differences if row["kind"] != "same"} == {
        "gross_floor_area": "immaterial", "project_name": "immaterial",
    }
    assert (factories.fresh(letter.paper).state, roles(project)) == ("replaced", [])


def test_a_prepermit_is_given_once_and_carries_only_what_it_may(clock, actors):
    project = piling(actors)
    formal = factories.make_case(project, "plan-permit")
    give = lambda by, kind="plan-prepermit": conditional.issue_prepermit(  # noqa: E731 - said in one line
        formal.pk, by=by, kind=kind, basis="方案联审意见和建设单位承诺"
    )
    with pytest.raises(NotAllowed, match="自然资源局的首席代表出具"):
        give(actors.chief)
    lead = factories.official("natural-resources", Role.CHIEF)
    refused("kind", give, lead, "works-prepermit")
    permit = give(lead)
    assert give(lead) == permit
    assert (permit.valid_until, permit.is_works, permit.inspection) == (UNTIL, False, None)
    assert permit_kind("plan-prepermit", timing.today()).months == 2
    works = factories.make_case(project, "construction-permit")
    MaterialItem.objects.create(
        case=works, order=1, name="规划许可", form="copy", source="earlier", kind=permit.paper.document.kind, state="held",
        document=permit.paper.document,
    )
    assert "不能作为“建筑工程施工许可证核发”的依据" in refused("not_for", conditional.check_grant, works, timing.today())
    clock.to(UNTIL + dt.timedelta(days=1))
    sweep_conditional()
    assert "不延长、不重发" in refused("prepermit_again", give, lead)
    assert roles(project) == [("建设单位", "办结", "正式证件（规划预许可决定书已失效）", None)]


def test_a_kind_of_prepermit_that_has_ended_is_offered_for_an_earlier_time_alone(clock, actors, client, monkeypatch):
    formal = factories.make_case(piling(actors), "plan-permit")
    given = timing.now() + dt.timedelta(hours=1)
    kinds = tuple(
        replace(kind, until=timing.business_day(given)) if kind.code == "plan-prepermit" else kind
        for kind in living_data.permit_kinds()
    )
    monkeypatch.setattr(living_data, "permit_kinds", lambda: kinds)
    clock.to(given + dt.timedelta(days=7))
    involve(formal.project, role=InvolvementRole.REVIEWER, organisation=formal.lead, by=None)
    client.force_login(factories.official("natural-resources", Role.CHIEF))
    url = reverse("packages:prepermit", args=[formal.pk])
    assert f"{timing.written(given)}止，只供补录" in client.get(url).content.decode()
    posted = {"kind": "plan-prepermit", "basis": "方案联审意见和建设单位承诺"}
    assert "没有这种预许可" in client.post(url, posted).content.decode()
    assert client.post(url, posted | {"happened_at": keyed_in(given)}).status_code == 302
    assert ConditionalPermit.objects.get(case=formal).valid_from == timing.business_day(given)


def keyed_in(moment):
    return f"{moment.astimezone(timing.BUSINESS_ZONE):%Y-%m-%dT%H:%M}"


def test_a_prepermit_that_is_keyed_in_later_has_its_days_from_when_it_was_given(clock, actors, client):
    formal = factories.make_case(piling(actors), "plan-permit")
    given = timing.now() + dt.timedelta(hours=1)
    clock.to(given + dt.timedelta(days=7))
    lead = factories.official("natural-resources", Role.CHIEF)
    involve(formal.project, role=InvolvementRole.REVIEWER, organisation=formal.lead, by=None)
    client.force_login(lead)
    url = reverse("packages:prepermit", args=[formal.pk])
    posted = {"kind": "plan-prepermit", "basis": "方案联审意见和建设单位承诺"}
    early = client.post(url, posted | {"happened_at": keyed_in(given - dt.timedelta(days=1))})
    assert (early.status_code, "补录的时间早于上一步" in early.content.decode()) == (409, True)
    assert client.post(url, posted | {"happened_at": keyed_in(given)}).status_code == 302
    permit = ConditionalPermit.objects.get(case=formal)
    assert (permit.valid_from, permit.valid_until, permit.paper.issued_at) == (timing.business_day(given), UNTIL, given)
    told = Event.objects.get(project=formal.project, kind="permit.issued")
    assert (told.happened_at, told.recorded_at, told.late_days) == (given, timing.now(), 5)


def test_a_conversion_that_is_keyed_in_later_follows_the_certificate_and_revives_no_letter(clock, actors, client):
    project, letter = with_letter(actors)
    formal = factories.make_case(project, "plan-permit")
    force(project, *formal.matter.prerequisites.values_list("matter__code", flat=True))
    factories.pass_matter(project, "plan-permit", actors)
    issued = letters.certificate_of(factories.fresh(formal)).issued_at
    given = issued + dt.timedelta(hours=1)
    clock.to(given + dt.timedelta(days=7))
    lead = factories.official("natural-resources", Role.CHIEF)
    stated = {field["key"]: field["value"] for field in letter.fields}
    told = refused("time_order", letters.convert_letter, letter.pk, by=lead, values=stated, at=issued - dt.timedelta(hours=1))
    assert told.startswith("补录的时间早于出具正式证件的时间（")
    Letter.objects.filter(pk=letter.pk).update(valid_until=timing.business_day(given))
    refused("letter_lapsed", letters.convert_letter, letter.pk, by=lead, values=stated, at=given)
    Letter.objects.filter(pk=letter.pk).update(valid_until=letter.valid_until)
    client.force_login(lead)
    url = reverse("packages:convert_letter", args=[letter.pk])
    posted = {f"field_{key}": value for key, value in stated.items()} | {"reason": "", "happened_at": keyed_in(given)}
    assert f'value="{posted["happened_at"]}"' in client.post(url, posted | {"look": "1"}).content.decode()
    assert client.post(url, posted).status_code == 302
    letter.refresh_from_db()
    assert (letter.state, letter.converted_at) == ("converted", given)
    told = Event.objects.get(project=project, kind="letter.converted")
    assert (told.happened_at, told.recorded_at, told.late_days) == (given, timing.now(), 5)


def test_a_letter_that_is_used_before_it_is_keyed_in_was_issued_before(clock, actors, client):
    project, letter = with_letter(actors)
    [case] = factories.received(project, ["pile-permit"], actors)
    line = MaterialItem.objects.get(case=case, kind__slug="letter-cert")
    MaterialItem.objects.filter(pk=line.pk).update(state="missing", document=None)
    given = timing.now() + dt.timedelta(hours=1)
    clock.to(given + dt.timedelta(days=4))
    refused(
        "time_order", letters.use_letter, line.pk, letter_id=letter.pk, by=actors.clerk,
        at=letter.paper.issued_at - dt.timedelta(hours=1),
    )
    client.force_login(actors.clerk)
    url = reverse("packages:use_letter", args=[line.pk])
    early = client.post(url, {"letter": letter.pk, "happened_at": keyed_in(case.received_at - dt.timedelta(hours=1))})
    assert (early.status_code, "补录的时间早于" in early.content.decode()) == (409, True)
    assert client.post(url, {"letter": letter.pk, "happened_at": keyed_in(given)}).status_code == 302
    line.refresh_from_db()
    assert (line.state, line.changed_at) == ("letter", given)
    told = Event.objects.filter(project=project, kind="material.set", subject_key=str(line.pk)).latest("pk")
    assert (told.happened_at, told.recorded_at, told.late_days > 1) == (given, timing.now(), True)


def test_the_sweep_that_finds_nothing_costs_one_query_and_a_bad_row_stops_no_other(clock, actors, monkeypatch):
    project, permit = with_permit(actors)
    with CaptureQueriesContext(connection) as quiet:
        assert sweep_conditional() == 0
    assert (len(quiet), JobRun.objects.filter(job="sweep_conditional").count()) == (1, 0)
    letter = Letter.objects.get(project=project)
    Letter.objects.filter(pk=letter.pk).update(next_on=dt.date(2026, 12, 1), valid_until=dt.date(2026, 12, 31))
    clock.to(dt.date(2026, 12, 29))  # past both reminders of both: the last alone is given
    right = living._warn

    def bad(row, days, today):
        if isinstance(row, ConditionalPermit):
            raise ValueError("a row that cannot be read")
        right(row, days, today)

    monkeypatch.setattr(living, "_warn", bad)
    assert sweep_conditional() == 1
    run = JobRun.objects.get(job="sweep_conditional")
    assert (run.touched, run.errors) == (1, 1)
    monkeypatch.undo()
    assert sweep_conditional() == 1
    assert (kinds_of(permit), kinds_of(letter)) == (["permit.issued", "permit.warned"], ["letter.issued", "letter.warned"])
    assert Event.objects.get(kind="permit.warned").data["threshold"] == 5


def test_the_feed_is_a_calendar_that_programs_read_and_names_nobody(clock, actors):
    project, permit = with_permit(actors)
    with pytest.raises(NotAllowed):
        feeds.issue_project_feed(project.pk, by=factories.official("housing", Role.REVIEWER))
    feed = feeds.issue_project_feed(project.pk, by=actors.owner)
    address = reverse("packages:feed", args=[feed.token])
    response = Client().get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    calendar = icalendar.Calendar.from_ical(response.content)
    events = {str(event["UID"]).partition("@")[0]: event for event in calendar.walk("VEVENT")}
    letter = Letter.objects.get(project=project)
    papers = [key for key in events if key.startswith("paper-")]
    assert {f"permit-{permit.pk}", f"letter-{letter.pk}"} <= set(events)
    assert not {f"paper-{permit.paper_id}", f"paper-{letter.paper_id}"} & set(papers)
    event = events[f"permit-{permit.pk}"]
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (UNTIL, UNTIL + dt.timedelta(days=1))
    assert str(event["SUMMARY"]) == f"施工许可证（桩基阶段）到期：{project.name}"
    rings = [(timing.start_of_day(UNTIL) + alarm["TRIGGER"].dt).date() for alarm in event.walk("VALARM")]
    assert rings == [living.warn_on(UNTIL, 15), living.warn_on(UNTIL, 5)]
    text = response.content.decode()
    assert [name for name in ("郭建国", "王敏", "周正", "韩雪") if name in text] == []
    again = Client().get(address, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", response["ETag"])
    assert "Last-Modified" in response
    living.pass_day("permit", permit.pk, day=living.warn_on(UNTIL, 15))
    assert Client().get(address)["ETag"] != response["ETag"]

    new = feeds.issue_project_feed(project.pk, by=actors.clerk)
    assert (new.revision, Client().get(address).status_code) == (2, 410)
    assert Client().get(reverse("packages:feed", args=[new.token])).status_code == 200
    for _ in range(2):
        feeds.void_feed(new.pk, by=actors.owner)
    assert Client().get(reverse("packages:feed", args=[new.token])).status_code == 410
    assert Client().get(reverse("packages:feed", args=["x" * 43])).status_code == 404
    body = feeds.issue_body_feed(actors.owner_body.pk, by=actors.owner)
    with pytest.raises(NotAllowed):
        feeds.issue_body_feed(actors.owner_body.pk, by=actors.owner_staff)
    other = feeds.issue_body_feed(actors.other_body.pk, by=actors.outsider)
    sizes = [
        len(list(icalendar.Calendar.from_ical(Client().get(reverse("packages:feed", args=[row.token])).content).walk("VEVENT")))
        for row in (body, other)
    ]
    assert sizes == [len(events), 0]
    assert set(CalendarFeed.objects.values_list("state", flat=True)) == {"active", "replaced", "void"}


def test_one_calendar_has_them_all_at_the_cost_of_one(clock, actors, client):
    project, permit = with_permit(actors)
    mine = Project.objects.filter(pk=project.pk)
    groups = {entry.group for entry in living_papers(mine)}
    assert {"分段许可", "以函代证", "承诺核查"} <= groups

    def cost():
        with CaptureQueriesContext(connection) as captured:
            calendar_page(Project.objects.visible_to(actors.clerk), actors.clerk, {"view": "list"})
        return len(captured)

    few = cost()
    with_permit(actors)
    assert cost() == few
    client.force_login(actors.owner)
    page = client.get("/calendar/?month=2027-01&group=分段许可").content.decode()
    assert (page.count(f"/permits/{permit.pk}/"), "2027 年 1 月" in page) == (2, True)
    for address in (f"/permits/{permit.pk}/", f"/projects/{project.pk}/calendar/?view=list"):
        assert "施工许可证（桩基阶段）" in client.get(address).content.decode()
    assert client.get("/letters/").status_code == 403
    client.force_login(actors.director)
    assert Letter.objects.first().paper.number in client.get("/letters/").content.decode()
    empty = client.get(f"/projects/{project.pk}/calendar/?month=2026-12&group=分段许可").content.decode()
    assert f'下一项：<a href="/permits/{permit.pk}/">' in empty
    assert client.get("/calendar/?month=9999-01&view=x").status_code == 200


def test_a_revoked_decision_takes_its_permit_with_it(clock, actors):
    project, permit = with_permit(actors)
    assert living.revoke_of_case(permit.case_id, by=actors.chief, reason="隐瞒情况") == 1
    assert living.revoke_of_case(permit.case_id, by=actors.chief, reason="隐瞒情况") == 0
    permit.refresh_from_db()
    assert (permit.state, permit.paper.state, permit.next_on, roles(project)) == ("revoked", "revoked", None, [])
