"""What a formula becomes when one factor or one term of it is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.parts import chunk, chunks, key
from handgrad.checking.places import Place, inner, inverse, number, values, without
from handgrad.reading.surface import Derivative, Fraction, Product, Sum, Surface, Term
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Removal:
    """A part left out: the place it was a part of, what is left of that, the part, and whether it stood below a bar."""

    place: Place
    left: Surface
    node: Surface
    under: bool = False


def removals(tree: Surface) -> Iterator[Removal]:
    """The formula without one factor, for every factor of every product and fraction in it; a factor 1 is none."""
    for place in values(tree):
        if not place.within(Derivative) and place.field != "sup":
            yield from (removal for removal in _of(place) if key(removal.node) != "1")


def _of(place: Place) -> Iterator[Removal]:
    match place.node:
        case Product(_, factors):
            for start, end in chunks(place.node):
                yield Removal(place, without(place.node, start, end), chunk(place.node, start, end), factors[start].operator == "/")
        case Fraction(span, top, bottom) if key(top) == "1":
            yield Removal(place, number(span, "1"), place.node)
        case Fraction(_, top, bottom):
            yield Removal(place, top, bottom, under=True)
            if not isinstance(inner(top), Product):
                yield Removal(place, inverse(bottom), top)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A sum without one of its terms: its place, what is left of it, and the term."""

    place: Place
    left: Surface
    term: Term


def shortened(tree: Surface) -> Iterator[Shortened]:
    """The formula without one term, for every sum of two or more in it."""
    for place in values(tree):
        if isinstance(place.node, Sum) and len(place.node.terms) > 1 and not place.within(Derivative):
            for n, term in enumerate(place.node.terms):
                kept = (*place.node.terms[:n], *place.node.terms[n + 1:])
                left = kept[0].node if len(kept) == 1 and kept[0].sign > 0 else replace(place.node, terms=kept)
                yield Shortened(place, left, term)
