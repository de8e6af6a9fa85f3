"""Accounts of a whole city with their sessions, written in bulk: nobody's password is hashed, nobody types it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.crypto import get_random_string

from agency.models import Agent
from gaige.demo.people import CENTRE, GIVEN, SINCE, SURNAMES
from gaige.scale.copying import insert_rows
from gaige.sessions import BACKEND
from packages.models import ReviewDef
from projects import timing
from projects.models import Membership, Organisation, SignIn, User
from projects.services.sessions import SEEN
from projects.states import OrganisationKind, Role

BATCH = 5000
MADE = "city"
#: How many of a hundred clients are who; their accounts are spread over all bodies of the kind.
OWNER, CLERK, REVIEWER, AGENT, DIRECTOR = "enterprise", "clerk", "reviewer", "agent", "director"
SHARES = ((OWNER, 60), (CLERK, 15), (REVIEWER, 18), (AGENT, 5), (DIRECTOR, 2))
#: Of a city's accounts so many in a thousand are the office's.
CLERKS, REVIEWERS = 5, 25


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who is signed in: what they do, which account, the key of the session."""

    part: str
    user_id: int
    session_key: str


def make_accounts(count: int) -> None:
    """Bring the portal to so many accounts: a few clerks and reviewers, the others work for the enterprises."""
    first = User.objects.count()
    if first >= count:
        return
    firms = list(Organisation.objects.filter(kind=OrganisationKind.ENTERPRISE).order_by("pk"))
    bodies = list(Organisation.objects.filter(pk__in=ReviewDef.objects.values("organisation")).order_by("pk"))
    centre = Organisation.objects.get(code=CENTRE)
    firm, body, no_password = cycle(firms), cycle(bodies), make_password(None)
    for start in range(first, count, BATCH):
        places: list[tuple[Organisation, str]] = []
        for number in range(start, min(start + BATCH, count)):
            turn = number % 1000
            if turn < CLERKS:
                places.append((centre, Role.CLERK))
            elif turn < CLERKS + REVIEWERS:
                places.append((next(body), Role.REVIEWER))
            else:
                places.append((next(firm), Role.OWNER_STAFF))
        with transaction.atomic():
            _insert(start, places, no_password)


def _insert(first: int, places: list[tuple[Organisation, str]], no_password: str) -> None:
    people = [
        User(
            username=f"{MADE}-{number}", password=no_password,
            name=SURNAMES[number % len(SURNAMES)] + GIVEN[number * 7 % len(GIVEN)] + GIVEN[number * 3 % len(GIVEN)],
        )
        for number in range(first, first + len(places))
    ]
    insert_rows(User, people, batch=BATCH)
    insert_rows(
        Membership,
        [
            Membership(user=user, organisation=place, role=role, since=SINCE)
            for user, (place, role) in zip(people, places, strict=True)
        ],
        batch=BATCH,
    )


def sign_in_everybody(clients: int) -> list[Client]:
    """Give every made-up account a session, and return so many of them as clients, by what they do.

    Those who work on thousands of projects are few: their clients are several sessions of the same account, as of one
    person at two screens.
    """
    rows = User.objects.filter(username__startswith=f"{MADE}-").order_by("pk")
    keys: dict[int, str] = {}
    for start in range(0, rows.count(), BATCH):
        keys |= _sessions(list(rows[start:start + BATCH]))
    by_part = {
        OWNER: _of_role(Role.OWNER_STAFF), CLERK: _of_role(Role.CLERK), REVIEWER: _of_role(Role.REVIEWER),
    }
    chosen: list[Client] = []
    for part, share in SHARES:
        wanted = clients * share // 100
        if part in by_part:
            found = by_part[part]
            step = max(len(found) // wanted, 1)
            chosen += [Client(part, pk, keys[pk]) for pk in found[::step][:wanted]]
        else:
            chosen += _shared(part, wanted)
    return chosen


def _of_role(role: str) -> list[int]:
    found = Membership.objects.filter(role=role, user__username__startswith=f"{MADE}-").order_by("user")
    return list(found.values_list("user_id", flat=True))


def _shared(part: str, wanted: int) -> list[Client]:
    """Several sessions of each of the few people who do this."""
    if part == AGENT:
        people = [row.user for row in Agent.objects.select_related("user").order_by("pk")]
    else:
        people = list(User.objects.filter(username__in=["director", "office"]).order_by("pk"))
    found: list[Client] = []
    turn = cycle(people)
    while len(found) < wanted:
        user = next(turn)
        found += [Client(part, user.pk, key) for key in _sessions([user]).values()]
    return found


def _sessions(people: list[User]) -> dict[int, str]:
    """Write a session for each, as signing in leaves it; return the keys by account."""
    store, now = import_module(settings.SESSION_ENGINE).SessionStore(), timing.now()
    keys = {user.pk: get_random_string(32).lower() for user in people}
    Session.objects.bulk_create(
        [
            Session(
                session_key=keys[user.pk], expire_date=now + dt.timedelta(hours=10), session_data=store.encode({
                    SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: BACKEND,
                    HASH_SESSION_KEY: user.get_session_auth_hash(), SEEN: int(now.timestamp()),
                }),
            )
            for user in people
        ],
        batch_size=BATCH,
    )
    SignIn.objects.bulk_create(
        [SignIn(user=user, session_key=keys[user.pk], device="谷歌内核浏览器", started_at=now) for user in people],
        batch_size=BATCH,
    )
    return keys
