"""The minutes of a consultation: drafted from what was ticked, signed once everybody has spoken or fallen silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from archives.models import Paper
from archives.states import PaperKind
from packages import consultation_rules as may
from packages.consultation_data import term
from packages.consultation_states import (
    UNIT_CAME,
    UNIT_DONE,
    CheckKind,
    ConsultationState,
    MatterAnswer,
    SiteAnswer,
    UnitState,
)
from packages.models import Consultation, ConsultationUnit, UnitCheck
from packages.services import paperwork
from packages.services.consultation import came, lock_consultation, move, units_of
from packages.services.service_plan import begin_plan
from projects import timing
from projects.errors import DomainError, require
from projects.models import User

NOTHING = "无"
FOLLOWS = (
    "按各单位意见形成一方案一图一清单，{days} 个工作日内一次性告知建设单位；"
    "清单以外的事项和材料，未经中心批准不得要求。"
)


def draft_minutes(row: Consultation) -> str:
    """Return the minutes as the ticks write them: who came, what was found, what each unit says, what follows."""
    units = [
        unit for unit in ConsultationUnit.objects.filter(consultation=row).exclude(state=UnitState.RELEASED)
        .select_related("organisation").order_by("pk") if unit.is_asked
    ]
    lines: dict[int, list[UnitCheck]] = {unit.pk: [] for unit in units}
    for line in UnitCheck.objects.filter(unit__in=units).exclude(answer="").order_by("unit_id", "order"):
        lines[line.unit_id].append(line)
    there = [unit for unit in units if unit.state in UNIT_CAME]
    absent = [unit for unit in units if unit.state not in UNIT_CAME]
    found = [
        f"{unit.organisation.label}：{line.text}，{line.note}" for unit in there for line in lines[unit.pk]
        if line.answer == SiteAnswer.HEED
    ]
    parts = [
        "一、到会单位", f"{_names(there)}，共 {len(there)} 家。" + (f"缺席：{_names(absent)}。" if absent else ""),
        "二、踏勘情况", row.survey_note, *(f"需注意：{text}。" for text in found),
        "三、各单位意见", *(_opinion(unit, lines[unit.pk]) for unit in units),
        "四、会商意见",
        FOLLOWS.format(days=term("notice", timing.today())),
    ]
    return "\n".join(part for part in parts if part)


def _names(units: Sequence[ConsultationUnit]) -> str:
    return "、".join(unit.organisation.label for unit in units) or NOTHING


def _opinion(unit: ConsultationUnit, lines: Sequence[UnitCheck]) -> str:
    name = unit.organisation.label
    if unit.state == UnitState.ANSWERED:
        return f"{name}（缺席，书面意见）：{unit.opinion}（{unit.basis}）。"
    if unit.state in (UnitState.SILENT, UnitState.MUTE, UnitState.ABSENT):
        return f"{name}：{unit.get_state_display()}。"
    matters = [line for line in lines if line.kind == CheckKind.MATTER]
    needed = [line for line in matters if line.answer == MatterAnswer.NEEDED]
    other = [line for line in matters if line.answer != MatterAnswer.NEEDED or line.note or line.when]
    parts = [f"需要办理 {len(needed)} 项" if matters else "无牵头事项"]
    for words, picked in (
        ("可承诺", [line for line in matters if line.commits]), ("可容缺", [line for line in matters if line.defers]),
        ("可合并办理", [line for line in matters if line.merges]),
    ):
        if picked:
            parts.append(f"{words}：{'、'.join(line.text for line in picked)}")
    parts += [f"{line.text}：{line.get_answer_words()}" for line in other]
    return f"{name}：{'；'.join(parts)}。"


@transaction.atomic
def sign_minutes(consultation_id: int, *, by: User, text: str, at: dt.datetime | None = None) -> Consultation:
    """Sign the minutes; plan, chart and list are written as a draft from the live plan.

    Everybody invited has stood by its list, written, or let its time go by; a consultation that nobody attended is
    never closed. Effects in order: 会商纪要 as a paper, transition, first version. Twice is once. Raises `NotAllowed`,
    `DomainError` (`nobody`, `open_units` naming them, `minutes`).
    """
    row = lock_consultation(consultation_id)
    if row.state == ConsultationState.TO_TELL:
        return row
    require(may.can_sign_minutes, by, row)
    units = [unit for unit in units_of(row) if unit.is_asked]
    if not came(units):
        raise DomainError("nobody", "没有单位参加的会商不能签发纪要；请改期，或取消本次会商。")
    still = [unit.organisation.label for unit in units if unit.state not in UNIT_DONE]
    if still:
        until = f"，{timing.written(row.written_until)}期满后按未提意见记录" if row.written_until else ""
        raise DomainError("open_units", f"{'、'.join(still)}还没有确认或提交书面意见{until}；可以先催办。")
    if not text.strip():
        raise DomainError("minutes", "纪要没有内容，请在草稿上修改后签发。")
    moment = at or timing.now()
    row.minutes, row.minutes_by, row.minutes_at = text.strip(), by, moment
    row.minutes_paper = _paper(row, units, by=by, at=moment)
    move(
        row, "sign_minutes", by=by, at=moment, kind="consultation.minutes_signed", words="签发会商纪要",
        came=[unit.organisation_id for unit in came(units)],
    )
    begin_plan(row, by=by, at=moment)
    return row


def _paper(row: Consultation, units: Sequence[ConsultationUnit], *, by: User, at: dt.datetime) -> Paper:
    held = paperwork.day(timing.business_day(row.meeting_started_at or at))
    rows = [
        [unit.organisation.name, str(unit.signed_in_by or "—"), _moment(unit.signed_in_at), unit.get_state_display(),
         f"{unit.confirmed_by}　{_moment(unit.confirmed_at)}" if unit.confirmed_by else "—"]
        for unit in ConsultationUnit.objects.filter(pk__in=[unit.pk for unit in units]).select_related(
            "organisation", "signed_in_by", "confirmed_by"
        ).order_by("pk")
    ]
    return paperwork.write(
        PaperKind.CONSULTATION_MINUTES, row.project, subject=row, issuer=row.project.centre, by=by, at=at,
        what=f"联合会商纪要：{row.agenda}", do="各单位按纪要办理；建设单位等待一次性告知",
        when=f"{held}会商，地点{row.meeting_place}", paragraphs=row.minutes.splitlines(),
        addressee="、".join(unit.organisation.label for unit in units),
        table={"caption": "到会和意见", "head": ["单位", "签到人", "签到时间", "情况", "确认或书面意见"], "rows": rows},
    )


def _moment(moment: dt.datetime | None) -> str:
    return f"{moment.astimezone(timing.BUSINESS_ZONE):%m-%d %H:%M}" if moment else "—"
