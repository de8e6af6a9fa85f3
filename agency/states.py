"""Choices of the agency desk, the reminders and the bulletins."""

from __future__ import annotations

from django.db.models import TextChoices


class AssignmentRole(TextChoices):
    """The two people of every project."""

    LEAD_OFFICER = "lead_officer", "项目长"
    SERVICE_AGENT = "service_agent", "服务专员"


class Threshold(TextChoices):
    """Moments at which a clock speaks, each once."""

    YELLOW = "yellow", "即将到期"
    DUE = "due", "今日到期"
    RED = "red", "已超时"


class BulletinState(TextChoices):
    """Life of a bulletin (handbook §13)."""

    COLLECTING = "collecting", "采集中"
    FROZEN = "frozen", "已冻结"
    PUBLISHED = "published", "已发布"


class BulletinSeries(TextChoices):
    """What a bulletin tells about."""

    PERMIT = "permit", "一站式施工许可月度通报"


TONES: dict[str, str] = {
    Threshold.YELLOW: "warn",
    Threshold.DUE: "warn",
    Threshold.RED: "bad",
    BulletinState.COLLECTING: "none",
    BulletinState.FROZEN: "act",
    BulletinState.PUBLISHED: "good",
}
