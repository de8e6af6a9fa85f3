"""Pages of 咨询, 投诉, 办不成事: for who asks (signed in or by the code of a project) and for the desk that answers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from agency import below, voice_forms, voice_pages, voice_rules
from agency.models import Voice, VoiceTurn
from agency.models.ratings import officer_centres
from agency.services import voices as service
from agency.views.ratings import base_for
from agency.voice_states import TONES, TURNS_SHOWN, VoiceChannel, VoiceKind, VoiceState
from agency.voice_waiting import waiting_of_voice
from archives.limits import rate_limited
from archives.queries import token_of
from archives.serving import serve_paper
from archives.states import TokenState
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import person
from projects import timing
from projects.errors import Verdict, require
from projects.exports import FORMATS, file_response
from projects.models import Organisation
from projects.quoting import quoted

if TYPE_CHECKING:
    from django import forms

    from archives.models import QrToken
    from projects.models import User

# Asking --------------------------------------------------------------------------------------------------------------


def _code(request: HttpRequest) -> QrToken | None:
    """Return the project code that somebody comes with; 404 for one that opens nothing."""
    text = request.GET.get("q", "")
    if not text:
        return None
    found = token_of(text)
    if found is None or found.state != TokenState.ACTIVE:
        raise Http404
    return found


@never_cache
@rate_limited("voice")
@require_http_methods(["GET", "POST"])
def voice_ask(request: HttpRequest) -> HttpResponse:
    """Ask or complain: by the code of a project without an account, or signed in."""
    token = _code(request)
    user = person(request) if request.user.is_authenticated else None
    if token is None and user is None:
        return redirect(f"{reverse('gaige:login')}?{urlencode({'next': request.get_full_path()})}")
    require(voice_rules.can_ask, request.user, None)
    centre = token.project.centre if token else None
    form = voice_forms.VoiceForm(
        request.POST or None, bodies=voice_pages.bodies_to_name(centre), known=user is not None,
        projects=service.own_projects(user) if user is not None and token is None else None,
        initial={
            "kind": request.GET.get("kind", VoiceKind.CONSULT), "project": request.GET.get("project"),
            "key": str(uuid.uuid4()),
        },
    )
    if request.method == "POST" and form.is_valid():
        made = attempt(form, _asked, form.cleaned_data, token, user)
        if made is not None:
            messages.success(request, f"已提交，编号 {made.number}。中心在{timing.spoken(made.clock.due_on)}前答复。")
            return redirect("agency:voice_track", made.token)
    status = CONFLICT if form.is_bound and form.non_field_errors() else 200
    context = {"form": form, "token": token, "base": base_for(request)}
    return render(request, "agency/voice_ask.html", context, status=status)


def _asked(given: dict[str, Any], token: QrToken | None, user: User | None) -> Voice:
    return service.ask(
        by=user, kind=given["kind"], title=given["title"], words=given["words"],
        project_id=token.project_id if token else given.get("project"), about_body_id=given["about"],
        about_person=given["person"], name=given.get("name", ""), phone=given["phone"], form_key=given["key"],
        channel=VoiceChannel.QR if token else VoiceChannel.PORTAL,
    )


RELATED = ("project", "centre__region", "forwarded_to", "about_body", "about_person", "clock", "asked_by")


def _tracked(request: HttpRequest, token: str) -> Voice:
    """Return what was asked, for who holds its link; what an account asked needs that account."""
    found: Voice = get_object_or_404(Voice.objects.select_related(*RELATED), token=token)
    if found.asked_by_id is not None and found.asked_by_id != request.user.pk:
        raise Http404
    return found


@never_cache
@rate_limited("voice")
@require_safe
def voice_track(request: HttpRequest, token: str) -> HttpResponse:
    """Show who asked how far it is, the answers, and what may be done."""
    row = _tracked(request, token)
    user = request.user
    context = {
        "row": row, "tone": TONES[row.state], "waiting": waiting_of_voice(row, to_asker=True),
        "turns": voice_pages.turns_of(row, inside=False), "follow": voice_rules.can_follow_up(user, row),
        "verdict": voice_rules.can_give_verdict(user, row), "back": voice_rules.can_take_back(user, row),
        "base": base_for(request),
    }
    return render(request, "agency/voice_track.html", context)


@never_cache
@rate_limited("voice")
@require_http_methods(["GET", "POST"])
def voice_say(request: HttpRequest, token: str, step: str) -> HttpResponse:
    """追问, 满意, 不满意 or 撤回 by who asked."""
    row = _tracked(request, token)
    steps = _steps_of_asker(request, row)
    if step not in steps:
        raise Http404
    title, button, done, verdict, form, run = steps[step]
    back = reverse("agency:voice_track", args=[token])
    asked = Step(title=title, button=button, done=done, verdict=verdict, back=back, run=run,
                 says=(f"{row.number} {row.title}",), beside={"base": base_for(request)})
    return ask(request, form, asked, "agency/voice_say.html")


def _steps_of_asker(request: HttpRequest, row: Voice) -> dict[str, tuple[str, str, str, Verdict, forms.Form, Any]]:
    """The steps of who asked, by the word of the address: title, button, what is told then, verdict, form, service."""
    by = person(request) if request.user.is_authenticated else None
    return {
        "follow": ("追问", "提交追问", "追问已提交，重新计算答复期限。", voice_rules.can_follow_up(request.user, row),
                   voice_forms.WordsForm(request.POST or None, label="追问"),
                   lambda given: service.follow_up(row.pk, by=by, words=given["words"])),
        "satisfied": ("评价答复：满意", "确认满意", "谢谢您的评价。", voice_rules.can_give_verdict(request.user, row),
                      voice_forms.OptionalWordsForm(request.POST or None),
                      lambda given: service.give_verdict(row.pk, by=by, satisfied=True, words=given["words"])),
        "unsatisfied": ("评价答复：不满意", "提交", "已提交，由中心重新办理。",
                        voice_rules.can_give_verdict(request.user, row),
                        voice_forms.WordsForm(request.POST or None, label="哪里不满意"),
                        lambda given: service.give_verdict(row.pk, by=by, satisfied=False, words=given["words"])),
        "withdraw": ("撤回", "确认撤回", "已撤回。", voice_rules.can_take_back(request.user, row),
                     voice_forms.OptionalWordsForm(request.POST or None),
                     lambda _: service.take_back(row.pk, by=by)),
    }


@never_cache
@rate_limited("voice")
@require_safe
def voice_track_pdf(request: HttpRequest, token: str, pk: int) -> HttpResponseBase:
    """Hand out the official reply to who asked."""
    turn = get_object_or_404(VoiceTurn, pk=pk, voice=_tracked(request, token), kind__in=TURNS_SHOWN)
    if turn.paper is None:
        raise Http404
    return serve_paper(request, turn.paper)


@login_required
@require_safe
def voices_mine(request: HttpRequest) -> HttpResponse:
    """List what the person has asked."""
    page = voice_pages.own_voices(request.user, request.GET.dict())
    context = {"page": page, "may": voice_rules.can_ask(request.user)}
    return render(request, "agency/voices_mine.html", context)


# The desk ------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def voices(request: HttpRequest) -> HttpResponseBase:
    """List what lies at the desk: taken in as officer, or forwarded to the own body."""
    require(voice_rules.can_see_desk, request.user, None)
    asked, form = request.GET.dict(), voice_forms.VoiceFilterForm(request.GET)
    form.is_valid()
    if asked.get("export") in FORMATS:
        return file_response(voice_pages.voice_table(request.user, asked, form.cleaned_data), asked["export"])
    centre = Organisation.objects.filter(pk__in=officer_centres(request.user)).first()
    context = {
        "page": voice_pages.voices_page(request.user, asked, form.cleaned_data), "form": form,
        "figs": voice_pages.voice_figs(centre) if centre else [],
    }
    if centres := below.centres_below(request.user):
        context |= {"columns": below.VOICE_COLUMNS, "rows": below.voice_rows(centres, voice_pages.period())}
    return render(request, "agency/voices.html", context)


def _seen(request: HttpRequest, pk: int) -> Voice:
    found = voice_pages.desk_voices(request.user).select_related(*RELATED)
    row: Voice = get_object_or_404(found, pk=pk)
    return row


@login_required
@require_safe
def voice(request: HttpRequest, pk: int) -> HttpResponse:
    """One enquiry or complaint at the desk: the exchange, on whom it waits, what may be done."""
    row, user = _seen(request, pk), person(request)
    every = [
        ("答复", "answer", voice_rules.can_answer(user, row)), ("转办", "forward", voice_rules.can_forward(user, row)),
        ("退回", "return", voice_rules.can_return(user, row)), ("关闭", "close", voice_rules.can_close(user, row)),
    ]
    is_officer = bool(voice_rules.can_handle(user, row))
    context = {
        "row": row, "tone": TONES[row.state], "waiting": waiting_of_voice(row), "is_officer": is_officer,
        "turns": voice_pages.turns_of(row, inside=True, is_officer=is_officer),
        "acts": [(label, reverse("agency:voice_step", args=[pk, step]), may) for label, step, may in every if may.ok],
    }
    return render(request, "agency/voice.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def voice_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Forward, return, answer or close."""
    row, user = _seen(request, pk), person(request)
    again = "答复以文书送达，提出人可以追问和评价。" if row.kind != VoiceKind.CONSULT else "提出人可以追问和评价。"
    steps: dict[str, tuple[str, Any, Any, Any]] = {
        "forward": ("转办", voice_rules.can_forward, _forward_form,
                    lambda given: service.forward(pk, by=user, body_id=given["body"], words=given["words"])),
        "return": ("退回", voice_rules.can_return, _words("退回的理由"),
                   lambda given: service.send_back(pk, by=user, words=given["words"])),
        "answer": ("答复", voice_rules.can_answer, _words("答复", again),
                   lambda given: service.answer(pk, by=user, words=given["words"])),
        "close": ("关闭", voice_rules.can_close, _close_form,
                  lambda given: service.close(pk, by=user, words=given["words"])),
    }
    if step not in steps:
        raise Http404
    title, rule, make, run = steps[step]
    if request.method == "POST":
        require(rule, user, row)
    back = reverse("agency:voice", args=[pk]) if step != "return" else reverse("agency:voices")
    asked = Step(
        title=f"{title}：{row.number}", button=title, done=f"已{title}。", verdict=rule(user, row), back=back, run=run,
        says=(f"{row.get_kind_display()}{quoted(row.title)}，现在是“{row.get_state_display()}”。",),
    )
    return ask(request, make(request, row), asked)


def _forward_form(request: HttpRequest, row: Voice) -> forms.Form:
    bodies = [
        body for body in voice_pages.bodies_to_name(row.centre)
        if body.pk != row.centre_id and (row.kind == VoiceKind.CONSULT or body.pk != row.about_body_id)
    ]
    return voice_forms.ForwardForm(request.POST or None, bodies=bodies)


def _words(label: str, hint: str = "") -> Any:
    return lambda request, _: voice_forms.WordsForm(request.POST or None, label=label, hint=hint)


def _close_form(request: HttpRequest, row: Voice) -> forms.Form:
    if row.state == VoiceState.UNSATISFIED:
        return voice_forms.WordsForm(request.POST or None, label="关闭的理由和已作的说明")
    return voice_forms.OptionalWordsForm(request.POST or None)


@login_required
@require_safe
def voice_pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand out an official reply at the desk."""
    turn = get_object_or_404(VoiceTurn.objects.select_related("paper"), pk=pk)
    _seen(request, turn.voice_id)
    if turn.paper is None:
        raise Http404
    return serve_paper(request, turn.paper)
