"""One fault is one entry: a notice on several matters keeps an item per matter, and people see the fault once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from projects.models import IssueItem
from projects.states import IssueKind

if TYPE_CHECKING:
    from packages.models import MatterCase


def fault_key(issue: IssueItem) -> tuple[object, ...]:
    """Return what makes two items the same fault: told at once, in the same words; anything else is alone."""
    if issue.kind != IssueKind.CORRECTION:
        return (issue.pk,)
    return (issue.raised_at, issue.what, issue.basis, issue.how_to_fix)


def merge_same(issues: Iterable[IssueItem], names: Mapping[str, str]) -> list[tuple[IssueItem, str]]:
    """Return each fault once, by its first item, with the names of all its matters, in the order given."""
    first: dict[tuple[object, ...], IssueItem] = {}
    of: dict[tuple[object, ...], list[str]] = {}
    for issue in issues:
        key = fault_key(issue)
        first.setdefault(key, issue)
        of.setdefault(key, []).append(names[issue.subject_key])
    return [(issue, "、".join(dict.fromkeys(of[key]))) for key, issue in first.items()]


def fault_word(cases: Iterable[MatterCase]) -> str:
    """Return 补全 of cases that are not accepted, 补正 of accepted ones, 补充 where there are both or none."""
    words = {case.fault_word for case in cases}
    return words.pop() if len(words) == 1 else "补充"


def kind_word(issue: IssueItem, case: MatterCase) -> str:
    """Return the word of an issue's kind; a fault that was told before the acceptance stays one of 补全."""
    if issue.kind == IssueKind.CORRECTION and (case.accepted_at is None or issue.raised_at < case.accepted_at):
        return "补全"
    return str(issue.get_kind_display())
