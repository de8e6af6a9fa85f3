"""Tables of the kernel."""

from .accounts import Elevation, PasswordRecord, SecondFactor, SignIn
from .credit import CreditListing, CreditRecord
from .grants import ProjectGrant
from .issues import IssueItem
from .log import AccessLog, Event, JobRun, NumberSeries, Outbox
from .people import Membership, Organisation, Region, User
from .privacy import Consent, PersonRequest, Provision, SecurityRecord
from .project import Building, Involvement, Party, Project, WorkUnit
from .staff import Invitation
from .time import *  # noqa: F403 - clocks and calendar are one family, listed in projects/models/time.py

__all__ = [
    "AccessLog",
    "Building",
    "Consent",
    "CreditListing",
    "CreditRecord",
    "Elevation",
    "Event",
    "Invitation",
    "Involvement",
    "IssueItem",
    "JobRun",
    "Membership",
    "NumberSeries",
    "Organisation",
    "Outbox",
    "Party",
    "PasswordRecord",
    "PersonRequest",
    "Project",
    "ProjectGrant",
    "Provision",
    "Region",
    "SecondFactor",
    "SecurityRecord",
    "SignIn",
    "User",
    "WorkUnit",
]
