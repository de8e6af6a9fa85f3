"""``manage.py doctor``: says part by part what is wrong with an installation."""

import json
from typing import Any

from django.core.management.base import CommandParser

from gaige.diagnosis import PARTS, Level, examine
from projects.commands import OperatorCommand


class Command(OperatorCommand):
    """Examine the installation; exit 1 when a part is at fault."""

    help = "Says part by part what is wrong with this installation; exits 1 when something is."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose parts and the form of the answer."""
        parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help=", ".join(PARTS))
        parser.add_argument("--quiet", action="store_true", help="print only what is at fault")
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print one line per part."""
        findings = examine(options["only"])
        if options["json"]:
            rows = [{"part": f.part, "level": f.level.name.lower(), "message": f.message} for f in findings]
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
        else:
            for finding in findings:
                if finding.level is Level.FAULT or not options["quiet"]:
                    self.stdout.write(f"[{finding.level.value}] {finding.part:<10} {finding.message}")
        if any(finding.level is Level.FAULT for finding in findings):
            raise SystemExit(1)
