"""Draws the commonest form fields without templates: a list has six of them, a third of its time by Django's way.

What is drawn is, letter by letter, what Django's own templates give; every other widget is left to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize
from django.utils.html import conditional_escape as escaped
from django.utils.safestring import SafeString, mark_safe

_OPTION = "django/forms/widgets/select_option.html"


def _attributes(attrs: Mapping[str, Any]) -> str:
    """Return the attributes of a tag; one that is True has no value, one that is False is left out."""
    told = ((escaped(name), value) for name, value in attrs.items() if value is not False)
    return "".join(f" {name}" if value is True else f' {name}="{escaped(value)}"' for name, value in told)


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{escaped(widget["value"])}"'
    kind, name = escaped(widget["type"]), escaped(widget["name"])
    return f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _option(option: Mapping[str, Any]) -> str:
    label = escaped(localize(option["label"]))
    return f'\n  <option value="{escaped(option["value"])}"{_attributes(option["attrs"])}>{label}</option>\n'


def _select(widget: Mapping[str, Any]) -> str | None:
    """Return a choice; None where its options are not the common ones."""
    parts = [f'<select name="{escaped(widget["name"])}"{_attributes(widget["attrs"])}>']
    for group, options, _ in widget["optgroups"]:
        if any(option["template_name"] != _OPTION for option in options):
            return None
        drawn = "".join(_option(option) for option in options)
        parts.append(f'\n  <optgroup label="{escaped(group)}">{drawn}\n  </optgroup>' if group else drawn)
    return "".join([*parts, "\n</select>"])


_DRAWN: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
    "django/forms/widgets/select.html": _select,
    **{f"django/forms/widgets/{kind}.html": _input for kind in ("text", "date", "number", "hidden", "email", "input")},
}


class FormRenderer(DjangoTemplates):
    """Renders the fields of all forms."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        """Return the HTML of a widget or form."""
        draw = _DRAWN.get(template_name)
        drawn = draw(context["widget"]) if draw else None
        if drawn is None:
            drawn = super().render(template_name, context, request)
        return mark_safe(drawn)  # noqa: S308 - every value has been escaped
