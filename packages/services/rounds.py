"""Rounds of a joint review: opened on acceptance, pushed, and opened again for those whom a change concerns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from packages import floor, review_rules
from packages.choices import ReviewRole
from packages.models import Enrolment, JointSession, MatterCase, MatterVersion, ReviewDef, ReviewTask
from packages.planning.build import taking_part
from packages.review_terms import terms_of
from packages.services.closing import close_tasks
from packages.services.locking import expect, lock_case, lock_cases, lock_session, lock_task, moved_on
from packages.services.silence import begin_merging_when_done
from packages.services.timekeeping import sync_due
from packages.standing import standing_opinions
from packages.states import CaseState, Handling, SessionKind, SessionState
from projects import clocks, prepared, timing
from projects.back_entry import check_follows
from projects.bulk import insert_all, update_all
from projects.chains import record_across
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import Telling, record, record_all
from projects.memo import Memo
from projects.models import Organisation, Project, User
from projects.services.involvement import involve_across, involve_bodies
from projects.states import InvolvementRole
from projects.status_codes import StatusCode
from projects.workdays import due_date

#: The bodies of published versions; the bound is for what a version does not freeze, the names of the bodies.
_kept_parts: Memo[list[Part]] = Memo(most=500, seconds=60)


@dataclass(frozen=True, slots=True)
class Part:
    """One body that is asked."""

    organisation: Organisation
    role: str
    days: int
    tacit: bool
    note: str
    definition_id: int | None
    previous_id: int | None = None

    @property
    def is_lead(self) -> bool:
        """Whether it merges what the others say."""
        return self.role == ReviewRole.LEAD


# Opening -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_joint_review(case_id: int, at: dt.datetime | None = None) -> JointSession | None:
    """Open the joint review of an accepted case; return its session, or None where none is held.

    None is held for a case that the joint acceptance carries, and for 即办 (no opinion is asked): both only go on to
    部门办理中. Effects in order: event 8 with the transition; session; per department whose rule holds a task with its
    own clock from now (never backdated), the department is involved; events `session.opened`, `task.invited`. Where
    the terms of the matter give the lead days to push, only the lead's task is opened until it has. Idempotent: a case
    that is not 已受理 any more returns the session it has. Source: handbook §6.3; standards §9.1. At most 12 queries.
    """
    case = lock_case(case_id, ("matter__matter", "lead", "promised_clock"))
    if case.state != CaseState.ACCEPTED:
        return JointSession.objects.filter(case=case, kind=SessionKind.REVIEW).order_by("-round").first()
    began = _begin(case)
    if case.handling == Handling.ACCEPTANCE or case.promised_days == 0:
        record_all([began], project=case.project, by=None, at=at)
        return None
    push = terms_of(case.matter).push
    return _open_session(case, _parts(case, _enrolment_of(case)), number=1, by=None, at=at, tellings=[began], push=push)


def begin_review(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """Move a locked accepted case to 部门办理中 (event 8)."""
    record_all([_begin(case)], project=case.project, by=by, at=at)


def _begin(case: MatterCase) -> Telling:
    began = _begun(case)
    case.save(update_fields=["state", "due_on"])
    return began


def _begun(case: MatterCase) -> Telling:
    """Carry out the transition without writing it; return what is told of it."""
    old = case.state
    case.open_review()
    sync_due(case, save=False)
    return Telling(
        "case.review_started", case, status_code=StatusCode.REVIEW_STARTED,
        summary=f"部门开始办理：{case.matter.name}", data={"state": [old, case.state]},
    )


@transaction.atomic
def open_joint_reviews(case_ids: Sequence[int], at: dt.datetime | None = None) -> int:
    """Open the joint reviews of several accepted cases as `open_joint_review` does each; return how many were begun.

    All or none, in as many statements as one takes. Cases that are not 已受理 any more are left as they are.
    """
    cases = lock_cases(case_ids, ("matter__matter", "lead", "promised_clock"))
    cases = [case for case in cases if case.state == CaseState.ACCEPTED]
    told = {case.pk: [_begun(case)] for case in cases}
    update_all(cases, ("state", "due_on"))
    held = [case for case in cases if case.handling != Handling.ACCEPTANCE and case.promised_days]
    found = Enrolment.objects.filter(project__in={case.project_id for case in held}).select_related("package_version")
    enrolments = {row.project_id: row for row in found}
    asked = [(case, _parts(case, enrolments.get(case.project_id))) for case in held]
    invited = _open_sessions(asked, at=at or timing.now())
    by_project: dict[Project, list[Telling]] = {}
    for case in cases:
        by_project.setdefault(case.project, []).extend([*told[case.pk], *invited.get(case.pk, ())])
    record_across(list(by_project.items()), by=None, at=at)
    return len(cases)


def _open_sessions(asked: Sequence[tuple[MatterCase, list[Part]]], *, at: dt.datetime) -> dict[int, list[Telling]]:
    """Write sessions, clocks, tasks and involvements of several cases; return what is told of each case."""
    sessions = insert_all([
        _session_of(case, parts, number=1, moment=at, push=terms_of(case.matter).push) for case, parts in asked
    ])
    rounds = [
        (session, parts if session.pushed_at else parts[:1])
        for session, (_, parts) in zip(sessions, asked, strict=True)
    ]
    told = _ask(rounds, moment=at)
    involved = involve_across(
        [(session.project, [part.organisation for part in parts]) for session, parts in rounds],
        role=InvolvementRole.REVIEWER, at=at,
    )
    return {
        case.pk: [_opened(session, len(parts)), *invited, *more]
        for (case, parts), session, invited, more in zip(asked, sessions, told, involved, strict=True)
    }


def _parts(case: MatterCase, enrolment: Enrolment | None) -> list[Part]:
    """Return the bodies that take part in this project, the lead first; there is always a lead."""
    taking = None if enrolment is None else taking_part(enrolment.package_version, enrolment.facts, case.matter_id)
    parts = [part for part in _parts_of(case.matter) if taking is None or part.definition_id in taking]
    lead = [part for part in parts if part.is_lead]
    if not lead:
        lead = [Part(case.lead, ReviewRole.LEAD, case.promised_days, tacit=False, note="", definition_id=None)]
    return lead + [part for part in parts if not part.is_lead]


def _parts_of(version: MatterVersion) -> list[Part]:
    """Return the bodies of a version; what is published never changes, so it is kept for a short while."""

    def read() -> list[Part]:
        defs = ReviewDef.objects.filter(version=version).select_related("organisation").defer("phrases")
        code = version.matter.code
        return [
            Part(
                row.organisation, row.role, row.days,
                row.tacit
                and floor.may_be_tacit(code, row.organisation.kind, row.organisation.code, row.role, row.rule),
                row.note, row.pk,
            )
            for row in defs.order_by("order")
        ]

    return _kept_parts.of(version.pk, read) if version.is_frozen else read()


def _enrolment_of(case: MatterCase) -> Enrolment | None:
    """Return the plan of the project, whose rules say who takes part; who cannot be decided upon is asked."""
    found = Enrolment.objects.select_related("package_version")
    return prepared.one("enrolment", lambda pk: found.filter(project_id=pk), case.project_id)


def _open_session(
    case: MatterCase, parts: Sequence[Part], *, number: int, by: User | None, at: dt.datetime | None, note: str = "",
    tellings: Sequence[Telling] = (), push: int = 0,
) -> JointSession:
    moment = at or timing.now()
    [session] = insert_all([_session_of(case, parts, number=number, moment=moment, push=push, note=note)])
    told = [*tellings, _opened(session, len(parts))]
    _invite(session, parts if session.pushed_at else parts[:1], by=by, at=at, moment=moment, tellings=told)
    return session


def _session_of(  # noqa: PLR0913 - what a round is made of
    case: MatterCase, parts: Sequence[Part], *, number: int, moment: dt.datetime, push: int, note: str = ""
) -> JointSession:
    """Return an unsaved round; one that its lead has to push has not been pushed yet."""
    waits = push > 0 and len(parts) > 1
    return JointSession(
        kind=SessionKind.REVIEW, project=case.project, case=case, round=number, lead=case.lead, opened_at=moment,
        state=_first_state(parts, waits=waits), push_days=push, merge_days=terms_of(case.matter).merge,
        push_due_on=due_date(timing.business_day(moment), push) if waits else None,
        pushed_at=None if waits else moment, change_note=note,
    )


def _opened(session: JointSession, bodies: int) -> Telling:
    return Telling(
        "session.opened", session, summary=f"联合审查：{_name(session)}，{bodies} 个部门",
        data={"state": ["", session.state], "round": session.round},
    )


def _first_state(parts: Sequence[Part], *, waits: bool) -> str:
    """The lead alone has nothing to wait for."""
    if waits:
        return SessionState.PUSHING
    return SessionState.REVIEWING if len(parts) > 1 else SessionState.MERGING


def _invite(
    session: JointSession, parts: Sequence[Part], *, by: User | None, at: dt.datetime | None, moment: dt.datetime,
    tellings: Sequence[Telling],
) -> None:
    """Give each body its task with a clock of its own, involve it, and tell; the number of queries is fixed."""
    [invited] = _ask([(session, parts)], moment=moment)
    involved = involve_bodies(
        session.project, role=InvolvementRole.REVIEWER, organisations=[part.organisation for part in parts], at=at
    )
    record_all([*tellings, *invited, *involved], project=session.project, by=by, at=at)


def _ask(
    rounds: Sequence[tuple[JointSession, Sequence[Part]]], *, moment: dt.datetime
) -> list[list[Telling]]:
    """Write the tasks of several rounds, each with a clock of its own; return what is told of each round."""
    places = [(session, part) for session, parts in rounds for part in parts]
    running = clocks.start_clocks([
        clocks.build_clock(
            kind=ClockKind.REVIEW, limit=part.days, on=moment, project=session.project,
            label=f"{part.organisation.label} {_name(session)}"[:200],
        )
        for session, part in places
    ])
    tasks = insert_all([
        ReviewTask(
            session=session, organisation=part.organisation, definition_id=part.definition_id, role=part.role,
            days=part.days, is_tacit_allowed=part.tacit, scope_note=part.note[:300], clock=clock, due_on=clock.due_on,
            pushed_at=moment, previous_id=part.previous_id,
        )
        for (session, part), clock in zip(places, running, strict=True)
    ])
    told: dict[int, list[Telling]] = {}
    for task in tasks:
        told.setdefault(task.session_id, []).append(Telling(
            "task.invited", task, summary=f"请{task.organisation.label}答复：{_name(task.session)}",
            data={"state": ["", task.state], "role": task.role, "days": task.days, "due_on": str(task.due_on)},
        ))
    return [told.get(session.pk, []) for session, _ in rounds]


def _name(session: JointSession) -> str:
    return session.case.matter.name if session.case else ""


# Pushing -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def push_session(session_id: int, *, by: User | None, at: dt.datetime | None = None) -> JointSession:
    """Push the file to every department at once: the lead on its push day, the system once that day is over.

    Effects in order: transition, event `session.pushed`, a task with a clock from now per department: a push that is
    keyed in later keeps its moment, but nobody could answer before it was keyed in. A round that is pushed already is
    returned unchanged. Raises `NotAllowed`, `DomainError` (`session_state`, `case_state`, `future`, `time_order`).
    """
    session = lock_session(session_id)
    case = session.case
    if case is None or session.state != SessionState.PUSHING:
        if session.pushed_at is not None:
            return session
        raise moved_on(session, "推送")
    expect(case, CaseState.IN_REVIEW, verb="推送")
    if by is not None:
        require(review_rules.can_push, by, session)
    check_follows(at, session)
    old = session.state
    session.push()
    session.pushed_at, session.push_due_on = at or timing.now(), None
    session.save()
    pushed = Telling(
        "session.pushed", session, summary=f"联合审查推送：{case.matter.name}", data={"state": [old, session.state]}
    )
    others = [part for part in _parts(case, _enrolment_of(case)) if not part.is_lead]
    if at is not None:
        record_all([pushed], project=session.project, by=by, at=at)
    _invite(session, others, by=by, at=None, moment=timing.now(), tellings=[] if at else [pushed])
    begin_merging_when_done(session, by=by, at=None)
    return session


# Further rounds ------------------------------------------------------------------------------------------------------


@transaction.atomic
def reconsult(
    task_id: int, *, by: User, note: str, also: Iterable[int] = (), at: dt.datetime | None = None
) -> JointSession:
    """Ask again whom a change concerns, and nobody else: who disagrees, and the tasks `also` that the lead names.

    Effects in order: the round that is being merged ends (`session.closed`), a new one opens. Opinions of the others
    stand. Raises `NotAllowed`, `DomainError` (`session_state`, `case_state`, `nobody_concerned`, `note`).
    """
    task = lock_task(task_id)
    session = lock_session(task.session_id)
    case = session.case
    if case is None or session.state != SessionState.MERGING:
        raise moved_on(session, "再次征求意见")
    expect(case, CaseState.IN_REVIEW, verb="再次征求意见")
    require(review_rules.can_merge, by, session)
    if not note.strip():
        raise DomainError("note", "请写明作了哪些修改，再请部门答复。")
    check_follows(at, session)
    asked = concerned(case, also)
    if not asked:
        raise DomainError("nobody_concerned", "没有部门不同意，也没有选择受修改影响的部门，可以直接汇总。")
    return next_round(session, case, asked, by=by, note=note, at=at)


def concerned(case: MatterCase, also: Iterable[int] = ()) -> list[ReviewTask]:
    """Return the tasks whose departments are asked again: those that block, and those named."""
    named = set(also)
    standing = [one for one in standing_opinions(case) if one.blocks or one.opinion.task_id in named]
    return [one.opinion.task for one in standing]


def next_round(
    session: JointSession, case: MatterCase, asked: Sequence[ReviewTask], *, by: User | None, note: str,
    at: dt.datetime | None,
) -> JointSession:
    """Close a locked round and open the next with these departments, on the limit of a second round."""
    close_tasks(session, by=by, at=at)
    old = session.state
    session.close()
    session.save()
    record(
        "session.closed", subject=session, project=case.project, by=by, at=at,
        summary=f"第 {session.round} 轮审查结束，再次征求意见：{note.strip()}"[:300],
        data={"state": [old, session.state]},
    )
    terms = terms_of(case.matter)
    lead = [part for part in _parts(case, _enrolment_of(case)) if part.is_lead]
    parts = lead + [_again(task, terms.second) for task in asked]
    if terms.second:
        first = parts[0]
        parts[0] = Part(
            first.organisation, first.role, terms.second + terms.merge, tacit=False, note=first.note,
            definition_id=first.definition_id,
        )
    return _open_session(case, parts, number=session.round + 1, by=by, at=at, note=note.strip()[:500])


def _again(task: ReviewTask, days: int) -> Part:
    return Part(
        task.organisation, task.role, days or task.days, task.is_tacit_allowed, task.scope_note, task.definition_id,
        task.pk,
    )
