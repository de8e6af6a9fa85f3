"""What an appraisal stands on: the rules of the day, which scores count, which gaps are promised. Pure reads."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packages import appraisal_rule, policy
from packages.appraisal_rule import Derived
from packages.appraisal_states import Factor
from packages.models import Appraisal, Enrolment, FactorScore, Gap, PolicyTable, PoolEntry
from packages.services.policies import table_of
from packages.states import SessionState
from projects.models import Organisation, Project
from projects.states import ISSUE_OPEN, IssueState

CLAIMED = (IssueState.CLAIMED, IssueState.DOING, IssueState.SUBMITTED, IssueState.REJECTED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of one factor and department: its score of the last round that asked, or none (未评)."""

    factor: str
    organisation: Organisation
    score: FactorScore | None
    round: int

    @property
    def level(self) -> int | None:
        """The level, or None where nobody has scored."""
        return self.score.level if self.score else None


def content_now() -> tuple[PolicyTable, appraisal_rule.Content]:
    """The rules in force. Raises `DomainError` `policy_missing`."""
    table = table_of(policy.APPRAISAL)
    return table, table.content


def package_of(project: Project) -> str:
    """The code of the package that decides which floors hold; `*` before a package is chosen."""
    found = Enrolment.objects.filter(project=project).values_list("package_version__package__code", flat=True).first()
    return found or appraisal_rule.EVERY


def standings_of(entry: PoolEntry, rounds: Sequence[Appraisal] | None = None) -> list[Standing]:
    """Which scores count now: of each factor and department that of the last round which asked for it.

    A round that asked and was not answered leaves 未评, whatever was said before; a round that was broken off counts
    for nothing but its scores. Three queries.
    """
    found = list(rounds) if rounds is not None else rounds_of(entry)
    scores = {
        (score.appraisal_id, score.factor, score.organisation_id): score
        for score in FactorScore.objects.filter(appraisal__in=found).select_related(
            "given_by", "evidence__document", "organisation"
        )
    }
    held: dict[tuple[str, int], tuple[FactorScore | None, int]] = {}
    for one in sorted(found, key=lambda row: row.session.round):
        for factor, body in one.asked:
            score = scores.get((one.pk, factor, body))
            if score is not None or one.session.state != SessionState.CLOSED:
                held[factor, body] = score, one.session.round
    bodies = Organisation.objects.in_bulk({body for _, body in held})
    order = list(Factor.values)
    rows = [Standing(factor, bodies[body], score, number) for (factor, body), (score, number) in held.items()]
    return sorted(rows, key=lambda row: (order.index(row.factor), row.organisation.pk))


def rounds_of(entry: PoolEntry) -> list[Appraisal]:
    """The rounds of a project, the newest first."""
    found = entry.appraisals.select_related("session__lead", "table", "signed_by", "opened_by")
    return list(found.order_by("-session__round"))


def by_factor(standings: Iterable[Standing]) -> dict[str, list[Standing]]:
    """The standings of each factor."""
    found: dict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        found[standing.factor].append(standing)
    return found


def disputed(standings: Iterable[Standing]) -> dict[str, list[Standing]]:
    """The factors on which departments differ."""
    return {
        factor: rows for factor, rows in by_factor(standings).items()
        if len({row.level for row in rows if row.level is not None}) > 1
    }


def levels_of(standings: Iterable[Standing], settled: Mapping[str, int]) -> dict[str, int | None]:
    """The level of each factor: as the chair settled it, else the lowest that was given; None while one is silent."""
    found: dict[str, int | None] = dict.fromkeys(Factor.values)
    for factor, rows in by_factor(standings).items():
        levels = [row.level for row in rows]
        given = [level for level in levels if level is not None]
        found[factor] = None if len(given) < len(levels) else settled.get(factor, min(given, default=None))
    return found


def open_gaps(project: Project) -> list[Gap]:
    """The gaps of a project that are not settled."""
    found = Gap.objects.filter(issue__project=project, issue__state__in=list(ISSUE_OPEN))
    return list(found.select_related("issue__debtor_organisation", "issue__clock").order_by("pk"))


def promised(project: Project) -> set[str]:
    """The factors whose gap somebody has claimed with a day."""
    return {gap.factor for gap in open_gaps(project) if gap.issue.state in CLAIMED and gap.issue.due_on is not None}


def derive(
    content: appraisal_rule.Content, package: str, levels: Mapping[str, int | None], project: Project, day: dt.date
) -> Derived:
    """What the rule says of these levels."""
    return appraisal_rule.derive_maturity(
        levels, appraisal_rule.floors_of(content, package, day), promised(project)
    )


def target_of(content: appraisal_rule.Content, package: str, factor: str, day: dt.date) -> int:
    """The level that 成熟 asks of a factor."""
    return appraisal_rule.floors_of(content, package, day)[0].needs[factor]


def open_round_of(entry: PoolEntry) -> Appraisal | None:
    """The round that runs."""
    found = entry.appraisals.filter(
        signed_at=None, session__state__in=[SessionState.REVIEWING, SessionState.MERGING]
    ).select_related("session__lead", "table", "opened_by")
    return found.order_by("-pk").first()

