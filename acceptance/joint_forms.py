"""Forms of the joint survey, of pre-acceptance, of what follows the conclusion: they parse and validate only."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from acceptance import data
from acceptance.states import BUILDING_UNKNOWN
from projects import timing

#: No building has so many m²; nor so long a name, nor so many floors.
MOST = Decimal(10**9)
NAME_LENGTH, FLOOR_DIGITS = 100, 3


def _cells(text: str, wanted: int, *, at_least: int) -> list[list[str]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.replace("，", " ").replace(",", " ").replace("\t", " ").split()
        if not cells:
            continue
        if not at_least <= len(cells) <= wanted:
            raise ValidationError(f"第 {number} 行没有写全，请按提示的顺序填写。")
        rows.append(cells)
    if not rows:
        raise ValidationError("请至少填写一行。")
    return rows


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError(f"“{text}”不是数字，请核对。") from error
    if not found.is_finite():
        raise ValidationError(f"“{text}”不是数字，请核对。")
    if abs(found) >= MOST:
        raise ValidationError(f"“{text[:20]}”太大，不会是面积（m²），请核对。")
    return found.quantize(Decimal("0.01"))


class BuildingsForm(forms.Form):
    """The buildings of the planning permit, one a line."""

    rows = forms.CharField(
        label="许可单体", widget=forms.Textarea(attrs={"rows": 5}), help_text="每行一个：名称 许可面积 层数，用空格隔开"
    )

    def clean_rows(self) -> list[dict[str, Any]]:
        """Return name, area and floors of each."""
        rows = _cells(self.cleaned_data["rows"], 3, at_least=2)
        if any(len(cells) == 3 and not (cells[2].isdecimal() and len(cells[2]) <= FLOOR_DIGITS) for cells in rows):
            raise ValidationError("层数请填写整数，最多三位。")
        if any(len(cells[0]) > NAME_LENGTH for cells in rows):
            raise ValidationError(f"单体名称最长 {NAME_LENGTH} 个字，请按许可附件填写。")
        return [
            {"name": cells[0], "area": _number(cells[1]), "floors": int(cells[2]) if len(cells) == 3 else None}
            for cells in rows
        ]


class PhaseForm(forms.Form):
    """A phase: its name and the buildings that are accepted with it."""

    name = forms.CharField(label="分期名称", max_length=120)
    building_ids = forms.TypedMultipleChoiceField(label="本期单体", coerce=int, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, buildings: list[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the buildings of the works."""
        super().__init__(*args, **kwargs)
        self.fields["building_ids"].choices = buildings  # type: ignore[attr-defined]


class CommissionForm(forms.Form):
    """One company for all surveys."""

    uscc = forms.CharField(label="测绘单位统一社会信用代码", max_length=40)
    name = forms.CharField(label="测绘单位名称", max_length=100, required=False, help_text="首次登记时填写")
    contract = forms.CharField(label="合同编号", max_length=60, required=False)
    kinds = forms.MultipleChoiceField(label="合并的测绘", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the kinds in force, all ticked."""
        super().__init__(*args, **kwargs)
        choices = [(kind.code, kind.name) for kind in data.survey_kinds(timing.today())]
        self.fields["kinds"].choices = choices  # type: ignore[attr-defined]
        self.fields["kinds"].initial = [code for code, _ in choices]


class ResultForm(forms.Form):
    """The result of the survey."""

    surveyed_on = forms.DateField(label="外业日期", initial=timing.today)
    total_area = forms.DecimalField(label="报告总建筑面积（m²）", max_digits=12, decimal_places=2, min_value=0)
    green_area = forms.DecimalField(
        label="绿地面积（m²）", max_digits=12, decimal_places=2, min_value=0, required=False
    )
    rows = forms.CharField(
        label="各单体面积", widget=forms.Textarea(attrs={"rows": 5}),
        help_text="单体已列好，在每行名称后填：地上 地下 合计，用空格隔开",
    )
    uploaded = forms.FileField(label="多测合一成果报告")

    def clean_rows(self) -> list[dict[str, Any]]:
        """Return name and areas of each."""
        return [
            {"name": cells[0], "above": _number(cells[1]), "below": _number(cells[2]), "total": _number(cells[3])}
            for cells in _cells(self.cleaned_data["rows"], 4, at_least=4)
        ]


class ReasonForm(forms.Form):
    """A word why."""

    reason = forms.CharField(label="原因", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class DayForm(forms.Form):
    """A day."""

    planned_on = forms.DateField(label="日期")


class BookForm(forms.Form):
    """A pre-acceptance is booked."""

    wanted_on = forms.DateField(label="希望日期")
    note = forms.CharField(label="想先看什么", max_length=300, required=False)


class AdviceForm(forms.Form):
    """What all departments advise, one a line."""

    held_on = forms.DateField(label="到场日期", initial=timing.today)
    advice = forms.CharField(
        label="意见", required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一条：部门｜看到什么｜怎么改，用竖线隔开；没有意见留空",
    )

    def clean_advice(self) -> list[dict[str, str]]:
        """Return department, what and how to fix of each line."""
        found = []
        for number, line in enumerate(self.cleaned_data["advice"].splitlines(), 1):
            cells = [part.strip() for part in line.replace("|", "｜").split("｜")]
            if not any(cells):
                continue
            if len(cells) != 3 or not all(cells):
                raise ValidationError(f"第 {number} 行要写全：部门｜看到什么｜怎么改。")
            found.append({"department": cells[0], "what": cells[1], "how_to_fix": cells[2]})
        return found


class ApplyForm(forms.Form):
    """What is applied for: the whole project, or one building of the permit."""

    building_id = forms.TypedChoiceField(
        label="验收范围", coerce=int, empty_value=None, required=False,
        error_messages={"invalid_choice": BUILDING_UNKNOWN},
    )
    comprehensive = forms.BooleanField(
        label="综合竣工验收", required=False, help_text="竣工验收备案随结论一并申报，不用再申请一次"
    )
    report = forms.FileField(label="竣工验收报告", required=False, help_text="分期或单体验收时上传")

    def __init__(self, *args: Any, buildings: list[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the buildings."""
        super().__init__(*args, **kwargs)
        whole = [("", "整个工程")]
        self.fields["building_id"].choices = whole + [  # type: ignore[attr-defined]
            (pk, f"单体：{name}") for pk, name in buildings
        ]


class FaultForm(forms.Form):
    """One fault."""

    what = forms.CharField(label="什么问题", max_length=300)
    basis = forms.CharField(label="依据", max_length=300)
    how_to_fix = forms.CharField(label="怎么改", max_length=500)

    def fault(self) -> dict[str, str]:
        """Return it."""
        return {name: self.cleaned_data[name] for name in ("what", "basis", "how_to_fix")}


class LateForm(FaultForm):
    """A fault after the one list."""

    reason = forms.CharField(label="为何没有一次告知", max_length=300)


class DecideForm(forms.Form):
    """Yes or no with a word."""

    yes = forms.ChoiceField(label="决定", widget=forms.RadioSelect)
    note = forms.CharField(label="说明", max_length=300, required=False)

    def __init__(self, *args: Any, words: tuple[str, str], **kwargs: Any) -> None:
        """Name the two answers."""
        super().__init__(*args, **kwargs)
        self.fields["yes"].choices = [("yes", words[0]), ("no", words[1])]  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """One file."""

    uploaded = forms.FileField(label="材料")


class KeysForm(forms.Form):
    """The day of the keys."""

    keys_on = forms.DateField(label="交房日")


class RegisteredForm(forms.Form):
    """The day of the certificate."""

    registered_on = forms.DateField(label="领证日", initial=timing.today)
    certificate = forms.CharField(label="不动产权证号", max_length=60)
