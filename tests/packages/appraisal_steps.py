"""Steps of an appraisal for tests: enter, open, score as each department, sign."""

import datetime as dt

from packages.models import ReviewTask
from packages.services import appraisal_gaps as gaps
from packages.services import appraisal_pool as pool
from packages.services import appraisal_rounds as rounds
from packages.services.appraisal_pool import PoolCard
from packages.services.appraisal_rounds import Given
from packages.services.appraisal_signing import Conclusion, sign_opinion
from projects import timing
from projects.models import Project
from projects.states import Role
from tests import factories

FULL = {"funds": 2, "planning": 3, "land": 2, "eia": 2, "energy": 2}
BODIES = {
    "funds": "development-reform", "planning": "natural-resources", "land": "natural-resources", "eia": "environment",
    "energy": "energy",
}


NAMES = ("精密铸件智能工厂", "县医院门诊楼改造", "城北污水处理提标", "丹河湿地公园", "冷链物流园", "煤矸石综合利用")


def entered(actors, project=None, **card):
    """A project of the pool; each has a name and an owner unlike those of the others."""
    if project is None:
        number = Project.objects.count()
        owner = factories.enterprise(f"{NAMES[number % len(NAMES)]}公司", 40000100 + number)
        project = factories.make_project(actors, name=NAMES[number % len(NAMES)], owner=owner)
    return pool.enter_pool(project.pk, by=actors.clerk, card=PoolCard("经济开发区", **card))


def opened(actors, entry):
    """A round of it."""
    return rounds.open_round(entry.pk, by=actors.clerk)


def given(level, **more):
    """What a department says, with an upload where it has to prove it."""
    proof = factories.pdf("佐证.pdf", f"{level}") if level >= 2 else None
    return Given(level, more.pop("reason", f"水平 {level}"), evidence=more.pop("evidence", proof), **more)


def task_of(round_, code):
    """The task of a department in a round."""
    return ReviewTask.objects.get(session=round_.session_id, organisation__code=code)


def reviewer(code):
    """A person of a department."""
    return factories.official(code, Role.REVIEWER)


def score(round_, levels):
    """Every department scores what is named of its factors."""
    for code in dict.fromkeys(BODIES.values()):
        mine = {factor: given(levels[factor]) for factor, body in BODIES.items() if body == code and factor in levels}
        if mine:
            rounds.score_factors(task_of(round_, code).pk, by=reviewer(code), scores=mine)


def sign(actors, round_, text="按评分结论办理。", **more):
    """The chair signs."""
    return sign_opinion(round_.pk, by=actors.director, conclusion=Conclusion(text, **more))


def appraised(actors, levels=None, **card):
    """A project with a signed opinion; return entry and round."""
    entry = entered(actors, **card)
    round_ = opened(actors, entry)
    score(round_, levels or FULL)
    return factories.fresh(entry), sign(actors, round_)


def claim(gap, days=10):
    """The lead department takes a gap on."""
    lead = gap.issue.debtor_organisation.code
    return gaps.claim_gap(
        gap.pk, by=reviewer(lead), responsible="李工", promised_on=timing.today() + dt.timedelta(days=days)
    )


def fill(gap, actors):
    """It is reported and found filled."""
    lead = gap.issue.debtor_organisation.code
    gaps.report_gap(gap.pk, by=reviewer(lead), answer="已补齐", evidence=factories.pdf("补齐.pdf", f"{gap.pk}"))
    return gaps.check_gap(gap.pk, by=actors.clerk, passed=True)
