"""Models of joint supervision and joint acceptance, one file per noun."""

from acceptance.models.acceptance import AcceptanceApplication, AcceptanceItem, AcceptanceQuerySet, SiteVisit

__all__ = ["AcceptanceApplication", "AcceptanceItem", "AcceptanceQuerySet", "SiteVisit"]
