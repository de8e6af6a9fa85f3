"""States of the joint connection to utilities, tender and intermediary records, and fees. Imports only Django."""

from django.db.models import TextChoices


class UtilityKind(TextChoices):
    """What a joint application is for."""

    FORMAL = "formal", "正式接入"
    TEMPORARY = "temporary", "临时用水用电"


class RequestState(TextChoices):
    """Life of the joint application as a whole; what each utility does stands on its line."""

    REGISTERED = "registered", "需求登记"
    ACCEPTED = "accepted", "已受理"
    CLOSED = "closed", "已办结"


class LineState(TextChoices):
    """Sub-status of one utility (handbook §9)."""

    REGISTERED = "registered", "需求登记"
    ACCEPTED = "accepted", "已受理"
    SURVEY = "survey", "踏勘"
    ANSWERING = "answering", "方案答复"
    ASKED = "asked", "待企业确认"
    WORKS = "works", "外线施工"
    READY = "ready", "具备条件"
    CONNECTING = "connecting", "接入"
    CONNECTED = "connected", "已通"
    OUT = "out", "退出"


LINE_ENDED = (LineState.CONNECTED, LineState.OUT)
LINE_OPEN = tuple(state for state in LineState if state not in LINE_ENDED)
#: The quote can still change.
LINE_BEFORE_REPLY = (LineState.ACCEPTED, LineState.SURVEY, LineState.ANSWERING)


class LineSide(TextChoices):
    """On which side of the plot line an item of a quote lies."""

    OUTSIDE = "outside", "红线外"
    INSIDE = "inside", "红线内"


class TenderState(TextChoices):
    """Life of a tender record (handbook §15.1)."""

    PLAN = "plan", "计划"
    NOTICE = "notice", "公告"
    BIDDING = "bidding", "投标"
    OPENING = "opening", "开标"
    EVALUATION = "evaluation", "评标"
    PUBLICITY = "publicity", "公示"
    DISPUTE = "dispute", "异议/投诉中（暂停）"
    AWARD = "award", "定标"
    SIGNED = "signed", "已签"
    PERFORMANCE = "performance", "履约"
    ENDED = "ended", "终止"


TENDER_RUNNING = tuple(
    state for state in TenderState if state not in (TenderState.PERFORMANCE, TenderState.ENDED)
)
TENDER_STEPPING = tuple(state for state in TENDER_RUNNING if state != TenderState.DISPUTE)


class ServiceState(TextChoices):
    """Life of a paid service by an intermediary (handbook §15.2)."""

    SELECTING = "selecting", "待选取中介"
    CONTRACTING = "contracting", "待上传合同"
    SERVING = "serving", "待上传服务结果"
    DELIVERED = "delivered", "待确认服务结果"
    DONE = "done", "完成"
    ENDED = "ended", "中止"


SERVICE_OPEN = (ServiceState.SELECTING, ServiceState.CONTRACTING, ServiceState.SERVING, ServiceState.DELIVERED)


class SelectionMode(TextChoices):
    """How the owner has chosen the intermediary."""

    RANDOM = "random", "随机"
    BIDDING = "bidding", "竞价"
    MERIT = "merit", "择优"
    DIRECT = "direct", "直接选取"


class FeeState(TextChoices):
    """Life of one line of the list of fees."""

    UNSET = "unset", "待核定"
    DUE = "due", "待缴"
    REPORTED = "reported", "已报待核"
    PAID = "paid", "已缴"
    WAIVED = "waived", "免缴"


FEE_OPEN = (FeeState.UNSET, FeeState.DUE, FeeState.REPORTED)

TONES: dict[str, str] = {
    RequestState.REGISTERED: "plain", RequestState.ACCEPTED: "act", RequestState.CLOSED: "good",
    LineState.SURVEY: "act", LineState.ANSWERING: "act", LineState.ASKED: "warn", LineState.WORKS: "act",
    LineState.READY: "act", LineState.CONNECTING: "act", LineState.CONNECTED: "good", LineState.OUT: "none",
    TenderState.PLAN: "plain", TenderState.NOTICE: "act", TenderState.BIDDING: "act", TenderState.OPENING: "act",
    TenderState.EVALUATION: "act", TenderState.PUBLICITY: "act", TenderState.DISPUTE: "warn",
    TenderState.AWARD: "act", TenderState.SIGNED: "good", TenderState.PERFORMANCE: "good", TenderState.ENDED: "none",
    ServiceState.SELECTING: "warn", ServiceState.CONTRACTING: "warn", ServiceState.SERVING: "act",
    ServiceState.DELIVERED: "act", ServiceState.DONE: "good",
    FeeState.UNSET: "plain", FeeState.DUE: "warn", FeeState.REPORTED: "act", FeeState.PAID: "good",
    FeeState.WAIVED: "none",
}
