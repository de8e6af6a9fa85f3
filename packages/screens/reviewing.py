"""The page of an opinion: the files and their versions, the question, the others' answers, what happens in silence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from archives.models import Document, DocumentVersion
from packages import queries, review_rules
from packages.act_states import ExtensionState, LateEntryState, ProcedureState
from packages.choices import ReviewRole
from packages.models import (
    Extension,
    JointSession,
    LateEntry,
    MatterCase,
    Opinion,
    Referral,
    ReviewTask,
    SpecialProcedure,
    Supplement,
)
from packages.queries import ReviewRow
from packages.screens.acting import late_entry_words
from packages.screens.case import files_of
from packages.standing import standing_opinions
from packages.states import TASK_OPEN, OpinionVerdict, SessionState, TaskState
from packages.waiting import silence_words
from projects import timing
from projects.access import access_of
from projects.clocks import Reading, read_clock
from projects.errors import Verdict, refuse
from projects.models import Project, User
from projects.states import Role

NO = OpinionVerdict.DISAGREE


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a department usually says, with basis and remedy: pressing it fills the form."""

    number: int
    verdict: str
    reason: str
    basis: str
    remedy: str

    @property
    def words(self) -> dict[str, str]:
        """The fields that it fills."""
        return {"verdict": self.verdict, "reason": self.reason, "basis": self.basis, "remedy": self.remedy}

    @property
    def label(self) -> str:
        """Its verdict in Chinese."""
        return str(OpinionVerdict(self.verdict).label)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked a chief representative to approve: more time, or a special procedure."""

    word: str
    case: MatterCase
    text: str
    who: str
    url: str


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
    phrases: tuple[Phrase, ...]
    timetable: tuple[str, ...]
    referral: Referral | None
    advise: Verdict
    refer: Verdict
    take_back: Verdict
    supplement: Verdict
    previous: Opinion | None

    @property
    def version(self) -> DocumentVersion | None:
        """The newest version of the shown file."""
        versions = list(self.shown.versions.all()) if self.shown else []
        return versions[-1] if versions else None

    @property
    def seen(self) -> list[int]:
        """The versions that lie before the reader."""
        return [versions[-1].pk for file in self.files if (versions := list(file.versions.all()))]

    @property
    def older(self) -> list[DocumentVersion]:
        """The earlier versions of the shown file, the newest first."""
        return list(self.shown.versions.all())[-2::-1] if self.shown else []

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
    def awaited(self) -> Reading:
        """The clock of whom it waits for: while the lead waits for others, that of the first of them to fall due."""
        running = [row.reading for row in self.others if row.task.state in TASK_OPEN] if self.is_lead else []
        return min(running, key=lambda one: (one.due_on or dt.date.max, one.clock_id or 0), default=self.reading)

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
    referral = Referral.objects.filter(task=task).select_related("unit", "sent_by", "answered_by", "clock").last()
    if referral is not None:
        referral.task = task
    mine = queries.tasks_waiting(user).exclude(pk=task.pk).values_list("pk", flat=True)
    following = list(mine[:queries.MOST_TASKS])
    return ReviewPage(
        task, case, session.project, read_clock(task.clock), tuple(files), shown, tuple(others), _silence(task, others),
        review_rules.can_open_task(user, task), review_rules.can_give_opinion(user, task),
        review_rules.can_merge(user, session),
        len(following),
        reverse("packages:review", args=[following[0]]) if following else "",
        phrases_of(task, case), tuple(timetable(task)),
        referral, review_rules.can_advise(user, referral) if referral else refuse("没有转办。"),
        review_rules.can_refer(user, task), review_rules.can_take_back(user, task),
        review_rules.can_supplement(user, task),
        Opinion.objects.filter(task_id=task.previous_id).first() if task.previous_id else None,
    )


def _silence(task: ReviewTask, others: Sequence[ReviewRow]) -> str:
    """What silence does: that of the department which the lead waits for, else of the task itself."""
    waits = [row.task for row in others if row.task.state in TASK_OPEN] if task.role == ReviewRole.LEAD else []
    if task.role == ReviewRole.LEAD and not waits:
        return "到期未汇总亮红灯"
    return silence_words(min(waits, key=lambda one: (one.due_on or dt.date.max, one.pk), default=task))


def wishes(user: User) -> list[Wish]:
    """What waits for the approval of a chief representative, the oldest first; never what was asked for by oneself."""
    access = access_of(user)
    bodies = sorted(access.by_role.get(Role.CHIEF, frozenset()))
    if not bodies:
        return []
    related = ("case__project", "case__matter", "case__lead")
    special = SpecialProcedure.objects.filter(case__lead__in=bodies, state=ProcedureState.REQUESTED)
    more = Extension.objects.filter(case__lead__in=bodies, state=ExtensionState.REQUESTED, is_joint=False)
    found = [
        (row.requested_at, Wish(
            "特别程序", row.case, f"{row.get_kind_display()} {row.planned_days} 个工作日：{row.basis}",
            str(row.started_by), reverse("packages:special_approve", args=[row.pk]),
        ))
        for row in special.select_related("started_by", *related) if not access.speaks_for(row.started_by_id)
    ]
    found += [
        (row.requested_at, Wish(
            "延长期限", row.case, f"{row.days} 个工作日：{row.reason}", str(row.requested_by),
            reverse("packages:extension_approve", args=[row.pk]),
        ))
        for row in more.select_related("requested_by", *related) if not access.speaks_for(row.requested_by_id)
    ]
    doubted = LateEntry.objects.filter(case_doubted_by(bodies), state=LateEntryState.ASKED)
    found += [
        (row.recorded_at, Wish(
            "补录确认", row.case, late_entry_words(row), str(row.entered_by or "系统"),
            reverse("packages:late_entry", args=[row.pk]),
        ))
        for row in doubted.select_related("entered_by", "opinion__task__organisation", *related)
        if not access.speaks_for(row.entered_by_id)
    ]
    return [wish for _, wish in sorted(found, key=lambda pair: pair[0])]


def case_doubted_by(bodies: Sequence[int]) -> Q:
    """The condition that a late entry is confirmed by a chief of one of these bodies: whose act it was."""
    return Q(opinion=None, case__lead__in=bodies) | Q(opinion__task__organisation__in=bodies)


def phrases_of(task: ReviewTask, case: MatterCase) -> tuple[Phrase, ...]:
    """The phrases of the catalogue for this body and matter; a consent stands on the basis of the matter itself."""
    rows = task.definition.phrases if task.definition else []
    own = case.matter.legal_basis[:300]
    return tuple(
        Phrase(number, row["verdict"], row["reason"], row["basis"] or own, row["remedy"])
        for number, row in enumerate(rows, start=1)
    )


def timetable(task: ReviewTask) -> list[str]:
    """Why this task is due when it is: the round, the push, the days to answer, the days to merge."""
    session = task.session
    pushed = session.pushed_at or task.pushed_at
    days = "受理当日" if not session.push_days else f"推送期 {session.push_days} 个工作日"
    lines = [f"第 {session.round} 轮：{_day(session.opened_at)}发起，{_day(pushed)}推送（{days}）"]
    if session.state == SessionState.PUSHING and session.push_due_on:
        lines[0] = f"第 {session.round} 轮：{_day(session.opened_at)}发起，最迟{timing.spoken(session.push_due_on)}推送"
    due = f"{timing.spoken(task.due_on)}到期" if task.due_on else "现在暂停"
    if task.role == ReviewRole.LEAD:
        lines.append(f"汇总：自推送起共 {task.days} 个工作日（含各部门答复），{due}")
    else:
        lines.append(f"答复：自推送次日起 {task.days} 个工作日，{due}")
        lines.append(f"随后牵头部门汇总 {session.merge_days} 个工作日")
    if session.change_note:
        lines.append(f"较上一轮的修改：{session.change_note}")
    return lines


def _day(moment: dt.datetime) -> str:
    return timing.spoken(moment)


def next_after(task: ReviewTask, user: User) -> str:
    """Where to go after an answer: the next open task of the department, else the list."""
    following = queries.tasks_waiting(user).exclude(pk=task.pk).exclude(role=ReviewRole.LEAD)
    found = following.values_list("pk", flat=True).first()
    return reverse("packages:review", args=[found]) if found else reverse("packages:reviews")


def draft_text(session: JointSession) -> str:
    """What the departments say now, as the beginning of the merged opinion: conditions and supplements in full."""
    if session.case is None:
        return ""
    lines = []
    supplements = dict(
        Supplement.objects.filter(task__session__case=session.case).values_list("task__organisation_id", "text")
    )
    for one in standing_opinions(session.case):
        opinion = one.opinion
        word = "超时默认同意" if opinion.source == "tacit" else str(OpinionVerdict(one.verdict).label)
        after = "（联审会后）" if one.seat else ""
        remedy = f"；{one.remedy}（{one.basis}）" if one.remedy else ""
        extra = supplements.get(opinion.task.organisation_id)
        said = f"；补充意见：{extra}" if extra else ""
        lines.append(f"{opinion.task.organisation}：{word}{after}{remedy}{said}。")
    silent = session.tasks.filter(state=TaskState.NO_OPINION).select_related("organisation").order_by("pk")
    lines += [f"{task.organisation}：{task.get_state_display()}。" for task in silent]
    return "\n".join(lines)


def silences(user: User, filters: Mapping[str, str]) -> QuerySet[ReviewTask]:
    """The opinions of silence that the user may see, the newest first; `body` is the code of a department."""
    found = ReviewTask.objects.visible_to(user).filter(state__in=[TaskState.TACIT, TaskState.SUPPLEMENTED])
    if filters.get("body"):
        found = found.filter(organisation__code=filters["body"])
    related = (
        "organisation", "handler", "opinion__head", "supplement", "session__case__matter", "session__project", "clock",
    )
    return found.select_related(*related).order_by("-closed_at", "-pk")


def silence_counts(user: User) -> list[dict[str, Any]]:
    """How often each department was silent, the most often first; each figure opens its list."""
    found = ReviewTask.objects.visible_to(user).filter(state__in=[TaskState.TACIT, TaskState.SUPPLEMENTED])
    rows = found.values("organisation__code", "organisation__name").annotate(count=Count("pk", distinct=True))
    return [
        {
            "label": row["organisation__name"], "value": row["count"], "unit": "件",
            "url": f"{reverse('packages:silences')}?body={row['organisation__code']}",
        }
        for row in rows.order_by("-count", "organisation__name")[:6]
    ]
