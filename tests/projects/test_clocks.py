"""A clock counts as the law says: not the first day, never a pause twice, overdue only when used exceeds the limit."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from projects import clocks, recomputing, timing, workdays
from projects.clock_states import ClockKind, ClockState, ClockUnit, Light, PauseKind, TimeOwner
from projects.counting import months_after
from projects.errors import DomainError
from projects.events import verify_all
from projects.models import Clock, ClockPause, ClockSegment, Event, Organisation, Project, Region, User

pytestmark = pytest.mark.django_db

day = dt.date.fromisoformat


def at(text, hour=10):
    return dt.datetime.combine(day(text), dt.time(hour), tzinfo=timing.BUSINESS_ZONE)


def started(on, limit, **kwargs):
    kwargs.setdefault("kind", ClockKind.PROMISED)
    with timing.travel(at(on)):
        return clocks.start_clock(limit=limit, on=at(on), **kwargs)


def paused(clock, first, last=None, kind=PauseKind.CORRECTION, owner=TimeOwner.APPLICANT, **kwargs):
    if kind == PauseKind.SPECIAL:
        kwargs.setdefault("approver", head())
        kwargs.setdefault("planned", 5)
    with timing.travel(at(first)) as now:
        pause = clocks.pause_clock(clock, kind=kind, owner=owner, basis="行政许可法第四十五条", at=at(first), **kwargs)
        if last is not None:
            now.to(at(last))
            clocks.resume_clock(pause, at(last))
    return pause


def head():
    return User.objects.get_or_create(username="head")[0]


def read(clock, on):
    return clocks.read_clock(clock, day(on))


def glance(clock, on):
    reading = read(clock, on)
    return reading.light, reading.words, reading.used, reading.remaining


# standards §9.1 and §9.2 -------------------------------------------------------------------------------------------


def test_the_day_of_acceptance_is_not_counted_and_the_due_day_is_in_time():
    clock = started("2026-11-06", 5)
    assert clock.due_on == day("2026-11-13")
    assert glance(clock, "2026-11-06") == (Light.GREEN, "剩 5 天", 0, 5)
    assert glance(clock, "2026-11-11") == (Light.YELLOW, "剩 2 天", 3, 2)
    assert glance(clock, "2026-11-13") == (Light.YELLOW, "今日到期", 5, 0)
    assert glance(clock, "2026-11-14") == (Light.YELLOW, "剩 0 天", 5, 0)
    assert glance(clock, "2026-11-16") == (Light.RED, "超 1 天", 6, -1)
    assert read(clock, "2026-11-05") == clocks.NOT_STARTED
    assert clocks.read_clock(None) == clocks.NOT_STARTED


def test_acceptance_on_a_rest_day_keeps_its_date():
    clock = started("2026-02-15", 1)
    assert (clock.started_on, clock.due_on) == (day("2026-02-15"), day("2026-02-24"))
    assert glance(clock, "2026-02-23") == (Light.YELLOW, "剩 1 天", 0, 1)
    assert glance(clock, "2026-02-24") == (Light.YELLOW, "今日到期", 1, 0)
    assert glance(clock, "2026-02-25") == (Light.RED, "超 1 天", 2, -1)


def test_overlapping_pauses_count_once():
    clock = started("2026-11-02", 10)
    assert clock.due_on == day("2026-11-16")
    correction = paused(clock, "2026-11-04")
    special = paused(clock, "2026-11-09", kind=PauseKind.SPECIAL, owner=TimeOwner.SPECIAL)
    with timing.travel(at("2026-11-11")):
        clock = clocks.resume_clock(correction)
    assert clock.state == ClockState.PAUSED
    assert glance(clock, "2026-11-12") == (Light.GREY, "暂停 6 天", 2, 8)
    with timing.travel(at("2026-11-13")):
        clock = clocks.resume_clock(special)
    assert (clock.state, clock.due_on) == (ClockState.RUNNING, day("2026-11-25"))
    assert glance(clock, "2026-11-25") == (Light.YELLOW, "今日到期", 10, 0)
    assert glance(clock, "2026-11-26") == (Light.RED, "超 1 天", 11, -1)
    owners = [(s.owner, timing.business_day(s.started_at), s.ended_at and timing.business_day(s.ended_at)) for s in clock.segments.all()]
    assert owners == [
        ("government", day("2026-11-02"), day("2026-11-04")),
        ("applicant", day("2026-11-04"), day("2026-11-11")),
        ("special", day("2026-11-11"), day("2026-11-13")),
        ("government", day("2026-11-13"), None),
    ]


def test_rectification_of_the_joint_acceptance():
    clock = started("2026-09-18", 9, kind=ClockKind.ACCEPTANCE)
    assert clock.due_on == day("2026-10-08")
    paused(clock, "2026-09-23", "2026-09-29", kind=PauseKind.RECTIFICATION)
    assert clock.due_on == day("2026-10-12")
    clocks.stop_clock(clock, at("2026-10-12"))
    assert clocks.time_ledger(clock) == {"government": 9, "applicant": 3, "special": 0, "intermediary": 0}
    assert clocks.ledger_words(clocks.time_ledger(clock)) == "政府 9 天 · 企业 3 天"
    assert glance(clock, "2026-11-01") == (Light.GREEN, "用时 9 天", 9, 0)


@pytest.mark.parametrize(
    ("limits", "threshold"),
    [((1, 2, 3), 1), ((4, 5, 6), 2), ((7, 8, 9, 10), 3), ((14, 15), 5), ((20,), 6), ((30,), 9), ((45,), 14)],
)
def test_yellow_threshold(limits, threshold):
    for limit in limits:
        clock = clocks.build_clock(kind=ClockKind.PROMISED, limit=limit, on=day("2026-03-02"))
        yellow = next(
            reading.remaining
            for n in range(200)
            if (reading := clocks.read_clock(clock, day("2026-03-02") + dt.timedelta(days=n), pauses=())).light == Light.YELLOW
        )
        assert yellow == min(threshold, limit)
        assert clock.yellow_on == workdays.due_date(day("2026-03-02"), limit - min(threshold, limit))


def test_limit_zero_is_the_same_day():
    clock = started("2026-11-20", 0)
    assert (clock.due_on, clock.yellow_on) == (day("2026-11-20"), day("2026-11-20"))
    assert glance(clock, "2026-11-20") == (Light.YELLOW, "即办", 0, 0)
    assert glance(clock, "2026-11-23") == (Light.RED, "超 1 天", 1, -1)
    clocks.stop_clock(clock, day("2026-11-20"))
    assert glance(clock, "2026-11-23") == (Light.GREEN, "即办", 0, 0)


def test_limit_zero_on_a_rest_day_is_the_next_working_day():
    clock = started("2026-11-22", 0)
    assert (clock.due_on, clock.yellow_on) == (day("2026-11-23"), day("2026-11-22"))
    assert glance(clock, "2026-11-22") == (Light.YELLOW, "即办", 0, 1)
    assert glance(clock, "2026-11-23") == (Light.YELLOW, "即办", 1, 0)
    assert clocks.explain(clock, day("2026-11-23")).sentences[0].endswith("是休息日，2026年11月23日（周一）当日办结（即办）。")
    assert glance(clock, "2026-11-24") == (Light.RED, "超 1 天", 2, -1)


def test_overdue_before_the_pause_stays_red_with_the_pause_beside_it():
    clock = started("2026-11-02", 3)
    paused(clock, "2026-11-09")
    reading = read(clock, "2026-11-16")
    assert (reading.light, reading.words, reading.pause_words) == (Light.RED, "超 2 天", "暂停 5 天")
    assert clock.first_overdue_at == timing.start_of_day(day("2026-11-06"))


def test_the_first_overdue_moment_is_stored_once():
    clock = started("2026-11-02", 3)
    assert not clocks.note_overdue(clock, at("2026-11-05"))
    assert clocks.note_overdue(clock, at("2026-11-10"))
    first = clock.first_overdue_at
    assert first == timing.start_of_day(day("2026-11-06"))
    assert not clocks.note_overdue(clock, at("2026-11-11"))
    clocks.extend_clock(clock, 30, basis="行政许可法第四十二条", approver=head(), at=at("2026-11-11"))
    clock.refresh_from_db()
    assert clock.first_overdue_at == first
    assert not clocks.read_clock(clock, at("2026-11-11")).overdue


def test_an_extension_lengthens_the_limit_and_pauses_nothing():
    clock = started("2026-11-02", 20)
    with timing.travel(at("2026-11-10")):
        clocks.extend_clock(clock, 10, basis="行政许可法第四十二条第一款", approver=head())
    assert clock.due_on == workdays.due_date(day("2026-11-02"), 30)
    assert (clock.total_limit, clock.limit_words, clock.pauses.count()) == (30, "30 个工作日", 0)
    assert read(clock, "2026-11-10").used == 6


def test_deemed_acceptance_is_retroactive():
    with timing.travel(at("2026-11-24")):
        seven = clocks.backdate_start(started("2026-11-24", 7), day("2026-11-16"))
        five = clocks.backdate_start(started("2026-11-24", 5), day("2026-11-16"))
    assert (seven.started_on, seven.due_on) == (day("2026-11-16"), day("2026-11-25"))
    assert glance(five, "2026-11-24") == (Light.RED, "超 1 天", 6, -1)
    assert five.first_overdue_at == timing.start_of_day(day("2026-11-24"))
    assert [s.started_at for s in seven.segments.all()] == [timing.start_of_day(day("2026-11-16"))]


def test_beyond_the_published_calendar_it_is_provisional_and_moves_with_the_notice(django_capture_on_commit_callbacks):
    clock = started("2026-12-28", 10)
    assert (clock.due_on, clock.is_provisional) == (day("2027-01-12"), True)
    assert read(clock, "2026-12-28").provisional
    assert recomputing.recompute_provisional() == []
    off = {day("2027-01-01"): "元旦放假", day("2027-01-04"): "元旦放假"}
    version = workdays.publish_year(2027, off=off, work={}, document="国办发明电〔2026〕8号")
    told = []
    with timing.travel(at("2026-12-29")):
        moved = recomputing.recompute_provisional(version, on_moved=told.append)
    assert [(m.clock, m.old_due_on, m.new_due_on) for m in moved] == [(clock, day("2027-01-12"), day("2027-01-13"))]
    assert told == moved
    clock.refresh_from_db()
    assert (clock.due_on, clock.is_provisional, clock.calendar_version) == (day("2027-01-13"), False, version.pk)
    assert recomputing.recompute_provisional(version) == []


def test_a_moved_due_day_stands_in_the_chain_of_its_project():
    region, _ = Region.objects.get_or_create(code="140581", defaults={"name": "高平市"})
    body = Organisation.objects.create(name="测试公司", kind="enterprise", region=region)
    project = Project.objects.create(
        code="2603-140581-89-05-163265",
        name="测试项目",
        investment="social",
        region=region,
        owner=body,
        centre=body,
        registered_by=head(),
        registered_at=at("2026-12-01"),
    )
    with timing.travel(at("2026-12-28")) as now:
        clock = clocks.start_clock(kind=ClockKind.PROMISED, limit=10, on=now.moment, project=project, label="施工许可")
        off = {day("2027-01-01"): "元旦放假", day("2027-01-04"): "元旦放假"}
        version = workdays.publish_year(2027, off=off, work={}, document="国办发明电〔2026〕8号")
        recomputing.recompute_provisional(version)
        recomputing.recompute_provisional(version)
    events = Event.objects.filter(project=project, kind="clock.moved").values_list("subject_key", "summary", "data")
    assert list(events) == [
        (
            str(clock.pk),
            "施工许可 10 个工作日：工作日历更新，到期日由2027年1月12日调整为2027年1月13日",
            {"due_on": ["2027-01-12", "2027-01-13"], "calendar_version": version.pk},
        )
    ]
    assert list(verify_all()) == []


# other units -------------------------------------------------------------------------------------------------------


def test_calendar_days_end_on_a_working_day():
    clock = started("2026-09-11", 15, unit=ClockUnit.CALENDAR_DAY, kind=ClockKind.OTHER)
    assert clock.due_on == day("2026-09-28")  # 09-26 is a holiday of 中秋, 09-27 too
    assert glance(clock, "2026-09-27") == (Light.YELLOW, "剩 1 天", 16, 1)
    assert glance(clock, "2026-09-28") == (Light.YELLOW, "今日到期", 17, 0)
    assert glance(clock, "2026-09-29") == (Light.RED, "超 1 天", 18, -1)


def test_months():
    assert [months_after(day(d), n) for d, n in (("2026-01-31", 1), ("2024-01-31", 1), ("2026-11-30", 3))] == [
        day("2026-02-28"),
        day("2024-02-29"),
        day("2027-02-28"),
    ]
    clock = started("2026-04-17", 2, unit=ClockUnit.MONTH, kind=ClockKind.PERMIT)
    assert (clock.due_on, clock.limit_words) == (day("2026-06-17"), "2 个月")
    assert glance(clock, "2026-06-16") == (Light.YELLOW, "剩 1 天", 60, 1)
    assert glance(clock, "2026-06-18") == (Light.RED, "超 1 天", 62, -1)
    paused(clock, "2026-05-06", "2026-05-16")
    assert clock.due_on == day("2026-06-29")  # ten days later is a Saturday


def test_working_hours():
    clock = started("2026-11-20", 4, unit=ClockUnit.WORKING_HOUR, kind=ClockKind.WORK_ORDER)  # Friday 10:00
    reading = clocks.read_clock(clock, at("2026-11-20", 15))
    assert (reading.used, reading.remaining, reading.light, reading.words) == (3, 1, Light.YELLOW, "剩 1 小时")
    assert clock.due_on == day("2026-11-20")
    assert clocks.read_clock(clock, at("2026-11-20", 16)).overdue
    late = started("2026-11-20", 10, unit=ClockUnit.WORKING_HOUR, kind=ClockKind.WORK_ORDER)
    assert late.due_on == day("2026-11-23")
    assert clocks.read_clock(late, at("2026-11-22", 12)).remaining == 4
    assert clocks.read_clock(late, at("2026-11-23", 11)).words == "剩 1 小时"
    assert clocks.read_clock(late, at("2026-11-23", 12)).words == "今日到期"
    assert clocks.read_clock(late, at("2026-11-23", 15)).words == "超 2 小时"


# operations --------------------------------------------------------------------------------------------------------


def refusal(action, *args, **kwargs):
    with pytest.raises(DomainError) as caught:
        action(*args, **kwargs)
    return caught.value.code


def test_what_is_refused():
    clock = started("2026-11-02", 10)
    ask = {"owner": TimeOwner.APPLICANT, "at": at("2026-11-04")}
    assert refusal(clocks.pause_clock, clock, kind=PauseKind.CORRECTION, basis=" ", **ask) == "pause_without_basis"
    assert refusal(clocks.pause_clock, clock, kind=PauseKind.SPECIAL, basis="x", **ask) == "special_unapproved"
    early = {**ask, "at": at("2026-10-30")}
    assert refusal(clocks.pause_clock, clock, kind=PauseKind.CORRECTION, basis="x", **early) == "pause_before_start"
    pause = clocks.pause_clock(clock, kind=PauseKind.CORRECTION, basis="x", **ask)
    assert refusal(clocks.pause_clock, clock, kind=PauseKind.CORRECTION, basis="x", **ask) == "already_paused"
    assert refusal(clocks.resume_clock, pause, at("2026-11-03")) == "resume_before_pause"
    clocks.resume_clock(pause, at("2026-11-05"))
    assert refusal(clocks.resume_clock, pause, at("2026-11-06")) == "already_resumed"
    assert refusal(clocks.extend_clock, clock, 0, basis="x", approver=head()) == "extension_empty"
    assert refusal(clocks.extend_clock, clock, 5, basis="x", approver=None) == "extension_unapproved"
    assert refusal(clocks.backdate_start, clock, at("2026-11-03")) == "backdate_forward"
    assert refusal(clocks.stop_clock, clock, day("2026-11-01")) == "stop_before_start"
    clocks.stop_clock(clock, at("2026-11-09"))
    assert refusal(clocks.pause_clock, clock, kind=PauseKind.OTHER, basis="x", **ask) == "clock_ended"
    assert refusal(clocks.extend_clock, clock, 5, basis="x", approver=head()) == "clock_ended"


def test_stopping_ends_open_pauses_and_a_second_stop_changes_nothing():
    clock = started("2026-11-02", 10)
    pause = paused(clock, "2026-11-04")
    clocks.stop_clock(clock, at("2026-11-06"))
    pause.refresh_from_db()
    assert (clock.state, clock.stopped_on, pause.ended_at) == (ClockState.STOPPED, day("2026-11-06"), at("2026-11-06"))
    clocks.stop_clock(clock, at("2026-11-09"))
    clocks.cancel_clock(clock)
    clock.refresh_from_db()
    assert (clock.state, clock.stopped_at) == (ClockState.STOPPED, at("2026-11-06"))
    assert not ClockSegment.objects.filter(clock=clock, ended_at=None).exists()
    assert read(clock, "2026-11-20").used == 2


def test_a_cancelled_clock_has_no_light():
    clock = clocks.cancel_clock(started("2026-11-02", 2), at("2026-11-10"))
    assert glance(clock, "2026-11-20") == (Light.NONE, "已取消", 6, -4)
    assert clock.first_overdue_at is None


def test_a_day_entered_late_counts_from_that_day():
    with timing.travel(at("2026-11-20")):
        clock = clocks.start_clock(kind=ClockKind.PROMISED, limit=5, on=day("2026-11-06"))
        clocks.stop_clock(clock, day("2026-11-13"))
    assert read(clock, "2026-11-20").used == 5
    assert not read(clock, "2026-11-20").overdue
    assert clock.first_overdue_at == timing.start_of_day(day("2026-11-16"))


def test_the_database_refuses_what_cannot_be():
    clock = started("2026-11-02", 10)
    wrong = [
        lambda: ClockSegment.objects.create(clock=clock, owner="government", started_at=at("2026-11-03")),
        lambda: ClockPause.objects.create(clock=clock, kind="other", owner="special", basis="", started_at=at("2026-11-03")),
        lambda: ClockPause.objects.create(
            clock=clock, kind="other", owner="special", basis="x", started_at=at("2026-11-03"), ended_at=at("2026-11-02")
        ),
        lambda: Clock.objects.filter(pk=clock.pk).update(state="stopped"),
        lambda: Clock.objects.filter(pk=clock.pk).update(state="nowhere"),
        lambda: Clock.objects.filter(pk=clock.pk).update(owner="nobody"),
    ]
    for action in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            action()


def test_a_hundred_clocks_are_read_without_a_query_each():
    for n in range(100):
        clock = started("2026-11-02", 5 + n % 7)
        if n % 3 == 0:
            paused(clock, "2026-11-04", "2026-11-06")
    workdays.version()
    with CaptureQueriesContext(connection) as captured:
        for clock in Clock.objects.with_pauses().prefetch_related("segments"):
            clocks.read_clock(clock, day("2026-11-20"))
            clocks.explain(clock, day("2026-11-20"))
            clocks.time_ledger(clock, day("2026-11-20"))
    assert len(captured) == 3


# explanation -------------------------------------------------------------------------------------------------------


def test_explain_names_every_day_and_what_it_stands_on():
    clock = started("2026-09-18", 9, kind=ClockKind.ACCEPTANCE, label="竣工联合验收")
    paused(clock, "2026-09-23", "2026-09-29", kind=PauseKind.RECTIFICATION)
    told = clocks.explain(clock, day("2026-10-12"))
    assert told.sentences == (
        "竣工联合验收：2026年9月18日（周五）起算，当日不计；时限 9 个工作日，2026年10月12日（周一）到期，到期当日办结仍在期限内。",
        "已计 9 天：9月20日为第 1 天，10月12日为第 9 天。",
        "暂停不计：9月24日暂停：整改，1 天（行政许可法第四十五条）；9月28日至9月29日暂停：整改，2 天（行政许可法第四十五条）。",
        "放假不计：9月25日至9月27日中秋节放假，3 天（国办发明电〔2025〕7号）；10月1日至10月7日国庆节放假，7 天（国办发明电〔2025〕7号）。",
        "周末不计：2 天。",
        "调休上班照计：9月20日国庆节调休上班，1 天（国办发明电〔2025〕7号）；10月10日国庆节调休上班，1 天（国办发明电〔2025〕7号）。",
        "截至 2026年10月12日（周一），已用 9 天，今日到期。",
    )
    assert [str(d.day) for d in told.made_up] == ["2026-09-20", "2026-10-10"]
    assert [d.number for d in told.counted] == list(range(1, 10))
    assert told.days[-1].day == clock.due_on


def test_explain_says_provisional_and_not_started():
    clock = started("2026-12-28", 10)
    told = clocks.explain(clock, day("2026-12-30"))
    assert told.sentences[-1] == "到期日所在年度的放假通知尚未公布，暂按法定节假日推算，通知公布后自动重算。"
    assert len(told.counted) == 10
    assert clocks.explain(clock, day("2026-12-01")).text == "2026年12月28日（周一）起算，现在还未开始。"
