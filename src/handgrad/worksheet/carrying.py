"""Models in whose statements derivatives stand, such as a penalty `(d(f, x) - 1)^2`: carried out, so that they have numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from handgrad.axes import Definition, Model
from handgrad.derivation.asking import asked_of
from handgrad.derivation.certification import extended
from handgrad.derivation.network import ordered, unused
from handgrad.expr import Derivative, Entry, Expr, Letter, Reduce, VectorCall, rebuilt
from handgrad.trees import bind, opened, renamed, replaced, subtrees


def carried_out(model: Model) -> Model:
    """The model with every derivative in it replaced by its formula, as `derive` gives it; the model itself where there is none."""
    if not any(isinstance(n, Derivative) for d in model.definitions.values() for n in subtrees(d.body)):
        return model
    done: dict[str, Definition] = {}
    for name in ordered(model.definitions):
        definition = model.definitions[name]
        done[name] = replace(definition, body=_carried(definition.body, replace(model, definitions=dict(done))))
    return replace(model, definitions={name: done[name] for name in model.definitions})


def _carried(e: Any, model: Model) -> Any:
    """The formula without derivatives; the names in it have been carried out before."""
    if not any(isinstance(n, Derivative) for n in subtrees(e)):
        return e
    match e:
        case Derivative(body, by):
            return _derived(_carried(body, model), by, model)
        case Reduce(kind, axis, _):
            letter, bodies = opened(e)
            return Reduce(kind, axis, tuple(bind(_carried(b, model), letter) for b in bodies))
        case VectorCall(kind, axis, _, at):
            letter, body = opened(e)
            return VectorCall(kind, axis, bind(_carried(body, model), letter), at)
        case _:
            return rebuilt(e, lambda n: _carried(n, model), lambda n: n)


def _derived(body: Expr, by: tuple[Entry, ...], model: Model) -> Expr:
    """The derivative of a formula by entries, over the indices that stand in them."""
    if isinstance(body, Entry) and body.name in model.definitions:
        of, at = body.name, body.indices
    else:
        letters = tuple(sorted(body.letters, key=lambda letter: letter.name))
        own = {letter: Letter(f"l{n}", letter.axis) for n, letter in enumerate(letters)}
        of, at = unused("f", model.tensors), letters
        model = extended(model, (Definition(of, tuple(own.values()), renamed(body, dict(own))),))
    return over(model, of, at, by)


def over(model: Model, of: str, at: tuple[Any, ...], by: tuple[Entry, ...]) -> Expr:
    """The formula of a derivative of a name by entries, in the names of the model, with these indices."""
    found = asked_of(model).derive(of, tuple(entry.name for entry in by))
    formula = found.result
    for definition in (*found.where, *found.auxiliary):
        formula = without(formula, definition)
    places = {i: j for entry, indices in ((found.of, at), *zip(found.wrt, (e.indices for e in by), strict=True))
              for i, j in zip(entry.indices, indices, strict=True) if isinstance(i, Letter)}
    return renamed(formula, places)


def without(formula: Expr, definition: Definition) -> Expr:
    """The formula with a name that only the derivation brought replaced by what it stands for."""
    def change(node: object) -> Expr | None:
        return definition.at(node.indices) if isinstance(node, Entry) and node.name == definition.name else None

    return replaced(formula, change)  # type: ignore[no-any-return]
