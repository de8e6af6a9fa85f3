"""The words of the catalogue: kinds, roles, forms and sources, with the label each wears on the screen."""

from __future__ import annotations

from django.db import models


class VersionStatus(models.TextChoices):
    """Life of one version of a catalogue definition: draft, then published (frozen), then retired (frozen)."""

    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "现行"
    RETIRED = "retired", "已停用"


FROZEN = (VersionStatus.PUBLISHED, VersionStatus.RETIRED)


class MatterStage(models.TextChoices):
    """The three local stages that a matter (事项) may stand in; a delivered project has no matter left."""

    PLANNING = "planning", "谋划准备"
    PERMIT = "permit", "报建开工"
    ACCEPTANCE = "acceptance", "施工验收"


class NationalStage(models.IntegerChoices):
    """The standard stage a matter is reported under (DYBZSPJDXH)."""

    LAND = 1, "立项用地规划许可"
    WORKS = 2, "工程建设许可"
    CONSTRUCTION = 3, "施工许可"
    COMPLETION = 4, "竣工验收"
    PARALLEL = 5, "并行推进"


class MatterKind(models.TextChoices):
    """Kind of a matter; the value is the word of the catalogue file in English."""

    PERMIT = "permit", "行政许可"
    CONFIRMATION = "confirmation", "行政确认"
    FILING = "filing", "行政备案"
    OTHER_POWER = "other_power", "其他行政权力"
    TECHNICAL_REVIEW = "technical_review", "技术审查"
    PUBLIC_SERVICE = "public_service", "公共服务"
    INTERMEDIARY = "intermediary", "中介服务"
    UTILITY = "utility", "市政公用"
    TENDER = "tender", "招标投标"
    FEE = "fee", "收费"


class MatterLevel(models.TextChoices):
    """Who decides: the prefecture or above, the county, or either by project."""

    CITY = "city", "市级"
    DISTRICT = "district", "区级"
    EITHER = "either", "市级或区级"


class DayUnit(models.TextChoices):
    """How the days of a matter are counted; the values are those of a clock."""

    WORKDAY = "working_day", "工作日"
    CALENDAR = "calendar_day", "自然日"


class ReviewRole(models.TextChoices):
    """Part of a body in the decision of a matter."""

    LEAD = "lead", "牵头部门"
    JOINT = "joint", "协同部门"
    CONSULTED = "consulted", "征求意见部门"


class MaterialForm(models.TextChoices):
    """Form in which a material is handed in."""

    ORIGINAL = "original", "原件"
    COPY = "copy", "复印件"
    ELECTRONIC = "electronic", "电子"


class MaterialSource(models.TextChoices):
    """Where a material comes from; only `applicant` has to be submitted."""

    APPLICANT = "applicant", "申请人提供"
    COMMITMENT = "commitment", "告知承诺"
    SHARED = "shared", "数据共享"
    VERIFIED = "verified", "部门核验"
    EARLIER = "earlier", "上一环节结果"
    LAPSES = "lapses", "不适用"


class Lane(models.TextChoices):
    """Lane of a package row: beside the steps nothing waits for it but who names it."""

    MAIN = "", "主线"
    SIDE = "side", "旁线"


class ArrivesBefore(models.TextChoices):
    """When a deferred material (容缺) has to be there."""

    DECISION = "decision", "作出决定前"
    CERTIFICATE = "certificate", "领取证照前"
    AFTER = "after", "办结后限期内"


class LateConsequence(models.TextChoices):
    """What may follow when a deferred material is late; beside the reminders and the entry in the log."""

    ESCALATE = "escalate", "升级催办，记入办件记录"
    REFUSE = "refuse", "可以作出不予许可决定"
    REVOKE = "revoke", "可以撤销已作出的决定"
