"""gaige 改革: composition of the portal (settings, URLs, Celery, middleware). No models."""

from gaige.celery import app as celery_app

__all__ = ["celery_app"]
