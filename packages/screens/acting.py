"""What stands beside the steps on a case: who may answer, what follows; and the list of second notices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse

from packages import rules
from packages.act_states import (
    WITHDRAWAL_OPEN,
    DeliveryWay,
    ExtensionState,
    LateEntryState,
    ProcedureState,
    WithdrawalState,
)
from packages.case_data import reason_name, special_rule
from packages.choices import ReviewRole
from packages.models import CaseDelivery, Extension, LateEntry, MatterCase, OneTimeNotice, SpecialProcedure, Withdrawal
from packages.queries import issues_of
from packages.screens.case_rows import with_rounds
from packages.services.delivering import DELIVER_DAYS, deliver_until
from packages.services.revoking import papers_to_revoke
from packages.services.settling import is_certificate_held
from packages.states import (
    CASE_DECIDED,
    CASE_OPEN,
    CASE_PASSED,
    MATERIAL_MET,
    SESSION_OPEN,
    TASK_OPEN,
    CaseState,
    Handling,
    SessionState,
    SpecialKind,
    TaskState,
)
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Organisation, User
from projects.paging import KeyPage, as_key, key_page
from projects.quoting import quoted
from projects.states import ISSUE_OPEN, IssueKind
from projects.waiting import Waiting
from projects.workdays import workdays_between

PAGE = 20
#: The rank of a wait for nothing but the next step (projects.waiting).
NEXT_STEP = 9
KEYS = {
    "受理": "F2", "作出决定": "F2", "登记外部办理结果": "F2", "补全告知": "F3", "补正告知": "F3", "不予受理": "F4",
    "即办办结": "F5", "延长期限": "Y", "启动特别程序": "T", "结束特别程序": "T", "送达": "D", "领取": "D", "撤件": "W",
    "答复并交回": "F2",
}


@dataclass(frozen=True, slots=True)
class Act:
    """A step that may be taken on a case, or why not; an enterprise is shown what it may do and what is its own."""

    label: str
    url: str
    verdict: Verdict
    danger: bool = False
    is_own: bool = False

    @property
    def key(self) -> str:
        """The key that opens it, as at the window; what takes something back has none."""
        return KEYS.get(self.label, "")


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that was asked for on a case and waits for an answer."""

    word: str
    text: str
    who: str
    state: str
    url: str
    verdict: Verdict


# Verdicts ------------------------------------------------------------------------------------------------------------


def may_ask_to_withdraw(user: User, case: MatterCase) -> Verdict:
    """Whether the owner may ask; not while an earlier request waits."""
    if any(row.state in WITHDRAWAL_OPEN for row in case.withdrawals.all()):
        return refuse("已有一份撤件申请等待确认。")
    return rules.can_request_withdrawal(user, case)


def may_refuse(user: User, case: MatterCase) -> Verdict:
    """Whether the intake may be refused; while a completion is awaited, not before its time is over."""
    return rules.can_refuse(user, case) and _unless_awaited(case)


def may_close_overdue(user: User, case: MatterCase) -> Verdict:
    """Whether a correction that never came may be closed: not before its time is over."""
    return rules.can_close_overdue(user, case) and _unless_awaited(case)


def _unless_awaited(case: MatterCase) -> Verdict:
    """Refuse while the owner has time to answer what was told. One query, none for a case that waits for nothing."""
    if case.state != CaseState.CORRECTING:
        return ALLOWED
    told = issues_of(case, IssueKind.CORRECTION).filter(state__in=ISSUE_OPEN, clock__due_on__gte=timing.today())
    until = told.values_list("clock__due_on", flat=True).first()
    return ALLOWED if until is None else refuse(f"{case.fault_word}期限到{timing.spoken(until)}，期满未交回才能办理。")


def may_answer(user: User, row: Withdrawal) -> Verdict:
    """Whether this request may be answered by this person."""
    if row.state not in WITHDRAWAL_OPEN:
        return refuse(f"这份撤件申请{row.get_state_display()}。")
    return rules.can_answer_withdrawal(user, row.case)


def unless_lacking(verdict: Verdict, missing: int) -> Verdict:
    """The verdict on accepting, as long as nothing is missing."""
    return refuse(f"还缺 {missing} 件，暂不能受理") if verdict and missing else verdict


def may_accept(user: User, case: MatterCase) -> Verdict:
    """Whether this person may accept now: not before every paper is met, as on the page of the application."""
    missing = sum(item.state not in MATERIAL_MET for item in case.materials.all())
    return unless_lacking(rules.can_accept(user, case), missing)


def may_start_special(user: User, case: MatterCase) -> Verdict:
    """Whether a special procedure may be asked for: not while one waits for its approval."""
    asked = next((row for row in case.procedures.all() if row.state == ProcedureState.REQUESTED), None)
    verdict = rules.can_start_special(user, case)
    if verdict and asked is not None:
        kind, lead = asked.get_kind_display(), case.lead.label
        return refuse(f"{asked.started_by}已申请{kind}，在等{lead}的首席代表批准（提出人本人不能批准）。")
    return verdict


def may_decide(user: User, case: MatterCase) -> Verdict:
    """Whether this person may decide now: not before the joint review is merged."""
    verdict = rules.can_decide(user, case)
    rounds = with_rounds(case) if verdict else ()
    session = next((row for row in rounds if row.state != SessionState.CLOSED), None)
    if session is None or session.state not in SESSION_OPEN:
        return verdict
    tasks = [task for task in session.tasks.all() if task.state in TASK_OPEN and task.role != ReviewRole.LEAD]
    silent = [task.organisation.label for task in tasks]
    return refuse(f"联合审查还没有汇总，在等{'、'.join(silent) or session.lead.label}。")


def may_approve_special(user: User, row: SpecialProcedure) -> Verdict:
    """Whether this procedure may be approved by this person."""
    if row.state != ProcedureState.REQUESTED:
        return refuse(f"这项特别程序{row.get_state_display()}。")
    return rules.can_approve_special(user, row)


def may_approve_extension(user: User, row: Extension) -> Verdict:
    """Whether this extension may be approved by this person."""
    if row.state != ExtensionState.REQUESTED:
        return refuse(f"这项延长{row.get_state_display()}。")
    return rules.can_approve_extension(user, row)


# Words ---------------------------------------------------------------------------------------------------------------


def tacit_words(case: MatterCase) -> tuple[str, ...]:
    """What follows from the confirmation of a withdrawal: nothing is lost, nothing binds."""
    return ("确认后时限停止，未答复的审查任务一并终止，材料可以重复使用。", *tacit_kept(case))


def tacit_kept(case: MatterCase) -> tuple[str, ...]:
    """What becomes of opinions that silence has given, where there are any."""
    tacit = case.sessions.filter(tasks__state=TaskState.TACIT).count()
    if not tacit:
        return ()
    return (f"已有 {tacit} 条超时默认意见：照留在记录里，重新申报时不沿用，各部门重新答复。",)


def special_words(case: MatterCase) -> tuple[str, ...]:
    """What the law says of special procedures, how long each may take, and whether one of a kind was there before."""
    known = [(kind.label, rule.longest_days) for kind in SpecialKind if (rule := special_rule(kind.value)) is not None]
    before = SpecialProcedure.objects.filter(case=case, approver__isnull=False).values_list("kind", flat=True)
    words = [
        "听证、招标、检验检测、专家评审等所需时间不计入审批时限，须书面告知申请人（行政许可法第四十五条）。",
        f"最长天数（工作日）：{'，'.join(f'{name} {days}' for name, days in known)}。",
    ]
    again = "、".join(dict.fromkeys(str(SpecialKind(kind).label) for kind in before))
    return tuple([*words, f"本办件已用过{again}；同类再次启动会报中心主任。"] if again else words)


def procedure_words(row: SpecialProcedure) -> tuple[str, ...]:
    """What the head approves."""
    words = [
        f"{row.started_by}申请{row.get_kind_display()}，计划 {row.planned_days} 个工作日。依据：{row.basis}",
        "批准后各项时限暂停，特别程序告知书发给申请人；到期不自动恢复，须凭结果文件结束。",
    ]
    return tuple([*words, "同类特别程序再次启动，批准后报中心主任。"] if row.is_repeated else words)


def answered_special(result: MatterCase | SpecialProcedure) -> str:
    """What is told when the head has answered: what stops and whose turn it is, or that nothing stops."""
    if isinstance(result, SpecialProcedure):
        return f"没有批准{result.get_kind_display()}，理由已记录，时限照常计算。"
    word = SpecialKind(result.special_kind).label
    return f"已批准{word}，时限暂停，特别程序告知书已发给申请人；{word}做完后，由{result.lead.label}凭结果文件结束。"


def answered_extension(result: MatterCase | Extension) -> str:
    """What is told when the head has answered: until when the case runs now."""
    if isinstance(result, Extension):
        return "没有批准延长，理由已记录，时限不变。"
    until = f"，到{timing.written(result.due_on)}" if result.due_on else ""
    return f"已批准延长，时限已顺延{until}；延长办理期限告知书已发给申请人。"


def ways_of(user: User, case: MatterCase) -> list[str]:
    """The ways of delivery that this person may enter: the owner only downloads."""
    return list(DeliveryWay.values) if rules.can_deliver(user, case) else [DeliveryWay.DOWNLOAD.value]


def delivery_words(case: MatterCase) -> tuple[str, ...]:
    """Until when the certificate has to be delivered."""
    until = deliver_until(case)
    return (f"作出决定后 10 个工作日内送达，最迟{timing.written(until)}（行政许可法第四十四条）。",) if until else ()


# On the page of a case ------------------------------------------------------------------------------------------------


def asked_on(case: MatterCase, user: User) -> list[Asked]:
    """What waits for an answer on this case."""
    found: list[Asked] = []
    for row in (row for row in case.withdrawals.all() if row.state in WITHDRAWAL_OPEN):
        row.case = case
        url = reverse("packages:withdrawal", args=[row.pk])
        found.append(Asked(
            "撤件申请", row.reason, str(row.requested_by), row.get_state_display(), url, may_answer(user, row)
        ))
    for special in (row for row in case.procedures.all() if row.state == ProcedureState.REQUESTED):
        special.case = case
        url = reverse("packages:special_approve", args=[special.pk])
        text = f"{special.get_kind_display()} {special.planned_days} 个工作日，依据：{special.basis}"
        found.append(Asked(
            "特别程序", text, str(special.started_by), special.get_state_display(), url,
            may_approve_special(user, special),
        ))
    for more in (row for row in case.extensions.all() if row.state == ExtensionState.REQUESTED):
        more.case = case
        url = reverse("packages:extension_approve", args=[more.pk])
        found.append(Asked(
            "延长办理期限", f"{more.days} 个工作日：{more.reason}", str(more.requested_by),
            more.get_state_display(), url, may_approve_extension(user, more),
        ))
    if access_of(user).is_enterprise:
        return found
    for entry in (row for row in case.late_entries.all() if row.state == LateEntryState.ASKED):
        entry.case = case
        found.append(Asked(
            "补录确认", late_entry_words(entry), str(entry.entered_by or "系统"), entry.get_state_display(),
            reverse("packages:late_entry", args=[entry.pk]), rules.can_answer_late_entry(user, entry),
        ))
    return found


def late_entry_words(entry: LateEntry) -> str:
    """What was keyed in late, and what hangs on it."""
    whose = f"{entry.opinion.task.organisation.label}的" if entry.opinion else ""
    then = f"{whose}{entry.get_act_display()}称 {_moment(entry.happened_at)} 已办，{_moment(entry.recorded_at)} 录入"
    spared = "" if entry.opinion else f"，少计 {entry.spared} 天"
    return f"{then}，晚 {entry.late_days} 个工作日{spared}；确认前按超时计"


def _moment(moment: dt.datetime) -> str:
    return timing.spoken_moment(moment)


def steps_of(case: MatterCase, user: User) -> list[Act]:
    """The steps of this part that belong to the state of the case, each with why not."""
    pk, state = case.pk, case.state
    found: list[Act] = []
    if state in CASE_OPEN:
        owner = rules.is_owner(user, case.project)
        verdict = may_ask_to_withdraw(user, case) if owner else rules.can_withdraw(user, case)
        word, url = "申请撤件" if owner else "撤件", reverse("packages:withdraw", args=[pk])
        found.append(Act(word, url, verdict, danger=True, is_own=owner))
    if state in CASE_OPEN and case.accepted_at is not None and case.handling == Handling.REVIEW:
        found.insert(0, Act("延长期限", reverse("packages:extend", args=[pk]), rules.can_request_extension(user, case)))
    if state == CaseState.CORRECTING and case.accepted_at is None:
        found.append(Act("不予受理", reverse("packages:refuse", args=[pk]), may_refuse(user, case), danger=True))
    if state == CaseState.CORRECTING and case.accepted_at is not None:
        url = reverse("packages:overdue", args=[pk])
        found.append(Act("逾期未补正", url, may_close_overdue(user, case), danger=True))
    if state in CASE_PASSED and case.handling != Handling.OUTSIDE:
        found += _delivery(case, user)
    if state in CASE_DECIDED and case.handling != Handling.OUTSIDE:
        found.append(Act("撤销", reverse("packages:revoke", args=[pk]), rules.can_revoke(user, case), danger=True))
    return found


def _delivery(case: MatterCase, user: User) -> list[Act]:
    """送达 for whoever hands out, 领取 for the owner as long as there is something to fetch."""
    row: CaseDelivery | None = getattr(case, "delivery", None)
    fetches = is_fetched(user, case)
    if row is None:
        verdict = may_deliver(user, case)
    elif fetches:
        return []
    else:
        verdict = refuse(f"已于{timing.written(row.delivered_at)}送达（{row.get_way_display()}）。")
    return [Act("领取" if fetches else "送达", reverse("packages:deliver", args=[case.pk]), verdict, is_own=fetches)]


def is_fetched(user: User, case: MatterCase) -> bool:
    """Whether this person fetches what was granted, and does not hand it out."""
    return rules.is_owner(user, case.project) and not rules.can_deliver(user, case)


def may_deliver(user: User, case: MatterCase) -> Verdict:
    """Whether the certificate may be handed out or fetched now: not before a paper that has to come first."""
    verdict = rules.can_download(user, case)
    if verdict and is_certificate_held(case):
        return refuse("容缺材料还没有补交并核实，证照暂不发出。")
    return verdict


def awaits_delivery(case: MatterCase) -> Waiting | None:
    """On whom a granted case of an open project waits until it is handed out: the window, ten days (许可法 44)."""
    is_granted = case.state in CASE_PASSED and case.handling == Handling.REVIEW and case.project.is_open
    until = deliver_until(case) if is_granted else None
    if until is None or case.decided_at is None or getattr(case, "delivery", None) is not None:
        return None
    since = timing.business_day(case.decided_at)
    return Waiting(
        case.project_id, NEXT_STEP, f"{case.project.centre.label}窗口", f"{quoted(case.matter.name)}的证照批文",
        verb="送达", since=since, days=workdays_between(since, timing.today()), limit=DELIVER_DAYS, due_on=until,
        case_id=case.pk, auto="建设单位也可以自行下载领取",
    )


def told_about(case: MatterCase) -> list[tuple[str, str]]:
    """Facts of this part for the page of the case: extension, delivery, revocation."""
    facts: list[tuple[str, str]] = []
    for more in (row for row in case.extensions.all() if row.state == ExtensionState.APPROVED):
        number = f"，{more.approval}" if more.approval else ""
        facts.append(("延长", f"{more.days} 个工作日，{more.approver}批准{number}。理由：{more.reason}"))
    for special in (row for row in case.procedures.all() if row.approver is not None):
        text = f"{special.get_kind_display()}，{special.approver}批准，计划 {special.planned_days} 个工作日"
        end = f"。{special.result}" if special.result else f"，{special.get_state_display()}"
        facts.append(("特别程序", text + end))
    delivery = getattr(case, "delivery", None)
    if delivery is not None:
        late = "，逾期" if delivery.is_late else ""
        facts.append(("送达", f"{delivery.get_way_display()}，{timing.business_day(delivery.delivered_at)}{late}"))
    elif case.state in CASE_PASSED and case.handling == Handling.REVIEW and (until := deliver_until(case)):
        facts.append(("送达", f"还没有送达，最迟{timing.written(until)}"))
    revocation = getattr(case, "revocation", None)
    if revocation is not None:
        facts.append(("撤销", f"{revocation.reason}（{revocation.basis}）"))
    return facts


def refuse_says(case: MatterCase) -> list[str]:
    """What the window should have done before it refuses: what lacks is told first, and once (行政许可法 32)."""
    if case.state != CaseState.RECEIVED or times_told(case):
        return []
    return ["本办件还没有一次性告知。材料不齐、可以补的，应先补全告知，不能直接不予受理（行政许可法第三十二条）。"]


def answered_words(row: Withdrawal) -> str:
    """What is said once a request to withdraw is answered."""
    if row.state == WithdrawalState.GRANTED:
        return "已同意撤件，撤件确认书已出具，材料可以重复使用。"
    return "已答复不同意撤件，办件照常办理；建设单位会看到理由。"


def revoke_says(case: MatterCase) -> list[str]:
    """What a revocation takes away: the papers by name and number."""
    names = "、".join(f"{paper.title} {paper.number}" for paper in papers_to_revoke(case))
    told = [f"将失效：{names}。"] if names else []
    return [*told, "撤销后证照批文失效，文号和档案保留，项目码显示已撤销；需要时建设单位可以重新申报。"]


# Second notices ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgainRow:
    """A second notice: on which case, why, by whom."""

    notice: OneTimeNotice
    reason: str


@dataclass(frozen=True, slots=True)
class AgainPage:
    """The list of second notices, with the counts per body; a body is chosen by its count."""

    rows: tuple[AgainRow, ...]
    page: KeyPage[OneTimeNotice]
    counts: tuple[tuple[Organisation, int, bool], ...]
    total: int
    late: int

    @property
    def narrowed(self) -> bool:
        """Whether one body is chosen."""
        return any(chosen for _, _, chosen in self.counts)


def notices_again(user: User, asked: Mapping[str, str]) -> AgainPage:
    """The second notices of visible projects, newest first; `org` narrows them to one body."""
    seen = OneTimeNotice.objects.visible_to(user)
    again = seen.again()
    body = as_key(asked.get("org"))
    chosen = again.filter(given_for_id=body) if body else again
    page = key_page(
        chosen.select_related("case__project", "case__matter", "given_by", "given_for", "paper"), sort="-pk",
        size=PAGE, after=as_key(asked.get("after")), before=as_key(asked.get("before")),
    )
    by_body = dict(again.values_list("given_for").annotate(n=Count("pk")).values_list("given_for", "n"))
    bodies = Organisation.objects.in_bulk(list(by_body))
    counts = sorted(((bodies[pk], number, pk == body) for pk, number in by_body.items()), key=lambda row: -row[1])
    rows = tuple(AgainRow(row, reason_name(row.reason_code)) for row in page.rows)
    return AgainPage(rows, page, tuple(counts), sum(by_body.values()), seen.filter(is_late=True).count())


def times_told(case: MatterCase) -> list[OneTimeNotice]:
    """The notices on a case, the first one first."""
    return sorted(case.notices.all(), key=lambda notice: notice.batch)
