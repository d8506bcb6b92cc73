"""S109, an index that is free on one side only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip
from handgrad.checking.parts import free_letters, relettered
from handgrad.checking.places import Place, bracketed, values
from handgrad.reading.surface import Big, Sum, Surface, Symbol

EVIDENT = -1.5      # the cost of what the free letters of both sides show


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    if context.numeric or context.left is None:
        return
    own = free_letters(tree, frozenset(context.letters))
    lost = [x for x in context.free if x not in own]
    for letter in sorted(own - set(context.free)):
        if not lost:
            yield from _bound(tree, letter, context)
    for letter in lost:
        yield from _opened(tree, letter)


def _bound(tree: Surface, letter: str, context: Context) -> Iterator[Edit]:
    """A letter too many: the sum over it is missing, or another one belongs there."""
    said = f"the right side has a free {letter} that the left side does not have"
    yield Edit("free_index", Place(tree), _summed(tree, letter), tree.span, EVIDENT, f"{said}: the sum over {letter} is missing")
    for new in (x for x in context.letters if x != letter):
        yield Edit("free_index", Place(tree), relettered(tree, letter, new), tree.span, EVIDENT + 0.3, said)
    for place in values(tree):
        if isinstance(place.node, Big) and len(place.node.letters) == 1:
            made = replace(place.node, body=_summed(place.node.body, letter))
            yield Edit("free_index", place, made, place.node.span, 0.5, f"{said}: the sum over {letter} is missing")


def _summed(node: Surface, letter: str) -> Surface:
    """The sum of a formula over a letter, behind its sign."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, node=_summed(term.node, letter)),))
    return Big(node.span, "sum", (Symbol(node.span, letter),), None, None, None, bracketed(node))


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
