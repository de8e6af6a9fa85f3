"""Samples of what is drawn: figures, columns, dots, owners of time, a heat table, a flow chart."""

from typing import Any

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
