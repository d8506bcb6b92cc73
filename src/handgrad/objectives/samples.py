"""The kernel of a loss: value, gradient and curvature of every sample, from the scores and labels of all.

    kernel = kernel_of(loss, curvature)
    values, slopes, curvatures = kernel(s=[0.5, -1.0], y=[1.0, 0.0])

A model of one sample is taken over samples here: whatever depends on score or label gets one more index.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from handgrad.axes import Definition, Model
from handgrad.derivation.certification import extended
from handgrad.derivation.network import unused
from handgrad.expr import Axis, Entry, Letter, rebuilt
from handgrad.kernels.compilation import Kernel, chosen
from handgrad.kernels.program import Program, program_with
from handgrad.kernels.target import Options
from handgrad.objectives.curvature import Curvature
from handgrad.objectives.definition import Loss


def kernel_of(loss: Loss, curvature: Curvature, target: str | None = None) -> Kernel:
    """Compiled: called with score and label of every sample it gives their losses, `{score: gradient}` and `{(score, score): curvature}`."""
    letters = tuple(i for i in loss.gradient.wrt[0].indices if isinstance(i, Letter))
    tensors = {name: axes for name, axes in loss.model.tensors.items() if name != loss.total}
    model: Model = replace(loss.model, definitions={n: d for n, d in loss.model.definitions.items() if n != loss.total}, tensors=tensors)
    gradient = Definition(unused(f"d_{loss.score}", model.tensors), letters, loss.own(loss.gradient))
    second = Definition(unused(f"H_{loss.score}", model.tensors), letters, curvature.formula)
    model = extended(model, (loss.value, gradient, second))
    program = program_with(model, loss.value.name, {(loss.score,): gradient.name, (loss.score, loss.score): second.name})
    if loss.letter is None:
        program = over_samples(program, (loss.score, loss.label), loss.score)
    return Kernel(program, chosen(program, target), Options("float64"), dict(loss.given)).ready()


def over_samples(program: Program, data: Collection[str], score: str) -> Program:
    """The program for many samples: inputs in `data`, and all that depends on them, have the index of the samples first."""
    written = {name for names in program.model.letters.values() for name in names} | set(program.model.tensors)
    letter = Letter(unused("n", written), Axis(score, 0))
    many = {*data, *program.results}
    known = {**program.model.definitions, **{part.name: part for part in program.parts}}
    while more := {name for name, each in known.items() if name not in many and each.body.tensors & many}:
        many |= more
    definitions = {name: _each(program.model.definitions[name], many, letter) for name in program.model.definitions}
    facts = tuple(_indexed(fact, many, letter) for fact in program.model.facts)
    shapes = {name: (letter.axis, *axes) if name in many else axes for name, axes in program.model.tensors.items()}
    model = replace(program.model, definitions=definitions, facts=facts, tensors=shapes, letters={**program.model.letters, letter.axis: (letter.name,)})
    inputs = tuple(replace(i, axes=(letter.axis, *i.axes)) if i.name in many else i for i in program.inputs)
    return replace(program, inputs=inputs, parts=tuple(_each(part, many, letter) for part in program.parts), model=model)


def _each(definition: Definition, many: Collection[str], letter: Letter) -> Definition:
    """The definition for every sample, if it depends on the sample."""
    if definition.name not in many:
        return definition
    return Definition(definition.name, (letter, *definition.letters), _indexed(definition.body, many, letter))


def _indexed(node: Any, many: Collection[str], letter: Letter) -> Any:
    """The formula in which entries of the names in `many` have one more index in front."""
    found = rebuilt(node, lambda n: _indexed(n, many, letter), lambda n: _indexed(n, many, letter))
    return Entry(found.name, (letter, *found.indices)) if isinstance(found, Entry) and found.name in many else found
