"""S104, a term that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, farther
from handgrad.checking.parts import chunks, key
from handgrad.checking.places import Place, bracketed, inner, negative, number, passes, product, values, with_term, without
from handgrad.checking.removals import shortened
from handgrad.reading.surface import Big, Decimal, Derivative, Group, Product, Scripted, Sum, Surface, Term, walk

FEW = 16            # names that are tried as terms


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    yield from _completed(tree, context)
    if context.numeric and isinstance(inner(tree), Decimal):
        return
    yield from _halves(tree)
    for place, deep in _places(tree):
        for term, cost in _terms(context):
            said = ("the term ", term.node if term.sign > 0 else negative(term.node), " is missing")
            yield Edit("dropped_term", *_added(place, term), place.node.span, cost + deep + 3 * farther(place), said)


def _places(tree: Surface) -> Iterator[tuple[Place, float]]:
    """Where a term may be missing, and what that costs: the whole and the terms of sums; less likely what stands in brackets or under a sum sign."""
    for place in values(tree):
        if place.within(Scripted):
            continue
        if not passes(place):
            yield place, 0.0
        elif place.above is not None and isinstance(place.above.node, (Group, Big)):
            yield place, 0.3


def _completed(tree: Surface, context: Context) -> Iterator[Edit]:
    """Where a sum that stands elsewhere is without one of its terms, that term."""
    known = [*(n for whole in context.known for n in walk(whole) if isinstance(n, Sum)), *context.sums]
    lacking = {key(_rest(node, n)): (node, node.terms[n]) for node in reversed(known) if len(node.terms) > 1 for n in range(len(node.terms))}
    for place in values(tree) if lacking else ():
        found = lacking.get(key(place.node))
        if found is not None and place.field != "sup":
            whole, term = found
            said = ("the term ", term.node if term.sign > 0 else negative(term.node), " is missing")
            yield Edit("dropped_term", place, _fitting(place, whole), place.node.span, 0.0 if not isinstance(place.node, Decimal) else 1.0, said)


def _halves(tree: Surface) -> Iterator[Edit]:
    """Where the one half of the product rule stands, `f g′`, the other: `f′ g`, or with a minus that of the quotient rule."""
    for place in values(tree):
        node = place.node
        if not isinstance(node, Product):
            continue
        for start, end in chunks(node):
            own = inner(node.factors[start].node)
            rest = without(node, start, end)
            if not isinstance(own, Derivative) or end != start + 1 or len(node.factors) == 1:
                continue
            other = product(Derivative(node.span, rest, own.by, own.partial), bracketed(own.body))
            for sign in (1, -1):
                yield Edit("dropped_term", *_added(place, Term(sign, other, node.span)), node.span, 0.4 + farther(place),
                           ("the other half of the rule is missing: ", other))


def _fitting(place: Place, whole: Surface) -> Surface:
    return whole if place.above is None or not place.field.startswith(("factors", "terms")) else bracketed(whole)


def _rest(node: Sum, n: int) -> Surface:
    kept = (*node.terms[:n], *node.terms[n + 1:])
    return Sum(node.span, kept)


def _terms(context: Context) -> Iterator[tuple[Term, float]]:
    """What may be missing in a sum: the terms of the right form, 1, and the names known."""
    span = (0, 0)
    for known in context.known:
        whole = inner(known)
        if isinstance(whole, Sum):
            yield from ((term, 0.5) for term in whole.terms)
        if isinstance(whole, Big) and isinstance(inner(whole.body), Sum):
            yield from ((term, 0.7) for term in inner(whole.body).terms)       # type: ignore[union-attr]
    yield Term(1, number(span, "1"), span), 1.6
    yield Term(-1, number(span, "1"), span), 1.9
    for n, name in enumerate(context.names[:FEW]):
        yield Term(1, name, span), 1.4 + 0.04 * n
        yield Term(-1, name, span), 2.0 + 0.04 * n


def _added(place: Place, term: Term) -> tuple[Place, Surface]:
    """Where a term more goes, and what then stands there: in a sum that the place is a term of, beside it."""
    above = place.above
    if above is not None and isinstance(above.node, Sum):
        return above, with_term(above.node, term)
    return place, with_term(place.node, term)


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for found in shortened(tree):
        yield Edit("dropped_term", found.place, found.left, found.term.span, farther(found.place), ("the term ", found.term.node, " is left out"))


SLIP = Slip(
    code="S104", kind="dropped_term", title="a term is missing", frequency=8,
    looks="A sum lacks one of its terms: the bias, the second half of the product rule or of the quotient rule.",
    why="The derivative of a product is f′g + fg′ and has both terms; the input of a unit is the weighted sum and the bias.",
    fine="A term that is 0 at these numbers, or that another line carries, may go unsaid.",
    wrong=r"z = w x",
    right=r"z = w x + b",
    beside=(r"\frac{\partial z}{\partial b} = 1",),
    hint="count the terms of the sum", edits=_edits, commits=_commits)
