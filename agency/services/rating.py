"""好差评: when a rating is asked for, the rating itself, and the default one when nobody rated in time."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from agency import voice_data, voice_rules
from agency.models import FollowUp, Notification, Rating, RatingAsk
from agency.models.ratings import OFFICERS
from agency.recipients import people_at
from agency.services.telling import tell
from agency.voice_states import AskMoment, AskScope, Channel, FollowState, Grade
from archives import codewords
from packages.models import Application, MatterCase, UtilityLine
from packages.states import ApplicationSource, CaseState
from packages.utility_states import LineState
from projects import timing, workdays
from projects.access import OWNER_ROLES
from projects.bulk import insert_all
from projects.clock_states import ClockKind
from projects.clocks import start_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.quoting import quoted

if TYPE_CHECKING:
    from projects.models import Event, Project, User

TOKEN_BYTES = 16
CODE_LENGTH = 8
WHY_OFFICER = "您是中心的差评回访人员"
WHY_RATE = "贵单位的事项办完了，邀请评价一次"


# Asking --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_after_submission(event: Event) -> int:
    """接件: one visit at the window may be rated from now on; return how many asks were written.

    A matter is asked for when it is done (`ask_after_decision`), unless the data asks for it at 接件 already.
    """
    application = Application.objects.select_related("project__centre").get(pk=event.subject_key)
    project = lock_project(application.project_id)
    day, moment = timing.business_day(event.happened_at), event.happened_at
    fresh = []
    visit = application.source == ApplicationSource.WINDOW and voice_data.is_asked(
        AskScope.VISIT, AskMoment.RECEIVE, day
    )
    if visit and not RatingAsk.objects.filter(application=application).exists():
        closes = workdays.due_date(day, voice_data.term("default", day))
        fresh.append(
            _ask(project, AskScope.VISIT, project.centre_id, moment, application=application, closes_on=closes)
        )
    if voice_data.is_asked(AskScope.MATTER, AskMoment.RECEIVE, day):
        cases = MatterCase.objects.filter(application=application).exclude(state=CaseState.DRAFT).order_by("pk")
        known = set(RatingAsk.objects.filter(case__in=cases).values_list("case_id", flat=True))
        fresh += [
            _ask(project, AskScope.MATTER, case.lead_id, moment, case=case) for case in cases if case.pk not in known
        ]
    insert_all(fresh)
    return len(fresh)


@transaction.atomic
def ask_after_decision(event: Event) -> RatingAsk | None:
    """办结: the matter is asked for by a message, and its days run until the default rating."""
    case = MatterCase.objects.select_related("matter", "project").get(pk=event.subject_key)
    project = lock_project(case.project_id)
    day = timing.business_day(event.happened_at)
    if not voice_data.is_asked(AskScope.MATTER, AskMoment.DECIDE, day):
        return None
    ask: RatingAsk | None = RatingAsk.objects.filter(case=case).select_related("rating").first()
    if ask is None:
        ask = _ask(project, AskScope.MATTER, case.lead_id, event.happened_at, case=case)
    return _run_out(ask, AskMoment.DECIDE, day, f"{quoted(case.matter.name)}已办结")


@transaction.atomic
def ask_after_connection(event: Event) -> RatingAsk | None:
    """接通: the connection of one utility is asked for."""
    if event.data["state"][1] != LineState.CONNECTED:
        return None
    line = UtilityLine.objects.select_related("request__project").get(pk=event.subject_key)
    project = lock_project(line.request.project_id)
    day = timing.business_day(event.happened_at)
    if not voice_data.is_asked(AskScope.CONNECTION, AskMoment.CONNECT, day):
        return None
    ask: RatingAsk | None = RatingAsk.objects.filter(line=line).select_related("rating").first()
    if ask is None:
        ask = _ask(project, AskScope.CONNECTION, line.body_id, event.happened_at, line=line)
    return _run_out(ask, AskMoment.CONNECT, day, f"{line.name}已接通")


def _ask(project: Project, scope: str, body_id: int, moment: dt.datetime, **of: object) -> RatingAsk:
    """Return an unsaved occasion to rate with a token and a code of its own."""
    return RatingAsk(
        project=project, scope=scope, body_id=body_id, token=secrets.token_urlsafe(TOKEN_BYTES),
        code=codewords.random_code(CODE_LENGTH), opened_at=moment, **of,
    )


def _run_out(ask: RatingAsk, moment: str, day: dt.date, done: str) -> RatingAsk:
    """Set the last day, and tell the owner where that is data; what is rated already is left alone.

    One message a day and project: what is done later on the same day goes into the one that was sent.
    """
    if hasattr(ask, "rating"):
        return ask
    if ask.closes_on is None:
        ask.closes_on = workdays.due_date(day, voice_data.term("default", day))
        ask.save()
        if voice_data.is_told(ask.scope, moment, day):
            same = _told_of(ask.project).filter(closes_on=ask.closes_on).count()
            _invite(ask, f"rate:{ask.project_id}:{day}", f"{done}，请评价", f"{same} 件已办结，请评价")
    return ask


def _told_of(project: Project) -> QuerySet[RatingAsk]:
    """Return what of a project is asked for by messages and was not rated."""
    told = Q(scope=AskScope.MATTER) | Q(scope=AskScope.CONNECTION)
    return RatingAsk.objects.filter(told, project=project, rating=None)


def _invite(ask: RatingAsk, batch: str, one: str, several: str) -> None:
    """Tell the owner once per batch; when more of it follows, that message counts them and leads to the list."""
    name, sent = ask.project.name, Notification.objects.filter(batch=batch)
    if sent.exists():
        sent.update(text=f"{name} {several}", url=reverse("agency:ratings_mine"))
        return
    people, url = people_at(ask.project.owner_id, *OWNER_ROLES), reverse("agency:rate", args=[ask.token])
    tell(people, f"{name}{one}", project=ask.project, url=url, why=WHY_RATE, kind="voice", batch=batch)


def in_month(day: dt.date | None) -> str:
    """Return 11月5日."""
    return f"{day.month}月{day.day}日" if day else ""


def moment_of(ask: RatingAsk) -> str:
    """Return at which moment a rating is given now: 接件, 受理, 办结, 接通."""
    if ask.scope == AskScope.CONNECTION:
        return AskMoment.CONNECT
    case = ask.case
    if case is None or case.accepted_at is None:
        return AskMoment.RECEIVE if case is None or case.decided_at is None else AskMoment.DECIDE
    return AskMoment.ACCEPT if case.decided_at is None else AskMoment.DECIDE


# Rating --------------------------------------------------------------------------------------------------------------


def _lock_ask(ask_id: int) -> RatingAsk:
    """Return an occasion, locked with its project."""
    project = lock_project(RatingAsk.objects.values_list("project_id", flat=True).get(pk=ask_id))
    found: RatingAsk = RatingAsk.objects.select_for_update(of=("self",)).select_related(
        "case__matter", "line", "application", "body", "rating"
    ).get(pk=ask_id)
    found.project = project
    return found


@transaction.atomic
def rate(  # noqa: PLR0913 - one argument per field of the form
    ask_id: int, *, by: User | None, grade: int, channel: int, words: str = "", name: str = "", phone: str = "",
    at: dt.datetime | None = None,
) -> Rating:
    """评价: once for each visit, matter and connection. `by` None is whoever holds the code.

    Event `rating.given` in the chain of the centre, without grade and rater; a low grade opens its follow-up. The same
    grade and words again return what stands. Raises `NotAllowed`, `DomainError` (`grade`, `words`, `rated`).
    """
    ask = _lock_ask(ask_id)
    said = words.strip()[:500]
    standing: Rating | None = getattr(ask, "rating", None)
    if standing is not None:
        if (standing.grade, standing.words, standing.is_default) == (grade, said, False):
            return standing
        raise DomainError("rated", "已经评价过了，一次一评。还有意见可以咨询或者投诉。")
    require(voice_rules.can_rate, by or AnonymousUser(), ask)
    if grade not in Grade.values:
        raise DomainError("grade", "请选择满意程度。")
    if channel not in Channel.values:
        raise DomainError("channel", "不清楚从哪里评价，请重新打开评价页。")
    if grade <= Grade.BAD and not said:
        raise DomainError("words", "评价不满意的，请写明哪里不满意，便于整改。")
    return _write(
        ask, at=at, grade=grade, words=said, channel=channel, given_by=by,
        rater_name=name.strip()[:50] or str(by or ""), rater_phone=phone.strip()[:20] or (by.phone if by else ""),
    )


def _write(ask: RatingAsk, *, at: dt.datetime | None, **columns: object) -> Rating:
    moment = at or timing.now()
    made: Rating = Rating.objects.create(
        ask=ask, moment=moment_of(ask), person_id=_handler(ask), given_at=moment, **columns
    )
    if ask.closes_on is not None:  # nothing more is to be done by that day
        ask.closes_on = None
        ask.save(update_fields=["closes_on"])
    centre = ask.project.centre
    word = "默认评价" if made.is_default else "评价"
    record(
        "rating.given", subject=made, organisation=centre, by=None, at=at,
        summary=f"收到{word}：{ask.get_scope_display()}", data={"default": made.is_default},
    )
    if made.grade <= Grade.BAD and not made.is_default:
        _open_follow_up(made, centre_id=centre.pk, at=at)
    return made


def _handler(ask: RatingAsk) -> int | None:
    """Return who is rated: who decided the case, or has it; who took the application in at the window."""
    if ask.case is not None:
        return ask.case.decided_by_id or ask.case.accepted_by_id or ask.case.window_by_id
    return ask.application.opened_by_id if ask.application else None


def _open_follow_up(rating: Rating, *, centre_id: int, at: dt.datetime | None) -> FollowUp:
    """差评回访: with its own clock, which no project shows; the officers are told, the rated person never."""
    day = timing.business_day(rating.given_at)
    clock = start_clock(
        kind=ClockKind.RECTIFICATION, limit=voice_data.term("follow", day), on=rating.given_at, label="差评整改并答复"
    )
    row: FollowUp = FollowUp.objects.create(rating=rating, clock=clock, opened_at=rating.given_at)
    record(
        "rating.follow_opened", subject=row, organisation=rating.ask.project.centre, by=None, at=at,
        summary="差评回访：待回访", data={"state": ["", FollowState.TO_CALL.value]},
    )
    people = [one for one in people_at(centre_id, *OFFICERS) if one.pk != rating.person_id]
    text = f"有一件差评待回访，{in_month(clock.due_on)}前整改并答复"
    tell(people, text, url=reverse("agency:follow_up", args=[row.pk]), why=WHY_OFFICER, kind="voice")
    return row


# Sweeps --------------------------------------------------------------------------------------------------------------


def to_default(at: dt.datetime | None = None) -> QuerySet[RatingAsk]:
    """Return what nobody has rated in time."""
    return RatingAsk.objects.filter(closes_on__lt=timing.business_day(at or timing.now()))


def to_remind(at: dt.datetime | None = None) -> QuerySet[RatingAsk]:
    """Return what is invited once more: so many working days after the days began to run."""
    day = timing.business_day(at or timing.now())
    left = voice_data.term("default", day) - voice_data.term("remind", day)
    until = workdays.due_date(day, max(left, 0))
    return RatingAsk.objects.filter(
        Q(scope=AskScope.MATTER) | Q(scope=AskScope.CONNECTION), closes_on__range=(day, until), reminded_at=None
    )


@transaction.atomic
def give_default(ask_id: int, *, at: dt.datetime | None = None) -> bool:
    """默认评价: the days are over; counted apart from what people say. Twice writes one."""
    ask = _lock_ask(ask_id)
    today = timing.business_day(at or timing.now())
    if hasattr(ask, "rating") or ask.closes_on is None or ask.closes_on >= today:
        return False
    _write(ask, at=at, grade=voice_data.term("default_grade", ask.closes_on), is_default=True)
    return True


@transaction.atomic
def invite_again(ask_id: int, *, at: dt.datetime | None = None) -> bool:
    """Invite the owner once more, in one message a day and project for all that is not rated. Twice tells once."""
    ask = _lock_ask(ask_id)
    if hasattr(ask, "rating") or ask.reminded_at is not None:
        return False
    ask.reminded_at = at or timing.now()
    ask.save(update_fields=["reminded_at"])
    day = timing.business_day(ask.reminded_at)
    asked = list(_told_of(ask.project).filter(reminded_at__gte=timing.start_of_day(day)).order_by("closes_on"))
    one = f"{quoted(ask.what)}还没有评价，{in_month(ask.closes_on)}后记为默认评价"
    several = f"{len(asked)} 件还没有评价，最早的{in_month(asked[0].closes_on)}后记为默认评价"
    _invite(ask, f"rate-again:{ask.project_id}:{day}", one, several)
    return True
