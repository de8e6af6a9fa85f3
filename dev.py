#!/usr/bin/env python3
"""One command for people who work on gaige or want to see it; Python 3.11 and its standard library are enough.

- ``python3 dev.py up [--port N]``: the populated portal on this machine (PORT, 0 = a free port)
- ``python3 dev.py test [pytest ...]``: the suite on SQLite, then on real PostgreSQL, Redis, worker and browser
- ``python3 dev.py check``: ruff, mypy, import-linter, migrations, deployment check, catalogue loaded twice
- ``python3 dev.py bench``: ratios to a bare page, see docs/performance.md
- ``python3 dev.py kill [--rounds N]``: workers killed again and again where it could hurt
- ``python3 dev.py container``: the image built and asked, where an engine is at hand
- ``python3 dev.py lock``: requirements.lock and requirements-dev.lock made anew
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from tests.servers import Server

    Phase = tuple[str, str, dict[str, str], bool]

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
IS_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
#: Debian packages: a command or a library that shows the package is there, and the package.
RUN_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libfontconfig.so.1": "libfontconfig1",
}
# Written into the locks: ready packages, and what its makers give away as source alone.
BUILDS = ("--only-binary :all:", "--no-binary bagit")
TEST_COMMANDS = {
    "redis-server": "redis-server",
    "chromium": "chromium",
    "pdftotext": "poppler-utils",
    "initdb": "postgresql",
}
NO_TESTS = 5  # pytest's exit code when nothing was collected


def say(line: str) -> None:
    """Tell the person at the terminal."""
    print(f"gaige: {line}", file=sys.stderr, flush=True)


def stop_with(line: str) -> NoReturn:
    """End with one clear line."""
    say(line)
    raise SystemExit(1)


# The environment


def run(command: Sequence[str | Path], *, quiet: bool = False, env: dict[str, str] | None = None) -> int:
    """Run a command in the project's folder without a standard input; return its exit code."""
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        check=False,
    )
    return done.returncode


def must(command: Sequence[str | Path], what: str, *, env: dict[str, str] | None = None) -> None:
    """Run a command; show what it printed only when it fails, and end with one line."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout.decode(errors="replace")[-4000:])
        stop_with(f"{what} failed (exit {done.returncode})")


def have_library(name: str) -> bool:
    """Say whether the dynamic linker finds a library."""
    return (
        subprocess.run(
            [sys.executable, "-c", f"import ctypes; ctypes.CDLL({name!r})"], stderr=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


def have_command(name: str) -> bool:
    """Say whether a program is there; PostgreSQL keeps its own outside of PATH."""
    return bool(shutil.which(name) or (name == "initdb" and list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))))


def system_packages(*, for_tests: bool) -> None:
    """Install missing Debian packages as root, as well as it can be done; say what to type when it cannot."""
    wanted = [package for library, package in RUN_LIBRARIES.items() if not have_library(library)]
    if for_tests:
        wanted += [package for command, package in TEST_COMMANDS.items() if not have_command(command)]
    if not wanted:
        return
    line = f"apt-get install --no-install-recommends {' '.join(wanted)}"
    if os.getuid() != 0 or not shutil.which("apt-get"):
        say(f"missing on this machine, please install: sudo {line}")
        return
    say(f"installing {' '.join(wanted)}")
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([*apt, "update"], quiet=True, env=quiet)
    if run([*apt, "install", "-y", "--no-install-recommends", *wanted], quiet=True, env=quiet) != 0:
        say(f"could not be installed: {line}")


def make_venv() -> None:
    """Make ``.venv``, also where the system's Python comes without ``ensurepip``."""
    if PYTHON.exists() and run([PYTHON, "-c", "pass"], quiet=True) == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if run([sys.executable, "-m", "venv", VENV], quiet=True) == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if run([sys.executable, "-m", "venv", "--without-pip", VENV], quiet=True) != 0:
        stop_with("no virtual environment could be made; apt-get install python3-venv")


def installer() -> list[str | Path]:
    """Return the command that installs packages into ``.venv``: uv, its own pip, or the system's pip."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", PYTHON]
    if run([PYTHON, "-m", "pip", "--version"], quiet=True) == 0:
        return [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    if run([sys.executable, "-m", "pip", "--version"], quiet=True) == 0:
        return [sys.executable, "-m", "pip", "--python", PYTHON, "install", "--disable-pip-version-check"]
    stop_with("pip is missing; apt-get install python3-pip python3-venv")


def install(lock: str) -> None:
    """Install a hashed lock; skipped while the lock and the Python are those of the last time."""
    make_venv()
    content = (ROOT / lock).read_bytes()
    mark = hashlib.sha256(content + sys.version.encode()).hexdigest()
    stamp = VENV / f".{lock}.installed"
    if stamp.exists() and stamp.read_text() == mark:
        return
    say(f"installing {lock} into .venv")
    must([*installer(), "-qq", "--require-hashes", "-r", ROOT / lock], f"installing {lock}")
    stamp.write_text(mark)


def prepare(*, for_tests: bool) -> None:
    """Bring everything a command needs: Python, system packages, the locked environment."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is started by whatever python3 is
        stop_with(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    system_packages(for_tests=for_tests)
    install("requirements.lock")
    if for_tests:
        install("requirements-dev.lock")


# Processes


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


# up


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


EMPTY = """
import django
django.setup()
from django.apps import apps
raise SystemExit(3 if apps.get_model("projects", "Project").objects.exists() else 0)
"""


def populate(env: dict[str, str], *, demo: bool) -> None:
    """Bring the database and catalogue up to date; an empty portal gets the demonstration unless ``demo`` is off."""
    say("bringing database and catalogue up to date; the first time this takes some minutes")
    must(manage("migrate", "--verbosity", "0"), "migrate", env=env)
    must(manage("collectstatic", "--noinput", "--verbosity", "0"), "collectstatic", env=env)
    must(manage("load_catalog", "--verbosity", "0"), "load_catalog", env=env)
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
        bind = f"{options.host}:{port}"
        family.start(
            "web",
            [
                PYTHON,
                "-m",
                "gunicorn",
                "gaige.wsgi:application",
                "--bind",
                bind,
                "--worker-class",
                "gthread",
                "--workers",
                "2",
                "--threads",
                "8",
                "--access-logfile",
                "-",
                "--no-control-socket",
            ],
            env,
        )
        family.start(
            "worker",
            celery(
                "worker",
                "--queues",
                "default,review,deadline,render",
                "--concurrency",
                "2",
                "--loglevel",
                "INFO",
                "--without-gossip",
                "--without-mingle",
            ),
            env,
        )
        pid_file = var / "beat.pid"
        pid_file.unlink(missing_ok=True)
        family.start("beat", celery("beat", "--loglevel", "INFO", "--pidfile", str(pid_file)), env)
        try:
            return stay(family, url, env, logins=not options.empty)
        finally:
            family.stop()


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


# test


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


def pytest(arguments: Sequence[str], expression: str, env: dict[str, str], *, parallel: bool) -> int:
    """Run pytest once; return its exit code."""
    command: list[str | Path] = [PYTHON, "-m", "pytest", "-m", expression, *arguments]
    if parallel:
        command += ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    return run(command, env=env)


def phases(found: dict[str, str]) -> list[Phase]:
    """Return the runs of the suite: title, marker expression, variables, parallel or not."""
    embedded = "not browser and not kill and not postgresql"
    if "DATABASE_URL" not in found:
        return [("SQLite", embedded, {}, True)]
    # long walks run once, on PostgreSQL; what asks no database runs once, before
    title = "PostgreSQL and Redis" if "REDIS_URL" in found else "PostgreSQL"
    plan: list[Phase] = [
        ("SQLite", f"{embedded} and not slow", {}, True), (title, "not browser and not kill and not pure", found, True)
    ]
    if len(found) == 2:  # noqa: PLR2004 - both servers
        browser = {**found, "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
        plan.append(("worker, kills and browser", "browser or kill", browser, True))
    return plan


PHASES = ("sqlite", "postgresql", "browser")


def command_test(options: argparse.Namespace) -> int:
    """Run the suite on SQLite, then on PostgreSQL and Redis, then worker and browser; stop at the first failure."""
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ran = False
    with servers() as found:
        started = time.monotonic()
        for place, (title, expression, variables, parallel) in enumerate(phases(found)):
            if options.on and PHASES[place] not in options.on:
                continue
            say(f"suite: {title} (after {time.monotonic() - started:.0f} s)")
            base = {"DATABASE_URL": "", "REDIS_URL": "", **variables}
            code = pytest(options.arguments, expression, base, parallel=parallel)
            if code not in {0, NO_TESTS}:
                return code
            ran = ran or code == 0
    return 0 if ran else NO_TESTS


def command_kill(options: argparse.Namespace) -> int:
    """Kill workers again and again at the points where it could hurt."""
    prepare(for_tests=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with servers(durable=True) as found:
        return pytest(options.arguments, "kill", {**found, "GAIGE_KILL_ROUNDS": str(options.rounds)}, parallel=False)


# check


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


# bench, container, lock


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
    if code := pytest(["tests/engineering/test_container.py"], "", {}, parallel=False):
        return code
    engine = next((name for name in ("docker", "podman") if shutil.which(name)), None)
    if engine:
        must([engine, "build", "--tag", "gaige:dev", ROOT], f"{engine} build")
        return run([engine, "run", "--rm", "gaige:dev", "python", "manage.py", "check"])
    if shutil.which("buildah"):
        return run(["buildah", "bud", "--isolation", "chroot", "--tag", "gaige:dev", ROOT])
    say("!!! SKIPPED: neither docker nor podman nor buildah is here, only the files were checked")
    return 0


def command_lock(_: argparse.Namespace) -> int:
    """Make both lock files anew from the ``.in`` files, with hashes and without host names."""
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
        for name, constraint in (("requirements", []), ("requirements-dev", ["-c", "requirements.lock"])):
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
