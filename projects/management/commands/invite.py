"""Invite the first people: ``manage.py invite approval-bureau admin 张三`` prints a one-time code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from projects import timing
from projects.commands import OperatorCommand
from projects.errors import DomainError
from projects.models import Organisation
from projects.services.staff import invite
from projects.states import Role


class Command(OperatorCommand):
    """Invite a person to a body in a role; everybody else is invited on the page 人员."""

    help = "Prints a one-time code with which a person opens an account and joins a body in a role."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the body, the role, the name."""
        parser.add_argument("organisation", help="code of the catalogue, or credit code")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("name")
        parser.add_argument("--title", default="")

    def handle(self, *_: Any, **options: Any) -> None:
        """Invite and print."""
        wanted = options["organisation"]
        body = Organisation.objects.filter(Q(code=wanted) | Q(uscc=wanted)).exclude(code="", uscc="").first()
        if body is None:
            raise CommandError(f"没有代码为“{wanted}”的单位。")
        try:
            invitation, code = invite(
                body.pk, by=None, role=options["role"], name=options["name"], title=options["title"]
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{invitation}，{body.name}")
        until = timing.spoken_moment(invitation.expires_at)
        self.stdout.write(f"邀请码 {code}，{until} 前在 /join/ 使用一次。")
