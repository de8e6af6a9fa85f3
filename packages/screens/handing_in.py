"""The page before an application is handed in: what goes where, what follows later and until when, what is promised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packages.choices import ArrivesBefore
from packages.deferral_terms import late_words, terms_of
from packages.models import Commitment, MatterCase
from packages.states import CommitmentState, MaterialState
from projects import timing, workdays

if TYPE_CHECKING:
    from packages.screens.filing import CaseLines, FilingPage


@dataclass(frozen=True, slots=True)
class Later:
    """A deferred paper: until when it has to follow, the last day if things go on today, and what else follows."""

    name: str
    matter: str
    until: str
    last_on: dt.date
    late: str


@dataclass(frozen=True, slots=True)
class Promised:
    """A matter with papers that are replaced by a commitment."""

    matter: str
    papers: str
    until: str
    last_on: dt.date
    signing: str
    url_pk: int


@dataclass(frozen=True, slots=True)
class HandIn:
    """What the page says."""

    says: tuple[str, ...]
    later: tuple[Later, ...]
    promised: tuple[Promised, ...]


def hand_in_page(page: FilingPage) -> HandIn:
    """Return what is said before an application is handed in. One query."""
    says = [f"{entry.case.matter.name}：{entry.case.lead}，材料 {len(entry.lines)} 件" for entry in page.cases]
    if page.missing:
        names = "、".join(row.item.name for row in page.missing[:5])
        says.append(f"还缺 {len(page.missing)} 件：{names}。可以先提交，窗口会一次性告知；补上再提交更快。")
    says.append(f"提交后马上出具材料回执。窗口 5 个工作日内告知是否受理；材料 {page.free} 件免提交。")
    later = tuple(found for entry in page.cases for found in _later(entry))
    return HandIn(tuple(says), later, _promised([entry.case for entry in page.cases]))


def _later(entry: CaseLines) -> list[Later]:
    found = []
    for line in entry.lines:
        if line.item.state != MaterialState.DEFERRED:
            continue
        terms = terms_of(entry.case, line.item)
        if terms.before == ArrivesBefore.DECISION:
            until, start = f"受理之日起 {terms.days} 个工作日内、{terms.before.label}", timing.today()
        else:
            held = f"、{terms.before.label}" if terms.before == ArrivesBefore.CERTIFICATE else ""
            until, start = f"作出决定之日起 {terms.days} 个工作日内{held}", _decided_on(entry.case)
        last = workdays.due_date(start, terms.days)
        found.append(Later(
            line.item.name, entry.case.matter.name, until, last, late_words(terms.before, terms.late)
        ))
    return found


def _promised(cases: Sequence[MatterCase]) -> tuple[Promised, ...]:
    by_pk = {case.pk: case for case in cases}
    rows = Commitment.objects.live().filter(case__in=by_pk.keys()).select_related("signed_by").order_by("pk")
    return tuple(
        Promised(
            by_pk[row.case_id].matter.name, "、".join(row.terms["materials"]), row.terms["deadline"],
            workdays.due_date(_decided_on(by_pk[row.case_id]), row.days), _signing(row), row.pk,
        ) for row in rows
    )


def _signing(row: Commitment) -> str:
    if row.state != CommitmentState.OFFERED:
        return "已签署"
    return "待设计单位签署" if row.signed_at else "待负责人签署"


def _decided_on(case: MatterCase) -> dt.date:
    """The day of the decision if the case were accepted today and decided as promised."""
    return workdays.due_date(timing.today(), case.promised_days) if case.promised_days else timing.today()
