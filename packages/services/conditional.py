"""分段许可, 桩基先行, 预许可: permits for a part of the works or for a time (handbook §6.6; rules: docs/letters.md).

A grant of a matter that has a kind issues one (桩基先行); a chief issues a pre-permit ahead of the formal matter. The
grant of the formal matter converts what holds on that day, without any paper being asked for again; what lapses is
told and its works are checked.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from archives.services.papers import replace_paper
from archives.states import PaperKind, PaperState
from packages import living_data, living_rules
from packages.living_data import PermitKind
from packages.models import ConditionalPermit, LivingTerms, MatterCase
from packages.next_steps import CASE_LOST
from packages.services import living as shared
from packages.services import paperwork
from packages.services.back_entry import check_moment
from packages.services.locking import lock_case
from packages.states import CASE_PASSED, LIVING_LIVE, LivingState
from projects import timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import record
from projects.models import IssueItem, Organisation, Project, User
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue
from projects.states import ISSUE_OPEN, InvolvementRole, IssueKind, IssueState

if TYPE_CHECKING:
    from archives.models import Document, Paper

# Issuing -------------------------------------------------------------------------------------------------------------


def scope_of(case: MatterCase, kind: PermitKind) -> str:
    """Return what a permit allows: as the lead department wrote it, else as the kind says."""
    terms = LivingTerms.objects.filter(case=case).first()
    return (terms.scope if terms else "") or kind.scope


def paragraphs_of(kind: PermitKind, scope: str, first: dt.date) -> list[str]:
    """Return what the paper of a permit says of its scope and days."""
    until = kind.last_day(first)
    lines = [f"许可范围：{scope}。" + (f"{kind.excludes}。" if kind.excludes else "")]
    days = f"有效期自{paperwork.day(first)}至{paperwork.day(until)}，不予延长；"
    lines.append(f"{days}期内办结正式许可的，自动转正，已交材料不再提交。")
    if kind.is_works:
        lines.append("期满未转正的，本许可失效，应当停止施工。")
    return lines


def issue(
    case: MatterCase, kind: PermitKind, paper: Paper, *, scope: str, by: User | None, at: dt.datetime
) -> ConditionalPermit:
    """Put a permit of a locked case in force with its paper, its first reminder, and the inspection of its phase.

    Effects: row, event `permit.issued`, the supervising body involved, its inspection item raised.
    """
    project, first = case.project, timing.business_day(at)
    until = kind.last_day(first)
    supervisor = Organisation.objects.get(code=kind.supervisor)
    permit = ConditionalPermit(
        project=project, case=case, paper=paper, code=kind.code, name=kind.paper, issuer=case.lead,
        valid_from=first, valid_until=until, next_on=shared.next_look(until, None), issued_by=by, changed_at=at,
        phase=kind.phase, is_works=kind.is_works, scope=scope, excludes=kind.excludes, formal=list(kind.formal),
        not_for=list(kind.not_for), not_inherited=list(kind.not_inherited), supervisor=supervisor,
    )
    permit.save()
    shared.save_moved(
        permit, "", "issued", f"出具{permit.name}：{scope}，有效期至{timing.written(until)}", by=by, at=at,
        until=str(until),
    )
    involve(project, role=InvolvementRole.REVIEWER, organisation=supervisor, by=by, at=at)
    if kind.inspection:
        permit.inspection = raise_issue(
            project, kind=IssueKind.RECTIFICATION, subject=permit, what=kind.inspection, basis=permit.name,
            how_to_fix="由监管单位到场检查，合格后办结本项；有问题的先整改", debtor=project.owner,
            raised_for=supervisor, by=by, at=at,
        )
        permit.save(update_fields=["inspection"])
    return permit


@transaction.atomic
def set_terms(
    case_id: int, *, by: User, scope: str = "", values: dict[str, str] | None = None, at: dt.datetime | None = None
) -> LivingTerms:
    """Write what the paper of a case will say: the scope of a permit, the facts of a letter. Before its decision.

    Event `case.terms_set`. The same again changes nothing. Raises `NotAllowed`, `DomainError` (`no_terms`).
    """
    case = lock_case(case_id)
    require(living_rules.can_set_terms, by, case)
    day, code = timing.today(), case.matter.matter.code
    if living_data.permit_kind_of(code, day) is None and living_data.letter_rule_of(code, day) is None:
        raise DomainError("no_terms", f"{quoted(case.matter.name)}不出具分段许可，也不出具代证函，无需拟定内容。")
    told = {key: text.strip()[:200] for key, text in (values or {}).items()}
    terms = LivingTerms.objects.filter(case=case).first()
    if terms is not None and (terms.scope, terms.values) == (scope.strip()[:300], told):
        return terms
    terms, _ = LivingTerms.objects.update_or_create(
        case=case,
        defaults={"scope": scope.strip()[:300], "values": told, "set_by": by, "set_at": at or timing.now()},
    )
    record(
        "case.terms_set", subject=case, project=case.project, by=by, at=at,
        summary=f"拟定“{case.matter.result_name}”的内容", data={"scope": terms.scope},
    )
    return terms


@transaction.atomic
def issue_prepermit(
    case_id: int, *, by: User, kind: str, basis: str, scope: str = "", at: dt.datetime | None = None
) -> ConditionalPermit:
    """Issue a pre-permit (预许可) ahead of an undecided formal matter, by the chief of its lead department.

    `basis`: the opinion of the reviewing body and the commitment it stands on. Effects in order: paper, permit,
    inspection item, event. Its days run from `at`. A second one of the kind that holds is returned as it stands.
    Raises `NotAllowed`, `DomainError` (`kind`, `basis`, `prepermit_again`, `phase_inspection`, `future`, `time_order`).
    """
    case = lock_case(case_id)
    require(living_rules.can_issue_prepermit, by, case)
    moment = at or timing.now()
    day = timing.business_day(moment)
    rule = living_data.permit_kind(kind, day)
    if rule is None or rule not in living_data.prepermit_kinds(case.matter.matter.code, day):
        raise DomainError("kind", f"{quoted(case.matter.name)}没有这种预许可，请重新选择。")
    if not basis.strip():
        raise DomainError("basis", "预许可须写明审查意见和建设单位承诺，请补充后再提交。")
    before = ConditionalPermit.objects.filter(project=case.project, code=kind, phase=rule.phase)
    standing = before.filter(state__in=LIVING_LIVE).first()
    if standing is not None:
        return standing
    if before.exclude(state=LivingState.REVOKED).exists():
        raise DomainError("prepermit_again", f"{quoted(rule.name)}已出具过一次，不延长、不重发，请办理正式许可。")
    check_moment(case, at)
    _phase_before(case.project, rule.phase, rule.formal)
    text = scope.strip()[:300] or rule.scope
    paper = paperwork.write(
        PaperKind.CERTIFICATE, case.project, subject=case, issuer=case.lead, by=by, at=moment, title=rule.paper,
        is_public=True, valid_until=rule.last_day(day), what=f"{quoted(rule.name)}已出具",
        do=f"只在范围内进行：{text}", when=f"有效期至{paperwork.day(rule.last_day(day))}，不予延长",
        paragraphs=[f"依据：{basis.strip()}。", *paragraphs_of(rule, text, day)],
    )
    return issue(case, rule, paper, scope=text, by=by, at=moment)


# Before a grant ------------------------------------------------------------------------------------------------------


def check_grant(case: MatterCase, day: dt.date) -> None:
    """Refuse a grant while the inspection of the phase before it is open, or on a permit that may not carry it.

    Raises `DomainError` (`phase_inspection`, `not_for`).
    """
    code = case.matter.matter.code
    if code not in living_data.formal_matters() and living_data.permit_kind_of(code, day) is None:
        return
    kind = living_data.permit_kind_of(code, day)
    _phase_before(case.project, kind.phase if kind else None, kind.formal if kind else (code,))
    used = case.materials.filter(document__isnull=False).values("document_id")
    for permit in ConditionalPermit.objects.filter(project=case.project, paper__document__in=used).order_by("pk"):
        if code in permit.not_for:
            raise DomainError(
                "not_for",
                f"{quoted(permit.name)}不能作为{quoted(case.matter.name)}的依据：{permit.excludes}。请提供正式许可。",
            )


def _phase_before(project: Project, phase: int | None, formal: tuple[str, ...] | list[str]) -> None:
    """Refuse the next phase (None: the whole permit) while an inspection of a phase before it is open."""
    found = ConditionalPermit.objects.filter(project=project, inspection__state__in=list(ISSUE_OPEN))
    for permit in found.exclude(state=LivingState.REVOKED).select_related("inspection", "supervisor").order_by("pk"):
        earlier = phase is None or permit.phase < phase
        if earlier and set(formal) & set(permit.formal):
            raise DomainError(
                "phase_inspection",
                f"上一段{quoted(permit.name)}的检查还没有办结：{permit.inspection}。"
                f"请{permit.supervisor.label}办结检查后再办理下一段。",
            )


# After a grant -------------------------------------------------------------------------------------------------------


def convert_by(case: MatterCase, paper: Paper | None, *, by: User | None, at: dt.datetime) -> list[ConditionalPermit]:
    """转正: the grant of a formal matter converts the permits that hold on its day; return them.

    Effects each: transition, the formal paper stands in the place of the permit's, event `permit.converted`. A permit
    that has run out is not converted, also where no sweep has told so yet.
    """
    day, code = timing.business_day(at), case.matter.matter.code
    if code not in living_data.formal_matters():
        return []
    done = []
    found = ConditionalPermit.objects.select_for_update(of=("self",)).filter(shared.live_on(day), project=case.project)
    for permit in found.select_related("paper", "supervisor").order_by("pk"):
        if code not in permit.formal:
            continue
        permit.project = case.project
        old = permit.state
        permit.convert()
        permit.formal_case, permit.formal_paper = case, paper
        permit.converted_at = permit.closed_at = at
        permit.next_on = None
        told = f"转正：{permit.name}，已办结{quoted(case.matter.name)}"
        shared.save_moved(permit, old, "converted", told, by=by, at=at)
        if paper is not None and permit.paper.state == PaperState.VALID:
            replace_paper(permit.paper, new=paper, by=by, reason="转正", at=at)
        done.append(permit)
    if paper is not None:
        _fill_in_paper(case, paper, by=by, at=at)
    shared.close_lapsed(case.project, code, at=at)
    return done


def _fill_in_paper(case: MatterCase, paper: Paper, *, by: User | None, at: dt.datetime) -> None:
    """The certificate came after the decision (容缺, 领取证照前): the permits that it converted name it now."""
    for permit in ConditionalPermit.objects.filter(formal_case=case, formal_paper=None).select_related("paper"):
        permit.formal_paper, permit.changed_at = paper, at
        permit.save(update_fields=["formal_paper", "changed_at"])
        if permit.paper.state == PaperState.VALID:
            replace_paper(permit.paper, new=paper, by=by, reason="转正", at=at)


def inherited(project: Project, codes: set[str], day: dt.date) -> dict[tuple[str, int], tuple[Document, str]]:
    """Return the papers that a phase hands on to formal matters: (matter, kind) -> (document, name of the permit).

    Only while the permit holds; forms, and drawings of the phase alone, are not handed on. Two queries at most.
    """
    if not codes & living_data.formal_matters():
        return {}
    from packages.models import MaterialItem

    permits = list(ConditionalPermit.objects.filter(shared.live_on(day), project=project))
    if not permits:
        return {}
    found = MaterialItem.objects.filter(
        Q(document__valid_until=None) | Q(document__valid_until__gte=day), case__in=[p.case_id for p in permits],
        document__isnull=False, document__replaced_by=None,
    ).exclude(document__paper__state__in=[PaperState.REVOKED, PaperState.REPLACED])
    related = ("kind", "document__kind", "document__project", "document__paper")
    lines = list(found.select_related(*related).order_by("pk"))
    handed: dict[tuple[str, int], tuple[Document, str]] = {}
    for permit in permits:
        for line in lines:
            if line.case_id == permit.case_id and line.kind.slug not in permit.not_inherited and line.document:
                for code in codes & set(permit.formal):
                    handed[code, line.kind_id] = (line.document, permit.name)
    return handed


# Inspection and works that go on -------------------------------------------------------------------------------------


@transaction.atomic
def close_inspection(
    permit_id: int, *, by: User, result: str, holds: bool = True, at: dt.datetime | None = None
) -> ConditionalPermit:
    """The supervising body closes the inspection of a phase, or says what is to be put right.

    Raises `NotAllowed`, `DomainError` (`no_inspection`, `result`). Closed twice is a no-op.
    """
    permit = _locked(permit_id)
    require(living_rules.can_inspect, by, permit)
    issue_item = _item(permit, permit.inspection)
    if issue_item is None:
        raise DomainError("no_inspection", f"{quoted(permit.name)}没有要办结的检查。")
    if issue_item.state in {IssueState.VERIFIED, IssueState.WAIVED}:
        return permit
    if not result.strip():
        raise DomainError("result", "请写明检查结果后再提交。")
    check_follows(at, permit, issue_item)
    answer_issue(issue_item, answer=result.strip()[:500], by=by, at=at)
    if holds:
        verify_issue(issue_item, by=by, at=at)
    else:
        reject_issue(issue_item, reason=result.strip()[:200], by=by, at=at)
    permit.inspection = issue_item
    return permit


@transaction.atomic
def report_working(
    permit_id: int, *, by: User, found: str, on: dt.date, at: dt.datetime | None = None
) -> ConditionalPermit:
    """Works went on after the permit lapsed: 停工核查 opens with its notice and its item, which the owner answers.

    Effects in order: a permit whose last day is over lapses first, where no sweep has told so; transition; item;
    event `permit.stop_check` (what the credit record counts); 停工核查通知书. A second report while one is open
    changes nothing. Raises `NotAllowed`, `DomainError` (`living_state`, `found`, `found_on`).
    """
    permit = _locked(permit_id)
    require(living_rules.can_check_stop, by, permit)
    if permit.state == LivingState.STOP_CHECK:
        return permit
    check_follows(at, permit)
    if permit.state in LIVING_LIVE and timing.today() > permit.valid_until:
        shared.pass_day("permit", permit.pk)
        permit = _locked(permit_id)
    shared.expect_living(permit, LivingState.LAPSED, verb="开始停工核查")
    if not found.strip():
        raise DomainError("found", "请写明发现的情况：在哪里、在做什么。")
    if not permit.valid_until < on <= timing.business_day(at or timing.now()):
        last = "今天" if at is None else "实际办理时间"
        raise DomainError("found_on", f"发现日期应当在失效之后、不晚于{last}，请核对。")
    moment, old = at or timing.now(), permit.state
    permit.begin_stop_check()
    permit.stop_issue = raise_issue(
        permit.project, kind=IssueKind.RECTIFICATION, subject=permit, what=f"许可失效后仍在施工：{found.strip()[:200]}",
        basis=f"{permit.name}有效期至{timing.written(permit.valid_until)}",
        how_to_fix="立即停工，报送停工照片和说明，办结正式许可后再开工",
        debtor=permit.project.owner, raised_for=permit.supervisor, by=by, at=at,
    )
    permit.closed_at = None
    shared.save_moved(
        permit, old, "stop_check", f"停工核查：{permit.name}失效后仍在施工（{timing.written(on)}）", by=by, at=at,
        found_on=str(on),
    )
    paperwork.write(
        PaperKind.STOP_NOTICE, permit.project, subject=permit, issuer=permit.supervisor, by=by, at=moment,
        what="许可失效后现场仍在施工", do="立即停工，在系统内答复并附停工情况", when="收到本通知当日",
        paragraphs=[
            f"{permit.name}（{permit.paper.number}）有效期至{paperwork.day(permit.valid_until)}，已失效。",
            f"{paperwork.day(on)}发现：{found.strip()}。",
            "请立即停工并答复；由监管单位到场核实。正式许可办结前不得复工。",
        ],
    )
    return permit


@transaction.atomic
def answer_stop(permit_id: int, *, by: User, answer: str, at: dt.datetime | None = None) -> ConditionalPermit:
    """The owner says how the works were stopped; the same answer twice is once.

    Raises `NotAllowed` (another answer while the first waits for its check), `DomainError` (`living_state`, `answer`).
    """
    permit = _locked(permit_id)
    said = _item(permit, permit.stop_issue)
    if said is not None and said.state == IssueState.SUBMITTED and said.answer == answer.strip()[:500]:
        return permit
    require(living_rules.can_answer_stop, by, permit)
    shared.expect_living(permit, LivingState.STOP_CHECK, verb="答复停工核查")
    if not answer.strip():
        raise DomainError("answer", "请写明停工时间和现场情况后再提交。")
    issue_item = _item(permit, permit.stop_issue)
    if issue_item is not None:
        answer_issue(issue_item, answer=answer.strip()[:500], by=by, at=at)
    return permit


@transaction.atomic
def close_stop_check(
    permit_id: int, *, by: User, stands_still: bool, note: str, at: dt.datetime | None = None
) -> ConditionalPermit:
    """The supervising body says whether the works stand still: of a lapsed permit at once, or of an open stop check.

    Standing still: the check ends, the permit stays lapsed and nothing more is asked. Not: the item goes back to the
    owner (without an open check use `report_working`). Raises `NotAllowed`, `DomainError` (`living_state`, `note`).
    """
    permit = _locked(permit_id)
    require(living_rules.can_check_stop, by, permit)
    if permit.closed_at is not None and permit.state == LivingState.LAPSED:
        return permit
    shared.expect_living(permit, LivingState.LAPSED, LivingState.STOP_CHECK, verb="核查停工")
    if not note.strip():
        raise DomainError("note", "请写明核查情况后再提交。")
    check_follows(at, permit)
    issue_item = _item(permit, permit.stop_issue) if permit.state == LivingState.STOP_CHECK else None
    if issue_item is not None:
        answer_issue(issue_item, answer=issue_item.answer or note.strip()[:500], by=by, at=at)
    if not stands_still:
        if issue_item is None:
            raise DomainError("living_state", "现场仍在施工的，请登记停工核查。")
        reject_issue(issue_item, reason=note.strip()[:200], by=by, at=at)
        return permit
    if issue_item is not None:
        verify_issue(issue_item, by=by, at=at)
    old = permit.state
    if old == LivingState.STOP_CHECK:
        permit.end_stop_check()
    permit.closed_at = at or timing.now()
    shared.save_moved(permit, old, "stopped", f"核查已停工：{permit.name}，{note.strip()[:200]}", by=by, at=at)
    return permit


def _locked(permit_id: int) -> ConditionalPermit:
    found = shared.lock_living("permit", permit_id)
    if not isinstance(found, ConditionalPermit):
        raise TypeError("not a permit")
    return found


def _item(permit: ConditionalPermit, issue_item: IssueItem | None) -> IssueItem | None:
    """Return an item of the permit, locked, bound to the locked project."""
    if issue_item is None:
        return None
    found = IssueItem.objects.select_for_update(of=("self",)).get(pk=issue_item.pk)
    found.project = permit.project
    return found


def open_formal(permit: ConditionalPermit) -> list[MatterCase]:
    """Return the formal cases that would convert a permit and are not granted yet."""
    found = MatterCase.objects.filter(project=permit.project, matter__matter__code__in=permit.formal)
    return list(found.exclude(state__in=[*CASE_LOST, *CASE_PASSED]).select_related("matter", "lead").order_by("pk"))
