"""Numbers on pages: each is judged against those that the page shows before it."""

import os
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

from handgrad.arithmetic.balls import working_precision
from handgrad.arithmetic.decimals import fraction
from handgrad.checking.certain import Certain
from handgrad.checking.chains import parts_of
from handgrad.checking.evaluation import exactly, value
from handgrad.checking.numeric import NumericJudge
from handgrad.checking.quantities import Names
from handgrad.checking.shown import relation, shown
from handgrad.problem import Problem, read_problem
from handgrad.reading.mathematics import formula
from handgrad.reading.page import read_page
from support_numbers import FREE, accused, judgements, only

SHARED = Path(os.environ.get("HANDGRAD_SHARED", Path(__file__).parents[1].parent / "shared"))

NET = read_problem('''
title = "one tanh neuron after two"
model = """
a[j] = b[j] + sum[i](W[i,j]*x[i])
h[j] = tanh(a[j])
y    = c + sum[j](v[j]*h[j])
E    = 1/2*(y - t)^2
"""
gradient = { of = "E", by = ["W", "b", "v", "c"] }
[given]
x = [0.7, -1.2]
W = [[0.4, -0.3], [0.25, 0.6]]
b = [0.1, -0.2]
v = [0.8, -0.5]
c = 0.05
t = 0.9
[names]
"w_1" = "W[1,1]"
"w_2" = "W[1,2]"
"w_3" = "W[2,1]"
"w_4" = "W[2,2]"
"V" = "v"
"v_1" = "v[1]"
"v_2" = "v[2]"
"a_1" = "a[1]"
"a_2" = "a[2]"
"h_1" = "h[1]"
"h_2" = "h[2]"
''')

PAGE = r"""
$$x = \begin{pmatrix} 0.7 \\ -1.2 \end{pmatrix}, \quad W = \begin{pmatrix} 0.4 & -0.3 \\ 0.25 & 0.6 \end{pmatrix}$$

$$v_1 = 0.8$$

$$v_2 = -0.5$$

$$c = 0.05$$

$$t = 0.9$$

$$a_1 = 0.1 + (0.4)(0.7) + (0.25)(-1.2) = 0.08$$

$$a_2 = -0.2 + (-0.3)(0.7) + (0.6)(-1.2) = -1.13$$

$$h_1 = \tanh(0.08) = 0.0798$$

$$h_2 = \tanh(-1.13) = -0.8110$$

$$y = 0.05 + (0.8)(0.0798) + (-0.5)(-0.8110) = 0.5193$$

$$E = \frac{1}{2}(0.5193 - 0.9)^2 = 0.0725$$

$$\frac{\partial E}{\partial y} = y - t = -0.3807$$

$$\frac{\partial E}{\partial v_1} = (-0.3807)(0.0798) = -0.0304$$

$$\frac{\partial E}{\partial v_2} = (-0.3807)(-0.8110) = 0.3087$$

$$\frac{\partial E}{\partial h_1} = \frac{\partial E}{\partial y} v_1 = (-0.3807)(0.8) = -0.3046$$

$$\frac{\partial E}{\partial w_1} = (-0.3807)(0.8)(1 - 0.0798^2)(0.7) = -0.2118$$

$$\frac{\partial E}{\partial w_3} = (-0.3807)(0.8)(1 - 0.0798^2)(-1.2) = 0.3631$$

$$\nabla V = \begin{pmatrix} -0.0304 \\ 0.3087 \end{pmatrix}$$
"""


# ---------------------------------------------------------------- evaluating


@pytest.mark.parametrize(("text", "wanted"), [
    (r"(1.86)(0.57(1-0.57))(0.68)", "0.31000248"), (r"\frac{1}{2}(0.57+1.29)^2", "1.7298"), (r"-\frac{3}{4}", "-0.75"), (r"2^{-2}", "0.25"),
    (r"\max(0, -0.3)", "0"), (r"|{-0.5}|", "0.5"), (r"\sqrt{0.25}", "0.5"), ("(0.4)*(0.5) - 0.1/4", "0.175"),
])
def test_a_formula_of_numbers_has_its_exact_value(text: str, wanted: str) -> None:
    found = value(formula(text))
    assert found is not None and fraction(found) == Fraction(wanted)


@pytest.mark.parametrize(("text", "wanted"), [
    (r"\sigma(0.7384)", "0.6766"), (r"\frac{1}{1+e^{-0.3775}}", "0.5933"), (r"\tanh(0.5)", "0.4621"), (r"\ln 2.5", "0.9163"), (r"\tanh'(0.5)", "0.7864"),
])
def test_functions_are_evaluated_in_certified_balls(text: str, wanted: str) -> None:
    with working_precision(192):
        found, number = value(formula(text)), shown(formula(wanted))
        assert found is not None and number is not None and relation(number, found) == "rounding"


@pytest.mark.parametrize("text", ["a + 1", r"\frac{1}{0.5 - 0.5}", r"\ln(-1.5)", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"9^{9^{9^{9}}}"])
def test_what_has_no_value_gets_none(text: str) -> None:
    assert value(formula(text)) is None


@pytest.mark.parametrize(("number", "x", "wanted"), [
    ("0.7384", "0.7384", "exact"), ("0.31", "0.31000248", "rounding"), ("0.5", "0.45", "rounding"), ("0.4", "0.45", "rounding"),
    ("0.1544", "0.15446618", "truncation"), ("-0.113", "-0.1139715", "truncation"), ("0.6767", "0.676645881256", "last_digit"),
    ("0.0043", "-0.00430848", "apart"),
    ("0.13", "0.15", "apart"),
    ("4.3e-3", "0.00430848", "rounding"),
])
def test_a_number_relates_to_its_value(number: str, x: str, wanted: str) -> None:
    found = shown(formula(number))
    assert found is not None and relation(found, exactly(Fraction(x))) == wanted


# ---------------------------------------------------------------- whole pages


def test_a_right_page_is_not_accused() -> None:
    assert accused(judgements(PAGE, NET)) == []


def test_a_right_page_is_not_accused_without_a_problem() -> None:
    assert accused(judgements(PAGE)) == []


@pytest.mark.parametrize(("old", "new", "wanted"), [
    ("0.7) = -0.2118", "0.7) = 0.2118", ("slip", "sign", "0.2118")),
    ("0.7) = -0.2118", "0.7) = -0.2181", ("slip", "wrong_digit", "-0.2181")),
    ("0.3087 \\end", "0.3078 \\end", ("slip", "copied_wrong", "0.3078")),
    ("(-0.3807)(0.0798) =", "(-0.3807)(-0.8110) =", ("slip", "wrong_index", None)),
    ("(-0.3807)(0.8)(1 - 0.0798^2)(0.7)", "(-0.3807)(0.8)(1 - 0.0798^2)(-0.7)", ("slip", "sign", None)),
    ("(-0.3807)(0.8)(1 - 0.0798^2)(0.7)", "(-0.3807)(0.8)(1 - 0.0789^2)(0.7)", ("slip", "wrong_digit", None)),
    ("(-0.3807)(0.8)(1 - 0.0798^2)(0.7)", "(-0.3807)(1 - 0.0798^2)(0.7)", ("slip", "missing_factor", None)),
    ("= 0.0798$", "= 0.0799$", ("last_digit", None, "0.0799")),
    ("v_1 = 0.8", "v_1 = 0.3", ("undecided", None, "0.3")),
])
def test_one_wrong_number_is_one_accusation(old: str, new: str, wanted: tuple[str, str | None, str | None]) -> None:
    assert PAGE.count(old) == 1
    assert accused(judgements(PAGE.replace(old, new), NET)) == [wanted]


def test_a_wrong_number_carried_on_is_one_cause() -> None:
    page = PAGE.replace("0.3087", "0.2504").replace("-0.3807", "-0.3087").replace("= 0.5193$", "= 0.5913$")
    page = page.replace("(0.5193 - 0.9)^2 = 0.0725", "(0.5913 - 0.9)^2 = 0.0476").replace("-0.0304", "-0.0246").replace("-0.3046", "-0.2470")
    found = judgements(page.replace("-0.2118", "-0.1718").replace("0.3631", "0.2945"), NET)
    slips = [j for j in found if j.verdict == "slip"]
    assert [j.shown for j in slips] == ["0.5913"]
    carried = [j for j in found if j.shown in ("0.0476", "-0.3087", "-0.0246", "0.2504", "-0.2470", "-0.1718", "0.2945")]
    assert len(carried) == 9 and {(j.verdict, j.cause) for j in carried} == {("carried", slips[0].id)}


def test_a_right_number_after_a_wrong_one_does_not_follow() -> None:
    found = judgements(PAGE.replace("= 0.5193$", "= 0.9193$"), NET)
    assert accused(found) == [("slip", "wrong_digit", "0.9193")]
    after = next(j for j in found if j.shown == "-0.3807")
    assert (after.verdict, after.follows) == ("right", False)


# ---------------------------------------------------------------- single lines


def test_typed_lines_are_judged_alone() -> None:
    found = only("dE/dw1 = (-0.11)(0.68)(0.32)(0.18) = -0.0043", "-0.0043")
    assert (found.verdict, found.by_hand) == ("rounding", "-0.00430848")
    wrong = only("dE/dw1 = (-0.11)(0.68)(0.32)(0.18) = 0.0043", "0.0043")
    assert (wrong.verdict, wrong.kind, wrong.right) == ("slip", "sign", "-0.0043")


def test_rounding_twice_is_two_roundings() -> None:
    found = judgements(r"$h = \sigma(0.7384) = 0.6766 = 0.68$")
    assert [j.verdict for j in found if j.shown] == ["rounding", "rounding"]


def test_an_operand_kept_unrounded_is_carried() -> None:
    found = only("$h = \\sigma(0.7384) = 0.68$\n\n$u = 0.5 h = 0.338$", "0.338")
    assert (found.verdict, found.by_hand) == ("carried", "0.34")


def test_an_earlier_number_with_more_digits_may_be_carried() -> None:
    assert only("$h = \\sigma(0.7384) = 0.6766 = 0.68$\n\n$u = 0.5 h = 0.3383$", "0.3383").verdict == "carried"


COPIED = "$h = 0.6821$\n\n$x = 0.53$\n\n$g = x h (1 - h) = {} = {}$"


@pytest.mark.parametrize(("numbers", "result", "said", "verdict"), [
    ("(0.53)(0.6812)(1 - 0.6812)", "0.12", "h is 0.6821, not 0.6812", "carried"),
    ("(0.52)(0.6812)(1 - 0.6821)", "0.11", "x is 0.53, not 0.52; h is 0.6821, not 0.6812; without effect on the result", "rounding"),
    ("(1 - 0.6281)(0.6281)(0.53)", "0.12", "h is 0.6821, not 0.6281", "carried"),
    ("(0.53)(0.6281)(1 - 0.6821)", "0.1058", "h is 0.6821, not 0.6281", "carried"),
])
def test_numbers_copied_wrongly_are_said_whatever_they_do_to_the_result(numbers: str, result: str, said: str, verdict: str) -> None:
    found = judgements(COPIED.format(numbers, result))
    slips = [j for j in found if j.verdict == "slip"]
    assert [(j.kind, j.because) for j in slips] == [("wrong_digit", said)]
    assert found[-1].verdict == verdict


@pytest.mark.parametrize(("formula", "numbers", "result", "slips"), [
    ("d h (1 - h)", "(0)(0.6812)(1 - 0.6821)", "0", ["h is 0.6821, not 0.6812; without effect on the result"]),
    ("x + h", "0.63 + 0.5821", "1.2121", ["x is 0.53, not 0.63; h is 0.6821, not 0.5821; without effect on the result"]),
    ("d h (1 - h)", "(0)(0.68)(0.3179)", "0", []), ("d x h", "(0.68)(0)(0.5)", "0", []), ("x + h", "0.6821 + 0.53", "1.2121", []),
])
def test_numbers_copied_wrongly_are_said_where_the_result_is_exactly_the_same(formula: str, numbers: str, result: str, slips: list[str]) -> None:
    found = judgements(f"$h = 0.6821$\n\n$d = 0$\n\n$x = 0.53$\n\n$g = {formula} = {numbers} = {result}$")
    assert [j.because for j in found if j.verdict == "slip"] == slips
    assert found[-1].verdict == "exact"


@pytest.mark.parametrize("numbers", ["(0.53)(0.6821)(1 - 0.6821)", "(0.53)(0.68)(1 - 0.68)", "(0.5)(0.682)(0.318)", "0.53(0.3179)(0.682)"])
def test_numbers_that_are_put_in_rounded_are_not_copied_wrongly(numbers: str) -> None:
    assert {j.verdict for j in judgements(COPIED.format(numbers, "0.115")) if j.shown is None} == {"right"}


def test_a_product_through_a_part_that_the_page_shows_is_carried() -> None:
    page = "$g = (0.31)(0.29)(0.71)(2.42) = 0.1544$\n\n$b = (0.31)(0.29)(0.71) = 0.0638$"
    found = only(page, "0.1544")
    assert found.verdict == "carried" and "0.0638" in found.because


def test_cutting_is_a_habit_when_nothing_else_explains_it() -> None:
    assert only("$g = (0.31)(0.29)(2.42) = 0.217$", "0.217").verdict == "truncation"


def test_a_given_that_nothing_uses_is_not_checked_and_one_in_use_is_right() -> None:
    found = judgements("$a = 0.35$\n\n$b = 2.75$\n\n$c = 3 \\cdot 0.35 = 1.05$")
    assert [(j.shown, j.verdict) for j in found if j.shown] == [("0.35", "right"), ("2.75", "not_checked"), ("1.05", "exact")]


def test_givens_of_another_problem_are_not_many_slips() -> None:
    page = "$v_1 = 0.9$\n\n$v_2 = -0.4$\n\n$c = 0.15$\n\n$t = 0.1$"
    assert accused(judgements(page, NET)) == [("undecided", None, n) for n in ("0.9", "-0.4", "0.15", "0.1")]


def test_two_statements_with_a_dot_between_them_are_read_as_two() -> None:
    found = judgements(r"$c = 0.05 \cdot t = 0.9$", NET)
    assert [(j.shown, j.verdict) for j in found] == [("0.05", "transcription"), ("0.9", "transcription")]


# ---------------------------------------------------------------- besides the verdicts


def judged(page: str, problem: Problem) -> NumericJudge:
    judge = NumericJudge(Names(problem), Certain(problem), page)
    judge.page([chain for part in parts_of(read_page(page)) for chain in part.chains])
    return judge


def test_what_is_asked_for_and_never_stated_is_missing() -> None:
    assert [(m.quantity, m.stated) for m in judged(PAGE, NET).missing()] == [
        ("∂E/∂w₂", False), ("∂E/∂w₄", False), ("∂E/∂b", False), ("∂E/∂c", False)]


def test_a_gradient_without_working_is_said_to_be_without() -> None:
    page = PAGE.replace(r"$$\frac{\partial E}{\partial v_1} = (-0.3807)(0.0798) = -0.0304$$", "")
    assert ("∂E/∂v₁", True) in [(m.quantity, m.stated) for m in judged(page, NET).missing()]


def test_the_habit_and_the_costliest_rounding_are_told() -> None:
    judge = judged(PAGE.replace("0.0798", "0.08").replace("= -0.0304", "= -0.0305"), NET)
    assert any("decimals" in remark for remark in judge.remarks())


def test_a_target_that_a_sigmoid_never_reaches_is_remarked() -> None:
    problem = read_problem("""
model = '''
o = sigmoid(w*x)
E = 1/2*(o - t)^2
'''
gradient = { of = "E", by = ["w"] }
[given]
w = 0.5
x = 0.4
t = -1.5
""")
    assert "t = −1.5 is out of reach: a sigmoid stays between 0 and 1" in judged("$t = -1.5$", problem).remarks()


# ---------------------------------------------------------------- the page of the problem statement


def seed() -> tuple[str, Problem, dict[str, object]]:
    folder = SHARED / "seed"
    if not folder.exists():
        pytest.skip(f"no {folder}: set HANDGRAD_SHARED")
    lines = (folder / "page.md").read_text().split("\n")
    page = "\n".join(["" if n < 210 else line for n, line in enumerate(lines, 1)])
    return page, read_problem((folder / "problem.toml").read_text()), tomllib.loads((folder / "truth.toml").read_text())


@pytest.mark.parametrize("with_problem", [True, False])
def test_the_worked_page_is_judged_as_its_truth_says(with_problem: bool) -> None:
    page, problem, truth = seed()
    found = judgements(page, problem if with_problem else None)
    expected = {f["line"]: f for f in truth["finding"] if f["line"] >= 210}  # type: ignore[attr-defined]
    allowed = set(truth["without_problem"]["not_checked_allowed"]) if not with_problem else set()  # type: ignore[index]
    for j in found:
        if j.verdict in FREE or j.line in allowed and j.verdict == "not_checked":
            continue
        assert j.line in expected and j.verdict in expected[j.line]["allowed"], j
        assert j.verdict != "slip" or j.kind in expected[j.line]["kind"]
    for line, finding in expected.items():
        entry = tuple(finding["entry"]) if "entry" in finding else None
        if line not in allowed:
            assert any(j.line == line and j.verdict in finding["allowed"] and entry in (None, j.entry) for j in found), line


@pytest.mark.parametrize("with_problem", [True, False])
def test_the_numbers_of_the_worked_page_are_certified(with_problem: bool) -> None:
    page, problem, truth = seed()
    found = judgements(page, problem if with_problem else None)
    for row in truth["number"]:  # type: ignore[attr-defined]
        j = next(j for j in found if j.line == row["line"] and j.shown == row["shown"])
        for key in ("by_hand", "exact"):
            assert abs(Fraction(getattr(j, key)) - Fraction(row[key])) <= abs(Fraction(row[key])) * Fraction(1, 10**9), (row, key)
