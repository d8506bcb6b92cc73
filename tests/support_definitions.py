"""The definition of an entry of the catalogue, carried out as it is written, in any arithmetic.

    carried_out(entry, {"scores": x, "targets": t}, arithmetic)

Arguments along the axis of the entry are lists, one value for each class. An arithmetic says what numbers, sums and functions are: `Textbook` those of
numpy, which is how one writes a loss by hand; the one with balls stands in `support_truth`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any, Protocol

import numpy as np

from handgrad.catalogue import CatalogueEntry, entry
from handgrad.expr import Add, Bound, Call, Cases, Compare, Entry, Letter, Mul, Number, Pow, Reduce, VectorCall


class Arithmetic(Protocol):
    """What the nodes of a definition are made of."""

    def number(self, value: Fraction) -> Any: ...
    def add(self, terms: Iterable[Any]) -> Any: ...
    def total(self, terms: Iterable[Any]) -> Any: ...           # along the axis
    def mul(self, factors: Iterable[Any]) -> Any: ...
    def over(self, a: Any, b: Any) -> Any: ...
    def power(self, base: Any, exponent: Any) -> Any: ...
    def call(self, name: str, arguments: Sequence[Any]) -> Any: ...
    def has(self, name: str) -> bool: ...
    def cases(self, branches: Sequence[tuple[Callable[[], Any], str, Any, Any]], otherwise: Callable[[], Any]) -> Any: ...
    def picked(self, values: Sequence[Any], label: Any) -> Any: ...
    def whole(self, value: Any) -> Any: ...         # the value of a function, as one number


@dataclass
class Frame:
    """A function that is being carried out: its arguments by position on the axis, how long that is, and the position of its value."""

    arguments: Mapping[str, Callable[[Any], Any]]
    length: int
    own: Any = None
    memo: dict[Any, Any] = field(default_factory=dict)


def carried_out(of: CatalogueEntry, arguments: Mapping[str, Any], arithmetic: Arithmetic, formula: Any = None) -> Any:
    """The value, of a function with an index the list of its values; of another formula over the same arguments, that."""
    function = of.function
    given = dict(zip(function.parameters[len(function.parameters) - len(function.defaults):], function.defaults, strict=True))
    values = {name: arguments[name] if name in arguments else walked(given[name], Frame({}, 0), (), arithmetic) for name in function.parameters}
    length = next((len(v) for v in values.values() if isinstance(v, list)), 0)
    frame = Frame({name: (lambda at, v=v: v[at] if isinstance(v, list) else v) for name, v in values.items()}, length)
    body = function.body if formula is None else formula
    if function.letter is None or function.letter not in body.letters:
        return walked(body, frame, (), arithmetic)
    return [walked(body, Frame(frame.arguments, length, at, frame.memo), (), arithmetic) for at in range(length)]


def walked(node: Any, frame: Frame, stack: tuple[Any, ...], a: Arithmetic) -> Any:
    """The value of a node under the positions of its binders."""
    again = isinstance(node, Reduce | Call) and not node.loose and not node.letters
    if again and node in frame.memo:
        return frame.memo[node]
    found = _walked(node, frame, stack, a)
    if again:
        frame.memo[node] = found
    return found


def _walked(node: Any, frame: Frame, stack: tuple[Any, ...], a: Arithmetic) -> Any:
    match node:
        case Number(value):
            return a.number(value)
        case Entry(name, indices):
            return frame.arguments[name](_position(indices[0], frame, stack, a) if indices else None)
        case Add(terms):
            return a.add(walked(t, frame, stack, a) for t in terms)
        case Mul(factors):
            return _product(factors, frame, stack, a)
        case Pow(_, Number(value)) if value < 0:
            return _product((node,), frame, stack, a)
        case Pow(base, Number(value)):
            return a.power(walked(base, frame, stack, a), value)
        case Pow(base, exponent):
            return a.power(walked(base, frame, stack, a), walked(exponent, frame, stack, a))
        case Call(name, arguments):
            return _called(name, [walked(x, frame, stack, a) for x in arguments], a)
        case Reduce("sum" | "norm" as kind, _, (body,)):
            terms = [walked(body, frame, (*stack, at), a) for at in range(frame.length)]
            return a.total(terms) if kind == "sum" else a.call("sqrt", [a.add(a.power(t, Fraction(2)) for t in terms)])
        case VectorCall(name, _, body, at):
            return _picked(name, body, at, frame, stack, a)
        case Cases(branches, otherwise):
            each = [_branch(value, condition, frame, stack, a) for value, condition in branches]
            return a.cases(each, lambda: walked(otherwise, frame, stack, a))
        case _:
            raise NotImplementedError(f"{type(node).__name__} stands in no definition so far")


def _position(index: Any, frame: Frame, stack: tuple[Any, ...], a: Arithmetic) -> Any:
    match index:
        case Bound(depth):
            return stack[-1 - depth]
        case Letter():
            return frame.own
        case _:
            return walked(index, frame, stack, a)


def _product(factors: Sequence[Any], frame: Frame, stack: tuple[Any, ...], a: Arithmetic) -> Any:
    """The factors with positive exponents, over the others."""
    below = [f for f in factors if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0]
    above = [f for f in factors if f not in below]
    product = a.mul(walked(f, frame, stack, a) for f in above) if above else a.number(Fraction(1))
    for f in below:
        product = a.over(product, a.power(walked(f.base, frame, stack, a), -f.exponent.value))
    return product


def _called(name: str, values: Sequence[Any], a: Arithmetic) -> Any:
    declared = entry(name)
    if declared is None or a.has(name):
        return a.call(name, values)
    return a.whole(carried_out(declared, dict(zip(declared.function.parameters, values, strict=False)), a))


def _picked(name: str, body: Any, at: Any, frame: Frame, stack: tuple[Any, ...], a: Arithmetic) -> Any:
    """One of the values of a function along the axis."""
    if (name, body, stack) not in frame.memo:
        declared = entry(name)
        assert declared is not None, name
        along = [walked(body, frame, (*stack, p), a) for p in range(frame.length)]
        frame.memo[name, body, stack] = [a.whole(v) for v in carried_out(declared, {declared.function.parameters[0]: along}, a)]
    values = frame.memo[name, body, stack]
    position = _position(at, frame, stack, a)
    return values[position] if isinstance(position, int) else a.picked(values, position)


def _branch(value: Any, condition: Any, frame: Frame, stack: tuple[Any, ...], a: Arithmetic) -> tuple[Callable[[], Any], str, Any, Any]:
    assert isinstance(condition, Compare), "only comparisons stand in definitions so far"
    left, right = walked(condition.left, frame, stack, a), walked(condition.right, frame, stack, a)
    return (lambda: walked(value, frame, stack, a)), condition.operator, left, right


@dataclass(frozen=True)
class Textbook:
    """Arrays of numpy of one type: functions that numpy has, and of all others the definitions as they stand."""

    dtype: Any

    def number(self, value: Fraction) -> Any:
        return self.dtype(float(value))

    def add(self, terms: Iterable[Any]) -> Any:
        return reduce(np.add, terms)

    total = add

    def mul(self, factors: Iterable[Any]) -> Any:
        return reduce(np.multiply, factors)

    def over(self, a: Any, b: Any) -> Any:
        return a/b

    def power(self, base: Any, exponent: Any) -> Any:
        return base**int(exponent) if isinstance(exponent, Fraction) and exponent.denominator == 1 else base**self.dtype(exponent)

    def has(self, name: str) -> bool:
        return hasattr(np, name)

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        if name == "pi":
            return self.dtype(math.pi)
        if name == "erf":       # numpy has none; the standard library has
            return np.vectorize(math.erf, otypes=[self.dtype])(arguments[0])
        return getattr(np, {"max": "maximum", "min": "minimum"}.get(name, name))(*arguments)

    def cases(self, branches: Sequence[tuple[Callable[[], Any], str, Any, Any]], otherwise: Callable[[], Any]) -> Any:
        found = otherwise()
        for value, operator, left, right in reversed(branches):
            found = np.where(COMPARED[operator](left, right), value(), found)
        return found

    def picked(self, values: Sequence[Any], label: Any) -> Any:
        return np.choose(label, values)

    def whole(self, value: Any) -> Any:
        return value


COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}
