"""Personal data (PIPL 6, 14-19, 44-51; NDR 12): each field has a purpose, a term and an end; people are told and asked."""

import csv
import datetime as dt
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from projects import privacy_data, retention, timing
from projects.account_states import ProvisionWay
from projects.crypto import EncryptedTextField
from projects.errors import DomainError, NotAllowed
from projects.models import AccessLog, Consent, Event, Invitation, JobRun, Membership, PersonRequest, Provision, User
from projects.services import privacy, staff
from projects.services.elevation import elevate
from projects.states import Role
from projects.tasks import apply_retention
from tests import factories

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)
PERSONAL = re.compile(r"phone|contact|identity|mobile|email|actor_name|signed_name|rater_|asker_|filed_by_name|username")
#: Columns that look like a person's and are none.
NOT_PERSONAL = {
    ("acceptance.PointCard", "contact"), ("agency.Webhook", "secret"), ("projects.Provision", "recipient_name"),
    ("projects.User", "identity_no"),  # stays empty, as the test below says
}


@pytest.fixture
def clock(db):
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    return kept_actors


def test_every_personal_column_is_listed_with_purpose_basis_and_term():
    listed = {(field.model, field.field) for field in privacy_data.personal_fields()}
    found = set()
    for model in apps.get_models():
        if model._meta.app_label not in {"projects", "archives", "packages", "acceptance", "agency"}:
            continue
        for field in model._meta.local_concrete_fields:
            texts = field.get_internal_type() in {"CharField", "TextField", "EmailField"}
            if isinstance(field, EncryptedTextField) or (texts and PERSONAL.search(field.name)):
                found.add((model._meta.label, field.name))
    assert found - NOT_PERSONAL - listed == set()
    for field in privacy_data.personal_fields():
        assert field.table is not None, field.model
        assert field.table._meta.get_field(field.field)
        assert all((field.name, field.whose, field.purpose, field.basis, field.retention)), field
        assert field.erase in {"blank", "anonymise", "delete", "keep"}
        assert (field.erase == "keep") == bool(field.kept), field.name
        if isinstance(field.table._meta.get_field(field.field), EncryptedTextField):
            assert field.is_masked


def test_the_notice_stands_before_anything_is_collected_and_is_kept_with_its_version(actors):
    page = Client().get(reverse("gaige:privacy")).text
    for field in privacy_data.personal_fields():
        assert field.purpose in page
    assert "您的权利" in page
    join = Client()
    assert reverse("gaige:privacy") in join.get(reverse("gaige:join")).text
    _, code = staff.invite(actors.owner_body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="赵敏")
    given = {"code": code, "step": "open", "username": "zhaomin", "password": "Long-word-11", "again": "Long-word-11"}
    assert join.post(reverse("gaige:join"), given).status_code == 302
    told = Consent.objects.get(user__username="zhaomin")
    assert (told.purpose, told.version, told.words) == ("notice", 2, privacy_data.all_words()["notice"].digest)


def test_the_notice_names_what_is_asked_for_and_a_new_one_is_read_anew(actors, clock):
    """No program fills the number of an identity card, so the notice does not name it as kept; the first one did."""
    root = Path(privacy_data.FOLDER).parents[1]
    code = [path for app in ("projects", "archives", "packages", "acceptance", "agency", "gaige") for path in (root / app).rglob("*.py")]
    naming = {path.name for path in code if "identity_no" in path.read_text(encoding="utf-8")}
    assert naming - {"people.py", "0001_initial.py"} == set()
    assert [field.field for field in privacy_data.personal_fields() if "证件" in field.name] == []
    assert "证件号码、手机加密保存" not in Client().get(reverse("gaige:privacy")).text
    first = Consent.objects.create(user=actors.owner, purpose="notice", version=1, words="sha256:1", given_at=MORNING)
    client = Client()
    client.force_login(actors.owner)
    address = reverse("gaige:consent", args=["notice", 1])
    page = client.get(reverse("gaige:account")).text
    assert ("现行第 2 版，请看后确认" in page, address in page) == (True, True)
    assert [client.post(address).status_code, client.post(address).status_code] == [302, 302]
    assert list(Consent.objects.filter(user=actors.owner, version=1)) == [first]
    assert Consent.objects.filter(user=actors.owner, purpose="notice", version=2).count() == 1
    page = client.get(reverse("gaige:account")).text
    assert ("现行第 2 版" in page, address in page, "<small>第 2 版，" in page) == (False, False, True)


def test_a_consent_is_withdrawn_as_easily_as_it_is_given(actors, clock):
    client = Client()
    client.force_login(actors.owner)
    give, take = (reverse("gaige:consent", args=["sms", agree]) for agree in (1, 0))
    assert [client.post(give).status_code, client.post(give).status_code] == [302, 302]
    assert privacy.agrees(actors.owner, "sms")
    clock.moment += dt.timedelta(hours=1)
    assert [client.post(take).status_code, client.post(take).status_code] == [302, 302]
    assert not privacy.agrees(actors.owner, "sms")
    assert client.get(give).status_code == 405
    row = Consent.objects.get(user=actors.owner)
    assert (row.version, row.given_at, row.withdrawn_at) == (1, MORNING, MORNING + dt.timedelta(hours=1))
    client.post(give)
    assert Consent.objects.filter(user=actors.owner).count() == 2  # the old one stays as it was
    assert privacy.agrees(actors.owner, "sms")
    Consent.objects.standing().filter(user=actors.owner, purpose="sms").update(version=2)
    assert not privacy.agrees(actors.owner, "sms")  # other words than those in force are no consent
    with pytest.raises(DomainError):
        privacy.give(actors.owner, "notice")


def test_a_person_gets_a_copy_and_asks_for_correction(actors, clock):
    User.objects.filter(pk=actors.owner.pk).update(phone="13800001111")
    client = Client()
    client.force_login(actors.owner)
    page = client.get(reverse("gaige:account")).text
    assert ("138******11" in page, "13800001111" in page) == (True, False)
    copy = json.loads(client.get(reverse("gaige:my_data")).content)
    assert {row["项目"]: row["内容"] for row in copy["个人信息"]}["手机"] == ["13800001111"]
    assert copy["任职"][0]["单位"] == actors.owner_body.name
    given = client.get(reverse("gaige:my_data"), {"format": "csv"})
    lines = list(csv.reader(StringIO(given.getvalue().decode("utf-8-sig"))))
    assert (lines[0], lines[1], len(lines)) == (
        ["类别", "序号", "内容"], ["本人", "", str(actors.owner)],
        3 + sum(len(rows) for rows in copy.values() if isinstance(rows, list)),
    )
    assert [line[2].split("；")[:2] for line in lines if "项目：手机" in line[2]] == [
        ["项目：手机", "内容：13800001111"]
    ]
    assert f'{reverse("gaige:my_data")}?format=csv' in page
    printed = StringIO()
    call_command("export_person", "owner", stdout=printed)
    assert json.loads(printed.getvalue())["个人信息"] == copy["个人信息"]
    ask = reverse("gaige:data_request")
    assert client.post(ask, {"kind": "correct"}).status_code == 409
    assert client.post(ask, {"kind": "correct", "text": "姓名应为郭建国"}).status_code == 302
    assert client.post(ask, {"kind": "correct", "text": "再问"}).status_code == 302
    asked = PersonRequest.objects.get()
    assert (asked.text, asked.due_on) == ("姓名应为郭建国", dt.date(2026, 11, 23))
    security = factories.person("security", "安工", Role.SECURITY, actors.centre)
    with pytest.raises(NotAllowed):
        privacy.answer(asked.pk, state="refused", text="姓名与证件一致", by=security)
    elevate(by=security, reason="答复个人信息请求", minutes=30)
    desk = Client()
    desk.force_login(security)
    address = reverse("gaige:data_answer", args=[asked.pk])
    assert "姓名应为郭建国" in desk.get(reverse("gaige:security")).text
    assert desk.post(address, {"state": "refused", "text": ""}).status_code == 409
    assert desk.post(address, {"state": "refused", "text": "姓名与证件一致，不用更正"}).status_code == 302
    assert "姓名与证件一致，不用更正" in client.get(reverse("gaige:account")).text


def test_erasing_says_what_the_law_keeps(actors, clock):
    factories.make_project(actors)
    _, code = staff.invite(
        actors.owner_body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="赵敏", contact="13800002222"
    )
    user = staff.open_account(code, username="zhaomin", password="Long-word-11")
    asked = privacy.ask(user, "erase")
    with pytest.raises(CommandError, match="还在任职"):
        call_command("erase_person", "zhaomin", reason="本人申请")
    staff.end_membership(Membership.objects.get(user=user).pk, by=actors.owner, reason="离职")
    printed = StringIO()
    call_command("erase_person", "zhaomin", reason="本人申请", request=asked.pk, stdout=printed)
    lines = printed.getvalue().splitlines()
    assert "用户名：已删除 1 处" in lines
    assert "手机：已删除 1 处" in lines
    assert "经手人姓名：保留 2 处，办理留痕不得修改删除" in lines  # joined, asked
    user.refresh_from_db()
    assert (user.username, user.phone, user.is_active, user.has_usable_password()) == (
        f"已注销{user.pk}", "", False, False
    )
    assert Invitation.objects.get(accepted_by=user).contact == ""
    asked.refresh_from_db()
    assert (asked.state, "办理留痕不得修改删除" in asked.answer) == ("partly", True)
    told = Event.objects.get(kind="account.erased")
    assert (told.actor_name, "赵敏" in told.summary) == ("系统", False)


def test_what_was_kept_long_enough_goes_every_night(actors, clock, settings):
    settings.RETENTION_DAYS = {"reads": 10, "runs": 500}  # the least is 180
    for days in (0, 179, 181):
        AccessLog.objects.create(
            user=actors.clerk, subject_type="x", subject_key=str(days), subject_label="文件", action="view",
            read_at=MORNING - dt.timedelta(days=days),
        )
    invitation, _ = staff.invite(
        actors.owner_body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="赵敏", contact="13800002222"
    )
    same = {"what": "表", "purpose": "共享", "basis": "共享办法", "way": ProvisionWay.EXCHANGE, "recipient_name": "省厅"}
    old = privacy.note_provision(**same, subject=("x", "1"))
    assert privacy.note_provision(**same, subject=("x", "1")).pk == old.pk
    Provision.objects.update(provided_at=MORNING - dt.timedelta(days=1094))
    assert apply_retention() == 1
    assert set(AccessLog.objects.filter(subject_type="x").values_list("subject_key", flat=True)) == {"0", "179"}
    clock.moment += dt.timedelta(days=38)
    retention.apply()
    invitation.refresh_from_db()
    assert (invitation.contact, invitation.name, Provision.objects.count()) == ("", "赵敏", 1)
    run = JobRun.objects.filter(job="apply_retention").get()
    assert (run.touched, run.errors, run.note) == (1, 0, "reads 1")


def test_records_of_impact_and_incidents_are_written_by_the_security_administrator(actors):
    security = factories.person("security", "安工", Role.SECURITY, actors.centre)
    client = Client()
    client.force_login(security)
    given = {
        "kind": "incident", "title": "误发清单", "happened_on": "2026-11-01", "text": "清单发错群", "risk": "三人手机",
        "measures": "撤回并告知", "told": "已告知本人",
    }
    address = reverse("gaige:security_records")
    assert client.post(address, given).status_code == 403
    elevate(by=security, reason="记录安全事件", minutes=30)
    assert client.post(address, {**given, "risk": ""}).status_code == 409
    assert client.post(address, given).status_code == 302
    assert "误发清单" in client.get(address).text
