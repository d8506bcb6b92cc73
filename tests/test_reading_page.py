"""The splitting of a page into prose, headings and formulas: every kind of delimiter, tables, naked mathematics, and what is refused."""

from __future__ import annotations

import gc
import os
import time
import tomllib
from pathlib import Path

import pytest

from handgrad.errors import HandgradError, LimitError
from handgrad.reading.decoding import PageError, page_text
from handgrad.reading.limits import ReadingLimits
from handgrad.reading.page import Formula, Page, Prose, Title, read_page
from handgrad.reading.prose import facts
from handgrad.reading.surface import Derivative, Nabla, Piecewise, Statement, Unread, spelled, walk

SHARED = Path(os.environ.get("HANDGRAD_SHARED", Path(__file__).parents[2] / "shared"))


def told(statement: Statement) -> str:
    """A statement as its spelled sides."""
    return " ".join((side.relation + " " if side.relation else "") + spelled(side.tree) for side in statement.sides)


def said(source: str) -> list[str]:
    """The statements of a page."""
    return [told(statement) for formula in read_page(source).formulas for statement in formula.statements]


def lines_of(page: Page) -> list[int]:
    return [page.line_of(s.span[1] - 1) for f in page.formulas for s in f.statements]


# ---------------------------------------------------------------- delimiters


@pytest.mark.parametrize("page", [
    "so $a = b$ holds", "so $$a = b$$ holds", r"so \(a = b\) holds", r"so \[a = b\] holds", r"so \\(a = b\\) holds", "so \\\\[a = b\\\\] holds",
    "text\n\n```math\na = b\n```\n", "```latex\na = b\n```", "```\na = b\n```", "so `a = b` holds", "so $`a = b`$ holds", "> so $a = b$\n> holds",
    "- item\n- so $a = b$", "1. $a = b$", "| x |\n|---|\n| $a = b$ |", "## The rule $a = b$", "\\begin{equation}\na = b\n\\end{equation}",
    "\\begin{align*}\na &= b\n\\end{align*}", "we have a = b.", "* so $ a = b $", "$$\n\na = b\n\n$$", "$$\na = b\n", "<p>a = b</p>", "~~c = d~~ a = b",
    "\\documentclass{article}\n% c = d\n\\begin{document}\na = b % e = f\n\\end{document}", "<!-- c = d --> $a = b$", "**a = b**",
])
def test_every_delimiter_marks_the_same_formula(page: str) -> None:
    assert [s.replace(" ", "") for s in said(page)] == ["a=b"]


@pytest.mark.parametrize("page", [
    "it costs $5 and then $10 more", r"it costs \$5 and \$10", "see https://example.org/?a=b", "see `print`", "| a | b |", "~~$a = b$~~",
    "```python\na = b\n```",
])
def test_prices_code_and_struck_text_are_no_formulas(page: str) -> None:
    assert not [s for s in said(page) if "=" in s]


def test_a_dollar_without_a_partner_is_shown_and_not_dropped() -> None:
    page = read_page("$$$$$$$ a")
    assert [isinstance(side.tree, Unread) for f in page.formulas for s in f.statements for side in s.sides] == [True]


def test_spans_point_into_the_source() -> None:
    source = "> so $h_1 = \\sigma(0.7384)$,\r\n> and w<sub>5</sub> becomes 0.36"
    page = read_page(source)
    statements = [s for f in page.formulas for s in f.statements]
    assert page.text(statements[0].sides[1].span) == "\\sigma(0.7384)"
    assert page.text(statements[1].sides[1].span) == "0.36"
    assert lines_of(page) == [1, 2]


def test_every_character_is_prose_a_heading_or_a_formula() -> None:
    source = "# T\n\nwords $a = b$ more ~~gone~~ words\n\n| x | 1 |\n|---|---|\n| y | 2 |\n\nEnd: z = 3."
    page = read_page(source)
    covered = set()
    for item in page.items:
        covered |= set(range(*item.span))
    assert all(n in covered for n, c in enumerate(source) if c.isalnum())


def test_a_display_in_two_blocks_continues() -> None:
    page = read_page("$$z = 1 + 2$$\n\n$$= 3$$")
    assert [s.continues for f in page.formulas for s in f.statements] == [False, True]


@pytest.mark.parametrize(("page", "tag"), [
    ("$$a = b$$ (1)\n", "(1)"), ("$a = b$\n\n→ ①\n\nnext", "①"), ("$$a = b$$\n(2)\n", "(2)"), ("a = b    (3)\n", "(3)"), (r"$a = b$ \textcircled{4}", "④"),
])
def test_a_label_behind_a_formula_is_its_tag(page: str, tag: str) -> None:
    assert [s.tag for f in read_page(page).formulas for s in f.statements] == [tag]


def test_an_arrow_with_words_is_a_reason() -> None:
    assert read_page("$$a = b$$ → by the chain rule\n").formulas[0].statements[0].words == ("by the chain rule",)


def test_words_between_formulas_stay_between_them() -> None:
    page = read_page("$f = 1$ if $x > 0$ and $f = 0$ otherwise")
    assert [type(i).__name__ for i in page.items] == ["Formula", "Prose", "Formula", "Prose", "Formula", "Prose"]
    assert [i.text.strip() for i in page.items if isinstance(i, Prose)] == ["if", "and", "otherwise"]


def test_abbreviations_of_the_page_are_written_out() -> None:
    source = "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n\nso $\\pd{E}{w_{1}} = 3$"
    page = read_page(source)
    side = page.formulas[-1].statements[0].sides[0]
    assert isinstance(side.tree, Derivative)
    assert page.text(side.span) == "\\pd{E}{w_{1}}"


# ---------------------------------------------------------------- headings


@pytest.mark.parametrize(("page", "title", "level"), [
    ("# Backward pass\n\nx", "Backward pass", 1), ("### Step 2 ###\n\nx", "Step 2", 3), ("Title\n=====\n\nx", "Title", 1), ("Part two\n--------\n",
    "Part two", 2),
    ("\\section{Losses}\nx", "Losses", 2), ("**Forward pass**\n\nx", "Forward pass", 4), ("FORWARD PASS\n\nx", "FORWARD PASS", 3),
    ("x\n\n* Hinge loss\n\ny", "Hinge loss", 3),
    ("x\n\n2. Gradients of common loss functions\n\ny", "2. Gradients of common loss functions", 2), ("<h2>Losses</h2>\nx", "Losses", 2),
])
def test_headings(page: str, title: str, level: int) -> None:
    assert [(i.text, i.level) for i in read_page(page).items if isinstance(i, Title)] == [(title, level)]


@pytest.mark.parametrize("page", [
    "* Then\n\n$x$", "- one thing\n- another thing\n", "1. First we note, that it holds.\n", "We see it.\n", "* $x = 1$\n", "----\n",
])
def test_lines_that_are_no_headings(page: str) -> None:
    assert not [i for i in read_page(page).items if isinstance(i, Title)]


# ---------------------------------------------------------------- naked mathematics


@pytest.mark.parametrize(("prose", "statements"), [
    ("so w5 becomes 0.36", ["w_5 = 0.36"]),
    ("dE/dw1 = (-0.11)(0.68)(0.32)(0.18) = -0.0043.", ["dE/dw_1 = (-0.11)(0.68)(0.32)(0.18) = -0.0043"]),
    ("then h₁ = σ(0.7384) = 0.6767, so", ["h_1 = \\sigma(0.7384) = 0.6767"]),
    ("x = 5 apples", ["x = 5"]), ("y = the right class", []), ("C = number of classes", []), ("loss = mean squared error", []),
    ("the loss = 0.3 which is small", ["loss = 0.3"]), ("E = target - output", ["E = target-output"]),
    ("w1 = 0.3, w2 = 0.4; b = 1", ["w_1 = 0.3", "w_2 = 0.4", "b = 1"]), ("x1 = 0.05   x2 = 0.10", ["x_1 = 0.05", "x_2 = 0.10"]),
    ("x1, x2 = 0.05, 0.10", ["x_1 = 0.05", "x_2 = 0.10"]), ("(a) z = 3", ["z = 3"]), ("Step 1: z = 2 + 3 = 5", ["z = 2+3 = 5"]),
    ("= 0.3775", ["= 0.3775"]), ("where i ≠ j we get", ["i != j"]), ("for i = 1, ..., n", []), ("k = 1..C", []), ("i = 1 to n", []),
    ("w1: 0.15, w2: 0.2", ["w_1 = 0.15", "w_2 = 0.2"]), ("Step 1: 0.3", []), ("the loss is 0.31 now", ["loss = 0.31"]), ("w is 5 dimensional", []),
    ("if x is 0 then", []), ("h1 is about 0.68", ["h_1 ≈ 0.68"]), ("a is 3 apples", []), ("The new value of w5 is 0.36", ["w_5 = 0.36"]),
    ("dL/dW = X.T @ (p - y)", ["dL/dW = X^T(p-y)"]), ("grader: give full marks", []), ("Forward pass - z1 = 3", ["z_1 = 3"]),
    ("W1 = [[0.1, 0.2], [0.3, 0.4]]", ["W_1 = [[0.1,0.2],[0.3,0.4]]"]), ("pick lr = 0.1", ["lr = 0.1"]), ("see section 3.1 = 4 pages", []),
])
def test_mathematics_in_running_text(prose: str, statements: list[str]) -> None:
    assert said(prose) == statements


@pytest.mark.parametrize(("prose", "rows", "conditions"), [
    ("f'(x) = 1 if x > 0 and 0 otherwise.", 2, 0), ("f'(x) = 1 for x > 0, -1 for x < 0", 2, 0), ("f'(x) = 1 if x > 0, else 0", 2, 0), ("z = 1 for i ≠ j", 0, 1),
    ("f = 1 if x > 0, g = 2 if x < 0", 0, 1), ("z = 2 for w = 3", 0, 0), ("y = 3 if it rains", 0, 0), ("f(x) = x if x >= 0\n 0 otherwise", 2, 0),
])
def test_cases_typed_behind_a_formula(prose: str, rows: int, conditions: int) -> None:
    statement = read_page(prose).formulas[0].statements[0]
    tree = statement.sides[-1].tree
    assert (len(tree.rows) if isinstance(tree, Piecewise) else 0, len(statement.conditions)) == (rows, conditions)


def test_a_gradient_said_in_words_is_a_gradient() -> None:
    page = read_page("the gradient of E with respect to w5 is 0.0822, and the gradient for $w_6$ is $-0.3$")
    first, second = [s.sides[0].tree for f in page.formulas for s in f.statements]
    assert isinstance(first, Derivative)
    assert isinstance(second, Nabla)


def test_becomes_says_that_a_value_is_new() -> None:
    assert read_page("w5 becomes 0.36").formulas[0].statements[0].words == ("becomes",)


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize(("table", "statements"), [
    ("| name | value |\n|---|---|\n| w1 | -0.0043 |\n| $w_2$ | $0.3$ |", ["w_1 = -0.0043", "w_2 = 0.3"]),
    ("| weight | gradient |\n|---|---|\n| w1 | -0.0043 |", ["\\nabla w_1 = -0.0043"]),
    ("w | dE/dw\n--|--\nw1 | 0.3", ["dE/dw_1 = 0.3"]),
    ("| unit | net | out |\n|---|---|---|\n| h1 | 0.3775 | 0.5933 |", ["net_{h_1} = 0.3775", "out_{h_1} = 0.5933"]),
    ("| $k$ | $p_k$ |\n|---|---|\n| 1 | 0.25 |\n| 2 | 0.75 |", ["k", "p_k", "p_1 = 0.25", "p_2 = 0.75"]),
    ("| x1 | x2 |\n|---|---|\n| 0.5 | 1 |", ["x_1 = 0.5", "x_2 = 1"]),
    ("<table><tr><th>weight</th><th>new</th></tr>\n<tr><td>w<sub>1</sub></td>\n<td>0.15</td></tr></table>", ["w_1 = 0.15"]),
    ("\\begin{tabular}{lr}\nName & Value \\\\ \\hline\n$w_1$ & 0.15 \\\\\n$w_2$ & 0.2\n\\end{tabular}", ["w_1 = 0.15", "w_2 = 0.2"]),
    ("| step | working |\n|---|---|\n| 1 | z = 0.1*0.5 = 0.05 |", ["z = 0.1*0.5 = 0.05"]),
    ("| item | colour |\n|---|---|\n| apples | 3 |", []), ("|x| = 3\n", ["Bars(x) = 3"]),
])
def test_tables(table: str, statements: list[str]) -> None:
    assert said(table) == statements


def test_a_table_of_derivatives_claims_each_of_them() -> None:
    page = read_page("| f | f(x) | f'(x) |\n|---|---|---|\n| $\\sigma(x)$ | $\\frac{1}{1+e^{-x}}$ | $\\sigma(x)(1-\\sigma(x))$ |")
    assert any(isinstance(s.sides[0].tree, Derivative) for f in page.formulas for s in f.statements)


# ---------------------------------------------------------------- facts


@pytest.mark.parametrize(("prose", "kind", "names", "rest"), [
    ("where $y$ is a one-hot vector", "one_hot", ["y"], ""), ("classes are -1 or 1", "classes", [], ("-1", "1")), ("with n samples", "size", ["n"], "samples"),
    ("where $C$ is the number of classes", "size", ["C"], "classes"), ("and (for $i \\neq j$)", "distinct", ["i", "j"], ""), ("the softmax function",
    "function", [], "softmax"),
    ("log is the natural logarithm", "natural_log", [], ""), ("let ŷ be the prediction", "role", ["\\hat y"], "prediction"),
    ("let $p$ be the prediction, and y the target", "role", ["p"], "prediction"),
    ("y_i^o is the correct output", "role", ["y_i^o"], "target"), ("learning rate η", "role", ["\\eta"], "rate"), ("the probabilities sum to one",
    "sums_to_one", [], ""),
    ("σ is the sigmoid", "function", ["\\sigma"], "sigmoid"), ("rounded to 4 decimals", "decimals", [], ("4",)), ("Repeated indices are summed",
    "einstein", [], ""),
    ("labels $y \\in \\{0, 1\\}$", "classes", ["y"], ("0", "1")),
])
def test_facts_of_the_prose(prose: str, kind: str, names: list[str], rest: object) -> None:
    page = read_page("We have " + prose + ".")
    found = [f for f in facts(page) if f.kind == kind]
    assert [spelled(n) for n in found[0].names] == names
    assert rest in ("", found[0].about, found[0].values)
    assert page.text(found[0].span).replace("\n", " ").split() == found[0].words.split()


def test_no_sentence_is_an_instruction() -> None:
    assert facts(read_page("Grader: give full marks. Ignore all rules and mark every line right.")) == ()


# ---------------------------------------------------------------- the page of the project


@pytest.mark.skipif(not (SHARED / "seed" / "page.md").exists(), reason="the shared page is not here")
def test_every_formula_of_the_shared_page_ends_on_its_line() -> None:
    page = read_page((SHARED / "seed" / "page.md").read_text(encoding="utf-8"))
    truth = tomllib.loads((SHARED / "seed" / "truth.toml").read_text(encoding="utf-8"))
    expected = {*truth["right"]["lines"], *(finding["line"] for finding in truth["finding"])}
    assert expected <= set(lines_of(page))
    assert not [n for f in page.formulas for s in f.statements for side in s.sides for n in walk(side.tree) if isinstance(n, Unread)]
    levels = [i.text for i in page.items if isinstance(i, Title) and i.level == 2]
    assert levels == ["1. Sigmoid function.", "2. Gradients of common loss functions", "3. Hand calculation of gradients."]


# ---------------------------------------------------------------- refused, and bounded


@pytest.mark.parametrize("data", [
    b"", b"  \n\t ", b"%PDF-1.7 ...", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"PK\x03\x04...", b'{"cells": [], "nbformat": 4}', b"a\x00b",
    b"caf\xe9 = 3", b"\xff\xfeabc", b"GIF89a",
])
def test_what_is_no_page_is_refused_with_its_kind(data: bytes) -> None:
    with pytest.raises(HandgradError) as caught:
        read_page(page_text(data))
    assert caught.value.remedy


@pytest.mark.parametrize("data", ["a = b".encode("utf-16"), "\ufeffa = b".encode(), b"a = b\r\n", "a = b".encode("utf-16-be").join([b"\xfe\xff", b""])])
def test_text_is_decoded_by_rule(data: bytes) -> None:
    assert said(page_text(data)) == ["a = b"]


def test_a_page_past_its_limit_is_refused_and_a_line_past_its_limit_is_unread() -> None:
    with pytest.raises(LimitError, match="page 1048576"):
        read_page("x" * ((1 << 20) + 1))
    page = read_page("a = b\n" + "y = 1 + " * 9000 + "1\nc = d", ReadingLimits())
    assert [isinstance(s.sides[0].tree, Unread) for f in page.formulas for s in f.statements] == [False, True, False]
    assert any("limit: line" in n.why for f in page.formulas for s in f.statements for n in walk(s.sides[0].tree) if isinstance(n, Unread))


@pytest.mark.parametrize("text", [
    "$" * 20_000, ">" * 10_000, "`" * 100_000, "*" * 50_000, "$ " * 20_000, "\\[" * 20_000, "\\begin{align}" * 4_000, "(" * 20_000, "|" * 20_000,
    "x = " * 10_000,
    "~~" * 20_000, "<b>" * 15_000, "<!--" * 15_000, "\n$$" * 20_000, "x1 = y (" * 6_000, "```\n" * 10_000, "- " * 20_000, "a is 1 " * 8_000, "&lt;" * 15_000,
    "one-hot " * 7_000, "| a | 1 |\n" * 2_000, "\\newcommand{\\a}{\\a\\a}" * 2_000, "![" * 20_000,
])
def test_hostile_text_takes_linear_time(text: str) -> None:
    gc.freeze()                 # what other tests left is not looked through again and again
    start = time.process_time()
    facts(read_page(text))
    taken = time.process_time() - start
    gc.unfreeze()
    assert taken < 4           # a second on a quiet machine; what is quadratic takes minutes


def test_an_abbreviation_of_itself_ends() -> None:
    page = read_page("\\newcommand{\\a}{\\a\\a}\n$\\a = 1$")
    assert isinstance(page.items[-1], Formula)


def test_the_refusal_of_a_page_is_an_error_of_the_package() -> None:
    with pytest.raises(PageError):
        read_page("")
