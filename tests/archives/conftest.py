"""A centre, an owner, people with roles, one registered project, and files of every kind that may be handed in."""

import datetime as dt
import io
import zipfile
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from archives.models import DocumentKind
from archives.services import papers
from projects import timing
from projects.events import lock_project
from projects.models import Membership, Organisation, Region, User
from projects.services.registration import register_project
from projects.states import Role
from tests.factories import pdf_bytes
from tests.kept import layer

CODE = "2603-140581-89-05-163265"
USCC = "91110000710925462X"
DAY = timing.as_moment(dt.datetime(2026, 11, 9, 10, 0))


@pytest.fixture(autouse=True)
def no_counted_visits():
    """Every test begins with a fresh minute of the rate limit."""
    cache.clear()


def member(username, name, organisation, role):
    user = User.objects.create_user(username, password="a-long-password", name=name)
    Membership.objects.create(user=user, organisation=organisation, role=role, since="2026-01-01")
    return user


def _archive():
    """Centre, owner, outsider's firm, their people, and a registered project."""
    region, _ = Region.objects.get_or_create(code="140581", defaults={"name": "高平市"})
    centre, _ = Organisation.objects.update_or_create(
        code="approval-bureau", defaults={"name": "高平市行政审批服务管理局", "kind": "bureau", "region": region}
    )
    owner = Organisation.objects.create(name="山西泽铸智能装备有限公司", kind="enterprise", uscc=USCC, region=region)
    other = Organisation.objects.create(name="别家公司", kind="enterprise", region=region)
    people = {
        "clerk": member("clerk", "王敏", centre, Role.CLERK),
        "archivist": member("archivist", "何档", centre, Role.ARCHIVIST),
        "director": member("director", "赵主任", centre, Role.DIRECTOR),
        "owner": member("owner", "李业主", owner, Role.OWNER_STAFF),
        "outsider": member("outsider", "张外人", other, Role.OWNER_STAFF),
    }
    project = register_project(
        by=people["clerk"], code=CODE, name="年产12万吨精密铸件智能工厂", investment="social", region_code="140581",
        owner_uscc=USCC, owner_name="山西泽铸智能装备有限公司", contact_name="李联系", contact_phone="13900001111",
    )
    return SimpleNamespace(centre=centre, owner_body=owner, other=other, project=project, region=region, **people)


kept_archive = layer("kept_archive", _archive, at=None)


@pytest.fixture
def world(kept_archive):
    """Centre, owner, outsider's firm, their people, and a registered project."""
    return kept_archive


@pytest.fixture
def kind(db):
    """A kind of the catalogue, class A3, reusable."""
    return DocumentKind.objects.create(
        slug="test-drawings", name="施工图设计文件", doc_class="A3", produced_by="party", is_reusable=True
    )


@pytest.fixture
def issue(world):
    """A function that issues a paper of the project as a service would."""

    def make(**given):
        values = {
            "kind": "acceptance_notice", "series": "受", "title": "受理通知书", "issuer": world.centre,
            "content": {
                "gist": {"project": world.project.name, "what": "申请已受理。", "do": "等通知。", "when": "3 个工作日。"},
                "addressee": world.owner_body.name, "paragraphs": ["经审查，申请材料齐全，符合法定形式，予以受理。"],
                "table": {"head": ["序", "材料"], "rows": [["1", "报建总表"], ["2", "施工图"]]},
                "legal": ["《行政许可法》第三十二条"],
            },
            "subject": world.project, "by": world.clerk,
        }
        with transaction.atomic():
            return papers.issue_paper(lock_project(world.project.pk), **values | given)

    return make


def image_bytes(form):
    target = io.BytesIO()
    Image.effect_noise((64, 64), 40).convert("RGB").save(target, form)
    return target.getvalue()


def zip_bytes(*names):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as container:
        for name in names:
            container.writestr(name, f"内容 {name}" * 50)
    return target.getvalue()


def upload(name="图纸.pdf", content=None):
    return SimpleUploadedFile(name, pdf_bytes() if content is None else content)


GOOD = {
    "a.pdf": pdf_bytes(),
    "b.png": image_bytes("PNG"),
    "c.jpg": image_bytes("JPEG"),
    "d.docx": zip_bytes("[Content_Types].xml", "word/document.xml"),
    "e.xlsx": zip_bytes("[Content_Types].xml", "xl/workbook.xml"),
    "f.ofd": zip_bytes("OFD.xml", "Doc_0/Document.xml"),
    "g.zip": zip_bytes("一.txt", "二.txt"),
    "h.dwg": b"AC1032" + b"\0" * 2000,
}
