"""待送达: granted cases whose certificate the window has still to hand out, as a page and as a file (行政许可法 44)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from archives.models import Paper
from archives.states import PaperKind, PaperState
from packages import rules
from packages.choices import ArrivesBefore
from packages.models import Deferral, MatterCase
from packages.screens.acting import awaits_delivery
from packages.states import CASE_PASSED, Handling
from packages.waiting import CASE_LABEL
from packages.worklist import clean_text, found_by
from projects import timing
from projects.clock_states import Light
from projects.errors import Verdict
from projects.exports import Cell, Column, Table, cut_words
from projects.models import Project, User
from projects.owing import YELLOW_DAYS
from projects.paging import KeyPage, as_key, key_page
from projects.waiting import Waiting
from projects.workdays import workdays_between

PAGE, MOST_IN_FILE, CHUNK = 20, 10_000, 500
#: How far back the list reaches, in calendar days.
REACH_DAYS = 366
RELATED = ("matter__matter", "lead", "project__owner", "project__centre", "delivery")
#: The day of the grant orders by the last day of delivery too: that is ten working days later.
ORDER = "ended_at"
COLUMNS = (
    Column("事项", 28), Column("办件编号", 22), Column("项目代码", 26), Column("项目", 34), Column("建设单位", 26),
    Column("证照文号", 30), Column("准予", 12), Column("最迟送达", 12), Column("时限", 12), Column("在等谁", 60),
)


def undelivered(user: User, text: str = "") -> QuerySet[MatterCase]:
    """Return what the windows of the user's centres have to hand out, granted within twelve months.

    Granted through the window, not delivered, the project running and not delivered itself, and no deferred paper that
    has to come before the certificate (it waits for the enterprise then). Cheap in a city of a million cases: where
    nearly all are delivered two ways lead to the few that are not, a range of `mattercase_ended` from twelve months ago
    in the order of the list, or the running projects of the centre and their cases by `mattercase_project_stage`; each
    case then asks the unique index of its delivery. Neither way reads all that was ever granted.
    """
    centres = rules.delivering_centres(user)
    held = Deferral.objects.filter(case=OuterRef("pk"), arrives_before=ArrivesBefore.CERTIFICATE).open()
    found = MatterCase.objects.filter(
        ~Exists(held), ended_at__gte=timing.now() - dt.timedelta(days=REACH_DAYS), state__in=CASE_PASSED,
        handling=Handling.REVIEW, delivery=None,
        project__in=Project.objects.visible_to(user).active().filter(centre__in=sorted(centres)),
    )
    return found.filter(found_by(text)) if text else found


@dataclass(frozen=True, slots=True)
class Row:
    """One case of the list; its light, words, days and due day are drawn as a clock."""

    case: MatterCase
    waiting: Waiting
    number: str
    granted_on: dt.date
    due_on: dt.date
    left: int
    """Working days to the last day; negative when it is past."""
    verdict: Verdict

    @property
    def light(self) -> str:
        """Red when it is late, yellow within two working days."""
        if self.due_on < timing.today():
            return Light.RED
        return Light.YELLOW if self.left <= YELLOW_DAYS else Light.GREEN

    @property
    def words(self) -> str:
        """What stands beside the light."""
        if self.due_on < timing.today():
            return f"超 {-self.left} 天" if self.left else "已超期"
        return f"剩 {self.left} 天" if self.left else "今日到期"

    @property
    def used(self) -> int:
        """Working days since the grant."""
        return self.waiting.days

    @property
    def limit(self) -> int:
        """Working days within which it is delivered."""
        return self.waiting.limit or 0


@dataclass(frozen=True, slots=True)
class UndeliveredPage:
    """One page of the list."""

    rows: list[Row]
    cut: KeyPage[MatterCase]
    q: str


def undelivered_page(user: User, asked: Mapping[str, str]) -> UndeliveredPage:
    """Return the page that the address asks for, oldest due first. A fixed number of queries."""
    text = clean_text(asked.get("q", ""))
    cut = key_page(
        undelivered(user, text).select_related(*RELATED), sort=ORDER, size=PAGE, after=as_key(asked.get("after")),
        before=as_key(asked.get("before")),
    )
    return UndeliveredPage(list(_rows(cut.rows, user)), cut, text)


def _rows(cases: Sequence[MatterCase], user: User) -> Iterator[Row]:
    """The lines of these cases: one query for the numbers of their certificates."""
    numbers = _numbers(cases)
    today = timing.today()
    for case in cases:
        waiting = awaits_delivery(case)
        if waiting is None or waiting.since is None or waiting.due_on is None:
            continue
        until = waiting.due_on
        left = workdays_between(today, until) if today <= until else -workdays_between(until, today)
        number = "、".join(numbers.get(str(case.pk), ()))
        yield Row(case, waiting, number, waiting.since, until, left, rules.can_deliver(user, case))


def _numbers(cases: Iterable[MatterCase]) -> dict[str, list[str]]:
    """The numbers of the valid certificates by the key of their case."""
    found: dict[str, list[str]] = defaultdict(list)
    papers = Paper.objects.filter(
        subject_type=CASE_LABEL, subject_key__in=[str(case.pk) for case in cases], kind=PaperKind.CERTIFICATE,
        state=PaperState.VALID,
    )
    for key, number in papers.order_by("pk").values_list("subject_key", "number"):
        found[key].append(number)
    return found


# The list as a file --------------------------------------------------------------------------------------------------


def undelivered_table(user: User, asked: Mapping[str, str]) -> Table:
    """Return the list as it is searched as a file."""
    text = clean_text(asked.get("q", ""))
    now = timing.now().astimezone(timing.BUSINESS_ZONE)
    facts = (
        ("清单", "待送达"), ("查找", text), ("导出人", str(user)), ("导出时间", f"{now:%Y-%m-%d %H:%M}"),
        ("最多", f"{MOST_IN_FILE:,} 行"),
    )
    return Table("待送达", COLUMNS, _file_rows(user, text), facts)


def _file_rows(user: User, text: str) -> Iterator[Sequence[Cell]]:
    """The rows in the order of the list: its keys are read at once, the rest in chunks."""
    keys = list(undelivered(user, text).order_by(ORDER, "pk").values_list("pk", flat=True)[: MOST_IN_FILE + 1])
    for first in range(0, min(len(keys), MOST_IN_FILE), CHUNK):
        chunk = keys[first : min(first + CHUNK, MOST_IN_FILE)]
        by_pk = MatterCase.objects.select_related(*RELATED).in_bulk(chunk)
        for row in _rows([by_pk[pk] for pk in chunk if pk in by_pk], user):
            case = row.case
            yield [
                case.matter.name, case.number, case.project.code, case.project.name, case.project.owner.name,
                row.number, row.granted_on, row.due_on, row.words, row.waiting.sentence,
            ]
    if len(keys) > MOST_IN_FILE:
        yield [cut_words(MOST_IN_FILE)]
