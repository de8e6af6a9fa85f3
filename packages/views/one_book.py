"""Pages of the combined report (一本多篇): the list, the book with its chapters, each step with its form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import assessment_forms as forms
from packages import assessment_rules as may
from packages.forms import SettleForm
from packages.models import BookChapter, BookClause, OneBook
from packages.screens import one_book as screen
from packages.services import book_clauses
from packages.services import one_book as service
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person, project_or_404
from projects import timing

EDIT = ["GET", "POST"]


def book_or_404(request: HttpRequest, pk: int) -> OneBook:
    """A combined report of a visible project."""
    related = ("project__owner", "project__centre", "case__matter", "paper", "opened_by", "signed_by")
    return get_object_or_404(OneBook.objects.visible_to(request.user).select_related(*related), pk=pk)


def chapter_or_404(request: HttpRequest, pk: int) -> BookChapter:
    """A chapter of a visible combined report."""
    found = BookChapter.objects.filter(book__in=OneBook.objects.visible_to(request.user))
    return get_object_or_404(found.select_related("book__project__owner", "book__project__centre", "reviewer"), pk=pk)


@login_required
@require_safe
def book_list(request: HttpRequest) -> HttpResponse:
    """What is under way."""
    return render(request, "packages/books.html", {"page": screen.book_list(person(request), request.GET)})


@login_required
@require_safe
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """A combined report."""
    page = screen.book_page(book_or_404(request, pk), person(request))
    return render(request, "packages/book.html", {"page": page, "book": page.book, "project": page.book.project})


@login_required
@require_http_methods(EDIT)
def open_book(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a combined report in."""
    found, form = project_or_404(request, pk), forms.NothingForm(request.POST or None)
    names = "、".join(chapter.name for chapter in service.chapters_needed(found))
    step = Step(
        title="统一受理一本多篇", button="统一受理", run=lambda _: None, back=reverse("packages:assessment", args=[pk]),
        done="", verdict=may.can_open_book(request.user, found),
        says=(f"{found.name}（{found.code}）", f"按计划要编制：{names or '无'}。",
            "项目概况由系统填入第0篇，各篇共用。"),
    )
    if request.method == "POST" and form.is_valid():
        made = attempt(form, service.open_book, pk, by=person(request))
        if made is not None:
            messages.success(request, "已统一受理。")
            return redirect("packages:book", made.pk)
    status = status_of(form)
    return render(request, "packages/confirm.html", {"form": form, "step": step}, status=status)


def _step(request: HttpRequest, found: OneBook, form: Any, **words: Any) -> HttpResponse:
    says = (f"{found.project.name}（{found.project.code}）", *words.pop("says", ()))
    return ask(request, form, Step(back=reverse("packages:book", args=[found.pk]), says=says, **words))


@login_required
@require_http_methods(EDIT)
def shared(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter chapter 0."""
    found = book_or_404(request, pk)
    form = forms.SharedForm(request.POST or None, initial={"text": forms.SharedForm.text_of(found)})
    return _step(
        request, found, form, title="第0篇　项目概况", button="保存", done="第0篇已保存，各篇同时使用。",
        verdict=may.can_write_book(request.user, found),
        run=lambda given: service.write_shared(pk, rows=given["text"], by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def compile_book(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell which chapters are needed and who writes them."""
    found = book_or_404(request, pk)
    form = forms.CompilersForm(request.POST or None, chapters=found.chapters.order_by("order"))
    return _step(
        request, found, form, title="一次告知所需篇章", button="转入同步编制", done="各篇开始同步编制。",
        verdict=may.can_run_book(request.user, found), says=("编制单位由企业自选，不指定机构；可以提交时再填。",),
        run=lambda _: service.begin_compiling(pk, compilers=form.compilers(), by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def conclude(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the one conclusion."""
    found = book_or_404(request, pk)
    return _step(
        request, found, forms.ConclusionForm(request.POST or None), title="出具综合评估联合评审意见", button="出具",
        done="评审意见已出具，等建设单位签收。", verdict=may.can_run_book(request.user, found),
        run=lambda given: service.conclude_book(pk, conclusion=given["conclusion"], by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for the conclusion and its clauses."""
    found = book_or_404(request, pk)
    rows = found.clauses.order_by("order")
    clauses = [f"{one.order}. {one.text}（{timing.written(one.check_on)}核查）" for one in rows]
    return _step(
        request, found, forms.NothingForm(request.POST or None), title="签收评审意见、签署承诺条款",
        button="签收并签署",
        done="已签收；承诺条款按核查日期核查。", verdict=may.can_sign_book(request.user, found),
        says=(found.conclusion, *clauses), run=lambda _: book_clauses.sign_book(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """End a book that is not carried on."""
    found = book_or_404(request, pk)
    return _step(
        request, found, forms.ReasonForm(request.POST or None), title="终止一本多篇", button="终止", danger=True,
        done="已终止。", verdict=may.can_open_book(request.user, found.project),
        run=lambda given: service.close_book(pk, by=person(request), **given),
    )


# Chapters ------------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(EDIT)
def submit_chapter(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in a chapter."""
    found = chapter_or_404(request, pk)
    form = forms.ChapterForm(request.POST or None, initial={"compiler": found.compiler, "text": found.text})
    returned = (f"上次评审意见：{found.opinion}",) if found.opinion else ()
    return _step(
        request, found.book, form, title=f"提交：{found.title}", button="提交评审", done="已提交评审。",
        verdict=may.can_write_chapter(request.user, found),
        says=(f"编制要求：{found.qualification}。第0篇项目概况不用重复。", *returned),
        run=lambda given: service.submit_chapter(pk, by=person(request), **given),
    )


@login_required
@require_http_methods(EDIT)
def judge_chapter(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the opinion on a chapter."""
    found = chapter_or_404(request, pk)
    form = forms.OpinionForm(request.POST or None, chapter=found)
    return _step(
        request, found.book, form, title=f"评审：{found.title}", button="提交意见", done="评审意见已登记。",
        seg="verdict",
        verdict=may.can_judge_chapter(request.user, found),
        says=(f"编制单位：{found.compiler}，第 {found.rounds} 次提交", f"主要结论：{found.text}"),
        run=lambda given: service.judge_chapter(
            pk, by=person(request), agrees=given["verdict"] == "yes", opinion=given["opinion"], clauses=form.clauses()
        ),
    )


@login_required
@require_http_methods(EDIT)
def approve_chapter(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a chapter."""
    found = chapter_or_404(request, pk)
    return _step(
        request, found.book, forms.NothingForm(request.POST or None), title=f"审批：{found.title}", button="审批通过",
        done="已审批。", verdict=may.can_approve_chapter(request.user, found), says=(f"评审意见：{found.opinion}",),
        run=lambda _: service.approve_chapter(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def check_clause(request: HttpRequest, pk: int) -> HttpResponse:
    """Check a clause that was signed."""
    found = get_object_or_404(
        BookClause.objects.filter(book__in=OneBook.objects.visible_to(request.user)).select_related(
            "book__project__owner", "book__project__centre", "chapter__reviewer", "issue"
        ), pk=pk,
    )
    return _step(
        request, found.book, SettleForm(request.POST or None), title="履约核查", button="登记核查结果", seg="holds",
        done="核查结果已登记。", verdict=may.can_check_clause(request.user, found),
        says=(
            f"{found.chapter.title}：{found.text}",
            f"对标标准：{found.standard or '—'}，{timing.written(found.check_on)}核查",
        ),
        run=lambda given: book_clauses.check_clause(
            pk, by=person(request), holds=given["holds"] == "yes", note=given["note"]
        ),
    )
