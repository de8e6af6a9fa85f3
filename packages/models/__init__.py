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
from .consultation import Consultation, ConsultationUnit, UnitCheck, UnitPhoto
from .desk import BulkLine, BulkRun, SavedView
from .drawings import Breach, DrawingPart, DrawingReview, DrawingSet, Pledge, SampleDraw, SampleTicket
from .living import CalendarFeed, ConditionalPermit, Letter, LivingTerms
from .one_stop import OneStop, OneStopPart
from .promises import Commitment, CommitmentCheck, Deferral
from .records import Fee, IntermediaryService, PaySheet, TenderRecord, TenderStep
from .reviews import Conference, ConferenceSeat, JudgedVersion, Referral, Supplement
from .risk import PolicyTable, RiskAssessment
from .service_plan import OffListItem, ServicePlan
from .utilities import UtilityLine, UtilityQuoteItem, UtilityRating, UtilityRequest
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
    "Breach",
    "BulkLine",
    "BulkRun",
    "CalendarFeed",
    "CaseDelivery",
    "Commitment",
    "CommitmentCheck",
    "ConditionalPermit",
    "Conference",
    "ConferenceSeat",
    "Consultation",
    "ConsultationUnit",
    "Deferral",
    "DrawingPart",
    "DrawingReview",
    "DrawingSet",
    "Enrolment",
    "Extension",
    "Fee",
    "IntermediaryService",
    "JointSession",
    "JudgedVersion",
    "Letter",
    "LivingTerms",
    "MaterialDef",
    "MaterialItem",
    "Matter",
    "MatterCase",
    "MatterPrerequisite",
    "MatterVersion",
    "OffListItem",
    "OneStop",
    "OneStopPart",
    "OneTimeNotice",
    "Opinion",
    "OutsideResult",
    "Package",
    "PackageRow",
    "PackageVersion",
    "PaySheet",
    "Pledge",
    "PolicyTable",
    "Referral",
    "ReviewDef",
    "ReviewTask",
    "Revocation",
    "RiskAssessment",
    "SampleDraw",
    "SampleTicket",
    "SavedView",
    "ServicePlan",
    "SpecialProcedure",
    "Supplement",
    "TenderRecord",
    "TenderStep",
    "UnitCheck",
    "UnitPhoto",
    "UtilityLine",
    "UtilityQuoteItem",
    "UtilityRating",
    "UtilityRequest",
    "Withdrawal",
]
