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
    "acceptance:inspections": row("", "302 200 200 200 200 200 200 200 200"),
    "acceptance:visits": row("project", "302 200 200 200 200 200 200 200 404"),
    "acceptance:visit_new": row("project", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection": row("inspection", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_notify": row("inspection", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_decline": row("inspection", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_cancel": row("inspection", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_start": row("inspection", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_close": row("inspection", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_unit": row("inspection_unit", "302 200 200 200 200 200 200 200 404"),
    "acceptance:inspection_photo": row("inspection_unit", "302 403 403 409 403 403 403 403 404", method="post"),
    "acceptance:finding_answer": row("finding", "302 200 200 200 200 200 200 200 404"),
    "acceptance:finding_recheck": row("finding", "302 200 200 200 200 200 200 200 404"),
}
