"""Models of joint supervision and joint acceptance, one file per noun."""

from acceptance.models.acceptance import AcceptanceApplication, AcceptanceItem, AcceptanceQuerySet, SiteVisit
from acceptance.models.parts import (
    LateFault,
    MakeUp,
    PreAcceptance,
    PreAcceptanceQuerySet,
    SharedFacility,
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
    "HandoverQuerySet",
    "JointSurvey",
    "LateFault",
    "MakeUp",
    "PreAcceptance",
    "PreAcceptanceQuerySet",
    "RegistryHandover",
    "SharedFacility",
    "SiteVisit",
    "SurveyQuerySet",
    "SurveyedBuilding",
]
