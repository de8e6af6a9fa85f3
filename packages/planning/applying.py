"""Which matters of a package apply to a project: rules over facts, and over each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packages.conditions import ASSESSMENTS, Applies, Node, tests_in
from packages.facts import Facts

ONE_BOOK = "one-book"
ASSESSING = "agency-assess"


class RuleCycleError(ValueError):
    """Rules of one package that wait for each other."""


def assessing_of(prerequisites: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The matters for which a separate assessment is written: the agency is their prerequisite, one-book left out."""
    return frozenset(code for code, needs in prerequisites.items() if ASSESSING in needs) - {ONE_BOOK}


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of one package in an order in which each can be answered after those it refers to."""

    order: tuple[tuple[str, Node | None], ...]
    assessing: frozenset[str]
    outside: frozenset[str]

    def known(self, facts: Facts) -> dict[str, object]:
        """The facts together with what follows from them: `matter:<code>` for each row, and `assessments`.

        A matter outside the package never applies. A matter whose rule cannot be decided yet has no answer (None).
        """
        known: dict[str, object] = dict(facts)
        known.update((f"matter:{code}", False) for code in self.outside)
        left = set(self.assessing)
        if not left:
            known[ASSESSMENTS] = 0
        for code, node in self.order:
            known[f"matter:{code}"] = True if node is None else node.holds(known)
            if code in left:
                left.discard(code)
                if not left:
                    known[ASSESSMENTS] = _count([known[f"matter:{c}"] for c in self.assessing])
        return known

    def answers(self, facts: Facts) -> dict[str, bool | None]:
        """For each matter of the package whether it applies: True, False, or None where an answer is missing."""
        known = self.known(facts)
        return {code: _verdict(known[f"matter:{code}"]) for code, _ in self.order}


def _count(answers: list[object]) -> int | None:
    return None if None in answers else sum(bool(answer) for answer in answers)


def _verdict(value: object) -> bool | None:
    return None if value is None else bool(value)


def ruleset(rules: Mapping[str, Node | None], assessing: Iterable[str]) -> Ruleset:
    """Put the rules of one package in order. Raises RuleCycleError when they refer to each other in a circle."""
    inside = frozenset(assessing) & frozenset(rules)
    order: list[tuple[str, Node | None]] = []
    state: dict[str, bool] = {}  # False while the rules it refers to are being placed, True when it is placed
    outside: set[str] = set()

    def place(code: str) -> None:
        if state.get(code):
            return
        if code in state:
            raise RuleCycleError(f"事项 {code} 的适用规则互相引用 / the rules around {code} refer to each other")
        state[code] = False
        node = rules[code]
        for other in _refers_to(node, inside):
            if other in rules:
                place(other)
            else:
                outside.add(other)
        state[code] = True
        order.append((code, node))

    for code in rules:
        place(code)
    return Ruleset(tuple(order), inside, frozenset(outside))


def _refers_to(node: Node | None, assessing: frozenset[str]) -> list[str]:
    if node is None:
        return []
    found: list[str] = []
    for test in tests_in(node):
        if isinstance(test, Applies):
            found.append(test.code)
        elif test.name == ASSESSMENTS:
            found.extend(sorted(assessing))
    return found
