"""Two projects of the demonstration in their appraisal: one ripened by filling its gap, one waits for a department."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from gaige.demo.files import attachment
from gaige.demo.moments import later, person, user
from packages.appraisal_states import Factor
from packages.models import Appraisal, Gap, PoolEntry, ReviewTask
from packages.services import appraisal_gaps as gaps
from packages.services.appraisal_pool import PoolCard, enter_pool
from packages.services.appraisal_rounds import Given, open_round, score_factors
from packages.services.appraisal_signing import Conclusion, sign_opinion
from packages.states import TASK_OPEN
from projects import timing
from projects.models import Project
from projects.states import ProjectStatus, Role, Stage

#: So many calendar days before the end of the demonstration it begins.
DAYS_AGO = 14
SAID = {
    Factor.FUNDS: (2, "资本金证明已出具，银行意向书在途"), Factor.PLANNING: (3, "选址意见书已核发"),
    Factor.LAND: (1, "农转用报批在办，省厅组卷"), Factor.EIA: (2, "区域环评覆盖，可作承诺"),
    Factor.ENERGY: (2, "能耗指标已落实"),
}
SILENT = "energy"


def appraisals() -> Iterator[dt.datetime]:
    """Enter the two newest projects in planning that have a package, and walk them as far as each gets."""
    planned = Project.objects.filter(stage=Stage.PLANNING, status=ProjectStatus.ACTIVE, enrolment__isnull=False)
    found = planned.order_by("-pk")[:2]
    entries = [_enter(project, number) for number, project in enumerate(found)]
    if not entries:
        return
    yield later(0, 11)
    rounds = [open_round(entry.pk, by=user("clerk"), note="首批入库项目") for entry in entries if _waits(entry)]
    yield later(1, 10)
    for number, one in enumerate(rounds):
        _score(one, silent=number == 1)
    yield later(0, 15)
    if not rounds:
        return
    _sign(rounds[0], "用地由自然资源局按责任清单补齐，补齐后复评。")
    yield later(1, 9)
    for gap in Gap.objects.filter(appraisal=rounds[0]).select_related("issue"):
        lead = person(gap.issue.debtor_organisation_id, Role.REVIEWER)
        gaps.claim_gap(
            gap.pk, by=lead, responsible=str(lead), promised_on=timing.today() + dt.timedelta(days=7)
        )
        yield later(2, 10)
        gaps.report_gap(gap.pk, by=lead, answer="省政府批复已下达，完成净地移交", evidence=attachment("农转用批复"))
        yield later(0, 16)
        gaps.check_gap(gap.pk, by=user("clerk"), passed=True)
    yield later(1, 9.5)
    again = Appraisal.objects.filter(entry=rounds[0].entry_id, signed_at=None).first()
    if again is not None:
        _score(again, better={Factor.LAND: (2, "用地已批准，为净地")})
        yield later(0, 16)
        _sign(again, "五项要素均已达到要求，转联合会商。")


def _waits(entry: PoolEntry) -> bool:
    return PoolEntry.objects.filter(pk=entry.pk, state="waiting").exists()


def _enter(project: Project, number: int) -> PoolEntry:
    card = PoolCard(
        "经济技术开发区管委会", parcel=f"GP-2026-{14 + number:03d}", land_wish="工业用地", industry="装备制造",
        opening_on=timing.today() + dt.timedelta(days=150 + 200 * number), note="带动本地配套，分两期建设。",
    )
    return enter_pool(project.pk, by=user("clerk"), card=card)


def _score(one: Appraisal, *, silent: bool = False, better: dict[Factor, tuple[int, str]] | None = None) -> None:
    """Every department says what it has to say; the silent one says nothing."""
    words = SAID | (better or {})
    for task in ReviewTask.objects.filter(session=one.session_id, state__in=TASK_OPEN).select_related("organisation"):
        if silent and task.organisation.code == SILENT:
            continue
        mine = [Factor(code) for code, body in one.asked if body == task.organisation_id]
        score_factors(task.pk, by=person(task.organisation_id, Role.REVIEWER), scores={
            factor: Given(words[factor][0], words[factor][1], evidence=proof_of(factor, words[factor][0]))
            for factor in mine
        })


def proof_of(factor: Factor, level: int) -> UploadedFile[Any] | None:
    """The file that goes with a level that has to be proved."""
    return attachment(f"{factor.label}佐证") if level > 1 else None


def _sign(one: Appraisal, text: str) -> None:
    sign_opinion(one.pk, by=user("director"), conclusion=Conclusion(text, ticks=["chain"]))
