"""The page of an application: the checklist of each case, what is missing, the verdicts that are possible now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from archives.models import Paper
from archives.services.papers import papers_of
from archives.states import PaperKind
from packages import promise_rules, queries, rules
from packages.choices import ArrivesBefore, MaterialForm, MaterialSource
from packages.models import Application, MaterialItem, MatterCase
from packages.owed_papers import is_let_through, is_owed
from packages.same_faults import merge_same
from packages.screens.acting import unless_lacking
from packages.states import MATERIAL_MET, TONES, ApplicationSource, ApplicationState, CaseState, MaterialState
from projects import timing, workdays
from projects.access import access_of
from projects.clock_states import ClockUnit
from projects.clocks import Reading
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import IssueItem, User
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState

#: The papers that tell the faults of an application.
FAULTS = (PaperKind.COMPLETION_NOTICE, PaperKind.CORRECTION_NOTICE)
#: States in which a line takes one slim row at the top: nobody has to do anything for it.
SLIM = (MaterialState.HELD, MaterialState.SHARED)
SUBMITTED = "材料已随申报提交。"
#: The key of each way on the line that is selected: its place on the line, and shared last.
KEYS = {
    MaterialState.UPLOADED: "1", MaterialState.DEFERRED: "2", MaterialState.COMMITTED: "3",
    MaterialState.NOT_APPLICABLE: "4", MaterialState.SHARED: "5",
}
#: Ways that the window takes with a reason.
WITH_NOTE = (MaterialState.NOT_APPLICABLE, MaterialState.SHARED)
ONE_FIRST = "先选中一项：按 ↑ ↓ 移到它的材料，或点它的“选中”"
#: A page that waits for its PDF asks so often and then stops.
ASKS = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to meet a line: pressed, or why it cannot be."""

    value: str
    label: str
    pressed: bool
    verdict: Verdict

    @property
    def key(self) -> str:
        """The key that presses it on the selected line."""
        return KEYS.get(MaterialState(self.value), "")

    @property
    def asks_note(self) -> bool:
        """Whether it is taken with a reason only."""
        return self.value in WITH_NOTE


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist."""

    item: MaterialItem
    choices: tuple[Choice, ...]
    editable: Verdict
    ground: str
    there: str
    error: str

    @property
    def is_slim(self) -> bool:
        """Whether it is already there."""
        return self.item.state in SLIM

    @property
    def is_open(self) -> bool:
        """Whether somebody may meet it, or meet it otherwise, here and now."""
        return bool(self.editable) and not self.is_slim

    @property
    def is_missing(self) -> bool:
        """Whether it still has to be met."""
        return self.item.state not in MATERIAL_MET

    @property
    def may_undo(self) -> bool:
        """Whether it may be asked for anew: not once the case was accepted without it."""
        return not self.is_missing and not is_let_through(self.item)

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.item.state]

    @property
    def asks_note(self) -> bool:
        """Whether a way is open that needs a reason."""
        return any(choice.verdict for choice in self.choices if choice.asks_note)

    @property
    def todo(self) -> str:
        """What a missing line says to do: the keys that are open to it; who brings a paper of the government."""
        if self.item.supplier is not None:
            how = self.item.get_supply_display().removeprefix("部门")
            return f"由{self.item.supplier.label}{how}，不向企业要"
        return "、".join(f"{choice.key} {choice.label}" for choice in self.choices if choice.verdict)

    @property
    def form(self) -> str:
        """Form in which it is handed in."""
        return dict(MaterialForm.choices).get(self.item.form, "")


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
            entry.case, readings[entry.case.pk], tuple(_lines(entry.items, user, wrong, error)),
            rules.can_accept(user, entry.case), rules.can_notice(user, entry.case), rules.can_refuse(user, entry.case),
            rules.can_decide_on_spot(user, entry.case), _due_on(entry.case),
        )
        for entry in lists
    )
    state = queries.application_state(application, cases)
    names = {str(case.pk): case.matter.name for case in cases}
    told = tuple(
        Told(issue, matters, rules.can_answer_fault(user, issue)) for issue, matters in merge_same(_told(cases), names)
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


def lines_of(application: Application) -> dict[int, tuple[object, ...]]:
    """What each line of an application says, by id: compared before and after a change. One query."""
    rows = MaterialItem.objects.filter(case__application=application)
    return {row[0]: row[1:] for row in rows.values_list("pk", "state", "note", "document_id", "source")}


def _due_on(case: MatterCase) -> dt.date | None:
    """The last day of the promise were the case accepted today; None where that is past or counted otherwise."""
    if case.accepted_at is not None or case.matter.unit != ClockUnit.WORKING_DAY:
        return None
    today = timing.today()
    return workdays.due_date(today, case.promised_days) if case.promised_days else workdays.next_workday(today)


def _lines(items: Iterable[MaterialItem], user: User, wrong: int, error: str) -> list[Line]:
    lines = [_line(item, user, error if item.pk == wrong else "") for item in items]
    return sorted(lines, key=lambda line: not line.is_slim)


def _line(item: MaterialItem, user: User, error: str) -> Line:
    editable = rules.can_set_material(user, item)
    choices = tuple(
        Choice(value, label, item.state == value, editable and allowed)
        for value, label, allowed in ways(item, window=rules.is_window(user, item.case.project))
    )
    return Line(item, choices, editable, _ground(item), _there(item), error)


def ways(item: MaterialItem, *, window: bool) -> list[tuple[str, str, Verdict]]:
    """The ways to meet a line, and whether the catalogue allows them for its matter (as `set_material` does)."""
    if is_let_through(item):
        only = refuse("已容缺受理，只能补交")
        return [
            (MaterialState.UPLOADED, "上传", ALLOWED), (MaterialState.DEFERRED, "容缺", only),
            (MaterialState.COMMITTED, "承诺", only), (MaterialState.NOT_APPLICABLE, "不适用", only),
        ]
    by_window = ALLOWED if window else refuse("由窗口核对后确认")
    shared = [(MaterialState.SHARED, "共享", by_window)] if item.source != MaterialSource.APPLICANT else []
    return [
        (MaterialState.UPLOADED, "上传", ALLOWED),
        (MaterialState.DEFERRED, "容缺", promise_rules.may_defer(item)),
        (MaterialState.COMMITTED, "承诺", promise_rules.may_commit(item)),
        *shared,
        (MaterialState.NOT_APPLICABLE, "不适用", by_window),
    ]


def _ground(item: MaterialItem) -> str:
    """Where the paper comes from, in words."""
    source = MaterialSource(item.source).label if item.source in MaterialSource.values else item.source
    return item.source_note or source


def _there(item: MaterialItem) -> str:
    """What is there now."""
    if item.document is None:
        return item.note or promised_words(item)
    if item.state == MaterialState.HELD and item.origin_note:
        return f"{item.get_origin_display()}：{item.origin_note}"
    filed = f"{item.document.title}，{timing.business_day(item.document.filed_at):%Y-%m-%d} 归档"
    return filed if item.state == MaterialState.HELD else f"已上传：{filed}"


def promised_words(item: MaterialItem) -> str:
    """What stands for a paper that is not there: by when a deferred one comes, who signs for a committed one."""
    if item.state == MaterialState.COMMITTED:
        return "以承诺书代替，由建设单位负责人签署"
    line = item.definition
    if item.state != MaterialState.DEFERRED or line is None or line.deferral_days is None:
        return ""
    if (line.arrives_before or ArrivesBefore.DECISION) == ArrivesBefore.DECISION:
        return f"受理后 {line.deferral_days} 个工作日内、作出决定前补交"
    before = "、领取证照前" if line.arrives_before == ArrivesBefore.CERTIFICATE else ""
    return f"作出决定后 {line.deferral_days} 个工作日内{before}补交"


def _told(cases: Iterable[MatterCase]) -> list[IssueItem]:
    keys = [str(case.pk) for case in cases]
    found = IssueItem.objects.filter(subject_type=MatterCase._meta.label, subject_key__in=keys)
    kinds = [IssueKind.CORRECTION, IssueKind.DEFERRAL, IssueKind.COMMITMENT]
    return list(found.filter(kind__in=kinds).select_related("project", "raised_for", "clock").order_by("batch", "pk"))


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
    return ALLOWED if any(entry.on_spot for entry in received) else received[0].on_spot


def _give_back(user: User, application: Application, told: tuple[Told, ...]) -> Verdict:
    owed = sum(entry.is_owed for entry in told if entry.issue.kind == IssueKind.CORRECTION)
    verdict = rules.can_return_corrected(user, application)
    if verdict and owed:
        return refuse(f"还有 {owed} 条没有答复")
    return verdict


def answered(told: Iterable[Told]) -> int:
    """How many faults are answered."""
    return sum(entry.issue.state in (IssueState.SUBMITTED, IssueState.VERIFIED) for entry in told)
