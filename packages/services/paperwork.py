"""What the papers of a case say: the four lines that everybody understands, the text, the table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings

from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind, Visibility
from packages.case_data import reason_name
from packages.models import MaterialItem
from packages.states import MaterialState
from projects import prepared, timing
from projects.clock_states import ClockUnit
from projects.clocks import Reading
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.db.models import Model

    from archives.models import Paper
    from packages.models import Application, MatterCase, OneTimeNotice
    from projects.models import IssueItem, Organisation, Project, User

#: word of the number series per paper: 〔2026〕高审受字第000123号
SERIES: dict[str, str] = {
    PaperKind.RECEIPT: "收",
    PaperKind.DEFERRED_ACCEPTANCE: "容",
    PaperKind.DEFERRAL_LATE: "容逾",
    PaperKind.COMMITMENT_TOLD: "告承",
    PaperKind.COMMITMENT: "承",
    PaperKind.BREACH_NOTICE: "违",
    PaperKind.COMPLETION_NOTICE: "补",
    PaperKind.CORRECTION_NOTICE: "正",
    PaperKind.ACCEPTANCE_NOTICE: "受",
    PaperKind.NOT_TAKEN: "退",
    PaperKind.REFUSED_INTAKE: "不受",
    PaperKind.SPECIAL_NOTICE: "特",
    PaperKind.REVIEW_OPINION: "联审",
    PaperKind.CONFERENCE_MINUTES: "联会",
    PaperKind.DRAWING_OPINION: "图审",
    PaperKind.DRAWING_HANDLING: "图处",
    PaperKind.DRAWING_PLEDGE: "图诺",
    PaperKind.ONE_STOP_FORM: "一申",
    PaperKind.PERMIT_SET: "证套",
    PaperKind.CERTIFICATE: "许",
    PaperKind.REFUSAL: "不许",
    PaperKind.EXTENSION: "延",
    PaperKind.CORRECTION_RECEIPT: "补收",
    PaperKind.RETURN_RECEIPT: "退件",
    PaperKind.WITHDRAWAL: "撤件",
    PaperKind.RECALL: "撤回",
    PaperKind.DEFERRAL_NOTICE: "容补",
    PaperKind.COLLECTION_RECEIPT: "领",
    PaperKind.REVOCATION: "撤销",
    PaperKind.LAPSE_NOTICE: "失",
    PaperKind.STOP_NOTICE: "停",
    PaperKind.UTILITY_RECEIPT: "装收",
    PaperKind.UTILITY_REPLY: "装复",
    PaperKind.UTILITY_CONNECTED: "装通",
    PaperKind.PAY_SHEET: "缴",
    PaperKind.APPRAISAL_OPINION: "研",
    PaperKind.DUTY_LIST: "研责",
    PaperKind.APPRAISAL_CARD: "研卡",
    PaperKind.AREA_USE: "评用",
    PaperKind.LAND_LIST: "地清",
    PaperKind.LAND_PLEDGE: "标地诺",
    PaperKind.ONE_BOOK: "综评",
    PaperKind.CONSULTATION_MINUTES: "会纪",
    PaperKind.SERVICE_SCHEME: "方案",
    PaperKind.FLOW_SHEET: "流图",
    PaperKind.MATTER_LIST: "清单",
    PaperKind.ONE_TIME_NOTICE: "一告",
    PaperKind.ACCEPTANCE_POINTS: "验要",
    PaperKind.SUPERVISION_POINTS: "监要",
    PaperKind.INSPECTION_NOTICE: "检通",
    PaperKind.INSPECTION_RECORD: "检记",
    PaperKind.STOP_ORDER: "停改",
    PaperKind.REFERRAL: "移",
    PaperKind.CREDIT_NOTICE: "信告",
    PaperKind.CREDIT_DECISION: "信列",
    PaperKind.CREDIT_REMOVAL: "信移",
    PaperKind.AGENCY_AGREEMENT: "委",
    PaperKind.WORK_ORDER: "工",
    PaperKind.HAND_OVER: "交",
    PaperKind.ACCOMPANY_RECORD: "陪",
    PaperKind.ESCALATION_REPORT: "升",
}

#: Papers that tell the applicant a fault, and the words that their three lines begin with.
FAULT_PAPERS = frozenset(
    {PaperKind.COMPLETION_NOTICE, PaperKind.CORRECTION_NOTICE, PaperKind.REFUSED_INTAKE, PaperKind.REFUSAL}
)
#: 一、到会单位
HEADING = re.compile(r"[一二三四五六七八九十]{1,3}、[^，。；：！？]{1,16}")
FAULT_WORDS = {"what": "什么问题", "do": "怎么改", "when": "什么时候前"}


def remedies() -> str:
    """Return how a decision may be contested (行政许可法 38).

    The words are a setting of the place: the terms follow other laws than those that this portal has read.
    """
    return str(settings.REMEDIES_TEXT)


def ended(text: str) -> str:
    """Return a paragraph with its full stop, as people leave it out where they type a reason; a heading has none."""
    said = text.rstrip()
    return said if not said or said[-1] in "。；：！？…" or HEADING.fullmatch(said) else f"{said}。"


def day(value: dt.date | None) -> str:
    """Return a day as papers write it: 2026年11月23日."""
    return "" if value is None else f"{value.year}年{value.month}月{value.day}日"


def due_words(reading: Reading) -> str:
    """Return the due day, and that it is provisional where the calendar is not published."""
    if reading.due_on is None:
        return ""
    return day(reading.due_on) + ("（暂按法定节假日推算）" if reading.provisional else "")


def promiser(role: str, body: str, person: User | None, at: dt.datetime) -> dict[str, str]:
    """Return who signs a promise and when, as the foot of its paper shows it."""
    return {"role": role, "body": body, "person": str(person or ""), "day": day(timing.business_day(at))}


def write(
    kind: str, project: Project, *, subject: Model, issuer: Organisation, by: User | None, at: dt.datetime,
    what: str, do: str, when: str, paragraphs: Sequence[str], table: dict[str, Any] | None = None,
    legal: Sequence[str] = (), title: str = "", slug: str = "", is_public: bool = False,
    valid_until: dt.date | None = None, addressee: str = "", visibility: str = Visibility.PROJECT,
    tables: Sequence[dict[str, Any]] = (), signers: Sequence[str] = (), beside: Sequence[Model] = (),
    promisers: Sequence[dict[str, str]] = (),
) -> Paper:
    """Issue a paper of the locked project in two layers: three plain lines under the project, then the legal text.

    The lines are 什么事, 您要做, 什么时候; of a paper that tells a fault 什么问题, 怎么改, 什么时候前.
    `signers`: lines of the other side of an agreement, left of the seal. `beside`: rows that are written with it.
    `promisers`: who signs a promise (`promiser`), which is the paper of the enterprise, not of the office.
    """
    content: dict[str, Any] = {
        "gist": {"project": f"{project.name}（{project.code}）", "what": what, "do": do, "when": when},
        "gist_words": FAULT_WORDS if kind in FAULT_PAPERS else {},
        "paragraphs": [ended(text) for text in paragraphs], "table": table, "legal": list(legal),
        "addressee": addressee or project.owner.name,
    }
    if tables:
        content["tables"] = list(tables)
    if signers:
        content["signers"] = list(signers)
    if promisers:
        content["promisers"] = list(promisers)
    return issue_paper(
        project, kind=kind, series=SERIES[kind], title=title or str(PaperKind(kind).label), issuer=issuer,
        content=content, subject=subject, by=by, document_kind_slug=slug or paper_slug(kind), is_public=is_public,
        valid_until=valid_until, visibility=visibility, at=at, beside=beside,
    )


def receipt(application: Application, cases: Sequence[MatterCase], *, by: User | None, at: dt.datetime) -> Paper:
    """材料回执: what was handed in for which matters (行政许可法 32)."""
    rows = [
        [case.matter.name, item.name, item.get_state_display()]
        for case in cases
        for item in prepared.rows("lines", lambda pk: MaterialItem.objects.filter(case=pk).order_by("order"), case.pk)
    ]
    names = "、".join(case.matter.name for case in cases)
    return write(
        PaperKind.RECEIPT, application.project, subject=application, issuer=application.project.centre, by=by, at=at,
        what=f"已收到 {len(cases)} 项申报：{names}", do="保存本回执，留意受理或补全通知",
        when="5 个工作日内告知是否受理；逾期不告知，自收到之日起即为受理",
        paragraphs=[f"{day(timing.business_day(at))}收到你单位提交的申报材料，办件流水号 {application.number}。"],
        table={"head": ["事项", "材料", "方式"], "rows": rows}, legal=["《行政许可法》第三十二条"],
    )


def fault_notice(
    kind: str, cases: Sequence[MatterCase], issues: Iterable[IssueItem], *, subject: Model, issuer: Organisation,
    by: User | None, at: dt.datetime, reading: Reading, notices: Sequence[OneTimeNotice],
) -> Paper:
    """补全告知书, 补正告知书: every fault once, with its basis, how to fix it and its matters (行政许可法 32).

    `notices`: the unsaved rows of what is told, written with the paper.
    """
    names = {str(case.pk): case.matter.name for case in cases}
    seen: dict[tuple[str, str, str], list[str]] = {}
    for item in issues:
        seen.setdefault((item.what, item.basis, item.how_to_fix), []).append(names[item.subject_key])
    several = len(cases) > 1
    rows = [
        [str(number), what, basis, how] + (["、".join(of)] if several else [])
        for number, ((what, basis, how), of) in enumerate(seen.items(), start=1)
    ]
    word = PaperKind(kind).label[:2]
    first = next(iter(seen))
    how = first[2] if len(rows) == 1 else f"按下表 {len(rows)} 条逐项改好，一次交回"
    return write(
        kind, cases[0].project, subject=subject, issuer=issuer, by=by, at=at,
        what=f"{'、'.join(names.values())}：有 {len(rows)} 处需要{word}", do=how,
        when=f"请在{due_words(reading)}前交回；{word}期间不计入审批时限",
        paragraphs=[*_again(notices), f"经审查，你单位提交的申报材料需要{word}，现一次告知全部内容如下。"],
        table={"head": ["序号", "问题", "依据", "怎么改"] + (["事项"] if several else []), "rows": rows},
        legal=["《行政许可法》第三十二条"], beside=notices,
    )


def _again(notices: Iterable[OneTimeNotice]) -> list[str]:
    """Return, for each matter that was told faults before, which notice this is and why it is given again."""
    return [
        f"{quoted(row.case.matter.name)}此前已经一次性告知，这是第 {row.batch} 次告知，"
        f"理由：{reason_name(row.reason_code)}{f'（{row.reason_note}）' if row.reason_note else ''}。"
        for row in notices if row.batch > 1
    ]


def acceptance_notice(
    case: MatterCase, lines: frozenset[str], reading: Reading, *, by: User | None, at: dt.datetime
) -> Paper:
    """受理通知书 with the due day. `lines`: the states of the checklist."""
    start = case.accepted_at or at
    has_deferred = MaterialState.DEFERRED in lines
    but, word = ("除下列容缺材料外，", "容缺受理") if has_deferred else ("", "受理")
    text = f"你单位申请的{quoted(case.matter.name)}，经审查{but}材料齐全、符合法定形式，予以{word}。"
    if case.is_deemed_accepted:
        text = f"你单位申请的{quoted(case.matter.name)}自收到材料之日起即为受理（视为受理）。"
    unit = "自然日" if reading.unit == ClockUnit.CALENDAR_DAY else "工作日"
    limit = f"承诺时限 {case.promised_days} 个{unit}" if case.promised_days else "即办"
    decided = f"{due_words(reading)}{'前' if case.promised_days else '当日'}作出决定"
    paragraphs = [text, f"受理日期{day(timing.business_day(start))}，{limit}，{decided}。"]
    if has_deferred:
        deferred = case.materials.filter(state=MaterialState.DEFERRED).order_by("order").values_list("name", flat=True)
        paragraphs.append(f"以下材料容缺受理：{'、'.join(deferred)}；补交期限和逾期后果见容缺受理通知书。")
    do = "按期补交容缺材料" if has_deferred else "等待办理" if case.promised_days else "等候当日办结"
    return write(
        PaperKind.ACCEPTANCE_NOTICE, case.project, subject=case, issuer=case.project.centre, by=by, at=at,
        what=f"{quoted(case.matter.name)}已受理，办件编号 {case.number}", do=f"{do}，可扫码查看进度",
        when=decided, paragraphs=paragraphs, legal=["《行政许可法》第三十二条、第四十二条"],
    )
