"""What a backward pass keeps from the forward pass."""

from __future__ import annotations

from handgrad.axes import Definition, Model
from handgrad.expr import MINUS_ONE, Entry, Expr, Node, Number, Pow, parts
from handgrad.notation import write
from handgrad.records import dataclass
from handgrad.trees import names


@dataclass(frozen=True, slots=True)
class Kept:
    """A tensor that the gradients need: its name, how it is used (`1/r`), and how many values it has."""

    name: str
    text: str
    shown: Expr
    size: str


def kept(model: Model, results: tuple[Expr, ...], where: tuple[Definition, ...], cotangent: Entry | None) -> tuple[Kept, ...]:
    """The tensors of the forward pass that stand in the results or in what they lean on."""
    formulas = [*results, *(d.body for d in where)]
    new = {d.name for d in where} | ({cotangent.name} if cotangent is not None else set())
    used = {name for e in formulas for name in names(e)} - new
    return tuple(_kept(name, model, formulas) for name in model.tensors if name in used)


def _kept(name: str, model: Model, formulas: list[Expr]) -> Kept:
    shown: Expr = Entry(name, ())
    if all(_only_below(e, name) for e in formulas):
        shown = Pow(shown, MINUS_ONE)
    axes = model.tensors[name]
    size = " × ".join(model.extents[a].size if a in model.extents else f"size({a.tensor}, {a.slot})" for a in axes) or "1"
    return Kept(name, write(shown, model), shown, size)


def _only_below(e: Node, name: str) -> bool:
    """Whether the name stands in denominators alone."""
    if isinstance(e, Entry) and e.name == name:
        return False
    if isinstance(e, Pow) and isinstance(e.base, Entry) and e.base.name == name:
        return isinstance(e.exponent, Number) and e.exponent.value < 0
    return all(_only_below(child, name) for child, _ in parts(e))
