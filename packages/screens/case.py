"""The page of one case: on whom it waits, its clocks, materials, opinions, papers, events, and what may be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet, prefetch_related_objects
from django.urls import reverse

from archives.models import Document, Paper
from archives.services.papers import papers_of
from packages import queries, review_rules, rules, utility_data, utility_rules
from packages.case_data import reason_name
from packages.choices import MatterKind
from packages.models import Conference, JointSession, MaterialItem, MatterCase, OneTimeNotice, OutsideResult, ReviewTask
from packages.promise_waiting import KEEPING, promises_waiting
from packages.queries import ReviewRow
from packages.screens import acting, case_rows
from packages.screens.acting import Act
from packages.screens.living_acts import living_acts
from packages.screens.regional_said import said_on
from packages.states import (
    CASE_ENDED,
    CASE_OPEN,
    CASE_PASSED,
    TONES,
    CaseState,
    Handling,
    OpinionVerdict,
    SessionState,
    TaskState,
)
from packages.utility_states import SERVICE_OPEN, TenderState
from packages.waiting import round_waiting
from projects import prepared, timing
from projects.access import access_of
from projects.chain import day_ledger, late_words
from projects.clock_states import TimeOwner
from projects.clocks import Reading, read_clock
from projects.errors import ALLOWED, Verdict
from projects.events import subject_of
from projects.kinds import kind_of
from projects.models import Event, IssueItem, Membership, User
from projects.models.time import Clock
from projects.panels import ways_of
from projects.staff_queries import standing_ins
from projects.states import ISSUE_OPEN, IssueKind
from projects.waiting import Waiting

EVENTS = 40
NO = OpinionVerdict.DISAGREE
#: Up to so many departments are named with the person who has the task; more by the department alone.
NAMED = 3


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock of the case with its reading; the word says what it limits."""

    label: str
    clock: Clock
    reading: Reading


@dataclass(frozen=True, slots=True)
class SessionView:
    """One round of the joint review: its answers side by side."""

    session: JointSession
    rows: tuple[ReviewRow, ...]
    merge: Verdict
    hidden: bool
    conferences: tuple[Conference, ...] = ()

    @property
    def first(self) -> ReviewTask:
        """A task of the round, by which it is asked again."""
        return self.rows[0].task

    @property
    def answered(self) -> int:
        """How many departments have answered, by a person or by time; who was let go has not."""
        return sum(row.task.closed_at is not None for row in self.asked) - self.let_go

    @property
    def let_go(self) -> int:
        """How many were asked and let go before they answered (已终止)."""
        return sum(row.task.state == TaskState.CLOSED for row in self.asked)

    @property
    def asked(self) -> list[ReviewRow]:
        """The departments that are asked; the lead merges."""
        return [row for row in self.rows if row.task.role != "lead"]

    @property
    def against(self) -> ReviewTask | None:
        """The first department that disagrees while the lead merges; it can be asked once more."""
        found = (row.task for row in self.asked if getattr(getattr(row.task, "opinion", None), "verdict", "") == NO)
        return next(found, None) if self.is_merging else None

    @property
    def is_merging(self) -> bool:
        """Whether the lead has to merge."""
        return bool(self.session.state == SessionState.MERGING)

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.session.state]


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything the page of a case shows."""

    case: MatterCase
    waiting: Waiting | None
    clocks: tuple[ClockLine, ...]
    items: tuple[MaterialItem, ...]
    sessions: tuple[SessionView, ...]
    issues: tuple[IssueItem, ...]
    papers: tuple[Paper, ...]
    events: tuple[Event, ...]
    actions: tuple[Act, ...]
    outside: OutsideResult | None
    blocked_by: tuple[str, ...]
    asked: tuple[acting.Asked, ...] = ()
    about: tuple[tuple[str, str], ...] = ()
    notices: tuple[OneTimeNotice, ...] = ()
    ledger: dict[str, int] | None = None
    covers: tuple[Membership, ...] = ()
    for_enterprise: bool = False

    @property
    def again(self) -> list[acting.AgainRow]:
        """The notices after the first one, with the reason of each: red, booked to who gave them."""
        return [acting.AgainRow(row, reason_name(row.reason_code)) for row in self.notices if row.batch > 1]

    @property
    def told_late(self) -> list[OneTimeNotice]:
        """The notices that a department gave only days after it had begun (handbook §2.3)."""
        return [row for row in self.notices if row.is_late]

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.case.state]

    @property
    def also(self) -> str:
        """The other pause where a correction and a special procedure are open at once; empty otherwise."""
        if self.case.state == CaseState.CORRECTING and self.case.special_kind:
            return str(CaseState.SUSPENDED.label)
        if self.case.state != CaseState.SUSPENDED:
            return ""
        told = [issue for issue in self.issues if issue.kind == IssueKind.CORRECTION and issue.state in ISSUE_OPEN]
        return f"待{self.case.fault_word}" if any(issue.clock and issue.clock.is_live for issue in told) else ""

    @property
    def timeline(self) -> list[dict[str, object]]:
        """The events as the component shows them."""
        return timeline(self.events)


def timeline(events: Iterable[Event]) -> list[dict[str, object]]:
    """Events for the component `timeline`; what issued a paper has a filled dot."""
    return [
        {
            "on": event.happened_at, "title": event.subject_label,
            "text": "".join(f"　{part}" for part in (event.summary, late_words(event)) if part),
            "who": "　".join(
                part for part in (
                    event.actor_name, event.actor_organisation, event.on_behalf_of and f"代表{event.on_behalf_of}"
                ) if part
            ),
            "kind": "big" if event.kind.startswith("paper.") else "",
        }
        for event in events
    ]


def case_page(case: MatterCase, user: User) -> CasePage:
    """The page of a case for this user."""
    found = case_rows.read(case.pk)
    case, clocks = found.case, tuple(clock_lines(found.case))
    return CasePage(
        case, _waiting(case), clocks, tuple(case.materials.all()),
        tuple(session_views(case, user)), tuple(found.issues), tuple(_papers(case, user)),
        tuple(events_of(case)), acts_for(case, user), getattr(case, "outside_result", None),
        _blocked_by(case), tuple(acting.asked_on(case, user)),
        (*acting.told_about(case), *said_on(case, found.uses)),
        tuple(acting.times_told(case)), case_ledger(case, [line.clock for line in clocks]),
        _covers(case, user), access_of(user).is_enterprise,
    )


def _papers(case: MatterCase, user: User) -> QuerySet[Paper]:
    """The papers of the case and of its application; for the office also what its joint review has issued."""
    rounds = case_rows.with_rounds(case) if access_of(user).is_office else ()
    return papers_of(case.application, case, *rounds)


def _blocked_by(case: MatterCase) -> tuple[str, ...]:
    """The names of what has to be decided before a case that is not filed yet."""
    if case.state != CaseState.DRAFT:
        return ()
    drafts = queries.drafts_of([case.project]).get(case.project_id, [])
    return next((draft.blocked_by for draft in drafts if draft.case_id == case.pk), ())


def _waiting(case: MatterCase) -> Waiting | None:
    """On whom the case waits: whoever works on it, owes a paper after the grant, or has to hand the certificate out."""
    return whole_waiting(case) or _still_owed(case) or acting.awaits_delivery(case)


def whole_waiting(case: MatterCase) -> Waiting | None:
    """Return on whom a case waits, with every department that has not answered by name; None where it is not open."""
    rows = round_waiting(case) if case.handling != Handling.UTILITY else list(queries.case_waiting([case]).values())
    if len(rows) < 2:
        return next(iter(rows), None)
    first, autos = rows[0], {row.auto for row in rows}
    few = len(rows) <= NAMED
    names = "、".join(row.who if few else row.role for row in rows)
    return replace(
        first, role=f"{names}（{len(rows)} 家）", person="",
        auto=first.auto if len(autos) == 1 else f"{first.role}{first.auto}；各部门的期限见下表",
    )


def _still_owed(case: MatterCase) -> Waiting | None:
    """On whom a granted case waits: whoever has to bring or check a deferred paper, or to check a promise."""
    if case.state not in CASE_PASSED:
        return None
    rows = promises_waiting({case.project_id: case.project}, [])
    return next((row for row in rows if row.case_id == case.pk and row.rank < KEEPING), None)


def _covers(case: MatterCase, user: User) -> tuple[Membership, ...]:
    """Who stands in for whom at the lead department and the window while the case is open (委托代理)."""
    if case.state not in CASE_OPEN or not access_of(user).is_office:
        return ()
    return tuple(standing_ins(case.lead_id, case.project.centre_id))


def case_ledger(case: MatterCase, clocks: Iterable[Clock]) -> dict[str, int] | None:
    """时间账: the working days from receipt to the end (or today), each in one owner's name; None before the receipt.

    Intake and promise cut the days; the statutory clock runs beside the promise and a special procedure's own limit is
    inside of it. A day that no clock covers is government's: the papers lie there.
    """
    if case.received_at is None:
        return None
    ids = {case.intake_clock_id, case.promised_clock_id}
    pieces = [piece for clock in clocks if clock.pk in ids for piece in clock.segments.all()]
    end = timing.business_day(case.ended_at) if case.ended_at else timing.today()
    return day_ledger(pieces, timing.business_day(case.received_at), end, rest=TimeOwner.GOVERNMENT)


def clock_lines(case: MatterCase) -> list[ClockLine]:
    """The clocks of a case that have been started."""
    words = {
        "承诺时限": case.promised_clock, "法定时限": case.statutory_clock, "接件到受理": case.intake_clock,
        "特别程序": case.special_clock,
    }
    return [ClockLine(word, clock, read_clock(clock)) for word, clock in words.items() if clock is not None]


def session_views(case: MatterCase, user: User) -> list[SessionView]:
    """The rounds of the joint review, the newest first. An enterprise sees who was asked, not what was said."""
    hidden = not access_of(user).is_office
    sessions = case_rows.with_rounds(case)
    rows = queries.review_rows(task for session in sessions for task in session.tasks.all())
    return [
        SessionView(
            session, tuple(row for row in rows if row.task.session_id == session.pk),
            review_rules.can_merge(user, session), hidden, () if hidden else tuple(session.conferences.all()),
        )
        for session in sessions
    ]


def events_of(case: MatterCase) -> list[Event]:
    """The newest events of a case, of its application and of its papers."""
    reach = Q(subject_type=subject_of(case)[0], subject_key=str(case.pk))
    if case.application is not None:
        label, key = subject_of(case.application)
        reach |= Q(subject_type=label, subject_key=key)
    return list(Event.objects.filter(reach, project_id=case.project_id).order_by("-pk")[:EVENTS])


def record_acts(case: MatterCase, user: User) -> list[Act]:
    """Where the steps of a tender, of an intermediary's service or a fee are kept."""
    kind, code = case.matter.kind, case.matter.matter.code
    verdict = utility_rules.can_open_record(user, case)
    if kind == MatterKind.INTERMEDIARY:
        service = case.services.filter(state__in=SERVICE_OPEN).first()
        if service is not None:
            return [Act("打开中介服务", reverse("packages:service", args=[service.pk]), ALLOWED)]
        return [Act("登记中介服务", reverse("packages:service_open", args=[case.pk]), verdict)]
    if kind == MatterKind.FEE:
        return [Act("收费清单", reverse("packages:fees", args=[case.project_id]), ALLOWED)]
    if any(code in step.closes for step in utility_data.tender_steps(timing.today())):
        tender = case.tenders.exclude(state=TenderState.ENDED).first()
        if tender is not None:
            return [Act("打开招标过程", reverse("packages:tender", args=[tender.pk]), ALLOWED)]
        return [Act("登记招标过程", reverse("packages:tender_open", args=[case.pk]), verdict)]
    return []


def utility_acts(case: MatterCase) -> list[Act]:
    """A case that follows a joint utility application is handled on its page."""
    line = case.utility_lines.first()
    joint = line.request if line is not None else case.utility_requests.first()
    if joint is None:
        return []
    return [Act("打开联合报装", reverse("packages:utilities", args=[joint.pk]), ALLOWED)]


def _further(case: MatterCase, user: User) -> list[Act]:
    """Return what leads from the case to pages of higher apps."""
    return [Act(way.label, way.url, way.verdict or ALLOWED) for way in ways_of(case, user)]


def acts_for(case: MatterCase, user: User) -> tuple[Act, ...]:
    """The buttons of the page. To an enterprise what others do is no button: the waiting sentence names who it is."""
    acts = (*actions(case, user), *living_acts(case, user), *_further(case, user))
    if access_of(user).is_enterprise:
        return tuple(act for act in acts if act.verdict or act.is_own)
    return acts


def actions(case: MatterCase, user: User) -> list[Act]:
    """What may be done now; what may not stays in place with its reason."""
    pk = case.pk
    if case.state == CaseState.DRAFT and case.handling == Handling.OUTSIDE:
        url = reverse("packages:outside", args=[pk])
        return [*record_acts(case, user), Act("登记外部办理结果", url, rules.can_record_outside(user, case))]
    if case.handling == Handling.UTILITY and case.state not in CASE_ENDED:
        return utility_acts(case)
    if case.state == CaseState.RECEIVED:
        return [
            Act("受理", reverse("packages:case_accept", args=[pk]), acting.may_accept(user, case)),
            Act("补全告知", reverse("packages:case_notice", args=[pk]), rules.can_notice(user, case)),
            Act("即办办结", reverse("packages:on_spot", args=[pk]), rules.can_decide_on_spot(user, case)),
            Act("不予受理", reverse("packages:refuse", args=[pk]), rules.can_refuse(user, case), danger=True),
            *acting.steps_of(case, user),
        ]
    running = (CaseState.ACCEPTED, CaseState.IN_REVIEW, CaseState.CORRECTING, CaseState.SUSPENDED)
    if case.state not in running:
        return list(acting.steps_of(case, user))
    special = (
        Act("结束特别程序", reverse("packages:special_end", args=[pk]), rules.can_end_special(user, case))
        if case.special_kind
        else Act("启动特别程序", reverse("packages:special_start", args=[pk]), acting.may_start_special(user, case))
    )
    first = _handing_in(case, user) or [
        Act("作出决定", reverse("packages:decide", args=[pk]), acting.may_decide(user, case))
    ]
    if case.accepted_at is not None:
        notice = Act("补正告知", reverse("packages:case_notice", args=[pk]), rules.can_notice(user, case))
        first += [notice, special]
    return [
        *first,
        *acting.steps_of(case, user),
        Act("部门撤回", reverse("packages:recall", args=[pk]), rules.can_recall(user, case), danger=True),
    ]


def _handing_in(case: MatterCase, user: User) -> list[Act]:
    """The way to the faults that are answered and handed in for the owner, while a case waits for them."""
    if case.state != CaseState.CORRECTING or case.application is None:
        return []
    url = reverse("packages:application", args=[case.application_id])
    return [Act("答复并交回", url, rules.can_return_corrected(user, case.application), is_own=True)]


def files_of(case: MatterCase, user: User) -> list[Document]:
    """The documents that a reviewer reads: those of the checklist, with their versions. Two queries."""
    kind = kind_of(user)

    def of_case(case_id: int, *_: int) -> QuerySet[Document]:
        found = Document.objects.visible_to(kind.somebody).filter(used_by__case=case_id)
        return found.distinct().select_related("kind").order_by("pk")

    files = prepared.rows(("files of a case", kind.key), of_case, *kind.given(case.pk))
    prefetch_related_objects(files, "versions")
    return files
