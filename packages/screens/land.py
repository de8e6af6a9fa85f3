"""Land lists and standard land: the list of both, and the page of each with what this person may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from packages import assessment_rules as may
from packages.assessment_states import TONES, LandListState, StandardState
from packages.models import LandCheck, LandIndicator, LandList, LandListItem, StandardLand
from packages.screens.acting import Act
from packages.screens.assessment import organiser, region_of
from packages.screens.case import timeline
from packages.services.standard_land import show
from projects import timing
from projects.errors import Verdict
from projects.events import subject_of
from projects.models import Event, Project, User
from projects.paging import KeyPage, as_key, key_page
from projects.states import ProjectStatus

PAGE, EVENTS = 20, 20


@dataclass(frozen=True, slots=True)
class LandRow:
    """A land list or standard land in the list: its state and for whom it waits."""

    land: LandList | StandardLand
    waits: str

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES.get(self.land.state, "")


@dataclass(frozen=True, slots=True)
class LandPage:
    """The list of both kinds."""

    rows: tuple[LandRow, ...]
    page: KeyPage[LandList] | KeyPage[StandardLand]
    is_standard: bool
    tabs: tuple[dict[str, object], ...]
    can_make: Verdict


def land_page(user: User, asked: Mapping[str, str]) -> LandPage:
    """Return the list of land lists or of standard land for a person. A constant number of queries."""
    is_standard = asked.get("view") == "standard"
    lists, standards = LandList.objects.visible_to(user), StandardLand.objects.visible_to(user)
    keys = {"after": as_key(asked.get("after")), "before": as_key(asked.get("before"))}
    page: KeyPage[LandList] | KeyPage[StandardLand]
    if is_standard:
        page = key_page(standards.select_related("keeper", "project__owner"), sort="-pk", size=PAGE, **keys)
        rows = tuple(LandRow(land, standard_waits(land)) for land in page.rows)
    else:
        found = lists.select_related("keeper", "project__owner").annotate(
            unsigned=Count("items", filter=Q(items__signed_at=None)), asked=Count("items")
        )
        page = key_page(found, sort="-pk", size=PAGE, **keys)
        rows = tuple(LandRow(land, list_waits(land, int(getattr(land, "unsigned", 0)))) for land in page.rows)
    tabs = (
        {"label": "用地清单", "count": lists.count(), "url": "?", "current": not is_standard},
        {"label": "标准地", "count": standards.count(), "url": "?view=standard", "current": is_standard},
    )
    return LandPage(rows, page, is_standard, tabs, may.can_register_unit(user, organiser(user)))


def list_waits(land: LandList, unsigned: int) -> str:
    """For whom a land list waits."""
    if land.state == LandListState.COLLECTING:
        return f"等 {unsigned} 个部门签认，{timing.spoken(land.due_on)}前"
    if land.state == LandListState.READY:
        return f"等{land.keeper.label}随地交付"
    return f"等{land.project.owner.name}签收" if land.state == LandListState.HANDED and land.project else ""


def standard_waits(land: StandardLand) -> str:
    """For whom standard land waits."""
    owner = land.project.owner.name if land.project else ""
    keeper = land.keeper.label
    words = {
        StandardState.PROPOSED: f"等{keeper}确认达标", StandardState.QUALIFIED: f"等{keeper}挂牌",
        StandardState.LISTED: f"等{keeper}登记出让", StandardState.SOLD: f"等{owner}负责人签订承诺书",
        StandardState.COMMITTED: f"等{keeper}登记开工", StandardState.BUILDING: f"等{owner}达产",
        StandardState.CHECKING: f"等{keeper}核查", StandardState.RECTIFYING: f"等{owner}整改",
    }.get(StandardState(land.state), "")
    if land.check_on and land.state in (StandardState.BUILDING, StandardState.RECTIFYING):
        words += f"，{timing.written(land.check_on)}前"
    return words


def parties_of(land: LandList | StandardLand) -> QuerySet[Project]:
    """Return the running projects of the region to which the keeper may hand land over."""
    return Project.objects.filter(region=region_of(land.keeper), status=ProjectStatus.ACTIVE)


# Pages ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemRow:
    """The line of a department, and whether this person may sign it."""

    item: LandListItem
    verdict: Verdict
    url: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A land list."""

    land: LandList
    rows: tuple[ItemRow, ...]
    acts: tuple[Act, ...]
    waits: str
    tone: str
    events: list[dict[str, object]]


def list_page(land: LandList, user: User) -> ListPage:
    """Return the page of a land list for a person."""
    items = list(land.items.select_related("department", "signed_by").order_by("order"))
    for item in items:
        item.land_list = land
    acts = (
        Act("随地交付", reverse("packages:land_hand", args=[land.pk]), may.can_hand_over(user, land)),
        Act("签收", reverse("packages:land_receive", args=[land.pk]), may.can_receive_list(user, land)),
    )
    unsigned = sum(item.signed_at is None for item in items)
    return ListPage(
        land,
        tuple(
            ItemRow(item, may.can_sign_item(user, item), reverse("packages:land_item", args=[item.pk]))
            for item in items
        ),
        tuple(act for act in acts if act.verdict), list_waits(land, unsigned), TONES.get(land.state, ""),
        _events(land),
    )


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """An indicator in words."""

    row: LandIndicator

    @property
    def bound(self) -> str:
        """不低于 200 万元/亩."""
        return f"{self.row.get_bound_display()} {show(self.row.value)} {self.row.unit}".strip()

    @property
    def promised(self) -> str:
        """What was promised."""
        return show(self.row.promised)

    @property
    def found(self) -> str:
        """What the last check found."""
        return show(self.row.found)

    @property
    def is_missed(self) -> bool:
        """Whether the last check found it not reached."""
        from packages.services.standard_land import reaches

        return self.row.found is not None and not reaches(self.row, self.row.found, self.row.promised)


@dataclass(frozen=True, slots=True)
class StandardPage:
    """Standard land."""

    land: StandardLand
    rows: tuple[IndicatorRow, ...]
    sources: tuple[str, ...]
    checks: tuple[LandCheck, ...]
    acts: tuple[Act, ...]
    waits: str
    tone: str
    area: str
    events: list[dict[str, object]]


STEPS = {
    StandardState.PROPOSED: (("确认达标", "standard_qualify", may.can_move_standard),),
    StandardState.QUALIFIED: (("登记挂牌", "standard_offer", may.can_move_standard),),
    StandardState.LISTED: (("登记出让", "standard_sell", may.can_move_standard),),
    StandardState.SOLD: (("签订承诺书", "standard_commit", may.can_commit_standard),),
    StandardState.COMMITTED: (("登记开工", "standard_build", may.can_move_standard),),
    StandardState.BUILDING: (("申请达产核查", "standard_call", may.can_call_check),),
    StandardState.CHECKING: (("登记核查结果", "standard_check", may.can_check_standard),),
    StandardState.RECTIFYING: (("申请复查", "standard_call", may.can_call_check),),
}


def standard_page(land: StandardLand, user: User) -> StandardPage:
    """Return the page of standard land for a person."""
    acts = (
        Act(label, reverse(f"packages:{name}", args=[land.pk]), rule(user, land))
        for label, name, rule in STEPS.get(StandardState(land.state), ())
    )
    rows = tuple(IndicatorRow(row) for row in land.indicators.order_by("order"))
    return StandardPage(
        land, rows, tuple(dict.fromkeys(one.row.source for one in rows if one.row.source)),
        tuple(land.checks.select_related("checked_by").order_by("-number")), tuple(act for act in acts if act.verdict),
        standard_waits(land), TONES.get(land.state, ""), show(Decimal(land.area)), _events(land),
    )


def _events(land: LandList | StandardLand) -> list[dict[str, object]]:
    label, key = subject_of(land)
    return timeline(tuple(Event.objects.filter(subject_type=label, subject_key=key).order_by("-pk")[:EVENTS]))
