"""The whole demonstration: what is not public stays hidden, and its richest project costs no role above 25 queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from acceptance.models import Inspection
from agency.models import ChaseSlip, Escalation, MajorProject
from archives.models import Document, DocumentKind, Paper, QrToken
from gaige.demo.completion import SURVEYOR
from gaige.demo.people import DESIGNER
from gaige.demo.run import run
from gaige.scale.pages import PROJECT_QUERIES
from packages.models import ConditionalPermit, MatterCase, MatterVersion, Opinion, Referral, StandardLand
from projects import gathering, memo, timing
from projects.models import CreditListing, IssueItem, Party, Project, User
from projects.one_page import one_page, seen

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow(first=True)]  # minutes: once is enough
#: Shorter texts (同意) are words of the trade, not somebody's text; so are these, which the portal itself writes.
SHORTEST = 6
OF_THE_PORTAL = {"超时默认同意", "改完施工图违反强条的问题"}


def texts_of(rows):
    texts = {text.strip() for row in rows for text in row if isinstance(text, str)}
    return {text for text in texts if len(text) >= SHORTEST} - OF_THE_PORTAL


def secrets():
    """Return every text of the demonstration that is nobody else's business, by what it is.

    A document whose title is a name of the catalogue (建设工程规划许可证) is told by its number and its digest.
    """
    published = set(Paper.objects.filter(is_public=True).values_list("document_id", flat=True))
    unpublished = Document.objects.exclude(pk__in=published).select_related("project").prefetch_related("versions")
    of_matters = MatterVersion.objects.values_list("name", "result_name")
    of_catalogue = "\n".join([*DocumentKind.objects.values_list("name", flat=True), *("".join(row) for row in of_matters)])
    people = {name for name in User.objects.values_list("name", flat=True) if len(name) > 1}
    parties = [(party.contact_name, party.contact_phone) for party in Party.objects.all()]
    return {
        "opinion": texts_of(Opinion.objects.values_list("reason", "basis", "remedy")),
        "issue": texts_of(IssueItem.objects.values_list("what", "how_to_fix")),
        "person": people | {name for name, _ in parties if len(name) > 1} | {phone for _, phone in parties if phone},
        "document": texts_of((row.title,) for row in unpublished if row.title not in of_catalogue)
        | {row.archive_no for row in unpublished}
        | {version.digest for row in unpublished for version in row.versions.all()},
        "paper": set(Paper.objects.filter(is_public=False).values_list("number", flat=True)),
    }


@pytest.fixture(scope="module", autouse=True)
def _demonstration(module_database):
    run(tell=lambda _: None)


def test_the_whole_demonstration_keeps_what_is_not_public(client):
    hidden = secrets()
    assert all(hidden.values()), "the demonstration has something to hide of every kind"
    tokens = list(QrToken.objects.filter(state="active").select_related("project"))
    assert len(tokens) >= 15
    for token in tokens:
        response = client.get(f"/q/{token.token}/")
        text = response.content.decode()
        found = {what: sorted(one for one in texts if one in text) for what, texts in hidden.items()}
        assert not any(found.values()), (token.project.name, found)
        assert (response.status_code, len(response.content) < 30_000, "<script" in text) == (200, True, False)


def test_one_firm_stands_in_the_list_and_one_was_removed_by_repair():
    entries = CreditListing.objects.values_list("organisation__name", "state", "record__state")
    assert sorted(entries) == [(DESIGNER, "removed", "repaired"), (SURVEYOR, "listed", "valid")]


def test_no_visit_is_left_where_a_project_is_delivered():
    visits = Inspection.objects.filter(project__stage="delivered")
    assert set(visits.values_list("state", flat=True)) == {"closed", "cancelled"}


def test_standard_land_is_shown_from_the_pool_to_its_check_and_to_a_breach():
    assert sorted(StandardLand.objects.values_list("state", flat=True)) == [
        "breached", "building", "checking", "proposed", "qualified", "sold",
    ]


def test_an_opinion_is_with_a_unit_of_its_department():
    referral = Referral.objects.select_related("task", "unit__parent").get()
    assert (referral.unit.parent_id, referral.ended_at) == (referral.task.organisation_id, None)
    client = Client()
    client.force_login(referral.unit.memberships.get().user)
    asked = client.get(reverse("packages:reviews")).content.decode()
    assert reverse("packages:review", args=[referral.task_id]) in asked


#: One of every role; of the owners each, since each has projects of its own.
ROLES = (
    "clerk", "agent", "director", "natural-resources-r", "owner", "owner2", "owner3", "owner4", "owner5", "owner6",
    "designer",
)
def test_no_role_pays_more_than_promised_for_the_page_of_any_project():
    """As in a process that has just started: nothing is kept from page to page."""
    costs = {}
    for name in ROLES:
        client = Client()
        client.force_login(User.objects.get(username=name))
        for project in Project.objects.visible_to(User.objects.get(username=name)):
            address = reverse("projects:detail", args=[project.pk])
            memo.forget_all()
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            costs[name, project.name] = len([one for one in asked if "SAVEPOINT" not in one["sql"]])
    assert {name for name, _ in costs} == set(ROLES)
    assert {page: cost for page, cost in costs.items() if cost > PROJECT_QUERIES} == {}


#: What the projects of the demonstration hold of what the page reads at once: all that makes it rich.
RICH = {
    "acceptance.applications", "acceptance.inspections", "agency.assignments", "archives.code", "packages.books",
    "packages.commitments", "packages.consultations", "packages.credit", "packages.drawings", "packages.fees",
    "packages.forecasts", "packages.pool", "packages.regional_uses", "packages.requests", "packages.review_tasks",
    "packages.risks", "packages.service_plans", "packages.services", "packages.standard_land", "packages.tenders",
    "projects.clocks", "projects.events", "projects.parties",
}


def same(one, other, known=None):
    """Two instances hold the same: their columns, what was read with them, and the lists that hang on them."""
    known = {} if known is None else known
    if id(other) in known or type(other) is Project:
        return
    known[id(other)] = other
    assert type(one) is type(other)
    names = [field.attname for field in one._meta.concrete_fields if field.attname in other.__dict__]
    assert [(one.__dict__[name], type(one.__dict__[name])) for name in names] == [
        (other.__dict__[name], type(other.__dict__[name])) for name in names
    ]
    lists = {name: list(rows) for name, rows in getattr(other, "_prefetched_objects_cache", {}).items()}
    for name, rows in lists.items():
        for pair in zip(one._prefetched_objects_cache[name], rows, strict=True):
            same(*pair, known)
    for name, read in other._state.fields_cache.items():
        assert (one._state.fields_cache[name] is None) == (read is None)
        if read is not None and name not in lists:
            same(one._state.fields_cache[name], read, known)


def test_what_is_gathered_in_one_query_is_what_each_query_would_have_read():
    filled = set()
    for project in Project.objects.all():
        with one_page(), CaptureQueriesContext(connection) as asked:
            gathering.load(project)
            found = seen(("gathered", project.pk))
        assert len(asked) == 2
        for name, rows in found.items():
            alone = gathering.rows_of(name, [project])
            assert [row.pk for row in rows] == [row.pk for row in alone], name
            for pair in zip(rows, alone, strict=True):
                same(*pair)
            filled |= {name} if alone else set()
    assert filled >= RICH


def test_the_cockpit_of_a_rich_city_stays_under_twenty_queries_and_its_lists_cost_as_the_work_list():
    """Everything that runs is late: reviews, corrections, pauses, utilities, conditional permits; nothing is kept."""
    open_cases = MatterCase.objects.open()
    kinds = set(open_cases.values_list("handling", "state"))
    assert {("review", "in_review"), ("review", "correcting"), ("review", "suspended"), ("utility", "in_review")} <= kinds
    assert all(rows.exists() for rows in (ChaseSlip.objects.open(), Escalation.objects, ConditionalPermit.objects, MajorProject.objects))
    long_ago = timing.today() - dt.timedelta(days=30)
    open_cases.update(due_on=long_ago, yellow_on=long_ago)
    costs = {}
    for name in ("director", "office"):
        client = Client()
        client.force_login(User.objects.get(username=name))
        page = reverse("agency:cockpit")
        lists = ["/desk/", f"{page}lists/cases/?tab=red", f"{page}lists/waits/?who=牵头部门", f"{page}lists/tasks/?tab=late"]
        for address in (page, *lists):
            memo.forget_all()
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code in (200, 403)
            costs[name, address] = len([one for one in asked if "SAVEPOINT" not in one["sql"]])
    assert {place: cost for place, cost in costs.items() if cost >= 20} == {}, costs
