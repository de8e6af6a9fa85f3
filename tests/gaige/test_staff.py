"""企业分负责人和经办: people join by a one-time code, lose every right at once, and every change is told (§18)."""

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.events import verify_chain
from projects.models import Event, Invitation, Membership, Organisation, Party, Project, User
from projects.services import parties, staff
from projects.services.elevation import elevate
from projects.states import Role
from tests import factories

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)
GOOD = "a-long-word-for-11-people"


@pytest.fixture
def clock(db):
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    return kept_actors


def told(body):
    """The events of a body, as (kind, actor, summary)."""
    rows = Event.objects.filter(chain=f"organisation:{body.pk}").order_by("seq")
    assert verify_chain(f"organisation:{body.pk}") is None
    return list(rows.values_list("kind", "actor_name", "summary"))


def refused(code, act):
    with pytest.raises(DomainError) as error:
        act()
    assert error.value.code == code
    return error.value.message


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_lead_invites_staff_and_the_code_works_once(actors, clock):
    body = actors.owner_body
    invitation, code = staff.invite(body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="赵敏", contact="13800000000")
    assert len(code.replace("-", "")) == 12
    assert code.replace("-", "") not in str(Invitation.objects.values().get(pk=invitation.pk))
    assert refused("invited_already", lambda: staff.invite(body.pk, by=actors.owner, role="owner_staff", name="赵敏"))
    for wrong in (actors.owner_staff, actors.clerk, actors.outsider):
        with pytest.raises(NotAllowed):
            staff.invite(body.pk, by=wrong, role=Role.OWNER_STAFF, name="钱多")
    with pytest.raises(NotAllowed):  # a lead makes no second lead
        staff.invite(body.pk, by=actors.owner, role=Role.OWNER_LEAD, name="钱多")

    mangled = f" {code.lower().replace('-', '－')} "
    assert refused("password_weak", lambda: staff.open_account(mangled, username="zhaomin", password="Zhaomin1")) == (
        "密码和用户名太像，请换一个。密码太短，至少要 10 位。"
    )
    assert refused("username_wrong", lambda: staff.open_account(mangled, username="赵敏", password=GOOD))
    assert refused("username_taken", lambda: staff.open_account(mangled, username="OWNER", password=GOOD))
    user = staff.open_account(mangled, username="zhaomin", password=GOOD)
    assert (user.name, user.phone, user.check_password(GOOD)) == ("赵敏", "13800000000", True)
    row = user.memberships.get()
    assert (row.organisation, row.role, row.since, row.until) == (body, "owner_staff", MORNING.date(), None)
    assert refused("code_wrong", lambda: staff.open_account(code, username="second", password=GOOD))
    assert told(body) == [
        ("staff.invited", "郭建国", "邀请：赵敏 建设单位经办"), ("staff.joined", "赵敏", "建设单位经办加入：赵敏"),
    ]

    _, late = staff.invite(body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="孙晚")
    clock.moment += dt.timedelta(days=7)
    assert refused("code_wrong", lambda: staff.read_invitation(late))
    third, old = staff.invite(body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="孙晚")
    fourth, new = staff.renew_invitation(third.pk, by=actors.owner)
    assert refused("code_wrong", lambda: staff.read_invitation(old))
    staff.revoke_invitation(fourth.pk, by=actors.owner)
    assert refused("code_wrong", lambda: staff.read_invitation(new))


@pytest.mark.slow
def test_who_is_removed_has_lost_everything_with_the_next_press(actors):
    project = factories.enrolled_project(actors, "S3")
    draft = factories.open_application(project, ["quality-safety"], actors)
    client = signed_in(actors.owner_staff)
    pages = [
        reverse("projects:detail", args=[project.pk]), reverse("packages:application", args=[draft.pk]),
        reverse("packages:file", args=[project.pk]), reverse("packages:hand_in", args=[draft.pk]),
        reverse("archives:notices", args=[project.pk]), reverse("projects:staff", args=[actors.owner_body.pk]),
    ]
    assert [client.get(page).status_code for page in pages] == [200] * len(pages)
    row = Membership.objects.get(user=actors.owner_staff)
    lead = signed_in(actors.owner)
    assert lead.get(reverse("projects:member_end", args=[row.pk])).status_code == 200
    assert lead.post(reverse("projects:member_end", args=[row.pk]), {"reason": "离职"}).status_code == 302
    assert [client.get(page).status_code for page in pages] == [404] * len(pages)
    assert project.name not in client.get(reverse("projects:list")).content.decode()
    assert told(actors.owner_body) == [("staff.ended", "郭建国", "建设单位经办停用：李娜，离职")]
    assert lead.post(reverse("projects:member_end", args=[row.pk]), {}).status_code == 302  # a second press
    assert len(told(actors.owner_body)) == 1

    mine = Membership.objects.get(user=actors.owner)
    assert "唯一的负责人" in refused("last_lead", lambda: staff.end_membership(mine.pk, by=actors.owner))


def test_an_outsider_finds_no_page_of_the_staff_of_another_enterprise(actors):
    body, row = actors.owner_body, Membership.objects.get(user=actors.owner_staff)
    invitation, _ = staff.invite(body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="赵敏")
    for who in (actors.outsider, actors.clerk):
        client = signed_in(who)
        gets = [("staff", body.pk), ("member_end", row.pk), ("member_lead", row.pk)]
        posts = [*gets[1:], ("invite", body.pk), ("member_reset", row.pk), ("invitation_renew", invitation.pk),
                 ("invitation_revoke", invitation.pk)]
        codes = [client.get(reverse(f"projects:{name}", args=[pk])).status_code for name, pk in gets]
        codes += [client.post(reverse(f"projects:{name}", args=[pk])).status_code for name, pk in posts]
        assert codes == [404] * len(codes)
    assert Invitation.objects.get(pk=invitation.pk).revoked_at is None
    client = signed_in(actors.owner_staff)  # staff look on
    page = client.get(reverse("projects:staff", args=[body.pk]))
    assert page.status_code == 200
    assert "生成邀请码" not in page.content.decode()
    assert client.post(reverse("projects:invite", args=[body.pk]), {"name": "乙", "role": "owner_staff"}).status_code == 403


def test_the_lead_hands_over(actors):
    row = Membership.objects.get(user=actors.owner_staff)
    with pytest.raises(NotAllowed):
        staff.hand_over_lead(row.pk, by=actors.owner_staff)
    client = signed_in(actors.owner)
    assert client.post(reverse("projects:member_lead", args=[row.pk])).status_code == 302
    today = timing.today()
    now = {
        (name, role)
        for name, role in staff.current(Membership.objects.filter(organisation=actors.owner_body)).values_list(
            "user__username", "role"
        )
    }
    assert now == {("owner-staff", "owner_lead"), ("owner", "owner_staff")}
    ended = Membership.objects.filter(organisation=actors.owner_body, until__lt=today)
    assert {(row.user.username, row.role) for row in ended} == {("owner", "owner_lead"), ("owner-staff", "owner_staff")}
    assert told(actors.owner_body)[-1] == ("staff.handed_over", "郭建国", "负责人由郭建国移交给李娜")
    with pytest.raises(NotAllowed):
        staff.invite(actors.owner_body.pk, by=User.objects.get(username="owner"), role="owner_staff", name="甲")


@pytest.mark.slow
def test_the_page_of_a_code_opens_an_account_joins_and_resets(actors):
    client, join = Client(), reverse("gaige:join")
    lead = signed_in(actors.owner)
    asked = {"name": "赵敏", "role": "owner_staff", "contact": "ｚｈａｏ@Example.CN"}
    page = lead.post(reverse("projects:invite", args=[actors.owner_body.pk]), asked)
    code = page.context["made"][1]
    assert code in page.content.decode()
    assert "不对" in client.post(join, {"code": "3F9K-Q2T7-HM4C", "step": "look"}).content.decode()
    assert actors.owner_body.name in client.post(join, {"code": code, "step": "look"}).content.decode()
    bad = client.post(join, {"code": code, "step": "open", "username": "zm", "password": GOOD, "again": "x"})
    assert (bad.status_code, "两次输入的密码不一样" in bad.content.decode()) == (409, True)
    done = client.post(join, {"code": code, "step": "open", "username": "zhaomin", "password": GOOD, "again": GOOD})
    assert done.url == reverse("projects:list")
    assert client.get(reverse("projects:staff", args=[actors.owner_body.pk])).status_code == 200

    # the same person joins a second enterprise and chooses for whom he acts
    zhao = User.objects.get(username="zhaomin")
    assert (zhao.email, zhao.phone) == ("zhao@example.cn", "")
    given, early = staff.invite_reset(zhao.pk, organisation_id=actors.owner_body.pk, by=actors.owner)
    _, second = staff.invite(actors.other_body.pk, by=actors.outsider, role=Role.OWNER_STAFF, name="赵敏")
    assert client.post(join, {"code": second, "step": "join"}).status_code == 302
    ours, theirs = (factories.make_project(actors, name=name, owner=body) for name, body in (
        ("甲厂房", actors.owner_body), ("乙住宅", actors.other_body)))
    listed = client.get(reverse("projects:list")).content.decode()
    assert (ours.name in listed, theirs.name in listed) == (True, True)
    client.post(reverse("projects:act_for"), {"organisation": actors.other_body.pk})
    listed = client.get(reverse("projects:list")).content.decode()
    assert (ours.name in listed, theirs.name in listed) == (False, True)
    assert actors.other_body.uscc in client.get(reverse("projects:register")).content.decode()
    client.post(reverse("projects:act_for"), {"organisation": actors.centre.pk})  # not his: as none
    assert ours.name in client.get(reverse("projects:list")).content.decode()
    assert client.post(reverse("projects:act_for"), {"organisation": "1" * 5000}).status_code == 302

    # neither lead gets a code that would open the other enterprise as well, nor anybody one for the own account
    row, there = (Membership.objects.get(user=zhao, organisation=body) for body in (actors.owner_body, actors.other_body))
    asked = reverse("projects:member_reset", args=[row.pk])
    assert (lead.post(asked).status_code, client.post(asked).status_code) == (403, 403)
    people = lead.get(reverse("projects:staff", args=[actors.owner_body.pk]))
    assert asked not in people.text
    assert "赵敏还在别的单位任职，密码由系统管理员重设。" in people.text
    refused("code_wrong", lambda: staff.read_invitation(early))
    assert lead.post(reverse("projects:invitation_renew", args=[given.pk])).status_code == 403
    staff.end_membership(there.pk, by=actors.outsider)
    code = lead.post(asked).context["made"][1]
    again = {"code": code, "step": "reset", "password": f"{GOOD}2", "again": f"{GOOD}2"}
    assert Client().post(join, again).url == reverse("gaige:login")
    assert client.get(reverse("projects:list")).status_code == 302  # the old session has ended
    assert User.objects.get(username="zhaomin").check_password(f"{GOOD}2")


def test_one_account_is_never_on_both_sides_of_the_window(actors):
    _, code = staff.invite(actors.owner_body.pk, by=actors.owner, role=Role.OWNER_STAFF, name="王敏")
    assert refused("two_sides", lambda: staff.accept_invitation(code, by=actors.clerk))
    assert not actors.clerk.memberships.filter(organisation=actors.owner_body).exists()


def test_the_administrator_enters_bodies_and_people_and_never_himself(actors):
    shown = StringIO()
    call_command("invite", "approval-bureau", "admin", "何工", stdout=shown)
    code = shown.getvalue().split("邀请码 ")[1].split("，")[0]
    admin = staff.open_account(code, username="admin", password=GOOD)
    client = signed_in(admin)
    assert client.post(reverse("projects:people"), {"uscc": "1", "name": "甲", "kind": "enterprise"}).status_code == 409
    elevate(by=admin, reason="登记新入驻单位", minutes=60)
    assert signed_in(actors.director).get(reverse("projects:people")).status_code == 403
    data = {"uscc": factories.uscc(40000077), "name": "高平市新来企业有限公司", "kind": "enterprise"}
    assert client.post(reverse("projects:people"), {**data, "uscc": "91140581X"}).status_code == 409
    target = client.post(reverse("projects:people"), data).url
    body = Organisation.objects.get(uscc=data["uscc"])
    assert target == reverse("projects:staff", args=[body.pk])
    assert told(body) == [("organisation.added", "何工", "登记单位：高平市新来企业有限公司")]
    wrong = client.post(reverse("projects:invite", args=[body.pk]), {"name": "甲", "role": "clerk"})
    assert wrong.status_code == 409  # an enterprise has no clerk
    made = client.post(reverse("projects:invite", args=[body.pk]), {"name": "新来", "role": "owner_lead"})
    lead = staff.open_account(made.context["made"][1], username="xinlai", password=GOOD)
    assert lead.memberships.get().role == "owner_lead"

    centre = actors.centre
    until = timing.today() + dt.timedelta(days=30)
    made = client.post(
        reverse("projects:invite", args=[centre.pk]), {"name": "小周", "role": "clerk", "until": f"{until:%Y-%m-%d}"}
    )
    clerk = staff.open_account(made.context["made"][1], username="xiaozhou", password=GOOD)
    assert clerk.memberships.get().until == until
    assert signed_in(clerk).get(reverse("packages:desk")).status_code == 200
    assert client.post(reverse("projects:member_end", args=[clerk.memberships.get().pk]), {}).status_code == 302
    assert Project.objects.visible_to(User.objects.get(pk=clerk.pk)).count() == 0
    own = admin.memberships.get()
    assert "用命令办理" in refused("can_end_membership", lambda: staff.end_membership(own.pk, by=admin))
    found = client.get(reverse("projects:people"), {"q": "xinlai"}).context["rows"]
    assert [(row.name, row.number) for row in found] == [(body.name, 1)]


def test_the_window_opens_the_first_account_of_a_firm_that_it_registered(actors):
    firm = factories.enterprise("新办机械有限公司", 77)
    project = factories.make_project(actors, owner=firm)
    url, clerk = reverse("projects:first_account", args=[project.pk]), signed_in(actors.clerk)
    assert "还没有人有账号" in clerk.get(url).content.decode()
    assert signed_in(actors.director).post(url, {"name": "王建国"}).status_code == 403
    assert clerk.post(url, {"name": "王建国"}).status_code == 200
    page = clerk.post(url, {"name": "王建国"}).content.decode()  # once more: the first code is void
    code = page.partition('class="bigcode" role="status">')[2].partition("<")[0]
    assert [row[0] for row in told(firm)][-3:] == ["staff.invited", "staff.invitation_revoked", "staff.invited"]
    lead = staff.open_account(code, username="wangjianguo", password=GOOD)
    assert Membership.objects.get(user=lead).role == Role.OWNER_LEAD
    assert "已有账号" in clerk.get(url).content.decode()
    assert "已有负责人" in refused_by_rule(lambda: staff.invite_first(firm.pk, by=actors.clerk, name="李四"))
    refused_by_rule(lambda: staff.invite(firm.pk, by=actors.clerk, role=Role.OWNER_STAFF, name="李四"))


def test_the_window_opens_the_first_account_of_each_firm_that_takes_part_and_of_no_other(actors):
    owner, designer, other = (factories.enterprise(name, n) for name, n in (("甲厂", 78), ("乙设计院", 79), ("丙厂", 80)))
    project = factories.make_project(actors, owner=owner)
    for role in ("3", "4"):
        entry = parties.PartyEntry(role=role, uscc=designer.uscc, name=designer.name)
        parties.add_party(project.pk, entry, by=actors.clerk)
    bureau = factories.organisation("housing")
    Party.objects.create(project=project, organisation=bureau, role="8")
    url, clerk = reverse("projects:first_account", args=[project.pk]), signed_in(actors.clerk)
    page = clerk.get(url)
    assert [(one.body.name, one.what, one.word) for one in page.context["page"].firms] == [
        ("甲厂", "建设单位", "没有账号"), ("乙设计院", "勘察单位、设计单位", "没有账号")
    ]
    assert [clerk.get(f"{url}?firm={body.pk}").status_code for body in (other, bureau)] == [404, 404]
    refused_by_rule(lambda: staff.invite_first(other.pk, by=actors.clerk, name="李四"))
    refused_by_rule(lambda: staff.invite_first(bureau.pk, by=actors.clerk, name="李四"))
    made = clerk.post(f"{url}?firm={designer.pk}", {"name": "陈工"}).content.decode()
    code = made.partition('class="bigcode" role="status">')[2].partition("<")[0]
    lead = staff.open_account(code, username="chengong", password=GOOD)
    assert (Membership.objects.get(user=lead).organisation, Membership.objects.filter(organisation=owner).count()) == (designer, 0)
    assert [one.word for one in clerk.get(url).context["page"].firms] == ["没有账号", "已有账号"]
    assert signed_in(lead).get(reverse("projects:detail", args=[project.pk])).status_code == 200


def refused_by_rule(act):
    with pytest.raises(NotAllowed) as error:
        act()
    return error.value.message


@pytest.mark.parametrize(("command", "given", "words"), [
    ("reset_factor", ["somebody"], "缺少参数：--reason"), ("prove_bulletin", ["--all"], "没有这个参数：--all"),
    ("prove_bulletin", ["eleven"], "参数 KEY 须是数字，不能是 'eleven'"), ("simulate_desk", ["--seed"], "参数 --seed 后面要写值"),
    ("export_exchange", ["out", "--region", "140581", "--format", "xml"], "参数 --format 不能是 'xml'，可以是：'csv', 'json', 'both'"),
])
def test_a_command_says_in_chinese_what_is_wrong_with_its_arguments(command, given, words):
    with pytest.raises(CommandError) as caught:
        call_command(command, *given)
    assert str(caught.value) == f"Error: {words}"
