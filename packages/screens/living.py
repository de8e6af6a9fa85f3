"""The calendar of what runs out, the page of a permit, of a letter, the list of letters outstanding."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from archives.models import Paper
from archives.services.papers import papers_of
from packages import living_data, living_rules
from packages.living_forms import CalendarForm
from packages.models import CalendarFeed, ConditionalPermit, Letter, MaterialItem, Matter, MatterCase
from packages.screens.acting import Act
from packages.screens.case import timeline
from packages.services import conditional, letters
from packages.services.letters import Difference
from packages.states import LIVING_LIVE, TONES, FeedState, LivingState
from projects import timing
from projects.access import access_of
from projects.errors import Verdict, refuse
from projects.events import subject_of
from projects.living import Expiry, living_papers
from projects.models import Event, IssueItem, Organisation, Project, User
from projects.states import ISSUE_OPEN
from projects.waiting import Waiting

PAGE, EVENTS, CELL = 30, 30, 3
EARLIEST, LATEST = 2000, 2199


# The calendar --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of a month."""

    day: dt.date
    entries: tuple[Expiry, ...]
    inside: bool
    is_today: bool

    @property
    def shown(self) -> tuple[Expiry, ...]:
        """What fits into the cell."""
        return self.entries[:CELL]

    @property
    def more(self) -> int:
        """How many more there are; the list below has them all."""
        return max(0, len(self.entries) - CELL)


@dataclass(frozen=True, slots=True)
class FeedLine:
    """The calendar address of one body or project, if there is one, and who may manage it."""

    label: str
    feed: CalendarFeed | None
    url: str
    verdict: Verdict

    @property
    def address(self) -> str:
        """Path of the calendar; the page makes it absolute."""
        return reverse("packages:feed", args=[self.feed.token]) if self.feed else ""


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """Everything the calendar shows."""

    form: CalendarForm
    first: dt.date
    weeks: tuple[tuple[Day, ...], ...]
    page: Page[Expiry]
    counts: tuple[tuple[str, int, str], ...]
    feeds: tuple[FeedLine, ...]
    is_list: bool
    before: str
    after: str
    list_url: str
    month_url: str
    is_filtered: bool
    following: Expiry | None


def calendar_page(
    projects: QuerySet[Project], user: User, query: Mapping[str, str], *, project: Project | None = None
) -> CalendarPage:
    """The calendar of these projects: one month as a grid with its list, or the whole list, the earliest first."""
    form = CalendarForm(query)
    form.is_valid()
    given = form.cleaned_data
    is_list = given.get("view") == "list"
    first = _first(given.get("month", ""))
    if text := (given.get("q") or "").strip():
        projects = projects.filter(name__icontains=text) | projects.filter(code__startswith=text)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    low, high = (None, None) if is_list else (weeks[0][0], weeks[-1][-1])
    everything = living_papers(projects, since=low, until=high)
    group = given.get("group") or ""
    entries = [entry for entry in everything if not group or entry.group == group]
    listed = entries if is_list else [entry for entry in entries if _same_month(entry.due_on, first)]
    return CalendarPage(
        form, first, () if is_list else tuple(_week(week, entries, first) for week in weeks),
        Paginator(listed, PAGE).get_page(query.get("page")), _counts(listed), tuple(feed_lines(user, project)), is_list,
        _address(query, month=f"{_shift(first, -1):%Y-%m}", view="month"),
        _address(query, month=f"{_shift(first, 1):%Y-%m}", view="month"), _address(query, view="list"),
        _address(query, view="month"), bool(group or given.get("q")),
        None if listed or is_list else _following(projects, max(_shift(first, 1), timing.today()), group),
    )


def _following(projects: QuerySet[Project], since: dt.date, group: str) -> Expiry | None:
    """The first that falls due from a day on, for a month in which nothing does."""
    found = living_papers(projects, since=since)
    return next((entry for entry in found if not entry.ended and (not group or entry.group == group)), None)


def _first(month: str) -> dt.date:
    today = timing.today().replace(day=1)
    if not month or not EARLIEST <= int(month[:4]) <= LATEST:
        return today
    return dt.date(int(month[:4]), int(month[5:]), 1)


def _shift(first: dt.date, months: int) -> dt.date:
    return (first + dt.timedelta(days=45 * months if months > 0 else -15)).replace(day=1)


def _same_month(day: dt.date, first: dt.date) -> bool:
    return (day.year, day.month) == (first.year, first.month)


def _week(week: Sequence[dt.date], entries: Sequence[Expiry], first: dt.date) -> tuple[Day, ...]:
    return tuple(
        Day(day, tuple(e for e in entries if e.due_on == day), _same_month(day, first), day == timing.today())
        for day in week
    )


def _counts(entries: Sequence[Expiry]) -> tuple[tuple[str, int, str], ...]:
    """How many are open, near their end, past."""
    open_ones = [entry for entry in entries if not entry.ended]
    lights = [entry.light for entry in open_ones]
    return (("未了结", len(open_ones), ""), ("临近到期", lights.count("yellow"), "warn"),
            ("已过期", lights.count("red"), "bad"))


def _address(query: Mapping[str, str], **changes: str) -> str:
    from django.http import QueryDict

    kept = QueryDict(mutable=True)
    kept.update({name: query[name] for name in ("group", "q", "month") if query.get(name)})
    for name, value in changes.items():
        kept[name] = value
    return f"?{kept.urlencode()}"


def feed_lines(user: User, project: Project | None) -> list[FeedLine]:
    """The calendar addresses a person may know of: that of the project, or those of the bodies they work for."""
    if project is not None:
        verdict = living_rules.can_manage_project_feed(user, project)
        feed = CalendarFeed.objects.filter(project=project, state=FeedState.ACTIVE).first() if verdict else None
        return [FeedLine(project.name, feed, reverse("packages:project_feed", args=[project.pk]), verdict)]
    bodies: Sequence[Organisation] = access_of(user).organisations
    may = {body.pk: living_rules.can_manage_body_feed(user, body) for body in bodies}
    feeds = {
        feed.organisation_id: feed for feed in CalendarFeed.objects.filter(
            organisation__in=[pk for pk, verdict in may.items() if verdict], state=FeedState.ACTIVE
        )
    }
    return [
        FeedLine(body.label, feeds.get(body.pk), reverse("packages:body_feed", args=[body.pk]), may[body.pk])
        for body in bodies
    ]


# One permit, one letter ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LivingPage:
    """What the page of a permit or a letter shows."""

    living: ConditionalPermit | Letter
    expiry: Expiry
    actions: tuple[Act, ...]
    papers: tuple[Paper, ...]
    events: tuple[Event, ...]
    formal: tuple[MatterCase, ...]
    usable_by: tuple[str, ...] = ()
    uses: tuple[MaterialItem, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.living.state]

    @property
    def timeline(self) -> list[dict[str, object]]:
        """The events as the component shows them."""
        return timeline(self.events)

    @property
    def why_until(self) -> str:
        """Why its last day is this day: from when, how long, by which rule, and what happens before and after it."""
        living = self.living
        rule = (
            living_data.letter_rule(living.code) if isinstance(living, Letter)
            else living_data.permit_kind(living.code, living.valid_from)
        )
        first = timing.written(living.valid_from)
        if rule is None or rule.last_day(living.valid_from) != living.valid_until:
            how = f"自{first}起，按出具当日的规定"
        else:
            how = f"自{first}起 {rule.length}，按日历计算（{rule.source}）"
        warned = "、".join(str(days) for days in settings.LIVING_WARN_DAYS)
        return f"{how}；到期当日仍有效，次日失效；到期前 {warned} 个工作日提醒。"


def _expiry_of(living: ConditionalPermit | Letter) -> Expiry:
    from packages.living_providers import expiry_of

    return expiry_of(living)


def _awaited(living: ConditionalPermit | Letter, page: str) -> tuple[Waiting, ...]:
    """On whom this paper waits: near its end, lapsed, or to be compared. One query."""
    from packages.living_providers import living_waiting

    return tuple(row for row in living_waiting([living.project]) if row.url == page)


#: What became of an item of a permit: that it was raised the permit's own event tells.
ITEM_MOVED = ("issue.answered", "issue.verified", "issue.rejected")


def _events_of(living: ConditionalPermit | Letter) -> tuple[Event, ...]:
    """The events of a paper, and what was answered and found on its inspection and its stop check, the newest first."""
    label, key = subject_of(living)
    told = Q(subject_type=label, subject_key=key)
    if isinstance(living, ConditionalPermit):
        items = [str(pk) for pk in (living.inspection_id, living.stop_issue_id) if pk]
        told |= Q(subject_type=IssueItem._meta.label, subject_key__in=items, kind__in=ITEM_MOVED)
    return tuple(Event.objects.filter(told, project_id=living.project_id).order_by("-pk")[:EVENTS])


def _papers(living: ConditionalPermit | Letter) -> tuple[Paper, ...]:
    own = [living.paper, *([living.formal_paper] if living.formal_paper else [])]
    return (*own, *papers_of(living).order_by("-pk"))


def permit_page(permit: ConditionalPermit, user: User) -> LivingPage:
    """The page of a conditional permit for this user."""
    return LivingPage(
        permit, _expiry_of(permit), tuple(_permit_actions(permit, user)), _papers(permit), _events_of(permit),
        tuple(conditional.open_formal(permit)) if permit.state != LivingState.CONVERTED else (),
        waiting=_awaited(permit, reverse("packages:permit", args=[permit.pk])),
    )


def _permit_actions(permit: ConditionalPermit, user: User) -> list[Act]:
    found = []
    at = [permit.pk]
    if permit.inspection is not None and permit.inspection.state in ISSUE_OPEN:
        found.append(Act("办结阶段检查", reverse("packages:inspect", args=at), living_rules.can_inspect(user, permit)))
    over = permit.state == LivingState.LAPSED or (
        permit.state in LIVING_LIVE and permit.valid_until < timing.today()
    )
    check = living_rules.can_check_stop(user, permit)
    if permit.is_works and over:
        working = reverse("packages:report_working", args=at)
        found.append(Act("登记停工核查", working, check, danger=True))
    if permit.is_works and permit.state == LivingState.LAPSED and permit.closed_at is None:
        found.append(Act("核查已停工", reverse("packages:close_stop", args=at), check))
    if permit.state == LivingState.STOP_CHECK:
        answer = living_rules.can_answer_stop(user, permit)
        found.append(Act("答复停工核查", reverse("packages:answer_stop", args=at), answer))
        found.append(Act("复核停工", reverse("packages:close_stop", args=at), check))
    return found


def letter_page(letter: Letter, user: User) -> LivingPage:
    """The page of a letter for this user."""
    names = dict(Matter.objects.filter(code__in=letter.usable_by, versions__status="published").values_list(
        "code", "versions__name"
    ))
    formal = letters.formal_of(letter)
    actions = []
    if letter.state in LIVING_LIVE:
        verdict = living_rules.can_compare(user, letter) if formal else refuse(letters.NO_FORMAL)
        actions = [Act("核对换发", reverse("packages:convert_letter", args=[letter.pk]), verdict)]
    return LivingPage(
        letter, _expiry_of(letter), tuple(actions), _papers(letter), _events_of(letter), (formal,) if formal else (),
        tuple(names.get(code, code) for code in letter.usable_by), tuple(letters.uses_of(letter)),
        _awaited(letter, reverse("packages:letter", args=[letter.pk])),
    )


def comparison(letter: Letter, values: Mapping[str, str]) -> list[Difference]:
    """The fields of a letter beside the formal certificate."""
    return letters.compare(letter, values)


def known_values(letter: Letter) -> dict[str, str]:
    """What the portal knows today of the facts that a letter states."""
    rule = living_data.letter_rule(letter.code)
    return letters.values_of(letter.project, rule) if rule else {}


# Letters outstanding -------------------------------------------------------------------------------------------------


def letters_page(user: User, query: Mapping[str, str]) -> dict[str, Any]:
    """The letters that are not converted, the earliest end first: for the director and the bodies that issued them."""
    found = Letter.objects.visible_to(user).select_related("project", "issuer", "paper", "formal_case__matter")
    outstanding = found.exclude(state__in=[LivingState.CONVERTED, LivingState.REVOKED]).filter(closed_at=None)
    chosen = query.get("state", "")
    narrowed = {
        "lapsed": outstanding.exclude(state__in=LIVING_LIVE), "compare": outstanding.filter(formal_case__isnull=False),
    }.get(chosen, outstanding)
    tabs = [
        {"label": "全部未换发", "count": outstanding.count(), "url": "?",
         "current": chosen not in {"lapsed", "compare"}},
        {"label": "待核对换发", "count": outstanding.filter(formal_case__isnull=False).count(),
         "url": "?state=compare", "current": chosen == "compare"},
        {"label": "已失效", "count": outstanding.exclude(state__in=LIVING_LIVE).count(), "url": "?state=lapsed",
         "current": chosen == "lapsed", "bad": True},
    ]
    page = Paginator(narrowed.order_by(F("valid_until").asc(), "pk"), PAGE).get_page(query.get("page"))
    return {"page": page, "tabs": tabs, "today": timing.today(), "tones": TONES}
