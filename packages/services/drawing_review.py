"""Drawing review (施工图联合审查): one upload, the disciplines' parts, one review opinion.

The joint review asks the departments and keeps their days; here stands what is special about drawings: the versions of
the set and which disciplines each changed, breaches with clause, place and fix, and who has to look again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import Document, DocumentKind, DocumentVersion
from archives.services.filing import file_upload, put_version
from packages import drawing_rules, policy, review_rules
from packages.drawing_states import BREACH_OPEN, BreachState, DrawingState, ReviewMode
from packages.models import (
    Breach,
    DrawingPart,
    DrawingReview,
    DrawingSet,
    JointSession,
    MaterialItem,
    MatterCase,
    ReviewTask,
    RiskAssessment,
)
from packages.next_steps import CASE_LOST
from packages.services import review
from packages.services.checklist import fill_lines
from packages.services.drawing_following import MATTER, close_review
from packages.services.locking import lock_task
from packages.services.policies import table_of
from packages.states import OpinionVerdict, SessionState
from projects import clocks, timing
from projects.back_entry import check_after
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Project, User, WorkUnit

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

DRAWINGS = "construction-drawings"
RELATED = (
    "project__owner", "project__centre", "work_unit", "case__matter__matter", "case__lead", "document", "clock",
    "fix_clock", "handled_by", "table", "risk",
)


# The review of a project ---------------------------------------------------------------------------------------------


def drawing_case(project: Project) -> MatterCase | None:
    """The live case of the drawing review, or None where the matter is not in the plan."""
    found = MatterCase.objects.filter(project=project, matter__matter__code=MATTER).exclude(state__in=CASE_LOST)
    case: MatterCase | None = found.select_related("matter__matter", "lead", "application").order_by("-pk").first()
    if case is not None:
        case.project = project
    return case


def find_review(project: Project) -> DrawingReview | None:
    """The drawing review that counts now: that of the live case, else the one without a case."""
    case = drawing_case(project)
    found = DrawingReview.objects.filter(project=project, case=case).exclude(state=DrawingState.CLOSED)
    one: DrawingReview | None = found.select_related(*RELATED).order_by("-pk").first()
    return one


def lock_review(review_id: int) -> DrawingReview:
    """Return the review, locked with its project. Raises `DrawingReview.DoesNotExist`."""
    project = lock_project(DrawingReview.objects.values_list("project_id", flat=True).get(pk=review_id))
    found = DrawingReview.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=review_id)
    found.project = project
    if found.case is not None:
        found.case.project = project
    return found


def ensure_review(project: Project, *, by: User | None, at: dt.datetime | None) -> DrawingReview:
    """Return the drawing review of the locked project, made when there is none.

    Its mode is that of the newest risk assessment; a set that stands on the checklist already is its first version.
    Raises `DomainError`: `not_enrolled`, `not_in_plan` (the rules ask for a review that the plan has not).
    """
    standing = find_review(project)
    if standing is not None:
        return lock_review(standing.pk)
    from packages.services.risk import assess_project

    risk = assess_project(project.pk, by=None, at=at)
    if risk is None:
        raise DomainError("not_enrolled", "项目还没有确认套餐，不能办理施工图审查；请先确认套餐和情形。")
    case = drawing_case(project)
    if case is None and risk.mode == ReviewMode.FULL:
        raise DomainError("not_in_plan", f"{risk.mode_rule['name']}，但计划里没有施工图审查；请修改情形“施工图审查”。")
    works = case.work_unit if case else WorkUnit.objects.get(project=project, is_default=True)
    made = DrawingReview.objects.create(
        project=project, work_unit=works, case=case, mode=risk.mode, mode_rule=risk.mode_rule, risk=risk,
        table=table_of(policy.DRAWING), created_at=at or timing.now(),
    )
    record(
        "drawing.opened", subject=made, project=project, by=by, at=at,
        summary=f"施工图审查：{made.get_mode_display()}（{risk.mode_rule['name']}）",
        data={"state": ["", made.state], "mode": made.mode},
    )
    if case is not None:
        _adopt(made, case, by=by, at=at)
    return lock_review(made.pk)


def _adopt(made: DrawingReview, case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """Take over the set that came with the application or was filed before; what came for another matter is a part."""
    line = MaterialItem.objects.filter(case=case, kind__slug=DRAWINGS, document__isnull=False).first()
    document = line.document if line else None
    if document is None:
        others = MatterCase.objects.filter(project=made.project).exclude(matter__matter__code=MATTER)
        keys = [str(pk) for pk in others.values_list("pk", flat=True)]
        held = Document.objects.current().filter(project=made.project, kind__slug=DRAWINGS, paper=None)
        document = held.exclude(source_type=MatterCase._meta.label, source_key__in=keys).order_by("-pk").first()
    version = document.versions.order_by("version").last() if document else None
    if document is None or version is None:
        return
    made.document = document
    _add_set(made, version, by=document.filed_by, at=document.filed_at, changed=[], note="")
    old = made.state
    made.begin()
    made.save()
    record(
        "drawing.begun", subject=made, project=made.project, by=by, at=at, summary="施工图已随申报提交",
        data={"state": [old, made.state]},
    )


def follow_mode(project: Project, risk: RiskAssessment, *, by: User | None, at: dt.datetime | None) -> None:
    """A new assessment: a review that nobody has begun or signed takes over its mode, or ends without a place."""
    waiting = [DrawingState.UPLOADING, DrawingState.TO_PLEDGE]
    for one in DrawingReview.objects.select_for_update(of=("self",)).filter(project=project, state__in=waiting):
        one.mode, one.mode_rule, one.risk = risk.mode, risk.mode_rule, risk
        if one.case_id is None and risk.mode == ReviewMode.FULL:
            close_review(one, reason="按新的风险等级须全审", by=by, at=at)
        else:
            one.save()


# The set -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def upload_drawings(
    project_id: int, *, by: User, uploaded: UploadedFile[Any], changed: Sequence[str] = (), note: str = "",
    at: dt.datetime | None = None,
) -> DrawingSet:
    """Hand in the set, or a newer version of it: one upload serves every discipline and every later matter.

    `changed` are the disciplines that a newer version touches, `note` what was changed; opinions on other disciplines
    stand, those concerned are marked 已换版. Effects in order: file, version, event `drawing.uploaded`; the review
    begins, or 免审 asks for the signatures; under a commitment the breaches wait to be checked. The same content
    again changes nothing. Raises `NotAllowed`, `DomainError` (`disciplines`, `note`, that of the upload).
    """
    project = lock_project(project_id)
    one = ensure_review(project, by=by, at=at)
    require(drawing_rules.can_upload, by, one)
    known = policy.discipline_names(one.table.content)
    if not set(changed) <= set(known):
        raise DomainError("disciplines", "改动的专业不在目录中，请重新选择。")
    if one.document is not None and not (changed and note.strip()):
        raise DomainError("note", "新版图纸请写明改了哪些专业、哪些部位，没有改到的专业不再重审。")
    version = _file(one, uploaded, by=by, at=at)
    standing = DrawingSet.objects.filter(version=version).first()
    if standing is not None:
        return standing
    made = _add_set(one, version, by=by, at=at, changed=list(changed), note=note)
    record(
        "drawing.uploaded", subject=one, project=project, by=by, at=at,
        summary=f"上传施工图第 {made.number} 版" + (f"：{note.strip()}" if note.strip() else ""),
        data={"number": made.number, "changed": made.changed, "sha256": version.digest},
    )
    _go_on(one, made, by=by, at=at)
    fill_lines(project, at=at)
    return made


def _file(one: DrawingReview, uploaded: UploadedFile[Any], *, by: User, at: dt.datetime | None) -> DocumentVersion:
    if one.document is not None:
        return put_version(one.document, one.project, uploaded=uploaded, by=by, at=at)
    one.document = file_upload(
        one.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=DRAWINGS), title="施工图设计文件（全套）",
        source=one, source_label="施工图审查", by=by, at=at,
    )
    one.save(update_fields=["document"])
    version = one.document.versions.order_by("version").last()
    if version is None:
        raise DomainError("upload_broken", "图纸没有保存，请重新上传。")
    return version


def _add_set(
    one: DrawingReview, version: DocumentVersion, *, by: User | None, at: dt.datetime | None, changed: list[str],
    note: str,
) -> DrawingSet:
    number = DrawingSet.objects.filter(review=one).count() + 1
    return DrawingSet.objects.create(
        review=one, number=number, version=version, changed=changed, note=note.strip()[:500], uploaded_by=by,
        uploaded_for=_body_of(by, one.project), uploaded_at=at or timing.now(),
    )


def _body_of(user: User | None, project: Project) -> str:
    """For which body somebody uploads: a designer of the project, else the first body of that person."""
    from projects.access import access_of

    bodies = access_of(user).organisations
    designers = drawing_rules.designer_ids(project)
    found = next((body for body in bodies if body.pk in designers), bodies[0] if bodies else None)
    return found.name[:120] if found else ""


def _go_on(one: DrawingReview, made: DrawingSet, *, by: User, at: dt.datetime | None) -> None:
    old = one.state
    if one.state == DrawingState.UPLOADING:
        one.begin() if one.case is not None else one.ask_pledge()
        one.save()
        word = "图纸已上传，可以审查" if one.case is not None else "图纸已上传，等待签署质量承诺"
        record(
            "drawing.begun", subject=one, project=one.project, by=by, at=at, summary=word,
            data={"state": [old, one.state]},
        )
    elif one.state == DrawingState.COMMITTED:
        for breach in one.breaches.select_for_update().filter(state=BreachState.OPEN):
            breach.fixed_in = made.number
            breach.fix_it()
            breach.save()
            _told(breach, "breach.fixed", BreachState.OPEN, one.project, by=by, at=at)


def _told(
    breach: Breach, kind: str, old: str, project: Project, *, by: User | None, at: dt.datetime | None
) -> None:
    record(
        kind, subject=breach, project=project, by=by, at=at,
        summary=f"{breach.get_state_display()}：{breach.clause} {breach.place}", data={"state": [old, breach.state]},
    )


def newest_set(one: DrawingReview) -> DrawingSet | None:
    """The newest version of the set."""
    return one.sets.order_by("number").last()


# Parts ---------------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_part(
    task_id: int, *, by: User, text: str, breaches: Sequence[Mapping[str, Any]], seen: int,
    kept: Iterable[int] = (), at: dt.datetime | None = None,
) -> DrawingPart:
    """A department says of its disciplines what it found in the version `seen` of the set.

    `breaches`: `discipline`, `clause`, `place`, `what`, `fix`, `is_mandatory`, `is_major`. `kept` are its earlier ones
    that are not mended; the others it clears. Effects in order: the department's opinion (不同意 while a mandatory
    clause is breached), part, breaches, events. Raises `NotAllowed`, `DomainError`: `not_drawings`, `no_drawings`,
    `superseded` (another version than the newest was looked at), `breach` (says no clause, place or fix), those of
    `give_opinion`. Source: handbook §6.4.
    """
    task = lock_task(task_id)
    one = _review_of(task, by=by, at=at)
    require(review_rules.can_give_opinion, by, task)
    drawings = newest_set(one)
    if drawings is None:
        raise DomainError("no_drawings", "还没有上传施工图，请等设计单位上传后再审。")
    if drawings.number != seen:
        raise DomainError(
            "superseded", f"施工图已换为第 {drawings.number} 版，您看的是第 {seen} 版。请看过新版，核对意见后再次提交。"
        )
    check_after(at, drawings.uploaded_at, "上传图纸")
    wanted = [_clean(breach, one, task.organisation) for breach in breaches]
    still, cleared = _earlier(one, task.organisation, set(kept))
    standing = [*still, *wanted]
    _say(task, by=by, text=text, found=standing, at=at)
    codes = [code for code, _ in policy.disciplines_of(one.table.content, task.organisation.code)]
    part = DrawingPart.objects.create(
        review=one, task=task, organisation=task.organisation, disciplines=codes, drawings=drawings,
        text=text.strip()[:1000] or count_words(standing), given_by=by, given_at=at or timing.now(),
    )
    for breach in cleared:
        clear_breach(breach, one.project, by=by, note="复审已改", at=at)
    for row in wanted:
        breach = row
        breach.part, breach.found_in = part, drawings.number
        breach.save()
        _told(breach, "breach.found", "", one.project, by=by, at=at)
    _flags(one, codes)
    record(
        "drawing.part_given", subject=one, project=one.project, by=by, at=at,
        summary=f"{task.organisation.label}：第 {drawings.number} 版，{count_words(standing)}",
        data={"number": drawings.number, "open": len(standing), "new": len(wanted)},
    )
    return part


def _review_of(task: ReviewTask, *, by: User, at: dt.datetime | None) -> DrawingReview:
    case = task.session.case
    if case is None or case.matter.matter.code != MATTER:
        raise DomainError("not_drawings", "这不是施工图审查的任务，请在意见页答复。")
    one = ensure_review(case.project, by=by, at=at)
    start_technical(one, at=at)
    return one


def start_technical(one: DrawingReview, *, at: dt.datetime | None) -> None:
    """Start the technical review's own clock from the acceptance of the case; once."""
    case = one.case
    if one.clock is not None or case is None or case.accepted_at is None or one.document is None:
        return
    days, unit = policy.term(one.table.content, "technical", timing.business_day(at or timing.now()))
    one.clock = clocks.start_clock(
        kind=ClockKind.REVIEW, limit=days, unit=unit, on=max(case.accepted_at, one.created_at), project=one.project,
        label="施工图技术审查",
    )
    one.save(update_fields=["clock"])


def _clean(given: Mapping[str, Any], one: DrawingReview, organisation: Organisation) -> Breach:
    row = {name: str(given.get(name) or "").strip() for name in ("discipline", "clause", "place", "what", "fix")}
    if not all(row.values()):
        raise DomainError("breach", "每处问题都要写明专业、条文、部位、问题和怎么改，请补充完整。")
    mine = dict(policy.disciplines_of(one.table.content, organisation.code))
    if row["discipline"] not in mine:
        words = "、".join(mine.values()) or "没有专业"
        raise DomainError("breach", f"{organisation.label}只审{words}，请核对专业。")
    major = bool(given.get("is_major"))
    return Breach(
        review=one, organisation=organisation, is_mandatory=bool(given.get("is_mandatory")) or major, is_major=major,
        discipline=row["discipline"], clause=row["clause"][:120], place=row["place"][:120], what=row["what"][:300],
        fix=row["fix"][:300],
    )


def _earlier(
    one: DrawingReview, organisation: Organisation, kept: set[int]
) -> tuple[list[Breach], list[Breach]]:
    found = one.breaches.select_for_update().filter(organisation=organisation, state__in=BREACH_OPEN).order_by("pk")
    rows = list(found)
    return [row for row in rows if row.pk in kept], [row for row in rows if row.pk not in kept]


def count_words(found: Sequence[Breach]) -> str:
    """Return how many breaches there are, the mandatory ones first."""
    mandatory = sum(row.is_mandatory for row in found)
    major = sum(row.is_major for row in found)
    if not found:
        return "未发现违反强制性条文"
    words = f"违反强条 {mandatory} 处" + (f"（重大 {major} 处）" if major else "")
    return f"{words}，其他 {len(found) - mandatory} 处"


def _say(
    task: ReviewTask, *, by: User, text: str, found: Sequence[Breach], at: dt.datetime | None
) -> None:
    mandatory = [row for row in found if row.is_mandatory]
    review.give_opinion(
        task.pk, by=by, verdict=OpinionVerdict.DISAGREE if mandatory else OpinionVerdict.AGREE,
        reason=text.strip() or count_words(found), basis="；".join(row.clause for row in mandatory)[:300],
        remedy="；".join(f"{row.place}：{row.fix}" for row in mandatory)[:1000], at=at,
    )


def _flags(one: DrawingReview, codes: Sequence[str]) -> None:
    """National record: whether civil defence and fire took part."""
    one.is_joint_fire = one.is_joint_fire or "fire" in codes
    one.is_joint_civil = one.is_joint_civil or "civil" in codes
    one.save(update_fields=["is_joint_fire", "is_joint_civil"])


def clear_breach(
    breach: Breach, project: Project, *, by: User | None, note: str, at: dt.datetime | None
) -> None:
    """The department has seen that it is mended."""
    old = breach.state
    breach.clear()
    breach.checked_by, breach.checked_at, breach.check_note = by, at or timing.now(), note.strip()[:300]
    breach.save()
    _told(breach, "breach.cleared", old, project, by=by, at=at)


def reopen_breach(
    breach: Breach, project: Project, *, by: User | None, note: str, at: dt.datetime | None
) -> None:
    """The department has seen that it is not mended."""
    old = breach.state
    breach.reopen()
    breach.checked_by, breach.check_note = by, note.strip()[:300]
    breach.save()
    _told(breach, "breach.reopened", old, project, by=by, at=at)


# Which opinions stand ------------------------------------------------------------------------------------------------


def is_superseded(part: DrawingPart, sets: Iterable[DrawingSet]) -> bool:
    """Whether a newer version touches a discipline that the part judged (已换版)."""
    judged = part.drawings.number if part.drawings else 0
    mine = set(part.disciplines)
    return any(
        one.number > judged and (not one.changed or not mine or mine & set(one.changed)) for one in sets
    )


def standing_parts(one: DrawingReview) -> list[DrawingPart]:
    """The newest part of each department, in the order in which the departments answered."""
    parts: dict[int, DrawingPart] = {}
    for part in one.parts.select_related("organisation", "drawings", "given_by", "task__session").order_by("pk"):
        parts[part.organisation_id] = part
    return list(parts.values())


def superseded_parts(one: DrawingReview) -> list[DrawingPart]:
    """The parts that stand but judged a version that has changed since."""
    sets = list(one.sets.all())
    return [part for part in standing_parts(one) if is_superseded(part, sets)]


def open_session(one: DrawingReview) -> JointSession | None:
    """The newest round of the joint review that was not broken off."""
    found = JointSession.objects.filter(case=one.case).exclude(state=SessionState.CLOSED).order_by("-round")
    session: JointSession | None = found.first() if one.case is not None else None
    return session


@transaction.atomic
def ask_again(review_id: int, *, by: User, at: dt.datetime | None = None) -> JointSession:
    """Ask again those whose opinion judged a version that has changed, and those who disagree; nobody else.

    Raises `NotAllowed`, `DomainError` (`nothing_superseded`, those of `reconsult`).
    """
    one = lock_review(review_id)
    require(drawing_rules.can_write_opinion, by, one)
    old = superseded_parts(one)
    last = newest_set(one)
    if not old or last is None:
        raise DomainError("nothing_superseded", "没有意见因换版失效，可以直接汇总审查意见。")
    note = f"施工图第 {last.number} 版：{last.note or '修改'}"
    return review.reconsult(old[0].task_id, by=by, note=note, also=[part.task_id for part in old], at=at)
