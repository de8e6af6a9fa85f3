"""The words of a decision: a permit is granted or refused (行政许可法 38), what is only filed is 备案 or 不予备案."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packages.choices import MatterKind

if TYPE_CHECKING:
    from packages.models import MatterVersion


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """How a decision on a kind of matter is said on screen and on paper."""

    granted: str
    refused: str
    holds: str
    grants: str
    is_permit: bool = True


PERMIT = VerdictWords("准予", "不予许可", "符合条件", "准予办理")
FILING = VerdictWords("予以备案", "不予备案", "材料齐全、内容符合要求", "予以备案", is_permit=False)


def words_of(matter: MatterVersion) -> VerdictWords:
    """Return the words of a matter: those of a permit but for what is filed (行政备案)."""
    return FILING if matter.kind == MatterKind.FILING else PERMIT
