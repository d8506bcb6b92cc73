"""The whole table, and what is done with it: every operation once, or all samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from handgrad.kernels.sizes import ArgumentError
from oracle import elementwise, layers, losses, masked, matrices, places, reductions, windows
from oracle.judging import Difference, differences
from oracle.samples import FUNCTIONS, LAYERS, Sample, modules, operations, samples_of
from oracle.writing import WRITERS, Beyond, Page

PARTS = (elementwise, layers, losses, masked, matrices, places, reductions, windows)
MOST_SAMPLES = 25                           # of one operation; of more of them as many, evenly spread
LOSSES = tuple(name for name in FUNCTIONS if name.endswith("Loss"))


def names() -> list[str]:
    """The operations and the modules of the table, by name."""
    own = [n for n in WRITERS if n in operations()]
    return own + [f"nn.{m}" for m in modules() if m in FUNCTIONS or m in LAYERS or f"nn.{m}" in WRITERS]


@dataclass
class Survey:
    """What was found of one operation."""

    name: str
    compared: int = 0                           # samples of which all was compared
    beyond: Counter[str] = field(default_factory=Counter)
    found: list[Difference] = field(default_factory=list)


def spread(samples: list[Sample], most: int = MOST_SAMPLES) -> list[Sample]:
    """The first of the samples and others evenly over the rest."""
    if len(samples) <= most:
        return samples
    return [samples[n * len(samples) // most] for n in range(most)]


def surveyed(name: str, most: int = MOST_SAMPLES) -> Survey:
    """The comparison of the samples of one operation."""
    survey = Survey(name)
    for sample in spread(samples_of(name), most):
        try:
            page = sample.page()
            if not page.leaves:
                survey.beyond["nothing to differentiate by"] += 1
                continue
            survey.found += differences(sample, page)
            survey.compared += 1
        except Beyond as reason:
            survey.beyond[str(reason)] += 1
        except ArgumentError as refusal:
            if "no entry" not in refusal.what:
                raise
            survey.beyond["refused: nothing of which the largest is taken"] += 1
    return survey


def first_page(name: str) -> Iterator[tuple[Sample, Page]]:
    """The first sample of an operation that the table reaches."""
    for sample in samples_of(name):
        try:
            page = sample.page()
        except Beyond:
            continue
        if page.leaves and all(a.size for a in page.arrays.values()):
            yield sample, page
            return
