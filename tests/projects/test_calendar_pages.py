"""A new calendar moves what runs and nothing else: listed before, told after; a late entry is marked and counted."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from projects import clocks, notices, timing, workdays
from projects.errors import DomainError
from projects.events import record, verify_all
from projects.models import Event
from projects.models.time import CalendarVersion
from projects.segments import time_ledger
from projects.services.elevation import elevate
from tests import factories

pytestmark = pytest.mark.django_db
DOCUMENT = "国办发明电〔2026〕8号"
NOTICE = "\n".join([
    "# 2027", "2027-01-01\toff\t元旦放假", "2027-01-04\toff\t元旦调休", *(f"2027-02-{d:02}\toff\t春节放假" for d in range(5, 13)),
    "2027-01-09\twork\t元旦调休上班", "2027-04-05\toff\t清明节放假", "2027-06-09\toff\t端午节放假",
    "2027-09-15\toff\t中秋节放假", "2027-10-01\toff\t国庆节放假",
])
day = dt.date.fromisoformat


def at(text, hour=10):
    return dt.datetime.combine(day(text), dt.time(hour), tzinfo=timing.BUSINESS_ZONE)


@pytest.fixture
def actors(kept_actors):
    return kept_actors


@pytest.fixture
def project(actors):
    with timing.travel(at("2026-10-26")):
        return factories.enrolled_project(actors, "S3")


def client_of(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_a_notice_is_tried_loaded_and_told(project, tmp_path):
    path = tmp_path / "2027.tsv"
    path.write_text(NOTICE, encoding="utf-8")
    with timing.travel(at("2026-12-28")) as now:
        running = clocks.start_clock(kind="promised", limit=5, on=now.moment, project=project, label="规划许可")
        ended = clocks.start_clock(kind="promised", limit=5, on=now.moment, project=project)
        near = clocks.start_clock(kind="promised", limit=2, on=now.moment, project=project)
        clocks.stop_clock(ended)
        assert (running.due_on, running.is_provisional) == (day("2027-01-05"), True)
        told = io.StringIO()
        call_command("load_calendar", path, document=DOCUMENT, dry_run=True, stdout=told)
        before = CalendarVersion.objects.count()
        assert [line.split("  ") for line in told.getvalue().splitlines() if "→" in line] == [[
            "", "2027年1月5日（周二） → 2027年1月6日（周三）", "规划许可 5 个工作日",
            f"{project.code} {project.name} {project.owner}",
        ]]
        assert "2027-01-09  上班  元旦调休上班" in told.getvalue()
        running.refresh_from_db()
        assert (running.due_on, CalendarVersion.objects.count()) == (day("2027-01-05"), before)
        call_command("load_calendar", path, document=DOCUMENT, stdout=io.StringIO())
        version = CalendarVersion.objects.first()
        for clock in (running, ended, near):
            clock.refresh_from_db()
    assert (running.due_on, running.is_provisional, running.calendar_version) == (day("2027-01-06"), False, version.pk)
    assert (ended.due_on, near.due_on) == (day("2027-01-05"), day("2026-12-30"))
    assert (version.document, version.moved) == (DOCUMENT, 1)
    assert [row for row in version.changes if row["day"] < "2027-02"] == [
        {"day": "2027-01-04", "was": True, "works": False, "note": "元旦调休", "before": "工作日"},
        {"day": "2027-01-09", "was": False, "works": True, "note": "元旦调休上班", "before": "周末"},
    ]
    [event] = Event.objects.filter(kind="clock.moved")
    assert event.data == {"due_on": ["2027-01-05", "2027-01-06"], "calendar_version": version.pk}


@pytest.mark.parametrize(("text", "code"), [
    ("", "year"), ("2027-01-01 off 元旦", "line"), ("2027-13-01\toff\t元旦", "line"), ("2027-01-01\toff\t", "line"),
    ("2027-01-01\toff\t元旦\n2027-01-01\twork\t元旦", "twice"), ("2027-01-01\toff\ta\n2028-01-01\toff\tb", "year"),
    ("\n".join(f"2027-{month:02}-{d:02}\toff\t假" for month in range(1, 7) for d in range(1, 29)), "count"),
])
def test_a_notice_that_cannot_be_right_is_refused(text, code):
    with pytest.raises(DomainError) as refused:
        notices.read_notice(text, document=DOCUMENT)
    assert refused.value.code == code


@pytest.mark.parametrize("options", [{}, {"dry_run": True}])
def test_single_days_do_not_take_the_place_of_a_published_year(tmp_path, options):
    path = tmp_path / "one.tsv"
    path.write_text("2026-12-30\toff\t暴雪停工", encoding="utf-8")
    before = CalendarVersion.objects.count()
    with pytest.raises(CommandError) as refused:
        call_command("load_calendar", path, document=DOCUMENT, stdout=io.StringIO(), **options)
    assert str(refused.value) == (
        "没有载入：现行日历另有安排的 2026-01-01（元旦放假）、2026-01-02（元旦放假）、2026-01-04（元旦调休上班）、"
        "2026-02-14（春节调休上班）、2026-02-16（春节放假）等 25 天不在文件里，载入后会改回按周。"
        "文件要写全一年；只改一天请用 /workdays/；确要以此文件代替全年日历，请加 --replace。"
    )
    assert (CalendarVersion.objects.count(), workdays.is_workday(day("2026-10-01"))) == (before, False)


def test_whoever_says_so_replaces_a_published_year(tmp_path):
    path = tmp_path / "one.tsv"
    path.write_text("2026-12-30\toff\t暴雪停工", encoding="utf-8")
    call_command("load_calendar", path, document=DOCUMENT, replace=True, stdout=io.StringIO())
    days = ("2026-12-30", "2026-10-01", "2026-10-10")
    assert [workdays.is_workday(day(one)) for one in days] == [False, True, False]


def test_the_command_says_what_is_wrong(tmp_path):
    with pytest.raises(CommandError, match="无法读取"):
        call_command("load_calendar", tmp_path / "none.tsv", document=DOCUMENT)


def test_the_administrator_changes_a_day_after_having_seen_what_moves(project, actors):
    admin = factories.person("keeper", "管理员", "admin", actors.centre)
    form = {"day": "2026-12-30", "works": "0", "source": "高政办发〔2026〕3号", "note": "暴雪停工"}
    with timing.travel(at("2026-12-28")) as now:
        clock = clocks.start_clock(kind="promised", limit=2, on=now.moment, project=project, label="规划许可")
        assert client_of(actors.clerk).post("/workdays/day/", form).status_code == 403
        client = client_of(admin)
        assert client.post("/workdays/day/", form).status_code == 403  # elevated work is off
        elevate(by=admin, reason="按通知调整工作日", minutes=30)
        seen = client.post("/workdays/day/", form)
        assert (seen.status_code, workdays.is_workday(day("2026-12-30"))) == (200, True)
        assert "2026年12月31日" in seen.text
        assert client.post("/workdays/day/", {**form, "sure": "1"}).status_code == 302
        clock.refresh_from_db()
        assert clock.due_on == day("2026-12-31")
        version = CalendarVersion.objects.first()
        assert (version.by, version.moved, version.changes) == (
            admin, 1,
            [{"day": "2026-12-30", "was": True, "works": False, "note": "暴雪停工", "before": "工作日"}],
        )
        page = client.get("/workdays/").text
        assert client.get(f"/clocks/{clock.pk}/").status_code == 404  # the administrator shares no project
        why = client_of(actors.clerk).get(f"/clocks/{clock.pk}/").text
    assert ("暴雪停工" in page, "第" in page) == (True, True)
    assert ("为什么是12月31日" in why, "12月30日暴雪停工" in why, f"第 {version.pk} 版" in why) == (True, True, True)


def test_the_page_names_pauses_extension_and_their_approvers(project, actors):
    with timing.travel(at("2026-11-02")) as now:
        clock = clocks.start_clock(kind="promised", limit=10, on=now.moment, project=project, label="规划许可")
        now.to(at("2026-11-04"))
        pause = clocks.pause_clock(
            clock, kind="special", owner="special", basis="行政许可法第四十五条", approver=actors.director, planned=5
        )
        now.to(at("2026-11-11"))
        clock = clocks.resume_clock(pause)
        clocks.extend_clock(clock, 3, basis="行政许可法第四十二条", approver=actors.chief)
        text = client_of(actors.clerk).get(f"/clocks/{clock.pk}/").text
        for words in (
            "为什么是11月26日", "含延长 3", f"批准人 {actors.director}", f"批准人 {actors.chief}", "计划 5 个工作日",
            "依据 行政许可法第四十二条", "暂停：特别程序",
        ):
            assert words in text
        assert time_ledger(clock) == {"government": 2, "applicant": 0, "special": 5, "intermediary": 0}


def test_what_is_keyed_in_late_is_marked_and_counted(project, actors):
    from django.db import transaction

    with timing.travel(at("2026-11-13")):  # a Friday; the 12th is one working day before, the 11th two
        for moment in (at("2026-11-13", 9), at("2026-11-12"), at("2026-11-11")):
            with transaction.atomic():
                record("note.made", subject=project, by=actors.clerk, project=project, at=moment, summary="记一笔")
        rows = Event.objects.filter(kind="note.made").order_by("pk").values_list("late_days", flat=True)
        assert list(rows) == [0, 1, 2]
        client = client_of(actors.clerk)
        events = client.get(f"/projects/{project.pk}/events/").text
        listed = client.get("/back-entries/").text
        narrowed = client.get(f"/projects/{project.pk}/events/?late=on").text
        assert (events.count(">补录<"), "补录 1 条" in events, "晚 2 个工作日" in events) == (1, True, True)
        assert ("<h2>1 条</h2>" in listed, project.code in listed, narrowed.count("记一笔")) == (True, True, 1)
        assert client_of(actors.owner).get("/back-entries/").status_code == 403
    assert list(verify_all()) == []
