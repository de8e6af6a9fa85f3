"""告知、同意、请求、对外提供: what people were told and agreed to, what they ask, what went to other bodies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction

from projects import account_rules, privacy_data, timing, workdays
from projects.account_states import RequestKind, RequestState
from projects.errors import DomainError, require
from projects.models import Consent, Organisation, PersonRequest, Provision, SecurityRecord, User
from projects.privacy_data import NOTICE
from projects.services.telling_accounts import tell_account

if TYPE_CHECKING:
    from projects.models import Project


# Told and agreed -----------------------------------------------------------------------------------------------------


def note_told(user: User, *, at: dt.datetime | None = None) -> Consent:
    """Keep that a person was shown the notice in force, before anything was collected; twice: no change."""
    return _stand(user, NOTICE, at)


@transaction.atomic
def give(user: User, purpose: str, *, at: dt.datetime | None = None) -> Consent:
    """Agree to a purpose in the words in force. Twice: no change. Raises `DomainError` `purpose_unknown`."""
    _known(purpose)
    return _stand(user, purpose, at)


def _stand(user: User, purpose: str, at: dt.datetime | None) -> Consent:
    words = privacy_data.all_words()[purpose]
    return Consent.objects.get_or_create(
        user=user, purpose=purpose, version=words.version, withdrawn_at=None,
        defaults={"words": words.digest, "given_at": at or timing.now()},
    )[0]


@transaction.atomic
def withdraw(user: User, purpose: str, *, at: dt.datetime | None = None) -> int:
    """Withdraw a consent with one press, as it was given; the row stays. Returns how many stood.

    What was done before stays lawful (PIPL 15). Raises `DomainError` `purpose_unknown`.
    """
    _known(purpose)
    return Consent.objects.standing().filter(user=user, purpose=purpose).update(withdrawn_at=at or timing.now())


def _known(purpose: str) -> None:
    words = privacy_data.all_words().get(purpose)
    if words is None or words.kind == NOTICE:
        raise DomainError("purpose_unknown", "没有这一项同意，请刷新页面后重新选择。")


def agrees(user: User, purpose: str) -> bool:
    """Return whether the person agrees to a purpose in the words in force; a new version is asked anew."""
    return (user.pk, purpose) in who_agrees([user.pk], [purpose])


def who_agrees(users: Iterable[int], purposes: Collection[str]) -> set[tuple[int, str]]:
    """Return the pairs of person and purpose that stand in the words in force. One query."""
    words = privacy_data.all_words()
    found = Consent.objects.standing().filter(user__in=set(users), purpose__in=purposes)
    rows = found.values_list("user_id", "purpose", "version")
    return {(user, purpose) for user, purpose, version in rows if version == words[purpose].version}


# Requests ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(user: User, kind: str, text: str = "", *, at: dt.datetime | None = None) -> PersonRequest:
    """Ask about the own data (PIPL 44-47); an open request of the kind is returned as it is.

    Raises `DomainError` (`kind_unknown`, `text_missing`).
    """
    if kind not in RequestKind.values:
        raise DomainError("kind_unknown", "请选择请求的种类。")
    if kind == RequestKind.CORRECT and not text.strip():
        raise DomainError("text_missing", "请写明哪一项不对、应当是什么。")
    moment = at or timing.now()
    due = workdays.due_date(timing.business_day(moment), settings.PERSON_REQUEST_DAYS)
    try:
        with transaction.atomic():
            made = PersonRequest.objects.create(
                user=user, kind=kind, text=text.strip()[:300], asked_at=moment, due_on=due
            )
    except IntegrityError:
        return PersonRequest.objects.get(user=user, kind=kind, state=RequestState.OPEN)
    tell_account("data_asked", user, by=user, at=at, summary=f"个人信息请求：{user}，{made.get_kind_display()}")
    return made


@transaction.atomic
def answer(
    request_id: int, *, state: str, text: str, by: User | None, at: dt.datetime | None = None
) -> PersonRequest:
    """Answer a request: done, in part, or refused; the words say what was done or why not. Twice: no change.

    Raises `NotAllowed`, `DomainError` (`state`, `answer_missing`).
    """
    found = PersonRequest.objects.select_for_update().select_related("user").get(pk=request_id)
    require(account_rules.can_keep_security_records, by, None)
    if found.state != RequestState.OPEN:
        return found
    if state not in RequestState.values or state == RequestState.OPEN:
        raise DomainError("state", "请选择已办理、部分办理或不予办理。")
    if not text.strip():
        raise DomainError("answer_missing", "请写明办理结果；不予办理或部分办理的，写明原因。")
    found.state, found.answer = state, text.strip()[:500]
    found.answered_at, found.answered_by = at or timing.now(), by
    found.save()
    tell_account(
        "data_answered", found.user, by=by, at=at,
        summary=f"答复个人信息请求：{found.user}，{found.get_kind_display()}，{found.get_state_display()}",
    )
    return found


# Given to other bodies -----------------------------------------------------------------------------------------------


def note_provision(
    *, what: str, purpose: str, basis: str, way: str, recipient: Organisation | None = None, recipient_name: str = "",
    fields: str = "", project: Project | None = None, subject: tuple[str, str] = ("", ""), digest: str = "",
    by: User | None = None, at: dt.datetime | None = None,
) -> Provision:
    """Keep that data went to another body (对外提供记录, kept three years at least); the same again: no change.

    `fields` names the personal data in it. Called by whatever hands data out: the transfer of an archive, the exchange.
    """
    values = {
        "recipient": recipient, "recipient_name": recipient_name or (recipient.name if recipient else ""),
        "what": what[:300], "fields": fields[:300], "purpose": purpose, "basis": basis, "way": way, "project": project,
        "provided_at": at or timing.now(), "by": by,
    }
    kind, key = subject
    if not key:
        return Provision.objects.create(digest=digest, **values)
    return Provision.objects.get_or_create(subject_type=kind, subject_key=key, digest=digest, defaults=values)[0]


@transaction.atomic
def write_record(
    *, kind: str, title: str, happened_on: dt.date, text: str, risk: str, measures: str, told: str = "", by: User,
    at: dt.datetime | None = None,
) -> SecurityRecord:
    """Write an impact assessment or an incident down (PIPL 55-57); it is corrected by another one. Raises `NotAllowed`.

    Event `account.security_record`.
    """
    require(account_rules.can_keep_security_records, by, None)
    made = SecurityRecord.objects.create(
        kind=kind, title=title, happened_on=happened_on, text=text, risk=risk, measures=measures, told=told,
        recorded_at=at or timing.now(), recorded_by=by,
    )
    tell_account("security_record", by, by=by, at=at, summary=f"{made.get_kind_display()}：{title}"[:300])
    return made
