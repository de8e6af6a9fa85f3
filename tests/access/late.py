"""补录: the forms of what in life happens away from the screen, each with who keys it in and what has to be so before."""

import datetime as dt

from django.db import transaction
from django.test import Client
from django.urls import reverse

from acceptance.models import AcceptanceApplication, AcceptanceItem, SiteVisit
from agency.models import FollowUp
from archives.models import Bundle
from packages.models import Application, Conference, Deferral, JointSession
from projects import timing
from projects.models import Event, Project
from projects.services.involvement import involve
from projects.states import InvolvementRole
from tests import factories

FIELD, WORDS = 'name="happened_at"', "实际办理时间不能晚于现在。"


def handed_in(world):
    """The papers of the application are handed in."""
    Application.objects.filter(pk=world.acceptance.application_id).update(submitted_at=timing.now())
    AcceptanceApplication.objects.filter(pk=world.acceptance.pk).update(state="applied")


def at_site(world):
    """The departments are at the site on the day that was appointed."""
    SiteVisit.objects.create(
        acceptance=world.acceptance, planned_on=timing.today(), arranged_by=world.actors.clerk, proposals=[]
    )
    AcceptanceApplication.objects.filter(pk=world.acceptance.pk).update(state="site")


def listed(world):
    """Every item has its result."""
    at_site(world)
    AcceptanceItem.objects.filter(acceptance=world.acceptance).update(state="passed")


def reviewing(world):
    """The departments look at the papers."""
    AcceptanceApplication.objects.filter(pk=world.acceptance.pk).update(state="doc_review")


def merging(world):
    """The lead merges what the departments found."""
    AcceptanceApplication.objects.filter(pk=world.acceptance.pk).update(state="merging")


def rechecking(world):
    """The owner has handed the list back."""
    AcceptanceApplication.objects.filter(pk=world.acceptance.pk).update(state="recheck")
    AcceptanceItem.objects.filter(pk=world.acceptance_item.pk).update(state="rectifying")


def to_call(world):
    """Who rated has not been called back."""
    FollowUp.objects.filter(pk=world.follow.pk).update(state="to_call")


def answered(world):
    """All departments have answered; the lead merges."""
    JointSession.objects.filter(pk=world.session.pk).update(state="merging")


def meeting(world):
    """The conference is called, its minutes are not kept yet."""
    JointSession.objects.filter(pk=world.session.pk).update(state="conference")


def signing(world):
    """The minutes are kept, and what a department now says waits for its signature."""
    Conference.objects.filter(pk=world.conference.pk).update(
        closed_at=timing.now(),
        closed_by=world.actors.lead_reviewer,
        held_on=timing.today(),
        minutes="议",
        outcome="settled",
    )
    world.conference.seats.update(verdict="agree", reason="同意", delegate="李")


def missed(world):
    """The deferred paper did not come in its time."""
    Deferral.objects.filter(pk=world.deferral.pk).update(is_late=True, late_at=timing.now())


def delivered(world):
    """The works are delivered and the package of the archive is made."""
    Project.objects.filter(pk=world.project.pk).update(stage="delivered", delivered_at=timing.now())
    Bundle.objects.filter(pk=world.handing_bundle.pk).update(
        made_at=timing.now(), storage_key="bag", size=1, algorithm="sha256", digest="0" * 64
    )


def passed(world):
    """The joint acceptance of the whole project is passed."""
    AcceptanceApplication.objects.filter(pk=world.acceptance.pk).update(
        state="passed", scope="project", concluded_at=timing.now()
    )


#: address -> object of the world, who keys it in (an actor, or `body role`), what has to be so before
FORMS = {
    # the window and the decision
    "packages:hand_in": ("draft", "clerk"),
    "packages:accept": ("application", "clerk"),
    "packages:case_accept": ("received", "clerk"),
    "packages:notice": ("application", "clerk"),
    "packages:case_notice": ("received", "clerk"),
    "packages:return_corrected": ("faulty_application", "clerk"),
    "packages:refuse": ("received", "clerk"),
    "packages:on_spot": ("received", "clerk"),
    "packages:settle": ("issue", "clerk"),
    "packages:withdraw": ("received", "clerk"),
    "packages:withdrawal": ("withdrawal", "clerk"),
    "packages:decide": ("reviewed", "chief"),
    "packages:deliver": ("reviewed", "clerk"),
    "packages:revoke": ("reviewed", "chief"),
    "packages:recall": ("reviewed", "clerk"),
    "packages:overdue": ("reviewed", "chief"),
    "packages:special_start": ("reviewed", "reviewer"),
    "packages:special_approve": ("procedure", "chief"),
    "packages:special_end": ("reviewed", "reviewer"),
    "packages:extend": ("reviewed", "reviewer"),
    "packages:extension_approve": ("extension", "chief"),
    "archives:hand_over": ("paper", "clerk"),
    # the joint review
    "packages:review": ("task", "reviewer"),
    "packages:refer": ("task", "reviewer"),
    "packages:advise": ("referral", "reviewer"),
    "packages:supplement": ("task", "reviewer"),
    "packages:merge": ("session", "who merges", answered),
    "packages:rectify": ("session", "who merges", answered),
    "packages:reconsult": ("task", "who merges", answered),
    "packages:call": ("session", "who merges", answered),
    "packages:conference": ("conference", "who merges", meeting),
    "packages:sign": ("seat", "reviewer", signing),
    "packages:push": ("session", "lead_reviewer"),
    # utilities, promises
    "packages:utility_accept": ("joint", "clerk"),
    "packages:utility_appoint": ("joint", "clerk"),
    "packages:utility_survey": ("joint", "clerk"),
    "packages:utility_reply": ("joint", "clerk"),
    "packages:utility_answer": ("utility_line", "reviewer"),
    "packages:utility_own_works": ("utility_line", "agent"),
    "packages:utility_works": ("utility_line", "reviewer"),
    "packages:utility_fix": ("utility_line", "reviewer"),
    "packages:utility_connect": ("utility_line", "reviewer"),
    "packages:utility_leave": ("utility_line", "clerk"),
    "packages:commitment_check": ("commitment", "reviewer"),
    "packages:commitment_breach": ("commitment", "chief"),
    "packages:deferral_time": ("deferral", "chief", missed),
    # permits that run out, letters in lieu
    "packages:prepermit": ("reviewed", "chief"),
    "packages:convert_letter": ("letter", "chief"),
    "packages:use_letter": ("item", "clerk"),
    "packages:inspect": ("permit", "reviewer"),
    "packages:report_working": ("permit", "reviewer"),
    "packages:close_stop": ("permit", "reviewer"),
    # the archive and the registry
    "archives:transfer_step": ("handing =hand", "agent", delivered),
    "archives:transfer_return": ("handing", "agent", delivered),
    "acceptance:hand_over": ("acceptance", "clerk", passed),
    # drawings
    "packages:drawing_opinion": ("drawing", "reviewer"),
    "packages:drawing_handle": ("drawing", "chief"),
    "packages:drawing_check": ("breach", "reviewer"),
    "packages:sample": ("ticket", "reviewer"),
    "packages:sample_mend": ("ticket", "clerk"),
    "packages:sample_verify": ("ticket", "reviewer"),
    # the joint acceptance and the supervision
    "acceptance:accept": ("acceptance", "clerk", handed_in),
    "acceptance:papers": ("acceptance", "lead", reviewing),
    "acceptance:visit": ("acceptance", "lead", reviewing),
    "acceptance:item": ("acceptance_item", "own", at_site),
    "acceptance:list": ("acceptance", "lead", listed),
    "acceptance:recheck": ("acceptance_item", "own", rechecking),
    "acceptance:conclude": ("acceptance", "lead chief", merging),
    "acceptance:late_ask": ("acceptance_item", "own", merging),
    "acceptance:inspection_start": ("inspection", "reviewer"),
    "acceptance:inspection_unit": ("inspection_unit", "reviewer"),
    "acceptance:inspection_close": ("inspection", "reviewer"),
    "acceptance:finding_recheck": ("finding", "reviewer"),
    # the agency
    "agency:order": ("order", "agent"),
    "agency:finish": ("order", "agent"),
    "agency:decide": ("step", "reviewer"),
    "agency:slip_answer": ("slip", "reviewer"),
    "agency:slip_close": ("slip", "director"),
    "agency:follow_step": ("follow =call", "dispatcher", to_call),
    "agency:rectify_step": ("follow =mend", "reviewer"),
}


def person(world, who):
    """Who keys it in: an actor of the world, or somebody of the body that has to act, which takes part."""
    if who == "who merges":
        return factories.official(world.session.lead.code, "reviewer")
    if who not in {"own", "lead", "lead chief"}:
        return getattr(world.actors, who)
    body = world.acceptance_item.organisation if who == "own" else world.acceptance.lead
    involve(world.acceptance.project, role=InvolvementRole.REVIEWER, organisation=body, by=None)
    return factories.official(body.code, "chief" if who == "lead chief" else "reviewer")


def shown_on(world, name):
    """The page on which a form stands that has none of its own."""
    pages = {"packages:sign": ("packages:conference", world.conference), "archives:transfer_step": (
        "archives:transfer", world.project
    )}
    page, subject = pages.get(name, (None, None))
    return page and reverse(page, args=[subject.pk])


def refuses_what_has_not_come(world, name):
    """Ask one of the forms as who keys it in, then as the enterprise; what it changed is taken back."""
    subject, who, *before = FORMS[name]
    parts = [part[1:] if part.startswith("=") else getattr(world, part).pk for part in subject.split()]
    url, client = reverse(name, args=parts), Client()
    with transaction.atomic():
        for prepare in before:
            prepare(world)
        client.force_login(person(world, who))
        shown = shown_on(world, name) or url
        assert FIELD in client.get(shown).content.decode()
        events = Event.objects.count()
        ahead = f"{timing.now() + dt.timedelta(days=2):%Y-%m-%dT%H:%M}"
        assert WORDS in client.post(url, {"happened_at": ahead}).content.decode()
        assert Event.objects.count() == events
        client.force_login(world.actors.owner)
        assert FIELD not in client.get(shown).content.decode()
        transaction.set_rollback(True)
