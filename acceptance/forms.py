"""Forms of the joint acceptance: they parse and validate, they never write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from acceptance.supervision_forms import SEVERAL, FilesField
from projects import timing

if TYPE_CHECKING:
    from acceptance.services.items import Fault

RESULT_CHOICES = [("passed", "合格"), ("fault", "需整改"), ("deferred", "容缺"), ("not_involved", "不涉及")]


class VisitForm(forms.Form):
    """The day of the one visit."""

    planned_on = forms.DateField(label="现场验收日期", help_text="各部门同一天到场，一次看完")


class FaultRowsForm(forms.Form):
    """Faults in rows, each with basis and remedy: the first rows are open, the others wait folded."""

    OPEN, ROWS = 4, 12
    shape = "three"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the fields of the rows."""
        super().__init__(*args, **kwargs)
        for number in range(1, self.ROWS + 1):
            self.fields[f"what_{number}"] = forms.CharField(label="什么问题", max_length=300, required=False)
            self.fields[f"basis_{number}"] = forms.CharField(label="依据", max_length=300, required=False)
            self.fields[f"fix_{number}"] = forms.CharField(label="怎么改", max_length=500, required=False)

    def row(self, number: int) -> tuple[int, list[forms.BoundField]]:
        """Return the number and the bound fields of one row."""
        return number, [self[f"{name}_{number}"] for name in ("what", "basis", "fix")]

    def first_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        """Return the rows that are open."""
        return [self.row(number) for number in range(1, self.OPEN + 1)]

    def further_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        """Return the rows that wait folded."""
        return [self.row(number) for number in range(self.OPEN + 1, self.ROWS + 1)]

    def opens_further(self) -> bool:
        """Return whether a folded row has something in it, so that it is not hidden after a refusal."""
        return self.is_bound and any(
            bound.errors or bound.value() for _, cells in self.further_rows() for bound in cells
        )

    def read_rows(self, data: dict[str, Any]) -> dict[int, Fault]:
        """Return the faults by the number of their row; a row that is begun and not whole is told."""
        found: dict[int, Fault] = {}
        for number in range(1, self.ROWS + 1):
            cells = [data.get(f"{name}_{number}", "").strip() for name in ("what", "basis", "fix")]
            if any(cells) and not all(cells):
                self.add_error(f"what_{number}", f"第 {number} 条要写全：什么问题、依据、怎么改。")
            elif all(cells):
                found[number] = {"what": cells[0], "basis": cells[1], "how_to_fix": cells[2]}
        return found


class PaperFaultsForm(FaultRowsForm):
    """All faults of the papers, each of one item."""

    shape = "half"

    def __init__(self, *args: Any, items: list[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the items in each row."""
        super().__init__(*args, **kwargs)
        for number in range(1, self.ROWS + 1):
            self.fields[f"item_{number}"] = forms.TypedChoiceField(
                label="验收事项", coerce=int, empty_value=None, required=False, choices=[("", "请选择"), *items]
            )

    def row(self, number: int) -> tuple[int, list[forms.BoundField]]:
        """Return the number and the bound fields of one row, the item first."""
        return number, [self[f"item_{number}"], *super().row(number)[1]]

    def clean(self) -> dict[str, Any]:
        """Each started row is whole and says of which item; there is one at least."""
        data: dict[str, Any] = super().clean() or {}
        faults = self.read_rows(data)
        for number in range(1, self.ROWS + 1):
            if (data.get(f"item_{number}") is None) == (number in faults) and f"what_{number}" not in self.errors:
                words = "要选验收事项。" if number in faults else "要写全：什么问题、依据、怎么改。"
                self.add_error(f"item_{number}", f"第 {number} 条{words}")
        if not faults and not self.errors:
            raise ValidationError("请至少写一条资料问题。")
        data["faults"] = [{"item_id": data.get(f"item_{number}"), "fault": fault} for number, fault in faults.items()]
        return data


class ItemForm(FaultRowsForm):
    """The result of one item at the site; its faults, each with basis and remedy."""

    result = forms.ChoiceField(label="结果", choices=RESULT_CHOICES, widget=forms.RadioSelect)
    note = forms.CharField(label="意见", max_length=500, required=False, help_text="选“不涉及”时写明理由")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the papers that may follow and the item that is checked together with this one."""
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

    def clean(self) -> dict[str, Any]:
        """Each started row must be whole; a fault needs one, the others none."""
        data: dict[str, Any] = super().clean() or {}
        faults = list(self.read_rows(data).values())
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
    uploaded = FilesField(label="照片或文件", help_text=SEVERAL, required=False)


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

    def __init__(self, data: Any = None, *, deferred: Sequence[str] = ()) -> None:
        """Say 容缺通过 in the place of 通过 where papers of these items may follow."""
        super().__init__(data)
        if deferred:
            self.fields["passed"].choices = [("yes", "容缺通过"), ("no", "不通过")]  # type: ignore[attr-defined]
            self.fields["passed"].help_text = f"{'、'.join(deferred)}容缺，通过的按容缺通过出具，材料限期后补"
