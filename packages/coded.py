"""赋码: the matter that gives a project its national unified code, and whether the project has brought one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.states import CASE_PASSED, Handling
from projects.codes import is_local_code

if TYPE_CHECKING:
    from packages.models import MatterCase
    from projects.models import Project

CODE_MATTER = "project-code"


def has_national_code(project: Project) -> bool:
    """Whether the project stands under a national unified code; a local one waits for it."""
    return not is_local_code(project.code)


def brought_words(project: Project) -> str:
    """What the matter says once the project has its code."""
    return f"已有国家统一代码 {project.code}，登记时校验通过，不用申报"


def is_brought(case: MatterCase) -> bool:
    """Whether a case is the 赋码 that was done before the project came here: no application, no paper of ours."""
    done = case.state in CASE_PASSED and case.handling == Handling.OUTSIDE
    return bool(done and case.matter.matter.code == CODE_MATTER)
