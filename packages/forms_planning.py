"""Forms of planning: the options that become the plan, and the period of building."""

from __future__ import annotations

from typing import Any

from django import forms

from packages.planning.options import options


class WhatIfForm(forms.Form):
    """The switches of a comparison, as they are asked for by address; `set` tells an empty choice from none."""

    on = forms.MultipleChoiceField(label="办理方式", required=False)
    set = forms.CharField(required=False, max_length=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the options of the catalogue as choices."""
        super().__init__(*args, **kwargs)
        self.fields["on"].choices = [(code, one.name) for code, one in options().items()]  # type: ignore[attr-defined]

    def chosen(self) -> list[str] | None:
        """Return the options asked for, or None when the page is opened without a choice."""
        if not self.is_valid() or not (self.cleaned_data["set"] or self.cleaned_data["on"]):
            return None
        return list(self.cleaned_data["on"])


class ChooseForm(WhatIfForm):
    """The choice that becomes the plan: what was looked at, why, and how long the building takes."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    works_days = forms.IntegerField(
        label="施工工期（自然日）", required=False, min_value=1, max_value=3650,
        help_text="按施工合同填写；不填按同类工程暂估",
        error_messages={"invalid": "请填写天数，如 365。"},
    )
    reason = forms.CharField(
        label="选定理由", required=False, max_length=200, help_text="如：主体设计稳定，愿意承担分段许可的期限",
    )
