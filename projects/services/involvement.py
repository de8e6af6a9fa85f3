"""Who is involved in a project; every upper app writes it here, and it alone feeds `visible_to`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from projects import prepared, timing
from projects.bulk import insert_all
from projects.events import Telling, record
from projects.models import Involvement

if TYPE_CHECKING:
    from projects.models import Organisation, Project, User


def involve(
    project: Project,
    *,
    role: str,
    by: User | None,
    user: User | None = None,
    organisation: Organisation | None = None,
    powers: Sequence[str] = (),
    at: dt.datetime | None = None,
    is_first: bool = False,
) -> Involvement:
    """Involve a person or a body in the locked project; a second call for the same is a no-op. Records one event.

    `is_first`: the caller has just made the project and knows that nobody is involved in this role.
    """
    open_one = None if is_first else _open_one(project, user, organisation, role)
    if open_one is not None:
        return open_one
    involvement = insert_all([Involvement(
        project=project, user=user, organisation=organisation, role=role, powers=list(powers),
        since=timing.business_day(at or timing.now()),
    )])[0]
    record(
        "project.involved", subject=project, project=project, by=by, at=at,
        summary=f"{involvement.get_role_display()}：{user or organisation}",
        data={
            "role": role, "user": user.pk if user else None,
            "organisation": organisation.pk if organisation else None,
        },
    )
    return involvement


def _open_one(
    project: Project, user: User | None, organisation: Organisation | None, role: str
) -> Involvement | None:
    """How a person or a body is involved in a project already."""
    found = Involvement.objects.filter(role=role, until=None)
    if organisation is not None and user is None:
        return prepared.one(
            ("body involved", role), lambda of, body: found.filter(project=of, organisation=body, user=None),
            project.pk, organisation.pk,
        )
    return found.filter(project=project, user=user, organisation=organisation).first()


def involve_bodies(
    project: Project, *, role: str, organisations: Sequence[Organisation], at: dt.datetime | None = None
) -> list[Telling]:
    """Involve several bodies in the locked project in two queries; return what is to be told of the new ones."""
    return involve_across([(project, organisations)], role=role, at=at)[0]


def involve_across(
    wanted: Sequence[tuple[Project, Sequence[Organisation]]], *, role: str, at: dt.datetime | None = None
) -> list[list[Telling]]:
    """Involve bodies in several locked projects in two queries; return what is to be told in each."""
    already = set(
        Involvement.objects.filter(
            project__in=[project for project, _ in wanted], user=None, organisation__isnull=False, role=role, until=None
        ).values_list("project_id", "organisation_id")
    )
    since = timing.business_day(at or timing.now())
    rows = []
    for project, organisations in wanted:
        for body in organisations:
            if (project.pk, body.pk) not in already:
                already.add((project.pk, body.pk))
                rows.append(Involvement(project=project, organisation=body, role=role, powers=[], since=since))
    told: dict[int, list[Telling]] = {}
    for row in insert_all(rows):
        told.setdefault(row.project_id, []).append(Telling(
            "project.involved", row.project, summary=f"{row.get_role_display()}：{row.organisation}",
            data={"role": role, "user": None, "organisation": row.organisation_id},
        ))
    return [told.pop(project.pk, []) for project, _ in wanted]


def end_involvement(involvement: Involvement, *, by: User | None, reason: str, at: dt.datetime | None = None) -> None:
    """End an involvement of the locked project the day before today, so that it ends at once. Records one event."""
    if involvement.until is not None:
        return
    today = timing.business_day(at or timing.now())
    if involvement.since >= today:
        involvement.since = today - dt.timedelta(days=1)
    involvement.until = today - dt.timedelta(days=1)
    involvement.save(update_fields=["since", "until"])
    record(
        "project.involvement_ended", subject=involvement.project, project=involvement.project, by=by, at=at,
        summary=f"{involvement.get_role_display()}结束：{involvement.user or involvement.organisation}，{reason}",
        data={"involvement": involvement.pk},
    )
