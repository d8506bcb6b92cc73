"""Approximate values of formulas, good enough for a drawing and for nothing else."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from handgrad.axes import Function, Model
from handgrad.expr import (
    Add,
    And,
    Axis,
    Bound,
    Call,
    Cases,
    Compare,
    Delta,
    Entry,
    IndexCompare,
    Letter,
    Literal,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Size,
    VectorCall,
)
from handgrad.records import dataclass

FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "log1p": math.log1p, "expm1": math.expm1, "sqrt": math.sqrt, "abs": abs, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "erf": math.erf, "sech": lambda x: 1 / math.cosh(x), "max": max, "min": min,
    "sign": lambda x: float((x > 0) - (x < 0)), "clip": lambda x, low, high: min(max(x, low), high), "pi": lambda: math.pi, "stop": lambda x: x,
}
REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum, "mean": lambda xs: math.fsum(xs) / len(xs), "prod": math.prod, "max": max, "min": min, "norm": lambda xs: math.hypot(*xs),
    "logsumexp": lambda xs: math.log(math.fsum(map(math.exp, xs))),
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}
Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a formula is looked at: the model, the functions it calls, sizes, inputs, and 1 for every free letter."""

    model: Model
    functions: Mapping[str, Function]
    sizes: Mapping[Axis, int]
    inputs: Mapping[Place, float]

    def at(self, node: Any, stack: tuple[int, ...] = ()) -> float:
        """The value of a formula; raises ArithmeticError or ValueError where it has none."""
        match node:
            case Number(exact):
                return float(exact)
            case Size(axis):
                return float(self.sizes[axis])
            case Entry(name, indices):
                return self._entry(name, tuple(self._index(i, stack) for i in indices))
            case Delta(left, right):
                return float(self._index(left, stack) == self._index(right, stack))
            case Add(terms):
                return math.fsum(self.at(t, stack) for t in terms)
            case Mul(factors):
                return math.prod(self.at(f, stack) for f in factors)
            case Pow(base, exponent):
                return math.pow(self.at(base, stack), self.at(exponent, stack))
            case Cases(branches, otherwise):
                return self.at(next((value for value, condition in branches if self._holds(condition, stack)), otherwise), stack)
            case Call(name, arguments) if name not in self.functions:
                return FUNCTIONS[name](*(self.at(a, stack) for a in arguments))
            case Call(name, arguments):
                return self.at(self.functions[name].at(arguments), stack)
            case VectorCall(kind, axis, body, index):
                return self.at(self.functions[kind].at((body,), axis, Literal(self._index(index, stack))), stack)
            case Reduce(kind, axis, arguments) if kind in self.functions:
                return self.at(self.functions[kind].at(arguments, axis), stack)
            case Reduce(kind, axis, (body,)):
                return REDUCTIONS[kind]([self.at(body, (p, *stack)) for p in range(1, self.sizes[axis] + 1)])
            case _:
                raise ValueError(f"{type(node).__name__} cannot be drawn")

    def _entry(self, name: str, indices: tuple[int, ...]) -> float:
        if name not in self.model.definitions:
            return self.inputs[name, indices]
        return self.at(self.model.definitions[name].at(tuple(Literal(i) for i in indices)))

    def _index(self, node: Any, stack: tuple[int, ...]) -> int:
        match node:
            case Literal(number):
                return number
            case Letter():
                return 1
            case Bound(depth):
                return stack[depth]
            case _:
                return int(self.at(node, stack))

    def _holds(self, node: Any, stack: tuple[int, ...]) -> bool:
        match node:
            case Compare(relation, left, right):
                return COMPARISONS[relation](self.at(left, stack), self.at(right, stack))
            case IndexCompare(relation, left, right):
                return COMPARISONS[relation](self._index(left, stack), self._index(right, stack))
            case And(below):
                return all(self._holds(b, stack) for b in below)
            case Or(below):
                return any(self._holds(b, stack) for b in below)
            case Not(below):
                return not self._holds(below, stack)
            case _:
                raise ValueError(f"{type(node).__name__} cannot be drawn")
