"""The joint survey on the telephone: sign-in by the code, each unit's checklist and photographs, the absent chased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from archives.models import DocumentKind
from archives.services.filing import file_upload
from packages import consultation_rules as may
from packages.consultation_states import (
    CheckKind,
    ConsultationState,
    MatterAnswer,
    SiteAnswer,
    UnitState,
)
from packages.models import Consultation, ConsultationUnit, UnitCheck, UnitPhoto
from packages.services.consultation import lock_consultation, lock_unit, move_unit, units_of
from projects import timing
from projects.access import access_of
from projects.errors import DomainError, NotAllowed, require
from projects.events import record, subject_of
from projects.jobs import each
from projects.models import Event, JobRun, User

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

PHOTO_SLUG, MOST_PHOTOS = "survey-photo", 20
IMAGES = "image/"


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a unit says to one line of its checklist."""

    answer: str
    when: str = ""
    commits: bool = False
    defers: bool = False
    merges: bool = False
    note: str = ""
    basis: str = ""


# Signing in ----------------------------------------------------------------------------------------------------------


def unit_for(row: Consultation, user: User) -> ConsultationUnit | None:
    """Return the invited unit that a person speaks for: the one that has not signed in yet first."""
    mine = [
        pk for pk in access_of(user).organisation_ids if access_of(user).has_at(pk, *may.UNIT_ROLES)
    ]
    found = ConsultationUnit.objects.filter(consultation=row, organisation_id__in=mine).exclude(
        state__in=[UnitState.PROPOSED, UnitState.RELEASED]
    )
    units = sorted(found.select_related("organisation"), key=lambda unit: (unit.signed_in_at is not None, unit.pk))
    for unit in units:
        unit.consultation = row
    return units[0] if units else None


@transaction.atomic
def sign_in(token: str, *, by: User, at: dt.datetime | None = None) -> ConsultationUnit:
    """Sign in by the code of a consultation for one's own unit; the first person of a unit signs it in.

    Effects: transition, event `consultation.unit_moved`. A second scan of the same unit changes nothing. Raises
    `Consultation.DoesNotExist`, `NotAllowed` (not invited, not begun, closed).
    """
    row = lock_consultation(Consultation.objects.values_list("pk", flat=True).get(token=token))
    unit = unit_for(row, by)
    verdict = may.can_sign_in(row, unit)
    if unit is None or not verdict:
        raise NotAllowed("can_sign_in", verdict.reason)
    unit = lock_unit(unit.pk)
    if unit.state not in (UnitState.INVITED, UnitState.ABSENT):
        return unit
    moment = at or timing.now()
    unit.signed_in_by, unit.signed_in_at = by, moment
    unit.due_on = row.written_until if unit.is_asked else None
    late = "（踏勘后到场）" if row.state == ConsultationState.MEETING else ""
    move_unit(unit, "sign_in", by=by, at=moment, words=f"扫码签到{late}")
    return unit


# The checklist -------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_checks(
    unit_id: int, *, by: User, ticked: Mapping[int, Ticked], at: dt.datetime | None = None
) -> ConsultationUnit:
    """Keep what a unit has ticked so far, by the key of the line; an empty answer leaves a line open.

    Event `consultation.checked` with how many are answered; the same again tells nothing. Raises `NotAllowed`,
    `DomainError` (`answer`, `basis`, `may_commit`, `may_defer`).
    """
    unit = lock_unit(unit_id)
    require(may.can_tick, by, unit)
    changed = _keep(unit, ticked, by=by, at=at or timing.now())
    if changed:
        _tell_checked(unit, by=by, at=at)
    return unit


def _keep(unit: ConsultationUnit, ticked: Mapping[int, Ticked], *, by: User, at: dt.datetime) -> int:
    changed = 0
    for line in UnitCheck.objects.filter(unit=unit).order_by("order"):
        given = ticked.get(line.pk)
        if given is None or not given.answer:
            continue
        _check(line, given)
        fields = ("answer", "when", "commits", "defers", "merges", "note", "basis")
        new = tuple(value.strip() if isinstance(value, str) else value for value in (getattr(given, f) for f in fields))
        if new == tuple(getattr(line, field) for field in fields):
            continue
        for field, value in zip(fields, new, strict=True):
            setattr(line, field, value)
        line.changed_by, line.changed_at = by, at
        line.save()
        changed += 1
    return changed


def _check(line: UnitCheck, given: Ticked) -> None:
    """Refuse an answer that the list does not know, or one that says more than the plan without its basis."""
    known = SiteAnswer.values if line.kind == CheckKind.SITE else MatterAnswer.values
    if given.answer not in known:
        raise DomainError("answer", f"“{line.text}”的答复不在可选范围内，请重新选择。")
    if given.answer == SiteAnswer.HEED and not given.note.strip():
        raise DomainError("note", f"“{line.text}”选择“需注意”的，请写明是什么。")
    if given.answer in (MatterAnswer.LATER, MatterAnswer.NOT_NEEDED) and not given.basis.strip():
        raise DomainError("basis", f"“{line.text}”与计划不一致，请写明依据；没有依据的意见不能保存。")
    if line.kind == CheckKind.MATTER and given.note.strip() and not given.basis.strip():
        raise DomainError("basis", f"“{line.text}”提出了要求，请写明依据；没有依据的意见不能保存。")
    if given.commits and not line.may_commit:
        raise DomainError("may_commit", f"“{line.text}”在目录中不适用告知承诺。")
    if given.defers and not line.may_defer:
        raise DomainError("may_defer", f"“{line.text}”在目录中不适用容缺受理。")


def _tell_checked(unit: ConsultationUnit, *, by: User, at: dt.datetime | None) -> None:
    lines = list(UnitCheck.objects.filter(unit=unit).values_list("answer", flat=True))
    done = sum(bool(answer) for answer in lines)
    record(
        "consultation.checked", subject=unit, project=unit.consultation.project, by=by, at=at,
        summary=f"{unit.organisation.label}核对 {done}/{len(lines)} 项", data={"done": done, "all": len(lines)},
    )


@transaction.atomic
def add_photo(
    unit_id: int, *, by: User, uploaded: UploadedFile[Any], note: str = "", at: dt.datetime | None = None
) -> UnitPhoto:
    """File a photograph of the site. The same picture again is the one that stands.

    Raises `NotAllowed`, `DomainError` (`photo`, `photos`, those of an upload).
    """
    unit = lock_unit(unit_id)
    require(may.can_tick, by, unit)
    if not str(uploaded.content_type or "").startswith(IMAGES):
        raise DomainError("photo", "请拍照或选择图片文件。")
    if unit.photos.count() >= MOST_PHOTOS:
        raise DomainError("photos", f"每个单位最多 {MOST_PHOTOS} 张照片，请挑选后上传。")
    kind, _ = DocumentKind.objects.get_or_create(
        slug=PHOTO_SLUG, defaults={"name": "踏勘照片", "doc_class": "P", "produced_by": "portal"}
    )
    document = file_upload(
        unit.consultation.project, uploaded=uploaded, kind=kind,
        title=f"{unit.organisation.label}踏勘照片 {note.strip()}".strip(), source=unit, by=by,
        source_label="联合会商集中踏勘", at=at,
    )
    standing = UnitPhoto.objects.filter(document=document).first()
    return standing or UnitPhoto.objects.create(
        unit=unit, document=document, note=note.strip()[:100], taken_by=by, taken_at=at or timing.now()
    )


@transaction.atomic
def confirm(
    unit_id: int, *, by: User, ticked: Mapping[int, Ticked] | None = None, at: dt.datetime | None = None
) -> ConsultationUnit:
    """A unit stands by its checklist; what came with the form is kept first.

    Twice is once. Raises `NotAllowed`, `DomainError` (`unanswered` naming the lines, those of `save_checks`).
    """
    unit = lock_unit(unit_id)
    if unit.state == UnitState.CONFIRMED:
        return unit
    require(may.can_tick, by, unit)
    moment = at or timing.now()
    _keep(unit, ticked or {}, by=by, at=moment)
    still = list(UnitCheck.objects.filter(unit=unit, answer="").order_by("order").values_list("text", flat=True))
    if still:
        more = f"等 {len(still)} 项" if len(still) > 3 else ""
        raise DomainError("unanswered", f"还没有核对：{'、'.join(still[:3])}{more}。")
    unit.confirmed_by, unit.confirmed_at = by, moment
    move_unit(unit, "confirm", by=by, at=moment, words="核对完毕，已确认")
    return unit


# Who did not come ----------------------------------------------------------------------------------------------------


@transaction.atomic
def write_opinion(
    unit_id: int, *, by: User, opinion: str, basis: str, at: dt.datetime | None = None
) -> ConsultationUnit:
    """A unit that was absent gives its opinion in writing, with its basis. Twice is once.

    Raises `NotAllowed`, `DomainError` (`opinion`, `basis`).
    """
    unit = lock_unit(unit_id)
    if unit.state == UnitState.ANSWERED:
        return unit
    require(may.can_write, by, unit)
    if not opinion.strip():
        raise DomainError("opinion", "请写明本单位对各事项的意见；没有意见的写“无意见”。")
    if not basis.strip():
        raise DomainError("basis", "请写明依据；没有依据的意见不能保存。")
    moment = at or timing.now()
    unit.opinion, unit.basis = opinion.strip()[:1000], basis.strip()[:300]
    unit.confirmed_by, unit.confirmed_at = by, moment
    move_unit(unit, "answer", by=by, at=moment, words="提交书面意见")
    return unit


@transaction.atomic
def chase(consultation_id: int, *, by: User, at: dt.datetime | None = None) -> list[ConsultationUnit]:
    """Ask the units that still owe a word to give it (催办); once a day.

    Event `consultation.chased`, on which their people get a message. Raises `NotAllowed`, `DomainError` (`chased`,
    `nobody_owes`).
    """
    row = lock_consultation(consultation_id)
    require(may.can_run, by, row)
    owing = [unit for unit in units_of(row) if unit.is_asked and unit.state in (UnitState.ABSENT, UnitState.PRESENT)]
    if not owing or row.state != ConsultationState.MEETING:
        raise DomainError("nobody_owes", "没有待提意见的单位，不需要催办。")
    label, key = subject_of(row)
    today = timing.start_of_day(timing.business_day(at or timing.now()))
    if Event.objects.filter(
        project=row.project, subject_type=label, subject_key=key, kind="consultation.chased", happened_at__gte=today
    ).exists():
        raise DomainError("chased", "今天已经催办过，明天可以再催。")
    names = "、".join(unit.organisation.label for unit in owing)
    record(
        "consultation.chased", subject=row, project=row.project, by=by, at=at, summary=f"催办{names}提交意见"[:300],
        data={"units": [unit.organisation_id for unit in owing]},
    )
    return owing


@transaction.atomic
def close_silence(consultation_id: int, *, at: dt.datetime | None = None) -> int:
    """Record those whose time to write is over: 缺席—无意见, 到场—未提意见. Silence is no consent here.

    Return how many. A second call finds nobody.
    """
    row = lock_consultation(consultation_id)
    moment = at or timing.now()
    if row.state != ConsultationState.MEETING or row.written_until is None:
        return 0
    if timing.business_day(moment) <= row.written_until:
        return 0
    silent = [unit for unit in units_of(row) if unit.state in (UnitState.ABSENT, UnitState.PRESENT) and unit.is_asked]
    for unit in silent:
        if unit.state == UnitState.ABSENT:
            move_unit(unit, "fall_silent", by=None, at=moment, words="缺席—无意见（书面意见期满）")
        else:
            move_unit(unit, "stay_mute", by=None, at=moment, words="到场—未提意见（期满未确认）")
    return len(silent)


def overdue() -> QuerySet[Consultation]:
    """Return the consultations in which the time to write is over for somebody."""
    return Consultation.objects.filter(
        state=ConsultationState.MEETING, written_until__lt=timing.today(),
        units__state__in=[UnitState.ABSENT, UnitState.PRESENT],
    ).distinct()


def close_all(run: JobRun | None = None) -> int:
    """Close the silence of every consultation that is due; return how many were touched."""
    return each(run or JobRun(job="chase_absent"), overdue(), lambda pk: close_silence(pk) > 0)
