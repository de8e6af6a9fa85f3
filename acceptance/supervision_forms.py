"""Forms of the joint supervision: they parse and validate, they never write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms

from acceptance import supervision_data as data
from acceptance.models import InspectionLine
from acceptance.services.inspecting import Said
from acceptance.supervision_states import FindingKind, LineAnswer
from projects import timing
from projects.models import Organisation, WorkUnit

WORDS = forms.Textarea(attrs={"rows": 3})
#: So many photographs go with one answer.
MOST_FILES = 9
SEVERAL = f"可以一次选多张，最多 {MOST_FILES} 个；照片传 JPEG 或 PNG"


class WishForm(forms.Form):
    """A department wants to visit."""

    work_unit = forms.ChoiceField(label="工程")
    organisation = forms.ChoiceField(label="部门")
    wanted_on = forms.DateField(label="想去的日期", initial=timing.today)
    purpose = forms.CharField(label="检查内容", max_length=200, widget=WORDS)
    why_apart = forms.CharField(
        label="不并入联合检查的理由", max_length=300, required=False,
        help_text="临近有联合检查的自动并入；确须单独去的写明理由，并填写下面的计划外理由",
    )
    reason_code = forms.ChoiceField(label="计划外理由", required=False)
    reason = forms.CharField(
        label="理由说明", max_length=300, required=False, help_text="不并入联合检查的必填，记入企业的入企检查记录"
    )
    is_unannounced = forms.BooleanField(label="不预先通知，现在开始", required=False)

    def __init__(self, given: Any = None, *, units: Sequence[WorkUnit], bodies: Sequence[Organisation]) -> None:
        """Offer the works of the project and the departments of the person."""
        super().__init__(given)
        self.fields["work_unit"].choices = [(str(one.pk), one.name) for one in units]  # type: ignore[attr-defined]
        self.fields["organisation"].choices = [(str(one.pk), one.label) for one in bodies]  # type: ignore[attr-defined]
        self.fields["reason_code"].choices = [("", "—"), *data.reasons(timing.today())]  # type: ignore[attr-defined]


class NotifyForm(forms.Form):
    """Day, hour and place of the visit."""

    slot_on = forms.DateField(label="检查日期")
    slot_time = forms.TimeField(label="时间", initial=dt.time(9, 30), widget=forms.TimeInput(attrs={"type": "time"}))
    place = forms.CharField(label="集合地点", max_length=200)


class DeclineForm(forms.Form):
    """Another day, with the reason."""

    slot_on = forms.DateField(label="改到")
    reason = forms.CharField(label="理由", max_length=300, widget=WORDS)

    def __init__(self, given: Any = None, *, planned_on: dt.date, on: dt.date) -> None:
        """Say up to when it may be moved, which the rule of `on` (the day of asking) tells."""
        super().__init__(given)
        last = planned_on + dt.timedelta(days=data.term("join", on))
        self.fields["slot_on"].help_text = (
            f"{timing.spoken(planned_on + dt.timedelta(days=1))}至{timing.spoken(last)}之间的工作日"
        )


class BringForm(forms.Form):
    """Which department comes along, and what it looks at."""

    organisation_id = forms.TypedChoiceField(label="部门", coerce=int)
    purpose = forms.CharField(label="检查内容", max_length=200, widget=WORDS)

    def __init__(self, given: Any = None, *, bodies: Iterable[Organisation]) -> None:
        """Offer the departments that do not take part yet."""
        super().__init__(given)
        self.fields["organisation_id"].choices = [(one.pk, one.label) for one in bodies]  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    """Why it is called off."""

    reason = forms.CharField(label="取消的理由", max_length=300, widget=WORDS)


class LinesForm(forms.Form):
    """The lines of a department: answer, and for a fault what, how to put it right, and what follows."""

    opinion = forms.CharField(label="检查意见", max_length=500, required=False, widget=WORDS)
    inspectors = forms.CharField(label="检查人员", max_length=100, required=False, help_text="用顿号隔开，不填为本人")

    def __init__(
        self, given: Any = None, *, lines: Sequence[InspectionLine], recent: Mapping[str, dt.date]
    ) -> None:
        """Add the fields of each line; what was checked lately may stay empty."""
        super().__init__(given)
        self.lines, self.recent = lines, recent
        choices = [(one.value, one.label) for one in LineAnswer if one != LineAnswer.RECENT]
        days = data.term("major", timing.today())
        for line in lines:
            pk = line.pk
            self.fields[f"answer_{pk}"] = forms.ChoiceField(
                label=line.text, choices=choices, widget=forms.RadioSelect,
                required=line.code not in recent,
            )
            self.fields[f"kind_{pk}"] = forms.ChoiceField(
                label="处理", choices=[("", "—"), *FindingKind.choices], required=False
            )
            self.fields[f"what_{pk}"] = forms.CharField(label="什么问题", max_length=300, required=False)
            self.fields[f"fix_{pk}"] = forms.CharField(label="怎么改", max_length=500, required=False)
            for name in ("kind", "what", "fix"):  # asked for with 有问题, which the line above them says
                self.fields[f"{name}_{pk}"].depends = True  # type: ignore[attr-defined]
            self.fields[f"major_{pk}"] = forms.BooleanField(label=f"重大问题（{days} 天内改）", required=False)
            self.fields[f"note_{pk}"] = forms.CharField(label="说明", max_length=300, required=False)

    def rows(self) -> Iterator[tuple[InspectionLine, Any, list[Any], Any, dt.date | None]]:
        """Each line with its answer, its words of a fault, the tick, and when it was checked lately."""
        for line in self.lines:
            pk = line.pk
            words = [self[f"{name}_{pk}"] for name in ("kind", "what", "fix", "note")]
            yield line, self[f"answer_{pk}"], words, self[f"major_{pk}"], self.recent.get(line.code)

    def said(self) -> dict[int, Said]:
        """What was answered, line by line."""
        given = self.cleaned_data
        return {
            line.pk: Said(
                given[f"answer_{line.pk}"], note=given[f"note_{line.pk}"], kind=given[f"kind_{line.pk}"],
                what=given[f"what_{line.pk}"], fix=given[f"fix_{line.pk}"], is_major=given[f"major_{line.pk}"],
            )
            for line in self.lines if given[f"answer_{line.pk}"]
        }


class PhotoForm(forms.Form):
    """A photograph of the site."""

    photo = forms.FileField(label="照片", widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png"}))
    note = forms.CharField(label="拍的是什么", max_length=100, required=False)


class CloseForm(forms.Form):
    """The one record."""

    text = forms.CharField(label="检查情况", max_length=2000, widget=WORDS)
    absent = forms.MultipleChoiceField(label="未到场", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, given: Any = None, *, units: Sequence[tuple[int, str]]) -> None:
        """Offer the departments that have not filled their lines."""
        super().__init__(given)
        if units:
            self.fields["absent"].choices = [(str(pk), name) for pk, name in units]  # type: ignore[attr-defined]
        else:
            del self.fields["absent"]


class FilesInput(forms.FileInput):
    """A field of several files."""

    allow_multiple_selected = True

    def __init__(self, attrs: Any = None) -> None:
        """Ask for what is taken; not for HEIC: a telephone that keeps its photographs so is to hand over JPEG."""
        super().__init__({"accept": "image/jpeg,image/png,.pdf,.ofd,.docx,.xlsx,.dwg,.zip", **(attrs or {})})


class FilesField(forms.FileField):
    """One file or more, each checked like one; none where it may stay empty."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the files as a list. Raises `ValidationError` for none and for too many."""
        if len(data or ()) > MOST_FILES:
            raise forms.ValidationError(f"一次最多 {MOST_FILES} 个文件，其余的请并成一个 PDF 或压缩包。")
        given = [super(FilesField, self).clean(one, initial) for one in data or [None]]
        return [one for one in given if one is not None]


class AnswerForm(forms.Form):
    """The owner's answer to a fault."""

    answer = forms.CharField(label="怎么改的", max_length=500, widget=WORDS)
    uploaded = FilesField(label="整改后的照片或文件", help_text=SEVERAL)


class RecheckForm(forms.Form):
    """The re-check of a fault."""

    holds = forms.ChoiceField(
        label="复核结果", choices=[("yes", "已改好"), ("no", "没有改到位")], widget=forms.RadioSelect
    )
    way = forms.ChoiceField(
        label="方式", choices=[("desk", "书面复核"), ("site", "现场复核")], widget=forms.RadioSelect, initial="desk"
    )
    note = forms.CharField(label="意见", max_length=500, required=False, help_text="没有改到位时写明哪里")
