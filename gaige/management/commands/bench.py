"""Measures pages and writes on a portal of the size of a city; `python3 dev.py bench` calls it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gaige.scale.bench import run
from gaige.scale.synthesize import projects_for


class Command(BaseCommand):
    """`manage.py bench [--projects N] [--cases N] [--rounds N] [--seconds S] [--reviews N] [--clocks N] [--grow N]`."""

    help = "Measure real pages and writes beside bare ones, on PostgreSQL; fills an empty portal first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--projects", type=int, help="by default in the proportion of a city")
        parser.add_argument("--cases", type=int, default=75_000)
        parser.add_argument("--rounds", type=int, default=30)
        parser.add_argument("--seconds", type=float, default=200, help="measuring ends after this long")
        parser.add_argument("--reviews", type=int, default=1000, help="joint reviews that workers open")
        parser.add_argument("--clocks", type=int, help="running clocks that are swept; by default as many as cases")
        parser.add_argument("--grow", type=int, default=0, help="cases to grow to, where the work list is taken again")
        parser.add_argument("--fixity", type=int, default=2048, help="megabytes of files compared with sha256sum")
        parser.add_argument("--forecasts", type=int, default=22_300, help="open projects whose days are forecast")
        parser.add_argument("--bulletins", type=int, default=3, help="how often a month is frozen beside the bare SQL")
        parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run; exit 1 when a promise is missed."""
        names = ("cases", "rounds", "seconds", "write", "reviews", "grow", "fixity", "forecasts", "bulletins")
        projects, clocks = options["projects"] or projects_for(options["cases"]), options["clocks"]
        clocks = options["cases"] if clocks is None else clocks
        if code := run(projects=projects, clocks=clocks, **{name: options[name] for name in names}):
            sys.exit(code)
