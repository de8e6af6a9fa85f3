"""Ratings, enquiries and complaints of the demonstration: what owners say of the service, and what the centre does.

Some owners rate what was done for them, others do not and leave the default. One low grade was mended and answered long
ago; at the present one is being mended, an enquiry was asked on, a complaint lies with a body it is not about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q

from agency.models import FollowUp, RatingAsk, Voice
from agency.recipients import people_at
from agency.services import rating, rating_follow, voices
from agency.tasks import sweep_voices
from agency.voice_states import AskScope, CallOutcome, Channel, FollowState, Grade, VoiceKind
from gaige.demo.moments import later, person, user
from gaige.demo.people import CENTRE
from projects import timing, workdays
from projects.models import Organisation, Project, User
from projects.states import Role

DAYS_AGO = 120
#: What owners give in turn, by which way; the default is left to those who say nothing.
GIVEN: tuple[tuple[Grade, Channel, str], ...] = (
    (Grade.VERY_GOOD, Channel.QR, "窗口讲得清楚，一次办成"),
    (Grade.GOOD, Channel.MOBILE, ""),
    (Grade.VERY_GOOD, Channel.PC, ""),
    (Grade.FAIR, Channel.PAD, "排队时间长了一点"),
    (Grade.GOOD, Channel.QR, "代办人员帮着填表"),
    (Grade.VERY_GOOD, Channel.MOBILE, "比承诺的快"),
)
#: Who calls back after a low grade works at this centre.
OF_COUNTY = Q(project__centre__code=CENTRE)
LOW = (Grade.BAD, Channel.MOBILE, "同一张图要求交了两次，说法不一样")
ORDER = "同类材料已有的不得再要，窗口和科室口径一致，一次说清"


def opinions() -> Iterator[dt.datetime]:
    """Every second working day an owner rates something; the first low grade goes its whole way."""
    number = 0
    while True:
        yield later(2, 16)
        sweep_voices()
        number = _rate_one(number)
        _follow_low()


def _rate_one(number: int) -> int:
    """Rate the oldest matter that is done, or a visit; return how many were rated."""
    since = timing.now() - dt.timedelta(days=12)
    asks = RatingAsk.objects.filter(closes_on__isnull=False, opened_at__gte=since).order_by("pk")
    is_low = number == len(GIVEN)
    ask = (asks.filter(OF_COUNTY) if is_low else asks).first()
    if ask is None:
        return number
    grade, channel, words = LOW if is_low else GIVEN[number % len(GIVEN)]
    _rate(ask, grade, channel, words)
    return number + 1


def _rate(ask: RatingAsk, grade: int, channel: int, words: str, *, at: dt.datetime | None = None) -> None:
    by = None if channel in {Channel.QR, Channel.PAD} else person(ask.project.owner_id, Role.OWNER_LEAD)
    rating.rate(ask.pk, by=by, grade=grade, channel=channel, words=words, phone="13903560000", at=at)


def _follow_low() -> None:
    """Take the next step of each low grade of the past."""
    officer = user("dispatcher")
    for row in FollowUp.objects.filter(ended_at=None).select_related("rating__ask__project", "body"):
        if row.state == FollowState.TO_CALL:
            _call(row, at=None)
        elif row.state == FollowState.MENDING and row.body_id:
            rating_follow.mend(row.pk, by=_mender(row), words="已核对清单，删去重复项，口径一致")
        elif row.state == FollowState.TO_REPLY:
            rating_follow.reply(row.pk, by=officer, words="重复要的材料已取消，同一张图今后不再重复要，感谢监督。")


def _call(row: FollowUp, *, at: dt.datetime | None) -> None:
    ask = row.rating.ask
    owner = person(ask.project.owner_id, Role.OWNER_LEAD)
    rating_follow.call_back(
        row.pk, by=user("dispatcher"), outcome=CallOutcome.FIX, reached=owner.name,
        words="企业反映情况属实，两次要求的是同一张总平面图", order=ORDER, at=at,
    )


def _mender(row: FollowUp) -> User:
    return people_at(row.body_id, Role.REVIEWER, Role.CLERK)[0]


def keep_voices() -> None:
    """Leave at the present: a low grade being mended, an enquiry that was asked on, a complaint with a body."""
    project = Project.objects.filter(owner__memberships__user__username="owner").order_by("-pk").first()
    if project is None or Voice.objects.exists():
        return
    _low_now()
    _enquiry(project)
    _complaint(project)


def _day(back: int, hour: int) -> dt.datetime:
    """Return an hour of the working day so many days back."""
    return timing.start_of_day(workdays.due_date(timing.today(), -back)) + dt.timedelta(hours=hour)


def _low_now() -> None:
    asks = RatingAsk.objects.filter(OF_COUNTY, rating=None, scope=AskScope.MATTER, opened_at__lt=_day(3, 9))
    ask = asks.order_by("-pk").first()
    if ask is None:
        return
    _rate(ask, *LOW, at=_day(2, 10))
    row = FollowUp.objects.get(rating__ask=ask)
    _call(row, at=_day(1, 10))


def _enquiry(project: Project) -> None:
    owner, officer = user("owner"), user("dispatcher")
    row = voices.ask(
        by=owner, kind=VoiceKind.CONSULT, project_id=project.pk, title="分期建设可以分开报规划许可吗",
        words="一期厂房先开工，二期明年再建，规划许可能不能分两次报？", at=_day(6, 9),
    )
    body = Organisation.objects.get(code="natural-resources")
    voices.forward(row.pk, by=officer, body_id=body.pk, words="请答复分期申报的条件", at=_day(6, 14))
    reviewer = person(body.pk, Role.REVIEWER)
    voices.answer(row.pk, by=reviewer, words="总平面一次审定，建设工程规划许可证可以按单体分期申请。", at=_day(4, 10))
    voices.follow_up(row.pk, by=owner, words="二期的日照分析要不要在一期一起做？", at=_day(1, 15))


def _complaint(project: Project) -> None:
    housing, other = (Organisation.objects.get(code=code) for code in ("housing", "natural-resources"))
    row = voices.ask(
        by=None, kind=VoiceKind.COMPLAINT, project_id=project.pk, title="现场核查改了三次时间",
        words="约好的现场核查临时改期三次，施工队一直在等。", about_body_id=housing.pk,
        name="工地负责人", phone="13903560001", channel="qr", at=_day(3, 11),
    )
    voices.forward(row.pk, by=user("director"), body_id=other.pk, words="请会同核实改期的经过", at=_day(2, 9))
