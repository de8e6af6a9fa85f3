"""Loads the notice of a year into the working calendar, after a dry run that lists every running date that moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import notices
from projects.commands import OperatorCommand
from projects.errors import DomainError
from projects.notices import YearNotice
from projects.recomputing import MovedClock
from projects.workdays import in_words


class Command(OperatorCommand):
    """`manage.py load_calendar FILE --document 国办发明电〔2026〕8号 [--dry-run] [--replace]`."""

    help = "Load the notice of a year (day, off or work, reason; tab separated); --dry-run only lists what would move."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--document", required=True, help="the number of the notice")
        parser.add_argument("--dry-run", action="store_true", help="only list every running date that would move")
        parser.add_argument(
            "--replace", action="store_true", help="also when days of the calendar in force are not in the file"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Run."""
        try:
            notice = notices.read_notice(options["file"].read_text(encoding="utf-8"), document=options["document"])
        except OSError as error:
            raise CommandError(f"无法读取 {options['file']}：{error.strerror}") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{options['file']} 不是 UTF-8 编码的文本") from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{notice.year} 年，{notice.document}：全年 {notice.workday_count} 个工作日")
        for change in notice.changes:
            self.stdout.write(f"  {change['day']}  {'上班' if change['works'] else '休息'}  {change['note'] or '按周'}")
        try:
            if options["dry_run"]:
                self._try(notice, replace=options["replace"])
            else:
                self._load(notice, replace=options["replace"])
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _try(self, notice: YearNotice, *, replace: bool) -> None:
        count = 0
        for moved in notices.preview(notice, replace=replace):
            self._tell(moved)
            count += 1
        self.stdout.write(f"共 {count} 个到期日会调整；已办结的不变。试算，没有写入。")

    def _load(self, notice: YearNotice, *, replace: bool) -> None:
        version, clocks = notices.load_notice(notice, replace=replace)
        for moved in clocks:
            self._tell(moved)
        self.stdout.write(f"{version} 已载入，{len(clocks)} 个到期日已调整；已办结的不变。")

    def _tell(self, moved: MovedClock) -> None:
        project = moved.clock.project
        whose = f"{project.code} {project.name} {project.owner}" if project else "—"
        self.stdout.write(
            f"  {in_words(moved.old_due_on)} → {in_words(moved.new_due_on)}  {moved.clock}  {whose}"
        )
