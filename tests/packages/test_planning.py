"""The plan of a project: the list and the days that the reference gives, for all nine packages and the awkward ones."""

import csv
import itertools
import json
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from packages.facts import parse_facts
from packages.planning.build import build_plan, questions_of
from packages.planning.engine import PlanError, Row, plan
from packages.planning.from_files import packages_from_files
from packages.planning.proposal import choose
from packages.services.catalogue import load_catalogue

DATA = Path(__file__).resolve().parents[1] / "data"
EXPECTED = json.loads((DATA / "plan_expected.json").read_text(encoding="utf-8"))
EXAMPLES = {
    row["code"]: row
    for row in csv.DictReader((DATA / "examples.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
}
CASES = pytest.mark.parametrize("code", EXAMPLES)


@CASES
def test_every_example_gets_the_list_and_the_days_of_the_reference(code):
    row, expected = EXAMPLES[code], EXPECTED[code]

    view = build_plan(packages_from_files()[row["package_code"]], parse_facts(row["facts"]))

    for schedule, want in ((view.promise, expected["promise"]), (view.road, expected["road"])):
        assert {c: [slot.start, slot.end] for c, slot in schedule.slots.items()} == want["matters"]
        assert list(schedule.stage_days) == want["days"]
        assert schedule.works_start == want["works_start"]
    assert {c: slot.step for c, slot in view.promise.slots.items()} == expected["step"]
    assert sorted(c for c, slot in view.promise.slots.items() if slot.lane) == sorted(expected["side"])
    assert (view.undecided, view.questions) == ((), ())
    assert set(row["has"].split(";")) <= view.codes
    assert not set(row["lacks"].split(";")) & view.codes


@CASES
def test_every_example_falls_into_its_package_alone(code):
    row = EXAMPLES[code]
    packages, facts = packages_from_files(), parse_facts(row["facts"])
    mine = packages[row["package_code"]]

    fitting = [p.code for p in packages.values() if p.investment == mine.investment and p.scope.holds(facts)]

    assert fitting == [mine.code]
    assert choose(packages, facts) == (mine, [mine.code])
    assert choose(packages, facts, mine.investment) == (mine, [mine.code])


def test_without_answers_every_conditional_matter_asks_and_nothing_is_guessed():
    for package in packages_from_files().values():
        view = build_plan(package, {})

        conditional = [row.matter.code for row in package.rows if row.rule is not None]
        assert [matter.code for matter in view.undecided] == conditional
        assert view.codes == {row.matter.code for row in package.rows if row.rule is None}
        assert set(view.questions) <= set(questions_of(package))


def test_one_answer_missing_leaves_only_what_hangs_on_it_open():
    facts = parse_facts(EXAMPLES["S2"]["facts"])
    del facts["piling_first"]

    view = build_plan(packages_from_files()["soc-factory"], facts)

    assert [(u.code, [q.name for q in u.questions]) for u in view.undecided] == [("pile-permit", ["piling_first"])]
    assert [q.label for q in view.questions] == ["基坑、桩基先行"]


def test_materials_say_where_they_come_from_and_lapse_where_their_source_is_missing():
    view = build_plan(packages_from_files()["soc-factory"], parse_facts(EXAMPLES["S2"]["facts"]))
    matters = {matter.code: matter for matter in view.matters}

    permit = {m.name: (m.source, m.from_code, m.source_label) for m in matters["land-plan-permit"].materials}
    assert permit["建设用地规划许可申请表"] == ("applicant", "", "申请人提供")
    assert permit["项目批准或备案文件"] == ("earlier", "ent-filing", "来自：企业投资项目备案")
    assert all(m.source != "lapses" for matter in view.matters for m in matter.materials)
    books = "住宅质量保证书、使用说明书"  # asked of dwellings only (material_scope.tsv)
    assert books not in {m.name for m in matters["completion-record"].materials}
    homes = build_plan(packages_from_files()["soc-realestate"], parse_facts(EXAMPLES["S1"]["facts"]))
    assert books in {m.name for matter in homes.matters if matter.code == "completion-record" for m in matter.materials}
    rows = [row for row in view.package.rows if row.matter.code in view.codes]
    lines = [line for row in rows for line in row.matter.materials if line.name != books]
    lapsed = [
        line for line in lines if line.second_source == "lapses" and not set(line.from_matters) & view.codes
    ]
    assert view.before == len(lines) - len(lapsed)
    assert view.after == sum(line.source == "applicant" for line in lines) + sum(
        line.second_source == "applicant" and not set(line.from_matters) & view.codes for line in lines
    )


PUBLISHED = {  # submissions of the required matters, before and after
    "gov-general": (162, 41), "gov-pipeline": (92, 29), "gov-renovation": (76, 27), "gov-lowrisk": (92, 27),
    "gov-minimal": (22, 7), "soc-realestate": (155, 40), "soc-factory": (111, 33), "soc-lowrisk": (85, 23),
    "soc-minimal": (25, 6),
}


def test_the_standard_case_of_each_package_has_its_published_days_and_submissions():
    from packages.planning.build import submissions

    for code, package in packages_from_files().items():
        standard = [row for row in package.rows if row.required]
        counted = [row.entry for row in standard if row.is_counted]
        assert plan(counted).stage_days == package.stage_days
        assert submissions(standard) == PUBLISHED[code]


def test_bodies_take_part_as_the_facts_say():
    facts = parse_facts(EXAMPLES["S2"]["facts"])
    package = packages_from_files()["soc-factory"]

    def bodies(**changed):
        view = build_plan(package, {**facts, **changed})
        matter = next(m for m in view.matters if m.code == "util-joint")
        return {r.body.code for r in matter.reviews}

    assert "city-management" not in bodies(occupies_road="no")
    assert "city-management" in bodies(occupies_road="yes")


# The rule of time by itself


def row(code, step, days, *needs, stage=0, lane="", works=False):
    return Row(code, stage, step, lane, days, days, needs, works)


def test_a_step_lasts_as_long_as_its_longest_row_and_together_means_together():
    found = plan([row("a", 1, 3), row("b", 1, 1), row("c", 2, 2, "d"), row("d", 2, 5), row("e", 1, 4, stage=1)])

    assert {c: (s.start, s.end) for c, s in found.slots.items()} == {
        "a": (0, 3), "b": (0, 1), "c": (3, 8), "d": (3, 8), "e": (8, 12),
    }
    assert found.stage_days == (8, 4, 0)
    assert {c for c, s in found.slots.items() if s.is_critical} == {"a", "d", "e"}


def test_the_side_lane_waits_for_its_stage_and_its_prerequisites_and_nothing_waits_for_it():
    found = plan([
        row("a", 1, 3), row("long", 1, 20, stage=1), row("side", 2, 4, stage=1, lane="side", works=True),
        row("after", 2, 1, stage=1), row("permit", 3, 2, "side", stage=1, works=True),
    ])

    assert {c: (s.start, s.end) for c, s in found.slots.items()} == {
        "a": (0, 3), "long": (3, 23), "side": (3, 7), "after": (23, 24), "permit": (24, 26),
    }
    assert found.works_start == 7
    assert found.stage_days == (3, 23, 0)


def test_an_empty_plan_has_no_days():
    found = plan([])

    assert (dict(found.slots), found.stage_days, found.works_start) == ({}, (0, 0, 0), None)


@pytest.mark.parametrize(
    "rows",
    [
        [row("a", 1, 1, "b"), row("b", 2, 1)],
        [row("a", 1, 1, "b"), row("b", 1, 1, "a")],
        [row("a", 1, 1), row("a", 2, 1)],
    ],
    ids=["later prerequisite", "circle", "twice"],
)
def test_rows_that_cannot_be_ordered_are_refused(rows):
    with pytest.raises(PlanError):
        plan(rows)


@st.composite
def plans(draw):
    rows = []
    for n, (stage, step, days, lane) in enumerate(
        sorted(draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 5), st.sampled_from(["", "", "side"])), max_size=9)))
    ):
        earlier = [r for r in rows if r.position < (stage, step) or (not lane and not r.lane and r.position == (stage, step))]
        needs = draw(st.lists(st.sampled_from([r.code for r in earlier]), max_size=2, unique=True)) if earlier else []
        rows.append(Row(f"m{n}", stage, step, lane, days, days, tuple(needs)))
    return rows


def slowly(rows):
    """The rule read word by word, without any order of calculation."""
    by = {r.code: r for r in rows}

    def start(r):
        before = [o for o in rows if not o.lane and (o.stage < r.stage or (not r.lane and o.position < r.position))]
        before += [by[p] for p in r.prerequisites if by[p].position != r.position]
        return max((end(o) for o in before), default=0)

    def end(r):
        return max([start(r) + r.days, *(end(by[p]) for p in r.prerequisites if by[p].position == r.position)])

    return {r.code: (start(r), end(r)) for r in rows}


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(plans())
def test_the_plan_is_the_rule_read_word_by_word_and_slack_is_what_a_row_may_slip(rows):
    found = plan(rows)

    assert {c: (s.start, s.end) for c, s in found.slots.items()} == slowly(rows)
    for r in rows:
        slack = found.slots[r.code].slack
        assert slack >= 0
        longer = plan([Row(o.code, o.stage, o.step, o.lane, o.days + slack, o.days, o.prerequisites) if o is r else o for o in rows])
        assert longer.total == found.total
        if not r.lane:
            over = plan([Row(o.code, o.stage, o.step, o.lane, o.days + slack + 1, o.days, o.prerequisites) if o is r else o for o in rows])
            assert over.total == found.total + 1


def test_the_largest_plan_takes_well_under_five_milliseconds():
    package = max(packages_from_files().values(), key=lambda p: len(p.rows))
    facts = parse_facts(EXAMPLES["G1"]["facts"])
    rows = [r.entry for r in package.rows if package.rules.answers(facts)[r.matter.code]]

    def once():
        started = time.thread_time()  # what others do on the machine does not count
        answers = package.rules.answers(facts)
        plan(r.entry for r in package.rows if answers[r.matter.code])
        return time.thread_time() - started

    assert (package.code, len(package.rows), len(rows)) == ("gov-general", 87, 54)
    assert min(once() for _ in range(20)) < 0.005


# The command


def run(path, capsys, *options):
    call_command("plan", "--facts-file", str(path), *options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def expected_lines():
    for code, want in EXPECTED.items():
        matters = {
            matter: {"matter": matter, "start": start, "end": end, "step": want["step"][matter],
                     "lane": "side" if matter in want["side"] else ""}
            for matter, (start, end) in want["promise"]["matters"].items()
        }
        yield {"code": code, "package": want["package"], "matters": matters, "days": want["promise"]["days"],
               "works_start": want["promise"]["works_start"]}


def by_matter(lines):
    return [{**line, "matters": {m["matter"]: m for m in line["matters"]}} for line in lines]


@pytest.mark.django_db
@pytest.mark.parametrize("columns", [("code", "package_code", "facts"), ("code", "facts"), ("facts", "code")])
@pytest.mark.parametrize("is_loaded", [True, False])
def test_the_command_prints_one_plan_a_line_with_and_without_a_loaded_catalogue(tmp_path, capsys, columns, is_loaded):
    if is_loaded:
        load_catalogue()
    table = tmp_path / "facts.tsv"
    table.write_text("\n".join("\t".join(r[c] for c in columns) for r in [dict(zip(columns, columns, strict=True)), *EXAMPLES.values()]) + "\n")

    lines = run(table, capsys, "--json")

    assert by_matter(lines) == list(expected_lines())
    for line in lines:
        assert [(m["start"], m["end"]) for m in line["matters"]] == sorted((m["start"], m["end"]) for m in line["matters"])


@pytest.mark.django_db
def test_a_line_that_cannot_be_planned_says_why_and_the_others_are_still_planned(tmp_path, capsys):
    table = tmp_path / "facts.tsv"
    table.write_text(
        "code\tfacts\tpackage_code\tinvestment\n"
        "bad\tland_supply=moon\t\t\n"
        "none\theight=3\tsoc-palace\t\n"
        "open\theight=3\t\tsocial\n"
        f"good\t{EXAMPLES['S4']['facts']}\t\tsocial\n"
    )

    with pytest.raises(CommandError, match="3行没有得出计划"):
        call_command("plan", "--facts-file", str(table), "--json")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["code"] for line in lines] == ["bad", "none", "open", "good"]
    assert lines[0]["error"].startswith("第 2 行 / line 2：供地方式没有“moon”这一选项")
    assert lines[1]["error"].startswith("第 3 行 / line 3：没有套餐“soc-palace”")
    assert lines[2]["error"].startswith("第 4 行 / line 4：不能确定套餐，可能是：soc-realestate、soc-factory、soc-lowrisk、soc-minimal")
    assert lines[3]["days"] == EXPECTED["S4"]["promise"]["days"]


@pytest.mark.django_db
def test_the_short_table_names_the_answers_that_are_still_open(tmp_path, capsys):
    table = tmp_path / "facts.tsv"
    facts = EXAMPLES["G1"]["facts"]
    table.write_text(f"code\tfacts\tpackage_code\nG1\t{facts}\tgov-general\nopen\t{facts.replace(';piling_first=no', '')}\tgov-general\n")

    call_command("plan", "--facts-file", str(table))

    whole, open_ = capsys.readouterr().out.splitlines()
    assert whole.endswith("日可开工")
    assert open_.endswith("日可开工\t还有1项未定，待答：piling_first")


@pytest.mark.parametrize(("content", "message"), [
    (None, "无法读取 .*facts.tsv / cannot be read：No such file"),
    (b"", "是空的"),
    (b"\xef\xbb\xbf\r\n\n", "是空的"),
    (b"\n\ncode\tname\n", "第 3 行（表头）缺少列 / line 3, the header, lacks：facts"),
    (b"code\tfacts\tcode\n", "第 1 行（表头）列名重复 / columns twice：code"),
    ("code\tfacts\nA\theight=3\nB\t高度\n".encode("gbk"), "第 3 行不是 UTF-8 编码 / line 3 is not UTF-8"),
    (b'code,facts\nA,"height=3\n', "第 2 行 / line 2：unexpected end of data"),
])
def test_a_table_that_cannot_be_read_is_refused_with_the_line_at_fault(tmp_path, content, message):
    table = tmp_path / "facts.tsv"
    if content is not None:
        table.write_bytes(content)

    with pytest.raises(CommandError, match=message):
        call_command("plan", "--facts-file", str(table))


@pytest.mark.django_db
@pytest.mark.parametrize("mark", ["\t", ","])
def test_a_table_from_a_spreadsheet_is_read_and_a_row_at_fault_names_its_line(tmp_path, capsys, mark):
    table = tmp_path / "facts.csv"
    rows = [
        [" code ", "note", "facts", "investment"], [], ["S4", "附注", EXAMPLES["S4"]["facts"], "social", "", ""], ["", " "],
        ["new", "", "moons=2"], ["short", ""], ["long", "", "height=3", "social", "5"], ["whose", "", "height=3", "ours"],
    ]
    table.write_bytes("\r\n".join(["", *map(mark.join, rows), "", ""]).encode("utf-8-sig"))

    with pytest.raises(CommandError, match="4行没有得出计划"):
        call_command("plan", "--facts-file", str(table), "--json")

    first, *faults = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert by_matter([first]) == [line for line in expected_lines() if line["code"] == "S4"]
    assert faults == [
        {"code": "new", "error": "第 6 行 / line 6：不认识的情形“moons” / unknown fact 'moons'"},
        {"code": "short", "error": "第 7 行 / line 7：只有 2 格，缺少 facts / too few cells"},
        {"code": "long", "error": "第 8 行 / line 8：有 5 格，表头只有 4 列 / more cells than columns"},
        {"code": "whose", "error": "第 9 行 / line 9：investment 没有“ours” / unknown investment；可填：government、social"},
    ]


def test_alternatives_never_meet_in_any_example_with_one_answer_changed():
    package, facts = packages_from_files()["soc-factory"], parse_facts(EXAMPLES["A1"]["facts"])

    for eia, special in itertools.product(["report", "form", "register", "none"], ["yes", "no"]):
        on = build_plan(package, {**facts, "eia": eia, "special_fire": special}).codes
        assert len(on & {"eia-report", "eia-form", "eia-register"}) <= 1
        assert len(on & {"fire-accept", "fire-record"}) == 1
        assert len(on & {"ent-filing", "ent-approval"}) == 1
