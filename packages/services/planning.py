"""Choosing between plans: the options taken become the plan, version n+1 (handbook §4, D3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from packages import rules
from packages.drawing_states import RiskClass
from packages.models import Enrolment
from packages.planning.from_rows import definition_of
from packages.planning.options import NO_REVIEW, ROW_OPTIONS, options, switched, taken
from packages.policy import ALWAYS_FULL
from packages.services.enrolment import answer_anew, checked_answers
from packages.services.plan_versions import expect_revision, keep_revision
from packages.services.risk import newest
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Project, User

MOST_WORKS_DAYS = 3650


@transaction.atomic
def choose_options(  # noqa: PLR0913 - what a plan is made of
    project_id: int, *, options_on: Iterable[str], revision: int, by: User, works_days: int | None = None,
    reason: str = "", at: dt.datetime | None = None,
) -> Enrolment:
    """Make the plan with exactly these options on the plan of the project.

    Effects in order: the answers that the options stand for change (as `change_facts`: drafts dropped and made, event
    `project.facts_changed`); the row options and the stated period of building are kept; version n+1 with its
    difference; event `project.plan_chosen`. The same choice again changes nothing. Raises `NotAllowed`, `DomainError`:
    `not_enrolled`, `option` (unknown), `plan_changed` (somebody changed the plan since `revision`, naming who and
    when), `risk` (drawings of this risk class are always reviewed), `regional` (no valid result covers the land),
    `works_days`, and those of `change_facts`.
    """
    project = lock_project(project_id)
    enrolment = _enrolment_of(project)
    require(rules.can_enrol, by, project)
    wanted = set(options_on)
    _refuse_strange(wanted, works_days)
    definition = definition_of(enrolment.package_version)
    on = taken(enrolment.facts, enrolment.options, definition)
    facts = checked_answers(switched(enrolment.facts, wanted, definition), enrolment, at=at)
    row_options = sorted(wanted & ROW_OPTIONS)
    period = works_days or enrolment.works_days
    if (facts, row_options, period) == (enrolment.facts, sorted(enrolment.options), enrolment.works_days):
        _refuse_regional(wanted, on, taken(facts, row_options, definition))
        return enrolment
    expect_revision(enrolment, revision)
    _refuse_unreviewed(project, wanted - on)
    _refuse_regional(wanted, on, taken(facts, row_options, definition))
    old = sorted(on)
    enrolment.options, enrolment.works_days = row_options, period
    names = "、".join(option.name for code, option in options().items() if code in wanted) or "均不采用"
    why = f"选定办理方式：{names}{'；' + reason.strip() if reason.strip() else ''}"
    if facts != enrolment.facts:
        answer_anew(enrolment, facts, by=by, at=at, why=why)
    else:
        enrolment.revision += 1
        enrolment.save(update_fields=["options", "works_days", "revision"])
    kept = keep_revision(enrolment, by=by, at=at, reason=why)
    record(
        "project.plan_chosen", subject=enrolment, project=project, by=by, at=at,
        summary=f"{why}，计划第 {enrolment.revision} 版"[:300],
        data={
            "revision": enrolment.revision, "options": [old, sorted(wanted)], "works_days": period,
            "difference": kept.difference,
        },
    )
    return enrolment


def _enrolment_of(project: Project) -> Enrolment:
    """Return the enrolment of the project, locked after it."""
    found = Enrolment.objects.select_for_update(of=("self",)).select_related("package_version__package")
    enrolment = found.filter(project=project).first()
    if enrolment is None:
        raise DomainError("not_enrolled", "项目还没有确认套餐，请先确认套餐。")
    enrolment.project = project
    return enrolment


def _refuse_strange(wanted: set[str], works_days: int | None) -> None:
    """Only options that there are, and a period of building that can be."""
    if strange := wanted - set(options()):
        raise DomainError("option", f"没有“{'、'.join(sorted(strange))}”这一办理方式，请重新选择。")
    if works_days is not None and not 1 <= works_days <= MOST_WORKS_DAYS:
        raise DomainError("works_days", f"施工工期应在 1 至 {MOST_WORKS_DAYS} 天之间，请核对。")


def _refuse_unreviewed(project: Project, fresh: set[str]) -> None:
    """Drawings of the highest risk classes are reviewed in full, whatever is chosen (handbook §6.5)."""
    found = newest(project) if NO_REVIEW in fresh else None
    if found is not None and RiskClass(found.risk_class) in ALWAYS_FULL:
        raise DomainError("risk", f"项目风险等级为{found.get_risk_class_display()}，施工图须全部送审，不能免于审图。")


def _refuse_regional(wanted: set[str], before: frozenset[str], after: frozenset[str]) -> None:
    """The register of regional results decides, not the wish."""
    if "regional" in wanted and "regional" not in before | after:
        raise DomainError(
            "regional", "地块没有落在全部有效的区域评估成果内，不能选用区域评估；成果以区域评估登记为准。"
        )
