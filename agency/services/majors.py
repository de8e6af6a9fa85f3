"""重大项目 and 六票统筹: the list, investment by month, resource tickets and the quotas of the districts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from agency import major_data as data
from agency import major_rules as may
from agency.major_states import TICKET_ASKED, BalanceLevel, TicketState
from agency.models import MajorMonth, MajorProject, ResourceQuota, ResourceTicket
from agency.recipients import STAFF, agents_of, people_at
from agency.services.telling import tell
from archives.models import DocumentKind
from archives.services.filing import file_upload
from projects import timing
from projects.access import access_of
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Project, Region
from projects.services.involvement import involve
from projects.states import InvolvementRole, Role

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import User

EVIDENCE = "resource-evidence"


# The list and its money ----------------------------------------------------------------------------------------------


@transaction.atomic
def list_major(
    project_id: int, *, by: User, year: int, level: str, opens_on: dt.date | None = None, at: dt.datetime | None = None
) -> MajorProject:
    """Put a project on the list of major ones, or change what the list says of it. Event `major.listed`.

    The same again is a no-op. Raises `NotAllowed`.
    """
    project = lock_project(project_id)
    require(may.can_keep_majors, by, project)
    row = MajorProject.objects.filter(project=project).first()
    said = {"year": year, "level": level, "opens_on": opens_on}
    if row is not None and all(getattr(row, name) == value for name, value in said.items()):
        return row
    if row is None:
        row = MajorProject(project=project, listed_by=by, listed_at=at or timing.now())
    for name, value in said.items():
        setattr(row, name, value)
    row.save()
    record(
        "major.listed", subject=row, project=project, by=by, at=at,
        summary=f"列入 {year} 年{row.get_level_display()}项目",
        data={"year": year, "level": level, "opens_on": str(opens_on or "")},
    )
    return row


@transaction.atomic
def plan_month(
    project_id: int, *, by: User, month: dt.date, planned: Decimal, at: dt.datetime | None = None
) -> MajorMonth:
    """Set the planned investment of one month, 万元. Event `major.planned`. Raises `NotAllowed`, `DomainError`."""
    row = _month(project_id, month, by=by)
    if row.pk and row.planned == planned:
        return row
    old, row.planned = row.planned, planned
    row.save()
    record(
        "major.planned", subject=row.major, project=row.major.project, by=by, at=at,
        summary=f"{month:%Y年%-m月}计划投资 {planned} 万元",
        data={"month": f"{month:%Y-%m}", "planned": [str(old), str(planned)]},
    )
    return row


@transaction.atomic
def report_month(
    project_id: int, *, by: User, month: dt.date, done: Decimal, progress: str = "", at: dt.datetime | None = None
) -> MajorMonth:
    """Report what was invested in a month that has begun, and the progress in words. Event `major.reported`.

    Reporting again replaces; the event keeps both. Raises `NotAllowed`, `DomainError` (`not_major`, `future`).
    """
    row = _month(project_id, month, by=by)
    if month > timing.today():
        raise DomainError("future", f"{month:%Y年%-m月}还没有开始，不能填报完成投资。")
    if row.pk and (row.done, row.progress) == (done, progress.strip()[:200]):
        return row
    old, row.done, row.progress = row.done, done, progress.strip()[:200]
    row.reported_by, row.reported_at = by, at or timing.now()
    row.save()
    record(
        "major.reported", subject=row.major, project=row.major.project, by=by, at=at,
        summary=f"{month:%Y年%-m月}完成投资 {done} 万元",
        data={"month": f"{month:%Y-%m}", "done": [str(old) if old is not None else "", str(done)]},
    )
    return row


def _month(project_id: int, month: dt.date, *, by: User) -> MajorMonth:
    project = lock_project(project_id)
    require(may.can_report, by, project)
    major = MajorProject.objects.filter(project=project).first()
    if major is None:
        raise DomainError("not_major", "项目还没有列入重大项目，请先列入。")
    major.project = project
    first = month.replace(day=1)
    row = MajorMonth.objects.filter(major=major, month=first).first() or MajorMonth(major=major, month=first)
    row.major = major
    return row


# Tickets -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_ticket(
    project_id: int, *, by: User, kind: str, needed_by: dt.date, at: dt.datetime | None = None
) -> ResourceTicket:
    """Say that a project needs an index of a kind by a day. Event `ticket.opened`; once per project and kind.

    Raises `NotAllowed`, `DomainError` `kind`.
    """
    project = lock_project(project_id)
    require(may.can_report, by, project)
    if kind not in {row.code for row in data.resource_kinds()}:
        raise DomainError("kind", "没有这种资源指标，请从名目中选择。")
    known = ResourceTicket.objects.filter(project=project, kind=kind).first()
    if known is not None:
        return known
    moment = at or timing.now()
    ticket = ResourceTicket.objects.create(
        project=project, kind=kind, needed_by=needed_by, source=project.region, opened_by=by, opened_at=moment,
        changed_at=moment,
    )
    _tell(ticket, "ticket.opened", "", f"提出{ticket}，{timing.written(needed_by)}前需要", by=by, at=at)
    return ticket


@transaction.atomic
def measure(
    ticket_id: int, *, by: User, quantity: Decimal, needed_by: dt.date | None = None, note: str = "",
    at: dt.datetime | None = None,
) -> ResourceTicket:
    """Write down how much is needed (测算). Event `ticket.measured`. Raises `NotAllowed`, `DomainError` `quantity`."""
    ticket = _lock(ticket_id)
    require(may.can_measure, by, ticket)
    if quantity <= 0:
        raise DomainError("quantity", "需要数量要大于 0；不需要这项指标的，不必提出。")
    if ticket.state == TicketState.MEASURED and (ticket.quantity, ticket.needed_by) == (
        quantity, needed_by or ticket.needed_by
    ):
        return ticket
    old = ticket.state
    ticket.quantity, ticket.needed_by = quantity, needed_by or ticket.needed_by
    ticket.note = note.strip()[:300] or ticket.note
    ticket.measure()
    return _save(ticket, "ticket.measured", old, f"{ticket}测算需要 {quantity} {_unit(ticket)}", by=by, at=at)


@transaction.atomic
def apply_for(ticket_id: int, *, by: User, at: dt.datetime | None = None) -> ResourceTicket:
    """Apply for the index at its department, which from now on sees the project. Event `ticket.applied`.

    The director, who balances, is told. A second call is a no-op. Raises `NotAllowed`.
    """
    ticket = _lock(ticket_id)
    if ticket.state in TICKET_ASKED:
        return ticket
    require(may.can_apply, by, ticket)
    body = _keeper(ticket)
    if body is not None:
        involve(ticket.project, role=InvolvementRole.REVIEWER, organisation=body, by=by, at=at)
    old = ticket.state
    ticket.apply()
    words = f"申请{ticket} {ticket.quantity} {_unit(ticket)}"
    _ask(ticket, people_at(ticket.project.centre_id, Role.DIRECTOR), f"{words}，请平衡", by=by, at=at)
    return _save(ticket, "ticket.applied", old, words, by=by, at=at)


@transaction.atomic
def balance(
    ticket_id: int, *, by: User, source: Region, note: str = "", at: dt.datetime | None = None
) -> ResourceTicket:
    """Say out of which district's quota it comes; from another district is 市级调剂. Event `ticket.balanced`.

    Only 工改办 moves quota between districts, those of its own region, and never more than the district has left in
    that month. The department that keeps the index is told. Raises `NotAllowed`, `DomainError` (`level`, `short`).
    """
    ticket = _lock(ticket_id)
    if ticket.state == TicketState.BALANCED and ticket.source_id == source.pk:
        return ticket
    require(may.can_balance, by, ticket)
    own = source.code == ticket.project.region_id
    if not (may_draw := may.can_draw(by, ticket, source)):
        raise DomainError("level", may_draw.reason)
    left = left_of(source, ticket.kind, ticket.needed_by)
    if left is not None and ticket.quantity is not None and ticket.quantity > left:
        raise DomainError(
            "short", f"{source}{ticket.needed_by:%Y年%-m月}的{ticket}只剩 {left} {_unit(ticket)}，不够 "
            f"{ticket.quantity}；请换来源地，或退回重新测算。",
        )
    old = ticket.state
    ticket.source, ticket.note = source, note.strip()[:300] or ticket.note
    ticket.balance_level = BalanceLevel.DISTRICT if own else BalanceLevel.CITY
    ticket.balance()
    words = f"{ticket}{ticket.get_balance_level_display()}：{source} {ticket.quantity} {_unit(ticket)}"
    _ask(ticket, people_at(getattr(_keeper(ticket), "pk", None), *STAFF), f"{words}，请落实", by=by, at=at)
    return _save(ticket, "ticket.balanced", old, words, by=by, at=at)


def left_of(region: Region, kind: str, day: dt.date) -> Decimal | None:
    """Return what a district has left of a kind in the month of a day; None where no quota is written down."""
    month = day.replace(day=1)
    quota = ResourceQuota.objects.filter(region=region, kind=kind, month=month).values_list("quantity", flat=True)
    have = quota.first()
    if have is None:
        return None
    following = (month + dt.timedelta(days=32)).replace(day=1)
    drawn = ResourceTicket.objects.filter(
        kind=kind, source=region, needed_by__gte=month, needed_by__lt=following,
        state__in=[TicketState.BALANCED, TicketState.SECURED, TicketState.WRITTEN_OFF],
    ).values_list("quantity", flat=True)
    return have - sum((row or Decimal(0) for row in drawn), Decimal(0))


@transaction.atomic
def secure(
    ticket_id: int, *, by: User, quantity: Decimal, evidence: UploadedFile[Any], at: dt.datetime | None = None
) -> ResourceTicket:
    """The index is there (落实): how much, with the document that says so, filed in the archive. `ticket.secured`.

    Raises `NotAllowed`, `DomainError` (`quantity`, and as `file_upload`).
    """
    ticket = _lock(ticket_id)
    if ticket.state == TicketState.SECURED:
        return ticket
    require(may.can_secure, by, ticket)
    if ticket.quantity is None or quantity < ticket.quantity:
        need = f"{ticket.quantity} {_unit(ticket)}"
        raise DomainError("quantity", f"落实数量少于需要的 {need}；不足的退回重新测算和平衡。")
    document = file_upload(
        ticket.project, uploaded=evidence, kind=DocumentKind.objects.get(slug=EVIDENCE), title=f"{ticket}落实依据",
        source=ticket, source_label=f"资源指标 {ticket}", by=by, at=at,
    )
    old = ticket.state
    ticket.secured, ticket.evidence = quantity, document.versions.order_by("-version")[0]
    ticket.secure()
    return _save(ticket, "ticket.secured", old, f"{ticket}落实 {quantity} {_unit(ticket)}", by=by, at=at)


@transaction.atomic
def write_off(ticket_id: int, *, by: User, at: dt.datetime | None = None) -> ResourceTicket:
    """The project has used it up (核销). Event `ticket.written_off`; a second call is a no-op. Raises `NotAllowed`."""
    ticket = _lock(ticket_id)
    if ticket.state == TicketState.WRITTEN_OFF:
        return ticket
    require(may.can_write_off, by, ticket)
    old = ticket.state
    ticket.write_off()
    return _save(ticket, "ticket.written_off", old, f"{ticket}核销", by=by, at=at)


@transaction.atomic
def send_back(ticket_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> ResourceTicket:
    """Send an application back to be measured anew, with the reason; the agents are told. Event `ticket.sent_back`.

    Raises `NotAllowed`, `DomainError` `reason`.
    """
    ticket = _lock(ticket_id)
    require(may.can_send_back, by, ticket)
    if not reason.strip():
        raise DomainError("reason", "请写明退回原因。")
    old = ticket.state
    ticket.note, ticket.balance_level = reason.strip()[:300], ""
    ticket.send_back()
    people = agents_of(ticket.project_id) or [ticket.opened_by]
    _ask(ticket, people, f"{ticket}退回重新测算：{reason.strip()}", by=by, at=at)
    return _save(ticket, "ticket.sent_back", old, f"{ticket}退回重新测算：{reason.strip()}", by=by, at=at)


def _lock(ticket_id: int) -> ResourceTicket:
    project_id = ResourceTicket.objects.values_list("project_id", flat=True).get(pk=ticket_id)
    project = lock_project(project_id)
    ticket = ResourceTicket.objects.select_for_update(of=("self",)).select_related("source").get(pk=ticket_id)
    ticket.project = project
    return ticket


def _keeper(ticket: ResourceTicket) -> Organisation | None:
    """Return the department that keeps the index."""
    return Organisation.objects.filter(code=data.kind_of(ticket.kind).department).first()


def _ask(ticket: ResourceTicket, people: list[User], words: str, *, by: User, at: dt.datetime | None) -> None:
    """Tell who has the next step of a ticket, but for whoever did this one."""
    others = [one for one in people if one.pk != by.pk]
    page = reverse("agency:major", args=[ticket.project_id])
    text = f"{ticket.project.name}{words}"
    tell(others, text, project=ticket.project, kind="ask", why="资源指标等您办理", url=page, at=at)


def _unit(ticket: ResourceTicket) -> str:
    return data.kind_of(ticket.kind).unit


def _save(
    ticket: ResourceTicket, kind: str, old: str, words: str, *, by: User, at: dt.datetime | None
) -> ResourceTicket:
    ticket.changed_at = at or timing.now()
    ticket.save()
    _tell(ticket, kind, old, words, by=by, at=at)
    return ticket


def _tell(ticket: ResourceTicket, kind: str, old: str, words: str, *, by: User, at: dt.datetime | None) -> None:
    record(
        kind, subject=ticket, project=ticket.project, by=by, at=at, summary=words,
        data={
            "state": [old, ticket.state], "kind": ticket.kind, "quantity": str(ticket.quantity or ""),
            "needed_by": str(ticket.needed_by), "source": ticket.source.code if ticket.source else "",
        },
    )


def unasked(project: Project) -> str:
    """Return why a project may not be called ripe and urgent yet: tickets that nobody has applied for."""
    rows = ResourceTicket.objects.filter(project=project).exclude(state__in=list(TICKET_ASKED)).order_by("pk")
    names = [f"{row}{row.get_state_display()}" for row in rows]
    return f"资源指标{'、'.join(names)}，先测算并申请。" if names else ""


# Quotas --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_quota(
    region: Region, *, by: User, kind: str, month: dt.date, quantity: Decimal, document: str,
    at: dt.datetime | None = None,
) -> ResourceQuota:
    """Write down what a district has of a kind in a month, by a document; a later figure replaces the earlier one.

    Event `quota.set` in the chain of the body that says so. Raises `NotAllowed`, `DomainError` (`kind`, `document`).
    """
    require(may.can_set_quota, by, region)
    if kind not in {row.code for row in data.resource_kinds()}:
        raise DomainError("kind", "没有这种资源指标，请从名目中选择。")
    if not document.strip():
        raise DomainError("document", "请写明额度的依据文件。")
    first, moment = month.replace(day=1), at or timing.now()
    row = ResourceQuota.objects.select_for_update().filter(region=region, kind=kind, month=first).first()
    old = row.quantity if row else None
    if row is not None and (row.quantity, row.document) == (quantity, document.strip()[:200]):
        return row
    row = row or ResourceQuota(region=region, kind=kind, month=first)
    row.quantity, row.document, row.set_by, row.set_at = quantity, document.strip()[:200], by, moment
    row.save()
    record(
        "quota.set", subject=row, organisation=access_of(by).organisations[0], by=by, at=at,
        summary=f"{region}{first:%Y年%-m月}{data.kind_name(kind)}额度 {quantity}",
        data={"kind": kind, "month": f"{first:%Y-%m}", "quantity": [str(old or ""), str(quantity)]},
    )
    return row
