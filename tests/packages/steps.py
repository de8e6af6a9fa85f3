"""The questions that every transition answers: works, tells exactly this, wrong role, outsider, second press."""

import pytest
from django.apps import apps
from django.core.exceptions import FieldError

from projects.errors import DomainError, NotAllowed
from projects.events import fold, verify_chain
from projects.fsm import StateField, StateModel
from projects.models import Event, Project


class Log:
    """The events of a project since a moment, as (kind, status code)."""

    def __init__(self, project):
        self.project = project
        self.mark()

    def mark(self):
        """Forget what was told so far."""
        self.last = Event.objects.filter(project=self.project).order_by("seq").values_list("seq", flat=True).last() or 0

    def told(self):
        """Kind and national code of each event since the mark."""
        rows = Event.objects.filter(project=self.project, seq__gt=self.last).order_by("seq")
        return list(rows.values_list("kind", "status_code"))


def check_step(project, act, *, right, wrong, reason, told, second=None, rule_code=None):
    """Walk one step through its questions; return what the service returned.

    `act` takes the actor. `wrong` is refused with exactly `reason`. `told` is the whole list of events it writes.
    `second` is the code a second press is refused with, or None where it changes nothing.
    """
    log = Log(project)
    with pytest.raises(NotAllowed) as refused:
        act(wrong)
    assert refused.value.message == reason
    if rule_code is not None:
        assert refused.value.code == rule_code
    assert log.told() == []

    result = act(right)
    assert log.told() == told

    log.mark()
    if second is None:
        act(right)
    else:
        with pytest.raises(DomainError) as again:
            act(right)
        assert again.value.code == second
    assert log.told() == []
    holds(project)
    return result


def holds(project):
    """The chain is whole, and folding the events gives the states that the rows have."""
    assert verify_chain(f"project:{project.pk}") is None
    row = Project.objects.get(pk=project.pk)
    states = fold(row)
    assert states == rows_of(row)


#: Ways from a row with a protected state to its project.
WAYS = (
    "project", "case__project", "consultation__project", "session__project", "review__project", "request__project",
    "acceptance__project", "book__project", "inspection__project", "rating__ask__project",
)


#: Their events belong to a body.
WITHOUT_PROJECT = {
    "agency.Bulletin", "agency.FollowUp", "agency.Voice", "packages.RegionalResult", "projects.CreditRecord",
    "projects.CreditListing",
}


def rows_of(project):
    """The states that all rows of the project have, of whatever model, keyed as the fold keys them."""
    found = {}
    for model in apps.get_models():
        if not issubclass(model, StateModel) or model._meta.label in WITHOUT_PROJECT:
            continue
        fields = [field.name for field in model._meta.concrete_fields if isinstance(field, StateField)]
        for row in model.objects.filter(**{way_to_project(model): project.pk}):
            found |= {(model._meta.label, str(row.pk), name): getattr(row, name) for name in fields}
    return found


def way_to_project(model):
    """Return the lookup that leads from a model to its project."""
    if model is Project:
        return "pk"
    for way in WAYS:
        try:
            model.objects.filter(**{way: 0})
        except FieldError:
            continue
        return way
    raise AssertionError(f"no way from {model.__name__} to its project")


def invisible(outsider, *rows):
    """An outsider finds none of these: the page answers 404."""
    for row in rows:
        assert not type(row).objects.visible_to(outsider).filter(pk=row.pk).exists()


def ready_codes(project, count=2):
    """Codes of matters that can be applied for now."""
    from packages import queries

    return [
        case.matter.matter.code for case, draft in queries.open_drafts(project)
        if draft.is_ready and case.handling == "review" and case.application_id is None
    ][:count]
