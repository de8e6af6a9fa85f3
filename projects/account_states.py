"""Choices of accounts and of personal data. Imports only Django."""

from __future__ import annotations

from django.db.models import TextChoices


class SignInEnd(TextChoices):
    """How a session came to its end."""

    OPEN = "", "有效"
    OUT = "out", "本人退出"
    ENDED = "ended", "本人结束"
    SECURITY = "security", "安全管理员结束"
    IDLE = "idle", "长时间没有操作"
    PASSWORD = "password", "密码已更换"


class RequestKind(TextChoices):
    """What a person may ask about the own data (PIPL 44-47)."""

    EXPORT = "export", "查阅、复制"
    CORRECT = "correct", "更正、补充"
    ERASE = "erase", "删除"


class RequestState(TextChoices):
    """Life of such a request."""

    OPEN = "open", "待答复"
    DONE = "done", "已办理"
    PARTLY = "partly", "部分办理"
    REFUSED = "refused", "不予办理"


class SecurityRecordKind(TextChoices):
    """What is written down about the protection of personal data (PIPL 55, 57)."""

    IMPACT = "impact", "个人信息保护影响评估"
    INCIDENT = "incident", "安全事件"


class ProvisionWay(TextChoices):
    """How data went to another body."""

    TRANSFER = "transfer", "档案移交"
    EXCHANGE = "exchange", "数据共享交换"
    FILE = "file", "文件"
    INTERFACE = "interface", "接口"
