"""Who may do what with credit archives: pure reads, each refusal with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects import credit_data, timing
from projects.access import OWNER_ROLES, access_of
from projects.credit_states import ListingState, RecordState
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import OrganisationKind, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import CreditListing, CreditRecord, Organisation, Project, User

    Person = User | AnonymousUser

RECORDERS = (Role.REVIEWER, Role.CHIEF)
#: Kinds of bodies that find credit facts: departments, not utilities nor archives.
FINDERS = frozenset({
    OrganisationKind.BUREAU, OrganisationKind.DEPARTMENT, OrganisationKind.COMMITTEE, OrganisationKind.REGISTRY,
    OrganisationKind.CENTRE, OrganisationKind.HIGHER,
})
HEADS = (Role.DIRECTOR, Role.SUPERVISOR)


def _is_of(user: Person, organisation_id: int) -> bool:
    return access_of(user).has_at(organisation_id, *OWNER_ROLES)


def _leads(user: Person, project: Project | None) -> bool:
    """Whether the user is a head of the centre of a project, or of one whose region holds it; any head without one."""
    access = access_of(user)
    if project is None or access.has_at(project.centre_id, *HEADS):
        return access.has(*HEADS)
    return access.has(*HEADS) and project.region_id.startswith(access.region_prefixes or ("none",))


def can_record(user: Person, _: Organisation) -> Verdict:
    """Departments record what they have found; the enterprise objects. Utilities and archives find nothing."""
    access = access_of(user)
    finds = any(body.kind in FINDERS and access.has_at(body.pk, *RECORDERS) for body in access.organisations)
    return ALLOWED if finds else refuse("信用记录由认定的部门录入。")


def can_contest(user: Person, row: CreditRecord) -> Verdict:
    """The enterprise objects to a record that counts."""
    if not _is_of(user, row.organisation_id):
        return refuse("由本单位提出异议。")
    return ALLOWED if row.state == RecordState.VALID else refuse(f"该记录{row.get_state_display()}。")


def can_answer(user: Person, row: CreditRecord) -> Verdict:
    """The head of the centre answers an objection, or takes out what was an agent's mistake."""
    if not _leads(user, row.project):
        return refuse("异议由项目所在中心的主任或工改办核查处理。")
    if row.state not in {RecordState.VALID, RecordState.CONTESTED}:
        return refuse(f"该记录{row.get_state_display()}。")
    return ALLOWED


def can_propose(user: Person, row: CreditRecord) -> Verdict:
    """A department proposes the list for a bad record that counts."""
    if not access_of(user).has(*RECORDERS):
        return refuse("由认定的部门提出列入。")
    if row.kind != "bad" or row.state != RecordState.VALID:
        return refuse("只有有效的失信记录可以提出列入。")
    return ALLOWED


def can_tell(user: Person, row: CreditListing) -> Verdict:
    """The chief of the department tells the enterprise; not the person who proposed it."""
    if not access_of(user).has_at(row.source_id, Role.CHIEF):
        return refuse(f"由{row.source.label}首席代表审核后告知。")
    if access_of(user).speaks_for(row.proposed_by_id):
        return refuse("提出人不能自己审核，请另一位首席代表办理。")
    return _in(row, ListingState.PROPOSED)


def can_plead(user: Person, row: CreditListing) -> Verdict:
    """The enterprise speaks before it is decided."""
    if not _is_of(user, row.organisation_id):
        return refuse("由本单位陈述申辩。")
    return _in(row, ListingState.TOLD)


def can_decide(user: Person, row: CreditListing) -> Verdict:
    """The head decides once the enterprise has spoken or its days are over."""
    if not _leads(user, row.project):
        return refuse("列入由项目所在中心的主任决定。")
    if row.state == ListingState.TOLD and row.plead_until and timing.today() <= row.plead_until:
        return refuse(f"陈述申辩期到{timing.written(row.plead_until)}，期满或企业陈述后决定。")
    return _in(row, ListingState.TOLD, ListingState.PLEADED)


def can_object(user: Person, row: CreditListing) -> Verdict:
    """The enterprise objects to the entry; its effects freeze."""
    if not _is_of(user, row.organisation_id):
        return refuse("由本单位提出异议。")
    if row.objection:
        return refuse("已经提出过异议并有处理结果。")
    return _in(row, ListingState.LISTED)


def can_ask_repair(user: Person, row: CreditListing) -> Verdict:
    """The enterprise asks for repair, not before some months have passed."""
    if not _is_of(user, row.organisation_id):
        return refuse("由本单位申请信用修复。")
    months = credit_data.term("repair", timing.today())
    if row.listed_on and (timing.today() - row.listed_on).days < months * credit_data.MONTH:
        return refuse(f"列入满 {months} 个月后可以申请信用修复。")
    return _in(row, ListingState.LISTED)


def can_settle(user: Person, row: CreditListing) -> Verdict:
    """The head decides on an objection and on repair."""
    if not _leads(user, row.project):
        return refuse("异议和信用修复由项目所在中心的主任决定。")
    return _in(row, ListingState.CONTESTED, ListingState.REPAIRING)


def _in(row: CreditListing, *states: str) -> Verdict:
    return ALLOWED if row.state in states else refuse(f"现在是“{row.get_state_display()}”，不能办理。")
