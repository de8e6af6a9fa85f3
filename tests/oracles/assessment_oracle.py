"""On whom land lists, standard land and combined reports wait, worked out from raw rows, apart from the portal's code."""

from tests.oracles.waiting_oracle import OWNER, label, one, rows

STANDARD = {
    "sold": (OWNER, "签订标准地承诺书"), "committed": ("keeper", "登记标准地开工"),
    "checking": ("keeper", "核查标准地达产指标"),
    "rectifying": (OWNER, "整改标准地未达标的指标"),
}


def expected(project_id):
    """Everything of this part that a project waits for: (who, what), sorted."""
    window = f"{label(one('SELECT centre_id FROM projects_project WHERE id = %s', project_id)['centre_id'])}窗口"
    lines = [
        (OWNER, "签收用地清单")
        for _ in rows("SELECT id FROM packages_landlist WHERE project_id = %s AND state = 'handed'", project_id)
    ]
    lines += of_parcel(project_id)
    for land in rows("SELECT state, keeper_id FROM packages_standardland WHERE project_id = %s", project_id):
        if land["state"] in STANDARD:
            who, what = STANDARD[land["state"]]
            lines.append((label(land["keeper_id"]) if who == "keeper" else who, what))
    running = "SELECT * FROM packages_onebook WHERE project_id = %s AND state NOT IN ('delivered', 'closed')"
    for book in rows(running, project_id):
        chapters = rows('SELECT * FROM packages_bookchapter WHERE book_id = %s ORDER BY "order"', book["id"])
        lines += of_book(book["state"], chapters, window)
    return sorted(lines)


def of_parcel(project_id):
    """Who has not signed the list of the project's land, which is not handed over yet; then its keeper."""
    lines = []
    numbers = {row["number"] for row in rows("SELECT number FROM packages_parcel WHERE project_id = %s", project_id)}
    numbers |= {row["parcel"] for row in rows("SELECT parcel FROM packages_poolentry WHERE project_id = %s", project_id)}
    for land in rows("SELECT * FROM packages_landlist WHERE project_id IS NULL ORDER BY id"):
        if land["parcel"] not in numbers:
            continue
        what = f"宗地 {land['parcel']} 的用地清单"
        left = rows(
            'SELECT department_id FROM packages_landlistitem WHERE land_list_id = %s AND signed_at IS NULL ORDER BY "order"',
            land["id"],
        )
        bodies = list(dict.fromkeys(label(row["department_id"]) for row in left))
        if not bodies:
            lines.append((label(land["keeper_id"]), f"随地交付{what}"))
            continue
        more = f"等 {len(bodies)} 个部门" if len(bodies) > 3 else ""
        lines.append(("、".join(bodies[:3]) + more, f"签认{what}"))
    return lines


def of_book(state, chapters, window):
    """What one book waits for."""
    if state == "intake":
        return [(window, "告知一本多篇所需的篇章")]
    if state == "delivering":
        return [(OWNER, "签收签署一本多篇的评审意见和承诺条款")]
    lines, writing = [], [c for c in chapters if c["state"] in ("writing", "returned")]
    if writing:
        verb = "修改" if {c["state"] for c in writing} == {"returned"} else "提交"
        lines.append((OWNER, f"{verb}一本多篇的{'、'.join(c['title'] for c in writing)}"))
    wanted, verb = ("passed", "审批") if state == "approving" else ("submitted", "评审")
    bodies = dict.fromkeys(c["reviewer_id"] for c in chapters if c["state"] == wanted)
    for body in bodies:
        titles = "、".join(c["title"] for c in chapters if (c["reviewer_id"], c["state"]) == (body, wanted))
        lines.append((label(body), f"{verb}一本多篇的{titles}"))
    return lines or [(window, "出具一本多篇的评审意见")]
