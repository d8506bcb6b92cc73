"""S119, a right side under the name of another quantity."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip
from handgrad.checking.parts import all_names, free_letters, key, plain, powered, relettered
from handgrad.checking.places import Place
from handgrad.reading.surface import Scripted, Surface

EVIDENT = -1.5      # the cost of what the free letters of both sides show


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    left = context.left
    if left is None:
        return
    own = free_letters(tree, frozenset(context.letters)) - frozenset(context.free)
    for letter in context.free:
        for new in context.letters:
            if new != letter:
                yield _edit(Place(left), relettered(left, letter, new), EVIDENT if new in own else 0.8)
    for place in all_names(left):
        name, sup = plain(place.node)
        for n, other in enumerate(o for o in context.names if key(o) != key(name) and _alike(o, name)):
            yield _edit(place, powered(other, sup), 0.3 + 0.05 * n)


def _alike(other: Surface, name: Surface) -> bool:
    """Whether the two are entries of one quantity, or both are single quantities."""
    first, second = (n.base if isinstance(n, Scripted) else n for n in (other, name))
    return key(first) == key(second) or isinstance(other, Scripted) == isinstance(name, Scripted)


def _edit(place: Place, new: Surface, cost: float) -> Edit:
    """The left side with something else in one place of it, said by that or, of a letter, as a whole."""
    span = place.node.span
    return Edit("wrong_left_side", place, new, span, cost, ("the right side is that of ", new, ": the left side names another quantity"), left=True)


SLIP = Slip(
    code="S119", kind="wrong_left_side", title="the left side names another quantity", frequency=3,
    looks="The right side is right, but for another quantity than the one in front of the equals sign: ∂J/∂wₖ over a formula for wⱼ, w₁ for w₇.",
    why="The left side says whose value or gradient this is; somebody who reads on would use it for the wrong weight.",
    fine="A letter that is renamed on both sides names the same entries.",
    wrong=r"\frac{\partial E}{\partial w_1} = \delta x_2",
    right=r"\frac{\partial E}{\partial w_2} = \delta x_2",
    beside=(r"z = w_1 x_1 + w_2 x_2",),
    hint="whose gradient is this?", edits=_edits)
