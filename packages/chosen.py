"""The package a project has chosen, read once a page."""

from __future__ import annotations

from packages.models import Enrolment
from projects import gathering
from projects.models import Project
from projects.one_page import once

ENROLMENT = "packages.enrolment"
gathering.register(
    ENROLMENT,
    lambda projects: Enrolment.objects.filter(project__in=projects).select_related("package_version__package"),
)


def enrolment_of(project: Project) -> Enrolment | None:
    """Return the project's package with one query, none when the page has read it; kept on the project as well."""

    def read() -> Enrolment | None:
        chosen: Enrolment | None = next(iter(gathering.rows_of(ENROLMENT, [project])), None)
        Project._meta.get_field("enrolment").set_cached_value(project, chosen)
        if chosen is not None:
            chosen.project = project
        return chosen

    return once(("enrolment", project.pk), read)
