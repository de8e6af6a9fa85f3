"""Fields and choices of a form. They belong to the library `ui`."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.forms import BoundField, widgets

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


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField, label: str = "", hint: str = "", seg: bool = False, down: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """Show a form field of any widget: label above, hint, errors below in words, all tied by ``aria``.

    ``seg`` shows radio buttons as a segmented choice, ``down`` puts options under each other.
    """
    widget = bound.field.widget
    _native_dates(widget)
    hint = hint or str(bound.help_text)
    described = [f"{bound.auto_id}_helptext"] if hint else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    return {
        "field": bound,
        "kind": _kind(widget),
        "label": label or bound.label,
        "hint": hint,
        "control": bound.as_widget(attrs={"aria-describedby": " ".join(described)} if described else None),
        "described": " ".join(described),
        "optional": not bound.field.required,
        "seg": seg,
        "down": down or isinstance(widget, widgets.CheckboxSelectMultiple),
    }


@register.inclusion_tag("ui/fields.html")
def fields(form: Any, names: str = "") -> dict[str, Any]:
    """Show several fields of a form (``names`` separated by blanks, else all), hidden ones included."""
    chosen = [form[name] for name in names.split()] if names else list(form)
    return {"fields": chosen}


@register.inclusion_tag("ui/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """Show above a form what kept it from being saved: its own errors and a link to each field with one."""
    wrong = [(bound.auto_id, bound.label, bound.errors) for bound in form if bound.errors]
    return {"wrong": wrong, "general": form.non_field_errors()}


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
