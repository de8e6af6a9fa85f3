"""The questions that every transition answers: works, tells exactly this, wrong role, outsider, second press."""

import pytest

from projects.errors import DomainError, NotAllowed
from projects.events import fold, verify_chain
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


def rows_of(project):
    """The states that the rows of a project have, keyed as the fold keys them."""
    from archives.models import Paper, QrToken
    from packages.models import (
        Commitment,
        Extension,
        JointSession,
        MatterCase,
        ReviewTask,
        SpecialProcedure,
        Withdrawal,
    )
    from packages.models import Breach, DrawingReview, OneStop, SampleTicket
    from projects.models import IssueItem

    def key(row, field="state"):
        return (row._meta.label, str(row.pk), field)

    found = {key(project, "stage"): project.stage, key(project, "status"): project.status}
    groups = [
        MatterCase.objects.filter(project=project), JointSession.objects.filter(project=project),
        Commitment.objects.filter(case__project=project),
        ReviewTask.objects.filter(session__project=project), IssueItem.objects.filter(project=project),
        Withdrawal.objects.filter(case__project=project), SpecialProcedure.objects.filter(case__project=project),
        Extension.objects.filter(case__project=project),
        DrawingReview.objects.filter(project=project), Breach.objects.filter(review__project=project),
        SampleTicket.objects.filter(review__project=project), OneStop.objects.filter(project=project),
        Paper.objects.filter(project=project), QrToken.objects.filter(project=project),
    ]
    for rows in groups:
        found |= {key(row): row.state for row in rows}
    return found


def invisible(outsider, *rows):
    """An outsider finds none of these: the page answers 404."""
    for row in rows:
        assert not type(row).objects.visible_to(outsider).filter(pk=row.pk).exists()
