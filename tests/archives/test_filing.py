"""Bad input gets a clear Chinese sentence and nothing is lost; what is filed lies under its hash, once, unchanged."""

import datetime as dt
import os
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archives import blobs, media, uploads
from archives.models import Document, DocumentKind, DocumentVersion
from archives.services import filing
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.events import lock_project, verify_chain
from projects.models import Event
from projects.services.registration import register_project

from .conftest import GOOD, USCC, pdf_bytes, upload, zip_bytes


def refused(name, content):
    with pytest.raises(DomainError) as caught:
        filing.check_upload(upload(name, content))
    return caught.value


@pytest.mark.parametrize("name", GOOD)
def test_every_allowed_kind_of_file_is_taken(name):
    checked = filing.check_upload(upload(name, GOOD[name]))
    assert checked == filing.CheckedUpload(
        name, media.BY_EXTENSION[name.rpartition(".")[2]].media_type, len(GOOD[name])
    )


def test_an_empty_file_is_refused():
    error = refused("空.pdf", b"")
    assert (error.code, error.message) == ("upload_empty", "“空.pdf”是空文件（0 字节），没有保存。请打开核对后重新选择。")


@override_settings(UPLOAD_MAX_BYTES=1024 * 1024)
def test_a_file_above_the_limit_is_refused():
    error = refused("大.pdf", b"%PDF-" + b"0" * (1024 * 1024) + b"%%EOF")
    assert error.code == "upload_large"
    assert error.message == "“大.pdf”有 1.0 MB，超过单个文件 1 MB 的上限，没有保存。请压缩或分册后再传。"


@pytest.mark.parametrize("name", ["安装.exe", "宏.docm", "页.html", "图.svg", "没有扩展名", "a.pdf.exe"])
def test_a_type_that_is_not_allowed_is_refused(name):
    error = refused(name, pdf_bytes())
    assert error.code == "upload_type"
    assert error.message.startswith(f"“{name}”的类型不在可收的范围内，没有保存。可以上传：PDF、")


@pytest.mark.parametrize(("name", "code"), [("IMG_0001.HEIC", "upload_type"), ("IMG_0001.jpg", "upload_content")])
def test_a_photograph_as_an_iphone_keeps_it_is_refused_with_how_to_take_it_as_jpeg(name, code):
    error = refused(name, b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\0" * 500)
    assert (error.code, error.message) == (
        code,
        f"“{name}”{uploads.HEIF_SENTENCE}",
    )


@pytest.mark.parametrize(
    ("name", "content", "really"),
    [
        ("a.pdf", GOOD["b.png"], "PNG 图片"),
        ("a.jpg", GOOD["a.pdf"], "PDF"),
        ("a.docx", GOOD["g.zip"], "ZIP 压缩包"),
        ("a.xlsx", GOOD["d.docx"], "Word 文档（docx）"),
        ("a.pdf", b"MZ\x90\0" + b"\0" * 500, "可执行程序"),
        ("a.png", b"<!DOCTYPE html><script>alert(1)</script>", "网页"),
        ("a.dwg", b"not a drawing at all", "无法识别的内容"),
    ],
)
def test_content_that_is_not_what_its_name_says_is_refused(name, content, really):
    error = refused(name, content)
    label = media.BY_EXTENSION[name.rpartition(".")[2]].label
    assert error.code == "upload_content"
    assert error.message == f"“{name}”的内容不是{label}，而是{really}，没有保存。请另存为正确的格式再传。"


@pytest.mark.parametrize("name", ["a.pdf", "b.png", "c.jpg", "d.docx", "e.xlsx", "f.ofd", "g.zip"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_an_upload_cut_off_half_way_is_refused(name, share):
    whole = GOOD[name] if name != "a.pdf" else pdf_bytes("字" * 3000)
    error = refused(name, whole[: int(len(whole) * share)])
    assert error.code == "upload_broken"
    assert error.message == f"“{name}”不完整，像是没有传完，没有保存。请确认能正常打开后重新上传。"


def test_an_empty_archive_file_is_refused():
    assert refused("空.zip", zip_bytes()).message.startswith("“空.zip”里面没有任何文件，没有保存。")


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("..\\..\\windows\\图纸.pdf", "图纸.pdf"),
        ("/etc/passwd", "passwd"),
        ("合\u202e同fdp.exe", "合同fdp.exe"),
        ("a\x00b\nc.pdf", "abc.pdf"),
        ('问<号>|?*".pdf', "问_号_____.pdf".replace("_____", "_____")),
        ("  两  个 空格 .pdf", "两 个 空格.pdf"),
        ("", "文件"),
        (".pdf", "文件.pdf"),
        ("长" * 300 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
def test_names_lose_paths_and_characters_that_deceive(given_name, kept):
    assert media.clean_name(given_name) == kept


@given(st.text(max_size=300))
def test_any_name_becomes_one_that_can_be_kept(text):
    name = media.clean_name(text)
    assert 0 < len(name) <= media.NAME_LENGTH
    assert not set(name) & set('/\\<>:"|?*\0')
    assert all(letter.isprintable() or letter == "\u3000" for letter in name) or name.isprintable()
    assert media.clean_name(name) == name


def file_one(world, kind, content=None, **given):
    values = {"uploaded": upload(content=content), "kind": kind, "title": "施工图", "source": world.project, "by": world.clerk}
    with transaction.atomic():
        return filing.file_upload(lock_project(world.project.pk), **values | given)


def test_filing_keeps_bytes_row_number_and_event(world, kind):
    with timing.travel(dt.datetime(2027, 3, 1, 9, 30)) as clock:
        document = file_one(world, kind)
        version = document.versions.get()
        assert (document.title, document.doc_class, document.serial, document.filed_by_name, document.filed_at) == (
            "施工图", "A3", 1, "王敏", clock.moment
        )
    assert (version.media_type, version.file_name, version.size, version.added_at) == (
        "application/pdf", "图纸.pdf", len(pdf_bytes()), clock.moment
    )
    assert document.archive_no == "2603-140581-89-05-163265-A3-0001-1"
    assert version.storage_key == f"sha256/{version.digest[:2]}/{version.digest[2:4]}/{version.digest}"
    with filing.open_version(version) as file:
        assert file.read() == pdf_bytes()
    event = Event.objects.filter(project=world.project).latest("pk")
    assert (event.kind, event.summary, event.data) == (
        "document.filed", "归档：施工图",
        {"kind": "test-drawings", "archive_no": document.archive_no, "sha256": version.digest},
    )
    assert verify_chain(f"project:{world.project.pk}") is None


def test_the_same_file_for_the_same_step_again_is_one_document(world, kind):
    first = file_one(world, kind)
    again = file_one(world, kind)
    assert again.pk == first.pk
    assert Document.objects.filter(kind=kind).count() == 1
    assert Event.objects.filter(kind="document.filed").count() == 1


def test_the_same_content_in_two_documents_is_stored_once(world, kind):
    first = file_one(world, kind).versions.get()
    second = file_one(world, kind, source=world.clerk).versions.get()
    assert first.document_id != second.document_id
    assert first.storage_key == second.storage_key
    assert default_storage.exists(first.storage_key)
    assert default_storage.listdir("incoming") == ([], [])


def test_what_a_cut_off_upload_left_is_cleared_after_a_day(world, kind):
    file_one(world, kind)
    old, fresh = (Path(default_storage.path("incoming")) / name for name in ("old", "fresh"))
    old.write_bytes(b"1")
    fresh.write_bytes(b"2")
    os.utime(old, (0, 0))
    assert blobs.clear_abandoned() == 1
    assert (old.exists(), fresh.exists()) == (False, True)
    fresh.unlink()


def test_a_new_version_leaves_the_old_one(world, kind):
    document = file_one(world, kind)
    version = filing.add_version(document, uploaded=upload(content=pdf_bytes("b")), by=world.clerk)
    same = filing.add_version(document, uploaded=upload(content=pdf_bytes("b")), by=world.clerk)
    assert (version.version, same.pk) == (2, version.pk)
    contents = []
    for one in document.versions.order_by("version"):
        with filing.open_version(one) as file:
            contents.append(file.read())
    assert contents == [pdf_bytes(), pdf_bytes("b")]
    assert Document.objects.get(pk=document.pk).archive_no.endswith("-A3-0001-2")


def test_a_paper_takes_no_other_file(world, issue):
    paper = issue()
    with pytest.raises(NotAllowed) as caught:
        filing.add_version(paper.document, uploaded=upload(), by=world.clerk)
    assert caught.value.message == "这是系统出具的文书，不能换文件；需要更改时由出具单位换发。"


def test_a_changed_byte_is_refused_and_told_once(world, kind):
    document = file_one(world, kind)
    version = document.versions.get()
    with open(default_storage.path(version.storage_key), "r+b") as file:
        file.seek(10)
        file.write(b"X")
    with pytest.raises(blobs.DamagedError) as caught:
        filing.open_version(version)
    assert caught.value.code == "file_changed"
    for _ in range(2):
        filing.report_damage(document, digest=version.digest, reason="file_changed")
    assert Event.objects.filter(kind="document.damaged").count() == 1
    default_storage.delete(version.storage_key)


def test_serials_have_no_gap_after_a_rollback(world, kind):
    file_one(world, kind)
    with pytest.raises(IntegrityError), transaction.atomic():
        file_one(world, kind, content=pdf_bytes("lost"), source=world.centre)
        raise IntegrityError
    file_one(world, kind, content=pdf_bytes("kept"), source=world.centre)
    assert list(Document.objects.filter(doc_class="A3").order_by("serial").values_list("serial", flat=True)) == [1, 2]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["A3", "E"]), st.booleans()), min_size=1, max_size=8))
def test_serials_are_gap_free_whatever_is_rolled_back(world, steps):
    Document.objects.filter(versions__isnull=False).count()
    kinds = {
        doc_class: DocumentKind.objects.get_or_create(
            slug=f"prop-{doc_class.lower()}", defaults={"name": doc_class, "doc_class": doc_class, "produced_by": "party"}
        )[0]
        for doc_class in ("A3", "E")
    }
    for number, (doc_class, fails) in enumerate(steps):
        try:
            with transaction.atomic():
                filing.put_document(filing.drafted_document(
                    lock_project(world.project.pk), kind=kinds[doc_class], title=str(number), source=world.project, by=None
                ))
                if fails:
                    raise IntegrityError
        except IntegrityError:
            pass
    for doc_class in ("A3", "E"):
        serials = list(Document.objects.filter(doc_class=doc_class).order_by("serial").values_list("serial", flat=True))
        assert serials == list(range(1, len(serials) + 1))


def test_what_the_archive_holds_need_not_be_handed_in_again(world, kind):
    licence = DocumentKind.objects.create(
        slug="test-licence", name="营业执照", doc_class="S", produced_by="party", is_reusable=True
    )
    once = DocumentKind.objects.create(slug="test-once", name="安全措施", doc_class="A5", produced_by="party")
    second = register_project(
        by=world.clerk, code="", name="二期", investment="social", region_code="140581", owner_uscc=USCC
    )
    held = file_one(world, licence, content=pdf_bytes("licence"))
    file_one(world, kind)
    file_one(world, once, content=pdf_bytes("once"))
    assert filing.find_held(second, [licence, kind, once]) == {licence.pk: held}
    newer = file_one(world, kind, content=pdf_bytes("newer"), source=world.centre)
    assert filing.find_held(world.project, [licence, kind, once]) == {licence.pk: held, kind.pk: newer}


def test_what_ran_out_or_was_replaced_is_not_held(world, kind):
    old = file_one(world, kind, valid_until=timing.today() - dt.timedelta(days=1))
    assert filing.find_held(world.project, [kind]) == {}
    first = file_one(world, kind, content=pdf_bytes("1"), source=world.centre)
    second = file_one(world, kind, content=pdf_bytes("2"), source=world.clerk)
    filing.replace_document(second, old)
    assert filing.find_held(world.project, [kind]) == {kind.pk: first}


def test_who_may_file(world, kind):
    document = filing.file_document(
        world.project.pk, uploaded=upload(), kind=kind, title="", by=world.owner
    )
    assert (document.title, document.source_label, document.filed_by_name) == ("施工图设计文件", "补充归档", "李业主")
    with pytest.raises(NotAllowed) as caught:
        filing.file_document(world.project.pk, uploaded=upload(), kind=kind, title="", by=world.outsider)
    assert caught.value.message == "补充归档由建设单位、窗口人员、档案管理员或代办专员办理。"


def test_who_sees_which_document(world, kind):
    document = file_one(world, kind)
    inner = file_one(world, kind, content=pdf_bytes("inner"), visibility="office", source=world.centre)
    seen = {
        name: set(Document.objects.visible_to(getattr(world, name)).filter(kind=kind))
        for name in ("clerk", "owner", "outsider")
    }
    assert seen == {"clerk": {document, inner}, "owner": {document}, "outsider": set()}
    assert DocumentVersion.objects.count() == 2
