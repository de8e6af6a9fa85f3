"""The page of saved materials: the rate against the claim, by month, project, case, each figure open to its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse

from packages import savings
from packages.models import MaterialItem, MatterCase
from packages.savings import DEFINITION, GROUP_OF, WORDS, Group, Tally
from projects.exports import Table
from projects.models import Project
from projects.paging import KeyPage, as_key, key_page

if TYPE_CHECKING:
    from packages.savings import Person

PAGE = 50
KEYS = ("month", "project", "case", "group")


@dataclass(frozen=True, slots=True)
class Row:
    """One month, project or case with the addresses of its figures."""

    tally: Tally
    narrowing: dict[str, str]
    url: str = ""

    def _lines(self, group: Group) -> str:
        return f"{reverse('packages:savings_lines')}?{urlencode({**self.narrowing, 'group': group.value})}"

    @property
    def saved_url(self) -> str:
        """The lines that were not handed in."""
        return self._lines(Group.SAVED)

    @property
    def handed_in_url(self) -> str:
        """The lines that the enterprise handed in."""
        return self._lines(Group.HANDED_IN)

    @property
    def committed_url(self) -> str:
        """The lines in whose place there is a commitment."""
        return self._lines(Group.COMMITTED)

    @property
    def open_url(self) -> str:
        """The lines that nobody has brought yet."""
        return self._lines(Group.OPEN)

    @property
    def apart_url(self) -> str:
        """The lines that do not apply."""
        return self._lines(Group.APART)


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """Everything the page of the figures shows."""

    total: Row
    months: list[Row]
    projects: list[Row]
    cases: list[Row]
    month: str
    month_label: str
    project: Project | None
    claim: int
    definition: tuple[tuple[str, str], ...]

    @property
    def figs(self) -> list[dict[str, object]]:
        """The big figures, each with the lines behind it."""
        tally = self.total.tally
        rate = "—" if tally.rate is None else f"{tally.rate:.1f}"
        return [
            {"label": "实测减免率", "value": rate, "unit": "%", "note": f"宣称 {self.claim}%，按实际办件计算"},
            {"label": "免交", "value": tally.saved, "unit": "件", "url": self.total.saved_url, "note": "企业没有提交"},
            {"label": "企业提交", "value": tally.handed_in, "unit": "件", "url": self.total.handed_in_url,
             "note": "含容缺后补"},
            {"label": "以承诺代替", "value": tally.committed, "unit": "件", "url": self.total.committed_url,
             "note": "单列，不计入减免率"},
        ]

    @property
    def verdict(self) -> str:
        """The measured rate against the claim, in a sentence."""
        rate = self.total.tally.rate
        if rate is None:
            return "还没有可以计算的办件，不能说减免了多少。"
        gap = round(rate - self.claim, 1)
        if gap >= 0:
            return f"实测 {rate:.1f}%，达到宣称的 {self.claim}%，高出 {gap:.1f} 个百分点。"
        return f"实测 {rate:.1f}%，没有达到宣称的 {self.claim}%，还差 {-gap:.1f} 个百分点。"


def figures_page(user: Person, asked: Mapping[str, str]) -> FiguresPage:
    """The figures of the projects that the user sees, of a month or a project where asked. Five queries."""
    lines = savings.counted(user)
    month = asked.get("month", "") if savings.month_span(asked.get("month", "")) else ""
    number = as_key(asked.get("project"))
    project = Project.objects.visible_to(user).filter(pk=number).first() if number else None
    narrowing = {k: v for k, v in (("month", month), ("project", str(project.pk) if project else "")) if v}
    chosen = savings.narrowed(lines, narrowing)
    url = reverse("packages:savings")
    return FiguresPage(
        Row(savings.total(chosen), narrowing),
        [Row(row, narrowing | {"month": row.key}, f"{url}?{urlencode(narrowing | {'month': row.key})}")
         for row in savings.by_month(savings.narrowed(lines, {"project": narrowing.get("project", "")}))],
        [Row(row, narrowing | {"project": row.key}, f"{url}?{urlencode(narrowing | {'project': row.key})}")
         for row in savings.by_project(chosen)],
        [Row(row, narrowing | {"case": row.key}, reverse("packages:case", args=[row.key]))
         for row in savings.by_case(chosen)] if narrowing else [],
        month, f"{month[:4]} 年 {int(month[5:])} 月" if month else "", project, savings.claim(), DEFINITION,
    )


def months_table(user: Person) -> Table:
    """The months as a file."""
    return savings.figures_table(savings.by_month(savings.counted(user)), "月份")


@dataclass(frozen=True, slots=True)
class LinesPage:
    """Exactly the lines that a figure counts."""

    items: list[tuple[MaterialItem, str]]
    cut: KeyPage[Any]
    count: int
    facts: list[tuple[str, str]]


def lines_page(user: Person, asked: Mapping[str, str]) -> LinesPage:
    """The lines of a figure, the newest first. Up to five queries."""
    found = savings.narrowed(savings.counted(user), {key: asked.get(key, "") for key in KEYS})
    related = ("case__project", "case__matter", "document", "supplier")
    cut = key_page(
        found.select_related(*related), sort="-pk", size=PAGE, after=as_key(asked.get("after")),
        before=as_key(asked.get("before")),
    )
    return LinesPage(
        [(item, WORDS[GROUP_OF[item.state]]) for item in cut.rows], cut, found.count(), _facts(user, asked)
    )


def _facts(user: Person, asked: Mapping[str, str]) -> list[tuple[str, str]]:
    facts = [("接件月份", asked["month"])] if asked.get("month") else []
    if (number := as_key(asked.get("project"))) and (
        project := Project.objects.visible_to(user).filter(pk=number).first()
    ):
        facts.append(("项目", str(project)))
    if (number := as_key(asked.get("case"))) and (
        case := MatterCase.objects.visible_to(user).filter(pk=number).select_related("matter").first()
    ):
        facts.append(("办件", f"{case} {case.number}"))
    if (group := asked.get("group", "")) in list(Group):
        facts.append(("计为", WORDS[Group(group)]))
    return facts


def lines_file(user: Person, asked: Mapping[str, str]) -> Table:
    """The lines of a figure as a file."""
    return savings.lines_table(
        savings.narrowed(savings.counted(user), {key: asked.get(key, "") for key in KEYS})
    )
