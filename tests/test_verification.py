"""What the verifier finds equal, what it proves apart, and what it leaves undecided."""

from __future__ import annotations

from fractions import Fraction

import pytest

from handgrad.axes import Definition, Function, Model
from handgrad.expr import (
    ONE,
    TWO,
    ZERO,
    Abstract,
    Axis,
    Call,
    Cases,
    Compare,
    Delta,
    Derivative,
    Entry,
    Expr,
    IndexCompare,
    Letter,
    Literal,
    Member,
    Pow,
    Slice,
    VectorCall,
    bind,
    expression,
    number,
    reduction,
    shift,
)
from handgrad.verification import Verifier

ROWS, COLUMNS, FEATURES = Axis("a", 1), Axis("a", 2), Axis("w", 1)
TAPS, STEPS, SAMPLES = Axis("f", 1), Axis("z", 1), Axis("c", 1)
i, p = Letter("i", ROWS), Letter("p", ROWS)
j, k, m = (Letter(name, COLUMNS) for name in "jkm")
d = Letter("d", FEATURES)
t, n, q = Letter("t", STEPS), Letter("n", TAPS), Letter("q", SAMPLES)


def call(name: str, *arguments: Expr) -> Expr:
    return Call(name, arguments)


def entry(name: str, *indices: object) -> Entry:
    return Entry(name, indices)  # type: ignore[arg-type]


def total(letters: object, body: Expr) -> Expr:
    return reduction("sum", letters, body)  # type: ignore[arg-type]


x, y, b, u = (entry(name) for name in "xybu")
a_ij, a_ik, a_im = entry("a", i, j), entry("a", i, k), entry("a", i, m)
s_ij, s_ik, y_ij, y_ik = entry("s", i, j), entry("s", i, k), entry("t", i, j), entry("t", i, k)
softmax = Definition("s", (i, k), call("exp", a_ik) / total(m, call("exp", a_im)))
loss = Definition("J", (), -total((i, k), y_ik * call("log", s_ik)))
hinge = Definition("H", (), Cases(((1 - x * y, x * y < ONE),), ZERO))
sigma = Definition("h", (), 1 / (1 + call("exp", -x)))
convolution = Definition("z", (t,), total(n, entry("f", n) * entry("c", shift(((1, t), (1, n)), -1))))
one_hot = (Member(y_ik, (Fraction(0), Fraction(1))), Compare("==", total(k, y_ik), ONE))
MODEL = Model(
    {d.name: d for d in (softmax, loss, hinge, sigma, convolution)},
    facts=one_hot,
    tensors={"a": (ROWS, COLUMNS), "s": (ROWS, COLUMNS), "t": (ROWS, COLUMNS), "J": (), "H": (), "h": (), "x": (), "y": (), "b": (), "u": (),
             "w": (FEATURES,), "X": (ROWS, FEATURES), "f": (TAPS,), "z": (STEPS,), "c": (SAMPLES,)},
)
r, e = entry("r"), entry("e")
sigmoid = Function("sigmoid", ("r",), 1 / (1 + call("exp", -r)))
relu = Function("relu", ("r",), call("max", r, ZERO))
T, C = entry("T", k), entry("S", k)
cross = Function("cross", ("S", "T"), total(k, T * (reduction("logsumexp", m, entry("S", m)) - C)), k)
FUNCTIONS = {f.name: f for f in (sigmoid, relu, cross)}

g = Abstract("g", (x, Slice(FEATURES, bind(entry("w", d), d))))
g_x, g_w = Derivative(g, (x,)), Derivative(g, (entry("w", d),))
sg = call("sigmoid", g)
dJ, dH = Derivative(entry("J"), (a_ij,)), Derivative(entry("H"), (x,))
window = shift(((1, q), (-1, t)), 1)
inside = IndexCompare("<=", Literal(1), window), IndexCompare("<=", window, Literal(3))
pulled = Derivative(total(t, entry("z", t)), (entry("c", q),))
tail, bent = call("log1p", call("exp", -call("abs", x))), call("max", x, ZERO)


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(MODEL, FUNCTIONS)


TRUE = {
    "the gradient of softmax cross-entropy": (dJ, s_ij - y_ij),
    "the softmax Jacobian": (Derivative(s_ik, (a_ij,)), s_ik * (Delta(j, k) - s_ij)),
    "second derivatives": (Derivative(entry("J"), (a_ij, a_ik)), s_ij * (Delta(j, k) - s_ik)),
    "nested derivatives": (Derivative(dJ, (a_ik,)), s_ij * (Delta(j, k) - s_ik)),
    "a native softmax": (s_ik, VectorCall("softmax", COLUMNS, bind(a_ik, k), k)),
    "its logarithm": (call("log", s_ik), VectorCall("log_softmax", COLUMNS, bind(a_ik, k), k)),
    "a loss along an axis": (entry("J"), total(i, reduction("cross", k, a_ik, y_ik))),
    "a renamed sum index": (total(m, a_im), total(k, a_ik)),
    "a sigmoid through g": (Derivative(sg, (x,)), sg * (1 - sg) * g_x),
    "a sigmoid through a whole axis": (Derivative(sg, (entry("w", d),)), sg * (1 - sg) * g_w),
    "the hinge": (dH, Cases(((-y, x * y < ONE),), ZERO)),
    "a value at a kink": (bent, Cases(((x, x > ZERO),), ZERO)),
    "an exact rational": ((x + y) ** 3, x**3 + 3 * x**2 * y + 3 * x * y**2 + y**3),
    "a stopped gradient": (Derivative(call("stop", x) * x, (x,)), x),
    "a derivative by a defined name": (Derivative(entry("J"), (s_ik,)), -y_ik / s_ik),
    "a delta that keeps a sum inside its axis": (total(n, Delta(n, Literal(1)) * entry("f", n)), entry("f", Literal(1))),
    "a stable softplus": (call("log", 1 + call("exp", x)), bent + tail),
    "terms that cancel": (call("log", call("exp", x)) - x, ZERO),
    "norms": (Derivative(reduction("norm", d, entry("w", d)), (entry("w", d),)), entry("w", d) / reduction("norm", d, entry("w", d))),
}
FALSE = {
    "a sign": (dJ, y_ij - s_ij),
    "an index": (Derivative(s_ik, (a_ij,)), s_ik * (Delta(j, k) - s_ik)),
    "the diagonal only": (Derivative(s_ik, (a_ij,)), s_ik * (1 - s_ik) * Delta(j, k)),
    "a factor": (dJ, 2 * (s_ij - y_ij)),
    "a mean": (dJ, (s_ij - y_ij) / expression(2)),
    "a sign in a sigmoid": (Derivative(sg, (x,)), sg * (1 + sg) * g_x),
    "a lost inner derivative": (Derivative(sg, (x,)), sg * (1 - sg)),
    "hinge branches of opposite signs": (dH, Cases(((y, x * y < ONE),), ZERO)),
    "a lost branch": (dH, -y),
    "relu and its derivative": (call("relu", x), Derivative(call("relu", x), (x,))),
    "a wrong tail": (call("log", 1 + call("exp", x)), bent + call("exp", -call("abs", x))),
    "a small difference": (x + Pow(TWO, number(-99)), x + Pow(TWO, number(-98))),
    "a value at a kink": (Cases(((ONE, x > ZERO),), ZERO), Cases(((ONE, Compare(">=", x, ZERO)),), ZERO)),
    "a small region": (Cases(((x, x < number(40)),), ZERO), x),
    "an index outside its axis": (pulled, total(t, entry("f", window))),
    "a swapped pair of indices": (entry("a", i, k), entry("a", p, k)),
}


@pytest.mark.parametrize("name", TRUE)
def test_what_is_equal_agrees(verifier: Verifier, name: str) -> None:
    found = verifier.compare(*TRUE[name])
    assert found.verdict == "agrees", found
    assert found.points >= 8 and found.bits >= 200


@pytest.mark.parametrize("name", FALSE)
def test_what_differs_is_apart_at_a_point(verifier: Verifier, name: str) -> None:
    found = verifier.compare(*FALSE[name])
    assert found.verdict == "apart", found
    assert found.point is not None and found.left != found.right


UNDECIDED = {
    "an identically zero denominator": (ONE / (x - x), ONE),
    "one that only balls show": (ONE / (call("log", call("exp", x)) - x), ONE),
    "no real value": (call("log", -Pow(x, TWO) - ONE), ZERO),
    "a value too large": (Pow(number(9), Pow(number(9), Pow(number(9), number(9)))), ONE),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_has_no_value_is_undecided_with_a_reason(verifier: Verifier, name: str) -> None:
    found = verifier.compare(*UNDECIDED[name])
    assert found.verdict == "undecided" and found.because


def test_the_derivative_at_a_kink_counts_only_when_asked(verifier: Verifier) -> None:
    left, right = Derivative(call("relu", x), (x,)), Cases(((ONE, Compare(">=", x, ZERO)),), ZERO)
    assert verifier.compare(left, right).verdict == "agrees"
    assert verifier.compare(left, right, at_kinks=True).verdict == "apart"
    assert verifier.compare(left, Cases(((ONE, x > ZERO),), ZERO), at_kinks=True).verdict == "agrees"
    assert verifier.compare(Derivative(call("abs", x), (x,)), call("sign", x), at_kinks=True).verdict == "agrees"
