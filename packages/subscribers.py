"""What packages does about events: opens the joint review of what was accepted, follows clocks that moved."""

from __future__ import annotations

from collections.abc import Sequence

from packages.services.appraisal_sweeps import gap_closed
from packages.services.assessment_apply import follow_unit
from packages.services.credit_papers import write_paper
from packages.services.drafts import meet_code
from packages.services.living import revoke_of_case
from packages.services.rectifying import resume_rectified
from packages.services.reusing import recheck_paper
from packages.services.risk import assess_project
from packages.services.rounds import open_joint_review, open_joint_reviews
from packages.services.service_plan import acknowledge
from packages.services.sweeping import follow_clock, follow_project
from projects import outbox
from projects.models import Event


def on_accepted(event: Event) -> None:
    """Open the joint review of the accepted case."""
    open_joint_review(int(event.subject_key))


def on_many_accepted(events: Sequence[Event]) -> None:
    """Open the joint reviews of several accepted cases together."""
    open_joint_reviews([int(event.subject_key) for event in events])


def on_facts(event: Event) -> None:
    """Ask the risk matrix anew: the facts of the project have changed."""
    if event.project_id is not None:
        assess_project(event.project_id, by=None)


def on_code(event: Event) -> None:
    """End 赋码: the project has its national code."""
    if event.project_id is not None:
        meet_code(event.project_id, by=event.actor)


def on_regional(event: Event) -> None:
    """Let the plans of the projects in an area follow its results and its boundary."""
    follow_unit(int(event.data["unit"]))


def on_clock_moved(event: Event) -> None:
    """Let the due days that are kept beside a clock follow it."""
    follow_clock(int(event.subject_key))


def on_project_moved(event: Event) -> None:
    """Let the due days of its cases follow a project that rests, runs again or ends."""
    follow_project(int(event.subject_key))


def on_revoked(event: Event) -> None:
    """Let the permits and letters of a decision that was taken away end with it."""
    revoke_of_case(int(event.subject_key), by=event.actor, reason=event.summary[:200])


outbox.subscribe("packages.revoke_living", ["case.revoked"], on_revoked, queue="review")
def on_paper_gone(event: Event) -> None:
    """Take a paper that was revoked or replaced from every line that it met, in all projects."""
    recheck_paper(int(event.subject_key))


outbox.subscribe("packages.recheck_reuse", ["paper.revoked", "paper.replaced"], on_paper_gone, queue="deadline")
def on_corrected(event: Event) -> None:
    """Ask those who disagreed again: the changed plans are back and the case rests no more."""
    resume_rectified(int(event.subject_key))


outbox.subscribe(
    "packages.resume_rectified", ["case.correction_ended", "case.special_ended"], on_corrected, queue="review"
)
def on_verified(event: Event) -> None:
    """Appraise a project again whose gap was filled."""
    gap_closed(int(event.subject_key))


outbox.subscribe("packages.reappraise", ["issue.verified"], on_verified, queue="review")
outbox.subscribe(
    "packages.follow_regional",
    ["regional.published", "regional.lapsed", "regional.revoked", "regional.boundary_changed"], on_regional,
    queue="review",
)
outbox.subscribe(
    "packages.open_joint_review", ["case.accepted"], on_accepted, queue="review", many=on_many_accepted
)
outbox.subscribe("packages.meet_code", ["project.code_exchanged"], on_code, queue="review")
outbox.subscribe(
    "packages.assess_risk", ["project.enrolled", "project.facts_changed"], on_facts, queue="review"
)
outbox.subscribe("packages.follow_clock", ["clock.moved"], on_clock_moved, queue="deadline")
outbox.subscribe(
    "packages.follow_project", ["project.suspended", "project.resumed", "project.terminated", "project.merged"],
    on_project_moved,
    queue="deadline",
)


def on_signed_for(event: Event) -> None:
    """Let the list of a consultation hold from the moment its owner has signed for the one-time notice."""
    acknowledge(int(event.subject_key))


outbox.subscribe("packages.acknowledge_plan", ["paper.signed_for"], on_signed_for, queue="deadline")


def on_credit(event: Event) -> None:
    """Write the paper that a step of the credit list brings."""
    write_paper(event)


outbox.subscribe(
    "packages.credit_papers", ["credit.told", "credit.listed", "credit.removed"], on_credit, queue="review"
)
