"""`dev.py test` and `dev.py kill`: the suite on real servers."""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
import time
from typing import TYPE_CHECKING

from devtools.environment import IS_CI, PYTHON, ROOT, prepare, run, say, stop_with

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.servers import Server

    Phase = tuple[str, str, dict[str, str], int]

NO_TESTS = 5  # pytest's exit code when nothing was collected
#: Processes of a run: as many as the smallest machine has cores.
CORES = 2
#: Those of browsers and kills: they wait for servers, workers and clocks for a third of their time.
WAITING = 3


@contextlib.contextmanager
def servers(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """Yield the variables of a real PostgreSQL and Redis; what is missing is said loudly, and fails in CI."""
    sys.path.insert(0, str(ROOT))
    from tests.servers import ServerMissingError, start_postgres, start_redis  # noqa: PLC0415 - lies in the project

    starters: dict[str, Callable[[], Server]] = {
        "DATABASE_URL": functools.partial(start_postgres, durable=durable),
        "REDIS_URL": start_redis,
    }
    with contextlib.ExitStack() as stack:
        variables: dict[str, str] = {}
        for name, start in starters.items():
            try:
                server = start()
            except ServerMissingError as error:
                if IS_CI:
                    stop_with(str(error))
                say(f"!!! SKIPPED, {error}")
                continue
            stack.callback(server.stop)
            variables[name] = server.url
        yield variables


def pytest(arguments: Sequence[str], expression: str, env: dict[str, str], *, processes: int = 1) -> int:
    """Run pytest once, in so many processes; return its exit code.

    What Python has compiled is kept for the next phase, also where the machine is told to keep nothing.
    """
    command: list[str | Path] = [PYTHON, "-m", "pytest", "-m", expression, *arguments]
    if processes > 1:
        command += ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
    return run(command, env={**env, "PYTHONDONTWRITEBYTECODE": ""})


def phases(found: dict[str, str]) -> list[Phase]:
    """Return the runs of the suite: title, marker expression, variables, number of processes."""
    embedded = "not browser and not kill and not postgresql"
    if "DATABASE_URL" not in found:
        return [("SQLite", embedded, {}, CORES)]
    # what is slow runs once, on PostgreSQL; what else asks no database runs once, before
    title = "PostgreSQL and Redis" if "REDIS_URL" in found else "PostgreSQL"
    plan: list[Phase] = [
        ("SQLite", f"{embedded} and not slow", {}, CORES),
        (title, "not browser and not kill and (slow or not pure)", found, CORES),
    ]
    if len(found) == 2:  # noqa: PLR2004 - both servers
        browser = {**found, "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
        plan.append(("worker, kills and browser", "browser or kill", browser, WAITING))
    return plan


PHASES = ("sqlite", "postgresql", "browser")


def command_test(options: argparse.Namespace) -> int:
    """Run the suite on SQLite, then on PostgreSQL and Redis, then worker and browser; stop at the first failure."""
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ran = False
    with servers() as found:
        started = time.monotonic()
        for place, (title, expression, variables, processes) in enumerate(phases(found)):
            if options.on and PHASES[place] not in options.on:
                continue
            say(f"suite: {title} (after {time.monotonic() - started:.0f} s)")
            base = {"DATABASE_URL": "", "REDIS_URL": "", **variables}
            code = pytest(options.arguments, expression, base, processes=processes)
            if code not in {0, NO_TESTS}:
                return code
            ran = ran or code == 0
    return 0 if ran else NO_TESTS


def command_kill(options: argparse.Namespace) -> int:
    """Kill workers again and again at the points where it could hurt."""
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with servers(durable=True) as found:
        return pytest(options.arguments, "kill", {**found, "GAIGE_KILL_ROUNDS": str(options.rounds)})
