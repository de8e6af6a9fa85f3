"""Several pictures of one paper become one PDF in their order; anything else is refused in words."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfReader

from archives.joining import MOST, joined
from projects.errors import DomainError


def picture(name, size, form="JPEG", turned=0):
    out = io.BytesIO()
    image = Image.new("RGB", size, (200, 210, 220))
    exif = Image.Exif()
    if turned:
        exif[0x0112] = turned
    image.save(out, format=form, exif=exif)
    return SimpleUploadedFile(name, out.getvalue())


def test_pictures_become_the_pages_of_one_file_upright_and_no_larger_than_a4():
    pages = [picture("合同1.jpg", (600, 900)), picture("合同2.png", (5000, 3000), "PNG"), picture("3.jpg", (900, 600), turned=6)]
    made = joined(pages)
    again = joined([picture("合同1.jpg", (600, 900)), picture("合同2.png", (5000, 3000), "PNG"),
                    picture("3.jpg", (900, 600), turned=6)])
    sizes = [tuple(round(float(side)) for side in page.mediabox[2:]) for page in PdfReader(made).pages]
    assert (made.name, sizes) == ("合同1（3 页）.pdf", [(144, 216), (842, 505), (144, 216)])
    made.seek(0)
    assert made.read() == again.read()  # the same post again is the same content


def test_one_file_stays_what_it_is_and_none_is_none():
    one = SimpleUploadedFile("图.dwg", b"AC1032")
    assert (joined([one]), joined([])) == (one, None)


@pytest.mark.parametrize(("files", "code", "words"), [
    ([picture("1.jpg", (9, 9)), SimpleUploadedFile("表.docx", b"x")], "joined_types", "“表.docx”不是图片"),
    ([picture("1.jpg", (9, 9)), SimpleUploadedFile("2.jpg", b"")], "upload_empty", "“2.jpg”是空文件"),
    ([picture("1.jpg", (9, 9)), SimpleUploadedFile("2.jpg", b"%PDF-1.7")], "upload_content", "“2.jpg”的内容不是JPEG 图片"),
    ([picture(f"{n}.jpg", (9, 9)) for n in range(MOST + 1)], "joined_many", "一次最多合并 40 张"),
])
def test_what_cannot_be_joined_is_named(files, code, words):
    with pytest.raises(DomainError) as refused:
        joined(files)
    assert refused.value.code == code
    assert words in refused.value.message
