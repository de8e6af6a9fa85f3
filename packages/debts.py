"""What the owner of projects owes and may do in its matters: faults to answer, papers to bring, drafts, next steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q
from django.urls import reverse

from packages.deferral_terms import late_words
from packages.models import Application, Deferral, MatterCase
from packages.next_steps import STAGE_ORDER, Draft, drafts_of
from packages.promise_waiting import commitments_of
from packages.same_faults import fault_word, merge_same
from packages.states import CaseState, CommitmentState, Handling, MaterialState
from packages.waiting import ISSUES
from projects import gathering, prepared, timing
from projects.access import access_of
from projects.clocks import read_clock
from projects.models import IssueItem, Project
from projects.one_page import seen
from projects.owing import Debt, Person
from projects.quoting import quoted
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState, Role

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet

#: So much of a list stands in a line.
FIRST = 2
#: A correction waits for the owner in these states; in others it was handed back.
AWAY = (CaseState.CORRECTING, CaseState.SUSPENDED)
#: What may be done next: chip, verb and what it means.
OFFERS: dict[str, tuple[str, str, str]] = {
    Handling.REVIEW: ("可申报", "申报", "现在即可申报，不必等在办的事项"),
    Handling.ACCEPTANCE: ("可申请", "申请", "现在即可申请联合验收"),
    Handling.OUTSIDE: ("外部办理", "办理", "在系统外办理，办成后由窗口或代办人员登记"),
}
#: Where it is begun: page, the sheet on it (the button of the joint acceptance, the matters), the word of the link.
PLACES: dict[str, tuple[str, str, str]] = {
    Handling.REVIEW: ("packages:file", "", "去申报"),
    Handling.ACCEPTANCE: ("projects:detail", "#joint-acceptance", "去申请联合验收"),
    Handling.OUTSIDE: ("projects:detail", "#matters", "看要办的事项"),
}


def debts(user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield what these projects' owner owes and may do. The number of queries is fixed."""
    yield from _of_issues(projects)
    yield from _of_commitments(user, projects)
    yield from _of_drafts(projects)
    yield from _offers(projects)


def _of_issues(projects: Sequence[Project]) -> Iterable[Debt]:
    """Faults by application, deferred papers one by one."""
    found: list[IssueItem] = gathering.rows_of(ISSUES, projects)
    issues = [row for row in found if row.kind == IssueKind.CORRECTION or row.state in ISSUE_WITH_OWNER]
    if not issues:
        return
    cases = _cases(projects, {int(issue.subject_key) for issue in issues})
    fields = ("issue_id", "item_id", "item__note", "arrives_before", "consequence")
    owed = {row[0]: row[1:] for row in Deferral.objects.filter(issue__in=ids_of(issues)).values_list(*fields)}
    told: dict[int, list[IssueItem]] = defaultdict(list)
    for issue in issues:
        case = cases[int(issue.subject_key)]
        if issue.pk in owed:
            yield _deferral(issue, case, *owed[issue.pk])
        elif case.state in AWAY and case.application_id and issue.clock is not None and issue.clock.is_live:
            told[case.application_id].append(issue)
    for application_id, rows in told.items():
        yield _correction(application_id, rows, fault_word([cases[int(row.subject_key)] for row in rows]))


def _of_commitments(user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """承诺书 to be signed by the lead, commitments to be kept until a day."""
    access, by_pk = access_of(user), {project.pk: project for project in projects}
    states = (CommitmentState.OFFERED, CommitmentState.PERFORMING, CommitmentState.OVERDUE)
    for row in commitments_of(projects, states):
        project, name = by_pk[row.case.project_id], row.case.matter.name
        url, materials = reverse("packages:commitment", args=[row.pk]), "、".join(row.terms["materials"])
        if row.state == CommitmentState.OFFERED:
            lead = access.has_at(project.owner_id, Role.OWNER_LEAD)
            blocked = "承诺书只由负责人本人签署，请转告负责人。"
            if lead:
                blocked = "您已签署，还等设计单位负责人签署。" if row.signed_at else ""
            yield Debt(
                project.pk, "待签署", f"签署承诺书：{name}", url, "去签署", blocked=blocked,
                detail=f"签了才能准予，不用交{materials}",
                why=f"这些材料以承诺代替，依据{row.terms['basis'] or '办事指南'}",
            )
        else:
            yield Debt(
                project.pk, "承诺", f"在期限内达到承诺的条件：{name}", url, "看承诺", due_on=row.due_on,
                clock_id=row.issue.clock_id if row.issue else None, clock_light=_light(row.issue),
                detail=_to_keep([*row.terms["conditions"], *row.terms["requirements"]]),
                why=f"凭您的承诺作了决定，没有收{materials}；{row.terms['deadline']}做到，部门事后核查",
            )


def _to_keep(conditions: Sequence[str]) -> str:
    """Return the first of what was promised; the rest stands on the page of the commitment."""
    return f"要做到：{'；'.join(conditions[:FIRST])}{'等' if len(conditions) > FIRST else ''}"


def _due(issue: IssueItem) -> tuple[dt.date | None, bool]:
    """Return the day and whether it is provisional."""
    reading = read_clock(issue.clock)
    return (reading.due_on if issue.clock is not None else issue.due_on), reading.provisional


def _light(issue: IssueItem | None) -> str:
    """Return what its clock shows, as on the page of the clock; empty without one."""
    return read_clock(issue.clock).light if issue is not None and issue.clock is not None else ""


def ids_of(issues: Iterable[IssueItem]) -> list[int]:
    """Return the keys of the deferred papers among them."""
    return [issue.pk for issue in issues if issue.kind == IssueKind.DEFERRAL]


def _deferral(issue: IssueItem, case: MatterCase, item_id: int, note: str, before: str, late: str) -> Debt:
    """Return the debt of a deferred paper and what happens when it is late; what did not hold comes with the reason."""
    due_on, provisional = _due(issue)
    detail = f"{case.matter.name}：{issue.how_to_fix}" if issue.how_to_fix else case.matter.name
    if issue.state == IssueState.REJECTED and note:
        detail = f"{note}。{detail}"
    return Debt(
        issue.project_id, "容缺", f"补交{quoted(issue.what)}", f"{_application(case)}#m{item_id}", "去补交",
        detail=detail, why=f"先受理、后补这份材料（容缺）；{late_words(before, late)}",
        due_on=due_on, clock_id=issue.clock_id, is_provisional=provisional, clock_light=_light(issue),
    )


def _application(case: MatterCase) -> str:
    if case.application_id:
        return reverse("packages:application", args=[case.application_id])
    return reverse("packages:case", args=[case.pk])


def _correction(application_id: int, rows: Sequence[IssueItem], word: str) -> Debt:
    """Return one debt for all faults of an application: how many are told, how many answered. `word`: 补全 or 补正."""
    rows = [issue for issue, _ in merge_same(rows, dict.fromkeys((row.subject_key for row in rows), ""))]
    owed = [row for row in rows if row.state in ISSUE_WITH_OWNER]
    due_on, provisional = _due(rows[0])
    answered = len(rows) - len(owed)
    return Debt(
        rows[0].project_id, f"待{word}", f"{word} {len(rows)} 处问题" if owed else f"{word}已逐条答好，请交回",
        reverse("packages:correct", args=[application_id]), f"逐条{word}" if owed else "去交回",
        detail="；".join(row.what for row in owed[:3]) + ("等" if len(owed) > 3 else "")  # noqa: PLR2004 - what fits
        + (f"（已答 {answered} 处）" if owed and answered else "") if owed else "交回后时限恢复计算",
        why=rows[0].basis, due_on=due_on, clock_id=rows[0].clock_id, is_provisional=provisional,
        clock_light=_light(rows[0]),
    )


def open_drafts(projects: Sequence[Project]) -> list[Application]:
    """Return the applications that are not handed in, with what they lack, when they were last saved. One query."""
    return prepared.rows_among("open drafts", _open_drafts, [project.pk for project in projects])


def _open_drafts(project_id: int) -> QuerySet[Application]:
    missing = Count("cases__materials", filter=Q(cases__materials__state=MaterialState.MISSING), distinct=True)
    found = Application.objects.filter(project__in=[project_id], submitted_at=None, cases__isnull=False)
    rows = found.annotate(
        missing=missing, matters=Count("cases", distinct=True), saved_at=Max("cases__materials__changed_at")
    )
    return rows.select_related("opened_by").order_by("-pk")


def _of_drafts(projects: Sequence[Project]) -> Iterable[Debt]:
    for draft in open_drafts(projects):
        lacks = f"还缺 {draft.missing} 件材料" if draft.missing else "材料已齐，可以提交"  # type: ignore[attr-defined]
        stamp = timing.as_moment(draft.saved_at or draft.opened_at).astimezone(timing.BUSINESS_ZONE)  # type: ignore[attr-defined]
        yield Debt(
            draft.project_id, "草稿", f"申报 {draft.number} 还没有提交",
            reverse("packages:application", args=[draft.pk]), "继续填报", tone="none",
            detail=f"{draft.matters} 项事项，{lacks}；{stamp:%m-%d %H:%M} 保存",  # type: ignore[attr-defined]
        )


def _offers(projects: Sequence[Project]) -> Iterable[Debt]:
    """What may be applied for or done elsewhere now, one line per way of handling, in the first stage that has any."""
    active = [project for project in projects if project.is_open]
    drafts = drafts_of(active) if active else {}
    taken = _begun(active)
    for project in active:
        ready = [draft for draft in drafts.get(project.pk, []) if draft.is_ready and draft.case_id not in taken]
        if project.pk not in drafts:
            yield Debt(
                project.pk, "第一步", "回答情形问题，选定套餐", reverse("packages:enrol", args=[project.pk]), "去回答",
                detail="答完自动列出本项目要办的事项、材料和时限", is_offer=True, tone="",
            )
        for handling in OFFERS:
            rows = [draft for draft in ready if draft.handling == handling and not draft.convener]
            if rows:
                yield _offer(project, handling, rows)


def _cases(projects: Sequence[Project], ids: Collection[int]) -> dict[int, MatterCase]:
    """These cases with their matters; a page that has read the cases of its one project reads none."""
    read = seen(("cases", *(project.pk for project in projects)))
    if read is not None:
        return {case.pk: case for case in read if case.pk in ids}
    return MatterCase.objects.select_related("matter").in_bulk(ids)


def _begun(projects: Sequence[Project]) -> set[int]:
    """The drafts that stand in an application already."""
    read = seen(("cases", *(project.pk for project in projects)))
    if read is not None:
        return {case.pk for case in read if case.state == CaseState.DRAFT and case.application_id}
    found = MatterCase.objects.filter(project__in=projects, state=CaseState.DRAFT, application__isnull=False)
    return set(found.values_list("pk", flat=True))


def _offer(project: Project, handling: str, rows: Sequence[Draft]) -> Debt:
    chip, verb, auto = OFFERS[handling]
    first = min(STAGE_ORDER.index(row.stage) for row in rows)
    rows = [row for row in rows if STAGE_ORDER.index(row.stage) == first] if handling != Handling.REVIEW else rows
    more = f"等 {len(rows)} 项" if len(rows) > 1 else ""
    page, part, label = PLACES[handling]
    return Debt(
        project.pk, chip, f"{verb}{quoted(rows[0].name)}{more}", reverse(page, args=[project.pk]) + part, label,
        detail=auto, is_offer=True, tone="",
    )
