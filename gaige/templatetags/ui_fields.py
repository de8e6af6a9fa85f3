"""Fields and choices of a form. They belong to the library `ui`."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.forms import BoundField, widgets
from django.template import Context

from gaige.templatetags.plain import get

register = template.Library()


def _kind(widget: widgets.Widget) -> str:
    """Return how a widget is laid out: hidden, check (one box), group (radio, many boxes) or plain."""
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, (widgets.RadioSelect, widgets.CheckboxSelectMultiple)):
        return "group"
    return "check" if isinstance(widget, widgets.CheckboxInput) else "plain"


def _native_dates(widget: widgets.Widget) -> None:
    """Let the browser's own date picker serve a date field (the value must be ISO then)."""
    if isinstance(widget, widgets.DateInput) and (widget.input_type == "text" or not widget.format):
        widget.input_type, widget.format = "date", "%Y-%m-%d"
    elif isinstance(widget, widgets.DateTimeInput) and widget.input_type == "text":
        widget.input_type, widget.format = "datetime-local", "%Y-%m-%dT%H:%M"


def _was_refused(context: Context, bound: BoundField) -> bool:
    """Return whether the form of a field has just been sent and not been saved."""
    return getattr(context.get("request"), "method", "") == "POST" and bool(bound.form.errors)


def _is_first_wrong(bound: BoundField) -> bool:
    """Return whether this is the first field that kept its form from being saved: the cursor stands in it."""
    wrong = (other.name for other in bound.form if other.errors and not other.is_hidden)
    return bool(bound.name == next(wrong, None))


def _options(bound: BoundField, *, focus: bool) -> list[dict[str, Any]]:
    """Return the options of a group with their keys (`data-key`); with `focus` the cursor stands on the first."""
    options: list[dict[str, Any]] = []
    for option in bound.subwidgets:
        if focus and not options:
            option.data["attrs"]["autofocus"] = True
        options.append({"option": option, "key": option.data["attrs"].get("data-key", "")})
    return options


@register.inclusion_tag("ui/field.html", takes_context=True)
def field(
    context: Context, bound: BoundField, label: str = "", hint: str = "", seg: bool = False, down: bool = False  # noqa: FBT001, FBT002
) -> dict[str, Any]:
    """Show a form field of any widget: label above, hint, errors below in words, all tied by ``aria``.

    ``seg`` shows radio buttons as a segmented choice, ``down`` puts options under each other. In a form that was sent
    and refused the cursor stands in the first wrong field. One that an answer beside it asks for
    (`depends`) is not 选填.
    """
    widget = bound.field.widget
    _native_dates(widget)
    kind = _kind(widget)
    attrs: dict[str, Any] = {}
    hint = hint or str(bound.help_text)
    described = [f"{bound.auto_id}_helptext"] if hint else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if _was_refused(context, bound):  # False takes away the cursor that a new form has elsewhere
        attrs["autofocus"] = _is_first_wrong(bound)
    return {
        "field": bound,
        "kind": kind,
        "options": _options(bound, focus=bool(attrs.get("autofocus"))) if kind == "group" else (),
        "label": label or bound.label,
        "hint": hint,
        "control": bound.as_widget(attrs=attrs or None),
        "described": " ".join(described),
        "optional": not bound.field.required and not getattr(bound.field, "depends", False),
        "seg": seg,
        "down": down or isinstance(widget, widgets.CheckboxSelectMultiple),
    }


@register.inclusion_tag("ui/fields.html", takes_context=True)
def fields(context: Context, form: Any, names: str = "") -> dict[str, Any]:
    """Show several fields of a form (``names`` separated by blanks, else all), hidden ones included."""
    chosen = [form[name] for name in names.split()] if names else list(form)
    return {"fields": chosen, "request": context.get("request")}


def _anchor(bound: BoundField) -> str:
    """Return the id of what a link to a field leads to: the field itself, of a group its first option."""
    return f"{bound.auto_id}_0" if _kind(bound.field.widget) == "group" else str(bound.auto_id)


@register.inclusion_tag("ui/form_errors.html", takes_context=True)
def form_errors(context: Context, form: Any) -> dict[str, Any]:
    """Show above a form what kept it from being saved or searched: its own errors and a link to each field with one."""
    wrong = [(_anchor(bound), bound.label, bound.errors) for bound in form if bound.errors]
    method = getattr(context.get("request"), "method", "")
    focus = not wrong and method == "POST"
    return {
        "wrong": wrong, "general": form.non_field_errors(), "focus": focus, "is_search": method in {"GET", "HEAD"},
        "lost": bool(getattr(form, "files", None)),  # no browser keeps what was chosen
    }


def _choices(choices: Iterable[Any], value: Any) -> list[dict[str, Any]]:
    """Return choices as value, label, checked, disabled, reason; pairs will do."""
    rows = []
    for choice in choices:
        pair = isinstance(choice, (tuple, list))
        key = choice[0] if pair else get(choice, "value", "")
        rows.append(
            {
                "value": key,
                "label": choice[1] if pair else get(choice, "label", ""),
                "checked": str(key) == str(value),
                "disabled": not pair and bool(get(choice, "disabled", False)),
                "reason": "" if pair else get(choice, "reason", ""),
            }
        )
    return rows


@register.inclusion_tag("ui/seg.html")
def seg(name: str, choices: Iterable[Any], value: Any = "", label: str = "", big: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """Show a segmented choice. A choice: value, label, disabled, reason; or a pair of value and label."""
    return {"name": name, "choices": _choices(choices, value), "label": label, "big": big}


@register.inclusion_tag("ui/checklist.html")
def checklist(rows: Iterable[Any], label: str = "材料", start: int = 1) -> dict[str, Any]:
    """Show the materials of a case, those that are already held first and one line high.

    A row: name, ground (legal), there (what is there), state (``have`` 已有, ``ok``, ``miss``), todo (how to mend it),
    url (view), number, and either choices with ``field_name`` and ``value`` (上传 高拍 容缺 承诺 不适用), or word and
    tone of a chip; ``upload`` is the name of a file input.
    """
    ordered = sorted(rows, key=lambda row: get(row, "state") != "have")
    lines = [
        {
            "row": row,
            "number": get(row, "number", start + at),
            "choices": _choices(get(row, "choices", ()), get(row, "value", "")),
        }
        for at, row in enumerate(ordered)
    ]
    return {"lines": lines, "label": label}
