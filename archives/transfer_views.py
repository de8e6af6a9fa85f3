"""Pages of the hand-over to the city archive, and the files that are made of an archive."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archives import rules, serving
from archives.forms import ReasonForm
from archives.models import Bundle, Transfer
from archives.services import bundles, filing, transferring
from archives.states import NOT_HANDED_OVER, BundleKind, TransferState, Visibility
from archives.transfer_list import kept_words, transfer_page, transfer_table
from projects.errors import DomainError, refuse, require
from projects.exports import FORMATS, file_response
from projects.forms import back_entry_form, moment_of
from projects.models import Project, User

PAGE = 50
DONE = {
    "hand": "已移交，清单已签署。接收单位登录后校验并签收。",
    "receive": "已校验一致并签收，接收凭证已出具。",
}


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required asked who is there")
    return request.user


def _project(request: HttpRequest, pk: int) -> Project:
    visible = Project.objects.visible_to(request.user).select_related("owner", "centre", "region")
    return get_object_or_404(visible, pk=pk)


def _transfer(request: HttpRequest, pk: int) -> Transfer:
    related = ("project__owner", "project__centre", "receiver", "list_paper", "receipt", "bundle")
    return get_object_or_404(Transfer.objects.visible_to(request.user).select_related(*related), pk=pk)


@login_required
@require_safe
def transfer_list(request: HttpRequest) -> HttpResponseBase:
    """Show the hand-overs of all visible projects, those that wait first."""
    asked = request.GET.dict()
    if asked.get("export") in FORMATS:
        return file_response(transfer_table(request.user, asked), asked["export"])
    return render(request, "archives/transfers.html", {"list": transfer_page(request.user, asked)})


@login_required
@require_http_methods(["GET", "POST"])
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where the hand-over of a project stands and what stands in its way; POST makes the pre-check."""
    project, user = _project(request, pk), _person(request)
    if request.method == "POST":
        transferring.prepare(project.pk, by=user)
        messages.success(request, "预验收通过，清单已固定，移交包正在生成。")
        return redirect("archives:transfer", pk)
    return render(request, "archives/transfer.html", _standing_of(project, user, request.GET.get("page")))


def _standing_of(project: Project, user: User, number: str | None) -> dict[str, Any]:
    """Return what the page of a project's hand-over shows: the one that stands with a page of its list, all rounds."""
    related = ("receiver", "list_paper", "receipt", "bundle", "prepared_by", "handed_by", "ended_by")
    rounds = list(Transfer.objects.filter(project=project).select_related(*related))
    standing = next((one for one in rounds if one.state != TransferState.RETURNED), None)
    lines = Paginator(standing.lines.order_by("ordinal"), PAGE).get_page(number) if standing else None
    found = None if standing else transferring.precheck(project)
    may_prepare = rules.can_transfer(user, project)
    if may_prepare and found is not None and not found.ok:
        count = len(found.problems)
        may_prepare = refuse(f"还有 {count} 处不通过，先补齐。" if count else "档案里还没有文件。")
    return {
        "project": project, "rounds": rounds, "standing": standing, "page": lines,
        "lines": kept_words(lines) if lines else [],
        "state": standing.get_state_display() if standing else NOT_HANDED_OVER,
        "found": found, "due_on": transferring.due_on(project), "may_prepare": may_prepare,
        "may_receive": rules.can_receive(user, standing) if standing else None,
        "may_return": rules.can_give_back(user, standing) if standing else None,
        "may_hand": (rules.can_transfer(user, project) and rules.can_hand(user, standing)) if standing else None,
        "may_read_office": rules.sees_office(user), "late": back_entry_form(user),
    }


@login_required
@require_POST
def transfer_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Hand over, receive, or have the package made again; the office may say when it was handed over or received."""
    found, user = _transfer(request, pk), _person(request)
    late = back_entry_form(user, request.POST)
    if late is not None and not late.is_valid():
        raise DomainError("future", "".join(str(words) for words in late.errors["happened_at"]))
    if step == "hand":
        transferring.hand_over(found.pk, by=user, at=moment_of(late))
    elif step == "receive":
        transferring.receive(found.pk, by=user, at=moment_of(late))
    elif step == "again":
        transferring.retry(found.pk, by=user)
    else:
        raise Http404
    messages.success(request, DONE.get(step, "移交包重新生成中。"))
    return redirect("archives:transfer", found.project_id)


@login_required
@require_http_methods(["GET", "POST"])
def transfer_return(request: HttpRequest, pk: int) -> HttpResponse:
    """退回: with its reason."""
    found, user = _transfer(request, pk), _person(request)
    require(rules.can_give_back, user, found)
    form, late = ReasonForm(request.POST or None), back_entry_form(user, request.POST or None)
    if request.method == "POST" and form.is_valid() and (late is None or late.is_valid()):
        transferring.give_back(found.pk, by=user, reason=form.cleaned_data["reason"], at=moment_of(late))
        messages.success(request, "已退回，原因已告知移交方。补正后可以重新预验收。")
        return redirect("archives:transfer", found.project_id)
    what = "退回后这次移交结束，清单作废；补正以后重新预验收。"
    return render(
        request, "archives/transfer_return.html",
        {"project": found.project, "form": form, "what": what, "late": late},
    )


@login_required
@require_http_methods(["GET", "POST"])
def volume(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the project volume, or show whether it is made."""
    project, user = _project(request, pk), _person(request)
    if request.method == "POST":
        bundles.request_volume(project.pk, by=user)
        return redirect("archives:volume", pk)
    view = Visibility.OFFICE if rules.sees_office(user) else Visibility.PROJECT
    rows = list(Bundle.objects.filter(project=project, kind=BundleKind.VOLUME, view=view).order_by("-pk")[:5])
    return render(request, "archives/volume.html", {"project": project, "rows": rows})


@login_required
@require_safe
def bundle_file(request: HttpRequest, pk: int) -> FileResponse:
    """Hand out a made volume or package; the package and the office's volume only to the office side."""
    visible = Bundle.objects.filter(project__in=Project.objects.visible_to(request.user)).select_related("project")
    found = get_object_or_404(visible, pk=pk)
    if found.made_at is None or (found.view == Visibility.OFFICE and not rules.sees_office(_person(request))):
        raise Http404
    filing.log_read(request.user, subject=found, project=found.project, action="download")
    is_volume = found.kind == BundleKind.VOLUME
    return serving.file_response(
        bundles.open_bundle(found), digest=found.digest, download=True,
        name=f"{found.get_kind_display()}-{found.project.code}.{'pdf' if is_volume else 'zip'}",
        media_type="application/pdf" if is_volume else "application/zip",
    )
