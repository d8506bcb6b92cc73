"""Every printed link of generated and of example pages, re-evaluated in exact decimals."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from handgrad import render
from handgrad.errors import HandgradError
from handgrad.problem import read_problem
from handgrad.worksheet import Worksheet
from handgrad.worksheet.numbers import numbers
from handgrad.worksheet.plan import plan_of
from support_links import false_links
from support_networks import POLICIES, generated
from support_worksheet import PROBLEMS, sheet


def links_of(seed: int) -> int:
    turn = random.Random(seed)
    problem = read_problem(generated(turn))
    looked = 0
    plan = plan_of(problem)
    for rounding in POLICIES:
        planned = plan if not rounding.listed else plan_of(replace(problem, rounding=rounding))
        try:
            made = Worksheet(planned.problem, planned, numbers(planned, rounding, problem.values))
        except HandgradError as refused:
            assert "has no value" in str(refused)       # a logarithm of what rounds to 0
            continue
        document = made.blocks()
        for form in ("markdown", "latex"):
            wrong, found = false_links(render(document, form))
            assert not wrong, (seed, rounding, wrong)
            looked += found
        assert found >= len(made.numbers.all) * 0.6, (seed, rounding)
    return looked


@pytest.mark.parametrize("seed", range(8))
def test_every_printed_link_holds(seed: int) -> None:
    assert links_of(seed) > 50


@pytest.mark.nightly
def test_every_printed_link_of_500_problems_holds() -> None:
    assert sum(links_of(seed) for seed in range(1000, 1500)) > 100_000


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda p: p.stem)
def test_the_links_of_the_example_problems_hold(path: Path) -> None:
    wrong, looked = false_links(render(sheet(path).blocks(), "markdown"))
    assert not wrong
    assert looked >= 9


def test_a_false_link_is_found() -> None:
    page = "\\begin{aligned}\nE & = (-0.11)(0.68) \\\\\n\\phantom{E} & = -0.0748 \\approx %s\n\\end{aligned}"
    assert false_links(page % "-0.07") == ([], 2)
    assert len(false_links(page % "-0.08")[0]) == 1
