"""On whom survey, inspections, acceptance and what follows it wait, worked out from raw rows, apart from the portal's code."""

import datetime as dt

from tests.oracles.waiting_oracle import OWNER, label, one, rows

WINDOW = "综合窗口"
#: How near an inspection of the plan has to be before its notice is awaited, in calendar days.
NEAR = 10


def _day(value):
    return value if value is None or isinstance(value, dt.date) else dt.date.fromisoformat(value)


def expected(project_id, today):
    """Everything of the stage of acceptance that a project waits for: (role, verb, what), sorted."""
    lines = [of_acceptance(row) for row in rows(
        "SELECT * FROM acceptance_acceptanceapplication WHERE project_id = %s AND state NOT IN "
        "('draft', 'passed', 'passed_deferred', 'failed')", project_id,
    )]
    lines += before(project_id) + after(project_id)
    open_ones = rows(
        "SELECT * FROM acceptance_inspection WHERE project_id = %s AND state NOT IN ('closed', 'cancelled')", project_id
    )
    lines += [of_inspection(row) for row in open_ones
              if row["state"] != "planned" or _day(row["slot_on"]) <= today + dt.timedelta(days=NEAR)]
    return sorted(lines)


def _items(acceptance, state):
    return rows(
        "SELECT DISTINCT organisation_id, MIN(number) AS first FROM acceptance_acceptanceitem WHERE acceptance_id = %s "
        "AND is_gate AND state = %s GROUP BY organisation_id ORDER BY first", acceptance["id"], state,
    )


def of_acceptance(row):
    """The one line of an open acceptance."""
    lead = label(row["lead_id"])
    if row["state"] == "applied":
        handed = row["application_id"] is None or one(
            "SELECT submitted_at FROM packages_application WHERE id = %s", row["application_id"]
        )["submitted_at"]
        return (WINDOW, "作出", "联合验收申请的受理") if handed else (OWNER, "提交", "联合验收申报材料")
    if row["state"] == "doc_review":
        return lead, "约定", "现场验收日期"
    if row["state"] == "doc_rectifying":
        return OWNER, "完成", "联合验收资料整改"
    if row["state"] == "rectifying":
        return OWNER, "完成", "联合验收整改"
    if row["state"] == "merging":
        return lead, "出具", "竣工联合验收意见书"
    if row["state"] == "site":
        visit = one("SELECT * FROM acceptance_sitevisit WHERE acceptance_id = %s", row["id"])
        if visit["planned_on"] is None:  # the owner may refuse twice, then it names the day
            return (OWNER, "选定", "现场验收日期") if visit["refusals"] >= 2 else (lead, "另约", "现场验收日期")
        waiting, verb, what = "pending", "填写", "现场验收结果"
    else:
        waiting, verb, what = "rectifying", "完成", "整改复核"
    bodies = dict.fromkeys(label(item["organisation_id"]) for item in _items(row, waiting))
    return "、".join(bodies) or lead, verb, what


def before(project_id):
    """Surveys and pre-acceptances."""
    lines = []
    for row in rows("SELECT * FROM acceptance_jointsurvey WHERE project_id = %s", project_id):
        if row["state"] in ("commissioned", "returned"):
            name = one("SELECT name FROM projects_organisation WHERE id = %s", row["surveyor_id"])["name"]
            lines.append((name, "提交", "多测合一成果"))
        elif row["state"] == "handed_in":
            lines.append((WINDOW, "核对", "多测合一成果"))
    for row in rows("SELECT * FROM acceptance_preacceptance WHERE project_id = %s", project_id):
        if row["state"] == "booked":
            lines.append((label(row["lead_id"]), "确认", "预验收日期"))
        elif row["state"] == "confirmed":
            lines.append((label(row["lead_id"]), "填写", "预验收意见"))
    return lines


def after(project_id):
    """Late faults, papers that follow a conclusion, and what the registry has."""
    join = "JOIN acceptance_acceptanceapplication a ON a.id = x.acceptance_id WHERE a.project_id = %s"
    lines = [
        (f"{label(row['lead_id'])}首席代表", "决定", "清单后新增问题") for row in rows(
            f"SELECT x.*, a.lead_id FROM acceptance_latefault x {join} AND x.state = 'asked'", project_id
        )
    ]
    owed = rows(
        f"SELECT x.*, i.organisation_id FROM acceptance_makeup x JOIN acceptance_acceptanceitem i ON i.id = x.item_id {join} "
        "AND x.due_on IS NOT NULL", project_id,
    )
    for row in owed:
        paper = f"容缺材料“{row['paper_name']}”"
        if row["state"] == "brought":
            lines.append((label(row["organisation_id"]), "核对", f"补交的{paper}"))
        elif row["state"] in ("owed", "late"):
            lines.append((OWNER, "补交", f"{'逾期' if row['state'] == 'late' else ''}{paper}"))
    for row in rows(f"SELECT x.* FROM acceptance_registryhandover x {join}", project_id):
        words = {"handed": ("接收", "房证同交材料"), "received": ("办理", "不动产首次登记")}.get(row["state"])
        if words:
            lines.append((label(row["registry_id"]), *words))
    return lines


def of_inspection(row):
    """The one line of an open inspection."""
    lead, state = label(row["lead_id"]), row["state"]
    joined = "、".join(
        label(unit["organisation_id"]) for unit in rows(
            "SELECT * FROM acceptance_inspectionunit WHERE inspection_id = %s AND state = 'joined' ORDER BY id", row["id"]
        )
    )
    if state == "planned":
        return lead, "发出", f"{row['title']}的通知"
    if state == "notified":
        return joined or lead, "到场", row["title"]
    if state == "checking":
        return (joined, "填写", f"{row['title']}结果") if joined else (lead, "出具", f"{row['title']}记录")
    if state == "recheck":
        found = rows(
            "SELECT u.organisation_id, MIN(f.id) AS first FROM acceptance_finding f JOIN acceptance_inspectionline l ON l.id = f.line_id "
            "JOIN acceptance_inspectionunit u ON u.id = l.unit_id JOIN projects_issueitem i ON i.id = f.issue_id "
            "WHERE u.inspection_id = %s AND i.state = 'submitted' GROUP BY u.organisation_id ORDER BY first", row["id"],
        )
        bodies = dict.fromkeys(label(item["organisation_id"]) for item in found)
        return "、".join(bodies) or lead, "复核", f"{row['title']}的整改"
    return OWNER, "完成", f"{row['title']}的整改"
