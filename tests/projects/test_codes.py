"""A code or number is stored only in its one canonical form, and what is wrong with another is said in a sentence."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from projects import codes, regions
from projects.status_codes import check_status_sequence
from tests.projects.vectors import kinds, vectors

GAOPING = "2603-140581-89-05-163265"


def accepts(validate, value):
    try:
        return validate(value) == value
    except ValidationError as error:
        (message,) = error.messages
        assert message.endswith(("。", "）。"))
        return False


def reason(validate, value):
    with pytest.raises(ValidationError) as caught:
        validate(value)
    (message,) = caught.value.messages
    return message


@pytest.mark.parametrize(("value", "valid"), vectors("project_code"))
def test_project_code_vectors(value, valid):
    assert accepts(codes.validate_project_code, value) is valid
    assert accepts(codes.validate_project_code_new, value) is valid


@pytest.mark.parametrize(("value", "valid"), vectors("project_code_2015"))
def test_project_code_2015_vectors(value, valid):
    accepted = accepts(codes.validate_project_code, value)
    assert (accepted and codes.classify_project_code(value) == "2015") is valid
    assert accepts(codes.validate_project_code_2015, value) is valid


#: Kinds whose vectors are asserted by the validator of their name.
OTHERS = (
    "uscc", "org_code", "cn_id", "elicense_id", "construction_permit_no", "planning_permit_no", "real_estate_unit_code",
)


def test_no_kind_of_the_vectors_is_left_out():
    here = {"project_code", "project_code_2015", *OTHERS, "region", "status_sequence"}
    days = {"is_workday", "workday_due", "workdays_used"}  # test_workdays.py
    assert kinds() == here | days


@pytest.mark.parametrize(
    ("kind", "value", "valid"), [(kind, value, valid) for kind in OTHERS for value, valid in vectors(kind)]
)
def test_other_vectors(kind, value, valid):
    assert accepts(getattr(codes, f"validate_{kind}"), value) is valid


@pytest.mark.parametrize(("value", "valid"), vectors("region"))
def test_region_vectors(value, valid):
    code, name = value.split("=")
    assert (regions.region_name(code) == name) is valid
    assert regions.region_name(code, historical=True) == name


@pytest.mark.parametrize(("value", "valid"), vectors("status_sequence"))
def test_status_sequence_vectors(value, valid):
    assert (check_status_sequence([int(code) for code in value.split(">")]) == []) is valid


def test_status_sequence_says_what_is_wrong():
    assert check_status_sequence([3, 8, 11]) == ["办理状态应当从 1（接件）开始。"]
    assert check_status_sequence([1, 3, 8, 6, 11]) == ["11（办结（通过））之前 6（补正（开始））没有对应的结束。"]
    assert check_status_sequence([1, 8, 11]) == [
        "8（部门开始办理）之前缺少 3（受理）。",
        "11（办结（通过））之前缺少 3（受理）。",
    ]
    assert check_status_sequence([1, 5, 3]) == ["办理已经结束，之后不应再出现 3（受理）。"]
    assert check_status_sequence([1, 3, 8, 10]) == ["10（特别程序（结束））之前缺少 9（特别程序（开始））。"]
    assert check_status_sequence([1, 3, 8, 9, 9]) == ["9（特别程序（开始））重复：上一次还没有结束。"]
    assert check_status_sequence([1, 99]) == ["没有编号为 99 的办理状态。"]
    assert check_status_sequence([1, 15]) == ["15（撤销）只能用于已经办结的办件。"]
    assert check_status_sequence([]) == ["办理状态应当从 1（接件）开始。"]


@pytest.mark.parametrize("running", [[1], [1, 3], [1, 3, 8, 6], [1, 6, 7, 3, 8, 9, 10], [1, 3, 8, 13, 15], [1, 6, 2]])
def test_status_sequence_of_a_running_case(running):
    assert check_status_sequence(running) == []


@pytest.mark.parametrize(
    "pasted",
    [
        "２６０３-140581-89-05-163265",
        "2603–140581–89–05–163265",
        "2603—140581—89—05—163265",
        "2603−140581‐89‑05－163265",
        "2603140581890516 3265",
        " 2603 - 140581 - 89 - 05 - 163265\n",
        "26031405818905163265",
        "\u200b2603-140581-89-05-163265\ufeff",
        "2603--140581-89-05-163265",
        "２６０３　１４０５８１　８９　０５　１６３２６５",
    ],
)
def test_what_people_paste_is_mended(pasted):
    assert codes.normalise_project_code(pasted) == GAOPING
    assert codes.clean_project_code(pasted) == GAOPING
    if pasted != GAOPING:
        assert not accepts(codes.validate_project_code, pasted)


@given(st.text(max_size=40))
def test_mending_is_final_and_never_raises(text):
    once = codes.normalise_project_code(text)
    assert codes.normalise_project_code(once) == once


@given(st.text(max_size=40))
def test_validation_answers_anything(text):
    for validate in (codes.validate_project_code, codes.validate_uscc, codes.validate_cn_id, codes.validate_org_code):
        accepts(validate, text)


def test_project_code_reasons():
    say = {
        "": "请填写项目代码。",
        "2603-140581-89-05-163264": "项目代码“2603-140581-89-05-163264”的校验位不对，请核对每一位数字是否抄错或颠倒。",
        "2613-140581-89-05-163265": "项目代码的月份“13”不对：第 3、4 位应为 01 至 12。",
        "2603-140581-89-05-16326": "项目代码应为 20 位数字，现在是 19 位（格式：2603-140581-89-05-163265）。",
        "2603-140581-89-05-16326X": "项目代码里有“X”：只能是数字和短横线，末位校验码也是数字。",
        "1912-140581-89-05-163268": "项目代码的年月“1912”不对：现行项目代码自 2020 年 10 月起赋码。",
        "2022-140581-47-01-000001": "“2022-140581-47-01-000001”不是旧版项目代码：年份应在 2015 至 2021 之间。",
    }
    assert {value: reason(codes.validate_project_code, value) for value in say} == say


def test_classification_does_not_collide():
    assert {year: codes.classify_project_code(f"{year}-140581-47-01-000001") for year in range(2013, 2022)} == dict.fromkeys(
        range(2013, 2022), "2015"
    )
    assert {month: codes.classify_project_code(f"20{month:02}-140581-89-05-163265") for month in (10, 11, 12)} == {
        10: "new",
        11: "new",
        12: "new",
    }


@given(st.text("0123456789", min_size=19, max_size=19), st.integers(0, 18), st.integers(1, 9))
def test_mod_11_10_catches_every_single_digit_error(body, at, offset):
    changed = body[:at] + str((int(body[at]) + offset) % 10) + body[at + 1 :]
    assert codes.mod_11_10(body) != codes.mod_11_10(changed)


def test_check_characters():
    assert codes.mod_11_10("2603140581890516326") == 5
    assert codes.mod_11_2("11010519491231002") == "X"
    assert codes.mod_37_36("11100000000013338W08711370800MB2855918437080001202411010001001") == "3"
    assert codes.mod_31("91110000710925462") == "X"
    assert codes.gb_11714("71092546") == "2"
    assert reason(codes.mod_11_10, "２６") == "校验位只能由半角数字计算。"


def test_local_code():
    code = codes.make_local_code("140581", 12)
    assert code == "L140581-0000012-" + str(codes.mod_11_10("1405810000012"))
    assert codes.is_local_code(code)
    assert codes.normalise_project_code(code.lower().replace("-", "—")) == code
    assert not codes.is_local_code(code[:-1] + str((int(code[-1]) + 1) % 10))
    assert not codes.is_local_code(GAOPING)
    assert not accepts(codes.validate_project_code, code)
    assert reason(lambda serial: codes.make_local_code("140581", serial), 0) == "本地项目代码的流水号应在 1 至 9999999 之间。"
    assert reason(lambda region: codes.make_local_code(region, 1), "14058") == "行政区划代码“14058”应为 6 位数字。"


def test_subject_identifiers_are_mended_first():
    assert codes.clean_uscc(" 91110000 710925462x ") == "91110000710925462X"
    assert codes.clean_cn_id("１１０１０５１９４９１２３１００２ｘ") == "11010519491231002X"


def test_subject_reasons():
    assert reason(codes.validate_uscc, "91310000631295002H") == (
        "统一社会信用代码中的组织机构代码（第 9 至 17 位）校验不通过，请核对证照原件。"
    )
    assert reason(codes.validate_uscc, "9111000071092546X") == "统一社会信用代码应为 18 位，现在是 17 位。"
    assert reason(codes.validate_cn_id, "110105194902300020") == "公民身份号码中的出生日期“19490230”不存在。"
