"""Handing the archive over to the city archive (城建档案移交): 预验收, 移交, 接收 or 退回.

The pre-check looks whether everything is there and names what is not; the worker that makes the package makes the four
checks of every file. The list is signed by who hands over, the receipt by who receives. A project without a row is
未移交.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max

from archives import bagging, blobs, checks, conversion, rules
from archives.completeness import missing_of
from archives.models import Document, Inspection, Paper, Transfer, TransferLine
from archives.services import bundles, papers
from archives.states import CLASS_NAMES, CheckMoment, PaperKind, PaperState, TransferState, Visibility
from projects import timing
from projects.account_states import ProvisionWay
from projects.back_entry import check_follows
from projects.counting import months_after
from projects.errors import DomainError, require
from projects.events import lock_project, record, subject_of
from projects.models import Organisation
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.services.privacy import note_provision
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from projects.models import Project, User

RELATED = ("project", "receiver", "list_paper", "receipt")


@dataclass(frozen=True, slots=True)
class Precheck:
    """What the pre-check found: problems as (what, where), and how many documents would go.

    `as_is` names what cannot be made PDF/A-2u and goes as it was filed, with the reason; that stands in no way.
    """

    documents: int
    problems: list[tuple[str, str]] = field(default_factory=list)
    as_is: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether nothing stands in the way."""
        return not self.problems and self.documents > 0


def due_on(project: Project) -> dt.date | None:
    """Return the day by which the archive is to be handed over: months after delivery, a setting."""
    if project.delivered_at is None:
        return None
    return months_after(timing.business_day(project.delivered_at), settings.TRANSFER_MONTHS)


def precheck(project: Project) -> Precheck:
    """Look what stands in the way of a hand-over: missing pieces, papers without PDF, gaps, failed checks."""
    problems = [
        ("缺件", f"{one.doc_class} {one.kind_name}：{one.reason}，{one.owed_by}补")
        for one in missing_of(project) if one.is_due
    ]
    waiting = Paper.objects.filter(project=project, rendered_at=None, state=PaperState.VALID).count()
    if waiting:
        problems.append(("未成件", f"{waiting} 份文书的 PDF 还在生成，请过一分钟再试"))
    rows = Document.objects.filter(project=project).order_by().values_list("doc_class")
    for doc_class, number, last in rows.annotate(number=Count("pk"), last=Max("serial")):
        if number != last:
            name = f"{doc_class} {CLASS_NAMES.get(doc_class, '')}"
            problems.append(("断号", f"{name}：最大序号 {last}，只有 {number} 件"))
    failed = Inspection.objects.failed().filter(version__document__project=project)
    titles = sorted(set(failed.values_list("version__document__title", flat=True)))
    problems += [("四性检测", f"{quoted(title)}不通过") for title in titles]
    documents = bundles.documents_for(project, Visibility.OFFICE)
    return Precheck(len(documents), problems, list(_as_is(documents)))


def _as_is(documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    """Yield of what no PDF/A-2u copy can be made: by kind and pages, or as an earlier round found. One query."""
    versions = {list(document.versions.all())[-1].pk: document for document in documents}
    earlier = Inspection.objects.filter(moment=CheckMoment.TRANSFER, version__in=list(versions))
    rows = earlier.values_list("version", "results")
    found = {
        pk: one.words.partition("：")[2]
        for pk, results in rows for one in checks.revived(results)
        if one.check == checks.PDFA and one.words.startswith(conversion.AS_IS)
    }
    for pk, document in versions.items():
        version = list(document.versions.all())[-1]
        text = getattr(version, "text", None)
        if why := conversion.refusal(version.media_type, text.pages if text else None) or found.get(pk, ""):
            yield f"{document.archive_no} {document.title}", why


@transaction.atomic
def prepare(project_id: int, *, by: User, at: dt.datetime | None = None) -> Transfer:
    """预验收: freeze the list and let a worker make the package. Event `transfer.prepared`; a standing one is returned.

    Raises `NotAllowed`, `DomainError` `transfer_not_ready` with what stands in the way, `no_city_archive`.
    """
    project = lock_project(project_id)
    standing = Transfer.objects.standing().filter(project=project).first()
    if standing is not None:
        return standing
    require(rules.can_transfer, by, project)
    found = precheck(project)
    if not found.ok:
        words = "；".join(f"{what}：{where}" for what, where in found.problems[:3]) or "档案里还没有文件"
        raise DomainError("transfer_not_ready", f"预验收不通过，共 {len(found.problems)} 处。{words}。")
    receiver = Organisation.objects.filter(code=settings.CITY_ARCHIVE).first()
    if receiver is None:
        raise DomainError("no_city_archive", "没有登记接收档案的单位（城建档案馆），请系统管理员先装入目录。")
    moment = at or timing.now()
    last = Transfer.objects.filter(project=project).aggregate(last=Max("round"))["last"] or 0
    transfer = Transfer(
        project=project, round=last + 1, receiver=receiver, due_on=due_on(project), prepared_by=by, prepared_at=moment
    )
    transfer.save()
    _freeze(transfer)
    record(
        "transfer.prepared", subject=transfer, project=project, by=by, at=at,
        summary=f"档案预验收：{found.documents} 件", data={"state": ["", transfer.state], "documents": found.documents},
    )
    bundles.add_bag(transfer, by=by, at=moment)
    return transfer


def _freeze(transfer: Transfer) -> None:
    lines = []
    for ordinal, document in enumerate(bundles.documents_for(transfer.project, Visibility.OFFICE), start=1):
        version = list(document.versions.all())[-1]
        lines.append(TransferLine(
            transfer=transfer, ordinal=ordinal, version=version, archive_no=document.archive_no,
            doc_class=document.doc_class, title=document.title, media_type=version.media_type, size=version.size,
            algorithm=version.algorithm, digest=version.digest,
        ))
    TransferLine.objects.bulk_create(lines, batch_size=500)


def _lock(transfer_id: int) -> tuple[Project, Transfer]:
    project = lock_project(Transfer.objects.filter(pk=transfer_id).values("project")[:1])
    rows = Transfer.objects.select_for_update(of=("self",)).select_related(*RELATED)
    return project, rows.get(pk=transfer_id)


@transaction.atomic
def hand_over(transfer_id: int, *, by: User, at: dt.datetime | None = None) -> Transfer:
    """移交: sign the list and let the city archive in. Events `paper.issued`, `transfer.handed`; twice is a no-op.

    Raises `NotAllowed`, `DomainError` (`bag_not_ready`, `transfer_ended`).
    """
    project, transfer = _lock(transfer_id)
    require(rules.can_transfer, by, project)
    if transfer.state in (TransferState.HANDED, TransferState.RECEIVED):
        return transfer
    if transfer.state == TransferState.RETURNED:
        raise DomainError("transfer_ended", "这次移交已经退回，请重新预验收。")
    if not (verdict := rules.can_hand(by, transfer)):
        raise DomainError("bag_not_ready", verdict.reason)
    check_follows(at, transfer)
    moment, before = at or timing.now(), transfer.state
    transfer.hand()
    transfer.handed_by, transfer.handed_at = by, moment
    transfer.list_paper = _list_paper(transfer, project, by=by, at=at)
    transfer.save()
    involve(project, role=InvolvementRole.REVIEWER, organisation=transfer.receiver, by=by, at=at)
    note_provision(
        recipient=transfer.receiver, what=f"项目档案：{project.name}，{transfer.list_paper.number}",
        fields="参建单位联系人、签收人、归档人", purpose="城建档案移交", basis="城建档案移交规定",
        way=ProvisionWay.TRANSFER, project=project, subject=subject_of(transfer), by=by, at=at,
    )
    record(
        "transfer.handed", subject=transfer, project=project, by=by, at=at,
        summary=f"档案移交{transfer.receiver.label}：{transfer.list_paper.number}",
        data={"state": [before, transfer.state], "list": transfer.list_paper.number},
    )
    return transfer


def _list_paper(transfer: Transfer, project: Project, *, by: User, at: dt.datetime | None) -> Paper:
    lines = list(transfer.lines.order_by("ordinal"))
    rows = [[line.ordinal, line.archive_no, line.title, f"{line.size:,}", line.digest[:16]] for line in lines]
    content = {
        "gist": {
            "project": f"{project.name}，{project.code}",
            "what": f"项目档案 {len(lines)} 件移交{transfer.receiver.label}。",
            "do": "接收单位校验移交包，一致的签收，不一致的写明原因退回。",
            "when": f"移交期限{timing.written(transfer.due_on)}。" if transfer.due_on else "按约定时间。",
        },
        "addressee": transfer.receiver.name,
        "table": {"caption": "移交清单", "head": ["序", "档号", "题名", "字节数", "摘要（前 16 位）"], "rows": rows},
        "paragraphs": [
            f"现将上述项目的档案 {len(lines)} 件移交{transfer.receiver.name}，清单附后。",
            _digest_words(transfer),
        ],
        "facts": [["移交人", str(by)], ["件数", str(len(lines))]],
        "closing": "本清单由移交人在系统内签署；接收凭证由接收单位签署，两份合为移交手续。",
    }
    return papers.issue_paper(
        project, kind=PaperKind.TRANSFER_LIST, series="档移", title="档案移交清单", issuer=project.centre,
        content=content, subject=transfer, by=by, source_label="档案移交", visibility=Visibility.OFFICE, at=at,
    )


def _digest_words(transfer: Transfer) -> str:
    bundle = transfer.bundle
    return f"移交包的 {bundle.algorithm} 摘要：{bundle.digest[:32]} {bundle.digest[32:]}"


@transaction.atomic
def receive(transfer_id: int, *, by: User, at: dt.datetime | None = None) -> Transfer:
    """接收: validate the package with the public tool and sign. Events `paper.issued`, `transfer.received`.

    Twice is a no-op. Raises `NotAllowed`, `DomainError` (`not_handed`, `bag_invalid`), `DamagedError`.
    """
    project, transfer = _lock(transfer_id)
    require(rules.can_receive, by, transfer)
    if transfer.state == TransferState.RECEIVED:
        return transfer
    if transfer.state != TransferState.HANDED:
        raise DomainError("not_handed", f"这次移交是“{transfer.get_state_display()}”，不能接收。")
    check_follows(at, transfer)
    with (
        bundles.open_bundle(transfer.bundle) as file,
        tempfile.TemporaryDirectory(dir=blobs.scratch_folder()) as scratch,
    ):
        bagging.validate(file, Path(scratch))
    before = transfer.state
    transfer.receive()
    transfer.ended_by, transfer.ended_at = by, at or timing.now()
    number = transfer.list_paper.number if transfer.list_paper is not None else ""
    transfer.receipt = papers.issue_paper(
        project, kind=PaperKind.TRANSFER_RECEIPT, series="档收", title="档案接收凭证", issuer=transfer.receiver,
        content={
            "gist": {
                "project": f"{project.name}，{project.code}",
                "what": f"收到项目档案 {transfer.lines.count()} 件，校验一致。",
                "do": "请妥善保存本凭证。", "when": f"{timing.written(transfer.ended_at)}接收。",
            },
            "addressee": project.owner.name,
            "paragraphs": [
                f"移交清单{number}所列档案，经校验与清单一致，现予接收。",
                _digest_words(transfer),
            ],
            "facts": [["接收人", str(by)]],
        },
        subject=transfer, by=by, source_label="档案移交", at=at,
    )
    transfer.save()
    record(
        "transfer.received", subject=transfer, project=project, by=by, at=at, summary="档案已接收",
        data={"state": [before, transfer.state], "receipt": transfer.receipt.number},
    )
    return transfer


@transaction.atomic
def give_back(transfer_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Transfer:
    """退回, or take one's own pre-check back. Event `transfer.returned`; twice is a no-op.

    Raises `NotAllowed`, `DomainError` (`reason_missing`, `transfer_ended`).
    """
    project, transfer = _lock(transfer_id)
    require(rules.can_give_back, by, transfer)
    if transfer.state == TransferState.RETURNED:
        return transfer
    if transfer.state == TransferState.RECEIVED:
        raise DomainError("transfer_ended", "档案已接收，不能再退回。")
    if not reason.strip():
        raise DomainError("reason_missing", "请写明退回的原因和要补正的地方。")
    check_follows(at, transfer)
    before = transfer.state
    transfer.give_back()
    if before == TransferState.HANDED:
        transfer.ended_by, transfer.ended_at = by, at or timing.now()
    transfer.reason = reason.strip()[:300]
    transfer.save()
    if transfer.list_paper is not None:
        transfer.list_paper = papers.revoke_paper(transfer.list_paper, by=by, reason=reason.strip(), at=at)
    record(
        "transfer.returned", subject=transfer, project=project, by=by, at=at, summary=f"档案退回：{transfer.reason}",
        data={"state": [before, transfer.state]},
    )
    return transfer


def retry(transfer_id: int, *, by: User) -> None:
    """Let the package be made again after what was wrong has been mended. Raises `NotAllowed`."""
    project, transfer = _project_and(transfer_id)
    require(rules.can_transfer, by, project)
    if transfer.state == TransferState.PREPARED and transfer.bundle.fault:
        bundles.again(transfer.bundle)


def _project_and(transfer_id: int) -> tuple[Project, Transfer]:
    transfer = Transfer.objects.select_related("project__owner", "project__centre", "bundle").get(pk=transfer_id)
    return transfer.project, transfer
