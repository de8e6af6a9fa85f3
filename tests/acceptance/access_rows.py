"""Who gets what at each address of `acceptance` (see tests/access.py for the order of the codes)."""

from tests.access import row

ROWS = {
    "acceptance:apply": row("unit", "302 200 200 404 200 200 200 200 404"),
    "acceptance:detail": row("acceptance", "302 200 200 404 200 200 200 200 404"),
    "acceptance:accept": row("acceptance", "302 403 403 404 403 403 403 403 404"),
    "acceptance:visit": row("acceptance", "302 403 403 404 403 403 403 403 404"),
    "acceptance:list": row("acceptance", "302 403 403 404 403 403 403 403 404"),
    "acceptance:return": row("acceptance", "302 403 403 404 403 403 403 403 404", method="post"),
    "acceptance:conclude": row("acceptance", "302 403 403 404 403 403 403 403 404"),
    "acceptance:item": row("acceptance_item", "302 403 403 404 403 403 403 403 404"),
    "acceptance:recheck": row("acceptance_item", "302 403 403 404 403 403 403 403 404"),
    "acceptance:answer": row("issue", "302 404 404 404 404 404 404 404 404"),
}
