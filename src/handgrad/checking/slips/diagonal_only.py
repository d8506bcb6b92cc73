"""S111, only a part of a Jacobian."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from handgrad.checking.edits import Context, Edit, Slip, edit, farther
from handgrad.checking.naming import letter_of
from handgrad.checking.parts import key, relettered
from handgrad.checking.places import Place, bracketed, everywhere, inner, product, values
from handgrad.reading.surface import Applied, Big, Derivative, Factor, Group, Product, Scripted, Sum, Surface, Symbol, Term


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in values(tree):
        if isinstance(place.node, Product):
            yield from _chained(place, context)
            yield from _diagonal(place, context)
            yield from _rest(place, context)
        yield from _matrix(place)
    yield from _delta(tree)


def _letter(node: Surface) -> str | None:
    return letter_of(node.sub[-1]) if isinstance(node, Scripted) and node.sub and node.sup is None else None


def _chained(place: Place, context: Context) -> Iterator[Edit]:
    """`∂L/∂s_i · ∂s_i/∂z_i` where the sum over all `s_k` belongs: every one of them depends on `z_i`."""
    assert isinstance(place.node, Product)
    factors = place.node.factors
    for n, (first, second) in enumerate(pairwise(factors)):
        outer, within = first.node, second.node
        if not (isinstance(outer, Derivative) and isinstance(within, Derivative) and len(outer.by) == 1 and key(outer.by[0]) == key(within.body)):
            continue
        letter = _letter(outer.by[0])
        new = next((x for x in "kmjlp" if x not in context.letters and x != letter), None)
        if letter is None or new is None:
            continue
        moved = (Factor(first.operator, replace(outer, by=(relettered(outer.by[0], letter, new),))),
                 Factor(second.operator, replace(within, body=relettered(within.body, letter, new))))
        rest = (*factors[:n], *moved, *factors[n + 2:])
        summed = Big(place.node.span, "sum", (Symbol(place.node.span, new),), None, None, None, replace(place.node, factors=rest))
        yield edit("diagonal_only", place, summed, -0.5, f"the chain rule sums over all entries: those with {new} ≠ {letter} are missing", place.node.span)


def _diagonal(place: Place, context: Context) -> Iterator[Edit]:
    """`s_i (1 − s_i)` where `s_i (δ_ij − s_j)` belongs."""
    assert isinstance(place.node, Product)
    factors = place.node.factors
    for n, factor in enumerate(factors):
        body = inner(factor.node)
        if not (isinstance(body, Sum) and len(body.terms) == 2 and key(body.terms[0].node) == "1" and body.terms[1].sign < 0):
            continue
        own = body.terms[1].node
        letter = _letter(own)
        if letter is None:
            continue
        for new in (x for x in context.letters if x != letter):
            for kept, moved in ((letter, new), (new, letter)):
                made = _joined(relettered(own, letter, moved), letter, new)
                changed = [Factor(f.operator, made if m == n else relettered(f.node, letter, kept) if key(f.node) == key(own) else f.node)
                           for m, f in enumerate(factors)]
                yield Edit("diagonal_only", place, Product(place.node.span, tuple(changed)), factor.node.span, farther(place) + (kept != letter) * 0.2,
                           f"only the diagonal of the Jacobian: the entries with {letter} ≠ {new} are missing")


def _joined(own: Surface, first: str, second: str) -> Surface:
    """`(δ_ij − s_j)` of s_j."""
    span = own.span
    delta = Scripted(span, Symbol(span, "delta"), (Symbol(span, first), Symbol(span, second)))
    return Group(span, "(", (Sum(span, (Term(1, delta, span), Term(-1, own, span))),))


def _rest(place: Place, context: Context) -> Iterator[Edit]:
    """`s_i s_j` where `s_i (s_j − δ_ij)` belongs: the case i = j is missing."""
    assert isinstance(place.node, Product)
    factors = place.node.factors
    for n, factor in enumerate(factors):
        for m, other in enumerate(factors):
            first, second = _letter(factor.node), _letter(other.node)
            if n == m or first is None or second is None or first == second or key(relettered(other.node, second, first)) != key(factor.node):
                continue
            span = other.node.span
            made = _joined(other.node, first, second)
            assert isinstance(made, Group) and isinstance(made.items[0], Sum)
            delta, own = made.items[0].terms
            turned = Group(span, "(", (Sum(span, (Term(1, own.node, span), Term(-1, delta.node, span))),))
            changed = tuple(Factor(f.operator, turned if k == m else f.node) for k, f in enumerate(factors))
            yield edit("diagonal_only", place, Product(place.node.span, changed), 0.2,
                       f"a part of the Jacobian alone: the case {first} = {second} is missing", span)


def _matrix(place: Place) -> Iterator[Edit]:
    """`diag(s)` where `diag(s) − s sᵀ` belongs."""
    node = place.node
    if isinstance(node, Applied) and isinstance(node.function, Symbol) and node.function.name == "diag" and len(node.arguments) == 1:
        span, own = node.span, bracketed(inner(node.arguments[0]))
        turned = Scripted(span, own, (), Symbol(span, "T")) if not isinstance(own, Scripted) else Scripted(span, own.base, own.sub, Symbol(span, "T"))
        made = Sum(span, (Term(1, node, span), Term(-1, product(own, turned), span)))
        yield edit("diagonal_only", place, bracketed(made), 0.0, "only the diagonal of the Jacobian: the outer product is missing")


def _delta(tree: Surface) -> Iterator[Edit]:
    """A 1 where the Kronecker delta belongs: `s_i (1 − s_j)`."""
    for place in everywhere(tree):
        above = place.above
        if key(place.node) != "1" or above is None or not isinstance(above.node, Sum) or len(above.node.terms) != 2 or above.above is None:
            continue
        second = _letter(above.node.terms[1].node)
        for first in sorted({x for x in (_letter(p.node) for p in everywhere(tree)) if x is not None and x != second}):
            if second is not None:
                delta = Scripted(place.node.span, Symbol(place.node.span, "delta"), (Symbol((0, 0), first), Symbol((0, 0), second)))
                yield Edit("diagonal_only", place, delta, place.node.span, 0.3, f"a 1 stands where δ with {first} and {second} belongs")


SLIP = Slip(
    code="S111", kind="diagonal_only", title="only a part of a Jacobian", frequency=4,
    looks="The softmax is differentiated as if each output depended on its own input alone: s(1 − s), without the −sᵢsⱼ; or the case i = j is left out.",
    why="Each output of a softmax depends on every input, by the sum below: ∂sᵢ/∂aⱼ = sᵢ(δᵢⱼ − sⱼ).",
    fine="s(1 − s) is right where the line says that i = j, and for functions that are taken entry by entry.",
    wrong=r"\frac{\partial s_i}{\partial a_j} = s_i (1 - s_i)",
    right=r"\frac{\partial s_i}{\partial a_j} = s_i (\delta_{ij} - s_j)",
    hint="does the output depend on the other inputs too?", edits=_edits)
