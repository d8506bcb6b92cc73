"""Matrices and formulas of typed text that take several lines, and signs that stand alone between dollars."""

from __future__ import annotations

import pytest

from handgrad.reading.page import read_page
from handgrad.reading.plain import unicode
from handgrad.reading.surface import Unread, walk


def sides(source: str) -> list[list[str]]:
    """The sides of every statement of a page, as one line shows them."""
    statements = [statement for formula in read_page(source).formulas for statement in formula.statements]
    assert not any(isinstance(node, Unread) for s in statements for side in s.sides for node in walk(side.tree))
    return [[side.relation + unicode(side.tree) for side in statement.sides] for statement in statements]


SUMMARY = """
         [ -0.27  0.00 ]            [ -0.13 ]
grad W = [  0.15  0.08 ]   grad b = [  0.00 ]
                                    [ -0.07 ]
      [ -0.28  0.00 ]         [ -0.14 ]
exact [  0.15  0.09 ]   exact [  0.00 ]
                              [ -0.08 ]
"""
BRACKETS = """
     ⎛ −0.27  0.00 ⎞        ⎛ −0.13 ⎞
∇W = ⎝  0.15  0.08 ⎠   ∇b = ⎜  0.00 ⎟
                            ⎝ −0.07 ⎠
     ⎛ 1 ⎞
∇c = ⎝ 2 ⎠
"""


def test_matrices_whose_rows_stand_in_lines_of_their_own_are_read_in_the_line_of_their_name() -> None:
    found = sides(SUMMARY)
    assert [s[1] for s in found] == ["=[[−0.27, 0.00], [0.15, 0.08]]", "=[[−0.13], [0.00], [−0.07]]"]
    assert sides(BRACKETS) == [["∇W", "=[[−0.27, 0.00], [0.15, 0.08]]"], ["∇b", "=[[−0.13], [0.00], [−0.07]]"], ["∇c", "=[[1], [2]]"]]


def test_matrices_beside_one_another_are_one_formula() -> None:
    assert sides("y = [ 1  2 ] [ x ]\n    [ 3  4 ] [ z ]\n") == [["y", "=[[1, 2], [3, 4]][[x], [z]]"]]


def test_every_character_of_a_matrix_keeps_its_place_on_the_page() -> None:
    page = read_page(BRACKETS)
    side = page.formulas[0].statements[0].sides[1]
    numbers = {page.text(node.span) for node in walk(side.tree) if type(node).__name__ == "Decimal"}
    assert numbers == {"0.27", "0.00", "0.15", "0.08"}


def test_two_names_in_front_of_one_matrix_are_not_read_as_one() -> None:
    page = read_page("a = [ 1  2 ]\n    [ 3  4 ]\nb = [ 5  6 ]\n")
    assert any(isinstance(side.tree, Unread) for f in page.formulas for s in f.statements for side in s.sides)


def test_rows_that_each_have_a_name_are_lists_of_their_own() -> None:
    assert sides("a = [ 1  2 ]\nb = [ 5  6 ]\n") == [["a", "=[1, 2]"], ["b", "=[5, 6]"]]


@pytest.mark.parametrize("page", ["- [ ] buy milk\n- [ ] buy flour\n", "see [ 1 ]\nand [ 2 ]\n"])
def test_brackets_without_a_name_and_a_relation_are_no_matrix(page: str) -> None:
    assert sides(page) == []


def test_factors_go_on_below_the_first_one_of_a_line() -> None:
    page = "E = (1 − 0.9²) (2)\n    ((0.05 − 2) (−2)\n    + (0.4 − 1) (3))\n  = 0.8\n"
    assert [s for line in sides(page) for s in line] == ["E", "=(1 − 0.9²)(2)((0.05 − 2)(−2) + (0.4 − 1)(3))", "=0.8"]
    assert ["E", "=(1 − 0.9²)(2)(4)(2)(5 − 2)"] in sides("E = (1 − 0.9²) (2) (4)\n    (2) (5 − 2)\n")


def test_a_reason_behind_a_line_of_factors_does_not_end_the_product() -> None:
    page = "        = { 1 if z₁ > 0; 0 else } x₁\n          ((o₁ − 1) V₁₁ + (o₂ − 2) V₁₂)       since z₁ ≤ 0\n"
    assert sides(page)[0] == ["={1 if z₁ > 0; 0 else} x₁((o₁ − 1) V₁₁ + (o₂ − 2) V₁₂)"]


def test_an_item_of_a_list_below_a_formula_is_no_factor() -> None:
    assert sides("dE/dz = 1\n(2) Now compute x = 3\n") == [["dE/dz", "=1"], ["x", "=3"]]


def test_a_formula_in_the_words_of_a_formula_does_not_end_it() -> None:
    page = r"$f = \begin{cases} x & \text{if $x > 0$} \\ 0 & \text{else} \end{cases}$ and $y = 3$"
    assert sides(page) == [["f", "={x if x > 0; 0 else}"], ["y", "=3"]]


def test_a_sign_alone_between_dollars_is_as_if_it_were_typed() -> None:
    assert sides(r"tanh stays between $-$1 and 1, and $E$ = $-$3.74.") == [["E", "=−3.74"]]


def test_digits_that_go_on_belong_to_the_number_behind_a_function() -> None:
    assert sides(r"$E = 2 \, \log 0.2444{\ldots} + 1$") == [["E", "=2 log(0.2444 …) + 1"]]


def test_a_gradient_that_is_spelled_out_is_a_nabla() -> None:
    assert type(read_page("grad W = [[1, 2], [3, 4]]\n").formulas[0].statements[0].sides[0].tree).__name__ == "Nabla"
    assert type(read_page("grad_w = 0.3\n").formulas[0].statements[0].sides[0].tree).__name__ == "Scripted"
