"""Tables of the kernel."""

from .credit import CreditListing, CreditRecord
from .grants import ProjectGrant
from .issues import IssueItem
from .log import AccessLog, Event, JobRun, NumberSeries, Outbox
from .people import Membership, Organisation, Region, User
from .project import Building, Involvement, Party, Project, WorkUnit
from .staff import Invitation
from .time import *  # noqa: F403 - clocks and calendar are one family, listed in projects/models/time.py

__all__ = [
    "AccessLog",
    "Building",
    "CreditListing",
    "CreditRecord",
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
    "Project",
    "ProjectGrant",
    "Region",
    "User",
    "WorkUnit",
]
