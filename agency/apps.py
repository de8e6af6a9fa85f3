"""Agents, work orders, reminders, bulletins."""

from django.apps import AppConfig


class AgencyConfig(AppConfig):
    """Application ``agency``."""

    name = "agency"
    verbose_name = "代办"

    def ready(self) -> None:
        """Register what this app gives to the apps below it."""
        from agency import desk_providers, major_providers, providers, slip_providers, subscribers, voice_providers  # noqa: F401 - importing registers them
