"""Enrolment: a project gets one version of one package and the facts that decide its plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from packages import rules
from packages.facts import Fact, FactError, FactValue, clean_facts, contradictions
from packages.models import Enrolment, MatterCase, PackageVersion
from packages.next_steps import CASE_LOST
from packages.planning.build import PlanView, build_plan, in_order, open_names, questions_of
from packages.planning.from_rows import definition_of
from packages.planning.proposal import Fit, candidate, propose_package
from packages.services.assessment_effects import regional_effects, with_regional
from packages.services.assessment_uses import sync_uses
from packages.services.drafts import drop_draft, make_drafts
from packages.services.plan_versions import expect_revision, keep_revision
from packages.states import CASE_OPEN, CASE_PASSED, CaseState
from projects import stages, timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Project, User
from projects.quoting import quoted

#: So many of the answers that speak against a package are told.
MOST_REASONS = 4


@transaction.atomic
def enrol(
    project_id: int, *, package_code: str, facts: Mapping[str, Any], by: User, at: dt.datetime | None = None
) -> Enrolment:
    """Put a project on the published version of a package and make its plan.

    Effects in order: facts checked; `Enrolment`; one draft case per matter that applies (`case.created` each); event
    `project.enrolled`. Raises `NotAllowed`, and `DomainError`: `enrolled` (it has a package already), `facts`
    (unknown or clashing), `package` (no such package), `scope` (does not fit; says which does and why), `questions`
    (answers are missing). Source: handbook §6.1; catalogue README §3-5.
    """
    project = lock_project(project_id)
    if Enrolment.objects.filter(project=project).exists():
        raise DomainError("enrolled", "项目已确认套餐，不能重复确认；情形有变化请用“变更情形”。")
    require(rules.can_enrol, by, project)
    version = PackageVersion.objects.published().select_related("package").filter(package__code=package_code).first()
    if version is None:
        raise DomainError("package", f"没有代码为“{package_code}”的现行套餐，请重新选择。")
    answers = _checked(facts, project)
    effects = regional_effects(project, timing.business_day(at or timing.now()), answers)
    answers = with_regional(answers, effects, [fact.name for fact in questions_of(version)])
    plan, reasons = _plan_within(version, answers, project)
    enrolment = Enrolment.objects.create(
        project=project, package_version=version, facts=answers, reasons=reasons, enrolled_by=by,
        enrolled_at=at or timing.now(),
    )
    cases = make_drafts(project, plan, plan.codes, by=by, at=at)
    record(
        "project.enrolled", subject=enrolment, project=project, by=by, at=at,
        summary=f"确认套餐：{version.name}，{len(cases)} 个事项",
        data={"package": package_code, "version": version.version, "facts": answers, "matters": sorted(plan.codes)},
    )
    keep_revision(enrolment, by=by, at=at)
    sync_uses(project, enrolment, effects, by=by, at=at)
    return enrolment


@transaction.atomic
def change_facts(
    project_id: int, *, facts: Mapping[str, Any], by: User, at: dt.datetime | None = None, revision: int | None = None
) -> Enrolment:
    """Change the facts of an enrolled project; the plan follows. `revision` is the version that was looked at.

    Effects in order: revision + 1; drafts that no longer apply are dropped (`case.dropped`), new ones made
    (`case.created`); event `project.facts_changed`; the stage follows its milestones. The same facts again change
    nothing. Raises as `enrol`, `not_enrolled`, `plan_changed` naming who changed it and when, and `running` naming the
    cases in progress that would no longer apply.
    """
    project = lock_project(project_id)
    enrolment = Enrolment.objects.select_for_update(of=("self",)).select_related("package_version__package").filter(
        project=project
    ).first()
    if enrolment is None:
        raise DomainError("not_enrolled", "项目还没有确认套餐，请先确认套餐。")
    enrolment.project = project
    require(rules.can_enrol, by, project)
    answers = _checked(facts, project)
    effects = regional_effects(project, timing.business_day(at or timing.now()), answers)
    answers = with_regional(answers, effects, [fact.name for fact in questions_of(enrolment.package_version)])
    if answers == enrolment.facts:
        return enrolment
    expect_revision(enrolment, revision)
    answer_anew(enrolment, answers, by=by, at=at)
    sync_uses(project, enrolment, effects, by=by, at=at)
    return enrolment


def answer_anew(
    enrolment: Enrolment, answers: dict[str, FactValue], *, by: User | None, at: dt.datetime | None, why: str = ""
) -> None:
    """Let the plan of a locked project follow new answers; `why` says who but the applicant changed them.

    Effects and errors as `change_facts` from the revision on.
    """
    project = enrolment.project
    plan, reasons = _plan_within(enrolment.package_version, answers, project)
    added, gone = _difference(project, plan)
    moment = at or timing.now()
    for case in gone:
        drop_draft(case, by=by, at=at, moment=moment)
    made = make_drafts(project, plan, added, by=by, at=at)
    old, enrolment.facts, enrolment.reasons = enrolment.facts, answers, reasons
    enrolment.revision += 1
    enrolment.save(update_fields=["facts", "reasons", "revision", "options", "works_days"])
    keep_revision(enrolment, by=by, at=at, reason=why or "变更情形")
    record(
        "project.facts_changed", subject=enrolment, project=project, by=by, at=at,
        summary=f"变更情形：增加 {len(made)} 个事项，减少 {len(gone)} 个事项{'（' + why + '）' if why else ''}"[:300],
        data={
            "revision": [enrolment.revision - 1, enrolment.revision], "facts": [old, answers],
            "added": sorted(added), "removed": sorted(case.matter.matter.code for case in gone),
        },
    )
    stages.advance(project, by=by, at=at)


def checked_answers(
    facts: Mapping[str, Any], enrolment: Enrolment, *, at: dt.datetime | None = None
) -> dict[str, FactValue]:
    """Return answers as they may stand: known, without contradiction, the regional ones as the register has them."""
    answers = _checked(facts, enrolment.project)
    effects = regional_effects(enrolment.project, timing.business_day(at or timing.now()), answers)
    asked = [fact.name for fact in questions_of(enrolment.package_version)]
    return dict(with_regional(answers, effects, asked))


def _checked(facts: Mapping[str, Any], project: Project) -> dict[str, FactValue]:
    try:
        answers = clean_facts(facts)
    except FactError as error:
        raise DomainError("facts", f"情形填写有误：{error}。") from error
    clashes = contradictions(answers, project.investment)
    if clashes:
        raise DomainError("facts", f"情形互相矛盾：{'；'.join(fault.message for fault in clashes)}。")
    return answers


def _plan_within(
    version: PackageVersion, facts: dict[str, FactValue], project: Project
) -> tuple[PlanView, list[str]]:
    """Return the plan and why the package fits; refuse what does not fit or is not answered."""
    definition = definition_of(version)
    found = candidate(definition, facts)
    if found.fit is Fit.OPEN:
        raise _unanswered(in_order(open_names(definition.scope, facts)))
    if found.fit is Fit.OUT or version.investment != project.investment:
        kind = f"项目为{project.get_investment_display()}"
        why = "；".join(found.reasons[:MOST_REASONS]) if found.fit is Fit.OUT else kind
        refusal = f"项目不适用套餐{quoted(version.name)}，因为{why}。该套餐适用于：{version.scope_text}。"
        raise DomainError("scope", refusal + _fitting(project, facts))
    plan = build_plan(version, facts)
    if plan.questions:
        raise _unanswered(plan.questions)
    return plan, list(found.reasons)


def _fitting(project: Project, facts: dict[str, FactValue]) -> str:
    proposal = propose_package(facts, project.investment)
    if proposal.package_version is None:
        return "请核对投资类型和情形后重新选择套餐。"
    return f"按所填情形适用{quoted(proposal.package_version.name)}：{'；'.join(proposal.reasons)}。"


def _unanswered(questions: Iterable[Fact]) -> DomainError:
    labels = [fact.label for fact in questions]
    return DomainError("questions", f"还有 {len(labels)} 个情形没有回答：{'、'.join(labels)}。请补充后再确认。")


def _difference(project: Project, plan: PlanView) -> tuple[set[str], list[MatterCase]]:
    """Return the codes to add and the drafts to drop; refuse when a case in progress would no longer apply."""
    live = list(
        MatterCase.objects.select_for_update(of=("self",)).filter(project=project).exclude(state__in=CASE_LOST)
        .select_related("matter__matter", "lead", "intake_clock", "promised_clock").order_by("pk")
    )
    for case in live:
        case.project = project
    lapsed = [case for case in live if case.matter.matter.code not in plan.codes and case.state not in CASE_PASSED]
    running = [case.matter.name for case in lapsed if case.state in CASE_OPEN]
    if running:
        raise DomainError("running", f"“{'”、“'.join(running)}”正在办理，变更后不再适用，请先撤件再变更情形。")
    added = set(plan.codes) - {case.matter.matter.code for case in live}
    return added, [case for case in lapsed if case.state == CaseState.DRAFT]
