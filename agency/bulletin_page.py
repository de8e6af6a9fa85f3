"""What the pages of the bulletins show: the list, one bulletin, its tables as files, and why a row stands there."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.urls import reverse

from agency.bulletin_content import take
from agency.bulletin_paper import (
    PUBLIC_DEFINED,
    days_of,
    definitions,
    headline,
    linked,
    moment_text,
    no_link,
    paper_content,
    problem_rows,
)
from agency.bulletin_parts import PARTS, folded
from agency.bulletin_periods import current_month, month_before
from agency.bulletin_snapshot import content_of, figure_of
from agency.bulletin_states import TONES, BulletinSeries, BulletinState, FigureGroup
from agency.models import Bulletin, BulletinLines
from archives.services.papers import full_name
from packages.models import MatterCase
from projects import timing
from projects.access import access_of
from projects.events import subject_of
from projects.exports import Column, Table
from projects.models import Event, Organisation, Project
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from projects.models import User

WORST = 3
#: What everybody may read of a published bulletin.
PUBLIC_COLUMNS = ("新受理", "办结", "平均用时", "按时办结率")
STEPS = ("collecting", "frozen", "checking", "signing", "published")


# The list of bulletins ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BulletinRow:
    """One bulletin in the list; `period` is its first and last day in words."""

    bulletin: Bulletin
    period: str
    tone: str
    issuer: str


def bulletins_seen(
    user: User | AnonymousUser, *, series: str = "", year: str = "", region: str = ""
) -> QuerySet[Bulletin]:
    """Return the bulletins that a person may see, the newest first, narrowed by what was asked for.

    One that is still collecting is listed to those who make it, the whole of a centre also to whoever stands above.
    """
    found = Bulletin.objects.visible_to(user).select_related("centre__region", "region", "paper").defer("content")
    access = access_of(user)
    if access.is_office:
        own = Q(centre__in=[body.pk for body in access.organisations])
        if access.has(Role.SUPERVISOR):
            own |= Q(region=None)
        found = found.exclude(~own, state=BulletinState.COLLECTING)
    if series in BulletinSeries.values:
        found = found.filter(series=series)
    if year.isdecimal():
        found = found.filter(year=int(year[:4]))
    if region == "all":
        found = found.filter(region=None)
    elif region.isalnum():
        found = found.filter(region__code=region[:6])
    return found


def bulletin_rows(found: Sequence[Bulletin]) -> list[BulletinRow]:
    """Return the lines of the list."""
    return [
        BulletinRow(one, _between(*days_of(one)), TONES[one.state], full_name(one.centre, one.centre.region))
        for one in found
    ]


def _between(first: dt.date, last: dt.date) -> str:
    """Return two days in words; of two different years each has its own."""
    say = timing.spoken if first.year == last.year else timing.written
    return f"{say(first)} 至 {say(last)}"


@dataclass(frozen=True, slots=True)
class Month:
    """A month that nobody has opened yet."""

    centre: Organisation
    year: int
    month: int


def unopened(centres: Sequence[Organisation]) -> list[Month]:
    """Return the running month and the one before, of these centres, where no bulletin stands yet. One query."""
    now = current_month()
    months = (now, month_before(*now))
    there = set(
        Bulletin.objects.filter(
            centre__in=centres, series=BulletinSeries.PERMIT, region=None, year__in={y for y, _ in months}
        ).values_list("centre_id", "year", "month")
    )
    return [Month(c, y, m) for c in centres for y, m in months if (c.pk, y, m) not in there]


# One bulletin -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BulletinPage:
    """Everything that the page of a bulletin shows; `blocks` are the frozen ones with the addresses of their lists."""

    bulletin: Bulletin
    tone: str
    first_day: dt.date
    last_day: dt.date
    blocks: dict[str, Any]
    lines: dict[str, str]
    definitions: list[tuple[str, str]]
    events: list[dict[str, Any]]
    steps: list[tuple[str, str]]


def bulletin_page(bulletin: Bulletin, *, is_inside: bool) -> BulletinPage:
    """Return what the page shows: inside with the lists, the problems and the events; outside the summary."""
    content = content_of(bulletin)
    blocks = _linked(bulletin, content) if is_inside else linked(content, no_link)
    for point in blocks.get("trend", ()):
        other = reverse("agency:bulletin", args=[point["pk"]]) if point["pk"] else ""
        point["url"] = f"{other}figures/total/0/median_days/" if other and is_inside else ""
    blocks = folded(blocks) if is_inside else public_blocks(blocks)
    first, last = days_of(bulletin)
    return BulletinPage(
        bulletin,
        TONES[bulletin.state],
        first,
        last,
        blocks,
        headline(content) if is_inside else {},
        definitions() if is_inside else definitions(PUBLIC_DEFINED),
        _events(bulletin) if is_inside else [],
        _steps(bulletin),
    )


def _linked(bulletin: Bulletin, content: dict[str, Any]) -> dict[str, Any]:
    base = reverse("agency:bulletin", args=[bulletin.pk])
    found: dict[str, Any] = linked(content, lambda key: f"{base}figures/{key}/")
    return found


def part_page(bulletin: Bulletin, part: str) -> tuple[str, dict[str, Any]] | None:
    """Return the heading and the whole blocks of a part of a bulletin; None for a part that is not known."""
    if part not in PARTS:
        return None
    title, names = PARTS[part]
    content = content_of(bulletin)
    return title, _linked(bulletin, {name: content[name] for name in names})


def public_blocks(blocks: dict[str, Any]) -> dict[str, Any]:
    """Return the public summary: big numbers, months, districts with four columns, ratings; nobody is ranked."""
    table = blocks["regions"]
    at = [n for n, (name, _) in enumerate(table["head"]) if name in PUBLIC_COLUMNS]

    def cut(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "cells": [row["cells"][n] for n in at], "light": None, "note": ""}

    shown = {
        **table,
        "head": [table["head"][n] for n in at],
        "rows": [cut(row) for row in table["rows"]],
        "foot": cut(table["foot"]),
        "ranked": False,
    }
    kept = {name: blocks[name] for name in ("big", "trend", "ratings")}
    return {**kept, "regions": shown, "terms": {"few": blocks["terms"]["few"]}}


def _steps(bulletin: Bulletin) -> list[tuple[str, str]]:
    """Return the steps of its life with who did them, and whether they are done, now or to come."""
    at = STEPS.index(bulletin.state) if bulletin.state in STEPS else len(STEPS)
    names = ("采集", "冻结", "送核", "核对", "签发")
    return [(name, "done" if n < at else "now" if n == at else "todo") for n, name in enumerate(names)]


def _events(bulletin: Bulletin) -> list[dict[str, Any]]:
    """Return what happened to the bulletin, the newest first."""
    subject_type, subject_key = subject_of(bulletin)
    found = Event.objects.filter(subject_type=subject_type, subject_key=subject_key).order_by("-pk")
    return [
        {
            "on": event.happened_at,
            "title": event.summary,
            "who": event.actor_name,
            "kind": "big" if event.kind == "bulletin.published" else "",
        }
        for event in found
    ]


def draft_context(bulletin: Bulletin) -> dict[str, Any]:
    """Return what the template of the paper needs before there is a paper: a draft that says so."""
    content = paper_content(bulletin)
    return {
        "content": content,
        "for_pdf": True,
        "issuer": bulletin.centre.name,
        "number": "样稿，未签发",
        "name": str(bulletin),
        "signed_on": bulletin.frozen_at,
        "gist": [],
        "draft": True,
    }


# Files ----------------------------------------------------------------------------------------------------------------


def tables_of(bulletin: Bulletin) -> list[Table]:
    """Return every table of a bulletin as a table for spreadsheets."""
    content = content_of(bulletin)
    facts = [
        ("通报", str(bulletin)),
        ("期号", bulletin.issue),
        ("冻结", moment_text(bulletin.frozen_at) or "采集中"),
        ("快照哈希", bulletin.snapshot_hash),
    ]
    if not content:
        return []
    big = [[one["label"], _value(one["value"]), one["unit"], one["note"]] for one in content["big"]]
    found = [Table("总体", _columns("指标", "数值", "单位", "比较"), big, facts)]
    plain = ("regions", "bodies", "sites", "agents", "ratings", "slips", "past", "quality")
    found.extend(_plain(content[name]) for name in plain)
    found.extend([_items(content["items"]), *_charts(content)])
    keys = ("number", "what", "cause", "fix", "owner", "due")
    problems = [[row[key] for key in keys] for row in problem_rows(bulletin)]
    found.append(Table("典型问题", _columns("序号", "问题", "原因", "整改措施", "责任单位", "期限"), problems))
    found.append(Table("指标口径", _columns("指标", "口径"), [list(pair) for pair in definitions()]))
    return found


def _items(items: dict[str, Any]) -> Table:
    rows = [[row["name"], *(cell["t"] for cell in row["cells"]), row["total"], row["example"]] for row in items["rows"]]
    return Table(items["title"], _columns("验收事项", *items["columns"], "合计", "举例"), rows)


def _charts(content: dict[str, Any]) -> list[Table]:
    """The numbers behind the charts: line, ledger, dots."""
    owners = ("count", "government", "applicant", "special", "intermediary", "sum")
    trend = [[point["label"], point["value"], point["before"]] for point in content["trend"]]
    ledger = [[row["name"], *(row[owner] for owner in owners)] for row in content["ledger"]]
    keys = ("name", "limit", "count", "late")
    dots = [[*(row[key] for key in keys), _value(row["median"])] for row in content["dots"]["rows"]]
    return [
        Table("中位用时走势", _columns("期", "中位数", "上年同期"), trend),
        Table("时间账", _columns("分区", "办结", "政府", "企业", "特别程序", "中介", "合计"), ledger),
        Table("用时对照时限", _columns("事项", "时限", "办结", "超时", "中位数"), dots),
    ]


def _columns(*names: str) -> list[Column]:
    return [Column(name) for name in names]


def _plain(block: dict[str, Any]) -> Table:
    ranked = block.get("ranked")
    head = [f"{name}（{unit}）" if unit else name for name, unit in block["head"]]
    names = ["名称", *head, *(["灯", "名次"] if ranked else [])]
    rows = [*block["rows"], *([block["foot"]] if block.get("foot") else [])]
    return Table(
        block["title"],
        _columns(*names),
        [
            [
                row["name"],
                *(_value(cell["t"]) for cell in row["cells"]),
                *([row["light"]["words"], _value(row.get("rank", ""))] if ranked else []),
            ]
            for row in rows
        ],
    )


def _value(text: str) -> str | float | None:
    """Return a number as the page says it (26, not 26.0), a dash as nothing, words as they are."""
    if text == "—":
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


# Why we are eighth ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worst:
    """One case of a row beside what the others take for the same matter (median, None: too few)."""

    case: MatterCase
    used: int
    limit: int
    others: float | None
    others_count: int


def why(bulletin: Bulletin, group: str, row: int) -> list[Worst] | None:
    """Return the three cases of a row that took longest beyond their limit, with the median of the other rows.

    None when the bulletin has no such row. Three queries.
    """
    if group not in (FigureGroup.REGION, FigureGroup.BODY):
        return None
    whole_key = (str(FigureGroup.TOTAL), 0, "decided")
    if bulletin.is_stored:
        own, whole = figure_of(bulletin, group, row, "decided"), figure_of(bulletin, *whole_key)
        lines = BulletinLines.objects.filter(bulletin=bulletin).values_list("rows", flat=True).first() or []
    else:
        taken = take(bulletin)
        own, whole, lines = taken.figures.get((group, row, "decided")), taken.figures.get(whole_key), taken.lines
    if own is None or whole is None:
        return None
    used = {line[0]: (line[1], line[2]) for line in lines if line[1] is not None}
    matter_of = dict(MatterCase.objects.filter(pk__in=whole.numerator_ids).values_list("pk", "matter_id"))
    ours = set(own.numerator_ids)
    others: dict[int, list[int]] = defaultdict(list)
    for pk, (days, _) in used.items():
        if pk not in ours and pk in matter_of:
            others[matter_of[pk]].append(days)
    worst = sorted((pk for pk in ours if pk in used), key=lambda pk: (used[pk][1] - used[pk][0], -used[pk][0], pk))[
        :WORST
    ]
    cases = MatterCase.objects.select_related("matter", "project", "lead").in_bulk(worst)
    return [
        Worst(
            cases[pk],
            *used[pk],
            statistics.median(found) if len(found := others[matter_of[pk]]) >= WORST else None,
            len(found),
        )
        for pk in worst
    ]


def seen_of(rows: Sequence[Worst], user: User) -> set[int]:
    """Return which of the projects of these cases a person may open."""
    return set(
        Project.objects.visible_to(user)
        .filter(pk__in={row.case.project_id for row in rows})
        .values_list("pk", flat=True)
    )


def row_name(bulletin: Bulletin, group: str, row: int) -> str:
    """Return the name of a row as frozen."""
    table = content_of(bulletin).get("regions" if group == FigureGroup.REGION else "bodies", {"rows": []})
    return next((one["name"] for one in table["rows"] if one["row"] == row), "")
