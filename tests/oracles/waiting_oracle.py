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


def named(words):
    """A name in quotes; its own quotes are single ones (GB/T 15834)."""
    return "“" + words.replace("“", "‘").replace("”", "’") + "”"


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


SPECIALS = {"expert": "专家评审", "hearing": "听证", "site_survey": "现场勘察"}


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
        if case["handling"] == "utility":
            continue  # the lines of the joint application are asked
        if case["handling"] == "acceptance" and case["state"] in ("accepted", "in_review"):
            if joint:
                continue
            joint = True
        lines.append(of_case(case, project, today))
    held = {line[5] for line in lines if line[3].startswith("容缺材料")}
    lines += owed_papers(project, held, today) + promised(project_id, today)
    if not running:
        lines += next_steps(project, cases)
    if not lines:
        stage = {"planning": "谋划准备", "permit": "报建开工", "acceptance": "施工验收"}[project["stage"]]
        lines.append((9, label(project["centre_id"]), "安排", f"{stage}阶段的下一步", None, None))
    return sorted(lines, key=repr)


def of_case(case, project, today):
    """The one line of an open case."""
    name, lead = named(case["matter_name"]), label(case["lead_id"])
    shown = case["special_clock_id"] if case["state"] == "suspended" else None
    shown = shown or case["promised_clock_id"] or case["intake_clock_id"]
    if one("SELECT 1 FROM packages_withdrawal WHERE case_id = %s AND state IN ('requested', 'taken')", case["id"]):
        who = lead if case["accepted_at"] else f"{label(project['centre_id'])}窗口"
        return (2, who, "答复", f"{name}的撤件申请", due(shown, today), case["id"])
    if case["state"] == "received":
        return held_back(case, project, today) or (3, f"{label(project['centre_id'])}窗口", "受理", name, due(case["intake_clock_id"], today), case["id"])
    faults = rows(
        "SELECT * FROM projects_issueitem WHERE subject_type = 'packages.MatterCase' AND subject_key = %s "
        "AND kind = 'correction' AND state NOT IN ('verified', 'waived') ORDER BY id", str(case["id"]),
    )
    owed = [fault for fault in faults if fault["state"] != "submitted"]
    if case["state"] == "correcting" or (case["state"] == "suspended" and owed):
        word = "补正" if case["accepted_at"] else "补全"
        verb, what = (word, f"{name}的 {len(owed)} 项问题") if owed else ("交回", f"{name}的{word}材料")
        if case["special_kind"]:
            what += f"，同时等{lead}完成{SPECIALS[case['special_kind']]}"
        return (1, OWNER, verb, what, due(faults[0]["clock_id"], today) if faults else None, case["id"])
    if case["state"] == "suspended":
        return (2, lead, "完成", f"{name}的", due(case["special_clock_id"], today), case["id"])
    asked = one("SELECT * FROM packages_specialprocedure WHERE case_id = %s AND state = 'requested'", case["id"])
    if asked:
        words = SPECIALS[asked["kind"]]
        return (2, f"{lead}首席代表", "批准", f"{name}的{words}", due(shown, today), case["id"])
    asked = one("SELECT * FROM packages_extension WHERE case_id = %s AND state = 'requested'", case["id"])
    if asked:
        who = "工改办" if asked["is_joint"] else f"{lead}首席代表"
        return (2, who, "批准", f"{name}的延长办理期限", due(shown, today), case["id"])
    if case["state"] == "accepted" and case["handling"] != "acceptance":
        return (4, lead, "开始办理", name, due(case["promised_clock_id"], today), case["id"])
    if case["handling"] == "acceptance":
        return (5, lead, "办理", f"{name}（并入联合验收）", due(case["promised_clock_id"], today), case["id"])
    return in_review(case, project, name, lead, today)


def in_review(case, project, name, lead, today):
    """Who has not answered yet; then the lead; then its chief."""
    session = one(
        "SELECT * FROM packages_jointsession WHERE case_id = %s AND state IN "
        "('pushing', 'reviewing', 'merging', 'conference', 'rectifying') ORDER BY round DESC", case["id"],
    )
    if session is None:
        return held_back(case, project, today) or (3, f"{lead}首席代表", "决定", name, due(case["promised_clock_id"], today), case["id"])
    tasks = rows("SELECT * FROM packages_reviewtask WHERE session_id = %s AND state IN ('invited', 'opened')", session["id"])
    others = [(due(task["clock_id"], today), task["id"], task) for task in tasks if task["role"] != "lead"]
    if others:
        day, _, task = min(others, key=lambda entry: entry[:2])
        return (3, label(task["organisation_id"]), "答复", f"{name}的审查意见", day, case["id"])
    [task] = [task for task in tasks if task["role"] == "lead"]
    day = due(task["clock_id"], today)
    if session["state"] == "pushing":
        return (3, lead, "推送", f"{name}的审查材料", day, case["id"])
    if session["state"] == "conference" and session["waits_for"]:
        return (3, session["waits_for"], "签认", f"{name}的联审会意见", day, case["id"])
    if session["state"] == "conference":
        return (3, lead, "召开", f"{name}的联审会", day, case["id"])
    if session["state"] == "rectifying":
        return (3, lead, "复核", f"{name}的整改", day, case["id"])
    return (3, lead, "汇总", f"{name}的联合审查意见", due(task["clock_id"], today), case["id"])


def owed_papers(project, held, today):
    """Deferred papers whose clock runs, and those that came and are not checked."""
    found = rows(
        "SELECT d.case_id, d.arrives_before, i.* FROM packages_deferral d JOIN projects_issueitem i ON i.id = d.issue_id "
        "WHERE i.project_id = %s AND i.clock_id IS NOT NULL AND i.state NOT IN ('verified', 'waived')", project["id"],
    )
    return [
        deferred(item, project, today) for item in found
        if not (item["case_id"] in held and item["arrives_before"] == "decision")
    ]


def deferred(item, project, today):
    """The one line of a deferred paper."""
    day, what = due(item["clock_id"], today), f"容缺材料{named(item['what'])}"
    if item["state"] == "submitted":
        return (3, f"{label(project['centre_id'])}窗口", "核实", what, day, int(item["subject_key"]))
    return (1, OWNER, "补交", what, day, int(item["subject_key"]))


def promised(project_id, today):
    """Commitments that run, are checked, or were broken."""
    found = rows(
        "SELECT t.*, c.lead_id, m.name AS matter_name, i.clock_id FROM packages_commitment t "
        "JOIN packages_mattercase c ON c.id = t.case_id JOIN packages_matterversion m ON m.id = c.matter_id "
        "LEFT JOIN projects_issueitem i ON i.id = t.issue_id WHERE c.project_id = %s AND t.closed_at IS NULL",
        project_id,
    )
    lines = []
    for row in found:
        lead, what, day = label(row["lead_id"]), f"{named(row['matter_name'])}的承诺", due(row["clock_id"], today)
        if row["state"] == "performing":
            lines.append((10, OWNER, "履行", what, day, row["case_id"]))
        elif row["state"] == "overdue":
            lines.append((1, OWNER, "履行", what, day, row["case_id"]))
        elif row["state"] == "to_check":
            lines.append((3, lead, "核查", what, day, row["case_id"]))
        elif row["state"] == "breached":
            lines.append((3, f"{lead}首席代表", "处理", f"{named(row['matter_name'])}的违诺", None, row["case_id"]))
    return lines


def held_back(case, project, today):
    """What a case at the window or before its decision waits for beside window and chief, or None."""
    if case["state"] == "received":
        open_lines = rows(
            "SELECT * FROM packages_materialitem WHERE case_id = %s AND state IN ('missing', 'awaited') "
            'ORDER BY "order"', case["id"],
        )
        if not open_lines or any(item["state"] == "missing" for item in open_lines):
            return None
        first = open_lines[0]
        more = f"等 {len(open_lines)} 件材料" if len(open_lines) > 1 else ""
        verb = {"fetch": "调取", "record": "补录"}[first["supply"]]
        day = due(case["intake_clock_id"], today)
        return (3, label(first["supplier_id"]), verb, f"{named(first['name'])}{more}", day, case["id"])
    owed = one(
        "SELECT d.case_id, i.* FROM packages_deferral d JOIN projects_issueitem i ON i.id = d.issue_id WHERE "
        "d.case_id = %s AND d.arrives_before = 'decision' AND i.state NOT IN ('verified', 'waived') ORDER BY d.id",
        case["id"],
    )
    if owed:
        return deferred(owed, project, today)
    unsigned = one("SELECT * FROM packages_commitment WHERE case_id = %s AND state = 'offered'", case["id"])
    if unsigned:
        who = "设计单位" if unsigned["signed_at"] else OWNER
        day = due(case["promised_clock_id"], today)
        return (1, who, "签署", f"{named(case['matter_name'])}的承诺书", day, case["id"])
    return None


def convened():
    """The versions of 联合研判, 联合会商, 联合检查: a body calls them together, the owner begins none of them."""
    found = rows(
        "SELECT v.id FROM packages_matterversion v JOIN packages_matter m ON m.id = v.matter_id "
        "WHERE m.code IN ('joint-judge', 'joint-consult', 'joint-inspect')"
    )
    return {row["id"] for row in found}


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
    ready = sorted((entry for entry in ready if entry[0] == first), key=lambda e: e[:2])
    called = [entry[2] for entry in ready if entry[2]["matter_id"] in convened()]
    lines = [(9, label(case["lead_id"]), "组织", named(case["matter_name"]), None, case["id"]) for case in called]
    for handling, verb in (("review", "申报"), ("acceptance", "申请"), ("outside", "办理")):
        found = [entry[2] for entry in ready if entry[2]["handling"] == handling and entry[2] not in called]
        if found:
            more = f"等 {len(found)} 项" if len(found) > 1 else ""
            lines.append((9, OWNER, verb, f"{named(found[0]['matter_name'])}{more}", None, found[0]["id"]))
    return lines
