"""The risk matrix promises that more of a risk never lowers the class, and that each result can be read with its inputs."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages import policy
from packages.drawing_states import RISK_ORDER
from packages.facts import CATALOG
from packages.models import PolicyTable, RiskAssessment
from packages.services.enrolment import change_facts
from packages.services.policies import load_policies
from packages.services.risk import assess_project
from projects import timing
from projects.errors import NotAllowed
from tests import factories

TABLES = {one.code: one.content for one in policy.read_policies(CATALOG)}
DAY = dt.date(2026, 11, 2)
NUMBERS = ("gross_floor_area", "height", "excavation_depth", "floor_area_underground")
FLAGS = ("hazardous", "special_fire", "seismic_major", "heritage_zone", "near_river", "geohazard_zone")
BY_HAND = ("metro", "technique", "credit")
FACTS = st.fixed_dictionaries({
    **{name: st.floats(0, 120_000, allow_nan=False) for name in NUMBERS},
    **{name: st.sampled_from(["yes", "no"]) for name in FLAGS},
    "building_use": st.lists(st.sampled_from(["residential", "industrial", "public"]), max_size=2),
    "works": st.lists(st.sampled_from(["new", "strengthening"]), min_size=1, max_size=2),
})
ANSWERS = st.fixed_dictionaries({name: st.booleans() for name in BY_HAND})


def rank(facts, answers):
    """Place of the class, from the lowest."""
    return RISK_ORDER.index(policy.read_risk(TABLES[policy.RISK], facts, answers, DAY).risk_class)


@given(facts=FACTS, answers=ANSWERS, name=st.sampled_from([*NUMBERS, *FLAGS, *BY_HAND]), more=st.floats(0, 50_000))
def test_raising_a_factor_never_lowers_the_class(facts, answers, name, more):
    heavier, told = dict(facts), dict(answers)
    if name in NUMBERS:
        heavier[name] += more
    elif name in FLAGS:
        heavier[name] = "yes"
    else:
        told[name] = True
    assert rank(heavier, told) >= rank(facts, answers)


@given(facts=FACTS, answers=ANSWERS)
def test_the_two_upper_classes_are_never_exempt_and_more_inspections_come_with_the_class(facts, answers):
    reading = policy.read_risk(TABLES[policy.RISK], facts, answers, DAY)
    mode, _ = policy.decide_mode(TABLES[policy.DRAWING], facts, reading.risk_class, DAY)
    assert reading.inspections == RISK_ORDER.index(reading.risk_class) + 1
    if reading.risk_class in {"higher", "high"}:
        assert mode == "full"


def test_an_exempt_list_holds_on_its_days_only():
    facts = {
        "building_use": ["warehouse"], "gross_floor_area": 6000.0, "height": 12.0, "simple_design": "yes",
        "works": ["new"], "special_fire": "no", "hazardous": "no", "seismic_major": "no", "pipeline_project": "no",
    }
    said = {
        day: policy.decide_mode(TABLES[policy.DRAWING], facts, "low", day)[0]
        for day in (dt.date(2025, 12, 31), dt.date(2026, 1, 1), dt.date(2027, 12, 31), dt.date(2028, 1, 1))
    }
    assert list(said.values()) == ["full", "exempt", "exempt", "sample"]
    unanswered = {name: value for name, value in facts.items() if name != "hazardous"}
    assert policy.decide_mode(TABLES[policy.DRAWING], unanswered, "low", DAY)[0] == "full"


def test_the_same_seed_draws_the_same():
    keys = [f"2603-140581-89-05-{n:06d}" for n in range(40)]
    drawn = policy.chosen(keys, seed="20261102", percent=20)
    assert (len(drawn), policy.chosen(reversed(keys), seed="20261102", percent=20)) == (8, drawn)
    assert policy.chosen(keys, seed="other", percent=20) != drawn
    assert (policy.chosen(keys[:1], seed="x", percent=1), policy.chosen([], seed="x", percent=50)) == (keys[:1], [])


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("risk_matrix.tsv", "4\t4\thigh", "4\t4\tlow", "risk_matrix.tsv：2026-01-01：后果4、可能性4的等级反而更低"),
        ("risk_matrix.tsv", "1\t1\tlow\t2026-01-01\t\n", "", "risk_matrix.tsv：2026-01-01：缺少后果1、可能性1的等级"),
        ("drawing_rules.tsv", "\tlow\t\t50", "\tlow;high\t\t50",
         "drawing_rules.tsv 第7行：免审、抽审须写明等级，且不得用于较高和高风险的工程"),
        ("risk_factors.tsv", "height>24", "height<24",
         "risk_factors.tsv 第7行：因素的规则只能写“大于、不小于”或“等于某值”，用 or 连接：因素加重不得降低等级"),
    ],
)
def test_a_table_that_does_not_hold_together_is_refused_with_its_line(tmp_path, name, old, new, fault):
    for files in policy.FILES.values():
        for file in files:
            text = (CATALOG / file).read_text()
            (tmp_path / file).write_text(text.replace(old, new) if file == name else text)
    assert fault in [str(found) for one in policy.read_policies(tmp_path) for found in one.faults]


def test_a_result_is_kept_with_its_inputs_and_made_anew_when_they_change(project, actors):
    factories.drain()
    first = RiskAssessment.objects.get(project=project)
    assert (first.risk_class, first.mode, first.inspections, first.warning) == ("low", "exempt", 1, "")
    assert first.facts["gross_floor_area"] == project.enrolment.facts["gross_floor_area"]
    facts = {**project.enrolment.facts, "excavation_depth": 6.0}
    change_facts(project.pk, facts=facts, by=actors.clerk)
    factories.drain()
    factories.drain()
    second = RiskAssessment.objects.filter(project=project).first()
    assert (second.number, second.risk_class, second.likelihood) == (2, "medium", 3)
    assert second.warning.startswith("适用范围归“社会投资·简易低风险类”，矩阵判为中风险")
    with pytest.raises(NotAllowed) as refused:
        assess_project(project.pk, by=actors.owner, answers={"metro": True})
    assert refused.value.message.startswith("人工判定由")
    third = assess_project(project.pk, by=actors.clerk, answers={"metro": True})
    assert (third.number, third.consequence, third.risk_class) == (3, 3, "higher")
    assert assess_project(project.pk, by=actors.clerk, answers={"metro": True}).pk == third.pk

    tables = policy.read_policies(CATALOG)
    tables[0].content["risk_classes.tsv"][2]["inspections"] = "5"
    load_policies(tables, dry_run=False, at=timing.now())
    fourth = assess_project(project.pk, by=None)
    assert (fourth.number, fourth.inspections, fourth.table.version) == (4, 5, 2)
    assert RiskAssessment.objects.get(pk=third.pk).table == PolicyTable.objects.get(code="risk", version=1)
