"""保存期限: what was kept long enough goes, by `projects/catalog/retention.tsv`; event log and archives stay."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import transaction

from projects import timing
from projects.privacy_data import retentions

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from projects.privacy_data import Retention

CHUNK, MOST = 5_000, 200
BLANK = "blank:"


def apply(*, at: dt.datetime | None = None) -> dict[str, int]:
    """Delete or blank what is older than its days; return how many rows by code. Safe to run twice and at once."""
    return {rule.code: done for rule in retentions() if (done := _carry_out(rule, at or timing.now()))}


def _carry_out(rule: Retention, now: dt.datetime) -> int:
    try:
        model = apps.get_model(rule.model)
    except LookupError:
        return 0
    rows = model._default_manager.filter(**{f"{rule.date}__lt": now - dt.timedelta(days=rule.days)})
    if rule.action.startswith(BLANK):
        field = rule.action.removeprefix(BLANK)
        return int(rows.exclude(**{field: ""}).update(**{field: ""}))
    done = 0
    for _ in range(MOST):
        gone = _delete_oldest(model, rows)
        done += gone
        if gone < CHUNK:
            break
    return done


def _delete_oldest(model: type[Model], rows: QuerySet[Any]) -> int:
    """Delete the oldest rows that are due, a chunk in a transaction of its own; keys rise with time."""
    with transaction.atomic():
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK])
        return model._default_manager.filter(pk__in=keys).delete()[0] if keys else 0
