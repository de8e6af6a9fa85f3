"""送达: the certificate reaches the applicant, at the window, by post or as a download; 领证回执 (行政许可法 44)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.models import Paper
from archives.services.papers import papers_of
from archives.states import PaperKind, PaperState
from packages import rules
from packages.act_states import DeliveryWay
from packages.choices import ArrivesBefore
from packages.models import CaseDelivery, Deferral, MatterCase
from packages.services import act_papers
from packages.services.back_entry import check_moment
from packages.services.locking import expect, lock_case
from packages.states import CASE_PASSED
from projects import prepared, timing
from projects.bulk import insert_all
from projects.errors import DomainError, require
from projects.events import record, told_together
from projects.models import User
from projects.quoting import quoted
from projects.states import ISSUE_OPEN
from projects.workdays import due_date

#: Working days from the decision within which the certificate is delivered (行政许可法 44).
DELIVER_DAYS = 10


def deliver_until(case: MatterCase) -> dt.date | None:
    """Return the last day on which the certificate of a granted case is delivered in time."""
    return None if case.decided_at is None else due_date(timing.business_day(case.decided_at), DELIVER_DAYS)


def papers_to_deliver(case: MatterCase) -> list[Paper]:
    """Return the valid papers of the decision: certificate, 容缺后补通知."""
    kinds = [PaperKind.CERTIFICATE, PaperKind.DEFERRAL_NOTICE]
    return prepared.rows(
        "papers to deliver",
        lambda pk: papers_of(MatterCase(pk=pk)).filter(kind__in=kinds, state=PaperState.VALID).order_by("pk"), case.pk,
    )


def _nothing_held_back(case: MatterCase) -> None:
    """Refuse while a deferred paper that has to come before the certificate is not there (容缺)."""
    found = Deferral.objects.filter(arrives_before=ArrivesBefore.CERTIFICATE, issue__state__in=sorted(ISSUE_OPEN))
    first = prepared.one(
        "deferral before the certificate", lambda pk: found.filter(case=pk).select_related("issue"), case.pk
    )
    if first is not None:
        raise DomainError("deferral_first", f"容缺材料{quoted(first.issue.what)}还没有补交并核实，证照暂不发出。")


@transaction.atomic
def deliver_case(
    case_id: int, *, by: User, way: str, receiver: str = "", tracking: str = "", at: dt.datetime | None = None
) -> CaseDelivery:
    """Deliver what a granted case left behind. The state stays; a second call returns the first delivery.

    Effects in order: 领证回执, row (late after ten working days), event `case.delivered`. Raises `NotAllowed`,
    `DomainError` (`case_state`, `way`, `receiver`, `tracking`, `no_papers`).
    """
    case = lock_case(case_id)
    expect(case, *CASE_PASSED, verb="送达")
    require(rules.can_download if way == DeliveryWay.DOWNLOAD else rules.can_deliver, by, case)
    check_moment(case, at)
    standing = prepared.one("delivery", lambda pk: CaseDelivery.objects.filter(case=pk), case.pk)
    if standing is not None:
        return standing
    if way not in DeliveryWay.values:
        raise DomainError("way", "请选择领取方式：窗口、邮寄或自行下载。")
    if way == DeliveryWay.WINDOW and not receiver.strip():
        raise DomainError("receiver", "在窗口领取的，请写明领取人姓名。")
    if way == DeliveryWay.POST and not tracking.strip():
        raise DomainError("tracking", "邮寄送达的，请填写邮件号。")
    _nothing_held_back(case)
    papers = papers_to_deliver(case)
    if not papers:
        raise DomainError("no_papers", f"{quoted(case.matter.name)}没有可以送达的有效证照批文。")
    moment, until = at or timing.now(), deliver_until(case)
    with told_together(case.project):
        paper = act_papers.collection_receipt(
            case, papers, way=way, receiver=receiver.strip(), tracking=tracking.strip(), by=by, at=moment
        )
        row = insert_all([CaseDelivery(
            case=case, way=way, receiver=receiver.strip()[:60], tracking=tracking.strip()[:60], handed_by=by,
            delivered_at=moment, is_late=until is not None and timing.business_day(moment) > until, paper=paper,
        )])[0]
        record(
            "case.delivered", subject=case, project=case.project, by=by, at=at,
            summary=f"送达：{case.matter.name}（{row.get_way_display()}）", data={"way": way, "late": row.is_late},
        )
    return row
