"""The papers of one version: 项目服务方案, 办理流程图, 事项清单, and the 一次性告知单 that carries them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString

from archives.models import Paper
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind
from packages.choices import MatterStage
from packages.models import ServicePlan
from packages.planning.phone import draw_phone, parts_of_rows
from packages.services.paperwork import SERIES
from projects import timing
from projects.models import User

Table = dict[str, Any]
DECLINED = "以下内容由企业选择不采用"


def _issue(plan: ServicePlan, kind: str, *, by: User, at: dt.datetime, content: dict[str, Any]) -> Paper:
    project = plan.project
    gist = {"project": f"{project.name}（{project.code}）"} | content.pop("gist")
    return issue_paper(
        project, kind=kind, series=SERIES[kind], title=str(PaperKind(kind).label), issuer=project.centre, by=by,
        content={"gist": gist, "addressee": project.owner.name} | content, subject=plan,
        document_kind_slug=paper_slug(kind), source_label=f"联合会商第 {plan.version} 版", at=at,
    )


def _changes(plan: ServicePlan) -> list[str]:
    if not plan.difference:
        return []
    return [f"本版为第 {plan.version} 版，较上一版变更 {len(plan.difference)} 处，原因：{plan.reason}。"]


def _pairs(rows: Sequence[Sequence[str]]) -> Table:
    return {"head": ["项目", "内容"], "rows": [list(row) for row in rows]}


def _listed(rows: Sequence[str], empty: str) -> list[str]:
    return [f"{n}. {text}" for n, text in enumerate(rows, 1)] or [empty]


def scheme(plan: ServicePlan, *, by: User, at: dt.datetime) -> Paper:
    """一方案: facts, chosen options, contacts, targets, risks, who leads and who serves."""
    said = plan.content["scheme"]
    taken = [[one["name"], one["gain"]] for one in said["options"] if one["taken"]]
    rest = "、".join(one["name"] for one in said["options"] if not one["taken"])
    options: dict[str, Any] = {"title": "二、选用的办理方式", "paragraphs": []}
    if taken:
        options["table"] = {"head": ["方式", "带来什么"], "rows": taken}
    if rest:
        options["paragraphs"].append(f"{'其余' if taken else '各项'}未选用：{rest}。")
    contacts = [[body, who or "待确定"] for body, who in said["contacts"]]
    sections = [
        {"title": "一、项目情况", "table": _pairs(said["facts"])}, options,
        {"title": "三、目标", "table": _pairs(said["targets"])},
        {"title": "四、负责人员", "table": _pairs([
            ["项目长", said["lead"] or "待指派"], ["服务专员", said["agent"] or "待指派"],
        ])},
        {"title": "五、各单位联系人", "table": {"head": ["单位", "联系人"], "rows": contacts}},
        {"title": "六、风险提示", "paragraphs": _listed(said["risks"], "暂无。")},
        {"title": "七、需要协调的事项", "paragraphs": _listed(said["decisions"], "暂无。")},
    ]
    if said["declined"]:
        sections.append({"title": f"八、{DECLINED}", "paragraphs": _listed(said["declined"], "")})
    count = len(plan.content["rows"])
    return _issue(plan, PaperKind.SERVICE_SCHEME, by=by, at=at, content={
        "gist": {
            "what": f"项目服务方案第 {plan.version} 版，{count} 个事项，项目长{said['lead'] or '待指派'}",
            "do": "核对项目情况和办理方式，有变化告诉服务专员", "when": _target(said["targets"]),
        },
        "paragraphs": _changes(plan), "sections": sections,
    })


def _target(targets: Sequence[Sequence[str]]) -> str:
    known: dict[str, str] = {term: text for term, text in targets}  # noqa: C416 - pairs are lists after JSON
    words = [f"{term}{known[term]}" for term in ("可以开工", "竣工交付") if term in known]
    return "，".join(words) + "，以实际进度为准"


def chart(plan: ServicePlan, *, by: User, at: dt.datetime) -> Paper:
    """一图: the flow chart on one sheet A3."""
    rows = plan.content["rows"]
    return _issue(plan, PaperKind.FLOW_SHEET, by=by, at=at, content={
        "gist": {
            "what": f"办理流程图第 {plan.version} 版，{len(rows)} 个事项，"
            f"关键路径 {sum(row['critical'] for row in rows)} 项",
            "do": "从左到右逐步办理，粗框为关键路径", "when": _target(plan.content["scheme"]["targets"]),
        },
        "drawing": plan.chart, "narrow": str(phone_chart(plan)), "version": plan.version,
    })


def phone_chart(plan: ServicePlan) -> SafeString:
    """The same chart for a telephone, from the frozen rows of the version."""
    written = timing.business_day(plan.told_at or plan.edited_at)
    title = f"{plan.project.name} 办理流程图，第 {plan.version} 版"
    return draw_phone(parts_of_rows(plan.content["rows"], written), title, title=title)


HEAD = ("序号", "事项", "部门和窗口", "时限", "前置事项", "材料和来源", "容缺、承诺", "收费")


def matter_list(plan: ServicePlan, *, by: User, at: dt.datetime) -> Paper:
    """一清单: every matter with its department, limit, prerequisites, materials and where they come from, fee."""
    rows = plan.content["rows"]
    asked = sum(line["asked"] for row in rows for line in row["materials"])
    return _issue(plan, PaperKind.MATTER_LIST, by=by, at=at, content={
        "gist": {
            "what": f"事项清单第 {plan.version} 版：{len(rows)} 个事项，需企业提交 {asked} 份材料",
            "do": "按清单准备材料；清单以外的事项和材料，未经中心批准不得要求", "when": "随办理进度，逐项申报",
        },
        "paragraphs": _changes(plan), "tables": list(_tables(plan)),
    })


def _tables(plan: ServicePlan) -> list[Table]:
    tables, number = [], 0
    for stage in MatterStage:
        rows = []
        for row in plan.content["rows"]:
            if row["stage"] == stage:
                number += 1
                rows.append(_cells(number, row))
        if rows:
            tables.append({"caption": f"{stage.label}阶段，{len(rows)} 项", "head": list(HEAD), "rows": rows})
    return tables


def _cells(number: int, row: dict[str, Any]) -> list[str]:
    lines = "；".join(f"{line['name']}（{line['source']}）" for line in row["materials"]) or "无"
    eased = "；".join(part for part in (row["eased"], row["remark"]) if part) or "—"
    return [
        str(number), row["name"], f"{row['department']}　{row['window']}", row["limit"],
        "、".join(row["prerequisites"]) or "无", lines, eased, row["fee"],
    ]


def notice(plan: ServicePlan, *, by: User, at: dt.datetime) -> Paper:
    """一次性告知单: everything once, with the numbers of the three annexes and the place to sign."""
    rows = plan.content["rows"]
    annexes = [
        [str(PaperKind(paper.kind).label), paper.number]
        for paper in (plan.scheme_paper, plan.chart_paper, plan.list_paper) if paper is not None
    ]
    stages = []
    for stage in MatterStage:
        here = [row for row in rows if row["stage"] == stage]
        if here:
            asked = sum(line["asked"] for row in here for line in row["materials"])
            held = sum(not line["asked"] for row in here for line in row["materials"])
            stages.append([stage.label, str(len(here)), str(asked), str(held)])
    tables = [
        {"caption": "一方案一图一清单", "head": ["附件", "文号"], "rows": annexes},
        {"caption": "办什么", "head": ["阶段", "事项", "企业提交材料", "免提交材料"], "rows": stages},
    ]
    if plan.difference:
        tables.append({
            "caption": "较上一版变更", "head": ["变更", "内容", "原来", "现在"],
            "rows": [[one["kind"], one["what"], one["old"] or "—", one["new"] or "—"] for one in plan.difference],
        })
    return _issue(plan, PaperKind.ONE_TIME_NOTICE, by=by, at=at, content={
        "gist": {
            "what": f"联合会商一次性告知：{len(rows)} 个事项全部列在清单上（第 {plan.version} 版）",
            "do": "扫描下方签收码核对并签收", "when": "签收后清单生效；清单以外的，未经中心批准不得要求",
        },
        "paragraphs": [
            *_changes(plan),
            "经联合踏勘和会商，现将本项目从立项到竣工需要办理的全部事项、材料及其来源、时限和收费一次告知你单位。",
            "告知后出现的清单以外的事项和材料，须经审批服务中心批准，由会商单位承担遗漏责任，并以新版清单再次告知。",
        ],
        "tables": tables,
    })
