"""The life of a bulletin: opened, frozen, checked, signed, published, corrected. Numbers are never edited."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency import bulletin_rules as rules
from agency.bulletin_content import take
from agency.bulletin_paper import paper_content
from agency.bulletin_periods import DECEMBER, current_month, first_day, month_before, period_of
from agency.bulletin_scope import districts, scope_of
from agency.bulletin_snapshot import store
from agency.bulletin_states import MONTHLY, BulletinSeries, BulletinState
from agency.models import Bulletin
from agency.recipients import people_at
from agency.services.bulletin_problems import carry_over, propose, require_worded
from agency.services.telling import tell
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper, replace_paper
from archives.states import PaperKind
from packages.models import MatterCase
from projects import timing
from projects.clocks import note_all_overdue
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Clock, Organisation
from projects.states import OrganisationKind, Role

if TYPE_CHECKING:
    from projects.models import Region, User

PAPER_SERIES = "通"


def lock(bulletin_id: int) -> Bulletin:
    """Return a bulletin, locked until the transaction ends. Raises `Bulletin.DoesNotExist`."""
    found = Bulletin.objects.select_for_update(of=("self",))
    return found.select_related("centre", "region", "paper", "previous__paper").get(pk=bulletin_id)


def _move(bulletin: Bulletin, old: str, verb: str, words: str, *, by: User | None, at: dt.datetime | None) -> Bulletin:
    """Save a bulletin and record `bulletin.<verb>` with its states."""
    bulletin.save()
    record(
        f"bulletin.{verb}",
        subject=bulletin,
        organisation=bulletin.centre,
        by=by,
        at=at,
        summary=f"{words}{bulletin}",
        data={"state": [old, bulletin.state]} | ({"hash": bulletin.snapshot_hash} if verb == "frozen" else {}),
    )
    return bulletin


@transaction.atomic
def open_bulletin(
    centre: Organisation,
    *,
    year: int,
    month: int,
    by: User | None = None,
    series: str = BulletinSeries.PERMIT,
    region: Region | None = None,
) -> Bulletin:
    """Return the bulletin of a month (0: a year), opened when it is not there yet. Event `bulletin.opened`.

    Raises `NotAllowed`, `DomainError` (`month_not_begun`, `series`).
    """
    require(rules.can_open_bulletin, by, centre)
    if (series == BulletinSeries.ANNUAL) != (month == 0) or not 0 <= month <= DECEMBER:
        raise DomainError("series", "年度报告按年，月度通报按月，请重新选择。")
    now = current_month()
    if (year, month or 1) > (now if month else (now[0], 1)):
        raise DomainError("month_not_begun", f"{year}年{f'{month}月' if month else ''}这一期还没有开始。")
    period = period_of(year, month, starts_on=first_day())
    bulletin, created = Bulletin.objects.get_or_create(
        series=series,
        centre=centre,
        region=region,
        year=year,
        month=month,
        version=1,
        defaults={"period_start": period.start, "period_end": period.end},
    )
    if created:
        record(
            "bulletin.opened",
            subject=bulletin,
            organisation=centre,
            by=by,
            summary=f"开始采集{bulletin}",
            data={"state": ["", bulletin.state]},
        )
    return bulletin


@transaction.atomic
def freeze(bulletin_id: int, *, by: User | None, at: dt.datetime | None = None) -> Bulletin:
    """Freeze the month and return the bulletin; a second call is a no-op. Event `bulletin.frozen`.

    Every figure is stored with what it counts, the snapshot's hash is kept, problems are proposed. Raises
    `NotAllowed`, `DomainError` (`month_not_over`, also for the system). Source: handbook §13 (no editing of numbers).
    """
    bulletin = lock(bulletin_id)
    if bulletin.is_stored:
        return bulletin
    require(rules.can_freeze, by, bulletin)
    verdict = rules.month_is_over(bulletin)
    if not verdict:
        raise DomainError("month_not_over", verdict.reason)
    _note_overdue(bulletin)
    taken = take(bulletin)
    old = bulletin.state
    bulletin.freeze()
    bulletin.frozen_at, bulletin.frozen_by = at or timing.now(), by
    bulletin.snapshot_hash = store(bulletin, taken)
    _move(bulletin, old, "frozen", "冻结", by=by, at=at)
    if bulletin.previous is not None:
        carry_over(bulletin.previous, bulletin)
    else:
        propose(bulletin, taken)
    _tell_of_probe(bulletin)
    return bulletin


def _note_overdue(bulletin: Bulletin) -> None:
    """See to it that what ran beyond its limit in silence counts as late, also when no sweep has seen it."""
    scope = scope_of(bulletin.series, bulletin.centre, bulletin.region)
    cases = MatterCase.objects.filter(scope.projects(), scope.stages(), ended_at=None)
    clocks = Clock.objects.filter(pk__in=cases.values("promised_clock"))
    note_all_overdue(clocks, timing.business_day(bulletin.period_end))


def _tell_of_probe(bulletin: Bulletin) -> None:
    """Ask the centre politely to look at what seems to have been decided elsewhere."""
    found = sum(int(cell["t"]) for cell in bulletin.content["probe"]["rows"][0]["cells"] if cell["t"].isdigit())
    if found:
        tell(
            people_at(bulletin.centre_id, Role.DIRECTOR),
            f"{bulletin}：有 {found} 件体外循环线索，请核实",
            url=reverse("agency:bulletin", args=[bulletin.pk]),
            why="由您核实",
            batch=f"bulletin-probe-{bulletin.pk}",
        )


def scopes_of(centre: Organisation) -> list[Region | None]:
    """Return for what a centre issues bulletins: the whole (None), and each district or management committee."""
    return [None, *districts(centre)]


def turn_month() -> int:
    """Freeze the months (and the year) that are over and open those that run; return how many were frozen now.

    Each bulletin in a transaction of its own: one that fails does not hold the others.
    """
    now = current_month()
    over = month_before(*now)
    frozen = _freeze_older()
    for centre in Organisation.objects.filter(kind=OrganisationKind.BUREAU).order_by("pk"):
        for region in scopes_of(centre):
            for series in MONTHLY:
                frozen += _freeze_over(centre, series, region, *over)
                open_bulletin(centre, year=now[0], month=now[1], series=series, region=region)
        if over[1] == DECEMBER:
            frozen += _freeze_over(centre, BulletinSeries.ANNUAL, None, over[0], 0)
        open_bulletin(centre, year=now[0], month=0, series=BulletinSeries.ANNUAL)
    return frozen


def _freeze_older() -> int:
    """Freeze what is still collecting long after its end, as after a month without a worker. Corrections wait."""
    waiting = Bulletin.objects.filter(
        state=BulletinState.COLLECTING, version=1, period_end__lte=timing.now()
    ).order_by("period_end", "pk")
    keys = list(waiting.values_list("pk", flat=True))
    for key in keys:
        freeze(key, by=None)
    return len(keys)


def _freeze_over(centre: Organisation, series: str, region: Region | None, year: int, month: int) -> bool:
    bulletin = open_bulletin(centre, year=year, month=month, series=series, region=region)
    if bulletin.is_stored:
        return False
    freeze(bulletin.pk, by=None)
    return True


# The chain of signatures ----------------------------------------------------------------------------------------------


@transaction.atomic
def send_to_check(bulletin_id: int, *, by: User, at: dt.datetime | None = None) -> Bulletin:
    """起草送核: whoever drafted hands it over. Event `bulletin.drafted`; a second call by the same person is a no-op.

    Raises `NotAllowed`, `DomainError` (`problem_words`).
    """
    bulletin = lock(bulletin_id)
    if bulletin.state == BulletinState.CHECKING and bulletin.drafted_by_id == by.pk:
        return bulletin
    require(rules.can_send_to_check, by, bulletin)
    require_worded(bulletin)
    old = bulletin.state
    bulletin.send_to_check()
    bulletin.drafted_at, bulletin.drafted_by = at or timing.now(), by
    return _move(bulletin, old, "drafted", "送核", by=by, at=at)


@transaction.atomic
def confirm(bulletin_id: int, *, by: User, note: str = "", at: dt.datetime | None = None) -> Bulletin:
    """核对: somebody else confirms that figures and words hold. Event `bulletin.checked`; twice is a no-op."""
    bulletin = lock(bulletin_id)
    if bulletin.state == BulletinState.SIGNING and bulletin.checked_by_id == by.pk:
        return bulletin
    require(rules.can_check, by, bulletin)
    old = bulletin.state
    bulletin.confirm()
    bulletin.checked_at, bulletin.checked_by, bulletin.check_note = at or timing.now(), by, note.strip()[:300]
    return _move(bulletin, old, "checked", "核对", by=by, at=at)


@transaction.atomic
def send_back(bulletin_id: int, *, by: User, note: str, at: dt.datetime | None = None) -> Bulletin:
    """退回起草: the words are written anew, the figures stay. Event `bulletin.sent_back`; twice is a no-op."""
    bulletin = lock(bulletin_id)
    if bulletin.state == BulletinState.FROZEN:
        return bulletin
    require(rules.can_send_back, by, bulletin)
    if not note.strip():
        raise DomainError("note", "请写明退回的原因。")
    old = bulletin.state
    bulletin.send_back()
    bulletin.check_note = note.strip()[:300]
    bulletin.checked_at = bulletin.checked_by = None
    return _move(bulletin, old, "sent_back", "退回", by=by, at=at)


@transaction.atomic
def publish(bulletin_id: int, *, by: User, at: dt.datetime | None = None) -> Bulletin:
    """签发: the director signs, the numbered paper is issued. Events `bulletin.published`, `paper.issued`; twice no-op.

    The version that this one corrects stays, marked 已更正; its paper is replaced by the new one.
    """
    bulletin = lock(bulletin_id)
    if bulletin.state == BulletinState.PUBLISHED:
        return bulletin
    require(rules.can_publish, by, bulletin)
    old = bulletin.state
    bulletin.publish()
    bulletin.signed_at, bulletin.signed_by = at or timing.now(), by
    bulletin.paper = issue_paper(
        None,
        kind=PaperKind.BULLETIN,
        series=PAPER_SERIES,
        title=str(bulletin),
        issuer=bulletin.centre,
        content=paper_content(bulletin),
        subject=bulletin,
        by=by,
        document_kind_slug=paper_slug(PaperKind.BULLETIN),
        at=at,
    )
    _move(bulletin, old, "published", "发布", by=by, at=at)
    if bulletin.previous is not None and bulletin.previous.state == BulletinState.PUBLISHED:
        before = lock(bulletin.previous.pk)
        _mark_corrected(before, by=by, at=at)
        if before.paper is not None:
            replace_paper(before.paper, new=bulletin.paper, by=by, reason=bulletin.erratum, at=at)
    _tell_published(bulletin, by)
    return bulletin


def _mark_corrected(bulletin: Bulletin, *, by: User | None, at: dt.datetime | None) -> None:
    old = bulletin.state
    bulletin.correct()
    _move(bulletin, old, "corrected", "更正", by=by, at=at)


def _tell_published(bulletin: Bulletin, by: User) -> None:
    """Tell the chiefs of the departments whose light is not green, and the centre."""
    people = {person.pk: person for person in people_at(bulletin.centre_id, Role.DIRECTOR, Role.SUPERVISOR)}
    for row in bulletin.content["bodies"]["rows"]:
        if row["light"]["colour"] in ("red", "yellow"):
            people |= {person.pk: person for person in people_at(row["row"], Role.CHIEF)}
    people.pop(by.pk, None)
    tell(
        people.values(),
        f"{bulletin}已发布",
        url=reverse("agency:bulletin", args=[bulletin.pk]),
        why="通报涉及贵单位",
        batch=f"bulletin-published-{bulletin.pk}",
    )


@transaction.atomic
def correct(bulletin_id: int, *, by: User, erratum: str, at: dt.datetime | None = None) -> Bulletin:
    """更正: open the next version, collecting anew, with what was wrong; return it. Event `bulletin.correction_opened`.

    The version that was published stays published until the new one is; one that was not is marked 已更正 at once. A
    correction is corrected in the same way. A second call with the same words returns the version that is there.
    """
    old = lock(bulletin_id)
    words = erratum.strip()[:500]
    standing = Bulletin.objects.filter(previous=old).first()
    if standing is not None and standing.erratum == words:
        return standing
    require(rules.can_correct, by, old)
    if not words:
        raise DomainError("erratum", "请写明哪里有误、怎么发现的。")
    new = Bulletin.objects.create(
        series=old.series,
        centre=old.centre,
        region=old.region,
        year=old.year,
        month=old.month,
        version=old.version + 1,
        previous=old,
        erratum=words,
        period_start=old.period_start,
        period_end=old.period_end,
    )
    record(
        "bulletin.correction_opened",
        subject=new,
        organisation=new.centre,
        by=by,
        at=at,
        summary=f"更正{old}：{words}"[:300],
        data={"state": ["", new.state], "previous": old.pk},
    )
    if old.state != BulletinState.PUBLISHED:
        _mark_corrected(old, by=by, at=at)
    return new
