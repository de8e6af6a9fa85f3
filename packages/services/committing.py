"""承诺 (告知承诺): the pair of 告知书 and 承诺书, who may sign it, how it is kept and checked (handbook §5.5, §6.8).

No paper is needed, the department checks later. One pair per case holds all its committed lines. It is offered as soon
as a line is committed, signed by the responsible person of the enterprise (and of the designer where the catalogue
asks), begins to run with the grant, and ends 履约, 逾期 or 违诺.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from archives.states import PaperKind
from packages import policy, promise_rules
from packages.models import Commitment, MatterCase
from packages.services import paperwork
from packages.services.locking import lock_case
from packages.services.policies import find_table
from packages.services.timekeeping import start_owner_clock
from packages.states import CommitmentState, MaterialState
from projects import clocks, credit, prepared, timing
from projects.access import access_of
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Membership
from projects.quoting import quoted
from projects.services.issues import raise_issue, waive_issue
from projects.states import ISSUE_OPEN, IssueKind, Role

if TYPE_CHECKING:

    from projects.models import User

EVIDENCE_KIND = "commitment-evidence"
FORCE = (
    "签署之日起生效；作出准予决定后，承诺人须在期限内达到承诺的条件，部门事后核查。"
    "承诺书一式三份，承诺人、审批部门、项目档案各存一份。"
)
SIGNING = (CommitmentState.OFFERED, CommitmentState.SIGNED)
RUNNING = (CommitmentState.PERFORMING, CommitmentState.TO_CHECK, CommitmentState.OVERDUE)


# The pair ------------------------------------------------------------------------------------------------------------


def terms_of(case: MatterCase) -> dict[str, Any]:
    """Return the fields of the pair for the committed lines of a case, as they are frozen when it is offered."""
    said = case.matter.commitment_terms or {}
    lines = case.materials.filter(state=MaterialState.COMMITTED).order_by("order")
    days = int(said.get("days") or settings.COMMITMENT_DAYS)
    return {
        "basis": case.matter.legal_basis, "conditions": said.get("conditions", []),
        "requirements": said.get("requirements", []), "materials": [item.name for item in lines], "days": days,
        "deadline": f"自作出准予决定之日起 {days} 个工作日内", "force": FORCE,
        "consequences": said.get("consequences", []), "designer": bool(said.get("designer")),
    }


def _live_of(case_id: int) -> QuerySet[Commitment]:
    return Commitment.objects.select_for_update(of=("self",)).filter(case_id=case_id).live().order_by("pk")[:1]


def sync_offer(
    case: MatterCase, lines: frozenset[str] | None = None, *, at: dt.datetime | None = None
) -> Commitment | None:
    """Have the pair that the committed lines of a locked case ask for; return it. `lines`: the states of its checklist.

    A pair whose lines have changed is void, a signed one too: nobody is bound to what was not before the eyes. Events
    `commitment.offered`, `commitment.void`. The same again changes nothing.
    """
    if case.application_id is None:
        return None
    standing = prepared.one("commitment, locked", _live_of, case.pk)
    if standing is not None and standing.state not in SIGNING:
        return standing
    if standing is None and lines is not None and MaterialState.COMMITTED not in lines:
        return None
    terms = terms_of(case)
    if standing is not None:
        if standing.terms["materials"] == terms["materials"]:
            return standing
        standing.case = case
        _void(standing, reason="承诺的材料有变化", by=None, at=at)
    if not terms["materials"]:
        return None
    fresh = Commitment.objects.create(
        case=case, terms=terms, days=terms["days"], offered_at=at or timing.now(), asks_designer=terms["designer"]
    )
    tell_step(fresh, "offered", f"待签署承诺书：{case.matter.name}", "", by=None, at=at)
    return fresh


def sync_offers(cases: list[MatterCase], *, at: dt.datetime | None = None) -> None:
    """Have the pairs that some locked cases ask for."""
    for case in cases:
        sync_offer(case, at=at)


def lock_commitment(commitment_id: int) -> Commitment:
    """Return a commitment locked with its project and case. Raises `Commitment.DoesNotExist`."""
    case = lock_case(Commitment.objects.values_list("case_id", flat=True).get(pk=commitment_id))
    found = Commitment.objects.select_for_update(of=("self",)).select_related(
        "issue__clock", "signed_by", "designer_by"
    )
    commitment = found.get(pk=commitment_id)
    commitment.case = case
    if commitment.issue is not None:
        commitment.issue.project = case.project
    return commitment


def tell_step(
    commitment: Commitment, verb: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None,
    **data: object,
) -> None:
    """Record a step of a commitment with what changed."""
    if commitment.state != old:
        data["state"] = [old, commitment.state]
    record(
        f"commitment.{verb}", subject=commitment, project=commitment.case.project, by=by, at=at, summary=summary,
        data=data,
    )


# Signing -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def sign_commitment(commitment_id: int, *, by: User, at: dt.datetime | None = None) -> Commitment:
    """Sign 承诺书 as the responsible person of the enterprise, or of the designer where the matter asks for it.

    Effects in order: who and when; with the last signature the transition, event `commitment.signed`, 告知书 and 承诺书
    as papers. The same person again changes nothing. Raises `NotAllowed` for everybody else (handbook §18).
    """
    commitment = lock_commitment(commitment_id)
    if by.pk in (commitment.signed_by_id, commitment.designer_by_id):
        return commitment
    require(promise_rules.can_sign_commitment, by, commitment)
    moment = at or timing.now()
    if access_of(by).has_at(commitment.case.project.owner_id, Role.OWNER_LEAD):
        commitment.signed_by, commitment.signed_at, who = by, moment, "建设单位负责人"
    else:
        commitment.designer_by, commitment.designer_at, who = by, moment, "设计单位负责人"
    old = commitment.state
    if commitment.signed_at and (commitment.designer_at or not commitment.asks_designer):
        commitment.complete()
    commitment.save()
    tell_step(commitment, "signed", f"{who}{by}签署承诺书：{commitment.case.matter.name}", old, by=by, at=at)
    if commitment.state == CommitmentState.SIGNED:
        _papers(commitment, by=by, at=moment)
    return commitment


def _papers(commitment: Commitment, *, by: User, at: dt.datetime) -> None:
    case, terms = commitment.case, commitment.terms
    name = case.matter.name
    rows = table_rows(terms)
    table = {"head": ["项目", "内容"], "rows": rows}
    legal = [terms["basis"]] if terms["basis"] else []
    paperwork.write(
        PaperKind.COMMITMENT_TOLD, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(name)}可以按告知承诺办理", do="读懂条件和后果，自愿承诺", when=terms["deadline"],
        paragraphs=[f"你单位申请的{quoted(name)}可以采用告知承诺方式办理。现将办理条件、要求和违诺后果一次告知如下。不愿承诺的，按一般程序提交材料，不影响办理。"],
        table=table, legal=legal,
    )
    owner = case.project.owner.name
    promisers = [paperwork.promiser("承诺人", owner, commitment.signed_by, commitment.signed_at or at)]
    if commitment.designer_by is not None:
        of = Membership.objects.filter(
            user=commitment.designer_by, organisation__in=promise_rules.designers(commitment)
        ).select_related("organisation")
        designer = "、".join(dict.fromkeys(row.organisation.name for row in of.order_by("pk")))
        promisers.append(paperwork.promiser("设计单位", designer, commitment.designer_by, commitment.designer_at or at))
    paperwork.write(
        PaperKind.COMMITMENT, case.project, subject=case, issuer=case.lead, by=by, at=at,
        addressee=case.lead.name, what=f"就{quoted(name)}作出承诺", do="在期限内达到承诺的条件，配合核查",
        when=terms["deadline"],
        paragraphs=[
            f"{owner}已知晓告知书的全部内容，就{quoted(name)}自愿承诺：所填信息真实、准确；已经达到或者能够在期限内达到告知的条件、标准和要求；愿意承担违反承诺的后果。",
        ],
        table=table, legal=legal, promisers=promisers,
    )


def table_rows(terms: dict[str, Any]) -> list[list[str]]:
    """Return the fields of the pair as rows of two cells, as page and paper show them."""
    return [
        ["依据", terms["basis"] or "见办事指南"],
        ["办理条件", "；".join(terms["conditions"])],
        ["技术要求", "；".join(terms["requirements"])],
        ["以承诺代替的材料", "、".join(terms["materials"])],
        ["履行期限", terms["deadline"]],
        ["承诺的效力", terms["force"]],
        ["违诺后果", "；".join(terms["consequences"])],
    ]


# With the decision ---------------------------------------------------------------------------------------------------


def require_signed(case: MatterCase) -> None:
    """Refuse a grant while a committed line of the case has no signed 承诺书."""
    _refuse_unsigned(case, sync_offer(case))


def refuse_unsigned(case: MatterCase) -> None:
    """Refuse the same by the 承诺书 that stands, and write nothing."""
    _refuse_unsigned(case, Commitment.objects.filter(case=case).live().order_by("pk").first())


def _refuse_unsigned(case: MatterCase, commitment: Commitment | None) -> None:
    if commitment is not None and commitment.state == CommitmentState.OFFERED:
        who = "设计单位负责人" if commitment.signed_at else f"{case.project.owner.name}负责人"
        raise DomainError(
            "commitment_unsigned",
            f"{quoted(case.matter.name)}有材料以承诺代替，承诺书还没有由{who}签署，签署后才能作出准予决定。",
        )


def begin_performing(case: MatterCase, *, by: User | None, at: dt.datetime) -> None:
    """The grant stands on the commitment: its term runs, and it is drawn now whether it will be checked.

    Effects: 承诺履行 clock against the applicant, issue item with the day of the check, transition, event
    `commitment.performing` with the rate and the draw.
    """
    commitment = Commitment.objects.select_for_update(of=("self",)).filter(
        case=case, state=CommitmentState.SIGNED
    ).first()
    if commitment is None:
        return
    commitment.case = case
    what = f"承诺书：{'、'.join(commitment.terms['materials'])}"[:300]
    clock = start_owner_clock(
        ClockKind.COMMITMENT, days=commitment.days, project=case.project, label=f"承诺履行：{case.matter.name}", at=at
    )
    commitment.issue = raise_issue(
        case.project, kind=IssueKind.COMMITMENT, subject=case, what=what, basis="告知承诺",
        how_to_fix="在期限内达到承诺的条件和要求，由部门事后核查", debtor=case.project.owner, by=by,
        raised_for=case.lead, due_on=clock.due_on, clock=clock, at=at,
    )
    commitment.grade, commitment.rate = check_rate(case, timing.business_day(at))
    commitment.is_sampled = drawn(commitment)
    commitment.due_on = clock.due_on
    old = commitment.state
    commitment.begin()
    commitment.save()
    tell_step(
        commitment, "performing", f"承诺开始履行：{case.matter.name}，{commitment.due_on}前", old, by=by, at=at,
        rate=commitment.rate, grade=commitment.grade, sampled=commitment.is_sampled,
    )


def check_rate(case: MatterCase, day: dt.date) -> tuple[str, int]:
    """Return the credit grade of the owner on a day, and how many of a hundred commitments are checked with it.

    The rates are dated data (`commitment_checks.tsv`; our own proposal); where the table was not loaded, a setting.
    """
    grade, table = credit.grade_of(case.project.owner_id, day), find_table(policy.CHECKS)
    percent = policy.check_percent(table.content, grade, day) if table else None
    return grade, int(settings.COMMITMENT_CHECK_PERCENT) if percent is None else percent


def drawn(commitment: Commitment) -> bool:
    """Return whether a commitment is drawn for the check: nobody chooses, anybody can compute it again."""
    text = f"{commitment.pk}:{commitment.case.number}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % 100 < commitment.rate


def void_commitments(case: MatterCase, *, reason: str, by: User | None, at: dt.datetime | None) -> None:
    """The case ended without a grant, or its decision is gone: nothing is promised any more."""
    found = Commitment.objects.select_for_update(of=("self",)).filter(case=case, state__in=[*SIGNING, *RUNNING])
    for commitment in found.select_related("issue__clock").order_by("pk"):
        commitment.case = case
        _void(commitment, reason=reason, by=by, at=at)


def _void(commitment: Commitment, *, reason: str, by: User | None, at: dt.datetime | None) -> None:
    old = commitment.state
    if old in SIGNING:
        commitment.void()
    else:
        commitment.lapse()
    commitment.answer, commitment.closed_at = reason[:300], at or timing.now()
    commitment.save()
    if commitment.issue is not None and commitment.issue.state in ISSUE_OPEN:
        commitment.issue.project = commitment.case.project
        waive_issue(commitment.issue, reason=reason, by=by, at=at)
        if commitment.issue.clock is not None:
            clocks.cancel_clock(commitment.issue.clock, at)
    tell_step(commitment, "void", f"承诺书失效：{commitment.case.matter.name}，{reason}", old, by=by, at=at)
