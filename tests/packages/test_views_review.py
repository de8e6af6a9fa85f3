"""A department answers beside the file, sees the others' answers, and a no says on which clause and how to mend it."""

import pytest
from django.urls import reverse

from packages.models import JointSession, Opinion, ReviewTask
from packages.screens.case import session_views
from packages.services import referring
from packages.services.review import give_opinion
from packages.services.special import request_special
from projects import clocks, timing
from projects.clock_states import PauseKind, TimeOwner
from projects.models import Organisation
from tests import factories
from tests.kept import kept

MOST_QUERIES = 20  # of the page of a case, in any state

pytestmark = pytest.mark.django_db
CODE = "plan-permit"


def build():
    actors = factories.make_actors()
    return {"actors": actors, "case": factories.in_review(factories.enrolled_project(actors, "S2"), CODE, actors)}


#: A case before its departments.
_world, world, actors, case = kept(build, "actors", "case")


@pytest.fixture
def task(case):
    """A task of a department that is asked."""
    return ReviewTask.objects.filter(session__case=case, state="invited").exclude(role="lead").order_by("pk").first()


@pytest.fixture
def reviewer(client, task):
    """The reviewer of that department, signed in."""
    client.force_login(factories.official(task.organisation.code, "reviewer"))
    return client


def test_list_shows_what_is_asked(reviewer, task):
    page = reviewer.get(reverse("packages:reviews"))
    assert [row.task.pk for sheet in page.context["sheets"] for row in sheet.rows] == [task.pk]
    assert "没有等您答复的意见" not in page.content.decode()


@pytest.mark.slow
def test_what_rests_stands_after_what_runs(reviewer, task, actors):
    case = factories.in_review(factories.enrolled_project(actors, "S2"), CODE, actors)
    later = ReviewTask.objects.get(session__case=case, organisation=task.organisation)

    def listed():
        return [row.task.pk for sheet in reviewer.get(reverse("packages:reviews")).context["sheets"] for row in sheet.rows]

    assert listed() == [task.pk, later.pk]
    clocks.pause_clock(task.clock, kind=PauseKind.CORRECTION, owner=TimeOwner.APPLICANT, basis="补正告知")
    assert listed() == [later.pk, task.pk]
    assert "恢复后顺延" in reviewer.get(reverse("packages:reviews")).content.decode()


def test_who_answers_second_reads_who_was_first_and_keeps_what_was_written(reviewer, task):
    url = reverse("packages:review", args=[task.pk])
    assert reviewer.post(url, {"verdict": "agree", "reason": "退线合格"}).status_code == 302
    words = {"verdict": "disagree", "reason": "退线不足 3 米", "basis": "规划条件第4条", "remedy": "退到 8 米"}
    page = reviewer.post(url, words)
    text = page.content.decode()
    assert (page.status_code, Opinion.objects.get(task=task).reason) == (409, "退线合格")
    assert f"<b>没有保存。</b>{task.organisation.label}的这项意见已是“已答复”，不能再答复。最近一次办理：" in text
    assert all(f"<dd>{words[name]}</dd>" in text for name in ("reason", "basis", "remedy"))


def test_page_says_what_silence_means(reviewer, task):
    page = reviewer.get(reverse("packages:review", args=[task.pk]))
    assert page.context["page"].silence in page.content.decode()
    assert page.context["page"].is_mine


def test_taking_up_is_a_post(reviewer, task):
    url = reverse("packages:open_task", args=[task.pk])
    assert reviewer.get(url).status_code == 405
    assert reviewer.post(url).url == reverse("packages:review", args=[task.pk])
    assert factories.fresh(task).state == "opened"


def test_a_no_needs_clause_and_remedy(reviewer, task):
    url = reverse("packages:review", args=[task.pk])
    response = reviewer.post(url, {"verdict": "disagree", "reason": "间距不足"})
    assert set(response.context["form"].errors) == {"basis", "remedy"}
    response = reviewer.post(
        url, {"verdict": "conditional", "reason": "间距不足", "basis": "GB 50016 第5.2.2条", "remedy": "请进一步完善"}
    )
    assert list(response.context["form"].errors) == ["remedy"]
    assert response.context["form"].errors["remedy"][0].startswith("“完善”没有说清改成什么")
    assert not Opinion.objects.exists()


def test_an_answer_is_given_once(reviewer, task):
    url = reverse("packages:review", args=[task.pk])
    data = {"verdict": "agree", "reason": "符合规划条件"}
    assert reviewer.post(url, data).url == reverse("packages:reviews")
    assert reviewer.post(url, data).status_code in {302, 403, 409}
    opinion = Opinion.objects.get(task=task)
    assert (opinion.verdict, opinion.reason, opinion.source) == ("agree", "符合规划条件", "manual")
    page = reviewer.get(url)
    assert "符合规划条件" in page.content.decode()
    assert [r.task.pk for s in reviewer.get(reverse("packages:reviews"), {"closed": "1"}).context["sheets"] for r in s.rows] == [
        task.pk
    ]


def test_others_read_but_do_not_answer(client, actors, task):
    client.force_login(actors.clerk)
    url = reverse("packages:review", args=[task.pk])
    page = client.get(url)
    assert page.context["page"].answer.reason == f"这项意见由{task.organisation.label}答复。"
    assert client.post(url, {"verdict": "agree", "reason": "好"}).status_code == 403
    client.force_login(actors.outsider)
    assert client.get(url).status_code == 404
    client.force_login(actors.owner)
    assert client.get(url).status_code == 404


def test_merging_starts_from_the_answers(client, case):
    factories.answer_all(case)
    session = JointSession.objects.get(case=case)
    client.force_login(factories.official(case.lead.code, "reviewer"))
    url = reverse("packages:merge", args=[session.pk])
    page = client.get(url)
    text = page.context["form"].initial["text"]
    asked = [t.organisation.name for t in session.tasks.exclude(role="lead").select_related("organisation").order_by("pk")]
    assert text.splitlines() == [f"{name}：同意。" for name in asked]
    assert client.post(url, {"passed": "yes", "text": text}).url == reverse("packages:case", args=[case.pk])
    assert factories.fresh(session).state == "passed"
    view = client.get(reverse("packages:case", args=[case.pk])).context["page"].sessions[0]
    assert (view.answered, len(view.asked)) == (len(asked), len(asked))


def test_only_the_lead_merges(client, actors, case):
    factories.answer_all(case)
    session = JointSession.objects.get(case=case)
    client.force_login(actors.outsider)
    assert client.get(reverse("packages:merge", args=[session.pk])).status_code == 404
    client.force_login(actors.clerk)
    url = reverse("packages:merge", args=[session.pk])
    assert client.get(url).context["step"].verdict.reason == f"汇总由牵头部门{case.lead.label}办理。"
    assert client.post(url, {"passed": "yes", "text": "好"}).status_code == 403


def test_empty_list_says_so(client, case):
    client.force_login(factories.official("transport", "reviewer"))  # nobody asks it
    assert "没有等您答复的意见" in client.get(reverse("packages:reviews")).content.decode()


def test_an_enterprise_sees_who_was_asked_but_not_what_was_said(client, actors, case):
    factories.answer_all(case)
    client.force_login(actors.owner)
    page = client.get(reverse("packages:case", args=[case.pk])).content.decode()
    names = [t.organisation.name for t in ReviewTask.objects.filter(session__case=case).select_related("organisation")]
    assert all(name in page for name in names)
    assert "符合要求" not in page
    assert client.get(reverse("packages:merge", args=[JointSession.objects.get(case=case).pk])).status_code == 404


@pytest.mark.slow
def test_who_disagreed_is_asked_once_more(client, case, django_assert_max_num_queries):
    tasks = list(ReviewTask.objects.filter(session__case=case).exclude(role="lead").order_by("pk"))
    against = next(task for task in tasks if task.role == "joint")
    for task in tasks:
        words = {"verdict": "agree", "reason": "符合要求"}
        if task == against:
            words = {"verdict": "disagree", "reason": "间距不足", "basis": "GB 50016 5.2.2", "remedy": "间距改为13米"}
        give_opinion(task.pk, by=factories.official(task.organisation.code, "reviewer"), **words)
    client.force_login(factories.official(case.lead.code, "reviewer"))
    url = reverse("packages:reconsult", args=[against.pk])
    lead = client.get(reverse("packages:review", args=[against.session.tasks.get(role="lead").pk])).content.decode()
    for step in (url, *(reverse(f"packages:{name}", args=[against.session_id]) for name in ("call", "rectify"))):
        assert f'href="{step}"' in lead
    case_url = reverse("packages:case", args=[case.pk])
    client.get(case_url)
    with django_assert_max_num_queries(MOST_QUERIES) as asked:
        assert url in client.get(case_url).content.decode()
    of_one_round = len(asked)
    merge = reverse("packages:merge", args=[against.session_id])
    refused = client.post(merge, {"passed": "yes", "text": "同意"})
    assert refused.status_code == 409
    assert against.organisation.name in str(refused.context["form"].non_field_errors())
    assert client.post(url, {"note": ""}).context["form"].errors
    assert client.post(url, {"note": "间距已改为13米"}).status_code == 302
    second = JointSession.objects.get(case=case, round=2)
    assert [task.organisation for task in second.tasks.exclude(role="lead")] == [against.organisation]
    with django_assert_max_num_queries(of_one_round):
        rounds = client.get(case_url).context["page"].sessions
    assert [(view.session.round, len(view.rows)) for view in rounds] == [(2, 2), (1, len(tasks) + 1)]


def test_before_all_have_answered_the_lead_reads_on_whom_it_waits_and_is_asked_nothing(client, case):
    session = JointSession.objects.get(case=case)
    asked = list(session.tasks.exclude(role="lead").select_related("organisation").order_by("due_on", "pk"))
    client.force_login(factories.official(case.lead.code, "reviewer"))
    steps = [reverse(f"packages:{name}", args=[session.pk]) for name in ("merge", "call", "rectify")]
    for url in (*steps, reverse("packages:reconsult", args=[asked[0].pk])):
        page = client.get(url)
        assert [one.role for one in page.context["awaited"]] == [task.organisation.label for task in asked]
        text = page.content.decode()
        assert ("在等谁" in text, "全部答复或到期后才能汇总、整改" in text) == (True, True)
        form = text[text.index('<form method="post" enctype'):]
        assert [name for name in ("text", "days", "meets_at", "note", "happened_at") if f'name="{name}"' in form] == []
    factories.answer_all(case)
    assert all('aria-label="在等谁"' not in client.get(url).content.decode() for url in steps)


def test_a_department_without_units_is_not_led_to_send_on(reviewer, task):
    refer = reverse("packages:refer", args=[task.pk])
    assert refer not in reviewer.get(reverse("packages:review", args=[task.pk])).content.decode()
    assert "没有登记内设机构" in reviewer.get(refer).content.decode()
    Organisation.objects.create(name="用途管制科", kind="department", parent=task.organisation)
    assert refer in reviewer.get(reverse("packages:review", args=[task.pk])).content.decode()
    assert f"{timing.spoken(task.due_on)}到期" in reviewer.get(refer).content.decode()


def test_a_unit_finds_what_was_sent_on_to_it_and_is_asked_for_its_advice_alone(client, task):
    unit = Organisation.objects.create(name="用途管制科", kind="department", parent=task.organisation)
    expert = factories.person("unit", "钱进", "reviewer", unit)
    sender = factories.official(task.organisation.code, "reviewer")
    referral = referring.send_on(task.pk, by=sender, unit_id=unit.pk, days=1, note="请看退让距离")
    client.force_login(expert)
    page, advise = reverse("packages:review", args=[task.pk]), reverse("packages:advise", args=[referral.pk])
    listed = client.get(reverse("packages:reviews"))
    assert [row for row, _ in listed.context["referrals"]] == [referral]
    assert (page in listed.content.decode(), "请看退让距离" in listed.content.decode()) == (True, True)
    text = client.get(page).content.decode()
    assert (f'href="{advise}"' in text, 'name="verdict"' in text, f"这项意见由{task.organisation.label}答复。" in text) == (
        True, False, True
    )
    client.force_login(sender)
    waiting = client.get(page).content.decode()
    assert ("（已转办用途管制科）" in waiting, 'name="verdict"' in waiting, f'href="{advise}"' in waiting) == (True, True, False)
    assert client.get(reverse("packages:reviews")).context["referrals"] == []


def test_the_page_of_the_lead_merges_and_asks_no_opinion(client, case):
    session = JointSession.objects.get(case=case)
    lead = session.tasks.get(role="lead")
    client.force_login(factories.official(case.lead.code, "reviewer"))
    url = reverse("packages:review", args=[lead.pk])
    merge_url = reverse("packages:merge", args=[session.pk])
    page = client.get(url)
    waiting = page.content.decode()
    first = min(task.due_on for task in session.tasks.exclude(role="lead"))
    assert (page.context["page"].awaited.due_on, first < lead.due_on) == (first, True)
    assert "还有部门没有答复，全部答复或到期后才能汇总、整改、召开联审会或再次征求意见。" in waiting
    assert merge_url not in waiting
    assert "提交意见" not in waiting
    factories.answer_all(case)
    ready = client.get(url)
    assert f'action="{merge_url}"' in ready.content.decode()
    text = ready.context["merge_form"].initial["text"]
    assert client.post(merge_url, {"passed": "yes", "text": text}).url == reverse("packages:case", args=[case.pk])
    merged = client.get(url).content.decode()
    assert "汇总意见" in merged
    assert f'action="{merge_url}"' not in merged


@pytest.mark.slow
def test_the_lead_confers_on_its_page_and_the_department_signs(client, case, clock):
    """Side by side, invitation, minutes with a changed opinion, signature, and the merged page says so."""
    tasks = {t.organisation.code: t for t in ReviewTask.objects.filter(session__case=case).select_related("organisation")}
    for code, task in tasks.items():
        words = {"verdict": "agree", "reason": "符合要求"}
        if code == "civil-defence":
            words = {"verdict": "disagree", "reason": "缺出入口", "basis": "人民防空法第22条", "remedy": "增设出入口"}
        if code != case.lead.code:
            give_opinion(task.pk, by=factories.official(code, "reviewer"), **words)
    lead, body = factories.official(case.lead.code, "reviewer"), factories.official("civil-defence", "reviewer")
    session = tasks["housing"].session_id
    client.force_login(lead)
    for name in ("merge", "rectify", "call"):
        assert "人民防空法第22条" in client.get(reverse(f"packages:{name}", args=[session])).content.decode()
    invited = client.post(
        reverse("packages:call", args=[session]),
        {"meets_on": "2026-11-03", "meets_time": "09:30", "place": "二楼", "agenda": "出入口"},
    )
    assert invited.status_code == 302
    meeting = JointSession.objects.get(pk=session).conferences.get()
    url, seat = reverse("packages:conference", args=[meeting.pk]), meeting.seats.get(organisation__code="civil-defence")
    prefix = f"seat{seat.organisation_id}"
    minutes = {"held_on": "2026-11-02", "outcome": "settled", "minutes": "同意增设", f"{prefix}-verdict": "agree"}
    assert client.post(url, minutes).status_code == 409
    minutes |= {f"{prefix}-delegate": "李某", f"{prefix}-reason": "已承诺增设"}
    assert client.post(url, minutes).url == url
    client.force_login(body)
    page = client.get(url)
    assert [(one.role, one.verb) for one in page.context["awaited"]] == [(body.memberships.get().organisation.label, "签认")]
    assert 'aria-label="在等谁"' in page.content.decode()
    assert client.post(reverse("packages:sign", args=[seat.pk])).url == url
    client.force_login(lead)
    assert client.post(reverse("packages:merge", args=[session]), {"passed": "yes", "text": "同意"}).status_code == 302


def test_tasks_of_one_project_are_taken_up_and_answered_together(reviewer, task):
    url = reverse("packages:review_batch")
    reviewer.post(url, {"act": "open", "tasks": [task.pk]})
    assert factories.fresh(task).state == "opened"
    refused = reviewer.post(url, {"act": "answer", "tasks": [task.pk], "verdict": "agree", "reason": ""})
    assert refused.status_code == 409
    reviewer.post(url, {"act": "answer", "tasks": [task.pk], "verdict": "agree", "reason": "符合要求"})
    assert Opinion.objects.get(task=task).reason == "符合要求"
    assert "没有超时默认的意见" in reviewer.get(reverse("packages:silences")).content.decode()
    strange = reviewer.post(url, {"act": "open", "tasks": ["²", "9" * 5000, "-1"]}, follow=True)
    assert "请先勾选意见。" in strange.text


def test_a_chief_begins_with_what_waits_for_a_decision(client, case):
    chief, reviewer = factories.official(case.lead.code, "chief"), factories.official(case.lead.code, "reviewer")
    url, decide = reverse("packages:reviews"), reverse("packages:decide", args=[case.pk])
    client.force_login(chief)
    assert client.get(url).context["decisions"] == []
    assert client.get(decide).context["step"].verdict.reason.startswith("联合审查还没有汇总，在等")
    factories.answer_all(case)
    factories.merge(case)
    request_special(case.pk, by=reviewer, kind="publicity", basis="城乡规划法第26条", planned_days=7)
    page = client.get(url)
    assert [row.case.pk for row in page.context["decisions"]] == [case.pk]
    assert [(wish.word, wish.case.pk, wish.who) for wish in page.context["wishes"]] == [("特别程序", case.pk, reviewer.name)]
    assert f'href="{decide}" data-open>作出决定' in page.content.decode()
    client.force_login(reviewer)
    assert (client.get(url).context["decisions"], client.get(url).context["wishes"]) == ([], [])


def test_who_was_let_go_is_not_counted_as_having_answered(case, actors):
    first, second = case.sessions.get().tasks.exclude(role="lead").order_by("pk")[:2]
    ReviewTask.objects.filter(pk=first.pk).update(closed_at=timing.now(), state="answered")
    ReviewTask.objects.filter(pk=second.pk).update(closed_at=timing.now(), state="closed")
    [view] = session_views(factories.fresh(case), actors.chief)
    assert (view.answered, view.let_go) == (1, 1)
