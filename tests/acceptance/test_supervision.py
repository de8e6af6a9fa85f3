"""联合监管: told at the permit, one visit for all, one record, rectified, re-checked, closed; what passed ticks (handbook §7)."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from acceptance.models import (
    AcceptanceApplication,
    Finding,
    Inspection,
    InspectionPhoto,
    InspectionPlan,
    InspectionUnit,
    PointCard,
    VisitWish,
)
from acceptance.queries import checked_in_process
from acceptance.services import ending_visits, inspecting, inspections, points, rectification
from acceptance.services.inspecting import Said
from acceptance.supervision_forms import AnswerForm
from acceptance.supervision_providers import awaited_of, debts, inspections_awaited
from acceptance.supervision_queries import inspection_page, visit_page, visits_saved
from acceptance.supervision_queries import inspections as inspections_of
from acceptance.tasks import sweep_supervision
from archives import scanning
from archives.models import Paper
from packages.models import MatterCase
from projects import panels, timing, workdays
from projects.errors import DomainError, NotAllowed
from projects.events import record
from projects.models import CreditRecord, Event, Project, WorkUnit
from projects.states import Role
from tests import factories
from tests.oracles import acceptance_oracle
from tests.packages.steps import check_step, holds

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)
FAULT = Said("finding", kind="term", what="临边无防护", fix="加设防护栏杆")


def of(code, role=Role.REVIEWER):
    return factories.official(code, role)


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code
    return error.value.message


@pytest.fixture
def site(actors, clock, kept_site):
    """A project of the permit stage with its permit granted, and told what will be looked at."""
    return kept_site


def first(project):
    return Inspection.objects.filter(project=project).order_by("slot_on").first()


def unit_of(row, code):
    return InspectionUnit.objects.get(inspection=row, organisation__code=code)


def notified(project, clock):
    row = first(project)
    clock.to(dt.datetime.combine(row.slot_on - dt.timedelta(days=9), dt.time(9), timing.BUSINESS_ZONE))
    return inspections.notify(row.pk, by=of("housing"), slot_on=row.slot_on, slot_time=dt.time(9, 30), place="南门")


def started(project, clock):
    row = notified(project, clock)
    clock.to(dt.datetime.combine(row.slot_on, dt.time(9, 30), timing.BUSINESS_ZONE))
    return inspections.start(row.pk, by=of("housing"))


def fill(row, *, fault=None):
    """Every department fills its lines; the first line of `fault` is bad."""
    for unit in InspectionUnit.objects.filter(inspection=row, state="joined").select_related("organisation").order_by("pk"):
        code = unit.organisation.code
        said = {line.pk: Said("fine") for line in unit.lines.all()}
        if code == fault:
            said[min(said)] = FAULT
        inspecting.record_unit(unit.pk, by=of(code), said=said, opinion="已查")


def recorded(project, clock, fault="housing"):
    row = started(project, clock)
    fill(row, fault=fault)
    return inspecting.close_record(row.pk, by=of("housing"), text="按清单逐项查看")


def waits(project):
    found = list(inspections_awaited([factories.fresh(project)]))
    assert sorted((w.role, w.verb, w.what) for w in found) == acceptance_oracle.expected(project.pk, timing.today())
    return [(w.rank, w.role, w.verb, w.what, w.due_on) for w in found]


def test_the_permit_tells_what_will_be_looked_at_and_plans_by_risk_class(site, actors):
    case = MatterCase.objects.get(project=site, matter__matter__code="construction-permit")
    assert points.tell_points(case.pk) is None
    kinds = ["acceptance_points", "supervision_points"]
    assert list(Paper.objects.filter(project=site, kind__in=kinds).order_by("pk").values_list("kind", flat=True)) == kinds
    told = Paper.objects.get(project=site, kind="acceptance_points").content["paragraphs"]
    assert told[1] == "施工中联合检查已核合格的项，验收时免核；消防验收仍须现场查看，已核情况供参考。"
    cards = PointCard.objects.filter(notice__project=site)
    assert set(cards.filter(kind="acceptance").values_list("item", flat=True)) == {
        "planning", "land", "quality", "fire", "archive",
    }
    assert all(card.looks and card.contact and card.organisation_id for card in cards)
    plan = InspectionPlan.objects.get(project=site)
    assert (plan.count, plan.grade, plan.change) == (plan.by_class, "", 0)
    assert Inspection.objects.filter(project=site, kind="planned", state="planned").count() == plan.count
    holds(site)


def is_notified(site, actors, clock, row):
    """Nobody is waited for long before; the lead gives notice in time, and the visit begins on its day."""
    early = row.slot_on - dt.timedelta(days=30)
    clock.to(dt.datetime.combine(early, dt.time(9), timing.BUSINESS_ZONE))
    assert waits(site) == []
    clock.to(dt.datetime.combine(row.slot_on - dt.timedelta(days=9), dt.time(9), timing.BUSINESS_ZONE))
    assert waits(site) == [(5, "住建局", "发出", f"{row.title}的通知", row.slot_on)]
    refused("notice_short", inspections.notify, row.pk, by=of("housing"), slot_on=timing.today())
    row = check_step(
        site, lambda by: inspections.notify(row.pk, by=by, slot_on=row.slot_on, place="南门"), right=of("housing"),
        wrong=actors.owner, reason="由牵头部门住建局安排。", told=[("paper.issued", None), ("inspection.notified", None)],
    )
    refused("too_early", inspections.start, row.pk, by=of("housing"))
    _, _, verdict, _ = inspection_page(row, of("housing")).acts[0]
    assert verdict.reason == f"检查定在{timing.spoken(row.slot_on)}，当天到场后开始。"
    return row


def is_mended(site, actors, client, row):
    """The owner answers with photographs, is told once that it does not hold, and answers again."""
    finding = Finding.objects.get(line__unit__inspection=row)
    refused("upload_missing", rectification.answer_finding, finding.pk, by=actors.owner, answer="改了", uploaded=[])
    check_step(
        site, lambda by: rectification.answer_finding(
            finding.pk, by=by, answer="已加设", uploaded=[factories.pdf("远景.pdf"), factories.pdf("近景.pdf", "二")]
        ),
        right=actors.owner, wrong=of("heritage"), reason="由建设单位答复整改。",
        told=[("document.filed", None), ("document.filed", None), ("issue.answered", None), ("inspection.answered", None)],
    )
    assert [one.title for one in inspection_page(row, actors.owner).findings[0].evidence] == [
        "整改：临边无防护（1）", "整改：临边无防护（2）",
    ]
    assert waits(site)[0][1:4] == ("住建局", "复核", f"{row.title}的整改")
    client.force_login(of("housing"))
    form = client.get(reverse("acceptance:finding_recheck", args=[finding.pk])).content.decode()
    assert form.index("整改：临边无防护（2）") < form.index("整改：临边无防护（1）"), "its photographs stand beside the form"
    refused("reason_missing", rectification.recheck_finding, finding.pk, by=of("housing"), holds=False)
    rectification.recheck_finding(finding.pk, by=of("housing"), holds=False, note="栏杆高度不够")
    row = factories.fresh(row)
    assert (row.state, row.due_on) == ("rectifying", row.slot_on + dt.timedelta(days=7))  # not sooner than at first
    assert [one.rejected for one in inspection_page(row, actors.owner).findings] == ["书面复核：栏杆高度不够"]
    rectification.answer_finding(finding.pk, by=actors.owner, answer="已加高", uploaded=[factories.pdf("再改.pdf", "三")])
    check_step(
        site, lambda by: rectification.recheck_finding(finding.pk, by=by, holds=True, on_site=True), right=of("housing"),
        wrong=actors.owner, reason="由住建局复核。", told=[("issue.verified", None), ("inspection.closed", None)],
    )
    return row


@pytest.mark.slow
def test_one_visit_is_walked_from_notice_to_closing_and_ticks_what_passed(site, actors, clock, client):
    row = first(site)
    row = is_notified(site, actors, clock, row)
    clock.to(dt.datetime.combine(row.slot_on, dt.time(9, 30), timing.BUSINESS_ZONE))
    check_step(
        site, lambda by: inspections.start(row.pk, by=by), right=of("housing"), wrong=actors.agent,
        reason="由参加检查的部门在现场开始。", told=[("inspection.started", None)],
    )
    unit = unit_of(row, "housing")
    lines = list(unit.lines.all())
    refused("lines_open", inspecting.record_unit, unit.pk, by=of("housing"), said={})
    refused("fault", inspecting.record_unit, unit.pk, by=of("housing"),
            said={line.pk: Said("finding") for line in lines})
    photo = SimpleUploadedFile("现场.png", PNG, content_type="image/png")
    assert inspecting.add_photo(unit.pk, by=of("housing"), uploaded=photo, note="东侧临边").document.kind.slug == "inspection-photo"
    refused("units_open", inspecting.close_record, row.pk, by=of("housing"), text="查")
    fill(row, fault="housing")
    row = check_step(
        site, lambda by: inspecting.close_record(row.pk, by=by, text="逐项查看"), right=of("housing"), wrong=actors.clerk,
        reason="由牵头部门住建局出具检查记录。", told=[("paper.issued", None), ("inspection.recorded", None)],
    )
    assert (row.state, row.due_on) == ("rectifying", row.slot_on + dt.timedelta(days=7))
    assert row.record_paper.content["paragraphs"][-1].startswith("现场照片 1 张（住建局 1 张），存入项目档案。")
    assert waits(site)[0] == (1, "建设单位", "完成", f"{row.title}的整改", row.due_on)
    assert checked_in_process(WorkUnit.objects.get(project=site)) == {}
    row = is_mended(site, actors, client, row)
    assert factories.fresh(row).state == "closed"
    PointCard.objects.filter(code="foundation").update(ticks=False)  # no visit of this short plan looks at it
    ticked = checked_in_process(WorkUnit.objects.get(project=site))
    codes = set(unit.lines.filter(card__ticks=True).values_list("card__item", flat=True))
    assert codes <= set(ticked) <= {"quality", "planning", "fire"}
    assert {one.mark for item, one in ticked.items() if item != "fire"} <= {"过程已核、验收免核"}
    assert all(row.title in one.words for one in ticked.values())
    holds(site)


def test_a_department_joins_the_open_slot_within_ten_days_or_says_why_not(site, actors, clock):
    works, row = WorkUnit.objects.get(project=site), notified(site, clock)
    body = factories.organisation("environment")
    wish = {"by": of("environment"), "organisation_id": body.pk, "purpose": "扬尘在线监测", "wanted_on": row.slot_on}
    with pytest.raises(NotAllowed):
        inspections.ask_visit(works.pk, **{**wish, "by": actors.owner})
    refused("body", inspections.ask_visit, works.pk, **{**wish, "organisation_id": actors.centre.pk})
    joined = inspections.ask_visit(works.pk, **{**wish, "wanted_on": row.slot_on - dt.timedelta(days=8)})
    assert (joined.pk, VisitWish.objects.get().outcome) == (row.pk, "joined")
    assert unit_of(row, "environment").lines.filter(text="扬尘在线监测").exists()
    count = Event.objects.count()
    inspections.ask_visit(works.pk, **{**wish, "wanted_on": row.slot_on - dt.timedelta(days=8)})
    assert Event.objects.count() == count

    refused("reason", inspections.ask_visit, works.pk, **wish, why_apart="须避开施工高峰")
    apart = inspections.ask_visit(
        works.pk, **wish, why_apart="须避开施工高峰", reason_code="special", reason="省级专项"
    )
    assert (apart.kind, apart.why_apart, apart.lead.code) == ("outside", "须避开施工高峰", "environment")
    assert apart.title == f"{body.label}上级部署的专项检查"
    far = {**wish, "wanted_on": row.slot_on + dt.timedelta(days=13)}
    refused("reason", inspections.ask_visit, works.pk, **far)
    now = inspections.ask_visit(
        works.pk, **{**wish, "wanted_on": timing.today()}, reason_code="complaint", reason="群众投诉夜间施工", is_unannounced=True
    )
    assert (now.state, now.slot_on) == ("checking", timing.today())
    saved = visits_saved(Inspection.objects.filter(project=site))
    assert (saved.visits, saved.arrivals, saved.outside, saved.saved) == (1, 1, 1, 0)
    clock.to(dt.datetime.combine(row.slot_on, dt.time(9, 30), timing.BUSINESS_ZONE))
    inspections.start(row.pk, by=of("housing"))
    saved = visits_saved(Inspection.objects.filter(pk=row.pk))
    assert (saved.visits, saved.saved) == (1, row.units.count() - 1)
    holds(site)


def test_the_lead_takes_a_department_along_that_had_no_part_in_the_project(site, clock):
    row, body, person = notified(site, clock), factories.organisation("emergency"), of("emergency")
    assert not Inspection.objects.visible_to(person).exists()
    given = {"organisation_id": body.pk, "purpose": "危险化学品存放"}
    with pytest.raises(NotAllowed, match="由牵头部门住建局安排"):
        inspections.bring_along(row.pk, by=person, **given)
    refused("purpose", inspections.bring_along, row.pk, by=of("housing"), **{**given, "purpose": " "})
    refused("body", inspections.bring_along, row.pk, by=of("housing"), **{**given, "organisation_id": row.lead_id})
    for _ in range(2):
        inspections.bring_along(row.pk, by=of("housing"), **given)
    assert list(unit_of(row, "emergency").lines.values_list("text", flat=True)) == ["危险化学品存放"]
    assert Event.objects.filter(kind="inspection.merged").count() == 1
    assert Inspection.objects.visible_to(person).filter(pk=row.pk).exists()
    refused("body", inspections.bring_along, row.pk, by=of("housing"), **{**given, "purpose": "动火"})
    holds(site)


def test_stop_and_referral_have_their_papers_and_what_is_mended_on_the_spot_is_closed(site, clock):
    row = started(site, clock)
    unit = unit_of(row, "housing")
    kinds = ["stop", "refer", "on_site"]
    said = {
        line.pk: Said("finding", kind=kinds[number], what="问题", fix="改") if number < 3 else Said("fine")
        for number, line in enumerate(unit.lines.order_by("order"))
    }
    inspecting.record_unit(unit.pk, by=of("housing"), said=said)
    missing = [one.pk for one in inspections.absent_units(row)]
    row = inspecting.close_record(row.pk, by=of("housing"), text="查", absent=missing)
    found = {one.kind: (one.issue.state, one.paper and one.paper.kind) for one in inspecting.findings_of(row)}
    assert {kind: found[kind] for kind in kinds if kind in found} == {
        kind: {"stop": ("open", "stop_order"), "refer": ("open", "referral"), "on_site": ("verified", None)}[kind]
        for kind in found
    }
    assert set(row.units.values_list("state", flat=True)) <= {"recorded", "absent"}
    holds(site)


def test_what_is_overdue_is_escalated_and_counts_and_may_still_be_answered(site, actors, clock):
    row = recorded(site, clock)
    clock.by(days=8)
    assert (sweep_supervision(), sweep_supervision()) == (1, 0)
    factories.drain()
    assert factories.fresh(row).state == "escalated"
    assert list(CreditRecord.objects.values_list("rule", "organisation__name", "points")) == [
        ("rectify-late", actors.owner_body.name, -10)
    ]
    finding = Finding.objects.get(line__unit__inspection=row)
    rectification.answer_finding(finding.pk, by=actors.owner, answer="已改", uploaded=[factories.pdf()])
    assert factories.fresh(row).state == "recheck"
    holds(site)


def test_the_owner_may_have_it_moved_and_the_second_time_counts(site, actors, clock):
    row = notified(site, clock)
    assert [one.sentence for one in awaited_of(row)] == [one.sentence for one in inspections_awaited([site])]
    assert [label for label, *_ in inspection_page(row, actors.owner).acts] == ["申请改期"]
    assert [(one.chip, one.title, one.due_on, one.detail) for one in debts(actors.owner, [site])] == [(
        "上门检查", f"{timing.spoken(row.slot_on)} 09:30 {row.title}，请到场配合", row.slot_on,
        f"{'、'.join(one.organisation.label for one in row.units.order_by('pk'))}，{row.place}",
    )]
    refused("slot_on", inspections.decline, row.pk, by=actors.owner, slot_on=row.slot_on, reason="停工")
    for _ in range(2):
        day = workdays.due_date(factories.fresh(row).slot_on, 2)
        inspections.decline(row.pk, by=actors.owner, slot_on=day, reason="负责人外出")
    factories.drain()
    assert list(CreditRecord.objects.values_list("rule", flat=True)) == ["refused-visit"]
    cancelled = inspections.cancel(row.pk, by=of("housing"), reason="并入下次")
    assert (cancelled.state, waits(site), list(debts(actors.owner, [site]))) == ("cancelled", [], [])
    holds(site)


def test_the_owner_reads_up_to_when_a_visit_may_be_moved_and_sends_several_photographs(site, actors, clock, client):
    row = notified(site, clock)
    client.force_login(actors.owner)
    asked = client.get(reverse("acceptance:inspection_decline", args=[row.pk])).content.decode()
    reach = [timing.spoken(row.slot_on + dt.timedelta(days=days)) for days in (1, 10)]
    assert f"{reach[0]}至{reach[1]}之间的工作日" in asked
    given = MultiValueDict({"uploaded": [factories.pdf("远景.pdf"), factories.pdf("近景.pdf", "二")]})
    form = AnswerForm({"answer": "已加设"}, given)
    assert form.is_valid()
    assert [one.name for one in form.cleaned_data["uploaded"]] == ["远景.pdf", "近景.pdf"]
    assert (form["uploaded"].field.widget.attrs["multiple"], "heic" in str(form["uploaded"])) == (True, False)
    assert AnswerForm({"answer": "已加设"}, MultiValueDict()).errors["uploaded"]
    many = MultiValueDict({"uploaded": [factories.pdf(f"{number}.pdf") for number in range(10)]})
    assert AnswerForm({"answer": "已加设"}, many).errors["uploaded"] == ["一次最多 9 个文件，其余的请并成一个 PDF 或压缩包。"]


def test_the_desk_the_list_and_the_code_lead_to_the_visits_that_wait_for_a_department(site, actors, clock, client):
    row, planned = notified(site, clock), Inspection.objects.filter(project=site).count()
    assert panels.ways_of(of("weather"), of("weather")) == []
    assert [(way.label, way.url) for way in panels.ways_of(of("housing"), of("housing"))] == [
        (f"{site.name}：到场{row.title}（{timing.spoken(row.slot_on)}前）", reverse("acceptance:inspection", args=[row.pk]))
    ]
    client.force_login(of("housing"))
    form = client.get(reverse("acceptance:visit_new", args=[site.pk])).content.decode()
    assert all(one.title in form for one in Inspection.objects.filter(project=site))
    asked = client.get(reverse("acceptance:inspections"), {"q": site.name})
    assert (len(asked.context["rows"]), "到场" in asked.content.decode()) == (planned, True)
    counts = []
    for text in (row.title, site.name):
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("acceptance:inspections"), {"q": text})
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert "没有找到这个检查" in client.get(reverse("acceptance:inspections"), {"q": "没有这个项目"}).content.decode()
    clock.to(dt.datetime.combine(row.slot_on, dt.time(9, 30), timing.BUSINESS_ZONE))
    inspections.start(row.pk, by=of("housing"))
    unit = unit_of(row, "housing")
    lines = client.get(reverse("acceptance:inspection_unit", args=[unit.pk])).content.decode()
    assert [f">{label}</label>" in lines for label in ("处理", "什么问题", "怎么改")] == [True] * 3  # not 选填: a fault has them
    assert [(one.title, one.url) for one in scanning.errands_of(site, of("housing")) if "inspections" in one.url] == [
        (f"填写{row.title}结果", reverse("acceptance:inspection_unit", args=[unit.pk]))
    ]


def test_the_record_of_visits_names_the_next_one_first_and_then_the_last_that_is_over(site, actors):
    planned = list(Inspection.objects.filter(project=site).order_by("slot_on"))
    assert [one.pk for one in visit_page(site, actors.owner).rows] == [one.pk for one in planned]
    Inspection.objects.filter(pk__in=[planned[0].pk]).update(state="cancelled")
    assert [one.pk for one in visit_page(site, actors.owner).rows] == [one.pk for one in (*planned[1:], planned[0])]


def test_visits_that_nobody_needs_end_with_the_acceptance_the_delivery_or_the_end_of_the_project(site, actors, clock):
    row = notified(site, clock)
    wanted = {"organisation_id": of("housing").memberships.get().organisation_id, "purpose": "投诉", "reason_code": "complaint",
              "reason": "扬尘", "why_apart": "投诉要单独核查"}
    apart = inspections.ask_visit(row.work_unit_id, by=of("housing"), wanted_on=row.slot_on, **wanted)
    accepted = AcceptanceApplication.objects.create(
        project=site, work_unit=row.work_unit, lead=row.lead, state="passed", applied_by=actors.owner,
        applied_at=timing.now(),
    )
    assert (sweep_supervision(), sweep_supervision()) == (Inspection.objects.filter(kind="planned").count(), 0)
    assert set(Inspection.objects.filter(kind="planned").values_list("state", flat=True)) == {"cancelled"}
    assert factories.fresh(apart).state == "planned"
    told = Event.objects.get(kind="inspection.cancelled", subject_key=str(row.pk))
    assert told.summary == f"取消{row.title}：工程已通过联合验收，计划内检查不再进行"
    AcceptanceApplication.objects.filter(pk=accepted.pk).update(state="failed")
    Project.objects.filter(pk=site.pk).update(stage="delivered")
    record("project.stage_moved", subject=site, project=site, by=None, summary="项目交付")
    factories.drain()
    assert (factories.fresh(apart).state, ending_visits.end_visits(site.pk)) == ("cancelled", 0)
    assert Event.objects.get(kind="inspection.cancelled", subject_key=str(apart.pk)).data["reason"] == (
        "项目已交付，联合监管结束"
    )
    with pytest.raises(NotAllowed, match="项目已交付，联合监管已结束"):
        inspections.ask_visit(row.work_unit_id, by=of("housing"), wanted_on=timing.today(), **wanted)


def test_the_demonstration_holds_an_inspection_through_to_its_closing(site, actors, clock, monkeypatch):
    from gaige.demo import supervision as demo

    monkeypatch.setattr(demo, "attachment", lambda title: factories.pdf(text=title))
    monkeypatch.setattr(demo, "photograph", lambda title: SimpleUploadedFile(f"{title}.png", PNG))
    for code in ("housing", "natural-resources", "weather"):
        of(code)
    demo.person.cache_clear()
    row, story = first(site), demo.supervision()
    clock.to(dt.datetime.combine(row.slot_on - dt.timedelta(days=8), dt.time(9), timing.BUSINESS_ZONE))
    seen = []
    for moment in story:
        clock.to(moment)
        state = factories.fresh(row).state
        seen += [state] if state not in seen else []
        if state == "closed" or moment.date() > row.slot_on + dt.timedelta(days=30):
            break
    demo.person.cache_clear()
    assert seen == ["planned", "notified", "rectifying", "recheck", "closed"]
    assert list(InspectionPhoto.objects.values_list("unit__inspection", "note")) == [(row.pk, "检查现场")]
    later = [one.slot_on for one in inspections_of(actors.director, which="open", after="", before="").rows]
    assert later == sorted(Inspection.objects.exclude(pk=row.pk).values_list("slot_on", flat=True))
