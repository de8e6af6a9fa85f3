"""Measures pages and writes on a portal of the size of a city; `python3 dev.py bench` calls it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gaige.scale.bench import run


class Command(BaseCommand):
    """`manage.py bench [--projects N] [--cases N] [--rounds N] [--seconds S] [--reviews N] [--write]`."""

    help = "Measure real pages and writes beside bare ones, on PostgreSQL; fills an empty portal first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--projects", type=int, default=22_300)
        parser.add_argument("--cases", type=int, default=75_000)
        parser.add_argument("--rounds", type=int, default=30)
        parser.add_argument("--seconds", type=float, default=200, help="measuring ends after this long")
        parser.add_argument("--reviews", type=int, default=1000, help="joint reviews that workers open")
        parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run; exit 1 when a promise is missed."""
        names = ("projects", "cases", "rounds", "seconds", "write", "reviews")
        if code := run(**{name: options[name] for name in names}):
            sys.exit(code)
