"""Codes and numbers: the unified project code, subject identifiers, permit and certificate numbers.

`normalise_*` mends what people paste (full-width digits, dashes of all kinds, blanks, lower case) and never raises;
`validate_*` is strict: it takes the canonical form, returns it, or raises `ValidationError` with a Chinese sentence
that says what is wrong; `clean_*` does one after the other and is what forms and services call on input.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from django.core.exceptions import ValidationError

from projects import timing

DASHES = frozenset("\u2212\u00ad\u2043\u30fc\u02d7\u2500\u2501")
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CODE = re.compile(r"[0-9]{4}-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{6}")
LOCAL_PREFIX = "L"
_LOCAL = re.compile(r"L([0-9]{6})-([0-9]{7})-([0-9])")
_ELICENSE = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{21})\.([0-9A-Z]{18})\.([0-9A-Z]+)\.([0-9]{3})\.([0-9A-Z])", re.ASCII
)
_PLANNING = re.compile(r"([地建乡])字第([0-9]{6})([0-9]{4})([0-9]{5})号")
_REAL_ESTATE = re.compile(r"[0-9]{12}[A-Z]{2}[0-9]{5}[A-Z][0-9]{8}")
NEW, OLD = "new", "2015"
FIRST_NEW_MONTH = "2010"


# Check characters -------------------------------------------------------------------------------------------------


def mod_11_10(digits: str) -> int:
    """The check digit (0-9) of ISO 7064 MOD 11,10 over a string of ASCII digits: '2603140581890516326' -> 5."""
    product = 10
    for digit in _ascii_digits(digits):
        product = (product + digit) % 10 or 10
        product = product * 2 % 11
    return (11 - product) % 10


def mod_37_36(text: str) -> str:
    """The check character (0-9, A-Z) of ISO 7064 MOD 37,36 over digits and capitals."""
    product = 36
    for character in text:
        value = BASE_36.find(character)
        if value < 0:
            raise ValidationError(f"“{character}”不是数字或大写字母，无法计算校验位。", code="alphabet")
        product = (product + value) % 36 or 36
        product = product * 2 % 37
    return BASE_36[(37 - product) % 36]


def mod_11_2(digits: str) -> str:
    """The check character (0-9, X) of ISO 7064 MOD 11-2 over a string of ASCII digits (公民身份号码)."""
    total = 0
    for digit in _ascii_digits(digits):
        total = (total + digit) * 2 % 11
    return "0123456789X"[(12 - total) % 11]


def mod_31(text: str) -> str:
    """The check character of a 统一社会信用代码 over its first seventeen characters (GB 32100)."""
    total = sum(USCC_ALPHABET.index(character) * pow(3, at, 31) for at, character in enumerate(text))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def gb_11714(body: str) -> str:
    """The check character (0-9, X) of an organisation code over its eight characters (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(BASE_36.index(character) * weight for character, weight in zip(body, weights, strict=True))
    return "0123456789X0"[11 - total % 11]


def _ascii_digits(text: str) -> list[int]:
    if not (text.isascii() and text.isdigit()):
        raise ValidationError("校验位只能由半角数字计算。", code="digits")
    return [int(character) for character in text]


# Mending ----------------------------------------------------------------------------------------------------------


def mend(text: object) -> str:
    """Text as it was meant: NFKC, every dash a hyphen, no blank or invisible character, capitals."""
    before, mended = None, "" if text is None else str(text)
    while mended != before:  # what is left when characters go may compose anew
        before = mended
        mended = "".join(_mended(character) for character in unicodedata.normalize("NFKC", before)).upper()
    return mended


def _mended(character: str) -> str:
    category = unicodedata.category(character)
    if character in DASHES or category == "Pd":
        return "-"
    return "" if category[0] in "ZC" else character


def normalise_project_code(text: str) -> str:
    """The canonical form of a project code as pasted: full-width digits, dashes, blanks, missing hyphens mended.

    What is not twenty digits comes back mended but ungrouped, so that the message of the validator is about what
    was typed. Works for the format of 2015 too, and for a local code.
    """
    mended = mend(text).strip("-")
    digits = mended.replace("-", "")
    if len(digits) == 20 and digits.isascii() and digits.isdigit():
        return f"{digits[:4]}-{digits[4:10]}-{digits[10:12]}-{digits[12:14]}-{digits[14:]}"
    return re.sub("-+", "-", mended)


# Project code -----------------------------------------------------------------------------------------------------


def classify_project_code(text: str) -> str:
    """Whether a canonical code is of the format of 2020 ("new") or of 2015 ("2015"); it may still be invalid.

    Read as YYMM the years 2013-2021 of the old format are no month, so the two never collide.
    """
    return OLD if text[:2] == "20" and not 1 <= _number(text[2:4]) <= 12 else NEW


def validate_project_code(text: str) -> str:
    """Return a canonical project code, or raise `ValidationError`.

    New format (GB/T 40058): YYMM-RRRRRR-DD-TT-NNNNNC with ISO 7064 MOD 11,10 over the first nineteen digits. The
    format of 2015: YYYY-RRRRRR-II-TT-NNNNNN, structure only. The region is not looked up: real codes carry pseudo
    regions of development zones.
    """
    _check_shape(text)
    return validate_project_code_2015(text) if classify_project_code(text) == OLD else validate_project_code_new(text)


def validate_project_code_new(text: str) -> str:
    """Return a canonical project code of the format in force since October 2020, or raise `ValidationError`."""
    _check_shape(text)
    year, month = text[:2], text[2:4]
    if not 1 <= int(month) <= 12:
        raise ValidationError(f"项目代码的月份“{month}”不对：第 3、4 位应为 01 至 12。", code="month")
    if text[:4] < FIRST_NEW_MONTH:
        raise ValidationError(f"项目代码的年月“{year}{month}”不对：现行项目代码自 2020 年 10 月起赋码。", code="early")
    digits = text.replace("-", "")
    if mod_11_10(digits[:19]) != int(digits[19]):
        message = f"项目代码“{text}”的校验位不对，请核对每一位数字是否抄错或颠倒。"
        raise ValidationError(message, code="check_digit")
    return text


def validate_project_code_2015(text: str) -> str:
    """Return a canonical project code of the format of 2015-2021 (structure only), or raise `ValidationError`."""
    _check_shape(text)
    if not "2015" <= text[:4] <= "2021":
        raise ValidationError(f"“{text}”不是旧版项目代码：年份应在 2015 至 2021 之间。", code="year")
    return text


def clean_project_code(text: str) -> str:
    """Mend what was typed and return the canonical, valid code, or raise `ValidationError`."""
    return validate_project_code(normalise_project_code(text))


def _check_shape(text: str) -> None:
    """Say what is wrong with the shape of a project code: letters, length, grouping."""
    if _CODE.fullmatch(text):
        return
    if not text.strip():
        raise ValidationError("请填写项目代码。", code="blank")
    mended = mend(text).replace("-", "")
    letters = re.sub("[0-9]", "", mended)
    if letters:
        message = f"项目代码里有“{letters[:8]}”：只能是数字和短横线，末位校验码也是数字。"
        raise ValidationError(message, code="letters")
    if len(mended) != 20:
        message = f"项目代码应为 20 位数字，现在是 {len(mended)} 位（格式：2603-140581-89-05-163265）。"
        raise ValidationError(message, code="length")
    message = f"项目代码应写成“{normalise_project_code(text)}”：半角数字，4-6-2-2-6 分组，用短横线连接。"
    raise ValidationError(message, code="format")


def make_local_code(region_code: str, serial: int) -> str:
    """The code of a project that has no national one yet: L140581-0000012-C, C being MOD 11,10 over the digits.

    `serial` comes from the number series of the region (1 to 9999999).
    """
    if not (len(region_code) == 6 and region_code.isascii() and region_code.isdigit()):
        raise ValidationError(f"行政区划代码“{region_code}”应为 6 位数字。", code="region")
    if not 1 <= serial <= 9_999_999:
        raise ValidationError("本地项目代码的流水号应在 1 至 9999999 之间。", code="serial")
    return f"{LOCAL_PREFIX}{region_code}-{serial:07d}-{mod_11_10(f'{region_code}{serial:07d}')}"


def is_local_code(text: str) -> bool:
    """Whether the text is a local code with the right check digit."""
    match = _LOCAL.fullmatch(text)
    return match is not None and mod_11_10(match[1] + match[2]) == int(match[3])


# Subjects ---------------------------------------------------------------------------------------------------------


def normalise_uscc(text: str) -> str:
    """A 统一社会信用代码 as it is stored: half-width, without blanks or hyphens, capitals."""
    return mend(text).replace("-", "")


def validate_uscc(text: str) -> str:
    """Return a 统一社会信用代码 (GB 32100), or raise `ValidationError`.

    Both checks are made: MOD 31 over the whole and GB 11714 over the organisation code inside. Letters are allowed
    in the first two places (rural collectives, N...).
    """
    if not text:
        raise ValidationError("请填写统一社会信用代码。", code="blank")
    strangers = sorted({character for character in text if character not in USCC_ALPHABET})
    if strangers:
        message = f"统一社会信用代码里有“{''.join(strangers)[:8]}”：只能用数字和大写字母，且没有 I、O、S、V、Z。"
        raise ValidationError(message, code="alphabet")
    if len(text) != 18:
        raise ValidationError(f"统一社会信用代码应为 18 位，现在是 {len(text)} 位。", code="length")
    if not (text[2:8].isdigit()):
        raise ValidationError(f"统一社会信用代码第 3 至 8 位“{text[2:8]}”应为行政区划数字。", code="region")
    if mod_31(text[:17]) != text[17]:
        raise ValidationError("统一社会信用代码的校验位不对，请核对每一位是否抄错。", code="check_digit")
    if gb_11714(text[8:16]) != text[16]:
        message = "统一社会信用代码中的组织机构代码（第 9 至 17 位）校验不通过，请核对证照原件。"
        raise ValidationError(message, code="inner_check")
    return text


def clean_uscc(text: str) -> str:
    """Mend what was typed and return the valid credit code, or raise `ValidationError`."""
    return validate_uscc(normalise_uscc(text))


def validate_org_code(text: str) -> str:
    """Return an organisation code XXXXXXXX-C (GB 11714), or raise `ValidationError`."""
    if not re.fullmatch(r"[0-9A-Z]{8}-[0-9X]", text):
        raise ValidationError("组织机构代码应为 8 位数字或大写字母、短横线和 1 位校验码。", code="format")
    if gb_11714(text[:8]) != text[9]:
        raise ValidationError("组织机构代码的校验位不对，请核对每一位是否抄错。", code="check_digit")
    return text


def normalise_cn_id(text: str) -> str:
    """A 公民身份号码 as it is stored: half-width, without blanks, capital X."""
    return mend(text).replace("-", "")


def validate_cn_id(text: str) -> str:
    """Return a 公民身份号码 (GB 11643), or raise `ValidationError`; abolished regions are valid for life."""
    if not text:
        raise ValidationError("请填写公民身份号码。", code="blank")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        message = "公民身份号码应为 18 位：前 17 位是数字，末位是数字或大写 X。"
        raise ValidationError(message, code="format")
    born = _date(text[6:14])
    if born is None:
        raise ValidationError(f"公民身份号码中的出生日期“{text[6:14]}”不存在。", code="birthday")
    if born > timing.today():
        raise ValidationError(f"公民身份号码中的出生日期“{text[6:14]}”晚于今天。", code="birthday")
    if mod_11_2(text[:17]) != text[17]:
        raise ValidationError("公民身份号码的校验位不对，请核对每一位是否抄错。", code="check_digit")
    return text


def clean_cn_id(text: str) -> str:
    """Mend what was typed and return the valid identity number, or raise `ValidationError`."""
    return validate_cn_id(normalise_cn_id(text))


# Permits and certificates -----------------------------------------------------------------------------------------


def validate_elicense_id(text: str) -> str:
    """Return an electronic licence identifier (GB/T 36904), or raise `ValidationError`."""
    match = _ELICENSE.fullmatch(text)
    if match is None:
        message = "电子证照标识应以 1.2.156.3005.2 开头，依次为类型、颁发机构、流水号、3 位版本和校验位，用圆点分隔。"
        raise ValidationError(message, code="format")
    kind, issuer, serial, edition, check = match.groups()
    if mod_37_36(kind + issuer + serial + edition) != check:
        raise ValidationError("电子证照标识的校验位不对，请核对每一位是否抄错。", code="check_digit")
    for uscc in (kind[:18], issuer):
        validate_uscc(uscc)
    return text


def validate_construction_permit_no(text: str) -> str:
    """Return an 18-digit 施工许可 number (region 6, date 8, serial 2, class 2), or raise `ValidationError`."""
    if not re.fullmatch(r"[0-9]{18}", text):
        message = "施工许可证编号应为 18 位数字：区划 6 位、日期 8 位、序号 2 位、类别 2 位。"
        raise ValidationError(message, code="format")
    if _date(text[6:14]) is None:
        raise ValidationError(f"施工许可证编号中的日期“{text[6:14]}”不存在。", code="date")
    return text


def validate_planning_permit_no(text: str) -> str:
    """Return a planning permit number (地/建/乡字第 + 15 digits + 号), or raise `ValidationError`.

    The body is a local pattern: a caller may show the message as a warning instead of refusing.
    """
    if not _PLANNING.fullmatch(text):
        message = "规划许可证号应写成“地字第…号”“建字第…号”或“乡字第…号”，中间是 15 位数字（区划 6、年 4、序号 5）。"
        raise ValidationError(message, code="format")
    return text


def validate_real_estate_unit_code(text: str) -> str:
    """Return a 28-character 不动产单元代码 (GB/T 37346), or raise `ValidationError`."""
    if len(text) != 28:
        raise ValidationError(f"不动产单元代码应为 28 位，现在是 {len(text)} 位。", code="length")
    if not _REAL_ESTATE.fullmatch(text):
        message = "不动产单元代码应依次为 12 位数字、2 位宗地特征字母、5 位数字、1 位定着物特征字母、8 位数字。"
        raise ValidationError(message, code="format")
    if text[19] not in "FLQW":
        raise ValidationError(f"不动产单元代码第 20 位“{text[19]}”不对：定着物特征应为 F、L、Q 或 W。", code="feature")
    return text


def _date(digits: str) -> dt.date | None:
    """A date written YYYYMMDD, or None when there is no such day."""
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() else 0
