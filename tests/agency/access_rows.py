"""Who gets what at each address of `agency` (see tests/access.py for the order of the codes)."""

from tests.access import row

ROWS = {
    "agency:desk": row("", "302 403 403 403 403 403 200 200 403"),
    "agency:assign": row("project", "302 403 403 403 403 403 200 200 404"),
    "agency:slips": row("", "302 403 200 200 200 200 200 200 200"),
    "agency:slip": row("slip", "302 404 200 200 200 200 200 200 404"),
    "agency:slip_answer": row("slip", "302 404 403 200 403 403 403 403 404"),
    "agency:slip_return": row("slip", "302 404 403 403 403 403 403 403 404"),
    "agency:slip_close": row("slip", "302 404 403 403 403 403 403 200 404"),
    "agency:slip_project": row("project", "302 403 403 403 403 403 403 200 404"),
    "agency:slip_case": row("reviewed", "302 403 403 403 403 403 403 200 404"),
    "agency:inbox": row("", "302 200 200 200 200 200 200 200 200"),
    "agency:message_settings": row("", "302 200 200 200 200 200 200 200 200"),
    "agency:digest": row("digest", "302 404 200 404 404 404 404 404 404"),
    "agency:dispatches": row("", "302 403 403 403 403 403 403 403 403"),
    "agency:dispatch": row("dispatch", "302 403 403 403 403 403 403 403 403"),
    "agency:dispatch_again": row("dispatch", "302 403 403 403 403 403 403 403 403", method="post"),
    "agency:webhooks": row("", "302 403 403 403 403 403 403 403 403"),
    "agency:webhook_end": row("hook", "302 403 403 403 403 403 403 403 403", method="post"),
    "agency:read_all": row("", "302 302 302 302 302 302 302 302 302", method="post"),
    "agency:read": row("message", "302 404 302 404 404 404 404 404 404", method="post"),
    "agency:bulletins": row("", "200 200 200 200 200 200 200 200 200"),
    "agency:open": row("", "302 404 404 404 404 404 404 404 404", method="post"),
    "agency:bulletin": row("bulletin", "404 404 200 200 200 200 200 200 404"),
    "agency:figure": row("bulletin =received =0", "302 404 200 200 200 200 200 200 404"),
    "agency:freeze": row("bulletin", "302 404 403 403 403 403 403 200 404"),
    "agency:publish": row("bulletin", "302 404 403 403 403 403 403 403 404"),
    "agency:bulletin_pdf": row("bulletin", "404 404 404 404 404 404 404 404 404"),
}
