"""The state machines of all models as a document, written from the code."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models
from django_fsm import FSMField

from projects.fsm import StateModel

HEAD = """# State machines

Written by `manage.py states --write` from the models; a test compares this page with the code. A state changes only by
a transition, a transition is called only by the service that its name stands in.
"""


def machines() -> Iterator[tuple[type[models.Model], FSMField]]:
    """Yield every model with its state fields, by name."""
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        if issubclass(model, StateModel):
            for field in model._meta.concrete_fields:
                if isinstance(field, FSMField):
                    yield model, field


def render() -> str:
    """Return the document."""
    return "\n".join([HEAD, *(section for model, field in machines() for section in _section(model, field))])


def _section(model: type[models.Model], field: FSMField) -> list[str]:
    words = dict(field.choices or ())
    title = f"## {model._meta.label}.{field.name} ({model._meta.verbose_name})"
    lines = [title, "", "| state | on screen |", "|---|---|"]
    for value, label in words.items():
        lines.append(f"| `{value}`{' (first)' if value == field.default else ''} | {label} |")
    lines += ["", "| transition | from | to | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {sources} | `{target}` | {text} |" for name, sources, target, text in _rows(model, field)]
    return [*lines, ""]


def _rows(model: type[models.Model], field: FSMField) -> list[tuple[str, str, str, str]]:
    """Return the transitions in the order of the states they lead to."""
    found: dict[str, tuple[list[str], str, str]] = {}
    for step in getattr(model(), f"get_all_{field.name}_transitions")():
        sources, _, _ = found.setdefault(step.name, ([], str(step.target), _meaning(model, step.name)))
        sources.append(str(step.source))
    order = [str(value) for value in dict(field.choices or ())]
    rows = []
    for name, (sources, target, text) in found.items():
        known = sorted(set(sources), key=lambda source: order.index(source) if source in order else -1)
        rows.append((name, ", ".join(f"`{source}`" for source in known), target, text))
    return sorted(rows, key=lambda row: (order.index(row[2]) if row[2] in order else -1, row[0]))


def _meaning(model: type[models.Model], name: str) -> str:
    text = (getattr(model, name).__doc__ or "").strip().partition("\n")[0]
    return text.replace("|", "/")
