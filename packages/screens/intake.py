"""The page of an application: the checklist of each case, what is missing, the verdicts that are possible now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from archives.models import Paper
from archives.services.papers import papers_of
from archives.states import PaperKind
from packages import queries, rules
from packages.models import Application, MatterCase
from packages.owed_papers import is_owed
from packages.same_faults import fault_word, kind_word, merge_same
from packages.screens.acting import unless_lacking
from packages.screens.checklist import Line, checklist_of
from packages.states import CASE_ENDED, ApplicationSource, ApplicationState, CaseState
from projects import timing, workdays
from projects.access import access_of
from projects.clock_states import ClockUnit
from projects.clocks import Reading
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import IssueItem, User
from projects.states import ISSUE_WITH_OWNER, IssueKind

#: The papers that tell the faults of an application.
FAULTS = (PaperKind.COMPLETION_NOTICE, PaperKind.CORRECTION_NOTICE)
ONE_FIRST = "先选中一项：按 ↑ ↓ 移到它的材料，或点它的“选中”"
#: A page that waits for its PDF asks so often and then stops.
ASKS = 40


@dataclass(frozen=True, slots=True)
class CaseLines:
    """One case with its lines, those that are held first."""

    case: MatterCase
    reading: Reading
    lines: tuple[Line, ...]
    accept: Verdict
    notice: Verdict
    refuse: Verdict
    on_spot: Verdict
    due_on: dt.date | None

    @property
    def missing(self) -> list[Line]:
        """Lines that are not met."""
        return [line for line in self.lines if line.is_missing]


@dataclass(frozen=True, slots=True)
class Told:
    """One fault of a notice, with what the asker may do about it."""

    issue: IssueItem
    matter: str
    answer: Verdict
    kind: str

    @property
    def is_owed(self) -> bool:
        """Whether the owner still has to answer."""
        return self.issue.state in ISSUE_WITH_OWNER


@dataclass(frozen=True, slots=True)
class Bar:
    """The verdicts of the window on one case, or on all that wait for one."""

    scope: str
    label: str
    missing: int
    accept: Verdict
    notice: Verdict
    refuse: Verdict
    on_spot: Verdict
    accept_url: str
    notice_url: str
    refuse_url: str
    spot_url: str

    @property
    def missing_words(self) -> str:
        """What hinders acceptance."""
        return f"还缺 {self.missing} 件，暂不能受理" if self.missing else ""


@dataclass(frozen=True, slots=True)
class IntakePage:
    """Everything the page of an application shows."""

    application: Application
    state: ApplicationState
    cases: tuple[CaseLines, ...]
    told: tuple[Told, ...]
    papers: tuple[Paper, ...]
    saved_at: dt.datetime | None
    submit: Verdict
    accept: Verdict
    notice: Verdict
    refuse: Verdict
    on_spot: Verdict
    give_back: Verdict
    office: bool

    @property
    def missing(self) -> list[Line]:
        """Lines of all cases that are not met."""
        return [line for entry in self.cases for line in entry.missing]

    @property
    def total(self) -> int:
        """How many lines there are."""
        return sum(len(entry.lines) for entry in self.cases)

    @property
    def owed(self) -> int:
        """How many deferred papers are still to be brought, also when everything is decided (容缺)."""
        return len(self.owed_lines)

    @property
    def owed_lines(self) -> list[Line]:
        """The lines of those papers."""
        return [line for entry in self.cases for line in entry.lines if is_owed(line.item)]

    @property
    def held(self) -> int:
        """How many lines nobody has to hand in."""
        return sum(line.is_slim for entry in self.cases for line in entry.lines)

    @property
    def state_word(self) -> str:
        """The word of its state."""
        return queries.application_word(self.state, [entry.case for entry in self.cases])

    @property
    def word(self) -> str:
        """What is asked for now: 补全 or 补正."""
        return fault_word(entry.case for entry in self.cases if entry.case.state == CaseState.CORRECTING)

    @property
    def is_draft(self) -> bool:
        """Whether the application is not handed in yet."""
        return self.application.submitted_at is None

    @property
    def is_correcting(self) -> bool:
        """Whether faults were told and not yet returned."""
        return self.state == ApplicationState.CORRECTING

    @property
    def at_window(self) -> bool:
        """Whether a verdict of the window is due and the asker works for the office."""
        return self.office and any(entry.case.state == CaseState.RECEIVED for entry in self.cases)

    @property
    def spot(self) -> MatterCase | None:
        """The first case that can be decided at the counter."""
        return next((entry.case for entry in self.cases if entry.on_spot), None)

    @property
    def missing_words(self) -> str:
        """What the verdict bar says is missing."""
        if not self.missing:
            return ""
        return f"还缺 {len(self.missing)} 件" + ("" if self.is_draft else "，暂不能受理")

    @property
    def received(self) -> list[CaseLines]:
        """The cases that wait for a verdict of the window."""
        return [entry for entry in self.cases if entry.case.state == CaseState.RECEIVED]

    @property
    def bars(self) -> list[Bar]:
        """The verdicts on all cases together, where there are several, and on each of them."""
        single = [_bar_of(entry) for entry in self.received]
        return single if len(single) == 1 else [self._bar_of_all(), *single]

    def _bar_of_all(self) -> Bar:
        spots = [entry.case.pk for entry in self.received if entry.on_spot]
        spot = self.on_spot if len(spots) < 2 else refuse(ONE_FIRST)
        pk = self.application.pk
        return Bar(
            "all", f"全部 {len(self.received)} 项", sum(len(entry.missing) for entry in self.received), self.accept,
            self.notice, refuse(ONE_FIRST) if self.refuse else self.refuse, spot,
            reverse("packages:accept", args=[pk]), reverse("packages:notice", args=[pk]), "",
            reverse("packages:on_spot", args=[spots[0]]) if spots else "",
        )

    @property
    def picks_one(self) -> bool:
        """Whether a verdict may be on one of several cases."""
        return self.at_window and len(self.received) > 1

    @property
    def counts(self) -> bool:
        """Whether the time that the intake takes is shown: from opening to the verdict, at the window."""
        at_counter = self.application.source == ApplicationSource.WINDOW
        return self.office and at_counter and (self.is_draft or bool(self.received))

    @property
    def last_on(self) -> dt.date | None:
        """The last day on which something is granted, were all accepted today."""
        return max((entry.due_on for entry in self.cases if entry.due_on), default=None)

    @property
    def receipt(self) -> Paper | None:
        """The receipt of what was handed in."""
        return next((paper for paper in self.papers if paper.kind == PaperKind.RECEIPT), None)

    @property
    def to_print(self) -> Paper | None:
        """The paper that the key P prints: the receipt before the window decides, then what says what is still owed."""
        if self.shows_receipt:
            return None  # it has a button of its own
        if self.is_correcting:
            return next((paper for paper in self.papers if paper.kind in FAULTS), None)
        owed = (PaperKind.DEFERRAL_NOTICE, PaperKind.DEFERRED_ACCEPTANCE) if self.owed else ()
        kinds = (*owed, PaperKind.ACCEPTANCE_NOTICE, PaperKind.RECEIPT)
        found = [paper for paper in self.papers if paper.kind in kinds]
        return min(found, key=lambda paper: kinds.index(PaperKind(paper.kind)), default=None)

    @property
    def waits_for_pdf(self) -> bool:
        """Whether a paper has no PDF yet."""
        return any(paper.rendered_at is None for paper in self.papers)

    @property
    def shows_receipt(self) -> bool:
        """Whether the receipt stands large on the page: as long as the window has not decided."""
        return self.receipt is not None and bool(self.received)


def _bar_of(entry: CaseLines) -> Bar:
    case = entry.case
    return Bar(
        str(case.pk), case.matter.name, len(entry.missing), unless_lacking(entry.accept, len(entry.missing)),
        entry.notice, entry.refuse, entry.on_spot,
        reverse("packages:case_accept", args=[case.pk]), reverse("packages:case_notice", args=[case.pk]),
        reverse("packages:refuse", args=[case.pk]), reverse("packages:on_spot", args=[case.pk]),
    )


def intake_page(application: Application, user: User, *, wrong: int = 0, error: str = "") -> IntakePage:
    """The page of an application for this user; `wrong` is the line whose change was refused, `error` why."""
    lists = queries.checklist(application)
    cases = [entry.case for entry in lists]
    readings = queries.case_readings(cases)
    entries = tuple(
        CaseLines(
            entry.case, readings[entry.case.pk], tuple(checklist_of(entry.items, user, wrong, error)),
            rules.can_accept(user, entry.case), rules.can_notice(user, entry.case), rules.can_refuse(user, entry.case),
            rules.can_decide_on_spot(user, entry.case), _due_on(entry.case),
        )
        for entry in lists
    )
    state = queries.application_state(application, cases)
    names = {str(case.pk): case.matter.name for case in cases}
    by_key = {str(case.pk): case for case in cases}
    told = tuple(
        Told(issue, matters, rules.can_answer_fault(user, issue), kind_word(issue, by_key[issue.subject_key]))
        for issue, matters in merge_same(_told(cases), names)
    )
    stamps = [line.item.changed_at for entry in entries for line in entry.lines if line.item.changed_at]
    received = [entry for entry in entries if entry.case.state == CaseState.RECEIVED]
    missing = sum(len(entry.missing) for entry in received)
    return IntakePage(
        application, state, entries, told, tuple(papers_of(application, *cases)), max(stamps, default=None),
        submit=_first([rules.can_receive(user, application)]),
        accept=_accept(received, missing),
        notice=_first([entry.notice for entry in received] or [_nothing(cases)]),
        refuse=_first([entry.refuse for entry in received] or [_nothing(cases)]),
        on_spot=_on_spot(received),
        give_back=_give_back(user, application, told),
        office=access_of(user).is_office,
    )


def _due_on(case: MatterCase) -> dt.date | None:
    """The last day of the promise were the case accepted today; None where that is over or counted otherwise."""
    if case.accepted_at is not None or case.state in CASE_ENDED or case.matter.unit != ClockUnit.WORKING_DAY:
        return None
    today = timing.today()
    return workdays.due_date(today, case.promised_days) if case.promised_days else workdays.next_workday(today)


def _told(cases: Iterable[MatterCase]) -> list[IssueItem]:
    keys = [str(case.pk) for case in cases]
    found = IssueItem.objects.filter(subject_type=MatterCase._meta.label, subject_key__in=keys)
    kinds = [IssueKind.CORRECTION, IssueKind.DEFERRAL, IssueKind.COMMITMENT]
    related = ("project", "raised_for", "clock", "commitment")
    return list(found.filter(kind__in=kinds).select_related(*related).order_by("batch", "pk"))


def _first(verdicts: list[Verdict]) -> Verdict:
    """The first refusal, else leave."""
    return next((verdict for verdict in verdicts if not verdict), ALLOWED)


def _nothing(cases: list[MatterCase]) -> Verdict:
    words = "、".join(dict.fromkeys(case.get_state_display() for case in cases)) or "没有事项"
    return refuse(f"没有待受理的事项（{words}）")


def _accept(received: list[CaseLines], missing: int) -> Verdict:
    if not received:
        return refuse("没有待受理的事项")
    return unless_lacking(_first([entry.accept for entry in received]), missing)


def _on_spot(received: list[CaseLines]) -> Verdict:
    if not received:
        return refuse("没有待受理的事项")
    if any(entry.on_spot for entry in received):
        return ALLOWED
    return next((entry for entry in received if not entry.case.promised_days), received[0]).on_spot


def _give_back(user: User, application: Application, told: tuple[Told, ...]) -> Verdict:
    owed = sum(entry.is_owed for entry in told if entry.issue.kind == IssueKind.CORRECTION)
    verdict = rules.can_return_corrected(user, application)
    if verdict and owed:
        return refuse(f"还有 {owed} 条没有答复")
    return verdict
