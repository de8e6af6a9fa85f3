"""The world of the access matrix and the form of its rows.

Each app says in `tests/<app>/access_rows.py` who gets what at each of its addresses:

    ROWS = {"projects:detail": row("project", "302 200 200 404 200 200 200 200 404")}

A row names the object of the world that stands in the address (or a tuple of objects, or none), the codes in the order
of `ACTORS`, and for an address that only takes POST `method="post"` with its `data`.
"""

import datetime as dt
from dataclasses import dataclass, field
from types import SimpleNamespace

from django.db import transaction

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
    from agency.services.slips import issue_slip
    from archives.services.codes import issue_token
    from archives.services.papers import ensure_rendered
    from packages.models import Commitment, Deferral, JointSession, MaterialItem, ReviewTask
    from packages.services.bulk import start_run
    from packages.services.correction import notice_faults
    from packages.services.extending import request_extension
    from packages.services.intake import accept_case, set_material, submit_application
    from packages.services.saved_views import save_view
    from packages.services.special import request_special
    from packages.services.withdrawing import request_withdrawal
    from projects import timing
    from projects.models import IssueItem, Project, WorkUnit
    from projects.services.grants import grant_access
    from projects.services.staff import invite

    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S3", code=factories.REAL_CODE)
    issue_token(project.pk, by=actors.clerk)
    factories.pass_matter(project, "project-code", actors)
    draft = factories.open_application(project, ["quality-safety"], actors)
    [received] = factories.received(project, ["wage-deposit"], actors)
    late = factories.open_application(project, ["waste-disposal"], actors)
    owed = MaterialItem.objects.get(case__application=late, name="运输合同")
    set_material(owed.pk, state="deferred", by=actors.clerk)
    factories.complete(late, actors.clerk)
    submit_application(late.pk, by=actors.clerk)
    accept_case(owed.case_id, by=actors.clerk)
    [faulty] = factories.received(project, ["soil-plan"], actors)
    fault = {"what": "缺少附图", "basis": "水土保持法 25", "how_to_fix": "补交附图"}
    notice_faults(faulty.pk, faults=[fault], by=actors.clerk)
    reviewed = factories.in_review(project, "plan-permit", actors)

    lead = factories.official("natural-resources", "reviewer")
    withdrawal = request_withdrawal(received.pk, by=actors.owner, reason="方案调整")
    procedure = request_special(reviewed.pk, by=lead, kind="expert", basis="评审办法第 6 条", planned_days=5)
    extension = request_extension(reviewed.pk, by=lead, days=5, reason="等待批复")

    task = ReviewTask.objects.get(session__case=reviewed, organisation__code="housing")
    referral, conference, seat = _around(task, actors)

    permit, letter, feed = _running_out(project, reviewed, actors)

    finished = factories.enrolled_project(actors, "S3")
    Project.objects.filter(pk=finished.pk).update(stage="acceptance")
    unit = WorkUnit.objects.get(project=finished)
    acceptance = apply_for_acceptance(unit.pk, by=actors.clerk)

    year, month = 2026, 10
    bulletin = open_bulletin(actors.centre, year=year, month=month)
    problem = bulletin.problems.create(
        number=1, what="某项目的审批超过承诺时限", owner=actors.centre, due_on=timing.today()
    )
    slip = issue_slip(reviewed, to=task.organisation, colour="yellow", reason="进度滞后", by=actors.director)
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
    member = actors.owner_staff.memberships.get()
    invitation, _ = invite(actors.owner_body.pk, by=actors.owner, role="owner_staff", name="赵敏")
    drawing = _drawings(project, reviewed, received, task, actors)
    records = _records(project, reviewed, actors) | _pool(project, actors) | _consultation(actors) | _handing(project)
    return SimpleNamespace(
        **drawing, **records, **_accounts(actors), **_assessment(project, actors), **_supervision(project, actors), **_desk(project, actors), **_credit(project, actors),
        **_voices(project, reviewed, actors), **_majors(project, actors),
        permit=permit, letter=letter, feed=feed, feed_row=SimpleNamespace(pk=feed.pk),
        withdrawal=withdrawal, procedure=procedure, extension=extension,
        body=actors.owner_body, member=member, invitation=invitation,
        actors=actors, project=project, draft=draft, received=received, faulty=faulty, reviewed=reviewed,
        application=received.application, faulty_application=faulty.application,
        item=MaterialItem.objects.filter(case__application=draft).first(),
        deferral=Deferral.objects.get(case=owed.case), commitment=Commitment.objects.get(case__application=draft),
        issue=IssueItem.objects.filter(project=project, kind="correction").first(),
        task=task, referral=referral, conference=conference, seat=seat,
        session=JointSession.objects.get(case=reviewed), clock=reviewed.promised_clock,
        finished=finished, unit=unit, acceptance=acceptance, acceptance_item=acceptance.items.first(),
        view=view, run=run, bulletin=bulletin, problem=problem, message=message, slip=slip, **_messages(actors, message), local=local, grant=grant, paper=paper, document=paper.document,
        token=token,
    )


def _majors(project, actors):
    """A major project with a measured ticket, a batch with a project that has begun, a token of the interface."""
    from decimal import Decimal

    from agency.major_states import EntryState
    from agency.models import ApiToken, BatchLine, StartCheck
    from agency.services import batches, majors
    from projects import timing
    from projects.models import Region

    today = timing.today()
    ticket = majors.open_ticket(project.pk, by=actors.director, kind="land", needed_by=today)
    majors.measure(ticket.pk, by=actors.director, quantity=Decimal(1))
    batch = batches.make_batch(actors.centre, by=actors.director, name="第一批", starts_on=today)
    entry = batches.add_project(batch.pk, project.pk, by=actors.director)
    assert entry.state == EntryState.PROPOSED
    api_token = ApiToken.objects.create(
        name="大屏", holder=actors.centre, region=Region.objects.get(code="140581"), scopes=[], prefix="gaige_",
        digest="0" * 64, expires_on=today, made_by=actors.director, made_at=timing.now(),
    )
    return {
        "ticket_row": ticket, "batch": batch, "entry_row": entry, "line": BatchLine.objects.filter(entry=entry).first(),
        "check": StartCheck.objects.create(entry=entry, days=30, due_on=today),
        "api_token": SimpleNamespace(pk=api_token.pk),
    }


def _messages(actors, message):
    """A digest, a message on its way out, and the address of another system."""
    from agency.models import Dispatch, Notification, Webhook
    from projects import timing

    now = timing.now()
    digest = Notification.objects.create(
        user=actors.clerk, text="今日提醒：已超时 1 件", why="试验", sent_at=now, digest_on=timing.today(), kind="deadline"
    )
    hook = Webhook.objects.create(
        organisation=actors.centre, name="业务系统", url="https://example.cn/in", secret="s", created_by=actors.director,
        created_at=now,
    )
    dispatch = Dispatch.objects.create(
        notification=message, user=actors.clerk, channel="sms", key="sms:world", subject="提醒", created_at=now,
        next_at=now, state="dead",
    )
    return {"digest": digest, "hook": hook, "dispatch": dispatch}


def _accounts(actors):
    """A session and the post of the clerk, a delegation between two people who are no actors, a request about data."""
    from projects import timing
    from projects.services.delegation import delegate
    from projects.services.privacy import ask
    from projects.services.sessions import note_sign_in

    post = actors.clerk.memberships.get()
    cover = delegate(
        actors.second_chief.memberships.get().pk, to=actors.lead_reviewer, until=timing.today(), reason="休假",
        by=actors.second_chief,
    )
    return {
        "own_session": note_sign_in(actors.clerk, session_key="x" * 32, address="10.0.0.1", device="电脑"),
        "own_post": post, "cover": cover, "person": actors.outsider,
        "data_request": ask(actors.owner_staff, "correct", "姓名写错"),
    }


def _voices(project, case, actors):
    """A low rating that the housing department has to mend, and an enquiry of the owner that lies with it."""
    from agency.models import FollowUp, Rating, RatingAsk, VoiceTurn
    from agency.services import voices
    from projects import timing
    from projects.clocks import start_clock

    now, body = timing.now(), factories.organisation("housing")
    ask = RatingAsk.objects.filter(case=case).first() or RatingAsk.objects.create(
        project=project, scope="matter", case=case, body=body, token="token", code="CODE2345", opened_at=now
    )
    low = Rating.objects.create(ask=ask, grade=1, words="慢", channel=1, moment="decide", given_at=now)
    follow = FollowUp.objects.create(
        rating=low, clock=start_clock(kind="rectification", limit=5, on=now), opened_at=now, body=body, number="1",
        order="改进", state="mending",
    )
    voice = voices.ask(by=actors.owner, kind="consult", title="咨询", words="怎么办", project_id=project.pk)
    voices.forward(voice.pk, by=actors.director, body_id=body.pk, words="请答复")
    turn = VoiceTurn.objects.filter(voice=voice).first()
    return {"rating_ask": ask, "follow": follow, "voice": SimpleNamespace(pk=voice.pk), "voice_link": voice,
            "voice_turn": turn}


def _desk(project, actors):
    """An agreement that waits for its signature, an order in hand with a line and a step, a sheet, a leave, a walk."""
    from agency.models import Accompaniment, Agent, AgentLeave, Agreement, Escalation, HandOver, OrderLog, WorkOrder
    from projects import timing
    from projects.models import Region
    from projects.services.issues import raise_issue

    now, today, body = timing.now(), timing.today(), factories.organisation("housing")
    agent = Agent.objects.create(user=actors.agent)
    agent.regions.add(Region.objects.get(code=factories.REGION))
    other = Agent.objects.create(user=factories.person("agent-b", "刘洋", "agent", actors.centre))
    agreement = Agreement.objects.create(
        project=project, state="offered", matters=[["plan-permit", "建设工程规划许可证核发"]], powers=["fill"], offered_at=now,
    )
    order = WorkOrder.objects.create(
        project=project, number="〔2026〕工单第009999号", title="水土保持方案", stage="planning", agent=agent, state="taken",
        offered_at=now, taken_at=now, next_check=today,
    )
    line = OrderLog.objects.create(
        order=order, on=today, channel="phone", who="李科长", fact="已收到", promise="出意见", promised_on=today,
        by=actors.agent, at=now,
    )
    step = Escalation.objects.create(
        project=project, order=order, level=1, body=body, question="口径", tried="电话", raised_by=actors.agent,
        raised_at=now, due_on=today,
    )
    sheet = HandOver.objects.create(
        project=project, pack="a" * 32, role="service_agent", from_agent=agent, to_agent=other, reason="调离",
        content={"stage": "谋划准备", "waits": [], "orders": [], "promises": [], "call": [], "next": [], "marks": [],
                 "escalations": [], "log": []}, prepared_by=actors.dispatcher, prepared_at=now,
    )
    leave = AgentLeave.objects.create(
        agent=other, since=today, until=today, reason="年休", entered_by=actors.dispatcher, entered_at=now
    )
    walk = Accompaniment.objects.create(
        project=project, on=today, official="张副区长", walked="取号、接件", by=actors.dispatcher, at=now
    )
    with transaction.atomic():
        friction = raise_issue(
            project, kind="friction", subject=walk, what="取号机难找", basis="陪办", how_to_fix="设导引", debtor=body,
            by=actors.dispatcher, raised_for=actors.centre, due_on=today,
        )
    return {
        "agent_row": agent, "agreement": agreement, "order": order, "log_line": line, "step": step, "sheet": sheet,
        "pack": SimpleNamespace(pk=sheet.pack), "leave": leave, "walk": walk, "friction": friction,
    }


def _supervision(project, actors):
    """A joint inspection with a department at the site and a fault."""
    from acceptance.models import Finding, Inspection
    from projects import timing
    from projects.models import WorkUnit
    from projects.services.issues import raise_issue

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


def _credit(project, actors):
    """A bad record of the owner, and its entry in the list."""
    from projects import timing
    from projects.models import CreditListing, CreditRecord

    now, body = timing.now(), actors.owner_body
    row = CreditRecord.objects.create(
        organisation=body, project=project, rule="false-material", name="提供虚假材料", kind="bad", severity="A",
        points=-40, detail="情况", happened_on=timing.today(), recorded_at=now,
    )
    entry = CreditListing.objects.create(
        organisation=body, project=project, record=row, reason="虚假材料", basis="认定书", proposed_at=now, changed_at=now,
        source=factories.organisation("housing"),
    )
    return {"credit_body": body, "credit_row": row, "credit_entry": entry}


def _handing(project):
    """A hand-over of an archive that is prepared, and its package that is not made yet."""
    from archives.models import Bundle, Transfer
    from projects import timing

    now = timing.now()
    transfer = Transfer.objects.create(
        project=project, receiver=factories.organisation("city-archive"), prepared_at=now
    )
    bundle = Bundle.objects.create(project=project, kind="bag", transfer=transfer, view="office", requested_at=now)
    return {"handing": transfer, "handing_bundle": bundle}


def _records(project, reviewed, actors):
    """A joint utility application with one line, a tender, a service and a fee."""
    from packages import models
    from packages.services.fees import add_fee
    from packages.services.utilities import register_request
    from projects import timing

    joint = register_request(project.pk, by=actors.clerk, needs={"water": "60"}, site="南门")
    now = timing.now()
    same = {"project": project, "case": reviewed, "opened_by": actors.clerk, "opened_at": now, "changed_at": now}
    fee = add_fee(project.pk, by=actors.clerk, name="占道费", payee=factories.organisation("city-management"))
    return {
        "joint": joint, "utility_line": joint.lines.get(), "fee": fee,
        "tender": models.TenderRecord.objects.create(name="施工招标", closes_at="award", **same),
        "service": models.IntermediaryService.objects.create(**same),
    }


def _assessment(project, actors):
    """An area with a planned result, a land list and standard land of the project, a combined report with a chapter."""
    import json
    from decimal import Decimal

    from packages.models import LandList, StandardLand
    from packages.services import assessment_register as register
    from packages.services.one_book import open_book
    from projects import timing
    from projects.states import Role

    body, keeper = factories.organisation("devzone"), factories.official("devzone", Role.REVIEWER)
    ring = [[112.9, 35.8], [112.92, 35.8], [112.92, 35.82], [112.9, 35.82], [112.9, 35.8]]
    area = register.register_unit(
        code="GP-KFQ-01", name="高平经开区", keeper=body, region=body.region, by=keeper,
        boundary=json.dumps({"type": "Polygon", "coordinates": [ring]}),
    )
    now = timing.now()
    same = {"keeper": body, "parcel": "GP2026-07", "name": "经开区七号地", "area": Decimal(3), "project": project}
    land = LandList.objects.create(**same, state="handed", due_on=timing.today(), made_at=now, handed_at=now)
    item = land.items.create(order=1, topic="relics", name="文物", department=factories.organisation("heritage"))
    book = open_book(project.pk, by=actors.clerk, codes=["soil"])
    return {
        "clause": book.clauses.create(chapter=book.chapters.get(), order=1, text="达标", check_on=timing.today()),
        "area": area, "area_result": register.propose_result(area.pk, item="soil", way="exempt", by=keeper),
        "land_list": land, "land_item": item, "book": book, "chapter": book.chapters.get(),
        "standard": StandardLand.objects.create(**same, state="sold", sold_on=timing.today(), changed_at=now),
    }


def _consultation(actors):
    """A consultation whose list was signed, with a unit and something off the list; one that is called, not held."""
    from archives.services.delivery import sign_for
    from packages.models import OffListItem, ServicePlan
    from packages.services import consultation, consultation_minutes, consultation_survey, service_plan
    from projects import timing
    from projects.states import Role

    project = factories.enrolled_project(actors, "S3")
    body, reviewer = factories.organisation("housing"), factories.official("housing", Role.REVIEWER)
    now = timing.now()
    ago = now - dt.timedelta(days=7)
    same = {"agenda": "会商", "unit_ids": [body.pk], "early_reason": "开工急", "by": actors.director}
    row = consultation.convene(project.pk, at=ago, **same)
    consultation.invite(
        row.pk, by=actors.director, survey_at=now - dt.timedelta(hours=2), survey_place="南门",
        meets_at=now - dt.timedelta(hours=1), meeting_place="会议室", at=ago,
    )
    consultation.open_survey(row.pk, by=actors.director)
    unit = consultation_survey.sign_in(row.token, by=reviewer)
    unit.checks.all().delete()
    consultation_survey.confirm(unit.pk, by=reviewer)
    consultation.begin_meeting(row.pk, by=actors.director, note="平整")
    consultation_minutes.sign_minutes(row.pk, by=actors.director, text="纪要")
    plan = service_plan.tell_plan(ServicePlan.objects.get(consultation=row).pk, by=actors.director, edit=0)
    sign_for(plan.notice_paper_id, by=actors.owner)
    item = OffListItem.objects.create(
        project=project, consultation=row, kind="matter", code="x", name="占道", cause="law", reason="a", basis="b",
        proposed_by=actors.clerk, proposed_at=now,
    )
    called = consultation.convene(factories.enrolled_project(actors, "S3").pk, **same)
    return {"consultation": SimpleNamespace(pk=row.pk), "sign_in": row, "consultation_unit": unit, "service_plan": plan,
            "off_list_item": item, "called": SimpleNamespace(pk=called.pk)}


def _pool(project, actors):
    """The project in the pool with a signed appraisal and a gap, and another one that looks like it."""
    from packages.models import DuplicatePair, Gap
    from tests.packages import appraisal_steps as steps

    entry = steps.entered(actors, project, parcel="GP-1")
    signed = steps.opened(actors, entry)
    steps.score(signed, {**steps.FULL, "land": 1})
    steps.sign(actors, signed)
    steps.entered(actors, parcel="GP-1")
    gap = Gap.objects.get(issue__project=project)
    return {"entry": entry, "appraisal": signed, "score_task": steps.task_of(signed, "energy"), "gap": gap,
            "pair": DuplicatePair.objects.get()}


def _drawings(project, reviewed, received, task, actors):
    """A drawing review without a case, one breach, one sample, one one-stop application."""
    from packages import models
    from projects import timing

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


def _running_out(project, case, actors):
    """A permit, a letter in lieu and a calendar address."""
    from django.utils import timezone

    from packages.models import ConditionalPermit, Letter
    from packages.services.feeds import issue_project_feed
    from projects import timing

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
    return permit, letter, issue_project_feed(project.pk, by=actors.clerk)


def _around(task, actors):
    """A unit that the task was sent on to, and a conference with a seat of its department."""
    from packages.models import Conference
    from packages.services.referring import send_on
    from projects import timing
    from projects.models import Organisation

    unit = Organisation.objects.create(name="消防科", kind="department", parent=task.organisation)
    referral = send_on(task.pk, by=actors.reviewer, unit_id=unit.pk, days=1)
    conference = Conference.objects.create(
        session=task.session, meets_at=timing.now(), place="二楼会议室", agenda="防火间距", called_by=actors.lead_reviewer,
        called_at=timing.now(),
    )
    return referral, conference, conference.seats.create(organisation=task.organisation)
