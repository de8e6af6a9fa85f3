"""Own telephone and e-mail (PIPL 14, 46): the person enters them, proves it with the password, and nothing else tells them."""

import datetime as dt
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.expressions import RawSQL
from django.test import Client
from django.urls import reverse

from projects import contacts, timing
from projects.crypto import decrypt
from projects.errors import DomainError, NotAllowed
from projects.models import AccessLog, Consent, Event, User
from projects.services import accounts
from tests import factories

MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)
MOBILE, EMAIL = "13800001111", "guo@example.cn"
ASKED = {"phone": MOBILE, "email": EMAIL, "password": factories.PASSWORD}


@pytest.fixture
def owner(kept_actors):
    with timing.travel(MORNING):
        yield kept_actors.owner


@pytest.fixture
def client(owner):
    client = Client()
    client.force_login(owner)
    return client


def kept(user):
    """What the row holds: the telephone as the program reads it, and the e-mail."""
    return User.objects.values_list("phone", "email").get(pk=user.pk)


def told():
    return list(Event.objects.filter(kind="account.contacts_changed").order_by("pk").values_list("summary", "data"))


def change(user, **given):
    return accounts.change_contacts(user.pk, by=user, **{"password": factories.PASSWORD, **given})


@pytest.mark.parametrize(("typed", "stored"), [
    ("13800001111", MOBILE), ("１３８ ００００－１１１１", MOBILE), ("+86 138-0000-1111", MOBILE), ("8613800001111", MOBILE),
    ("008613800001111", MOBILE), ("0356-5222345", "0356-5222345"), ("（0356）5222345", "0356-5222345"),
    ("03515222345", "0351-5222345"), ("01062223456", "010-62223456"), ("０２１－６２２２３４５６", "021-62223456"), ("  ", ""),
])
def test_numbers_of_the_mainland_are_mended(typed, stored):
    assert contacts.clean_phone(typed) == stored


@pytest.mark.parametrize("typed", [
    "1380000111", "138000011112", "12800001111", "5222345", "0356-1222345", "010-6222345", "0056-5222345", "+1 2025550100",
    "guo@example.cn", "٠١٢٣٤٥٦٧٨٩",
])
def test_other_numbers_are_refused(typed):
    with pytest.raises(ValidationError, match="电话不对：手机是 1 开头的 11 位数字"):
        contacts.clean_phone(typed)


def test_addresses_are_mended_and_checked():
    mended = [contacts.clean_email(text) for text in (" Guo@EXAMPLE.cn ", "ｇｕｏ＠example.cn", "")]
    assert mended == ["Guo@example.cn", EMAIL, ""]
    for wrong in ("guo", "guo@", "@example.cn", "guo@example", "guo@localhost", "guo wei@example.cn", "guo@a.cn,b@a.cn"):
        with pytest.raises(ValidationError, match="邮箱的格式不对"):
            contacts.clean_email(wrong)
    with pytest.raises(ValidationError, match="邮箱太长"):
        contacts.clean_email("g" * 250 + "@a.cn")


@pytest.mark.django_db
def test_contacts_are_stored_encrypted_told_without_values_and_once(owner):
    assert change(owner, phone="１３８００００１１１１", email=EMAIL) == ["电话", "邮箱"]
    assert change(owner, phone=MOBILE, email=EMAIL) == []
    assert kept(owner) == (MOBILE, EMAIL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, email FROM projects_user WHERE id = %s", [owner.pk])
        stored = cursor.fetchone()
    assert [decrypt(text) for text in stored] == [MOBILE, EMAIL]
    assert not any(value in "".join(stored) for value in (MOBILE, EMAIL))
    data = {"user": owner.pk, "changed": ["phone", "email"]}
    assert told() == [(f"更改联系方式：{owner}，电话、邮箱", data)]
    assert list(Consent.objects.filter(user=owner).values_list("purpose", "version")) == [("notice", 2)]
    assert (change(owner, email=""), kept(owner)) == (["邮箱"], (MOBILE, ""))
    assert told()[1:] == [(f"更改联系方式：{owner}，邮箱", {**data, "changed": ["email"]})]


@pytest.mark.django_db
def test_an_e_mail_of_before_is_carried_over_and_encrypted_once(owner):
    step, editor = import_module("projects.migrations.0008_email_encrypted"), SimpleNamespace(connection=connection)

    def stored():
        with connection.cursor() as cursor:
            cursor.execute("SELECT email FROM projects_user WHERE id = %s", [owner.pk])
            return cursor.fetchone()[0]

    User.objects.filter(pk=owner.pk).update(email=RawSQL("%s", [EMAIL]))
    assert stored() == EMAIL
    step.up(None, editor)
    once = stored()
    step.up(None, editor)
    assert (EMAIL in once, stored() == once, kept(owner)[1]) == (False, True, EMAIL)
    step.down(None, editor)
    assert stored() == EMAIL


@pytest.mark.django_db
@pytest.mark.parametrize(("given", "code"), [
    ({"phone": MOBILE, "password": "no"}, "password_wrong"), ({"phone": "5222345"}, "phone_wrong"),
    ({"phone": MOBILE, "email": "guo"}, "email_wrong"),
])
def test_what_is_wrong_changes_nothing(owner, given, code):
    before = kept(owner)
    with pytest.raises(DomainError) as refused:
        change(owner, **given)
    assert (refused.value.code, kept(owner), told()) == (code, before, [])


@pytest.mark.django_db
def test_nobody_enters_them_for_another_person(owner, kept_actors):
    before = kept(owner)
    with pytest.raises(NotAllowed, match="联系方式只能由本人登记和更改。"):
        accounts.change_contacts(owner.pk, by=kept_actors.clerk, password=factories.PASSWORD, phone=MOBILE)
    other = Client()
    other.force_login(kept_actors.clerk)
    named = {**ASKED, "user": owner.pk, "user_id": owner.pk, "pk": owner.pk}
    assert other.post(reverse("gaige:contacts"), named).status_code == 302
    assert (kept(owner), kept(kept_actors.clerk)) == (before, (MOBILE, EMAIL))


@pytest.mark.django_db
def test_the_page_enters_shows_masked_and_deletes(client, owner):
    User.objects.filter(pk=owner.pk).update(phone="", email="")
    address, settings_page = reverse("gaige:contacts"), reverse("agency:message_settings")
    leads = f'<a href="{address}?next={settings_page}">去登记<span class="vh">收电子邮件的地方</span></a>'
    first = client.get(settings_page).text
    assert (first.count(leads), "督办单" in first, "企业微信" in first) == (1, False, False)  # an enterprise gets neither
    assert "电话 没有登记，邮箱 没有登记" in client.get(reverse("gaige:account")).text
    assert "还没有登记。" in client.get(address).text
    assert client.post(address, {**ASKED, "next": settings_page})["Location"] == settings_page
    assert kept(owner) == (MOBILE, EMAIL)
    page, own, places = (client.get(one).text for one in (address, reverse("gaige:account"), settings_page))
    assert ("138******11" in page, "g***@example.cn" in page, "电话 138******11，邮箱 g***@example.cn" in own) == (True,) * 3
    assert [text in shown for text in (MOBILE, EMAIL) for shown in (page, own, places)] == [False] * 6
    assert (leads in places, "已更新电话、邮箱。" in page) == (False, True)
    client.post(address, {**ASKED, "next": "https://example.com/"})
    assert "与登记的一样，没有变动。" in client.get(address).text
    gone = client.post(address, {"drop": ["phone"], "password": factories.PASSWORD, "next": "https://example.com/"})
    assert (gone["Location"], kept(owner)) == ("/account/#data", ("", EMAIL))
    assert [data["changed"] for _, data in told()] == [["phone", "email"], ["phone"]]


@pytest.mark.django_db
@pytest.mark.parametrize(("given", "words"), [
    ({"phone": "5222345"}, "电话不对：手机是 1 开头的 11 位数字"), ({"email": "guo"}, "邮箱的格式不对，请核对"),
    ({"password": ""}, "请填写登录密码。"), ({"password": "no"}, "密码不对，请核对大小写后再试。"),
    ({"phone": "", "email": ""}, "没有要改的内容，请填写电话或邮箱。"), ({"drop": ["phone"]}, "填了新的就不用勾选删除，请留一样。"),
    ({"drop": ["is_superuser"]}, "选的这一项不在可选范围里，请刷新页面后重新选择。"),
])
def test_the_page_says_what_is_wrong_and_keeps_what_was(client, owner, given, words):
    User.objects.filter(pk=owner.pk).update(phone="0356-5222345", email="")
    page = client.post(reverse("gaige:contacts"), {**ASKED, **given})
    assert (page.status_code, words in page.text, kept(owner), told()) == (409, True, ("0356-5222345", ""), [])
    assert factories.PASSWORD not in page.text


@pytest.mark.django_db
def test_the_password_cannot_be_tried_out_here(client, owner, settings):
    before, address = kept(owner), reverse("gaige:contacts")
    for _ in range(settings.LOGIN_TRIES):
        assert "密码不对" in client.post(address, {**ASKED, "password": "no"}).text
    page = client.post(address, ASKED)
    assert (page.status_code, f"连续 {settings.LOGIN_TRIES} 次不对" in page.text, kept(owner)) == (409, True, before)
    locked = AccessLog.objects.get(action="locked")
    assert (locked.user, locked.subject_label) == (owner, "改联系方式时核对密码锁定　127.0.0.1")
