"""Slips in pages that `derive` writes are found and named, and right pages of models of many kinds are not accused."""

from __future__ import annotations

import pytest

from handgrad import model, render
from handgrad.checking.judging import check
from handgrad.checking.report import Judgement

RIGHT = {
    "a softmax with its component beside vectors": (
        "z[i] = sum[k](W[i,k]*x[k]) + b[i]; h[i] = tanh(z[i]); s[i] = softmax[k](h[k])[i]; J = -sum[i](y[i]*log(s[i]))", "W"),
    "e with an index beside the exponential": (
        "e[j] = sum[k](q[k]*K[j,k]); a[j] = softmax[i](e[i])[j]; o[k] = sum[j](a[j]*V[j,k]); J = 1/2*sum[k]((o[k] - t[k])^2)", "q"),
    "sizes": ("m = mean[i](x[i]); v = mean[i]((x[i] - m)^2); y[i] = (x[i] - m)/sqrt(v + c); J = sum[i](y[i]*u[i])", "x"),
    "a sum in which the letter stands in a delta alone": ("l[i] = sum[k](X[i,k]*w[k]); J = sum[i](exp(l[i]) - y[i]*l[i])", "w"),
    "cases of vectors": ("z[j] = sum[i](W[j,i]*x[i]); h[j] = max(0, z[j]); J = 1/2*sum[j]((h[j] - t[j])^2)", "W"),
    "a factor in front of a bracket": (
        "m = mean[i](x[i]); v = mean[i]((x[i] - m)^2); y[i] = g*(x[i] - m)/sqrt(v + c) + b; J = sum[i](y[i]*u[i])", "g"),
}


def page(text: str, wrt: str, dialect: str = "markdown") -> str:
    of = text.rsplit(";", 1)[-1].split("=", 1)[0].strip()
    return render(model(text).derive(of, wrt), dialect)


def slipped(source: str, right: str, wrong: str) -> list[Judgement]:
    """What is accused where something wrong stands for the last of what is right."""
    start = source.rindex(right)
    report = check(source[:start] + wrong + source[start + len(right):])
    return [j for j in report.judgements if j.verdict == "slip"]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("dialect", ["markdown", "terminal"])
def test_a_right_page_is_not_accused(name: str, dialect: str) -> None:
    report = check(page(*RIGHT[name], dialect))
    assert len(report.judgements) > 4
    assert not [(j.source, j.because) for j in report.judgements if j.verdict in ("slip", "last_digit")]


@pytest.mark.parametrize("name", RIGHT)
def test_every_formula_of_a_right_page_is_read(name: str) -> None:
    assert not [(j.source, j.because) for j in check(page(*RIGHT[name])).judgements if j.verdict in ("undecided", "unread")]


def catalogue(name: str) -> str:
    definitions = {
        "relu": ("r = x if x >= 0 else 0", "x"),
        "gelu": ("g = x/2*(1 + erf(x/sqrt(2)))", "x"),
        "ridge": ("J = 1/2*sum[i]((sum[k](X[i,k]*w[k]) - y[i])^2) + c/2*sum[k](w[k]^2)", "w"),
        "poisson": RIGHT["a sum in which the letter stands in a delta alone"],
        "squares": ("J = 1/size(y,1)*sum[i](1/2*(y[i] - g(w, x[i]))^2)", "w"),
    }
    return page(*definitions[name])


CASES = r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"
SLIPS = [
    ("relu", CASES, "1", "missing_branch"),
    ("relu", CASES, "0", "missing_branch"),
    ("ridge", r"c \, w_{i} + \sum_{j} X_{ji} \, \left(\left(\sum_{k} w_{k} \, X_{jk}\right) - y_{j}\right)", r"c \, w_{i}", "dropped_term"),
    ("poisson", r"e^{\mathbf{l}} - \mathbf{y}", r"- \mathbf{y}", "dropped_term"),
    ("squares", "g(w, x_{i}) - y_{i}", "g(w, 2 x_{i}) - y_{i}", "extra_factor"),          # an argument that the notation cannot say
    ("squares", "size}(y, 1)", "size}(w, 1)", "copied_wrong"),
]


@pytest.mark.parametrize(("name", "right", "wrong", "kind"), SLIPS)
def test_a_slip_is_found_and_named(name: str, right: str, wrong: str, kind: str) -> None:
    found = slipped(catalogue(name), right, wrong)
    assert [j.kind for j in found if j.cause is None] == [kind]


SOFTMAX = r"s_k = \frac{e^{a_k}}{\sum_i e^{a_i}}"
RIDGE = r"J = \frac{1}{2} \sum_j (\sum_k X_{jk} w_k - y_j)^2 + \frac{c}{2} \sum_k w_k^2"
NORMAL = r"J = \sum_i (\frac{(x_i - m)^2}{2 s^2} + \log s)"
COSINE = r"J = -\sum_l \frac{\sum_k y_{lk} p_{lk}}{\|p_{lk}\|_k}"
LINES = [
    (r"g = \frac{x}{2}(1 + \tanh(x))", r"\frac{\partial g}{\partial x} = \frac{1 + x (1 - \tanh^2(x))}{2} = \frac{1 + \tanh(x) + x (1 - \tanh^2(x))}{2}",
     "dropped_term", r"tanh(x)"),
    (SOFTMAX, r"\frac{\partial s_k}{\partial a_m} = \frac{\sum_i e^{a_i} - e^{a_k} \frac{\partial}{\partial a_m} (\sum_i e^{a_i})}{(\sum_i e^{a_i})^2}"
     r" = s_k (\delta_{km} - s_m)", "inner_derivative", "∂e^(a_k)/∂a_m"),
    (RIDGE, r"\frac{\partial J}{\partial w_i} = \sum_j (\sum_k X_{jk} w_k - y_j) X_{ji} + \frac{c}{2} \sum_k 2 w_k"
     r" = \sum_j (\sum_k X_{jk} w_k - y_j) X_{ji} + c w_i",
     "inner_derivative", "∂wₖ/∂wᵢ"),
    (NORMAL, r"\frac{\partial J}{\partial s} = \sum_i (-\frac{(x_i - m)^2}{(2 s^2)^2} + \frac{1}{s}) = \sum_i (\frac{1}{s} - \frac{(x_i - m)^2}{s^3})",
     "inner_derivative", "∂/∂s (2s²)"),
    (COSINE, r"\frac{\partial J}{\partial p_{ij}} = \frac{p_{ij} \sum_k y_{ik} p_{ik}}{\|p_{ik}\|_k^3} - y_{ij}", "missing_factor", "‖pᵢₖ‖ₖ"),
    (COSINE, r"\frac{\partial J}{\partial p_{ij}} = \frac{p_{ij}}{\|p_{ik}\|_k^3} - \frac{y_{ij}}{\|p_{ik}\|_k}", "missing_factor", "Σₖ yᵢₖ pᵢₖ"),
    (r"z_j = \sum_i W_{ji} x_i", r"\frac{\partial z_j}{\partial W_{ji}} = x_k \delta_{ki} = x_i", "free_index", "sum over k"),
]


@pytest.mark.parametrize(("definition", "line", "kind", "said"), LINES)
def test_what_is_missing_in_a_line_is_named_in_its_own_letters(definition: str, line: str, kind: str, said: str) -> None:
    found = check(f"${definition}$\n\n${line}$\n").slips
    assert [j.kind for j in found if j.cause is None] == [kind] and said in found[0].because


def test_a_side_that_no_slip_explains_is_a_slip_where_all_its_words_are_read_elsewhere() -> None:
    source = catalogue("ridge")
    right = r"c \, w_{i} + \sum_{j} X_{ji} \, \left(\left(\sum_{k} w_{k} \, X_{jk}\right) - y_{j}\right)"
    found = slipped(source, right, r"w_{i} \, c^{3} \, y_{i}^{5} + \sum_{j} X_{ij} \, y_{j}^{2}")
    assert [(j.kind, j.because) for j in found] == [(None, "the two sides differ, and no single slip explains it")]


def test_a_side_with_words_that_stand_nowhere_else_is_looked_at_by_a_person() -> None:
    source = catalogue("relu")
    report = check(source.replace(CASES, r"\left\| q_{i} \right\| x"))
    assert [j.verdict for j in report.judgements if j.verdict not in ("right", "convention", "notation")] == ["undecided"]
