"""`manage.py load_catalog`: bring the catalogue in the database to what the files say; print what that changes."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from packages.catalog_files import CATALOG
from packages.services.catalogue import Action, CatalogueRefused, LoadPlan, load_catalogue
from projects.commands import OperatorCommand

#: The tables that a catalogue is compared with; a database that was never migrated has none of them.
TABLES_READ = ("projects_organisation", "packages_matterversion")
TABLES = ("部门", "文件种类", "事项", "套餐", "联合验收事项", "规则表")


class Command(OperatorCommand):
    """Load the catalogue as a whole, or refuse it as a whole naming file and line."""

    help = "Load the catalogue of matters and packages; changed content becomes a new version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--folder", type=Path, default=CATALOG, help="folder with the tables (default: our own)")
        parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
        parser.add_argument("--full", action="store_true", help="also check the examples of the folder")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load and print the plan."""
        if not options["folder"].is_dir():
            raise CommandError(f"文件夹不存在：{options['folder']}")
        there = connection.introspection.table_names()
        if missing := [table for table in TABLES_READ if table not in there]:
            raise CommandError(f"数据库里还没有表（缺 {missing[0]}），请先运行 manage.py migrate。")
        try:
            plan = load_catalogue(options["folder"], dry_run=options["dry_run"], full=options["full"])
        except CatalogueRefused as refusal:
            for fault in refusal.faults:
                self.stderr.write(str(fault))
            raise CommandError(f"目录有{len(refusal.faults)}处错误，未载入任何内容。") from refusal
        self._print(plan, dry_run=options["dry_run"])

    def _print(self, plan: LoadPlan, *, dry_run: bool) -> None:
        for entry in plan.changes:
            version = f"（第{entry.version}版）" if entry.version else ""
            self.stdout.write(f"{entry.action} {entry.table} {entry.code} {entry.name}{version}")
        for table in TABLES:
            counts = "，".join(f"{action} {plan.count(table, action)}" for action in Action)
            self.stdout.write(f"{table}：{counts}")
        if not plan.changes:
            self.stdout.write("目录没有变化。")
        elif dry_run:
            self.stdout.write("以上为预演，未写入数据库。")
