"""Page-sized reads of people: those of one body, and for administrators all bodies."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from projects import account_rules, timing
from projects.access import OWNER_ROLES, access_of
from projects.errors import Verdict
from projects.models import Event, Invitation, Membership, Organisation, Project, User
from projects.states import FIRMS, Role

CHANGES, MOST, PAGE = 10, 200, 30


@dataclass(frozen=True, slots=True)
class Person:
    """One membership, with what the asker may do about it."""

    row: Membership
    end: Verdict
    lead: Verdict
    reset: Verdict
    is_self: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """One open invitation."""

    row: Invitation
    may: Verdict


@dataclass(frozen=True, slots=True)
class StaffPage:
    """The people of one body."""

    body: Organisation
    people: list[Person]
    pending: list[Pending]
    changes: list[Event]
    may_invite: Verdict
    is_admin: bool


def bodies_visible_to(user: User) -> QuerySet[Organisation]:
    """Return the bodies whose people the asker may see: the own enterprises, for an administrator all."""
    access = access_of(user)
    if access.has(Role.ADMIN):
        return Organisation.objects.all()
    own = {pk for role in OWNER_ROLES for pk in access.by_role.get(role, ())}
    return Organisation.objects.filter(pk__in=own)


def holding(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Return those that hold today or will."""
    return memberships.filter(Q(until=None) | Q(until__gte=timing.today()))


def current(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Return those that hold today."""
    return holding(memberships).filter(since__lte=timing.today())


def standing_ins(*organisation_ids: int | None) -> list[Membership]:
    """Return who stands in for whom at these bodies today (委托代理), as the page of a case shows it. One query."""
    rows = current(Membership.objects.filter(organisation__in=organisation_ids, giver__isnull=False))
    return list(rows.select_related("user", "giver", "organisation").order_by("role", "pk")[:PAGE])


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm of a project: what it is there, who leads it today, and the open code of whoever shall."""

    body: Organisation
    what: str
    leads: list[Membership]
    pending: Invitation | None

    @property
    def word(self) -> str:
        """Whether it has an account."""
        if self.leads:
            return "已有账号"
        return "已给开通码" if self.pending else "没有账号"


@dataclass(frozen=True, slots=True)
class FirstAccountPage:
    """The firms of a project, the owner first, and the one that is chosen."""

    firms: list[Firm]
    firm: Firm


def has_lead(organisation_id: int) -> bool:
    """Return whether somebody has the account of the responsible person of an enterprise. One query."""
    return current(Membership.objects.filter(organisation=organisation_id, role=Role.OWNER_LEAD)).exists()


def first_account_page(project: Project, chosen: int | None) -> FirstAccountPage | None:
    """Return the firms of a project and the chosen one, the owner's at first; None for one that has no part in it.

    Three queries.
    """
    what = {project.owner_id: ["建设单位"]}
    bodies = {project.owner_id: project.owner}
    for party in project.parties.filter(organisation__kind__in=FIRMS).select_related("organisation"):
        bodies[party.organisation_id] = party.organisation
        words = what.setdefault(party.organisation_id, [])
        words += [word for word in [party.get_role_display()] if word not in words]
    lead = {"organisation__in": list(bodies), "role": Role.OWNER_LEAD}
    leads = list(current(Membership.objects.filter(**lead)).select_related("user").order_by("pk"))
    codes = {row.organisation_id: row for row in Invitation.objects.open(timing.now()).filter(**lead).order_by("pk")}
    firms = [
        Firm(body, "、".join(what[pk]), [row for row in leads if row.organisation_id == pk], codes.get(pk))
        for pk, body in bodies.items()
    ]
    wanted = next((firm for firm in firms if firm.body.pk == (chosen or project.owner_id)), None)
    return FirstAccountPage(firms, wanted) if wanted else None


def staff_page(body: Organisation, user: User) -> StaffPage:
    """Return the people of a body, its open invitations, and what changed last. A fixed number of queries."""
    is_admin = access_of(user).has(Role.ADMIN)
    rows = holding(Membership.objects.filter(organisation=body)).select_related("user", "giver").order_by("role", "pk")
    people, elsewhere = [], _working_elsewhere(body, user)
    for row in rows[:MOST]:
        row.organisation = body
        lead = account_rules.can_hand_over(user, row)
        reset = account_rules.can_reset_password(user, row, elsewhere=row.user_id in elsewhere)
        people.append(Person(row, account_rules.can_end_membership(user, row), lead, reset, row.user_id == user.pk))
    waiting = Invitation.objects.open(timing.now()).filter(organisation=body).order_by("-pk")[:MOST]
    pending = [Pending(row, account_rules.can_invite(user, (body, row.role))) for row in waiting]
    changes = Event.objects.filter(chain=f"organisation:{body.pk}", kind__startswith="staff.").order_by("-pk")
    return StaffPage(
        body, people, pending, list(changes[:CHANGES]),
        account_rules.can_invite(user, (body, Role.OWNER_STAFF if not is_admin else "")), is_admin,
    )


def _working_elsewhere(body: Organisation, user: User) -> set[int]:
    """Return those of the people of a body who also work for one that the asker does not lead. One query."""
    here = holding(Membership.objects.filter(organisation=body)).values("user_id")
    led = access_of(user).by_role.get(Role.OWNER_LEAD, frozenset())
    others = holding(Membership.objects.filter(user_id__in=here)).exclude(organisation__in={body.pk, *led})
    return set(others.values_list("user_id", flat=True))


def bodies(text: str) -> list[Organisation]:
    """Return the bodies whose name, short name, credit code or people the text is in, with how many people they have.

    Without a text those with people first. One query.
    """
    today = timing.today()
    number = Count(
        "memberships__user",
        filter=Q(memberships__until=None) | Q(memberships__until__gte=today), distinct=True,
    )
    found = Organisation.objects.annotate(number=number)
    if text := text.strip():
        people = Membership.objects.filter(Q(user__name__icontains=text) | Q(user__username__istartswith=text))
        found = found.filter(
            Q(name__icontains=text) | Q(short_name__icontains=text) | Q(uscc__istartswith=text)
            | Q(pk__in=people.values("organisation"))
        )
    return list(found.order_by("-number", "pk")[:PAGE])
