"""What nobody can have measured is refused at its field with a sentence, and what was typed stays."""

import pytest
from django.template.loader import render_to_string

from acceptance.forms import ConcludeForm, ItemForm
from acceptance.joint_forms import BuildingsForm, ResultForm


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "请填写这一项。"),
        ("铸造车间", "第 1 行没有写全，请按提示的顺序填写。"),
        ("铸造车间 八千", "“八千”不是数字，请核对。"),
        ("铸造车间 NaN", "“NaN”不是数字，请核对。"),
        ("铸造车间 1e30", "“1e30”太大，不会是面积（m²），请核对。"),
        ("铸造车间 8000 一层", "层数请填写整数，最多三位。"),
        ("铸造车间 8000 99999", "层数请填写整数，最多三位。"),
        (f"{'长' * 101} 8000", "单体名称最长 100 个字，请按许可附件填写。"),
    ],
)
def test_a_building_of_the_permit_is_written_down_or_told_what_is_wrong(typed, said):
    assert BuildingsForm({"rows": typed}).errors["rows"] == [said]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("铸造车间 8000 0", "第 1 行没有写全，请按提示的顺序填写。"),
        ("铸造车间 8000 0 -Infinity", "“-Infinity”不是数字，请核对。"),
        ("铸造车间 8000 0 9999999999999999999999999", "“99999999999999999999”太大，不会是面积（m²），请核对。"),
    ],
)
def test_a_measured_building_has_areas_that_can_be(typed, said):
    assert ResultForm({"rows": typed}).errors["rows"] == [said]


def test_a_building_that_the_permit_does_not_know_is_not_applied_for(project, unit, actors, client_of):
    answer = client_of(actors.owner).post(f"/works/{unit.pk}/acceptance/", {"building_id": "999999"})
    said = "规划许可中没有这个单体，不能验收；请核对许可附件或先办理规划变更。"
    assert (answer.status_code, said in answer.content.decode()) == (422, True)


def test_a_conclusion_says_beforehand_that_it_passes_with_papers_to_follow():
    passed = ConcludeForm(deferred=["建设工程城建档案验收"]).fields["passed"]
    assert (dict(passed.choices)["yes"], passed.help_text) == (
        "容缺通过", "建设工程城建档案验收容缺，通过的按容缺通过出具，材料限期后补",
    )
    assert dict(ConcludeForm().fields["passed"].choices)["yes"] == "通过"


def rows_of(form):
    return render_to_string("acceptance/_fault_rows.html", {"form": form})


def test_a_refusal_opens_the_folded_rows_of_faults_only_where_one_is_written_on():
    """容缺 without its paper is refused; nothing was written in rows 5 to 12, so they stay folded."""
    refused = ItemForm({"result": "deferred", "paper": ""}, papers=["竣工图"])
    assert not refused.is_valid()
    assert '<details class="more"><summary>' in rows_of(refused)
    written = ItemForm({"result": "fault", "what_5": "缺扶手"}, papers=[])
    assert not written.is_valid()
    assert '<details class="more" open><summary>' in rows_of(written)
