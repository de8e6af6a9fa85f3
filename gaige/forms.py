"""Forms of the pages that belong to no single app."""

from django import forms


class SignInForm(forms.Form):
    """Name and password."""

    username = forms.CharField(
        label="用户名", max_length=150, error_messages={"required": "请填写用户名。"},
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label="密码", max_length=200, strip=False, error_messages={"required": "请填写密码。"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """The code of the authenticator, or a recovery code."""

    code = forms.CharField(
        label="验证码", max_length=20, error_messages={"required": "请填写 6 位验证码。"},
        help_text="手机验证器上的 6 位数；手机不在身边时填一个恢复码。",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True,
                                      "spellcheck": "false", "data-nodraft": ""}),
    )
