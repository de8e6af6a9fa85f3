"""Joint supervision and joint acceptance."""

from django.apps import AppConfig


class AcceptanceConfig(AppConfig):
    """Application ``acceptance``."""

    name = "acceptance"
    verbose_name = "监管与验收"

    def ready(self) -> None:
        """Register what this app gives to the apps below it."""
        from acceptance import providers, subscribers, supervision_providers  # noqa: F401 - importing registers them
