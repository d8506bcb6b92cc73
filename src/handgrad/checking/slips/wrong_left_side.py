"""S119, a right side under the name of another quantity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, written
from handgrad.checking.places import all_names, free_letters, key, plain, powered, relettered
from handgrad.reading.surface import Derivative, Nabla, Scripted, Surface


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    left = context.left
    if left is None:
        return
    own = free_letters(tree, frozenset(context.letters)) - frozenset(context.free)
    for letter in context.free:
        for new in context.letters:
            if new != letter:
                yield _edit(left, relettered(left, letter, new), 0.0 if new in own else 0.8)
    for place in all_names(left):
        name, sup = plain(place.node)
        for n, other in enumerate(o for o in context.names if key(o) != key(name) and _alike(o, name)):
            yield _edit(left, place.put(powered(other, sup)), 0.3 + 0.05 * n)


def _alike(other: Surface, name: Surface) -> bool:
    """Whether the two are entries of one quantity, or both are single quantities."""
    first, second = (n.base if isinstance(n, Scripted) else n for n in (other, name))
    return key(first) == key(second) or isinstance(other, Scripted) == isinstance(name, Scripted)


def _edit(left: Surface, made: Surface, cost: float) -> Edit:
    by = isinstance(left, (Derivative, Nabla)) and isinstance(made, Derivative) and isinstance(left, Derivative) and key(left.body) == key(made.body)
    shown = " and ".join(written(b) for b in replace(made).by) if by and isinstance(made, Derivative) else written(made)
    return Edit("wrong_left_side", made, left.span, cost, f"the right side is that of {shown}: the left side names another quantity", left=True)


SLIP = Slip(
    code="S119", kind="wrong_left_side", title="the left side names another quantity", frequency=3,
    looks="The right side is right, but for another quantity than the one in front of the equals sign: ∂J/∂wₖ over a formula for wⱼ, w₁ for w₇.",
    why="The left side says whose value or gradient this is; somebody who reads on would use it for the wrong weight.",
    fine="A letter that is renamed on both sides names the same entries.",
    wrong=r"\frac{\partial E}{\partial w_1} = \delta x_2",
    right=r"\frac{\partial E}{\partial w_2} = \delta x_2",
    beside=(r"z = w_1 x_1 + w_2 x_2",),
    hint="whose gradient is this?", edits=_edits)
