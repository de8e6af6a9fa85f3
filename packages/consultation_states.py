"""States of a consultation (联合会商), of its units, of the versions of 一方案一图一清单, of what is off the list."""

from __future__ import annotations

from django.db.models import TextChoices


class ConsultationState(TextChoices):
    """Life of a consultation (handbook §4)."""

    PLANNED = "planned", "拟召开"
    INVITED = "invited", "已通知"
    SURVEYING = "surveying", "踏勘中"
    MEETING = "meeting", "会商中"
    TO_TELL = "to_tell", "待告知"
    TOLD = "told", "已告知"
    SIGNED = "signed", "已签收"
    CHANGED = "changed", "已变更"
    CANCELLED = "cancelled", "已取消"


CONSULTATION_OPEN = (
    ConsultationState.PLANNED,
    ConsultationState.INVITED,
    ConsultationState.SURVEYING,
    ConsultationState.MEETING,
)
#: Before the minutes are signed a person of an invited unit may sign in.
CONSULTATION_HELD = (ConsultationState.SURVEYING, ConsultationState.MEETING)
CONSULTATION_TOLD = (ConsultationState.TOLD, ConsultationState.SIGNED, ConsultationState.CHANGED)


class UnitState(TextChoices):
    """Life of an invitation of one unit."""

    PROPOSED = "proposed", "拟邀请"
    INVITED = "invited", "待到场"
    PRESENT = "present", "已签到"
    CONFIRMED = "confirmed", "已确认"
    ABSENT = "absent", "缺席"
    ANSWERED = "answered", "已提书面意见"
    SILENT = "silent", "缺席—无意见"
    MUTE = "mute", "到场—未提意见"
    RELEASED = "released", "不再参加"


#: A unit in one of these has been at the site or in the room.
UNIT_CAME = (UnitState.PRESENT, UnitState.CONFIRMED, UnitState.MUTE)
#: What it has to say has been said, or its time is over.
UNIT_DONE = (UnitState.CONFIRMED, UnitState.ANSWERED, UnitState.SILENT, UnitState.MUTE)


class UnitKind(TextChoices):
    """Why a unit is at the table."""

    DEPARTMENT = "department", "部门"
    UTILITY = "utility", "公用企业"
    TECHNICAL = "technical", "技术机构"
    OWNER = "owner", "建设单位"


class CheckKind(TextChoices):
    """What a line of a unit's checklist asks."""

    SITE = "site", "现场"
    MATTER = "matter", "事项"


class SiteAnswer(TextChoices):
    """What was found at the site."""

    FINE = "fine", "符合"
    HEED = "heed", "需注意"
    NONE = "none", "不涉及"


class MatterAnswer(TextChoices):
    """What the department says of a matter of the plan."""

    NEEDED = "needed", "需要办理"
    LATER = "later", "条件具备后办理"
    NOT_NEEDED = "not_needed", "不需办理"


class PlanState(TextChoices):
    """Life of one version of 一方案一图一清单."""

    DRAFT = "draft", "拟定中"
    TOLD = "told", "已告知"
    SIGNED = "signed", "已签收"
    REPLACED = "replaced", "已换版"


#: What the owner was told and has not been replaced.
PLAN_LIVE = (PlanState.TOLD, PlanState.SIGNED)


class OffListKind(TextChoices):
    """What appears after the one-time notice."""

    MATTER = "matter", "事项"
    MATERIAL = "material", "材料"


class OffListCause(TextChoices):
    """Why it was not on the list."""

    OMISSION = "omission", "会商时遗漏"
    FACTS = "facts", "建设单位变更情形"
    LAW = "law", "法律法规或政策变化"


class OffListState(TextChoices):
    """Life of an off-list matter or material."""

    PROPOSED = "proposed", "待中心批准"
    APPROVED = "approved", "已批准"
    REFUSED = "refused", "不予批准"


TONES: dict[str, str] = {
    ConsultationState.PLANNED: "plain", ConsultationState.INVITED: "act", ConsultationState.SURVEYING: "act",
    ConsultationState.MEETING: "act", ConsultationState.TO_TELL: "warn", ConsultationState.TOLD: "warn",
    ConsultationState.SIGNED: "good", ConsultationState.CHANGED: "warn", ConsultationState.CANCELLED: "none",
}
UNIT_TONES: dict[str, str] = {
    UnitState.PROPOSED: "none", UnitState.INVITED: "plain", UnitState.PRESENT: "act", UnitState.CONFIRMED: "good",
    UnitState.ABSENT: "bad", UnitState.ANSWERED: "good", UnitState.SILENT: "bad", UnitState.MUTE: "warn",
    UnitState.RELEASED: "none",
}
PLAN_TONES: dict[str, str] = {
    PlanState.DRAFT: "none", PlanState.TOLD: "warn", PlanState.SIGNED: "good", PlanState.REPLACED: "none",
}
