"""The month runs from the 26th to the 25th 24:00; every number is what it lists, and a frozen one stays so."""

import datetime as dt
import threading
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from agency import bulletin_reading
from agency import bulletin_rules as rules
from agency.bulletin import INDICATORS
from agency.bulletin_content import take
from agency.bulletin_counting import Row
from agency.bulletin_periods import period_of
from agency.bulletin_proof import prove
from agency.bulletin_scope import scope_of
from agency.bulletin_snapshot import digest_of, is_untouched, snapshot_hash, stored_figures
from agency.models import Bulletin, BulletinFigure, BulletinLines, BulletinList, BulletinProblem, WorkOrder
from agency.services import bulletin_problems as wording
from agency.services import bulletins
from agency.tasks import freeze_month
from archives import papering
from archives.models import Paper
from archives.services.papers import issuer_word
from gaige.scale.bulletins import bare
from packages.models import MatterCase
from projects import timing
from projects.errors import ALLOWED, DomainError, NotAllowed, Verdict
from projects.events import verify_chain
from projects.models import Event, JobRun, Organisation, Region
from projects.states import OrganisationKind, Role
from tests import factories
from tests.agency.bulletin_month import EXPECTED, at, make_month, told, walk, word_all


@pytest.fixture
def month(actors, clock):
    """The hand-checked month: number -> case. The clock stands at 2026-11-26 00:30."""
    return make_month(actors, clock)


@pytest.fixture
def bulletin(actors, month):
    """The bulletin of November, opened."""
    return bulletins.open_bulletin(actors.centre, year=2026, month=11, by=actors.director)


def november(actors, **more):
    return period_of(2026, 11, starts_on=26), scope_of(more.pop("series", "permit"), actors.centre, **more)


# Figures ----------------------------------------------------------------------------------------------------------


def test_the_hand_checked_month(actors, month, bulletin):
    taken = take(bulletin)
    assert told(taken.figures, month) == EXPECTED
    one = INDICATORS["on_time"](*november(actors))
    assert (one.value, set(one.denominator_ids) - set(one.numerator_ids)) == (Decimal("75.00"), {month[2].pk})
    assert taken.lines == [  # used, limit, late, days of the applicant, of special procedures, of intermediaries
        [month[n].pk, *line, 0, 0, 0] for n, line in {1: (2, 2, 0), 2: (5, 2, 1), 3: (3, 2, 0), 8: (4, 2, 0)}.items()
    ]
    assert [(row["name"], row["light"]["words"], row["rank"]) for row in taken.content["regions"]["rows"]] == [
        ("高平市", "红", "—")
    ]
    assert [(row["name"], row["light"]["words"], row["rank"], row["cells"][2]["t"]) for row in taken.content["bodies"]["rows"]] == [
        (factories.organisation("natural-resources").label, "红", "—", "66.67"),
        (factories.organisation("approval-bureau").label, "样本不足", "样本不足", "—"),
    ]
    assert (taken.content["honour"], taken.content["honour_why"]) == ([], "办结满 3 件的 1 个部门都不是绿灯。")


def test_a_count_is_the_length_of_its_list_and_a_rate_that_of_both(actors, month, bulletin):
    for (_, _, key), figure in take(bulletin).figures.items():
        one = INDICATORS["faulty" if key.startswith("faulty_") else key]
        if one.is_count:
            assert figure.value == len(figure.numerator_ids) == len(set(figure.numerator_ids)), key
        if one.based and figure.denominator_ids:
            assert set(figure.numerator_ids) <= set(figure.denominator_ids)
            assert round(100 * len(figure.numerator_ids) / len(figure.denominator_ids), 2) == float(figure.value)


def test_an_empty_month_has_no_rates(actors):
    bulletin = bulletins.open_bulletin(actors.centre, year=2026, month=9)
    found = {key: figure for (group, _, key), figure in take(bulletin).figures.items() if group == "total"}
    for key, figure in found.items():
        assert figure == (Row(Decimal(0)) if INDICATORS[key].is_count else Row(None)), key


def test_each_series_has_its_stage_and_the_year_has_both(actors, month):
    MatterCase.objects.filter(pk=month[1].pk).update(stage="acceptance")
    counted = {series: INDICATORS["decided"](*november(actors, series=series)) for series in ("permit", "acceptance", "annual")}
    assert {series: len(row.numerator_ids) for series, row in counted.items()} == {"permit": 3, "acceptance": 1, "annual": 4}


@pytest.mark.slow
def test_a_case_that_the_services_walked_is_counted_again_from_its_events(actors, clock):
    project = factories.enrolled_project(actors, "S3")
    case = factories.in_review(project, "land-plan-permit", actors)
    clock.by(days=4)
    factories.answer_all(case)
    factories.merge(case, passed=False)
    done = factories.decide(case, outcome="fail", note="不符合规划条件，应按通知书调整后重新申请。")
    assert (done.used_days, done.promised_days, done.is_overdue) == (4, 2, True)
    clock.to(at("11-26 00:30"))
    bulletin = bulletins.freeze(bulletins.open_bulletin(actors.centre, year=2026, month=11).pk, by=None)
    proof = prove(bulletin)
    assert {check.name: (check.frozen, check.again) for check in proof.checks} == {
        "新受理": ("1", "1"), "办结": ("1", "1"), "在办": ("0", "0"), "按时办结率": ("0", "0"), "平均用时": ("4", "4"),
        "中位数": ("4", "4"), "九成": ("4", "4"), "超时": ("1", "1"),
    }
    # what is changed on the case afterwards changes neither the snapshot nor the recount
    MatterCase.objects.filter(pk=done.pk).update(used_days=1, is_overdue=False, decided_at=at("12-01 09:00"))
    assert prove(bulletin).holds
    out = StringIO()
    call_command("prove_bulletin", bulletin.pk, stdout=out)
    assert out.getvalue().startswith(f"PASS {bulletin.pk} ")
    # a figure and its hash both written anew: the chain knows the hash of the freezing
    with transaction.atomic():
        BulletinFigure.objects.filter(bulletin=bulletin, group="body", key="overdue").update(value=0)
        figures = {
            at: (row.value, *(digest_of(ids) if ids else "" for ids in (row.numerator_ids, row.denominator_ids)))
            for at, row in stored_figures(bulletin).items()
        }
        bulletin.snapshot_hash = snapshot_hash(figures, BulletinLines.objects.get(bulletin=bulletin).rows, bulletin.content)
        assert (is_untouched(bulletin), prove(bulletin).is_untouched) == (True, False)
        transaction.set_rollback(True)
    bulletin.refresh_from_db()
    BulletinList.objects.filter(bulletin=bulletin).update(ids=[])
    assert (prove(bulletin).is_untouched, prove(bulletin).holds) == (False, False)
    with pytest.raises(CommandError, match="1 bulletins do not hold"):
        call_command("prove_bulletin", stdout=out, stderr=out)
    assert "the snapshot does not give its hash" in out.getvalue()


def test_the_probe_sees_what_was_keyed_in_afterwards(actors, month):
    moment = at("11-10 10:00")
    for number in (1, 2, 3, 8):
        MatterCase.objects.filter(pk=month[number].pk).update(
            accepted_at=moment, decided_at=moment + dt.timedelta(seconds=5 * number), decided_by=actors.chief, promised_days=5
        )
    for key in ("probe_fast", "probe_burst"):
        assert set(INDICATORS[key](*november(actors)).numerator_ids) == {month[n].pk for n in (1, 2, 3, 8)}
    MatterCase.objects.filter(pk=month[8].pk).update(decided_at=moment + dt.timedelta(seconds=90), promised_days=2)
    assert INDICATORS["probe_burst"](*november(actors)).value == 0
    assert INDICATORS["probe_fast"](*november(actors)).value == 3


# Opening and freezing -------------------------------------------------------------------------------------------------


def test_freezing_stores_every_figure_with_what_it_counts(actors, month, bulletin, clock):
    before = Event.objects.count()
    frozen = bulletins.freeze(bulletin.pk, by=actors.director)
    assert (frozen.state, frozen.frozen_at, frozen.frozen_by, frozen.paper) == ("frozen", clock.moment, actors.director, None)
    assert told(stored_figures(frozen), month) == EXPECTED
    assert is_untouched(Bulletin.objects.get()) is True
    new = Event.objects.order_by("pk")[before:]
    assert [(e.kind, e.chain, e.data) for e in new] == [
        ("bulletin.frozen", f"organisation:{actors.centre.pk}", {"state": ["collecting", "frozen"], "hash": frozen.snapshot_hash})
    ]
    # furthest beyond its limit, one for each matter, without names
    assert [(p.case_id, p.what, p.owner.code, p.due_on) for p in BulletinProblem.objects.all()] == [
        (month[2].pk, f"某项目的{month[2].matter.name}超过承诺时限 3 个工作日", "natural-resources", dt.date(2026, 12, 10))
    ]
    clock.by(days=1)
    again = bulletins.freeze(bulletin.pk, by=actors.director)
    assert (again.frozen_at, Event.objects.count()) == (frozen.frozen_at, before + 1)


def test_what_changes_later_does_not_change_what_is_frozen(actors, month, bulletin):
    bulletins.freeze(bulletin.pk, by=actors.director)
    MatterCase.objects.filter(pk=month[8].pk).update(used_days=40, is_overdue=True, lead=month[1].lead)
    MatterCase.objects.filter(pk=month[3].pk).update(accepted_at=None, state="withdrawn")
    assert told(stored_figures(Bulletin.objects.get()), month) == EXPECTED
    now = INDICATORS["mean_days"](*november(actors))
    assert (now.value, len(now.numerator_ids)) == (Decimal("15.67"), 3)
    assert is_untouched(Bulletin.objects.get()) is True


@pytest.mark.parametrize("change", [
    lambda b: BulletinFigure.objects.filter(bulletin=b, key="overdue", group="total").update(value=0),
    lambda b: BulletinLines.objects.filter(bulletin=b).update(rows=[]),
    lambda b: Bulletin.objects.filter(pk=b.pk).update(content=b.content | {"honour": []} | {"big": []}),
])
def test_the_hash_tells_a_changed_figure_line_or_word(actors, bulletin, change):
    bulletins.freeze(bulletin.pk, by=actors.director)
    change(Bulletin.objects.get())
    assert is_untouched(Bulletin.objects.get()) is False


def test_a_month_that_is_not_over_is_not_frozen_and_one_to_come_not_opened(actors, bulletin, clock):
    words = "本期到11月25日24:00截止，之后才能冻结。"
    clock.to(at("11-25 23:59"))
    assert rules.can_freeze(actors.director, bulletin) == Verdict(ok=False, reason=words)
    for by, error in ((actors.director, NotAllowed), (None, DomainError)):
        with pytest.raises(error) as refusal:
            bulletins.freeze(bulletin.pk, by=by)
        assert refusal.value.message == words
    assert (Bulletin.objects.get().state, BulletinFigure.objects.count()) == ("collecting", 0)
    with pytest.raises(DomainError, match="2026年12月这一期还没有开始"):
        bulletins.open_bulletin(actors.centre, year=2026, month=12, by=actors.director)
    with pytest.raises(DomainError, match="年度报告按年"):
        bulletins.open_bulletin(actors.centre, year=2026, month=0, by=actors.director)
    assert bulletins.open_bulletin(actors.centre, year=2026, month=11, by=actors.director) == bulletin
    clock.to(at("11-26 00:00"))
    assert bulletins.freeze(bulletin.pk, by=None).state == "frozen"


def test_the_job_turns_the_month_for_every_centre_series_and_district(actors, month, clock):
    Region.objects.create(code="140599", name="高平经济技术开发区", parent=Region.objects.get(code="140581"))
    assert (freeze_month(), freeze_month()) == (6, 0)
    ours, other = actors.centre, Organisation.objects.get(name="邻县行政审批局")
    rows = set(Bulletin.objects.values_list("centre", "region__code", "series", "month", "state"))
    expected = {
        (centre.pk, region, series, number, state)
        for centre, region in ((ours, None), (ours, "140599"), (other, None)) for series in ("permit", "acceptance")
        for number, state in ((11, "frozen"), (12, "collecting"))
    }
    assert rows == expected | {(centre.pk, None, "annual", 0, "collecting") for centre in (ours, other)}
    assert list(JobRun.objects.filter(job="freeze_month").order_by("pk").values_list("touched", "errors")) == [(6, 0), (0, 0)]


def test_the_queries_of_a_freezing_do_not_grow_with_its_cases(actors, month, bulletin):
    def count():
        with CaptureQueriesContext(connection) as queries:
            take(bulletin)
        return len(queries)

    few = count()
    for number in (1, 2, 4):
        row = MatterCase.objects.get(pk=month[number].pk)
        for _ in range(10):
            row.pk, row.number = None, f"X{MatterCase.objects.count()}"
            row.work_unit = row.project.work_units.create(code=f"{row.number}-unit", name="又一工程", is_default=False)
            row._state.adding = True
            row.save()
    assert (count(), INDICATORS["decided"](*november(actors)).value) == (few, 24)
    assert few <= 45


# Districts ------------------------------------------------------------------------------------------------------------


def test_what_still_runs_is_counted_to_today_while_the_period_is_not_over(clock):
    clock.to(at("11-17 12:00"))
    assert period_of(2026, 0, starts_on=26).counted_to == dt.date(2026, 11, 17)
    assert period_of(2026, 10, starts_on=26).counted_to == dt.date(2026, 10, 25)


def test_the_city_counts_its_districts_and_each_district_itself(actors, month, clock, make_agent):
    city, county = Region.objects.get(code="140500"), Region.objects.get(code="140581")
    above = Organisation.objects.create(name="晋城市行政审批局", kind=OrganisationKind.BUREAU, region=city)
    taken = at("11-03 10:00")
    WorkOrder.objects.create(
        project=month[2].project, agent=make_agent("陈专"), state="doing", title="规划许可", stage="permit",
        offered_at=taken, taken_at=taken,
    )
    whole = bulletins.freeze(bulletins.open_bulletin(above, year=2026, month=11).pk, by=None)
    rows = {row["name"]: row for row in whole.content["regions"]["rows"]}
    assert set(rows) == {"晋城市本级", "城区", "沁水县", "阳城县", "陵川县", "泽州县", "高平市"}
    assert [cell["t"] for cell in rows["高平市"]["cells"][:3]] == ["6", "4", "3"]
    empty = rows["城区"]
    assert ([c["t"] for c in empty["cells"]][:7], empty["light"]["words"], empty["rank"]) == (
        ["0", "0", "0", "—", "—", "—", "—"], "样本不足", "样本不足"
    )
    own = bulletins.freeze(bulletins.open_bulletin(above, year=2026, month=11, region=county).pk, by=None)
    agents = [[cell["t"] for cell in one.content["agents"]["rows"][0]["cells"][:2]] for one in (whole, own)]
    assert agents == [["1", "1"]] * 2, "agents are told of where the projects are that a bulletin counts"
    assert str(own) == "一站式施工许可月度通报（高平市） 2026年11月"
    assert (issuer_word(above), issuer_word(actors.centre)) == ("晋审", "高审")
    assert told(stored_figures(own), month)[None] == EXPECTED[None]


# The chain of signatures ----------------------------------------------------------------------------------------------


def test_one_drafts_another_checks_the_director_signs(actors, month, bulletin, clock):
    director, dispatcher = actors.director, actors.dispatcher
    checker = factories.person("checker", "卫兰", Role.DISPATCHER, actors.centre)
    frozen = bulletins.freeze(bulletin.pk, by=dispatcher)
    with pytest.raises(DomainError, match="典型问题 1 请写明原因和整改措施"):
        bulletins.send_to_check(bulletin.pk, by=dispatcher)
    problem = frozen.problems.get()
    with pytest.raises(DomainError, match="不写项目和企业的名称"):
        wording.word_problem(
            problem.pk, by=dispatcher, what=f"{month[2].project.name}超时", cause="甲", fix="乙", due_on=problem.due_on
        )
    word_all(frozen, dispatcher)
    bulletins.send_to_check(bulletin.pk, by=dispatcher)
    with pytest.raises(NotAllowed, match="核对人不能是起草人"):
        bulletins.confirm(bulletin.pk, by=dispatcher)
    with pytest.raises(NotAllowed, match="先核对，再签发"):
        bulletins.publish(bulletin.pk, by=director)
    bulletins.send_back(bulletin.pk, by=director, note="原因写得不具体")
    assert Bulletin.objects.get().state == "frozen"
    bulletins.send_to_check(bulletin.pk, by=dispatcher)
    bulletins.confirm(bulletin.pk, by=director, note="与事件一致")
    with pytest.raises(NotAllowed, match="签发人不能是核对人"):
        bulletins.publish(bulletin.pk, by=director)
    bulletins.send_back(bulletin.pk, by=director, note="请另一人核对")
    bulletins.send_to_check(bulletin.pk, by=dispatcher)
    bulletins.confirm(bulletin.pk, by=checker, note="与事件一致")
    with pytest.raises(NotAllowed, match="由中心主任签发"):
        bulletins.publish(bulletin.pk, by=dispatcher)
    done = bulletins.publish(bulletin.pk, by=director)
    events = Event.objects.count()
    assert bulletins.publish(bulletin.pk, by=director).state == "published"
    assert Event.objects.count() == events
    states = [e.data["state"] for e in Event.objects.filter(kind__startswith="bulletin.").order_by("pk") if "state" in e.data]
    assert states == [
        ["", "collecting"], ["collecting", "frozen"], ["frozen", "checking"], ["checking", "frozen"],
        ["frozen", "checking"], ["checking", "signing"], ["signing", "frozen"], ["frozen", "checking"],
        ["checking", "signing"], ["signing", "published"],
    ]
    assert verify_chain(f"organisation:{actors.centre.pk}") is None
    paper = Paper.objects.get()
    assert (done.paper, paper.number, paper.title, paper.project) == (
        paper, "〔2026〕高审通字第000001号", "一站式施工许可月度通报 2026年11月", None
    )
    assert (paper.content["hash"], "probe" in paper.content["blocks"]) == (done.snapshot_hash, False)
    printed, whole = papering.html_of(paper), f"统计期2026年10月26日至2026年11月25日 24:00，{paper.content['frozen_words']} 冻结"
    assert [words in printed for words in (whole, "扫码核对本件真伪", "看进度", "issuer")] == [True, True, False, False]
    assert paper.content["problems"][0]["due"] == "2026年12月10日"
    assert paper.content["signatures"] == [["起草", "马原"], ["核对", "卫兰"], ["签发", "高远"]]
    assert month[2].project.name not in str(paper.content)


def test_only_the_centre_freezes_and_only_its_director_publishes(actors, bulletin):
    no = {name: Verdict(ok=False, reason="由中心主任或调度冻结。") for name in ("clerk", "chief", "owner", "outsider", "agent")}
    assert {name: rules.can_freeze(getattr(actors, name), bulletin) for name in no} == no
    assert (rules.can_freeze(actors.director, bulletin), rules.can_freeze(actors.dispatcher, bulletin)) == (ALLOWED, ALLOWED)
    with pytest.raises(NotAllowed):
        bulletins.freeze(bulletin.pk, by=actors.clerk)


def test_the_next_issue_looks_back_at_what_was_named(actors, month, bulletin, clock):
    published = walk(bulletin, actors)
    problem = published.problems.get()
    clock.to(at("12-26 00:30"))
    december = bulletins.open_bulletin(actors.centre, year=2026, month=12)

    def looked():
        past = take(december).content["past"]
        return past["count"], past["done"], past["rows"][0]["cells"][2]["t"]

    assert looked() == (1, 0, "未完成，逾期 11 个工作日")
    wording.close_problem(problem.pk, by=actors.dispatcher, outcome="已整改，抽查两件未超时")
    assert looked() == (1, 1, "已整改：已整改，抽查两件未超时")
    big = {one["label"]: one["note"] for one in take(december).content["big"]}
    assert big["办结"] == "环比 −75%　同比 —"


# Corrections ----------------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_version_and_may_be_corrected_itself(actors, month, bulletin, clock):
    first = walk(bulletin, actors)
    with pytest.raises(DomainError, match="请写明哪里有误"):
        bulletins.correct(first.pk, by=actors.director, erratum="")
    second = bulletins.correct(first.pk, by=actors.director, erratum="一件办结漏录")
    assert bulletins.correct(first.pk, by=actors.director, erratum="一件办结漏录") == second
    with pytest.raises(NotAllowed, match="本版已有更正版"):
        bulletins.correct(first.pk, by=actors.director, erratum="又一处")
    correction = "一站式施工许可月度通报 2026年11月 更正第2版"
    assert (Bulletin.objects.get(pk=first.pk).state, str(second)) == ("published", correction)
    MatterCase.objects.filter(pk=month[5].pk).update(decided_at=at("11-25 20:00"), ended_at=at("11-25 20:00"))
    second = walk(second, actors)
    assert second.content["erratum"][:2] == [["办结（件）", "4", "5"], ["在办（件）", "3", "2"]]
    third = walk(bulletins.correct(second.pk, by=actors.director, erratum="更正版仍有一处有误"), actors)
    rows = BulletinFigure.objects.filter(group="total", key="decided").order_by("bulletin__version")
    assert list(rows.values_list("bulletin__version", "bulletin__state", "bulletin__paper__state", "value")) == [
        (1, "corrected", "replaced", Decimal(4)), (2, "corrected", "replaced", Decimal(5)), (3, "published", "valid", Decimal(5)),
    ]
    assert (third.problems.count(), all(is_untouched(one) for one in Bulletin.objects.all())) == (1, True)
    assert Bulletin.objects.published().count() == 3


def test_what_was_frozen_wrong_but_not_published_is_never_public(actors, month, bulletin):
    frozen = bulletins.freeze(bulletin.pk, by=actors.director)
    second = bulletins.correct(frozen.pk, by=actors.director, erratum="冻结时漏了一批补录")
    assert Bulletin.objects.get(pk=frozen.pk).state == "corrected"
    walk(second, actors)
    assert [one.version for one in Bulletin.objects.published()] == [2]


@pytest.mark.postgresql
def test_the_bare_sql_of_the_benchmark_counts_the_same(actors, month, bulletin):
    (whole,) = [row for row in bare(*november(actors)) if row[:2] == (None, None)]
    figures = take(bulletin).figures
    for key, ids in zip(("accepted", "decided", "running", "on_time", "overdue"), whole[2:7], strict=True):
        assert set(figures["total", 0, key].numerator_ids) == set(ids), key
    assert [float(value) for value in whole[10:13]] == [3.5, 3.5, 5]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_decision_that_arrives_while_a_period_is_frozen_is_in_all_of_its_figures_or_in_none(
    actors, month, bulletin, monkeypatch
):
    beside, later = bulletin_reading._beside, {"state": "decided_pass", "decided_at": at("11-25 10:00"), "used_days": 3}

    def decide():
        MatterCase.objects.filter(pk=month[4].pk).update(**later, ended_at=at("11-25 10:00"), is_overdue=True)
        connections.close_all()

    def meanwhile(decided):  # the cases are read, what hangs beside them is not yet
        other = threading.Thread(target=decide)
        other.start()
        other.join()
        return beside(decided)

    monkeypatch.setattr(bulletin_reading, "_beside", meanwhile)
    frozen = bulletins.freeze(bulletin.pk, by=actors.director)
    assert told(stored_figures(frozen), month) == EXPECTED
    assert is_untouched(Bulletin.objects.get()) is True
    assert INDICATORS["decided"](*november(actors)).value == 5


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_freeze_or_publish_at_once_store_figures_and_paper_once(actors, month, bulletin, at_once):
    def freeze():
        with timing.travel(at("11-26 00:30")):
            return bulletins.freeze(bulletin.pk, by=None)

    outcomes = at_once(freeze, freeze)
    assert [outcome.state for outcome in outcomes] == ["frozen", "frozen"]
    assert BulletinFigure.objects.count() == len(take(Bulletin.objects.get()).figures)
    word_all(bulletin, actors.dispatcher)
    bulletins.send_to_check(bulletin.pk, by=actors.director)
    bulletins.confirm(bulletin.pk, by=actors.dispatcher)

    def publish():
        with timing.travel(at("11-26 09:30")):
            return bulletins.publish(bulletin.pk, by=actors.director)

    assert [outcome.state for outcome in at_once(publish, publish)] == ["published", "published"]
    assert Event.objects.filter(kind="bulletin.published").count() == 1
    assert list(Paper.objects.filter(kind="bulletin")) == [Bulletin.objects.get().paper]
