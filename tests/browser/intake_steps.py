"""What the tests of intake find when they come: run inside of the portal (`live_portal.python`)."""

from gaige.demo.moments import user
from packages.models import MatterCase
from packages.services import intake
from packages.states import CaseState
from projects import timing
from projects.models import Organisation
from projects.services.registration import register_project
from tests import factories


def registered(code, name):
    """A project that has its code and nothing else; returns its id."""
    owner = user("owner").memberships.select_related("organisation").get().organisation
    return register_project(
        by=user("clerk"), code=code, name=name, investment="social", region_code="140581", address="科创路 18 号",
        total_investment=3000, owner_uscc=owner.uscc, owner_name=owner.name,
        centre=Organisation.objects.get(code="approval-bureau"),
    ).pk


def past_planning(project):
    """The matters of the first stage were granted long ago."""
    now = timing.now()
    MatterCase.objects.filter(project=project, stage="planning").update(
        state=CaseState.PASSED, received_at=now, accepted_at=now, decided_at=now, ended_at=now
    )


def half_filled(code, name):
    """An application at the window that lacks its papers; returns its id."""
    from packages.services.enrolment import enrol

    project = registered(code, name)
    _, package, facts = factories.example("S3")
    enrol(project, package_code=package, facts=facts, by=user("clerk"))
    past_planning(project)
    codes = ["plan-permit", "construction-permit"]
    return intake.open_application(project, matter_codes=codes, by=user("clerk")).pk
