"""Forms of credit archives: they parse and validate, they never write."""

from __future__ import annotations

from typing import Any

from django import forms

from projects import credit_data, timing
from projects.models import Membership, Organisation, Project

WORDS = forms.Textarea(attrs={"rows": 3})


class SearchForm(forms.Form):
    """A name or a credit code."""

    q = forms.CharField(label="单位名称或统一社会信用代码", max_length=60, required=False)


class ConductForm(forms.Form):
    """What a department records by hand."""

    rule = forms.ChoiceField(label="事由")
    happened_on = forms.DateField(label="发生日期", initial=timing.today)
    detail = forms.CharField(label="情况", max_length=300, widget=WORDS)
    basis = forms.CharField(label="依据", max_length=200, help_text="认定文书、检查记录或表彰文件的名称和文号")
    project_id = forms.ChoiceField(label="项目", required=False)
    person_id = forms.ChoiceField(label="人员", required=False, help_text="选了人员，只记入个人信用档案")
    is_agent = forms.BooleanField(label="由代办人员的差错引起（留存，不计企业分）", required=False)

    def __init__(self, given: Any = None, *, body: Organisation) -> None:
        """Offer the rules of today, the projects of the body and its people."""
        super().__init__(given)
        rules = [(one.code, f"{one.name}（{one.points:+d} 分）") for one in credit_data.rules(timing.today())
                 if not one.event]
        people = Membership.objects.posts().filter(organisation=body).select_related("user").order_by("pk")
        projects = Project.objects.filter(owner=body).order_by("-pk")[:50]
        self.fields["rule"].choices = rules  # type: ignore[attr-defined]
        self.fields["project_id"].choices = [("", "—"), *((str(one.pk), one.name) for one in projects)]  # type: ignore[attr-defined]
        self.fields["person_id"].choices = [("", "—"), *{str(one.user_id): one.user.name for one in people}.items()]  # type: ignore[attr-defined]

    def clean_project_id(self) -> int | None:
        """Return the key."""
        return int(self.cleaned_data["project_id"]) if self.cleaned_data["project_id"] else None

    def clean_person_id(self) -> int | None:
        """Return the key."""
        return int(self.cleaned_data["person_id"]) if self.cleaned_data["person_id"] else None


class TextForm(forms.Form):
    """One text: a plea, an objection, an application."""

    text = forms.CharField(label="内容", max_length=1000, widget=WORDS)


class ProposeForm(forms.Form):
    """Why an enterprise should be listed."""

    reason = forms.CharField(label="列入原因", max_length=300, widget=WORDS)
    basis = forms.CharField(label="依据", max_length=200)


class DecideForm(forms.Form):
    """Yes or no, with the reason."""

    choice = forms.ChoiceField(label="决定", widget=forms.RadioSelect)
    note = forms.CharField(label="理由", max_length=300, widget=WORDS)

    def __init__(self, given: Any = None, *, yes: str, no: str) -> None:
        """Name both sides."""
        super().__init__(given)
        self.fields["choice"].choices = [("yes", yes), ("no", no)]  # type: ignore[attr-defined]
