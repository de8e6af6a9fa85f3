"""The national exchange tables: every row of the portal is written once, and the check rules name what the platform would refuse."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command

from archives.models import Document, DocumentKind, Paper
from gaige.exchange import tables
from gaige.exchange.checks import RULES, Checker
from packages.models import MatterCase
from projects.models import Building, Event, Project, Provision, WorkUnit
from projects.services.registration import exchange_code
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(kept_actors):
    return kept_actors


@pytest.fixture
def portal(actors):
    """A project with a granted matter and one in review, and its building."""
    project = factories.enrolled_project(actors, "S3")
    factories.pass_matter(project, "project-code", actors)
    project = exchange_code(project.pk, code=factories.REAL_CODE, by=actors.clerk)
    factories.in_review(project, "plan-permit", actors)
    Building.objects.create(work_unit=WorkUnit.objects.get(project=project), name="1号仓库", area="2800.50", floors=1)
    return project


def read(folder, table):
    with (folder / f"{table.name}.csv").open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines))
    assert [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in json.loads((folder / f"{table.name}.json").read_text("utf-8"))
    ] == [{name: str(float(value)) if name == "JZMJ" and value else value for name, value in row.items()} for row in found]
    return found


@pytest.mark.slow
def test_the_tables_hold_what_the_portal_holds(actors, portal, tmp_path, capsys):
    call_command("export_exchange", str(tmp_path), region="140581")
    assert capsys.readouterr().out.splitlines()[-1] == "共 0 处不符，见 CHECKS.json。"
    rows = {table.name: read(tmp_path, table) for table in tables.TABLES}
    assert {row["SPLCLX"] for row in rows["SPGL_DFXMSPLCXXB"]} == {"1", "2", "3", "4", "6"}
    [project] = rows["SPGL_XMJBXXB"]
    assert {name: project[name] for name in ("XMDM", "GCDM", "SPLCLX", "LXLX", "JSDDXZQH", "XMSFWQBJ", "SJSCZT")} == {
        "XMDM": factories.REAL_CODE, "GCDM": factories.REAL_CODE, "SPLCLX": "4", "LXLX": "3", "JSDDXZQH": "140581",
        "XMSFWQBJ": "0", "SJSCZT": "0",
    }
    assert [(row["DTMC"], row["CS"]) for row in rows["SPGL_XMDTXXB"]] == [("1号仓库", "1")]
    cases = {row["SPSXBM"]: row for row in rows["SPGL_XMSPSXBLXXB"]}
    assert set(cases) == {"project-code", "plan-permit"}
    told = [(row["SPSXSLBM"], row["BLZT"]) for row in rows["SPGL_XMSPSXBLXXXXB"]]
    assert told == [
        (cases[code]["SPSXSLBM"], status)
        for code, status in (*(("project-code", s) for s in ("1", "3", "8", "11")),
                             *(("plan-permit", s) for s in ("1", "3", "8")))
    ]
    [result] = rows["SPGL_XMSPSXPFWJXXB"]
    paper = Paper.objects.get(kind="certificate")
    assert (result["PFWH"], result["PFWJYXQX"], result["SPJGLX"]) == (paper.number, "9999-01-01", "10")
    files = {row["FJID"] for row in rows["SPGL_XMQTFJXXB"]}
    named = {row["FJID"] for row in rows["SPGL_XMSQCLJQTFJXXB"] if row["SQSL"] == "1"}
    assert (bool(named), named - files) == (True, set())  # a file has one name in every table
    for found in rows.values():
        for row in found:
            assert (row["SJYXBS"], row["SJWXYY"], row["SCSJ"]) == ("1", "", "")
    report = json.loads((tmp_path / "CHECKS.json").read_text("utf-8"))
    assert report["rows"] == {name: len(found) for name, found in rows.items()}
    call_command("export_exchange", str(tmp_path / "again"), region="140581", verbosity=0)  # the same: one record
    call_command("export_exchange", str(tmp_path / "other"), region="140581", to="省住建厅", verbosity=0)
    filled, lines = sum(1 for found in rows.values() if found), sum(map(len, rows.values()))
    what = f"国家共享交换表：高平市，{filled} 张表 {lines:,} 行"
    assert list(Provision.objects.order_by("pk").values_list("recipient_name", "what", "fields", "way")) == [
        (name, what, "办理人姓名（BLR）", "exchange") for name in ("上级工程建设项目审批管理系统", "省住建厅")
    ]
    assert {rule: told["violations"] for rule, told in report["rules"].items()} == dict.fromkeys(RULES, 0)


@pytest.mark.slow
def test_a_broken_row_is_written_marked_and_named(actors, portal, tmp_path):
    Project.objects.filter(pk=portal.pk).update(code="2603-140581-89-05-163266")
    MatterCase.objects.filter(project=portal, matter__matter__code="project-code").update(number="X-1")
    Paper.objects.filter(kind="certificate").update(kind="receipt")
    Document.objects.update(kind=DocumentKind.objects.get(slug="start-photo"))
    event = Event.objects.filter(status_code=8).order_by("pk").first()
    Event.objects.bulk_create([Event(
        chain="x", seq=1, project=portal, subject_type=event.subject_type, subject_key=event.subject_key,
        subject_label="x", kind="x", status_code=6, actor_name="x", happened_at=event.happened_at,
        recorded_at=event.recorded_at, hash="x",
    )])
    with pytest.raises(CommandError, match="不符合规则"):
        call_command("export_exchange", str(tmp_path), region="140581", strict=True)
    report = json.loads((tmp_path / "CHECKS.json").read_text("utf-8"))
    assert {one["rule"] for one in report["violations"]} == {"104", "140", "150"}
    words = {one["rule"]: one["words"] for one in report["violations"]}
    assert words["104"] == "项目代码 2603-140581-89-05-163266 没有通过校验"
    assert words["140"] == "办理已经结束，之后不应再出现 6（补正（开始））。"
    [row] = read(tmp_path, tables.PROJECT)
    assert (row["SJSCZT"], row["SBYY"]) == ("-1", f"104 {words['104']}")
    call_command("export_exchange", str(tmp_path / "other"), region="140524", verbosity=0)
    assert read(tmp_path / "other", tables.PROJECT) == []


def row_of(table, **changes):
    """A row of a table that breaks no rule but what is changed."""
    usual = {tables.TEXT: "x", tables.WHOLE: 1, tables.NUMBER: "1.5", tables.DAY: "2026-11-02",
             tables.MOMENT: "2026-11-02 09:00:00"}
    row = {c.name: c.codes[0] if c.codes else usual[c.kind] for c in table.all_columns}
    return row | {"XMDM": factories.REAL_CODE, "JSDWDM": factories.uscc(40000001)} | changes


@pytest.mark.parametrize(("changes", "rules"), [
    ({}, []),
    ({"XMMC": ""}, ["101"]),
    ({"LXLX": "9"}, ["102"]),
    ({"SBSJ": "昨天"}, ["103"]),
    ({"ZTZE": "1e999"}, []),
    ({"JSDWDM": "91140581MA0K7Q1A0X"}, ["105"]),
    ({"NKGSJ": "2026-12-01", "NJCSJ": "2026-12-01"}, ["130"]),
    ({"NKGSJ": "2026-12-01", "NJCSJ": "2027-12-01"}, []),
    ({"SPLCBM": "none"}, ["120"]),
])
def test_each_rule_finds_its_fault(changes, rules):
    checker = Checker(processes={("x", "x")})
    whole = {"NKGSJ": "2026-11-02", "NJCSJ": "2026-11-03", **changes}
    assert [one.rule for one in checker.look(tables.PROJECT, row_of(tables.PROJECT, **whole))] == rules


def test_the_same_key_twice_and_a_case_without_works_are_found():
    checker = Checker(works={"x"}, items={("x", "x", "x", "x")})
    assert list(checker.look(tables.CASE, row_of(tables.CASE))) == []
    again = row_of(tables.CASE, GCDM="y")
    assert [one.rule for one in checker.look(tables.CASE, again)] == ["110", "120"]
    event = row_of(tables.CASE_EVENT, GCDM="x", SPSXSLBM="z")
    assert [one.words for one in checker.look(tables.CASE_EVENT, event)] == ["实例编码 z 不在办理信息表里"]


def test_a_project_without_a_national_code_is_not_told_of_until_it_has_one(actors, portal, tmp_path, capsys):
    factories.make_project(actors)
    call_command("export_exchange", str(tmp_path), region="140581", strict=True)
    assert "1 个项目还没有国家项目代码，不报送；换发后自动报送。" in capsys.readouterr().out
    assert [row["XMDM"] for row in read(tmp_path, tables.PROJECT)] == [factories.REAL_CODE]
