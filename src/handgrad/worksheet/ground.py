"""Formulas at given sizes: sums written out term by term, deltas and index conditions decided, every index a number."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from handgrad.axes import Function
from handgrad.errors import LimitError, ModelError
from handgrad.expr import (
    ONE,
    TWO,
    ZERO,
    Abstract,
    Add,
    And,
    Axis,
    Call,
    Cases,
    Compare,
    Delta,
    Derivative,
    Entry,
    Expr,
    IndexCompare,
    Literal,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Size,
    VectorCall,
    add,
    affine,
    mul,
    number,
    rebuilt,
)
from handgrad.records import dataclass
from handgrad.trees import instantiate

MOST_TERMS = 5000
TESTS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Writes a formula out at the sizes of the axes; `label` is the position that a gathered index stands for."""

    sizes: Mapping[Axis, int]
    functions: Mapping[str, Function]
    label: Callable[[Expr], int]
    keeps: bool = False                 # whether derivatives that are not carried out stay

    def keeping(self, e: Any) -> Any:
        """The formula written out for print, with its derivatives as they stand."""
        return replace(self, keeps=True)(e)

    def __call__(self, e: Any) -> Any:
        """The formula without sums over an axis, its indices numbers; conditions on values stay."""
        match e:
            case Entry(name, indices):
                return Entry(name, tuple(Literal(self.position(i)) for i in indices))
            case Size(axis):
                return number(self.size(axis))
            case Delta(left, right):
                return ONE if self.position(left) == self.position(right) else ZERO
            case Pow(base, Number(exponent)) if exponent.denominator == 1 and isinstance(base, Size):
                return Number(Fraction(self.size(base.axis)) ** int(exponent))
            case Add(terms):
                found = [self(t) for t in terms]
                return add(*(t for t, written in zip(found, terms, strict=True) if t is not ZERO or written is ZERO))
            case Mul(factors):
                return _product([self(f) for f in factors], factors)
            case Reduce():
                return self._reduced(e)
            case VectorCall():
                return self._vector(e)
            case Cases(branches, otherwise):
                return self._cases(branches, otherwise)
            case Derivative(body, by) if self.keeps:
                return Derivative(self(body), tuple(self(entry) for entry in by))
            case Abstract() | Derivative():
                word = "an abstract function" if isinstance(e, Abstract) else "a derivative that is not carried out"
                raise ModelError(f"{word} has no number", remedy="write its formula; `handgrad derive` gives that of a derivative")
            case _:
                return rebuilt(e, self, self)

    def size(self, axis: Axis) -> int:
        """How long the axis is."""
        if axis not in self.sizes:
            raise ModelError(f"nothing says how long axis {axis.slot} of {axis.tensor} is")
        return self.sizes[axis]

    def position(self, index: Any) -> int:
        """The number of an index."""
        if isinstance(index, Expr) and not isinstance(index, Size):
            return self.label(self(index))
        if isinstance(index, Shift):
            return index.constant + sum(factor * self.position(atom) for factor, atom in index.terms)
        if isinstance(index, Size):
            return self.size(index.axis)
        known = affine(index)
        assert known is not None and not known[0], "an index that has no number"
        return known[1]

    def _reduced(self, e: Reduce) -> Expr:
        kind, axis, arguments = e.kind, e.axis, e.arguments
        if kind in self.functions:
            return self(self.functions[kind].at(arguments, axis))  # type: ignore[no-any-return]
        n = self.size(axis)
        if n > MOST_TERMS:
            raise LimitError(f"a sum of {n} terms is not worked by hand")
        terms = [self(instantiate(arguments[0], Literal(i))) for i in range(1, n + 1)]
        match kind:
            case "sum":
                return _sum(terms)
            case "mean":
                return mul(number(1) / number(n), _sum(terms)) if n > 1 else terms[0]
            case "prod":
                return _product(terms, ())
            case "max" | "min":
                return Call(kind, tuple(terms)) if n > 1 else terms[0]
            case "norm":
                return Call("sqrt", (_sum([Pow(t, TWO) for t in terms]),))
            case "logsumexp":
                return Call("log", (_sum([Call("exp", (t,)) for t in terms]),))
        raise ModelError(f"{kind} is no reduction that has a number here")

    def _vector(self, e: VectorCall) -> Expr:
        at = Literal(self.position(e.at))
        own = self(instantiate(e.body, at))
        if e.kind == "softmax":
            return Call("exp", (own,)) / self(Reduce("sum", e.axis, (Call("exp", (e.body,)),)))  # type: ignore[no-any-return]
        if e.kind == "log_softmax":
            return own - self(Reduce("logsumexp", e.axis, (e.body,)))  # type: ignore[no-any-return]
        return self(self.functions[e.kind].at((e.body,), e.axis, at))  # type: ignore[no-any-return]

    def _cases(self, branches: tuple[tuple[Expr, Any], ...], otherwise: Expr) -> Expr:
        kept: list[tuple[Expr, Any]] = []
        for value, condition in branches:
            decided = self.condition(condition)
            if decided is True:
                otherwise = value
                break
            if decided is not False:
                kept.append((self(value), decided))
        last = self(otherwise)
        return Cases(tuple(kept), last) if kept else last

    def condition(self, condition: Any) -> Any:
        """The condition written out; True or False where indices decide it."""
        match condition:
            case IndexCompare(sign, left, right):
                return TESTS[sign](self.position(left), self.position(right))
            case Compare(sign, left, right):
                return Compare(sign, self(left), self(right))
            case Not(inner):
                found = self.condition(inner)
                return not found if isinstance(found, bool) else Not(found)
            case And(inner) | Or(inner):
                stops = isinstance(condition, Or)
                found = [self.condition(c) for c in inner]
                if stops in found:
                    return stops
                rest = tuple(dict.fromkeys(c for c in found if not isinstance(c, bool)))
                return (rest[0] if len(rest) == 1 else type(condition)(rest)) if rest else not stops
        raise ModelError("a condition that has no truth here")


def _sum(terms: list[Expr]) -> Expr:
    return add(*(t for t in terms if t is not ZERO)) if any(t is not ZERO for t in terms) else ZERO


def _product(factors: list[Expr], written: tuple[Expr, ...]) -> Expr:
    """The product; a factor that sizes or indices made a number joins the others, and 0 ends it."""
    flat = mul(*factors)
    opened = flat.factors if isinstance(flat, Mul) else (flat,)
    found = [f for f in opened if isinstance(f, Number)]
    if found == [f for f in written if isinstance(f, Number)]:
        return flat
    value = prod(f.value for f in found)
    rest = [f for f in opened if not isinstance(f, Number)]
    if not value or not rest:
        return Number(Fraction(value))
    return mul(*([] if value == 1 else [Number(Fraction(value))]), *rest)
