"""A derivation as JSON: what `derive --json` prints and `handgrad certificate` computes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handgrad.axes import Definition
from handgrad.derivation.steps import Step
from handgrad.document import Inline, Reference, Typeset, render_formula
from handgrad.notation import write

if TYPE_CHECKING:
    from handgrad.derivation.derivation import Derivation, Gradients


def as_json(derivation: Derivation) -> dict[str, Any]:
    """One derivation."""
    model = derivation.model
    return {
        "of": write(derivation.of, model),
        "wrt": [write(x, model) for x in derivation.wrt],
        "result": _result(derivation),
        "matrix": _matrix(derivation),
        "results": [_entry(derivation)],
        "keep": [],
        "definitions": [_definition(d, derivation) for d in derivation.auxiliary],
        "steps": [_step(s, derivation) for s in derivation.steps],
        "certificate": derivation.certificate.as_dict(),
        **_said(derivation),
    }


def several_as_json(gradients: Gradients) -> dict[str, Any]:
    """Several gradients: the first stands for all where one is asked for."""
    found = as_json(gradients.first)
    return found | {
        "wrt": [x for d in gradients.values() for x in as_wrt(d)],
        "results": [_entry(d) for d in gradients.values()],
        "keep": [{"name": k.name, "text": k.text, "size": k.size} for k in gradients.keep] if gradients.cotangent is not None else [],
        "steps": [_step(s, d) for d in gradients.values() for s in d.steps],
    }


def as_wrt(derivation: Derivation) -> list[str]:
    """The entries by which is differentiated, in the notation."""
    return [write(x, derivation.model) for x in derivation.wrt]


def _entry(derivation: Derivation) -> dict[str, Any]:
    return {"wrt": as_wrt(derivation), "result": _result(derivation), "matrix": _matrix(derivation)}


def _result(derivation: Derivation) -> dict[str, Any]:
    where = [_definition(d, derivation) for d in derivation.where]
    return {"text": derivation.text, "latex": render_formula(derivation.result, derivation.model, "latex"), "where": where}


def _definition(definition: Definition, derivation: Derivation) -> dict[str, str]:
    scope = frozenset(letter.name for letter in definition.letters)
    return {"name": write(definition.entry, derivation.model), "text": write(definition.body, derivation.model, scope)}


def _matrix(derivation: Derivation) -> dict[str, str] | None:
    form = derivation.matrix
    return None if form is None else {"text": form.text, "shapes": form.shapes}


def _step(step: Step, derivation: Derivation) -> dict[str, Any]:
    found = {
        "rule": step.rule.name,
        "title": step.reason,
        "statement": step.rule.statement,
        "place": step.place,
        "before": write(step.before, derivation.model),
        "after": write(step.after, derivation.model),
        "facts": list(step.facts),
        "substeps": [_step(s, derivation) for s in step.substeps],
        "certificate": step.certificate.as_dict() if step.certificate else None,
    }
    if step.condition is not None:
        found["condition"] = write(step.condition, derivation.model)
    if step.rule.sentence:
        found["sentence"] = step.rule.sentence
    if step.label:
        found["label"] = step.label
    return found


def _said(derivation: Derivation) -> dict[str, Any]:
    model = derivation.model
    return {
        "kinks": [
            {
                "at": write(k.at, model),
                "subdifferential": [write(e, model) for e in k.subdifferential] if k.subdifferential else None,
                "taken": write(k.taken, model) if k.taken is not None else None,
            }
            for k in derivation.kinks
        ],
        "facts": [write(f, model) for f in derivation.facts],
        "notes": [_plain(note, derivation) for note in derivation.notes],
        "facts_offered": [{"fact": write(o.fact, model), "result": write(o.result, model)} for o in derivation.facts_offered],
    }


def _plain(note: Inline, derivation: Derivation) -> str:
    def shown(part: Any) -> str:
        match part:
            case str():
                return part
            case Typeset(said) | Reference(said):
                return said
            case _:
                return write(part, derivation.model)

    return "".join(map(shown, note))
