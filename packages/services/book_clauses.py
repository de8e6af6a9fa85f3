"""What the owner signs of the joint opinion on a book: its clauses become promises that are checked."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import assessment_rules
from packages.assessment_states import (
    BookState,
)
from packages.models import BookClause, OneBook
from packages.services.one_book import lock_book, pass_step, tell_step
from projects import timing
from projects.errors import DomainError, require
from projects.models import User
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue
from projects.states import IssueKind, IssueState


@transaction.atomic
def sign_book(book_id: int, *, by: User, at: dt.datetime | None = None) -> OneBook:
    """Sign for the conclusion and sign its clauses as the responsible person of the owner (已送达).

    Effects in order: book delivered; every clause signed and raised as an issue item 承诺 with its day of check. Twice
    changes nothing. Raises `NotAllowed`.
    """
    book = lock_book(book_id)
    if book.state == BookState.DELIVERED:
        return book
    require(assessment_rules.can_sign_book, by, book)
    old, moment = book.state, at or timing.now()
    book.signed_by, book.signed_at, book.closed_at = by, moment, moment
    book.finish()
    book.save()
    pass_step(book, book.state, timing.business_day(moment))
    tell_step(book, "delivered", f"{by}签收综合评估联合评审意见", old, by=by, at=at)
    for clause in book.clauses.select_related("chapter__reviewer").order_by("order"):
        _promise(book, clause, by=by, at=at)
    return book


def _promise(book: OneBook, clause: BookClause, *, by: User, at: dt.datetime | None) -> None:
    old = clause.state
    clause.sign()
    clause.save()
    tell_step(book, "clause_signed", f"签署承诺条款：{clause.text}", old, by=by, at=at, subject=clause)
    clause.issue = raise_issue(
        book.project, kind=IssueKind.COMMITMENT, subject=clause, what=f"{clause.chapter.title}：{clause.text}"[:200],
        basis=clause.standard, how_to_fix=f"按承诺办理，{timing.written(clause.check_on)}核查",
        debtor=book.project.owner, raised_for=clause.chapter.reviewer, by=by,
        due_on=clause.check_on, at=at,
    )
    clause.save(update_fields=["issue"])


@transaction.atomic
def check_clause(
    clause_id: int, *, holds: bool, note: str, by: User, at: dt.datetime | None = None
) -> BookClause:
    """Check a signed clause (履约核查): kept, its issue item is closed; not kept, it goes back with the reason.

    Raises `NotAllowed`, `DomainError` (`note`). What is verified stays so.
    """
    book = lock_book(BookClause.objects.values_list("book_id", flat=True).get(pk=clause_id))
    clause = BookClause.objects.select_related("chapter__reviewer", "issue").get(pk=clause_id)
    clause.book = book
    require(assessment_rules.can_check_clause, by, clause)
    issue = clause.issue
    if issue is None or issue.state == IssueState.VERIFIED:
        return clause
    issue.project = book.project
    if not note.strip():
        raise DomainError("note", "请写明核查情况。")
    if issue.state != IssueState.SUBMITTED:
        answer_issue(issue, answer=note.strip()[:500], by=by, at=at)
    if holds:
        verify_issue(issue, by=by, at=at)
    else:
        reject_issue(issue, reason=note.strip()[:200], by=by, at=at)
    return clause
