"""Models of the agency, one file per noun."""

from agency.models.agents import Agent, AgentLeave, Assignment
from agency.models.batches import Batch, BatchEntry, BatchEntryQuerySet, BatchLine, StartCheck
from agency.models.bulletins import (
    Bulletin,
    BulletinFigure,
    BulletinLines,
    BulletinList,
    BulletinProblem,
    BulletinQuerySet,
)
from agency.models.channels import Dispatch, DispatchAttempt, MessageChoice, Webhook
from agency.models.following import (
    Accompaniment,
    AccompanimentQuerySet,
    HandOver,
    HandOverQuerySet,
    ProjectMark,
)
from agency.models.majors import MajorMonth, MajorProject, MajorQuerySet, ResourceQuota, ResourceTicket, TicketQuerySet
from agency.models.messages import LadderMark, Notification, NotificationQuerySet
from agency.models.orders import (
    Agreement,
    AgreementQuerySet,
    Escalation,
    EscalationQuerySet,
    OrderLog,
    WorkOrder,
    WorkOrderQuerySet,
)
from agency.models.ratings import (
    FollowUp,
    FollowUpQuerySet,
    Rating,
    RatingAsk,
    RatingAskQuerySet,
    RatingCall,
    RatingQuerySet,
)
from agency.models.slips import ChaseSlip
from agency.models.tokens import ApiCall, ApiToken
from agency.models.voices import Voice, VoiceQuerySet, VoiceTurn

__all__ = [
    "Accompaniment",
    "AccompanimentQuerySet",
    "Agent",
    "AgentLeave",
    "Agreement",
    "AgreementQuerySet",
    "ApiCall",
    "ApiToken",
    "Assignment",
    "Batch",
    "BatchEntry",
    "BatchEntryQuerySet",
    "BatchLine",
    "Bulletin",
    "BulletinFigure",
    "BulletinLines",
    "BulletinList",
    "BulletinProblem",
    "BulletinQuerySet",
    "ChaseSlip",
    "Dispatch",
    "DispatchAttempt",
    "Escalation",
    "EscalationQuerySet",
    "FollowUp",
    "FollowUpQuerySet",
    "HandOver",
    "HandOverQuerySet",
    "LadderMark",
    "MajorMonth",
    "MajorProject",
    "MajorQuerySet",
    "MessageChoice",
    "Notification",
    "NotificationQuerySet",
    "OrderLog",
    "ProjectMark",
    "Rating",
    "RatingAsk",
    "RatingAskQuerySet",
    "RatingCall",
    "RatingQuerySet",
    "ResourceQuota",
    "ResourceTicket",
    "StartCheck",
    "TicketQuerySet",
    "Voice",
    "VoiceQuerySet",
    "VoiceTurn",
    "Webhook",
    "WorkOrder",
    "WorkOrderQuerySet",
]
