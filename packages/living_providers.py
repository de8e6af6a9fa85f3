"""What running-out papers give to the kernel: the calendar, on whom a project waits, the lines of the public page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import BooleanField, CharField, F, Q, Value
from django.urls import reverse

from archives.models import Paper
from archives.states import PaperKind, PaperState
from packages.models import ConditionalPermit, Letter
from packages.next_steps import OWNER_WORD
from packages.states import LIVING_LIVE, TONES, LivingState
from packages.waiting import CASE_LABEL
from projects import glance, living, owing, panels, timing, waiting, workdays
from projects.clock_states import Light
from projects.living import Expiry, LivingGroup
from projects.models import IssueItem
from projects.one_page import once
from projects.owing import Debt, Person
from projects.panels import PublicFact
from projects.quoting import quoted
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project

PLACE = "packages.living"
LAPSED = (LivingState.LAPSED, LivingState.STOP_CHECK)
PUBLIC_GROUP = "分段许可与代证函"
ISSUE_GROUPS = {IssueKind.DEFERRAL: LivingGroup.DEFERRAL, IssueKind.COMMITMENT: LivingGroup.COMMITMENT}


# The calendar ----------------------------------------------------------------------------------------------------


def ending(projects: QuerySet[Project], since: dt.date, until: dt.date) -> list[QuerySet[Any]]:
    """Return permits, letters, certificates with a last day, and deferred papers and commitments that are open."""
    between = Q(project__in=projects, valid_until__gte=since, valid_until__lte=until)
    owed = IssueItem.objects.filter(
        project__in=projects, kind__in=list(ISSUE_GROUPS), state__in=list(ISSUE_OPEN), due_on__gte=since,
        due_on__lte=until,
    )
    papers = Paper.objects.filter(between, kind=PaperKind.CERTIFICATE, state=PaperState.VALID).defer("content")
    return [
        ConditionalPermit.objects.filter(between).select_related("project", "supervisor", "issuer").order_by("pk"),
        Letter.objects.filter(between).select_related("project", "issuer").order_by("pk"),
        papers.select_related("project", "issuer").order_by("pk"),
        owed.select_related("project", "raised_for", "clock").order_by("pk"),
    ]


def tell_ending(
    permits: list[ConditionalPermit], letters: list[Letter], papers: list[Paper], issues: list[IssueItem]
) -> Iterable[Expiry]:
    """Tell all of them by their last day. No query."""
    yield from _papers_that_end(permits, letters)
    yield from _certificates(papers)
    yield from _owed(issues)


def _papers_that_end(permits: list[ConditionalPermit], letters: list[Letter]) -> Iterable[Expiry]:
    for permit in permits:
        not_for = f"；{permit.excludes}" if permit.excludes else ""
        who = permit.supervisor.label if permit.state == LivingState.STOP_CHECK else OWNER_WORD
        yield _expiry(permit, "permit", LivingGroup.PERMIT, who, f"范围：{permit.scope}{not_for}")
    for letter in letters:
        who = letter.issuer.label if letter.formal_case_id else OWNER_WORD
        yield _expiry(letter, "letter", LivingGroup.LETTER, who, f"代替{letter.stands_for}")


def expiry_of(row: ConditionalPermit | Letter) -> Expiry:
    """Return one permit or letter as the calendar tells it."""
    permits, letters = ([row], []) if isinstance(row, ConditionalPermit) else ([], [row])
    return next(iter(_papers_that_end(permits, letters)))


def _expiry(row: ConditionalPermit | Letter, word: str, group: str, who: str, detail: str) -> Expiry:
    return Expiry(
        key=f"{word}-{row.pk}", project_id=row.project_id, project_name=row.project.name, detail=detail,
        project_code=row.project.code, group=group, title=row.name, due_on=row.valid_until, who=who,
        url=reverse(f"packages:{word}", args=[row.pk]), changed_at=row.changed_at, state=row.get_state_display(),
        tone=TONES[row.state], warn_days=settings.LIVING_WARN_DAYS, covers=frozenset({f"paper-{row.paper_id}"}),
        ended=row.state not in LIVING_LIVE,
    )


def _certificates(papers: list[Paper]) -> Iterable[Expiry]:
    for paper in papers:
        if paper.project is None or paper.valid_until is None:
            continue
        over = paper.valid_until < timing.today()
        yield Expiry(
            key=f"paper-{paper.pk}", project_id=paper.project.pk, project_name=paper.project.name,
            project_code=paper.project.code, group=LivingGroup.CERTIFICATE, title=paper.title,
            due_on=paper.valid_until, who=OWNER_WORD, detail=f"{paper.number}，{paper.issuer.label}",
            url=reverse("archives:paper", args=[paper.pk]), changed_at=paper.issued_at,
            state="已过期" if over else "有效", tone="warn" if over else "good",
        )


def _owed(issues: list[IssueItem]) -> Iterable[Expiry]:
    for issue in issues:
        if issue.due_on is None:
            continue
        mine = issue.state in ISSUE_WITH_OWNER
        by = issue.raised_for.label if issue.raised_for else "部门"
        case = issue.subject_key if issue.subject_type == CASE_LABEL else ""
        yield Expiry(
            key=f"issue-{issue.pk}", project_id=issue.project_id, project_name=issue.project.name,
            project_code=issue.project.code, group=ISSUE_GROUPS[IssueKind(issue.kind)], title=issue.what,
            due_on=issue.due_on, who=OWNER_WORD if mine else by, detail=issue.how_to_fix,
            url=reverse("packages:case", args=[int(case)]) if case else
            reverse("projects:detail", args=[issue.project_id]),
            changed_at=issue.raised_at, state=issue.get_state_display(), warn_days=settings.LIVING_WARN_DAYS,
        )


# On whom it waits ----------------------------------------------------------------------------------------------------

_COLUMNS = (
    "word", "pk", "project_id", "name", "state", "valid_until", "lapsed_at", "body", "body_short", "case_id",
    "formal_case_id", "stop", "is_work",
)


def _asks() -> Q:
    """What asks for somebody."""
    asks = Q(state=LivingState.WARNED) | Q(state__in=LAPSED, closed_at=None)
    return asks | Q(formal_case__isnull=False, closed_at=None)


def _rows(projects: Sequence[Project]) -> list[dict[str, Any]]:
    """Read what asks for somebody, of permits and letters at once. One query for a page."""
    ids = [project.pk for project in projects]
    return once(("living", *ids), lambda: _read(ids))


def _read(ids: list[int]) -> list[dict[str, Any]]:
    asks, base = _asks(), Q(project__in=ids)
    text = CharField()
    permits = ConditionalPermit.objects.filter(base, asks).order_by().annotate(
        word=Value("permit", text), body=F("supervisor__name"), body_short=F("supervisor__short_name"),
        stop=F("stop_issue__state"), is_work=F("is_works"),
    ).values(*_COLUMNS)
    letters = Letter.objects.filter(base, asks).order_by().annotate(
        word=Value("letter", text), body=F("issuer__name"), body_short=F("issuer__short_name"),
        stop=F("stop_issue__state"), is_work=Value(False, BooleanField()),
    ).values(*_COLUMNS)
    return sorted(permits.union(letters, all=True), key=lambda row: (row["valid_until"], row["word"], row["pk"]))


def living_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return who has to act on papers that run out or have: near their end, lapsed, to be compared. One query."""
    by_pk = {project.pk: project for project in projects}
    for row in _rows(projects):
        yield _of_row(row, by_pk[row["project_id"]])


def _of_row(row: dict[str, Any], project: Project) -> Waiting:
    body, name, state = row["body_short"] or row["body"], quoted(row["name"]), row["state"]
    url = reverse(f"packages:{row['word']}", args=[row["pk"]])
    since = timing.business_day(row["lapsed_at"]) if row["lapsed_at"] else None
    common: dict[str, Any] = {
        "project_id": project.pk, "case_id": row["case_id"], "url": url, "since": since,
        "days": workdays.workdays_between(since, timing.today()) if since else 0,
    }
    ending = {**common, "due_on": row["valid_until"], "light": Light.YELLOW}
    owner: dict[str, Any] = {"role": OWNER_WORD, "person": project.owner.name, "rank": 1}
    if state in LIVING_LIVE and row["word"] == "letter" and row["formal_case_id"]:
        near = ending if state == LivingState.WARNED else common  # a day of next year says nothing yet
        return Waiting(**near, role=body, rank=3, verb="核对换发", what=name, auto="到期未换发即失效")
    if state in LIVING_LIVE:
        what = f"正式许可（{row['name']}）" if row["word"] == "permit" else f"正式证件（{row['name']}）"
        return Waiting(**ending, **owner, verb="办结", what=what, auto="到期未转正即失效")
    late = {**common, "light": Light.RED}
    if state == LivingState.STOP_CHECK and row["stop"] in ISSUE_WITH_OWNER:
        return Waiting(**late, **owner, verb="停工并答复", what=f"{name}的停工核查", auto="正式许可办结前不得复工")
    if state == LivingState.STOP_CHECK:
        return Waiting(**late, role=body, rank=3, verb="复核", what=f"{name}失效后的停工情况")
    if row["is_work"]:
        return Waiting(**late, role=body, rank=3, verb="核查", what=f"{name}失效后是否停工", auto="失效后不得继续施工")
    return Waiting(**late, **owner, verb="办结", what=f"正式证件（{row['name']}已失效）", auto="需要时重新申请")


def living_debts(_: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """What the owner has to do about papers that run out: finish the formal matter, answer a stop check."""
    by_pk = {project.pk: project for project in glance.glance(projects).only(PLACE, projects)}
    for row in _rows(list(by_pk.values())) if by_pk else []:
        waits = _of_row(row, by_pk[row["project_id"]])
        if waits.role != OWNER_WORD:
            continue
        stop = row["state"] == LivingState.STOP_CHECK
        yield Debt(
            row["project_id"], "停工核查" if stop else "到期", f"{waits.verb}{waits.what}",
            reverse("packages:answer_stop", args=[row["pk"]]) if stop else waits.url, "去答复" if stop else "去看",
            why=waits.auto, due_on=waits.due_on, tone="bad" if stop else "warn",
        )


# The public page -----------------------------------------------------------------------------------------------------


def public_lines(project: Project) -> list[PublicFact]:
    """Return scope and last day of permits and letters, first of all on the page: amber, and red when lapsed."""
    facts = []
    permits = ConditionalPermit.objects.filter(project=project).exclude(
        state__in=[LivingState.CONVERTED, LivingState.REVOKED]
    )
    for permit in permits.select_related("formal_case").order_by("valid_until", "pk"):
        says = f"许可范围：{permit.scope}" + (f"；{permit.excludes}" if permit.excludes else "")
        facts.append(_fact(permit, says))
    letters = Letter.objects.filter(project=project).exclude(state__in=[LivingState.CONVERTED, LivingState.REVOKED])
    facts += [_fact(letter, f"代替{letter.stands_for}") for letter in letters.order_by("valid_until", "pk")]
    return facts


def _fact(row: ConditionalPermit | Letter, says: str) -> PublicFact:
    over = row.state not in LIVING_LIVE or row.valid_until < timing.today()
    words = {LivingState.STOP_CHECK: "已失效，停工核查中"}.get(LivingState(row.state), "已失效")
    end = timing.written(row.valid_until)
    on = f"有效期至{end}，{words}" if over else f"有效期至{end}"
    return PublicFact(PUBLIC_GROUP, row.name, detail=says, on=on, tone="bad" if over else "warn", is_first=True)


living.register("packages.living", ending, tell_ending)
glance.register(
    PLACE, lambda ids: ConditionalPermit.objects.filter(_asks(), project__in=ids),
    lambda ids: Letter.objects.filter(_asks(), project__in=ids),
)
waiting.register("packages.living", living_waiting, place=PLACE)
owing.register("packages.living", living_debts)
panels.register_public("packages.living", public_lines)
