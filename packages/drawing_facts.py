"""What other steps ask about the drawings of a project: pure reads, one query each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.drawing_states import DrawingState
from packages.models import DrawingReview
from projects.errors import DomainError

if TYPE_CHECKING:
    from packages.models import MatterCase

#: Matters that wait while a commitment to mend the drawings has run out.
HELD_UP = frozenset({"construction-permit", "joint-accept"})


def check_grant(case: MatterCase) -> None:
    """Refuse a grant while a commitment to mend the drawings has run out (承诺逾期未改完)."""
    if case.matter.matter.code not in HELD_UP:
        return
    late = DrawingReview.objects.filter(project_id=case.project_id, state=DrawingState.COMMITTED, is_lapsed=True)
    if late.exists():
        raise DomainError(
            "drawings_late", "施工图限期修改承诺已逾期，图纸改完并经核实前不能作出准予决定；"
            "请建设单位先上传改好的图纸。"
        )
