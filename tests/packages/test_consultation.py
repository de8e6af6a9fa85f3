"""A consultation is held with those who sign in at the site; the owner is told once, and signs (handbook §4)."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agency.models import Notification
from archives.models import Paper
from archives.services.delivery import sign_for
from packages.consultation_providers import consultation_waiting, off_list_waiting
from packages.models import (
    Consultation,
    ConsultationUnit,
    MaterialItem,
    MatterCase,
    OffListItem,
    ServicePlan,
    UnitCheck,
)
from packages.services import consultation as calling
from packages.services import consultation_minutes as minutes
from packages.services import consultation_survey as survey
from packages.services import intermediary, off_list, service_plan, utilities
from packages.services.consultation_survey import Ticked
from packages.services.correction import notice_faults
from packages.services.enrolment import change_facts
from packages.services.outside import record_outside_result
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.states import Role
from projects.waiting import waiting_on
from tests import factories
from tests.oracles import consultation_oracle
from tests.packages.steps import holds

pytestmark = pytest.mark.django_db
CODES = ("housing", "natural-resources", "environment", "power-company")
ZONE = timing.BUSINESS_ZONE
SURVEY = dt.datetime(2026, 11, 3, 9, 30, tzinfo=ZONE)
MEETING = dt.datetime(2026, 11, 3, 14, 30, tzinfo=ZONE)
#: A minimal picture by its bytes.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)


def refused(fault, act, /, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == fault
    return error.value


def of(code):
    return factories.official(code, Role.REVIEWER)


def unit(row, code):
    return ConsultationUnit.objects.select_related("consultation", "organisation").get(
        consultation=row, organisation__code=code
    )


def states(row):
    found = ConsultationUnit.objects.filter(consultation=row).exclude(kind="owner")
    return dict(found.values_list("organisation__code", "state"))


def called(project, actors, codes=CODES, **more):
    ids = [factories.organisation(code).pk for code in codes]
    given = {"agenda": "确定办理事项和时间", "unit_ids": ids, "early_reason": "建设单位要求提前会商", **more}
    return calling.convene(project.pk, by=actors.director, **given)


def invite(row, actors, survey_at=SURVEY, meets_at=MEETING):
    return calling.invite(
        row.pk, by=actors.director, survey_at=survey_at, survey_place="项目南门", meets_at=meets_at, meeting_place="二楼会议室"
    )


def surveying(clock, project, actors, codes=CODES):
    row = invite(called(project, actors, codes), actors)
    clock.to(SURVEY)
    row = calling.open_survey(row.pk, by=actors.director)
    assert waits(project) == [("代办中心", "组织", "集中踏勘")]
    return row


def answers(row, code, **more):
    found = UnitCheck.objects.filter(unit=unit(row, code))
    return {line.pk: Ticked("fine") if line.kind == "site" else Ticked("needed", **more) for line in found}


def held(clock, project, actors, codes=CODES):
    """Signed in, ticked, confirmed, and the minutes are signed."""
    row = surveying(clock, project, actors, codes)
    for code in codes:
        survey.sign_in(row.token, by=of(code))
        survey.confirm(unit(row, code).pk, by=of(code), ticked=answers(row, code))
    calling.begin_meeting(row.pk, by=actors.director, note="场地平整，道路已通")
    return minutes.sign_minutes(row.pk, by=actors.director, text=minutes.draft_minutes(factories.fresh(row)))


def told(clock, project, actors, codes=CODES):
    plan = ServicePlan.objects.get(consultation=held(clock, project, actors, codes))
    return service_plan.tell_plan(plan.pk, by=actors.director, edit=plan.edit)


def signed(clock, project, actors, codes=("housing",)):
    plan = told(clock, project, actors, codes)
    sign_for(plan.notice_paper_id, by=actors.owner)
    factories.drain()
    return factories.fresh(plan.consultation)


def waits(project):
    """What the consultation waits for, which is what the oracle reads from the rows."""
    project = factories.fresh(project)
    lines = list(consultation_waiting([project]))
    told = [(w.role, w.verb, w.what, w.due_on) for w in [*lines, *off_list_waiting([project])]]
    assert sorted(told, key=repr) == consultation_oracle.expected(project.pk)
    return [row[:3] for row in told]


@pytest.mark.slow
def test_a_consultation_is_walked_to_the_signed_list(clock, factory, actors):
    _ = [of(code) for code in CODES]  # the people of the departments are there before they are told
    row = is_called_once_and_invited_in_time(clock, factory, actors)
    first = is_signed_in_by_those_who_are_invited(row, actors)
    is_ticked_with_its_basis(row, first)
    meets_without_those_who_stayed_away(clock, factory, row, actors)
    plan = is_minuted_with_what_everybody_said(row, actors)
    is_told_once_and_signed(factory, plan, actors)
    holds(factory)


def is_called_once_and_invited_in_time(clock, project, actors):
    proposed = {one.organisation.code: one.is_wanted for one in calling.invitees(project)}
    assert (proposed["housing"], proposed["power-company"], "intermediary" in proposed) == (True, True, False)
    refused("early", called, project, actors, early_reason=" ")
    refused("units", calling.convene, project.pk, by=actors.director, agenda="议", unit_ids=[], early_reason="急")
    row = called(project, actors)
    assert called(project, actors).pk == row.pk
    assert waits(project) == [("代办中心", "发出", "联合会商的通知")]
    refused("too_soon", invite, row, actors, survey_at=timing.now() + dt.timedelta(hours=2))
    refused("order", invite, row, actors, meets_at=SURVEY - dt.timedelta(hours=1))
    invite(row, actors)
    factories.drain()
    texts = set(Notification.objects.filter(user=of("housing")).values_list("text", flat=True))
    assert f"{project.name}受邀参加联合会商：11月3日 09:30 项目南门踏勘" in texts
    assert waits(project) == [("受邀单位", "参加", "集中踏勘和联合会商")]
    refused("too_early", calling.open_survey, row.pk, by=actors.director)
    clock.to(SURVEY)
    row = calling.open_survey(row.pk, by=actors.director)
    nobody = refused("nobody", calling.begin_meeting, row.pk, by=actors.director, note="无人")
    assert nobody.message.startswith("还没有一家单位签到")
    return row


def is_signed_in_by_those_who_are_invited(row, actors):
    with pytest.raises(NotAllowed) as uninvited:
        survey.sign_in(row.token, by=of("heritage"))
    assert uninvited.value.message == "您的单位不在本次会商的受邀名单上，请联系召集人补邀后再签到。"
    first = survey.sign_in(row.token, by=of("housing"))
    again = survey.sign_in(row.token, by=factories.official("housing", Role.CHIEF))
    assert (again.pk, again.signed_in_by, again.state) == (first.pk, of("housing"), "present")
    later = SURVEY + dt.timedelta(days=1)
    refused("somebody_came", invite, row, actors, survey_at=later, meets_at=later)
    return first


def is_ticked_with_its_basis(row, first):
    """No basis, no opinion; what the catalogue forbids cannot be ticked."""
    lines = {line.pk: line for line in UnitCheck.objects.filter(unit=first)}
    matter = next(pk for pk, line in lines.items() if line.kind == "matter" and not line.may_defer)
    refused("basis", survey.save_checks, first.pk, by=of("housing"), ticked={matter: Ticked("not_needed")})
    refused("may_defer", survey.save_checks, first.pk, by=of("housing"), ticked={matter: Ticked("needed", defers=True)})
    refused("answer", survey.save_checks, first.pk, by=of("housing"), ticked={matter: Ticked("fine")})
    survey.save_checks(first.pk, by=of("housing"), ticked={
        matter: Ticked("later", when="拿地后", note="先定基坑方案", basis="危大工程管理规定第 10 条")
    })
    refused("unanswered", survey.confirm, first.pk, by=of("housing"))
    shot = SimpleUploadedFile("现场.png", PNG, content_type="image/png")
    assert survey.add_photo(first.pk, by=of("housing"), uploaded=shot, note="北侧围墙").document.kind.slug == "survey-photo"
    refused("photo", survey.add_photo, first.pk, by=of("housing"), uploaded=factories.pdf("x.pdf"))
    rest = {pk: given for pk, given in answers(row, "housing").items() if pk != matter}
    survey.confirm(first.pk, by=of("housing"), ticked=rest)


def meets_without_those_who_stayed_away(clock, project, row, actors):
    survey.sign_in(row.token, by=of("environment"))
    calling.begin_meeting(row.pk, by=actors.director, note="场地平整")
    assert states(row) == {
        "housing": "confirmed", "natural-resources": "absent", "environment": "present", "power-company": "absent"
    }
    assert waits(project) == [
        ("自然资源局、供电公司", "提交", "联合会商的书面意见"), ("生态环境局", "确认", "联合会商的核对清单"),
    ]
    assert "自然资源局" in refused("open_units", minutes.sign_minutes, row.pk, by=actors.director, text="纪要").message
    survey.chase(row.pk, by=actors.director)
    refused("chased", survey.chase, row.pk, by=actors.director)
    absent = unit(row, "natural-resources")
    refused("basis", survey.write_opinion, absent.pk, by=of("natural-resources"), opinion="同意", basis="")
    survey.write_opinion(absent.pk, by=of("natural-resources"), opinion="同意，按规划条件办理", basis="城乡规划法第 40 条")
    clock.to(dt.datetime(2026, 11, 4, 18, 0, tzinfo=ZONE))
    assert survey.close_all() == 0
    clock.to(dt.datetime(2026, 11, 5, 8, 0, tzinfo=ZONE))
    assert (survey.close_all(), survey.close_all()) == (1, 0)
    assert states(row) == {
        "housing": "confirmed", "natural-resources": "answered", "environment": "mute", "power-company": "silent"
    }


def is_minuted_with_what_everybody_said(row, actors):
    draft = minutes.draft_minutes(factories.fresh(row))
    for words in ("住建局、生态环境局，共 2 家。缺席：自然资源局、供电公司。", "条件具备后办理，拿地后，先定基坑方案（危大工程管理规定第 10 条）",
                  "自然资源局（缺席，书面意见）：同意，按规划条件办理（城乡规划法第 40 条）。", "供电公司：缺席—无意见。"):
        assert words in draft
    row = minutes.sign_minutes(row.pk, by=actors.director, text=draft)
    with pytest.raises(NotAllowed) as closed:
        survey.sign_in(row.token, by=of("power-company"))
    assert closed.value.message == "会商待告知，签到已结束。"
    return ServicePlan.objects.get(consultation=row)


def is_told_once_and_signed(project, plan, actors):
    """One plan, one chart, one list."""
    assert waits(project) == [("代办中心", "作出", "一次性告知")]
    assert len(plan.content["rows"]) == len({line["code"] for line in plan.content["rows"]}) > 30
    service_plan.tell_plan(plan.pk, by=actors.director, edit=0)
    plan = service_plan.tell_plan(plan.pk, by=actors.director, edit=0)
    kinds = {"service_scheme", "flow_sheet", "matter_list", "one_time_notice", "consultation_minutes"}
    assert set(Paper.objects.filter(project=project).values_list("kind", flat=True)) >= kinds
    assert waits(project) == [("建设单位", "签收", "一次性告知单")]
    with pytest.raises(NotAllowed):
        sign_for(plan.notice_paper_id, by=actors.outsider)
    sign_for(plan.notice_paper_id, by=actors.owner)
    factories.drain()
    factories.drain()
    row = Consultation.objects.get(pk=plan.consultation_id)
    assert (row.state, factories.fresh(plan).state, waits(project)) == ("signed", "signed", [])
    assert waiting_on(factories.fresh(project))


@pytest.mark.slow
def test_what_was_not_on_the_list_needs_two_people_and_counts(clock, actors):
    project = factories.enrolled_project(actors, "S3", occupies_road="no")
    row = signed(clock, project, actors)
    facts = dict(project.enrolment.facts)
    change_facts(project.pk, facts={**facts, "occupies_road": "yes"}, by=actors.clerk)
    [(code, name, material)] = off_list.unlisted(factories.fresh(project))
    assert (material, waits(project)) == ("", [("代办中心", "更新", "一方案一图一清单")])
    told_off = refused("matter", factories.open_application, project, [code], actors).message
    assert told_off == f"“{name}”不在一次性告知的清单（第 1 版）上，属清单外事项，须经中心批准后才能办理。"
    a_matter_is_let_in_by_another(project, code, name, actors)
    assert (off_list.omissions(row), factories.open_application(project, [code], actors).cases.count()) == (1, 1)
    a_paper_is_let_in(project, actors)
    assert off_list.omissions(row) == 2
    version_two_says_what_is_new(row, name, actors)
    assert (factories.fresh(row).state, off_list.unlisted(factories.fresh(project))) == ("signed", [])
    holds(project)


def a_matter_is_let_in_by_another(project, code, name, actors):
    refused("on_list", off_list.propose, project.pk, by=actors.clerk, code="project-code", cause="law", reason="a", basis="b")
    refused("reason", off_list.propose, project.pk, by=actors.clerk, code=code, cause="facts", reason="占道", basis=" ")
    item = off_list.propose(
        project.pk, by=actors.director, code=code, cause="facts", reason="施工占道", basis="城市道路管理条例第 33 条"
    )
    factories.drain()
    stale = ("代办中心", "更新", "一方案一图一清单")
    assert waits(project) == [stale, (f"{project.centre.label}负责人", "批准", f"清单外事项“{name}”")]
    with pytest.raises(NotAllowed) as own:
        off_list.decide(item.pk, by=actors.director, approves=True)
    assert own.value.message == "清单外事项不能由提出人自己批准，请由另一位负责人批准。"
    with pytest.raises(NotAllowed):
        off_list.decide(item.pk, by=actors.clerk, approves=True)
    refused("answer", off_list.decide, item.pk, by=actors.dispatcher, approves=False)
    off_list.decide(item.pk, by=actors.dispatcher, approves=True)
    off_list.decide(item.pk, by=actors.dispatcher, approves=True)


def a_paper_is_let_in(project, actors):
    """A paper that is not on the list can neither be demanded nor put on a checklist."""
    [case] = factories.received(project, ["wage-deposit"], actors)
    fault = {"what": "缺少股东会决议", "basis": "内部要求", "how_to_fix": "提交股东会决议", "material": "股东会决议"}
    refused("off_list", notice_faults, case.pk, faults=[fault], by=actors.clerk)
    paper = off_list.propose(
        project.pk, by=actors.clerk, code="wage-deposit", material="股东会决议", cause="omission", reason="核实", basis="办法第 3 条"
    )
    assert waits(project)[1:] == [
        (f"{project.centre.label}负责人", "批准", f"清单外材料“{case.matter.name}：股东会决议”")
    ]
    off_list.decide(paper.pk, by=actors.director, approves=True)
    notice_faults(case.pk, faults=[fault], by=actors.clerk)


def version_two_says_what_is_new(row, name, actors):
    """It replaces the papers of version 1, and is signed too."""
    plan = service_plan.revise(row.pk, by=actors.director, reason="增加占道施工")
    assert {"kind": "增加", "what": name} == {key: plan.difference[0][key] for key in ("kind", "what")}
    service_plan.edit_plan(plan.pk, by=actors.director, edit=0, given={"risks": ["占道须错峰"]})
    late = refused("edited", service_plan.edit_plan, plan.pk, by=actors.dispatcher, edit=0, given={"risks": ["别的"]})
    assert "高远" in late.latest
    plan = factories.fresh(plan)
    refused("edited", service_plan.tell_plan, plan.pk, by=actors.director, edit=0)
    plan = service_plan.tell_plan(plan.pk, by=actors.director, edit=plan.edit)
    old = ServicePlan.objects.get(consultation=row, version=1)
    assert (old.state, old.notice_paper.state, factories.fresh(row).state) == ("replaced", "replaced", "changed")
    assert factories.open_application(row.project, ["quality-safety"], actors)
    sign_for(plan.notice_paper_id, by=actors.owner_staff)
    factories.drain()


def test_a_line_that_was_not_told_is_left_off_the_checklist_until_it_is_let_in(clock, project, actors):
    signed(clock, project, actors)
    plan = ServicePlan.objects.get(project=project)
    row = next(line for line in plan.content["rows"] if line["code"] == "plan-permit")
    gone = next(line["name"] for line in row["materials"] if line["asked"])
    row["materials"] = [line for line in row["materials"] if line["name"] != gone]
    ServicePlan.objects.filter(pk=plan.pk).update(content=plan.content)
    factories.open_application(project, ["plan-permit"], actors)
    lines = MaterialItem.objects.filter(case__project=project, name=gone)
    assert (lines.count(), off_list.unlisted(project)) == (0, [("plan-permit", row["name"], gone)])
    item = off_list.propose(
        project.pk, by=actors.clerk, code="plan-permit", material=gone, cause="omission", reason="漏列", basis="规程第 5 条"
    )
    off_list.decide(item.pk, by=actors.director, approves=True)
    assert lines.get().state == "missing"


def test_what_is_done_elsewhere_asks_the_list_too(clock, factory, actors):
    signed(clock, factory, actors)
    plan = ServicePlan.objects.get(project=factory)
    drafts = MatterCase.objects.filter(project=factory, state="draft", handling="outside")
    service = drafts.filter(matter__kind="intermediary").order_by("pk")[0]
    gone = {service.matter.matter.code, "util-joint"}
    plan.content["rows"] = [row for row in plan.content["rows"] if row["code"] not in gone]
    ServicePlan.objects.filter(pk=plan.pk).update(content=plan.content)
    given = {"needs": {"water": "30"}, "site": "南门"}
    result = {"result": "合格", "on": timing.today(), "evidence": factories.pdf("报告.pdf")}
    refused("off_list", utilities.register_request, factory.pk, by=actors.owner, **given)
    refused("off_list", intermediary.open_service, service.pk, by=actors.clerk)
    refused("off_list", record_outside_result, service.pk, by=actors.clerk, **result)
    for code in sorted(gone):
        item = off_list.propose(
            factory.pk, by=actors.clerk, code=code, cause="omission", reason="漏列", basis="规程第 5 条"
        )
        off_list.decide(item.pk, by=actors.director, approves=True)
    assert utilities.register_request(factory.pk, by=actors.owner, **given).state == "registered"
    assert intermediary.open_service(service.pk, by=actors.clerk).state == "selecting"
    holds(factory)


def test_a_consultation_nobody_came_to_is_postponed_or_cancelled_and_the_pool_has_the_project_back(clock, project, actors):
    row = surveying(clock, project, actors, ("housing",))
    later = SURVEY + dt.timedelta(days=1)
    row = invite(row, actors, survey_at=later, meets_at=later + dt.timedelta(hours=4))
    assert (row.state, states(row)) == ("invited", {"housing": "invited"})
    more = calling.add_unit(row.pk, by=actors.director, organisation_id=factories.organisation("heritage").pk)
    calling.release_unit(more.pk, by=actors.director, reason="不涉及文物")
    refused("reason", calling.cancel, row.pk, by=actors.director, reason=" ")
    calling.cancel(row.pk, by=actors.director, reason="项目暂停")
    assert states(row) == {"housing": "released", "heritage": "released"}
    assert called(project, actors, ("housing",)).round == 2
    holds(project)


def called_on_its_pages(clock, project, director):
    """The director calls two departments, invites and opens the survey."""
    new = reverse("packages:consultation_new", args=[project.pk])
    assert "提前召集的理由" in director.get(new).content.decode()
    ids = [factories.organisation(code).pk for code in ("housing", "environment")]
    assert director.post(new, {"agenda": "议题", "units": ids, "early_reason": "开工急"}).status_code == 302
    row = Consultation.objects.get(project=project)
    page = reverse("packages:consultation", args=[row.pk])
    fields = {"survey_on": "2026-11-03", "survey_time": "09:30", "survey_place": "南门", "meets_on": "2026-11-03",
              "meets_time": "14:30", "meeting_place": "会议室"}
    assert director.post(reverse("packages:consultation_invite", args=[row.pk]), fields).status_code == 302
    clock.to(SURVEY)
    assert director.post(reverse("packages:consultation_open", args=[row.pk]), {"sent": "1"}).status_code == 302
    return row, page


def signed_and_answered(django_assert_max_num_queries, director, owner, reviewer, heritage, outsider, row, page):
    """Who is invited signs in and answers; nobody else sees a page."""
    sign = reverse("packages:consultation_sign", args=[row.token])
    assert (heritage.get(sign).status_code, heritage.post(sign).status_code) == (403, 403)
    assert "签到" in reviewer.get(sign).content.decode()
    assert reviewer.post(sign).status_code == 302
    mine = reverse("packages:unit", args=[unit(row, "housing").pk])
    assert (reviewer.get(mine).status_code, outsider.get(mine).status_code, owner.get(mine).status_code) == (200, 404, 404)
    data = {f"answer_{pk}": given.answer for pk, given in answers(row, "housing").items()}
    assert reviewer.post(mine, data).status_code == 302
    assert reviewer.post(mine, data | {"confirm": "1"}).status_code == 302
    assert unit(row, "housing").state == "confirmed"
    with django_assert_max_num_queries(40):
        assert "签到码" in director.get(page).content.decode()
    assert outsider.get(page).status_code == 404
    assert director.post(reverse("packages:consultation_meeting", args=[row.pk]), {"note": "平整"}).status_code == 302
    opinion = reverse("packages:unit_opinion", args=[unit(row, "environment").pk])
    writer = Client()
    writer.force_login(of("environment"))
    assert writer.post(opinion, {"opinion": "无意见", "basis": "环评法"}).status_code == 302


@pytest.mark.slow
def test_the_pages_of_everybody(clock, project, actors, django_assert_max_num_queries):
    director, owner, reviewer, heritage, outsider = (Client() for _ in range(5))
    for client, person in (
        (director, actors.director), (owner, actors.owner), (reviewer, of("housing")), (heritage, of("heritage")),
        (outsider, actors.outsider),
    ):
        client.force_login(person)
    row, page = called_on_its_pages(clock, project, director)
    signed_and_answered(django_assert_max_num_queries, director, owner, reviewer, heritage, outsider, row, page)
    text = minutes.draft_minutes(factories.fresh(row))
    assert director.post(reverse("packages:consultation_minutes", args=[row.pk]), {"text": text}).status_code == 302
    plan = ServicePlan.objects.get(consultation=row)
    version = reverse("packages:service_plan", args=[plan.pk])
    assert owner.get(version).status_code == 404
    edit = {"edit": "0", "risks": "雨季施工\n\n管线迁改", "decisions": "", "declined": ""}
    assert director.post(reverse("packages:service_plan_edit", args=[plan.pk]), edit).status_code == 302
    assert director.post(reverse("packages:service_plan_edit", args=[plan.pk]), edit | {"risks": "x"}).status_code == 409
    tell = reverse("packages:service_plan_tell", args=[plan.pk])
    assert director.post(tell, {"edit": "1"}).status_code == 302
    told_page = owner.get(version).content.decode()
    assert ("管线迁改" in told_page, "一方案一图一清单" in owner.get(page).content.decode()) == (True, True)
    notice = factories.fresh(plan).notice_paper_id
    assert owner.post(reverse("archives:sign", args=[notice])).status_code == 302
    factories.drain()
    detail = owner.get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert "一方案一图一清单 第 1 版" in detail
    assert project.name in director.get(reverse("packages:consultations"), {"state": "told"}).content.decode()
    assert director.get(reverse("packages:off_list", args=[project.pk])).status_code == 200
    assert OffListItem.objects.count() == 0
