"""The scan field leads to what was scanned; what the asker may not see answers exactly as what does not exist."""

import pytest
from django.core.cache import cache
from django.test import Client

from archives.models import QrToken
from archives.services.codes import issue_token
from tests.projects.conftest import national_code

pytestmark = pytest.mark.django_db
REAL = "2603-140581-89-05-163265"


@pytest.fixture(autouse=True)
def unlimited(settings):
    """The tests ask more often than a person."""
    settings.PUBLIC_RATE_PER_MINUTE = 0
    cache.clear()


@pytest.fixture
def coded(make_project, people):
    project = make_project(code=REAL, name="铸件工厂")
    issue_token(project.pk, by=people.clerk)
    return project


def search(user, text):
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get("/search/", {"q": text})


@pytest.mark.parametrize("typed", [REAL, "２６０３１４０５８１８９０５１６３２６５", "2603—140581—89—05—163265"])
def test_a_code_leads_to_the_project(coded, people, typed):
    assert search(people.owner, typed)["Location"] == f"/projects/{coded.pk}/"


def test_a_scanned_address_leads_to_the_project_for_its_people_and_to_the_public_page_for_others(coded, people):
    token = QrToken.objects.get().token
    for typed in (token, f"http://testserver/q/{token}/"):
        assert search(people.clerk, typed)["Location"] == f"/projects/{coded.pk}/"
        assert search(None, typed)["Location"] == f"/q/{token}/"
        assert search(people.outsider, typed)["Location"] == f"/q/{token}/"


def test_everybody_finds_the_public_page_by_the_code_on_the_site_board(coded):
    assert search(None, REAL)["Location"] == f"/q/{QrToken.objects.get().token}/"


def test_what_is_not_ones_own_answers_as_what_does_not_exist(make_project, people):
    there, not_there = make_project().code, national_code(99999)
    hidden, missing = search(people.outsider, there), search(people.outsider, not_there)
    assert (hidden.status_code, missing.status_code) == (200, 200)

    def told(response, text):
        body = response.text[response.text.index("<main"):].replace(text, "")
        return body[: body.index("</main>")]

    assert told(hidden, there) == told(missing, not_there)


def at_the_window(user, text):
    client = Client()
    client.force_login(user)
    return client.get("/search/", {"q": text, "at": "window"})


def test_at_the_window_a_scan_leads_to_the_intake_of_the_project(coded, people):
    token = QrToken.objects.get().token
    for typed in (f"http://testserver/q/{token}/", f"HTTP://TESTSERVER/Q/{token.swapcase()}/", token, REAL, "２６０３－１４０５８１－８９－０５－１６３２６５ "):
        assert at_the_window(people.clerk, typed)["Location"] == f"/projects/{coded.pk}/intake/"


def test_the_letters_below_the_code_lead_to_its_project_for_who_may_see_it(coded, people):
    code = QrToken.objects.get().check_code
    for typed in (code, f"{code[:3]} {code[3:]}".lower()):
        assert search(people.clerk, typed)["Location"] == f"/projects/{coded.pk}/"
        assert (search(people.outsider, typed).status_code, search(None, typed).status_code) == (200, 200)


def test_a_credit_code_leads_to_the_projects_of_the_firm(coded, people, make_project):
    code = coded.owner.uscc
    full_width = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    for typed in (code, code.lower(), full_width, f"{code[:8]} {code[8:]}"):
        assert search(people.clerk, typed)["Location"] == f"/projects/{coded.pk}/"
    make_project()
    assert [row.owner_id for row in search(people.clerk, code).context["rows"]] == [coded.owner_id] * 2
    assert "名下没有您能看到的项目" in search(people.outsider, code).text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2603-140581-89-05-163264", "校验位"),
        ("2613-140581-89-05-163265", "月份“13”不对"),
        (national_code(99998), "还没有登记，或不在您的权限内"),
        ("http://testserver/q/AAAAAAAAAAAAAAAAAAAAAA/", "没有这个项目码，可能已换码"),
        ("https://elsewhere.example/item?id=7", "不是本平台的码"),
        ("91310000631295002X", "统一社会信用代码"),
    ],
)
def test_what_leads_nowhere_says_why_and_keeps_the_field(coded, people, typed, sentence):
    page = at_the_window(people.clerk, typed)
    assert page.status_code == 200
    assert sentence in page.context["found"].sentence
    assert 'role="alert"' in page.text
    assert "autofocus data-scan" in page.text


def test_names_are_found_among_what_one_may_see(coded, people):
    assert "铸件工厂" in search(people.clerk, "铸件").text
    assert "铸件工厂" in search(people.clerk, "泽铸").text
    assert "铸件工厂" in search(people.clerk, coded.code[-6:]).text
    assert "没有找到" in search(people.outsider, "铸件").text
    assert "没有找到" in search(None, "铸件").text
    assert "可以找什么" in search(people.clerk, "  ").text


def test_a_paper_is_found_by_its_number_and_its_code(coded, people):
    paper = QrToken.objects.get().paper
    if paper is None:
        pytest.skip("the project card is issued on demand")
    assert search(people.clerk, paper.number)["Location"] == f"/papers/{paper.pk}/"
    loose = f" {paper.number.replace('〔', '[').replace('〕', ']')} "
    assert search(people.clerk, loose)["Location"] == f"/papers/{paper.pk}/"
    assert search(None, paper.verify_code.lower())["Location"] == f"/verify/?code={paper.verify_code}"


@pytest.mark.parametrize("typed", ["'", "%", "_", "\\", "\x00", "🙂" * 300, "/q/", "=1+1", "<script>"])
def test_nothing_that_is_typed_breaks_it(coded, people, typed):
    assert search(people.clerk, typed).status_code == 200
    assert search(None, typed).status_code == 200


def test_codes_cannot_be_tried_out_without_signing_in(coded, people, settings):
    settings.PUBLIC_RATE_PER_MINUTE = 2
    answers = [search(None, national_code(number)).status_code for number in range(3)]
    assert answers == [200, 200, 429]
    assert [search(people.clerk, national_code(number)).status_code for number in range(4)] == [200] * 4


def test_home_leads_each_person_to_the_own_work(people):
    starts = {}
    for name, user in vars(people).items():
        client = Client()
        client.force_login(user)
        starts[name] = client.get("/")["Location"]
    assert starts == {
        "owner": "/projects/", "outsider": "/projects/", "clerk": "/desk/", "reviewer": "/reviews/", "chief": "/reviews/",
        "agent": "/agency/mine/", "dispatcher": "/agency/", "director": "/cockpit/",
    }


def test_home_is_open_to_everybody_without_a_session(db):
    client = Client()
    response = client.get("/")
    assert response.status_code == 200
    assert "看看您的项目到哪一步了" in response.text
    assert "sessionid" not in client.cookies


def test_the_home_page_opens_at_the_search_for_a_project_and_not_at_the_sign_in():
    assert "autofocus" not in Client().get("/").text
    assert "autofocus" in Client().get("/login/").text
