"""Forms of the joint utility application, of tender and intermediary records, of fees: they parse and check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from packages import utility_data
from packages.models import UtilityLine
from packages.services.utilities import Quoted, Seen
from packages.utility_states import LineSide, SelectionMode, UtilityKind
from projects import timing
from projects.codes import clean_uscc
from projects.models import Organisation

WORDS = forms.Textarea(attrs={"rows": 3})
ITEMS = 6
YES_NO = [("no", "否"), ("yes", "是")]


class OnForm(forms.Form):
    """A day."""

    on = forms.DateField(label="日期", initial=timing.today)


class ReasonForm(forms.Form):
    """A reason."""

    reason = forms.CharField(label="原因", max_length=300, widget=WORDS)


class NothingForm(forms.Form):
    """A step that asks nothing."""


# Joint application ---------------------------------------------------------------------------------------------------


class NeedsForm(forms.Form):
    """The one form: what is needed of which utilities, where, until when."""

    kind = forms.ChoiceField(label="类别", choices=UtilityKind.choices, initial=UtilityKind.FORMAL)
    site = forms.CharField(label="接入地点", max_length=200)
    wanted_on = forms.DateField(label="希望接通日期", required=False)
    note = forms.CharField(label="说明", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any = None, *, day: dt.date, **options: Any) -> None:
        """Build one field per utility of the day: how much is needed; empty means not needed."""
        super().__init__(data, **options)
        self.rules = utility_data.utilities(day)
        for rule in self.rules:
            self.fields[f"need_{rule.code}"] = forms.DecimalField(
                label=f"{rule.name}：{rule.label}", min_value=0, max_digits=12, decimal_places=2, required=False,
                help_text=rule.promise + "。不需要的留空",
            )

    @property
    def first(self) -> list[forms.BoundField]:
        """The fields of the utilities."""
        return [self[f"need_{rule.code}"] for rule in self.rules]

    @property
    def rest(self) -> list[forms.BoundField]:
        """The fields that all utilities share, but the kind."""
        return [self[name] for name in ("site", "wanted_on", "note")]

    def needs(self) -> dict[str, str]:
        """How much is needed, by utility."""
        given = {rule.code: self.cleaned_data.get(f"need_{rule.code}") for rule in self.rules}
        return {code: f"{value.normalize():f}" for code, value in given.items() if value}


class AppointForm(forms.Form):
    """Day and place of the survey."""

    on = forms.DateField(label="踏勘日期", initial=timing.today)
    place = forms.CharField(label="集合地点", max_length=200)


class SurveyForm(forms.Form):
    """Who came to the survey and what each found."""

    on = forms.DateField(label="踏勘日期", initial=timing.today)
    note = forms.CharField(label="踏勘记录", max_length=1000, widget=WORDS)

    def __init__(self, data: Any = None, *, lines: Sequence[UtilityLine], **options: Any) -> None:
        """Build the fields of each utility."""
        super().__init__(data, **options)
        self.lines = lines
        for line in lines:
            name = f"{line.name}（{line.body.label}）"
            self.fields[f"came_{line.code}"] = forms.ChoiceField(
                label=f"{name}到场", choices=[("yes", "到场"), ("no", "缺席")], initial="yes"
            )
            self.fields[f"who_{line.code}"] = forms.CharField(label=f"{name}到场人员", max_length=60, required=False)
            self.fields[f"found_{line.code}"] = forms.CharField(label=f"{name}意见", max_length=500, required=False)

    def seen(self) -> dict[str, Seen]:
        """What each utility did."""
        given = self.cleaned_data
        return {
            line.code: Seen(
                given[f"came_{line.code}"] == "yes", given[f"who_{line.code}"], given[f"found_{line.code}"]
            ) for line in self.lines
        }


class AnswerForm(forms.Form):
    """Scheme and itemised quote of one utility."""

    access_point = forms.CharField(label="接入点", max_length=200)
    scheme = forms.CharField(label="接入方案", max_length=1000, widget=WORDS)
    outside = forms.ChoiceField(label="需要外线施工", choices=YES_NO)
    owner_works = forms.CharField(
        label="企业自建部分（红线内）", max_length=500, required=False,
        help_text="没有的留空；自建期间不计入公用企业时限"
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        """Build the rows of the quote."""
        super().__init__(data, **options)
        for row in range(1, ITEMS + 1):
            self.fields[f"name_{row}"] = forms.CharField(label=f"第 {row} 项名称", max_length=100, required=False)
            self.fields[f"side_{row}"] = forms.ChoiceField(
                label=f"第 {row} 项红线", choices=LineSide.choices, initial=LineSide.INSIDE
            )
            self.fields[f"quantity_{row}"] = forms.DecimalField(
                label=f"第 {row} 项数量", min_value=Decimal("0.01"), max_digits=12, decimal_places=2, required=False
            )
            self.fields[f"unit_{row}"] = forms.CharField(label=f"第 {row} 项单位", max_length=10, required=False)
            self.fields[f"price_{row}"] = forms.DecimalField(
                label=f"第 {row} 项单价", min_value=0, max_digits=12, decimal_places=2, required=False
            )
            for part in PARTS:
                self.fields[f"{part}_{row}"].widget.attrs["aria-label"] = self.fields[f"{part}_{row}"].label

    @property
    def top(self) -> list[forms.BoundField]:
        """The fields above the quote."""
        return [self[name] for name in ("access_point", "scheme", "outside", "owner_works")]

    @property
    def rows(self) -> Iterator[list[forms.BoundField]]:
        """The rows of the quote."""
        for row in range(1, ITEMS + 1):
            yield [self[f"{part}_{row}"] for part in PARTS]

    def clean(self) -> dict[str, Any]:
        """A row has a name, a quantity and a price, or nothing."""
        given = super().clean() or {}
        for row in range(1, ITEMS + 1):
            parts = [given.get(f"{part}_{row}") for part in ("name", "quantity", "price")]
            if any(part not in (None, "") for part in parts) and any(part in (None, "") for part in parts):
                self.add_error(f"name_{row}", f"第 {row} 项报价须填名称、数量和单价。")
        return given

    def items(self) -> list[Quoted]:
        """The rows that are filled."""
        given = self.cleaned_data
        return [
            Quoted(
                given[f"name_{row}"], given[f"side_{row}"], given[f"quantity_{row}"], given[f"unit_{row}"] or "项",
                given[f"price_{row}"],
            ) for row in range(1, ITEMS + 1) if given.get(f"name_{row}")
        ]


PARTS = ("name", "side", "quantity", "unit", "price")


class ConfirmForm(forms.Form):
    """Whether the owner agrees."""

    agrees = forms.ChoiceField(label="您的意见", choices=[("yes", "同意方案和报价"), ("no", "不同意，请修改")])
    note = forms.CharField(
        label="不同意的内容", max_length=500, required=False, widget=WORDS, help_text="不同意时写明哪一条、希望怎样改"
    )


# Tender --------------------------------------------------------------------------------------------------------------


class StepForm(forms.Form):
    """One step of a tender."""

    on = forms.DateField(label="日期", initial=timing.today)
    evidence = forms.FileField(label="佐证", required=False)
    link = forms.URLField(label="公示地址", max_length=300, required=False, assume_scheme="https")
    note = forms.CharField(label="说明", max_length=300, required=False)


class AgainForm(forms.Form):
    """Why a tender begins again."""

    why = forms.ChoiceField(label="情况", choices=[
        ("failed", "投标人不足三家，重新公告"), ("changed", "计划变更，重新公布"), ("upheld", "投诉成立，重新评标"),
    ])
    note = forms.CharField(label="情况说明", max_length=200, widget=WORDS)


class DisputeForm(forms.Form):
    """An objection or a complaint."""

    on = forms.DateField(label="提出日期", initial=timing.today)
    what = forms.CharField(
        label="异议或投诉的内容", max_length=500, widget=WORDS, help_text="公示范围内的内容，不写个人信息"
    )


class NoteForm(forms.Form):
    """A note."""

    note = forms.CharField(label="处理结果", max_length=200, widget=WORDS)


# Intermediary --------------------------------------------------------------------------------------------------------


class CompanyForm(forms.Form):
    """Which intermediary was chosen, and how."""

    company = forms.CharField(label="中介机构", max_length=100)
    company_code = forms.CharField(label="统一社会信用代码", max_length=40, required=False)
    mode = forms.ChoiceField(label="选取方式", choices=SelectionMode.choices)
    on = forms.DateField(label="选取日期", initial=timing.today)

    def clean_company_code(self) -> str:
        """Mend and check the credit code (both checks); empty stays empty."""
        text = self.cleaned_data["company_code"]
        return clean_uscc(text) if text else ""


class ContractForm(forms.Form):
    """The contract: its day, its limit."""

    on = forms.DateField(label="合同签订日", initial=timing.today)
    limit = forms.IntegerField(label="合同时限（工作日）", min_value=1, max_value=999)
    contract = forms.FileField(label="合同", required=False)


class ReportForm(forms.Form):
    """The report that was handed over."""

    on = forms.DateField(label="成果提交日", initial=timing.today)
    report = forms.FileField(label="成果文件")


# Fees ----------------------------------------------------------------------------------------------------------------


class FeeForm(forms.Form):
    """A fee that no matter of the plan brings."""

    name = forms.CharField(label="收费项目", max_length=100)
    payee = forms.ModelChoiceField(label="收费单位", queryset=Organisation.objects.none())
    amount = forms.DecimalField(label="金额（元）", min_value=0, max_digits=14, decimal_places=2, required=False)
    due_on = forms.DateField(label="缴纳期限", required=False)
    formula = forms.CharField(label="计算方式", max_length=200, required=False)
    basis = forms.CharField(label="依据（待核对）", max_length=300, required=False, help_text="核对前不对外显示")

    def __init__(self, data: Any = None, **options: Any) -> None:
        """Know the bodies that may charge."""
        super().__init__(data, **options)
        found = Organisation.objects.exclude(code="").order_by("pk")
        self.fields["payee"].queryset = found  # type: ignore[attr-defined]


class AssessForm(forms.Form):
    """Amount and day of a fee."""

    amount = forms.DecimalField(label="金额（元）", min_value=0, max_digits=14, decimal_places=2)
    due_on = forms.DateField(label="缴纳期限", required=False)


class PaidForm(forms.Form):
    """The receipt of a fee."""

    on = forms.DateField(label="缴纳日期", initial=timing.today)
    evidence = forms.FileField(label="缴款凭证")


class CheckForm(forms.Form):
    """Whether the receipt holds."""

    holds = forms.ChoiceField(label="核对结果", choices=[("yes", "相符"), ("no", "不符，退回")])
    reason = forms.CharField(label="哪里不符", max_length=300, required=False)
