"""A form with one field of each widget: empty, filled and with errors."""

from django import forms

from gaige.samples.casework import CODE
from gaige.samples.progress import DAY


class SampleForm(forms.Form):
    """One field of each widget."""

    investment = forms.DecimalField(label="总投资（万元）", localize=True)
    code = forms.CharField(label="项目代码", help_text="24 位，粘贴时带不带横线都可以。")
    package = forms.ChoiceField(label="套餐", choices=[("6", "社会投资·工业厂房类"), ("1", "政府投资·一般类")])
    start = forms.DateField(label="计划开工")
    opinion = forms.ChoiceField(
        label="结论",
        choices=[("agree", "同意"), ("conditional", "有条件同意"), ("refuse", "不同意"), ("none", "不涉及")],
        widget=forms.RadioSelect,
    )
    land = forms.ChoiceField(
        label="用地来源", choices=[("new", "新供地"), ("old", "既有用地")], widget=forms.RadioSelect
    )
    traits = forms.MultipleChoiceField(
        label="情形",
        choices=[("pile", "桩基先行"), ("road", "占用、挖掘城市道路"), ("pit", "基坑深度超过 5 m")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    promise = forms.BooleanField(label="以上内容属实，愿意承担不实承诺的后果")
    evidence = forms.FileField(label="证明文件", help_text="PDF、JPG、PNG，不超过 50 MB。", required=False)
    note = forms.CharField(label="说明", widget=forms.Textarea(attrs={"rows": 3}), required=False)


def sample_forms() -> dict[str, forms.Form]:
    """Return the sample form empty, filled and with errors."""
    filled = {"investment": "68000", "code": CODE, "package": "6", "start": DAY, "opinion": "conditional"}
    wrong = SampleForm({"code": "2603-140581-89-05-163264", "investment": "很多", "package": "6"}, prefix="wrong")
    wrong = SampleForm({f"wrong-{key}": value for key, value in wrong.data.items()}, prefix="wrong")
    wrong.add_error("code", "校验位不对，末位应为 5。请核对后重输。")
    return {"form": SampleForm(initial=filled, prefix="s"), "wrong": wrong}
