"""The figures of the bulletins as pure functions: `INDICATORS[key](period, scope) -> Row`.

A figure is a value, what it counts, and what it is taken of. A freezing reads the facts of its month once and asks each
indicator for each row of each table (`row_of`); nothing here writes. Definitions stand in docs/bulletin.md and on the
bulletin itself. Sources: handbook §13, standards §4.5 and §9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agency import bulletin_counting as c
from agency.bulletin_counting import Row
from agency.bulletin_facts import Facts, TaskFact
from agency.bulletin_indicator import BESIDE, Indicator
from agency.voice_states import Grade
from projects.rounding import mean

# The register ---------------------------------------------------------------------------------------------------------


def _all(*given: Indicator) -> dict[str, Indicator]:
    return {one.key: one for one in given}


def _silence(key: str, name: str, means: str, listed: str, holds: Callable[[TaskFact], bool]) -> Indicator:
    """A count of opinions that did not come in time."""
    return Indicator(
        key, name, "次", means, lambda f: c.count(t for t in f.tasks if holds(t)), listed, kind="task", is_count=True
    )


INDICATORS: dict[str, Indicator] = _all(
    Indicator(
        "accepted",
        "新受理",
        "件",
        "本期受理的办件，含视为受理",
        lambda f: c.count(f.accepted),
        "本期受理的办件",
        is_count=True,
    ),
    Indicator(
        "decided",
        "办结",
        "件",
        "本期作出决定的办件，含不予许可；按决定的时间归期",
        lambda f: c.count(f.decided),
        "本期办结的办件",
        is_count=True,
    ),
    Indicator(
        "running",
        "在办",
        "件",
        "期末已受理、尚未结束的办件，含暂停的；指挥调度的“未结”还含没有受理的",
        lambda f: c.count(f.running),
        "期末在办的办件",
        is_count=True,
    ),
    Indicator(
        "mean_days",
        "平均用时",
        "个工作日",
        "政府侧：本期办结的办件自受理至办结的工作日，扣除暂停",
        lambda f: c.days(f, mean),
        "本期办结的办件",
    ),
    Indicator(
        "median_days", "中位数", "个工作日", "同上，取中位数", lambda f: c.days(f, c.median), "本期办结的办件"
    ),
    Indicator(
        "p90_days",
        "九成",
        "个工作日",
        "同上，九成办件不超过的用时（p90）",
        lambda f: c.days(f, c.percentile_90),
        "本期办结的办件",
    ),
    Indicator(
        "on_time",
        "按时办结率",
        "%",
        "本期办结的办件中未超承诺时限的比例",
        lambda f: c.share([c for c in f.decided if not c.is_late], f.decided),
        "本期按时办结的办件",
        "本期办结的全部办件",
        "本期超时办结的办件",
    ),
    Indicator(
        "first_pass",
        "一次通过率",
        "%",
        "本期办结的办件中没有补正告知、一次准予的比例",
        c.first_pass,
        "没有补正、一次准予的办件",
        "本期办结的全部办件",
        "有补正或没有准予的办件",
    ),
    Indicator(
        "corrections", "件均补正", "次", "本期办结的办件平均收到的补正、补全告知次数", c.corrections, "本期办结的办件"
    ),
    Indicator(
        "overdue",
        "超时",
        "件",
        "本期办结或期末在办的办件中超过承诺时限的",
        c.overdue,
        "超过承诺时限的办件",
        is_count=True,
    ),
    Indicator(
        "late_rate",
        "逾期率",
        "%",
        "超时件除以本期办结与期末在办（已受理）之和",
        c.late_rate,
        "超过承诺时限的办件",
        "本期办结和期末在办的全部办件",
        "没有超时的办件",
    ),
    _silence("tacit", "超时默认", "本期部门逾期未答复、按同意计的意见", "按超时默认计的意见", lambda t: t.is_tacit),
    Indicator(
        "promised",
        "容缺承诺",
        "%",
        "本期办结的办件中容缺受理或告知承诺的比例",
        lambda f: c.share([c for c in f.decided if c.has_promise], f.decided),
        "容缺或承诺的办件",
        "本期办结的全部办件",
        "没有容缺和承诺的办件",
    ),
    Indicator(
        "satisfied",
        "满意度",
        "%",
        "本期有效评价中基本满意及以上的比例，不含默认评价",
        c.satisfied,
        "基本满意及以上的评价",
        "本期有效评价",
        "不满意和非常不满意的评价",
        kind="rating",
    ),
    Indicator(
        "opinions",
        "意见按时率",
        "%",
        "本期应答复的联审意见中按时答复的比例；按被征求意见的部门计",
        lambda f: c.share([t for t in f.tasks if t.is_on_time], f.tasks),
        "按时答复的意见",
        "本期应答复的意见",
        "逾期答复和未答复的意见",
        kind="task",
    ),
    _silence("silent", "未答复", "本期逾期未答复的意见，含按超时默认计的", "逾期未答复的意见", lambda t: t.is_silent),
    Indicator(
        "off_list",
        "清单外",
        "项",
        "本期批准的清单外事项和材料，按提出人的单位计",
        lambda f: c.count(f.off_list),
        "清单外的事项和材料",
        kind="off_list",
        is_count=True,
    ),
    Indicator(
        "omissions",
        "首次遗漏",
        "次",
        "一次告知后因首次遗漏再次告知；验收清单后新增的问题另列",
        lambda f: c.count(f.omissions),
        "首次遗漏的再次告知",
        kind="notice",
        is_count=True,
    ),
    Indicator(
        "breaches",
        "违反强条",
        "条",
        "本期出具施工图审查意见的办件中违反强制性条文的问题",
        lambda f: c.count(f.breaches),
        "违反强制性条文的问题",
        kind="breach",
        is_count=True,
    ),
    Indicator(
        "sites",
        "申请",
        "项",
        "本期申请的联合验收",
        lambda f: c.count(a for a in f.acceptances if a.is_applied),
        "本期申请的联合验收",
        kind="acceptance",
        is_count=True,
    ),
    Indicator(
        "concluded",
        "出具意见",
        "项",
        "本期出具结论的联合验收",
        lambda f: c.count(a for a in f.acceptances if a.is_concluded),
        "本期出具结论的联合验收",
        kind="acceptance",
        is_count=True,
    ),
    Indicator(
        "site_first",
        "一次通过率",
        "%",
        "本期出具结论的联合验收中资料和现场都没有整改的比例",
        lambda f: c.share([a for a in f.acceptances if a.is_first], [a for a in f.acceptances if a.is_concluded]),
        "一次通过的联合验收",
        "本期出具结论的联合验收",
        "有整改或没有通过的联合验收",
        kind="acceptance",
    ),
    Indicator(
        "mending",
        "整改平均",
        "个工作日",
        "本期复核合格的整改自提出至复核的工作日",
        c.mending,
        "本期复核合格的整改",
        kind="issue",
    ),
    Indicator(
        "single",
        "单体占比",
        "%",
        "本期申请的联合验收中按单体申请的比例",
        lambda f: c.share(
            [a for a in f.acceptances if a.is_applied and a.is_single], [a for a in f.acceptances if a.is_applied]
        ),
        "单体验收",
        "本期申请的联合验收",
        "整体申请的联合验收",
        kind="acceptance",
    ),
    Indicator(
        "faulty",
        "不过",
        "项",
        "本期现场验收提出整改的验收事项",
        lambda f: c.count(f.items),
        "提出整改的验收事项",
        kind="item",
        is_count=True,
    ),
    Indicator(
        "late_faults",
        "清单后新增",
        "条",
        "一次告知后同意新增的验收问题",
        lambda f: c.count(f.late_faults),
        "清单后新增的问题",
        kind="late_fault",
        is_count=True,
    ),
    *(
        Indicator(
            f"grade_{grade.value}",
            str(grade.label),
            "份",
            f"本期评价为“{grade.label}”的，不含默认评价",
            c.grade_count(grade.value),
            f"{grade.label}的评价",
            kind="rating",
            is_count=True,
        )
        for grade in sorted(Grade, reverse=True)
    ),
    Indicator(
        "grade_default",
        "默认评价",
        "份",
        "到期无人评价、系统默认好评的，单列、不计入满意度",
        lambda f: c.count(r for r in f.ratings if r.is_default),
        "默认评价",
        kind="rating",
        is_count=True,
    ),
    Indicator(
        "low_settled",
        "差评整改率",
        "%",
        "本期差评中已回访整改并答复的比例",
        lambda f: c.share([r for r in c.low_grades(f) if r.is_settled], c.low_grades(f)),
        "已整改答复的差评",
        "本期差评",
        "还没有答复的差评",
        kind="rating",
    ),
    *BESIDE,
    Indicator(
        "back_entered",
        "补录率",
        "%",
        "本期受理或办结的办件中有一步晚于次个工作日录入的比例",
        c.back_entered,
        "有补录的办件",
        "本期受理或办结的全部办件",
        "没有补录的办件",
    ),
    Indicator(
        "back_doubted",
        "补录未确认",
        "件",
        "补录的时间改变了按时与否、还没有另一个人确认的办件，照旧按超时计",
        c.doubted,
        "补录未确认的办件",
        is_count=True,
    ),
    Indicator(
        "inverted",
        "时间倒挂",
        "件",
        "受理早于接件日，或办结早于受理的办件",
        c.inverted,
        "时间倒挂的办件",
        is_count=True,
    ),
    Indicator(
        "probe_before", "先办后受", "件", "办结时间早于受理时间", c.decided_before, "先办后受的办件", is_count=True
    ),
    Indicator(
        "probe_fast", "受理即结", "件", "时限不短的事项受理后很快办结", c.decided_fast, "受理即结的办件", is_count=True
    ),
    Indicator(
        "probe_burst", "集中办结", "件", "同一人在一分钟内办结多件", c.decided_in_burst, "集中办结的办件", is_count=True
    ),
    Indicator(
        "probe_spike", "期末补录", "件", "补录集中在期末几日", c.entered_at_the_end, "期末集中补录的办件", is_count=True
    ),
)

#: The four big numbers.
BIG = ("accepted", "decided", "on_time", "mean_days")
#: The columns of the table by district, in their order; the light follows them.
BY_REGION = (
    "accepted",
    "decided",
    "running",
    "mean_days",
    "median_days",
    "p90_days",
    "on_time",
    "first_pass",
    "corrections",
    "overdue",
    "tacit",
    "promised",
    "satisfied",
)
#: The columns of the table by department; those of the lead, then those of whoever is asked.
BY_BODY = (
    "decided",
    "mean_days",
    "on_time",
    "overdue",
    "late_rate",
    "opinions",
    "silent",
    "off_list",
    "omissions",
    "breaches",
)
BY_SITE = ("sites", "concluded", "site_first", "mending", "single", "faulty", "late_faults")
GRADES = tuple(f"grade_{grade.value}" for grade in sorted(Grade, reverse=True))
RATED = (*GRADES, "grade_default", "satisfied", "low_settled")
QUALITY = ("back_entered", "back_doubted", "inverted")
PROBE = ("probe_before", "probe_fast", "probe_burst", "probe_spike")
TOTALS = tuple(dict.fromkeys((*BIG, *BY_REGION, *BY_BODY, *BY_SITE, *RATED, *QUALITY)))
#: Figures whose comparison is told in points, not in per cent.
RATES = frozenset(key for key, one in INDICATORS.items() if one.unit == "%")
COUNTS = frozenset(key for key, one in INDICATORS.items() if one.is_count)


def rows_of(facts: Facts, keys: Iterable[str]) -> dict[str, Row]:
    """Return the figures of one row of a table."""
    return {key: INDICATORS[key].of(facts) for key in keys}
