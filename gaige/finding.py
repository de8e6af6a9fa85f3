"""The scan field: what a person typed, pasted or scanned, and where it leads. Only what the asker may see is found."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from django.db.models import Q

from archives.codewords import plain
from archives.models import Paper, QrToken
from archives.states import TokenState
from gaige.links import address
from packages.models import Application, MatterCase
from projects.codes import normalise_project_code
from projects.models import Project
from projects.queries import find_projects

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

MOST = 20
LONGEST = 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_QR_PATH = re.compile(r"/q/([A-Za-z0-9_-]{22})/?$")
_BRACKETS = str.maketrans("[](){}【】", "〔〕〔〕〔〕〔〕")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text leads: one page, or a list of projects."""

    url: str = ""
    rows: list[Project] = field(default_factory=list)


def find(user: Person, text: str) -> Found:
    """Return what a text leads to: QR code, project code, paper, filing number; else projects by name.

    What the asker may not see answers exactly as what does not exist.
    """
    mended = unicodedata.normalize("NFKC", text)[:LONGEST]
    text = "".join(letter for letter in mended if letter.isprintable()).strip()
    if not text:
        return Found()
    for look in (_by_token, _by_code, _by_paper, _by_number):
        if url := look(user, text):
            return Found(url)
    if not user.is_authenticated:
        return Found()
    rows = find_projects(Project.objects.visible_to(user), text).select_related("owner").order_by("-pk")
    return Found(rows=list(rows[:MOST]))


def _by_token(user: Person, text: str) -> str:
    """A scanner types the whole address of the code; the token alone will do."""
    match = _QR_PATH.search(urlsplit(text).path if "/" in text else "")
    if match is None and not (_TOKEN.fullmatch(text) and not text.isdigit()):
        return ""
    token = match[1] if match else text
    row = QrToken.objects.filter(token=token).only("project_id").first()
    if row is None:
        return ""
    seen = Project.objects.visible_to(user).filter(pk=row.project_id).exists()
    return address("projects:detail", row.project_id) if seen else address("archives:public", token)


def _by_code(user: Person, text: str) -> str:
    code = normalise_project_code(text)
    if len(code) < len("L140581-0000012-1"):
        return ""
    same = Q(code=code) | Q(local_code=code)
    if user.is_authenticated:
        project = Project.objects.visible_to(user).filter(same).only("pk").first()
        return address("projects:detail", project.pk) if project else ""
    token = QrToken.objects.filter(
        Q(project__code=code) | Q(project__local_code=code), state=TokenState.ACTIVE
    ).values_list("token", flat=True).first()
    return address("archives:public", token) if token else ""


def _by_paper(user: Person, text: str) -> str:
    """A number printed on a paper, or its verification code, also as the scanned address of the verification page."""
    given = parse_qs(urlsplit(text).query).get("code", [text])[0] if "/verify/" in text else text
    wanted = Q(number=text.translate(_BRACKETS)) | Q(verify_code=plain(given))
    paper = Paper.objects.visible_to(user).filter(wanted).only("pk").first() if user.is_authenticated else None
    if paper is not None:
        return address("archives:paper", paper.pk)
    if Paper.objects.filter(verify_code=plain(given)).exists():
        return f"{address('archives:verify')}?code={plain(given)}"
    return ""


def _by_number(user: Person, text: str) -> str:
    """办件流水号 of an application, or the number of one case."""
    if not user.is_authenticated:
        return ""
    number = text.upper().replace(" ", "")
    case = MatterCase.objects.visible_to(user).filter(number=number).only("pk").first()
    if case is not None:
        return address("packages:case", case.pk)
    application = Application.objects.visible_to(user).filter(number=number).only("pk").first()
    return address("packages:application", application.pk) if application is not None else ""
