"""集中开工: a batch, its projects with their checklist, the start, and the looks after 30 and 60 days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from agency import major_data as data
from agency import major_rules as may
from agency.major_states import EntryState
from agency.models import Batch, BatchEntry, BatchLine, StartCheck
from agency.recipients import AGENT_WHY, agents_of, people_at
from agency.services.telling import tell
from archives.models import DocumentKind
from archives.services.filing import file_upload
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.states import Role

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.db.models import QuerySet

    from projects.models import Organisation, User

PHOTO = "start-photo"
IMAGES = ("image/jpeg", "image/png")


@transaction.atomic
def make_batch(
    centre: Organisation, *, by: User, name: str, starts_on: dt.date, place: str = "", at: dt.datetime | None = None
) -> Batch:
    """Make a batch of starts on a day; the same name again is the same batch. Event `batch.made` of the centre.

    Raises `NotAllowed`, `DomainError` `name`.
    """
    require(may.can_keep_batch, by, Batch(centre=centre))
    words = name.strip()[:80]
    if not words:
        raise DomainError("name", "请写明批次名称。")
    known = Batch.objects.filter(centre=centre, name=words).first()
    if known is not None:
        return known
    batch = Batch.objects.create(
        centre=centre, name=words, starts_on=starts_on, place=place.strip()[:120], made_by=by,
        made_at=at or timing.now(),
    )
    record(
        "batch.made", subject=batch, organisation=centre, by=by, at=at,
        summary=f"安排{batch}，{timing.written(starts_on)}开工", data={"starts_on": str(starts_on)},
    )
    return batch


@transaction.atomic
def add_project(batch_id: int, project_id: int, *, by: User, at: dt.datetime | None = None) -> BatchEntry:
    """Propose a project for a batch with its checklist (拟纳入). Event `start.proposed`; a second call is a no-op.

    Raises `NotAllowed`, `DomainError` (`ended`, `elsewhere`).
    """
    project = lock_project(project_id)
    batch = Batch.objects.get(pk=batch_id)
    require(may.can_keep_batch, by, batch)
    known = BatchEntry.objects.filter(batch=batch, project=project).first()
    if known is not None:
        return known
    if not project.is_open:
        raise DomainError("ended", "项目不在办，不能纳入集中开工。")
    other = BatchEntry.objects.filter(
        project=project, state__in=[EntryState.PROPOSED, EntryState.CONFIRMED, EntryState.STARTED]
    ).select_related("batch").first()
    if other is not None:
        raise DomainError("elsewhere", f"项目已在“{other.batch}”，状态{other.get_state_display()}。")
    entry = BatchEntry.objects.create(batch=batch, project=project, added_by=by, added_at=at or timing.now())
    BatchLine.objects.bulk_create([
        BatchLine(entry=entry, code=line.code, order=order, name=line.name, is_required=line.is_required)
        for order, line in enumerate(data.start_lines(batch.starts_on), start=1)
    ])
    _tell(entry, "start.proposed", "", f"拟纳入{batch}", by=by, at=at)
    return entry


@transaction.atomic
def answer_line(
    line_id: int, *, by: User, is_met: bool, note: str = "", at: dt.datetime | None = None
) -> BatchLine:
    """Answer one line of the checklist. Event `start.line_answered`; the same answer again is a no-op.

    Raises `NotAllowed`.
    """
    entry = _lock(BatchLine.objects.values_list("entry_id", flat=True).get(pk=line_id))
    line = BatchLine.objects.get(pk=line_id)
    require(may.can_prepare, by, entry)
    words = note.strip()[:200]
    if line.answered_at is not None and (line.is_met, line.note) == (is_met, words):
        return line
    line.is_met, line.note, line.answered_by, line.answered_at = is_met, words, by, at or timing.now()
    line.save()
    record(
        "start.line_answered", subject=entry, project=entry.project, by=by, at=at,
        summary=f"{line}：{'已具备' if is_met else '未具备'}", data={"line": line.code, "met": is_met},
    )
    return line


def lacking(entry: BatchEntry) -> list[BatchLine]:
    """Return the lines that must be there and are not."""
    return [line for line in entry.lines.all() if line.is_required and not line.is_met]


@transaction.atomic
def confirm(entry_id: int, *, by: User, at: dt.datetime | None = None) -> BatchEntry:
    """Every line that must be there is there (已确认). Event `start.confirmed`; a second call is a no-op.

    Raises `NotAllowed`, `DomainError` `lacking`.
    """
    entry = _lock(entry_id)
    if entry.state == EntryState.CONFIRMED:
        return entry
    require(may.can_confirm, by, entry)
    _complete(entry)
    old = entry.state
    entry.confirm()
    entry.save()
    _tell(entry, "start.confirmed", old, f"确认在{entry.batch}开工", by=by, at=at)
    return entry


def _complete(entry: BatchEntry) -> None:
    missing = lacking(entry)
    if missing:
        names = "；".join(str(line) for line in missing)
        raise DomainError("lacking", f"开工条件还缺：{names}。具备后再确认，或者延后。")


@transaction.atomic
def begin(entry_id: int, *, by: User, on: dt.date, at: dt.datetime | None = None) -> BatchEntry:
    """The works have begun on a day (已开工): the looks after 30 and 60 days are due. Event `start.begun`.

    A second call is a no-op. Raises `NotAllowed`, `DomainError` (`future`, `lacking`).
    """
    entry = _lock(entry_id)
    if entry.state == EntryState.STARTED:
        return entry
    require(may.can_start, by, entry)
    if on > timing.today():
        raise DomainError("future", "开工日期还没有到，开工当天或之后再登记。")
    _complete(entry)
    old, entry.started_on = entry.state, on
    entry.start()
    entry.save()
    StartCheck.objects.bulk_create([
        StartCheck(entry=entry, days=days, due_on=on + dt.timedelta(days=days))
        for days in (data.term("follow_first", on), data.term("follow_second", on))
    ])
    _tell(entry, "start.begun", old, f"{timing.written(on)}开工（{entry.batch}）", by=by, at=at)
    return entry


@transaction.atomic
def postpone(
    entry_id: int, *, by: User, reason: str, to: dt.date | None = None, at: dt.datetime | None = None
) -> BatchEntry:
    """The project does not begin with this batch (延后), with the reason. Event `start.postponed`.

    A second call is a no-op. Raises `NotAllowed`, `DomainError` `reason`.
    """
    entry = _lock(entry_id)
    if entry.state == EntryState.POSTPONED:
        return entry
    require(may.can_postpone, by, entry)
    if not reason.strip():
        raise DomainError("reason", "请写明延后原因。")
    old = entry.state
    entry.reason, entry.postponed_to = reason.strip()[:300], to
    entry.postpone()
    entry.save()
    later = f"，延至{timing.written(to)}" if to else ""
    _tell(entry, "start.postponed", old, f"不随{entry.batch}开工：{entry.reason}{later}", by=by, at=at)
    return entry


@transaction.atomic
def check_start(
    check_id: int, *, by: User, is_working: bool, note: str, photo: UploadedFile[Any], at: dt.datetime | None = None
) -> StartCheck:
    """Say whether works really go on, with a photograph of the site, which is filed. Event `start.checked`.

    Not before its day; where nobody works, the director is told. A second call returns what was said. Raises
    `NotAllowed`, `DomainError` (`photo`, `note`, and as `file_upload`).
    """
    check = StartCheck.objects.select_related("entry").get(pk=check_id)
    entry = _lock(check.entry_id)
    check = StartCheck.objects.select_for_update().get(pk=check_id)
    check.entry = entry
    if check.checked_at is not None:
        return check
    require(may.can_check_start, by, check)
    if not is_working and not note.strip():
        raise DomainError("note", "没有真正施工的，请写明现场情况和原因。")
    document = file_upload(
        entry.project, uploaded=photo, kind=DocumentKind.objects.get(slug=PHOTO), title=f"{check}照片", source=entry,
        source_label=f"集中开工 {entry.batch}", by=by, at=at,
    )
    version = document.versions.order_by("-version")[0]
    if version.media_type not in IMAGES:
        raise DomainError("photo", "请上传现场照片（JPEG 或 PNG）。")
    check.is_working, check.note, check.photo = is_working, note.strip()[:300], version
    check.checked_by, check.checked_at = by, at or timing.now()
    check.save()
    record(
        "start.checked", subject=entry, project=entry.project, by=by, at=at,
        summary=f"{check}：{'正在施工' if is_working else '没有施工'}",
        data={"days": check.days, "working": is_working, "photo": version.digest},
    )
    if not is_working:
        _tell_false_start(check, by=by, at=at)
    return check


def _tell_false_start(check: StartCheck, *, by: User, at: dt.datetime | None) -> None:
    project = check.entry.project
    tell(
        [one for one in people_at(project.centre_id, Role.DIRECTOR) if one.pk != by.pk],
        f"{project.name}：{check}没有施工，{check.note}", project=project, kind="result", why="开工后核查没有施工",
        url=reverse("agency:batch", args=[check.entry.batch_id]), at=at,
    )


def untold() -> QuerySet[StartCheck]:
    """Return the looks whose day has come and that nobody was told of."""
    return StartCheck.objects.filter(checked_at=None, told_at=None, due_on__lte=timing.today())


@transaction.atomic
def tell_due(check_id: int) -> bool:
    """Tell the two people of the project, and the directors of its centre, that somebody has to look; once."""
    found = StartCheck.objects.select_for_update(of=("self",)).select_related("entry__project", "entry__batch")
    check = found.filter(pk=check_id, checked_at=None, told_at=None).first()
    if check is None:
        return False
    project = check.entry.project
    users = {user.pk: user for user in (*agents_of(project.pk), *people_at(project.centre_id, Role.DIRECTOR))}
    when = "今天到期" if check.due_on >= timing.today() else f"应于{timing.spoken(check.due_on)}进行，还没有登记"
    tell(
        users.values(), f"{project.name}：{check}{when}，请到场拍照登记", project=project, kind="meeting",
        why=AGENT_WHY,
        url=reverse("agency:batch", args=[check.entry.batch_id]), batch=f"start-{check.pk}",
    )
    check.told_at = timing.now()
    check.save(update_fields=["told_at"])
    return True


def _lock(entry_id: int) -> BatchEntry:
    project = lock_project(BatchEntry.objects.values_list("project_id", flat=True).get(pk=entry_id))
    entry = BatchEntry.objects.select_for_update(of=("self",)).select_related("batch").get(pk=entry_id)
    entry.project = project
    return entry


def _tell(entry: BatchEntry, kind: str, old: str, words: str, *, by: User, at: dt.datetime | None) -> None:
    record(
        kind, subject=entry, project=entry.project, by=by, at=at, summary=words,
        data={"state": [old, entry.state], "batch": entry.batch_id, "reason": entry.reason},
    )
