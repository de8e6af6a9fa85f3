"""The public page says where a project stands and never a natural person's name, telephone, opinion or unpublished file."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from archives.models import PublicView
from archives.services import codes, filing, papers, public, scans
from archives.tasks import refresh_public
from projects import outbox
from projects.events import lock_project
from projects.models import Project
from projects.services.issues import raise_issue
from projects.states import IssueKind

from .conftest import pdf_bytes, upload

pytestmark = pytest.mark.django_db

SECRET_WORDS = ("李联系", "13900001111", "王敏", "李业主", "内部意见", "未公开的图纸", "窗口缺口")


@pytest.fixture
def address(world, kind, issue, monkeypatch):
    """A project with a public certificate and planted secrets; returns its address.

    However slow the machine is, no opening that was gathered is written while queries are counted.
    """
    scans.flush()
    monkeypatch.setattr(scans, "SECONDS", 3600.0)
    with transaction.atomic():
        project = lock_project(world.project.pk)
        filing.file_upload(
            project, uploaded=upload("未公开的图纸.pdf"), kind=kind, title="未公开的图纸", source=project, by=world.owner
        )
        raise_issue(
            project, kind=IssueKind.CORRECTION, subject=project, what="窗口缺口", basis="规范", how_to_fix="内部意见",
            debtor=world.owner_body, by=world.clerk,
        )
    issue(
        kind="certificate", title="建设工程规划许可证", series="许", is_public=True, valid_until=dt.date(2029, 6, 30),
        content={"paragraphs": ["内部意见"], "facts": [["经办", "王敏"]]},
    )
    issue(kind="review_opinion", title="联合审查意见书", series="联审", content={"paragraphs": ["内部意见"]})
    return f"/q/{codes.issue_token(world.project.pk, by=world.clerk).token}/"


def test_everybody_reads_where_it_stands(client, address, world):
    response = client.get(address)
    text = response.content.decode()
    for words in (
        "年产12万吨精密铸件智能工厂", "2603-140581-89-05-163265", "高平市", "谋划准备", "联合研判", "联合验收", "已取得的许可",
        "建设工程规划许可证", "高审许字第000001号", "有效至2029年6月30日", "山西泽铸智能装备有限公司", "在等谁", "大字", "企业登录，看办理详情",
    ):
        assert words in text, words
    assert [word for word in (*SECRET_WORDS, "联合审查意见书") if word in text] == []
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "<script" not in text
    assert len(response.content) < 30_000


def test_on_whom_it_waits_is_said_once(client, address, world):
    text = client.get(address).content.decode()
    facts = public.public_view(Project.objects.select_related("public_view").get(pk=world.project.pk))
    assert facts["answers"] == [
        ["到哪一步", "谋划准备阶段，联合研判"], ["在等谁", "代办调度，已 0 个工作日"], ["下一步", "代办调度指派项目长、服务专员"], ["大概何时", "还没有预计"],
    ]
    assert [text.count(words) for words in ("正在等", "代办调度，已 0 个工作日", "指派项目长", "<dt>下一步")] == [0, 1, 1, 1]
    client.force_login(world.owner)
    text = client.get(address).content.decode()
    assert [text.count(words) for words in ("正在等", "<dt>到哪一步", "<dt>下一步")] == [1, 1, 0]


def test_it_takes_few_queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as warm:
        client.get(address)
    assert len(warm) == 1
    PublicView.objects.all().delete()
    with CaptureQueriesContext(connection) as cold:
        client.get(address)
    assert len(cold) <= 20, "the first reader after an event"


def test_it_is_computed_anew_after_an_event_and_on_a_new_day(client, address, world, issue):
    client.get(address)
    issue(kind="certificate", title="施工许可证", series="施", is_public=True)
    assert "施工许可证" in client.get(address).content.decode()
    before = PublicView.objects.get(project=world.project)
    assert refresh_public() == 0, "it is up to date"
    PublicView.objects.update(day=dt.date(2020, 1, 1))
    assert refresh_public() == 1
    assert PublicView.objects.get(project=world.project).facts == before.facts
    project = Project.objects.select_related("owner", "centre", "region").get(pk=world.project.pk)
    assert public.refresh([project])[project.pk] == before.facts


def test_the_sweep_prepares_new_projects_and_keeps_up_those_that_were_opened(client, address, world):
    assert (refresh_public(), refresh_public()) == (1, 0)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) == 2, "whether it is kept, and what it shows"
    PublicView.objects.all().delete()
    Project.objects.update(registered_at="2026-01-01T00:00+08:00")
    assert refresh_public() == 0


def test_the_worker_computes_it_right_after_an_event(client, address, issue):
    client.get(address)
    issue(kind="certificate", title="施工许可证", series="施", is_public=True)
    assert outbox.drain() > 0
    with CaptureQueriesContext(connection) as queries:
        assert "施工许可证" in client.get(address).content.decode()
    assert len(queries) == 2


def test_the_owner_sees_more_at_the_same_address(client, address, world):
    client.force_login(world.owner)
    text = client.get(address).content.decode()
    for words in ("您的办理", "窗口缺口", "未公开的图纸", "事项、材料、通知和办理记录"):
        assert words in text, words
    client.force_login(world.clerk)
    assert "办件、意见、时限和大事记" in client.get(address).content.decode()
    client.force_login(world.outsider)
    text = client.get(address).content.decode()
    assert [word for word in SECRET_WORDS if word in text] == []


def test_a_code_out_of_use_says_so_and_nothing_of_the_project(client, address, world):
    codes.reissue_token(world.project.pk, by=world.clerk, reason="损坏")
    response = client.get(address)
    text = response.content.decode()
    assert (response.status_code, "项目换过码，您扫的是第 1 版的旧卡" in text, world.project.name in text) == (410, True, False)
    codes.void_token(world.project.pk, by=world.clerk, reason="冒用")
    token = world.project.qr_tokens.get(revision=2).token
    assert "已由审批服务中心作废" in client.get(f"/q/{token}/").content.decode()
    assert client.get("/q/aaaaaaaaaaaaaaaaaaaaaa/").status_code == 404


@override_settings(PUBLIC_RATE_PER_MINUTE=3)
def test_codes_cannot_be_tried_out(client, address, world):
    answers = [client.get(f"/q/{'a' * 21}{number}/").status_code for number in range(5)]
    assert answers == [404, 404, 404, 429, 429]
    response = client.get(address)
    assert (response.status_code, response["Retry-After"], "一分钟最多打开 3 次" in response.content.decode()) == (429, "60", True)
    assert client.get(address, REMOTE_ADDR="10.0.0.9").status_code == 200
    client.force_login(world.clerk)
    assert client.get(address).status_code == 200


@override_settings(PUBLIC_RATE_PER_MINUTE=3)
def test_an_account_is_no_licence_to_try_codes_out(client, world):
    client.force_login(world.clerk)
    for url in ("/rate/", "/join/"):
        answers = [client.post(url, {"code": f"ABCDEFG{number}"}).status_code for number in range(2, 6)]
        assert (answers, client.get(url).status_code) == ([409, 409, 409, 429], 200)


@override_settings(PUBLIC_RATE_PER_MINUTE=1, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_behind_our_proxy_the_reader_is_who_the_proxy_names(client, address):
    answers = [
        client.get(address, headers={"X-Forwarded-For": reader}).status_code
        for reader in ("1.1.1.1", "9.9.9.9, 1.1.1.1", "1.1.1.1, 2.2.2.2")
    ]
    assert answers == [200, 429, 200]


@pytest.mark.parametrize("how", ["code", "dashes", "hash"])
def test_verification_finds_a_paper(client, world, issue, how):
    paper = issue()
    papers.render(paper.pk)
    paper.refresh_from_db()
    query = {
        "code": {"code": paper.verify_code.lower()}, "dashes": {"code": "-".join(paper.verify_code)},
        "hash": {"sha256": f"SHA256:{paper.digest.upper()}"},
    }[how]
    text = client.get("/verify/", query).content.decode()
    for words in ("与档案一致，有效", paper.number, "受理通知书", "高平市行政审批服务管理局", world.project.name, paper.digest[:32]):
        assert words in text, words
    assert "王敏" not in text


def test_verification_tells_replaced_revoked_expired_and_unknown(client, world, issue):
    old, new, late = issue(), issue(), issue(valid_until=dt.date(2026, 1, 1))
    papers.replace_paper(old, new=new, by=world.clerk, reason="更正")
    papers.revoke_paper(new, by=world.clerk, reason="错发")
    said = {
        name: next(
            word for word in ("与档案一致，有效", "由新的文书替换", "已被撤销", "有效期已过", "没有这个验真码")
            if word in client.get("/verify/", {"code": code}).content.decode()
        )
        for name, code in {"old": old.verify_code, "new": new.verify_code, "late": late.verify_code, "none": "2" * 12}.items()
    }
    assert said == {"old": "由新的文书替换", "new": "已被撤销", "late": "有效期已过", "none": "没有这个验真码"}


def test_an_older_version_is_told_to_be_replaced(client, world, kind):
    with transaction.atomic():
        project = lock_project(world.project.pk)
        document = filing.file_upload(
            project, uploaded=upload("图.pdf"), kind=kind, title="图", source=project, by=world.clerk
        )
    old = document.versions.get().digest
    assert "<h2>与档案一致</h2>" in client.get("/verify/", {"sha256": old}).content.decode()
    filing.add_version(document, uploaded=upload("图.pdf", pdf_bytes("第二版")), by=world.clerk)
    text = client.get("/verify/", {"sha256": old}).content.decode()
    assert ("<h2>已换发</h2>" in text, "档案里已有更新的版本" in text) == (True, True)
    with override_settings(DIGEST_ALGORITHM="sm3"):
        filing.add_version(document, uploaded=upload("图.pdf", pdf_bytes("第三版")), by=world.clerk)
    version = document.versions.get(version=3)
    assert version.digest != version.sha256
    for digest in (version.digest, version.sha256):
        assert "<h2>与档案一致</h2>" in client.get("/verify/", {"sha256": digest}).content.decode()


def test_verification_of_an_uploaded_file_tells_no_name(client, world, address):
    from archives.models import DocumentVersion

    version = DocumentVersion.objects.get(document__title="未公开的图纸")
    text = client.get("/verify/", {"sha256": version.digest}).content.decode()
    assert ("校验一致" in text, "未公开的图纸" in text, world.project.name in text) == (True, False, False)
    assert "没有这个校验值的文件" in client.get("/verify/", {"sha256": "0" * 64}).content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"code": "3F9K"}, "验真码是 12 位字母和数字，您填了 4 位，请对照纸面再看一遍。"),
        ({"sha256": "abc"}, "SHA-256 是 64 位十六进制（0-9、a-f），您填了 3 位，请完整粘贴。"),
    ],
)
def test_what_cannot_be_a_code_gets_a_sentence(client, db, query, sentence):
    response = client.get("/verify/", query)
    assert (response.status_code, sentence in response.content.decode()) == (200, True)
    assert "没有保存" not in response.content.decode(), "nothing was to be saved"
    assert response.content.decode().count("<script") == 1, "only the one that hashes here and sends nothing"
