"""补录 on which a promise hangs: the list of what a second person has to confirm, and the confirmation."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages.act_forms import LateEntryForm
from packages.screens import late_entries as screens
from packages.services.late_entries import answer_late_entry
from packages.views.acting import Step, ask
from packages.views.fetching import late_entry_or_404, person
from projects.errors import require
from projects.rules import can_see_back_entries


@login_required
@require_safe
def late_entries(request: HttpRequest) -> HttpResponse:
    """List the earlier times on which a promise hangs, those that wait for a second person first."""
    require(can_see_back_entries, request.user, None)
    return render(request, "packages/late_entries.html", {"page": screens.page_of(person(request), request.GET)})


@login_required
@require_http_methods(["GET", "POST"])
def late_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """A second person confirms an earlier time, or does not."""
    row = late_entry_or_404(request, pk)
    step = Step(
        title=f"补录确认：{row.case.matter.name}", button="提交", case=row.case, seg="confirmed",
        back=reverse("packages:case", args=[row.case_id]), verdict=screens.may_answer(person(request), row),
        done=lambda entry: f"已记录：{entry.get_state_display()}。",
        run=lambda given: answer_late_entry(
            pk, by=person(request), confirmed=given["confirmed"] == "yes", ground=given["ground"]
        ),
        says=screens.says(row),
    )
    return ask(request, LateEntryForm(request.POST or None), step)
