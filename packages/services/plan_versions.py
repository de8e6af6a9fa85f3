"""Versions of a plan: each is kept as it was, with a readable difference to the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from packages.facts import vocabulary
from packages.models import PlanRevision
from packages.planning.build import PlanView, build_plan
from packages.planning.options import options, taken
from projects import timing
from projects.errors import DomainError

if TYPE_CHECKING:
    from packages.models import Enrolment
    from projects.models import User

STAGE_NAMES = ("谋划准备", "报建开工", "施工验收")


def keep_revision(
    enrolment: Enrolment, *, by: User | None, at: dt.datetime | None = None, reason: str = ""
) -> PlanRevision:
    """Keep the plan of a locked enrolment as version `enrolment.revision`. Two queries. Twice changes nothing."""
    view = build_plan(enrolment.package_version, enrolment.facts, options=frozenset(enrolment.options))
    before = PlanRevision.objects.filter(project=enrolment.project).order_by("-number").first()
    if before is not None and before.number >= enrolment.revision:
        return before
    chosen = sorted(taken(enrolment.facts, enrolment.options, view.package))
    made = PlanRevision(
        project=enrolment.project, number=enrolment.revision, package_version=enrolment.package_version,
        facts=dict(enrolment.facts), options=chosen, works_days=enrolment.works_days, rows=rows_of(view),
        stage_days=list(view.days), opening_day=view.works_start, submitted=view.after, reason=reason[:300],
        made_by=by, made_at=at or timing.now(),
    )
    made.difference = difference(before, made) if before is not None else []
    made.save(force_insert=True)
    return made


def expect_revision(enrolment: Enrolment, revision: int | None) -> None:
    """Refuse a change that was made looking at an older plan (`plan_changed`): who changed it, and when.

    None asks for nothing: who changes the plan has not looked at a page of it.
    """
    if revision is None or enrolment.revision == revision:
        return
    versions = PlanRevision.objects.select_related("made_by").filter(project=enrolment.project)
    latest = versions.order_by("-number").first()
    told = ""
    if latest is not None:
        moment = latest.made_at.astimezone(timing.BUSINESS_ZONE)
        told = f"{latest.made_by or '系统'} {timing.spoken_moment(moment)} 已改为第 {latest.number} 版"
    raise DomainError(
        "plan_changed", f"计划已经变更{'：' + told if told else ''}，请在新版上核对后再确认。", latest=told,
    )


def rows_of(view: PlanView) -> dict[str, list[Any]]:
    """The matters of a plan as a version keeps them: name, promise days, papers to hand in."""
    return {matter.code: [matter.name, matter.days, matter.submitted] for matter in view.matters}


def difference(old: PlanRevision, new: PlanRevision) -> list[str]:
    """What is new in a version, in sentences: options, answers, matters, days, papers."""
    said = [*_options(old, new), *_facts(old.facts, new.facts), *_rows(old.rows, new.rows)]
    for n, name in enumerate(STAGE_NAMES):
        if old.stage_days[n] != new.stage_days[n]:
            said.append(f"{name}由 {old.stage_days[n]} 日改为 {new.stage_days[n]} 日")
    if old.opening_day != new.opening_day:
        said.append(f"可以开工由{_day(old.opening_day)}改为{_day(new.opening_day)}")
    if old.works_days != new.works_days and new.works_days:
        said.append(f"施工工期填为 {new.works_days} 天")
    if old.submitted != new.submitted:
        said.append(f"需提交材料由 {old.submitted} 件改为 {new.submitted} 件")
    return said


def _day(day: int | None) -> str:
    return "未定" if day is None else f"第 {day} 日"


def _options(old: PlanRevision, new: PlanRevision) -> list[str]:
    names = {code: option.name for code, option in options().items()}
    on = [names[code] for code in names if code in new.options and code not in old.options]
    off = [names[code] for code in names if code in old.options and code not in new.options]
    return [f"选用{'、'.join(on)}"] * bool(on) + [f"不再采用{'、'.join(off)}"] * bool(off)


def _facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    said = []
    for name, fact in vocabulary().items():
        if old.get(name) != new.get(name) and name in new:
            was = f"由“{fact.show(old[name])}”" if name in old else ""
            said.append(f"{fact.label}{was}改为“{fact.show(new[name])}”")
    return said


def _rows(old: Mapping[str, list[Any]], new: Mapping[str, list[Any]]) -> list[str]:
    said = [f"增加事项：{name}（{days} 日）" for code, (name, days, _) in new.items() if code not in old]
    said += [f"减少事项：{name}" for code, (name, _, _) in old.items() if code not in new]
    said += [
        f"{name}由 {old[code][1]} 日改为 {days} 日"
        for code, (name, days, _) in new.items() if code in old and old[code][1] != days
    ]
    return said
