"""Forms of permits that run out and letters in lieu: they parse and check, never write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from packages.forms import KeyedRadios
from packages.living_data import PermitKind
from packages.models import Letter
from projects import timing
from projects.living import GROUPS

WORDS = forms.Textarea(attrs={"rows": 3})


class InspectForm(forms.Form):
    """The result of the inspection of a phase."""

    holds = forms.ChoiceField(
        label="检查结论", choices=[("yes", "合格，办结检查"), ("no", "有问题，须整改")],
        widget=KeyedRadios(then="result"),
    )
    result = forms.CharField(label="检查情况", max_length=500, widget=WORDS)


class WorkingForm(forms.Form):
    """Works that went on after a permit lapsed."""

    on = forms.DateField(label="发现日期", initial=timing.today)
    found = forms.CharField(label="发现的情况", max_length=200, widget=WORDS, help_text="在哪里、在做什么")


class AnswerStopForm(forms.Form):
    """How the works were stopped."""

    answer = forms.CharField(label="停工情况", max_length=500, widget=WORDS, help_text="何时停工、现场怎样看护")


class StoppedForm(forms.Form):
    """Whether the works stand still."""

    stands_still = forms.ChoiceField(
        label="核查结论", choices=[("yes", "已停工"), ("no", "仍在施工，退回")], widget=KeyedRadios(then="note")
    )
    note = forms.CharField(label="核查情况", max_length=500, widget=WORDS)


class PrepermitForm(forms.Form):
    """A pre-permit: kind, scope, and what it stands on."""

    kind = forms.ChoiceField(label="种类", choices=())
    scope = forms.CharField(label="许可范围", max_length=300, required=False, help_text="不填时按种类的范围")
    basis = forms.CharField(label="审查意见和承诺", max_length=300, widget=WORDS)

    def __init__(self, data: Any = None, *, kinds: Iterable[tuple[PermitKind, bool]], **options: Any) -> None:
        """Know the kinds that may be issued, and those that may only be keyed in for an earlier time."""
        super().__init__(data, **options)
        words = []
        for kind, holds in kinds:
            until = "" if holds or kind.until is None else f"；{timing.written(kind.until)}止，只供补录"
            words.append((kind.code, f"{kind.name}（{kind.months} 个月，不延长{until}）：{kind.scope}"))
        self.fields["kind"].choices = words  # type: ignore[attr-defined]


class TermsForm(forms.Form):
    """What the paper of a case will say: the scope of a permit, or the facts of a letter."""

    def __init__(
        self, data: Any = None, *, scope: str | None, fields: Iterable[Mapping[str, Any]] = (), **options: Any
    ) -> None:
        """Build the scope, or one field per fact of the letter, filled with what stands now."""
        super().__init__(data, **options)
        if scope is not None:
            self.fields["scope"] = forms.CharField(label="许可范围", max_length=300, initial=scope, widget=WORDS)
        for field in fields:
            self.fields[f"field_{field['key']}"] = forms.CharField(
                label=_label(field), max_length=200, required=False, initial=field["value"]
            )

    def values(self) -> dict[str, str]:
        """The facts by their key."""
        return {n.removeprefix("field_"): v for n, v in self.cleaned_data.items() if n.startswith("field_")}


class ConvertForm(forms.Form):
    """What the formal certificate says, field by field, and the reason for what differs immaterially."""

    def __init__(self, data: Any = None, *, letter: Letter, known: Mapping[str, str], **options: Any) -> None:
        """Build one field per fact of the letter, filled with what the portal knows today."""
        super().__init__(data, **options)
        for field in letter.fields:
            self.fields[f"field_{field['key']}"] = forms.CharField(
                label=_label(field), max_length=200, required=bool(field["material"]),
                initial=known.get(field["key"], ""),
                error_messages={"required": f"请填写正式证件所载的{field['name']}。"},
            )
        self.fields["reason"] = forms.CharField(
            label="差异处理理由", max_length=500, required=False, widget=WORDS, help_text="有非实质差异时由首席代表写明"
        )

    def values(self) -> dict[str, str]:
        """The facts by their key; before anything was sent, what the form begins with."""
        if self.is_bound:
            self.full_clean()
            given: Mapping[str, Any] = {name: self.cleaned_data.get(name, "") for name in self.fields}
        else:
            given = {name: str(field.initial or "") for name, field in self.fields.items()}
        return {n.removeprefix("field_"): v for n, v in given.items() if n.startswith("field_")}


def _label(field: Mapping[str, Any]) -> str:
    return f"{field['name']}（{field['unit']}）" if field["unit"] else str(field["name"])


class UseLetterForm(forms.Form):
    """Which letter meets a line."""

    letter = forms.ChoiceField(label="函件", choices=())

    def __init__(self, data: Any = None, *, letters: Iterable[Letter], **options: Any) -> None:
        """Know the letters of the project."""
        super().__init__(data, **options)
        words = [
            (str(row.pk), f"{row.name}{row.paper.number}，有效期至{timing.written(row.valid_until)}") for row in letters
        ]
        self.fields["letter"].choices = words  # type: ignore[attr-defined]


class CalendarForm(forms.Form):
    """What the calendar shows: which month or the whole list, which kind, which project."""

    view = forms.ChoiceField(required=False, choices=[("month", "月历"), ("list", "列表")])
    month = forms.RegexField(r"^\d{4}-(0[1-9]|1[0-2])$", required=False)
    group = forms.ChoiceField(
        label="种类", required=False, choices=[("", "全部种类"), *((word, word) for word in GROUPS)]
    )
    q = forms.CharField(label="项目", required=False, max_length=80)
