"""What runs out, where a decision meets it: what the paper of a grant says, what it puts in force, what it converts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packages import living_data
from packages.models import Matter
from packages.services import conditional, letters
from projects import timing

if TYPE_CHECKING:
    from archives.models import Paper
    from packages.models import MatterCase
    from projects.models import User

    Maker = Callable[["Paper", User | None, dt.datetime], object]


@dataclass(frozen=True, slots=True)
class PaperTerms:
    """What the certificate of a case says because it runs out, and what puts the paper in force."""

    valid_until: dt.date
    do: str
    paragraphs: list[str]
    table: dict[str, Any] | None
    make: Maker


def terms_of(case: MatterCase, day: dt.date) -> PaperTerms | None:
    """Return the terms of the paper of a grant, or None for a matter whose paper is no permit in part and no letter."""
    code = case.matter.matter.code
    kind = living_data.permit_kind_of(code, day)
    if kind is not None:
        scope = conditional.scope_of(case, kind)
        return PaperTerms(
            kind.last_day(day), f"只在许可范围内进行：{scope}", conditional.paragraphs_of(kind, scope, day), None,
            lambda paper, by, at: conditional.issue(case, kind, paper, scope=scope, by=by, at=at),
        )
    rule = living_data.letter_rule_of(code, day)
    if rule is None:
        return None
    names = dict(Matter.objects.filter(code__in=rule.usable_by, versions__status="published").values_list(
        "code", "versions__name"
    ))
    fields = letters.fields_of(case, rule)
    return PaperTerms(
        rule.last_day(day), "凭本函办理所列事项，无需再次提交", letters.paragraphs_of(rule, day, names),
        letters.table_of(fields), lambda paper, by, at: letters.issue(case, rule, paper, fields, by=by, at=at),
    )


def check_grant(case: MatterCase, at: dt.datetime, *, has_living: bool, has_letters: bool) -> None:
    """Refuse a grant that a living paper forbids: a phase not inspected, a letter that has run out, a wrong use.

    `has_living`: there are such papers in the project; `has_letters`: a line of the case stands on a letter.
    """
    day = timing.business_day(at)
    if has_living:
        conditional.check_grant(case, day)
    if has_letters:
        letters.check_lines(case, day)


def replaces(case: MatterCase) -> bool:
    """Return whether the grant of a case may take the place of papers that run out, on which others stand."""
    return case.matter.matter.code in living_data.formal_matters()


def granted(case: MatterCase, paper: Paper | None, *, by: User | None, at: dt.datetime) -> None:
    """Draw the consequences of a grant: what it replaces is converted, letters wait for their comparison."""
    conditional.convert_by(case, paper, by=by, at=at)
    letters.formal_granted(case, at=at)
