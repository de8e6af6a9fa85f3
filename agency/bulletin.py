"""The figures of the bulletins as pure functions: `INDICATORS[key](period, scope) -> Row`.

A figure is a value, what it counts, and what it is taken of. A freezing reads the facts of its month once and asks each
indicator for each row of each table (`row_of`); nothing here writes. Definitions stand in docs/bulletin.md and on the
bulletin itself. Sources: handbook §13, standards §4.5 and §9.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agency.bulletin_data import term
from agency.bulletin_facts import CaseFact, Facts, Scope, read
from agency.bulletin_periods import Period
from agency.voice_states import Grade

#: z of a two-sided interval of 95 per cent.
Z = 1.96


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its value (None: nothing to say), what it counts, and what it is taken of."""

    value: Decimal | None
    numerator_ids: tuple[int, ...] = ()
    denominator_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a figure is called, its unit, what it means, what kind of thing its list holds, and how it is computed.

    `listed` is the name of its list, `based` that of its denominator's. `is_count`: the value is the length of the list.
    """

    key: str
    name: str
    unit: str
    means: str
    of: Callable[[Facts], Row]
    listed: str = ""
    based: str = ""
    kind: str = "case"
    is_count: bool = False

    def __call__(self, period: Period, scope: Scope) -> Row:
        """Return the figure of a period and a scope."""
        return self.of(read(period, scope))


# How figures are made -------------------------------------------------------------------------------------------------


def _keys(facts: Iterable[Any]) -> tuple[int, ...]:
    return tuple(fact.pk for fact in facts)


def rounded(value: float | None) -> Decimal | None:
    """Return a value with two decimals."""
    return None if value is None else Decimal(f"{value:.2f}")


def _count(facts: Iterable[Any]) -> Row:
    keys = _keys(facts)
    return Row(Decimal(len(keys)), keys)


def _share(part: Iterable[Any], whole: Sequence[Any]) -> Row:
    """Return the part of the whole in per cent; nothing of nothing."""
    counted = _keys(part)
    return Row(rounded(100 * len(counted) / len(whole)) if whole else None, counted, _keys(whole))


def _days(facts: Facts, take: Callable[[list[int]], float]) -> Row:
    timed = [fact for fact in facts.decided if fact.used is not None]
    used = [fact.used for fact in timed if fact.used is not None]
    return Row(rounded(take(used)) if used else None, _keys(timed))


def percentile_90(used: Sequence[int]) -> float:
    """Return what nine of ten took at most: the smallest value that 90 per cent do not exceed."""
    return float(sorted(used)[math.ceil(0.9 * len(used)) - 1])


def late_ones(facts: Facts) -> list[CaseFact]:
    """Return the cases that were decided late, or run and were beyond their limit at the end of the period."""
    return [fact for fact in (*facts.decided, *facts.running) if fact.is_late]


def _overdue(facts: Facts) -> Row:
    return _count(late_ones(facts))


def _late_rate(facts: Facts) -> Row:
    return _share(late_ones(facts), [*facts.decided, *facts.running])


def _mean(values: Sequence[int], keys: tuple[int, ...]) -> Row:
    return Row(rounded(statistics.fmean(values)) if values else None, keys)


def _corrections(facts: Facts) -> Row:
    return _mean([fact.notices for fact in facts.decided], _keys(facts.decided))


def _first_pass(facts: Facts) -> Row:
    return _share([fact for fact in facts.decided if fact.is_granted and not fact.notices], facts.decided)


def _satisfied(facts: Facts) -> Row:
    given = [fact for fact in facts.ratings if not fact.is_default]
    return _share([fact for fact in given if fact.grade >= Grade.FAIR], given)


def _mending(facts: Facts) -> Row:
    return _mean([fact.days for fact in facts.mended], _keys(facts.mended))


def _grade(grade: int) -> Callable[[Facts], Row]:
    return lambda facts: _count(f for f in facts.ratings if f.grade == grade and not f.is_default)


def _low(facts: Facts) -> list[Any]:
    return [fact for fact in facts.ratings if fact.grade <= Grade.BAD and not fact.is_default]


def _back_entered(facts: Facts) -> Row:
    whole = {fact.pk: fact for fact in (*facts.accepted, *facts.decided)}
    return _share(facts.back_entered, list(whole.values()))


def _inverted(facts: Facts) -> Row:
    return _count({fact.pk: fact for fact in (*facts.accepted, *facts.decided) if fact.is_inverted}.values())


# The off-system probe (体外循环): what looks as if it had been decided elsewhere and keyed in afterwards -------------------


def _fast(facts: Facts) -> Row:
    day = facts.last_day
    most, least = 60 * term("fast_minutes", day), term("fast_limit", day)
    return _count(
        fact for fact in facts.decided
        if fact.limit >= least and fact.decided_at and 0 <= (fact.decided_at - fact.accepted_at).total_seconds() < most
    )


def _burst(facts: Facts) -> Row:
    """Cases that one person finished within a minute, more than three at once."""
    many, room = term("burst_count", facts.last_day), term("burst_seconds", facts.last_day)
    by_person: dict[int, list[CaseFact]] = {}
    for fact in facts.decided:
        if fact.decided_by and fact.decided_at:
            by_person.setdefault(fact.decided_by, []).append(fact)
    found: set[int] = set()
    for cases in by_person.values():
        cases.sort(key=lambda fact: (fact.decided_at or fact.accepted_at, fact.pk))
        moments = [fact.decided_at or fact.accepted_at for fact in cases]
        start = 0
        for end, moment in enumerate(moments):
            while (moment - moments[start]).total_seconds() > room:
                start += 1
            if end - start + 1 > many:
                found.update(fact.pk for fact in cases[start : end + 1])
    return _count(fact for fact in facts.decided if fact.pk in found)


def _before(facts: Facts) -> Row:
    return _count(fact for fact in facts.decided if fact.decided_at and fact.decided_at < fact.accepted_at)


def _spike(facts: Facts) -> Row:
    """Cases keyed in late, when most of that happened in the last days of the period."""
    days, share = term("spike_days", facts.last_day), term("spike_percent", facts.last_day)
    last = [day for day in facts.entered_on if (facts.last_day - day).days < days]
    few = len(facts.entered_on) < term("few", facts.last_day)
    is_spike = not few and 100 * len(last) >= share * len(facts.entered_on)
    return _count(facts.back_entered if is_spike else ())


# The register ---------------------------------------------------------------------------------------------------------


def _all(*given: Indicator) -> dict[str, Indicator]:
    return {one.key: one for one in given}


INDICATORS: dict[str, Indicator] = _all(
    Indicator("accepted", "新受理", "件", "本期受理的办件，含视为受理", lambda f: _count(f.accepted), "本期受理的办件",
              is_count=True),
    Indicator("decided", "办结", "件", "本期作出决定的办件，含不予许可；按决定的时间归期", lambda f: _count(f.decided),
              "本期办结的办件", is_count=True),
    Indicator("running", "在办", "件", "期末已受理、尚未结束的办件，含暂停的", lambda f: _count(f.running),
              "期末在办的办件", is_count=True),
    Indicator("mean_days", "平均用时", "个工作日", "政府侧：本期办结的办件自受理至办结的工作日，扣除暂停",
              lambda f: _days(f, statistics.fmean), "本期办结的办件"),
    Indicator("median_days", "中位数", "个工作日", "同上，取中位数", lambda f: _days(f, statistics.median),
              "本期办结的办件"),
    Indicator("p90_days", "九成", "个工作日", "同上，九成办件不超过的用时（p90）", lambda f: _days(f, percentile_90),
              "本期办结的办件"),
    Indicator("on_time", "按时办结率", "%", "本期办结的办件中未超承诺时限的比例",
              lambda f: _share([c for c in f.decided if not c.is_late], f.decided), "本期按时办结的办件",
              "本期办结的全部办件"),
    Indicator("first_pass", "一次通过率", "%", "本期办结的办件中没有补正告知、一次准予的比例", _first_pass,
              "没有补正、一次准予的办件", "本期办结的全部办件"),
    Indicator("corrections", "件均补正", "次", "本期办结的办件平均收到的补正、补全告知次数", _corrections,
              "本期办结的办件"),
    Indicator("overdue", "超时", "件", "本期办结或期末在办的办件中超过承诺时限的", _overdue, "超过承诺时限的办件",
              is_count=True),
    Indicator("late_rate", "逾期率", "%", "超时件除以本期办结与期末在办（已受理）之和", _late_rate, "超过承诺时限的办件",
              "本期办结和期末在办的全部办件"),
    Indicator("tacit", "超时默认", "次", "本期部门逾期未答复、按同意计的意见",
              lambda f: _count(t for t in f.tasks if t.is_tacit), "按超时默认计的意见", kind="task", is_count=True),
    Indicator("promised", "容缺承诺", "%", "本期办结的办件中容缺受理或告知承诺的比例",
              lambda f: _share([c for c in f.decided if c.has_promise], f.decided), "容缺或承诺的办件",
              "本期办结的全部办件"),
    Indicator("satisfied", "满意度", "%", "本期有效评价中基本满意及以上的比例，不含默认评价", _satisfied,
              "基本满意及以上的评价", "本期有效评价", kind="rating"),
    Indicator("opinions", "意见按时率", "%", "本期应答复的联审意见中按时答复的比例；按被征求意见的部门计",
              lambda f: _share([t for t in f.tasks if t.is_on_time], f.tasks), "按时答复的意见", "本期应答复的意见",
              kind="task"),
    Indicator("silent", "未答复", "次", "本期逾期未答复的联审意见，含按超时默认计的",
              lambda f: _count(t for t in f.tasks if t.is_silent), "逾期未答复的意见", kind="task", is_count=True),
    Indicator("off_list", "清单外", "项", "本期批准的清单外事项和材料，按提出人的单位计", lambda f: _count(f.off_list),
              "清单外的事项和材料", kind="off_list", is_count=True),
    Indicator("omissions", "首次遗漏", "次", "一次告知后因首次遗漏再次告知；验收清单后新增的问题另列",
              lambda f: _count(f.omissions), "首次遗漏的再次告知", kind="notice", is_count=True),
    Indicator("breaches", "违反强条", "条", "本期出具施工图审查意见的办件中违反强制性条文的问题",
              lambda f: _count(f.breaches), "违反强制性条文的问题", kind="breach", is_count=True),
    Indicator("sites", "申请", "项", "本期申请的联合验收", lambda f: _count(a for a in f.acceptances if a.is_applied),
              "本期申请的联合验收", kind="acceptance", is_count=True),
    Indicator("concluded", "出具意见", "项", "本期出具结论的联合验收",
              lambda f: _count(a for a in f.acceptances if a.is_concluded), "本期出具结论的联合验收", kind="acceptance",
              is_count=True),
    Indicator("site_first", "一次通过率", "%", "本期出具结论的联合验收中资料和现场都没有整改的比例",
              lambda f: _share([a for a in f.acceptances if a.is_first], [a for a in f.acceptances if a.is_concluded]),
              "一次通过的联合验收", "本期出具结论的联合验收", kind="acceptance"),
    Indicator("mending", "整改平均", "个工作日", "本期复核合格的整改自提出至复核的工作日", _mending, "本期复核合格的整改",
              kind="issue"),
    Indicator("single", "单体占比", "%", "本期申请的联合验收中按单体申请的比例",
              lambda f: _share([a for a in f.acceptances if a.is_applied and a.is_single],
                               [a for a in f.acceptances if a.is_applied]),
              "单体验收", "本期申请的联合验收", kind="acceptance"),
    Indicator("faulty", "不过", "项", "本期现场验收提出整改的验收事项", lambda f: _count(f.items), "提出整改的验收事项",
              kind="item", is_count=True),
    Indicator("late_faults", "清单后新增", "条", "一次告知后同意新增的验收问题", lambda f: _count(f.late_faults),
              "清单后新增的问题", kind="late_fault", is_count=True),
    *(
        Indicator(f"grade_{grade.value}", str(grade.label), "份", f"本期评价为“{grade.label}”的，不含默认评价",
                  _grade(grade.value), f"{grade.label}的评价", kind="rating", is_count=True)
        for grade in sorted(Grade, reverse=True)
    ),
    Indicator("grade_default", "默认评价", "份", "到期无人评价、系统默认好评的，单列、不计入满意度",
              lambda f: _count(r for r in f.ratings if r.is_default), "默认评价", kind="rating", is_count=True),
    Indicator("low_settled", "差评整改率", "%", "本期差评中已回访整改并答复的比例",
              lambda f: _share([r for r in _low(f) if r.is_settled], _low(f)), "已整改答复的差评", "本期差评",
              kind="rating"),
    Indicator("back_entered", "补录率", "%", "本期受理或办结的办件中有一步晚于次个工作日录入的比例", _back_entered,
              "有补录的办件", "本期受理或办结的全部办件"),
    Indicator("inverted", "时间倒挂", "件", "受理早于接件日，或办结早于受理的办件", _inverted, "时间倒挂的办件",
              is_count=True),
    Indicator("probe_before", "先办后受", "件", "办结时间早于受理时间", _before, "先办后受的办件", is_count=True),
    Indicator("probe_fast", "受理即结", "件", "时限不短的事项受理后很快办结", _fast, "受理即结的办件", is_count=True),
    Indicator("probe_burst", "集中办结", "件", "同一人在一分钟内办结多件", _burst, "集中办结的办件", is_count=True),
    Indicator("probe_spike", "期末补录", "件", "补录集中在期末几日", _spike, "期末集中补录的办件", is_count=True),
)

#: The four big numbers.
BIG = ("accepted", "decided", "on_time", "mean_days")
#: The columns of the table by district, in their order; the light follows them.
BY_REGION = (
    "accepted", "decided", "running", "mean_days", "median_days", "p90_days", "on_time", "first_pass", "corrections",
    "overdue", "tacit", "promised", "satisfied",
)
#: The columns of the table by department; those of the lead, then those of whoever is asked.
BY_BODY = (
    "decided", "mean_days", "on_time", "overdue", "late_rate", "opinions", "silent", "off_list", "omissions", "breaches",
)
BY_SITE = ("sites", "concluded", "site_first", "mending", "single", "faulty", "late_faults")
GRADES = tuple(f"grade_{grade.value}" for grade in sorted(Grade, reverse=True))
RATED = (*GRADES, "grade_default", "satisfied", "low_settled")
QUALITY = ("back_entered", "inverted")
PROBE = ("probe_before", "probe_fast", "probe_burst", "probe_spike")
TOTALS = tuple(dict.fromkeys((*BIG, *BY_REGION, *BY_BODY, *BY_SITE, *RATED, *QUALITY)))
#: Figures whose comparison is told in points, not in per cent.
RATES = frozenset(key for key, one in INDICATORS.items() if one.unit == "%")
COUNTS = frozenset(key for key, one in INDICATORS.items() if one.is_count)


def rows_of(facts: Facts, keys: Iterable[str]) -> dict[str, Row]:
    """Return the figures of one row of a table."""
    return {key: INDICATORS[key].of(facts) for key in keys}


# Lights and ranks -----------------------------------------------------------------------------------------------------


def wilson(part: int, whole: int) -> float:
    """Return the lower bound (95 per cent) of a share, 0 to 1: with it 1 of 1 does not beat 98 of 100."""
    if not whole:
        return 0.0
    share = part / whole
    spread = Z * math.sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole))
    return (share + Z * Z / (2 * whole) - spread) / (1 + Z * Z / whole)


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a row with the reason for it; no colour where there are too few cases."""

    colour: str
    words: str
    reason: str = ""


def light_of(facts: Facts) -> Light:
    """Return the light by the rule of the day (docs/bulletin.md): red first, then green, else yellow.

    Too few decided cases and none late: 样本不足.
    """
    day, late = facts.last_day, late_ones(facts)
    decided, in_time = len(facts.decided), sum(not fact.is_late for fact in facts.decided)
    longest = max((fact.over for fact in late), default=0)
    if decided < term("few", day) and len(late) < term("red_count", day) and longest <= term("red_days", day):
        return Light("", "样本不足")
    rate = 100 * in_time / decided if decided else 100.0
    said = [f"按时率 {rate:.1f}%".replace(".0%", "%")] + ([f"超时 {len(late)} 件，最长 {longest} 天"] if late else [])
    reason = "，".join(said)
    if rate < term("red_rate", day) or len(late) >= term("red_count", day) or longest > term("red_days", day):
        return Light("red", "红", reason)
    if rate >= term("green_rate", day) and longest <= term("green_days", day):
        return Light("green", "绿", reason)
    return Light("yellow", "黄", reason)


def ranks(found: dict[int, Facts]) -> dict[int, int]:
    """Return the rank of each row by the Wilson lower bound of its on-time rate; rows with too few cases have none."""
    score = {
        key: wilson(sum(not fact.is_late for fact in facts.decided), len(facts.decided))
        for key, facts in found.items() if len(facts.decided) >= term("few", facts.last_day)
    }
    order = sorted(score, key=lambda key: (-score[key], key))
    places: dict[int, int] = {}
    for place, key in enumerate(order, start=1):
        before = order[place - 2] if place > 1 else None
        places[key] = places[before] if before is not None and score[before] == score[key] else place
    return places
