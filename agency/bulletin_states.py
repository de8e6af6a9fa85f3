"""States, series and groups of the bulletins. Imports only Django."""

from __future__ import annotations

from django.db.models import TextChoices


class BulletinState(TextChoices):
    """Life of a bulletin (handbook §13)."""

    COLLECTING = "collecting", "采集中"
    FROZEN = "frozen", "已冻结"
    CHECKING = "checking", "核对"
    SIGNING = "signing", "待签"
    PUBLISHED = "published", "已发布"
    CORRECTED = "corrected", "已更正"


#: What everybody reads: a version that was corrected later stays beside the one that corrects it.
PUBLIC = (BulletinState.PUBLISHED, BulletinState.CORRECTED)


class BulletinSeries(TextChoices):
    """What a bulletin tells about."""

    PERMIT = "permit", "一站式施工许可月度通报"
    ACCEPTANCE = "acceptance", "综合竣工验收月度通报"
    ANNUAL = "annual", "工程建设项目审批年度报告"


MONTHLY = (BulletinSeries.PERMIT, BulletinSeries.ACCEPTANCE)


class FigureGroup(TextChoices):
    """What the row of a figure is."""

    TOTAL = "total", "合计"
    REGION = "region", "分区"
    BODY = "body", "部门"
    ITEM = "item", "验收事项"
    AGENT = "agent", "代办"
    DESK = "desk", "督办"
    QUALITY = "quality", "数据质量"


TONES: dict[str, str] = {
    BulletinState.COLLECTING: "none",
    BulletinState.FROZEN: "act",
    BulletinState.CHECKING: "act",
    BulletinState.SIGNING: "warn",
    BulletinState.PUBLISHED: "good",
    BulletinState.CORRECTED: "plain",
}
