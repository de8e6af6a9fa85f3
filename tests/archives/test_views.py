"""Every page of the archive: who may come, what it shows, that files go out whole, safe and written down."""

import hashlib

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from archives import completeness
from archives.completeness import Missing
from archives.models import Document
from archives.services import codes, filing, papers
from projects.events import lock_project
from projects.models import AccessLog, Event

from .conftest import GOOD, pdf_bytes, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(world, kind):
    with transaction.atomic():
        return filing.file_upload(
            lock_project(world.project.pk), uploaded=upload("施工图 1.pdf"), kind=kind, title="施工图", source=world.project,
            by=world.clerk,
        )


def body(response):
    return b"".join(response.streaming_content)


def code_of(client, url):
    response = client.get(url)
    if response.streaming:
        body(response)
    return response.status_code


@pytest.mark.parametrize(
    "name", ["project_card", "card_pdf", "card_reissue", "card_void", "archive", "archive_file"]
)
def test_pages_of_a_project_are_for_those_who_may_see_it(client, world, name):
    from django.urls import reverse

    codes.issue_token(world.project.pk, by=world.clerk)
    url = reverse(f"archives:{name}", args=[world.project.pk])
    assert code_of(client, url) == 302
    client.force_login(world.outsider)
    assert code_of(client, url) == 404
    client.force_login(world.clerk)
    assert code_of(client, url) == 200
    client.force_login(world.owner)
    assert code_of(client, url) == (403 if name in {"card_reissue", "card_void"} else 200)


def test_the_card_page_shows_picture_and_revisions(client, world):
    client.force_login(world.owner)
    url = f"/projects/{world.project.pk}/card/"
    assert "没有在用的项目码" in client.get(url).content.decode()
    token = codes.issue_token(world.project.pk, by=world.clerk)
    text = client.get(url).content.decode()
    for words in ("<svg", f"/q/{token.token}/", token.paper.number, f"{token.check_code[:3]} {token.check_code[3:]}", "第 1 版"):
        assert words in text, words
    assert "style=" not in text


def test_reissue_and_void_by_post_with_a_reason(client, world):
    codes.issue_token(world.project.pk, by=world.clerk)
    client.force_login(world.clerk)
    url = f"/projects/{world.project.pk}/card/"
    assert "请写明原因" in client.post(f"{url}reissue/", {"reason": ""}).content.decode()
    assert world.project.qr_tokens.count() == 1
    assert client.post(f"{url}reissue/", {"reason": "标牌损坏"}).status_code == 302
    assert client.post(f"{url}void/", {"reason": "项目终止"}).status_code == 302
    assert list(world.project.qr_tokens.values_list("revision", "state")) == [(2, "void"), (1, "replaced")]


def test_a_document_goes_out_whole_safe_and_written_down(client, world, document):
    client.force_login(world.owner)
    response = client.get(f"/documents/{document.pk}/")
    data = body(response)
    assert data == pdf_bytes()
    assert response["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert {name: response[name] for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control", "X-Robots-Tag")} == {
        "Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
    }
    assert response["Content-Disposition"].startswith("inline; filename*=utf-8''")
    assert response["Content-Security-Policy"].startswith("default-src 'none'")
    row = AccessLog.objects.get()
    assert (row.user, row.project, row.subject_type, row.subject_key, row.action) == (
        world.owner, world.project, "archives.Document", str(document.pk), "view"
    )
    response = client.get(f"/documents/{document.pk}/?download")
    assert (response["Content-Disposition"].startswith("attachment"), response["Content-Security-Policy"]) == (
        True, "default-src 'none'; sandbox"
    )
    body(response)
    assert AccessLog.objects.filter(action="download").count() == 1


def test_a_file_that_a_browser_might_run_is_always_a_download(client, world, kind):
    with transaction.atomic():
        document = filing.file_upload(
            lock_project(world.project.pk), uploaded=upload("表.docx", GOOD["d.docx"]), kind=kind, title="表",
            source=world.project, by=world.clerk,
        )
    client.force_login(world.clerk)
    response = client.get(f"/documents/{document.pk}/")
    assert response["Content-Disposition"].startswith("attachment")
    body(response)


def test_a_document_of_somebody_else_is_not_there(client, world, document):
    client.force_login(world.outsider)
    assert client.get(f"/documents/{document.pk}/").status_code == 404
    assert client.get(f"/documents/{document.pk}/versions/").status_code == 404
    assert AccessLog.objects.count() == 0


def test_a_changed_byte_is_not_handed_out(client, world, document):
    version = document.versions.get()
    path = default_storage.path(version.storage_key)
    with open(path, "r+b") as file:
        file.seek(12)
        file.write(b"X")
    client.force_login(world.clerk)
    response = client.get(f"/documents/{document.pk}/")
    page = response.content.decode()
    assert (response.status_code, "与归档时的校验值不一致" in page, "没有保存" in page) == (409, True, False)
    assert Event.objects.filter(kind="document.damaged", subject_key=str(document.pk)).count() == 1
    assert AccessLog.objects.count() == 0
    default_storage.delete(version.storage_key)
    assert "找不到这份文件" in client.get(f"/documents/{document.pk}/").content.decode()


def test_versions_are_added_and_opened(client, world, document):
    client.force_login(world.owner)
    url = f"/documents/{document.pk}/versions/"
    assert client.post(url, {"file": upload("新.pdf", pdf_bytes("new"))}).status_code == 302
    assert client.post(url, {"file": upload("空.pdf", b"")}).content.decode().count("空文件（0 字节）") >= 1
    text = client.get(url).content.decode()
    assert ("新.pdf" in text, "施工图 1.pdf" in text) == (True, True)
    assert [body(client.get(f"/documents/{document.pk}/?v={number}")) for number in (1, 2)] == [pdf_bytes(), pdf_bytes("new")]
    assert client.get(f"/documents/{document.pk}/?v=3").status_code == 404


def test_filing_by_the_page_keeps_what_was_typed_when_the_file_is_refused(client, world, kind):
    client.force_login(world.owner)
    url = f"/projects/{world.project.pk}/archive/file/"
    answer = client.post(url, {"kind": kind.pk, "title": "3号车间竣工图", "file": upload("a.pdf", b"%PDF-1.4 cut")})
    text = answer.content.decode()
    assert ("不完整，像是没有传完，没有保存" in text, "3号车间竣工图" in text, Document.objects.filter(kind=kind).count()) == (True, True, 0)
    assert client.post(url, {"kind": kind.pk, "title": "3号车间竣工图", "file": upload()}).status_code == 302
    assert Document.objects.get(kind=kind).title == "3号车间竣工图"
    assert "请选择要归档的文件。" in client.post(url, {"kind": kind.pk}).content.decode()


def test_the_same_file_under_another_title_is_told_to_be_there(client, world, kind):
    client.force_login(world.clerk)
    url = f"/projects/{world.project.pk}/archive/file/"
    said = []
    for title in ("总平面图", "总平面图", "另一张图"):
        answer = client.post(url, {"kind": kind.pk, "title": title, "file": upload("图.pdf")}, follow=True)
        said += [str(message) for message in answer.context["messages"]]
    number = Document.objects.get(title="总平面图").archive_no
    filed = f"已归档“总平面图”，档号 {number}。"
    assert said == [filed, filed, f"这份文件已在档案里，没有再归一份：“总平面图”，档号 {number}。"]
    other = upload("另.png", GOOD["b.png"])
    answer = client.post(url, {"kind": kind.pk, "title": "", "file": other}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        f"已归档“{kind.name}”，档号 {Document.objects.get(title=kind.name).archive_no}。"
    ]
    assert not Document.objects.filter(title="另一张图").exists()


def test_the_archive_lists_by_class_with_hash_step_and_person(client, world, document, issue):
    paper = issue()
    client.force_login(world.owner)
    url = f"/projects/{world.project.pk}/archive/"
    text = client.get(url).content.decode()
    version = document.versions.get()
    for words in (
        "A3 勘察设计文件", "P 申请与承诺", "施工图", "2603-140581-89-05-163265-A3-0001-1", version.digest, "王敏", paper.number,
        "缺件清单",
    ):
        assert words in text, words
    pending = Document.objects.get(paper=paper)
    assert (pending.versions.count(), "PDF 生成中" in text) == (0, False)
    assert f'href="/documents/{pending.pk}/"' in text
    assert paper.number not in client.get(url, {"cls": "A3"}).content.decode()
    assert paper.number not in client.get(url, {"q": version.digest[:10]}).content.decode()
    assert "没有符合条件的文件" in client.get(url, {"q": "没有这样的"}).content.decode()
    csv = body(client.get(url, {"export": "csv"})).decode("utf-8-sig")
    assert csv.splitlines()[0].startswith("档号,类目,题名")
    assert version.digest in csv


def test_the_archive_asks_the_same_number_of_queries_for_one_and_thirty(client, world, kind):
    client.force_login(world.clerk)
    url = f"/projects/{world.project.pk}/archive/"
    counts = []
    client.get(url)
    for number in (1, 29):
        with transaction.atomic():
            for at in range(number):
                filing.file_upload(
                    lock_project(world.project.pk), uploaded=upload(content=pdf_bytes(f"{number}-{at}")), kind=kind,
                    title=f"图 {number}-{at}", source=world.project, by=world.clerk,
                )
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_what_is_missing_is_shown_with_who_owes_it(client, world, monkeypatch):
    monkeypatch.setattr(completeness, "_providers", {})
    completeness.register("one", lambda _: [
        Missing("竣工图", "D", "山西泽铸", "2027-01-01", reason="竣工前必备"),
        Missing("规划核实", "E", "自然资源局", is_due=False),
    ])
    completeness.register("two", lambda _: [Missing("竣工图", "D", "别人", is_due=False)])
    client.force_login(world.owner)
    text = client.get(f"/projects/{world.project.pk}/archive/").content.decode()
    assert ("缺 1 件" in text, "竣工前必备，山西泽铸补" in text, "别人" in text) == (True, True, False)
    assert [missing.kind_name for missing in completeness.missing_of(world.project)] == ["竣工图", "规划核实"]


def test_a_paper_is_a_page_at_once_and_a_pdf_on_demand(client, world, issue):
    paper = issue()
    client.force_login(world.owner)
    page = client.get(f"/papers/{paper.pk}/")
    text = page.content.decode()
    for words in (paper.number, "符合法定形式，予以受理。", "（印章位置）", "什么时候", f"/papers/{paper.pk}/pdf/"):
        assert words in text, words
    assert "style=" not in text
    response = client.get(f"/papers/{paper.pk}/pdf/")
    data = body(response)
    paper.refresh_from_db()
    assert (data[:5], hashlib.sha256(data).hexdigest()) == (b"%PDF-", paper.digest)
    assert body(client.get(f"/documents/{paper.document_id}/")) == data
    papers.revoke_paper(paper, by=world.clerk, reason="错发")
    assert '<p class="stamp">已撤销</p>' in client.get(f"/papers/{paper.pk}/").content.decode()
    assert body(client.get(f"/papers/{paper.pk}/pdf/")) == data
    client.force_login(world.outsider)
    assert [client.get(f"/papers/{paper.pk}/{tail}").status_code for tail in ("", "pdf/")] == [404, 404]


def test_a_document_of_a_paper_is_rendered_when_it_is_asked_for(client, world, issue):
    paper = issue()
    client.force_login(world.clerk)
    assert body(client.get(f"/documents/{paper.document_id}/"))[:5] == b"%PDF-"


def test_papers_of_the_office_side_stay_there(client, world, issue):
    paper = issue(visibility="office")
    client.force_login(world.owner)
    assert client.get(f"/papers/{paper.pk}/").status_code == 404
    client.force_login(world.clerk)
    assert client.get(f"/papers/{paper.pk}/").status_code == 200
