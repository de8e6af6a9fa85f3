"""The package a project has chosen, read once a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch, prefetch_related_objects

from packages.models import Enrolment
from projects.one_page import once

if TYPE_CHECKING:
    from projects.models import Project


def enrolment_of(project: Project) -> Enrolment | None:
    """Return the project's package with one query, none when the page has read it; kept on the project as well."""

    def read() -> Enrolment | None:
        wanted = Enrolment.objects.select_related("package_version__package")
        prefetch_related_objects([project], Prefetch("enrolment", queryset=wanted))
        return getattr(project, "enrolment", None)

    return once(("enrolment", project.pk), read)
