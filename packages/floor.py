"""The floor under the flags for silence (超时默认) and missing papers (容缺) that no data lifts: code, not catalogue.

Silence is never consent where the decision itself is taken, nor where life, safety or the state's security is at
stake, nor for a body that owes no answer to the centre (an intermediary) or stands above it.
"""

from __future__ import annotations

NO_TACIT_BODIES = frozenset({"civil-defence", "fire-rescue", "emergency", "state-security", "gas-company"})
NO_TACIT_KINDS = frozenset({"intermediary", "higher"})
NO_TACIT_MATTERS = frozenset({
    "fire-design", "fire-accept", "fire-record", "civil-defence", "civil-accept", "quality-safety", "quality-accept",
    "pile-permit", "lightning-design", "nat-security", "seismic-safety", "geohazard", "joint-accept",
})
LEAD = "lead"
#: A matter that a higher body decides is only handed up from here (上报件).
HANDED_UP = "city"


def may_be_tacit(matter_code: str, organisation_kind: str, organisation_code: str, role: str, rule: str) -> bool:
    """Whether silence of this body on this matter may ever count as consent (`rule` is when the body takes part)."""
    return not (
        role == LEAD
        or matter_code in NO_TACIT_MATTERS
        or organisation_code in NO_TACIT_BODIES
        or organisation_kind in NO_TACIT_KINDS
        or "hazardous=" in rule
    )


def may_be_deferred(level: str, promised_days: int) -> bool:
    """Whether a matter may ever be accepted with a paper missing (容缺): never 即办件, never 上报件."""
    return promised_days > 0 and level != HANDED_UP
