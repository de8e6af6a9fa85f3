"""Papers of an appraisal: 联合研判意见书, 部门责任清单, and 项目评价卡 of one page with five bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from archives.models import Paper
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper, papers_of
from archives.states import PaperKind, Visibility
from packages import appraisal_data as data
from packages import appraisal_rule
from packages.appraisal_states import LEVEL_TONES, Factor, Grade, Maturity
from packages.models import Appraisal, Gap
from packages.services import paperwork
from projects import timing
from projects.models import User
from projects.workdays import due_date


def issue_papers(
    appraisal: Appraisal, standings: Sequence[data.Standing], *, by: User, at: dt.datetime
) -> list[Paper]:
    """Issue the three papers of a signed appraisal of the locked project, for the office."""
    gaps = data.open_gaps(appraisal.session.project)
    papers = [_opinion(appraisal, standings, gaps, by=by, at=at)]
    if gaps:
        papers.append(_duties(appraisal, gaps, by=by, at=at))
    papers.append(_card(appraisal, standings, gaps, by=by, at=at))
    return papers


def papers_of_rounds(rounds: Sequence[Appraisal]) -> list[Paper]:
    """The papers of these rounds, the newest first."""
    return list(papers_of(*rounds)) if rounds else []


def _opinion(
    appraisal: Appraisal, standings: Sequence[data.Standing], gaps: Sequence[Gap], *, by: User, at: dt.datetime
) -> Paper:
    project, session = appraisal.session.project, appraisal.session
    word, grade = Maturity(appraisal.maturity).label, Grade(appraisal.grade).label
    silent = [row for row in standings if row.score is None]
    paragraphs = [
        (
            f"{paperwork.day(timing.business_day(at))}，{session.lead.label}组织第 {session.round} 轮联合研判"
            f"（{appraisal.get_cause_display()}）。研判结论：{word}；轻重缓急：{grade}。"
        ),
        f"规则判定：{Maturity(appraisal.machine).label}。{'；'.join(appraisal.reasons)}。",
    ]
    if appraisal.is_overridden:
        paragraphs.append(f"主持人调整为“{word}”，理由：{appraisal.override_reason}。")
    marks = "、".join(appraisal.marks) or "没有加重的情形"
    paragraphs.append(f"等级依据：重要性 {appraisal.importance}，紧迫性 {appraisal.urgency}（{marks}）。" + (
        f"主持人调整为“{grade}”，理由：{appraisal.grade_reason}。" if appraisal.grade_reason else ""
    ))
    if silent:
        names = "、".join(f"{row.organisation.label}（{Factor(row.factor).label}）" for row in silent)
        paragraphs.append(f"逾期未评：{names}。未评要素不推定水平，转入下一轮补评。")
    if appraisal.settled:
        told = "、".join(f"{Factor(factor).label} {level}" for factor, level in appraisal.settled.items())
        paragraphs.append(f"部门评分不一致，主持人裁定：{told}。")
    paragraphs.append(appraisal.text)
    names = "、".join(Factor(gap.factor).label for gap in gaps)
    return paperwork.write(
        PaperKind.APPRAISAL_OPINION, project, subject=appraisal, issuer=session.lead, by=by, at=at,
        what=f"联合研判结论：{word}，{grade}",
        do=f"补齐 {len(gaps)} 项缺口：{names}" if gaps else _next_words(appraisal), when=_when(appraisal, gaps, at),
        paragraphs=paragraphs, visibility=Visibility.OFFICE, addressee="各有关部门",
        table={
            "caption": "五项要素", "head": ["要素", "部门", "水平", "说明", "佐证"],
            "rows": [_score_row(appraisal, row, timing.business_day(at)) for row in standings],
        },
    )


def _score_row(appraisal: Appraisal, row: data.Standing, day: dt.date) -> list[str]:
    if row.score is None:
        return [Factor(row.factor).label, row.organisation.label, "未评", "", ""]
    levels = appraisal_rule.levels_of(appraisal.table.content, row.factor, day)
    word = "不涉及" if row.score.is_na else f"{row.score.level} {levels[row.score.level].word}"
    proof = row.score.evidence.document.title if row.score.evidence else "—"
    return [Factor(row.factor).label, row.organisation.label, word, row.score.reason, proof]


def _next_words(appraisal: Appraisal) -> str:
    return "召集联合会商" if appraisal.maturity == Maturity.READY else "没有缺口，等待未评要素补评"


def _when(appraisal: Appraisal, gaps: Sequence[Gap], at: dt.datetime) -> str:
    if gaps:
        return _claim_words(appraisal, at)
    if appraisal.maturity == Maturity.READY:
        day = timing.business_day(at)
        days, _ = appraisal_rule.term(appraisal.table.content, "consult", day)
        return f"{paperwork.day(due_date(day, days))}前召集会商"
    return f"最迟 {paperwork.day(appraisal.entry.next_on)} 复评"


def _claim_words(appraisal: Appraisal, at: dt.datetime) -> str:
    day = timing.business_day(at)
    days, _ = appraisal_rule.term(appraisal.table.content, "claim", day)
    return f"{paperwork.day(due_date(day, days))}前认领，写明责任人和完成日"


def _duties(appraisal: Appraisal, gaps: Sequence[Gap], *, by: User, at: dt.datetime) -> Paper:
    bodies: dict[str, list[Gap]] = {}
    for gap in gaps:
        bodies.setdefault(gap.issue.debtor_organisation.label, []).append(gap)
    rows = [
        [body, gap.issue.what, gap.issue.how_to_fix, gap.helpers, gap.responsible or "待认领",
         f"{gap.issue.due_on:%Y-%m-%d}" if gap.issue.due_on else "认领时约定"]
        for body, mine in bodies.items() for gap in mine
    ]
    return paperwork.write(
        PaperKind.DUTY_LIST, appraisal.session.project, subject=appraisal, issuer=appraisal.session.lead, by=by, at=at,
        what=f"{len(bodies)} 个部门的 {len(gaps)} 项缺口", do="牵头部门认领，写明责任人和完成日，补齐后附佐证报告",
        when=_claim_words(appraisal, at), addressee="、".join(bodies), visibility=Visibility.OFFICE,
        paragraphs=["按联合研判意见，各部门责任如下；补齐一项，复评一次。"],
        table={
            "caption": "部门责任清单", "head": ["牵头部门", "缺什么", "补齐动作", "配合", "责任人", "完成日"],
            "rows": rows,
        },
    )


def _card(
    appraisal: Appraisal, standings: Sequence[data.Standing], gaps: Sequence[Gap], *, by: User, at: dt.datetime
) -> Paper:
    project, entry, day = appraisal.session.project, appraisal.entry, timing.business_day(at)
    content: dict[str, Any] = {
        "gist": {}, "paragraphs": [], "addressee": "",
        "facts": [["项目代码", project.code], ["成熟度", Maturity(appraisal.maturity).label]],
        "appraisal": {
            "maturity": Maturity(appraisal.maturity).label, "machine": Maturity(appraisal.machine).label,
            "override": appraisal.override_reason, "reasons": appraisal.reasons,
            "grade": Grade(appraisal.grade).label, "round": appraisal.session.round,
            "bars": [_bar(appraisal, row, day) for row in standings],
            "form": [
                [term, value] for term, value in (
                    ("建设单位", project.owner.name), ("投资类型", project.get_investment_display()),
                    ("总投资", f"{project.total_investment.normalize():f} 万元" if project.total_investment else ""),
                    ("建设地点", project.address), ("宗地", entry.parcel), ("用地意向", entry.land_wish),
                    ("行业", entry.industry), ("目标开工", paperwork.day(entry.opening_on)),
                    ("提出单位", entry.proposer),
                ) if value
            ],
            "gaps": [[gap.issue.what, gap.issue.debtor_organisation.label, gap.issue.how_to_fix] for gap in gaps],
            "text": appraisal.text,
            "dispatch": "，".join(
                word for word in appraisal_rule.resources(appraisal.table.content, appraisal.grade, day) if word
            ),
            "next_on": paperwork.day(entry.next_on),
        },
    }
    return issue_paper(
        project, kind=PaperKind.APPRAISAL_CARD, series=paperwork.SERIES[PaperKind.APPRAISAL_CARD],
        title=str(PaperKind.APPRAISAL_CARD.label), issuer=appraisal.session.lead, content=content, subject=appraisal,
        by=by, document_kind_slug=paper_slug(PaperKind.APPRAISAL_CARD), visibility=Visibility.OFFICE, at=at,
    )


def _bar(appraisal: Appraisal, row: data.Standing, day: dt.date) -> dict[str, Any]:
    """One bar: the level of four steps, the floor of 成熟 as a mark."""
    target = data.target_of(appraisal.table.content, appraisal.package, row.factor, day)
    levels = appraisal_rule.levels_of(appraisal.table.content, row.factor, day)
    score = row.score
    return {
        "name": str(Factor(row.factor).label), "body": row.organisation.label, "target": target,
        "level": score.level if score else None, "width": (score.level if score else 0) * 100,
        "mark": target * 100, "tone": LEVEL_TONES[score.level] if score else "none",
        "word": "未评" if score is None else "不涉及" if score.is_na else levels[score.level].word,
        "reason": score.reason if score else f"{row.organisation.label}没有评分",
    }
