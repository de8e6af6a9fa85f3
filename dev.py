#!/usr/bin/env python3
"""One command for people who work on gaige or want to see it; Python 3.11 and its standard library are enough.

- ``python3 dev.py up [--port N]``: the populated portal on this machine (PORT, 0 = a free port)
- ``python3 dev.py test [pytest ...]``: the suite on SQLite, then on real PostgreSQL, Redis, worker and browser
- ``python3 dev.py check``: ruff, mypy, import-linter, migrations, deployment check, catalogue loaded twice
- ``python3 dev.py bench``: ratios to a bare page, see docs/performance.md
- ``python3 dev.py kill [--rounds N]``: workers killed again and again where it could hurt
- ``python3 dev.py container``: the image built and asked, where an engine is at hand
- ``python3 dev.py lock``: the lock files (run time, S3 store, development) made anew
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.checks import command_check, deployment
from devtools.environment import ROOT, must, prepare, run, say, stop_with
from devtools.portal import command_up
from devtools.processes import manage
from devtools.suite import PHASES, command_kill, command_test, pytest, servers

if TYPE_CHECKING:
    from collections.abc import Sequence

# Written into the locks: ready packages, and what its makers give away as source alone.
BUILDS = ("--only-binary :all:", "--no-binary bagit")
# What keeps HEALTHCHECK and SHELL of the Dockerfile; Docker itself knows no other format.
DOCKER_FORMAT = {name: ["--format", "docker"] for name in ("podman", "buildah")}


def command_bench(options: argparse.Namespace) -> int:
    """Measure pages and writes on PostgreSQL as ratios to bare ones."""
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with servers(durable=True) as found, tempfile.TemporaryDirectory(prefix="gaige-bench-") as folder:
        if "DATABASE_URL" not in found:
            stop_with("the benchmark needs PostgreSQL")
        env = {
            **deployment(),
            **found,
            "GAIGE_VAR": folder,
            "SITE_URL": "http://127.0.0.1:8000",
            "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
            "LOG_LEVEL": "WARNING",
            "PUBLIC_RATE_PER_MINUTE": "0",
            "GAIGE_TOTP": "optional",  # the people of the benchmark have no telephone
        }
        must(manage("migrate", "--verbosity", "0"), "migrate", env=env)
        must(manage("collectstatic", "--noinput", "--verbosity", "0"), "collectstatic", env=env)
        must(manage("load_catalog", "--verbosity", "0"), "load_catalog", env=env)
        return run(manage("bench", *options.arguments), env=env)


def command_container(_: argparse.Namespace) -> int:
    """Build the image with the engine at hand and let it answer; without one, only the files are checked."""
    prepare(for_tests=True)
    if code := pytest(["tests/engineering/test_container.py"], "", {}):
        return code
    engine = next((name for name in ("docker", "podman") if shutil.which(name)), None)
    if engine:
        must([engine, "build", *DOCKER_FORMAT.get(engine, []), "--tag", "gaige:dev", ROOT], f"{engine} build")
        return run([engine, "run", "--rm", "gaige:dev", "python", "manage.py", "check"])
    if shutil.which("buildah"):
        return run(["buildah", "bud", *DOCKER_FORMAT["buildah"], "--isolation", "chroot", "--tag", "gaige:dev", ROOT])
    say("!!! SKIPPED: neither docker nor podman nor buildah is here, only the files were checked")
    return 0


def command_lock(_: argparse.Namespace) -> int:
    """Make the lock files anew from the ``.in`` files, with hashes and without host names."""
    with tempfile.TemporaryDirectory(prefix="gaige-lock-") as folder:
        must([sys.executable, "-m", "venv", folder], "venv")
        must([f"{folder}/bin/pip", "install", "-q", "uv"], "installing uv")
        head = "# Made by 'python3 dev.py lock'; installed with --require-hashes.\n" + "".join(
            f"{line}\n" for line in BUILDS
        )
        options = [
            *" ".join(BUILDS).split(),
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
            "--no-emit-index-url",
            "--upgrade",
            "--quiet",
        ]
        also = ["-c", "requirements.lock"]
        for name, constraint in (("requirements", []), ("requirements-s3", also), ("requirements-dev", also)):
            made = Path(folder, f"{name}.lock")
            must([f"{folder}/bin/uv", "pip", "compile", f"{name}.in", *constraint, *options, "-o", made], name)
            (ROOT / made.name).write_text(head + made.read_text())
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="the populated portal")
    up.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"), help="0 = a free one")
    up.add_argument("--host", default=os.environ.get("HOST_ADDRESS", "127.0.0.1"))
    up.add_argument("--empty", action="store_true", help="without the demonstration")
    kill = commands.add_parser("kill", help="kill storms")
    kill.add_argument("--rounds", type=int, default=10)
    test = commands.add_parser("test", help="the whole suite")
    test.add_argument("--on", nargs="+", choices=PHASES, help="only these parts of it")
    for name in ("check", "bench", "container", "lock"):
        commands.add_parser(name)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named on the command line."""
    top = parser()
    options, rest = top.parse_known_args(arguments)
    if rest and options.command not in {"test", "bench", "kill"}:
        top.error(f"unknown argument {rest[0]}")
    options.arguments = [part for part in rest if part != "--"]
    command = {
        "up": command_up,
        "test": command_test,
        "check": command_check,
        "bench": command_bench,
        "kill": command_kill,
        "container": command_container,
        "lock": command_lock,
    }[options.command]
    try:
        return command(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
