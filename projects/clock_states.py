"""The words of clocks: kinds, units, states, owners of time and lights."""

from django.db import models


class ClockKind(models.TextChoices):
    """What a clock measures."""

    INTAKE = "intake", "受理时限"
    PROMISED = "promised", "承诺时限"
    STATUTORY = "statutory", "法定时限"
    REVIEW = "review", "会审时限"
    JOINT = "joint", "联合办理时限"
    CORRECTION = "correction", "补正期限"
    SPECIAL = "special", "特别程序期限"
    DEFERRAL = "deferral", "容缺补交期限"
    COMMITMENT = "commitment", "承诺履行期限"
    PERMIT = "permit", "批文有效期"
    RECTIFICATION = "rectification", "整改期限"
    ACCEPTANCE = "acceptance", "联合验收时限"
    SITE = "site", "现场验收时限"
    WORK_ORDER = "work_order", "工单时限"
    REPLY = "reply", "答复时限"
    DELIVERY = "delivery", "送达时限"
    OTHER = "other", "其他时限"


class ClockUnit(models.TextChoices):
    """What a limit is counted in."""

    WORKING_DAY = "working_day", "工作日"
    CALENDAR_DAY = "calendar_day", "自然日"
    WORKING_HOUR = "working_hour", "工作小时"
    MONTH = "month", "个月"


class ClockState(models.TextChoices):
    """The life of a clock."""

    RUNNING = "running", "计时中"
    PAUSED = "paused", "暂停"
    STOPPED = "stopped", "已停止"
    CANCELLED = "cancelled", "已取消"


class TimeOwner(models.TextChoices):
    """Whose time it is (时间账): every working hour belongs to exactly one of them."""

    GOVERNMENT = "government", "政府"
    APPLICANT = "applicant", "企业"
    SPECIAL = "special", "特别程序"
    INTERMEDIARY = "intermediary", "中介"


class PauseKind(models.TextChoices):
    """Why a clock stands."""

    CORRECTION = "correction", "补正"
    SPECIAL = "special", "特别程序"
    RECTIFICATION = "rectification", "整改"
    INTERMEDIARY = "intermediary", "中介服务"
    SUSPENSION = "suspension", "项目暂缓"
    OTHER = "other", "其他暂停"


def pause_word(pause: str, clock: str) -> str:
    """Return what a pause of a kind of clock is called: before the acceptance a fault is mended by 补全, not 补正."""
    return "补全" if (pause, clock) == (PauseKind.CORRECTION, ClockKind.INTAKE) else str(PauseKind(pause).label)


class Light(models.TextChoices):
    """The light of a clock; colour never speaks alone, words stand beside it."""

    GREEN = "green", "正常"
    YELLOW = "yellow", "即将到期"
    RED = "red", "已超时"
    GREY = "grey", "暂停"
    NONE = "none", "未开始"


LIVE_STATES = (ClockState.RUNNING, ClockState.PAUSED)
ENDED_STATES = (ClockState.STOPPED, ClockState.CANCELLED)
