"""What the owner holds in hand: scheme, A3 chart, list and notice as PDF say what was decided, to be read back."""

import io
import re
import subprocess

import pytest
import zxingcpp
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from archives.models import Paper
from archives.papering import pdf_of, verify_address
from archives.pdfa import faults_of
from packages.facts import clean_facts
from packages.models import Enrolment, PackageVersion
from packages.planning.chart import flow_chart_svg, flow_of
from packages.planning.schedule import schedule_from, schedule_of
from packages.planning.sheets import sheets_of
from projects.models import Project
from tests import factories
from tests.packages.test_consultation import told

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
A3 = (1190.55, 841.89)  # points, across


def plain(text):
    return re.sub(r"\s", "", text)


def read_back(data):
    return plain("".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


def code_on(data, folder):
    """The codes on the first page of a PDF, read from its picture at 72 dots to the inch."""
    subprocess.run(["pdftoppm", "-r", "72", "-l", "1", "-png", "-singlefile", "-", folder / "a"], input=data, check=True)
    with Image.open(folder / "a.png") as picture:
        return {code.text for code in zxingcpp.read_barcodes(picture.convert("L"))}


def test_the_four_papers_of_a_consultation_are_read_back(clock, project, actors, client, tmp_path):
    plan = told(clock, project, actors, ("housing", "environment"))
    rows = plan.content["rows"]
    files = {kind: pdf_of(Paper.objects.get(project=project, kind=kind)) for kind in (
        "service_scheme", "flow_sheet", "matter_list", "one_time_notice")}
    assert [kind for kind, data in files.items() if faults_of(io.BytesIO(data))] == []
    texts = {kind: read_back(data) for kind, data in files.items()}
    for kind in ("flow_sheet", "matter_list"):
        assert verify_address(Paper.objects.get(kind=kind).verify_code) in code_on(files[kind], tmp_path), kind
    for part in ("一、项目情况", "二、选用的办理方式", "三、目标", "四、负责人员", "五、各单位联系人", "六、风险提示", "可以开工"):
        assert part in texts["service_scheme"]
    assert [row["name"] for row in rows if plain(row["name"]) not in texts["matter_list"]] == []
    assert {line["name"] for row in rows for line in row["materials"] if plain(line["name"]) not in texts["matter_list"]} == set()
    assert f"{len(rows)}个事项" in texts["one_time_notice"]
    assert "扫描下方签收码核对并签收" in texts["one_time_notice"]
    pages = PdfReader(io.BytesIO(files["flow_sheet"])).pages
    assert {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in pages} == {tuple(map(round, A3))}
    assert [f"第{n}张，共{len(pages)}张" in plain(page.extract_text()) for n, page in enumerate(pages, 1)] == [len(pages) > 1] * len(pages)
    assert f"关键路径{sum(row['critical'] for row in rows)}项" in plain(str(Paper.objects.get(kind="flow_sheet").content))
    assert [row["name"] for row in rows if plain(row["name"]) not in texts["flow_sheet"]] == []

    # the same chart on a telephone, from the frozen rows: the paper's page and the version's page hold both forms
    client.force_login(actors.owner)
    paper = client.get(reverse("archives:paper", args=[plan.chart_paper_id])).content.decode()
    version = client.get(reverse("packages:service_plan", args=[plan.pk])).content.decode()
    for page in (paper, version):
        assert ("flowbox for-wide" in page, "for-narrow" in page) == (True, True)
        assert page.count('role="img"') >= 2


def drawn_on(project):
    """How many sheets the flow chart of a project takes."""
    return str(flow_chart_svg(schedule_of(project), standalone=True)).count("<svg")


@pytest.mark.parametrize("code", ["A4", "A6", "G1", "S2", "G3"])
def test_every_letter_of_a_chart_can_be_read_and_every_name_is_whole(db, code):
    factories.load_catalogue()
    _, package, facts = factories.example(code)
    version = PackageVersion.objects.published().select_related("package").get(package__code=package)
    enrolment = Enrolment(package_version=version, facts=clean_facts(facts), options=[])
    enrolment.project = Project(pk=0, name="最大的计划", code="2603-140581-89-05-163265")
    schedule = schedule_from(enrolment, {})
    sheets = sheets_of(flow_of(schedule))
    assert len(sheets) == {"A4": 3, "A6": 3, "G1": 3, "S2": 2, "G3": 1}[code]
    assert min(sheet.points for sheet in sheets) >= 7.5
    drawn = str(flow_chart_svg(schedule, standalone=True))
    assert (drawn.count("<svg"), drawn.count('class="bx"'), "…" in drawn) == (len(sheets), len(schedule.rows), False)
    assert len(drawn.encode()) < 60_000
    # a line that goes on upon another sheet bears one number at both ends
    goes = {node.goes for sheet in sheets for node in sheet.flow.nodes if node.goes}
    assert goes == {number for sheet in sheets for node in sheet.flow.nodes for number in node.comes}
    inside = sum(len(sheet.flow.edges) for sheet in sheets)
    across = sum(len(node.comes) for sheet in sheets for node in sheet.flow.nodes)
    steps = {row.code: (row.stage, row.step) for row in schedule.rows}
    whole = {(a, b) for a, b, _ in flow_of(schedule).edges if steps[a] != steps[b]}
    assert inside + across == len(whole)


def test_the_chart_of_the_live_plan_comes_in_both_forms_and_the_screen_chooses(client, clock, factory, actors):
    client.force_login(actors.owner)
    page = reverse("packages:plan_chart", args=[factory.pk])
    both = client.get(page)
    text = both.content.decode()
    assert ("flowbox for-wide" in text, "flow-phone for-narrow" in text) == (True, True)
    assert len(both.content) < 60_000
    schedule = schedule_of(factory)
    narrow, wide = str(flow_chart_svg(schedule, phone=True)), str(flow_chart_svg(schedule))
    assert (narrow in text, wide in text) == (True, True)
    for asked, shown, other in (("phone", narrow, wide), ("wide", wide, narrow)):
        one = client.get(page, {asked: "1"}).content.decode()
        assert (shown in one, other in one) == (True, False)
    sheet = PdfReader(io.BytesIO(client.get(reverse("packages:plan_chart_pdf", args=[factory.pk])).content))
    assert [round(float(one.mediabox.width)) for one in sheet.pages] == [round(A3[0])] * drawn_on(factory)
    assert "办理流程图" in plain(sheet.pages[0].extract_text())
    # the critical path is bold on paper, name by name: the fonts of papers have one weight, so it is drawn outlined
    drawn = str(flow_chart_svg(schedule, standalone=True))
    assert "text[font-weight]{stroke:" in drawn
    names = re.findall(r'<g class="([^"]*)"><title>([^<]*)</title>.*?</g>', drawn)
    boxes = dict(zip([name for _, name in names], re.findall(r'<g class="[^"]*"><title>.*?</g>', drawn), strict=True))
    assert {name for name, box in boxes.items() if 'font-weight="700"' in box} == {
        row.name for row in schedule.rows if row.critical
    }
    critical = [row for row in schedule.rows if row.critical]
    assert critical
    assert len(re.findall(r'<g class="[a-z ]*crit', narrow)) == len(critical)
