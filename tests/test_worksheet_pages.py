"""How a worked page reads: long sums, matrices, kinks and ties, names, branches."""

from __future__ import annotations

from handgrad import render
from handgrad.problem import read_problem
from handgrad.worksheet import work
from support_worksheet import HERE, NEURON, sheet


def test_a_kink_that_is_hit_says_which_slope_is_taken() -> None:
    assert "on the kink p₂ = 0: 0 is taken" in str(sheet(HERE / "problems" / "kinks.toml"))


TIED = '''title = "a convolution, ReLU and the greatest, with a tie"
model = """
c[t] = b + sum[k](w[k]*x[t+k-1])
r[t] = relu(c[t])
m = max[t](r[t])
E = (m - y)^2
"""
gradient = { of = "E", by = ["w", "b"] }
[given]
x = [1, -1, 2, 0.5]
w = [0.5, 1]
b = 0.1
y = 1
'''


def test_of_a_tie_only_the_first_counts_and_the_page_says_so() -> None:
    page = str(work(read_problem(TIED)))
    assert "= (2)(0.6) (0 + (−1) + 0)" in page
    assert "a tie, r₃ = m: only the first counts" in page
    assert "∇b = (1.2000)" in page


def test_long_sums_are_elided_after_whole_groups() -> None:
    ones = ", ".join("1" * 12)
    model_ = "p[i] = w*x[i]\nJ = l*w^2 + sum[i](p[i] - y[i]) + log(2)"
    text = f'model = """\n{model_}\n"""\ngradient = {{ by = "w" }}\n[given]\nx = [{ones}]\ny = [{ones}]\nw = 2\nl = 0.5\n'
    assert "J = l w² + p₁ − y₁ + p₂ − y₂ + … + p₁₂ − y₁₂ + log(2)" in str(work(read_problem(text)))


def test_a_wide_matrix_is_shown_in_parts() -> None:
    text = f'model = "E = sum[i,j](W[i,j]^2)"\ngradient = {{ by = "W" }}\n[given]\nW = [[{", ".join("0.1" for _ in range(12))}]]\n'
    page = str(work(read_problem(text)))
    assert "∇W, columns 1 to 7 = (0.2000" in page
    assert "∇W, columns 8 to 12 = (0.2000" in page
    assert max(map(len, page.splitlines())) <= 80


def test_a_loss_is_shown_by_its_name_and_then_with_the_numbers_in_the_branch_that_is_taken() -> None:
    text = 'model = "J = sum[i](huber(w*x[i], y[i], 1))"\ngradient = { by = "w" }\n[given]\nx = [1, 2]\ny = [1.5, 9]\nw = 1\n'
    assert "J = huber(w x₁, y₁, 1) + huber(w x₂, y₂, 1)\n  = ½ (1.5 − (1)(1))² + (1) |9 − (1)(2)| − 1²/2\n  = 6.625" in str(work(read_problem(text)))


def test_a_given_1_is_a_number_and_not_the_vector_of_ones() -> None:
    assert "𝟏" not in render(work(read_problem(NEURON)).blocks(), "html")
    assert "mathbf{1}" not in render(work(read_problem(NEURON)).blocks(), "latex")


def test_a_number_that_repeats_another_is_written_alike() -> None:
    text = 'model = "u = a*w + b\\nE = 1/2*u^2"\ngradient = { by = ["w", "b"] }\n[given]\na = 0.35\nw = 2\nb = 0.349\n[rounding]\ndefault = 2\n"d(E, u)" = 2\n'
    page = str(work(read_problem(text.replace("0.349", "0.399"))))
    assert "       = ∂E/∂u\n       = 1.10\n" in page.replace("∂E/∂b = ", "       = ").replace("      = ", "       = ")


def test_branches_in_a_product_stand_in_brackets_like_its_other_factors() -> None:
    text = 'model = "E = sum[i](max(0, 1 - y[i]*w*x[i]))"\ngradient = { by = "w" }\n[given]\nx = [2, 3]\ny = [1, -1]\nw = 0.1\n'
    page = str(work(read_problem(text)))
    assert "= −(2)(1) − (3)(−1)" in page
    assert "since w x₁ y₁ < 1, w x₂ y₂ < 1" in page


def test_long_sums_are_elided_and_large_tensors_cut() -> None:
    numbers_ = ", ".join(str(n) for n in range(1, 31))
    text = f'model = "J = sum[i](w[i]*x[i])^2"\ngradient = {{ of = "J", by = "w" }}\n[given]\nx = [{numbers_}]\nw = [{numbers_}]\n'
    page = str(work(read_problem(text)))
    assert "+ … +" in page
    assert "6 more are worked in the same way and left out here" in page


def test_gradients_stand_in_the_order_of_the_names_of_the_page() -> None:
    model_ = 'model = """\nE = sum[i,j](x[i]*W[i,j]^2)\n"""\ngradient = { by = "W" }\n[given]\nx = [1, 2]\nW = [[1, 2], [3, 4]]\n'
    names = '[names]\nw_1 = "W[1,1]"\nw_2 = "W[2,1]"\nw_3 = "W[1,2]"\nw_4 = "W[2,2]"\n'
    page = str(work(read_problem(model_ + names)))
    assert [page.index(f"∂E/∂w{n} =") for n in "₁₂₃₄"] == sorted(page.index(f"∂E/∂w{n} =") for n in "₁₂₃₄")
    assert "⎛  2.0000   4.0000 ⎞" in page                       # the matrix keeps its own order
    part = [w.item.quantity for w in work(read_problem(model_ + names.replace('w_4 = "W[2,2]"\n', ""))).numbers.backward]
    assert part == ["d(E, W[1,1])", "d(E, W[1,2])", "d(E, W[2,1])", "d(E, W[2,2])"]


def test_a_name_of_a_derivative_is_used_only_where_the_page_has_that_number() -> None:
    text = 'model = """\nu = a*w\nv = b*w\nE = u^2 + v^2\n"""\ngradient = { by = "w" }\n[given]\na = 2\nb = 3\nw = 0.5\n[names]\ndelta = "d(E, u)"\n'
    assert "∂E/∂u · ∂u/∂w" in str(work(read_problem(text)))
    assert "δ · ∂u/∂w" in str(work(read_problem(text.replace("[names]", '[rounding]\n"d(E, u)" = 2\n[names]')))).replace("δ ∂u", "δ · ∂u")


def test_the_error_is_told_with_more_digits_than_it_is_shown_with() -> None:
    text = 'model = "E = exp(w)"\ngradient = { by = "w" }\n[given]\nw = 0.5\n[rounding]\ndefault = 9\n'
    assert "E = 1.648721271 (exact 1.6487212707)" in str(work(read_problem(text)))
