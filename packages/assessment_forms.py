"""Forms of regional assessment, land lists, standard land and combined reports: they parse and check, never write."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from packages import assessment_data, geometry
from packages.assessment_states import Simplification
from packages.models import BookChapter, LandIndicator, OneBook, RegionalUnit
from packages.services.standard_land import show
from projects import timing
from projects.models import Project

WORDS = forms.Textarea(attrs={"rows": 3})
GEO = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})
CLAUSES = 3


class NothingForm(forms.Form):
    """A step that asks nothing more."""


# Regional results ----------------------------------------------------------------------------------------------------


class UnitForm(forms.Form):
    """An area with its boundary."""

    code = forms.SlugField(label="区域评估单元编码", max_length=40)
    name = forms.CharField(label="区域名称", max_length=100)
    area = forms.DecimalField(
        label="面积（公顷）", required=False, min_value=Decimal("0.01"), max_digits=10, decimal_places=2,
        help_text="不填时按边界计算",
    )
    description = forms.CharField(label="范围描述", max_length=300, required=False,
        widget=forms.Textarea(attrs={"rows": 2}))
    boundary = forms.CharField(
        label="范围坐标（GeoJSON）", max_length=geometry.LONGEST_TEXT, widget=GEO,
        help_text="多边形，CGCS2000 经纬度，经度在前；可以从制图软件导出后粘贴",
    )


class BoundaryForm(forms.Form):
    """A new boundary of an area."""

    area = forms.DecimalField(
        label="面积（公顷）", required=False, min_value=Decimal("0.01"), max_digits=10, decimal_places=2,
        help_text="不填时按边界计算",
    )
    boundary = forms.CharField(label="范围坐标（GeoJSON）", max_length=geometry.LONGEST_TEXT, widget=GEO)


class ProposeForm(forms.Form):
    """The assessment of an item that is planned."""

    item = forms.ChoiceField(label="评估事项", choices=())
    way = forms.ChoiceField(label="简化审批的方式", choices=Simplification.choices)
    expected_on = forms.DateField(label="预计完成", required=False)
    excludes = forms.CharField(
        label="除外规则", max_length=300, required=False,
        help_text="用情形代码书写，例如 hazardous=yes；不填表示没有除外"
    )
    excludes_words = forms.CharField(label="除外情形", max_length=200, required=False, help_text="企业看得懂的文字")

    def __init__(self, data: Any = None, **options: Any) -> None:
        """Know the items that hold today."""
        super().__init__(data, **options)
        rows = [(item.code, item.name) for item in assessment_data.items(timing.today())]
        self.fields["item"].choices = rows  # type: ignore[attr-defined]


class CompileForm(forms.Form):
    """Who writes, and when it should be there."""

    compiler = forms.CharField(label="编制单位", max_length=100)
    expected_on = forms.DateField(label="预计完成", required=False)


class SubmitResultForm(forms.Form):
    """The finished report."""

    title = forms.CharField(label="成果材料名称", max_length=200)


class JudgeResultForm(forms.Form):
    """The answer of the department."""

    verdict = forms.ChoiceField(label="结论", choices=[("yes", "批准"), ("no", "退回修改")], widget=forms.RadioSelect)
    number = forms.CharField(label="批准文号", max_length=80, required=False)
    note = forms.CharField(label="退回须写明要改什么", max_length=300, required=False, widget=WORDS)


class PublishForm(forms.Form):
    """The days between which a result holds."""

    valid_from = forms.DateField(label="生效日期")
    valid_until = forms.DateField(label="截止日期")


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="理由", max_length=300, widget=WORDS)


class ParcelForm(forms.Form):
    """Where a project lies: a point as two numbers, or a parcel as GeoJSON."""

    number = forms.CharField(label="宗地编号", max_length=40, required=False)
    longitude = forms.FloatField(label="经度", required=False, help_text="例如 112.912；CGCS2000 度数")
    latitude = forms.FloatField(label="纬度", required=False, help_text="例如 35.806")
    boundary = forms.CharField(
        label="宗地边界（GeoJSON）", required=False, max_length=geometry.LONGEST_TEXT, widget=GEO,
        help_text="有边界的按边界判断，比一个点更准；填了边界就不必填经纬度",
    )

    def clean(self) -> dict[str, Any]:
        """Have one of both."""
        given: dict[str, Any] = super().clean() or {}
        point = given.get("longitude") is not None and given.get("latitude") is not None
        if not given.get("boundary") and not point and not self.errors:
            raise forms.ValidationError("请填写经纬度，或粘贴宗地边界。")
        return given

    def place(self) -> str:
        """The place as GeoJSON."""
        given = self.cleaned_data
        if given["boundary"]:
            return str(given["boundary"])
        return json.dumps({"type": "Point", "coordinates": [given["longitude"], given["latitude"]]})


# Land ----------------------------------------------------------------------------------------------------------------


class LandListForm(forms.Form):
    """A parcel about which every department is asked."""

    parcel = forms.CharField(label="宗地编号", max_length=40)
    name = forms.CharField(label="地块名称", max_length=100)
    area = forms.DecimalField(label="面积（公顷）", min_value=Decimal("0.01"), max_digits=10, decimal_places=2)
    unit = forms.ModelChoiceField(label="区域", queryset=RegionalUnit.objects.order_by("code"), required=False)
    due_on = forms.DateField(label="填报期限")


class LandItemForm(forms.Form):
    """What a department asks."""

    requirement = forms.CharField(label="要求", max_length=500, widget=WORDS, help_text="没有要求的写“无特殊要求”")
    basis = forms.CharField(label="依据", max_length=200, required=False)
    valid_until = forms.DateField(label="有效至", required=False)


class ProjectChoice(forms.Form):
    """A project of those that the asker may see, by its code."""

    code = forms.CharField(label="项目代码", max_length=24)

    def __init__(self, data: Any = None, *, projects: Any, **options: Any) -> None:
        """Know which projects may be chosen."""
        super().__init__(data, **options)
        self.projects = projects

    def clean_code(self) -> Project:
        """Return the project."""
        found: Project | None = self.projects.filter(code=self.cleaned_data["code"].strip()).first()
        if found is None:
            raise forms.ValidationError("没有这个代码的项目，或您看不到它，请核对。")
        return found


class HandOverForm(ProjectChoice):
    """To whom the land goes."""

    contract = forms.CharField(label="出让合同编号", max_length=60)


class SellForm(HandOverForm):
    """The supply of standard land with its two contracts."""

    agreement = forms.CharField(label="投资建设合同编号", max_length=60)
    production_on = forms.DateField(label="约定达产日期")


class StandardForm(forms.Form):
    """Land that goes into the pool, with its indicators."""

    parcel = forms.CharField(label="宗地编号", max_length=40)
    name = forms.CharField(label="地块名称", max_length=100)
    area = forms.DecimalField(label="面积（亩）", min_value=Decimal("0.01"), max_digits=10, decimal_places=2)

    def __init__(self, data: Any = None, **options: Any) -> None:
        """One field per indicator of the data; a value stands there only where the place has laid one down."""
        super().__init__(data, **options)
        rules = assessment_data.indicators(timing.today())
        for rule in rules:
            word = "不低于" if rule.bound == "min" else "不高于"
            self.fields[f"v_{rule.code}"] = forms.DecimalField(
                label=f"{rule.name}{word}{'（' + rule.unit + '）' if rule.unit else ''}", initial=rule.value,
                min_value=Decimal(0), max_digits=12, decimal_places=3,
            )
        known = {rule.source for rule in rules if rule.value is not None}
        self.fields["source"] = forms.CharField(
            label="控制值出处", max_length=200, initial="；".join(sorted(known)),
            help_text="规定控制值的文件名称和文号；系统不预设数值",
        )

    def values(self) -> dict[str, Decimal]:
        """The bounds by code."""
        return {name[2:]: value for name, value in self.cleaned_data.items() if name.startswith("v_")}


class IndicatorForm(forms.Form):
    """One number per indicator: what is promised, or what was found."""

    def __init__(self, data: Any = None, *, rows: Iterable[LandIndicator], found: bool = False, **options: Any) -> None:
        """Build the numbers; a check asks its day, its words and a term to mend too."""
        super().__init__(data, **options)
        for row in rows:
            bound = f"{row.get_bound_display()} {show(row.promised if found else row.value)} {row.unit}".strip()
            self.fields[f"v_{row.code}"] = forms.DecimalField(
                label=row.name, help_text=bound, max_digits=12, decimal_places=3, min_value=Decimal(0),
                initial=None if found else row.value,
            )
        if found:
            self.fields["checked_on"] = forms.DateField(label="核验日期", initial=timing.today())
            self.fields["note"] = forms.CharField(label="核验情况", max_length=500, required=False, widget=WORDS)
            self.fields["mend_until"] = forms.DateField(
                label="整改期限", required=False, help_text="有指标未达标时填写；第二次仍未达标认定违诺"
            )

    def values(self) -> dict[str, Decimal]:
        """The numbers by code."""
        return {name[2:]: value for name, value in self.cleaned_data.items() if name.startswith("v_")}


# One book ------------------------------------------------------------------------------------------------------------


class SharedForm(forms.Form):
    """Chapter 0: one line per fact, its name and its value parted by a colon."""

    text = forms.CharField(
        label="第0篇　项目概况", widget=forms.Textarea(attrs={"rows": 16}), max_length=8000,
        help_text="一行一项，名称和内容用“：”隔开；各篇共用，只填一次",
    )

    @staticmethod
    def text_of(book: OneBook) -> str:
        """The chapter as it is edited."""
        return "\n".join(f"{name}：{value}" for name, value in book.shared)

    def clean_text(self) -> list[tuple[str, str]]:
        """Return pairs; a line without a colon is told with its number."""
        rows = []
        for number, line in enumerate(self.cleaned_data["text"].splitlines(), 1):
            name, sign, value = line.replace(":", "：", 1).partition("：")
            if line.strip() and not (sign and name.strip() and value.strip()):
                raise forms.ValidationError(f"第 {number} 行没有“名称：内容”，请改正。")
            if line.strip():
                rows.append((name, value))
        return rows


class CompilersForm(forms.Form):
    """Who writes which chapter."""

    def __init__(self, data: Any = None, *, chapters: Iterable[BookChapter], **options: Any) -> None:
        """One field per chapter."""
        super().__init__(data, **options)
        for chapter in chapters:
            self.fields[f"c_{chapter.code}"] = forms.CharField(
                label=f"{chapter.title}编制单位", max_length=100, required=False, help_text=chapter.qualification,
                initial=chapter.compiler,
            )

    def compilers(self) -> dict[str, str]:
        """The names by chapter."""
        return {name[2:]: value for name, value in self.cleaned_data.items()}


class ChapterForm(forms.Form):
    """What a chapter says."""

    compiler = forms.CharField(label="编制单位", max_length=100)
    text = forms.CharField(label="主要结论", max_length=4000, widget=forms.Textarea(attrs={"rows": 8}))


class OpinionForm(forms.Form):
    """The opinion on a chapter, and what is drawn out of it to be promised."""

    verdict = forms.ChoiceField(label="结论", choices=[("yes", "评审通过"), ("no", "退回修改")],
        widget=forms.RadioSelect)
    opinion = forms.CharField(label="评审意见", max_length=800, widget=WORDS)

    def __init__(self, data: Any = None, *, chapter: BookChapter, **options: Any) -> None:
        """Ask for clauses where the chapter may be promised."""
        super().__init__(data, **options)
        self.count = CLAUSES if chapter.allows_promises else 0
        for number in range(1, self.count + 1):
            self.fields[f"text_{number}"] = forms.CharField(
                label=f"承诺条款 {number}", max_length=300, required=False, help_text="企业在建设和运营中要做到什么"
            )
            self.fields[f"standard_{number}"] = forms.CharField(label="对标标准", max_length=200, required=False)
            self.fields[f"on_{number}"] = forms.DateField(label="核查日期", required=False)

    def clean(self) -> dict[str, Any]:
        """A clause has a day."""
        given: dict[str, Any] = super().clean() or {}
        for number in range(1, self.count + 1):
            if bool(given.get(f"text_{number}")) != bool(given.get(f"on_{number}")):
                self.add_error(f"on_{number}", "承诺条款须同时写明内容和核查日期。")
        return given

    def clauses(self) -> list[tuple[str, str, dt.date]]:
        """The clauses that were filled in."""
        given = self.cleaned_data
        return [
            (given[f"text_{n}"], given[f"standard_{n}"], given[f"on_{n}"])
            for n in range(1, self.count + 1) if given[f"text_{n}"]
        ]


class ConclusionForm(forms.Form):
    """The one conclusion."""

    conclusion = forms.CharField(label="综合结论", max_length=800, widget=forms.Textarea(attrs={"rows": 5}))
