"""删除: ``manage.py erase_person zhangwei --reason "本人申请"`` deletes or anonymises, and says what the law keeps."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from projects.commands import OperatorCommand
from projects.errors import DomainError
from projects.models import PersonRequest, User
from projects.services.person_data import erase
from projects.services.privacy import answer


class Command(OperatorCommand):
    """Erase one person, print what was done with each field, and answer the request it was asked by."""

    help = "Deletes or anonymises what the portal holds of one person, but for what the law keeps."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person, the reason, the request."""
        parser.add_argument("username")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--request", type=int, help="number of the request that is answered by this")

    @transaction.atomic
    def handle(self, *_: Any, **options: Any) -> None:
        """Erase, answer, print."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"没有用户名“{options['username']}”。")
        number = options["request"]
        if number and not PersonRequest.objects.filter(pk=number, user=user).exists():
            raise CommandError(f"{user}没有编号 {number} 的请求。")
        try:
            told = erase(user.pk, by=None, reason=options["reason"])
        except DomainError as error:
            raise CommandError(error.message) from error
        lines = [one.words for one in told]
        if number:
            state = "partly" if any(one.is_kept for one in told) else "done"
            answer(number, state=state, text="；".join(lines)[:500], by=None)
        self.stdout.write("\n".join(lines))
