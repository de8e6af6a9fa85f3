"""Forms of the steps beside intake and decision: they parse and check, never write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from packages.act_states import DeliveryWay
from packages.forms import KeyedRadios
from packages.states import SpecialKind
from packages.verdict_words import PERMIT, VerdictWords

YES_NO = [("yes", "批准"), ("no", "不批准")]


def _text(label: str, *, rows: int = 3, most: int = 300, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, required=required, help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class LateEntryForm(forms.Form):
    """A second person confirms an earlier time, or does not, and says by what."""

    confirmed = forms.ChoiceField(
        label="确认", choices=[("yes", "当时确已办理"), ("no", "不予确认")], widget=KeyedRadios
    )
    ground = _text("依据", help_text="凭什么确认或不确认，例如纸质文书的编号和日期、签收记录。")


class WithdrawForm(forms.Form):
    """撤件 with its reason."""

    reason = _text("撤件原因")


class WrittenWithdrawForm(WithdrawForm):
    """撤件 at the window: with the request that the owner signed, unless it asked in the portal."""

    uploaded = forms.FileField(
        label="撤件申请书", allow_empty_file=True, help_text="建设单位盖章的书面申请的扫描件。",
        error_messages={"required": "请上传建设单位盖章的撤件申请书；建设单位也可以自己在网上申请撤件。"},
    )

    def __init__(self, data: Any = None, files: Any = None, *, asked: bool = False) -> None:
        """Ask for the paper unless the owner `asked` in the portal."""
        super().__init__(data, files)
        if asked:
            self.fields["uploaded"].required = False
            self.fields["uploaded"].help_text = "建设单位已在网上申请，不用上传。"


class AnswerWithdrawalForm(forms.Form):
    """The answer to a request to withdraw."""

    granted = forms.ChoiceField(
        label="答复", choices=[("yes", "同意撤件"), ("no", "不同意")], widget=KeyedRadios
    )
    note = _text("说明", required=False, help_text="不同意的须写明理由，建设单位会看到。")

    def clean(self) -> dict[str, Any]:
        """A refusal says why."""
        given = super().clean() or {}
        if given.get("granted") == "no" and not given.get("note"):
            self.add_error("note", "不同意撤件的，请写明理由。")
        return given


class RecallForm(forms.Form):
    """撤回 of a step of the body, with its reason."""

    reason = _text("撤回理由")


class OverdueForm(forms.Form):
    """What becomes of a correction that never came."""

    choice = forms.ChoiceField(
        label="处理", choices=[("recall", "部门撤回"), ("fail", PERMIT.refused)], widget=KeyedRadios,
        help_text="部门撤回：本次办理终止，可以重新申报。不予许可：作出决定，写明理由和救济途径。",
    )
    reason = _text("理由")

    def __init__(self, data: Any = None, *, words: VerdictWords = PERMIT) -> None:
        """Say the refusal in the words of the kind of matter."""
        super().__init__(data)
        field = self.fields["choice"]
        field.choices = [("recall", "部门撤回"), ("fail", words.refused)]  # type: ignore[attr-defined]
        field.help_text = str(field.help_text).replace(PERMIT.refused, words.refused)


class SpecialStartForm(forms.Form):
    """The request for a special procedure (行政许可法 45)."""

    kind = forms.ChoiceField(label="类别", choices=[("", "请选择"), *SpecialKind.choices])
    basis = forms.CharField(label="依据", max_length=300)
    planned_days = forms.IntegerField(label="计划天数（工作日）", min_value=1, max_value=120)


class SpecialEndForm(forms.Form):
    """The end of a special procedure with its result and the document that shows it."""

    result = _text("结果")
    uploaded = forms.FileField(
        label="结果文件", allow_empty_file=True, help_text="笔录、报告或意见的扫描件。",
        error_messages={"required": "请上传特别程序的结果文件。"},
    )


class ApproveForm(forms.Form):
    """The head approves, or does not and says why."""

    approved = forms.ChoiceField(label="批准", choices=YES_NO, widget=KeyedRadios)
    reason = _text("不批准的理由", required=False)

    def clean(self) -> dict[str, Any]:
        """What is not approved says why."""
        given = super().clean() or {}
        if given.get("approved") == "no" and not given.get("reason"):
            self.add_error("reason", "不批准的，请写明理由。")
        return given


class ApproveExtensionForm(ApproveForm):
    """The same for an extension; a joint one carries the number of the government's approval."""

    approval = forms.CharField(label="批准文号", max_length=80, required=False)

    def __init__(self, data: Any = None, *, is_joint: bool = False) -> None:
        """Ask for the number only of a joint one."""
        super().__init__(data)
        if not is_joint:
            del self.fields["approval"]
        else:
            self.order_fields(["approved", "approval", "reason"])
            self.fields["approval"].help_text = "本级人民政府负责人批准的文号。"


class ExtendForm(forms.Form):
    """The request for more time (行政许可法 42)."""

    days = forms.IntegerField(label="延长天数（工作日）", min_value=1)
    reason = _text("延长理由", help_text="理由会写进告知书，告知申请人。")

    def __init__(self, data: Any = None, *, most: int) -> None:
        """Know how many days the law allows."""
        super().__init__(data)
        self.fields["days"] = forms.IntegerField(
            label="延长天数（工作日）", min_value=1, max_value=most, initial=most, help_text=f"最多 {most} 个工作日。"
        )
        self.order_fields(["days", "reason"])


class DeliverForm(forms.Form):
    """How the certificate was handed out."""

    way = forms.ChoiceField(
        label="领取方式",
        widget=KeyedRadios(then={DeliveryWay.WINDOW: "receiver", DeliveryWay.POST: "tracking"}),
    )
    receiver = forms.CharField(
        label="领取人", max_length=60, required=False, widget=forms.TextInput(attrs={"data-nodraft": ""}),
        help_text="窗口领取时填写。",
    )
    tracking = forms.CharField(label="邮件号", max_length=60, required=False, help_text="邮寄时填写。")

    def __init__(self, data: Any = None, *, ways: Iterable[str] = tuple(DeliveryWay.values)) -> None:
        """Offer the ways that the person may choose; the owner only downloads."""
        super().__init__(data, initial={"way": next(iter(ways))})
        chosen = list(ways)
        self.fields["way"].choices = [(w, DeliveryWay(w).label) for w in chosen]  # type: ignore[attr-defined]
        if chosen == [DeliveryWay.DOWNLOAD]:
            del self.fields["receiver"], self.fields["tracking"]

    def clean(self) -> dict[str, Any]:
        """The window names who came, the post gives its number."""
        given = super().clean() or {}
        if given.get("way") == DeliveryWay.WINDOW and not given.get("receiver"):
            self.add_error("receiver", "窗口领取的，请填写领取人。")
        if given.get("way") == DeliveryWay.POST and not given.get("tracking"):
            self.add_error("tracking", "邮寄的，请填写邮件号。")
        return given


class RevokeForm(forms.Form):
    """撤销 of a decision with reason, basis and hearing."""

    reason = _text("撤销理由", most=500)
    basis = forms.CharField(label="依据", max_length=300)
    hearing = forms.ChoiceField(
        label="听证", choices=[("yes", "已告知听证权利"), ("no", "未告知")], widget=KeyedRadios
    )
    hearing_note = _text("听证情况", rows=2, required=False, help_text="举行的写结果；没有告知的写明原因。")

    def clean(self) -> dict[str, Any]:
        """Without a hearing it says why."""
        given = super().clean() or {}
        if given.get("hearing") == "no" and not given.get("hearing_note"):
            self.add_error("hearing_note", "没有告知听证权利的，请写明原因。")
        return given
