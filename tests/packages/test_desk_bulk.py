"""An action on many rows does each by itself, says what came of each, and a form that is posted twice acts once."""

import io
import zipfile

import pytest
from django.urls import reverse

from agency.models import Notification
from archives.models import Document, DocumentKind, Paper
from packages.models import BulkLine, BulkRun, MaterialItem, ReviewTask
from packages.services import bulk
from packages.services.holding import urge_case
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def cases(project, kept_cases):
    """Three cases at the window; the second lacks a paper."""
    cases = kept_cases
    unknown = DocumentKind.objects.exclude(pk__in=Document.objects.values("kind")).first()
    line = MaterialItem.objects.filter(case=cases[1]).first()
    MaterialItem.objects.filter(pk=line.pk).update(
        state="missing", document=None, is_automatic=False, source="applicant", kind=unknown
    )
    return cases


def chosen(cases):
    return {"case": [case.pk for case in cases]}


def test_complete_applications_are_accepted_at_once_and_the_rest_say_why(client, actors, cases):
    client.force_login(actors.clerk)
    url = reverse("packages:desk_bulk", args=["accept"])
    page = client.get(url, chosen(cases)).context["page"]
    assert [row.verdict.ok for row in page.rows] == [True, False, True]
    assert page.rows[1].verdict.reason.startswith("还缺 1 件：")
    answers = [client.post(url, {**chosen(cases), "key": page.key}) for _ in range(2)]
    assert answers[0].url == answers[1].url
    run = BulkRun.objects.get()
    assert (run.user, run.finished_at is not None) == (actors.clerk, True)
    outcomes = {line.case_id: (line.outcome, line.words) for line in run.lines.all()}
    assert [outcomes[case.pk][0] for case in cases] == ["done", "refused", "done"]
    assert "还缺材料" in outcomes[cases[1].pk][1]
    assert [factories.fresh(case).state for case in cases] == ["accepted", "received", "accepted"]
    assert Event.objects.filter(kind="case.accepted").count() == 2
    result = client.get(answers[0].url)
    assert (result.context["page"].done, result.context["page"].refused, result.context["page"].pending) == (2, 1, 0)
    client.force_login(actors.director)
    assert client.get(answers[0].url).status_code == 404


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(actors, cases):
    run = bulk.start_run(by=actors.clerk, action="accept", case_ids=[case.pk for case in cases], key="k")
    bulk.carry_on(run.pk, by=actors.clerk, seconds=-1)
    assert set(BulkLine.objects.values_list("outcome", flat=True)) == {"pending"}
    for _ in range(2):
        bulk.carry_on(run.pk, by=actors.clerk)
    assert list(run.lines.values_list("outcome", flat=True)) == ["done", "refused", "done"]
    assert Event.objects.filter(kind="case.accepted").count() == 2


def test_nothing_chosen_too_many_unseen_and_no_decision_in_bulk(client, actors, cases):
    with pytest.raises(DomainError, match="没有选中办件"):
        bulk.start_run(by=actors.outsider, action="accept", case_ids=[cases[0].pk], key="k")
    with pytest.raises(DomainError, match="一次最多办理 100 件"):
        bulk.start_run(by=actors.clerk, action="accept", case_ids=range(1, 102), key="k")
    client.force_login(actors.chief)
    assert client.get(reverse("packages:desk_bulk", args=["decide"])).status_code == 404
    run = bulk.start_run(by=actors.agent, action="accept", case_ids=[cases[0].pk], key="k")
    bulk.carry_on(run.pk, by=actors.agent)
    [line] = run.lines.all()
    assert (line.outcome, line.words) == ("refused", "受理由行政审批局窗口办理，您的岗位不办理受理。")


def test_whom_a_case_waits_for_is_urged_once_a_day(project, actors):
    case = factories.in_review(project, "plan-permit", actors)
    tasks = {task.pk: task for task in ReviewTask.objects.filter(session__case=case).select_related("organisation")}
    people = {pk: factories.official(task.organisation.code, "reviewer") for pk, task in tasks.items()}
    assert urge_case(case.pk, by=actors.clerk).startswith("正在等")
    asked = Event.objects.get(kind="case.urged").data["task"]
    with pytest.raises(DomainError, match="王敏已催办过"):
        urge_case(case.pk, by=actors.director)
    with pytest.raises(NotAllowed):
        urge_case(case.pk, by=actors.owner)
    factories.drain()
    told = Notification.objects.filter(text__contains="催办")
    assert set(told.values_list("url", flat=True)) == {reverse("packages:case", args=[case.pk])}
    assert set(told.values_list("user__memberships__organisation", flat=True)) == {tasks[asked].organisation_id}
    assert people[asked].pk in told.values_list("user", flat=True)


@pytest.mark.slow
def test_receipts_come_once_per_application_in_one_file(client, actors, cases):
    client.force_login(actors.clerk)
    url = reverse("packages:desk_receipts")
    paper = Paper.objects.get(kind="receipt")
    assert client.get(url, chosen(cases)).context["page"].papers == (paper,)
    answer = client.get(url, {**chosen(cases), "export": "zip"})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as bundle:
        [name] = bundle.namelist()
        assert bundle.read(name)[:5] == b"%PDF-"
    client.force_login(actors.outsider)
    assert client.get(url, chosen(cases)).context["page"].papers == ()
