"""The points at which code is tried: small integers first, ties and kinks, large margins; all with exact inputs that honour the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice, product
from typing import Any

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.axes import Model
from handgrad.checking.code.arrays import DENORMAL
from handgrad.checking.code.truth import Truth
from handgrad.errors import HandgradError
from handgrad.expr import Axis, Label
from handgrad.records import dataclass
from handgrad.verification.worlds import GIVEN, Place, Point, noise

MARGINS = ("7", "15", "40", "100", "700", "-7", "-15", "-40", "-100", "-700")
PATTERNS = ("count", "hot", "ones", "mixed", "half", "zero", "fifth", "signs")
WHOLE = ("count", "hot", "ones", "zero", "signs")        # patterns of integers: easier to follow, so every other point has nothing else
TRIES, SIZES, MOST_FAR, MOST_DENORMAL = 300, (2, 1, 3, 4), 12, 4


@dataclass(frozen=True, slots=True)
class Trial:
    """A point, and what it is for: `plain`, `tie`, `kink`, `far` (with its margin), or `denormal float32` and the like."""

    point: Point
    what: str
    margin: str = ""

    @property
    def weight(self) -> tuple[int, Fraction]:
        """How much there is to look at: a smaller witness comes first."""
        entries = self.point.given.values()
        return len(self.point.given), sum((abs(Fraction(int(v.p), int(v.q))) + (0 if v.q == 1 else 3) for v in entries), Fraction(0))


def trials(truth: Truth, inputs: tuple[str, ...], moved: tuple[str, ...], fixed: Mapping[str, Fraction]) -> list[Trial]:
    """All points, of which the facts of the model hold. `fixed` inputs are numbers that the code has built in."""
    plain = list(_plain(truth, inputs, fixed))
    if not plain:
        raise HandgradError("no point with exact inputs honours all facts of the model", remedy="state fewer facts")
    return [*plain, *_kinks(truth, plain), *_far(truth, plain, moved), *_denormal(truth, plain, moved)]


def _plain(truth: Truth, inputs: tuple[str, ...], fixed: Mapping[str, Fraction]) -> Iterator[Trial]:
    axes = tuple(dict.fromkeys(axis for name in inputs for axis in truth.model.tensors[name]))
    combinations = list(dict.fromkeys(sizes for sizes in [
        *(tuple(n for _ in axes) for n in SIZES), *(tuple((2, 3)[(k + s) % 2] for k in range(len(axes))) for s in (0, 1)),
        *(tuple((1, 3)[(k + s) % 2] for k in range(len(axes))) for s in (0, 1)),
        *(tuple((1, 2)[(k + s) % 2] for k in range(len(axes))) for s in (0, 1))]))
    for number, sizes in enumerate(combinations):
        known = truth.points.sizes.fitted({axis: max(n, truth.points.sizes.least.get(axis, 1)) for axis, n in zip(axes, sizes, strict=True)})
        found = 0
        for turn in range(number * TRIES, (number + 1) * TRIES):
            point = _filled(truth.model, inputs, known, turn)
            point.given.update({(name, ()): balls.exact(value) for name, value in fixed.items()})
            with balls.working_precision(320):
                if truth.points.honours(point):
                    found += 1
                    yield Trial(point, "plain")
            if found == 6:
                break


def _filled(model: Model, inputs: tuple[str, ...], sizes: dict[Axis, int], turn: int) -> Point:
    labels = {fact.entry.name: fact.axis for fact in model.facts if isinstance(fact, Label) and hasattr(fact.entry, "name")}
    given: dict[Place, fmpq] = {}
    for number, name in enumerate(inputs):
        shape = [range(1, sizes[axis] + 1) for axis in model.tensors[name]]
        patterns = PATTERNS if turn % 2 else WHOLE
        pattern = patterns[(noise(f"{turn}:{name}") >> 3) % len(patterns)] if turn else ("count", "hot", "half")[number % 3]
        for at in product(*shape):
            if name in labels:
                value = fmpq(1 + (sum(at) + turn) % sizes[labels[name]])
            else:
                value = _pattern(pattern, at, turn, name)
            given[name, at] = value
    return Point("given", GIVEN, dict(sizes), given)


def _pattern(pattern: str, at: tuple[int, ...], turn: int, name: str) -> fmpq:
    if not at and pattern in ("count", "hot") and turn:
        return fmpq(1 + noise(f"{turn}{name}") % 3)
    flat = sum(n * 2**k for k, n in enumerate(reversed(at))) if at else 1
    match pattern:
        case "count":
            return fmpq(flat)
        case "hot":
            return fmpq(int(not at or at[-1] == 1 + (sum(at[:-1]) + noise(f"{turn}hot")) % 2))
        case "ones":
            return fmpq(1)
        case "half":
            return fmpq(1, 2)
        case "zero":
            return fmpq(0)
        case "fifth":
            return fmpq(1 + noise(f"{turn}{at}{name}") % 15, 8)
        case "signs":
            return fmpq(-1 if noise(f"{turn}{at}{name}") & 4 else 1)
        case _:
            return fmpq(noise(f"{turn}{at}{name}") % 25 - 12, 4)


def _kinks(truth: Truth, plain: list[Trial]) -> Iterator[Trial]:
    """On each kink that the derivation meets, and on both sides of it."""
    closures = [(truth.evaluator.closure(w.tree, w.letters), w) for w in truth.wanted if w.order == 1 and truth.evaluator.kinked(w.tree)]
    closures += [(truth.evaluator.closure(w.of, ()), w) for w in truth.wanted[:1] if truth.evaluator.kinked(w.of) and not w.of.indices]
    seen = 0
    for trial in plain[::2]:
        for closure, wanted in closures:
            for stack in list(product(*(range(1, trial.point.size(letter.axis) + 1) for letter in wanted.letters)))[:3]:
                own = stack if truth.evaluator.closure(wanted.of, ()) is not closure else ()
                for point in truth.points.kinks((closure,), own, trial.point):
                    yield Trial(point, "kink")
                    seen += 1
        if seen > 40:
            return


def _far(truth: Truth, plain: list[Trial], moved: tuple[str, ...]) -> Iterator[Trial]:
    """Large margins: one entry of an input far out, the others at 0; with as many different values of the other inputs as there is room for."""
    for name in moved:
        others: dict[tuple[tuple[Place, Any], ...], Trial] = {}
        for trial in plain:
            others.setdefault(tuple((place, value) for place, value in trial.point.given.items() if place[0] != name), trial)
        for margin in MARGINS:
            for trial in islice(others.values(), MOST_FAR):
                shape = [place for place in trial.point.given if place[0] == name]
                for first in dict.fromkeys((shape[0], shape[-1])):
                    far = trial.point.moved({place: fmpq(int(margin)) if place == first else fmpq(0) for place in shape})
                    with balls.working_precision(320):
                        if truth.points.honours(far):
                            yield Trial(far, "far", margin)


def _denormal(truth: Truth, plain: list[Trial], moved: tuple[str, ...]) -> Iterator[Trial]:
    """All entries of an input that small that the type has fewer digits for them, of both signs."""
    for name, (dtype, power), sign in product(moved, DENORMAL.items(), (1, -1)):
        for trial in plain[:MOST_DENORMAL]:
            places = [place for place in trial.point.given if place[0] == name]
            tiny = trial.point.moved({place: fmpq(sign * (n + 1), 2**-power) for n, place in enumerate(places)})
            with balls.working_precision(320):
                if truth.points.honours(tiny):
                    yield Trial(tiny, f"denormal {dtype}")


def in_bfloat16(trial: Trial) -> bool:
    """Whether all numbers of the point are such of eight bits."""
    return all(abs(int(v.p)).bit_length() - _zeros(abs(int(v.p))) <= 8 for v in trial.point.given.values())


def _zeros(n: int) -> int:
    return (n & -n).bit_length() - 1 if n else 0
