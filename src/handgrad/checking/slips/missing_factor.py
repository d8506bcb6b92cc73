"""S102, a factor that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, edit, farther, ratio
from handgrad.checking.parts import chunk, chunks, factors_of, free_letters, key
from handgrad.checking.places import Place, divided, inner, innermost, multiplied, number, scaled, values, without
from handgrad.checking.removals import removals
from handgrad.reading.surface import Array, Decimal, Derivative, Fraction, Piecewise, Product, Scripted, Sum, Surface, Symbol, walk

SEVERAL = 6         # products that one number may be left of
FEW = 24            # known factors that are tried, in the order in which they are known


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    yield from _completed(tree, context)
    standing = {key(node) for node, _ in factors_of(tree)}
    for place in scaled(tree):
        if isinstance(inner(place.node), Decimal) and (place.within(Scripted) or place.above is not None and context.numeric):
            continue
        yield from _numbers(place, context)
        for n, factor in enumerate(context.factors[:FEW]):
            if not _is_other(factor) and not (_is_one(place.node) and isinstance(inner(factor), Sum)):          # 1 + x for 1 lacks a term
                yield _one(place, factor, context, 0.6 + 0.04 * n + (1.0 if key(factor) in standing else 0.0))
        if not context.numeric:
            for n, name in enumerate(context.names[:FEW]):
                yield _one(place, name, context, 1.3 + 0.04 * n + (1.0 if key(name) in standing else 0.0))


def _completed(tree: Surface, context: Context) -> Iterator[Edit]:
    """Where a product that stands elsewhere is without one of its factors, that factor."""
    known = [*(n for whole in context.known for n in walk(whole) if isinstance(n, Product)), *context.products]
    lacking: dict[str, list[tuple[Product, Surface]]] = {}
    for node in known:
        for start, end in chunks(node):
            lacking.setdefault(key(without(node, start, end)), []).append((node, chunk(node, start, end)))
    for place in values(tree) if lacking else ():
        alone = isinstance(inner(place.node), (Symbol, Decimal)) and not (context.numeric and isinstance(inner(place.node), Decimal))
        if place.field != "sup" and not alone:
            for whole, factor in lacking.get(key(place.node), [])[:SEVERAL if context.numeric else 1]:
                if not _is_other(factor):
                    yield Edit("missing_factor", place, whole, place.node.span, 0.2, ("the factor ", factor, " is missing"))


def _is_other(factor: Surface) -> bool:
    """Whether a factor belongs to another kind: a derivative is an inner one, 1/n makes a mean, a matrix multiplies by its own rules, cases are branches."""
    return isinstance(inner(factor), (Derivative, Array, Piecewise)) or isinstance(factor, Fraction) and isinstance(factor.numerator, Decimal)


def _is_one(node: Surface) -> bool:
    return isinstance(inner(node), Decimal) and key(node) == "1"


def _one(place: Place, factor: Surface, context: Context, cost: float) -> Edit:
    letters = frozenset(context.letters)
    aim = innermost(place) if free_letters(factor, letters) - frozenset(context.free) else place
    return Edit("missing_factor", aim, multiplied(aim.node, factor), place.node.span, cost + farther(place), ("the factor ", factor, " is missing"))


def _numbers(place: Place, context: Context) -> Iterator[Edit]:
    """A lost 2 or ½, and a lost divisor that is known."""
    span = place.node.span
    two, half = number(span, "2"), Fraction(span, number(span, "1"), number(span, "2"))
    yield edit("missing_factor", place, multiplied(place.node, two, front=True), 0.9, f"the factor 2 is missing{ratio(place, context, '½')}")
    yield edit("missing_factor", place, multiplied(place.node, half, front=True), 1.2, f"the factor ½ is missing{ratio(place, context, '2')}")
    for n, factor in enumerate(context.factors[:FEW]):
        if isinstance(factor, Fraction) and isinstance(factor.numerator, Decimal) and key(factor.numerator) == "1" and key(factor.denominator) != "2":
            yield edit("missing_factor", place, divided(place.node, factor.denominator), 0.8 + 0.04 * n,
                       ("the division by ", factor.denominator, " is missing"))


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for removal in removals(tree):
        yield Edit("missing_factor", removal.place, removal.left, removal.node.span, 0.3 + farther(removal.place),
                   ("the factor ", removal.node, " is left out"))


SLIP = Slip(
    code="S102", kind="missing_factor", title="a factor is missing", frequency=9,
    looks="A product lacks one of its factors: a constant, an upstream gradient, the h of h(1 − h), or a divisor.",
    why="Every factor of the chain rule stays in the product until something cancels it, and what cancels stands on the page.",
    fine="A factor that is 1 may go unsaid, and so may two factors that cancel.",
    wrong=r"\frac{\partial E}{\partial w} = (h - t) h (1 - h)",
    right=r"\frac{\partial E}{\partial w} = (h - t) h (1 - h) x",
    beside=(r"z = w x",),
    hint="count the factors of the product", edits=_edits, commits=_commits)
