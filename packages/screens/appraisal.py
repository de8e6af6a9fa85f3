"""What the pages of a project's appraisal show: bars, reasons, rounds, gaps, pairs, and who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from archives.models import Document, DocumentVersion
from packages import appraisal_data as data
from packages import appraisal_rule, pool_rules
from packages.appraisal_providers import reading_of
from packages.appraisal_states import GAP_TONES, GAP_WORDS, LEVEL_TONES, TONES, Factor, Maturity, PoolState
from packages.duplicates import undecided
from packages.models import Appraisal, DuplicatePair, Gap, PoolEntry, ReviewTask
from packages.screens.acting import Act
from packages.services.appraisal_papers import papers_of_rounds
from packages.states import TASK_OPEN, SessionState
from projects import timing
from projects.access import access_of
from projects.chain import entries_of
from projects.clocks import Reading, read_clock
from projects.models import Event

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.chain import Entry
    from projects.models import Project, User

EVENTS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One factor of one department: its level as a bar of three steps, the floor of 成熟 as a mark."""

    standing: data.Standing
    name: str
    word: str
    meaning: str
    tone: str
    target: int
    task: ReviewTask | None
    reading: Reading | None

    @property
    def cells(self) -> list[tuple[str, bool]]:
        """Three steps: filled or not, and whether the floor of 成熟 stands after it."""
        level = self.standing.level or 0
        return [("on" if step <= level else "off", step == self.target) for step in (1, 2, 3)]


@dataclass(frozen=True, slots=True)
class GapRow:
    """One gap with its clock and what may be done."""

    gap: Gap
    word: str
    tone: str
    reading: Reading | None
    acts: tuple[Act, ...]

    @property
    def factor(self) -> str:
        """Its factor."""
        return str(Factor(self.gap.factor).label)


class EntryTones:
    """The colours of an entry of the pool: of its state, its maturity in force and its grade."""

    __slots__ = ()
    entry: PoolEntry

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES[self.entry.state]

    @property
    def maturity_tone(self) -> str:
        """Colour of the maturity in force."""
        return TONES[self.entry.maturity]

    @property
    def grade_tone(self) -> str:
        """Colour of the grade."""
        return TONES.get(self.entry.grade, "none")


@dataclass(frozen=True, slots=True)
class AppraisalPage(EntryTones):
    """Everything the page of a project shows."""

    project: Project
    entry: PoolEntry
    bars: tuple[Bar, ...]
    derived: appraisal_rule.Derived
    last: Appraisal | None
    running: Appraisal | None
    rounds: tuple[Appraisal, ...]
    gaps: tuple[GapRow, ...]
    pairs: tuple[tuple[DuplicatePair, Project, Act], ...]
    papers: tuple[Paper, ...]
    acts: tuple[Act, ...]
    events: list[Entry]
    dispatch: tuple[str, str]

    @property
    def machine_word(self) -> str:
        """What the rule says of the scores as they stand."""
        return str(Maturity(self.derived.maturity).label)

    @property
    def silent(self) -> tuple[Bar, ...]:
        """The departments that have not scored."""
        return tuple(bar for bar in self.bars if bar.standing.score is None)


def appraisal_page(entry: PoolEntry, user: User) -> AppraisalPage:
    """The page of a project in the pool, for the office. A fixed number of queries."""
    project = entry.project
    rounds = data.rounds_of(entry)
    for one in rounds:
        one.entry, one.session.project = entry, project
    running = next((one for one in rounds if one.signed_at is None and one.session.state in (
        SessionState.REVIEWING, SessionState.MERGING)), None)
    last = next((one for one in rounds if one.signed_at is not None), None)
    rules = running or last
    _, content = data.content_now() if rules is None else (rules.table, rules.table.content)
    package = rules.package if rules else data.package_of(project)
    standings = data.standings_of(entry, rounds)
    settled = last.settled if last and running is None else {}
    derived = data.derive(content, package, data.levels_of(standings, settled), project, timing.today())
    return AppraisalPage(
        project, entry, _bars(standings, running, content, package), derived, last, running, tuple(rounds),
        tuple(gap_rows(_gaps(project), user)), _pairs(project, user), tuple(papers_of_rounds(rounds)),
        tuple(_acts(entry, running, user)), _events(project),
        appraisal_rule.resources(content, entry.grade, timing.today()),
    )


def _bars(
    standings: list[data.Standing], running: Appraisal | None, content: appraisal_rule.Content, package: str
) -> tuple[Bar, ...]:
    day = timing.today()
    tasks = {}
    if running is not None:
        found = running.session.tasks.filter(state__in=TASK_OPEN).select_related("clock", "organisation")
        tasks = {task.organisation_id: task for task in found.prefetch_related("clock__pauses")}
    rows = []
    for row in standings:
        task = tasks.get(row.organisation.pk) if row.score is None else None
        levels = appraisal_rule.levels_of(content, row.factor, day)
        one = levels[row.score.level] if row.score else None
        word = "未评" if one is None else "不涉及" if row.score and row.score.is_na else one.word
        rows.append(Bar(
            row, str(Factor(row.factor).label), word, one.meaning if one and word != "不涉及" else "",
            LEVEL_TONES[one.level] if one else "none", data.target_of(content, package, row.factor, day), task,
            read_clock(task.clock, pauses=list(task.clock.pauses.all())) if task else None,
        ))
    return tuple(rows)


def _gaps(project: Project) -> list[Gap]:
    found = Gap.objects.filter(issue__project=project)
    return list(
        found.select_related("issue__debtor_organisation", "issue__clock", "issue__project__centre", "appraisal")
        .prefetch_related("issue__clock__pauses", "issue__evidence__version__document").order_by("-pk")
    )


def gap_rows(gaps: list[Gap], user: User) -> list[GapRow]:
    """Gaps as rows of a list, with what this person may do with each; no query."""
    return [
        GapRow(
            gap, GAP_WORDS[gap.issue.state], GAP_TONES[gap.issue.state], reading_of(gap), tuple(gap_acts(gap, user))
        ) for gap in gaps
    ]


def gap_acts(gap: Gap, user: User) -> list[Act]:
    """The steps that this person may take on a gap; those of others are left out."""
    every = [
        Act("认领", reverse("packages:gap_claim", args=[gap.pk]), pool_rules.can_claim(user, gap)),
        Act("报告补齐", reverse("packages:gap_report", args=[gap.pk]), pool_rules.can_report(user, gap)),
        Act("核实", reverse("packages:gap_check", args=[gap.pk]), pool_rules.can_check_gap(user, gap)),
        Act(
            "无法补齐", reverse("packages:gap_give_up", args=[gap.pk]), pool_rules.can_give_up(user, gap), danger=True
        ),
    ]
    return [act for act in every if act.verdict]


def _pairs(project: Project, user: User) -> tuple[tuple[DuplicatePair, Project, Act], ...]:
    rows = []
    for pair in undecided([project.pk]):
        other = pair.second if pair.first_id == project.pk else pair.first
        url = reverse("packages:pool_pair", args=[pair.pk])
        rows.append((pair, other, Act("认定", url, pool_rules.can_keep_apart(user, pair))))
    return tuple(rows)


def _acts(entry: PoolEntry, running: Appraisal | None, user: User) -> list[Act]:
    pk = entry.pk
    acts = []
    if running is not None:
        mine = running.session.tasks.filter(
            state__in=TASK_OPEN, organisation__in=access_of(user).organisation_ids
        ).select_related("organisation")
        for task in mine:
            task.session = running.session
            url = reverse("packages:appraisal_score", args=[task.pk])
            acts.append(Act(f"评分：{task.scope_note}", url, pool_rules.can_score(user, task)))
        acts.append(Act(
            "签署研判意见", reverse("packages:appraisal_sign", args=[running.pk]), pool_rules.can_sign(user, running)
        ))
    elif entry.state in (PoolState.ENTERED, PoolState.WAITING, PoolState.APPRAISED):
        word = "提请复评" if entry.appraised_at else "发起联合研判"
        acts.append(Act(word, reverse("packages:appraisal_open", args=[pk]), pool_rules.can_open_round(user, entry)))
    if entry.state == PoolState.RESTING:
        acts.append(Act("恢复", reverse("packages:pool_take_up", args=[pk]), pool_rules.can_take_up(user, entry)))
    elif entry.state in (PoolState.ENTERED, PoolState.WAITING, PoolState.APPRAISING, PoolState.APPRAISED):
        acts.append(Act("暂缓", reverse("packages:pool_rest", args=[pk]), pool_rules.can_steer(user, entry)))
    if entry.state not in (PoolState.DROPPED, PoolState.MERGED):
        may = pool_rules.can_drop(user, entry)
        acts.append(Act("退库", reverse("packages:pool_drop", args=[pk]), may, danger=True))
    return acts


def _events(project: Project) -> list[Entry]:
    kinds = ("pool.", "appraisal.", "issue.")
    found = Event.objects.filter(project=project).order_by("-seq")[: EVENTS * 4]
    return entries_of(project, [event for event in found if event.kind.startswith(kinds)][:EVENTS])


# The scoring form ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScorePage:
    """What a department sees beside its form."""

    task: ReviewTask
    appraisal: Appraisal
    reading: Reading
    open_factors: tuple[tuple[str, tuple[appraisal_rule.Level, ...]], ...]
    done: tuple[tuple[str, str, str], ...]
    before: tuple[data.Standing, ...]
    evidence: tuple[tuple[str, str], ...]


def score_page(task: ReviewTask) -> ScorePage:
    """The scoring page of a department's task."""
    appraisal = Appraisal.objects.select_related("table", "entry").get(session=task.session_id)
    appraisal.session = task.session
    appraisal.entry.project = task.session.project
    content, day = appraisal.table.content, timing.today()
    mine = [factor for factor, body in appraisal.asked if body == task.organisation_id]
    scores = {score.factor: score for score in task.scores.select_related("evidence__document")}
    earlier = [one for one in data.rounds_of(appraisal.entry) if one.pk != appraisal.pk]
    before = [
        row for row in data.standings_of(appraisal.entry, earlier)
        if row.organisation.pk == task.organisation_id and row.factor in mine and row.score
    ]
    defs = {one.code: one for one in appraisal_rule.factors_of(content, task.session.project.investment, day)}
    return ScorePage(
        task, appraisal, read_clock(task.clock),
        tuple((code, tuple(appraisal_rule.levels_of(content, code, day))) for code in mine if code not in scores),
        tuple((str(Factor(code).label), str(score), score.reason) for code, score in scores.items()),
        tuple(before), tuple((str(Factor(code).label), defs[code].evidence) for code in mine if code in defs),
    )


def held_documents(project: Project, user: User) -> list[DocumentVersion]:
    """The newest version of every current document of the project that this person may open, to serve as proof."""
    documents = Document.objects.visible_to(user).filter(project=project, replaced_by=None)
    newest: dict[int, DocumentVersion] = {}
    found = DocumentVersion.objects.filter(document__in=documents).select_related("document")
    for version in found.order_by("document__doc_class", "document__serial", "version"):
        newest[version.document_id] = version
    return list(newest.values())
