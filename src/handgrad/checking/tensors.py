"""The value of a formula of matrices and vectors, entry by entry: products, sums, transposes, functions of each entry, softmax, norms.

A vector is a column. Where shapes do not fit, a row and a column are taken for each other if only that fits; anything else has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import ZERO, Scalar, Unclear, Unreal, divided, power
from handgrad.checking.evaluation import Lookup, Unknown, called, function_of, of_function, value
from handgrad.checking.quantities import TRANSPOSED
from handgrad.errors import HandgradError
from handgrad.reading.surface import (
    Applied,
    Array,
    Bars,
    Braced,
    Fraction,
    Group,
    Product,
    Scripted,
    Sum,
    Surface,
    Symbol,
)

Rows = tuple[tuple[Scalar, ...], ...]
Tensor = Union[Rows, Scalar]
Matrices = Callable[[Surface], Rows | None]


def tensor(tree: Surface, lookup: Lookup, matrices: Matrices) -> Rows | None:
    """The entries of a formula; None where it has no value or is a number."""
    try:
        found = _Evaluating(lookup, matrices)(tree)
    except (Unknown, Unreal, Unclear, HandgradError, RecursionError):
        return None
    return found if isinstance(found, tuple) else None


def scalar(tree: Surface, lookup: Lookup, matrices: Matrices) -> Scalar | None:
    """The number that a formula of matrices comes to: a dot product, a norm, a matrix of one entry."""
    try:
        found = _Evaluating(lookup, matrices)(tree)
    except (Unknown, Unreal, Unclear, HandgradError, RecursionError):
        return None
    if isinstance(found, tuple):
        return found[0][0] if len(found) == len(found[0]) == 1 else None
    return found


class _Evaluating:
    def __init__(self, lookup: Lookup, matrices: Matrices) -> None:
        self.lookup, self.matrices = lookup, matrices

    def __call__(self, node: Surface) -> Tensor:
        found = value(node, self.lookup)
        if found is not None:
            return found
        known = self.matrices(node)
        if known is not None:
            return known
        match node:
            case Array(_, rows):
                return self.cells(rows)
            case Group(_, _, (item,)) | Braced(_, item, _):
                return self(item)
            case Group(_, _, items):
                nested = tuple(i.items for i in items if isinstance(i, Group))
                return self.cells(nested if len(nested) == len(items) else (items,))
            case Scripted(_, base, (), Symbol(_, name), 0) if name in TRANSPOSED:
                return transposed(self(base))
            case Scripted(_, base, (), sup, 0) if sup is not None and not isinstance(base, Symbol):
                return self.raised(base, sup)
            case Sum():
                return self.total(node)
            case Product():
                return self.product(node)
            case Fraction(_, above, below):
                under = self(below)
                if isinstance(under, tuple):
                    raise Unknown
                return each(self(above), lambda x: divided(x, under))
            case Applied(_, function, arguments) if len(arguments) == 1:
                return self.called(function, arguments)
            case Bars(_, _, body):
                return norm(self(body))
        raise Unknown

    def cells(self, rows: tuple[tuple[Surface, ...], ...]) -> Rows:
        found = tuple(tuple(value(cell, self.lookup) for cell in row) for row in rows)
        if any(x is None for row in found for x in row) or len({len(row) for row in found}) != 1:
            raise Unknown
        return found

    def raised(self, base: Surface, sup: Surface) -> Tensor:
        inside, exponent = self(base), value(sup, self.lookup)
        if exponent is None:
            raise Unknown
        return each(inside, lambda x: power(x, exponent))

    def total(self, node: Sum) -> Tensor:
        found: Tensor = ZERO
        for n, term in enumerate(node.terms):
            here = self(term.node) if term.sign > 0 else each(self(term.node), lambda x: -x)
            found = here if n == 0 else together(found, here, lambda a, b: a + b)
        return found

    def product(self, node: Product) -> Tensor:
        found: Tensor | None = None
        at = 0
        while at < len(node.factors):
            operator, factor = node.factors[at].operator, node.factors[at].node
            call = called(node.factors, at, self.lookup)
            here = self.called(*call) if call is not None else self(factor)
            found = here if found is None else multiplied(found, here, operator)
            at += 2 if call is not None else 1
        if found is None:
            raise Unknown
        return found

    def called(self, function: Surface, arguments: tuple[Surface, ...]) -> Tensor:
        if len(arguments) != 1:
            raise Unknown
        inside = self(arguments[0])
        base = function.base if isinstance(function, Scripted) else function
        if isinstance(base, Symbol) and base.name in ("softmax", "Softmax") and isinstance(inside, tuple):
            raised = each(inside, lambda x: balls.value("exp", x))
            total = sum((x for row in raised for x in row), ZERO)
            return each(raised, lambda x: x / total)
        if function_of(base) is None:
            raise Unknown
        return each(inside, lambda x: of_function(function, x))


# ---------------------------------------------------------------- entry by entry


def each(x: Tensor, change: Callable[[Scalar], Scalar]) -> Tensor:
    """The change made of every entry."""
    return tuple(tuple(change(v) for v in row) for row in x) if isinstance(x, tuple) else change(x)


def transposed(x: Tensor) -> Tensor:
    """Rows for columns."""
    return tuple(zip(*x, strict=True)) if isinstance(x, tuple) else x


def shape(x: Rows) -> tuple[int, int]:
    """How many rows and columns."""
    return len(x), len(x[0])


def together(a: Tensor, b: Tensor, join: Callable[[Scalar, Scalar], Scalar]) -> Tensor:
    """Two of one shape joined entry by entry; a number goes with every entry, a row with a column of its length."""
    if not isinstance(a, tuple):
        return each(b, lambda y: join(a, y)) if isinstance(b, tuple) else join(a, b)
    if not isinstance(b, tuple):
        return each(a, lambda x: join(x, b))
    if shape(a) != shape(b):
        if shape(a) != shape(b)[::-1] or 1 not in shape(a):
            raise Unknown
        b = tuple(zip(*b, strict=True))
    return tuple(tuple(join(x, y) for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))


def multiplied(a: Tensor, b: Tensor, operator: str) -> Tensor:
    """The product of two: of matrices the matrix product, of two vectors of one shape their dot product, or as the operator says."""
    if operator == "/":
        if isinstance(b, tuple):
            raise Unknown
        return each(a, lambda x: divided(x, b))
    if not isinstance(a, tuple) or not isinstance(b, tuple) or operator == "hadamard":
        return together(a, b, lambda x, y: x * y)
    if operator == "outer":
        return tuple(tuple(x * y for row in b for y in row) for p in a for x in p)
    if len(a[0]) == len(b):
        return tuple(tuple(dot(row, column) for column in zip(*b, strict=True)) for row in a)
    if shape(a) == shape(b) and 1 in shape(a):
        return dot([x for row in a for x in row], [y for row in b for y in row])
    if len(a[0]) == 1 and len(a) == len(b):             # a column that stands for a row
        return multiplied(tuple(zip(*a, strict=True)), b, operator)
    if len(a[0]) == len(b[0]) and len(b) == 1:          # a row that stands for a column
        return tuple((dot(row, b[0]),) for row in a)
    raise Unknown


def dot(a: Sequence[Scalar], b: Sequence[Scalar]) -> Scalar:
    """The sum of the products."""
    found = ZERO
    for x, y in zip(a, b, strict=True):
        found = found + x * y
    return found


def norm(x: Tensor) -> Scalar:
    """The Euclidean length."""
    if not isinstance(x, tuple):
        return abs(x)
    return balls.value("sqrt", sum((v * v for row in x for v in row), ZERO))

