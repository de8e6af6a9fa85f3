"""Identity numbers, telephones and e-mails are encrypted at rest (PIPL 51; standards §7 no. 17).

Fernet (AES-128-CBC with HMAC-SHA256) from the `cryptography` package; keys come from the setting FIELD_KEYS, the first
one encrypts, all decrypt, so a key can be rotated. The stored text starts with the name of the algorithm, so that
another one can replace it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models

ALGORITHM = "fernet"


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Return `algorithm:token` for a text; empty stays empty."""
    if not text:
        return ""
    return f"{ALGORITHM}:{_box(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()}"


def decrypt(stored: str) -> str:
    """Return the text behind `algorithm:token`; empty stays empty. Raises `ValueError` on an unknown algorithm."""
    if not stored:
        return ""
    algorithm, _, token = stored.partition(":")
    if algorithm != ALGORITHM:
        raise ValueError(f"unknown field encryption {algorithm!r}")
    return _box(tuple(settings.FIELD_KEYS)).decrypt(token.encode()).decode()


class EncryptedTextField(models.TextField[str, str]):
    """A text column that is encrypted on its way in and decrypted on its way out. It cannot be searched."""

    description = "encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        """Return what is stored."""
        prepared = super().get_prep_value(value)
        return encrypt(str(prepared)) if prepared else prepared

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """Return what the program sees."""
        return decrypt(value) if value else value


def mask(text: str, *, head: int = 3, tail: int = 2) -> str:
    """Return the text with its middle hidden, e.g. 138******21."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return f"{text[:head]}{'*' * (len(text) - head - tail)}{text[-tail:]}"
