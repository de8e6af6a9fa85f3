"""Reads of personal data, and lists taken as files, leave a row (PIPL 51, 54; GB/T 22239)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects import timing
from projects.models import AccessLog
from projects.request_context import request_id

if TYPE_CHECKING:
    from projects.models import Project, User


def note_read(project: Project, *, by: User, action: str) -> AccessLog:
    """Record that a person read personal data of a project, and return the row."""
    return AccessLog.objects.create(
        user=by, project=project, subject_type="projects.Project", subject_key=str(project.pk),
        subject_label=project.name, action=action, read_at=timing.now(), request_id=request_id.get(),
    )


def note_export(user: User, name: str, words: str) -> AccessLog:
    """Record that a person took a list as a file: which one, filtered how."""
    return AccessLog.objects.create(
        user=user, subject_type="export", subject_key="", subject_label=f"{name}　{words}".strip()[:200],
        action="export", read_at=timing.now(), request_id=request_id.get(),
    )


def note_audit_export(user: User, words: str) -> AccessLog:
    """Record that the audit administrator took the log itself as a file, filtered how."""
    return AccessLog.objects.create(
        user=user, subject_type="projects.AccessLog", subject_key="", subject_label=f"审计记录：{words}"[:200],
        action="audit_export", read_at=timing.now(), request_id=request_id.get(),
    )
