"""Page-sized reads of accounts: the own one, and what the security and the audit administrator look at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from agency.message_queries import masked
from projects.access import OWNER_ROLES, access_of
from projects.account_states import RequestState
from projects.crypto import mask
from projects.models import (
    Consent,
    Elevation,
    Membership,
    PasswordRecord,
    PersonRequest,
    SecondFactor,
    SignIn,
    User,
)
from projects.privacy_data import NOTICE, Words, all_words
from projects.services.elevation import role_of
from projects.services.sessions import OpenSession, open_sessions
from projects.staff_queries import current
from projects.states import ADMIN_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE, SHOWN = 30, 10
NOT_GIVEN = OWNER_ROLES | ADMIN_ROLES


@dataclass(frozen=True, slots=True)
class Agreed:
    """One purpose: its words, and since when the person agrees (None: not)."""

    words: Words
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Everything on 我的账号."""

    user: User
    phone: str
    email: str
    roles: list[Membership]
    given: list[Membership]
    taken: list[Membership]
    sessions: list[OpenSession]
    factor_since: dt.datetime | None
    recovery_left: int
    password_since: dt.datetime
    agreed: list[Agreed]
    told: Consent | None
    notice: Words
    requests: list[PersonRequest]
    is_administrator: bool

    @property
    def may_delegate(self) -> list[Membership]:
        """Own roles of the office."""
        return [row for row in self.roles if row.role not in NOT_GIVEN]


def account_page(user: User, session_key: str) -> AccountPage:
    """Return the page of the own account. A fixed number of queries."""
    rows = list(current(Membership.objects.filter(user=user)).select_related("organisation", "giver").order_by("pk"))
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    newest = PasswordRecord.objects.filter(user=user).order_by("-pk").values_list("set_at", flat=True).first()
    consents = {row.purpose: row for row in Consent.objects.standing().filter(user=user).order_by("version")}
    return AccountPage(
        user, mask(user.phone), masked(user.email), [row for row in rows if row.giver_id is None],
        list(given_by(user)), [row for row in rows if row.giver_id is not None],
        open_sessions(user, session_key), factor.confirmed_at if factor else None,
        len(factor.recovery) if factor else 0, newest or user.date_joined,
        [Agreed(one, _since(consents.get(one.code), one)) for one in all_words().values() if one.code != NOTICE],
        consents.get(NOTICE), all_words()[NOTICE], list(PersonRequest.objects.filter(user=user)[:SHOWN]),
        bool(role_of(user)),
    )


def held_contacts(user: User) -> dict[str, str]:
    """Return telephone and e-mail of the own account, masked; what is not on record is not in it. No query."""
    return {name: text for name, text in (("phone", mask(user.phone)), ("email", masked(user.email))) if text}


def _since(consent: Consent | None, words: Words) -> dt.datetime | None:
    return consent.given_at if consent is not None and consent.version == words.version else None


def recovery_left(user: User) -> int:
    """Return how many recovery codes are left."""
    return len(SecondFactor.objects.values_list("recovery", flat=True).get(user=user))


def given_by(user: User) -> QuerySet[Membership]:
    """Return the delegations that a person has given and that hold."""
    return current(Membership.objects.filter(giver=user)).select_related("user", "organisation").order_by("until", "pk")


def delegations_near(user: User) -> QuerySet[Membership]:
    """Return the delegations that concern a person: given, held, or at a body that the person heads."""
    heads = access_of(user)
    bodies = {pk for role in (Role.DIRECTOR, Role.CHIEF) for pk in heads.by_role.get(role, ())}
    near = Q(giver=user) | Q(user=user) | Q(organisation__in=bodies)
    return Membership.objects.filter(near, giver__isnull=False)


def delegable(user: User) -> QuerySet[Membership]:
    """Return the roles that a person may give away: own ones, and those of the body that the person heads."""
    access = access_of(user)
    bodies = {pk for role in (Role.DIRECTOR, Role.CHIEF) for pk in access.by_role.get(role, ())}
    rows = Membership.objects.filter(Q(user=user) | Q(organisation__in=bodies), giver=None).exclude(role__in=NOT_GIVEN)
    return current(rows).select_related("user", "organisation")


def colleagues(row: Membership) -> QuerySet[User]:
    """Return the people of the same body but the one whose role it is."""
    here = current(Membership.objects.filter(organisation=row.organisation_id, giver=None)).exclude(role__in=NOT_GIVEN)
    others = User.objects.filter(is_active=True, pk__in=here.values("user")).exclude(pk=row.user_id)
    return others.order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class ElevationPage:
    """Whether elevated work is on, and the last times."""

    now: Elevation | None
    before: list[Elevation]


def elevation_page(user: User) -> ElevationPage:
    """Return the state of elevated work of an administrator."""
    now = Elevation.objects.current().filter(user=user).first()
    return ElevationPage(now, list(Elevation.objects.filter(user=user)[:SHOWN]))


# The security administrator ------------------------------------------------------------------------------------------


def staff_accounts(text: str) -> list[User]:
    """Return the people of the office whose name or user name the text is in, with factor, roles, open sessions.

    Without a text those without a second factor first. Two queries.
    """
    roles = current(Membership.objects.exclude(role__in=OWNER_ROLES))
    stands = SecondFactor.objects.filter(user=OuterRef("pk"), confirmed_at__isnull=False)
    last = SignIn.objects.filter(user=OuterRef("pk")).order_by("-pk").values("started_at")[:1]
    people = User.objects.filter(pk__in=roles.values("user")).annotate(
        has_factor=Exists(stands), last_sign_in=Subquery(last)
    )
    if text := text.strip():
        people = people.filter(Q(name__icontains=text) | Q(username__istartswith=text))
    found: list[User] = list(people.order_by("has_factor", "pk")[:PAGE])
    _with_roles(found, roles)
    return found


def _with_roles(people: Iterable[User], roles: QuerySet[Membership]) -> None:
    by_user: dict[int, list[Membership]] = {}
    for row in roles.filter(user__in=list(people)).select_related("organisation").order_by("pk"):
        by_user.setdefault(row.user_id, []).append(row)
    for user in people:
        user.held = by_user.get(user.pk, [])  # type: ignore[attr-defined]


def open_requests() -> list[PersonRequest]:
    """Return what people ask about their data and nobody has answered, the most urgent first."""
    return list(
        PersonRequest.objects.filter(state=RequestState.OPEN).select_related("user").order_by("due_on", "pk")[:PAGE]
    )
