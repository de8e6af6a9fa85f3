"""The one-time notice of the window (补全) and of a department (补正)."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import formset_factory
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from packages.forms import FaultForm, FaultSet, NoticeForm, NoticeFormSet
from packages.models import MatterCase
from packages.screens import noticing
from packages.services import intake as services
from packages.views.acting import CONFLICT, attempt
from packages.views.fetching import application_or_404, case_or_404, person
from projects.forms import BackEntryForm, back_entry_form, moment_of
from projects.paging import as_key

#: Empty rows that a notice starts with, and the most it may have.
ROWS, MOST = 2, 30


@login_required
@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell all faults of an application at once (补全告知)."""
    found = application_or_404(request, pk)
    return _notice(request, noticing.of_application(found, person(request)))


@login_required
@require_http_methods(["GET", "POST"])
def case_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell all faults of one case at once (补全告知 or 补正告知)."""
    return _notice(request, noticing.of_case(case_or_404(request, pk), person(request)))


def _notice(request: HttpRequest, page: noticing.NoticePage) -> HttpResponse:
    """Show or send the notice; `more` adds a row without losing what is written."""
    sends = request.method == "POST" and "more" not in request.POST
    form = NoticeForm(request.POST if sends else None, reasons=page.reasons, word=page.word)
    formset = _written(request, page) if not sends else _made(request.POST, page)
    late = back_entry_form(request.user, request.POST if sends else None)
    checked = [one.is_valid() for one in (form, formset, late) if one is not None] if sends else [False]
    if all(checked) and (cases := _send(request, page, form, formset, late)) is not None:
        messages.success(request, page.said(cases, len(formset.faults())))
        return redirect(page.back)
    context = {"page": page, "formset": formset, "form": form, "case": page.case, "late": late}
    return render(request, "packages/notice.html", context, status=CONFLICT if sends else 200)


def _send(
    request: HttpRequest, page: noticing.NoticePage, form: NoticeForm, formset: FaultSet, late: BackEntryForm | None
) -> list[MatterCase] | None:
    """Give the notice on the cases that have faults and return these; None when the service refused."""
    faults = formset.faults()
    given: list[MatterCase] | None = attempt(
        form, services.notice_faults, page.told(faults), faults=faults, by=person(request), kind=page.kind,
        at=moment_of(late), **form.cleaned_data,
    )
    return given


def _made(data: QueryDict, page: noticing.NoticePage) -> FaultSet:
    """The posted faults."""
    return cast("FaultSet", NoticeFormSet(data, form_kwargs=_kwargs(page)))


def _written(request: HttpRequest, page: noticing.NoticePage) -> FaultSet:
    """The rows to write on: what is missing at first, later what was written and one more."""
    more = "more" in request.POST
    rows = rows_of(request.POST) if more else list(page.suggestions)
    extra = 1 if more else max(ROWS - len(rows), 0)
    made = formset_factory(FaultForm, formset=FaultSet, extra=len(rows) + extra, max_num=MOST)
    at = next((n for n, row in enumerate(rows) if not any(row.values())), min(len(rows), MOST - 1)) if more else 0
    return cast("FaultSet", made(initial=rows, form_kwargs=_kwargs(page) | {"at": at}))


def _kwargs(page: noticing.NoticePage) -> dict[str, object]:
    """What each row asks besides the fault."""
    return {"cases": page.choices, "demands": page.asks_material}


def rows_of(data: QueryDict) -> list[dict[str, str]]:
    """The rows of a posted form as they were written."""
    total = data.get("form-TOTAL_FORMS", "0")
    names = ("case_id", "what", "basis", "how_to_fix", "material")
    count = min(as_key(total) or 0, MOST)
    return [{name: data.get(f"form-{n}-{name}", "") for name in names} for n in range(count)]
