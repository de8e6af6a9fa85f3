"""Samples of casework: chips, tabs, the desk, matters, a timeline, a checklist."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from gaige.samples.progress import DAY, INSTANT, Clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
CODE = "2603-140581-89-05-163265"

CHIPS = (
    ("已接件", "已受理", "部门办理中", "待补全", "待补正", "待企业", "即将到期", "超时默认", "容缺通过")
    + ("办结通过", "即办", "已超时", "不受理", "不予受理", "不予许可", "已撤回", "已撤销")
    + ("特别程序(时限暂停)", "未开始", "已撤件", "不涉及")
)
TONES = (("plain", ""), ("act", "act"), ("warn", "warn"), ("good", "good"), ("bad", "bad"), ("none", "none"))
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
NEWEST = (
    {
        "on": datetime(2026, 11, 20, 10, 42, tzinfo=SHANGHAI),
        "title": "王敏",
        "text": " 10:42 已受理本件",
        "who": "3号窗口",
    },
)
