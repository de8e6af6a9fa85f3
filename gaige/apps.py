"""Composition of the portal."""

from importlib import import_module

from django.apps import AppConfig


class GaigeConfig(AppConfig):
    """Application ``gaige``."""

    name = "gaige"
    verbose_name = "改革"

    def ready(self) -> None:
        """Register the system checks, the words of forms, and what the project page says of all apps."""
        import_module("gaige.checks")
        import_module("gaige.form_words").register()
        import_module("gaige.project_head").register()
