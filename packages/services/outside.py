"""外部办理: what no screen of ours carries out is closed with its date and its evidence, and counted apart."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentVersion
from archives.services.filing import file_upload
from packages import rules
from packages.listing import check_opening
from packages.models import MatterCase, OutsideResult
from packages.services.checklist import fill_lines
from packages.services.locking import expect, lock_case
from packages.services.timekeeping import sync_due
from packages.states import CaseState, Handling
from projects import stages, timing
from projects.errors import DomainError, require
from projects.events import record
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import User


@transaction.atomic
def record_outside_result(
    case_id: int, *, by: User, result: str, on: dt.date, evidence: UploadedFile[Any] | DocumentVersion,
    at: dt.datetime | None = None,
) -> MatterCase:
    """Close a matter that was done elsewhere (an intermediary's report, a land auction, a fee).

    Effects in order: the evidence is filed as the matter's result (a version of the archive is used as it is);
    transition to 办结通过 as of the day `on`; `OutsideResult`; event `case.closed_outside` marked outside, without
    national code; checklists that waited for it are met; the stage follows its milestones. Raises `NotAllowed`,
    `DomainError` (`handling`, `case_state`, `off_list`, `result`, `future`, `evidence`, that of the upload). Source:
    DESIGN §3.
    """
    case = lock_case(case_id)
    if case.handling != Handling.OUTSIDE:
        raise DomainError("handling", f"{quoted(case.matter.name)}在系统内申报办理，不作外部办理登记。")
    expect(case, CaseState.DRAFT, verb="登记外部办理结果")
    require(rules.can_record_outside, by, case)
    check_opening(case.project, [(case.matter.matter.code, case.matter.name)])
    moment = at or timing.now()
    if not result.strip():
        raise DomainError("result", "请写明办理结果后再登记。")
    if on > timing.business_day(moment):
        raise DomainError("future", f"办成日期{timing.written(on)}晚于今天，请核对日期。")
    version = _evidence(case, evidence, by=by, at=at)
    old = case.state
    case.close_outside()
    case.decided_at = case.ended_at = min(timing.as_moment(on), moment)
    case.decided_by, case.decision_note = by, result.strip()[:500]
    sync_due(case, save=False)
    case.save()
    OutsideResult.objects.create(
        case=case, result=result.strip()[:300], done_on=on, evidence=version, recorded_by=by, recorded_at=moment
    )
    record(
        "case.closed_outside", subject=case, project=case.project, by=by, at=at,
        summary=f"外部办理：{case.matter.name}，{result.strip()}",
        data={"state": [old, case.state], "outside": True, "on": str(on), "evidence": version.digest},
    )
    fill_lines(case.project, at=at)
    stages.advance(case.project, by=by, at=at)
    return case


def _evidence(
    case: MatterCase, evidence: UploadedFile[Any] | DocumentVersion, *, by: User, at: dt.datetime | None
) -> DocumentVersion:
    if isinstance(evidence, DocumentVersion):
        if evidence.document.project_id != case.project_id:
            raise DomainError("evidence", "佐证文件不属于本项目，请重新选择。")
        return evidence
    document = file_upload(
        case.project, uploaded=evidence, kind=case.matter.result_kind, title=case.matter.result_name, source=case,
        source_label=f"外部办理：{case.matter.name}", by=by, at=at,
    )
    return document.versions.order_by("-version")[0]
