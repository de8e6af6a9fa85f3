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
    'text{font-size:13px;font-family:"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif;fill:#1b232e}'
    ".lane{fill:#fff;stroke:#dddbd3}.alt{fill:#f6f5f1}.bx{fill:#fff;stroke:#80868e}.done .bx{fill:#edece6}"
    ".now .bx{fill:#e8edf2}.crit .bx{stroke:#1b232e;stroke-width:2.5}.ext .bx{stroke-dasharray:4 3}"
    ".ed{fill:none;stroke:#80868e;stroke-width:1.25}.ed.crit{stroke:#1b232e;stroke-width:2.75}.hd{fill:#1b232e}"
    ".fl-1{fill:#1b232e}.fl-2{fill:#1b4f80}.fl-3{fill:#5c6674}.cut{stroke:#1b232e;stroke-dasharray:2 4}"
    ".today{stroke:#b3261e;stroke-width:1.5}.today-bx{fill:#b3261e}.h{font-size:15px;font-weight:700}"
    ".s{font-size:12px;fill:#5c6674}.inv{fill:#fff}"
    # the fonts of papers have one weight: a bold name is drawn with its outline
    "text[font-weight]{stroke:#1b232e;stroke-width:.6}"
)

LANE_HEAD, HEAD, CHARS = 118, 84, 6
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" '


@dataclass(frozen=True, slots=True)
class Size:
    """Columns, boxes and rows of a drawing, in its units, and how many characters a line of a box takes."""

    column: int = 110
    box_w: int = 90
    box_h: int = 64
    row: int = 87
    chars: int = CHARS


PAGE = Size()
#: Boxes for a sheet that is wider than high, from roomy to tight: the one that lets the letters be largest is taken.
SHEETS = (
    Size(column=156, box_w=138, box_h=58, row=70, chars=10), Size(column=124, box_w=108, box_h=58, row=66, chars=8),
    Size(column=124, box_w=108, box_h=50, row=56, chars=8),
)
#: Millimetres that the drawing has on an A3 beside its heading, its legend and its number.
SHEET_AREA = (396, 235)
#: Below this height lines stand closer.
ROOMY = 58
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
#: No line begins with these.
CLOSERS = "、，；）”"
STAGE_FILLS = ("fl-1", "fl-2", "fl-3")


def lines_of(title: str, chars: int = CHARS) -> list[str]:
    """Return a title in at most two lines of so many characters; what stands in brackets is left out first."""
    if len(title) > 2 * chars:
        title = title.partition("（")[0]
    if len(title) <= chars:
        return [title]
    if len(title) > 2 * chars:
        at = chars + (title[chars] in CLOSERS)
        return [title[:at], title[at : at + chars - 1] + "…"]
    half = len(title) / 2
    cuts = range(len(title) - chars, chars + 1)
    cut = min(cuts, key=lambda at: (title[at] in CLOSERS, not title.startswith(WORDS, at), abs(at - half), at))
    return [title[:cut], title[cut:]]


class _Layout:
    """Where the lanes, columns and boxes of a plan stand."""

    def __init__(self, plan: Flow, size: Size) -> None:
        self.size = size
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
        self.tops = [HEAD + self.size.row * sum(self.depth[:n]) for n in range(len(self.lanes))]
        self.width = LANE_HEAD + self.size.column * len(self.columns)
        self.height = HEAD + self.size.row * sum(self.depth) + 4
        self.boxes: dict[str, tuple[float, float]] = {}
        for node in self.nodes:
            x = LANE_HEAD + self.size.column * node.column
            y = self.tops[node.lane] + self.size.row * row_of[node.id] + (self.size.row - self.size.box_h) / 2
            self.boxes[node.id] = (x, y)
        self.taken: dict[int, int] = {}

    def gap(self, column: int) -> float:
        """Return a free track in the gap before a column; neighbours stand 4 px apart."""
        turn = self.taken.get(column, 0)
        self.taken[column] = turn + 1
        return LANE_HEAD + self.size.column * column - 16 + 4 * (turn % 4)


def _edge(layout: _Layout, start: str, end: str, critical: bool) -> str:  # noqa: FBT001
    """Return a line that runs only in the gaps between columns and along the borders of rows."""
    (x1, y1), (x2, y2) = layout.boxes[start], layout.boxes[end]
    x1, y1, y2 = x1 + layout.size.box_w, y1 + layout.size.box_h / 2, y2 + layout.size.box_h / 2
    first = round((x1 - layout.size.box_w - LANE_HEAD) / layout.size.column) + 1
    last = round((x2 - LANE_HEAD) / layout.size.column)
    if last < first:
        return ""
    track = layout.gap(first)
    path = f"M{x1:g} {y1:g}H{track:g}"
    if last == first:
        path += f"V{y2:g}H{x2 - 7:g}"
    else:
        border = y2 - layout.size.row / 2 + (6 if y2 >= y1 else layout.size.row - 6)
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
    lines = lines_of(node.title, layout.size.chars)
    wide, high = layout.size.box_w, layout.size.box_h
    step, foot = (17, 8) if high >= ROOMY else (15, 5)
    base = y + high - foot - (2 * step if len(lines) > 1 else 28)
    middle = f'x="{x + layout.size.box_w / 2:g}" text-anchor="middle"'
    texts = "".join(
        f'<text {middle} y="{base + step * n:g}"{weight}>{conditional_escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    title = conditional_escape(node.title)
    return (
        f'<g class="{css}"><title>{title}</title><rect class="bx" x="{x:g}" y="{y:g}" width="{wide}" height="{high}" '
        f'rx="2"/>{texts}<text class="s" {middle} y="{y + high - foot:g}">{conditional_escape(node.note)}</text></g>'
    )


def _stage_heads(layout: _Layout, stages: Iterable[StageHead]) -> str:
    """Return the bars of the stages above the columns and the strokes between them."""
    out, column = [], 0
    for n, stage in enumerate(stages):
        x, width = LANE_HEAD - 10 + layout.size.column * column, layout.size.column * stage.span - 3
        if not stage.span:
            continue
        out.append(f'<rect class="{STAGE_FILLS[n % 3]}" x="{x}" y="0" width="{width}" height="34"/>')
        out.append(f'<text class="h inv" x="{x + 12}" y="22">{conditional_escape(stage.name)}</text>')
        if stage.span > 2:  # noqa: PLR2004 - the note needs three columns
            note = conditional_escape(stage.joints)
            out.append(f'<text class="inv" x="{x + width - 12}" y="22" text-anchor="end">{note}</text>')
        column += stage.span
        if column < len(layout.columns):
            x = LANE_HEAD - 12 + layout.size.column * column
            out.append(f'<path class="cut" d="M{x} 40V{layout.height - 4}"/>')
    return "".join(out)


def _lane_rows(layout: _Layout) -> str:
    """Return the lanes with their departments, two lines when the name is long."""
    out = []
    for n, lane in enumerate(layout.lanes):
        top, height = layout.tops[n], layout.size.row * layout.depth[n]
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
        x = LANE_HEAD + layout.size.column * n + layout.size.box_w / 2
        label, note = conditional_escape(column.label), conditional_escape(column.note)
        out.append(f'<text class="s" x="{x:g}" y="56" text-anchor="middle">{label}</text>')
        out.append(f'<text class="s" x="{x:g}" y="73" text-anchor="middle">{note}</text>')
    return "".join(out)


def _today(layout: _Layout, today: float | None) -> str:
    """Return the red line of today; ``today`` counts columns from the left."""
    if today is None:
        return ""
    x = LANE_HEAD + layout.size.column * today - 6
    return (
        f'<path class="today" d="M{x:g} 62V{layout.height - 4}"/>'
        f'<rect class="today-bx" x="{x - 18:g}" y="40" width="36" height="22"/>'
        f'<text class="inv" x="{x:g}" y="56" text-anchor="middle">今天</text>'
    )


def sheet_size(plan: Flow) -> Size:
    """Return the boxes with which the letters of this plan are largest on an A3."""
    def scale(size: Size) -> float:
        layout = _Layout(plan, size)
        return min(SHEET_AREA[0] / layout.width, SHEET_AREA[1] / layout.height)

    return max(SHEETS, key=scale)


def draw(plan: Flow, label: str = "", *, title: str = "", style: str = "", size: Size = PAGE) -> SafeString:
    """Return the drawing. `title` is told to those who do not see it, `style` makes it stand alone."""
    layout = _Layout(plan, size)
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
    alone = f'{NAMESPACE if style else ""}width="{width:g}" height="{height:g}" '
    return format_html(
        '<svg class="flow" {}viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>', mark_safe(alone),  # noqa: S308
        f"{width:g}", f"{height:g}", words, head, mark_safe(f"<style>{style}</style>" if style else ""),  # noqa: S308
        mark_safe(body),  # noqa: S308 - numbers, and words escaped above
    )
