"""What a form says of a field that is empty, in the words of this portal where a form has no sentence of its own."""

from __future__ import annotations

from django import forms

REQUIRED: tuple[tuple[type[forms.Field], str], ...] = (
    (forms.Field, "请填写这一项。"),
    (forms.ChoiceField, "请选择一项。"),
    (forms.MultipleChoiceField, "请至少选择一项。"),
    (forms.BooleanField, "请勾选后再继续。"),
    (forms.FileField, "请选择文件。"),
    (forms.DateField, "请填写日期。"),
)


def register() -> None:
    """Put our sentences in the place of Django's."""
    for field, words in REQUIRED:
        field.default_error_messages = {**field.default_error_messages, "required": words}
