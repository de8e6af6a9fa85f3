"""States of the joint supervision (联合监管): inspections, the departments that come, what they find."""

from __future__ import annotations

from django.db.models import TextChoices


class PointKind(TextChoices):
    """What a card tells the owner at the permit."""

    ACCEPTANCE = "acceptance", "验收要点"
    SUPERVISION = "supervision", "监管要点"


class InspectionKind(TextChoices):
    """Whether a visit belongs to the plan."""

    PLANNED = "planned", "计划内"
    OUTSIDE = "outside", "计划外"


class InspectionState(TextChoices):
    """Life of an inspection (handbook §7)."""

    PLANNED = "planned", "计划"
    NOTIFIED = "notified", "已通知"
    CHECKING = "checking", "检查中"
    RECTIFYING = "rectifying", "待整改"
    RECHECK = "recheck", "待复核"
    ESCALATED = "escalated", "升级"
    CLOSED = "closed", "已闭合"
    CANCELLED = "cancelled", "已取消"


#: A department that wants a visit joins one of these.
SLOT_OPEN = (InspectionState.PLANNED, InspectionState.NOTIFIED)
INSPECTION_WITH_OWNER = (InspectionState.RECTIFYING, InspectionState.ESCALATED)
INSPECTION_RUNNING = (
    InspectionState.NOTIFIED, InspectionState.CHECKING, InspectionState.RECHECK, *INSPECTION_WITH_OWNER,
)
INSPECTION_OPEN = (InspectionState.PLANNED, *INSPECTION_RUNNING)
#: Somebody was at the site.
INSPECTION_HELD = (
    InspectionState.CHECKING, InspectionState.RECHECK, *INSPECTION_WITH_OWNER, InspectionState.CLOSED,
)


class InspectorState(TextChoices):
    """A department in one inspection."""

    JOINED = "joined", "已并入"
    RECORDED = "recorded", "已填写"
    ABSENT = "absent", "未到场"


class LineAnswer(TextChoices):
    """What a department says to one line of the checklist."""

    FINE = "fine", "合格"
    FINDING = "finding", "有问题"
    RECENT = "recent", "近期已核"
    NOT_SEEN = "not_seen", "本次未查"


class FindingKind(TextChoices):
    """What follows from a fault."""

    ON_SITE = "on_site", "现场整改"
    TERM = "term", "限期整改"
    STOP = "stop", "停工"
    REFER = "refer", "移送执法"


class WishOutcome(TextChoices):
    """What became of the wish of a department to visit."""

    JOINED = "joined", "并入联合检查"
    APART = "apart", "说明理由后单独检查"
    OUTSIDE = "outside", "计划外检查"


TONES: dict[str, str] = {
    InspectionState.PLANNED: "none",
    InspectionState.NOTIFIED: "plain",
    InspectionState.CHECKING: "act",
    InspectionState.RECTIFYING: "warn",
    InspectionState.RECHECK: "act",
    InspectionState.ESCALATED: "bad",
    InspectionState.CLOSED: "good",
    InspectionState.CANCELLED: "none",
    InspectorState.JOINED: "plain",
    InspectorState.RECORDED: "good",
    InspectorState.ABSENT: "bad",
    LineAnswer.FINE: "good",
    LineAnswer.FINDING: "warn",
    LineAnswer.RECENT: "none",
    LineAnswer.NOT_SEEN: "none",
}
