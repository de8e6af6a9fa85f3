"""Commands that a person of the centre runs: what was wrong with the arguments is said in Chinese as well."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

#: What `argparse` says, and how we say it; anything else stays as it is.
SAID = (
    (r"the following arguments are required: (.+)", r"缺少参数：\1"),
    (r"unrecognized arguments: (.+)", r"没有这个参数：\1"),
    (r"argument (.+): invalid choice: (.+) \(choose from (.+)\)", r"参数 \1 不能是 \2，可以是：\3"),
    (r"argument (.+): invalid (?:int|float) value: (.+)", r"参数 \1 须是数字，不能是 \2"),
    (r"argument (.+): invalid \S+ value: (.+)", r"参数 \1 的值不对：\2"),
    (r"argument (.+): expected .+", r"参数 \1 后面要写值"),
    (r"argument (.+): not allowed with argument (.+)", r"参数 \1 和 \2 不能一起用"),
)


def in_chinese(message: str) -> str:
    """Return what is wrong with the arguments in Chinese, the words of `argparse` where we have none."""
    for pattern, words in SAID:
        if found := re.fullmatch(pattern, message):
            return found.expand(words)
    return message


class ChineseParser(CommandParser):
    """A parser whose refusals are said in Chinese."""

    def error(self, message: str) -> Any:
        """End with what is wrong, as `CommandParser.error`."""
        return super().error(in_chinese(message))


class OperatorCommand(BaseCommand):
    """A command of the people of a centre."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return the parser of Django with our words."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = ChineseParser
        return parser
