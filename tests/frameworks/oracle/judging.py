"""Two answers beside each other, and where they are apart the truth.

The truth is worked out from the definition alone, in 120 digits and by differences, so no rule of differentiation has a part in it. Numbers agree when they
differ by less than `RELATIVE` of themselves and `ABSOLUTE` of the largest in the array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from mpmath import mp, mpf

import handgrad
from handgrad.catalogue import functions
from handgrad.certificate.numbers import DIGITS, Point, Undefined, value
from handgrad.expr import Entry, Literal
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.sizes import sizes_of
from oracle.certificate import enclosed, shown
from oracle.samples import Answer, Array, Sample, answer_of
from oracle.writing import Page

RELATIVE, ABSOLUTE = 2.0**-40, 2.0**-46
STEP = mpf(10) ** -25
FEW = 4
CLEARLY = 64             # how much nearer to the truth one of two that both lost digits must be to be right
Place = tuple[str, tuple[int, ...]]


@cache
def kernel(text: str, by: tuple[str, ...], second: bool = True) -> Kernel:
    """The compiled model; one for all samples that are written alike."""
    return handgrad.compile(text, by=by, target="numpy", cotangent=True, hvp=second)


@dataclass(frozen=True)
class Difference:
    """One number on which the two are apart, and the truth about it."""

    op: str
    number: int
    quantity: str
    where: tuple[int, ...]
    theirs: float
    ours: float
    true: str
    verdict: str
    model: str
    inputs: Mapping[str, Any]                   # those of few numbers

    @property
    def kind(self) -> str:
        """Value, gradient or second derivative."""
        return self.quantity.partition(" by ")[0]


def differences(sample: Sample, page: Page | None = None) -> list[Difference]:
    """Where the two are apart: of each array the number that is furthest off."""
    page = page or sample.page()
    torchs, cotangent, vectors = answer_of(sample, page, np.random.default_rng(sample.number))
    ours, truth = _ours(sample, page, cotangent, vectors)
    found = []
    own = dict(ours.quantities())
    for quantity, their in torchs.quantities():
        our = own[quantity]
        assert their.shape == our.shape, f"{sample}: {quantity} has shape {our.shape}, and {their.shape} in torch\n{page.text}"
        worst = furthest(their, our, _expected(quantity, torchs, cotangent, vectors, page))
        if worst is not None:
            true, verdict = truth.judged(quantity, worst, float(their[worst]), float(our[worst]))
            found.append(Difference(sample.op, sample.number, quantity, worst, float(their[worst]), float(our[worst]), true, verdict, page.text,
                                    {n: a.tolist() for n, a in page.arrays.items() if a.size <= FEW}))
    seconds = [(name, a) for name, a in ours.second.items() if a.size]
    if torchs.failure and seconds:
        name, our = seconds[0]
        at = tuple(0 for _ in our.shape)
        true, _ = truth.judged(f"second derivative by {name}", at, float("nan"), float(our[at]))
        true += f"; torch says: {torchs.failure}"
        found.append(Difference(sample.op, sample.number, f"second derivative by {name}", at, float("nan"), float(our[at]), true, "torch", page.text, {}))
    return found


def _ours(sample: Sample, page: Page, cotangent: Array, vectors: Mapping[str, Array]) -> tuple[Answer, Truth]:
    k = kernel(page.text, tuple(page.leaves), sample.twice)
    inputs = {**page.arrays, k.program.cotangent: cotangent, **{f"v_{name}": v for name, v in vectors.items()}}
    given = {name: inputs[name] for name in k.inputs}
    with np.errstate(all="ignore"):
        found = k(**given)
    value, *derivatives = (found[0], *({n: np.asarray(a) for n, a in arrays.items()} for arrays in found[1:]))
    answer = Answer(np.asarray(value), *derivatives)
    return answer, Truth(k, given, inputs, cotangent, vectors, page.text)


def _expected(quantity: str, answer: Answer, cotangent: Array, vectors: Mapping[str, Array], page: Page) -> float:
    """How large a derivative can be expected to be: where it is 0, rounding leaves a part of that."""
    if quantity == "value":
        return 0.0
    if quantity.startswith("second"):
        return _largest(*answer.gradients.values()) * _largest(*vectors.values())
    value = np.abs(answer.value * cotangent)
    inputs = _largest(*(page.arrays[name] for name in vectors))
    return float(value[np.isfinite(value)].sum()) / inputs if inputs else 0.0


def _largest(*arrays: Array) -> float:
    return max((float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) for a in arrays), default=0.0)


def furthest(theirs: Array, ours: Array, expected: float = 0.0) -> tuple[int, ...] | None:
    """The place where two arrays are furthest apart, None where they agree."""
    if not theirs.size:
        return None
    with np.errstate(all="ignore"):
        same = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
        finite = np.abs(theirs[np.isfinite(theirs)])
        off = np.abs(theirs - ours) / (RELATIVE * np.abs(theirs) + ABSOLUTE * max(finite.max(initial=0.0), expected) + 1e-300)
        off = np.where(same, 0.0, np.where(np.isfinite(off), off, np.inf))
    worst = np.unravel_index(int(np.argmax(off)), off.shape)
    return tuple(map(int, worst)) if off[worst] > 1 else None


# ------------------------------------------------------------ the truth


@dataclass
class Truth:
    """The definition at the point of a sample."""

    kernel: Kernel
    given: Mapping[str, Array]
    inputs: Mapping[str, Array]
    cotangent: Array
    vectors: Mapping[str, Array]
    text: str = ""

    def judged(self, quantity: str, where: tuple[int, ...], theirs: float, ours: float) -> tuple[str, str]:
        """The true number as text, and who is right."""
        with mp.workdps(DIGITS):
            kind, _, name = quantity.partition(" by ")
            try:
                true = self._true(kind, name, where)
            except Undefined as reason:
                return f"none: {reason}", "undefined"
            if len(set(true)) == 2 and ours != ours:
                return f"none: from {float(min(true))!r} to {float(max(true))!r}", "undefined"
            if len(set(true)) == 1:
                return self._certified(kind, name, where, float(true[0])), nearer(float(true[0]), theirs, ours)
            low, high = sorted(map(float, true))
            within = [low - 1e-9 * abs(low) <= x <= high + 1e-9 * abs(high) for x in (ours, theirs)]
            return f"from {low!r} to {high!r}", "kink" if all(within) else "torch" if within[0] else "ours" if within[1] else "both"

    def _certified(self, kind: str, name: str, where: tuple[int, ...], true: float) -> str:
        """The ball that holds the number, where it agrees with the differences; else what these gave."""
        arrays = {x: np.asarray(self.inputs[x]) for x in self.kernel.program.model.inputs if x in self.inputs}
        ball = enclosed(self.text, arrays, self.vectors, np.asarray(self.cotangent), kind, name, where)
        if ball is None or abs(float(ball.mid()) - true) > RELATIVE * abs(true) + 1e-25:
            return repr(true)
        return shown(ball)

    def _true(self, kind: str, name: str, where: tuple[int, ...]) -> tuple[Any, ...]:
        """The number; of a kink the one-sided ones."""
        if kind == "value":
            return (self._entry(self._point({}), where),)
        step = mpf(10) ** -40
        place = (name, where)
        if kind == "gradient":
            here = self._total({})
            up, down = (self._total({place: s}) for s in (step, -step))
            return _sides((up - here) / step, (here - down) / step)
        sides = [self._slope(place, sign * STEP) for sign in (1, -1)]
        here = self._slope(place, mpf(0))
        return _sides((sides[0] - here) / STEP, (here - sides[1]) / STEP)

    def _slope(self, place: Place, along: Any) -> Any:
        """The slope by one entry, a step along the vectors further."""
        step = mpf(10) ** -30
        moved = {(name, at): along * mpf(float(v[at])) for name, v in self.vectors.items() for at in np.ndindex(v.shape)} if along else {}
        up, down = (self._total({**moved, place: moved.get(place, 0) + s}) for s in (step, -step))
        return (up - down) / (2 * step)

    def _total(self, moved: Mapping[Place, Any]) -> Any:
        point = self._point(moved)
        return mp.fsum(mpf(float(self.cotangent[at])) * self._entry(point, at) for at in np.ndindex(np.shape(self.cotangent)) if self.cotangent[at])

    def _entry(self, point: Point, at: tuple[int, ...]) -> Any:
        return value(Entry("y", tuple(Literal(i + 1) for i in at)), point, {})

    def _point(self, moved: Mapping[Place, Any]) -> Point:
        sizes = sizes_of(self.kernel.program, {name: np.shape(a) for name, a in self.given.items()})
        inputs = {(name, tuple(i + 1 for i in at)): mpf(float(np.asarray(a)[at])) + moved.get((name, at), 0)
                  for name, a in self.inputs.items() for at in product(*map(range, np.shape(a)))}
        return Point(self.kernel.program.model, functions(), sizes, inputs)


def nearer(true: float, theirs: float, ours: float) -> str:
    """Who is right about a number: whoever has it to half of what agreement asks for, or is clearly nearer."""
    here, there = (abs(true - x) if true == true else 0.0 for x in (ours, theirs))
    right = RELATIVE * abs(true) / 2
    if ours != ours:
        return "ours"
    return "torch" if here <= right or here * CLEARLY < there else "ours" if there <= right or there * CLEARLY < here else "both"


def _sides(up: Any, down: Any) -> tuple[Any, ...]:
    return ((up + down) / 2,) if abs(up - down) <= mpf(10) ** -9 * (abs(up) + abs(down)) + mpf(10) ** -14 else (up, down)


def judged(samples: Iterator[Sample]) -> Iterator[Difference]:
    """The differences of all samples."""
    for sample in samples:
        yield from differences(sample)
