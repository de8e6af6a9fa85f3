"""二次验证: a code from an authenticator (TOTP, RFC 6238) beside the password, and one-time recovery codes.

The secret is encrypted at rest; recovery codes are kept as keyed hashes and shown once. A code is taken once: its time
step is kept, and no earlier one is taken after it.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from projects import account_rules, timing
from projects.access import access_of
from projects.errors import DomainError, require
from projects.models import Organisation, SecondFactor, User
from projects.services.telling_accounts import body_of, tell_account

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGITS, STEP, WINDOW, KEY_BYTES = 6, 30, 1, 20
#: No 0 O, 1 I L, U.
ALPHABET, RECOVERY_LENGTH, RECOVERY_CODES = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 10, 8
ISSUER = "一项一码一档"
WRONG = "验证码不对或已经用过，请等手机上的下一个 6 位数；手机时间不准时请先校准。"


def is_asked(user: User) -> bool:
    """Return whether a sign-in of this person needs a code: whoever has a confirmed factor."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def must_enrol(user: User) -> bool:
    """Return whether the person works for the office, the portal requires a factor, and there is none yet."""
    return settings.TOTP == "required" and access_of(user).is_staff and not is_asked(user)


# Enrolment -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def begin(user: User, *, at: dt.datetime | None = None) -> SecondFactor:
    """Return the factor that waits for its first code, made when there is none.

    Raises `DomainError` `factor_stands`.
    """
    _locked(user)
    secret = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()
    fresh = {"secret": secret, "made_at": at or timing.now()}
    factor, _ = SecondFactor.objects.get_or_create(user=user, defaults=fresh)
    if factor.confirmed_at is not None:
        raise DomainError("factor_stands", "二次验证已经启用。换手机请先关闭，或请安全管理员重置。")
    return factor


def waiting_of(user: User) -> SecondFactor | None:
    """Return the factor that waits for its first code."""
    return SecondFactor.objects.filter(user=user, confirmed_at=None).select_related("user").first()


@transaction.atomic
def confirm(user: User, code: str, *, at: dt.datetime | None = None) -> list[str]:
    """Take the first code: the factor holds from now. Returns the recovery codes, which are shown once.

    Event `account.factor_on`. Raises `DomainError` (`factor_missing`, `factor_stands`, `code_wrong`).
    """
    _locked(user)
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        raise DomainError("factor_missing", "请重新打开本页，用手机扫新的二维码。")
    if factor.confirmed_at is not None:
        raise DomainError("factor_stands", "二次验证已经启用，不用再确认。")
    if not _take_code(factor, code, at):
        raise DomainError("code_wrong", WRONG)
    codes = _new_codes(factor)
    factor.confirmed_at = at or timing.now()
    factor.save(update_fields=["confirmed_at", "last_step", "recovery"])
    tell_account("factor_on", user, by=user, at=at, summary=f"启用二次验证：{user}")
    return codes


def address_of(factor: SecondFactor) -> str:
    """Return what the QR code says to the authenticator (otpauth)."""
    label = quote(f"{ISSUER}:{factor.user.username}")
    return f"otpauth://totp/{label}?secret={factor.secret}&issuer={quote(ISSUER)}&digits={DIGITS}&period={STEP}"


# At the sign-in ------------------------------------------------------------------------------------------------------


@transaction.atomic
def take(user: User, code: str, *, at: dt.datetime | None = None) -> bool:
    """Return whether the code of the authenticator, or a recovery code, is right; it is spent then.

    Event `account.recovery_used` for a recovery code.
    """
    plain = _digits(code)
    if not plain:
        _locked(user)  # a recovery code is told in the chain of the body, whose row comes first
    factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if factor is None:
        return False
    if plain:
        taken = _take_code(factor, plain, at)
        if taken:
            factor.save(update_fields=["last_step"])
        return taken
    hashed = _hash(code)
    if hashed not in factor.recovery:
        return False
    factor.recovery = [one for one in factor.recovery if one != hashed]
    factor.save(update_fields=["recovery"])
    left = len(factor.recovery)
    tell_account("recovery_used", user, by=user, at=at, summary=f"用恢复码登录：{user}，还剩 {left} 个")
    return True


@transaction.atomic
def renew_codes(user: User, code: str, *, at: dt.datetime | None = None) -> list[str]:
    """Make new recovery codes, the old ones are void. Raises `DomainError` `code_wrong`."""
    _locked(user)
    factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if factor is None or not _take_code(factor, code, at):
        raise DomainError("code_wrong", WRONG)
    codes = _new_codes(factor)
    factor.save(update_fields=["recovery", "last_step"])
    tell_account("recovery_renewed", user, by=user, at=at, summary=f"换发恢复码：{user}")
    return codes


@transaction.atomic
def switch_off(user: User, code: str, *, at: dt.datetime | None = None) -> None:
    """End one's own factor, for instance before a new telephone. Event `account.factor_off`; none: no change.

    Raises `DomainError` `code_wrong`.
    """
    _locked(user)
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        return
    if factor.confirmed_at is not None and not (_take_code(factor, code, at) or _hash(code) in factor.recovery):
        raise DomainError("code_wrong", WRONG)
    factor.delete()
    tell_account("factor_off", user, by=user, at=at, summary=f"关闭二次验证：{user}")


@transaction.atomic
def reset(user_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> User:
    """A device was lost: the security administrator takes the factor away, for a reason. Event `account.factor_reset`.

    The person enrols anew at the next sign-in. A second call is a no-op. Raises `NotAllowed`, `DomainError`
    `reason_missing`.
    """
    user = User.objects.get(pk=user_id)
    _locked(user)
    require(account_rules.can_secure, by, user)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明重置原因，例如：手机遗失，已当面核实身份。")
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is not None:
        factor.delete()
        tell_account(
            "factor_reset", user, by=by, at=at, summary=f"重置二次验证：{user}，{reason.strip()}"[:300]
        )
    return user


# Codes ---------------------------------------------------------------------------------------------------------------


def _locked(user: User) -> None:
    """Lock the body whose chain is told, then the person: the order of every service of accounts."""
    if (body := body_of(user)) is not None:
        Organisation.objects.select_for_update().get(pk=body.pk)
    User.objects.select_for_update().get(pk=user.pk)


def _take_code(factor: SecondFactor, typed: str, at: dt.datetime | None) -> bool:
    """Whether the digits are those of now or of one step beside, later than the last ones taken; they are noted."""
    digits = _digits(typed)
    if not digits:
        return False
    clock = TOTP(base64.b32decode(factor.secret), DIGITS, SHA1(), STEP)  # noqa: S303 - HMAC of RFC 6238
    for step in _steps(at or timing.now()):
        if step <= factor.last_step:
            continue
        try:
            clock.verify(digits.encode(), step * STEP)
        except InvalidToken:
            continue
        factor.last_step = step
        return True
    return False


def _digits(typed: str) -> str:
    """Return the six digits that were typed, full-width and spaced ones mended; empty when they are none."""
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", typed) if not letter.isspace())
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else ""


def _steps(moment: dt.datetime) -> Iterator[int]:
    now = int(moment.timestamp()) // STEP
    return iter(range(now - WINDOW, now + WINDOW + 1))


def _new_codes(factor: SecondFactor) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    factor.recovery = [_hash(code) for code in codes]
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hash(typed: str) -> str:
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", typed).upper() if letter.isalnum())
    return salted_hmac("gaige.recovery", plain, algorithm="sha256").hexdigest()
