"""Accounts (§18; GB/T 22239 level 3): a second factor, sessions that end, passwords with a policy, three administrators."""

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from projects import account_rules, timing
from projects.access import access_of
from projects.errors import DomainError, NotAllowed
from projects.models import AccessLog, Elevation, Event, SecondFactor, SignIn, User
from projects.services import accounts, second_factor, sessions, staff
from projects.services.elevation import elevate, step_down
from projects.states import ADMIN_ROLES, Role
from tests import factories

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)
NEW = "Another-long-word-12"


@pytest.fixture
def clock(db):
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    return kept_actors


@pytest.fixture
def admins(actors):
    """The three administrators by role."""
    return {role: factories.person(str(role), f"管理员{role}", role, actors.centre) for role in ADMIN_ROLES}


def fresh(user):
    return User.objects.get(pk=user.pk)


def code_of(user, *, steps=0):
    secret = base64.b32decode(SecondFactor.objects.get(user=user).secret)
    moment = int(timing.now().timestamp()) + steps * 30
    return TOTP(secret, 6, SHA1(), 30).generate(moment).decode()


def sign_in(client, user, password=factories.PASSWORD, **more):
    return client.post("/login/", {"username": user.username, "password": password, **more})


def enrolled(user):
    """Bind an authenticator; return the recovery codes."""
    second_factor.begin(user)
    return second_factor.confirm(user, code_of(user))


def refused(code, act):
    with pytest.raises(DomainError) as error:
        act()
    assert error.value.code == code
    return error.value.message


def told(body, kind):
    rows = Event.objects.filter(chain=f"organisation:{body.pk}", kind__startswith=kind).order_by("seq")
    return list(rows.values_list("kind", "actor_name", "summary"))


# Signing in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["/logout/", "/login/", "/login/?next=/logout/", "/login/code/", "/nothing-here/"])
def test_signing_in_never_leads_to_signing_out(actors, given):
    client = Client()
    assert sign_in(client, actors.clerk, next=given)["Location"] == "/desk/"
    assert client.get("/login/", {"next": given})["Location"] == "/desk/"
    assert client.get("/desk/").status_code == 200


def test_a_code_works_once_and_a_recovery_code_once(actors, clock):
    clerk = actors.clerk
    codes = enrolled(clerk)
    assert (len(codes), len({code.replace("-", "") for code in codes})) == (8, 8)
    kept = str(SecondFactor.objects.values().get(user=clerk))
    assert not any(code.replace("-", "") in kept for code in codes)
    client = Client()
    assert sign_in(client, clerk, next="/projects/")["Location"] == "/login/code/"
    assert client.get("/desk/").status_code == 302  # a password alone opens nothing
    used = code_of(clerk)
    assert client.post("/login/code/", {"code": used}).status_code == 400  # confirmed the factor: spent
    clock.moment += dt.timedelta(seconds=30)
    right = code_of(clerk)
    mangled = f" {right[:3]} {right[3:]} ".translate({ord(str(n)): chr(ord("０") + n) for n in range(10)})
    assert client.post("/login/code/", {"code": mangled})["Location"] == "/projects/"
    assert client.get("/desk/").status_code == 200
    second = Client()
    sign_in(second, clerk)
    assert second.post("/login/code/", {"code": right}).status_code == 400
    assert second.post("/login/code/", {"code": codes[0].lower()}).status_code == 302
    third = Client()
    sign_in(third, clerk)
    assert third.post("/login/code/", {"code": codes[0]}).status_code == 400
    assert told(actors.centre, "account.") == [
        ("account.factor_on", "王敏", "启用二次验证：王敏"),
        ("account.recovery_used", "王敏", "用恢复码登录：王敏，还剩 7 个"),
    ]


def test_false_codes_lock_and_the_lock_is_logged(actors, clock):
    enrolled(actors.clerk)
    clock.moment += dt.timedelta(seconds=60)
    client = Client()
    sign_in(client, actors.clerk)
    for left in (4, 3, 2, 1, 0):
        assert f"还可再试 {left} 次" in client.post("/login/code/", {"code": "000000"}).text
    assert client.post("/login/code/", {"code": code_of(actors.clerk)}).status_code == 429
    locks = AccessLog.objects.filter(action="locked").values_list("user__username", "subject_label")
    assert list(locks) == [("clerk", "二次验证锁定　127.0.0.1")]
    clock.moment += dt.timedelta(minutes=16)
    assert client.post("/login/code/", {"code": code_of(actors.clerk)})["Location"] == "/login/"  # asked anew
    sign_in(client, actors.clerk)
    assert client.post("/login/code/", {"code": code_of(actors.clerk)}).status_code == 302


def test_staff_must_enrol_where_the_portal_asks_for_it_and_enterprises_need_not(actors, settings):
    settings.TOTP = "required"
    client = Client()
    assert sign_in(client, actors.clerk)["Location"] == "/desk/"
    assert [client.get(page)["Location"] for page in ("/desk/", "/projects/", "/account/")] == ["/account/factor/"] * 3
    assert client.post("/account/factor/", {"step": "start"}).status_code == 302
    page = client.get("/account/factor/")
    assert (page.status_code, "<svg" in page.text, "先启用二次验证" in page.text) == (200, True, True)
    assert "恢复码" not in page.text, "there is none yet"
    assert client.post("/account/factor/", {"code": "123", "step": "confirm"}).status_code == 409
    done = client.post("/account/factor/", {"code": code_of(actors.clerk), "step": "confirm"})
    assert all(code in done.text for code in done.context["codes"])
    assert client.get("/desk/").status_code == 200
    owner = Client()
    sign_in(owner, actors.owner)
    assert owner.get("/projects/").status_code == 200


def test_a_lost_device_is_reset_by_the_security_administrator_with_a_reason(actors, admins):
    enrolled(actors.clerk)
    security = admins[Role.SECURITY]
    client = Client()
    client.force_login(security)
    address = reverse("gaige:secure", args=[actors.clerk.pk])
    given = {"act": "factor", "reason": "手机遗失，已当面核实"}
    assert client.post(address, given).status_code == 403  # elevated work is off
    elevate(by=security, reason="办理重置二次验证", minutes=30)
    assert client.post(address, {"act": "factor"}).status_code == 409
    assert client.post(address, given).status_code == 302
    assert not SecondFactor.objects.filter(user=actors.clerk).exists()
    assert told(actors.centre, "account.factor_reset") == [
        ("account.factor_reset", "管理员security", "重置二次验证：王敏，手机遗失，已当面核实")
    ]
    assert client.post(address, given).status_code == 302  # twice: nothing more
    assert len(told(actors.centre, "account.factor_reset")) == 1
    with pytest.raises(NotAllowed):
        second_factor.reset(security.pk, by=security, reason="自己的")
    for role in (Role.ADMIN, Role.AUDITOR):
        with pytest.raises(NotAllowed):
            second_factor.reset(actors.clerk.pk, by=admins[role], reason="不该办")


# Sessions and passwords ----------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(actors):
    phone, desk = (
        Client(headers={"User-Agent": agent})
        for agent in ("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8", "Mozilla/5.0 (Windows NT 10.0) Chrome/140")
    )
    for client in (phone, desk):
        sign_in(client, actors.clerk)
    listed = [(one.row.device, one.is_this) for one in desk.get("/account/").context["page"].sessions]
    assert listed == [("谷歌内核浏览器，Windows", True), ("微信，安卓手机", False)]
    other = SignIn.objects.get(device="微信，安卓手机")
    stranger = Client()
    stranger.force_login(actors.reviewer)
    assert stranger.post(reverse("gaige:session_end", args=[other.pk])).status_code == 404
    assert desk.post(reverse("gaige:session_end", args=[other.pk])).status_code == 302
    assert [phone.get("/desk/").status_code, desk.get("/desk/").status_code] == [302, 200]
    # "back" on the computer of the hall shows nothing of who has signed out
    kept = [desk.get(path).get("Cache-Control") for path in ("/desk/?export=csv", "/projects/", "/packages/")]
    assert kept == ["private, no-store"] * 3
    assert Client().get("/packages/").get("Cache-Control") is None
    assert desk.post("/logout/").status_code == 302
    assert set(SignIn.objects.values_list("ended_why", flat=True)) == {"ended", "out"}
    assert Session.objects.count() == 1  # the stranger


def test_a_session_ends_when_nobody_is_there(actors, clock):
    client = Client()
    sign_in(client, actors.clerk)
    for _ in range(3):  # somebody is there
        clock.moment += dt.timedelta(minutes=50)
        assert client.get("/desk/").status_code == 200
    clock.moment += dt.timedelta(minutes=61)
    gone = client.get("/desk/?tab=today")
    assert gone["Location"] == "/login/?next=%2Fdesk%2F%3Ftab%3Dtoday"
    assert "长时间没有操作" in client.get(gone["Location"]).text
    assert SignIn.objects.get().ended_why == "idle"
    assert AccessLog.objects.filter(action="logout").get().subject_label == "退出（长时间没有操作）"


def test_a_password_follows_the_policy(actors, clock, settings):
    clerk, centre = actors.clerk, actors.centre
    client, other = Client(), Client()
    for one in (client, other):
        sign_in(one, clerk)
    weak = {"old": factories.PASSWORD, "new": "onlysmallletters", "again": "onlysmallletters"}
    assert "小写字母、大写字母、数字、符号中的 3 种" in client.post("/account/password/", weak).text
    wrong = {"old": "no", "new": NEW, "again": NEW}
    assert "现在的密码不对" in client.post("/account/password/", wrong).text
    assert client.post("/account/password/", {**wrong, "old": factories.PASSWORD}).status_code == 302
    assert [client.get("/desk/").status_code, other.get("/desk/").status_code] == [200, 302]
    assert told(centre, "account.password") == [("account.password_changed", "王敏", "更换密码：王敏")]
    user = fresh(clerk)
    accounts.change_password(user, old=NEW, new=f"{NEW}3")
    assert "最近 5 次" in refused("password_weak", lambda: accounts.change_password(user, old=f"{NEW}3", new=NEW))
    settings.PASSWORD_MAX_DAYS = 180
    clock.moment += dt.timedelta(days=181)
    late = Client()
    sign_in(late, clerk, f"{NEW}3")
    assert late.get("/desk/")["Location"] == "/account/password/"
    late.post("/account/password/", {"old": f"{NEW}3", "new": f"{NEW}45", "again": f"{NEW}45"})
    assert late.get("/desk/").status_code == 200


def test_a_suspended_account_opens_by_no_way(actors, admins):
    security = admins[Role.SECURITY]
    elevate(by=security, reason="账号可能被盗用", minutes=30)
    client = Client()
    sign_in(client, actors.clerk)
    accounts.suspend(actors.clerk.pk, by=security, reason="账号可能被盗用")
    assert client.get("/desk/").status_code == 302
    assert SignIn.objects.get().ended_why == "security"  # what was open does not come to life with the account
    assert Session.objects.count() == 0
    assert sign_in(Client(), actors.clerk).status_code == 400
    _, code = staff.invite_reset(actors.clerk.pk, organisation_id=actors.centre.pk, by=None)
    staff.reset_password(code, password=NEW)
    assert sign_in(Client(), actors.clerk, NEW).status_code == 400
    accounts.restore(actors.clerk.pk, by=security, reason="已核实本人")
    assert sign_in(Client(), actors.clerk, NEW).status_code == 302


# Three administrators ------------------------------------------------------------------------------------------------

PAGES = {
    "projects:people": Role.ADMIN, "gaige:security": Role.SECURITY, "gaige:security_records": Role.SECURITY,
    "gaige:audit": Role.AUDITOR, "gaige:audit_changes": Role.AUDITOR, "gaige:provisions": Role.AUDITOR,
}


def test_no_administrator_does_the_work_of_another(actors, admins):
    project = factories.make_project(actors)
    for role, user in admins.items():
        client = Client()
        client.force_login(user)
        codes = {name: client.get(reverse(name)).status_code for name in PAGES}
        assert codes == {name: 200 if owner == role else 403 for name, owner in PAGES.items()}
        assert client.get("/account/elevate/").status_code == 200
        assert client.get(reverse("projects:detail", args=[project.pk])).status_code == 404  # no share in the work
        assert (access_of(user).is_office, access_of(user).is_staff) == (False, True)
    elevate(by=admins[Role.ADMIN], reason="登记新人员", minutes=30)
    for role in ADMIN_ROLES:  # not even the system administrator appoints one
        with pytest.raises(NotAllowed):
            staff.invite(actors.centre.pk, by=admins[Role.ADMIN], role=role, name="新管理员")
    _, code = staff.invite(actors.centre.pk, by=None, role=Role.AUDITOR, name="王敏")
    assert "不兼其他岗位" in refused("three_admins", lambda: staff.accept_invitation(code, by=actors.clerk))
    assert "不兼其他岗位" in refused("three_admins", lambda: staff.accept_invitation(code, by=admins[Role.SECURITY]))


def test_elevated_work_is_for_a_reason_and_ends_by_itself(actors, admins, clock):
    admin = admins[Role.ADMIN]
    assert not account_rules.can_keep_people(admin)
    assert refused("reason_missing", lambda: elevate(by=admin, reason="改", minutes=30))
    assert refused("minutes", lambda: elevate(by=admin, reason="登记新人员", minutes=600))
    for wrong in (actors.director, admins[Role.AUDITOR]):
        with pytest.raises(NotAllowed):
            elevate(by=wrong, reason="登记新人员", minutes=30)
    elevate(by=admin, reason="登记新人员", minutes=30)
    assert refused("elevated", lambda: elevate(by=admin, reason="登记新人员", minutes=30))
    assert account_rules.can_keep_people(fresh(admin))
    clock.moment += dt.timedelta(minutes=31)
    assert not account_rules.can_keep_people(fresh(admin))
    elevate(by=admin, reason="再登记一位", minutes=30)
    step_down(by=admin)
    assert step_down(by=admin) == 0
    assert not account_rules.can_keep_people(fresh(admin))
    assert Elevation.objects.count() == 2
    assert [kind for kind, _, _ in told(actors.centre, "account.")] == [
        "account.elevated", "account.elevated", "account.stepped_down"
    ]


def test_the_audit_administrator_finds_and_exports_and_the_export_is_noted(actors, admins, django_assert_num_queries):
    for number in range(60):
        AccessLog.objects.create(
            user=actors.clerk if number % 2 else actors.reviewer, subject_type="archives.Document", subject_key=number,
            subject_label=f"施工图 {number}", action="view", read_at=MORNING,
        )
    client = Client()
    client.force_login(admins[Role.AUDITOR])
    page = client.get("/audit/", {"who": "王敏", "action": "view", "since": "2026-11-02", "until": "2026-11-02"})
    assert [one.row.subject_label for one in page.context["page"].rows] == [f"施工图 {n}" for n in range(59, 0, -2)]
    assert client.get("/audit/", {"since": "2026-11-03"}).context["page"].rows == []
    assert client.get("/audit/", {"what": "施工图 7", "since": "x"}).context["page"].rows[0].row.subject_key == "7"
    lines = b"".join(client.get("/audit/", {"who": "王敏", "format": "csv"})).decode().splitlines()
    assert (len(lines), lines[1].split(",")[1:5]) == (31, ["clerk", "王敏", "查看", "施工图 59"])
    newest = AccessLog.objects.first()
    assert (newest.user, newest.action, newest.subject_label) == (
        admins[Role.AUDITOR], "audit_export", "审计记录：人 王敏"
    )
    desk = Client()
    desk.force_login(actors.director)
    for path in ("/projects/?export=csv&text=厂房", "/desk/?export=xlsx&tab=all", "/cockpit/?export=csv"):
        b"".join(desk.get(path))
    desk.head("/projects/?export=csv")
    taken = AccessLog.objects.filter(user=actors.director, action="export").order_by("pk")
    assert list(taken.values_list("subject_label", flat=True)) == [
        "项目清单-20261102.csv　text 厂房", "工作台-20261102.xlsx　tab all", "指挥调度-20261102.csv",
    ]
    changes = client.get("/audit/changes/").text
    assert "开启特权操作" not in changes
    elevate(by=admins[Role.ADMIN], reason="登记新人员", minutes=30)
    assert "开启特权操作 30 分钟" in client.get("/audit/changes/").text
    sessions.note_sign_in(actors.clerk, session_key="y" * 32, address="10.0.0.1", device="电脑")
