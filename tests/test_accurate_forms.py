"""The accurate forms: each statement holds, each form is found in a model, and with it the value keeps its digits where the left side loses them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import handgrad
from handgrad import model, same
from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.command import main
from handgrad.kernels.accuracy import rewritten
from handgrad.kernels.accurate_forms import REWRITES
from handgrad.kernels.rewriting import Rewrite
from handgrad.kernels.telling import forms_of

FOUND_IN = {
    "reciprocal_of_one_and_exp": "s = 1/(1 + exp(-x))",
    "quotient_of_sinh": "t = (exp(x) - exp(-x))/(exp(x) + exp(-x))",
    "quotient_of_exp": "s[i,k] = exp(a[i,k])/sum[m](exp(a[i,m]))",
    "quotient_of_exp_over_axes": "y[i,k] = exp(a[i,k])/sum[j,m](exp(a[j,m]))",
    "one_less_sigmoid": "s = sigmoid(z); u = s*(1 - s)",
    "sigmoid_less_one": "s = sigmoid(z); u = s - 1",
    "one_less_square_of_tanh": "t = tanh(z); u = 1 - t^2",
    "one_less_softmax": "p[i,k] = softmax[k](a[i,k]); u[i,k] = 1 - p[i,k]",
    "softmax_less_one": "p[k] = softmax[k](a[k]); u[k] = p[k] - 1",
    "softmax_less_delta": "p[k] = softmax[k](a[k]); u[k,j] = a[j]*(p[k] - delta[k,j])",
    "probability_less_target": "p[k] = softmax[k](a[k]); u[k] = p[k]*sum[m](y[m]) - y[k]",
    "sigmoid_less_target": "u = sigmoid(z) - y; assume y in {0, 1}",
    "exp_less_one": "u = exp(x) - 1",
    "one_and_erf": "u = x*(1 + erf(x/sqrt(2)))/2",
    "log_of_sigmoid": "s = sigmoid(z); u = log(s)",
    "log_of_softmax": "p[k] = softmax[k](a[k]); J = -sum[k](y[k]*log(p[k]))",
    "log_of_sum_of_exp": "Z = sum[k](exp(a[k])); u = log(Z)",
    "log_of_one_and": "u = log(1 + x)",
    "bell": "u = exp(-(x^2)/2)",
    "root_of_squares": "u = sqrt(sum[k](x[k]^2))",
    "silu": "s = sigmoid(z); u = w*z*s",
    "slope_of_silu": "s = sigmoid(z); u = s*(1 + z*(1 - s))",
    "sum_as_slope_of_silu": "s = sigmoid(z); u = 2*s + 2*s*(1 - s)*z",
    "gelu": "u = x*(1 + erf(x/sqrt(2)))/2",
    "slope_of_gelu": "u = (1 + erf(x/sqrt(2)))/2 + x*exp(-(x^2)/2)/sqrt(2*pi)",
    "entry_less_mean": "p[k] = softmax[k](f[k]); m = sum[k](a[k]*p[k]); u = a[2] - m",
    "entries_less_mean": "p[k] = softmax[k](f[k]); m = sum[k](a[k]*p[k]); u = sum[k](y[k]*(a[k] - m))",
    "quotient_of_chosen_exp": "Z = sum[k](exp(x[k]) if b[k] == 1 else 0); u[k] = exp(x[k])*(1/Z if b[k] == 1 else 0)",
    "part_across": "n = norm[k](x[k]); u[k] = y[k]/n - sum[m](y[m]*x[m])*x[k]/n^3",
    "over_square": "u = (a - b)^2/(2*d^2)",
}


def used(text: str) -> set[str]:
    """The names of the forms that a model is rewritten by."""
    asked: Model = model(text)
    return {rewrite.name for rewrite in rewritten(asked.definitions, functions(), asked)[1]}


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.name)
def test_every_statement_holds(rewrite: Rewrite) -> None:
    left, _, right = rewrite.statement.partition(" = ")
    assert same(left, right).verdict == "equal"


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.name)
def test_every_form_is_found_in_a_model(rewrite: Rewrite) -> None:
    assert rewrite.name in used(FOUND_IN[rewrite.name])


@pytest.mark.parametrize("text", ["u = 2 - sigmoid(z)", "u = 1 - tanh(z)", "u = 1 + sigmoid(z)", "u = sigmoid(z) - y", "u = exp(x) + 1", "u = exp(-(x^2))"])
def test_what_only_looks_like_one_is_left(text: str) -> None:
    assert used(text) == set()


def test_a_logarithm_of_a_sum_along_two_axes_neither_overflows_nor_loses_its_slopes() -> None:
    x = np.array([[1000.0, 999.0], [-5.0, 1001.0]])
    value, slopes, second = handgrad.compile("y = logsumexp[i,j](x[i,j])", by=["x"], hvp=True, target="numpy")(x=x, v_x=np.ones((2, 2)))
    assert not second["x"].any()
    shares = np.exp(x - 1001)/np.exp(x - 1001).sum()
    assert value == pytest.approx(1001 - np.log(shares[1, 1]), rel=1e-15) and np.allclose(slopes["x"], shares, rtol=1e-12, atol=0)


@pytest.mark.parametrize("text", [
    "y = log(sum[k](exp(x[k]) if m[k] == 1 else 0))",
    "y = log(sum[k](exp(x[k])*(1 if m[k] == 1 else 0)))",
    "Z = sum[k](exp(x[k]) if m[k] == 1 else 0); y = log(Z)",
])
def test_sums_over_chosen_exponentials_do_not_overflow(text: str) -> None:
    value, slopes = handgrad.compile(text, by=["x"], target="numpy")(x=[1000.0, 1001.0, 5000.0], m=[1.0, 1.0, 0.0])
    assert value == pytest.approx(1001 + np.log1p(np.exp(-1)), rel=1e-15)
    assert np.allclose(slopes["x"], [1/(1 + np.e), np.e/(1 + np.e), 0], rtol=1e-14, atol=0)


@pytest.mark.parametrize("text", [
    "p[k] = (exp(x[k]) if m[k] == 1 else 0)/sum[j](exp(x[j]) if m[j] == 1 else 0); y = p[2]",
    "p[k] = exp(x[k])*(1 if m[k] == 1 else 0)/sum[j](exp(x[j])*(1 if m[j] == 1 else 0)); y = p[2]",
])
def test_a_softmax_of_chosen_entries_does_not_overflow(text: str) -> None:
    assert handgrad.compile(text, by=["x"], target="numpy")(x=[1000.0, 1001.0, 5000.0], m=[1.0, 1.0, 0.0])[0] == pytest.approx(np.e/(1 + np.e), rel=1e-15)


def test_a_sum_over_chosen_exponentials_along_two_axes_does_not_overflow() -> None:
    kernel = handgrad.compile("y = log(sum[i,k](exp(x[i,k]) if m[i,k] == 1 else 0))", by=["x"], target="numpy")
    value, slopes = kernel(x=[[1000.0, 1001.0], [999.0, 5000.0]], m=[[1.0, 1.0], [1.0, 0.0]])
    e = np.exp([[-1, 0], [-2, -np.inf]])
    assert value == pytest.approx(1001 + np.log(e.sum()), rel=1e-15) and np.allclose(slopes["x"], e/e.sum(), rtol=1e-13, atol=0)


@pytest.mark.parametrize("text", ["J = -log(softmax[k](a[k]/T)[1])", "J = -sum[k](y[k]*log(softmax[k](a[k]/T)))"])
def test_a_derivative_by_a_temperature_keeps_its_digits_where_the_softmax_saturates(text: str) -> None:
    given = {"a": [40.0, 0.0, -3.0], "T": 1.0} | ({"y": [1.0, 0.0, 0.0]} if "y[" in text else {})
    slope = handgrad.compile(text, by=["T"], target="numpy")(**given)[1]["T"]
    e = np.exp([-40.0, -43.0])
    assert slope == pytest.approx((40*e[0] + 43*e[1])/(1 + e.sum()), rel=1e-14)


@pytest.mark.parametrize("size", [1e-290, 1e-20, 1.0, 1e200, 1e308])
def test_the_cosine_keeps_the_slopes_of_scores_along_the_target(size: float) -> None:
    x = np.array([1.0, 2.0**-40, -3*2.0**-45])*size
    kernel = handgrad.compile("J = -sum[k](y[k]*x[k])/norm[k](x[k])", by=["x"], target="numpy")
    slopes = kernel(x=x, y=[1.0, 0.0, 0.0])[1]["x"]
    a, b = 2.0**-40, -3*2.0**-45
    n = np.sqrt(1 + a*a + b*b)
    with np.errstate(under="ignore"):
        assert np.allclose(slopes, np.array([-(a*a + b*b), a, b])/n**3/size, rtol=1e-14, atol=1e-320)


def test_a_square_that_is_too_small_is_not_divided_by() -> None:
    kernel = handgrad.compile("J = log(d) + (t - s)^2/(2*d^2)", by=["s", "d"], target="numpy")
    value, slopes = kernel(t=3e-200, s=1e-200, d=1e-200)
    assert value == pytest.approx(np.log(1e-200) + 2, rel=1e-15)
    assert slopes["d"] == pytest.approx(-3e200, rel=1e-15) and slopes["s"] == pytest.approx(-2e200, rel=1e-15)


@pytest.mark.parametrize("text", ["J = norm[k](x[k])", "J = sqrt(sum[k](x[k]^2))", "J = sum[i](norm[k](x[k] - c[i,k]))"])
@pytest.mark.parametrize("target", ["numpy", "python"])
def test_at_the_tip_of_a_norm_the_gradient_is_0(text: str, target: str) -> None:
    given = {"c": [[0.0, 0.0]]} if "c[" in text else {}
    assert np.array_equal(handgrad.compile(text, by=["x"], target=target)(x=[0.0, 0.0], **given)[1]["x"], [0.0, 0.0])
    quotient = handgrad.compile("J = sum[k](y[k]*x[k])/norm[k](y[k])", by=["x"], target=target)
    assert np.isnan(quotient(x=[1.0, 2.0], y=[0.0, 0.0])[1]["x"]).all()         # nothing is said of 0/0 where no norm is differentiated


def test_a_full_derivation_tells_the_forms_that_it_is_computed_in() -> None:
    derived = model("h = tanh(W*x); p = sigmoid(v*h); J = -y*log(p) - (1 - y)*log(1 - p)").derive("J", "W")
    forms = forms_of(derived)
    assert [f.rewrite.name for f in forms] == ["log_of_sigmoid", "one_less_sigmoid", "one_less_square_of_tanh"]
    assert all(f.certificate.verdict == "agrees" and f.certificate.points >= 16 for f in forms)


@pytest.mark.parametrize("name", FOUND_IN)
def test_each_form_is_told_with_a_certificate_of_its_statement(name: str) -> None:
    asked = model(FOUND_IN[name])
    of = list(asked.definitions)[-1]
    by = next(t for t in asked.inputs if t != "y")
    told_of = {f.rewrite.name: f.certificate.verdict for f in forms_of(asked.gradients(of, [by]))}
    assert told_of[name] == "agrees"


def test_the_command_shows_the_forms_in_full_alone(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["derive", "p = sigmoid(z); J = -log(p)", "--wrt", "z", "--ascii"]
    assert main(asked) == 0
    assert "accurate form" not in capsys.readouterr().out
    assert main([*asked, "--steps", "full"]) == 0
    shown = capsys.readouterr().out
    assert "Computed in accurate form" in shown and "log of sigmoid, in J; 32 points" in shown
    assert main([*asked, "--steps", "full", "--json"]) == 0
    saved = json.loads(capsys.readouterr().out)
    form = saved["accurate_forms"][0]
    assert (form["name"], form["statement"], form["certificate"]["verdict"]) == ("log_of_sigmoid", "log(sigmoid(x)) = -softplus(-x)", "agrees")
