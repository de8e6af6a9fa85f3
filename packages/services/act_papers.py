"""Papers of the steps beside intake and decision: receipts, withdrawal, recall, extension, hand-out, revocation.

Each in two layers: three plain lines, then the text with its ground. Nothing is cited that has not been read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from archives.states import PaperKind
from packages.act_states import DeliveryWay
from packages.same_faults import fault_word
from packages.services.paperwork import day, due_words, remedies, write
from packages.states import MaterialState
from projects import timing
from projects.clocks import read_clock
from projects.quoting import quoted

if TYPE_CHECKING:
    from archives.models import Paper
    from packages.models import Application, Extension, MatterCase, SpecialProcedure
    from projects.models import IssueItem, User

LAW_ACCEPT, LAW_EXTEND, LAW_OUTSIDE = "《行政许可法》第三十二条", "《行政许可法》第四十二条", "《行政许可法》第四十五条"
LAW_DELIVER = "《行政许可法》第四十四条"
AGAIN = "随时可以重新申报"
HANDED_IN = (MaterialState.UPLOADED, MaterialState.HELD)


def correction_receipt(
    application: Application, cases: Sequence[MatterCase], items: Iterable[IssueItem], *, by: User, at: dt.datetime
) -> Paper:
    """补正物料回执: what was answered, fault by fault, and from when the limit runs again."""
    seen = {(item.what, item.answer): None for item in items}
    rows = [[str(number), what, answer] for number, (what, answer) in enumerate(seen, start=1)]
    names = "、".join(case.matter.name for case in cases)
    running = [case for case in cases if case.due_on is not None]
    word = fault_word(cases)
    due = max((case.due_on for case in running if case.due_on), default=None)
    return write(
        PaperKind.CORRECTION_RECEIPT, application.project, subject=application, issuer=application.project.centre,
        by=by, at=at, what=f"已收到{names}的{word}材料，{len(rows)} 处问题都已答复", do="保存本回执，等待办理",
        when=f"时限恢复计算，{day(due)}前答复" if due else "其他暂停结束后恢复计算时限",
        paragraphs=[f"{day(timing.business_day(at))}收到你单位交回的{word}材料，办件流水号 {application.number}。"],
        table={"head": ["序号", "问题", "你单位的答复"], "rows": rows}, legal=[LAW_ACCEPT],
    )


def returned_rows(case: MatterCase) -> list[list[str]]:
    """Return the papers that go back to the applicant; they stay in the archive and may be used again."""
    found = case.materials.filter(state__in=HANDED_IN).select_related("document").order_by("order")
    return [[str(number), item.name, item.get_state_display()] for number, item in enumerate(found, start=1)]


def return_receipt(case: MatterCase, *, by: User, at: dt.datetime) -> Paper | None:
    """退件回执: what was handed in goes back; None where nothing was."""
    rows = returned_rows(case)
    if not rows:
        return None
    return write(
        PaperKind.RETURN_RECEIPT, case.project, subject=case, issuer=case.project.centre, by=by, at=at,
        what=f"退回{quoted(case.matter.name)}的材料 {len(rows)} 件",
        do="纸质材料可到窗口领回；电子材料留在档案里，再次申报时自动带入",
        when="随时可以领回", paragraphs=[f"办件编号 {case.number}，退回材料清单如下。"],
        table={"head": ["序号", "材料", "提交方式"], "rows": rows}, legal=[],
    )


def withdrawal(case: MatterCase, reason: str, *, by: User, at: dt.datetime) -> Paper:
    """撤件确认书: the case ended at the owner's wish; its papers may be used again."""
    rows = returned_rows(case)
    return write(
        PaperKind.WITHDRAWAL, case.project, subject=case, issuer=case.project.centre, by=by, at=at,
        what=f"按你单位申请，{quoted(case.matter.name)}（{case.number}）已撤件",
        do="需要时重新申报；原材料留在项目档案里，再次申报时自动带入", when=AGAIN,
        paragraphs=[f"你单位申请撤件，原因：{reason}。经确认，{day(timing.business_day(at))}起停止办理，时限终止。"],
        table={"head": ["序号", "退回的材料", "提交方式"], "rows": rows} if rows else None,
    )


def recall(case: MatterCase, reason: str, *, by: User, at: dt.datetime) -> Paper:
    """撤回说明: the body took back its step, for a reason."""
    return write(
        PaperKind.RECALL, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}（{case.number}）由{case.lead.label}撤回：{reason}",
        do="按理由改好后重新申报；原材料留在项目档案里，再次申报时自动带入", when=AGAIN,
        paragraphs=[
            f"{case.lead.name}撤回对{quoted(case.matter.name)}的办理，{day(timing.business_day(at))}起停止计时。理由：{reason}"
        ],
        legal=[remedies()],
    )


def special_notice(procedure: SpecialProcedure, *, by: User, at: dt.datetime) -> Paper:
    """特别程序告知书: the applicant is told in writing how long it takes (行政许可法 45)."""
    case, word, days = procedure.case, procedure.get_kind_display(), procedure.planned_days
    until = due_words(read_clock(procedure.clock))
    return write(
        PaperKind.SPECIAL_NOTICE, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}需要{word}，审批时限暂停", do="按通知配合，无需另行申请",
        when=f"预计{until}前完成，期间不计入审批时限",
        paragraphs=[
            f"办理{quoted(case.matter.name)}需要{word}，所需时间 {days} 个工作日，依法不计算在审批时限内。",
            f"批准人：{procedure.approver}。{word}结束后，审批时限接续计算。",
        ],
        legal=[LAW_OUTSIDE, procedure.basis],
    )


def extension(row: Extension, *, by: User, at: dt.datetime) -> Paper:
    """延长办理期限告知书: the reason is told to the applicant (行政许可法 42)."""
    case = row.case
    due = due_words(read_clock(case.promised_clock))
    who = f"经本级人民政府负责人批准（{row.approval}）" if row.is_joint else "经本行政机关负责人批准"
    return write(
        PaperKind.EXTENSION, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}延长 {row.days} 个工作日办理：{row.reason}", do="继续等待办理，无需补充材料",
        when=f"最迟{due}作出决定",
        paragraphs=[
            f"{quoted(case.matter.name)}（{case.number}）不能在期限内作出决定，{who}，延长 {row.days} 个工作日。",
            f"延长的理由：{row.reason}",
        ],
        legal=[LAW_EXTEND],
    )


def deferral_notice(case: MatterCase, items: Sequence[IssueItem], *, by: User | None, at: dt.datetime) -> Paper:
    """容缺后补通知: granted, and these papers are still owed, each until its day."""
    rows = [[str(number), item.what, day(item.due_on)] for number, item in enumerate(items, start=1)]
    last = max((item.due_on for item in items if item.due_on), default=None)
    return write(
        PaperKind.DEFERRAL_NOTICE, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}容缺通过，还要补交 {len(rows)} 件材料", do="在“待办”里逐件补交",
        when=f"最迟{day(last)}，各件的期限见下表",
        paragraphs=["以下材料在作出决定时容缺，请在各自期限内补交。逾期未补交的，由作出决定的部门依法处理。"],
        table={"head": ["序号", "材料", "补交期限"], "rows": rows},
    )


def collection_receipt(
    case: MatterCase, given: Sequence[Paper], *, way: str, receiver: str, tracking: str, by: User, at: dt.datetime
) -> Paper:
    """领证回执: which papers reached whom, how and when (行政许可法 44)."""
    how = {
        DeliveryWay.WINDOW: f"在窗口交给{receiver}", DeliveryWay.POST: f"邮寄，邮件号 {tracking}",
        DeliveryWay.DOWNLOAD: "由你单位在线下载",
    }[DeliveryWay(way)]
    rows = [[str(number), paper.title, paper.number] for number, paper in enumerate(given, start=1)]
    return write(
        PaperKind.COLLECTION_RECEIPT, case.project, subject=case, issuer=case.project.centre, by=by, at=at,
        what=f"{quoted(case.matter.name)}的证照批文已送达", do="核对下列文书；有误请当场或及时告知窗口",
        when=f"{day(timing.business_day(at))}{how}",
        paragraphs=[f"办件编号 {case.number}。领取方式：{DeliveryWay(way).label}，{how}。"],
        table={"head": ["序号", "文书", "文号"], "rows": rows}, legal=[LAW_DELIVER],
    )


def revocation(
    case: MatterCase, papers: Sequence[Paper], *, reason: str, basis: str, hearing: str, by: User, at: dt.datetime
) -> Paper:
    """撤销决定书: which decision is taken away, why, on which basis, and how it may be contested."""
    numbers = "、".join(paper.number for paper in papers)
    which = f"，文号 {numbers}" if numbers else ""
    return write(
        PaperKind.REVOCATION, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}的决定被撤销：{reason}",
        do=f"停止使用{numbers}" if numbers else "停止按原决定办理", when="自本决定书送达之日起；需要时可以重新申报",
        paragraphs=[
            f"撤销{quoted(case.matter.name)}（{case.number}）的决定{which}，原文号保留。",
            f"理由：{reason}", f"听证：{hearing}",
        ],
        legal=[f"依据：{basis}。", remedies()], is_public=any(paper.is_public for paper in papers),
    )
