"""What a clock is about, where to go, who handles it and which body answers for it: pure reads.

Each finder knows the clocks of one kind of row; `register` adds that of another part of the agency. Which of them are
asked one statement says: a sweep has thousands of clocks, and a dozen questions for each is most of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.db import connection
from django.db.models import Model, Q
from django.urls import reverse

from acceptance.models import AcceptanceApplication
from agency.recipients import OWNER_WHY, STAFF, people_at
from packages.models import Deferral, MatterCase, ReviewTask, SampleTicket, UtilityLine
from packages.queries import task_words
from packages.states import CaseState
from projects.access import OWNER_ROLES
from projects.clock_states import ClockKind
from projects.models import Clock, IssueItem, Organisation, User
from projects.quoting import quoted
from projects.states import IssueKind, Role

HANDLER_WHY = "您是经办人"
#: What is said of a clock of a case besides the matter; its promise goes without saying.
CLOCK_WORDS: dict[str, str] = {
    ClockKind.INTAKE: "受理", ClockKind.STATUTORY: "法定时限", ClockKind.SPECIAL: "特别程序",
}
#: What was promised by the owner: when it is late the window chases and the department decides.
PROMISES = (ClockKind.DEFERRAL, ClockKind.COMMITMENT)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a clock is about. `body` answers for it (None: the owner owes it); `owed_to` are told when it is late."""

    what: str
    url: str
    people: Sequence[User] = ()
    why: str = HANDLER_WHY
    body: Organisation | None = None
    case: MatterCase | None = None
    owed_to: Sequence[tuple[User, str]] = ()


Finder = Callable[[Clock], Subject | None]


@dataclass(frozen=True, slots=True)
class _Known:
    """A finder, and by which fields of which rows a clock is held that it knows."""

    find: Finder
    rows: type[Model]
    fields: tuple[str, ...] = ("clock",)


def subject_of(clock: Clock) -> Subject:
    """Return what a clock is about; its own label and the project's page where nothing else is known of it."""
    likely = _likely.get(clock.kind)
    if likely is not None and (found := likely(clock)) is not None:
        return found
    for place in _holding(clock.pk):
        if (found := _finders[place].find(clock)) is not None:
            return found
    return Subject(clock.label, reverse("projects:detail", args=[clock.project_id]) if clock.project_id else "")


def register(find: Finder, rows: type[Model], *fields: str) -> None:
    """Add a finder for the clocks of another kind of row, held by these fields (none named: `clock`).

    It is asked after those of this module.
    """
    _finders.append(_Known(find, rows, fields or ("clock",)))
    _statement.cache_clear()


def _holding(clock_id: int) -> list[int]:
    """Return the places of the finders whose rows hold a clock, in their order. One query."""
    statement, times = _statement()
    with connection.cursor() as cursor:
        cursor.execute(statement, [clock_id] * times)
        return sorted(place for (place,) in cursor.fetchall())


@cache
def _statement() -> tuple[str, int]:
    """Return the statement that asks every kind of row whether it holds a clock, and how often it names the clock."""
    parts, times, name = [], 0, connection.ops.quote_name
    for place, known in enumerate(_finders):
        columns = [str(one.column) for one in known.rows._meta.concrete_fields if one.name in known.fields]
        held = " OR ".join(f"{name(column)} = %s" for column in columns)
        table = name(known.rows._meta.db_table)
        parts.append(f"SELECT {place} WHERE EXISTS (SELECT 1 FROM {table} WHERE {held})")  # noqa: S608 - names of models
        times += len(columns)
    return " UNION ALL ".join(parts), times


def handlers(task: ReviewTask) -> list[User]:
    """Return who handles a review task: its handler, else the reviewers of its department, else its chief."""
    if task.handler:
        return [task.handler]
    return people_at(task.organisation_id, Role.REVIEWER) or people_at(task.organisation_id, Role.CHIEF)


def _of_task(clock: Clock) -> Subject | None:
    task = ReviewTask.objects.filter(clock=clock).select_related(
        "organisation", "handler", "session__case__matter"
    ).first()
    if task is None:
        return None
    what, url = task_words(task)
    return Subject(what, url, handlers(task), body=task.organisation, case=task.session.case)


def _of_case(clock: Clock) -> Subject | None:
    mine = Q(intake_clock=clock) | Q(promised_clock=clock) | Q(statutory_clock=clock) | Q(special_clock=clock)
    related = ("lead", "project__centre", "matter", "window_by")
    case = MatterCase.objects.filter(mine).select_related(*related).first()
    if case is None:
        return None
    what = f"{quoted(case)}{CLOCK_WORDS.get(clock.kind, '')}"
    if case.state == CaseState.RECEIVED:
        people = [case.window_by] if case.window_by else people_at(case.project.centre_id, Role.CLERK)
        body = case.project.centre
    else:
        people, body = people_at(case.lead_id, Role.REVIEWER) or people_at(case.lead_id, Role.CHIEF), case.lead
    return Subject(what, reverse("packages:case", args=[case.pk]), people, body=body, case=case)


def _of_acceptance(clock: Clock) -> Subject | None:
    acceptance = AcceptanceApplication.objects.filter(clock=clock).select_related("lead").first()
    if acceptance is None:
        return None
    url = reverse("acceptance:detail", args=[acceptance.pk])
    return Subject("联合验收", url, people_at(acceptance.lead_id, *STAFF), body=acceptance.lead)


def _of_issue(clock: Clock) -> Subject | None:
    """What the owner owes (correction, deferred paper, commitment): the owner's own people handle it."""
    related = ("project", "debtor_organisation")
    issue = IssueItem.objects.filter(clock=clock).select_related(*related).order_by("pk").first()
    if issue is None:
        return None
    if issue.kind == IssueKind.GAP:
        lead, url = people_at(issue.debtor_organisation_id, *STAFF), reverse("packages:gap", args=[issue.gap.pk])
        return Subject(f"缺口{quoted(issue.what)}", url, lead, body=issue.debtor_organisation)
    deferral = Deferral.objects.filter(issue=issue).first()
    url = reverse("projects:detail", args=[issue.project_id])
    if deferral is not None:
        url = reverse("packages:deferral", args=[deferral.pk])
    people = people_at(issue.debtor_organisation_id, *OWNER_ROLES)
    # the label of its clock ends with the word that the notice had: 补全 or 补正
    word = clock.label.rpartition(" ")[2] if clock.kind == ClockKind.CORRECTION else issue.get_kind_display()
    what = f"{word}{quoted(issue.what)}"
    return Subject(what, url, people, OWNER_WHY, owed_to=_owed_to(issue) if clock.kind in PROMISES else ())


def _owed_to(issue: IssueItem) -> list[tuple[User, str]]:
    """Who is told besides when what was promised is late: the chief of the department, the window (逾期升级)."""
    heads = people_at(issue.raised_for_id, Role.CHIEF)
    rows = [(person, "企业逾期，请您决定怎样处理") for person in heads]
    return rows + [(person, "企业逾期，请窗口催办") for person in people_at(issue.project.centre_id, Role.CLERK)]


def _of_line(clock: Clock) -> Subject | None:
    line = UtilityLine.objects.filter(clock=clock).select_related("request", "body").first()
    if line is None:
        return None
    url = reverse("packages:utilities", args=[line.request_id])
    return Subject(clock.label or str(line), url, people_at(line.body_id, *STAFF), body=line.body)


def _of_sample(clock: Clock) -> Subject | None:
    ticket = SampleTicket.objects.filter(clock=clock).select_related("organisation").first()
    if ticket is None:
        return None
    url = reverse("packages:sample", args=[ticket.pk])
    return Subject(clock.label, url, people_at(ticket.organisation_id, *STAFF), body=ticket.organisation)


#: Who knows most clocks of a kind; asked first, so that a sweep of thousands asks once.
_likely: dict[str, Finder] = {
    **dict.fromkeys((ClockKind.INTAKE, ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.SPECIAL), _of_case),
    **dict.fromkeys((ClockKind.CORRECTION, ClockKind.DEFERRAL, ClockKind.COMMITMENT), _of_issue),
    ClockKind.REVIEW: _of_task, ClockKind.ACCEPTANCE: _of_acceptance,
}
_finders: list[_Known] = [
    _Known(_of_task, ReviewTask),
    _Known(_of_case, MatterCase, ("intake_clock", "promised_clock", "statutory_clock", "special_clock")),
    _Known(_of_acceptance, AcceptanceApplication),
    _Known(_of_issue, IssueItem),
    _Known(_of_line, UtilityLine),
    _Known(_of_sample, SampleTicket),
]


def case_of_clock(clock_ids: Sequence[int]) -> dict[int, MatterCase]:
    """Return the cases of clocks, of the case itself or of a review task on it. Two queries."""
    wanted = set(clock_ids)
    found: dict[int, MatterCase] = {}
    mine = ("intake_clock_id", "promised_clock_id", "statutory_clock_id", "special_clock_id")
    held = Q(*[(f"{name}__in", list(wanted)) for name in mine], _connector=Q.OR)
    for case in MatterCase.objects.filter(held).select_related("matter", "lead"):
        found |= {pk: case for name in mine if (pk := getattr(case, name)) in wanted}
    tasks = ReviewTask.objects.filter(clock__in=wanted, session__case__isnull=False)
    for task in tasks.select_related("session__case__matter", "session__case__lead"):
        if task.session.case is not None:
            found[task.clock_id] = task.session.case
    return found
