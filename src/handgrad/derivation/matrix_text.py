"""The display text of a matrix form, such as `(S - Y)^T X`.

Products stand side by side, `^T` transposes, `.*`, `./` and `.^` are elementwise, `[Z > 0]` is 1 where the condition holds and else 0,
`1` beside `^T` or a matrix is the vector of ones, `I` the identity, `diag` makes a matrix of a vector,
`diagonal` takes the vector out of a matrix.
Scalars stand in front, in the notation of the model.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from handgrad.axes import Model
from handgrad.expr import MINUS_ONE, ONE, ZERO, Add, And, Call, Cases, Compare, Entry, Expr, Mul, Node, Not, Number, Or, Pow, Size, negative
from handgrad.notation import write
from handgrad.records import dataclass
from handgrad.trees import replaced, subtrees

SUM, PRODUCT, ATOM = range(3)


def display_text(tree: Expr, model: Model, tensors: frozenset[str]) -> str:
    """The text of a display tree; `tensors` are the names of its vectors and matrices."""
    return Writer(model, tensors).text(tree)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes display trees over a model."""

    model: Model
    tensors: frozenset[str]

    def text(self, e: Any) -> str:
        """The text of a formula or condition."""
        match e:
            case Add(below):
                first, *others = (self.text(t) for t in below)
                return first + "".join(f" - {t[1:]}" if t.startswith("-") else f" + {t}" for t in others)
            case Mul():
                return self._product(e)
            case Pow() if _is_under(e):
                return self._product(e)
            case Pow(base, exponent):
                return f"{self._within(base)}{'^' if self._is_scalar(e) else '.^'}{self._within(exponent)}"
            case Call():
                return self._call(e)
            case Cases(((value, condition),), otherwise) if value is ONE and otherwise is ZERO:
                return f"[{self.text(condition)}]"
            case Cases(branches, otherwise):
                return "".join(f"{self._within(value, SUM)} if {self.text(condition)} else " for value, condition in branches) + self._within(otherwise, SUM)
            case Compare(operator, left, right):
                return f"{self.text(left)} {operator} {self.text(right)}"
            case And(below) | Or(below):
                return (" and " if isinstance(e, And) else " or ").join(f"({self.text(c)})" if isinstance(c, (And, Or)) else self.text(c) for c in below)
            case Not(inner):
                return f"not ({self.text(inner)})"
            case Entry(name, ()):
                return name
            case _:
                return write(replaced(e, self._size), self.model)

    def _size(self, n: Node) -> Entry | None:
        """Sizes by the names that the model gives them."""
        return Entry(self.model.extents[n.axis].size, ()) if isinstance(n, Size) and n.axis in self.model.extents else None

    def _call(self, e: Call) -> str:
        match e.function, e.arguments:
            case "transpose", (inner,):
                return f"{self._within(inner)}^T"
            case "hadamard", below:
                above, under = _fraction(below)
                top = " .* ".join(map(self._within, above)) or "1"
                return top + "".join(f" ./ {self._within(f)}" for f in under)
            case "pi", ():
                return "pi"
            case name, below:
                return f"{name}({', '.join(map(self.text, below))})"

    def _product(self, e: Expr) -> str:
        """Scalars as a fraction in front, then the matrices."""
        below = e.factors if isinstance(e, Mul) else (e,)
        above, under = _fraction(tuple(f for f in below if self._is_scalar(f)))
        matrices = [f for f in below if not self._is_scalar(f)]
        sign = ""
        if above and isinstance(above[0], Number) and above[0].value < 0:
            sign, above = "-", ((Number(-above[0].value),) if above[0] is not MINUS_ONE else ()) + above[1:]
        front = " ".join(map(self._within, above))
        if under:
            bottom = " ".join(map(self._within, under))
            front = f"{front or '1'}/{bottom if len(under) == 1 else f'({bottom})'}"
        if len(matrices) == 1:
            upper, lower = _fraction((matrices[0],))
            if not upper:
                return f"{sign}{front or '1'} ./ {self._within(lower[0])}"
            if not front:
                return sign + self._within(matrices[0], PRODUCT)
        return sign + " ".join([*([front] if front else []), *map(self._within, matrices)])

    def _within(self, e: Any, least: int = ATOM) -> str:
        shown = self.text(e)
        return f"({shown})" if self._level(e) < least else shown

    def _level(self, e: Any) -> int:
        match e:
            case Number(value):
                return ATOM if value >= 0 else SUM
            case Call("hadamard", _) | Mul():
                return PRODUCT
            case Pow() if _is_under(e):
                return PRODUCT
            case Cases(((value, _),), otherwise) if value is ONE and otherwise is ZERO:
                return ATOM
            case Add() | Cases():
                return SUM
            case _:
                return ATOM

    def _is_scalar(self, e: Node) -> bool:
        return not any(isinstance(n, Entry) and not n.indices and n.name in self.tensors for n in subtrees(e))


def _is_under(e: Expr) -> TypeGuard[Pow]:
    """Whether the factor stands below the line of a fraction."""
    return isinstance(e, Pow) and isinstance(e.exponent, Number) and e.exponent.value < 0


def _fraction(factors: tuple[Expr, ...]) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """What stands above and below the line of a fraction."""
    under = tuple(f.base if f.exponent is MINUS_ONE else Pow(f.base, negative(f.exponent)) for f in factors if _is_under(f))
    return tuple(f for f in factors if not _is_under(f)), under
