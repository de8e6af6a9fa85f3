"""Walks the chains of the event log and names the first broken link of each."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from projects.codes import normalise_project_code
from projects.commands import OperatorCommand
from projects.events import BrokenLink, at_rest, fold, verify_all, verify_chain
from projects.models import Event, Project


class Command(OperatorCommand):
    """`manage.py verify_events [--project CODE]`: exit code 1 when a chain is broken or tells another state."""

    help = "Verify the hash chains of the event log and that the events tell the states that the rows have."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take one project."""
        parser.add_argument("--project", metavar="CODE", help="only the chain of this project")

    def handle(self, *_: Any, **options: Any) -> None:
        """Verify, print, and fail when something is broken."""
        if options["project"]:
            broken, projects = self._one(options["project"])
        else:
            broken, projects = list(verify_all()), list(Project.objects.order_by("pk"))
        for link in broken:
            self.stderr.write(f"{link.chain} #{link.seq} (event {link.event_id or '-'}): {link.reason}")
        wrong = [line for project in projects if self._folded(project) and (line := self._at_rest(project))]
        for line in wrong:
            self.stderr.write(line)
        if broken or wrong:
            raise CommandError(
                f"{len(broken)} 条事件链断开，{len(wrong)} 个项目的事件与现状不符 / "
                f"{len(broken)} broken chains, {len(wrong)} projects whose events tell another state"
            )
        count = Event.objects.count() if not options["project"] else sum(project.event_seq for project in projects)
        self.stdout.write(f"{count} 条事件核对无误 / {count} events hold")

    def _one(self, text: str) -> tuple[list[BrokenLink], list[Project]]:
        project = Project.objects.filter(code=normalise_project_code(text)).first()
        if project is None:
            raise CommandError(f"没有代码为 {text} 的项目 / no project has the code {text}")
        link = verify_chain(f"project:{project.pk}")
        return ([link] if link else []), [project]

    def _at_rest(self, project: Project) -> str:
        """Look once more while no service can move the project on."""
        with at_rest(f"project:{project.pk}"):
            project.refresh_from_db()
            return self._folded(project)

    def _folded(self, project: Project) -> str:
        """Return what the events tell otherwise than the row of the project, or an empty text."""
        try:
            states = fold(project)
        except ValueError as error:
            return str(error)
        told = {field: states.get(("projects.Project", str(project.pk), field)) for field in ("stage", "status")}
        held = {"stage": project.stage, "status": project.status}
        return "" if told == held else f"project:{project.pk}：事件与现状不符 / events tell {told}, the row has {held}"
