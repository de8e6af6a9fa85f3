"""督办单: a numbered paper asks a body why something is late; it answers, the issuer closes it or sends it back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from agency import message_data as data
from agency import slip_rules as may
from agency.models import ChaseSlip
from agency.recipients import AGENT_WHY, agents_of, people_at
from agency.services.telling import tell
from agency.states import SlipColour, SlipState
from archives.services.papers import issue_paper
from archives.states import PaperKind, Visibility
from packages.models import MatterCase
from packages.services.paperwork import day, ended
from packages.states import CASE_ENDED
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.clock_states import ENDED_STATES
from projects.clocks import read_clock
from projects.errors import DomainError, require
from projects.events import latest_of, lock_project, record, told_by
from projects.models import Clock
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole, Role
from projects.waiting import waiting_on

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from archives.models import Paper
    from projects.models import Organisation, Project, User

SERIES = "督"
ASKED = "请说明原因、采取的措施，并写明承诺办结的日期"


@transaction.atomic
def issue_slip(
    about: MatterCase | Project, *, to: Organisation, colour: str, reason: str, by: User | None,
    at: dt.datetime | None = None, clock: Clock | None = None,
) -> ChaseSlip:
    """下督办单 to a body about a case or a project and return it. Event `slip.issued`, a numbered paper, messages.

    A slip of the same colour to the same body about the same thing that stands open is returned as it is. `clock`: the
    limit that brought it; when that clock ends the slip closes by itself. Told are the people of the body, its chief
    first, and the two people of the project. Raises `NotAllowed`, `DomainError` (`slip_colour`, `slip_reason`).
    """
    case = about if isinstance(about, MatterCase) else None
    project = lock_project(case.project_id if case else about.pk)
    require(may.can_issue_slip, by, project)
    if colour not in SlipColour.values:
        raise DomainError("slip_colour", "请选择督办单的颜色：蓝色、黄色或红色。")
    reason = reason.strip()
    if not reason:
        raise DomainError("slip_reason", "请写明督办事由：什么事、逾期多久、要求做什么。")
    standing = ChaseSlip.objects.open().filter(project=project, case=case, to=to, colour=colour).first()
    if standing is not None:
        return standing
    moment = at or timing.now()
    waits = (line for line in waiting_on(project) if case is None or line.case_id == case.pk)
    first = next(waits, None)
    if to.pk != project.centre_id:
        involve(project, role=InvolvementRole.REVIEWER, organisation=to, by=by, at=at)
    slip = ChaseSlip.objects.create(
        project=project, case=case, clock=clock, to=to, colour=colour, reason=reason[:300], issued_by=by,
        issued_at=moment,
        due_on=workdays.due_date(moment, data.answer_days(colour, timing.business_day(moment))),
    )
    slip.paper = _paper(slip, waits=first.sentence if first else "", by=by, at=moment)
    slip.save(update_fields=["paper"])
    record(
        "slip.issued", subject=slip, project=project, by=by, at=at,
        summary=f"{slip}（{SlipColour(colour).label}）发{to.label}：{slip.reason}"[:300],
        data={"state": ["", slip.state], "colour": colour, "to": to.pk, "case": case.pk if case else None},
    )
    _tell(slip, f"{slip.paper.title}：{_what(slip)}，{timing.spoken(slip.due_on)}前回复", at=moment, by=by)
    return slip


@transaction.atomic
def answer_slip(
    slip_id: int, *, by: User, answer: str, promised_on: dt.date | None, at: dt.datetime | None = None
) -> ChaseSlip:
    """The body answers: why, what it does, and when it will be done. Event `slip.answered`; the issuer is told.

    The same answer a second time changes nothing. Raises `NotAllowed`, `DomainError` (`slip_answer`, `promised_on`).
    """
    slip = lock_slip(slip_id)
    answer = answer.strip()
    if (slip.state, slip.answer, slip.promised_on, slip.answered_by_id) == (
        SlipState.ANSWERED, answer[:500], promised_on, by.pk
    ):
        return slip
    _expect(slip, SlipState.ISSUED, verb="回复")
    require(may.can_answer_slip, by, slip)
    moment = at or timing.now()
    if not answer:
        raise DomainError("slip_answer", "请写明原因和采取的措施。")
    check_follows(at, slip)
    if promised_on is None or promised_on < timing.business_day(moment):
        raise DomainError("promised_on", "请写明承诺办结的日期，不早于今天。")
    slip.reply()
    slip.answer, slip.promised_on, slip.answered_by, slip.answered_at = answer[:500], promised_on, by, moment
    words = f"{slip.to.label}回复{slip}：{timing.written(promised_on)}前办结"
    _save(slip, SlipState.ISSUED, "answered", words, by=by, at=at)
    heads = [slip.issued_by] if slip.issued_by else people_at(slip.project.centre_id, Role.DIRECTOR)
    text = f"{slip.project.name} {slip.to.label}已回复{slip}，请核对后销号"
    tell(
        heads, text, project=slip.project, url=page_of(slip), why="督办单由您销号", kind="slip",
        batch=f"slip:{slip.pk}:answer:{slip.returns}", at=moment,
    )
    return slip


@transaction.atomic
def return_slip(slip_id: int, *, by: User, remark: str, at: dt.datetime | None = None) -> ChaseSlip:
    """退回: the answer does not do, the body answers again within the days of the colour. Event `slip.returned`.

    Raises `NotAllowed`, `DomainError` (`slip_remark`).
    """
    slip = lock_slip(slip_id)
    _expect(slip, SlipState.ANSWERED, verb="退回")
    require(may.can_return_slip, by, slip)
    if not remark.strip():
        raise DomainError("slip_remark", "请写明回复哪里不行，要补什么。")
    moment = at or timing.now()
    slip.send_back()
    slip.remark = remark.strip()[:300]
    slip.due_on = workdays.due_date(moment, data.answer_days(slip.colour, timing.business_day(moment)))
    _save(slip, SlipState.ANSWERED, "returned", f"退回{slip.to.label}对{slip}的回复：{slip.remark}", by=by, at=at)
    _tell(slip, f"{slip}的回复被退回：{slip.remark}，{timing.spoken(slip.due_on)}前重新回复", at=moment, by=by)
    return slip


@transaction.atomic
def close_slip(slip_id: int, *, by: User | None, remark: str = "", at: dt.datetime | None = None) -> ChaseSlip:
    """销号: done, or settled by the answer. Event `slip.closed`; a second press changes nothing.

    Without an answer a person says why (`slip_remark`). `by` None: the limit that brought it has ended.
    """
    slip = lock_slip(slip_id)
    if slip.state == SlipState.CLOSED:
        return slip
    require(may.can_close_slip, by, slip)
    if slip.state == SlipState.ISSUED and not remark.strip():
        raise DomainError("slip_remark", "对方还没有回复，销号要写明理由。")
    check_follows(at, slip)
    old = slip.state
    slip.close()
    slip.closed_by, slip.closed_at = by, at or timing.now()
    slip.remark = remark.strip()[:300] or "已核对回复"
    _save(slip, old, "closed", f"{slip}销号：{slip.remark}", by=by, at=at)
    return slip


def settled_slips() -> QuerySet[ChaseSlip]:
    """Return the open slips whose limit has ended; those issued by hand about a case that is over."""
    return ChaseSlip.objects.open().filter(
        Q(clock__state__in=ENDED_STATES) | Q(clock=None, case__state__in=list(CASE_ENDED))
    )


def settle_slip(slip_id: int) -> int:
    """Close one slip whose limit has ended, or whose case is over; return 1."""
    by_hand = ChaseSlip.objects.filter(pk=slip_id, clock=None).exists()
    close_slip(slip_id, by=None, remark=f"所督办的{'事项' if by_hand else '时限'}已结束，自动销号")
    return 1


def lock_slip(slip_id: int) -> ChaseSlip:
    """Return a slip with its project, both locked. Raises `ChaseSlip.DoesNotExist`."""
    project = lock_project(ChaseSlip.objects.values_list("project_id", flat=True).get(pk=slip_id))
    found = ChaseSlip.objects.select_for_update(of=("self",)).select_related("to", "paper", "case__matter", "clock")
    slip = found.get(pk=slip_id)
    slip.project = project
    return slip


def page_of(slip: ChaseSlip) -> str:
    """Return the address of a slip."""
    return reverse("agency:slip", args=[slip.pk])


def _expect(slip: ChaseSlip, state: str, *, verb: str) -> None:
    if slip.state != state:
        raise DomainError(
            "slip_state", f"{slip}现在是“{slip.get_state_display()}”，不能{verb}。", latest=told_by(latest_of(slip))
        )


def _save(slip: ChaseSlip, old: str, kind: str, summary: str, *, by: User | None, at: dt.datetime | None) -> None:
    slip.save()
    record(
        f"slip.{kind}", subject=slip, project=slip.project, by=by, at=at, summary=summary[:300],
        data={"state": [old, slip.state]},
    )


def _what(slip: ChaseSlip) -> str:
    return f"{slip.project.name}{quoted(slip.case.matter.name)}" if slip.case else slip.project.name


def _tell(slip: ChaseSlip, text: str, *, at: dt.datetime, by: User | None) -> None:
    """The chief of the body (the reviewers where there is none, the desk of the centre), then the project's two."""
    heads = people_at(slip.to_id, Role.CHIEF) or people_at(slip.to_id, Role.REVIEWER, Role.DISPATCHER)
    about = {"project": slip.project, "url": page_of(slip), "kind": "slip", "at": at}
    batch = f"slip:{slip.pk}:{slip.returns}"
    tell([one for one in heads if one != by], text, why="由贵部门回复", batch=batch, **about)  # type: ignore[arg-type]
    tell(agents_of(slip.project_id), text, why=AGENT_WHY, batch=batch, **about)  # type: ignore[arg-type]


def _paper(slip: ChaseSlip, *, waits: str, by: User | None, at: dt.datetime) -> Paper:
    """The paper: what is late since when, on whom it waited before the slip, what the body answers until when."""
    today = timing.business_day(at)
    name = data.slip_name(slip.colour, today)
    rows = [["项目", slip.project.name], ["对象", slip.to.name]]
    if slip.case is not None:
        rows += [["事项", slip.case.matter.name], ["编号", slip.case.number or "—"]]
    if slip.clock is not None:
        reading = read_clock(slip.clock, at)
        rows += [["时限", f"{slip.clock.get_kind_display()} {slip.clock.limit_words}"], ["到期日", day(reading.due_on)]]
        rows += [["进度", f"{reading.used_words}，{reading.words}"]]
    if waits:
        rows.append(["在等谁", waits])
    content = {
        "gist": {
            "project": f"{slip.project.name}（{slip.project.code}）", "what": slip.reason, "do": ASKED,
            "when": f"{day(slip.due_on)}前在门户回复",
        },
        "paragraphs": [ended(slip.reason), ended(f"{ASKED}，于{day(slip.due_on)}前在门户回复")],
        "form": rows, "addressee": slip.to.name,
    }
    return issue_paper(
        slip.project, kind=PaperKind.CHASE_SLIP, series=SERIES, title=name, issuer=slip.project.centre, content=content,
        subject=slip, by=by, visibility=Visibility.OFFICE, at=at,
    )
