"""The JSON interface gives what its description says to whoever has a live token for it, no more, and writes each request down."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from jsonschema import Draft202012Validator

from agency.models import ApiCall, ApiToken
from agency.services.tokens import issue_token, revoke_token
from gaige.api.description import description
from gaige.api.resources import RESOURCES
from projects.errors import DomainError, NotAllowed
from projects.models import Event, Provision, Region
from projects.services.elevation import elevate
from projects.states import Role
from projects.timing import BUSINESS_ZONE, today, travel
from tests import factories

pytestmark = pytest.mark.django_db
SCOPES = ("projects", "cases", "waiting", "figures")


@pytest.fixture(autouse=True)
def _monday():
    cache.clear()
    with travel(dt.datetime(2026, 11, 2, 9, tzinfo=BUSINESS_ZONE)):
        yield


@pytest.fixture
def actors(kept_actors):
    return kept_actors


@pytest.fixture
def admin(actors):
    admin = factories.person("admin", "何工", Role.ADMIN, actors.centre)
    elevate(by=admin, reason="签发接口令牌", minutes=30)
    return admin


@pytest.fixture
def give(admin, actors):
    def make(*scopes, region="140581", days=30):
        return issue_token(
            by=admin, name="市大屏", holder=actors.centre, region=Region.objects.get(code=region),
            scopes=scopes or SCOPES, expires_on=today() + dt.timedelta(days=days),
        )

    return make


def ask(url, token="", **query):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().get(url, query, headers=headers)


def problem(answer):
    assert answer["Content-Type"] == "application/problem+json"
    schema = {**description()["components"]["schemas"]["Problem"]}
    Draft202012Validator(schema).validate(answer.json())
    return answer.status_code, answer.json()["title"]


# Tokens ----------------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_hash(actors, admin, give):
    issued = give("projects")
    row = ApiToken.objects.get()
    assert issued.text.startswith("gaige_")
    assert issued.text not in str(ApiToken.objects.values())
    assert (row.prefix, len(row.digest), row.scopes) == (issued.text[:12], 64, ["projects"])
    assert Event.objects.filter(kind="token.issued").get().data == {
        "prefix": row.prefix, "scopes": ["projects"], "region": "140581", "expires_on": "2026-12-02",
    }
    given = Provision.objects.get()
    assert (given.recipient, given.what, given.purpose, given.way) == (
        actors.centre, "数据接口：项目，高平市", "市大屏", "interface"
    )
    with pytest.raises(NotAllowed):
        issue_token(
            by=actors.director, name="x", holder=actors.centre, region=row.region, scopes=SCOPES,
            expires_on=row.expires_on,
        )
    for scopes, days, code in (((), 5, "scope"), (("all",), 5, "scope"), (("cases",), 0, "expiry"),
                               (("cases",), 367, "expiry")):
        with pytest.raises(DomainError) as caught:
            issue_token(
                by=admin, name="x", holder=actors.centre, region=row.region, scopes=scopes,
                expires_on=today() + dt.timedelta(days=days),
            )
        assert caught.value.code == code


def test_without_a_live_token_that_has_the_scope_nothing_is_given(actors, admin, give):
    url = reverse("gaige:api_projects")
    issued = give("cases")
    assert problem(ask(url)) == (401, "没有有效的令牌。")
    assert problem(ask(url, "gaige_wrong"))[0] == 401
    assert problem(ask(url, issued.text)) == (403, "令牌不能读“项目”。")
    cases = reverse("gaige:api_cases")
    assert ask(cases, issued.text).status_code == 200
    written = Client(enforce_csrf_checks=True).post(cases, headers={"Authorization": f"Bearer {issued.text}"})
    assert (written.status_code, written["Allow"]) == (405, "GET, HEAD")
    with travel(dt.datetime(2026, 12, 3, 9, tzinfo=BUSINESS_ZONE)):
        assert problem(ask(cases, issued.text))[0] == 401
    revoke_token(issued.token.pk, by=admin)
    revoke_token(issued.token.pk, by=admin)
    assert problem(ask(cases, issued.text))[0] == 401
    assert [(call.path, call.status) for call in ApiCall.objects.order_by("pk")] == [(url, 403), (cases, 200)]
    assert Event.objects.filter(kind="token.revoked").count() == 1


def test_who_tries_tokens_out_is_stopped_by_address(give, settings):
    settings.PUBLIC_RATE_PER_MINUTE = 3
    url, issued = reverse("gaige:api_cases"), give("cases")
    assert [ask(url, issued.text).status_code for _ in range(4)] == [200] * 4  # what is right is not counted
    assert [problem(ask(url, f"gaige_{n}"))[0] for n in range(3)] == [401] * 3
    stopped = ask(url, "gaige_4")
    assert problem(stopped) == (429, "这个网络地址用错令牌的次数过多，请一分钟后再试。")
    assert (stopped["Retry-After"], ask(url, issued.text).status_code) == ("60", 429)
    elsewhere = Client(REMOTE_ADDR="198.51.100.7").get(url, headers={"Authorization": f"Bearer {issued.text}"})
    assert elsewhere.status_code == 200
    with travel(dt.datetime(2026, 11, 2, 9, 1, tzinfo=BUSINESS_ZONE)):
        assert ask(url, issued.text).status_code == 200


def test_too_many_requests_of_one_token_wait(give, settings):
    settings.API_RATE_PER_MINUTE = 2
    first, second = give("cases"), give("cases")
    url = reverse("gaige:api_cases")
    codes = [ask(url, first.text).status_code for _ in range(3)]
    answer = ask(url, first.text)
    assert (codes, answer["Retry-After"], problem(answer)[0]) == ([200, 200, 429], "60", 429)
    assert ask(url, second.text).status_code == 200


def test_the_administrator_issues_and_takes_back_on_pages(actors, admin):
    browser = Client()
    browser.force_login(admin)
    given = {"name": "市大屏", "holder": actors.centre.pk, "region": Region.objects.get(code="140581").pk,
             "scopes": ["cases"], "expires_on": "2026-12-01"}
    page = browser.post(reverse("agency:token_new"), given).content.decode()
    row = ApiToken.objects.get()
    text = page.partition("data-token>")[2].partition("<")[0]
    assert ask(reverse("gaige:api_cases"), text).status_code == 200
    for url in (reverse("agency:tokens"), reverse("agency:token", args=[row.pk])):
        shown = browser.get(url).content.decode()
        assert row.prefix in shown
        assert text not in shown
    assert browser.post(reverse("agency:token_revoke", args=[row.pk]), {"yes": "1"}).status_code == 302
    assert ask(reverse("gaige:api_cases"), text).status_code == 401


# The description and the code --------------------------------------------------------------------------------------------


def test_the_description_names_every_address_and_no_other():
    found = {
        f"/{pattern.pattern}".replace("<str:code>", "{code}")
        for part in get_resolver().url_patterns if getattr(part, "app_name", None) == "gaige"
        for pattern in part.url_patterns if str(pattern.pattern).startswith("api/v1/")
    }
    told = description()
    assert told["openapi"] == "3.1.0"
    assert found == {*told["paths"], "/api/v1/openapi.json"}
    assert Client().get(reverse("gaige:api_description")).json() == told
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def closed(required, **optional):
    """A JSON schema of an object with these properties and no others."""
    return {
        "type": "object", "required": list(required), "additionalProperties": False, "properties": required | optional,
    }


TEXT_OF, SCHEMA_OF = {"type": "string", "minLength": 1}, {"type": "object", "minProperties": 1}
RESPONSE = closed({"description": TEXT_OF}, content={
    "type": "object", "propertyNames": {"pattern": r"^application/(problem\+)?json$"},
    "additionalProperties": closed({"schema": SCHEMA_OF}),
})
REFERENCE = closed({"$ref": {"type": "string", "pattern": "^#/components/(schemas|responses)/[A-Za-z0-9]+$"}})
PARAMETER = {
    **closed(
        {"name": TEXT_OF, "in": {"enum": ["query", "path"]}, "description": TEXT_OF, "schema": SCHEMA_OF,
         "required": {"type": "boolean"}}
    ),
    "if": {"properties": {"in": {"const": "path"}}}, "then": {"properties": {"required": {"const": True}}},
}
#: The rules of OpenAPI 3.1 for the parts that the description uses.
OPENAPI = closed({
    "openapi": {"const": "3.1.0"},
    "info": closed({"title": TEXT_OF, "version": TEXT_OF}, description=TEXT_OF),
    "servers": {"type": "array", "items": closed({"url": {"type": "string", "pattern": "^https?://"}})},
    "security": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "array"}}},
    "tags": {"type": "array", "uniqueItems": True, "items": closed({"name": TEXT_OF})},
    "paths": {
        "type": "object", "propertyNames": {"pattern": "^/"},
        "additionalProperties": closed({"get": closed(
            {"operationId": TEXT_OF, "summary": TEXT_OF, "tags": {"type": "array", "items": TEXT_OF}, "responses": {
                "type": "object", "required": ["200"], "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
                "additionalProperties": {"anyOf": [RESPONSE, REFERENCE]},
            }},
            description=TEXT_OF, parameters={"type": "array", "items": PARAMETER},
        )}),
    },
    "components": closed({
        "securitySchemes": {"type": "object", "additionalProperties": closed(
            {"type": {"const": "http"}, "scheme": {"const": "bearer"}}
        )},
        "schemas": {"type": "object", "additionalProperties": SCHEMA_OF},
        "responses": {"type": "object", "additionalProperties": RESPONSE},
    }),
})


def references(part):
    """Every reference of a description."""
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        part = list(part.values())
    for one in part if isinstance(part, list) else []:
        yield from references(one)


def test_the_description_holds_to_the_rules_of_openapi():
    told = description()
    assert [error.message for error in Draft202012Validator(OPENAPI).iter_errors(told)] == []
    for name in set(references(told)):
        _, _, kind, key = name.split("/")
        assert key in told["components"][kind], name
    gets = {path: row["get"] for path, row in told["paths"].items()}
    assert len({get["operationId"] for get in gets.values()}) == len(gets)
    assert set(told["security"][0]) == set(told["components"]["securitySchemes"])
    for path, get in gets.items():
        given = {row["name"] for row in get.get("parameters", ()) if row["in"] == "path"}
        assert given == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, path
        for row in get.get("parameters", ()):
            Draft202012Validator.check_schema(row["schema"])
        assert set(get["tags"]) <= {row["name"] for row in told["tags"]}


@pytest.mark.slow
def test_every_answer_is_as_described(actors, give):
    project = factories.enrolled_project(actors, "S3")
    factories.in_review(project, "plan-permit", actors)
    factories.received(project, ["wage-deposit"], actors)
    told, token = description(), give().text
    urls = {f"/api/v1/{name}/": f"/api/v1/{name}/" for name in (*RESOURCES, "figures")}
    urls["/api/v1/projects/{code}/"] = f"/api/v1/projects/{project.code}/"
    for path, url in urls.items():
        schema = told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = ask(url, token)
        assert answer.status_code == 200, path
        body = answer.json()
        Draft202012Validator({**schema, "components": told["components"]}).validate(body)
        assert body.get("items", [body])
    [row] = ask("/api/v1/projects/", token).json()["items"]
    assert (row["code"], row["owner"], row["stage"], row["registered_on"]) == (
        project.code, "山西泽铸智能装备有限公司", "planning", "2026-11-02",
    )
    waiting = ask("/api/v1/waiting/", token).json()["items"]
    assert "王敏" not in str(waiting)
    assert {item["project"] for item in waiting} == {project.code}


def test_pages_are_cut_by_key_and_narrowed_by_what_is_described(actors, give, settings):
    projects = [factories.make_project(actors) for _ in range(5)]
    token, url = give().text, reverse("gaige:api_projects")
    seen, following = [], f"{settings.SITE_URL}{url}?size=2"
    while following:
        body = Client().get(
            following.removeprefix(settings.SITE_URL), headers={"Authorization": f"Bearer {token}"}
        ).json()
        seen.append([row["code"] for row in body["items"]])
        following = body["next"]
    assert seen == [[p.code for p in projects[:2]], [p.code for p in projects[2:4]], [projects[4].code]]
    assert ask(url, token, stage="permit").json() == {"items": [], "next": None}
    assert problem(ask(url, token, stage="x"))[0] == 400
    assert problem(ask(url, token, size="501")) == (400, "size 在 1 到 500 之间。")
    assert problem(ask(url, token, owner="1")) == (400, "没有参数 owner。")
    assert problem(ask(reverse("gaige:api_project", args=["2603"]), token))[0] == 404
    assert ask(reverse("gaige:api_projects"), give(region="140524").text).json()["items"] == []
    assert len(ask(reverse("gaige:api_projects"), give(region="140500").text).json()["items"]) == 5


@pytest.mark.slow
def test_a_page_costs_the_same_whatever_its_length(actors, give):
    token, counts = give().text, []
    ask("/api/v1/cases/", token)  # the first use of a token is written on it
    for _ in range(2):
        for _ in range(3):
            factories.enrolled_project(actors, "S3")
        for name in RESOURCES:
            with CaptureQueriesContext(connection) as caught:
                ask(f"/api/v1/{name}/", token)
            counts.append((name, len(caught)))
    first, second = dict(counts[:3]), dict(counts[3:])
    assert (first["projects"], first["cases"]) == (4, 3)
    assert first == second
