"""S107, the 1/n of a mean."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, edit, farther
from handgrad.checking.parts import key
from handgrad.checking.places import Place, inner, inverse, multiplied, scaled
from handgrad.checking.removals import removals
from handgrad.reading.surface import Big, Decimal, Fraction, Product, Scripted, Surface, Symbol, walk

COUNTS = frozenset("nNmMBCKTDd")


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    sizes = list(_sizes(tree, context))
    for place in scaled(tree):
        if place.within(Scripted) or isinstance(inner(place.node), Decimal) and place.above is not None:
            continue
        for size, cost in sizes:
            yield edit("missing_mean", place, multiplied(place.node, inverse(size), front=True), cost, ("the mean has a factor 1/", size, " that is missing"))
        yield from _averaged(place)


def _averaged(place: Place) -> Iterator[Edit]:
    """A sum that should be a mean, in whatever letters."""
    node = place.node
    if isinstance(node, Big) and node.kind == "sum" and node.upper is None and node.condition is None:
        mean = Big(node.span, "mean", node.letters, node.lower, node.upper, node.condition, node.body)
        yield edit("missing_mean", place, mean, 0.9, "a mean belongs there, not a sum")


def _sizes(tree: Surface, context: Context) -> Iterator[tuple[Surface, float]]:
    """What a sum runs up to, and what is divided by on the page."""
    seen: set[str] = set()
    for node in (n for whole in (tree, *context.known, *context.factors) for n in walk(whole)):
        size = node.upper if isinstance(node, Big) and node.kind in ("sum", "mean") else _divisor(node)
        if size is not None and key(size) not in seen and _is_size(size):
            seen.add(key(size))
            yield size, 0.1 if isinstance(node, Big) else 0.0


def _divisor(node: Surface) -> Surface | None:
    return node.denominator if isinstance(node, Fraction) and key(node.numerator) == "1" else None


def _is_size(size: Surface) -> bool:
    """Whether something counts: a whole number above 2, or one of the letters that numbers of samples and classes have."""
    if isinstance(size, Decimal):
        return size.text.isdigit() and size.text not in ("0", "1", "2")
    if isinstance(size, Product):
        return size.factors[0].node == Symbol(size.factors[0].node.span, "size")
    return isinstance(size, Symbol) and not size.accents and size.name in COUNTS


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for removal in removals(tree):
        size = removal.node if removal.under else _divisor(removal.node)
        if size is not None and _is_size(size):
            yield Edit("missing_mean", removal.place, removal.left, removal.node.span, farther(removal.place), ("the division by ", size, " is left out"))


SLIP = Slip(
    code="S107", kind="missing_mean", title="the 1/n of a mean is missing", frequency=5,
    looks="The loss is a mean over n samples, and the gradient is the sum without the 1/n.",
    why="1/n is a constant factor of the loss and so of each of its derivatives; without it the step grows with the batch.",
    fine="Where the loss is defined as a sum there is no 1/n, and a page may put it into the learning rate if it says so.",
    wrong=r"\frac{\partial J}{\partial w} = \sum_{i=1}^{n} (\hat{y}_i - y_i) x_i",
    right=r"\frac{\partial J}{\partial w} = \frac{1}{n} \sum_{i=1}^{n} (\hat{y}_i - y_i) x_i",
    hint="is the loss a sum or a mean?", edits=_edits, commits=_commits)
