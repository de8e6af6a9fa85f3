"""States of the joint acceptance (联合验收) and of its items."""

from __future__ import annotations

from django.db.models import TextChoices


class AcceptanceState(TextChoices):
    """Life of an acceptance application (handbook §8.4, Appendix D)."""

    DRAFT = "draft", "待申请"
    APPLIED = "applied", "已申请"
    DOC_REVIEW = "doc_review", "资料审核"
    SITE = "site", "现场验收"
    RECTIFYING = "rectifying", "集中整改"
    RECHECK = "recheck", "复核"
    MERGING = "merging", "汇总"
    PASSED = "passed", "通过"
    FAILED = "failed", "不通过"


ACCEPTANCE_OPEN = (
    AcceptanceState.APPLIED,
    AcceptanceState.DOC_REVIEW,
    AcceptanceState.SITE,
    AcceptanceState.RECTIFYING,
    AcceptanceState.RECHECK,
    AcceptanceState.MERGING,
)


class ItemState(TextChoices):
    """Life of one of the twelve items."""

    PENDING = "pending", "未审"
    PASSED = "passed", "合格"
    RECTIFYING = "rectifying", "整改中"
    RECHECKED = "rechecked", "复核合格"
    NOT_INVOLVED = "not_involved", "不涉及"
    FAILED = "failed", "不合格"


ITEM_GOOD = (ItemState.PASSED, ItemState.RECHECKED, ItemState.NOT_INVOLVED)

TONES: dict[str, str] = {
    AcceptanceState.DRAFT: "none",
    AcceptanceState.APPLIED: "plain",
    AcceptanceState.DOC_REVIEW: "act",
    AcceptanceState.SITE: "act",
    AcceptanceState.RECTIFYING: "warn",
    AcceptanceState.RECHECK: "act",
    AcceptanceState.MERGING: "act",
    AcceptanceState.PASSED: "good",
    AcceptanceState.FAILED: "bad",
    ItemState.PENDING: "plain",
    ItemState.RECHECKED: "good",
    ItemState.NOT_INVOLVED: "plain",
}
