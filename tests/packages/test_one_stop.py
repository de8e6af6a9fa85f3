"""The one-stop permit promises one application, one number, one set; nobody holds up the rest in silence."""

import pytest
from django.urls import reverse

from packages.models import MaterialItem, MatterCase, OneStop
from packages.services import drawing_sweeps, one_stop
from packages.services.drafts import drop_draft
from packages.services.intake import accept_application, submit_application
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import IssueItem
from projects.waiting import waiting_on
from tests import factories
from tests.packages.steps import holds

FORM = {
    "contract_price": "1200", "planned_start": "2026-12-01", "planned_finish": "2027-08-31", "contractor": "晋城建工",
    "contractor_lead": "张三", "supervisor": "晋城监理", "supervisor_lead": "李四",
}


@pytest.fixture
def ready(project, actors):
    """The low-risk project with everything before the permit granted or not in its plan."""
    before = ("plan-permit", "bid-construct")
    for case in MatterCase.objects.filter(project=project, matter__matter__code__in=before).select_related("matter"):
        drop_draft(case, by=actors.clerk, at=None, moment=timing.now())
    return project


@pytest.fixture
def opened(ready, actors):
    """Its one-stop application, handed in and accepted."""
    one = one_stop.open_one_stop(ready.pk, by=actors.owner, form=FORM)
    factories.complete(one.application, actors.owner)
    submit_application(one.application_id, by=actors.owner)
    accept_application(one.application_id, by=actors.clerk)
    factories.drain()
    drawing_sweeps.follow_all()
    return one


def awaited(client, one):
    """The sentences that the page begins with: on whom the set waits."""
    page = client.get(reverse("packages:one_stop", args=[one.project_id])).context["page"]
    return [row.sentence for row in page.waiting]


def test_the_page_begins_with_the_owner_until_all_is_handed_in(ready, actors, client):
    one = one_stop.open_one_stop(ready.pk, by=actors.owner, form=FORM)
    client.force_login(actors.owner)
    count = MaterialItem.objects.filter(case__application=one.application, state="missing").count()
    main = one_stop.parts_of(one)[0].case
    [told] = awaited(client, one)
    assert told.startswith(f"正在等建设单位 {ready.owner.name}补齐“{main.matter.name}”等 {len(one_stop.parts_of(one))} 项")
    assert f"还缺的 {count} 件材料，已 0 个工作日。" in told
    page = client.get(reverse("packages:one_stop", args=[one.project_id])).content.decode()
    assert 'class="waiting"' in page
    assert "还没有起算" in page
    assert f"<td>{main.promised_days} 日</td>" in page  # before it was received it read 即办
    factories.complete(one.application, actors.owner)
    assert "提交“" in awaited(client, one)[0]
    submit_application(one.application_id, by=actors.owner)
    assert all("窗口受理“" in row for row in awaited(client, one))


def test_one_form_opens_one_application_for_everything(ready, actors):
    with pytest.raises(DomainError) as lacking:
        one_stop.open_one_stop(ready.pk, by=actors.owner, form={**FORM, "contractor": ""})
    assert lacking.value.message == "申请表还缺：施工单位。"
    one = one_stop.open_one_stop(ready.pk, by=actors.owner, form=FORM)
    assert one_stop.open_one_stop(ready.pk, by=actors.owner, form=FORM).pk == one.pk
    parts = one_stop.parts_of(one)
    assert [(p.case.matter.matter.code, p.is_main) for p in parts][:2] == [
        ("construction-permit", True), ("quality-safety", False),
    ]
    assert {p.case.application_id for p in parts} == {one.application_id}
    assert one.limit == one_stop.limit_of([p.case for p in parts])
    forms = MaterialItem.objects.filter(case__application=one.application, kind__slug="application-form")
    assert {line.document.paper.title for line in forms if line.document} == {"施工许可一站式申请表"}
    assert not forms.filter(state="missing").exists()
    holds(ready)


@pytest.mark.slow
def test_a_late_part_is_named_and_the_set_goes_out_as_one(opened, actors, clock, client):
    one = OneStop.objects.get(pk=opened.pk)
    assert one.clock is not None
    clock.by(days=10)
    drawing_sweeps.follow_all()
    drawing_sweeps.follow_all()
    late = IssueItem.objects.filter(kind="friction")
    assert late.count() >= 1
    assert all("拖住一站式施工许可" in row.what for row in late)
    client.force_login(actors.owner)
    page = client.get(reverse("packages:one_stop", args=[opened.project_id])).content.decode()
    assert "已督办" in page
    assert awaited(client, opened)[0].startswith("正在等")
    with pytest.raises(DomainError) as early:
        one_stop.issue_set(opened.pk, by=actors.chief)
    assert early.value.code == "not_ready"
    for part in one_stop.parts_of(one):
        case = part.case
        if case.promised_days == 0:
            from packages.services.intake import decide_on_spot

            decide_on_spot(case.pk, by=factories.official(case.lead.code, "chief"))
            continue
        factories.answer_all(case)
        factories.merge(case)
        factories.decide(case)
    drawing_sweeps.follow_all()
    assert not IssueItem.objects.filter(kind="friction", state="open").exists()
    assert any(row.what == "施工许可证照套" for row in waiting_on(opened.project))
    assert "一次出具施工许可证照套" in awaited(client, opened)[0]
    with pytest.raises(NotAllowed):
        one_stop.issue_set(opened.pk, by=actors.owner)
    one_stop.issue_set(opened.pk, by=actors.chief)
    done = one_stop.issue_set(opened.pk, by=actors.chief)
    rows = done.cover.content["table"]["rows"]
    papers = one_stop.papers_of(one_stop.parts_of(done))
    assert {row[3] for row in rows} == {paper.number for paper in papers.values()}
    assert (done.state, done.cover.title, done.cover.is_public) == ("issued", "施工许可证照套", True)
    assert awaited(client, opened) == []
    page = client.get(f"/verify/?code={done.cover.verify_code}").content.decode()
    assert done.cover.number in page
    holds(opened.project)
