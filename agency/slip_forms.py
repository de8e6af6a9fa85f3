"""Forms of the chase slips: they parse and validate, they never write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from agency.states import SlipColour

if TYPE_CHECKING:
    from projects.models import Organisation


class IssueForm(forms.Form):
    """Whom to chase, in which colour, why."""

    to = forms.ChoiceField(label="督办对象", error_messages={"required": "请选择督办对象。"})
    colour = forms.ChoiceField(label="颜色", choices=SlipColour.choices, error_messages={"required": "请选择颜色。"})
    reason = forms.CharField(
        label="督办事由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="什么事、应于哪天办结、要求做什么；对方和项目两名代办人员会收到",
        error_messages={"required": "请写明督办事由。"},
    )

    def __init__(self, *args: Any, bodies: Sequence[Organisation] = (), **kwargs: Any) -> None:
        """Offer the bodies that the project is with."""
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(body.pk, body.label) for body in bodies]  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    """Why it is late, what is done, and until when."""

    answer = forms.CharField(
        label="原因和措施", max_length=500, widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "请写明原因和采取的措施。"},
    )
    promised_on = forms.DateField(
        label="承诺办结日", widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "请写明承诺办结的日期。", "invalid": "请按年月日填写。"},
    )


class RemarkForm(forms.Form):
    """Words of the one who sends back or closes."""

    remark = forms.CharField(label="意见", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))
