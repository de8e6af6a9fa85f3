"""The demonstration's messages: a digest every morning, people who read, chase slips answered and closed."""

from __future__ import annotations

import datetime as dt

from agency.channels import channels
from agency.models import ChaseSlip, Notification
from agency.services import digesting, dispatching, slips
from agency.slip_rules import ANSWERERS
from agency.states import SlipState
from gaige.demo.moments import user
from projects import timing, workdays
from projects.models import JobRun, Membership

#: What is older has been read; the rest is new when the demonstration begins.
FRESH_DAYS = 2
ANSWER = "经办人外出，已改由同岗位人员办理"


def morning() -> None:
    """What waits goes out, the digests of the day are made, and people act on the messages of the days before."""
    for channel in channels():
        dispatching.send_waiting(channel)
    nine = timing.start_of_day(timing.today()) + dt.timedelta(hours=9)
    digesting.digest_all(JobRun(job="digest_notifications"), at=nine)
    old = timing.start_of_day(timing.today()) - dt.timedelta(days=FRESH_DAYS)
    Notification.objects.filter(sent_at__lt=old, read_at=None).update(read_at=timing.now())
    _answer_slips(old)


def _answer_slips(before: dt.datetime) -> None:
    """The body answers a slip the day after, the director closes it the day after that."""
    for slip in ChaseSlip.objects.filter(state=SlipState.ANSWERED, answered_at__lt=before).order_by("pk"):
        slips.close_slip(slip.pk, by=user("director"))
    for slip in ChaseSlip.objects.filter(state=SlipState.ISSUED, issued_at__lt=before).order_by("pk"):
        held = Membership.objects.filter(organisation=slip.to_id, role__in=ANSWERERS, until=None).order_by("pk").first()
        if held is not None:
            day = workdays.due_date(timing.today(), 2)
            slips.answer_slip(slip.pk, by=held.user, answer=ANSWER, promised_on=day)
