"""查阅、复制: ``manage.py export_person zhangwei --output file.json`` writes what the portal holds of a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.commands import OperatorCommand
from projects.models import PersonRequest, User
from projects.services.person_data import collect
from projects.services.privacy import answer


class Command(OperatorCommand):
    """Write everything of one person as JSON, and answer the request it was asked by."""

    help = "Writes what the portal holds of one person as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person, the file, the request."""
        parser.add_argument("username")
        parser.add_argument("--output", help="file to write; without it the terminal")
        parser.add_argument("--request", type=int, help="number of the request that is answered by this")

    def handle(self, *_: Any, **options: Any) -> None:
        """Collect, write, answer."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"没有用户名“{options['username']}”。")
        text = json.dumps(collect(user), ensure_ascii=False, indent=2)
        if options["output"]:
            path = Path(options["output"])
            path.touch(mode=0o600)
            path.write_text(text + "\n", encoding="utf-8")
            self.stdout.write(f"已写入 {path}")
        else:
            self.stdout.write(text)
        if options["request"]:
            _answer(options["request"], user)


def _answer(number: int, user: User) -> None:
    if not PersonRequest.objects.filter(pk=number, user=user).exists():
        raise CommandError(f"{user}没有编号 {number} 的请求。")
    answer(number, state="done", text="已把平台保存的本人信息复制给本人。", by=None)
