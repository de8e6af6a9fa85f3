"""States of resource tickets and of projects in a batch of starts (handbook §16). Imports only Django."""

from __future__ import annotations

from django.db.models import TextChoices


class TicketState(TextChoices):
    """Life of one resource ticket of a project."""

    UNMEASURED = "unmeasured", "未测算"
    MEASURED = "measured", "已测算"
    APPLIED = "applied", "已申请"
    BALANCED = "balanced", "已平衡"
    SECURED = "secured", "已落实"
    WRITTEN_OFF = "written_off", "已核销"


#: From here on a ticket is on the way: a project may be 成熟 and 急重.
TICKET_ASKED = (TicketState.APPLIED, TicketState.BALANCED, TicketState.SECURED, TicketState.WRITTEN_OFF)
TICKET_HELD = (TicketState.SECURED, TicketState.WRITTEN_OFF)
#: Somebody still has to do something.
TICKET_OPEN = (TicketState.UNMEASURED, TicketState.MEASURED, TicketState.APPLIED, TicketState.BALANCED)


class BalanceLevel(TextChoices):
    """Who balanced: out of the district's own quota, or moved between districts by the city."""

    DISTRICT = "district", "区内平衡"
    CITY = "city", "市级调剂"


class EntryState(TextChoices):
    """Where a project stands in a batch of starts (集中开工)."""

    PROPOSED = "proposed", "拟纳入"
    CONFIRMED = "confirmed", "已确认"
    STARTED = "started", "已开工"
    POSTPONED = "postponed", "延后"


ENTRY_COMING = (EntryState.PROPOSED, EntryState.CONFIRMED)


class MajorLevel(TextChoices):
    """Whose list a major project stands on."""

    PROVINCE = "province", "省级重点"
    CITY = "city", "市级重大"
    COUNTY = "county", "县级重点"


class ApiScope(TextChoices):
    """What a token of the interface may read."""

    PROJECTS = "projects", "项目"
    CASES = "cases", "办件"
    WAITING = "waiting", "在等谁"
    FIGURES = "figures", "统计数字"


TONES: dict[str, str] = {
    TicketState.UNMEASURED: "none",
    TicketState.MEASURED: "plain",
    TicketState.APPLIED: "act",
    TicketState.BALANCED: "act",
    TicketState.SECURED: "good",
    TicketState.WRITTEN_OFF: "good",
    EntryState.PROPOSED: "plain",
    EntryState.CONFIRMED: "act",
    EntryState.STARTED: "good",
    EntryState.POSTPONED: "warn",
}
