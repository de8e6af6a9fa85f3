"""差评回访: call back by real name, mend or explain, appeal of misuse, reply on paper. The rater is protected."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency import voice_data, voice_rules
from agency.models import FollowUp, Rating, RatingCall
from agency.models.ratings import OFFICERS
from agency.recipients import STAFF, people_at
from agency.services.rating import WHY_OFFICER, in_month
from agency.services.telling import tell
from agency.voice_states import CallOutcome, FollowState
from archives.services import papers
from archives.states import PaperKind
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.clocks import extend_clock, stop_clock
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Organisation, User
from projects.numbering import take_number
from projects.quoting import quoted
from projects.states import Role

if TYPE_CHECKING:
    from archives.models import Paper

SERIES = "评改"


def lock_follow_up(pk: int) -> FollowUp:
    """Return a follow-up, locked with its centre. Raises `FollowUp.DoesNotExist`."""
    centre = FollowUp.objects.values_list("rating__ask__project__centre_id", flat=True).get(pk=pk)
    Organisation.objects.select_for_update().get(pk=centre)
    related = (
        "rating__ask__project__centre__region", "rating__ask__project__owner", "rating__ask__case__matter",
        "rating__ask__line", "rating__ask__application", "rating__ask__body", "clock", "body",
    )
    found: FollowUp = FollowUp.objects.select_for_update(of=("self",)).select_related(*related).get(pk=pk)
    return found


def _said(words: str, most: int, what: str) -> str:
    text = words.strip()[:most]
    if not text:
        raise DomainError("words", f"请写明{what}。")
    return text


def _tell_step(
    row: FollowUp, verb: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None
) -> FollowUp:
    """Save, and record a step in the chain of the centre: nothing that the rated body reads."""
    row.save()
    record(
        f"rating.{verb}", subject=row, organisation=row.rating.ask.project.centre, by=by, at=at, summary=summary,
        data={"state": [old, row.state]},
    )
    return row


@transaction.atomic
def call_back(  # noqa: PLR0913 - one argument per field of the form
    pk: int, *, by: User, outcome: str, words: str, reached: str = "", order: str = "", at: dt.datetime | None = None
) -> FollowUp:
    """回访: who was reached under the real name, what was said, and what follows.

    Not reached: kept, the state stays. 立即整改 and 限期整改 go to the rated body as an order in the officer's words
    with a number, a ledger case with a longer limit; 解释说明 goes on to the reply. Event `rating.called`.
    """
    row = lock_follow_up(pk)
    require(voice_rules.can_call, by, row)
    if outcome not in CallOutcome.values:
        raise DomainError("outcome", "请选择回访结果。")
    said, name = _said(words, 500, "回访情况"), reached.strip()[:50]
    if outcome != CallOutcome.UNREACHED and not name:
        raise DomainError("reached", "实名回访，请填写受访人姓名。")
    check_follows(at, row)
    moment = at or timing.now()
    RatingCall.objects.create(
        follow_up=row, outcome=outcome, reached=name, words=said, called_by=by, called_at=moment
    )
    old, row.officer = row.state, by
    if outcome == CallOutcome.UNREACHED:
        return _tell_step(row, "called", "差评回访：未接通", old, by=by, at=at)
    if outcome == CallOutcome.EXPLAIN:
        row.explain()
        return _tell_step(row, "called", "差评回访：解释说明", old, by=by, at=at)
    _order(row, _said(order, 500, "整改要求（不写评价人和项目）"), moment)
    if outcome == CallOutcome.LEDGER:
        _lengthen(row, by=by, basis=said, moment=moment)
    row.send()
    return _tell_step(row, "called", f"差评回访：{CallOutcome(outcome).label}", old, by=by, at=at)


def _order(row: FollowUp, words: str, moment: dt.datetime) -> None:
    """Give the body what it has to mend, with a number, and tell its people: without rater, project and grade."""
    ask = row.rating.ask
    centre = ask.project.centre
    year, serial = take_number(centre, SERIES, year=timing.business_day(moment).year)
    row.body, row.order = ask.body, words
    row.number = f"〔{year}〕{SERIES}第{serial:04d}号"
    people = people_at(ask.body_id, *((Role.CHIEF, Role.CLERK) if ask.body_id == centre.pk else STAFF))
    tell(
        people, f"服务整改 {row.number}：{words}", url=reverse("agency:rectification", args=[row.pk]),
        why="由贵部门整改", kind="voice", at=moment,
    )


def _lengthen(row: FollowUp, *, by: User, basis: str, moment: dt.datetime) -> None:
    day = timing.business_day(row.opened_at)
    more = voice_data.term("ledger", day) - voice_data.term("follow", day)
    if more > 0:
        extend_clock(row.clock, more, basis=f"列入台账限期整改：{basis}", approver=by, at=moment)


@transaction.atomic
def mend(pk: int, *, by: User, words: str, at: dt.datetime | None = None) -> FollowUp:
    """整改: what was done. Event `rating.mended`; once, then it waits for the reply."""
    row = lock_follow_up(pk)
    if row.state == FollowState.TO_REPLY and row.mended_by_id == by.pk:
        return row
    require(voice_rules.can_mend, by, row)
    check_follows(at, row)
    old = row.state
    row.mended, row.mended_by, row.mended_at = _said(words, 500, "怎样整改的"), by, at or timing.now()
    row.mend()
    _tell_officers(row, f"服务整改 {row.number} 已整改，请答复评价人", moment=row.mended_at)
    return _tell_step(row, "mended", f"服务整改：{row.number} 已整改", old, by=by, at=at)


def _tell_officers(row: FollowUp, text: str, *, moment: dt.datetime) -> None:
    people = people_at(row.rating.ask.project.centre_id, *OFFICERS)
    tell(
        [one for one in people if one.pk != row.rating.person_id], text,
        url=reverse("agency:follow_up", args=[row.pk]), why=WHY_OFFICER, kind="voice", at=moment,
    )


@transaction.atomic
def appeal(pk: int, *, by: User, words: str, at: dt.datetime | None = None) -> FollowUp:
    """申诉: the body says that the rating is misuse. Event `rating.appealed`; the director decides."""
    row = lock_follow_up(pk)
    if row.state == FollowState.APPEALED:
        return row
    require(voice_rules.can_appeal, by, row)
    old = row.state
    row.appeal, row.appealed_by = _said(words, 500, "申诉的理由和依据"), by
    row.contest()
    _tell_officers(row, f"服务整改 {row.number} 有申诉待核查", moment=at or timing.now())
    return _tell_step(row, "appealed", f"服务整改：{row.number} 申诉", old, by=by, at=at)


@transaction.atomic
def judge(pk: int, *, by: User, holds: bool, words: str, at: dt.datetime | None = None) -> FollowUp:
    """核查申诉: `holds` means misuse; the rating then does not count and nothing is asked of the body any more.

    Events `rating.excluded` or `rating.upheld`.
    """
    row = lock_follow_up(pk)
    if row.judged_by_id is not None:
        return row
    require(voice_rules.can_judge, by, row)
    old = row.state
    row.appeal_answer, row.judged_by = _said(words, 500, "核查情况和理由"), by
    moment = at or timing.now()
    if holds:
        row.exclude()
        _end(row, moment)
        Rating.objects.filter(pk=row.rating_id).update(is_excluded=True)
        told, verb = "申诉成立，该评价不计入", "excluded"
    else:
        row.uphold()
        told, verb = "申诉不成立，请按要求整改", "upheld"
    tell(
        [row.appealed_by] if row.appealed_by else [], f"服务整改 {row.number}：{told}",
        url=reverse("agency:rectification", args=[row.pk]), why="您提出的申诉", kind="voice", at=moment,
    )
    return _tell_step(row, verb, f"差评申诉：{told}", old, by=by, at=at)


def _end(row: FollowUp, moment: dt.datetime) -> None:
    row.ended_at = moment
    stop_clock(row.clock, moment)


@transaction.atomic
def reply(pk: int, *, by: User, words: str, at: dt.datetime | None = None) -> FollowUp:
    """答复: whoever rated gets a numbered paper and, with an account, a message. Event `rating.replied`."""
    row = lock_follow_up(pk)
    if row.state == FollowState.REPLIED:
        return row
    require(voice_rules.can_reply, by, row)
    old, moment = row.state, at or timing.now()
    row.reply = _said(words, 1000, "给评价人的答复")
    row.answer()
    _end(row, moment)
    row.paper = _paper(row, by=by, at=at)
    given_by, ask = row.rating.given_by, row.rating.ask
    if given_by is not None:
        tell(
            [given_by], f"您对{quoted(ask.what)}的评价有了答复", project=ask.project,
            url=reverse("agency:rate", args=[ask.token]), why="您作出的评价", kind="voice", at=moment,
        )
    return _tell_step(row, "replied", "差评已整改并答复", old, by=by, at=at)


def _paper(row: FollowUp, *, by: User, at: dt.datetime | None) -> Paper:
    """The reply as a paper of the centre, in no project's archive: only the rater and the officer read it."""
    rating, ask = row.rating, row.rating.ask
    day = timing.business_day(at or timing.now())
    used = workdays.workdays_between(timing.business_day(row.opened_at), day)
    content = {
        "gist": {
            "project": f"{ask.project.name}，{ask.project.code}", "what": f"您对{quoted(ask.what)}的评价已回访并办结。",
            "do": "对答复有意见的，可以在评价页继续咨询或者投诉。",
            "when": f"自评价起用时 {used} 个工作日。",
        },
        "addressee": rating.rater_name or "评价人",
        "paragraphs": [
            f"您于{in_month(timing.business_day(rating.given_at))}对{quoted(ask.what)}作出的评价收悉。", row.reply,
        ],
        "form": [
            ("评价事项", ask.what), ("反映的问题", rating.words),
            ("整改情况", row.mended or "经回访核实，已作解释说明"),
        ],
        "signed_on": day.isoformat(),
    }
    return papers.issue_paper(
        None, kind=PaperKind.RATING_REPLY, series="评复", title="差评整改答复书", issuer=ask.project.centre,
        content=content, subject=row, by=by, at=at,
    )
