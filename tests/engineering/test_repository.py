"""What is in the repository is ours: no downloads, no minified code, no private folders, and hashes for all the rest."""

import re
import subprocess
from pathlib import PurePosixPath

import pytest
from django.db.backends.postgresql import psycopg_any

from tests.servers import ROOT

PRIVATE_FOLDER = re.compile(r"(?<![\w.}/*-])/(?:home|root|work|opt|Users)/\w")
TEXT = {".py", ".md", ".toml", ".yml", ".txt", ".in", ".lock", ".html", ".css", ".js", ".tsv", ".json", ".svg", ""}
OURS = {
    ".py", ".md", ".toml", ".yml", ".in", ".lock", ".html", ".css", ".js", ".tsv", ".json", ".svg", ".png", ".txt",
    ".csv", ".conf", ".example", "",
}  # fmt: skip
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)(?: ; [^\\]+)? \\$")


def files():
    """Return what the repository holds, and what is about to be added to it."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [PurePosixPath(name) for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_driver_is_psycopg2():
    assert psycopg_any.is_psycopg3 is False


def test_only_kinds_of_files_that_we_write():
    strange = [str(path) for path in files() if path.suffix not in OURS and not path.name.startswith(".")]
    assert strange == []


def test_nothing_is_minified_or_huge():
    large = [str(path) for path in files() if (ROOT / path).stat().st_size > 2_000_000]
    packed = [str(path) for path in files() if ".min." in path.name]
    long_lines = [
        str(path)
        for path in files()
        if path.suffix in {".js", ".css"} and any(len(line) > 500 for line in (ROOT / path).read_text().splitlines())
    ]
    assert (large, packed, long_lines) == ([], [], [])


def test_no_file_names_a_folder_of_somebodys_machine():
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in files()
        if path.suffix in TEXT
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1)
        if PRIVATE_FOLDER.search(line)
    ]
    assert found == []


def test_no_path_leaves_the_repository():
    leaving = [
        f"{path}: {match}"
        for path in files()
        if path.suffix in {".md", ".toml", ".yml", ".html"}
        for match in re.findall(r"(?<![\w/])(?:\.\./)+[\w./-]*", (ROOT / path).read_text())
        if not (ROOT / path).parent.joinpath(match).resolve().is_relative_to(ROOT)
    ]
    assert leaving == []


@pytest.mark.parametrize(("name", "least"), [
    ("requirements.lock", 30), ("requirements-s3.lock", 8), ("requirements-dev.lock", 30)
])
def test_every_line_of_a_lock_is_pinned_and_hashed(name, least):
    lines = (ROOT / name).read_text().splitlines()
    heads = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert [line for line in heads if not REQUIREMENT.match(line)] == ["--only-binary :all:", "--no-binary bagit"]
    hashes = [line for line in lines if line.startswith(" ")]
    assert [line for line in hashes if not re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)] == []
    assert "://" not in "\n".join(lines)
    assert len(heads) > least


def test_the_locks_agree_and_hold_what_is_asked_for():
    def pins(name):
        found = (REQUIREMENT.match(line) for line in (ROOT / name).read_text().splitlines())
        return {match[1]: match[2] for match in found if match}

    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run
    asked = {
        re.split(r"[\[=<>!~ ]", line)[0].lower().replace("_", "-")
        for source in ("requirements.in", "requirements-dev.in")
        for line in (ROOT / source).read_text().splitlines()
        if line and not line.startswith(("#", "-r"))
    }
    assert asked - set(dev) == set()
    store = pins("requirements-s3.lock")
    assert {"django-storages", "boto3"} <= set(store)
    assert {name: run[name] for name in store if name in run} == {name: store[name] for name in store if name in run}
    assert {"psycopg", "psycopg-binary", "django-fsm"} & set(dev) == set()


def test_no_swallowed_errors_and_no_signals_in_the_apps():
    forbidden = re.compile(r"except Exception|contextlib\.suppress|^from django\.db\.models\.signals|^import.*signals")
    found = [
        f"{path}:{number}"
        for path in files()
        if path.suffix == ".py" and path.parts[0] in {"agency", "acceptance", "packages", "archives", "projects"}
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []
