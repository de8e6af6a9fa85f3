"""Pages of the archive: project code and card, the archive, papers and files."""

from __future__ import annotations

import datetime as dt

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from archives import codewords, papering, qr, queries, rules, serving
from archives.forms import ArchiveFilterForm, DocumentForm, ReasonForm, VersionForm
from archives.models import Document, DocumentKind, Paper
from archives.services import codes, delivery, filing, scans
from projects import timing
from projects.errors import DomainError, require
from projects.exports import csv_response
from projects.models import Project, User
from projects.paging import as_key
from projects.quoting import quoted

#: The page of the code says how often it was scanned in so many days.
SCAN_DAYS = 30


def _project(request: HttpRequest, pk: int) -> Project:
    """Return a project that the person may know of; 404 otherwise."""
    visible = Project.objects.visible_to(request.user).select_related("owner", "centre", "region")
    return get_object_or_404(visible, pk=pk)


def _person(request: HttpRequest) -> User:
    """Return the person who is signed in."""
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required asked who is there")
    return request.user


def _refused(form: django_forms.Form, error: DomainError, field: str) -> None:
    """Put what a service refused beside its field."""
    form.add_error(field if field in form.fields else None, error.message)


# The code of a project ----------------------------------------------------------------------------------------------


@login_required
@require_safe
def project_card(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the project's code: picture, address, check code, card to print, all revisions."""
    project, user = _project(request, pk), _person(request)
    token = queries.active_token(project)
    address = codes.address_of(token.token) if token else ""
    context = {
        "project": project, "token": token, "address": address, "tokens": list(queries.tokens_of(project)),
        "svg": qr.svg(address, level="Q", label=papering.CARD_LABEL, size=280) if token else "",
        "check_code": codewords.grouped(token.check_code, by=3, between=" ") if token else "",
        "forms": [(key, name) for key, (name, _) in papering.CODE_FORMS.items()],
        "scans": scans.counts_of(project, since=timing.now() - dt.timedelta(days=SCAN_DAYS)), "scan_days": SCAN_DAYS,
        "may_reissue": rules.can_reissue_code(user, project), "may_void": rules.can_void_code(user, project),
    }
    return render(request, "archives/card.html", context)


@login_required
@require_safe
def card_pdf(request: HttpRequest, pk: int) -> FileResponse:
    """Hand out the card of the code in use as PDF."""
    token = queries.active_token(_project(request, pk))
    if token is None or token.paper is None:
        raise Http404
    return serving.serve_paper(request, token.paper)


@login_required
@require_safe
def code_form(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Hand out the code in use for the site fence, the first page of a file, or as stickers."""
    token = queries.active_token(_project(request, pk))
    if token is None or token.paper is None or form not in papering.CODE_FORMS:
        raise Http404
    response = HttpResponse(papering.code_pdf(token.paper, form), content_type="application/pdf")
    name = f"项目码{papering.CODE_FORMS[form][0]}-{token.project.code}.pdf"
    response["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=name) or "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = serving.CSP_SHOWN
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def card_reissue(request: HttpRequest, pk: int) -> HttpResponse:
    """换码: confirm page and the step itself."""
    project, user = _project(request, pk), _person(request)
    require(rules.can_reissue_code, user, project)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = codes.reissue_token(project.pk, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, f"已换码，现行为第 {token.revision} 版。旧码扫开只提示已停用，请打印新卡换上。")
        return redirect("archives:project_card", pk)
    what = "换码后旧码停用，已经张贴的旧卡要换下；项目的事项、文书和档案都不变。"
    context = {"project": project, "form": form, "title": "换码", "what": what, "danger": False}
    return render(request, "archives/card_confirm.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def card_void(request: HttpRequest, pk: int) -> HttpResponse:
    """作废: confirm page and the step itself."""
    project, user = _project(request, pk), _person(request)
    require(rules.can_void_code, user, project)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes.void_token(project.pk, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, "项目码已作废，扫开只提示已停用。需要时可以换码重新赋一个。")
        return redirect("archives:project_card", pk)
    what = "作废后扫码不再显示项目进度，项目卡撤销。码被冒用或项目终止时使用。"
    context = {"project": project, "form": form, "title": "作废项目码", "what": what, "danger": True}
    return render(request, "archives/card_confirm.html", context)


# The archive --------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def archive(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show every document of a project by class, what is missing, or export the list."""
    project, user = _project(request, pk), _person(request)
    form = ArchiveFilterForm(request.GET)
    wanted = form.wanted()
    chosen = queries.narrowed(queries.documents_of(project, user), wanted)
    if request.GET.get("export") == "csv":
        filing.log_read(user, subject=project, project=project, action="export")
        return csv_response(queries.csv_rows(chosen), f"卷内目录-{project.code}")
    summary = queries.archive_summary(project, user)
    paginator = Paginator(chosen, queries.PAGE)
    if wanted.is_empty:
        paginator.count = summary.total
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "project": project, "form": form, "wanted": wanted, "page": page,
        "lines": queries.lines_of(page),
        "summary": summary, "may_file": rules.can_file(user, project),
    }
    return render(request, "archives/archive.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def archive_file(request: HttpRequest, pk: int) -> HttpResponse:
    """补充归档: file a document that belongs to no step of the portal."""
    project, user = _project(request, pk), _person(request)
    require(rules.can_file, user, project)
    asked = DocumentKind.objects.filter(slug=request.GET.get("kind", "")).first()
    form = DocumentForm(request.POST or None, request.FILES or None, initial={"kind": asked})
    if request.method == "POST" and form.is_valid():
        try:
            kind = form.cleaned_data["kind"]
            title = filing.clean_title(form.cleaned_data["title"]) or kind.name
            document = filing.file_document(
                project.pk, uploaded=form.cleaned_data["file"], kind=kind, title=title, by=user
            )
        except DomainError as error:
            _refused(form, error, "file")
        else:
            if document.title == title:
                messages.success(request, f"已归档{quoted(document.title)}，档号 {document.archive_no}。")
            else:
                messages.warning(
                    request,
                    f"这份文件已在档案里，没有再归一份：{quoted(document.title)}，档号 {document.archive_no}。",
                )
            return redirect("archives:archive", pk)
    return render(request, "archives/file.html", {"project": project, "form": form})


@login_required
@require_safe
def document_file(request: HttpRequest, pk: int) -> FileResponse:
    """Hand out a document (`?v=` a version, `?download` as a download)."""
    visible = Document.objects.visible_to(request.user).select_related("project", "paper")
    document = get_object_or_404(visible, pk=pk)
    return serving.serve_document(request, document, number=as_key(request.GET.get("v")))


@login_required
@require_http_methods(["GET", "POST"])
def document_version(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a version to a document; earlier ones stay and can be opened here."""
    visible = Document.objects.visible_to(request.user).select_related("project__owner", "project__centre", "paper")
    document, user = get_object_or_404(visible.select_related("kind"), pk=pk), _person(request)
    may_add = rules.can_add_version(user, document)
    form = VersionForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        require(rules.can_add_version, user, document)
        if form.is_valid():
            try:
                version = filing.add_version(document, uploaded=form.cleaned_data["file"], by=user)
            except DomainError as error:
                _refused(form, error, "file")
            else:
                messages.success(request, f"现行为第 {version.version} 版，旧版仍可打开。")
                return redirect("archives:document_version", pk)
    versions = document.versions.order_by("-version")
    context = {
        "document": document, "versions": versions, "form": form, "may_add": may_add, "project": document.project,
    }
    return render(request, "archives/version.html", context)


# Papers -------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a paper as a page: what it says is there at once, its PDF a little later."""
    visible = Paper.objects.visible_to(request.user).select_related("issuer", "project", "delivery__organisation")
    found = get_object_or_404(visible, pk=pk)
    filing.log_read(request.user, subject=found, project=found.project, action="view")
    delivery.note_opened(found, by=request.user)
    return HttpResponse(papering.html_of(found, request=request, extra={"delivery": getattr(found, "delivery", None)}))


@login_required
@require_safe
def paper_pdf(request: HttpRequest, pk: int) -> FileResponse:
    """Hand out the PDF of a paper; made now when no worker has made it yet."""
    visible = Paper.objects.visible_to(request.user).select_related("issuer", "project", "document")
    return serving.serve_paper(request, get_object_or_404(visible, pk=pk))
