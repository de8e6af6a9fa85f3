"""The world of the access matrix and the form of its rows.

Each app says in `tests/<app>/access_rows.py` who gets what at each of its addresses:

    ROWS = {"projects:detail": row("project", "302 200 200 404 200 200 200 200 404")}

A row names the object of the world that stands in the address (or a tuple of objects, or none), the codes in the order
of `ACTORS`, and for an address that only takes POST `method="post"` with its `data`.
"""

import datetime as dt
from dataclasses import dataclass, field
from types import SimpleNamespace

from tests import factories

ACTORS = ("anonymous", "owner", "clerk", "reviewer", "chief", "agent", "dispatcher", "director", "outsider")


@dataclass(frozen=True)
class Row:
    """One address: what stands in it, and the code that each actor gets."""

    subject: str
    codes: dict
    method: str = "get"
    data: dict = field(default_factory=dict)
    query: str = ""


def row(subject, codes, *, method="get", data=None, query=""):
    """Return a row; `codes` are nine numbers in the order of `ACTORS`."""
    numbers = [int(code) for code in codes.split()]
    return Row(subject, dict(zip(ACTORS, numbers, strict=True)), method, data or {}, query)


def make_world():
    """Return one of everything: a project in planning with cases in several states, one in acceptance, a bulletin."""
    from acceptance.services.application import apply_for_acceptance
    from agency.models import Notification
    from agency.services.bulletins import open_bulletin
    from archives.services.codes import issue_token
    from archives.services.papers import ensure_rendered
    from packages.models import JointSession, MaterialItem, ReviewTask
    from packages.services.bulk import start_run
    from packages.services.correction import notice_faults
    from packages.services.saved_views import save_view
    from projects import timing
    from projects.models import IssueItem, Project, WorkUnit
    from projects.services.grants import grant_access

    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S3", code=factories.REAL_CODE)
    issue_token(project.pk, by=actors.clerk)
    factories.pass_matter(project, "project-code", actors)
    draft = factories.open_application(project, ["quality-safety"], actors)
    [received] = factories.received(project, ["wage-deposit"], actors)
    [faulty] = factories.received(project, ["soil-plan"], actors)
    fault = {"what": "缺少附图", "basis": "水土保持法 25", "how_to_fix": "补交附图"}
    notice_faults(faulty.pk, faults=[fault], by=actors.clerk)
    reviewed = factories.in_review(project, "plan-permit", actors)

    finished = factories.enrolled_project(actors, "S3")
    Project.objects.filter(pk=finished.pk).update(stage="acceptance")
    unit = WorkUnit.objects.get(project=finished)
    acceptance = apply_for_acceptance(unit.pk, by=actors.clerk)

    year, month = 2026, 10
    bulletin = open_bulletin(actors.centre, year=year, month=month)
    message = Notification.objects.create(
        user=actors.clerk, project=project, text="即将到期", why="您是经办人", sent_at=timing.now()
    )
    view = save_view(by=actors.clerk, name="今天到期的", query="scope=mine&tab=today")
    run = start_run(by=actors.clerk, action="take", case_ids=[received.pk], key="world")
    local = factories.make_project(actors, name="还没有国家代码的项目")
    grant = grant_access(
        local.pk, user=actors.outsider, kind="borrow", reason="核查", until=timing.today() + dt.timedelta(days=1),
        by=actors.director,
    )
    paper = project.papers.filter(kind="acceptance_notice").first()
    token = project.qr_tokens.get()
    for pk in (paper.pk, token.paper_id):
        ensure_rendered(pk)
    return SimpleNamespace(
        actors=actors, project=project, draft=draft, received=received, faulty=faulty, reviewed=reviewed,
        application=received.application, faulty_application=faulty.application,
        item=MaterialItem.objects.filter(case__application=draft).first(),
        issue=IssueItem.objects.filter(project=project, kind="correction").first(),
        task=ReviewTask.objects.get(session__case=reviewed, organisation__code="housing"),
        session=JointSession.objects.get(case=reviewed), clock=reviewed.promised_clock,
        finished=finished, unit=unit, acceptance=acceptance, acceptance_item=acceptance.items.first(),
        view=view, run=run, bulletin=bulletin, message=message, local=local, grant=grant, paper=paper, document=paper.document,
        token=token,
    )
