"""Loading the catalogue: what changed becomes a new version, the old one is retired, projects keep theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Max

from archives.models import DocumentKind
from archives.services.kinds import load_document_kinds
from packages import catalog_content as content
from packages.catalog_checks import check
from packages.catalog_content import Content
from packages.catalog_files import CATALOG, Fault, Tables, read_tables
from packages.catalog_walk import check_answers, check_examples
from packages.choices import VersionStatus
from packages.models import (
    AcceptanceItemDef,
    MaterialDef,
    Matter,
    MatterPrerequisite,
    MatterVersion,
    Package,
    PackageRow,
    PackageVersion,
    ReviewDef,
)
from packages.models.versions import Part, Versioned
from packages.policy import Policy, read_policies
from packages.services.policies import load_policies
from projects import timing
from projects.errors import DomainError
from projects.events import record
from projects.models import Organisation, User
from projects.services.organisations import Loaded, load_departments
from projects.states import OrganisationKind

Coded = TypeVar("Coded", Matter, Package)


class Action(StrEnum):
    """What a load does with one definition."""

    ADD = "新增"
    CHANGE = "变更"
    RETIRE = "停用"
    KEEP = "不变"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the plan of a load."""

    table: str
    code: str
    name: str
    action: Action
    version: int = 0


@dataclass(slots=True)
class LoadPlan:
    """What a load did, or with `dry_run` would do."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def changes(self) -> list[Entry]:
        """Everything but what stays as it is."""
        return [entry for entry in self.entries if entry.action is not Action.KEEP]

    def count(self, table: str, action: Action) -> int:
        """How many definitions of a table get this action."""
        return sum(entry.table == table and entry.action is action for entry in self.entries)


class CatalogueRefused(DomainError):  # noqa: N818 - it is a refusal, like NotAllowed
    """The catalogue does not hold together; `faults` name file and line. Nothing was loaded."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep all faults; the message shows the first."""
        super().__init__("catalogue_refused", f"目录有{len(faults)}处错误，未载入任何内容。{faults[0]}")
        self.faults = faults


def load_catalogue(
    folder: Path = CATALOG, *, by: User | None = None, dry_run: bool = False, full: bool = False,
    at: dt.datetime | None = None,
) -> LoadPlan:
    """Bring the database to what the files of `folder` say, as a whole or not at all; return what was done.

    1. The files are checked, also on all combinations of answers (with `full` the examples too): CatalogueRefused
       names every fault.
    2. Departments and document kinds are added or brought up to date.
    3. A matter, package or acceptance item whose content differs gets a new published version, the old one retires;
       one that the files no longer hold retires. Running it again changes nothing.
    4. What changed is told by one event `catalogue.loaded` in the chain of the approval bureau.
    """
    tables = read_tables(folder)
    policies = [] if tables.faults else read_policies(folder)  # whose rules name facts, which may be unreadable
    faults = check(tables) or check_answers(tables) or (check_examples(tables) if full else [])
    faults = faults or [fault for policy in policies for fault in policy.faults]
    if faults:
        raise CatalogueRefused(faults)
    moment = at or timing.now()
    try:
        with transaction.atomic():
            plan = _load(tables, policies, dry_run=dry_run, at=moment)
            if plan.changes and not dry_run:
                _tell(plan, by, moment)
    except IntegrityError as error:
        raise DomainError("catalogue_busy", "另一次载入正在进行，本次未载入任何内容；请稍后再试。") from error
    return plan


def _tell(plan: LoadPlan, by: User | None, at: dt.datetime) -> None:
    bureau = Organisation.objects.filter(kind=OrganisationKind.BUREAU).exclude(code="").order_by("pk").first()
    if bureau is None:
        return
    counts = {action.name.lower(): sum(e.action is action for e in plan.changes) for action in Action}
    changed = [f"{entry.table} {entry.code} {entry.action}" for entry in plan.changes if entry.action is not Action.ADD]
    record(
        "catalogue.loaded", subject=bureau, by=by, organisation=bureau, at=at, data={**counts, "changed": changed},
        summary=f"载入事项目录：新增{counts['add']}、变更{counts['change']}、停用{counts['retire']}",
    )


def _load(tables: Tables, policies: list[Policy], *, dry_run: bool, at: dt.datetime) -> LoadPlan:
    departments, kinds = content.department_rows(tables), content.kind_rows(tables)
    plan = LoadPlan([
        *_simple("部门", load_departments(departments, dry_run=dry_run), {r["code"]: r["name"] for r in departments}),
        *_simple("文件种类", load_document_kinds(kinds, dry_run=dry_run), {r["slug"]: r["name"] for r in kinds}),
    ])
    matters = content.matters(tables)
    packages = content.packages(tables, {code: matter.digest for code, matter in matters.items()})
    items = content.items(tables)
    for table, model, key, wanted, publish in (
        ("事项", MatterVersion, "matter__code", matters, _publish_matters),
        ("套餐", PackageVersion, "package__code", packages, _publish_packages),
        ("联合验收事项", AcceptanceItemDef, "code", items, _publish_items),
    ):
        entries = _compare(table, model, key, wanted)
        plan.entries.extend(entries)
        if not dry_run:
            _retire(model, key, entries, at)
            publish(wanted, [e for e in entries if e.action in (Action.ADD, Action.CHANGE)], at)
    plan.entries.extend(
        Entry("规则表", done.code, done.name, Action[done.action.upper()], done.version)
        for done in load_policies(policies, dry_run=dry_run, at=at)
    )
    if not dry_run:
        _keep_order(Matter, matters)
        _keep_order(Package, packages)
    return plan


def _simple(table: str, loaded: Loaded, names: Mapping[str, str]) -> list[Entry]:
    return [
        Entry(table, code, names[code], action)
        for codes, action in (
            (loaded.added, Action.ADD), (loaded.changed, Action.CHANGE), (loaded.unchanged, Action.KEEP)
        )
        for code in codes
    ]


def _compare(table: str, model: type[Versioned], key: str, wanted: Mapping[str, Content]) -> list[Entry]:
    """What has to happen so that the published versions say what the files say."""
    current = {
        row[key]: row for row in model.objects.published().select_for_update().values(key, "digest", "name", "version")
    }
    latest = dict(model.objects.values_list(key).annotate(latest=Max("version")).order_by())
    entries = []
    for code, wish in wanted.items():
        now = current.get(code)
        if now and now["digest"] == wish.digest:
            entries.append(Entry(table, code, wish.name, Action.KEEP, now["version"]))
        else:
            action = Action.CHANGE if now else Action.ADD
            entries.append(Entry(table, code, wish.name, action, latest.get(code, 0) + 1))
    entries.extend(
        Entry(table, code, row["name"], Action.RETIRE, row["version"])
        for code, row in current.items() if code not in wanted
    )
    return entries


def _retire(model: type[Versioned], key: str, entries: Iterable[Entry], at: dt.datetime) -> None:
    codes = [entry.code for entry in entries if entry.action in (Action.CHANGE, Action.RETIRE)]
    model.objects.published().filter(**{f"{key}__in": codes}).update(
        status=VersionStatus.RETIRED, valid_until=timing.business_day(at)
    )


def _publish(model: type[Versioned], versions: Iterable[Versioned], at: dt.datetime) -> None:
    model.objects.filter(pk__in=[version.pk for version in versions]).update(
        status=VersionStatus.PUBLISHED, published_at=at, valid_from=timing.business_day(at)
    )


def _organisations() -> dict[str, int]:
    return dict(Organisation.objects.exclude(code="").values_list("code", "pk"))


def _kinds() -> dict[str, int]:
    return dict(DocumentKind.objects.values_list("slug", "pk"))


def _definitions(model: type[Coded], codes: Iterable[str]) -> dict[str, int]:
    """Rows of the stable codes, made where they are missing."""
    known = set(model.objects.values_list("code", flat=True))
    model.objects.bulk_create([model(code=code) for code in codes if code not in known])
    return dict(model.objects.values_list("code", "pk"))


def _keep_order(model: type[Coded], wanted: Mapping[str, Content]) -> None:
    order = {code: n for n, code in enumerate(wanted, 1)}
    moved = [row for row in model.objects.filter(code__in=order) if row.order != order[row.code]]
    for row in moved:
        row.order = order[row.code]
    model.objects.bulk_update(moved, ["order"])


def _publish_matters(wanted: Mapping[str, Content], entries: list[Entry], at: dt.datetime) -> None:
    organisations, kinds, matters = _organisations(), _kinds(), _definitions(Matter, wanted)
    versions = MatterVersion.objects.bulk_create([
        MatterVersion(
            matter_id=matters[entry.code], version=entry.version, digest=wanted[entry.code].digest,
            **_linked(wanted[entry.code].columns, lead=organisations, result_kind=kinds),
        )
        for entry in entries
    ])
    _parts(MatterPrerequisite, versions, entries, wanted, "prerequisites", matter=matters)
    _parts(ReviewDef, versions, entries, wanted, "reviews", organisation=organisations)
    _parts(MaterialDef, versions, entries, wanted, "materials", document_kind=kinds)
    _publish(MatterVersion, versions, at)


def _publish_packages(wanted: Mapping[str, Content], entries: list[Entry], at: dt.datetime) -> None:
    packages = _definitions(Package, wanted)
    current = dict(MatterVersion.objects.published().values_list("matter__code", "pk"))
    versions = PackageVersion.objects.bulk_create([
        PackageVersion(
            package_id=packages[entry.code], version=entry.version, digest=wanted[entry.code].digest,
            **wanted[entry.code].columns,
        )
        for entry in entries
    ])
    rows = {
        code: Content(wish.code, wish.name, wish.columns, {"rows": [
            {("matter_version" if k == "matter" else k): v for k, v in row.items() if k != "digest"}
            for row in wish.parts["rows"]
        ]})
        for code, wish in wanted.items()
    }
    _parts(PackageRow, versions, entries, rows, "rows", matter_version=current)
    _publish(PackageVersion, versions, at)


def _publish_items(wanted: Mapping[str, Content], entries: list[Entry], at: dt.datetime) -> None:
    organisations = _organisations()
    matters = dict(Matter.objects.values_list("code", "pk"))
    versions = AcceptanceItemDef.objects.bulk_create([
        AcceptanceItemDef(
            code=entry.code, version=entry.version, digest=wanted[entry.code].digest,
            **_linked(wanted[entry.code].columns, organisation=organisations),
        )
        for entry in entries
    ])
    for version, entry in zip(versions, entries, strict=True):
        version.matters.set([matters[part["matter"]] for part in wanted[entry.code].parts["matters"]])
    _publish(AcceptanceItemDef, versions, at)


def _linked(columns: Mapping[str, Any], **links: Mapping[str, int]) -> dict[str, Any]:
    """Columns with the codes of `links` turned into keys."""
    return {
        **{name: value for name, value in columns.items() if name not in links},
        **{f"{name}_id": keys[columns[name]] for name, keys in links.items()},
    }


def _parts(
    model: type[Part], versions: Iterable[Versioned], entries: Iterable[Entry],
    wanted: Mapping[str, Content], name: str, **links: Mapping[str, int],
) -> None:
    """Insert the parts of new versions, in file order."""
    model.objects.bulk_create([
        model(**{"version": version, "order": n, **_linked(part, **links)})
        for version, entry in zip(versions, entries, strict=True)
        for n, part in enumerate(wanted[entry.code].parts[name], 1)
    ])
