"""A lost device of an administrator: ``manage.py reset_factor zhangsan --reason "手机遗失"`` takes the factor away."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.commands import OperatorCommand
from projects.errors import DomainError
from projects.models import User
from projects.services.second_factor import reset


class Command(OperatorCommand):
    """Reset a second factor on the server; of everybody else the security administrator does it on the page."""

    help = "Takes the second factor of a person away; it is told in the event log."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person and the reason."""
        parser.add_argument("username")
        parser.add_argument("--reason", required=True)

    def handle(self, *_: Any, **options: Any) -> None:
        """Reset and say so."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"没有用户名“{options['username']}”。")
        try:
            reset(user.pk, by=None, reason=options["reason"])
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user}的二次验证已重置，下次登录时重新绑定。")
