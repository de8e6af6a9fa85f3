"""Which opinions stand in a case: of each department the newest over all rounds, as a conference may have left it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F, OuterRef, Q, Subquery

from archives.models import Document, DocumentVersion
from packages.choices import ReviewRole
from packages.models import ConferenceSeat, JudgedVersion, MatterCase, Opinion
from packages.states import OpinionVerdict


@dataclass(frozen=True, slots=True)
class Standing:
    """An opinion that stands, the seat that changed it at a conference, and the judged files that have changed since.

    An opinion without effect (given after silence had its consequence) is never one that stands.
    """

    opinion: Opinion
    seat: ConferenceSeat | None
    outdated: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """What the department says now."""
        return self.seat.verdict if self.seat else self.opinion.verdict

    @property
    def reason(self) -> str:
        """Why."""
        return self.seat.reason if self.seat else self.opinion.reason

    @property
    def basis(self) -> str:
        """On which clause."""
        return self.seat.basis if self.seat else self.opinion.basis

    @property
    def remedy(self) -> str:
        """How to fix it, or under which condition."""
        return self.seat.remedy if self.seat else self.opinion.remedy

    @property
    def name(self) -> str:
        """The department."""
        return self.opinion.task.organisation.label

    @property
    def blocks(self) -> bool:
        """Whether the lead cannot merge over it: 不同意 of a joint department."""
        return self.verdict == OpinionVerdict.DISAGREE and self.opinion.task.role == ReviewRole.JOINT


def standing_opinions(case: MatterCase) -> list[Standing]:
    """Return what stands, in the order in which the departments were first asked. Three queries."""
    found = Opinion.objects.filter(task__session__case=case, has_effect=True).exclude(task__role=ReviewRole.LEAD)
    newest: dict[int, Opinion] = {}
    for opinion in found.select_related("task__organisation", "task__session").order_by("task__session__round", "pk"):
        newest[opinion.task.organisation_id] = opinion
    opinions = list(newest.values())
    seats = seats_of(opinions)
    outdated = outdated_of(opinions)
    return [Standing(one, seats.get(one.pk), outdated.get(one.pk, ())) for one in opinions]


def seats_of(opinions: Iterable[Opinion]) -> dict[int, ConferenceSeat]:
    """Return by opinion the seat at which its department changed it and signed that it did."""
    found = ConferenceSeat.objects.filter(opinion__in=list(opinions), confirmed_at__isnull=False).exclude(verdict="")
    return {seat.opinion_id: seat for seat in found.order_by("pk") if seat.opinion_id}


def outdated_of(opinions: Iterable[Opinion]) -> dict[int, tuple[str, ...]]:
    """Return by opinion the files that it judged in a version that is not the newest any more (已换版). One query."""
    newest = DocumentVersion.objects.filter(document=OuterRef("version__document")).order_by("-version")
    found = (
        JudgedVersion.objects.filter(opinion__in=list(opinions))
        .annotate(newest=Subquery(newest.values("version")[:1]))
        .filter(Q(newest__gt=F("version__version")) | Q(version__document__replaced_by__isnull=False))
        .select_related("version__document").order_by("pk")
    )
    files: dict[int, tuple[str, ...]] = {}
    for judged in found:
        now = f"现第 {judged.newest} 版" if judged.newest > judged.version.version else "已被替换"
        words = f"{judged.version.document.title}（审的是第 {judged.version.version} 版，{now}）"
        files[judged.opinion_id] = (*files.get(judged.opinion_id, ()), words)
    return files


def current_versions(case: MatterCase, documents: Sequence[int] | None = None) -> list[DocumentVersion]:
    """Return the newest version of each document on the checklist of a case (of these documents, or all)."""
    used = Document.objects.filter(used_by__case=case, replaced_by=None)
    if documents is not None:
        used = used.filter(pk__in=documents)
    newest: dict[int, DocumentVersion] = {}
    found = DocumentVersion.objects.filter(document__in=used).select_related("document")
    for version in found.order_by("document_id", "version"):
        newest[version.document_id] = version
    return list(newest.values())
