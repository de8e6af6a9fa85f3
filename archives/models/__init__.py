"""Tables of the archive."""

from .codes import PublicView, QrToken, Scan
from .documents import OWNER_CLASS, Document, DocumentKind, DocumentQuerySet, DocumentVersion, IssueEvidence
from .keeping import FixityRound, Inspection, InspectionQuerySet, VersionText
from .papers import Delivery, DeliveryQuerySet, Paper, PaperQuerySet
from .transfers import Bundle, Transfer, TransferLine, TransferQuerySet

__all__ = [
    "OWNER_CLASS",
    "Bundle",
    "Delivery",
    "DeliveryQuerySet",
    "Document",
    "DocumentKind",
    "DocumentQuerySet",
    "DocumentVersion",
    "FixityRound",
    "Inspection",
    "InspectionQuerySet",
    "IssueEvidence",
    "Paper",
    "PaperQuerySet",
    "PublicView",
    "QrToken",
    "Scan",
    "Transfer",
    "TransferLine",
    "TransferQuerySet",
    "VersionText",
]
