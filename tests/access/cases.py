"""Cases in several states, and what stands around them."""

import datetime as dt
from types import SimpleNamespace

from django.utils import timezone

from packages import models
from packages.models import (
    Commitment,
    ConditionalPermit,
    Conference,
    Deferral,
    JointSession,
    Letter,
    MaterialItem,
    ReviewTask,
)
from packages.services.bulk import start_run
from packages.services.correction import notice_faults
from packages.services.extending import request_extension
from packages.services.feeds import issue_project_feed
from packages.services.fees import add_fee
from packages.services.intake import accept_case, set_material, submit_application
from packages.services.referring import send_on
from packages.services.saved_views import save_view
from packages.services.special import request_special
from packages.services.utilities import register_request
from packages.services.withdrawing import request_withdrawal
from projects import timing
from projects.models import IssueItem, Organisation
from tests import factories


def handled(project, actors):
    """A draft, a case that came in, one with a deferral, one with a fault, one in review."""
    factories.pass_matter(project, "project-code", actors)
    draft = factories.open_application(project, ["quality-safety"], actors)
    [received] = factories.received(project, ["wage-deposit"], actors)
    owed = _deferred(project, actors)
    [faulty] = factories.received(project, ["soil-plan"], actors)
    fault = {"what": "缺少附图", "basis": "水土保持法 25", "how_to_fix": "补交附图"}
    notice_faults(faulty.pk, faults=[fault], by=actors.clerk)
    reviewed = factories.in_review(project, "plan-permit", actors)
    return {
        "draft": draft, "received": received, "faulty": faulty, "reviewed": reviewed,
        "application": received.application, "faulty_application": faulty.application,
        "item": MaterialItem.objects.filter(case__application=draft).first(),
        "deferral": Deferral.objects.get(case=owed.case), "commitment": Commitment.objects.get(case__application=draft),
        "issue": IssueItem.objects.filter(project=project, kind="correction").first(),
        "task": ReviewTask.objects.get(session__case=reviewed, organisation__code="housing"),
        "session": JointSession.objects.get(case=reviewed), "clock": reviewed.promised_clock,
    }


def _deferred(project, actors):
    """The line of an accepted case that is owed."""
    late = factories.open_application(project, ["waste-disposal"], actors)
    owed = MaterialItem.objects.get(case__application=late, name="运输合同")
    set_material(owed.pk, state="deferred", by=actors.clerk)
    factories.complete(late, actors.clerk)
    submit_application(late.pk, by=actors.clerk)
    accept_case(owed.case_id, by=actors.clerk)
    return owed


def asked(received, reviewed, actors):
    """What waits for somebody's word: a withdrawal, a special procedure, an extension; a view and a run of the desk."""
    lead = factories.official("natural-resources", "reviewer")
    return {
        "withdrawal": request_withdrawal(received.pk, by=actors.owner, reason="方案调整"),
        "procedure": request_special(reviewed.pk, by=lead, kind="expert", basis="评审办法第 6 条", planned_days=5),
        "extension": request_extension(reviewed.pk, by=lead, days=5, reason="等待批复"),
        "late_entry": models.LateEntry.objects.create(
            case=reviewed, act="pause", spared=2, late_days=2, happened_at=timing.now() - dt.timedelta(days=3),
            recorded_at=timing.now(), entered_by=lead,
        ),
        "view": save_view(by=actors.clerk, name="今天到期的", query="scope=mine&tab=today"),
        "run": start_run(by=actors.clerk, action="take", case_ids=[received.pk], key="world"),
    }


def around(task, actors):
    """A unit that the task was sent on to, and a conference with a seat of its department."""
    unit = Organisation.objects.create(name="消防科", kind="department", parent=task.organisation)
    referral = send_on(task.pk, by=actors.reviewer, unit_id=unit.pk, days=1)
    conference = Conference.objects.create(
        session=task.session, meets_at=timing.now(), place="二楼会议室", agenda="防火间距", called_by=actors.lead_reviewer,
        called_at=timing.now(),
    )
    seat = conference.seats.create(organisation=task.organisation)
    return {"referral": referral, "conference": conference, "seat": seat}


def running_out(project, case, actors):
    """A permit, a letter in lieu and a calendar address."""
    first, second = project.papers.exclude(document=None).order_by("pk")[:2]
    until = timing.today() + dt.timedelta(days=60)
    common = {
        "project": project, "case": case, "code": "pile-first", "issuer": actors.centre, "valid_from": timing.today(),
        "valid_until": until, "changed_at": timezone.now(),
    }
    permit = ConditionalPermit.objects.create(
        **common, paper=first, name="施工许可证（桩基阶段）", scope="桩基施工", supervisor=factories.organisation("housing")
    )
    letter = Letter.objects.create(**common, paper=second, name="用地规划意见函", stands_for="用地手续")
    feed = issue_project_feed(project.pk, by=actors.clerk)
    return {"permit": permit, "letter": letter, "feed": feed, "feed_row": SimpleNamespace(pk=feed.pk)}


def drawings(project, reviewed, received, task, actors):
    """A drawing review without a case, one breach, one sample, one one-stop application."""
    now, today = timing.now(), timing.today()
    table = models.PolicyTable.objects.published().get(code="drawing")
    works, body = reviewed.work_unit, task.organisation
    review = models.DrawingReview.objects.create(
        project=project, work_unit=works, mode="exempt", table=table, created_at=now
    )
    part = models.DrawingPart.objects.create(review=review, task=task, organisation=body, text="一", given_at=now)
    breach = models.Breach.objects.create(
        review=review, part=part, organisation=body, discipline="fire", clause="7.1.2", place="建施-05", what="窄", fix="改宽"
    )
    draw = models.SampleDraw.objects.create(
        centre=project.centre, seed="1", since=today, until=today, table=table, drawn_at=now
    )
    ticket = models.SampleTicket.objects.create(
        draw=draw, review=review, organisation=body, clock=reviewed.promised_clock
    )
    one = models.OneStop.objects.create(
        project=project, work_unit=works, application=received.application, limit=5, opened_by=actors.clerk,
        table=models.PolicyTable.objects.published().get(code="one-stop"), opened_at=now,
    )
    return {"drawing": review, "breach": breach, "ticket": ticket, "one_stop": one}


def records(project, reviewed, actors):
    """A joint utility application with one line, a tender, a service and a fee."""
    joint = register_request(project.pk, by=actors.clerk, needs={"water": "60"}, site="南门")
    now = timing.now()
    same = {"project": project, "case": reviewed, "opened_by": actors.clerk, "opened_at": now, "changed_at": now}
    fee = add_fee(project.pk, by=actors.clerk, name="占道费", payee=factories.organisation("city-management"))
    return {
        "joint": joint, "utility_line": joint.lines.get(), "fee": fee,
        "tender": models.TenderRecord.objects.create(name="施工招标", closes_at="award", **same),
        "service": models.IntermediaryService.objects.create(**same),
    }
