"""Forms of ``packages``: they parse and check, never write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from archives.fields import PagesField
from packages.facts import (
    Fact,
    FactError,
    FactKind,
    Facts,
    FactValue,
    clean_facts,
    contradictions,
    lacks_storeys,
    show_number,
)
from packages.states import MaterialState, Outcome
from packages.verdict_words import PERMIT, VerdictWords
from packages.wording import vague_fault

#: The box that says that none of several choices holds, and its word.
NONE_OF_THEM = ("-", "都没有")
LONG = 1000


class FactsForm(forms.Form):
    """The situation questions of one page. What stays empty stays open; only a height asks for its storeys."""

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, asked: Iterable[Fact], known: Facts, investment: str
    ) -> None:
        """Build one field per question, filled with what is known."""
        self.asked, self.known, self.investment = tuple(asked), known, investment
        super().__init__(data, initial={fact.name: _initial(fact, known.get(fact.name)) for fact in self.asked})
        for fact in self.asked:
            self.fields[fact.name] = _question(fact)

    def clean(self) -> dict[str, Any]:
        """Check the values against the vocabulary and against each other."""
        given = super().clean() or {}
        raw: dict[str, object] = {}
        for name, value in list(given.items()):
            if value == [NONE_OF_THEM[0]]:
                raw[name] = []
            elif isinstance(value, list) and NONE_OF_THEM[0] in value:
                self.add_error(name, "选了“都没有”，就不能再选别的，请核对")
            elif value not in ("", None, []):
                raw[name] = value
        try:
            answers = clean_facts(raw)
        except FactError as error:
            for fault in error.faults:
                self.add_error(fault.name, fault.message)
            return given
        together = {**self.known, **answers}
        for fault in contradictions(together, self.investment):
            self.add_error(fault.name if fault.name in self.fields else None, fault.message)
        if "storeys" in self.fields and "storeys" not in answers and not self.errors and lacks_storeys(together):
            self.add_error("storeys", "填写了建筑高度，没有填写层数：新建、扩建的建筑请一并填写层数")
        return {"answers": answers}

    def merged(self) -> dict[str, FactValue]:
        """What is known together with the answers of this page; an answer that was emptied is open again."""
        kept = {name: value for name, value in self.known.items() if name not in self.fields}
        return {**kept, **self.cleaned_data["answers"]}


def _initial(fact: Fact, value: FactValue | None) -> object:
    if value is None:
        return None
    if fact.kind is FactKind.MANY:
        return value or [NONE_OF_THEM[0]]
    return show_number(value) if fact.kind is FactKind.NUMBER else value


def _question(fact: Fact) -> forms.Field:
    """The field of one question."""
    if fact.kind is FactKind.NUMBER:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        return forms.CharField(
            label=f"{fact.question}（{fact.unit}）", help_text=fact.help, required=False, widget=widget, max_length=20
        )
    if fact.kind is FactKind.MANY:
        return forms.MultipleChoiceField(
            label=fact.question, help_text=fact.help, required=False, choices=[*fact.choices, NONE_OF_THEM],
            widget=forms.CheckboxSelectMultiple,
        )
    return forms.ChoiceField(
        label=fact.question, help_text=fact.help, required=False, choices=fact.choices, widget=forms.RadioSelect
    )


class EnrolForm(forms.Form):
    """The confirmation of a package: the answers in their notation and the package that was shown."""

    facts = forms.CharField(widget=forms.HiddenInput, max_length=6000)
    package_code = forms.CharField(widget=forms.HiddenInput, max_length=40)
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)


class ApplyForm(forms.Form):
    """The matters that are applied for at once, and the key that makes a double post one application."""

    matters = forms.MultipleChoiceField(
        label="事项", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "一项也没有选。请至少勾选一项事项。"},
    )
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=36, required=False)

    def __init__(self, data: Any = None, *, codes: Iterable[tuple[str, str]], **options: Any) -> None:
        """Know the drafts of the project."""
        super().__init__(data, **options)
        self.fields["matters"].choices = list(codes)  # type: ignore[attr-defined]


class MaterialForm(forms.Form):
    """How one line of the checklist is met."""

    state = forms.ChoiceField(label="提交方式", choices=MaterialState.choices)
    uploaded = PagesField(label="文件")
    note = forms.CharField(label="说明", required=False, max_length=300)


class FaultForm(forms.Form):
    """One fault of a one-time notice."""

    what = forms.CharField(label="问题", max_length=300)
    basis = forms.CharField(label="依据", max_length=300)
    how_to_fix = forms.CharField(label="怎么改", max_length=500)
    material = forms.CharField(
        label="要求补交的材料", max_length=200, required=False, help_text="清单外的须先经中心批准"
    )
    case_id = forms.ChoiceField(label="事项", required=False)

    def __init__(
        self, *args: Any, cases: Iterable[tuple[str, str]] = (), demands: bool = False, at: int = 0, **options: Any
    ) -> None:
        """Ask which case where there are several, and which paper where it `demands`; `at`: the row to write on."""
        super().__init__(*args, **options)
        if not demands:
            del self.fields["material"]
        if not self.is_bound and self.prefix == f"form-{at}":
            self.fields["what"].widget.attrs["autofocus"] = True
        choices = list(cases)
        if len(choices) > 1:
            self.fields["case_id"].choices = [("", "全部事项"), *choices]  # type: ignore[attr-defined]
            self.order_fields(["case_id"])
        else:
            del self.fields["case_id"]

    def clean_how_to_fix(self) -> str:
        """Refuse words that do not say what to change: the applicant has one chance to mend it."""
        text = str(self.cleaned_data["how_to_fix"]).strip()
        if words := vague_fault(text):
            raise forms.ValidationError(words)
        return text


if TYPE_CHECKING:
    _Faults = forms.BaseFormSet[FaultForm]
else:
    _Faults = forms.BaseFormSet


class FaultSet(_Faults):
    """All faults of one notice; empty lines are left out, one fault there must be."""

    def initial_form_count(self) -> int:
        """No line has to be filled in, whatever was suggested for it."""
        return 0

    def clean(self) -> None:
        """Ask for at least one fault."""
        if not any(self.errors) and not self.faults():
            raise forms.ValidationError("一条问题也没有写。请至少写明一条问题、依据和改法。")

    def faults(self) -> list[dict[str, str]]:
        """The faults that were filled in."""
        return [form.cleaned_data for form in self.forms if form.has_changed() and form.is_valid()]


NoticeFormSet = forms.formset_factory(FaultForm, formset=FaultSet, extra=0, max_num=30, validate_max=True)


class NoticeForm(forms.Form):
    """What a notice says once for all faults: the days to answer, and why there is a second one."""

    days = forms.IntegerField(label="补正期限（工作日）", min_value=1, max_value=60, initial=10)
    reason_code = forms.ChoiceField(label="再次告知的理由")
    reason_note = forms.CharField(label="理由说明", max_length=300, required=False, help_text="选“其他”的必填。")

    def __init__(self, data: Any = None, *, reasons: Iterable[tuple[str, str]] = (), word: str = "补正") -> None:
        """Ask for the reason only where faults were told before. `word`: 补全 or 补正."""
        super().__init__(data)
        self.fields["days"].label = f"{word}期限（工作日）"
        choices = list(reasons)
        if choices:
            self.fields["reason_code"].choices = [("", "请选择"), *choices]  # type: ignore[attr-defined]
        else:
            del self.fields["reason_code"], self.fields["reason_note"]


class AnswerForm(forms.Form):
    """The enterprise's answer to one fault."""

    answer = forms.CharField(
        label="怎么改的", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明是怎么改的。"},
    )
    uploaded = PagesField(label="改好的文件")


class KeyedRadios(forms.RadioSelect):
    """Radio buttons that the keys 1, 2, 3 … press; `then` is the field in which one writes on, of all or of each."""

    def __init__(self, *args: Any, then: str | Mapping[str, str] = "", **kwargs: Any) -> None:
        """Remember the field that follows."""
        super().__init__(*args, **kwargs)
        self.then = then

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Give each option its key."""
        option = super().create_option(*args, **kwargs)
        option["attrs"]["data-key"] = str(int(option["index"]) + 1)
        then = self.then if isinstance(self.then, str) else self.then.get(str(option["value"]), "")
        if then:
            option["attrs"]["data-then"] = then
        return dict(option)


class RefuseForm(forms.Form):
    """不受理 or 不予受理, with reason and basis."""

    kind = forms.ChoiceField(
        label="决定", choices=[("refused", "不予受理"), ("not_ours", "不受理")], initial="refused",
        widget=KeyedRadios(then="reason"),
        help_text="不予受理：材料仍不符合条件。不受理：不属本机关职权或依法不需许可。",
    )
    reason = forms.CharField(label="理由", max_length=LONG, widget=forms.Textarea(attrs={"rows": 3}))
    basis = forms.CharField(label="依据", max_length=300)
    referral = forms.CharField(label="应向哪个机关申请", max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """A matter of another body needs the body named (行政许可法 32)."""
        given = super().clean() or {}
        if given.get("kind") == "not_ours" and not given.get("referral"):
            self.add_error("referral", "不受理时请告知应向哪个机关申请，或写明“依法不需许可”。")
        return given


class SettleForm(forms.Form):
    """The check of a deferred paper or a commitment."""

    holds = forms.ChoiceField(
        label="核实结果", choices=[("yes", "符合"), ("no", "不符合")], widget=KeyedRadios(then="note")
    )
    note = forms.CharField(label="说明", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, Any]:
        """What does not hold needs its reason."""
        given = super().clean() or {}
        if given.get("holds") == "no" and not given.get("note"):
            self.add_error("note", "不符合的，请写明理由。")
        return given


class DecideForm(forms.Form):
    """The decision of the chief representative."""

    outcome = forms.ChoiceField(label="决定", choices=Outcome.choices, widget=KeyedRadios(then="note"))
    note = forms.CharField(
        label="说明", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data: Any = None, *, owed: int = 0, words: VerdictWords = PERMIT) -> None:
        """Offer 容缺通过 in the place of 准予 only where deferred papers are owed; in the words of the kind."""
        super().__init__(data)
        self.refused = words.refused
        granted = Outcome.PASS_DEFERRED if owed else Outcome.PASS
        said = granted.label if owed else words.granted
        choices = [(granted.value, said), (Outcome.FAIL.value, words.refused)]
        self.fields["note"].help_text = f"{words.refused}的须写明理由。"
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]
        if owed:
            self.fields["outcome"].help_text = f"还有 {owed} 件容缺材料没有补交，{words.granted}的记为容缺通过。"

    def clean(self) -> dict[str, Any]:
        """A refusal gives its reason (行政许可法 38)."""
        given = super().clean() or {}
        if given.get("outcome") == Outcome.FAIL and not given.get("note"):
            self.add_error("note", f"{self.refused}的，请写明理由和依据。")
        return given


class OutsideForm(forms.Form):
    """What was done elsewhere: result, day, evidence."""

    result = forms.CharField(label="办理结果", max_length=300)
    on = forms.DateField(label="办成日期")
    evidence = forms.FileField(label="佐证文件", allow_empty_file=True, error_messages={"required": "请上传佐证文件。"})


class ViewForm(forms.Form):
    """The name of a saved view."""

    name = forms.CharField(
        label="视图名称", max_length=20, error_messages={"required": "请给视图起个名称，例如“今天要受理的”。"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "今天要受理的", "autofocus": True}),
    )
