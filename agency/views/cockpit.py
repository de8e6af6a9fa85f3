"""指挥调度: the board of the director and of 工改办, the list behind each figure, the eight 一."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.loader import get_template
from django.views.decorators.http import require_safe

from agency import major_rules as may
from agency import queries
from agency.cockpit import eight, figures, standing
from agency.cockpit.lists import list_page, list_table
from agency.cockpit.reach import Reach, reach_of
from agency.cockpit.tables import board_table, eight_table
from agency.views.kept import kept_page
from packages.views.fetching import person
from projects import timing
from projects.errors import require
from projects.exports import FORMATS, file_response
from projects.memo import Memo

_rendered: Memo[str] = Memo(most=200, seconds=300)


def _reach(request: HttpRequest) -> Reach:
    require(may.can_see_cockpit, request.user, None)
    return reach_of(person(request), request.GET.get("centre", ""))


def _facts(request: HttpRequest) -> list[tuple[str, str]]:
    now = timing.now().astimezone(timing.BUSINESS_ZONE)
    return [("导出人", str(request.user)), ("导出时间", f"{now:%Y-%m-%d %H:%M}")]


@login_required
@require_safe
def cockpit(request: HttpRequest) -> HttpResponseBase:
    """Show the board: what is red, on whom it waits, who has how much, what comes, what runs out."""
    reach = _reach(request)
    board = figures.board_for(person(request), reach)
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(board_table(board, reach, _facts(request)), ending)
    html = _rendered.of((request.user.pk, reach.key, board.made_at), lambda: _render(reach, board))
    context = {"reach": reach, "board": board, "html": html, "sweep": queries.sweep_line()}
    return render(request, "agency/cockpit.html", context)


def _render(reach: Reach, board: figures.Board) -> str:
    """Return the sheets of the board; they stay as they are for as long as the board is kept."""
    beside = [(key, *standing.OTHERS[key], count) for key, count in board.others.items()]
    context = {
        "reach": reach, "board": board, "lines": board.red_lines, "beside": beside, "most_red": figures.MOST_RED,
        "jobs": queries.job_rows(), "sweep": queries.sweep_line(),
    }
    return get_template("agency/_board.html").render(context)


@login_required
@require_safe
def figure(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show the list behind a figure, or give it as a file."""
    reach = _reach(request)
    asked = request.GET.dict()
    if (ending := asked.get("export", "")) in FORMATS:
        return file_response(list_table(reach, key, asked, _facts(request)), ending)

    def shown() -> dict[str, Any]:
        page = list_page(reach, key, asked)
        return {"title": page.title, "page": page, "reach": reach}

    return kept_page(request, "agency/_cockpit_list.html", shown)


@login_required
@require_safe
def eight_ones(request: HttpRequest) -> HttpResponseBase:
    """Show the eight 一 by centre for the leading group."""
    reach = _reach(request)
    rows = eight.eight(reach)
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(eight_table(rows, reach, _facts(request)), ending)
    centres = [reach.chosen] if reach.chosen else list(reach.centres)
    return render(request, "agency/eight.html", {"rows": rows, "reach": reach, "centres": centres})
