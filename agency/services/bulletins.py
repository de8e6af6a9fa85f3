"""Collecting, freezing and publishing the monthly bulletin. Numbers are never typed in and never edited."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from agency import rules
from agency.indicators import INDICATORS, Figure, Period, figures, month_of, period_of
from agency.models import Bulletin, BulletinFigure
from agency.bulletin_states import BulletinSeries, BulletinState
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind
from projects import timing
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Organisation
from projects.states import OrganisationKind

if TYPE_CHECKING:
    from projects.models import User


def period_for(bulletin: Bulletin) -> Period:
    """Return the period of a bulletin as it was fixed when it was opened."""
    return Period(bulletin.year, bulletin.month, bulletin.period_start, bulletin.period_end)


@transaction.atomic
def open_bulletin(centre: Organisation, *, year: int, month: int, by: User | None = None) -> Bulletin:
    """Return the bulletin of a month, opened when it is not there yet (state collecting). Event `bulletin.opened`.

    Errors: a month that has not begun.
    """
    require(rules.can_open_bulletin, by, centre)
    if not 1 <= month <= 12 or (year, month) > current_month():  # noqa: PLR2004
        raise DomainError("month_not_begun", f"{year}年{month}月这一期还没有开始。")
    period = period_of(year, month, starts_on=settings.BULLETIN_MONTH_STARTS_ON)
    bulletin, created = Bulletin.objects.get_or_create(
        series=BulletinSeries.PERMIT, centre=centre, year=year, month=month,
        defaults={"period_start": period.start, "period_end": period.end},
    )
    if created:
        record(
            "bulletin.opened", subject=bulletin, organisation=centre, by=by, summary=f"开始采集{bulletin}",
            data={"state": ["", bulletin.state]},
        )
    return bulletin


def month_before(year: int, month: int) -> tuple[int, int]:
    """Return (year, month) of the period before."""
    return (year, month - 1) if month > 1 else (year - 1, 12)


def current_month(at: dt.datetime | None = None) -> tuple[int, int]:
    """Return (year, month) of the period that runs now."""
    day = timing.business_day(at or timing.now())
    return month_of(day, starts_on=settings.BULLETIN_MONTH_STARTS_ON)


@transaction.atomic
def freeze(bulletin_id: int, *, by: User | None, at: dt.datetime | None = None) -> Bulletin:
    """Freeze the month and return the bulletin; a second call is a no-op.

    Effects: every figure with the cases behind it is stored, the snapshot's hash is kept, the numbered PDF is issued
    (`paper.issued`), its month is thereby closed; event `bulletin.frozen`. Errors: the month is not over yet, also
    for the system. Source: handbook §13 (no editing of numbers).
    """
    bulletin = Bulletin.objects.select_for_update(of=("self",)).select_related("centre").get(pk=bulletin_id)
    if bulletin.state != BulletinState.COLLECTING:
        return bulletin
    require(rules.can_freeze, by, bulletin)
    if (at or timing.now()) < bulletin.period_end:
        last = timing.business_day(bulletin.period_end) - dt.timedelta(days=1)
        raise DomainError("month_not_over", f"本期到{last.month}月{last.day}日24:00截止，之后才能冻结。")
    found = figures(period_for(bulletin), bulletin.centre)
    BulletinFigure.objects.bulk_create(
        BulletinFigure(
            bulletin=bulletin, organisation_id=f.organisation_id, key=f.key, value=f.value,
            case_ids=list(f.case_ids), base_ids=list(f.base_ids),
        )
        for f in found
    )
    bulletin.freeze()
    bulletin.frozen_at, bulletin.frozen_by = at or timing.now(), by
    bulletin.snapshot_hash = snapshot_hash(found)
    bulletin.save()
    bulletin.paper = issue_paper(
        None, kind=PaperKind.BULLETIN, series="通", title=str(bulletin), issuer=bulletin.centre,
        content=_content(bulletin, found), subject=bulletin, by=by, document_kind_slug=paper_slug(PaperKind.BULLETIN),
        at=at,
    )
    bulletin.save(update_fields=["paper"])
    record(
        "bulletin.frozen", subject=bulletin, organisation=bulletin.centre, by=by, at=at, summary=f"冻结{bulletin}",
        data={"state": [BulletinState.COLLECTING, bulletin.state], "hash": bulletin.snapshot_hash},
    )
    return bulletin


def turn_month() -> int:
    """Freeze the month that is over and open the one that runs, for every centre; return how many were frozen now."""
    frozen = 0
    now = current_month()
    for centre in Organisation.objects.filter(kind=OrganisationKind.BUREAU).order_by("pk"):
        year, month = month_before(*now)
        bulletin = open_bulletin(centre, year=year, month=month)
        if bulletin.state == BulletinState.COLLECTING:
            freeze(bulletin.pk, by=None)
            frozen += 1
        open_bulletin(centre, year=now[0], month=now[1])
    return frozen


@transaction.atomic
def publish(bulletin_id: int, *, by: User, at: dt.datetime | None = None) -> Bulletin:
    """Sign and publish a frozen bulletin; a second call is a no-op. Event `bulletin.published`."""
    bulletin = Bulletin.objects.select_for_update(of=("self",)).select_related("centre").get(pk=bulletin_id)
    if bulletin.state == BulletinState.PUBLISHED:
        return bulletin
    require(rules.can_publish, by, bulletin)
    old = bulletin.state
    bulletin.publish()
    bulletin.save()
    record(
        "bulletin.published", subject=bulletin, organisation=bulletin.centre, by=by, at=at, summary=f"发布{bulletin}",
        data={"state": [old, bulletin.state]},
    )
    return bulletin


def snapshot_hash(found: list[Figure]) -> str:
    """Return `sha256:<hex>` over the figures and the cases behind them, so that a changed number is seen."""
    values = (None if f.value is None else f"{f.value:.2f}" for f in found)
    rows = [
        [f.organisation_id, f.key, value, sorted(f.case_ids), sorted(f.base_ids)]
        for f, value in zip(found, values, strict=True)
    ]
    rows.sort(key=lambda row: (row[0] or 0, str(row[1])))
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def is_untouched(bulletin: Bulletin) -> bool:
    """Return whether the stored figures still give the hash that was kept at freezing."""
    return bulletin.snapshot_hash == snapshot_hash(stored_figures(bulletin))


def stored_figures(bulletin: Bulletin) -> list[Figure]:
    """Return the figures of a bulletin: as frozen, or as they stand now while it is collecting."""
    if bulletin.state == BulletinState.COLLECTING:
        return figures(period_for(bulletin), bulletin.centre)
    return [
        Figure(f.organisation_id, f.key, f.value, tuple(f.case_ids), tuple(f.base_ids))
        for f in bulletin.figures.order_by("pk")
    ]


def table_of(found: list[Figure]) -> list[tuple[int | None, dict[str, Figure]]]:
    """Return the figures as rows: the whole centre first (None), then each department."""
    rows: dict[int | None, dict[str, Figure]] = {}
    for figure in found:
        body = figure.organisation_id
        if body not in rows:  # a figure that came later is a dash in what was frozen before
            rows[body] = {key: Figure(body, key, None, ()) for key in INDICATORS}
        rows[body][figure.key] = figure
    return list(rows.items())


def say(figure: Figure) -> str:
    """Return a figure in words: whole numbers plain, rates and days with their decimals, nothing as a dash."""
    if figure.value is None:
        return "—"
    text = f"{figure.value:.2f}".rstrip("0").rstrip(".")
    return text or "0"


def _content(bulletin: Bulletin, found: list[Figure]) -> dict[str, Any]:
    names = dict(
        Organisation.objects.filter(pk__in=[f.organisation_id for f in found if f.organisation_id])
        .values_list("pk", "name")
    )
    head = ["部门", *(f"{name}（{unit}）" for name, unit, _ in INDICATORS.values())]
    rows = [
        [names[pk] if pk else "合计", *(say(cells[key]) for key in INDICATORS)] for pk, cells in table_of(found)
    ]
    total = dict(table_of(found))[None]
    start, last = timing.business_day(bulletin.period_start), timing.business_day(bulletin.period_end)
    last -= dt.timedelta(days=1)
    return {
        "addressee": "各部门、各窗口",
        "gist": {
            "project": f"{bulletin.centre.name} {bulletin.year}年{bulletin.month}月",
            "what": f"接件 {say(total['received'])} 件，办结 {say(total['decided'])} 件",
            "do": f"超时 {say(total['overdue'])} 件，请逐件说明原因",
            "when": f"统计自 {start:%Y-%m-%d} 至 {last:%Y-%m-%d} 24:00",
        },
        "paragraphs": ["数据冻结后不再修改；更正须另出新版。每个数字在系统中都可以打开所计的办件清单。"],
        "table": {"head": head, "rows": rows},
        "legal": [f"{name}：{what}。" for name, _, what in INDICATORS.values()],
        "hash": bulletin.snapshot_hash,
    }
