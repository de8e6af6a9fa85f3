"""From the row of a paper to its HTML and its PDF. Reads only what was frozen when the paper was issued.

WeasyPrint is imported here and only when a PDF is wanted (the import costs a second). The renderer loads nothing from
outside: fonts come from the installed package, style from `static/css/paper.css`, the QR code is part of the page.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
import threading
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import select_template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from archives import cff, codewords, fonts, qr
from archives.paper_kinds import LEGAL_NOTICES
from archives.states import PaperState
from projects import timing

if TYPE_CHECKING:
    from django.http import HttpRequest

    from archives.models import Paper

GIST = (("project", "项目"), ("what", "什么事"), ("do", "您要做"), ("when", "什么时候"))
#: Small cards below the large one on the sheet of the project card.
SMALL_CARDS = 4
CARD_LABEL = "项目码，扫码看进度"
STYLES = ("css/paper.css", "css/paper-card.css", "css/paper-plan.css", "css/paper-volume.css", "css/paper-code.css",
          "css/paper-bulletin.css")
#: Papers of a fixed number of pages: how many, and the ways to set them, each closer than the one before it. The
#: renderer begins with the second; a paper that would be shorter is set apart, one that would be longer closer.
SHEETS: dict[str, tuple[int, tuple[str, ...]]] = {
    "bulletin": (4, ("apart", "even", "plain", "close", "closer", "tight")),
}
INNER_STYLE = re.compile(r"<style>[^<]*</style>")
DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)
#: Archive copies are PDF/A-2u.
OPTIONS = {"pdf_variant": "pdf/a-2u"}
WRITTEN = OPTIONS | {"finisher": cff.finish}
STAMPS = {PaperState.REPLACED: "已换发", PaperState.REVOKED: "已撤销"}
#: The renderer tells every step; only what is wrong is worth a line.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
logging.getLogger("weasyprint").setLevel(logging.ERROR)
_one_at_a_time = threading.Lock()


def content_digest(paper: Paper) -> str:
    """Return the SHA-256 of what the paper says: number, title and frozen content. It can be printed on the paper."""
    said = {"number": paper.number, "title": paper.title, "content": paper.content}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def short_digest(digest: str) -> str:
    """Return the first and last figures of a hash as people compare them: 8c41 7be0 … 5d92."""
    return f"{digest[:4]} {digest[4:8]} … {digest[-4:]}" if digest else ""


def verify_address(code: str) -> str:
    """Return the public address at which a paper with this code is verified."""
    return f"{settings.SITE_URL}/verify/?code={code}"


def context_of(paper: Paper, *, for_pdf: bool) -> dict[str, Any]:
    """Return what the templates under `templates/papers/` need. A stamp is on screen only: the PDF never changes."""
    content = paper.content
    frozen = content.get("frozen", {})
    gist, words = content.get("gist") or {}, content.get("gist_words") or {}
    card = content.get("card")
    return {
        "paper": paper,
        "content": content,
        "card": card,
        "card_qr": qr.svg(card["url"], level="Q", label=CARD_LABEL, size=300) if card else "",
        "for_pdf": for_pdf,
        "issuer": _head(content) or frozen.get("issuer") or paper.issuer.name,
        "number": paper.number,
        "name": paper.title,
        "gist": [(words.get(key, label), gist[key]) for key, label in GIST if gist.get(key)],
        "addressee": content.get("addressee", ""),
        "signed_on": _signed_on(paper),
        "qr_svg": qr.svg(verify_address(paper.verify_code), label="文书验真码", size=76),
        "verify_code": codewords.grouped(paper.verify_code),
        "verify_facts": [tuple(pair) for pair in content.get("facts", ())],
        "verify_url": f"{settings.SITE_URL}/verify/",
        "digest": short_digest(content_digest(paper)),
        "status": "" if for_pdf else STAMPS.get(PaperState(paper.state), ""),
        "tables": _tables(content),
        "sections": [_section(section) for section in content.get("sections", ())],
        "legal": _legal(content),
        "card_places": range(SMALL_CARDS),
        "drawings": drawings_of(content.get("drawing", ""), for_pdf=for_pdf),
        "narrow": "" if for_pdf else drawing(content.get("narrow", "")),
        "sign_qr": qr.svg(signing_address(paper), label="签收码", size=120) if paper.kind in LEGAL_NOTICES else "",
    }


def drawing(svg: str, *, for_pdf: bool = False) -> SafeString:
    """Return a frozen drawing of ours; on a page its colours come from the page's style sheet, not from itself."""
    return mark_safe(svg if for_pdf else INNER_STYLE.sub("", svg))  # noqa: S308 - drawn and escaped by this portal


def drawings_of(svg: str, *, for_pdf: bool = True) -> list[SafeString]:
    """Return the drawings of a paper one by one: a large one takes several sheets."""
    return [drawing(one, for_pdf=for_pdf) for one in DRAWING.findall(svg)]


def signing_address(paper: Paper) -> str:
    """Return the address at which the addressee signs for a paper; its people scan it."""
    return f"{settings.SITE_URL}{reverse('archives:sign', args=[paper.pk])}"


#: Forms in which the code is printed beside the numbered card: its name and how many stand on a sheet.
CODE_FORMS = {"fence": ("围挡牌（A3）", 1), "sheet": ("档案首页（A4）", 1), "sticker": ("贴纸（A4，14 枚）", 14)}


def code_pdf(paper: Paper, form: str) -> bytes:
    """Return the code of a card in one of its forms, from what the numbered card froze."""
    card = paper.content["card"]
    context = context_of(paper, for_pdf=True) | {
        "big_qr": qr.svg(card["url"], level="H", label=CARD_LABEL, size=400),
        "small_qr": qr.svg(card["url"], level="M", label=CARD_LABEL, size=140),
        "places": range(CODE_FORMS[form][1]),
    }
    return sheet_pdf(f"archives/code_{form}.html", context)


def _head(content: dict[str, Any]) -> str:
    """Return whose paper it is where the enterprise promises something; else an empty text."""
    return "、".join(one["body"] for one in content.get("promisers", ()))


def _signed_on(paper: Paper) -> dt.date:
    given = paper.content.get("signed_on")
    return dt.date.fromisoformat(given) if given else timing.business_day(paper.issued_at)


def _legal(content: dict[str, Any]) -> list[str]:
    """Return the legal ground: bare citations as one sentence, whole sentences as they are."""
    given = [str(text).strip() for text in content.get("legal", ()) if str(text).strip()]
    if given and not any(text.endswith("。") for text in given):
        return [f"依据：{'、'.join(given)}。"]
    return given


def _section(section: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": section.get("title", ""),
        "paragraphs": section.get("paragraphs", ()),
        "tables": _tables(section),
    }


def _tables(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the one table and the further ones as caption, head, and rows of (text, is it a number)."""
    given = [content["table"]] if content.get("table") else []
    return [shape_table(table) for table in [*given, *content.get("tables", ())]]


def shape_table(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table with a flag per column that says whether it holds numbers only, so that they align."""
    rows = [[_text(cell) for cell in row] for row in table.get("rows", ())]
    head = [_text(cell) for cell in table.get("head", ())]
    wide = max((len(row) for row in [head, *rows]), default=0)
    numeric = [
        any(len(row) > at and row[at] for row in rows)
        and all(len(row) <= at or _is_number(row[at]) for row in rows)
        for at in range(wide)
    ]
    return {
        "caption": table.get("caption", ""),
        "head": list(zip(head, numeric, strict=False)),
        "rows": [list(zip(row, numeric, strict=False)) for row in rows],
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text in ("", "—") or text.replace(",", "").replace(".", "", 1).removesuffix("%").lstrip("+-").isdigit()


def html_of(paper: Paper, *, request: HttpRequest | None = None, extra: dict[str, Any] | None = None) -> str:
    """Return the paper as HTML: a document for the renderer, or for a request a page of the portal."""
    template = select_template([f"papers/{paper.kind}.html", "papers/notice.html"])
    html: str = template.render(context_of(paper, for_pdf=request is None) | (extra or {}), request)
    return html


def pdf_of(paper: Paper) -> bytes:
    """Return the paper as PDF/A-2u, on one page (or those of `SHEETS`) when setting it closer makes that possible.

    One at a time per process: the font library keeps state of its own.
    """
    with _one_at_a_time:
        return _written(_fitted(str(paper.kind), lambda extra: html_of(paper, extra=extra)))


def draft_pdf(kind: str, context: dict[str, Any]) -> bytes:
    """Return a paper that is not issued yet as PDF/A-2u, set as it will be."""
    template = select_template([f"papers/{kind}.html"])
    with _one_at_a_time:
        return _written(_fitted(kind, lambda extra: str(template.render(context | extra))))


def _fitted(kind: str, render: Callable[[dict[str, Any]], str]) -> Any:
    """Return a paper laid out on as many pages as its kind has, however much it says."""
    pages, ways = SHEETS.get(kind, (1, ()))
    if not ways:
        laid_out = lay_out(render({}))
        if len(laid_out.pages) > pages:
            closer = lay_out(render({"dense": True}))
            laid_out = closer if len(closer.pages) == pages else laid_out
        return laid_out
    apart, *rest = ways
    for way in rest:
        laid_out = lay_out(render({"setting": way}))
        if len(laid_out.pages) <= pages:
            break
    if len(laid_out.pages) < pages:
        looser = lay_out(render({"setting": apart}))
        laid_out = looser if len(looser.pages) <= pages else laid_out
    return laid_out


def _written(laid_out: Any) -> bytes:
    with warnings.catch_warnings():
        # the renderer leaves its colour profile to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        data: bytes = laid_out.write_pdf(**WRITTEN)
    return data


def sheet_pdf(template: str, context: dict[str, Any]) -> bytes:
    """Return a drawing or list that is no official paper by itself as PDF/A-2u, in the fonts and style of papers."""
    return html_pdf(select_template([template]).render(context))


def html_pdf(html: str) -> bytes:
    """Return an HTML document as PDF/A-2u, in the fonts and style of papers; one at a time per process."""
    with _one_at_a_time:
        return _written(lay_out(html))


def lay_out(html: str) -> Any:
    """Return an HTML document laid out in pages with the fonts and the style of the papers."""
    fonts.prepare()
    import weasyprint

    source = weasyprint.HTML(string=html, url_fetcher=_closed_fetcher())
    return source.render(stylesheets=[_parsed_style()], font_config=_font_configuration(), **OPTIONS)


@lru_cache(maxsize=1)
def _font_configuration() -> Any:
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


@lru_cache(maxsize=1)
def _closed_fetcher() -> Any:
    """Return a fetcher that loads nothing: a paper is complete in itself."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=["data"])


@lru_cache(maxsize=1)
def _parsed_style() -> Any:
    """Return the style of the papers as the renderer reads it: once a process, for it takes as long as a page."""
    import weasyprint

    return weasyprint.CSS(string=_style(), font_config=_font_configuration())


@lru_cache(maxsize=1)
def _style() -> str:
    return "\n".join(_sheet(name) for name in STYLES)


def _sheet(name: str) -> str:
    path = finders.find(name)
    found = Path(path) if isinstance(path, str) else Path(settings.STATIC_ROOT) / name
    return found.read_text(encoding="utf-8")
