"""The story of one project: a generator that acts through the real services and yields the next moment.

Each step of the plan is applied for, accepted, reviewed, merged and decided by the people whose work it is; what is
done elsewhere is closed with evidence. A department in `silent` does not answer where silence counts as consent.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from acceptance.services.registry import REGISTER_MATTER
from acceptance.services.survey import SURVEY_MATTER
from agency.models import Assignment
from agency.services.assignment import assign, propose
from agency.states import AssignmentRole
from gaige.demo import completion, disputes
from gaige.demo.files import attachment
from gaige.demo.moments import later, person, user
from gaige.demo.people import DESIGNER
from gaige.demo.signing import bring_and_sign, fetch
from gaige.demo.specs import Spec
from packages.facts import parse_facts
from packages.living_data import formal_matters
from packages.models import (
    Application,
    ConditionalPermit,
    JointSession,
    MaterialItem,
    MatterCase,
    ReviewTask,
)
from packages.screens.applying import apply_page
from packages.services import (
    conditional,
    decision,
    drawing_fixing,
    drawing_handling,
    drawing_opinion,
    drawing_review,
    intake,
    outside,
    review,
    special,
)
from packages.services.enrolment import enrol
from packages.states import (
    CASE_PASSED,
    TASK_OPEN,
    CaseState,
    Handling,
    MaterialState,
    OpinionVerdict,
    Outcome,
    SessionState,
    SpecialKind,
)
from projects import timing
from projects.models import Membership, Organisation, Project, User
from projects.services.parties import PartyEntry, add_party
from projects.services.registration import register_project
from projects.states import ISSUE_OPEN, PartyRole, Role, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

CATALOGUE = Path(__file__).resolve().parents[2] / "packages" / "catalog"
JOINT_MATTER, DRAWING_MATTER = "joint-accept", "drawing-review"
BREACH = {
    "discipline": "fire", "clause": "GB 55037-2022 第 7.1.2 条", "place": "建施-05 轴线 3-A",
    "what": "疏散楼梯净宽 0.9 米", "fix": "楼梯净宽改为 1.1 米，附修改后的建施-05", "is_mandatory": True,
    "is_major": False,
}
LATE_SHARE, LATE_DAYS = 0.04, 3


@lru_cache(maxsize=1)
def examples() -> dict[str, dict[str, str]]:
    """Return the example projects of the catalogue by their code."""
    with (CATALOGUE / "examples.tsv").open(encoding="utf-8") as lines:
        return {row["code"]: row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)}


def amount(facts: Mapping[str, object]) -> Decimal | None:
    """Return the total investment of some facts, in 万元."""
    value = facts.get("total_investment")
    return None if value is None else Decimal(str(value))


class Story:
    """One project on its way through the portal."""

    def __init__(self, spec: Spec) -> None:
        """Keep the spec and a source of chance of its own, so that a story is the same each time."""
        self.spec = spec
        self.chance = random.Random(spec.code)  # noqa: S311 - a story, not a secret
        self.owner = user(spec.owner)
        self.clerk = user(spec.place.clerk)
        self.example = examples()[spec.example]
        self.project = Project()

    # The main line

    def run(self) -> Iterator[dt.datetime]:
        """Act, and yield the moment of the next act, until nothing is left to do."""
        self._register()
        yield later(0, 11)
        self._enrol()
        yield later(1, 9.5)
        for role in AssignmentRole:
            best = propose(self.project, role)
            assign(self.project.pk, role=role, agent_id=best[0].agent.pk, by=user(self.spec.place.dispatcher))
            yield later(0, 10)
        for codes in self._steps():
            if self.spec.stop and self.spec.stop in codes:
                return
            yield from self._step(codes)
            if self.spec.trouble == "correcting" and self.spec.trouble_at in codes:
                return
        yield later(1, 9)

    def _register(self) -> None:
        facts, owner = self._facts(), Membership.objects.filter(user=self.owner).select_related("organisation")[0]
        self.project = register_project(
            by=self.clerk if self.spec.by_clerk else self.owner, code=self.spec.code, name=self.spec.name,
            investment=self._investment(), region_code=self.spec.place.region, address=self.spec.address,
            total_investment=amount(facts), owner_uscc=owner.organisation.uscc,
            owner_name=owner.organisation.name, centre=Organisation.objects.get(name=self.spec.place.centre),
        )

    def _investment(self) -> str:
        return "government" if self.example["package_code"].startswith("gov-") else "social"

    def _facts(self) -> Mapping[str, object]:
        return parse_facts(self.example["facts"])

    def _enrol(self) -> None:
        enrol(
            self.project.pk, package_code=self.example["package_code"], facts=self._facts(),
            by=self.clerk if self.spec.by_clerk else self.owner,
        )

    def _steps(self) -> Iterator[list[str]]:
        """Yield the matters of each step in the order of the plan; a step is what runs side by side."""
        rows = (
            MatterCase.objects.filter(project=self.project)
            .order_by("package_row__version_id", "package_row__order")
            .values_list("matter__matter__code", "stage", "package_row__step", "package_row__lane")
        )
        order = {stage.value: n for n, stage in enumerate((Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE))}
        steps: dict[tuple[int, int], list[str]] = {}
        for code, stage, step, _ in rows:
            steps.setdefault((order[stage], step), []).append(code)
        for key in sorted(steps):
            yield steps[key]

    def _cases(self, codes: Sequence[str], *states: str) -> list[MatterCase]:
        found = MatterCase.objects.filter(project=self.project, matter__matter__code__in=codes, state__in=states)
        return list(found.select_related("matter__matter", "lead", "project").order_by("package_row__order"))

    def _step(self, codes: list[str]) -> Iterator[dt.datetime]:
        elsewhere = [c for c in self._cases(codes, CaseState.DRAFT) if c.handling == Handling.OUTSIDE]
        for case in elsewhere:
            yield later(self._share(case), 15 + self.chance.random())
            if self.spec.buildings and case.matter.matter.code == SURVEY_MATTER:
                yield from completion.joint_survey(
                    self.project, self.spec.buildings, clerk=self.clerk, owner=self.owner
                )
            else:
                self._outside(case)
        ours = [c for c in self._cases(codes, CaseState.DRAFT) if c.handling == Handling.REVIEW]
        if ours:
            yield later(1, 9 + self.chance.random())
            yield from self._review([case.matter.matter.code for case in ours])
        joint = [c for c in self._cases(codes, CaseState.DRAFT) if c.handling == Handling.ACCEPTANCE]
        if joint and any(case.matter.matter.code == JOINT_MATTER for case in joint):
            yield later(2, 9)
            yield from completion.joint_acceptance(
                self.project, self.spec, by=self._agent(), owner=self.owner, clerk=self.clerk
            )
        if REGISTER_MATTER in codes:
            completion.note_registered(self.project)

    def _share(self, case: MatterCase) -> int:
        """Days that a matter done elsewhere takes here: a part of what it may take, so that the story moves on."""
        return max(0, min(6, round(case.promised_days * 0.3 * self.spec.pace)))

    def _agent(self) -> User:
        """Return the project's own 服务专员."""
        return Assignment.objects.select_related("agent__user").get(
            project=self.project, role=AssignmentRole.SERVICE_AGENT, ended_at=None
        ).agent.user

    def _outside(self, case: MatterCase) -> None:
        outside.record_outside_result(
            case.pk, by=self._agent(), result=f"已完成：{case.matter.result_name}",
            on=timing.today(), evidence=attachment(case.matter.result_name),
        )

    # One application

    def _apply(self, codes: list[str], *, source: str) -> Application:
        by = self.clerk if source == "win" else self.owner
        if DRAWING_MATTER in codes:
            self._upload_drawings()
        application = intake.open_application(self.project.pk, matter_codes=codes, by=by, source=source)
        missing = MaterialItem.objects.filter(case__application=application, state=MaterialState.MISSING)
        for item in missing.select_related("kind", "case__matter__matter").order_by("pk"):
            if (item.case.matter.matter.code, item.name) == self.spec.deferred:
                intake.set_material(item.pk, state=MaterialState.DEFERRED, by=by)
                continue
            intake.set_material(item.pk, state=MaterialState.UPLOADED, by=by, uploaded=attachment(item.name))
        bring_and_sign(application.pk, clerk=self.clerk)
        return intake.submit_application(application.pk, by=by)

    def hand_in(self) -> Application | None:
        """Let the owner apply for what may be applied for now, three matters at most; None when there is nothing."""
        self.project = Project.objects.get(code=self.spec.code)
        open_now = [
            pick.case.matter.matter.code
            for _, picks in apply_page(self.project, self.owner).stages for pick in picks if pick.verdict
        ]
        return self._apply(open_now[:3], source="net") if open_now else None

    def _review(self, codes: list[str]) -> Iterator[dt.datetime]:
        application = self._apply(codes, source="win" if self.spec.by_clerk or self.chance.random() < 0.4 else "net")
        yield later(0, 10.5 + self.chance.random())
        if self.spec.trouble == "correcting" and self.spec.trouble_at in codes:
            self._find_faults(application)
            return
        self._on_the_spot(codes)
        for case in self._cases(codes, CaseState.RECEIVED):
            if case.promised_days:
                intake.accept_case(case.pk, by=self.clerk)
        yield from self._in_time(codes)

    def _in_time(self, codes: list[str]) -> Iterator[dt.datetime]:
        """Day by day, until every case of the step is decided: nearly always within its promise."""
        goals = {case.pk: self._goal(case) for case in self._cases(codes, CaseState.ACCEPTED, CaseState.IN_REVIEW)}
        for day in range(1, max([*goals.values(), 0]) + LATE_DAYS + 1):
            yield later(1, 9.2 + self.chance.random())
            due = [pk for pk, goal in goals.items() if goal <= day + 1]
            self._answers(due, everything=[pk for pk, goal in goals.items() if goal <= day])
            yield later(0, 14 + self.chance.random())
            yield from self._decisions(codes, [pk for pk, goal in goals.items() if goal <= day])
            self._on_the_spot(codes)
            if not self._cases(codes, CaseState.ACCEPTED, CaseState.IN_REVIEW):
                return

    def _goal(self, case: MatterCase) -> int:
        """Return on which working day after acceptance a case is to be decided.

        The promise or a little before; now and then late.
        """
        if self.chance.random() < LATE_SHARE:
            return case.promised_days + 1
        return max(1, case.promised_days - self.chance.choice((0, 0, 1, 1, 2)))

    def _on_the_spot(self, codes: list[str]) -> None:
        """Decide at the counter what is promised for the same day, as soon as what it builds on is decided."""
        progress = True
        while progress:
            progress = False
            for case in self._cases(codes, CaseState.RECEIVED):
                if case.promised_days == 0 and not self._prerequisites_open(case):
                    intake.decide_on_spot(case.pk, by=person(case.lead_id, Role.CHIEF))
                    progress = True

    def _find_faults(self, application: Application) -> None:
        """Return the whole application once, with one list; from here on everything waits for the owner."""
        cases = list(application.cases.filter(state=CaseState.RECEIVED).select_related("matter__matter").order_by("pk"))
        faults = [
            {"case_id": case.pk, "what": f"{case}申请表第 2 栏建筑面积与施工图不一致", "basis": "行政许可法第32条",
             "how_to_fix": "按施工图的建筑面积改写第 2 栏，重新上传申请表"}
            for case in cases
        ]
        contract = next(case for case in cases if case.matter.matter.code == self.spec.trouble_at)
        faults.append({
            "case_id": contract.pk, "what": "施工合同缺少监理单位盖章页", "basis": "建筑工程施工许可管理办法第4条",
            "how_to_fix": "补交监理单位加盖公章的合同第 12 页",
        })
        intake.notice_faults([case.pk for case in cases], kind="completion", by=self.clerk, faults=faults)

    def _answers(self, case_ids: list[int], *, everything: list[int]) -> None:
        """Let the departments answer: short limits at once, all of them where the case is due today."""
        tasks = ReviewTask.objects.filter(session__case__in=case_ids, state__in=list(TASK_OPEN)).exclude(role="lead")
        for task in tasks.select_related("organisation", "session__case__matter__matter").order_by("days", "pk"):
            case_id = task.session.case_id
            if self._is_stuck(task.session.case) or (
                task.organisation.code in self.spec.silent and task.is_tacit_allowed
            ):
                continue
            if case_id in everything or task.days <= 1 or self.chance.random() < 0.5:  # noqa: PLR2004 - half of them
                by = person(task.organisation_id, Role.REVIEWER)
                review.open_task(task.pk, by=by)
                if self._is_disputed(task):
                    disputes.disagree(task, by=by, round_number=1)
                    continue
                self._give(task, by)

    def _is_disputed(self, task: ReviewTask) -> bool:
        """Whether this department is against the plans of this case."""
        case = task.session.case
        return case is not None and (case.matter.matter.code, task.organisation.code) == self.spec.disputed

    def _upload_drawings(self) -> None:
        """The designer uploads the whole set, once for everybody who judges it."""
        designer = Organisation.objects.get(name=DESIGNER)
        entry = PartyEntry(uscc=designer.uscc, name=designer.name, role=PartyRole.DESIGNER)
        add_party(self.project.pk, entry, by=self.clerk)
        by = person(designer.pk, Role.OWNER_LEAD)
        drawing_review.upload_drawings(self.project.pk, by=by, uploaded=attachment("施工图设计文件"))

    def _part(self, task: ReviewTask, by: User) -> None:
        """One department's part of the drawing review; 住建局 finds what may be mended later."""
        found = drawing_review.find_review(self.project)
        newest = drawing_review.newest_set(found) if found else None
        drawing_review.give_part(
            task.pk, by=by, text="", breaches=[BREACH] if task.organisation.code == "housing" else [],
            seen=newest.number if newest else 1,
        )

    def _handle_drawings(self, case: MatterCase) -> None:
        """One review opinion, one handling opinion; where something is to be mended, the owner commits to it."""
        found = drawing_review.find_review(self.project)
        if found is None:
            return
        drawing_opinion.write_opinion(
            found.pk, by=person(case.lead_id, Role.REVIEWER), text="各专业意见见问题清单。", is_digital=True
        )
        chief = person(case.lead_id, Role.CHIEF)
        if drawing_opinion.open_breaches(found):
            drawing_handling.handle(found.pk, by=chief, result="commit", text="没有重大缺陷，可以承诺后限期修改")
            drawing_fixing.sign_fix(found.pk, by=self.owner)
        else:
            drawing_handling.handle(found.pk, by=chief, result="qualified", text="")

    def _give(self, task: ReviewTask, by: User) -> None:
        case = task.session.case
        if case is not None and case.matter.matter.code == DRAWING_MATTER:
            self._part(task, by)
            return
        scope = task.scope_note or "本部门职责范围"
        if self.chance.random() < 0.06:  # noqa: PLR2004 - now and then a condition
            review.give_opinion(
                task.pk, by=by, verdict=OpinionVerdict.CONDITIONAL, reason=f"经审查，{scope}基本符合要求",
                basis="本部门审查要点第 3 条", remedy="开工前补充 1 份场地标高复核记录，送本部门备查",
            )
            return
        review.give_opinion(
            task.pk, by=by, verdict=OpinionVerdict.AGREE, reason=f"经审查，{scope}符合要求，同意",
            basis="本部门审查要点",
        )

    def _is_stuck(self, case: MatterCase | None) -> bool:
        return (
            case is not None and self.spec.trouble == "overdue" and case.matter.matter.code == self.spec.trouble_at
        )

    def _decisions(self, codes: list[str], case_ids: list[int]) -> Iterator[dt.datetime]:
        for _ in range(len(codes) + 1):
            running = [
                case for case in self._cases(codes, CaseState.ACCEPTED, CaseState.IN_REVIEW)
                if case.pk in case_ids and not self._is_stuck(case) and not self._is_silent(case)
            ]
            if not running:
                return
            progress = False
            for case in running:
                if self._prerequisites_open(case):
                    continue
                if self.spec.trouble == "paused" and case.matter.matter.code == self.spec.trouble_at:
                    yield later(0, 16)
                    self._pause(case)
                    progress = True
                    continue
                if case.matter.matter.code == self.spec.disputed[0] and disputes.is_against(case):
                    yield from disputes.settle(case)
                yield later(0, 15 + self.chance.random())
                self._decide(case)
                fetch(self.project.pk, by=self.owner)
                progress = True
            if not progress:
                return

    def _is_silent(self, case: MatterCase) -> bool:
        """Return whether an opinion is still out: a silent department's, until time speaks for it."""
        return ReviewTask.objects.filter(session__case=case, state__in=list(TASK_OPEN)).exclude(role="lead").exists()

    def _prerequisites_open(self, case: MatterCase) -> bool:
        wanted = case.matter.prerequisites.values_list("matter_id", flat=True)
        return (
            MatterCase.objects.filter(project=self.project, matter__matter_id__in=list(wanted))
            .exclude(state__in=[*CASE_PASSED, CaseState.WITHDRAWN]).exists()
        )

    def _pause(self, case: MatterCase) -> None:
        asked = special.request_special(
            case.pk, by=person(case.lead_id, Role.REVIEWER), kind=SpecialKind.PUBLICITY,
            basis="城乡规划法第26条，批前公示", planned_days=7,
        )
        special.approve_special(asked.pk, by=person(case.lead_id, Role.CHIEF))

    def _inspect_phase(self) -> None:
        """The supervising body closes the inspection of the phase before, so that the next one may be granted."""
        open_ones = ConditionalPermit.objects.filter(project=self.project, inspection__state__in=list(ISSUE_OPEN))
        for permit in open_ones.order_by("pk"):
            by = person(permit.supervisor_id, Role.REVIEWER)
            conditional.close_inspection(permit.pk, by=by, result="到场检查，基坑支护和桩基质量安全合格")

    def _decide(self, case: MatterCase) -> None:
        if case.matter.matter.code in formal_matters():
            self._inspect_phase()
        if case.matter.matter.code == DRAWING_MATTER:
            self._handle_drawings(case)
            return
        session = JointSession.objects.filter(case=case).order_by("-round").first()
        if session is not None and session.state == SessionState.MERGING:
            review.merge_session(
                session.pk, by=person(case.lead_id, Role.REVIEWER), passed=True, text="各部门意见一致，建议准予。"
            )
        decision.decide_case(case.pk, by=person(case.lead_id, Role.CHIEF), outcome=Outcome.PASS, note="符合法定条件")
