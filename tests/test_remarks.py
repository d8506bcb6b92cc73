"""Remarks: where a result holds, what f' is of f, and the facts that would shorten it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from time import perf_counter

import pytest

from handgrad.catalogue import functions
from handgrad.derivation import model
from handgrad.derivation.closure import relation_of
from handgrad.derivation.network import Network, network_of
from handgrad.derivation.remarks import domains
from handgrad.derivation.signs import Signs
from handgrad.expr import ZERO, Compare, Derivative, Entry, Expr, Letter, Number, Pow
from handgrad.notation import read, read_entry, read_expression, write
from handgrad.rules.canonical import canonical
from handgrad.verification import Verifier
from support_cases import CASES, Question


def asked(text: str, of: str, wrt: str) -> tuple[Network, Entry, Entry]:
    """The network of the model, and the two entries."""
    made = read(text)
    return network_of(made), read_entry(of, made), read_entry(wrt, made)


def said(text: str, of: str, wrt: str) -> list[str]:
    """The notes as texts."""
    derivation = model(text).derive(of, wrt)
    return ["".join(p if isinstance(p, str) else write(p, derivation.model) for p in note) for note in derivation.notes]


# ---------------------------------------------------------------- domains


STATED = [
    ("J = log(s) + (y - m)^2/(2*s^2)", "J", "s", ["s > 0"]),
    ("S[i,j] = sum[k](Q[i,k]*K[j,k])/sqrt(m)", "S[i,j]", "Q[p,q]", ["m > 0"]),
    ("f = sqrt(x)", "f", "x", ["x > 0"]),
    ("f = y*sqrt(x)", "f", "y", ["x >= 0"]),
    ("f = x^(3/2)", "f", "x", ["x >= 0"]),
    ("f = 1/(x*y)", "f", "x", ["x != 0", "y != 0"]),
    ("f = log(1/q)", "f", "q", ["q > 0"]),
    ("f = log(p) + log(1 - p)", "f", "p", ["p > 0", "p < 1"]),
    ("n = norm[k](x[k])", "n", "x[j]", ["norm[k](x[k]) != 0"]),
    ("v = mean[k](x[k]^2)\nr = sqrt(v + e)\nn[i] = x[i]/r", "n[i]", "x[j]", ["v + e > 0"]),
    ("J = sum[i](log(b[i]))", "J", "b[j]", ["b[i] > 0"]),
    ("f = x*tan(x)", "f", "x", ["cos(x) != 0"]),
]


@pytest.mark.parametrize(("text", "of", "wrt", "expected"), STATED)
def test_the_domain_is_stated(text: str, of: str, wrt: str, expected: list[str]) -> None:
    network, f, x = asked(text, of, wrt)
    assert [write(c, network.model) for c in domains(network, f, x)] == expected


EVIDENT = [
    ("s[k] = softmax[k](a[k])\nJ = -sum[k](y[k]*log(s[k]))", "J", "a[j]"),
    ("p = sigmoid(z)\nJ = -(y*log(p) + (1 - y)*log(1 - p))", "J", "z"),
    ("f = log(1 + exp(x))/(1 + x^2)", "f", "x"),
    ("L = log(sum[k](exp(a[k])))", "L", "a[j]"),
    ("f = sqrt(1 + x^2)", "f", "x"),
    ("f = mean[i](x[i])", "f", "x[j]"),
    ("f = log(b)\nassume b > 1", "f", "b"),
    ("f = 1/y\nassume y in {-1, 1}", "f", "y"),
    ("f = log(x) if x > 0 else 0", "f", "x"),
    ("f = log(1 + relu(x) + hinge(x, y))", "f", "x"),
    ("f = log(1 - tanh(x)^2)", "f", "x"),
    ("A[i,j] = (exp(S[i,j]) if j <= i else 0)/sum[k](exp(S[i,k]) if k <= i else 0)", "A[i,j]", "S[p,q]"),
]


@pytest.mark.parametrize(("text", "of", "wrt"), EVIDENT)
def test_what_is_evident_is_not_stated(text: str, of: str, wrt: str) -> None:
    assert domains(*asked(text, of, wrt)) == ()


def test_a_sign_is_a_proof_or_a_silence() -> None:
    network, *_ = asked("s = sigmoid(x)\nf = s*y\nassume y >= 0", "f", "x")
    signs = Signs(network)

    def tree(text: str) -> Expr:
        return canonical(read_expression(text, network.model))  # type: ignore[no-any-return]

    assert all(signs.positive(tree(t)) for t in ("s", "1 - s", "1 + y", "exp(x) + y", "2 - s"))
    assert not any(signs.positive(tree(t)) for t in ("y", "x", "s - 1/2", "x^2", "s - 1"))
    assert signs.nonnegative(tree("x^2 + y")) and signs.nonzero(tree("s - 1")) and not signs.nonzero(tree("s - 1/2"))


def test_what_holds_of_one_entry_is_not_taken_to_hold_of_another() -> None:
    network, *_ = asked("f[i] = b[i]\ng[i] = c[i]\nassume c[i] > 0", "f[i]", "b[j]")
    (i,) = network.model.definitions["f"].letters
    other = Letter("q", i.axis)
    signs = Signs(network, (Compare(">", Entry("b", (i,)), ZERO),))
    assert signs.positive(Entry("b", (i,))) and not signs.positive(Entry("b", (other,)))
    (j,) = network.model.definitions["g"].letters
    assert Signs(network).positive(Entry("c", (Letter("q", j.axis),)))


# ---------------------------------------------------------------- f' = P(f)


@pytest.mark.parametrize("question", [q for q in CASES if "says" in q.rest and len(q.wrt) == 1], ids=str)
def test_a_note_of_the_corpus_is_given(question: Question) -> None:
    assert question.rest["says"] in said(question.model, question.of, question.wrt[0])


RELATED = {
    "f = 1/(1 + exp(-x))": 1,
    "f = (exp(x) - exp(-x))/(exp(x) + exp(-x))": 1,
    "f = tanh(3*x)": 1,
    "f = exp(-2*x)": 1,
    "f = 2/(exp(x) + exp(-x))": 2,
    "f = cosh(x)": 2,
    "f = 1/(1 + exp(x))^2": 0,
    "f = exp(x) + exp(-x) + exp(2*x)": 0,
}


@pytest.mark.parametrize("text", RELATED)
def test_the_lowest_power_of_the_derivative_that_is_a_polynomial_is_found(text: str) -> None:
    network, f, x = asked(text, "f", "x")
    found = relation_of(network, f, x)
    assert found is not None and found[0] == RELATED[text]
    if found[0]:
        derivative = Pow(Derivative(f, (x,)), Number(Fraction(found[0])))
        assert Verifier(network.model, functions()).compare(derivative, network.simplifier().tidy(found[1])).verdict == "agrees"


@pytest.mark.parametrize("text", ["f = x*sigmoid(x)", "f = log(1 + exp(x))", "f = sigmoid(x*y)", "f = sin(x)", "f = sigmoid(x)*exp(x/3)"])
def test_nothing_is_said_where_nothing_is_proved(text: str) -> None:
    assert relation_of(*asked(text, "f", "x")) is None
    assert not any("polynomial" in note for note in said(text, "f", "x"))


def test_where_a_polynomial_exists_the_result_shows_it() -> None:
    assert said("s = 1/(1 + exp(-x))", "s", "x") == []


def test_a_function_is_said_to_be_abstract() -> None:
    assert said("s = sigmoid(g(w))\nt = h(w)", "s", "w") == ["g is taken as an abstract function"]
    assert any("sigmoid" in note for note in said("s = sigmod(w)", "s", "w"))


def test_the_domain_is_one_note() -> None:
    assert said("f = log(p) + log(1 - p)", "f", "p") == ["for p > 0, p < 1"]


# ---------------------------------------------------------------- facts that would help


OFFERED = [
    ("s[k] = softmax[k](a[k])\nJ = -sum[k](y[k]*log(s[k]))", "J", "a[j]", [("sum[k](y[k]) == 1", "s[j] - y[j]")]),
    ("yhat[i,k] = g(w[k], x[i])\ns[i,k] = softmax[k](yhat[i,k])\nJ = -sum[i,k](y[i,k]*log(s[i,k]))", "J", "w[j]",
     [("sum[k](y[i,k]) == 1", "sum[i]((s[i,j] - y[i,j])*d(g(w[j], x[i]), w[j]))")]),
    ("f = abs(p)*x", "f", "x", [("p > 0", "p")]),
]


@pytest.mark.parametrize(("text", "of", "wrt", "expected"), OFFERED)
def test_the_fact_that_would_shorten_a_result_is_offered(text: str, of: str, wrt: str, expected: list[tuple[str, str]]) -> None:
    derivation = model(text).derive(of, wrt)
    assert [(write(o.fact, derivation.model), write(o.result, derivation.model)) for o in derivation.facts_offered] == expected


NOT_OFFERED = [
    ("s[k] = softmax[k](a[k])\nJ = -sum[k](y[k]*log(s[k]))\nassume sum[k](y[k]) == 1", "J", "a[j]"),
    ("J = sum[i](1/2*(y[i] - x[i])^2)", "J", "x[j]"),
    ("f = abs(x)", "f", "x"),
    ("f = x*sigmoid(b*x)", "f", "b"),
]


@pytest.mark.parametrize(("text", "of", "wrt"), NOT_OFFERED)
def test_no_fact_is_offered_that_is_assumed_or_speaks_of_what_is_differentiated_by(text: str, of: str, wrt: str) -> None:
    assert model(text).derive(of, wrt).facts_offered == ()


@pytest.mark.parametrize("question", [q for q in CASES if len(q.wrt) == 1 and "layers" not in q.name], ids=str)
def test_every_shorter_form_holds_under_its_fact(question: Question) -> None:
    derivation = model(question.model).derive(question.of, question.wrt[0])
    for offer in derivation.facts_offered:
        assumed = replace(derivation.model, facts=(*derivation.model.facts, offer.fact))
        certificate = Verifier(assumed, functions()).compare(derivation.result, offer.result)
        assert certificate.verdict == "agrees", (write(offer.fact, assumed), certificate.because)


def test_remarks_on_residual_layers_take_no_time() -> None:
    layers = "\n".join(f"h{i + 1} = h{i} + tanh(w{i}*h{i})" for i in range(30))
    network, f, x = asked(f"{layers}\nJ = h30^2", "J", "w0")
    start = perf_counter()
    assert relation_of(network, f, x) is None
    assert not Signs(network).positive(Entry("h30", ()))
    assert perf_counter() - start < 3
