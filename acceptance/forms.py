"""Forms of the joint acceptance: they parse and validate, they never write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from projects import timing

if TYPE_CHECKING:
    from acceptance.services.items import Fault

RESULT_CHOICES = [("passed", "合格"), ("fault", "需整改"), ("deferred", "容缺"), ("not_involved", "不涉及")]
FAULT_ROWS = 4


class VisitForm(forms.Form):
    """The day of the one visit."""

    planned_on = forms.DateField(label="现场验收日期", help_text="各部门同一天到场，一次看完")


class ItemForm(forms.Form):
    """The result of one item at the site; up to four faults, each with basis and remedy."""

    result = forms.ChoiceField(label="结果", choices=RESULT_CHOICES, widget=forms.RadioSelect)
    note = forms.CharField(label="意见", max_length=500, required=False, help_text="选“不涉及”时写明理由")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the fields of the fault rows."""
        papers: list[str] = kwargs.pop("papers", [])
        fused: Any = kwargs.pop("fused", None)
        super().__init__(*args, **kwargs)
        if not papers:
            self.fields["result"].choices = [row for row in RESULT_CHOICES if row[0] != "deferred"]  # type: ignore[attr-defined]
        self.fields["paper"] = forms.ChoiceField(
            label="容缺材料", required=False, choices=[("", "—"), *((name, name) for name in papers)],
            help_text="选“容缺”时选择，结论后按期补交", widget=forms.Select if papers else forms.HiddenInput,
        )
        self.fields["together"] = forms.BooleanField(
            label=f"“{fused}”同场合格，一并填写" if fused else "", required=False,
            widget=forms.CheckboxInput if fused else forms.HiddenInput,
        )
        for number in range(1, FAULT_ROWS + 1):
            self.fields[f"what_{number}"] = forms.CharField(label="什么问题", max_length=300, required=False)
            self.fields[f"basis_{number}"] = forms.CharField(label="依据", max_length=300, required=False)
            self.fields[f"fix_{number}"] = forms.CharField(label="怎么改", max_length=500, required=False)

    def rows(self) -> list[tuple[int, Any, Any, Any]]:
        """Return the bound fields of each fault row."""
        return [(n, self[f"what_{n}"], self[f"basis_{n}"], self[f"fix_{n}"]) for n in range(1, FAULT_ROWS + 1)]

    def clean(self) -> dict[str, Any]:
        """Each started row must be whole; a fault needs one, the others none."""
        data: dict[str, Any] = super().clean() or {}
        faults: list[Fault] = []
        for number in range(1, FAULT_ROWS + 1):
            cells = [data.get(f"{name}_{number}", "").strip() for name in ("what", "basis", "fix")]
            if any(cells) and not all(cells):
                self.add_error(f"what_{number}", f"第 {number} 条要写全：什么问题、依据、怎么改。")
            elif all(cells):
                faults.append({"what": cells[0], "basis": cells[1], "how_to_fix": cells[2]})
        if data.get("result") == "fault" and not faults and not self.errors:
            raise ValidationError("选“需整改”要至少写一条问题。")
        if data.get("result") in {"passed", "not_involved"} and faults:
            raise ValidationError("合格或不涉及的项不能带问题；有问题请选“需整改”。")
        if data.get("result") == "deferred" and not data.get("paper"):
            raise ValidationError("选“容缺”要选择后补哪份材料。")
        data["faults"] = faults
        return data


class ListForm(forms.Form):
    """Closing the visit."""

    held_on = forms.DateField(label="到场日期", initial=timing.today)
    attendees = forms.CharField(label="到场单位", max_length=300, help_text="用顿号隔开")
    record_text = forms.CharField(label="现场记录", widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)

    def clean_attendees(self) -> list[str]:
        """Return the bodies one by one."""
        text = str(self.cleaned_data["attendees"])
        return [part.strip() for part in text.replace("，", "、").replace(",", "、").split("、") if part.strip()]


class AnswerForm(forms.Form):
    """The owner's answer to one item of the list."""

    answer = forms.CharField(label="怎么改的", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    uploaded = forms.FileField(label="照片或文件", required=False)


class RecheckForm(forms.Form):
    """The re-check of one failed item."""

    holds = forms.ChoiceField(
        label="复核结果", choices=[("yes", "复核合格"), ("no", "仍不合格")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="意见", max_length=500, required=False, help_text="仍不合格时写明哪里没有改到位")

    def __init__(self, *args: Any, papers: list[str], **kwargs: Any) -> None:
        """Offer the papers that may follow."""
        super().__init__(*args, **kwargs)
        self.fields["paper"] = forms.ChoiceField(
            label="容缺材料", required=False, choices=[("", "不容缺"), *((name, name) for name in papers)],
            widget=forms.Select if papers else forms.HiddenInput,
        )


class ConcludeForm(forms.Form):
    """The conclusion of the lead department."""

    passed = forms.ChoiceField(label="结论", choices=[("yes", "通过"), ("no", "不通过")], widget=forms.RadioSelect)
    note = forms.CharField(
        label="说明", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不通过时写明理由",
    )
