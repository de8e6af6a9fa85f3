"""States of credit archives (信用档案): single records, and entries in the list of those who broke faith."""

from __future__ import annotations

from django.db.models import TextChoices


class RecordKind(TextChoices):
    """What kind of record it is."""

    BAD = "bad", "失信"
    GOOD = "good", "守信"
    REGISTRATION = "reg", "登记"
    CERTIFICATE = "cert", "资质"


class Severity(TextChoices):
    """How grave a bad record is."""

    NONE = "", "—"
    GRAVE = "A", "A 特别严重"
    SERIOUS = "B", "B 严重"
    LIGHT = "C", "C 一般"


class RecordState(TextChoices):
    """Life of a record."""

    VALID = "valid", "有效"
    CONTESTED = "contested", "异议核查中"
    EXCUSED = "excused", "不计分"
    REPAIRED = "repaired", "已修复"


class ListingState(TextChoices):
    """Life of an entry in the list (handbook §14)."""

    PROPOSED = "proposed", "拟列入"
    TOLD = "told", "已告知"
    PLEADED = "pleaded", "已陈述申辩"
    LISTED = "listed", "已列入"
    CONTESTED = "contested", "异议核查中"
    REPAIRING = "repairing", "信用修复审核中"
    REMOVED = "removed", "已移出"
    DROPPED = "dropped", "不予列入"


LISTING_OPEN = (
    ListingState.PROPOSED, ListingState.TOLD, ListingState.PLEADED, ListingState.LISTED, ListingState.CONTESTED,
    ListingState.REPAIRING,
)
#: The entry has its effects: an objection freezes them, an application for repair does not.
LISTING_HOLDS = (ListingState.LISTED, ListingState.REPAIRING)

TONES: dict[str, str] = {
    RecordState.VALID: "plain",
    RecordState.CONTESTED: "warn",
    RecordState.EXCUSED: "none",
    RecordState.REPAIRED: "good",
    ListingState.PROPOSED: "warn",
    ListingState.TOLD: "warn",
    ListingState.PLEADED: "act",
    ListingState.LISTED: "bad",
    ListingState.CONTESTED: "warn",
    ListingState.REPAIRING: "act",
    ListingState.REMOVED: "good",
    ListingState.DROPPED: "none",
}
GRADE_TONES = {"A": "good", "B": "plain", "C": "warn", "D": "bad"}
