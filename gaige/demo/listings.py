"""The list of the untrustworthy in the demonstration: a firm that repaired its credit, and one that stands in the list.

Neither is the owner of a project, so that no commitment of the other stories is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gaige.demo.completion import SURVEYOR
from gaige.demo.moments import later, person, user
from gaige.demo.people import DESIGNER, credit_code
from projects import timing
from projects.models import CreditListing, Organisation, Project
from projects.services import credit
from projects.services.parties import find_or_make_organisation
from projects.states import Role

if TYPE_CHECKING:
    import datetime as dt

#: Calendar days before now on which each story begins; the first project is registered by then, and repaired after
#: the months that the rules ask for.
REPAIRED_AGO, STANDING_AGO = 145, 40
#: Working days of the hearing, and those after which the designer asks for repair.
HEARD, WAITED = 6, 68


def repaired() -> Iterator[dt.datetime]:
    """The designer handed in a false report, was listed, put it right and was removed by repair."""
    project = Project.objects.order_by("registered_at", "pk").first()
    firm = Organisation.objects.get(name=DESIGNER)
    if project is None:
        return
    made = _told(project, firm, "勘察报告的钻孔记录与现场不符", "提供虚假勘察数据")
    yield later(2, 10)
    credit.plead(made.pk, by=person(firm.pk, Role.OWNER_LEAD), plea="外业由合作单位承担，我单位核对不严，愿意改正。")
    yield later(2, 15)
    credit.decide_listing(
        made.pk, by=user("director"), enters=True, note="核对是设计单位的责任，陈述申辩不予采纳，列入。"
    )
    yield later(WAITED, 9.5)
    credit.ask_repair(
        made.pk, by=person(firm.pk, Role.OWNER_LEAD), note="已重新勘察、补正报告，内部加一道复核，没有新的失信。"
    )
    yield later(3, 16)
    credit.settle_listing(made.pk, by=user("director"), removes=True, note="经核查，已纠正并消除影响，准予信用修复。")


def standing() -> Iterator[dt.datetime]:
    """The surveyor handed in measures that it had not taken; it did not speak within its days and is listed."""
    project = Project.objects.order_by("registered_at", "pk").first()
    if project is None:
        return
    firm = find_or_make_organisation(credit_code("91140581", "MA0CEH1T"), SURVEYOR, region=project.region)
    made = _told(project, firm, "面积实测记录没有外业数据", "提供虚假测绘成果")
    yield later(HEARD, 10)
    credit.decide_listing(made.pk, by=user("director"), enters=True, note="期满没有陈述申辩，事实清楚，列入。")


def _told(project: Project, firm: Organisation, detail: str, reason: str) -> CreditListing:
    """The department records, proposes, and its chief lets the firm know."""
    housing = Organisation.objects.get(code="housing")
    by = person(housing.pk, Role.REVIEWER)
    row = credit.record_conduct(
        firm.pk, by=by, rule="false-material", project_id=project.pk, detail=detail, basis="行政许可法 78",
        happened_on=timing.today(),
    )
    made = credit.propose_listing(row.pk, by=by, reason=reason, basis="行政许可法 78")
    return credit.tell_listing(made.pk, by=person(housing.pk, Role.CHIEF))
