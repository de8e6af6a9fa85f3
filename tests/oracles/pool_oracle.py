"""On whom a project of the pool waits in its appraisal, worked out from raw rows, apart from the portal's code."""

from tests.oracles.consultation_oracle import after
from tests.oracles.waiting_oracle import due, label, one, rows

FACTORS = {"funds": "资金", "planning": "规划", "land": "用地", "eia": "环评", "energy": "能耗"}
#: The handbook gives three working days from ripe to the call.
CALL = 3
#: What the convener does for a project in these states.
CONVENER = {
    "entered": ("认定", "疑似重复项目"), "waiting": ("发起", "联合研判"), "resting": ("恢复", "暂缓的研判"),
}


def expected(project_id, today):
    """Everything of its appraisal that a project waits for: (role, verb, what, due day or None)."""
    entry = one("SELECT * FROM packages_poolentry WHERE project_id = %s", project_id)
    if entry is None:
        return []
    who = label(convener(project_id))
    if entry["state"] in CONVENER:
        return [(who, *CONVENER[entry["state"]], None)]
    if entry["state"] == "appraising":
        return of_round(project_id, who, today)
    if entry["state"] == "appraised":
        return of_gaps(project_id, who, today) or [
            (who, "召集", "联合会商", after(entry["changed_at"], CALL)) if entry["maturity"] == "ready"
            else (who, "发起", "复评", None)
        ]
    return []


def convener(project_id):
    """The body that convenes: the one with this code, else the project's centre."""
    named = one("SELECT id FROM projects_organisation WHERE code = 'project-centre'")
    return named["id"] if named else one("SELECT centre_id FROM projects_project WHERE id = %s", project_id)["centre_id"]


def of_round(project_id, who, today):
    """Departments that have not scored yet, then the chair."""
    session = one(
        "SELECT * FROM packages_jointsession WHERE project_id = %s AND kind = 'appraisal' "
        "AND state IN ('pushing', 'reviewing', 'merging', 'conference', 'rectifying')", project_id,
    )
    tasks = rows(
        "SELECT * FROM packages_reviewtask WHERE session_id = %s AND state IN ('invited', 'opened')", session["id"]
    )
    if session["state"] == "reviewing":
        return [
            (label(task["organisation_id"]), "评分", f"联合研判的{task['scope_note']}", due(task["clock_id"], today))
            for task in tasks
        ]
    return [(f"{who}研判会主持人", "签署", "联合研判意见", None)]


def of_gaps(project_id, who, today):
    """Gaps that are not filled: to be claimed or filled by their department, then checked by the convener."""
    found = rows(
        "SELECT g.factor, i.* FROM packages_gap g JOIN projects_issueitem i ON i.id = g.issue_id "
        "WHERE i.project_id = %s AND i.state NOT IN ('verified', 'waived')", project_id,
    )
    lines = []
    for gap in found:
        what = f"{FACTORS[gap['factor']]}缺口"
        if gap["state"] == "submitted":
            lines.append((who, "核实", what, None))
            continue
        verb = "认领" if gap["state"] == "open" else "补齐"
        lines.append((label(gap["debtor_organisation_id"]), verb, what, due(gap["clock_id"], today)))
    return lines
