"""Forms of the agency desk: they parse and validate, they never write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from agency.states import AssignmentRole

if TYPE_CHECKING:
    from agency.services.assignment import Proposal


class AssignForm(forms.Form):
    """Who becomes what: a person of the proposal by one button, or somebody else with a reason."""

    role = forms.ChoiceField(
        choices=AssignmentRole.choices, widget=forms.HiddenInput,
        error_messages={"required": "请选择项目长或服务专员。", "invalid_choice": "请选择项目长或服务专员。"},
    )
    agent = forms.IntegerField(
        widget=forms.HiddenInput, error_messages={"required": "请选择人员。", "invalid": "请从名单中选择人员。"}
    )
    override_reason = forms.CharField(label="改派理由", max_length=300, required=False)


class OverrideForm(forms.Form):
    """Somebody who was not proposed, with the reason."""

    role = forms.CharField(widget=forms.HiddenInput)
    agent = forms.ChoiceField(label="人员")
    override_reason = forms.CharField(
        label="改派理由", max_length=300, required=False, help_text="写明为什么不用建议名单里的人",
        widget=forms.TextInput(attrs={"placeholder": "例如：建设单位要求沿用二期的服务专员"}),
    )

    def __init__(self, *args: Any, people: Sequence[Proposal] = (), **kwargs: Any) -> None:
        """Offer these people, each with the score and the projects at hand."""
        super().__init__(*args, **kwargs)
        offered = [(p.agent.pk, f"{p.agent.user}（{p.score}，{'；'.join(p.reasons)}）") for p in people]
        self.fields["agent"] = forms.ChoiceField(label="人员", choices=offered)
