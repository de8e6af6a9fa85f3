"""Words of drawing review, risk and the one-stop permit, and the tone of each badge. Imports only Django."""

from __future__ import annotations

from django.db.models import TextChoices


class ReviewMode(TextChoices):
    """How much of the drawings is reviewed before works begin (handbook §6.4)."""

    FULL = "full", "全审"
    SAMPLE = "sample", "抽审"
    EXEMPT = "exempt", "免审"


class DrawingState(TextChoices):
    """Life of a drawing review; what the departments do meanwhile stands in its joint session."""

    UPLOADING = "uploading", "待上传图纸"
    REVIEWING = "reviewing", "审查中"
    RETURNED = "returned", "退回修改"
    TO_COMMIT = "to_commit", "待签承诺"
    COMMITTED = "committed", "承诺后修改"
    QUALIFIED = "qualified", "合格"
    TO_PLEDGE = "to_pledge", "待签质量承诺"
    PLEDGED = "pledged", "已承诺，免于审查"
    CLOSED = "closed", "已终止"


class HandlingOpinion(TextChoices):
    """What the chief says after the review opinion (处理意见)."""

    QUALIFIED = "qualified", "合格"
    COMMIT = "commit", "不合格，承诺后限期改完"
    RETURN = "return", "退回"


class BreachState(TextChoices):
    """Life of one breach found in the drawings."""

    OPEN = "open", "待修改"
    FIXED = "fixed", "已改待核"
    CLOSED = "closed", "已核"


BREACH_OPEN = (BreachState.OPEN, BreachState.FIXED)


class PledgeKind(TextChoices):
    """What a responsible person signs."""

    QUALITY = "quality", "勘察设计质量承诺"
    FIX = "fix", "限期修改承诺"


class TicketState(TextChoices):
    """Life of a sampling ticket."""

    OPEN = "open", "待抽查"
    PASSED = "passed", "抽查合格"
    FAILED = "failed", "抽查不合格"


class RiskClass(TextChoices):
    """The four classes of the matrix, from the lowest to the highest."""

    LOW = "low", "低"
    MEDIUM = "medium", "中"
    HIGHER = "higher", "较高"
    HIGH = "high", "高"


RISK_ORDER: tuple[str, ...] = tuple(RiskClass.values)


class RiskAxis(TextChoices):
    """The two axes of the matrix."""

    CONSEQUENCE = "consequence", "后果"
    LIKELIHOOD = "likelihood", "可能性"


class OneStopState(TextChoices):
    """Life of a one-stop application: running, and issued as one set."""

    RUNNING = "running", "办理中"
    ISSUED = "issued", "已一次出件"
    CLOSED = "closed", "已终止"


TONES: dict[str, str] = {
    DrawingState.UPLOADING: "warn",
    DrawingState.REVIEWING: "act",
    DrawingState.RETURNED: "bad",
    DrawingState.TO_COMMIT: "warn",
    DrawingState.COMMITTED: "warn",
    DrawingState.QUALIFIED: "good",
    DrawingState.TO_PLEDGE: "warn",
    DrawingState.PLEDGED: "good",
    DrawingState.CLOSED: "none",
    BreachState.OPEN: "bad",
    BreachState.FIXED: "act",
    BreachState.CLOSED: "good",
    TicketState.OPEN: "act",
    TicketState.PASSED: "good",
    TicketState.FAILED: "bad",
    OneStopState.RUNNING: "act",
    OneStopState.ISSUED: "good",
    OneStopState.CLOSED: "none",
}
#: Tones of the classes of risk, whose words (低, 高) are too short to stand in the one glossary.
RISK_TONES: dict[str, str] = {
    RiskClass.LOW: "good", RiskClass.MEDIUM: "", RiskClass.HIGHER: "warn", RiskClass.HIGH: "bad",
}
