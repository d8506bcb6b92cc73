"""Differentiation of canonical trees by one entry with free indices; every sum is collapsed as soon as it is made.

Names are opaque here: the derivative by an entry of a name is what stands in front of it, the chain through definitions is the
derivation's business. What is missing is left as an explicit derivative, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import lru_cache

from handgrad.axes import Function
from handgrad.catalogue import elementary
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Abstract,
    Add,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Derivative,
    Entry,
    Expr,
    IndexCompare,
    Letter,
    Mul,
    Node,
    Pow,
    Reduce,
    Slice,
    VectorCall,
)
from handgrad.records import dataclass
from handgrad.rules.algebra import apply, cases, comparison, power, product, product_of, total, total_of
from handgrad.rules.canonical import canonical, reduced
from handgrad.rules.shapes import delta, indicator, is_indicator
from handgrad.rules.sums import Collapse
from handgrad.trees import fresh, names, opened, renamed


@lru_cache(maxsize=1 << 16)
def mentions(node: Node, name: str) -> bool:
    """Whether an entry of the name stands in the tree."""
    return name in names(node)


@dataclass(slots=True)
class Differentiator:
    """The derivatives of expressions by entries: `d(e, entry)`, the indices of the entry being letters of its own.

    `slope(name)` is the derivative of a catalogue function of one argument, `functions` the definitions of the others. Of entries that are
    the greatest together each counts; with `first` the first of them alone, which takes longer to say.
    """

    collapse: Collapse
    slope: Callable[[str], Function | None]
    functions: Mapping[str, Function]
    first: bool = False
    others: bool = False                    # whether a slope of a product is the product of the other factors, also where one is 0
    memo: dict[tuple[Expr, Entry], Expr] = field(default_factory=dict)

    def __call__(self, e: Expr, x: Entry) -> Expr:
        """The derivative of the canonical expression by the entry."""
        if not mentions(e, x.name):
            return ZERO
        key = (e, x)
        if key not in self.memo:
            self.memo[key] = self._of(e, x)
        return self.memo[key]

    def _of(self, e: Expr, x: Entry) -> Expr:
        match e:
            case Entry(name, indices):
                direct = product_of(delta(i, j) for i, j in zip(indices, x.indices, strict=True))
                return direct if name == x.name else ZERO
            case Add(below):
                return total_of(self(t, x) for t in below)
            case Mul(below):
                return self._product(below, x)
            case Pow(base, exponent):
                return self._power(base, exponent, x)
            case Call(name, arguments):
                return self._call(name, arguments, x)
            case Cases(branches, otherwise):
                return self._cases(branches, otherwise, x)
            case Reduce():
                return self._reduction(e, x)
            case VectorCall():
                return self._vector(e, x)
            case Abstract():
                return self._abstract(e, x)
            case Derivative(body, by):
                return self._further(body, by, x)
            case _:
                return Derivative(e, (x,))

    def _product(self, below: tuple[Expr, ...], x: Entry) -> Expr:
        changing = [n for n, f in enumerate(below) if mentions(f, x.name) and not is_indicator(f)]
        settled = tuple(_settled(f, x) if is_indicator(f) else f for f in below)
        return total_of(product(*settled[:n], self(below[n], x), *settled[n + 1 :]) for n in changing)

    def _power(self, base: Expr, exponent: Expr, x: Entry) -> Expr:
        lower = power(base, total(exponent, MINUS_ONE))
        through_base = product(exponent, lower, self(base, x))
        return total(through_base, product(power(base, exponent), apply("log", (base,)), self(exponent, x)))

    def _call(self, name: str, arguments: tuple[Expr, ...], x: Entry) -> Expr:
        if name == "stop":
            return ZERO
        if len(arguments) == 1:
            slope = self.slope(name)
            if slope is not None:
                return product(canonical(slope.at(arguments)), self(arguments[0], x))
        if name in ("max", "min"):
            return self._extreme(name, arguments, x)
        definition = self.functions.get(name) or elementary.definition(name)
        if definition is not None:
            return self(self.collapse(canonical(definition.at(arguments))), x)
        return Derivative(Call(name, arguments), (x,))

    def _extreme(self, name: str, arguments: tuple[Expr, ...], x: Entry) -> Expr:
        """The greatest of several: the one that is greater than the others; at a tie a zero slope wins."""
        *rest, last = arguments
        other = apply(name, tuple(rest))
        first, second = self(other, x), self(last, x)
        gap = total(other, product(MINUS_ONE, last))
        above = comparison(">" if first is not ZERO and second is ZERO else ">=", gap if name == "max" else product(MINUS_ONE, gap), ZERO)
        return cases(((first, above),), second)

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...], otherwise: Expr, x: Entry) -> Expr:
        slopes = [self(value, x) for value, _ in branches]
        last = self(otherwise, x)
        settled = []
        for n, (slope, (_, condition)) in enumerate(zip(slopes, branches, strict=True)):
            beyond = [s for s in (*slopes[n + 1 :], last) if slope is not ZERO or s is not ZERO]     # a branch of slope 0 has no say against one of slope 0
            settled.append((slope, at_boundary(condition, slope, beyond[0] if beyond else ZERO, x)))
        return cases(tuple(settled), last)

    def _reduction(self, e: Reduce, x: Entry) -> Expr:
        letter, bodies = opened(e)
        if e.kind == "sum":
            return self.collapse.sum(letter, self(bodies[0], x))
        if e.kind == "prod":
            if self.others:
                return self.collapse.sum(letter, product(self(bodies[0], x), _product_of_others(letter, bodies[0])))
            ratio = product(self(bodies[0], x), power(bodies[0], MINUS_ONE))
            return product(e, self.collapse.sum(letter, ratio))
        if e.kind in ("max", "min"):
            chosen = first_extreme(letter, bodies[0], e) if self.first else indicator(comparison("==", bodies[0], e))
            return self.collapse.sum(letter, product(chosen, self(bodies[0], x)))
        definition = self.functions.get(e.kind)
        if definition is None:
            return Derivative(e, (x,))
        return self(self.collapse(canonical(definition.at(e.arguments, e.axis))), x)

    def _vector(self, e: VectorCall, x: Entry) -> Expr:
        """softmax(f)_k (df_k - sum of softmax(f)_m df_m), and its logarithm."""
        letter, body = opened(e)
        weight = VectorCall("softmax", e.axis, e.body, letter)
        slope = self(body, x)
        average = self.collapse.sum(letter, product(weight, slope))
        own = self.collapse(canonical(renamed(slope, {letter: e.at})))
        inner = total(own, product(MINUS_ONE, average))
        return product(e, inner) if e.kind == "softmax" else inner

    def _abstract(self, e: Abstract, x: Entry) -> Expr:
        """The chain rule through every argument; a plain entry of x is left as the derivative that it is."""
        holding = [a for a in e.arguments if mentions(a, x.name)]
        return total_of(self._through(e, entry, x) for entry in _places(holding))

    def _through(self, e: Abstract, place: tuple[Entry, tuple[Letter, ...]], x: Entry) -> Expr:
        entry, letters = place
        value = product(Derivative(e, (entry,)), self(entry, x))
        for letter in reversed(letters):
            value = self.collapse.sum(letter, value)
        return value

    def _further(self, body: Expr, by: tuple[Entry, ...], x: Entry) -> Expr:
        holding = [a for a in body.arguments if mentions(a, x.name)] if isinstance(body, Abstract) else []
        if not holding:
            return Derivative(body, (*by, x))
        pieces = []
        for entry, letters in _places(holding):
            value = product(Derivative(body, (*by, entry)), self(entry, x))
            for letter in reversed(letters):
                value = self.collapse.sum(letter, value)
            pieces.append(value)
        return total_of(pieces)


def _product_of_others(letter: Letter, body: Expr) -> Expr:
    """The product of the body at all places but the letter's."""
    other = fresh(letter.axis)
    return reduced("prod", other, (cases(((ONE, IndexCompare("==", other, letter)),), canonical(renamed(body, {letter: other}))),))


def first_extreme(letter: Letter, body: Expr, extreme: Expr) -> Expr:
    """1 where the body is the greatest, or the least, and no earlier one is; else 0."""
    earlier = fresh(letter.axis)
    before = indicator(And((IndexCompare("<", earlier, letter), comparison("==", canonical(renamed(body, {letter: earlier})), extreme))))
    count = reduced("sum", earlier, (before,))
    return indicator(And((comparison("==", body, extreme), comparison("==", count, ZERO))))


def _places(arguments: list[Expr | Slice]) -> list[tuple[Entry, tuple[Letter, ...]]]:
    """The entries that are arguments of an abstract function, each once, with the letters of the axes handed over whole."""
    found: dict[Expr, tuple[Letter, ...]] = {}
    for a in arguments:
        letters: tuple[Letter, ...] = ()
        while isinstance(a, Slice):
            letter, a = opened(a)
            letters += (letter,)
        found.setdefault(a, letters)
    return [(a, letters) for a, letters in found.items() if isinstance(a, Entry)]


def _settled(e: Expr, x: Entry) -> Expr:
    """An indicator as it stands before a slope: beyond it the slope is 0, so 0 is taken on its boundary."""
    assert isinstance(e, Cases)
    return indicator(at_boundary(e.branches[0][1], ONE, ZERO, x))


def at_boundary(condition: Condition, inside: Expr, outside: Expr, x: Entry) -> Condition:
    """The condition with the boundary given to the side whose slope is 0, the value taken at a kink.

    A condition in which the entry does not stand is no kink: both sides of it are regions.
    """
    if x.name not in condition.tensors:
        return condition
    match condition:
        case Compare(">=", u, v) if outside is ZERO and inside is not ZERO:
            return Compare(">", u, v)
        case Compare(">", u, v) if inside is ZERO and outside is not ZERO:
            return Compare(">=", u, v)
    return condition
