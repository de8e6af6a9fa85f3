"""Conditions are read by a parser of their own: they mean what the grammar says and refuse everything else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages import conditions
from packages.conditions import (
    Both,
    Compare,
    Either,
    Is,
    Not,
    RuleError,
    evaluate,
    explain,
    open_tests,
    parse_rule,
    supports,
)
from packages.facts import FactError, clean_facts, contradictions, format_facts, parse_facts, vocabulary

A, B, C = Is("farmland", ("yes",)), Is("new_land", ("yes",)), Is("near_river", ("yes",))
VALUES = {True: "yes", False: "no", None: None}


def answers(a, b, c):
    return {n: VALUES[v] for n, v in (("farmland", a), ("new_land", b), ("near_river", c)) if v is not None}


def test_not_binds_closest_then_and_then_or():
    tree = parse_rule("not farmland=yes and new_land=yes or near_river=yes")

    assert tree == Either((Both((Not(A), B)), C))
    assert parse_rule("not (farmland=yes and (new_land=yes or near_river=yes))") == Not(Both((A, Either((B, C)))))


@pytest.mark.parametrize(("a", "b", "c"), list(itertools.product([True, False, None], repeat=3)))
def test_three_valued_logic_holds_for_all_answers(a, b, c):
    known = answers(a, b, c)

    both = False if False in (a, b) else None if None in (a, b) else True
    either = True if True in (b, c) else None if None in (b, c) else False
    assert evaluate("farmland=yes and new_land=yes", known) is both
    assert evaluate("new_land=yes or near_river=yes", known) is either
    assert evaluate("not farmland=yes", known) is (None if a is None else not a)


def test_a_fact_with_many_values_holds_when_one_of_them_is_named():
    rule = parse_rule("works=new|extension")

    assert rule.holds({"works": ["fitout", "extension"]}) is True
    assert rule.holds({"works": ["fitout"]}) is False
    assert rule.holds({"works": []}) is False
    assert rule.holds({}) is None


@pytest.mark.parametrize(
    ("sign", "below", "at", "above"),
    [(">=", False, True, True), (">", False, False, True), ("<=", True, True, False), ("<", True, False, False),
     ("=", False, True, False)],
)
def test_numbers_include_the_limit_only_where_the_sign_says_so(sign, below, at, above):
    rule = parse_rule(f"height{sign}24")

    assert rule == Compare("height", sign, 24.0)
    assert [rule.holds({"height": h}) for h in (23.9, 24.0, 24.1)] == [below, at, above]


def test_matters_and_assessments_are_looked_up_as_derived():
    rule = parse_rule("matter=fire-accept and assessments>=1")

    assert rule.holds({"matter:fire-accept": True, "assessments": 2}) is True
    assert rule.holds({"matter:fire-accept": False}) is False
    assert rule.holds({"matter:fire-accept": True}) is None


REFUSED = {
    "": "规则是空的",
    "   ": "规则是空的",
    "farmland": "不是一个条件",
    "farmland==yes": "不是一个条件",
    "farmland=maybe": "只能取 yes no",
    "farmland=yes|no": "永远成立",
    "farmland>yes": "不是数字",
    "height=tall": "应与数字比较",
    "height>=-3": "应与数字比较",
    "height=1e9": "应与数字比较",
    "works=new|new": "只能取",
    "unheard_of=yes": "不认识的情形“unheard_of”",
    "matter>=fire-accept": "应写成 matter=事项代码",
    "matter=fire-accept|fire-record": "应写成 matter=事项代码",
    "farmland=yes and": "规则没有写完",
    "farmland=yes new_land=yes": "多出“new_land=yes”",
    "(farmland=yes": "缺少右括号",
    "farmland=yes)": "多出“)”",
    "not": "规则没有写完",
    "and farmland=yes": "不是一个条件",
    "farmland = yes": "不是一个条件",
    "__import__('os')": "不是一个条件",
    "farmland=yes or __import__('os').system('true')": "不是一个条件",
    "ｆarmland=yes": "不是一个条件",
    "(" * 60 + "farmland=yes" + ")" * 60: "嵌套过深",
    "farmland=yes or " * 400 + "farmland=yes": "超过4000个字符",
}


@pytest.mark.parametrize("rule", REFUSED)
def test_what_leaves_the_grammar_or_the_vocabulary_is_refused_and_named(rule):
    with pytest.raises(RuleError) as refusal:
        parse_rule(rule)

    assert REFUSED[rule] in refusal.value.chinese
    assert f"规则“{rule}”有误：" in str(refusal.value)
    assert f"rule {rule!r}: {refusal.value.english}" in str(refusal.value)


WORDS = st.sampled_from(
    ["and", "or", "not", "(", ")", "farmland=yes", "works=new", "height>3", "matter=x", "assessments>=1", "eval(1)", "="]
)


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_is_either_a_rule_or_a_rule_error(text):
    try:
        node = parse_rule(text)
    except RuleError:
        return
    assert all(test in list(conditions.tests_in(node)) for test in open_tests(node, {}))
    assert node.holds({}) in (True, False, None)


def test_only_answers_that_can_still_matter_are_open():
    rule = parse_rule("farmland=yes and (height>24 or works=new) or near_river=yes")

    assert [t.name for t in open_tests(rule, {"farmland": "no"})] == ["near_river"]
    assert [t.name for t in open_tests(rule, {"farmland": "yes", "near_river": "no"})] == ["height", "works"]
    assert list(open_tests(rule, {"near_river": "yes"})) == []


def test_a_decided_rule_names_its_reasons_in_chinese():
    rule = parse_rule("gross_floor_area<=10000 and not works=strengthening and (height>24 or land_supply=existing)")
    known = {"gross_floor_area": 6500.0, "works": ["new", "fitout"], "height": 12.0, "land_supply": "existing"}

    assert [explain(test, known) for test in supports(rule, known)] == [
        "总建筑面积 6500 平方米（不超过 10000 平方米）", "工程内容：新建、装修", "供地方式：存量土地",
    ]
    known["gross_floor_area"] = 12000.5
    assert [explain(test, known) for test in supports(rule, known)] == ["总建筑面积 12000.5 平方米（超过 10000 平方米）"]


def test_every_fact_has_a_chinese_label_a_question_and_labels_for_its_choices():
    facts = vocabulary()

    assert len(facts) == 74
    for fact in facts.values():
        assert fact.label
        assert fact.question.endswith("？")
        assert fact.group
        assert (fact.kind == "number") == bool(fact.unit)
        assert (fact.kind == "number") == (not fact.choices)
        assert all(label for _, label in fact.choices)
    assert [f.name for f in facts.values() if f.asked_of == "centre"] == ["spot_check"]
    assert [f.name for f in facts.values() if f.asked_of == "reserved"] == ["standard_land", "near_airport"]
    assert [f.name for f in facts.values() if f.is_optional] == ["storeys"]


def test_the_notation_is_read_and_written():
    facts = parse_facts("land_supply=existing;works=fitout|new;pipeline=-;height=23.80;farmland=no;")

    assert facts == {
        "land_supply": "existing", "works": ["new", "fitout"], "pipeline": [], "height": 23.8, "farmland": "no",
    }
    assert format_facts(facts) == "land_supply=existing;works=new|fitout;pipeline=-;height=23.8;farmland=no"
    assert parse_facts("height＝２４；farmland=yes") == {"height": 24.0, "farmland": "yes"}
    assert parse_facts("") == {}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("height", ["no_value"]),
        ("height=3;height=4", ["twice"]),
        ("colour=red", ["unknown_fact"]),
        ("farmland=maybe;land_supply=transfer|existing", ["unknown_value", "unknown_value"]),
        ("works=new|palace", ["unknown_value"]),
        ("height=-3", ["not_a_number"]),
        ("height=nan", ["not_a_number"]),
        ("height=inf", ["not_a_number"]),
        ("height=1e3", ["not_a_number"]),
        ("height=", []),
    ],
)
def test_answers_outside_the_vocabulary_are_all_named(text, codes):
    try:
        parse_facts(text)
        found = []
    except FactError as error:
        found = [fault.code for fault in error.faults]

    assert found == codes


def test_answers_of_a_form_are_cleaned_for_storage():
    assert clean_facts({"height": "1,024.5", "works": ("fitout",), "farmland": "", "presale": None}) == {
        "height": 1024.5, "works": ["fitout"],
    }


@pytest.mark.parametrize(
    ("text", "investment", "names"),
    [
        ("gross_floor_area=100;floor_area_underground=120", "", ["floor_area_underground"]),
        ("works=-", "", ["works"]),
        ("design_with_land=yes;land_supply=existing", "", ["design_with_land"]),
        ("design_with_land=yes", "", []),
        ("farmland=yes;new_land=no", "", ["farmland"]),
        ("pipeline_project=yes;pipeline_length=0;pipeline=-", "", ["pipeline_length", "pipeline"]),
        ("pipeline_project=no;pipeline_length=80", "", ["pipeline_length"]),
        ("presale=yes;state_funds=no", "government", ["presale", "state_funds"]),
        ("presale=yes;state_funds=no", "social", []),
        ("piling_first=yes;excavation_depth=0", "", ["piling_first"]),
        ("height=12;storeys=3", "", []),
        ("height=12", "", []),
        ("height=12;storeys=0", "", ["storeys"]),
        ("height=18;storeys=0;building_use=infrastructure", "", []),
        ("height=0;storeys=2", "", ["storeys"]),
        ("height=12;storeys=2.5", "", ["storeys"]),
    ],
)
def test_answers_that_cannot_all_be_true_are_named(text, investment, names):
    assert [fault.name for fault in contradictions(parse_facts(text), investment)] == names
