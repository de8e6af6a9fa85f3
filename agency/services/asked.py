"""Who has to answer what was asked for on a case gets a message; a special procedure of the same kind, the director."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.urls import reverse

from agency.recipients import people_at
from agency.services.telling import tell
from packages.models import Extension, MatterCase, SpecialProcedure, Withdrawal
from projects.access import OWNER_ROLES
from projects.models import Event, User
from projects.quoting import quoted
from projects.states import Role


def _withdrawal(row: Withdrawal) -> tuple[Sequence[User], str, str]:
    case = row.case
    if case.accepted_at is None:
        people = people_at(case.project.centre_id, Role.CLERK)
    else:
        people = people_at(case.lead_id, Role.REVIEWER, Role.CHIEF)
    return people, "建设单位申请撤件，请答复", reverse("packages:withdrawal", args=[row.pk])


def _answered(row: Withdrawal) -> tuple[Sequence[User], str, str]:
    owners = people_at(row.case.project.owner_id, *OWNER_ROLES)
    return owners, f"撤件申请{row.get_state_display()}", reverse("packages:case", args=[row.case_id])


def _special(row: SpecialProcedure) -> tuple[Sequence[User], str, str]:
    people = people_at(row.case.lead_id, Role.CHIEF)
    return people, f"申请{row.get_kind_display()}，请批准", reverse("packages:special_approve", args=[row.pk])


def _extension(row: Extension) -> tuple[Sequence[User], str, str]:
    if row.is_joint:
        people = people_at(row.case.project.centre_id, Role.DIRECTOR, Role.SUPERVISOR)
    else:
        people = people_at(row.case.lead_id, Role.CHIEF)
    return people, f"申请延长 {row.days} 个工作日，请批准", reverse("packages:extension_approve", args=[row.pk])


#: Event -> the row it is about, and what follows from it: whom to tell what, and where.
Answer = Callable[..., tuple[Sequence[User], str, str]]
TOLD: dict[str, tuple[type[Withdrawal | SpecialProcedure | Extension], Answer]] = {
    "withdrawal.requested": (Withdrawal, _withdrawal),
    "withdrawal.granted": (Withdrawal, _answered),
    "withdrawal.refused": (Withdrawal, _answered),
    "special.requested": (SpecialProcedure, _special),
    "extension.requested": (Extension, _extension),
}


@transaction.atomic
def tell_asked(event: Event) -> int:
    """Write one message per person who has to answer (or who is answered); return how many."""
    model, of = TOLD[event.kind]
    row = model._default_manager.select_related("case__project__owner", "case__matter", "case__lead").get(
        pk=event.subject_key
    )
    people, words, url = of(row)
    return _send(event, row.case, people, f"{row.case.project.name}{quoted(row.case)}{words}", "由您答复", url)


@transaction.atomic
def tell_repeated(event: Event) -> int:
    """Tell the director that a special procedure of the same kind was started again on a case; return how many."""
    if not event.data.get("again"):
        return 0
    case = MatterCase.objects.select_related("project", "matter").get(pk=event.subject_key)
    directors = people_at(case.project.centre_id, Role.DIRECTOR)
    text = f"{case.project.name}{quoted(case)}同类特别程序再次启动，请核对"
    url = reverse("packages:case", args=[case.pk])
    return _send(event, case, directors, text, "同类特别程序再次启动须报中心主任", url)


def _send(event: Event, case: MatterCase, people: Sequence[User], text: str, why: str, url: str) -> int:
    others = [person for person in people if person.pk != event.actor_id]
    batch = f"event:{event.pk}:{event.kind}"
    sent = tell(others, text, project=case.project, url=url, why=why, kind="ask", batch=batch, at=event.recorded_at)
    return len(sent)
