"""Forms of drawings, risk and the one-stop permit: they parse and check, never write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from packages.drawing_states import HandlingOpinion
from packages.wording import vague_fault

YES_NO = [("yes", "是"), ("no", "否")]
HOLDS = [("yes", "已改好"), ("no", "没有改好")]


class ConfirmForm(forms.Form):
    """A step that asks for nothing but the press."""


class UploadForm(forms.Form):
    """The set, and for a newer version what it changes."""

    uploaded = forms.FileField(label="施工图（全套合为一册）", allow_empty_file=True)
    changed = forms.MultipleChoiceField(
        label="改了哪些专业", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="没有勾选的专业，已给出的意见继续有效。",
    )
    note = forms.CharField(
        label="改了哪些部位", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data: Any = None, files: Any = None, *, choices: Iterable[tuple[str, str]], first: bool) -> None:
        """Ask what changed only where there is an older version."""
        super().__init__(data, files)
        if first:
            del self.fields["changed"], self.fields["note"]
        else:
            self.fields["changed"].choices = list(choices)  # type: ignore[attr-defined]
            self.fields["changed"].required = self.fields["note"].required = True


class PartForm(forms.Form):
    """What a department says of its disciplines as a whole."""

    text = forms.CharField(
        label="专业意见", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="没有发现问题的可以不填，记为“未发现违反强制性条文”。",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)
    kept = forms.TypedMultipleChoiceField(
        label="上次提出、这一版仍没有改好的", coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="没有勾选的视为已改好。",
    )

    def __init__(self, data: Any = None, *, earlier: Iterable[tuple[int, str]], **options: Any) -> None:
        """Offer the earlier breaches of the department."""
        super().__init__(data, **options)
        choices = list(earlier)
        if choices:
            self.fields["kept"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["kept"]


class BreachForm(forms.Form):
    """One breach: clause, place, fix."""

    discipline = forms.ChoiceField(label="专业")
    clause = forms.CharField(
        label="条文", max_length=120, widget=forms.TextInput(attrs={"placeholder": "规范编号和条款"})
    )
    place = forms.CharField(
        label="部位", max_length=120, widget=forms.TextInput(attrs={"placeholder": "图号、轴线"})
    )
    what = forms.CharField(label="问题", max_length=300)
    fix = forms.CharField(label="怎么改", max_length=300)
    nature = forms.ChoiceField(
        label="性质", choices=[("mandatory", "违反强条"), ("major", "重大缺陷"), ("minor", "一般")], initial="mandatory"
    )

    def __init__(self, *args: Any, disciplines: Iterable[tuple[str, str]] = (), **options: Any) -> None:
        """Offer the disciplines of the department; the first line is no change by itself."""
        super().__init__(*args, **options)
        choices = list(disciplines)
        self.fields["discipline"].choices = choices  # type: ignore[attr-defined]
        self.fields["discipline"].initial = choices[0][0] if choices else ""

    def clean_fix(self) -> str:
        """Refuse words that do not say what to change."""
        text = str(self.cleaned_data["fix"]).strip()
        if words := vague_fault(text):
            raise forms.ValidationError(words)
        return text


if TYPE_CHECKING:
    _Breaches = forms.BaseFormSet[BreachForm]
else:
    _Breaches = forms.BaseFormSet


class BreachSet(_Breaches):
    """All breaches of one part; empty lines are left out."""

    def rows(self) -> list[dict[str, Any]]:
        """The breaches that were filled in."""
        return [
            {
                **form.cleaned_data, "is_major": form.cleaned_data["nature"] == "major",
                "is_mandatory": form.cleaned_data["nature"] != "minor",
            }
            for form in self.forms if form.has_changed() and form.cleaned_data
        ]


BreachFormSet: type[BreachSet] = forms.formset_factory(  # type: ignore[assignment]  # derived from its formset
    BreachForm, formset=BreachSet, extra=3, max_num=40, validate_max=True
)


class OpinionTextForm(forms.Form):
    """The merged review opinion."""

    text = forms.CharField(label="审查意见", max_length=4000, widget=forms.Textarea(attrs={"rows": 6}))
    is_digital = forms.ChoiceField(label="是否数字化审查", choices=YES_NO, widget=forms.RadioSelect, initial="no")


class HandleForm(forms.Form):
    """The handling opinion of the chief."""

    result = forms.ChoiceField(label="处理意见", choices=HandlingOpinion.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label="理由", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="承诺和退回的须写明理由。",
    )


class CheckForm(forms.Form):
    """Whether a breach is mended."""

    holds = forms.ChoiceField(label="核实结果", choices=HOLDS, widget=forms.RadioSelect)
    note = forms.CharField(label="说明", max_length=300, required=False, help_text="没有改好的，写明还差什么。")


class SampleForm(forms.Form):
    """What came of a sample."""

    holds = forms.ChoiceField(label="抽查结果", choices=[("yes", "合格"), ("no", "不合格")], widget=forms.RadioSelect)
    breaches = forms.IntegerField(label="违反强条（处）", min_value=0, max_value=500, initial=0)
    found = forms.CharField(label="抽查情况", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class SampleMendForm(forms.Form):
    """How what a sample found was mended."""

    answer = forms.CharField(
        label="整改情况", max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="改了哪些图、怎么改的"
    )


class DrawForm(forms.Form):
    """Which days are drawn from, and the seed that anybody can draw again with."""

    since = forms.DateField(label="承诺日期从")
    until = forms.DateField(label="到")
    seed = forms.CharField(label="抽签种子", max_length=80, help_text="用事先公布、事后可查的数字，如当日公布的号码。")


class RiskForm(forms.Form):
    """What no fact says and the centre answers."""

    def __init__(self, data: Any = None, *, asked: Iterable[Mapping[str, str]], known: Mapping[str, bool]) -> None:
        """One question per factor; what is not answered stays open."""
        super().__init__(data)
        for row in asked:
            self.fields[row["code"]] = forms.ChoiceField(
                label=row["question_zh"], choices=YES_NO, widget=forms.RadioSelect, required=False,
                initial={True: "yes", False: "no"}.get(known.get(row["code"])),  # type: ignore[arg-type]
            )

    def answers(self) -> dict[str, bool]:
        """The answers that were given."""
        return {name: value == "yes" for name, value in self.cleaned_data.items() if value}


class OneStopForm(forms.Form):
    """The one form of the permit; its fields are data."""

    def __init__(self, data: Any = None, *, rows: Iterable[Mapping[str, str]], known: Mapping[str, str]) -> None:
        """Build the fields, filled with what the project knows."""
        super().__init__(data, initial=dict(known))
        for row in rows:
            self.fields[row["name"]] = _field(row)

    def values(self) -> dict[str, str]:
        """The answers as text."""
        return {name: "" if value is None else str(value) for name, value in self.cleaned_data.items()}


def _field(row: Mapping[str, str]) -> forms.Field:
    label = f"{row['label_zh']}（{row['unit']}）" if row["unit"] else row["label_zh"]
    required, text = row["required"] == "yes", row["help"]
    if row["kind"] == "date":
        return forms.DateField(label=label, required=required, help_text=text)
    if row["kind"] == "number":
        return forms.DecimalField(
            label=label, required=required, help_text=text, min_value=0, max_digits=12, decimal_places=2
        )
    return forms.CharField(label=label, required=required, help_text=text, max_length=200)
