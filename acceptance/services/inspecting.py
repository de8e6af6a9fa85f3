"""At the site: each department fills its lines on the telephone, photographs, the one record with what was found."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import supervision_data as data
from acceptance import supervision_rules as may
from acceptance.models import Finding, Inspection, InspectionLine, InspectionPhoto, InspectionUnit
from acceptance.services.inspections import absent_units, lock_inspection, move
from acceptance.supervision_states import FindingKind, InspectionState, InspectorState, LineAnswer
from archives.models import DocumentKind
from archives.services.filing import file_upload
from archives.states import PaperKind
from packages.services import paperwork
from projects import timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import record
from projects.services.issues import answer_issue, raise_issue, verify_issue
from projects.states import ISSUE_OPEN, IssueKind

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from archives.models import Paper
    from projects.models import User

PHOTO_SLUG, MOST_PHOTOS = "inspection-photo", 30
IMAGES = ("image/jpeg", "image/png")
ENFORCER = "综合执法"


@dataclass(frozen=True, slots=True)
class Said:
    """What a department says to one line; a fault has its kind, what it is and how it is put right."""

    answer: str
    note: str = ""
    kind: str = ""
    what: str = ""
    fix: str = ""
    is_major: bool = False


def lock_unit(unit_id: int) -> InspectionUnit:
    """Return the department of an inspection, locked with its project. Raises `InspectionUnit.DoesNotExist`."""
    row = lock_inspection(InspectionUnit.objects.values_list("inspection_id", flat=True).get(pk=unit_id))
    unit = InspectionUnit.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=unit_id)
    unit.inspection = row
    return unit


def recently(row: Inspection, codes: Sequence[str]) -> dict[str, dt.date]:
    """Return which lines were checked and passed in the days before (`recent`), and when: they are grey. One query."""
    since = row.slot_on - dt.timedelta(days=data.term("recent", row.slot_on))
    found = InspectionLine.objects.filter(
        unit__inspection__work_unit_id=row.work_unit_id, unit__inspection__slot_on__range=(since, row.slot_on),
        unit__state=InspectorState.RECORDED, code__in=list(codes), answer=LineAnswer.FINE,
    ).exclude(unit__inspection=row)
    return dict(found.order_by("unit__inspection__slot_on").values_list("code", "unit__inspection__slot_on"))


@transaction.atomic
def record_unit(
    unit_id: int, *, by: User, said: Mapping[int, Said], opinion: str = "", inspectors: str = "",
    at: dt.datetime | None = None,
) -> InspectionUnit:
    """A department fills its lines and confirms; return it. Twice changes nothing.

    Effects in order: answers of its lines (one checked in the last days may stay empty: 近期已核), per fault an issue
    item of kind 整改 and a `Finding`, closed at once when put right on the spot; event `inspection.unit_recorded`.
    Raises `NotAllowed`, `DomainError` (`lines_open`, `fault`).
    """
    unit = lock_unit(unit_id)
    if unit.state == InspectorState.RECORDED:
        return unit
    require(may.can_record, by, unit)
    check_follows(at, unit.inspection, unit)
    lines = list(unit.lines.select_related("card").order_by("order", "pk"))
    passed = recently(unit.inspection, [line.code for line in lines])
    answers = {
        line.pk: said.get(line.pk) or Said(LineAnswer.RECENT if line.code in passed else "") for line in lines
    }
    still = [line.text for line in lines if not answers[line.pk].answer]
    if still:
        raise DomainError("lines_open", f"还有 {len(still)} 项没有填写：{still[0][:40]}")
    for line in lines:
        _answer(unit, line, answers[line.pk], by=by, at=at)
    old = unit.state
    unit.confirm()
    unit.opinion, unit.inspectors = opinion.strip()[:500], inspectors.strip()[:100] or str(by)
    unit.recorded_by, unit.recorded_at = by, at or timing.now()
    unit.save()
    faults = sum(1 for one in answers.values() if one.answer == LineAnswer.FINDING)
    record(
        "inspection.unit_recorded", subject=unit, project=unit.inspection.project, by=by, at=at,
        summary=f"{unit.organisation.label}填写{unit.inspection.title}：{len(lines)} 项，发现 {faults} 个问题",
        data={"state": [old, unit.state], "lines": len(lines), "findings": faults},
    )
    return unit


def _answer(unit: InspectionUnit, line: InspectionLine, said: Said, *, by: User, at: dt.datetime | None) -> None:
    if said.answer not in LineAnswer.values:
        raise DomainError("fault", "请选择合格、有问题或本次未查。")
    line.answer, line.note = said.answer, said.note.strip()[:300]
    line.save(update_fields=["answer", "note"])
    if said.answer == LineAnswer.FINDING:
        _find(unit, line, said, by=by, at=at)


def _find(unit: InspectionUnit, line: InspectionLine, said: Said, *, by: User, at: dt.datetime | None) -> None:
    if said.kind not in FindingKind.values or not (said.what.strip() and said.fix.strip()):
        how = "请写明什么问题、怎么改，并选择现场整改、限期整改、停工或移送执法。"
        raise DomainError("fault", f"“{line.text[:30]}”有问题：{how}")
    project = unit.inspection.project
    stops = said.is_major or said.kind == FindingKind.STOP
    issue = raise_issue(
        project, kind=IssueKind.RECTIFICATION, subject=line, what=said.what.strip()[:300],
        basis=(line.standard or "检查要点")[:300], how_to_fix=said.fix.strip()[:500], debtor=project.owner, by=by,
        raised_for=unit.organisation, batch=unit.inspection.number, at=at,
        due_on=data.due("major" if stops else "rectify", at or timing.now()),
    )
    Finding.objects.create(line=line, kind=said.kind, is_major=stops, issue=issue)
    if said.kind == FindingKind.ON_SITE:
        issue.project = project
        answer_issue(issue, answer="现场已改正", by=by, at=at)
        verify_issue(issue, by=by, at=at)


@transaction.atomic
def add_photo(
    unit_id: int, *, by: User, uploaded: UploadedFile[Any], note: str = "", at: dt.datetime | None = None
) -> InspectionPhoto:
    """File a photograph of the site. The same picture again is the one that stands.

    Raises `NotAllowed`, `DomainError` (`photo`, `photos`, those of an upload).
    """
    unit = lock_unit(unit_id)
    require(may.can_record, by, unit)
    if unit.photos.count() >= MOST_PHOTOS:
        raise DomainError("photos", f"每个部门最多 {MOST_PHOTOS} 张照片。")
    document = file_upload(
        unit.inspection.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=PHOTO_SLUG),
        title=f"{unit.inspection.title}照片：{note.strip()[:60] or unit.organisation.label}", source=unit, by=by, at=at,
    )
    if document.versions.latest("version").media_type not in IMAGES:
        raise DomainError("photo", "请上传 JPEG 或 PNG 照片。")
    photo, _ = InspectionPhoto.objects.get_or_create(
        document=document,
        defaults={"unit": unit, "note": note.strip()[:100], "taken_by": by, "taken_at": at or timing.now()},
    )
    return photo


# The one record ------------------------------------------------------------------------------------------------------


@transaction.atomic
def close_record(
    inspection_id: int, *, by: User, text: str, absent: Sequence[int] = (), at: dt.datetime | None = None
) -> Inspection:
    """The lead department makes the one record; return the inspection. Twice changes nothing.

    Effects in order: departments named `absent` are marked, 联合检查记录 with a line per department, 停工整改通知书 and
    案件移送函 per fault of that kind, transition (待整改 with the last day, or 已闭合), event `inspection.recorded` or
    `inspection.closed`. Raises `NotAllowed`, `DomainError` (`units_open`, `nobody`, `text`).
    """
    row = lock_inspection(inspection_id)
    if row.state != InspectionState.CHECKING and row.recorded_at is not None:
        return row
    require(may.can_close, by, row)
    if not text.strip():
        raise DomainError("text", "请写检查情况：查了什么、总体怎样。")
    check_follows(at, row, *row.units.all())
    moment = at or timing.now()
    for unit in absent_units(row):
        if unit.pk not in absent:
            raise DomainError("units_open", f"{unit.organisation.label}还没有填写；没有到场的，请勾选“未到场”。")
        _absent(row, unit, by=by, at=at)
    if not row.units.filter(state=InspectorState.RECORDED).exists():
        raise DomainError("nobody", "没有部门到场的检查不能出具记录，请取消或改期。")
    findings = list(findings_of(row))
    row.record, row.recorded_by, row.recorded_at = text.strip(), by, moment
    row.record_paper = _record_paper(row, findings, by=by, at=moment)
    for finding in findings:
        _finding_paper(row, finding, by=by, at=moment)
    owed = [finding.issue.due_on for finding in findings if finding.issue.state in ISSUE_OPEN and finding.issue.due_on]
    old = row.state
    if owed:
        row.due_on = max(owed)
        row.find()
        move(
            row, old, "recorded", f"{row.title}记录：{len(findings)} 个问题，{timing.written(row.due_on)}前整改",
            by=by, at=at, findings=len(findings),
        )
        return row
    close(row, by=by, at=at)
    return row


def close(row: Inspection, *, by: User | None, at: dt.datetime | None) -> None:
    """Nothing is open any more in the locked inspection. Event `inspection.closed`; `clean`: nothing was ever found."""
    old = row.state
    row.close()
    row.closed_at = at or timing.now()
    clean = not findings_of(row).exists()
    word = "未发现问题" if clean else "整改闭合"
    move(row, old, "closed", f"{row.title}{word}", by=by, at=at, clean="yes" if clean else "no")


def findings_of(row: Inspection) -> Any:
    """Return the faults of an inspection in the order in which they were found."""
    found = Finding.objects.filter(line__unit__inspection=row)
    return found.select_related("issue", "line__unit__organisation", "paper").order_by("pk")


def _absent(row: Inspection, unit: InspectionUnit, *, by: User, at: dt.datetime | None) -> None:
    old = unit.state
    unit.miss()
    unit.save()
    record(
        "inspection.unit_absent", subject=unit, project=row.project, by=by, at=at,
        summary=f"{unit.organisation.label}未到场：{row.title}", data={"state": [old, unit.state]},
    )


def _record_paper(row: Inspection, findings: Sequence[Finding], *, by: User, at: dt.datetime) -> Paper:
    units = row.units.select_related("organisation").prefetch_related("lines").order_by("pk")
    lines = [
        [
            unit.organisation.label, unit.inspectors or "—",
            _count(list(unit.lines.all()), LineAnswer.FINE, LineAnswer.RECENT),
            _count(list(unit.lines.all()), LineAnswer.FINDING), unit.opinion or unit.get_state_display(),
        ]
        for unit in units
    ]
    faults = [
        [str(number), one.line.unit.organisation.label, one.issue.what, one.issue.basis, one.issue.how_to_fix,
         one.get_kind_display(), paperwork.day(one.issue.due_on) if one.kind != FindingKind.ON_SITE else "已现场改正"]
        for number, one in enumerate(findings, 1)
    ]
    tables = [{"caption": "各部门", "head": ["部门", "检查人员", "合格", "有问题", "意见"], "rows": lines}]
    if faults:
        head = ["序号", "部门", "问题", "依据", "怎么改", "处理", "期限"]
        tables.append({"caption": "发现的问题", "head": head, "rows": faults})
    still = [one for one in findings if one.issue.state in ISSUE_OPEN]
    until = max((one.issue.due_on for one in still if one.issue.due_on), default=None)
    return paperwork.write(
        PaperKind.INSPECTION_RECORD, row.project, subject=row, issuer=row.lead, by=by, at=at,
        what=f"{row.title}：发现 {len(faults)} 个问题" if faults else f"{row.title}：没有发现问题",
        do="逐条整改，附照片在系统内答复" if still else "无须整改",
        when=f"{paperwork.day(until)}前" if until else "已闭合",
        paragraphs=[
            f"{paperwork.day(timing.business_day(row.started_at or at))}，{row.get_kind_display()}检查。{row.record}",
            *([f"计划外理由：{data.reason_name(row.reason_code, row.slot_on)}，{row.reason}"] if row.reason else []),
            *_photographs(row),
        ],
        tables=tables,
    )


def _photographs(row: Inspection) -> list[str]:
    """Say how many photographs of the site there are, by department, and where they lie."""
    photos = InspectionPhoto.objects.filter(unit__inspection=row).select_related("unit__organisation")
    taken = Counter(photo.unit.organisation.label for photo in photos.order_by("pk"))
    each = "、".join(f"{label} {number} 张" for label, number in taken.items())
    return [f"现场照片 {taken.total()} 张（{each}），存入项目档案。"] if taken else []


def _count(lines: Sequence[InspectionLine], *answers: str) -> str:
    return str(sum(1 for line in lines if line.answer in answers))


def _finding_paper(row: Inspection, finding: Finding, *, by: User, at: dt.datetime) -> None:
    issue, body = finding.issue, finding.line.unit.organisation
    words = [f"{row.title}发现：{issue.what}（{issue.basis}）", f"整改要求：{issue.how_to_fix}"]
    if finding.kind == FindingKind.STOP:
        finding.paper = paperwork.write(
            PaperKind.STOP_ORDER, row.project, subject=finding, issuer=body, by=by, at=at, what=issue.what,
            do=f"立即停止相关部位施工。{issue.how_to_fix}",
            when=f"{paperwork.day(issue.due_on)}前改好，复核合格后复工",
            paragraphs=[*words, paperwork.remedies()],
        )
    elif finding.kind == FindingKind.REFER:
        finding.paper = paperwork.write(
            PaperKind.REFERRAL, row.project, subject=finding, issuer=body, by=by, at=at, what=issue.what,
            do="请依法核查处理，并反馈结果", when="收到后按执法程序办理", paragraphs=words, addressee=ENFORCER,
        )
    else:
        return
    finding.save(update_fields=["paper"])
