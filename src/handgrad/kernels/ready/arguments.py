"""The arguments of a call as its kernel takes them: samples in a row, labels counted from 1, one weight for each sample.

The scores say how many samples there are and of what type the numbers are; all else must fit to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from handgrad.catalogue import CatalogueEntry
from handgrad.kernels.ready.families import Family
from handgrad.kernels.ready.settings import Settings
from handgrad.kernels.ready.wording import along_axis, labels_of
from handgrad.kernels.sizes import refused
from handgrad.records import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Prepared:
    """Arguments, ready: what the kernel takes by name, and what is needed to shape its results."""

    family: Family
    arrays: Mapping[str, Any]               # the arguments as they came
    dtype: str                              # of the results
    computed: str                           # of the kernel
    axis: int                               # the axis of the classes, counted from the front
    shape: Shape                            # of the scores, the classes last
    samples: Shape
    each: tuple[str, ...]
    inputs: Mapping[str, Any]
    by_label: bool = False                  # whether the targets are given by labels, which the entry knows nothing of
    label: str = ""                         # the argument that holds labels
    weights: Any = None                     # of the samples
    divisor: Any = None                     # of the mean, where there are weights

    def holding(self, inputs: Mapping[str, Any]) -> Prepared:
        """The same with other inputs, and without the arguments as they came."""
        return Prepared(self.family, {}, self.dtype, self.computed, self.axis, self.shape, self.samples, self.each, inputs, self.by_label, self.label)

    @property
    def along(self) -> bool:
        """Whether the last axis of the shape is one of classes."""
        return self.shape != self.samples

    @property
    def count(self) -> int:
        """How many numbers the scores hold."""
        return prod(self.shape)

    @property
    def count_of_samples(self) -> int:
        """How many samples there are."""
        return prod(self.samples)


def prepared(entry: CatalogueEntry, family: Family, given: Mapping[str, Any], settings: Settings) -> Prepared:
    """The arguments of the call, or a refusal that names one."""
    arrays = {name: family.array(name, value) for name, value in given.items()}
    first = next(iter(arrays))
    dtype = family.dtype(arrays[first])
    along = along_axis(entry)
    if not along and settings.axis != -1:
        raise refused("axis", f"is given, and {entry.name} does not run along one")
    axis = _axis(settings.axis, arrays[first].ndim, first) if along else 0
    shape = tuple(arrays[first].shape)
    if along:
        shape = (*shape[:axis], *shape[axis + 1 :], shape[axis])
    base = Prepared(family, arrays, dtype, dtype if dtype in ("float32", "float64") else "float32", axis, shape, shape[:-1] if along else shape, (), {})
    return _with_arguments(base, entry)


def _axis(axis: int, axes: int, first: str) -> int:
    if axes == 0:
        raise refused(first, "is a single number, and no array with an axis of classes")
    if not -axes <= axis < axes:
        raise refused("axis", f"is {axis}, and `{first}` has {'1 axis' if axes == 1 else f'{axes} axes'}")
    return axis % axes


# ---------------------------------------------------------------- arguments


def _with_arguments(base: Prepared, entry: CatalogueEntry) -> Prepared:
    """What each argument is: along the axis, a label, one number for each sample, or one for all."""
    along, labels = along_axis(entry), labels_of(entry)
    each: list[str] = []
    inputs: dict[str, Any] = {}
    label, by_label = "", False
    for number, (name, array) in enumerate(base.arrays.items()):
        if name in labels or number == 1 and len(along) > 1 and _is_label(base, array):
            label, by_label = name, name not in labels
            inputs[name] = _label(base, name, array)
            each.append(name)
        elif name in along:
            inputs[name] = _classes(base, name, array)
            each.append(name)
        elif array.ndim == 0 and number > 0:
            inputs[name] = base.family.cast(array, base.computed)
        else:
            inputs[name] = of_samples(base, name, base.family.cast(array, base.computed))
            each.append(name)
    return replace(base, each=tuple(each), inputs=inputs, label=label, by_label=by_label)


def _is_label(base: Prepared, array: Any) -> bool:
    empty = tuple(array.shape) == base.samples == (0,)                  # an empty list is of no type
    return tuple(array.shape) == base.samples and (base.family.kind(array) == "integer" or empty)


def _label(base: Prepared, name: str, array: Any) -> Any:
    """Labels of the samples, counted from 0."""
    if base.family.kind(array) != "integer" and prod(array.shape):
        raise refused(name, f"holds {base.family.kind(array)}s, and its entries are labels", "give integers, counted from 0")
    if tuple(array.shape) != base.samples:
        raise refused(name, f"has shape {tuple(array.shape)}, and the samples {base.samples}", "there is one label for each sample")
    if base.family.kind(array) == "integer" and str(array.dtype).endswith("uint64"):
        array = base.family.xp.minimum(array, 2**63 - 1)            # what is no label stays none
    return base.family.cast(array, "int64").reshape(-1)


def _classes(base: Prepared, name: str, array: Any) -> Any:
    """An argument along the axis: samples in a row, classes last."""
    family = base.family
    first = next(iter(base.arrays))
    if tuple(array.shape) != tuple(base.arrays[first].shape):
        labels = f"give labels, integers of shape {base.samples}, or the shape of `{first}`"
        raise refused(name, f"holds {family.kind(array)}s of shape {tuple(array.shape)}, where `{first}` has shape {tuple(base.arrays[first].shape)}", labels)
    return family.cast(family.xp.moveaxis(array, base.axis, -1), base.computed).reshape(base.count_of_samples, base.shape[-1])


def of_samples(base: Prepared, name: str, array: Any) -> Any:
    """The array over all samples, in a row: what has one number where they have several is repeated."""
    own = tuple(array.shape)
    if own == base.samples:
        return array.reshape(base.count_of_samples)
    padded = (1,)*(len(base.samples) - len(own)) + own
    if len(padded) != len(base.samples) or any(mine not in (1, size) for mine, size in zip(padded, base.samples, strict=True)):
        first = next(iter(base.arrays))
        whole = f"the samples, of shape {base.samples}" if base.along else f"`{first}`, of shape {base.samples}"
        raise refused(name, f"has shape {own}, which does not fit to {whole}")
    return base.family.xp.broadcast_to(array, base.samples).reshape(base.count_of_samples)
