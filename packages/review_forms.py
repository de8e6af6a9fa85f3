"""Forms of the joint review: opinions, supplements, sending on, rectifying, conferences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from packages.forms import KeyedRadios
from packages.services.conference import Position
from packages.states import ConferenceOutcome, OpinionVerdict
from packages.wording import vague_fault
from projects import timing

LONG = 1000
WITH_CONDITION = (OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL)


class NumbersField(forms.Field):
    """Primary keys from hidden fields or boxes of one name."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[int]:
        """Return the numbers; what is none is refused."""
        try:
            return [int(one) for one in value or []]
        except (TypeError, ValueError):
            raise forms.ValidationError("选择不正确，请刷新后重试。") from None


class OpinionForm(forms.Form):
    """The answer of one department, and the versions of the files that lay before the person."""

    verdict = forms.ChoiceField(label="意见", choices=OpinionVerdict.choices, widget=KeyedRadios(then="reason"))
    reason = forms.CharField(label="理由", max_length=LONG, widget=forms.Textarea(attrs={"rows": 3}))
    basis = forms.CharField(label="依据条款", max_length=300, required=False)
    remedy = forms.CharField(
        label="条件或修改办法", max_length=LONG, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        """A condition and a no say on which clause they stand and how to mend it."""
        given = super().clean() or {}
        if given.get("verdict") in WITH_CONDITION:
            wanted = {"basis": "请写明依据的法规、标准和条款。", "remedy": "请写明改成什么，企业只有一次整改机会。"}
            for name, words in wanted.items():
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, words)
            if words := vague_fault(str(given.get("remedy", ""))):
                self.add_error("remedy", words)
        return given


class JudgingForm(OpinionForm):
    """An opinion on the review page: `seen` are the versions shown, `files` the documents that it judges."""

    seen = NumbersField(required=False)
    files = NumbersField(required=False)  # type: ignore[assignment]  # an unbound form has no files to clean

    def clean(self) -> dict[str, Any]:
        """Nothing shown is nothing to compare with; no box ticked means all files."""
        given = super().clean()
        if "seen" not in self.data:
            given["seen"] = None
        given["files"] = given.get("files") or None
        return given


class BatchForm(forms.Form):
    """The same words on several tasks of one project."""

    tasks = NumbersField()
    verdict = forms.ChoiceField(
        label="意见", choices=[(v.value, v.label) for v in (OpinionVerdict.AGREE, OpinionVerdict.NOT_INVOLVED)]
    )
    reason = forms.CharField(label="理由", max_length=LONG)


class SupplementForm(forms.Form):
    """补充意见 after a tacit opinion."""

    text = forms.CharField(label="补充意见", max_length=LONG, widget=forms.Textarea(attrs={"rows": 4}))
    basis = forms.CharField(label="依据条款", max_length=300)


class ReferForm(forms.Form):
    """Sending a task on to a unit of the department."""

    unit_id = forms.ChoiceField(label="内设机构")
    days = forms.IntegerField(label="内部时限（工作日）", min_value=1, max_value=60)
    note = forms.CharField(label="要求", max_length=300, required=False)

    def __init__(self, data: Any = None, *, units: Iterable[tuple[str, str]], **options: Any) -> None:
        """Offer the units of the department."""
        super().__init__(data, **options)
        self.fields["unit_id"].choices = list(units)  # type: ignore[attr-defined]


class RectifyForm(forms.Form):
    """The days that the owner gets to change the plans, and why it is told a second time."""

    days = forms.IntegerField(label="整改期限（工作日）", min_value=1, max_value=60)
    reason_code = forms.ChoiceField(label="再次告知的理由", required=False)

    def __init__(self, data: Any = None, *, reasons: Sequence[tuple[str, str]], **options: Any) -> None:
        """Ask for the reason only where faults were told before."""
        super().__init__(data, **options)
        if reasons:
            self.fields["reason_code"].choices = [("", "请选择"), *reasons]  # type: ignore[attr-defined]
        else:
            del self.fields["reason_code"]


class ReconsultForm(forms.Form):
    """What was changed, and which further departments the change concerns."""

    note = forms.CharField(label="作了哪些修改", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    also = forms.MultipleChoiceField(
        label="受修改影响、一并再征求的部门", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="不同意的部门必然再征求；所审文件已换版的已勾选，其余意见继续有效。",
    )

    def __init__(self, data: Any = None, *, others: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        """Offer the departments whose opinions would stand."""
        super().__init__(data, **options)
        if others:
            self.fields["also"].choices = list(others)  # type: ignore[attr-defined]
        else:
            del self.fields["also"]


class CallForm(forms.Form):
    """The invitation to a conference."""

    meets_on = forms.DateField(label="开会日期")
    meets_time = forms.TimeField(label="时间", widget=forms.TimeInput(attrs={"type": "time"}), initial="09:30")
    place = forms.CharField(label="地点", max_length=100)
    agenda = forms.CharField(label="议题", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, Any]:
        """One moment from day and time."""
        given = super().clean() or {}
        if given.get("meets_on") and given.get("meets_time"):
            import datetime as dt

            given["meets_at"] = dt.datetime.combine(
                given["meets_on"], given["meets_time"], tzinfo=timing.BUSINESS_ZONE
            )
        return given


class MinutesForm(forms.Form):
    """The minutes of a conference."""

    held_on = forms.DateField(label="开会日期")
    outcome = forms.ChoiceField(label="结果", choices=ConferenceOutcome.choices, widget=forms.RadioSelect)
    minutes = forms.CharField(label="会议纪要", max_length=4000, widget=forms.Textarea(attrs={"rows": 5}))


class SeatForm(forms.Form):
    """Where one department stands after a conference; without a verdict it stays with what it said."""

    delegate = forms.CharField(label="参会人", max_length=50, required=False)
    verdict = forms.ChoiceField(label="会后意见", choices=[("", "不变"), *OpinionVerdict.choices], required=False)
    reason = forms.CharField(label="理由", max_length=LONG, required=False)
    basis = forms.CharField(label="依据条款", max_length=300, required=False)
    remedy = forms.CharField(label="条件或修改办法", max_length=LONG, required=False)

    def __init__(self, data: Any = None, *, organisation_id: int, **options: Any) -> None:
        """Know the department."""
        self.organisation_id = organisation_id
        super().__init__(data, prefix=f"seat{organisation_id}", **options)

    def clean(self) -> dict[str, Any]:
        """A change has its words."""
        given = super().clean() or {}
        verdict = given.get("verdict")
        wanted = ["delegate", "reason"] if verdict else []
        wanted += ["basis", "remedy"] if verdict in WITH_CONDITION else []
        for name in wanted:
            if not given.get(name):
                self.add_error(name, "改变意见的，请填写这一项。")
        return given

    @property
    def position(self) -> Position:
        """What the service takes."""
        given = self.cleaned_data
        return Position(
            self.organisation_id, given["delegate"], given["verdict"], given["reason"], given["basis"], given["remedy"]
        )


class MergeForm(forms.Form):
    """The lead's merged opinion; `confirmed` is asked for where an opinion judged a replaced file."""

    passed = forms.ChoiceField(
        label="汇总结论", choices=[("yes", "通过"), ("no", "不通过")], widget=KeyedRadios(then="text")
    )
    text = forms.CharField(label="汇总意见", max_length=2000, widget=forms.Textarea(attrs={"rows": 6}))
    confirmed = forms.BooleanField(
        label="已核对：换版的修改与这些意见无关", required=False,
        help_text="有意见审的是旧版文件；通过前须再次征求意见，或在此确认。",
    )

    def __init__(self, data: Any = None, *, outdated: bool = False, **options: Any) -> None:
        """Ask for the confirmation only where a file was replaced."""
        super().__init__(data, **options)
        if not outdated:
            del self.fields["confirmed"]
