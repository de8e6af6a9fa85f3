"""Who keeps the addresses of other systems and looks after what did not arrive: pure reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects import account_rules
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import Dispatch
    from projects.models import Organisation, User

    Person = User | AnonymousUser


def can_keep_webhooks(user: Person, _: Organisation | None = None) -> Verdict:
    """System administrators."""
    return ALLOWED if access_of(user).has(Role.ADMIN) else refuse("由系统管理员登记和停用对接地址。")


def can_add_webhook(user: Person, _: Organisation | None = None) -> Verdict:
    """Messages leave the portal by it: an address is registered at elevated work only, and ended at any time."""
    return account_rules.works_as(user, Role.ADMIN, "由系统管理员登记和停用对接地址。")


def can_see_log(user: Person, _: object = None) -> Verdict:
    """System administrators: to whom and whether, not what."""
    return ALLOWED if access_of(user).has(Role.ADMIN) else refuse("投递记录由系统管理员查看。")


def can_send_again(user: Person, _: Dispatch | None) -> Verdict:
    """System administrators."""
    return ALLOWED if access_of(user).has(Role.ADMIN) else refuse("由系统管理员重新发送。")
