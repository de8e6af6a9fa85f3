"""Major projects: each ticket goes its way with evidence, a batch begins what is ready, and works are looked at after 30 and 60 days."""

import datetime as dt
import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from agency import balance_queries, batch_queries, major_data, major_queries
from agency.models import BatchEntry, BatchLine, Notification, ResourceTicket, StartCheck
from agency.services import batches, majors
from agency.tasks import sweep_starts
from gaige.links import navigation
from packages.models import PoolEntry
from packages.ripe_guards import against
from projects.errors import DomainError, NotAllowed
from projects.models import Event, Involvement, Region
from projects.states import Role
from projects.waiting import waiting_on
from tests import factories
from tests.packages.steps import holds

TODAY = dt.date(2026, 11, 2)
pytestmark = pytest.mark.django_db


@pytest.fixture
def project(kept_warehouse):
    return kept_warehouse


@pytest.fixture
def county(actors):
    return Region.objects.get(code="140581")


@pytest.fixture
def office(actors):
    """工改办 of the city above."""
    return factories.office_above()


def picture(name="现场.jpg"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 120, 150)).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


def refused(action, *args, **kwargs):
    with pytest.raises(DomainError) as caught:
        action(*args, **kwargs)
    return caught.value.code, caught.value.message


def told(user):
    return Notification.objects.filter(user=user, kind="ask").latest("pk").text


def waits(project):
    return [(row.role, row.verb, row.what) for row in waiting_on(project) if row.url.endswith(("major/", "starts/1/"))]


# Tickets ---------------------------------------------------------------------------------------------------------------


def test_a_ticket_goes_from_unmeasured_to_written_off(actors, project, county, clock):
    director, keeper = actors.director, factories.official("natural-resources", Role.REVIEWER)
    assert [label for label, _, is_current in navigation(director, reverse("agency:majors")) if is_current] == ["指挥调度"]
    needed = dt.date(2026, 12, 20)
    majors.set_quota(county, by=director, kind="land", month=needed, quantity=Decimal(100), document="年度计划")
    ticket = majors.open_ticket(project.pk, by=director, kind="land", needed_by=needed)
    assert majors.open_ticket(project.pk, by=director, kind="land", needed_by=needed).pk == ticket.pk
    said = [("服务专员", "测算", "建设用地指标（12月20日前需要）")]
    assert waits(project) == said
    assert against(project) == "资源指标建设用地指标未测算，先测算并申请。"

    assert refused(majors.measure, ticket.pk, by=director, quantity=Decimal(0))[0] == "quantity"
    majors.measure(ticket.pk, by=director, quantity=Decimal("86.50"), note="按总图")
    with pytest.raises(NotAllowed, match="平衡"):
        majors.balance(ticket.pk, by=director, source=county)
    majors.apply_for(ticket.pk, by=actors.agent)
    assert majors.apply_for(ticket.pk, by=actors.agent).state == "applied"
    assert against(project) == ""
    assert told(director) == f"{project.name}申请建设用地指标 86.50 亩，请平衡"
    assert Involvement.objects.filter(project=project, organisation__code="natural-resources").count() == 1
    majors.balance(ticket.pk, by=director, source=county)
    assert waits(project) == [("自然资源局", "落实", "建设用地指标（12月20日前需要）")]
    assert told(keeper) == f"{project.name}建设用地指标区内平衡：高平市 86.50 亩，请落实"

    with pytest.raises(NotAllowed, match="由指标主管部门落实"):
        majors.secure(ticket.pk, by=director, quantity=Decimal(90), evidence=factories.pdf())
    assert refused(majors.secure, ticket.pk, by=keeper, quantity=Decimal(80), evidence=factories.pdf()) == (
        "quantity", "落实数量少于需要的 86.50 亩；不足的退回重新测算和平衡。"
    )
    majors.secure(ticket.pk, by=keeper, quantity=Decimal("86.50"), evidence=factories.pdf("批复.pdf"))
    majors.write_off(ticket.pk, by=keeper)
    majors.write_off(ticket.pk, by=keeper)
    row = ResourceTicket.objects.get(pk=ticket.pk)
    assert (row.state, row.secured, row.balance_level) == ("written_off", Decimal("86.50"), "district")
    assert row.evidence.document.kind.slug == "resource-evidence"
    assert waits(project) == []
    events = Event.objects.filter(project=project, kind__startswith="ticket.").order_by("pk")
    assert [(event.kind, event.data["state"][1]) for event in events] == [
        ("ticket.opened", "unmeasured"), ("ticket.measured", "measured"), ("ticket.applied", "applied"),
        ("ticket.balanced", "balanced"), ("ticket.secured", "secured"), ("ticket.written_off", "written_off"),
    ]
    holds(project)


def test_only_the_office_above_moves_quota_between_districts_and_never_more_than_there_is(
    actors, office, project, county, clock, client_of
):
    other = Region.objects.get(code="140524")
    ticket = majors.open_ticket(project.pk, by=actors.director, kind="water", needed_by=TODAY)
    majors.measure(ticket.pk, by=actors.director, quantity=Decimal(6))
    majors.apply_for(ticket.pk, by=actors.director)
    for region, quantity in ((county, 5), (other, 9)):
        majors.set_quota(
            region, by=office, kind="water", month=TODAY, quantity=Decimal(quantity), document="水资源公报"
        )
    assert refused(majors.balance, ticket.pk, by=actors.director, source=county) == (
        "short", "高平市2026年11月的用水指标只剩 5.00 万立方米，不够 6.00；请换来源地，或退回重新测算。"
    )
    assert refused(majors.balance, ticket.pk, by=actors.director, source=other) == (
        "level", "从其他区划调剂指标由陵川县的上级工改办平衡；请选本区划，或提请工改办。"
    )
    beyond = Region.objects.get(code="310101")
    assert refused(majors.balance, ticket.pk, by=office, source=beyond)[0] == "level"
    for body, region in ((actors.director, other), (office, beyond)):
        with pytest.raises(NotAllowed, match=f"{region}的额度由本区划的中心主任或上级工改办登记"):
            majors.set_quota(region, by=body, kind="water", month=TODAY, quantity=Decimal(1), document="分解")
    offered = {user: [region.code for region in balance_queries.quota_regions(user)] for user in (actors.director, office)}
    assert offered[actors.director] == ["140581"]
    assert {"140524", "140581"} < set(offered[office])
    assert "310101" not in offered[office]
    assert [region.code for region in balance_queries.source_regions(actors.director, ticket)] == ["140581"]
    [before] = [row.cells[0] for row in balance_queries.balance_board(office, "water").rows if row.region == county]
    assert (before.transferable, before.is_short) == (-1, True)  # nobody has said yet out of which quota
    majors.balance(ticket.pk, by=office, source=other, note="市级调剂")
    board = balance_queries.balance_board(office, "water")
    cells = {row.region.code: row.cells[0] for row in board.rows}
    assert [(code, c.need, c.secured, c.drawn, c.quota, c.transferable, c.gap) for code, c in cells.items()] == [
        ("140524", 0, 0, 6, 9, 3, 0), ("140581", 6, 0, 0, 5, 5, 6),
    ]
    assert (board.totals[0].need, board.totals[0].quota) == (6, 14)
    page = client_of(office).get(f"{reverse('agency:balance')}?kind=water").content.decode()
    lent, own = page.split('<td class="nb">已占用</td>')[1:]  # 陵川县 gives 6, 高平市 nothing of its own
    assert (lent.startswith('<td class="n">6</td>'), own.startswith('<td class="n">—</td>')) == (True, True)
    majors.send_back(ticket.pk, by=office, reason="需求变化")
    assert told(actors.director) == f"{project.name}用水指标退回重新测算：需求变化"
    assert ResourceTicket.objects.get(pk=ticket.pk).state == "measured"
    holds(project)


def test_kinds_are_data_and_an_unknown_one_is_refused(actors, project):
    assert [kind.code for kind in major_data.resource_kinds(TODAY)] == [
        "land", "farmland", "forest", "greening", "water", "soil",
    ]
    assert major_data.resource_kinds(dt.date(2023, 12, 31)) == []
    assert refused(majors.open_ticket, project.pk, by=actors.director, kind="gold", needed_by=TODAY)[0] == "kind"


# Money -----------------------------------------------------------------------------------------------------------------


def test_the_curve_adds_up_plan_and_fact_and_says_how_it_stands_to_time(actors, project, clock):
    director = actors.director
    assert refused(majors.report_month, project.pk, by=director, month=TODAY, done=Decimal(1))[0] == "not_major"
    majors.list_major(project.pk, by=director, year=2026, level="city", opens_on=dt.date(2026, 10, 1))
    for month, planned in ((9, 100), (10, 200), (11, 300), (12, 400)):
        majors.plan_month(project.pk, by=director, month=dt.date(2026, month, 1), planned=Decimal(planned))
    majors.report_month(project.pk, by=director, month=dt.date(2026, 9, 1), done=Decimal(110))
    majors.report_month(project.pk, by=director, month=dt.date(2026, 10, 1), done=Decimal(150), progress="基坑")
    assert refused(majors.report_month, project.pk, by=director, month=dt.date(2026, 12, 1), done=Decimal(1)) == (
        "future", "2026年12月还没有开始，不能填报完成投资。"
    )
    page = major_queries.majors_page(director, 2026)
    assert [(p.month.month, p.planned_so_far, p.done_so_far, p.starts_planned) for p in page.curve.points[7:]] == [
        (8, 0, 0, 0), (9, 100, 110, 0), (10, 300, 260, 1), (11, 600, None, 1), (12, 1000, None, 1),
    ]
    assert page.curve.words == (
        "2026 年计划投资 1,000 万元，累计完成 260 万元，占年度计划 26.0%；全年的时间已过 83.8%，"
        "比时间进度慢 57.8 个百分点。"
    )
    [row] = page.rows
    assert (row.planned, row.done, row.percent, row.held, row.tickets) == (1000, 260, Decimal("26.0"), 0, 0)


# Batches of starts -----------------------------------------------------------------------------------------------------


def test_a_start_needs_its_checklist_and_is_looked_at_after_thirty_and_sixty_days(actors, project, clock):
    director, second = actors.director, factories.enrolled_project(actors, "S3")
    batch = batches.make_batch(actors.centre, by=director, name="第四季度", starts_on=dt.date(2026, 11, 10))
    entry = batches.add_project(batch.pk, project.pk, by=director)
    late = batches.add_project(batch.pk, second.pk, by=director)
    code, words = refused(batches.confirm, entry.pk, by=director)
    assert (code, words.count("；")) == ("lacking", 3)
    for line in BatchLine.objects.filter(entry=entry, is_required=True):
        batches.answer_line(line.pk, by=actors.agent, is_met=True)
    batches.confirm(entry.pk, by=director)
    assert refused(batches.begin, entry.pk, by=director, on=dt.date(2026, 11, 10))[0] == "future"
    assert refused(batches.postpone, late.pk, by=director, reason=" ")[0] == "reason"
    batches.postpone(late.pk, by=director, reason="没有许可")

    clock.to(dt.datetime(2026, 11, 10, 2, tzinfo=dt.UTC))
    batches.begin(entry.pk, by=director, on=dt.date(2026, 11, 10))
    batches.begin(entry.pk, by=director, on=dt.date(2026, 11, 10))
    first, last = StartCheck.objects.filter(entry=entry).order_by("days")
    assert [(first.days, first.due_on), (last.days, last.due_on)] == [
        (30, dt.date(2026, 12, 10)), (60, dt.date(2027, 1, 9)),
    ]
    assert not [row for row in waiting_on(project) if row.verb == "到场核查"]
    clock.to(dt.datetime(2026, 12, 14, 2, tzinfo=dt.UTC))
    [row] = [row for row in waiting_on(project) if row.verb == "到场核查"]
    assert (sweep_starts(), sweep_starts()) == (1, 0)
    assert [(note.user.username, note.text) for note in Notification.objects.filter(batch=f"start-{first.pk}")] == [
        ("director", f"{project.name}：开工后 30 日核查应于12月10日进行，还没有登记，请到场拍照登记"),
    ]
    assert (row.role, row.what, row.since, row.light) == ("服务专员", "开工后 30 日的施工情况", dt.date(2026, 12, 10), "red")

    said = {"by": actors.agent, "is_working": False, "note": ""}
    assert refused(batches.check_start, first.pk, photo=picture(), **said)[0] == "note"
    said["note"] = "只有围挡，无人施工"
    assert refused(batches.check_start, first.pk, photo=factories.pdf(), **said)[0] == "photo"
    with pytest.raises(NotAllowed, match="2027年1月9日起到场核查"):
        batches.check_start(last.pk, photo=picture(), **said)
    done = batches.check_start(first.pk, photo=picture(), **said)
    assert batches.check_start(first.pk, photo=picture("又.jpg"), **said).checked_at == done.checked_at
    found = Notification.objects.filter(user=director, kind="result").values_list("text", flat=True)
    assert list(found) == [f"{project.name}：开工后 30 日核查没有施工，只有围挡，无人施工"]
    assert (done.is_working, done.photo.media_type, done.photo.document.kind.slug) == (
        False, "image/jpeg", "start-photo",
    )
    [line] = [row for row in batch_queries.batch_table(director, batch).rows if row[0] == project.code]
    assert line[-2:] == ["没有施工", "应于 2027年1月9日"]
    assert [(e.state, e.started_on) for e in BatchEntry.objects.order_by("pk")] == [
        ("started", dt.date(2026, 11, 10)), ("postponed", None),
    ]
    assert refused(batches.add_project, batches.make_batch(
        actors.centre, by=director, name="再一批", starts_on=TODAY
    ).pk, project.pk, by=director) == ("elsewhere", "项目已在“第四季度”，状态已开工。")
    holds(project)
    holds(second)


def test_the_pages_walk_a_ticket_and_a_batch(actors, project, client_of):
    browser = client_of(actors.director)
    page = reverse("agency:major", args=[project.pk])
    add = {"kind": "soil", "needed_by": "2026-12-01"}
    assert browser.post(reverse("agency:ticket_new", args=[project.pk]), add).url == page
    ticket = ResourceTicket.objects.get()
    given = {"quantity": "2.5", "needed_by": "2026-12-01", "note": ""}
    assert browser.post(reverse("agency:ticket_measure", args=[ticket.pk]), given).url == page
    assert "2.5 万立方米" in browser.get(page).content.decode()
    assert browser.post(reverse("agency:batch_new"), {"name": "首批", "starts_on": "2026-11-20", "place": ""}).url == (
        reverse("agency:batches")
    )
    batch = BatchEntry._meta.get_field("batch").related_model.objects.get()
    answer = browser.post(reverse("agency:batch_add", args=[batch.pk]), {"code": project.code.lower()})
    assert answer.url == reverse("agency:batch", args=[batch.pk])
    assert browser.post(reverse("agency:batch_add", args=[batch.pk]), {"code": "没有"}).status_code == 409
    [entry] = batch_queries.batch_page(actors.director, batch)
    assert [name for name, _, _ in entry.steps] == ["entry_confirm", "entry_postpone"]
    files = [page, reverse("agency:batches"), reverse("agency:majors"), f"{reverse('agency:balance')}?kind=soil"]
    heads = [b"".join(browser.get(f"{url}{'&' if '?' in url else '?'}export=csv")).decode().splitlines() for url in files]
    assert [len(lines) for lines in heads] == [2, 2, 1, 2]
    assert heads[0][1].startswith("资源指标,土方消纳指标,2.50,,万立方米,2026-12-01,高平市,已测算")
    table = browser.get(f"{reverse('agency:batch', args=[batch.pk])}?export=csv")
    assert b"".join(table).decode().splitlines()[1].split(",")[1:4] == [project.name, "拟纳入", "0 / 5"]


def test_tickets_that_nobody_applied_for_keep_a_project_from_being_ripe_and_urgent(actors, project):
    from tests.packages import appraisal_steps as steps

    majors.open_ticket(project.pk, by=actors.director, kind="land", needed_by=TODAY)
    entry = steps.entered(actors, project)
    appraisal = steps.opened(actors, entry)
    steps.score(appraisal, steps.FULL)
    code, words = refused(steps.sign, actors, appraisal, grade="A", grade_reason="市级工程")
    assert (code, words) == (
        "resources", "不能认定为成熟并列为急重：资源指标建设用地指标未测算，先测算并申请。"
    )
    assert PoolEntry.objects.get(pk=entry.pk).grade == ""
