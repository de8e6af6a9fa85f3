"""The work list, its saved views, and a case."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from packages.forms import ViewForm
from packages.models import SavedView
from packages.screens import case as case_screen
from packages.screens import desk as screen
from packages.screens import desk_acts
from packages.services import saved_views
from packages.views.acting import CONFLICT, attempt
from packages.views.fetching import case_or_404, person
from projects.exports import FORMATS, file_response
from projects.quoting import quoted

DESK, VIEWS = "packages:desk", "packages:desk_views"


@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponseBase:
    """Show the work list as the address filters it; `export=csv` or `xlsx` gives the file; bare: the default view."""
    user = person(request)
    if not request.GET and (query := screen.default_query(user)):
        return redirect(f"{reverse(DESK)}?{query}")
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(screen.desk_table(user, request.GET.dict()), ending)
    page = screen.desk_page(user, request.GET.dict())
    return render(request, "packages/desk.html", {"page": page})


# Saved views ---------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """Show the saved views; with filters in the address keep them under a name."""
    user = person(request)
    asked = screen.effective(user, request.GET.dict()) if request.GET else None
    form = ViewForm(request.POST or None)
    if request.method == "POST" and asked and form.is_valid():
        name = form.cleaned_data["name"]
        if view := attempt(form, saved_views.save_view, by=user, name=name, query=asked.query):
            messages.success(request, f"已保存视图{quoted(view.name)}。")
            return redirect(f"{reverse(DESK)}?{view.query}")
    context = {"page": desk_acts.views_page(user, asked), "form": form}
    return render(request, "packages/desk_views.html", context, status=CONFLICT if form.errors else 200)


def _view_or_404(request: HttpRequest, pk: int) -> SavedView:
    view: SavedView = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    return view


@login_required
@require_POST
def view_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a view; how often that happens orders them."""
    _view_or_404(request, pk)
    return redirect(f"{reverse(DESK)}?{saved_views.note_use(pk, by=person(request)).query}")


@login_required
@require_POST
def view_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a view another name."""
    _view_or_404(request, pk)
    form = ViewForm(request.POST)
    if form.is_valid() and attempt(
        form, saved_views.rename_view, pk, by=person(request), name=form.cleaned_data["name"]
    ):
        messages.success(request, "已改名。")
        return redirect(VIEWS)
    context = {"page": desk_acts.views_page(person(request), None), "form": form}
    return render(request, "packages/desk_views.html", context, status=CONFLICT)


@login_required
@require_POST
def view_default(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the desk open with a view, or no longer."""
    _view_or_404(request, pk)
    view = saved_views.make_default(pk, by=person(request), is_default=request.POST.get("on") == "1")
    words = f"工作台以后先打开{quoted(view.name)}。" if view.is_default else "工作台不再有默认视图。"
    messages.success(request, words)
    return redirect(VIEWS)


@login_required
@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a view."""
    view = _view_or_404(request, pk)
    saved_views.delete_view(pk, by=person(request))
    messages.success(request, f"已删除视图{quoted(view.name)}。")
    return redirect(VIEWS)


# A case, to-dos ------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one case."""
    page = case_screen.case_page(case_or_404(request, pk), person(request))
    return render(request, "packages/case.html", {"page": page, "case": page.case, "project": page.case.project})
