"""Forms of the enterprise's pages: a file may come from the disk or straight from the camera of a telephone."""

from __future__ import annotations

from typing import Any

from django import forms

from archives.fields import PagesField
from packages.states import MaterialState

#: The code of an upload without a file.
NO_FILE = "no_file"


class _WithFile(forms.Form):
    """A form with a file and a photograph; the photograph counts where both are given."""

    uploaded = PagesField(label="文件")
    photo = PagesField(label="照片")

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        given = dict(self.cleaned_data)
        photo = given.pop("photo")
        given["uploaded"] = photo or given["uploaded"]
        return given


class FilingLineForm(_WithFile):
    """How one line of the checklist is met, and the state of the line that the page showed."""

    state = forms.ChoiceField(label="提交方式", choices=MaterialState.choices)
    note = forms.CharField(label="说明", required=False, max_length=300)
    stamp = forms.CharField(required=False, max_length=60)

    def clean(self) -> dict[str, Any]:
        """上传 asks for a file; what was typed beside it stays."""
        given = dict(super().clean() or {})
        asked = given.get("state") == MaterialState.UPLOADED and not self.errors
        if asked and not (given.get("uploaded") or given.get("photo")):
            words = "请先选择文件（手机上可以拍照），再按“上传”。"
            self.add_error("uploaded", forms.ValidationError(words, code=NO_FILE))
        return given

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        given = super().values()
        del given["stamp"]
        return given


class ReplyForm(_WithFile):
    """The answer to one fault."""

    answer = forms.CharField(
        label="怎么改的", max_length=500, error_messages={"required": "请写明是怎么改的，再保存。"}
    )
