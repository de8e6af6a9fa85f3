"""The password policy beyond what Django has: classes of characters, no old password again, a password grows old."""

from __future__ import annotations

import datetime as dt
import string
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import MinimumLengthValidator, UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError

from projects import timing
from projects.access import access_of
from projects.models.accounts import PasswordRecord

if TYPE_CHECKING:
    from projects.models import User

CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def classes_in(password: str) -> int:
    """Return how many of the four classes stand in a password: small, capital, digit, anything else."""
    known = "".join(CLASSES)
    return sum(any(letter in group for letter in password) for group in CLASSES) + any(
        letter not in known for letter in password
    )


def policy() -> str:
    """Return what a new password has to be like, as the forms say it before it is typed."""
    return (
        f"至少 {settings.PASSWORD_MIN_LENGTH} 位，"
        f"要有小写字母、大写字母、数字、符号中的 {settings.PASSWORD_CLASSES} 种，不要和用户名相像。"
    )


class LengthValidator(MinimumLengthValidator):
    """Asks for a least length; Django has no Chinese sentence for it."""

    def get_error_message(self) -> str:
        """Return what is wrong and what is asked."""
        return f"密码太短，至少要 {self.min_length} 位。"


class LikenessValidator(UserAttributeSimilarityValidator):
    """Refuses a password that is like the name of the account."""

    def get_error_message(self) -> str:
        """Return what is wrong; Django fills in the name of the field."""
        return "密码和%(verbose_name)s太像，请换一个。"


class ClassesValidator:
    """Asks for several of the four classes of characters."""

    def __init__(self, least: int = 3) -> None:
        """Take how many classes are asked for."""
        self.least = least

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Refuse a password of fewer classes."""
        if classes_in(password) < self.least:
            raise ValidationError(self.get_help_text(), code="password_classes")

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return f"密码要有小写字母、大写字母、数字、符号中的 {self.least} 种。"


class HistoryValidator:
    """Refuses the last passwords of a person."""

    def __init__(self, last: int = 5) -> None:
        """Take how many old passwords count."""
        self.last = last

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse a password that the person had."""
        if not self.last or user is None or user.pk is None:
            return
        old = PasswordRecord.objects.filter(user=user).order_by("-pk").values_list("hash", flat=True)[: self.last]
        if any(check_password(password, known) for known in {user.password, *old}):
            raise ValidationError(self.get_help_text(), code="password_used")

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return f"不能用最近 {self.last} 次用过的密码。"


def note_password(user: User, *, at: dt.datetime | None = None) -> None:
    """Keep the hash of the password that was just set, and forget those that count no longer."""
    PasswordRecord.objects.create(user=user, hash=user.password, set_at=at or timing.now())
    keep = max(1, settings.PASSWORD_HISTORY)
    old = PasswordRecord.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True)[keep:]
    PasswordRecord.objects.filter(pk__in=list(old)).delete()


def is_too_old(user: User) -> bool:
    """Return whether a person of the staff has to choose a new password."""
    if not settings.PASSWORD_MAX_DAYS or not access_of(user).is_staff:
        return False
    newest = PasswordRecord.objects.filter(user=user).order_by("-pk").values_list("set_at", flat=True).first()
    return timing.now() - (newest or user.date_joined) > dt.timedelta(days=settings.PASSWORD_MAX_DAYS)
