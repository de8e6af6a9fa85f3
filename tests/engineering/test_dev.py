"""One command brings the portal up on a free port and takes all of it down again; nobody has to sit at a terminal."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.servers import ROOT

pytestmark = [pytest.mark.kill, pytest.mark.slow]


def descendants(pid):
    """Return the process ids below ``pid``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            found += [child, *descendants(child)]
    return found


def alive(pid):
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Up:
    """A running `dev.py up`."""

    def __init__(self, var, *arguments, **environment):
        self.out = var.parent / f"{var.name}.out"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "dev.py", "up", "--empty", *arguments],
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": os.environ.get("HOME", "/"),
                    "GAIGE_VAR": str(var),
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self):
        return self.out.read_text(errors="replace")

    def address(self, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if match := re.search(r"gaige: (http://127\.0\.0\.1:\d+)/", self.text()):
                return match[1]
            time.sleep(0.1)
        raise AssertionError(self.text())

    def end(self, number, seconds=40):
        family = descendants(self.process.pid)
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and any(alive(pid) for pid in family):
            time.sleep(0.1)
        return code, len(family) >= 5, [pid for pid in family if alive(pid)]


@pytest.fixture(scope="module")
def var(tmp_path_factory):
    """The folder of one installation, filled by the first test."""
    return tmp_path_factory.mktemp("installation") / "var"


@pytest.fixture
def up():
    running = []

    def start(*arguments, **options):
        running.append(Up(*arguments, **options))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            for pid in [*descendants(one.process.pid), one.process.pid]:
                os.kill(pid, signal.SIGKILL)
            one.process.wait()


def test_up_answers_on_a_free_port_and_one_signal_stops_everything(var, up):
    first = up(var, "--port", "0")
    address = first.address()
    with urllib.request.urlopen(f"{address}/", timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}/healthz/", timeout=10) as answer:
        assert answer.read() == b"ok"

    second = up(var, "--port", "0")
    assert second.process.wait(60) == 1
    assert "a portal already runs on" in second.text()

    assert first.end(signal.SIGINT) == (0, True, [])

    again = up(var, PORT="0")
    again.address(60)
    assert again.end(signal.SIGTERM) == (0, True, [])


def test_a_port_that_is_taken_is_one_clear_line(tmp_path, up):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = up(tmp_path / "var", "--port", str(port))
        assert refused.process.wait(60) == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in refused.text()


def test_a_child_that_dies_takes_the_rest_with_it(var, up):
    portal = up(var, "--port", "0")
    portal.address()
    family = descendants(portal.process.pid)
    beat = next(pid for pid in family if b"beat" in (Path("/proc") / str(pid) / "cmdline").read_bytes())
    os.kill(beat, signal.SIGKILL)
    assert portal.process.wait(40) == 1
    assert "beat has ended, stopping the rest" in portal.text()
    assert [pid for pid in family if alive(pid)] == []
