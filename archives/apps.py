"""Documents, official papers, QR card, archive."""

from django.apps import AppConfig


class ArchivesConfig(AppConfig):
    """Application ``archives``."""

    name = "archives"
    verbose_name = "档案"

    def ready(self) -> None:
        """Register what this app gives to the apps below it."""
