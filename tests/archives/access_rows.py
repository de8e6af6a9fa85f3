"""Who gets what at each address of `archives` (see tests/access/__init__.py for the order of the codes)."""

from tests.access import row

ROWS = {
    "archives:project_card": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:card_pdf": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:code_form": row("project =fence", "302 200 200 200 200 200 200 200 404"),
    "archives:transfer": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:volume": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:transfers": row("", "302 200 200 200 200 200 200 200 200"),
    "archives:transfer_return": row("handing", "302 403 403 403 403 403 403 403 404"),
    "archives:transfer_step": row("handing =again", "302 403 403 403 403 403 403 403 404", method="post"),
    "archives:bundle": row("handing_bundle", "302 404 404 404 404 404 404 404 404"),
    "archives:card_reissue": row("project", "302 403 200 403 403 403 200 200 404"),
    "archives:card_void": row("project", "302 403 200 403 403 403 200 200 404"),
    "archives:archive": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:archive_file": row("project", "302 200 200 403 403 200 200 200 404"),
    "archives:document": row("document", "302 200 200 200 200 200 200 200 404"),
    "archives:document_version": row("document", "302 200 200 200 200 200 200 200 404"),
    "archives:paper": row("paper", "302 200 200 200 200 200 200 200 404"),
    "archives:paper_pdf": row("paper", "302 200 200 200 200 200 200 200 404"),
    "archives:document_checks": row("document", "302 200 200 200 200 200 200 200 404"),
    "archives:asof": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:search": row("", "302 200 200 200 200 200 200 200 200"),
    "archives:integrity": row("", "302 403 200 200 200 200 200 200 403"),
    # the clerk and the reviewer have work on the project: they arrive there
    "archives:public": row("token", "200 200 302 302 200 200 200 200 200"),
    "archives:verify": row("", "200 200 200 200 200 200 200 200 200"),
    "archives:notices": row("project", "302 200 200 200 200 200 200 200 404"),
    "archives:sign_many": row("", "302 200 200 200 200 200 200 200 200"),
    "archives:sign": row("paper", "302 200 200 200 200 200 200 200 404"),
    "archives:hand_over": row("paper", "302 200 200 200 200 200 200 200 404"),
}
