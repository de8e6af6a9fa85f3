"""No list that the portal hands out carries a formula into a spreadsheet, whoever wrote the words in it."""

import csv
import io
from types import SimpleNamespace

import pytest

from archives import bagging
from packages.views.files import csv_response as packages_csv
from projects.exports import csv_response

EVIL = ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＠SUM(1)"]


def cells(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    text = content.decode("utf-8").removeprefix("\ufeff")
    return [cell for line in csv.reader(io.StringIO(text, newline="")) for cell in line]


@pytest.mark.parametrize("made", [lambda: packages_csv("工作台", [EVIL]), lambda: csv_response([EVIL], "项目清单")])
def test_no_cell_is_a_formula(made):
    assert cells(made()) == [f"'{cell}" for cell in EVIL]


def test_a_negative_number_stays_a_number():
    assert cells(packages_csv("计划", [["-3", "-1.5", "年产12万吨"]])) == ["-3", "-1.5", "年产12万吨"]


def test_a_name_of_a_file_cannot_end_its_header():
    response = packages_csv('a"\r\nSet-Cookie: x=1', [["1"]])
    assert "\n" not in response["Content-Disposition"]


def test_the_index_of_a_hand_over_holds_no_formula(tmp_path, monkeypatch):
    monkeypatch.setattr(bagging, "index_rows", lambda *_: [EVIL])
    body = SimpleNamespace(name="行政审批局")
    project = SimpleNamespace(name="厂房", code="2611-140581-89-01-000001", owner=body, centre=body)
    bagging.fill(tmp_path, SimpleNamespace(project=project, receiver=body, round=1), [], {})
    text = (tmp_path / "data" / bagging.INDEX).read_bytes().decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text, newline=""))) == [f"'{cell}" for cell in EVIL]
