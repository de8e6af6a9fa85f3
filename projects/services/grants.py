"""Lending a project to a person who is not involved in it, by name, with a reason, until a day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.contrib.auth.models import Permission
from django.db import transaction

from projects import rules, timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import ProjectGrant, User

if TYPE_CHECKING:
    from projects.models import Project

#: Nobody is let in for longer than this at a time.
MOST_DAYS = 90


@transaction.atomic
def grant_access(
    project_id: int, *, user: User, kind: str, reason: str, until: dt.date, by: User, at: dt.datetime | None = None
) -> ProjectGrant:
    """Let `user` see the project until the end of a day. Event `project.lent`.

    The same grant again is a no-op. Raises `NotAllowed`, `DomainError` (`reason_missing`, `until`, `has_access`).
    """
    project = lock_project(project_id)
    require(rules.can_grant, by, project)
    today = timing.today()
    if not reason.strip():
        raise DomainError("reason_missing", "请写明借阅理由。")
    if not today <= until <= today + dt.timedelta(days=MOST_DAYS):
        raise DomainError("until", f"到期日应在今天至 {MOST_DAYS} 天之内。")
    standing = ProjectGrant.objects.current().filter(content_object=project, user=user).first()
    if standing is not None and standing.until == until:
        return standing
    if standing is None and _sees(project, user):
        raise DomainError("has_access", f"{user}本来就能看到本项目，不需要借阅。")
    view = Permission.objects.get(content_type__app_label="projects", codename="view_project")
    grant = ProjectGrant.objects.create(
        content_object=project, user=user, permission=view, kind=kind, reason=reason.strip(), since=today, until=until,
        granted_by=by,
    )
    record(
        "project.lent", subject=project, project=project, by=by, at=at,
        summary=f"{grant.get_kind_display()}：{user}，至{timing.written(until)}，{grant.reason}",
        data={"grant": grant.pk, "user": user.pk, "until": f"{until:%Y-%m-%d}"},
    )
    return grant


def _sees(project: Project, user: User) -> bool:
    return type(project).objects.visible_to(user).filter(pk=project.pk).exists()


@transaction.atomic
def end_grant(grant_id: int, *, by: User, at: dt.datetime | None = None) -> ProjectGrant:
    """Take a grant back at once. Event `project.lending_ended`; a second call is a no-op. Raises `NotAllowed`."""
    grant = ProjectGrant.objects.select_related("content_object", "user").get(pk=grant_id)
    project = lock_project(grant.content_object_id)
    require(rules.can_grant, by, project)
    grant = ProjectGrant.objects.select_for_update(of=("self",)).select_related("user").get(pk=grant_id)
    yesterday = timing.today() - dt.timedelta(days=1)
    if grant.until <= yesterday:
        return grant
    grant.since, grant.until = min(grant.since, yesterday), yesterday
    grant.save(update_fields=["since", "until"])
    record(
        "project.lending_ended", subject=project, project=project, by=by, at=at,
        summary=f"{grant.get_kind_display()}收回：{grant.user}", data={"grant": grant.pk},
    )
    return grant
