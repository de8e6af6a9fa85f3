"""Whom permits and letters that run out, and drawings, wait for: told from the raw rows, apart from the portal's own code."""

import datetime as dt

from tests.oracles.waiting_oracle import OWNER, due, label, one, rows

MENDED = "施工图违反强条的问题"


def _day(value):
    return value if value is None or isinstance(value, dt.date) else dt.date.fromisoformat(value)


def living(project_id):
    """Permits for a part or for a time, and letters: (role, verb, what, due), sorted."""
    found = [_permit(row) for row in rows("SELECT * FROM packages_conditionalpermit WHERE project_id = %s", project_id)]
    found += [_letter(row) for row in rows("SELECT * FROM packages_letter WHERE project_id = %s", project_id)]
    return sorted((line for line in found if line), key=repr)


def _stop(row, body):
    """A stop check: the owner stops and answers, then the body looks again."""
    issue = one("SELECT state FROM projects_issueitem WHERE id = %s", row["stop_issue_id"])
    if issue and issue["state"] in ("submitted", "verified", "waived"):
        return (body, "复核", f"“{row['name']}”失效后的停工情况", None)
    return (OWNER, "停工并答复", f"“{row['name']}”的停工核查", None)


def _permit(row):
    body, name = label(row["supervisor_id"]), row["name"]
    if row["state"] == "warned":
        return (OWNER, "办结", f"正式许可（{name}）", _day(row["valid_until"]))
    if row["state"] not in ("lapsed", "stop_check") or row["closed_at"]:
        return None
    if row["state"] == "stop_check":
        return _stop(row, body)
    if row["is_works"]:
        return (body, "核查", f"“{name}”失效后是否停工", None)
    return (OWNER, "办结", f"正式证件（{name}已失效）", None)


def _letter(row):
    name, live = row["name"], row["state"] in ("issued", "warned")
    if row["formal_case_id"] and live and not row["closed_at"]:
        return (label(row["issuer_id"]), "核对换发", f"“{name}”", _day(row["valid_until"]) if row["state"] == "warned" else None)
    if row["state"] == "warned":
        return (OWNER, "办结", f"正式证件（{name}）", _day(row["valid_until"]))
    if row["state"] == "lapsed" and not row["closed_at"]:
        return (OWNER, "办结", f"正式证件（{name}已失效）", None)
    return None


def drawings(project_id, today):
    """Drawings without a case, commitments to mend, samples: (role, verb, what, due), sorted."""
    found = []
    reviews = rows("SELECT * FROM packages_drawingreview WHERE project_id = %s", project_id)
    for row in reviews:
        if row["state"] == "committed":
            found += _mending(row, today)
        elif row["case_id"] is None and row["state"] == "uploading":
            found.append(("设计单位", "上传", "全套施工图", None))
        elif row["case_id"] is None and row["state"] == "to_pledge":
            found.append((_unsigned(row, project_id), "签署", "勘察设计质量承诺", None))
        for ticket in rows("SELECT * FROM packages_sampleticket WHERE review_id = %s AND state = 'open'", row["id"]):
            found.append((label(ticket["organisation_id"]), "完成", "施工图事后抽查", due(ticket["clock_id"], today)))
    return sorted(found, key=repr)


def _mending(row, today):
    clock = one("SELECT * FROM projects_clock WHERE id = %s", row["fix_clock_id"])
    last, found = due(clock["id"], today), []
    open_rows = rows(
        "SELECT * FROM packages_breach WHERE review_id = %s AND state IN ('open', 'fixed')", row["id"]
    )
    if any(breach["state"] == "open" for breach in open_rows):
        found.append((OWNER, "改完", MENDED, last))
    bodies = {breach["organisation_id"] for breach in open_rows if breach["state"] == "fixed"}
    return found + [(label(body), "核实", "改好的施工图", last) for body in bodies]


def _unsigned(row, project_id):
    """The words of those who have not signed, the owner first."""
    owner = one("SELECT owner_id FROM projects_project WHERE id = %s", project_id)["owner_id"]
    signed = {
        pledge["organisation_id"]
        for pledge in rows("SELECT * FROM packages_pledge WHERE review_id = %s AND kind = 'quality'", row["id"])
    }
    words = {owner: OWNER}
    for party in rows(
        "SELECT * FROM projects_party WHERE project_id = %s AND role IN ('3', '4') ORDER BY role, id", project_id
    ):
        words.setdefault(party["organisation_id"], {"3": "勘察单位", "4": "设计单位"}[party["role"]])
    return "、".join(dict.fromkeys(word for pk, word in words.items() if pk not in signed)) or "设计单位"
