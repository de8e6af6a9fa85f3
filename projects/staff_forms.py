"""Forms of people and bodies: they parse and validate, and never write."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms

from projects import passwords
from projects.access import OWNER_ROLES
from projects.codes import clean_uscc, mend
from projects.contacts import clean_email
from projects.forms import clean_phone
from projects.models import Organisation
from projects.states import ADMIN_ROLES, FIRMS, OrganisationKind, Role

CONTACT_HELP = "可不填；加密保存。开账号后是本人的联系方式，本人可以改。码由您告诉本人，平台不发送。"


def _contact(text: str) -> str:
    return clean_email(text) if "@" in unicodedata.normalize("NFKC", text) else clean_phone(mend(text))


class InviteForm(forms.Form):
    """Who is invited in which role."""

    name = forms.CharField(label="姓名", max_length=50, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="角色", widget=forms.RadioSelect)
    title = forms.CharField(
        label="岗位", max_length=50, required=False, help_text="显示在名字前，例如：报建专员、3号窗口。"
    )
    contact = forms.CharField(
        label="手机或邮箱", max_length=80, required=False, help_text=CONTACT_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-nodraft": ""}),
    )
    until = forms.DateField(label="任职至", required=False, help_text="留空就是长期。")

    def __init__(self, *args: Any, body: Organisation, admin: bool, **options: Any) -> None:
        """Offer the roles that fit the body; a lead invites staff, so it is not asked."""
        super().__init__(*args, **options)
        offered = [role for role in Role if role not in ADMIN_ROLES]
        fits = [role for role in offered if (role in OWNER_ROLES) == (body.kind in FIRMS)]
        if not admin:
            fits = [Role.OWNER_STAFF]
            del self.fields["until"]
            self.fields["title"].help_text = "显示在名字前，例如：报建专员。"
        choices = [(role.value, role.label) for role in fits]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["role"].widget = forms.HiddenInput()
            self.fields["role"].initial = choices[0][0]

    def clean_contact(self) -> str:
        """Mend and check a telephone number or an e-mail address."""
        return _contact(self.cleaned_data["contact"])


class FirstAccountForm(forms.Form):
    """Who is responsible for an enterprise that has no account yet."""

    name = forms.CharField(
        label="负责人姓名", max_length=50, help_text="核对营业执照和本人身份证件后填写。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": ""}),
    )
    contact = forms.CharField(
        label="手机或邮箱", max_length=80, required=False, help_text=CONTACT_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-nodraft": ""}),
    )

    def clean_contact(self) -> str:
        """Mend and check a telephone number or an e-mail address."""
        return _contact(self.cleaned_data["contact"])


class BodyForm(forms.Form):
    """An enterprise that is not in the portal yet."""

    uscc = forms.CharField(
        label="统一社会信用代码", max_length=40, widget=forms.TextInput(attrs={"placeholder": "营业执照上的 18 位代码"})
    )
    name = forms.CharField(label="单位名称", max_length=100)
    kind = forms.ChoiceField(
        label="类别", widget=forms.RadioSelect, initial=OrganisationKind.ENTERPRISE,
        choices=[(kind.value, kind.label) for kind in OrganisationKind if kind in FIRMS],
    )

    def clean_uscc(self) -> str:
        """Mend and check the credit code (both checks)."""
        return clean_uscc(self.cleaned_data["uscc"])


class ReasonForm(forms.Form):
    """Why somebody's role ends."""

    reason = forms.CharField(label="原因", max_length=120, required=False, help_text="选填，例如：离职、调岗。")


class CodeEntryForm(forms.Form):
    """A code as it was told."""

    code = forms.CharField(
        label="邀请码", max_length=40,
        help_text="开通码、邀请码、重设码都填在这里：12 位字母和数字，大小写、横线、空格都不影响。",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "placeholder": "3F9K-Q2T7-HM4C"}),
        error_messages={"required": "请填写邀请码。"},
    )


class AccountForm(forms.Form):
    """A new account, or a new password."""

    username = forms.CharField(
        label="用户名", max_length=60, help_text="登录用，例如手机号或邮箱。",
        widget=forms.TextInput(attrs={"autocomplete": "username"}), error_messages={"required": "请填写用户名。"},
    )
    password = forms.CharField(
        label="密码", max_length=128, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "请设一个密码。"},
    )
    again = forms.CharField(
        label="再输一遍", max_length=128, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "请再输一遍密码。"},
    )

    def __init__(self, *args: Any, reset: bool = False, **options: Any) -> None:
        """A new password needs no name; what it has to be like is said before it is typed."""
        super().__init__(*args, **options)
        self.fields["password"].help_text = passwords.policy()
        if reset:
            del self.fields["username"]

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same."""
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "两次输入的密码不一样，请重新输入。")
        return data
