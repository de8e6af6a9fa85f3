"""分期: buildings of the permit that are surveyed and accepted before the rest, as works of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from acceptance import survey_rules
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Building, WorkUnit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from projects.models import User


@transaction.atomic
def register_phase(
    work_unit_id: int, *, by: User, name: str, building_ids: Sequence[int], at: dt.datetime | None = None
) -> WorkUnit:
    """Make a phase of buildings of the permit and return it; it has its own survey, pre-acceptance and acceptance.

    The buildings move from the works to the phase, at least one stays. Event `phase.registered`. The same name again
    returns what stands. Errors: no name, no building, a building that is not of these works, all of them.
    Source: handbook §8.3c.
    """
    unit = WorkUnit.objects.select_related("project").get(pk=work_unit_id)
    unit.project = project = lock_project(unit.project_id)
    name = name.strip()
    standing = WorkUnit.objects.filter(project=project, is_default=False, name=name).first()
    if standing is not None:
        return standing
    require(survey_rules.can_register_phase, by, unit)
    if not name:
        raise DomainError("name_missing", "请填写分期名称，如“一期”。")
    known = {building.pk: building for building in Building.objects.filter(work_unit=unit)}
    chosen = [known[pk] for pk in dict.fromkeys(building_ids) if pk in known]
    if not chosen or len(chosen) < len(set(building_ids)):
        raise DomainError("building_unknown", "请从规划许可的单体中选择本期建成的单体。")
    if len(chosen) == len(known):
        raise DomainError("all_buildings", "全部单体一起验收的，按整个工程申请，不用分期。")
    number = WorkUnit.objects.filter(project=project).count() + 1
    phase = WorkUnit.objects.create(project=project, code=f"{unit.code}-{number:02d}", name=name, is_default=False)
    Building.objects.filter(pk__in=[building.pk for building in chosen]).update(work_unit=phase)
    record(
        "phase.registered", subject=phase, project=project, by=by, at=at,
        summary=f"登记分期 {name}：{'、'.join(building.name for building in chosen)}",
        data={"code": phase.code, "buildings": [building.name for building in chosen]},
    )
    return phase
