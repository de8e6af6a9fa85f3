"""A project is ripened before it is filed: scored by its departments, derived by a rule, signed by a chair (§3)."""

import datetime as dt

import pytest
from hypothesis import given as draws
from hypothesis import settings as effort
from hypothesis import strategies as st

from archives.models import Paper
from packages import appraisal_rule as rule
from packages import policy
from packages.appraisal_providers import appraisal_waiting
from packages.appraisal_states import MATURITY_ORDER, Factor
from packages.facts import CATALOG
from packages.models import DuplicatePair, Gap, PoolEntry
from packages.services import appraisal_gaps as gaps
from packages.services import appraisal_pool as pool
from packages.services import appraisal_rounds as rounds
from packages.services.appraisal_pool import PoolCard
from packages.services.appraisal_rounds import Given
from packages.services.appraisal_signing import Conclusion, sign_opinion
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Event, Project
from tests import factories
from tests.oracles import pool_oracle
from tests.packages import appraisal_steps as steps
from tests.packages.steps import Log, holds

CONTENT = next(one for one in policy.read_policies(CATALOG) if one.code == policy.APPRAISAL).content
DAY = dt.date(2026, 11, 2)
PACKAGES = sorted({row["package"] for row in CONTENT["appraisal_rules.tsv"]})


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code
    return error.value.message


# The rule ------------------------------------------------------------------------------------------------------------

levels = st.fixed_dictionaries({factor.value: st.none() | st.integers(0, 3) for factor in Factor})


@effort(max_examples=60, deadline=None)
@draws(levels, st.sampled_from([factor.value for factor in Factor]), st.sampled_from(PACKAGES),
       st.sets(st.sampled_from([factor.value for factor in Factor])))
def test_raising_a_factor_never_lowers_maturity(given, raised, package, promised):
    floors = rule.floors_of(CONTENT, package, DAY)
    level = given[raised]
    higher = {**given, raised: 0 if level is None else min(level + 1, 3)}
    before, after = (rule.derive_maturity(one, floors, promised) for one in (given, higher))
    assert MATURITY_ORDER.index(after.maturity) >= MATURITY_ORDER.index(before.maturity)
    assert before.reasons
    assert after.reasons
    assert (before.maturity == "pending") == (None in given.values())


@pytest.mark.parametrize(("given", "promised", "maturity", "reasons"), [
    ("22222", "", "ready", ("五项要素均达到成熟要求",)),
    ("22122", "", "incubating", ("因为用地=1，低于成熟要求的 2",)),
    ("33033", "", "conceiving", ("因为用地=0，低于成熟要求的 2", "用地=0，也低于孵化要求的 1")),
    ("33033", "land", "incubating", ("因为用地=0，低于成熟要求的 2", "用地=0，缺口已认领并约定期限，按孵化")),
    ("30033", "land planning", "conceiving", (
        "因为规划=0，低于成熟要求的 2", "因为用地=0，低于成熟要求的 2", "规划=0，也低于孵化要求的 1", "用地=0，也低于孵化要求的 1",
    )),
    ("33-33", "land", "pending", ("用地未评，不能判定",)),
])
def test_the_rule_says_why(given, promised, maturity, reasons):
    known = {factor.value: None if level == "-" else int(level) for factor, level in zip(Factor, given, strict=True)}
    derived = rule.derive_maturity(known, rule.floors_of(CONTENT, "*", DAY), set(promised.split()))
    assert (derived.maturity, derived.reasons) == (maturity, reasons)


def test_the_grade_follows_investment_opening_and_ticks():
    def grade(wan, days, *ticks):
        weight = rule.weigh(
            CONTENT, investment=wan, opening_on=DAY + dt.timedelta(days=days) if days else None, ticks=ticks, day=DAY
        )
        return weight.importance, weight.urgency, weight.grade

    assert grade(None, 0) == (1, 1, "D")
    assert grade(12_000, 300) == (3, 3, "C")
    assert grade(60_000, 80) == (4, 5, "A")
    assert grade(100, 0, "provincial", "money") == (5, 5, "A")


def test_rules_that_do_not_hold_together_are_refused(tmp_path):
    def faults(name, change):
        content = {file: [dict(row) for row in rows] for file, rows in CONTENT.items()}
        change(content[name])
        return [str(fault) for fault in rule.check(content)]

    assert faults("appraisal_rules.tsv", lambda rows: None) == []
    assert any("成熟的要求低于孵化" in one for one in faults("appraisal_rules.tsv", lambda rows: rows[0].update(land="0")))
    assert any("反而更低" in one for one in faults("appraisal_grades.tsv", lambda rows: rows[-1].update(grade="D")))
    assert any("四级" in one for one in faults("appraisal_levels.tsv", lambda rows: rows.pop()))


# The walk ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_project_walks_from_the_pool_to_its_opinion_and_is_appraised_again_when_its_gap_is_filled(clock, actors):
    entry = steps.entered(actors, parcel="GP-2026-014", opening_on=dt.date(2027, 3, 1))
    project = entry.project
    log = Log(project)
    assert entry.state == "waiting"
    assert steps.entered(actors, project).pk == entry.pk
    assert log.told() == []
    round_ = steps.opened(actors, entry)
    assert steps.opened(actors, entry).pk == round_.pk
    asked = {task.organisation.code: (task.scope_note, task.days) for task in round_.session.tasks.all()}
    assert asked == {
        "development-reform": ("资金", 3), "natural-resources": ("规划、用地", 3), "environment": ("环评", 3),
        "energy": ("能耗", 3),
    }
    steps.score(round_, {**steps.FULL, "land": 1})
    assert factories.fresh(round_.session).state == "merging"
    signed = steps.sign(actors, round_)
    assert (signed.machine, signed.maturity, signed.reasons) == (
        "incubating", "incubating", ["因为用地=1，低于成熟要求的 2"],
    )
    assert steps.sign(actors, round_).signed_at == signed.signed_at
    assert sorted(Paper.objects.filter(project=project).values_list("kind", flat=True)) == [
        "appraisal_card", "appraisal_opinion", "duty_list",
    ]
    holds(project)
    gap = Gap.objects.get(issue__project=project)
    assert (gap.factor, gap.level, gap.target, gap.issue.kind, gap.issue.state) == ("land", 1, 2, "gap", "open")
    assert gap.issue.how_to_fix == "取得用地批准，完成净地"

    refused("unclaimed", gaps.report_gap, gap.pk, by=steps.reviewer("natural-resources"), answer="好了", evidence=None)
    with pytest.raises(NotAllowed):
        gaps.claim_gap(gap.pk, by=steps.reviewer("energy"), responsible="李工", promised_on=timing.today())
    gap = steps.claim(gap)
    assert steps.claim(gap).claimed_at == gap.claimed_at
    assert (gap.issue.state, gap.issue.due_on, gap.issue.clock.limit) == ("claimed", dt.date(2026, 11, 12), 8)
    refused("evidence", gaps.report_gap, gap.pk, by=steps.reviewer("natural-resources"), answer="好了", evidence=None)
    steps.fill(gap, actors)
    factories.drain()
    factories.drain()
    again = PoolEntry.objects.get(pk=entry.pk)
    second = again.appraisals.get(signed_at=None)
    assert (again.state, second.cause, [factor for factor, _ in second.asked]) == ("appraising", "gap", ["land"])
    steps.score(second, {"land": 2})
    last = steps.sign(actors, second)
    entry = PoolEntry.objects.get(pk=entry.pk)
    assert (entry.state, entry.maturity, last.levels["funds"]) == ("appraised", "ready", 2)
    assert not Gap.objects.filter(issue__project=project, issue__state="open").exists()
    holds(project)


def test_a_silent_department_blocks_and_is_asked_again_never_guessed(clock, actors):
    entry = steps.entered(actors)
    round_ = steps.opened(actors, entry)
    steps.score(round_, {factor: level for factor, level in steps.FULL.items() if factor != "energy"})
    message = refused("unscored", steps.sign, actors, round_)
    assert message.startswith("能源局还没有评能耗，2026年11月5日到期")
    clock.to(dt.datetime(2026, 11, 6, 9, tzinfo=timing.BUSINESS_ZONE))
    refused("silent", steps.sign, actors, round_, maturity="ready", override_reason="都差不多了")
    signed = steps.sign(actors, round_)
    assert (signed.machine, signed.maturity, signed.reasons) == ("pending", "pending", ["能耗未评，不能判定"])
    entry = PoolEntry.objects.get(pk=entry.pk)
    again = entry.appraisals.get(signed_at=None)
    assert (entry.state, again.cause, [factor for factor, _ in again.asked]) == ("appraising", "silent", ["energy"])
    opinion = Paper.objects.get(project=entry.project, kind="appraisal_opinion")
    assert any("逾期未评：能源局（能耗）" in text for text in opinion.content["paragraphs"])
    task = steps.task_of(round_, "energy")
    refused("round_closed", rounds.score_factors, task.pk, by=steps.reviewer("energy"),
            scores={"energy": steps.given(2)})
    holds(entry.project)


def test_a_factor_is_scored_once_by_its_own_department_with_its_proof(clock, actors):
    round_ = steps.opened(actors, steps.entered(actors))
    task = steps.task_of(round_, "natural-resources")
    mine = steps.reviewer("natural-resources")
    with pytest.raises(NotAllowed) as wrong:
        rounds.score_factors(task.pk, by=steps.reviewer("energy"), scores={"land": steps.given(1)})
    assert wrong.value.message == "这些要素由自然资源局评分，您不是该部门的经办或首席代表。"
    message = refused("factor", rounds.score_factors, task.pk, by=mine, scores={"energy": steps.given(1)})
    assert message == "“能耗”由能源局评分，自然资源局不能评。"
    refused("evidence", rounds.score_factors, task.pk, by=mine, scores={"land": Given(2, "净地")})
    refused("reason", rounds.score_factors, task.pk, by=mine, scores={"land": Given(1, " ")})
    refused("level", rounds.score_factors, task.pk, by=mine, scores={"land": Given(4, "很好")})
    log = Log(round_.session.project)
    rounds.score_factors(task.pk, by=mine, scores={"land": Given(1, "报批在办")})
    assert log.told() == [("appraisal.scored", None)]
    log.mark()
    rounds.score_factors(task.pk, by=mine, scores={"land": Given(1, "报批在办")})
    assert log.told() == []
    assert "一轮只评一次" in refused(
        "scored", rounds.score_factors, task.pk, by=mine, scores={"land": steps.given(2)}
    )
    rounds.score_factors(task.pk, by=mine, scores={"planning": Given(0, "旧厂房改造", is_na=True)})
    assert (task.scores.get(factor="planning").level, factories.fresh(task).state) == (3, "answered")


def test_the_chair_may_say_otherwise_with_a_reason_that_stands_beside_the_rule(clock, actors):
    entry = steps.entered(actors)
    round_ = steps.opened(actors, entry)
    steps.score(round_, {**steps.FULL, "eia": 1})
    with pytest.raises(NotAllowed):
        sign_opinion(round_.pk, by=actors.clerk, conclusion=Conclusion("同意"))
    refused("text", steps.sign, actors, round_, " ")
    refused("override_reason", steps.sign, actors, round_, maturity="ready")
    refused("grade_reason", steps.sign, actors, round_, grade="A")
    signed = steps.sign(
        actors, round_, maturity="ready", override_reason="环评编制已过半，区域环评覆盖", grade="B", grade_reason="链主配套"
    )
    assert (signed.machine, signed.maturity, signed.machine_grade, signed.grade) == ("incubating", "ready", "D", "B")
    opinion = Paper.objects.get(project=entry.project, kind="appraisal_opinion")
    text = "".join(opinion.content["paragraphs"])
    assert "规则判定：孵化" in text
    assert "主持人调整为“成熟”，理由：环评编制已过半，区域环评覆盖。" in text


def test_a_promised_gap_ripens_a_project_by_the_rule(clock, actors):
    entry, _ = steps.appraised(actors, {**steps.FULL, "land": 0})
    assert PoolEntry.objects.get(pk=entry.pk).maturity == "conceiving"
    gap = Gap.objects.get(issue__project=entry.project)
    steps.claim(gap)
    assert PoolEntry.objects.get(pk=entry.pk).maturity == "incubating"
    with pytest.raises(NotAllowed):
        gaps.give_up_gap(gap.pk, by=actors.clerk, reason="指标用完")
    gaps.give_up_gap(gap.pk, by=actors.director, reason="指标用完")
    assert PoolEntry.objects.get(pk=entry.pk).maturity == "conceiving"
    holds(entry.project)


# Duplicates ----------------------------------------------------------------------------------------------------------


def test_projects_that_look_alike_wait_for_a_person_and_are_merged_once(clock, actors):
    first = steps.entered(actors, factories.make_project(actors, name="精密铸件智能工厂一期"), parcel="GP-2026-014")
    twin = factories.make_project(actors, name="精密铸件智能工厂（一期）")
    other = factories.make_project(actors, name="污水处理厂提标改造")
    entry = steps.entered(actors, twin, parcel="gp 2026 014")
    apart = steps.entered(actors, other, parcel="GP-2026-099")
    assert (entry.state, apart.state) == ("entered", "waiting")
    pair = DuplicatePair.objects.get()
    assert pair.reasons == [
        "宗地相同：gp 2026 014", "建设单位相同：山西泽铸智能装备有限公司",
        "名称相近：“精密铸件智能工厂一期”，相似 91%",
    ]
    with pytest.raises(NotAllowed):
        steps.opened(actors, entry)
    refused("reason", pool.merge_pair, pair.pk, by=actors.director, keep=first.project_id, reason=" ")
    with pytest.raises(NotAllowed):
        pool.merge_pair(pair.pk, by=actors.clerk, keep=first.project_id, reason="同一项目")
    pool.merge_pair(pair.pk, by=actors.director, keep=first.project_id, reason="同一项目")
    told = Event.objects.count()
    pool.merge_pair(pair.pk, by=actors.director, keep=first.project_id, reason="同一项目")
    assert Event.objects.count() == told
    refused("decided", pool.merge_pair, pair.pk, by=actors.director, keep=twin.pk, reason="反过来")
    refused("decided", pool.keep_apart, pair.pk, by=actors.clerk, reason="不是")
    assert Project.objects.get(pk=twin.pk).status == "merged"
    assert PoolEntry.objects.get(pk=entry.pk).merged_into_id == first.project_id
    assert PoolEntry.objects.get(pk=first.pk).state == "waiting"
    for project in (first.project, twin):
        holds(project)


def test_a_person_says_that_two_projects_are_not_the_same(clock, actors):
    first = steps.entered(actors, parcel="GP-1")
    second = steps.entered(actors, parcel="GP-1")
    pair = DuplicatePair.objects.get()
    pool.keep_apart(pair.pk, by=actors.clerk, reason="同一宗地两个单体")
    assert {PoolEntry.objects.get(pk=one.pk).state for one in (first, second)} == {"waiting"}
    pool.drop_entry(second.pk, by=actors.director, reason="不建了")
    back = pool.enter_pool(second.project_id, by=actors.clerk, card=PoolCard("开发区", parcel="GP-1"))
    assert (back.pk, back.state) == (second.pk, "waiting")
    holds(second.project)


# Sweeps --------------------------------------------------------------------------------------------------------------


def test_a_project_is_appraised_again_after_thirty_days_and_one_that_sleeps_is_found(clock, actors):
    from packages.tasks import sweep_pool

    entry, _ = steps.appraised(actors)
    idle = steps.entered(actors)
    assert sweep_pool() == 0
    clock.to(dt.datetime(2026, 12, 2, 9, tzinfo=timing.BUSINESS_ZONE))
    assert (sweep_pool(), sweep_pool()) == (1, 0)
    again = PoolEntry.objects.get(pk=entry.pk)
    assert (again.state, again.appraisals.get(signed_at=None).cause) == ("appraising", "term")
    assert len(again.appraisals.get(signed_at=None).asked) == 5
    clock.to(dt.datetime(2026, 12, 18, 9, tzinfo=timing.BUSINESS_ZONE))
    assert (sweep_pool(), sweep_pool()) == (1, 0)
    assert PoolEntry.objects.get(pk=idle.pk).asleep_on == dt.date(2026, 12, 18)
    steps.opened(actors, idle)
    assert PoolEntry.objects.get(pk=idle.pk).asleep_on is None
    assert sweep_pool() == 0
    for one in (entry, idle):
        holds(one.project)



# On whom it waits ----------------------------------------------------------------------------------------------------


def test_the_page_names_whom_the_appraisal_waits_for(clock, actors):
    def waits(entry):
        rows = appraisal_waiting([factories.fresh(entry.project)])
        told = [(row.role, row.verb, row.what, row.due_on) for row in rows]
        assert sorted(told, key=repr) == sorted(pool_oracle.expected(entry.project_id, timing.today()), key=repr)
        return told

    first = dt.date(2026, 11, 5)
    entry = steps.entered(actors)
    assert waits(entry) == [("项目推进中心", "发起", "联合研判", None)]
    round_ = steps.opened(actors, entry)
    assert waits(entry) == [
        ("发改局", "评分", "联合研判的资金", first), ("自然资源局", "评分", "联合研判的规划、用地", first),
        ("生态环境局", "评分", "联合研判的环评", first), ("能源局", "评分", "联合研判的能耗", first),
    ]
    steps.score(round_, {**steps.FULL, "land": 1})
    assert waits(entry) == [("项目推进中心研判会主持人", "签署", "联合研判意见", None)]
    steps.sign(actors, round_)
    assert waits(entry) == [("自然资源局", "认领", "用地缺口", dt.date(2026, 11, 3))]
    gap = steps.claim(Gap.objects.get())
    assert waits(entry) == [("自然资源局", "补齐", "用地缺口", dt.date(2026, 11, 12))]
    gaps.report_gap(
        gap.pk, by=steps.reviewer("natural-resources"), answer="已补齐", evidence=factories.pdf("补齐.pdf", "1")
    )
    assert waits(entry) == [("项目推进中心", "核实", "用地缺口", None)]
    gaps.check_gap(gap.pk, by=actors.clerk, passed=False, reason="缺移交手续")
    assert waits(entry)[0][:3] == ("自然资源局", "补齐", "用地缺口")
    gaps.give_up_gap(gap.pk, by=actors.director, reason="指标已用完")
    assert waits(entry) == [("项目推进中心", "发起", "复评", None)]
    pool.rest_entry(entry.pk, by=actors.clerk, reason="等指标")
    assert waits(entry) == [("项目推进中心", "恢复", "暂缓的研判", None)]
    assert waits(steps.appraised(actors)[0]) == [("项目推进中心", "召集", "联合会商", first)]
    entry.refresh_from_db()
    assert entry.grade == "D"
