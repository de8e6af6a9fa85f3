"""Samples of time: on whom a project waits, clocks in every light, stages, ledgers."""

from dataclasses import dataclass, field
from datetime import date

DAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Waiting:
    """Who is waited for (see the tag ``waiting``)."""

    who: str
    person: str
    what: str
    sentence: str
    public_sentence: str
    light: str = "none"
    since: date | None = None
    days: int = 0
    limit: int | None = None
    due_on: date | None = None
    auto: str = ""


@dataclass(frozen=True)
class Clock:
    """A running, paused or finished clock (see the tag ``clock``)."""

    light: str
    words: str
    used: int
    limit: int
    remaining: int = 0
    paused: bool = False
    due_on: date | None = None
    provisional: bool = False
    statutory_limit: int | None = None


@dataclass(frozen=True)
class Joint:
    """One of the six joints."""

    name: str
    fact: str
    when: date | str = ""
    state: str = "todo"


@dataclass(frozen=True)
class Stage:
    """One of the three stages."""

    name: str
    note: str
    state: str
    joints: tuple[Joint, ...] = field(default=())


LIGHTS = (
    ("none", "未开始"),
    ("green", "剩 4 天"),
    ("yellow", "今日到期"),
    ("red", "超 2 天"),
    ("grey", "暂停 6 天"),
)
CLOCKS = (
    Clock("none", "未开始", 0, 5),
    Clock("green", "剩 4 天", 1, 5, 4, due_on=date(2026, 11, 26), statutory_limit=20),
    Clock("yellow", "剩 1 天", 4, 5, 1, due_on=date(2026, 11, 23)),
    Clock("yellow", "今日到期", 5, 5, due_on=DAY),
    Clock("red", "超 2 天", 7, 5, due_on=date(2026, 11, 18)),
    Clock("grey", "暂停 3 天", 2, 5, 3, paused=True),
)
LONG_CLOCKS = (
    Clock("green", "剩 14 天", 6, 20, 14, due_on=date(2026, 12, 10), statutory_limit=30),
    Clock("yellow", "剩 1 天", 19, 20, 1, due_on=date(2026, 11, 23)),
    Clock("red", "超 4 天", 24, 20, due_on=date(2026, 11, 16)),
    Clock("grey", "暂停 6 天", 8, 20, 12, paused=True),
    Clock("green", "剩 12 天", 3, 15, 12, due_on=date(2027, 1, 6), provisional=True),
)
INSTANT = Clock("green", "即办", 0, 0)

WAITING = (
    Waiting(
        "水务局",
        "梁宽",
        "水土保持审查意见",
        "正在等 水务局 梁宽 出具 水土保持审查意见，已 2 个工作日，限 5。",
        "正在等水务部门出具水土保持审查意见。",
        since=date(2026, 11, 18),
        days=2,
        limit=5,
        due_on=date(2026, 11, 25),
        auto="超时默认同意，计入通报",
    ),
    Waiting(
        "人防办",
        "李航",
        "人防报建联审意见",
        "正在等 人防办 李航 答复 人防报建联审意见，已 6 个工作日，今天 17:30 到期。",
        "到了报建开工阶段，正在等人防部门答复联审意见。",
        "yellow",
        date(2026, 11, 12),
        6,
        6,
        DAY,
        "转首席代表，发督办单",
    ),
    Waiting(
        "审图机构",
        "",
        "技术审查意见",
        "正在等 审图机构 出具 技术审查意见，已 11 个工作日，超 4 天。",
        "正在等审图机构出具技术审查意见，已经超时。",
        "red",
        date(2026, 11, 5),
        11,
        7,
        date(2026, 11, 16),
        "督办单已发，再过 1 天上主任页",
    ),
    Waiting(
        "企业",
        "禾域仓储",
        "3 项材料",
        "时限暂停，正在等 企业 禾域仓储 补正 3 项材料，已 2 个工作日，限 10。",
        "时限暂停，正在等企业补正材料。",
        "grey",
        date(2026, 11, 18),
        2,
        10,
        None,
        "交齐后自动恢复计时，逾期退件",
    ),
)
NOBODY = Waiting(
    "",
    "",
    "城市建筑垃圾处置核准",
    "没有人在等。下一步是 城市建筑垃圾处置核准，现在就可以申报。",
    "没有人在等。下一步是城市建筑垃圾处置核准，现在就可以申报。",
)
STAGES = (
    Stage(
        "谋划准备",
        "03-02 至 09-23",
        "done",
        (
            Joint("联合研判", "成熟，A 级", date(2026, 3, 5), "done"),
            Joint("联合会商", "一方案一图一清单 v2", "09-01 签收", "done"),
            Joint("联合评估", "引用区域成果 6 项", date(2026, 9, 10), "done"),
        ),
    ),
    Stage("报建开工", "进行中", "now", (Joint("联合审查", "8 项中 3 项办结", "10-19 起", "now"),)),
    Stage(
        "施工验收",
        "最可能 2027-08",
        "todo",
        (Joint("联合监管", "一次查，待排期"), Joint("联合验收", "12 项，含房证同交")),
    ),
)
LEDGERS = (
    {"government": 14, "applicant": 21, "special": 4, "intermediary": 15},
    {"government": 5, "applicant": 0, "special": 0, "intermediary": 2},
    {"government": 0, "applicant": 0, "special": 0, "intermediary": 0},
)
