"""缺啥补啥: what keeps a project from being ripe is claimed by its lead department, filled, proved and checked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from archives.models import DocumentKind, DocumentVersion, IssueEvidence
from archives.services.filing import file_upload
from archives.states import Visibility
from packages import appraisal_data as data
from packages import appraisal_rule, pool_rules
from packages.appraisal_states import Factor
from packages.models import Appraisal, Gap, PoolEntry
from projects import clocks, timing
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Clock, IssueItem, Organisation, Project, User
from projects.services.issues import (
    answer_issue,
    claim_issue,
    raise_issue,
    reject_issue,
    verify_issue,
    waive_issue,
)
from projects.states import IssueKind, IssueState
from projects.workdays import workdays_between

EVIDENCE_KIND = "gap-evidence"
BY_SCORE = "研判评分已达到要求"


def lock_gap(gap_id: int) -> Gap:
    """Return a gap, locked with its project and issue. Raises `Gap.DoesNotExist`."""
    project_id = Gap.objects.values_list("issue__project_id", flat=True).get(pk=gap_id)
    project = lock_project(project_id)
    gap: Gap = Gap.objects.select_for_update(of=("self",)).select_related("appraisal__entry").get(pk=gap_id)
    issue = IssueItem.objects.select_for_update(of=("self",)).select_related("debtor_organisation", "clock").get(
        pk=gap.issue_id
    )
    issue.project = project
    gap.issue = issue
    return gap


# Raised and closed by the scores -------------------------------------------------------------------------------------


def follow_levels(appraisal: Appraisal, *, by: User, at: dt.datetime | None) -> list[Gap]:
    """Raise a gap for every factor below what 成熟 asks, close those that are filled; return what was raised.

    A factor with an open gap keeps it. The lead is the first department that scores the factor; it has the days of the
    term `claim` to take the gap on. Called by the signing, inside its transaction.
    """
    project, content = appraisal.session.project, appraisal.table.content
    day = timing.business_day(at or timing.now())
    held = {gap.factor: gap for gap in data.open_gaps(project)}
    raised = []
    for factor in appraisal_rule.factors_of(content, project.investment, day):
        level = appraisal.levels.get(factor.code)
        target = data.target_of(content, appraisal.package, factor.code, day)
        gap = held.get(factor.code)
        if level is None:
            continue
        if level >= target:
            if gap is not None:
                _settle(gap, appraisal, by=by, at=at)
        elif gap is None:
            raised.append(_raise(appraisal, factor, level, target, by=by, at=at))
    return raised


def _raise(
    appraisal: Appraisal, factor: appraisal_rule.FactorDef, level: int, target: int, *, by: User,
    at: dt.datetime | None,
) -> Gap:
    moment, project = at or timing.now(), appraisal.session.project
    day = timing.business_day(moment)
    content = appraisal.table.content
    levels = appraisal_rule.levels_of(content, factor.code, day)
    bodies = list(Organisation.objects.filter(code__in=factor.departments))
    lead = next(body for body in bodies if body.code == factor.departments[0])
    days, _ = appraisal_rule.term(content, "claim", day)
    how = "；".join(levels[step].action for step in range(level, target) if levels[step].action)
    clock = clocks.start_clock(
        kind=ClockKind.OTHER, limit=days, on=moment, project=project, label=f"{factor.name}缺口认领"
    )
    issue = raise_issue(
        project, kind=IssueKind.GAP, subject=appraisal, batch=appraisal.session.round,
        what=f"{factor.name}：{levels[level].meaning}",
        basis=f"{appraisal.table}，成熟要求“{levels[target].word}”：{levels[target].meaning}"[:300],
        how_to_fix=how[:500], debtor=lead, by=by, raised_for=appraisal.session.lead, clock=clock, at=at,
    )
    others = [body.label for body in bodies if body != lead]
    return Gap.objects.create(
        issue=issue, appraisal=appraisal, factor=factor.code, level=level, target=target,
        helpers="、".join([*others, project.owner.name])[:200],
    )


def _settle(gap: Gap, appraisal: Appraisal, *, by: User, at: dt.datetime | None) -> None:
    """The score says that nothing is missing any more."""
    gap.settled_in = appraisal
    gap.save(update_fields=["settled_in"])
    issue = gap.issue
    issue.project = appraisal.session.project
    _end_clock(issue.clock, at)
    if issue.state != IssueState.SUBMITTED:
        answer_issue(issue, answer=BY_SCORE, by=by, at=at)
    verify_issue(issue, by=by, at=at)


# The lead department -------------------------------------------------------------------------------------------------


@transaction.atomic
def claim_gap(
    gap_id: int, *, by: User, responsible: str, promised_on: dt.date, at: dt.datetime | None = None
) -> Gap:
    """认领: the lead department takes a gap on, names who is responsible and until when.

    Effects in order: issue 已认领 with the promised day, a clock until then in place of that of the claim, event
    `issue.claimed`; the maturity in force follows where the rule forgives a promised gap. The same again changes
    nothing. Raises `NotAllowed`, `DomainError` (`claimed`, `responsible`, `promised`).
    """
    gap = lock_gap(gap_id)
    issue = gap.issue
    if issue.state == IssueState.CLAIMED and (gap.responsible, issue.due_on) == (responsible.strip(), promised_on):
        return gap
    if issue.state != IssueState.OPEN:
        raise DomainError(
            "claimed", f"这个缺口已由{gap.responsible or issue.debtor_organisation.label}认领，现在是"
            f"“{issue.get_state_display()}”。"
        )
    require(pool_rules.can_claim, by, gap)
    moment = at or timing.now()
    day = timing.business_day(moment)
    if not responsible.strip():
        raise DomainError("responsible", "请填写责任人。")
    if promised_on < day:
        raise DomainError("promised", f"承诺完成日{timing.written(promised_on)}已经过去，请改为今天或以后。")
    gap.claimed_by, gap.claimed_at, gap.responsible = by, moment, responsible.strip()[:50]
    gap.save()
    _end_clock(issue.clock, at)
    issue.clock = _promise_clock(issue, gap.factor, promised_on, moment)
    claim_issue(issue, due_on=promised_on, by=by, at=at, who=f"{issue.debtor_organisation.label}{gap.responsible}")
    follow_promises(issue.project, at=at)
    return gap


@transaction.atomic
def report_gap(
    gap_id: int, *, by: User, answer: str, evidence: DocumentVersion | UploadedFile[Any] | None,
    at: dt.datetime | None = None,
) -> Gap:
    """报告补齐: the lead department says how the gap was filled, with evidence. It then waits to be checked.

    Effects in order: the evidence is filed and linked, event `issue.answered`, the clock stops. Reported again is a
    no-op. Raises `NotAllowed`, `DomainError` (`unclaimed`, `answer`, `evidence`, that of the upload).
    """
    gap = lock_gap(gap_id)
    issue = gap.issue
    if issue.state == IssueState.SUBMITTED:
        return gap
    if issue.state == IssueState.OPEN:
        raise DomainError("unclaimed", "请先认领，写明责任人和承诺完成日，再报告补齐。")
    require(pool_rules.can_report, by, gap)
    if not answer.strip():
        raise DomainError("answer", "请写明怎样补齐的。")
    if evidence is None:
        raise DomainError("evidence", "报告补齐须有佐证，请选择档案文件或上传。")
    version = _version(gap, evidence, by=by, at=at)
    IssueEvidence.objects.get_or_create(issue=issue, version=version)
    answer_issue(issue, answer=answer.strip()[:500], by=by, at=at)
    _end_clock(issue.clock, at)
    return gap


def _version(
    gap: Gap, evidence: DocumentVersion | UploadedFile[Any], *, by: User, at: dt.datetime | None
) -> DocumentVersion:
    project = gap.issue.project
    if isinstance(evidence, DocumentVersion):
        if evidence.document.project_id != project.pk:
            raise DomainError("evidence", "佐证文件不属于本项目，请重新选择。")
        return evidence
    document = file_upload(
        project, uploaded=evidence, kind=DocumentKind.objects.get(slug=EVIDENCE_KIND),
        title=f"{Factor(gap.factor).label}缺口补齐佐证", source=gap, by=by, visibility=Visibility.OFFICE, at=at,
    )
    return document.versions.order_by("-version")[0]


# The convener and the chair ------------------------------------------------------------------------------------------


@transaction.atomic
def check_gap(
    gap_id: int, *, by: User, passed: bool, reason: str = "", at: dt.datetime | None = None
) -> Gap:
    """核实: the convener checks what the department reports. A gap that is closed has its factor appraised again.

    Effects: event `issue.verified` (its factor is scored anew, through the outbox) or `issue.rejected` (a clock until
    the promised day again). Checked again with the same result is a no-op. Raises `NotAllowed`, `DomainError`
    (`gap_state`, `reason`).
    """
    gap = lock_gap(gap_id)
    issue = gap.issue
    if issue.state == (IssueState.VERIFIED if passed else IssueState.REJECTED):
        return gap
    if issue.state != IssueState.SUBMITTED:
        raise DomainError("gap_state", f"这个缺口现在是“{issue.get_state_display()}”，不能核实。")
    require(pool_rules.can_check_gap, by, gap)
    if passed:
        verify_issue(issue, by=by, at=at)
        return gap
    if not reason.strip():
        raise DomainError("reason", "请写明为什么不算补齐，还差什么。")
    moment = at or timing.now()
    issue.clock = _promise_clock(issue, gap.factor, issue.due_on or timing.business_day(moment), moment)
    reject_issue(issue, reason=reason.strip()[:200], by=by, at=at)
    return gap


@transaction.atomic
def give_up_gap(gap_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Gap:
    """无法补齐: the chair accepts that a gap cannot be filled. Event `issue.waived`. Twice is a no-op.

    The factor keeps its level. Raises `NotAllowed`, `DomainError` (`reason`).
    """
    gap = lock_gap(gap_id)
    if gap.issue.state == IssueState.WAIVED:
        return gap
    require(pool_rules.can_give_up, by, gap)
    if not reason.strip():
        raise DomainError("reason", "请写明为什么无法补齐。")
    _end_clock(gap.issue.clock, at)
    waive_issue(gap.issue, reason=f"无法补齐：{reason.strip()[:200]}", by=by, at=at)
    follow_promises(gap.issue.project, at=at)
    return gap


# What follows --------------------------------------------------------------------------------------------------------


def follow_promises(project: Project, *, at: dt.datetime | None) -> None:
    """The maturity in force follows a gap that was claimed or given up, by the rule and nothing else.

    Not while a round runs, and never against what a chair has decided otherwise. Event `pool.matured` where it changes.
    """
    entry = PoolEntry.objects.select_for_update(of=("self",)).filter(project=project).first()
    if entry is None or data.open_round_of(entry) is not None:
        return
    last = entry.appraisals.filter(signed_at__isnull=False).select_related("table").order_by("-pk").first()
    if last is None or last.is_overridden:
        return
    day = timing.business_day(at or timing.now())
    derived = data.derive(last.table.content, last.package, last.levels, project, day)
    if derived.maturity == entry.maturity:
        return
    old, entry.maturity = entry.maturity, derived.maturity
    entry.save(update_fields=["maturity"])
    record(
        "pool.matured", subject=entry, project=project, by=None, at=at,
        summary=f"成熟度：{entry.get_maturity_display()}，{'；'.join(derived.reasons)}"[:300],
        data={"maturity": [old, entry.maturity]},
    )


def _promise_clock(issue: IssueItem, factor: str, until: dt.date, moment: dt.datetime) -> Clock:
    day = timing.business_day(moment)
    return clocks.start_clock(
        kind=ClockKind.OTHER, limit=workdays_between(day, max(until, day)), on=moment, project=issue.project,
        label=f"{Factor(factor).label}缺口补齐",
    )


def _end_clock(clock: Clock | None, at: dt.datetime | None) -> None:
    if clock is not None and clock.is_live:
        clocks.stop_clock(clock, at)
