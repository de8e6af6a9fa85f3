"""Forms of the messages' pages: they parse and validate, they never write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from agency import message_data as data
from projects import timing

if TYPE_CHECKING:
    from projects.models import Organisation


class WebhookForm(forms.Form):
    """Where a body's own system listens, and to what."""

    organisation = forms.ChoiceField(label="单位", error_messages={"required": "请选择单位。"})
    name = forms.CharField(label="名称", max_length=60, help_text="例如：市住建局业务系统")
    url = forms.CharField(
        label="地址", max_length=300, help_text="以 https:// 开头；不跟随跳转，内网地址须由部署方放行",
        error_messages={"required": "请填写地址。"},
    )
    kinds = forms.MultipleChoiceField(
        label="消息种类", required=False, widget=forms.CheckboxSelectMultiple, help_text="不选就是全部"
    )

    def __init__(self, *args: Any, bodies: Sequence[Organisation] = (), **kwargs: Any) -> None:
        """Offer the bodies and the kinds of today."""
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [(body.pk, body.label) for body in bodies]  # type: ignore[attr-defined]
        offered = [(kind.code, kind.name) for kind in data.kinds(timing.today()).values()]
        self.fields["kinds"].choices = offered  # type: ignore[attr-defined]
