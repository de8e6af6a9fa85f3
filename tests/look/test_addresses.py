"""Every address that a template names exists."""

import re
from pathlib import Path

from django.conf import settings
from django.urls import get_resolver

NAMED = re.compile(r"""{%\s*url\s+["']([\w:-]+)["']""")


def names(resolver=None, space=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern, pattern.namespace or space)
        else:
            yield f"{space}:{pattern.name}" if space else pattern.name


def test_templates_name_only_addresses_that_exist():
    known = set(names())
    folder = Path(settings.BASE_DIR) / "templates"
    named = {(name, str(path.relative_to(folder))) for path in folder.rglob("*.html") for name in NAMED.findall(path.read_text())}
    assert len(named) > 300
    assert {row for row in named if row[0] not in known} == set()
