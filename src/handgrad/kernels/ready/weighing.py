"""The weights of samples, and what they make of the targets: masks, ignored labels, weights of classes, label smoothing.

    weight of a sample = 0 where it is masked or its label is ignored, else its own weight times the weight of its class
    mean               = sum of weight times loss / sum of the weights

Labels count from 0 until here, and from 1 in the kernel. Targets along the axis have no one class: weights of classes then multiply the targets, and the
mean is not divided by them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from handgrad.catalogue import CatalogueEntry
from handgrad.kernels.ready.arguments import Prepared, of_samples
from handgrad.kernels.ready.settings import Settings
from handgrad.kernels.ready.wording import are_distributions, is_linear
from handgrad.kernels.sizes import refused


def weighed(base: Prepared, entry: CatalogueEntry, settings: Settings) -> Prepared:
    """The arguments with all that settings say about samples and classes."""
    base, kept = _kept(base, entry, settings)
    own = _weights(base, settings)
    by_class = _class_weights(base, entry, settings)
    smoothed = settings.label_smoothing > 0
    if base.label and (by_class is not None or smoothed):
        labels_within(base)
    of_class = by_class[base.inputs[base.label]] if by_class is not None and base.label else None
    counted = _product(own, of_class)
    if smoothed or by_class is not None and not base.label:
        base = _with_targets(base, entry, settings.label_smoothing, by_class)
        weights = own
    else:
        weights = counted
    if base.label:
        base = replace(base, inputs={**base.inputs, base.label: counted_from_1(base.inputs[base.label])})
    if counted is None and kept is None:
        return base
    return _weighted(base, _of_kept(base, weights, kept), _of_kept(base, counted, kept))


def counted_from_1(labels: Any) -> Any:
    """The labels as a model has them."""
    return labels + 1


def _weighted(base: Prepared, weights: Any, counted: Any) -> Prepared:
    """The arguments beside the weights; where a package differentiates on, ones stand for what is left out."""
    family = base.family
    kept = weights != 0
    inputs = {name: family.filled(kept, value) if name in base.each and name != base.label else value for name, value in base.inputs.items()}
    return replace(base, inputs=inputs, weights=weights, divisor=family.cast(family.total(counted), base.computed))


def _kept(base: Prepared, entry: CatalogueEntry, settings: Settings) -> tuple[Prepared, Any]:
    """Which samples count, None if all do; in place of an ignored label stands one that exists."""
    kept = None
    if settings.mask is not None:
        array = base.family.array("mask", settings.mask)
        if base.family.kind(array) != "boolean":
            raise refused("mask", f"holds {base.family.kind(array)}s", "it says of every sample whether it counts: True or False")
        kept = of_samples(base, "mask", array)
    if settings.ignore_index is None:
        return base, kept
    if not base.label:
        raise refused("ignore_index", f"is given, and {entry.name} has no labels here", "say with `mask` which samples count")
    labels = base.inputs[base.label]
    known = labels != settings.ignore_index
    labels = base.family.xp.where(known, labels, base.family.xp.zeros_like(labels))
    return replace(base, inputs={**base.inputs, base.label: labels}), known if kept is None else kept & known


def _weights(base: Prepared, settings: Settings) -> Any:
    if settings.weights is None:
        return None
    return of_samples(base, "weights", _constant(base, "weights", settings.weights))


def _class_weights(base: Prepared, entry: CatalogueEntry, settings: Settings) -> Any:
    if settings.class_weights is None:
        return None
    title = "class_weights"
    if not base.along:
        raise refused(title, f"are given, and {entry.name} does not run over classes", "weigh the samples with `weights`")
    if not is_linear(entry) and (not base.label or settings.label_smoothing > 0):
        raise refused(title, f"are given, and {entry.name} is not linear in its targets", "weigh the samples with `weights`")
    array = _constant(base, title, settings.class_weights)
    if tuple(array.shape) != base.shape[-1:]:
        raise refused(title, f"has shape {tuple(array.shape)}, and there are {base.shape[-1]} classes")
    return array


def _constant(base: Prepared, name: str, value: Any) -> Any:
    """The weights as numbers of the type; a gradient by them is not given."""
    return base.family.cast(base.family.constant(name, base.family.array(name, value)), base.computed)


def _with_targets(base: Prepared, entry: CatalogueEntry, smoothing: float, by_class: Any) -> Prepared:
    """The targets along the axis: labels as 0 and 1, smoothed, multiplied by the weights of the classes."""
    if smoothing and not are_distributions(entry):
        raise refused("label_smoothing", f"is given, and the targets of {entry.name} are no distribution over classes along the axis")
    family, classes, name = base.family, base.shape[-1], entry.function.parameters[1]
    targets = base.inputs[name]
    if base.label:
        targets = family.cast(targets[:, None] == family.arange(classes), base.computed)
    if smoothing:
        targets = targets*(1 - smoothing) + smoothing/max(classes, 1)
    if by_class is not None:
        targets = targets*by_class
    return replace(base, inputs={**base.inputs, name: targets}, label="", by_label=False)


def _product(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else one*other


def _of_kept(base: Prepared, weights: Any, kept: Any) -> Any:
    """The weights with 0 for what does not count."""
    if weights is None:
        weights = base.family.ones(base.count_of_samples, base.computed)
    return weights if kept is None else base.family.xp.where(kept, weights, base.family.xp.zeros_like(weights))


def labels_within(base: Prepared) -> None:
    """Refuses labels that are of no class; what cannot be looked at is taken as it is."""
    labels = base.inputs[base.label]
    if not base.family.known(labels) or not base.count_of_samples:
        return
    least, largest = int(labels.min()), int(labels.max())
    if least < 0 or largest >= base.shape[-1]:
        wrong = least if least < 0 else largest
        raise refused(base.label, f"holds {wrong}, and labels run from 0 to {base.shape[-1] - 1}",
                      "labels count from 0" if wrong == base.shape[-1] else f"if {wrong} stands for no label, say ignore_index={wrong}" if wrong < 0 else "")
