"""盯、关、跟 marks on a project; 陪办 and the tickets that its friction points become."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency import desk_data as data
from agency import desk_rules as may
from agency.desk_states import MarkKind
from agency.models import Accompaniment, ProjectMark
from agency.recipients import people_at
from agency.services.telling import tell
from archives.states import PaperKind, Visibility
from packages.models import MatterCase
from packages.services import paperwork
from projects import timing, workdays
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import IssueItem, Organisation, Project
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue
from projects.states import InvolvementRole, IssueKind, IssueState

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import User

MOST_POINTS = 10


@dataclass(frozen=True, slots=True)
class Friction:
    """One place where it rubs (堵点): what, what would help, which body has to change it."""

    what: str
    wish: str
    body: Organisation


@transaction.atomic
def toggle_mark(
    project_id: int, *, kind: str, by: User, note: str = "", on: bool = True, at: dt.datetime | None = None
) -> ProjectMark | None:
    """Set or clear a mark; the same again changes nothing. 关 needs the risk in words. Event `agency.marked`.

    Raises `NotAllowed`, `DomainError` (`unknown_mark`, `note_missing`).
    """
    project, moment = lock_project(project_id), at or timing.now()
    require(may.can_mark, by, project)
    if kind not in MarkKind.values:
        raise DomainError("unknown_mark", "请选择盯、关或跟。")
    found = ProjectMark.objects.filter(project=project, kind=kind, cleared_at=None).first()
    if on == (found is not None):
        return found
    if found is not None:
        found.cleared_by, found.cleared_at = by, moment
        found.save(update_fields=["cleared_by", "cleared_at"])
    else:
        if kind == MarkKind.CARE and not note.strip():
            raise DomainError("note_missing", "标“关”要写明风险点。")
        found = ProjectMark.objects.create(
            project=project, kind=kind, note=note.strip()[:200], set_by=by, set_at=moment
        )
    record(
        "agency.marked",
        subject=project,
        project=project,
        by=by,
        at=moment,
        summary=f"{'标记' if on else '取消'}“{MarkKind(kind).label}”",
        data={"mark": kind, "on": on},
    )
    return found


@transaction.atomic
def write_accompaniment(  # noqa: PLR0913 - what the sheet of a walk asks
    project_id: int, *, by: User, on: dt.date, official: str, post: str, walked: str, good: str = "",
    case_id: int | None = None, frictions: Sequence[Friction] = (), form_key: str = "", at: dt.datetime | None = None,
) -> Accompaniment:
    """Write down an accompanied walk; each friction point becomes a ticket of the body that has to change it.

    Effects: the record with its paper (for the office), one 堵点 issue each with its due day, event
    `agency.accompanied`, the bodies are told. The same form posted twice is one record. Raises `NotAllowed`,
    `DomainError` (`future`, `walk_empty`).
    """
    project, moment = lock_project(project_id), at or timing.now()
    if form_key and (known := Accompaniment.objects.filter(form_key=form_key, project=project).first()) is not None:
        return known
    require(may.can_accompany, by, project)
    today = timing.business_day(moment)
    if on > today:
        raise DomainError("future", "陪办日期不能晚于今天。")
    if not official.strip() or not walked.strip():
        raise DomainError("walk_empty", "请写明谁陪办、走了哪些环节。")
    case = MatterCase.objects.filter(project=project, pk=case_id).first() if case_id else None
    row = Accompaniment.objects.create(
        project=project, case=case, on=on, official=official.strip(), post=post.strip(), walked=walked.strip(),
        good=good.strip(), by=by, at=moment, form_key=form_key,
    )
    frictions, due = frictions[:MOST_POINTS], workdays.due_date(today, data.number("friction"))
    _raise_tickets(row, frictions, due, by=by, at=moment)
    row.paper = _write(row, frictions, due, by=by, at=moment)
    row.save(update_fields=["paper"])
    record(
        "agency.accompanied", subject=row, project=project, by=by, at=moment,
        summary=f"{row}，堵点 {len(frictions)} 个", data={"frictions": len(frictions)},
    )
    _tell_bodies(row, frictions, due, at=moment)
    return row


def _raise_tickets(
    row: Accompaniment, frictions: Sequence[Friction], due: dt.date, *, by: User, at: dt.datetime
) -> None:
    """Open one 堵点 issue for each friction point, and the project to the body that has to change it."""
    for point in frictions:
        involve(row.project, role=InvolvementRole.REVIEWER, organisation=point.body, by=by, at=at)
        raise_issue(
            row.project, kind=IssueKind.FRICTION, subject=row, what=point.what.strip()[:300], basis=f"{row}",
            how_to_fix=point.wish.strip()[:500] or "由责任单位提出改进办法", debtor=point.body, by=by,
            raised_for=row.project.centre, due_on=due, at=at,
        )


def _tell_bodies(row: Accompaniment, frictions: Sequence[Friction], due: dt.date, *, at: dt.datetime) -> None:
    """Tell each body once, however many points are its own."""
    for body in dict.fromkeys(point.body.pk for point in frictions):
        tell(
            people_at(body, *may.STAFF), f"{row.project.name}陪办发现堵点，请在{due.month}月{due.day}日前整改",
            project=row.project, url=reverse("agency:frictions"), why="堵点由贵单位整改", kind="ask", at=at,
        )


@transaction.atomic
def answer_friction(issue_id: int, *, by: User, answer: str, at: dt.datetime | None = None) -> IssueItem:
    """The body says what it has changed. Events `issue.answered`. Twice is once. Raises `NotAllowed`, `DomainError`."""
    issue = _lock(issue_id)
    if issue.state == IssueState.SUBMITTED:
        return issue
    require(may.can_answer_friction, by, issue)
    if not answer.strip():
        raise DomainError("answer_missing", "请写明改了什么。")
    return answer_issue(issue, answer=answer.strip()[:500], by=by, at=at)


@transaction.atomic
def check_friction(
    issue_id: int, *, by: User, gone: bool, reason: str = "", at: dt.datetime | None = None
) -> IssueItem:
    """The desk looks whether it is gone. Events `issue.verified` or `issue.rejected`.

    Raises `NotAllowed`, `DomainError`.
    """
    issue = _lock(issue_id)
    if gone and issue.state == IssueState.VERIFIED:
        return issue
    require(may.can_check_friction, by, issue)
    if gone:
        return verify_issue(issue, by=by, at=at)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明还有什么没改。")
    return reject_issue(issue, reason=reason.strip(), by=by, at=at)


def _lock(issue_id: int) -> IssueItem:
    mine = IssueItem.objects.filter(pk=issue_id, kind=IssueKind.FRICTION)
    project: Project = lock_project(mine.values("project_id")[:1])
    issue: IssueItem = mine.select_for_update(of=("self",)).select_related("debtor_organisation").get()
    issue.project = project
    return issue


def _write(row: Accompaniment, frictions: Sequence[Friction], due: dt.date, *, by: User, at: dt.datetime) -> Paper:
    rows = [[str(n), one.what, one.wish or "—", one.body.label] for n, one in enumerate(frictions, start=1)]
    post = f"（{row.post}）" if row.post else ""
    what = quoted(row.case) if row.case else "本项目"
    return paperwork.write(
        PaperKind.ACCOMPANY_RECORD,
        row.project,
        subject=row,
        issuer=row.project.centre,
        by=by,
        at=at,
        what=f"{row.official}{post}陪办，发现堵点 {len(rows)} 个",
        do="责任单位逐个整改" if rows else "没有要整改的",
        when=f"{paperwork.day(due)}前" if rows else "—",
        paragraphs=[
            f"{paperwork.day(row.on)}，{row.official}{post}以企业身份走办{what}。",
            f"走过的环节：{row.walked}",
            *([f"做得好的：{row.good}"] if row.good else []),
        ],
        table={"caption": "堵点", "head": ["序号", "堵在哪里", "希望怎样", "责任单位"], "rows": rows} if rows else None,
        addressee="各有关部门",
        visibility=Visibility.OFFICE,
    )
