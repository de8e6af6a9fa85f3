"""Pages about time: why a clock is due on its day, the working calendar, and what was keyed in late."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from projects import calendar_data, notices, queries, rules, timing, workdays
from projects.clocks import explain, ledger_words, time_ledger
from projects.errors import require
from projects.forms import CalendarDayForm
from projects.models.time import CalendarVersion
from projects.paging import as_key, key_page
from projects.recomputing import stale_clocks
from projects.services import overriding
from projects.services.overriding import notes_of

if TYPE_CHECKING:
    from projects.models import User

ON_PAGE = 30


@login_required
@require_safe
def clock(request: HttpRequest, pk: int) -> HttpResponse:
    """Say why a clock is due on its day: in sentences, and day by day."""
    found = get_object_or_404(queries.clocks_visible_to(request.user), pk=pk)
    ledger = time_ledger(found)
    context = {
        "clock": found, "project": found.project, "explained": explain(found), "ledger": ledger,
        "ledger_words": ledger_words(ledger), "today": timing.today(), "calendar": queries.calendar_of(found),
        "notes": notes_of(found), "may_explain": rules.can_explain_overdue(request.user, found),
        "extensions": found.extended_by.all(), "may_see_calendar": rules.can_see_calendar(request.user).ok,
    }
    return render(request, "projects/clock.html", context)


@login_required
@require_POST
def explain_overdue(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down why a limit was exceeded."""
    found = get_object_or_404(queries.clocks_visible_to(request.user), pk=pk)
    overriding.explain_overdue(found.pk, by=cast("User", request.user), reason=request.POST.get("reason", ""))
    messages.success(request, "已记录超时说明，列入大事记和通报。")
    return redirect("projects:clock", pk=pk)


@login_required
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the versions of the working calendar, each with what it changed and how many due days it moved."""
    require(rules.can_see_calendar, request.user, None)
    page = key_page(
        CalendarVersion.objects.select_related("by"), sort="-pk", size=ON_PAGE, after=as_key(request.GET.get("after")),
        before=as_key(request.GET.get("before")),
    )
    context = {
        "page": page, "years": calendar_data.years(), "stale": stale_clocks().count(), "form": CalendarDayForm(),
        "may_edit": rules.can_edit_calendar(request.user), "late_count": queries.back_entry_count(request.user),
    }
    return render(request, "projects/calendar.html", context)


@login_required
@require_POST
def calendar_day(request: HttpRequest) -> HttpResponse:
    """Write one day of the calendar; without `sure` only tell what it would move."""
    require(rules.can_edit_calendar, request.user, None)
    form = CalendarDayForm(request.POST)
    if not form.is_valid():
        return render(request, "projects/calendar_day.html", {"form": form}, status=200)
    day, works, source, note = form.row()
    if "sure" not in request.POST:
        rows = notices.preview_day(day, is_workday=works, source=source, note=note)
        context = {"form": form, "day": day, "works": works, "rows": rows[:ON_PAGE], "count": len(rows)}
        return render(request, "projects/calendar_day.html", context)
    moved = notices.load_day(day, is_workday=works, source=source, note=note, by=cast("User", request.user))
    word = "上班" if works else "休息"
    messages.success(request, f"{workdays.in_words(day)}已改为{word}，{len(moved)} 个到期日随之调整。")
    return redirect("projects:calendar")


@login_required
@require_safe
def back_entries(request: HttpRequest) -> HttpResponse:
    """List what was keyed in later than one working day after it happened, the newest first."""
    require(rules.can_see_back_entries, request.user, None)
    page = key_page(
        queries.back_entries(request.user), sort="-pk", size=ON_PAGE, after=as_key(request.GET.get("after")),
        before=as_key(request.GET.get("before")),
    )
    return render(
        request, "projects/back_entries.html", {"page": page, "count": queries.back_entry_count(request.user)}
    )
