"""What holds of every plan: a delay moves the end by what is not slack, an option never makes it later, order is nothing."""

import csv
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packages.facts import contradictions, parse_facts
from packages.planning import options as planning_options
from packages.planning.build import build_plan
from packages.planning.engine import Known, forward, network, plan, timing_of, works_day
from packages.planning.forecast import outlook_of, sample
from packages.planning.from_files import packages_from_files
from packages.planning.options import ROW_OPTIONS, asked_facts, options, switched, taken
from packages.planning.schedule import in_workdays, lengths_of

DATA = Path(__file__).resolve().parents[1] / "data"
EXAMPLES = {
    row["code"]: row
    for row in csv.DictReader((DATA / "examples.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
}


def view_of(code, chosen=frozenset(), **changes):
    row = EXAMPLES[code]
    return build_plan(packages_from_files()[row["package_code"]], {**parse_facts(row["facts"]), **changes}, options=chosen)


def frame_of_view(view, known=None, floor=0):
    net = network([m.entry for m in view.matters], known or {}, floor)
    return SimpleNamespace(net=net, lengths=lengths_of(view, net), view=view)


@st.composite
def running_plans(draw):
    """A plan of the catalogue with some matters done or begun, and a day on which it is looked at."""
    view = view_of(draw(st.sampled_from(sorted(EXAMPLES))))
    floor = draw(st.integers(0, 60))
    found = plan([m.entry for m in view.matters], promise_only=False)
    known = {}
    for m in view.matters:
        slot, late = found.slots[m.code], draw(st.integers(0, 4))
        if slot.end + late < floor:
            known[m.code] = Known(slot.start, slot.end + late)
        elif slot.start < floor and draw(st.booleans()):
            known[m.code] = Known(slot.start)
    return view, known, floor


@settings(max_examples=60, deadline=None)
@given(running_plans(), st.integers(1, 40), st.randoms())
def test_a_delay_moves_the_end_by_what_is_not_slack_also_in_the_middle_of_the_road(given_plan, k, chance):
    view, known, floor = given_plan
    net = network([m.entry for m in view.matters], known, floor)
    lengths = {row.code: row.road_days for row in net.rows}
    found = timing_of(net, lengths)
    open_rows = [row for row in net.rows if not net.is_done(row.code)]
    if not open_rows:
        return
    row = chance.choice(open_rows)
    slot = found.slots[row.code]
    truly = max(lengths[row.code], floor - slot.start) if row.code in known else lengths[row.code]

    later = timing_of(net, {**lengths, row.code: truly + k})

    assert later.total == found.total + max(0, k - slot.slack)
    assert all(later.slots[c].start >= s.start and later.slots[c].end >= s.end for c, s in found.slots.items())
    assert all(s.end >= floor for c, s in found.slots.items() if c not in known)
    assert all((s.start, s.end) == (known[c].start, known[c].end) for c, s in found.slots.items() if net.is_done(c))


@settings(max_examples=30, deadline=None)
@given(running_plans(), st.randoms())
def test_a_plan_is_the_same_however_its_rows_are_ordered(given_plan, chance):
    view, known, floor = given_plan
    rows = [m.entry for m in view.matters]
    shuffled = list(rows)
    chance.shuffle(shuffled)

    one, other = (plan(r, promise_only=False, known=known, floor=floor) for r in (rows, shuffled))

    assert dict(one.slots) == dict(other.slots)
    assert (one.stage_days, one.works_start) == (other.stage_days, other.works_start)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.sets(st.sampled_from(sorted(options()))), st.sampled_from(sorted(options())))
def test_an_option_never_makes_a_plan_later(code, on, option):
    package = packages_from_files()[EXAMPLES[code]["package_code"]]
    facts = parse_facts(EXAMPLES[code]["facts"])
    if not facts.get("excavation_depth"):
        on, option = on - {"piling_first"}, "commitment" if option == "piling_first" else option
    without, with_it = on - {option}, on | {option}

    def made(chosen):
        changed = switched(facts, chosen, package)
        assert contradictions(changed, package.investment) == []
        assert taken(changed, chosen, package) - {"regional"} <= chosen | taken(facts, (), package)
        return build_plan(package, changed, options=frozenset(chosen & ROW_OPTIONS))

    before, after = made(without), made(with_it)

    assert after.promise.total <= before.promise.total
    assert after.road.total <= before.road.total
    assert after.after <= before.after or option in ("piling_first",)
    if before.works_start is not None:
        assert after.works_start <= before.works_start


def test_piling_first_wins_the_days_of_the_reference():
    """Catalogue README §3: 8 days of the promise for gov-general, 2-8 for soc-factory."""
    for code, least, most in (("G1", 8, 8), ("S2", 2, 8)):
        facts = parse_facts(EXAMPLES[code]["facts"])
        package = packages_from_files()[EXAMPLES[code]["package_code"]]
        off = build_plan(package, switched(facts, set(), package))
        on = build_plan(package, switched(facts, {"piling_first"}, package))
        assert least <= off.works_start - on.works_start <= most
        assert on.promise.total == off.promise.total


def test_a_switched_option_sets_only_its_own_facts_and_back_again():
    package = packages_from_files()["soc-factory"]
    facts = parse_facts(EXAMPLES["S2"]["facts"])
    regional = [name for name, _ in asked_facts(options()["regional"], package)]
    on = switched(facts, taken(facts, (), package) | {"regional"}, package)
    assert {name for name in on if on[name] != facts[name]} <= set(regional)
    assert "agency-assess" in build_plan(package, facts).codes or "agency-assess" not in build_plan(package, on).codes


def test_committed_matters_take_a_day_and_their_papers_are_replaced():
    before, after = view_of("S2"), view_of("S2", frozenset({"commitment"}))
    old, new = ({m.code: m for m in v.matters} for v in (before, after))
    assert new["plan-permit"].committed
    assert (old["plan-permit"].days, new["plan-permit"].days) == (3, 1)
    assert after.after < before.after
    assert old["house-register"].days == new["house-register"].days


# The forecast


def test_runs_of_sure_times_are_the_plan_itself():
    view = view_of("G1")
    frame = frame_of_view(view)
    found = timing_of(frame.net, frame.lengths)

    seen = outlook_of(frame, {}, least=3)
    sure = outlook_of(frame, {row.code: [frame.lengths[row.code]] * 5 for row in frame.net.rows}, least=3)

    assert (seen.opening.early, seen.opening.middle, seen.opening.late) == (found.works_start,) * 3
    assert seen.delivery.middle == found.total
    assert (sure.opening, sure.delivery, sure.mover) == (seen.opening, seen.delivery, seen.mover)
    assert (seen.from_history, set(sure.from_promise)) == ((), set())
    assert seen.from_promise == tuple(row.code for row in frame.net.rows)


def test_a_forecast_is_seeded_ordered_and_a_critical_delay_moves_the_median_by_itself():
    chance = random.Random(7)
    frame = frame_of_view(view_of("S2"))
    times = {row.code: sorted(chance.randint(0, 2 * row.road_days + 1) for _ in range(40)) for row in frame.net.rows}

    seen = outlook_of(frame, times, least=3)
    assert outlook_of(frame, times, least=3) == seen
    assert seen.opening.early < seen.opening.middle < seen.opening.late
    first = next(row for row in frame.net.rows if row.code == "agency-design")
    later = outlook_of(frame, {**times, first.code: [t + 200 for t in times[first.code]]}, least=3)
    most = outlook_of(frame, {**times, first.code: [t + 207 for t in times[first.code]]}, least=3)
    assert most.opening.middle == later.opening.middle + 7
    assert later.mover == first.code
    assert later.gain >= 190


def test_the_mover_is_what_gains_most_when_done_at_once():
    frame = frame_of_view(view_of("G3"))
    seen = outlook_of(frame, {}, least=3)

    def opening(without):
        _, ends = forward(frame.net, {**frame.lengths, without: 0})
        return works_day(frame.net, ends)

    gains = {row.code: opening("") - opening(row.code) for row in frame.net.rows}
    assert seen.gain == max(gains.values()) == gains[seen.mover]


def test_what_runs_longer_than_any_before_may_end_any_day():
    times = [2, 4, 6, 8]
    assert set(sample(times, 5, "x", 500)) == {6, 8}
    assert set(sample(times, 20, "x", 500)) == {22, 23, 24, 25}


# Bad input


@pytest.mark.parametrize(
    ("facts", "name", "sentence"),
    [
        ({"land_supply": "existing", "new_land": "yes"}, "land_supply",
         "已选存量用地，又填了新增建设用地：新供的地须选出让或划拨，请核对供地方式"),
        ({"land_supply": "existing", "design_with_land": "yes"}, "design_with_land",
         "带方案出让只适用于出让用地，请核对供地方式"),
        ({"height": 12.0, "gross_floor_area": 0.0, "works": ["new"]}, "height",
         "填写了建筑高度，但总建筑面积为0，没有楼层；请核对两个数"),
        ({"height": 12.0, "storeys": 0.0, "works": ["new"]}, "storeys",
         "填写了建筑高度，层数却为0：有高度的建筑至少有1层，请核对建筑高度和层数"),
    ],
)
def test_answers_that_contradict_are_named(facts, name, sentence):
    assert [(fault.name, fault.message) for fault in contradictions(facts)] == [(name, sentence)]


def test_calendar_days_are_planned_as_working_days():
    assert [in_workdays(n) for n in (0, 1, 25, 30, 365)] == [0, 1, 18, 21, 250]


def test_a_paper_that_follows_shortens_the_promise_only_where_the_data_say_so(monkeypatch):
    [row, *_] = [r for r in packages_from_files()["soc-lowrisk"].rows if r.promised_days > 2 and r.matter.materials]
    lines = tuple(replace(line, deferral_days=5) for line in row.matter.materials)
    row = replace(row, matter=replace(row.matter, deferral_allowed=True, materials=lines))
    chosen = frozenset({"deferral"})
    assert planning_options.with_options(row, chosen) == row
    real = planning_options.term
    monkeypatch.setattr(planning_options, "term", lambda code, on: 2 if code == "deferral_less" else real(code, on))
    assert planning_options.with_options(row, chosen).promised_days == row.promised_days - 2
    assert planning_options.with_options(replace(row, promised_days=1), chosen).promised_days == 1
    assert planning_options.with_options(row, frozenset()) == row
