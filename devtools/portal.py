"""`dev.py up`: the populated portal on this machine until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.environment import PYTHON, ROOT, must, prepare, run, say, stop_with
from devtools.processes import Family, celery, manage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def choose_port(wanted: int, host: str) -> int:
    """Return the port to listen on: ``wanted``, or a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            stop_with(f"port {wanted} on {host} cannot be used ({error.strerror}); --port 0 takes a free one")
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Refuse a second portal on the same folder: two schedulers would do everything twice."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stop_with(f"a portal already runs on {var}; stop it, or set GAIGE_VAR to another folder")
        yield


def answers(url: str) -> bool:
    """Say whether a page answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)  # noqa: PLR2004 - the standard library's name is longer
    except (urllib.error.URLError, OSError):
        return False


def wait_until_up(family: Family, url: str, seconds: float = 90) -> None:
    """Return when ``url`` answers 200 and every child lives; else end with the log of the one that failed."""
    deadline = time.monotonic() + seconds
    while not family.is_stopping():
        if name := family.dead():
            tail = family.tail(name)
            family.stop()
            stop_with(f"{name} has ended:\n{tail}")
        if answers(url):
            return
        if time.monotonic() > deadline:
            family.stop()
            stop_with(f"no answer from {url} after {seconds:.0f} s:\n{family.tail('web')}")
        time.sleep(0.1)


#: What every start does, in one process.
PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=False)
call_command("collectstatic", verbosity=0, skip_checks=False, interactive=False)
call_command("load_catalog", verbosity=0, skip_checks=False)
"""
EMPTY = """
import django
django.setup()
from django.apps import apps
raise SystemExit(3 if apps.get_model("projects", "Project").objects.exists() else 0)
"""


def populate(env: dict[str, str], *, demo: bool) -> None:
    """Bring the database and catalogue up to date; an empty portal gets the demonstration unless ``demo`` is off."""
    say("bringing database and catalogue up to date; the first time this takes some minutes")
    must([PYTHON, "-c", PREPARE], "migrate, collectstatic or load_catalog", env=env)
    if demo and run([PYTHON, "-c", EMPTY], env=env) == 0:
        say("filling the empty portal with the demonstration, this takes a minute")
        must(manage("demo", "--verbosity", "0"), "demo", env=env)


def command_up(options: argparse.Namespace) -> int:
    """Bring up the populated portal and stay until Ctrl-C."""
    prepare(for_tests=False)
    var = Path(os.environ.get("GAIGE_VAR", ROOT / "var")).resolve()
    with only_one(var):
        port = choose_port(options.port, options.host)
        url = f"http://{'127.0.0.1' if options.host == '0.0.0.0' else options.host}:{port}"  # noqa: S104
        env = {**os.environ, "GAIGE_VAR": str(var), "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "gaige.settings"}
        env.setdefault("SITE_URL", url)
        env.setdefault("DEMO", "no" if options.empty else "yes")
        populate(env, demo=not options.empty)
        family = Family(var / "logs")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, family.on_signal)
        start(family, f"{options.host}:{port}", var / "beat.pid", env)
        try:
            return stay(family, url, env, logins=not options.empty)
        finally:
            family.stop()


def start(family: Family, bind: str, pid_file: Path, env: dict[str, str]) -> None:
    """Start web server, worker and beat."""
    web = "gunicorn gaige.wsgi:application --worker-class gthread --workers 2 --threads 8 --access-logfile -"
    family.start("web", [PYTHON, "-m", *web.split(), "--no-control-socket", "--bind", bind], env)
    worker = "worker --queues default,review,deadline,render --concurrency 2 --loglevel INFO"
    family.start("worker", celery(*worker.split(), "--without-gossip", "--without-mingle"), env)
    pid_file.unlink(missing_ok=True)
    family.start("beat", celery("beat", "--loglevel", "INFO", "--pidfile", str(pid_file)), env)


def stay(family: Family, url: str, env: dict[str, str], *, logins: bool) -> int:
    """Say where the portal is and wait for the end."""
    wait_until_up(family, f"{url}/")
    if family.is_stopping():
        return 0
    print(f"\n改革 gaige: {url}/\n", flush=True)
    if logins:
        run(manage("demo", "--logins"), env=env)
    print(f"\nlogs: {family.logs}    Ctrl-C stops everything\n", flush=True)
    while not family.is_stopping():
        if name := family.dead():
            say(f"{name} has ended, stopping the rest:\n{family.tail(name)}")
            return 1
        time.sleep(0.2)
    say("stopping (Ctrl-C again kills)")
    return 0
