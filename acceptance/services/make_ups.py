"""容缺通过: secondary papers that follow the conclusion within their days, brought, checked, late (handbook §8.3b)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import data, rules
from acceptance.models import AcceptanceApplication, AcceptanceItem, MakeUp
from acceptance.states import MakeUpState
from archives.models import DocumentKind, IssueEvidence
from archives.paper_kinds import paper_slug
from archives.services.filing import file_upload
from archives.services.papers import issue_paper
from archives.states import PaperKind
from projects import stages, timing, workdays
from projects.back_entry import check_follows
from projects.clock_states import ClockKind, TimeOwner
from projects.clocks import start_clock, stop_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.quoting import quoted
from projects.services.issues import answer_issue, missed_by_agent, raise_issue, reject_issue, verify_issue, waive_issue
from projects.states import IssueKind

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.db.models import QuerySet

    from projects.models import User

EVIDENCE_KIND = "rectification-evidence"


def owe_paper(item: AcceptanceItem, paper: str, *, by: User, at: dt.datetime | None) -> MakeUp:
    """Write down that a secondary paper of an item follows; its clock starts with the conclusion.

    The caller holds the lock. Errors: a paper that the data do not let follow (life and safety never).
    """
    allowed = data.secondary_papers(item.definition.code, timing.business_day(at or timing.now()))
    found = next((row for row in allowed if row.paper == paper), None)
    if found is None:
        names = "、".join(row.paper for row in allowed)
        words = f"这一材料不能容缺；本项可容缺：{names}。" if names else "本项不能容缺，请选合格或需整改。"
        raise DomainError("not_deferrable", words)
    issue = raise_issue(
        item.acceptance.project, kind=IssueKind.DEFERRAL, subject=item, debtor=item.acceptance.project.owner, by=by,
        raised_for=item.organisation, batch=item.acceptance.round, what=found.paper, basis="联合验收容缺后补",
        how_to_fix=f"结论作出后 {found.days} 个工作日内补交", at=at,
    )
    made = MakeUp.objects.create(
        item=item, acceptance=item.acceptance, issue=issue, paper_name=found.paper, days=found.days,
        consequence=found.consequence,
    )
    _tell(made, "acceptance.make_up_owed", f"容缺：{made.paper_name}", "", by=by, at=at)
    return made


def _tell(
    made: MakeUp, kind: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None, **told: object
) -> None:
    record(
        kind, subject=made, project=made.acceptance.project, by=by, at=at, summary=summary[:300],
        data={"state": [old, made.state], **told},
    )


def begin_make_ups(acceptance: AcceptanceApplication, *, at: dt.datetime) -> list[MakeUp]:
    """Start the clock of every paper that follows, on the owner's side, and return them."""
    day = timing.business_day(at)
    rows = list(acceptance.make_ups.filter(state=MakeUpState.OWED).select_related("issue").order_by("pk"))
    for made in rows:
        made.clock = start_clock(
            kind=ClockKind.DEFERRAL, limit=made.days, on=at, project=acceptance.project,
            label=f"验收容缺补交：{made.paper_name}"[:100], owner=TimeOwner.APPLICANT,
        )
        made.due_on = workdays.due_date(day, made.days)
        made.save()
        made.issue.due_on, made.issue.clock = made.due_on, made.clock
        made.issue.save(update_fields=["due_on", "clock"])
    return rows


def void_make_ups(acceptance: AcceptanceApplication, *, by: User, at: dt.datetime | None) -> None:
    """Nothing follows a conclusion 不通过."""
    for made in acceptance.make_ups.filter(state=MakeUpState.OWED).select_related("issue"):
        made.acceptance, made.issue.project = acceptance, acceptance.project
        old = made.state
        made.void()
        made.save()
        waive_issue(made.issue, reason="联合验收不通过", by=by, at=at)
        _tell(made, "acceptance.make_up_void", f"不再需要：{made.paper_name}", old, by=by, at=at)


def _lock(make_up_id: int) -> MakeUp:
    acceptance_id = MakeUp.objects.values_list("acceptance_id", flat=True).get(pk=make_up_id)
    project = lock_project(AcceptanceApplication.objects.values_list("project_id", flat=True).get(pk=acceptance_id))
    rows = MakeUp.objects.select_for_update(of=("self",))
    rows = rows.select_related("acceptance__lead", "item__organisation", "issue", "clock")
    made = rows.get(pk=make_up_id)
    made.acceptance.project = made.issue.project = project
    return made


@transaction.atomic
def bring_paper(
    make_up_id: int, *, by: User, uploaded: UploadedFile[Any], at: dt.datetime | None = None
) -> MakeUp:
    """The owner brings the paper, late ones too; the department then looks at it. Twice is once."""
    made = _lock(make_up_id)
    if made.state == MakeUpState.BROUGHT:
        return made
    require(rules.can_bring, by, made)
    document = file_upload(
        made.acceptance.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=EVIDENCE_KIND),
        title=f"容缺后补：{made.paper_name}"[:200], source=made, by=by, at=at,
    )
    IssueEvidence.objects.get_or_create(issue=made.issue, version=document.versions.latest("version"))
    answer_issue(made.issue, answer=f"已补交{made.paper_name}", by=by, at=at)
    old = made.state
    made.bring()
    made.brought_at = at or timing.now()
    made.save()
    _tell(made, "acceptance.make_up_brought", f"容缺材料已补交：{made.paper_name}", old, by=by, at=at)
    return made


@transaction.atomic
def check_paper(
    make_up_id: int, *, by: User, holds: bool, note: str = "", at: dt.datetime | None = None
) -> MakeUp:
    """The department looks at the paper: it is settled and its clock stops, or it goes back with the reason.

    With the last paper a project whose matters are done is delivered.
    """
    made = _lock(make_up_id)
    require(rules.can_check_paper, by, made)
    if not holds and not note.strip():
        raise DomainError("reason_missing", "退回要写明哪里不符合。")
    check_follows(at, made)
    old = made.state
    moment = at or timing.now()
    if holds:
        made.settle()
        made.settled_at = moment
        verify_issue(made.issue, by=by, at=at)
        if made.clock:
            stop_clock(made.clock, made.brought_at or moment)
    else:
        made.send_back()
        reject_issue(made.issue, reason=note, by=by, at=at)
    made.save()
    words = "已补齐" if holds else f"退回：{note}"
    _tell(made, "acceptance.make_up_checked", f"{made.paper_name}：{words}", old, by=by, at=at)
    if holds:
        stages.advance(made.acceptance.project, by=by, at=at)
    return made


def late_make_ups(day: dt.date) -> QuerySet[MakeUp]:
    """Return what is past its day and was not brought."""
    return MakeUp.objects.filter(state=MakeUpState.OWED, due_on__lt=day)


@transaction.atomic
def mark_late(make_up_id: int) -> bool:
    """Draw the consequence of a paper that was not brought in time; True when this call did it.

    Effects: state 逾期未补, 容缺逾期告知书 to the owner with the consequence of the data,
    event `acceptance.make_up_late`;
    the hand-over to the registry is held until it is brought.
    """
    made = _lock(make_up_id)
    if made.state != MakeUpState.OWED or made.due_on is None or made.due_on >= timing.today():
        return False
    old = made.state
    made.miss()
    made.late_at = timing.now()
    made.save()
    content: dict[str, Any] = {
        "addressee": made.acceptance.project.owner.name,
        "gist": {
            "project": f"{made.acceptance.project.name}（{made.acceptance.project.code}）",
            "what": f"容缺材料{quoted(made.paper_name)}逾期未补",
            "do": "尽快补交，补齐后恢复办理",
            "when": f"应于 {made.due_on:%Y年%-m月%-d日} 前补交",
        },
        "paragraphs": [f"{quoted(made.paper_name)}应在容缺期限内补交，现已逾期。后果：{made.consequence}。"],
        "legal": [],
    }
    issue_paper(
        made.acceptance.project, kind=PaperKind.DEFERRAL_LATE, series="验容逾", title="容缺逾期告知书",
        issuer=made.acceptance.lead, content=content, subject=made, by=None,
        document_kind_slug=paper_slug(PaperKind.DEFERRAL_LATE),
    )
    _tell(
        made, "acceptance.make_up_late", f"容缺材料逾期未补：{made.paper_name}", old, by=None, at=None,
        by_agent=missed_by_agent([made.issue]),
    )
    return True
