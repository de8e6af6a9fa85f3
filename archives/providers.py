"""What the archive shows on the kernel's pages: the code and the archive of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archives import codewords, debts, errands, papering, qr, queries, scanning
from archives.models import QrToken
from archives.services import codes
from archives.states import TokenState
from projects import gathering, owing, panels
from projects.panels import Panel

if TYPE_CHECKING:
    from django.http import HttpRequest

    from projects.models import Project


CODE = "archives.code"


def code_panel(project: Project, _: HttpRequest) -> Panel:
    """项目码: the picture, its check code and revision."""
    token = next(iter(gathering.rows_of(CODE, [project])), None)
    context = {
        "project": project,
        "token": token,
        "svg": qr.svg(codes.address_of(token.token), level="Q", label=papering.CARD_LABEL, size=128) if token else "",
        "check_code": codewords.grouped(token.check_code, by=3, between=" ") if token else "",
    }
    return Panel("archives/_code_panel.html", context, column="side")


def archive_panel(project: Project, request: HttpRequest) -> Panel:
    """一档: how many documents per class, and what is missing."""
    summary = queries.archive_summary(project, request.user)
    return Panel("archives/_archive_panel.html", {"project": project, "summary": summary}, column="side")


def register() -> None:
    """Register both sheets and what has to be signed for."""
    gathering.register(
        CODE, lambda projects: QrToken.objects.filter(project__in=projects, state=TokenState.ACTIVE).order_by("pk")
    )
    panels.register("archives.code", 10, code_panel)
    panels.register("archives.archive", 40, archive_panel)
    owing.register("archives.notices", debts.debts)
    owing.register("archives.transfer", debts.transfers)
    scanning.register("archives.keeping", errands.of_archive)
