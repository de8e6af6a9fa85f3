"""Pages of 好差评: rate by code or signed in, the window's screen, the officer's follow-ups, rectifications."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from agency import below, voice_forms, voice_pages, voice_rules
from agency.models import FollowUp, RatingAsk, RatingCall
from agency.models.ratings import officer_centres
from agency.services import rating, rating_follow
from agency.voice_states import TONES, AskScope, Channel, FollowState, tone_of
from agency.voice_waiting import waiting_of_follow_up
from archives import codewords, qr
from archives.limits import rate_limited
from archives.serving import serve_paper
from packages.views.acting import Step, ask, attempt
from packages.views.fetching import person, project_or_404
from projects.access import access_of
from projects.errors import require
from projects.exports import FORMATS, file_response
from projects.paging import as_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms

    from agency.models import Rating
    from projects.errors import Verdict
    from projects.models import User

PHONES = ("Mobile", "Android", "iPhone", "MicroMessenger", "HarmonyOS")
#: What the address may say of the device; everything else that comes by a code is a telephone.
VIA = {"pad": Channel.PAD, "terminal": Channel.TERMINAL}
#: The cookie of a browser without an account that has rated, and for how many seconds it is kept.
RATED, RATED_AGE = "rated-", 400 * 24 * 3600
RELATED = (
    "project__owner", "project__centre", "case__matter", "line", "application", "body", "rating__follow_up__paper",
)


# Rating --------------------------------------------------------------------------------------------------------------


def _ask_by(token: str) -> RatingAsk:
    found: RatingAsk = get_object_or_404(RatingAsk.objects.select_related(*RELATED), token=token)
    return found


def base_for(request: HttpRequest) -> str:
    """Return the frame of a page that people open signed in or by a code."""
    return "base_office.html" if request.user.is_authenticated else "base_public.html"


def _channel(request: HttpRequest) -> int:
    """Return where a rating comes from: the window's pad or terminal, a computer or telephone signed in, a code."""
    if (via := request.GET.get("via", "")) in VIA:
        return VIA[via]
    if not request.user.is_authenticated:
        return Channel.QR
    return Channel.MOBILE if any(word in request.headers.get("User-Agent", "") for word in PHONES) else Channel.PC


@never_cache
@rate_limited("rate")
@require_http_methods(["GET", "POST"])
def rate_entry(request: HttpRequest) -> HttpResponse:
    """Ask for the code of an occasion; who is signed in for an enterprise sees the own list instead."""
    if access_of(request.user).is_owner and request.method == "GET":
        return redirect("agency:ratings_mine")
    form = voice_forms.CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = RatingAsk.objects.filter(code=form.cleaned_data["code"]).first()
        if found is not None:
            via = request.GET.get("via", "")
            return redirect(f"{reverse('agency:rate', args=[found.token])}{f'?via={via}' if via in VIA else ''}")
        form.add_error("code", "没有这个评价码，请核对窗口屏幕或者短信。")
    return render(request, "agency/rate_entry.html", {"form": form}, status=409 if form.errors else 200)


def _given(request: HttpRequest, found: RatingAsk) -> tuple[Rating | None, Verdict]:
    """Return the rating that the reader may read, and what may be done, or why it is not shown."""
    if not hasattr(found, "rating"):
        return None, voice_rules.can_rate(request.user, found)
    here = request.get_signed_cookie(f"{RATED}{found.pk}", default="", salt=RATED) == found.token
    verdict = voice_rules.can_read_rating(request.user, found, rated_here=here)
    return (found.rating if verdict else None), verdict


def _remember(request: HttpRequest, response: HttpResponse, found: RatingAsk) -> HttpResponse:
    """Let the own telephone of a stranger see later what came of it; a device of the window is everybody's."""
    if not request.user.is_authenticated and request.GET.get("via", "") not in VIA:
        response.set_signed_cookie(
            f"{RATED}{found.pk}", found.token, salt=RATED, max_age=RATED_AGE, path=reverse("agency:rate_entry"),
            secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
        )
    return response


@never_cache
@rate_limited("rate")
@require_http_methods(["GET", "POST"])
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """Rate once, or show who rated what was rated and what came of it."""
    found = _ask_by(token)
    given, may = _given(request, found)
    form = voice_forms.RateForm(request.POST or None)
    if request.method == "POST" and (given is not None or not hasattr(found, "rating")):
        if given is None:
            require(voice_rules.can_rate, request.user, found)
        if form.is_valid():
            by = person(request) if request.user.is_authenticated else None
            made = attempt(form, rating.rate, found.pk, by=by, channel=_channel(request), **form.cleaned_data)
            if made is not None:
                messages.success(request, "评价已提交，谢谢。")
                return _remember(request, redirect(request.get_full_path()), found)
    context = {
        "ask": found, "given": given, "form": form, "may": may, "tone": tone_of(given.grade) if given else "",
        "follow": getattr(given, "follow_up", None) if given else None, "base": base_for(request),
    }
    return render(request, "agency/rate.html", context, status=409 if form.non_field_errors() else 200)


@never_cache
@rate_limited("rate")
@require_safe
def rate_reply(request: HttpRequest, token: str) -> HttpResponseBase:
    """Hand out the reply to a low grade to who rated."""
    given, _ = _given(request, _ask_by(token))
    follow = getattr(given, "follow_up", None) if given else None
    if follow is None or follow.paper is None:
        raise Http404
    return serve_paper(request, follow.paper)


@login_required
@require_safe
def ratings_mine(request: HttpRequest) -> HttpResponse:
    """List what the own enterprises may rate, and what they have rated."""
    tabs, cut, tab = voice_pages.own_page(request.user, request.GET.dict())
    return render(request, "agency/ratings_mine.html", {"tabs": tabs, "cut": cut, "tab": tab})


@login_required
@require_safe
def rate_here(request: HttpRequest, pk: int) -> HttpResponse:
    """The window shows the code of what may be rated now, large, for the telephone of who stands there."""
    project = project_or_404(request, pk)
    require(voice_rules.can_show_asks, request.user, project)
    found = RatingAsk.objects.filter(project=project, rating=None).select_related(
        "case__matter", "line", "application", "body"
    )
    first = found.filter(scope=AskScope.VISIT).order_by("-pk").first() or found.order_by("-pk").first()
    wanted = as_key(request.GET.get("ask"))
    chosen = found.filter(pk=wanted).first() if wanted else first
    address = f"{settings.SITE_URL}{reverse('agency:rate', args=[chosen.token])}" if chosen else ""
    context = {
        "project": project, "asks": found.order_by("-pk")[:voice_pages.PAGE], "chosen": chosen, "address": address,
        "svg": qr.svg(address, level="M", label="扫码评价", size=280) if chosen else "",
        "code": codewords.grouped(chosen.code) if chosen else "",
    }
    return render(request, "agency/rate_here.html", context)


# The officer ---------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def ratings(request: HttpRequest) -> HttpResponseBase:
    """The officer's list of ratings; to everybody else of the office the counts of the own body only."""
    require(voice_rules.can_see_counts, request.user, None)
    counts: dict[str, Any] = {"bodies": voice_pages.body_rows(access_of(request.user).organisations)}
    if centres := below.centres_below(request.user):
        counts |= {"columns": below.RATING_COLUMNS, "rows": below.rating_rows(centres, voice_pages.period())}
    if not voice_rules.can_see_ratings(request.user):
        return render(request, "agency/ratings.html", counts)
    asked, form = request.GET.dict(), voice_forms.RatingFilterForm(request.GET)
    form.is_valid()
    if asked.get("export") in FORMATS:
        return file_response(voice_pages.rating_table(request.user, asked, form.cleaned_data), asked["export"])
    page = voice_pages.ratings_page(request.user, asked, form.cleaned_data)
    return render(request, "agency/ratings.html", {"page": page, "form": form, **counts})


def _follow(request: HttpRequest, pk: int) -> FollowUp:
    related = (
        "rating__ask__project__centre", "rating__ask__project__owner", "rating__ask__case__matter", "rating__ask__line",
        "rating__ask__application", "rating__ask__body", "rating__given_by", "rating__person", "clock", "body", "paper",
        "officer", "mended_by", "appealed_by", "judged_by",
    )
    found: FollowUp = get_object_or_404(FollowUp.objects.handled_by(request.user).select_related(*related), pk=pk)
    return found


@login_required
@require_safe
def follow_up(request: HttpRequest, pk: int) -> HttpResponse:
    """One follow-up: the rating, the calls, the rectification, the reply, and what may be done now."""
    row, user = _follow(request, pk), person(request)
    context = {
        "row": row, "rating": row.rating, "ask": row.rating.ask, "tone": TONES[row.state],
        "grade_tone": tone_of(row.rating.grade), "waiting": waiting_of_follow_up(row),
        "calls": RatingCall.objects.filter(follow_up=row).select_related("called_by").order_by("-pk"),
        "acts": _follow_acts(row, user),
    }
    return render(request, "agency/follow_up.html", context)


def _follow_acts(row: FollowUp, user: User) -> list[tuple[str, str, Any]]:
    every = [
        ("登记回访", "call", voice_rules.can_call(user, row), FollowState.TO_CALL),
        ("登记整改", "mend", voice_rules.can_mend(user, row), FollowState.MENDING),
        ("核查申诉", "judge", voice_rules.can_judge(user, row), FollowState.APPEALED),
        ("答复评价人", "reply", voice_rules.can_reply(user, row), FollowState.TO_REPLY),
    ]
    return [
        (label, reverse("agency:follow_step", args=[row.pk, step]), verdict)
        for label, step, verdict, state in every if row.state == state
    ]


def _call(row: FollowUp, by: User, given: dict[str, Any]) -> FollowUp:
    return rating_follow.call_back(row.pk, by=by, **given)


def _judge(row: FollowUp, by: User, given: dict[str, Any]) -> FollowUp:
    return rating_follow.judge(row.pk, by=by, holds=given["holds"] == "yes", words=given["words"])


def _worded(service: Callable[..., FollowUp], row: FollowUp, by: User, given: dict[str, Any]) -> FollowUp:
    return service(row.pk, by=by, words=given["words"], at=given.get("at"))


#: step -> title, button, done, rule, service, form, what is said
FOLLOW_STEPS: dict[str, tuple[str, str, str, Any, Any, Any, str]] = {
    "call": ("登记差评回访", "登记", "回访已登记。", voice_rules.can_call, _call, voice_forms.CallForm,
             "整改要求会发给被评单位：请用自己的话写清改什么，不写评价人、项目、事项和等级。"),
    "mend": ("登记整改", "登记", "整改已登记。", voice_rules.can_mend, partial(_worded, rating_follow.mend),
             partial(voice_forms.WordsForm, label="整改情况"), "登记后由中心回访人员答复评价人。"),
    "judge": ("核查申诉", "作出结论", "结论已告知申诉人。", voice_rules.can_judge, _judge, voice_forms.JudgeForm,
              "申诉成立的，评价不计入统计，仍保留在记录里。"),
    "reply": ("答复评价人", "答复并出具文书", "已答复，文书已编号。", voice_rules.can_reply,
              partial(_worded, rating_follow.reply), partial(voice_forms.WordsForm, label="答复"),
              "答复以文书送达评价人，评价页可以看到和下载。"),
    "appeal": ("申诉", "提出申诉", "申诉已提出，由中心主任核查。", voice_rules.can_appeal,
               partial(_worded, rating_follow.appeal), partial(voice_forms.WordsForm, label="理由和依据"),
               "认为属于恶意评价的可以申诉一次；核查期间时限不停。"),
}


#: What is done on the telephone or at a counter, and may be keyed in later.
BEFORE_IT_IS_KEYED_IN = {"call", "mend"}


def _step(request: HttpRequest, row: FollowUp, name: str, back: str) -> HttpResponse:
    title, button, done, rule, run, make, says = FOLLOW_STEPS[name]
    verdict = rule(request.user, row)
    if request.method == "POST":
        require(rule, request.user, row)
    form: forms.Form = make(request.POST or None)
    step = Step(
        title=title, button=button, done=done, verdict=verdict, back=back, says=(says,),
        run=lambda given: run(row, person(request), given), may_be_late=name in BEFORE_IT_IS_KEYED_IN,
    )
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def follow_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Take a step of a follow-up as the officer."""
    if step not in {"call", "mend", "judge", "reply"}:
        raise Http404
    return _step(request, _follow(request, pk), step, reverse("agency:follow_up", args=[pk]))


@login_required
@require_safe
def follow_reply(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand out the reply to the officer."""
    row = _follow(request, pk)
    if row.paper is None:
        raise Http404
    return serve_paper(request, row.paper)


# The body that mends -------------------------------------------------------------------------------------------------


@login_required
@require_safe
def rectifications(request: HttpRequest) -> HttpResponse:
    """What the own body has to mend: the order in the officer's words, never who rated."""
    require(voice_rules.can_see_counts, request.user, None)
    page = voice_pages.rectifications(request.user, request.GET.dict())
    bodies = voice_pages.body_rows(access_of(request.user).organisations)
    context = {"page": page, "bodies": bodies, "may_follow": bool(officer_centres(request.user))}
    return render(request, "agency/rectifications.html", context)


def _ordered(request: HttpRequest, pk: int) -> FollowUp:
    found: FollowUp = get_object_or_404(
        FollowUp.objects.ordered_to(request.user).select_related(
            "clock", "body", "mended_by", "appealed_by", "rating__ask__project"
        ), pk=pk,
    )
    return found


@login_required
@require_safe
def rectification(request: HttpRequest, pk: int) -> HttpResponse:
    """One order to mend."""
    row, user = _ordered(request, pk), person(request)
    every = [
        ("登记整改", "mend", voice_rules.can_mend(user, row)), ("申诉", "appeal", voice_rules.can_appeal(user, row)),
    ]
    acts = [(label, reverse("agency:rectify_step", args=[pk, step]), verdict) for label, step, verdict in every]
    is_open = row.state in {FollowState.MENDING, FollowState.APPEALED}
    context = {
        "row": row, "tone": TONES[row.state], "waiting": waiting_of_follow_up(row) if is_open else None,
        "acts": acts if row.state == FollowState.MENDING else [],
    }
    return render(request, "agency/rectification.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def rectify_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Say what was mended, or appeal."""
    if step not in {"mend", "appeal"}:
        raise Http404
    return _step(request, _ordered(request, pk), step, reverse("agency:rectification", args=[pk]))
