"""Boundaries: where a definition by cases may bend, what it is on each side, and what becomes of a formula on the boundary itself.

A boundary is a canonical u without a number before it, the place u = 0. It comes from the condition of a case, from `max`, `min`, `abs`
or `sign`; a reduction `max` or `min` stands for the ties of its entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

from handgrad import catalogue
from handgrad.axes import Function
from handgrad.catalogue import elementary
from handgrad.derivation.network import Network
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Abstract,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Entry,
    Expr,
    Letter,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Slice,
    VectorCall,
    parts,
)
from handgrad.records import dataclass
from handgrad.rules.algebra import power, product, total, total_of
from handgrad.rules.canonical import canonical
from handgrad.rules.ratio import ratio
from handgrad.rules.relations import rewritten
from handgrad.rules.shapes import COMPARE, coefficient, factors, terms
from handgrad.trees import opened, replaced, subtrees

BENDS = frozenset(("max", "min", "abs", "sign", "clip"))
TRUE, FALSE = Compare(">", ONE, ZERO), Compare(">", ZERO, ONE)
VARIABLE = Entry("\u00b7v", ())               # that by which a slope is taken
SIGN = Entry("\u00b7sign", ())                # 1 or -1, where abs(w) is solved for


@dataclass(frozen=True, slots=True)
class Site:
    """A boundary, or a reduction with its ties, and the part of the definition that bends there: all below the innermost index of u.

    `weight` is the slope of the whole definition by the part.
    """

    boundary: Expr
    part: Expr
    weight: Expr


Chain = tuple[tuple[Letter | None, Any, Expr], ...]      # the binders above a node: letter, what stands below, its weight


def spread(network: Network, e: Expr) -> Expr:
    """The expression with the functions that are defined by cases written out."""
    if not any(isinstance(n, (Call, Reduce)) and definition_by_cases(_called(n)) for n in subtrees(e)):
        return e

    def change(node: object) -> object:
        if isinstance(node, (Call, Reduce)) and (definition := definition_by_cases(_called(node))) is not None:
            at = definition.at(node.arguments) if isinstance(node, Call) else definition.at(node.arguments, node.axis)
            return spread(network, network.collapse(canonical(at)))
        return None

    return rewritten(e, change, network.collapse)


def _called(node: Call | Reduce) -> str:
    return node.function if isinstance(node, Call) else node.kind


def definition_by_cases(name: str) -> Function | None:
    """The definition of a function of the catalogue that bends, None for any other."""
    function = elementary.definition("clip") if name == "clip" else catalogue.functions().get(name)
    return function if function is not None and _bends(function) else None


@lru_cache(maxsize=512)
def _bends(function: Function) -> bool:
    below = [n for n in subtrees(function.body) if isinstance(n, (Cases, Call, Reduce))]
    return any(isinstance(n, Cases) or _called(n) in BENDS or definition_by_cases(_called(n)) is not None for n in below)


def sites(body: Expr, network: Network) -> Iterator[Site]:
    """The boundaries in a canonical expression, each with the part that bends there."""
    yield from _sites(body, ((None, body, ONE),), set(), network)


def _sites(node: Any, chain: Chain, seen: set[Node], network: Network) -> Iterator[Site]:
    if node in seen:
        return
    seen.add(node)
    for u in _boundaries(node):
        _, part, weight = next((link for link in reversed(chain) if link[0] in u.letters), chain[0])
        if isinstance(part, Expr):
            yield Site(u, part, weight)
    if isinstance(node, (Reduce, VectorCall, Slice)):
        letter, bodies = opened(node)
        for below in bodies if isinstance(bodies, tuple) else (bodies,):
            yield from _sites(below, (*chain, (letter, below, _weight(node, chain[-1], network))), set(), network)
    else:
        for child, _ in parts(node):
            yield from _sites(child, chain, seen, network)


def _weight(node: Any, above: tuple[Letter | None, Any, Expr], network: Network) -> Expr:
    """The slope of the definition by one term of a sum in it; below other binders it starts anew."""
    _, whole, weight = above
    if not (isinstance(node, Reduce) and node.kind == "sum" and isinstance(whole, Expr)):
        return ONE
    outer = put(network.differentiate(put(whole, node, VARIABLE), VARIABLE), VARIABLE, node)
    return product(weight, outer) if outer is not ZERO else ONE


def _boundaries(node: Any) -> Iterator[Expr]:
    match node:
        case Cases(branches, _):
            for _, condition in branches:
                yield from (coefficient(c.left)[1] for c in _comparisons(condition))
        case Call("max" | "min", below):
            yield from (coefficient(total(a, product(MINUS_ONE, b)))[1] for n, a in enumerate(below) for b in below[n + 1 :])
        case Call("abs" | "sign", (u,)):
            yield coefficient(u)[1]
        case Reduce("max" | "min", _, _):
            yield node


def _comparisons(condition: Condition) -> Iterator[Compare]:
    match condition:
        case Compare():
            yield condition
        case And(below) | Or(below):
            for c in below:
                yield from _comparisons(c)
        case Not(c):
            yield from _comparisons(c)


# ---------------------------------------------------------------- beside it and on it


def beside(e: Expr, u: Expr, sign: int, network: Network) -> Expr:
    """The expression where u has the sign: 1, -1, or 0 on the boundary itself."""
    def side(w: Expr) -> Fraction | None:
        c, rest = coefficient(w)
        return c * sign if rest is u else None

    def change(node: Any) -> Any:
        match node:
            case Compare(operator, left, right) if right is ZERO and (there := side(left)) is not None:
                return TRUE if COMPARE[operator](there, 0) else FALSE
            case Call("abs", (w,)) if (there := side(w)) is not None:
                return product(Number(Fraction((there > 0) - (there < 0))), w)
            case Call("sign", (w,)) if (there := side(w)) is not None:
                return Number(Fraction((there > 0) - (there < 0)))
            case Call("max" | "min" as name, below):
                return _extreme(name, below, side)
            case And() | Or() | Not():
                return _decided(node)
        return None

    return rewritten(e, change, network.collapse)


def _decided(condition: And | Or | Not) -> Condition:
    """The condition without those parts of it that are true or false."""
    if isinstance(condition, Not):
        return FALSE if condition.condition is TRUE else TRUE if condition.condition is FALSE else condition
    neutral, final = (TRUE, FALSE) if isinstance(condition, And) else (FALSE, TRUE)
    kept = tuple(c for c in condition.conditions if c is not neutral)
    return final if final in kept else neutral if not kept else kept[0] if len(kept) == 1 else type(condition)(kept)


def undefined(e: Expr, u: Expr) -> bool:
    """Whether something in the expression has no finite value or slope on the boundary: a quotient by 0, a logarithm or a root of 0."""
    for n in subtrees(e):
        if isinstance(n, Pow) and not (isinstance(n.exponent, Number) and n.exponent.value >= 1):
            inner = n.base
        elif isinstance(n, Call) and n.function == "log":
            inner = n.arguments[0]
        else:
            continue
        if coefficient(inner)[1] is u or any(put(inner, atom, value) is ZERO for atom, value in solutions(u)):
            return True
    return False


def _extreme(name: str, below: tuple[Expr, ...], side: Any) -> Expr | None:
    """The greatest or least without the arguments that another one beats on this side; of equal ones the first stays."""
    lost: set[Expr] = set()
    for n, a in enumerate(below):
        for b in below[n + 1 :]:
            gap = side(total(a, product(MINUS_ONE, b)))
            if gap is not None:
                lost.add(b if (gap >= 0) == (name == "max") or gap == 0 else a)
    kept = tuple(a for a in below if a not in lost)
    return None if not lost else kept[0] if len(kept) == 1 else Call(name, kept)


def solutions(u: Expr, first: Expr | None = None) -> list[tuple[Expr, Expr]]:
    """Atoms that stand linearly in u, each with the value that makes u zero; the wanted one first."""
    found: list[tuple[Expr, Expr]] = []
    for t in terms(u):
        for atom in factors(coefficient(t)[1]):
            if not isinstance(atom, (Entry, Call, Reduce, Abstract)):
                continue
            rest = total_of(o for o in terms(u) if o is not t)
            weight = product(t, power(atom, MINUS_ONE))
            if atom not in set(subtrees(rest)) | set(subtrees(weight)):
                found.append((atom, product(MINUS_ONE, rest, power(weight, MINUS_ONE))))
    return sorted(found, key=lambda pair: (pair[0] is not first, not isinstance(pair[0], Entry)))


def put(e: Expr, atom: Expr, value: Expr) -> Expr:
    """The expression with the value for the atom."""
    return canonical(replaced(e, lambda n: value if n is atom else None))  # type: ignore[no-any-return]


def vanishes(e: Expr, u: Expr) -> bool:
    """Whether the expression is evidently zero wherever u is."""
    e = canonical(replaced(e, _without_sign))
    return _is_zero(e) or any(_is_zero(_solved(e, atom, value)) for atom, value in solutions(u)) or _divides(u, e)


def _without_sign(node: object) -> Expr | None:
    """sign(w) as w/abs(w)."""
    if isinstance(node, Call) and node.function == "sign":
        return product(node.arguments[0], power(Call("abs", node.arguments), MINUS_ONE))
    return None


def _solved(e: Expr, atom: Expr, value: Expr) -> Expr:
    """The expression on the boundary; where abs(w) is solved for, w is that value with either sign."""
    if not (isinstance(atom, Call) and atom.function == "abs"):
        return put(e, atom, value)
    e = put(e, atom, value)
    (w,) = atom.arguments
    for inner, rest in solutions(total(w, product(MINUS_ONE, SIGN, value))):
        if isinstance(inner, Entry) and inner is not SIGN:
            return put(e, inner, rest)
    return e


def _is_zero(e: Expr) -> bool:
    r = ratio(e, extra=(SIGN,))
    if r is None:
        return e is ZERO
    return not r.numerator % (r.atoms.generator(SIGN) ** 2 - 1)


def _divides(u: Expr, e: Expr) -> bool:
    """Whether the numerator of the expression is a multiple of u."""
    both = ratio(e, extra=tuple(n for n in subtrees(u) if isinstance(n, (Entry, Call, Reduce))))
    over = ratio(u, extra=tuple(both.atoms.atoms)) if both is not None else None
    if both is None or over is None:
        return False
    swapped = ratio(e, extra=tuple(over.atoms.atoms))
    if swapped is None or swapped.atoms.atoms != over.atoms.atoms or not len(over.numerator):
        return False
    return not swapped.numerator % over.numerator
