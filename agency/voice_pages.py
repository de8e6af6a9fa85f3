"""What the pages of ratings, enquiries and complaints show; each list a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from agency.models import FollowUp, Rating, RatingAsk, Voice, VoiceTurn
from agency.models.ratings import OFFICERS, officer_centres
from agency.voice_queries import enquiry_counts, rating_counts
from agency.voice_states import (
    FOLLOW_OPEN,
    TONES,
    TURNS_SHOWN,
    FollowState,
    Grade,
    TurnKind,
    VoiceKind,
    VoiceState,
    tone_of,
)
from agency.voice_waiting import waiting_of_follow_up, waiting_of_voice
from projects import timing
from projects.access import OWNER_ROLES, access_of
from projects.exports import Column, Table
from projects.memo import Memo
from projects.models import Membership, Organisation, User
from projects.paging import KeyPage, as_key, key_page
from projects.rounding import half_up, percent
from projects.states import OrganisationKind, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.waiting import Waiting

    Person = User | AnonymousUser

PAGE = 20
MOST_EXPORTED = 5000
SAMPLE = 3
#: The counters of the desk look back so many days.
PERIOD = dt.timedelta(days=90)
ASK = ("ask__case__matter", "ask__line", "ask__application", "ask__body", "ask__project")


def period() -> tuple[dt.datetime, dt.datetime]:
    """Return the days that the counters of the lists cover."""
    end = timing.now()
    return end - PERIOD, end


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list or the head of a page: the object, its colour, on whom it waits."""

    row: Any
    tone: str
    waiting: Waiting | None = None


# Ratings: the owner --------------------------------------------------------------------------------------------------


def own_asks(user: Person) -> QuerySet[RatingAsk]:
    """Return what the own enterprises may rate, the newest first."""
    owners = {pk for role in OWNER_ROLES for pk in access_of(user).by_role.get(role, ())}
    found: QuerySet[RatingAsk] = RatingAsk.objects.filter(project__owner_id__in=owners)
    return found.select_related("case__matter", "line", "application", "body", "project", "rating__follow_up")


def own_page(user: Person, asked: Mapping[str, str]) -> tuple[list[dict[str, Any]], KeyPage[RatingAsk], str]:
    """Return tabs, one page of what the own enterprises may rate or have rated, and the chosen tab."""
    tab = asked.get("tab", "open")
    found = own_asks(user)
    parts = {"open": Q(rating=None), "rated": Q(rating__isnull=False)}
    tab = tab if tab in parts else "open"
    counts = found.order_by().aggregate(**{name: Count("pk", filter=part) for name, part in parts.items()})
    tabs = _tabs({"open": "待评价", "rated": "已评价"}, counts, tab)
    return tabs, _cut(found.filter(parts[tab]), asked), tab


def _tabs(names: Mapping[str, str], counts: Mapping[str, int], current: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "count": counts[name], "url": f"?tab={name}", "current": name == current}
        for name, label in names.items()
    ]


def _cut(found: QuerySet[Any], asked: Mapping[str, str]) -> KeyPage[Any]:
    return key_page(
        found, sort="-pk", size=PAGE, after=as_key(asked.get("after")), before=as_key(asked.get("before"))
    )


# Ratings: the office -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list of the desk: counters, tabs, one page of rows."""

    figs: list[dict[str, Any]]
    tabs: list[dict[str, Any]]
    rows: list[Line]
    cut: KeyPage[Any]
    tab: str


RATING_TABS: dict[str, Q] = {
    "open": Q(follow_up__state__in=FOLLOW_OPEN),
    "low": Q(grade__lte=Grade.BAD, is_default=False),
    "given": Q(is_default=False),
    "default": Q(is_default=True),
    "all": Q(),
}
RATING_WORDS = {"open": "差评待办结", "low": "差评", "given": "主动评价", "default": "默认评价", "all": "全部"}


def ratings(user: Person, asked: Mapping[str, str], narrowed: Mapping[str, Any]) -> QuerySet[Rating]:
    """Return the ratings of the officer's list as it is filtered."""
    found: QuerySet[Rating] = Rating.objects.visible_to(user).filter(RATING_TABS.get(asked.get("tab", ""), Q()))
    if text := str(narrowed.get("q") or "").strip():
        found = found.filter(
            Q(ask__project__name__icontains=text) | Q(ask__project__code__startswith=text.upper())
            | Q(ask__case__matter__name__icontains=text) | Q(ask__body__name__icontains=text)
        )
    if narrowed.get("grade"):
        found = found.filter(grade=narrowed["grade"])
    return found.select_related(*ASK, "follow_up__clock", "follow_up__body")


def ratings_page(user: Person, asked: Mapping[str, str], narrowed: Mapping[str, Any]) -> ListPage:
    """Return one page of the officer's list."""
    tab = asked.get("tab", "all")
    tab = tab if tab in RATING_TABS else "all"
    seen = Rating.objects.visible_to(user)
    parts = {f"n_{name}": Count("pk", filter=part) for name, part in RATING_TABS.items() if part}
    counts = seen.aggregate(n_all=Count("pk"), **parts)
    tabs = _tabs(RATING_WORDS, {name: counts[f"n_{name}"] for name in RATING_WORDS}, tab)
    cut = _cut(ratings(user, {**asked, "tab": tab}, narrowed), asked)
    rows = [Line(row, tone_of(row.grade), _follow_wait(row)) for row in cut.rows]
    centre = Organisation.objects.filter(pk__in=officer_centres(user)).first()
    return ListPage(rating_figs(centre) if centre else [], tabs, rows, cut, tab)


def _follow_wait(row: Rating) -> Waiting | None:
    follow = getattr(row, "follow_up", None)
    return waiting_of_follow_up(follow) if follow is not None else None


#: Counters of the lists by centre; they are read anew after this while, not for every page.
_figs: Memo[list[dict[str, Any]]] = Memo(most=50, seconds=settings.COUNTERS_SECONDS)


def rating_figs(centre: Organisation) -> list[dict[str, Any]]:
    """Return the counters of the last ninety days: 主动评价率 stands beside 满意率."""
    return _figs.of(("ratings", centre.pk), lambda: _rating_figs(centre))


def _rating_figs(centre: Organisation) -> list[dict[str, Any]]:
    found = rating_counts(*period(), centre)
    return [
        {"label": "满意率", "value": _percent(found.satisfied_rate), "unit": "%",
         "note": f"主动评价 {len(found.given)} 件中基本满意以上 {len(found.satisfied)} 件"},
        {"label": "主动评价率", "value": _percent(found.given_rate), "unit": "%",
         "note": f"默认评价 {len(found.default)} 件，不计入满意率"},
        {"label": "差评", "value": len(found.low), "unit": "件",
         "note": f"已实名回访 {len(found.called)}，已整改答复 {len(found.mended)}，超期 {len(found.late)}"},
        {"label": "整改率", "value": _percent(found.mended_rate), "unit": "%",
         "note": f"按期 {len(found.in_time)} 件；申诉成立不计入 {len(found.excluded)} 件"},
    ]


def _percent(rate: Fraction | None) -> str:
    return "—" if rate is None else str(half_up(rate, 1))


@dataclass(frozen=True, slots=True)
class BodyRow:
    """How a body was rated, without a single rating: too few say 样本不足."""

    body: Organisation
    number: int
    satisfied: str
    low: int

    @property
    def is_small(self) -> bool:
        """Whether so few ratings could lead to who gave them."""
        return self.number < SAMPLE


def body_rows(bodies: Sequence[Organisation]) -> list[BodyRow]:
    """Return how these bodies were rated in the last ninety days. One query."""
    start, end = period()
    found = Rating.objects.filter(
        given_at__gte=start, given_at__lt=end, is_default=False, is_excluded=False, ask__body__in=bodies
    )
    good, low = Count("pk", filter=Q(grade__gte=Grade.FAIR)), Count("pk", filter=Q(grade__lte=Grade.BAD))
    told = {
        body: (number, satisfied, bad) for body, number, satisfied, bad in found.order_by().values("ask__body")
        .annotate(n=Count("pk"), good=good, low=low).values_list("ask__body", "n", "good", "low")
    }
    rows = []
    for body in bodies:
        number, satisfied, bad = told.get(body.pk, (0, 0, 0))
        rows.append(BodyRow(body, number, _percent(percent(satisfied, number) if number else None), bad))
    return rows


def rating_table(user: Person, asked: Mapping[str, str], narrowed: Mapping[str, Any]) -> Table:
    """Return the officer's list as a file."""
    columns = [Column(name, width) for name, width in (
        ("评价时间", 18), ("项目代码", 24), ("项目", 30), ("评价对象", 10), ("事项", 30), ("被评单位", 16), ("环节", 8),
        ("渠道", 10), ("评价", 10), ("说明", 40), ("是否默认", 8), ("是否计入", 8), ("回访", 12),
    )]
    return Table("好差评", columns, _rating_cells(ratings(user, asked, narrowed).order_by("-pk")[:MOST_EXPORTED]))


def _rating_cells(rows: QuerySet[Rating]) -> Iterator[list[Any]]:
    for row in rows:
        ask, follow = row.ask, getattr(row, "follow_up", None)
        yield [
            row.given_at, ask.project.code, ask.project.name, ask.get_scope_display(), ask.what, ask.body.label,
            row.get_moment_display(), row.get_channel_display() or "", row.get_grade_display(), row.words,
            "是" if row.is_default else "", "不计入" if row.is_excluded else "",
            follow.get_state_display() if follow else "",
        ]


def rectifications(user: Person, asked: Mapping[str, str]) -> ListPage:
    """Return what the own bodies have to mend, and did."""
    seen = FollowUp.objects.ordered_to(user).select_related("clock", "body")
    parts = {"open": Q(state__in=[FollowState.MENDING, FollowState.APPEALED]), "all": Q()}
    tab = asked.get("tab", "open") if asked.get("tab", "open") in parts else "open"
    counts = {"open": seen.filter(parts["open"]).count(), "all": seen.count()}
    cut = _cut(seen.filter(parts[tab]), asked)
    rows = [Line(row, TONES[row.state], _body_wait(row)) for row in cut.rows]
    return ListPage([], _tabs({"open": "待整改", "all": "全部"}, counts, tab), rows, cut, tab)


def _body_wait(row: FollowUp) -> Waiting | None:
    return waiting_of_follow_up(row) if row.state in {FollowState.MENDING, FollowState.APPEALED} else None


# Enquiries and complaints --------------------------------------------------------------------------------------------


VOICE_TABS: dict[str, tuple[str, ...]] = {
    "waiting": (VoiceState.WAITING, VoiceState.FOLLOWED, VoiceState.UNSATISFIED),
    "forwarded": (VoiceState.FORWARDED,),
    "answered": (VoiceState.ANSWERED, VoiceState.SATISFIED),
    "closed": (VoiceState.CLOSED,),
    "all": tuple(VoiceState.values),
}
VOICE_WORDS = {"waiting": "等待办理", "forwarded": "转办中", "answered": "已答复", "closed": "已关闭", "all": "全部"}
VOICE = ("project", "centre__region", "forwarded_to", "about_body", "about_person", "clock", "asked_by")


def desk_voices(user: Person) -> QuerySet[Voice]:
    """Return what lies at the user's desk: handled as officer, or forwarded to the own body."""
    handled, forwarded = Voice.objects.handled_by(user), Voice.objects.forwarded_for(user)
    return Voice.objects.filter(Q(pk__in=handled.values("pk")) | Q(pk__in=forwarded.values("pk")))


def voices(user: Person, asked: Mapping[str, str], narrowed: Mapping[str, Any]) -> QuerySet[Voice]:
    """Return the list of the desk as it is filtered."""
    found = desk_voices(user)
    if (tab := asked.get("tab", "all")) in VOICE_TABS and tab != "all":
        found = found.filter(state__in=VOICE_TABS[tab])
    if text := str(narrowed.get("q") or "").strip():
        found = found.filter(
            Q(number__icontains=text) | Q(title__icontains=text) | Q(project__name__icontains=text)
            | Q(project__code__startswith=text.upper())
        )
    for name in ("kind", "state"):
        if narrowed.get(name):
            found = found.filter(**{name: narrowed[name]})
    return found.select_related(*VOICE)


def voices_page(user: Person, asked: Mapping[str, str], narrowed: Mapping[str, Any]) -> ListPage:
    """Return one page of the desk's list."""
    first = "waiting" if access_of(user).has(*OFFICERS, Role.SUPERVISOR) else "forwarded"
    tab = asked.get("tab", first)
    tab = tab if tab in VOICE_TABS else first
    by_state = dict(desk_voices(user).order_by().values_list("state").annotate(n=Count("pk")))
    counts = {name: sum(by_state.get(state, 0) for state in states) for name, states in VOICE_TABS.items()}
    cut = _cut(voices(user, {**asked, "tab": tab}, narrowed), asked)
    rows = [Line(row, TONES[row.state], waiting_of_voice(row)) for row in cut.rows]
    return ListPage([], _tabs(VOICE_WORDS, counts, tab), rows, cut, tab)


def voice_figs(centre: Organisation) -> list[dict[str, Any]]:
    """Return the counters of the last ninety days."""
    return _figs.of(("voices", centre.pk), lambda: _voice_figs(centre))


def _voice_figs(centre: Organisation) -> list[dict[str, Any]]:
    found = enquiry_counts(*period(), centre)
    return [
        {"label": "收到", "value": len(found.asked), "unit": "件",
         "note": "，".join(f"{word} {len(found.kinds.get(kind, ()))}" for kind, word in _kinds())},
        {"label": "等待答复", "value": len(found.owed), "unit": "件",
         "note": f"转办 {len(found.forwarded)} 件，追问 {len(found.followed)} 件"},
        {"label": "按时答复率", "value": _percent(found.in_time_rate), "unit": "%",
         "note": f"按时 {len(found.in_time)} 件，超期 {len(found.late)} 件"},
        {"label": "答复满意率", "value": _percent(found.satisfied_rate), "unit": "%",
         "note": f"不满意 {len(found.unsatisfied)} 件，没有评价 {len(found.silent)} 件"},
    ]


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, str(kind.label)) for kind in VoiceKind]


def voice_table(user: Person, asked: Mapping[str, str], narrowed: Mapping[str, Any]) -> Table:
    """Return the list of the desk as a file. Telephones are not in it."""
    columns = [Column(name, width) for name, width in (
        ("编号", 26), ("类型", 10), ("状态", 10), ("标题", 36), ("项目代码", 24), ("项目", 30), ("来源", 12),
        ("提出时间", 18), ("答复期限", 12), ("承办单位", 16), ("被反映单位", 16), ("答复时间", 18),
        ("追问次数", 8), ("是否满意", 8),
    )]
    return Table("咨询投诉", columns, _voice_cells(voices(user, asked, narrowed).order_by("-pk")[:MOST_EXPORTED]))


def _voice_cells(rows: QuerySet[Voice]) -> Iterator[list[Any]]:
    for row in rows:
        yield [
            row.number, row.get_kind_display(), row.get_state_display(), row.title,
            row.project.code if row.project else "", row.project.name if row.project else "",
            row.get_channel_display(), row.asked_at, row.clock.due_on,
            row.forwarded_to.label if row.forwarded_to else "", row.about_body.label if row.about_body else "",
            row.answered_at, row.followed_count, {True: "满意", False: "不满意", None: ""}[row.verdict],
        ]


def turns_of(row: Voice, *, inside: bool, is_officer: bool = False) -> list[dict[str, Any]]:
    """Return the exchange, the newest first: the office's own steps only inside, who asked only for the officer."""
    found = VoiceTurn.objects.filter(voice=row).select_related("by", "body", "paper").order_by("-pk")
    if not inside:
        found = found.filter(kind__in=TURNS_SHOWN)
    return [{"turn": turn, "who": _who(turn, row, inside=inside, is_officer=is_officer)} for turn in found]


def _who(turn: VoiceTurn, row: Voice, *, inside: bool, is_officer: bool) -> str:
    if turn.kind in {TurnKind.ASK, TurnKind.FOLLOW, TurnKind.VERDICT}:
        name = row.asker_name if is_officer else ""
        return name or "提出人" if inside else "您"
    if turn.by is None:
        return "系统"
    body = turn.body.label if turn.body and turn.kind != TurnKind.FORWARD else ""
    return f"{body} {turn.by}".strip() if inside else body or "审批服务中心"


def own_voices(user: Person, asked: Mapping[str, str]) -> ListPage:
    """Return what the user has asked."""
    seen = Voice.objects.asked_by(user)
    parts = {"open": ~Q(state=VoiceState.CLOSED), "all": Q()}
    tab = asked.get("tab", "all") if asked.get("tab", "all") in parts else "all"
    counts = {"open": seen.filter(parts["open"]).count(), "all": seen.count()}
    cut = _cut(seen.filter(parts[tab]).select_related("project", "clock", "forwarded_to"), asked)
    rows = [Line(row, TONES[row.state], waiting_of_voice(row, to_asker=True)) for row in cut.rows]
    return ListPage([], _tabs({"all": "全部", "open": "未关闭"}, counts, tab), rows, cut, tab)


def bodies_to_name(centre: Organisation | None = None) -> list[Organisation]:
    """Return the bodies that may be complained of or have something forwarded: those with people."""
    kinds = [
        OrganisationKind.BUREAU, OrganisationKind.DEPARTMENT, OrganisationKind.COMMITTEE, OrganisationKind.CENTRE,
        OrganisationKind.REGISTRY, OrganisationKind.UTILITY, OrganisationKind.ARCHIVE,
    ]
    found = Organisation.objects.filter(kind__in=kinds, memberships__in=Membership.objects.posts())
    if centre is not None and centre.region_id:
        found = found.filter(Q(region=centre.region_id) | Q(region=None))
    return list(found.distinct().order_by("pk"))
