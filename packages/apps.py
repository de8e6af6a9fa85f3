"""Catalogue, plan, applications, joint review."""

from django.apps import AppConfig


class PackagesConfig(AppConfig):
    """Application ``packages``."""

    name = "packages"
    verbose_name = "套餐与办件"

    def ready(self) -> None:
        """Register providers and subscribers."""
        from packages import (  # noqa: F401 - importing registers them
            appraisal_providers,
            assessment_providers,
            consultation_providers,
            credit_providers,
            drawing_providers,
            land_providers,
            living_providers,
            project_filters,
            providers,
            subscribers,
            utility_providers,
        )

        appraisal_providers.register()
        consultation_providers.register()
        drawing_providers.register()
