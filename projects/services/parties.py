"""Bodies that take part in a project: found or made by their checked 统一社会信用代码."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from projects import account_rules, prepared, rules
from projects.codes import clean_uscc, mend
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Party
from projects.plain_text import one_line
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole, OrganisationKind, PartyRole

if TYPE_CHECKING:
    from projects.models import Project, Region, User


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """A party as it is entered: role of DWLX, credit code, name, and how to reach it (encrypted at rest)."""

    role: str
    uscc: str
    name: str = ""
    contact_name: str = ""
    contact_phone: str = ""


def checked_uscc(text: str) -> str:
    """Return the mended and checked credit code; raises `DomainError` with the sentence that says what is wrong."""
    try:
        return clean_uscc(text)
    except ValidationError as error:
        raise DomainError("uscc_wrong", error.messages[0]) from error


def find_or_make_organisation(
    uscc: str, name: str = "", *, region: Region | None = None, kind: str = OrganisationKind.ENTERPRISE
) -> Organisation:
    """Return the organisation with this credit code, made when there is none yet.

    A name that differs from the one on record is refused, so that a wrong code cannot attach a project to a stranger.
    Raises `DomainError`.
    """
    code, name = checked_uscc(uscc), one_line(name)
    found = prepared.one("projects.by_uscc", lambda uscc: Organisation.objects.filter(uscc=uscc), code)
    if found is None:
        if not name:
            raise DomainError("name_missing", f"统一社会信用代码 {code} 还没有登记，请填写单位名称。")
        try:
            with transaction.atomic():
                return Organisation.objects.create(uscc=code, name=name, kind=kind, region=region)
        except IntegrityError:  # somebody was faster
            found = Organisation.objects.get(uscc=code)
    if name and mend(name) != mend(found.name):
        message = f"统一社会信用代码 {code} 登记的单位是{quoted(found.name)}，与所填{quoted(name)}不一致，请核对。"
        raise DomainError("name_differs", message)
    return found


def put_party(
    project: Project, organisation: Organisation, entry: PartyEntry, *, by: User | None,
    at: dt.datetime | None = None, is_first: bool = False,
) -> Party:
    """Add a party to the locked project, or bring its contact up to date; its body is involved. One event when new.

    The contact is personal: it goes into no event. `is_first`: the project has just been made and has no party yet.
    """
    if entry.role not in PartyRole.values:
        raise DomainError("party_role", "单位类型不在目录中，请重新选择。")
    if is_first:
        party, is_new = Party.objects.create(project=project, organisation=organisation, role=entry.role), True
    else:
        party, is_new = Party.objects.get_or_create(project=project, organisation=organisation, role=entry.role)
    if entry.contact_name or entry.contact_phone:
        party.contact_name, party.contact_phone = one_line(entry.contact_name), one_line(entry.contact_phone)
        party.save(update_fields=["contact_name", "contact_phone"])
    if is_new:
        record(
            "project.party_added", subject=project, project=project, by=by, at=at,
            summary=f"{party.get_role_display()}：{organisation.name}",
            data={"organisation": organisation.pk, "role": entry.role},
        )
    is_owner = organisation.pk == project.owner_id
    involve(
        project, role=InvolvementRole.OWNER if is_owner else InvolvementRole.PARTY, organisation=organisation, by=by,
        at=at, is_first=is_first,
    )
    return party


@transaction.atomic
def add_party(project_id: int, entry: PartyEntry, *, by: User | None, at: dt.datetime | None = None) -> Party:
    """Add a body to the parties of a project.

    Effects: organisation (when new), party, involvement, event `project.party_added`. A second identical call is a
    no-op. Raises `NotAllowed`, `DomainError`.
    """
    project = lock_project(project_id)
    require(rules.can_add_party, by, project)
    organisation = find_or_make_organisation(entry.uscc, entry.name)
    return put_party(project, organisation, entry, by=by, at=at)


@transaction.atomic
def add_body(
    *, uscc: str, name: str, kind: str, by: User | None, at: dt.datetime | None = None
) -> Organisation:
    """Enter an enterprise, so that its people can be invited; one that is there already is returned as it is.

    Event `organisation.added` in the chain of the organisation. Raises `NotAllowed`, `DomainError` (`uscc_wrong`,
    `name_differs`).
    """
    require(account_rules.can_keep_people, by, None)
    known = Organisation.objects.filter(uscc=checked_uscc(uscc)).exists()
    body = find_or_make_organisation(uscc, name, kind=kind)
    if not known:
        record("organisation.added", subject=body, organisation=body, by=by, at=at, summary=f"登记单位：{body.name}")
    return body
