"""What was asked for and not answered lapses when its case ends: withdrawal, special procedure, extension."""

from __future__ import annotations

import datetime as dt

from packages.act_states import PROCEDURE_OPEN, WITHDRAWAL_OPEN, ExtensionState
from packages.models import Extension, MatterCase, SpecialProcedure, Withdrawal
from projects import prepared, timing
from projects.errors import DomainError
from projects.events import record
from projects.models import User
from projects.quoting import quoted


def lapse_requests(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """Let every open request on a locked case lapse; one event each (`withdrawal.lapsed` and so on)."""
    moment = at or timing.now()
    rows: list[tuple[str, Withdrawal | SpecialProcedure | Extension]] = []
    for withdrawal in Withdrawal.objects.select_for_update().filter(case=case, state__in=WITHDRAWAL_OPEN):
        withdrawal.answered_at = moment
        rows.append(("withdrawal.lapsed", withdrawal))
    for procedure in SpecialProcedure.objects.select_for_update().filter(case=case, state__in=PROCEDURE_OPEN):
        procedure.ended_at, procedure.ended_by = moment, by
        rows.append(("special.lapsed", procedure))
    extensions = Extension.objects.select_for_update().filter(case=case, state=ExtensionState.REQUESTED)
    rows += [("extension.lapsed", extension) for extension in extensions]
    for kind, row in rows:
        row.case, old = case, row.state
        row.lapse()
        row.save()
        record(
            kind, subject=row, project=case.project, by=by, at=at, summary=f"办件已结束，不再答复：{row}",
            data={"state": [old, row.state]},
        )


def nothing_asked(case: MatterCase) -> None:
    """Refuse a decision while the owner waits for an answer to its wish to withdraw. Raises `DomainError`."""
    [waits] = prepared.flags(
        "withdrawal that waits", lambda pk: [Withdrawal.objects.filter(case=pk, state__in=WITHDRAWAL_OPEN)], case.pk
    )
    if waits:
        raise DomainError(
            "withdrawal_open", f"建设单位已申请{quoted(case.matter.name)}撤件，请先答复撤件申请，再作出决定。"
        )
