"""A whole portal for tests: gunicorn, Celery worker and beat as real processes on a database and queue of their own."""

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import psycopg2.extras
import redis

from tests.runner import Begun, Runner
from tests.servers import free_port, start_postgres, start_redis

QUEUES = "default,review,deadline,render"
#: A portal has a Redis database of its own; the suite's own is 0. Four processes may share a server: each has fifteen.
FIRST = 1 + 15 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_DATABASES = itertools.cycle(range(FIRST, FIRST + 15))
COMMAND = """
import io
from django.core.management import CommandError, call_command
printed, complained = io.StringIO(), io.StringIO()
try:
    call_command(*arguments, stdout=printed, stderr=complained)
except CommandError as error:
    raise CommandError(f"{error}: {complained.getvalue()}") from error
result = printed.getvalue()
"""
#: The database that is migrated and has the catalogue: a portal's own is a copy. The processes of a run share it.
TEMPLATE, TEMPLATE_LOCK = f"gaige_template_{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}", 7_205
#: Where a portal of this run has its static files.
STATIC = []


@functools.cache
def shared(start):
    """Start a server once in this run, end it with the run, and return its address."""
    server = start()
    atexit.register(server.stop)
    return server.url


def replace_path(url, path):
    """Return ``url`` with another path: another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


class Portal:
    """One portal: ``url`` for the browser, ``manage`` for commands, ``rows`` for the database, processes by name."""

    #: Runs what tests send, from the first time on.
    runner = None

    def __init__(self, name, *, people=True, environment=None):
        """Make an own database ``name`` and queue, migrated, with the catalogue and the people of the demonstration."""
        self.folders = contextlib.ExitStack()
        self.processes = {}
        database = os.environ.get("DATABASE_URL", "")
        if not database.startswith("postgres"):
            database = shared(start_postgres)
        queue = os.environ.get("REDIS_URL", "") or shared(start_redis)
        self.server_url = database
        self.database = f"{name}_{os.getpid()}"
        self.database_url = replace_path(database, self.database)
        self.redis_url = replace_path(queue, str(next(REDIS_DATABASES)))
        self.var = Path(self.folders.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-")))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DJANGO"))},
            "DJANGO_SETTINGS_MODULE": "tests.portal_settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "GAIGE_VAR": str(self.var),
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "SECRET_KEY": "portal-" * 10,
            "FIELD_KEYS": "Z2FpZ2UtdGVzdC1rZXktMzItYnl0ZXMtbG9uZy0hISE=",
            "VISIBILITY_TIMEOUT": "20",
            "GAIGE_TOTP": "optional",
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        try:
            self.fill(people=people)
        except BaseException:
            self.close()
            raise

    def fill(self, *, people):
        """Create the database as a copy of the migrated one, with the catalogue, and add the people."""
        redis.Redis.from_url(self.redis_url).flushdb()
        template = self.template()
        self.on_server(f'CREATE DATABASE "{self.database}" TEMPLATE "{template}"')
        self.collect()
        if people:
            self.manage("demo", "--people", "--verbosity", "0")

    def collect(self):
        """Have the static files: collected by the first portal of this run, copied from it by the next."""
        static = self.var / "static"
        if STATIC and STATIC[-1].exists():
            shutil.copytree(STATIC[-1], static, dirs_exist_ok=True)
            return
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        STATIC.append(static)

    def template(self):
        """Return the name of the migrated database of this server; the first portal of the run makes it."""
        with self.server() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            if cursor.fetchone() is None:
                self.make_template()
        return TEMPLATE

    def make_template(self):
        """Make the database that every other is a copy of; it has its name when it is ready."""
        half = f"{TEMPLATE}_half"
        self.on_server(f'CREATE DATABASE "{half}"')
        environment = {**self.environment, "DATABASE_URL": replace_path(self.server_url, half)}
        with contextlib.closing(Runner(environment, self.var / "template.log")) as runner:
            for command in ("migrate", "load_catalog"):
                runner.run(COMMAND, {"arguments": [command, "--verbosity", "0"]})
        self.on_server(f'ALTER DATABASE "{half}" RENAME TO "{TEMPLATE}"')
        atexit.register(self.drop, TEMPLATE)

    @contextlib.contextmanager
    def server(self):
        """A cursor on the server, outside of our own database."""
        connection = psycopg2.connect(self.server_url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def on_server(self, statement):
        """Run a statement outside of our own database."""
        with self.server() as cursor:
            cursor.execute(statement)

    def drop(self, name):
        """Drop a database when it and its server are still there."""
        with contextlib.suppress(psycopg2.Error):
            self.on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def manage(self, *arguments):
        """Run a management command; return what it printed, raise with its errors when it fails."""
        return self.python(COMMAND, arguments=arguments)

    def python(self, code, /, **values):
        """Run Python inside the portal with ``values`` at hand; return what it assigned to ``result``."""
        if self.runner is None:
            self.runner = Runner(self.environment, self.var / "runner.log")
        return self.runner.run(code, values)

    def rows(self, statement, *parameters):
        """Return the rows of a query as dictionaries."""
        connection = psycopg2.connect(self.database_url, cursor_factory=psycopg2.extras.RealDictCursor)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def command(self, name):
        """Return the command line of one of our processes; several workers are named worker, worker2, ..."""
        if name == "web":
            return [
                sys.executable,
                "-m",
                "gunicorn",
                "gaige.wsgi:application",
                "--bind",
                f"127.0.0.1:{self.port}",
                "--worker-class",
                "gthread",
                "--workers",
                "1",
                "--threads",
                "8",
                "--no-control-socket",
            ]
        celery = [sys.executable, "-m", "celery", "--app", "gaige", "--quiet"]
        if name == "beat":
            return [*celery, "beat", "--loglevel", "INFO", "--pidfile", ""]
        return [
            *celery,
            "worker",
            "--queues",
            QUEUES,
            "--concurrency",
            "2",
            "--loglevel",
            "INFO",
            "--hostname",
            f"{name}@portal",
            "--without-gossip",
            "--without-mingle",
        ]

    def start(self, name, **environment):
        """Start ``web``, ``worker`` (or ``worker2`` ...) or ``beat``, as a copy of a process that is loaded already."""
        assert name not in self.processes, f"{name} runs already"
        log = str(self.var / f"{name}.log")
        code = "result = begin(arguments, environment, log)"
        _, _, *arguments = self.command(name)
        self.processes[name] = Begun(self.python(code, arguments=arguments, environment=environment, log=log))
        if name == "web":
            self.wait_for(lambda: self.answers("/healthz/"), "the web server answers")
        elif name.startswith("worker"):
            self.wait_for(lambda: " ready." in self.log(name), f"{name} is ready")

    def end_runner(self):
        """End the process that runs what tests send."""
        if self.runner is not None:
            self.runner.close()
            self.runner = None

    def answers(self, path):
        """Say whether a page answers 200."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_for(self, condition, what, seconds=60):
        """Wait until ``condition()`` is true and return its value; fail with the logs when it does not become so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            if any(process.poll() is not None for process in self.processes.values()):
                break
            time.sleep(0.1)
        logs = "\n".join(f"--- {name}\n{self.log(name)[-2500:]}" for name in self.processes)
        raise AssertionError(f"not within {seconds} s, or a process has ended: {what}\n{logs}")

    def log(self, name):
        """Return what a process has written."""
        path = self.var / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def signal(self, name, number):
        """Send a signal to a process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, number)

    def kill(self, name):
        """Kill a process and its children on the spot, as a power cut would."""
        self.signal(name, signal.SIGKILL)
        self.processes.pop(name).wait()

    def stop(self, name):
        """Ask a process to end and wait for it."""
        self.signal(name, signal.SIGTERM)
        process = self.processes.pop(name)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self):
        """End everything and drop the database."""
        for name in list(self.processes):
            self.kill(name)
        self.end_runner()
        self.drop(self.database)
        self.folders.close()
