"""What may be applied for next in a project: the drafts of its plan and what has to be decided before each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from packages.choices import MatterStage
from packages.models import MatterCase, MatterPrerequisite
from packages.states import CASE_ENDED, CASE_PASSED, CaseState, Handling
from projects import gathering, timing
from projects.one_page import once, seen
from projects.quoting import quoted
from projects.waiting import Waiting

if TYPE_CHECKING:
    from projects.models import Project

OWNER_WORD = "建设单位"
STAGE_ORDER = [stage.value for stage in MatterStage]
#: Ended without success: the matter may be applied for again.
CASE_LOST = tuple(state for state in CASE_ENDED if state not in CASE_PASSED)
#: 联合研判, 联合会商, 联合检查: the body that leads one calls it together, the enterprise does not apply.
CONVENED = frozenset({"joint-judge", "joint-consult", "joint-inspect"})
BEFORE = "packages.prerequisites"
gathering.register(
    BEFORE, lambda projects: MatterPrerequisite.objects.filter(version__in=MatterCase.objects.filter(
        project__in=projects, state=CaseState.DRAFT
    ).values("matter")).order_by("order", "pk"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A matter that is not applied for yet, and the names of what has to be decided before it."""

    case_id: int
    project_id: int
    name: str
    stage: str
    handling: str
    blocked_by: tuple[str, ...]
    convener: str = ""
    """Who calls it together, where that is not for the enterprise to begin."""

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands before it."""
        return not self.blocked_by


def drafts_of(projects: Sequence[Project]) -> dict[int, list[Draft]]:
    """Return the drafts of these projects in the order of the plan. Two queries.

    A project that has no live case at all has no entry.
    """
    ids = tuple(project.pk for project in projects)
    return once(("drafts", *ids), lambda: _drafts(ids))


def _live(ids: tuple[int, ...]) -> list[tuple[int, int, str, str, str, int, int, str, str, str]]:
    """The live cases of these projects in the order of the plan: what a draft and what stands before it need."""
    read: list[MatterCase] | None = seen(("cases", *ids))
    if read is not None:
        return [
            (c.pk, c.project_id, c.state, c.handling, c.stage, c.matter_id, c.matter.matter_id, c.matter.name,
             c.matter.matter.code, c.lead.label)
            for c in read if c.state not in CASE_LOST
        ]
    fields = (
        "pk", "project_id", "state", "handling", "stage", "matter_id", "matter__matter_id", "matter__name",
        "matter__matter__code", "lead__short_name", "lead__name",
    )
    found = MatterCase.objects.filter(project_id__in=ids).exclude(state__in=CASE_LOST)
    rows = found.order_by(F("package_row__order").asc(nulls_last=True), "pk").values_list(*fields)
    return [(*row[:-2], row[-2] or row[-1]) for row in rows]


def _drafts(ids: tuple[int, ...]) -> dict[int, list[Draft]]:
    live = _live(ids)
    before: dict[int, list[int]] = defaultdict(list)
    versions = {row[5] for row in live if row[2] == CaseState.DRAFT}
    read = gathering.loaded(BEFORE, ids[0]) if len(ids) == 1 else None
    wanted = MatterPrerequisite.objects.filter(version_id__in=versions).order_by("version_id", "order")
    for row in wanted if read is None else read:
        before[row.version_id].append(row.matter_id)
    undone = {(row[1], row[6]): row[7] for row in live if row[2] not in CASE_PASSED}
    result: dict[int, list[Draft]] = {}
    for pk, project_id, state, handling, stage, version_id, _, name, code, lead in live:
        drafts = result.setdefault(project_id, [])
        if state == CaseState.DRAFT:
            blocked = tuple(undone[project_id, m] for m in before[version_id] if (project_id, m) in undone)
            drafts.append(Draft(
                pk, project_id, name, stage, handling, blocked, lead if code in CONVENED else "",
            ))
    return result


def next_steps(projects: Sequence[Project]) -> Iterable[Waiting]:
    """What may be started now in projects where nothing runs."""
    drafts = drafts_of(projects) if projects else {}
    for project in projects:
        if project.pk not in drafts:
            yield Waiting(
                project_id=project.pk, rank=4, role=f"{project.centre.label}窗口", verb="确认", what="项目套餐和情形",
                since=timing.business_day(project.registered_at), auto="确认后生成审批计划",
            )
            continue
        yield from _ready(project, [draft for draft in drafts[project.pk] if draft.is_ready])


def _ready(project: Project, ready: list[Draft]) -> Iterable[Waiting]:
    stage = min((STAGE_ORDER.index(draft.stage) for draft in ready), default=None)
    if stage is None:
        return
    first = [draft for draft in ready if draft.stage == STAGE_ORDER[stage]]
    for draft in first:
        if draft.convener:
            yield Waiting(
                project_id=project.pk, rank=9, role=draft.convener, verb="组织", what=quoted(draft.name),
                auto="办成后登记结果，不用企业申报", case_id=draft.case_id,
            )
    words = {
        Handling.REVIEW: ("申报", "现在即可申报"),
        Handling.ACCEPTANCE: ("申请", "现在即可申请联合验收"),
        Handling.OUTSIDE: ("办理", "外部办理，办成后由窗口或代办人员登记"),
    }
    for handling, (verb, auto) in words.items():
        rows = [draft for draft in first if draft.handling == handling and not draft.convener]
        if rows:
            more = f"等 {len(rows)} 项" if len(rows) > 1 else ""
            yield Waiting(
                project_id=project.pk, rank=9, role=OWNER_WORD, person=project.owner.name, verb=verb,
                what=f"{quoted(rows[0].name)}{more}", auto=auto, case_id=rows[0].case_id,
            )
