"""The choice of form: a few candidates for each part, the one with the fewest symbols that a person would write is kept.

Candidates are the formula as differentiated and collapsed, with a common factor drawn out, factored over the names, as numerator and
denominator, and each of these after one relation of a name. There is no search beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Any

from handgrad.expr import MINUS_ONE, Add, Axis, Call, Cases, Derivative, Entry, Expr, Mul, Node, Number, Pow, Reduce, Size, Slice, VectorCall, parts
from handgrad.records import dataclass
from handgrad.rules.algebra import power, product, product_of, remade, total_of
from handgrad.rules.canonical import closed, reduced
from handgrad.rules.ratio import both_forms
from handgrad.rules.relations import AnyRelation, Relation, Through, unfolds
from handgrad.rules.shapes import base_and_exponent, coefficient, factors, is_call, is_indicator, is_positive, terms
from handgrad.rules.sums import Collapse
from handgrad.rules.tidy import Tidy, symbols
from handgrad.trees import fresh, instantiate, names, opened, subtrees

ROUNDS = 3
LEANING = 1e-4      # what a symbol of a definition costs that a form leans on
DEAR = 0.9          # what it costs in symbols that the result itself, or a part that holds it whole, stands in its derivative


@dataclass(frozen=True, slots=True)
class Form:
    """The form that was chosen for an expression, and the names whose relations gave it."""

    value: Expr
    applied: tuple[str, ...] = ()


@dataclass(slots=True)
class Simplifier:
    """Chooses the form of canonical expressions; `relations` are tried from the first on, `dear` are names that cost extra."""

    collapse: Collapse
    tidy: Tidy
    relations: list[AnyRelation] = field(default_factory=list)
    positive: tuple[AnyRelation, ...] = ()
    proposals: Callable[[Expr], list[AnyRelation]] = lambda e: []
    dear: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()                            # the names that are certainly positive
    lengths: Mapping[str, int] = field(default_factory=dict)      # of the definitions, in symbols
    plain: bool = False                                     # whether everything stays as it is
    memo: dict[Node, Any] = field(default_factory=dict)
    chosen: dict[Expr, Form] = field(default_factory=dict)
    costs: dict[Expr, float] = field(default_factory=dict)

    def __call__(self, e: Expr) -> Expr:
        """The form of the expression that reads best, over the names."""
        return self.form(e).value

    def form(self, e: Expr) -> Form:
        """The form that reads best, with the names whose relations led to it."""
        if e not in self.chosen:
            self.chosen[e] = Form(e) if self.plain else self._form(e)
        return self.chosen[e]

    def _form(self, e: Expr) -> Form:
        best: Expr = self.shaped(e)
        applied: list[str] = []
        for _ in range(ROUNDS):
            before = best
            for relation in self.relations:
                candidate = relation.applied(best, self.collapse)
                best = self._noted(best, candidate, relation, applied)
            for relation, candidate in self._proposed(best):
                best = self._noted(best, candidate, relation, applied)
            if best is before:
                break
        return Form(best, tuple(dict.fromkeys(applied)))

    def _noted(self, best: Expr, candidate: Expr, relation: AnyRelation, applied: list[str]) -> Expr:
        """The better of the two; the name of the relation is noted where that is the candidate."""
        better = best if candidate is best else self._better(best, candidate, relation)
        applied += [relation.name] if better is not best else []
        return better

    def _better(self, best: Expr, candidate: Expr, relation: AnyRelation) -> Expr:
        shaped: Expr = self.shaped(self._with_signs(candidate))
        if isinstance(relation, Through):
            shaped = self._followed(shaped)
        before = (best, candidate) if unfolds(relation) else (best,)
        if self.cost(shaped) >= self.cost(best) or self._divides_more(shaped, before):
            return best
        return shaped

    def _followed(self, shaped: Expr) -> Expr:
        """The form after those of the other relations that shorten it further."""
        for _, candidate in self._proposed(shaped):
            shaped = min(shaped, self.shaped(self._with_signs(candidate)), key=self.cost)
        for relation in self.relations:
            if not isinstance(relation, Through):
                candidate = relation.applied(shaped, self.collapse)
                if candidate is not shaped:
                    shaped = min(shaped, self.shaped(self._with_signs(candidate)), key=self.cost)
        return shaped

    def _divides_more(self, e: Expr, before: tuple[Expr, ...]) -> bool:
        """Whether the form divides by more than what was before, or by an input by which that did not."""
        old, new = frozenset().union(*(divisors(b, self.sure) for b in before)), divisors(e, self.sure)
        defined = {relation.name for relation in self.relations}
        return len(new) > len(old) or any(isinstance(d, Entry) and d.name not in defined for d in new - old)

    def _with_signs(self, e: Expr) -> Expr:
        """The expression without the absolute values of what is known to be positive."""
        if any(is_call(n, "abs") for n in subtrees(e)):
            for relation in self.positive:
                e = relation.applied(e, self.collapse)
        return e

    def _proposed(self, e: Expr) -> Iterator[tuple[AnyRelation, Expr]]:
        """What comes of writing a known function, or the name that stands for it, in place of what it is made of."""
        for relation in self.proposals(e):
            candidate = relation.applied(e, self.collapse)
            if candidate is not e:
                for known in self.relations:
                    if isinstance(known, Relation) and isinstance(known.pattern, Call) and isinstance(known.value, Entry):
                        candidate = known.applied(candidate, self.collapse)
                yield relation, candidate

    def cost(self, e: Expr) -> float:
        """The symbols a person writes for it, and what the dear names cost extra; of two that are as long, the one that leans on less."""
        if e not in self.costs:
            extra = DEAR * len(self.dear & names(e)) + sum(self.lengths.get(name, 0) for name in names(e)) * LEANING
            self.costs[e] = symbols(self.tidy(e)) + extra + _unwieldy(e)
        return self.costs[e]

    def shaped(self, e: Any) -> Any:
        """The expression with the best shape for each part, from the leaves up."""
        if e not in self.memo:
            self.memo[e] = self._shaped(e)
        return self.memo[e]

    def _shaped(self, e: Any) -> Any:
        match e:
            case Reduce(kind, _, _):
                letter, bodies = opened(e)
                below = tuple(self._inside(self.shaped(b)) for b in bodies)
                if all(a is b for a, b in zip(below, bodies, strict=True)):
                    return e
                return self.collapse.sum(letter, below[0]) if kind == "sum" else reduced(kind, letter, below)
            case VectorCall(kind, axis, _, at):
                letter, body = opened(e)
                return VectorCall(kind, axis, closed(self.shaped(body), letter), at)
            case Slice() | Derivative():
                return e
            case Cases() if not is_indicator(e):
                return remade(e, self.shaped)
            case Add() | Mul() | Pow():
                return min(dict.fromkeys(self._candidates(remade(e, self.shaped))) | dict.fromkeys(_gathered(e)), key=self.cost)
            case _:
                return e

    def _inside(self, e: Expr) -> Expr:
        """The shaped body of a sum with a known function in place of what it is made of, where that is shorter."""
        for relation, candidate in self._proposed(e):
            e = self._better(e, candidate, relation)
        return e

    def _candidates(self, e: Expr) -> list[Expr]:
        shapes = [e]
        if isinstance(e, Add):
            shapes += [*_gathered(e), self._merged(e)]
        if isinstance(e, Mul):
            shapes.append(distributed(e))
        if _holds_sum(e):
            over, under_one = both_forms(e)
            shapes += [over, under_one]
            if isinstance(over, Add):
                shapes.append(drawn_out(over))
            shapes.append(product_of(drawn_out(f) if isinstance(f, Add) else f for f in factors(shapes[-1])))
        return shapes

    def _merged(self, e: Add) -> Expr:
        """Sums over one axis that stand side by side, under one letter."""
        groups: dict[Any, list[Expr]] = {}
        for t in e.terms:
            inner = [f for f in factors(t) if isinstance(f, Reduce) and f.kind == "sum"]
            groups.setdefault(inner[0].axis if len(inner) == 1 else t, []).append(t)
        for axis in [a for a in groups if isinstance(a, Axis)]:
            groups[axis] += [t for t in e.terms if groups.get(t) and Size(axis) in factors(t) and groups.pop(t)]
        if all(len(g) == 1 for g in groups.values()):
            return e
        return total_of(self._under_one(g) if len(g) > 1 else g[0] for g in groups.values())

    def _under_one(self, group: list[Expr]) -> Expr:
        first = next(f for f in factors(group[0]) if isinstance(f, Reduce) and f.kind == "sum")
        letter = fresh(first.axis)
        bodies = []
        for t in group:
            inner = next((f for f in factors(t) if isinstance(f, Reduce) and f.kind == "sum"), Size(first.axis))
            rest = product_of(f for f in factors(t) if f is not inner)
            bodies.append(product(rest, instantiate(inner.arguments[0], letter)) if isinstance(inner, Reduce) else rest)
        body: Expr = self.shaped(total_of(bodies))
        outside = [f for f in factors(body) if letter not in f.letters]
        return product(*outside, reduced("sum", letter, (product_of(f for f in factors(body) if f not in outside),)))


@lru_cache(maxsize=1 << 16)
def _unwieldy(node: Node) -> float:
    """What numbers with many digits cost extra: 13/200 is no better than 0.065."""
    if isinstance(node, Number):
        return len(str(node.value)) / 4 if abs(node.value.numerator) + node.value.denominator > 10_000 else 0
    return sum(_unwieldy(child) for child, _ in parts(node))


@lru_cache(maxsize=1 << 16)
def _holds_sum(node: Node) -> bool:
    return isinstance(node, Add) or any(_holds_sum(child) for child, _ in parts(node))


@lru_cache(maxsize=1 << 12)
def divisors(e: Expr, sure: frozenset[str]) -> frozenset[Expr]:
    """What is divided by and may be zero: a relation must not bring more of it, or the result would be undefined where it need not be."""
    found = (n.base for n in subtrees(e) if isinstance(n, Pow) and isinstance(n.exponent, Number) and n.exponent.value < 0)
    return frozenset(base for base in found if isinstance(base, Entry) or not is_positive(base, sure))


def drawn_out(e: Expr) -> Expr:
    """The sum with the factor that all its terms share in front, nothing multiplied out."""
    below = terms(e)
    if len(below) < 2:
        return e
    exponents = [dict(base_and_exponent(f) for f in factors(coefficient(t)[1])) for t in below]
    common: list[Expr] = []
    for base, first in exponents[0].items():
        found = [x.get(base) for x in exponents]
        numbers = [x for x in found if isinstance(x, Number)]
        if len(numbers) == len(found) and len({x.value > 0 for x in numbers}) == 1:
            least = min(numbers, key=lambda x: abs(x.value))
            common.append(power(base, least))
        elif all(x is first for x in found):
            common.append(power(base, first))
    return divided(below, product_of(common)) if common else e


def divided(below: tuple[Expr, ...], common: Expr) -> Expr:
    """The sum of the terms as the common factor times the rest."""
    inverse = power(common, MINUS_ONE)
    rest = total_of(product(t, inverse) for t in below)
    return product(common, rest)


def distributed(e: Expr) -> Expr:
    """The product with its first sum multiplied out, term by term; itself where no term then loses a factor."""
    inside = next((f for f in factors(e) if isinstance(f, Add)), None)
    if inside is None:
        return e
    outside = product_of(f for f in factors(e) if f is not inside)
    pieces = [product(t, outside) for t in terms(inside)]
    shortened = any(len(factors(p)) < len(factors(t)) + len(factors(outside)) for p, t in zip(pieces, terms(inside), strict=True))
    return total_of(pieces) if shortened else e


def _gathered(e: Expr) -> list[Expr]:
    """The sum with a factor drawn out: of all its terms, or of those that share it."""
    return [drawn_out(e), *(grouped(e, f) for f in shared_factors(e))] if isinstance(e, Add) else []


def shared_factors(e: Add) -> tuple[Expr, ...]:
    """The factors that some terms share and others lack: the one that most have, and the longest."""
    counts: dict[Expr, int] = {}
    for t in e.terms:
        for f in factors(coefficient(t)[1]):
            counts[f] = counts.get(f, 0) + 1
    shared = [f for f, count in counts.items() if 1 < count < len(e.terms)]
    return tuple(dict.fromkeys((max(shared, key=counts.__getitem__), max(shared, key=symbols)))) if shared else ()


def grouped(e: Add, shared: Expr) -> Expr:
    """The sum with the factor drawn out of the terms that have it."""
    inside = [t for t in e.terms if shared in factors(t)]
    return total_of([drawn_out(total_of(inside)), *(t for t in e.terms if t not in inside)])
