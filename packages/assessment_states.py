"""States of the joint assessment: regional results and their use, land list, standard land, one book with chapters.

Words on screen are those of the handbook's §5 and its Appendix C. Imports only Django.
"""

from __future__ import annotations

from django.db.models import TextChoices


class ResultState(TextChoices):
    """Life of the result of one item in one unit (handbook §5.1)."""

    PROPOSED = "proposed", "拟开展"
    COMPILING = "compiling", "编制中"
    REVIEWING = "reviewing", "评审"
    APPROVED = "approved", "批准"
    VALID = "valid", "有效"
    EXPIRING = "expiring", "将到期"
    LAPSED = "lapsed", "失效"
    REVOKED = "revoked", "已撤销"


RESULT_LIVE = (ResultState.VALID, ResultState.EXPIRING)
RESULT_COMING = (ResultState.PROPOSED, ResultState.COMPILING, ResultState.REVIEWING, ResultState.APPROVED)


class Simplification(TextChoices):
    """How a valid result makes the matter simpler (简化审批的方式)."""

    EXEMPT = "exempt", "免评"
    CITE = "cite", "引用"
    REGISTER = "register", "登记"
    COMMIT = "commit", "承诺"


#: From the freest to the strictest: where a parcel straddles two units the stricter one holds.
STRICTNESS = (Simplification.EXEMPT, Simplification.CITE, Simplification.REGISTER, Simplification.COMMIT)


class UseState(TextChoices):
    """Whether a project stands on a result: for now, for good, or no longer."""

    APPLIED = "applied", "已应用"
    FIXED = "fixed", "已锁定"
    ENDED = "ended", "不再适用"


USE_LIVE = (UseState.APPLIED, UseState.FIXED)


class EffectStatus(TextChoices):
    """What an item of the register means for one project on one day."""

    APPLIES = "applies", "免于单独评估"
    FIXED = "fixed", "已锁定"
    COMMITS = "commits", "可承诺办理"
    EXCLUDED = "excluded", "项目类型除外"
    PARTLY = "partly", "地块未全部覆盖"
    COMING = "coming", "区域评估在编"
    EXPIRED = "expired", "成果已失效"
    NONE = "none", "没有区域成果"


class LandListState(TextChoices):
    """Life of a land list (用地清单)."""

    COLLECTING = "collecting", "各部门填报"
    READY = "ready", "已汇齐"
    HANDED = "handed", "已交付待签收"
    RECEIVED = "received", "已签收"


class StandardState(TextChoices):
    """Life of standard land (handbook §5.3)."""

    PROPOSED = "proposed", "拟入库"
    QUALIFIED = "qualified", "达标"
    LISTED = "listed", "已挂牌"
    SOLD = "sold", "已出让"
    COMMITTED = "committed", "承诺签订"
    BUILDING = "building", "建设"
    CHECKING = "checking", "达产核查"
    RECTIFYING = "rectifying", "限期整改"
    KEPT = "kept", "履约"
    BREACHED = "breached", "违诺"


class Bound(TextChoices):
    """On which side of its value an indicator has to lie."""

    AT_LEAST = "min", "不低于"
    AT_MOST = "max", "不高于"


class BookState(TextChoices):
    """Life of a combined report (一本多篇): the five phases of its timetable, and its end."""

    INTAKE = "intake", "统一受理"
    COMPILING = "compiling", "同步编制"
    REVIEWING = "reviewing", "同步评审"
    APPROVING = "approving", "同步审批"
    DELIVERING = "delivering", "统一送达"
    DELIVERED = "delivered", "已送达"
    CLOSED = "closed", "已终止"


BOOK_RUNNING = (
    BookState.INTAKE, BookState.COMPILING, BookState.REVIEWING, BookState.APPROVING, BookState.DELIVERING
)


class ChapterState(TextChoices):
    """Life of one chapter (篇)."""

    WRITING = "writing", "编制中"
    SUBMITTED = "submitted", "待评审"
    RETURNED = "returned", "退回修改"
    PASSED = "passed", "评审通过"
    APPROVED = "approved", "审批通过"


CHAPTER_WITH_COMPILER = (ChapterState.WRITING, ChapterState.RETURNED)


class ClauseState(TextChoices):
    """A commitment clause out of the conclusion of a chapter."""

    DRAWN = "drawn", "待确认"
    SIGNED = "signed", "已签"


TONES: dict[str, str] = {
    ResultState.PROPOSED: "none", ResultState.COMPILING: "act", ResultState.REVIEWING: "act",
    ResultState.APPROVED: "act", ResultState.VALID: "good", ResultState.EXPIRING: "warn", ResultState.LAPSED: "bad",
    ResultState.REVOKED: "bad", UseState.APPLIED: "good", UseState.FIXED: "good", UseState.ENDED: "none",
    EffectStatus.APPLIES: "good", EffectStatus.COMMITS: "act", EffectStatus.EXCLUDED: "warn",
    EffectStatus.PARTLY: "warn", EffectStatus.COMING: "act", EffectStatus.EXPIRED: "bad",
    LandListState.COLLECTING: "act", LandListState.READY: "act", LandListState.HANDED: "warn",
    LandListState.RECEIVED: "good", StandardState.QUALIFIED: "act", StandardState.LISTED: "act",
    StandardState.SOLD: "warn", StandardState.COMMITTED: "act", StandardState.BUILDING: "act",
    StandardState.CHECKING: "warn", StandardState.RECTIFYING: "bad", StandardState.KEPT: "good",
    StandardState.BREACHED: "bad", BookState.DELIVERED: "good", BookState.CLOSED: "none", ChapterState.WRITING: "act",
    ChapterState.SUBMITTED: "warn", ChapterState.RETURNED: "bad", ChapterState.PASSED: "good",
    ClauseState.DRAWN: "warn", ClauseState.SIGNED: "good",
}
TONES |= dict.fromkeys(BOOK_RUNNING, "act")
