"""The pages behind the desk: what is about to be done to many rows, what came of it, receipts, and the saved views."""

from __future__ import annotations

import uuid
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from archives.models import Paper
from archives.services import papers
from archives.services.filing import log_read
from archives.states import PaperKind
from packages import queries, rules, worklist
from packages.models import Application, BulkLine, BulkRun, MaterialItem, MatterCase, SavedView
from packages.screens import desk
from packages.services.bulk import MOST_LINES
from packages.states import BulkAction, BulkOutcome, MaterialState
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import User
from projects.paging import as_key
from projects.quoting import quoted

#: What each action says of itself before it is done.
SAYS: dict[str, str] = {
    BulkAction.ACCEPT: "逐件受理：材料齐的出具受理通知书，承诺时限开始计算；缺材料的、已办的原样不动，并写明原因。",
    BulkAction.TAKE: "转到您的窗口，以后在“我的窗口”里。办理时限不变。",
    BulkAction.URGE: "提醒正在等的人，记入项目大事记。同一件一天只催一次。",
}


@dataclass(frozen=True, slots=True)
class ChosenRow:
    """One chosen case, whom it waits for, and whether the action is possible now."""

    case: MatterCase
    waits: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class BulkPage:
    """What is about to be done."""

    action: str
    rows: tuple[ChosenRow, ...]
    key: str
    back: str

    @property
    def label(self) -> str:
        """Word of the action."""
        return BulkAction(self.action).label

    @property
    def says(self) -> str:
        """What follows from it."""
        return SAYS[self.action]

    @property
    def possible(self) -> int:
        """How many rows it is possible for."""
        return sum(bool(row.verdict) for row in self.rows)

    @property
    def verdict(self) -> Verdict:
        """Whether anything can be done."""
        return ALLOWED if self.possible else refuse("选中的办件都不能这样办理，原因见各行。")


def keys_of(texts: Iterable[str]) -> list[int]:
    """Return the chosen cases of an address or a form, each once, no more than a run may have."""
    found = dict.fromkeys(key for text in texts if (key := as_key(text)) is not None)
    return list(found)[: MOST_LINES + 1]


def bulk_page(user: User, action: str, chosen: Sequence[int], back: str) -> BulkPage:
    """The page that asks before an action on many rows. A fixed number of queries."""
    cases = _chosen(user, chosen)
    missing = _missing(cases) if action == BulkAction.ACCEPT else {}
    rows = tuple(
        ChosenRow(work.case, work.waiting.sentence if work.waiting else "", _verdict(user, action, work.case, missing))
        for work in queries.work_rows(cases)
    )
    return BulkPage(action, rows, str(uuid.uuid4()), back)


def _chosen(user: User, chosen: Sequence[int]) -> list[MatterCase]:
    related = ("matter__matter", "lead", "project__owner", "project__centre", "application", "window_by")
    found = MatterCase.objects.visible_to(user).filter(pk__in=list(chosen)).select_related(*related)
    by_pk = {case.pk: case for case in found}
    return [by_pk[pk] for pk in chosen if pk in by_pk]


def _missing(cases: Sequence[MatterCase]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    lines = MaterialItem.objects.filter(case__in=cases, state=MaterialState.MISSING).order_by("case_id", "order")
    for case_id, name in lines.values_list("case_id", "name"):
        names[case_id].append(name)
    return names


def _verdict(user: User, action: str, case: MatterCase, missing: dict[int, list[str]]) -> Verdict:
    if action == BulkAction.URGE:
        is_open = case.state in worklist.OPEN_STATES
        return ALLOWED if is_open else refuse(f"{quoted(case.matter.name)}已经办完，不需要催办。")
    if action == BulkAction.TAKE:
        return refuse("已在您的窗口。") if case.window_by_id == user.pk else rules.can_take(user, case)
    verdict = rules.can_accept(user, case)
    if verdict and missing.get(case.pk):
        return refuse(f"还缺 {len(missing[case.pk])} 件：{'、'.join(missing[case.pk][:3])}")
    return verdict


@dataclass(frozen=True, slots=True)
class RunPage:
    """What came of a run."""

    run: BulkRun
    lines: tuple[BulkLine, ...]

    def count(self, outcome: str) -> int:
        """How many lines came to this."""
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def done(self) -> int:
        """How many are done."""
        return self.count(BulkOutcome.DONE)

    @property
    def refused(self) -> int:
        """How many were refused."""
        return self.count(BulkOutcome.REFUSED)

    @property
    def pending(self) -> int:
        """How many are left."""
        return self.count(BulkOutcome.PENDING)


def run_page(run: BulkRun) -> RunPage:
    """The page that tells per row what came of a run. One query."""
    related = ("case__matter__matter", "case__project", "case__application")
    return RunPage(run, tuple(run.lines.select_related(*related).order_by("order")))


# Receipts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The receipts of the chosen cases, one per application."""

    papers: tuple[Paper, ...]
    without: tuple[MatterCase, ...]


def receipt_page(user: User, chosen: Sequence[int]) -> ReceiptPage:
    """Return the receipts (材料回执) of the applications that the chosen cases belong to. Two queries."""
    cases = _chosen(user, chosen[:MOST_LINES])
    ids = list(dict.fromkeys(case.application_id for case in cases if case.application_id))
    found = Paper.objects.visible_to(user).filter(
        kind=PaperKind.RECEIPT, subject_type=Application._meta.label, subject_key__in=[str(pk) for pk in ids]
    )
    by_key = {int(paper.subject_key): paper for paper in found.select_related("project", "issuer").order_by("pk")}
    without = tuple(case for case in cases if case.application_id not in by_key)
    return ReceiptPage(tuple(by_key[pk] for pk in ids if pk in by_key), without)


def write_receipts(user: User, page: ReceiptPage, out: IO[bytes]) -> None:
    """Write the PDFs of the receipts into one archive; each reading is written down."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        for paper in page.papers:
            found, file = papers.open_pdf(paper.pk)
            with file, bundle.open(papers.file_name(found), "w") as entry:
                while chunk := file.read(64 * 1024):
                    entry.write(chunk)
            log_read(user, subject=found, project=found.project, action="download")


# Saved views ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view with what it shows in words."""

    view: SavedView
    words: str


@dataclass(frozen=True, slots=True)
class ViewsPage:
    """The saved views of a person, and the filters that are about to be kept."""

    rows: tuple[ViewRow, ...]
    query: str
    words: str


def views_page(user: User, asked: worklist.Wanted | None) -> ViewsPage:
    """Return the page of the saved views; `asked` is what is to be kept, None when nothing is."""
    views = SavedView.objects.visible_to(user)
    rows = tuple(ViewRow(view, desk.words_of(user, desk.stored(user, view.query))) for view in views)
    if asked is None:
        return ViewsPage(rows, "", "")
    return ViewsPage(rows, asked.query, desk.words_of(user, asked))
