"""The stage of a project moves by itself when the guard over its milestone matters holds; nobody sets it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from projects.events import record
from projects.states import Stage

if TYPE_CHECKING:
    from projects.models import Project, User

#: Returns per stage whether all milestones that apply to the project are done (a stage without milestones is not done).
Guard = Callable[["Project"], dict[str, bool]]
_guards: dict[str, Guard] = {}
ORDER = (Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE)


def register(name: str, guard: Guard) -> None:
    """Register a guard; a stage is done when every guard says so."""
    _guards[name] = guard


def due_stage(project: Project) -> str:
    """Return the stage in which the project stands by its milestones: the first that is not done, else delivered."""
    answers = [guard(project) for guard in _guards.values()]
    for stage in ORDER:
        if not answers or not all(answer.get(stage, False) for answer in answers):
            return stage
    return Stage.DELIVERED


def advance(project: Project, *, by: User | None, at: dt.datetime | None = None) -> bool:
    """Move the locked project to the stage its milestones tell, step by step, one event each; return whether it moved.

    Source: LCBSXLX 1, a stage is done when all milestones that apply are done (standards §4.3).
    """
    target, moved = due_stage(project), False
    while project.stage != target:
        old = project.stage
        _step(project, target)
        if project.stage == Stage.DELIVERED:
            from projects import timing

            project.delivered_at = at or timing.now()
        project.save(update_fields=["stage", "delivered_at"])
        record(
            "project.stage_moved", subject=project, project=project, by=by, at=at,
            summary=f"进入{project.get_stage_display()}阶段" if project.stage != Stage.DELIVERED else "项目交付",
            data={"stage": [old, project.stage]},
        )
        moved = True
    return moved


def _step(project: Project, target: str) -> None:
    order = [*ORDER, Stage.DELIVERED]
    forward = order.index(Stage(target)) > order.index(Stage(project.stage))
    moves = {
        (Stage.PLANNING, True): project.enter_permit,
        (Stage.PERMIT, True): project.enter_acceptance,
        (Stage.ACCEPTANCE, True): project.deliver,
        (Stage.DELIVERED, False): project.enter_acceptance,
        (Stage.ACCEPTANCE, False): project.enter_permit,
        (Stage.PERMIT, False): project.return_to_planning,
    }
    moves[Stage(project.stage), forward]()
