"""The agents, the messages, the voices, the major projects."""

from decimal import Decimal
from types import SimpleNamespace

from django.db import transaction

from agency.major_states import EntryState
from agency.models import (
    Accompaniment,
    Agent,
    AgentLeave,
    Agreement,
    ApiToken,
    BatchLine,
    Dispatch,
    Escalation,
    FollowUp,
    HandOver,
    Notification,
    OrderLog,
    Rating,
    RatingAsk,
    StartCheck,
    VoiceTurn,
    Webhook,
    WorkOrder,
)
from agency.services import batches, majors, voices
from agency.services.bulletins import open_bulletin
from agency.services.slips import issue_slip
from projects import timing
from projects.clocks import start_clock
from projects.models import Region
from projects.services.issues import raise_issue
from tests import factories


def bulletin(case, task, actors):
    """A bulletin with a problem, and a chase slip to a department."""
    year, month = 2026, 10
    row = open_bulletin(actors.centre, year=year, month=month)
    problem = row.problems.create(number=1, what="某项目的审批超过承诺时限", owner=actors.centre, due_on=timing.today())
    slip = issue_slip(case, to=task.organisation, colour="yellow", reason="进度滞后", by=actors.director)
    return {"bulletin": row, "problem": problem, "slip": slip}


def desk(project, actors):
    """An agreement that waits for its signature, an order in hand with a line and a step, a sheet, a leave, a walk."""
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


def heard(project, case, actors):
    """A low rating that the housing department has to mend, and an enquiry of the owner that lies with it."""
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


def urgent(project, actors):
    """A major project with a measured ticket, a batch with a project that has begun, a token of the interface."""
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


def sent(project, actors):
    """A message, a digest, a message on its way out, and the address of another system."""
    now = timing.now()
    message = Notification.objects.create(
        user=actors.clerk, project=project, text="即将到期", why="您是经办人", sent_at=now
    )
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
    return {"message": message, "digest": digest, "hook": hook, "dispatch": dispatch}
