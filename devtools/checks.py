"""`dev.py check`: every check that needs no server."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from devtools.environment import PYTHON, ROOT, VENV, prepare, say, stop_with
from devtools.processes import manage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


def deployment() -> dict[str, str]:
    """Return a production environment that the deployment check must accept."""
    return {
        "DATABASE_URL": "postgres://gaige:secret@127.0.0.1:5432/gaige",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "SECRET_KEY": hashlib.sha512(b"not a secret").hexdigest(),
        "FIELD_KEYS": "bm90LWEtc2VjcmV0LWJ1dC0zMi1ieXRlcy1sb25nISE=",
        "SITE_URL": "https://gaige.example.gov.cn",
        "ALLOWED_HOSTS": "gaige.example.gov.cn",
        "BEHIND_PROXY": "yes",
        "DEBUG": "no",
    }


#: What a check has to print besides ending well.
EXPECTED = {"catalogue again": "目录没有变化"}


@contextlib.contextmanager
def begun(name: str, command: Sequence[str | Path], variables: dict[str, str]) -> Iterator[Callable[[], bool]]:
    """Begin one check and yield a function that waits for its end and says whether it passed.

    What it printed is shown only when it failed. Who leaves without having waited ends it.
    """
    say(f"check: {name}")
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )

        def passed() -> bool:
            code = process.wait()
            printed.seek(0)
            output = printed.read().decode(errors="replace")
            if code == 0 and EXPECTED.get(name, "") in output:
                return True
            sys.stderr.write(output[-20000:])
            return False

        try:
            yield passed
        finally:
            process.kill()
            process.wait()


def passes(name: str, command: Sequence[str | Path], variables: dict[str, str]) -> bool:
    """Run one check; return whether it passed."""
    with begun(name, command, variables) as passed:
        return passed()


def command_check(_: argparse.Namespace) -> int:
    """Run every check that needs no server; all are run, the failed ones are named at the end.

    Types take as long as all others together, so they are looked at beside them.
    """
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="gaige-check-") as folder:
        embedded = {"GAIGE_VAR": folder, "DATABASE_URL": "", "REDIS_URL": ""}
        production = {"GAIGE_VAR": folder, **deployment()}
        module: list[str | Path] = [PYTHON, "-m"]
        checks: list[tuple[str, Sequence[str | Path], dict[str, str]]] = [
            ("ruff", [*module, "ruff", "check", "."], {}),
            ("import-linter", [VENV / "bin" / "lint-imports"], embedded),
            ("migrations", manage("makemigrations", "--check", "--dry-run"), embedded),
            ("deployment", manage("check", "--deploy", "--fail-level", "WARNING"), production),
            ("states", manage("states", "--check"), embedded),
            ("migrate", manage("migrate", "--verbosity", "0"), embedded),
            ("catalogue", manage("load_catalog", "--verbosity", "0"), embedded),
            ("catalogue again", manage("load_catalog", "--verbosity", "0"), embedded),
        ]
        with begun("mypy", [*module, "mypy"], {**embedded, "GAIGE_VAR": f"{folder}/types"}) as types_passed:
            failed = [name for name, command, variables in checks if not passes(name, command, variables)]
            failed += [] if types_passed() else ["mypy"]
    if failed:
        stop_with(f"checks failed: {', '.join(failed)}")
    say(f"all {len(checks) + 1} checks passed")
    return 0
