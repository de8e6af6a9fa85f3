"""Tables of the catalogue and of the work on it."""

from .acts import CaseDelivery, Extension, OneTimeNotice, Revocation, SpecialProcedure, Withdrawal
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
from .drawings import Breach, DrawingPart, DrawingReview, DrawingSet, Pledge, SampleDraw, SampleTicket
from .living import CalendarFeed, ConditionalPermit, Letter, LivingTerms
from .one_stop import OneStop, OneStopPart
from .promises import Commitment, CommitmentCheck, Deferral
from .reviews import Conference, ConferenceSeat, JudgedVersion, Referral, Supplement
from .risk import PolicyTable, RiskAssessment
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
    "Conference",
    "ConferenceSeat",
    "JudgedVersion",
    "Referral",
    "Supplement",
    "Application",
    "Commitment",
    "CommitmentCheck",
    "Deferral",
    "BulkLine",
    "BulkRun",
    "CalendarFeed",
    "ConditionalPermit",
    "CaseDelivery",
    "Enrolment",
    "Extension",
    "JointSession",
    "Letter",
    "LivingTerms",
    "MaterialDef",
    "MaterialItem",
    "Matter",
    "MatterCase",
    "MatterPrerequisite",
    "MatterVersion",
    "OneTimeNotice",
    "Opinion",
    "OutsideResult",
    "Package",
    "PackageRow",
    "PackageVersion",
    "Revocation",
    "ReviewDef",
    "ReviewTask",
    "SavedView",
    "SpecialProcedure",
    "Withdrawal",
    "Breach",
]
