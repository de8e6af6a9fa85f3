"""What is handed over is PDF/A-2u: by itself, or as a copy with its words beside the original; else it says why not."""

import io
import re

import pytest
from django.db import transaction
from django.test import override_settings
from fontTools.cffLib import CFFFontSet
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from archives import cff, conversion, papering, pdfa, pdfa_fonts
from archives.services import filing, papers
from projects.events import lock_project

from .conftest import GOOD, upload

pytestmark = pytest.mark.django_db
SIZE = (842, 595)


def foreign():
    """Two pages as office programs write them: fonts that are named and not embedded, a red square as a seal."""
    said = [
        b"BT /F1 24 Tf 60 500 Td (Steel works 42) Tj ET 1 0 0 rg 600 100 60 60 re f",
        b"BT /F2 24 Tf 60 500 Td <" + "竣工图".encode("utf-16-be").hex().encode() + b"> Tj ET",
    ]
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        *(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<</Font<</F1 7 0 R/F2 8 0 R>>>>>>"
            % (*SIZE, number) for number in (5, 6)
        ),
        *(b"<</Length %d>>stream\n%s\nendstream" % (len(text), text) for text in said),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[9 0 R]>>",
        (b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
         b"/Supplement 2>>/FontDescriptor 10 0 R>>"),
        (b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800"
         b"/Descent -200/CapHeight 700/StemV 80>>"),
    ]
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return data + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, len(data)
    )


def filed(world, kind, name, content):
    with transaction.atomic():
        project = lock_project(world.project.pk)
        document = filing.file_upload(
            project, uploaded=upload(name, content), kind=kind, title="一号<厂房>图", source=project, by=world.owner
        )
    return document.versions.select_related("document").get()


def has_red(picture):
    """Whether a page shows the red of a seal."""
    small = picture.convert("RGB").resize((84, 60)).tobytes()
    return any(small[at] > 200 and max(small[at + 1 : at + 3]) < 60 for at in range(0, len(small), 3))


def test_a_pdf_from_outside_gets_a_copy_with_its_words_that_the_machine_check_accepts(world, kind, tmp_path):
    version = filed(world, kind, "图.pdf", foreign())
    assert pdfa.faults_of(io.BytesIO(foreign())) == ["元数据没有写 PDF/A"]
    kept = conversion.keep(version, tmp_path)
    assert (kept.words, kept.is_pdfa) == (conversion.COPIED, True)
    with kept.copy.open("rb") as file:
        assert pdfa.faults_of(file) == []
        first, second = PdfReader(file).pages
        assert [tuple(map(float, page.mediabox[2:])) for page in (first, second)] == [SIZE, SIZE]
        assert ["".join(page.extract_text().split()) for page in (first, second)] == ["Steelworks42", "竣工图"]
        pictures = {image.image.mode: image.image for image in first.images}
        assert {mode: has_red(picture) for mode, picture in pictures.items()} == {"RGB": True, "L": False}
        assert pictures["L"].getextrema()[0] < 60, "letters of a font that the file does not bring are drawn with ours"
    made = kept.copy.stat().st_mtime_ns
    assert conversion.keep(version, tmp_path) == kept
    assert kept.copy.stat().st_mtime_ns == made, "what is there is not made again"


def test_a_picture_becomes_a_page(world, kind, tmp_path):
    kept = conversion.keep(filed(world, kind, "照片.jpg", GOOD["c.jpg"]), tmp_path)
    with kept.copy.open("rb") as file:
        assert (pdfa.faults_of(file), len(PdfReader(file).pages)) == ([], 1)


def test_what_cannot_be_converted_says_why_and_is_not_tried_again(world, kind, tmp_path, monkeypatch):
    drawing = filed(world, kind, "h.dwg", GOOD["h.dwg"])
    assert conversion.keep(drawing, tmp_path) == conversion.Kept("按原样移交：DWG 图纸不是可以转换的格式")
    version = filed(world, kind, "图.pdf", foreign())
    few = tmp_path / "few"
    few.mkdir()
    with override_settings(PDFA_MAX_PAGES=1):
        assert conversion.keep(version, few).words == "按原样移交：超过 1 页"
    monkeypatch.setattr(conversion, "TIMEOUT", 0.01)
    assert conversion.keep(version, tmp_path).words == "按原样移交：0.01 秒内没有读完"
    monkeypatch.undo()
    assert conversion.keep(version, tmp_path).words == "按原样移交：0.01 秒内没有读完"
    (tmp_path / "broken").mkdir()
    source = tmp_path / "source"
    source.write_bytes(b"%PDF-1.7\nnothing\n%%EOF")
    assert conversion._read(source, tmp_path / "broken") == "页面画不出来"


def test_a_page_or_words_of_no_honest_size_do_not_hold_up_a_hand_over(world, kind, tmp_path):
    thin = filed(world, kind, "细.pdf", foreign().replace(b"[0 0 842 595]", b"[0 0 842 .01]"))
    assert conversion.keep(thin, tmp_path).words == "按原样移交：页面画不出来"
    giant = filed(world, kind, "大.pdf", foreign().replace(b"24 Tf 60 500 Td (", b"99999 Tf 0 0 Td ("))
    kept = conversion.keep(giant, tmp_path)
    assert kept.words == conversion.COPIED
    words = [page.extract_text() for page in PdfReader(kept.copy).pages]
    assert ("Steel" in words[0], "竣工图" in words[1]) == (False, True)


def changed(data, change):
    writer, target = PdfWriter(clone_from=io.BytesIO(data)), io.BytesIO()
    change(writer)
    writer.write(target)
    return pdfa.faults_of(target)


def fonts_of(writer):
    return [one for one in writer._objects if isinstance(one, dict) and one.get("/Type") == "/FontDescriptor"]


def test_the_machine_check_names_what_speaks_against_a_claim(issue):
    paper = issue()
    papers.render(paper.pk)
    with papers.open_pdf(paper.pk)[1] as file:
        data = file.read()
    assert changed(data, lambda _: None) == []
    assert changed(data, lambda writer: writer.root_object.pop(NameObject("/OutputIntents"))) == [
        "没有输出意图和颜色特性文件"
    ]
    assert changed(data, lambda writer: writer.add_attachment("a.txt", b"x")) == ["里面夹带附件文件，附件不会随页面归档和查验"]
    assert changed(data, lambda writer: writer.root_object.pop(NameObject("/Metadata"))) == ["元数据没有写 PDF/A"]
    runs = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("1")})
    assert changed(data, lambda writer: writer.root_object.update({NameObject("/OpenAction"): runs}))[0].startswith("里面带脚本")

    def forget_fonts(writer):
        for font in fonts_of(writer):
            for program in pdfa_fonts.PROGRAMS:
                font.pop(NameObject(program), None)

    found = changed(data, forget_fonts)
    assert found
    assert all(words.startswith("字体 ") and words.endswith(" 没有嵌入") for words in found)
    assert pdfa.faults_of(io.BytesIO(papering.html_pdf("<html lang='zh'><title>纸</title><body><p>纸</p></body></html>"))) == []


def named(**entries):
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})


def link(writer):
    """A note that is not printed."""
    corners = ArrayObject([FloatObject(number) for number in (0, 0, 9, 9)])
    writer.pages[0][NameObject("/Annots")] = ArrayObject([named(Subtype=NameObject("/Link"), Rect=corners, F=NumberObject(2))])


def four_inks(writer):
    content = StreamObject()
    content.set_data(b"0 0 0 1 k 0 0 9 9 re f\n")
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content)


def no_letter(writer):
    for font in [one for one in writer._objects if isinstance(one, dict) and one.get("/Subtype") == "/Type0"][:1]:
        letters = StreamObject()
        letters.set_data(b"1 beginbfchar\n<0001> <FEFF>\nendbfchar\n")
        font[NameObject("/ToUnicode")] = writer._add_object(letters)
        font[NameObject("/BaseFont")] = NameObject("/A")


@pytest.mark.parametrize(("change", "fault"), [
    (lambda writer: writer.add_metadata({"/Title": "别的"}), "文件信息与元数据不一致（Title）"),
    (lambda writer: writer.add_metadata({"/CreationDate": "D:20200101000000Z"}), "文件信息与元数据不一致（CreationDate）"),
    (link, "有打印不出来的批注"), (four_inks, "用了输出意图没有的颜色"), (no_letter, "字体 A 的文字对照有空字"),
    (lambda writer: writer.pages[0].update({NameObject("/AA"): named()}), "页面带有自动动作"),
    (lambda writer: writer._add_object(named(Type=NameObject("/ExtGState"), BM=NameObject("/Own"))), "用了不允许的混合模式"),
    (lambda writer: writer._add_object(ArrayObject([named(S=NameObject("/Hide"))])), "带有不允许的动作"),
    (lambda writer: writer.root_object["/OutputIntents"][0].get_object()["/DestOutputProfile"].get_object().set_data(b"x" * 128),
     "没有输出意图和颜色特性文件"),
])
def test_each_rule_of_the_machine_check_is_broken_by_itself(kept_pdf, change, fault):
    assert changed(kept_pdf, change) == [fault]


def test_every_reader_finds_the_glyphs_of_a_paper_by_the_identifiers_of_its_fonts(kept_pdf):
    programs = [
        font["/FontFile3"].get_object() for font in fonts_of(PdfWriter(clone_from=io.BytesIO(kept_pdf)))
        if "/FontFile3" in font
    ]
    assert [program["/Subtype"] for program in programs] == ["/CIDFontType0C"]
    [data] = [program.get_data() for program in programs]
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(data), None)
    [font] = fonts.topDictIndex
    assert (font.ROS, next(iter(font.rawDict))) == (("Adobe", "Identity", 0), "ROS")
    assert font.charset == [".notdef", *(f"cid{place:05}" for place in range(1, len(font.charset)))]
    assert cff.identifiers(data) == frozenset(range(len(font.charset)))


def test_a_font_whose_glyphs_are_not_found_by_their_codes_is_no_pdfa(monkeypatch):
    monkeypatch.setitem(papering.WRITTEN, "finisher", None)
    [fault] = pdfa.faults_of(io.BytesIO(papering.html_pdf("<html lang='zh'><title>纸</title><body><p>纸</p></body></html>")))
    assert re.fullmatch(r"字体 \w+\+Noto-Serif-SC 里有找不到的字形", fault)


def test_both_ends_of_the_file_are_looked_at(kept_pdf):
    assert pdfa.faults_of(io.BytesIO(kept_pdf + b"% more")) == ["文件结尾之后还有内容"]
    assert pdfa.faults_of(io.BytesIO(kept_pdf.replace(b"%PDF-1.7", b"%PDF-2.0", 1))) == ["文件开头不合规定"]


@pytest.fixture(scope="module")
def kept_pdf():
    return papering.html_pdf("<html lang='zh'><title>纸</title><body><p>纸上写字</p></body></html>")
