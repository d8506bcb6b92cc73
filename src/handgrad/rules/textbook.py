"""Differentiation as a textbook writes it: raw trees in which every derivative is carried out rule by rule, one level at a time.

The rules are their statements. Where none fits (an abstract function, a name with a definition of its own) the derivative stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from handgrad.axes import Function
from handgrad.catalogue import elementary
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Abstract,
    Add,
    Bound,
    Call,
    Cases,
    Delta,
    Derivative,
    Entry,
    Expr,
    Letter,
    Literal,
    Mul,
    Number,
    Pow,
    Reduce,
    VectorCall,
    add,
    mul,
    quotient,
    rebuilt,
)
from handgrad.records import dataclass
from handgrad.rules.rule import Rule, rule, spoken
from handgrad.rules.shapes import delta
from handgrad.trees import instantiate, names, renamed, replaced

constant = rule("constant", "d(c, x) = 0", "constant")
variable = rule("variable", "d(x, x) = 1", "variable")
entry_of_input = rule("entry_of_input", "d(w[i], w[j]) = delta[i,j]", "an entry by an entry", free="i,j")
sum_rule = rule("sum_rule", "d(f + g, x) = d(f, x) + d(g, x)", "sum rule")
constant_factor = rule("constant_factor", "d(c*f, x) = c*d(f, x)", "constant factor")
product_rule = rule("product_rule", "d(f*g, x) = d(f, x)*g + f*d(g, x)", "product rule")
quotient_rule = rule("quotient_rule", "d(f/g, x) = (d(f, x)*g - f*d(g, x))/g^2", "quotient rule")
reciprocal_rule = rule("reciprocal_rule", "d(1/g, x) = -d(g, x)/g^2", "quotient rule")
power_rule = rule("power_rule", "d(f^c, x) = c*f^(c - 1)*d(f, x)", "power rule")
exponential_rule = rule("exponential_rule", "d(f^g, x) = f^g*(d(g, x)*log(f) + g*d(f, x)/f)", "power with the variable in the exponent")
sum_of_derivatives = rule("sum_of_derivatives", "d(sum[k](f[k]), x) = sum[k](d(f[k], x))", "term by term")
mean_of_derivatives = rule("mean_of_derivatives", "d(mean[k](f[k]), x) = mean[k](d(f[k], x))", "term by term")
norm_rule = rule("norm_rule", "d(norm[k](f[k]), x) = sum[k](f[k]*d(f[k], x))/norm[k](f[k])", "derivative of the norm")
logsumexp_rule = rule(
    "logsumexp_rule", "d(logsumexp[k](f[k]), x) = sum[k](exp(f[k])*d(f[k], x))/sum[k](exp(f[k]))", "derivative of the logarithm of a sum of exponentials"
)
product_of_factors = rule("product_of_factors", "d(prod[k](f[k]), x) = prod[k](f[k])*sum[k](d(f[k], x)/f[k])", "product rule for many factors")
kink_value = spoken("kink_value", "A derivative at a kink is the slope that the function states there.", "the value taken at the kink")
EXTREME = "d({0}[k](f[k]), x) = sum[k]((1 if f[k] == {0}[m](f[m]) else 0)*d(f[k], x))"
FIRST_EXTREME = (
    "d({0}[k](f[k]), x) = sum[k]((1 if f[k] == {0}[m](f[m]) and sum[m](1 if m < k and f[m] == {0}[l](f[l]) else 0) == 0 else 0)*d(f[k], x))"
)
largest = rule("largest", EXTREME.format("max"), "the largest entry alone counts")
smallest = rule("smallest", EXTREME.format("min"), "the smallest entry alone counts")
first_largest = rule("first_largest", FIRST_EXTREME.format("max"), "the first of the largest entries alone counts")
first_smallest = rule("first_smallest", FIRST_EXTREME.format("min"), "the first of the smallest entries alone counts")
branches_rule = rule("branches_rule", "d(f if x > 0 else g, x) = d(f, x) if x > 0 else d(g, x)", "branch by branch")
softmax_definition = rule("softmax_definition", "softmax[k](f[k]) = exp(f[k])/sum[m](exp(f[m]))", "definition of softmax", free="k")
definition = spoken("definition", "A name or a function is what its definition says.", "definition")
chain_rule = rule("chain_rule", "d(f, x) = sum[k](d(f, z[k])*d(z[k], x))", "chain rule")
sum_kronecker = rule("sum_kronecker", "sum[k](delta[k,j]*x[k]) = x[j]", "the Kronecker delta picks one term", free="j")
constant_leaves = rule("constant_leaves", "sum[k](c*f[k]) = c*sum[k](f[k])", "a constant leaves the sum")
known_sum = spoken("known_sum", "A sum whose value is assumed, or follows from a definition, is that value.", "a known sum")
collected = rule("collected", "f*g + f*h = f*(g + h)", "collected")
cancelled = rule("cancelled", "f*g/f = g", "cancelled")
named = spoken("named", "What the definition of a name says is written as the name.", "written with the names")
substituted = spoken("substituted", "A derivative that has been found is replaced by its value.", "put in")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the textbook rules need to know: which names vary, and the derivatives and definitions of functions."""

    varies: Callable[[str], bool]
    slope: Callable[[str], Function | None]
    functions: Mapping[str, Function]
    first: bool = False           # whether of several greatest entries the first alone counts


@dataclass(frozen=True, slots=True)
class State:
    """The whole formula after a pass, and the rules that the pass used, outermost first."""

    rules: tuple[Rule, ...]
    formula: Expr


def carried_out(start: Expr, setting: Setting, passes: int = 24) -> list[State]:
    """The formula after every pass in which each derivative in it was taken one level further; the last holds none that a rule fits."""
    states: list[State] = []
    formula = start
    for _ in range(passes):
        used: list[Rule] = []
        formula = _one_level(formula, setting, used)
        if not used:
            break
        states.append(State(tuple(dict.fromkeys(used)), formula))
    return states


def _one_level(node: Any, setting: Setting, used: list[Rule]) -> Any:
    if isinstance(node, Derivative) and len(node.by) == 1:
        found = _expanded(node.body, node.by[0], node, setting)
        if found is not None:
            used.append(found[0])
            return cleaned(found[1])
        return node
    return _cleaned_once(rebuilt(node, lambda n: _one_level(n, setting, used), lambda n: _one_level(n, setting, used)))


def _expanded(body: Expr, x: Entry, node: Derivative, setting: Setting) -> tuple[Rule, Expr] | None:
    """The rule that fits and what it makes of the derivative."""
    if not any(name == x.name or setting.varies(name) for name in names(body)):
        return constant, ZERO
    match body:
        case Entry(name, indices):
            return None if name != x.name else _by_itself(indices, x)
        case Call():
            return _of_call(body, x, setting)
        case Cases(branches, otherwise):
            return branches_rule, Cases(tuple((Derivative(v, (x,)), c) for v, c in branches), Derivative(otherwise, (x,)))
        case VectorCall("softmax"):
            return softmax_definition, Derivative(_written_softmax(body), (x,))
        case Abstract():
            return None
        case VectorCall() | Reduce() if body.kind in setting.functions:
            return definition, Derivative(_defined(body, setting.functions[body.kind]), (x,))
        case Mul(below) if (split := _as_fraction(below)) is not None:
            return _of_fraction(*split, x, setting)
        case Mul(below):
            return _of_product(below, x, setting)
        case Pow(_, exponent) if not isinstance(exponent, Number):
            return exponential_rule, exponential_rule.applied(node) or node
    extremes = (first_largest, first_smallest) if setting.first else (largest, smallest)
    sums = (sum_of_derivatives, mean_of_derivatives, norm_rule, logsumexp_rule, product_of_factors)
    for candidate in (sum_rule, reciprocal_rule, power_rule, *sums, *extremes):
        value = candidate.applied(node)
        if value is not None:
            return candidate, value
    return None


def _by_itself(indices: tuple[Any, ...], x: Entry) -> tuple[Rule, Expr]:
    pairs = [(i, j) for i, j in zip(indices, x.indices, strict=True) if i is not j]
    if any(delta(i, j) is ZERO for i, j in pairs):          # the derivative of one entry by another: no δ₁₂ is shown
        return entry_of_input, ZERO
    return (entry_of_input, mul(*(Delta(i, j) for i, j in pairs))) if pairs else (variable, ONE)


def _of_call(body: Call, x: Entry, setting: Setting) -> tuple[Rule, Expr] | None:
    if body.function == "stop":
        return constant, ZERO
    if body.function in ("max", "min") and len(body.arguments) > 2:
        rest = Call(body.function, body.arguments[1:])
        return definition, Derivative(Call(body.function, (body.arguments[0], rest)), (x,))
    slope = setting.slope(body.function) if len(body.arguments) == 1 else None
    if slope is not None:
        return slope_rule(body.function), mul(slope.at(body.arguments), Derivative(body.arguments[0], (x,)))
    function = setting.functions.get(body.function) or elementary.definition(body.function)
    if function is None:
        return None
    return definition, Derivative(function.at(body.arguments), (x,))


@cache
def slope_rule(name: str) -> Rule:
    """The derivative of a known function as a rule of the chain."""
    known = elementary.elementary().get(name)
    if known is None or not known.partial:
        return Rule(f"slope_of_{name}", f"d({name}(f), x) = d({name}(f), f)*d(f, x)", f"derivative of {name}")
    inner = re.sub(rf"\b{known.parameters[0]}\b(?!\()", "f", known.partial)
    return Rule(f"slope_of_{name}", f"d({name}(f), x) = ({inner})*d(f, x)", f"derivative of {name}")


def _as_fraction(below: tuple[Expr, ...]) -> tuple[Expr, Expr] | None:
    under = [f for f in below if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent is MINUS_ONE]
    if not under:
        return None
    return mul(*(f for f in below if f not in under)), mul(*(f.base for f in under))


def _of_fraction(top: Expr, bottom: Expr, x: Entry, setting: Setting) -> tuple[Rule, Expr]:
    moving = [any(name == x.name or setting.varies(name) for name in names(e)) for e in (top, bottom)]
    if not moving[1]:
        return constant_factor, quotient(Derivative(top, (x,)), bottom)
    if not moving[0]:
        return reciprocal_rule, quotient(mul(MINUS_ONE, top, Derivative(bottom, (x,))), Pow(bottom, TWO))
    return quotient_rule, quotient_rule.stated_for(f=top, g=bottom, x=x)


def _of_product(below: tuple[Expr, ...], x: Entry, setting: Setting) -> tuple[Rule, Expr]:
    still = [f for f in below if not any(name == x.name or setting.varies(name) for name in names(f))]
    moving = [f for f in below if f not in still]
    if still:
        return constant_factor, mul(*still, Derivative(mul(*moving), (x,)))
    if len(moving) == 1:
        return constant_factor, Derivative(moving[0], (x,))
    return product_rule, product_rule.stated_for(f=moving[0], g=mul(*moving[1:]), x=x)


def _written_softmax(e: VectorCall) -> Expr:
    return quotient(Call("exp", (instantiate(e.body, e.at),)), Reduce("sum", e.axis, (Call("exp", (e.body,)),)))


def _defined(e: VectorCall | Reduce, function: Function) -> Expr:
    return function.at(e.arguments, e.axis) if isinstance(e, Reduce) else function.at((e.body,), e.axis, e.at)


def picked(node: Any) -> Any:
    """The raw tree in which every sum over the index of a Kronecker delta is the term that the delta picks."""
    below = rebuilt(node, picked, picked)
    if isinstance(below, Reduce) and below.kind == "sum":
        body = below.arguments[0]
        for f in body.factors if isinstance(body, Mul) else (body,):
            if isinstance(f, Delta):
                for bound, other in ((f.left, f.right), (f.right, f.left)):
                    if bound is Bound(0) and isinstance(other, (Letter, Literal)) and (isinstance(other, Literal) or other.axis is below.axis):
                        rest = body.factors if isinstance(body, Mul) else ()
                        return instantiate(mul(*(g for g in rest if g is not f)), other)
    return below


def decided(node: Any, pair: Delta, equal: bool) -> Any:
    """The raw tree where the two indices of the delta are equal (one letter replaced by the other), or different (the delta is 0)."""
    if not equal:
        return cleaned(replaced(node, lambda n: ZERO if isinstance(n, Delta) and {n.left, n.right} == {pair.left, pair.right} else None))
    same = renamed(node, {pair.left: pair.right}) if isinstance(pair.left, Letter) else node
    return _squared(cleaned(replaced(same, lambda n: ONE if isinstance(n, Delta) and n.left is n.right else None)))


def _squared(node: Any) -> Any:
    """The tree with f^2 for the product of f with itself."""
    below = rebuilt(node, _squared, _squared)
    if isinstance(below, Mul):
        first = next((n for n, (a, b) in enumerate(pairwise(below.factors)) if a is b and not isinstance(a, (Number, Pow))), None)
        if first is not None:
            return mul(*below.factors[:first], Pow(below.factors[first], TWO), *below.factors[first + 2 :])
    return below


# ---------------------------------------------------------------- tidying what every reader would


def cleaned(node: Any) -> Any:
    """The tree without terms 0 and factors 1."""
    return _cleaned_once(rebuilt(node, cleaned, cleaned))


def _cleaned_once(node: Any) -> Any:
    match node:
        case Add(below):
            return add(*(t for t in below if t is not ZERO))
        case Mul(below) if ZERO in below:
            return ZERO
        case Mul(below):
            return mul(*(f for f in below if f is not ONE))
        case Pow(base, Add(below)) if all(isinstance(t, Number) for t in below):
            return _cleaned_once(Pow(base, Number(sum((t.value for t in below if isinstance(t, Number)), Fraction(0)))))
        case Pow(base, exponent) if exponent is ONE:
            return base
        case Reduce("sum" | "mean", _, (body,)) if body is ZERO:
            return ZERO
        case Cases(branches, otherwise) if all(v is otherwise for v, _ in branches):
            return otherwise
    return node


