"""The style sheet of every component in every state: made-up plain data, no database. Shown at ``/styleguide/``."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.paginator import Paginator

from archives import qr

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 20)
CODE = "2603-140581-89-05-163265"


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
class Verdict:
    """Whether something may be done, and why not."""

    ok: bool
    reason: str = ""


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


#: The pages of the style guide by the parameter ``sheet``.
SHEETS = {
    "": "gaige/styleguide.html",
    "paper": "gaige/styleguide_paper.html",
    "public": "gaige/styleguide_public.html",
}

CHIPS = (
    ("已接件", "已受理", "部门办理中", "待补全", "待补正", "待企业", "即将到期", "超时默认", "容缺通过")
    + ("办结通过", "即办", "已超时", "不受理", "不予受理", "不予许可", "已撤回", "已撤销")
    + ("特别程序(时限暂停)", "未开始", "已撤件", "不涉及")
)
TONES = (("plain", ""), ("act", "act"), ("warn", "warn"), ("good", "good"), ("bad", "bad"), ("none", "none"))
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
TABS = (
    {"label": "我的待办", "count": 23, "url": "?tab=mine", "current": True},
    {"label": "今日到期", "count": 3, "url": "?tab=today"},
    {"label": "已超时", "count": 1, "url": "?tab=late", "bad": True},
    {"label": "待补全", "count": 0, "url": "?tab=incomplete", "bad": True},
    {"label": "部门办理中", "count": 1284, "url": "?tab=review"},
)
DESK = (
    (
        "高平经开区污水处理厂提标改造",
        "2511-140581-89-02-953192",
        "取水许可审批",
        "部门办理中",
        Clock("red", "超 2 天", 9, 7, due_on=date(2026, 11, 18)),
        "水务局 梁宽",
        "出具审查意见，自 11-05，已 9 / 限 7；督办单 47 号已发",
        "催办",
    ),
    (
        "神农镇南片区老旧小区配套改造",
        "2606-140581-89-01-218898",
        "网上申报预审",
        "已接件",
        Clock("yellow", "今日到期", 5, 5, due_on=DAY),
        "本窗口",
        "作出受理结论；今日不处理即视为受理",
        "处理",
    ),
    (
        "经开区标准厂房三期",
        "2607-140581-89-02-177475",
        "施工许可阶段一件事（4 项）",
        "已接件",
        Clock("green", "剩 3 天", 2, 5, due_on=date(2026, 11, 25)),
        "本窗口",
        "作出受理结论；缺 2 件，可容缺 1 件",
        "接件",
    ),
    (
        "寺庄镇卫生院综合楼",
        "2602-140581-89-01-765102",
        "建设工程规划许可证核发",
        "特别程序(时限暂停)",
        Clock("grey", "暂停 6 天", 2, 3),
        "批前公示",
        "期满，自 11-12，已 6 / 限 7；公示期满自动恢复计时",
        "查看",
    ),
    (
        "年产12万吨精密铸件智能工厂",
        CODE,
        "建筑工程施工许可证核发",
        "未开始",
        Clock("none", "未开始", 0, 2),
        "施工图联合审查",
        "办结后自动可报，预计 11-23",
        "预填",
    ),
)
MATTERS = (
    ("企业投资项目备案", "行政审批局", "办结通过", INSTANT, date(2026, 9, 3), "—"),
    ("环境影响报告表审批", "行政审批局", "办结通过", Clock("green", "", 3, 5), date(2026, 9, 10), "—"),
    (
        "施工图设计文件联合审查",
        "行政审批局 牵头",
        "部门办理中",
        Clock("yellow", "", 6, 7),
        date(2026, 11, 23),
        "人防办，4 家已答复 3 家",
    ),
    ("水电气热信联合报装", "行政审批局", "待企业", Clock("grey", "", 1, 2), None, "企业确认接入方案"),
)
TIMELINE = (
    {
        "on": date(2026, 11, 18),
        "title": "消防审验",
        "text": "有条件同意：3 号楼梯间前室补防火门，转为待整改 1 条",
        "who": "张蕾，住建局",
    },
    {
        "on": date(2026, 11, 12),
        "title": "施工图联合审查",
        "text": "受理并推送 4 家，限 11-23",
        "who": "王敏，3号窗口",
        "kind": "now",
    },
    {
        "on": date(2026, 11, 12),
        "title": "建设工程规划许可证",
        "text": "出件，承诺 3 日用 3 日",
        "who": "自然资源局",
        "kind": "big",
        "url": "#timeline",
    },
    {"on": date(2025, 9, 1), "title": "一次性告知单", "text": "v2 签收：13 项事项、38 件材料", "who": "陈静，代办中心"},
)
FACTS = (
    ("建设单位", "山西泽铸智能装备有限公司"),
    ("地点", "高平经开区科创路 18 号"),
    ("规模", "86,400 m²"),
    ("传真", ""),
)
CHOICES = ("上传", "高拍", "容缺", "承诺", "不适用")


def _choices(*forbidden: str) -> tuple[dict[str, Any], ...]:
    """Return the five ways to hand in a material, some forbidden by the catalogue."""
    return tuple(
        {
            "value": word,
            "label": word,
            "disabled": word in forbidden,
            "reason": "目录不允许" if word in forbidden else "",
        }
        for word in CHOICES
    )


CHECKLIST: tuple[dict[str, Any], ...] = (
    {
        "name": "施工许可申请表",
        "ground": "系统已预填 41 项，签章页 1 页",
        "there": "已上传：申请表-签章.pdf 1.2 MB",
        "state": "ok",
        "field_name": "m1",
        "value": "上传",
        "choices": _choices("容缺", "承诺", "不适用"),
    },
    {
        "name": "中标通知书和施工合同",
        "ground": "建筑法 8；合同价、工期、项目经理须与申请表一致",
        "state": "miss",
        "todo": "缺：请上传，不可容缺",
        "field_name": "m2",
        "value": "上传",
        "choices": _choices("容缺", "承诺"),
        "upload": "file2",
    },
    {
        "name": "质量安全具体措施资料",
        "ground": "建筑工程施工许可管理办法 4",
        "there": "容缺：12-04 前补交，逾期撤回容缺",
        "state": "ok",
        "field_name": "m3",
        "value": "容缺",
        "choices": _choices(),
    },
    {
        "name": "用地批准手续",
        "ground": "不动产权证书（土地），首次登记 2026-08-14 出件",
        "state": "have",
        "url": "#checklist",
    },
    {"name": "联合验收前补交", "ground": "容缺", "state": "ok", "word": "待补正", "tone": "warn"},
)
FIGS = (
    {"label": "新受理", "value": 186, "unit": "件", "note": "环比 +12.0%　同比 +8.1%", "url": "#figs"},
    {"label": "办结", "value": 1171, "unit": "件", "note": "环比 +9.6%　同比 +10.3%", "url": "#figs"},
    {"label": "按时办结率", "value": 98.2, "unit": "%", "note": "超时 3 件，环比 −1 件", "url": "#figs"},
    {"label": "政府侧单件用时", "value": None, "unit": "工作日", "note": "样本不足"},
)
MONTHS = tuple(
    zip(
        ("11月", "12月", "1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月"),
        (6.2, 6.0, 5.8, 6.4, 5.5, 5.1, 4.8, 4.6, 4.3, 4.1, 3.9, 3.6),
        strict=True,
    )
)
LAST_YEAR = (8.1, 8.0, 7.6, 8.3, 7.4, 7.2, 7.1, 6.9, 6.8, 6.6, 6.5, 6.3)
DOTS = (
    ("建设工程规划许可证核发", (1, 1, 2, 2, 2, 2, 3, 3, 3, 3), 3, 0),
    ("施工图联合审查", (3, 4, 5, 5, 5, 6, 6, 7, 7, 9), 7, 1),
    ("取水许可审批", (5, 6, 9, 9), 7, 2),
)
OWNERS = (
    ("政府·一般", 9, {"government": 28, "applicant": 41, "special": 12, "intermediary": 34}, 115),
    ("社会·工业厂房", 31, {"government": 12, "applicant": 19, "special": 3, "intermediary": 14}, 48),
    ("社会·极简", 44, {"government": 2, "applicant": 3}, 5),
)
HEAT_COLUMNS = ("8月", "9月", "10月")
HEAT = (
    {"name": "规划", "cells": ((1, "#heat"), (0, ""), (1, "#heat"))},
    {"name": "质量", "cells": ((3, "#heat"), (2, "#heat"), (1, "#heat"))},
    {"name": "消防", "cells": ((5, "#heat"), (4, "#heat"), (7, "#heat"))},
)
PACKAGES = (
    ("一般类", 17, 17, 9),
    ("市政管线类", 5, 20, 7),
    ("改扩建类", 5, 14, 7),
    ("工业厂房类", 2, 5, 9),
    ("极简类", 0, 1, 3),
)
FLOW: dict[str, Any] = {
    "columns": [
        {"label": label, "note": note}
        for label, note in (
            ("9月1日", "实际"),
            ("9月3日", "实际"),
            ("9月22日", "实际"),
            ("11月12日", "实际"),
            ("11月23日", "预计"),
            ("11月25日", "预计"),
            ("2027年8月", "预计"),
        )
    ],
    "lanes": ["企业", "中介机构", "行政审批局", "自然资源局", "住建局", "不动产登记中心"],
    "stages": [
        {"name": "谋划准备", "joints": "联合研判　联合会商　联合评估", "span": 3},
        {"name": "报建开工", "joints": "联合审查", "span": 3},
        {"name": "施工验收", "joints": "联合监管　联合验收", "span": 1},
    ],
    "nodes": [
        {
            "id": "a",
            "title": "联合会商一次告知",
            "note": "9月1日",
            "column": 0,
            "lane": 2,
            "state": "done",
            "critical": True,
        },
        {
            "id": "b",
            "title": "评估报告编制",
            "note": "合同 15 日",
            "column": 0,
            "lane": 1,
            "state": "done",
            "external": True,
        },
        {
            "id": "c",
            "title": "企业投资项目备案",
            "note": "即办",
            "column": 1,
            "lane": 2,
            "state": "done",
            "critical": True,
        },
        {"id": "d", "title": "环境影响报告表审批", "note": "5 日", "column": 1, "lane": 2, "state": "done"},
        {
            "id": "e",
            "title": "建设用地规划许可证核发",
            "note": "2 日",
            "column": 2,
            "lane": 3,
            "state": "done",
            "critical": True,
        },
        {
            "id": "f",
            "title": "建设工程规划许可证核发",
            "note": "3 日",
            "column": 3,
            "lane": 3,
            "state": "done",
            "critical": True,
        },
        {
            "id": "g",
            "title": "施工图联合审查",
            "note": "7 日",
            "column": 4,
            "lane": 2,
            "state": "now",
            "critical": True,
        },
        {"id": "h", "title": "人防报建审批", "note": "联审 6 日", "column": 4, "lane": 4, "state": "now"},
        {"id": "i", "title": "施工许可证核发", "note": "2 日", "column": 5, "lane": 2, "critical": True},
        {
            "id": "j",
            "title": "主体施工",
            "note": "合同工期",
            "column": 6,
            "lane": 0,
            "critical": True,
            "external": True,
        },
        {"id": "k", "title": "首次登记房证同交", "note": "2 日", "column": 6, "lane": 5},
    ],
    "edges": [
        ("a", "c", True),
        ("b", "d", False),
        ("c", "e", True),
        ("d", "f", False),
        ("e", "f", True),
        ("f", "g", True),
        ("f", "h", False),
        ("g", "i", True),
        ("h", "i", False),
        ("i", "j", True),
        ("e", "k", False),
    ],
    "today": 4.0,
}
NEWEST = (
    {
        "on": datetime(2026, 11, 20, 10, 42, tzinfo=SHANGHAI),
        "title": "王敏",
        "text": " 10:42 已受理本件",
        "who": "3号窗口",
    },
)

PERMITS = (
    ("建设工程规划许可证", "建字第140581202600091号", "2026-11-12 发，自然资源局"),
    ("施工许可证（桩基阶段）", "140581202610230101", "2026-10-23 发，行政审批局，有效至 12-23"),
)
PAPER: dict[str, Any] = {
    "issuer": "高平市行政审批服务管理局",
    "number": "〔2026〕高审受字第000318号",
    "name": "受理通知书",
    "gist": (
        ("项目", f"年产12万吨精密铸件智能工厂，{CODE}"),
        ("什么事", "建设工程规划许可申请已受理，材料齐全。"),
        ("您要做", "不用再交材料，等通知；进度扫下方码。"),
        ("什么时候", "2026年11月12日前出结果，3 个工作日。"),
    ),
    "addressee": "山西泽铸智能装备有限公司",
    "signed_on": date(2026, 11, 9),
    "verify_code": "3F9K-Q2T7",
    "verify_facts": (("办件流水号", "高审20261109-0017"), ("经办", "王敏，3号窗口"), ("监督电话", "12345")),
    "digest": "8c41 7be0 … 5d92",
    "paper_rows": (
        ("建设工程规划许可申请表（报建总表）", "原件 1", "企业提交"),
        ("建筑工程施工图（平立剖）", "电子 1 套", "企业提交"),
        ("使用土地的证明文件", "—", "免提交：09-23 不动产权证书"),
        ("建设用地规划许可证", "—", "免提交：09-22 已出件"),
    ),
}


class SampleForm(forms.Form):
    """One field of each widget."""

    investment = forms.DecimalField(label="总投资（万元）", localize=True)
    code = forms.CharField(label="项目代码", help_text="24 位，粘贴时带不带横线都可以。")
    package = forms.ChoiceField(label="套餐", choices=[("6", "社会投资·工业厂房类"), ("1", "政府投资·一般类")])
    start = forms.DateField(label="计划开工")
    opinion = forms.ChoiceField(
        label="结论",
        choices=[("agree", "同意"), ("conditional", "有条件同意"), ("refuse", "不同意"), ("none", "不涉及")],
        widget=forms.RadioSelect,
    )
    land = forms.ChoiceField(
        label="用地来源", choices=[("new", "新供地"), ("old", "既有用地")], widget=forms.RadioSelect
    )
    traits = forms.MultipleChoiceField(
        label="情形",
        choices=[("pile", "桩基先行"), ("road", "占用、挖掘城市道路"), ("pit", "基坑深度超过 5 m")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    promise = forms.BooleanField(label="以上内容属实，愿意承担不实承诺的后果")
    evidence = forms.FileField(label="证明文件", help_text="PDF、JPG、PNG，不超过 50 MB。", required=False)
    note = forms.CharField(label="说明", widget=forms.Textarea(attrs={"rows": 3}), required=False)


def sample_forms() -> dict[str, forms.Form]:
    """Return the sample form empty, filled and with errors."""
    filled = {"investment": "68000", "code": CODE, "package": "6", "start": DAY, "opinion": "conditional"}
    wrong = SampleForm({"code": "2603-140581-89-05-163264", "investment": "很多", "package": "6"}, prefix="wrong")
    wrong = SampleForm({f"wrong-{key}": value for key, value in wrong.data.items()}, prefix="wrong")
    wrong.add_error("code", "校验位不对，末位应为 5。请核对后重输。")
    return {"form": SampleForm(initial=filled, prefix="s"), "wrong": wrong}


def context() -> dict[str, Any]:
    """Return everything that the style guide shows."""
    pages = Paginator(range(53), 11)
    return {
        "nav": [
            ("工作台", "#", True),
            ("接件", "#", False),
            ("项目", "#", False),
            ("文书", "#", False),
            ("通报", "#", False),
        ],
        "duty": "3号窗口 王敏",
        "last_sweep": "09:40，正常",
        "demo": True,
        "chips": CHIPS,
        "tones": TONES,
        "lights": LIGHTS,
        "clocks": CLOCKS,
        "long_clocks": LONG_CLOCKS,
        "instant": INSTANT,
        "waiting_items": WAITING,
        "waiting_many": WAITING[1:4],
        "waiting_nobody": NOBODY,
        "waiting_extra": (("下一步", "施工图联审办结，窗口自动受理施工许可"), ("大概何时", "11月26日至12月2日开工")),
        "waiting_answers": (
            ("到哪一步", "报建开工阶段，联合审查"), ("在等谁", "人防部门，已 6 个工作日，11月20日到期"),
            ("下一步", "人防部门答复联审意见"), ("大概何时", "开工预计 11月26日至12月2日"),
        ),
        "stages_data": STAGES,
        "ledgers": LEDGERS,
        "tab_items": TABS,
        "desk": DESK,
        "matters": MATTERS,
        "timeline_data": TIMELINE,
        "facts_data": FACTS,
        "checklist_rows": CHECKLIST,
        "figs_data": FIGS,
        "months": MONTHS,
        "last_year": LAST_YEAR,
        "dot_rows": DOTS,
        "owner_rows": OWNERS,
        "heat_columns": HEAT_COLUMNS,
        "heat_rows": HEAT,
        "packages": PACKAGES,
        "flow": FLOW,
        "newest": NEWEST,
        "allowed": Verdict(ok=True),
        "refused": Verdict(ok=False, reason="还缺 2 件：施工合同、保函"),
        "page_first": pages.page(1),
        "page_middle": pages.page(3),
        "stamp": datetime(2026, 11, 20, 9, 42, 18, tzinfo=SHANGHAI),
        "someday": DAY,
        "opinions": (("agree", "同意"), ("conditional", "有条件同意"), ("refuse", "不同意"), ("none", "不涉及")),
        "permits": PERMITS,
        "qr_svg": qr.svg("https://gaige.example/q/sample/", label="项目码，扫码看进度", size=128),
        **PAPER,
        **sample_forms(),
    }
