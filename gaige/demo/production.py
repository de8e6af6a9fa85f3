"""Standard land of the demonstration whose works stand: one waits for its check, one broke its commitments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator
from decimal import Decimal

from gaige.demo.land import BOUNDS, SOURCE
from gaige.demo.moments import later, person
from packages.models import StandardLand
from packages.services import standard_land
from projects import timing, workdays
from projects.models import Organisation, Project, User
from projects.states import Role

#: So many calendar days before the end of the demonstration it begins.
DAYS_AGO = 140
#: Days of the story on which the second parcel is sold, checked, checked again, and the first is called to its check.
SOLD, CHECKED, AGAIN, CALLED = 79, 108, 129, 136
#: What was found on the second parcel, the first time and the second: the tax stays below what was promised.
FIRST = BOUNDS | {"investment": Decimal(228), "tax": Decimal("9.6")}
SECOND = BOUNDS | {"tax": Decimal("11.2")}


def production() -> Iterator[dt.datetime]:
    """Two warehouses on standard land, from the contract to the check of production."""
    body = Organisation.objects.filter(code="devzone").first()
    if body is None or StandardLand.objects.exists():
        return
    start, keeper = timing.today(), person(body.pk, Role.REVIEWER)

    def on(days: int) -> dt.datetime:
        day = workdays.due_date(start + dt.timedelta(days=days - 1), 1)
        return timing.start_of_day(day) + dt.timedelta(hours=9.6)

    first = yield from _sold("神农丝绸标准仓库", "GP-SM-2025-04", "丝麻园四号地", keeper, body, CALLED)
    yield on(SOLD)
    second = yield from _sold("光机电产业园标准仓库", "JC-GJD-2025-11", "光机电园六号地", keeper, body, CHECKED - SOLD)
    if second is not None:
        yield on(CHECKED)
        standard_land.call_check(second.pk, by=keeper)
        standard_land.check(
            second.pk, found=FIRST, checked_on=timing.today(), by=keeper, note="税收和投资强度未达到承诺",
            mend_until=timing.today() + dt.timedelta(days=AGAIN - CHECKED),
        )
        yield on(AGAIN)
        standard_land.call_check(second.pk, by=keeper)
        standard_land.check(
            second.pk, found=SECOND, checked_on=timing.today(), by=keeper, note="整改后投资强度达标，亩均税收仍未达标"
        )
    yield on(CALLED)
    if first is not None and first.project is not None:
        standard_land.call_check(first.pk, by=person(first.project.owner_id, Role.OWNER_LEAD))


def _sold(  # noqa: PLR0913 - a parcel, who keeps it, whose it becomes and when production is agreed
    project: str, parcel: str, name: str, keeper: User, body: Organisation, days: int
) -> Generator[dt.datetime, None, StandardLand | None]:
    """One parcel from the pool to the works on it."""
    works = Project.objects.filter(name=project).first()
    if works is None:
        return None
    land = standard_land.propose(
        keeper=body, parcel=parcel, name=name, area=Decimal("14.7"), values=BOUNDS, source=SOURCE, by=keeper
    )
    standard_land.qualify(land.pk, by=keeper)
    standard_land.put_up(land.pk, by=keeper)
    yield later(1, 10.1)
    standard_land.sell(
        land.pk, project=works, contract=f"晋高让〔2026〕{land.pk + 40}号", agreement=f"高经投〔2026〕{land.pk + 20}号",
        production_on=timing.today() + dt.timedelta(days=days), by=keeper,
    )
    yield later(1, 14.2)
    standard_land.commit(land.pk, promised=BOUNDS, by=person(works.owner_id, Role.OWNER_LEAD))
    yield later(1, 9.3)
    return standard_land.begin_works(land.pk, by=keeper)
