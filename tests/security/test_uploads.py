"""A container that names more parts than anybody hands in is refused before its directory is read."""

import struct

import pytest

from archives import containers
from archives.services import filing
from projects.errors import DomainError
from tests.archives.conftest import upload


def crowded(count):
    """Return a ZIP of empty parts, written by hand: making it with zipfile would take as long as reading it."""
    entry = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    front = b"PK\x03\x04" + b"\0" * 26
    size, number = len(entry) * count, count & 0xFFFF
    return front + entry * count + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, number, number, size, len(front), 0)


@pytest.mark.parametrize("name", ["图纸.zip", "说明.docx", "表.xlsx", "文.ofd"])
def test_a_crowded_container_is_refused(name):
    with pytest.raises(DomainError) as refused:
        filing.check_upload(upload(name, crowded(containers.PARTS_MOST + 1)))
    assert (refused.value.code, refused.value.message) == (
        "upload_broken", f"“{name}”里面的文件太多，不像是申报材料，没有保存。请确认能正常打开后重新上传。"
    )


def test_a_full_one_is_taken():
    assert filing.check_upload(upload("图纸.zip", crowded(100))).media_type == "application/zip"
