"""四性检测: what was filed is looked at, its words are found, and one changed byte is found, named and shown."""

import datetime as dt
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from archives import checks
from archives.models import FixityRound, Inspection, VersionText
from archives.services import filing, fixity, keeping, papers
from archives.tasks import nightly_fixity, take_in_pending
from projects import timing
from projects.events import lock_project
from projects.models import Event, JobRun
from tests.factories import pdf_bytes

from .conftest import upload

pytestmark = pytest.mark.django_db


def file_one(world, kind, content=None, title="施工图", by="owner"):
    with transaction.atomic():
        return filing.file_upload(
            lock_project(world.project.pk), uploaded=upload(content=content), kind=kind, title=title,
            source=world.project, by=getattr(world, by),
        )


def path_of(document):
    return Path(default_storage.path(document.versions.get().storage_key))


def change_a_byte(document):
    path = path_of(document)
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.chmod(0o640)
    path.write_bytes(data)
    return data


def test_everything_filed_is_examined_once_and_its_words_are_kept(world, kind, issue):
    document, paper = file_one(world, kind), issue()
    papers.render(paper.pk)
    assert (take_in_pending(), take_in_pending()) == (2, 0)
    version = document.versions.get()
    assert (version.text.text, version.text.pages, version.text.pdfa) == ("", 1, "")
    inspection = Inspection.objects.get(version=version)
    assert (inspection.moment, inspection.ok) == ("filing", True)
    assert [row[0] for row in inspection.results] == list(checks.CHECKS)
    assert {row[2] for row in inspection.results} == {"", checks.UNSCANNED}
    issued = VersionText.objects.get(version__document=paper.document)
    assert ("符合法定形式，予以受理。" in issued.text, issued.pages, issued.pdfa) == (True, 1, "2u")
    assert JobRun.objects.filter(job="take_in_pending").count() == 2


def test_what_is_wrong_is_named_check_by_check(world, kind):
    document = file_one(world, kind)
    version = document.versions.get()
    document.source_label = ""
    version.file_name = "..\\a\u202e.pdf"
    version.media_type = "image/png"
    version.document = document
    done = checks.examine(version, told=[])
    assert [(one.check, one.words) for one in done.failed] == [
        ("origin", "缺来源环节"), ("log", "大事记里没有这个摘要"), ("format", "内容与格式不符"),
        ("name", "文件名含有路径或控制字符"),
    ]


def shown_in(page):
    """The lines of the archive, or of what a search found."""
    return page.context.get("lines") or [hit.line for hit in page.context["hits"]]


def test_a_changed_byte_is_found_by_night_named_and_shown(client, world, kind):
    sound, document = file_one(world, kind, title="别的图"), file_one(world, kind, pdf_bytes("b"))
    assert (nightly_fixity(), FixityRound.objects.get().damaged) == (2, 0)
    assert nightly_fixity() == 0, "the next round begins the next night"
    before = path_of(document).read_bytes()
    change_a_byte(document)
    with timing.travel(timing.now() + dt.timedelta(days=1)):
        assert nightly_fixity() == 2
    one = FixityRound.objects.first()
    assert (one.number, one.files, one.damaged, one.finished_at is not None) == (2, 2, 1, True)
    assert Inspection.objects.failed().get().version.document == document
    assert Event.objects.get(kind="document.damaged").summary == "校验不一致：施工图"
    assert JobRun.objects.filter(job="nightly_fixity").latest("pk").note == "1 个文件与归档时不一致"

    client.force_login(world.archivist)
    text = client.get("/archives/integrity/").content.decode()
    for words in ("不一致的文件", "施工图", world.project.name, "真实性", "内容与归档时的校验值不一致"):
        assert words in text, words
    assert "别的图" not in text
    client.force_login(world.owner)
    for list_of_files in (f"/projects/{world.project.pk}/archive/", "/archives/search/?q=别的图", "/archives/search/?q=施工图"):
        shown = {line.document.title: line.status for line in shown_in(client.get(list_of_files))}
        assert shown == {title: {"施工图": "检测不通过", "别的图": "有效"}[title] for title in shown}
        assert shown, list_of_files
    listed = client.get(f"/projects/{world.project.pk}/archive/?export=csv").getvalue().decode()
    assert [",检测不通过," in row for row in listed.splitlines() if "施工图," in row] == [True]
    assert client.get("/archives/integrity/").status_code == 403
    text = client.get(f"/documents/{document.pk}/checks/").content.decode()
    assert ("长期保存" in text, "不通过" in text) == (True, True)
    assert client.get(f"/documents/{sound.pk}/checks/").content.decode().count("不通过") == 0

    path_of(document).write_bytes(before)
    fixity.walk(force=True)
    assert not Inspection.objects.failed().exists(), "restored from the backup"
    [line] = [one for one in shown_in(client.get(f"/projects/{world.project.pk}/archive/")) if one.document == document]
    assert line.status == "有效"
    path_of(document).unlink()
    fixity.walk(force=True)
    assert checks.revived(Inspection.objects.failed().get().results)[1] == checks.Result("stored", ok=False)


def test_a_round_is_walked_in_slices_and_two_at_once_do_not_count_twice(world, kind, monkeypatch):
    for number in range(5):
        file_one(world, kind, pdf_bytes(str(number)))
    monkeypatch.setattr(fixity, "STEP", 2)
    one, same = fixity.open_round(), fixity.open_round()
    assert (one.pk, fixity._step(one).files, fixity._step(same)) == (same.pk, 2, None)
    assert (fixity.walk(seconds=0.0), fixity.walk()) == (fixity.Walked(), fixity.Walked(3, 0, is_finished=True))
    assert FixityRound.objects.values_list("files", flat=True).get() == 5


def test_the_search_finds_names_and_words_of_visible_documents_only(client, world, kind, issue):
    document, paper = file_one(world, kind, title="三号车间竣工图"), issue()
    papers.render(paper.pk)
    take_in_pending()
    client.force_login(world.owner)

    def found(**query):
        text = client.get("/archives/search/", query).content.decode()
        return [row.title for row in (document, paper.document) if f">{row.title}<" in text or row.title in text]

    assert found(q="车间竣工") == [document.title]
    assert found(q="符合法定形式") == [paper.document.title]
    assert "<mark>符合法定形式</mark>，予以受理" in client.get("/archives/search/", {"q": "符合法定形式"}).content.decode()
    assert found(q="符合法定形式", cls="A3") == []
    assert "<mark>法定</mark>" in client.get("/archives/search/", {"q": "法定 予以受理"}).content.decode()
    assert (found(q="法定 不予受理"), found(q="法定  受理")) == ([], [paper.document.title])
    assert (found(q="车间 竣工图"), found(q="车间 检测"), found(q=f"竣工图 {world.project.name[:4]}")) == (
        [document.title], [], [document.title]
    )
    code, number = world.project.code, document.archive_no
    assert (found(q=number), found(q=number[:-2].lower())) == ([document.title], [document.title])
    assert found(q=f"{code}-{document.doc_class}") == [document.title]
    assert (found(q=code), found(q=code[:-3])) == ([document.title, paper.document.title],) * 2
    assert found(q=f"{number[:-6]}9999") == found(q=code[:4]) == []
    assert "请至少写两个字。" in client.get("/archives/search/", {"q": "图"}).content.decode()
    client.force_login(world.outsider)
    assert (found(q="车间竣工"), found(q="符合法定形式")) == ([], [])


def test_the_search_takes_the_same_queries_at_one_and_at_twenty(client, world, kind):
    def queries():
        with CaptureQueriesContext(connection) as made:
            assert client.get("/archives/search/", {"q": "施工图"}).status_code == 200
        return len(made)

    file_one(world, kind)
    client.force_login(world.archivist)
    queries()
    one = queries()
    for number in range(19):
        file_one(world, kind, pdf_bytes(str(number)))
    assert queries() == one


def test_words_of_a_pdf_are_read_with_a_limit(tmp_path):
    from archives import papering, pdfs

    data = papering.lay_out("<html><body><p>可以检索<br>的文字层</p></body></html>").write_pdf()
    target = tmp_path / "a.pdf"
    target.write_bytes(data)
    with target.open("rb") as file:
        assert (pdfs.text_of(file, most=4), pdfs.text_of(file, most=100)) == ("可以检索", "可以检索的文字层")
    assert keeping.TEXT_MOST == 100_000
