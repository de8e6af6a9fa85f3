"""What the pages of credit archives show: the list of enterprises, one archive, one entry of the list."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from archives.models import Paper
from packages.services.credit_papers import papers_of
from projects import credit_data, credit_rules, timing, workdays
from projects.access import access_of
from projects.credit_states import GRADE_TONES, LISTING_OPEN, ListingState, RecordState
from projects.errors import Verdict
from projects.models import CreditListing, CreditRecord, Organisation, User
from projects.paging import KeyPage, as_key, key_page
from projects.quoting import quoted
from projects.services.credit import grade_on, score_of
from projects.states import OrganisationKind
from projects.waiting import Waiting

PAGE, SHOWN = 20, 50
HEAD = "中心主任"
BODIES = (OrganisationKind.ENTERPRISE, OrganisationKind.OWNER_BODY, OrganisationKind.INTERMEDIARY)


def archives(user: User, *, text: str, after: str, before: str) -> KeyPage[Organisation]:
    """Enterprises with a record, newest first; a text narrows them by name or code."""
    seen = CreditRecord.objects.visible_to(user).values("organisation")
    found = Organisation.objects.filter(Q(pk__in=seen) | Q(pk__in=access_of(user).organisation_ids, kind__in=BODIES))
    if text:
        found = Organisation.objects.filter(kind__in=BODIES) if access_of(user).is_office else found
        found = found.filter(Q(name__icontains=text) | Q(uscc=text))
    rows = found.annotate(
        bad=Count("credit_records", filter=Q(credit_records__kind="bad"), distinct=True),
        good=Count("credit_records", filter=Q(credit_records__kind="good"), distinct=True),
        listed=Count("credit_listings", filter=Q(credit_listings__state__in=LISTING_OPEN), distinct=True),
    )
    return key_page(rows, sort="-pk", size=PAGE, after=as_key(after), before=as_key(before))


def awaited_of(row: CreditListing) -> Waiting | None:
    """Return on whom an entry waits; None once nothing is awaited: entered, removed or dropped. Needs its bodies."""
    day = timing.today()
    hearing = row.state == ListingState.TOLD and row.plead_until is not None and day <= row.plead_until
    found = {
        ListingState.PROPOSED: (f"{row.source.label}首席代表", "告知", "企业拟列入失信名单", row.proposed_at),
        ListingState.TOLD: (HEAD, "决定", "是否列入失信名单", row.told_at),
        ListingState.PLEADED: (HEAD, "决定", "是否列入失信名单", row.told_at),
        ListingState.CONTESTED: (HEAD, "处理", "对列入的异议", None),
        ListingState.REPAIRING: (HEAD, "审核", "信用修复申请", None),
    }.get(ListingState(row.state))
    if found is None:
        return None
    role, verb, what, moment = (row.organisation.label, "陈述", "申辩", row.told_at) if hearing else found
    since = timing.business_day(moment) if moment else None
    return Waiting(
        row.project_id, 3, role, what, verb=verb, since=since, due_on=row.plead_until if hearing else None,
        days=workdays.workdays_between(since, day) if since else 0,
        url=reverse("packages:credit_listing", args=[row.pk]), auto=f"期满由{HEAD}决定" if hearing else "",
    )


def open_work(user: User) -> list[tuple[Organisation, Waiting]]:
    """Return what waits in the credit archives that a person may see: entries first, then objections. Two queries."""
    entries = CreditListing.objects.visible_to(user).filter(state__in=LISTING_OPEN).exclude(state=ListingState.LISTED)
    found = [
        (row.organisation, awaited)
        for row in entries.select_related("organisation", "source").order_by("pk")[:SHOWN]
        if (awaited := awaited_of(row)) is not None
    ]
    contested = CreditRecord.objects.visible_to(user).filter(state=RecordState.CONTESTED)
    return found + [
        (record.organisation, Waiting(
            record.project_id or 0, 3, HEAD, f"对记录{quoted(record.name)}的异议", verb="核查",
            url=reverse("packages:credit", args=[record.organisation_id]),
        ))
        for record in contested.select_related("organisation").order_by("pk")[:SHOWN]
    ]


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record, what it still counts, and what the reader may do."""

    record: CreditRecord
    who: str
    counts: str
    can_contest: Verdict
    can_answer: Verdict
    can_propose: Verdict


@dataclass(frozen=True, slots=True)
class Archive:
    """The page of one enterprise."""

    grade: str
    tone: str
    name: str
    score: str
    words: str
    rows: tuple[RecordRow, ...]
    listings: tuple[CreditListing, ...]
    refused: tuple[str, ...]
    can_record: Verdict


def archive_page(body: Organisation, user: User) -> Archive:
    """Return the archive of an enterprise. Six queries. Names of people are masked for whoever is not of the office."""
    day = timing.today()
    records = list(
        CreditRecord.objects.filter(organisation=body).select_related("person", "project", "source")[:SHOWN]
    )
    grade = grade_on(body.pk, day)
    score = score_of([one for one in records if one.person_id is None], day)
    row = credit_data.grade_row(grade, day)
    listings = tuple(CreditListing.objects.filter(organisation=body).select_related("source", "record")[:SHOWN])
    marks = {grade} | ({"listed"} if any(one.state in {"listed", "repairing"} for one in listings) else set())
    refused = dict.fromkeys(one["name"] for one in credit_data.refusals(day) if one["who"] in marks)
    return Archive(
        grade, GRADE_TONES.get(grade, "none"), row["name"], "" if score is None else f"{score:g}",
        row["inspection_words"], tuple(_row(one, user, body) for one in records), listings, tuple(refused),
        credit_rules.can_record(user, body),
    )


def _row(one: CreditRecord, user: User, body: Organisation) -> RecordRow:
    one.organisation = body
    weight = credit_data.weight(one.happened_on, timing.today()) if one.state == "valid" else 0
    who = one.person.name if one.person else ""
    if who and not access_of(user).is_office:
        who = f"{who[0]}**"
    return RecordRow(
        one, who, f"{one.points * weight:+g}" if one.points and weight else "0", credit_rules.can_contest(user, one),
        credit_rules.can_answer(user, one), credit_rules.can_propose(user, one),
    )


@dataclass(frozen=True, slots=True)
class ListingPage:
    """The page of one entry."""

    row: CreditListing
    papers: tuple[Paper, ...]
    acts: tuple[tuple[str, str, Verdict], ...]
    steps: tuple[tuple[str, str], ...]
    waiting: Waiting | None


STEPS = (
    ("拟列入", (ListingState.PROPOSED,)), ("告知", (ListingState.TOLD,)), ("陈述申辩", (ListingState.PLEADED,)),
    ("列入", (ListingState.LISTED, ListingState.CONTESTED)), ("修复", (ListingState.REPAIRING,)),
    ("移出", (ListingState.REMOVED,)),
)


def listing_page(row: CreditListing, user: User) -> ListingPage:
    """Return the page of an entry. Two queries."""
    now = next((number for number, (_, states) in enumerate(STEPS) if row.state in states), None)
    steps = tuple(
        (word, "done" if number < now or row.state == ListingState.REMOVED else "now" if number == now else "todo")
        for number, (word, _) in enumerate(STEPS)
    ) if now is not None else ()
    return ListingPage(row, tuple(papers_of(row)), tuple(_acts(row, user)), steps, awaited_of(row))


def _acts(row: CreditListing, user: User) -> list[tuple[str, str, Verdict]]:
    rules = credit_rules
    found = {
        ListingState.PROPOSED: [("告知企业", "credit_tell", rules.can_tell)],
        ListingState.TOLD: [("陈述申辩", "credit_plead", rules.can_plead), ("决定", "credit_decide", rules.can_decide)],
        ListingState.PLEADED: [("决定", "credit_decide", rules.can_decide)],
        ListingState.LISTED: [
            ("申请信用修复", "credit_repair", rules.can_ask_repair), ("提出异议", "credit_object", rules.can_object),
        ],
        ListingState.CONTESTED: [("处理异议", "credit_settle", rules.can_settle)],
        ListingState.REPAIRING: [("审核信用修复", "credit_settle", rules.can_settle)],
    }.get(ListingState(row.state), [])
    return [(word, reverse(f"packages:{name}", args=[row.pk]), can(user, row)) for word, name, can in found]
