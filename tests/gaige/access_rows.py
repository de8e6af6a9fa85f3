"""Who gets what at each address of the composition (see tests/access.py for the order of the codes)."""

from tests.access import row

ROWS = {
    "healthz": row("", "200 200 200 200 200 200 200 200 200"),
    "gaige:home": row("", "200 302 302 302 302 302 302 302 302"),
    "gaige:search": row("", "200 200 200 200 200 200 200 200 200", query="?q=x"),
    "gaige:login": row("", "200 302 302 302 302 302 302 302 302"),
    "gaige:logout": row("", "302 302 302 302 302 302 302 302 302", method="post"),
    "gaige:styleguide": row("", "200 200 200 200 200 200 200 200 200"),
    "gaige:type_size": row("=large", "302 302 302 302 302 302 302 302 302"),
    "gaige:join": row("", "200 200 200 200 200 200 200 200 200"),
}
