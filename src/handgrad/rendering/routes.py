"""Boxes and curves for a graph in layers, and free places for the labels on its curves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import dist

from handgrad.records import dataclass
from handgrad.rendering.layers import Layered, layered

GAP, LANE, PORT = 14.0, 12.0, 8.0                 # between boxes, for a line that passes a layer, between ends of lines
SPOTS = tuple(0.5 + side * n / 32 for n in range(13) for side in (1, -1))      # where on its curve a label is tried
Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]         # a cubic by its control points


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether the two have a point in common."""
        return abs(self.x - other.x) * 2 < self.width + other.width and abs(self.y - other.y) * 2 < self.height + other.height

    def holds(self, point: Point) -> bool:
        """Whether the point lies inside."""
        return abs(point[0] - self.x) * 2 < self.width and abs(point[1] - self.y) * 2 < self.height


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything stands: a box for each vertex, curves for each edge, and how large the whole is."""

    boxes: tuple[Box, ...]
    routes: tuple[tuple[Curve, ...], ...]
    width: float
    height: float


def placed(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]], lengths: Sequence[float], down: bool) -> Places:
    """The places of boxes of the sizes, running to the right or down; each edge is at least so long before it reaches the next layer."""
    deep, broad = [size[1 if down else 0] for size in sizes], [size[0 if down else 1] for size in sizes]
    found = layered(broad, edges, GAP, LANE)
    spans = _spans(found, deep, lengths)

    def point(along: float, across: float) -> Point:
        return (across, along) if down else (along, across)

    span = {v: spans[n] for n, layer in enumerate(found.layers) for v in layer}
    boxes = tuple(Box(*point(sum(span[v]) / 2, found.across[v]), *size) for v, size in enumerate(sizes))
    routes = []
    for chain, entry in zip(found.chains, _entries(found, broad), strict=True):
        tail, head = chain[0], chain[-1]
        # straight out of its layer and into the last one, since what stands beside may be deeper
        stops = [(sum(span[tail]) / 2 + deep[tail] / 2, found.across[tail]), (span[tail][1], found.across[tail])]
        stops += [(end, found.across[v]) for v in chain[1:-1] for end in span[v]]
        stops += [(span[head][0] - 1, entry), (sum(span[head]) / 2 - deep[head] / 2 - 1, entry)]
        routes.append(tuple(_curve(a, b, down) for a, b in pairwise(stops) if dist(a, b) > 0.5))
    across = max((found.across[v] + size / 2 for v, size in enumerate(broad)), default=0.0)
    return Places(boxes, tuple(routes), *point(spans[-1][1] if spans else 0.0, max([across, *found.across])))


def _spans(found: Layered, deep: Sequence[float], lengths: Sequence[float]) -> list[Point]:
    """Where each layer begins and ends; two layers stand further apart where a line runs far across."""
    spans: list[Point] = []
    start = 0.0
    for layer in found.layers:
        depth = max((deep[v] for v in layer if v < len(deep)), default=0.0)
        spans.append((start, start + depth))
        leaving = [length for chain, length in zip(found.chains, lengths, strict=True) if chain[0] in layer]
        steps = [abs(found.across[a] - found.across[b]) for chain in found.chains for a, b in pairwise(chain) if a in layer]
        start += depth + max(leaving, default=0.0) + min(max(steps, default=0.0) / 8, 50.0)
    return spans


def _entries(found: Layered, broad: Sequence[float]) -> list[float]:
    """Where each edge ends across its last layer: side by side, in the order in which they come."""
    coming: dict[int, list[int]] = {}
    for edge, chain in enumerate(found.chains):
        coming.setdefault(chain[-1], []).append(edge)
    entries = [0.0] * len(found.chains)
    for head, arriving in coming.items():
        step = min(PORT, 0.7 * broad[head] / len(arriving))
        for n, edge in enumerate(sorted(arriving, key=lambda e: found.across[found.chains[e][-2]])):
            entries[edge] = found.across[head] + (n - (len(arriving) - 1) / 2) * step
    return entries


def _curve(start: Point, end: Point, down: bool) -> Curve:
    """The curve from start to end, both along and across, that leaves and arrives straight along."""
    middle = (start[0] + end[0]) / 2
    stops = (start, (middle, start[1]), (middle, end[1]), end)
    a, b, c, d = ((across, along) if down else (along, across) for along, across in stops)
    return a, b, c, d


def between(curve: Curve, part: float) -> Point:
    """The point of the curve after some part of it."""
    rest = 1 - part
    weights = (rest**3, 3 * rest * rest * part, 3 * rest * part * part, part**3)
    return sum(w * p[0] for w, p in zip(weights, curve, strict=True)), sum(w * p[1] for w, p in zip(weights, curve, strict=True))


# ---------------------------------------------------------------- labels


def free_boxes(places: Places, sizes: Sequence[tuple[float, float] | None]) -> list[Box | None]:
    """A box of its size for the label of each edge, on the longest curve of its route: clear of boxes and labels, and of other curves if it can be."""
    if not any(sizes):
        return [None] * len(sizes)
    dots = [[between(curve, n / 24) for curve in route for n in range(25)] for route in places.routes]
    curves = [max(route, key=lambda curve: dist(curve[0], curve[3])) for route in places.routes]
    found: list[Box | None] = [Box(*between(curve, 0.5), *size) if size else None for curve, size in zip(curves, sizes, strict=True)]
    for edge in [n for n, size in enumerate(sizes) if size] * 3:
        size = sizes[edge] or (0.0, 0.0)
        taken = [*places.boxes, *(box for n, box in enumerate(found) if box and n != edge)]
        tried = [Box(*between(curves[edge], spot), *size) for spot in SPOTS]
        around = _around(tried)
        others = [dot for n, line in enumerate(dots) if n != edge for dot in line if around.holds(dot)]
        found[edge] = min(tried, key=lambda box: 1000 * sum(box.meets(other) for other in taken) + sum(box.holds(dot) for dot in others))
    return found


def _around(boxes: Sequence[Box]) -> Box:
    """The least box that holds the boxes."""
    left, right = min(box.x - box.width / 2 for box in boxes), max(box.x + box.width / 2 for box in boxes)
    top, bottom = min(box.y - box.height / 2 for box in boxes), max(box.y + box.height / 2 for box in boxes)
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
