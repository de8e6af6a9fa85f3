"""The rows of the exchange tables, read from the portal in chunks by key; nothing is held longer than a chunk."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Exists, Max, OuterRef, Prefetch, Q
from django.db.models.functions import Cast

from archives.models import Document, Paper, Transfer
from archives.states import NOT_HANDED_OVER, PaperKind
from gaige.exchange import tables
from packages.choices import DayUnit
from packages.models import (
    DrawingReview,
    Enrolment,
    Forecast,
    MaterialItem,
    MatterCase,
    Opinion,
    PackageRow,
    PackageVersion,
    RegionalResult,
    RegionalUse,
    SpecialProcedure,
)
from packages.states import CASE_PASSED, MATERIAL_MET, ApplicationSource, CaseState, OpinionVerdict
from projects import timing
from projects.jobs import by_key
from projects.models import Building, Event, Party, Project, WorkUnit
from projects.states import Investment, PartyRole, Stage

if TYPE_CHECKING:
    from django.db.models import QuerySet

Row = dict[str, Any]
CASE_LABEL = MatterCase._meta.label
MAPPING = Path(__file__).parent / "process_types.tsv"
#: The local stages in their order.
LOCAL = {"planning": 1, "permit": 2, "acceptance": 3}
CALENDAR = {DayUnit.WORKDAY: "WD"}


@lru_cache(maxsize=1)
def process_types() -> dict[str, str]:
    """Return SPLCLX by the code of a package."""
    with MAPPING.open(encoding="utf-8") as lines:
        found = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["package"]: row["process_type"] for row in found}


def moment(value: dt.datetime | None) -> str | None:
    """Return a time as the platform reads it, in Shanghai."""
    return f"{value.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}" if value else None


def day(value: dt.date | None) -> str | None:
    """Return a day."""
    return value.isoformat() if value else None


def _handled(case: MatterCase) -> Q:
    """The paper that decided a drawing review without a certificate: what the faults were handled by (处理意见书)."""
    reviews = [str(pk) for pk in DrawingReview.objects.filter(case=case).values_list("pk", flat=True)]
    about = Q(paper__subject_type=DrawingReview._meta.label, paper__subject_key__in=reviews)
    return about & Q(paper__kind=PaperKind.DRAWING_HANDLING)


def _row(key: object, region: str, changed: dt.datetime | None, **values: Any) -> Row:
    return {
        "DFSJZJ": str(key), "XZQHDM": region, "SJYXBS": "1", "SJSCZT": "0", "SBYY": "",
        "GXSJ": moment(changed or timing.now()), **values,
    }


def _flag(*, yes: bool) -> str:
    return "1" if yes else "0"


class Source:
    """The rows of one reporting region: of the projects in it, and of the catalogue in force."""

    def __init__(self, projects: QuerySet[Project], region: str) -> None:
        """Keep which projects are told of and for which region."""
        self.projects, self.region = projects, region
        self.cases = MatterCase.objects.filter(project__in=projects).exclude(state=CaseState.DRAFT)

    def rows(self, table: tables.ExchangeTable) -> Iterator[Row]:
        """Yield the rows of a table in the order of their keys, numbered."""
        made: dict[str, Callable[[], Iterator[Row]]] = {
            tables.PROCESS.name: self._processes, tables.STAGE.name: self._stages, tables.ITEM.name: self._items,
            tables.PROJECT.name: self._projects, tables.UNIT.name: self._units, tables.CASE.name: self._cases,
            tables.CASE_EVENT.name: self._events, tables.RESULT.name: self._results,
            tables.ATTACHMENT.name: self._attachments, tables.SPECIAL.name: self._specials,
            tables.OPINION.name: self._opinions, tables.MATERIAL.name: self._materials,
            tables.BUILDING.name: self._buildings, tables.REGION.name: self._regions,
        }
        for number, row in enumerate(made[table.name](), start=1):
            yield {"LSH": number, **row}

    # The catalogue

    def _versions(self) -> QuerySet[PackageVersion]:
        used = Enrolment.objects.filter(project__in=self.projects).order_by().values("package_version")
        found = PackageVersion.objects.select_related("package")
        return (found.published() | found.filter(pk__in=used)).order_by("pk")

    def _processes(self) -> Iterator[Row]:
        for version in self._versions():
            since = version.valid_from or (timing.business_day(version.published_at) if version.published_at else None)
            yield _row(
                f"lc-{version.pk}", self.region, version.published_at, SPLCBM=version.package.code,
                SPLCMC=version.name, SPLCBBH=str(version.version), SPLCSXSJ=day(since),
                SPLCLX=process_types().get(version.package.code, ""), SPLCSM=version.scope_text[:500],
            )

    def _package_rows(self) -> QuerySet[PackageRow]:
        related = ("version__package", "matter_version__matter", "matter_version__lead")
        found = PackageRow.objects.filter(version__in=self._versions().values("pk")).select_related(*related)
        return found.prefetch_related("matter_version__prerequisites__matter").order_by("version", "order")

    def _stages(self) -> Iterator[Row]:
        days: dict[tuple[int, str], list[PackageRow]] = {}
        for row in self._package_rows():
            days.setdefault((row.version_id, str(row.matter_version.national_stage)), []).append(row)
        for (_, stage), rows in sorted(days.items()):
            version = rows[0].version
            counted = [row.promised_days for row in rows if row.is_counted]
            yield _row(
                f"jd-{version.pk}-{stage}", self.region, version.published_at, SPLCBM=version.package.code,
                SPLCBBH=str(version.version), SPJDBM=f"{version.package.code}-{stage}",
                SPJDMC=rows[0].matter_version.get_national_stage_display(), SPJDXH=int(stage), DYBZSPJDXH=stage,
                SPJDSX=max(counted, default=0), LCBSXLX="1",
            )

    def _items(self) -> Iterator[Row]:
        for row in self._package_rows():
            matter, version = row.matter_version, row.version
            before = [one.matter.code for one in matter.prerequisites.all()]
            yield _row(
                f"sx-{row.pk}", self.region, version.published_at, SPLCBM=version.package.code,
                SPLCBBH=str(version.version), SPJDXH=int(matter.national_stage), SPSXBM=matter.matter.code,
                SPSXBBH=str(matter.version), SPSXMC=matter.name, SFSXGZCNZ=_flag(yes=matter.commitment_allowed),
                SPSXBLSX=row.promised_days, SPSXSXDW=CALENDAR.get(DayUnit(matter.unit), "ND"),
                SPBMMC=matter.lead.name, SPBMBM=matter.lead.uscc, QZSPSXBM=",".join(before),
                SFLCBSX=_flag(yes=matter.is_milestone),
            )

    # Projects

    def _projects(self) -> Iterator[Row]:
        found = WorkUnit.objects.filter(project__in=self.projects).select_related(
            "project__region", "project__owner", "project__enrolment__package_version__package"
        )
        for works in by_key(found):
            yield self._project(works)

    def _project(self, works: WorkUnit) -> Row:
        project = works.project
        enrolment: Enrolment | None = getattr(project, "enrolment", None)
        facts = enrolment.facts if enrolment else {}
        seen = self._forecast(project.pk)
        package = enrolment.package_version.package.code if enrolment else ""
        delivered = project.stage == Stage.DELIVERED
        return _row(
            f"xm-{works.pk}", self.region, project.registered_at, XMDM=project.code, XMMC=project.name,
            GCDM=works.code, GCMC=works.name, QJDGCDM=works.previous_code,
            SPLCLX=process_types().get(package, ""), LXLX=_project_type(project, facts),
            NKGSJ=day(seen.opening) if seen else None, NJCSJ=day(seen.delivery) if seen else None,
            ZTZE=project.total_investment, JSDDXZQH=project.region.code, JSDD=project.address,
            YDMJ=_number(facts.get("site_area")), JZMJ=_number(facts.get("gross_floor_area")),
            SBSJ=moment(project.registered_at), SPLCBM=package,
            SPLCBBH=str(enrolment.package_version.version) if enrolment else "",
            SFWCQYPG=_flag(yes=project.pk in self._assessed()), XMSFWQBJ=_flag(yes=delivered),
            XMWQBJSJ=moment(project.delivered_at) if delivered else None, JSDW=project.owner.name,
            JSDWDM=project.owner.uscc, DAYJZT=self._handed_over().get(project.pk, NOT_HANDED_OVER),
        )

    def _handed_over(self) -> dict[int, str]:
        if not hasattr(self, "_transfers"):
            rounds = Transfer.objects.filter(project__in=self.projects).order_by("round")
            self._transfers = {row.project_id: str(row.get_state_display()) for row in rounds}
        return self._transfers

    def _forecast(self, project_id: int) -> Forecast | None:
        if not hasattr(self, "_forecasts"):
            last = Forecast.objects.filter(project__in=self.projects).order_by().values("project")
            newest = Forecast.objects.filter(pk__in=last.annotate(last=Max("pk")).values("last"))
            self._forecasts = {row.project_id: row for row in newest.only("project_id", "opening", "delivery")}
        return self._forecasts.get(project_id)

    def _assessed(self) -> set[int]:
        if not hasattr(self, "_used"):
            uses = RegionalUse.objects.filter(project__in=self.projects).live()
            self._used = set(uses.values_list("project_id", flat=True))
        return self._used

    def _units(self) -> Iterator[Row]:
        works = Prefetch("work_units", WorkUnit.objects.filter(is_default=True), to_attr="default_works")
        parties = Prefetch("parties", Party.objects.select_related("organisation"))
        for project in by_key(self.projects.select_related("owner").prefetch_related(works, parties)):
            told = {(PartyRole.BUILDER.value, project.owner_id): project.owner}
            told |= {(row.role, row.organisation_id): row.organisation for row in project.parties.all()}
            for (role, pk), body in told.items():
                for unit in project.default_works:
                    yield _row(
                        f"dw-{unit.pk}-{role}-{pk}", self.region, project.registered_at, XMDM=project.code,
                        GCDM=unit.code, DWTYSHXYDM=body.uscc, DWMC=body.name, DWLX=role,
                    )

    def _buildings(self) -> Iterator[Row]:
        for row in by_key(Building.objects.filter(work_unit__project__in=self.projects).select_related("work_unit")):
            yield _row(
                f"dt-{row.pk}", self.region, None, GCDM=row.work_unit.code, DTMC=row.name, JZMJ=row.area,
                JZGD=row.height, CS=row.floors,
            )

    # Cases

    def _cases(self) -> Iterator[Row]:
        related = ("work_unit", "matter__matter", "lead", "application", "package_row__version__package")
        for case in by_key(self.cases.filter(received_at__isnull=False).select_related(*related)):
            version = case.package_row.version if case.package_row else None
            net = case.application is not None and case.application.source == ApplicationSource.NET
            yield _row(
                f"bj-{case.pk}", self.region, case.ended_at or case.accepted_at or case.received_at,
                GCDM=case.work_unit.code, SPSXBM=case.matter.matter.code, SPSXBBH=str(case.matter.version),
                SPLCBM=version.package.code if version else "", SPLCBBH=str(version.version) if version else "",
                SPSXSLBM=case.number, SPBMBM=case.lead.uscc, SPBMMC=case.lead.name, SLFS="2" if net else "1",
                BLSPSLBM=case.application.number if case.application else "", SXBLSX=case.promised_days,
            )

    def _named(self, keys: list[int]) -> dict[int, tuple[str, str]]:
        """The filing number and the works of some cases."""
        found = MatterCase.objects.filter(pk__in=keys).values_list("pk", "number", "work_unit__code")
        return {pk: (number, works) for pk, number, works in found}

    def _events(self) -> Iterator[Row]:
        told = Event.objects.filter(
            project__in=self.projects, subject_type=CASE_LABEL, status_code__isnull=False
        ).order_by("pk")
        names: dict[int, tuple[str, str]] = {}
        for event in told.iterator(chunk_size=2000):
            key = int(event.subject_key)
            if key not in names:
                names = {**(names if len(names) < 5000 else {}), **self._named([key])}
            number, works = names.get(key, ("", ""))
            if number:
                yield _row(
                    f"sj-{event.pk}", self.region, event.recorded_at, GCDM=works, SPSXSLBM=number,
                    BLCS=event.actor_organisation, BLR=event.actor_name, BLZT=str(event.status_code),
                    BLYJ=event.summary, BLSJ=moment(event.happened_at), DWMC=event.actor_organisation,
                )

    def _results(self) -> Iterator[Row]:
        found = Paper.objects.filter(
            project__in=self.projects, kind=PaperKind.CERTIFICATE, subject_type=CASE_LABEL
        ).select_related("document")
        for chunk in _chunks(by_key(found)):
            names = self._named([int(paper.subject_key) for paper in chunk])
            for paper in chunk:
                number, works = names.get(int(paper.subject_key), ("", ""))
                yield _row(
                    f"pf-{paper.pk}", self.region, paper.issued_at, GCDM=works, SPSXSLBM=number,
                    PFRQ=day(timing.business_day(paper.issued_at)), PFWH=paper.number, PFWJBT=paper.title,
                    PFWJYXQX=day(paper.valid_until) or tables.NEVER, FJMC=f"{paper.title}.pdf" if paper.digest else "",
                    FJLX="pdf" if paper.digest else "", FJID=paper.digest, SPJGLX="10", ZZBH=paper.number,
                )
        yield from self._other_results()

    def _other_results(self) -> Iterator[Row]:
        """What was granted by the paper of another step: the conclusion of the joint acceptance, of the drawings."""
        certificates = Paper.objects.filter(kind=PaperKind.CERTIFICATE, subject_type=CASE_LABEL).order_by()
        certified = certificates.annotate(of=Cast("subject_key", BigIntegerField())).filter(of=OuterRef("pk"))
        bare = self.cases.filter(~Exists(certified), state__in=list(CASE_PASSED), received_at__isnull=False)
        for case in by_key(bare.select_related("matter", "work_unit")):
            kept = Document.objects.filter(project=case.project_id, replaced_by=None).select_related("paper")
            found = (
                kept.filter(kind=case.matter.result_kind_id).order_by("-pk").first()
                or kept.filter(_handled(case)).order_by("-pk").first()
            )
            if found is None:
                continue
            paper: Paper | None = getattr(found, "paper", None)
            number = paper.number if paper else found.archive_no
            yield _row(
                f"pf-d{found.pk}-{case.pk}", self.region, found.filed_at, GCDM=case.work_unit.code,
                SPSXSLBM=case.number, PFRQ=day(timing.business_day(found.filed_at)), PFWH=number, PFWJBT=found.title,
                PFWJYXQX=day(found.valid_until) or tables.NEVER, FJMC=found.title, FJLX="pdf", FJID=_file_id(found),
                SPJGLX="20", ZZBH="",
            )

    def _attachments(self) -> Iterator[Row]:
        found = Document.objects.filter(project__in=self.projects, replaced_by=None, paper=None)
        works = Prefetch("project__work_units", WorkUnit.objects.filter(is_default=True), to_attr="default_works")
        for document in by_key(found.select_related("project", "paper").prefetch_related("versions", works)):
            versions = sorted(document.versions.all(), key=lambda row: row.version)
            for unit in document.project.default_works if versions else ():
                yield _row(
                    f"fj-{document.pk}", self.region, document.filed_at, GCDM=unit.code, FJMC=document.title,
                    FJLX=versions[-1].file_name.rpartition(".")[2].lower(), FJID=_file_id(document),
                )

    def _specials(self) -> Iterator[Row]:
        found = SpecialProcedure.objects.filter(case__in=self.cases, approved_at__isnull=False)
        for row in by_key(found.select_related("case__work_unit")):
            yield _row(
                f"tb-{row.pk}", self.region, row.ended_at or row.approved_at, GCDM=row.case.work_unit.code,
                SPSXSLBM=row.case.number, TBCXMC=row.get_kind_display(), TBCXKSSJ=moment(row.approved_at),
                TBCXSXLX="WD", TBCXSX=row.planned_days,
            )

    def _opinions(self) -> Iterator[Row]:
        found = Opinion.objects.filter(task__session__case__in=self.cases)
        for row in by_key(found.select_related("task__organisation", "task__session__case__work_unit")):
            case, body = row.task.session.case, row.task.organisation
            if case is not None:
                yield _row(
                    f"yj-{row.pk}", self.region, row.given_at, GCDM=case.work_unit.code, SPSXSLBM=case.number,
                    BLDWDM=body.uscc, BLDWMC=body.name, FKSJ=moment(row.given_at),
                    FKYJ=f"{OpinionVerdict(row.verdict).label}：{row.reason}"[:500],
                )

    def _materials(self) -> Iterator[Row]:
        found = MaterialItem.objects.filter(
            case__in=self.cases.filter(received_at__isnull=False), state__in=list(MATERIAL_MET)
        )
        found = found.select_related("case__work_unit", "document__paper").prefetch_related("document__versions")
        for row in by_key(found):
            yield _row(
                f"cl-{row.pk}", self.region, row.changed_at, GCDM=row.case.work_unit.code,
                SPSXSLBM=row.case.number, CLMC=row.name, SQFS=row.get_state_display(), SQSL=1 if row.document_id else 0,
                FJID=_file_id(row.document) if row.document else "",
            )

    def _regions(self) -> Iterator[Row]:
        for row in by_key(RegionalResult.objects.select_related("unit")):
            yield _row(
                f"qy-{row.pk}", self.region, row.changed_at, QYPGBM=f"{row.unit_id}-{row.item}-{row.pk}",
                QYPGQYMC=row.unit.name, QYPGSXMC=row.name, PGCGMC=row.title, SXRQ=day(row.valid_from),
                JZRQ=day(row.valid_until),
            )


def _chunks(rows: Iterator[Any], size: int = 500) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _file_id(document: Document) -> str:
    """Return by what every table names a filed document: archive number and hash; a paper of ours by its own hash."""
    paper: Paper | None = getattr(document, "paper", None)
    if paper is not None:
        return paper.digest
    newest = max(document.versions.all(), key=lambda row: row.version, default=None)
    return f"{document.archive_no}-{newest.digest[:16]}" if newest else document.archive_no


def _project_type(project: Project, facts: dict[str, Any]) -> str:
    """审批 for government money, 核准 for what stands on the list of approvals, else 备案."""
    if project.investment == Investment.GOVERNMENT:
        return "1"
    return "2" if facts.get("approval_list") in (True, "yes") else "3"


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in (None, "", False, True) else None
    except ArithmeticError:
        return None
