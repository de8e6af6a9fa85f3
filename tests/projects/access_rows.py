"""Who gets what at each address of `projects` (see tests/access/__init__.py for the order of the codes)."""

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
    "projects:explain_overdue": row("clock", "302 403 403 403 403 403 403 403 404", method="post"),
    "projects:calendar": row("", "302 403 200 200 200 200 200 200 403"),
    "projects:calendar_day": row("", "302 403 403 403 403 403 403 403 403", method="post"),
    "projects:back_entries": row("", "302 403 200 200 200 200 200 200 403"),
    "projects:first_account": row("project", "302 200 200 200 200 200 200 200 404"),
    "projects:own_staff": row("", "302 302 302 302 302 302 302 302 302"),
    "projects:act_for": row("", "302 302 302 302 302 302 302 302 302", method="post"),
    "projects:staff": row("body", "302 200 404 404 404 404 404 404 404"),
    "projects:invite": row("body", "302 403 404 404 404 404 404 404 404", method="post"),
    "projects:member_end": row("member", "302 200 404 404 404 404 404 404 404"),
    "projects:member_lead": row("member", "302 200 404 404 404 404 404 404 404"),
    "projects:member_reset": row("member", "302 200 404 404 404 404 404 404 404", method="post"),
    "projects:invitation_renew": row("invitation", "302 200 404 404 404 404 404 404 404", method="post"),
    "projects:invitation_revoke": row("invitation", "302 302 404 404 404 404 404 404 404", method="post"),
    "projects:people": row("", "302 403 403 403 403 403 403 403 403"),
}
