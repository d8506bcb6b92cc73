"""Vectors and matrices: formulas without indices as formulas of their entries.

Every formula has a shape, rows and columns, each `one` or `many`: numbers, columns, rows and matrices. A product sums where columns meet rows,
a transpose swaps, a derivative by a matrix has the shape of the matrix. What rank a name has is found from all formulas of a part together:
the assignment in which the shapes of all of them fit, nearest to what is usual (capitals are matrices, what is transposed has entries).

    Shaped(interpreter, {"W": 2, "x": 1}).entry(formula("W x"), "r", "c")       # 'sum[q0](W[r,q0]*x[q0])'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import NamedTuple

from handgrad.checking.indexed import Opaque, safe
from handgrad.checking.interpretation import Interpreter, gradient_of, hessian_of
from handgrad.checking.naming import Name, name_of
from handgrad.checking.vocabulary import Vocabulary, known_function
from handgrad.reading.surface import (
    Applied,
    Array,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Factor,
    Fraction,
    Group,
    Nabla,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    spelled,
)
from handgrad.records import dataclass


class Shape(NamedTuple):
    """Whether there are many rows, and many columns."""

    rows: bool
    columns: bool


SCALAR, COLUMN, ROW, MATRIX = Shape(False, False), Shape(True, False), Shape(False, True), Shape(True, True)


class Unfit(Opaque):
    """Shapes that do not go together."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """Writes entries of formulas with vectors and matrices; `upright` says that vectors are columns."""

    plain: Interpreter
    ranks: Mapping[str, int]
    upright: bool = True

    # ------------------------------------------------------------ shapes

    def shape(self, node: Surface) -> Shape:
        """The shape of a formula; `Unfit` where shapes do not go together."""
        match node:
            case Symbol() | Scripted():
                return self._name_shape(node)
            case Sum(_, terms):
                return self._joined([self.shape(t.node) for t in terms], node)
            case Product() if hessian_of(node) is not None:
                return MATRIX
            case Product():
                return self._folded(node)[0]
            case Fraction(_, top, bottom):
                return self._joined([self.shape(top), self.shape(bottom)], node) if self.shape(bottom) != SCALAR else self.shape(top)
            case Compared(_, _, left, right):
                return self._joined([self.shape(left), self.shape(right)], node)
            case Group(_, _, (item,)) | Braced(_, item, _):
                return self.shape(item)
            case Applied(_, Symbol(_, "diag"), (body,)):
                return COLUMN if self.shape(body) == MATRIX else MATRIX
            case Applied(_, _, arguments):
                items = arguments[0].items if len(arguments) == 1 and isinstance(arguments[0], Group) else arguments
                return self._joined([self.shape(a) for a in items], node)
            case Derivative(_, body, by):
                return self._derived(body, by)
            case Nabla(_, body, by):
                entries = gradient_of(body, by, self.plain.words)
                if entries is None:
                    raise Opaque("a gradient that does not say by what", node.span)
                return self._derived(body, entries)
            case Big(_, _, _, _, _, _, body):
                return self.shape(body)
            case Piecewise(_, rows):
                return self._joined([self.shape(part) for value, condition in rows for part in (value, condition) if part is not None], node)
            case Root(_, body, _):
                return self.shape(body)
            case Array(_, rows) if rows:
                return Shape(len(rows) > 1, len(rows[0]) > 1)
            case Bars(_, "abs", body) if self.shape(body) != SCALAR:
                return SCALAR
        return SCALAR

    def _name_shape(self, node: Surface) -> Shape:
        name = name_of(node)
        if name is None:
            assert isinstance(node, Scripted)
            inner = self.shape(node.base)
            if _is_transposed(node) and _is_ones(node.base):
                return ROW
            return Shape(inner.columns, inner.rows) if _is_transposed(node) else inner
        if name.power is not None and self.plain.is_exponential(name):
            return self.shape(name.power)
        shape = self._plain_shape(name)
        return Shape(shape.columns, shape.rows) if name.transposed else shape

    def _plain_shape(self, name: Name) -> Shape:
        found = self.plain.words.resolved(name)
        left = self.ranks.get(found.own, 0) - len(found.indices)
        if left == 1:
            return COLUMN if self.upright else ROW
        return MATRIX if left == 2 else SCALAR

    def _joined(self, shapes: Sequence[Shape], node: Surface) -> Shape:
        """The shape of things taken entry by entry; a number, and a vector beside a matrix, are spread."""
        found = Shape(any(s.rows for s in shapes), any(s.columns for s in shapes))
        if found == MATRIX and MATRIX not in shapes:
            raise Unfit("a row and a column do not add", node.span)
        return found

    def _derived(self, body: Surface, by: tuple[Surface, ...]) -> Shape:
        if len(by) == 1 and self.shape(body) == SCALAR:
            return self.shape(by[0])
        shapes = [self.shape(b) for b in by]
        if len(by) == 1 and self.shape(body) != SCALAR and shapes[0] == SCALAR:
            return self.shape(body)
        if self.shape(body) == SCALAR and all(s == SCALAR for s in shapes):
            return SCALAR
        raise Opaque("a derivative of a vector by a vector is not read here", body.span)

    def _folded(self, node: Product) -> tuple[Shape, list[tuple[str, Surface, Surface | None, Shape]]]:
        """The shape of a product and its factors from left to right: operator, factor, arguments where it is called, shape."""
        items: list[tuple[str, Surface, Surface | None, Shape]] = []
        shape: Shape | None = None
        joined = False
        factors = node.factors
        n = 0
        while n < len(factors):
            factor = factors[n]
            arguments = self._arguments(factor.node, factors[n + 1] if n + 1 < len(factors) else None)
            own = self._called_shape(factor.node, arguments) if arguments is not None else self.shape(factor.node)
            if shape is not None and shape.columns and factor.operator in ("", "*") and _is_ones(factor.node):
                own = COLUMN                                # `G 1`, the sums of the rows
            operator = "hadamard" if factor.operator == "*" and shape == own != SCALAR and joined else factor.operator
            joined = joined or operator == "" and shape is not None and SCALAR not in (shape, own)      # such a writer has another sign for these
            items.append((operator, factor.node, arguments, own))
            shape = own if shape is None else self._times(operator, shape, own, node)
            n += 2 if arguments is not None else 1
        assert shape is not None
        return shape, items

    def _arguments(self, node: Surface, following: Factor | None) -> Group | None:
        name = name_of(node)
        if name is None or following is None or following.operator or not isinstance(following.node, Group):
            return None
        return following.node if self.plain.words.is_call(name, following.node) else None

    def _called_shape(self, node: Surface, arguments: Group | Surface) -> Shape:
        name = name_of(node)
        if name is not None and name.own in self.plain.words.quantities | self.plain.words.assigned:
            return self._plain_shape(name)
        defined = self.plain.words.functions.get(name.own) if name is not None else None
        if defined is not None and isinstance(arguments, Group) and list(map(spelled, arguments.items)) == list(map(spelled, defined.parameters)):
            return self.shape(defined.body)
        if name is not None and (known_function(name.own) or defined is not None or name.own in self.plain.words.primed) and isinstance(arguments, Group):
            return self._joined([self.shape(a) for a in arguments.items], node)
        return self._plain_shape(name) if name is not None else SCALAR

    @staticmethod
    def _times(operator: str, left: Shape, right: Shape, node: Surface) -> Shape:
        if left == SCALAR or right == SCALAR:
            return right if left == SCALAR else left
        if operator == "hadamard":
            if left != right:
                raise Unfit("an entry by entry product of different shapes", node.span)
            return left
        if operator == "outer":
            return MATRIX
        if left.columns != right.rows:
            raise Unfit("the shapes in a product do not go together", node.span)
        return Shape(left.rows, right.columns)

    # ------------------------------------------------------------ entries

    def entry(self, node: Surface, row: str, column: str) -> str:
        """The entry of a formula at a row and a column, in the notation."""
        match node:
            case Symbol() | Scripted():
                return self._name_entry(node, row, column)
            case Sum(_, terms):
                return "(" + "".join((" - " if t.sign < 0 else " + " if n else "") + _safe(self.entry(t.node, row, column))
                                     for n, t in enumerate(terms)).strip() + ")"
            case Product() if (found := hessian_of(node)) is not None:
                by = found[1]
                return f"d({self.entry(found[0], '', '')}, {self.entry(by, row, row)}, {self.entry(by, column, column)})"
            case Product():
                return self._product_entry(node, row, column)
            case Fraction(_, top, bottom):
                return f"({self.entry(top, row, column)})/({self.entry(bottom, row, column)})"
            case Group(_, _, (Compared(_, operator, left, right),)):
                return f"(1 if {self.entry(left, row, column)} {operator} {self.entry(right, row, column)} else 0)"
            case Group(_, _, (item,)) | Braced(_, item, _):
                return f"({self.entry(item, row, column)})"
            case Applied(_, function, arguments):
                name = name_of(function)
                items = arguments[0].items if len(arguments) == 1 and isinstance(arguments[0], Group) else arguments
                if name is None or name.power is not None:
                    return self.plain.text(node)
                return self._call_entry(function, name, items, row, column)
            case Derivative(_, body, by):
                return f"d({self.entry(body, row, column)}, {', '.join(self.entry(b, row, column) for b in by)})"
            case Nabla(_, body, by) if (entries := gradient_of(body, by, self.plain.words)) is not None:
                return f"d({self.entry(body, row, column)}, {', '.join(self.entry(b, row, column) for b in entries)})"
            case Big(_, _, letters):
                inner = replace(self, plain=self.plain.within(*(x.name for x in letters)))
                return self.plain.gathered(node, inner.entry(node.body, row, column))
            case Root(_, body, None):
                return f"sqrt({self.entry(body, row, column)})"
            case Piecewise(_, rows):
                return self._cases_entry(rows, row, column, node)
            case Bars(_, _, body):
                return self._length(body)
            case Decimal(_, text):
                return text
        return self.plain.text(node)

    def _cases_entry(self, rows: tuple[tuple[Surface, Surface | None], ...], row: str, column: str, node: Surface) -> str:
        """Cases whose conditions are about entries too: `1 if z > 0 else 0` for a vector z."""
        text = ""
        for value, condition in rows:
            own = f"({self.entry(value, row, column)})"
            if condition is None:
                return f"({text}{own})"
            if not isinstance(condition, Compared) or condition.operator in ("and", "or", "in"):
                break
            text += f"{own} if {self.entry(condition.left, row, column)} {condition.operator} {self.entry(condition.right, row, column)} else "
        return self.plain.text(node)

    def _name_entry(self, node: Surface, row: str, column: str) -> str:
        name = name_of(node)
        if name is None:
            return self._compound_entry(node, row, column)
        if name.transposed:
            return self._at(replace(name, transposed=False), column, row, node)
        if name.power is not None:
            squared = self.plain.words.squared(name)
            if squared is not None:
                return self._at(squared, row, column, node)
            if self.plain.is_exponential(name):
                return f"exp({self.entry(name.power, row, column)})"
            if self._plain_shape(name) == MATRIX and not (isinstance(name.power, Decimal) and name.power.text == "2"):
                raise Opaque("a power of a matrix is not read here", node.span)         # a square is taken entry by entry
            if self._plain_shape(name) == SCALAR:
                return self.plain.text(node)
            assert isinstance(node, Scripted)
            base = Scripted(node.span, node.base, node.sub, None, node.primes) if node.sub or node.primes else node.base
            return f"{self._name_entry(base, row, column)}^({self.plain.text(name.power)})"
        return self._at(name, row, column, node)

    def _compound_entry(self, node: Surface, row: str, column: str) -> str:
        assert isinstance(node, Scripted)
        if _is_transposed(node):
            return self.entry(node.base, column, row)
        base = node.base
        if isinstance(base, Bars) and node.sup is not None:
            return f"({self._length(base.body)})^({self.plain.text(node.sup)})"
        square = isinstance(node.sup, Decimal) and node.sup.text == "2"              # is taken entry by entry, as that of a name
        if node.sup is None or self.shape(base) == MATRIX and not square:
            raise Opaque("scripts on a matrix that are not read here", node.span)
        return f"({self.entry(base, row, column)})^({self.plain.text(node.sup)})"

    def _at(self, name: Name, row: str, column: str, node: Surface) -> str:
        found = self.plain.words.resolved(name)
        shape = self._plain_shape(name)
        if shape == SCALAR and (found.indices or not self.ranks.get(found.own)):
            return self.plain.text(node) if not name.power else self.plain._entry(name, node)
        own = safe(found.own)
        if own == "I" and shape == MATRIX and own not in self.plain.words.assigned:
            return f"delta[{row},{column}]"
        above = [self.plain._index(i) for i in found.above]
        if not above and found.own in self.plain.words.sampled and self.plain.words.sample in self.plain.scope:
            above = [self.plain.words.sample]
        below = [self.plain._index(i) for i in found.indices]
        places = [*above, *below, *([row] if shape.rows else []), *([column] if shape.columns else [])]
        return f"{own}[{','.join(places)}]" if places else own

    def _product_entry(self, node: Product, row: str, column: str) -> str:
        _, items = self._folded(node)
        return self._chain(items, row, column)

    def _chain(self, items: list[tuple[str, Surface, Surface | None, Shape]], row: str, column: str) -> str:
        """The entry of a product: the last factor split off, the sum where columns meet rows."""
        operator, node, arguments, own = items[-1]
        if len(items) == 1:
            return _safe(self._factor_entry(node, arguments, row, column))
        before = items[:-1]
        shape = before[0][3]
        for item in before[1:]:
            shape = self._times(item[0], shape, item[3], node)
        if operator == "/":
            return f"{self._chain(before, row, column)}/{_safe(self._factor_entry(node, arguments, row, column))}"
        if SCALAR in (shape, own) or operator == "hadamard" or not shape.columns:
            return f"{self._chain(before, row, column)}*{_safe(self._factor_entry(node, arguments, row, column))}"
        inner = next(_fresh(self.plain.words, row, column))
        return f"sum[{inner}]({self._chain(before, row, inner)}*{_safe(self._factor_entry(node, arguments, inner, column))})"

    def _factor_entry(self, node: Surface, arguments: Surface | None, row: str, column: str) -> str:
        name = name_of(node)
        if arguments is not None and name is not None and isinstance(arguments, Group):
            return self._call_entry(node, name, arguments.items, row, column)
        return self.entry(node, row, column)

    def _call_entry(self, node: Surface, name: Name, items: tuple[Surface, ...], row: str, column: str) -> str:
        standard = known_function(name.own)
        if name.own == "diag" and len(items) == 1 and not name.indices and "diag" not in self.plain.words.assigned:
            inside = self.entry(items[0], row, row)
            return inside if self.shape(items[0]) == MATRIX else f"({inside})*delta[{row},{column}]"
        if standard in ("softmax", "log_softmax") and len(items) == 1 and not name.indices:
            inner = next(_fresh(self.plain.words, row, column))
            along = (row, inner) if self.shape(items[0]).columns else (inner, column)
            at = column if self.shape(items[0]).columns else row
            return f"{standard}[{inner}]({self.entry(items[0], *along)})[{at}]"
        if name.primes == 1 and len(items) == 1 and name_of(items[0]) is not None:
            at = self.entry(items[0], row, column)
            return f"d({self._call_entry(node, replace(name, primes=0), items, row, column)}, {at})"
        if standard is not None and name.own not in self.plain.words.assigned and not name.primes and not name.indices:
            return f"{standard}({', '.join(self.entry(i, row, column) for i in items)})"
        if name.own in self.plain.words.primed and len(items) == 1 and name.own not in self.plain.words.functions and not name.indices and not name.primes:
            return f"{safe(name.own)}({self.entry(items[0], row, column)})"
        if name.own == "size" or all(self.shape(i) == SCALAR for i in items) or name.own in self.plain.words.functions:
            return self.plain._call(node, name, items)
        raise Opaque("a function of a vector that is not read here", node.span)

    def _length(self, body: Surface) -> str:
        shape = self.shape(body)
        if shape == SCALAR:
            return f"abs({self.entry(body, '', '')})"
        row, column = islice(_fresh(self.plain.words, "", ""), 2)
        letters = [*([row] if shape.rows else []), *([column] if shape.columns else [])]
        return f"sqrt(sum[{','.join(letters)}](({self.entry(body, row, column)})^2))"


def _is_ones(node: Surface) -> bool:
    """Whether a number in a product stands for a vector of ones: nobody multiplies by 1."""
    return isinstance(node, Decimal) and node.text == "1"


def _safe(text: str) -> str:
    return f"({text})" if text.startswith("-") or " if " in text else text


def _fresh(words: Vocabulary, row: str, column: str) -> Iterator[str]:
    return (f"q{n}" for n in count() if f"q{n}" not in (row, column))


def _is_transposed(node: Scripted) -> bool:
    return isinstance(node.sup, Symbol) and node.sup.name in ("T", "top", "intercal") and not node.sub
