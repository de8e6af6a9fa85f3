"""The plan of visits and the merge engine: one visit for everybody who wants to see the site about the same time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from acceptance import supervision_data as data
from acceptance import supervision_rules as may
from acceptance.models import Inspection, InspectionLine, InspectionUnit, PointCard, VisitWish
from acceptance.supervision_states import SLOT_OPEN, InspectionKind, InspectionState, InspectorState, WishOutcome
from archives.states import PaperKind
from packages.models import Commitment
from packages.services import paperwork
from packages.states import CommitmentState
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, WorkUnit
from projects.services.involvement import involve
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import Project, User

OWN_PURPOSE = "purpose"


def lock_inspection(inspection_id: int) -> Inspection:
    """Return an inspection with its project, both locked. Raises `Inspection.DoesNotExist`."""
    project = lock_project(Inspection.objects.values_list("project_id", flat=True).get(pk=inspection_id))
    row = Inspection.objects.select_for_update(of=("self",)).select_related("lead", "work_unit").get(pk=inspection_id)
    row.project = project
    return row


def move(
    row: Inspection, old: str, kind: str, summary: str, *, by: User | None, at: dt.datetime | None, **told: object
) -> None:
    """Save a transition of an inspection and tell it."""
    row.save()
    record(
        f"inspection.{kind}", subject=row, project=row.project, by=by, at=at, summary=summary[:300],
        data={**({"state": [old, row.state]} if old != row.state else {}), **told},
    )


def add_inspection(  # noqa: PLR0913 - one argument per column
    project: Project, unit: WorkUnit, *, kind: str, title: str, lead: Organisation, slot_on: dt.date, phase: str = "",
    reason_code: str = "", reason: str = "", why_apart: str = "", is_unannounced: bool = False, by: User | None,
    at: dt.datetime | None,
) -> Inspection:
    """Put an inspection of the locked project in the list. Event `inspection.planned`."""
    last = Inspection.objects.filter(work_unit=unit).aggregate(last=Max("number"))["last"] or 0
    row = Inspection.objects.create(
        project=project, work_unit=unit, number=last + 1, kind=kind, phase=phase, title=title[:60], lead=lead,
        slot_on=slot_on, place=project.address[:200], reason_code=reason_code, reason=reason[:300],
        why_apart=why_apart[:300], is_unannounced=is_unannounced, created_at=at or timing.now(),
    )
    word = "" if is_unannounced else f"，{timing.written(slot_on)}"
    record(
        "inspection.planned", subject=row, project=project, by=by, at=at,
        summary=f"列入{row.get_kind_display()}检查：{title}{word}",
        data={"state": ["", row.state], "kind": kind, "reason": reason_code},
    )
    return row


def add_unit(
    row: Inspection, body: Organisation, *, by: User | None, at: dt.datetime | None, purpose: str = ""
) -> InspectionUnit:
    """Let a department take part, with its lines of the one checklist; a second call adds the new purpose only.

    Lines: its cards of the phase (all its cards where it has none there), what it wants to see besides, and checks of
    commitments that are due and ride along.
    """
    unit, made = InspectionUnit.objects.get_or_create(inspection=row, organisation=body)
    if made:
        involve(row.project, role=InvolvementRole.REVIEWER, organisation=body, by=by, at=at)
        record(
            "inspection.joined", subject=unit, project=row.project, by=by, at=at,
            summary=f"{body.label}参加{row.title}", data={"state": ["", unit.state]},
        )
        _add_cards(row, unit)
        _add_commitments(row, unit)
    if purpose:
        unit.purpose = f"{unit.purpose}；{purpose}".strip("；")[:200]
        unit.save(update_fields=["purpose"])
        number = unit.lines.filter(code__startswith=OWN_PURPOSE).count() + 1
        _line(unit, f"{OWN_PURPOSE}-{number}", purpose)
    return unit


def _line(unit: InspectionUnit, code: str, text: str, *, standard: str = "", card: PointCard | None = None) -> None:
    InspectionLine.objects.get_or_create(
        unit=unit, code=slugify(code)[:40],
        defaults={"text": text[:300], "standard": standard, "card": card, "order": unit.lines.count() + 1},
    )


def _add_cards(row: Inspection, unit: InspectionUnit) -> None:
    mine = list(PointCard.objects.filter(notice__work_unit_id=row.work_unit_id, organisation=unit.organisation))
    here = [card for card in mine if row.phase in card.phases]
    if not row.phase:
        here = [card for card in mine if card.kind == "supervision"]
    for card in here:
        _line(unit, card.code, f"{card.name}：{card.looks}", standard=card.standard, card=card)


def _add_commitments(row: Inspection, unit: InspectionUnit) -> None:
    due = Commitment.objects.filter(
        case__project=row.project, case__lead=unit.organisation, state=CommitmentState.TO_CHECK
    )
    for commitment in due.select_related("case__matter"):
        _line(unit, f"commitment-{commitment.pk}", f"承诺核查：{commitment.case.matter.name}", standard="承诺书")


# The merge engine ----------------------------------------------------------------------------------------------------


def open_slot(work_unit_id: int, day: dt.date, today: dt.date) -> Inspection | None:
    """Return the open joint visit within the days of the merge (`join`) of a day, the nearest first."""
    reach = dt.timedelta(days=data.term("join", today))
    found = Inspection.objects.filter(
        work_unit=work_unit_id, state__in=SLOT_OPEN, slot_on__range=(day - reach, day + reach)
    ).select_related("lead")
    return min(found, key=lambda row: (abs((row.slot_on - day).days), row.pk), default=None)


def open_slots(work_unit_ids: Iterable[int]) -> list[Inspection]:
    """Return the open joint visits of works, the nearest day first: what a department may join. One query."""
    found = Inspection.objects.filter(work_unit__in=list(work_unit_ids), state__in=SLOT_OPEN)
    return list(found.select_related("lead").order_by("slot_on", "pk"))


@transaction.atomic
def ask_visit(  # noqa: PLR0913 - one argument per field of the form
    work_unit_id: int, *, by: User, organisation_id: int, wanted_on: dt.date, purpose: str, why_apart: str = "",
    reason_code: str = "", reason: str = "", is_unannounced: bool = False, at: dt.datetime | None = None,
) -> Inspection:
    """A department wants to visit: it joins the open slot within ten days, or says why not; return the inspection.

    With an open slot and no `why_apart` the department joins it (`WishOutcome.JOINED`) and a visit is saved. Apart
    from it, or where no slot is open, the visit is outside the plan: it needs a reason code and words, and stands in
    the owner's record. An unannounced one (accident, complaint) begins at once; the owner is not told before.
    The same wish of the same department for the same day changes nothing. Raises `NotAllowed`, `DomainError`
    (`body`, `purpose`, `wanted_on`, `reason`, `why_apart`).
    """
    project = lock_project(WorkUnit.objects.values_list("project_id", flat=True).get(pk=work_unit_id))
    unit = WorkUnit.objects.get(pk=work_unit_id)
    unit.project = project
    require(may.can_wish, by, project)
    body = next((one for one in may.bodies_of(by) if one.pk == organisation_id), None)
    day, moment = timing.business_day(at or timing.now()), at or timing.now()
    _check_wish(body, purpose, wanted_on, day)
    assert body is not None  # noqa: S101 - refused above
    again: VisitWish | None = VisitWish.objects.filter(
        inspection__work_unit=unit, organisation=body, wanted_on=wanted_on, purpose=purpose.strip()[:200]
    ).select_related("inspection").first()
    if again is not None:
        standing: Inspection = again.inspection
        return standing
    slot = open_slot(unit.pk, wanted_on, day)
    wish = {"organisation": body, "wanted_on": wanted_on, "purpose": purpose.strip()[:200], "wished_by": by,
            "wished_at": moment}
    if slot is not None and not why_apart.strip() and not is_unannounced:
        slot.project = project
        return _join(slot, wish, purpose=purpose.strip(), at=at)
    if reason_code not in dict(data.reasons(day)) or not reason.strip():
        raise DomainError("reason", "计划外检查要选择理由并写明情况，会记入企业的入企检查记录。")
    apart = why_apart.strip() or (reason.strip() if is_unannounced else "")
    if slot is not None and not apart:
        raise DomainError("why_apart", f"{timing.written(slot.slot_on)}有联合检查，不并入要写明理由。")
    row = add_inspection(
        project, unit, kind=InspectionKind.OUTSIDE,
        title=f"{body.label}{data.reason_name(reason_code, day).removesuffix('检查')}检查",
        lead=body, slot_on=day if is_unannounced else wanted_on, reason_code=reason_code, reason=reason.strip(),
        why_apart=apart if slot is not None else "", is_unannounced=is_unannounced, by=by, at=at,
    )
    add_unit(row, body, purpose=purpose.strip(), by=by, at=at)
    outcome = WishOutcome.APART if slot is not None else WishOutcome.OUTSIDE
    VisitWish.objects.create(inspection=row, outcome=outcome, **wish)
    if is_unannounced:
        begin(row, by=by, at=at)
    return row


def _join(slot: Inspection, wish: dict[str, Any], *, purpose: str, at: dt.datetime | None) -> Inspection:
    """The department of the wish comes along on the open slot. Event `inspection.merged`."""
    body, by = wish["organisation"], wish["wished_by"]
    add_unit(slot, body, purpose=purpose, by=by, at=at)
    VisitWish.objects.create(inspection=slot, outcome=WishOutcome.JOINED, **wish)
    record(
        "inspection.merged", subject=slot, project=slot.project, by=by, at=at,
        summary=f"{body.label}的检查并入{slot.title}（{timing.written(slot.slot_on)}），少上门一次",
        data={"organisation": body.pk, "wanted_on": str(wish["wanted_on"])},
    )
    return slot


@transaction.atomic
def bring_along(
    inspection_id: int, *, by: User, organisation_id: int, purpose: str, at: dt.datetime | None = None
) -> Inspection:
    """The lead takes a department along that has no part in the project yet, so that nobody goes there by itself.

    Effects in order: the department takes part and sees the project, its line of the checklist, event
    `inspection.merged`. The same again changes nothing. Raises `NotAllowed`, `DomainError` (`body`, `purpose`).
    """
    row = lock_inspection(inspection_id)
    require(may.can_arrange, by, row)
    words = purpose.strip()[:200]
    if VisitWish.objects.filter(inspection=row, organisation=organisation_id, purpose=words).exists():
        return row
    body = may.bodies_beside(row).filter(pk=organisation_id).first()
    if body is None:
        raise DomainError("body", "只能请本地区还没有参加这次检查的部门。")
    if not words:
        raise DomainError("purpose", "请写明检查内容，企业和其他部门才好准备。")
    return _join(row, {
        "organisation": body, "wanted_on": row.slot_on, "purpose": words, "wished_by": by,
        "wished_at": at or timing.now(),
    }, purpose=words, at=at)


def _check_wish(body: Organisation | None, purpose: str, wanted_on: dt.date, today: dt.date) -> None:
    if body is None:
        raise DomainError("body", "只能为本人任职的部门提出检查。")
    if not purpose.strip():
        raise DomainError("purpose", "请写明检查内容，企业和其他部门才好准备。")
    if wanted_on < today:
        raise DomainError("wanted_on", "想去的日期已过，请选今天或以后。")


def begin(row: Inspection, *, by: User | None, at: dt.datetime | None) -> None:
    """The departments are at the site: the locked inspection begins. Event `inspection.started`."""
    old = row.state
    row.start()
    row.started_at = at or timing.now()
    move(row, old, "started", f"开始{row.title}", by=by, at=at)


# Notice, another day, calling off ------------------------------------------------------------------------------------


@transaction.atomic
def notify(
    inspection_id: int, *, by: User, slot_on: dt.date, slot_time: dt.time | None = None, place: str = "",
    at: dt.datetime | None = None,
) -> Inspection:
    """Tell owner and departments day and place, three working days before at least; again with another day moves it.

    Effects in order: transition, event `inspection.notified`, 联合检查通知书 with the checklist. The same day again
    changes nothing. Raises `NotAllowed`, `DomainError` (`notice_short`, `not_workday`).
    """
    row = lock_inspection(inspection_id)
    require(may.can_arrange, by, row)
    day, moment = timing.business_day(at or timing.now()), at or timing.now()
    if row.state == InspectionState.NOTIFIED and (row.slot_on, row.slot_time) == (slot_on, slot_time):
        return row
    earliest = data.due("notice", moment)
    if slot_on < earliest:
        first = timing.spoken(earliest)
        raise DomainError("notice_short", f"要提前 {data.term('notice', day)} 个工作日通知，最早{first}。")
    if not workdays.is_workday(slot_on):
        raise DomainError("not_workday", "检查请安排在工作日。")
    old = row.state
    row.slot_on, row.slot_time, row.place = slot_on, slot_time, place.strip()[:200] or row.place
    row.notified_at = moment
    if row.state == InspectionState.PLANNED:
        row.notify()
    row.notice_paper = _notice(row, by=by, at=moment)
    move(row, old, "notified", f"通知{row.title}：{timing.spoken(slot_on)}", by=by, at=at, slot_on=str(slot_on))
    return row


def _notice(row: Inspection, *, by: User, at: dt.datetime) -> Paper:
    lines = InspectionLine.objects.filter(unit__inspection=row).select_related("unit__organisation")
    rows = [[line.unit.organisation.label, line.text, line.standard] for line in lines.order_by("unit_id", "order")]
    bodies = "、".join(unit.organisation.label for unit in row.units.select_related("organisation"))
    return paperwork.write(
        PaperKind.INSPECTION_NOTICE, row.project, subject=row, issuer=row.lead, by=by, at=at,
        what=f"{row.title}：{bodies}同时到场，一次查完", do="安排各参建单位负责人到场，备好表中资料",
        when=f"{paperwork.day(row.slot_on)}{f' {row.slot_time:%H:%M}' if row.slot_time else ''}，{row.place}",
        paragraphs=[
            f"{row.get_kind_display()}检查。" + (
                f"理由：{data.reason_name(row.reason_code, row.slot_on)}，{row.reason}" if row.reason
                else "按检查计划进行。"
            ),
            "确有困难的，请在检查前提出改期并写明理由。",
        ],
        table={"head": ["部门", "查什么", "标准"], "rows": rows},
    )


@transaction.atomic
def decline(
    inspection_id: int, *, by: User, slot_on: dt.date, reason: str, at: dt.datetime | None = None
) -> Inspection:
    """The owner asks for another day. Event `inspection.declined`; the second time `inspection.refused` as well.

    What counts for the credit record is the second time without a reason that holds; the enterprise may object there.
    Raises `NotAllowed`, `DomainError` (`reason`, `slot_on`).
    """
    row = lock_inspection(inspection_id)
    require(may.can_decline, by, row)
    day = timing.business_day(at or timing.now())
    if not reason.strip():
        raise DomainError("reason", "请写明为什么不能按时接受检查。")
    reach = dt.timedelta(days=data.term("join", day))
    if not (row.slot_on < slot_on <= row.slot_on + reach and workdays.is_workday(slot_on)):
        raise DomainError("slot_on", f"新日期要在原日期之后 {reach.days} 天以内的工作日。")
    row.refusals += 1
    row.refusal_note, row.slot_on = reason.strip()[:300], slot_on
    move(
        row, row.state, "declined", f"企业申请改期到{timing.spoken(slot_on)}：{reason.strip()}", by=by, at=at,
        times=row.refusals,
    )
    if row.refusals == data.term("refusals", day):
        move(row, row.state, "refused", f"企业第 {row.refusals} 次改期：{row.title}", by=by, at=at)
    return row


@transaction.atomic
def cancel(inspection_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Inspection:
    """Call an inspection off. Event `inspection.cancelled`. Raises `NotAllowed`, `DomainError` (`reason`)."""
    row = lock_inspection(inspection_id)
    if row.state == InspectionState.CANCELLED:
        return row
    require(may.can_arrange, by, row)
    if not reason.strip():
        raise DomainError("reason", "请写明取消的理由。")
    old = row.state
    row.cancel()
    row.closed_at = at or timing.now()
    move(row, old, "cancelled", f"取消{row.title}：{reason.strip()}", by=by, at=at)
    return row


@transaction.atomic
def start(inspection_id: int, *, by: User, at: dt.datetime | None = None) -> Inspection:
    """Begin at the site, not before the appointed day. Twice changes nothing. Raises `NotAllowed`, `DomainError`."""
    row = lock_inspection(inspection_id)
    if row.state == InspectionState.CHECKING:
        return row
    require(may.can_start, by, row)
    if timing.business_day(at or timing.now()) < row.slot_on:
        raise DomainError("too_early", f"检查定在{timing.spoken(row.slot_on)}，当天到场后开始。")
    check_follows(at, row)
    begin(row, by=by, at=at)
    return row


def absent_units(row: Inspection) -> list[InspectionUnit]:
    """Return the departments of an inspection that have not filled their lines."""
    found = row.units.filter(state=InspectorState.JOINED).select_related("organisation")
    return list(found.order_by("pk"))


