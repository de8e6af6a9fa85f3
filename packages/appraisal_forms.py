"""Forms of the pool and its appraisals: they parse and check, they write nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from archives.models import DocumentVersion
from packages.appraisal_rule import Level
from packages.appraisal_states import Factor, Grade, Maturity
from packages.services.appraisal_pool import PoolCard
from packages.services.appraisal_rounds import Given
from packages.services.appraisal_signing import Conclusion

WORDS = forms.Textarea(attrs={"rows": 3})
NA = "na"


class EnterForm(forms.Form):
    """What is told of a project when it enters the pool."""

    proposer = forms.CharField(label="提出单位", max_length=100, help_text="提出项目的部门、园区或企业")
    parcel = forms.CharField(
        label="宗地编号或四至", max_length=100, required=False, help_text="用来查重；还没有宗地的留空"
    )
    land_wish = forms.CharField(label="用地意向", max_length=200, required=False)
    industry = forms.CharField(label="行业", max_length=60, required=False)
    opening_on = forms.DateField(label="目标开工日期", required=False)
    note = forms.CharField(label="项目概况", max_length=500, required=False, widget=WORDS)
    is_direct = forms.BooleanField(
        label="备案项目，建设单位申请直接会商", required=False, help_text="不等研判成熟即可召集会商"
    )

    def card(self) -> PoolCard:
        """What was told."""
        return PoolCard(**self.cleaned_data)


class WhyForm(forms.Form):
    """A reason."""

    reason = forms.CharField(label="原因", max_length=300, widget=WORDS)


class RoundForm(forms.Form):
    """Why a round is opened."""

    note = forms.CharField(label="说明", max_length=300, required=False, widget=WORDS, help_text="部门看得到，可以不填")


class PairForm(forms.Form):
    """What a person makes of two projects that look alike."""

    outcome = forms.ChoiceField(label="认定")
    reason = forms.CharField(label="认定理由", max_length=300, widget=WORDS)

    def __init__(self, data: Any = None, *, first: tuple[int, str], second: tuple[int, str], **options: Any) -> None:
        """Offer both ways of merging beside keeping apart."""
        super().__init__(data, **options)
        field = self.fields["outcome"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - of the class above
        field.choices = [
            ("distinct", "不是重复，各自保留"), (str(first[0]), f"是同一项目，保留“{first[1]}”"),
            (str(second[0]), f"是同一项目，保留“{second[1]}”"),
        ]
        field.widget = forms.RadioSelect(choices=field.choices)


class ScoreForm(forms.Form):
    """The department's form: per factor a level, the reason, the proof. A factor left empty is not scored yet."""

    def __init__(
        self, data: Any = None, files: Any = None, *, factors: Sequence[tuple[str, Sequence[Level]]],
        documents: Sequence[DocumentVersion], **options: Any,
    ) -> None:
        """Build the fields of each factor."""
        super().__init__(data, files, **options)
        self.codes = [code for code, _ in factors]
        self.documents = {str(version.pk): version for version in documents}
        held = [("", "不用已有文件"), *((str(row.pk), row.document.title) for row in documents)]
        for code, levels in factors:
            name = Factor(code).label
            choices = [(str(one.level), f"{one.level} {one.word}：{one.meaning}") for one in levels]
            self.fields[f"level_{code}"] = forms.ChoiceField(
                label=f"{name}水平", choices=[*choices, (NA, "不涉及（按 3 计，须写明理由）")], required=False,
                widget=forms.RadioSelect,
            )
            self.fields[f"reason_{code}"] = forms.CharField(
                label=f"{name}情况", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
                help_text="到哪一步、卡在哪里、预计何时完成",
            )
            self.fields[f"held_{code}"] = forms.ChoiceField(
                label=f"{name}佐证：项目档案中的文件", choices=held, required=False
            )
            self.fields[f"file_{code}"] = forms.FileField(label=f"{name}佐证：上传", required=False)

    def groups(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """The fields by factor."""
        return [
            (code, str(Factor(code).label), [self[f"{part}_{code}"] for part in ("level", "reason", "held", "file")])
            for code in self.codes
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse a form that says nothing, and a reason without its level."""
        given: dict[str, Any] = super().clean() or {}
        if not any(given.get(f"level_{code}") for code in self.codes):
            raise forms.ValidationError("请至少给一项要素评分。")
        for code in self.codes:
            if given.get(f"level_{code}") and not given.get(f"reason_{code}", "").strip():
                self.add_error(f"reason_{code}", "请写明情况。")
            if given.get(f"reason_{code}") and not given.get(f"level_{code}"):
                self.add_error(f"level_{code}", "请选择水平。")
        return given

    def scores(self) -> dict[str, Given]:
        """What the department says."""
        told: dict[str, Given] = {}
        for code in self.codes:
            level = self.cleaned_data.get(f"level_{code}")
            if level:
                proof = self.cleaned_data.get(f"file_{code}") or self.documents.get(
                    self.cleaned_data.get(f"held_{code}", "")
                )
                told[code] = Given(
                    3 if level == NA else int(level), self.cleaned_data[f"reason_{code}"], level == NA, proof
                )
        return told


class SignForm(forms.Form):
    """The chair's opinion: what the rule says is the default, another word needs its reason."""

    maturity = forms.ChoiceField(label="研判结论", required=False)
    override_reason = forms.CharField(
        label="调整成熟度的理由", max_length=300, required=False, help_text="与规则判定不同时必填，写在意见书里"
    )
    ticks = forms.MultipleChoiceField(
        label="加重的情形", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="总投资和目标开工日期由系统计算，其余由您勾选",
    )
    grade = forms.ChoiceField(
        label="轻重缓急", required=False, choices=[("", "按规则"), *Grade.choices]
    )
    grade_reason = forms.CharField(
        label="调整等级的理由", max_length=300, required=False, help_text="与规则等级不同时必填"
    )
    text = forms.CharField(label="研判意见", max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(
        self, data: Any = None, *, machine: str, disputed: Sequence[tuple[str, str]],
        questions: Sequence[tuple[str, str]], **options: Any,
    ) -> None:
        """Offer what the rule says first; one field per factor on which departments differ."""
        super().__init__(data, **options)
        maturity, ticks = self.fields["maturity"], self.fields["ticks"]
        assert isinstance(maturity, forms.ChoiceField)  # noqa: S101 - of the class above
        assert isinstance(ticks, forms.MultipleChoiceField)  # noqa: S101 - of the class above
        maturity.choices = [("", f"按规则：{Maturity(machine).label}"), *(
            choice for choice in Maturity.choices if choice[0] not in (machine, Maturity.PENDING)
        )]
        ticks.choices = list(questions)
        self.disputed = [code for code, _ in disputed]
        for code, words in disputed:
            self.fields[f"settled_{code}"] = forms.TypedChoiceField(
                label=f"裁定{Factor(code).label}水平（{words}）", coerce=int,
                choices=[(str(level), str(level)) for level in range(4)],
            )
        self.order_fields([*(f"settled_{code}" for code in self.disputed), *self.fields])

    def conclusion(self) -> Conclusion:
        """What the chair signs."""
        given = self.cleaned_data
        return Conclusion(
            given["text"], given["maturity"], given["override_reason"], given["ticks"], given["grade"],
            given["grade_reason"], {code: given[f"settled_{code}"] for code in self.disputed},
        )


class ClaimForm(forms.Form):
    """Who is responsible for a gap, until when."""

    responsible = forms.CharField(label="责任人", max_length=50)
    promised_on = forms.DateField(label="承诺完成日")


class FilledForm(forms.Form):
    """How a gap was filled, and what proves it."""

    answer = forms.CharField(label="怎样补齐的", max_length=500, widget=WORDS)
    held = forms.ChoiceField(label="佐证：项目档案中的文件", required=False)
    file = forms.FileField(label="佐证：上传", required=False)

    def __init__(self, data: Any = None, files: Any = None, *, documents: Sequence[DocumentVersion], **options: Any
                 ) -> None:
        """Offer what the archive holds."""
        super().__init__(data, files, **options)
        self.documents = {str(version.pk): version for version in documents}
        held = self.fields["held"]
        assert isinstance(held, forms.ChoiceField)  # noqa: S101 - of the class above
        held.choices = [("", "不用已有文件"), *((str(row.pk), row.document.title) for row in documents)]

    def evidence(self) -> Any:
        """The upload, or the file of the archive, or none."""
        return self.cleaned_data.get("file") or self.documents.get(self.cleaned_data.get("held", ""))


class CheckForm(forms.Form):
    """Whether a gap is filled."""

    passed = forms.ChoiceField(label="核实", choices=[("yes", "已补齐"), ("no", "没有补齐，退回")])
    reason = forms.CharField(label="退回的原因", max_length=200, required=False, widget=WORDS)
