"""A process inside of a portal that runs what a test sends: Django is set up once and not for every call.

Run as ``python -m tests.runner`` in the portal's environment: a line of JSON in, a line of JSON out.
"""

import importlib
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The processes that were begun and are not known to have ended.
BEGUN = set()


class Begun:
    """The test's end of a process that the other one has begun, with what the suite asks of a `Popen`."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        """Return None while it runs; with which code it has ended is not known here."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return 0
        return 0 if state in {"Z", "X"} else None

    def wait(self, timeout=math.inf):
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.02)
        return 0


class Runner:
    """The test's end of that process."""

    def __init__(self, environment, log):
        self.log = Path(log)
        with self.log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.runner"], cwd=ROOT, env=environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
            )

    def run(self, code, values):
        """Return what ``code`` assigned to ``result``; raise with its traceback when it fails."""
        self.process.stdin.write(json.dumps({"code": code, "values": values}, default=str) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": self.log.read_text(errors="replace")[-4000:]}
        assert "error" not in answer, f"{code}\n{answer['error']}"
        return answer["result"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def forget():
    """Every call begins as a new process would: without what the process has kept."""
    from django.db import connections

    from projects import memo

    connections.close_all()
    memo.forget_all()
    if story := sys.modules.get("gaige.demo.story"):
        story.person.cache_clear()


def end_of(code, *, log="", seconds=0, **values):
    """Run code that may kill its process, and every one that process began, in a copy of this one; return its exit code.

    Whoever is not at the end after so many seconds is killed with all that it began: None. What it writes goes to `log`.
    """
    forget()
    child = os.fork()
    if child:
        return _exit_code(child, seconds)
    os.setsid()
    try:
        _write_to(log, os.O_TRUNC)
        exec(compile(code, "<copy>", "exec"), {"__name__": "asked", **values})
    except BaseException:  # noqa: BLE001 - the parent sees it by the code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def begin(arguments, environment, log):
    """Begin `python -m ...` as a copy of this process, in which the portal is loaded; return its process id.

    From there on it is a process like any other, with a session of its own. The variables may name other settings,
    which change what stands (`tests.faults.settings`).
    """
    _load()
    forget()
    child = os.fork()
    if child:
        BEGUN.add(child)
        return child
    os.setsid()
    code = 1
    try:
        _write_to(log, os.O_APPEND)
        os.environ.update(environment)
        importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
        sys.argv = list(arguments)
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - it stands in the log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _load():
    """Import what a web server, a worker and a beat need; connections to the broker are not for them."""
    from django.conf import settings

    from gaige.celery import app

    importlib.import_module(settings.ROOT_URLCONF)
    importlib.import_module("weasyprint")
    app.loader.import_default_modules()
    app._after_fork()


def _bury():
    """Take note of the begun processes that have ended."""
    for child in list(BEGUN):
        if os.waitpid(child, os.WNOHANG)[0]:
            BEGUN.discard(child)


def _exit_code(child, seconds):
    deadline = time.monotonic() + seconds if seconds else math.inf
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG if seconds else 0)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _write_to(log, how):
    """Nothing is read from the test, whose lines are for the parent; what is written goes to a file of its own."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if log:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | how)
        os.dup2(out, 1)
        os.dup2(out, 2)


def main():
    import django

    from tests import historical

    answers, sys.stdout = sys.stdout, sys.stderr
    django.setup()
    historical.without_transitions()
    historical.with_copied_fields()
    for line in sys.stdin:
        asked = json.loads(line)
        names = {"__name__": "asked", "end_of": end_of, "begin": begin, **asked["values"], "result": None}
        try:
            exec(compile(asked["code"], "<asked>", "exec"), names)
            answer = {"result": names["result"]}
        except BaseException:  # noqa: BLE001 - whatever it is, it is the answer of the call
            answer = {"error": traceback.format_exc()[-8000:]}
        forget()
        _bury()
        print(json.dumps(answer, default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()
