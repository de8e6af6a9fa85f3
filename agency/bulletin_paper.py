"""What the paper of a bulletin says: the frozen blocks, the worded problems, the three signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agency.bulletin import BIG, INDICATORS
from agency.bulletin_counting import DASH
from agency.bulletin_parts import on_paper
from projects import timing

if TYPE_CHECKING:
    from agency.models import Bulletin

#: Of the definitions the paper carries those of its tables.
DEFINED = (
    "accepted",
    "decided",
    "running",
    "mean_days",
    "p90_days",
    "on_time",
    "first_pass",
    "corrections",
    "overdue",
    "late_rate",
    "tacit",
    "promised",
    "satisfied",
    "opinions",
    "silent",
    "off_list",
    "omissions",
    "site_first",
    "mending",
    "back_entered",
)
#: The public summary explains what it shows.
PUBLIC_DEFINED = ("accepted", "decided", "mean_days", "median_days", "on_time", "satisfied", "low_settled")
NAMED_APART = {"site_first": "验收一次通过率"}


def linked(content: Any, link: Callable[[str], str]) -> Any:
    """Return a copy of the blocks in which whatever has the address of a figure (`k`) has the `url` of its list too."""
    if isinstance(content, Mapping):
        found = {name: linked(value, link) for name, value in content.items()}
        if "k" in content:
            found["url"] = link(content["k"]) if content["k"] else ""
        return found
    if isinstance(content, (list, tuple)):
        return [linked(value, link) for value in content]
    return content


def moment_text(moment: dt.datetime | None) -> str:
    """Return a moment in business time to the minute."""
    return f"{moment.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M}" if moment else ""


def no_link(_: str) -> str:
    """On paper and in public nothing opens."""
    return ""


def days_of(bulletin: Bulletin) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of its period."""
    last = timing.business_day(bulletin.period_end) - dt.timedelta(days=1)
    return timing.business_day(bulletin.period_start), last


def problem_rows(bulletin: Bulletin) -> list[dict[str, Any]]:
    """Return the typical problems without the project; `due` is a day."""
    return [
        {
            "number": row.number,
            "what": row.what,
            "cause": row.cause,
            "fix": row.fix,
            "owner": row.owner.label,
            "due": row.due_on,
        }
        for row in bulletin.problems.select_related("owner").order_by("number")
    ]


def headline(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the three lines at the top: the month, what to watch, what became of last month's problems."""
    if not content:
        return {}
    said = [
        f"{one['label']} {one['value']}{'' if one['unit'] == '%' else ' '}{one['unit']}"
        for one in content["big"]
        if one["value"] != DASH
    ]
    watched = [f"{row['name']}{row['light']['words']}灯（{row['light']['reason']}）" for row in content["alerts"]]
    past = content["past"]
    looked = f"上期列 {past['count']} 项，已整改 {past['done']} 项" if past["count"] else "上期没有列出问题"
    return {
        "now": "，".join(said) + "。",
        "watch": ("；".join(watched[:3]) + (f"等 {len(watched)} 个" if len(watched) > 3 else "") + "。")  # noqa: PLR2004
        if watched
        else "没有红灯和黄灯。",
        "past": f"{looked}；期末未销督办单 {content['slips']['count']} 张。",
    }


def definitions(keys: Sequence[str] = DEFINED) -> list[tuple[str, str]]:
    """Return the names of the figures with what they count; of two of the same name the later says of what it is."""
    return [(NAMED_APART.get(key, INDICATORS[key].name), INDICATORS[key].means) for key in keys]


def paper_content(bulletin: Bulletin) -> dict[str, Any]:
    """Return what `issue_paper` freezes. The probe is not on paper: it goes to the centre only."""
    first, last = days_of(bulletin)
    blocks = {name: block for name, block in bulletin.content.items() if name != "probe"}
    lines = headline(bulletin.content)
    figures = {one["label"]: one["value"] for one in bulletin.content["big"]}
    return {
        "gist": {
            "project": f"{bulletin.centre.name} {bulletin.issue}",
            "what": lines["now"],
            "do": lines["watch"],
            "when": lines["past"],
        },
        "gist_words": {
            "project": "期号",
            "what": "这个月" if bulletin.month else "这一年",
            "do": "要盯住",
            "when": "回头看",
        },
        "series": bulletin.get_series_display(),
        "issue": bulletin.issue,
        "version": bulletin.version,
        "erratum": bulletin.erratum,
        "region": bulletin.region.name if bulletin.region else "",
        "first": timing.written(first),
        "last": timing.written(last),
        "frozen_words": timing.written_moment(bulletin.frozen_at) if bulletin.frozen_at else "",
        "blocks": linked(on_paper(blocks), no_link),
        "problems": [row | {"due": timing.written(row["due"])} for row in problem_rows(bulletin)],
        "definitions": definitions(),
        "signatures": signatures(bulletin),
        "hash": bulletin.snapshot_hash,
        "figures": {name: figures[name] for name in (INDICATORS[key].name for key in BIG)},
    }


def signatures(bulletin: Bulletin) -> list[list[str]]:
    """Return who drafted, checked and signed."""
    people = (("起草", bulletin.drafted_by), ("核对", bulletin.checked_by), ("签发", bulletin.signed_by))
    return [[word, str(person)] for word, person in people if person is not None]
