"""What a command needs before it can run: Python, system packages, the locked environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
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
TEST_COMMANDS = {
    "redis-server": "redis-server",
    "pdftotext": "poppler-utils",
    "initdb": "postgresql",
}
#: The browsers that tests can drive, the lightest first; a machine without any gets the first that it can install.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def say(line: str) -> None:
    """Tell the person at the terminal."""
    print(f"gaige: {line}", file=sys.stderr, flush=True)


def stop_with(line: str) -> NoReturn:
    """End with one clear line."""
    say(line)
    raise SystemExit(1)


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
    browser = for_tests and not any(shutil.which(name) for name in BROWSERS)
    if not (wanted or browser):
        return
    line = f"apt-get install --no-install-recommends {' '.join([*wanted, *['chromium'] * browser])}"
    if os.getuid() != 0 or not shutil.which("apt-get"):
        say(f"missing on this machine, please install: sudo {line}")
        return
    say(f"installing {line.partition('recommends ')[2]}")
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([*apt, "update"], quiet=True, env=quiet)
    if browser:
        known = [name for name in BROWSERS if run(["apt-cache", "show", name], quiet=True) == 0]
        wanted += known[:1]
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
        return [uv, "pip", "install", "--compile-bytecode", "--python", PYTHON]
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
