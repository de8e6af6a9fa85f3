"""States of the joint acceptance (联合验收), of its items, of the joint survey and of what follows the conclusion."""

from __future__ import annotations

from django.db.models import TextChoices


class AcceptanceState(TextChoices):
    """Life of an acceptance application (handbook §8.4, Appendix D)."""

    DRAFT = "draft", "待申请"
    APPLIED = "applied", "已申请"
    DOC_REVIEW = "doc_review", "资料审核"
    DOC_RECTIFYING = "doc_rectifying", "资料整改"
    SITE = "site", "现场验收"
    RECTIFYING = "rectifying", "集中整改"
    RECHECK = "recheck", "复核"
    MERGING = "merging", "汇总"
    PASSED = "passed", "通过"
    PASSED_DEFERRED = "passed_deferred", "容缺通过"
    FAILED = "failed", "不通过"


ACCEPTANCE_OPEN = (
    AcceptanceState.APPLIED,
    AcceptanceState.DOC_REVIEW,
    AcceptanceState.DOC_RECTIFYING,
    AcceptanceState.SITE,
    AcceptanceState.RECTIFYING,
    AcceptanceState.RECHECK,
    AcceptanceState.MERGING,
)


ACCEPTANCE_GOOD = (AcceptanceState.PASSED, AcceptanceState.PASSED_DEFERRED)
#: While one of these lasts a fault that was found after the one list may still be asked for.
AFTER_LIST = (AcceptanceState.RECTIFYING, AcceptanceState.RECHECK, AcceptanceState.MERGING)


class Scope(TextChoices):
    """What one acceptance covers (handbook §8.3c)."""

    PROJECT = "project", "项目验收"
    PHASE = "phase", "分期验收"
    BUILDING = "building", "单体验收"


class ItemState(TextChoices):
    """Life of one of the twelve items."""

    PENDING = "pending", "未审"
    PASSED = "passed", "合格"
    RECTIFYING = "rectifying", "整改中"
    RECHECKED = "rechecked", "复核合格"
    NOT_INVOLVED = "not_involved", "不涉及"
    DEFERRED = "deferred", "容缺"
    FAILED = "failed", "不合格"


ITEM_GOOD = (ItemState.PASSED, ItemState.RECHECKED, ItemState.NOT_INVOLVED, ItemState.DEFERRED)


class SurveyState(TextChoices):
    """Life of a joint survey (多测合一): one commission, one survey, one result that everybody uses."""

    COMMISSIONED = "commissioned", "已委托"
    HANDED_IN = "handed_in", "成果待核"
    RETURNED = "returned", "退回补测"
    SHARED = "shared", "已共享"
    CANCELLED = "cancelled", "已取消"


SURVEY_OPEN = (SurveyState.COMMISSIONED, SurveyState.HANDED_IN, SurveyState.RETURNED)


class PreState(TextChoices):
    """Life of a pre-acceptance (预验收), a service that is booked."""

    BOOKED = "booked", "已预约"
    CONFIRMED = "confirmed", "已确认"
    HELD = "held", "已服务"
    CANCELLED = "cancelled", "已取消"


PRE_OPEN = (PreState.BOOKED, PreState.CONFIRMED)


class LateState(TextChoices):
    """A fault that a department wants to add after the one list."""

    ASKED = "asked", "待批准"
    APPROVED = "approved", "同意新增"
    REFUSED = "refused", "不予新增"


class MakeUpState(TextChoices):
    """A secondary paper that follows a conclusion 容缺通过."""

    OWED = "owed", "待补交"
    BROUGHT = "brought", "已补交待核"
    SETTLED = "settled", "已补齐"
    LATE = "late", "逾期未补"
    VOID = "void", "不再需要"


MAKE_UP_OPEN = (MakeUpState.OWED, MakeUpState.BROUGHT, MakeUpState.LATE)


class HandoverState(TextChoices):
    """Life of the package that goes to the registry (房证同交)."""

    HANDED = "handed", "已移交"
    RECEIVED = "received", "已接收"
    REGISTERED = "registered", "已登记"

TONES: dict[str, str] = {
    AcceptanceState.DRAFT: "none",
    AcceptanceState.APPLIED: "plain",
    AcceptanceState.DOC_REVIEW: "act",
    AcceptanceState.DOC_RECTIFYING: "warn",
    AcceptanceState.SITE: "act",
    AcceptanceState.RECTIFYING: "warn",
    AcceptanceState.RECHECK: "act",
    AcceptanceState.MERGING: "act",
    AcceptanceState.PASSED: "good",
    AcceptanceState.PASSED_DEFERRED: "warn",
    AcceptanceState.FAILED: "bad",
    ItemState.PENDING: "plain",
    ItemState.RECHECKED: "good",
    ItemState.NOT_INVOLVED: "plain",
    ItemState.DEFERRED: "warn",
    SurveyState.COMMISSIONED: "plain",
    SurveyState.HANDED_IN: "act",
    SurveyState.RETURNED: "warn",
    SurveyState.SHARED: "good",
    SurveyState.CANCELLED: "none",
    PreState.BOOKED: "plain",
    PreState.CONFIRMED: "act",
    PreState.HELD: "good",
    LateState.ASKED: "act",
    LateState.APPROVED: "warn",
    LateState.REFUSED: "plain",
    MakeUpState.OWED: "warn",
    MakeUpState.BROUGHT: "act",
    MakeUpState.SETTLED: "good",
    MakeUpState.LATE: "bad",
    MakeUpState.VOID: "none",
    HandoverState.HANDED: "act",
    HandoverState.RECEIVED: "act",
    HandoverState.REGISTERED: "good",
}
#: What is said of a building that the planning permit does not name.
BUILDING_UNKNOWN = "规划许可中没有这个单体，不能验收；请核对许可附件或先办理规划变更。"
