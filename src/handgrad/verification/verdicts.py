"""Verdicts on two formulas: equal as far as was looked, certainly apart at a point, or undecided with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from math import prod
from typing import Any, Literal

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal
from handgrad.axes import Definition, Function, Model
from handgrad.errors import LimitError, ModelError
from handgrad.expr import Expr, Letter
from handgrad.trees import names
from handgrad.verification.conditions import CONDITIONS
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.facts import assignments, ordered
from handgrad.verification.formulas import FORMULAS
from handgrad.verification.jets import plain
from handgrad.verification.points import Points
from handgrad.verification.reductions import REDUCTIONS
from handgrad.verification.worlds import GIVEN, Closure, OutOfRange, Point, Stack, World, noise, spelled

PRECISIONS = (320, 640, 2560)
AGREED_BITS = 200
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

    def as_dict(self) -> dict[str, Any]:
        """The certificate as JSON: `verdict points bits seed samples`, and `point because left right` where there is something to say."""
        shown: dict[str, Any] = {"verdict": self.verdict, "points": self.points, "bits": self.bits, "seed": self.seed}
        shown |= {key: value for key, value in (("point", self.point), ("because", self.because), ("left", self.left), ("right", self.right)) if value}
        return shown | {"samples": [sample.as_dict() for sample in self.samples]}


@dataclass(frozen=True, slots=True)
class _Seen:
    """Two values at a point. `bits` is None where they are apart."""

    point: Point
    stack: Stack
    left: Scalar
    right: Scalar | str                 # or the complaint that it leaves an axis
    bits: int | None
    alive: bool = True                  # not 0 = 0
    built: bool = False                 # on or beside a boundary that was sought


class _Unusable(Exception):
    """The point says nothing about the two formulas."""


class _OutsideDomain(_Unusable):
    """The formulas are not real at the point; they may be at one near by."""


class Verifier:
    """Compares raw trees of one model by their values, at seeded points that all comparisons share."""

    def __init__(self, model: Model, functions: Mapping[str, Function], seed: int = 0) -> None:
        self.model, self.seed = model, seed
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
        seen: list[_Seen] = []
        because = ""
        made_of = frozenset().union(*(self._evaluator.reach(name) for name in names(left) | names(right)))
        special = self._special(sides, seen) if any(self._evaluator.kinked(side) for side in (left, right)) else ()
        for found in chain(self._regular(sides, letters, points), special):
            if isinstance(found, str):
                because = because or found
            elif found.bits is not None:
                seen.append(found)
            elif not self._excused(found, sides, at_kinks, off_kinks):
                return _apart(self._sample(found, letters, made_of), len(seen), self.seed)
        if not seen:
            return Certificate("undecided", 0, 0, because=because or "nothing could be evaluated", seed=self.seed)
        samples = tuple(self._sample(s, letters, made_of) for s in seen[:2])
        elsewhere = f"looked at where both are real; elsewhere: {because}" if because else ""
        return Certificate("agrees", len(seen), min(s.bits or 0 for s in seen), because=elsewhere, seed=self.seed, samples=samples)

    def _regular(self, sides: tuple[Closure, Closure], letters: tuple[Letter, ...], points: int) -> Iterator[_Seen | str]:
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
            except _Unusable as reason:
                yield str(reason)
            number += 1

    def _special(self, sides: tuple[Closure, Closure], seen: list[_Seen]) -> Iterator[_Seen]:
        """What is found on each kink and in each region that the formulas meet, near points seen before where the values are not 0."""
        looked = 0
        for base in sorted(seen[1:] or seen, key=lambda s: not s.alive)[:2]:
            near = self._points.kinks(sides, base.stack, base.point) if looked < ENOUGH_NEAR_KINKS else []
            looked += len(near)
            for point in near:
                try:
                    yield replace(_pair(sides, base.stack, point), built=True)
                except _Unusable:
                    continue

    @staticmethod
    def _excused(found: _Seen, sides: tuple[Closure, Closure], at_kinks: bool, off_kinks: bool) -> bool:
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

    def _near(self, number: int, sides: tuple[Closure, Closure], letters: tuple[Letter, ...]) -> tuple[_Seen, str]:
        """What is found at a point, or where that is outside the domain, at a point moved into it; and why it was moved."""
        point = self._points.point(number)
        stacks = _chosen(letters, point, number)
        try:
            return self._at(point, sides, stacks), ""
        except _OutsideDomain as outside:
            moved = self._points.adapted(number, sides, stacks)
            if moved is None:
                raise
            return self._at(moved, sides, stacks), str(outside)

    @staticmethod
    def _at(point: Point, sides: tuple[Closure, Closure], stacks: list[Stack]) -> _Seen:
        """The first pair that is apart among some values of the free indices, else one that is not 0 = 0, with the fewest bits of all."""
        seen: list[_Seen] = []
        kind, why = _Unusable, "nothing could be evaluated"         # not the exception itself: its frames would hold it in a circle
        for stack in stacks:
            try:
                seen.append(_pair(sides, stack, point))
            except _Unusable as reason:
                kind, why = type(reason), str(reason)
                continue
            if seen[-1].bits is None:
                return seen[-1]
        if not seen:
            raise kind(why)
        shown = next((s for s in seen if s.alive), seen[0])
        return replace(shown, bits=min(s.bits or 0 for s in seen))

    @staticmethod
    def _sample(seen: _Seen, letters: tuple[Letter, ...], made_of: frozenset[str]) -> Sample:
        known = seen.point.drawn | seen.point.given
        inputs = {spelled(place): str(known[place]) for place in sorted(known) if place[0] in made_of or place[0].endswith("(0)")}
        sizes = {f"{axis.tensor}.{axis.slot}": n for axis, n in seen.point.sizes.items()}
        right = seen.right if isinstance(seen.right, str) else balls.decimal(seen.right)
        return Sample(sizes, {letter.name: n for letter, n in zip(letters, seen.stack, strict=True)}, inputs, balls.decimal(seen.left), right)

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


def _on_boundary(found: _Seen, sides: tuple[Closure, Closure], anywhere: bool) -> bool:
    """Whether a difference that decides a kink is 0 at the point: one that changes with what is differentiated, or any."""
    watch: list[tuple[Closure, Stack]] = []
    for side in sides:
        side(found.stack, World(found.point, watch=watch) if anywhere else World(found.point, kinks=watch))
    return any(balls.sign(plain(d(at, World(found.point)))) == 0 for d, at in watch)


def _apart(sample: Sample, agreed: int, seed: int) -> Certificate:
    point = dict(sample.inputs) | {name: str(n) for name, n in sample.letters.items()}
    point |= {f"size({slot.replace('.', ',')})": str(n) for slot, n in sample.sizes.items()}
    return Certificate("apart", agreed + 1, 0, point, "the values differ at a point", sample.left, sample.right, seed, (sample,))


def _chosen(letters: tuple[Letter, ...], point: Point, number: int) -> list[Stack]:
    """Values of the free indices: all, or where they are many some drawn ones, with the first or the last of all at the first points."""
    sizes = [point.size(letter.axis) for letter in letters]
    most = MOST_ASSIGNMENTS if number < FIRST_POINTS else 1
    if prod(sizes) <= most:
        return list(assignments(letters, point))
    ends = [tuple(sizes) if number % 2 else tuple(1 for _ in sizes)] if number < FIRST_POINTS else []
    turns = range(most)
    drawn = [tuple(1 + noise(f"{point.seed}:{turn}:{letter.name}") % size for letter, size in zip(letters, sizes, strict=True)) for turn in turns]
    return list(dict.fromkeys([*ends, *drawn]))[:most]


def _pair(sides: tuple[Closure, Closure], stack: Stack, point: Point) -> _Seen:
    """Both values, at rising precision until they are apart or surely close."""
    reason = "the precision does not decide"
    width: Scalar | None = None
    for bits in PRECISIONS:
        with balls.working_precision(bits):
            world = point.world(bits)
            try:
                left = _side(sides[0], stack, world, "left")
                right = _side(sides[1], stack, world, "right")
            except Unclear as unclear:
                reason = str(unclear)
                continue
            except Unreal as unreal:
                raise _OutsideDomain(str(unreal)) from None
            except LimitError as limit:
                raise _Unusable(limit.what) from None
            if isinstance(right, str) or balls.apart(left, right):
                return _Seen(point, stack, left, right, None)
            known, radius = _known_bits(left, right, width)
            if known >= AGREED_BITS:
                alive = not (balls.vanishes(left) and balls.vanishes(right))
                return _Seen(point, stack, left, right, min(known, bits), alive)
            width = radius
    raise _Unusable(reason)


def _side(side: Closure, stack: Stack, world: World, which: str) -> Any:
    """The finite value of one side, remembered; of the right side also the complaint that it leaves an axis."""
    place = (side, stack)
    if place in world.memo:
        return world.memo[place]
    try:
        value = plain(side(stack, world))
    except OutOfRange as outside:
        if which == "left":
            raise _Unusable(f"the left side: {outside}") from None
        return str(outside)
    if not balls.finite(value):
        raise Unclear(f"the {which} side has no finite value here")
    world.memo[place] = value
    return value


def _known_bits(left: Scalar, right: Scalar, width: Scalar | None) -> tuple[int, Scalar]:
    """To how many bits two overlapping values are surely equal, and the width of their difference.

    Both are good relative to themselves; or, where terms cancel, the difference has shrunk as the precision rose: then it is
    small against the largest term.
    """
    if type(left) is fmpq and type(right) is fmpq:
        return balls.LARGEST_EXACT_BITS, None
    difference = balls.ball(left - right)
    if difference.is_zero():
        return balls.LARGEST_EXACT_BITS, None
    radius = difference.abs_upper()
    known = max(balls.relative_bits(left), balls.relative_bits(right)) if not _straddles(left, right) else 0
    if known < AGREED_BITS and width is not None and radius < width * arb(2) ** -AGREED_BITS:
        known = AGREED_BITS
    return known, radius


def _straddles(left: Scalar, right: Scalar) -> bool:
    return any(balls.sign(x) is None or (type(x) is fmpq and x == 0) for x in (left, right))


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
