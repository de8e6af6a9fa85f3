"""A land list is handed over whole, standard land is kept to what was signed, one report is reviewed chapter by chapter."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from packages import land_providers
from packages.assessment_states import BookState, ChapterState, LandListState, StandardState
from packages.models import LandListItem, OneBook, StandardLand
from packages.services import book_clauses
from packages.services import land_list as lists
from packages.services import one_book as books
from packages.services import standard_land as lands
from packages.services.assessment_apply import set_parcel
from packages.services.concluding import check_book
from packages.tasks import sweep_regional
from projects import timing, waiting
from projects.errors import DomainError, NotAllowed
from projects.models import IssueItem
from projects.states import Role
from tests import factories
from tests.oracles import assessment_oracle
from tests.packages.steps import holds
from tests.packages.test_assessment import HERE, NO, noon

#: No value is set by the portal: what the keeper enters, with where it is laid down.
BOUNDS = {"investment": Decimal(200), "tax": Decimal(12), "energy": Decimal("0.6"), "plot-ratio": Decimal(1)}
LAID_DOWN = {"values": BOUNDS, "source": "高经管发〔2026〕3号"}


@pytest.fixture
def keeper(actors):
    """The person of the development zone."""
    return factories.official("devzone", Role.REVIEWER)


@pytest.fixture
def plant(clock, actors):
    """A plant without any regional result."""
    return factories.enrolled_project(actors, "S2", **NO)


def waits(project):
    """What the project waits for, as (who, sentence) of this part's pages."""
    lines = waiting.waiting_on(factories.fresh(project))
    told = [(line.role, f"{line.verb}{line.what}") for line in lines if "/books/" in line.url or "/land/" in line.url]
    assert sorted(told) == assessment_oracle.expected(project.pk)
    return told


def test_a_land_list_is_collected_handed_over_with_the_land_and_signed_for(plant, keeper, actors):
    body = factories.organisation("devzone")
    set_parcel(plant.pk, place=HERE, number="GP2026-07", by=actors.clerk)
    land = lists.open_list(
        keeper=body, parcel="GP2026-07", name="七号地", area=Decimal("3.8"), due_on=dt.date(2026, 11, 20), by=keeper
    )
    with pytest.raises(DomainError, match="已经有用地清单"):
        lists.open_list(
            keeper=body, parcel="GP2026-07", name="又一次", area=Decimal(1), due_on=dt.date(2026, 11, 20), by=keeper
        )
    items = list(LandListItem.objects.filter(land_list=land).select_related("department"))
    [(who, what)] = waits(plant)
    assert (who.startswith(items[0].department.label), what) == (True, "签认宗地 GP2026-07 的用地清单")
    mine = land_providers.open_lines(factories.official(items[0].department.code, Role.REVIEWER))
    assert [line.pk for line in mine] == [one.pk for one in items if one.department_id == items[0].department_id]
    with pytest.raises(NotAllowed, match="由文物局填报签认"):
        lists.sign_item(items[0].pk, requirement="无", by=keeper)
    for item in items[:-1]:
        lists.sign_item(item.pk, requirement="无特殊要求", by=factories.official(item.department.code, Role.REVIEWER))
    with pytest.raises(NotAllowed, match="部门尚未全部签认"):
        lists.hand_over(land.pk, project=plant, contract="晋让2026-7", by=keeper)
    last = factories.official(items[-1].department.code, Role.REVIEWER)
    lists.sign_item(items[-1].pk, requirement="容积率不低于1.0", basis="控规", by=last)
    assert factories.fresh(land).state == LandListState.READY
    assert waits(plant) == [(body.label, "随地交付宗地 GP2026-07 的用地清单")]
    with pytest.raises(NotAllowed, match="清单外"):
        lists.sign_item(items[-1].pk, requirement="再加一条", by=last)
    handed = lists.hand_over(land.pk, project=plant, contract="晋让2026-7", by=keeper)
    assert lists.hand_over(land.pk, project=plant, contract="晋让2026-7", by=keeper).paper_id == handed.paper_id
    assert (handed.paper.title, handed.paper.document.kind.slug) == ("用地清单（GP2026-07）", "land-list")
    assert waits(plant) == [("建设单位", "签收用地清单")]
    received = lists.receive_list(land.pk, by=actors.owner)
    assert (received.state, received.received_by) == (LandListState.RECEIVED, actors.owner)
    assert waits(plant) == []
    holds(plant)


def test_standard_land_is_committed_to_checked_at_production_and_breached_the_second_time(
    plant, keeper, actors, clock
):
    body = factories.organisation("devzone")
    land = lands.propose(keeper=body, parcel="GP2026-08", name="八号地", area=Decimal(57), by=keeper, **LAID_DOWN)
    lands.qualify(land.pk, by=keeper)
    lands.put_up(land.pk, by=keeper)
    with pytest.raises(DomainError, match="应在出让之后"):
        lands.sell(land.pk, project=plant, contract="1", agreement="2", production_on=dt.date(2026, 1, 1), by=keeper)
    due = dt.date(2027, 5, 10)
    lands.sell(land.pk, project=plant, contract="晋让8", agreement="投8", production_on=due, by=keeper)
    assert waits(plant) == [("建设单位", "签订标准地承诺书")]
    with pytest.raises(NotAllowed, match="由建设单位负责人签订"):
        lands.commit(land.pk, promised={}, by=actors.owner_staff)
    with pytest.raises(DomainError, match="“固定资产投资强度”承诺 150，应不低于 200 万元/亩"):
        lands.commit(land.pk, promised={"investment": Decimal(150)}, by=actors.owner)
    signed = lands.commit(land.pk, promised={"investment": Decimal(260)}, by=actors.owner)
    assert (signed.state, signed.signed_by, signed.check_on) == (StandardState.COMMITTED, actors.owner, due)
    assert signed.paper.title == "标准地承诺书"
    lands.begin_works(land.pk, by=keeper)
    assert waits(plant) == []
    clock.to(noon(due))
    assert (sweep_regional(), sweep_regional()) == (1, 0)
    assert waits(plant) == [("开发区管委会", "核查标准地达产指标")]
    found = {"investment": 255, "tax": 15, "energy": Decimal("0.5"), "plot-ratio": Decimal("1.2")}
    with pytest.raises(DomainError, match="请定出今天以后的整改期限"):
        lands.check(land.pk, found=found, checked_on=due, by=keeper)
    mend = dt.date(2027, 8, 10)
    first = lands.check(land.pk, found=found, checked_on=due, mend_until=mend, by=keeper)
    assert (first.is_reached, StandardLand.objects.get().state) == (False, StandardState.RECTIFYING)
    clock.to(noon(mend))
    sweep_regional()
    lands.check(land.pk, found=found, checked_on=mend, by=keeper)
    assert StandardLand.objects.get().state == StandardState.BREACHED
    holds(plant)


def test_no_bound_of_standard_land_is_set_by_the_portal_each_says_where_it_is_laid_down(keeper, client, clock):
    told = {"keeper": factories.organisation("devzone"), "parcel": "GP2026-10", "name": "十号地", "area": Decimal(57)}
    lacking = {code: value for code, value in BOUNDS.items() if code != "tax"}
    with pytest.raises(DomainError, match="请填写“亩均税收”的控制值；系统不预设数值"):
        lands.propose(**told, values=lacking, source="文件", by=keeper)
    with pytest.raises(DomainError, match="请写明控制值的出处（文件名称和文号）"):
        lands.propose(**told, values=BOUNDS, source=" ", by=keeper)
    client.force_login(keeper)
    asked = client.get(reverse("packages:standard_new")).content.decode()
    assert re.findall(r'name="v_[a-z-]+"[^>]*value=', asked) == []
    given = {"parcel": "GP2026-10", "name": "十号地", "area": "57", "source": "高经管发〔2026〕3号"}
    sent = {**given, **{f"v_{code}": str(value) for code, value in BOUNDS.items()}}
    assert client.post(reverse("packages:standard_new"), {**sent, "v_tax": ""}).status_code == 200
    assert not StandardLand.objects.exists()
    made = client.post(reverse("packages:standard_new"), sent)
    land = StandardLand.objects.get()
    assert made.url == reverse("packages:standard", args=[land.pk])
    assert {row.code: (row.value, row.source) for row in land.indicators.all()} == {
        code: (value, "高经管发〔2026〕3号") for code, value in BOUNDS.items()
    }
    assert "控制值出处：高经管发〔2026〕3号" in client.get(made.url).content.decode()


def test_a_land_that_reaches_what_was_promised_is_kept(plant, keeper, actors):
    body = factories.organisation("devzone")
    land = lands.propose(keeper=body, parcel="GP2026-09", name="九号地", area=Decimal(57), by=keeper, **LAID_DOWN)
    lands.qualify(land.pk, by=keeper)
    lands.put_up(land.pk, by=keeper)
    lands.sell(
        land.pk, project=plant, contract="晋让9", agreement="投9", production_on=dt.date(2027, 5, 10), by=keeper
    )
    lands.commit(land.pk, promised={}, by=actors.owner)
    lands.begin_works(land.pk, by=keeper)
    lands.call_check(land.pk, by=actors.owner)
    found = {"investment": 200, "tax": 12, "energy": Decimal("0.6"), "plot-ratio": 1}
    lands.check(land.pk, found=found, checked_on=timing.today(), by=keeper)
    assert (StandardLand.objects.get().state, StandardLand.objects.get().check_on) == (StandardState.KEPT, None)


def chief(chapter):
    """The chief of the department of a chapter."""
    return factories.official(chapter.reviewer.code, Role.CHIEF)


def compiled_book(plant, actors):
    """Opened by the window, written by the owner: five chapters that lie with their departments."""
    with pytest.raises(NotAllowed, match="窗口统一受理"):
        books.open_book(plant.pk, by=actors.owner)
    book = books.open_book(plant.pk, by=actors.clerk)
    assert books.open_book(plant.pk, by=actors.clerk).pk == book.pk
    assert [chapter.code for chapter in book.chapters.all()] == ["eia", "energy", "soil", "mineral", "geo"]
    assert [(step.days, str(step.due_on)) for step in book.steps.all()] == [
        (1, "2026-11-03"), (15, "2026-11-24"), (5, "2026-12-01"), (5, "2026-12-08"), (1, "2026-12-09"),
    ]
    assert ["项目名称", plant.name] in book.shared
    assert waits(plant) == [("行政审批局窗口", "告知一本多篇所需的篇章")]
    books.begin_compiling(book.pk, by=actors.clerk)
    assert waits(plant) == [("建设单位", "提交一本多篇的环境影响评价篇、节能篇、水土保持篇、压覆矿产篇、地质灾害危险性评估篇")]
    books.write_shared(book.pk, rows=[("项目名称", "精密铸造"), ("占地", "3.8公顷")], by=actors.owner)
    for chapter in book.chapters.all():
        with pytest.raises(DomainError, match="编制单位"):
            books.submit_chapter(chapter.pk, text="可行", by=actors.owner)
        books.submit_chapter(chapter.pk, text="可行", compiler="山西绿源", by=actors.owner)
    assert factories.fresh(book).state == BookState.REVIEWING
    assert len(waits(plant)) == 4  # 自然资源局 has two of the five chapters
    return book


def signed_and_checked(plant, actors, book, eia, soil):
    """The head of the owner signs; the clause is owed until the department of its chapter has looked."""
    with pytest.raises(NotAllowed, match="由建设单位负责人签收签署"):
        book_clauses.sign_book(book.pk, by=actors.owner_staff)
    book_clauses.sign_book(book.pk, by=actors.owner)
    book_clauses.sign_book(book.pk, by=actors.owner)
    issue = IssueItem.objects.get(kind="commitment", project=plant)
    assert (issue.what, issue.due_on, issue.raised_for.code) == (
        "水土保持篇：三同时落实水土保持措施", dt.date(2027, 6, 1), "water-affairs"
    )
    done = OneBook.objects.get()
    assert (done.state, set(done.chapters.values_list("state", flat=True))) == (
        BookState.DELIVERED, {ChapterState.APPROVED}
    )
    assert waits(plant) == []
    with pytest.raises(NotAllowed, match="由水务局或窗口核查"):
        book_clauses.check_clause(done.clauses.get().pk, holds=True, note="到场核查", by=chief(eia))
    book_clauses.check_clause(done.clauses.get().pk, holds=True, note="到场核查，已落实", by=chief(soil))
    assert factories.fresh(issue).state == "verified"


@pytest.mark.slow
def test_one_book_from_intake_to_the_signed_clauses(plant, actors, clock):
    book = compiled_book(plant, actors)
    eia, energy, soil, mineral, geo = book.chapters.select_related("reviewer").order_by("order")
    with pytest.raises(NotAllowed, match="“水土保持篇”由水务局评审"):
        books.judge_chapter(soil.pk, agrees=True, opinion="同意", by=chief(eia))
    with pytest.raises(DomainError, match="不能以承诺代替审查"):
        books.judge_chapter(
            mineral.pk, agrees=True, opinion="同意", clauses=[("补报", "", dt.date(2027, 5, 1))], by=chief(mineral)
        )
    books.judge_chapter(soil.pk, agrees=False, opinion="补充弃渣去向", by=chief(soil))
    books.submit_chapter(soil.pk, text="弃渣外运至指定场", by=actors.owner)
    with pytest.raises(DomainError, match="一本多篇还在“同步评审”"):
        check_book(factories.make_case(plant, "one-book"))
    clause = ("三同时落实水土保持措施", "GB 50433", dt.date(2027, 6, 1))
    books.judge_chapter(soil.pk, agrees=True, opinion="同意", clauses=[clause], by=chief(soil))
    for chapter in (eia, energy, mineral, geo):
        books.judge_chapter(chapter.pk, agrees=True, opinion="同意", by=chief(chapter))
    assert factories.fresh(book).state == BookState.APPROVING
    assert len(waits(plant)) == 4
    with pytest.raises(DomainError, match="没有审批"):
        books.conclude_book(book.pk, conclusion="可行", by=actors.clerk)
    for chapter in book.chapters.select_related("reviewer"):
        books.approve_chapter(chapter.pk, by=chief(chapter))
    concluded = books.conclude_book(book.pk, conclusion="五篇均可行", by=actors.clerk)
    tables = concluded.paper.content["tables"]
    assert [table["caption"] for table in tables] == ["第0篇　项目概况（各篇共用）", "各篇评审意见", "承诺条款"]
    assert tables[2]["rows"] == [["1", "三同时落实水土保持措施", "GB 50433", "水土保持篇", "2027年6月1日"]]
    assert waits(plant) == [("建设单位", "签收签署一本多篇的评审意见和承诺条款")]
    signed_and_checked(plant, actors, book, eia, soil)
    holds(plant)


def test_a_project_that_is_covered_needs_no_book(actors, clock):
    covered = factories.enrolled_project(actors, "S2")
    with pytest.raises(DomainError, match="不需要一本多篇"):
        books.open_book(covered.pk, by=actors.clerk)
