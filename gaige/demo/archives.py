"""The archive in the demonstration: delivered projects bring the papers that the rules ask for; codes were scanned."""

from __future__ import annotations

import datetime as dt

from archives.completeness import missing_of
from archives.models import DocumentKind, QrToken, Scan
from archives.services.filing import file_document
from archives.states import ScanView, TokenState
from gaige.demo.files import attachment
from gaige.demo.moments import person
from projects import timing
from projects.models import Project
from projects.states import Role, Stage

#: One delivered project still owes its papers, so that the list of missing pieces is seen.
OWING = 1
#: Openings of each code: view and hours ago.
SCANS = ((ScanView.PUBLIC, 1), (ScanView.PUBLIC, 5), (ScanView.PUBLIC, 29), (ScanView.OWNER, 3), (ScanView.OFFICE, 7))


def keep_archives() -> None:
    """File what delivered projects lack, but for one, and note some scans."""
    delivered = list(Project.objects.filter(stage=Stage.DELIVERED).select_related("owner").order_by("pk"))
    kinds = {kind.name: kind for kind in DocumentKind.objects.all()}
    for project in delivered[OWING:]:
        for missing in missing_of(project):
            if missing.is_due and missing.owed_by == project.owner.label and missing.kind_name in kinds:
                file_document(
                    project.pk, uploaded=attachment(missing.kind_name), kind=kinds[missing.kind_name],
                    title=missing.kind_name, by=person(project.owner_id, Role.OWNER_LEAD),
                )
    now = timing.now().replace(second=0, microsecond=0)
    Scan.objects.bulk_create(
        Scan(token=token, view=view, at=now - dt.timedelta(hours=hours))
        for token in QrToken.objects.filter(state=TokenState.ACTIVE) for view, hours in SCANS
    )
