"""本项目收费清单: what is charged, by whom, how much, until when; one pay sheet; receipts. The agency charges nothing.

Amounts are 元, `Decimal`, to the 分. A basis is printed only where it has been confirmed.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind, DocumentVersion
from archives.services.filing import file_upload
from archives.states import PaperKind
from packages import rules, utility_data, utility_rules
from packages.models import Fee, MatterCase, PaySheet, UtilityLine
from packages.services import paperwork
from packages.services.outside import record_outside_result
from packages.states import CaseState, Handling
from packages.utility_states import FeeState
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Project, User
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

FREE_WORDS = ("代办", "帮办", "项目长", "服务专员")
FREE = "全程代办不收取任何费用，代办服务不得列入收费清单。"
CENT = Decimal("0.01")


# The list ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def list_fees(project_id: int, *, by: User, at: dt.datetime | None = None) -> list[Fee]:
    """Put the fees of the plan on the list: one per matter of the kind 收费 that is not done. Twice lists once.

    Raises `NotAllowed`.
    """
    project = lock_project(project_id)
    require(utility_rules.can_keep_fees, by, project)
    moment = at or timing.now()
    known = {rule.matter: rule for rule in utility_data.fee_rules(timing.business_day(moment))}
    found = MatterCase.objects.filter(
        project=project, matter__matter__code__in=list(known), state=CaseState.DRAFT, handling=Handling.OUTSIDE,
        fees=None,
    ).select_related("matter__matter")
    bodies = {body.code: body for body in Organisation.objects.filter(code__in=[r.payee for r in known.values()])}
    made = []
    for case in found.order_by("pk"):
        rule = known[case.matter.matter.code]
        made.append(_add(
            Fee(project=project, case=case, name=rule.name, payee=bodies[rule.payee], basis=rule.basis,
                is_basis_confirmed=rule.is_confirmed, formula=rule.formula, added_by=by, added_at=moment,
                changed_at=moment), by=by, at=at,
        ))
    return made


@transaction.atomic
def add_fee(  # noqa: PLR0913 - the fields of a line
    project_id: int, *, by: User, name: str, payee: Organisation, amount: Decimal | None = None,
    due_on: dt.date | None = None, basis: str = "", formula: str = "", at: dt.datetime | None = None,
) -> Fee:
    """Put a fee on the list that no matter of the plan brings. Its basis counts as not confirmed.

    Raises `NotAllowed`, `DomainError` (`name`, `agency_free`, `amount`).
    """
    project = lock_project(project_id)
    require(utility_rules.can_keep_fees, by, project)
    moment = at or timing.now()
    if not name.strip():
        raise DomainError("name", "请填写收费项目的名称。")
    fee = _add(
        Fee(project=project, name=name.strip()[:100], payee=payee, basis=basis.strip()[:300],
            formula=formula.strip()[:200], added_by=by, added_at=moment, changed_at=moment), by=by, at=at,
    )
    return _assess(fee, amount, due_on, by=by, at=at) if amount is not None else fee


def _add(fee: Fee, *, by: User, at: dt.datetime | None) -> Fee:
    """Write a line and its event. The agency has no line."""
    if any(word in fee.name for word in FREE_WORDS):
        raise DomainError("agency_free", FREE)
    fee.save()
    record(
        "fee.listed", subject=fee, project=fee.project, by=by, at=at, summary=f"列入收费清单：{fee.name}",
        data={"state": ["", fee.state]},
    )
    return fee


def charge_quote(line: UtilityLine, *, by: User, at: dt.datetime) -> Fee | None:
    """Put an agreed quote of a utility on the list, to be paid. None where nothing is to be paid."""
    if not line.total:
        return None
    standing = Fee.objects.filter(line=line).first()
    if standing is not None:
        return standing
    fee = _add(
        Fee(project=line.request.project, line=line, name=f"{line.name}接入工程费", payee=line.body,
            formula="按确认的报价明细", added_by=by, added_at=at, changed_at=at), by=by, at=at,
    )
    return _assess(fee, line.total, None, by=by, at=at)


def drop_quote(line: UtilityLine, *, by: User, at: dt.datetime) -> None:
    """Take the fee of a utility that leaves from what is owed; what was paid stays."""
    fee = Fee.objects.select_for_update(of=("self",)).filter(
        line=line, state__in=[FeeState.UNSET, FeeState.DUE]
    ).first()
    if fee is not None:
        fee.reason = "该项退出联合报装"
        _move(fee, "waive", by=by, at=at, words="免缴：该项退出联合报装")


@transaction.atomic
def assess_fee(
    fee_id: int, *, by: User, amount: Decimal, due_on: dt.date | None = None, at: dt.datetime | None = None
) -> Fee:
    """Fix amount and day, or correct them while nothing is paid.

    Raises `NotAllowed`, `DomainError` (`amount`, `state`).
    """
    fee = _lock(fee_id)
    require(utility_rules.can_assess, by, fee)
    return _assess(fee, amount, due_on, by=by, at=at)


def _assess(fee: Fee, amount: Decimal, due_on: dt.date | None, *, by: User, at: dt.datetime | None) -> Fee:
    if fee.state not in (FeeState.UNSET, FeeState.DUE):
        raise DomainError("state", f"{quoted(fee.name)}{fee.get_state_display()}，不能更改金额。")
    if amount < 0 or amount != amount.quantize(CENT):
        raise DomainError("amount", "金额以元为单位，不小于 0，最多两位小数。")
    fee.amount, fee.due_on = amount.quantize(CENT), due_on
    _move(fee, "assess", by=by, at=at, words=f"核定 {fee.amount} 元", amount=str(fee.amount))
    return fee


@transaction.atomic
def waive_fee(fee_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Fee:
    """It need not be paid (减免). Raises `NotAllowed`, `DomainError` (`reason`, `state`)."""
    fee = _lock(fee_id)
    if fee.state == FeeState.WAIVED:
        return fee
    require(utility_rules.can_assess, by, fee)
    if not reason.strip():
        raise DomainError("reason", "请写明免缴的原因和文号。")
    if fee.state not in (FeeState.UNSET, FeeState.DUE):
        raise DomainError("state", f"{quoted(fee.name)}{fee.get_state_display()}，不能免缴。")
    fee.reason = reason.strip()[:300]
    _move(fee, "waive", by=by, at=at, words=f"免缴：{fee.reason}")
    return fee


# Paying --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def issue_sheet(project_id: int, *, by: User, at: dt.datetime | None = None) -> PaySheet:
    """Write one pay sheet over everything that is due, with its sum (缴费单).

    Raises `NotAllowed`, `DomainError` (`nothing_due`).
    """
    project = lock_project(project_id)
    require(utility_rules.can_keep_fees, by, project)
    moment = at or timing.now()
    due = list(Fee.objects.select_for_update(of=("self",)).filter(project=project, state=FeeState.DUE)
               .select_related("payee", "sheet__paper").order_by("pk"))
    if not due:
        raise DomainError("nothing_due", "没有待缴的费用，不需要开具缴费单。")
    total = sum((fee.amount or Decimal(0) for fee in due), Decimal("0.00"))
    standing = due[0].sheet
    same = standing is not None and all(fee.sheet_id == standing.pk for fee in due)
    if standing is not None and same and standing.total == total:
        return standing
    sheet = PaySheet.objects.create(project=project, total=total, issued_by=by, issued_at=moment)
    sheet.paper = _sheet_paper(project, sheet, due, by=by, at=moment)
    sheet.save(update_fields=["paper"])
    Fee.objects.filter(pk__in=[fee.pk for fee in due]).update(sheet=sheet)
    record(
        "fee.sheet", subject=sheet, project=project, by=by, at=at,
        summary=f"开具缴费单：{len(due)} 项，合计 {total} 元",
        data={"fees": [fee.pk for fee in due], "total": str(total)},
    )
    return sheet


def _sheet_paper(project: Project, sheet: PaySheet, due: list[Fee], *, by: User, at: dt.datetime) -> Any:
    rows = [
        [str(number), fee.name, fee.payee.label, fee.basis if fee.is_basis_confirmed else "", fee.formula,
         f"{fee.amount}", paperwork.day(fee.due_on) or "按收费单位通知"] for number, fee in enumerate(due, 1)
    ]
    rows.append(["", "合计", "", "", "", f"{sheet.total}", ""])
    first = min((fee.due_on for fee in due if fee.due_on), default=None)
    return paperwork.write(
        PaperKind.PAY_SHEET, project, subject=sheet, issuer=project.centre, by=by, at=at,
        what=f"本项目应缴 {len(due)} 项，合计 {sheet.total} 元", do="按表向各收费单位缴纳，缴后上传缴款凭证",
        when=f"最早一项{paperwork.day(first)}前" if first else "按收费单位通知的期限",
        paragraphs=[
            "本单汇总各收费单位核定的费用，审批服务中心不代收。",
            "全程代办不收取任何费用；任何人以代办名义收费的，请向审批服务中心举报。",
        ],
        table={
            "caption": "应缴费用（元）", "rows": rows,
            "head": ["序号", "项目", "收费单位", "依据", "计算方式", "金额", "期限"],
        },
    )


@transaction.atomic
def report_paid(
    fee_id: int, *, by: User, on: dt.date, evidence: UploadedFile[Any], at: dt.datetime | None = None
) -> Fee:
    """It is paid, with the receipt. Entered by the window it counts at once, by the owner once it is checked.

    Raises `NotAllowed`, `DomainError` (`future`, that of the upload).
    """
    fee = _lock(fee_id)
    require(utility_rules.can_report_paid, by, fee)
    if on > timing.business_day(at or timing.now()):
        raise DomainError("future", f"缴纳日期{timing.written(on)}晚于今天，请核对日期。")
    kind = fee.case.matter.result_kind if fee.case else DocumentKind.objects.get(slug="fee-receipt")
    document = file_upload(
        fee.project, uploaded=evidence, kind=kind, title=f"{fee.name}缴款凭证", source=fee,
        source_label=f"缴费：{fee.name}", by=by, at=at,
    )
    fee.evidence, fee.paid_on, fee.reason = document.versions.order_by("-version")[0], on, ""
    if utility_rules.can_keep_fees(by, fee.project):
        return _paid(fee, by=by, at=at)
    _move(fee, "report", by=by, at=at, words=f"{timing.written(on)}已缴，待核对凭证")
    return fee


@transaction.atomic
def check_paid(fee_id: int, *, by: User, holds: bool, reason: str = "", at: dt.datetime | None = None) -> Fee:
    """Check the receipt that the owner has sent. Raises `NotAllowed`, `DomainError` (`reason`)."""
    fee = _lock(fee_id)
    if holds and fee.state == FeeState.PAID:
        return fee
    require(utility_rules.can_check_paid, by, fee)
    if holds:
        return _paid(fee, by=by, at=at)
    if not reason.strip():
        raise DomainError("reason", "凭证不符时请写明哪里不符。")
    fee.reason = reason.strip()[:300]
    _move(fee, "reject", by=by, at=at, words=f"凭证不符：{fee.reason}")
    return fee


def _paid(fee: Fee, *, by: User, at: dt.datetime | None) -> Fee:
    """It counts as paid; the matter of the plan is closed with the receipt, where who checks may close it."""
    _move(fee, "pay", by=by, at=at, words=f"{timing.written(fee.paid_on)}已缴 {fee.amount} 元", amount=str(fee.amount))
    case, version, paid_on = fee.case, fee.evidence, fee.paid_on
    if case is None or version is None or paid_on is None:
        return fee
    case.project = fee.project
    if rules.can_record_outside(by, case):
        close_with(case, result=f"已缴 {fee.amount} 元", on=paid_on, version=version, by=by, at=at)
    return fee


def close_with(
    case: MatterCase, *, result: str, on: dt.date, version: DocumentVersion, by: User, at: dt.datetime | None
) -> None:
    """Close a matter that is done outside with a date and the evidence that its record has filed."""
    if case.state == CaseState.DRAFT and case.handling == Handling.OUTSIDE:
        record_outside_result(case.pk, by=by, result=result, on=on, evidence=version, at=at)


def _lock(fee_id: int) -> Fee:
    project = lock_project(Fee.objects.values_list("project_id", flat=True).get(pk=fee_id))
    fee = Fee.objects.select_for_update(of=("self",)).select_related(
        "payee", "case__matter__result_kind", "case__matter__matter", "case__lead", "evidence"
    ).get(pk=fee_id)
    fee.project = project
    return fee


def _move(fee: Fee, step: str, *, by: User, at: dt.datetime | None, words: str, **more: str) -> None:
    old = fee.state
    getattr(fee, step)()
    fee.changed_at = at or timing.now()
    fee.save()
    record(
        "fee.moved", subject=fee, project=fee.project, by=by, at=at, summary=f"{fee.name}：{words}"[:300],
        data={"state": [old, fee.state], **more},
    )
