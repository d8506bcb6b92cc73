"""Pairs of formulas of which it is known by how they are made whether they are the same: of all kinds in which a judge goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

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


def pairs(seed: int, number: int) -> Iterator[Pair]:
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


# ---------------------------------------------------------------- by hand, for what hides


@dataclass(frozen=True)
class Hidden:
    """Two formulas, whether they are the same under the facts."""

    left: str
    right: str
    equal: bool
    facts: tuple[str, ...] = ()


# {k} is how small or how far away the difference is
TINY_UNEQUAL = [
    ("2^-{k}", "2^-{k}/2"), ("z", "z + 2^-{k}"), ("exp(z)", "exp(z) + 2^-{k}"), ("sigmoid(z)*(1 - sigmoid(z))", "sigmoid(z)*(1 - sigmoid(z))*(1 + 2^-{k})"),
    ("tanh(z)", "tanh(z + 2^-{k})"), ("sum[i](a[i])", "sum[i](a[i]) + 2^-{k}"), ("relu(z)", "max(z, 2^-{k})"), ("sin(z)*2^-{k}", "0"),
    ("log(1 + 2^-{k})", "2^-{k}"), ("(1 + 2^-{k})^2", "1 + 2*2^-{k}"), ("(z + 2^-{k}*y)^2", "z^2 + 2*2^-{k}*z*y"), ("sqrt(z^2 + 2^-{k})", "abs(z)"),
    ("cos(2^-{k}*z)", "1"), ("exp(2^-{k}*z)", "1 + 2^-{k}*z"), ("z*2^{k} - z*2^{k} + 1", "0"), ("(2^{k} + exp(z)) - 2^{k}", "exp(z) + 1"),
]
TINY_EQUAL = [("(2^{k} + exp(z)) - 2^{k}", "exp(z)"), ("(exp(z)*2^{k} + 1)/2^{k}", "exp(z) + 2^-{k}"), ("exp(z)*2^-{k}*2^{k}", "1/exp(-z)")]
FAR_UNEQUAL = [
    ("tanh(z + {k})", "1"), ("sigmoid(z + {k})", "1"), ("sigmoid(z - {k})", "0"), ("softplus(z + {k})", "z + {k}"), ("exp(-{k} - z^2)", "0"),
    ("log(1 + exp(z + {k}))", "z + {k}"), ("tanh({k}*z)", "sign(z)"), ("log(exp(z) + exp({k}))", "{k}"), ("relu(z - {k})", "0"), ("z + relu(z - {k})", "z"),
    ("z if z < {k} else z + 1", "z"), ("max(z, -{k})", "z"), ("min(z, {k})", "z"), ("clip(z, -{k}, {k})", "z"), ("abs(z - {k})", "{k} - z"),
    ("sqrt((z - {k})^2)", "{k} - z"), ("relu(z - {k})*relu({k}.5 - z)", "0"), ("relu(z - {k})*relu({k}.000001 - z)", "0"), ("1 if z == {k} else 0", "0"),
    ("relu(y - {k})*relu(-z - {k})", "0"), ("exp(log((z - {k})^2)/2)", "{k} - z"), ("((z - {k})^2)^(3/2)", "({k} - z)^3"),
    ("relu(z*y - {k})*relu(z - y - {k})", "0"), ("1 if abs(z) > {k} else 0", "0"), ("1 if z^2 > {k}^2 else 0", "0"), ("relu(z^3 - {k}^3)", "0"),
    ("z + exp(-(z - {k})^2)", "z"), ("z + 10^-30*exp(-(z - {k})^2)", "z"), ("sqrt(z - {k})", "sqrt(z - {k}) + 2^-99"), ("log(z - {k})", "log(z)"),
    ("sum[i](relu(a[i] - {k}))", "0"), ("sum[i](sqrt((a[i] - {k})^2))", "sum[i]({k} - a[i])"), ("d(relu(z - {k}), z)", "0"), ("relu(relu(z) - {k})", "0"),
]
FAR_EQUAL = [("sqrt((z - {k})^2)", "abs({k} - z)"), ("relu(z - {k})*relu({k} - z)", "0"), ("max(z, {k})", "z + relu({k} - z)"), ("sqrt(z - {k})^2", "z - {k}"),
             ("relu(relu(z - {k}) - {k})", "relu(z - 2*{k})"), ("log((z - {k})^2)", "2*log(abs(z - {k}))")]
POWER_UNEQUAL = [("(1 + 2^-{k}*z)^{k}", "1 + {k}*2^-{k}*z"), ("z^{k}", "z^{k} + 1"), ("z^{k}*z^{k}", "z^(2*{k} + 1)"), ("(z + 1)^{k}", "(z + 1)^{k} + 10^-{k}"),
                 ("exp({k}*z)", "exp(z)^({k} + 1)"), ("(z - y)^(2*{k} + 1)", "(y - z)^(2*{k} + 1)"), ("exp({k}*z) - exp(z)", "exp({k}*z)")]
POWER_EQUAL = [("(z^{k} - 1)/(z - 1)*(z - 1)", "z^{k} - 1"), ("z^{k}*z^{k}", "z^(2*{k})"), ("exp({k}*z)", "exp(z)^{k}"), ("(z - y)^(2*{k})", "(y - z)^(2*{k})"),
               ("sigmoid(z)^{k}", "1/(1 + exp(-z))^{k}")]
UNEQUAL = [
    ("tanh(exp(z + 6))", "1"), ("exp(-exp(z + 5))", "0"), ("exp(exp(z))", "exp(exp(z)) + 1"), ("exp(-exp(exp(z)))", "0"), ("tanh(z + 10^12)", "1"),
    ("relu(exp(z) - 10^9)", "0"), ("10^300*(sin(z)^2 + cos(z)^2 - 1)", "10^-300"), ("sin(2*z)", "2*sin(z)*cos(z) + 2^-500"), ("z/z", "2"),
    ("exp(100) + z - exp(100)", "z + 10^-60"), ("log(z^2)", "2*log(z) + 10^-99"), ("sqrt(z^2)", "z"), ("exp(y*log(z))", "y^z"),
    ("sqrt(2)*sqrt(3)", "sqrt(6) + 10^-250"),
    ("log(6)", "log(2) + log(3) + 10^-150"), ("sqrt(2) + sqrt(3)", "sqrt(5 + 2*sqrt(6)) + 10^-300"), ("pi", "22/7"), ("sin(22)", "0"),
    ("exp(pi*sqrt(163))", "640320^3 + 744"), ("cos(z) - 1", "-z^2/2"), ("0 if z == 5 else 1", "1"), ("0 if z == y else 1", "1"), ("1 if z*y == 0 else 0", "0"),
    ("sign(z)^2", "1"), ("1 if z + y == 1000000 else 0", "0"), ("1 if z^3 == 8 else 0", "0"), ("1 if 2*z == 3*y + 7 else 0", "0"),
    ("1 if exp(z) == 1 else 0", "0"),
    ("1 if z > 5 else 0", "1 if z >= 5 else 0"), ("max(x, y)*min(x, y)", "abs(x*y)"), ("relu(z^2 - z + 0.24)", "z^2 - z + 0.24"), ("max(exp(z), 1)", "exp(z)"),
    ("relu(z^2 - z + 0.2499999)", "z^2 - z + 0.2499999"), ("abs(abs(z) - 1)", "abs(z) - 1"), ("relu(z)", "d(relu(z), z)"), ("d(abs(z), z)", "1"),
    ("max(min(z, 1), -1)", "clip(z, -1, 2)"), ("d(max(0, 1 - y*z), z)", "y if y*z < 1 else 0"), ("d(z^3, z, z)", "3*z"), ("d(g(z)^2, z)", "2*g(z)"),
    ("d(sigmoid(z), z)", "sigmoid(z)*(1 + sigmoid(z))"), ("sigmoid(g(z))*(1 - sigmoid(g(z)))*d(g(z), z)", "sigmoid(g(z))*(1 + sigmoid(g(z)))*d(g(z), z)"),
    ("d(g(z), z, z, z, z, z)", "0"), ("abs(g(z))", "g(z)"), ("relu(g(z) + 1000000)", "g(z) + 1000000"), ("d(erf(z), z)", "2*exp(-z^2)/pi"),
    ("d(silu(z), z)", "sigmoid(z)*(1 - sigmoid(z))"), ("d(sum[i](a[i]^2), a[k])", "a[k]"), ("d(sum[i](a[i]*b[i]), a[k])", "a[k]"),
    ("d(softmax[i](a[i]), a[k])", "softmax[i](a[i])*(delta[i,k] + softmax[k](a[k]))"), ("d(softmax[i](a[i]), a[k])", "softmax[i](a[i])*(1 - softmax[i](a[i]))"),
    ("d(sum[i,k](M[i,k]*a[i]*b[k]), a[j])", "sum[k](M[k,j]*b[k])"), ("sum[i](a[i])", "sum[k](b[k])"), ("sum[i,k](M[i,k]*a[i])", "sum[i,k](M[k,i]*a[i])"),
    ("sum[i](a[i]^2)", "sum[i](a[i])^2"), ("mean[i](a[i])", "sum[i](a[i])/(size(a, 1) + 10^-30)"), ("sum[k](softmax[k](c[k])^2)", "1"),
    ("sum[i]((a[i] - mean[k](a[k]))^2)", "sum[i](a[i]^2) - mean[k](a[k])^2"), ("sum[i](relu(a[i]))", "sum[k](a[k])"), ("max[i](a[i])", "a[1]"),
    ("max[i](a[i])", "max[i](abs(a[i]))"), ("max[i](a[i]*z)", "max[i](a[i])*z"), ("logsumexp[i](a[i])", "max[i](a[i])"),
    ("softmax[i](a[i]*z)", "softmax[i](a[i])"),
    ("norm[i](a[i])", "sum[i](abs(a[i]))"), ("prod[i](a[i])", "prod[i](a[i])*z"), ("prod[i](1 + a[i])", "1 + sum[i](a[i])"),
    ("(size(a, 1) - 1)*(size(a, 1) - 2)*(size(a, 1) - 3)*(size(a, 1) - 4) + 0*a[1]", "0"), ("sum[i](c[i])", "c[1] + c[2] + c[3] + c[4]"),
    ("sum[i](a[i])^3 - 3*sum[i](a[i])*sum[i](a[i]^2) + 2*sum[i](a[i]^3)", "0"),
    ("sum[i](a[i])^5 - 10*sum[i](a[i])^3*sum[i](a[i]^2) + 15*sum[i](a[i])*sum[i](a[i]^2)^2 + 20*sum[i](a[i])^2*sum[i](a[i]^3)"
     " - 20*sum[i](a[i]^2)*sum[i](a[i]^3) - 30*sum[i](a[i])*sum[i](a[i]^4) + 24*sum[i](a[i]^5)", "0"),
    ("sum[i](c[i] if i < 9 else 0)", "sum[i](c[i])"), ("sum[i](c[i] if i < 30 else 0)", "sum[i](c[i])"), ("sum[i](a[i] if i == 1 else 0)", "a[2]"),
    ("a[i]*b[k]", "a[k]*b[i]"), ("M[i,k]", "M[k,i]"), ("c[1]", "c[7]"), ("cos(pi*size(a, 1))*a[1]", "a[1]"), ("sin(pi*z)", "0"), ("cos(2*pi*z)", "1"),
    ("(-1)^size(a, 1)*a[1]", "a[1]"), ("log(z) - log(y)", "log(y/z)"), ("z*sqrt(1 - 10^6/z^2)", "sqrt(z^2 - 10^6)"), ("sqrt(z - 1000)*sqrt(1001 - z)", "0"),
    ("sqrt(z - 10^7) + sqrt(10^7 + 1 - z)", "1"), ("x/abs(x)", "1"), ("sqrt(x^4)", "x*abs(x)"), ("(x^2)^(1/2)*x", "x^2"), ("sqrt((x - y)^2)", "x - y"),
    ("sqrt(x^2 - 2*x*y + y^2)", "y - x"), ("log((x - 5)^2)", "2*log(abs(x + 5))"),
]
EQUAL = [
    ("10^300*(sin(z)^2 + cos(z)^2 - 1)", "0"), ("sin(2*z)", "2*sin(z)*cos(z)"), ("cos(2*z)", "1 - 2*sin(z)^2"), ("exp(100) + z - exp(100)", "z"),
    ("log(exp(z))", "z"),
    ("exp(log(z))", "z"), ("log(z^2)", "2*log(z)"), ("log(z^2)", "2*log(abs(z))"), ("sqrt(z)^2", "z"), ("sqrt(z^2)", "abs(z)"),
    ("sqrt(z*y)", "sqrt(z)*sqrt(y)"),
    ("z/z", "1"), ("(z^2 - 1)/(z - 1)", "z + 1"), ("z^y*z^(1 - y)", "z"), ("(z^y)^2", "z^(2*y)"), ("exp(y*log(z))", "z^y"), ("sqrt(8)", "2*sqrt(2)"),
    ("sqrt(2)*sqrt(3)", "sqrt(6)"), ("log(6)", "log(2) + log(3)"), ("sqrt(2) + sqrt(3)", "sqrt(5 + 2*sqrt(6))"), ("8^(1/3)", "2"), ("cos(pi)", "-1"),
    ("sin(pi)", "0"),
    ("sign(z)*abs(z)", "z"), ("abs(z^2 - 2)", "(z^2 - 2) if z^2 > 2 else 2 - z^2"), ("max(x, y, z)", "max(z, max(y, x))"),
    ("min(max(z, -1), 1)", "clip(z, -1, 1)"),
    ("max(min(z, 1), -1)", "clip(z, -1, 1)"), ("relu(z) - relu(-z)", "z"), ("relu(z) + relu(-z)", "abs(z)"), ("max(x, y) + min(x, y)", "x + y"),
    ("relu(z)^2 + relu(-z)^2", "z^2"), ("relu(z)*relu(-z)", "0"), ("relu(z^2 + 1)", "z^2 + 1"), ("relu(z^2 - z + 1)", "z^2 - z + 1"),
    ("relu(exp(z))", "exp(z)"),
    ("abs(abs(z) - 1)", "max(abs(z) - 1, 1 - abs(z))"), ("d(relu(z), z)", "1 if z > 0 else 0"), ("d(abs(z), z)", "sign(z)"),
    ("d(max(0, 1 - y*z), z)", "-y if y*z < 1 else 0"), ("d(max(z, y)^2, z)", "2*z if z > y else 0"), ("d(sigmoid(z), z)", "sigmoid(z)*sigmoid(-z)"),
    ("d(g(z)*sigmoid(z), z)", "d(g(z), z)*sigmoid(z) + g(z)*sigmoid(z)*(1 - sigmoid(z))"), ("d(erf(z), z)", "2*exp(-z^2)/sqrt(pi)"),
    ("d(z^y, z)", "y*z^(y - 1)"),
    ("d(silu(z), z)", "sigmoid(z) + z*sigmoid(z)*(1 - sigmoid(z))"), ("d(sum[i](a[i]^2), a[k])", "2*a[k]"), ("d(logsumexp[i](a[i]), a[k])", "softmax[k](a[k])"),
    ("d(softmax[i](a[i]), a[k])", "softmax[i](a[i])*(delta[i,k] - softmax[k](a[k]))"), ("d(sum[i,k](M[i,k]*a[i]*b[k]), a[j])", "sum[k](M[j,k]*b[k])"),
    ("sum[i,k](M[i,k])", "sum[k](sum[i](M[i,k]))"), ("sum[i](a[i])^2", "sum[i,k](a[i]*a[k])"), ("sum[i](a[i] - mean[k](a[k]))", "0"),
    ("sum[i]((a[i] - mean[k](a[k]))^2)", "sum[i](a[i]^2) - size(a, 1)*mean[k](a[k])^2"), ("sum[i](abs(a[i]))", "sum[i](relu(a[i]) + relu(-a[i]))"),
    ("-max[i](-a[i])", "min[i](a[i])"), ("max[i](a[i] + z)", "max[i](a[i]) + z"),
    ("logsumexp[i](a[i])", "max[k](a[k]) + log(sum[i](exp(a[i] - max[k](a[k]))))"),
    ("softmax[i](a[i] + z)", "softmax[i](a[i])"), ("norm[i](a[i])^2", "sum[i](a[i]^2)"), ("prod[i](a[i])^2", "prod[i](a[i]^2)"),
    ("log(prod[i](exp(a[i])))", "sum[i](a[i])"), ("delta[i,k]^2*a[i]*a[k]", "delta[k,i]*a[i]*a[k]"), ("cos(2*pi*size(a, 1))*a[1]", "a[1]"),
    ("abs(z)*sqrt(1 - 10^6/z^2)", "sqrt(z^2 - 10^6)"), ("x/sqrt(x^2)", "x/abs(x)"), ("sqrt(x^4)", "x^2"), ("(x^2)^(1/4)", "sqrt(abs(x))"),
    ("sqrt(x^2 - 2*x*y + y^2)", "abs(y - x)"),
]
UNDER_FACTS = [
    Hidden("abs(x)", "-x", False, ("x > 0",)), Hidden("abs(x - 10)", "x - 10", True, ("x > 10",)), Hidden("abs(x - 10)", "x - 10", False, ("x > 9",)),
    Hidden("abs(x - 10)", "x - 10", True, ("x > 10^6",)), Hidden("max(a, b)", "b", True, ("a <= b",)), Hidden("max(a, b)", "a", False, ("a <= b",)),
    Hidden("t^2", "t", False, ("t in {-1, 1}",)), Hidden("t", "0", False, ("t in {0, 17}",)),
    Hidden("t*(t - 1)*(t - 2)*(t - 3)", "0", True, ("t in {0, 1, 2, 3}",)),
    Hidden("1 if t == 17 else 0", "0", False, (f"t in {{{', '.join(map(str, range(18)))}}}",)),
    Hidden("t*(t - 1)*(t - 2)*(t - 3)", "0", False, ("t in {0, 1, 2, 3, 4}",)),
    Hidden("y[i]^2", "y[i]", False, ("y[i] in {0, 1, 2}",)), Hidden("sum[k](p[k]^2)", "1", False, ("sum[k](p[k]) == 1",)),
    Hidden("relu(x)", "0", False, ("x >= 0",)),
    Hidden("abs(x)*abs(y)", "x*y", True, ("x > 0", "y > 0")), Hidden("abs(x)*abs(y)", "x*y", False, ("x > 0",)),
    Hidden("1 if x > 10^6 else 0", "0", False, ("x > 0",)),
    Hidden("x if x < 100 else 0", "x", False, ("x > 50",)), Hidden("x if x > 40 else 0", "x", True, ("x > 50",)),
    Hidden("s*(1 - s)", "0", False, ("s in {0, 1, 2}",)),
    Hidden("s*t*(s - t)", "0", True, ("s in {0, 1}", "t in {0, 1}")), Hidden("s*t*(s - t)", "0", False, ("s in {0, 1}", "t in {0, 1, 2}")),
    Hidden("1 if s == 5 and t == 7 else 0", "0", False, ("s in {1, 2, 3, 4, 5}", "t in {4, 5, 6, 7}")),
]
TEMPLATES = [
    (TINY_UNEQUAL, TINY_EQUAL, (60, 99, 200, 320, 640, 2560, 4000)), (FAR_UNEQUAL, FAR_EQUAL, (40, 1000, 100000)), (POWER_UNEQUAL, POWER_EQUAL, (20, 50, 100)),
]


def hidden() -> Iterator[Hidden]:
    """What hides by being small, far away, narrow, in one point, in long axes, or behind facts."""
    for unequal, equal, scales in TEMPLATES:
        for truth, templates in ((False, unequal), (True, equal)):
            for left, right in templates:
                yield from (Hidden(left.format(k=k), right.format(k=k), truth) for k in scales)
    yield from (Hidden(left, right, False) for left, right in UNEQUAL)
    yield from (Hidden(left, right, True) for left, right in EQUAL)
    yield from UNDER_FACTS
