"""Reading plain data: objects with attributes, or mappings with the same keys."""

from collections.abc import Mapping
from typing import Any


def get(data: Any, name: str, default: Any = None) -> Any:
    """Return an attribute or key of plain data, ``default`` when it is missing or None."""
    value = data.get(name) if isinstance(data, Mapping) else getattr(data, name, None)
    return default if value is None else value
