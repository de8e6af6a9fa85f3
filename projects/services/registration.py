"""Registering a project: one code, one project; and exchanging a local code for the national one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse

from projects import prepared, rules, timing
from projects.bulk import insert_all
from projects.codes import clean_project_code, is_local_code, make_local_code
from projects.errors import DomainError, require
from projects.events import lock_project, record, told_together
from projects.models import Organisation, Project, Region, WorkUnit
from projects.numbering import take_number
from projects.plain_text import one_line
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.services.parties import PartyEntry, find_or_make_organisation, put_party
from projects.states import Investment, InvolvementRole, PartyRole

if TYPE_CHECKING:
    from projects.models import User

#: Code of the organisation that runs the centre when the caller names none (catalogue, departments.tsv).
CENTRE_CODE = "approval-bureau"
#: The serial of local codes runs on through the years: the code carries none.
LOCAL_SERIES, LOCAL_YEAR = "本地项目代码", 1


@transaction.atomic
def register_project(
    *,
    by: User,
    code: str,
    name: str,
    investment: str,
    region_code: str,
    owner_uscc: str,
    owner_name: str = "",
    address: str = "",
    total_investment: Decimal | None = None,
    centre: Organisation | None = None,
    parties: Iterable[PartyEntry] = (),
    contact_name: str = "",
    contact_phone: str = "",
    at: dt.datetime | None = None,
) -> Project:
    """Register a project under its national unified code, or under a local one when `code` is empty.

    Effects in order: the owner's organisation when it is new; the project (planning, active) with its default work
    unit; event `project.registered`; involvement of centre and owner; parties with their encrypted contacts. The same
    form posted again by the same person returns the project that was made. `total_investment` is 万元. Raises
    `NotAllowed`, and `DomainError` with the codes `code_wrong`, `code_used` (its `url` leads to the project when `by`
    may see it), `same_project`, `uscc_wrong`, `name_differs`, `not_own`, `region_unknown`.
    Source: 企业投资项目核准和备案管理条例 6 (赋码); standards §4.1.
    """
    require(rules.can_register, by, None)
    region = _region(region_code)
    if investment not in Investment.values:
        raise DomainError("investment", "请选择投资类型：政府投资或社会投资。")
    name, address = one_line(name), one_line(address)
    if not name:
        raise DomainError("name_missing", "请填写项目名称。")
    owner = find_or_make_organisation(owner_uscc, owner_name, region=region)
    require(rules.can_register_for, by, owner)
    centre = centre or _centre()
    said = {
        "name": name, "investment": investment, "region": region, "address": address, "owner": owner,
        "total_investment": total_investment, "registered_by": by,
    }
    canonical = _clean_code(code) if code.strip() else ""
    if (made := _made_of(said, owner, canonical)) is not None:
        return made
    project = Project(
        **said, code=canonical or _local_code(region, owner, name, centre, by=by), centre=centre,
        registered_at=at or timing.now(),
    )
    _insert(project, by=by)
    insert_all([WorkUnit(project=project, code=project.code, name=project.name)])
    builder = PartyEntry(PartyRole.BUILDER, owner.uscc, owner.name, contact_name, contact_phone)
    _tell(project, builder, parties, by=by, at=at)
    return project


def _tell(
    project: Project, builder: PartyEntry, parties: Iterable[PartyEntry], *, by: User, at: dt.datetime | None
) -> None:
    """Record the registration, involve the centre and the owner, put the parties; their events are appended at once."""
    with told_together(project):
        record(
            "project.registered", subject=project, project=project, by=by, at=at, summary=f"登记项目 {project.code}",
            data={"stage": ["", project.stage], "status": ["", project.status], "code": project.code},
        )
        involve(project, role=InvolvementRole.CENTRE, organisation=project.centre, by=by, at=at, is_first=True)
        put_party(project, project.owner, builder, by=by, at=at, is_first=True)
        for entry in parties:
            put_party(project, find_or_make_organisation(entry.uscc, entry.name), entry, by=by, at=at)


def _made_of(said: dict[str, Any], owner: Organisation, code: str) -> Project | None:
    """Return the project that the same person made of the same form before (a double press), else None.

    The owner's row is locked while it is looked up: of two presses at once the second finds what the first has made.
    """
    prepared.one("organisation, locked", lambda pk: Organisation.objects.select_for_update().filter(pk=pk), owner.pk)
    mine = Q(code=code) if code else Q(code__startswith="L")
    return Project.objects.filter(mine, **said).first()


def _region(code: str) -> Region:
    region = prepared.one("projects.region", lambda code: Region.objects.filter(code=code), code)
    if region is None:
        raise DomainError("region_unknown", f"行政区划“{code}”不在目录中，请重新选择。")
    return region


def _centre() -> Organisation:
    centre = prepared.one("projects.centre", lambda code: Organisation.objects.filter(code=code), CENTRE_CODE)
    if centre is None:
        raise DomainError("centre_missing", "还没有载入部门目录，不能登记项目，请先由管理员载入事项目录。")
    return centre


def used_code(code: str, *, by: User | None) -> DomainError:
    """Return the refusal of a code that is taken: with name and address for those who may see the project."""
    holder = Project.objects.filter(Q(code=code) | Q(local_code=code)).first()
    if holder is not None and (url := _url_for(holder, by)):
        message = f"项目代码 {code} 已登记为{quoted(holder.name)}，一个代码只登记一次，请打开该项目继续办理。"
        return DomainError("code_used", message, url=url)
    message = f"项目代码 {code} 已被登记。请核对代码；确属您的项目，请携营业执照到窗口核实。"
    return DomainError("code_used", message)


def _url_for(project: Project, by: User | None) -> str:
    """Return the address of the project when `by` may see it, else an empty text."""
    seen = by is not None and Project.objects.visible_to(by).filter(pk=project.pk).exists()
    return reverse("projects:detail", args=[project.pk]) if seen else ""


def _clean_code(text: str) -> str:
    """Return the canonical national code."""
    try:
        return clean_project_code(text)
    except ValidationError as error:
        raise DomainError("code_wrong", error.messages[0]) from error


def _free_code(text: str, *, by: User | None) -> str:
    """Return the canonical national code when nobody has it."""
    code = _clean_code(text)
    if Project.objects.filter(code=code).exists():
        raise used_code(code, by=by)
    return code


def _local_code(region: Region, owner: Organisation, name: str, centre: Organisation, *, by: User) -> str:
    """Return the next local code of the centre.

    The same project of the same owner, whose row is locked, is not registered twice: without a national code its name
    is all there is to tell them apart.
    """
    same = Project.objects.filter(owner=owner, name=name, code__startswith="L").first()
    if same is not None:
        who = quoted(owner.name)
        message = f"{who}已登记同名项目（本地代码 {same.code}），请打开该项目继续办理，或换一个项目名称。"
        raise DomainError("same_project", message, url=_url_for(same, by))
    while True:
        _, serial = take_number(centre, LOCAL_SERIES, year=LOCAL_YEAR)
        code = make_local_code(region.code, serial)
        if not Project.objects.filter(Q(code=code) | Q(local_code=code)).exists():
            return code


def _insert(project: Project, *, by: User | None) -> None:
    """Insert the project; the unique code decides between two at once."""
    try:
        with transaction.atomic():
            project.save(force_insert=True)
    except IntegrityError as error:
        raise used_code(project.code, by=by) from error


@transaction.atomic
def exchange_code(project_id: int, *, code: str, by: User | None, at: dt.datetime | None = None) -> Project:
    """Exchange the local code of a project for its national one, once; both are kept.

    Effects: code, local_code, the code of the default work unit, event `project.code_exchanged`. The same code again
    is a no-op. Raises `NotAllowed`, `DomainError` (`code_wrong`, `code_used`, `already_exchanged`).
    """
    project = lock_project(project_id)
    if project.local_code and code.strip():
        return _exchanged_before(project, code)
    require(rules.can_exchange_code, by, project)
    old, new = project.code, _free_code(code, by=by)
    if not is_local_code(old):
        raise DomainError("already_exchanged", f"本项目已使用国家代码 {old}，不能再换。")
    project.code, project.local_code = new, old
    try:
        with transaction.atomic():
            project.save(update_fields=["code", "local_code"])
    except IntegrityError as error:
        raise used_code(new, by=by) from error
    for unit in WorkUnit.objects.filter(project=project, code__startswith=old):  # phases carry it before their number
        unit.code, unit.previous_code = f"{new}{unit.code.removeprefix(old)}", unit.code
        unit.save(update_fields=["code", "previous_code"])
    record(
        "project.code_exchanged", subject=project, project=project, by=by, at=at,
        summary=f"本地代码 {old} 换为国家代码 {new}", data={"code": [old, new]},
    )
    return project


def _exchanged_before(project: Project, code: str) -> Project:
    try:
        same = clean_project_code(code) == project.code
    except ValidationError as error:
        raise DomainError("code_wrong", error.messages[0]) from error
    if not same:
        raise DomainError("already_exchanged", f"本项目已换为国家代码 {project.code}，代码只能换一次。")
    return project
