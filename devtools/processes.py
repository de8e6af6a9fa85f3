"""Children that live and die together, and the commands they are started with."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from devtools.environment import PYTHON, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import FrameType


def end_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a child and its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class Family:
    """Children that live and die together; they do not see the terminal's Ctrl-C, we pass it on."""

    def __init__(self, logs: Path) -> None:
        """Keep logs in ``logs``."""
        self.logs = logs
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str | Path], env: dict[str, str]) -> None:
        """Start a child whose output goes into its own log."""
        with (self.logs / f"{name}.log").open("ab") as out:
            self.children[name] = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_stopping(self) -> bool:
        """Say whether a signal has asked for the end."""
        return self._stopping

    def dead(self) -> str | None:
        """Return the name of a child that has ended, if there is one."""
        return next((name for name, child in self.children.items() if child.poll() is not None), None)

    def tail(self, name: str) -> str:
        """Return the last lines of a child's log."""
        lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """Stop on the first signal, kill on the second."""
        if self._stopping:
            for child in self.children.values():
                end_group(child, signal.SIGKILL)
            os._exit(128 + number)
        self._stopping = True

    def stop(self, seconds: float = 20) -> None:
        """End all children: asked first, killed when they stay."""
        for child in self.children.values():
            child.terminate()  # Celery lets its own children finish what they do
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(child.poll() is None for child in self.children.values()):
            time.sleep(0.05)
        for child in self.children.values():
            end_group(child, signal.SIGKILL)
            child.wait()


def celery(*arguments: str) -> list[str | Path]:
    """Return a command of Celery on our application."""
    return [PYTHON, "-m", "celery", "--app", "gaige", "--quiet", *arguments]


def manage(*arguments: str) -> list[str | Path]:
    """Return a management command."""
    return [PYTHON, ROOT / "manage.py", *arguments]
