"""What the owner holds in hand: scheme, A3 chart, list and notice as PDF say what was decided, to be read back."""

import io
import re

import pytest
from django.urls import reverse
from pypdf import PdfReader

from archives.models import Paper
from archives.papering import pdf_of
from packages.planning.chart import flow_chart_svg
from packages.planning.schedule import schedule_of
from tests.packages.test_consultation import told

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
A3 = (1190.55, 841.89)  # points, across


def plain(text):
    return re.sub(r"\s", "", text)


def read_back(data):
    return plain("".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


def test_the_four_papers_of_a_consultation_are_read_back(clock, project, actors, client):
    plan = told(clock, project, actors, ("housing", "environment"))
    rows = plan.content["rows"]
    files = {kind: pdf_of(Paper.objects.get(project=project, kind=kind)) for kind in (
        "service_scheme", "flow_sheet", "matter_list", "one_time_notice")}
    texts = {kind: read_back(data) for kind, data in files.items()}
    for part in ("一、项目情况", "二、选用的办理方式", "三、目标", "四、负责人员", "五、各单位联系人", "六、风险提示", "可以开工"):
        assert part in texts["service_scheme"]
    assert [row["name"] for row in rows if plain(row["name"]) not in texts["matter_list"]] == []
    assert {line["name"] for row in rows for line in row["materials"] if plain(line["name"]) not in texts["matter_list"]} == set()
    assert f"{len(rows)}个事项" in texts["one_time_notice"]
    assert "扫描下方签收码核对并签收" in texts["one_time_notice"]
    [page] = PdfReader(io.BytesIO(files["flow_sheet"])).pages
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == tuple(map(round, A3))
    assert f"关键路径{sum(row['critical'] for row in rows)}项" in plain(str(Paper.objects.get(kind="flow_sheet").content))
    for row in rows:
        assert plain(row["name"])[:6] in texts["flow_sheet"], row["name"]

    # the same chart on a telephone, from the frozen rows: the paper's page and the version's page hold both forms
    client.force_login(actors.owner)
    paper = client.get(reverse("archives:paper", args=[plan.chart_paper_id])).content.decode()
    version = client.get(reverse("packages:service_plan", args=[plan.pk])).content.decode()
    for page in (paper, version):
        assert ("flowbox for-wide" in page, "for-narrow" in page) == (True, True)
        assert page.count('role="img"') >= 2


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
    assert [round(float(one.mediabox.width)) for one in sheet.pages] == [round(A3[0])]
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
    assert narrow.count('font-weight="700"') == len(critical)
