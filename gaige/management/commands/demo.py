"""Fills the portal with the demonstration, or prints its logins. It can be run again: what is there stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gaige.demo.people import LOGINS, PASSWORD, create_people
from gaige.demo.run import run
from gaige.demo.specs import SPECS
from projects.models import Project


class Command(BaseCommand):
    """`manage.py demo [--logins] [--people] [--only S2,G1]`."""

    help = "Fill the portal with about fourteen projects at different stages, by walking the real services."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--logins", action="store_true", help="print the demonstration logins and stop")
        parser.add_argument("--people", action="store_true", help="create the people only")
        parser.add_argument("--only", default="", help="codes of examples, separated by commas")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run."""
        if options["logins"]:
            for login in LOGINS:
                self.stdout.write(f"{login.username:<20} {PASSWORD:<12} {login.name} {login.what}")
            return
        if options["people"]:
            create_people()
            return
        codes = {spec.code for spec in SPECS}
        strange = Project.objects.exclude(code__in=codes).count()
        if strange:
            raise CommandError(f"库里有 {strange} 个不是演示的项目，演示账号的口令是公开的，不能装进正式系统。")
        wanted = {part for part in options["only"].split(",") if part}
        added = run([spec for spec in SPECS if not wanted or spec.example in wanted], tell=self.stdout.write)
        self.stdout.write(self.style.SUCCESS(f"演示项目：新增 {added} 个，共 {Project.objects.count()} 个。"))
