"""The writes that are measured, each beside a bare one: registering a project, and the steps on a case by whoever acts.

Every turn takes rows of its own. What has to stand before a step (an application that is filled in, a review that is
merged) is made before, by the services.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Protocol, cast

from django.db import transaction
from django.db.models import Exists, OuterRef

from gaige.demo.people import REGION
from gaige.scale.figures import WARM_UP, Subject
from gaige.scale.pages import LIST_QUERIES, People, page
from gaige.scale.synthesize import project_code
from gaige.scale.visitor import Answer
from packages.choices import ReviewRole
from packages.models import CaseDelivery, JointSession, MaterialItem, MatterCase, ReviewTask
from packages.services.checklist import OPEN_LINES
from packages.services.concluding import prerequisites_done
from packages.services.intake import open_application
from packages.services.review import give_opinion, merge_session
from packages.states import CASE_PASSED, TASK_OPEN, CaseState, Handling, MaterialState, SessionState
from projects.errors import DomainError
from projects.events import lock_project
from projects.models import Organisation, Project, User
from projects.stages import advance

WRITE_RATIO = 3.0
#: Codes of the projects that the benchmark registers: beyond those of any city.
OWN_CODES = 9_700_000
#: Received cases that one turn takes (accepted, accepted before a look at the list, told faults), and projects that
#: are written barely.
RECEIVED_EACH, BARELY_EACH = 3, 8
#: The department whose chief decides.
LEAD = "natural-resources"
CHIEF = f"{LEAD}-c"
#: A joint review that is answered for the measurement has so many departments at most.
MOST_BODIES = 6
FAULT = {
    "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "days": "10", "form-0-what": "总平面图没有标注消防车道宽度",
    "form-0-basis": "《行政许可法》第三十二条", "form-0-how_to_fix": "在总平面图上标出消防车道宽度 4 m，重新上传",
}


class Asks(Protocol):
    """Somebody who sends forms."""

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form."""

    def token_of(self, path: str) -> str:
        """Return the token of the forms on a page."""


def writes(people: People, turns: int) -> list[Subject]:
    """Return the writes that are measured, and a list right after one.

    After an own event the counters above a list are counted anew and the line of the project is written anew: no ratio
    is promised of that, but it is told.
    """
    clerk = people["clerk"]
    most = turns + WARM_UP + 1  # one look before the first turn
    received = _received(RECEIVED_EACH * most)
    accept = step_on(clerk, "/cases/{}/accept/", received)
    after = page("work list right after accepting", clerk, "/desk/?size=20", queries=LIST_QUERIES)

    def accept_and_look() -> Answer:
        accept()
        return clerk.get("/desk/?size=20")

    steps = {
        "registering a project": registering(clerk, most),
        "receiving an application": step_on(clerk, "/applications/{}/submit/", _filled_in(most)),
        "accepting a case": accept,
        "telling faults (补全告知)": step_on(clerk, "/cases/{}/notice/", received, FAULT),
        "deciding a case": step_on(people[CHIEF], "/cases/{}/decide/", _merged(most), {"outcome": "pass"}),
        "delivering a certificate": step_on(
            clerk, "/cases/{}/deliver/", _granted(most), {"way": "window", "receiver": "张伟"}
        ),
    }
    bare = barely(clerk, most)
    return [
        *(Subject(name, step, bare, most_ratio=WRITE_RATIO, is_page=False) for name, step in steps.items()),
        replace(after, real=accept_and_look),
    ]


def step_on(
    who: Asks, address: str, rows: Iterator[int], fields: Mapping[str, str] | None = None
) -> Callable[[], Answer]:
    """Return what sends the form of a step for the next of these rows."""
    token = who.token_of("/projects/")

    def send() -> Answer:
        return _moved(who.post(address.format(next(rows)), {"csrfmiddlewaretoken": token, **(fields or {})}))

    return send


def registering(who: Asks, most: int) -> Callable[[], Answer]:
    """Return what registers the next project."""
    token = who.token_of("/projects/new/")
    firm = Organisation.objects.filter(name__contains="建设有限公司").order_by("pk")[0]
    first = OWN_CODES + Project.objects.count() % 40_000  # a portal may be measured again
    numbers = iter(range(first, first + most))

    def register() -> Answer:
        number = next(numbers)
        fields = {
            "code": project_code(number), "name": f"经开区标准厂房项目{number}", "owner_uscc": firm.uscc,
            "owner_name": firm.name, "investment": "social", "region": REGION, "address": "经开区",
            "csrfmiddlewaretoken": token,
        }
        return _moved(who.post("/projects/new/", fields))

    return register


def barely(who: Asks, most: int) -> Callable[[], Answer]:
    """Return a bare write, each on the next of some projects."""
    targets = cycle(list(Project.objects.order_by("-pk").values_list("pk", flat=True)[: BARELY_EACH * most]))
    return lambda: who.post("/bare/write/", {"pk": str(next(targets)), "address": "经开区"})


def turns_for_writes(rounds: int) -> int:
    """Return how many turns of writes the portal has cases for; raises `RuntimeError` when not even one."""
    waiting = MatterCase.objects.filter(state=CaseState.RECEIVED).count()
    turns = min(rounds, waiting // RECEIVED_EACH - WARM_UP - 1)
    if turns < 1:
        raise RuntimeError(f"{waiting} cases wait for acceptance: too few to measure, take a larger --cases")
    return turns


def _moved(answer: Answer) -> Answer:
    """A form that is shown again did not write."""
    if not answer.location:
        notices = re.sub(r"<[^>]+>|\s+", " ", answer.text)
        raise RuntimeError(f"not written: {notices[:1500]}")
    return answer


# What stands before each step ----------------------------------------------------------------------------------------


def _received(count: int) -> Iterator[int]:
    """Cases that wait at the window, their checklists met."""
    lacking = MaterialItem.objects.filter(case=OuterRef("pk"), state__in=sorted(OPEN_LINES))
    found = MatterCase.objects.filter(~Exists(lacking), state=CaseState.RECEIVED).order_by("project_id", "pk")
    return iter(list(found.values_list("pk", flat=True)[:count]))


def _filled_in(count: int) -> Iterator[int]:
    """Applications for one matter each that are ready to be handed in: every line of the checklist is met."""
    clerk = User.objects.get(username="clerk")
    drafts = MatterCase.objects.filter(state=CaseState.DRAFT, handling=Handling.REVIEW, application=None)
    first: dict[int, str] = {}
    for project, code in drafts.order_by("pk").values_list("project_id", "matter__matter__code").iterator():
        first.setdefault(project, code)
        if len(first) == count:
            break
    opened = [open_application(pk, matter_codes=[code], by=clerk).pk for pk, code in first.items()]
    lines = MaterialItem.objects.filter(case__application__in=opened, state__in=sorted(OPEN_LINES))
    lines.update(state=MaterialState.SHARED, supply="", supplier=None)
    return iter(opened)


def _merged(count: int) -> Iterator[int]:
    """Cases of one department whose joint review is merged: the chief may decide, and no stage moves by it."""
    people = {row.username: row for row in User.objects.filter(username__endswith="-r")}
    sessions = JointSession.objects.filter(
        state=SessionState.REVIEWING, case__state=CaseState.IN_REVIEW, case__lead__code=LEAD
    ).select_related("case__matter")
    chosen: list[int] = []
    for session in sessions.order_by("pk").iterator(chunk_size=500):
        tasks = _to_answer(session)
        are_here = 0 < len(tasks) <= MOST_BODIES and all(f"{code}-r" in people for _, code in tasks)
        if are_here and _can_be_granted(session):
            for pk, code in tasks:
                give_opinion(pk, by=people[f"{code}-r"], verdict="agree", reason="符合要求")
            merge_session(session.pk, by=people[f"{LEAD}-r"], passed=True, text="各部门意见一致，同意")
            with transaction.atomic():
                advance(lock_project(session.project_id), by=None)
            chosen.append(session.case_id or 0)
        if len(chosen) == count:
            break
    return iter(chosen)


def _can_be_granted(session: JointSession) -> bool:
    """Whether nothing has to be decided before the case of a session."""
    try:
        prerequisites_done(cast("MatterCase", session.case))
    except DomainError:
        return False
    return True


def _to_answer(session: JointSession) -> Sequence[tuple[int, str]]:
    """The tasks of a session that the departments beside the lead still owe, with the code of each."""
    open_ones = ReviewTask.objects.filter(session=session, state__in=TASK_OPEN).exclude(role=ReviewRole.LEAD)
    return list(open_ones.order_by("pk").values_list("pk", "organisation__code"))


def _granted(count: int) -> Iterator[int]:
    """Granted cases whose certificate nobody has fetched, of different projects."""
    handed = CaseDelivery.objects.filter(case=OuterRef("pk"))
    found = MatterCase.objects.filter(~Exists(handed), state__in=CASE_PASSED, handling=Handling.REVIEW)
    per_project = found.order_by("-project_id", "pk").distinct("project_id")
    return iter(list(per_project.values_list("pk", flat=True)[:count]))
