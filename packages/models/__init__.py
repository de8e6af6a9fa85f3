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
from .desk import BulkLine, BulkRun, SavedView
from .living import CalendarFeed, ConditionalPermit, Letter, LivingTerms
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
    "BulkLine",
    "BulkRun",
    "CalendarFeed",
    "ConditionalPermit",
    "Enrolment",
    "JointSession",
    "Letter",
    "LivingTerms",
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
    "SavedView",
]
