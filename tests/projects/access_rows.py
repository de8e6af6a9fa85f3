"""Who gets what at each address of `projects` (see tests/access.py for the order of the codes)."""

from tests.access import row

ROWS = {
    "projects:list": row("", "302 200 200 200 200 200 200 200 200"),
    "projects:register": row("", "302 200 200 403 403 200 200 403 200"),
    "projects:detail": row("project", "302 200 200 200 200 200 200 200 404"),
    "projects:events": row("project", "302 200 200 200 200 200 200 200 404"),
    "projects:parties": row("project", "302 200 200 403 403 200 200 200 404"),
    "projects:exchange": row("local", "302 200 200 404 403 200 200 403 403"),
    "projects:suspend": row("project", "302 403 403 403 403 403 200 200 404"),
    "projects:resume": row("project", "302 403 403 403 403 403 403 403 404"),
    "projects:terminate": row("project", "302 403 403 403 403 403 200 200 404"),
    "projects:grants": row("project", "302 403 403 403 403 403 200 200 404"),
    "projects:grant_end": row("local grant", "302 403 403 404 403 403 302 302 403", method="post"),
    "projects:clock": row("clock", "302 200 200 200 200 200 200 200 404"),
}
