"""The accurate forms one by one: the statement of each, and the function that finds its left side in a formula.

A left side is found through the names of the model: with `s = sigmoid(z)` defined, `1 - s` is `sigmoid(-z)`.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

from handgrad.axes import Model
from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    Add,
    Call,
    Cases,
    Compare,
    Delta,
    Entry,
    Expr,
    IndexCompare,
    Letter,
    Member,
    Mul,
    Number,
    Pow,
    Reduce,
    VectorCall,
    add,
    mul,
    negative,
)
from handgrad.kernels.accurate_quotients import (
    log_over_axes,
    over_square,
    part_across,
    quotient_of_chosen_exp,
    quotient_of_exp,
    quotient_of_exp_over_axes,
    quotient_of_sinh,
    root_of_squares,
)
from handgrad.kernels.rewriting import COMPLEMENT, Rewrite, Setting, argument_of, place_in, signed
from handgrad.trees import bind, opened, renamed

# ---------------------------------------------------------------- sums


def _complement(e: Any) -> Expr | None:
    """x of 1 - x."""
    if not isinstance(e, Add) or ONE not in e.terms or len(e.terms) != 2:
        return None
    other = e.terms[1] if e.terms[0] is ONE else e.terms[0]
    factor, rest = signed(other)
    return rest if factor == -1 else None


def _less_one(e: Any) -> Expr | None:
    """x of x - 1."""
    if isinstance(e, Add) and len(e.terms) == 2 and MINUS_ONE in e.terms:
        return e.terms[1] if e.terms[0] is MINUS_ONE else e.terms[0]
    return None


def _sigmoid_less_one(e: Any, setting: Setting) -> Expr | None:
    z = setting.call(_less_one(e), "sigmoid")
    return None if z is None else negative(Call("sigmoid", (negative(z),)))


def _softmax_less_one(e: Any, setting: Setting) -> Expr | None:
    s = setting.vector(_less_one(e))
    return None if s is None else negative(VectorCall(COMPLEMENT, s.axis, s.body, s.at))


def _one_less_sigmoid(e: Any, setting: Setting) -> Expr | None:
    found = _complement(e)
    z = setting.call(found, "sigmoid")
    return None if z is None else Call("sigmoid", (negative(z),))


def _one_less_square_of_tanh(e: Any, setting: Setting) -> Expr | None:
    found = _complement(e)
    if not isinstance(found, Pow) or found.exponent is not TWO:
        return None
    z = setting.call(found.base, "tanh")
    return None if z is None else mul(Number(Fraction(4)), Call("sigmoid", (mul(TWO, z),)), Call("sigmoid", (mul(Number(Fraction(-2)), z),)))


def _one_less_softmax(e: Any, setting: Setting) -> Expr | None:
    found = _complement(e)
    s = setting.vector(found)
    return None if s is None else VectorCall(COMPLEMENT, s.axis, s.body, s.at)


def _softmax_less_delta(e: Any, setting: Setting) -> Expr | None:
    """Of a sum in which a softmax at i and a delta[i,j] stand side by side with opposite signs."""
    if not isinstance(e, Add):
        return None
    for term in e.terms:
        sign, rest = signed(term)
        s = setting.vector(rest) if abs(sign) == 1 else None
        for other in e.terms if s is not None else ():
            factor, delta = signed(other)
            if s is not None and factor == -sign and isinstance(delta, Delta) and s.at in (delta.left, delta.right):
                place = delta.right if s.at is delta.left else delta.left
                lacking = VectorCall(COMPLEMENT, s.axis, s.body, s.at)
                less = Cases(((negative(lacking) if sign > 0 else lacking, IndexCompare("==", s.at, place)),), term)
                return add(less, *(t for t in e.terms if t is not term and t is not other))
    return None


def _probability_less_target(e: Any, setting: Setting) -> Expr | None:
    """`s*c - y` of a softmax s and a target y at the same place, with c = 1 or the sum of the targets: each over the others."""
    if not isinstance(e, Add) or len(e.terms) != 2:
        return None
    for term, other in (e.terms, e.terms[::-1]):
        factor, y = signed(other)
        factors = term.factors if isinstance(term, Mul) else (term,)
        at = next((n for n, f in enumerate(factors) if setting.vector(f)), None)
        if factor != -1 or not isinstance(y, Entry) or at is None:
            continue
        s = setting.vector(factors[at])
        rest = mul(*factors[:at], *factors[at + 1 :]) if len(factors) > 1 else ONE
        if s is not None and s.at in y.indices and (rest is ONE or _is_sum_of(rest, y, s)):
            others = add(rest, negative(y))
            return add(mul(factors[at], others), negative(mul(y, VectorCall(COMPLEMENT, s.axis, s.body, s.at))))
    return None


def _is_sum_of(e: Any, y: Entry, s: VectorCall) -> bool:
    if not isinstance(e, Reduce) or e.kind != "sum" or not isinstance(s.at, Letter):
        return False
    return bool(bind(y, s.at) is e.arguments[0])


def _sigmoid_less_target(e: Any, setting: Setting) -> Expr | None:
    if not isinstance(e, Add) or len(e.terms) != 2:
        return None
    for term, other in (e.terms, e.terms[::-1]):
        factor, y = signed(other)
        z = setting.call(term, "sigmoid")
        if z is not None and factor == -1 and (y is ONE or isinstance(y, Entry) and _is_probability(y.name, setting.model)):
            return add(mul(term, add(ONE, negative(y))), negative(mul(y, Call("sigmoid", (negative(z),)))))
    return None


def _is_probability(name: str, model: Model) -> bool:
    """Whether the facts say that the entries lie from 0 to 1."""
    for fact in model.facts:
        match fact:
            case Member(Entry(known), values) if known == name and all(0 <= v <= 1 for v in values):
                return True
            case Compare("<=", Entry(known), Number(value)) if known == name and value == 1:
                return True
    return False


def _entry_less_mean(e: Any, setting: Setting) -> Expr | None:
    """Of a sum in which a value at one place and the mean of the values under a softmax stand with opposite signs: the mean of the differences."""
    for term in e.terms if isinstance(e, Add) else ():
        sign, rest = signed(term)
        mean = setting.mean(rest) if abs(sign) == 1 else None
        for other in e.terms if mean is not None else ():
            factor, entry = signed(other)
            at = place_in(mean.values, mean.letter, entry) if mean is not None and factor == -sign else None
            if mean is not None and at is not None and not isinstance(at, Letter):      # where it stands at every place, see below
                body = mul(add(mean.values, negative(entry)), mean.shares)
                found = Reduce("sum", mean.letter.axis, (bind(body, mean.letter),))
                return add(found if sign > 0 else negative(found), *(t for t in e.terms if t is not term and t is not other))
    return None


def _entries_less_mean(e: Any, setting: Setting) -> Expr | None:
    """The sum of weights times the differences of values from their mean under a softmax: of each value times what its weight and its share differ by."""
    if not (isinstance(e, Reduce) and e.kind == "sum"):
        return None
    letter, (body,) = opened(e)
    for f in [f for f in body.factors if isinstance(f, Add) and len(f.terms) == 2] if isinstance(body, Mul) else ():
        for term in f.terms:
            sign, rest = signed(term)
            mean = setting.mean(rest) if letter not in rest.letters else None
            factor, value = signed(next(t for t in f.terms if t is not term))
            if mean is None or factor != -sign or abs(sign) != 1 or renamed(mean.values, {mean.letter: letter}) is not value:
                continue
            weight, share = mul(*(g for g in body.factors if g is not f)), mean.shares_at(letter)
            others = add(Reduce("sum", e.axis, (bind(weight, letter),)), negative(weight))
            lacking = VectorCall(COMPLEMENT, share.axis, share.body, letter)
            surplus = add(mul(weight, lacking), negative(mul(share, others)))
            return Reduce("sum", e.axis, (bind(mul(value, surplus) if sign < 0 else negative(mul(value, surplus)), letter),))
    return None


def _exp_less_one(e: Any, setting: Setting) -> Expr | None:
    x = setting.call(_less_one(e), "exp")
    return None if x is None else Call("expm1", (x,))


def _one_and_erf(e: Any, setting: Setting) -> Expr | None:
    """Of a sum in which 1 and erf(u), or 1 and -erf(u), stand side by side."""
    if not isinstance(e, Add) or ONE not in e.terms:
        return None
    for term in e.terms:
        factor, rest = signed(term)
        u = setting.call(rest, "erf")
        if u is not None and abs(factor) == 1:
            others = list(e.terms)
            others.remove(ONE)
            others.remove(term)
            return add(_erf_tail(u if factor > 0 else negative(u)), *others)
    return None


def _erf_tail(u: Expr) -> Expr:
    """1 + erf(u)."""
    x = _times_root_of_two(u)
    return Call("erfc", (negative(u),)) if x is None else mul(TWO, Call("normal_cdf", (x,)))


def _times_root_of_two(u: Expr) -> Expr | None:
    """x of x/sqrt(2)."""
    roots = (Pow(Call("sqrt", (TWO,)), MINUS_ONE), Pow(Pow(TWO, HALF), MINUS_ONE), Pow(TWO, Number(Fraction(-1, 2))), Call("sqrt", (HALF,)))
    for root in roots:
        if isinstance(u, Mul) and root in u.factors:
            at = u.factors.index(root)
            return mul(*u.factors[:at], *u.factors[at + 1 :])
    return None


# ---------------------------------------------------------------- a variable times its own law


def _gated(e: Any, setting: Setting, law: str, name: str) -> Expr | None:
    """x times a law of x."""
    for f in e.factors if isinstance(e, Mul) else ():
        x = setting.call(f, law)
        taken = _taken(list(e.factors), [f, *(x.factors if isinstance(x, Mul) else [x])]) if x is not None else None
        if x is not None and taken is not None:
            return mul(Call(name, (x,)), *taken)
    return None


def _taken(factors: list[Any], wanted: list[Any]) -> list[Any] | None:
    """The factors without those that are wanted, None if one is not there."""
    for f in wanted:
        if f not in factors:
            return None
        factors.remove(f)
    return factors


def _silu(e: Any, setting: Setting) -> Expr | None:
    return _gated(e, setting, "sigmoid", "silu")


def _gelu(e: Any, setting: Setting) -> Expr | None:
    return _gated(e, setting, "normal_cdf", "gelu")


def _slope_of_silu(e: Any, setting: Setting) -> Expr | None:
    for f in e.factors if isinstance(e, Mul) else ():
        z = setting.call(f, "sigmoid")
        for bracket in e.factors if z is not None else ():
            other = bracket.terms[1] if isinstance(bracket, Add) and len(bracket.terms) == 2 and bracket.terms[0] is ONE else None
            if z is not None and isinstance(other, Mul):
                rest = _taken(list(other.factors), [Call("sigmoid", (negative(z),)), *(z.factors if isinstance(z, Mul) else [z])])
                if rest == []:
                    return mul(Call("silu_slope", (z,)), *(g for g in e.factors if g is not f and g is not bracket))
    return None


def _sum_as_slope_of_silu(e: Any, setting: Setting) -> Expr | None:
    """s + silu(z)*(1 - s) of s = sigmoid(z), with a number in front of both."""
    for term, other in (e.terms, e.terms[::-1]) if isinstance(e, Add) and len(e.terms) == 2 else ():
        (number, s), (second, product) = signed(term), signed(other)
        z = setting.call(s, "sigmoid") if number == second else None
        rest = _taken(list(product.factors), [Call("sigmoid", (negative(z),))]) if z is not None and isinstance(product, Mul) else None
        if z is not None and rest is not None and len(rest) == 1 and setting.call(rest[0], "silu") is z:
            return mul(Number(number), Call("silu_slope", (z,))) if number != 1 else Call("silu_slope", (z,))
    return None


def _slope_of_gelu(e: Any, setting: Setting) -> Expr | None:
    """The normal law at x, and x times its density, with a number in front of both."""
    for term, other in (e.terms, e.terms[::-1]) if isinstance(e, Add) and len(e.terms) == 2 else ():
        (number, law), (second, product) = signed(term), signed(other)
        x = setting.call(law, "normal_cdf") if number == second else None
        wanted = [Call("bell", (x,)), *(x.factors if isinstance(x, Mul) else [x])] if x is not None else []
        rest = _taken(list(product.factors), wanted) if x is not None and isinstance(product, Mul) else None
        if x is not None and rest and mul(*rest) in DENSITY:
            return mul(Number(number), Call("gelu_slope", (x,))) if number != 1 else Call("gelu_slope", (x,))
    return None


ROOT_OF_PI = Call("sqrt", (PI,))
DENSITY = (mul(Pow(Call("sqrt", (TWO,)), MINUS_ONE), Pow(ROOT_OF_PI, MINUS_ONE)), Pow(mul(Call("sqrt", (TWO,)), ROOT_OF_PI), MINUS_ONE),
           Pow(Call("sqrt", (mul(TWO, PI),)), MINUS_ONE))               # of a standard normal variable, at 0


# ---------------------------------------------------------------- logarithms and exponentials


def _log_of_sigmoid(e: Any, setting: Setting) -> Expr | None:
    x = argument_of(e, "log")
    z = setting.call(x, "sigmoid") if x is not None else None
    return None if z is None else negative(Call("softplus", (negative(z),)))


def _log_of_softmax(e: Any, setting: Setting) -> Expr | None:
    x = argument_of(e, "log")
    s = setting.vector(x) if x is not None else None
    return None if s is None else VectorCall("log_softmax", s.axis, s.body, s.at)


def _log_of_one_and(e: Any, setting: Setting) -> Expr | None:
    x = argument_of(e, "log")
    if not isinstance(x, Add) or ONE not in x.terms:
        return None
    rest = list(x.terms)
    rest.remove(ONE)
    u = add(*rest)
    z = setting.call(u, "exp")
    return Call("softplus", (z,)) if z is not None else Call("log1p", (u,))


def _log_of_sum_of_exp(e: Any, setting: Setting) -> Expr | None:
    x = setting.seen(argument_of(e, "log"))
    if not (isinstance(x, Reduce) and x.kind == "sum"):
        return None
    letter, (body,) = opened(x)
    inner = setting.exponent(body)
    return log_over_axes(x, setting) if inner is None else Reduce("logsumexp", x.axis, (bind(inner, letter),))


def _reciprocal_of_one_and_exp(e: Any, setting: Setting) -> Expr | None:
    if isinstance(e, Pow) and e.exponent is MINUS_ONE:
        x = setting.seen(e.base)
        if isinstance(x, Add) and len(x.terms) == 2 and ONE in x.terms:
            z = setting.call(x.terms[1] if x.terms[0] is ONE else x.terms[0], "exp")
            return None if z is None else Call("sigmoid", (negative(z),))
    return None


def _bell(e: Any, setting: Setting) -> Expr | None:
    x = argument_of(e, "exp")
    if not isinstance(x, Mul):
        return None
    number = prod((f.value for f in x.factors if isinstance(f, Number)), start=Fraction(1))
    rest = [f for f in x.factors if not isinstance(f, Number)]
    if number == Fraction(-1, 2) and len(rest) == 1 and isinstance(rest[0], Pow) and rest[0].exponent is TWO:
        return Call("bell", (rest[0].base,))
    return None


REWRITES: tuple[Rewrite, ...] = (
    Rewrite("reciprocal_of_one_and_exp", "1/(1 + exp(x)) = sigmoid(-x)", _reciprocal_of_one_and_exp),
    Rewrite("quotient_of_sinh", "(exp(x) - exp(-x))/(exp(x) + exp(-x)) = tanh(x)", quotient_of_sinh),
    Rewrite("quotient_of_exp", "exp(f[k])/sum[m](exp(f[m])) = softmax[k](f[k])", quotient_of_exp),
    Rewrite("quotient_of_exp_over_axes", "exp(f[i,k])/sum[j,m](exp(f[j,m])) = exp(f[i,k] - log(sum[j,m](exp(f[j,m]))))", quotient_of_exp_over_axes),
    Rewrite("one_less_sigmoid", "1 - sigmoid(x) = sigmoid(-x)", _one_less_sigmoid),
    Rewrite("sigmoid_less_one", "sigmoid(x) - 1 = -sigmoid(-x)", _sigmoid_less_one),
    Rewrite("softmax_less_one", "softmax[k](f[k]) - 1 = -(1 - softmax[k](f[k]))", _softmax_less_one),
    Rewrite("one_less_square_of_tanh", "1 - tanh(x)^2 = 4*sigmoid(2*x)*sigmoid(-2*x)", _one_less_square_of_tanh),
    Rewrite("one_less_softmax", "1 - softmax[k](f[k]) = sum[m](exp(f[m]) if m != k else 0)/sum[m](exp(f[m]))", _one_less_softmax),
    Rewrite("softmax_less_delta", "f[j]*(softmax[k](f[k]) - delta[k,j]) = f[j]*(-(1 - softmax[k](f[k])) if k == j else softmax[k](f[k]))", _softmax_less_delta),
    Rewrite("probability_less_target", "s*c - y = s*(c - y) - y*(1 - s)", _probability_less_target),
    Rewrite("sigmoid_less_target", "sigmoid(x) - y = sigmoid(x)*(1 - y) - y*sigmoid(-x)", _sigmoid_less_target),
    Rewrite("entry_less_mean", "a[1] - sum[k](a[k]*softmax[k](f[k])) = sum[k]((a[1] - a[k])*softmax[k](f[k]))", _entry_less_mean),
    Rewrite("entries_less_mean", "sum[k](y[k]*(a[k] - sum[m](a[m]*softmax[m](f[m])))) = "
            "sum[k](a[k]*(y[k]*(1 - softmax[k](f[k])) - softmax[k](f[k])*(sum[m](y[m]) - y[k])))", _entries_less_mean),
    Rewrite("exp_less_one", "exp(x) - 1 = expm1(x)", _exp_less_one),
    Rewrite("one_and_erf", "1 + erf(x/sqrt(2)) = 2*((1 + erf(x/sqrt(2)))/2)", _one_and_erf),
    Rewrite("silu", "x*sigmoid(x) = silu(x)", _silu),
    Rewrite("slope_of_silu", "sigmoid(x)*(1 + x*sigmoid(-x)) = sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))", _slope_of_silu),
    Rewrite("sum_as_slope_of_silu", "s + s*(1 - s)*x = s*(1 + x*(1 - s))", _sum_as_slope_of_silu),
    Rewrite("gelu", "x*(1 + erf(x/sqrt(2)))/2 = gelu(x)", _gelu),
    Rewrite("slope_of_gelu", "(1 + erf(x/sqrt(2)))/2 + x*exp(-(x^2)/2)/sqrt(2*pi) = gelu(x)/x + x*exp(-(x^2)/2)/sqrt(2*pi)", _slope_of_gelu),
    Rewrite("log_of_sigmoid", "log(sigmoid(x)) = -softplus(-x)", _log_of_sigmoid),
    Rewrite("log_of_softmax", "log(softmax[k](f[k])) = log_softmax[k](f[k])", _log_of_softmax),
    Rewrite("log_of_sum_of_exp", "log(sum[k](exp(f[k]))) = logsumexp[k](f[k])", _log_of_sum_of_exp),
    Rewrite("quotient_of_chosen_exp", "exp(f[k])*(1/sum[m](exp(f[m]) if b[m] == 1 else 0) if b[k] == 1 else 0) = "
            "exp(f[k] - c)/sum[m](exp(f[m] - c) if b[m] == 1 else 0) if b[k] == 1 else 0", quotient_of_chosen_exp),
    Rewrite("log_of_one_and", "log(1 + x) = log1p(x)", _log_of_one_and),
    Rewrite("bell", "exp(-(x^2)/2) = exp(-1/2*x^2)", _bell),
    Rewrite("root_of_squares", "sqrt(sum[k](f[k]^2)) = norm[k](f[k])", root_of_squares),
    Rewrite("part_across", "y/n - c*x/n^3 = (y*(1 - (x/n)^2) + x/n*(y*x - c)/n)/n", part_across),
    Rewrite("over_square", "x^2/d^2 = (x/d)^2", over_square),
)
