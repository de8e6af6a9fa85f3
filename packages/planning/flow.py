"""The flow chart of a plan as SVG: columns are steps, lanes departments, the critical path in ink. Pure.

Lines run only in the gaps between columns and along the borders of rows. Colour is a class (`office.css`); `STYLE` says
the same for a drawing that stands alone (a PDF, a file).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True, slots=True)
class Column:
    """A step: its date, and whether that is known or foreseen."""

    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StageHead:
    """A stage above its columns."""

    name: str
    joints: str
    span: int


@dataclass(frozen=True, slots=True)
class Node:
    """A box: `state` is done, now or todo; `external` is not the government's time."""

    id: str
    title: str
    note: str
    column: int
    lane: int
    state: str = "todo"
    critical: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """A plan ready to be drawn; `today` counts columns from the left."""

    columns: Sequence[Column]
    lanes: Sequence[str]
    nodes: Sequence[Node]
    stages: Sequence[StageHead] = ()
    edges: Sequence[tuple[str, str, bool]] = ()
    today: float | None = None


#: What `office.css` says of a flow chart, for a drawing that stands alone.
STYLE = (
    'text{font:13px "Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif;fill:#1b232e}'
    ".lane{fill:#fff;stroke:#dddbd3}.alt{fill:#f6f5f1}.bx{fill:#fff;stroke:#80868e}.done .bx{fill:#edece6}"
    ".now .bx{fill:#e8edf2}.crit .bx{stroke:#1b232e;stroke-width:2.5}.ext .bx{stroke-dasharray:4 3}"
    ".ed{fill:none;stroke:#80868e;stroke-width:1.25}.ed.crit{stroke:#1b232e;stroke-width:2.75}.hd{fill:#1b232e}"
    ".fl-1{fill:#1b232e}.fl-2{fill:#1b4f80}.fl-3{fill:#5c6674}.cut{stroke:#1b232e;stroke-dasharray:2 4}"
    ".today{stroke:#b3261e;stroke-width:1.5}.today-bx{fill:#b3261e}.h{font-size:15px;font-weight:700}"
    ".s{font-size:12px;fill:#5c6674}.inv{fill:#fff}"
)

LANE_HEAD, COLUMN, BOX_W, BOX_H, ROW, HEAD = 118, 110, 90, 64, 87, 84
CHARS = 6
#: Words that a title is rather cut before than through.
WORDS: tuple[str, ...] = (
    "联合",
    "审批",
    "审查",
    "核发",
    "核准",
    "登记",
    "许可",
    "备案",
    "报告",
    "规划",
    "验收",
    "一次",
    "编制",
    "监督",
    "报建",
)
WORDS += (
    "检查",
    "成交",
    "施工",
    "设计",
    "方案",
    "意见",
    "房证",
    "中心",
    "接入",
    "报装",
    "用地",
    "评估",
    "首次",
    "告知",
)
STAGE_FILLS = ("fl-1", "fl-2", "fl-3")


def lines_of(title: str) -> list[str]:
    """Return a title in at most two lines of six characters."""
    if len(title) <= CHARS:
        return [title]
    if len(title) > 2 * CHARS:
        return [title[:CHARS], title[CHARS : 2 * CHARS - 1] + "…"]
    half = len(title) / 2
    cuts = range(len(title) - CHARS, CHARS + 1)
    cut = min(cuts, key=lambda at: (not title.startswith(WORDS, at), abs(at - half), at))
    return [title[:cut], title[cut:]]


class _Layout:
    """Where the lanes, columns and boxes of a plan stand."""

    def __init__(self, plan: Flow) -> None:
        self.columns, self.lanes, self.nodes = plan.columns, plan.lanes, plan.nodes
        slots: dict[tuple[int, int], int] = {}
        row_of: dict[str, int] = {}
        for node in self.nodes:
            place = (node.lane, node.column)
            row_of[node.id] = slots.get(place, 0)
            slots[place] = slots.get(place, 0) + 1
        self.depth = [
            max([slots.get((n, m), 0) for m in range(len(self.columns))] or [1]) or 1 for n in range(len(self.lanes))
        ]
        self.tops = [HEAD + ROW * sum(self.depth[:n]) for n in range(len(self.lanes))]
        self.width = LANE_HEAD + COLUMN * len(self.columns)
        self.height = HEAD + ROW * sum(self.depth) + 4
        self.boxes: dict[str, tuple[float, float]] = {}
        for node in self.nodes:
            x = LANE_HEAD + COLUMN * node.column
            y = self.tops[node.lane] + ROW * row_of[node.id] + (ROW - BOX_H) / 2
            self.boxes[node.id] = (x, y)
        self.taken: dict[int, int] = {}

    def gap(self, column: int) -> float:
        """Return a free track in the gap before a column; neighbours stand 4 px apart."""
        turn = self.taken.get(column, 0)
        self.taken[column] = turn + 1
        return LANE_HEAD + COLUMN * column - 16 + 4 * (turn % 4)


def _edge(layout: _Layout, start: str, end: str, critical: bool) -> str:  # noqa: FBT001
    """Return a line that runs only in the gaps between columns and along the borders of rows."""
    (x1, y1), (x2, y2) = layout.boxes[start], layout.boxes[end]
    x1, y1, y2 = x1 + BOX_W, y1 + BOX_H / 2, y2 + BOX_H / 2
    first = round((x1 - BOX_W - LANE_HEAD) / COLUMN) + 1
    last = round((x2 - LANE_HEAD) / COLUMN)
    if last < first:
        return ""
    track = layout.gap(first)
    path = f"M{x1:g} {y1:g}H{track:g}"
    if last == first:
        path += f"V{y2:g}H{x2 - 7:g}"
    else:
        border = y2 - ROW / 2 + (6 if y2 >= y1 else ROW - 6)
        path += f"V{border:g}H{layout.gap(last):g}V{y2:g}H{x2 - 7:g}"
    css = "ed crit" if critical else "ed"
    opacity = "" if critical else ' fill-opacity=".6"'
    return f'<path class="{css}" d="{path}"/><path class="hd" d="M{x2:g} {y2:g}l-8 -4.5v9z"{opacity}/>'


def _box(layout: _Layout, node: Node) -> str:
    """Return a box: two lines of name, one of note; the whole name as title."""
    x, y = layout.boxes[node.id]
    words = (
        node.state if node.state in ("done", "now") else "", "crit" if node.critical else "",
        "ext" if node.external else "",
    )
    css = " ".join(filter(None, words))
    weight = ' font-weight="700"' if node.critical else ""
    lines = lines_of(node.title)
    base = y + (22 if len(lines) > 1 else 28)
    middle = f'x="{x + BOX_W / 2:g}" text-anchor="middle"'
    texts = "".join(
        f'<text {middle} y="{base + 17 * n:g}"{weight}>{conditional_escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    title = conditional_escape(node.title)
    return (
        f'<g class="{css}"><title>{title}</title><rect class="bx" x="{x:g}" y="{y:g}" width="{BOX_W}" height="{BOX_H}" '
        f'rx="2"/>{texts}<text class="s" {middle} y="{y + 56:g}">{conditional_escape(node.note)}</text></g>'
    )


def _stage_heads(layout: _Layout, stages: Iterable[StageHead]) -> str:
    """Return the bars of the stages above the columns and the strokes between them."""
    out, column = [], 0
    for n, stage in enumerate(stages):
        x, width = LANE_HEAD - 10 + COLUMN * column, COLUMN * stage.span - 3
        if not stage.span:
            continue
        out.append(f'<rect class="{STAGE_FILLS[n % 3]}" x="{x}" y="0" width="{width}" height="34"/>')
        out.append(f'<text class="h inv" x="{x + 12}" y="22">{conditional_escape(stage.name)}</text>')
        if stage.span > 2:  # noqa: PLR2004 - the note needs three columns
            note = conditional_escape(stage.joints)
            out.append(f'<text class="inv" x="{x + width - 12}" y="22" text-anchor="end">{note}</text>')
        column += stage.span
        if column < len(layout.columns):
            out.append(f'<path class="cut" d="M{LANE_HEAD - 12 + COLUMN * column} 40V{layout.height - 4}"/>')
    return "".join(out)


def _lane_rows(layout: _Layout) -> str:
    """Return the lanes with their departments, two lines when the name is long."""
    out = []
    for n, lane in enumerate(layout.lanes):
        top, height = layout.tops[n], ROW * layout.depth[n]
        out.append(
            f'<rect class="lane{" alt" if n % 2 else ""}" x="0" y="{top}" width="{layout.width}" height="{height}"/>'
        )
        lines = lines_of(lane)
        y = top + height / 2 + 5 - 10 * (len(lines) - 1)
        out += [
            f'<text class="h" x="14" y="{y + 20 * at:g}">{conditional_escape(line)}</text>'
            for at, line in enumerate(lines)
        ]
    return "".join(out)


def _column_heads(layout: _Layout) -> str:
    """Return the date and the note (实际, 预计) of each column."""
    out = []
    for n, column in enumerate(layout.columns):
        x = LANE_HEAD + COLUMN * n + BOX_W / 2
        label, note = conditional_escape(column.label), conditional_escape(column.note)
        out.append(f'<text class="s" x="{x:g}" y="56" text-anchor="middle">{label}</text>')
        out.append(f'<text class="s" x="{x:g}" y="73" text-anchor="middle">{note}</text>')
    return "".join(out)


def _today(layout: _Layout, today: float | None) -> str:
    """Return the red line of today; ``today`` counts columns from the left."""
    if today is None:
        return ""
    x = LANE_HEAD + COLUMN * today - 6
    return (
        f'<path class="today" d="M{x:g} 62V{layout.height - 4}"/>'
        f'<rect class="today-bx" x="{x - 18:g}" y="40" width="36" height="22"/>'
        f'<text class="inv" x="{x:g}" y="56" text-anchor="middle">今天</text>'
    )


def draw(plan: Flow, label: str = "", *, title: str = "", style: str = "") -> SafeString:
    """Return the drawing. `title` is told to those who do not see it, `style` makes it stand alone."""
    layout = _Layout(plan)
    edges = sorted(plan.edges, key=lambda edge: edge[2])
    lines = [_edge(layout, *edge) for edge in edges if edge[0] in layout.boxes and edge[1] in layout.boxes]
    parts = [
        _lane_rows(layout), _stage_heads(layout, plan.stages), _column_heads(layout), *lines,
        _today(layout, plan.today), *[_box(layout, node) for node in layout.nodes],
    ]
    words = label or f"办理流程图：{len(layout.lanes)} 条泳道，{len(layout.nodes)} 个步骤，关键路径加粗"
    return frame(layout.width, layout.height, "".join(parts), words, title=title, style=style)


def frame(width: float, height: float, body: str, words: str, *, title: str = "", style: str = "") -> SafeString:
    """Return a drawing of this size around its parts."""
    head = format_html("<title>{}</title>", title) if title else ""
    alone = (
        f'xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '  if style else ""
    )
    return format_html(
        '<svg class="flow" {}viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>', mark_safe(alone),  # noqa: S308
        f"{width:g}", f"{height:g}", words, head, mark_safe(f"<style>{style}</style>" if style else ""),  # noqa: S308
        mark_safe(body),  # noqa: S308 - numbers, and words escaped above
    )
