"""What one version of 一方案一图一清单 says, from the live plan and the consultation; how two versions differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archives.models import DocumentKind
from archives.services.filing import find_held
from packages.choices import MaterialSource
from packages.consultation_states import CheckKind, MatterAnswer, SiteAnswer, UnitState
from packages.facts import FactKind, vocabulary
from packages.models import ConsultationUnit, Enrolment, MatterCase, UnitCheck
from packages.next_steps import CASE_LOST
from packages.planning.chart import lane_of
from packages.planning.from_rows import definition_of
from packages.planning.options import options, taken
from packages.planning.schedule import Material, Schedule, ScheduleRow
from packages.services.checklist import plan_of
from packages.states import Handling
from projects.models import Involvement
from projects.quoting import quoted
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from packages.models import Consultation
    from projects.models import Project

Content = dict[str, Any]
Row = dict[str, Any]
SOURCE_WORDS: dict[str, str] = {
    MaterialSource.SHARED: "系统共享", MaterialSource.VERIFIED: "部门核验", MaterialSource.COMMITMENT: "告知承诺",
}
HELD = "已有，免提交"
TAKEN = {True: "选用", False: "不选用"}
#: Fields of a row that the owner is told, with their words, in the order of the page of differences.
FIELDS = (
    ("department", "部门"), ("window", "受理窗口"), ("limit", "时限"), ("prerequisites", "前置事项"), ("fee", "收费"),
    ("eased", "容缺和承诺"), ("remark", "部门意见"),
)


def compose(consultation: Consultation, schedule: Schedule) -> Content:
    """Return what a version says, from the plan as it stands. A fixed number of queries."""
    project = consultation.project
    units = list(
        ConsultationUnit.objects.filter(consultation=consultation).exclude(state=UnitState.RELEASED)
        .select_related("organisation", "confirmed_by", "signed_in_by").order_by("pk")
    )
    lines = list(UnitCheck.objects.filter(unit__in=units).exclude(answer="").order_by("unit_id", "order"))
    said = {line.code: line for line in lines if line.kind == CheckKind.MATTER}
    return {
        "scheme": _scheme(project, schedule, units, lines),
        "rows": _rows(project, schedule, said),
    }


# The scheme ----------------------------------------------------------------------------------------------------------


def _scheme(
    project: Project, schedule: Schedule, units: Sequence[ConsultationUnit], lines: Sequence[UnitCheck]
) -> Content:
    names = {unit.pk: unit.organisation.label for unit in units}
    enrolment = Enrolment.objects.select_related("package_version__package").get(project=project)
    on = taken(enrolment.facts, enrolment.options, definition_of(enrolment.package_version))
    heeds = [
        f"{names[line.unit_id]}：{line.text}，{line.note}" for line in lines if line.answer == SiteAnswer.HEED
    ]
    later = [
        f"{line.text}：{line.get_answer_words()}" for line in lines
        if line.kind == CheckKind.MATTER and line.answer != MatterAnswer.NEEDED
    ]
    people = _people(project)
    return {
        "facts": _facts(project, schedule, enrolment.facts),
        "options": [
            {"code": code, "name": option.name, "taken": code in on, "gain": option.gain}
            for code, option in options().items()
        ],
        "targets": _targets(schedule),
        "contacts": [[unit.organisation.label, str(unit.confirmed_by or unit.signed_in_by or "")] for unit in units],
        "lead": people.get(InvolvementRole.LEAD_OFFICER, ""),
        "agent": people.get(InvolvementRole.SERVICE_AGENT, ""),
        "risks": [f"{option.name}：{option.risk}" for code, option in options().items() if code in on] + heeds,
        "decisions": later,
        "declined": [],
    }


def _facts(project: Project, schedule: Schedule, facts: Mapping[str, Any]) -> list[list[str]]:
    money = f"{project.total_investment:,} 万元" if project.total_investment is not None else ""
    given = [
        ["建设单位", project.owner.name], ["建设地点", project.address], ["投资类型", project.get_investment_display()],
        ["总投资", money], ["套餐", schedule.package_name],
    ]
    said = {term for term, _ in given}
    for name, fact in vocabulary().items():
        value = facts.get(name)
        if fact.label in said or value in (None, "no", [], "none") or (fact.kind is FactKind.NUMBER and not value):
            continue
        given.append([fact.label, fact.show(value)])
    return [[term, text] for term, text in given if text]


def _targets(schedule: Schedule) -> list[list[str]]:
    rows = [[f"{stage.label}阶段完成", _day(stage.finishes_on)] for stage in schedule.stages if stage.matters]
    if schedule.works_start is not None:
        rows.insert(min(2, len(rows)), ["可以开工", _day(schedule.works_start)])
    return [*rows, ["竣工交付", _day(schedule.delivery)]]


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _people(project: Project) -> dict[str, str]:
    roles = (InvolvementRole.LEAD_OFFICER, InvolvementRole.SERVICE_AGENT)
    found = Involvement.objects.current().filter(project=project, role__in=roles, user__isnull=False)
    return {row.role: str(row.user) for row in found.select_related("user").order_by("pk")}


# The list ------------------------------------------------------------------------------------------------------------


def _rows(project: Project, schedule: Schedule, said: Mapping[str, UnitCheck]) -> list[Row]:
    cases = MatterCase.objects.filter(project=project).exclude(state__in=CASE_LOST)
    handling = dict(cases.values_list("matter__matter__code", "handling"))
    held = _held(project)
    return [_row(project, row, handling.get(row.code, ""), said.get(row.code), held) for row in schedule.rows]


def _held(project: Project) -> set[tuple[str, str]]:
    """The lines, as (matter, name), that a document of the archive meets already."""
    lines = [(m.code, line.name, line.kind) for m in plan_of(project).matters for line in m.materials]
    kinds = {kind.slug: kind for kind in DocumentKind.objects.filter(slug__in={slug for _, _, slug in lines})}
    documents = find_held(project, kinds.values())
    return {(code, name) for code, name, slug in lines if slug in kinds and kinds[slug].pk in documents}


def _row(
    project: Project, row: ScheduleRow, handling: str, said: UnitCheck | None, held: set[tuple[str, str]]
) -> Row:
    return {
        "code": row.code, "name": row.name, "stage": row.stage, "stage_label": row.stage_label, "step": row.step,
        "department": row.department, "window": _window(project, row, handling), "limit": row.days_label,
        "on": f"{row.on_date:%Y-%m-%d}", "critical": row.critical, "done": row.done, "lane": lane_of(row),
        "outside": row.outside_promise,
        "prerequisites": [name for _, name in row.prerequisites],
        "materials": [_material(row, line, held) for line in row.materials],
        "fee": row.fee or "不收费", "intermediary": row.time_owner == "intermediary",
        "eased": _eased(row, said), "remark": said.get_answer_words() if said is not None else "",
    }


def _window(project: Project, row: ScheduleRow, handling: str) -> str:
    if handling == Handling.ACCEPTANCE:
        return "联合验收"
    if handling == Handling.UTILITY or row.kind == "utility":
        return "联合报装"
    if handling == Handling.OUTSIDE:
        return f"{row.time_owner_label}办理"
    return f"{project.centre.label}窗口"


def _material(row: ScheduleRow, line: Material, held: set[tuple[str, str]]) -> Row:
    if (row.code, line.name) in held:
        return {"name": line.name, "source": HELD, "asked": False}
    if not line.is_submitted:
        return {"name": line.name, "source": SOURCE_WORDS.get(line.source, line.source_label), "asked": False}
    words = ["企业提供"]
    if line.deferral_days is not None:
        words.append(f"可容缺，最多 {line.deferral_days} 个工作日")
    if line.committable:
        words.append("可承诺")
    return {"name": line.name, "source": "，".join(words), "asked": True}


def _eased(row: ScheduleRow, said: UnitCheck | None) -> str:
    """What may be deferred or committed, and what the department confirmed of it."""
    words = []
    if row.deferrable:
        words.append("可容缺")
    if row.committable:
        words.append("已选告知承诺" if row.committed else "可告知承诺")
    if said is not None and said.merges:
        words.append("可合并办理")
    return "、".join(words)


# What is left out, what has changed ----------------------------------------------------------------------------------


def within(
    rows: Iterable[Row], matters: frozenset[str], materials: Mapping[str, frozenset[str]],
    fresh: frozenset[str] = frozenset(),
) -> list[Row]:
    """Return the rows that the owner was told of or the centre has let in (`fresh`), with no material besides."""
    kept = []
    for row in rows:
        if row["code"] in fresh:
            kept.append(row)
        elif row["code"] in matters:
            known = materials.get(row["code"], frozenset())
            lines = [line for line in row["materials"] if not line["asked"] or line["name"] in known]
            kept.append(row | {"materials": lines})
    return kept


def differences(old: Content, new: Content) -> list[dict[str, str]]:
    """Return in lines what a version changes: kind (增加, 减少, 变化), what, before, after."""
    before = {row["code"]: row for row in old["rows"]}
    after = {row["code"]: row for row in new["rows"]}
    found = [
        _line("增加", row["name"], "", f"{row['department']}，{row['limit']}")
        for code, row in after.items() if code not in before
    ]
    found += [
        _line("减少", row["name"], f"{row['department']}，{row['limit']}", "不再需要办理")
        for code, row in before.items() if code not in after
    ]
    for code, row in after.items():
        if code in before:
            found += _of_row(before[code], row)
    return found + _of_scheme(old["scheme"], new["scheme"])


def _line(kind: str, what: str, old: str, new: str) -> dict[str, str]:
    return {"kind": kind, "what": what, "old": old, "new": new}


def _words(value: Any) -> str:
    return "、".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _of_row(old: Row, new: Row) -> list[dict[str, str]]:
    found = [
        _line("变化", f"{new['name']}：{label}", _words(old[field]) or "无", _words(new[field]) or "无")
        for field, label in FIELDS if old[field] != new[field]
    ]
    lines = {line["name"]: line["source"] for line in old["materials"]}
    now = {line["name"]: line["source"] for line in new["materials"]}
    for name, source in now.items():
        if name not in lines:
            found.append(_line("增加", f"{new['name']}：材料{quoted(name)}", "", source))
        elif lines[name] != source:
            found.append(_line("变化", f"{new['name']}：材料{quoted(name)}", lines[name], source))
    return found + [
        _line("减少", f"{new['name']}：材料{quoted(name)}", source, "不再需要") for name, source in lines.items()
        if name not in now
    ]


def _of_scheme(old: Content, new: Content) -> list[dict[str, str]]:
    found = []
    for part, label in (("facts", "情形"), ("targets", "目标"), ("contacts", "联系人")):
        before, after = dict(old[part]), dict(new[part])
        found += [
            _line("变化", f"{label}：{term}", before.get(term) or "无", after.get(term) or "无")
            for term in dict.fromkeys([*before, *after]) if before.get(term, "") != after.get(term, "")
        ]
    before = {one["code"]: one for one in old["options"]}
    for one in new["options"]:
        was = before.get(one["code"], {}).get("taken", False)
        if was != one["taken"]:
            found.append(_line("变化", f"办理方式：{one['name']}", TAKEN[was], TAKEN[one["taken"]]))
    for part, label in (
        ("lead", "项目长"), ("agent", "服务专员"), ("risks", "风险提示"), ("decisions", "需要协调的事项"),
        ("declined", "企业不采用"),
    ):
        if old[part] != new[part]:
            found.append(_line("变化", label, _words(old[part]) or "无", _words(new[part]) or "无"))
    return found
