"""Forms of the bulletins: they parse and validate, they never write."""

from __future__ import annotations

from django import forms

from agency.bulletin_states import MONTHLY, BulletinSeries


class MonthForm(forms.Form):
    """The month of a bulletin that is begun, in both monthly series."""

    centre = forms.IntegerField()
    year = forms.IntegerField(min_value=2000, max_value=2999)
    month = forms.IntegerField(min_value=0, max_value=12)
    series = forms.ChoiceField(choices=BulletinSeries.choices, required=False)

    @property
    def wanted(self) -> list[str]:
        """Return the series that are begun: the one that was named, else both of the month."""
        return [self.cleaned_data["series"]] if self.cleaned_data.get("series") else [str(one) for one in MONTHLY]


class NoteForm(forms.Form):
    """A remark of who checks; it may be empty."""

    note = forms.CharField(label="核对意见", max_length=300, required=False)


class ReasonForm(forms.Form):
    """Why it goes back to whoever drafted it."""

    note = forms.CharField(label="退回原因", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ErratumForm(forms.Form):
    """What was wrong in the version that is corrected."""

    erratum = forms.CharField(
        label="更正说明",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明哪个数字有误、原因、怎么发现的；更正版与原版并列公布",
    )


class OutcomeForm(forms.Form):
    """What became of a problem."""

    outcome = forms.CharField(label="整改结果", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class ProblemForm(forms.Form):
    """The words of a typical problem: no project, no enterprise."""

    what = forms.CharField(
        label="问题", max_length=200, widget=forms.Textarea(attrs={"rows": 2}), help_text="不写项目和企业的名称"
    )
    cause = forms.CharField(label="原因", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    fix = forms.CharField(label="整改措施", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    due_on = forms.DateField(label="整改期限", widget=forms.DateInput(attrs={"type": "date"}))
