"""查阅、复制和删除: everything the portal holds of one person, field by field, by the list of personal fields."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from projects import account_rules, timing
from projects.errors import DomainError, require
from projects.models import Consent, Event, Membership, Party, PasswordRecord, PersonRequest, User
from projects.privacy_data import PersonalField, all_words, personal_fields
from projects.services import sessions
from projects.services.telling_accounts import tell_account
from projects.staff_queries import holding

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 2_000
ERASED = "已注销"


@dataclass(frozen=True, slots=True)
class Erased:
    """What a deletion did with one field: how many values, and why they are kept where they are."""

    field: PersonalField
    count: int
    is_kept: bool

    @property
    def words(self) -> str:
        """As the answer to the person says it."""
        if self.is_kept:
            return f"{self.field.name}：保留 {self.count} 处，{self.field.kept or '法律要求保存'}"
        return f"{self.field.name}：已删除 {self.count} 处"


def _rows(field: PersonalField, user: User) -> QuerySet[Any] | None:
    """Return the rows that hold this field of the person; None where no row can be found by the account."""
    if (model := field.table) is None:
        return None
    manager = model._default_manager
    if field.link == "named":
        bodies = Membership.objects.filter(user=user, giver=None).values("organisation_id")
        parties = Party.objects.filter(organisation__in=bodies)
        return parties.filter(pk__in=[row.pk for row in parties[:MOST] if row.contact_name == user.name])
    return manager.filter(**{field.link: user.pk}) if field.link else None


def collect(user: User) -> dict[str, Any]:
    """Return what the portal holds of a person, ready for JSON: fields, roles, consents, requests, own steps."""
    fields = []
    for field, rows in _held(user):
        values = sorted({str(value) for value in rows.values_list(field.field, flat=True)[:MOST] if value})
        if values:
            fields.append({
                "项目": field.name, "内容": ["（密钥不导出）"] if field.field == "secret" else values,
                "用途": field.purpose, "依据": field.basis, "保存": field.retention,
            })
    words = all_words()
    return {
        "本人": str(user), "生成时间": _moment(timing.now()), "个人信息": fields,
        "任职": [
            {
                "单位": row.organisation.name, "角色": row.get_role_display(), "自": str(row.since),
                "至": str(row.until or ""),
            }
            for row in Membership.objects.filter(user=user).select_related("organisation").order_by("pk")
        ],
        "告知与同意": [
            {
                "名称": words[row.purpose].name if row.purpose in words else row.purpose, "版本": row.version,
                "时间": _moment(row.given_at),
                "撤回": _moment(row.withdrawn_at) if row.withdrawn_at else "",
            }
            for row in Consent.objects.filter(user=user).order_by("pk")
        ],
        "请求": [
            {"请求": row.get_kind_display(), "时间": _moment(row.asked_at), "答复": row.answer}
            for row in PersonRequest.objects.filter(user=user).order_by("pk")
        ],
        "办理记录": [
            {"时间": _moment(row.happened_at), "内容": row.summary or row.subject_label}
            for row in Event.objects.filter(actor=user).order_by("-pk")[:MOST]
        ],
    }


def sheet_of(told: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield what `collect` returned as rows of a table for a person to read: kind, number, content; the head first."""
    yield "类别", "序号", "内容"
    for kind, what in told.items():
        if isinstance(what, str):
            yield kind, "", what
            continue
        for number, row in enumerate(what, 1):
            parts = ((name, "、".join(value) if isinstance(value, list) else value) for name, value in row.items())
            yield kind, str(number), "；".join(f"{name}：{value}" for name, value in parts if value)


def _moment(at: dt.datetime) -> str:
    """In the time that the person knows, to the second."""
    return at.astimezone(timing.BUSINESS_ZONE).isoformat(timespec="seconds")


def _held(user: User) -> Iterator[tuple[PersonalField, QuerySet[Any]]]:
    for field in personal_fields():
        rows = _rows(field, user)
        if rows is not None:
            yield field, rows


@transaction.atomic
def erase(user_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> list[Erased]:
    """Delete or anonymise what the portal holds of a person, but for what the law keeps; say both.

    Effects in order: sessions end; each field by its row of the list; old passwords and consents end; the account can
    never sign in again; event `account.erased`. Raises `NotAllowed`, `DomainError` (`still_here`, `reason_missing`).
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if by is not None:
        require(account_rules.can_secure, by, user)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明依据，例如：本人申请，申请编号。")
    if holding(Membership.objects.filter(user=user)).exists():
        raise DomainError("still_here", f"{user}还在任职，先停用任职，再删除个人信息。")
    sessions.end_all(user, by=None, reason="删除个人信息", at=at)
    told = [_erase(field, rows, user) for field, rows in _held(user)]
    PasswordRecord.objects.filter(user=user).delete()
    Consent.objects.standing().filter(user=user).update(withdrawn_at=at or timing.now())
    user.refresh_from_db()
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    tell_account("erased", user, by=by, at=at, summary=f"删除个人信息：账号 {user.pk}，{reason.strip()}"[:300])
    return [one for one in told if one.count]


def _erase(field: PersonalField, rows: QuerySet[Any], user: User) -> Erased:
    if field.erase == "delete":
        return Erased(field, rows.delete()[0], is_kept=False)
    filled, own = rows.exclude(**{field.field: ""}), field.model == "projects.User"
    # the name of a person who never acted stands in no record that the law keeps
    if field.erase == "keep" and not (own and not Event.objects.filter(actor=user).exists()):
        return Erased(field, filled.count(), is_kept=True)
    if own and field.erase in ("anonymise", "keep"):
        return Erased(field, rows.update(**{field.field: f"{ERASED}{user.pk}"}), is_kept=False)
    return Erased(field, filled.update(**{field.field: ""}), is_kept=False)
