"""The pages of the pool and of an appraisal: what each person sees and does, in a fixed number of queries."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Paper
from archives.papering import html_of
from packages.models import DuplicatePair, Gap, PoolEntry
from projects import timing
from projects.models import Project
from tests import factories
from tests.packages import appraisal_steps as steps

pytestmark = pytest.mark.django_db


def browser(user):
    reader = Client()
    reader.force_login(user)
    return reader


def url(name, *args):
    return reverse(f"packages:{name}", args=args)


def text(response):
    return response.content.decode()


def entered_the_pool(project, owner):
    """The owner puts the project into the pool."""
    detail = text(owner.get(reverse("projects:detail", args=[project.pk])))
    assert url("pool_enter", project.pk) in detail
    assert owner.post(url("pool_enter", project.pk), {"proposer": ""}).status_code == 200
    sent = owner.post(url("pool_enter", project.pk), {"proposer": "山西泽铸", "parcel": "GP-1", "opening_on": "2027-03-01"})
    assert sent.status_code == 302
    entry = PoolEntry.objects.get(project=project)
    assert (entry.state, str(entry.opening_on)) == ("waiting", "2027-03-01")
    assert "待研判" in text(owner.get(reverse("projects:detail", args=[project.pk])))
    assert owner.get(url("appraisal", project.pk)).status_code == 404
    return entry


def gap_is_closed(clerk, mine, proof):
    """A gap is claimed with a day, answered with its proof and checked."""
    gap = Gap.objects.get()
    assert mine.post(url("gap_claim", gap.pk), {"responsible": "李工", "promised_on": "2026-10-01"}).status_code == 409
    assert mine.post(url("gap_claim", gap.pk), {"responsible": "李工", "promised_on": "2026-11-20"}).status_code == 302
    proof = factories.pdf("净地.pdf", "二")
    assert mine.post(url("gap_report", gap.pk), {"answer": "已批准", "file": proof}).status_code == 302
    assert clerk.post(url("gap_check", gap.pk), {"passed": "no"}).status_code == 409
    assert clerk.post(url("gap_check", gap.pk), {"passed": "yes"}).status_code == 302
    assert "已补齐" in text(clerk.get(url("gap", gap.pk)))


@pytest.mark.slow
def test_a_project_is_walked_through_its_pages(clock, actors):
    project = factories.make_project(actors)
    owner, clerk, chair = (browser(one) for one in (actors.owner, actors.clerk, actors.director))
    entry = entered_the_pool(project, owner)

    assert clerk.post(url("appraisal_open", entry.pk), {"note": "一期"}).status_code == 302
    round_ = entry.appraisals.get()
    task = steps.task_of(round_, "natural-resources")
    page = url("appraisal_score", task.pk)
    assert "不是该部门" in text(clerk.get(page))
    assert clerk.post(page, {"level_land": "1", "reason_land": "报批"}).status_code == 403
    mine = browser(steps.reviewer("natural-resources"))
    shown = text(mine.get(page))
    assert "用地水平" in shown
    assert "2 基本具备：用地已批准，为净地" in shown
    assert "请至少给一项要素评分" in text(mine.post(page, {"reason_land": ""}))
    assert mine.post(page, {"level_land": "2", "reason_land": "净地"}).status_code == 409
    proof = factories.pdf("批复.pdf", "一")
    assert mine.post(page, {"level_land": "1", "reason_land": "报批在办", "file_land": proof}).status_code == 302
    assert mine.post(page, {"level_planning": "na", "reason_planning": "原址改造"}).status_code == 302
    steps.score(round_, {"funds": 2, "eia": 2, "energy": 3})

    sign = url("appraisal_sign", round_.pk)
    assert "签署" in text(clerk.get(sign))
    assert clerk.post(sign, {"text": "可"}).status_code == 403
    assert "规则判定：孵化" in text(chair.get(sign))
    assert chair.post(sign, {"text": "可", "maturity": "ready"}).status_code == 409
    assert chair.post(sign, {"text": "按清单补齐用地", "ticks": ["chain"]}).status_code == 302
    entry.refresh_from_db()
    assert (entry.state, entry.maturity, entry.grade) == ("appraised", "incubating", "A")
    shown = text(chair.get(url("appraisal", project.pk)))
    for words in ("因为用地=1，低于成熟要求的 2", "不涉及", "产业链链主项目", "联合研判意见书", "部门责任清单", "项目评价卡"):
        assert words in shown

    gap_is_closed(clerk, mine, proof)
    clerk.post(url("pool_rest", entry.pk), {"reason": "等指标"})
    clerk.post(url("pool_take_up", entry.pk), {"reason": "指标已到"})
    assert clerk.post(url("pool_drop", entry.pk), {"reason": "不建了"}).status_code == 403
    assert chair.post(url("pool_drop", entry.pk), {"reason": "不建了"}).status_code == 302


def test_the_papers_say_what_was_signed(clock, actors):
    entry, _ = steps.appraised(actors, {**steps.FULL, "land": 1}, parcel="GP-7")
    papers = {paper.kind: html_of(paper) for paper in Paper.objects.filter(project=entry.project)}
    assert "取得用地批准，完成净地" in papers["duty_list"]
    assert "自然资源局" in papers["duty_list"]
    assert "因为用地=1，低于成熟要求的 2" in papers["appraisal_opinion"]
    assert papers["appraisal_card"].count("<svg") == 6
    assert "GP-7" in papers["appraisal_card"]


def test_two_projects_are_compared_and_merged_on_one_page(clock, actors):
    first = steps.entered(actors, parcel="GP-1")
    second = steps.entered(actors, parcel="GP-1")
    pair = DuplicatePair.objects.get()
    chair = browser(actors.director)
    assert "宗地相同：GP-1" in text(chair.get(url("appraisal", second.project_id)))
    page = url("pool_pair", pair.pk)
    assert "相同之处" in text(chair.get(page))
    assert chair.post(page, {"outcome": str(first.project_id), "reason": "重复登记"}).status_code == 302
    assert Project.objects.get(pk=second.project_id).status == "merged"
    assert chair.post(page, {"outcome": "distinct", "reason": "不同"}).status_code == 409


@pytest.mark.slow
def test_list_board_and_gaps_cost_the_same_for_one_and_for_many(clock, actors):
    reader, costs = browser(actors.clerk), {"pool": [], "pool_board": [], "gaps": []}
    for number in range(3):
        steps.appraised(actors, {**steps.FULL, "land": 1, "eia": 1}, parcel=f"GP-{number}00{number}")
        for name, counts in costs.items():
            with CaptureQueriesContext(connection) as caught:
                response = reader.get(url(name))
            assert response.status_code == 200
            assert len(response.content) < 60_000
            counts.append(len(caught))
    assert all(counts[1] == counts[2] <= 20 for counts in costs.values()), costs
    board = text(reader.get(url("pool_board")))
    assert "maturity=incubating&amp;grade=D" in board
    assert "精密铸件智能工厂" in board
    listed = reader.get(url("pool"), {"maturity": "incubating", "tab": "live", "q": "GP-1001"})
    assert len(listed.context["page"].rows) == 1
    assert reader.get(url("pool"), {"export": "csv"}).status_code == 200
    sheet = b"".join(reader.get(url("gaps"), {"export": "csv"}).streaming_content).decode()
    assert sheet.count("自然资源局") == 3
    assert "补齐动作" in sheet
    mine = browser(steps.reviewer("environment")).get(url("gaps"))
    assert (len(mine.context["page"].rows), mine.context["page"].is_mine) == (3, True)
    assert timing.today().isoformat() == "2026-11-02"
