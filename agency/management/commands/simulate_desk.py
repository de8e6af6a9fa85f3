"""Play a year of a city through the assignment rule and report how the load lies and how long projects wait."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from agency.services.bench import terms_on
from agency.simulation import City, run
from projects import timing
from projects.commands import OperatorCommand

#: What a city may be: one agent leads, another serves.
RANGES = {"projects": (1, 50_000), "agents": (2, 2_000), "districts": (1, 99), "cap": (1, 200), "year": (2000, 2100)}


class Command(OperatorCommand):
    """`manage.py simulate_desk`: nothing is written; the same seed gives the same report."""

    help = "Play a year of a city through the real assignment rule; report load spread and waiting."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of the city."""
        city = City()
        parser.add_argument("--projects", type=int, default=city.projects, help="projects of the year")
        parser.add_argument("--agents", type=int, default=city.agents, help="agents; half of them lead")
        parser.add_argument("--districts", type=int, default=city.districts)
        parser.add_argument("--cap", type=int, default=city.cap, help="load points per agent")
        parser.add_argument("--seed", type=int, default=city.seed)
        parser.add_argument("--year", type=int, default=city.year)

    def handle(self, *_: Any, **given: Any) -> None:
        """Play and print. Raises `CommandError` for a city that cannot be."""
        for name, (least, most) in RANGES.items():
            if not least <= given[name] <= most:
                words = f"--{name} 应在 {least} 到 {most} 之间，现为 {given[name]}"
                raise CommandError(f"{words} / --{name} has to be from {least} to {most}")
        city = City(**{name: given[name] for name in ("projects", "agents", "districts", "cap", "seed", "year")})
        for line in run(city, terms_on(timing.today())).lines():
            self.stdout.write(line)
