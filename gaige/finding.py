"""The scan field: what a person typed, pasted or scanned, and where it leads. Only what the asker may see is found."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ValidationError
from django.db.models import Q

from archives.codewords import ALPHABET, CHECK_LENGTH, plain
from archives.models import Paper, QrToken
from archives.states import TokenState
from gaige.links import address
from packages.models import Application, MatterCase
from projects.codes import clean_project_code, is_local_code, normalise_project_code, normalise_uscc, validate_uscc
from projects.models import Party, Project
from projects.queries import find_projects

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from projects.models import User

    Person = User | AnonymousUser

MOST = 20
LONGEST = 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_QR_PATH = re.compile(r"/q/([A-Za-z0-9_-]{22})/?$", re.IGNORECASE)
#: What a person meant when it did not lead anywhere: only digits and dashes, the length of a credit code, an address.
_CODE_LIKE, _USCC_LIKE = re.compile(r"[\d-]{12,40}"), re.compile(r"(?=.*[A-Z])(?=.*\d)[0-9A-Z]{17,19}")
_BRACKETS = str.maketrans("[](){}【】", "〔〕〔〕〔〕〔〕")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text leads: one page, or a list of projects; `sentence` says what was wrong with a code."""

    url: str = ""
    rows: list[Project] = field(default_factory=list)
    sentence: str = ""
    code: str = ""


def find(user: Person, text: str) -> Found:
    """Return what a text leads to: QR code, project code, paper, filing number, credit code; else projects by name.

    What the asker may not see answers exactly as what does not exist.
    """
    mended = unicodedata.normalize("NFKC", text)[:LONGEST]
    text = "".join(letter for letter in mended if letter.isprintable()).strip()
    if not text:
        return Found()
    for look in (_by_token, _by_code, _by_paper, _by_number, _by_check_code):
        if url := look(user, text):
            return Found(url)
    if not user.is_authenticated:
        return Found()
    seen = Project.objects.visible_to(user).select_related("owner").order_by("-pk")
    if (rows := _by_credit_code(seen, text)) is not None:
        return _of_firm(rows)
    rows = list(find_projects(seen, text)[:MOST])
    return Found(rows=rows) if rows else _nothing(text)


def _by_credit_code(seen: QuerySet[Project], text: str) -> list[Project] | None:
    """The projects of the firm with this credit code, whatever its part; None when the text is no credit code."""
    code = normalise_uscc(text)
    try:
        validate_uscc(code)
    except ValidationError:
        return None
    firms = Party.objects.filter(organisation__uscc=code).values("project_id")
    return list(seen.filter(Q(owner__uscc=code) | Q(pk__in=firms))[:MOST])


def _of_firm(rows: list[Project]) -> Found:
    if len(rows) == 1:
        return Found(address("projects:detail", rows[0].pk))
    return Found(rows=rows, sentence="" if rows else "这个统一社会信用代码名下没有您能看到的项目。可以改输项目代码。")


def _nothing(text: str) -> Found:
    """Nothing was found: say what was wrong with what looks like a code."""
    if _QR_PATH.search(urlsplit(text).path if "/" in text else "") or (_TOKEN.fullmatch(text) and not text.isdigit()):
        return Found(sentence="没有这个项目码，可能已换码。请扫新卡，或输入卡上的项目代码。")
    if "://" in text:
        return Found(sentence="扫到的不是本平台的码。请扫项目卡或文书上的码，或输入项目代码。")
    code, firm = normalise_project_code(text), normalise_uscc(text)
    if is_local_code(code):
        return Found(sentence=f"没有登记过 {code}，或不在您的权限内。")
    try:
        if _CODE_LIKE.fullmatch(code):
            return Found(sentence=f"{clean_project_code(code)} 还没有登记，或不在您的权限内。", code=code)
        if _USCC_LIKE.fullmatch(firm):
            validate_uscc(firm)
    except ValidationError as error:
        return Found(sentence="".join(error.messages))
    return Found()


def _by_token(user: Person, text: str) -> str:
    """A scanner types the whole address of the code; the token alone will do, also in the wrong case from Caps Lock."""
    match = _QR_PATH.search(urlsplit(text).path if "/" in text else "")
    if match is None and not (_TOKEN.fullmatch(text) and not text.isdigit()):
        return ""
    token = match[1] if match else text
    row = QrToken.objects.filter(token=token).only("project_id", "token").first()
    if row is None and user.is_authenticated:
        row = QrToken.objects.filter(token__iexact=token).only("project_id", "token").first()
    if row is None:
        return ""
    seen = Project.objects.visible_to(user).filter(pk=row.project_id).exists()
    return address("projects:detail", row.project_id) if seen else address("archives:public", row.token)


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


def _by_check_code(user: Person, text: str) -> str:
    """The 校验码 below a project's code: six letters that are no key, so only among what the person may see."""
    code = plain(text)
    if not user.is_authenticated or len(code) != CHECK_LENGTH or not set(code) <= set(ALPHABET):
        return ""
    seen = Project.objects.visible_to(user).filter(qr_tokens__check_code=code, qr_tokens__state=TokenState.ACTIVE)
    found = list(seen.order_by("pk").values_list("pk", flat=True)[:2])
    return address("projects:detail", found[0]) if len(found) == 1 else ""


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
