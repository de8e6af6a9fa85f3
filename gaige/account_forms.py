"""Forms of the own account: they parse and validate, and never write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from projects import contacts, passwords
from projects.account_states import RequestKind, RequestState, SecurityRecordKind
from projects.models import User

SECRET = {"autocomplete": "current-password", "data-nodraft": ""}
NEW = {"autocomplete": "new-password", "data-nodraft": ""}


class PasswordForm(forms.Form):
    """The password as it is, and the new one twice."""

    old = forms.CharField(
        label="现在的密码", max_length=200, strip=False, widget=forms.PasswordInput(attrs=SECRET),
        error_messages={"required": "请填写现在的密码。"},
    )
    new = forms.CharField(
        label="新密码", max_length=200, strip=False, widget=forms.PasswordInput(attrs=NEW),
        error_messages={"required": "请设一个新密码。"},
    )
    again = forms.CharField(
        label="再输一遍新密码", max_length=200, strip=False, widget=forms.PasswordInput(attrs=NEW),
        error_messages={"required": "请再输一遍新密码。"},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        """Say the policy below the field."""
        super().__init__(*args, **options)
        old = f"不能用最近 {settings.PASSWORD_HISTORY} 次用过的。" if settings.PASSWORD_HISTORY else ""
        self.fields["new"].help_text = passwords.policy() + old

    def clean(self) -> dict[str, Any]:
        """Both new ones are the same."""
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", "两次输入的密码不一样，请重新输入。")
        return data


class ContactForm(forms.Form):
    """The own telephone and e-mail, and the password once more. Empty leaves a value as it is."""

    phone = forms.CharField(
        label="电话", max_length=40, required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel", "data-nodraft": ""}),
    )
    email = forms.CharField(
        label="邮箱", max_length=300, required=False,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "email", "data-nodraft": ""}),
    )
    drop = forms.MultipleChoiceField(label="不再登记", required=False, widget=forms.CheckboxSelectMultiple)
    password = forms.CharField(
        label="登录密码", max_length=200, strip=False, widget=forms.PasswordInput(attrs=SECRET),
        help_text="核实是您本人。", error_messages={"required": "请填写登录密码。"},
    )

    def __init__(self, *args: Any, held: dict[str, str], **options: Any) -> None:
        """Say what is on record, masked; only that can be deleted."""
        super().__init__(*args, **options)
        notes = {
            "phone": "手机或带区号的座机，座机收不到短信；加密保存。", "email": "例如 zhaomin@example.cn；加密保存。"
        }
        for name, note in notes.items():
            now = f"现在登记的是 {held[name]}，不改就留空。" if name in held else "还没有登记。"
            self.fields[name].help_text = now + note
        labels = [(name, f"删除登记的{self.fields[name].label}") for name in held]
        self.fields["drop"].choices = labels  # type: ignore[attr-defined]
        if not held:
            del self.fields["drop"]

    def clean_phone(self) -> str:
        """Half-width digits, of a mobile or with the area."""
        return contacts.clean_phone(self.cleaned_data["phone"])

    def clean_email(self) -> str:
        """A whole address."""
        return contacts.clean_email(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        """Something is asked for, and nothing both entered and deleted."""
        data = super().clean() or {}
        drop = data.get("drop", [])
        for name in drop:
            if data.get(name):
                self.add_error(name, "填了新的就不用勾选删除，请留一样。")
        if not (self.errors or drop or data.get("phone") or data.get("email")):
            self.add_error(None, "没有要改的内容，请填写电话或邮箱。")
        return data

    def wanted(self) -> dict[str, str]:
        """Return the columns to write: what was entered, and empty for what is deleted."""
        given = self.cleaned_data
        entered = {name: given[name] for name in ("phone", "email") if given[name]}
        return entered | dict.fromkeys(given.get("drop", []), "")


class DelegateForm(forms.Form):
    """To whom, until when, why."""

    to = forms.ModelChoiceField(
        User.objects.none(), label="代理人", empty_label="请选择同事", error_messages={"required": "请选择代理人。"}
    )
    until = forms.DateField(
        label="代理到哪天", widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "请填写截止日。"},
    )
    reason = forms.CharField(
        label="委托理由", max_length=120, help_text="例如：年休假、外出培训。",
        error_messages={"required": "请写明委托理由。"},
    )

    def __init__(self, *args: Any, colleagues: Any, **options: Any) -> None:
        """Offer the colleagues of the same body."""
        super().__init__(*args, **options)
        self.fields["to"].queryset = colleagues  # type: ignore[attr-defined]
        self.fields["until"].help_text = f"到期自动收回，最长 {settings.DELEGATION_MAX_DAYS} 天。"


class ElevateForm(forms.Form):
    """Why and for how long."""

    reason = forms.CharField(
        label="要办什么事", max_length=200, help_text="例如：登记新入驻单位的人员。写入操作记录。",
        error_messages={"required": "请写明要办什么事。"},
    )
    minutes = forms.IntegerField(
        label="时长（分钟）", min_value=5, initial=30, error_messages={"required": "请填写时长。"}
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        """Say how long at most."""
        super().__init__(*args, **options)
        self.fields["minutes"].help_text = f"5 至 {settings.ELEVATION_MAX_MINUTES} 分钟，到时自动关闭。"


class RequestForm(forms.Form):
    """What a person asks about the own data."""

    kind = forms.ChoiceField(
        label="请求", choices=[(one.value, one.label) for one in RequestKind if one != RequestKind.EXPORT],
        widget=forms.RadioSelect, error_messages={"required": "请选择请求的种类。"},
    )
    text = forms.CharField(label="说明", max_length=300, required=False, help_text="更正的，写明哪一项、应当是什么。")


class AnswerForm(forms.Form):
    """What was done, or why not."""

    state = forms.ChoiceField(
        label="结果", choices=[(one.value, one.label) for one in RequestState if one != RequestState.OPEN],
        widget=forms.RadioSelect, error_messages={"required": "请选择结果。"},
    )
    text = forms.CharField(
        label="答复", max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明办理结果或原因。"},
    )


class SecureForm(forms.Form):
    """What the security administrator does with an account, and why."""

    ACTS = (
        ("factor", "重置二次验证"), ("sessions", "结束全部登录会话"), ("suspend", "停用账号"), ("restore", "恢复账号"),
    )
    act = forms.ChoiceField(
        label="办理", choices=ACTS, widget=forms.RadioSelect, error_messages={"required": "请选择要办什么。"}
    )
    reason = forms.CharField(
        label="原因", max_length=200, help_text="写明怎么核实了本人，例如：手机遗失，已当面核实工作证。",
        error_messages={"required": "请写明原因。"},
    )


class SecurityRecordForm(forms.Form):
    """An impact assessment or an incident."""

    kind = forms.ChoiceField(
        label="种类", choices=SecurityRecordKind.choices, widget=forms.RadioSelect, initial=SecurityRecordKind.IMPACT
    )
    title = forms.CharField(label="名称", max_length=120)
    happened_on = forms.DateField(label="日期", widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(label="经过或评估内容", max_length=5000, widget=forms.Textarea(attrs={"rows": 4}))
    risk = forms.CharField(label="影响和风险", max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    measures = forms.CharField(label="措施", max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    told = forms.CharField(
        label="告知和报告情况", max_length=300, required=False, help_text="告知了谁、向哪个部门报告、什么时间。"
    )
