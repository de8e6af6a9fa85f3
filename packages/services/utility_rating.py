"""评价: how the owner found a connection, once it flows (handbook §9, the last of the seven steps)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import utility_rules
from packages.models import UtilityRating
from packages.services.utilities import lock_line
from packages.utility_states import RatingGrade
from projects import timing
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User


@transaction.atomic
def rate_line(
    line_id: int, *, by: User, grade: int, words: str = "", at: dt.datetime | None = None
) -> UtilityRating:
    """评价: the owner says how it found the connection, once. Event `utility.rated`; a second call changes nothing.

    Raises `NotAllowed`, `DomainError` (`grade`, `words`): a 差评 says why, so that somebody can mend it.
    """
    line = lock_line(line_id)
    given = UtilityRating.objects.filter(line=line).first()
    if given is not None:
        return given
    require(utility_rules.can_rate, by, line)
    if grade not in RatingGrade.values:
        raise DomainError("grade", "请选择满意程度。")
    said = words.strip()[:300]
    if grade <= RatingGrade.BAD and not said:
        raise DomainError("words", "评价不满意的，请写明哪里不满意，便于整改。")
    made = UtilityRating.objects.create(
        line=line, grade=grade, words=said, given_by=by, given_at=at or timing.now()
    )
    record(
        "utility.rated", subject=line, project=line.request.project, by=by, at=at,
        summary=f"{line.name}评价：{made.get_grade_display()}", data={"grade": grade, "utility": line.code},
    )
    return made
