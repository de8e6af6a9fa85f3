"""The style sheet of every component in every state: made-up plain data, no database. Shown at ``/styleguide/``."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator

from archives import qr
from gaige.samples import casework, papers, pictures, progress
from gaige.samples.filling import sample_forms
from projects.errors import ALLOWED, refuse

#: The pages of the style guide by the parameter ``sheet``.
SHEETS = {
    "": "gaige/styleguide.html",
    "paper": "gaige/styleguide_paper.html",
    "public": "gaige/styleguide_public.html",
}


def context() -> dict[str, Any]:
    """Return everything that the style guide shows."""
    return {**_frame(), **_progress(), **_casework(), **_pictures(), **papers.PAPER, **sample_forms()}


def _frame() -> dict[str, Any]:
    pages = Paginator(range(53), 11)
    return {
        "nav": [(label, "#", label == "工作台") for label in ("工作台", "接件", "项目", "文书", "通报")],
        "duty": "3号窗口 王敏",
        "last_sweep": "09:40，正常",
        "demo": True,
        "allowed": ALLOWED,
        "refused": refuse("还缺 2 件：施工合同、保函"),
        "page_first": pages.page(1),
        "page_middle": pages.page(3),
        "stamp": datetime(2026, 11, 20, 9, 42, 18, tzinfo=casework.SHANGHAI),
        "someday": progress.DAY,
        "permits": papers.PERMITS,
        "qr_svg": qr.svg("https://gaige.example/q/sample/", label="项目码，扫码看进度", size=128),
    }


def _progress() -> dict[str, Any]:
    return {
        "lights": progress.LIGHTS,
        "clocks": progress.CLOCKS,
        "long_clocks": progress.LONG_CLOCKS,
        "instant": progress.INSTANT,
        "waiting_items": progress.WAITING,
        "waiting_many": progress.WAITING[1:4],
        "waiting_nobody": progress.NOBODY,
        "waiting_extra": (("下一步", "施工图联审办结，窗口自动受理施工许可"), ("大概何时", "11月26日至12月2日开工")),
        "waiting_answers": (
            ("到哪一步", "报建开工阶段，联合审查"),
            ("在等谁", "人防部门，已 6 个工作日，11月20日到期"),
            ("下一步", "人防部门答复联审意见"),
            ("大概何时", "开工预计 11月26日至12月2日"),
        ),
        "stages_data": progress.STAGES,
        "ledgers": progress.LEDGERS,
    }


def _casework() -> dict[str, Any]:
    return {
        "chips": casework.CHIPS,
        "tones": casework.TONES,
        "tab_items": casework.TABS,
        "desk": casework.DESK,
        "matters": casework.MATTERS,
        "timeline_data": casework.TIMELINE,
        "facts_data": casework.FACTS,
        "checklist_rows": casework.CHECKLIST,
        "newest": casework.NEWEST,
        "opinions": (("agree", "同意"), ("conditional", "有条件同意"), ("refuse", "不同意"), ("none", "不涉及")),
    }


def _pictures() -> dict[str, Any]:
    return {
        "figs_data": pictures.FIGS,
        "months": pictures.MONTHS,
        "last_year": pictures.LAST_YEAR,
        "dot_rows": pictures.DOTS,
        "owner_rows": pictures.OWNERS,
        "heat_columns": pictures.HEAT_COLUMNS,
        "heat_rows": pictures.HEAT,
        "packages": pictures.PACKAGES,
        "flow": pictures.FLOW,
    }
