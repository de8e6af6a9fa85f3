"""The ladder of reminders, the kinds of messages and the terms of chase slips: dated data of `agency/catalog/`.

All values are proposals of this portal: docs/messages.md says where each is used and where to change it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agency.dated import in_force
from agency.states import SlipColour, Threshold
from packages.facts import split

#: Words in the column `roles` of the ladder.
ROLES = ("handler", "chief", "agent", "lead_officer", "window_lead", "director", "supervisor", "owed_to")
#: A message whose kind the file does not know.
OTHER = "other"
#: Reminders of a clock; they are merged into the digest.
DEADLINE = "deadline"
#: Rungs that follow from the day of a clock, the loudest first.
BY_DAY = (Threshold.WEEKLY, Threshold.DIRECTOR, Threshold.RED, Threshold.DUE, Threshold.YELLOW)


@dataclass(frozen=True, slots=True)
class Step:
    """A rung: so long after the due day (or after the start), who hears of it and in which form."""

    code: str
    name: str
    after: int
    roles: tuple[str, ...]
    form: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: what it is, who gets it, whether it may be switched off, on which channels it goes out."""

    code: str
    name: str
    note: str
    is_office: bool
    must: bool
    channels: tuple[str, ...]


def ladder(on: dt.date) -> dict[str, Step]:
    """Return the rungs in force on a day, by code, in the order of the file."""
    return {
        row["code"]: Step(row["code"], row["name"], int(row["after"]), split(row["roles"]), row["form"])
        for row in in_force("ladder_steps.tsv", on)
    }


def kinds(on: dt.date) -> dict[str, Kind]:
    """Return the kinds of messages in force on a day, by code, in the order of the file."""
    return {
        row["code"]: Kind(
            row["code"], row["name"], row["note"], row["whom"] == "office", row["must"] == "yes", split(row["channels"])
        )
        for row in in_force("message_kinds.tsv", on)
    }


def kind(code: str, on: dt.date) -> Kind:
    """Return one kind; that of other messages where the code is unknown."""
    known = kinds(on)
    return known.get(code) or known[OTHER]


def answer_days(colour: str, on: dt.date) -> int:
    """Return within how many working days a slip of this colour is answered."""
    return next(int(row["answer_days"]) for row in in_force("slip_terms.tsv", on) if row["colour"] == colour)


def slip_name(colour: str, on: dt.date) -> str:
    """Return 红色督办单."""
    names = {row["colour"]: row["name"] for row in in_force("slip_terms.tsv", on)}
    return names.get(colour, str(SlipColour(colour).label))
