"""Services of intermediaries: chosen, contracted, delivered; their time is a clock of its own (handbook §15.2)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind
from archives.services.filing import file_upload
from packages import utility_rules
from packages.choices import MatterKind
from packages.listing import check_opening
from packages.models import IntermediaryService, MatterCase
from packages.services.fees import close_with
from packages.services.locking import lock_case
from packages.utility_states import SERVICE_OPEN, SelectionMode, ServiceState
from projects import clocks, timing
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import User
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

BACK = "成果已提交，待委托人确认"


@transaction.atomic
def open_service(case_id: int, *, by: User, at: dt.datetime | None = None) -> IntermediaryService:
    """Open the record of a service that a matter of the plan needs. While one runs it is returned.

    Raises `NotAllowed`, `DomainError` (`off_list`, `not_service`).
    """
    case = lock_case(case_id)
    standing = IntermediaryService.objects.filter(case=case, state__in=SERVICE_OPEN).first()
    if standing is not None:
        return standing
    require(utility_rules.can_open_record, by, case)
    check_opening(case.project, [(case.matter.matter.code, case.matter.name)])
    if case.matter.kind != MatterKind.INTERMEDIARY:
        raise DomainError("not_service", f"{quoted(case.matter.name)}不是中介服务，请直接登记外部办理结果。")
    moment = at or timing.now()
    service = IntermediaryService.objects.create(
        project=case.project, case=case, opened_by=by, opened_at=moment, changed_at=moment
    )
    record(
        "service.opened", subject=service, project=case.project, by=by, at=at,
        summary=f"登记中介服务：{case.matter.name}", data={"state": ["", service.state]},
    )
    return service


@transaction.atomic
def select_company(  # noqa: PLR0913 - the fields of a choice
    service_id: int, *, by: User, company: str, mode: str, on: dt.date, company_code: str = "",
    at: dt.datetime | None = None,
) -> IntermediaryService:
    """The owner has chosen an intermediary. Raises `NotAllowed`, `DomainError` (`company`, `future`, `state`)."""
    service = _lock(service_id, ServiceState.SELECTING, by=by)
    if not company.strip():
        raise DomainError("company", "请填写中介机构的名称。")
    service.company, service.company_code = company.strip()[:100], company_code.strip()[:18]
    service.mode, service.selected_on = SelectionMode(mode), _past(on, at)
    _move(service, "select", by=by, at=at, words=f"{service.get_mode_display()}选取 {service.company}")
    return service


@transaction.atomic
def sign_contract(
    service_id: int, *, by: User, on: dt.date, limit: int, contract: UploadedFile[Any] | None = None,
    at: dt.datetime | None = None,
) -> IntermediaryService:
    """The contract is signed: the clock of the intermediary runs from that day, for the working days it says.

    Raises `NotAllowed`, `DomainError` (`limit`, `contract_day`, `future`, `state`, that of the upload).
    """
    service = _lock(service_id, ServiceState.CONTRACTING, by=by)
    if limit < 1:
        raise DomainError("limit", "请填写合同约定的时限（工作日），至少 1 天。")
    if service.selected_on and on < service.selected_on:
        raise DomainError("contract_day", "合同签订不能早于选取，请核对日期。")
    service.contract_on, service.limit = _past(on, at), limit
    if contract is not None:
        service.contract = _file(service, contract, "service-contract", "合同", by=by, at=at)
    service.clock = clocks.start_clock(
        kind=ClockKind.OTHER, limit=limit, on=on, project=service.project, owner=TimeOwner.INTERMEDIARY,
        label=f"中介服务：{service.case.matter.name}（{service.company}）"[:200],
    )
    _move(service, "sign", by=by, at=at, words=f"{service.company}合同{timing.written(on)}，{limit} 个工作日")
    return service


@transaction.atomic
def deliver_report(
    service_id: int, *, by: User, on: dt.date, report: UploadedFile[Any], at: dt.datetime | None = None
) -> IntermediaryService:
    """The report is handed over and filed: the clock of the intermediary stands while the owner looks at it (企业).

    Raises `NotAllowed`, `DomainError` (`report_day`, `future`, `state`, that of the upload).
    """
    service = _lock(service_id, ServiceState.SERVING, by=by)
    if service.contract_on and on < service.contract_on:
        raise DomainError("report_day", "成果提交不能早于合同签订，请核对日期。")
    service.delivered_on, service.return_reason = _past(on, at), ""
    service.result = _file(service, report, service.case.matter.result_kind.slug, "成果", by=by, at=at)
    if service.clock is not None:
        since = max(timing.as_moment(on) if on < timing.today() else timing.now(), service.clock.started_at)
        clocks.pause_clock(
            service.clock, kind=PauseKind.INTERMEDIARY, owner=TimeOwner.APPLICANT, basis=BACK, at=since
        )
    _move(service, "deliver", by=by, at=at, words=f"{service.company} {timing.written(on)}提交成果")
    return service


@transaction.atomic
def return_report(
    service_id: int, *, by: User, reason: str, at: dt.datetime | None = None
) -> IntermediaryService:
    """The report does not do: the clock runs again. Raises `NotAllowed`, `DomainError` (`reason`, `state`)."""
    service = _lock(service_id, ServiceState.DELIVERED, by=by)
    if not reason.strip():
        raise DomainError("reason", "请写明成果哪里不符、怎样改。")
    service.returned += 1
    service.return_reason, service.delivered_on = reason.strip()[:300], None
    if service.clock is not None:
        for pause in service.clock.pauses.filter(kind=PauseKind.INTERMEDIARY, ended_at=None):
            pause.clock = service.clock
            clocks.resume_clock(pause, max(at or timing.now(), pause.started_at))
    _move(service, "give_back", by=by, at=at, words=f"成果退回：{service.return_reason}")
    return service


@transaction.atomic
def finish_service(service_id: int, *, by: User, at: dt.datetime | None = None) -> IntermediaryService:
    """The report is taken: the matter is closed with it, as of the day it was handed over.

    Raises `NotAllowed`, `DomainError` (`state`).
    """
    project_id = IntermediaryService.objects.values_list("project_id", flat=True).get(pk=service_id)
    lock_project(project_id)
    if IntermediaryService.objects.filter(pk=service_id, state=ServiceState.DONE).exists():
        return IntermediaryService.objects.get(pk=service_id)
    service = _lock(service_id, ServiceState.DELIVERED)
    require(utility_rules.can_finish_service, by, service)
    delivered, version = service.delivered_on, service.result
    if service.clock is not None and delivered is not None:
        clocks.stop_clock(service.clock, max(at or timing.now(), service.clock.started_at))
    _move(service, "finish", by=by, at=at, words="成果已确认")
    if delivered is not None and version is not None:
        close_with(
            service.case, result=f"{service.company}提交{service.case.matter.result_name}", on=delivered,
            version=version, by=by, at=at,
        )
    return service


@transaction.atomic
def end_service(service_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> IntermediaryService:
    """The service is broken off; another may be opened. Raises `NotAllowed`, `DomainError` (`reason`, `state`)."""
    service = _lock(service_id, *SERVICE_OPEN, by=by)
    if not reason.strip():
        raise DomainError("reason", "请写明中止的原因。")
    service.ended_reason = reason.strip()[:300]
    if service.clock is not None:
        clocks.cancel_clock(service.clock, max(at or timing.now(), service.clock.started_at))
    _move(service, "end", by=by, at=at, words=f"中止：{service.ended_reason}")
    return service


def _past(on: dt.date, at: dt.datetime | None) -> dt.date:
    if on > timing.business_day(at or timing.now()):
        raise DomainError("future", f"日期{timing.written(on)}晚于今天，请核对日期。")
    return on


def _lock(service_id: int, *states: str, by: User | None = None) -> IntermediaryService:
    project = lock_project(IntermediaryService.objects.values_list("project_id", flat=True).get(pk=service_id))
    service = IntermediaryService.objects.select_for_update(of=("self",)).select_related("clock", "result").get(
        pk=service_id
    )
    service.project = project
    case = MatterCase.objects.select_related("matter__matter", "matter__result_kind", "lead").get(pk=service.case_id)
    case.project, service.case = project, case
    if by is not None:
        require(utility_rules.can_tend_service, by, service)
    if service.state not in states:
        raise DomainError("state", f"中介服务现在是“{service.get_state_display()}”，不能办理这一步。请刷新页面。")
    return service


def _file(
    service: IntermediaryService, uploaded: UploadedFile[Any], slug: str, word: str, *, by: User,
    at: dt.datetime | None,
) -> Any:
    document = file_upload(
        service.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=slug),
        title=f"{service.case.matter.name}：{word}（{service.company}）", source=service,
        source_label=f"中介服务：{service.company}", by=by, at=at,
    )
    return document.versions.order_by("-version")[0]


def _move(service: IntermediaryService, step: str, *, by: User, at: dt.datetime | None, words: str) -> None:
    old = service.state
    getattr(service, step)()
    service.changed_at = at or timing.now()
    service.save()
    record(
        "service.moved", subject=service, project=service.project, by=by, at=at,
        summary=f"{service.case.matter.name}：{words}"[:300], data={"state": [old, service.state]},
    )
