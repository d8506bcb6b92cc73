"""S103, a factor too many."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, edit, farther
from handgrad.checking.parts import factors_of, key
from handgrad.checking.places import multiplied, number, scaled
from handgrad.checking.removals import Removal, removals
from handgrad.reading.surface import Decimal, Derivative, Scripted, Surface

TWICE = 0.7         # what it costs less that a factor stands twice


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for removal in removals(tree):
        cost = farther(removal.place) - (TWICE if _stands_twice(removal) else 0.0)
        yield Edit("extra_factor", removal.place, removal.left, removal.node.span, cost, _message(removal))


def _stands_twice(removal: Removal) -> bool:
    """Whether the factor also stands beside itself."""
    others = [node for node, under in factors_of(removal.left) if not under]
    return not removal.under and any(key(node) == key(removal.node) for node in others)


def _message(removal: Removal) -> tuple[str | Surface, ...]:
    return ("the division by " if removal.under else "the factor ", removal.node, " is one too many")


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    """A factor twice, or a 2 that does not belong there."""
    for removal in removals(tree):
        if isinstance(removal.node, Derivative) or removal.under:
            continue
        twice = multiplied(removal.place.node, removal.node)
        yield edit("extra_factor", removal.place, twice, 0.4, ("the factor ", removal.node, " stands twice"), removal.node.span)
    for place in scaled(tree):
        if not (isinstance(place.node, Decimal) and place.within(Scripted)):
            two = number(place.node.span, "2")
            yield edit("extra_factor", place, multiplied(place.node, two, front=True), 0.6, "a factor 2 is one too many")


SLIP = Slip(
    code="S103", kind="extra_factor", title="a factor too many", frequency=6,
    looks="A product has a factor that does not belong there: a 2 that the ½ has cancelled, an activation's derivative twice, a ½ that stayed.",
    why="The chain rule has each derivative once; what is multiplied twice changes the length of the step.",
    fine="Factors that cancel, such as 2·½, or s/s, may both stand there.",
    wrong=r"\frac{\partial E}{\partial h} = 2 (h - t)",
    right=r"\frac{\partial E}{\partial h} = (h - t)",
    hint="count the factors of the product", edits=_edits, commits=_commits)
