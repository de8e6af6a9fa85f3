"""Catalogue, plan, applications, joint review."""

from django.apps import AppConfig


class PackagesConfig(AppConfig):
    """Application ``packages``."""

    name = "packages"
    verbose_name = "套餐与办件"

    def ready(self) -> None:
        """Register what this app gives to the apps below it."""
