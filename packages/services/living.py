"""What conditional permits and letters share: days, reminders, lapse, revocation, and what a decision asks of them.

Reminders 15 and 5 working days before the last day (LIVING_WARN_DAYS), each once; the day after the last day the paper
lapses. A sweep that was away for days gives the reminder that is due now, not those that are past, and lapses what ran
out meanwhile.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Value

from archives.services.papers import revoke_paper
from archives.states import PaperKind, PaperState
from packages.models import ConditionalPermit, Letter, MaterialItem, MatterCase
from packages.services import paperwork
from packages.states import CASE_PASSED, LIVING_LIVE, CaseState, LivingState, MaterialState
from projects import timing, workdays
from projects.errors import DomainError
from projects.events import lock_project, record
from projects.jobs import BAD_ROW
from projects.models import Project
from projects.quoting import quoted

if TYPE_CHECKING:
    from projects.models import User

    Living = ConditionalPermit | Letter

logger = logging.getLogger(__name__)
MODELS: dict[str, type[ConditionalPermit | Letter]] = {"permit": ConditionalPermit, "letter": Letter}
RELATED = ("project__owner", "project__centre", "case__matter__matter", "paper", "issuer", "stop_issue")


def word_of(living: Living) -> str:
    """Return the first part of the kinds of its events: permit or letter."""
    return "permit" if isinstance(living, ConditionalPermit) else "letter"


def warn_on(until: dt.date, days: int) -> dt.date:
    """Return the day that lies `days` working days before the last one (which counts itself)."""
    return workdays.due_date(until + dt.timedelta(days=1), -days - 1) if days else until


def next_look(until: dt.date, told: int | None) -> dt.date:
    """Return when the sweep has to look again: the next reminder that was not given, or the day after the last."""
    for days in settings.LIVING_WARN_DAYS:
        if told is None or days < told:
            return warn_on(until, days)
    return until + dt.timedelta(days=1)


def lock_living(kind: str, pk: int) -> Living:
    """Return a permit or letter, locked with its project. Raises `DoesNotExist`."""
    model = MODELS[kind]
    project = lock_project(model.objects.values_list("project_id", flat=True).get(pk=pk))
    related = (*RELATED, "supervisor", "inspection") if model is ConditionalPermit else RELATED
    living: Living = model.objects.select_for_update(of=("self",)).select_related(*related).get(pk=pk)
    living.project = project
    living.case.project = project
    return living


def expect_living(living: Living, *states: str, verb: str) -> None:
    """Refuse a step out of order with a sentence that says where the paper stands."""
    if living.state not in states:
        word = LivingState(living.state).label
        name = quoted(living.name)
        raise DomainError("living_state", f"{name}现在是“{word}”，不能{verb}。请刷新页面，按最新状态办理。")


def save_moved(
    living: Living, old: str, verb: str, summary: str, *, by: User | None, at: dt.datetime | None,
    **data: object,
) -> None:
    """Save a permit or letter after a step and tell it; a transition is told with both states."""
    living.changed_at = at or timing.now()
    living.save()
    if living.state != old:
        data["state"] = [old, living.state]
    record(
        f"{word_of(living)}.{verb}", subject=living, project=living.project, by=by, at=at, summary=summary, data=data
    )


# The sweep -----------------------------------------------------------------------------------------------------------


def due(day: dt.date) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Return the permits and the letters that have to be looked at by a day."""
    return ConditionalPermit.objects.filter(next_on__lte=day), Letter.objects.filter(next_on__lte=day)


def due_keys(day: dt.date) -> list[tuple[str, int]]:
    """Return kind and key of what has to be looked at by a day, the oldest first. One query."""
    permits, letters = (rows.order_by() for rows in due(day))
    columns = ("next_on", "word", "pk")
    both = permits.annotate(word=Value("permit")).values_list(*columns).union(
        letters.annotate(word=Value("letter")).values_list(*columns), all=True
    )
    return [(word, pk) for _, word, pk in sorted(both)]


def sweep(keys: list[tuple[str, int]], *, day: dt.date | None = None) -> tuple[int, int]:
    """Give every reminder that is due and let lapse what has run out; return done and refused.

    Each in a transaction of its own; one that fails is logged and does not stop the rest.
    """
    done = refused = 0
    for kind, pk in keys:
        try:
            done += pass_day(kind, pk, day=day)
        except BAD_ROW as error:
            refused += 1
            logger.warning("sweep_conditional: %s %s %s", kind, pk, error)
    return done, refused


@transaction.atomic
def pass_day(kind: str, pk: int, *, day: dt.date | None = None) -> bool:
    """Do what the days ask of one permit or letter; return whether there was anything. Twice is once."""
    living = lock_living(kind, pk)
    today = day or timing.today()
    if living.state not in LIVING_LIVE or living.next_on is None or living.next_on > today:
        return False
    if today > living.valid_until:
        _lapse(living)
        return True
    reached = [days for days in settings.LIVING_WARN_DAYS if warn_on(living.valid_until, days) <= today]
    fresh = [days for days in reached if living.warned_days is None or days < living.warned_days]
    if not fresh:  # the calendar has changed: the day of the reminder is later now
        living.next_on = next_look(living.valid_until, living.warned_days)
        living.save(update_fields=["next_on"])
        return False
    _warn(living, min(fresh), today)
    return True


def _warn(living: Living, days: int, today: dt.date) -> None:
    old = living.state
    if old == LivingState.ISSUED:
        living.warn()
    living.warned_days = days
    living.next_on = next_look(living.valid_until, days)
    left = workdays.workdays_between(today, living.valid_until)
    words = "今天到期" if not left else f"还有 {left} 个工作日"
    save_moved(
        living, old, "warned", f"到期提醒：{living.name}{words}，有效期至{timing.written(living.valid_until)}",
        by=None, at=None, threshold=days, left=left,
    )


def _lapse(living: Living) -> None:
    """失效: transition, event, 失效告知书. From here on the waiting line says who has to act."""
    old, now = living.state, timing.now()
    living.lapse()
    living.next_on, living.lapsed_at = None, now
    if _is_settled(living):
        living.closed_at = now
    if isinstance(living, Letter):
        _drop_lines(living)
    until = paperwork.day(living.valid_until)
    save_moved(living, old, "lapsed", f"失效：{living.name}，有效期至 {until}，未转正", by=None, at=None)
    is_works = isinstance(living, ConditionalPermit) and living.is_works
    do = "立即停止施工，办结正式许可后再开工" if is_works else "办理正式证件；需要时重新申请"
    paragraphs = [f"{living.name}（{living.paper.number}）有效期至{until}，期满前没有转正，自次日起失效。"]
    if is_works:
        paragraphs.append("失效后不得继续施工。是否停工由监管单位核查，核查前请保持现场。")
    paperwork.write(
        PaperKind.LAPSE_NOTICE, living.project, subject=living, issuer=living.issuer, by=None, at=now,
        what=f"{quoted(living.name)}已失效", do=do, when="自收到本告知书起", paragraphs=paragraphs,
    )


def _drop_lines(letter: Letter) -> None:
    """Lines of matters that are not accepted yet stand on the letter no longer."""
    before = [CaseState.DRAFT, CaseState.RECEIVED, CaseState.CORRECTING]
    MaterialItem.objects.filter(
        document=letter.paper.document, state=MaterialState.LETTER, case__state__in=before
    ).update(
        state=MaterialState.MISSING, document=None, is_automatic=False,
        note=f"原用的{letter.name}已于{timing.written(letter.valid_until)}到期，请提供正式证件",
    )


def _is_settled(living: Living) -> bool:
    """Whether nothing follows from the lapse: no works stood on it, or what it stood for is granted."""
    granted = MatterCase.objects.filter(
        project=living.project, matter__matter__code__in=living.formal, state__in=CASE_PASSED
    ).exclude(pk=living.case_id)
    return granted.exists()


# What a decision asks of them, and does to them ---------------------------------------------------------------------


def live_on(day: dt.date) -> Q:
    """Papers that hold on a day, by state and by date: a sweep that is late makes nobody's paper longer."""
    return Q(state__in=LIVING_LIVE, valid_from__lte=day, valid_until__gte=day)


@transaction.atomic
def revoke_of_case(case_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> int:
    """The decision was taken away: its permits and letters end with it, their papers too; return how many."""
    ended = 0
    for kind, model in MODELS.items():
        alive = model.objects.filter(case_id=case_id).exclude(
            state__in=[LivingState.CONVERTED, LivingState.REVOKED]
        )
        for pk in list(alive.order_by("pk").values_list("pk", flat=True)):
            living = lock_living(kind, pk)
            old = living.state
            living.revoke()
            living.next_on, living.closed_at = None, at or timing.now()
            save_moved(living, old, "revoked", f"撤销：{living.name}，{reason}", by=by, at=at)
            if living.paper.state == PaperState.VALID:
                revoke_paper(living.paper, by=by, reason=reason, at=at)
            ended += 1
    return ended


def close_lapsed(project: Project, code: str, *, at: dt.datetime | None) -> None:
    """The formal certificate came after the lapse: nothing is owed for the old papers any more."""
    for model in MODELS.values():
        lapsed = model.objects.filter(project=project, state=LivingState.LAPSED, closed_at=None)
        for living in lapsed:
            if code in living.formal:
                living.closed_at = living.changed_at = at or timing.now()
                living.save(update_fields=["closed_at", "changed_at"])
