"""Ways out of the portal: e-mail, webhook, SMS, WeCom, each an adapter with the same four answers.

A channel says where it reaches a person, makes the words fit, and hands them over. It returns what the other side said,
or raises: `NotNow` (try again later), `RefusedError` (never), `UnsureError` (handed over, and nobody knows whether it
arrived). `handing` is called right before the words leave: from then on a death of the worker is `UnsureError`, unless
the other side drops what it has already (`is_repeatable`).

Which channels an installation uses is the setting `MESSAGE_CHANNELS`; which class stands behind SMS and WeCom are
`SMS_CHANNEL` and `WECOM_CHANNEL`. docs/messages.md says how to write one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from agency.models import Dispatch
    from agency.wording import Words
    from projects.models import User

PORTAL, EMAIL, WEBHOOK, SMS, WECOM = "portal", "email", "webhook", "sms", "wecom"
PORTAL_LABEL = "门户"


class NotNow(Exception):  # noqa: N818 - reads as what it says
    """The other side does not answer or asks for patience. `is_down`: nobody there, the others need not try now."""

    def __init__(self, words: str, *, is_down: bool = False) -> None:
        """Keep the words for the log."""
        super().__init__(words)
        self.is_down = is_down


class RefusedError(Exception):
    """The other side will never take this."""


class UnsureError(Exception):
    """The words were handed over; whether they arrived nobody knows."""


class Channel:
    """One way out of the portal."""

    code: ClassVar[str]
    label: ClassVar[str]
    #: A person is woken by it: silent between 20:00 and 08:00.
    is_quiet: ClassVar[bool] = True
    #: The consent (`consents.tsv`) without which only what must be told goes out on it; empty: none is needed.
    consent: ClassVar[str] = ""
    #: The other side drops what it has already got under the same key.
    is_repeatable: ClassVar[bool] = False

    def address(self, user: User) -> str:
        """Return where the channel reaches a person; empty where it does not."""
        raise NotImplementedError

    def unfit(self, user: User) -> str:  # noqa: ARG002 - most channels reach whatever is entered for them
        """Return why what an account has entered is none for this channel; empty where it is, or nothing is entered."""
        return ""

    def compose(self, words: Words) -> str:
        """Return the words as they go out."""
        raise NotImplementedError

    def send(self, dispatch: Dispatch, handing: Callable[[], None]) -> str:
        """Hand the words over and return the answer. Raises `NotNow`, `RefusedError`, `UnsureError`."""
        raise NotImplementedError


@cache
def _made(path: str) -> Channel:
    channel: Channel = import_string(path)()
    return channel


def channels() -> dict[str, Channel]:
    """Return the channels of this installation by their code, in the order of the setting."""
    return {code: _made(settings.CHANNEL_CLASSES[code]) for code in settings.MESSAGE_CHANNELS}


def label_of(code: str) -> str:
    """Return the name of a channel on screen."""
    if code == PORTAL:
        return PORTAL_LABEL
    return str(_made(settings.CHANNEL_CLASSES[code]).label) if code in settings.CHANNEL_CLASSES else code
