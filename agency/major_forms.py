"""Forms of major projects, tickets, batches and tokens: they parse and check, never write."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms

from agency import major_data
from agency.major_states import ApiScope, MajorLevel
from projects import timing
from projects.models import Organisation, Region

if TYPE_CHECKING:
    from django.db.models import QuerySet

LINES = forms.Textarea(attrs={"rows": 3})
YES_NO = [("yes", "正在施工"), ("no", "没有施工")]


class MonthField(forms.CharField):
    """A month, 2026-11; its value is the first of it."""

    def __init__(self, **options: Any) -> None:
        """Say how a month is written."""
        options.setdefault("help_text", "例如 2026-11")
        super().__init__(max_length=7, **options)

    def clean(self, value: Any) -> Any:
        """Return the first day of the month."""
        text = super().clean(value)
        try:
            return dt.date.fromisoformat(f"{text}-01")
        except ValueError:
            raise forms.ValidationError("月份写成 2026-11 这样。") from None


class ListForm(forms.Form):
    """列入重大项目."""

    level = forms.ChoiceField(label="级别", choices=MajorLevel.choices, initial=MajorLevel.COUNTY)
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2999)
    opens_on = forms.DateField(label="计划开工", required=False)


class PlanForm(forms.Form):
    """Planned investment of a month."""

    month = MonthField(label="月份")
    planned = forms.DecimalField(label="计划投资（万元）", min_value=0, max_digits=14, decimal_places=2)


class ReportForm(forms.Form):
    """Investment done in a month, and the progress in words."""

    month = MonthField(label="月份")
    done = forms.DecimalField(label="完成投资（万元）", min_value=0, max_digits=14, decimal_places=2)
    progress = forms.CharField(
        label="形象进度", max_length=200, required=False,
        widget=forms.TextInput(attrs={"placeholder": "例如：主体施工至三层"}),
    )


class TicketForm(forms.Form):
    """A resource index that a project needs."""

    kind = forms.ChoiceField(label="资源性指标")
    needed_by = forms.DateField(label="需要时间")

    def __init__(self, *args: Any, **options: Any) -> None:
        """Offer the kinds of the day."""
        super().__init__(*args, **options)
        kinds = [(row.code, f"{row.name}（{row.unit}）") for row in major_data.resource_kinds()]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class MeasureForm(forms.Form):
    """测算."""

    quantity = forms.DecimalField(label="需要数量", min_value=0, max_digits=14, decimal_places=2)
    needed_by = forms.DateField(label="需要时间")
    note = forms.CharField(label="测算说明", max_length=300, required=False, widget=LINES)


class BalanceForm(forms.Form):
    """统筹平衡: out of whose quota."""

    source = forms.ModelChoiceField(Region.objects.none(), label="指标来源地")
    note = forms.CharField(label="说明", max_length=300, required=False, widget=LINES)

    def __init__(self, *args: Any, regions: QuerySet[Region], **options: Any) -> None:
        """Offer the districts whose quota the person may draw on."""
        super().__init__(*args, **options)
        self.fields["source"].queryset = regions  # type: ignore[attr-defined]


class SecureForm(forms.Form):
    """指标落实 with the document that says so."""

    quantity = forms.DecimalField(label="落实数量", min_value=0, max_digits=14, decimal_places=2)
    evidence = forms.FileField(label="落实依据", help_text="批复、指标文件或调剂协议（PDF 或图片）")


class WhyForm(forms.Form):
    """A reason."""

    reason = forms.CharField(label="原因", max_length=300, widget=LINES)


class NothingForm(forms.Form):
    """A step that asks nothing."""


class QuotaForm(forms.Form):
    """What a district has of a kind in a month."""

    region = forms.ModelChoiceField(Region.objects.none(), label="区划")
    kind = forms.ChoiceField(label="资源性指标")
    month = MonthField(label="月份")
    quantity = forms.DecimalField(label="可用数量", min_value=0, max_digits=14, decimal_places=2)
    document = forms.CharField(label="依据文件", max_length=200)

    def __init__(self, *args: Any, regions: QuerySet[Region], **options: Any) -> None:
        """Offer the districts that the person writes down, and the kinds of the day."""
        super().__init__(*args, **options)
        self.fields["region"].queryset = regions  # type: ignore[attr-defined]
        kinds = [(row.code, f"{row.name}（{row.unit}）") for row in major_data.resource_kinds()]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class BatchForm(forms.Form):
    """A batch of starts."""

    name = forms.CharField(label="批次名称", max_length=80, widget=forms.TextInput(
        attrs={"placeholder": "例如：2026年第四季度集中开工"}
    ))
    starts_on = forms.DateField(label="开工日")
    place = forms.CharField(label="主会场", max_length=120, required=False)


class AddForm(forms.Form):
    """A project for a batch, by its code."""

    code = forms.CharField(label="项目代码", max_length=40, help_text="扫码或输入在办项目的代码")


class StartForm(forms.Form):
    """The day on which works began."""

    on = forms.DateField(label="开工日期", initial=timing.today)


class PostponeForm(forms.Form):
    """延后 with its reason."""

    reason = forms.CharField(label="延后原因", max_length=300, widget=LINES)
    to = forms.DateField(label="延后至", required=False)


class CheckForm(forms.Form):
    """What was found at the site, with a photograph."""

    working = forms.ChoiceField(label="现场情况", choices=YES_NO, widget=forms.RadioSelect)
    note = forms.CharField(label="说明", max_length=300, required=False, widget=LINES, help_text="没有施工的须写明原因")
    photo = forms.FileField(label="现场照片", help_text="JPEG 或 PNG，手机可直接拍摄", widget=forms.ClearableFileInput(
        attrs={"accept": "image/jpeg,image/png", "capture": "environment"}
    ))


class TokenForm(forms.Form):
    """A token of the interface."""

    name = forms.CharField(label="用途", max_length=80, widget=forms.TextInput(
        attrs={"placeholder": "例如：市大屏在办项目"}
    ))
    holder = forms.ModelChoiceField(Organisation.objects.none(), label="使用单位")
    region = forms.ModelChoiceField(Region.objects.order_by("code"), label="数据范围", help_text="含下级区划")
    scopes = forms.MultipleChoiceField(
        label="可读内容", choices=ApiScope.choices, widget=forms.CheckboxSelectMultiple
    )
    expires_on = forms.DateField(label="有效期至")

    def __init__(self, *args: Any, **options: Any) -> None:
        """Offer the bodies of the government side."""
        super().__init__(*args, **options)
        bodies = Organisation.objects.exclude(code="").order_by("pk")
        self.fields["holder"].queryset = bodies  # type: ignore[attr-defined]
