"""时间机器: the project as it was at the end of a day, for who may see it: stage, work, debts, papers, archive."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from archives.models import Document, Paper
from archives.states import CLASS_NAMES, PaperState
from projects import asof
from projects.access import access_of
from projects.models import Event
from projects.states import ISSUE_OPEN

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.asof import StateThen
    from projects.models import Project, User

PROJECT, PAPER, ISSUE = "projects.Project", "archives.Paper", "projects.IssueItem"
#: What the enterprise reads of: its work, what it owed; the inner work of the departments stays theirs.
FOR_OWNER = frozenset({
    "packages.MatterCase", "packages.Application", "acceptance.AcceptanceApplication", ISSUE, "archives.QrToken",
    "archives.Transfer",
})
LAST = 12


@dataclass(frozen=True, slots=True)
class Then:
    """What the page shows of a day."""

    day: dt.date
    stage: str
    status: str
    groups: list[tuple[str, list[StateThen]]]
    open_issues: list[StateThen]
    papers: list[tuple[Paper, str]]
    classes: list[tuple[str, str, int]]
    last: list[Event]

    @property
    def is_before(self) -> bool:
        """Return whether the project was not registered yet."""
        return not self.stage

    @property
    def documents(self) -> int:
        """Return how many documents the archive held."""
        return sum(count for _, _, count in self.classes)


def project_on(project: Project, day: dt.date, user: User | AnonymousUser) -> Then:
    """Return a project as it was at the end of a day, as far as the person may see it. Four queries."""
    moment = asof.end_of(day)
    states = asof.states_on(project, moment)
    own = {state.field: state.words for state in states.values() if state.subject_type == PROJECT}
    office = access_of(user).is_office
    groups: dict[str, list[StateThen]] = {}
    for state in states.values():
        if state.subject_type in (PROJECT, PAPER) or not (office or state.subject_type in FOR_OWNER):
            continue
        groups.setdefault(state.kind, []).append(state)
    issues = [s for s in states.values() if s.subject_type == ISSUE and s.state in ISSUE_OPEN]
    documents = Document.objects.visible_to(user).filter(project=project, filed_at__lte=moment)
    counts = dict(documents.order_by().values_list("doc_class").annotate(number=Count("pk")))
    events = Event.objects.filter(project=project, recorded_at__lte=moment).order_by("-seq")
    return Then(
        day, own.get("stage", ""), own.get("status", ""), sorted(groups.items()), issues,
        _papers(project, moment, states, user),
        [(key, name, counts[key]) for key, name in CLASS_NAMES.items() if key in counts], list(events[:LAST]),
    )


def _papers(
    project: Project, moment: dt.datetime, states: dict[tuple[str, str, str], StateThen], user: User | AnonymousUser
) -> list[tuple[Paper, str]]:
    """Return the public papers issued until then with the state that they had."""
    issued = Paper.objects.visible_to(user).filter(project=project, is_public=True, issued_at__lte=moment)
    found = []
    for paper in issued.select_related("issuer").defer("content").order_by("issued_at", "pk"):
        then = states.get((PAPER, str(paper.pk), "state"))
        words = then.words if then else PaperState.VALID.label
        if paper.valid_until and paper.valid_until < moment.date() and words == PaperState.VALID.label:
            words = "已过期"
        found.append((paper, words))
    return found
