"""System checks: what would go wrong silently stops the start instead."""

import importlib.util
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db.backends.postgresql.psycopg_any import is_psycopg3


@register(Tags.compatibility)
def fonts_of_papers(**_: Any) -> list[CheckMessage]:
    """Refuse to start without the Chinese fonts: their glyphs would be missing in papers without a word."""
    if importlib.util.find_spec("pylopdf_fonts_zh_cn") is None:
        return [
            Error(
                "The Chinese fonts of the papers are missing.",
                hint="pip install pylopdf-fonts-zh-cn",
                id="gaige.E001",
            )
        ]
    return []


@register(Tags.database)
def driver_of_postgresql(**_: Any) -> list[CheckMessage]:
    """Refuse another driver than the measured one, which Django would take silently."""
    if is_psycopg3:
        return [
            Error("psycopg 3 is installed, gaige is built on psycopg2.", hint="pip uninstall psycopg", id="gaige.E002")
        ]
    return []


@register(Tags.security, deploy=True)
def public_address(**_: Any) -> list[CheckMessage]:
    """Warn when the codes on paper would carry an address without TLS."""
    if not settings.SITE_URL.startswith("https://"):
        return [CheckWarning("SITE_URL is not https: QR codes would lead to an unprotected page.", id="gaige.W001")]
    return []


@register(Tags.security, deploy=True)
def broker_of_production(**_: Any) -> list[CheckMessage]:
    """Warn when several machines would not share their jobs."""
    if not settings.REDIS_URL:
        return [CheckWarning("REDIS_URL is not set: jobs stay on this machine (embedded default).", id="gaige.W002")]
    return []


@register(Tags.security, deploy=True)
def demonstration_in_production(**_: Any) -> list[CheckMessage]:
    """Warn when everybody could sign in with the passwords of the demonstration."""
    if settings.DEMO:
        return [CheckWarning("DEMO is on: the sign-in page names accounts with public passwords.", id="gaige.W003")]
    return []
