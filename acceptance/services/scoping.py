"""What an acceptance covers, and the package whose data hold for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.data import ANY
from packages.models import Enrolment, MatterCase

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from acceptance.models import AcceptanceApplication
    from projects.models import Project


def package_of(project: Project) -> str:
    """Return the code of the package of a project; the general word where it has none."""
    code = Enrolment.objects.filter(project=project).values_list("package_version__package__code", flat=True).first()
    return code or ANY


def cases_of(acceptance: AcceptanceApplication) -> QuerySet[MatterCase]:
    """Return the cases that its conclusion decides; a phase or building accepted by itself decides none."""
    if acceptance.application_id is None:
        return MatterCase.objects.none()
    return MatterCase.objects.filter(application=acceptance.application_id)
