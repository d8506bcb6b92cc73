"""The value of a tree at a point, by mpmath and nothing else of this package than the trees themselves.

Derivatives are central differences in many digits, so no rule of differentiation is used. An abstract function is a smooth function
of its own that its name chooses.
"""

from __future__ import annotations

import itertools
import operator
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from mpmath import mp, mpf

from handgrad.axes import Function, Model
from handgrad.expr import (
    Abstract,
    Add,
    And,
    Axis,
    Bound,
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
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
)
from handgrad.records import dataclass

DIGITS = 120                    # of the arithmetic
LARGEST = 2**22                 # |log2| of the largest value that is worked out
FAR = mpf(2) ** 1024            # how far from 0 a function is asked for whose value stays small
STEP = "1e-25"                  # of a difference: 50 digits for a first derivative, 45 still for a third
Place = tuple[str, tuple[int, ...]]


class Undefined(ArithmeticError):
    """The formula has no real value at the point."""


@dataclass(slots=True)
class Point:
    """Sizes of the axes and values of the inputs; `set` holds entries that are varied on their own."""

    model: Model
    functions: Mapping[str, Function]
    sizes: Mapping[Axis, int]
    inputs: dict[Place, Any]
    set: dict[Place, Any] = field(default_factory=dict)
    memo: dict[Place, Any] = field(default_factory=dict)
    base: Point | None = None          # what `stop` sees: the point before anything was varied

    def varied(self, place: Place, value: Any) -> Point:
        """The point with one entry, of an input or of a defined name, given another value."""
        return Point(self.model, self.functions, self.sizes, self.inputs, {**self.set, place: value}, {}, self.base or self)

    def entry(self, place: Place) -> Any:
        """The value of an entry."""
        if place in self.set:
            return self.set[place]
        name, indices = place
        if name not in self.model.definitions:
            if place not in self.inputs:
                raise Undefined(f"{name}{list(indices)} lies outside its axis")
            return self.inputs[place]
        if place not in self.memo:
            definition = self.model.definitions[name]
            letters = dict(zip(definition.letters, indices, strict=True))
            self.memo[place] = value(definition.body, self, letters)
        return self.memo[place]


Letters = Mapping[Letter, int]
Stack = tuple[int, ...]


def value(node: Any, point: Point, letters: Letters, stack: Stack = ()) -> Any:
    """The value of an expression, with numbers for its free letters and for the indices bound around it."""
    def v(child: Any) -> Any:
        return value(child, point, letters, stack)

    match node:
        case Number(exact):
            return mpf(exact.numerator) / exact.denominator
        case Size(axis):
            return mpf(point.sizes[axis])
        case Entry(name, indices):
            return point.entry((name, tuple(index(i, point, letters, stack) for i in indices)))
        case Delta(left, right):
            return mpf(index(left, point, letters, stack) == index(right, point, letters, stack))
        case Add(terms):
            return mp.fsum(map(v, terms))
        case Mul(factors):
            return mp.fprod(map(v, factors))
        case Pow(base, exponent):
            return power(v(base), v(exponent))
        case Cases(branches, otherwise):
            return v(next((body for body, condition in branches if holds(condition, point, letters, stack)), otherwise))
        case Call() | Reduce() | VectorCall() if (name := node.function if isinstance(node, Call) else node.kind) in point.functions:
            return _called(node, point.functions[name], point, letters, stack)
        case Call("stop", (held,)):
            return value(held, point.base or point, letters, stack)
        case Call(name, arguments):
            return elementary(name, [v(a) for a in arguments])
        case Reduce(kind, axis, (body,)):
            return reduced(kind, [value(body, point, letters, (p, *stack)) for p in range(1, point.sizes[axis] + 1)])
        case Abstract(name, arguments):
            return abstract(name, [x for a in arguments for x in _whole(a, point, letters, stack)])
        case Derivative(body, by):
            return difference(body, by, point, letters, stack)
        case _:
            raise Undefined(f"{type(node).__name__} has no value")


def index(node: Any, point: Point, letters: Letters, stack: Stack) -> int:
    """The value of an index."""
    match node:
        case Literal(number):
            return number
        case Letter():
            return letters[node]
        case Bound(depth):
            return stack[depth]
        case Shift(terms, constant):
            return constant + sum(factor * index(atom, point, letters, stack) for factor, atom in terms)
        case Size(axis):
            return point.sizes[axis]
        case _:
            return int(value(node, point, letters, stack))


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}
NEAR = mpf(10) ** -60        # values that a computation should have made equal


def holds(node: Any, point: Point, letters: Letters, stack: Stack = ()) -> bool:
    """Whether the condition holds at the point."""
    match node:
        case Compare(relation, left, right):
            a, b = value(left, point, letters, stack), value(right, point, letters, stack)
            return COMPARISONS[relation](*((0, 0) if abs(a - b) < NEAR * (1 + abs(a)) else (a, b)))
        case IndexCompare(relation, left, right):
            return COMPARISONS[relation](index(left, point, letters, stack), index(right, point, letters, stack))
        case And(below):
            return all(holds(b, point, letters, stack) for b in below)
        case Or(below):
            return any(holds(b, point, letters, stack) for b in below)
        case Not(below):
            return not holds(below, point, letters, stack)
        case Member(entry, values):
            return any(abs(value(entry, point, letters, stack) - mpf(c.numerator) / c.denominator) < NEAR for c in values)
        case Label(entry, axis):
            return value(entry, point, letters, stack) in range(1, point.sizes[axis] + 1)
        case _:
            raise Undefined(f"{type(node).__name__} is no condition")


def _called(node: Any, function: Function, point: Point, letters: Letters, stack: Stack) -> Any:
    """A function of the catalogue, through its definition with the arguments as entries of its parameters."""
    inputs: dict[Place, Any] = {}
    arguments = node.arguments if isinstance(node, Call | Reduce) else (node.body,)
    missing = len(function.parameters) - len(arguments)
    arguments += function.defaults[len(function.defaults) - missing:] if missing > 0 else ()
    size = 1 if isinstance(node, Call) else point.sizes[node.axis]
    for name, argument in zip(function.parameters, arguments, strict=True):
        for position in range(1, size + 1):
            inside = stack if isinstance(node, Call) else (position, *stack)
            inputs[name, () if isinstance(node, Call) else (position,)] = value(argument, point, letters, inside)
        inputs.setdefault((name, ()), inputs.get((name, (1,))))
    sizes = {function.letter.axis: size} if function.letter else {}
    own = {function.letter: index(node.at, point, letters, stack)} if isinstance(node, VectorCall) and function.letter else {}
    return value(function.body, Point(Model({}), point.functions, sizes, inputs), own)


def _whole(argument: Expr | Slice, point: Point, letters: Letters, stack: Stack) -> Iterator[Any]:
    if not isinstance(argument, Slice):
        yield value(argument, point, letters, stack)
        return
    for position in range(1, point.sizes[argument.axis] + 1):
        yield from _whole(argument.body, point, letters, (position, *stack))


def difference(body: Node, by: Sequence[Entry], point: Point, letters: Letters, stack: Stack) -> Any:
    """The derivative by one entry after the other, as a central difference."""
    if not by:
        return value(body, point, letters, stack)
    place = (by[-1].name, tuple(index(i, point, letters, stack) for i in by[-1].indices))
    step, here = mpf(STEP), point.entry(place)
    up, down = (difference(body, by[:-1], point.varied(place, here + s), letters, stack) for s in (step, -step))
    return (up - down) / (2 * step)


# ---------------------------------------------------------------- functions


def power(base: Any, exponent: Any) -> Any:
    """A real power."""
    if exponent and abs(exponent) * max(abs(mp.mag(base)) if base else 1, 1) > LARGEST:
        raise Undefined("exponent too large to evaluate")
    whole = exponent == int(exponent)
    if (base == 0 and exponent <= 0 and exponent != 0) or (base < 0 and not whole):
        raise Undefined("a power that is not real")
    return base ** (int(exponent) if whole else exponent)


def within(f: Callable[[Any], Any], least: Any, largest: Any) -> Callable[[Any], Any]:
    """The function between two bounds; further out its value has too many digits."""
    def checked(x: Any) -> Any:
        if not least <= x <= largest:
            raise Undefined("exponent too large to evaluate")
        return f(x)

    return checked


def above(f: Callable[[Any], Any], least: int) -> Callable[[Any], Any]:
    """The function where its argument is above `least`; elsewhere it is undefined."""
    def checked(x: Any) -> Any:
        if x <= least:
            raise Undefined("an argument outside the domain")
        return f(x)

    return checked


ELEMENTARY: dict[str, Callable[..., Any]] = {
    **{name: within(getattr(mp, name), -FAR, LARGEST) for name in ("exp", "expm1")},
    **{name: within(getattr(mp, name), -LARGEST, LARGEST) for name in ("sinh", "cosh")},
    **{name: within(getattr(mp, name), -FAR, FAR) for name in ("sin", "cos", "tan", "sech", "tanh", "erf")},
    "log": above(mp.log, 0), "log1p": above(mp.log1p, -1), "sqrt": above(mp.sqrt, 0),
    "abs": abs, "sign": mp.sign, "max": max, "min": min, "clip": lambda x, low, high: min(max(x, low), high), "pi": lambda: +mp.pi,
}


def elementary(name: str, arguments: list[Any]) -> Any:
    """The value of an elementary function."""
    if name not in ELEMENTARY:
        raise Undefined(f"{name} is not known")
    return ELEMENTARY[name](*arguments)


def reduced(kind: str, values: list[Any]) -> Any:
    """The value of a reduction."""
    match kind:
        case "sum":
            return mp.fsum(values)
        case "mean":
            return mp.fsum(values) / len(values)
        case "prod":
            return mp.fprod(values)
        case "max" | "min":
            return max(values) if kind == "max" else min(values)
        case "norm":
            return above(mp.sqrt, 0)(mp.fsum(x * x for x in values))
        case "logsumexp":
            return mp.log(mp.fsum(map(mp.exp, values)))
        case _:
            raise Undefined(f"{kind} is not known")


def abstract(name: str, arguments: list[Any]) -> Any:
    """A smooth function that depends on all of its arguments, and on all pairs of them."""
    seeded = random.Random(zlib.crc32(name.encode()))
    weights = [mpf(seeded.randint(3, 17)) / 11 for _ in arguments]
    line = mp.fsum(w * x for w, x in zip(weights, arguments, strict=True)) + mpf(seeded.randint(2, 9)) / 7
    bends = (mpf(seeded.randint(2, 9)) / 13 * a * b for a, b in itertools.combinations_with_replacement(arguments, 2))
    return mp.sin(line) + mp.exp(line / 5) + mp.fsum(bends)
