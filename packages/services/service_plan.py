"""一方案一图一清单: written from the live plan, told to the owner once, every change a new version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from archives.models import Paper
from archives.services.papers import replace_paper
from packages import consultation_rules as may
from packages.consultation_states import (
    PLAN_LIVE,
    OffListKind,
    PlanState,
)
from packages.listing import listed_of
from packages.models import Consultation, Enrolment, OffListItem, ServicePlan
from packages.plan_content import Content, compose, differences, within
from packages.planning.chart import flow_chart_svg
from packages.planning.schedule import schedule_of
from packages.services import plan_papers
from packages.services.consultation import lock_consultation, move
from projects import timing
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import User

#: What people write into a draft; the rest comes from the plan.
EDITED = ("risks", "decisions", "declined")


# Drafts --------------------------------------------------------------------------------------------------------------


def begin_plan(
    row: Consultation, *, by: User, at: dt.datetime, reason: str = "", before: ServicePlan | None = None
) -> ServicePlan:
    """Write a draft of the locked consultation from the live plan; after the first version only what may be told.

    Event `service_plan.drafted`.
    """
    schedule = schedule_of(row.project)
    content = compose(row, schedule)
    if before is not None:
        content = _told_or_let_in(row, content, before)
    plan = ServicePlan.objects.create(
        project=row.project, consultation=row, version=(before.version if before else 0) + 1,
        revision=schedule.revision, content=content, chart=flow_chart_svg(schedule, standalone=True),
        reason=reason[:300],
        difference=differences(before.content, content) if before else [], edited_by=by, edited_at=at,
    )
    record(
        "service_plan.drafted", subject=plan, project=row.project, by=by, at=at,
        summary=f"拟定一方案一图一清单第 {plan.version} 版，{len(content['rows'])} 个事项",
        data={"state": ["", plan.state], "version": plan.version, "matters": len(content["rows"])},
    )
    return plan


def _told_or_let_in(row: Consultation, content: Content, before: ServicePlan) -> Content:
    """Leave out what the owner was never told and the centre has not let in; keep what people wrote."""
    known = {line["code"]: frozenset(m["name"] for m in line["materials"]) for line in before.content["rows"]}
    approved = list(OffListItem.objects.counted().filter(consultation=row).values_list("kind", "code", "material"))
    fresh = frozenset(code for kind, code, _ in approved if kind == OffListKind.MATTER) - frozenset(known)
    for kind, code, material in approved:
        if kind == OffListKind.MATERIAL and code in known:
            known[code] |= {material}
    old, scheme = before.content["scheme"], content["scheme"]
    listed = listed_of(row.project)
    rows = content["rows"] if listed is None else within(content["rows"], frozenset(known), known, fresh)
    return {"scheme": scheme | {field: old[field] for field in EDITED}, "rows": rows}


@transaction.atomic
def edit_plan(
    plan_id: int, *, by: User, edit: int, given: Mapping[str, Sequence[str]], at: dt.datetime | None = None
) -> ServicePlan:
    """Write risks, points to be settled and what the owner declines into a draft.

    `edit` is the saving that the form began with: a draft that somebody has saved since is not overwritten. Event
    `service_plan.edited`; the same again changes nothing. Raises `NotAllowed`, `DomainError` `edited` (who, when).
    """
    plan = lock_plan(plan_id)
    require(may.can_edit_plan, by, plan)
    _expect_edit(plan, edit)
    scheme: dict[str, Any] = dict(plan.content["scheme"])
    for field in EDITED:
        scheme[field] = [line.strip()[:300] for line in given.get(field, ()) if line.strip()][:30]
    if scheme == plan.content["scheme"]:
        return plan
    _save(plan, plan.content | {"scheme": scheme}, by=by, at=at, words="修改方案")
    return plan


@transaction.atomic
def refresh_plan(plan_id: int, *, by: User, at: dt.datetime | None = None) -> ServicePlan:
    """Write a draft anew from the live plan; what people wrote stays. Raises `NotAllowed`."""
    plan = lock_plan(plan_id)
    require(may.can_edit_plan, by, plan)
    row, schedule = plan.consultation, schedule_of(plan.project)
    before = _newest_told(row)
    content = compose(row, schedule)
    if before is not None:
        content = _told_or_let_in(row, content, before)
    content["scheme"] |= {field: plan.content["scheme"][field] for field in EDITED}
    plan.revision, plan.chart = schedule.revision, flow_chart_svg(schedule, standalone=True)
    _save(plan, content, by=by, at=at, words="按最新计划重写")
    return plan


def _save(plan: ServicePlan, content: Content, *, by: User, at: dt.datetime | None, words: str) -> None:
    before = _newest_told(plan.consultation)
    plan.content = content
    plan.difference = differences(before.content, content) if before else []
    plan.edit += 1
    plan.edited_by, plan.edited_at = by, at or timing.now()
    plan.save()
    record(
        "service_plan.edited", subject=plan, project=plan.project, by=by, at=at,
        summary=f"{words}：第 {plan.version} 版", data={"version": plan.version, "edit": plan.edit},
    )


def _expect_edit(plan: ServicePlan, edit: int) -> None:
    if plan.edit != edit:
        raise DomainError(
            "edited", "您打开这一页以后，别人改过这一版，您的修改没有保存；请刷新后在最新内容上修改。",
            latest=told_by(latest_of(plan)),
        )


# Telling the owner ---------------------------------------------------------------------------------------------------


@transaction.atomic
def tell_plan(plan_id: int, *, by: User, edit: int, at: dt.datetime | None = None) -> ServicePlan:
    """Tell the owner everything once: 一次性告知单 with scheme, chart and list as numbered papers.

    Effects in order: four papers, those of the version before replaced by them; version and consultation move; event
    `consultation.told`; the owner signs for the notice. Twice is once. Raises `NotAllowed`, `DomainError` (`edited`,
    `stale` when the plan has changed since the draft was written).
    """
    plan = lock_plan(plan_id)
    if plan.state in PLAN_LIVE:
        return plan
    require(may.can_tell, by, plan)
    _expect_edit(plan, edit)
    row, moment = plan.consultation, at or timing.now()
    now = Enrolment.objects.values_list("revision", flat=True).get(project=plan.project)
    if now != plan.revision:
        raise DomainError("stale", f"计划已变更到第 {now} 版，请先按最新计划重写方案和清单，再告知。")
    before = _newest_told(row)
    plan.scheme_paper = plan_papers.scheme(plan, by=by, at=moment)
    plan.chart_paper = plan_papers.chart(plan, by=by, at=moment)
    plan.list_paper = plan_papers.matter_list(plan, by=by, at=moment)
    plan.notice_paper = plan_papers.notice(plan, by=by, at=moment)
    if before is not None:
        _replace(before, plan, by=by, at=moment)
    old = plan.state
    plan.tell()
    plan.told_by, plan.told_at = by, moment
    plan.save()
    record(
        "service_plan.told", subject=plan, project=plan.project, by=by, at=moment,
        summary=f"一方案一图一清单第 {plan.version} 版已告知",
        data={"state": [old, plan.state], "version": plan.version},
    )
    move(
        row, "change" if before else "tell", by=by, at=moment, kind="consultation.told",
        words=f"一次性告知第 {plan.version} 版" + (f"，较上一版变更 {len(plan.difference)} 处" if before else ""),
        version=plan.version, paper=plan.notice_paper_id,
    )
    return plan


def _replace(before: ServicePlan, plan: ServicePlan, *, by: User, at: dt.datetime) -> None:
    pairs: list[tuple[Paper | None, Paper | None]] = [
        (before.scheme_paper, plan.scheme_paper), (before.chart_paper, plan.chart_paper),
        (before.list_paper, plan.list_paper), (before.notice_paper, plan.notice_paper),
    ]
    for old, new in pairs:
        if old is not None and new is not None:
            replace_paper(old, new=new, by=by, reason=f"第 {plan.version} 版", at=at)
    state = before.state
    before.replace()
    before.save()
    record(
        "service_plan.replaced", subject=before, project=before.project, by=by, at=at,
        summary=f"第 {before.version} 版已换版", data={"state": [state, before.state]},
    )


@transaction.atomic
def acknowledge(paper_id: int, *, at: dt.datetime | None = None) -> ServicePlan | None:
    """The owner has signed for the notice of a version: the list is now the gate. None for any other paper.

    Effects: version and consultation move, events `service_plan.signed`, `consultation.signed`. Twice is once.
    """
    found = ServicePlan.objects.filter(notice_paper=paper_id).values_list("pk", flat=True).first()
    if found is None:
        return None
    plan = lock_plan(found)
    delivery = getattr(plan.notice_paper, "delivery", None)
    if plan.state != PlanState.TOLD or delivery is None or delivery.signed_at is None:
        return plan
    old, who = plan.state, delivery.signed_by
    plan.sign()
    plan.signed_at = delivery.signed_at
    plan.save()
    record(
        "service_plan.signed", subject=plan, project=plan.project, by=who, at=at,
        summary=f"建设单位签收第 {plan.version} 版：{delivery.signed_name}", data={"state": [old, plan.state]},
    )
    move(
        plan.consultation, "acknowledge", by=who, at=at or timing.now(), kind="consultation.signed",
        words=f"建设单位已签收第 {plan.version} 版", version=plan.version,
    )
    return plan


# Versions ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def revise(consultation_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> ServicePlan:
    """Begin version n+1 from the live plan; a draft that stands is returned.

    Raises `NotAllowed`, `DomainError` (`reason`, `same` when nothing has changed that may be told).
    """
    row = lock_consultation(consultation_id)
    standing = ServicePlan.objects.filter(consultation=row, state=PlanState.DRAFT).first()
    if standing is not None:
        return standing
    require(may.can_revise, by, row)
    if not reason.strip():
        raise DomainError("reason", "请写明为什么变更，建设单位会看到。")
    before = _newest_told(row)
    plan = begin_plan(row, by=by, at=at or timing.now(), reason=reason.strip(), before=before)
    if not plan.difference:
        raise DomainError("same", "现在的计划与清单一致，没有需要变更的内容；清单外的事项须先经中心批准。")
    return plan


def _newest_told(row: Consultation) -> ServicePlan | None:
    found = ServicePlan.objects.filter(consultation=row, state__in=PLAN_LIVE).select_related(
        "scheme_paper", "chart_paper", "list_paper", "notice_paper"
    )
    return found.first()


def lock_plan(plan_id: int) -> ServicePlan:
    """Return the version, locked with consultation and project. Raises `ServicePlan.DoesNotExist`."""
    row = lock_consultation(ServicePlan.objects.values_list("consultation_id", flat=True).get(pk=plan_id))
    plan = ServicePlan.objects.select_for_update(of=("self",)).get(pk=plan_id)
    plan.consultation, plan.project = row, row.project
    return plan
