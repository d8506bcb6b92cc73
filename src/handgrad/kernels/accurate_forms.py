"""The accurate forms one by one: the statement of each, and the function that finds its left side in a formula.

A left side is found through the names of the model: with `s = sigmoid(z)` defined, `1 - s` is `sigmoid(-z)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction
from math import prod
from typing import Any

from handgrad.axes import Definition, Function, Model
from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
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
from handgrad.records import dataclass
from handgrad.trees import bind, opened, renamed

COMPLEMENT = "softmax_complement"               # what an entry of a softmax lacks of 1


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An accurate form: its name, its statement, and the function that gives the right side for a formula, None where the left side is not found."""

    name: str
    statement: str
    found: Callable[[Any, Setting], Expr | None] = field(repr=False)

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ")


@dataclass(slots=True)
class Setting:
    """What formulas are rewritten among: the definitions so far, the functions of the catalogue, the facts."""

    definitions: dict[str, Definition]
    functions: Mapping[str, Function]
    model: Model
    used: dict[str, Rewrite] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)

    def seen(self, e: Any) -> Any:
        """The formula, or what it is defined as if it is a name."""
        return self.definitions[e.name].at(e.indices) if isinstance(e, Entry) and e.name in self.definitions else e

    def call(self, e: Any, function: str) -> Expr | None:
        """The argument if the formula is, or is defined as, a call of the function."""
        body = self.seen(e)
        return body.arguments[0] if isinstance(body, Call) and body.function == function else None

    def vector(self, e: Any, kind: str = "softmax") -> VectorCall | None:
        """The formula, or its definition, if it is such an entry of a vector function."""
        body = self.seen(e)
        return body if isinstance(body, VectorCall) and body.kind == kind else None


# ---------------------------------------------------------------- sums


def _signed(e: Any) -> tuple[Fraction, Expr]:
    """The term as a number times the rest."""
    if isinstance(e, Mul) and isinstance(e.factors[0], Number):
        return e.factors[0].value, mul(*e.factors[1:])
    return Fraction(1), e


def _complement(e: Any) -> Expr | None:
    """x of 1 - x."""
    if not isinstance(e, Add) or ONE not in e.terms or len(e.terms) != 2:
        return None
    other = e.terms[1] if e.terms[0] is ONE else e.terms[0]
    factor, rest = _signed(other)
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
        sign, rest = _signed(term)
        s = setting.vector(rest) if abs(sign) == 1 else None
        for other in e.terms if s is not None else ():
            factor, delta = _signed(other)
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
        factor, y = _signed(other)
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
        factor, y = _signed(other)
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


def _exp_less_one(e: Any, setting: Setting) -> Expr | None:
    x = setting.call(_less_one(e), "exp")
    return None if x is None else Call("expm1", (x,))


def _one_and_erf(e: Any, setting: Setting) -> Expr | None:
    """Of a sum in which 1 and erf(u), or 1 and -erf(u), stand side by side."""
    if not isinstance(e, Add) or ONE not in e.terms:
        return None
    for term in e.terms:
        factor, rest = _signed(term)
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


# ---------------------------------------------------------------- logarithms and exponentials


def _log_of_sigmoid(e: Any, setting: Setting) -> Expr | None:
    x = _argument(e, "log")
    z = setting.call(x, "sigmoid") if x is not None else None
    return None if z is None else negative(Call("softplus", (negative(z),)))


def _log_of_softmax(e: Any, setting: Setting) -> Expr | None:
    x = _argument(e, "log")
    s = setting.vector(x) if x is not None else None
    return None if s is None else VectorCall("log_softmax", s.axis, s.body, s.at)


def _log_of_one_and(e: Any, setting: Setting) -> Expr | None:
    x = _argument(e, "log")
    if not isinstance(x, Add) or ONE not in x.terms:
        return None
    rest = list(x.terms)
    rest.remove(ONE)
    u = add(*rest)
    z = setting.call(u, "exp")
    return Call("softplus", (z,)) if z is not None else Call("log1p", (u,))


def _log_of_sum_of_exp(e: Any, setting: Setting) -> Expr | None:
    x = setting.seen(_argument(e, "log"))
    if isinstance(x, Reduce) and x.kind == "sum" and isinstance(x.arguments[0], Call) and x.arguments[0].function == "exp":
        return Reduce("logsumexp", x.axis, x.arguments[0].arguments)
    return None


def _reciprocal_of_one_and_exp(e: Any, setting: Setting) -> Expr | None:
    if isinstance(e, Pow) and e.exponent is MINUS_ONE:
        x = setting.seen(e.base)
        if isinstance(x, Add) and len(x.terms) == 2 and ONE in x.terms:
            z = setting.call(x.terms[1] if x.terms[0] is ONE else x.terms[0], "exp")
            return None if z is None else Call("sigmoid", (negative(z),))
    return None


def _bell(e: Any, setting: Setting) -> Expr | None:
    x = _argument(e, "exp")
    if not isinstance(x, Mul):
        return None
    number = prod((f.value for f in x.factors if isinstance(f, Number)), start=Fraction(1))
    rest = [f for f in x.factors if not isinstance(f, Number)]
    if number == Fraction(-1, 2) and len(rest) == 1 and isinstance(rest[0], Pow) and rest[0].exponent is TWO:
        return Call("bell", (rest[0].base,))
    return None


def _argument(e: Any, function: str) -> Any:
    return e.arguments[0] if isinstance(e, Call) and e.function == function else None


# ---------------------------------------------------------------- quotients


def _quotient_of_exp(e: Any, setting: Setting) -> Expr | None:
    """exp(f at k) over the sum of exp(f), as a softmax."""
    if not isinstance(e, Mul):
        return None
    below = [f for f in e.factors if isinstance(f, Pow) and f.exponent is MINUS_ONE]
    above = [(f, x) for f in e.factors if (x := setting.call(f, "exp")) is not None]
    for divisor in below:
        total = setting.seen(divisor.base)
        if not (isinstance(total, Reduce) and total.kind == "sum"):
            continue
        letter, (body,) = opened(total)
        inner = setting.call(body, "exp")
        if inner is None:
            continue
        for factor, argument in above:
            at = next((i for i in argument.letters if i.axis is total.axis and renamed(inner, {letter: i}) is argument), None)
            if at is not None:
                s = VectorCall("softmax", total.axis, bind(inner, letter), at)
                return mul(s, *(f for f in e.factors if f is not divisor and f is not factor))
    return None


def _quotient_of_exp_over_axes(e: Any, setting: Setting) -> Expr | None:
    """exp(x), or a sum in which it is a factor, over a sum of exp(f) along several axes: the exponential of a difference."""
    for divisor in e.factors if isinstance(e, Mul) else ():
        logarithm = _log_over_axes(divisor.base, setting) if isinstance(divisor, Pow) and divisor.exponent is MINUS_ONE else None
        for f in e.factors if logarithm is not None else ():
            found = _less(f, logarithm, setting)
            if found is not None:
                return mul(found, *(g for g in e.factors if g is not divisor and g is not f))
    return None


def _less(e: Any, logarithm: Any, setting: Setting) -> Expr | None:
    """The formula over the exponential of the logarithm, where an exponential takes it up."""
    e = setting.seen(e)
    if isinstance(e, Mul):
        found = next(((f, x) for f in e.factors if (x := _less(f, logarithm, setting)) is not None), None)
        return None if found is None else mul(found[1], *(f for f in e.factors if f is not found[0]))
    if isinstance(e, Reduce) and e.kind == "sum":
        letter, (body,) = opened(e)
        below = _less(body, logarithm, setting)
        return None if below is None else Reduce("sum", e.axis, (bind(below, letter),))
    return Call("exp_difference", (e.arguments[0], logarithm)) if isinstance(e, Call) and e.function == "exp" else None


def _log_over_axes(total: Any, setting: Setting, within: bool = False) -> Expr | None:
    """The logarithm of a sum of exponentials along two axes or more."""
    total = setting.seen(total)
    if not isinstance(total, Reduce) or total.kind != "sum":
        return setting.call(total, "exp") if within else None
    letter, (body,) = opened(total)
    below = setting.seen(body)
    inner = _log_over_axes(below, setting, True) if within or isinstance(below, Reduce) else None
    return None if inner is None else Reduce("logsumexp", total.axis, (bind(inner, letter),))


def _quotient_of_sinh(e: Any, setting: Setting) -> Expr | None:
    """(e^x - e^-x)/(e^x + e^-x), as tanh."""
    if isinstance(e, Mul) and len(e.factors) == 2 and isinstance(e.factors[1], Pow) and e.factors[1].exponent is MINUS_ONE:
        above, below = e.factors[0], e.factors[1].base
        if isinstance(above, Add) and isinstance(below, Add) and len(above.terms) == 2:
            x = setting.call(above.terms[0], "exp")
            if x is not None and above is add(Call("exp", (x,)), negative(Call("exp", (negative(x),)))) \
                    and below is add(Call("exp", (x,)), Call("exp", (negative(x),))):
                return Call("tanh", (x,))
    return None


def _root_of_squares(e: Any, setting: Setting) -> Expr | None:
    """The root of a sum of squares, as a norm."""
    inside = _argument(e, "sqrt")
    if inside is None and isinstance(e, Pow) and e.exponent is HALF:
        inside = e.base
    x = setting.seen(inside)
    if isinstance(x, Reduce) and x.kind == "sum" and isinstance(x.arguments[0], Pow) and x.arguments[0].exponent is TWO:
        return Reduce("norm", x.axis, (x.arguments[0].base,))
    return None


REWRITES: tuple[Rewrite, ...] = (
    Rewrite("reciprocal_of_one_and_exp", "1/(1 + exp(x)) = sigmoid(-x)", _reciprocal_of_one_and_exp),
    Rewrite("quotient_of_sinh", "(exp(x) - exp(-x))/(exp(x) + exp(-x)) = tanh(x)", _quotient_of_sinh),
    Rewrite("quotient_of_exp", "exp(f[k])/sum[m](exp(f[m])) = softmax[k](f[k])", _quotient_of_exp),
    Rewrite("quotient_of_exp_over_axes", "exp(f[i,k])/sum[j,m](exp(f[j,m])) = exp(f[i,k] - log(sum[j,m](exp(f[j,m]))))", _quotient_of_exp_over_axes),
    Rewrite("one_less_sigmoid", "1 - sigmoid(x) = sigmoid(-x)", _one_less_sigmoid),
    Rewrite("sigmoid_less_one", "sigmoid(x) - 1 = -sigmoid(-x)", _sigmoid_less_one),
    Rewrite("softmax_less_one", "softmax[k](f[k]) - 1 = -(1 - softmax[k](f[k]))", _softmax_less_one),
    Rewrite("one_less_square_of_tanh", "1 - tanh(x)^2 = 4*sigmoid(2*x)*sigmoid(-2*x)", _one_less_square_of_tanh),
    Rewrite("one_less_softmax", "1 - softmax[k](f[k]) = sum[m](exp(f[m]) if m != k else 0)/sum[m](exp(f[m]))", _one_less_softmax),
    Rewrite("softmax_less_delta", "f[j]*(softmax[k](f[k]) - delta[k,j]) = f[j]*(-(1 - softmax[k](f[k])) if k == j else softmax[k](f[k]))", _softmax_less_delta),
    Rewrite("probability_less_target", "s*c - y = s*(c - y) - y*(1 - s)", _probability_less_target),
    Rewrite("sigmoid_less_target", "sigmoid(x) - y = sigmoid(x)*(1 - y) - y*sigmoid(-x)", _sigmoid_less_target),
    Rewrite("exp_less_one", "exp(x) - 1 = expm1(x)", _exp_less_one),
    Rewrite("one_and_erf", "1 + erf(x/sqrt(2)) = 2*((1 + erf(x/sqrt(2)))/2)", _one_and_erf),
    Rewrite("log_of_sigmoid", "log(sigmoid(x)) = -softplus(-x)", _log_of_sigmoid),
    Rewrite("log_of_softmax", "log(softmax[k](f[k])) = log_softmax[k](f[k])", _log_of_softmax),
    Rewrite("log_of_sum_of_exp", "log(sum[k](exp(f[k]))) = logsumexp[k](f[k])", _log_of_sum_of_exp),
    Rewrite("log_of_one_and", "log(1 + x) = log1p(x)", _log_of_one_and),
    Rewrite("bell", "exp(-(x^2)/2) = exp(-1/2*x^2)", _bell),
    Rewrite("root_of_squares", "sqrt(sum[k](f[k]^2)) = norm[k](f[k])", _root_of_squares),
)
