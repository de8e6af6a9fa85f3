"""States and words of the appraisal (联合研判). Imports only Django."""

from __future__ import annotations

from django.db.models import TextChoices


class PoolState(TextChoices):
    """Life of a project in the pool (handbook §3)."""

    ENTERED = "entered", "入库"
    WAITING = "waiting", "待研判"
    APPRAISING = "appraising", "研判中"
    APPRAISED = "appraised", "已研判"
    CONSULTING = "consulting", "转会商"
    RESTING = "resting", "暂缓"
    DROPPED = "dropped", "退库"
    MERGED = "merged", "已合并"


#: Somebody at the pool has to act.
POOL_LIVE = (PoolState.ENTERED, PoolState.WAITING, PoolState.APPRAISING, PoolState.APPRAISED)
#: What the board shows.
POOL_SHOWN = (*POOL_LIVE, PoolState.CONSULTING, PoolState.RESTING)
POOL_LEFT = (PoolState.DROPPED, PoolState.MERGED)


class Factor(TextChoices):
    """The five factors (要素)."""

    FUNDS = "funds", "资金"
    PLANNING = "planning", "规划"
    LAND = "land", "用地"
    EIA = "eia", "环评"
    ENERGY = "energy", "能耗"


class Maturity(TextChoices):
    """How ripe a project is; 待定 as long as a department has not scored its factor: that is never guessed."""

    PENDING = "pending", "待定"
    CONCEIVING = "conceiving", "孕育"
    INCUBATING = "incubating", "孵化"
    READY = "ready", "成熟"


#: From the least ripe to the ripest.
MATURITY_ORDER = (Maturity.PENDING, Maturity.CONCEIVING, Maturity.INCUBATING, Maturity.READY)


class Grade(TextChoices):
    """Priority 轻重缓急; the agency reads it when it allots resources."""

    A = "A", "A 急重"
    B = "B", "B 重"
    C = "C", "C 常规"
    D = "D", "D 储备"


class Cause(TextChoices):
    """Why a round of appraisal was opened."""

    FIRST = "first", "首次研判"
    GAP = "gap", "缺口补齐后复评"
    TERM = "term", "定期复评"
    ASKED = "asked", "提请复评"
    SILENT = "silent", "未评要素补评"


class PairOutcome(TextChoices):
    """What a person made of two projects that look like one."""

    DISTINCT = "distinct", "不是重复"
    MERGED = "merged", "已合并"


#: Words of a gap (缺口) for the states of its issue item.
GAP_WORDS: dict[str, str] = {
    "open": "待认领", "claimed": "已认领", "doing": "办理中", "submitted": "待核", "verified": "已补齐",
    "rejected": "退回补齐", "waived": "无法补齐",
}
GAP_TONES: dict[str, str] = {
    "open": "warn", "claimed": "act", "doing": "act", "submitted": "act", "verified": "good", "rejected": "bad",
    "waived": "none",
}
#: Colour of a level from 0 (缺) to 3 (已具备).
LEVEL_TONES = ("bad", "warn", "act", "good")

TONES: dict[str, str] = {
    PoolState.ENTERED: "plain", PoolState.WAITING: "warn", PoolState.APPRAISING: "act", PoolState.APPRAISED: "good",
    PoolState.CONSULTING: "good", PoolState.RESTING: "none", PoolState.DROPPED: "none", PoolState.MERGED: "none",
    Maturity.PENDING: "none", Maturity.CONCEIVING: "warn", Maturity.INCUBATING: "act", Maturity.READY: "good",
    Grade.A: "bad", Grade.B: "warn", Grade.C: "act", Grade.D: "none",
}
