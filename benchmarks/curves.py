"""Curves of errors, as one SVG that stands by itself: panels side by side, in each the height is logarithmic.

Numbers and round steps on the axes are those of the package's own plots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log10

from handgrad.rendering.plot import Curve, number, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 250, 56, 14, 34, 42
HEAD = 34                           # above the panels, for the names of the curves
LINES = (("#1f4e8c", ""), ("#b3261e", "7 4"), ("#2c6e36", "2 3"), ("#8a5a00", "9 3 2 3"), ("#555", "4 2"))
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Panel:
    """Curves over one axis; `low` and `high` are the powers of ten at the ends of the other, and what lies beyond is drawn there."""

    title: str
    across: str
    curves: Sequence[Curve]
    low: int
    high: int

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the panel."""
        xs = [x for curve in self.curves for x, _ in curve.points]
        height = min(max(log10(y) if y > 0 else self.low, self.low), self.high)
        return LEFT + (x - min(xs))/(max(xs) - min(xs))*(WIDTH - LEFT - RIGHT), TOP + (self.high - height)/(self.high - self.low)*(HEIGHT - TOP - BOTTOM)


def sheet(panels: Sequence[Panel], alt: str, up: str) -> str:
    """The panels, two in a row, with the names of their curves above them; a curve has one colour in all."""
    names = list(dict.fromkeys(curve.name for panel in panels for curve in panel.curves))
    width, height = 2*WIDTH, HEAD + HEIGHT*((len(panels) + 1)//2)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
             f'aria-label="{escape(alt)}" font-family="sans-serif" font-size="12" fill="none">', f"<title>{escape(alt)}</title>",
             f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for place, name in enumerate(names):
        x = LEFT + place*(width - LEFT)/max(len(names), 5)
        parts.append(f'<line x1="{x:.0f}" y1="18" x2="{x + 30:.0f}" y2="18" {_stroke(place)}/><text x="{x + 37:.0f}" y="22" fill="#222">{escape(name)}</text>')
    for place, panel in enumerate(panels):
        inside = "".join((*_axes(panel, up), *_drawn(panel, names)))
        parts.append(f'<g transform="translate({place % 2*WIDTH} {HEAD + place//2*HEIGHT})">{inside}</g>')
    return "".join([*parts, "</svg>\n"])


def _stroke(place: int) -> str:
    colour, dashes = LINES[place % len(LINES)]
    return f'stroke="{colour}" stroke-width="{2.2 if place == 0 else 1.6}" stroke-linejoin="round"' + (f' stroke-dasharray="{dashes}"' if dashes else "")


def _drawn(panel: Panel, names: Sequence[str]) -> Iterator[str]:
    for curve in panel.curves:
        points = [panel.at(x, y) for x, y in curve.points if y is not None]
        yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" {_stroke(names.index(curve.name))}/>'


def _axes(panel: Panel, up: str) -> Iterator[str]:
    bottom, grey, soft = HEIGHT - BOTTOM, 'stroke="#d4d4d4"', 'fill="#555"'
    xs = [x for curve in panel.curves for x, _ in curve.points]
    for x in ticks(min(xs), max(xs)):
        place = panel.at(x, 1.0)[0]
        yield f'<line x1="{place:.1f}" y1="{TOP}" x2="{place:.1f}" y2="{bottom}" {grey}/>'
        yield f'<text x="{place:.1f}" y="{bottom + 15}" text-anchor="middle" {soft}>{number(x)}</text>'
    for y in range(panel.low, panel.high + 1):
        place = panel.at(xs[0], 10.0**y)[1]
        yield f'<line x1="{LEFT}" y1="{place:.1f}" x2="{WIDTH - RIGHT}" y2="{place:.1f}" {grey}/>'
        if (y - panel.high) % 2 == 0:
            yield f'<text x="{LEFT - 6}" y="{place + 4:.1f}" text-anchor="end" {soft}>10{str(y).translate(RAISED)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT)/2}" y="{HEIGHT - 8}" text-anchor="middle" {soft}>{escape(panel.across)}</text>'
    yield f'<text x="{LEFT}" y="{TOP - 9}" font-weight="bold" fill="#222">{escape(panel.title)}</text>'
    middle = (TOP + bottom)/2
    yield f'<text x="13" y="{middle}" text-anchor="middle" transform="rotate(-90 13 {middle})" {soft}>{escape(up)}</text>'


def crests(points: Sequence[tuple[float, float]], bins: int) -> tuple[tuple[float, float], ...]:
    """Of many points the largest value in each of so many equal parts of the axis."""
    ends = min(x for x, _ in points), max(x for x, _ in points)
    edges = [ends[0] + (ends[1] - ends[0])*n/bins for n in range(bins + 1)]
    found = []
    for low, high in pairwise(edges):
        inside = [y for x, y in points if low <= x <= high]
        if inside:
            found.append(((low + high)/2, max(inside)))
    return tuple(found)
