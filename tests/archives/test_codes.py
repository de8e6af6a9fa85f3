"""One project, one code: 22 random letters, reissued and voided with every revision kept; check codes can be read out."""

import datetime as dt
import io
import re
import subprocess

import pytest
import zxingcpp
from PIL import Image

from archives import codewords, errands, pdfa, qr, scanning
from archives.models import QrToken, Scan
from archives.scanning import Errand
from archives.services import codes, scans
from projects import panels, timing
from projects.errors import DomainError, NotAllowed
from projects.events import fold, verify_chain
from projects.models import Event
from projects.panels import PublicFact

pytestmark = pytest.mark.django_db


def test_a_project_gets_one_code_with_a_numbered_card(world):
    token = codes.issue_token(world.project.pk, by=world.clerk)
    again = codes.issue_token(world.project.pk, by=world.owner)
    assert again.pk == token.pk
    assert (len(token.token), token.revision, token.state, token.paper.kind) == (22, 1, "active", "project_card")
    assert token.paper.number.endswith("高审码字第000001号")
    assert token.paper.content["card"]["url"] == f"http://testserver/q/{token.token}/"
    assert set(token.check_code) <= set(codewords.ALPHABET)
    kinds = list(Event.objects.filter(project=world.project).order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["paper.issued", "code.issued"]


def test_changing_the_code_keeps_the_old_one_out_of_use(world):
    old = codes.issue_token(world.project.pk, by=world.clerk)
    new = codes.reissue_token(world.project.pk, by=world.clerk, reason="标牌损坏")
    old.refresh_from_db()
    assert [(old.state, old.revision), (new.state, new.revision)] == [("replaced", 1), ("active", 2)]
    assert old.token != new.token
    old.paper.refresh_from_db()
    assert (old.paper.state, old.paper.document.replaced_by) == ("replaced", new.paper.document)
    states = fold(world.project)
    assert states["archives.QrToken", str(old.pk), "state"] == "replaced"
    assert states["archives.QrToken", str(new.pk), "state"] == "active"
    assert verify_chain(f"project:{world.project.pk}") is None


def test_a_void_code_can_be_followed_by_a_new_one(world):
    old = codes.issue_token(world.project.pk, by=world.clerk)
    assert codes.void_token(world.project.pk, by=world.archivist, reason="被冒用").pk == old.pk
    assert codes.void_token(world.project.pk, by=world.archivist, reason="被冒用") is None
    old.paper.refresh_from_db()
    assert old.paper.state == "revoked"
    assert codes.reissue_token(world.project.pk, by=world.clerk, reason="重新启用").revision == 2
    assert QrToken.objects.filter(project=world.project).count() == 2


def test_who_may_change_a_code_and_why_not(world):
    codes.issue_token(world.project.pk, by=world.clerk)
    with pytest.raises(NotAllowed) as caught:
        codes.reissue_token(world.project.pk, by=world.owner, reason="想换")
    assert caught.value.message == "换码由审批服务中心的窗口人员、档案管理员或代办调度办理，请到窗口提出。"
    with pytest.raises(DomainError) as caught:
        codes.reissue_token(world.project.pk, by=world.clerk, reason="  ")
    assert caught.value.message == "换码需要写明原因，例如：标牌损坏、码被冒用。"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("3f9k-q2t7-hm4c", "3F9KQ2T7HM4C"), ("３Ｆ９Ｋ Ｑ２Ｔ７ ＨＭ４Ｃ", "3F9KQ2T7HM4C"), (" 3F9K–Q2T7—HM4C ", "3F9KQ2T7HM4C"), ("", ""),
    ],
)
def test_a_typed_code_is_mended(typed, kept):
    assert codewords.plain(typed) == kept


def test_the_alphabet_has_no_letters_that_look_alike():
    assert not set("01OILU") & set(codewords.ALPHABET)
    assert codewords.grouped("3F9KQ2T7HM4C") == "3F9K-Q2T7-HM4C"


def test_the_picture_is_one_path_with_its_quiet_zone():
    picture = qr.svg("http://testserver/q/x/", level="Q", label='a"<b>')
    assert picture.count("<path") == 2
    assert "style" not in picture
    assert "&quot;&lt;b&gt;" in picture
    assert qr.svg("x", level="Q") != qr.svg("x", level="M") or len(qr.matrix("x")) == 21


@pytest.mark.slow
@pytest.mark.parametrize("form", ["fence", "sheet", "sticker"])
def test_every_printed_form_is_read_from_paper_at_72_dots(client, world, form, tmp_path):
    token = codes.issue_token(world.project.pk, by=world.clerk)
    client.force_login(world.owner)
    response = client.get(f"/projects/{world.project.pk}/card/pdf/{form}/")
    assert (response["Content-Type"], response["Cache-Control"]) == ("application/pdf", "private, no-store")
    assert pdfa.faults_of(io.BytesIO(response.content)) == []
    (tmp_path / "a.pdf").write_bytes(response.content)
    subprocess.run(["pdftoppm", "-r", "72", "-png", tmp_path / "a.pdf", tmp_path / "a"], check=True)
    [page] = tmp_path.glob("a*.png")
    with Image.open(page) as image:
        found = [result.text for result in zxingcpp.read_barcodes(image)]
    assert set(found) == {codes.address_of(token.token)}
    assert len(found) == {"fence": 1, "sheet": 1, "sticker": 14}[form]
    assert client.get(f"/projects/{world.project.pk}/card/pdf/poster/").status_code == 404


def test_who_scans_arrives_at_the_own_work(client, world, monkeypatch):
    token = codes.issue_token(world.project.pk, by=world.clerk)
    work = [Errand("审查", "/reviews/7/", rank=2), Errand("受理", "/cases/9/"), Errand("审查", "/reviews/7/")]
    clerks = {world.clerk.pk: work}
    monkeypatch.setattr(scanning, "_providers", {
        "test": lambda _, user: clerks.get(user.pk, []), "archives.keeping": errands.of_archive,
    })
    url, archive = f"/q/{token.token}/", f"/projects/{world.project.pk}/archive/"

    def arrives(person):
        client.force_login(person)
        response = client.get(url)
        return response.headers.get("Location", response.status_code)

    people = {"clerk": world.clerk, "archivist": world.archivist, "owner": world.owner, "director": world.director}
    assert {name: arrives(person) for name, person in people.items()} == {
        "clerk": "/cases/9/", "archivist": archive, "owner": 200, "director": 200
    }
    client.force_login(world.clerk)
    text = client.get(url, {"stay": ""}).content.decode()
    assert [text.count(place) for place in ("/reviews/7/", "/cases/9/")] == [1, 1]


def test_scans_are_counted_by_view_without_a_person(client, world):
    scans.flush()  # what other tests left
    token = codes.issue_token(world.project.pk, by=world.clerk)
    for person in (None, None, world.owner, world.director, world.outsider):
        client.logout()
        if person is not None:
            client.force_login(person)
        assert client.get(f"/q/{token.token}/").status_code == 200
    scans.flush()
    counts = scans.counts_of(world.project, since=timing.now() - dt.timedelta(days=1))
    assert {count.view: count.count for count in counts} == {"公众": 3, "建设方": 1, "审批侧": 1}
    assert {field.name for field in Scan._meta.get_fields()} == {"id", "token", "view", "at"}
    client.force_login(world.clerk)
    page = client.get(f"/projects/{world.project.pk}/card/").content.decode()
    assert ("<b>3</b> 次" in page, "不记人、地址和设备" in page) == (True, True)


def test_the_first_screen_answers_what_everybody_asks(client, world, monkeypatch):
    token = codes.issue_token(world.project.pk, by=world.clerk)
    monkeypatch.setitem(panels._public, "test", lambda _: [PublicFact(panels.WHEN, "开工", "预计 2027年5月21日前后")])
    text = client.get(f"/q/{token.token}/").content.decode()
    answers = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]*)</dd>", text.split("走到哪里")[0]))
    assert list(answers)[:4] == ["到哪一步", "在等谁", "下一步", "大概何时"]
    assert (answers["到哪一步"].startswith("谋划准备阶段"), answers["大概何时"]) == (True, "开工预计 2027年5月21日前后")
