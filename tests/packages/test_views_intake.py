"""The window takes in several matters at once: every change is saved, what is missing is told, verdicts fall on what is selected."""

import pytest
from django.urls import reverse

from archives.models import Paper
from packages.models import Application, MaterialItem, MatterCase
from packages.screens.checklist import promised_words
from packages.states import CaseState
from projects import timing
from tests import factories
from tests.packages.steps import ready_codes

pytestmark = pytest.mark.django_db


def missing_item(application):
    return MaterialItem.objects.filter(case__application=application, state="missing").order_by("pk").first()


# Applying


def test_apply_page_shows_what_can_be_applied_for_and_why_not(window, project):
    page = window.get(reverse("packages:apply", args=[project.pk])).context["page"]
    picks = {pick.code: pick.verdict for _, picks in page.stages for pick in picks}
    assert [code for code, verdict in picks.items() if verdict] == [code for code, _ in page.codes]
    assert all(verdict.reason for verdict in picks.values() if not verdict)


def test_posting_twice_opens_one_application(window, project):
    url = reverse("packages:apply", args=[project.pk])
    data = {"matters": ready_codes(project), "form_key": "5f0c5a52-0000-4000-8000-000000000001"}
    first, second = window.post(url, data), window.post(url, data)
    application = Application.objects.get()
    assert first.url == second.url == reverse("packages:application", args=[application.pk])
    assert application.cases.count() == len(data["matters"])


def test_nothing_chosen_is_told(window, project):
    response = window.post(reverse("packages:apply", args=[project.pk]), {"form_key": "k"})
    assert response.status_code == 409
    assert response.context["form"].errors == {"matters": ["一项也没有选。请至少勾选一项事项。"]}
    assert not Application.objects.exists()


def test_an_enterprise_applies_over_the_net(client, actors, project):
    client.force_login(actors.owner)
    client.post(reverse("packages:apply", args=[project.pk]), {"matters": ready_codes(project, 1), "form_key": "n1"})
    application = Application.objects.get()
    assert application.source == "net"
    client.force_login(actors.clerk)
    page = client.get(reverse("packages:application", args=[application.pk])).context["page"]
    assert not page.counts  # how long an enterprise fills a form is not the time of the window


def test_a_paper_that_may_follow_says_by_when(application):
    item = missing_item(application)
    item.state, item.definition.deferral_days, item.case.promised_days = "deferred", 6, 5
    said = {
        "decision": "受理后 4 个工作日内、作出决定前补交", "certificate": "作出决定后 6 个工作日内、领取证照前补交",
        "after": "作出决定后 6 个工作日内补交",
    }
    for before, words in said.items():
        item.definition.arrives_before = before
        assert promised_words(item) == words


def test_a_scanned_project_is_taken_up_where_it_stands(window, client, actors, project):
    url = reverse("packages:start", args=[project.pk])
    apply = reverse("packages:apply", args=[project.pk])
    assert window.get(url).url == f"{apply}?stage=planning"
    page = window.get(f"{apply}?stage=planning").context
    assert page["chosen"] == page["page"].ready_in("planning") != []
    application = factories.open_application(project, ready_codes(project), actors)
    assert window.get(url).url == reverse("packages:application", args=[application.pk])
    bare = factories.make_project(actors, name="普通仓库")
    assert window.get(reverse("packages:start", args=[bare.pk])).url == reverse("packages:enrol", args=[bare.pk])
    home = window.get(reverse("packages:intake")).context["page"]
    assert [(row.application.pk, row.cases) for row in home.drafts] == [(application.pk, application.cases.count())]
    client.force_login(actors.director)
    assert client.get(url).url == reverse("projects:detail", args=[project.pk])


def test_matters_of_one_step_are_applied_for_together(window, project):
    page = window.get(reverse("packages:apply", args=[project.pk])).context["page"]
    picks = {pick.code: pick for _, rows in page.by_stage for pick in rows}
    assert not picks["construction-permit"].verdict
    now = timing.now()
    MatterCase.objects.filter(project=project, matter__matter__code="land-plan-permit").update(
        state=CaseState.PASSED, received_at=now, accepted_at=now, decided_at=now, ended_at=now
    )
    page = window.get(reverse("packages:apply", args=[project.pk])).context["page"]
    picks = {pick.code: pick for _, rows in page.by_stage for pick in rows}
    assert picks["plan-permit"].verdict
    assert (bool(picks["construction-permit"].verdict), picks["construction-permit"].beside) == (
        True, (picks["plan-permit"].case.matter.name,),
    )


# The checklist


def test_a_change_without_reload_answers_with_what_has_moved(window, application):
    item = missing_item(application)
    before = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    url = reverse("packages:material", args=[item.pk])
    answer = window.post(url, {"state": "uploaded", "uploaded": factories.pdf()}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert len(answer.context["page"].missing) < len(before.missing)
    body = answer.content.decode()
    for part in (f"m{item.pk}", f"h{item.case_id}", "missing", "bars"):
        assert f'id="{part}" hx-swap-oob="true"' in body
    assert "<html" not in body
    others = MaterialItem.objects.filter(case__application=application, document=None).exclude(state="missing")
    assert not [other.pk for other in others if f'id="m{other.pk}"' in body]
    refused = window.post(url, {"state": "not_applicable"}, headers={"HX-Request": "true"})
    assert (refused.status_code, refused.context["changed"]) == (409, {item.pk})
    assert "请写明" in refused.content.decode()



def test_a_line_is_saved_when_its_file_is_sent(window, application):
    item = missing_item(application)
    url = reverse("packages:material", args=[item.pk])
    response = window.post(url, {"state": "uploaded", "uploaded": factories.pdf()})
    assert response.url == f"{reverse('packages:application', args=[application.pk])}#m{item.pk}"
    item.refresh_from_db()
    assert (item.state, item.document.title) == ("uploaded", item.name)
    page = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    assert page.saved_at >= item.changed_at


def test_a_file_that_is_not_what_it_says_is_refused_at_its_line(window, application):
    from django.core.files.uploadedfile import SimpleUploadedFile

    item = missing_item(application)
    wrong = SimpleUploadedFile("执照.pdf", b"MZ\x90\x00 not a pdf", content_type="application/pdf")
    response = window.post(reverse("packages:material", args=[item.pk]), {"state": "uploaded", "uploaded": wrong})
    assert response.url == f"{reverse('packages:application', args=[application.pk])}#m{item.pk}"
    page = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    told = [(line.item.pk, line.error) for entry in page.cases for line in entry.lines if line.error]
    assert [pk for pk, _ in told] == [item.pk]
    assert "没有保存" in told[0][1]
    page = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    assert not [line for entry in page.cases for line in entry.lines if line.error]
    assert factories.fresh(item).state == "missing"


def test_upload_without_file_says_so(window, application):
    item = missing_item(application)
    response = window.post(reverse("packages:material", args=[item.pk]), {"state": "uploaded"}, follow=True)
    assert response.status_code == 200
    assert f"请选择“{item.name}”的文件后再提交。" in response.content.decode()


def test_not_applicable_needs_its_reason(window, application):
    item = missing_item(application)
    url = reverse("packages:material", args=[item.pk])
    response = window.post(url, {"state": "not_applicable"}, follow=True)
    assert f"请写明“{item.name}”不适用或系统共享的理由。" in response.content.decode()
    assert factories.fresh(item).state == "missing"
    assert window.post(url, {"state": "not_applicable", "note": "本项目没有危大工程"}).status_code == 302
    assert (factories.fresh(item).state, factories.fresh(item).note) == ("not_applicable", "本项目没有危大工程")


def test_get_does_not_change_a_line(window, application):
    item = missing_item(application)
    assert window.get(reverse("packages:material", args=[item.pk]), {"state": "committed"}).status_code == 405
    assert factories.fresh(item).state == "missing"


def test_choices_are_those_that_the_service_takes(application, actors):
    from packages.screens.checklist import ways
    from packages.services.intake import set_material
    from projects.errors import DomainError

    for item in MaterialItem.objects.filter(case__application=application, state="missing"):
        for state, _, verdict in ways(item, window=True):
            if state == "uploaded":
                continue
            try:
                set_material(item.pk, state=state, by=actors.clerk, note="理由")
                taken = True
            except DomainError:
                taken = False
            assert (item.name, state, taken) == (item.name, state, bool(verdict))
            set_material(item.pk, state="missing", by=actors.clerk)


def test_missing_lines_are_listed_and_hinder_acceptance(window, actors, application):
    from packages.services.intake import submit_application

    page = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    missing = list(MaterialItem.objects.filter(case__application=application, state="missing"))
    assert sorted(line.item.pk for line in page.missing) == sorted(item.pk for item in missing)
    assert missing
    submit_application(application.pk, by=actors.clerk)
    page = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    assert (page.accept.ok, page.accept.reason) == (False, f"还缺 {len(missing)} 件，暂不能受理")
    assert page.notice.ok
    for case in application.cases.all():
        acts = {act.label: act for act in window.get(reverse("packages:case", args=[case.pk])).context["page"].actions}
        short = sum(item.case_id == case.pk for item in missing)
        assert acts["受理"].verdict.reason == (f"还缺 {short} 件，暂不能受理" if short else "")
        assert (acts["补全告知"].verdict.ok, acts["补全告知"].key) == (True, "F3")


# Handing in, accepting


def test_handing_in_makes_a_receipt(window, application):
    url = reverse("packages:submit", args=[application.pk])
    assert window.get(url).status_code == 405
    assert window.post(url).status_code == 302
    assert {case.state for case in application.cases.all()} == {CaseState.RECEIVED}
    page = window.get(reverse("packages:application", args=[application.pk])).context["page"]
    assert [paper.title for paper in page.papers] == ["材料回执"]
    assert window.post(url).status_code in {302, 403, 409}
    assert Paper.objects.filter(kind="receipt").count() == 1


def test_the_verdicts_act_on_the_case_that_is_selected(window, handed_in):
    first, second = handed_in.cases.all()
    url = reverse("packages:application", args=[handed_in.pk])
    page = window.get(url)
    assert [bar.scope for bar in page.context["page"].bars] == ["all", str(first.pk), str(second.pk)]
    assert page.context["scope"] == "all"
    assert not page.context["page"].bars[0].refuse
    page = window.get(f"{url}?case={second.pk}")
    bar = page.context["page"].bars[2]
    assert (page.context["scope"], bar.accept_url) == (str(second.pk), reverse("packages:case_accept", args=[second.pk]))
    assert 'data-scope="all" hidden' in page.content.decode()


@pytest.mark.slow
def test_the_page_of_a_receipt_asks_for_its_pdf_until_it_is_there(window, handed_in):
    from archives.services.papers import render

    url = reverse("packages:papers", args=[handed_in.pk])
    part = window.get(url, {"asked": "2"}).content.decode()
    assert f'hx-get="{url}?asked=3"' in part
    assert "正在生成，打开即出" in part
    paper = Paper.objects.filter(rendered_at=None, project=handed_in.project).earliest("pk")
    assert f'href="{reverse("archives:paper_pdf", args=[paper.pk])}"' in part, "who does not wait has it made at once"
    assert "hx-get" not in window.get(url, {"asked": "40"}).content.decode()
    for paper in Paper.objects.filter(rendered_at=None, project=handed_in.project):
        assert render(paper.pk)
    assert "hx-get" not in window.get(url).content.decode()


def test_accepting_by_its_page(window, handed_in):
    url = reverse("packages:accept", args=[handed_in.pk])
    page = window.get(url)
    assert page.status_code == 200
    assert {case.state for case in handed_in.cases.all()} == {CaseState.RECEIVED}
    assert window.post(url).url == reverse("packages:application", args=[handed_in.pk])
    assert CaseState.RECEIVED not in {case.state for case in handed_in.cases.all()}
    assert Paper.objects.filter(kind="acceptance_notice").count() == handed_in.cases.count()


def test_one_case_alone(window, handed_in):
    case = handed_in.cases.first()
    window.post(reverse("packages:case_accept", args=[case.pk]))
    states = {row.pk: row.state for row in handed_in.cases.all()}
    assert states.pop(case.pk) != CaseState.RECEIVED
    assert set(states.values()) == {CaseState.RECEIVED}


def test_an_owner_is_offered_no_acceptance(client, actors, handed_in):
    client.force_login(actors.owner)
    page = client.get(reverse("packages:application", args=[handed_in.pk]))
    assert (page.status_code, reverse("packages:accept", args=[handed_in.pk]) in page.text) == (200, False)
    assert client.post(reverse("packages:accept", args=[handed_in.pk])).status_code == 403


def test_discarding_frees_the_matters(window, application):
    codes = {case.matter.matter.code for case in application.cases.all()}
    url = reverse("packages:discard", args=[application.pk])
    assert window.get(url).status_code == 200
    assert window.post(url).status_code == 302
    page = window.get(reverse("packages:apply", args=[application.project_id])).context["page"]
    assert codes <= {code for code, _ in page.codes}


# Refusal, withdrawal


def test_refusal_needs_a_reason_and_a_basis(window, handed_in):
    case = handed_in.cases.first()
    url = reverse("packages:refuse", args=[case.pk])
    response = window.post(url, {"kind": "refused"})
    assert set(response.context["form"].errors) == {"reason", "basis"}
    assert "应先补全告知，不能直接不予受理" in response.content.decode()
    assert factories.fresh(case).state == CaseState.RECEIVED
    assert window.post(url, {"kind": "refused", "reason": "材料仍不齐", "basis": "行政许可法第32条"}).status_code == 302
    assert factories.fresh(case).state == CaseState.REFUSED_INTAKE


def test_not_ours_names_the_right_body(window, handed_in):
    case = handed_in.cases.first()
    url = reverse("packages:refuse", args=[case.pk])
    data = {"kind": "not_ours", "reason": "不属本机关职权", "basis": "行政许可法第32条"}
    assert set(window.post(url, data).context["form"].errors) == {"referral"}
    assert window.post(url, {**data, "referral": "晋城市水务局"}).status_code == 302
    assert factories.fresh(case).state == CaseState.NOT_TAKEN
    page = window.get(reverse("packages:application", args=[handed_in.pk])).context["page"]
    assert case.pk not in {entry.case.pk for entry in page.cases if entry.due_on}  # nothing is granted of it


def test_withdrawal_by_its_page(client, actors, handed_in):
    case = handed_in.cases.first()
    client.force_login(actors.owner)
    url = reverse("packages:withdraw", args=[case.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "方案调整"}).status_code == 302
    row = case.withdrawals.get()
    assert (row.state, factories.fresh(case).state) == ("requested", CaseState.RECEIVED)
    client.force_login(actors.clerk)
    answer = reverse("packages:withdrawal", args=[row.pk])
    assert "方案调整" in client.get(answer).content.decode()
    assert set(client.post(answer, {"granted": "no"}).context["form"].errors) == {"note"}
    other = handed_in.cases.exclude(pk=case.pk).first()
    written = reverse("packages:withdraw", args=[other.pk])
    bare = client.post(written, {"reason": "方案调整"})
    assert bare.context["form"].errors == {"uploaded": ["请上传建设单位盖章的撤件申请书；建设单位也可以自己在网上申请撤件。"]}
    assert client.post(written, {"reason": "方案调整", "uploaded": factories.pdf()}).status_code == 302
    assert factories.fresh(other).state == CaseState.WITHDRAWN
    assert client.post(answer, {"granted": "yes"}).status_code == 302
    assert (factories.fresh(row).state, factories.fresh(case).state) == ("granted", CaseState.WITHDRAWN)


def test_strangers_find_nothing(client, actors, handed_in):
    case = handed_in.cases.first()
    item = MaterialItem.objects.filter(case=case).first()
    client.force_login(actors.outsider)
    names = ["submit", "accept", "notice", "return_corrected", "discard"]
    urls = [reverse(f"packages:{name}", args=[handed_in.pk]) for name in names]
    urls += [reverse(f"packages:{name}", args=[case.pk]) for name in ("case_accept", "refuse", "withdraw", "on_spot")]
    urls += [reverse("packages:material", args=[item.pk])] if item else []
    assert {url: client.post(url).status_code for url in urls} == dict.fromkeys(urls, 404)
    assert client.get(reverse("packages:application", args=[handed_in.pk])).status_code == 404
    assert client.get(reverse("packages:case", args=[case.pk])).status_code == 404


def test_every_post_needs_the_token(actors, application):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(actors.clerk)
    assert strict.post(reverse("packages:submit", args=[application.pk])).status_code == 403
    assert MatterCase.objects.filter(application=application, state=CaseState.RECEIVED).count() == 0
