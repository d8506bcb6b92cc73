"""Formulas split into parts: each reduction becomes a part of its own, computed once for all that need it.

    softmax[k](a[i,k])      m[i] = max[k](a[i,k])             p[i] = where it is
                            e[i,k] = exp_difference(a[i,k], m[i])
                            r[i] = sum[k](0 if k == p[i] else e[i,k])         the sum of the others: 1 + r is the whole sum
                            the entry is e[i,k]/(1 + r[i]), its logarithm (a[i,k] - m[i]) - log1p(r[i]),
                            and what it lacks of 1 is r[i]/(1 + r[i]) at p[i], elsewhere (1 + (r[i] - e[i,k]))/(1 + r[i])

So nothing overflows, and no 1 is taken from a value near 1. A norm is scaled by a power of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from handgrad.axes import Definition
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Axis,
    Call,
    Cases,
    Entry,
    Expr,
    Index,
    IndexCompare,
    Letter,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    VectorCall,
    add,
    mul,
    negative,
    quotient,
    rebuilt,
)
from handgrad.kernels.rewriting import COMPLEMENT, DIRECTION, UNIT
from handgrad.records import dataclass
from handgrad.trees import bind, opened, renamed, subtrees

LARGEST_PLACE = "argmax"
CHEAP = ("abs", "sign", "max", "min", "clip", "stop")         # not worth a part
STEMS = {"sum": "r", "max": "m", "min": "m", "prod": "q", LARGEST_PLACE: "p"}      # how parts of each kind are called


@dataclass(slots=True)
class Splitter:
    """Makes parts of definitions."""

    definitions: Mapping[str, Definition]
    taken: frozenset[str]
    labels: dict[str, Axis] = field(default_factory=dict)                                       # parts whose entries are positions
    _parts: dict[str, Definition] = field(default_factory=dict)
    _known: dict[Any, tuple[str, tuple[int, ...]]] = field(default_factory=dict)                # by canonical body: the part, and which letters are its slots

    def parts(self, asked: Iterable[str]) -> tuple[Definition, ...]:
        """The parts that it takes for the names, in the order of computing."""
        for name in asked:
            self._define(name)
        return tuple(self._parts.values())

    def _define(self, name: str) -> None:
        if name not in self._parts and name in self.definitions:
            definition = self.definitions[name]
            body = self._top(definition.body, definition.letters)
            self._parts[name] = Definition(name, definition.letters, body)

    def _top(self, body: Any, scope: tuple[Letter, ...]) -> Expr:
        """A body that may be one reduction itself."""
        if isinstance(body, Reduce) and body.kind in ("sum", "prod", "max", "min") and not self._leaving(body):
            return self._reduced(body, scope)
        return self._walked(body, scope)  # type: ignore[no-any-return]

    def _reduced(self, node: Reduce, scope: tuple[Letter, ...]) -> Expr:
        letter, (body,) = opened(node)
        return Reduce(node.kind, node.axis, (bind(self._walked(body, (*scope, letter)), letter),))

    def _walked(self, node: Any, scope: tuple[Letter, ...]) -> Any:
        match node:
            case Entry(name, _):
                self._define(name)
                return rebuilt(node, lambda n: self._walked(n, scope), lambda n: n)
            case Reduce():
                return self._reduction(node, scope)
            case VectorCall():
                return self._entry(node, scope)
            case Cases():
                return self._hoisted(rebuilt(node, lambda n: self._walked(n, scope), lambda n: n), scope)
            case Call(name, arguments) if arguments and name not in CHEAP:
                inner = rebuilt(node, lambda n: self._walked(n, scope), lambda n: n)
                return inner if inner.letters.issuperset(scope) else self._named(inner, scope, "c")      # else computed again and again in a loop
            case _:
                return rebuilt(node, lambda n: self._walked(n, scope), lambda n: n)

    def _hoisted(self, node: Cases, scope: tuple[Letter, ...]) -> Cases:
        """A choice in which what holds at a given position alone (`k == t[i]`) is computed for that position, and not for every k."""
        return Cases(tuple((self._at_place(value, condition, scope), condition) for value, condition in node.branches), node.otherwise)

    def _at_place(self, value: Any, condition: Any, scope: tuple[Letter, ...]) -> Any:
        if not isinstance(condition, IndexCompare) or condition.operator != "==" or isinstance(value, (Number, Entry)):
            return value
        for letter, at in ((condition.left, condition.right), (condition.right, condition.left)):
            if isinstance(letter, Letter) and letter in scope and isinstance(at, Entry) and letter in value.letters and letter not in at.letters:
                return self._named(renamed(value, {letter: at}), scope, "c")
        return value

    # ------------------------------------------------------------ reductions

    def _leaving(self, node: Reduce) -> bool:
        """Whether a factor of a sum does not depend on its index."""
        body = node.arguments[0]
        return node.kind == "sum" and isinstance(body, Mul) and any(_is_free(f) for f in body.factors)

    def _reduction(self, node: Reduce, scope: tuple[Letter, ...]) -> Expr:
        letter, (body,) = opened(node)
        match node.kind:
            case "mean":
                return quotient(self._walked(Reduce("sum", node.axis, node.arguments), scope), Size(node.axis))
            case "sum" if self._leaving(node):
                outside = [f for f in body.factors if letter not in f.letters]
                inside = [f for f in body.factors if letter in f.letters]
                total = Reduce("sum", node.axis, (bind(mul(*inside), letter),)) if inside else Size(node.axis)
                return mul(*(self._walked(f, scope) for f in outside), self._walked(total, scope))
            case "sum" if (terms := _apart(body, letter)):
                return add(*(self._walked(Reduce("sum", node.axis, (bind(t, letter),)), scope) for t in terms))
            case "sum" if letter not in body.letters:
                return mul(Size(node.axis), self._walked(body, scope))
            case "logsumexp":
                return self._log_of_sum(body, letter, scope)
            case "norm":
                return self._norm(body, letter, scope)
            case _:
                return self._part(node.kind, letter, body, scope)

    def _part(self, kind: str, letter: Letter, body: Any, scope: tuple[Letter, ...]) -> Entry:
        """The reduction as an entry of a part."""
        inner = self._walked(body, (*scope, letter))
        return self._named(Reduce(kind, letter.axis, (bind(inner, letter),)), scope, STEMS[kind])

    def _named(self, body: Any, scope: tuple[Letter, ...], stem: str) -> Entry:
        """An entry of the part with this body; bodies that are equal but for the order of factors and terms are one part."""
        standard = _in_standard_order(body)
        letters = in_order(standard)
        canonical = renamed(standard, {letter: Letter(f"\u00b7c{n}", letter.axis) for n, letter in enumerate(letters)})
        if canonical not in self._known:
            slots = sorted(range(len(letters)), key=lambda n: scope.index(letters[n]) if letters[n] in scope else len(scope))
            name = self._unused(stem)
            own = {letters[n]: Letter(f"{name}_{n}", letters[n].axis) for n in slots}
            self._parts[name] = Definition(name, tuple(own[letters[n]] for n in slots), renamed(body, own))
            self._known[canonical] = name, tuple(slots)
            if isinstance(body, Reduce) and body.kind == LARGEST_PLACE:
                self.labels[name] = body.axis
        known, at = self._known[canonical]
        return Entry(known, tuple(letters[n] for n in at))

    def _unused(self, stem: str) -> str:
        n = 1
        while f"{stem}{n}" in self.taken or f"{stem}{n}" in self._parts:
            n += 1
        return f"{stem}{n}"

    # ------------------------------------------------------------ softmax and norms

    def _shifted(self, body: Any, letter: Letter, scope: tuple[Letter, ...]) -> tuple[Entry, Entry, Entry, Entry]:
        """Largest, where it is, the exponential above it at the letter, and the sum of the others."""
        largest = self._part("max", letter, body, scope)
        place = self._part(LARGEST_PLACE, letter, body, scope)
        inner = (*scope, letter)
        power = self._named(Call("exp_difference", (self._walked(body, inner), largest)), inner, "e")
        others = Cases(((ZERO, IndexCompare("==", letter, place)),), power)
        return largest, place, power, self._part("sum", letter, others, scope)

    def _log_of_sum(self, body: Any, letter: Letter, scope: tuple[Letter, ...]) -> Expr:
        largest, _, _, others = self._shifted(body, letter, scope)
        return add(largest, self._logarithm(others, scope))

    def _logarithm(self, others: Expr, scope: tuple[Letter, ...]) -> Expr:
        """log(1 + others)."""
        return self._named(Call("log1p", (others,)), scope, "l")

    def _entry(self, node: VectorCall, scope: tuple[Letter, ...]) -> Expr:
        letter, body = opened(node)
        if node.kind == DIRECTION:
            return self._square_complement(node, body, letter, scope)
        if node.kind == UNIT:           # a part, since what it is multiplied with may be too large before it is divided
            above = self._walked(renamed(body, {letter: self._walked(node.at, scope)}), scope)
            return self._named(mul(above, Pow(self._norm(body, letter, scope), MINUS_ONE)), scope, "u")
        at: Index = self._walked(node.at, scope)
        largest, place, power, others = self._shifted(body, letter, scope)
        share = self._named(Pow(add(ONE, others), MINUS_ONE), scope, "w")
        here = renamed(power, {letter: at})
        if node.kind == "softmax":
            return mul(here, share)
        if node.kind == COMPLEMENT:
            elsewhere = add(ONE, add(others, negative(here)))
            return mul(Cases(((others, IndexCompare("==", at, place)),), elsewhere), share)
        return add(add(self._walked(renamed(body, {letter: at}), scope), negative(largest)), negative(self._logarithm(others, scope)))

    def _norm(self, body: Any, letter: Letter, scope: tuple[Letter, ...]) -> Expr:
        scale, square = self._scaled_square(body, letter, scope)
        return mul(scale, Call("sqrt", (self._part("sum", letter, square, scope),)))

    def _scaled_square(self, body: Any, letter: Letter, scope: tuple[Letter, ...]) -> tuple[Expr, Expr]:
        """The power of two that the largest entry has, and the square of an entry over it."""
        scale = Call("power_of_two", (self._part("max", letter, Call("abs", (body,)), scope),))
        return scale, Pow(mul(body, Pow(scale, MINUS_ONE)), TWO)

    def _square_complement(self, node: VectorCall, body: Any, letter: Letter, scope: tuple[Letter, ...]) -> Expr:
        """What the square of an entry lacks of the sum of them all, over that sum: of the largest one the sum of the others, and no difference."""
        at: Index = self._walked(node.at, scope)
        place = self._part(LARGEST_PLACE, letter, Call("abs", (body,)), scope)
        _, square = self._scaled_square(body, letter, scope)
        total = self._part("sum", letter, square, scope)
        others = self._part("sum", letter, Cases(((ZERO, IndexCompare("==", letter, place)),), square), scope)
        own = self._walked(renamed(square, {letter: at}), scope)
        return mul(Cases(((others, IndexCompare("==", at, place)),), add(total, negative(own))), Pow(total, MINUS_ONE))


def _apart(body: Any, letter: Letter) -> tuple[Expr, ...]:
    """Of a product with a factor `1 + g[i]*h[k]` the two terms, of which each is summed over k once and not for every i."""
    for f in body.factors if isinstance(body, Mul) else (body,):
        if isinstance(f, Add) and len(f.terms) == 2 and isinstance(f.terms[0], Number) and isinstance(f.terms[1], Mul):
            inside = [g for g in f.terms[1].factors if letter in g.letters]
            if inside and not f.letters <= frozenset().union(*(g.letters for g in inside)):
                others = [g for g in body.factors if g is not f] if isinstance(body, Mul) else []
                return tuple(mul(*others, *(() if t is ONE and others else (t,))) for t in f.terms)
    return ()


def _in_standard_order(node: Any) -> Any:
    """The formula with factors and terms in an order that does not depend on how letters are called."""
    made = rebuilt(node, _in_standard_order, _in_standard_order)
    match made:
        case Mul(factors):
            return Mul(tuple(sorted(factors, key=_structure)))
        case Add(terms):
            return Add(tuple(sorted(terms, key=_structure)))
        case _:
            return made


def _structure(node: Any) -> tuple[tuple[str, str], ...]:
    return tuple((type(n).__name__, "" if isinstance(n, Letter) else str(getattr(n, "name", ""))) for n in subtrees(node))


def _is_free(node: Any) -> bool:
    """Whether a part under a binder does not hold the index bound by it."""
    return bool(node.loose == 0)


def in_order(node: Any) -> list[Letter]:
    """The free letters, in the order in which they appear."""
    return [n for n in subtrees(node) if isinstance(n, Letter) and n in node.letters]
