"""Places for the vertices of a directed graph without cycles: in layers, with few crossings, close to their neighbours.

The layer of a vertex is the length of the longest way to it; one that nothing leads to stands right before the first that needs it. An edge
over several layers gets a vertex of its own in each layer that it passes, so that it keeps clear of what stands there. Within a layer
the order is by barycentres (Sugiyama, Tagawa and Toda, 1981), and the positions are the nearest ones, in least squares, to the middle
of the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from handgrad.records import dataclass

SWEEPS, ROUNDS = 12, 16
Link = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layered:
    """Layers of vertices in their order, the chain of vertices that each edge runs through, and the position of each vertex in its layer."""

    layers: tuple[tuple[int, ...], ...]
    chains: tuple[tuple[int, ...], ...]
    across: tuple[float, ...]


def layered(sizes: Sequence[float], edges: Sequence[Link], gap: float, lane: float) -> Layered:
    """The places of vertices as wide as `sizes`, `gap` apart; an edge that passes a layer takes `lane` of it."""
    ordered, chains = _order_of(len(sizes), tuple(edges))
    links = [link for chain in chains for link in pairwise(chain)]
    widths = [*sizes, *[lane] * (sum(map(len, ordered)) - len(sizes))]
    return Layered(ordered, chains, tuple(_positions(ordered, links, widths, gap)))


@lru_cache(maxsize=64)
def _order_of(count: int, edges: tuple[Link, ...]) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """The layers in their order and the chains of the edges: they are the same for all numbers of one computation."""
    levels = levels_of(count, edges)
    places = list(levels)
    chains: list[tuple[int, ...]] = []
    for tail, head in edges:
        passed = range(levels[tail] + 1, levels[head])
        chains.append((tail, *range(len(places), len(places) + len(passed)), head))
        places += passed
    links = [link for chain in chains for link in pairwise(chain)]
    layers = [[v for v, level in enumerate(places) if level == n] for n in range(max(places, default=-1) + 1)]
    return tuple(map(tuple, _ordered(layers, links))), tuple(chains)


def levels_of(count: int, edges: Sequence[Link]) -> list[int]:
    """The layer of each vertex."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for tail, head in edges:
        before[head].append(tail)
        after[tail].append(head)
    levels, waiting = [0] * count, list(map(len, before))
    ready = [v for v in range(count) if not before[v]]
    for v in ready:
        for w in after[v]:
            levels[w] = max(levels[w], levels[v] + 1)
            waiting[w] -= 1
            if not waiting[w]:
                ready.append(w)
    assert len(ready) == count, "a computation has no cycles"
    return [min(levels[w] for w in after[v]) - 1 if after[v] and not before[v] else levels[v] for v in range(count)]


# ---------------------------------------------------------------- order


def _ordered(layers: list[list[int]], links: Sequence[Link]) -> list[list[int]]:
    """The layers in the best order that the sweeps find."""
    neighbours = _neighbours(links)
    best, fewest = layers, crossings(layers, links)
    current = [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        back = sweep % 2 == 1
        for n in range(len(current) - 2, -1, -1) if back else range(1, len(current)):
            fixed = {v: place for place, v in enumerate(current[n + 1 if back else n - 1])}
            current[n] = _by_barycentre(current[n], [[fixed[w] for w in neighbours.get(v, ()) if w in fixed] for v in current[n]])
        found = crossings(current, links)
        if found < fewest:
            best, fewest = [list(layer) for layer in current], found
    return _exchanged(best, links)


def _by_barycentre(layer: list[int], seen: list[list[int]]) -> list[int]:
    """The layer sorted by the mean place of the neighbours; a vertex without any keeps its place."""
    means = [sum(places) / len(places) if places else float(n) for n, places in enumerate(seen)]
    return [v for _, _, v in sorted(zip(means, range(len(layer)), layer, strict=True))]


def _exchanged(layers: list[list[int]], links: Sequence[Link]) -> list[list[int]]:
    """The layers with neighbours exchanged wherever that takes a crossing away."""
    fewest = crossings(layers, links)
    for layer in layers if len(links) <= 200 else ():
        for n in range(len(layer) - 1):
            layer[n], layer[n + 1] = layer[n + 1], layer[n]
            found = crossings(layers, links)
            if found < fewest:
                fewest = found
            else:
                layer[n], layer[n + 1] = layer[n + 1], layer[n]
    return layers


def crossings(layers: Sequence[Sequence[int]], links: Sequence[Link]) -> int:
    """How many pairs of links cross."""
    place = {v: (n, m) for n, layer in enumerate(layers) for m, v in enumerate(layer)}
    by_layer: dict[int, list[Link]] = {}
    for tail, head in links:
        by_layer.setdefault(place[tail][0], []).append((place[tail][1], place[head][1]))
    return sum(_inversions([head for _, head in sorted(ends)]) for ends in by_layer.values())


def _inversions(values: list[int]) -> int:
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = sorted(values[:middle]), sorted(values[middle:])
    found, n = 0, 0
    for value in right:
        while n < len(left) and left[n] <= value:
            n += 1
        found += len(left) - n
    return found + _inversions(values[:middle]) + _inversions(values[middle:])


def _neighbours(links: Sequence[Link]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for tail, head in links:
        found.setdefault(tail, []).append(head)
        found.setdefault(head, []).append(tail)
    return found


# ---------------------------------------------------------------- positions


def _positions(layers: Sequence[Sequence[int]], links: Sequence[Link], sizes: Sequence[float], gap: float) -> list[float]:
    """The middle of each vertex across its layer, all of them from 0 on."""
    across = [0.0] * len(sizes)
    neighbours = _neighbours(links)
    heads = {head for _, head in links}
    # what is given for one vertex alone comes to it, and neither draws it nor pushes what stands beside it
    comes = {v for v, near in neighbours.items() if v not in heads and len(near) == 1}
    pulls = {v: [w for w in near if w not in comes] or near for v, near in neighbours.items()}
    steps = [[(sizes[v] + sizes[w]) / 2 + gap for v, w in pairwise(layer)] for layer in layers]
    for layer, step in zip(layers, steps, strict=True):
        places = list(accumulate(step, initial=0.0))
        for v, place in zip(layer, places, strict=True):
            across[v] = place - places[-1] / 2
    for turn in range(ROUNDS):
        for layer, step in list(zip(layers, steps, strict=True))[:: -1 if turn % 2 else 1]:
            wanted = [sum(across[w] for w in near) / len(near) if (near := pulls.get(v)) else across[v] for v in layer]
            for v, place in zip(layer, spread(wanted, step, [0.01 if v in comes else 1.0 for v in layer]), strict=True):
                across[v] = place
    first = min((place - size / 2 for place, size in zip(across, sizes, strict=True)), default=0.0)
    return [place - first for place in across]


def spread(wanted: Sequence[float], steps: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The positions nearest to the wanted ones, in weighted least squares, that keep the order and the least steps between them."""
    offsets = list(accumulate(steps, initial=0.0))[: len(wanted)]
    pools: list[tuple[float, float, int]] = []          # mean, weight and number of neighbours that stand as close as they may
    for place, offset, own in zip(wanted, offsets, weights, strict=True):
        mean, weight, count = place - offset, own, 1
        while pools and pools[-1][0] > mean:
            other, heavy, more = pools.pop()
            mean, weight, count = (mean * weight + other * heavy) / (weight + heavy), weight + heavy, count + more
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
