"""Curves: ranges, ticks, breaks, kinks and what stands for the drawing in text."""

from __future__ import annotations

from math import exp, isfinite
from xml.etree import ElementTree

import pytest

from handgrad.document import Document, Figure, Options, render
from handgrad.notation import read
from handgrad.rendering.plot import LIMIT, Curve, course, figure, ticks

PLACES = [-3 + 6 * n / 120 for n in range(121)]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*curves: Curve, kinks: tuple[tuple[float, float], ...] = ()) -> tuple[Figure, ElementTree.Element]:
    made = figure(curves, "curves <of> a test", kinks)
    return made, ElementTree.fromstring(made.svg)


def test_a_curve_is_one_line_and_its_kinks_are_rings() -> None:
    _, tree = drawn(Curve("relu", tuple((x, max(x, 0.0)) for x in PLACES)), kinks=((0.0, 0.0),))
    assert len(tree.findall(f"{SVG}polyline")) == 1 and len(tree.findall(f"{SVG}circle")) == 1
    assert tree.findall(f"{SVG}text")[-1].text == "relu"


@pytest.mark.parametrize("points", [
    tuple((x, 0.0 if x < 0 else 1.0) for x in PLACES),
    tuple((x, None if x == 0 else 0.5) for x in PLACES),
    (*((x, 0.0) for x in PLACES if x <= 0), (0.0, 0.5), *((x, 0.5) for x in PLACES if x > 0)),
], ids=["a jump", "a gap", "two values at one place"])
def test_a_curve_is_broken_where_the_function_is(points: tuple[tuple[float, float | None], ...]) -> None:
    assert len(drawn(Curve("step", points))[1].findall(f"{SVG}polyline")) == 2


def test_what_lies_far_away_is_cut_off() -> None:
    _, tree = drawn(Curve("exp", tuple((x, exp(3 * x)) for x in PLACES)), Curve("nothing", ((0.0, None),)))
    heights = [float(pair.split(",")[1]) for line in tree.findall(f"{SVG}polyline") for pair in line.get("points", "").split()]
    assert min(heights) > 0
    assert max(float(t.text.replace("−", "-")) for t in tree.findall(f"{SVG}text") if t.text and t.text[-1].isdigit()) <= LIMIT


ROUND = [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-4, 4, [-4, -2, 0, 2, 4]), (-0.3, 0.11, [-0.3, -0.2, -0.1, 0, 0.1])]


@pytest.mark.parametrize(("low", "high", "expected"), ROUND)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_in_text_the_drawing_is_made_of_dots() -> None:
    made, _ = drawn(Curve("f", tuple((x, x * x / 2) for x in PLACES)), Curve("derivative", tuple((x, x) for x in PLACES)))
    page = Document((), (made,), read("q = 1"))
    assert "─── f   ┄┄┄ derivative" in render(page, "terminal")
    plain = render(page, "terminal", Options(ascii=True))
    assert plain.isascii() and plain.count("*") > 50 and "--- f   --- derivative" in plain
    assert 'aria-label="curves &lt;of&gt; a test"' in render(page, "html")


def test_a_course_marks_each_step_on_whole_numbers() -> None:
    made = course([1.73, 1.71, 1.7, 1.695], "E", "the error")
    tree = ElementTree.fromstring(made.svg)
    assert len(tree.findall(f"{SVG}circle")) == 4 and len(tree.findall(f"{SVG}polyline")) == 1
    below = [t.text for t in tree.findall(f"{SVG}text") if t.get("text-anchor") == "middle"]
    assert below == ["0", "1", "2", "3"] and "─── E, by epoch" in made.fallback


@pytest.mark.parametrize("values", [[], [1.0], [5.0, 5.0], [1.0, None, float("inf"), float("nan"), -4.0], [1e300, 1.0, 1e-300], [100.0, 3.0, 90.0]])
def test_any_course_can_be_drawn(values: list[float | None]) -> None:
    made = course(values, "<E>", "a & b")
    marked = ElementTree.fromstring(made.svg).findall(f"{SVG}circle")
    assert len(marked) == sum(y is not None and isfinite(y) for y in values)
    assert all(0 <= float(mark.get("cy", "-1")) <= 330 for mark in marked)
