"""What the window brings and the responsible persons sign before an application is handed in; what is fetched after."""

from __future__ import annotations

from gaige.demo.files import attachment
from gaige.demo.moments import person
from gaige.demo.people import DESIGNER
from packages.act_states import DeliveryWay
from packages.models import Commitment, MaterialItem, MatterCase
from packages.services.committing import sign_commitment
from packages.services.delivering import deliver_case, papers_to_deliver
from packages.services.setting_lines import supply_material
from packages.states import CaseState, CommitmentState, Handling, MaterialState
from projects.models import Organisation, User
from projects.services.parties import PartyEntry, add_party
from projects.states import PartyRole, Role


def bring_and_sign(application_id: int, *, clerk: User) -> None:
    """The window brings what the government issued; the responsible persons sign every 承诺书 of an application."""
    lines = MaterialItem.objects.filter(case__application=application_id, state=MaterialState.AWAITED)
    while (item := lines.order_by("pk").first()) is not None:  # one paper may meet several lines
        supply_material(item.pk, by=clerk, uploaded=attachment(item.name))
    offered = Commitment.objects.filter(case__application=application_id, state=CommitmentState.OFFERED)
    for commitment in offered.select_related("case__project").order_by("pk"):
        project = commitment.case.project
        if commitment.asks_designer:
            designer = Organisation.objects.get(name=DESIGNER)
            entry = PartyEntry(uscc=designer.uscc, name=designer.name, role=PartyRole.DESIGNER)
            add_party(project.pk, entry, by=clerk)
            sign_commitment(commitment.pk, by=person(designer.pk, Role.OWNER_LEAD))
        sign_commitment(commitment.pk, by=person(project.owner_id, Role.OWNER_LEAD))


def fetch(project_id: int, *, by: User) -> None:
    """The owner fetches the certificates of what was granted without anything owed."""
    granted = MatterCase.objects.filter(project=project_id, state=CaseState.PASSED, handling=Handling.REVIEW)
    for case in granted.filter(delivery=None).order_by("pk"):
        if papers_to_deliver(case):
            deliver_case(case.pk, by=by, way=DeliveryWay.DOWNLOAD)
