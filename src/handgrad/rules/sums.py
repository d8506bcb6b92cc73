"""Sums over an index, taken as far as they go: constants leave, Kronecker deltas pick a term, known sums are used.

A sum is opened only where that helps: of a product, the factor that holds a delta of the index is distributed and no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any

from handgrad.expr import (
    ONE,
    ZERO,
    Add,
    And,
    Cases,
    Condition,
    Delta,
    Expr,
    Index,
    IndexCompare,
    Letter,
    Literal,
    Node,
    Number,
    Pow,
    Reduce,
    Size,
    Slice,
    VectorCall,
    affine,
    shift,
)
from handgrad.records import dataclass
from handgrad.rules.algebra import negated, power, product, product_of, remade, total, total_of
from handgrad.rules.canonical import canonical, closed, reduced
from handgrad.rules.matching import match
from handgrad.rules.shapes import factors, indicator, is_indicator, terms
from handgrad.trees import fresh, instantiate, opened, renamed, subtrees


@dataclass(frozen=True, slots=True)
class KnownSum:
    """A sum that is known: of a fact, or found from a definition. The letters of `variables` stand for any index."""

    reduction: Reduce
    value: Expr
    variables: frozenset[Letter]
    source: str


@dataclass(slots=True)
class Collapse:
    """Collapses the sums of a tree from the leaves up, using the known ones; `used` collects the sources of those that helped."""

    known: list[KnownSum] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    memo: dict[Node, Any] = field(default_factory=dict)

    def __call__(self, node: Any) -> Any:
        """The canonical tree with every sum taken as far as it goes."""
        if node not in self.memo:
            self.memo[node] = self._below(node)
        return self.memo[node]

    def _below(self, node: Any) -> Any:
        match node:
            case Reduce(kind, _, _):
                letter, bodies = opened(node)
                below = tuple(self(b) for b in bodies)
                return self.sum(letter, below[0]) if kind == "sum" else reduced(kind, letter, below)
            case VectorCall(kind, axis, _, at):
                letter, body = opened(node)
                return VectorCall(kind, axis, closed(self(body), letter), self(at))
            case Slice():
                return node
            case _:
                return remade(node, self)

    def sum(self, letter: Letter, body: Expr) -> Expr:
        """The sum of a collapsed body over the letter."""
        if letter not in body.letters:
            return product(Size(letter.axis), body)
        if isinstance(body, Add):
            return self._of_terms(letter, body.terms)
        outside = [f for f in factors(body) if letter not in f.letters]
        inside = [f for f in factors(body) if letter in f.letters]
        return product(*outside, self._of_factors(letter, inside))

    def _of_terms(self, letter: Letter, parts: tuple[Expr, ...]) -> Expr:
        kept: list[tuple[Expr, Expr]] = []
        done: list[tuple[Expr, Expr]] = []
        for t in parts:
            value = self.sum(letter, t)
            (kept if self._stays(letter, t, value) else done).append((t, value))
        if len(kept) == 1:
            return total(*(value for _, value in (*done, *kept)))
        if not done:
            return self._closed(letter, total_of(t for t, _ in kept))
        return total(*(value for _, value in done), *([self._closed(letter, total_of(t for t, _ in kept))] if kept else []))

    def _stays(self, letter: Letter, t: Expr, value: Expr) -> bool:
        """Whether the sum of the term is no simpler than the term under a sum."""
        inside = product_of(f for f in factors(t) if letter in f.letters)
        return any(isinstance(f, Reduce) and f is self._bare(letter, inside) for f in factors(value))

    def _bare(self, letter: Letter, body: Expr) -> Expr:
        value = reduced("sum", letter, (body,))
        return next((f for f in factors(value) if isinstance(f, Reduce)), value)

    def _of_factors(self, letter: Letter, inside: list[Expr]) -> Expr:
        for n, f in enumerate(inside):
            rest = inside[:n] + inside[n + 1 :]
            if isinstance(f, Delta):
                picked = self._picked(letter, f, rest)
                if picked is not None:
                    return picked
            if holds_delta(f, letter):
                return total_of(self.sum(letter, product(t, *rest)) for t in _distributed(f))
        if len(inside) == 1 and isinstance(inside[0], Add):
            return self._of_terms(letter, inside[0].terms)
        split = self._constant_part(letter, inside) or self._interchanged(letter, inside)
        return split or self._closed(letter, product_of(inside))

    def _constant_part(self, letter: Letter, inside: list[Expr]) -> Expr | None:
        """The sum of f (c + g) as c times the sum of f, where that is known, and the sum of f g."""
        for n, f in enumerate(inside):
            constant = [t for t in f.terms if letter not in t.letters] if isinstance(f, Add) else []
            if constant:
                rest = product_of(inside[:n] + inside[n + 1 :])
                known = self.sum(letter, rest)
                if not any(isinstance(node, Reduce) for node in factors(known)):
                    others = total_of(t for t in terms(f) if t not in constant)
                    return total(product(total_of(constant), known), self.sum(letter, product(others, rest)))
        return None

    def _interchanged(self, letter: Letter, inside: list[Expr]) -> Expr | None:
        """The order of two sums changed, where the one over the letter is then a known one."""
        for n, f in enumerate(inside):
            if isinstance(f, Reduce) and f.kind == "sum" and f.axis is not letter.axis:
                inner = fresh(f.axis)
                body = instantiate(f.arguments[0], inner)
                below = [*inside[:n], *inside[n + 1 :], *factors(body)]
                value = self.sum(letter, product_of(g for g in below if letter in g.letters))
                if not any(isinstance(node, Reduce) for node in subtrees(value)):
                    return self.sum(inner, product(value, *(g for g in below if letter not in g.letters)))
        return None

    def _picked(self, letter: Letter, f: Delta, rest: list[Expr]) -> Expr | None:
        found = solved(f, letter)
        if found is None:
            return None
        index, condition = found
        value = product_of(self(canonical(renamed(r, {letter: index}))) for r in rest)
        return value if condition is None else product(indicator(condition), value)

    def _closed(self, letter: Letter, body: Expr) -> Expr:
        if isinstance(body, VectorCall) and body.kind == "softmax" and body.at is letter and letter.axis is body.axis:
            self.used.add("softmax sums to 1")
            return ONE
        value = reduced("sum", letter, (body,))
        return product_of(self._looked_up(f) if isinstance(f, Reduce) else f for f in factors(value))

    def _looked_up(self, node: Reduce) -> Expr:
        for known in self.known:
            found = match(known.reduction, node, known.variables)
            if found is not None:
                self.used.add(known.source)
                return canonical(renamed(known.value, dict(found)))  # type: ignore[no-any-return]
        return node


def holds_delta(e: Expr, letter: Letter) -> bool:
    """Whether a Kronecker delta of the letter stands in a term of the factor."""
    match e:
        case Add(below):
            return any(isinstance(f, Delta) and letter in f.letters or holds_delta(f, letter) for t in below for f in factors(t))
        case Pow(Add() as base, exponent):
            return isinstance(exponent, Number) and exponent.value in (2, 3) and holds_delta(base, letter)
        case Cases(branches, otherwise) if not is_indicator(e):
            values = [v for v, _ in branches if v is not ZERO] + [otherwise]
            return any(isinstance(f, Delta) and letter in f.letters or holds_delta(f, letter) for v in values for t in terms(v) for f in factors(t))
    return False


def _distributed(e: Expr) -> Iterable[Expr]:
    match e:
        case Pow(base, exponent):
            assert isinstance(exponent, Number)
            inner = terms(base)
            return (product(t, power(base, Number(exponent.value - 1))) for t in inner)
        case Cases(branches, otherwise):
            return _branchwise(branches, otherwise)
    return terms(e)


def _branchwise(branches: tuple[tuple[Expr, Condition], ...], otherwise: Expr) -> Iterable[Expr]:
    """Every branch times the indicator of its region."""
    earlier: tuple[Condition, ...] = ()
    for value, condition in branches:
        yield product(value, indicator(conjunction(*earlier, condition)))
        earlier += (negated(condition),)
    yield product(otherwise, indicator(conjunction(*earlier)))


def conjunction(*conditions: Condition) -> Condition:
    """All of the conditions as one."""
    flat = tuple(c for one in conditions for c in (one.conditions if isinstance(one, And) else (one,)))
    return flat[0] if len(flat) == 1 else And(flat)


def solved(f: Delta, letter: Letter) -> tuple[Index, And | None] | None:
    """The index that the delta gives to the letter, and the condition under which it is in range."""
    for own, other in ((f.left, f.right), (f.right, f.left)):
        if own is letter and letter not in other.letters and (isinstance(other, (Letter, Literal, Expr))):
            if not isinstance(other, Letter) or other.axis is letter.axis:
                return other, None
    left, right = affine(f.left), affine(f.right)
    if left is None or right is None:
        return None
    flat = [*left[0], *((-c, atom) for c, atom in right[0])]
    own_factor = sum(c for c, atom in flat if atom is letter)
    if own_factor not in (1, -1):
        return None
    index = shift(tuple((-own_factor * c, atom) for c, atom in flat if atom is not letter), -own_factor * (left[1] - right[1]))
    if index.letters and all(isinstance(n, Letter) and n.axis is letter.axis for n in (index,)):
        return index, None
    return index, And((IndexCompare("<=", Literal(1), index), IndexCompare("<=", index, shift(((1, Size(letter.axis)),), 0))))
