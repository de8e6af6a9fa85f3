"""Choices of the agency desk and the reminders; those of the bulletins stand in bulletin_states.py."""

from __future__ import annotations

from django.db.models import TextChoices


class AssignmentRole(TextChoices):
    """The two people of every project."""

    LEAD_OFFICER = "lead_officer", "项目长"
    SERVICE_AGENT = "service_agent", "服务专员"


class Threshold(TextChoices):
    """Rungs of the ladder of reminders (handbook §2.5), each said once per clock; `ladder_steps.tsv` has the rest."""

    ASSIGNED = "assigned", "新任务"
    UNOPENED = "unopened", "尚未打开"
    YELLOW = "yellow", "即将到期"
    DUE = "due", "今日到期"
    RED = "red", "已超时"
    DIRECTOR = "director", "报中心主任"
    WEEKLY = "weekly", "列入周例会"


class SlipColour(TextChoices):
    """Colour of a chase slip (督办单): near its day, behind its plan, past its day."""

    BLUE = "blue", "蓝色（临期）"
    YELLOW = "yellow", "黄色（滞后）"
    RED = "red", "红色（逾期）"


class SlipState(TextChoices):
    """Life of a chase slip."""

    ISSUED = "issued", "待回复"
    ANSWERED = "answered", "已回复"
    CLOSED = "closed", "已销号"


class DispatchState(TextChoices):
    """Life of one message on one channel."""

    WAITING = "waiting", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已送出"
    UNSURE = "unsure", "未确认"
    DEAD = "dead", "未送达"
    DROPPED = "dropped", "不再发送"


TONES: dict[str, str] = {
    Threshold.YELLOW: "warn",
    Threshold.DUE: "warn",
    Threshold.RED: "bad",
    Threshold.DIRECTOR: "bad",
    Threshold.WEEKLY: "bad",
    SlipColour.BLUE: "act",
    SlipColour.YELLOW: "warn",
    SlipColour.RED: "bad",
    SlipState.ISSUED: "warn",
    SlipState.ANSWERED: "act",
    SlipState.CLOSED: "good",
    DispatchState.WAITING: "act",
    DispatchState.SENDING: "act",
    DispatchState.SENT: "good",
    DispatchState.UNSURE: "warn",
    DispatchState.DEAD: "bad",
    DispatchState.DROPPED: "none",
}
