"""账号安全 for the security administrator, 审计 for the audit administrator: neither can do the other's work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from gaige import account_queries, audit_queries
from gaige.account_forms import AnswerForm, SecureForm, SecurityRecordForm
from gaige.account_views import carry_out, person_of, posted
from projects import account_rules
from projects.errors import require
from projects.exports import csv_response
from projects.models import AccessLog, PersonRequest, SecurityRecord, User
from projects.paging import as_key
from projects.roles import matrix
from projects.services import accounts, privacy, reads, second_factor, sessions

CONFLICT = 409


# The security administrator ------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Show the staff with second factor and sessions, and what people ask about their data."""
    user = person_of(request)
    require(account_rules.can_see_security, user, None)
    text = request.GET.get("q", "")[:80]
    context = {
        "rows": account_queries.staff_accounts(text), "text": text, "asked": account_queries.open_requests(),
        "elevated": account_rules.is_elevated(user),
    }
    return render(request, "gaige/security.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def secure(request: HttpRequest, pk: int) -> HttpResponse:
    """Reset a factor, end sessions, suspend or restore one account, with the reason."""
    by = person_of(request)
    require(account_rules.can_see_security, by, None)
    person, form = get_object_or_404(User, pk=pk), SecureForm(posted(request))
    if request.method == "POST":
        require(account_rules.can_secure, by, person)
    if request.method == "POST" and carry_out(form, lambda: _secure(person, by, form.cleaned_data)):
        messages.success(request, f"{person}：{dict(SecureForm.ACTS)[form.cleaned_data['act']]}，已办理并记录。")
        return redirect("gaige:security")
    context = {
        "form": form, "person": person, "verdict": account_rules.can_secure(by, person),
        "sessions": sessions.open_sessions(person), "has_factor": second_factor.is_asked(person),
    }
    return render(request, "gaige/security_account.html", context, status=CONFLICT if form.errors else 200)


def _secure(person: User, by: User, given: dict[str, Any]) -> None:
    reason = given["reason"]
    acts: dict[str, Callable[[], Any]] = {
        "factor": lambda: second_factor.reset(person.pk, by=by, reason=reason),
        "sessions": lambda: sessions.end_all(person, by=by, reason=reason),
        "suspend": lambda: accounts.suspend(person.pk, by=by, reason=reason),
        "restore": lambda: accounts.restore(person.pk, by=by, reason=reason),
    }
    acts[given["act"]]()


@login_required
@require_http_methods(["GET", "POST"])
def data_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer what a person asks about the own data."""
    by = person_of(request)
    require(account_rules.can_see_security, by, None)
    asked = get_object_or_404(PersonRequest.objects.select_related("user"), pk=pk)
    form = AnswerForm(posted(request))
    if request.method == "POST" and carry_out(form, lambda: privacy.answer(pk, by=by, **form.cleaned_data)):
        messages.success(request, "已答复，本人在“我的账号”里能看到。")
        return redirect("gaige:security")
    context = {"form": form, "asked": asked, "verdict": account_rules.can_keep_security_records(by)}
    return render(request, "gaige/security_answer.html", context, status=CONFLICT if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def security_records(request: HttpRequest) -> HttpResponse:
    """Impact assessments and incidents: listed, written down."""
    by, form = person_of(request), SecurityRecordForm(posted(request))
    require(account_rules.can_see_security, by, None)
    if request.method == "POST" and carry_out(form, lambda: privacy.write_record(by=by, **form.cleaned_data)):
        messages.success(request, "已记录。")
        return redirect("gaige:security_records")
    rows = SecurityRecord.objects.select_related("recorded_by")[: account_queries.PAGE]
    context = {"form": form, "rows": rows, "verdict": account_rules.can_keep_security_records(by)}
    return render(request, "gaige/security_records.html", context, status=CONFLICT if form.errors else 200)


# The audit administrator ---------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def audit(request: HttpRequest) -> HttpResponseBase:
    """Show who read what, and who signed in; `?format=csv` as a file, which is itself noted."""
    user = person_of(request)
    require(account_rules.can_audit, user, None)
    asked = audit_queries.asked_for(request.GET)
    if request.GET.get("format") == "csv":
        reads.note_audit_export(user, asked.words)
        return csv_response(_lines(asked), "查阅和登录记录")
    before, after = as_key(request.GET.get("before")), as_key(request.GET.get("after"))
    page = audit_queries.reads_page(asked, before=before, after=after)
    return render(request, "gaige/audit.html", {"page": page, "asked": asked, "query": asked.query})


def _lines(asked: audit_queries.Asked) -> Iterator[tuple[object, ...]]:
    yield ("时间", "用户名", "姓名", "动作", "对象", "对象类型", "对象主键", "项目代码", "请求号")
    for row in audit_queries.reads(asked)[: audit_queries.MOST_EXPORTED].iterator(chunk_size=2000):
        yield _line(row)


def _line(row: AccessLog) -> tuple[object, ...]:
    read_at: dt.datetime = row.read_at
    return (
        f"{audit_queries.local(read_at):%Y-%m-%d %H:%M:%S}", row.user.username if row.user else "",
        str(row.user or ""), audit_queries.word_of(row.action), row.subject_label, row.subject_type, row.subject_key,
        row.project.code if row.project else "", row.request_id,
    )


@never_cache
@login_required
@require_safe
def audit_changes(request: HttpRequest) -> HttpResponse:
    """Show what changed in people, roles, accounts, elevated work, newest first."""
    require(account_rules.can_audit, person_of(request), None)
    page = audit_queries.changes_page(
        before=as_key(request.GET.get("before")), after=as_key(request.GET.get("after"))
    )
    return render(request, "gaige/audit_changes.html", {"page": page})


@never_cache
@login_required
@require_safe
def provisions(request: HttpRequest) -> HttpResponse:
    """Show what was given to other bodies (对外提供记录), newest first."""
    require(account_rules.can_audit, person_of(request), None)
    page = audit_queries.provisions_page(
        before=as_key(request.GET.get("before")), after=as_key(request.GET.get("after"))
    )
    return render(request, "gaige/audit_provisions.html", {"page": page})


@login_required
@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """Show who may do what: the matrix of roles, for the staff."""
    require(account_rules.can_see_roles, person_of(request), None)
    return render(request, "gaige/roles.html", {"matrix": matrix()})
