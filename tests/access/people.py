"""What belongs to people and bodies."""

import datetime as dt

from projects import timing
from projects.models import CreditListing, CreditRecord
from projects.services.delegation import delegate
from projects.services.grants import grant_access
from projects.services.privacy import ask
from projects.services.sessions import note_sign_in
from projects.services.staff import invite
from tests import factories


def staff(actors):
    """A body with a member and an invitation; a project without a national code that somebody else may read."""
    local = factories.make_project(actors, name="还没有国家代码的项目")
    grant = grant_access(
        local.pk, user=actors.outsider, kind="borrow", reason="核查", until=timing.today() + dt.timedelta(days=1),
        by=actors.director,
    )
    invitation, _ = invite(actors.owner_body.pk, by=actors.owner, role="owner_staff", name="赵敏")
    return {
        "body": actors.owner_body, "member": actors.owner_staff.memberships.get(), "invitation": invitation,
        "local": local, "grant": grant,
    }


def accounts(actors):
    """A session and the post of the clerk, a delegation between two people who are no actors, a request about data."""
    post = actors.clerk.memberships.get()
    cover = delegate(
        actors.second_chief.memberships.get().pk, to=actors.lead_reviewer, until=timing.today(), reason="休假",
        by=actors.second_chief,
    )
    return {
        "own_session": note_sign_in(actors.clerk, session_key="x" * 32, address="10.0.0.1", device="电脑"),
        "own_post": post, "cover": cover, "person": actors.outsider,
        "data_request": ask(actors.owner_staff, "correct", "姓名写错"),
    }


def credit(project, actors):
    """A bad record of the owner, and its entry in the list."""
    now, body = timing.now(), actors.owner_body
    row = CreditRecord.objects.create(
        organisation=body, project=project, rule="false-material", name="提供虚假材料", kind="bad", severity="A",
        points=-40, detail="情况", happened_on=timing.today(), recorded_at=now,
    )
    entry = CreditListing.objects.create(
        organisation=body, project=project, record=row, reason="虚假材料", basis="认定书", proposed_at=now, changed_at=now,
        source=factories.organisation("housing"),
    )
    return {"credit_body": body, "credit_row": row, "credit_entry": entry}
