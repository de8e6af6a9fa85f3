"""Pages of the kernel: project list, registration, project page, events, contacts, lending, and why a clock says so."""

from __future__ import annotations

from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects import acting, events, mine, queries, rules
from projects.access import access_of
from projects.chain import entries_of, group_of
from projects.errors import DomainError, Verdict, require
from projects.exports import FORMATS, csv_response, file_response
from projects.forms import (
    CodeForm,
    EventFilterForm,
    GrantForm,
    PartyForm,
    ProjectFilterForm,
    ReasonForm,
    RegisterForm,
)
from projects.models import Project, ProjectGrant, User
from projects.one_page import one_page
from projects.paging import as_key
from projects.project_page import project_page
from projects.quoting import quoted
from projects.services import grants, parties, registration, status
from projects.services.reads import note_read
from projects.states import Stage

EVENTS_ON_PAGE = 50


def _project(request: HttpRequest, pk: int) -> Project:
    """Return a project that the person may know of; 404 otherwise."""
    visible = Project.objects.visible_to(request.user).select_related("owner", "centre", "region")
    return get_object_or_404(visible, pk=pk)


def _person(request: HttpRequest) -> User:
    """Return the person who is signed in."""
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required asked who is there")
    return request.user


def _posted(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, also when it was nothing; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def _refused(form: django_forms.Form, error: DomainError, field: str = "") -> None:
    """Put what a service refused beside its field, or above the form."""
    form.add_error(field if field in form.fields else None, error.message)


# Lists --------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def project_list(request: HttpRequest) -> HttpResponseBase:
    """Show the projects that the person may see, or export them."""
    user = _person(request)
    if access_of(user).is_enterprise and "export" not in request.GET:
        return _mine(request, user)
    form = ProjectFilterForm(request.GET, regions=queries.regions_of(user))
    wanted, sort = form.wanted(), form.sort_wanted()
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(queries.export_table(user, wanted, sort=sort), ending)
    page = queries.project_list(
        user, wanted, sort=sort, size=form.size_wanted(),
        after=as_key(request.GET.get("after")), before=as_key(request.GET.get("before")),
    )
    context = {
        "form": form, "page": page, "wanted": wanted, "tabs": _stage_tabs(request, page, wanted.stage),
        "can_register": rules.can_register(user), "is_owner": access_of(user).is_owner,
    }
    return render(request, "projects/list.html", context)


def _mine(request: HttpRequest, user: User) -> HttpResponse:
    """Show 我的项目 as cards to the people of an enterprise."""
    body, text, stage = acting.acting_for(request), request.GET.get("q", "")[:80], request.GET.get("stage", "")
    page = mine.mine(
        user, body, text=text, stage=stage, after=as_key(request.GET.get("after")),
        before=as_key(request.GET.get("before")),
    )
    context = {
        "page": page, "body": body, "bodies": acting.bodies_of(request), "text": text, "stage": stage,
        "tabs": _stage_tabs(request, page, stage),
    }
    return render(request, "projects/mine.html", context)


def _stage_tabs(request: HttpRequest, page: queries.ProjectList | mine.MinePage, current: str) -> list[dict[str, Any]]:
    def tab(label: str, stage: str, count: int) -> dict[str, Any]:
        query = request.GET.copy()
        for name in ("stage", "after", "before"):
            query.pop(name, None)
        if stage:
            query["stage"] = stage
        return {"label": label, "count": count, "url": f"?{query.urlencode()}", "current": stage == current}

    return [tab("全部", "", page.total), *(tab(label, key, page.counts[key]) for key, label in Stage.choices)]


# Registration -------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Register a project; the facts that decide its package are asked on the next page."""
    user = _person(request)
    require(rules.can_register, user, None)
    body = acting.acting_for(request)
    known = {"owner_uscc": body.uscc, "owner_name": body.name} if body else {}
    form = RegisterForm(_posted(request), user=user, initial=known)
    taken: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            project = registration.register_project(by=user, **form.values())
        except DomainError as error:
            taken = error
            _refused(form, error, _FIELDS.get(error.code, ""))
        else:
            messages.success(request, f"已登记{quoted(project.name)}，代码 {project.code}。接着答几个问题，选定套餐。")
            return redirect(_next_page(project))
    context = {"form": form, "taken": taken}
    return render(request, "projects/register.html", context, status=409 if taken else 200)


#: Which field a refusal of the service belongs to.
_FIELDS = {
    "code_used": "code", "code_wrong": "code", "same_project": "name", "name_missing": "owner_name",
    "name_differs": "owner_name", "uscc_wrong": "owner_uscc", "can_register_for": "owner_uscc",
    "region_unknown": "region", "already_exchanged": "code",
}


def _next_page(project: Project) -> str:
    """Return where a new project goes on: its package, when that app is there."""
    try:
        return reverse("packages:enrol", args=[project.pk])
    except NoReverseMatch:
        return reverse("projects:detail", args=[project.pk])


# The project --------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one project: on whom it waits, where it stands, its time, panels of the other apps, its timeline."""
    project = _project(request, pk)
    enterprise = access_of(request.user).is_enterprise
    with one_page():
        page = project_page(project, request)
        debts = mine.owed_in(_person(request), project) if enterprise else []
    context = {
        "project": project, "page": page, "contacts": rules.can_see_contacts(request.user, project),
        "steps": _steps(request, project), "owed": [debt for debt in debts if not debt.is_offer],
        "offers": [debt for debt in debts if debt.is_offer],
    }
    if enterprise:
        return render(request, "projects/detail_owner.html", context)
    return render(request, "projects/detail.html", context)


def _steps(request: HttpRequest, project: Project) -> list[tuple[str, str, Verdict]]:
    """Return the rare steps of a project that this person may take now."""
    steps = (
        ("换国家代码", "exchange", rules.can_exchange_code),
        ("暂缓", "suspend", rules.can_suspend),
        ("恢复", "resume", rules.can_resume),
        ("终止", "terminate", rules.can_terminate),
        ("借阅", "grants", rules.can_grant),
    )
    found = [(label, reverse(f"projects:{name}", args=[project.pk]), rule(request.user, project))
             for label, name, rule in steps]
    return [step for step in found if step[2].ok]


@login_required
@require_safe
def event_list(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show all events of a project, with filters, export, and for auditors the result of verification."""
    project = _project(request, pk)
    form = EventFilterForm(request.GET, groups=queries.event_groups(project))
    wanted = form.wanted()
    if request.GET.get("export") == "csv":
        return csv_response(queries.event_export(project, wanted), f"{project.code}-大事记")
    page = queries.event_page(
        project, wanted, size=EVENTS_ON_PAGE, after=as_key(request.GET.get("after")),
        before=as_key(request.GET.get("before")),
    )
    rows = [(event, entry, group_of(event.kind))
            for event, entry in zip(page.rows, entries_of(project, page.rows), strict=True)]
    may_verify = rules.can_verify_events(request.user, project)
    asked = may_verify.ok and "verify" in request.GET
    broken = events.verify_chain(f"project:{project.pk}") if asked else None
    context = {
        "project": project, "form": form, "page": page, "rows": rows, "may_verify": may_verify, "verified": asked,
        "broken": broken, "late_count": queries.late_count(project),
    }
    return render(request, "projects/events.html", context)


_PARTY_FIELDS = {"uscc_wrong": "uscc", "name_missing": "name", "name_differs": "name"}


@login_required
@require_http_methods(["GET", "POST"])
def party_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the parties with their contacts (the reading is logged), and add one."""
    project, user = _project(request, pk), _person(request)
    require(rules.can_see_contacts, user, project)
    form = PartyForm(_posted(request))
    failed = False
    if request.method == "POST" and form.is_valid():
        try:
            party = parties.add_party(project.pk, parties.PartyEntry(**form.cleaned_data), by=user)
        except DomainError as error:
            failed = True
            _refused(form, error, _PARTY_FIELDS.get(error.code, ""))
        else:
            messages.success(request, f"已登记{party.get_role_display()}“{party.organisation}”。")
            return redirect("projects:parties", pk=project.pk)
    note_read(project, by=user, action="contacts")
    context = {
        "project": project, "form": form, "parties": project.parties.select_related("organisation"),
        "may_add": rules.can_add_party(user, project),
    }
    return render(request, "projects/parties.html", context, status=409 if failed else 200)


@login_required
@require_http_methods(["GET", "POST"])
def exchange(request: HttpRequest, pk: int) -> HttpResponse:
    """Exchange the local code of a project for its national one."""
    project, user = _project(request, pk), _person(request)
    if request.method == "GET":
        require(rules.can_exchange_code, user, project)
    form = CodeForm(_posted(request))
    taken: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            project = registration.exchange_code(project.pk, code=form.cleaned_data["code"], by=user)
        except DomainError as error:
            if error.code == "can_exchange_code":
                raise
            taken = error
            _refused(form, error, "code")
        else:
            messages.success(request, f"已换为国家代码 {project.code}，本地代码 {project.local_code} 仍可查到本项目。")
            return redirect("projects:detail", pk=project.pk)
    context = {"project": project, "form": form, "taken": taken}
    return render(request, "projects/exchange.html", context, status=409 if taken else 200)


#: Title, what it does, rule and service of each step.
_STATUS_STEPS: dict[str, tuple[str, str, Any, Any]] = {
    "suspend": (
        "暂缓项目", "暂缓后所有时限停走，记在企业名下；恢复后接着走。", rules.can_suspend, status.suspend_project,
    ),
    "resume": ("恢复项目", "恢复后时限接着走，到期日顺延。", rules.can_resume, status.resume_project),
    "terminate": ("终止项目", "终止后不能恢复，在走的时限全部取消。", rules.can_terminate, status.terminate_project),
}


@login_required
@require_http_methods(["GET", "POST"])
def change_status(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Confirm and carry out suspending, resuming or terminating a project."""
    project, user = _project(request, pk), _person(request)
    title, what, rule, service = _STATUS_STEPS[step]
    form = ReasonForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        project = service(project.pk, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, f"{quoted(project.name)}现在{project.get_status_display()}。")
        return redirect("projects:detail", pk=project.pk)
    if request.method == "GET":
        require(rule, user, project)
    context = {"project": project, "form": form, "title": title, "what": what, "step": step}
    return render(request, "projects/confirm.html", context)


# Lending ------------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def grant_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Show to whom the project is lent, and lend it."""
    project, user = _project(request, pk), _person(request)
    require(rules.can_grant, user, project)
    form = GrantForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            grant = grants.grant_access(project.pk, by=user, **form.cleaned_data)
        except DomainError as error:
            _refused(form, error, {"has_access": "user"}.get(error.code, error.code))
        else:
            messages.success(request, f"已批准：{grant}。")
            return redirect("projects:grants", pk=project.pk)
    rows = project.grants.select_related("user", "granted_by")
    return render(request, "projects/grants.html", {"project": project, "form": form, "grants": rows})


@login_required
@require_POST
def grant_end(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    """Take a grant back at once."""
    project = _project(request, pk)
    row = get_object_or_404(ProjectGrant, pk=grant, content_object=project)
    grants.end_grant(row.pk, by=_person(request))
    messages.success(request, "已收回。")
    return redirect("projects:grants", pk=project.pk)
