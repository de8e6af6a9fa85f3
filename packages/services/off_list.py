"""清单外: what appears after the one-time notice is proposed by one person and let in by another, of the centre.

What is let in counts against the consultation (会商遗漏). The gate itself is `packages.listing`.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import consultation_rules as may
from packages.consultation_states import OffListCause, OffListKind, OffListState
from packages.listing import listed_of
from packages.models import Consultation, OffListItem
from packages.services.checklist import let_in, plan_of
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Project, User
from projects.quoting import quoted


@transaction.atomic
def propose(  # noqa: PLR0913 - the fields of the form
    project_id: int, *, by: User, code: str, material: str = "", cause: str, reason: str, basis: str,
    at: dt.datetime | None = None,
) -> OffListItem:
    """Ask the centre to let in a matter of the plan, or a paper of one, that is not on the list.

    What stands proposed or approved is returned. Event `off_list.proposed`. Raises `NotAllowed`, `DomainError`
    (`no_list`, `matter`, `on_list`, `cause`, `reason`).
    """
    project = lock_project(project_id)
    require(may.can_propose_off_list, by, project)
    listed = listed_of(project)
    if listed is None:
        raise DomainError("no_list", "建设单位还没有签收事项清单，不需要按清单外事项办理。")
    name = next((view.name for view in plan_of(project).matters if view.code == code), "")
    paper = material.strip()[:200]
    if not name:
        raise DomainError("matter", f"事项“{code}”不在本项目的计划中，请先按实际情形变更计划。")
    if (listed.asks(code, paper) if paper else listed.has(code)):
        raise DomainError("on_list", f"{quoted(paper or name)}已在清单上，不需要批准。")
    if cause not in OffListCause.values:
        raise DomainError("cause", "请选择清单外的原因。")
    if not reason.strip() or not basis.strip():
        raise DomainError("reason", "请写明理由和依据，没有依据的不能要求。")
    standing = OffListItem.objects.filter(
        consultation=listed.consultation_id, code=code, material=paper
    ).exclude(state=OffListState.REFUSED).first()
    if standing is not None:
        return standing
    item = OffListItem.objects.create(
        project=project, consultation_id=listed.consultation_id, code=code, name=name, material=paper,
        kind=OffListKind.MATERIAL if paper else OffListKind.MATTER, cause=cause, reason=reason.strip()[:300],
        basis=basis.strip()[:300], proposed_by=by, proposed_at=at or timing.now(),
    )
    record(
        "off_list.proposed", subject=item, project=project, by=by, at=at,
        summary=f"提出清单外{item.get_kind_display()}：{item}", data={"state": ["", item.state], "cause": cause},
    )
    return item


@transaction.atomic
def decide(
    item_id: int, *, by: User, approves: bool, answer: str = "", at: dt.datetime | None = None
) -> OffListItem:
    """The centre lets it in or not; never the person who proposed it.

    What is let in counts against the consultation (会商遗漏), may be opened and demanded from now on, and stands in the
    next version of the list. Effects in order: transition, event `off_list.approved` or `off_list.refused`, a paper of
    the catalogue joins the checklists that are open. Twice is once. Raises `NotAllowed`, `DomainError` (`answer`).
    """
    project = lock_project(OffListItem.objects.values_list("project_id", flat=True).get(pk=item_id))
    item = OffListItem.objects.select_for_update(of=("self",)).select_related("proposed_by").get(pk=item_id)
    item.project = project
    wanted = OffListState.APPROVED if approves else OffListState.REFUSED
    if item.state == wanted and item.decided_by_id == by.pk:
        return item
    require(may.can_decide_off_list, by, item)
    if not approves and not answer.strip():
        raise DomainError("answer", "不予批准的，请写明原因。")
    old = item.state
    if approves:
        item.approve()
    else:
        item.refuse()
    item.decided_by, item.decided_at, item.answer = by, at or timing.now(), answer.strip()[:300]
    item.save()
    count = OffListItem.objects.counted().filter(consultation=item.consultation_id).count()
    record(
        f"off_list.{item.state}", subject=item, project=project, by=by, at=at,
        summary=f"清单外{item.get_kind_display()}{item.get_state_display()}：{item}"
        + (f"，计入会商遗漏第 {count} 项" if approves else ""),
        data={"state": [old, item.state], "omissions": count},
    )
    if approves and item.kind == OffListKind.MATERIAL:
        let_in(project, item.code, item.material, at=at)
    return item


def unlisted(project: Project) -> list[tuple[str, str, str]]:
    """Return what the plan has and the list has not, as (code, matter, material or nothing)."""
    listed = listed_of(project)
    if listed is None:
        return []
    found = []
    for view in plan_of(project).matters:
        if not listed.has(view.code):
            found.append((view.code, view.name, ""))
            continue
        lines = [line.name for line in view.materials if line.is_submitted]
        found += [(view.code, view.name, line) for line in lines if not listed.asks(view.code, line)]
    return found


def omissions(consultation: Consultation) -> int:
    """Return how many things were let in after the one-time notice."""
    return OffListItem.objects.counted().filter(consultation=consultation).count()
