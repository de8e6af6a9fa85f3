"""States of cases, reviews and applications, their groups and the tone of each badge. Imports only Django.

The contract is Appendix D of the handbook; the words on screen are those of its Appendix C.
"""

from __future__ import annotations

from django.db.models import TextChoices


class CaseState(TextChoices):
    """Life of a matter case (办件)."""

    DRAFT = "draft", "未开始"
    RECEIVED = "received", "已接件"
    CORRECTING = "correcting", "待补正"
    ACCEPTED = "accepted", "已受理"
    IN_REVIEW = "in_review", "部门办理中"
    SUSPENDED = "suspended", "特别程序(时限暂停)"
    PASSED = "decided_pass", "办结通过"
    PASSED_DEFERRED = "decided_pass_deferred", "容缺通过"
    FAILED = "decided_fail", "不予许可"
    NOT_TAKEN = "not_taken", "不受理"
    REFUSED_INTAKE = "refused_intake", "不予受理"
    WITHDRAWN = "withdrawn", "已撤件"
    RECALLED = "recalled", "已撤回"
    REVOKED = "revoked", "已撤销"


CASE_PASSED = (CaseState.PASSED, CaseState.PASSED_DEFERRED)
CASE_DECIDED = (*CASE_PASSED, CaseState.FAILED)
CASE_RUNNING = (CaseState.ACCEPTED, CaseState.IN_REVIEW, CaseState.SUSPENDED, CaseState.CORRECTING)
CASE_OPEN = (CaseState.RECEIVED, *CASE_RUNNING)
CASE_ENDED = (
    *CASE_DECIDED,
    CaseState.NOT_TAKEN,
    CaseState.REFUSED_INTAKE,
    CaseState.WITHDRAWN,
    CaseState.RECALLED,
    CaseState.REVOKED,
)


class Handling(TextChoices):
    """Which part of the portal carries a case out."""

    REVIEW = "review", "窗口受理、部门审查"
    ACCEPTANCE = "acceptance", "联合验收"
    OUTSIDE = "outside", "外部办理"
    UTILITY = "utility", "联合报装"


class ApplicationSource(TextChoices):
    """Where an application came in."""

    WINDOW = "win", "窗口"
    NET = "net", "网上"


class ApplicationState(TextChoices):
    """The state of an application is derived from its cases, never stored."""

    DRAFT = "draft", "草稿"
    RECEIVED = "received", "已接件"
    CORRECTING = "correcting", "待补正"
    RUNNING = "running", "办理中"
    DONE = "done", "已办结"


class MaterialState(TextChoices):
    """How a line of the checklist is met."""

    MISSING = "missing", "缺"
    HELD = "held", "已有，免提交"
    UPLOADED = "uploaded", "上传"
    SHARED = "shared", "系统共享"
    DEFERRED = "deferred", "容缺"
    COMMITTED = "committed", "承诺"
    NOT_APPLICABLE = "not_applicable", "不适用"
    LETTER = "letter", "以函代证"
    AWAITED = "awaited", "待部门提供"


MATERIAL_MET = (
    MaterialState.HELD,
    MaterialState.UPLOADED,
    MaterialState.SHARED,
    MaterialState.DEFERRED,
    MaterialState.COMMITTED,
    MaterialState.NOT_APPLICABLE,
    MaterialState.LETTER,
)


class Origin(TextChoices):
    """Where a document that meets a line was found (免提交)."""

    PROJECT = "project", "本项目档案"
    RESULT = "result", "本项目已办结事项的结果"
    OWNER = "owner", "建设单位其他项目的主体资格材料"
    DEPARTMENT = "department", "部门文书"
    SUPPLIED = "supplied", "部门补录"


class Supply(TextChoices):
    """How a paper that the government issued comes without the enterprise."""

    FETCH = "fetch", "调取"
    RECORD = "record", "部门补录"


class DeferralState(TextChoices):
    """Life of a deferred material (handbook §6.8); derived, never stored."""

    DUE = "due", "待补"
    HANDED_IN = "handed_in", "已补待核"
    VERIFIED = "verified", "已核"
    LATE = "late", "逾期"
    WAIVED = "waived", "已免除"


class CommitmentState(TextChoices):
    """Life of a commitment (handbook §5.5)."""

    OFFERED = "offered", "待签"
    SIGNED = "signed", "已签"
    PERFORMING = "performing", "履约中"
    TO_CHECK = "to_check", "待核查"
    KEPT = "kept", "履约"
    OVERDUE = "overdue", "逾期"
    BREACHED = "breached", "违诺"
    VOID = "void", "已失效"


COMMITMENT_SIGNED = (
    CommitmentState.SIGNED,
    CommitmentState.PERFORMING,
    CommitmentState.TO_CHECK,
    CommitmentState.KEPT,
    CommitmentState.OVERDUE,
    CommitmentState.BREACHED,
)
COMMITMENT_OPEN = (
    CommitmentState.OFFERED,
    CommitmentState.SIGNED,
    CommitmentState.PERFORMING,
    CommitmentState.TO_CHECK,
    CommitmentState.OVERDUE,
)


class CheckResult(TextChoices):
    """What a check of a commitment found."""

    KEPT = "kept", "已履约"
    LATE = "late", "尚未履约，限期履行"
    BREACHED = "breached", "违诺"


class SessionKind(TextChoices):
    """What a joint session is for. A review is held per case and round, an appraisal per project and round."""

    REVIEW = "review", "联合审查"
    APPRAISAL = "appraisal", "联合研判"


class SessionState(TextChoices):
    """Life of a joint session."""

    PUSHING = "pushing", "待推送"
    REVIEWING = "reviewing", "部门审查中"
    MERGING = "merging", "汇总"
    CONFERENCE = "conference", "联审会"
    RECTIFYING = "rectifying", "整改"
    PASSED = "passed", "通过"
    FAILED = "failed", "不通过"
    CLOSED = "closed", "已终止"


SESSION_OPEN = (
    SessionState.PUSHING,
    SessionState.REVIEWING,
    SessionState.MERGING,
    SessionState.CONFERENCE,
    SessionState.RECTIFYING,
)


class TaskState(TextChoices):
    """Life of a review task of one department."""

    INVITED = "invited", "待答复"
    OPENED = "opened", "办理中"
    ANSWERED = "answered", "已答复"
    TACIT = "tacit", "超时默认"
    SUPPLEMENTED = "supplemented", "超时默认（已补充意见）"
    NO_OPINION = "no_opinion", "逾期未答复"
    CLOSED = "closed", "已终止"


TASK_OPEN = (TaskState.INVITED, TaskState.OPENED)


class OpinionVerdict(TextChoices):
    """The four answers of a department."""

    AGREE = "agree", "同意"
    DISAGREE = "disagree", "不同意"
    CONDITIONAL = "conditional", "有条件同意"
    NOT_INVOLVED = "not_involved", "不涉及"


class OpinionSource(TextChoices):
    """Whether a person wrote the opinion or time did."""

    MANUAL = "manual", "人工"
    TACIT = "tacit", "超时默认"


class ConferenceOutcome(TextChoices):
    """What a joint conference leaves."""

    SETTLED = "settled", "形成一致意见"
    RECTIFY = "rectify", "修改后再次征求意见"
    UPHELD = "upheld", "未形成一致意见"


class Outcome(TextChoices):
    """What the chief representative decides."""

    PASS = "pass", "准予"
    PASS_DEFERRED = "pass_deferred", "容缺通过"
    FAIL = "fail", "不予许可"


class SpecialKind(TextChoices):
    """Special procedures of 行政许可法 45 (handbook §2.3)."""

    HEARING = "hearing", "听证"
    SITE_SURVEY = "site_survey", "现场勘察"
    TENDER = "tender", "招标拍卖"
    TEST = "test", "检验检测鉴定"
    EXPERT = "expert", "专家评审"
    PUBLICITY = "publicity", "公示"


class LivingState(TextChoices):
    """Life of a conditional permit or a letter in lieu (handbook §6.6, Appendix D)."""

    ISSUED = "issued", "有效"
    WARNED = "warned", "预警"
    CONVERTED = "converted", "转正"
    LAPSED = "lapsed", "失效"
    STOP_CHECK = "stop_check", "停工核查"
    REVOKED = "revoked", "已撤销"


LIVING_LIVE = (LivingState.ISSUED, LivingState.WARNED)


class FeedState(TextChoices):
    """Life of the secret address of a calendar."""

    ACTIVE = "active", "有效"
    REPLACED = "replaced", "停用（换发）"
    VOID = "void", "作废"


class BulkAction(TextChoices):
    """What the desk does with many rows at once. Never a decision, never a refusal: each of those is one case."""

    ACCEPT = "accept", "受理"
    TAKE = "take", "领取"
    URGE = "urge", "催办"


class BulkOutcome(TextChoices):
    """What came of one row of such a run."""

    PENDING = "pending", "待办理"
    DONE = "done", "已办"
    REFUSED = "refused", "未办"


TONES: dict[str, str] = {
    CaseState.DRAFT: "none",
    CaseState.RECEIVED: "plain",
    CaseState.CORRECTING: "warn",
    CaseState.ACCEPTED: "act",
    CaseState.IN_REVIEW: "act",
    CaseState.SUSPENDED: "none",
    CaseState.PASSED: "good",
    CaseState.PASSED_DEFERRED: "warn",
    CaseState.FAILED: "bad",
    CaseState.NOT_TAKEN: "bad",
    CaseState.REFUSED_INTAKE: "bad",
    CaseState.WITHDRAWN: "none",
    CaseState.RECALLED: "bad",
    CaseState.REVOKED: "bad",
    SessionState.PUSHING: "plain",
    SessionState.REVIEWING: "act",
    SessionState.MERGING: "act",
    SessionState.CONFERENCE: "warn",
    SessionState.RECTIFYING: "warn",
    SessionState.PASSED: "good",
    SessionState.FAILED: "bad",
    SessionState.CLOSED: "none",
    TaskState.INVITED: "plain",
    TaskState.OPENED: "act",
    TaskState.ANSWERED: "good",
    TaskState.TACIT: "warn",
    TaskState.SUPPLEMENTED: "warn",
    TaskState.NO_OPINION: "warn",
    TaskState.CLOSED: "none",
    OpinionVerdict.AGREE: "good",
    OpinionVerdict.DISAGREE: "bad",
    OpinionVerdict.CONDITIONAL: "warn",
    OpinionVerdict.NOT_INVOLVED: "plain",
    MaterialState.MISSING: "bad",
    MaterialState.HELD: "good",
    MaterialState.UPLOADED: "act",
    MaterialState.SHARED: "good",
    MaterialState.DEFERRED: "warn",
    MaterialState.COMMITTED: "warn",
    MaterialState.NOT_APPLICABLE: "plain",
    MaterialState.AWAITED: "act",
    DeferralState.DUE: "warn",
    DeferralState.HANDED_IN: "act",
    DeferralState.VERIFIED: "good",
    DeferralState.LATE: "bad",
    DeferralState.WAIVED: "none",
    CommitmentState.OFFERED: "warn",
    CommitmentState.SIGNED: "act",
    CommitmentState.PERFORMING: "act",
    CommitmentState.TO_CHECK: "warn",
    CommitmentState.KEPT: "good",
    CommitmentState.OVERDUE: "bad",
    CommitmentState.BREACHED: "bad",
    CommitmentState.VOID: "none",
    MaterialState.LETTER: "warn",
    LivingState.ISSUED: "good",
    LivingState.WARNED: "warn",
    LivingState.CONVERTED: "good",
    LivingState.LAPSED: "bad",
    LivingState.STOP_CHECK: "bad",
    LivingState.REVOKED: "bad",
    FeedState.ACTIVE: "good",
    FeedState.REPLACED: "none",
    FeedState.VOID: "none",
}
