"""A wrong or missing value of the environment stops the start with one clear line; secrets may come from files."""

import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from gaige import env
from tests.servers import ROOT, own_python

KEY = "Z2FpZ2UtdGVzdC1rZXktMzItYnl0ZXMtbG9uZy0hISE="
PRODUCTION = {
    "DATABASE_URL": "postgres://gaige:p%40ss@db.example:6432/gaige?sslmode=require",
    "REDIS_URL": "redis://queue.example:6379/0",
    "SECRET_KEY": "s" * 60,
    "FIELD_KEYS": KEY,
    "SITE_URL": "https://gaige.example.gov.cn",
    "ALLOWED_HOSTS": "gaige.example.gov.cn, localhost",
}


def start(tmp_path, **variables):
    """Return (exit code, standard output, standard error) of a start that prints what the settings hold."""
    program = (
        "import json, django; from django.conf import settings as s; s.DEBUG;"
        "print(json.dumps([s.DATABASES['default']['NAME'], s.ALLOWED_HOSTS, s.SITE_URL,"
        " [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS,"
        " s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE],"
        " s.CELERY_BROKER_URL, s.SECRET_KEY, s.FIELD_KEYS, s.DEBUG]))"
    )
    return own_python(program, tmp_path, **variables)


def test_embedded_default_makes_and_keeps_its_secrets(tmp_path):
    code, first, errors = start(tmp_path)
    assert (code, errors) == (0, "")
    name, hosts, site, secure, broker, secret, keys, debug = json.loads(first)
    assert [name, hosts, site, secure, broker, debug] == [
        f"{tmp_path}/db.sqlite3",
        ["localhost", "127.0.0.1", "[::1]"],
        "http://127.0.0.1:8000",
        [False, False, False, 0, True, "Lax", "Lax"],
        "filesystem://localhost//",
        False,
    ]
    assert start(tmp_path)[1] == first
    kept = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert kept == {"secret_key": 0o600, "field_keys": 0o600}
    assert [(tmp_path / "secrets" / "secret_key").read_text(), (tmp_path / "secrets" / "field_keys").read_text()] == [
        secret,
        keys[0],
    ]


def test_production_takes_everything_from_the_environment(tmp_path):
    code, output, errors = start(tmp_path, **PRODUCTION)
    assert (code, errors) == (0, "")
    assert json.loads(output) == [
        "gaige",
        ["gaige.example.gov.cn", "localhost"],
        "https://gaige.example.gov.cn",
        [True, True, True, 31_536_000, True, "Lax", "Lax"],
        "redis://queue.example:6379/0",
        "s" * 60,
        [KEY],
        False,
    ]
    assert not (tmp_path / "secrets").exists()


def test_secrets_may_come_from_files(tmp_path):
    (tmp_path / "key").write_text("k" * 60 + "\n")
    variables = {**PRODUCTION, "SECRET_KEY_FILE": str(tmp_path / "key")}
    del variables["SECRET_KEY"]
    code, output, _ = start(tmp_path, **variables)
    assert (code, json.loads(output)[5]) == (0, "k" * 60)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"SECRET_KEY": ""}, "gaige: SECRET_KEY: is missing; give SECRET_KEY or SECRET_KEY_FILE"),
        ({"SECRET_KEY": "short"}, "gaige: SECRET_KEY: is shorter than 50 characters"),
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "gaige: SECRET_KEY: set SECRET_KEY or SECRET_KEY_FILE, not both"),
        ({"FIELD_KEYS": "abc"}, "gaige: FIELD_KEYS: holds a key that is not 32 bytes in url-safe base64"),
        ({"FIELD_KEYS": ""}, "gaige: FIELD_KEYS: is missing; give FIELD_KEYS or FIELD_KEYS_FILE"),
        ({"ALLOWED_HOSTS": ""}, "gaige: ALLOWED_HOSTS: is missing;"),
        ({"SITE_URL": ""}, "gaige: SITE_URL: is missing;"),
        ({"SITE_URL": "gaige.example"}, "gaige: SITE_URL: 'gaige.example' is not an address like"),
        ({"DATABASE_URL": "mysql://db/gaige"}, "gaige: DATABASE_URL: begins neither with sqlite:/// nor"),
        ({"DATABASE_URL": "postgres://db"}, "gaige: DATABASE_URL: names no database after the host"),
        ({"DATABASE_URL": "postgres://db:x/gaige"}, "gaige: DATABASE_URL: has a port that is not a number"),
        ({"REDIS_URL": "amqp://queue"}, "gaige: REDIS_URL: does not begin with redis://"),
        ({"DEBUG": "maybe"}, "gaige: DEBUG: 'maybe' is neither true nor false"),
        ({"UPLOAD_MAX_MB": "x"}, "gaige: UPLOAD_MAX_MB: 'x' is not a whole number"),
        ({"UPLOAD_MAX_MB": "0"}, "gaige: UPLOAD_MAX_MB: 0 is not between 1 and 2000"),
        ({"EMAIL_URL": "pop://x"}, "gaige: EMAIL_URL: is not like smtp+tls://user:password@host:587"),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path, changed, line):
    variables = {key: value for key, value in {**PRODUCTION, **changed}.items() if value}
    code, output, errors = start(tmp_path, **variables)
    assert (code, output, len(errors.splitlines())) == (1, "", 1)
    assert errors.startswith(line)


def test_a_secret_file_that_cannot_be_read_is_one_line(tmp_path):
    variables = {key: value for key, value in PRODUCTION.items() if key != "SECRET_KEY"}
    code, _, errors = start(tmp_path, **variables, SECRET_KEY_FILE="/nowhere/key")
    assert (code, errors) == (1, "gaige: SECRET_KEY_FILE: /nowhere/key cannot be read (FileNotFoundError)\n")


def test_database_urls(monkeypatch):
    monkeypatch.setenv("SOME_URL", PRODUCTION["DATABASE_URL"])
    assert env.database("SOME_URL", "") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "gaige",
        "USER": "gaige",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6432",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "options": env.ALONE, "sslmode": "require"},
    }
    monkeypatch.setenv("SOME_URL", "sqlite:////data/gaige.sqlite3")
    assert env.database("SOME_URL", "") == {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "/data/gaige.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL",
        },
    }


def test_files_lie_in_a_folder_or_in_a_store_that_speaks_s3(monkeypatch, tmp_path):
    monkeypatch.delenv("FILES_ROOT", raising=False)
    assert env.files(str(tmp_path)) == {
        "BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path.resolve())}
    }
    # the libraries of the store are installed only where it is used
    for name in ("storages", "botocore", "botocore.config"):
        stands_in = ModuleType(name)
        stands_in.__spec__ = ModuleSpec(name, None)
        stands_in.Config = dict
        monkeypatch.setitem(sys.modules, name, stands_in)
    for name, value in {
        "FILES_BUCKET": "s3://city/archive/", "FILES_BUCKET_ENDPOINT": "https://oss.example", "FILES_BUCKET_KEY": "a",
        "FILES_BUCKET_SECRET": "b", "FILES_BUCKET_STYLE": "virtual",
    }.items():
        monkeypatch.setenv(name, value)
    assert env.files(str(tmp_path)) == {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": "city", "location": "archive", "file_overwrite": True, "default_acl": None,
            "endpoint_url": "https://oss.example", "access_key": "a", "secret_key": "b", "region_name": None,
            "max_memory_size": 8 * 1024 * 1024,
            "client_config": {
                "signature_version": "s3v4", "s3": {"addressing_style": "virtual"},
                "request_checksum_calculation": "when_required", "response_checksum_validation": "when_required",
            },
        },
    }
    for name, value, line in (
        ("FILES_BUCKET_STYLE", "host", "gaige: FILES_BUCKET_STYLE: 'host' is none of auto, virtual, path"),
        ("FILES_BUCKET", "city/archive", "gaige: FILES_BUCKET: does not read s3://bucket/prefix"),
    ):
        monkeypatch.setenv(name, value)
        with pytest.raises(env.ConfigError) as caught:
            env.files(str(tmp_path))
        assert str(caught.value) == line


def test_every_variable_is_in_the_example():
    import re

    told = set(re.findall(r"^([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    call = re.compile(r"env\.(?!refuse)\w+\(\s*\"([A-Z_]+)\"")
    read = set(call.findall((ROOT / "gaige" / "settings.py").read_text()))
    read |= set(re.findall(r"text\(\"([A-Z_]+)\"", (ROOT / "gaige" / "env.py").read_text()))
    read |= {
        name
        for source in ("dev.py", "devtools/environment.py", "devtools/portal.py", "tests/servers.py")
        for name in re.findall(r"environ\.get\(\"([A-Z_]+)\"", (ROOT / source).read_text())
    } - {"CI", "DATABASE_URL", "REDIS_URL"}
    assert read - told == set()
