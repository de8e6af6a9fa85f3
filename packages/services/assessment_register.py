"""The register of regional assessment: units with their boundary, results from the plan to force and to their end."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction

from packages import assessment_data, assessment_rules, geometry
from packages.assessment_states import RESULT_COMING, RESULT_LIVE, ResultState, Simplification
from packages.conditions import RuleError, parse_rule
from packages.models import RegionalResult, RegionalUnit
from packages.services.assessment_apply import lock_result, tell_result
from projects import timing
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Organisation, Region, User
from projects.quoting import quoted

#: A told area that differs more than this from that of the boundary was typed wrongly (part of a unit is roads, too).
AREA_GAP = Decimal("0.2")


@transaction.atomic
def register_unit(
    *, code: str, name: str, keeper: Organisation, region: Region, boundary: str, by: User,
    area: Decimal | None = None, description: str = "", at: dt.datetime | None = None,
) -> RegionalUnit:
    """Register an area with its boundary as GeoJSON. Event `regional.unit_registered`.

    Raises `NotAllowed`, `DomainError` (`boundary`, `area`, `unit`).
    """
    require(assessment_rules.can_register_unit, by, keeper)
    Organisation.objects.select_for_update().get(pk=keeper.pk)
    if RegionalUnit.objects.filter(code=code).exists():
        raise DomainError("unit", f"编码“{code}”已经登记过区域，请核对编码。")
    shape = geometry.read_boundary(boundary)
    unit = RegionalUnit.objects.create(
        code=code, name=name.strip()[:100], keeper=keeper, region=region, boundary=shape,
        area=_area(shape, area), description=description.strip()[:300], set_by=by, set_at=at or timing.now(),
        **geometry.frame_of(shape).fields,
    )
    record(
        "regional.unit_registered", subject=unit, organisation=keeper, by=by, at=at,
        summary=f"登记区域评估单元：{unit.name}，{unit.area} 公顷", data={"code": code, "area": str(unit.area)},
    )
    return unit


def _area(shape: dict[str, object], told: Decimal | None) -> Decimal:
    """Return the told area, or that of the boundary; refuse one that cannot be that of this boundary."""
    drawn = geometry.hectares(shape)
    if told is None:
        return max(drawn, Decimal("0.01"))
    if abs(told - drawn) > AREA_GAP * max(told, drawn):
        raise DomainError("area", f"填写的面积 {told} 公顷与边界的面积 {drawn} 公顷相差过大，请核对面积或坐标系。")
    return told


@transaction.atomic
def change_boundary(
    unit_id: int, *, boundary: str, by: User, area: Decimal | None = None, at: dt.datetime | None = None
) -> RegionalUnit:
    """Change the boundary of an area; the plans of the projects in it follow (event `regional.boundary_changed`)."""
    unit = RegionalUnit.objects.select_related("keeper").get(pk=unit_id)
    Organisation.objects.select_for_update().get(pk=unit.keeper_id)
    require(assessment_rules.can_keep_unit, by, unit)
    shape = geometry.read_boundary(boundary)
    if shape == unit.boundary:
        return unit
    unit.boundary, unit.area = shape, _area(shape, area)
    unit.revision += 1
    unit.set_by, unit.set_at = by, at or timing.now()
    for name, value in geometry.frame_of(shape).fields.items():
        setattr(unit, name, value)
    unit.save()
    record(
        "regional.boundary_changed", subject=unit, organisation=unit.keeper, by=by, at=at,
        summary=f"调整区域范围：{unit.name}，第 {unit.revision} 版", data={"unit": unit.pk, "revision": unit.revision},
    )
    return unit


@transaction.atomic
def propose_result(
    unit_id: int, *, item: str, way: str, by: User, expected_on: dt.date | None = None, excludes: str = "",
    excludes_words: str = "", renews: RegionalResult | None = None, at: dt.datetime | None = None,
) -> RegionalResult:
    """Plan the assessment of an item for an area (拟开展). Event `regional.proposed`.

    Raises `NotAllowed`, `DomainError` (`item`, `coming` while one of the item is being made, `rule`).
    """
    unit = RegionalUnit.objects.select_related("keeper").get(pk=unit_id)
    Organisation.objects.select_for_update().get(pk=unit.keeper_id)
    require(assessment_rules.can_keep_unit, by, unit)
    found = assessment_data.item(item, timing.today())
    if found is None:
        raise DomainError("item", f"没有代码为{quoted(item)}的区域评估事项，请重新选择。")
    if RegionalResult.objects.filter(unit=unit, item=item, state__in=RESULT_COMING).exists():
        raise DomainError("coming", f"{unit.name}的{found.name}已在编制，不能重复发起。")
    if excludes:
        try:
            parse_rule(excludes)
        except RuleError as fault:
            raise DomainError("rule", f"除外规则有误：{fault.chinese}，请修改。") from fault
        if not excludes_words.strip():
            raise DomainError("rule", "请用文字写明哪些项目除外，企业要看得懂。")
    result = RegionalResult.objects.create(
        unit=unit, item=item, name=found.name, way=Simplification(way), excludes=excludes,
        approver=Organisation.objects.get(code=found.approver), excludes_words=excludes_words.strip()[:200],
        expected_on=expected_on, renews=renews, changed_at=at or timing.now(),
    )
    record(
        "regional.proposed", subject=result, organisation=unit.keeper, by=by, at=at,
        summary=f"{'更新' if renews else '拟开展'}区域评估：{result}",
        data={"state": ["", result.state], "unit": unit.pk},
    )
    return result


@transaction.atomic
def renew_result(result_id: int, *, by: User, at: dt.datetime | None = None) -> RegionalResult:
    """Begin the renewal of a result; until the new one is in force the old one holds as long as its days."""
    old = lock_result(result_id)
    require(assessment_rules.can_renew_result, by, old)
    return propose_result(
        old.unit_id, item=old.item, way=old.way, by=by, excludes=old.excludes, excludes_words=old.excludes_words,
        renews=old, at=at,
    )


@transaction.atomic
def compile_result(
    result_id: int, *, compiler: str, by: User, expected_on: dt.date | None = None, at: dt.datetime | None = None
) -> RegionalResult:
    """Commission it (编制中): who writes, and when it should be there."""
    result = lock_result(result_id)
    if result.state == ResultState.COMPILING:
        return result
    require(assessment_rules.can_move_result, by, result)
    _expect(result, ResultState.PROPOSED, "委托编制")
    if not compiler.strip():
        raise DomainError("compiler", "请填写编制单位。")
    old = result.state
    result.begin()
    result.compiler, result.expected_on = compiler.strip()[:100], expected_on or result.expected_on
    tell_result(result, "compiling", f"{result}开始编制，编制单位{result.compiler}", old, by=by, at=at)
    return result


@transaction.atomic
def submit_result(result_id: int, *, title: str, by: User, at: dt.datetime | None = None) -> RegionalResult:
    """Hand the finished report to the department (评审)."""
    result = lock_result(result_id)
    if result.state == ResultState.REVIEWING:
        return result
    require(assessment_rules.can_move_result, by, result)
    _expect(result, ResultState.COMPILING, "提交评审")
    if not title.strip():
        raise DomainError("title", "请填写成果材料的名称。")
    old = result.state
    result.submit()
    result.title = title.strip()[:200]
    tell_result(result, "submitted", f"{result}提交{result.approver.label}评审：{result.title}", old, by=by, at=at)
    return result


@transaction.atomic
def judge_result(
    result_id: int, *, agrees: bool, by: User, number: str = "", note: str = "", at: dt.datetime | None = None
) -> RegionalResult:
    """Approve it with its number (批准), or give it back with what to change."""
    result = lock_result(result_id)
    require(assessment_rules.can_judge_result, by, result)
    old = result.state
    if not agrees:
        if not note.strip():
            raise DomainError("note", "退回须写明要改什么，请补充后再提交。")
        result.give_back()
        tell_result(result, "returned", f"{result}退回修改：{note.strip()}"[:300], old, by=by, at=at)
        return result
    if not number.strip():
        raise DomainError("number", "批准须填写文号。")
    result.approve()
    result.number = number.strip()[:80]
    tell_result(result, "approved", f"{result}批准，{result.number}", old, by=by, at=at)
    return result


@transaction.atomic
def publish_result(
    result_id: int, *, valid_from: dt.date, valid_until: dt.date, by: User, at: dt.datetime | None = None
) -> RegionalResult:
    """Put it in force and publish it (有效); the result that it renews ends. The plans of projects in it follow.

    Raises `NotAllowed`, `DomainError` (`days`: the wrong way round, or over already).
    """
    result = lock_result(result_id)
    if result.state in RESULT_LIVE:
        return result
    require(assessment_rules.can_move_result, by, result)
    _expect(result, ResultState.APPROVED, "公布")
    today = timing.today()
    if valid_until < valid_from or valid_until < today:
        raise DomainError("days", "截止日期应在生效日期和今天之后，请核对。")
    standing = RegionalResult.objects.select_for_update(of=("self",)).select_related("unit__keeper").filter(
        unit=result.unit, item=result.item, state__in=RESULT_LIVE
    )
    for before in standing:
        was = before.state
        before.lapse()
        tell_result(before, "lapsed", f"{before}成果由新的成果接替", was, by=by, at=at)
    old = result.state
    result.publish()
    result.valid_from, result.valid_until = valid_from, valid_until
    words = f"公布{result}成果，{timing.written(valid_from)}至{timing.written(valid_until)}"
    tell_result(result, "published", words, old, by=by, at=at)
    return result


@transaction.atomic
def revoke_result(result_id: int, *, reason: str, by: User, at: dt.datetime | None = None) -> RegionalResult:
    """Take a result back: a disaster, a change of the plan, an error. The plans of projects in it follow."""
    result = lock_result(result_id)
    if result.state == ResultState.REVOKED:
        return result
    require(assessment_rules.can_revoke_result, by, result)
    if not reason.strip():
        raise DomainError("reason", "请写明撤销的理由：发生灾害、规划重大调整或成果有误。")
    old = result.state
    result.revoke()
    result.reason = reason.strip()[:300]
    tell_result(result, "revoked", f"撤销{result}成果：{result.reason}"[:300], old, by=by, at=at)
    return result


def _expect(result: RegionalResult, state: str, verb: str) -> None:
    if result.state != state:
        raise DomainError("result_state", f"{result}现在是“{result.get_state_display()}”，不能{verb}。请刷新页面。")
