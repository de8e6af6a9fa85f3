"""The web server of the benchmark, and the people who sit before it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gaige.demo.people import PASSWORD
from gaige.scale.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("clerk", "agent", "owner", "director", "office", "natural-resources-c")
STREET = "public"


@contextmanager
def server(variables: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run the web server as `dev.py up` does, with the bare pages beside; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "gaige.wsgi:application", "--bind", f"127.0.0.1:{port}", "--worker-class",
        "gthread", "--workers", "2", "--threads", "8", "--keep-alive", "75", "--no-control-socket",
    ]
    environment = {**os.environ, **(variables or {}), "DJANGO_SETTINGS_MODULE": "gaige.scale.settings"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own server
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(process, port)
            yield port
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the web server does not answer")


def sign_in_all(port: int) -> dict[str, Visitor]:
    """Return the visitors: people through the login page, and somebody from the street."""
    people = {name: Visitor(port) for name in (*PEOPLE, STREET)}
    for name in PEOPLE:
        people[name].sign_in(name, PASSWORD)
    return people
