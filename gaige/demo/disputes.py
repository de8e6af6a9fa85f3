"""A joint review that takes two rounds and a conference: one department is against, the plans are changed, they meet.

The whole way is walked through the services: 不同意 with basis and fix, 整改, the second round with that department
alone, 联审会 with minutes, the signature of the department, and then the lead merges as always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gaige.demo.moments import later, person
from packages.models import JointSession, MatterCase, ReviewTask
from packages.services import conference, correction, rectifying, review
from packages.states import TASK_OPEN, ConferenceOutcome, OpinionVerdict, SessionState
from packages.waiting import CASE_LABEL
from projects import timing
from projects.models import IssueItem, User
from projects.states import ISSUE_WITH_OWNER, IssueKind, Role

#: The reasons of the first and of the second round: basis and fix as a department writes them.
AGAINST = (
    ("防空地下室只有一个室外出入口", "本部门审查要点第 5 条", "增设一个室外出入口，附修改后的总平面图"),
    ("新增的室外出入口位于倒塌范围内", "本部门审查要点第 6 条", "把室外出入口移到倒塌范围以外，或设防倒塌棚架"),
)
CONDITION = "施工图中设防倒塌棚架，审图时一并核对"


def disagree(task: ReviewTask, *, by: User, round_number: int) -> None:
    """Write what a department has against the plans in this round."""
    reason, basis, remedy = AGAINST[round_number - 1]
    review.give_opinion(
        task.pk, by=by, verdict=OpinionVerdict.DISAGREE, reason=reason, basis=basis, remedy=remedy
    )


def is_against(case: MatterCase) -> bool:
    """Whether the lead of a case has to deal with a department that disagrees in the first round."""
    session = JointSession.objects.filter(case=case).order_by("-round").first()
    if session is None or session.round > 1 or session.state != SessionState.MERGING:
        return False
    return session.tasks.filter(opinion__verdict=OpinionVerdict.DISAGREE).exists()


def settle(case: MatterCase) -> Iterator[dt.datetime]:
    """Walk from the first disagreement to the signature after the conference; the lead may merge then."""
    lead, owner = person(case.lead_id, Role.REVIEWER), person(case.project.owner_id, Role.OWNER_LEAD)
    first = JointSession.objects.filter(case=case).latest("round")
    rectifying.send_to_rectify(first.pk, by=lead)
    yield later(2, 10)
    for issue in IssueItem.objects.filter(
        subject_type=CASE_LABEL, subject_key=str(case.pk), kind=IssueKind.CORRECTION, state__in=list(ISSUE_WITH_OWNER)
    ).order_by("pk"):
        correction.answer_fault(issue.pk, answer="已在北侧增设一个室外出入口，总平面图已换版", by=owner)
    correction.return_corrected(case.application_id or 0, by=owner)
    yield later(1, 9.5)
    second = JointSession.objects.filter(case=case).latest("round")
    for task in second.tasks.filter(state__in=list(TASK_OPEN)).exclude(role="lead").order_by("pk"):
        disagree(task, by=person(task.organisation_id, Role.REVIEWER), round_number=2)
    meeting = conference.call_conference(
        second.pk, by=lead, meets_at=later(1, 14), place="行政审批局三楼联审室", agenda="防空地下室室外出入口的位置"
    )
    yield later(1, 15)
    against = list(meeting.seats.filter(opinion__verdict=OpinionVerdict.DISAGREE).order_by("pk"))
    conference.close_conference(
        meeting.pk, by=lead, held_on=timing.today(), outcome=ConferenceOutcome.SETTLED,
        minutes="受场地限制出入口不能再移。人防部门同意设防倒塌棚架，由设计单位在施工图中落实。",
        positions=[
            conference.Position(
                seat.organisation_id, "冯工", OpinionVerdict.CONDITIONAL, "设防倒塌棚架后可以满足要求",
                AGAINST[1][1], CONDITION,
            ) for seat in against
        ],
    )
    yield later(0, 16)
    for seat in against:
        conference.sign_seat(seat.pk, by=person(seat.organisation_id, Role.REVIEWER))
    yield later(0, 16.5)

