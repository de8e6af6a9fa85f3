"""One code for everybody: a scan leads to the own work; a file is verified without leaving the browser; an archive is found."""

import hashlib

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import pdf_text
from tests.factories import pdf_bytes

pytestmark = pytest.mark.browser
#: Points of the letters in the large type.
LARGE = 20
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


WORKS = """
from acceptance.services import application
from archives.models import QrToken
from gaige.demo.moments import user
from packages.services.intake import submit_application
from tests.browser import steps
works = steps.built("丹河新城扫码试点厂房")
project = works["project"]
made = application.apply_for_acceptance(works["unit"], by=user("owner"))
steps.meet(made.application_id, "owner")
submit_application(made.application_id, by=user("owner"))
steps.wait(lambda: QrToken.objects.filter(project=project, state="active").exists(), "no code")
result = {"project": project, "token": QrToken.objects.get(project=project, state="active").token, "acceptance": made.pk}
"""
DELIVERED = """
from archives.models import DocumentKind
from archives.services import filing, keeping
from django.db import transaction
from projects import timing
from projects.events import lock_project
from projects.models import Project
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
number = registered('', '丹河新城移交楼')
by = steps.user('clerk')
kinds = DocumentKind.objects.exclude(produced_by='portal').filter(doc_class='A3')
for title, upload in (('总平面图', factories.pdf('图.pdf', 'given')), ('说明', factories.pdf('说明.pdf', 'words'))):
    with transaction.atomic():
        filing.file_upload(
            lock_project(number), uploaded=upload, title=title, source=Project.objects.get(pk=number), by=by,
            kind=kinds.order_by('pk')[0 if title == '说明' else 1],
        )
while keeping.take_in_pending()[0]:
    pass
Project.objects.filter(pk=number).update(stage='delivered', delivered_at=timing.now())
result = number
"""


def test_whoever_scans_the_one_code_arrives_at_the_own_work(live_portal, visit):
    made = live_portal.python(WORKS)
    code, page = f"/q/{made['token']}/", f"/acceptances/{made['acceptance']}/"
    clerk, inspector = visit("clerk"), visit("housing-r")
    public, owner, director = visit(viewport=PHONE), visit("owner", viewport=PHONE), visit("director")
    for person, words in ((public, "企业登录，看办理详情"), (owner, "您的办理"), (director, "办件、意见、时限和大事记")):
        person.open(code, phone=True)
        person.says("到哪一步", words)
    clerk.open(code)
    assert clerk.path.startswith("/cases/")
    clerk.open(page)
    clerk.press("受理", exact=True)
    clerk.press("受理", exact=True)
    inspector.open(code)
    assert inspector.path.startswith("/acceptance-items/")
    inspector.open(f"{code}?stay")
    inspector.says("您的办理", "验收“")
    public.click(public.page.get_by_role("link", name="大字"), phone=True)
    assert public.path == code
    assert public.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= LARGE
    printed = pdf_text(public.page.pdf())
    assert ("到哪一步" in printed, "企业登录" in printed, "大字" in printed) == (True, False, False)


def test_a_code_is_changed_and_voided_and_a_guessed_one_opens_nothing(live_portal, visit):
    made = live_portal.python(OPEN.replace("'丹河新城档案楼'", "'丹河新城换码楼'").replace("'browser'", "'other'"))
    public, clerk = visit(), visit("clerk")
    clerk.open(f"/projects/{made['project']}/card/")
    clerk.press("换码", exact=True)
    clerk.fill(reason="标牌损坏")
    clerk.press("换码", exact=True)
    clerk.says("第 2 版", "停用（换发）")
    public.open(f"/q/{made['token']}/", phone=True)
    public.says("项目换过码，您扫的是第 1 版的旧卡")
    new = live_portal.rows("select token from archives_qrtoken where project_id = %s and state = 'active'", made["project"])
    public.open(f"/q/{new[0]['token']}/", phone=True)
    public.says("到哪一步")
    clerk.open(f"/projects/{made['project']}/card/")
    clerk.press("作废", exact=True)
    clerk.fill(reason="被冒用")
    clerk.press("作废项目码", exact=True)
    public.open(f"/q/{new[0]['token']}/", phone=True)
    public.says("已由审批服务中心作废")
    public.open("/q/aaaaaaaaaaaaaaaaaaaaaa/", phone=True)
    public.says("没有这一页")


def test_an_archive_is_handed_over_and_signed_for_on_both_sides(live_portal, visit):
    project = live_portal.python(DELIVERED)
    page = f"/projects/{project}/archive/transfer/"
    archivist, city = visit("archivist"), visit("city-archive-r")
    archivist.open(page)
    archivist.until("预验收：可以进行")
    archivist.press("预验收，固定清单")
    archivist.until("字节，每件已检测")
    archivist.says("已另存 PDF/A-2u 件")
    archivist.press("签署清单，移交")
    archivist.says("已移交", "清单已签署")
    city.open("/archives/transfers/")
    city.says("丹河新城移交楼", "校验签收")
    city.open(page)
    city.press("校验并接收")
    city.says("已接收", "接收凭证已出具")
    archivist.open(page)
    archivist.says("宋雅", "已接收")
