"""S101, a wrong sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, farther, ratio
from handgrad.checking.places import Place, inner, negative, scaled
from handgrad.reading.surface import Applied, Decimal, Derivative, Group, Product, Scripted, Sum, Surface, walk


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in scaled(tree):
        if isinstance(inner(place.node), Decimal) and place.within(Scripted):
            continue            # the sign of an exponent that is a number is a matter of the power rule
        yield Edit("sign", *_flipped(place), place.node.span, _cost(place, context), _message(place, tree, context))


def _flipped(place: Place) -> tuple[Place, Surface]:
    """Where the sign of the place stands and what is there when it is turned round: its own sign in a sum."""
    above = place.above
    if above is None or not isinstance(above.node, Sum):
        return place, negative(place.node)
    n = place.at[0]
    terms = above.node.terms
    return above, replace(above.node, terms=(*terms[:n], replace(terms[n], sign=-terms[n].sign), *terms[n + 1:]))


def _cost(place: Place, context: Context) -> float:
    first = place.above is not None and isinstance(place.above.node, Sum) and place.at[0] == 0
    inside = 0.7 if place.within((Applied, Scripted)) else 0.0
    return farther(place) + inside + (0.3 if first else 0.0)


def _message(place: Place, tree: Surface, context: Context) -> str:
    if place.above is not None:
        return "sign: the sign of this " + ("exponent" if place.within(Scripted) else "term") + " is wrong"
    if context.numeric and isinstance(inner(tree), (Decimal, Sum)):
        return "sign: the value has the wrong sign"
    said = "the chain rule has no minus" if _is_chain(tree) and isinstance(tree, Sum) else "the whole has the wrong sign"
    return f"sign: {said}{ratio(place, context, '−1')}"


def _is_chain(tree: Surface) -> bool:
    """Whether a formula multiplies two derivatives, as the chain rule does."""
    return any(isinstance(node, Product) and sum(isinstance(inner(f.node), Derivative) for f in node.factors) > 1 and _no_numbers(node)
               for node in walk(tree))


def _no_numbers(node: Product) -> bool:
    return not any(isinstance(inner(f.node), (Decimal, Group)) for f in node.factors)


SLIP = Slip(
    code="S101", kind="sign", title="a wrong sign", frequency=22,
    looks="A minus is lost or appears: in front of the whole, of one term, or in an exponent.",
    why="The derivative of y − ŷ by ŷ is −1, that of e^−x is −e^−x, and the quotient rule subtracts; a minus that is not carried to the next line "
        "turns the gradient round, and descent climbs.",
    fine="(y − ŷ)·(−1) and ŷ − y are the same, and −(a − b) is b − a: a sign that moves into brackets is no slip.",
    wrong=r"\frac{\partial J}{\partial w} = -\sum_{i} \frac{\partial J}{\partial \hat{y}_i} \frac{\partial \hat{y}_i}{\partial w}",
    right=r"\frac{\partial J}{\partial w} = \sum_{i} \frac{\partial J}{\partial \hat{y}_i} \frac{\partial \hat{y}_i}{\partial w}",
    hint="look at the sign", edits=_edits, commits=_edits)
