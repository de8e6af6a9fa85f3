"""How a telephone number of the mainland and an e-mail address are written: mended first, then checked.

`clean_*` returns what is stored and raises `ValidationError` with a Chinese sentence that says what is wrong.
"""

from __future__ import annotations

import re
import unicodedata

from django.contrib.auth.base_user import BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from projects.codes import mend

MOST_EMAIL = 254
_COUNTRY = re.compile(r"\+86|0086|86(?=1[3-9][0-9]{9}$)")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
#: 010 and 02x have eight digits, the other areas seven or eight; none begins with 0 or 1.
_FIXED = re.compile(r"(010|02[0-9])([2-9][0-9]{7})|(0[3-9][0-9]{2})([2-9][0-9]{6,7})")
_is_email = EmailValidator(message="邮箱的格式不对，请核对，例如 zhaomin@example.cn。", allowlist=[])


def clean_phone(text: str) -> str:
    """Return a mobile number as 13800000000, a fixed line as 0356-5222345; empty stays empty."""
    mended = re.sub(r"[-()]", "", mend(text))
    digits = _COUNTRY.sub("", mended, count=1) if _COUNTRY.match(mended) else mended
    if not digits or _MOBILE.fullmatch(digits):
        return digits
    if fixed := _FIXED.fullmatch(digits):
        return "-".join(part for part in fixed.groups() if part)
    raise ValidationError("电话不对：手机是 1 开头的 11 位数字，座机要带区号，例如 13800000000 或 0356-5222345。")


def mobile_of(text: str) -> str:
    """Return the mobile number that a telephone is; empty for a fixed line and for what is no number."""
    try:
        digits = clean_phone(text)
    except ValidationError:
        return ""
    return digits if _MOBILE.fullmatch(digits) else ""


def clean_email(text: str) -> str:
    """Return an e-mail address in half-width letters with its domain in small ones; empty stays empty."""
    address = BaseUserManager.normalize_email(unicodedata.normalize("NFKC", text).strip())
    if len(address) > MOST_EMAIL:
        raise ValidationError(f"邮箱太长，最多 {MOST_EMAIL} 个字符。")
    if address:
        _is_email(address)
    return address
