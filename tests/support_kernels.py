"""Compiled models beside the truth: values and derivatives of the model as it is read, by jets in ball arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Axis, Derivative, Entry, Expr, Literal
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.sizes import sizes_of
from handgrad.verification import Verifier

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23}


@dataclass(frozen=True)
class Place:
    """A point: the arrays of the inputs, and the verifier that knows the true values there."""

    verifier: Verifier
    point: Any
    inputs: Mapping[str, Any]

    def true(self, formula: Expr) -> float | None:
        """The value of a formula to the nearest float, None where it has none."""
        try:
            return float(Fraction(self.verifier.value(formula, self.point)))
        except ModelError:
            return None


def places(kernel: Kernel, model: Model, numbers: range, dtype: str = "float64") -> Iterator[Place]:
    """Points of the verifier at which the inputs are floats; points that it does not reach are left out."""
    verifier = Verifier(model, functions())
    for name, definition in kernel.program.model.definitions.items():
        if name not in model.definitions and model.tensors.keys() >= definition.body.tensors:
            verifier.define(definition)
    for number in numbers:
        try:
            drawn = verifier.drawn(number)
        except HandgradError:
            continue
        inputs: dict[str, Any] = {}
        changes: dict[Any, Any] = {}
        for given in kernel.program.inputs:
            axes = given.axes
            exact = {at: Fraction(str(drawn.entry((given.name, at)))) for at in product(*(range(1, drawn.size(a) + 1) for a in axes))}
            kind = np.int64 if given.label is not None else np.dtype(dtype)
            if not all(Fraction(float(np.dtype(kind).type(float(value)))) == value for value in exact.values()):
                changes |= {(given.name, at): Fraction(float(np.dtype(kind).type(float(value)))) for at, value in exact.items()}
            shape = tuple(drawn.size(a) for a in axes)
            inputs[given.name] = np.array([float(v) for v in exact.values()]).astype(kind).reshape(shape)
        try:
            sizes = sizes_of(kernel.program, {name: value.shape for name, value in inputs.items()})
        except HandgradError:
            continue
        point = drawn.moved({place: _exact(value) for place, value in changes.items()})
        point.sizes.update(sizes)                                   # an axis without an input is as long as the inputs leave it
        yield Place(verifier, point, inputs)


def _exact(value: Fraction) -> Any:
    from handgrad.arithmetic import balls
    return balls.exact(value)


def truths(place: Place, kernel: Kernel, of: str) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """The true value, and the true gradients, as arrays; what has no value is nan."""
    program = kernel.program

    def array(formula: Any, axes: tuple[Axis, ...]) -> np.ndarray[Any, Any]:
        shape = tuple(place.point.size(a) for a in axes)
        flat = [place.true(formula(at)) for at in product(*(range(1, n + 1) for n in shape))]
        return np.array([np.nan if v is None else v for v in flat], dtype=float).reshape(shape)

    first = program.axes_of(program.value)
    yield "value", array(lambda at: Entry(of, tuple(map(Literal, at))), first)
    for name, part in program.gradients.items():
        yield name, array(lambda at: Derivative(Entry(of, tuple(map(Literal, at[: len(first)]))),
                                                (Entry(name, tuple(map(Literal, at[len(first):]))),)), program.axes_of(part))
