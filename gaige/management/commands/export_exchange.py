"""`manage.py export_exchange`: the national exchange tables as CSV and JSON, with the report of the check rules."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from gaige.exchange.checks import RULES
from gaige.exchange.tables import TABLES
from gaige.exchange.writing import FORMATS, REPORT, export, note
from projects.access import region_prefix
from projects.codes import LOCAL_PREFIX
from projects.commands import OperatorCommand
from projects.models import Project, Region

#: Whoever collects the tables, where nobody is named.
RECIPIENT = "上级工程建设项目审批管理系统"


class Command(OperatorCommand):
    """Write the tables of one region into a folder."""

    help = "Write the national exchange tables of a region as CSV and JSON, and what the check rules find."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Folder, region, formats, and whether a violation is an error."""
        parser.add_argument("folder", help="where the files go; it is made when it is not there")
        parser.add_argument("--region", required=True, help="code of the reporting region, e.g. 140581 or 140500")
        parser.add_argument("--format", choices=[*FORMATS, "both"], default="both")
        parser.add_argument("--to", default=RECIPIENT, help="who gets them, for the register of what was provided")
        parser.add_argument("--strict", action="store_true", help="end with 1 when a rule is broken")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write, and tell what was written and found."""
        region = Region.objects.filter(code=options["region"]).first()
        if region is None:
            raise CommandError(f"没有区划 {options['region']}。")
        found = Project.objects.filter(region__code__startswith=region_prefix(region.code))
        projects = found.exclude(code__startswith=LOCAL_PREFIX)
        formats = FORMATS if options["format"] == "both" else (options["format"],)
        made = export(Path(options["folder"]), projects=projects, region=region.code, formats=formats)
        note(made, region=region, recipient=options["to"].strip() or RECIPIENT)
        for table in TABLES:
            self.stdout.write(f"{table.name} {table.means}：{made.rows[table.name]} 行")
        if without := found.filter(code__startswith=LOCAL_PREFIX).count():
            self.stdout.write(f"{without} 个项目还没有国家项目代码，不报送；换发后自动报送。")
        for rule in sorted(made.counts):
            self.stdout.write(f"规则 {rule}（{RULES[rule]}）：{made.counts[rule]} 处不符")
        self.stdout.write(f"共 {made.found} 处不符，见 {REPORT}。")
        if made.found and options["strict"]:
            raise CommandError("有不符合规则的数据。")
