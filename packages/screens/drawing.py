"""The page of a drawing review: mode and why, versions, parts, breaches, both opinions, commitments, samples."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from archives.models import Paper
from archives.states import PaperKind
from packages import drawing_rules, policy
from packages.drawing_states import BREACH_OPEN, RISK_TONES, BreachState, DrawingState
from packages.models import (
    Breach,
    DrawingPart,
    DrawingReview,
    DrawingSet,
    JointSession,
    Pledge,
    ReviewTask,
    RiskAssessment,
    SampleTicket,
)
from packages.services import drawing_opinion, drawing_review, policies, risk
from packages.services.drawing_handling import national_record
from packages.states import CaseState, SessionState
from packages.waiting import case_waiting
from projects import timing
from projects.access import access_of
from projects.clocks import Reading, read_clock
from projects.errors import Verdict
from projects.events import subject_of
from projects.models import Event, IssueItem, Project, User
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState


@dataclass(frozen=True, slots=True)
class BreachRow:
    """One breach, with whether this user may check it."""

    breach: Breach
    discipline: str
    check: Verdict

    @property
    def word(self) -> str:
        """How grave it is."""
        return "重大缺陷" if self.breach.is_major else "强条" if self.breach.is_mandatory else "一般"


@dataclass(frozen=True, slots=True)
class PartRow:
    """One department: its part, or that it has not answered."""

    name: str
    disciplines: str
    part: DrawingPart | None
    task: ReviewTask | None
    is_superseded: bool
    mandatory: int
    url: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done, or why not."""

    label: str
    url: str
    verdict: Verdict
    danger: bool = False


@dataclass(frozen=True, slots=True)
class DrawingPage:
    """Everything the page shows."""

    project: Project
    review: DrawingReview | None
    risk: RiskAssessment | None
    sets: tuple[DrawingSet, ...]
    parts: tuple[PartRow, ...]
    breaches: tuple[BreachRow, ...]
    record: tuple[tuple[str, str], ...]
    papers: tuple[Paper, ...]
    pledges: tuple[Pledge, ...]
    left: tuple[str, ...]
    tickets: tuple[SampleTicket, ...]
    technical: Reading
    fixing: Reading
    acts: tuple[Act, ...]
    next_words: str
    is_office: bool

    @property
    def risk_tone(self) -> str:
        """Colour of the class."""
        return RISK_TONES[self.risk.risk_class] if self.risk else ""

    @property
    def open(self) -> int:
        """How many are not mended."""
        return sum(row.breach.state in BREACH_OPEN for row in self.breaches)

    @property
    def mandatory(self) -> int:
        """How many breaches of mandatory clauses were found (违反强条总数)."""
        return sum(row.breach.is_mandatory for row in self.breaches)


def drawing_page(project: Project, user: User) -> DrawingPage:
    """The page for this user."""
    one = drawing_review.find_review(project)
    assessed = risk.newest(project)
    if one is None:
        return DrawingPage(
            project, None, assessed, (), (), (), (), (), (), (), (), read_clock(None), read_clock(None),
            (_upload(project, user),), _nothing(project, assessed), access_of(user).is_office,
        )
    one.project = project
    if one.case is not None:
        one.case.project = project
    names = policy.discipline_names(one.table.content)
    sets = list(one.sets.select_related("version__document", "uploaded_by").order_by("-number"))
    session = drawing_review.open_session(one)
    rows = list(one.breaches.select_related("organisation", "part").order_by("organisation_id", "pk"))
    for row in rows:
        row.review = one
    left = drawing_rules.signers_left(one) if one.state == DrawingState.TO_PLEDGE else {}
    return DrawingPage(
        project, one, assessed, tuple(sets), tuple(_parts(one, session, sets, rows, user)),
        tuple(
            BreachRow(row, names.get(row.discipline, row.discipline), drawing_rules.can_check(user, row))
            for row in rows
        ),
        tuple(national_record(one)), tuple(_papers(one)),
        tuple(one.pledges.select_related("organisation", "signed_by").order_by("pk")), tuple(left.values()),
        tuple(one.tickets.select_related("organisation", "checked_by", "draw").order_by("pk")),
        read_clock(one.clock), read_clock(one.fix_clock), tuple(_acts(one, user)), _next(one, session, left),
        access_of(user).is_office,
    )


def _upload(project: Project, user: User) -> Act:
    table = policies.find_table(policy.DRAWING)
    stand_in = DrawingReview(project=project, table=table) if table else DrawingReview(project=project)
    url = reverse("packages:drawing_upload", args=[project.pk])
    return Act("上传施工图", url, drawing_rules.can_upload(user, stand_in))


def _nothing(project: Project, assessed: RiskAssessment | None) -> str:
    case = drawing_review.drawing_case(project)
    if assessed is None:
        return "确认套餐和情形后，按风险等级确定审查方式。"
    if case is not None:
        return "设计单位上传全套施工图后开始；各专业一次审，出一份意见。"
    if assessed.mode == "full":
        return "按规则须全审，但计划里没有施工图审查；请修改情形“施工图审查”。"
    return (
        f"按规则{assessed.get_mode_display()}：设计单位上传施工图，建设、勘察、设计单位负责人签署质量承诺后，"
        "即可办理后续事项。"
    )


def _parts(
    one: DrawingReview, session: JointSession | None, sets: list[DrawingSet], rows: list[Breach], user: User
) -> list[PartRow]:
    answered = {part.organisation_id: part for part in drawing_review.standing_parts(one)}
    tasks = {} if session is None else {
        task.organisation_id: task
        for task in session.tasks.exclude(role="lead").select_related("organisation").order_by("pk")
    }
    bodies = {pk: task.organisation for pk, task in tasks.items()} | {
        pk: part.organisation for pk, part in answered.items()
    }
    office, is_judged = access_of(user).is_office, one.state in {DrawingState.REVIEWING, DrawingState.RETURNED}
    found = []
    for pk, body in bodies.items():
        part, task = answered.get(pk), tasks.get(pk)
        codes = [name for _, name in policy.disciplines_of(one.table.content, body.code)]
        mine = access_of(user).has_at(pk, "reviewer", "chief")
        waits = task is not None and task.closed_at is None
        url = reverse("packages:drawing_part", args=[task.pk]) if task and mine and waits else ""
        found.append(PartRow(
            body.label if office else body.name, "、".join(codes) or "—", part, task,
            is_judged and part is not None and drawing_review.is_superseded(part, sets),
            sum(row.is_mandatory and row.state in BREACH_OPEN for row in rows if row.organisation_id == pk), url,
        ))
    return found


def _papers(one: DrawingReview) -> list[Paper]:
    """The papers of the review, and the certificate, which belongs to the case."""
    label, key = subject_of(one)
    mine = Q(subject_type=label, subject_key=key)
    if one.case is not None:
        label, key = subject_of(one.case)
        mine |= Q(subject_type=label, subject_key=key, kind=PaperKind.CERTIFICATE)
    return list(Paper.objects.filter(mine, project=one.project).order_by("-pk"))


def _acts(one: DrawingReview, user: User) -> list[Act]:
    def url(name: str) -> str:
        return reverse(f"packages:{name}", args=[one.pk])

    upload = Act(
        "上传新版" if one.document_id else "上传施工图", reverse("packages:drawing_upload", args=[one.project_id]),
        drawing_rules.can_upload(user, one),
    )
    if one.state == DrawingState.REVIEWING:
        return [
            Act("作处理意见", url("drawing_handle"), drawing_rules.can_handle(user, one)),
            Act("汇总审查意见", url("drawing_opinion"), drawing_rules.can_write_opinion(user, one)), upload,
        ]
    if one.state == DrawingState.RETURNED:
        return [upload, Act("交回修改后的图纸", url("drawing_hand_back"), drawing_rules.can_hand_back(user, one))]
    if one.state == DrawingState.TO_COMMIT:
        return [Act("签署限期修改承诺", url("drawing_commit"), drawing_rules.can_commit(user, one))]
    if one.state == DrawingState.TO_PLEDGE:
        return [Act("签署质量承诺", url("drawing_pledge"), drawing_rules.can_pledge(user, one)), upload]
    return [upload] if one.state in (DrawingState.UPLOADING, DrawingState.COMMITTED) else []


def _next(one: DrawingReview, session: JointSession | None, left: dict[int, str]) -> str:
    """Whom it waits for, in one sentence."""
    if one.state == DrawingState.COMMITTED:
        return _mending(one)
    if one.state == DrawingState.REVIEWING:
        return _reviewing(one, session)
    return {
        DrawingState.UPLOADING: "在等设计单位上传全套施工图。",
        DrawingState.TO_PLEDGE: f"在等{'、'.join(dict.fromkeys(left.values()))}负责人签署质量承诺。",
        DrawingState.RETURNED:
            "在等设计单位上传修改后的图纸，由建设单位交回；修改和复审不计入技术审查时限。",
        DrawingState.TO_COMMIT: "在等建设单位负责人签署限期修改承诺；签署后即可办理后续事项。",
    }.get(DrawingState(one.state), "")


def _mending(one: DrawingReview) -> str:
    rows = one.breaches.filter(state=BreachState.FIXED).select_related("organisation")
    fixed = {row.organisation.label for row in rows}
    if fixed:
        return f"图纸已改，在等{'、'.join(sorted(fixed))}逐条核实。"
    return f"在等设计单位上传改好的图纸{_until(read_clock(one.fix_clock).due_on)}。"


def _until(day: dt.date | None) -> str:
    return f"，{timing.spoken(day)}到期" if day else ""


def _reviewing(one: DrawingReview, session: JointSession | None) -> str:
    if one.case is None or one.case.accepted_at is None:
        return "图纸已上传，在等窗口受理后推送各专业。"
    if one.case.state != CaseState.IN_REVIEW or session is None:  # it is corrected, or rests
        held = case_waiting([one.case]).get(one.case.pk)
        return held.sentence if held else ""
    if session.state in (SessionState.REVIEWING, SessionState.PUSHING):
        silent = list(session.tasks.filter(closed_at=None).exclude(role="lead").select_related("organisation"))
        names = "、".join(task.organisation.label for task in silent) or one.case.lead.label
        first = min((task.due_on for task in silent if task.due_on), default=None)
        return f"在等{names}的专业意见{_until(first)}。"
    if one.opinion_at is None or one.parts.filter(given_at__gt=one.opinion_at).exists():
        return f"专业意见已齐，在等{one.case.lead.label}汇总审查意见。"
    return f"审查意见已出，在等{one.case.lead.label}首席代表作处理意见。"


def draft_opinion(one: DrawingReview) -> str:
    """What the parts say, as the beginning of the review opinion."""
    rows = drawing_opinion.open_breaches(one)
    lines = [
        f"{part.organisation.name}：{part.text}" for part in drawing_review.standing_parts(one)
    ]
    mandatory = sum(row.is_mandatory for row in rows)
    major = sum(row.is_major for row in rows)
    total = f"合计违反强制性条文 {mandatory} 处，其中重大缺陷 {major} 处。"
    lines.append(total if rows else "各专业均未发现违反强制性条文。")
    return "\n".join(lines)


# Samples -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One ticket: its limit while it is open, then what is to be mended."""

    ticket: SampleTicket
    reading: Reading
    fault: IssueItem | None

    @property
    def owes(self) -> bool:
        """Whether the owner has to mend and answer."""
        return self.fault is not None and self.fault.state in ISSUE_WITH_OWNER

    @property
    def to_verify(self) -> bool:
        """Whether the department has to look at what was mended."""
        return self.fault is not None and self.fault.state == IssueState.SUBMITTED


def sample_rows(user: User, most: int) -> list[SampleRow]:
    """The newest tickets that the user may see. Three queries."""
    related = ("review__project", "organisation", "draw", "checked_by", "clock")
    found = SampleTicket.objects.visible_to(user).select_related(*related).prefetch_related("clock__pauses")
    tickets = list(found.order_by("-pk")[:most])
    faults = {
        item.subject_key: item for item in IssueItem.objects.filter(
            subject_type=SampleTicket._meta.label, subject_key__in=[str(ticket.pk) for ticket in tickets],
            kind=IssueKind.RECTIFICATION,
        ).order_by("pk")
    }
    return [SampleRow(ticket, read_clock(ticket.clock), faults.get(str(ticket.pk))) for ticket in tickets]


def sent_back(fault: IssueItem) -> tuple[str, ...]:
    """In what words the last answer was sent back; empty where none was. One query."""
    label, key = subject_of(fault)
    found = Event.objects.filter(
        project_id=fault.project_id, subject_type=label, subject_key=key, kind="issue.rejected"
    ).order_by("-pk").first()
    return (f"{timing.spoken(found.happened_at)}{found.summary}。",) if found else ()
