"""The matrix of roles (§18): every cell of `projects/catalog/roles.tsv` is asked of the real rules with real objects."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client
from django.urls import reverse

from acceptance import rules as acceptance_rules
from acceptance.models import AcceptanceApplication, SiteVisit
from acceptance.services.application import apply_for_acceptance
from agency import bulletin_rules, desk_rules
from agency import rules as agency_rules
from agency.models import Bulletin
from agency.services.bulletins import open_bulletin
from archives import rules as archive_rules
from archives.models import Transfer
from archives.services.codes import issue_token
from packages import promise_rules, review_rules, rules
from packages.models import Commitment, MaterialItem, ReviewTask
from packages.services.special import request_special
from projects import credit_rules, roles, timing
from projects import rules as project_rules
from projects.account_rules import can_see_roles
from projects.events import lock_project
from projects.models import CreditListing, CreditRecord, Involvement, Organisation, Project, Region, WorkUnit
from projects.services.involvement import involve
from projects.services.registration import register_project  # noqa: F401 - the walk of the factories
from projects.states import Role
from tests import factories

pytestmark = pytest.mark.django_db
OVERSIGHT = {"head", "inspector"}


@pytest.fixture
def actors(kept_actors):
    return kept_actors


def work(actors):
    """One project with one of everything that the matrix speaks of."""
    project = factories.enrolled_project(actors, "S2")
    with transaction.atomic():
        involve(lock_project(project.pk), role="service_agent", user=actors.agent, by=actors.dispatcher)
        involve(project, role="reviewer", organisation=factories.organisation("city-archive"), by=None)
    review = factories.in_review(project, "util-joint", actors)
    procedure = request_special(
        review.pk, by=actors.lead_reviewer, kind="expert", basis="评审办法第 6 条", planned_days=5
    )
    draft = factories.open_application(project, ["quality-safety"], actors)
    [received] = factories.received(project, ["waste-disposal"], actors)
    token = issue_token(project.pk, by=actors.clerk)
    unit = WorkUnit.objects.filter(project=project).first()
    Project.objects.filter(pk=project.pk).update(stage="acceptance")
    acceptance = apply_for_acceptance(unit.pk, by=actors.clerk)
    AcceptanceApplication.objects.filter(pk=acceptance.pk).update(state="site")
    SiteVisit.objects.update_or_create(
        acceptance=acceptance, defaults={"planned_on": timing.today(), "arranged_by": actors.clerk}
    )
    item = acceptance.items.filter(is_gate=True).first()
    type(item).objects.filter(pk=item.pk).update(organisation=factories.organisation("city-archive"), state="pending")
    now = timing.now()
    clock = review.promised_clock
    type(clock).objects.filter(pk=clock.pk).update(first_overdue_at=now)
    record = CreditRecord.objects.create(
        organisation=project.owner, project=project, rule="false-material", name="提供虚假材料", kind="bad", severity="A",
        points=-40, detail="情况", happened_on=timing.today(), recorded_at=now,
    )
    listing = CreditListing.objects.create(
        organisation=project.owner, project=project, record=record, reason="虚假材料", basis="认定书", proposed_at=now,
        changed_at=now, source=factories.organisation("housing"), state="pleaded",
    )
    transfer = Transfer.objects.create(
        project=project, receiver=factories.organisation("city-archive"), prepared_at=now
    )
    return SimpleNamespace(
        pk=project.pk, review=review.pk, procedure=procedure, draft=draft.pk, received=received.pk, token=token,
        item=item.pk, clock=clock.pk, record=record.pk, listing=listing.pk, transfer=transfer.pk,
    )


def elsewhere(one, actors):
    """Make the work another city's: owner, centre, region, departments, agents."""
    centre, owner = factories.organisation("devzone"), actors.other_body
    region = Region.objects.exclude(code__startswith="1405").exclude(code__endswith="00").first()
    Project.objects.filter(pk=one.pk).update(centre=centre, owner=owner, region=region)
    Involvement.objects.filter(project=one.pk).delete()
    other = factories.organisation("heritage")
    for model, keys in (
        (CreditRecord, {"organisation": owner}), (CreditListing, {"organisation": owner, "source": other}),
        (Transfer, {"receiver": other}),
    ):
        model.objects.filter(project=one.pk).update(**keys)
    tasks = ReviewTask.objects.filter(session__case=one.review).order_by("pk")
    tasks.exclude(pk=tasks.first().pk).delete()
    tasks.update(organisation=other)
    type(fetch(one, "item")).objects.filter(pk=one.item).update(organisation=other)
    lead_of(one, other)


def lead_of(one, body):
    """Let a department lead the cases of the work."""
    from packages.models import JointSession, MatterCase

    MatterCase.objects.filter(pk__in=[one.review, one.received]).update(lead=body)
    JointSession.objects.filter(case=one.review).update(lead=body)


def fetch(one, name):
    from acceptance.models import AcceptanceItem
    from packages.models import MatterCase, SpecialProcedure
    from projects.models import Clock

    models = {
        "review": MatterCase, "received": MatterCase, "item": AcceptanceItem, "clock": Clock, "record": CreditRecord,
        "listing": CreditListing, "transfer": Transfer,
    }
    if name == "procedure":
        return SpecialProcedure.objects.get(pk=one.procedure.pk)
    return models[name].objects.get(pk=getattr(one, name))


# What each action asks of the rules ----------------------------------------------------------------------------------


def sees(user, one):
    return Project.objects.visible_to(user).filter(pk=one.pk).exists()


def card(user, one, role):
    client = Client()
    if user.is_authenticated:
        client.force_login(user)
    page = client.get(reverse("archives:public", args=[one.token.token]))
    return {"read": page.status_code in (200, 302)}


def facts(user, one, role):
    project = Project.objects.get(pk=one.pk)
    return {"read": sees(user, one), "write": rules.can_enrol(user, project)}


def upload(user, one, role):
    item = MaterialItem.objects.filter(case__application=one.draft).first()
    # whose department has the paper: the one that is asked, where departments bring papers at all
    item.supplier = user_body(user) if role in LEADS else factories.organisation("heritage")
    item.source = "department"
    return {"act": rules.can_set_material(user, item), "supply": sees(user, one) and rules.can_supply(user, item)}


def user_body(user):
    row = user.memberships.first() if user.is_authenticated else None
    return row.organisation if row else None


def intake(user, one, role):
    case = fetch(one, "received")
    return {"act": all((rules.can_accept(user, case), rules.can_notice(user, case), rules.can_refuse(user, case)))}


def opinion(user, one, role):
    tasks = ReviewTask.objects.filter(session__case=one.review).exclude(role="lead")
    given = any(review_rules.can_give_opinion(user, task) for task in tasks)
    return {"act": given or acceptance_rules.can_record(user, fetch(one, "item"))}


def decide(user, one, role):
    return {"act": rules.can_decide(user, fetch(one, "review"))}


def special(user, one, role):
    return {
        "start": rules.can_start_special(user, fetch(one, "review")),
        "approve": rules.can_approve_special(user, fetch(one, "procedure")),
        "read": role in OVERSIGHT and sees(user, one),
    }


def assign(user, one, role):
    project = Project.objects.get(pk=one.pk)
    return {"act": agency_rules.can_assign(user, project), "ask": desk_rules.can_ask(user, project)}


def commitment(user, one, role):
    return {"act": promise_rules.can_sign_commitment(user, Commitment.objects.get(case__application=one.draft))}


def escalate(user, one, role):
    case = fetch(one, "review")
    asks = role in {"owner", "utility"} and sees(user, one)  # tells the agent of the project, who escalates
    return {"act": sees(user, one) and rules.can_urge(user, case), "ask": asks}


def bulletin(user, one, role):
    row = Bulletin.objects.filter(centre=_centre(one)).first()
    return {
        "summary": Client().get(reverse("agency:bulletins")).status_code == 200,
        "read": Bulletin.objects.visible_to(user).filter(pk=row.pk).exists() and bulletin_rules.can_see_bulletins(user),
        "draft": bulletin_rules.can_open_bulletin(user, row.centre),
    }


def _centre(one):
    return Project.objects.get(pk=one.pk).centre


def credit(user, one, role):
    record = fetch(one, "record")
    return {
        "read": CreditRecord.objects.visible_to(user).filter(pk=record.pk).exists(),
        "record": credit_rules.can_record(user, record.organisation),
        "object": credit_rules.can_contest(user, record),
        "list": credit_rules.can_decide(user, fetch(one, "listing")),
    }


def transfer(user, one, role):
    row = fetch(one, "transfer")
    return {
        "read": Transfer.objects.visible_to(user).filter(pk=row.pk).exists(),
        "hand": sees(user, one) and archive_rules.can_transfer(user, row.project),
        "accept": archive_rules.can_receive(user, row),
    }


def override(user, one, role):
    return {
        "act": project_rules.can_explain_overdue(user, fetch(one, "clock")),
        "read": role in OVERSIGHT and sees(user, one),
    }


PROBES = {probe.__name__: probe for probe in (
    card, facts, upload, intake, opinion, decide, special, assign, commitment, escalate, bulletin, credit, transfer,
    override,
)}
#: Whose own matter the cases are while a role is asked.
LEADS = {"reviewer": "housing", "chief": "housing", "utility": "power-company"}


@pytest.mark.slow
def test_every_cell_of_the_matrix_is_what_the_rules_say(actors, settings):
    settings.PUBLIC_RATE_PER_MINUTE = 0
    mine, theirs = work(actors), work(actors)
    elsewhere(theirs, actors)
    for centre in (actors.centre, _centre(theirs)):
        open_bulletin(centre, year=2026, month=10)
    people = {
        "public": AnonymousUser(), "owner": actors.owner, "agent": actors.agent, "clerk": actors.clerk,
        "reviewer": factories.official("housing", Role.REVIEWER), "chief": factories.official("housing", Role.CHIEF),
        "utility": factories.official("power-company", Role.REVIEWER), "head": actors.director,
        "archive": factories.official("city-archive", Role.REVIEWER),
        "inspector": factories.person("inspector", "督查", Role.INSPECTOR, actors.centre),
    }
    assert set(people) == set(roles.ROLES)
    for code in set(LEADS.values()):
        with transaction.atomic():
            involve(lock_project(mine.pk), role="reviewer", organisation=factories.organisation(code), by=None)
    wrong, asked = [], 0
    for role, user in people.items():
        lead = LEADS.get(role, "approval-bureau")
        lead_of(mine, factories.organisation(lead))
        ReviewTask.objects.filter(session__case=mine.review).exclude(role="lead").update(state="invited")
        tasks = ReviewTask.objects.filter(session__case=mine.review).exclude(role="lead")
        body = factories.organisation(LEADS.get(role, "heritage"))
        if not tasks.filter(organisation=body).exists():
            ReviewTask.objects.filter(pk=tasks.first().pk).update(organisation=body)
        for cell in (one for one in roles.cells() if one.role == role):
            for where, one, expected in (("own", mine, cell.own), ("other", theirs, cell.other)):
                found = {verb for verb, ok in PROBES[cell.action](user, one, role).items() if ok}
                asked += 1
                if found != expected:
                    wrong.append((cell.action, role, where, sorted(expected), sorted(found)))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked == 2 * len(PROBES) * len(people) == 280


def test_the_page_of_the_matrix_prints_it(actors):
    client = Client()
    client.force_login(actors.clerk)
    page = client.get(reverse("gaige:roles"))
    assert (len(page.context["matrix"].rows), len(page.context["matrix"].roles)) == (len(PROBES), 10)
    assert "批准（不是发起人）" in page.text
    assert not can_see_roles(actors.owner)
    assert Organisation.objects.filter(code="city-archive").exists()
