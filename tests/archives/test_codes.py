"""One project, one code: 22 random letters, reissued and voided with every revision kept; check codes can be read out."""

import pytest

from archives import codewords, qr
from archives.models import QrToken
from archives.services import codes
from projects.errors import DomainError, NotAllowed
from projects.events import fold, verify_chain
from projects.models import Event

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
