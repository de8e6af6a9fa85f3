"""What the list of late entries shows, and what is said before one is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from packages import rules
from packages.act_states import LateEntryState
from packages.models import LateEntry
from packages.screens.acting import late_entry_words
from projects.errors import Verdict, refuse
from projects.models import User
from projects.paging import KeyPage, as_key, key_page

PAGE = 20


@dataclass(frozen=True, slots=True)
class LateEntryRow:
    """One of them, in words, with whether the asker may answer."""

    entry: LateEntry
    words: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class LateEntryPage:
    """A page of the list with a tab per state."""

    rows: tuple[LateEntryRow, ...]
    page: KeyPage[LateEntry]
    tabs: tuple[dict[str, object], ...]
    word: str


def page_of(user: User, asked: Mapping[str, str]) -> LateEntryPage:
    """The late entries of one state (default: those that wait) in the projects that the person sees."""
    seen = LateEntry.objects.visible_to(user)
    state = asked.get("state", "")
    state = state if state in LateEntryState.values else LateEntryState.ASKED.value
    counts = dict(seen.order_by().values_list("state").annotate(n=Count("pk")).values_list("state", "n"))
    related = ("case__project", "case__matter", "case__lead", "opinion__task__organisation", "entered_by")
    page = key_page(
        seen.filter(state=state).select_related(*related, "answered_by"), sort="-pk", size=PAGE,
        after=as_key(asked.get("after")), before=as_key(asked.get("before")),
    )
    rows = tuple(LateEntryRow(row, late_entry_words(row), may_answer(user, row)) for row in page.rows)
    tabs = tuple(
        {"label": one.label, "count": counts.get(one.value, 0), "url": f"?state={one.value}",
         "current": one.value == state, "bad": one == LateEntryState.ASKED and counts.get(one.value, 0) > 0}
        for one in LateEntryState
    )
    return LateEntryPage(rows, page, tabs, str(LateEntryState(state).label))


def may_answer(user: User, entry: LateEntry) -> Verdict:
    """Whether this person may confirm it now."""
    if entry.state != LateEntryState.ASKED:
        return refuse(f"这项补录{entry.get_state_display()}。")
    return rules.can_answer_late_entry(user, entry)


def says(entry: LateEntry) -> tuple[str, ...]:
    """What is confirmed and what follows."""
    words = [f"{entry.entered_by or '系统'}：{late_entry_words(entry)}。"]
    if entry.state != LateEntryState.ASKED:
        return (*words, f"{entry.answered_by}：{entry.answer}")
    follows = "意见按时" if entry.opinion else f"用时少计 {entry.spared} 天"
    return (*words, f"确认的，{follows}，办件和通报随之重算；不予确认的，照旧按超时计，两个时间都保留。")
