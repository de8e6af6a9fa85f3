"""The month runs from the 26th to the 25th 24:00; every number is the cases that it lists, and a frozen one stays so."""

import datetime as dt
import hashlib
import json
from decimal import Decimal

import pytest

from agency import rules
from agency.indicators import INDICATORS, figures, month_of, period_of
from agency.models import Bulletin, BulletinFigure
from agency.reporting import compared
from agency.services import bulletins
from agency.tasks import freeze_month
from archives.models import Paper
from packages.models import MatterCase, MatterVersion
from projects import timing
from projects.clocks import start_clock
from projects.errors import ALLOWED, DomainError, NotAllowed, Verdict
from projects.events import verify_chain
from projects.models import Event, JobRun, Organisation, WorkUnit
from projects.states import OrganisationKind
from tests import factories


def at(text):
    return dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=timing.BUSINESS_ZONE)


#: The hand-checked month: department, received, accepted, decided, state, working days used, late, first overdue.
MONTH = {
    1: ("natural-resources", "10-26 00:00", "10-26 09:00", "10-28 16:00", "decided_pass", 2, False, None),
    2: ("natural-resources", "10-25 23:59", "10-26 09:00", "11-02 16:00", "decided_pass", 5, True, "10-30 00:00"),
    3: ("natural-resources", "11-03 09:00", "11-03 09:00", "11-25 23:59", "decided_fail", 3, False, None),
    4: ("natural-resources", "11-20 09:00", "11-20 09:00", None, "in_review", None, False, "11-24 00:00"),
    5: ("natural-resources", "11-25 09:00", "11-25 09:00", "11-26 00:00", "decided_pass", 1, False, None),
    6: ("approval-bureau", "11-10 09:00", None, None, "withdrawn", None, False, None),
    7: ("approval-bureau", None, None, "11-05 09:00", "decided_pass", 0, False, None),
    8: ("approval-bureau", "11-01 09:00", "11-02 09:00", "11-06 16:00", "revoked", 4, False, None),
    9: ("approval-bureau", "10-20 09:00", "10-20 09:00", None, "suspended", None, False, "11-27 00:00"),
    10: ("other", "11-02 09:00", "11-02 09:00", "11-03 09:00", "decided_pass", 1, False, None),
}
#: What the month must say: (value, cases counted, cases of the denominator).
EXPECTED = {
    None: {
        "received": ("5.00", {1, 3, 4, 5, 8}, set()), "decided": ("4.00", {1, 2, 3, 8}, set()),
        "on_time": ("75.00", {1, 3, 8}, {1, 2, 3, 8}), "mean_days": ("3.50", {1, 2, 3, 8}, set()),
        "median_days": ("3.50", {1, 2, 3, 8}, set()), "overdue": ("2.00", {2, 4}, set()),
        "late_rate": ("28.57", {2, 4}, {1, 2, 3, 4, 5, 8, 9}),
        "breaches": ("0.00", set(), set()),
    },
    "natural-resources": {
        "received": ("4.00", {1, 3, 4, 5}, set()), "decided": ("3.00", {1, 2, 3}, set()),
        "on_time": ("66.67", {1, 3}, {1, 2, 3}), "mean_days": ("3.33", {1, 2, 3}, set()),
        "median_days": ("3.00", {1, 2, 3}, set()), "overdue": ("2.00", {2, 4}, set()),
        "late_rate": ("40.00", {2, 4}, {1, 2, 3, 4, 5}),
        "breaches": ("0.00", set(), set()),
    },
    "approval-bureau": {
        "received": ("1.00", {8}, set()), "decided": ("1.00", {8}, set()), "on_time": ("100.00", {8}, {8}),
        "mean_days": ("4.00", {8}, set()), "median_days": ("4.00", {8}, set()), "overdue": ("0.00", set(), set()),
        "late_rate": ("0.00", set(), {8, 9}),
        "breaches": ("0.00", set(), set()),
    },
}


@pytest.fixture
def month(actors, clock):
    """The hand-checked month: number -> case. The clock stands at 2026-11-26 00:30."""
    clock.to(at("10-20 09:00"))
    project = factories.make_project(actors)
    elsewhere = Organisation.objects.create(name="邻县行政审批局", kind=OrganisationKind.BUREAU)
    foreign = factories.make_project(actors)
    foreign.centre = elsewhere
    foreign.save()
    matter = MatterVersion.objects.get(matter__code="land-plan-permit")
    cases = {}
    for number, (lead, received, accepted, decided, state, used, late, over) in MONTH.items():
        home = foreign if lead == "other" else project
        running = None
        if over:
            clock.to(at("10-26 09:00"))
            running = start_clock(kind="promised", limit=2, on=clock.moment, project=home)
            type(running).objects.filter(pk=running.pk).update(first_overdue_at=at(over))
        cases[number] = MatterCase.objects.create(
            project=home, matter=matter, stage="planning", promised_days=2, state=state, number=f"N{number:03d}",
            work_unit=WorkUnit.objects.create(project=home, code=f"{home.code}-{number}", name=f"{number} 号工程", is_default=False),
            lead=factories.organisation("approval-bureau" if lead == "other" else lead),
            handling="outside" if number == 7 else "review", promised_clock=running,
            received_at=received and at(received), accepted_at=accepted and at(accepted),
            decided_at=decided and at(decided), used_days=used, is_overdue=late,
            ended_at=at("11-11 09:00") if number == 6 else at("11-30 09:00") if number == 8 else decided and at(decided),
        )
    clock.to(at("11-26 00:30"))
    return cases


@pytest.fixture
def bulletin(actors, month):
    """The bulletin of November, opened."""
    return bulletins.open_bulletin(actors.centre, year=2026, month=11, by=actors.director)


def told(found, cases):
    """The figures as EXPECTED writes them."""
    numbers = {case.pk: number for number, case in cases.items()}
    names = {factories.organisation(code).pk: code for code in EXPECTED if code}
    table = {}
    for figure in found:
        key = names[figure.organisation_id] if figure.organisation_id else None
        table.setdefault(key, {})[figure.key] = (
            f"{figure.value:.2f}", {numbers[pk] for pk in figure.case_ids}, {numbers[pk] for pk in figure.base_ids}
        )
        for ids in (figure.case_ids, figure.base_ids):
            assert len(ids) == len(set(ids)), f"{figure.key} counts a case twice"
    return table


@pytest.mark.parametrize(("day", "month", "begins"), [
    ("2026-10-25", (2026, 10), 26), ("2026-10-26", (2026, 11), 26), ("2026-11-25", (2026, 11), 26),
    ("2026-12-26", (2027, 1), 26), ("2026-12-31", (2026, 12), 1), ("2026-11-01", (2026, 11), 1),
])
def test_a_day_falls_into_the_month_that_ends_after_it(day, month, begins):
    assert month_of(dt.date.fromisoformat(day), starts_on=begins) == month


@pytest.mark.parametrize(("year", "month", "begins", "start", "end"), [
    (2026, 11, 26, "2026-10-26", "2026-11-26"), (2027, 1, 26, "2026-12-26", "2027-01-26"),
    (2026, 12, 1, "2026-12-01", "2027-01-01"),
])
def test_a_period_begins_and_ends_at_midnight(year, month, begins, start, end):
    period = period_of(year, month, starts_on=begins)
    assert (period.start, period.end) == tuple(timing.start_of_day(dt.date.fromisoformat(d)) for d in (start, end))


def test_the_hand_checked_month(actors, month):
    assert told(figures(period_of(2026, 11, starts_on=26), actors.centre), month) == EXPECTED


def test_a_count_is_the_length_of_its_list(actors, month):
    for figure in figures(period_of(2026, 11, starts_on=26), actors.centre):
        if figure.key in {"received", "decided", "overdue"}:
            assert figure.value == len(set(figure.case_ids)) == len(figure.case_ids)
        if figure.key in {"on_time", "late_rate"} and figure.base_ids:
            assert set(figure.case_ids) <= set(figure.base_ids)
            assert round(100 * len(figure.case_ids) / len(figure.base_ids), 2) == float(figure.value)


def test_an_empty_month_has_no_rates(actors):
    found = {f.key: f.value for f in figures(period_of(2026, 9, starts_on=26), actors.centre)}
    assert found == {
        "received": Decimal(0), "decided": Decimal(0), "on_time": None, "mean_days": None, "median_days": None,
        "overdue": Decimal(0), "late_rate": None, "breaches": Decimal(0),
    }


def test_a_case_that_the_services_walked_is_counted_with_its_days(actors, clock):
    project = factories.enrolled_project(actors, "S3")
    case = factories.in_review(project, "land-plan-permit", actors)
    clock.by(days=4)
    factories.answer_all(case)
    factories.merge(case, passed=False)
    done = factories.decide(case, outcome="fail", note="不符合规划条件，应按通知书调整后重新申请。")
    assert (done.used_days, done.promised_days, done.is_overdue) == (4, 2, True)
    total = {f.key: f for f in figures(period_of(2026, 11, starts_on=26), actors.centre) if f.organisation_id is None}
    assert {key: (f.value, f.case_ids) for key, f in total.items() if key not in {"late_rate", "breaches"}} == {
        "received": (1, (case.pk,)), "decided": (1, (case.pk,)), "on_time": (0, ()), "mean_days": (4, (case.pk,)),
        "median_days": (4, (case.pk,)), "overdue": (1, (case.pk,)),
    }


# Opening, freezing, publishing ---------------------------------------------------------------------------------------


def test_freezing_stores_every_figure_and_issues_the_paper(actors, month, bulletin, clock):
    before = Event.objects.count()
    frozen = bulletins.freeze(bulletin.pk, by=actors.director)
    assert (frozen.state, frozen.frozen_at, frozen.frozen_by) == ("frozen", clock.moment, actors.director)
    assert told(bulletins.stored_figures(frozen), month) == EXPECTED
    assert BulletinFigure.objects.count() == 3 * len(INDICATORS)
    paper = Paper.objects.get()
    assert (frozen.paper, paper.number, paper.title, paper.project, paper.document) == (
        paper, "〔2026〕高审通字第000001号", "一站式施工许可月度通报 2026年11月", None, None
    )
    assert paper.content["table"]["rows"] == [
        ["合计", "5", "4", "75", "3.5", "3.5", "2", "28.57", "0"],
        [factories.organisation("approval-bureau").name, "1", "1", "100", "4", "4", "0", "0", "0"],
        [factories.organisation("natural-resources").name, "4", "3", "66.67", "3.33", "3", "2", "40", "0"],
    ]
    new = Event.objects.order_by("pk")[before:]
    assert [(e.kind, e.chain, e.actor, e.data.get("state")) for e in new] == [
        ("paper.issued", f"organisation:{actors.centre.pk}", actors.director, ["", "valid"]),
        ("bulletin.frozen", f"organisation:{actors.centre.pk}", actors.director, ["collecting", "frozen"]),
    ]
    assert verify_chain(f"organisation:{actors.centre.pk}") is None


def test_what_changes_later_does_not_change_what_is_frozen(actors, month, bulletin):
    bulletins.freeze(bulletin.pk, by=actors.director)
    MatterCase.objects.filter(pk=month[8].pk).update(used_days=40, is_overdue=True, lead=month[1].lead)
    MatterCase.objects.filter(pk=month[3].pk).update(received_at=None)
    bulletin = Bulletin.objects.get()
    assert told(bulletins.stored_figures(bulletin), month) == EXPECTED
    now = {f.key: f.value for f in figures(bulletins.period_for(bulletin), actors.centre) if f.organisation_id is None}
    assert (now["received"], now["overdue"], now["mean_days"]) == (Decimal(4), Decimal(3), Decimal("12.50"))
    assert bulletins.is_untouched(bulletin) is True


def test_the_hash_can_be_computed_again_and_tells_a_changed_figure(actors, month, bulletin):
    frozen = bulletins.freeze(bulletin.pk, by=actors.director)
    rows = sorted(
        (
            [f.organisation_id, f.key, None if f.value is None else f"{f.value:.2f}", sorted(f.case_ids), sorted(f.base_ids)]
            for f in BulletinFigure.objects.all()
        ),
        key=lambda row: (row[0] or 0, row[1]),
    )
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    assert frozen.snapshot_hash == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert bulletins.is_untouched(frozen) is True
    BulletinFigure.objects.filter(key="overdue", organisation=None).update(value=0)
    assert bulletins.is_untouched(frozen) is False


def test_a_second_freeze_does_nothing(actors, bulletin, clock):
    first = bulletins.freeze(bulletin.pk, by=actors.director)
    events, papers = Event.objects.count(), Paper.objects.count()
    clock.by(days=1)
    again = bulletins.freeze(bulletin.pk, by=actors.director)
    assert (again.frozen_at, again.snapshot_hash) == (first.frozen_at, first.snapshot_hash)
    assert (Event.objects.count(), Paper.objects.count()) == (events, papers)


def test_a_month_that_is_not_over_is_not_frozen(actors, bulletin, clock):
    words = "本期到11月25日24:00截止，之后才能冻结。"
    clock.to(at("11-25 23:59"))
    assert rules.can_freeze(actors.director, bulletin) == Verdict(ok=False, reason=words)
    with pytest.raises(NotAllowed) as refusal:
        bulletins.freeze(bulletin.pk, by=actors.director)
    assert refusal.value.message == words
    with pytest.raises(DomainError) as refusal:
        bulletins.freeze(bulletin.pk, by=None)
    assert (refusal.value.code, refusal.value.message) == ("month_not_over", words)
    assert (Bulletin.objects.get().state, BulletinFigure.objects.count(), Paper.objects.count()) == ("collecting", 0, 0)
    clock.to(at("11-26 00:00"))
    assert bulletins.freeze(bulletin.pk, by=None).state == "frozen"


def test_a_month_that_has_not_begun_is_not_opened(actors, clock):
    with pytest.raises(DomainError) as refusal:
        bulletins.open_bulletin(actors.centre, year=2026, month=12, by=actors.director)
    assert (refusal.value.code, refusal.value.message) == ("month_not_begun", "2026年12月这一期还没有开始。")
    assert Bulletin.objects.count() == 0


def test_opening_twice_gives_the_same_bulletin_and_one_event(actors, bulletin):
    assert bulletins.open_bulletin(actors.centre, year=2026, month=11, by=actors.director) == bulletin
    assert (bulletin.period_start, bulletin.period_end) == (at("10-26 00:00"), at("11-26 00:00"))
    assert [(e.kind, e.data) for e in Event.objects.filter(kind__startswith="bulletin")] == [
        ("bulletin.opened", {"state": ["", "collecting"]})
    ]


def test_publishing_follows_freezing_and_is_done_once(actors, bulletin):
    with pytest.raises(NotAllowed) as refusal:
        bulletins.publish(bulletin.pk, by=actors.director)
    assert refusal.value.message == "先冻结数据，再签发。"
    bulletins.freeze(bulletin.pk, by=actors.director)
    assert bulletins.publish(bulletin.pk, by=actors.director).state == "published"
    events = Event.objects.count()
    assert bulletins.publish(bulletin.pk, by=actors.director).state == "published"
    assert Event.objects.count() == events
    assert Event.objects.order_by("-pk")[0].data == {"state": ["frozen", "published"]}


def test_only_the_director_freezes_and_publishes(actors, bulletin):
    no = {name: Verdict(ok=False, reason="由中心主任冻结。") for name in ("clerk", "dispatcher", "chief", "owner", "outsider")}
    assert {name: rules.can_freeze(getattr(actors, name), bulletin) for name in no} == no
    assert rules.can_freeze(actors.director, bulletin) == ALLOWED
    with pytest.raises(NotAllowed) as refusal:
        bulletins.freeze(bulletin.pk, by=actors.clerk)
    assert refusal.value.message == "由中心主任冻结。"
    bulletins.freeze(bulletin.pk, by=actors.director)
    with pytest.raises(NotAllowed) as refusal:
        bulletins.publish(bulletin.pk, by=actors.dispatcher)
    assert refusal.value.message == "由中心主任签发。"


def test_the_job_turns_the_month_for_every_centre_and_again_does_nothing(actors, month, clock):
    assert (freeze_month(), freeze_month()) == (2, 0)
    rows = Bulletin.objects.order_by("centre__name", "month").values_list("centre__name", "year", "month", "state")
    ours = factories.organisation("approval-bureau").name
    assert sorted(rows) == sorted(
        (name, 2026, number, state) for name in (ours, "邻县行政审批局") for number, state in ((11, "frozen"), (12, "collecting"))
    )
    assert list(JobRun.objects.filter(job="freeze_month").order_by("pk").values_list("touched", "errors")) == [(2, 0), (0, 0)]


@pytest.mark.parametrize(("key", "now", "before", "words"), [
    ("received", "186", "166", "环比 +12%"), ("decided", "90", "100", "环比 −10%"), ("decided", "5", "5", "环比 0%"),
    ("received", "3", "0", "上期 0 件"), ("on_time", "98.2", "97", "环比 +1.2 个百分点"),
    ("mean_days", "3.6", "3.9", "环比 −0.3 日"), ("mean_days", None, "3.9", "环比 样本不足"),
    ("on_time", "98", None, "环比 样本不足"),
])
def test_the_comparison_with_the_month_before(key, now, before, words):
    assert compared(key, now and Decimal(now), before and Decimal(before)) == words


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_freeze_at_once_store_the_figures_once(actors, month, bulletin, at_once):
    def freeze():
        with timing.travel(at("11-26 00:30")):
            return bulletins.freeze(bulletin.pk, by=None)

    outcomes = at_once(freeze, freeze)
    assert [outcome.state for outcome in outcomes] == ["frozen", "frozen"]
    assert (BulletinFigure.objects.count(), Paper.objects.count()) == (3 * len(INDICATORS), 1)
