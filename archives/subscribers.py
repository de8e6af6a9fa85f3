"""What the archive does about events: a registered project gets its code, an issued paper its PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archives.services import codes, public
from archives.tasks import render_paper
from projects import outbox

if TYPE_CHECKING:
    from projects.models import Event


def give_code(event: Event) -> None:
    """赋码 for a project that was registered, by who registered it."""
    if event.project_id is not None:
        codes.issue_token(event.project_id, by=event.actor, at=event.happened_at)


def render(event: Event) -> None:
    """Wake a worker to make the PDF; when that is lost, the sweep finds the paper without one."""
    render_paper.delay_on_commit(int(event.subject_key))


def register() -> None:
    """Subscribe both."""
    outbox.follow("archives.public", lambda projects: public.refresh_stale(only=projects))
    outbox.subscribe("archives.code", ["project.registered"], give_code, queue="review")
    outbox.subscribe("archives.render", ["paper.issued"], render, queue="render")
