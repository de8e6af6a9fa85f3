"""What an acceptance means on its day: from which day the promise runs, and what the law has done before anybody."""

from __future__ import annotations

from collections.abc import Sequence

from packages.models import MatterCase
from packages.services.intake import intake_is_over
from packages.states import CaseState
from projects import timing, workdays
from projects.quoting import quoted

ACCEPTED = "已受理，受理通知书已出具，承诺时限开始计算。"
DEEMED = "已过 5 个工作日告知期，依法自接件之日起视为受理"


def words_before(case: MatterCase) -> tuple[str, ...]:
    """What follows from accepting a case now; nothing of it is asked by who has pressed already."""
    if case.state == CaseState.RECEIVED and intake_is_over(case):
        return (f"{DEEMED}，时限从接件次日起算。",)
    if not case.promised_days:
        return (f"{promise(case)}。", *_on_the_spot())
    return (f"{promise(case)}，受理次日起算。", *rest_day())


def promise(case: MatterCase) -> str:
    """Who decides within which promise."""
    return f"{case.lead}，{f'承诺 {case.promised_days} 日' if case.promised_days else '即办，当日办结'}"


def _on_the_spot() -> tuple[str, ...]:
    """On a rest day: until when what is decided on the spot is in time (民法典 203)."""
    today = timing.today()
    if workdays.is_workday(today):
        return ()
    first = workdays.next_workday(today)
    return (f"今天不是工作日，{first.month}月{first.day}日办结也在期限内。",)


def rest_day() -> tuple[str, ...]:
    """On a rest day: one may accept, and which day is the first that counts."""
    today = timing.today()
    if workdays.is_workday(today):
        return ()
    first = workdays.next_workday(today)
    return (f"今天不是工作日，可以受理；时限的第 1 日是{first.month}月{first.day}日。",)


def words_after(cases: Sequence[MatterCase]) -> str:
    """What was done: accepted by a person, or by law before that person pressed."""
    deemed = [case.matter.name for case in cases if case.is_deemed_accepted]
    if not deemed:
        return "".join((ACCEPTED, *rest_day())) if any(case.promised_days for case in cases) else ACCEPTED
    if len(deemed) == len(cases):
        return f"{DEEMED}，受理通知书已出具。"
    return f"{ACCEPTED}其中{'、'.join(quoted(name) for name in deemed)}{DEEMED}。"
