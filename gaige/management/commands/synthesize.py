"""Fills an empty portal in bulk for the benchmark."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gaige.scale.synthesize import projects_for, synthesize


class Command(BaseCommand):
    """`manage.py synthesize [--projects N] [--cases N] [--seed N]`."""

    help = "Fill an empty portal with made-up projects and cases in bulk, for measuring."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--projects", type=int, help="by default in the proportion of a city")
        parser.add_argument("--cases", type=int, default=75_000)
        parser.add_argument("--seed", type=int, default=7)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run."""
        try:
            synthesize(
                projects=options["projects"] or projects_for(options["cases"]), cases=options["cases"],
                seed=options["seed"], tell=self.stdout.write,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
