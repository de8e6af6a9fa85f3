"""Measures pages and writes on a portal of the size of a city; `python3 dev.py bench` calls it."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gaige.scale.bench import Wanted, run
from gaige.scale.synthesize import CITY_PROJECTS, projects_for

#: What `--five-years` asks for where nothing else is said.
FIVE_YEARS = {"projects": CITY_PROJECTS, "cases": 1_000_000, "first": 75_000, "accounts": 60_000, "clients": 1000}


class Command(BaseCommand):
    """`manage.py bench [--five-years] [--projects N] [--cases N] [--rounds N] [--seconds S] ...`."""

    help = "Measure real pages and writes beside bare ones, on PostgreSQL; fills an empty portal first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options; a part with 0 is left out."""
        parser.add_argument("--five-years", action="store_true", help="22,300 projects, 1,000,000 cases, 60,000 people")
        parser.add_argument("--projects", type=int, help="by default in the proportion of a city")
        parser.add_argument("--cases", type=int, help="75,000 by default")
        parser.add_argument("--first", type=int, help="cases of the city before it grows: the work list in both")
        parser.add_argument("--rounds", type=int, default=30)
        parser.add_argument("--seconds", type=float, default=200, help="measuring requests ends after this long")
        parser.add_argument("--no-pages", dest="pages", action="store_false", help="without pages and writes")
        parser.add_argument("--reviews", type=int, default=1000, help="joint reviews that workers open")
        parser.add_argument("--clocks", type=int, default=1_000_000, help="running clocks that are swept")
        parser.add_argument("--fixity", type=int, default=2048, help="megabytes of files compared with sha256sum")
        parser.add_argument("--forecasts", type=int, default=22_300, help="open projects whose days are forecast")
        parser.add_argument("--bulletins", type=int, default=3, help="how often a month is frozen beside the bare SQL")
        parser.add_argument("--accounts", type=int, help="how many people have an account while a crowd works")
        parser.add_argument("--clients", type=int, help="how many of them are signed in and at work at once")
        parser.add_argument("--crowd-seconds", type=float, default=180, help="for how long they work")
        parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run; exit 1 when a promise is missed."""
        city = FIVE_YEARS if options["five_years"] else {"cases": 75_000, "first": 0, "accounts": 0, "clients": 0}
        given = {one.name: options[one.name] for one in fields(Wanted) if options[one.name] is not None}
        asked: dict[str, Any] = {**city, **given}
        asked.setdefault("projects", projects_for(asked["cases"]))
        if code := run(Wanted(**asked)):
            sys.exit(code)
