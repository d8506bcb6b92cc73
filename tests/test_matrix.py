"""Matrix forms of gradients: the text of known ones, and the law that each entry of a form is the formula it stands for."""

from __future__ import annotations

import random

import pytest

from handgrad.axes import Model
from handgrad.derivation.matrix import MatrixForm, matrix_form
from handgrad.errors import HandgradError
from handgrad.expr import Entry, Expr, Letter
from handgrad.notation import read, read_entry, read_expression
from support_cases import CASES, Question
from support_matrix import checked

SAMPLES = """
axes i: n samples, k: C classes, d: D features
z[i,k] = sum[d](W[k,d]*x[i,d]) + b[k]
s[i,k] = softmax[k](z[i,k])
J = -sum[i,k](y[i,k]*log(s[i,k])) + sum[i](r[i]*t[i]*x[i,1])*c
"""
NETWORK = """
a[j] = b[j] + sum[i](V[j,i]*x[i])
h[j] = 1/(1 + exp(-a[j]))
u = c + sum[j](w[j]*h[j])
o = 1/(1 + exp(-u))
E = 1/2*(t - o)^2
"""
DEEP = """
axes i: n samples
a1[i,k] = sum[d](W1[k,d]*x[i,d])
h1[i,k] = tanh(a1[i,k])
a2[i,j] = sum[k](W2[j,k]*h1[i,k])
h2[i,j] = relu(a2[i,j])
J = 1/2*mean[i](sum[j]((h2[i,j] - y[i,j])^2))
"""
FORMS = "f = sum[i,j](x[i]*A[i,j]*x[j]) + sum[i,j](x[i]*B[i,j]*v[j]) + sum[i,j](A[i,j]*C[i,j]) + sum[j](B[j,j]) + sum[i,j](C[i,j]^2) + p*sum[i](u[i])"
ATTENTION = """
S[i,j] = sum[k](Q[i,k]*K[j,k])/sqrt(m)
A[i,j] = softmax[j](S[i,j])
O[i,v] = sum[j](A[i,j]*V[j,v])
J = sum[i,v](G[i,v]*O[i,v])
"""
STEPS = "J = sum[t,c,d](T[t,c,d]*g[c]*x[t]) + sum[t,k](w[k]*y[t+k-1]*x[t]) + sum[t](a[t,l[t]]*x[t]) + sum[i](f(x[i]))\nassume l[t] in 1..size(a, 2)"

# model, by what, result, matrix form
KNOWN = [
    (SAMPLES, "W[j,p]", "sum[i]((s[i,j] - y[i,j])*x[i,p])", "(S - Y)^T X"),
    (SAMPLES, "W[j,p]", "mean[i]((s[i,j] - y[i,j])*x[i,p])", "1/n (S - Y)^T X"),
    (SAMPLES, "W[j,p]", "-sum[i]((y[i,j] - s[i,j])*x[i,p])/2", "-1/2 (Y - S)^T X"),
    (SAMPLES, "W[j,p]", "sum[i](r[i]*s[i,j]*x[i,p])", "S^T diag(r) X"),
    (SAMPLES, "b[j]", "sum[i](s[i,j] - y[i,j])", "(S - Y)^T 1"),
    (SAMPLES, "z[i,k]", "s[i,k] - y[i,k]", "S - Y"),
    (SAMPLES, "z[i,k]", "s[i,k]*sum[j](y[i,j]) - y[i,k]", "diag(Y 1) S - Y"),
    (SAMPLES, "x[i,d]", "sum[k]((s[i,k] - y[i,k])*W[k,d])", "(S - Y) W"),
    (SAMPLES, "x[i,d]", "r[i]*t[i]*c", "c (r .* t) 1^T"),
    (SAMPLES, "r[i]", "c*t[i]", "c t"),
    (SAMPLES, "r[i]", "sum[d](x[i,d])*t[i]", "(X 1) .* t"),
    (SAMPLES, "r[i]", "sum[k](y[i,k]*b[k])^2/t[i]^3 + c", "(Y b).^2 ./ t.^3 + c 1"),
    (NETWORK, "V[q,p]", "(o - t)*o*(1 - o)*w[q]*h[q]*(1 - h[q])*x[p]", "(o - t) o (1 - o) (w .* h .* (1 - h)) x^T"),
    (NETWORK, "V[q,p]", "(o - t)*w[q]*(1 - h[q]^2)*x[p]", "(o - t) (w .* (1 - h.^2)) x^T"),
    (NETWORK, "b[q]", "(o - t)*o*(1 - o)*w[q]*h[q]*(1 - h[q])", "(o - t) o (1 - o) (w .* h .* (1 - h))"),
    (NETWORK, "w[q]", "(o - t)*o*(1 - o)*h[q]", "(o - t) o (1 - o) h"),
    (NETWORK, "x[p]", "(o - t)*sum[j](w[j]*h[j]*(1 - h[j])*V[j,p])", "(o - t) V^T (w .* h .* (1 - h))"),
    (DEEP, "W2[p,q]", "mean[i]((h2[i,p] - y[i,p])*(h1[i,q] if a2[i,p] > 0 else 0))", "1/n ((H2 - Y) .* [A2 > 0])^T H1"),
    (
        DEEP,
        "W1[p,q]",
        "mean[i](sum[j]((h2[i,j] - y[i,j])*(1 if a2[i,j] > 0 else 0)*W2[j,p])*(1 - h1[i,p]^2)*x[i,q])",
        "1/n ((((H2 - Y) .* [A2 > 0]) W2) .* (1 - H1 .* H1))^T X",
    ),
    (FORMS, "x[p]", "sum[i](x[i]*(A[p,i] + A[i,p]))", "(A + A^T) x"),
    (FORMS, "x[p]", "sum[j](A[p,j]*x[j]) + sum[i](A[i,p]*x[i])", "A x + A^T x"),
    (FORMS, "x[p]", "sum[j](B[p,j]*v[j])", "B v"),
    (FORMS, "v[q]", "sum[i](x[i]*B[i,q])", "B^T x"),
    (FORMS, "A[p,q]", "x[p]*x[q]", "x x^T"),
    (FORMS, "A[p,q]", "C[p,q]", "C"),
    (FORMS, "A[q,p]", "C[p,q] + B[p,q]", "(C + B)^T"),
    (FORMS, "C[p,q]", "A[p,q] + 2*C[p,q]", "A + 2 C"),
    (FORMS, "B[p,q]", "delta[p,q]", "I"),
    (FORMS, "A[p,q]", "sum[i](A[p,i]*x[i])*v[q]", "A x v^T"),
    (FORMS, "A[p,q]", "sum[i,j](C[i,p]*A[i,j]*B[q,j])", "C^T A B^T"),
    (FORMS, "A[p,q]", "sum[i](x[i]*v[i])*A[p,q]", "sum[i](x[i]*v[i]) A"),
    (FORMS, "x[p]", "sum[i](A[p,i]*(x[p] - v[i]))", "(A 1) .* x - A v"),
    (FORMS, "x[p]", "A[p,p]*exp(x[p])", "diagonal(A) .* exp(x)"),
    (FORMS, "x[p]", "max(0, x[p] - v[p])", "max(0, x - v)"),
    (FORMS, "u[p]", "p", "p 1"),
    (ATTENTION, "V[p,q]", "sum[i](A[i,p]*G[i,q])", "A^T G"),
    (
        ATTENTION,
        "Q[p,q]",
        "sum[j](sum[v](G[p,v]*(V[j,v] - O[p,v])*A[p,j])*K[j,q])/sqrt(m)",
        "1/sqrt(m) ((G V^T - (G .* O) 1 1^T) .* A) K",
    ),
    ("p[i] = sigmoid(sum[d](x[i,d]*w[d]))\nL = sum[i](p[i]*y[i])", "w[q]", "sum[i]((p[i] - y[i])*x[i,q])", "X^T (p - y)"),
    ("L = sum[i]((sum[d](x[i,d]*w[d]) - y[i])^2)", "w[q]", "2*sum[i]((sum[d](x[i,d]*w[d]) - y[i])*x[i,q])", "2 X^T (X w - y)"),
    ("L = sum[i]((sum[d](x[i,d]*w[d]) - y[i])^2) + lambda*sum[d](w[d]^2)", "w[q]", "sum[i](x[i,q]*y[i]) + lambda*w[q]", "X^T y + lambda w"),
    ("J = sum[i,j](x[i,j]*X[j,i])", "x[p,q]", "X[q,p]", "X^T"),
    ("J = sum[i,j](x[i,j]*X[j,i])", "X[p,q]", "x[q,p]", "x^T"),
]

# model, by what, result
NONE = [
    (FORMS, "x[p]", "delta[p,1]"),
    (FORMS, "x[p]", "A[p,1]"),
    (FORMS, "x[p]", "sum[i](x[i] if i <= p else 0)"),
    (FORMS, "x[p]", "norm[i](A[p,i])"),
    (FORMS, "A[p,q]", "sum[i](A[p,i]*B[q,i]*x[i]*exp(A[p,i]*x[q]))"),
    (FORMS, "A[p,q]", "sum[i](exp(A[p,i]*B[q,i]*x[p]*A[p,q]))"),
    (FORMS, "A[p,q]", "0"),
    (FORMS, "p", "2*p"),
    (STEPS, "x[p]", "sum[c,d](T[p,c,d]*g[c])"),
    (STEPS, "w[p]", "sum[t](y[t+p-1]*x[t])"),
    (STEPS, "g[p]", "sum[t,d](T[t,p,d]*x[t])"),
    (STEPS, "x[p]", "d(f(x[p]), x[p])"),
    (STEPS, "x[p]", "a[p,l[p]]"),
]


def asked(text: str, wrt: str, result: str) -> tuple[Model, Entry, Expr, MatrixForm | None]:
    """The model, by what, the result as a tree, and its matrix form."""
    model = read(text)
    entry = read_entry(wrt, model)
    assert isinstance(entry, Entry)
    tree = read_expression(result, model, {letter.name: letter.axis for letter in entry.indices if isinstance(letter, Letter)})
    name = list(model.definitions)[-1]
    return model, entry, tree, matrix_form(tree, Entry(name, ()), entry, model)


@pytest.mark.parametrize(("text", "wrt", "result", "expected"), KNOWN, ids=[f"{wrt}: {expected}" for _, wrt, _, expected in KNOWN])
def test_a_gradient_has_the_matrix_form_that_a_person_writes(text: str, wrt: str, result: str, expected: str) -> None:
    model, entry, tree, form = asked(text, wrt, result)
    assert form is not None and form.text == expected
    for seed in range(3):
        checked(form, tree, entry, model, seed)


@pytest.mark.parametrize(("text", "wrt", "result"), NONE, ids=[f"{wrt}: {result}" for _, wrt, result in NONE])
def test_what_has_no_matrix_form_gets_none(text: str, wrt: str, result: str) -> None:
    assert asked(text, wrt, result)[3] is None


@pytest.mark.parametrize("question", [q for q in CASES if len(q.wrt) == 1 and q.expected], ids=str)
def test_the_matrix_form_of_every_case_is_its_gradient(question: Question) -> None:
    try:
        model, entry, tree, form = asked(question.model, question.wrt[0], question.expected or "")
    except HandgradError:
        pytest.skip("the expected form leans on names that are not of the model")
    if form is None:
        assert "matrix" not in question.rest
        return
    assert form.text == question.rest.get("matrix", form.text)
    for seed in range(3):
        checked(form, tree, entry, model, seed)


WIDE = """
f = sum[a,b,d,g](A[a,b]*B[a,b]*u[a]*v[b]*c*C[a,d]*w[d]*D[d,a]*E[b,d]*S[a,g]*S[g,a])
"""
TENSORS = {"ab": ("A", "B"), "ad": ("C",), "da": ("D",), "bd": ("E",), "a": ("u",), "b": ("v",), "d": ("w",), "": ("c", "2", "(-1/3)"), "ag": ("S",)}


def formula(chance: random.Random, letters: dict[str, list[str]], depth: int) -> str:
    """A formula over the letters, by axis, that are free around it."""
    kind = chance.choice("eemmmsaftc") if depth else "e"
    if kind == "m":
        return "*".join(formula(chance, letters, depth - 1) for _ in range(chance.randint(2, 3)))
    if kind == "a":
        return "(" + chance.choice((" + ", " - ")).join(formula(chance, letters, depth - 1) for _ in range(2)) + ")"
    if kind == "s":
        axis, bound = chance.choice("abd"), f"k{depth}"
        return f"{chance.choice(('sum', 'mean'))}[{bound}]({formula(chance, {**letters, axis: [*letters[axis], bound]}, depth - 1)})"
    if kind == "f":
        return f"{chance.choice(('exp', 'tanh'))}({formula(chance, letters, depth - 1)})"
    if kind == "t":
        return f"({formula(chance, letters, depth - 1)})^2"
    if kind == "c":
        return f"({formula(chance, letters, depth - 1)} if c*{formula(chance, letters, 0)} > 0 else 0)"
    axes = chance.choice([axes for axes in TENSORS if all(letters[a.replace("g", "a")] for a in axes)])
    indices = ",".join(chance.choice(letters[a.replace("g", "a")]) for a in axes)
    return chance.choice(TENSORS[axes]) + (f"[{indices}]" if indices else "")


@pytest.mark.parametrize("seed", range(300))
def test_a_form_of_any_formula_is_that_formula(seed: int) -> None:
    chance = random.Random(seed)
    wrt, letters = chance.choice((("A[p,q]", ("p", "q", "")), ("D[q,p]", ("p", "", "q")), ("v[q]", ("", "q", ""))))
    try:
        model, entry, tree, form = asked(WIDE, wrt, formula(chance, dict(zip("abd", map(list, letters), strict=True)), 4))
    except HandgradError:
        return      # a sum over a letter that stands nowhere
    if form is not None:
        checked(form, tree, entry, model, seed)


def test_shapes_and_left_side_are_those_of_the_variable() -> None:
    form = asked(SAMPLES, "W[j,p]", "sum[i]((s[i,j] - y[i,j])*x[i,p])")[3]
    assert form is not None and form.shapes == "C x D"
    assert form.left.by == (Entry("W", ()),)  # type: ignore[attr-defined]
    form = asked(NETWORK, "V[q,p]", "w[q]*x[p]")[3]
    assert form is not None and form.shapes == "size(V, 1) x size(V, 2)"
