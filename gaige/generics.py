"""Lets ``TextField[str, str]`` run: the type stubs know these parameters, Django does not."""

from django import forms
from django.db import models

CLASSES: tuple[type, ...] = (models.Field, forms.BaseModelForm, forms.ModelChoiceField)


def allow_subscripts() -> None:
    """Make a subscript on these classes return the class itself."""
    for cls in CLASSES:
        if not hasattr(cls, "__class_getitem__"):
            cls.__class_getitem__ = classmethod(lambda owner, *_: owner)  # type: ignore[attr-defined]
