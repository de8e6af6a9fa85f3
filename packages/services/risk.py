"""The risk matrix applied to a project: computed from its facts, kept with its inputs and version, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from packages import drawing_rules, policy
from packages.drawing_states import RiskClass
from packages.models import Enrolment, PolicyTable, RiskAssessment
from packages.services.policies import find_table
from projects import timing
from projects.errors import require
from projects.events import lock_project, record
from projects.models import Project, User
from projects.quoting import quoted


@transaction.atomic
def assess_project(
    project_id: int, *, by: User | None, answers: Mapping[str, bool] | None = None, at: dt.datetime | None = None
) -> RiskAssessment | None:
    """Ask the matrix about a project and keep what it says; return the newest assessment, None without a package.

    `answers` are what the centre says by hand (metro, technique, credit); without them those of last time hold.
    Effects in order: assessment; event `risk.assessed`; a drawing review that has not begun takes over its mode. The
    same inputs under the same version change nothing. Raises `NotAllowed`. Source: handbook §6.5.
    """
    project = lock_project(project_id)
    if answers is not None:
        require(drawing_rules.can_assess, by, project)
    enrolment = Enrolment.objects.select_related("package_version__package").filter(project=project).first()
    table, drawing = find_table(policy.RISK), find_table(policy.DRAWING)
    if enrolment is None or table is None or drawing is None:
        return None
    last = newest(project)
    known = dict(answers if answers is not None else (last.answers if last else {}))
    wanted = _read(enrolment, table, drawing, known, timing.business_day(at or timing.now()))
    if last is not None and _same(last, wanted):
        return last
    made = RiskAssessment.objects.create(
        project=project, number=last.number + 1 if last else 1, made_by=by, made_at=at or timing.now(), **wanted
    )
    record(
        "risk.assessed", subject=made, project=project, by=by, at=at,
        summary=f"风险等级：{made.get_risk_class_display()}，施工图{made.get_mode_display()}",
        data={
            "class": [last.risk_class if last else "", made.risk_class], "number": made.number,
            "mode": made.mode, "version": table.version,
        },
    )
    _follow(project, made, by=by, at=at)
    return made


def newest(project: Project) -> RiskAssessment | None:
    """The assessment that holds now."""
    found = RiskAssessment.objects.filter(project=project).select_related("table").order_by("-number").first()
    if found is not None:
        found.project = project
    return found


def _read(
    enrolment: Enrolment, table: PolicyTable, drawing: PolicyTable, answers: dict[str, bool], day: dt.date
) -> dict[str, Any]:
    facts = enrolment.facts
    reading = policy.read_risk(table.content, facts, answers, day)
    mode, rule = policy.decide_mode(drawing.content, facts, reading.risk_class, day)
    used = policy.names_used(table.content, drawing.content)
    return {
        "table": table, "facts": {name: value for name, value in facts.items() if name in used}, "answers": answers,
        "hits": list(reading.hits), "unknown": list(reading.unknown), "consequence": reading.consequence,
        "likelihood": reading.likelihood, "risk_class": reading.risk_class, "inspections": reading.inspections,
        "acceptance_depth": reading.acceptance_depth[:80], "mode": mode,
        "mode_rule": {**rule, "version": drawing.version},
        "warning": _warning(enrolment, reading, mode),
    }


def _warning(enrolment: Enrolment, reading: policy.Reading, mode: str) -> str:
    """What does not go together: the package of its scope, and what the matrix says. The scope alone decides."""
    package = enrolment.package_version
    words = []
    if package.package.code in reading.warned_packages:
        word = RiskClass(reading.risk_class).label
        words.append(f"适用范围归{quoted(package.name)}，矩阵判为{word}风险；套餐仍按适用范围，请加强审查和检查。")
    asked = enrolment.facts.get("drawing_review")
    if mode == "full" and asked in {"sample", "exempt"}:
        words.append("情形填了不送审，按规则须全审，请修改情形“施工图审查”。")
    return "".join(words)[:300]


def _same(last: RiskAssessment, wanted: Mapping[str, Any]) -> bool:
    return all(getattr(last, name) == value for name, value in wanted.items())


def _follow(project: Project, made: RiskAssessment, *, by: User | None, at: dt.datetime | None) -> None:
    from packages.services.drawing_review import follow_mode

    follow_mode(project, made, by=by, at=at)
