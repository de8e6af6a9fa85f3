"""Models of the agency, one file per noun."""

from agency.models.agents import Agent, Assignment
from agency.models.bulletins import Bulletin, BulletinFigure, BulletinQuerySet
from agency.models.messages import Notification, NotificationQuerySet

__all__ = [
    "Agent",
    "Assignment",
    "Bulletin",
    "BulletinFigure",
    "BulletinQuerySet",
    "Notification",
    "NotificationQuerySet",
]
