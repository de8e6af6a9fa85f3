"""What stands beside a decision: the merged opinion, what is still deferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages import queries
from packages.models import MatterCase
from packages.screens.case import SessionView, session_views
from packages.services.checklist import missing_words
from packages.services.concluding import why_not_granted
from packages.services.settling import is_certificate_held
from packages.states import CaseState
from packages.verdict_words import words_of
from projects.memo import rows_about
from projects.models import IssueItem, User
from projects.states import ISSUE_WITH_OWNER, IssueKind

if TYPE_CHECKING:
    from django.db.models import QuerySet


def sessions(case: MatterCase, user: User) -> list[SessionView]:
    """The rounds of the joint review, for the page of the decision."""
    return session_views(case, user)


def owed(case: MatterCase) -> int:
    """How many deferred papers the owner still has to bring."""
    return len(rows_about("deferred papers owed", _owed, case.pk))


def _owed(case_id: int) -> QuerySet[IssueItem, tuple[int]]:
    found = IssueItem.objects.filter(subject_type=MatterCase._meta.label, subject_key=str(case_id))
    return found.filter(kind=IssueKind.DEFERRAL, state__in=ISSUE_WITH_OWNER).order_by().values_list("pk")


def says(case: MatterCase) -> list[str]:
    """What the chief has to know before deciding."""
    owed = queries.issues_of(case, IssueKind.DEFERRAL).filter(state__in=ISSUE_WITH_OWNER)
    told = [f"容缺材料尚未补交：{item.what}" for item in owed]
    words = words_of(case.matter)
    if hinders := why_not_granted(case):
        told.insert(0, f"现在还不能{words.granted}：{hinders}")
    return [*told, f"{words.granted}的出具证照批文并归档；{words.refused}的出具决定书，写明理由和救济途径。"]


def done_words(case: MatterCase) -> str:
    """What is said once it is decided; a certificate that waits for a deferred paper is not issued yet."""
    if case.state == CaseState.PASSED_DEFERRED and is_certificate_held(case):
        return "决定已作出：容缺通过。容缺材料补交并核实后出具证照。"
    return "决定已作出，文书已出具并归档。"


def on_spot_says(case: MatterCase) -> list[str]:
    """What the counter has to know before it accepts and grants at once (即办)."""
    told = []
    if case.state == CaseState.RECEIVED and (lacking := missing_words(case)):
        told.append(f"现在还不能即办：还缺材料：{lacking}。")
    elif hinders := why_not_granted(case):
        told.append(f"现在还不能即办：{hinders}")
    return [*told, "受理和办结同时记录，出具证照批文。"]
