"""Forms of the archive: they parse and validate, and never write."""

from __future__ import annotations

import datetime as dt
import re

from django import forms

from archives import codewords, media
from archives.models import DocumentKind
from archives.queries import DocumentFilter
from archives.searching import SHORTEST
from archives.states import CLASS_NAMES
from projects import timing

SHA256 = re.compile(r"[0-9a-f]{64}")
STATES = (("", "全部"), ("current", "现行"), ("replaced", "已替换"))


class VerifyForm(forms.Form):
    """A code from a paper, or the SHA-256 of a file; one of the two."""

    code = forms.CharField(
        label="验真码", required=False, max_length=60,
        help_text="印在文书最下方，四个一组，大小写、横线、空格都不影响。",
        widget=forms.TextInput(attrs={"placeholder": "3F9K-Q2T7-HM4C", "autocomplete": "off", "inputmode": "text"}),
    )
    sha256 = forms.CharField(
        label="或者填文件的 SHA-256", required=False, max_length=120,
        help_text="64 位十六进制（SM3 也可以）。文件留在您的手机或电脑上，不用上传。",
        widget=forms.TextInput(attrs={"placeholder": "8c417be0…", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        """Return the code as it is kept; refuse what cannot be one."""
        code = codewords.plain(self.cleaned_data["code"])
        if self.cleaned_data["code"].strip() and len(code) != codewords.VERIFY_LENGTH:
            length = codewords.VERIFY_LENGTH
            raise forms.ValidationError(f"验真码是 {length} 位字母和数字，您填了 {len(code)} 位，请对照纸面再看一遍。")
        return code

    def clean_sha256(self) -> str:
        """Return the hash in small letters without blanks; refuse what cannot be one."""
        text = "".join(self.cleaned_data["sha256"].lower().removeprefix("sha256:").split())
        if text and not SHA256.fullmatch(text):
            raise forms.ValidationError(f"SHA-256 是 64 位十六进制（0-9、a-f），您填了 {len(text)} 位，请完整粘贴。")
        return text


class ArchiveFilterForm(forms.Form):
    """What the archive page is narrowed to."""

    q = forms.CharField(
        label="找", required=False, max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "题名、种类、来源环节，或校验值开头"}),
    )
    cls = forms.ChoiceField(
        label="类目", required=False,
        choices=[("", "全部"), *((key, f"{key} {name}") for key, name in CLASS_NAMES.items())],
    )
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)

    def wanted(self) -> DocumentFilter:
        """Return the filter; what is not valid is left out."""
        self.is_valid()
        data = self.cleaned_data
        return DocumentFilter(data.get("q", ""), data.get("cls", ""), data.get("state", ""))


class SearchForm(forms.Form):
    """What is looked for in the whole archive."""

    q = forms.CharField(
        label="找什么", required=False, max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "题名、文号、档号、种类，或文件里的字句"}),
    )
    cls = forms.ChoiceField(
        label="类目", required=False,
        choices=[("", "全部"), *((key, f"{key} {name}") for key, name in CLASS_NAMES.items())],
    )

    def clean_q(self) -> str:
        """Return the words without needless blanks; one letter alone would find everything."""
        text = " ".join(self.cleaned_data["q"].split())
        if text and len(text) < SHORTEST:
            raise forms.ValidationError("请至少写两个字。")
        return text

    def wanted(self) -> tuple[str, str]:
        """Return words and class; what is not valid is left out."""
        self.is_valid()
        return self.cleaned_data.get("q", ""), self.cleaned_data.get("cls", "")


class AsOfForm(forms.Form):
    """The day on which a project is looked at."""

    asof = forms.DateField(
        label="哪一天", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "请按 2026-08-01 的样子写日期。", "required": "请选一个日期。"},
    )

    def clean_asof(self) -> dt.date:
        """Return the day; what is still to come cannot be looked at."""
        day: dt.date = self.cleaned_data["asof"]
        if day > timing.today():
            raise forms.ValidationError("这一天还没有到。")
        return day


def _kind_label(obj: DocumentKind) -> str:
    """Return class and name of a kind for a choice."""
    return f"{obj.doc_class} {obj.name}"


class DocumentForm(forms.Form):
    """补充归档: what it is, how it is called, the file."""

    kind = forms.ModelChoiceField(
        label="文件种类", queryset=DocumentKind.objects.none(), empty_label="请选择",
        error_messages={"required": "请选择文件种类。", "invalid_choice": "请从列表中选择文件种类。"},
    )
    title = forms.CharField(
        label="题名", max_length=200, required=False, help_text="留空就用种类的名称。",
        widget=forms.TextInput(attrs={"placeholder": "例如：3号车间竣工图（建施）"}),
    )
    file = forms.FileField(
        label="文件", help_text=f"可以上传：{media.ALLOWED_WORDS}。", allow_empty_file=True,
        error_messages={"required": "请选择要归档的文件。", "missing": "没有收到文件，请重新选择。"},
        widget=forms.ClearableFileInput(attrs={"accept": media.ACCEPT}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Offer the kinds that people bring, by class; our own papers are issued, not filed."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["kind"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = DocumentKind.objects.exclude(produced_by="portal").order_by("doc_class", "name")
            field.label_from_instance = _kind_label  # type: ignore[method-assign]


class VersionForm(forms.Form):
    """A new version of a document."""

    file = forms.FileField(
        label="新版文件", help_text=f"可以上传：{media.ALLOWED_WORDS}。旧版留在档案里。", allow_empty_file=True,
        error_messages={"required": "请选择新版文件。", "missing": "没有收到文件，请重新选择。"},
        widget=forms.ClearableFileInput(attrs={"accept": media.ACCEPT}),
    )


class ReasonForm(forms.Form):
    """Why a code is re-issued or taken out of use."""

    reason = forms.CharField(
        label="原因", max_length=200, error_messages={"required": "请写明原因，例如：标牌损坏、码被冒用。"},
        widget=forms.TextInput(attrs={"placeholder": "例如：标牌损坏"}),
    )


class ReceiverForm(forms.Form):
    """Who signed for a printed paper at the window."""

    receiver = forms.CharField(
        label="签收人姓名", max_length=50, error_messages={"required": "请填写签收人的姓名。"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
