"""Models of joint supervision and joint acceptance, one file per noun."""

from acceptance.models.acceptance import AcceptanceApplication, AcceptanceItem, AcceptanceQuerySet, SiteVisit
from acceptance.models.parts import (
    LateFault,
    MakeUp,
    PreAcceptance,
    PreAcceptanceQuerySet,
    SharedFacility,
)
from acceptance.models.supervision import (
    Finding,
    Inspection,
    InspectionLine,
    InspectionPhoto,
    InspectionPlan,
    InspectionUnit,
    JointInspectionQuerySet,
    PointCard,
    PointNotice,
    VisitWish,
)
from acceptance.models.survey import (
    HandoverQuerySet,
    JointSurvey,
    RegistryHandover,
    SurveyedBuilding,
    SurveyQuerySet,
)

__all__ = [
    "AcceptanceApplication",
    "AcceptanceItem",
    "AcceptanceQuerySet",
    "Finding",
    "HandoverQuerySet",
    "Inspection",
    "InspectionLine",
    "InspectionPhoto",
    "InspectionPlan",
    "InspectionUnit",
    "JointInspectionQuerySet",
    "JointSurvey",
    "LateFault",
    "MakeUp",
    "PointCard",
    "PointNotice",
    "PreAcceptance",
    "PreAcceptanceQuerySet",
    "RegistryHandover",
    "SharedFacility",
    "SiteVisit",
    "SurveyQuerySet",
    "SurveyedBuilding",
    "VisitWish",
]
