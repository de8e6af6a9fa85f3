"""Permits that run out, letters in lieu, and the calendar of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import living_data, living_rules
from packages.living_forms import (
    AnswerStopForm,
    ConvertForm,
    InspectForm,
    PrepermitForm,
    StoppedForm,
    TermsForm,
    UseLetterForm,
    WorkingForm,
)
from packages.models import ConditionalPermit, Letter
from packages.screens import living as screen
from packages.services import conditional, letters
from packages.views.acting import Step, ask
from packages.views.fetching import case_or_404, item_or_404, person, project_or_404
from projects import timing
from projects.errors import require
from projects.forms import back_entry_form
from projects.models import Project


def permit_or_404(request: HttpRequest, pk: int) -> ConditionalPermit:
    """A permit of a visible project."""
    related = (
        "project__owner", "project__centre", "case__matter__matter", "case__lead", "paper", "issuer", "supervisor",
        "inspection", "stop_issue", "formal_paper", "formal_case__matter",
    )
    found: ConditionalPermit = get_object_or_404(
        ConditionalPermit.objects.visible_to(request.user).select_related(*related), pk=pk
    )
    return found


def letter_or_404(request: HttpRequest, pk: int) -> Letter:
    """A letter of a visible project."""
    related = (
        "project__owner", "project__centre", "case__matter__matter", "case__lead", "paper__document", "issuer",
        "formal_paper", "formal_case__matter",
    )
    found: Letter = get_object_or_404(Letter.objects.visible_to(request.user).select_related(*related), pk=pk)
    return found


def _shown(word: str, page: screen.LivingPage) -> dict[str, Any]:
    return {"page": page, word: page.living, "project": page.living.project}


# The calendar --------------------------------------------------------------------------------------------------------


def _around(request: HttpRequest, page: screen.CalendarPage, project: Project | None = None) -> dict[str, Any]:
    office = living_rules.can_see_letters(person(request)).ok
    return {"page": page, "project": project, "site_url": settings.SITE_URL, "user_is_office": office}


@login_required
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show what runs out in all projects that the asker may see."""
    projects = Project.objects.visible_to(request.user)
    page = screen.calendar_page(projects, person(request), request.GET.dict())
    return render(request, "packages/calendar.html", _around(request, page))


@login_required
@require_safe
def project_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what runs out in one project."""
    project = project_or_404(request, pk)
    page = screen.calendar_page(
        Project.objects.filter(pk=pk), person(request), request.GET.dict(), project=project
    )
    return render(request, "packages/calendar.html", _around(request, page, project))


# Permits -------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def permit(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a conditional permit: scope, days, inspection, what comes after it."""
    page = screen.permit_page(permit_or_404(request, pk), person(request))
    return render(request, "packages/permit.html", _shown("permit", page))


def _permit_step(
    request: HttpRequest, found: ConditionalPermit, form: Any, verdict: Any, run: Callable[[dict[str, Any]], object],
    **words: Any,
) -> HttpResponse:
    """A step of a permit on a page of its own."""
    says = (
        f"{found.project.name}（{found.project.code}）",
        f"{found.name}，范围：{found.scope}；有效期至{timing.written(found.valid_until)}，{found.get_state_display()}。",
        *words.pop("says", ()),
    )
    step = Step(
        back=reverse("packages:permit", args=[found.pk]), verdict=verdict, run=run, says=says, **words,
    )
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def inspect(request: HttpRequest, pk: int) -> HttpResponse:
    """The supervising body closes the inspection of the phase."""
    found = permit_or_404(request, pk)
    return _permit_step(
        request, found, InspectForm(request.POST or None), living_rules.can_inspect(request.user, found),
        lambda given: conditional.close_inspection(
            pk, by=person(request), result=given["result"], holds=given["holds"] == "yes", at=given["at"]
        ),
        may_be_late=True,
        title=f"办结阶段检查：{found.name}", button="提交检查结果", done="检查结果已记录。", seg="holds",
        says=(f"{found.inspection}。" if found.inspection else "", "检查办结后，下一段许可才能准予。"),
    )


@login_required
@require_http_methods(["GET", "POST"])
def report_working(request: HttpRequest, pk: int) -> HttpResponse:
    """Works went on after the permit lapsed."""
    found = permit_or_404(request, pk)
    return _permit_step(
        request, found, WorkingForm(request.POST or None), living_rules.can_check_stop(request.user, found),
        lambda given: conditional.report_working(
            pk, by=person(request), found=given["found"], on=given["on"], at=given["at"]
        ),
        may_be_late=True,
        title=f"登记停工核查：{found.name}", button="出具停工核查通知",
        done="停工核查已开始，通知书已出具。", danger=True,
        says=("许可失效后仍在施工的，出具停工核查通知书，由建设单位答复、监管单位复核。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def answer_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner says how the works were stopped."""
    found = permit_or_404(request, pk)
    return _permit_step(
        request, found, AnswerStopForm(request.POST or None), living_rules.can_answer_stop(request.user, found),
        lambda given: conditional.answer_stop(pk, by=person(request), answer=given["answer"]),
        title=f"答复停工核查：{found.name}", button="提交答复", done="答复已提交，等监管单位复核。",
        says=(f"{found.stop_issue}。" if found.stop_issue else "",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def close_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """The supervising body says whether the works stand still."""
    found = permit_or_404(request, pk)
    answer = found.stop_issue.answer if found.stop_issue else ""
    return _permit_step(
        request, found, StoppedForm(request.POST or None), living_rules.can_check_stop(request.user, found),
        lambda given: conditional.close_stop_check(
            pk, by=person(request), stands_still=given["stands_still"] == "yes", note=given["note"], at=given["at"]
        ),
        may_be_late=True,
        title=f"核查停工：{found.name}", button="提交核查结果", done="核查结果已记录。", seg="stands_still",
        says=(f"建设单位答复：{answer}" if answer else "",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def prepermit(request: HttpRequest, pk: int) -> HttpResponse:
    """The chief issues a pre-permit ahead of a formal matter."""
    case = case_or_404(request, pk)
    kinds = living_data.prepermit_choices(case.matter.matter.code, timing.today())
    step = Step(
        title=f"出具预许可：{case.matter.name}", button="出具", back=reverse("packages:case", args=[pk]), case=case,
        verdict=living_rules.can_issue_prepermit(request.user, case), done="预许可已出具并归档，到期日历已列入。",
        run=lambda given: conditional.issue_prepermit(pk, by=person(request), **given), may_be_late=True,
        says=("预许可只在所写范围和有效期内有效，不延长；期内办结正式许可的自动转正，已交材料不再提交。",)
        if kinds else ("本事项没有可以出具的预许可种类。",),
    )
    return ask(request, PrepermitForm(request.POST or None, kinds=kinds), step)


@login_required
@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead department writes what the paper of a case will say."""
    case = case_or_404(request, pk)
    code, day = case.matter.matter.code, timing.today()
    kind, rule = living_data.permit_kind_of(code, day), living_data.letter_rule_of(code, day)
    form = TermsForm(
        request.POST or None, scope=conditional.scope_of(case, kind) if kind else None,
        fields=letters.fields_of(case, rule) if rule else (),
    )
    step = Step(
        title=f"拟定内容：{case.matter.result_name}", button="保存", case=case,
        back=reverse("packages:case", args=[pk]),
        verdict=living_rules.can_set_terms(request.user, case), done="已保存，作出准予决定时写进文书。",
        run=lambda given: conditional.set_terms(
            pk, by=person(request), scope=given.get("scope", ""), values=form.values()
        ),
        says=("这里写的内容印在文书上，准予后不再更改。",),
    )
    return ask(request, form, step)


# Letters -------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def letter_list(request: HttpRequest) -> HttpResponse:
    """Show the letters outstanding."""
    require(lambda user, _: living_rules.can_see_letters(user), person(request), None)
    return render(request, "packages/letters.html", screen.letters_page(person(request), request.GET.dict()))


@login_required
@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a letter: what it states, for which matters, until when, where it is used."""
    page = screen.letter_page(letter_or_404(request, pk), person(request))
    return render(request, "packages/letter.html", _shown("letter", page))


@login_required
@require_http_methods(["GET", "POST"])
def convert_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare a letter with the formal certificate field by field; convert it, or only look (`look`)."""
    found = letter_or_404(request, pk)
    require(living_rules.can_compare, person(request), found)
    form = ConvertForm(request.POST or None, letter=found, known=screen.known_values(found))
    formal = letters.formal_of(found)
    beside = {"letter": found, "rows": screen.comparison(found, form.values()), "formal": formal}
    step = Step(
        title=f"核对换发：{found.name}", button="确认换发", back=reverse("packages:letter", args=[pk]),
        verdict=living_rules.can_convert_letter(request.user, found), done="已换发，正式证件代替本函。",
        run=lambda given: letters.convert_letter(
            pk, by=person(request), values=form.values(), reason=given["reason"], at=given["at"]
        ),
        beside=beside, may_be_late=True,
    )
    if "look" in request.POST:
        shown = {"form": form, "step": step, "case": None, "late": back_entry_form(request.user, request.POST)}
        return render(request, "packages/letter_convert.html", shown | beside)
    return ask(request, form, step, "packages/letter_convert.html")


@login_required
@require_http_methods(["GET", "POST"])
def use_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Meet a line of a checklist with a letter of the project."""
    item = item_or_404(request, pk)
    found = Letter.objects.filter(project=item.case.project).select_related("paper").order_by("-valid_until", "pk")
    back = reverse("packages:application", args=[item.case.application_id]) if item.case.application_id else (
        reverse("packages:case", args=[item.case_id])
    )
    step = Step(
        title=f"以函代证：{item.name}", button="用这份函", back=back, case=item.case,
        verdict=living_rules.can_use_letter(request.user, item), done="已以函代证，正式证件办结后换发。",
        run=lambda given: letters.use_letter(pk, letter_id=int(given["letter"]), by=person(request), at=given["at"]),
        may_be_late=True, says=("只能用所列事项可用、今天仍在有效期内的函。",),
    )
    return ask(request, UseLetterForm(request.POST or None, letters=found), step)
