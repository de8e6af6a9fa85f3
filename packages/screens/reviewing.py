"""The page of an opinion: the file, the question, the answers of the others, and what happens in silence."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from archives.models import Document, DocumentVersion
from packages import queries, rules
from packages.choices import ReviewRole
from packages.models import JointSession, MatterCase, ReviewTask
from packages.queries import ReviewRow
from packages.screens.case import files_of
from packages.states import TASK_OPEN, OpinionVerdict
from packages.waiting import silence_words
from projects.clocks import Reading, read_clock
from projects.errors import Verdict
from projects.models import Project, User

NO = OpinionVerdict.DISAGREE


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything the page of a review task shows."""

    task: ReviewTask
    case: MatterCase
    project: Project
    reading: Reading
    files: tuple[Document, ...]
    shown: Document | None
    others: tuple[ReviewRow, ...]
    silence: str
    open: Verdict
    answer: Verdict
    merge: Verdict
    following: int
    next_url: str

    @property
    def version(self) -> DocumentVersion | None:
        """The newest version of the shown file."""
        versions = list(self.shown.versions.all()) if self.shown else []
        return versions[-1] if versions else None

    @property
    def is_open(self) -> bool:
        """Whether an answer is awaited."""
        return self.task.state in TASK_OPEN

    @property
    def is_mine(self) -> bool:
        """Whether the asker may answer, or merge when the task is the lead's."""
        return bool(self.merge if self.is_lead else self.answer)

    @property
    def is_lead(self) -> bool:
        """Whether the task is the lead's: it merges what the others say and gives no opinion of its own."""
        return bool(self.task.role == ReviewRole.LEAD)

    @property
    def silent(self) -> tuple[str, ...]:
        """The departments that the lead still waits for."""
        return tuple(row.task.organisation.label for row in self.others if row.task.state in TASK_OPEN)

    @property
    def against(self) -> ReviewTask | None:
        """The first department that disagrees while the lead merges; it can be asked once more."""
        found = (row.task for row in self.others if getattr(getattr(row.task, "opinion", None), "verdict", "") == NO)
        return next(found, None) if self.merge else None


def review_page(task: ReviewTask, user: User, file: str = "") -> ReviewPage:
    """The page of a task for this user, with the file that was chosen or the first one."""
    session = task.session
    case = session.case
    if case is None:
        raise MatterCase.DoesNotExist
    files = files_of(case, user)
    shown = next((document for document in files if str(document.pk) == file), files[0] if files else None)
    others = [row for row in queries.opinions_of(session) if row.task.pk != task.pk]
    mine = [row.task for sheet in queries.review_sheet(user) for row in sheet.rows]
    following = [other for other in mine if other.pk != task.pk]
    return ReviewPage(
        task, case, session.project, read_clock(task.clock), tuple(files), shown, tuple(others), silence_words(task),
        rules.can_open_task(user, task), rules.can_give_opinion(user, task), rules.can_merge(user, session),
        len(following),
        reverse("packages:review", args=[following[0].pk]) if following else "",
    )


def next_after(task: ReviewTask, user: User) -> str:
    """Where to go after an answer: the next open task of the department, else the list."""
    for sheet in queries.review_sheet(user):
        for row in sheet.rows:
            if row.task.pk != task.pk and row.task.role != "lead":
                return reverse("packages:review", args=[row.task.pk])
    return reverse("packages:reviews")


def draft_text(session: JointSession) -> str:
    """What the departments said, as the beginning of the merged opinion."""
    lines = []
    for row in queries.opinions_of(session):
        opinion = getattr(row.task, "opinion", None)
        if row.task.role == "lead":
            continue
        if opinion is None:
            lines.append(f"{row.task.organisation}：{row.task.get_state_display()}。")
            continue
        word = "超时默认同意" if opinion.source == "tacit" else opinion.get_verdict_display()
        remedy = f"；{opinion.remedy}" if opinion.remedy else ""
        lines.append(f"{row.task.organisation}：{word}{remedy}。")
    return "\n".join(lines)
