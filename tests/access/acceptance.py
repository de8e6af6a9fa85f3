"""The works under supervision."""

from django.db import transaction

from acceptance.models import Finding, Inspection
from acceptance.services.application import apply_for_acceptance
from projects import timing
from projects.models import Project, WorkUnit
from projects.services.issues import raise_issue
from tests import factories


def applied(actors):
    """Works that are built, and the application for their joint acceptance."""
    finished = factories.enrolled_project(actors, "S3")
    Project.objects.filter(pk=finished.pk).update(stage="acceptance")
    unit = WorkUnit.objects.get(project=finished)
    acceptance = apply_for_acceptance(unit.pk, by=actors.clerk)
    return {"finished": finished, "unit": unit, "acceptance": acceptance, "acceptance_item": acceptance.items.first()}


def supervision(project, actors):
    """A joint inspection with a department at the site and a fault."""
    body, now = factories.organisation("housing"), timing.now()
    row = Inspection.objects.create(
        project=project, work_unit=WorkUnit.objects.get(project=project), number=1, kind="planned", title="联合检查",
        lead=body, state="checking", slot_on=timing.today(), created_at=now, started_at=now,
    )
    unit = row.units.create(organisation=body)
    line = unit.lines.create(code="site-safety", text="施工安全", order=1)
    with transaction.atomic():
        issue = raise_issue(
            project, kind="rectification", subject=line, what="临边无防护", basis="JGJ 59", how_to_fix="加设",
            debtor=project.owner, by=actors.reviewer, raised_for=body,
        )
    finding = Finding.objects.create(line=line, kind="term", issue=issue)
    return {"inspection": row, "inspection_unit": unit, "finding": finding}
