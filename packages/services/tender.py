"""Tender records: dated steps with their days of publicity and evidence; the tender itself is held elsewhere.

A step may not be dated earlier than the days after the one before it allow (`tender_steps.tsv`; the shortest path of
its eleven steps is 56 days, handbook §15.1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind, DocumentVersion
from archives.services.filing import file_upload
from packages import utility_data, utility_rules
from packages.listing import check_opening
from packages.models import MatterCase, TenderRecord, TenderStep
from packages.services.fees import close_with
from packages.services.locking import lock_case
from packages.utility_states import TENDER_STEPPING, TenderState
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import User
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

MOVES = {
    TenderState.PLAN: "to_plan", TenderState.NOTICE: "to_notice", TenderState.BIDDING: "to_bidding",
    TenderState.OPENING: "to_opening", TenderState.EVALUATION: "to_evaluation", TenderState.PUBLICITY: "to_publicity",
    TenderState.AWARD: "to_award", TenderState.SIGNED: "to_signed", TenderState.PERFORMANCE: "to_performance",
}
#: From where a failed tender, a changed plan and a complaint that was right begin again.
AGAIN = {"failed": "notice", "changed": "plan", "upheld": "evaluation"}
AGAIN_WORDS = {"failed": "投标人不足，重新公告", "changed": "计划变更，重新公布", "upheld": "投诉成立，重新评标"}


@dataclass(frozen=True, slots=True)
class NextStep:
    """The step that comes next and the earliest day on which it may happen."""

    step: TenderStep
    earliest: dt.date | None

    @property
    def is_open(self) -> bool:
        """Whether that day has come."""
        return self.earliest is None or self.earliest <= timing.today()


def next_of(steps: Sequence[TenderStep]) -> NextStep | None:
    """Return what comes next of the steps of one tender, in order; none after the last."""
    before: TenderStep | None = None
    for step in steps:
        if step.done_on is None:
            done = before.done_on if before else None
            return NextStep(step, done + dt.timedelta(days=step.after_days) if done else None)
        before = step
    return None


def forecast(steps: Sequence[TenderStep], start: dt.date) -> list[tuple[TenderStep, dt.date]]:
    """Return for each step its day: what happened, else the earliest; the first not before `start`."""
    days: list[tuple[TenderStep, dt.date]] = []
    day = start
    for step in steps:
        day = step.done_on or (day + dt.timedelta(days=step.after_days) if days else start)
        days.append((step, day))
    return days


@transaction.atomic
def open_tender(case_id: int, *, by: User, name: str = "", at: dt.datetime | None = None) -> TenderRecord:
    """Open the record of a tender of the plan with the steps of the day. While one runs it is returned.

    Raises `NotAllowed`, `DomainError` (`off_list`, `not_tender`).
    """
    case = lock_case(case_id)
    standing = TenderRecord.objects.filter(case=case).exclude(state=TenderState.ENDED).first()
    if standing is not None:
        return standing
    require(utility_rules.can_open_record, by, case)
    check_opening(case.project, [(case.matter.matter.code, case.matter.name)])
    moment = at or timing.now()
    rules = utility_data.tender_steps(timing.business_day(moment))
    closes = next((rule.code for rule in rules if case.matter.matter.code in rule.closes), None)
    if closes is None:
        raise DomainError("not_tender", f"{quoted(case.matter.name)}不按招标过程登记，请直接登记外部办理结果。")
    tender = TenderRecord.objects.create(
        project=case.project, case=case, name=(name.strip() or case.matter.name)[:200], closes_at=closes, opened_by=by,
        opened_at=moment, changed_at=moment,
    )
    TenderStep.objects.bulk_create([
        TenderStep(
            tender=tender, order=rule.order, code=rule.code, name=rule.name, state=rule.state,
            after_days=rule.after_days, publicity_days=rule.publicity_days, needs_evidence=rule.needs_evidence,
            is_basis_confirmed=rule.is_confirmed,
        ) for rule in rules
    ])
    record(
        "tender.opened", subject=tender, project=case.project, by=by, at=at, summary=f"登记招标过程：{tender.name}",
        data={"state": ["", tender.state], "matter": case.matter.matter.code},
    )
    return tender


@transaction.atomic
def record_step(  # noqa: PLR0913 - the fields of a step
    tender_id: int, *, by: User, code: str, on: dt.date, evidence: UploadedFile[Any] | None = None, note: str = "",
    link: str = "", at: dt.datetime | None = None,
) -> TenderRecord:
    """Record that the next step has happened on a day; the step that closes the matter closes it with its evidence.

    The same step of the same day again changes nothing. Raises `NotAllowed`, `DomainError` (`order`, `too_early`,
    `future`, `evidence`, `disputed`, that of the upload).
    """
    tender = lock_tender(tender_id)
    steps = list(tender.steps.all())
    known = next((step for step in steps if step.code == code), None)
    if known is not None and known.done_on == on:
        return tender
    require(utility_rules.can_step, by, tender)
    if tender.state not in TENDER_STEPPING and not (tender.state == TenderState.SIGNED):
        raise DomainError("disputed", f"招标现在是“{tender.get_state_display()}”，不能登记下一步。")
    step = _due_step(steps, code, on, moment=at or timing.now())
    if step.needs_evidence and evidence is None:
        raise DomainError("evidence", f"{quoted(step.name)}须附佐证（公告、报告或通知书），请上传后再登记。")
    if evidence is not None:
        step.evidence = _file(tender, step, evidence, by=by, at=at)
    step.done_on, step.note, step.link = on, note.strip()[:300], link.strip()
    step.recorded_by, step.recorded_at = by, at or timing.now()
    step.save()
    words = f"{step.name}，{timing.written(on)}"
    _move(tender, MOVES[TenderState(step.state)], by=by, at=at, words=words, step=step.code)
    if step.code == tender.closes_at and step.evidence is not None:
        close_with(tender.case, result=words, on=on, version=step.evidence, by=by, at=at)
    return tender


def _due_step(steps: list[TenderStep], code: str, on: dt.date, *, moment: dt.datetime) -> TenderStep:
    coming = next_of(steps)
    if coming is None or coming.step.code != code:
        name = coming.step.name if coming else "无"
        raise DomainError("order", f"下一步是{quoted(name)}，请按顺序登记。")
    if on > timing.business_day(moment):
        raise DomainError("future", f"日期{timing.written(on)}晚于今天，请在办成后登记。")
    if coming.earliest is not None and on < coming.earliest:
        raise DomainError(
            "too_early", f"{quoted(coming.step.name)}最早在{timing.written(coming.earliest)}（上一步后满 "
            f"{coming.step.after_days} 天），请核对日期。",
        )
    return coming.step


def _file(
    tender: TenderRecord, step: TenderStep, evidence: UploadedFile[Any], *, by: User, at: dt.datetime | None
) -> DocumentVersion:
    closing = step.code == tender.closes_at
    kind = tender.case.matter.result_kind if closing else DocumentKind.objects.get(slug="tender-evidence")
    document = file_upload(
        tender.project, uploaded=evidence, kind=kind, title=f"{tender.name}：{step.name}", source=step,
        source_label=f"招标：{step.name}", by=by, at=at,
    )
    return document.versions.order_by("-version")[0]


@transaction.atomic
def begin_again(
    tender_id: int, *, by: User, why: str, note: str, at: dt.datetime | None = None
) -> TenderRecord:
    """Go back: a failed tender to the announcement, a changed plan to the plan, a complaint upheld to the evaluation.

    The days of the steps that are repeated are emptied; they stand in the event. Raises `NotAllowed`, `DomainError`
    (`note`, `again`).
    """
    tender = lock_tender(tender_id)
    require(utility_rules.can_step, by, tender)
    steps = list(tender.steps.all())
    start = next(step for step in steps if step.code == AGAIN[why])
    disputed = tender.state == TenderState.DISPUTE
    allowed = disputed if why == "upheld" else tender.state in TENDER_STEPPING and tender.state != TenderState.SIGNED
    if not allowed or start.done_on is None or any(s.code == tender.closes_at and s.done_on for s in steps):
        raise DomainError("again", f"招标现在是“{tender.get_state_display()}”，不能{AGAIN_WORDS[why]}。")
    if not note.strip():
        raise DomainError("note", "请写明情况和日期。")
    repeated = [step for step in steps if step.order >= start.order]
    emptied = {step.code: str(step.done_on) for step in repeated if step.done_on}
    TenderStep.objects.filter(pk__in=[step.pk for step in repeated]).update(
        done_on=None, evidence=None, note="", link="", recorded_by=None, recorded_at=None
    )
    tender.round += why == "failed"
    tender.dispute, tender.dispute_on, tender.disputed_from = "", None, ""
    _move(
        tender, MOVES[TenderState(start.state)], by=by, at=at, words=f"{AGAIN_WORDS[why]}：{note.strip()}",
        emptied=emptied,
    )
    return tender


@transaction.atomic
def dispute(
    tender_id: int, *, by: User, what: str, on: dt.date, at: dt.datetime | None = None
) -> TenderRecord:
    """An objection or a complaint stops the tender. Raises `NotAllowed`, `DomainError` (`what`, `state`, `future`)."""
    tender = lock_tender(tender_id)
    if tender.state == TenderState.DISPUTE:
        return tender
    require(utility_rules.can_step, by, tender)
    if tender.state not in (TenderState.EVALUATION, TenderState.PUBLICITY, TenderState.AWARD):
        raise DomainError("state", f"招标现在是“{tender.get_state_display()}”，没有可以异议的结果。")
    if not what.strip():
        raise DomainError("what", "请写明异议或投诉的内容。")
    if on > timing.business_day(at or timing.now()):
        raise DomainError("future", f"日期{timing.written(on)}晚于今天，请核对日期。")
    tender.disputed_from, tender.dispute, tender.dispute_on = tender.state, what.strip()[:500], on
    _move(tender, "pause", by=by, at=at, words="异议或投诉，暂停")
    return tender


@transaction.atomic
def dismiss_dispute(tender_id: int, *, by: User, note: str, at: dt.datetime | None = None) -> TenderRecord:
    """The complaint was not right: the tender goes on where it stood. Raises `NotAllowed`, `DomainError` (`state`)."""
    tender = lock_tender(tender_id)
    require(utility_rules.can_step, by, tender)
    if tender.state != TenderState.DISPUTE:
        raise DomainError("state", "没有待处理的异议或投诉。")
    move = MOVES[TenderState(tender.disputed_from)]
    tender.dispute, tender.dispute_on, tender.disputed_from = "", None, ""
    _move(tender, move, by=by, at=at, words=f"异议或投诉不成立，继续：{note.strip()}")
    return tender


@transaction.atomic
def end_tender(tender_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> TenderRecord:
    """The tender is not held any more; the matter stays open. Raises `NotAllowed`, `DomainError` (`reason`)."""
    tender = lock_tender(tender_id)
    if tender.state == TenderState.ENDED:
        return tender
    require(utility_rules.can_step, by, tender)
    if not reason.strip():
        raise DomainError("reason", "请写明终止的原因。")
    if tender.state == TenderState.PERFORMANCE:
        raise DomainError("state", "合同已在履约，不能终止招标记录。")
    tender.ended_reason = reason.strip()[:300]
    _move(tender, "end", by=by, at=at, words=f"终止：{tender.ended_reason}")
    return tender


def lock_tender(tender_id: int) -> TenderRecord:
    """Return the record, locked with its project. Raises `TenderRecord.DoesNotExist`."""
    project = lock_project(TenderRecord.objects.values_list("project_id", flat=True).get(pk=tender_id))
    tender = TenderRecord.objects.select_for_update(of=("self",)).get(pk=tender_id)
    case = MatterCase.objects.select_related("matter__matter", "matter__result_kind", "lead").get(pk=tender.case_id)
    tender.project = case.project = project
    tender.case = case
    return tender


def _move(tender: TenderRecord, move: str, *, by: User, at: dt.datetime | None, words: str, **more: Any) -> None:
    old = tender.state
    getattr(tender, move)()
    tender.changed_at = at or timing.now()
    tender.save()
    record(
        "tender.moved", subject=tender, project=tender.project, by=by, at=at, summary=f"{tender.name}：{words}"[:300],
        data={"state": [old, tender.state], **more},
    )
