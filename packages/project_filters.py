"""What packages gives the project list to be narrowed by: the package of a project, and on whom its cases wait."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from packages.models import MatterCase, PackageVersion
from packages.states import CASE_OPEN, CaseState
from projects import narrowing
from projects.memo import Memo
from projects.states import ProjectStatus, Stage

WAITS: tuple[tuple[str, str], ...] = (
    ("owner", "建设单位"), ("window", "窗口"), ("department", "审查部门"), ("special", "特别程序"),
    ("nobody", "无在办事项"),
)
_STATES: dict[str, tuple[CaseState, ...]] = {
    "owner": (CaseState.CORRECTING,), "window": (CaseState.RECEIVED,),
    "department": (CaseState.ACCEPTED, CaseState.IN_REVIEW), "special": (CaseState.SUSPENDED,),
}
_packages: Memo[tuple[tuple[str, str], ...]] = Memo(most=1, seconds=20)


def packages() -> tuple[tuple[str, str], ...]:
    """Return code and name of the packages now in force."""
    versions = PackageVersion.objects.published().order_by("package__order").values_list("package__code", "name")
    return _packages.of("packages", lambda: tuple(versions))


def on_package(code: str) -> Q:
    """The projects on a package, whatever its version."""
    return Q(enrolment__package_version__package__code=code)


def waits_on(who: str) -> Q:
    """The open projects that have a case that waits for these; `nobody`: those where nothing runs."""
    is_open = Q(status=ProjectStatus.ACTIVE) & ~Q(stage=Stage.DELIVERED)
    cases = MatterCase.objects.filter(project=OuterRef("pk"))
    if who in _STATES:
        return is_open & Q(Exists(cases.filter(state__in=_STATES[who])))
    return is_open & ~Q(Exists(cases.filter(state__in=CASE_OPEN)))


narrowing.register("package", "套餐", packages, on_package)
narrowing.register("waits", "在等谁", lambda: WAITS, waits_on)
