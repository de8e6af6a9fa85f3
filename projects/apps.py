"""The kernel: people, projects, calendar, clocks, events."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Application ``projects``."""

    name = "projects"
    verbose_name = "项目"

    def ready(self) -> None:
        """Register the grades and what the credit archives make of events."""
        from projects import credit, credit_subscribers  # noqa: F401 - importing registers it
        from projects.services.credit import grade_on

        credit.register("projects.credit", grade_on)
