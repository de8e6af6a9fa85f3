"""One notice tells all faults of an application at once, and each is answered by itself."""

import pytest
from django.urls import reverse

from archives.models import Paper
from packages.models import MaterialItem
from packages.states import CaseState
from projects.models import IssueItem
from tests import factories

pytestmark = pytest.mark.django_db


def fault(number, **changes):
    row = {"what": "总平面图缺坐标", "basis": "规划管理办法第8条", "how_to_fix": "补注国家大地坐标", **changes}
    return {f"form-{number}-{name}": value for name, value in row.items()}


def formset(*rows, **more):
    data = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", "days": "10", **more}
    for number, row in enumerate(rows):
        data.update(fault(number, **row))
    return data


def test_notice_starts_with_what_is_missing(window, actors, application):
    from packages.services.intake import submit_application

    submit_application(application.pk, by=actors.clerk)
    page = window.get(reverse("packages:notice", args=[application.pk])).context["page"]
    names = {item.name for item in MaterialItem.objects.filter(case__application=application, state="missing")}
    assert {row["what"] for row in page.suggestions} == {f"缺少“{name}”" for name in names}


def test_several_faults_make_one_notice(window, handed_in):
    cases = list(handed_in.cases.all())
    url = reverse("packages:notice", args=[handed_in.pk])
    rows = [{"case_id": str(cases[0].pk)}, {"case_id": str(cases[0].pk), "what": "委托书未签字"}]
    assert window.post(url, formset(*rows)).url == reverse("packages:application", args=[handed_in.pk])
    assert factories.fresh(cases[0]).state == CaseState.CORRECTING
    assert [issue.what for issue in IssueItem.objects.filter(subject_key=str(cases[0].pk), kind="correction")] == [
        "总平面图缺坐标", "委托书未签字",
    ]
    assert Paper.objects.filter(kind="completion_notice").count() == 1


def test_a_vague_word_is_refused(window, handed_in):
    response = window.post(reverse("packages:notice", args=[handed_in.pk]), formset({"how_to_fix": "材料需规范、完善"}))
    assert response.status_code == 409
    assert response.context["formset"].errors == [
        {"how_to_fix": [
            "“完善”“规范”没有说清改成什么：写明补什么、改哪一处、改成什么数值或内容。告知只有一次；属于名称的请加书名号或引号。"
        ]}
    ]
    assert not IssueItem.objects.filter(kind="correction").exists()


def test_an_empty_notice_is_refused(window, handed_in):
    data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "days": "10"}
    data |= {f"form-{n}-{name}": "" for n in range(2) for name in ("what", "basis", "how_to_fix")}
    response = window.post(reverse("packages:notice", args=[handed_in.pk]), data)
    assert response.status_code == 409
    assert not IssueItem.objects.filter(kind="correction").exists()


def test_one_more_row_keeps_what_is_written(window, handed_in):
    response = window.post(reverse("packages:notice", args=[handed_in.pk]), formset({"what": "写了一半"}, more="1"))
    assert response.status_code == 200
    rows = [form.initial for form in response.context["formset"]]
    assert [row.get("what", "") for row in rows] == ["写了一半", ""]
    assert ["autofocus" in str(form["what"]) for form in response.context["formset"]] == [False, True]
    assert not IssueItem.objects.filter(kind="correction").exists()


def test_answers_and_return(window, client, actors, handed_in):
    case = handed_in.cases.first()
    window.post(reverse("packages:notice", args=[handed_in.pk]), formset({"case_id": str(case.pk)}))
    issue = IssueItem.objects.get(kind="correction")
    waits = window.get(reverse("packages:case_notice", args=[case.pk])).content.decode()
    assert f"补全告知已出具，在等{case.project.owner.name}补全后交回；交回后可以再次告知。" in waits
    assert ("补全期限（工作日）" in waits, "补正" in waits.replace("补正后仍不符合", "")) == (True, False)
    client.force_login(actors.owner)
    todos = client.get(reverse("packages:todos"))
    assert issue.what in todos.content.decode()
    back = reverse("packages:return_corrected", args=[handed_in.pk])
    assert client.post(back).status_code == 409
    data = {"answer": "已补注坐标", "uploaded": factories.pdf(), "next": reverse("packages:todos")}
    assert client.post(reverse("packages:answer", args=[issue.pk]), data).url == reverse("packages:todos")
    issue.refresh_from_db()
    assert (issue.state, issue.answer, issue.evidence.count()) == ("submitted", "已补注坐标", 1)
    assert "补全已逐条答好，请交回" in client.get(reverse("packages:todos")).content.decode()
    assert client.post(back).status_code == 302
    assert factories.fresh(case).state == CaseState.RECEIVED


def test_an_answer_does_not_lead_elsewhere(window, actors, handed_in):
    case = handed_in.cases.first()
    window.post(reverse("packages:notice", args=[handed_in.pk]), formset({"case_id": str(case.pk)}))
    issue = IssueItem.objects.get(kind="correction")
    response = window.post(reverse("packages:answer", args=[issue.pk]), {"answer": "好", "next": "https://elsewhere.example/"})
    assert response.url == f"{reverse('packages:application', args=[handed_in.pk])}#faults"
