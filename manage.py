#!/usr/bin/env python3
"""Entry point of the management commands."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gaige.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings must be named first
    from django.db.utils import OperationalError, ProgrammingError  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:  # SQLite calls it the one, PostgreSQL the other
        words = str(error).splitlines()[0]
        has_no_table = "no such table" in words or ("relation" in words and "not exist" in words)
        if "--traceback" in sys.argv or not has_no_table:
            raise
        sys.exit(f"数据库里还没有表（{words}），请先运行 manage.py migrate。")


if __name__ == "__main__":
    main()
