"""Prints docs/states.md from the code, or writes it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gaige.states_doc import render


class Command(BaseCommand):
    """`manage.py states [--write | --check]`."""

    help = "Print the state machines of all models; --write keeps them in docs/states.md, --check compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do with the document."""
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--write", action="store_true", help="write docs/states.md")
        group.add_argument("--check", action="store_true", help="fail when docs/states.md differs")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print, write or compare."""
        path, text = settings.BASE_DIR / "docs" / "states.md", render()
        if options["write"]:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"wrote {path.name}")
        elif options["check"]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError("docs/states.md differs from the code: manage.py states --write")
        else:
            self.stdout.write(text)
