"""The graph of a computation as a drawing: each quantity with its value (forward) and its gradient (backward), layer after layer.

    graph = Graph((Quantity("x", (x,), "0.18"), Quantity("z", (z,), "0.74", "−0.02")), (Edge("x", "z", ("w",)),))
    figure(graph, model)

The drawing runs from left to right, or downwards where that fits a page better. Colours are those of the page, in the light and in the
dark; an arrow says which way a number runs, so that colour only repeats it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from html import escape
from math import dist

from handgrad.axes import Model
from handgrad.document import Figure, Formula, Label
from handgrad.expr import Entry, Expr
from handgrad.records import dataclass
from handgrad.rendering import names
from handgrad.rendering.routes import Box, Curve, Places, Point, between, free_boxes, placed
from handgrad.rendering.shape import Context
from handgrad.rendering.style import BRACKETS, DRAWN, UNICODE, NoSubscript, flat
from handgrad.rendering.unicode import text
from handgrad.trees import subtrees

NAME, NUMBER, SMALL = 16.0, 13.5, 0.72           # sizes of text; how much smaller an index is
WIDE = 0.56                                      # about how wide a letter is for its size
PADDING, BETWEEN, MARGIN, LEGEND = 9.0, 58.0, 6.0, 30.0
WIDEST = 960.0                                   # a drawing from left to right that is wider runs downwards instead
MOST = 24                                        # quantities of a drawing that shows every one
FORWARD, BACKWARD = "→", "←"
INK, LINE, BACK = "currentColor", "var(--soft, #6a6a6a)", "var(--accent, #1f4e8c)"
PAPER, WASH = "var(--paper, #fff)", "var(--wash, #f6f5f1)"
LARGE = {small: letter for letter, small in names.SUBSCRIPTS.items()}
BELOW = re.compile(rf"\[([^\[\]]*)\]|([{''.join(LARGE)}]+)|(?<=[^\W_])_([^\W_]+)(?!\w)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity: its key among the nodes, its name, its value, and the gradient by it; a number that is not shown is empty."""

    key: Hashable
    label: Label
    value: str = ""
    gradient: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """What the computation of `head` uses: `tail`, under a label if there is one."""

    tail: Hashable
    head: Hashable
    label: Label = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """The quantities of a computation and which of them are computed from which. It has no cycles."""

    nodes: tuple[Quantity, ...]
    edges: tuple[Edge, ...]


def graph_of(formulas: Mapping[Entry, Expr], label: Callable[[Entry], Formula], values: Mapping[Entry, str], gradients: Mapping[Entry, str]) -> Graph:
    """The graph of formulas that are written out: each entry in them is a quantity, and one that has no formula is given.

    Of more than `MOST` quantities, those that are given for one quantity alone are left out, such as the weights of a layer.
    """
    uses = {entry: tuple(dict.fromkeys(n for n in reversed(tuple(subtrees(formula))) if isinstance(n, Entry))) for entry, formula in formulas.items()}
    times = Counter(entry for below in uses.values() for entry in below)
    known = dict.fromkeys(entry for result, below in uses.items() for entry in (*below, result))
    shown = [entry for entry in known if len(known) <= MOST or entry in formulas or times[entry] > 1]
    nodes = tuple(Quantity(entry, (label(entry),), values.get(entry, ""), gradients.get(entry, "")) for entry in shown)
    return Graph(nodes, tuple(Edge(tail, head) for head, below in uses.items() for tail in below if tail in set(shown)))


@dataclass(frozen=True, slots=True)
class Run:
    """Some letters of a label; `below`: they are an index."""

    text: str
    below: bool = False


def figure(graph: Graph, model: Model, alt: str = "") -> Figure:
    """The drawing of the graph with what stands for it in text."""
    labels = tuple(runs(node.label, model) for node in graph.nodes)
    fallback = _listed(graph, model)
    return Figure(_svg(graph, labels, tuple(runs(edge.label, model) for edge in graph.edges)), alt or f"computation graph: {_said(graph, model)}", fallback)


# ---------------------------------------------------------------- labels


def runs(label: Label, model: Model) -> tuple[Run, ...]:
    """The label in pieces on the line and below it."""
    found: list[Run] = []
    for part in label:
        if isinstance(part, str):
            found.append(Run(_clean(part)))
            continue
        written = flat(text(part, Context(model).around(part), DRAWN), DRAWN)
        place = 0
        for match in BELOW.finditer(written):
            found.append(Run(written[place:match.start()]))
            found.append(Run(_index(next(group for group in match.groups() if group is not None)), below=True))
            place = match.end()
        found.append(Run(written[place:]))
    return tuple(run for run in found if run.text)


def _clean(words: str) -> str:
    """The words on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in words)


def _index(below: str) -> str:
    """An index with its letters in their full size, and without commas where each part is a single letter."""
    large = "".join(LARGE.get(c, c) for c in below)
    parts = large.split(",")
    return "".join(parts) if all(len(part) == 1 for part in parts) else large


def plain(label: Label, model: Model) -> str:
    """The label as plain text."""
    shown = ""
    for part in label:
        if isinstance(part, str):
            shown += _clean(part)
            continue
        try:
            shown += flat(text(part, Context(model).around(part), UNICODE))
        except NoSubscript:
            shown += flat(text(part, Context(model).around(part), BRACKETS), BRACKETS)
    return shown


def _width(label: Sequence[Run], size: float) -> float:
    return sum(len(run.text) * size * WIDE * (SMALL if run.below else 1) for run in label)


def _written(label: Sequence[Run], at: Point, size: float, style: str) -> str:
    """The label in SVG, its middle on the line of letters at the point."""
    shown, lowered = "", 0.0
    for run in label:
        target = size * 0.22 if run.below else 0.0
        shift = f' dy="{target - lowered:.1f}"' if target != lowered else ""
        small = f' font-size="{size * SMALL:.1f}"' if run.below else ""
        shown += f"<tspan{shift}{small}>{escape(run.text)}</tspan>" if shift or small else escape(run.text)
        lowered = target
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:g}" text-anchor="middle" {style}>{shown}</text>'


# ---------------------------------------------------------------- drawing


def _numbers(node: Quantity) -> list[tuple[str, str]]:
    """The lines of numbers of a node with their colours."""
    value = [(f"{FORWARD} {_clean(node.value)}", INK)] if node.value else []
    return value + ([(f"{BACKWARD} {_clean(node.gradient)}", BACK)] if node.gradient else [])


def _sizes(graph: Graph, labels: Sequence[Sequence[Run]]) -> list[tuple[float, float]]:
    """Width and height of each node."""
    found = []
    for node, label in zip(graph.nodes, labels, strict=True):
        lines = _numbers(node)
        widest = max([_width(label, NAME), *(len(line) * NUMBER * WIDE for line, _ in lines)])
        found.append((max(widest, 24.0) + 2 * PADDING, NAME * 1.3 + len(lines) * NUMBER * 1.25 + PADDING))
    return found


def _places(graph: Graph, labels: Sequence[Sequence[Run]], edge_labels: Sequence[Sequence[Run]]) -> Places:
    """The graph from left to right if that is not too wide, else downwards if that is narrower."""
    sizes = _sizes(graph, labels)
    place = {node.key: n for n, node in enumerate(graph.nodes)}
    edges = [(place[edge.tail], place[edge.head]) for edge in graph.edges]
    fans = Counter(edge.tail for edge in graph.edges)
    # where lines fan out and cross, two labels find room one after the other
    lengths = [max(BETWEEN, _width(label, NUMBER) * (2 if fans[edge.tail] > 1 else 1) + 46) if label else BETWEEN
               for edge, label in zip(graph.edges, edge_labels, strict=True)]
    sideways = placed(sizes, edges, lengths, down=False)
    if sideways.width <= WIDEST:
        return sideways
    downwards = placed(sizes, edges, [BETWEEN + 20 if label else BETWEEN for label in edge_labels], down=True)
    return downwards if downwards.width < sideways.width else sideways


def _svg(graph: Graph, labels: Sequence[Sequence[Run]], edge_labels: Sequence[Sequence[Run]]) -> str:
    places = _places(graph, labels, edge_labels)
    legend = _legend(graph, labels)
    width = max(places.width, _width(legend, NUMBER)) + 2 * MARGIN
    height = places.height + 2 * MARGIN + (LEGEND if legend else 0)
    start = (width - places.width) / 2
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="wide" style="max-width: {width:.0f}px" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [f'{head} font-family="inherit" fill="none"><g transform="translate({start:.1f} {MARGIN:.1f})">']
    parts += (_edge(route) for route in places.routes)
    parts += (_node(node, label, box, not _is_used(graph, node), _uses(graph, node))
              for node, label, box in zip(graph.nodes, labels, places.boxes, strict=True))
    parts += _edge_labels(places, edge_labels)
    below = _written(legend, (width / 2, height - MARGIN - 6), NUMBER, f'fill="{LINE}"') if legend else ""
    return "".join([*parts, "</g>", below, "</svg>"])


def _is_used(graph: Graph, node: Quantity) -> bool:
    return any(edge.tail == node.key for edge in graph.edges)


def _uses(graph: Graph, node: Quantity) -> bool:
    return any(edge.head == node.key for edge in graph.edges)


def _node(node: Quantity, label: Sequence[Run], box: Box, is_result: bool, is_computed: bool) -> str:
    """The box of a node; what is given has a tinted ground and round ends, a result a strong line."""
    stroke = f'stroke="{INK}" stroke-width="2"' if is_result else f'stroke="{LINE}" stroke-width="1.1"'
    corner, ground = (5, PAPER) if is_computed else (12, WASH)
    left, top = box.x - box.width / 2, box.y - box.height / 2
    shown = f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{corner}" fill="{ground}" {stroke}/>'
    lines = _numbers(node)
    line = top + PADDING / 2 + NAME
    shown += _written(label, (box.x, line), NAME, f'fill="{INK}" font-weight="600"')
    for number, colour in lines:
        line += NUMBER * 1.25
        shown += _written((Run(number),), (box.x, line), NUMBER, f'fill="{colour}"')
    return shown


def _edge(route: tuple[Curve, ...]) -> str:
    """The way of an edge with an arrow at its end."""
    (x, y), *_ = route[0]
    path = f"M{x:.1f} {y:.1f}" + "".join(f"C{b[0]:.1f} {b[1]:.1f} {c[0]:.1f} {c[1]:.1f} {d[0]:.1f} {d[1]:.1f}" for _, b, c, d in route)
    end = route[-1][3]
    before = between(route[-1], 0.9)
    size = dist(before, end)
    ahead = ((end[0] - before[0]) / size, (end[1] - before[1]) / size)
    corners = [(end[0] - 8 * ahead[0] + side * ahead[1], end[1] - 8 * ahead[1] - side * ahead[0]) for side in (3.2, -3.2)]
    arrow = " ".join(f"{corner[0]:.1f},{corner[1]:.1f}" for corner in (end, *corners))
    return f'<path d="{path}" stroke="{LINE}" stroke-width="1.2"/><polygon points="{arrow}" fill="{LINE}"/>'


def _edge_labels(places: Places, labels: Sequence[Sequence[Run]]) -> Iterator[str]:
    """The labels of the edges, on paper of their own where no other label stands and few lines pass."""
    sizes = [(_width(label, NUMBER) + 6, NUMBER * 1.3) if label else None for label in labels]
    for label, box in zip(labels, free_boxes(places, sizes), strict=True):
        if box is not None:
            left, top = box.x - box.width / 2, box.y - box.height / 2
            yield f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="3" fill="{PAPER}"/>'
            yield _written(label, (box.x, box.y + NUMBER * 0.34), NUMBER, f'fill="{INK}"')


def _legend(graph: Graph, labels: Sequence[Sequence[Run]]) -> tuple[Run, ...]:
    """What the arrows before the numbers mean."""
    results = [label for node, label in zip(graph.nodes, labels, strict=True) if not _is_used(graph, node)]
    what = (Run("derivative of "), *results[0], Run(" by it")) if len(results) == 1 else (Run("derivative of the result by it"),)
    value = (Run(f"{FORWARD} value"),) if any(node.value for node in graph.nodes) else ()
    gradient = (Run(f"{BACKWARD} "), *what) if any(node.gradient for node in graph.nodes) else ()
    return (*value, Run("\u2003\u2003"), *gradient) if value and gradient else value or gradient


# ---------------------------------------------------------------- text


def _said(graph: Graph, model: Model) -> str:
    """The graph in a sentence."""
    results = [plain(node.label, model) for node in graph.nodes if not _is_used(graph, node)]
    return f"{', '.join(results)} from {len(graph.nodes) - len(results)} quantities in {len(graph.edges)} steps" if graph.nodes else "empty"


def _listed(graph: Graph, model: Model) -> str:
    """The nodes line by line: name, value, gradient, and what each is computed from."""
    name = {node.key: plain(node.label, model) for node in graph.nodes}
    uses: dict[Hashable, list[str]] = {node.key: [] for node in graph.nodes}
    for edge in graph.edges:
        label = plain(edge.label, model)
        uses[edge.head].append(name[edge.tail] + (f" ({label})" if label else ""))
    rows = [(name[node.key], _clean(node.value), _clean(node.gradient), ", ".join(uses[node.key])) for node in graph.nodes]
    header = ("", "value" if any(row[1] for row in rows) else "", "gradient" if any(row[2] for row in rows) else "", "from")
    sizes = [max(len(row[n]) for row in (header, *rows)) for n in range(3)]
    return "\n".join(f"{a:<{sizes[0]}}  {b:>{sizes[1]}}  {c:>{sizes[2]}}  {d}".rstrip() for a, b, c, d in (header, *rows))
