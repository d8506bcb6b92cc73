"""What came back against what is right, entry by entry, with the error that the type of the numbers excuses.

A formula is judged where inputs are moderate: there rounding excuses little, whatever the order of operations. Digits are judged far out,
entry by entry, against what a change of the inputs by one unit in the last place would do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.checking.code.arrays import EPSILON, LARGEST, SMALLEST, Flat
from handgrad.checking.code.observing import Observed
from handgrad.checking.code.points import Trial
from handgrad.checking.code.truth import NOTHING, Truth, Wanted
from handgrad.records import dataclass
from handgrad.verification.facts import assignments
from handgrad.verification.jets import plain
from handgrad.verification.solving import NOTHING as NO_VALUE
from handgrad.verification.worlds import World

Known = dict[tuple[int, ...], Fraction]
EXCUSED = {"float64": 2.0**-40, "float32": 2.0**-12, "float16": 2.0**-4, "bfloat16": 2.0**-4}      # of the largest number in sight
LOST = {"float64": 2.0**-7, "float32": 2.0**-7, "float16": 2.0**-3, "bfloat16": 2.0**-3}           # of an entry itself
STEPS = {"float64": 64.0, "float32": 64.0, "float16": 2.0, "bfloat16": 2.0}     # units in the last place of the inputs whose effect is excused
MIXED, NUDGE = 8, fmpq(1, 2**90)


@dataclass(frozen=True, slots=True)
class Off:
    """An entry that is not what it should be."""

    trial: Trial
    at: tuple[int, ...]
    got: float
    right: Fraction
    results: Flat


def right_of(truth: Truth, wanted: Wanted, trial: Trial) -> Known:
    """What the derivation gives at the point; an entry where the definition says otherwise is left out."""
    found = truth.values(wanted.tree, wanted.letters, trial.point)
    known = truth.values(wanted.asked, wanted.letters, trial.point) if trial.what in ("plain", "kink") else {}
    return {at: value for at, value in found.items() if value is not None and _agree(value, known.get(at))}


def _agree(a: Fraction, b: Fraction | None) -> bool:
    return b is None or abs(a - b) <= Fraction(1, 10**15) * max(abs(a), abs(b), Fraction(1, 10**30))


def offs(truth: Truth, wanted: Wanted, got: Flat, trial: Trial, dtype: str) -> Iterator[Off]:
    """The entries that are off at a moderate point."""
    right = right_of(truth, wanted, trial)
    most = excused(right, trial, dtype)
    for at, value in right.items():
        if not math.isfinite(got[at]) or abs(Fraction(got[at]) - value) > most:
            yield Off(trial, at, got[at], value, got)


def excused(right: Mapping[tuple[int, ...], Fraction | None], trial: Trial, dtype: str) -> Fraction:
    """The error that the type excuses at a moderate point."""
    entries = [abs(value) for value in right.values() if value is not None]
    sight = [abs(Fraction(int(v.p), int(v.q))) for v in trial.point.given.values()] if EPSILON[dtype] < 2.0**-20 else []
    least = Fraction(1) if EPSILON[dtype] < 2.0**-20 else Fraction(1, 8)
    return Fraction(EXCUSED[dtype]) * max([*entries, *sight, least])


def lost(truth: Truth, wanted: Wanted, seen: Observed, number: int) -> Iterator[Off]:
    """The entries that have lost their digits, or are no number, though the inputs tell them well."""
    got, dtype, steep = seen.results[number], seen.dtype, truth.is_exponential
    for at, value in right_of(truth, wanted, seen.trial).items():
        if not 4 * SMALLEST[dtype] < abs(value) < LARGEST[dtype] / 4:
            if math.isnan(got[at]):
                yield Off(seen.trial, at, got[at], value, got)
            continue
        if math.isfinite(got[at]) and (not steep or abs(Fraction(got[at]) - value) <= Fraction(LOST[dtype]) * abs(value)):
            continue
        moved = _moved(truth, wanted, at, seen.trial, dtype)
        if not math.isfinite(got[at]) and moved is not None or moved is not None and abs(Fraction(got[at]) - value) > Fraction(STEPS[dtype]) * moved:
            yield Off(seen.trial, at, got[at], value, got)


def _moved(truth: Truth, wanted: Wanted, at: tuple[int, ...], trial: Trial, dtype: str) -> Fraction | None:
    """By how much the entry changes where each input changes by one unit in the last place; None where it has no value then."""
    total = Fraction(0)
    value = truth.values(wanted.tree, wanted.letters, trial.point)[at]
    measured = {wanted.name, truth.cotangent.name if truth.cotangent else wanted.name}
    for place, old in trial.point.given.items():
        if old == 0 or value is None or old.q == 1 and place[0] not in measured:
            continue                                    # an integer, such as a label, is what it is in every type
        unit = max(abs(old) / round(2 / EPSILON[dtype]), fmpq(1, round(1 / SMALLEST[dtype]) * round(1 / EPSILON[dtype])))
        point = trial.point.moved({place: old + unit if old > 0 else old - unit})
        changed = truth.entry(wanted.tree, wanted.letters, at, point)
        if changed is None:
            return None
        total += abs(changed - value)
    return total


def is_tied(truth: Truth, wanted: Wanted, trial: Trial) -> bool:
    """Whether a difference that decides a kink is 0 at the point, and changes with what is differentiated by."""
    places = [place for place in trial.point.given if place[0] == wanted.name]
    aside = Trial(trial.point.moved({place: trial.point.given[place] + NUDGE * (n * n + 1) for n, place in enumerate(places)}), trial.what)
    for tree, letters in ((wanted.tree, wanted.letters), (wanted.of, ())):
        closure = truth.evaluator.closure(tree, letters)
        for stack in assignments(letters, trial.point):
            watch: list[tuple[object, tuple[int, ...]]] = []
            with balls.working_precision(320):
                try:
                    closure(stack, World(trial.point, watch=watch))  # type: ignore[arg-type]
                except (*NO_VALUE, *NOTHING):
                    pass
                if any(_vanishes(difference, place, trial) and not _vanishes(difference, place, aside) for difference, place in watch):
                    return True
    return False


def _vanishes(difference: object, place: tuple[int, ...], trial: Trial) -> bool:
    try:
        return balls.sign(plain(difference(place, World(trial.point)))) == 0  # type: ignore[operator]
    except (*NO_VALUE, *NOTHING):
        return False


def subgradients(truth: Truth, wanted: Wanted, off: Off) -> tuple[Fraction, Fraction] | None:
    """Between which values the derivatives close by lie: what may be taken at a kink."""
    found = [off.right]
    given = off.trial.point.given
    places = [place for place in given if place[0] == wanted.name]
    for direction in _directions(len(places)):
        moved = {place: given[place] + NUDGE * step for place, step in zip(places, direction, strict=True)}
        value = truth.entry(wanted.tree, wanted.letters, off.at, off.trial.point.moved(moved))
        if value is not None:
            found.append(value)
    return (min(found), max(found)) if len(found) > 1 else None


def _directions(many: int) -> Iterator[tuple[int, ...]]:
    """Up and down in each entry alone; and rising, falling, alternating in all of them."""
    for n in range(many):
        for sign in (1, -1):
            yield tuple(sign * (k == n) for k in range(many))
    for turn in range(MIXED):
        signs = ((1, 1), (-1, -1), (1, -1), (-1, 1))[turn % 4]
        yield tuple(signs[n % 2] * (1 + (n * (turn + 1) * 7 + turn) % 11) for n in range(many))


def among_entries(truth: Truth, wanted: Wanted, trial: Trial) -> bool:
    """Whether the tie is one of entries of the same tensor: it stays when all of them move together."""
    moved = {place: value + fmpq(5, 16) for place, value in trial.point.given.items() if place[0] == wanted.name}
    return len(moved) > 1 and is_tied(truth, wanted, Trial(trial.point.moved(moved), trial.what))
