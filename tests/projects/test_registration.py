"""One project, one code: a code is checked, mended and registered once, and nobody learns of what is not theirs."""

import pytest
from django.db import connection

from projects.codes import is_local_code
from projects.errors import DomainError, NotAllowed
from projects.events import fold, verify_all
from projects.models import Event, Involvement, Organisation, Party, Project, WorkUnit
from projects.services.parties import PartyEntry, add_party
from projects.services.registration import exchange_code, register_project
from projects.services.status import resume_project, suspend_project, terminate_project
from tests.projects.conftest import OTHER_USCC, OWNER_USCC, national_code

pytestmark = pytest.mark.django_db
REAL = "2603-140581-89-05-163265"


def kinds(project):
    """The kinds of the project's own events: what subscribers of other apps do about them is theirs."""
    events = Event.objects.filter(project=project, kind__startswith="project.").order_by("seq")
    return list(events.values_list("kind", flat=True))


def refusal(action, *args, **kwargs):
    with pytest.raises(DomainError) as caught:
        action(*args, **kwargs)
    return caught.value


def test_registering_leaves_project_unit_party_involvement_and_its_events(make_project, people, bodies):
    project = make_project(code=REAL, contact_name="张三", contact_phone="13800000000")
    row = Project.objects.get()
    assert (row.code, row.stage, row.status, row.owner, row.centre, row.registered_by) == (
        REAL, "planning", "active", bodies.owner, bodies.centre, people.clerk,
    )
    assert list(WorkUnit.objects.values_list("code", "is_default")) == [(REAL, True)]
    assert list(Party.objects.values_list("organisation__uscc", "role", "contact_name")) == [(OWNER_USCC, "1", "张三")]
    assert sorted(Involvement.objects.values_list("role", "organisation__name")) == [
        ("centre", bodies.centre.name), ("owner", bodies.owner.name),
    ]
    assert kinds(project) == [
        "project.registered", "project.involved", "project.party_added", "project.involved",
    ]
    first = project.events.order_by("seq").first()
    assert first.data == {"stage": ["", "planning"], "status": ["", "active"], "code": REAL}
    assert fold(project) == {
        ("projects.Project", str(project.pk), "stage"): "planning",
        ("projects.Project", str(project.pk), "status"): "active",
    }
    assert list(verify_all()) == []


def test_the_contact_is_encrypted_at_rest_and_in_no_event(make_project):
    project = make_project(contact_name="张三", contact_phone="13800000000")
    with connection.cursor() as cursor:
        cursor.execute("SELECT contact_name, contact_phone FROM projects_party")
        stored = cursor.fetchone()
    assert all(text.startswith("fernet:") and "138" not in text and "张" not in text for text in stored)
    assert not any("13800000000" in str(event.data) + event.summary for event in Event.objects.filter(project=project))


@pytest.mark.parametrize("typed", [
    "２６０３－１４０５８１－８９－０５－１６３２６５", "2603—140581—89—05—163265", " 26031405818905163265 ",
    "2603‑140581‑89‑05‑163265\u200b", REAL,
])
def test_what_people_paste_is_mended(make_project, typed):
    assert make_project(code=typed).code == REAL


@pytest.mark.parametrize(("typed", "word"), [
    ("2603-140581-89-05-163266", "校验位"), ("2613-140581-89-05-163265", "月份"), ("2603-140581", "20 位"),
    ("AB03-140581-89-05-163265", "AB"),
])
def test_a_wrong_code_is_refused_with_what_is_wrong(make_project, typed, word):
    error = refusal(make_project, code=typed)
    assert (error.code, word in error.message, Project.objects.count()) == ("code_wrong", True, 0)


def test_a_used_code_leads_to_the_project_only_those_who_may_see_it(make_project, people):
    project = make_project(code=REAL)
    seen = refusal(make_project, code=REAL, name="另一个项目")
    assert (seen.code, seen.url, project.name in seen.message) == ("code_used", f"/projects/{project.pk}/", True)
    hidden = refusal(make_project, code=REAL, by=people.outsider, owner_uscc=OTHER_USCC)
    assert (hidden.code, hidden.url, project.name in hidden.message) == ("code_used", "", False)
    assert Project.objects.count() == 1


@pytest.mark.parametrize(("uscc", "word"), [
    ("91110000710925462A", "校验位"), ("911100007109254", "18 位"), ("9111000071O925462X", "I、O"), ("", "请填写"),
])
def test_a_wrong_credit_code_is_refused(make_project, uscc, word):
    error = refusal(make_project, owner_uscc=uscc)
    assert (error.code, word in error.message) == ("uscc_wrong", True)


def test_a_credit_code_that_passes_only_the_outer_check_is_refused(make_project):
    from projects.codes import mod_31

    body = "91110000710925461"  # the inner check character is wrong
    error = refusal(make_project, owner_uscc=body + mod_31(body))
    assert (error.code, "组织机构代码" in error.message) == ("uscc_wrong", True)


def test_a_known_credit_code_with_another_name_is_refused(make_project, bodies):
    error = refusal(make_project, owner_name="别的公司")
    assert (error.code, bodies.owner.name in error.message) == ("name_differs", True)
    assert make_project(owner_name=" 山西泽铸智能装备有限公司 ").owner == bodies.owner


def test_a_new_owner_is_made_once(make_project):
    make_project(owner_uscc="91310115MA1K3BTP2B", owner_name="上海测试有限公司")
    make_project(owner_uscc="91310115ma1k3btp2b", name="第二个项目")
    assert Organisation.objects.filter(uscc="91310115MA1K3BTP2B").values_list("name", "kind").get() == (
        "上海测试有限公司", "enterprise",
    )


def test_who_may_register(make_project, people):
    assert make_project(by=people.owner).registered_by == people.owner
    with pytest.raises(NotAllowed, match="只能为本单位登记"):
        make_project(by=people.owner, owner_uscc=OTHER_USCC)
    with pytest.raises(NotAllowed, match="不登记项目"):
        make_project(by=people.reviewer)
    assert Project.objects.count() == 1


def test_a_project_without_a_national_code_gets_a_local_one_and_is_registered_once(make_project):
    first, second = make_project(code="", name="甲"), make_project(code="", name="乙")
    assert is_local_code(first.code)
    assert is_local_code(second.code)
    assert (first.code[:15], second.code[:15]) == ("L140581-0000001", "L140581-0000002")
    again = refusal(make_project, code="", name="甲", address="另一处")
    assert (again.code, again.url) == ("same_project", f"/projects/{first.pk}/")


@pytest.mark.parametrize("code", [REAL, ""])
def test_the_same_form_posted_again_by_the_same_person_leads_to_the_project_that_was_made(make_project, people, code):
    first = make_project(code=code, name="甲", by=people.owner)
    told = Event.objects.count()
    assert make_project(code=code, name="甲", by=people.owner) == first
    assert (Project.objects.count(), Event.objects.count()) == (1, told)
    assert refusal(make_project, code=code, name="甲", by=people.clerk).code == ("code_used" if code else "same_project")


def test_a_local_code_is_exchanged_once_and_both_are_kept(make_project, people):
    project = make_project(code="")
    local = project.code
    exchanged = exchange_code(project.pk, code="２６０３-140581-89-05-163265", by=people.owner)
    assert (exchanged.code, exchanged.local_code) == (REAL, local)
    assert list(exchanged.work_units.values_list("code", "previous_code")) == [(REAL, local)]
    assert kinds(project)[-1] == "project.code_exchanged"
    assert project.events.last().data == {"code": [local, REAL]}
    exchange_code(project.pk, code=REAL, by=people.owner)
    assert kinds(project).count("project.code_exchanged") == 1
    assert refusal(exchange_code, project.pk, code=national_code(7), by=people.owner).code == "already_exchanged"


def test_a_code_is_not_exchanged_for_a_used_one_nor_by_a_stranger(make_project, people):
    taken, project = make_project(code=REAL), make_project(code="")
    assert refusal(exchange_code, project.pk, code=REAL, by=people.clerk).code == "code_used"
    with pytest.raises(NotAllowed):
        exchange_code(project.pk, code=national_code(7), by=people.reviewer)
    with pytest.raises(NotAllowed, match="国家代码"):
        exchange_code(taken.pk, code=national_code(7), by=people.clerk)


def test_a_party_is_added_once_and_sees_the_project(project, people, bodies):
    entry = PartyEntry(role="2", uscc=OTHER_USCC)
    assert not Project.objects.visible_to(people.outsider).exists()
    party = add_party(project.pk, entry, by=people.owner)
    assert add_party(project.pk, entry, by=people.owner) == party
    assert kinds(project)[-2:] == ["project.party_added", "project.involved"]
    assert list(Project.objects.visible_to(people.outsider)) == [project]
    with pytest.raises(NotAllowed):
        add_party(project.pk, entry, by=people.reviewer)


def test_suspending_stops_the_clocks_and_resuming_starts_them(project, people):
    from projects.clocks import start_clock
    from projects.models import Clock
    from projects.timing import today

    clock = start_clock(kind="promised", limit=5, on=today(), project=project)
    with pytest.raises(NotAllowed):
        suspend_project(project.pk, by=people.clerk, reason="企业申请暂缓")
    assert refusal(suspend_project, project.pk, by=people.director, reason=" ").code == "reason_missing"
    suspend_project(project.pk, by=people.director, reason="企业申请暂缓")
    suspend_project(project.pk, by=people.director, reason="企业申请暂缓")
    assert Clock.objects.get(pk=clock.pk).state == "paused"
    resume_project(project.pk, by=people.dispatcher, reason="企业申请恢复")
    assert Clock.objects.get(pk=clock.pk).state == "running"
    terminate_project(project.pk, by=people.director, reason="企业放弃")
    assert Clock.objects.get(pk=clock.pk).state == "cancelled"
    assert kinds(project)[-3:] == ["project.suspended", "project.resumed", "project.terminated"]
    assert fold(Project.objects.get())["projects.Project", str(project.pk), "status"] == "terminated"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_registers_and_the_other_is_told(at_once, people, bodies):
    values = {
        "code": REAL, "name": "同时登记", "investment": "social", "region_code": "140581", "owner_uscc": OWNER_USCC,
        "centre": bodies.centre,
    }
    outcomes = at_once(
        lambda: register_project(by=people.clerk, **values), lambda: register_project(by=people.owner, **values)
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DomainError", "Project"]
    assert [outcome.code for outcome in outcomes if isinstance(outcome, DomainError)] == ["code_used"]
    assert Project.objects.count() == 1
    assert list(verify_all()) == []
