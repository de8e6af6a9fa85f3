"""Who may do what with risk, drawings and the one-stop permit: pure reads, each with its reason for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.drawing_states import BreachState, DrawingState, OneStopState, PledgeKind, TicketState
from packages.models import DrawingSet, Pledge
from packages.rules import ANSWERERS, can_submit, is_owner, is_window
from packages.states import CASE_ENDED, CaseState
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Organisation, Party
from projects.one_page import once
from projects.quoting import quoted
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, PartyRole, ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from packages.models import Breach, DrawingReview, OneStop, SampleTicket
    from projects.models import Project, User

    Person = User | AnonymousUser

DESIGNERS = (PartyRole.SURVEYOR, PartyRole.DESIGNER)


def designer_ids(project: Project) -> dict[int, str]:
    """The survey and design units of a project: key and the word of their role."""

    def read() -> dict[int, str]:
        rows = Party.objects.filter(project=project, role__in=DESIGNERS).order_by("role", "pk")
        return {row.organisation_id: str(row.get_role_display()) for row in rows}

    return once(("designers", project.pk), read)


def is_designer(user: Person, project: Project) -> bool:
    """Whether the user works for a survey or design unit of the project."""
    access = access_of(user)
    return any(access.has_at(pk, Role.OWNER_LEAD, Role.OWNER_STAFF) for pk in designer_ids(project))


def can_assess(user: Person, project: Project) -> Verdict:
    """The window and the directors answer what no fact says (metro, new technique, credit)."""
    if not access_of(user).has_at(project.centre_id, Role.CLERK, Role.CHIEF, Role.DIRECTOR):
        return refuse(f"人工判定由{project.centre.label}的窗口、首席代表或中心主任办理。")
    return _runs(project)


def can_upload(user: Person, review: DrawingReview) -> Verdict:
    """The designers upload, the owner and the window may do it for them; not once the review is over."""
    project = review.project
    if not (is_designer(user, project) or is_owner(user, project) or is_window(user, project)):
        return refuse("施工图由勘察、设计单位上传，建设单位和窗口可以代传，您的岗位不上传图纸。")
    if review.state in (DrawingState.QUALIFIED, DrawingState.CLOSED, DrawingState.PLEDGED):
        return refuse(f"施工图审查{review.get_state_display()}，不能再上传；设计变更请重新送审。")
    if review.case is not None and review.case.state in CASE_ENDED and review.state != DrawingState.COMMITTED:
        return refuse(f"{quoted(review.case.matter.name)}{review.case.get_state_display()}，不能再上传。")
    return _runs(project)


def can_write_opinion(user: Person, review: DrawingReview) -> Verdict:
    """The handler of the lead department puts the parts together to one review opinion."""
    if review.case is None:
        return refuse("免审项目没有审查意见。")
    if not access_of(user).has_at(review.case.lead_id, *ANSWERERS):
        return refuse(f"审查意见由牵头部门{review.case.lead.label}汇总。")
    return _reviewing(review)


def can_handle(user: Person, review: DrawingReview) -> Verdict:
    """The chief representative gives the handling opinion: qualified, commit, or returned."""
    if review.case is None:
        return refuse("免审项目没有处理意见。")
    if not access_of(user).has_at(review.case.lead_id, Role.CHIEF):
        return refuse(f"处理意见由牵头部门{review.case.lead.label}的首席代表作出，您的岗位不作处理。")
    return _reviewing(review)


def _reviewing(review: DrawingReview) -> Verdict:
    if review.state != DrawingState.REVIEWING:
        return refuse(f"施工图审查现在是“{review.get_state_display()}”，不能办理。")
    if review.case is None or review.case.state != CaseState.IN_REVIEW:
        return refuse("办件不在部门办理中，不能办理。")
    return ALLOWED


def can_commit(user: Person, review: DrawingReview) -> Verdict:
    """Only the responsible person of the owner signs the commitment to mend."""
    if not access_of(user).has_at(review.project.owner_id, Role.OWNER_LEAD):
        return refuse("限期修改承诺由建设单位负责人本人签署，经办人和其他单位不能代签。")
    if review.state != DrawingState.TO_COMMIT:
        return refuse(f"施工图审查现在是“{review.get_state_display()}”，没有待签的承诺。")
    return ALLOWED


def can_hand_back(user: Person, review: DrawingReview) -> Verdict:
    """Who files hands the changed drawings in again, once there is a newer version."""
    if not (verdict := can_submit(user, review.project)):
        return verdict
    if review.state != DrawingState.RETURNED:
        return refuse(f"施工图审查现在是“{review.get_state_display()}”，没有退回的图纸要交回。")
    if not DrawingSet.objects.filter(review=review, uploaded_at__gt=review.handled_at).exists():
        return refuse("还没有上传修改后的图纸，上传新版后再交回。")
    return ALLOWED


def signers_left(review: DrawingReview) -> dict[int, str]:
    """The bodies whose responsible person has not signed for the quality yet: the owner and every designer."""
    wanted = {review.project.owner_id: "建设单位", **designer_ids(review.project)}
    signed = Pledge.objects.filter(review=review, kind=PledgeKind.QUALITY).values_list("organisation_id", flat=True)
    return {pk: word for pk, word in wanted.items() if pk not in set(signed)}


def can_pledge(user: Person, review: DrawingReview) -> Verdict:
    """免审, 抽审: the responsible persons of the owner and of the designers sign for the quality, each for itself."""
    access = access_of(user)
    wanted = {review.project.owner_id, *designer_ids(review.project)}
    mine = [pk for pk in wanted if access.has_at(pk, Role.OWNER_LEAD)]
    if not mine:
        return refuse("质量承诺由建设单位和勘察、设计单位的负责人本人签署。")
    if review.state != DrawingState.TO_PLEDGE:
        return refuse(f"施工图审查现在是“{review.get_state_display()}”，没有待签的质量承诺。")
    if len(wanted) == 1:
        return refuse("项目还没有登记设计单位，请先在参建单位中登记。")
    if not set(mine) & set(signers_left(review)):
        return refuse("贵单位已经签署，在等其他单位。")
    return ALLOWED


def can_check(user: Person, breach: Breach) -> Verdict:
    """The department that found a breach says whether it is mended."""
    if not access_of(user).has_at(breach.organisation_id, *ANSWERERS):
        return refuse(f"这一条由{breach.organisation.label}核实。")
    if breach.review.state != DrawingState.COMMITTED or breach.state != BreachState.FIXED:
        return refuse("还没有上传改好的图纸，或这一条已核实。")
    return ALLOWED


def can_draw(user: Person, centre: Organisation) -> Verdict:
    """The director of the centre draws the samples."""
    if access_of(user).has_at(centre.pk, Role.DIRECTOR):
        return ALLOWED
    return refuse("抽查由中心主任抽取。")


def can_check_sample(user: Person, ticket: SampleTicket) -> Verdict:
    """The department that a ticket was given to checks the set."""
    if not access_of(user).has_at(ticket.organisation_id, *ANSWERERS):
        return refuse(f"抽查由{ticket.organisation.label}办理。")
    if ticket.state != TicketState.OPEN:
        return refuse(f"{ticket.get_state_display()}，不能再改。")
    return ALLOWED


def can_answer_sample(user: Person, ticket: SampleTicket) -> Verdict:
    """The owner, a designer or the window for them says how what a sample found was mended."""
    project, fault = ticket.review.project, ticket.fault
    if not (is_designer(user, project) or is_owner(user, project) or is_window(user, project)):
        return refuse("抽查发现的问题由建设单位或设计单位整改答复。")
    if fault is None or fault.state not in ISSUE_OPEN:
        return refuse(f"{ticket.get_state_display()}，没有要整改的问题。")
    if fault.state not in ISSUE_WITH_OWNER:
        return refuse(f"整改情况已经提交，等{ticket.organisation.label}复核。")
    return ALLOWED


def can_verify_sample(user: Person, ticket: SampleTicket) -> Verdict:
    """The department that checked a sample looks at what was mended."""
    if not access_of(user).has_at(ticket.organisation_id, *ANSWERERS):
        return refuse(f"整改由{ticket.organisation.label}复核。")
    fault = ticket.fault
    if fault is None or fault.state not in ISSUE_OPEN or fault.state in ISSUE_WITH_OWNER:
        return refuse("现在没有等复核的整改。")
    return ALLOWED


def can_issue_set(user: Person, one_stop: OneStop) -> Verdict:
    """The chief of the main certificate's department issues the set, once no part is left."""
    lead = next((part.case.lead for part in one_stop.parts.all() if part.is_main), None)
    if lead is None or not access_of(user).has_at(lead.pk, Role.CHIEF, Role.CLERK):
        word = lead.label if lead else "牵头部门"
        return refuse(f"证照套由{word}的首席代表或窗口一次出件。")
    if one_stop.state != OneStopState.RUNNING:
        return refuse(f"{one_stop.get_state_display()}，不能再次出件。")
    return ALLOWED


def _runs(project: Project) -> Verdict:
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不能办理。")
    return ALLOWED
