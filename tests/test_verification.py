"""What the verifier finds equal, what it proves apart, and what it leaves undecided."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from handgrad.axes import Definition, Function, Model
from handgrad.errors import LimitError, ModelError
from handgrad.expr import (
    HALF,
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
    Label,
    Letter,
    Literal,
    Member,
    Or,
    Pow,
    Slice,
    VectorCall,
    expression,
    number,
    shift,
)
from handgrad.notation import read, read_expression
from handgrad.trees import bind, reduction
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


def equal(left: Expr, right: object) -> Compare:
    return Compare("==", left, expression(right))  # type: ignore[arg-type]


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
    "the place of a largest transcendental value": (
        Derivative(reduction("max", k, call("exp", a_ik)), (a_ij,)),
        Cases(((call("exp", a_ij), equal(call("exp", a_ij), reduction("max", m, call("exp", a_im)))),), ZERO)),
    "a sum of a scattered window": (total((t, n), Delta(q, shift(((1, t), (1, n)), -1)) * entry("f", n)), pulled),
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
    "a lost region of an abstract function": (Cases(((g, g > ZERO),), ZERO), ZERO),
    "the kink of an abstract function": (Cases(((ONE, g > ZERO),), ZERO), Cases(((ONE, Compare(">=", g, ZERO)),), ZERO)),
    "what is 0 almost everywhere": (Cases(((x, x > number(40)),), ZERO), Cases(((2 * x, x > number(40)),), ZERO)),
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


# ---------------------------------------------------------------- facts and domains

v_k, w_k, lo, hi = entry("v", k), entry("W", k), entry("lo"), entry("hi")
label = entry("l", i)
FREE = {"a": (ROWS, COLUMNS), "v": (COLUMNS,), "W": (COLUMNS,), "lo": (), "hi": (), "x": (), "y": (), "l": (ROWS,), "q": (COLUMNS,)}
shares = Definition("q", (k,), call("exp", v_k) / total(m, call("exp", entry("v", m))))


HONOURED = {
    "signs": ((Member(a_ik, (Fraction(-1), Fraction(1))),), a_ik**2, ONE),
    "one-hot rows": ((Member(a_ik, (Fraction(0), Fraction(1))), equal(total(k, a_ik), 1)), total(k, a_ik**2), ONE),
    "a distribution": ((v_k > 0, equal(total(k, v_k), 1)), call("abs", total(k, v_k)), ONE),
    "positive values": ((v_k > 0,), call("abs", v_k), v_k),
    "an order": ((lo < hi, x > lo, x < hi), call("clip", x, lo, hi), x),
    "a label": ((Label(label, COLUMNS),), total(k, Delta(k, label) * v_k), Entry("v", (label,))),
    "a unit vector": ((equal(reduction("norm", k, v_k), 1),), total(k, v_k**2), ONE),
    "orthogonal vectors": ((equal(total(k, v_k**2), 1), equal(total(k, v_k * w_k), 0)), total(k, (v_k + w_k) ** 2), 1 + total(k, w_k**2)),
    "centred values": ((equal(reduction("mean", k, v_k), 0),), total(k, v_k), ZERO),
    "either of two": ((Or((x > 3, x < -3)),), call("max", x**2, expression(9)), x**2),
    "what the definitions say anyway": ((equal(total(k, entry("q", k)), 1),), total(k, entry("q", k)), ONE),
}


@pytest.mark.parametrize("name", HONOURED)
def test_every_point_honours_the_facts(name: str) -> None:
    facts, left, right = HONOURED[name]
    assert Verifier(Model({"q": shares}, facts, FREE), {}).compare(left, right, points=16).verdict == "agrees"
    if name != "what the definitions say anyway":
        assert Verifier(Model({"q": shares}, (), FREE), {}).compare(left, right, points=16).verdict != "agrees"


UNSATISFIABLE = {
    "a contradiction": (x > 0, x < 0),
    "no rational value": (equal(total(k, call("exp", v_k)), 1),),
    "against a definition": (equal(entry("q", k), 1),),
}


@pytest.mark.parametrize("name", UNSATISFIABLE)
def test_facts_without_exact_values_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="no exact values satisfy"):
        Verifier(Model({"q": shares}, UNSATISFIABLE[name], FREE), {}).compare(x, x)


DOMAINS = {
    "a quotient of logarithms": (call("log", x / (1 - x)), call("log", x) - call("log", 1 - x)),
    "a discriminant": (call("sqrt", x**2 - 4 * lo * hi) ** 2, x**2 - 4 * lo * hi),
    "many entries": (total((i, k), call("log", a_ik - v_k)), total((i, k), call("log", a_ik - v_k))),
    "a shifted root": (call("sqrt", x - 40) ** 2, x - 40),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_points_move_to_where_the_formula_is_real(name: str) -> None:
    found = Verifier(Model({}, (), FREE), {}).compare(*DOMAINS[name])
    assert found.verdict == "agrees" and found.points >= 6


# ---------------------------------------------------------------- jets

ELEMENTARY = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "expm1": mpmath.expm1, "sqrt": mpmath.sqrt, "abs": abs, "sin": mpmath.sin,
    "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "sech": mpmath.sech, "erf": mpmath.erf,
}


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ELEMENTARY)
def test_every_jet_is_the_derivative_of_its_function(name: str, order: int) -> None:
    engine = Verifier(Model({}, (), FREE), {})
    found = engine.value(Derivative(call(name, x**2 + HALF), (x,) * order), {"x": "3/8"})
    with mpmath.workdps(60):
        expected = mpmath.diff(lambda t: ELEMENTARY[name](t**2 + mpmath.mpf(1) / 2), mpmath.mpf(3) / 8, order)
        exact = mpmath.mpf(found.numerator) / found.denominator if isinstance(found, Fraction) else mpmath.mpf(found)
        assert abs(exact - expected) < mpmath.mpf(10) ** -12 * max(1, abs(expected))


# ---------------------------------------------------------------- values


def test_a_value_is_exact_or_has_certain_digits(verifier: Verifier) -> None:
    assert verifier.value(x * y + number("0.1"), {"x": "0.2", "y": 3}) == Fraction(7, 10)
    assert verifier.value(entry("h"), {"x": 0}) == Fraction(1, 2)
    assert str(verifier.value(entry("h"), {"x": 1}, digits=20)) == "0.73105857863000487925"
    assert verifier.value(entry("a", i, k), {"a": [[1, 2], [3, 4]]}, letters={"i": 2, "k": 1}) == 3


def test_a_value_that_is_not_there_is_refused(verifier: Verifier) -> None:
    with pytest.raises(ModelError, match="division by zero"):
        verifier.value(1 / (x - x), {"x": 1})
    with pytest.raises(LimitError, match="exponent too large to evaluate"):
        verifier.value(Pow(number(9), Pow(number(9), Pow(number(9), number(9)))), {})
    with pytest.raises(LimitError, match="argument too large"):
        verifier.value(call("sin", Pow(number(10), number(4000000))), {})
    assert "e+301029995" in str(verifier.value(Pow(TWO, number(1000000000)), {}, digits=10))
    with pytest.raises(ModelError, match="no value"):
        verifier.value(entry("h"), {})


def test_a_certificate_says_what_was_looked_at(verifier: Verifier) -> None:
    kept = verifier.compare(*TRUE["the gradient of softmax cross-entropy"]).as_dict()
    assert kept["verdict"] == "agrees" and kept["points"] >= 8 and len(kept["samples"]) == 2
    assert set(kept["samples"][0]) == {"sizes", "letters", "inputs", "left", "right"}
    found = verifier.compare(*FALSE["a sign"])
    assert found.point is not None and {"i", "j", "size(a,1)", "a[1,1]"} <= set(found.point)


def test_the_same_seed_looks_at_the_same_points() -> None:
    first, second = (Verifier(MODEL, FUNCTIONS, seed=5).compare(dJ, s_ij - y_ij) for _ in range(2))
    assert first == second and first != Verifier(MODEL, FUNCTIONS, seed=6).compare(dJ, s_ij - y_ij)


def test_a_step_that_chooses_the_value_on_a_boundary_is_still_held_to_every_region(verifier: Verifier) -> None:
    left, chosen, wrong = (Cases(((ONE, condition),), other) for condition, other in ((x > ZERO, ZERO), (Compare(">=", x, ZERO), ZERO), (x > ZERO, TWO)))
    assert verifier.compare(left, chosen).verdict == "apart"
    assert verifier.compare(left, chosen, off_kinks=True).verdict == "agrees"
    assert verifier.compare(left, wrong, off_kinks=True).verdict == "apart"
    assert verifier.compare(Cases(((ONE, x > number(100)),), ZERO), ZERO, off_kinks=True).verdict == "apart"


def test_a_definition_may_bear_the_name_of_a_parameter_of_a_function_it_calls() -> None:
    own = Definition("r", (), call("smooth", x))
    model = Model({"r": own}, tensors={"r": (), "x": ()})
    smooth = Function("smooth", ("r",), entry("r") ** 2)
    assert Verifier(model, {"smooth": smooth}).compare(own.body, x**2).verdict == "agrees"


MASKED = """assume mask[i] in {0, 1}
J = sum[i](c[i]*x[i] if mask[i] >= 1 else 0)"""


@pytest.mark.parametrize("off_kinks", [False, True])
def test_a_boundary_that_facts_force_excuses_nothing(off_kinks: bool) -> None:
    masked = read(MASKED)
    judge = Verifier(masked, {})
    axis = masked.tensors["mask"][0]
    asked, right, wrong = (read_expression(text, masked, {"i": axis}) for text in (
        "d(J, c[i])", "x[i]*(1 if mask[i] >= 1 else 0)", "x[i]*(1 if mask[i] > 1 else 0)"))
    assert judge.compare(asked, right, off_kinks=off_kinks).verdict == "agrees"
    assert judge.compare(asked, wrong, off_kinks=off_kinks).verdict == "apart"


def test_the_kink_of_another_entry_excuses_nothing() -> None:
    made = read("assume x[1] == 0\nJ = sum[i](max(0, x[i])*c[i])")
    asked, wrong = (read_expression(text, made, {}) for text in ("d(J, x[2])", "c[2]*(1 if x[2] > 0 else 0) + (1 if x[1] == 0 else 0)"))
    assert Verifier(made, {}).compare(asked, wrong).verdict == "apart"


def test_a_sign_that_no_precision_decides_leaves_the_point_open() -> None:
    made = read("f = (x if sqrt(2)*sqrt(3) >= sqrt(6) else 2*x)")
    asked, other = (read_expression(text, made, {}) for text in ("d(f, x)", "1"))
    assert Verifier(made, {}).compare(asked, other).verdict == "undecided"
