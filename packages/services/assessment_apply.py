"""The plan follows the register: a parcel is set, a result comes into force, nears its end, runs out, is revoked.

The answers of the register go into the facts of the enrolment, which stay the one input of every plan. A matter that is
under way is carried to its end: its answer changes once nothing of it runs any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from packages import assessment_rules, geometry
from packages.assessment_states import ResultState, UseState
from packages.facts import FactValue
from packages.models import Enrolment, MatterCase, Parcel, RegionalResult, RegionalUnit, RegionalUse
from packages.planning.build import build_plan, questions_of
from packages.services.assessment_effects import regional_effects, with_regional
from packages.services.assessment_uses import sync_uses
from packages.services.checklist import fill_lines
from packages.services.enrolment import answer_anew
from packages.states import CASE_OPEN
from projects import timing
from projects.errors import require
from projects.events import lock_project, record
from projects.jobs import each
from projects.models import JobRun, Organisation, Project, User
from projects.states import ProjectStatus, Stage

# Where a project lies ------------------------------------------------------------------------------------------------


@transaction.atomic
def set_parcel(
    project_id: int, *, place: str, by: User, number: str = "", at: dt.datetime | None = None
) -> Parcel:
    """Say where a project lies, as GeoJSON; the plan follows at once.

    Effects in order: the parcel; event `parcel.set`; uses and plan as `follow_regional`. The same place again changes
    nothing. Raises `NotAllowed`, `DomainError` (`boundary`).
    """
    project = lock_project(project_id)
    require(assessment_rules.can_set_parcel, by, project)
    shape = geometry.read_place(place)
    standing = Parcel.objects.select_for_update().filter(project=project).first()
    if standing is not None and (standing.geometry, standing.number) == (shape, number.strip()):
        return standing
    parcel = standing or Parcel(project=project)
    parcel.geometry, parcel.number = shape, number.strip()[:40]
    parcel.set_by, parcel.set_at = by, at or timing.now()
    for name, value in geometry.frame_of(shape).fields.items():
        setattr(parcel, name, value)
    parcel.save()
    record(
        "parcel.set", subject=parcel, project=project, by=by, at=at,
        summary=f"登记项目位置{'：' + parcel.number if parcel.number else ''}",
        data={"kind": shape["type"], "number": parcel.number},
    )
    if not _follow(project, by=by, at=at):
        fill_lines(project, at=at)  # papers of the same land that are there already
    return parcel


# The plan follows ----------------------------------------------------------------------------------------------------


@transaction.atomic
def follow_regional(project_id: int, *, by: User | None = None, at: dt.datetime | None = None) -> bool:
    """Let the plan and the uses of a project be what the register says today; return whether anything changed."""
    project = lock_project(project_id)
    if project.status != ProjectStatus.ACTIVE or project.stage == Stage.DELIVERED:
        return False
    return _follow(project, by=by, at=at)


def _follow(project: Project, *, by: User | None, at: dt.datetime | None) -> bool:
    enrolment = Enrolment.objects.select_for_update(of=("self",)).select_related("package_version__package").filter(
        project=project
    ).first()
    if enrolment is None:
        return False
    enrolment.project = project
    effects = regional_effects(project, timing.business_day(at or timing.now()), enrolment.facts)
    asked = [fact.name for fact in questions_of(enrolment.package_version)]
    wanted = _possible(project, enrolment, with_regional(enrolment.facts, effects, asked))
    changed = wanted != enrolment.facts
    if changed:
        said = [effect for effect in effects if wanted.get(effect.fact) != enrolment.facts.get(effect.fact)]
        why = "；".join(f"{effect.name}：{effect.words}" for effect in said)
        answer_anew(enrolment, wanted, by=by, at=at, why=f"区域评估，{why}")
    settled = [effect for effect in effects if enrolment.facts.get(effect.fact) in (None, effect.answer)]
    # where a matter under way holds the old answer, its use stays until that matter has ended
    held = {effect.item for effect in effects} - {effect.item for effect in settled}
    fresh = sync_uses(project, enrolment, settled, held=held, by=by, at=at)
    if changed or fresh:
        fill_lines(project, at=at)
    return changed or bool(fresh)


def _possible(
    project: Project, enrolment: Enrolment, wanted: Mapping[str, FactValue]
) -> dict[str, FactValue]:
    """Return the facts without the answers that would take away a matter that is under way."""
    running = set(
        MatterCase.objects.filter(project=project, state__in=CASE_OPEN).values_list("matter__matter__code", flat=True)
    )
    given = dict(wanted)
    if not running or running <= build_plan(enrolment.package_version, given).codes:
        return given
    having = running & build_plan(enrolment.package_version, enrolment.facts).codes
    for name, value in wanted.items():
        old = enrolment.facts.get(name)
        if old is None or old == value:
            continue
        if not having <= build_plan(enrolment.package_version, {**enrolment.facts, name: value}).codes:
            given[name] = old
    return given


def concerned(unit: RegionalUnit) -> QuerySet[Parcel]:
    """Return the parcels of running projects whose frame meets that of a unit."""
    return Parcel.objects.filter(
        west__lte=unit.east, east__gte=unit.west, south__lte=unit.north, north__gte=unit.south,
        project__status=ProjectStatus.ACTIVE,
    ).exclude(project__stage=Stage.DELIVERED)


def follow_unit(unit_id: int) -> int:
    """Let every running project follow whose parcel lies in a unit; return how many changed."""
    unit = RegionalUnit.objects.get(pk=unit_id)
    inside = [
        parcel.project_id for parcel in concerned(unit).order_by("pk")
        if geometry.touched([unit.boundary], parcel.geometry)
    ]
    used = RegionalUse.objects.filter(result__unit=unit, state=UseState.APPLIED).values_list("project_id", flat=True)
    return sum(follow_regional(project_id) for project_id in sorted({*inside, *used}))


# Sweeps --------------------------------------------------------------------------------------------------------------


def near_end() -> QuerySet[RegionalResult]:
    """Return the results that have to be warned of: REGIONAL_WARN_DAYS calendar days or less before the last one."""
    day = timing.today() + dt.timedelta(days=settings.REGIONAL_WARN_DAYS)
    return RegionalResult.objects.filter(state=ResultState.VALID, valid_until__lte=day)


def run_out() -> QuerySet[RegionalResult]:
    """Return the results whose last day is over."""
    live = [ResultState.VALID, ResultState.EXPIRING]
    return RegionalResult.objects.filter(state__in=live, valid_until__lt=timing.today())


def stale_uses() -> QuerySet[RegionalUse]:
    """Return the uses that stand on a result that does not hold any more."""
    today = timing.today()
    gone = Q(result__valid_until__lt=today) | Q(result__state=ResultState.REVOKED)
    return RegionalUse.objects.filter(gone, state=UseState.APPLIED, project__status=ProjectStatus.ACTIVE)


def due() -> list[QuerySet[Any]]:
    """Return what the sweep looks at."""
    return [near_end(), run_out(), stale_uses()]


def sweep(run: JobRun) -> int:
    """Warn of results near their end, let lapse what is over, and let the plans follow; return how many."""
    return (
        each(run, near_end(), _warn) + each(run, run_out(), _lapse)
        + each(run, stale_uses(), follow_regional, column="project_id")
    )


def lock_result(result_id: int) -> RegionalResult:
    """Return a result, locked with its keeper, in whose chain its events stand."""
    keeper = RegionalResult.objects.values_list("unit__keeper_id", flat=True).get(pk=result_id)
    Organisation.objects.select_for_update().get(pk=keeper)
    return RegionalResult.objects.select_for_update(of=("self",)).select_related("unit__keeper", "approver").get(
        pk=result_id
    )


def tell_result(
    result: RegionalResult, verb: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None
) -> None:
    """Save a result after a step and tell it in the chain of its keeper."""
    result.changed_at = at or timing.now()
    result.save()
    record(
        f"regional.{verb}", subject=result, organisation=result.unit.keeper, by=by, at=at, summary=summary,
        data={"state": [old, result.state], "unit": result.unit_id},
    )


@transaction.atomic
def _warn(result_id: int) -> bool:
    result = lock_result(result_id)
    if result.state != ResultState.VALID or result.valid_until is None:
        return False
    old = result.state
    result.near_end()
    left = (result.valid_until - timing.today()).days
    words = f"{result}成果将于{timing.written(result.valid_until)}到期，还有 {max(left, 0)} 天"
    tell_result(result, "warned", words, old, by=None, at=None)
    return True


@transaction.atomic
def _lapse(result_id: int) -> bool:
    result = lock_result(result_id)
    if result.state not in (ResultState.VALID, ResultState.EXPIRING) or result.valid_until is None:
        return False
    old = result.state
    result.lapse()
    words = f"{result}成果已于{timing.written(result.valid_until)}到期失效"
    tell_result(result, "lapsed", words, old, by=None, at=None)
    return True
