"""联审会: departments whose opinions conflict meet; each signs where it stands afterwards, the minutes are a paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from archives.models import Paper
from archives.states import PaperKind, Visibility
from packages import review_rules
from packages.models import Conference, ConferenceSeat, JointSession, MatterCase
from packages.services import paperwork
from packages.services.locking import expect, lock_session, moved_on
from packages.services.review import check_words, raise_condition
from packages.services.rounds import concerned, next_round
from packages.standing import Standing, standing_opinions
from packages.states import CaseState, ConferenceOutcome, OpinionVerdict, SessionState
from projects import timing
from projects.back_entry import check_after, check_follows
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import User
from projects.quoting import quoted


@dataclass(frozen=True, slots=True)
class Position:
    """Where a department stands after the meeting; without `verdict` it stays with what it said before."""

    organisation_id: int
    delegate: str = ""
    verdict: str = ""
    reason: str = ""
    basis: str = ""
    remedy: str = ""


@transaction.atomic
def call_conference(
    session_id: int, *, by: User, meets_at: dt.datetime, place: str, agenda: str, at: dt.datetime | None = None
) -> Conference:
    """Invite every department that has an opinion in the case, since some of them conflict.

    Effects in order: transition 汇总 -> 联审会, the conference with a seat per department, event `session.conference`.
    The clocks run on. Raises `NotAllowed`, `DomainError` (`session_state`, `no_conflict`, `words`, `too_early`).
    """
    session, case = _locked(session_id, SessionState.MERGING, verb="召开联审会")
    require(review_rules.can_merge, by, session)
    if not place.strip() or not agenda.strip():
        raise DomainError("words", "请写明地点和议题，部门才好准备。")
    check_follows(at, session)
    moment = at or timing.now()
    if meets_at < moment:
        raise DomainError("too_early", "开会时间早于发出邀请的时间，请核对；邀请早已发出的，请补录发出的时间。")
    standing = standing_opinions(case)
    if not any(one.verdict == OpinionVerdict.DISAGREE for one in standing):
        raise DomainError("no_conflict", "没有部门不同意，不需要开联审会，可以直接汇总。")
    conference = Conference.objects.create(
        session=session, meets_at=meets_at, place=place.strip()[:100], agenda=agenda.strip()[:500], called_by=by,
        called_at=moment,
    )
    ConferenceSeat.objects.bulk_create([
        ConferenceSeat(conference=conference, organisation=one.opinion.task.organisation, opinion=one.opinion)
        for one in standing
    ])
    old = session.state
    session.call_conference()
    session.save()
    when = timing.spoken_moment(meets_at)
    record(
        "session.conference", subject=session, project=case.project, by=by, at=at,
        summary=f"联审会 {when} {place.strip()}：{agenda.strip()}"[:300],
        data={
            "state": [old, session.state], "conference": conference.pk,
            "invited": [one.opinion.task.organisation_id for one in standing],
        },
    )
    return conference


@transaction.atomic
def close_conference(
    conference_id: int, *, by: User, held_on: dt.date, minutes: str, outcome: str, positions: Sequence[Position] = (),
    at: dt.datetime | None = None,
) -> Conference:
    """Keep the minutes of a conference, and where each department stands after it.

    A department that changes its mind is named with its delegate; the change counts once its own person has signed
    it. Effects in order: seats, 联审会议纪要 as a paper, event `session.conferred`; then by outcome: 形成一致意见 and
    未形成一致意见 go back to 汇总 (when nobody is left to sign), 修改后再次征求意见 opens the next round with those
    that disagree. Raises `NotAllowed`, `DomainError` (`session_state`, `outcome`, `words`, `held_on`, `positions`,
    those of the words of an opinion).
    """
    session_id = Conference.objects.values_list("session_id", flat=True).get(pk=conference_id)
    session, case = _locked(session_id, SessionState.CONFERENCE, verb="记录会议纪要")
    conference = Conference.objects.select_for_update(of=("self",)).get(pk=conference_id)
    if conference.closed_at is not None:
        raise DomainError("session_state", "会议纪要已经记录，正在等部门签认。", latest=told_by(latest_of(session)))
    require(review_rules.can_confer, by, session)
    if outcome not in ConferenceOutcome.values:
        raise DomainError("outcome", "请选择会议结果。")
    if not minutes.strip():
        raise DomainError("words", "请写明会议纪要：议了什么、各部门怎么说、形成了什么意见。")
    check_follows(at, session)
    if held_on > timing.business_day(at or timing.now()) or held_on < timing.business_day(conference.called_at):
        raise DomainError("held_on", "开会日期应在召集之后、记录之时或以前，请核对。")
    changed = _sit(conference, positions) if outcome == ConferenceOutcome.SETTLED else []
    if outcome == ConferenceOutcome.SETTLED and not changed:
        raise DomainError("positions", "形成一致意见的，请写明哪个部门改成什么意见；没有改变的请选“未形成一致意见”。")
    conference.held_on, conference.minutes, conference.outcome = held_on, minutes.strip(), outcome
    conference.closed_by, conference.closed_at = by, at or timing.now()
    conference.session = session
    conference.paper = _minutes(conference, case, by=by, at=at or timing.now())
    conference.save()
    record(
        "session.conferred", subject=session, project=case.project, by=by, at=at,
        summary=f"联审会{conference.get_outcome_display()}：{case.matter.name}",
        data={"conference": conference.pk, "outcome": outcome, "changed": [seat.organisation_id for seat in changed]},
    )
    _go_on(session, case, conference, changed, by=by, at=at)
    return conference


def _sit(conference: Conference, positions: Sequence[Position]) -> list[ConferenceSeat]:
    """Write where the departments stand; return the seats that changed and have to be signed."""
    given: Mapping[int, Position] = {one.organisation_id: one for one in positions}
    changed = []
    for seat in conference.seats.select_related("organisation", "opinion").order_by("pk"):
        one = given.get(seat.organisation_id)
        if one is None:
            continue
        seat.delegate = one.delegate.strip()[:50]
        if one.verdict:
            check_words(one.verdict, one.reason, one.basis, one.remedy)
            if not seat.delegate:
                raise DomainError("positions", f"{seat.organisation.label}改变意见，请写明参会人。")
            seat.verdict, seat.reason = one.verdict, one.reason.strip()[:1000]
            seat.basis, seat.remedy = one.basis.strip()[:300], one.remedy.strip()[:1000]
            changed.append(seat)
        seat.save()
    return changed


def _go_on(
    session: JointSession, case: MatterCase, conference: Conference, changed: Sequence[ConferenceSeat], *, by: User,
    at: dt.datetime | None,
) -> None:
    if changed:
        session.waits_for = "、".join(seat.organisation.label for seat in changed)[:200]
        session.save(update_fields=["waits_for"])
        return
    _back_to_merging(session, case, by=by, at=at)
    if conference.outcome == ConferenceOutcome.RECTIFY:
        next_round(session, case, concerned(case), by=by, note=f"联审会：{conference.agenda}", at=at)


def _back_to_merging(session: JointSession, case: MatterCase, *, by: User, at: dt.datetime | None) -> None:
    old = session.state
    session.end_conference()
    session.waits_for = ""
    session.save()
    record(
        "session.merging", subject=session, project=case.project, by=by, at=at,
        summary=f"联审会结束，请牵头部门汇总：{case}", data={"state": [old, session.state]},
    )


@transaction.atomic
def sign_seat(seat_id: int, *, by: User, at: dt.datetime | None = None) -> ConferenceSeat:
    """A department signs what the minutes say that it now says; with the last signature the lead goes on merging.

    Effects in order: signature, event `session.signed`, a condition becomes an owed commitment, transition. A second
    signature changes nothing. Raises `NotAllowed`, `DomainError` (`session_state`, `nothing_to_sign`).
    """
    session_id = ConferenceSeat.objects.values_list("conference__session_id", flat=True).get(pk=seat_id)
    session = lock_session(session_id)
    seat = ConferenceSeat.objects.select_for_update(of=("self",)).select_related(
        "organisation", "opinion__task__organisation", "conference"
    ).get(pk=seat_id)
    seat.conference.session = session
    require(review_rules.can_sign_seat, by, seat)
    if seat.confirmed_at is not None:
        return seat
    case = session.case
    if case is None or session.state != SessionState.CONFERENCE:
        raise DomainError("session_state", f"联合审查现在是“{session.get_state_display()}”，不需要签认。")
    expect(case, CaseState.IN_REVIEW, verb="签认")
    if not seat.verdict:
        raise DomainError("nothing_to_sign", "本部门的意见没有改变，不需要签认。")
    check_after(at, seat.conference.closed_at or session.opened_at, "记录纪要")
    seat.confirmed_by, seat.confirmed_at = by, at or timing.now()
    seat.save()
    record(
        "session.signed", subject=session, project=case.project, by=by, at=at,
        summary=f"{seat.organisation.label}签认联审会意见：{seat.get_verdict_display()}",
        data={"seat": seat.pk, "verdict": seat.verdict},
    )
    if seat.verdict == OpinionVerdict.CONDITIONAL and seat.opinion is not None:
        seat.opinion.task.session = session
        raise_condition(
            seat.opinion.task, reason=seat.reason, basis=seat.basis, remedy=seat.remedy, by=by, at=at
        )
    open_seats = seat.conference.seats.filter(confirmed_at=None).exclude(verdict="").select_related("organisation")
    names = [other.organisation.label for other in open_seats.order_by("pk")]
    if names:
        session.waits_for = "、".join(names)[:200]
        session.save(update_fields=["waits_for"])
    else:
        _back_to_merging(session, case, by=by, at=at)
    return seat


def _minutes(conference: Conference, case: MatterCase, *, by: User, at: dt.datetime) -> Paper:
    standing = {one.opinion.pk: one for one in standing_opinions(case)}
    seats = list(conference.seats.select_related("organisation", "opinion").order_by("pk"))
    changed = "、".join(seat.organisation.label for seat in seats if seat.verdict)
    return paperwork.write(
        PaperKind.CONFERENCE_MINUTES, case.project, subject=conference.session, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}联审会{conference.get_outcome_display()}",
        do=f"{changed}在系统内签认会后意见" if changed else "按纪要办理，各部门意见不变",
        when=f"{paperwork.day(conference.held_on)}召开，地点{conference.place}",
        paragraphs=[f"议题：{conference.agenda}", conference.minutes], visibility=Visibility.OFFICE,
        addressee="、".join(seat.organisation.label for seat in seats),
        table={"head": ["部门", "参会人", "会前意见", "会后意见", "条件或修改办法"],
               "rows": [_line(seat, standing) for seat in seats]},
    )


def _line(seat: ConferenceSeat, standing: Mapping[int, Standing]) -> list[str]:
    one = standing.get(seat.opinion_id or 0)
    before = str(OpinionVerdict(one.verdict).label) if one else ""
    after = str(seat.get_verdict_display()) if seat.verdict else "不变"
    return [seat.organisation.name, seat.delegate, before, after, seat.remedy or (one.remedy if one else "")]


def _locked(session_id: int, state: str, *, verb: str) -> tuple[JointSession, MatterCase]:
    session = lock_session(session_id)
    case = session.case
    if case is None or session.state != state:
        raise moved_on(session, verb)
    expect(case, CaseState.IN_REVIEW, verb=verb)
    return session, case
