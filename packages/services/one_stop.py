"""One-stop construction permit (一站式施工许可): one application and form, one limit, one set of papers.

Each part stays a case of its own with its own clock: what is done may not wait for what is late. The whole adds the one
number, who holds it up, and the set that goes out under one cover (handbook §6.9).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from archives.models import DocumentKind, Paper
from archives.papering import content_digest, short_digest
from archives.states import PaperKind, PaperState
from packages import drawing_rules, policy, rules
from packages.drawing_states import OneStopState
from packages.models import MaterialItem, MatterCase, MatterPrerequisite, OneStop, OneStopPart, PolicyTable
from packages.next_steps import CASE_LOST
from packages.services import paperwork
from packages.services.checklist import fill_lines
from packages.services.intake import open_application
from packages.services.policies import table_of
from packages.states import (
    CASE_DECIDED,
    CASE_OPEN,
    CASE_PASSED,
    CASE_RUNNING,
    ApplicationSource,
    CaseState,
    Handling,
    MaterialState,
)
from projects import clocks, timing, workdays
from projects.clock_states import ClockKind, PauseKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import lock_project, record, subject_of
from projects.models import ClockPause, IssueItem, Organisation, Project, User
from projects.quoting import cited, quoted
from projects.services.issues import raise_issue, waive_issue
from projects.states import ISSUE_OPEN, IssueKind

FORM_KIND = "application-form"
LATE_BASIS = "一站式施工许可总时限"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One matter that would be part of the set: its case now, its word in the set, whether it is the main one."""

    case: MatterCase
    role: str
    is_main: bool

    @property
    def is_earlier(self) -> bool:
        """Whether it was granted before: it is only annexed."""
        return self.case.state in CASE_PASSED


# What belongs to it --------------------------------------------------------------------------------------------------


def parts_for(project: Project, table: PolicyTable, day: dt.date) -> list[Wanted]:
    """The matters of the plan that the table folds in, in its order. One query."""
    rows = policy.in_force(table.content["one_stop.tsv"], day)
    found = MatterCase.objects.filter(
        project=project, matter__matter__code__in=[row["matter_code"] for row in rows]
    ).exclude(state__in=CASE_LOST).select_related("matter__matter", "lead", "application")
    by_code = {case.matter.matter.code: case for case in found}
    return [
        Wanted(by_code[row["matter_code"]], row["role"], row["main"] == "yes")
        for row in rows if row["matter_code"] in by_code and by_code[row["matter_code"]].handling == Handling.REVIEW
    ]


def limit_of(cases: Sequence[MatterCase]) -> int:
    """The one number: working days of the longest chain of parts, each after the parts that it needs decided first."""
    by_matter = {case.matter.matter_id: case for case in cases}
    needs: dict[int, list[int]] = {}
    rows = MatterPrerequisite.objects.filter(version__in=[case.matter_id for case in cases])
    for version_id, matter_id in rows.values_list("version__matter_id", "matter_id"):
        needs.setdefault(version_id, []).append(matter_id)

    def end(matter_id: int) -> int:
        before = [end(other) for other in needs.get(matter_id, []) if other in by_matter]
        return by_matter[matter_id].promised_days + max(before, default=0)

    return max((end(pk) for pk in by_matter), default=0)


def form_fields(table: PolicyTable) -> list[dict[str, str]]:
    """The fields that are asked once for all parts."""
    return list(table.content["one_stop_form.tsv"])


# Opening -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_one_stop(
    project_id: int, *, by: User, form: Mapping[str, str], source: str = ApplicationSource.WINDOW,
    at: dt.datetime | None = None,
) -> OneStop:
    """Open one application for the permit with everything folded in, from one form.

    Effects in order: application for the parts that are not granted yet; the set with its one limit; 一站式申请表 as a
    paper, which meets the form line of every part; event `one_stop.opened`. While one is live it is returned. Raises
    `NotAllowed`, `DomainError`: `nothing_to_open`, `form` (which field is missing), those of the application.
    """
    project = lock_project(project_id)
    standing = live_one(project)
    if standing is not None:
        return standing
    require(rules.can_apply, by, project)
    table, moment = table_of(policy.ONE_STOP), at or timing.now()
    wanted = parts_for(project, table, timing.business_day(moment))
    fresh = [part for part in wanted if not part.is_earlier and part.case.state == CaseState.DRAFT]
    if not any(part.is_main and part in fresh for part in wanted):
        raise DomainError("nothing_to_open", "计划中没有可以申报的施工许可，或已在办理，不能一站式申请。")
    given = _checked(table, form)
    application = open_application(
        project.pk, matter_codes=[part.case.matter.matter.code for part in fresh], by=by, source=source, at=at
    )
    one = OneStop.objects.create(
        project=project, work_unit=fresh[0].case.work_unit, application=application, table=table, form=given,
        limit=limit_of([part.case for part in wanted if not part.is_earlier]), opened_by=by, opened_at=moment,
    )
    for order, part in enumerate(wanted, 1):
        OneStopPart.objects.create(
            one_stop=one, case=part.case, order=order, is_main=part.is_main, role=part.role, is_earlier=part.is_earlier
        )
    record(
        "one_stop.opened", subject=one, project=project, by=by, at=at,
        summary=f"一站式施工许可：{len(wanted)} 个事项，总时限 {one.limit} 个工作日",
        data={"state": ["", one.state], "limit": one.limit, "parts": [p.case.matter.matter.code for p in wanted]},
    )
    _form_paper(one, wanted, by=by, at=moment)
    fill_lines(project, at=at)
    return one


def live_one(project: Project) -> OneStop | None:
    """The one-stop application that runs or was issued."""
    found = OneStop.objects.filter(project=project).exclude(state=OneStopState.CLOSED)
    one: OneStop | None = found.select_related("application", "clock", "cover", "table", "work_unit").first()
    if one is not None:
        one.project = project
    return one


def _checked(table: PolicyTable, form: Mapping[str, str]) -> dict[str, str]:
    given = {row["name"]: str(form.get(row["name"]) or "").strip()[:200] for row in form_fields(table)}
    lacking = [row["label_zh"] for row in form_fields(table) if row["required"] == "yes" and not given[row["name"]]]
    if lacking:
        raise DomainError("form", f"申请表还缺：{'、'.join(lacking)}。")
    if given.get("planned_finish", "") < given.get("planned_start", ""):
        raise DomainError("form", "计划竣工日期早于计划开工日期，请核对。")
    return given


def form_pairs(one: OneStop) -> list[tuple[str, str]]:
    """The form as pairs of label and value with its unit."""
    rows = [(row, one.form.get(row["name"], "")) for row in form_fields(one.table)]
    return [(row["label_zh"], f"{value} {row['unit']}".strip()) for row, value in rows if value]


def _form_paper(one: OneStop, wanted: Sequence[Wanted], *, by: User, at: dt.datetime) -> None:
    """The one form as a paper of the catalogue's kind; it meets the form line of every part that asks for one."""
    project = one.project
    paper = paperwork.write(
        PaperKind.ONE_STOP_FORM, project, subject=one, issuer=project.centre, by=by, at=at, slug=FORM_KIND,
        what=f"一表申请 {len(wanted)} 个事项", do="不必再填各事项的申请表",
        when=f"受理之日起 {one.limit} 个工作日内一次出件",
        paragraphs=["申请内容如下，填写一次，各事项共用。"],
        table={"caption": "申请内容", "head": ["项目", "内容"], "rows": [
            ["建设单位", project.owner.name], ["工程地址", project.address or "—"], *map(list, form_pairs(one)),
            ["合并办理", "、".join(part.case.matter.name for part in wanted)],
        ]},
        addressee=project.centre.name,
    )
    lines = MaterialItem.objects.select_for_update().filter(
        case__application=one.application, kind=DocumentKind.objects.get(slug=FORM_KIND), state=MaterialState.MISSING
    )
    for line in lines:
        line.document, line.state, line.is_automatic = paper.document, MaterialState.HELD, True
        line.note, line.changed_by, line.changed_at = "一站式申请表", by, at
        line.save()


# Following ------------------------------------------------------------------------------------------------------------


def lock_one(one_stop_id: int) -> OneStop:
    """Return the set, locked with its project. Raises `OneStop.DoesNotExist`."""
    project = lock_project(OneStop.objects.values_list("project_id", flat=True).get(pk=one_stop_id))
    found = OneStop.objects.select_for_update(of=("self",)).select_related("application", "clock", "table", "cover")
    one: OneStop = found.get(pk=one_stop_id)
    one.project = project
    return one


def parts_of(one: OneStop) -> list[OneStopPart]:
    """The parts with their cases, in order."""
    related = (
        "case__matter__matter", "case__lead", "case__promised_clock", "case__application", "case__project__owner",
        "case__project__centre",
    )
    return list(one.parts.select_related(*related).order_by("order"))


@transaction.atomic
def follow(one_stop_id: int) -> bool:
    """Bring a running set up to date; return whether anything changed. Safe to run twice.

    A refused or withdrawn part is followed by the fresh case of its matter; without a main case the set ends. The clock
    starts with the first acceptance and stands while every open part stands, from the moment the last one stopped. A
    part that is late is named once: event `one_stop.part_late` and a 堵点 of its department.
    """
    one = lock_one(one_stop_id)
    if one.state != OneStopState.RUNNING:
        return False
    changed = _renew(one)
    parts = parts_of(one)
    if not any(part.is_main for part in parts):
        return _close(one) or changed
    changed |= _start(one, parts)
    changed |= _keep_time(one, parts)
    for part in parts:
        changed |= _escalate(one, part)
    return changed


def _renew(one: OneStop) -> bool:
    """Put the fresh case of the same matter in the place of one that ended without success."""
    changed = False
    for part in parts_of(one):
        if part.case.state not in CASE_LOST:
            continue
        fresh = MatterCase.objects.filter(
            project=one.project, matter__matter=part.case.matter.matter
        ).exclude(state__in=CASE_LOST).order_by("-pk").first()
        if fresh is None:
            part.delete()
        else:
            part.case, part.late_told_at = fresh, None
            part.save(update_fields=["case", "late_told_at"])
        changed = True
    return changed


def _close(one: OneStop) -> bool:
    old = one.state
    one.close()
    one.save()
    if one.clock is not None and one.clock.is_live:
        clocks.cancel_clock(one.clock, timing.now())
    record(
        "one_stop.closed", subject=one, project=one.project, by=None, summary="一站式施工许可终止：主证不再办理",
        data={"state": [old, one.state]},
    )
    return True


def _start(one: OneStop, parts: Sequence[OneStopPart]) -> bool:
    taken = [part.case.accepted_at for part in parts if part.case.accepted_at and not part.is_earlier]
    if one.clock is not None or not taken:
        return False
    one.clock = clocks.start_clock(
        kind=ClockKind.JOINT, limit=one.limit, on=min(taken), project=one.project, label="一站式施工许可总时限"
    )
    one.save(update_fields=["clock"])
    return True


def _keep_time(one: OneStop, parts: Sequence[OneStopPart]) -> bool:
    """The clock stands while all open parts stand, and runs again with the first that goes on."""
    if one.clock is None or not one.clock.is_live:
        return False
    running = [part.case for part in parts if part.case.state in CASE_RUNNING]
    stopped = {case.pk: since for case in running if (since := _stopped_since(case)) is not None}
    standing = bool(running) and len(stopped) == len(running)
    pause = one.clock.pauses.filter(kind=PauseKind.OTHER, ended_at=None).first()
    if standing and pause is None:
        start = max(*stopped.values(), one.clock.started_at)
        clocks.pause_clock(
            one.clock, kind=PauseKind.OTHER, owner=TimeOwner.APPLICANT, basis="各事项均在补正或特别程序中", at=start
        )
        return True
    if not standing and pause is not None:
        pause.clock = one.clock
        clocks.resume_clock(pause, max(_resumed_at(running), pause.started_at))
        return True
    return False


def _stopped_since(case: MatterCase) -> dt.datetime | None:
    pauses = ClockPause.objects.filter(clock=case.promised_clock, ended_at=None)
    return pauses.order_by("started_at").values_list("started_at", flat=True).first()


def _resumed_at(running: Sequence[MatterCase]) -> dt.datetime:
    ends = ClockPause.objects.filter(
        clock_id__in=[case.promised_clock_id for case in running], ended_at__isnull=False
    ).values_list("ended_at", flat=True)
    return max((end for end in ends if end), default=timing.now())


def _escalate(one: OneStop, part: OneStopPart) -> bool:
    """Name a part that is late, once; take the 堵点 away when it is decided."""
    late = days_late(part.case)
    if late > 0 and part.late_told_at is None:
        part.late_told_at = timing.now()
        part.save(update_fields=["late_told_at"])
        body = late_body(part.case)
        record(
            "one_stop.part_late", subject=one, project=one.project, by=None,
            summary=f"督办：{body.label}{quoted(part.case.matter.name)}超时 {late} 个工作日，拖住一站式施工许可",
            data={"case": part.case_id, "organisation": body.pk, "days": late},
        )
        raise_issue(
            one.project, kind=IssueKind.FRICTION, subject=one, basis=LATE_BASIS, debtor=body, by=None,
            what=f"{quoted(part.case.matter.name)}超时，拖住一站式施工许可", raised_for=one.project.centre,
            how_to_fix=f"{body.label}立即办结，或说明理由", at=timing.now(),
        )
        return True
    if part.case.state in CASE_DECIDED and part.late_told_at is not None:
        return _settle(one, part)
    return False


def _settle(one: OneStop, part: OneStopPart) -> bool:
    subject_type, subject_key = subject_of(one)
    found = IssueItem.objects.filter(
        subject_type=subject_type, subject_key=subject_key, kind=IssueKind.FRICTION, state__in=list(ISSUE_OPEN),
        what__contains=part.case.matter.name,
    )
    rows = list(found)
    for row in rows:
        row.project = one.project
        waive_issue(row, reason="已办结", by=None)
    return bool(rows)


def days_late(case: MatterCase) -> int:
    """Working days by which an open case is past its day; one that stands is not late."""
    if case.state not in CASE_OPEN or case.due_on is None:
        return 0
    return max(0, workdays.workdays_between(case.due_on, timing.today()))


def late_body(case: MatterCase) -> Organisation:
    """Whose fault it is: the first department that has not answered, else the lead."""
    from packages.models import ReviewTask
    from packages.states import TASK_OPEN

    task = ReviewTask.objects.filter(session__case=case, state__in=TASK_OPEN).exclude(role="lead").select_related(
        "organisation"
    ).order_by("due_on", "pk").first()
    return task.organisation if task else case.lead


# The set --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def issue_set(one_stop_id: int, *, by: User, at: dt.datetime | None = None) -> OneStop:
    """Issue certificate and annexes together, under one cover with one code.

    Effects in order: cover with number, code and hash of every paper of the set; clock stops; event `one_stop.issued`.
    A second press changes nothing. Raises `NotAllowed`, `DomainError` `not_ready` (names each part that is missing and
    whom it waits for).
    """
    one = lock_one(one_stop_id)
    if one.state == OneStopState.ISSUED:
        return one
    require(drawing_rules.can_issue_set, by, one)
    follow(one.pk)
    one = lock_one(one_stop_id)
    parts = parts_of(one)
    missing = [part for part in parts if part.case.state not in CASE_PASSED]
    if missing:
        names = "；".join(f"{quoted(part.case.matter.name)}在{late_body(part.case).label}" for part in missing)
        raise DomainError("not_ready", f"还不能一次出件：{names}。办结后再出。")
    main = next(part for part in parts if part.is_main)
    moment, old = at or timing.now(), one.state
    one.cover = _cover(one, parts, issuer=main.case.lead, by=by, at=moment)
    one.issue()
    one.issued_by, one.issued_at = by, moment
    one.save()
    if one.clock is not None and one.clock.is_live:
        clocks.stop_clock(one.clock, max(part.case.decided_at for part in parts if part.case.decided_at))
    record(
        "one_stop.issued", subject=one, project=one.project, by=by, at=at,
        summary=f"一次出件：{one.cover.number}，{len(parts)} 件",
        data={"state": [old, one.state], "cover": one.cover.number},
    )
    return one


def papers_of(parts: Sequence[OneStopPart]) -> dict[int, Paper]:
    """The certificate of each part, the newest that is valid, by case."""
    label = subject_of(parts[0].case)[0] if parts else ""
    found = Paper.objects.filter(
        kind=PaperKind.CERTIFICATE, state=PaperState.VALID, subject_type=label,
        subject_key__in=[str(part.case_id) for part in parts],
    ).select_related("issuer")
    return {int(paper.subject_key): paper for paper in found.order_by("pk")}


def _cover(
    one: OneStop, parts: Sequence[OneStopPart], *, issuer: Organisation, by: User, at: dt.datetime
) -> Paper:
    papers = papers_of(parts)
    rows = []
    for number, part in enumerate(sorted(parts, key=lambda part: not part.is_main), 1):
        paper = papers.get(part.case_id)
        rows.append([
            str(number), part.role, paper.title if paper else part.case.matter.result_name,
            paper.number if paper else "外部办理", paper.verify_code if paper else "",
            short_digest(content_digest(paper)) if paper else "",
        ])
    main = next(part for part in parts if part.is_main)
    return paperwork.write(
        PaperKind.PERMIT_SET, one.project, subject=one, issuer=issuer, by=by, at=at, is_public=True,
        what=f"{main.case.matter.result_name}及附件共 {len(rows)} 件，一次出件",
        do="扫描本页二维码，一码核验全套证照", when="各件有效期以件上载明的为准",
        paragraphs=["下列证照为一套，同时出具；任何一件与本页所列文号、摘要不一致的无效。"],
        table={"caption": "全套证照", "head": ["序号", "类别", "名称", "文号", "校验码", "内容摘要"], "rows": rows},
        legal=[cited(main.case.matter.legal_basis)] if main.case.matter.legal_basis else [],
    )
