"""多测合一: the list of buildings of the permit, one commission, one result, shared with everybody who needs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

from django.db import transaction
from django.db.models import Sum

from acceptance import data, survey_rules
from acceptance.models import JointSurvey, SurveyedBuilding
from acceptance.services.scoping import package_of
from acceptance.states import SURVEY_OPEN, SurveyState
from archives.models import DocumentKind
from archives.paper_kinds import paper_slug
from archives.services.filing import file_upload
from archives.services.papers import issue_paper
from archives.states import PaperKind
from packages.models import MatterCase
from packages.services.checklist import fill_lines
from packages.services.fees import close_with
from packages.states import CaseState
from projects import timing
from projects.back_entry import check_follows
from projects.clock_states import ClockKind, TimeOwner
from projects.clocks import cancel_clock, start_clock, stop_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Building, Organisation, WorkUnit
from projects.quoting import quoted
from projects.services.parties import find_or_make_organisation

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import Project, User

REPORT_KIND, SURVEY_MATTER = "multisurvey-report", "agency-multisurvey"
CENT = Decimal("0.01")


class Measured(TypedDict):
    """What the report says of one building, by the name that the permit uses."""

    name: str
    above: Decimal
    below: Decimal
    total: Decimal


class Permitted(TypedDict):
    """One building of the planning permit."""

    name: str
    area: Decimal
    floors: int | None


def _unit(work_unit_id: int) -> WorkUnit:
    unit = WorkUnit.objects.select_related("project").get(pk=work_unit_id)
    unit.project = lock_project(unit.project_id)
    return unit


@transaction.atomic
def record_buildings(
    work_unit_id: int, *, by: User, rows: Sequence[Permitted], at: dt.datetime | None = None
) -> list[Building]:
    """Write down the buildings that the planning permit names; a building that stands keeps its row, none is removed.

    Event `buildings.recorded`. Errors: nothing given, a name twice, an area that is none, a survey that already uses
    the list. Source: handbook §8.1 (areas are compared with the permit).
    """
    unit = _unit(work_unit_id)
    require(survey_rules.can_record_buildings, by, unit)
    names = [row["name"].strip() for row in rows]
    if not names or "" in names:
        raise DomainError("buildings_missing", "请逐个填写规划许可证载明的单体名称。")
    if len(set(names)) < len(names):
        raise DomainError("building_twice", "单体名称重复，请核对许可附件。")
    if any(row["area"] <= 0 for row in rows):
        raise DomainError("building_area", "许可建筑面积应当大于 0，请核对。")
    standing = {building.name: building for building in Building.objects.filter(work_unit=unit)}
    found = []
    for row, name in zip(rows, names, strict=True):
        building = standing.get(name) or Building(work_unit=unit, name=name)
        building.area, building.floors = row["area"], row["floors"] or building.floors
        building.save()
        found.append(building)
    total = sum((row["area"] for row in rows), Decimal(0))
    record(
        "buildings.recorded", subject=unit, project=unit.project, by=by, at=at,
        summary=f"登记许可单体 {len(found)} 个，合计 {total} m²", data={"buildings": names},
    )
    return found


@transaction.atomic
def commission_survey(  # noqa: PLR0913 - the fields of a commission
    work_unit_id: int, *, by: User, uscc: str, name: str = "", kinds: Sequence[str] = (), contract: str = "",
    on: dt.date | None = None, at: dt.datetime | None = None,
) -> JointSurvey:
    """Commission one company with all surveys of a works and return it; while one runs it is returned.

    Effects: `JointSurvey`, the clock of the intermediary (data: 多测合一作业期限), event `survey.commissioned`. Errors:
    the permit's buildings are not recorded, an unknown kind, a day to come. Source: handbook §8.1.
    """
    unit = _unit(work_unit_id)
    standing = JointSurvey.objects.filter(work_unit=unit, state__in=SURVEY_OPEN).first()
    if standing is not None:
        return standing
    require(survey_rules.can_commission, by, unit)
    moment = at or timing.now()
    day = on or timing.business_day(moment)
    if day > timing.business_day(moment):
        raise DomainError("future", "委托日期晚于今天，请核对。")
    known = {kind.code: kind for kind in data.survey_kinds(day)}
    chosen = list(kinds) or list(known)
    if set(chosen) - set(known):
        raise DomainError("survey_kind", "有不认识的测绘种类，请从列表中选择。")
    surveyor = find_or_make_organisation(uscc, name, region=unit.project.region)
    limit = data.term("survey", day, package_of(unit.project))
    survey = JointSurvey.objects.create(
        project=unit.project, work_unit=unit, surveyor=surveyor, kinds=chosen, contract=contract.strip(),
        commissioned_on=day, commissioned_by=by,
        clock=start_clock(
            kind=ClockKind.OTHER, limit=limit.value, unit=limit.unit, on=moment, project=unit.project,
            label="多测合一作业", owner=TimeOwner.INTERMEDIARY,
        ),
    )
    record(
        "survey.commissioned", subject=survey, project=unit.project, by=by, at=at,
        summary=f"委托{surveyor.name}多测合一，合并 {len(chosen)} 项测绘", data={"state": ["", survey.state]},
    )
    return survey


def lock_survey(survey_id: int) -> JointSurvey:
    """Return the survey with its project, both locked, the project first."""
    project = lock_project(JointSurvey.objects.values_list("project_id", flat=True).get(pk=survey_id))
    locked = JointSurvey.objects.select_for_update(of=("self",))
    rows = locked.select_related("work_unit", "surveyor", "clock", "report")
    survey = rows.get(pk=survey_id)
    survey.project = project
    survey.work_unit.project = project
    return survey


def _moved(
    survey: JointSurvey, old: str, kind: str, summary: str, *, by: User, at: dt.datetime | None
) -> JointSurvey:
    survey.save()
    record(
        kind, subject=survey, project=survey.project, by=by, at=at, summary=summary[:300],
        data={"state": [old, survey.state]},
    )
    return survey


@transaction.atomic
def hand_in_survey(  # noqa: PLR0913 - the fields of a result
    survey_id: int, *, by: User, surveyed_on: dt.date, total_area: Decimal, rows: Sequence[Measured],
    uploaded: UploadedFile[Any], green_area: Decimal | None = None, at: dt.datetime | None = None,
) -> JointSurvey:
    """Hand in the result of the one survey and return it.

    Effects: the report is filed (多测合一成果报告), one row per building with the area of the permit beside it, the
    clock stops, event `survey.handed_in`. Errors, each before anything is kept: a building that the permit does not
    know, one named twice or left out, areas that do not add up (above + below = total; the sum of the buildings = the
    total of the report), a day in the future. Source: handbook §8.1.
    """
    survey = lock_survey(survey_id)
    require(survey_rules.can_hand_in, by, survey)
    moment = at or timing.now()
    if surveyed_on > timing.business_day(moment):
        raise DomainError("future", "外业日期晚于今天，请核对。")
    buildings = _checked(survey.work_unit, rows, total_area)
    document = file_upload(
        survey.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=REPORT_KIND),
        title=f"多测合一成果报告 {survey.work_unit.name}"[:200], source=survey, by=by, at=at,
        source_label=f"多测合一：{survey.surveyor.name}"[:100],
    )
    survey.buildings.all().delete()
    SurveyedBuilding.objects.bulk_create([
        SurveyedBuilding(
            survey=survey, building=building, above=row["above"], below=row["below"], total=row["total"],
            permitted=building.area,
        )
        for building, row in buildings
    ])
    old = survey.state
    survey.hand_in()
    survey.surveyed_on, survey.total_area, survey.green_area = surveyed_on, total_area, green_area
    survey.report = document.versions.latest("version")
    survey.handed_in_at, survey.handed_in_by, survey.return_reason = moment, by, ""
    if survey.clock:
        stop_clock(survey.clock, moment)
    return _moved(
        survey, old, "survey.handed_in", f"多测合一成果提交：{len(buildings)} 个单体，{total_area} m²", by=by, at=at
    )


def _checked(
    unit: WorkUnit, rows: Sequence[Measured], total_area: Decimal
) -> list[tuple[Building, Measured]]:
    permitted = {building.name: building for building in Building.objects.filter(work_unit=unit)}
    names = [row["name"].strip() for row in rows]
    for name in names:
        if name not in permitted:
            raise DomainError("building_unknown", f"规划许可中没有单体{quoted(name)}，请核对名称，或先办理规划变更。")
    if len(set(names)) < len(names):
        raise DomainError("building_twice", "同一单体填了两次，请合并后再提交。")
    if missing := [name for name in permitted if name not in names]:
        raise DomainError("building_left_out", f"还缺单体：{'、'.join(missing)}，一次测绘应覆盖全部单体。")
    for row in rows:
        if min(row["above"], row["below"]) < 0:
            raise DomainError("area_negative", f"{quoted(row['name'])}的面积不能为负，请核对。")
        if abs(row["above"] + row["below"] - row["total"]) >= CENT:
            raise DomainError(
                "areas_differ",
                f"{quoted(row['name'])}地上 {row['above']} 加地下 {row['below']} 不等于合计 {row['total']}。",
            )
    whole = sum((row["total"] for row in rows), Decimal(0))
    if abs(whole - total_area) >= CENT:
        raise DomainError("total_differs", f"各单体合计 {whole} m²，与成果报告总面积 {total_area} m² 不一致，请核对。")
    return [(permitted[name], row) for name, row in zip(names, rows, strict=True)]


@transaction.atomic
def return_survey(survey_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> JointSurvey:
    """Send a result back to be surveyed again, with the reason. Twice is once."""
    survey = lock_survey(survey_id)
    if survey.state == SurveyState.RETURNED:
        return survey
    require(survey_rules.can_check, by, survey)
    if not reason.strip():
        raise DomainError("reason_missing", "退回要写明哪里需要补测。")
    check_follows(at, survey)
    old = survey.state
    survey.send_back()
    survey.return_reason = reason.strip()
    limit = data.term("survey", timing.business_day(at or timing.now()), package_of(survey.project))
    survey.clock = start_clock(
        kind=ClockKind.OTHER, limit=limit.value, unit=limit.unit, on=at or timing.now(), project=survey.project,
        label="多测合一补测", owner=TimeOwner.INTERMEDIARY,
    )
    return _moved(survey, old, "survey.returned", f"多测合一成果退回：{reason}", by=by, at=at)


@transaction.atomic
def share_survey(survey_id: int, *, by: User, at: dt.datetime | None = None) -> JointSurvey:
    """Check the result and share it with every body whose survey it replaces. Twice is once.

    Effects: 多测合一成果共享单 with the areas; the matter of the survey in the plan is closed with the report; every
    checklist that waits for the report is met; event `survey.shared`.
    """
    survey = lock_survey(survey_id)
    if survey.state == SurveyState.SHARED:
        return survey
    require(survey_rules.can_check, by, survey)
    old = survey.state
    survey.share()
    survey.shared_at, survey.shared_by = at or timing.now(), by
    day = timing.business_day(survey.shared_at)
    kinds = [kind for kind in data.survey_kinds(day) if kind.code in survey.kinds]
    bodies = {body.code: body for body in Organisation.objects.filter(code__in=[kind.department for kind in kinds])}
    survey.shared_with = [
        {"department": bodies[kind.department].label if kind.department in bodies else "", "use": kind.name}
        for kind in kinds
    ]
    _moved(survey, old, "survey.shared", f"多测合一成果共享给 {len(bodies)} 个部门，不再另行测绘", by=by, at=at)
    _share_paper(survey, by=by, at=at)
    _close_matter(survey, by=by, at=at)
    fill_lines(survey.project, at=at)
    return survey


def _close_matter(survey: JointSurvey, *, by: User, at: dt.datetime | None) -> None:
    case = MatterCase.objects.filter(
        project=survey.project, matter__matter__code=SURVEY_MATTER, state=CaseState.DRAFT
    ).select_related("matter").first()
    if case is not None and survey.report is not None and survey.surveyed_on is not None:
        close_with(
            case, result="多测合一成果已共享", on=survey.surveyed_on, version=survey.report, by=by, at=at
        )


def _share_paper(survey: JointSurvey, *, by: User, at: dt.datetime | None) -> None:
    rows = [
        [row.building.name, str(row.above), str(row.below), str(row.total), str(row.permitted or "—"),
         "—" if row.difference is None else f"{row.difference:+}"]
        for row in survey.buildings.select_related("building")
    ]
    permitted = survey.buildings.aggregate(total=Sum("permitted"))["total"]
    rows.append(["合计", "", "", str(survey.total_area), "—" if permitted is None else f"{permitted:.2f}", ""])
    content: dict[str, Any] = {
        "addressee": survey.project.owner.name,
        "gist": {
            "project": f"{survey.project.name}（{survey.project.code}）",
            "what": "多测合一成果已共享，一次测绘、各部门通用",
            "do": "申请联合验收时不用再交测绘成果",
            "when": "自共享之日起",
        },
        "paragraphs": [f"测绘单位：{survey.surveyor.name}；外业日期：{timing.written(survey.surveyed_on)}。"],
        "tables": [
            {"caption": "实测面积与规划许可面积（m²）",
             "head": ["单体", "地上", "地下", "实测合计", "许可", "差异"], "rows": rows},
            {"caption": "共享给", "head": ["部门", "用于"],
             "rows": [[entry["department"], entry["use"]] for entry in survey.shared_with]},
        ],
        "legal": [],
    }
    issue_paper(
        survey.project, kind=PaperKind.SURVEY_SHARE, series="测享", title="多测合一成果共享单",
        issuer=survey.project.centre, content=content, subject=survey, by=by,
        document_kind_slug=paper_slug(PaperKind.SURVEY_SHARE), at=at,
    )


@transaction.atomic
def cancel_survey(survey_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> JointSurvey:
    """End a commission that has no result, with the reason; another company may be commissioned. Twice is once."""
    survey = lock_survey(survey_id)
    if survey.state == SurveyState.CANCELLED:
        return survey
    require(survey_rules.can_cancel, by, survey)
    if not reason.strip():
        raise DomainError("reason_missing", "取消委托要写明原因。")
    old = survey.state
    survey.cancel()
    if survey.clock:
        cancel_clock(survey.clock)
    return _moved(survey, old, "survey.cancelled", f"取消多测合一委托：{reason}", by=by, at=at)


def shared_survey_of(project: Project, unit: WorkUnit | None = None) -> JointSurvey | None:
    """Return the newest shared survey of the project (of the works, where one is given)."""
    found = JointSurvey.objects.filter(project=project, state=SurveyState.SHARED)
    return (found.filter(work_unit=unit) if unit else found).order_by("-pk").first()
