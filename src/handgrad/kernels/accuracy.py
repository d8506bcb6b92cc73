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
    Call,
    Expr,
    Mul,
    Number,
    Reduce,
    VectorCall,
    mul,
    rebuilt,
)
from handgrad.kernels.accurate_forms import COMPLEMENT, REWRITES, Rewrite, Setting
from handgrad.trees import bind, opened

PRIMITIVES: Mapping[str, str] = {
    "exp": "e^x", "expm1": "e^x - 1", "log": "log x", "log1p": "log(1 + x)", "sqrt": "the square root", "abs": "|x|", "sign": "-1, 0 or 1",
    "sin": "the sine", "cos": "the cosine", "tan": "the tangent", "sinh": "hyperbolic sine", "cosh": "hyperbolic cosine", "tanh": "hyperbolic tangent",
    "sech": "1/cosh x", "erf": "the error function", "max": "the larger", "min": "the smaller", "clip": "x within two bounds",
    "sigmoid": "1/(1 + e^-x)", "softplus": "log(1 + e^x)", "pi": "pi", "stop": "x",
    "erfc": "1 - erf x", "normal_cdf": "(1 + erf(x/sqrt(2)))/2", "bell": "e^(-x^2/2)", "exp_difference": "e^(x - y), the difference in two words",
    "power_of_two": "the power of two at or below |x|; 1 for 0, inf and nan",
}
VECTORS = ("softmax", "log_softmax", COMPLEMENT)
REDUCTIONS = ("sum", "mean", "prod", "max", "min", "norm", "logsumexp")


def accurate(definitions: Mapping[str, Definition], functions: Mapping[str, Function], model: Model) -> dict[str, Definition]:
    """The definitions over the primitives, in their accurate forms."""
    return rewritten(definitions, functions, model)[0]


def rewritten(
    definitions: Mapping[str, Definition], functions: Mapping[str, Function], model: Model,
) -> tuple[dict[str, Definition], dict[Rewrite, str]]:
    """The definitions in their accurate forms, and which rewrites were used, each with the name in whose definition it was used first."""
    setting = Setting({}, functions, model)
    first: dict[Rewrite, str] = {}
    for name, definition in definitions.items():
        setting.definitions[name] = replace(definition, body=_walked(definition.body, setting))
        for rewrite in setting.used.values():
            first.setdefault(rewrite, name)
    return setting.definitions, first


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
    """The product with its numbers as one, in front."""
    product = mul(*factors)
    if not isinstance(product, Mul):
        return product
    number = Number(prod((f.value for f in product.factors if isinstance(f, Number)), start=Fraction(1)))
    rest = [f for f in product.factors if not isinstance(f, Number)]
    return mul(*rest) if rest and number is ONE else mul(number, *rest)


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
    for rewrite in REWRITES:
        found = rewrite.found(node, setting)
        if found is not None:
            setting.used[rewrite.name] = rewrite
            return _walked(found, setting) if found is not node else node
    return node
