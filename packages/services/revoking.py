"""撤销 (event 15): a decision is taken away by the head, with reason, basis and what became of the hearing."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.models import Paper
from archives.services.papers import papers_of, revoke_paper
from archives.states import PaperKind, PaperState
from packages import rules
from packages.models import MatterCase, Revocation
from packages.services import act_papers
from packages.services.back_entry import check_moment
from packages.services.drafts import renew_draft
from packages.services.locking import expect, lock_case
from packages.services.settling import waive_open
from packages.services.timekeeping import sync_due
from packages.states import CASE_DECIDED, CASE_PASSED
from projects import timing
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User
from projects.status_codes import StatusCode

DECISIONS = (PaperKind.CERTIFICATE, PaperKind.DEFERRAL_NOTICE, PaperKind.REFUSAL)


def papers_to_revoke(case: MatterCase) -> list[Paper]:
    """Return the papers of the decision on a case that still stand, the oldest first."""
    return list(papers_of(case).filter(kind__in=DECISIONS, state=PaperState.VALID).order_by("pk"))


@transaction.atomic
def revoke_case(
    case_id: int, *, by: User, reason: str, basis: str, is_heard: bool, hearing_note: str = "",
    at: dt.datetime | None = None,
) -> MatterCase:
    """Take away a decision. Number and papers stay in the archive, the papers are marked 已撤销.

    Effects in order: transition; event 15; the papers of the decision are revoked (so that nothing is met by them any
    more and the code says so in red); what was owed is waived; 撤销决定书; after a grant a fresh draft. `is_heard`: the
    applicant was told that it may ask for a hearing; if not, `hearing_note` says why. Raises `NotAllowed`,
    `DomainError` (`case_state`, `reason`, `basis`, `hearing`). Source: handbook §2.2 (f); Appendix D.
    """
    case = lock_case(case_id)
    expect(case, *CASE_DECIDED, verb="撤销")
    require(rules.can_revoke, by, case)
    check_moment(case, at)
    for code, said, words in (
        ("reason", reason, "撤销须写明理由，请补充后再提交。"), ("basis", basis, "撤销须写明依据，请补充后再提交。"),
        ("hearing", "告知" if is_heard else hearing_note, "没有告知听证权利的，请写明为什么不需要听证。"),
    ):
        if not said.strip():
            raise DomainError(code, words)
    old, was_granted, moment = case.state, case.state in CASE_PASSED, at or timing.now()
    papers = papers_to_revoke(case)
    case.revoke()
    sync_due(case, save=False)
    case.save()
    record(
        "case.revoked", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.REVOKED,
        summary=f"撤销：{case.matter.name}，{reason.strip()}",
        data={"state": [old, case.state], "basis": basis.strip(), "heard": is_heard},
    )
    for paper in papers:
        revoke_paper(paper, by=by, reason=reason.strip(), at=at)
    waive_open(case, reason="决定已撤销", by=by, at=at)
    heard = "已告知听证权利" if is_heard else "未告知听证权利"
    note = hearing_note.strip()
    paper = act_papers.revocation(
        case, papers, reason=reason.strip(), basis=basis.strip(), hearing=f"{heard}，{note}" if note else heard, by=by,
        at=moment,
    )
    Revocation.objects.create(
        case=case, reason=reason.strip()[:500], basis=basis.strip()[:300], is_heard=is_heard, hearing_note=note[:300],
        revoked_by=by, revoked_at=moment, paper=paper,
    )
    if was_granted:
        renew_draft(case, by=by, at=at)
    return case
