"""Permits for a part or for a time and letters in lieu, for the tests of `living`: given, and what is asked of them."""

import datetime as dt

import pytest

from packages.living_providers import living_waiting
from packages.models import ConditionalPermit, Letter, MatterCase
from projects import timing
from projects.errors import DomainError
from projects.models import Event
from projects.states import Role
from projects.waiting import waiting_on
from tests import factories
from tests.oracles import living_oracle

BEFORE = ("land-preexam", "ent-filing", "ent-approval", "design-scheme", "gov-prelim", "agency-survey", "agency-design",
          "bid-design")
BEFORE_FORMAL = ("plan-permit", "drawing-review", "fire-design", "civil-defence", "bid-construct")
UNTIL = dt.date(2027, 1, 2)


def force(project, *codes):
    """Let matters stand granted that are not what is tested here."""
    MatterCase.objects.filter(project=project, matter__matter__code__in=codes).update(
        state="decided_pass", decided_at=timing.now()
    )


def piling(actors, **changes):
    """A housing project that begins with its piles, with what comes before them granted."""
    project = factories.enrolled_project(actors, "A4", **changes)
    force(project, *BEFORE)
    return project


def with_letter(actors):
    """Its land papers are promised by a letter."""
    project = piling(actors)
    factories.pass_matter(project, "letter-cert", actors)
    return project, Letter.objects.get(project=project)


def with_permit(actors, project=None):
    """The piles may be driven: the letter carries the land papers."""
    project = project or with_letter(actors)[0]
    factories.pass_matter(project, "pile-permit", actors)
    return project, ConditionalPermit.objects.get(project=project)


def inspector():
    return factories.official("housing", Role.REVIEWER)


def kinds_of(living_paper):
    found = Event.objects.filter(subject_type=living_paper._meta.label, subject_key=str(living_paper.pk))
    return list(found.order_by("seq").values_list("kind", flat=True))


def roles(project):
    """Whom the project's permits and letters wait for; the oracle says the same."""
    told = sorted(((w.role, w.verb, w.what, w.due_on) for w in living_waiting([factories.fresh(project)])), key=repr)
    assert told == living_oracle.living(project.pk)
    return [(line.role, line.verb, line.what, line.due_on) for line in waiting_on(factories.fresh(project))
            if line.url.startswith(("/permits/", "/letters/"))]


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code
    return error.value.message


def keyed_in(moment):
    return f"{moment.astimezone(timing.BUSINESS_ZONE):%Y-%m-%dT%H:%M}"
