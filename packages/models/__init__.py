"""Tables of the catalogue and of the work on it."""

from .acts import CaseDelivery, Extension, OneTimeNotice, Revocation, SpecialProcedure, Withdrawal
from .appraisal import Appraisal, DuplicatePair, FactorScore, Gap, PoolEntry
from .assessment import Parcel, RegionalResult, RegionalUnit, RegionalUse
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
from .land import LandCheck, LandIndicator, LandList, LandListItem, StandardLand
from .late_entries import LateEntry
from .living import CalendarFeed, ConditionalPermit, Letter, LivingTerms
from .one_book import BookChapter, BookClause, BookStep, OneBook
from .one_stop import OneStop, OneStopPart
from .plans import Forecast, ForecastMark, MatterHistory, PlanRevision
from .promises import Commitment, CommitmentCheck, Deferral
from .records import Fee, IntermediaryService, PaySheet, TenderRecord, TenderStep
from .reviews import Conference, ConferenceSeat, JudgedVersion, Referral, Supplement
from .risk import PolicyTable, RiskAssessment
from .service_plan import OffListItem, ServicePlan
from .sessions import JointSession, Opinion, ReviewTask
from .utilities import UtilityLine, UtilityQuoteItem, UtilityRequest
from .work import Application, Enrolment, MaterialItem, MatterCase, OutsideResult

__all__ = [
    "AcceptanceItemDef",
    "Application",
    "Appraisal",
    "BookChapter",
    "BookClause",
    "BookStep",
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
    "DuplicatePair",
    "Enrolment",
    "Extension",
    "FactorScore",
    "Fee",
    "Forecast",
    "ForecastMark",
    "Gap",
    "IntermediaryService",
    "JointSession",
    "JudgedVersion",
    "LandCheck",
    "LandIndicator",
    "LandList",
    "LandListItem",
    "LateEntry",
    "Letter",
    "LivingTerms",
    "MaterialDef",
    "MaterialItem",
    "Matter",
    "MatterCase",
    "MatterHistory",
    "MatterPrerequisite",
    "MatterVersion",
    "OffListItem",
    "OneBook",
    "OneStop",
    "OneStopPart",
    "OneTimeNotice",
    "Opinion",
    "OutsideResult",
    "Package",
    "PackageRow",
    "PackageVersion",
    "Parcel",
    "PaySheet",
    "PlanRevision",
    "Pledge",
    "PolicyTable",
    "PoolEntry",
    "Referral",
    "RegionalResult",
    "RegionalUnit",
    "RegionalUse",
    "ReviewDef",
    "ReviewTask",
    "Revocation",
    "RiskAssessment",
    "SampleDraw",
    "SampleTicket",
    "SavedView",
    "ServicePlan",
    "SpecialProcedure",
    "StandardLand",
    "Supplement",
    "TenderRecord",
    "TenderStep",
    "UnitCheck",
    "UnitPhoto",
    "UtilityLine",
    "UtilityQuoteItem",
    "UtilityRequest",
    "Withdrawal",
]
