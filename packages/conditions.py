"""Rules and scopes of the catalogue: a parser and an evaluator of their own, never `eval`.

    rule   = all { "or" all }
    all    = factor { "and" factor }
    factor = "not" factor | "(" rule ")" | test
    test   = fact "=" value { "|" value } | fact (">=" | ">" | "<=" | "<" | "=") number | "matter=" code

The result is True, False, or None where an answer that matters is missing. `matter=code` and `assessments` are worked
out from the plan: they are looked up as `matter:<code>` (True, False) and `assessments` (a count).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from packages.facts import Fact, FactKind, show_number, vocabulary
from projects.quoting import quoted

ASSESSMENTS = "assessments"
MAX_LENGTH = 4000
MAX_DEPTH = 40

Known = Mapping[str, object]

_TOKEN = re.compile(r"\s*(?:(?P<paren>[()])|(?P<atom>[^\s()]+))", re.ASCII)
_ATOM = re.compile(r"(?P<name>[a-z_]+)(?P<op>>=|<=|=|>|<)(?P<value>[a-z0-9_|.-]+)", re.ASCII)
_PLAIN_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_CODE = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "=": operator.eq, ">": operator.gt, "<": operator.lt,
}
_SIGNS = {">=": "不小于", "<=": "不超过", "=": "等于", "!=": "不等于", ">": "超过", "<": "小于"}
_OPPOSITE = {">=": "<", "<=": ">", "=": "!=", ">": "<=", "<": ">="}


class RuleError(ValueError):
    """A rule that does not follow the grammar or leaves the vocabulary; says so in Chinese and in English."""

    def __init__(self, chinese: str, english: str, rule: str = "") -> None:
        """Keep both sentences and the rule they speak of."""
        self.chinese, self.english, self.rule = chinese, english, rule
        super().__init__(f"规则“{rule}”有误：{chinese} / rule {rule!r}: {english}")


@dataclass(frozen=True, slots=True)
class Is:
    """The fact has one of these values."""

    name: str
    values: tuple[str, ...]

    @property
    def key(self) -> str:
        """Name under which the answer is looked up."""
        return self.name

    def holds(self, known: Known) -> bool | None:
        """Whether the answer is one of the values; for several answers, whether one of them is."""
        got = known.get(self.name)
        if got is None:
            return None
        if isinstance(got, str):
            return got in self.values
        return any(value in self.values for value in got)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Compare:
    """The fact, a number, stands in this relation to the limit."""

    name: str
    sign: str
    limit: float

    @property
    def key(self) -> str:
        """Name under which the answer is looked up."""
        return self.name

    def holds(self, known: Known) -> bool | None:
        """Whether the number keeps the limit."""
        got = known.get(self.name)
        return None if got is None else _COMPARE[self.sign](got, self.limit)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Applies:
    """The matter of this code applies to the project in the same package."""

    code: str

    @property
    def key(self) -> str:
        """Name under which the answer is looked up."""
        return f"matter:{self.code}"

    def holds(self, known: Known) -> bool | None:
        """Whether the matter applies."""
        got = known.get(self.key)
        return None if got is None else bool(got)


@dataclass(frozen=True, slots=True)
class Not:
    """The inner rule does not hold."""

    inner: Node

    def holds(self, known: Known) -> bool | None:
        """The opposite of the inner rule; unknown stays unknown."""
        result = self.inner.holds(known)
        return None if result is None else not result


@dataclass(frozen=True, slots=True)
class Both:
    """All parts hold (`and`)."""

    parts: tuple[Node, ...]

    def holds(self, known: Known) -> bool | None:
        """False as soon as one part is false; unknown while one is unknown."""
        result: bool | None = True
        for part in self.parts:
            found = part.holds(known)
            if found is False:
                return False
            if found is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts holds (`or`)."""

    parts: tuple[Node, ...]

    def holds(self, known: Known) -> bool | None:
        """True as soon as one part is true; unknown while one is unknown."""
        result: bool | None = False
        for part in self.parts:
            found = part.holds(known)
            if found:
                return True
            if found is None:
                result = None
        return result


Test = Is | Compare | Applies
Node = Is | Compare | Applies | Not | Both | Either


@lru_cache(maxsize=4096)
def parse_rule(text: str) -> Node:
    """The rule as a tree. Raises RuleError, which names the rule, on anything outside grammar and vocabulary."""
    try:
        return _Parser(text).parse()
    except RuleError as fault:
        raise RuleError(fault.chinese, fault.english, text) from None


def evaluate(rule: str | Node, known: Known) -> bool | None:
    """True, False, or None when an answer that matters is missing; an empty rule is always true."""
    if isinstance(rule, str):
        return True if not rule else parse_rule(rule).holds(known)
    return rule.holds(known)


class _Parser:
    """Recursive descent over the tokens of one rule."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise RuleError(f"超过{MAX_LENGTH}个字符", f"longer than {MAX_LENGTH} characters")
        self.tokens = [m["paren"] or m["atom"] for m in _TOKEN.finditer(text)]
        self.at = 0

    def parse(self) -> Node:
        """Return the whole rule as a tree. Raises `RuleError`."""
        if not self.tokens:
            raise RuleError("规则是空的", "empty rule")
        node = self._either(0)
        if self.at < len(self.tokens):
            raise RuleError(f"多出“{self.tokens[self.at]}”", f"unexpected {self.tokens[self.at]!r}")
        return node

    def _next(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _either(self, depth: int) -> Node:
        parts = self._chain("or", self._both, depth)
        return parts[0] if len(parts) == 1 else Either(parts)

    def _both(self, depth: int) -> Node:
        parts = self._chain("and", self._factor, depth)
        return parts[0] if len(parts) == 1 else Both(parts)

    def _chain(self, word: str, part: Callable[[int], Node], depth: int) -> tuple[Node, ...]:
        nodes = [part(depth)]
        while self._next() == word:
            self.at += 1
            nodes.append(part(depth))
        return tuple(nodes)

    def _factor(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RuleError("嵌套过深", "nested too deeply")
        token = self._next()
        if token is None:
            raise RuleError("规则没有写完", "the rule ends too early")
        self.at += 1
        if token == "not":  # noqa: S105 - a word of the grammar
            return Not(self._factor(depth + 1))
        if token != "(":  # noqa: S105 - the same
            return _test(token)
        node = self._either(depth + 1)
        if self._next() != ")":
            raise RuleError("缺少右括号", "missing )")
        self.at += 1
        return node


def _test(token: str) -> Test:
    found = _ATOM.fullmatch(token)
    if not found:
        raise RuleError(f"“{token}”不是一个条件", f"not a test: {token!r}")
    name, sign, value = found["name"], found["op"], found["value"]
    if name == "matter":
        if sign != "=" or not _CODE.fullmatch(value):
            raise RuleError(f"“{token}”应写成 matter=事项代码", f"write matter=code: {token!r}")
        return Applies(value)
    if name == ASSESSMENTS:
        return _comparison(name, sign, value, token)
    fact = vocabulary().get(name)
    if fact is None:
        raise RuleError(f"不认识的情形{quoted(name)}", f"unknown fact {name!r}")
    if fact.kind is FactKind.NUMBER:
        return _comparison(name, sign, value, token)
    if sign != "=":
        raise RuleError(f"{quoted(name)}不是数字，不能比较大小：“{token}”", f"{name} is not a number: {token!r}")
    return _membership(fact, value, token)


def _comparison(name: str, sign: str, value: str, token: str) -> Compare:
    if not _PLAIN_NUMBER.fullmatch(value):
        raise RuleError(f"{quoted(name)}应与数字比较：“{token}”", f"{name} is a number: {token!r}")
    return Compare(name, sign, float(value))


def _membership(fact: Fact, value: str, token: str) -> Is:
    values = tuple(value.split("|"))
    if len(set(values)) != len(values) or not set(values) <= set(fact.values):
        allowed = " ".join(fact.values)
        raise RuleError(f"{quoted(fact.name)}只能取 {allowed}：“{token}”", f"{fact.name} takes {allowed}: {token!r}")
    if len(values) == len(fact.values) and fact.kind is not FactKind.MANY:
        raise RuleError(f"“{token}”永远成立", f"always true: {token!r}")
    return Is(fact.name, values)


def tests_in(node: Node) -> Iterator[Test]:
    """Every single test of a rule, from left to right."""
    if isinstance(node, Not):
        yield from tests_in(node.inner)
    elif isinstance(node, Both | Either):
        for part in node.parts:
            yield from tests_in(part)
    else:
        yield node


def open_tests(node: Node, known: Known) -> Iterator[Test]:
    """The tests whose answers are missing and can still change the result."""
    if node.holds(known) is not None:
        return
    if isinstance(node, Not):
        yield from open_tests(node.inner, known)
    elif isinstance(node, Both | Either):
        for part in node.parts:
            yield from open_tests(part, known)
    else:
        yield node


def supports(node: Node, known: Known) -> Iterator[Test]:
    """The tests that make a decided rule what it is: enough of them, not every one."""
    result = node.holds(known)
    if isinstance(node, Not):
        yield from supports(node.inner, known)
    elif isinstance(node, Both | Either):
        everything = isinstance(node, Both) is (result is True)
        deciding = [part for part in node.parts if part.holds(known) is result]
        for part in deciding if everything else deciding[:1]:
            yield from supports(part, known)
    else:
        yield node


def explain(test: Test, known: Known) -> str:
    """What the project answers to one test, in Chinese: `总建筑面积 6500 平方米（不超过 10000 平方米）`."""
    if isinstance(test, Applies):
        return f"{'涉及' if test.holds(known) else '不涉及'}事项 {test.code}"
    if isinstance(test, Compare) and test.name == ASSESSMENTS:
        return f"仍须单独评估 {show_number(known.get(ASSESSMENTS))} 项"
    fact = vocabulary()[test.name]
    answer = known.get(test.name)
    if answer is None:
        return f"{fact.label}：未填写"
    said = fact.show(answer)  # type: ignore[arg-type]
    if isinstance(test, Is):
        return f"{fact.label}：{said}"
    words = _SIGNS[test.sign if test.holds(known) else _OPPOSITE[test.sign]]
    return f"{fact.label} {said}（{words} {show_number(test.limit)} {fact.unit}）"
