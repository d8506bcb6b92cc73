"""What somebody who slips makes of a derivation: variants of its tree, each with the kind of the slip and what is to be said of it.

Everything is generic: a term or a factor less, another sign, the diagonal for the sum, a branch less, the derivative by a name on the way
instead of by what was asked. Which variant is true is for the one who compares their values with the code's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from handgrad.checking.code.truth import Truth, Wanted
from handgrad.document import Inline
from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Cases,
    Compare,
    Derivative,
    Entry,
    Expr,
    Index,
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
    parts,
    quotient,
    rebuilt,
)
from handgrad.records import dataclass
from handgrad.trees import bind, instantiate, opened, renamed, replaced, subtrees

MOST_FIRST, MOST_PAIRS = 40, 2000       # of two slips at once: so many are tried for the first one, and so many pairs in all


@dataclass(frozen=True, slots=True)
class Suspect:
    """A slip that may have been made: its kind, what it says, the tree that it leads to, and how unlikely it is."""

    kind: str
    said: Inline
    tree: Expr
    cost: float


def suspects(wanted: Wanted, truth: Truth) -> list[Suspect]:
    """What may have been slipped in one gradient, the likeliest first, each tree once."""
    tree = inlined(wanted.tree, truth)
    expanded = spread(tree)
    found = [*_whole(tree, wanted, truth), *_inner(wanted, truth)]
    for depth, form in enumerate(dict.fromkeys((tree, expanded))):
        place = _Place(wanted, truth, form)
        found += [Suspect(s.kind, s.said, s.tree, s.cost + 0.1 * depth) for s in place.variants()]
    seen = {wanted.tree, tree, expanded}
    kept: list[Suspect] = []
    for suspect in sorted(found, key=lambda s: s.cost):
        if suspect.tree not in seen:
            seen.add(suspect.tree)
            kept.append(suspect)
    return kept


def pairs(wanted: Wanted, truth: Truth) -> list[tuple[Suspect, Suspect, Expr]]:
    """Two slips at once and the tree that both lead to, the likeliest first, each tree once; the second is made in what the first one leaves."""
    single = suspects(wanted, truth)
    seen = {wanted.tree, *(s.tree for s in single)}
    found: list[tuple[Suspect, Suspect, Expr]] = []
    for first in single[:MOST_FIRST]:
        for second in suspects(replace(wanted, tree=first.tree), truth):
            if second.kind != "inner_derivative" and second.tree not in seen:
                seen.add(second.tree)
                found.append((first, second, second.tree))
    return sorted(found, key=lambda pair: pair[0].cost + pair[1].cost)[:MOST_PAIRS]


def inlined(tree: Any, truth: Truth) -> Any:
    """The tree with the definitions that the derivation brought put in: what a person wrote is over the names of the model."""
    own = {d.name: d for derivation in truth.derivations for d in derivation.where}
    if not own:
        return tree

    def walk(node: Any) -> Any:
        match node:
            case Entry(name, indices) if name in own:
                return walk(own[name].at(tuple(walk(i) for i in indices)))
            case Reduce(kind, axis, _):
                letter, below = opened(node)
                return Reduce(kind, axis, tuple(bind(walk(b), letter) for b in below))
            case VectorCall(kind, axis, _, at):
                letter, inner = opened(node)
                return VectorCall(kind, axis, bind(walk(inner), letter), walk(at))
            case _:
                return rebuilt(node, walk, walk)

    return walk(tree)


def spread(tree: Any) -> Any:
    """The tree with products of sums multiplied out, so that what stands in front of a bracket stands in each of its terms."""

    def walk(node: Any) -> Any:
        node = rebuilt(node, walk, walk)
        if isinstance(node, Mul):
            n = next((k for k, f in enumerate(node.factors) if isinstance(f, Add)), None)
            if n is not None:
                before, after = node.factors[:n], node.factors[n + 1:]
                return walk(add(*(mul(*before, term, *after) for term in node.factors[n].terms)))  # type: ignore[attr-defined]
        return node

    return walk(tree)


# ---------------------------------------------------------------- the whole


def _whole(tree: Expr, wanted: Wanted, truth: Truth) -> Iterator[Suspect]:
    yield Suspect("sign", ("the whole has the wrong sign",), negative(tree), 0.5)
    axes = dict.fromkeys(axis for slots in truth.model.tensors.values() for axis in slots)
    for axis in axes:
        size = Size(axis)
        letters = {letter.axis for letter in wanted.letters}
        cost = 0.8 if axis in letters else 1.0
        yield Suspect("missing_mean", ("the division by ", size, " is missing"), mul(size, tree), cost)
        yield Suspect("extra_factor", ("it is divided by ", size, ", and nothing asks for that"), mul(Pow(size, MINUS_ONE), tree), cost)
    yield Suspect("missing_factor", ("the factor ½ is missing",), mul(TWO, tree), 1.2)
    yield Suspect("missing_factor", ("the factor 2 is missing",), mul(HALF, tree), 1.1)
    if truth.cotangent is not None:
        name = truth.cotangent.name
        without = replaced(tree, lambda n: ONE if isinstance(n, Entry) and n.name == name else None)
        yield Suspect("missing_factor", ("the upstream cotangent ", truth.cotangent, " is missing"), without, 0.4)
    for operator in (">", ">=") if any(isinstance(n, Call) and n.function == "sign" for n in subtrees(tree)) else ():
        yield Suspect("missing_branch", ("the case of a tie is missing: a sign is taken for 1 or −1 alone",), replaced(tree, _two_sided(operator)), 0.25)
    for one, other in ((a, b) for a in wanted.letters for b in wanted.letters if a.name < b.name and a.axis is b.axis):
        yield Suspect("transposed", ("it is transposed",), renamed(tree, {one: other, other: one}), 0.9)
    for entry in _entries(wanted, truth):
        yield Suspect("extra_factor", ("the factor ", entry, " is too many"), mul(entry, tree), 2.0)
        yield Suspect("missing_factor", ("the factor ", entry, " is missing"), quotient(tree, entry), 2.2)


def _two_sided(operator: str) -> Callable[[Any], Any]:
    """Signs without their 0."""
    def change(node: Any) -> Any:
        if not (isinstance(node, Call) and node.function == "sign"):
            return None
        u = node.arguments[0]
        return Cases(((ONE, Compare(operator, u, ZERO)),), MINUS_ONE)
    return change


def _entries(wanted: Wanted, truth: Truth) -> Iterator[Entry]:
    """The entries that belong to one entry of the gradient: of every tensor that has no other axes."""
    for name, axes in truth.model.tensors.items():
        chosen = [next((letter for letter in wanted.letters if letter.axis is axis), None) for axis in axes]
        if None not in chosen and name != wanted.of.name and len(set(chosen)) == len(chosen):
            yield Entry(name, tuple(letter for letter in chosen if letter is not None))


def _inner(wanted: Wanted, truth: Truth) -> Iterator[Suspect]:
    """The derivative by a name on the way, which lacks what that name contributes."""
    slots = tuple(letter.axis for letter in wanted.letters)
    for name, definition in truth.model.definitions.items():
        own = tuple(letter.axis for letter in definition.letters)
        known = any(d.name == name for derivation in truth.derivations for d in derivation.where)
        if own == slots and name != wanted.of.name and not known:
            by = Entry(name, wanted.letters)
            inner = Derivative(by, (Entry(wanted.name, wanted.letters),))
            yield Suspect("inner_derivative", ("the inner derivative ", inner, *_told(definition, wanted), " is missing"),
                          Derivative(wanted.of, (by,) * wanted.order), 0.6)


def _told(definition: Any, wanted: Wanted) -> Inline:
    """What the derivative of a function of one name is, where it can be said in that name: p (1 − p)."""
    p = Entry(definition.name, wanted.letters)
    body = definition.body
    calls = {n.function for n in subtrees(body) if isinstance(n, Call)}
    if isinstance(body, Call) and body.function == "sigmoid" or calls == {"exp"} and isinstance(body, Pow) and body.exponent is MINUS_ONE:
        return (" = ", mul(p, add(ONE, negative(p))))
    return (" = ", add(ONE, negative(Pow(p, TWO)))) if isinstance(body, Call) and body.function == "tanh" else ()


# ---------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class _Place:
    """One form of the result, in which every place is varied."""

    wanted: Wanted
    truth: Truth
    tree: Expr

    def variants(self) -> Iterator[Suspect]:
        """The result with one place varied."""
        yield from self._below(self.tree, lambda new: new, 0)

    def _below(self, node: Any, put: Any, depth: int) -> Iterator[Suspect]:
        for kind, new, said, cost in self._local(node, put):
            yield Suspect(kind, said, put(new), cost + 0.05 * depth)
        for number, (child, _) in enumerate(parts(node)):
            if isinstance(child, Expr):
                yield from self._below(child, lambda new, n=number: put(_with(node, n, new)), depth + 1)

    def _local(self, node: Any, put: Any) -> Iterator[tuple[str, Expr, Inline, float]]:
        match node:
            case Add(terms):
                yield from self._terms(terms, put)
            case Mul(factors):
                yield from self._factors(factors)
            case Reduce(kind, axis, (body,)) if kind in ("sum", "mean"):
                yield from self._reduced(node, kind, axis, body)
            case Pow(base, Number(value)) if value not in (1, -1):
                yield "power_rule", base, ("the exponent of ", *_shown(base, "a power"), " is another"), 1.4
            case Entry(name, indices):
                yield from self._entry(name, indices)
            case Call("sign", (u,)):
                yield "missing_branch", Cases(((ONE, Compare(">", u, ZERO)),), MINUS_ONE), ("the case ", *_tie(u), " is missing"), 0.3
                yield "missing_branch", Cases(((ONE, Compare(">=", u, ZERO)),), MINUS_ONE), ("the case ", *_tie(u), " is missing"), 0.3
            case Call(_, (u,)) if not isinstance(u, Number):
                yield "wrong_function", u, ("the function of ", *_shown(u, "its argument"), " is missing"), 1.6
            case Cases(branches, otherwise):
                for number, (branch, condition) in enumerate(branches):
                    left = branches[:number] + branches[number + 1:]
                    said = ("the branch for ", *_shown(condition, "a condition"), " is missing")
                    yield "missing_branch", Cases(left, otherwise) if left else otherwise, said, 0.6
                    yield "missing_branch", branch, ("the branches beside ", *_shown(condition, "a condition"), " are missing"), 0.7

    def _terms(self, terms: Sequence[Expr], put: Any) -> Iterator[tuple[str, Expr, Inline, float]]:
        for number, term in enumerate(terms):
            rest = add(*terms[:number], *terms[number + 1:])
            missing = put(term)
            yield "dropped_term", rest, ("the term ", missing, " is missing"), 0.3
            turned = add(*terms[:number], negative(term), *terms[number + 1:])
            yield "sign", turned, ("the sign of the term ", missing, " is wrong"), 0.5

    def _factors(self, factors: Sequence[Expr]) -> Iterator[tuple[str, Expr, Inline, float]]:
        cotangent = self.truth.cotangent
        for number, factor in enumerate(factors):
            rest = mul(*factors[:number], *factors[number + 1:])
            where: Inline = (" in the term ", mul(*factors)) if not mul(*factors).loose else ()
            if cotangent is not None and isinstance(factor, Entry) and factor.name == cotangent.name:
                yield "missing_factor", rest, ("the upstream cotangent ", cotangent, " is missing", *where), 0.35
            elif factor is MINUS_ONE:
                yield "sign", rest, ("the sign is wrong", *where), 0.6
            elif any(isinstance(n, Size) for n in subtrees(factor)) or isinstance(factor, Number) and factor.value.numerator == 1:
                kind = "missing_mean" if not isinstance(factor, Number) else "missing_factor"
                yield kind, rest, ("the factor ", *_shown(factor, "1/size"), " is missing"), 0.7
            else:
                yield "missing_factor", rest, ("the factor ", *_shown(factor, "of a product"), " is missing"), 0.8
        if len(factors) == 2 and MINUS_ONE not in factors:
            yield "plus_for_times", add(*factors), ("a sum stands for the product ", *_shown(mul(*factors), "")), 1.8

    def _reduced(self, node: Reduce, kind: str, axis: Any, body: Expr) -> Iterator[tuple[str, Expr, Inline, float]]:
        shown = _shown(node, "a sum")
        for letter in self.wanted.letters:
            if letter.axis is axis:
                yield "diagonal_only", instantiate(body, letter), ("only the diagonal: of ", *shown, " one term alone is taken"), 0.35
        if kind == "mean":
            yield "missing_mean", Reduce("sum", axis, (body,)), ("the division by ", Size(axis), " in ", *shown, " is missing"), 0.5
        else:
            yield "extra_factor", Reduce("mean", axis, (body,)), ("a mean is taken for the sum ", *shown), 0.9

    def _entry(self, name: str, indices: tuple[Index, ...]) -> Iterator[tuple[str, Expr, Inline, float]]:
        cotangent = self.truth.cotangent
        if cotangent is not None and name == cotangent.name:
            yield "missing_factor", ONE, ("the upstream cotangent ", cotangent, " is missing in one term"), 0.5
        definition = self.truth.model.definitions.get(name)
        if definition is None or any(not isinstance(i, Letter) for i in indices):
            return
        body = definition.at(indices)
        inner = body.arguments[0] if isinstance(body, Call) and len(body.arguments) == 1 else None
        if inner is not None:
            yield "pre_activation", inner, ("before and after the activation are mixed up: ", Entry(name, indices), " belongs there"), 0.9


def _with(node: Any, number: int, new: Any) -> Any:
    """The node with another part in one place."""
    place = iter(range(len(parts(node))))

    def put_in(part: Any) -> Any:
        return new if next(place) == number else part

    return rebuilt(node, put_in, put_in)


def _shown(node: Any, otherwise: str) -> Inline:
    """The formula, or words where it holds an index that is bound outside of it."""
    return (node,) if not node.loose else (otherwise,)


def _tie(u: Expr) -> Inline:
    return (Compare("==", u, ZERO),) if not u.loose else ("of a tie",)
