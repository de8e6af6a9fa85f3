"""Tables of the catalogue and of the work on it."""

from .catalogue import (
    AcceptanceItemDef,
    MaterialDef,
    Matter,
    MatterPrerequisite,
    MatterVersion,
    Package,
    PackageRow,
    PackageVersion,
    ReviewDef,
)
from .work import (
    Application,
    Enrolment,
    JointSession,
    MaterialItem,
    MatterCase,
    Opinion,
    OutsideResult,
    ReviewTask,
)

__all__ = [
    "AcceptanceItemDef",
    "Application",
    "Enrolment",
    "JointSession",
    "MaterialDef",
    "MaterialItem",
    "Matter",
    "MatterCase",
    "MatterPrerequisite",
    "MatterVersion",
    "Opinion",
    "OutsideResult",
    "Package",
    "PackageRow",
    "PackageVersion",
    "ReviewDef",
    "ReviewTask",
]
