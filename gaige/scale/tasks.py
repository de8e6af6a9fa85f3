"""Tasks that do nothing, beside which a real one is measured; only the benchmark's workers include them."""

from __future__ import annotations

from pathlib import Path

from celery import shared_task


@shared_task(name="gaige.scale.tasks.empty")
def empty(_: int) -> None:
    """Do nothing."""


@shared_task(name="gaige.scale.tasks.mark")
def mark(path: str) -> None:
    """Leave a file: everything that was published before has been taken up."""
    Path(path).touch()
