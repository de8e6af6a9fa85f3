"""我的账号: password, second factor, sessions, delegation, consents, own data; and the privacy notice for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archives import qr
from archives.limits import address_of
from gaige import account_queries as queries
from gaige import sessions as gate
from gaige import signing
from gaige.account_forms import ContactForm, DelegateForm, ElevateForm, PasswordForm, RequestForm
from gaige.forms import CodeForm
from gaige.links import start_of
from projects import account_rules, privacy_data, timing
from projects.errors import DomainError, NotAllowed
from projects.exports import csv_response
from projects.going_back import back_to
from projects.models import SignIn, User
from projects.services import accounts, delegation, elevation, person_data, privacy, second_factor, sessions

CONFLICT = 409


def person_of(request: HttpRequest) -> User:
    """Return who is signed in."""
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required asked who is there")
    return request.user


def carry_out(form: forms.Form, act: Callable[[], Any], fields: dict[str, str] | None = None) -> bool:
    """Run a service for a valid form; what it refuses stands on the form."""
    if not form.is_valid():
        return False
    try:
        act()
    except NotAllowed:
        raise
    except DomainError as error:
        form.add_error((fields or {}).get(error.code), error.message)
        return False
    return True


def prove(
    request: HttpRequest, form: forms.Form, act: Callable[[], Any], fields: dict[str, str], *, key: str, what: str
) -> bool:
    """Run a service that asks for a secret anew; a session left open is no place to try secrets out.

    The first of `fields` is the one with the secret. After too many wrong ones nothing is tried for some minutes.
    """
    if not form.is_valid():
        return False
    secret = next(iter(fields.values()))
    if signing.failures(key, "") >= settings.LOGIN_TRIES:
        form.add_error(secret, signing.too_many())
        return False
    done = carry_out(form, act, fields)
    if form.has_error(secret) or (done and signing.failures(key, "")):
        signing.note_code(person_of(request), address=address_of(request), right=done, key=key, what=what)
    return done


def posted(request: HttpRequest) -> Any:
    """Return what was posted; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


@never_cache
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show everything about the own account on one page."""
    page = queries.account_page(person_of(request), request.session.session_key or "")
    return render(request, "gaige/account.html", {"page": page, "form": RequestForm()})


@sensitive_post_parameters("old", "new", "again")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Choose a new password; other sessions end."""
    user, form, key = person_of(request), PasswordForm(posted(request)), request.session.session_key or ""

    def change() -> None:
        given = form.cleaned_data
        accounts.change_password(user, old=given["old"], new=given["new"], this_session=key)

    fields = {"password_wrong": "old", "password_weak": "new"}
    done = request.method == "POST" and prove(
        request, form, change, fields, key=signing.password_key(user), what="换密码时核对密码"
    )
    if done:
        update_session_auth_hash(request, user)
        sessions.move(key, request.session.session_key or "")
        gate.look_what_is_owed(request, user)
        messages.success(request, "密码已更换，其他设备上的登录已结束。")
        return redirect("gaige:account")
    owed = request.session.get(gate.OWES) == gate.PASSWORD
    context = {"form": form, "owed": owed}
    return render(request, "gaige/account_password.html", context, status=CONFLICT if form.errors else 200)


# Second factor -------------------------------------------------------------------------------------------------------


@sensitive_post_parameters("code")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Bind an authenticator; once it is bound, make new recovery codes or end it."""
    user, codes, step = person_of(request), list[str](), request.POST.get("step")
    if step == "start":
        second_factor.begin(user)
        return redirect("gaige:factor")
    form = CodeForm(posted(request))
    if request.method == "POST":
        act: dict[str | None, Callable[[], Any]] = {
            "renew": lambda: codes.extend(second_factor.renew_codes(user, form.cleaned_data["code"])),
            "off": lambda: second_factor.switch_off(user, form.cleaned_data["code"]),
        }
        run = act.get(step, lambda: codes.extend(second_factor.confirm(user, form.cleaned_data["code"])))
        if prove(request, form, run, {"code_wrong": "code"}, key=signing.code_key(user), what="二次验证"):
            gate.look_what_is_owed(request, user)
            if not codes:
                messages.success(request, "二次验证已关闭。")
                return redirect("gaige:factor")
    return _factor_page(request, user, form, codes)


def _factor_page(request: HttpRequest, user: User, form: CodeForm, codes: list[str]) -> HttpResponse:
    stands = second_factor.is_asked(user)
    context: dict[str, Any] = {
        "form": form, "codes": codes, "stands": stands, "start": start_of(user),
        "owed": request.session.get(gate.OWES) == gate.FACTOR, "left": queries.recovery_left(user) if stands else 0,
    }
    waiting = None if stands else second_factor.waiting_of(user)
    if waiting is not None:
        form.fields["code"].help_text = ""  # a recovery code there is not yet
        context["secret"] = " ".join(waiting.secret[at:at + 4] for at in range(0, len(waiting.secret), 4))
        context["code"] = qr.svg.__wrapped__(
            second_factor.address_of(waiting), label="绑定验证器的二维码", size=200
        )
    return render(request, "gaige/account_factor.html", context, status=CONFLICT if form.errors else 200)


# Sessions ------------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one own session."""
    row = get_object_or_404(SignIn.objects.filter(user=person_of(request)), pk=pk)
    sessions.end_session(row.pk, by=person_of(request))
    messages.success(request, "那台设备上的登录已结束。")
    return redirect("gaige:account")


@login_required
@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """End every own session but this one."""
    user = person_of(request)
    ended = sessions.end_all(user, by=user, but=request.session.session_key or "")
    messages.success(request, f"已结束其他 {ended} 个登录。" if ended else "没有其他登录。")
    return redirect("gaige:account")


# Delegation ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def delegate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a role to a colleague until a day."""
    user = person_of(request)
    row = get_object_or_404(queries.delegable(user), pk=pk)
    form = DelegateForm(posted(request), colleagues=queries.colleagues(row).exclude(pk=user.pk))
    if request.method == "POST" and carry_out(
        form, lambda: delegation.delegate(pk, by=user, **form.cleaned_data),
        {"until": "until", "reason_missing": "reason"},
    ):
        given = form.cleaned_data
        messages.success(request, f"已委托{given['to']}代理，至{timing.written(given['until'])}。")
        return redirect("gaige:account")
    context = {"form": form, "row": row, "verdict": account_rules.can_delegate(user, row)}
    return render(request, "gaige/account_delegate.html", context, status=CONFLICT if form.errors else 200)


@login_required
@require_POST
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation that one gave or has."""
    row = get_object_or_404(queries.delegations_near(person_of(request)), pk=pk)
    delegation.end_delegation(row.pk, by=person_of(request))
    messages.success(request, "代理已结束。")
    return redirect("gaige:account")


# Elevated work -------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def elevate(request: HttpRequest) -> HttpResponse:
    """An administrator switches elevated work on."""
    user, form = person_of(request), ElevateForm(posted(request))
    if request.method == "POST" and carry_out(
        form, lambda: elevation.elevate(by=user, **form.cleaned_data),
        {"reason_missing": "reason", "minutes": "minutes"},
    ):
        messages.success(request, "特权操作已开启，到时自动关闭；办完请随手关闭。")
        return redirect(start_of(user))
    page = queries.elevation_page(user)
    context = {"form": form, "page": page, "verdict": account_rules.can_elevate(user, elevation.role_of(user))}
    return render(request, "gaige/account_elevate.html", context, status=CONFLICT if form.errors else 200)


@login_required
@require_POST
def step_down(request: HttpRequest) -> HttpResponse:
    """Switch elevated work off."""
    elevation.step_down(by=person_of(request))
    messages.success(request, "特权操作已关闭。")
    return redirect("gaige:elevate")


# Own data ------------------------------------------------------------------------------------------------------------


@require_safe
def privacy_notice(request: HttpRequest) -> HttpResponse:
    """Show the notice, each personal field with purpose and retention, to everybody."""
    context = {
        "parts": privacy_data.notice_parts(), "words": privacy_data.all_words()[privacy_data.NOTICE],
        "fields": [field for field in privacy_data.personal_fields() if field.table is not None],
    }
    return render(request, "gaige/privacy.html", context)


@login_required
@require_POST
def consent(request: HttpRequest, purpose: str, agree: int) -> HttpResponse:
    """Agree to a purpose, or withdraw it: one press each. Of the notice, that its words in force were read."""
    user = person_of(request)
    if agree and purpose == privacy_data.NOTICE:
        privacy.note_told(user)
        messages.success(request, "已记录您看过个人信息告知书。")
    elif agree:
        privacy.give(user, purpose)
        messages.success(request, "已记录您的同意，随时可以撤回。")
    else:
        privacy.withdraw(user, purpose)
        messages.success(request, "已撤回同意，不影响办理。")
    return redirect(back_to(request, reverse("gaige:account")))


@sensitive_post_parameters("phone", "email", "password")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def contacts(request: HttpRequest) -> HttpResponse:
    """联系方式: enter or change the own telephone and e-mail; the password is asked again."""
    user, changed = person_of(request), list[str]()
    form = ContactForm(posted(request), held=queries.held_contacts(user))

    def change() -> None:
        secret, wanted = form.cleaned_data["password"], form.wanted()
        changed.extend(accounts.change_contacts(
            user.pk, by=user, password=secret, phone=wanted.get("phone"), email=wanted.get("email")
        ))

    fields = {"password_wrong": "password", "phone_wrong": "phone", "email_wrong": "email"}
    key, what = signing.password_key(user), "改联系方式时核对密码"
    if request.method == "POST" and prove(request, form, change, fields, key=key, what=what):
        messages.success(request, f"已更新{'、'.join(changed)}。" if changed else "与登记的一样，没有变动。")
        return redirect(back_to(request, reverse("gaige:account") + "#data"))
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(request, "gaige/account_contacts.html", context, status=CONFLICT if form.errors else 200)


@never_cache
@login_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponseBase:
    """Give a person everything that the portal holds of him or her: as a table to read, or as JSON for a machine."""
    told = person_data.collect(person_of(request))
    if request.GET.get("format") == "csv":
        return csv_response(person_data.sheet_of(told), "我的个人信息")
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 2})
    name = f"我的个人信息-{timing.today():%Y%m%d}.json"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


@login_required
@require_POST
def data_request(request: HttpRequest) -> HttpResponse:
    """Ask for a correction or a deletion."""
    user, form = person_of(request), RequestForm(request.POST)
    if carry_out(form, lambda: privacy.ask(user, form.cleaned_data["kind"], form.cleaned_data["text"]),
                 {"text_missing": "text", "kind_unknown": "kind"}):
        messages.success(request, "请求已提交，答复会显示在本页。")
        return redirect("gaige:account")
    page = queries.account_page(user, request.session.session_key or "")
    return render(request, "gaige/account.html", {"page": page, "form": form}, status=CONFLICT)
