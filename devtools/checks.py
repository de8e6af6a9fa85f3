"""`dev.py check`: every check that needs no server."""

from __future__ import annotations

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
    from collections.abc import Sequence
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


def passes(name: str, command: Sequence[str | Path], variables: dict[str, str]) -> bool:
    """Run one check; show what it printed only when it fails."""
    say(f"check: {name}")
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode == 0 and EXPECTED.get(name, "") in output:
        return True
    sys.stderr.write(output[-20000:])
    return False


def command_check(_: argparse.Namespace) -> int:
    """Run every check that needs no server; all are run, the failed ones are named at the end."""
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="gaige-check-") as folder:
        embedded = {"GAIGE_VAR": folder, "DATABASE_URL": "", "REDIS_URL": ""}
        production = {"GAIGE_VAR": folder, **deployment()}
        module: list[str | Path] = [PYTHON, "-m"]
        checks: list[tuple[str, Sequence[str | Path], dict[str, str]]] = [
            ("ruff", [*module, "ruff", "check", "."], {}),
            ("mypy", [*module, "mypy"], embedded),
            ("import-linter", [VENV / "bin" / "lint-imports"], embedded),
            ("migrations", manage("makemigrations", "--check", "--dry-run"), embedded),
            ("deployment", manage("check", "--deploy", "--fail-level", "WARNING"), production),
            ("states", manage("states", "--check"), embedded),
            ("migrate", manage("migrate", "--verbosity", "0"), embedded),
            ("catalogue", manage("load_catalog", "--verbosity", "0"), embedded),
            ("catalogue again", manage("load_catalog", "--verbosity", "0"), embedded),
        ]
        failed = [name for name, command, variables in checks if not passes(name, command, variables)]
    if failed:
        stop_with(f"checks failed: {', '.join(failed)}")
    say(f"all {len(checks)} checks passed")
    return 0
