"""一本多篇: taken in once, written side by side, reviewed chapter by chapter, approved, delivered once (handbook §5.4).

The days of the phases are data (`book_steps.tsv`, 1+15+5+5+1) and are frozen with the book. Chapter 0 is entered once
and stands before every chapter. What a reviewer lets be promised becomes a clause with a day of check; with the
signature of the owner's responsible person every clause is an issue item (承诺).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from archives.models import Paper
from archives.states import PaperKind
from packages import assessment_data, assessment_rules
from packages.assessment_states import (
    BOOK_RUNNING,
    CHAPTER_WITH_COMPILER,
    BookState,
    ChapterState,
    EffectStatus,
)
from packages.facts import vocabulary
from packages.models import BookChapter, BookClause, BookStep, Enrolment, MatterCase, OneBook
from packages.next_steps import CASE_LOST
from packages.planning.build import build_plan
from packages.services import paperwork
from packages.services.assessment_effects import regional_effects
from projects import timing, workdays
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Project, User
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole

MATTER, KIND = "one-book", "one-book"
RELATED = ("project__owner", "project__centre", "project__region", "case__matter__matter", "paper", "signed_by")
#: What chapter 0 says of a project beside its name: facts of the plan.
SHARED_FACTS = (
    "site_area", "gross_floor_area", "floor_area_underground", "height", "total_investment", "earthwork", "energy",
    "electricity", "building_use", "works", "eia",
)


def lock_book(book_id: int) -> OneBook:
    """Return a book, locked with its project. Raises `OneBook.DoesNotExist`."""
    project = lock_project(OneBook.objects.values_list("project_id", flat=True).get(pk=book_id))
    book = OneBook.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=book_id)
    book.project = project
    return book


def lock_chapter(chapter_id: int) -> BookChapter:
    """Return a chapter, locked with its book. Raises `BookChapter.DoesNotExist`."""
    book = lock_book(BookChapter.objects.values_list("book_id", flat=True).get(pk=chapter_id))
    chapter = BookChapter.objects.select_for_update(of=("self",)).select_related("reviewer", "document").get(
        pk=chapter_id
    )
    chapter.book = book
    return chapter


def tell_step(
    book: OneBook, verb: str, summary: str, old: str | None, *, by: User | None, at: dt.datetime | None,
    subject: BookChapter | BookClause | None = None, **data: object,
) -> None:
    """Record a step of a book, or of a part of it, with what changed."""
    about = subject or book
    if old is not None:
        data["state"] = [old, about.state]
    record(
        f"book.{verb}", subject=about, project=book.project, by=by, at=at, summary=summary[:300],
        data=data,
    )


# Intake --------------------------------------------------------------------------------------------------------------


def chapters_needed(project: Project) -> list[assessment_data.Chapter]:
    """Return the chapters that the plan of a project asks for: one per assessment that is not done for the area."""
    enrolment = Enrolment.objects.filter(project=project).select_related("package_version__package").first()
    if enrolment is None:
        return []
    codes = build_plan(enrolment.package_version, enrolment.facts).codes
    return [chapter for chapter in assessment_data.chapters(timing.today()) if chapter.matter in codes]


def shared_of(project: Project) -> list[list[str]]:
    """Return what chapter 0 says before anybody has typed: pairs of name and value out of the project and its facts."""
    enrolment = Enrolment.objects.filter(project=project).first()
    facts, known = (enrolment.facts if enrolment else {}), vocabulary()
    rows = [["项目名称", project.name], ["项目代码", project.code], ["建设单位", project.owner.name],
            ["建设地点", project.address]]
    rows += [[known[name].label, known[name].show(facts[name])] for name in SHARED_FACTS if name in facts]
    rows += [
        ["区域评估", f"{effect.name}：{effect.words}"] for effect in regional_effects(project)
        if effect.status in (EffectStatus.APPLIES, EffectStatus.FIXED, EffectStatus.COMMITS)
    ]
    return [row for row in rows if row[1]]


@transaction.atomic
def open_book(
    project_id: int, *, by: User, codes: Sequence[str] | None = None, at: dt.datetime | None = None
) -> OneBook:
    """Take a combined report in (统一受理): its chapters out of the plan, chapter 0 filled in, the timetable as dates.

    `codes` in place of the chapters of the plan. While one runs it is returned. Raises `NotAllowed`, `DomainError`
    (`chapters`: nothing has to be assessed).
    """
    project = lock_project(project_id)
    standing = OneBook.objects.filter(project=project, state__in=BOOK_RUNNING).first()
    if standing is not None:
        return standing
    require(assessment_rules.can_open_book, by, project)
    moment = at or timing.now()
    known = assessment_data.chapters(timing.business_day(moment))
    chosen = chapters_needed(project) if codes is None else [one for one in known if one.code in codes]
    if not chosen:
        raise DomainError("chapters", "按现在的计划没有须单独编制的评估，不需要一本多篇；有区域成果的已自动免除。")
    case = MatterCase.objects.filter(project=project, matter__matter__code=MATTER).exclude(state__in=CASE_LOST).first()
    book = OneBook.objects.create(project=project, case=case, shared=shared_of(project), opened_by=by, opened_at=moment)
    tell_step(book, "opened", f"统一受理一本多篇：{'、'.join(one.name for one in chosen)}", "", by=by, at=at)
    bodies = {body.code: body for body in Organisation.objects.filter(code__in={one.reviewer for one in chosen})}
    for order, one in enumerate(chosen, 1):
        chapter = BookChapter.objects.create(
            book=book, order=order, code=one.code, title=one.name, matter=one.matter, reviewer=bodies[one.reviewer],
            qualification=one.qualification, allows_promises=one.allows_promises,
        )
        tell_step(book, "chapter_opened", f"列入篇章：{one.name}", "", by=by, at=at, subject=chapter)
        involve(project, role=InvolvementRole.REVIEWER, by=by, organisation=chapter.reviewer, at=at)
    _plan_steps(book, timing.business_day(moment))
    return book


def _plan_steps(book: OneBook, start: dt.date) -> None:
    """Write the timetable: every phase begins when the one before has to be done."""
    day = start
    for order, step in enumerate(assessment_data.steps(start), 1):
        due = workdays.due_date(day, step.days)
        BookStep.objects.create(
            book=book, order=order, code=step.code, name=step.name, days=step.days, due_on=due,
            started_on=start if order == 1 else None,
        )
        day = due


def pass_step(book: OneBook, state: str, day: dt.date) -> None:
    """Close the phases that are over now that the book is in `state`; what follows is planned anew from here."""
    order = [step.state for step in assessment_data.steps(timing.business_day(book.opened_at))]
    rows = list(book.steps.order_by("order"))
    now = order.index(state) if state in order else len(rows)
    base = day
    for number, row in enumerate(rows):
        if number < now:
            row.done_on = row.done_on or day
            row.started_on = row.started_on or day
        else:
            row.done_on = None
            if number == now:
                row.started_on = day
            row.due_on = base = workdays.due_date(base, row.days)
        row.save()


# Chapter 0 and chapters ----------------------------------------------------------------------------------------------


@transaction.atomic
def begin_compiling(
    book_id: int, *, by: User, compilers: Mapping[str, str] | None = None, at: dt.datetime | None = None
) -> OneBook:
    """Tell which chapters are needed and who writes them (同步编制). Twice changes nothing. Raises `NotAllowed`."""
    book = lock_book(book_id)
    if book.state == BookState.COMPILING:
        return book
    require(assessment_rules.can_run_book, by, book)
    _expect(book, BookState.INTAKE, verb="转入同步编制")
    for chapter in book.chapters.all():
        if name := (compilers or {}).get(chapter.code, "").strip():
            chapter.compiler = name[:100]
            chapter.save()
    old = book.state
    book.begin()
    book.save()
    pass_step(book, book.state, timing.business_day(at or timing.now()))
    tell_step(book, "compiling", "一次告知所需篇章，同步编制", old, by=by, at=at)
    return book


@transaction.atomic
def write_shared(
    book_id: int, *, rows: Iterable[tuple[str, str]], by: User, at: dt.datetime | None = None
) -> OneBook:
    """Enter chapter 0, once for all chapters; event `book.shared`. Raises `NotAllowed`, `DomainError` (`shared`)."""
    book = lock_book(book_id)
    require(assessment_rules.can_write_book, by, book)
    given = [[name.strip()[:60], value.strip()[:300]] for name, value in rows if name.strip() and value.strip()]
    if not given:
        raise DomainError("shared", "第0篇不能是空的，请填写项目概况。")
    if given == book.shared:
        return book
    book.shared = given
    book.save()
    tell_step(book, "shared", "修改第0篇项目概况，各篇同时使用", None, by=by, at=at)
    return book


@transaction.atomic
def submit_chapter(
    chapter_id: int, *, text: str, by: User, compiler: str = "", at: dt.datetime | None = None
) -> BookChapter:
    """Hand in a chapter for review; with the last one the phase of review begins (同步评审).

    Raises `NotAllowed`, `DomainError` (`text`, `compiler`).
    """
    chapter = lock_chapter(chapter_id)
    if chapter.state == ChapterState.SUBMITTED and chapter.text == text.strip():
        return chapter
    require(assessment_rules.can_write_chapter, by, chapter)
    if not text.strip():
        raise DomainError("text", f"请填写{quoted(chapter.title)}的主要结论。")
    name = compiler.strip()[:100] or chapter.compiler
    if not name:
        raise DomainError("compiler", f"请填写{quoted(chapter.title)}的编制单位（{chapter.qualification}）。")
    old = chapter.state
    chapter.text, chapter.compiler = text.strip(), name
    chapter.submitted_at, chapter.rounds = at or timing.now(), chapter.rounds + 1
    chapter.submit()
    chapter.save()
    book = chapter.book
    words = f"提交{quoted(chapter.title)}，第 {chapter.rounds} 次"
    tell_step(book, "chapter_submitted", words, old, by=by, at=at, subject=chapter)
    if book.state == BookState.COMPILING and not book.chapters.filter(state__in=CHAPTER_WITH_COMPILER).exists():
        was = book.state
        book.review()
        book.save()
        pass_step(book, book.state, timing.business_day(at or timing.now()))
        tell_step(book, "reviewing", "各篇交齐，同步评审", was, by=by, at=at)
    return chapter


@transaction.atomic
def judge_chapter(
    chapter_id: int, *, agrees: bool, opinion: str, by: User, clauses: Sequence[tuple[str, str, dt.date]] = (),
    at: dt.datetime | None = None,
) -> BookChapter:
    """Give the opinion on a chapter: 评审通过 with the clauses to be promised, or 退回修改 with what to change.

    A clause is (what is promised, standard, day of check). With the last opinion the phase of approval begins. Raises
    `NotAllowed`, `DomainError` (`opinion`, `clauses`, `days`).
    """
    chapter = lock_chapter(chapter_id)
    require(assessment_rules.can_judge_chapter, by, chapter)
    day = timing.business_day(at or timing.now())
    if not opinion.strip():
        raise DomainError("opinion", f"请写明对{quoted(chapter.title)}的评审意见。")
    if clauses and not chapter.allows_promises:
        raise DomainError("clauses", f"{quoted(chapter.title)}不能以承诺代替审查，请去掉承诺条款。")
    if any(check_on <= day for _, _, check_on in clauses):
        raise DomainError("days", "承诺条款的核查日期应在今天之后，请核对。")
    old, book = chapter.state, chapter.book
    chapter.opinion, chapter.opinion_by = opinion.strip()[:800], by
    chapter.opinion_at = at or timing.now()
    if agrees:
        chapter.pass_review()
    else:
        chapter.give_back()
    chapter.save()
    verb = "chapter_passed" if agrees else "chapter_returned"
    words = f"{quoted(chapter.title)}{chapter.get_state_display()}：{chapter.opinion}"
    tell_step(book, verb, words, old, by=by, at=at, subject=chapter)
    if agrees:
        _draw(chapter, clauses, by=by, at=at)
    if book.state == BookState.REVIEWING and not book.chapters.exclude(state=ChapterState.PASSED).exists():
        was = book.state
        book.approve()
        book.save()
        pass_step(book, book.state, day)
        tell_step(book, "approving", "各篇评审通过，同步审批", was, by=by, at=at)
    return chapter


def _draw(
    chapter: BookChapter, clauses: Sequence[tuple[str, str, dt.date]], *, by: User, at: dt.datetime | None
) -> None:
    """Draw the clauses to be promised out of the conclusion of a chapter."""
    last = chapter.book.clauses.count()
    for number, (text, standard, check_on) in enumerate(clauses, last + 1):
        clause = BookClause.objects.create(
            book=chapter.book, chapter=chapter, order=number, text=text.strip()[:300],
            standard=standard.strip()[:200], check_on=check_on, drawn_by=by,
        )
        tell_step(chapter.book, "clause_drawn", f"承诺条款：{clause.text}", "", by=by, at=at, subject=clause)


# Approval and delivery -----------------------------------------------------------------------------------------------


@transaction.atomic
def approve_chapter(chapter_id: int, *, by: User, at: dt.datetime | None = None) -> BookChapter:
    """Approve a chapter as the chief of its department (同步审批). Twice changes nothing. Raises `NotAllowed`."""
    chapter = lock_chapter(chapter_id)
    if chapter.state == ChapterState.APPROVED:
        return chapter
    require(assessment_rules.can_approve_chapter, by, chapter)
    old = chapter.state
    chapter.approved_by, chapter.approved_at = by, at or timing.now()
    chapter.approve()
    chapter.save()
    tell_step(chapter.book, "chapter_approved", f"{quoted(chapter.title)}审批通过", old, by=by, at=at, subject=chapter)
    return chapter


@transaction.atomic
def conclude_book(book_id: int, *, conclusion: str, by: User, at: dt.datetime | None = None) -> OneBook:
    """Write the one conclusion out of all chapters and issue it (统一送达 begins).

    Raises `NotAllowed`, `DomainError` (`chapters`: one is not approved; `conclusion`).
    """
    book = lock_book(book_id)
    if book.state == BookState.DELIVERING:
        return book
    require(assessment_rules.can_run_book, by, book)
    _expect(book, BookState.APPROVING, verb="出具评审意见")
    left = [chapter.title for chapter in book.chapters.exclude(state=ChapterState.APPROVED).order_by("order")]
    if left:
        raise DomainError("chapters", f"还有{'、'.join(left)}没有审批，全部审批后才能出具评审意见。")
    if not conclusion.strip():
        raise DomainError("conclusion", "请写明综合结论。")
    old, moment = book.state, at or timing.now()
    book.conclusion = conclusion.strip()[:800]
    book.deliver()
    book.save()
    pass_step(book, book.state, timing.business_day(moment))
    tell_step(book, "concluded", f"出具综合评估联合评审意见：{book.conclusion}", old, by=by, at=at)
    book.paper = _paper(book, by=by, at=moment)
    book.save()
    return book


def _paper(book: OneBook, *, by: User, at: dt.datetime) -> Paper:
    chapters = list(book.chapters.select_related("reviewer", "opinion_by", "approved_by").order_by("order"))
    clauses = list(book.clauses.select_related("chapter").order_by("order"))
    tables = [
        {"caption": "第0篇　项目概况（各篇共用）", "head": ["项目", "内容"], "rows": book.shared},
        {
            "caption": "各篇评审意见", "head": ["篇", "篇名", "编制单位", "评审部门", "评审意见"],
            "rows": [
                [str(one.order), one.title, one.compiler, one.reviewer.label, f"{one.opinion}（{one.opinion_by}）"]
                for one in chapters
            ],
        },
    ]
    if clauses:
        tables.append({
            "caption": "承诺条款", "head": ["序号", "承诺内容", "对标标准", "来自", "核查日期"],
            "rows": [
                [str(one.order), one.text, one.standard or "—", one.chapter.title, paperwork.day(one.check_on)]
                for one in clauses
            ],
        })
    return paperwork.write(
        PaperKind.ONE_BOOK, book.project, subject=book, issuer=book.project.centre, by=by, at=at, slug=KIND,
        what=f"一本多篇 {len(chapters)} 篇全部评审通过",
        do=f"由负责人签收并签署 {len(clauses)} 条承诺条款" if clauses else "由负责人签收",
        when="签收后生效，承诺条款按核查日期核查",
        paragraphs=[
            f"{book.project.name}的综合评估报告分 {len(chapters)} 篇，同步编制、同步评审、同步审批，意见如下。",
            f"综合结论：{book.conclusion}",
        ],
        tables=tables,
    )


@transaction.atomic
def close_book(book_id: int, *, reason: str, by: User, at: dt.datetime | None = None) -> OneBook:
    """End a book that is not carried on, with a reason. Raises `NotAllowed`, `DomainError` (`reason`, `book_state`)."""
    book = lock_book(book_id)
    if book.state == BookState.CLOSED:
        return book
    require(assessment_rules.can_open_book, by, book.project)
    _expect(book, *BOOK_RUNNING, verb="终止")
    if not reason.strip():
        raise DomainError("reason", "请写明终止的原因。")
    old = book.state
    book.close()
    book.closed_at = at or timing.now()
    book.save()
    tell_step(book, "closed", f"终止一本多篇：{reason.strip()}", old, by=by, at=at)
    return book


def _expect(book: OneBook, *states: str, verb: str) -> None:
    if book.state not in states:
        raise DomainError("book_state", f"一本多篇现在是“{book.get_state_display()}”，不能{verb}。请刷新页面。")


def check_grant(case: MatterCase) -> None:
    """Refuse the grant of 联合评审 while its book is not delivered. Raises `DomainError` (`book`)."""
    if case.matter.matter.code != MATTER:
        return
    book = OneBook.objects.filter(project_id=case.project_id).exclude(state=BookState.CLOSED).first()
    if book is not None and book.state not in (BookState.DELIVERING, BookState.DELIVERED):
        raise DomainError(
            "book", f"一本多篇还在“{book.get_state_display()}”，各篇审批并出具评审意见后才能作出决定。"
        )
