"""What a figure of the bulletins is, and those that come from tables of their own: of agents and of chase slips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from agency.bulletin_counting import Row
from agency.bulletin_facts import Facts
from agency.bulletin_periods import Period
from agency.bulletin_reading import read
from agency.bulletin_scope import Scope

#: What the lists of each kind of thing are counted in; cases in 件.
COUNTED_IN = {
    "rating": "份", "task": "份", "order": "张", "slip": "张", "notice": "次", "breach": "条", "late_fault": "条",
    "issue": "条", "acceptance": "项", "item": "项", "off_list": "项",
    "project": "个", "escalation": "次",
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a figure is called, its unit, what it means, what kind of thing its list holds, and how it is computed.

    `listed` is the name of its list, `based` that of its denominator's, `rest` that of what the denominator holds
    beside. `is_count`: the value is the length of the list.
    """

    #: A template shows it, it does not count.
    do_not_call_in_templates: ClassVar[bool] = True

    key: str
    name: str
    unit: str
    means: str
    of: Callable[[Facts], Row]
    listed: str = ""
    based: str = ""
    rest: str = ""
    kind: str = "case"
    is_count: bool = False

    @property
    def each(self) -> str:
        """What the things of its list are counted in."""
        return COUNTED_IN.get(self.kind, "件")

    def __call__(self, period: Period, scope: Scope) -> Row:
        """Return the figure of a period and a scope."""
        return self.of(read(period, scope))


def _taken_elsewhere(_: Facts) -> Row:
    """Figures of agents and slips come from their own tables (`bulletin_beside`)."""
    return Row(None)


def _beside(  # noqa: PLR0913 - what an indicator is
    key: str, name: str, unit: str, means: str, listed: str, kind: str, *, based: str = "", rest: str = ""
) -> Indicator:
    is_count = unit in ("个", "件", "次", "张")
    return Indicator(key, name, unit, means, _taken_elsewhere, listed, based, rest, kind, is_count)


#: Of the agents and the chase slips.
BESIDE = (
    _beside("agent_projects", "项目", "个", "本期代办工单所在的项目", "代办的项目", "project"),
    _beside("agent_orders", "工单", "张", "本期已接、在本期有一天没有办完的工单", "考核的工单", "order"),
    _beside(
        "plan_on_time", "节点按期", "%", "本期考核的工单按计划办结的比例", "按计划办结的工单", "order",
        based="考核的工单", rest="没有按计划办结的工单",
    ),
    _beside("agent_escalations", "升级", "次", "本期就这位代办人员的工单提出的升级", "提出的升级", "escalation"),
    _beside(
        "agent_rating", "评价", "均分", "企业本期对所办事项的评价，一至五分的平均，不含默认评价", "企业的评价",
        "rating",
    ),
    _beside(
        "agent_index", "综合指数", "1.00 为平均水平",
        "按计划办结、一次通过、跟办不断档，各与同等级项目的平均相比，再取平均", "考核的工单", "order",
    ),
    _beside("slips", "未销督办单", "张", "期末尚未销号的督办单", "未销的督办单", "slip"),
)
