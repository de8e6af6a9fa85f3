"""The work list finds, counts, sorts and pages at a fixed price, and every case tells on whom it waits."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.codewords import grouped
from archives.models import Paper
from packages.models import MatterCase
from packages.screens import desk as screen
from packages.services import withdrawing
from packages.services.intake import notice_faults
from packages.states import CaseState
from projects import memo
from projects.models import Project
from projects.models.time import Clock
from tests import factories

pytestmark = pytest.mark.django_db
FAULT = {"what": "缺总平面图", "basis": "城乡规划法第四十条", "how_to_fix": "补交总平面图"}
MOST_QUERIES = 17  # in a process that keeps nothing yet


def ready(project, count=3):
    """Codes of matters that can be applied for now."""
    from packages import queries

    return [
        case.matter.matter.code for case, draft in queries.open_drafts(project) if draft.is_ready and case.handling == "review"
    ][:count]


@pytest.fixture
def cases(project, kept_cases):
    """Three cases at the window."""
    return kept_cases


def rows_of(response):
    return [row.pk for row in response.context["page"].rows]


def many(case, count):
    """More cases of the same matter in projects of their own, due one day after the other, some paused."""
    unit = case.work_unit
    for number in range(count):
        project = Project.objects.get(pk=case.project_id)
        project.pk, project.code = None, f"2611-140581-04-01-{900000 + number}"
        project._state.adding = True
        project.save()
        case.project.involvements.model.objects.create(
            project=project, organisation=case.project.centre, role="centre", since=dt.date(2026, 1, 1)
        )
        new_unit = type(unit).objects.create(project=project, code=project.code, name=project.name)
        fields = {f.attname: getattr(case, f.attname) for f in case._meta.concrete_fields if not f.primary_key}
        fields |= {
            "project_id": project.pk, "work_unit_id": new_unit.pk, "number": f"T{number}", "application_id": None,
            "due_on": None if number % 7 == 0 else dt.date(2026, 11, 3) + dt.timedelta(days=number % 20),
        }
        MatterCase.objects.bulk_create([MatterCase(**fields)])


def test_counters_are_filters(window, cases):
    response = window.get(reverse("packages:desk"), {"tab": "all"})
    counts = {tab["label"]: tab["count"] for tab in response.context["page"].tabs}
    assert counts == {
        "待我办": "3", "今日到期": "0", "即将到期": "0", "已超时": "0", "待受理": "3", "待企业": "0", "部门办理中": "0",
        "已暂停": "0", "全部在办": "3",
    }
    assert rows_of(response) == [case.pk for case in cases]
    assert rows_of(window.get(reverse("packages:desk"), {"tab": "red"})) == []


def test_found_by_code_name_matter_number_and_paper(window, cases):
    case = factories.fresh(cases[0])
    paper = Paper.objects.get(kind="receipt")
    everything = [c.pk for c in cases]
    found = {
        text: rows_of(window.get(reverse("packages:desk"), {"tab": "all", "q": text}))
        for text in (case.project.code, case.project.name[:3], case.matter.name, case.number, case.application.number, paper.number, "查无此项", grouped(paper.verify_code))
    }
    assert found == {
        case.project.code: everything, case.project.name[:3]: everything, case.matter.name: [case.pk],
        case.number: [case.pk], case.application.number: everything, paper.number: everything, "查无此项": [],
        grouped(paper.verify_code): everything,
    }


def test_narrowed_by_stage_package_department(window, cases):
    url = reverse("packages:desk")
    case = cases[0]
    by_lead = [c.pk for c in cases if c.lead_id == case.lead_id]
    assert rows_of(window.get(url, {"tab": "all", "lead": case.lead.code})) == by_lead
    assert rows_of(window.get(url, {"tab": "all", "package": "soc-lowrisk"})) == [c.pk for c in cases]
    assert rows_of(window.get(url, {"tab": "all", "package": "gov-general"})) == []
    assert rows_of(window.get(url, {"tab": "all", "stage": case.stage})) == [c.pk for c in cases if c.stage == case.stage]


@pytest.mark.slow
def test_queries_do_not_grow_with_rows(window, cases):
    url = reverse("packages:desk")
    window.get(url)
    memo.forget_all()
    with CaptureQueriesContext(connection) as few:
        window.get(url, {"tab": "all"})
    many(factories.fresh(cases[0]), 110)
    counts = {}
    for size in (20, 100):
        memo.forget_all()
        with CaptureQueriesContext(connection) as captured:
            response = window.get(url, {"tab": "all", "size": size})
        assert len(response.context["page"].rows) == size
        counts[size] = len(captured)
    assert counts[20] == counts[100] == len(few)
    assert counts[100] <= MOST_QUERIES, [query["sql"][:160] for query in captured.captured_queries]


def test_twenty_rows_stay_small(window, cases):
    many(factories.fresh(cases[0]), 30)
    response = window.get(reverse("packages:desk"), {"tab": "all"})
    assert len(response.context["page"].rows) == 20
    assert len(response.content) < 60_000


def test_pages_cut_by_key_show_each_case_once(window, cases):
    many(factories.fresh(cases[0]), 50)
    url, seen, after = reverse("packages:desk"), [], None
    while True:
        page = window.get(url, {"tab": "all", **({"after": after} if after else {})}).context["page"]
        seen.append([row.pk for row in page.rows])
        after = page.after
        if after is None:
            break
    order = list(
        MatterCase.objects.open().order_by("pk").values_list("due_on", "pk")
    )
    expected = [pk for _, pk in sorted(order, key=lambda row: (row[0] is None, row[0] or dt.date.max, row[1]))]
    assert [pk for page in seen for pk in page] == expected
    back = window.get(url, {"tab": "all", "before": page.before}).context["page"]
    assert [row.pk for row in back.rows] == seen[-2]


def test_a_broken_key_shows_the_first_page(window, cases):
    for key in ("x", "2026-13-40.1", "-.", "1.1.1"):
        assert rows_of(window.get(reverse("packages:desk"), {"tab": "all", "after": key})) == [c.pk for c in cases]


def test_a_number_that_is_looked_for_is_never_taken_for_an_open_place(window, cases):
    """Kept statements mark their places by numbers: these were once the same in every process, and typed they broke the page."""
    for text in ("-7205759390", "-7205759403"):
        for field in ("q", "matter", "lead", "package"):
            assert rows_of(window.get(reverse("packages:desk"), {"tab": "all", field: text})) == []


def test_the_list_as_a_file(window, cases):
    response = window.get(reverse("packages:desk"), {"tab": "all", "export": "csv"})
    lines = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert lines[0] == [column.name for column in screen.COLUMNS]
    assert [line[7] for line in lines[1:]] == [factories.fresh(case).number for case in cases]


def test_a_case_that_waits_for_a_correction_tells_by_when(window, cases, actors):
    first, told = cases[:2]
    notice_faults(told.pk, faults=[FAULT], by=actors.clerk, days=4)
    clock = Clock.objects.get(kind="correction")
    rows = {row.pk: row.html for row in window.get(reverse("packages:desk"), {"tab": "all"}).context["page"].rows}
    day, why = f"{clock.due_on:%m-%d}", reverse("projects:clock", args=[clock.pk])
    assert (rows[told.pk].count(f'href="{why}"'), day in rows[told.pk], "补全告知</a>" in rows[told.pk]) == (1, True, False)
    assert ("补全告知</a>" in rows[first.pk], "不予受理</a>" in rows[first.pk]) == (True, True)
    response = window.get(reverse("packages:desk"), {"tab": "all", "export": "csv"})
    lines = {line[7]: line for line in csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig")))}
    assert lines[told.number][10] == f"{clock.due_on}"
    withdrawing.request_withdrawal(first.pk, by=actors.owner, reason="方案调整")
    rows = {row.pk: row.html for row in window.get(reverse("packages:desk"), {"tab": "all"}).context["page"].rows}
    assert "，已 0 个工作日；答复前办件照常进行" in rows[first.pk]


def test_empty_desk_says_what_to_do(window, project):
    assert "没有等您办的件" in window.get(reverse("packages:desk")).content.decode()
    assert "没有符合条件的办件" in window.get(reverse("packages:desk"), {"q": "查无此项"}).content.decode()


def test_a_department_sees_what_it_leads(client, actors, cases):
    client.force_login(factories.official(cases[0].lead.code, "chief"))
    mine = [case.pk for case in cases if case.lead_id == cases[0].lead_id]
    found = rows_of(client.get(reverse("packages:desk"), {"tab": "all"}))
    assert set(found) <= set(mine)


def test_case_page_tells_on_whom_it_waits(window, cases):
    page = window.get(reverse("packages:case", args=[cases[0].pk]))
    assert page.context["page"].waiting.sentence in page.content.decode().replace("<b>", "").replace("</b>", "").replace(
        "&quot;", '"'
    )
    assert [line.label for line in page.context["page"].clocks] == ["接件到受理"]
    labels = [action.label for action in page.context["page"].actions]
    assert labels == ["受理", "补全告知", "即办办结", "不予受理", "撤件"]


def test_actions_that_are_not_possible_say_why_and_an_enterprise_sees_its_own(client, actors, cases):
    reasons = {}
    for person in (actors.director, actors.owner):
        client.force_login(person)
        page = client.get(reverse("packages:case", args=[cases[0].pk])).context["page"]
        reasons[person] = {action.label: action.verdict.reason for action in page.actions}
    assert reasons[actors.director]["受理"] == "受理由行政审批局窗口办理，您的岗位不办理受理。"
    assert reasons[actors.owner] == {"申请撤件": ""}


def test_overdue_is_counted_in_red(window, cases, clock):
    clock.to(dt.date(2026, 12, 1))
    page = window.get(reverse("packages:desk"), {"tab": "red"})
    assert rows_of(page) == [case.pk for case in cases]
    assert '<a href="?scope=mine&amp;tab=red" class="bad"' in page.content.decode()


def test_paused_cases_come_last_and_wait_for_the_enterprise(window, actors, cases):
    from packages.services.intake import notice_faults

    notice_faults(cases[0].pk, faults=[{"what": "缺坐标", "basis": "第8条", "how_to_fix": "补坐标"}], by=actors.clerk)
    response = window.get(reverse("packages:desk"), {"tab": "all"})
    assert rows_of(response) == [*[case.pk for case in cases[1:]], cases[0].pk]
    assert rows_of(window.get(reverse("packages:desk"), {"tab": "owner"})) == [cases[0].pk]
    assert factories.fresh(cases[0]).state == CaseState.CORRECTING


def test_todos_are_empty_with_a_next_step(client, actors, project):
    client.force_login(actors.outsider)
    assert "现在没有要您做的事" in client.get(reverse("packages:todos")).content.decode()
    client.force_login(actors.owner)
    page = client.get(reverse("packages:todos")).content.decode()
    assert "下一步可以办的" in page
    assert project.name in page
