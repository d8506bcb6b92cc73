"""Whether two formulas are the same is never told wrongly: pairs of which the truth is known by how they are made, and the answers' form."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from time import process_time

import pytest

from handgrad import HandgradError, same
from handgrad.command import main

PAIRS, MOST_UNDECIDED, MOST_SECONDS = 1000, 20, 40

# two ways to write the same, of any u, v, and of positive p and q
IDENTITIES = [
    ("{u} + {v}", "{v} + {u}"), ("{u}*{v}", "{v}*{u}"), ("{u}*({v} + {w})", "{u}*{v} + {u}*{w}"), ("{u} - {v}", "-({v} - {u})"),
    ("sigmoid({u})", "1/(1 + exp(-({u})))"), ("1 - sigmoid({u})", "sigmoid(-({u}))"), ("tanh({u})", "2*sigmoid(2*({u})) - 1"),
    ("relu({u})", "max({u}, 0)"), ("relu({u})", "{u} if {u} > 0 else 0"), ("abs({u})", "max({u}, -({u}))"), ("max({u}, {v})", "{u} + relu({v} - {u})"),
    ("min({u}, {v})", "-max(-({u}), -({v}))"), ("exp({u})*exp({v})", "exp({u} + {v})"), ("({u} + {v})^2", "({u})^2 + 2*{u}*{v} + ({v})^2"),
    ("({u})^2 - ({v})^2", "({u} - {v})*({u} + {v})"), ("log({p}*{q})", "log({p}) + log({q})"), ("log({p}/{q})", "-log({q}/{p})"), ("{p}/{q}", "1/({q}/{p})"),
    ("sqrt({p})*sqrt({q})", "sqrt({p}*{q})"), ("softplus({u})", "log(1 + exp({u}))"), ("softplus({u}) - softplus(-({u}))", "{u}"),
    ("cosh({u})^2 - sinh({u})^2", "1"), ("({u} if {v} > 0 else {w})", "({w} if {v} <= 0 else {u})"), ("abs({u})*abs({v})", "abs({u}*{v})"),
    ("sum[i]({u}*a[i])", "{u}*sum[k](a[k])"), ("sum[i](a[i] + {u}*b[i])", "sum[n](a[n]) + {u}*sum[m](b[m])"), ("mean[i](a[i])", "sum[k](a[k])/size(a, 1)"),
    ("sum[i,k](M[i,k]*a[i])", "sum[n](a[n]*sum[i](M[n,i]))"), ("logsumexp[k](c[k])", "log(sum[i](exp(c[i])))"), ("sum[k](softmax[k](c[k]))", "1"),
    ("sum[j](delta[j,1]*c[j])", "c[1]"), ("d(({u})^2*x, x) ", "d(({u})*x*({u}), x)"), ("d(sigmoid(z), z)", "sigmoid(z)*(1 - sigmoid(z))"),
    ("d(tanh(z), z)", "1 - tanh(z)^2"), ("d(g(z)*z, z)", "g(z) + z*d(g(z), z)"), ("sech({u})^2", "1 - tanh({u})^2"),
]
# one change: two formulas that are certainly not the same
CHANGES = {
    "sign": [("z", "-z"), ("y - z", "y + z"), ("z*exp(y)", "-z*exp(y)"), ("sigmoid(z)*(1 - sigmoid(z))*d(g(z), z)", "sigmoid(z)*(1 + sigmoid(z))*d(g(z), z)"),
             ("1 - tanh(z)^2", "1 + tanh(z)^2"),
             ("-y if y*z < 1 else 0", "y if y*z < 1 else 0"), ("exp(-z)", "exp(z)"), ("z - sum[i](a[i])", "z + sum[i](a[i])")],
    "index": [("sum[i](a[i]*M[i,1])", "sum[i](a[i]*M[1,i])"), ("sum[i,k](M[i,k]*c[k])", "sum[i,k](M[i,k]*c[i])"),
              ("sum[i](a[i]*b[i])", "sum[i](a[i])*sum[i](b[i])"),
              ("c[1]", "c[2]"), ("sum[j](delta[j,1]*c[j])", "sum[j](delta[j,2]*c[j])"), ("sum[i](a[i]*b[i])", "sum[k](a[k]*b[1])"),
              ("sum[k](softmax[k](c[k])*c[k])", "sum[k](softmax[k](c[k])*c[1])")],
    "factor": [("z", "2*z"), ("z/2", "z"), ("z^2", "z^3"), ("mean[i](a[i])", "sum[i](a[i])"), ("2*z", "(2 + 2^-90)*z"),
               ("1/2^99", "1/2^98"), ("10^-20", "2*10^-20"),
               ("z*y", "z*y*sigmoid(z)"), ("exp(z)", "exp(z)*(1 + 10^-25)"), ("sum[i](a[i])/size(a, 1)", "sum[i](a[i])/(size(a, 1) + 1)")],
    "kink": [("relu(z)", "1 if z > 0 else 0"), ("relu(z)", "z if z > 0 else z/1000"), ("abs(z)", "z"), ("max(z, y)", "z"),
             ("max(0, 1 - y*z)", "max(0, 2 - y*z)"),
             ("abs(z - 40)", "40 - z"), ("min(z, 3)", "z"), ("clip(z, -1, 1)", "clip(z, -1, 2)"), ("sign(z)*z^2", "z^2"), ("relu(z - 50)", "0"),
             ("abs(z)", "sqrt(z^2 + 2^-99)"),
             ("max(z, y)", "max(z, y, 60)"), ("relu(z)*relu(-y)", "relu(z)*relu(y)"), ("z if z < 1 else z^2", "z if z < 2 else z^2")],
    "tail": [("z", "z + exp(-z^2)*2^-60"), ("z", "z if z < 1500 else z + 1"), ("tanh(z)", "1 - 2*exp(-2*z)"), ("softplus(z)", "relu(z)"),
             ("z^2", "z^2 + 2^-99"),
             ("z", "z + relu(z - 1000)"), ("sigmoid(z)", "sigmoid(z) + 10^-40"), ("exp(z)", "1 + z + z^2/2 + z^3/6 + z^4/24 + z^5/120"),
             ("log(1 + exp(z))", "z + exp(-z)")],
}
# strictly rising or falling wherever it is asked: what differs inside differs outside
CONTEXTS = ["{h}", "2*({h}) + {u}", "{u} - ({h})/3", "({p})*({h})", "(({h}))^3", "exp(({h})/9)", "({h})*({q}) - {v}",
            "tanh(({h})/50) + {u}", "sum[n](({h})*exp(s[n]))"]


@dataclass(frozen=True)
class Pair:
    """Two formulas, whether they are the same, and what was done."""

    left: str
    right: str
    equal: bool
    kind: str


def _leaf(random: Random) -> str:
    return random.choice(["x", "w", "t", "3", "x*w", "(x - t)", "sigmoid(t)", "sum[k](a[k])", "tanh(x + w)", "g(x)", "x^2"])


def _fillings(random: Random) -> dict[str, str]:
    positive = ["exp(x)", "(1 + w^2)", "sigmoid(t)", "(2 + tanh(x))", "sum[k](exp(c[k]))", "7"]
    return {**{name: f"({_leaf(random)})" for name in "uvw"}, **{name: random.choice(positive) for name in "pq"}}


def _rewritten(random: Random) -> tuple[str, str]:
    fillings = _fillings(random)
    pair = [side.format(**fillings) for side in random.choice(IDENTITIES)]
    return (pair[0], pair[1]) if random.random() < 0.5 else (pair[1], pair[0])


def _pairs(seed: int, number: int) -> Iterator[Pair]:
    """Equal pairs: one or two identities; unequal ones: one change, beside which the rest is rewritten by identities; both in a context."""
    random = Random(seed)
    for n in range(number):
        left, right = _rewritten(random)
        kind = "equal"
        if n % 2:
            kind = random.choice(list(CHANGES))
            one, other = random.choice(CHANGES[kind])
            if random.random() < 0.5:
                one, other = other, one
            context = random.choice(CONTEXTS).replace("{h}", "{{h}}").format(**_fillings(random)) if random.random() < 0.7 else "{h}"
            beside = random.random() < 0.5
            left, right = (f"({context.format(h=f'({changed})')})" + (f" + ({rest})" if beside else "") for changed, rest in ((one, left), (other, right)))
        elif random.random() < 0.5:
            further = _rewritten(random)
            left, right = f"({left})*({further[0]})", f"({further[1]})*({right})"
        yield Pair(left, right, not n % 2, kind)


def test_no_pair_of_known_truth_is_told_wrongly() -> None:
    begun, wrong, undecided = process_time(), [], []
    for pair in _pairs(4, PAIRS):
        found = same(pair.left, pair.right)
        if found.verdict == "undecided":
            assert found.because, pair
            undecided.append((pair, found.because))
        elif (found.verdict == "equal") != pair.equal:
            wrong.append((pair, str(found)))
    assert wrong == []
    assert len(undecided) <= MOST_UNDECIDED, undecided
    assert process_time() - begun < MOST_SECONDS


LATEX = [
    (r"$\frac{a}{b}$", "a/b", "equal"), (r"$\sigma(x)(1-\sigma(x))$", "sigmoid(x)*(1 - sigmoid(x))", "equal"),
    (r"$\hat{y}_i - y_i$", "y_hat[i] - y[i]", "equal"),
    (r"$\sum_i (\hat{y}_i - y_i)x_i$", r"$\sum_k (\hat{y}_k - y_k)x_k$", "equal"), (r"$\sqrt{x^2}$", "abs(x)", "equal"),
    (r"$\frac{1}{1+e^{-x}}$", "sigmoid(x)", "equal"),
    (r"$$\begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}$$", "1 if x > 0 else 0", "equal"), (r"$x^{-1}$", r"$\frac{1}{x}$", "equal"),
    (r"$\frac{a}{b}$", "b/a", "unequal"), (r"$\sigma(x)(1-\sigma(x))$", r"$\sigma(x)(1+\sigma(x))$", "unequal"),
    (r"$\hat{y}_i - y_i$", "y[i] - y_hat[i]", "unequal"),
    (r"$\sum_i a_i b_i$", r"$\sum_i a_i \sum_i b_i$", "unequal"), (r"$2^{-99}$", r"$2^{-98}$", "unequal"), (r"$\max(0, x)$", "1 if x > 0 else 0", "unequal"),
    (r"$\frac{1}{\sigma(x)+\sigma(-x)-1}$", "5", "undecided"), (r"$9^{9^{9^{9}}}$", "5", "undecided"), ("log(-1 - x^2)", "1", "undecided"),
]


@pytest.mark.parametrize(("left", "right", "verdict"), LATEX)
def test_latex_stands_between_dollars(left: str, right: str, verdict: str) -> None:
    assert same(left, right).verdict == verdict
    assert same(right, left).verdict == verdict


@pytest.mark.parametrize(("left", "right", "facts"), [
    ("sum[k](p[k])", "1", ["sum[k](p[k]) == 1"]), ("abs(x)", "x", ["x > 0"]), ("t^2", "1", ["t in {-1, 1}"]),
    ("sum[k](y[k]*log(2))", "log(2)", ["sum[k](y[k]) == 1"]),
    ("max(a, b)", "b", ["a <= b"]), ("y[i]^2", "y[i]", ["y[i] in {0, 1}"]),
])
def test_facts_may_be_used(left: str, right: str, facts: list[str]) -> None:
    assert same(left, right, facts).verdict == "equal"
    assert same(left, right).verdict == "unequal"


@pytest.mark.parametrize(("left", "right", "shown"), [
    ("relu(x)", "1 if x > 0 else 0", "unequal at x = 1.7: 1.7 and 1 (the values differ at a point)"),
    ("2^-99", "2^-98", "unequal: 1.57772e-30 and 3.15544e-30 (the values differ at a point)"),
    ("x", "x + 2^-99", "unequal at x = 1.7: both about 1.7, 1.58e-30 apart (the values differ at a point)"),
    ("tanh(x)", "1", "unequal at x = 1.7: 0.935409 and 1 (the values differ at a point)"),
    ("a + b", "b + a", "equal (proved: their difference is zero as an expression)"),
    ("1 if x > 0 else 0", "1 if x >= 0 else 0", "unequal at x = 0: 0 and 1 (they differ on a kink only; what is taken there is a convention)"),
    ("log(-1 - x^2)", "1", "undecided (a logarithm of what is not positive, wherever it was tried)"),
])
def test_the_answer_is_said_in_short_numbers(left: str, right: str, shown: str) -> None:
    assert str(same(left, right)) == shown


def test_every_number_that_is_shown_is_short() -> None:
    for pair in _pairs(9, 60):
        found = str(same(pair.left, pair.right))
        assert all(len(number) <= 17 for number in re.findall(r"-?\d[\d./e-]*", found)), found


def test_the_point_in_json_is_exact_and_shows_the_difference() -> None:
    found = same("x^2*y", "x^2*y + y").as_dict()
    assert list(found) == ["verdict", "point", "left", "right", "because"]
    x, y = (Fraction(found["point"][name]) for name in "xy")
    assert (Fraction(found["left"]), Fraction(found["right"])) == (x**2*y, x**2*y + y)


@pytest.mark.parametrize(("left", "right", "status", "verdict"), [
    ("x + x", "2*x", 0, "equal"), ("x", "2*x", 1, "unequal"), ("log(-1 - x^2)", "1", 2, "undecided"),
])
def test_the_command_tells_the_verdict_by_its_status(left: str, right: str, status: int, verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["same", left, right, "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"verdict", "point", "left", "right", "because"}
    assert (told["verdict"], told["point"] is None, told["because"] != "") == (verdict, verdict != "unequal", True)
    assert main(["same", left, right, "--to", "markdown"]) == status
    assert capsys.readouterr().out.startswith(f"# {verdict}")
    assert main(["same", left, right]) == status
    assert capsys.readouterr().out == f"{same(left, right)}\n"


@pytest.mark.parametrize(("left", "right", "why"), [
    ("", "x", "empty"), ("$ $", "x", "empty"), ("x +", "x", "a value is missing"), ("$x +$", "x", "cannot be read"), (r"$\frac{$", "1", "never closed"),
    ("x", "y = 1", "one ="), ("__import__('os')", "x", "notation"), (r"$\href{javascript:alert(1)}{x}$", "x", "not known"), ("x" + "+x"*9000, "x", "limit"),
    ("("*4000 + "x" + ")"*4000, "x", "limit"), ("$" + "("*4000 + "x" + ")"*4000 + "$", "x", "limit"), ("7"*5000, "x", "limit"), ("x", "\x00", "notation"),
    ("$x\u202e$", "x", "U+202E"),
])
def test_what_is_no_formula_is_refused_in_words(left: str, right: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    for sides in ((left, right), (right, left)):
        with pytest.raises(HandgradError, match=re.escape(why)):
            same(*sides)
        assert main(["same", *sides]) == 2
        assert why in capsys.readouterr().err


@pytest.mark.parametrize(("left", "why", "remedy"), [
    (r"\frac{a}{b}", r"`\frac` is LaTeX", r"'$\frac{a}{b}$'"), ("e^{-x}", "is LaTeX", "'$e^{-x}$'"), ("x_{1} + 1", "is LaTeX", "'$x_{1} + 1$'"),
    (r"$\frac{a}{b}", "opens the formula and none closes it", r"'$\frac{a}{b}$'"),
    (r"\frac{a}{b}$", "closes the formula and none opens it", r"'$\frac{a}{b}$'"),
])
def test_latex_without_its_dollars_is_told_what_would_do(left: str, why: str, remedy: str) -> None:
    for sides in ((left, "b/a"), ("b/a", left)):
        with pytest.raises(HandgradError) as refused:
            same(*sides)
        assert why in str(refused.value) and remedy in str(refused.value)


def test_a_name_of_the_user_is_never_taken_for_one_of_ours() -> None:
    assert same("both_sides + 1", "1 + both_sides").verdict == "equal"
    assert same("both_sides", "both_sides_", ["both_sides__ > 0"]).verdict == "unequal"
