"""Choices of ratings (好差评), enquiries (咨询), complaints (投诉) and 办不成事. Imports only Django."""

from __future__ import annotations

from django.db.models import IntegerChoices, TextChoices


class Grade(IntegerChoices):
    """The five grades of 好差评; the two lowest are 差评, say why, and are followed up."""

    VERY_BAD = 1, "非常不满意"
    BAD = 2, "不满意"
    FAIR = 3, "基本满意"
    GOOD = 4, "满意"
    VERY_GOOD = 5, "非常满意"


class Channel(IntegerChoices):
    """Where a rating was given (handbook §17)."""

    PC = 1, "电脑端"
    MOBILE = 2, "移动端"
    QR = 3, "二维码"
    PAD = 4, "窗口平板"
    TERMINAL = 5, "自助终端"


class AskScope(TextChoices):
    """What is rated, each once: 现场一次一评, 网上一事一评, and a utility connection."""

    VISIT = "visit", "现场服务"
    MATTER = "matter", "事项办理"
    CONNECTION = "connection", "报装接通"


class AskMoment(TextChoices):
    """When a rating is asked for."""

    RECEIVE = "receive", "接件"
    ACCEPT = "accept", "受理"
    DECIDE = "decide", "办结"
    CONNECT = "connect", "接通"


class FollowState(TextChoices):
    """Life of a follow-up of a low grade (差评回访)."""

    TO_CALL = "to_call", "待回访"
    MENDING = "mending", "整改中"
    APPEALED = "appealed", "申诉核查中"
    TO_REPLY = "to_reply", "待答复"
    REPLIED = "replied", "已答复"
    EXCLUDED = "excluded", "不计入"


FOLLOW_OPEN = (FollowState.TO_CALL, FollowState.MENDING, FollowState.APPEALED, FollowState.TO_REPLY)


class CallOutcome(TextChoices):
    """What a call back found (handbook §17)."""

    UNREACHED = "unreached", "未接通"
    FIX = "fix", "情况清楚、诉求合理，立即整改"
    LEDGER = "ledger", "情况复杂，列入台账限期整改"
    EXPLAIN = "explain", "诉求缺少依据，解释说明"


class VoiceKind(TextChoices):
    """What an enterprise or a citizen comes with; 1 and 2 in the records of real portals."""

    CONSULT = "consult", "咨询"
    COMPLAINT = "complaint", "投诉"
    STUCK = "stuck", "办不成事"


class VoiceState(TextChoices):
    """Life of an enquiry or a complaint (handbook §17)."""

    WAITING = "waiting", "待受理"
    FORWARDED = "forwarded", "转办"
    ANSWERED = "answered", "已答复"
    FOLLOWED = "followed", "追问"
    SATISFIED = "satisfied", "满意"
    UNSATISFIED = "unsatisfied", "不满意"
    CLOSED = "closed", "关闭"


#: The office owes an answer.
VOICE_OWED = (VoiceState.WAITING, VoiceState.FORWARDED, VoiceState.FOLLOWED)


class VoiceDesk(TextChoices):
    """Who handles it: the centre, or the office above when the centre itself is complained of."""

    CENTRE = "centre", "审批服务中心"
    ABOVE = "above", "工改办"


class VoiceChannel(TextChoices):
    """How it came."""

    QR = "qr", "扫码"
    PORTAL = "portal", "登录后提出"


class TurnKind(TextChoices):
    """One step of the exchange. Forwarding, returning and calling are not shown to the one who asked."""

    ASK = "ask", "提出"
    FORWARD = "forward", "转办"
    RETURN = "return", "退回"
    ANSWER = "answer", "答复"
    FOLLOW = "follow", "追问"
    VERDICT = "verdict", "评价答复"
    CLOSE = "close", "关闭"


TURNS_SHOWN = (TurnKind.ASK, TurnKind.ANSWER, TurnKind.FOLLOW, TurnKind.VERDICT, TurnKind.CLOSE)

TONES: dict[str, str] = {
    FollowState.TO_CALL: "bad",
    FollowState.MENDING: "warn",
    FollowState.APPEALED: "warn",
    FollowState.TO_REPLY: "act",
    FollowState.REPLIED: "good",
    FollowState.EXCLUDED: "none",
    VoiceState.WAITING: "warn",
    VoiceState.FORWARDED: "act",
    VoiceState.ANSWERED: "good",
    VoiceState.FOLLOWED: "warn",
    VoiceState.SATISFIED: "good",
    VoiceState.UNSATISFIED: "bad",
    VoiceState.CLOSED: "none",
}


def tone_of(grade: int) -> str:
    """Return the tone of a grade."""
    return "bad" if grade <= Grade.BAD else "warn" if grade == Grade.FAIR else "good"
