"""On whom a project waits, worked out apart from the portal's code: from raw rows, one project at a time.

It reads tables through plain SQL (`rows`), knows the working calendar only as a set of days, and shares no function with
`packages.waiting` or `projects.clocks`. Slow and simple on purpose. Each line: (rank, role, verb, what begins with,
due day or None, case id or None).
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import connection

SHANGHAI = ZoneInfo("Asia/Shanghai")
OWNER = "建设单位"
OPEN = ("received", "correcting", "accepted", "in_review", "suspended")
LOST = ("decided_fail", "not_taken", "refused_intake", "withdrawn", "recalled", "revoked")
GRANTED = ("decided_pass", "decided_pass_deferred")
STAGES = ("planning", "permit", "acceptance")


def rows(sql, *values):
    """Rows of a query as dictionaries."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def one(sql, *values):
    """The first row or None."""
    found = rows(sql, *values)
    return found[0] if found else None


def day_of(moment):
    """The day in Shanghai of a stored time."""
    if isinstance(moment, str):
        moment = dt.datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(SHANGHAI).date()


def works(day):
    """Whether a day is a working day by the rows of the calendar, else by the weekend."""
    row = one("SELECT is_workday FROM projects_workday WHERE day = %s", day.isoformat())
    return bool(row["is_workday"]) if row else day.weekday() < 5


def due(clock_id, today):
    """The due day of a clock in working days, counted day by day, pauses left out, as it stands today."""
    clock = one("SELECT * FROM projects_clock WHERE id = %s", clock_id)
    if clock is None:
        return None
    spans = [
        (day_of(p["started_at"]), day_of(p["ended_at"]) if p["ended_at"] else today)
        for p in rows("SELECT * FROM projects_clockpause WHERE clock_id = %s", clock_id)
    ]
    day = clock["started_on"] if isinstance(clock["started_on"], dt.date) else dt.date.fromisoformat(clock["started_on"])
    left = clock["limit"] + clock["extensions"]
    while left:
        day += dt.timedelta(days=1)
        counted = works(day) if clock["unit"] == "working_day" else True
        if counted and not any(low < day <= high for low, high in spans):
            left -= 1
    return day


def label(organisation_id):
    """Short name of a body, else its name."""
    row = one("SELECT name, short_name FROM projects_organisation WHERE id = %s", organisation_id)
    return row["short_name"] or row["name"]


def expected(project_id, today):
    """Everything the project waits for, sorted."""
    project = one("SELECT * FROM projects_project WHERE id = %s", project_id)
    if project["status"] != "active" or project["stage"] == "delivered":
        return []
    cases = rows(
        "SELECT c.*, m.name AS matter_name FROM packages_mattercase c JOIN packages_matterversion m "
        "ON m.id = c.matter_id WHERE c.project_id = %s ORDER BY c.id", project_id,
    )
    running = [case for case in cases if case["state"] in OPEN]
    lines, joint = [], False
    for case in running:
        if case["handling"] == "acceptance" and case["state"] == "in_review":
            if joint:
                continue
            joint = True
        lines.append(of_case(case, project, today))
    lines += owed_papers(project_id, today)
    if not running:
        lines += next_steps(project, cases)
    if not lines:
        stage = {"planning": "谋划准备", "permit": "报建开工", "acceptance": "施工验收"}[project["stage"]]
        lines.append((9, label(project["centre_id"]), "安排", f"{stage}阶段的下一步", None, None))
    return sorted(lines, key=repr)


def of_case(case, project, today):
    """The one line of an open case."""
    name, lead = f"“{case['matter_name']}”", label(case["lead_id"])
    if case["state"] == "received":
        return (3, f"{label(project['centre_id'])}窗口", "受理", name, due(case["intake_clock_id"], today), case["id"])
    faults = rows(
        "SELECT * FROM projects_issueitem WHERE subject_type = 'packages.MatterCase' AND subject_key = %s "
        "AND kind = 'correction' AND state NOT IN ('verified', 'waived') ORDER BY id", str(case["id"]),
    )
    owed = [fault for fault in faults if fault["state"] != "submitted"]
    if case["state"] == "correcting" or (case["state"] == "suspended" and owed):
        verb, what = ("补正", f"{name}的 {len(owed)} 项问题") if owed else ("交回", f"{name}的补正材料")
        return (1, OWNER, verb, what, due(faults[0]["clock_id"], today) if faults else None, case["id"])
    if case["state"] == "suspended":
        return (2, lead, "完成", f"{name}的", due(case["special_clock_id"], today), case["id"])
    if case["state"] == "accepted":
        return (4, lead, "开始办理", name, due(case["promised_clock_id"], today), case["id"])
    if case["handling"] == "acceptance":
        return (5, lead, "办理", f"{name}（并入联合验收）", due(case["promised_clock_id"], today), case["id"])
    return in_review(case, name, lead, today)


def in_review(case, name, lead, today):
    """Who has not answered yet; then the lead; then its chief."""
    session = one(
        "SELECT * FROM packages_jointsession WHERE case_id = %s AND state IN ('reviewing', 'merging') "
        "ORDER BY round DESC", case["id"],
    )
    if session is None:
        return (3, f"{lead}首席代表", "决定", name, due(case["promised_clock_id"], today), case["id"])
    tasks = rows("SELECT * FROM packages_reviewtask WHERE session_id = %s AND state IN ('invited', 'opened')", session["id"])
    others = [(due(task["clock_id"], today), task["id"], task) for task in tasks if task["role"] != "lead"]
    if others:
        day, _, task = min(others, key=lambda entry: entry[:2])
        return (3, label(task["organisation_id"]), "答复", f"{name}的审查意见", day, case["id"])
    [task] = [task for task in tasks if task["role"] == "lead"]
    return (3, lead, "汇总", f"{name}的联合审查意见", due(task["clock_id"], today), case["id"])


def owed_papers(project_id, today):
    """Deferred papers after the grant."""
    found = rows(
        "SELECT * FROM projects_issueitem WHERE project_id = %s AND kind = 'deferral' AND clock_id IS NOT NULL "
        "AND state IN ('open', 'claimed', 'doing', 'rejected')", project_id,
    )
    return [
        (1, OWNER, "补交", f"容缺材料“{item['what']}”", due(item["clock_id"], today), int(item["subject_key"]))
        for item in found
    ]


def next_steps(project, cases):
    """What the owner may begin: of the earliest stage that has something to begin, by the way it is handled."""
    live = [case for case in cases if case["state"] not in LOST]
    if not live:
        return [(4, f"{label(project['centre_id'])}窗口", "确认", "项目套餐和情形", None, None)]
    matter_of = {
        row["id"]: row["matter_id"] for row in rows("SELECT id, matter_id FROM packages_matterversion")
    }
    undone = {matter_of[case["matter_id"]] for case in live if case["state"] not in GRANTED}
    ready = []
    for case in live:
        if case["state"] != "draft":
            continue
        needs = {
            row["matter_id"] for row in rows(
                "SELECT matter_id FROM packages_matterprerequisite WHERE version_id = %s", case["matter_id"]
            )
        }
        if not needs & undone:
            order = one('SELECT "order" FROM packages_packagerow WHERE id = %s', case["package_row_id"])["order"]
            ready.append((STAGES.index(case["stage"]), order, case))
    if not ready:
        return []
    first = min(entry[0] for entry in ready)
    lines = []
    for handling, verb in (("review", "申报"), ("acceptance", "申请"), ("outside", "办理")):
        found = [entry[2] for entry in sorted(ready, key=lambda e: e[:2]) if entry[0] == first
                 and entry[2]["handling"] == handling]
        if found:
            more = f"等 {len(found)} 项" if len(found) > 1 else ""
            lines.append((9, OWNER, verb, f"“{found[0]['matter_name']}”{more}", None, found[0]["id"]))
    return lines
