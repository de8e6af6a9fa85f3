"""On a small city every measured page keeps its number of queries and its size; the bench tells what it misses."""

import pytest
from django.test import Client

from archives.models import QrToken
from gaige.scale import bench, pages, transitions
from gaige.scale.figures import Figure, Subject, figure_of, same_at_both_sizes, table
from gaige.scale.synthesize import synthesize
from gaige.scale.visitor import TOKEN, Answer
from packages.models import MatterCase
from projects import memo
from projects.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
#: Statements of a step, once its process has sent it before.
STATEMENTS = {
    "registering a project": 20, "receiving an application": 23, "accepting a case": 17,
    "telling faults (补全告知)": 22, "deciding a case": 24, "delivering a certificate": 17,
    "work list right after accepting": 12,
}
LISTS = [(name, path) for _, name, path in pages.LISTS]


@pytest.fixture(scope="module")
def city(module_database):
    """A small city."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gaige.scale.synthesize.FIRM_COUNT", 20)
        synthesize(projects=300, cases=1000, tell=lambda _: None)


@pytest.fixture
def ask(city, settings):
    """Return a function that asks for a page as somebody and returns the answer with its number of queries."""
    settings.ROOT_URLCONF = "gaige.scale.urls"
    settings.MIDDLEWARE = ["gaige.scale.middleware.count_queries", *settings.MIDDLEWARE]
    settings.PUBLIC_RATE_PER_MINUTE = 0
    clients = {}

    def ask(name, path, *, cold=False):
        if name not in clients:
            clients[name] = Client()
            if name:
                clients[name].force_login(User.objects.get(username=name), "django.contrib.auth.backends.ModelBackend")
        for _ in range(2):
            clients[name].get(path)
        if cold:
            memo.forget_all()
        response = clients[name].get(path)
        assert response.status_code == 200
        return Answer(200, response.content, 0.1, int(response["X-Queries"]), "")

    return ask


def test_pages_keep_their_promises(ask):
    lists = {
        (name, path): [ask(name, f"{path}size={size}") for size in (20, 100)]
        for name, path in LISTS
    }
    for page, (small, large) in lists.items():
        assert small.queries == large.queries <= pages.LIST_QUERIES, page
        assert small.body.count(b"<tr") < large.body.count(b"<tr"), page
    whole = MatterCase.objects.filter(state="draft").order_by("pk")[0].project
    owner = User.objects.filter(memberships__organisation=whole.owner).order_by("pk")[0].username
    for name in ("clerk", "agent", "director", owner):
        assert ask(name, f"/projects/{whole.pk}/", cold=True).queries <= pages.PROJECT_QUERIES, name
    public = ask("", f"/q/{QrToken.objects.get(project=whole).token}/")
    assert public.queries <= pages.PUBLIC_QUERIES
    assert len(public.body) < pages.PUBLIC_BYTES
    assert b"<script" not in public.body


def test_the_cockpit_counts_a_city_in_its_queries(ask):
    for name in ("director", "office"):
        assert ask(name, "/cockpit/", cold=True).queries <= pages.COCKPIT_QUERIES, name


def test_lists_of_a_process_that_has_just_started(ask):
    """Nothing is kept yet: options, counters and lines are read, still in a fixed number of queries."""
    for name, path in LISTS:
        for size in (20, 100):
            assert ask(name, f"{path}size={size}", cold=True).queries <= pages.LIST_QUERIES, (path, size)


def test_bare_pages_write_what_they_are_asked(ask):
    for rows, size in ((20, 20_000), (100, 70_000), (1, 9000)):
        answer = ask("clerk", f"/bare/page/?rows={rows}&bytes={size}")
        assert (answer.body.count(b"<tr"), answer.queries) == (rows, 3)
        assert abs(len(answer.body) - size) < 25 * rows + 300


def of(seconds, queries=5, body=b"x"):
    return Answer(200, body, seconds, queries, "")


def test_what_is_missed_is_told():
    subject = Subject("list", None, None, most_queries=15, most_ratio=3.0, most_bytes=100)
    subject.answers = [of(0.4, 16, b"<script>" + b"x" * 200), of(0.2, 15), of(0.3, 15)]
    subject.bare_answers = [of(0.1), of(0.1), of(0.3)]
    figure = figure_of(subject)
    assert (round(figure.real_ms), round(figure.bare_ms), figure.queries) == (300, 100, 16)
    assert [str(one) for one in figure.promises] == [
        "FAIL list: 16 queries, promised 15",
        "FAIL list: 3.00 times the bare one, promised under 3",
        "FAIL list: 0.2 KB, promised under 0",
        "FAIL list: without a script",
    ]
    kept = Subject("list", None, None, most_queries=15, most_ratio=3.0, most_bytes=100)
    kept.answers, kept.bare_answers = [of(0.2)], [of(0.1)]
    assert [str(one) for one in figure_of(kept).promises] == [
        "PASS list: 5 queries, promised 15",
        "PASS list: 2.00 times the bare one, promised under 3",
        "PASS list: 0.0 KB, promised under 0",
        "PASS list: without a script",
    ]


def test_lists_are_compared_at_both_sizes():
    def figure(name, usual):
        return Figure(name, 2, 1, usual, usual, 1, ())

    figures = [figure("a, 20 rows", 7), figure("a, 100 rows", 8), figure("b, 20 rows", 7), figure("b, 100 rows", 7)]
    assert [str(one) for one in same_at_both_sizes(figures)] == [
        "FAIL a, 20 rows: 7 queries, 8 at 100 rows", "PASS b, 20 rows: 7 queries, 7 at 100 rows",
    ]
    assert table(figures[:1]).splitlines()[2] == "| a, 20 rows | 2.0 | 1.0 | 2.00 | 7 | 1.0 |"


def test_figures_go_between_their_marks(tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(bench, "DOCUMENT", document)
    bench.write_down("new", "figures")
    kept = document.read_text(encoding="utf-8")
    assert kept == "before\n<!-- figures -->\nnew\n<!-- end of figures -->\nafter\n"


class Browser:
    """Somebody of the city with a browser, who sends forms as the benchmark's visitors do."""

    def __init__(self, name):
        self.client = Client()
        self.client.force_login(User.objects.get(username=name), "django.contrib.auth.backends.ModelBackend")

    def get(self, path):
        return self._answer(self.client.get(path))

    def post(self, path, fields):
        return self._answer(self.client.post(path, fields))

    def token_of(self, path):
        return TOKEN.search(self.get(path).text)[1]

    def _answer(self, got):
        return Answer(got.status_code, got.content, 0.1, int(got["X-Queries"]), got.headers.get("Location") or "")


def test_steps_keep_to_few_statements(ask):
    """A step on a case sends so few statements that it stays within three bare writes."""
    people = {name: Browser(name) for name in ("clerk", transitions.CHIEF)}
    sent = {one.name: (one.real(), one.real().queries)[1] for one in transitions.writes(people, 1)}
    assert {name: count for name, count in sent.items() if count > STATEMENTS[name]} == {}
