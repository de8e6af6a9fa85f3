"""What a service refuses on a page with a form becomes an error of that form; the page that asks before a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from packages.models import MatterCase
from projects.errors import ALLOWED, DomainError, NotAllowed, Verdict
from projects.forms import back_entry_form, moment_of

CONFLICT = 409


class TakesErrors(Protocol):
    """A form that an error can be added to."""

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error."""


def attempt(form: TakesErrors, action: Callable[..., object], /, *args: Any, **kwargs: Any) -> Any:
    """Return what the service returned, or None: what the domain refuses stands on the form, 403 stays 403."""
    try:
        return action(*args, **kwargs)
    except NotAllowed:
        raise
    except DomainError as error:
        form.add_error(None, told(error))
        return None


def told(error: DomainError) -> str:
    """What was refused and, where another was faster, who and when."""
    return f"{error.message}最近一次办理：{error.latest}。" if error.latest else error.message


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is asked for on a page of its own: it works without scripts and says what follows from it.

    What only the page shows (`verdict`, `says`, `beside`) may be looked for when it is shown. Where the verdict is no,
    the page keeps the button with its reason; one that `may_have_to_wait` asks nothing then.
    """

    title: str
    button: str
    run: Callable[[dict[str, Any]], object]
    back: str
    done: str | Callable[[Any], str]
    case: MatterCase | None = None
    verdict: Verdict | Callable[[], Verdict] = ALLOWED
    says: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    danger: bool = False
    seg: str = ""
    beside: dict[str, Any] | Callable[[], dict[str, Any]] = field(default_factory=dict)
    may_be_late: bool = False
    may_have_to_wait: bool = False

    def said(self, result: Any) -> str:
        """Return what is told when it is done; where it depends on what came of it, by that."""
        return self.done if isinstance(self.done, str) else self.done(result)


def ask(
    request: HttpRequest, form: forms.BaseForm, step: Step, template: str = "packages/confirm.html"
) -> HttpResponse:
    """Show the page of a step; a valid POST carries it out and goes back.

    Where the step may be keyed in later, the office side may say when it happened: `at` among what `run` is given.
    """
    posted = request.POST if request.method == "POST" else None
    late = back_entry_form(request.user, posted) if step.may_be_late else None
    if request.method == "POST" and form.is_valid() and (late is None or late.is_valid()):
        given = form.cleaned_data
        if step.may_be_late:
            given = given | {"at": moment_of(late)}
        result = attempt(form, step.run, given)
        if result is not None:
            messages.success(request, step.said(result))
            return redirect(step.back)
    status = status_of(form)
    beside = step.beside if isinstance(step.beside, dict) else step.beside()
    verdict = step.verdict() if callable(step.verdict) else step.verdict
    step = replace(step, verdict=verdict)
    context = {"form": form, "step": step, "case": step.case, "late": late, **beside}
    return render(request, template, context, status=status)


def status_of(form: forms.BaseForm) -> int:
    """409 when the domain refused what was well filled in (its words stand on the whole form), else 200."""
    return CONFLICT if form.is_bound and not form.errors.keys() - {"__all__"} else 200
