"""SMS and WeCom as they are until an installation has a provider: the words go to the log, nothing leaves the machine.

A provider's adapter is a class with the same two methods; its name stands in `SMS_CHANNEL` or `WECOM_CHANNEL`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from agency.channels import SMS, WECOM, Channel
from agency.wording import short
from projects.contacts import mobile_of

if TYPE_CHECKING:
    from agency.models import Dispatch
    from agency.wording import Words
    from projects.models import User

logger = logging.getLogger(__name__)
NO_MOBILE = "登记的不是手机号，收不到短信"


class Sms(Channel):
    """A text message of fewer than seventy characters, with the waiting sentence."""

    code, label, consent = SMS, "短信", "sms"

    def address(self, user: User) -> str:
        """Return the telephone of the account, if it is a mobile one."""
        return mobile_of(user.phone)

    def unfit(self, user: User) -> str:
        """Say of a fixed line that no text message reaches it."""
        return NO_MOBILE if user.phone and not mobile_of(user.phone) else ""

    def compose(self, words: Words) -> str:
        """Return the text message."""
        return short(words)

    def send(self, dispatch: Dispatch, handing: Callable[[], None]) -> str:
        """Write that it would have gone out; the number and the words stay out of the log."""
        handing()
        logger.info("%s %s: %s characters", self.code, dispatch.key, len(dispatch.text))
        return "已写入日志（未接短信服务）"


class Wecom(Sms):
    """A message in WeCom (企业微信)."""

    code, label, consent = WECOM, "企业微信", ""

    def address(self, user: User) -> str:
        """Return the name of the account, which is that of the directory; enterprises are not in it."""
        from projects.access import access_of

        return user.username if access_of(user).is_office else ""

    def unfit(self, user: User) -> str:  # noqa: ARG002 - no telephone is asked for
        """Return nothing: the directory knows its people."""
        return ""

    def send(self, dispatch: Dispatch, handing: Callable[[], None]) -> str:
        """Write that it would have gone out."""
        super().send(dispatch, handing)
        return "已写入日志（未接企业微信）"
