"""Projects in reserve that ripen in the pool: one ripe, two that miss something, one far off, one asleep, one twin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gaige.demo.appraisal import proof_of
from gaige.demo.files import attachment
from gaige.demo.moments import later, person, user
from gaige.demo.people import CENTRE, REGION
from packages.appraisal_states import Factor
from packages.models import Appraisal, Gap, PoolEntry, ReviewTask
from packages.services import appraisal_gaps as gaps
from packages.services.appraisal_pool import PoolCard, enter_pool
from packages.services.appraisal_rounds import Given, open_round, score_factors
from packages.services.appraisal_signing import Conclusion, sign_opinion
from packages.states import TASK_OPEN
from projects import timing
from projects.models import Membership, Organisation
from projects.services.registration import register_project
from projects.states import OrganisationKind, Role

#: So many calendar days before the end of the demonstration the first is entered.
DAYS_AGO = 52


@dataclass(frozen=True, slots=True)
class Reserve:
    """A project that nobody has filed yet: who wants it, what it costs (万元), when it is to open, what it lacks.

    `said` are the levels of the five factors with their words; none is scored where it is empty.
    """

    name: str
    owner: str
    cost: int
    parcel: str
    opens_in: int
    industry: str
    said: tuple[tuple[int, str], ...] = ()
    ticks: tuple[str, ...] = ()
    text: str = ""


ASLEEP = Reserve("城东冷链物流园", "owner2", 6800, "GP-2026-031", 420, "仓储物流")
RIPENING = (
    Reserve(
        "精密轴承产业园", "owner", 26_000, "GP-2026-032", 300, "装备制造", (
            (2, "资本金证明已出具"), (3, "选址意见书已核发"), (2, "已批准，场地已平整"), (2, "区域环评覆盖，可作承诺"),
            (2, "能耗指标已落实"),
        ), ("chain",), "五项要素均已具备，转联合会商。",
    ),
    Reserve(
        "丝麻非遗文旅街区", "owner3", 5200, "GP-2026-033", 260, "文化旅游", (
            (2, "银行授信意向书已取得"), (2, "符合国土空间规划"), (1, "拆迁协议签订过半"), (2, "可作登记表"),
            (3, "能耗低于审查标准"),
        ), (), "用地由自然资源局牵头，随拆迁进度补齐。",
    ),
    Reserve(
        "丹河滨河公园生态修复", "owner4", 9400, "GP-2026-034", 150, "生态环境", (
            (2, "已列入专项债项目库"), (3, "规划条件已出具"), (2, "利用现状滩地，权属清楚"), (1, "报告表在编"),
            (3, "不涉及节能审查"),
        ), ("livelihood",), "环评报告表编成后复评。",
    ),
    Reserve(
        "煤层气综合利用储配站", "owner6", 3600, "GP-2026-035", 800, "能源", (
            (1, "投资方案在洽谈"), (1, "需调整详细规划"), (0, "没有用地指标"), (0, "尚未开展"), (1, "能评在编"),
        ), (), "条件不足，先储备，用地指标落实后再议。",
    ),
)
TWIN = Reserve("精密轴承产业园（一期）", "owner", 26_000, "GP-2026-032", 300, "装备制造")


def reserves() -> Iterator[dt.datetime]:
    """Enter one that falls asleep, appraise four, let their gaps be claimed, and find one that is there already."""
    if PoolEntry.objects.filter(project__name=ASLEEP.name).exists():
        return
    _enter(ASLEEP)
    yield later(18, 9.8)
    entered = [(one, _enter(one)) for one in RIPENING]
    yield later(0, 14)
    rounds = [(one, open_round(entry.pk, by=user("clerk"), note="储备项目研判")) for one, entry in entered]
    yield later(2, 10)
    for one, row in rounds:
        _score(row, one)
    yield later(1, 15)
    for one, row in rounds:
        sign_opinion(row.pk, by=user("director"), conclusion=Conclusion(one.text, ticks=list(one.ticks)))
    yield later(1, 9.7)
    found = Gap.objects.filter(appraisal__in=[row for _, row in rounds]).select_related("issue").order_by("pk")
    for number, gap in enumerate(found):
        lead = person(gap.issue.debtor_organisation_id, Role.REVIEWER)
        day = timing.today() + dt.timedelta(days=26 + 9 * number)
        gaps.claim_gap(gap.pk, by=lead, responsible=str(lead), promised_on=day)
    yield later(8, 10.4)
    eia = found.filter(factor=Factor.EIA, level=1).first()
    if eia is not None:
        lead = person(eia.issue.debtor_organisation_id, Role.REVIEWER)
        gaps.report_gap(eia.pk, by=lead, answer="报告表已编成并公示", evidence=attachment("环评报告表"))
    _enter(TWIN)


def _enter(one: Reserve) -> PoolEntry:
    """Register a project under a local code and put it into the pool."""
    owner = Membership.objects.select_related("organisation").filter(user__username=one.owner)[0]
    is_government = owner.organisation.kind != OrganisationKind.ENTERPRISE
    project = register_project(
        by=owner.user, code="", name=one.name, investment="government" if is_government else "social",
        region_code=REGION, owner_uscc=owner.organisation.uscc, owner_name=owner.organisation.name,
        address="高平市", total_investment=Decimal(one.cost), centre=Organisation.objects.get(code=CENTRE),
    )
    card = PoolCard(
        owner.organisation.name, parcel=one.parcel, industry=one.industry,
        opening_on=timing.today() + dt.timedelta(days=one.opens_in),
    )
    return enter_pool(project.pk, by=owner.user, card=card)


def _score(row: Appraisal, one: Reserve) -> None:
    said = dict(zip(Factor, one.said, strict=True))
    for task in ReviewTask.objects.filter(session=row.session_id, state__in=TASK_OPEN).select_related("organisation"):
        mine = [Factor(code) for code, body in row.asked if body == task.organisation_id]
        score_factors(task.pk, by=person(task.organisation_id, Role.REVIEWER), scores={
            factor: Given(*said[factor], evidence=proof_of(factor, said[factor][0])) for factor in mine
        })
