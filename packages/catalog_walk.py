"""The checks of a catalogue that try all combinations of answers, and the examples (`load_catalog --full`)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from packages.catalog_files import Fault, Line, Tables
from packages.catalog_lines import position
from packages.conditions import Applies, Compare, Is, Node, Test, parse_rule, tests_in
from packages.facts import FactError, FactKind, parse_facts, split, vocabulary
from packages.planning.applying import assessing_of, ruleset
from packages.planning.build import open_names
from packages.planning.engine import Row, plan

Judge = Callable[[Sequence[bool | None]], bool | None]

# Matters of which at most one applies to a project.
ALTERNATIVES = (
    ("fire-accept", "fire-record"), ("eia-report", "eia-form", "eia-register"), ("ent-filing", "ent-approval"),
    ("land-transfer", "land-allocation"), ("fee-land", "land-allocation"), ("fee-civil", "civil-accept"),
    ("gov-merged", "gov-proposal"), ("gov-merged", "gov-feasibility"), ("gov-merged", "ent-filing"),
)


MAX_ENDS = 500_000  # the scopes of the nine packages need about a twentieth


class TooManyAnswersError(Exception):
    """Rules that depend on so many answers that trying them all would not end."""


def check_answers(tables: Tables) -> list[Fault]:
    """Faults that only show when all answers are tried; the tables must have passed `catalog_checks.check`."""
    try:
        return [*_rules_change(tables), *_scopes(tables), *_alternatives(tables), *_milestones(tables)]
    except TooManyAnswersError:
        return [Fault("packages.tsv", 0, "规则取决于过多的情形，无法逐一核对；请简化适用规则")]


def check_examples(tables: Tables) -> list[Fault]:
    """Examples whose package, list or days are not what they say."""
    return list(_examples(tables))


def answers_to(key: str, tests: Sequence[Test]) -> list[object]:
    """One answer for every way in which a fact can answer these tests."""
    candidates: list[object]
    first = tests[0]
    if isinstance(first, Applies):
        return [True, False]
    if isinstance(first, Compare):
        limits = [test.limit for test in tests if isinstance(test, Compare)]
        candidates = [*sorted({max(limit + step, 0) for limit in limits for step in (-1, 0, 1)})]
    elif vocabulary()[key].kind is FactKind.MANY:
        named = sorted({value for test in tests if isinstance(test, Is) for value in test.values})
        candidates = [list(c) for n in range(len(named) + 1) for c in itertools.combinations(named, n)]
    else:
        candidates = list(vocabulary()[key].values)
    kept: dict[tuple[bool | None, ...], object] = {}
    for value in candidates:
        kept.setdefault(tuple(test.holds({key: value}) for test in tests), value)
    return list(kept.values())


def domain_of(nodes: Iterable[Node]) -> dict[str, list[object]]:
    """For every fact in these rules the answers that make a difference."""
    tests: defaultdict[str, list[Test]] = defaultdict(list)
    for node in nodes:
        for test in tests_in(node):
            if test not in tests[test.key]:
                tests[test.key].append(test)
    return {key: answers_to(key, found) for key, found in tests.items()}


@lru_cache(maxsize=4096)
def first_wrong(rules: tuple[str, ...], judge: Judge) -> Mapping[str, object] | None:
    """The first answers for which `judge` says no of these rules; None where there are none.

    It is kept: whoever loads a catalogue again has changed few of its rules.
    """
    return next(walk([parse_rule(rule) for rule in rules], judge), None)


def walk(nodes: Sequence[Node], judge: Judge) -> Iterator[dict[str, object]]:
    """Answer one fact after the other until `judge` of the results is decided; yield the answers judged wrong."""
    domain = domain_of(nodes)
    names = [list(dict.fromkeys(test.key for test in tests_in(node))) for node in nodes]
    steps = itertools.count()

    def step(known: dict[str, object], settled: Sequence[bool | None]) -> Iterator[dict[str, object]]:
        if next(steps) > MAX_ENDS:
            raise TooManyAnswersError
        results = [s if s is not None else node.holds(known) for node, s in zip(nodes, settled, strict=True)]
        verdict = judge(results)
        if verdict is not None:
            if not verdict:
                yield known
            return
        name = next(key for key in names[results.index(None)] if key not in known)
        for value in domain[name]:
            yield from step({**known, name: value}, results)

    yield from step({}, [None] * len(nodes))


def exactly_one(results: Sequence[bool | None]) -> bool | None:
    """Whether one result is true and all others are false."""
    if results.count(True) > 1:
        return False
    return None if None in results else results.count(True) == 1


def at_most_one(results: Sequence[bool | None]) -> bool | None:
    """Whether no two results are true."""
    if results.count(True) > 1:
        return False
    return None if None in results else True


def at_least_one(results: Sequence[bool | None]) -> bool | None:
    """Whether one result is true."""
    if True in results:
        return True
    return None if None in results else False


def never(results: Sequence[bool | None]) -> bool | None:
    """Whether the one result is false; so the answers judged wrong are those for which the rule holds."""
    return None if results[0] is None else not results[0]


def always(results: Sequence[bool | None]) -> bool | None:
    """Whether the one result is true; so the answers judged wrong are those for which the rule does not hold."""
    return results[0]


def _told(answers: Mapping[str, object]) -> str:
    return "；".join(f"{name}={value}" for name, value in answers.items())


def _scopes(tables: Tables) -> Iterator[Fault]:
    for lines in tables.group("packages.tsv", "investment").values():
        wrong = first_wrong(tuple(line["scope"] for line in lines), exactly_one)
        if wrong is not None:
            yield lines[0].fault(f"同类投资的套餐并非恰好一个适用：{_told(wrong)}")


def _inside(tables: Tables) -> dict[str, dict[str, Line]]:
    return {
        package: {line["matter_code"]: line for line in lines}
        for package, lines in tables.group("package_matters.tsv", "package_code").items()
    }


def _alternatives(tables: Tables) -> Iterator[Fault]:
    for rows in _inside(tables).values():
        for group in ALTERNATIVES:
            for one, other in itertools.combinations([rows[code] for code in group if code in rows], 2):
                if not one["rule"] or not other["rule"]:
                    yield one.fault(f"与 {other['matter_code']} 二选一，两者都须有规则")
                    continue
                wrong = first_wrong((one["rule"], other["rule"]), at_most_one)
                if wrong is not None:
                    yield one.fault(f"与 {other['matter_code']} 会同时适用：{_told(wrong)}")


def _milestones(tables: Tables) -> Iterator[Fault]:
    matters = tables.by("matters.tsv", "code")
    for rows in _inside(tables).values():
        stages: defaultdict[str, list[Line]] = defaultdict(list)
        for code, line in rows.items():
            if matters[code].says("milestone"):
                stages[line["stage"]].append(line)
        for lines in stages.values():
            rules = tuple(line["rule"] for line in lines)
            if all(rules) and (wrong := first_wrong(rules, at_least_one)) is not None:
                yield lines[0].fault(f"这个阶段没有里程碑事项适用：{_told(wrong)}")


def _rules_change(tables: Tables) -> Iterator[Fault]:
    """A rule that never holds or always holds is a mistake."""
    for name in ("package_matters.tsv", "matter_reviews.tsv", "acceptance_items.tsv"):
        for line in tables[name]:
            if not line["rule"]:
                continue
            for judge, words in ((never, "永远不成立"), (always, "永远成立")):
                if first_wrong((line["rule"],), judge) is None:
                    yield line.fault(f"规则“{line['rule']}”{words}")


def _examples(tables: Tables) -> Iterator[Fault]:
    """Every example falls into its package and gets the list and the days that it says."""
    matters = tables.by("matters.tsv", "code")
    needs = {code: split(line["prerequisites"]) for code, line in matters.items()}
    assessing = assessing_of(needs)
    inside, packages = _inside(tables), tables.by("packages.tsv", "code")
    for line in tables["examples.tsv"]:
        package = line["package_code"]
        if package not in packages:
            yield line.fault(f"套餐“{package}”不在 packages.tsv")
            continue
        try:
            facts = parse_facts(line["facts"])
        except FactError as error:
            yield line.fault(str(error))
            continue
        if not parse_rule(packages[package]["scope"]).holds(facts):
            yield line.fault(f"不落入套餐 {package}")
        rows = inside[package]
        rules = {code: parse_rule(row["rule"]) if row["rule"] else None for code, row in rows.items()}
        answers = ruleset(rules, assessing).answers(facts)
        applying = {code for code, answer in answers.items() if answer}
        yield from _unanswered(line, [code for code, answer in answers.items() if answer is None], rules, facts)
        yield from _example_list(line, applying)
        found = plan(_row(rows[code], matters[code], needs[code]) for code in rows if code in applying)
        if "+".join(map(str, found.stage_days)) != line["days"] or str(found.works_start) != line["works_start"]:
            yield line.fault(f"应为 {'+'.join(map(str, found.stage_days))} 日，第{found.works_start}日可开工")


def _unanswered(
    line: Line, codes: Sequence[str], rules: Mapping[str, Node | None], facts: Mapping[str, object]
) -> Iterator[Fault]:
    if codes:
        names = sorted({name for code in codes for name in open_names(rules[code], facts)})
        asked = f"；facts 没有回答：{'、'.join(names)}" if names else ""
        yield line.fault(f"不能确定是否涉及：{'、'.join(codes)}{asked}")


def _example_list(line: Line, applying: set[str]) -> Iterator[Fault]:
    if absent := set(split(line["has"])) - applying:
        yield line.fault(f"应当涉及：{'、'.join(sorted(absent))}")
    if present := set(split(line["lacks"])) & applying:
        yield line.fault(f"不应涉及：{'、'.join(sorted(present))}")


def _row(row: Line, matter: Line, needs: tuple[str, ...]) -> Row:
    stage, step = position(row)
    days = int(row["days_override"] or matter["promised_days"])
    return Row(row["matter_code"], stage, step, row["lane"], days if row.says("counted") else 0, days, needs,
               matter.says("starts_works"))
