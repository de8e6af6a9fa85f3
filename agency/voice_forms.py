"""Forms of ratings, enquiries and complaints: they parse and validate, they never write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from agency.voice_states import CallOutcome, Grade, VoiceKind, VoiceState
from archives import codewords

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.models import Organisation, Project

AREA = forms.Textarea(attrs={"rows": 4})
GRADES = [(str(grade), label) for grade, label in reversed(Grade.choices)]


class RateForm(forms.Form):
    """One grade; the two lowest say why."""

    grade = forms.TypedChoiceField(
        label="满意程度", choices=GRADES, coerce=int, widget=forms.RadioSelect,
        error_messages={"required": "请选择满意程度。"},
    )
    words = forms.CharField(
        label="说明", max_length=500, required=False, widget=AREA, help_text="不满意的请写明哪里不满意，便于整改"
    )
    name = forms.CharField(label="称呼", max_length=50, required=False, help_text="可以不填")
    phone = forms.CharField(
        label="回访电话", max_length=20, required=False, help_text="不满意时由中心回访，被评价人看不到"
    )


class CodeForm(forms.Form):
    """The code of an occasion, as it stands on the window's screen."""

    code = forms.CharField(label="评价码", max_length=12, help_text="窗口屏幕或短信上的 8 位字母和数字")

    def clean_code(self) -> str:
        """Return the code as it is kept."""
        return codewords.plain(self.cleaned_data["code"])


class CallForm(forms.Form):
    """A call back."""

    outcome = forms.ChoiceField(label="回访结果", choices=CallOutcome.choices, widget=forms.RadioSelect)
    reached = forms.CharField(label="受访人姓名", max_length=50, required=False, help_text="实名回访；未接通的不填")
    words = forms.CharField(label="回访记录", max_length=500, widget=AREA)
    order = forms.CharField(
        label="整改要求", max_length=500, required=False, widget=AREA,
        help_text="要整改的填写，会发给被评单位；不写评价人、项目和等级",
    )


class WordsForm(forms.Form):
    """One text."""

    words = forms.CharField(label="内容", max_length=1900, widget=AREA)

    def __init__(self, *args: Any, label: str = "内容", hint: str = "", **kwargs: Any) -> None:
        """Name the text."""
        super().__init__(*args, **kwargs)
        self.fields["words"].label, self.fields["words"].help_text = label, hint


class OptionalWordsForm(forms.Form):
    """One text that may be missing."""

    words = forms.CharField(label="说明", max_length=500, required=False, widget=AREA)


class JudgeForm(forms.Form):
    """Whether an appeal holds."""

    holds = forms.ChoiceField(
        label="结论", widget=forms.RadioSelect,
        choices=[("no", "申诉不成立，继续整改"), ("yes", "申诉成立，评价不计入")],
    )
    words = forms.CharField(label="核查情况和理由", max_length=500, widget=AREA)


class ForwardForm(forms.Form):
    """To whom, with what."""

    body = forms.TypedChoiceField(label="承办单位", coerce=int)
    words = forms.CharField(label="转办要求", max_length=500, widget=AREA, initial="请核实并按期答复。")

    def __init__(self, *args: Any, bodies: Iterable[Organisation] = (), **kwargs: Any) -> None:
        """Offer these bodies; the one complained of is not among them."""
        super().__init__(*args, **kwargs)
        self.fields["body"] = forms.TypedChoiceField(
            label="承办单位", coerce=int, choices=[(body.pk, body.label) for body in bodies]
        )


class VoiceForm(forms.Form):
    """What somebody comes with."""

    kind = forms.ChoiceField(label="类型", choices=VoiceKind.choices, widget=forms.RadioSelect)
    project = forms.TypedChoiceField(label="项目", coerce=int, required=False, empty_value=None)
    title = forms.CharField(label="一句话说是什么事", max_length=80)
    words = forms.CharField(
        label="具体情况", max_length=1800, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="什么时间、在哪里、办什么事、遇到什么问题、希望怎样解决",
    )
    about = forms.TypedChoiceField(
        label="反映哪个单位", coerce=int, required=False, empty_value=None,
        help_text="投诉和办不成事填写；不会转给这个单位办理",
    )
    person = forms.CharField(
        label="反映哪位工作人员", max_length=50, required=False, help_text="知道姓名的填写，本人不经手"
    )
    name = forms.CharField(label="怎么称呼您", max_length=50, required=False)
    phone = forms.CharField(
        label="联系电话", max_length=20, required=False, help_text="只有受理人员看得到；投诉和办不成事必填"
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=36)

    def __init__(
        self, *args: Any, bodies: Iterable[Organisation] = (), projects: Iterable[Project] | None = None,
        known: bool = False, **kwargs: Any,
    ) -> None:
        """Offer bodies, and to who is signed in the own projects; `known`: name and telephone are in the account."""
        super().__init__(*args, **kwargs)
        self.fields["about"] = forms.TypedChoiceField(
            label="反映哪个单位", coerce=int, required=False, empty_value=None,
            help_text=self.fields["about"].help_text,
            choices=[("", "不针对单位"), *((body.pk, body.label) for body in bodies)],
        )
        if projects is None:
            del self.fields["project"]
        else:
            self.fields["project"] = forms.TypedChoiceField(
                label="项目", coerce=int, required=False, empty_value=None,
                choices=[("", "不针对某个项目"), *((one.pk, one.name) for one in projects)],
            )
        if known:
            del self.fields["name"]
            self.fields["phone"].help_text = "不填就用账号里的电话；只有受理人员看得到"
        self.known = known

    def clean(self) -> dict[str, Any]:
        """A complaint of somebody who is not signed in needs a telephone; it is said with the other faults."""
        given = super().clean() or {}
        if not self.known and given.get("kind", VoiceKind.CONSULT) != VoiceKind.CONSULT and not given.get("phone"):
            self.add_error("phone", "投诉和办不成事请留下联系电话，便于核实和答复。")
        return given


class VoiceFilterForm(forms.Form):
    """What the list of the desk is narrowed to."""

    q = forms.CharField(required=False, max_length=80, widget=forms.TextInput(
        attrs={"placeholder": "编号、标题、项目", "type": "search", "data-scan": ""}
    ))
    kind = forms.ChoiceField(required=False, choices=[("", "全部"), *VoiceKind.choices])
    state = forms.ChoiceField(required=False, choices=[("", "全部"), *VoiceState.choices])


class RatingFilterForm(forms.Form):
    """What the list of ratings is narrowed to."""

    q = forms.CharField(required=False, max_length=80, widget=forms.TextInput(
        attrs={"placeholder": "项目、事项、单位", "type": "search", "data-scan": ""}
    ))
    grade = forms.TypedChoiceField(required=False, coerce=int, empty_value=None, choices=[("", "全部"), *GRADES])
