"""S106, the power rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, edit, farther, ratio
from handgrad.checking.parts import key, powered
from handgrad.checking.places import Place, inner, innermost, is_name, multiplied, number, scaled, values
from handgrad.checking.removals import removals
from handgrad.reading.surface import Bars, Decimal, Derivative, Factor, Fraction, Group, Nabla, Product, Scripted, Sum, Surface, Term, walk

HIGHEST = 4


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    halved = any(_is_half(node) for node in walk(tree))
    squared = any(_exponent(node) == 2 for known in (*context.known, tree) for node in walk(known))
    likely = 0.0 if halved else 0.3 if squared else 1.3
    for place in scaled(tree):
        if isinstance(inner(place.node), Decimal) and (place.within(Scripted) or place.above is not None):
            continue
        for n in (2, 3):
            cost = likely + (0.0 if n == 2 else 1.5) + farther(place)
            said = f"the {n} of the power rule is missing{ratio(place, context, '½' if n == 2 else '⅓')}"
            yield Edit("power_rule", *_doubled(place, n), place.node.span, cost, said)
    for place in values(tree):
        yield from _exponents(place)


def _doubled(place: Place, n: int) -> tuple[Place, Surface]:
    """Where a factor n goes, and what then stands there: behind the ½ that cancels it if there is one, else in front."""
    aim = innermost(place)
    own = number(place.node.span, str(n))
    if isinstance(aim.node, Product) and _is_half(aim.node.factors[0].node):
        return aim, replace(aim.node, factors=(aim.node.factors[0], Factor("*", own), *aim.node.factors[1:]))
    return place, multiplied(place.node, own, front=True)


def _is_half(node: Surface) -> bool:
    return isinstance(node, Fraction) and key(node.denominator) == "2" or isinstance(node, Decimal) and node.text in ("0.5", ".5")


def _exponent(node: Surface) -> int | None:
    sup = inner(node.sup) if isinstance(node, Scripted) and node.sup is not None else None
    return int(sup.text) if isinstance(sup, Decimal) and sup.text.isdigit() and len(sup.text) < 3 else None


def _exponents(place: Place) -> Iterator[Edit]:
    """The exponent one lower or higher, and the one lower with the old one in front."""
    n = _exponent(place.node)
    if _may_be_squared(place):
        yield edit("power_rule", place, powered(place.node, number(place.node.span, "2")), 0.8, "the square is missing")
    if n is None or not isinstance(place.node, Scripted):
        return
    node = place.node
    base = node.base if not node.sub and not node.primes else Scripted(node.span, node.base, node.sub, None, node.primes)
    for power, cost in ((n - 1, 0.2), (n + 1, 0.7), (n - 2, 1.2), (n + 2, 1.6)):
        if 0 < power <= HIGHEST + n:
            made = base if power == 1 else powered(base, number(node.span, str(power)))
            yield edit("power_rule", place, made, cost, f"the exponent {n} is wrong: {power} belongs there")
            if power == n - 1:
                yield edit("power_rule", place, multiplied(made, number(node.span, str(n)), front=True), 0.1,
                           f"the power rule: u to the power {n} has the derivative {n}u" + (f" to the power {power}" if power > 1 else ""))


def _may_be_squared(place: Place) -> bool:
    """Whether a square may be missing: of a difference or a sum in brackets, of bars, or of a name."""
    if isinstance(place.above and place.above.node, Scripted):
        return False
    node = place.node
    return isinstance(node, Bars) or is_name(node) and not isinstance(node, (Derivative, Nabla)) or isinstance(node, Group) and len(node.items) == 1 \
        and isinstance(node.items[0], Sum) and len(node.items[0].terms) > 1


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for removal in removals(tree):
        if isinstance(inner(removal.node), Decimal) and key(removal.node) in ("2", "3") and not removal.under:
            yield Edit("power_rule", removal.place, removal.left, removal.node.span, farther(removal.place),
                       f"the {key(removal.node)} of the power rule is left out")
    for place in values(tree):
        if _exponent(place.node) == 2 and isinstance(place.node, Scripted):
            base = place.node.base
            yield edit("power_rule", place, base, 0.5, "the square is left out")
            yield edit("power_rule", place, multiplied(base, number(place.node.span, "2"), front=True), 0.6, "doubled instead of squared")
    for place in scaled(tree):
        body = place.node
        if place.above is None and isinstance(body, (Group, Sum)) and _is_difference(body):
            yield Edit("power_rule", Place(tree), powered(Group(body.span, "(", (inner(body),)), number(body.span, "2")), body.span, 0.8,
                       "the exponent is not lowered")


def _is_difference(node: Surface) -> bool:
    body = inner(node)
    return isinstance(body, Sum) and len(body.terms) == 2 and all(isinstance(t, Term) for t in body.terms)


SLIP = Slip(
    code="S106", kind="power_rule", title="the exponent did not come down", frequency=7,
    looks="The exponent does not come down as a factor, or stays as it was: the derivative of ½u² is written as ½u.",
    why="The derivative of uⁿ is n·uⁿ⁻¹, times the derivative of u; the ½ in front of a square is there to cancel the 2.",
    fine="½·2 may be cancelled without a word.",
    wrong=r"\frac{\partial J}{\partial w} = \sum_{i} \frac{1}{2} (y_i - \hat{y}_i) (-1) x_i",
    right=r"\frac{\partial J}{\partial w} = \sum_{i} \frac{1}{2} \cdot 2 (y_i - \hat{y}_i) (-1) x_i",
    hint="power rule: what is d/du of ½u²?", edits=_edits, commits=_commits)
