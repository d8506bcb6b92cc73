"""S109, an index that is free on one side only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from handgrad.checking.edits import Context, Edit, Slip
from handgrad.checking.parts import chunk, chunks, free_letters, relettered
from handgrad.checking.places import Place, bracketed, is_name, passes, values
from handgrad.reading.surface import Big, Factor, Fraction, Product, Sum, Surface, Symbol, walk

EVIDENT = -1.5      # the cost of what the free letters of both sides show


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    if context.numeric or context.left is None:
        return
    own = free_letters(tree, frozenset(context.letters))
    lost = [x for x in context.free if x not in own]
    for letter in sorted(own - set(context.free)):
        if not lost:
            yield from _bound(tree, letter, context)
        else:
            yield from _unsummed(tree, letter, context)
    for letter in lost:
        yield from _opened(tree, letter)


def _bound(tree: Surface, letter: str, context: Context) -> Iterator[Edit]:
    """A letter too many: the sum over it is missing, or another one belongs there."""
    said = f"the right side has a free {letter} that the left side does not have"
    yield Edit("free_index", Place(tree), _summed(tree, letter), tree.span, EVIDENT, f"{said}: the sum over {letter} is missing")
    for new in (x for x in context.letters if x != letter):
        yield Edit("free_index", Place(tree), relettered(tree, letter, new), tree.span, EVIDENT + 0.3, said)
    kinds = ("sum", *(["mean"] if any(isinstance(n, Big) and n.kind == "mean" for known in context.known for n in walk(known)) else []))
    for place, part, whole in _holders(tree, letter, context):
        for kind in kinds:
            cost = EVIDENT + 0.2 + 0.1 * place.depth + (0.3 if kind == "mean" else 0.0)
            yield Edit("free_index", place, whole(_summed(part, letter, kind)), part.span, cost, f"{said}: the {kind} over {letter} is missing")


def _unsummed(tree: Surface, letter: str, context: Context) -> Iterator[Edit]:
    """A letter too many that stands twice in a product, where the left side has a letter more too: the sum over it may be missing."""
    for place, part, whole in _holders(tree, letter, context):
        held = [c for c in chunks(part) if letter in free_letters(chunk(part, *c), frozenset(context.letters))] if isinstance(part, Product) else ()
        if len(held) > 1:
            yield Edit("free_index", place, whole(_summed(part, letter)), part.span, EVIDENT + 0.4 + 0.1 * place.depth,
                       f"the right side has a free {letter} that the left side does not have: the sum over {letter} is missing")


def _holders(tree: Surface, letter: str, context: Context) -> Iterator[tuple[Place, Surface, Callable[[Surface], Surface]]]:
    """The parts of a formula that a sum over a letter may go round: whole ones, and of a product the run of factors that have the letter."""
    letters = frozenset(context.letters)
    for place in values(tree):
        node = place.node
        if letter not in free_letters(node, letters) or is_name(node):
            continue
        if isinstance(node, Product):
            held = [(start, end) for start, end in chunks(node) if letter in free_letters(chunk(node, start, end), letters)]
            yield place, chunk(node, held[0][0], held[-1][1]), partial(_exchanged, node, held[0][0], held[-1][1])
        if not passes(place) or isinstance(place.above and place.above.node, (Fraction, Big)):
            yield place, node, _itself


def _itself(node: Surface) -> Surface:
    return node


def _exchanged(node: Product, start: int, end: int, new: Surface) -> Surface:
    """The product with something else for a run of its factors."""
    return replace(node, factors=(*node.factors[:start], Factor(node.factors[start].operator, new), *node.factors[end:]))


def _summed(node: Surface, letter: str, kind: str = "sum") -> Surface:
    """The sum of a formula over a letter, behind its sign."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, node=_summed(term.node, letter, kind)),))
    return Big(node.span, kind, (Symbol(node.span, letter),), None, None, None, bracketed(node))


def _opened(tree: Surface, letter: str) -> Iterator[Edit]:
    """A letter too few: it is summed over and should not be."""
    for place in values(tree):
        if isinstance(place.node, Big) and [x.name for x in place.node.letters] == [letter]:
            yield Edit("free_index", place, bracketed(place.node.body), place.node.span, EVIDENT + 0.1,
                       f"the left side has a free {letter}, and the right side sums over it")


SLIP = Slip(
    code="S109", kind="free_index", title="an index free on one side only", frequency=4,
    looks="The right side has a letter that no sum binds and that the left side does not have; or the left side has a letter that the right side sums over.",
    why="A line holds for each value of its free letters, so both sides have the same ones; with one side's letter unsaid the line means nothing.",
    fine="Where a page says that repeated letters are summed, the sign of the sum may be left out.",
    wrong=r"\frac{\partial J}{\partial w} = (\hat{y}_i - y_i) x_i",
    right=r"\frac{\partial J}{\partial w} = \sum_{i} (\hat{y}_i - y_i) x_i",
    hint="which letters are free on each side?", edits=_edits)
