"""S118, another value or name of the page in the place of the right one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, other_values
from handgrad.checking.parts import all_names, key, plain, powered, replaced
from handgrad.checking.places import Place
from handgrad.reading.surface import Scripted, Surface, Symbol

FEW = 16


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place, value, old, cost, related in other_values(tree, context):
        if not related:
            yield Edit("copied_wrong", place, value, value.span, 0.4 + cost, f"{old} is another value of the page: it was copied wrongly")
    changed: set[tuple[str, str]] = set()
    often = Counter(key(plain(p.node)[0]) for p in all_names(tree))
    for place in all_names(tree):
        name, sup = plain(place.node)
        others = sorted((o for o in context.names if key(o) != key(name) and _is_alike(o, name)), key=lambda o: _indices(o) != _indices(name))
        for n, other in enumerate(others[:FEW]):
            said = (name, " stands where ", other, " belongs")
            cost = 0.4 + 0.05 * n
            yield Edit("copied_wrong", place, powered(other, sup), place.node.span, cost, said)
            pair = (key(name), key(other))
            if pair not in changed and often[pair[0]] > 1:
                changed.add(pair)
                yield Edit("copied_wrong", Place(tree), replaced(tree, name, other), place.node.span, cost + 0.4, said)


def _is_alike(other: Surface, name: Surface) -> bool:
    """Whether a name may have been copied for another: it is not the same quantity with another index."""
    return _base(other) != _base(name) and isinstance(other, (Symbol, Scripted))


def _indices(name: Surface) -> int:
    """How many indices a name has: those with as many are the likelier ones."""
    return len(name.sub) if isinstance(name, Scripted) else 0


def _base(name: Surface) -> str:
    return key(name.base) if isinstance(name, Scripted) else key(name)


SLIP = Slip(
    code="S118", kind="copied_wrong", title="copied wrongly", frequency=6,
    looks="A number or a name of another line stands where the right one belongs: the x of another unit, the value of the line above.",
    why="What is put into a formula is what its names stand for on this page.",
    fine="A value with more or fewer digits of the same number is not another value.",
    wrong=r"\frac{\partial E}{\partial w} = \delta v",
    right=r"\frac{\partial E}{\partial w} = \delta x",
    beside=(r"z = w x + b",),
    hint="compare with the line that it was copied from", edits=_edits, commits=_edits)
