"""Second derivatives on worked pages, and derivatives that stand in a model."""

from __future__ import annotations

import json
import random

import pytest

from handgrad import render
from handgrad.arithmetic.decimals import Places
from handgrad.notation import read
from handgrad.problem import read_problem
from handgrad.worksheet import work
from support_links import false_links
from support_worksheet import NEURON, agrees_with_jets

CURVED = {
    "network": ("z[j] = b[j] + sum[i](W[i,j]*x[i])\nh[j] = sigmoid(z[j])\nu = c + sum[j](v[j]*h[j])\no = tanh(u)\nE = 1/2*(o - t)^2", ["W", "v", "c", "h"]),
    "classes": ("a[i,k] = sum[d](x[i,d]*w[d,k])\ns[i,k] = softmax[k](a[i,k])\nE = -sum[i,k](y[i,k]*log(s[i,k]))", ["w"]),
    "regression": ("E = mean[i]((y[i] - w*x[i] - b)^2)", ["w", "b"]),
    "kinks": ("r[i] = y[i] - w*x[i]\nE = sum[i](1/2*r[i]^2 if abs(r[i]) <= 1 else abs(r[i]) - 1/2)", ["w"]),
    "hidden": ("h[j] = relu(sum[i](W[i,j]*x[i]))\nE = (sum[j](v[j]*h[j]) - t)^2", ["W", "v"]),
    "layers": ("h[j] = tanh(sum[i](W[i,j]*x[i]))\ng[k] = tanh(sum[j](V[j,k]*h[j]))\nE = (sum[k](u[k]*g[k]) - t)^2", ["W", "V"]),
}


def curved(name: str) -> str:
    """A problem that asks for all second derivatives of a model by some names."""
    text, by = CURVED[name]
    known, turn = read(text), random.Random(name)

    def value(slots: int) -> str:
        return f"[{', '.join(value(slots - 1) for _ in range(2))}]" if slots else f"{turn.uniform(-1, 1):.2f}"

    given = "\n".join(f"{n} = {value(len(known.tensors[n]))}" for n in known.inputs)
    return f'model = """\n{text}\n"""\ngradient = {{ of = "E", by = {json.dumps(by)}, order = 2 }}\n[given]\n{given}\n'


@pytest.mark.parametrize("name", CURVED)
def test_second_derivatives_are_those_of_the_jets_and_every_link_holds(name: str) -> None:
    made = work(read_problem(curved(name)))
    assert any(w.item.along for w in made.numbers.backward)
    agrees_with_jets(made)
    for form in ("markdown", "latex"):
        assert not false_links(render(made.blocks(), form))[0]


def test_a_page_shows_second_derivatives_with_formula_numbers_and_a_symmetric_matrix() -> None:
    made = work(read_problem(NEURON))
    page = str(made)
    for line in ("∂²E/∂w₁∂w₂ = ∂(∂E/∂w₁)/∂w₂", "(0.3691)(0.6309)(0.18)(2.42)", "H = ⎝ 0.00687  0.09232 ⎠", "∂²E/∂w∂b = ⎝ 0.0381 ⎠"):
        assert line in page
    assert [w.item.quantity for w in made.numbers.backward if w.item.family == "d(E, w, w)"] == ["d(E, w[1], w[1])", "d(E, w[1], w[2])", "d(E, w[2], w[2])"]
    assert made.json("d(E, w[1], w[2])")["numbers"][0]["shown"] == ["0.00687"]


PENALTIES = {
    "slope": "f = sigmoid(w[1]*x[1] + w[2])\nE = (d(f, x[1]) - 1)^2",
    "layer": "z[j] = sum[i](W[i,j]*x[i])\nf = sum[j](w[j]*tanh(z[j]))\ng[i] = d(f, x[i])\nE = sum[i](g[i]^2) + sum[i](d(f, x[i])*x[i])",
    "formula": "E = w[1]*d(w[1]^3*x[2], w[1], w[1]) + sum[j](d(x[j]^2*w[j], x[j]))",
}


@pytest.mark.parametrize("name", PENALTIES)
def test_derivatives_in_a_model_are_carried_out(name: str) -> None:
    given = "x = [0.5, -1]\nw = [0.3, 0.7]\n" + ("W = [[0.1, 0.2], [0.3, -0.4]]\n" if name == "layer" else "")
    made = work(read_problem(f'model = """\n{PENALTIES[name]}\n"""\ngradient = {{ by = ["w"] }}\n[given]\n{given}'))
    agrees_with_jets(made)
    assert not false_links(render(made.blocks(), "markdown"))[0]
    if name == "slope":
        assert "E = (∂f/∂x₁ − 1)²\n  = (f (1 − f) w₁ − 1)²" in str(made)


def test_one_second_derivative_is_asked_by_its_name_in_either_order() -> None:
    asked = NEURON.replace('by = ["w", "b"], order = 2', 'by = ["b", "d(E, b, w)"]')
    problem = read_problem(asked.replace('"H" = "d(E, w, w)"', '"k_2" = "d(E, w[2], b)"').replace('"d(E, w, w)" = 5', '"d(E, w, b)" = 3'))
    assert (problem.by, problem.second) == (("b",), (("b", "w"),))
    assert problem.rounding.listed == {"d(E, b, w)": (Places(3),)}
    page = str(work(problem))
    assert "k₂        = ∂²E/∂b∂w₂\n          = ∂(∂E/∂b)/∂w₂" in page


def test_a_name_of_a_gradient_stands_for_it_and_one_with_a_nabla_for_its_matrix() -> None:
    named = NEURON.replace('"H" = "d(E, w, w)"', '"delta" = "d(E, b)"\n"\\\\nabla w" = "d(E, w)"')
    page = str(work(read_problem(named)))
    assert "δ = ∂E/∂b" in page
    assert "nabla" not in page
    assert "∇w = " in page


def test_what_is_0_by_its_formula_is_counted_and_not_worked() -> None:
    text = 'model = "E = sum[i](w[i]^4)"\ngradient = { by = "w", order = 2 }\n[given]\nw = [1, 2, 3]\n'
    assert "3 second derivatives are 0 whatever the numbers are, such as ∂²E/∂w₁∂w₂" in str(work(read_problem(text)))


def test_gradients_with_three_indices_are_shown_in_slices() -> None:
    text = 'model = "E = sum[i,j,k](A[i,j,k]^2*x[k])"\ngradient = { by = "A" }\n[given]\nA = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]\nx = [1, 2]\n'
    page = str(work(read_problem(text)))
    assert "∇A[1,:,:] = " in page
    assert "∇A[2,:,:] = " in page


def test_a_matrix_that_is_too_large_is_named() -> None:
    text = f'model = "E = sum[i](w[i]^2)"\ngradient = {{ by = "w" }}\n[given]\nw = [{", ".join("1" * 20)}]\n'
    assert "∇w is too large for a matrix here" in str(work(read_problem(text)))
