"""A call like one before, but for its numbers: what types, shapes and settings say was found then, and only the numbers are looked at.

    alike = likeness(arguments, named, settings, gradients)         # None of a call that says more than a reduction, an axis and `by`
    known[alike.key](kernel, alike.arrays)
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from typing import Any

from handgrad.catalogue import CatalogueEntry
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.ready.arguments import Prepared, Shape
from handgrad.kernels.ready.domains import bounds, within_domain
from handgrad.kernels.ready.settings import Settings
from handgrad.kernels.ready.weighing import counted_from_1, labels_within
from handgrad.kernels.ready.wording import Plan
from handgrad.kernels.sizes import ArgumentError
from handgrad.records import dataclass

NUMBERS = (float, int, list, tuple)         # what numpy reads as it reads arrays


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a call is told by, and its arguments as arrays of numpy."""

    key: Hashable
    arrays: tuple[Any, ...]


def likeness(arguments: tuple[Any, ...], named: Mapping[str, Any], settings: Settings, gradients: bool) -> Likeness | None:
    """The likeness of a call of numpy's arrays and numbers with nothing but a reduction, an axis and `by`; of others None."""
    np = sys.modules.get("numpy")
    plain = settings.plain
    if np is None or plain is None:
        return None
    arrays: list[Any] = []
    kinds: list[Any] = []
    for value in (*arguments, *named.values()):
        if type(value) is not np.ndarray:
            if type(value) not in NUMBERS and not isinstance(value, np.generic):
                return None
            try:
                value = np.asarray(value)
            except Exception:                   # whatever it is that numpy cannot read: it is refused in words elsewhere
                return None
        arrays.append(value)
        kinds += value.dtype, value.shape
    return Likeness((gradients, plain, len(arguments), *named, *kinds), tuple(arrays))


@dataclass(frozen=True, slots=True)
class Repetition:
    """What all calls alike have in common."""

    entry: CatalogueEntry
    plan: Plan
    first: Prepared                             # the arguments of the first of them; of inputs the defaults alone
    places: tuple[tuple[str, Shape, str], ...]  # of each argument given: its name, its shape in the kernel, and its type there
    looked_at: frozenset[str]                   # the arguments of which not all numbers can be taken, beside labels
    value: Shape                                # of the value
    gradients: Mapping[str, Shape]

    def __call__(self, kernel: Kernel, arrays: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
        """The value and the gradients; a number that cannot be taken is refused as in the first call."""
        inputs = dict(self.first.inputs)
        for (name, shape, dtype), array in zip(self.places, arrays, strict=True):
            held = array.astype(dtype) if array.dtype != dtype else array
            inputs[name] = held if held.shape == shape else held.reshape(shape)
        given = self.first
        if self.looked_at or given.label:
            given = within_domain(self.entry, given.holding(inputs), self.looked_at)
        if given.label:
            inputs = {**inputs, given.label: counted_from_1(inputs[given.label])}
        try:
            value, slopes = kernel(**{name: inputs[name] for name in kernel.inputs})[:2]
        except ArgumentError as error:
            if error.argument == given.label:
                labels_within(given)
            raise
        return _shaped(value, self.value), {name: _shaped(slopes[name], shape) for name, shape in self.gradients.items()}


def repetition(entry: CatalogueEntry, plan: Plan, given: Prepared, names: tuple[str, ...], value: Shape, gradients: Mapping[str, Shape]) -> Repetition | None:
    """What later calls have in common with this one; None where more is done with numbers than to look at them and to compute."""
    is_last = given.axis == len(given.shape) - 1 or not given.along
    is_whole = all(given.arrays[name].size == given.inputs[name].size and given.arrays[name].dtype != "uint64" for name in names)
    if given.dtype != given.computed or not is_last or not is_whole:
        return None                             # rounded at the end, with axes moved, repeated along an axis, or with labels that are too large
    places = tuple((name, tuple(given.inputs[name].shape), given.inputs[name].dtype.name) for name in names)
    defaults = {name: array for name, array in given.inputs.items() if name not in names}
    looked_at = frozenset(bound.name for bound in bounds(entry) if bound.name in names)
    return Repetition(entry, plan, given.holding(defaults), places, looked_at, value, gradients)


def _shaped(result: Any, shape: Shape) -> Any:
    """A result in its shape: a number of Python where there is no axis."""
    if type(result) is float:
        return result
    if not shape:
        return float(result.reshape(()))
    return result if result.shape == shape else result.reshape(shape)
