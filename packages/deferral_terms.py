"""How a paper may follow later (容缺): before what, within how many working days, what happens when it is late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packages.choices import ArrivesBefore, LateConsequence

if TYPE_CHECKING:
    from packages.models import MaterialItem, MatterCase


@dataclass(frozen=True, slots=True)
class Terms:
    """How a paper may follow. `days` are working days; none are left where the decision comes too soon."""

    before: ArrivesBefore
    days: int
    late: LateConsequence


def terms_of(case: MatterCase, item: MaterialItem) -> Terms:
    """Return how a line of a case may follow, by its definition in the catalogue.

    What has to be there before the decision comes a working day before the promised limit of the case at the latest, so
    that somebody can check it: its own term is cut to that (our proposal).
    """
    line = item.definition
    before = ArrivesBefore(line.arrives_before if line and line.arrives_before else ArrivesBefore.DECISION)
    days = (line.deferral_days if line else None) or max(1, case.promised_days)
    return Terms(
        before, min(days, max(0, case.promised_days - 1)) if before == ArrivesBefore.DECISION else days,
        LateConsequence(line.late_consequence if line and line.late_consequence else LateConsequence.ESCALATE),
    )


def late_words(before: str, late: str) -> str:
    """Return what happens when a paper that has to come before something is late, in words."""
    held = {
        ArrivesBefore.DECISION: "没有补交并核实的，不作出准予决定；",
        ArrivesBefore.CERTIFICATE: "没有补交并核实的，证照不发出；",
        ArrivesBefore.AFTER: "",
    }[ArrivesBefore(before)]
    return f"{held}逾期的，{LateConsequence(late).label}"
