"""Forms of deferred papers, commitments and papers of the government: they parse and check, never write."""

from __future__ import annotations

from django import forms

from archives.fields import PagesField
from packages.forms import KeyedRadios
from packages.states import CheckResult

ROWS = {"rows": 3}


class HandInForm(forms.Form):
    """The file of a deferred paper."""

    uploaded = PagesField(
        label="补交的文件", required=True, help_text="逐页的图片可以一次选多张，合并成一份 PDF",
        error_messages={"required": "请选择要补交的文件。"},
    )


class TimeForm(forms.Form):
    """One more term for a late paper."""

    days = forms.IntegerField(label="再给几个工作日", min_value=1, max_value=60)
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs=ROWS))


class SignForm(forms.Form):
    """The signature under a commitment."""

    read = forms.BooleanField(
        label="我是单位负责人，已读懂告知书的全部内容，自愿作出上述承诺",
        error_messages={"required": "请先读完告知书，再勾选确认。"},
    )


class KeptForm(forms.Form):
    """The enterprise tells how it keeps a commitment."""

    note = forms.CharField(label="怎样达到承诺的条件", max_length=500, widget=forms.Textarea(attrs=ROWS))


class CheckForm(forms.Form):
    """The record of a check."""

    result = forms.ChoiceField(label="核查结果", choices=CheckResult.choices, widget=KeyedRadios(then="note"))
    note = forms.CharField(label="什么时候、怎样查的、看到什么", max_length=500, widget=forms.Textarea(attrs=ROWS))
    uploaded = forms.FileField(label="佐证", error_messages={"required": "请附核查的佐证（照片、报告或记录）。"})
    days = forms.IntegerField(
        label="限期几个工作日（尚未履约时）", min_value=1, max_value=250, required=False,
    )


class BreachForm(forms.Form):
    """What follows from a breach other than a revocation."""

    answer = forms.CharField(label="怎样处理、为什么", max_length=300, widget=forms.Textarea(attrs=ROWS))


class SupplyForm(forms.Form):
    """A paper of the government: its file, or where it was verified."""

    uploaded = PagesField(label="材料文件")
    note = forms.CharField(
        label="在哪个系统核验、结果怎样", max_length=300, required=False, widget=forms.Textarea(attrs=ROWS),
        help_text="上传文件或写明核验情况，至少一项",
    )


class AbsentForm(forms.Form):
    """Why a paper cannot be fetched."""

    note = forms.CharField(label="为什么调取不到", max_length=300, widget=forms.Textarea(attrs=ROWS))
