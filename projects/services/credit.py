"""信用档案: records from events by dated rules, the grade, objections, the list with notice, decision and removal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from projects import credit_data, credit_rules, timing, workdays
from projects.credit_states import LISTING_HOLDS, ListingState, RecordKind, RecordState
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import CreditListing, CreditRecord, Event, Membership, Organisation, Party, Project
from projects.states import Role

if TYPE_CHECKING:
    from projects.credit_data import CreditRule
    from projects.models import User

OWNER = "owner"
AGENT_WORDS = "代办人员的差错，不计企业分"


# The grade -----------------------------------------------------------------------------------------------------------


def score_of(rows: Iterable[CreditRecord], day: dt.date) -> float | None:
    """Return the score of records on a day, None where none counts: the base plus what each is still worth."""
    counted = [
        row.points * weight for row in rows
        if row.state == RecordState.VALID and row.points and (weight := credit_data.weight(row.happened_on, day))
    ]
    return credit_data.term("base", day) + sum(counted) if counted else None


def is_listed(organisation_id: int) -> bool:
    """Whether an organisation is in the list and the entry has its effects (an objection freezes them). One query."""
    return CreditListing.objects.filter(organisation=organisation_id, state__in=LISTING_HOLDS).exists()


def grade_on(organisation_id: int, day: dt.date) -> str:
    """Return the grade of an organisation on a day, or an empty text where no record counts. Two queries."""
    if is_listed(organisation_id):
        return credit_data.worst_grade(day)
    rows = CreditRecord.objects.filter(
        organisation=organisation_id, person=None, state=RecordState.VALID, happened_on__range=(_since(day), day)
    )
    return grade_from(rows, day, is_listed=False)


def grade_from(rows: Iterable[CreditRecord], day: dt.date, *, is_listed: bool) -> str:
    """Return the grade on a day that the records of an organisation (not of its people) give. No query."""
    if is_listed:
        return credit_data.worst_grade(day)
    score = score_of((row for row in rows if _since(day) <= row.happened_on <= day), day)
    return "" if score is None else credit_data.grade_for(score, day)


def _since(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=round(credit_data.term("half", day) * credit_data.MONTH) + 1)


# Records -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def follow_event(event_id: int) -> list[CreditRecord]:
    """Record what the rules of its day say of an event; return the new records. Twice changes nothing.

    What an agent has done or caused (`by_agent` in the data, or the person who acted) is kept, and never scores.
    """
    event = Event.objects.select_related("project__owner", "actor").get(pk=event_id)
    if event.project is None:
        return []
    lock_project(event.project.pk)
    day = timing.business_day(event.happened_at)
    made = []
    for rule in credit_data.rules(day):
        if not rule.fits(event.kind, event.data):
            continue
        for body in _concerned(rule, event.project):
            if CreditRecord.objects.filter(event=event, rule=rule.code, organisation=body).exists():
                continue
            agent = rule.kind == RecordKind.BAD and _by_agent(event)
            made.append(_write(
                rule, body, detail=event.summary, day=day, project=event.project, event=event, is_agent=agent,
            ))
    return made


def _concerned(rule: CreditRule, project: Project) -> list[Organisation]:
    if rule.whom == OWNER:
        return [project.owner]
    parties = Party.objects.filter(project=project, role=rule.whom).exclude(organisation=project.owner)
    return list({row.organisation_id: row.organisation for row in parties.select_related("organisation")}.values())


def _by_agent(event: Event) -> bool:
    if event.data.get("by_agent"):
        return True
    day = timing.business_day(event.happened_at)
    mine = Membership.objects.filter(user=event.actor, role=Role.AGENT, since__lte=day)
    return event.actor_id is not None and mine.exclude(until__lt=day).exists()


def _write(  # noqa: PLR0913 - one argument per column
    rule: CreditRule, body: Organisation, *, detail: str, day: dt.date, project: Project | None = None,
    event: Event | None = None, person: User | None = None, basis: str = "", is_agent: bool = False,
    source: Organisation | None = None, by: User | None = None,
) -> CreditRecord:
    row = CreditRecord.objects.create(
        organisation=body, person=person, project=project, event=event, rule=rule.code, name=rule.name, kind=rule.kind,
        severity=rule.severity, points=rule.points, detail=detail[:300], basis=basis[:200],
        state=RecordState.EXCUSED if is_agent else RecordState.VALID, answer=AGENT_WORDS if is_agent else "",
        happened_on=day, recorded_by=by, source=source, recorded_at=timing.now(),
    )
    record(
        "credit.recorded", subject=row, organisation=body, by=by,
        summary=f"信用记录：{row.get_kind_display()}，{rule.name}",
        data={"state": ["", row.state], "rule": rule.code, "points": rule.points},
    )
    return row


@transaction.atomic
def record_conduct(  # noqa: PLR0913 - one argument per field of the form
    organisation_id: int, *, by: User, rule: str, detail: str, basis: str, happened_on: dt.date,
    project_id: int | None = None, person_id: int | None = None, is_agent: bool = False,
) -> CreditRecord:
    """A department records by hand what it has found (false material, good conduct, registration, qualification).

    With `is_agent` an agent of the centre has caused it: it is kept and does not score. A record of a person counts in
    the archive of the person, not in the grade of the enterprise. The same again returns what stands. Raises
    `NotAllowed`, `DomainError` (`rule`, `detail`, `happened_on`, `person`).
    """
    project = lock_project(project_id) if project_id else None
    body = Organisation.objects.get(pk=organisation_id)
    require(credit_rules.can_record, by, body)
    known = {one.code: one for one in credit_data.rules(happened_on)}
    if rule not in known:
        raise DomainError("rule", "这一天没有这条信用规则，请重新选择。")
    if not detail.strip() or not basis.strip():
        raise DomainError("detail", "请写明情况和依据，企业可以据此提出异议。")
    if happened_on > timing.today():
        raise DomainError("happened_on", "发生日期晚于今天，请核对。")
    member = Membership.objects.filter(organisation=body, user=person_id).select_related("user").first()
    if person_id and member is None:
        raise DomainError("person", f"所选人员不属于{body.label}。")
    person = member.user if person_id and member else None
    standing: CreditRecord | None = CreditRecord.objects.filter(
        organisation=body, person=person, rule=rule, happened_on=happened_on, detail=detail.strip()[:300]
    ).first()
    if standing is not None:
        return standing
    source = Membership.objects.current().filter(user=by, role__in=credit_rules.RECORDERS).first()
    return _write(
        known[rule], body, detail=detail.strip(), basis=basis.strip(), day=happened_on, project=project, person=person,
        is_agent=is_agent and known[rule].kind == RecordKind.BAD, source=source.organisation if source else None, by=by,
    )


def _lock_record(record_id: int) -> CreditRecord:
    rows = CreditRecord.objects.select_for_update(of=("self",)).select_related("organisation")
    found: CreditRecord = rows.get(pk=record_id)
    return found


def _tell_record(row: CreditRecord, verb: str, words: str, old: str, *, by: User) -> CreditRecord:
    row.save()
    record(
        f"credit.{verb}", subject=row, organisation=row.organisation, by=by, summary=words[:300],
        data={"state": [old, row.state]},
    )
    return row


@transaction.atomic
def contest_record(record_id: int, *, by: User, objection: str) -> CreditRecord:
    """The enterprise objects; until the answer the record counts nothing. Event `credit.contested`."""
    row = _lock_record(record_id)
    if row.state == RecordState.CONTESTED:
        return row
    require(credit_rules.can_contest, by, row)
    if row.objection:
        raise DomainError("again", "这条记录的异议已经处理过，可以向上级部门反映。")
    if not objection.strip():
        raise DomainError("objection", "请写明异议的理由。")
    old = row.state
    row.contest()
    row.objection = objection.strip()[:500]
    return _tell_record(row, "contested", f"对信用记录提出异议：{row.name}", old, by=by)


@transaction.atomic
def answer_record(record_id: int, *, by: User, holds: bool, answer: str) -> CreditRecord:
    """The head answers: `holds` keeps the record, else it no longer counts (a mistake, or that of an agent)."""
    row = _lock_record(record_id)
    require(credit_rules.can_answer, by, row)
    if not answer.strip():
        raise DomainError("answer", "请写明核查情况和理由。")
    if holds and row.state != RecordState.CONTESTED:
        return row
    old = row.state
    if holds:
        row.uphold()
    else:
        row.excuse()
    row.answer = answer.strip()[:300]
    word = "异议不成立" if holds else "不计分"
    return _tell_record(row, "answered", f"信用记录{word}：{row.name}，{row.answer}", old, by=by)


# The list ------------------------------------------------------------------------------------------------------------


def lock_listing(listing_id: int) -> CreditListing:
    """Return an entry, locked with its project. Raises `CreditListing.DoesNotExist`."""
    project = lock_project(CreditListing.objects.values_list("project_id", flat=True).get(pk=listing_id))
    row: CreditListing = CreditListing.objects.select_for_update(of=("self",)).select_related(
        "organisation", "source", "record"
    ).get(pk=listing_id)
    row.project = project
    return row


def _move(row: CreditListing, verb: str, words: str, old: str, *, by: User | None) -> CreditListing:
    row.changed_at = timing.now()
    row.save()
    record(
        f"credit.{verb}", subject=row, organisation=row.organisation, by=by, summary=words[:300],
        data={"state": [old, row.state]},
    )
    return row


@transaction.atomic
def propose_listing(record_id: int, *, by: User, reason: str, basis: str) -> CreditListing:
    """A department proposes to list an enterprise for a bad record; return the entry (the standing one again)."""
    row = CreditRecord.objects.select_related("organisation", "project", "source").get(pk=record_id)
    if row.project is None:
        raise DomainError("project", "记录没有关联项目，请在录入时选择项目。")
    row.project = lock_project(row.project.pk)
    standing: CreditListing | None = CreditListing.objects.filter(record=row).exclude(
        state__in=[ListingState.DROPPED, ListingState.REMOVED]
    ).first()
    if standing is not None:
        return standing
    require(credit_rules.can_propose, by, row)
    if not reason.strip() or not basis.strip():
        raise DomainError("reason", "请写明列入的原因和依据。")
    mine = Membership.objects.current().filter(user=by, role__in=credit_rules.RECORDERS)
    source = mine.select_related("organisation").order_by("pk")[0].organisation
    now = timing.now()
    made = CreditListing.objects.create(
        organisation=row.organisation, project=row.project, record=row, reason=reason.strip()[:300],
        basis=basis.strip()[:200], source=source, proposed_by=by, proposed_at=now,
        changed_at=now,
    )
    return _move(made, "proposed", f"拟列入失信名单：{made.reason}", "", by=by)


@transaction.atomic
def tell_listing(listing_id: int, *, by: User) -> CreditListing:
    """The chief lets the enterprise know: what, why, until when it is heard. Event `credit.told` brings the notice."""
    row = lock_listing(listing_id)
    if row.state == ListingState.TOLD:
        return row
    require(credit_rules.can_tell, by, row)
    old, now = row.state, timing.now()
    row.tell()
    row.told_by, row.told_at = by, now
    row.plead_until = workdays.due_date(timing.business_day(now), credit_data.term("plead", timing.business_day(now)))
    return _move(row, "told", f"信用告知：拟列入失信名单，{timing.written(row.plead_until)}前可以陈述申辩", old, by=by)


@transaction.atomic
def plead(listing_id: int, *, by: User, plea: str) -> CreditListing:
    """The enterprise speaks, within its days. Event `credit.pleaded`."""
    row = lock_listing(listing_id)
    if row.state == ListingState.PLEADED:
        return row
    require(credit_rules.can_plead, by, row)
    if not plea.strip():
        raise DomainError("plea", "请写明陈述和申辩。")
    old = row.state
    row.plead()
    row.plea = plea.strip()[:1000]
    return _move(row, "pleaded", "企业已陈述申辩", old, by=by)


@transaction.atomic
def decide_listing(listing_id: int, *, by: User, enters: bool, note: str) -> CreditListing:
    """The head decides: listed with its last day, or not. Events `credit.listed`, `credit.dropped`."""
    row = lock_listing(listing_id)
    if row.decided_at is not None:
        return row
    require(credit_rules.can_decide, by, row)
    if not note.strip():
        raise DomainError("note", "请写明决定的理由，企业陈述申辩的要写明是否采纳。")
    old, today = row.state, timing.today()
    row.decided_by, row.decided_at, row.decision_note = by, timing.now(), note.strip()[:300]
    if not enters:
        row.drop()
        return _move(row, "dropped", f"不予列入失信名单：{row.decision_note}", old, by=by)
    row.enter()
    months = credit_data.term("listed", today)
    row.listed_on, row.until = today, today + dt.timedelta(days=round(months * credit_data.MONTH))
    return _move(row, "listed", f"列入失信名单至{timing.written(row.until)}：{row.reason}", old, by=by)


@transaction.atomic
def object_listing(listing_id: int, *, by: User, objection: str) -> CreditListing:
    """The enterprise objects to its entry: the effects freeze until it is answered. Event `credit.objected`."""
    row = lock_listing(listing_id)
    if row.state == ListingState.CONTESTED:
        return row
    require(credit_rules.can_object, by, row)
    if not objection.strip():
        raise DomainError("objection", "请写明异议的理由。")
    old = row.state
    row.contest()
    row.objection = objection.strip()[:1000]
    return _move(row, "objected", "对列入提出异议，效力中止", old, by=by)


@transaction.atomic
def ask_repair(listing_id: int, *, by: User, note: str) -> CreditListing:
    """The enterprise asks for repair: what it has made good. Event `credit.repair_asked`."""
    row = lock_listing(listing_id)
    if row.state == ListingState.REPAIRING:
        return row
    require(credit_rules.can_ask_repair, by, row)
    if not note.strip():
        raise DomainError("note", "请写明纠正失信行为、消除影响的情况。")
    old = row.state
    row.ask_repair()
    row.repair_note = note.strip()[:1000]
    return _move(row, "repair_asked", "申请信用修复", old, by=by)


@transaction.atomic
def settle_listing(listing_id: int, *, by: User, removes: bool, note: str) -> CreditListing:
    """The head answers an objection or an application for repair: removed, or the entry stands.

    Each answer stands beside what it answers, the reason of the decision stays. A removal by repair repairs its record;
    one by objection excuses it. Events `credit.removed`, `credit.upheld`.
    """
    row = lock_listing(listing_id)
    require(credit_rules.can_settle, by, row)
    if not note.strip():
        raise DomainError("note", "请写明核查情况和理由。")
    old, answer = row.state, note.strip()[:300]
    if old == ListingState.REPAIRING:
        row.repair_answer = answer
    else:
        row.objection_answer = answer
    if not removes:
        row.uphold()
        return _move(row, "upheld", f"维持列入：{answer}", old, by=by)
    row.remove()
    row.removed_on, row.removal_reason = timing.today(), answer
    _follow_record(row, repaired=old == ListingState.REPAIRING, by=by)
    return _move(row, "removed", f"移出失信名单：{answer}", old, by=by)


def _follow_record(row: CreditListing, *, repaired: bool, by: User) -> None:
    of = _lock_record(row.record_id)
    if of.state != RecordState.VALID:
        return
    old = of.state
    if repaired:
        of.repair()
    else:
        of.excuse()
    of.answer = row.removal_reason
    _tell_record(of, "answered", f"信用记录{of.get_state_display()}：{of.name}", old, by=by)


@transaction.atomic
def expire_listing(listing_id: int) -> bool:
    """Remove an entry whose last day has passed; return whether it was. Event `credit.removed`."""
    row = lock_listing(listing_id)
    if row.state != ListingState.LISTED or row.until is None or row.until >= timing.today():
        return False
    old = row.state
    row.remove()
    row.removed_on, row.removal_reason = timing.today(), "列入期限届满"
    _move(row, "removed", "列入期限届满，移出失信名单", old, by=None)
    return True
