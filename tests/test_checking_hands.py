"""How pages of different hands are read: layers above, programs' names, decimal commas, stacked fractions, numbers copied wrongly."""

from __future__ import annotations

import pytest

from handgrad.checking.judging import check

LAYERS = r"""
$$z^l = W^l a^{l-1} + b^l, \quad a^l = \sigma(z^l), \quad C = \frac12\|y - a^L\|^2$$

$$\delta^L = (a^L - y)\odot\sigma'(z^L)$$

$$\delta^l = ((W^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)$$

$$\frac{\partial C}{\partial W^l} = RIGHT$$
"""


def verdicts(page: str, line: int) -> set[str]:
    return {j.verdict for j in check(page).judgements if j.line == line}


def test_layers_above_are_names_and_what_is_derived_of_them_is_proved() -> None:
    assert verdicts(LAYERS.replace("RIGHT", r"\delta^l (a^{l-1})^T"), 8) == {"right"}
    assert "right" not in verdicts(LAYERS.replace("RIGHT", r"\delta^l (a^l)^T"), 8)


def test_a_power_of_the_letter_l_stays_a_power_where_nothing_shifts_it() -> None:
    page = "$$f = w^l$$\n\n$$\\frac{\\partial f}{\\partial w} = l w^{l-1}$$\n"
    assert verdicts(page, 3) == {"right"}


def test_nothing_is_proved_through_a_definition_that_makes_both_sides_0() -> None:
    page = "$$\\delta_j = \\frac{\\partial C}{\\partial z_j}, \\quad u_j = \\sum_k w_{jk} z_k$$\n\n" \
        "$$\\delta_j = \\sum_k w_{jk}\\frac{\\partial C}{\\partial u_k}$$\n"
    assert "right" not in verdicts(page, 3)


@pytest.mark.parametrize(("page", "held"), [
    ("z = 0,4·0,5 + 0,1 = 0,3\ny = 2·0,4256 = 0,8512\n", True),
    ("z = 0,4·0,5 + 0,1 = 0,3\ny = 2·0.4256 = 0.8512\n", False),            # a page with points
    ("v = (1,2)\nz = 0,4·0,5 + 0,1 = 0,3\ny = 2·0,4256 = 0,8512\n", False),      # two numbers in brackets
])
def test_commas_are_points_only_where_a_page_has_no_point_and_no_other_use_of_them(page: str, held: bool) -> None:
    assert all(j.verdict in ("right", "exact") for j in check(page).judgements) is held


def test_what_stands_above_a_bar_is_not_judged_alone() -> None:
    page = "L = log(1 + exp(−m))\n\n    ∂L/∂m = − exp(−m)\n            ──────────\n            1 + exp(−m)\n"
    assert verdicts(page, 3) == {"unread"}


@pytest.mark.parametrize(("shown", "verdict"), [("0.574", "right"), ("0.547", "undecided")])
def test_two_digits_that_changed_places_are_pointed_at(shown: str, verdict: str) -> None:
    page = f"$z = 0.8 \\cdot 1.5 - 0.9 = 0.3$\n\n$p = \\sigma(0.3) = 0.574$\n\n$L = -\\ln({shown}) = {'0.555' if verdict == 'right' else '0.603'}$\n"
    assert verdict in verdicts(page, 5)


@pytest.mark.parametrize(("line", "verdict"), [("-0.0258 * (-0.3) = 0.0077", "right"), ("-0.0258 * 0.3 = -0.0077", "undecided")])
def test_a_sign_that_is_lost_beside_a_line_that_keeps_its_signs_is_pointed_at(line: str, verdict: str) -> None:
    page = f"x1 = 0.6, x2 = -0.3, dE/dz = -0.0258\n\ndE/dw1 = -0.0258 * 0.6 = -0.0155\ndE/dw2 = {line}\n"
    assert verdict in verdicts(page, 4)


def test_programs_names_are_read() -> None:
    page = "scores = W @ x + c\nloss = 1/2 * sum_k (scores_k - t_k)^2\nd_loss/d_scores = scores - t\nd_loss/d_x = W^T (scores - t)\n"
    assert verdicts(page, 3) == verdicts(page, 4) == {"right"}


@pytest.mark.parametrize(("said", "held"), [("a symmetric matrix $A$", True), ("a square matrix $A$", False)])
def test_a_matrix_is_symmetric_where_the_page_says_so(said: str, held: bool) -> None:
    page = f"For {said} let $f = x^T A x$.\n\n$$\\nabla_x f = 2Ax$$\n"
    assert ("right" in verdicts(page, 3)) is held


def test_a_name_given_afterwards_to_a_part_hides_nothing_of_the_rest() -> None:
    page = "$$K = \\sigma^2 - \\log\\sigma^2, \\quad s = \\log\\sigma^2$$\n\n$$\\frac{\\partial K}{\\partial s} = -1$$\n"
    assert "right" not in verdicts(page, 3)
