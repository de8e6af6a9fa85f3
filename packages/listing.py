"""The one-time notice as a gate (清单外): what the owner was not told may be neither opened nor demanded.

Who begins a matter asks here: `open_application`, `register_request` of the utilities, the records of a tender, of an
intermediary and of what was done outside. So do `build_lines` for the materials of a checklist and `notice_faults` for
papers demanded afterwards. A project whose owner has not signed for a list is not held up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packages.consultation_states import PLAN_LIVE, OffListKind, PlanState
from packages.models import OffListItem, ServicePlan
from projects import prepared
from projects.errors import DomainError
from projects.models import Project
from projects.quoting import quoted


@dataclass(frozen=True, slots=True)
class Listed:
    """What the owner was told: the matters, the papers asked for each, and what the centre has let in since."""

    consultation_id: int
    version: int
    matters: frozenset[str]
    materials: Mapping[str, frozenset[str]]
    fresh: frozenset[str]
    more: Mapping[str, frozenset[str]]

    def has(self, code: str) -> bool:
        """Whether a matter may be opened."""
        return code in self.matters or code in self.fresh

    def asks(self, code: str, material: str) -> bool:
        """Whether a paper may be demanded for a matter; a matter that was let in comes with all of its papers."""
        if code in self.fresh and code not in self.matters:
            return True
        return material in self.materials.get(code, frozenset()) or material in self.more.get(code, frozenset())

    def refusal(self, name: str) -> str:
        """Return why a matter may not be opened."""
        return f"{quoted(name)}不在一次性告知的清单（第 {self.version} 版）上，属清单外事项，须经中心批准后才能办理"


def listed_of(project: Project) -> Listed | None:
    """Return the list that holds for a project, or None while its owner has never signed for one. Three queries."""
    found = ServicePlan.objects.filter(state__in=PLAN_LIVE).defer("chart").order_by("-pk")
    plan = prepared.one("live service plan", lambda pk: found.filter(project=pk)[:1], project.pk)
    if plan is None:
        return None
    if plan.state != PlanState.SIGNED and not _was_signed(plan):
        return None
    rows = plan.content["rows"]
    approved = OffListItem.objects.counted().filter(consultation=plan.consultation_id)
    more: dict[str, set[str]] = {}
    fresh = set()
    for kind, code, material in approved.values_list("kind", "code", "material"):
        if kind == OffListKind.MATTER:
            fresh.add(code)
        else:
            more.setdefault(code, set()).add(material)
    return Listed(
        plan.consultation_id, plan.version, frozenset(row["code"] for row in rows),
        {row["code"]: frozenset(line["name"] for line in row["materials"]) for row in rows}, frozenset(fresh),
        {code: frozenset(names) for code, names in more.items()},
    )


def _was_signed(plan: ServicePlan) -> bool:
    return ServicePlan.objects.filter(consultation=plan.consultation_id, signed_at__isnull=False).exists()


def check_opening(project: Project, matters: Iterable[tuple[str, str]]) -> None:
    """Refuse to begin matters, given as (code, name), that are not on the list. Raises `DomainError` `off_list`."""
    wanted = list(matters)
    if not wanted or (listed := listed_of(project)) is None:
        return
    faults = [listed.refusal(name) for code, name in wanted if not listed.has(code)]
    if faults:
        raise DomainError("off_list", "；".join(faults) + "。")


def check_demand(project: Project, code: str, name: str, materials: Iterable[str]) -> None:
    """Refuse to demand papers that are not on the list. Raises `DomainError` `off_list` naming them."""
    wanted = [material.strip() for material in materials if material.strip()]
    if not wanted or (listed := listed_of(project)) is None:
        return
    extra = [material for material in wanted if not listed.asks(code, material)]
    if extra:
        raise DomainError(
            "off_list", f"{quoted(name)}的{'、'.join(extra)}不在一次性告知的清单（第 {listed.version} 版）上，"
            "须先提出清单外事项，经中心批准后才能要求。",
        )
