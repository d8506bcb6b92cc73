"""Models of catalogue entries over the names of their own arguments, for the laws of the catalogue."""

from __future__ import annotations

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry
from handgrad.expr import Expr
from handgrad.notation import write


def written(node: Expr) -> str:
    """The formula in the notation; an axis has the letters k, m, l."""
    return write(node, Model({}, letters={letter.axis: (letter.name, "m", "l") for letter in node.letters}))


def stated(entry: CatalogueEntry, **definitions: Expr) -> str:
    """The text of a model with the entry's definition as `value`, further definitions, and the entry's facts."""
    letter = entry.function.letter
    bodies = {"value": entry.function.body, **definitions}
    along = {letter.axis: (letter.name, "m", "l")} if letter else {}
    lines = []
    for name, body in bodies.items():
        indexed = f"{name}[{letter.name}]" if letter and letter in body.letters else name
        lines.append(f"{indexed} = {write(body, Model({}, letters=along))}")
    return "\n".join([*lines, *(f"assume {fact}" for fact in entry.facet.where)])
