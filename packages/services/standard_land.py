"""标准地: indicators before the supply, commitment of the responsible person, check at production (handbook §5.3).

拟入库, 达标, 已挂牌, 已出让, 承诺签订, 建设, 达产核查, then 履约; not reached: 限期整改 once, then 违诺.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import Q, QuerySet

from archives.models import Paper
from archives.states import PaperKind
from packages import assessment_data, assessment_rules
from packages.assessment_data import Indicator
from packages.assessment_states import Bound, StandardState
from packages.models import LandCheck, LandIndicator, LandList, StandardLand
from packages.services import paperwork
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.jobs import each
from projects.models import JobRun, Organisation, Project, User
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole

RELATED = ("keeper", "project__owner", "project__centre", "land_list")
#: Largest value that an indicator may have.
MOST = Decimal(99_999_999)


def lock_standard(land_id: int) -> StandardLand:
    """Return standard land, locked after its project (where it has one) or its keeper."""
    project_id, keeper_id = StandardLand.objects.values_list("project_id", "keeper_id").get(pk=land_id)
    project = lock_project(project_id) if project_id else None
    if project is None:
        Organisation.objects.select_for_update().get(pk=keeper_id)
    land = StandardLand.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=land_id)
    if project is not None:
        land.project = project
    return land


def _move(
    land: StandardLand, verb: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None, **data: object
) -> StandardLand:
    land.changed_at = at or timing.now()
    land.save()
    record(
        f"standard_land.{verb}", subject=land, project=land.project,
        organisation=None if land.project else land.keeper, by=by, at=at, summary=summary[:300],
        data={"state": [old, land.state], **data},
    )
    return land


def _expect(land: StandardLand, *states: str, verb: str) -> None:
    if land.state not in states:
        raise DomainError("standard_state", f"{land.name}现在是“{land.get_state_display()}”，不能{verb}。请刷新页面。")


@transaction.atomic
def propose(  # noqa: PLR0913 - what the land is, and its bounds with where they come from
    *, keeper: Organisation, parcel: str, name: str, area: Decimal, by: User, values: Mapping[str, Decimal],
    source: str, land_list: LandList | None = None, at: dt.datetime | None = None,
) -> StandardLand:
    """Put land into the pool with its indicators: `values` by code, and the document that lays them down.

    A value that the place has laid down for all (`land_indicators.tsv`) holds where none is given. Raises
    `NotAllowed`, `DomainError` (`parcel`: it is there already; `value`: one is missing; `source`: nobody says
    where it comes from).
    """
    require(assessment_rules.can_register_unit, by, keeper)
    Organisation.objects.select_for_update().get(pk=keeper.pk)
    number = parcel.strip()[:40]
    if StandardLand.objects.filter(parcel=number).exists():
        raise DomainError("parcel", f"宗地 {number} 已经入库，请在原记录上办理。")
    moment = at or timing.now()
    land = StandardLand.objects.create(
        keeper=keeper, parcel=number, name=name.strip()[:100], area=area, land_list=land_list, changed_at=moment
    )
    for order, rule in enumerate(assessment_data.indicators(timing.business_day(moment)), 1):
        value, words = _bound_of(rule, values.get(rule.code), source)
        LandIndicator.objects.create(
            land=land, order=order, code=rule.code, name=rule.name, unit=rule.unit, bound=Bound(rule.bound),
            value=value, source=words,
        )
    return _move(land, "proposed", f"标准地拟入库：{land.name}（{land.parcel}）", "", by=by, at=at)


def _bound_of(rule: Indicator, given: Decimal | None, source: str) -> tuple[Decimal, str]:
    """The bound of an indicator and where it comes from; nothing is guessed."""
    if given is None and rule.value is not None:
        return rule.value, rule.source[:200]
    if given is None:
        raise DomainError("value", f"请填写{quoted(rule.name)}的控制值；系统不预设数值，以本地文件为准。")
    if not source.strip():
        raise DomainError("source", "请写明控制值的出处（文件名称和文号），承诺和达产核查都以它为准。")
    return given, source.strip()[:200]


@transaction.atomic
def qualify(land_id: int, *, by: User, at: dt.datetime | None = None) -> StandardLand:
    """区域评估、控制指标和通平 are there (达标)."""
    land = lock_standard(land_id)
    require(assessment_rules.can_move_standard, by, land)
    _expect(land, StandardState.PROPOSED, verb="确认达标")
    old = land.state
    land.qualify()
    return _move(land, "qualified", f"标准地达标：{land.name}", old, by=by, at=at)


@transaction.atomic
def put_up(land_id: int, *, by: User, at: dt.datetime | None = None) -> StandardLand:
    """Offer it (已挂牌)."""
    land = lock_standard(land_id)
    require(assessment_rules.can_move_standard, by, land)
    _expect(land, StandardState.QUALIFIED, verb="挂牌")
    old = land.state
    land.put_up()
    return _move(land, "listed", f"标准地挂牌：{land.name}", old, by=by, at=at)


@transaction.atomic
def sell(
    land_id: int, *, project: Project, contract: str, agreement: str, production_on: dt.date, by: User,
    at: dt.datetime | None = None,
) -> StandardLand:
    """Note the supply with its two contracts (已出让): 出让合同 and 投资建设合同, and the agreed day of production.

    Raises `NotAllowed`, `DomainError` (`contract`, `days`, `taken`).
    """
    held = lock_project(project.pk)
    land = lock_standard(land_id)
    if land.state == StandardState.SOLD and land.project_id == held.pk:
        return land
    require(assessment_rules.can_move_standard, by, land)
    _expect(land, StandardState.LISTED, verb="登记出让")
    if not (contract.strip() and agreement.strip()):
        raise DomainError("contract", "标准地签两份合同，请填写出让合同和投资建设合同的编号。")
    day = timing.business_day(at or timing.now())
    if production_on <= day:
        raise DomainError("days", "约定达产日期应在出让之后，请核对。")
    if StandardLand.objects.filter(project=held).exists():
        raise DomainError("taken", f"{held.name}已经有标准地，请核对项目。")
    old = land.state
    land.project, land.sold_on, land.production_on = held, day, production_on
    land.contract, land.agreement = contract.strip()[:60], agreement.strip()[:60]
    land.sell()
    involve(held, role=InvolvementRole.REVIEWER, by=by, organisation=land.keeper, at=at)
    return _move(land, "sold", f"标准地出让：{land.name}，约定{timing.written(production_on)}达产", old, by=by, at=at)


@transaction.atomic
def commit(
    land_id: int, *, promised: Mapping[str, Decimal], by: User, at: dt.datetime | None = None
) -> StandardLand:
    """Sign the indicators as the responsible person of the owner (承诺签订, 对标承诺); 标准地承诺书 follows.

    `promised` by code, none laxer than its bound. Raises `NotAllowed`, `DomainError` (`value`).
    """
    land = lock_standard(land_id)
    if land.state == StandardState.COMMITTED and land.signed_by_id == by.pk:
        return land
    require(assessment_rules.can_commit_standard, by, land)
    rows = list(land.indicators.order_by("order"))
    for row in rows:
        row.promised = _value(promised.get(row.code, row.value), row)
        if not reaches(row, row.promised):
            bound = f"{row.get_bound_display()} {show(row.value)} {row.unit}".strip()
            raise DomainError("value", f"{quoted(row.name)}承诺 {show(row.promised)}，应{bound}。")
        row.save(update_fields=["promised"])
    moment, old = at or timing.now(), land.state
    land.signed_by, land.signed_at, land.check_on = by, moment, land.production_on
    land.commit()
    _move(land, "committed", f"{by}签订标准地承诺书：{land.name}", old, by=by, at=at)
    if land.project is not None:
        land.paper = _pledge(land, rows, land.project, by=by, at=moment)
        land.save()
    return land


def _pledge(
    land: StandardLand, rows: list[LandIndicator], project: Project, *, by: User, at: dt.datetime
) -> Paper:
    table = [
        [row.name, f"{row.get_bound_display()} {show(row.value)} {row.unit}".strip(),
         f"{show(row.promised)} {row.unit}".strip(), row.source]
        for row in rows
    ]
    contracts = f"出让合同 {land.contract}，投资建设合同 {land.agreement}"
    return paperwork.write(
        PaperKind.LAND_PLEDGE, project, subject=land, issuer=land.keeper, by=by, at=at, addressee=land.keeper.name,
        what=f"对{land.name}的 {len(rows)} 项指标作出承诺", do="按承诺的指标建设和投产，配合达产核查",
        when=f"{paperwork.day(land.production_on)}前达产并接受核查",
        paragraphs=[
            f"{project.owner.name}取得宗地 {land.parcel}（{show(land.area)} 亩），{contracts}。",
            "自愿承诺达到下列指标；达产核查未达标的，接受限期整改；整改后仍未达标的，按合同约定承担违诺后果。",
        ],
        table={"head": ["指标", "控制值", "承诺值", "控制值出处"], "rows": table},
        promisers=[paperwork.promiser("承诺人", project.owner.name, land.signed_by, at)],
    )


@transaction.atomic
def begin_works(land_id: int, *, by: User, at: dt.datetime | None = None) -> StandardLand:
    """Note that works have begun (建设)."""
    land = lock_standard(land_id)
    require(assessment_rules.can_move_standard, by, land)
    _expect(land, StandardState.COMMITTED, verb="登记开工")
    old = land.state
    land.build()
    return _move(land, "building", f"标准地开工建设：{land.name}", old, by=by, at=at)


@transaction.atomic
def call_check(land_id: int, *, by: User | None, at: dt.datetime | None = None) -> StandardLand:
    """Call for the check (达产核查): by the owner, the keeper, or the sweep on its day. Twice changes nothing."""
    land = lock_standard(land_id)
    if land.state == StandardState.CHECKING:
        return land
    require(assessment_rules.can_call_check, by, land)
    _expect(land, StandardState.BUILDING, StandardState.RECTIFYING, verb="申请核查")
    old = land.state
    if land.state == StandardState.BUILDING:
        land.call_check()
    else:
        land.check_again()
    return _move(land, "to_check", f"{'申请' if by else '到期'}达产核查：{land.name}", old, by=by, at=at)


@transaction.atomic
def check(
    land_id: int, *, found: Mapping[str, Decimal], checked_on: dt.date, by: User, note: str = "",
    mend_until: dt.date | None = None, at: dt.datetime | None = None,
) -> LandCheck:
    """Enter the check of all indicators. Reached: 履约. Not reached: 限期整改 until a day, the second time 违诺.

    Raises `NotAllowed`, `DomainError` (`value`, `days`, `mend`).
    """
    land = lock_standard(land_id)
    require(assessment_rules.can_check_standard, by, land)
    moment = at or timing.now()
    day = timing.business_day(moment)
    if checked_on > day or (land.sold_on and checked_on < land.sold_on):
        raise DomainError("days", "核验日期应在出让之后、不晚于今天，请核对。")
    rows = list(land.indicators.order_by("order"))
    for row in rows:
        if row.code not in found:
            raise DomainError("value", f"请填写{quoted(row.name)}的核验值，全部指标一次核验。")
        row.found = _value(found[row.code], row)
    lacking = [row for row in rows if not reaches(row, row.found, row.promised)]
    again = land.checks.exists()
    if lacking and not again and (mend_until is None or mend_until <= day):
        raise DomainError("mend", "有指标未达标，请定出今天以后的整改期限。")
    for row in rows:
        row.save(update_fields=["found"])
    made = LandCheck.objects.create(
        land=land, number=land.checks.count() + 1, checked_on=checked_on, is_reached=not lacking,
        values={row.code: str(row.found) for row in rows}, note=note.strip()[:500], checked_by=by, made_at=moment,
        mend_until=mend_until if lacking and not again else None,
    )
    _conclude(land, made, [row.name for row in lacking], by=by, at=moment)
    return made


def _conclude(land: StandardLand, made: LandCheck, lacking: list[str], *, by: User, at: dt.datetime) -> None:
    old, names = land.state, "、".join(lacking)
    if not lacking:
        land.keep()
        land.closed_at, land.check_on = at, None
        _move(land, "kept", f"达产核查履约：{land.name}，全部指标达标", old, by=by, at=at, check=made.number)
    elif made.mend_until is not None:
        land.ask_mending()
        land.check_on = made.mend_until
        words = f"达产核查未达标：{names}，{timing.written(made.mend_until)}前整改"
        _move(land, "rectifying", words, old, by=by, at=at, check=made.number)
    else:
        land.breach()
        land.closed_at, land.check_on = at, None
        _move(land, "breached", f"整改后仍未达标，认定违诺：{names}", old, by=by, at=at, check=made.number)


def reaches(row: LandIndicator, value: Decimal | None, promised: Decimal | None = None) -> bool:
    """Whether a value keeps the bound of an indicator, or what was promised where that is given."""
    wanted = row.value if promised is None else promised
    if value is None:
        return False
    return value >= wanted if row.bound == Bound.AT_LEAST else value <= wanted


def _value(value: object, row: LandIndicator) -> Decimal:
    try:
        number = Decimal(str(value)).quantize(Decimal("0.001"))
    except InvalidOperation as fault:
        raise DomainError("value", f"{quoted(row.name)}应填数字。") from fault
    if not (number.is_finite() and 0 <= number <= MOST):
        raise DomainError("value", f"{quoted(row.name)}应在 0 和 {MOST} 之间。")
    return number


def show(value: Decimal | None) -> str:
    """A number without useless zeros."""
    return "—" if value is None else f"{value.normalize():f}"


def check_due() -> QuerySet[StandardLand]:
    """Return the land whose day of check, or whose term to mend, has come."""
    waiting = Q(state__in=[StandardState.BUILDING, StandardState.RECTIFYING])
    return StandardLand.objects.filter(waiting, check_on__lte=timing.today())


def sweep(run: JobRun) -> int:
    """Call the checks whose day has come; return how many."""
    return each(run, check_due(), lambda pk: call_check(pk, by=None) is not None)
