"""The kernel: people, projects, calendar, clocks, events."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Application ``projects``."""

    name = "projects"
    verbose_name = "项目"

    def ready(self) -> None:
        """Register what this app gives to the apps below it."""
