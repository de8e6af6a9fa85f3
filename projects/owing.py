"""What an enterprise owes and what it may do next: a registry that every app fills in `AppConfig.ready`.

A provider takes the asker and the projects in question and returns debts in a fixed number of queries. The kernel shows
them on the cards of 我的项目 and on the project page; the to-do page shows all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from projects import timing, workdays
from projects.clock_states import Light
from projects.models import User

if TYPE_CHECKING:
    from projects.models import Project

Person = User | AnonymousUser
YELLOW_DAYS = 2


def light_until(due_on: dt.date | None) -> str:
    """Return the light of a day without a clock: red when it is past, yellow within two working days."""
    if due_on is None:
        return Light.NONE
    today = timing.today()
    if due_on < today:
        return Light.RED
    return Light.YELLOW if workdays.workdays_between(today, due_on) <= YELLOW_DAYS else Light.GREEN


@dataclass(frozen=True, slots=True)
class Debt:
    """One thing that the enterprise has to do, or may do (`is_offer`): what, until when and why, where to act.

    `chip` is its word in a list, `detail` what exactly is to be done, `why` the basis on which it is asked; `clock_id`
    leads to the page that explains the date, `clock_light` is what that clock shows. `label` is the word of the button.
    `blocked` says why this person may not act (a commitment is signed by the lead); then there is no button.
    """

    project_id: int
    chip: str
    title: str
    url: str
    label: str = "去办理"
    detail: str = ""
    why: str = ""
    due_on: dt.date | None = None
    clock_id: int | None = None
    is_provisional: bool = False
    is_offer: bool = False
    blocked: str = ""
    tone: str = "warn"
    clock_light: str = ""
    is_meeting: bool = False

    @property
    def light(self) -> str:
        """Return the light of its clock; without one red when it is late, yellow within two working days."""
        if self.clock_light in (Light.RED, Light.YELLOW, Light.GREEN):
            return self.clock_light
        return light_until(self.due_on)

    @property
    def due_words(self) -> str:
        """Return 11月24日前, 今天到期, or since when it is late; of a meeting its day, 11月24日当天."""
        if self.due_on is None:
            return "没有期限"
        today = timing.today()
        day = timing.spoken(self.due_on)
        if self.due_on < today:
            return f"原定{day}" if self.is_meeting else f"已超时，{day}到期"
        left = workdays.workdays_between(today, self.due_on)
        is_provisional = self.is_provisional or workdays.is_provisional(self.due_on)  # the days left are counted too
        note = "，暂按法定节假日推算" if is_provisional else ""
        if self.due_on == today:
            return "就在今天" if self.is_meeting else f"今天到期{note}"
        return f"{day}{'当天' if self.is_meeting else '前'}，还有 {left} 个工作日{note}"

    @property
    def clock_url(self) -> str:
        """Return the page that explains the date."""
        return reverse("projects:clock", args=[self.clock_id]) if self.clock_id else ""

    @property
    def sort_key(self) -> tuple[bool, int, dt.date, int]:
        """Return the order: what is owed before what may be done; late, due soon, without a date, due later."""
        urgency = (Light.RED, Light.YELLOW, Light.NONE, Light.GREEN).index(Light(self.light))
        return (self.is_offer, urgency + bool(self.blocked) * 4, self.due_on or dt.date.max, self.project_id)


Provider = Callable[["Person", Sequence["Project"]], Iterable[Debt]]
_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """Register a provider; a second registration of the same name replaces the first."""
    _providers[name] = provider


def debts_of(user: Person, projects: Sequence[Project]) -> dict[int, list[Debt]]:
    """Return per project what its owner owes and may do, the most pressing first.

    The number of queries does not depend on how many projects there are.
    """
    found: dict[int, list[Debt]] = {project.pk: [] for project in projects}
    if not projects:
        return found
    for provider in _providers.values():
        for debt in provider(user, projects):
            found[debt.project_id].append(debt)
    for rows in found.values():
        rows.sort(key=lambda debt: debt.sort_key)
    return found
