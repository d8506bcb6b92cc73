"""Accurate forms: named rewrites of formulas in which digits would cancel, overflow or vanish.

    1 - sigmoid(x) = sigmoid(-x)

loses every digit on its left from x = 16.6 in float32 and 36.8 in float64, and none on its right. Each rewrite has a statement in the notation, which
is certified, and a function that finds its left side in a formula, through the names of the model: with `s = sigmoid(z)` the left side is `1 - s`.
What has no name in the notation has a primitive of the kernels; `PRIMITIVES` says what each computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from handgrad.axes import Definition, Function, Model
from handgrad.expr import (
    ONE,
    Add,
    Call,
    Expr,
    Mul,
    Number,
    Pow,
    Reduce,
    VectorCall,
    add,
    mul,
    rebuilt,
)
from handgrad.kernels.accurate_forms import REWRITES
from handgrad.kernels.accurate_quotients import norm_at_tip
from handgrad.kernels.rewriting import COMPLEMENT, DIRECTION, UNIT, Rewrite, Setting, signed
from handgrad.trees import bind, opened, subtrees

PRIMITIVES: Mapping[str, str] = {
    "exp": "e^x", "expm1": "e^x - 1", "log": "log x", "log1p": "log(1 + x)", "sqrt": "the square root", "abs": "|x|", "sign": "-1, 0 or 1",
    "sin": "the sine", "cos": "the cosine", "tan": "the tangent", "sinh": "hyperbolic sine", "cosh": "hyperbolic cosine", "tanh": "hyperbolic tangent",
    "sech": "1/cosh x", "erf": "the error function", "max": "the larger", "min": "the smaller", "clip": "x within two bounds",
    "sigmoid": "1/(1 + e^-x)", "softplus": "log(1 + e^x)", "pi": "pi", "stop": "x",
    "erfc": "1 - erf x", "normal_cdf": "(1 + erf(x/sqrt(2)))/2", "bell": "e^(-x^2/2)", "exp_difference": "e^(x - y), the difference in two words",
    "silu": "x sigmoid(x)", "silu_slope": "the derivative of silu", "gelu": "x (1 + erf(x/sqrt(2)))/2", "gelu_slope": "the derivative of gelu",
    "power_of_two": "the power of two at or below |x|; 1 for 0, inf and nan",
}
VECTORS = ("softmax", "log_softmax", COMPLEMENT, DIRECTION, UNIT)
BOUNDED = ("sigmoid", "bell", "normal_cdf", "erfc", "sech")       # what may be 0 where another factor is large
REDUCTIONS = ("sum", "mean", "prod", "max", "min", "norm", "logsumexp")


def accurate(
    definitions: Mapping[str, Definition], functions: Mapping[str, Function], model: Model, slopes: Mapping[str, str] = {},
) -> dict[str, Definition]:
    """The definitions over the primitives, in their accurate forms; `slopes` are those that are derivatives, with the names that they are taken by."""
    return rewritten(definitions, functions, model, slopes)[0]


def rewritten(
    definitions: Mapping[str, Definition], functions: Mapping[str, Function], model: Model, slopes: Mapping[str, str] = {},
) -> tuple[dict[str, Definition], dict[Rewrite, str]]:
    """The definitions in their accurate forms, and which rewrites were used, each with the name in whose definition it was used first."""
    setting = Setting({}, functions, model)
    first: dict[Rewrite, str] = {}
    for name, definition in definitions.items():
        body = _walked(definition.body, setting)
        if name in slopes and sum(_divides_by_norm(n, setting) for n in subtrees(body) if isinstance(n, Mul)) == 1:
            setting.tip, setting.memo = slopes[name], {}
            body = _walked(body, setting)
            setting.tip, setting.memo = "", {}
        setting.definitions[name] = replace(definition, body=body)
        for rewrite in setting.used.values():
            first.setdefault(rewrite, name)
    return setting.definitions, first


def _divides_by_norm(product: Mul, setting: Setting) -> bool:
    bases = [f.base for f in product.factors if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0]
    return any(isinstance(b, Reduce) and b.kind == "norm" for b in (base if base.loose else setting.seen(base) for base in bases))


def _walked(node: Any, setting: Setting) -> Any:
    """The tree with every part rewritten, the inner ones first."""
    if node not in setting.memo:
        setting.memo[node] = _settled(_below(_expanded(node, setting), setting), setting)
    return setting.memo[node]


def _below(node: Any, setting: Setting) -> Any:
    """The node with its parts rewritten; under a binder a letter stands for the index, so that names can be looked through."""
    match node:
        case Reduce(kind, axis, _):
            letter, bodies = opened(node)
            return Reduce(kind, axis, tuple(bind(_walked(body, setting), letter) for body in bodies))
        case VectorCall(kind, axis, _, at):
            letter, body = opened(node)
            return VectorCall(kind, axis, bind(_walked(body, setting), letter), _walked(at, setting))
        case Mul(factors):
            return _folded([_walked(f, setting) for f in factors])
        case _:
            return rebuilt(node, lambda n: _walked(n, setting), lambda n: n)


def _folded(factors: list[Any]) -> Expr:
    """The product with its numbers as one, in front; in a sum they cancel where they can."""
    product = mul(*factors)
    if not isinstance(product, Mul):
        return product
    number = Number(prod((f.value for f in product.factors if isinstance(f, Number)), start=Fraction(1)))
    rest = [f for f in product.factors if not isinstance(f, Number)]
    match rest:
        case [Add(terms)] if number is not ONE and all(abs(number.value*signed(t)[0]) == 1 for t in terms):     # 1/2*(2*a + 2*b)
            return add(*(mul(Number(number.value*factor), rest) if number.value*factor != 1 else rest for factor, rest in map(signed, terms)))
    rest = _ordered(rest, number is not ONE)
    return mul(*rest) if rest and number is ONE else mul(number, *rest)


def _ordered(factors: list[Any], numbered: bool) -> list[Any]:
    """The factors; where several stand in front of one that is 0 far out they come behind it, since their product may be too large where the whole is 0."""
    at = next((n for n, f in enumerate(factors) if isinstance(f, Call) and f.function in BOUNDED), 0)
    return [factors[at], *factors[:at], *factors[at + 1:]] if at + numbered > 1 else factors


def _expanded(node: Any, setting: Setting) -> Any:
    """A call of a function of the catalogue that is no primitive, written out."""
    while True:
        match node:
            case Call(name, arguments) if name not in PRIMITIVES:
                node = setting.functions[name].at(arguments)
            case Reduce(kind, axis, arguments) if kind not in REDUCTIONS:
                node = setting.functions[kind].at(arguments, axis)
            case VectorCall(kind, axis, body, at) if kind not in VECTORS:
                node = setting.functions[kind].at((body,), axis, at)
            case _:
                return node


def _settled(node: Any, setting: Setting) -> Any:
    if not isinstance(node, Expr):
        return node
    if setting.tip:
        return norm_at_tip(node, setting) or node
    for rewrite in REWRITES:
        found = rewrite.found(node, setting)
        if found is not None:
            setting.used[rewrite.name] = rewrite
            return _walked(found, setting) if found is not node else node
    return node
