"""Choices of the agency desk: agreements, work orders, escalations, hand-overs. Imports only Django."""

from __future__ import annotations

from django.db.models import IntegerChoices, TextChoices


class AgreementState(TextChoices):
    """Life of a 代办委托协议 (handbook §10). It is free and voluntary: the owner may end it on any day."""

    REQUESTED = "requested", "已申请"
    OFFERED = "offered", "待签订"
    SIGNED = "signed", "已签订"
    ENDED = "ended", "已终止"
    DECLINED = "declined", "未签订"


AGREEMENT_LIVE = (AgreementState.REQUESTED, AgreementState.OFFERED, AgreementState.SIGNED)
#: Until when an agreement holds that names no day.
TO_THE_END = "至项目交付，未办完的事项办完为止"


class Power(TextChoices):
    """What the owner lets the agent do. A 承诺书 is always signed by the owner and is not on the list."""

    ADVISE = "advise", "咨询指导、编排办理计划"
    FILL = "fill", "代填表单、上传材料"
    SUBMIT = "submit", "代为申报、补正"
    COLLECT = "collect", "代领结果并送达"


class OrderState(TextChoices):
    """Life of a 工单 (handbook Appendix D)."""

    WAITING = "waiting", "待接"
    TAKEN = "taken", "已接"
    DOING = "doing", "办理中"
    WAITING_OWNER = "waiting_owner", "等企业"
    WAITING_DEPT = "waiting_dept", "等部门"
    ESCALATED = "escalated", "已升级"
    DONE = "done", "已完成"
    CLOSED = "closed", "关闭"


#: Somebody has it in hand; the agent or what he waits for.
ORDER_WAITS = (OrderState.WAITING_OWNER, OrderState.WAITING_DEPT)
ORDER_HELD = (OrderState.TAKEN, OrderState.DOING, *ORDER_WAITS, OrderState.ESCALATED)
ORDER_OPEN = (OrderState.WAITING, *ORDER_HELD)
#: The agent himself has to do the next thing.
ORDER_MINE = (OrderState.TAKEN, OrderState.DOING)


class Channel(TextChoices):
    """How the agent spoke with somebody."""

    PHONE = "phone", "电话"
    VISIT = "visit", "上门"
    WINDOW = "window", "窗口"
    MESSAGE = "message", "微信"
    MEETING = "meeting", "会议"
    PORTAL = "portal", "系统"


class Level(IntegerChoices):
    """The five steps of an escalation (handbook §10). What one can solve oneself is not pushed up."""

    OWN = 1, "受理部门自行协调"
    LEAD = 2, "牵头部门"
    JOINT = 3, "审批大厅联席会"
    SECRETARY = 4, "秘书长督促会"
    MAYOR = 5, "市长专题会"


class EscalationState(TextChoices):
    """Life of one step of an escalation."""

    OPEN = "open", "待答复"
    DECIDED = "decided", "已决定"
    PUSHED = "pushed", "已上报"
    DROPPED = "dropped", "已撤回"


class MarkKind(TextChoices):
    """盯、关、跟: the three toggles on a project."""

    WATCH = "watch", "盯"
    CARE = "care", "关"
    FOLLOW = "follow", "跟"


MARK_WORDS: dict[str, str] = {
    MarkKind.WATCH: "盯：每天看一眼",
    MarkKind.CARE: "关：关注风险，写明风险点",
    MarkKind.FOLLOW: "跟：一跟到底，直到交付",
}


class HandOverState(TextChoices):
    """Life of a hand-over sheet: the new agent signs for it."""

    PREPARED = "prepared", "待签收"
    SIGNED = "signed", "已签收"
    CANCELLED = "cancelled", "已作废"


TONES: dict[str, str] = {
    AgreementState.REQUESTED: "act",
    AgreementState.OFFERED: "warn",
    AgreementState.SIGNED: "good",
    AgreementState.ENDED: "none",
    AgreementState.DECLINED: "none",
    OrderState.WAITING: "warn",
    OrderState.TAKEN: "",
    OrderState.DOING: "act",
    OrderState.WAITING_OWNER: "warn",
    OrderState.WAITING_DEPT: "act",
    OrderState.ESCALATED: "bad",
    OrderState.DONE: "good",
    OrderState.CLOSED: "none",
    EscalationState.OPEN: "warn",
    EscalationState.DECIDED: "good",
    EscalationState.PUSHED: "bad",
    EscalationState.DROPPED: "none",
    HandOverState.PREPARED: "warn",
    HandOverState.SIGNED: "good",
    HandOverState.CANCELLED: "none",
}
