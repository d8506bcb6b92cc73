"""The kinks of a definition: where it has no derivative, between which slopes its subgradients lie, and the one that is taken.

A kink is a boundary u = 0 of a condition, of `max`, `min`, `abs` or `sign`, on whose two sides the definition has equal values and
different slopes. Equal slopes make no kink, different values a jump. Both are decided on the boundary itself: u = 0 is solved for one
of its atoms. The value taken is that of the derivative as the rules leave it, at u = 0 (design: 0 if a slope is 0, else that of the
branch that holds there).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from handgrad import catalogue
from handgrad.axes import Model, letter_for
from handgrad.derivation.backward import on_the_way
from handgrad.derivation.boundaries import FALSE, TRUE, VARIABLE, Site, beside, put, sites, solutions, spread, undefined, vanishes
from handgrad.derivation.network import Network
from handgrad.derivation.signs import Signs
from handgrad.errors import HandgradError
from handgrad.expr import MINUS_ONE, ZERO, Add, And, Call, Cases, Compare, Condition, Delta, Entry, Expr, IndexCompare, Letter, Number, Pow, Reduce, VectorCall
from handgrad.records import dataclass
from handgrad.rules.algebra import product, total, total_of
from handgrad.rules.canonical import canonical
from handgrad.rules.relations import rewritten
from handgrad.rules.shapes import coefficient, terms
from handgrad.trees import fresh, instantiate, names, renamed, subtrees
from handgrad.verification import Verifier

Choices = tuple[tuple[Expr, Expr], ...]      # maxima and minima, each with its one argument that counts


@dataclass(frozen=True, slots=True)
class Kink:
    """A place without a derivative: where, the slopes below and above it, and the value taken. A jump has no subdifferential."""

    at: Condition
    subdifferential: tuple[Expr, Expr] | None
    taken: Expr


def kinks_of(network: Network, of: Entry, x: Entry) -> tuple[Kink, ...]:
    """The kinks on the way from `of` to `x`, those of `of` itself first."""
    between = on_the_way(network, network.names[of.name].body, x.name)
    found: dict[Kink, None] = {}
    for name in (of.name, *(n for n in reversed(list(network.names)) if n in between)):
        known = network.names[name]
        own = dict(zip(known.letters, of.indices, strict=True)) if name == of.name else {}
        body = spread(network, canonical(renamed(known.body, dict(own))))
        search = _Search(network, x, frozenset((*between, x.name)), frozenset(letter.name for letter in of.letters | x.letters), Signs(network))
        found.update(dict.fromkeys(search.kinks(body)))
    return tuple(found)


# ---------------------------------------------------------------- the search in one definition


@dataclass(frozen=True, slots=True)
class _Search:
    """The kinks of one definition by `x`, which acts through the names in `acting`; `scope` are the letters in use."""

    network: Network
    x: Entry
    acting: frozenset[str]
    scope: frozenset[str]
    signs: Signs

    def kinks(self, body: Expr) -> Iterator[Kink]:
        for site in sites(body, self.network):
            u = site.boundary
            if not names(u) & self.acting:
                continue
            if isinstance(u, Reduce) and u.kind in ("max", "min"):
                kink = self._tie(u)
            elif self.signs.nonzero(u):
                continue
            else:
                kink = self._at(site)
            if kink is not None:
                yield self._named(kink)

    def _at(self, site: Site) -> Kink | None:
        u, choices = self._unnested(site.boundary)
        part = self._settled(u, _chosen(site.part, choices))
        if undefined(part, u):
            return None
        plus, minus, here = (beside(part, u, s, self.network) for s in (1, -1, 0))
        if plus is minus and here is plus:
            return None
        v, shown = self._variable(u)
        whole, v, u, weight, plus, minus, here = (canonical(renamed(e, dict(shown))) for e in (site.part, v, u, site.weight, plus, minus, here))
        there = tuple((canonical(renamed(n, dict(shown))), canonical(renamed(a, dict(shown)))) for n, a in choices)
        derived = self._settled(u, _chosen(self._slope(whole, v), there))
        below, above = self._slope(minus, v), self._slope(plus, v)
        at = self._place(u, v)
        taken = self._form(product(weight, beside(derived, u, 0, self.network)), u, v)
        if not self._zero(total(plus, product(MINUS_ONE, minus)), u) or self._leaves(here, plus, u):
            return Kink(at, None, taken)
        if self._zero(total(above, product(MINUS_ONE, below)), u):
            return None
        if _weight(u, v) < 0:
            above, below = below, above
        return Kink(at, self._ends(*(self._form(product(weight, e), u, v) for e in (below, above))), taken)

    def _unnested(self, u: Expr) -> tuple[Expr, Choices]:
        """The boundary without a maximum or minimum whose one argument alone can meet it: max(x, 0) = 6 is x = 6."""
        for node in subtrees(u):
            if isinstance(node, Call) and node.function in ("max", "min") and len(node.arguments) == 2 and node.loose == 0:
                sign = Number(Fraction(1 if node.function == "max" else -1))
                for a, b in (node.arguments, node.arguments[::-1]):
                    met = coefficient(put(u, node, a))[1]
                    if self._positive_on(product(sign, total(a, product(MINUS_ONE, b))), met):
                        u, further = self._unnested(met)
                        return u, ((node, a), *further)
        return u, ()

    def _settled(self, u: Expr, part: Expr) -> Expr:
        """The part with all conditions decided that are evidently true or false on the boundary, and so around it."""
        def change(node: object) -> object:
            if isinstance(node, Compare) and node.operator in (">", ">=") and coefficient(node.left)[1] is not u:
                if self._positive_on(node.left, u):
                    return TRUE
                if self._positive_on(product(MINUS_ONE, node.left), u):
                    return FALSE
            return None

        return rewritten(part, change, self.network.collapse)

    def _positive_on(self, e: Expr, u: Expr) -> bool:
        return any(self.signs.positive(put(e, atom, value)) for atom, value in solutions(u))

    def _ends(self, low: Expr, high: Expr) -> tuple[Expr, Expr]:
        return (high, low) if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value else (low, high)

    def _zero(self, e: Expr, u: Expr) -> bool:
        """Whether the expression is zero where u is: by algebra, else by numbers where the algebra sees functions it may not know."""
        return vanishes(e, u) or any(isinstance(n, (Call, Reduce, VectorCall)) for n in subtrees(e)) and self._verdict(e, u) == "agrees"

    def _leaves(self, here: Expr, beside_it: Expr, u: Expr) -> bool:
        """Whether the value on the boundary itself certainly differs from that on both sides, as only == and != can bring about."""
        gap = total(here, product(MINUS_ONE, beside_it))
        return not vanishes(gap, u) and self._verdict(gap, u) == "apart"

    def _verdict(self, e: Expr, u: Expr) -> str:
        model = self.network.model
        at, difference = with_letters((u, e), model, self.scope)
        try:
            verifier = Verifier(replace(model, facts=(*model.facts, Compare("==", at, ZERO))), catalogue.functions())
            return verifier.compare(difference, ZERO).verdict
        except HandgradError:
            return "undecided"

    # ------------------------------------------------------------ by what

    def _variable(self, u: Expr) -> tuple[Entry, dict[Letter, Any]]:
        """The entry by which the slopes are taken, and what letters of the part become so that an entry of x is the one asked for."""
        inside = [n for n in subtrees(u) if isinstance(n, Entry) and n.name in self.acting]
        plain = sorted((n for n in inside if n.loose == 0), key=lambda n: [n in subtrees(t) for t in terms(u)].index(True))
        v = plain[0] if plain else self._of_bound(inside[0])
        shown: dict[Letter, Any] = {}
        if not plain:
            slope = self.network.differentiate(u, v)
            shown = _tied(slope, v.letters)
        else:
            shown = self._as_asked(v)
        return v, shown

    def _as_asked(self, v: Entry) -> dict[Letter, Any]:
        """The letters of an entry of x as those of the entry asked for."""
        if v.name != self.x.name or len(set(v.indices)) < len(v.indices) or not all(isinstance(i, Letter) for i in v.indices):
            return {}
        return {i: j for i, j in zip(v.indices, self.x.indices, strict=True) if isinstance(i, Letter)}

    def _of_bound(self, entry: Entry) -> Entry:
        """An entry of the name with letters of its own: those asked for, if it is x."""
        if entry.name == self.x.name:
            return self.x
        axes = self.network.model.tensors.get(entry.name) or tuple(letter.axis for letter in self.network.names[entry.name].letters)
        return Entry(entry.name, tuple(fresh(axis) for axis in axes))

    def _slope(self, e: Expr, v: Entry) -> Expr:
        """The derivative by the entry; where it stands as it is, all other entries are constants."""
        if not any(n is v for n in subtrees(e)):
            return self.network.differentiate(e, v)
        return put(self.network.differentiate(put(e, v, VARIABLE), VARIABLE), VARIABLE, v)

    # ------------------------------------------------------------ ties of reductions

    def _tie(self, reduction: Reduce) -> Kink | None:
        """The first of two entries that are both the greatest, or the least."""
        (body,) = reduction.arguments
        first, second = fresh(reduction.axis), fresh(reduction.axis)
        one, other = canonical(instantiate(body, first)), canonical(instantiate(body, second))
        if one is other:
            return None
        v = next((n for n in subtrees(one) if isinstance(n, Entry) and n.name in self.acting and n.loose == 0), None)
        if v is None:
            return None
        shown = self._as_asked(v)
        one, other, reduction, v = (canonical(renamed(e, dict(shown))) for e in (one, other, reduction, v))
        place = shown.get(first, first)
        slope = self._form(self._slope(one, v), one, v)
        extreme = self.network.folded(reduction)
        tidy = self.network.simplifier().tidy
        both = tuple(Compare("==", tidy(e), tidy(extreme)) for e in (one, other))
        return Kink(And((IndexCompare("<", place, second), *both)), self._ends(ZERO, slope), slope)

    # ------------------------------------------------------------ as it is shown

    def _form(self, slope: Expr, u: Expr, v: Entry) -> Expr:
        for atom, value in solutions(u, v)[:1]:
            if atom is v:
                slope = put(slope, atom, value)
        simplify = self.network.simplifier()
        plain = not any(isinstance(n, (Add, Cases, Reduce, Pow)) for n in subtrees(slope))
        short = slope if plain else simplify(self.network.collapse(slope))
        return simplify.tidy(short)  # type: ignore[no-any-return]

    def _place(self, u: Expr, v: Entry) -> Compare:
        """u = 0 with what has a minus on the right; the entry stands on the left."""
        oriented = terms(product(Number(1 / _weight(u, v)), u))
        left = [t for t in oriented if coefficient(t)[0] > 0 and not isinstance(t, Number)]
        right = [product(MINUS_ONE, t) for t in oriented if t not in left]
        tidy = self.network.simplifier().tidy
        return Compare("==", tidy(total_of(left)), tidy(total_of(right)))

    def _named(self, kink: Kink) -> Kink:
        """The kink with letters that can be written."""
        ends = kink.subdifferential or ()
        at, taken, *below = with_letters((kink.at, kink.taken or ZERO, *ends), self.network.model, self.scope)
        return Kink(at, (below[0], below[1]) if below else None, taken)


def with_letters(shown: tuple[Any, ...], model: Model, scope: frozenset[str]) -> list[Any]:
    """The formulas with letters that can be written in place of fresh ones, none of them in the scope."""
    letters: frozenset[Letter] = frozenset().union(*(e.letters for e in shown))
    taken = set(scope | {letter.name for letter in letters})
    naming: dict[Letter, Any] = {}
    for letter in sorted((n for n in letters if n.name.startswith("\u00b7")), key=lambda n: (len(n.name), n.name)):
        name = letter_for(letter.axis, model, frozenset(taken))
        taken.add(name)
        naming[letter] = Letter(name, letter.axis)
    return [renamed(e, naming) for e in shown]


def _chosen(e: Expr, choices: Choices) -> Expr:
    for node, argument in choices:
        e = put(e, node, argument)
    return e


def _weight(u: Expr, v: Entry) -> Fraction:
    """The number before the first term of u that holds the entry, or an entry of its name."""
    holding = [t for t in terms(u) if v in subtrees(t)] or [t for t in terms(u) if v.name in names(t)]
    return coefficient(holding[0])[0] if holding else Fraction(1)


def _tied(slope: Expr, wanted: frozenset[Letter]) -> dict[Letter, Any]:
    """The letters that Kronecker deltas tie to the wanted ones."""
    found: dict[Letter, Any] = {}
    for n in subtrees(slope):
        if isinstance(n, Delta):
            for one, other in ((n.left, n.right), (n.right, n.left)):
                if isinstance(one, Letter) and one not in wanted and other in wanted:
                    found.setdefault(one, other)
    return found


