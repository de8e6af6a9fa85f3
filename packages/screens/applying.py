"""Which matters of a project can be applied for now, and why not the others."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packages import queries, rules
from packages.choices import MaterialSource, MatterStage
from packages.listing import listed_of
from packages.models import MaterialDef, MatterCase
from packages.next_steps import CASE_LOST
from packages.states import CASE_PASSED, ApplicationSource, Handling
from packages.waiting import cases_of
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Project, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


@dataclass(frozen=True, slots=True)
class Pick:
    """A matter and whether it can be applied for now."""

    case: MatterCase
    verdict: Verdict
    beside: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Stable code of the matter."""
        return self.case.matter.matter.code


@dataclass(frozen=True, slots=True)
class ApplyPage:
    """The page of a new application."""

    by_stage: tuple[tuple[str, tuple[Pick, ...]], ...]
    verdict: Verdict
    form_key: str

    @property
    def stages(self) -> list[tuple[str, tuple[Pick, ...]]]:
        """The drafts below the name of their stage."""
        return [(MatterStage(value).label, picks) for value, picks in self.by_stage]

    def ready_in(self, stage: str) -> list[str]:
        """What can be applied for now in a stage: it is ticked when the code of the project was scanned."""
        rows = [pick for value, picks in self.by_stage if value == stage for pick in picks]
        return [pick.code for pick in rows if pick.verdict and not pick.awaited]

    @property
    def known(self) -> list[tuple[str, str]]:
        """All drafts: what cannot be applied for is refused by the service, which knows why."""
        return [(pick.code, pick.case.matter.name) for _, picks in self.stages for pick in picks]

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Matters that can be chosen."""
        return [(pick.code, pick.case.matter.name) for _, picks in self.stages for pick in picks if pick.verdict]


def apply_page(project: Project, user: User) -> ApplyPage:
    """The drafts of a project by stage, with a fresh key for the form."""
    listed = listed_of(project)
    picks = [
        pick if listed is None or listed.has(pick.code)
        else Pick(pick.case, refuse(listed.refusal(pick.case.matter.name)))
        for pick in _side_by_side([(case, draft.blocked_by) for case, draft in queries.open_drafts(project)])
    ]
    picks = _awaiting(project, picks)
    picks.sort(key=lambda pick: (not pick.verdict, bool(pick.awaited)))
    stages = tuple(
        (stage.value, rows) for stage in MatterStage if (rows := tuple(p for p in picks if p.case.stage == stage))
    )
    verdict = rules.can_apply(user, project)
    if verdict and not any(pick.verdict for pick in picks):
        verdict = refuse("现在没有可以申报的事项，原因见各行")
    return ApplyPage(stages, verdict, str(uuid.uuid4()))


def _side_by_side(drafts: list[tuple[MatterCase, tuple[str, ...]]]) -> list[Pick]:
    """The drafts: what waits only for matters of its own step may be applied for together with them (并联)."""
    picks = {case.pk: Pick(case, _verdict(case, blocked)) for case, blocked in drafts}
    for case, blocked in drafts:
        row = case.package_row
        if row is None or not blocked or case.application is not None or case.handling == Handling.ACCEPTANCE:
            continue
        same = {
            other.matter.name for other, _ in drafts
            if other.package_row and (other.package_row.stage, other.package_row.step) == (row.stage, row.step)
            and picks[other.pk].verdict
        }
        if set(blocked) <= same:
            picks[case.pk] = Pick(case, ALLOWED, blocked)
    return list(picks.values())


def _awaiting(project: Project, picks: list[Pick]) -> list[Pick]:
    """Say of what may be applied for which matters still have to bring a paper for it. Two queries at most."""
    free = {pick.case.matter_id for pick in picks if pick.verdict}
    lines = MaterialDef.objects.filter(version__in=free, source=MaterialSource.EARLIER)
    wanted = list(lines.order_by("pk").values_list("version_id", "from_matters")) if free else []
    if not wanted:
        return picks
    cases = {case.matter.matter.code: case for case in cases_of(project) if case.state not in CASE_LOST}
    names: dict[int, dict[str, None]] = {}
    for version, codes in wanted:
        earlier = [cases[code] for code in codes if code in cases]
        if earlier and not any(case.state in CASE_PASSED for case in earlier):
            names.setdefault(version, {})[earlier[0].matter.name] = None
    return [
        replace(pick, awaited=tuple(name for name in names.get(pick.case.matter_id, {}) if name not in pick.beside))
        if pick.verdict else pick
        for pick in picks
    ]


def _verdict(case: MatterCase, blocked_by: tuple[str, ...]) -> Verdict:
    """Whether a draft can be applied for now."""
    if case.application is not None:
        return refuse(f"已在申报 {case.application.number} 中")
    if blocked_by:
        return refuse(f"前置事项未办结：{'、'.join(blocked_by)}")
    if case.handling == Handling.ACCEPTANCE:
        return refuse("随联合验收一并申请")
    return ALLOWED


def source_of(user: User | AnonymousUser) -> str:
    """Where an application of this person comes in: the window for the office, the net for the enterprise."""
    return ApplicationSource.WINDOW if access_of(user).is_office else ApplicationSource.NET
