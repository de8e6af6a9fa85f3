"""Choices of the archive: papers, documents, codes."""

from __future__ import annotations

from django.db.models import TextChoices


class PaperKind(TextChoices):
    """Official papers (文书) that the portal issues."""

    RECEIPT = "receipt", "材料回执"
    DEFERRED_ACCEPTANCE = "deferred_acceptance", "容缺受理通知书"
    DEFERRAL_LATE = "deferral_late", "容缺逾期告知书"
    COMMITMENT_TOLD = "commitment_told", "告知承诺告知书"
    COMMITMENT = "commitment", "承诺书"
    BREACH_NOTICE = "breach_notice", "违诺认定通知书"
    COMPLETION_NOTICE = "completion_notice", "补全告知书"
    CORRECTION_NOTICE = "correction_notice", "补正告知书"
    ACCEPTANCE_NOTICE = "acceptance_notice", "受理通知书"
    NOT_TAKEN = "not_taken", "不受理回执"
    REFUSED_INTAKE = "refused_intake", "不予受理决定书"
    SPECIAL_NOTICE = "special_notice", "特别程序告知书"
    EXTENSION = "extension", "延长办理期限告知书"
    CORRECTION_RECEIPT = "correction_receipt", "补正物料回执"
    RETURN_RECEIPT = "return_receipt", "退件回执"
    WITHDRAWAL = "withdrawal", "撤件确认书"
    RECALL = "recall", "撤回说明"
    CERTIFICATE = "certificate", "证照批文"
    DEFERRAL_NOTICE = "deferral_notice", "容缺后补通知"
    COLLECTION_RECEIPT = "collection_receipt", "领证回执"
    REVOCATION = "revocation", "撤销决定书"
    REFUSAL = "refusal", "不予许可决定书"
    REVIEW_OPINION = "review_opinion", "联合审查意见书"
    CONFERENCE_MINUTES = "conference_minutes", "联审会议纪要"
    DRAWING_OPINION = "drawing_opinion", "施工图审查意见书"
    DRAWING_HANDLING = "drawing_handling", "施工图处理意见书"
    DRAWING_PLEDGE = "drawing_pledge", "施工图承诺书"
    ONE_STOP_FORM = "one_stop_form", "施工许可一站式申请表"
    PERMIT_SET = "permit_set", "施工许可证照套"
    SITE_LIST = "site_list", "联合验收一次性告知单"
    CONCLUSION = "conclusion", "竣工联合验收意见书"
    SURVEY_SHARE = "survey_share", "多测合一成果共享单"
    PRE_ACCEPTANCE = "pre_acceptance", "预验收意见清单"
    REGISTRY_HANDOVER = "registry_handover", "房证同交移交单"
    PROJECT_CARD = "project_card", "项目二维码卡"
    BULLETIN = "bulletin", "月度通报"
    LAPSE_NOTICE = "lapse_notice", "失效告知书"
    STOP_NOTICE = "stop_notice", "停工核查通知书"
    UTILITY_RECEIPT = "utility_receipt", "联合报装受理回执"
    UTILITY_REPLY = "utility_reply", "接入方案及报价书"
    UTILITY_CONNECTED = "utility_connected", "接入确认单"
    PAY_SHEET = "pay_sheet", "缴费单"
    APPRAISAL_OPINION = "appraisal_opinion", "联合研判意见书"
    DUTY_LIST = "duty_list", "部门责任清单"
    APPRAISAL_CARD = "appraisal_card", "项目评价卡"
    AREA_USE = "area_use", "区域评估成果应用单"
    LAND_LIST = "land_list", "用地清单"
    LAND_PLEDGE = "land_pledge", "标准地承诺书"
    ONE_BOOK = "one_book", "综合评估联合评审意见"
    CONSULTATION_MINUTES = "consultation_minutes", "会商纪要"
    SERVICE_SCHEME = "service_scheme", "项目服务方案"
    FLOW_SHEET = "flow_sheet", "办理流程图"
    MATTER_LIST = "matter_list", "事项清单"
    ONE_TIME_NOTICE = "one_time_notice", "一次性告知单"
    TRANSFER_LIST = "transfer_list", "档案移交清单"
    TRANSFER_RECEIPT = "transfer_receipt", "档案接收凭证"
    ACCEPTANCE_POINTS = "acceptance_points", "验收要点告知单"
    SUPERVISION_POINTS = "supervision_points", "监管要点告知单"
    INSPECTION_NOTICE = "inspection_notice", "联合检查通知书"
    INSPECTION_RECORD = "inspection_record", "联合检查记录"
    STOP_ORDER = "stop_order", "停工整改通知书"
    REFERRAL = "referral", "案件移送函"
    CREDIT_NOTICE = "credit_notice", "信用告知书"
    CREDIT_DECISION = "credit_decision", "列入失信名单决定书"
    CREDIT_REMOVAL = "credit_removal", "移出失信名单决定书"
    AGENCY_AGREEMENT = "agency_agreement", "代办委托协议"
    WORK_ORDER = "work_order", "工单"
    HAND_OVER = "hand_over", "代办工作交接单"
    ACCOMPANY_RECORD = "accompany_record", "陪办记录"
    ESCALATION_REPORT = "escalation_report", "升级报告"
    CHASE_SLIP = "chase_slip", "督办单"
    VOICE_REPLY = "voice_reply", "咨询投诉答复书"
    RATING_REPLY = "rating_reply", "差评整改答复书"


class PaperState(TextChoices):
    """Whether a paper stands."""

    VALID = "valid", "有效"
    REPLACED = "replaced", "已换发"
    REVOKED = "revoked", "已撤销"


class DeliveryWay(TextChoices):
    """How a legal notice reached its addressee."""

    PORTAL = "portal", "网上签收"
    COUNTER = "counter", "窗口签收"


class TokenState(TextChoices):
    """Life of a project code token (handbook §11)."""

    ACTIVE = "active", "有效"
    REPLACED = "replaced", "停用（换发）"
    VOID = "void", "作废"


class ScanView(TextChoices):
    """Which of the three views a scan opened."""

    PUBLIC = "public", "公众"
    OWNER = "owner", "建设方"
    OFFICE = "office", "审批侧"


class TransferState(TextChoices):
    """Life of a hand-over to the city archive (handbook §12); a project without one is 未移交."""

    PREPARED = "prepared", "预验收"
    HANDED = "handed", "已移交"
    RECEIVED = "received", "已接收"
    RETURNED = "returned", "退回"


#: What a project is that has no hand-over.
NOT_HANDED_OVER = "未移交"


class CheckMoment(TextChoices):
    """When in the life of a file the four checks are made."""

    FILING = "filing", "归档"
    TRANSFER = "transfer", "移交接收"
    NIGHTLY = "nightly", "长期保存"


class BundleKind(TextChoices):
    """Files that are made of an archive."""

    VOLUME = "volume", "项目卷"
    BAG = "bag", "移交包"


class Visibility(TextChoices):
    """Who may open a document."""

    PUBLIC = "public", "公开"
    PROJECT = "project", "项目各方"
    OFFICE = "office", "审批侧"


CLASS_NAMES: dict[str, str] = {
    "A1": "立项文件",
    "A2": "用地拆迁文件",
    "A3": "勘察设计文件",
    "A4": "招投标文件",
    "A5": "开工审批文件",
    "A6": "造价文件",
    "A7": "工程基本信息",
    "B": "监理文件",
    "C": "施工文件",
    "D": "竣工图",
    "E": "竣工验收文件",
    "S": "主体资格",
    "T": "评估评价",
    "P": "申请与承诺",
    "U": "市政公用报装",
    "F": "税费票据",
    "J": "联合监管",
    "R": "登记与投用许可",
}

TONES: dict[str, str] = {
    PaperState.VALID: "good",
    PaperState.REPLACED: "none",
    PaperState.REVOKED: "bad",
    TokenState.ACTIVE: "good",
    TokenState.REPLACED: "none",
    TokenState.VOID: "bad",
    TransferState.PREPARED: "act",
    TransferState.HANDED: "warn",
    TransferState.RECEIVED: "good",
    TransferState.RETURNED: "bad",
}
