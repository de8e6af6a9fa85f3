"""For which enterprise a person acts who works for more than one: kept in the session, checked with every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.access import OWNER_ROLES, access_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from projects.models import Organisation

KEY = "acting_for"


def bodies_of(request: HttpRequest) -> list[Organisation]:
    """Return the enterprises that the person works for."""
    access = access_of(request.user)
    return [body for body in access.organisations if access.has_at(body.pk, *OWNER_ROLES)]


def acting_for(request: HttpRequest) -> Organisation | None:
    """Return the enterprise that the person acts for; None while one of several is not chosen."""
    bodies = bodies_of(request)
    if len(bodies) == 1:
        return bodies[0]
    chosen = request.session.get(KEY)
    return next((body for body in bodies if body.pk == chosen), None)


def act_for(request: HttpRequest, organisation_id: int | None) -> Organisation | None:
    """Choose; an enterprise that the person does not work for is as none."""
    known = {body.pk for body in bodies_of(request)}
    request.session[KEY] = organisation_id if organisation_id in known else None
    return acting_for(request)
