"""S110, the target where the prediction belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip
from handgrad.checking.places import Place, everywhere
from handgrad.reading.surface import Surface, Symbol, rebuilt


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in everywhere(tree):
        node = place.node
        if isinstance(node, Symbol) and node.name in context.hats:
            yield Edit("missing_hat", place, _other(node), node.span, 0.2, _message(node))
    for name in sorted(context.hats):
        for hatted in (False, True):
            found = [p.node for p in everywhere(tree) if _matches(p, name, hatted)]
            if len(found) > 1:
                yield Edit("missing_hat", Place(tree), _all(tree, name, hatted), found[0].span, 0.4, _message(found[0]))


def _matches(place: Place, name: str, hatted: bool) -> bool:
    return isinstance(place.node, Symbol) and place.node.name == name and ("hat" in place.node.accents) == hatted


def _other(node: Symbol) -> Symbol:
    accents = tuple(a for a in node.accents if a != "hat") if "hat" in node.accents else (*node.accents, "hat")
    return replace(node, accents=accents)


def _all(tree: Surface, name: str, hatted: bool) -> Surface:
    if isinstance(tree, Symbol):
        return _other(tree) if tree.name == name and ("hat" in tree.accents) == hatted else tree
    return rebuilt(tree, lambda child: _all(child, name, hatted))


def _message(node: Surface) -> tuple[str | Surface, ...]:
    if isinstance(node, Symbol) and "hat" in node.accents:
        return (node, " stands where ", _other(node), " belongs: a hat too many")
    return ("the hat is missing: ", node, " is the target, and the prediction belongs there")


SLIP = Slip(
    code="S110", kind="missing_hat", title="a hat is missing", frequency=5,
    looks="y stands where ŷ belongs, or ŷ where y belongs.",
    why="y is the target and ŷ what the model says; the loss is differentiated by ŷ, and y does not depend on the weights.",
    fine="A page that says that its y is the output of the model, and has another name for the target, needs no hat.",
    wrong=r"\frac{\partial J}{\partial w} = \sum_{i} \frac{\partial J}{\partial \hat{y}_i} \frac{\partial y_i}{\partial w}",
    right=r"\frac{\partial J}{\partial w} = \sum_{i} \frac{\partial J}{\partial \hat{y}_i} \frac{\partial \hat{y}_i}{\partial w}",
    hint="target or prediction?", edits=_edits)
