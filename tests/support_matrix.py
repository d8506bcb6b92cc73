"""A small evaluator for matrix forms and for the formulas that they stand for, in exact fractions at random sizes.

Both sides take a function that is not rational as one fixed rational function of its arguments, so that equality stays exact.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

from handgrad.axes import Model
from handgrad.derivation.matrix import MatrixForm
from handgrad.expr import Add, And, Axis, Call, Cases, Compare, Delta, Entry, Expr, Letter, Literal, Mul, Not, Number, Or, Pow, Reduce, Size, VectorCall, parts
from handgrad.trees import opened

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def opaque(name: str, *arguments: Fraction) -> Fraction:
    """A fixed function with this name."""
    if name in ("max", "min", "abs"):
        return Fraction({"max": max, "min": min, "abs": abs}[name](*arguments))
    mark = Fraction(sum(map(ord, name)) % 17 + 1)
    value = mark
    for place, argument in enumerate(arguments, 1):
        value = value * place + argument / (1 + argument * argument)
    return value


def raised(base: Fraction, exponent: Fraction) -> Fraction:
    """The power, where it is rational; else a fixed function of both."""
    return base**exponent.numerator if exponent.denominator == 1 and abs(exponent) < 9 else opaque("power", base, exponent)


def reduced(kind: str, values: list[Fraction]) -> Fraction:
    """The value of a reduction."""
    if kind == "mean":
        return sum(values, Fraction(0)) / len(values)
    if kind == "prod":
        whole = Fraction(1)
        for value in values:
            whole *= value
        return whole
    return sum(values, Fraction(0)) if kind == "sum" else opaque(kind, *values)


@dataclass(frozen=True)
class Point:
    """Sizes of the axes, values of the tensors, and the tensors that a matrix form shows under each name."""

    sizes: Mapping[Axis, int]
    values: Mapping[str, Mapping[tuple[int, ...], Fraction]]
    slots: Mapping[str, tuple[Axis, ...]]
    shown: Mapping[str, str]

    def entry(self, e: Any, place: Mapping[Letter, int]) -> Any:
        """The value of a formula in index notation."""
        match e:
            case Number(value):
                return value
            case Size(axis):
                return Fraction(self.sizes[axis])
            case Entry(name, indices):
                return self.values[name][tuple(i.value if isinstance(i, Literal) else place[i] for i in indices)]
            case Delta(left, right):
                return Fraction(place[left] == place[right])
            case Reduce(kind, axis, _):
                letter, (body,) = opened(e)
                return reduced(kind, [self.entry(body, {**place, letter: n}) for n in range(1, self.sizes[axis] + 1)])
            case VectorCall(kind, axis, _, at):
                letter, body = opened(e)
                values = [self.entry(body, {**place, letter: n}) for n in range(1, self.sizes[axis] + 1)]
                return opaque(kind, values[place[at] - 1], *values)
            case _:
                return combined(e, lambda part: self.entry(part, place))

    def matrix(self, e: Any) -> Matrix:
        """The value of a display tree, each product held to its shapes."""
        match e:
            case Entry("1", ()):
                return Matrix(None, 1, lambda i, j: Fraction(1))
            case Entry("I", ()):
                return Matrix(None, None, lambda i, j: Fraction(i == j))
            case Entry(name, ()) if self.slots[self.shown.get(name, name)]:
                return self._whole(self.shown.get(name, name))
            case Entry() | Number() | Size() | Reduce() | VectorCall():
                value = self.entry(e, {})
                return Matrix(None, None, lambda i, j: value, is_scalar=True)
            case Call("transpose", (a,)):
                inner = self.matrix(a)
                return Matrix(inner.columns, inner.rows, lambda i, j: inner.at(j, i))
            case Call("diag", (a,)):
                inner = self.matrix(a)
                assert inner.columns == 1
                return Matrix(inner.rows, inner.rows, lambda i, j: inner.at(i, 1) if i == j else Fraction(0))
            case Call("diagonal", (a,)):
                inner = self.matrix(a)
                return Matrix(inner.rows, 1, lambda i, j: inner.at(i, i))
            case Call("softmax" | "log_softmax" as kind, (a,)):
                inner = self.matrix(a)
                assert inner.columns == 1 and inner.rows is not None
                return Matrix(inner.rows, 1, lambda i, j: opaque(kind, inner.at(i, 1), *(inner.at(n, 1) for n in range(1, inner.rows + 1))))
            case Mul(below):
                return multiplied([self.matrix(f) for f in below])
            case _:
                return self._elementwise(e)

    def _whole(self, name: str) -> Matrix:
        values, axes = self.values[name], self.slots[name]
        if len(axes) == 1:
            return Matrix(self.sizes[axes[0]], 1, lambda i, j: values[(i,)])
        return Matrix(self.sizes[axes[0]], self.sizes[axes[1]], lambda i, j: values[(i, j)])

    def _elementwise(self, e: Any) -> Matrix:
        inner = {p: self.matrix(p) for p in operands(e)}
        rows = columns = None
        for matrix in inner.values():
            rows, columns = same(rows, matrix.rows), same(columns, matrix.columns)
        return Matrix(rows, columns, lambda i, j: combined(e, lambda p: inner[p].at(i, j)), all(m.is_scalar for m in inner.values()))


@dataclass(frozen=True)
class Matrix:
    """Entries with the numbers of rows and columns; None is any number, as of a vector of ones."""

    rows: int | None
    columns: int | None
    at: Callable[[int, int], Fraction]
    is_scalar: bool = False


def same(a: int | None, b: int | None) -> int | None:
    """The one size that both have."""
    assert a is None or b is None or a == b, f"sizes {a} and {b} meet"
    return b if a is None else a


def multiplied(factors: list[Matrix]) -> Matrix:
    """The product of scalars and matrices."""
    scalar = Fraction(1)
    whole: Matrix | None = None
    for factor in factors:
        if factor.is_scalar:
            scalar *= factor.at(1, 1)
        else:
            whole = factor if whole is None else times(whole, factor)
    found = whole
    if found is None:
        return Matrix(None, None, lambda i, j: scalar, is_scalar=True)
    return Matrix(found.rows, found.columns, lambda i, j: scalar * found.at(i, j))


def times(a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices."""
    inner = same(a.columns, b.rows)
    assert inner is not None, "a product over an axis of unknown size"
    return Matrix(a.rows, b.columns, cache(lambda i, j: sum((a.at(i, n) * b.at(n, j) for n in range(1, inner + 1)), Fraction(0))))


def operands(e: Any) -> list[Any]:
    """The formulas that an elementwise operation takes."""
    return [p for child, _ in parts(e) for p in (operands(child) if isinstance(child, (Compare, And, Or, Not)) else [child])]


def combined(e: Any, value: Callable[[Any], Fraction]) -> Any:
    """An elementwise operation on the values of its operands."""
    match e:
        case Add(below):
            return sum(map(value, below), Fraction(0))
        case Mul(below) | Call("hadamard", below):
            whole = Fraction(1)
            for f in below:
                whole *= value(f)
            return whole
        case Pow(base, exponent):
            return raised(value(base), value(exponent))
        case Call(name, below):
            return opaque(name, *map(value, below))
        case Cases(branches, otherwise):
            return value(next((v for v, condition in branches if combined(condition, value)), otherwise))
        case Compare(operator, left, right):
            return OPERATORS[operator](value(left), value(right))
        case And(below):
            return all(combined(c, value) for c in below)
        case Or(below):
            return any(combined(c, value) for c in below)
        case Not(inner):
            return not combined(inner, value)
        case _:
            raise AssertionError(f"{e!r} is no elementwise operation")


def point(model: Model, seed: int) -> Point:
    """Random sizes, different ones for different axes as far as there are few, and random values of all tensors."""
    chance = random.Random(seed)
    axes = list(dict.fromkeys(axis for slots in model.tensors.values() for axis in slots))
    drawn = chance.sample(range(1, len(axes) + 2), len(axes)) if len(axes) < 4 else chance.choices((1, 2, 3) if len(axes) < 6 else (1, 2), k=len(axes))
    sizes = {axis: max(n, model.least.get(axis, 1)) for axis, n in zip(axes, drawn, strict=True)}
    values = {
        name: {place: Fraction(chance.randint(-9, 9) or 1, chance.randint(1, 5)) for place in places(sizes[axis] for axis in slots)}
        for name, slots in model.tensors.items()
    }
    capitals = {name[0].upper() + name[1:]: name for name, slots in model.tensors.items() if len(slots) == 2}
    return Point(sizes, values, model.tensors, {shown: name for shown, name in capitals.items() if shown not in model.tensors})


def places(sizes: Iterable[int]) -> Iterable[tuple[int, ...]]:
    """All places of a tensor of these sizes."""
    return product(*(range(1, size + 1) for size in sizes))


def checked(form: MatrixForm, result: Expr, wrt: Entry, model: Model, seed: int) -> None:
    """Asserts that every entry of the form is the result at this entry, and that the form has the shape of `wrt`."""
    where = point(model, seed)
    matrix = where.matrix(form.right)
    letters = [letter for letter in wrt.indices if isinstance(letter, Letter)]
    sizes = [where.sizes[letter.axis] for letter in letters]
    assert matrix.rows in (None, sizes[0])
    assert matrix.columns in (None, sizes[1] if len(sizes) == 2 else 1)
    for at in places(sizes):
        try:
            expected = where.entry(result, dict(zip(letters, at, strict=True)))
        except ZeroDivisionError:
            continue
        assert matrix.at(*at, *(1,) * (2 - len(at))) == expected, (form.text, at)
