"""States of what is done to a case beside its own state: notices, withdrawals, special procedures ...

Imports only Django, like `packages.states`.
"""

from __future__ import annotations

from django.db.models import TextChoices


class NoticeKind(TextChoices):
    """Whose faults a one-time notice tells: the window finds the intake incomplete, or a department finds a fault."""

    COMPLETION = "completion", "补全"
    CORRECTION = "correction", "补正"


class WithdrawalState(TextChoices):
    """Life of an owner's request to withdraw (撤件申请), in the words of the exchange dictionary (handbook §2.2 e)."""

    REQUESTED = "requested", "已提交"
    TAKEN = "taken", "已接收"
    GRANTED = "granted", "已通过"
    REFUSED = "refused", "未通过"
    VOID = "void", "无效"


WITHDRAWAL_OPEN = (WithdrawalState.REQUESTED, WithdrawalState.TAKEN)


class ProcedureState(TextChoices):
    """Life of a special procedure: asked for by one person, approved by another, ended with its result."""

    REQUESTED = "requested", "待批准"
    RUNNING = "running", "进行中"
    ENDED = "ended", "已结束"
    REFUSED = "refused", "未批准"
    VOID = "void", "已终止"


PROCEDURE_OPEN = (ProcedureState.REQUESTED, ProcedureState.RUNNING)


class ExtensionState(TextChoices):
    """Life of an extension of the limit (行政许可法 42)."""

    REQUESTED = "requested", "待批准"
    APPROVED = "approved", "已批准"
    REFUSED = "refused", "未批准"
    VOID = "void", "已终止"


class DeliveryWay(TextChoices):
    """How a decision is handed out (领取方式)."""

    WINDOW = "window", "窗口"
    POST = "post", "邮寄"
    DOWNLOAD = "download", "自行下载"


class LateEntryAct(TextChoices):
    """Which kind of act was keyed in late and spared days of a promise (补录)."""

    DECISION = "decision", "决定"
    PAUSE = "pause", "暂停"
    EXTENSION = "extension", "延长"
    OPINION = "opinion", "意见"


class LateEntryState(TextChoices):
    """Whether a second person has confirmed the earlier time; until then it counts as late."""

    ASKED = "asked", "补录待确认"
    CONFIRMED = "confirmed", "补录已确认"
    DECLINED = "declined", "补录不予确认"
