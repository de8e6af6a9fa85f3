"""What the tests of the joint acceptance do and ask again and again: a survey shared, a refusal, the chain, who is waited for."""

from decimal import Decimal

import pytest
from django.urls import resolve

from acceptance.services import survey
from projects import timing
from projects.errors import DomainError
from projects.events import fold, verify_chain
from projects.states import Role
from projects.waiting import waiting_for
from tests import factories
from tests.oracles import acceptance_oracle
from tests.packages.steps import rows_of

USCC = "91310000775785552L"
A, B = "1号仓库", "2号仓库"


def measured(name=A, above="2810", below="0", total="2810"):
    return {"name": name, "above": Decimal(above), "below": Decimal(below), "total": Decimal(total)}


def surveyed(unit, actors, *, shared=True):
    rows = [{"name": A, "area": Decimal(2800), "floors": 1}, {"name": B, "area": Decimal(2800), "floors": 1}]
    survey.record_buildings(unit.pk, by=actors.clerk, rows=rows)
    made = survey.commission_survey(unit.pk, by=actors.owner, uscc=USCC, name="高平测绘有限公司")
    survey.hand_in_survey(
        made.pk, by=actors.owner, surveyed_on=timing.today(), total_area=Decimal(5750), uploaded=factories.pdf("测绘.pdf", "报告"),
        rows=[measured(), measured(B, "2900", "40", "2940")],
    )
    return survey.share_survey(made.pk, by=actors.clerk) if shared else made


def refused(call, code):
    with pytest.raises(DomainError) as error:
        call()
    assert error.value.code == code
    return error.value.message


def holds(project):
    """The chain is whole, and the events fold to the states of everything in acceptance (earlier matters are by hand)."""
    row = factories.fresh(project)
    assert verify_chain(f"project:{project.pk}") is None
    folded, stand = fold(row), rows_of(row)
    waits(project)
    own = {key: state for key, state in stand.items() if key[0].startswith("acceptance.")}
    assert own == {key: folded.get(key) for key in own}
    assert own


def waits(project):
    """What the project waits for in its acceptance; always what the oracle says."""
    [rows] = waiting_for([factories.fresh(project)]).values()
    mine = [(row.role, row.verb, row.what) for row in rows if row.url and resolve(row.url).app_name == "acceptance"]
    assert sorted(mine) == acceptance_oracle.expected(project.pk, timing.today())
    return set(mine)


def reviewer(code):
    return factories.official(code, Role.REVIEWER)
