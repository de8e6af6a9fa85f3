"""On whom a consultation and what is off the list wait, worked out from raw rows, apart from the portal's code."""

import datetime as dt

from tests.oracles.waiting_oracle import OWNER, day_of, label, one, rows, works

CENTRE = "代办中心"
CALLER = {
    "planned": ("发出", "联合会商的通知"), "surveying": ("组织", "集中踏勘"), "meeting": ("签发", "会商纪要"),
    "to_tell": ("作出", "一次性告知"),
}
#: The handbook gives one working day for the notice and for the centre's answer.
ONE = 1
#: And five from the call to the survey.
SURVEY = 5


def after(moment, days):
    """The last of some working days that begin on the day after a moment."""
    day = day_of(moment)
    while days:
        day += dt.timedelta(days=1)
        days -= works(day)
    return day


def _as_day(value):
    return value if value is None or isinstance(value, dt.date) else dt.date.fromisoformat(value)


def expected(project_id):
    """Everything that consultations and the list of a project wait for: (role, verb, what, due day or None), sorted."""
    found = [
        line for row in rows(
            "SELECT * FROM packages_consultation WHERE project_id = %s AND state <> 'cancelled'", project_id
        ) for line in of_one(row)
    ]
    centre = label(one("SELECT centre_id FROM projects_project WHERE id = %s", project_id)["centre_id"])
    for item in rows("SELECT * FROM packages_offlistitem WHERE project_id = %s AND state = 'proposed'", project_id):
        what = f"材料“{item['name']}：{item['material']}”" if item["kind"] == "material" else f"事项“{item['name']}”"
        found.append((f"{centre}负责人", "批准", f"清单外{what}", after(item["proposed_at"], ONE)))
    return sorted(found, key=repr)


def of_one(row):
    """What one consultation waits for."""
    state = row["state"]
    if state == "invited":
        return [("受邀单位", "参加", "集中踏勘和联合会商", day_of(row["survey_at"]))]
    if state == "meeting" and (owing := of_units(row)):
        return owing
    if state in CALLER:
        terms = {"planned": ("convened_at", SURVEY), "to_tell": ("minutes_at", ONE)}
        began, days = terms.get(state, ("", 0))
        return [(CENTRE, *CALLER[state], after(row[began], days) if began else None)]
    lines = [(OWNER, "签收", "一次性告知单", None)] if state in ("told", "changed") else []
    plan = one(
        "SELECT p.revision AS told, e.revision AS now FROM packages_serviceplan p JOIN packages_enrolment e "
        "ON e.project_id = p.project_id WHERE p.consultation_id = %s AND p.state IN ('told', 'signed')", row["id"],
    )
    if plan and plan["told"] != plan["now"]:
        lines.append((CENTRE, "更新", "一方案一图一清单", None))
    return lines


def of_units(row):
    """Who was absent and has not written, then who came and has not confirmed."""
    lines = []
    for state, verb, what in (("absent", "提交", "书面意见"), ("present", "确认", "核对清单")):
        units = rows(
            "SELECT organisation_id FROM packages_consultationunit WHERE consultation_id = %s AND state = %s "
            "AND kind <> 'owner' ORDER BY id", row["id"], state,
        )
        if units:
            who = "、".join(label(unit["organisation_id"]) for unit in units)
            lines.append((who, verb, f"联合会商的{what}", _as_day(row["written_until"])))
    return lines
