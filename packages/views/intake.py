"""The window: applying, the checklist, handing in, notices, acceptance, refusal, withdrawal."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from packages import rules
from packages.forms import AnswerForm, ApplyForm, MaterialForm, RefuseForm, SettleForm
from packages.models import Application, MatterCase
from packages.same_faults import fault_word
from packages.screens import accepting, acting, applying, arriving, checklist, deciding, intake
from packages.screens import filing as filing_screen
from packages.screens.regional_said import uses_of
from packages.services import intake as services
from packages.services import settling
from packages.services.correction import AWAY
from packages.views import filing
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import (
    application_or_404,
    case_or_404,
    issue_or_404,
    item_or_404,
    person,
    project_or_404,
)
from projects.going_back import back_to
from projects.models import User
from projects.paging import as_key

CLEAR = "packages:application"
#: The line whose change was refused and why, until the page has shown it.
REFUSED = "refused_line"


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show where intake begins: the scan field, and what lies half done."""
    return render(request, "packages/intake.html", {"page": arriving.arrival_page(person(request))})


@login_required
@require_safe
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead on from a scanned project to its questions, its open application or the matters of its next stage."""
    return redirect(arriving.start_url(project_or_404(request, pk), person(request)))


@login_required
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose several matters; one POST opens the application, the same POST again finds it."""
    project = project_or_404(request, pk)
    page = applying.apply_page(project, person(request))
    form = ApplyForm(request.POST or None, codes=page.known, initial={"form_key": page.form_key})
    if form.is_valid():
        given = {"matter_codes": form.cleaned_data["matters"], "form_key": form.cleaned_data["form_key"]}
        source = applying.source_of(request.user)
        if found := attempt(form, services.open_application, pk, by=person(request), source=source, **given):
            return redirect(CLEAR, pk=found.pk)
    chosen = request.POST.getlist("matters") if form.is_bound else page.ready_in(request.GET.get("stage", ""))
    context = {"project": project, "page": page, "form": form, "chosen": chosen, "regional": uses_of(project)}
    return render(request, "packages/apply.html", context, status=CONFLICT if form.errors else 200)


@login_required
@require_http_methods(["GET"])
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an application: checklist, what is missing, verdicts; a refused change stands on its line."""
    found = application_or_404(request, pk)
    if filing_screen.is_for(person(request), found.project):
        return filing.show(request, found)
    wrong, error = request.session.pop(REFUSED, (0, ""))
    return _show(request, found, wrong=wrong, error=error)


def _show(
    request: HttpRequest, found: Application, *, wrong: int = 0, error: str = "", status: int = 200
) -> HttpResponse:
    page = intake.intake_page(found, person(request), wrong=wrong, error=error)
    context = _context(request, page) | {"error": error if not wrong else "", "regional": uses_of(found.project)}
    return render(request, "packages/application.html", context, status=status)


def _context(request: HttpRequest, page: intake.IntakePage) -> dict[str, Any]:
    """What the page and its parts read; `scope` is the case whose verdicts are shown."""
    found = page.application
    scopes = [bar.scope for bar in page.bars]
    asked = request.GET.get("case", "")
    scope = asked if asked in scopes else next(iter(scopes), "")
    return {
        "application": found, "project": found.project, "page": page, "scope": scope,
        "asked": as_key(request.GET.get("asked", "")) or 0, "most": intake.ASKS,
    }


@login_required
@require_safe
def papers(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the papers of an application again, as long as one of them has no PDF yet; a part of its page."""
    page = intake.intake_page(application_or_404(request, pk), person(request))
    context = _context(request, page)
    return render(request, "packages/_papers.html", context | {"asked": context["asked"] + 1})


@login_required
@require_POST
def material(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one line of the checklist; saved at once. What is refused stands on the line, not on a page of its own."""
    item = item_or_404(request, pk)
    found = cast("Application", item.case.application)
    before = checklist.lines_of(found)
    form = MaterialForm(request.POST, request.FILES)
    done = form.is_valid() and attempt(form, services.set_material, pk, by=person(request), **form.cleaned_data)
    error = "".join(str(words) for errors in form.errors.values() for words in errors)
    if request.headers.get("HX-Request"):
        return _changed(request, found, before, pk, error)
    if not done:
        request.session[REFUSED] = (pk, error)
    return redirect(f"{reverse(CLEAR, args=[found.pk])}#m{pk}")


def _changed(
    request: HttpRequest, found: Application, before: dict[int, tuple[object, ...]], pk: int, error: str
) -> HttpResponse:
    """The parts of the page that a change has moved: its line, the lines that it met, what is missing, the verdicts."""
    page = intake.intake_page(application_or_404(request, found.pk), person(request), wrong=pk, error=error)
    after = checklist.lines_of(found)
    changed = {key for key, row in after.items() if before.get(key) != row} | {pk}
    entries = [entry for entry in page.cases if changed & {line.item.pk for line in entry.lines}]
    context = _context(request, page) | {"entries": entries, "changed": changed}
    return render(request, "packages/_changed.html", context, status=CONFLICT if error else 200)


@login_required
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in the application (接件); the receipt is a paper."""
    application_or_404(request, pk)
    services.submit_application(pk, by=person(request))
    messages.success(request, "已接件，材料回执已出具。")
    return redirect(CLEAR, pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw away an application that was not handed in; its matters can be applied for again."""
    found = application_or_404(request, pk)
    step = Step(
        title=f"取消申报 {found.number}", button="取消申报", back=reverse("packages:plan", args=[found.project_id]),
        verdict=rules.can_receive(request.user, found), done="申报已取消，事项可以重新申报。", danger=True,
        run=lambda _: _discard(pk, person(request)), says=("已上传的文件留在档案里。",),
    )
    return ask(request, forms.Form(request.POST if request.method == "POST" else None), step)


def _discard(pk: int, by: User) -> bool:
    """Throw it away; True tells that it is done."""
    services.discard_application(pk, by=by)
    return True


@login_required
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept every received case of the application (受理)."""
    found = application_or_404(request, pk)
    page = intake.intake_page(found, person(request))
    step = Step(
        title=f"受理 {found.number}", button="受理", back=reverse(CLEAR, args=[pk]), verdict=page.accept,
        run=lambda given: services.accept_application(pk, by=person(request), at=given["at"]), may_be_late=True,
        done=accepting.words_after,
        says=(*(f"{e.case.matter.name}：{accepting.promise(e.case)}" for e in page.cases), *accepting.rest_day()),
    )
    return ask(request, forms.Form(request.POST if request.method == "POST" else None), step)


@login_required
@require_http_methods(["GET", "POST"])
def case_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept one case (受理)."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"受理：{case.matter.name}", button="受理", back=_home(case), case=case,
        verdict=rules.can_accept(request.user, case),
        done=lambda done: accepting.words_after([done]), may_be_late=True,
        run=lambda given: services.accept_case(pk, by=person(request), at=given["at"]),
        says=lambda: accepting.words_before(case),
    )
    return ask(request, forms.Form(request.POST if request.method == "POST" else None), step)


@login_required
@require_http_methods(["GET", "POST"])
def on_spot(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept and decide at the counter (即办)."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"即办办结：{case.matter.name}", button="即办办结", back=_home(case), case=case,
        verdict=rules.can_decide_on_spot(request.user, case), done="已即办办结，证照批文已出具。",
        run=lambda given: services.decide_on_spot(pk, by=person(request), at=given["at"]), may_be_late=True,
        says=lambda: tuple(deciding.on_spot_says(case)),
    )
    return ask(request, forms.Form(request.POST if request.method == "POST" else None), step)


def _home(case: MatterCase) -> str:
    """The page that a verdict on a case goes back to."""
    if case.application_id:
        return reverse(CLEAR, args=[case.application_id])
    return reverse("packages:case", args=[case.pk])


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer one told fault, with the mended file."""
    issue = issue_or_404(request, pk)
    case = case_or_404(request, int(issue.subject_key))
    form = AnswerForm(request.POST, request.FILES)
    if form.is_valid() and attempt(form, services.answer_fault, pk, by=person(request), **form.cleaned_data):
        messages.success(request, f"已答复：{issue.what}")
        return redirect(back_to(request, f"{_home(case)}#faults"))
    request.session[REFUSED] = (0, "".join(str(words) for errors in form.errors.values() for words in errors))
    return redirect(f"{_home(case)}#faults")


@login_required
@require_http_methods(["GET", "POST"])
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Check a deferred paper or a commitment (核实)."""
    issue = issue_or_404(request, pk)
    case = case_or_404(request, int(issue.subject_key))
    step = Step(
        title=f"核实{issue.get_kind_display()}：{issue.what}", button="记录核实结果", seg="holds", case=case,
        back=reverse("packages:case", args=[case.pk]), verdict=rules.can_settle(request.user, issue),
        done="核实结果已记录。",
        run=lambda given: settling.settle_issue(
            pk, by=person(request), holds=given["holds"] == "yes", note=given["note"], at=given["at"]
        ),
        may_be_late=True,
    )
    return ask(request, SettleForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def return_corrected(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in everything that was corrected; the clocks run again. The window may say when it was handed back."""
    found = application_or_404(request, pk)
    word = fault_word(case for case in found.cases.all() if case.state in AWAY)
    step = Step(
        title=f"交回{word}材料 {found.number}", button="交回", back=reverse(CLEAR, args=[pk]),
        verdict=rules.can_return_corrected(person(request), found), done=f"{word}材料已交回，时限恢复计算。",
        run=lambda given: services.return_corrected(pk, by=person(request), at=given["at"]), may_be_late=True,
        says=("全部问题都已答复后才能交回；交回后出具补正物料回执。",),
    )
    return ask(request, forms.Form(request.POST if request.method == "POST" else None), step)


@login_required
@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse the intake of a case: 不予受理 or 不受理, with reason and basis."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"不予受理：{case.matter.name}", button="确认并出具文书", back=_home(case), case=case, danger=True,
        verdict=acting.may_refuse(person(request), case), done="已作出决定，文书已出具。", seg="kind",
        run=lambda given: services.refuse_intake(
            pk, by=person(request), reason=given["reason"], basis=given["basis"], referral=given["referral"],
            not_ours=given["kind"] == "not_ours", at=given["at"],
        ),
        may_be_late=True, says=lambda: tuple(acting.refuse_says(case)),
    )
    return ask(request, RefuseForm(request.POST or None), step)
