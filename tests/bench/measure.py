"""Measures real and bare requests turn by turn over kept connections, so that both see the same machine."""

import html
import http.client
import statistics
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import import_module
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext


@dataclass
class Answer:
    """What came back, and how long it took."""

    status: int
    body: bytes
    seconds: float
    location: str = ""


class Fields(HTMLParser):
    """The fields of the form that posts to where the page is (or the first that posts)."""

    def __init__(self):
        super().__init__()
        self.values, self.form, self.name, self.area = [], None, None, ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form" and given.get("method", "").lower() == "post" and "logout" not in given.get("action", ""):
            self.form = given
        if self.form is None or ("name" not in given and tag != "option"):
            return
        if tag == "input" and given.get("type") not in {"submit", "file", "button"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self.values.append((given["name"], given.get("value", "on" if given.get("type") == "checkbox" else "")))
        elif tag in {"select", "textarea"}:
            self.name, self.area = given["name"], tag
        elif tag == "option" and self.name and "selected" in given:
            self.values.append((self.name, given.get("value", "")))

    def handle_endtag(self, tag):
        if tag in {"select", "textarea"}:
            self.name = None


class Visitor:
    """Somebody with a browser: one kept connection, a session when signed in."""

    def __init__(self, base, user=None):
        self.address = urlsplit(base)
        self.user = user
        self.wire = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        self.cookies = {}
        request = RequestFactory().get("/")
        self.token = get_token(request)
        self.cookies[settings.CSRF_COOKIE_NAME] = request.META["CSRF_COOKIE"]
        if user is not None:
            session = import_module(settings.SESSION_ENGINE).SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            self.cookies[settings.SESSION_COOKIE_NAME] = session.session_key

    def ask(self, method, path, data=None):
        """Send a request and read the answer to its end."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if data is not None:
            body = urlencode([*data, ("csrfmiddlewaretoken", self.token)])
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.perf_counter()
        self.wire.request(method, path, body, headers)
        response = self.wire.getresponse()
        content = response.read()
        return Answer(response.status, content, time.perf_counter() - started, response.headers.get("Location") or "")

    def get(self, path):
        """Fetch a page."""
        return self.ask("GET", path)

    def post(self, path, data):
        """Send a form."""
        return self.ask("POST", path, data)

    def filled(self, path, **values):
        """Return the fields of the form on a page, with ``values`` in place of what stands there."""
        fields = Fields()
        fields.feed(html.unescape(self.get(path).body.decode()))
        kept = [pair for pair in fields.values if pair[0] not in values and pair[0] != "csrfmiddlewaretoken"]
        return [*kept, *values.items()]


def queries_of(path, user=None):
    """Return how many SQL queries a page takes, the second time it is asked for."""
    client = Client(headers={"host": "127.0.0.1"})
    if user is not None:
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(captured)


def turn_by_turn(real, bare, rounds):
    """Return the median seconds of ``real`` and ``bare``, called in turn ``rounds`` times after a warm-up."""
    for _ in range(min(5, rounds)):
        real(), bare()
    pairs = [(real(), bare()) for _ in range(rounds)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)
