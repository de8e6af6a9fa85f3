"""网上申报、逐条补正、待办: the enterprise's own pages, on which nothing that was made or typed is lost."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Paper
from packages.models import Application, MaterialItem, MatterCase
from packages.services import answering
from packages.services.correction import notice_faults
from projects import mine, owing, waiting
from projects.errors import DomainError
from projects.models import Event, IssueItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def lead(actors):
    return signed_in(actors.owner)


@pytest.fixture
def staff(actors):
    return signed_in(actors.owner_staff)


def url(name, *args):
    return reverse(f"packages:{name}", args=args)


def debts(actors, project, who="owner"):
    """What the enterprise owes, as (chip, title)."""
    found = mine.owed_in(getattr(actors, who), factories.fresh(project))
    return [(debt.chip, debt.title) for debt in found if not debt.is_offer]


def open_line(draft):
    return MaterialItem.objects.filter(case__application=draft, state="missing").order_by("pk").first()


def test_two_of_the_staff_fill_one_draft_on_two_devices_and_hand_it_in_once(project, actors, lead, staff):
    page = lead.get(url("file", project.pk))
    codes = [pick.code for pick in page.context["ready"]]
    assert all(pick.verdict.reason for pick in page.context["later"])
    chosen = [code for code in codes if code != "project-code"][:1] or codes[:1]
    data = {"matters": chosen, "form_key": page.context["page"].form_key}
    assert lead.post(url("file", project.pk), {"matters": [], "form_key": "x"}).status_code == 409
    target = lead.post(url("file", project.pk), data).url
    assert lead.post(url("file", project.pk), data).url == target  # a second press finds the same
    draft = Application.objects.get()
    assert (target, draft.source, draft.submitted_at) == (url("application", draft.pk), "net", None)
    assert ("草稿", f"申报 {draft.number} 还没有提交") in debts(actors, project, "owner_staff")
    assert draft.number in staff.get(url("filings")).content.decode()

    signed = [debt for debt in mine.owed_in(actors.owner, project) if debt.chip == "待签署"]
    barred = [debt for debt in mine.owed_in(actors.owner_staff, project) if debt.chip == "待签署"]
    assert {debt.blocked for debt in signed} <= {""}
    assert {debt.blocked for debt in barred} <= {"承诺书只由负责人本人签署，请转告负责人。"}
    item = open_line(draft)
    stamp = f"{item.state}:0"
    both = [client.get(target).content.decode() for client in (lead, staff)]
    assert [f'name="stamp" value="{stamp}"' in html for html in both] == [True, True]
    good = {"state": "uploaded", "uploaded": factories.pdf("甲.pdf", "甲"), "stamp": stamp}
    assert lead.post(url("line", item.pk), good).url == f"{target}#m{item.pk}"
    late = staff.post(url("line", item.pk), {**good, "uploaded": factories.pdf("乙.pdf", "乙")})
    assert (late.status_code, "郭建国" in late.content.decode(), "您的没有保存" in late.content.decode()) == (409, True, True)
    item.refresh_from_db()
    assert item.document.versions.get().file_name == "甲.pdf"
    again = {"state": "uploaded", "photo": factories.pdf("乙.pdf", "乙"), "stamp": f"uploaded:{item.document_id}"}
    assert staff.post(url("line", item.pk), again).status_code == 302  # seen, and meant: from the camera
    item.refresh_from_db()
    assert (item.changed_by, item.document.versions.last().file_name) == (actors.owner_staff, "乙.pdf")

    confirm = url("hand_in", draft.pk)
    assert "确认提交" in staff.get(confirm).content.decode()
    assert Application.objects.get().submitted_at is None
    assert [staff.post(confirm).status_code, lead.post(confirm).status_code] == [302, 302]
    draft.refresh_from_db()
    assert draft.submitted_at is not None
    assert Event.objects.filter(kind="application.submitted").count() == 1
    assert Paper.objects.filter(kind="receipt", project=project).count() == 1
    assert "材料回执" in lead.get(target).content.decode()
    assert "草稿" not in dict(debts(actors, project))


def test_a_wrong_file_gets_a_sentence_on_its_line_and_nothing_is_lost(project, actors, lead):
    draft = factories.open_application(project, ["project-code"], actors)
    if open_line(draft) is None:
        draft = factories.open_application(project, ["quality-safety"], actors)
    item = open_line(draft)
    for content, words in ((b"", "空文件"), (b"MZ not a document", "没有保存")):
        file = SimpleUploadedFile("图纸.pdf", content, content_type="application/pdf")
        page = lead.post(url("line", item.pk), {"state": "uploaded", "uploaded": file, "note": "原件在档案室"})
        assert page.status_code == 409
        [line] = [line for line in page.context["page"].lines if line.item.pk == item.pk]
        assert words in line.error or "不" in line.error
        assert line.typed == "原件在档案室"
        assert line.error in page.content.decode()
    page = lead.post(url("line", item.pk), {"state": "uploaded", "note": "原件在档案室"})
    [line] = [line for line in page.context["page"].lines if line.item.pk == item.pk]
    assert (page.status_code, line.error, line.typed) == (
        422, "请先选择文件（手机上可以拍照），再按“上传”。", "原件在档案室",
    )
    item.refresh_from_db()
    assert (item.state, item.document) == ("missing", None)


@pytest.fixture
def told(project, actors):
    """An application that lacks nothing and was told two faults."""
    [case] = factories.received(project, ["soil-plan"], actors)
    faults = [
        {"what": "缺少附图", "basis": "水土保持法第25条", "how_to_fix": "补交比例 1:2000 的附图"},
        {"what": "表 2 面积不一致", "basis": "水土保持法第25条", "how_to_fix": "按施工图把表 2 改为 12000 平方米"},
    ]
    notice_faults(case.pk, faults=faults, by=actors.clerk)
    return factories.fresh(case)


def test_faults_are_answered_one_by_one_and_handed_back_once(told, project, actors, lead, staff):
    pk = told.application_id
    first, second = IssueItem.objects.filter(kind="correction").order_by("pk")
    assert [row for row in debts(actors, project) if row[0] != "待签收"] == [("待补全", "补全 2 处问题")]
    [debt] = [debt for debt in mine.owed_in(actors.owner, project) if debt.chip == "待补全"]
    assert (debt.due_on, debt.url, debt.why) == (first.clock.due_on, url("correct", pk), "水土保持法第25条")
    assert lead.get(debt.clock_url).status_code == 200

    page = staff.post(url("reply", first.pk), {"answer": "", "uploaded": factories.pdf()})
    assert (page.status_code, page.context["page"].faults[0].error) == (409, "请写明是怎么改的，再保存。")
    bad = SimpleUploadedFile("附图.pdf", b"", content_type="application/pdf")
    page = staff.post(url("reply", first.pk), {"answer": "已补交附图", "uploaded": bad})
    assert (page.status_code, page.context["page"].faults[0].answer) == (409, "已补交附图")
    done = staff.post(url("reply", first.pk), {"answer": "已补交附图", "uploaded": factories.pdf("附图.pdf", "图")})
    assert done.url == f"{url('correct', pk)}#f{second.pk}"
    page = lead.get(url("correct", pk)).context["page"]
    assert (page.answered, page.left, page.share, bool(page.give_back)) == (1, 1, "50", False)
    assert [version.file_name for version in page.faults[0].evidence] == ["附图.pdf"]
    assert lead.post(url("return_corrected", pk)).status_code == 409  # one is open

    lead.post(url("reply", first.pk), {"answer": "已补交附图，见第 3 页"})  # changed before it is handed back
    first.refresh_from_db()
    assert (first.state, first.answer) == ("submitted", "已补交附图，见第 3 页")
    assert Event.objects.filter(kind="issue.answer_changed").count() == 1
    answering.save_answer(first.pk, answer="已补交附图，见第 3 页", by=actors.owner)  # the same again: nothing
    assert Event.objects.filter(kind="issue.answer_changed").count() == 1
    lead.post(url("reply", second.pk), {"answer": "已改为 12000 平方米"})
    assert ("待补全", "补全已逐条答好，请交回") in debts(actors, project)
    assert lead.post(url("return_corrected", pk)).status_code == 302
    assert MatterCase.objects.get(pk=told.pk).state == "received"
    with pytest.raises(DomainError) as refused:
        answering.save_answer(first.pk, answer="又改", by=actors.owner)
    assert refused.value.code in {"handed_back", "case_state"}
    assert [row for row in debts(actors, project) if row[0] == "待补全"] == []
    assert "没有要答复的问题" in lead.get(url("correct", pk)).content.decode()


def test_an_outsider_finds_no_page_of_another_enterprise(told, project, actors):
    draft = factories.open_application(project, ["quality-safety"], actors)
    item, issue = draft.cases.first().materials.first(), IssueItem.objects.filter(kind="correction").first()
    client = signed_in(actors.outsider)
    gets = [url("file", project.pk), url("hand_in", draft.pk), url("correct", told.application_id),
            url("application", draft.pk), reverse("archives:notices", args=[project.pk])]
    posts = [url("line", item.pk), url("reply", issue.pk), url("hand_in", draft.pk), url("file", project.pk)]
    codes = [client.get(page).status_code for page in gets] + [client.post(page).status_code for page in posts]
    assert codes == [404] * len(codes)
    for page in (url("todos"), url("filings"), reverse("projects:list"), reverse("agency:inbox")):
        html = client.get(page).content.decode()
        assert (project.name in html, draft.number in html) == (False, False)


def test_the_lists_of_the_enterprise_cost_the_same_for_one_project_and_for_many(project, actors, lead):
    factories.open_application(project, ["quality-safety"], actors)
    pages = (reverse("projects:list"), url("todos"), url("filings"))

    def queries():
        counts = []
        for page in pages:
            lead.get(page)
            with CaptureQueriesContext(connection) as seen:
                assert lead.get(page).status_code == 200
            counts.append(len(seen))
        return counts

    few = queries()
    for _ in range(4):
        other = factories.enrolled_project(actors, "S3")
        factories.open_application(other, ["project-code"], actors)
    assert queries() == few
    assert max(few) <= 25


def test_a_debt_says_when_it_is_due_and_a_provider_adds_its_own(project, actors, clock):
    today = clock.moment.date()
    late = owing.Debt(project.pk, "缴费", "缴纳城市配套费", "/x/", due_on=today.replace(day=1))
    now = owing.Debt(project.pk, "缴费", "缴纳押金", "/x/", due_on=today)
    assert [(late.light, late.due_words), (now.light, now.due_words)] == [
        ("red", "已超时，11月1日到期"), ("yellow", "今天到期"),
    ]
    met = [
        owing.Debt(project.pk, "上门检查", "检查", "/x/", due_on=today + dt.timedelta(days=days), is_meeting=True)
        for days in (-1, 0, 1)
    ]
    assert [one.due_words for one in met] == ["原定11月1日", "就在今天", "11月3日当天，还有 1 个工作日"]
    far = dt.date(2027, 2, 9)
    promise = owing.Debt(project.pk, "承诺", "达到承诺的条件", "/x/", due_on=far)
    assert promise.due_words.startswith("2027年2月9日前，还有 ")
    wait = waiting.Waiting(project.pk, 1, "水务局", "意见", since=today, due_on=far)
    assert wait.sentence == "正在等水务局答复意见，已 0 个工作日，2027年2月9日到期。"
    owing.register("test", lambda _, projects: [now, late] if project in projects else [])
    try:
        found = [debt.title for debt in mine.owed_in(actors.owner, project) if debt.chip == "缴费"]
        shown = signed_in(actors.owner).get(url("todos")).content.decode()
    finally:
        del owing._providers["test"]
    assert found == ["缴纳城市配套费", "缴纳押金"]
    assert shown.index("缴纳城市配套费") < shown.index("缴纳押金")
    assert mine.owed_in(actors.clerk, project) == []
