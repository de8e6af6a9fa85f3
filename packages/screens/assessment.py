"""The register of regional assessment, the page of an area, and the joint assessment of a project."""

from __future__ import annotations

import calendar
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404
from django.urls import reverse

from packages import assessment_rules as may
from packages import geometry
from packages.assessment_rules import ORGANISER
from packages.assessment_states import (
    RESULT_COMING,
    RESULT_LIVE,
    TONES,
    BookState,
    EffectStatus,
    ResultState,
)
from packages.geometry import Outline
from packages.models import (
    Enrolment,
    LandList,
    OneBook,
    Parcel,
    RegionalResult,
    RegionalUnit,
    RegionalUse,
    StandardLand,
)
from packages.planning.build import build_plan
from packages.screens.acting import Act
from packages.screens.case import timeline
from packages.services.assessment_apply import concerned
from packages.services.assessment_effects import Effect, regional_effects, units_at
from packages.services.one_book import chapters_needed
from projects import timing
from projects.access import access_of
from projects.errors import Verdict
from projects.events import subject_of
from projects.models import Event, Organisation, Project, Region, User
from projects.paging import KeyPage, as_key, key_page
from projects.states import OrganisationKind

PAGE, EVENTS, MOST_PLACES = 20, 20, 60


def months_later(day: dt.date, months: int) -> dt.date:
    """Return the last day of a validity of so many months that begins on a day."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, min(day.day, last)) - dt.timedelta(days=1)


def organiser(user: User) -> Organisation:
    """Return the organising body for which a person may register, or the first one there is."""
    mine = next((body for body in access_of(user).organisations if body.code == ORGANISER), None)
    found = mine or Organisation.objects.select_related("region").filter(code=ORGANISER).first()
    if found is None:
        raise Http404
    return found


def region_of(keeper: Organisation) -> Region | None:
    """Return the region of the organising body, or of the bureau where it has none of its own."""
    if keeper.region is not None:
        return keeper.region
    bureau = Organisation.objects.filter(kind=OrganisationKind.BUREAU, region__isnull=False).select_related("region")
    found = bureau.order_by("pk").first()
    return found.region if found else None


# The register --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitRow:
    """An area in the list: what holds, what is being made, what runs out soon."""

    unit: RegionalUnit
    live: tuple[RegionalResult, ...]
    coming: tuple[RegionalResult, ...]

    @property
    def soon(self) -> list[RegionalResult]:
        """What runs out soon."""
        return [result for result in self.live if result.state == ResultState.EXPIRING]


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """All areas, or all results that run out soon."""

    units: tuple[UnitRow, ...]
    page: KeyPage[RegionalUnit]
    expiring: tuple[RegionalResult, ...]
    is_expiring: bool
    counts: tuple[tuple[str, int], ...]
    tabs: tuple[dict[str, object], ...]
    can_register: Verdict
    warn_days: int


def register_page(user: User, asked: Mapping[str, str]) -> RegisterPage:
    """Return the list of areas for a person. A constant number of queries."""
    seen = RegionalResult.objects.visible_to(user)
    edge = timing.today() + dt.timedelta(days=settings.REGIONAL_WARN_DAYS)
    ending = seen.filter(state__in=RESULT_LIVE, valid_until__lte=edge).select_related("unit__keeper", "approver")
    ending = ending.annotate(projects=Count("uses", filter=Q(uses__state="applied"))).order_by("valid_until", "pk")
    is_expiring = asked.get("view") == "expiring"
    expiring = tuple(ending[:100]) if is_expiring else ()
    page = key_page(
        RegionalUnit.objects.select_related("keeper"), sort="-pk", size=PAGE, after=as_key(asked.get("after")),
        before=as_key(asked.get("before")),
    )
    by_unit: dict[int, list[RegionalResult]] = defaultdict(list)
    if not is_expiring:
        found = seen.filter(unit__in=page.rows, state__in=[*RESULT_LIVE, *RESULT_COMING])
        for result in found.order_by("item", "pk"):
            by_unit[result.unit_id].append(result)
    rows = tuple(
        UnitRow(
            unit, tuple(r for r in by_unit[unit.pk] if r.state in RESULT_LIVE),
            tuple(r for r in by_unit[unit.pk] if r.state in RESULT_COMING),
        )
        for unit in page.rows
    )
    sums = seen.aggregate(
        live=Count("pk", filter=Q(state__in=RESULT_LIVE)), coming=Count("pk", filter=Q(state__in=RESULT_COMING)),
        ending=Count("pk", filter=Q(state__in=RESULT_LIVE, valid_until__lte=edge)),
    )
    tabs = (
        {"label": "区域", "count": RegionalUnit.objects.count(), "url": "?", "current": not is_expiring},
        {"label": "即将到期", "count": sums["ending"], "url": "?view=expiring", "current": is_expiring,
         "bad": bool(sums["ending"])},
    )
    counts = (("有效成果", sums["live"]), ("编制中", sums["coming"]), ("即将到期", sums["ending"]))
    return RegisterPage(
        rows, page, expiring, is_expiring, counts, tabs, may.can_register_unit(user, organiser(user)),
        settings.REGIONAL_WARN_DAYS,
    )


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result on the page of its area, with the steps that this person may take."""

    result: RegionalResult
    acts: tuple[Act, ...]
    uses: int

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES.get(self.result.state, "")

    @property
    def until_words(self) -> str:
        """From when until when, or when it should be there."""
        result = self.result
        if result.valid_from and result.valid_until:
            return f"{timing.spoken(result.valid_from)}至{timing.spoken(result.valid_until)}"
        return f"预计{timing.spoken(result.expected_on)}" if result.expected_on else "—"


@dataclass(frozen=True, slots=True)
class UnitPage:
    """An area: outline, results, projects, what happened."""

    unit: RegionalUnit
    rows: tuple[ResultRow, ...]
    past: tuple[ResultRow, ...]
    outline: Outline
    inside: int
    projects: tuple[Project, ...]
    acts: tuple[Act, ...]
    events: list[dict[str, object]]


def unit_page(unit: RegionalUnit, user: User) -> UnitPage:
    """Return the page of an area for a person."""
    found = RegionalResult.objects.visible_to(user).filter(unit=unit).select_related("approver").annotate(
        used=Count("uses", filter=Q(uses__state__in=["applied", "fixed"]))
    )
    rows = []
    for result in found.order_by("item", "-pk"):
        result.unit = unit
        rows.append(ResultRow(result, tuple(_result_acts(result, user)), int(getattr(result, "used", 0))))
    near = concerned(unit).select_related("project").order_by("-pk")[:MOST_PLACES]
    parcels = [parcel for parcel in near if geometry.touched([unit.boundary], parcel.geometry)]
    inside = [parcel.project_id for parcel in parcels]
    seen = tuple(Project.objects.visible_to(user).filter(pk__in=inside).order_by("-pk"))
    keys = [str(row.result.pk) for row in rows]
    label, key = subject_of(unit)
    about = Q(subject_type=label, subject_key=key) | Q(subject_type=RegionalResult._meta.label, subject_key__in=keys)
    events = tuple(Event.objects.filter(about, organisation_id=unit.keeper_id).order_by("-pk")[:EVENTS])
    ended = (ResultState.LAPSED, ResultState.REVOKED)
    acts = (
        Act("发起区域评估", reverse("packages:regional_propose", args=[unit.pk]), may.can_keep_unit(user, unit)),
        Act("调整范围", reverse("packages:regional_boundary", args=[unit.pk]), may.can_keep_unit(user, unit)),
    )
    return UnitPage(
        unit, tuple(row for row in rows if row.result.state not in ended),
        tuple(row for row in rows if row.result.state in ended),
        geometry.outline(unit.boundary, [parcel.geometry for parcel in parcels]),
        len(inside), seen, tuple(act for act in acts if act.verdict),
        timeline(events) if access_of(user).is_office else [],
    )


STEPS = {
    ResultState.PROPOSED: ("委托编制", "result_compile", may.can_move_result),
    ResultState.COMPILING: ("提交评审", "result_submit", may.can_move_result),
    ResultState.REVIEWING: ("评审批准", "result_judge", may.can_judge_result),
    ResultState.APPROVED: ("公布生效", "result_publish", may.can_move_result),
}


def _result_acts(result: RegionalResult, user: User) -> list[Act]:
    """Return the steps that this person may take; what another has to do is said by the state."""
    acts = []
    if (step := STEPS.get(ResultState(result.state))) is not None:
        label, name, rule = step
        acts.append(Act(label, reverse(f"packages:{name}", args=[result.pk]), rule(user, result)))
    if result.state in (ResultState.EXPIRING, ResultState.LAPSED):
        acts.append(Act("更新", reverse("packages:result_renew", args=[result.pk]), may.can_renew_result(user, result)))
    revoke = may.can_revoke_result(user, result)
    acts.append(Act("撤销", reverse("packages:result_revoke", args=[result.pk]), revoke, danger=True))
    return [act for act in acts if act.verdict]


# A project -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One item for a project: what the register says, and which matters fall away or come instead by name."""

    effect: Effect
    dropped: tuple[str, ...]
    brought: tuple[str, ...]
    use: RegionalUse | None

    @property
    def tone(self) -> str:
        """Colour of the status."""
        return TONES.get(self.effect.status, "")

    @property
    def is_saved(self) -> bool:
        """Whether the project is spared a separate assessment."""
        return self.effect.status in (EffectStatus.APPLIES, EffectStatus.FIXED, EffectStatus.COMMITS)


@dataclass(frozen=True, slots=True)
class AssessmentPage:
    """The joint assessment of a project: place, effects, land list, standard land, combined report."""

    parcel: Parcel | None
    place_words: str
    units: tuple[RegionalUnit, ...]
    outline: Outline | None
    rows: tuple[EffectRow, ...]
    land_list: LandList | None
    standard: StandardLand | None
    books: tuple[OneBook, ...]
    needed: tuple[str, ...]
    can_place: Verdict
    can_open: Verdict
    enrolled: bool

    @property
    def dropped(self) -> list[str]:
        """Names of all matters that fall away."""
        return list(dict.fromkeys(name for row in self.rows for name in row.dropped))

    @property
    def running(self) -> OneBook | None:
        """The combined report that is under way."""
        return next((book for book in self.books if book.closed_at is None), None)


def project_page(project: Project, user: User) -> AssessmentPage:
    """Return the joint assessment of a project for a person. A fixed number of queries."""
    parcel = Parcel.objects.filter(project=project).first()
    units = tuple(units_at(parcel)) if parcel else ()
    outline = geometry.outline(units[0].boundary, [parcel.geometry]) if parcel and units else None
    enrolment = Enrolment.objects.select_related("package_version__package").filter(project=project).first()
    return AssessmentPage(
        parcel, _place_words(parcel), units, outline, effect_rows(project, enrolment),
        LandList.objects.filter(project=project).select_related("keeper", "paper", "received_by").first(),
        StandardLand.objects.filter(project=project).select_related("keeper", "signed_by").first(),
        tuple(OneBook.objects.filter(project=project).exclude(state=BookState.CLOSED).order_by("-pk")),
        tuple(chapter.name for chapter in chapters_needed(project)), may.can_set_parcel(user, project),
        may.can_open_book(user, project), enrolment is not None,
    )


def _place_words(parcel: Parcel | None) -> str:
    if parcel is None:
        return ""
    shape = parcel.geometry
    if shape["type"] == "Point":
        return f"{shape['coordinates'][0]:.5f}，{shape['coordinates'][1]:.5f}"
    return f"宗地边界，约 {geometry.hectares(shape)} 公顷"


def effect_rows(project: Project, enrolment: Enrolment | None) -> tuple[EffectRow, ...]:
    """Return what the register says of a project, with the matters it drops by name."""
    effects = regional_effects(project)
    if not effects:
        return ()
    uses = {use.item: use for use in RegionalUse.objects.filter(project=project).live().select_related("paper")}
    return tuple(EffectRow(effect, *_difference(enrolment, effect), uses.get(effect.item)) for effect in effects)


def _difference(enrolment: Enrolment | None, effect: Effect) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the matters that an effect drops and brings in this plan."""
    if enrolment is None or effect.answer == "no":
        return (), ()
    version, facts = enrolment.package_version, enrolment.facts
    without = build_plan(version, {**facts, effect.fact: "no"})
    having = build_plan(version, {**facts, effect.fact: "yes"})
    return (
        tuple(m.name for m in without.matters if m.code not in having.codes),
        tuple(m.name for m in having.matters if m.code not in without.codes),
    )


def place_now(project: Project) -> dict[str, object]:
    """Return what the form of the place begins with."""
    parcel = Parcel.objects.filter(project=project).first()
    if parcel is None:
        return {}
    shape = parcel.geometry
    if shape["type"] == "Point":
        longitude, latitude = shape["coordinates"][:2]
        return {"number": parcel.number, "longitude": longitude, "latitude": latitude}
    return {"number": parcel.number, "boundary": json.dumps(shape)}


def on_plan(project: Project, enrolment: Enrolment | None) -> list[EffectRow]:
    """Return what the plan says of the register: what fell away, and what may be committed to."""
    return [row for row in effect_rows(project, enrolment) if row.is_saved and (row.dropped or row.use is not None)]
