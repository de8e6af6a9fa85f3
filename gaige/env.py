"""Reads the configuration from the environment: one value at a time, one clear line when it is wrong.

Every value ``NAME`` may also be given as ``NAME_FILE``, the path of a file that holds it (secrets of containers).
"""

import datetime as dt
import hashlib
import importlib
import importlib.util
import ipaddress
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
#: Where the bucket stands in the addresses of a store; so many bytes of a file of it are held in memory.
BUCKET_STYLES = ("auto", "virtual", "path")
IN_MEMORY = 8 * 1024 * 1024


class ConfigError(SystemExit):
    """The start is refused; the one line says which variable and why."""


def refuse(name: str, why: str) -> NoReturn:
    """Stop the start with one line that names the variable."""
    raise ConfigError(f"gaige: {name}: {why}")


def text(name: str, default: str | None = None) -> str:
    """Return the value of ``name`` (or the content of the file ``name_FILE`` points to), else ``default``."""
    path = os.environ.get(f"{name}_FILE", "")
    value = os.environ.get(name, "")
    if path and value:
        refuse(name, f"set {name} or {name}_FILE, not both")
    if path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            refuse(f"{name}_FILE", f"{path} cannot be read ({error.__class__.__name__})")
        if not value:
            refuse(f"{name}_FILE", f"{path} is empty")
    if value:
        return value
    if default is None:
        refuse(name, "is missing; .env.example says what it is for")
    return default


def boolean(name: str, *, default: bool) -> bool:
    """Return the truth of ``name``; anything but yes or no is refused."""
    value = text(name, "yes" if default else "no").lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    refuse(name, f"{value!r} is neither true nor false")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """Return ``name`` as a whole number between ``low`` and ``high``."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        refuse(name, f"{value!r} is not a whole number")
    if not low <= number <= high:
        refuse(name, f"{number} is not between {low} and {high}")
    return number


def one_of(name: str, default: str, known: tuple[str, ...]) -> str:
    """Return ``name`` as one of the words that are known."""
    value = text(name, default).lower()
    if value not in known:
        refuse(name, f"{value!r} is none of {', '.join(known)}")
    return value


def days_by_name(name: str) -> dict[str, int]:
    """Return ``name`` as days by word, from ``reads=1095,runs=400``."""
    found: dict[str, int] = {}
    for part in words(name):
        word, _, days = part.partition("=")
        if not word or not (days.isascii() and days.isdigit()):
            refuse(name, f"{part!r} is not like reads=1095")
        found[word.strip()] = int(days)
    return found


def words(name: str, default: str | None = "") -> list[str]:
    """Return ``name`` split at commas, without blanks."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def thresholds(name: str, default: str) -> tuple[int, ...]:
    """Return ``name`` as whole days separated by commas, the longest first, each once."""
    parts = words(name, default)
    if not parts or not all(part.isascii() and part.isdigit() and 0 < int(part) <= 365 for part in parts):  # noqa: PLR2004 - days of a year
        refuse(name, f"{','.join(parts)!r} is not a list of whole days such as 15,5")
    return tuple(sorted({int(part) for part in parts}, reverse=True))


def among(name: str, default: str, known: Collection[str]) -> list[str]:
    """Return ``name`` as words separated by commas, each of them known, each once."""
    found = list(dict.fromkeys(words(name, default)))
    if strange := sorted(set(found) - set(known)):
        refuse(name, f"{strange[0]!r} is none of {', '.join(sorted(known))}")
    return found


def hours(name: str, default: str) -> tuple[dt.time, dt.time]:
    """Return ``name`` as two times of the day, from and until: 20:00-08:00."""
    value = text(name, default)
    start, dash, end = value.partition("-")
    try:
        if dash:
            return dt.time.fromisoformat(start.strip()), dt.time.fromisoformat(end.strip())
    except ValueError:
        pass
    refuse(name, f"{value!r} is not like 20:00-08:00")


def minutes(name: str, default: str) -> tuple[int, ...]:
    """Return ``name`` as whole minutes separated by commas, in their order."""
    parts = words(name, default)
    if not parts or not all(part.isascii() and part.isdigit() and 0 < int(part) <= 10_080 for part in parts):  # noqa: PLR2004 - a week
        refuse(name, f"{','.join(parts)!r} is not a list of whole minutes such as 1,5,15")
    return tuple(int(part) for part in parts)


def networks(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return ``name`` as networks separated by commas (10.20.0.0/16)."""
    try:
        return tuple(ipaddress.ip_network(part) for part in words(name))
    except ValueError as error:
        refuse(name, str(error))


def site_url(name: str, default: str | None) -> str:
    """Return ``name`` as ``scheme://host`` without a slash at the end."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        refuse(name, f"{value!r} is not an address like https://gaige.example.gov.cn")
    return value


#: A page asks many short questions beside many others: what starting helpers or compiling would cost is not won back.
ALONE = "-c max_parallel_workers_per_gather=0 -c jit=off"


def database(name: str, default: str) -> dict[str, Any]:
    """Return Django's settings of one database from ``sqlite:///path`` or ``postgres://user:password@host:port/name``.

    A relative SQLite path has three slashes, an absolute one four. The password may come apart, as
    ``DATABASE_PASSWORD`` or ``DATABASE_PASSWORD_FILE``.
    """
    url = text(name, default)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path[1:])
        if not path:
            refuse(name, "sqlite needs a path, like sqlite:///var/db.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL",
            },
        }
    if parts.scheme not in {"postgres", "postgresql"}:
        refuse(name, "begins neither with sqlite:/// nor with postgres://")
    try:
        port = parts.port or 5432
    except ValueError:
        refuse(name, "has a port that is not a number")
    if len(parts.path) < 2:  # noqa: PLR2004 - a slash and at least one letter
        refuse(name, "names no database after the host")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or "") or text("DATABASE_PASSWORD", ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port),
        "CONN_MAX_AGE": 600,  # plans are kept as long as the connection (projects/plans.py)
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "options": ALONE, **dict(parse_qsl(parts.query))},
    }


def email(name: str, folder: Path) -> dict[str, Any]:
    """Return Django's e-mail settings from ``smtp://user:password@host:port`` (``smtps`` TLS, ``smtp+tls`` STARTTLS).

    Absent: messages are kept as files in ``folder`` and nothing leaves the machine.
    """
    url = text(name, "")
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(folder)}
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in {"smtp", "smtps", "smtp+tls"} or not parts.hostname:
        refuse(name, "is not like smtp+tls://user:password@host:587")
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 25)
    except ValueError:
        refuse(name, "has a port that is not a number")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or "") or text("EMAIL_PASSWORD", ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 10,
    }


def kept_secret(name: str, folder: Path, made: str, *, may_make: bool) -> str:
    """Return the secret ``name``; on the embedded default one is made once and kept in ``folder``, mode 600."""
    if os.environ.get(name) or os.environ.get(f"{name}_FILE"):
        return text(name)
    if not may_make:
        refuse(name, f"is missing; give {name} or {name}_FILE (.env.example says how to make one)")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name.lower()
    fresh = folder / f".{name.lower()}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(made, encoding="utf-8")
        try:
            os.link(fresh, path)  # the first of two processes wins, both read the same
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8").strip()


def field_keys(value: str) -> list[str]:
    """Return the keys of encrypted fields, the first encrypts, all decrypt; a key that is none is refused."""
    keys = [part.strip() for part in value.split(",") if part.strip()]
    for key in keys:
        try:
            Fernet(key.encode())
        except ValueError:
            refuse("FIELD_KEYS", "holds a key that is not 32 bytes in url-safe base64")
    if not keys:
        refuse("FIELD_KEYS", "holds no key")
    return keys


def digest_algorithm(name: str) -> str:
    """Return by which algorithm files are stored: sha256, or sm3 where the library of the machine has it."""
    value = text(name, "sha256").lower()
    if value not in ("sha256", "sm3"):
        refuse(name, f"{value!r} is neither sha256 nor sm3")
    if value not in hashlib.algorithms_available:
        refuse(name, f"the OpenSSL of this machine does not know {value}")
    return value


def scanner(name: str) -> str:
    """Return the address of the virus scanner, tcp://host:port or unix:/path; empty: none."""
    value = text(name, "")
    parts = urlsplit(value)
    if value and not (parts.scheme == "tcp" and parts.hostname) and not (parts.scheme == "unix" and parts.path):
        refuse(name, f"{value!r} is neither tcp://host:port nor unix:/path")
    return value


def files(folder: str) -> dict[str, Any]:
    """Return where files are kept: a folder, or with FILES_BUCKET (s3://bucket/prefix) a store that speaks S3."""
    bucket = text("FILES_BUCKET", "")
    if not bucket:
        location = str(Path(text("FILES_ROOT", folder)).resolve())
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": location}}
    address = urlsplit(bucket)
    if address.scheme != "s3" or not address.hostname:
        refuse("FILES_BUCKET", "does not read s3://bucket/prefix")
    style = text("FILES_BUCKET_STYLE", "auto")
    if style not in BUCKET_STYLES:
        refuse("FILES_BUCKET_STYLE", f"{style!r} is none of {', '.join(BUCKET_STYLES)}")
    if importlib.util.find_spec("storages") is None:
        refuse("FILES_BUCKET", "needs django-storages (pip install --require-hashes -r requirements-s3.lock)")
    options = {
        "bucket_name": address.hostname, "location": address.path.strip("/"), "file_overwrite": True,
        "endpoint_url": text("FILES_BUCKET_ENDPOINT", "") or None, "access_key": text("FILES_BUCKET_KEY", "") or None,
        "secret_key": text("FILES_BUCKET_SECRET", "") or None, "default_acl": None,
        "region_name": text("FILES_BUCKET_REGION", "") or None, "max_memory_size": IN_MEMORY,
        "client_config": _speaking(style),
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def _speaking(style: str) -> Any:
    """Return how the store is spoken to: the bucket as part of the name or of the path, no sums that only AWS knows."""
    return importlib.import_module("botocore.config").Config(
        signature_version="s3v4", s3={"addressing_style": style},
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )
