"""What was answered to an objection or an application for repair goes into its own column; the reason of the decision,
which the answer had overwritten, is read from the paper of the decision."""

from django.db import migrations

REASON = "决定理由："
WORDS = {"credit.upheld": "维持列入：", "credit.removed": "移出失信名单："}
COLUMNS = {"contested": "objection_answer", "repairing": "repair_answer"}


def _reason(papers, key):
    """Return the reason that the paper of the decision froze, an empty text where there is none."""
    paper = papers.filter(kind="credit_decision", subject_type="projects.CreditListing", subject_key=key).first()
    said = paper.content.get("paragraphs", []) if paper else []
    found = next((text.removeprefix(REASON) for text in said if text.startswith(REASON)), "")
    return found.removesuffix("。")


def part(apps, schema_editor):
    """Fill the columns of each entry that was answered or has ended, from its events and its paper."""
    papers = apps.get_model("archives", "Paper").objects
    events = apps.get_model("projects", "Event").objects.filter(subject_type="projects.CreditListing", kind__in=WORDS)
    for row in apps.get_model("projects", "CreditListing").objects.exclude(decided_at=None).iterator():
        told = list(events.filter(subject_key=str(row.pk)).order_by("pk"))
        if not told:
            continue
        last = row.decision_note
        for event in told:
            old = (event.data.get("state") or ["", ""])[0]
            words = last if event is told[-1] else event.summary.removeprefix(WORDS[event.kind])
            if old in COLUMNS:
                setattr(row, COLUMNS[old], words)
            if event.kind == "credit.removed":
                row.removal_reason = words
        row.decision_note = _reason(papers, str(row.pk)) or row.decision_note
        row.save(update_fields=["decision_note", "objection_answer", "repair_answer", "removal_reason"])


class Migration(migrations.Migration):

    dependencies = [
        ("packages", "0005_view_keys"),
        ("projects", "0009_credit_answers"),
        ("archives", "0004_work_order_paper"),
    ]

    operations = [migrations.RunPython(part, migrations.RunPython.noop, elidable=True)]
