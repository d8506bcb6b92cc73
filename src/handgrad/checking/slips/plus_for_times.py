"""S116, a sum for a product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, edit, farther
from handgrad.checking.parts import chunk, chunks
from handgrad.checking.places import product, values
from handgrad.reading.surface import Derivative, Factor, Group, Product, Sum, Surface, Term


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in values(tree):
        if place.within(Derivative) or place.field == "sup":
            continue
        if isinstance(place.node, Sum) and len(place.node.terms) == 1:
            for made, span in _subtracted(place.node.terms[0]):
                yield edit("plus_for_times", place, made, 0.2, "a product stands where a difference belongs", span)
        if isinstance(place.node, Sum):
            for made, span in _multiplied(place.node):
                yield edit("plus_for_times", place, made, -0.5, "a plus stands where a product belongs", span)
        if isinstance(place.node, Product):
            for made, span in _added(place.node):
                grouped = made if place.above is None else Group(span, "(", (made,))
                yield Edit("plus_for_times", place, grouped, span, 0.2 + farther(place), "a product stands where a sum belongs")


def _multiplied(node: Sum) -> Iterator[tuple[Surface, tuple[int, int]]]:
    """Two neighbours in a sum multiplied."""
    for n, (first, second) in enumerate(zip(node.terms, node.terms[1:], strict=False)):
        made = product(first.node, second.node)
        term = Term(first.sign * second.sign, made, (first.span[0], second.span[1]))
        kept = (*node.terms[:n], term, *node.terms[n + 2:])
        yield kept[0].node if len(kept) == 1 and kept[0].sign > 0 else replace(node, terms=kept), term.span


def _subtracted(term: Term) -> Iterator[tuple[Surface, tuple[int, int]]]:
    """A negative product cut in two, the second taken from the first."""
    if term.sign < 0 and isinstance(term.node, Product):
        for made, span in _added(term.node):
            assert isinstance(made, Sum)
            first, second = made.terms
            yield replace(made, terms=(first, replace(second, sign=-1))), span


def _added(node: Product) -> Iterator[tuple[Surface, tuple[int, int]]]:
    """A product cut in two that are added."""
    parts = list(chunks(node))
    for n in range(1, len(parts)):
        cut = parts[n][0]
        if node.factors[cut].operator == "/":
            continue
        first, second = chunk(node, 0, cut), chunk(node, cut, len(node.factors))
        second = replace(second, factors=(Factor("", second.factors[0].node), *second.factors[1:])) if isinstance(second, Product) else second
        yield Sum(node.span, (Term(1, first, first.span), Term(1, second, second.span))), node.span


SLIP = Slip(
    code="S116", kind="plus_for_times", title="a sum for a product", frequency=3,
    looks="Two factors of the chain rule are added, or two terms are multiplied.",
    why="Along one path the derivatives are multiplied; only different paths are added.",
    fine="ab + ac may be written a(b + c).",
    wrong=r"\frac{\partial E}{\partial w} = \frac{\partial E}{\partial h} + \frac{\partial h}{\partial w}",
    right=r"\frac{\partial E}{\partial w} = \frac{\partial E}{\partial h} \frac{\partial h}{\partial w}",
    hint="are these multiplied or added?", edits=_edits, commits=_edits)
