"""The flow chart of a plan as SVG: columns are steps, lanes departments, the critical path in ink. Pure.

Lines run only in the gaps between columns and along the borders of rows. Colour is a class (`office.css`); `STYLE` says
the same for a drawing that stands alone (a PDF, a file).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from packages.planning.wrapping import lines_of


@dataclass(frozen=True, slots=True)
class Column:
    """A step: its date, and whether that is known or foreseen; `joined` to the column before, whose step it shares."""

    label: str
    note: str = ""
    joined: bool = False


@dataclass(frozen=True, slots=True)
class StageHead:
    """A stage above its columns."""

    name: str
    joints: str
    span: int


@dataclass(frozen=True, slots=True)
class Node:
    """A box: `state` is done, now or todo; `external` is not the government's time.

    `goes` is the number under which its lines go on upon another sheet, `comes` those that come from an earlier one.
    """

    id: str
    title: str
    note: str
    column: int
    lane: int
    state: str = "todo"
    critical: bool = False
    external: bool = False
    goes: int = 0
    comes: tuple[int, ...] = ()


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
    ".s{font-size:12px;fill:#5c6674}.inv{fill:#fff}.mk{font-size:12px}.from{fill:#fff;stroke:#1b232e}.to{fill:#1b232e}"
    # the fonts of papers have one weight: a bold name is drawn with its outline
    "text[font-weight]{stroke:#1b232e;stroke-width:.6}"
)

LANE_HEAD, HEAD = 118, 84
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" '
#: Units of a line of a name, of a box beside its lines, from its foot to the note, of the letter of a name.
STEP, FRAME, FOOT, LETTER = 15, 29, 6, 13


@dataclass(frozen=True, slots=True)
class Size:
    """How many characters a line of a box takes and how many lines at least and at most; units between boxes."""

    chars: int = 7
    least: int = 2
    most: int = 4
    aisle: int = 18
    gap: int = 22

    @property
    def box_w(self) -> int:
        """How wide a box is, in px."""
        return LETTER * self.chars + 12

    @property
    def column(self) -> int:
        """How wide a column is with the gap in which lines run, in px."""
        return self.box_w + self.aisle

    def box_h(self, lines: int) -> int:
        """How high a box with so many lines of name is, in px."""
        return STEP * min(max(lines, self.least), self.most) + FRAME


PAGE = Size()
STAGE_FILLS = ("fl-1", "fl-2", "fl-3")


class Layout:
    """Where the lanes, columns and boxes of a plan stand; a row is as high as the longest name in it asks."""

    def __init__(self, plan: Flow, size: Size) -> None:
        self.size = size
        self.columns, self.lanes, self.nodes = plan.columns, plan.lanes, plan.nodes
        slots: dict[tuple[int, int], int] = {}
        rows: dict[int, dict[int, int]] = {lane: {0: size.least} for lane in range(len(self.lanes))}
        place: dict[str, int] = {}
        self.lines = {node.id: lines_of(node.title, size.chars, size.most) for node in self.nodes}
        for node in self.nodes:
            slot = place[node.id] = slots.get((node.lane, node.column), 0)
            slots[node.lane, node.column] = slot + 1
            rows[node.lane][slot] = max(rows[node.lane].get(slot, size.least), len(self.lines[node.id]))
        self.rows = [[size.box_h(most) + size.gap for _, most in sorted(rows[lane].items())] for lane in sorted(rows)]
        self.heights = [sum(row) for row in self.rows]
        self.tops = [HEAD + sum(self.heights[:n]) for n in range(len(self.lanes))]
        self.width = LANE_HEAD + size.column * len(self.columns)
        self.height = HEAD + sum(self.heights) + 4
        self.boxes: dict[str, tuple[float, float, float]] = {}
        for node in self.nodes:
            row, slot = self.rows[node.lane], place[node.id]
            y = self.tops[node.lane] + sum(row[:slot]) + size.gap / 2
            self.boxes[node.id] = (LANE_HEAD + size.column * node.column, y, row[slot] - size.gap)
        self.taken: dict[int, int] = {}

    def gap(self, column: int) -> float:
        """Return a free track in the gap before a column; neighbours stand 4 px apart."""
        turn = self.taken.get(column, 0)
        self.taken[column] = turn + 1
        return LANE_HEAD + self.size.column * column - 16 + 4 * (turn % 4)


def _edge(layout: Layout, start: str, end: str, critical: bool) -> str:  # noqa: FBT001
    """Return a line that runs only in the gaps between columns and along the borders of rows."""
    (x1, y1, high1), (x2, y2, high2) = layout.boxes[start], layout.boxes[end]
    size = layout.size
    first = round((x1 - LANE_HEAD) / size.column) + 1
    last = round((x2 - LANE_HEAD) / size.column)
    if last < first:
        return ""
    x1, y1, y2 = x1 + size.box_w, y1 + high1 / 2, y2 + high2 / 2
    track = layout.gap(first)
    path = f"M{x1:g} {y1:g}H{track:g}"
    if last == first:
        path += f"V{y2:g}H{x2 - 7:g}"
    else:
        aside = (high2 + size.gap) / 2 - min(6, size.gap / 2 - 2)
        border = y2 - aside if y2 >= y1 else y2 + aside
        path += f"V{border:g}H{layout.gap(last):g}V{y2:g}H{x2 - 7:g}"
    css = "ed crit" if critical else "ed"
    opacity = "" if critical else ' fill-opacity=".6"'
    return f'<path class="{css}" d="{path}"/><path class="hd" d="M{x2:g} {y2:g}l-8 -4.5v9z"{opacity}/>'


def _box(layout: Layout, node: Node) -> str:
    """Return a box: its name in lines, its note, the whole name as title, the numbers of what is on other sheets."""
    x, y, high = layout.boxes[node.id]
    words = (
        node.state if node.state in ("done", "now") else "", "crit" if node.critical else "",
        "ext" if node.external else "",
    )
    css = " ".join(filter(None, words))
    weight = ' font-weight="700"' if node.critical else ""
    lines, wide = layout.lines[node.id], layout.size.box_w
    base = y + (high - FOOT - 12 - STEP * len(lines)) / 2 + 12
    middle = f'x="{x + wide / 2:g}" text-anchor="middle"'
    texts = "".join(
        f'<text {middle} y="{base + STEP * n:g}"{weight}>{conditional_escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    marks = "".join(_mark(x + 6 + 19 * n, y - 2, number, "from") for n, number in enumerate(node.comes))
    marks += _mark(x + wide - 6, y - 2, node.goes, "to") if node.goes else ""
    title = conditional_escape(node.title)
    return (
        f'<g class="{css}"><title>{title}</title><rect class="bx" x="{x:g}" y="{y:g}" width="{wide}" height="{high:g}" '
        f'rx="2"/>{texts}<text class="s" {middle} y="{y + high - FOOT:g}">{conditional_escape(node.note)}</text>{marks}'
        "</g>"
    )


def _mark(x: float, y: float, number: int, way: str) -> str:
    """Return a number in a ring, under which lines come from another sheet, or in a disc, under which they go on."""
    css = "mk inv" if way == "to" else "mk"
    return (
        f'<circle class="{way}" cx="{x:g}" cy="{y:g}" r="9"/>'
        f'<text class="{css}" x="{x:g}" y="{y + 4:g}" text-anchor="middle">{number}</text>'
    )


def _stage_heads(layout: Layout, stages: Iterable[StageHead]) -> str:
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


def _lane_rows(layout: Layout) -> str:
    """Return the lanes with their departments, two lines when the name is long."""
    out = []
    for n, lane in enumerate(layout.lanes):
        top, height = layout.tops[n], layout.heights[n]
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


def _column_heads(layout: Layout) -> str:
    """Return the date and the note (实际, 预计) of each step, over all of its columns."""
    out = []
    starts = [n for n, column in enumerate(layout.columns) if not column.joined]
    for n, after in pairwise([*starts, len(layout.columns)]):
        left = LANE_HEAD + layout.size.column * n
        right = LANE_HEAD + layout.size.column * (after - 1) + layout.size.box_w
        x, column = (left + right) / 2, layout.columns[n]
        label, note = conditional_escape(column.label), conditional_escape(column.note)
        out.append(f'<text class="s" x="{x:g}" y="56" text-anchor="middle">{label}</text>')
        out.append(f'<text class="s" x="{x:g}" y="73" text-anchor="middle">{note}</text>')
        if after - n > 1:
            out.append(f'<path class="ed" d="M{left} 79V76H{right}V79"/>')
    return "".join(out)


def _today(layout: Layout, today: float | None) -> str:
    """Return the red line of today; ``today`` counts columns from the left."""
    if today is None:
        return ""
    x = LANE_HEAD + layout.size.column * today - 6
    return (
        f'<path class="today" d="M{x:g} 62V{layout.height - 4}"/>'
        f'<rect class="today-bx" x="{x - 18:g}" y="40" width="36" height="22"/>'
        f'<text class="inv" x="{x:g}" y="56" text-anchor="middle">今天</text>'
    )


def draw(plan: Flow, label: str = "", *, title: str = "", style: str = "", size: Size = PAGE) -> SafeString:
    """Return the drawing. `title` is told to those who do not see it, `style` makes it stand alone."""
    layout = Layout(plan, size)
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
