"""Products of whole tensors: forms with their axes, and the graph in which sums over letters become matrix products.

Letters are the points of the graph, a factor with two letters is an edge, a factor with one letter a weight of a point. Edges between
the same points are multiplied elementwise; a summed letter with one edge is a matrix times a vector, with two edges a product of
matrices, `M diag(v) N` where it has a weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial, reduce
from typing import Union

from handgrad.expr import Call, Entry, Expr, Letter, Mul, Node, mul, parts
from handgrad.records import dataclass

ONES, IDENTITY = Entry("1", ()), Entry("I", ())


@dataclass(frozen=True, slots=True)
class Form:
    """Scalars times a product of matrices, with the letters that count rows and columns; None stands for a single row or column."""

    scalars: tuple[Expr, ...]
    chain: tuple[Expr, ...]
    row: Letter | None
    column: Letter | None

    @property
    def tree(self) -> Expr:
        """The display tree."""
        return mul(*self.scalars, *self.chain)

    @property
    def transposed(self) -> Form:
        """The transpose, written with as few signs of transposition as possible."""
        turned = tuple(f for e in reversed(self.chain) for f in _turned(e))
        whole: tuple[Expr, ...] = (Call("transpose", (mul(*self.chain),)),)
        return Form(self.scalars, turned if _turns(turned) <= _turns(whole) else whole, self.column, self.row)

    @property
    def cost(self) -> int:
        """How many tensors and transpositions are written."""
        return _turns(self.chain) + sum(isinstance(n, Entry) for e in self.chain for n in _all(e))

    def laid(self, row: Letter | None, column: Letter | None) -> Form:
        """The form or its transpose, whichever has these rows and columns."""
        if (self.row, self.column) == (row, column):
            return self
        assert (self.column, self.row) == (row, column), "a form is asked for with axes that it does not have"
        return self.transposed


def _turned(e: Expr) -> tuple[Expr, ...]:
    match e:
        case Call("transpose", (Mul(below),)):
            return below
        case Call("transpose", (inner,)):
            return (inner,)
        case Call("diag", _):
            return (e,)
        case _ if e is IDENTITY:
            return (e,)
        case _:
            return (Call("transpose", (e,)),)


def _turns(chain: Iterable[Expr]) -> int:
    """How many transpositions are written."""
    return sum(isinstance(n, Call) and n.function == "transpose" for e in chain for n in _all(e))


def _all(e: Node) -> Iterator[Node]:
    """Every node of the tree as often as it is written."""
    yield e
    for child, _ in parts(e):
        yield from _all(child)


def product(left: Form, right: Form) -> Form:
    """The matrix product of two forms; the columns of the left one are the rows of the right one."""
    assert left.column is right.row, "a matrix product over two axes"
    return Form(left.scalars + right.scalars, left.chain + right.chain, left.row, right.column)


def ones(letter: Letter) -> Form:
    """The vector of ones over a letter."""
    return Form((), (ONES,), letter, None)


def diagonal(vector: Form) -> Form:
    """The square matrix with a vector on its diagonal."""
    return Form(vector.scalars, (Call("diag", (mul(*vector.chain),)),), vector.row, vector.row)


Lay = Callable[[Letter, Union[Letter, None]], Form]        # gives a matrix with these rows and columns, or a vector


def hadamard(below: Sequence[Lay], row: Letter, column: Letter | None) -> Form:
    """The elementwise product, laid so that few transpositions are written."""
    direct = elementwise([lay(row, column) for lay in below])
    if column is None:
        return direct
    turned = elementwise([lay(column, row) for lay in below]).transposed
    return turned if turned.cost < direct.cost else direct


def elementwise(forms: Sequence[Form]) -> Form:
    """The elementwise product of forms with the same rows and columns."""
    if len(forms) == 1:
        return forms[0]
    assert len({(form.row, form.column) for form in forms}) == 1, "an elementwise product over different axes"
    arguments: list[Expr] = []
    for form in forms:
        only = mul(*form.chain)
        arguments += only.arguments if isinstance(only, Call) and only.function == "hadamard" else (only,)
    return Form(tuple(s for form in forms for s in form.scalars), (Call("hadamard", tuple(arguments)),), forms[0].row, forms[0].column)


Placed = tuple[int, Lay]        # with the place of the factor in the formula, by which elementwise products are ordered


class Graph:
    """The factors of a product, each with its letters, one letter after the other summed away."""

    def __init__(self, factors: Iterable[tuple[frozenset[Letter], Lay]]) -> None:
        self.parts: dict[frozenset[Letter], list[Placed]] = {}
        for place, (letters, lay) in enumerate(factors):
            self._join(letters, (place, lay))

    def _join(self, letters: frozenset[Letter], placed: Placed) -> None:
        self.parts.setdefault(letters, []).append(placed)

    def _taken(self, *letters: Letter) -> Placed | None:
        """What stands at a letter, or between two, taken out of the graph."""
        found = sorted(self.parts.pop(frozenset(letters), []), key=lambda placed: placed[0])
        return (found[0][0], partial(hadamard, [lay for _, lay in found])) if found else None

    def _neighbours(self, letter: Letter) -> list[Letter]:
        return [other for letters in self.parts if letter in letters for other in letters - {letter}]

    def degree(self, letter: Letter) -> int:
        """How many letters the letter is joined to."""
        return len(self._neighbours(letter))

    def eliminate(self, letter: Letter) -> None:
        """Sums over a letter with one or two neighbours."""
        ends = self._neighbours(letter)
        weight = self._taken(letter)
        sides = [(side[0], side[1], end) for end in ends if (side := self._taken(end, letter))]
        place = min([side[0] for side in sides] + ([weight[0]] if weight else []))
        vector = weight[1](letter, None) if weight else None
        if len(sides) == 1:
            found = product(sides[0][1](ends[0], letter), vector or ones(letter))
        else:
            middle = [diagonal(vector)] if vector else []
            both = [reduce(product, (a(end, letter), *middle, b(letter, other))) for (_, a, end), (_, b, other) in (sides, sides[::-1])]
            found = min(both, key=lambda form: form.cost)
        self._join(frozenset(ends), (place, found.laid))

    def result(self, row: Letter, column: Letter | None) -> Form:
        """The form that is left when all summed letters are gone."""
        left = self._taken(row)
        if column is None:
            assert left is not None, "the letter of a vector stands in no factor"
            return left[1](row, None)
        matrix, right = self._taken(row, column), self._taken(column)
        if matrix is None:
            assert left is not None and right is not None, "a letter of a matrix stands in no factor"
            return product(left[1](row, None), right[1](column, None).transposed)
        before, after = ([diagonal(lay(letter, None))] if lay else [] for lay, letter in ((left and left[1], row), (right and right[1], column)))
        return reduce(product, (*before, matrix[1](row, column), *after))
