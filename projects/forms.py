"""Forms of the kernel: they parse and validate, mend what is pasted, and never write."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from projects import timing
from projects.access import access_of
from projects.codes import clean_project_code, clean_uscc, mend
from projects.models import Organisation, Region, User
from projects.narrowing import narrowings
from projects.queries import SORTS, EventFilter, ProjectFilter, regions_to_register
from projects.states import Investment, PartyRole, ProjectStatus, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

SIZES = (20, 100)
DEFAULT_REGION = "140581"


class RegisterForm(forms.Form):
    """Registering a project: seven questions, the contact on the same sheet; facts are asked on the next page."""

    code = forms.CharField(
        label="项目代码", required=False, max_length=60,
        help_text="国家投资项目在线平台赋的代码。带不带横线、全角半角都可以；还没有代码就留空，先用本地代码办理，以后换一次。",
        widget=forms.TextInput(
            attrs={"placeholder": "2603-140581-89-05-163265", "autocomplete": "off", "autofocus": True}
        ),
    )
    name = forms.CharField(
        label="项目名称", max_length=120, widget=forms.TextInput(attrs={"placeholder": "与备案证或批复上的名称一致"})
    )
    owner_uscc = forms.CharField(
        label="建设单位统一社会信用代码", max_length=40,
        widget=forms.TextInput(attrs={"placeholder": "营业执照上的 18 位代码", "autocomplete": "off"}),
    )
    owner_name = forms.CharField(
        label="建设单位名称", max_length=100, required=False, help_text="代码已登记过的单位可以不填。"
    )
    investment = forms.ChoiceField(label="投资类型", choices=Investment.choices, widget=forms.RadioSelect)
    total_investment = forms.DecimalField(
        label="总投资（万元）", required=False, max_digits=14, decimal_places=2, min_value=0,
        error_messages={
            "invalid": "总投资应为数字，单位万元，例如 68000。", "min_value": "总投资不能小于 0。",
            "max_decimal_places": "总投资最多两位小数。", "max_digits": "总投资太大，请核对单位是否为万元。",
            "max_whole_digits": "总投资太大，请核对单位是否为万元。",
        },
        widget=forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "68000"}),
    )
    region = forms.ModelChoiceField(
        label="建设地区", queryset=Region.objects.none(), to_field_name="code", empty_label=None,
        error_messages={"invalid_choice": "请从列表中选择建设地区。"},
    )
    address = forms.CharField(
        label="建设地点", max_length=200, required=False,
        widget=forms.TextInput(attrs={"placeholder": "乡镇、街道、路名或四至"}),
    )
    contact_name = forms.CharField(label="联系人", max_length=50, required=False)
    contact_phone = forms.CharField(
        label="联系电话", max_length=30, required=False,
        help_text="加密保存，只有建设单位和窗口看得到。",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel", "data-nodraft": ""}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Fill in what is known of the person: an enterprise registers for itself."""
        super().__init__(*args, **kwargs)
        self.fields["region"].queryset = regions_to_register(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = DEFAULT_REGION
        own = [body for body in access_of(user).organisations if body.uscc]
        if access_of(user).is_owner and own:
            self.fields["owner_uscc"].initial = own[0].uscc
            self.fields["owner_name"].initial = own[0].name

    def clean_code(self) -> str:
        """Mend and check the code; empty stays empty."""
        text = self.cleaned_data["code"]
        return clean_project_code(text) if text.strip() else ""

    def clean_owner_uscc(self) -> str:
        """Mend and check the credit code (both checks)."""
        return clean_uscc(self.cleaned_data["owner_uscc"])

    def clean_contact_phone(self) -> str:
        """Half-width digits; seven to fifteen of them."""
        return clean_phone(self.cleaned_data["contact_phone"])

    def clean(self) -> dict[str, Any]:
        """A body that is not on record yet needs its name."""
        data = super().clean() or {}
        uscc = data.get("owner_uscc")
        if uscc and not data.get("owner_name") and not Organisation.objects.filter(uscc=uscc).exists():
            self.add_error("owner_name", "这个代码还没有登记过，请填写单位名称。")
        return data

    def values(self) -> dict[str, Any]:
        """Return the arguments of `register_project`."""
        data = dict(self.cleaned_data)
        data["region_code"] = data.pop("region").code
        return data


def clean_phone(text: str) -> str:
    """Return a telephone number in half-width digits, or raise `ValidationError`."""
    mended = mend(text)
    digits = mended.replace("-", "").removeprefix("+")
    if not mended:
        return ""
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15):
        raise ValidationError("电话应为 7 至 15 位数字，例如 13800000000 或 0356-5222345。")
    return mended


class PartyForm(forms.Form):
    """A body that takes part in the project."""

    role = forms.ChoiceField(label="单位类型", choices=[c for c in PartyRole.choices if c[0] != PartyRole.BUILDER])
    uscc = forms.CharField(label="统一社会信用代码", max_length=40)
    name = forms.CharField(label="单位名称", max_length=100, required=False, help_text="代码已登记过的单位可以不填。")
    contact_name = forms.CharField(label="联系人", max_length=50, required=False)
    contact_phone = forms.CharField(
        label="联系电话", max_length=30, required=False, widget=forms.TextInput(attrs={"data-nodraft": ""})
    )

    def clean_uscc(self) -> str:
        """Mend and check the credit code."""
        return clean_uscc(self.cleaned_data["uscc"])

    def clean_contact_phone(self) -> str:
        """Half-width digits."""
        return clean_phone(self.cleaned_data["contact_phone"])


class CodeForm(forms.Form):
    """The national code that replaces a local one."""

    code = forms.CharField(
        label="国家项目代码", max_length=60,
        widget=forms.TextInput(attrs={"placeholder": "2603-140581-89-05-163265", "autocomplete": "off"}),
    )

    def clean_code(self) -> str:
        """Mend and check the code."""
        return clean_project_code(self.cleaned_data["code"])


class ReasonForm(forms.Form):
    """A step that needs nothing but its reason."""

    reason = forms.CharField(
        label="原因", max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明原因，企业和各部门都会看到。"},
    )


class GrantForm(forms.Form):
    """Lending a project to somebody who is not involved in it: who, why, until when."""

    user = forms.ModelChoiceField(
        label="借给谁（用户名）", queryset=User.objects.filter(is_active=True), to_field_name="username",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid_choice": "没有这个用户名，请核对后再填。"},
    )
    kind = forms.ChoiceField(label="种类", widget=forms.RadioSelect)
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))
    until = forms.DateField(label="到期日", help_text="当日仍可看，最长 90 天。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the kinds from the model."""
        super().__init__(*args, **kwargs)
        from projects.states import GrantKind

        self.fields["kind"].choices = GrantKind.choices  # type: ignore[attr-defined]

    def clean_until(self) -> Any:
        """Not in the past."""
        day = self.cleaned_data["until"]
        if day < timing.today():
            raise ValidationError("到期日不能早于今天。")
        return day


class ProjectFilterForm(forms.Form):
    """The filters of the project list; a value that is not known is left out, never an error page."""

    q = forms.CharField(
        label="在清单里找", required=False, max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "代码、名称、建设单位", "size": "22"}),
    )
    investment = forms.ChoiceField(label="投资", required=False, choices=[("", "全部"), *Investment.choices])
    status = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *ProjectStatus.choices])
    region = forms.ChoiceField(label="地区", required=False)
    size = forms.ChoiceField(label="每页", required=False, choices=[(str(n), f"{n} 件") for n in SIZES])

    def __init__(self, *args: Any, regions: list[Region], **kwargs: Any) -> None:
        """Offer the regions that occur."""
        super().__init__(*args, **kwargs)
        choices = [("", "全部"), *((region.code, region.name) for region in regions)]
        self.fields["region"].choices = choices  # type: ignore[attr-defined]
        for found in narrowings():
            self.fields[found.name] = forms.ChoiceField(
                label=found.label, required=False, choices=[("", "全部"), *found.choices()]
            )

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the fields of the filters that the apps above give."""
        return [self[found.name] for found in narrowings()]

    def wanted(self) -> ProjectFilter:
        """Return what is asked for, without what is not known."""
        self.is_valid()
        data = self.cleaned_data
        stage = self.data.get("stage", "")
        return ProjectFilter(
            text=data.get("q", ""), stage=stage if stage in Stage.values else "", status=data.get("status", ""),
            investment=data.get("investment", ""), region=data.get("region", ""),
            more=tuple((found.name, value) for found in narrowings() if (value := data.get(found.name, ""))),
        )

    def size_wanted(self) -> int:
        """Return the rows of a page."""
        return int(self.cleaned_data.get("size") or SIZES[0])

    def sort_wanted(self) -> str:
        """Return the order, newest first when it is not known."""
        sort = self.data.get("sort", "")
        return sort if sort in SORTS else "-id"


class EventFilterForm(forms.Form):
    """The filters of the events page."""

    group = forms.ChoiceField(label="类别", required=False)
    person = forms.CharField(
        label="经手人", required=False, max_length=40, widget=forms.TextInput(attrs={"type": "search", "size": "10"})
    )
    first = forms.DateField(label="自", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label="至", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    late = forms.BooleanField(label="只看补录", required=False)

    def __init__(self, *args: Any, groups: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the groups that occur."""
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = [("", "全部"), *groups]  # type: ignore[attr-defined]

    def wanted(self) -> EventFilter:
        """Return what is asked for, without what is not known."""
        self.is_valid()
        data = self.cleaned_data
        return EventFilter(
            group=data.get("group", ""), person=data.get("person", ""), first=data.get("first"), last=data.get("last"),
            late=data.get("late", False),
        )


class CalendarDayForm(forms.Form):
    """One day of the working calendar, with the document that makes it what it is."""

    day = forms.DateField(label="日期", widget=forms.DateInput(attrs={"type": "date"}))
    works = forms.ChoiceField(label="改为", choices=[("0", "休息"), ("1", "上班")])
    source = forms.CharField(label="来源文件", max_length=200)
    note = forms.CharField(label="说明", max_length=100, help_text="例如：台风停工、调休上班")

    def row(self) -> tuple[dt.date, bool, str, str]:
        """Return the day, whether it works, its document and its reason."""
        data = self.cleaned_data
        return data["day"], data["works"] == "1", data["source"], data["note"]


#: The rules of the portal, which are data with days, begin here (`*/catalog/*.tsv`).
RULES_SINCE = dt.datetime(2020, 1, 1, tzinfo=timing.BUSINESS_ZONE)


class BackEntryForm(forms.Form):
    """补录: when something really happened that is keyed in later."""

    happened_at = forms.DateTimeField(
        label="实际办理时间", required=False,
        help_text="只在补录时填。两个时间都留在记录里，晚于一个工作日录入的计入补录率。",
    )

    def clean_happened_at(self) -> dt.datetime | None:
        """It has happened."""
        moment: dt.datetime | None = self.cleaned_data["happened_at"]
        if moment is not None and moment > timing.now():
            raise forms.ValidationError("实际办理时间不能晚于现在。")
        if moment is not None and moment < RULES_SINCE:
            raise forms.ValidationError(f"实际办理时间早于 {RULES_SINCE:%Y} 年，请核对年份。")
        return moment


def back_entry_form(user: User | AnonymousUser, posted: Any = None) -> BackEntryForm | None:
    """Return the form of a moment that is keyed in later, None for who keys in nothing: an enterprise."""
    return BackEntryForm(posted) if access_of(user).is_office else None


def moment_of(form: BackEntryForm | None) -> dt.datetime | None:
    """Return the earlier moment of a valid form, None where none was keyed in."""
    moment: dt.datetime | None = form.cleaned_data["happened_at"] if form is not None else None
    return moment
