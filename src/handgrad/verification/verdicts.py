"""Verdicts on two formulas: equal as far as was looked, certainly apart at a point, or undecided with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from fractions import Fraction
from itertools import chain
from math import prod
from typing import Any, Literal

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Unclear, Unreal
from handgrad.axes import Definition, Function, Model
from handgrad.errors import LimitError, ModelError
from handgrad.expr import Expr, Letter
from handgrad.records import dataclass
from handgrad.trees import names
from handgrad.verification.conditions import CONDITIONS
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.facts import assignments, ordered
from handgrad.verification.formulas import FORMULAS
from handgrad.verification.jets import plain
from handgrad.verification.pairs import AGREED_BITS, PRECISIONS, OutsideDomain, Seen, Unusable, pair
from handgrad.verification.points import Points
from handgrad.verification.reductions import REDUCTIONS
from handgrad.verification.worlds import GIVEN, Closure, OutOfRange, Point, Stack, World, noise, spelled

FIRST_POINTS, MOST_ASSIGNMENTS = 8, 3        # values of the free indices that are looked at: three at the first points, one at further ones
ENOUGH_NEAR_KINKS = 9           # points on and around kinks; with fewer near one point, those near another are looked at too


@dataclass(frozen=True, slots=True)
class Sample:
    """A point that was looked at: sizes by slot (`"x.1"`), inputs and values as exact fractions or certain digits."""

    sizes: Mapping[str, int]
    letters: Mapping[str, int]
    inputs: Mapping[str, str]
    left: str
    right: str

    def as_dict(self) -> dict[str, Any]:
        """The sample as JSON."""
        return {"sizes": dict(self.sizes), "letters": dict(self.letters), "inputs": dict(self.inputs), "left": self.left, "right": self.right}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was found about two formulas.

    `apart` is a proof, and `point` gives inputs, free indices and sizes (`size(x,1)`) where the values `left` and `right` differ.
    `agrees` was seen at `points` points to `bits` bits. `undecided` says why in `because`.
    """

    verdict: Literal["agrees", "apart", "undecided"]
    points: int
    bits: int
    point: dict[str, str] | None = None
    because: str = ""
    left: str | None = None
    right: str | None = None
    seed: int = 0
    samples: tuple[Sample, ...] = field(default=())
    proved: bool = False                # of `agrees`: not measured at points, but shown for all

    def as_dict(self) -> dict[str, Any]:
        """The certificate as JSON: `verdict points bits seed samples`, and `point because left right` where there is something to say."""
        shown: dict[str, Any] = {"verdict": self.verdict, "points": self.points, "bits": self.bits, "seed": self.seed}
        shown |= {key: value for key, value in (("point", self.point), ("because", self.because), ("left", self.left), ("right", self.right)) if value}
        return shown | {"samples": [sample.as_dict() for sample in self.samples]}


class Verifier:
    """Compares raw trees of one model by their values, at seeded points that all comparisons share."""

    def __init__(self, model: Model, functions: Mapping[str, Function], seed: int = 0) -> None:
        self.model, self.functions, self.seed = model, functions, seed
        self._evaluator = Evaluator(model, functions, FORMULAS | REDUCTIONS | CONDITIONS, seed)
        self._points = Points(self._evaluator, seed)

    def define(self, definition: Definition) -> None:
        """Makes a further name known, such as one of `where`; its trees may then stand in what is compared."""
        known = self._evaluator.definitions.setdefault(definition.name, definition)
        if known != definition:
            raise ModelError(f"{definition.name} is defined already")

    # ------------------------------------------------------------ comparing

    def compare(self, left: Expr, right: Expr, points: int = 8, at_kinks: bool = False, off_kinks: bool = False) -> Certificate:
        """Whether the two have the same values, for all values of their free indices.

        Points on kinks count. Only where a kink is differentiated, by a derivative that is not carried out, is the value there a
        convention: with `at_kinks` such points count too, by the convention that a derivative which is 0 on one side is 0 there.
        With `off_kinks` no point counts that was sought on a boundary: for a step that says that it chooses the value there.
        """
        letters = ordered(left.letters | right.letters)
        sides = self._evaluator.closure(left, letters), self._evaluator.closure(right, letters)
        seen: list[Seen] = []
        because = ""
        made_of = frozenset().union(*(self._evaluator.reach(name) for name in names(left) | names(right)))
        special = self._special(sides, seen) if any(self._evaluator.kinked(side) for side in (left, right)) else ()
        for found in chain(self._regular(sides, letters, points), special):
            if isinstance(found, str):
                because = because or found
            elif found.bits is not None:
                seen.append(found)
            elif not self._excused(found, sides, at_kinks, off_kinks):
                return apart_at(self._sample(found, letters, made_of), len(seen), self.seed)
        if not seen:
            return Certificate("undecided", 0, 0, because=because or "nothing could be evaluated", seed=self.seed)
        samples = tuple(self._sample(s, letters, made_of) for s in seen[:2])
        elsewhere = f"looked at where both are real; elsewhere: {because}" if because else ""
        return Certificate("agrees", len(seen), min(s.bits or 0 for s in seen), because=elsewhere, seed=self.seed, samples=samples)

    def _regular(self, sides: tuple[Closure, Closure], letters: tuple[Letter, ...], points: int) -> Iterator[Seen | str]:
        """What is found at seeded points, or why nothing is. Where most values are exactly 0, more points are looked at."""
        looked = alive = number = 0
        while (looked < points or alive < points // 2) and number < (3 * points + 12 if looked else points + 12):
            try:
                found, outside = self._near(number, sides, letters)
                if outside:
                    yield outside
                looked += 1
                alive += found.alive
                yield found
            except Unusable as reason:
                yield str(reason)
            number += 1

    def _special(self, sides: tuple[Closure, Closure], seen: list[Seen]) -> Iterator[Seen]:
        """What is found on each kink and in each region that the formulas meet, near points seen before where the values are not 0."""
        looked = 0
        for base in sorted(seen[1:] or seen, key=lambda s: not s.alive)[:2]:
            near = self._points.kinks(sides, base.stack, base.point) if looked < ENOUGH_NEAR_KINKS else []
            looked += len(near)
            for point in near:
                try:
                    yield replace(pair(sides, base.stack, point), built=True)
                except Unusable:
                    continue

    @staticmethod
    def _excused(found: Seen, sides: tuple[Closure, Closure], at_kinks: bool, off_kinks: bool) -> bool:
        """Whether the point lies on a kink of what is differentiated, or that is not decided; with `off_kinks`, on any boundary sought."""
        anywhere = off_kinks and found.built
        if at_kinks and not anywhere:
            return False
        for bits in PRECISIONS:
            with balls.working_precision(bits):
                try:
                    return _on_boundary(found, sides, anywhere)
                except OutOfRange:
                    return False
                except (Unclear, Unreal, LimitError):
                    continue
        return True

    def _near(self, number: int, sides: tuple[Closure, Closure], letters: tuple[Letter, ...]) -> tuple[Seen, str]:
        """What is found at a point, or where that is outside the domain, at a point moved into it; and why it was moved."""
        point = self._points.point(number)
        stacks = chosen(letters, point, number)
        try:
            return self._at(point, sides, stacks), ""
        except OutsideDomain as outside:
            moved = self._points.adapted(number, sides, stacks)
            if moved is None:
                raise
            return self._at(moved, sides, stacks), str(outside)

    def _bits(self, sides: tuple[Closure, Closure], stack: Stack, point: Point) -> int:
        """To how many bits two values have to agree."""
        return AGREED_BITS

    def _at(self, point: Point, sides: tuple[Closure, Closure], stacks: list[Stack]) -> Seen:
        """The first pair that is apart among some values of the free indices, else one that is not 0 = 0, with the fewest bits of all."""
        seen: list[Seen] = []
        kind, why = Unusable, "nothing could be evaluated"         # not the exception itself: its frames would hold it in a circle
        for stack in stacks:
            try:
                seen.append(pair(sides, stack, point, self._bits(sides, stack, point)))
            except Unusable as reason:
                kind, why = type(reason), str(reason)
                continue
            if seen[-1].bits is None:
                return seen[-1]
        if not seen:
            raise kind(why)
        shown = next((s for s in seen if s.alive), seen[0])
        return replace(shown, bits=min(s.bits or 0 for s in seen))

    @staticmethod
    def _sample(seen: Seen, letters: tuple[Letter, ...], made_of: frozenset[str]) -> Sample:
        known = seen.point.drawn | seen.point.given
        inputs = {spelled(place): str(known[place]) for place in sorted(known) if place[0] in made_of or place[0].endswith("(0)")}
        sizes = {f"{axis.tensor}.{axis.slot}": n for axis, n in seen.point.sizes.items()}
        if isinstance(seen.right, str):
            left, right = balls.decimal(seen.left), seen.right
        else:
            digits = balls.telling_digits(seen.left, seen.right) if seen.bits is None else 30
            left, right = balls.decimal(seen.left, digits), balls.decimal(seen.right, digits)
        return Sample(sizes, {letter.name: n for letter, n in zip(letters, seen.stack, strict=True)}, inputs, left, right)

    # ------------------------------------------------------------ values

    def at(self, inputs: Mapping[str, Any]) -> Point:
        """The point where each input has the number given, or nested lists of numbers; what is found there is remembered."""
        return _given_point(self.model, inputs)

    def drawn(self, number: int) -> Point:
        """One of the seeded points that comparisons look at."""
        return self._points.point(number)

    def value(self, expression: Expr, where: Point | Mapping[str, Any], digits: int = 30, letters: Mapping[str, int] | None = None) -> Fraction | str:
        """The value at a point or at the inputs given: exact where it is rational, else decimals of which every digit is certain."""
        point = where if isinstance(where, Point) else self.at(where)
        free = ordered(expression.letters)
        closure = self._evaluator.closure(expression, free)
        stack = tuple((letters or {})[letter.name] for letter in free)
        for bits in PRECISIONS:
            try:
                with balls.working_precision(bits):
                    found = plain(closure(stack, point.world(bits)))
                    if type(found) is fmpq:
                        return Fraction(int(found.p), int(found.q))
                    if found.is_finite() and balls.relative_bits(found) > 4 * digits:
                        return balls.decimal(found, digits)
            except Unclear:
                continue
            except (Unreal, OutOfRange) as reason:
                raise ModelError(f"there is no value: {reason}") from None
        raise ModelError("there is no value that can be told", remedy=f"it is not decided with {PRECISIONS[-1]} bits")


def _on_boundary(found: Seen, sides: tuple[Closure, Closure], anywhere: bool) -> bool:
    """Whether a difference that decides a kink is 0 at the point: one that changes with what is differentiated, or any."""
    watch: list[tuple[Closure, Stack]] = []
    for side in sides:
        side(found.stack, World(found.point, watch=watch) if anywhere else World(found.point, kinks=watch))
    return any(balls.sign(plain(d(at, World(found.point)))) == 0 for d, at in watch)


def apart_at(sample: Sample, agreed: int, seed: int) -> Certificate:
    """The certificate of a point at which the two differ."""
    point = dict(sample.inputs) | {name: str(n) for name, n in sample.letters.items()}
    point |= {f"size({slot.replace('.', ',')})": str(n) for slot, n in sample.sizes.items()}
    return Certificate("apart", agreed + 1, 0, point, "the values differ at a point", sample.left, sample.right, seed, (sample,))


def chosen(letters: tuple[Letter, ...], point: Point, number: int) -> list[Stack]:
    """Values of the free indices: all, or where they are many some drawn ones, with the first or the last of all at the first points."""
    sizes = [point.size(letter.axis) for letter in letters]
    most = MOST_ASSIGNMENTS if number < FIRST_POINTS else 1
    if prod(sizes) <= most:
        return list(assignments(letters, point))
    ends = [tuple(sizes) if number % 2 else tuple(1 for _ in sizes)] if number < FIRST_POINTS else []
    turns = range(most)
    drawn = [tuple(1 + noise(f"{point.seed}:{turn}:{letter.name}") % size for letter, size in zip(letters, sizes, strict=True)) for turn in turns]
    return list(dict.fromkeys([*ends, *drawn]))[:most]


def _given_point(model: Model, inputs: Mapping[str, Any]) -> Point:
    """The point with the inputs as they are given; sizes are the lengths of the lists."""
    point = Point("given", GIVEN, {})

    def enter(name: str, slots: tuple[Any, ...], given: Any, at: Stack) -> None:
        if not slots:
            point.given[(name, at)] = balls.exact(Fraction(given))
            return
        if point.sizes.setdefault(slots[0], len(given)) != len(given):
            raise ModelError(f"{name} has {len(given)} entries where {point.sizes[slots[0]]} are expected")
        for n, inner in enumerate(given, 1):
            enter(name, slots[1:], inner, (*at, n))

    for name, given in inputs.items():
        if name not in model.tensors:
            raise ModelError(f"{name} is no name of the model")
        enter(name, model.tensors[name], given, ())
    return point
