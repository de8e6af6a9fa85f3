"""Forms of agreements, orders, escalations, accompanied walks, agents and hand-overs: they parse and validate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from agency.desk_states import Channel, Power
from agency.services.accompanying import Friction
from agency.services.agents import AgentEntry
from projects import timing
from projects.models import Organisation, Region
from projects.paging import as_key
from projects.states import OrganisationKind

if TYPE_CHECKING:
    from agency.models import Agent
    from packages.models import MatterCase
    from projects.models import User

WORDS = forms.Textarea(attrs={"rows": 3})
WEEK = [(str(day), f"周{word}") for day, word in enumerate("一二三四五六日", start=1)]
POINTS = 5
#: Bodies that something may wait for.
ANSWERING = (
    OrganisationKind.BUREAU,
    OrganisationKind.DEPARTMENT,
    OrganisationKind.COMMITTEE,
    OrganisationKind.CENTRE,
    OrganisationKind.REGISTRY,
    OrganisationKind.ARCHIVE,
    OrganisationKind.UTILITY,
    OrganisationKind.HIGHER,
)


def bodies() -> list[tuple[str, str]]:
    """Return the departments to choose from."""
    return [(str(body.pk), body.label) for body in Organisation.objects.filter(kind__in=ANSWERING).order_by("name")]


class AskForm(forms.Form):
    """The owner asks for an agent."""

    contact = forms.CharField(
        label="企业联系人", max_length=60, widget=forms.TextInput(attrs={"placeholder": "例如：张伟，项目部"})
    )
    wish = forms.CharField(
        label="想让我们办什么", max_length=300, required=False, widget=WORDS, help_text="可以不填，服务专员会联系您"
    )


class OfferForm(forms.Form):
    """The agreement as it is offered."""

    codes = forms.MultipleChoiceField(label="代办事项", widget=forms.CheckboxSelectMultiple)
    is_all = forms.BooleanField(label="计划以后新增的事项同样代办", required=False, initial=True)
    powers = forms.MultipleChoiceField(
        label="委托权限", choices=Power.choices, initial=list(Power.values), widget=forms.CheckboxSelectMultiple
    )
    until = forms.DateField(label="委托期限", required=False, help_text="不填为至项目交付，未办完的事项办完为止")
    contact = forms.CharField(label="企业联系人", max_length=60, required=False)

    def __init__(self, *args: Any, matters: Sequence[Sequence[str]], **kwargs: Any) -> None:
        """Offer the open matters of the plan, all of them chosen."""
        super().__init__(*args, **kwargs)
        choices = [(code, name) for code, name in matters]
        self.fields["codes"] = forms.MultipleChoiceField(
            label="代办事项",
            choices=choices,
            initial=[code for code, _ in choices],
            widget=forms.CheckboxSelectMultiple,
        )


class ReasonForm(forms.Form):
    """A reason that has to be given."""

    reason = forms.CharField(label="理由", max_length=200, widget=WORDS)


class MayReasonForm(forms.Form):
    """A reason that may be given."""

    reason = forms.CharField(label="理由（可以不填）", max_length=200, required=False, widget=WORDS)


class NoteForm(forms.Form):
    """What was done, in a line."""

    note = forms.CharField(label="办结情况", max_length=120, required=False)


class LogForm(forms.Form):
    """One line of the log."""

    channel = forms.ChoiceField(label="方式", choices=Channel.choices, initial=Channel.PHONE)
    who = forms.CharField(
        label="对象", max_length=60, widget=forms.TextInput(attrs={"placeholder": "例如：水利局 李科长"})
    )
    fact = forms.CharField(
        label="情况", max_length=200, widget=forms.TextInput(attrs={"placeholder": "一句话：说到哪一步"})
    )
    promise = forms.CharField(
        label="对方承诺", max_length=120, required=False, widget=forms.TextInput(attrs={"placeholder": "可以不填"})
    )
    promised_on = forms.DateField(label="承诺日期", required=False)
    next_check = forms.DateField(label="下次核查", required=False, help_text="不填为 2 个工作日后")

    def __init__(self, *args: Any, begins: bool = False, **kwargs: Any) -> None:
        """With `begins` the line may be typed at once: who comes from a list presses J, types, and sends."""
        super().__init__(*args, **kwargs)
        if begins:
            self.fields["who"].widget.attrs["autofocus"] = True


class WaitForm(forms.Form):
    """What is waited for, and of whom."""

    body = forms.ChoiceField(label="等谁", required=False)
    what = forms.CharField(
        label="等什么", max_length=120, widget=forms.TextInput(attrs={"placeholder": "例如：补齐勘察报告盖章"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the owner and the departments."""
        super().__init__(*args, **kwargs)
        self.fields["body"] = forms.ChoiceField(label="等谁", required=False, choices=[("", "建设单位"), *bodies()])


class EscalateForm(forms.Form):
    """What is asked, and what was tried."""

    body = forms.ChoiceField(label="由谁答复", required=False)
    question = forms.CharField(
        label="要解决什么", max_length=200, widget=forms.TextInput(attrs={"placeholder": "一句话说清要谁决定什么"})
    )
    tried = forms.CharField(
        label="已经怎么办过", max_length=500, widget=WORDS, help_text="写日期、找过谁、结果；没有办过的不升级"
    )

    def __init__(self, *args: Any, chooses: bool = True, **kwargs: Any) -> None:
        """The first step may go to any department; above it the body is given."""
        super().__init__(*args, **kwargs)
        if chooses:
            self.fields["body"] = forms.ChoiceField(
                label="由谁答复", required=False, choices=[("", "牵头部门"), *bodies()]
            )
        else:
            del self.fields["body"]


class DecideForm(forms.Form):
    """What is decided, who does it until when."""

    decision = forms.CharField(label="决定", max_length=500, widget=WORDS)
    owner = forms.CharField(
        label="由谁落实", max_length=60, widget=forms.TextInput(attrs={"placeholder": "例如：水利局 王科长"})
    )
    owed_on = forms.DateField(label="落实期限")


class CannotForm(forms.Form):
    """The body says that it cannot solve it at its step."""

    question = forms.CharField(label="要上一级解决什么", max_length=200)
    tried = forms.CharField(label="本级怎么办过", max_length=500, widget=WORDS)


class GiveForm(forms.Form):
    """To whom the desk gives an order, and why."""

    agent = forms.ChoiceField(label="派给")
    reason = forms.CharField(label="理由", max_length=200)

    def __init__(self, *args: Any, people: Sequence[Agent], **kwargs: Any) -> None:
        """Offer these people."""
        super().__init__(*args, **kwargs)
        self.fields["agent"] = forms.ChoiceField(label="派给", choices=[(str(one.pk), str(one.user)) for one in people])


class MarkForm(forms.Form):
    """A toggle of 盯、关、跟."""

    kind = forms.CharField(max_length=8)
    on = forms.BooleanField(required=False)
    note = forms.CharField(label="说明", max_length=200, required=False)


class WalkForm(forms.Form):
    """An accompanied walk with up to five friction points."""

    form_key = forms.CharField(max_length=36, widget=forms.HiddenInput, required=False)
    on = forms.DateField(label="陪办日期", initial=timing.today)
    official = forms.CharField(label="陪办人", max_length=60)
    post = forms.CharField(label="职务", max_length=60, required=False)
    case = forms.ChoiceField(label="走的事项", required=False)
    walked = forms.CharField(
        label="走了哪些环节", max_length=500, widget=WORDS, help_text="按顺序写：取号、接件、补正、领证……"
    )
    good = forms.CharField(label="做得好的", max_length=300, required=False)

    def __init__(self, *args: Any, cases: Sequence[MatterCase] = (), **kwargs: Any) -> None:
        """Offer the matters of the plan, and the fields of the friction points."""
        super().__init__(*args, **kwargs)
        choices = [("", "整个项目"), *((str(case.pk), case.matter.name) for case in cases)]
        self.fields["case"] = forms.ChoiceField(label="走的事项", required=False, choices=choices)
        offered = [("", "—"), *bodies()]
        for number in range(1, POINTS + 1):
            self.fields[f"what_{number}"] = forms.CharField(label="堵在哪里", max_length=300, required=False)
            self.fields[f"wish_{number}"] = forms.CharField(label="希望怎样", max_length=300, required=False)
            self.fields[f"body_{number}"] = forms.ChoiceField(label="责任单位", required=False, choices=offered)

    @property
    def points(self) -> list[tuple[int, Any, Any, Any]]:
        """The fields of the friction points, row by row."""
        return [
            (number, self[f"what_{number}"], self[f"wish_{number}"], self[f"body_{number}"])
            for number in range(1, POINTS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        """A friction point needs the body that has to change it."""
        given = super().clean() or {}
        for number in range(1, POINTS + 1):
            if given.get(f"what_{number}") and not given.get(f"body_{number}"):
                self.add_error(f"body_{number}", "选择由哪个单位整改。")
        return given

    def frictions(self) -> list[Friction]:
        """Return the friction points that were written down."""
        given = self.cleaned_data
        rows = [number for number in range(1, POINTS + 1) if given.get(f"what_{number}")]
        known = Organisation.objects.in_bulk([int(given[f"body_{number}"]) for number in rows])
        return [Friction(given[f"what_{n}"], given.get(f"wish_{n}", ""), known[int(given[f"body_{n}"])]) for n in rows]


class AnswerForm(forms.Form):
    """What was changed."""

    answer = forms.CharField(label="改了什么", max_length=500, widget=WORDS)


class CheckForm(forms.Form):
    """Whether it is gone."""

    gone = forms.ChoiceField(label="复核结果", choices=[("yes", "已通"), ("no", "还堵着")], initial="yes")
    reason = forms.CharField(label="还有什么没改", max_length=200, required=False)


class RegionsField(forms.ModelMultipleChoiceField[Region]):
    """Several regions by their keys."""

    def clean(self, value: Any) -> Any:
        """Refuse what is no key before the database is asked."""
        for key in value or ():
            if as_key(str(key)) is None:
                raise forms.ValidationError(self.error_messages["invalid_pk_value"], params={"pk": str(key)[:20]})
        return super().clean(value)


class AgentForm(forms.Form):
    """What is kept of an agent."""

    regions = RegionsField(label="片区", queryset=Region.objects.none())
    specialties = forms.MultipleChoiceField(label="专长套餐", required=False, widget=forms.CheckboxSelectMultiple)
    duty_days = forms.MultipleChoiceField(
        label="值班日",
        choices=WEEK,
        initial=[str(day) for day in range(1, 6)],
        widget=forms.CheckboxSelectMultiple,
        help_text="调休上班的周末全员值班，不用勾选",
    )
    load_cap = forms.IntegerField(
        label="负荷上限（分）",
        min_value=1,
        max_value=999,
        initial=40,
        help_text="A 急重 5 分、B 重 3 分、C 常规 2 分、D 储备 1 分",
    )
    can_lead = forms.BooleanField(label="可任项目长", required=False)
    can_serve = forms.BooleanField(label="可任服务专员", required=False, initial=True)
    is_on_duty = forms.BooleanField(label="在岗", required=False, initial=True)
    conflicts = forms.CharField(
        label="回避单位",
        required=False,
        max_length=600,
        widget=WORDS,
        help_text="本人或近亲属任职、持股的建设单位，一行一个，写全称或信用代码",
    )

    def __init__(
        self, *args: Any, packages: Sequence[tuple[str, str]], regions: Any, people: Sequence[User] = (), **kwargs: Any
    ) -> None:
        """Offer the packages, the regions, and for a new entry the people who may become agents."""
        super().__init__(*args, **kwargs)
        self.fields["specialties"] = forms.MultipleChoiceField(
            label="专长套餐", required=False, choices=list(packages), widget=forms.CheckboxSelectMultiple
        )
        self.fields["regions"] = RegionsField(
            label="片区", queryset=regions, widget=forms.CheckboxSelectMultiple
        )
        if people:
            user = forms.ChoiceField(label="人员", choices=[(str(one.pk), str(one)) for one in people])
            self.fields = {"user": user, **self.fields}

    def clean_conflicts(self) -> list[Organisation]:
        """Return the bodies that are named; one that nobody knows is an error."""
        found = []
        for line in self.cleaned_data["conflicts"].split("\n"):
            if not (text := line.strip()):
                continue
            body = Organisation.objects.filter(name=text).first() or Organisation.objects.filter(uscc=text).first()
            if body is None:
                raise forms.ValidationError(f"没有找到“{text}”，请写全称或统一社会信用代码。")
            found.append(body)
        return found

    def entry(self) -> AgentEntry:
        """Return what was entered."""
        given = self.cleaned_data
        return AgentEntry(
            regions=list(given["regions"]),
            specialties=given["specialties"],
            duty_days=[int(day) for day in given["duty_days"]],
            load_cap=given["load_cap"],
            can_lead=given["can_lead"],
            can_serve=given["can_serve"],
            is_on_duty=given["is_on_duty"],
            conflicts=given["conflicts"],
        )


class LeaveForm(forms.Form):
    """From when to when, why, and who covers."""

    since = forms.DateField(label="自", initial=timing.today)
    until = forms.DateField(label="至")
    reason = forms.CharField(label="事由", max_length=60, initial="年休")
    cover = forms.ChoiceField(
        label="代班人员",
        required=False,
        help_text="代班期间看得到、办得了他的项目，到期自动收回；不选的，待接工单转给下一人。"
        "只列今天在岗、不须回避、能接其中至少一个项目的人员",
    )

    def __init__(self, *args: Any, people: Sequence[Agent], **kwargs: Any) -> None:
        """Offer the others."""
        super().__init__(*args, **kwargs)
        choices = [("", "没有"), *((str(one.pk), str(one.user)) for one in people)]
        self.fields["cover"] = forms.ChoiceField(
            label="代班人员", required=False, choices=choices, help_text=self.fields["cover"].help_text
        )


class PackForm(forms.Form):
    """To whom everything goes, and why."""

    to = forms.ChoiceField(label="接收人")
    reason = forms.CharField(label="事由", max_length=200, initial="调离代办岗位")

    def __init__(self, *args: Any, people: Sequence[Agent], projects: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the others, and the projects, all of them chosen."""
        super().__init__(*args, **kwargs)
        self.fields["to"] = forms.ChoiceField(label="接收人", choices=[(str(one.pk), str(one.user)) for one in people])
        choices = [(str(pk), name) for pk, name in projects]
        self.fields["projects"] = forms.MultipleChoiceField(
            label="交接的项目", choices=choices, initial=[pk for pk, _ in choices], widget=forms.CheckboxSelectMultiple
        )
