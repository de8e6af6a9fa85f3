"""Steps on what may follow later (容缺) and on what is promised (承诺): cases with such papers, and what is waited for."""


from django.db.models import QuerySet

from packages.models import JointSession, MaterialDef, MaterialItem, MatterCase
from packages.services import intake, setting_lines
from projects.waiting import waiting_on
from tests import factories
from tests.packages.steps import holds

LATER, PROMISED = "wage-deposit", "soil-plan"


def deferred(project, actors, before, *, days=10, late="refuse"):
    """An accepted case whose bank guarantee was missing; the catalogue says until when it may follow.

    What has to be there before the decision gets a promise that leaves it its days.
    """
    application = factories.open_application(project, [LATER], actors)
    item = MaterialItem.objects.get(case__application=application, kind__slug="wage-guarantee")
    QuerySet(MaterialDef).filter(pk=item.definition_id).update(
        deferral_days=days, arrives_before=before, late_consequence=late
    )
    if before == "decision":
        MatterCase.objects.filter(pk=item.case_id).update(promised_days=days + 1)
    intake.set_material(item.pk, state="deferred", by=actors.owner)
    factories.complete(application, actors.clerk)
    intake.submit_application(application.pk, by=actors.clerk)
    intake.accept_case(item.case_id, by=actors.clerk)
    return factories.make_case(project, LATER), item


def ready(case, project, clock):
    """Reviewed and merged; what comes before it is granted."""
    factories.drain()
    if JointSession.objects.filter(case=case).exists():
        factories.answer_all(case)
        factories.merge(factories.fresh(case))
    before = case.matter.prerequisites.values_list("matter_id", flat=True)
    MatterCase.objects.filter(project=project, matter__matter__in=list(before), state="draft").update(
        state="decided_pass", decided_at=clock.moment
    )
    return factories.fresh(case)


def whole(project):
    """Events and rows agree, what `ready` granted without an event taken back."""
    MatterCase.objects.filter(project=project, state="decided_pass", number="").update(state="draft", decided_at=None)
    holds(project)


def hand_in(item, by, text="补"):
    return setting_lines.set_material(item.pk, state="uploaded", by=by, uploaded=factories.pdf(text=text))


def words(project):
    """Whom the project waits for, as the office reads it, without the days."""
    return [(row.rank, row.role, row.verb, row.what, row.due_on) for row in waiting_on(project) if row.verb != "指派"]
