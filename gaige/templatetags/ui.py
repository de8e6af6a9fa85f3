"""Components of the look, as template tags. They take plain data and never ask the database.

Data may be objects with the attributes named in each docstring or mappings with the same keys. What stands in every
row of a list (chip, light, clock) is put together in Python, since a template per cell would cost more than the row;
the others have their template in ``templates/ui/``. ``docs/components.md`` lists them, ``/styleguide/`` shows them.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from gaige.templatetags import dates, ui_fields, ui_lists
from gaige.templatetags.plain import get
from projects.quoting import quoted

register = template.Library()

register.filter("day", dates.day)
register.filter("day_cn", dates.day_cn)
register.filter("day_full", dates.day_full)
register.filter("moment", dates.moment)
register.filter("clock_time", dates.clock_time)
register.filter("num", dates.number)
register.filter("dash", dates.dash)
register.filter("quoted", quoted)
register.simple_tag(dates.now_line, name="now_line")
register.tags.update(ui_lists.register.tags)
register.tags.update(ui_fields.register.tags)

#: Tone of each state word of the glossary; a word that is not listed is plain.
TONES: dict[str, str] = {
    **dict.fromkeys(("已受理", "部门办理中", "进行中", "在办"), "act"),
    **dict.fromkeys(("待补全", "待补正", "待补充", "待企业", "待整改"), "warn"),
    **dict.fromkeys(("容缺通过", "超时默认", "即将到期", "有条件同意"), "warn"),
    **dict.fromkeys(("办结通过", "即办", "同意", "已有，免提交", "校验一致", "已完成"), "good"),
    **dict.fromkeys(("已超时", "不受理", "不予受理", "不予许可", "不予备案", "不同意", "已撤回", "已撤销"), "bad"),
    **dict.fromkeys(("审查中", "已改待核", "待抽查"), "act"),
    **dict.fromkeys(("待上传图纸", "待签承诺", "承诺后修改", "待签质量承诺"), "warn"),
    **dict.fromkeys(("合格", "已承诺，免于审查", "抽查合格", "已一次出件"), "good"),
    **dict.fromkeys(("退回修改", "待修改", "抽查不合格"), "bad"),
    **dict.fromkeys(("检查中", "待复核", "信用修复审核中", "已陈述申辩"), "act"),
    **dict.fromkeys(("限期整改", "拟列入", "异议核查中", "有问题"), "warn"),
    **dict.fromkeys(("已闭合", "已填写", "守信"), "good"),
    **dict.fromkeys(("升级", "未到场", "停工", "移送执法", "已列入", "失信"), "bad"),
    **dict.fromkeys(("特别程序(时限暂停)", "未开始", "已撤件"), "none"),
    **dict.fromkeys(("已申请",), "act"),
    **dict.fromkeys(("待接", "等企业", "等部门", "待签订", "待答复", "待签收"), "warn"),
    **dict.fromkeys(("已签订", "已决定"), "good"),
    **dict.fromkeys(("已升级", "已上报"), "bad"),
    **dict.fromkeys(("已终止", "未签订", "已作废"), "none"),
    **dict.fromkeys(("待回复", "未确认"), "warn"),
    **dict.fromkeys(("已回复", "待发送", "发送中"), "act"),
    **dict.fromkeys(("已销号", "已送出"), "good"),
    **dict.fromkeys(("履约中", "待核查"), "act"),
    **dict.fromkeys(("未送达", "违诺"), "bad"),
    "履约": "good",
}
LIGHTS = ("green", "yellow", "red", "grey")
#: Above so many working days a clock is one bar.
MOST_CELLS = 15
CELL, BAR_WIDTH = 11, 163
#: Length of 11-20; a longer one carries its year.
SHORT_DAY = 5
PROVISIONAL = "暂按法定节假日推算"
#: What is bold in a waiting sentence besides who and what.
DUE_WORDS = re.compile(
    r"今天 ?\d{1,2}:\d{2} ?到期|今[天日]到期|明天到期|超 ?\d+ ?天|(?:\d{4}年)?\d{1,2}月\d{1,2}日 ?到期"
)
OWNERS = (
    ("government", "gov", "政府"),
    ("applicant", "ent", "企业"),
    ("special", "spc", "特别程序"),
    ("intermediary", "mdl", "中介"),
)


# Chip, light, clock


@register.simple_tag
def chip(word: Any, tone: str | None = None) -> SafeString:
    """Show a state word; ``tone`` is ``"" act warn good bad none``, by default that of the glossary."""
    tone = TONES.get(str(word), "") if tone is None else tone
    return format_html('<span class="chip"{}>{}</span>', format_html(' data-c="{}"', tone) if tone else "", word)


@register.simple_tag
def light(colour: str, words: str) -> SafeString:
    """Show shape and words; ``colour`` is ``green yellow red grey none``."""
    shape = colour if colour in LIGHTS else ""
    return format_html('<span class="light" data-l="{}"><span><b>{}</b></span></span>', shape, words)


def _cells(colour: str, used: int, limit: int) -> list[str]:
    """Return the class of each cell: used, yellow, finished, over, paused or empty."""
    if colour == "red":
        return ["f"] * limit + ["o"] * max(used - limit, 0)
    kind = {"yellow": "y", "none": ""}.get(colour, "u")
    return [kind] * min(used, limit) + ["p" if colour == "grey" else ""] * max(limit - used, 0)


def _rect(x: float, width: float, kind: str) -> str:
    """Return one rectangle of a clock."""
    css = f' class="{kind}"' if kind else ""
    return f'<rect x="{x:g}" y=".5" width="{width:g}" height="7"{css}/>'


def _bar(colour: str, used: int, limit: int) -> str:
    """Return the rectangles of one bar: the whole length, the used part, and what is beyond the limit."""
    part = round(BAR_WIDTH * min(used, limit) / max(used, limit), 1)
    out = _rect(0.5, BAR_WIDTH, "p" if colour == "grey" else "")
    if part:
        out += _rect(0.5, part, {"yellow": "y", "red": "f", "none": ""}.get(colour, "u"))
    return out + _rect(part + 0.5, round(BAR_WIDTH - part, 1), "o") if used > limit else out


@lru_cache(maxsize=1024)
def days_svg(colour: str, used: int, limit: int) -> SafeString:
    """Return the drawing of a clock: one cell per working day, one bar above 15, nothing for a limit of 0."""
    if limit <= 0:
        return SafeString("")
    cells = _cells(colour, used, limit)
    if len(cells) > MOST_CELLS:
        width, body = BAR_WIDTH + 1, _bar(colour, used, limit)
    else:
        width = CELL * len(cells) - 2
        body = "".join(_rect(CELL * n + 0.5, 8, kind) for n, kind in enumerate(cells))
    head = f'<svg class="days" width="{width}" height="8" viewBox="0 0 {width} 8" aria-hidden="true">'
    return mark_safe(f"{head}{body}</svg>")  # noqa: S308 - numbers and fixed words only


def _clock_title(data: Any) -> str:
    """Return what the drawing does not tell: the legal limit, the due date, whether it is provisional."""
    told = []
    if statutory := get(data, "statutory_limit"):
        told.append(f"法定时限 {statutory} 个工作日")
    if due := get(data, "due_on"):
        told.append(f"{dates.day_full(due)}到期")
    if get(data, "provisional", False):
        told.append(PROVISIONAL)
    return "，".join(told)


@register.simple_tag
def clock(data: Any, inline: bool = False, due: bool = False) -> SafeString:  # noqa: FBT001, FBT002 - template keywords
    """Show a clock: light and words above its cells, or ``3 / 5 日`` beside them (``inline``).

    ``data``: light, words (``剩 3 天``), used, limit (working days), due_on, provisional, statutory_limit. Remaining
    and paused are told by light and words. None shows a dash. ``due`` adds the due date as text. With ``clock_id`` the
    words lead to the page that says why it is this day.
    """
    if data is None:
        return SafeString('<span class="mute">—</span>')
    colour, used, limit = get(data, "light", "none"), get(data, "used", 0), get(data, "limit", 0)
    if inline and limit == 0:
        return SafeString('<span class="soft">即办</span>')
    drawing = days_svg(colour, int(used), int(limit))
    title = _clock_title(data)
    attribute = format_html(' title="{}"', title) if title else ""
    if inline:
        told = _why(get(data, "clock_id"), f"{used} / {limit} 日")
        return format_html('<span class="clock in"{}><span>{}</span>{}</span>', attribute, told, drawing)
    note = SafeString("")
    if due and get(data, "due_on"):
        provisional = f"，{PROVISIONAL}" if get(data, "provisional", False) else ""
        note = format_html('<small class="mute">{}到期{}</small>', dates.day_cn(get(data, "due_on")), provisional)
    return format_html(
        '<span class="clock"{}>{}{}{}</span>', attribute,
        _why(get(data, "clock_id"), light(colour, get(data, "words", ""))), drawing, note,
    )


def _why(clock_id: int | None, words: Any) -> Any:
    """Return the words as a link to the page that explains the clock, or as they are."""
    if not clock_id:
        return words
    url = reverse("projects:clock", args=[clock_id])
    return format_html('<a class="why-day" href="{}">{}<span class="vh">，为什么是这一天</span></a>', url, words)


@register.simple_tag
def due(day: Any, clock_id: int | None = None, style: str = "day") -> Any:
    """Show a due day that leads to the page "为什么是这一天"; ``style`` is ``day`` or ``day_cn``. None shows a dash."""
    if not day:
        return SafeString('<span class="mute">—</span>')
    return _why(clock_id, dates.day_cn(day) if style == "day_cn" else dates.day(day))


# Waiting sentence, stage chain, ledger


def _emphasise(sentence: str, terms: Iterable[str]) -> SafeString:
    """Return the sentence with who, what and the due words in bold; everything is escaped."""
    spans = [match.span() for match in DUE_WORDS.finditer(sentence)]
    for term in sorted({term for term in terms if term}, key=len, reverse=True):
        start = sentence.find(term)
        if start >= 0 and all(start >= stop or start + len(term) <= begin for begin, stop in spans):
            spans.append((start, start + len(term)))
    out, at = [], 0
    for begin, stop in sorted(spans):
        out += [conditional_escape(sentence[at:begin]), format_html("<b>{}</b>", sentence[begin:stop])]
        at = stop
    return mark_safe("".join([*out, conditional_escape(sentence[at:])]))  # noqa: S308 - parts are escaped above


def _short(sentence: str) -> str:
    """Return a waiting sentence as it stands after 同时在等: without its beginning and its full stop."""
    return sentence.removeprefix("正在等").strip().removesuffix("。")


def _waiting_facts(item: Any) -> list[tuple[str, Any]]:
    """Return since when, how long allowed and what happens by itself."""
    rows = []
    if since := get(item, "since"):
        rows.append(("从何时", dates.day_cn(since)))
    if (limit := get(item, "limit")) is not None:
        allowed = get(item, "limit_words") or (f"{limit} 个工作日" if limit else "当日")
        day = get(item, "due_on")
        why = _why(get(item, "clock_id"), f"{dates.day_cn(day)}到期") if day else ""
        rows.append(("限几日", format_html("{}，{}", allowed, why) if day else allowed))
    if auto := get(item, "auto"):
        rows.append(("到期自动", auto))
    return rows


def _public_facts(item: Any) -> list[tuple[str, str]]:
    """Return how long it has lasted and what comes at the limit; never a name."""
    due = f"，{dates.day_cn(get(item, 'due_on'))}到期" if get(item, "due_on") else ""
    rows = [("已等", f"{get(item, 'days', 0)} 个工作日{due}")] if get(item, "since") or get(item, "days") else []
    if auto := get(item, "auto"):
        rows.append(("到期后", auto))
    return rows


#: How many more a waiting sentence names openly; what goes beyond is folded.
ALSO = 3
#: What happens at the limit, as the public and as the office reads it.
AT_THE_END = ("到期后", "到期自动")


@register.inclusion_tag("ui/waiting.html")
def waiting(
    data: Any,
    public: bool = False,  # noqa: FBT001, FBT002
    extra: Sequence[tuple[str, Any]] = (),
    label: str = "在等谁",
    answers: Sequence[tuple[str, Any]] = (),
) -> dict[str, Any]:
    """Show who is waited for: one item or a list, the first large, the others under 同时在等. None shows nothing.

    An item: who, person, what, since, days, limit, due_on, auto, light, sentence, public_sentence. ``public`` names the
    role only. ``extra`` are more pairs (下一步, 大概何时). ``label`` tells two on one page apart. ``answers`` are pairs
    that say what the sentence would: who, since when, until when; they stand in its place.
    """
    items = [] if data is None else list(data) if isinstance(data, (list, tuple)) else [data]
    if not items:
        return {"item": None}
    first, others = items[0], items[1:]
    who, person, what = (str(get(first, name, "")) for name in ("who", "person", "what"))
    if public:
        sentence, rows = _emphasise(get(first, "public_sentence", ""), (who, what)), _public_facts(first)
        also = [_short(get(item, "public_sentence", "")) for item in others]
    else:
        terms = (f"{who} {person}", f"{who}{person}", who, person, what) if person else (who, what)
        sentence, rows = _emphasise(get(first, "sentence", ""), terms), _waiting_facts(first)
        also = [_short(get(item, "sentence", "")) for item in others]
    if answers:
        sentence, rows = SafeString(), [*answers, *(row for row in rows if row[0] in AT_THE_END)]
    colour = get(first, "light", "none")
    return {
        "item": first,
        "sentence": sentence,
        "light": colour if colour in LIGHTS else "",
        "rows": [*rows, *extra],
        "also": also[:ALSO],
        "also_more": also[ALSO:],
        "label": label,
        "is_column": public or bool(extra),
    }


@register.inclusion_tag("ui/stages.html")
def stages(data: Iterable[Any], num: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """Show the stage chain. A stage: name, note, state (``done now todo``), joints; a joint: name, fact, when, state.

    ``when`` is a date or text. ``num`` numbers the joints where the chain only explains.
    """
    return {"stages": data, "num": num}


@register.inclusion_tag("ui/ledger.html")
def ledger(data: Any, unit: str = "天") -> dict[str, Any]:
    """Show 时间账: government, applicant, special, intermediary in days. Zero leaves the bar, not the legend."""
    parts = [(css, label, int(get(data, name, 0))) for name, css, label in OWNERS]
    total = sum(days for _, _, days in parts)
    shown = [part for part in parts if part[2]]
    room = 1000.0 - 2 * (len(shown) - 1)
    rects, left = [], 0.0
    for css, _, days in shown:
        width = room * days / total
        rects.append((css, f"{left:.1f}", f"{width:.1f}"))
        left += width + 2
    return {"rects": rects, "parts": parts, "total": total, "unit": unit}


# Sheets, facts, lists


@register.simple_block_tag
def sheet(content: str, title: str = "", note: Any = "", **options: Any) -> SafeString:
    """Wrap a block in a sheet with its heading and one quiet fact or link.

    Options: ``link`` and ``link_text`` beside the note, ``pad`` for anything but a table, ``id``, ``tag`` (``section``,
    ``aside``), ``bad`` colours the heading (something is missing), ``label`` names a sheet without a title.
    """
    context = {"content": content, "title": title, "note": note, "tag": "section", **options}
    return render_to_string("ui/sheet.html", context)


@register.simple_block_tag
def page_head(content: str, title: str, sub: Any = "") -> SafeString:
    """Show the head of a page: the one ``h1``, a line below it, and the block as its actions at the right."""
    return render_to_string("ui/page_head.html", {"content": SafeString(content.strip()), "title": title, "sub": sub})


@register.inclusion_tag("ui/facts.html")
def facts(pairs: Iterable[tuple[str, Any]], pad: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """Show pairs of term and value; a pair without value is left out."""
    return {"pairs": [(term, value) for term, value in pairs if value not in (None, "")], "pad": pad}


@register.inclusion_tag("ui/timeline.html")
def timeline(entries: Iterable[Any], cols: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """Show what happened, newest first. An entry: on (date, datetime), title (bold noun), text, who, kind, url.

    ``kind``: ``big`` a paper came out, ``now`` running, else plain. ``cols`` makes two columns on a desktop.
    """
    rows = list(entries)
    years = any(len(dates.day(get(row, "on"))) > SHORT_DAY for row in rows)
    return {"entries": rows, "cols": cols, "years": years}


@register.inclusion_tag("ui/empty.html")
def empty(title: str, text: str = "", url: str = "", label: str = "", **more: str) -> dict[str, Any]:
    """Say what the list is, why nothing is here, and the next link (``url``, ``label``, ``url2``, ``label2``)."""
    return {"title": title, "text": text, "url": url, "label": label, **more}


@register.simple_block_tag
def notice(content: str, tone: str = "", live: bool = False) -> SafeString:  # noqa: FBT001, FBT002
    """Show one sentence and one action at a left rule; ``tone``: ``"" good warn bad``; ``live`` is read out at once."""
    context = {"content": SafeString(content.strip()), "tone": tone, "live": live}
    return render_to_string("ui/notice.html", context)


@register.inclusion_tag("ui/figs.html")
def figs(items: Iterable[Any], label: str = "四个大数") -> dict[str, Any]:
    """Show big figures that open their lists. An item: label, value, unit, note, url."""
    return {"items": items, "label": label}


@register.inclusion_tag("ui/progress.html")
def progress(title: str, done: int, total: int, note: str = "可以离开本页，好了会通知您。") -> dict[str, Any]:
    """Show long work: n of m, how long, and that one may leave."""
    share = 100 * done / total if total else 0
    return {"title": title, "done": done, "total": total, "note": note, "width": f"{share:.1f}"}


# Buttons


def _verdict(verdict: Any) -> tuple[bool, str]:
    """Return whether it may be pressed and why not; None means yes."""
    if verdict is None or isinstance(verdict, bool):
        return verdict is not False, ""
    return bool(get(verdict, "ok", False)), str(get(verdict, "reason", ""))


@register.inclusion_tag("ui/action.html", takes_context=True)
def action(context: Context, verdict: Any, label: str, url: str = "", **options: Any) -> dict[str, Any]:
    """Show a button: pressable when ``verdict.ok``, else dashed with its reason beside it (None: always pressable).

    With ``url`` a link; with ``url`` and ``post`` a form of its own; without ``url`` the submit button of the form
    around it (``name``, ``value``). ``key`` (F2) presses it, ``row_key`` (C) in the selected row; ``primary``,
    ``danger``, ``small``; ``confirm`` asks first; ``quiet`` tells the reason as title only; ``next`` is posted along.
    """
    ok, reason = _verdict(verdict)
    classes = "btn" + (" btn-1" if ok and options.get("primary") else "") + (" btn-s" if options.get("small") else "")
    if ok and options.get("danger"):
        classes += " btn-x"
    token = context.get("csrf_token")
    return {**options, "ok": ok, "reason": reason, "label": label, "url": url, "classes": classes, "csrf_token": token}


@register.simple_block_tag
def verdict_bar(content: str, missing: str = "", saved: Any = "") -> SafeString:
    """Show the bar that sticks to the bottom: when it was saved and what is missing, the verdicts at the right."""
    saved_words = f"已自动保存 {dates.clock_time(saved)}" if saved else ""
    return render_to_string("ui/verdict_bar.html", {"content": content, "missing": missing, "saved": saved_words})


@register.simple_tag
def qr(svg: str, label: str = "项目码，扫码看进度") -> SafeString:
    """Show a QR code given as SVG markup or as the data of one path (``M0 0h7v1h-7z``, quiet zone added)."""
    if svg.lstrip().startswith("<"):
        return mark_safe(svg[svg.index("<svg") :])  # noqa: S308 - made by the server's QR encoder
    side = 1 + max((int(y) for y in re.findall(r"M\d+ (\d+)", svg)), default=20)
    box = f"-2 -2 {side + 4} {side + 4}"
    return format_html(
        '<svg viewBox="{}" width="128" height="128" role="img" aria-label="{}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M-2-2h{}v{}h-{}z"/><path d="{}"/></svg>',
        box,
        label,
        side + 4,
        side + 4,
        side + 4,
        svg,
    )
