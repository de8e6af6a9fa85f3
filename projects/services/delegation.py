"""委托代理: a person on leave gives a role at one body to a colleague, until a day, for a reason.

A delegation is a membership with a giver. It ends by itself after its last day, with the giver's own membership, and at
once when one of the two or the head of the body ends it. What is done through it is told as done for the giver.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from projects import account_rules, timing
from projects.access import OWNER_ROLES
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Membership, Organisation, User
from projects.staff_queries import current
from projects.states import ADMIN_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Who reviews does not act as agent, also not through a delegation (代办与审查分离).
REVIEWING = frozenset({Role.REVIEWER, Role.CHIEF})
NOT_GIVEN = OWNER_ROLES | ADMIN_ROLES


@transaction.atomic
def delegate(
    membership_id: int, *, to: User, until: dt.date, reason: str, by: User, at: dt.datetime | None = None
) -> Membership:
    """Give a role to a colleague of the same body from today until the end of a day. Event `staff.delegated`.

    The head of the body gives for somebody else, but nothing to himself and nothing as a stand-in. The same again is a
    no-op. Raises `NotAllowed`, `DomainError` (`self`, `reason_missing`, `until`, `not_here`, `has_role`, `two_sides`).
    """
    body = _lock(membership_id)
    row = Membership.objects.select_related("user").get(pk=membership_id)
    row.organisation = body
    require(account_rules.can_delegate, by, row)
    today = timing.business_day(at or timing.now())
    if row.user_id != by.pk == to.pk:
        raise DomainError("self", f"不能把{row.user}的岗位委托给自己；请选择其他同事，或由{row.user}本人委托。")
    _check(row, to, until, reason, today)
    same = {"user": to, "organisation": body, "role": row.role, "giver": row.user}
    if standing := current(Membership.objects.filter(**same, until=until)).first():
        return standing
    theirs = list(current(Membership.objects.filter(user=to)))
    _fits(row, to, [(one.organisation_id, one.role) for one in theirs if not one.giver_id])
    if (body.pk, row.role) in {(one.organisation_id, one.role) for one in theirs}:
        raise DomainError("has_role", f"{to}已经是{row.get_role_display()}，不需要委托。")
    made = Membership.objects.create(**same, since=today, until=until, reason=reason.strip()[:120])
    to.__dict__.pop("_access", None)
    record(
        "staff.delegated", subject=made, organisation=body, by=by, at=at,
        summary=f"{row.user}的{made.get_role_display()}委托{to}代理，至{timing.written(until)}，{made.reason}",
        data={"from": row.user_id, "to": to.pk, "role": row.role, "until": f"{until:%Y-%m-%d}"},
    )
    return made


def _lock(membership_id: int) -> Organisation:
    body_id = Membership.objects.values_list("organisation_id", flat=True).get(pk=membership_id)
    return Organisation.objects.select_for_update().get(pk=body_id)


def _check(row: Membership, to: User, until: dt.date, reason: str, today: dt.date) -> None:
    """Refuse what cannot be meant: no reason, a day too far, an inactive colleague."""
    if not reason.strip():
        raise DomainError("reason_missing", "请写明委托理由，例如：年休假、外出培训。")
    last = today + dt.timedelta(days=settings.DELEGATION_MAX_DAYS)
    if row.until is not None:
        last = min(last, row.until)
    if not today <= until <= last:
        raise DomainError("until", f"代理截止日应在今天至{timing.written(last)}之间。")
    if not to.is_active:
        raise DomainError("not_here", f"{to}的账号已停用，请选择其他同事。")


def _fits(row: Membership, to: User, theirs: Iterable[tuple[int, str]]) -> None:
    """Refuse a colleague of another body, an administrator, and the two sides of agency and review."""
    held = list(theirs)
    if row.organisation_id not in {pk for pk, _ in held} or to.pk == row.user_id:
        raise DomainError("not_here", f"代理人应是“{row.organisation.label}”的其他同事，请重新选择。")
    roles = {role for _, role in held}
    if roles & ADMIN_ROLES:
        raise DomainError("two_sides", "系统、安全、审计管理员不代理业务岗位，请选择其他同事。")
    if (row.role in REVIEWING and Role.AGENT in roles) or (row.role == Role.AGENT and roles & REVIEWING):
        raise DomainError("two_sides", "代办与审查要分开：代办专员不代理审查岗位，审查人员不代理代办。请选择其他同事。")


@transaction.atomic
def end_delegation(membership_id: int, *, by: User, at: dt.datetime | None = None) -> Membership:
    """End a delegation at once. Event `staff.delegation_ended`; a second call is a no-op. Raises `NotAllowed`."""
    body = _lock(membership_id)
    row = Membership.objects.select_for_update(of=("self",)).select_related("user", "giver").get(pk=membership_id)
    row.organisation = body
    require(account_rules.can_end_delegation, by, row)
    today = timing.business_day(at or timing.now())
    if row.until is not None and row.until < today:
        return row
    close(row, today)
    record(
        "staff.delegation_ended", subject=row, organisation=body, by=by, at=at,
        summary=f"结束代理：{row.user}不再代理{row.giver}的{row.get_role_display()}",
        data={"from": row.giver_id, "to": row.user_id, "role": row.role},
    )
    return row


def close(row: Membership, today: dt.date) -> None:
    """Let a membership have ended the day before, and with it what its person has given of it."""
    yesterday = today - dt.timedelta(days=1)
    row.since, row.until = min(row.since, yesterday), yesterday
    row.save(update_fields=["since", "until"])
    row.user.__dict__.pop("_access", None)
    if row.giver_id is None:
        given = Membership.objects.filter(giver=row.user, organisation=row.organisation_id, role=row.role)
        for other in given.filter(until__gte=today).select_related("user"):
            close(other, today)
