"""A paper is a row first and a PDF second: numbered without a gap, frozen, rendered once, searchable, verifiable."""

import datetime as dt
import hashlib
import io
import re
import subprocess

import pytest
import zxingcpp
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from PIL import Image
from pypdf import PdfReader

from archives import blobs, papering, pdfa, tasks
from archives.models import Document, DocumentVersion, Paper
from archives.services import codes, papers
from projects import outbox, timing
from projects.errors import DomainError
from projects.events import fold, verify_chain
from projects.models import Event, JobRun, Organisation, Project, Region

pytestmark = pytest.mark.django_db


def text_of(data, tmp_path, name="paper.pdf"):
    path = tmp_path / name
    path.write_bytes(data)
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout


def pictures_of(data, tmp_path, dpi=150):
    (tmp_path / "p.pdf").write_bytes(data)
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", tmp_path / "p.pdf", tmp_path / "p"], check=True)
    return sorted(tmp_path.glob("p*.png"))


def test_a_paper_is_numbered_frozen_filed_and_told_at_once(world, issue):
    with timing.travel(dt.datetime(2027, 11, 9, 10, 0)) as clock:
        paper = issue()
    assert (paper.number, paper.series, paper.year, paper.serial, paper.state) == (
        "〔2027〕高审受字第000001号", "高审受", 2027, 1, "valid"
    )
    assert paper.content["frozen"] == {
        "issuer": "高平市行政审批服务管理局", "handler": "王敏", "project": "年产12万吨精密铸件智能工厂",
        "code": "2603-140581-89-05-163265",
    }
    assert (paper.document.title, paper.document.doc_class, paper.document.versions.count()) == (
        "受理通知书 〔2027〕高审受字第000001号", "P", 0
    )
    assert paper.issued_at == clock.moment
    event = Event.objects.filter(project=world.project).latest("pk")
    assert (event.kind, event.summary, event.subject_key) == (
        "paper.issued", "出具受理通知书 〔2027〕高审受字第000001号", str(paper.pk)
    )
    assert event.data["sha256"] == papering.content_digest(Paper.objects.get(pk=paper.pk))


def test_numbers_have_no_gap_after_a_rollback(world, issue):
    first = issue()
    with pytest.raises(IntegrityError), transaction.atomic():
        issue()
        raise IntegrityError
    other = issue(series="收", kind="receipt", title="材料回执")
    second = issue()
    assert [paper.serial for paper in (first, second, other)] == [1, 2, 1]


@pytest.mark.parametrize(("name", "short", "kind", "code", "region", "word"), [
    ("行政审批局", "", "bureau", "approval-bureau", "高平市", "高审"),
    ("晋城市行政审批服务管理局", "市行政审批局", "bureau", "", "晋城市", "晋审"),
    ("晋城经济技术开发区管理委员会", "开发区管委会审批中心", "committee", "", "晋城经济技术开发区", "晋开发区审"),
    ("开发区管委会", "", "committee", "devzone", "", "高开发区"), ("住建局", "", "department", "housing", "", "高住建"),
    ("晋城市住房和城乡建设局", "住建局", "department", "", "晋城市", "晋住建"),
])
def test_every_body_that_issues_has_a_word_of_its_own(name, short, kind, code, region, word):
    place = Region(code="140500", name=region) if region else None
    assert papers.issuer_word(Organisation(name=name, short_name=short, kind=kind, code=code, region=place)) == word


def test_two_bodies_count_each_for_itself_without_a_gap(world, issue):
    zone = Organisation.objects.create(
        name="晋城经济技术开发区管理委员会", short_name="开发区管委会审批中心", kind="committee",
        region=Region.objects.create(code="140571", name="晋城经济技术开发区"),
    )
    given = [issue(issuer=body).number[6:] for body in (zone, world.centre, zone, zone, world.centre)]
    assert given == [
        "晋开发区审受字第000001号", "高审受字第000001号", "晋开发区审受字第000002号", "晋开发区审受字第000003号", "高审受字第000002号",
    ]


def test_the_number_belongs_to_the_year_in_which_it_was_issued(world, issue):
    with timing.travel(dt.datetime(2027, 1, 2, 9, 0)):
        assert issue(at=timing.as_moment(dt.datetime(2026, 12, 31, 16, 0))).year == 2026


def test_rendering_attaches_the_pdf_once(world, issue, tmp_path):
    paper = issue()
    assert papers.render(paper.pk) is True
    paper.refresh_from_db()
    version = paper.document.versions.get()
    assert (paper.digest, paper.size, paper.storage_key) == (version.digest, version.size, version.storage_key)
    assert (version.media_type, version.file_name) == ("application/pdf", "受理通知书〔2026〕高审受字第000001号.pdf".replace("2026", str(paper.year)))
    _, file = papers.open_pdf(paper.pk)
    with file:
        data = file.read()
    assert hashlib.sha256(data).hexdigest() == paper.digest
    assert papers.render(paper.pk) is False
    assert tasks.render_paper(paper.pk) is False
    assert DocumentVersion.objects.count() == 1
    assert Event.objects.filter(kind="paper.rendered").count() == 1
    assert fold(world.project)["archives.Paper", str(paper.pk), "state"] == "valid"
    assert verify_chain(f"project:{world.project.pk}") is None


@pytest.mark.slow
def test_what_a_hand_over_waits_for_is_made_first_and_each_call_makes_one(world, issue):
    first, second = issue(), issue()
    Project.objects.filter(pk=world.project.pk).update(stage="delivered")
    Paper.objects.filter(pk=first.pk).update(project=None)
    third = issue()

    def missing():
        return list(papers.unrendered().values_list("pk", flat=True))

    assert (tasks.render_paper(first.pk), missing()) == (True, [first.pk, third.pk])
    assert (tasks.render_paper(second.pk), missing()) == (True, [first.pk])
    assert (tasks.render_paper(third.pk), missing(), tasks.render_paper(third.pk)) == (True, [], False)


def test_the_pdf_is_one_page_searchable_and_archival(world, issue, tmp_path):
    paper = issue()
    data = papering.pdf_of(paper)
    text = text_of(data, tmp_path)
    for words in (
        "受理通知书", paper.number, "什么时候", "3 个工作日。", "符合法定形式，予以受理。", "依据：《行政许可法》第三十二条。",
        "报建总表", "（印章位置）", "高平市行政审批服务管理局", papering.codewords.grouped(paper.verify_code),
    ):
        assert words.replace(" ", "") in text.replace(" ", "").replace("\n", ""), words
    info = subprocess.run(["pdfinfo", tmp_path / "paper.pdf"], check=True, capture_output=True, text=True).stdout
    assert "Pages:           1" in info
    assert "(A4)" in info
    metadata = PdfReader(tmp_path / "paper.pdf").trailer["/Root"]["/Metadata"].get_data().decode()
    assert 'pdfaid:part="2" pdfaid:conformance="U"' in metadata
    assert pdfa.faults_of(io.BytesIO(data)) == []


def test_the_qr_of_the_strip_leads_to_verification(world, issue, tmp_path):
    paper = issue()
    picture = pictures_of(papering.pdf_of(paper), tmp_path, dpi=72)[0]
    with Image.open(picture) as image:
        found = [result.text for result in zxingcpp.read_barcodes(image)]
    assert found == [papering.verify_address(paper.verify_code)]


def test_the_foot_of_a_paper_keeps_to_the_paper_whatever_the_address_of_the_portal(world, issue, tmp_path, settings):
    settings.SITE_URL = "https://engineering-approvals.gaoping.jincheng.gov.cn"
    file = tmp_path / "long.pdf"
    file.write_bytes(papering.pdf_of(issue()))
    boxes = subprocess.run(["pdftotext", "-bbox", file, "-"], check=True, capture_output=True, text=True).stdout
    ends = [float(end) for end in re.findall(r'<word [^>]*xMax="([\d.]+)"', boxes)]
    assert settings.SITE_URL in "".join(re.findall(r">([^<]+)</word>", boxes))
    assert max(ends) <= (210 - 26) * 72 / 25.4 + 1  # the right edge of the text, in points


def test_the_qr_of_the_card_opens_the_public_page(world, tmp_path, client):
    token = codes.issue_token(world.project.pk, by=world.clerk)
    _, file = papers.open_pdf(token.paper_id)
    with file:
        picture = pictures_of(file.read(), tmp_path)[0]
    with Image.open(picture) as image:
        found = {result.text for result in zxingcpp.read_barcodes(image)}
    assert found == {f"http://testserver/q/{token.token}/"}
    page = client.get(found.pop().removeprefix("http://testserver"))
    assert (page.status_code, world.project.name in page.content.decode()) == (200, True)


@pytest.mark.parametrize("kind", ["receipt", "certificate", "site_list", "conclusion", "review_opinion", "refusal", "bulletin"])
def test_every_kind_of_paper_renders(world, issue, kind, tmp_path):
    paper = issue(kind=kind, title="文书标题", is_public=kind == "certificate", valid_until=dt.date(2028, 1, 31))
    data = papering.pdf_of(paper)
    assert ("文书标题" in text_of(data, tmp_path), pdfa.faults_of(io.BytesIO(data))) == (True, [])


class Killed(BaseException):
    """The worker is gone."""


@pytest.mark.parametrize("point", ["after the claim", "after the bytes", "before the mark"])
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(world, issue, monkeypatch, point):
    paper = issue()

    def die(*_, **__):
        raise Killed

    place = {
        "after the claim": (papering, "pdf_of"), "after the bytes": (papers, "_attach"), "before the mark": (papers, "record"),
    }[point]
    with monkeypatch.context() as patched, timing.travel(timing.now()) as clock:
        patched.setattr(*place, die)
        with pytest.raises(Killed):
            papers.render(paper.pk)
        assert papers.render(paper.pk) is False, "the claim still holds"
        clock.by(seconds=settings.RENDER_STALE_SECONDS + 1)
        patched.undo()
        assert tasks.render_pending() == 1
        assert tasks.render_pending() == 0
    paper.refresh_from_db()
    assert paper.rendered_at is not None
    assert [paper.document.versions.count(), Event.objects.filter(kind="paper.rendered").count()] == [1, 1]
    assert JobRun.objects.filter(job="render_pending").count() == 1
    with blobs.open_checked(paper.storage_key, paper.digest) as file:
        assert file.read(5) == b"%PDF-"


def test_a_second_worker_that_was_slow_attaches_nothing(world, issue):
    paper = issue()
    papers.render(paper.pk)
    assert papers._attach(paper.pk, blobs.put([b"%PDF- another"])) is False
    assert paper.document.versions.count() == 1


def test_who_asks_while_a_worker_is_at_it_gets_a_sentence(world, issue, monkeypatch):
    paper = issue()
    Paper.objects.filter(pk=paper.pk).update(claimed_at=timing.now())
    monkeypatch.setattr(papers, "PATIENCE", 0.0)
    with pytest.raises(DomainError) as caught:
        papers.open_pdf(paper.pk)
    assert caught.value.code == "paper_rendering"


def test_the_outbox_gives_a_registered_project_its_code_and_wakes_the_renderer(world):
    outbox.drain_all()
    token = world.project.qr_tokens.get()
    assert (len(token.token), len(token.check_code), token.revision, token.issued_by) == (22, 6, 1, world.clerk)
    outbox.drain_all()
    assert world.project.qr_tokens.count() == 1
    assert list(papers.unrendered()) == [token.paper]


def test_replacing_and_revoking_leave_both_papers(world, issue):
    old, new = issue(), issue()
    papers.replace_paper(old, new=new, by=world.clerk, reason="更正日期")
    papers.replace_paper(old, new=new, by=world.clerk, reason="更正日期")
    old.refresh_from_db()
    assert (old.state, old.document.replaced_by) == ("replaced", new.document)
    with pytest.raises(DomainError) as caught:
        papers.revoke_paper(old, by=world.clerk, reason="错发")
    assert caught.value.message == f"{old.number} 已是“已换发”，不能再撤销。"
    papers.revoke_paper(new, by=world.clerk, reason="错发")
    states = fold(world.project)
    assert [states["archives.Paper", str(paper.pk), "state"] for paper in (old, new)] == ["replaced", "revoked"]
    assert Event.objects.filter(kind="paper.replaced").count() == 1


def test_a_paper_without_a_project_has_a_pdf_too(world):
    with transaction.atomic():
        paper = papers.issue_paper(
            None, kind="bulletin", series="通", title="月度通报", issuer=world.centre, content={"paragraphs": ["甲"]},
            subject=world.centre, by=world.director,
        )
    assert papers.render(paper.pk) is True
    paper.refresh_from_db()
    assert (paper.document, default_storage.exists(paper.storage_key)) == (None, True)
    assert Document.objects.filter(paper=paper).count() == 0
    assert Paper.objects.visible_to(world.director).get() == paper
    assert list(Paper.objects.visible_to(world.owner)) == []


@pytest.mark.postgresql
def test_two_workers_at_once_make_one_pdf(at_once, request):
    world = request.getfixturevalue("world")
    issue = request.getfixturevalue("issue")
    paper = issue()
    outcomes = at_once(lambda: papers.render(paper.pk), lambda: papers.render(paper.pk))
    assert sorted(outcomes) == [False, True]
    assert DocumentVersion.objects.filter(document__project=world.project, document=paper.document).count() == 1
