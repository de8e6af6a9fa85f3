"""Composition of the portal."""

from django.apps import AppConfig


class GaigeConfig(AppConfig):
    """Application ``gaige``."""

    name = "gaige"
    verbose_name = "改革"

    def ready(self) -> None:
        """Register what this app gives to the apps below it."""
