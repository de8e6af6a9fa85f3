"""One code for everybody: a scan leads to the own work; a file is verified without leaving the browser; an archive is found."""

import hashlib

import pytest

from tests.factories import pdf_bytes

pytestmark = pytest.mark.browser
OPEN = """
from django.db import transaction
from archives.models import DocumentKind
from archives.services import codes, filing, keeping
from projects.events import lock_project
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered

number = registered('', '丹河新城档案楼')
by = steps.user('clerk')
token = codes.issue_token(number, by=by)
with transaction.atomic():
    project = lock_project(number)
    document = filing.file_upload(
        project, uploaded=factories.pdf('图.pdf', 'browser'), title='档案楼总平面图', source=project, by=by,
        kind=DocumentKind.objects.exclude(produced_by='portal').filter(doc_class='A3').first(),
    )
keeping.take_in(document.versions.get().pk)
result = {'project': number, 'token': token.token, 'document': document.pk}
"""


def test_a_code_a_file_and_an_archive(live_portal, visit, tmp_path):
    made = live_portal.python(OPEN)
    code, archive = f"/q/{made['token']}/", f"/projects/{made['project']}/archive/"
    public, archivist, owner = visit(), visit("archivist"), visit("clerk")

    public.open(code, phone=True)
    public.says("到哪一步", "在等谁", "下一步", "大概何时")
    archivist.open(code)
    assert archivist.path == archive
    archivist.press("检测", exact=False)
    archivist.says("真实性", "完整性", "可用性", "安全性", "内容与归档时的摘要一致")
    archivist.open("/archives/search/?q=档案楼总平面", phone=True)
    archivist.says("档案楼总平面图", "1 件")
    archivist.open("/archives/integrity/")
    archivist.open(f"{archive}transfer/", phone=True)
    archivist.says("未移交")
    owner.open(f"/projects/{made['project']}/asof/", phone=True)
    owner.says("谋划准备", "走到哪里")

    kept, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    kept.write_bytes(pdf_bytes("browser"))
    other.write_bytes(pdf_bytes("someone else's" * 9999))
    sent = []
    public.page.on("request", lambda request: sent.append(request.method))
    for path, verdict in ((kept, "与档案一致"), (other, "非本系统文件")):
        public.open("/verify/")
        with public.page.expect_navigation():
            public.page.set_input_files("[data-hash] input[type=file]", path)
        assert hashlib.sha256(path.read_bytes()).hexdigest() in public.page.url
        public.says(verdict)
        public.check(phone=True)
    assert set(sent) == {"GET"}, "nothing is sent but the digest"
