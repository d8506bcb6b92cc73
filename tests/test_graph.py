"""Graphs of computations: layers, order, positions, and what a reader must be able to tell apart in the drawing."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from random import Random
from xml.etree import ElementTree

import pytest

from handgrad.document import Document, Options, render
from handgrad.expr import Call, Entry, Literal
from handgrad.notation import read
from handgrad.rendering.graph import Edge, Graph, Quantity, _places, figure, graph_of, plain, runs
from handgrad.rendering.layers import crossings, layered, levels_of, spread
from handgrad.rendering.routes import Box, Places, between, free_boxes, placed

MODEL = read("z[j] = b[j] + sum[i](W[i,j]*x[i])\nh[j] = sigmoid(z[j])\nE = 1/2*sum[j](v[j]*h[j] - t)^2")
SVG = "{http://www.w3.org/2000/svg}"


def entry(name: str, *places: int) -> Entry:
    return Entry(name, tuple(map(Literal, places)))


def network(*widths: int) -> Graph:
    """Layers that are joined entry by entry, a weight on each edge."""
    nodes = [[Quantity((n, i), (entry("hz"[n % 2], i),), f"−0.{n}{i}", "0.0115" if n else "") for i in range(1, width + 1)] for n, width in enumerate(widths)]
    edges = [Edge(a.key, b.key, (entry("W", i, j), " = −0.1")) for left, right in pairwise(nodes)
             for i, a in enumerate(left, 1) for j, b in enumerate(right, 1)]
    return Graph(tuple(q for layer in nodes for q in layer), tuple(edges))


def drawn_at_random(seed: int, count: int = 20) -> Graph:
    random = Random(seed)
    edges = [Edge(a, b) for b in range(1, count) for a in sorted(set(random.choices(range(max(0, b - 6), b), k=random.randint(1, 3))))]
    labels = [(entry(random.choice(("a", "longer_name", "w", "x")), n),) for n in range(count)]
    return Graph(tuple(Quantity(n, label, f"{random.random():.{random.randint(1, 6)}f}", "−0.1") for n, label in enumerate(labels)), tuple(edges))


GRAPHS = [network(3, 2, 1), network(4, 3, 3, 1), network(1), Graph((), ()), *map(drawn_at_random, range(12))]
NAMES = ["3-2-1", "4-3-3-1", "one", "empty", *(f"random {n}" for n in range(12))]


def places_of(graph: Graph) -> Places:
    return _places(graph, [runs(q.label, MODEL) for q in graph.nodes], [runs(e.label, MODEL) for e in graph.edges])


# ---------------------------------------------------------------- layers


def test_a_layer_is_the_longest_way_and_what_is_given_stands_before_its_first_use() -> None:
    #        0 -> 1 -> 2 -> 3, 0 -> 3, and 4 is needed by 3 alone
    assert levels_of(5, [(0, 1), (1, 2), (2, 3), (0, 3), (4, 3)]) == [0, 1, 2, 3, 2]


def test_an_edge_over_layers_takes_a_lane_in_each() -> None:
    found = layered([10.0] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)], 5.0, 4.0)
    assert [len(chain) for chain in found.chains] == [2, 2, 2, 4] and [len(layer) for layer in found.layers] == [1, 2, 2, 1]


def test_crossings_that_can_go_away_do() -> None:
    twisted = [(0, 5), (1, 4), (2, 3), (3, 8), (4, 7), (5, 6)]
    found = layered([10.0] * 9, twisted, 5.0, 4.0)
    assert crossings(((0, 1, 2), (3, 4, 5), (6, 7, 8)), twisted) == 6 and crossings(found.layers, twisted) == 0


def test_positions_are_the_nearest_in_least_squares() -> None:
    random = Random(1)
    for _ in range(50):
        count = random.randint(1, 7)
        wanted, steps = [random.uniform(-5, 5) for _ in range(count)], [random.uniform(0.5, 2) for _ in range(count - 1)]
        weights = [random.choice((1.0, 0.1)) for _ in range(count)]

        def cost(places: list[float]) -> float:
            return sum(w * (a - b) ** 2 for w, a, b in zip(weights, places, wanted, strict=True))

        found = spread(wanted, steps, weights)
        assert all(b - a >= step - 1e-9 for (a, b), step in zip(pairwise(found), steps, strict=True))
        for n in range(count):
            for shift in (-1e-3, 1e-3):
                moved = [p + shift * (m >= n) for m, p in enumerate(found)], [p + shift * (m <= n) for m, p in enumerate(found)]
                fit = [p for p in moved if all(b - a >= step - 1e-12 for (a, b), step in zip(pairwise(p), steps, strict=True))]
                assert all(cost(p) >= cost(found) - 1e-9 for p in fit)


def test_formulas_that_are_written_out_make_a_graph() -> None:
    x, w, v, z, h = entry("x", 1), entry("W", 1, 1), entry("W", 2, 1), entry("z", 1), entry("h", 1)
    made = graph_of({z: w * x + v * x, h: Call("sigmoid", (z,))}, lambda e: e, {x: "0.18", z: "0.7384"}, {z: "−0.02"})
    assert set(made.nodes) == {Quantity(w, (w,)), Quantity(x, (x,), "0.18"), Quantity(v, (v,)), Quantity(z, (z,), "0.7384", "−0.02"), Quantity(h, (h,))}
    assert {(e.tail, e.head) for e in made.edges} == {(w, z), (x, z), (v, z), (z, h)}


def test_of_many_quantities_those_given_for_one_alone_are_left_out() -> None:
    x, sums = entry("x", 1), [entry("z", n) for n in range(1, 16)]
    made = graph_of({z: entry("W", n) * x for n, z in enumerate(sums, 1)}, lambda e: e, {}, {})
    assert [q.key for q in made.nodes] == [x, *sums] and len(made.edges) == 15


# ---------------------------------------------------------------- drawings


@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_boxes_are_apart_and_no_line_runs_through_one(graph: Graph) -> None:
    places = places_of(graph)
    assert not any(a.meets(b) for a, b in combinations(places.boxes, 2))
    own = {q.key: n for n, q in enumerate(graph.nodes)}
    for edge, route in zip(graph.edges, places.routes, strict=True):
        others = [box for n, box in enumerate(places.boxes) if n not in (own[edge.tail], own[edge.head])]
        dots = [between(curve, n / 20) for curve in route for n in range(21)]
        assert not any(box.holds(dot) for box in others for dot in dots)
    inside = Box(places.width / 2, places.height / 2, places.width + 2, places.height + 2)
    assert all(inside.holds((box.x, box.y)) for box in places.boxes)


@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_labels_of_edges_are_apart(graph: Graph) -> None:
    places = places_of(graph)
    sizes = [(70.0, 17.0) if edge.label else None for edge in graph.edges]
    labels = [box for box in free_boxes(places, sizes) if box]
    crossed = sum(a.meets(b) for a, b in combinations([*labels, *places.boxes], 2))
    assert crossed == 0 or (len(labels) > 12 and crossed <= len(labels) // 4)


@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_a_drawing_is_svg_with_every_number_and_the_same_each_time(graph: Graph) -> None:
    made = figure(graph, MODEL)
    shown = "".join(ElementTree.fromstring(made.svg).itertext())
    assert all(f"→ {q.value}" in shown and (not q.gradient or f"← {q.gradient}" in shown) for q in graph.nodes)
    assert made.svg == figure(graph, MODEL).svg and "style=" in made.svg and "<script" not in made.svg
    rows = made.fallback.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [plain(q.label, MODEL) for q in graph.nodes]


def test_a_drawing_that_is_too_wide_runs_downwards() -> None:
    chain = Graph(tuple(Quantity(n, (entry("h", n),), "0.123456") for n in range(15)), tuple(Edge(n, n + 1) for n in range(14)))
    assert places_of(chain).height > places_of(chain).width and places_of(network(3, 2, 1)).width > places_of(network(3, 2, 1)).height
    sizes, edges = [(30.0, 20.0), (50.0, 10.0)], [(0, 1)]
    across, down = (placed(sizes, edges, [40.0], down) for down in (False, True))
    assert (across.width, across.height) == (120.0, 20.0) and (down.width, down.height) == (50.0, 70.0)


def test_indices_stand_below_the_line() -> None:
    def shown(*label: object) -> str:
        return "".join(f"_{run.text}_" if run.below else run.text for run in runs(label, MODEL))  # type: ignore[arg-type]

    assert shown(entry("W", 1, 2)) == "W_12_" and shown(entry("W", 1, 12)) == "W_1,12_" and shown(Entry("z_h1", ())) == "z_h1_"
    assert shown(Call("exp", (entry("x", 3),))) == "exp(x_3_)" and shown("a_b", Entry("w1", ())) == "a_bw_1_"
    assert '<tspan dy="3.5" font-size="11.5">12</tspan>' in figure(Graph((Quantity(0, (entry("W", 1, 2),)),), ()), MODEL).svg


def test_texts_are_escaped() -> None:
    evil = '</text><script>alert("x")</script>&amp;\n\x00'
    graph = Graph((Quantity(0, (evil,), evil, evil), Quantity(1, ("b",))), (Edge(0, 1, (evil,)),))
    made = figure(graph, MODEL, evil)
    assert ElementTree.fromstring(made.svg).find(f".//{SVG}script") is None
    assert "<script" not in render(Document((), (made,), MODEL), "html")


def test_the_drawing_stands_in_every_page() -> None:
    made = figure(network(3, 2, 1), MODEL, "the network of the page")
    page = Document((), (made,), MODEL)
    assert 'aria-label="the network of the page"' in render(page, "html") and "gradient" in render(page, "terminal")
    assert render(page, "terminal", Options(ascii=True)).isascii()
    assert re.search(r"h₁ +−0\.01", render(page, "terminal"))
