"""What a service refuses with. The message is a Chinese sentence: what happened, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class DomainError(Exception):
    """A step that the domain does not allow now; shown as a 409 page or as a form error."""

    def __init__(self, code: str, message: str, *, latest: str = "", url: str = "") -> None:
        """Keep a stable `code` and the Chinese `message`.

        `latest` is the newest event of the object, `url` leads to what stands in the way when the actor may see it.
        """
        super().__init__(message)
        self.code, self.message, self.latest, self.url = code, message, latest, url


class NotAllowed(DomainError):  # noqa: N818 - reads as what it says: not allowed
    """The actor sees the object but may not do this; shown as a 403 page with the reason of the rule."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a rule: may this be done, and if not, why (a Chinese sentence for the button)."""

    ok: bool
    reason: str = ""

    def __bool__(self) -> bool:
        """Return whether the rule allows it."""
        return self.ok


ALLOWED = Verdict(ok=True)


def refuse(reason: str) -> Verdict:
    """Return a refusal with its reason."""
    return Verdict(ok=False, reason=reason)


def require(rule: Callable[[Any, Any], Verdict], user: Any, obj: Any) -> None:
    """Raise `NotAllowed` unless `rule(user, obj)` holds. `user` None is the system itself (Celery) and passes."""
    if user is None:
        return
    from projects.access import judge

    verdict = judge(rule, user, obj)
    if not verdict.ok:
        raise NotAllowed(rule.__name__, verdict.reason)
