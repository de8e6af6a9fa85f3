"""Forms of a consultation, of its checklists on the telephone, of the versions of its plan, of what is off the list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms

from packages.consultation_states import CheckKind, MatterAnswer, OffListCause, SiteAnswer
from packages.models import UnitCheck
from packages.services.consultation import Invitee
from packages.services.consultation_survey import Ticked
from packages.services.service_plan import EDITED
from projects import timing
from projects.models import Organisation

WORDS = forms.Textarea(attrs={"rows": 3})
LONG = forms.Textarea(attrs={"rows": 18})


class ConveneForm(forms.Form):
    """What the consultation is about and who is invited."""

    agenda = forms.CharField(label="议题", max_length=500, widget=WORDS)
    early_reason = forms.CharField(label="提前召集的理由", max_length=300, widget=WORDS, required=False)
    units = forms.MultipleChoiceField(label="受邀单位", choices=(), widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any = None, *, invitees: Sequence[Invitee], is_ripe: bool, **options: Any) -> None:
        """Propose the bodies of the plan; before the project is ripe ask for the reason."""
        super().__init__(data, **options)
        self.invitees = invitees
        self.fields["units"].choices = [  # type: ignore[attr-defined]
            (str(one.organisation.pk), one.organisation.label) for one in invitees
        ]
        self.fields["units"].initial = [str(one.organisation.pk) for one in invitees if one.is_wanted]
        if is_ripe:
            del self.fields["early_reason"]
        else:
            self.fields["early_reason"].required = True

    def rows(self) -> Iterator[tuple[Invitee, bool]]:
        """Each body with whether it is ticked."""
        chosen = self["units"].value() or []
        for one in self.invitees:
            yield one, str(one.organisation.pk) in chosen


class InviteForm(forms.Form):
    """Day, hour and place of the survey and of the meeting."""

    survey_on = forms.DateField(label="踏勘日期")
    survey_time = forms.TimeField(label="踏勘时间", initial="09:30", widget=forms.TimeInput(attrs={"type": "time"}))
    survey_place = forms.CharField(label="集合地点", max_length=200)
    meets_on = forms.DateField(label="会商日期")
    meets_time = forms.TimeField(label="会商时间", initial="14:30", widget=forms.TimeInput(attrs={"type": "time"}))
    meeting_place = forms.CharField(label="会商地点", max_length=200)

    def moments(self) -> dict[str, Any]:
        """The arguments of the service."""
        given = self.cleaned_data
        return {
            "survey_at": _moment(given["survey_on"], given["survey_time"]), "survey_place": given["survey_place"],
            "meets_at": _moment(given["meets_on"], given["meets_time"]), "meeting_place": given["meeting_place"],
        }


def _moment(day: dt.date, hour: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, hour, tzinfo=timing.BUSINESS_ZONE)


class UnitForm(forms.Form):
    """One more unit."""

    organisation = forms.ModelChoiceField(label="补邀单位", queryset=Organisation.objects.none())

    def __init__(self, data: Any = None, *, taken: Sequence[int], **options: Any) -> None:
        """Offer the bodies of the catalogue that are not invited yet."""
        super().__init__(data, **options)
        found = Organisation.objects.exclude(code="").exclude(pk__in=taken).order_by("pk")
        self.fields["organisation"].queryset = found  # type: ignore[attr-defined]


class MeetingForm(forms.Form):
    """What the survey found."""

    note = forms.CharField(label="踏勘情况", max_length=500, widget=WORDS)


class MinutesForm(forms.Form):
    """The minutes, drafted from what was ticked."""

    text = forms.CharField(label="会商纪要", max_length=20000, widget=LONG)


class ReasonForm(forms.Form):
    """A reason."""

    reason = forms.CharField(label="原因", max_length=300, widget=WORDS)


class NothingForm(forms.Form):
    """A step that asks nothing."""


class OpinionForm(forms.Form):
    """The opinion of a unit that was absent."""

    opinion = forms.CharField(label="书面意见", max_length=1000, widget=WORDS)
    basis = forms.CharField(label="依据", max_length=300)


class PhotoForm(forms.Form):
    """A photograph."""

    photo = forms.FileField(
        label="照片", widget=forms.FileInput(attrs={"accept": "image/*", "capture": "environment"})
    )
    note = forms.CharField(label="照片说明", max_length=100, required=False)


class CheckForm(forms.Form):
    """The checklist of a unit: one answer per line, the rest where it is needed. Every line may stay open."""

    def __init__(self, data: Any = None, *, lines: Sequence[UnitCheck], **options: Any) -> None:
        """Build the fields of each line."""
        super().__init__(data, **options)
        self.lines = lines
        for line in lines:
            self._build(line)

    def _build(self, line: UnitCheck) -> None:
        is_site, key = line.kind == CheckKind.SITE, line.pk
        choices = SiteAnswer.choices if is_site else MatterAnswer.choices
        self.fields[f"answer_{key}"] = forms.ChoiceField(
            label=line.text, choices=choices, required=False, initial=line.answer
        )
        self.fields[f"note_{key}"] = forms.CharField(
            label="说明" if is_site else "前置、要求", max_length=300, required=False, initial=line.note
        )
        if is_site:
            return
        self.fields[f"when_{key}"] = forms.CharField(label="何时办", max_length=60, required=False, initial=line.when)
        self.fields[f"basis_{key}"] = forms.CharField(label="依据", max_length=200, required=False, initial=line.basis)
        for name, label, allowed in (
            ("commits", "可承诺", line.may_commit), ("defers", "可容缺", line.may_defer),
            ("merges", "可合并办理", True),
        ):
            if allowed:
                self.fields[f"{name}_{key}"] = forms.BooleanField(
                    label=label, required=False, initial=getattr(line, name)
                )

    def rows(self) -> Iterator[tuple[UnitCheck, forms.BoundField, list[forms.BoundField], list[forms.BoundField]]]:
        """Each line with its answer, its words and its ticks."""
        for line in self.lines:
            def there(*names: str, key: int = line.pk) -> list[forms.BoundField]:
                return [self[f"{name}_{key}"] for name in names if f"{name}_{key}" in self.fields]

            yield line, self[f"answer_{line.pk}"], there("when", "note", "basis"), there("commits", "defers", "merges")

    def ticked(self) -> dict[int, Ticked]:
        """What was ticked, by line."""
        given = self.cleaned_data
        return {
            line.pk: Ticked(
                given.get(f"answer_{line.pk}") or "", given.get(f"when_{line.pk}") or "",
                bool(given.get(f"commits_{line.pk}")), bool(given.get(f"defers_{line.pk}")),
                bool(given.get(f"merges_{line.pk}")), given.get(f"note_{line.pk}") or "",
                given.get(f"basis_{line.pk}") or "",
            ) for line in self.lines
        }


class PlanForm(forms.Form):
    """What people write into a draft, one line each; `edit` is the saving that the form began with."""

    edit = forms.IntegerField(widget=forms.HiddenInput)
    risks = forms.CharField(label="风险提示", required=False, widget=forms.Textarea(attrs={"rows": 6}))
    decisions = forms.CharField(label="需要协调的事项", required=False, widget=forms.Textarea(attrs={"rows": 6}))
    declined = forms.CharField(label="企业选择不采用", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def given(self) -> dict[str, list[str]]:
        """The lines of each field."""
        return {field: self.cleaned_data[field].splitlines() for field in EDITED}

    @staticmethod
    def first(scheme: Mapping[str, Any], edit: int) -> dict[str, Any]:
        """What the form begins with."""
        return {"edit": edit} | {field: "\n".join(scheme[field]) for field in EDITED}


class EditForm(forms.Form):
    """A step on a draft that begins with one of its savings."""

    edit = forms.IntegerField(widget=forms.HiddenInput)


class OffListForm(forms.Form):
    """A matter of the plan, or a paper of one, that is not on the list."""

    code = forms.ChoiceField(label="事项", choices=())
    material = forms.CharField(
        label="材料", max_length=200, required=False, help_text="只增加事项的留空；增加材料的写材料名称"
    )
    cause = forms.ChoiceField(label="原因", choices=OffListCause.choices)
    reason = forms.CharField(label="理由", max_length=300, widget=WORDS)
    basis = forms.CharField(label="依据", max_length=300, help_text="法律法规或文件的条款")

    def __init__(self, data: Any = None, *, matters: Sequence[tuple[str, str]], **options: Any) -> None:
        """Offer the matters of the plan."""
        super().__init__(data, **options)
        self.fields["code"].choices = list(matters)  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    """Whether the centre lets it in."""

    approves = forms.ChoiceField(label="意见", choices=[("yes", "批准"), ("no", "不予批准")])
    answer = forms.CharField(label="批准意见", max_length=300, required=False, widget=WORDS)
