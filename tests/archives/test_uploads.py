"""What is dangerous or cannot be kept is refused with its reason before anything is filed; nothing half is left."""

import io
import resource
import socketserver
import struct
import subprocess
import threading
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.test import override_settings
from pypdf import PdfWriter

from archives import blobs, containers, media, pdf_dangers, pdfs
from archives.models import Document
from archives.services import filing
from archives.uploads import BoundedUploadHandler
from projects.errors import DomainError
from tests.factories import pdf_bytes

from .conftest import upload


def refused(name, content):
    with pytest.raises(DomainError) as caught:
        filing.check_upload(upload(name, content))
    return caught.value.code, caught.value.message


def encrypted():
    writer, target = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("geheim", algorithm="RC4-128")
    writer.write(target)
    return target.getvalue()


def lopped(data):
    """Return a PDF whose objects are gone though both of its ends are there."""
    return data[:20] + b"\n%%EOF\n"


BROKEN = "没有保存。请确认能正常打开后重新上传。"


def sentence(name, words):
    """The sentence of a refusal: what is wrong, that nothing was kept, what to do instead."""
    why, _, instead = words.partition("，请")
    return f"“{name}”{why}，没有保存。请{instead}。" if instead else f"“{name}”{why}，{BROKEN}"


PDFS = {
    "encrypted": (encrypted, pdfs.ENCRYPTED),
    "damaged": (lambda: lopped(pdf_bytes()), pdfs.DAMAGED),
    "no page": (lambda: pdf_bytes(pages=0), pdfs.EMPTY),
    "opens with a script": (lambda: pdf_bytes(catalog="/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), pdf_dangers.SCRIPTED),
    "names a script": (lambda: pdf_bytes(catalog="/Names<</JavaScript<</Names[]>>>>"), pdf_dangers.SCRIPTED),
    "runs a script after a harmless step": (
        lambda: pdf_bytes(catalog="/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next[<</S/GoTo>><</S/JavaScript/JS(app.alert(1))>>]>>"),
        pdf_dangers.SCRIPTED,
    ),
    "plays a script": (lambda: pdf_bytes(catalog="/OpenAction<</S/Rendition/OP 0/JS(app.alert(1))>>"), pdf_dangers.SCRIPTED),
    "has a bookmark that launches": (
        lambda: pdf_bytes(catalog="/Outlines<</First<</Title(1)/Next<</Title(2)/A<</S/Launch/F(cmd.exe)>>>>>>>>"),
        pdf_dangers.SCRIPTED,
    ),
    "has a field that calculates": (
        lambda: pdf_bytes(catalog="/AcroForm<</Fields[<</T(a)/Kids[<</T(b)/AA<</C<</S/JavaScript/JS(1)>>>>>>]>>]>>"),
        pdf_dangers.SCRIPTED,
    ),
    "runs a script on a late page": (
        lambda: pdf_bytes(pages=400, page="/AA<</O<</S/J#61vaScript/J#53(1)>>>>"), pdf_dangers.SCRIPTED,
    ),
    "sends what is typed": (
        lambda: pdf_bytes(page="/Annots[<</A<</S/SubmitForm/F(http://a.example/)>>>>]"), pdf_dangers.SENDS,
    ),
    "opens a file of another machine": (
        lambda: pdf_bytes(catalog="/OpenAction<</S/GoToR/F<</F(\\\\\\\\host\\\\a.pdf)>>/D[0/Fit]>>"), pdf_dangers.SENDS,
    ),
    "holds a file": (
        lambda: pdf_bytes(catalog="/Names<</EmbeddedFiles<</Names[(a.exe)<</Type/Filespec/EF<</F 3 0 R>>>>]>>>>"),
        pdf_dangers.ATTACHED,
    ),
    "holds a file in a note": (lambda: pdf_bytes(page="/Annots[<</Subtype/FileAttachment>>]"), pdf_dangers.ATTACHED),
    "is a portfolio": (lambda: pdf_bytes(catalog="/Collection<<>>"), pdf_dangers.ATTACHED),
    "is a dynamic form": (lambda: pdf_bytes(catalog="/AcroForm<</XFA[(template)3 0 R]>>"), pdf_dangers.XFA),
    "plays a film": (lambda: pdf_bytes(page="/Annots[<</Subtype/RichMedia>>]"), pdf_dangers.SHOWS),
    "is a web page as well": (
        lambda: pdf_bytes(text="<HTML><script>alert(1)</script>"), pdf_dangers.MIXED.format(what="网页"),
    ),
    "is a script as well": (
        lambda: b"/*" + pdf_bytes() + b"*/", pdf_dangers.MIXED.format(what="开头的其他内容"),
    ),
    "has a page behind its end": (
        lambda: pdf_bytes() + b"<script>alert(1)</script>", pdf_dangers.MIXED.format(what="结尾的其他内容"),
    ),
    "is a container as well": (
        lambda: pdf_bytes() + packed(**{"a.txt": "a"}) + b"\n%%EOF\n", pdf_dangers.MIXED.format(what="压缩包"),
    ),
    "launches": (lambda: pdf_bytes(page="/Annots[<</Type/Annot/A<</S/Launch/F(cmd.exe)>>>>]"), pdf_dangers.SCRIPTED),
}


@pytest.mark.parametrize("fault", PDFS)
def test_a_pdf_that_cannot_be_kept_is_refused(fault):
    make, words = PDFS[fault]
    assert refused("图.pdf", make()) == ("upload_broken", sentence("图.pdf", words))


def test_what_a_sound_pdf_may_have_is_taken():
    sound = pdf_bytes(
        catalog="/OpenAction[3 0 R/Fit]/Names<</EmbeddedFiles<</Names[]>>>>/AcroForm<</Fields[]/SigFlags 3>>",
        page="/Annots[<</Subtype/Link/A<</S/URI/URI(https://a.example/)>>>><</A<</S/GoToR/F(A-02.pdf)/D[0/Fit]>>>>]",
    )
    for data in (sound, b"\xef\xbb\xbf" + sound, sound + b"\r\n\x1a\x00\x00"):
        assert filing.check_upload(upload("图.pdf", data)).media_type == "application/pdf"


@override_settings(UPLOAD_MAX_PAGES=20)
def test_a_pdf_with_too_many_pages_is_refused_also_when_it_lies_about_them():
    words = sentence("图.pdf", "超过 20 页，请分册")
    assert refused("图.pdf", pdf_bytes(pages=21)) == ("upload_broken", words)
    again = pdf_bytes(pages=1).replace(b"/Kids[3 0 R]", b"/Kids[" + b"3 0 R " * 9 + b"]")
    assert pdfs.facts_of(io.BytesIO(again)).pages == 9
    assert refused("图.pdf", again.replace(b"3 0 R " * 9, b"3 0 R " * 40))[1] == words
    round_and_round = pdf_bytes(pages=1).replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")
    assert refused("图.pdf", round_and_round)[1] == f"“图.pdf”{pdfs.DAMAGED}，{BROKEN}"


def packed(**parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in parts.items():
            container.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def test_containers_that_are_dangerous_are_refused():
    bomb = packed(**{"零.bin": b"\0" * (containers.RATIO_FROM + 1)})
    assert len(bomb) < 200_000
    assert refused("图.zip", bomb)[1] == f"“图.zip”{containers.BOMB}，{BROKEN}"
    assert refused("图.zip", packed(**{"../../etc/passwd": "x"}))[1] == f"“图.zip”{containers.ESCAPES}，{BROKEN}"
    assert refused("图.zip", packed(**{"安装.EXE": "MZ"}))[1] == sentence("图.zip", containers.PROGRAM)
    assert refused("图.zip", packed(**{"图\u202efdp.dwg": "x"}))[1] == sentence("图.zip", containers.HIDDEN)
    macro = packed(**{"[Content_Types].xml": "x", "word/document.xml": "x", "word/vbaProject.bin": "x"})
    assert refused("表.docx", macro)[1] == sentence("表.docx", containers.MACRO)
    data = bytearray(packed(**{"a.txt": "a" * 500, "b.txt": "b" * 500}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 1)  # both entries use the same bytes
    assert refused("图.zip", bytes(data))[1] in {f"“图.zip”{words}，{BROKEN}" for words in (containers.BOMB, containers.CUT_OFF)}


def test_a_picture_that_can_be_unpacked_as_well_is_refused():
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 9, 9) + b"\0" * 40 + packed(**{"a.txt": "a"}) + b"IEND\xaeB`\x82"
    assert refused("图.png", png) == ("upload_broken", sentence("图.png", media.PACKED))


def test_pictures_that_would_fill_the_memory_are_refused():
    assert refused("图.png", b"\x89PNG\r\n\x1a\nIEND\xaeB`\x82")[1] == f"“图.png”{containers.CUT_OFF}，{BROKEN}"  # no size at all
    png = bytearray(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000) + b"\0" * 40 + b"IEND\xaeB`\x82")
    assert "画面大得不合常理" in refused("图.png", bytes(png))[1]
    jpeg = b"\xff\xd8\xff\xe0\x00\x04\0\0\xff\xc0\x00\x11\x08" + struct.pack(">HH", 60_000, 60_000) + b"\0" * 20 + b"\xff\xd9"
    assert "画面大得不合常理" in refused("图.jpg", jpeg)[1]


@pytest.mark.parametrize("name", ["图.svg", "页.html", "页.HTM"])
def test_what_may_hold_a_script_is_refused_and_told_why(name):
    code, message = refused(name, b"<svg onload='alert(1)'/>")
    assert (code, message.endswith("网页和 SVG 一类的文件可能带脚本，请另存为 PDF。")) == ("upload_type", True)


# The virus scanner ---------------------------------------------------------------------------------------------------


class Clam(socketserver.BaseRequestHandler):
    """Speaks INSTREAM as clamd does; the EICAR word is a virus, `silence` gets no answer."""

    def handle(self):
        assert self._take(10) == b"zINSTREAM\0"
        body = b""
        while size := struct.unpack("!I", self._take(4))[0]:
            body += self._take(size)
        if b"silence" not in body:
            self.request.sendall(b"stream: Eicar-Test-Signature FOUND\0" if b"EICAR" in body else b"stream: OK\0")

    def _take(self, size):
        data = b""
        while len(data) < size:
            data += self.request.recv(size - len(data))
        return data


@pytest.fixture
def clam():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clam) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with override_settings(VIRUS_SCANNER=f"tcp://127.0.0.1:{server.server_address[1]}"):
            yield server
        server.shutdown()
        thread.join()


def test_the_scanner_lets_through_finds_and_fails_closed(clam):
    big = pdf_bytes("字" * 200_000)
    assert filing.check_upload(upload("好.pdf", big)).size == len(big)
    assert refused("坏.pdf", pdf_bytes("EICAR")) == (
        "upload_virus", "“坏.pdf”查出病毒（Eicar-Test-Signature），没有保存。请在本机杀毒后重新导出再传。"
    )
    down = "病毒扫描暂时没有应答，“好.pdf”没有保存。请过几分钟再传；一直不行请告知系统管理员。"
    assert refused("好.pdf", pdf_bytes("silence")) == ("upload_unscanned", down)
    with override_settings(VIRUS_SCANNER="tcp://127.0.0.1:1"):
        assert refused("好.pdf", pdf_bytes()) == ("upload_unscanned", down)


# Too large, no room --------------------------------------------------------------------------------------------------


@override_settings(UPLOAD_MAX_BYTES=1024 * 1024)
def test_two_gigabytes_are_counted_and_not_kept(rf):
    handler = BoundedUploadHandler(rf.post("/"))
    handler.new_file("file", "大.pdf", "application/pdf", None)
    piece, size = b"0" * 65536, 2 * 1024**3
    for start in range(0, size, len(piece)):
        handler.receive_data_chunk(piece, start)
    file = handler.file_complete(size)
    with file, pytest.raises(DomainError) as caught:
        assert (file.size, file.file.seek(0, 2)) == (size, 0)
        filing.check_upload(file)
    assert caught.value.message == "“大.pdf”有 2048.0 MB，超过单个文件 1 MB 的上限，没有保存。请压缩或分册后再传。"


@override_settings(UPLOAD_MAX_BYTES=1024 * 1024)
def test_a_file_beyond_the_limit_is_told_on_its_page_and_nothing_is_kept(world, kind, client, tmp_path):
    client.force_login(world.owner)
    data = {"kind": kind.pk, "title": "总图", "file": upload("大.pdf", pdf_bytes("0" * 5 * 1024 * 1024))}
    with override_settings(FILE_UPLOAD_TEMP_DIR=str(tmp_path)):
        text = client.post(f"/projects/{world.project.pk}/archive/file/", data).content.decode()
    told = "“大.pdf”有 5.0 MB，超过单个文件 1 MB 的上限，没有保存。请压缩或分册后再传。"
    assert (told in text, 'value="总图"' in text, list(tmp_path.iterdir())) == (True, True, [])


ROOM = 256 * 1024


@pytest.fixture(params=["disk", "limit"])
def no_room(request, tmp_path):
    """A folder with little room: a small disk of its own where we may mount one, else a limit that the system keeps."""
    if request.param == "limit":
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
        yield tmp_path
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", tmp_path]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root; the limit stands for it")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


@pytest.mark.parametrize("odd", [0, 5000])
def test_a_disk_that_is_full_gets_a_sentence_and_the_form_stays(world, kind, client, no_room, odd):
    client.force_login(world.owner)
    url, given = f"/projects/{world.project.pk}/archive/file/", pdf_bytes("字" * (ROOM + odd))
    told = "存储空间已满，“图.pdf”没有保存。请告知系统管理员清理或扩容，之后重新上传。"
    with override_settings(FILE_UPLOAD_TEMP_DIR=str(no_room), FILE_UPLOAD_MAX_MEMORY_SIZE=0):
        answer = client.post(url, {"kind": kind.pk, "title": "总图", "file": upload("图.pdf", given)})
    text = answer.content.decode()
    assert (told in text, 'value="总图"' in text) == (True, True)
    assert list(no_room.iterdir()) == []


def test_a_store_that_is_full_keeps_nothing_of_a_file(world, kind, client, no_room, monkeypatch):
    monkeypatch.setattr(blobs, "default_storage", FileSystemStorage(location=no_room))
    client.force_login(world.owner)
    data = {"kind": kind.pk, "title": "图", "file": upload("图.pdf", pdf_bytes("字" * ROOM))}
    with override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=10 * ROOM):
        answer = client.post(f"/projects/{world.project.pk}/archive/file/", data)
    assert "档案库的存储空间已满，没有保存。请告知系统管理员清理或扩容，之后再试；已归档的文件不受影响。" in answer.content.decode()
    assert not Document.objects.filter(title="图").exists()
    assert list(blobs._incoming().iterdir()) == []
    assert blobs.put([b"a little"]).size == len("a little"), "what fits is still kept"


# Where bytes lie -----------------------------------------------------------------------------------------------------


@override_settings(DIGEST_ALGORITHM="sm3")
def test_another_algorithm_keeps_its_name_and_the_sha256_beside_it():
    stored = blobs.put([b"abc"])
    assert (stored.algorithm, stored.key, stored.sha256) == (
        "sm3", "sm3/66/c7/66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    )
    with override_settings(DIGEST_ALGORITHM="sha256"), blobs.open_checked(stored.key, stored.digest) as file:
        assert file.read() == b"abc"


class Bucket(Storage):
    """A store that has no folder, as one that speaks S3."""

    def __init__(self):
        self.kept = {}

    def exists(self, name):
        return name in self.kept

    def _save(self, name, content):
        self.kept[name] = content.read()
        return name

    def _open(self, name, _mode="rb"):
        if name not in self.kept:
            raise FileNotFoundError(name)
        return ContentFile(self.kept[name])

    def delete(self, name):
        del self.kept[name]


def test_a_store_without_a_folder_of_ours_keeps_the_same_promises(monkeypatch):
    store = Bucket()
    monkeypatch.setattr(blobs, "default_storage", store)
    first, again = blobs.put([b"a", b"b"]), blobs.put([b"ab"])
    assert (first, store.kept) == (again, {first.key: b"ab"})
    with blobs.open_checked(first.key, first.digest) as file:
        assert file.read() == b"ab"
    store.delete(first.key)
    with pytest.raises(blobs.DamagedError):
        blobs.open_checked(first.key, first.digest)
