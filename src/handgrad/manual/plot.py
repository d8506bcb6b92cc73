"""The plot of a function of one variable and of its derivative, as a drawing and in characters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from handgrad.document import Figure

LEFT, RIGHT, SAMPLES = -4.0, 4.0, 321
WIDTH, HEIGHT, MARGIN = 420, 260, 34
COLUMNS, ROWS = 65, 13


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a graph; a break is a pair of points at one place with different values."""

    name: str
    points: tuple[tuple[float, float], ...]


def curve(name: str, function: Callable[[float], float]) -> Curve:
    """The graph of the function; where it has no value there is no point."""
    found: list[tuple[float, float]] = []
    for number in range(SAMPLES):
        x = LEFT + (RIGHT - LEFT) * number / (SAMPLES - 1)
        try:
            found.append((x, function(x)))
        except (ArithmeticError, ValueError):
            continue
    return Curve(name, tuple(found))


def figure(curves: tuple[Curve, ...], alt: str) -> Figure:
    """The drawing of the curves, the first one solid."""
    heights = [y for c in curves for _, y in c.points]
    low, high = min(0.0, *heights), max(0.0, *heights)
    low, high = (low, min(high, 6.0)) if high > low else (low - 1, high + 1)
    return Figure(_svg(curves, low, high, alt), alt, _characters(curves, low, high))


# ---------------------------------------------------------------- as a drawing


def _svg(curves: tuple[Curve, ...], low: float, high: float, alt: str) -> str:
    def across(x: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (x - LEFT) / (RIGHT - LEFT)

    def up(y: float) -> float:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (y - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{alt}">',
        '<style>text{font:12px sans-serif;fill:currentColor}.a{stroke:currentColor;stroke-width:.7;opacity:.5}.f{fill:none;stroke-width:2}'
        ".f0{stroke:#2563eb}.f1{stroke:#d97706;stroke-dasharray:6 4}</style>",
        f'<line class="a" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{up(0):.1f}" y2="{up(0):.1f}"/>',
        f'<line class="a" x1="{across(0):.1f}" x2="{across(0):.1f}" y1="{MARGIN}" y2="{HEIGHT - MARGIN}"/>',
    ]
    parts += [f'<text x="{across(x):.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{_minus(x)}</text>' for x in (-4, -2, 0, 2, 4)]
    parts += [f'<text x="{MARGIN - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{_minus(y)}</text>' for y in _ticks(low, high)]
    for number, c in enumerate(curves):
        for piece in _pieces(c, low, high):
            path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in piece)
            parts.append(f'<polyline class="f f{number}" points="{path}"/>')
        parts.append(f'<line class="f f{number}" x1="{MARGIN + 90 * number}" x2="{MARGIN + 24 + 90 * number}" y1="14" y2="14"/>')
        parts.append(f'<text x="{MARGIN + 30 + 90 * number}" y="18">{_escaped(c.name)}</text>')
    return "\n".join([*parts, "</svg>"])


def _pieces(c: Curve, low: float, high: float) -> list[list[tuple[float, float]]]:
    """The curve inside the frame, broken where it jumps."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for x, y in c.points:
        jump = bool(pieces[-1]) and abs(y - pieces[-1][-1][1]) > (high - low) / 8
        if jump or not low <= y <= high:
            pieces.append([])
        if low <= y <= high:
            pieces[-1].append((x, y))
    return [piece for piece in pieces if len(piece) > 1]


def _ticks(low: float, high: float) -> list[float]:
    step = next(s for s in (0.25, 0.5, 1.0, 2.0, 5.0) if (high - low) / s <= 6 or s == 5.0)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _minus(x: float) -> str:
    return f"{x:g}".replace("-", "\u2212")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ---------------------------------------------------------------- in characters


def _characters(curves: tuple[Curve, ...], low: float, high: float) -> str:
    def row(y: float) -> int:
        return round((ROWS - 1) * (high - y) / (high - low))

    grid = [[" "] * COLUMNS for _ in range(ROWS)]
    grid[row(0)] = ["-"] * COLUMNS
    for line in grid:
        line[COLUMNS // 2] = "|"
    for mark, c in reversed(tuple(zip("*o", curves, strict=False))):
        for x, y in c.points:
            if low <= y <= high:
                grid[row(y)][round((COLUMNS - 1) * (x - LEFT) / (RIGHT - LEFT))] = mark
    names = "   ".join(f"{mark} {c.name}" for mark, c in zip("*o", curves, strict=False))
    sides = {0: f"{high:.3g}", row(0): "0", ROWS - 1: f"{low:.3g}"}
    lines = [f"{sides.get(number, ''):>6} {''.join(line).rstrip()}" for number, line in enumerate(grid)]
    ends = f"{'':>7}{LEFT:<{COLUMNS // 2}g}0{RIGHT:>{COLUMNS // 2}g}"
    return "\n".join([f"{'':>7}{names}", *lines, ends])
