"""Somebody with a browser, for the benchmark: one kept connection to our own server, cookies, a form's token."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
OK, FOUND = 200, 302
#: The server keeps a connection for 75 seconds; after so many a new one is made.
IDLE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    body: bytes
    seconds: float
    queries: int
    location: str

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Visitor:
    """One person at one browser; only the machine's own address is ever asked."""

    def __init__(self, port: int) -> None:
        """Connect to a port of this machine."""
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.used = time.monotonic()

    def ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Send a request, read the answer to its end, keep its cookies."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.monotonic() - self.used > IDLE:
            self.wire.close()
        started = time.perf_counter()
        self.wire.request(method, path, body, headers)
        response = self.wire.getresponse()
        content = response.read()
        seconds = time.perf_counter() - started
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.used = time.monotonic()
        queries = int(response.headers.get("X-Queries", "0"))
        return Answer(response.status, content, seconds, queries, response.headers.get("Location") or "")

    def get(self, path: str) -> Answer:
        """Fetch a page; anything but a page is an error."""
        answer = self.ask("GET", path)
        if answer.status != OK:
            raise RuntimeError(f"GET {path}: {answer.status} {answer.location}")
        return answer

    def token_of(self, path: str) -> str:
        """Return the token of the forms on a page."""
        found = TOKEN.search(self.get(path).text)
        if found is None:
            raise RuntimeError(f"no form on {path}")
        return found[1]

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form; anything but the way on to the next page is an error."""
        answer = self.ask("POST", path, fields)
        if answer.status not in {OK, FOUND}:
            raise RuntimeError(f"POST {path}: {answer.status}\n{answer.text[:2000]}")
        return answer

    def sign_in(self, username: str, password: str) -> None:
        """Sign in through the page."""
        token = self.token_of("/login/")
        fields = {"csrfmiddlewaretoken": token, "username": username, "password": password}
        answer = self.post("/login/", fields)
        if answer.status != FOUND:
            raise RuntimeError(f"{username} cannot sign in")
