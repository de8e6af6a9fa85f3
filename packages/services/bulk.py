"""One action on many cases of the desk (批量办理): accept, take over, urge. Never a decision, never a refusal.

A run is written first, by the key of its form, so that a form that is posted twice finds it. Each line is then done in
a transaction of its own by the service that does it for one case; what that refuses stands beside the line. A run that
was cut short, by its time or by the end of the server, goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, IntegrityError, transaction

from packages.models import BulkLine, BulkRun, MatterCase
from packages.services.holding import take_case, urge_case
from packages.services.intake import accept_case
from packages.states import BulkAction, BulkOutcome
from projects import timing
from projects.errors import DomainError
from projects.models import User

logger = logging.getLogger(__name__)
MOST_LINES = 100
#: How long one request works on a run, in seconds; the rest goes on with the next.
PATIENCE = 8.0


def start_run(
    *, by: User, action: str, case_ids: Sequence[int], key: str, at: dt.datetime | None = None
) -> BulkRun:
    """Write a run with its lines; the same key returns the run that stands. Only cases that the person sees are taken.

    Raises `DomainError` (`nothing` chosen, `too_many`).
    """
    standing = BulkRun.objects.filter(user=by, key=key).first()
    if standing is not None:
        return standing
    chosen = list(dict.fromkeys(case_ids))
    if len(chosen) > MOST_LINES:
        raise DomainError("too_many", f"一次最多办理 {MOST_LINES} 件，请分批选择。")
    seen = set(MatterCase.objects.visible_to(by).filter(pk__in=chosen).values_list("pk", flat=True))
    chosen = [pk for pk in chosen if pk in seen]
    if not chosen:
        raise DomainError("nothing", "没有选中办件，请先在清单里勾选。")
    try:
        with transaction.atomic():
            run: BulkRun = BulkRun.objects.create(
                key=key, user=by, action=BulkAction(action), started_at=at or timing.now()
            )
            BulkLine.objects.bulk_create(
                BulkLine(run=run, case_id=pk, order=order) for order, pk in enumerate(chosen, start=1)
            )
    except IntegrityError:  # the same form a moment ago
        return BulkRun.objects.get(user=by, key=key)
    return run


def carry_on(run_id: int, *, by: User, seconds: float = PATIENCE) -> BulkRun:
    """Do the lines of an own run that are not done yet, one after the other, for at most so many seconds.

    Raises `BulkRun.DoesNotExist`.
    """
    run: BulkRun = BulkRun.objects.visible_to(by).get(pk=run_id)
    deadline = time.monotonic() + seconds
    pending = run.lines.filter(outcome=BulkOutcome.PENDING).order_by("order")
    for pk in list(pending.values_list("pk", flat=True)):
        if time.monotonic() > deadline:
            return run
        _do_line(pk, by)
    if run.finished_at is None:
        run.finished_at = max(timing.now(), run.started_at)
        run.save(update_fields=["finished_at"])
    return run


def _do_line(line_id: int, by: User) -> None:
    """Do one line and write what came of it, in one transaction; a line that is done stays as it is."""
    try:
        with transaction.atomic():
            line = BulkLine.objects.select_for_update(of=("self",)).select_related("run").get(pk=line_id)
            if line.outcome != BulkOutcome.PENDING:
                return
            line.outcome, line.words = _act(line, by)
            line.save(update_fields=["outcome", "words"])
    except DatabaseError:
        logger.exception("a line of a run failed: %s", line_id)
        BulkLine.objects.filter(pk=line_id, outcome=BulkOutcome.PENDING).update(
            outcome=BulkOutcome.REFUSED, words="系统没有办成这一件，请单独办理；再不成请告知管理员。"
        )


def _act(line: BulkLine, by: User) -> tuple[BulkOutcome, str]:
    try:
        return BulkOutcome.DONE, _ACTIONS[line.run.action](line.case_id, by)[:600]
    except DomainError as error:
        latest = f"最近一次办理：{error.latest}。" if error.latest else ""
        return BulkOutcome.REFUSED, f"{error.message}{latest}"[:600]


def _accept(case_id: int, by: User) -> str:
    case = accept_case(case_id, by=by)
    due = f"，{case.due_on.month}月{case.due_on.day}日到期" if case.due_on else ""
    return f"{'视为受理' if case.is_deemed_accepted else '已受理'}{due}，受理通知书已出具。"


def _take(case_id: int, by: User) -> str:
    take_case(case_id, by=by)
    return "已转到您的窗口。"


def _urge(case_id: int, by: User) -> str:
    return urge_case(case_id, by=by)


_ACTIONS: dict[str, Callable[[int, User], str]] = {
    BulkAction.ACCEPT: _accept, BulkAction.TAKE: _take, BulkAction.URGE: _urge,
}
