"""应用区域评估情况: on which results a project stands; fixed by an acceptance, ended when they run out before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from archives.services.papers import revoke_paper
from archives.states import PaperKind, PaperState
from packages import assessment_data
from packages.assessment_states import EffectStatus, Simplification, UseState
from packages.models import Enrolment, MatterCase, MatterPrerequisite, RegionalResult, RegionalUse
from packages.planning.build import build_plan
from packages.services import paperwork
from packages.services.assessment_effects import NO, YES, Effect
from projects import prepared, timing
from projects.errors import DomainError
from projects.events import record
from projects.quoting import quoted

if TYPE_CHECKING:
    from archives.models import Document, Paper
    from projects.models import Project, User

#: Kind of the line of the checklist that asks for the result itself.
RESULT_KIND = "area-result"


def effective(enrolment: Enrolment, effects: Iterable[Effect]) -> list[tuple[Effect, tuple[str, ...]]]:
    """Return the effects that change something in the plan of a project, each with the codes that it drops.

    One that commits keeps its matter; one that is cited by a matter of the plan drops nothing and counts too.
    """
    found: list[tuple[Effect, tuple[str, ...]]] = []
    for effect in effects:
        if effect.status == EffectStatus.COMMITS:
            if set(effect.matters) & build_plan(enrolment.package_version, enrolment.facts).codes:
                found.append((effect, ()))
        elif effect.answer == YES:
            facts = enrolment.facts
            without = build_plan(enrolment.package_version, {**facts, effect.fact: NO}).codes
            having = build_plan(enrolment.package_version, {**facts, effect.fact: YES}).codes
            dropped = tuple(sorted(without - having))
            item = assessment_data.item(effect.item, timing.today())
            if dropped or (item is not None and set(item.cited_by) & having):
                found.append((effect, dropped))
    return found


def sync_uses(
    project: Project, enrolment: Enrolment, effects: Sequence[Effect], *, held: Collection[str] = (),
    by: User | None, at: dt.datetime | None,
) -> list[RegionalUse]:
    """Let the uses of the locked project be what the register says; return those that are new.

    `held` are the items whose uses stay as they are.

    Ended: what no longer holds and was not fixed, its paper revoked, event `regional.use_ended`. New: the row, the
    paper 区域评估成果应用单, event `regional.applied`. The same again changes nothing.
    """
    wanted = {effect.item: (effect, dropped) for effect, dropped in effective(enrolment, effects)}
    standing = RegionalUse.objects.select_for_update(of=("self",)).filter(project=project).live()
    kept: set[str] = set()
    for use in standing.select_related("result__unit", "paper").order_by("pk"):
        effect = wanted.get(use.item, (None, ()))[0]
        same = effect is not None and effect.result_id == use.result_id
        if same or use.item in held or use.state == UseState.FIXED:
            kept.add(use.item)
        else:
            words = next((one.words for one in effects if one.item == use.item), "项目位置或情形有变化")
            end_use(use, project, words, by=by, at=at)
    fresh = [(effect, dropped) for item, (effect, dropped) in wanted.items() if item not in kept]
    return [_apply(project, effect, dropped, by=by, at=at) for effect, dropped in fresh]


def _apply(
    project: Project, effect: Effect, dropped: Sequence[str], *, by: User | None, at: dt.datetime | None
) -> RegionalUse:
    result = RegionalResult.objects.select_related("unit__keeper").get(pk=effect.result_id or 0)
    moment = at or timing.now()
    use = RegionalUse.objects.create(
        project=project, result=result, item=effect.item, way=Simplification(effect.way), applied_at=moment
    )
    record(
        "regional.applied", subject=use, project=project, by=by, at=at,
        summary=f"应用区域评估：{effect.name}，{effect.words}",
        data={"state": ["", use.state], "result": result.pk, "matters": list(dropped), "way": effect.way},
    )
    use.paper = _paper(project, use, result, effect, by=by, at=moment)
    use.save(update_fields=["paper"])
    return use


def _paper(
    project: Project, use: RegionalUse, result: RegionalResult, effect: Effect, *, by: User | None, at: dt.datetime
) -> Paper:
    rows = [
        ["区域", f"{result.unit.name}（{result.unit.code}）"], ["评估事项", effect.name],
        ["成果材料", result.title or f"{result.unit.name}{effect.name}区域评估报告"], ["批准文号", result.number],
        ["有效期", f"{paperwork.day(result.valid_from)}至{paperwork.day(effect.valid_until)}"],
        ["简化方式", effect.way_label],
    ]
    return paperwork.write(
        PaperKind.AREA_USE, project, subject=use, issuer=result.unit.keeper, by=by, at=at,
        title=f"区域评估成果应用单（{effect.name}）", what=f"本项目的{effect.name}：{_outcome(effect)}",
        do="不必另行编制和提交；本件已在项目档案，申报时自动带入",
        when=f"成果有效期至{paperwork.day(effect.valid_until)}；有效期内受理的，此后到期不影响",
        paragraphs=[f"{project.name}的地块位于{result.unit.name}内，适用下列区域评估成果。", f"{effect.words}。"],
        table={"head": ["项目", "内容"], "rows": [row for row in rows if row[1]]},
    )


def _outcome(effect: Effect) -> str:
    return {
        Simplification.EXEMPT: "免于单独评估", Simplification.CITE: "引用区域成果，免于单独评估",
        Simplification.REGISTER: "改为登记", Simplification.COMMIT: "可以承诺办理，不交评估报告",
    }[Simplification(effect.way)]


def end_use(
    use: RegionalUse, project: Project, reason: str, *, by: User | None, at: dt.datetime | None
) -> None:
    """End a use of the locked project that is not fixed; its paper is revoked, so that every line that it met asks."""
    old = use.state
    use.end()
    use.ended_at, use.reason = at or timing.now(), reason[:200]
    use.save()
    record(
        "regional.use_ended", subject=use, project=project, by=by, at=at,
        summary=f"不再适用区域评估：{use.result.name}，{reason}", data={"state": [old, use.state]},
    )
    if use.paper is not None and use.paper.state == PaperState.VALID:
        revoke_paper(use.paper, by=by, reason=reason[:200], at=at)


# At the acceptance ---------------------------------------------------------------------------------------------------


def relying_on(case: MatterCase, uses: Iterable[RegionalUse], day: dt.date) -> list[RegionalUse]:
    """Return the uses on which a case stands: it comes instead of what fell away, cites it, or would have waited."""
    code, found = case.matter.matter.code, []
    before = None
    for use in uses:
        item = assessment_data.item(use.item, day)
        if item is None:
            continue
        if code in (*item.brings, *item.cited_by, *item.matters):
            found.append(use)
            continue
        if before is None:
            rows = MatterPrerequisite.objects.filter(version_id=case.matter_id)
            before = set(rows.values_list("matter__code", flat=True))
        if before & {*item.matters, "one-book"}:
            found.append(use)
    return found


def fix_uses(case: MatterCase, *, by: User | None, at: dt.datetime) -> None:
    """A case of the locked project is accepted as of `at`: what it stands on is fixed, if it holds on that day.

    A deemed acceptance counts from the receipt (行政许可法 32). A result that ran out before is not used: where the
    case itself came instead of the assessment (登记), a person may not accept it. Raises `DomainError`
    (`regional_expired`). Event `regional.fixed`.
    """
    day = timing.business_day(at)
    found = RegionalUse.objects.select_for_update(of=("self",)).filter(state=UseState.APPLIED)
    found = found.select_related("result__unit", "paper")
    uses = prepared.rows("applied uses, locked", lambda pk: found.filter(project_id=pk), case.project_id)
    for use in uses:
        use.project = case.project
    for use in relying_on(case, uses, day) if uses else []:
        if not use.result.is_valid_on(day):
            _refuse_brought(case, use, day, by=by)
            continue
        old = use.state
        use.fix()
        use.fixed_case, use.fixed_on = case, day
        use.save()
        record(
            "regional.fixed", subject=use, project=case.project, by=by, at=at,
            summary=f"区域评估锁定：{use.result.name}，{quoted(case.matter.name)}受理时成果有效",
            data={"state": [old, use.state], "case": case.pk},
        )


def _refuse_brought(case: MatterCase, use: RegionalUse, day: dt.date, *, by: User | None) -> None:
    item = assessment_data.item(use.item, day)
    if by is None or item is None or case.matter.matter.code not in item.brings:
        return
    until = timing.written(use.result.valid_until) if use.result.valid_until else ""
    why = "已撤销" if use.result.reason else f"已于{until}到期"
    raise DomainError(
        "regional_expired",
        f"{use.result}成果{why}，受理前已失效，{quoted(case.matter.name)}不再适用。请撤件或作不予受理，计划随后列入单独评估的事项。",
    )


# For the checklist ---------------------------------------------------------------------------------------------------


def met_lines(project: Project, codes: Iterable[str]) -> dict[tuple[str, str], Document | str]:
    """Return what the uses of a project meet, by matter and slug of the kind: a document to cite, or the word 承诺.

    No query unless one of the matters is named by an item, else one.
    """
    wanted, today = set(codes), timing.today()
    concerned = [
        item for item in assessment_data.items(today) if wanted & {*item.cited_by, *item.matters}
    ]
    if not concerned:
        return {}
    uses = {
        use.item: use for use in RegionalUse.objects.filter(project=project).live().select_related(
            "result__unit", "paper__document"
        )
    }
    found: dict[tuple[str, str], Document | str] = {}
    for item in concerned:
        use = uses.get(item.code)
        if use is None:
            continue
        if use.way == Simplification.COMMIT:
            words = f"{use.result.unit.name}{use.result.name}区域成果有效，按告知承诺办理，不交报告"
            found |= {(code, kind): words for code in item.matters for kind in item.kinds}
        if use.paper is not None and use.paper.document is not None:
            found |= {(code, RESULT_KIND): use.paper.document for code in item.cited_by}
    return found
