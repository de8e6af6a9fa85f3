"""Works that were stopped are due before the rest of the list, and the owner reads so (handbook §7)."""

import pytest

from acceptance.models import Finding
from acceptance.services import inspecting, rectification
from acceptance.services.inspecting import Said
from acceptance.supervision_providers import debts
from tests import factories
from tests.acceptance.test_supervision import FAULT, fill, of, site, started, unit_of, waits

__all__ = ["site"]
pytestmark = pytest.mark.django_db


def owed(project, owner):
    rows = debts(owner, [factories.fresh(project)])
    return [(row.detail, row.due_on) for row in rows if row.chip == "检查整改"]


def test_the_owner_reads_the_nearest_day_and_what_stopped_the_works(site, actors, clock):
    row = started(site, clock)
    unit = unit_of(row, "housing")
    said = {line.pk: Said("fine") for line in unit.lines.all()}
    low, high = min(said), max(said)
    said |= {low: FAULT, high: Said("finding", kind="stop", what="塔吊限位失效", fix="停用并更换限位")}
    inspecting.record_unit(unit.pk, by=of("housing"), said=said, opinion="已查")
    fill(row)
    row = inspecting.close_record(row.pk, by=of("housing"), text="按清单逐项查看")
    stopped = Finding.objects.select_related("issue").get(line__unit__inspection=row, kind="stop")
    assert stopped.issue.due_on < row.due_on
    assert waits(site)[0] == (1, "建设单位", "完成", f"{row.title}的整改", stopped.issue.due_on)
    assert owed(site, actors.owner) == [("停工：塔吊限位失效；临边无防护", stopped.issue.due_on)]
    rectification.answer_finding(stopped.pk, by=actors.owner, answer="已更换", uploaded=[factories.pdf("限位.pdf")])
    assert owed(site, actors.owner) == [("临边无防护", row.due_on)]
