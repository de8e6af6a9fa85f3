"""The work list (工作台) as a query: whose it is, what narrows it, what is counted above it, one page cut by key.

Three scopes. 我的窗口 is what lies in a person's own hands, by facts alone: for a clerk the cases that the clerk
received, accepted or took over (`MatterCase.window_by`), and those of the centre that no clerk holds yet; for a
department's people the tasks they took up or that nobody has taken up; for a chief representative the cases that the
department leads; for agents those of their projects. 本中心 (本部门) is what the own bodies receive or lead, 全部 all
that the person may see.

Everything is cut, ordered and counted along `mattercase_open_due` and its sisters, so that a million cases cost what a
thousand do: pages are cut by key, and counters (`packages/counters.py`) count no further than a hundred.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from archives import codewords
from archives.models import Paper
from packages.choices import MatterStage, ReviewRole
from packages.models import Application, MaterialItem, MatterCase, MatterVersion, ReviewTask
from packages.states import (
    CASE_OPEN,
    TASK_OPEN,
    ApplicationSource,
    CaseState,
    Handling,
    MaterialState,
    SessionState,
)
from packages.waiting import CASE_LABEL
from projects import timing
from projects.access import CENTRE_ROLES, Access, access_of
from projects.models import Involvement, Organisation, Party, Project
from projects.paging import as_key
from projects.queries import find_projects
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

MINE, CENTRE, ALL = "mine", "centre", "all"
#: The counters, which are filters: what they count is what they open.
TABS: tuple[tuple[str, str], ...] = (
    ("todo", "待我办"), ("today", "今日到期"), ("yellow", "即将到期"), ("red", "已超时"), ("received", "待受理"),
    ("owner", "待企业"), ("review", "部门办理中"), ("paused", "已暂停"), ("all", "全部在办"),
)
SIZES = (20, 50, 100)
LONGEST_TEXT = 100
OPEN_STATES = tuple(CASE_OPEN)
IS_OPEN = Q(state__in=OPEN_STATES)
NO_DATE = "-"
#: What a line shows of a case, its clocks among it.
RELATED = (
    "matter__matter", "lead", "project__owner", "project__centre", "application", "window_by", "intake_clock",
    "promised_clock", "special_clock",
)
#: A task waits for its body: an open one, that of the lead only once the others are done.
WAITS_FOR_BODY = Q(state__in=TASK_OPEN) & (~Q(role=ReviewRole.LEAD) | Q(session__state=SessionState.MERGING))
_BRACKETS = str.maketrans("[](){}【】", "〔〕〔〕〔〕〔〕")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; what is not known is left out, never an error."""

    scope: str = ""
    tab: str = ""
    q: str = ""
    state: str = ""
    stage: str = ""
    matter: str = ""
    lead: str = ""
    package: str = ""
    source: str = ""
    deemed: str = ""
    deferred: str = ""
    size: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but scope and counter is chosen."""
        return any(getattr(self, name) for name in NARROWING)

    @property
    def query(self) -> str:
        """What stands behind the `?`, in one order, without what is empty."""
        return urlencode({f.name: value for f in fields(self) if (value := getattr(self, f.name))})

    def with_(self, **values: str) -> Wanted:
        """The same with something else chosen."""
        return replace(self, **values)


NARROWING = ("q", "state", "stage", "matter", "lead", "package", "source", "deemed", "deferred")
_KNOWN: dict[str, tuple[str, ...]] = {
    "scope": (MINE, CENTRE, ALL),
    "tab": tuple(name for name, _ in TABS),
    "state": tuple(state.value for state in OPEN_STATES),
    "stage": tuple(MatterStage.values),
    "source": tuple(ApplicationSource.values),
    "deemed": ("1",),
    "deferred": ("1",),
    "size": tuple(str(size) for size in SIZES[1:]),
}


def wanted(query: Mapping[str, str]) -> Wanted:
    """Return what an address asks for."""
    given = {f.name: clean_text(query.get(f.name, "")) for f in fields(Wanted)}
    return Wanted(**{
        name: value for name, value in given.items() if name not in _KNOWN or value in _KNOWN[name]
    })


def clean_text(text: str) -> str:
    """Return a text as it is looked for: nothing unprintable, not too long."""
    return "".join(letter for letter in text[:LONGEST_TEXT] if letter.isprintable()).strip()


# Scopes ------------------------------------------------------------------------------------------------------------


def own_bodies(access: Access) -> tuple[frozenset[int], frozenset[int]]:
    """Return the centres and the departments that a person works for."""
    centres = frozenset().union(*(access.by_role.get(role, frozenset()) for role in CENTRE_ROLES))
    departments = frozenset().union(*(access.by_role.get(role, frozenset()) for role in (Role.REVIEWER, Role.CHIEF)))
    return centres, departments


def scopes_of(user: Person) -> list[tuple[str, str]]:
    """Return the scopes that make a difference for a person, with their words; the first is the usual one."""
    access = access_of(user)
    centres, departments = own_bodies(access)
    found = []
    if access.has(Role.CLERK, Role.REVIEWER, Role.CHIEF, Role.AGENT):
        found.append((MINE, "我的窗口" if access.has(Role.CLERK) else "我的办件"))
    if centres or departments:
        found.append((CENTRE, "本中心" if centres else "本部门"))
    return [*found, (ALL, "全部")]


def scope_of(user: Person, asked: Wanted) -> str:
    """Return the scope that is shown: the one asked for when the person has it, else the usual one."""
    names = [name for name, _ in scopes_of(user)]
    return asked.scope if asked.scope in names else names[0]


def tab_of(user: Person, asked: Wanted) -> str:
    """Return the counter that is shown: the one asked for, else what waits at those who have something to do here."""
    if asked.tab:
        return asked.tab
    return "todo" if access_of(user).has(Role.CLERK, Role.REVIEWER, Role.CHIEF) else "all"


def _any(parts: list[Q]) -> Q:
    """What one of them reaches; nothing when there is none."""
    reach = parts[0] if parts else Q(pk__in=[])
    for part in parts[1:]:
        reach |= part
    return reach


def in_scope(user: Person, scope: str) -> Q:
    """Return the condition of a scope; beside it stands always what the person may see."""
    if scope == ALL:
        return Q()
    access = access_of(user)
    if scope == CENTRE:
        centres, departments = own_bodies(access)
        parts = [Q(project__centre__in=sorted(centres))] if centres else []
        return _any([*parts, *([Q(lead__in=sorted(departments))] if departments else [])])
    parts = []
    if access.has(Role.CLERK):
        unheld = Q(window_by=None, project__centre__in=sorted(access.by_role[Role.CLERK]))
        parts += [Q(window_by=user.pk), unheld]
    if access.has(Role.REVIEWER, Role.CHIEF):
        parts.append(Q(pk__in=_tasks(access).filter(Q(handler=None) | Q(handler=user.pk)).values("session__case")))
    if access.has(Role.CHIEF):
        parts.append(Q(lead__in=sorted(access.by_role[Role.CHIEF])))
    if access.has(Role.AGENT):
        mine = Involvement.objects.current().filter(user_id__in=access.user_ids)
        parts.append(Q(project__in=mine.values("project")))
    return _any(parts)


def _tasks(access: Access) -> QuerySet[ReviewTask]:
    """The tasks that wait for the departments of a person."""
    _, departments = own_bodies(access)
    return ReviewTask.objects.filter(
        WAITS_FOR_BODY, organisation__in=sorted(departments), session__case__isnull=False
    ).order_by()


def waits_for(user: Person) -> Q:
    """What waits at the person: cases of the own centre to accept, tasks of the department, decisions of a chief."""
    access = access_of(user)
    parts = []
    if access.has(Role.CLERK):
        parts.append(Q(state=CaseState.RECEIVED, project__centre__in=sorted(access.by_role[Role.CLERK])))
    if not access.has(Role.REVIEWER, Role.CHIEF):
        return _any(parts)
    parts.append(Q(pk__in=_tasks(access).values("session__case")))
    if access.has(Role.CHIEF):
        parts.append(_decides(access))
    return IS_OPEN & _any(parts)


def _decides(access: Access) -> Q:
    """What a chief representative has to decide: every answer is there, or none was asked for."""
    asked = ReviewTask.objects.filter(
        session__case=OuterRef("pk"), state__in=TASK_OPEN,
        session__state__in=[SessionState.REVIEWING, SessionState.MERGING],
    )
    ripe = Q(state=CaseState.IN_REVIEW, lead__in=sorted(access.by_role[Role.CHIEF]))
    return ripe & Q(handling=Handling.REVIEW) & ~Q(Exists(asked))


def to_decide(user: Person) -> QuerySet[MatterCase]:
    """Return the cases that wait for the decision of this person, the most urgent first."""
    access = access_of(user)
    if not access.has(Role.CHIEF):
        return MatterCase.objects.none()
    found = MatterCase.objects.visible_to(user).filter(_decides(access)).select_related(*RELATED)
    return found.order_by(F("due_on").asc(nulls_last=True), "pk")


# What narrows the list ---------------------------------------------------------------------------------------------


def tab_condition(name: str, user: Person) -> Q:
    """Return the condition of a counter, which says once that the case is open.

    Of one state and of all open ones beside it PostgreSQL thinks that next to nothing is both; then it reads them all.
    """
    today = timing.today()
    conditions: dict[str, Callable[[], Q]] = {
        "todo": lambda: waits_for(user),
        "today": lambda: IS_OPEN & Q(due_on=today),
        "yellow": lambda: IS_OPEN & Q(due_on__gt=today, yellow_on__lte=today),
        "red": lambda: IS_OPEN & Q(due_on__lt=today),
        "received": lambda: Q(state=CaseState.RECEIVED),
        "owner": lambda: Q(state=CaseState.CORRECTING),
        "review": lambda: Q(state__in=[CaseState.ACCEPTED, CaseState.IN_REVIEW]),
        "paused": lambda: IS_OPEN & Q(due_on=None),
        "all": lambda: IS_OPEN,
    }
    return conditions[name]()


def found_by(text: str) -> Q:
    """Return the condition of a text: paper number, start of a code or filing number, part of a name, a party."""
    plain = unicodedata.normalize("NFKC", text)  # numbers may be typed in full-width letters, names contain some
    if "字第" in plain:
        return _of_paper(number=plain.translate(_BRACKETS))
    firms = Organisation.objects.filter(Q(name__icontains=text) | Q(uscc=plain.upper()))
    reach = Q(project__in=find_projects(Project.objects.order_by(), text).values("pk"))
    reach |= Q(project__in=Party.objects.filter(organisation__in=firms).order_by().values("project"))
    if plain.isascii():
        if len(code := codewords.plain(text)) == codewords.VERIFY_LENGTH:
            reach |= _of_paper(verify_code=code)
        numbers = Application.objects.filter(number__startswith=plain).order_by()
        return reach | Q(number__startswith=plain) | Q(application__in=numbers.values("pk"))
    return reach | Q(matter__in=MatterVersion.objects.filter(name__icontains=text).order_by().values("pk"))


def _of_paper(**wanted: str) -> Q:
    """The cases that a paper with this number or verification code was made for."""

    def subjects(label: str) -> QuerySet[Paper, Any]:
        papers = Paper.objects.filter(subject_type=label, **wanted).order_by()
        return papers.annotate(of=Cast("subject_key", BigIntegerField())).values("of")

    return Q(pk__in=subjects(CASE_LABEL)) | Q(application__in=subjects(Application._meta.label))


def narrowed(user: Person, asked: Wanted) -> QuerySet[MatterCase]:
    """Return the cases that the person may see, as scope and filters leave them; which are open says the counter."""
    cases = MatterCase.objects.visible_to(user).filter(in_scope(user, scope_of(user, asked)))
    plain = {
        "state": "state", "stage": "stage", "matter": "matter__matter__code", "lead": "lead__code",
        "source": "application__source", "package": "project__enrolment__package_version__package__code",
    }
    for name, column in plain.items():
        if value := getattr(asked, name):
            cases = cases.filter(**{column: value})
    if asked.deemed:
        cases = cases.filter(is_deemed_accepted=True)
    if asked.deferred:
        owed = MaterialItem.objects.filter(case=OuterRef("pk"), state=MaterialState.DEFERRED)
        cases = cases.filter(Exists(owed))
    return cases.filter(found_by(asked.q)) if asked.q else cases


def work_list(user: Person, asked: Wanted | None = None) -> QuerySet[MatterCase]:
    """Return the work list, most urgent first, cases whose clock stands last."""
    asked = asked or Wanted(scope=ALL, tab="all")
    cases = narrowed(user, asked).filter(tab_condition(tab_of(user, asked), user))
    return cases.select_related(*RELATED).order_by(F("due_on").asc(nulls_last=True), "pk")


# Pages cut by key: (due date, id), cases without a running clock last ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """A place in the order."""

    day: dt.date | None
    pk: int

    def __str__(self) -> str:
        """What stands in the address."""
        return f"{self.day or NO_DATE}.{self.pk}"


def read_key(text: str | None) -> Key | None:
    """Return the key of an address, or None when it is not one."""
    day, _, number = (text or "").partition(".")
    pk = as_key(number)
    if pk is None:
        return None
    if day == NO_DATE:
        return Key(None, pk)
    try:
        return Key(dt.date.fromisoformat(day), pk)
    except ValueError:
        return None


def parts_beyond(cases: QuerySet[MatterCase], key: Key | None, *, back: bool) -> list[QuerySet[MatterCase]]:
    """Return the list beyond a key as ordered queries, to be read one after the other until a page is full.

    Each is a range of the index from the key on: page 200 costs what page 1 costs. Without a key it is one query.
    """
    if key is None:
        return [cases]
    dated, undated = cases.filter(due_on__isnull=False), cases.filter(due_on=None)
    forth = ("due_on", "pk"), ("pk",)
    order, rest = (("-due_on", "-pk"), ("-pk",)) if back else forth
    way = "lt" if back else "gt"
    if key.day is None:
        after = undated.filter(**{f"pk__{way}": key.pk}).order_by(*rest)
        return [after, dated.order_by(*order)] if back else [after]
    beyond = Q(**{f"due_on__{way}": key.day}) | Q(**{f"pk__{way}": key.pk})
    near = cases.filter(beyond, **{f"due_on__{way}e": key.day}).order_by(*order)
    return [near] if back else [near, undated.order_by(*rest)]
