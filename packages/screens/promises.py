"""The pages of deferred papers, commitments and papers that departments have to bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from archives.models import Paper
from archives.states import PaperKind
from packages import promise_rules, rules
from packages.choices import ArrivesBefore
from packages.models import Commitment, CommitmentCheck, Deferral, MaterialItem, MatterCase
from packages.services.committing import table_rows
from packages.services.settling import by_when, consequence_words
from packages.states import CASE_OPEN, CASE_PASSED, COMMITMENT_OPEN, TONES, CaseState, CommitmentState, MaterialState
from projects import timing
from projects.access import access_of
from projects.clocks import Reading, read_clock
from projects.errors import Verdict
from projects.models import Event
from projects.paging import KeyPage, as_key, key_page
from projects.states import ISSUE_WITH_OWNER, IssueState, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

PAGE, EVENTS = 20, 20
CASE = ("case__matter", "case__lead", "case__project__owner", "case__project__centre")


@dataclass(frozen=True, slots=True)
class Tab:
    """One state of a list."""

    label: str
    url: str
    current: bool
    count: int | None = None
    bad: bool = False


#: Tabs that are bad news when anything is in them.
BAD_TABS = ("late", "breach")


def _tabs(names: Sequence[tuple[str, str]], kinds: dict[str, Q], seen: QuerySet[Any], current: str) -> list[Tab]:
    """The tabs with how many are in each of them: one query."""
    counts = seen.aggregate(**{key: Count("pk", filter=kinds[key] or None) for key, _ in names})
    return [
        Tab(label, f"?tab={key}", key == current, counts[key], bad=key in BAD_TABS and counts[key] > 0)
        for key, label in names
    ]


# 容缺待补 ------------------------------------------------------------------------------------------------------------

OWED_TABS = (("due", "待补"), ("late", "逾期"), ("check", "已补待核"), ("done", "已核"), ("all", "全部"))
OWED: dict[str, Q] = {
    "due": Q(issue__state__in=ISSUE_WITH_OWNER),
    "late": Q(issue__state__in=ISSUE_WITH_OWNER, late_at__isnull=False),
    "check": Q(issue__state=IssueState.SUBMITTED),
    "done": Q(issue__state=IssueState.VERIFIED),
    "all": Q(),
}


@dataclass(frozen=True, slots=True)
class OwedRow:
    """One deferred paper of the list or its page."""

    deferral: Deferral
    reading: Reading

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.deferral.state]

    @property
    def when(self) -> str:
        """Until when it has to come."""
        return by_when(self.deferral.arrives_before, self.deferral.days, self.deferral.issue.due_on)

    @property
    def consequence(self) -> str:
        """What happens when it is late."""
        return consequence_words(self.deferral)


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list with its tabs and page."""

    tabs: list[Tab]
    rows: list[Any]
    cut: KeyPage[Any]
    is_office: bool


def owed_page(user: Person, asked: dict[str, str]) -> ListPage:
    """Return the deferred papers that the user sees, the newest first. Four queries."""
    tab = asked.get("tab", "due")
    seen = Deferral.objects.visible_to(user)
    found = seen.filter(OWED.get(tab, OWED["due"])).select_related(
        *CASE, "issue__clock", "item"
    ).prefetch_related("issue__clock__pauses")
    cut = _cut(found, asked)
    rows = [OwedRow(row, read_clock(row.issue.clock)) for row in cut.rows]
    return ListPage(_tabs(OWED_TABS, OWED, seen, tab if tab in OWED else "due"), rows, cut, access_of(user).is_office)


def _cut(found: QuerySet[Any], asked: dict[str, str]) -> KeyPage[Any]:
    return key_page(found, sort="-pk", size=PAGE, after=as_key(asked.get("after")), before=as_key(asked.get("before")))


@dataclass(frozen=True, slots=True)
class DeferralPage:
    """Everything the page of a deferred paper shows."""

    row: OwedRow
    hand_in: Verdict
    settle: Verdict
    give_time: Verdict
    events: list[Event]
    papers: list[Paper]

    @property
    def deferral(self) -> Deferral:
        """The deferred paper."""
        return self.row.deferral


def deferral_page(deferral: Deferral, user: User) -> DeferralPage:
    """The page of a deferred paper for this user."""
    issue = deferral.issue
    reach = Q(subject_type=Deferral._meta.label, subject_key=str(deferral.pk))
    reach |= Q(subject_type=issue._meta.label, subject_key=str(issue.pk))
    reach |= Q(subject_type=MaterialItem._meta.label, subject_key=str(deferral.item_id))
    events = Event.objects.filter(reach, project_id=issue.project_id).order_by("-pk")[:EVENTS]
    return DeferralPage(
        OwedRow(deferral, read_clock(issue.clock)), rules.can_set_material(user, deferral.item),
        rules.can_settle(user, issue), promise_rules.can_give_time(user, deferral), list(events),
        _papers(deferral.case, PaperKind.DEFERRED_ACCEPTANCE, PaperKind.DEFERRAL_LATE, PaperKind.DEFERRAL_NOTICE),
    )


def promise_kept(deferral: Deferral) -> tuple[str, ...]:
    """Return what more time for a paper does not change: the day on which its case is to be decided, while it is not.

    The new day may lie after it. Nothing where the paper follows the decision or the case has no promised day.
    """
    clock = deferral.case.promised_clock
    if deferral.arrives_before != ArrivesBefore.DECISION or deferral.case.state not in CASE_OPEN or clock is None:
        return ()
    return (
        f"材料要在决定前补交并核实，否则不能准予；办件承诺在{timing.spoken(clock.due_on)}前作出决定，这一天不因延长而顺延，新的期限可能晚于它。",
    )


def _papers(case: MatterCase, *kinds: str) -> list[Paper]:
    found = Paper.objects.filter(subject_type=case._meta.label, subject_key=str(case.pk), kind__in=kinds)
    return list(found.order_by("-pk"))


# 承诺 ----------------------------------------------------------------------------------------------------------------

COMMITMENT_TABS = (
    ("open", "未了结"), ("sign", "待签"), ("run", "履约中"), ("check", "待核查"), ("late", "逾期"), ("breach", "违诺"),
    ("kept", "履约"), ("all", "全部"),
)
COMMITMENTS: dict[str, Q] = {
    "open": Q(state__in=COMMITMENT_OPEN) | Q(state=CommitmentState.BREACHED, closed_at=None),
    "sign": Q(state=CommitmentState.OFFERED),
    "run": Q(state=CommitmentState.PERFORMING),
    "check": Q(state=CommitmentState.TO_CHECK),
    "late": Q(state=CommitmentState.OVERDUE),
    "breach": Q(state=CommitmentState.BREACHED),
    "kept": Q(state=CommitmentState.KEPT),
    "all": Q(),
}


@dataclass(frozen=True, slots=True)
class CommitmentRow:
    """One commitment of the list or its page."""

    commitment: Commitment
    reading: Reading

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.commitment.state]

    @property
    def waits_for(self) -> str:
        """On whom it waits."""
        case, state = self.commitment.case, self.commitment.state
        words = {
            CommitmentState.OFFERED: f"{case.project.owner.name}负责人签署",
            CommitmentState.SIGNED: _decider(case),
            CommitmentState.PERFORMING: f"{case.project.owner.name}履行",
            CommitmentState.TO_CHECK: f"{case.lead.label}核查",
            CommitmentState.OVERDUE: f"{case.project.owner.name}限期履行",
        }
        if state == CommitmentState.OFFERED and self.commitment.signed_at:
            return "设计单位负责人签署"
        if state == CommitmentState.BREACHED and self.commitment.closed_at is None:
            return f"{case.lead.label}首席代表处理"
        return words.get(CommitmentState(state), "")


def _decider(case: MatterCase) -> str:
    """Who acts next on a case whose commitment is signed: the window until it is taken in, then its department."""
    window = f"{case.project.centre.label}窗口受理"
    return window if case.state == CaseState.RECEIVED else f"{case.lead.label}作出决定"


def commitments_page(user: Person, asked: dict[str, str]) -> ListPage:
    """Return the commitments that the user sees, the newest first. Four queries."""
    tab = asked.get("tab", "open")
    seen = Commitment.objects.visible_to(user)
    found = seen.filter(COMMITMENTS.get(tab, COMMITMENTS["open"])).select_related(
        *CASE, "issue__clock"
    ).prefetch_related("issue__clock__pauses")
    cut = _cut(found, asked)
    rows = [CommitmentRow(row, _reading(row)) for row in cut.rows]
    tabs = _tabs(COMMITMENT_TABS, COMMITMENTS, seen, tab if tab in COMMITMENTS else "open")
    return ListPage(tabs, rows, cut, access_of(user).is_office)


def _reading(row: Commitment) -> Reading:
    return read_clock(row.issue.clock if row.issue else None)


@dataclass(frozen=True, slots=True)
class Act:
    """A step that may be taken now, or why not."""

    label: str
    url: str
    verdict: Verdict
    primary: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class CommitmentPage:
    """Everything the page of a commitment shows."""

    row: CommitmentRow
    terms: list[list[str]]
    acts: list[Act]
    checks: list[CommitmentCheck]
    events: list[Event]
    papers: list[Paper]
    later: Commitment | None
    """The commitment that took the place of one that is void."""

    @property
    def commitment(self) -> Commitment:
        """The commitment."""
        return self.row.commitment


def commitment_page(commitment: Commitment, user: User) -> CommitmentPage:
    """The page of a commitment for this user."""
    checks = commitment.checks.select_related("evidence__document", "checked_by").order_by("-pk")
    reach = Q(subject_type=Commitment._meta.label, subject_key=str(commitment.pk))
    events = Event.objects.filter(reach, project_id=commitment.case.project_id).order_by("-pk")[:EVENTS]
    return CommitmentPage(
        CommitmentRow(commitment, _reading(commitment)), table_rows(commitment.terms), _acts(commitment, user),
        list(checks), list(events),
        _papers(commitment.case, PaperKind.COMMITMENT_TOLD, PaperKind.COMMITMENT, PaperKind.BREACH_NOTICE),
        _later(commitment),
    )


def _later(commitment: Commitment) -> Commitment | None:
    if commitment.state != CommitmentState.VOID:
        return None
    found = Commitment.objects.filter(case=commitment.case_id, pk__gt=commitment.pk)
    return found.exclude(state=CommitmentState.VOID).order_by("-pk").first()


def _acts(commitment: Commitment, user: User) -> list[Act]:
    """The steps of the state it is in; what this person may not do says why."""
    pk, state = commitment.pk, commitment.state

    def act(label: str, name: str, rule: Callable[[Any, Commitment], Verdict], **more: bool) -> Act:
        return Act(label, reverse(f"packages:{name}", args=[pk]), rule(user, commitment), **more)

    if state == CommitmentState.OFFERED:
        return [act("签署承诺书", "commitment_sign", promise_rules.can_sign_commitment, primary=True)]
    if state in (CommitmentState.PERFORMING, CommitmentState.TO_CHECK, CommitmentState.OVERDUE):
        acts = [act("记录核查", "commitment_check", promise_rules.can_check_commitment, primary=True)]
        if state != CommitmentState.TO_CHECK:
            acts.append(act("报告已履约", "commitment_kept", promise_rules.can_report_kept))
        return acts
    if state == CommitmentState.BREACHED and commitment.closed_at is None:
        acts = [act("记录处理结果", "commitment_breach", promise_rules.can_close_breach)]
        if commitment.case.state in CASE_PASSED:
            url = reverse("packages:revoke", args=[commitment.case_id])
            acts.insert(0, Act("撤销决定", url, rules.can_revoke(user, commitment.case), danger=True))
        return acts
    return []


# What departments bring ----------------------------------------------------------------------------------------------

SUPPLY_TABS = (("await", "待提供"), ("shared", "系统共享"))
SUPPLIES: dict[str, Q] = {
    "await": Q(state=MaterialState.AWAITED),
    "shared": Q(state=MaterialState.SHARED, document=None),
}


def supplies_page(user: Person, asked: dict[str, str]) -> ListPage:
    """Return the lines that departments bring, of open cases: for a department its own, for a window its centre's."""
    tab = "shared" if asked.get("tab") == "shared" else "await"
    access = access_of(user)
    live = Q(case__state__in=CASE_OPEN) | Q(case__state=CaseState.DRAFT, case__application__isnull=False)
    seen = MaterialItem.objects.filter(live, case__in=MatterCase.objects.visible_to(user))
    if access.is_office and not access.has(Role.CLERK, Role.AGENT, Role.DISPATCHER, Role.DIRECTOR, Role.SUPERVISOR):
        mine = access.organisation_ids
        seen = seen.filter(Q(supplier__in=mine) | Q(supplier=None, case__lead__in=mine))
    found = seen.filter(SUPPLIES[tab]).select_related(*CASE, "supplier", "kind", "case__application")
    cut = _cut(found, asked)
    return ListPage(_tabs(SUPPLY_TABS, SUPPLIES, seen, tab), cut.rows, cut, access.is_office)
