"""What a form says of a field that is empty, too long, out of bounds or not of its kind, and of a day far from ours.

Only where the field has no sentence of its own.
"""

from __future__ import annotations

import datetime as dt

from django import forms
from django.core import validators

REQUIRED: tuple[tuple[type[forms.Field], str], ...] = (
    (forms.Field, "请填写这一项。"),
    (forms.ChoiceField, "请选择一项。"),
    (forms.MultipleChoiceField, "请至少选择一项。"),
    (forms.BooleanField, "请勾选后再继续。"),
    (forms.FileField, "请选择文件。"),
    (forms.DateField, "请填写日期。"),
)
#: What is not of the kind that a field takes; a choice that is no longer there is left over on an old page.
GONE = "选的这一项不在可选范围里，请刷新页面后重新选择。"
INVALID: tuple[tuple[type[forms.Field], str, str], ...] = (
    (forms.ChoiceField, "invalid_choice", GONE),
    (forms.MultipleChoiceField, "invalid_choice", GONE),
    (forms.ModelChoiceField, "invalid_choice", GONE),
    (forms.ModelMultipleChoiceField, "invalid_choice", GONE),
    (forms.ModelMultipleChoiceField, "invalid_pk_value", GONE),
    (forms.IntegerField, "invalid", "请填写整数，例如 5。"),
    (forms.DecimalField, "invalid", "请填写数字，例如 12.5。"),
    (forms.FloatField, "invalid", "请填写数字，例如 12.5。"),
    (forms.TimeField, "invalid", "时间请写成 09:30 的样子。"),
    (forms.DateField, "invalid", "日期请写成 2026-11-02 的样子。"),
    (forms.DateTimeField, "invalid", "时间请写成 2026-11-02 09:30 的样子。"),
)
LONG = "这一项最多 %(limit_value)d 个字（含标点），现在有 %(show_value)d 个，请删减后再提交。"
SHORT = "这一项至少 %(limit_value)d 个字（含标点），现在有 %(show_value)d 个，请补充后再提交。"
BOUNDS: tuple[tuple[type[validators.BaseValidator], str], ...] = (
    (validators.MaxLengthValidator, LONG),
    (validators.MinLengthValidator, SHORT),
    (validators.MaxValueValidator, "这一项不能大于 %(limit_value)s，请核对。"),
    (validators.MinValueValidator, "这一项不能小于 %(limit_value)s，请核对。"),
)
#: Nothing that the portal keeps lies beyond; what does can neither be counted on from nor said in another zone.
FIRST_YEAR, LAST_YEAR = 1900, 2199
NO_YEAR = "日期的年份不对，请核对，例如 2026-11-02。"
LONG_FILE_NAME = "文件名最多 %(max)d 个字，现在有 %(length)d 个，请改短后重新选择。"


def register() -> None:
    """Put our sentences in the place of Django's."""
    for field, words in REQUIRED:
        field.default_error_messages = {**field.default_error_messages, "required": words}
    for field, code, words in INVALID:
        field.default_error_messages = {**field.default_error_messages, code: words}
    forms.FileField.default_error_messages = {**forms.FileField.default_error_messages, "max_length": LONG_FILE_NAME}
    for validator, words in BOUNDS:
        validator.message = words
    for dated in (forms.DateField, forms.DateTimeField):
        dated.default_validators = [in_our_years]


def in_our_years(day: dt.date) -> None:
    """Refuse a day or moment at the ends of the calendar."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise forms.ValidationError(NO_YEAR, code="year")
