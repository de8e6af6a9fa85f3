"""A form field that takes one file, or the pictures of one paper page by page."""

from __future__ import annotations

from typing import Any

from django import forms

from archives.joining import joined
from projects.errors import DomainError


class _Several(forms.FileInput):
    """An input that hands over all files that were chosen."""

    allow_multiple_selected = True


class PagesField(forms.FileField):
    """Files of one input: none, one of any kind, or several pictures that become one PDF in their order."""

    widget = _Several

    def __init__(self, *, required: bool = False, **options: Any) -> None:
        """Ask for nothing unless told so; the service says what is missing."""
        super().__init__(required=required, allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the one upload."""
        if not data:
            return super().clean(None, initial)
        files = [super(PagesField, self).clean(one, initial) for one in data]
        try:
            return joined(files)
        except DomainError as error:
            raise forms.ValidationError(error.message, code=error.code) from error
