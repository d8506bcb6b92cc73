"""Curves: of functions of one variable, and of what changes step by step, as SVG for pages and in dots for text.

It takes points and knows no function. A curve is broken where a point has no value, and where two points stand at one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, inf, isfinite, log10

from handgrad.document import Figure
from handgrad.records import dataclass

Point = tuple[float, float | None]
WIDTH, HEIGHT = 560, 330
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 36, 34
LIMIT, JUMP = 6.0, 0.75     # what lies further from 0 is cut off; points further apart are not joined
STROKES = (("var(--accent, #1f4e8c)", ""), ("var(--bad, #b3261e)", "7 4"), ("var(--good, #2c6e36)", "2 4"))
COLUMNS, ROWS = 60, 12      # of the drawing in dots
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: its name and its points from left to right."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The ranges of the two axes. `whole`: the first has whole numbers only; `limit`, `jump`: how far from 0 and apart points may lie."""

    left: float
    right: float
    low: float
    high: float
    whole: bool = False
    limit: float = LIMIT
    jump: float = JUMP


def figure(curves: Sequence[Curve], alt: str, kinks: Sequence[tuple[float, float]] = ()) -> Figure:
    """The curves, the first one solid, with their kinks marked by rings."""
    frame = _frame(curves, kinks)
    return Figure(_svg(curves, kinks, frame), alt, _dots(curves, frame))


def course(values: Sequence[float | None], name: str, alt: str, step: str = "epoch") -> Figure:
    """What a quantity is after each step, from step 0 on, every value marked; a step without a value is left out."""
    seen = [y for y in values if y is not None and isfinite(y)] or [0.0, 1.0]
    least, most = min(seen), max(seen)
    low = 0.0 if 0 <= least <= most / 2 else least
    margin = 0.06 * (most - low) or abs(most) / 10 or 1.0
    frame = Frame(0.0, float(max(len(values) - 1, 1)), low - margin if low else 0.0, most + margin, True, inf, inf)
    curve = Curve(name, tuple((float(x), y if y is not None and isfinite(y) else None) for x, y in enumerate(values)))
    marked = [_at(frame, x, y).split(",") for x, y in curve.points if y is not None]
    radius = 3.0 if len(values) <= 60 else 1.5
    marks = "".join(f'<circle cx="{across}" cy="{down}" r="{radius}" fill="{STROKES[0][0]}"/>' for across, down in marked)
    label = f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end" fill="currentColor">{escape(step)}</text>'
    return Figure(_svg([curve], [], frame).replace("</svg>", f"{marks}{label}</svg>"), alt, f"{_dots([curve], frame)}, by {step}")


def _frame(curves: Sequence[Curve], kinks: Sequence[tuple[float, float]]) -> Frame:
    seen = [(x, y) for curve in curves for x, y in curve.points if y is not None and abs(y) <= LIMIT] + list(kinks)
    xs = [x for x, _ in seen] or [0.0, 1.0]
    ys = [*(y for _, y in seen), 0.0]
    low, high = min(ys), max(ys)
    margin = 0.06 * (high - low) or 1.0
    return Frame(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, low - margin, high + margin)


def ticks(low: float, high: float, least: int = 4, whole: bool = False) -> list[float]:
    """Round numbers between the ends, at least `least` of them where that is possible; `whole`: only whole ones."""
    rough = (high - low) / least
    scale = 10.0 ** floor(log10(rough))
    step = max((s * scale for s in (1, 2, 5, 10) if s * scale <= rough), default=scale)
    step = max(step, 1.0) if whole else step
    return [round(n * step, 12) for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """The number on an axis."""
    return f"{value:g}".replace("-", "−")


# ---------------------------------------------------------------- SVG


def _svg(curves: Sequence[Curve], kinks: Sequence[tuple[float, float]], frame: Frame) -> str:
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="inherit" font-size="13" fill="none">']
    parts += _axes(frame)
    for place, curve in enumerate(curves):
        colour, dashes = STROKES[place % len(STROKES)]
        stroke = f'stroke="{colour}" stroke-width="2" stroke-linejoin="round"' + (f' stroke-dasharray="{dashes}"' if dashes else "")
        parts += [f'<polyline points="{" ".join(_at(frame, x, y) for x, y in run)}" {stroke}/>' for run in _runs(curve, frame)]
        parts.append(_legend(place, curve.name, stroke))
    for x, y in kinks:
        across, down = _at(frame, x, y).split(",")
        parts.append(f'<circle cx="{across}" cy="{down}" r="4" fill="var(--paper, #fff)" stroke="currentColor" stroke-width="1.5"><title>kink</title></circle>')
    return "".join([*parts, "</svg>"])


def _at(frame: Frame, x: float, y: float) -> str:
    across = LEFT + (x - frame.left) / (frame.right - frame.left) * (WIDTH - LEFT - RIGHT)
    down = TOP + (frame.high - y) / (frame.high - frame.low) * (HEIGHT - TOP - BOTTOM)
    return f"{across:.1f},{down:.1f}"


def _runs(curve: Curve, frame: Frame) -> Iterator[list[tuple[float, float]]]:
    """The unbroken parts of the curve that can be seen."""
    run: list[tuple[float, float]] = []
    for x, y in (*curve.points, (0.0, None)):
        shown = y is not None and abs(y) <= frame.limit
        if run and (y is None or not shown or x == run[-1][0] or abs(y - run[-1][1]) > frame.jump):
            yield run
            run = []
        if shown and y is not None:
            run.append((x, y))


def _axes(frame: Frame) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    for x in ticks(frame.left, frame.right, whole=frame.whole):
        across = _at(frame, x, 0).split(",")[0]
        weight = 'stroke="currentColor" opacity=".55"' if x == 0 else 'stroke="var(--line, #c9c9c9)" opacity=".6"'
        yield f'<line x1="{across}" y1="{TOP}" x2="{across}" y2="{bottom}" {weight}/>'
        yield f'<text x="{across}" y="{bottom + 18}" text-anchor="middle" fill="var(--soft, #6a6a6a)">{number(x)}</text>'
    for y in ticks(frame.low, frame.high):
        down = _at(frame, 0, y).split(",")[1]
        weight = 'stroke="currentColor" opacity=".55"' if y == 0 else 'stroke="var(--line, #c9c9c9)" opacity=".6"'
        yield f'<line x1="{LEFT}" y1="{down}" x2="{WIDTH - RIGHT}" y2="{down}" {weight}/>'
        yield f'<text x="{LEFT - 8}" y="{float(down) + 4:.1f}" text-anchor="end" fill="var(--soft, #6a6a6a)">{number(y)}</text>'


def _legend(place: int, name: str, stroke: str) -> str:
    across = LEFT + (WIDTH - LEFT - RIGHT) * place // 3
    return f'<line x1="{across}" y1="14" x2="{across + 28}" y2="14" {stroke}/><text x="{across + 36}" y="18" fill="currentColor">{escape(name)}</text>'


# ---------------------------------------------------------------- dots


def _dots(curves: Sequence[Curve], frame: Frame) -> str:
    """The curves in the dots of braille; every curve after the first is sparser than the one before."""
    cells = [[0x2800] * COLUMNS for _ in range(ROWS)]
    for place, curve in enumerate(curves):
        for count, (x, y) in enumerate(_dense(curve, frame)):
            if count % (3 * place + 1) == 0:
                column, row = _dot(frame, x, y)
                cells[row // 4][column // 2] |= DOTS[row % 4][column % 2]
    high, low = number(float(f"{frame.high:.2g}")), number(float(f"{frame.low:.2g}"))
    margin = max(len(high), len(low))
    names = [high, *[""] * (ROWS - 2), low]
    rows = [f"{name:>{margin}} ┤" + "".join(map(chr, row)) for name, row in zip(names, cells, strict=True)]
    ends = number(frame.left), number(frame.right)
    below = " " * (margin + 2) + ends[0] + ends[1].rjust(COLUMNS - len(ends[0]))
    legend = " " * (margin + 2) + "   ".join(f"{('───', '┄┄┄', '···')[place % 3]} {curve.name}" for place, curve in enumerate(curves))
    return "\n".join([*rows, below, legend])


def _dot(frame: Frame, x: float, y: float) -> tuple[int, int]:
    column = round((x - frame.left) / (frame.right - frame.left) * (2 * COLUMNS - 1))
    row = round((frame.high - y) / (frame.high - frame.low) * (4 * ROWS - 1))
    return column, row


def _dense(curve: Curve, frame: Frame) -> Iterator[tuple[float, float]]:
    """The points of the curve and points between them, close enough for a line of dots."""
    for run in _runs(curve, frame):
        yield run[0]
        for (x, y), (x_next, y_next) in pairwise(run):
            (column, row), (column_next, row_next) = _dot(frame, x, y), _dot(frame, x_next, y_next)
            steps = max(4, abs(column_next - column), abs(row_next - row))
            yield from ((x + (x_next - x) * n / steps, y + (y_next - y) * n / steps) for n in range(1, steps + 1))
