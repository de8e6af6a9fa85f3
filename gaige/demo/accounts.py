"""A chief on leave whose colleague stands in, somebody who agreed to messages by telephone, the token of the city."""

from __future__ import annotations

import datetime as dt

from agency.major_states import ApiScope
from agency.models import ApiToken
from agency.services.tokens import issue_token
from gaige.demo.city import CITY, CITY_REGION
from projects import timing
from projects.models import Membership, Organisation, Region, User
from projects.services.delegation import delegate
from projects.services.elevation import elevate, step_down
from projects.services.privacy import give
from projects.states import Role

SCREEN, VALID_DAYS = "市级指挥大屏", 180
AWAY, STAND_IN, DAYS = "natural-resources-c", "natural-resources-r", 6


def keep_accounts() -> None:
    """Delegate a role until next week; twice is once."""
    post = Membership.objects.filter(user__username=AWAY, role=Role.CHIEF, giver=None).select_related("user").first()
    colleague = User.objects.filter(username=STAND_IN).first()
    if post is not None and colleague is not None:
        until = timing.today() + dt.timedelta(days=DAYS)
        delegate(post.pk, to=colleague, until=until, reason="年休假", by=post.user)
    give(User.objects.get(username="owner"), "sms")
    _open_interface()


def _open_interface() -> None:
    """Issue the token of the city's own screen, once, at elevated work that ends with it; nobody learns its text."""
    admin = User.objects.get(username="admin")
    if ApiToken.objects.filter(name=SCREEN).exists():
        return
    elevate(by=admin, reason="为市级大屏签发接口令牌", minutes=5)
    issue_token(
        by=admin, name=SCREEN, holder=Organisation.objects.get(name=CITY), region=Region.objects.get(code=CITY_REGION),
        scopes=[ApiScope.PROJECTS, ApiScope.CASES, ApiScope.WAITING, ApiScope.FIGURES],
        expires_on=timing.today() + dt.timedelta(days=VALID_DAYS),
    )
    step_down(by=admin)
