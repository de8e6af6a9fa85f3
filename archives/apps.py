"""Documents, official papers, QR card, archive."""

from importlib import import_module

from django.apps import AppConfig


class ArchivesConfig(AppConfig):
    """Application ``archives``."""

    name = "archives"
    verbose_name = "档案"

    def ready(self) -> None:
        """Register what this app gives to the kernel, and point fontconfig at the fonts of the papers."""
        import_module("archives.providers").register()
        import_module("archives.subscribers").register()
        import_module("archives.fonts").prepare()
