"""The clerk answers only what matters, sees which package fits and why, and nothing is stored before the confirmation."""

from urllib.parse import unquote_plus

import pytest
from django.urls import reverse

from packages.facts import clean_facts, format_facts, parse_facts
from packages.models import Enrolment, MatterCase
from packages.screens import enrolling
from packages.services.catalogue import load_catalogue
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def bare(clock, actors):
    """A registered project without a package."""
    return factories.make_project(actors, name="普通仓库")


def test_first_page_asks_what_decides_the_package(window, bare):
    page = window.get(reverse("packages:enrol", args=[bare.pk])).context["sheet"]
    assert page.section == "套餐"
    assert len([fact for fact in page.asked if not fact.is_optional]) == enrolling.PER_PAGE
    assert page.package is None
    assert [c.code for c in page.proposal.possible] == ["soc-realestate", "soc-factory", "soc-lowrisk", "soc-minimal"]
    assert not Enrolment.objects.exists()


def test_answers_travel_in_the_address(window, bare):
    url = reverse("packages:enrol", args=[bare.pk])
    answers = {"facts": "", "next": "go", "land_supply": "transfer", "pipeline_project": "no", "works": ["new"]}
    response = window.get(url, answers)
    assert response.status_code == 302
    query = response.url.partition("facts=")[2]
    assert parse_facts(unquote_plus(query)) == {"land_supply": "transfer", "pipeline_project": "no", "works": ["new"]}


def test_the_rest_of_the_page_as_no(window, bare):
    sheet = enrolling.sheet(bare, "land_supply=transfer")
    filled = enrolling.answer_no(sheet.facts, sheet.asked)
    assert filled == {
        "land_supply": "transfer", "pipeline_project": "no", "simple_design": "no", "near_river": "no",
        "heritage_zone": "no",
    }


def test_what_decides_the_package_is_never_answered_by_one_press(window, bare):
    sheet = window.get(reverse("packages:enrol", args=[bare.pk])).context["sheet"]
    assert sheet.leaves_choices is False
    assert not {"pipeline", "pipeline_length"} & {fact.name for fact in sheet.open}


def test_everything_as_no_leaves_numbers_and_choices_open(bare):
    facts = enrolling.answer_all_no(bare, parse_facts("land_supply=transfer;works=new;building_use=warehouse"))
    left = enrolling.sheet(bare, format_facts(facts)).open
    assert left
    assert {fact.kind for fact in left} <= {"number", "one", "many"}


def test_none_of_them_is_an_answer(window, bare):
    url = reverse("packages:enrol", args=[bare.pk])
    response = window.get(url, {"facts": "", "next": "go", "works": ["-", "new"]})
    assert response.context["form"].errors == {"works": ["选了“都没有”，就不能再选别的，请核对"]}


def test_a_wrong_number_says_how_to_mend_it(window, bare):
    url = reverse("packages:enrol", args=[bare.pk])
    response = window.get(url, {"facts": "", "next": "go", "height": "十二"})
    assert response.context["form"].errors == {"height": ["建筑高度应填不小于0的数字（米），收到“十二”"]}


def test_a_height_without_storeys_is_refused_and_storeys_alone_hold_nothing_up(window, bare):
    url = reverse("packages:enrol", args=[bare.pk])
    asked = [fact.name for fact in window.get(url).context["sheet"].asked]
    assert asked[asked.index("height") + 1] == "storeys"
    answers = {"facts": "", "next": "go", "works": ["new"], "building_use": ["warehouse"], "height": "12"}
    errors = window.get(url, answers).context["form"].errors
    assert errors == {"storeys": ["填写了建筑高度，没有填写层数：新建、扩建的建筑请一并填写层数"]}
    errors = window.get(url, answers | {"storeys": "0"}).context["form"].errors
    assert errors == {"storeys": ["填写了建筑高度，层数却为0：有高度的建筑至少有1层，请核对建筑高度和层数"]}
    response = window.get(url, answers | {"storeys": "3"})
    assert parse_facts(unquote_plus(response.url.partition("facts=")[2]))["storeys"] == 3
    # an address that says nothing of storeys is complete all the same: no rule asks for them
    _, package, facts = factories.example("S3")
    sheet = enrolling.sheet(bare, format_facts(clean_facts(facts)))
    assert (sheet.is_complete, sheet.package.code) == (True, package)
    assert enrolling.sheet(bare, format_facts(clean_facts(facts)) + ";storeys=1").is_complete is True


def test_full_width_digits_are_taken(window, bare):
    from packages.forms import FactsForm

    asked = enrolling.sheet(bare, "").asked
    form = FactsForm({"height": "１２．５"}, asked=asked, known={}, investment="social")
    assert form.is_valid()
    assert form.merged() == {"height": 12.5}


def test_facts_that_nobody_knows_are_told(window, bare):
    page = window.get(reverse("packages:enrol", args=[bare.pk]), {"facts": "no_such=yes"}).context["sheet"]
    assert [fault.code for fault in page.faults] == ["unknown_fact"]
    assert page.is_complete is False


def test_confirmation_enrols_and_shows_the_plan(window, bare):
    _, package, facts = factories.example("S3")
    url = reverse("packages:enrol", args=[bare.pk])
    notation = format_facts(clean_facts(facts))
    page = window.get(url, {"facts": notation})
    assert page.context["sheet"].is_complete
    assert page.context["sheet"].package.code == package
    assert page.context["sheet"].proposal.reasons
    response = window.post(url, {"facts": notation, "package_code": package})
    assert (response.status_code, response.url) == (302, reverse("packages:plan", args=[bare.pk]))
    enrolment = Enrolment.objects.get(project=bare)
    assert enrolment.package_version.code == package
    assert enrolment.facts == clean_facts(facts)
    assert MatterCase.objects.filter(project=bare).count() > 0


def test_a_package_that_does_not_fit_is_refused_on_the_form(window, bare):
    _, _, facts = factories.example("S3")
    url = reverse("packages:enrol", args=[bare.pk])
    response = window.post(url, {"facts": format_facts(facts), "package_code": "soc-realestate"})
    assert response.status_code == 409
    assert response.context["confirm"].non_field_errors()
    assert not Enrolment.objects.exists()


def test_changed_facts_make_a_second_revision(window, project):
    enrolment = Enrolment.objects.get(project=project)
    facts = {**enrolment.facts, "waste_haulage": "yes" if enrolment.facts.get("waste_haulage") == "no" else "no"}
    response = window.post(reverse("packages:enrol", args=[project.pk]), {"facts": format_facts(facts), "package_code": "x"})
    assert response.status_code == 302
    enrolment.refresh_from_db()
    assert enrolment.revision == 2


def test_an_enrolled_project_is_asked_by_the_version_that_it_stays_on(window, project, folder):
    held = Enrolment.objects.get(project=project).package_version
    folder("package_matters.tsv", f"{held.code}/waste-disposal", "rule", "near_airport=yes", keys=2)
    load_catalogue(folder.path)
    held.refresh_from_db()

    page = enrolling.sheet(project, None)

    assert held.status == "retired"
    assert (page.package, page.open) == (held, ())


def test_only_who_files_may_confirm(client, actors, bare):
    _, package, facts = factories.example("S3")
    client.force_login(actors.director)
    url = reverse("packages:enrol", args=[bare.pk])
    assert "套餐由建设单位" in client.get(url, {"facts": format_facts(facts)}).content.decode()
    assert client.post(url, {"facts": format_facts(facts), "package_code": package}).status_code == 403
    client.force_login(actors.outsider)
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url).status_code == 302


def test_each_answer_shows_what_it_adds_by_the_planner(window, project):
    from packages.planning.build import build_plan

    enrolment = Enrolment.objects.get(project=project)
    url = reverse("packages:enrol", args=[project.pk])
    asked = {"facts": format_facts(enrolment.facts), "section": "选址与环境", "next": "show"}
    section = enrolling.sheet(project, asked["facts"], asked["section"])
    name = next(fact.name for fact in section.asked if enrolment.facts.get(fact.name) == "no")
    part = window.get(url, {**asked, name: "yes"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    open_ones = {key: value for key, value in part.context["form"].merged().items() if key != name}
    before, after = (build_plan(enrolment.package_version, facts) for facts in (open_ones, {**open_ones, name: "yes"}))
    told = {bound.name: (given, words) for bound, given, words in part.context["asks"]}
    adds = enrolling.Adds(
        len(after.matters) - len(before.matters), after.promise.total - before.promise.total, after.after - before.after
    )
    assert told[name][0] is True
    assert told[name][1].startswith(adds.words)
    whole = window.get(url, {**asked, name: "yes"})  # the same by a button, without the script
    assert {b.name: (g, w) for b, g, w in whole.context["asks"]} == told
    assert Enrolment.objects.get(project=project).facts == enrolment.facts


def test_answers_that_clash_are_refused_where_they_are_given(window, bare):
    url = reverse("packages:enrol", args=[bare.pk])
    part = window.get(
        url, {"facts": "land_supply=existing", "next": "show", "pipeline_project": "no", "works": "-"},
        headers={"HX-Request": "true"},
    )
    assert part.context["form"].errors == {"works": ["工程内容一项也没有选，请至少选一项"]}
    assert "工程内容一项也没有选" in part.content.decode()
