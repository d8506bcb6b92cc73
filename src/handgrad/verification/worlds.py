"""Where a tree is evaluated: a `Point` fixes sizes and inputs, a `World` remembers the values found there at one precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any
from weakref import ref
from zlib import crc32

from flint import fmpq

from handgrad.arithmetic.balls import Scalar
from handgrad.errors import ModelError
from handgrad.expr import Axis
from handgrad.records import dataclass
from handgrad.verification.jets import Gradient, Jet, Value, coefficient

Place = tuple[str, tuple[int, ...]]                     # an entry of a tensor: name and indices
Stack = tuple[int, ...]                                 # the values of the bound indices, innermost last


GIVEN = -1                                              # the style of a point at which nothing is drawn
SHORT = -2                                              # the style of a point with numbers that are short to say


class OutOfRange(ArithmeticError):
    """An entry outside its axis was asked for where nothing guards it."""


def spelled(place: Place) -> str:
    """The entry as it is written."""
    name, indices = place
    return f"{name}[{','.join(map(str, indices))}]" if indices else name


@dataclass(slots=True, eq=False)
class Inputs:
    """Sizes of axes and values of inputs. Inputs are drawn when they are first asked for, each from the seed and its own name."""

    seed: str
    style: int
    sizes: dict[Axis, int]
    given: dict[Place, Scalar] = field(default_factory=dict)
    drawn: dict[Place, Scalar] = field(default_factory=dict)

    def entry(self, place: Place) -> Scalar:
        """The exact value of an input entry."""
        if place in self.given:
            return self.given[place]
        if self.style == GIVEN:
            raise ModelError(f"{spelled(place)} has no value")
        if place not in self.drawn:
            self.drawn[place] = drawn(f"{self.seed}:{spelled(place)}", self.style)
        return self.drawn[place]

    def size(self, axis: Axis) -> int:
        """How long an axis is here; one that the model does not know is drawn."""
        if axis not in self.sizes and self.style == GIVEN:
            raise ModelError(f"nothing says how long axis {axis.slot} of {axis.tensor} is")
        if axis not in self.sizes:
            self.sizes[axis] = 1 + noise(f"{self.seed}:{axis.tensor}.{axis.slot}") % 3
        return self.sizes[axis]


@dataclass(slots=True, eq=False)
class Point(Inputs):
    """Sizes and inputs, with what was found there at each precision."""

    worlds: dict[int, World] = field(default_factory=dict)

    def world(self, bits: int) -> World:
        """The values found here at a precision. (They know the inputs and not the point, so that no circle of references keeps them.)"""
        if bits not in self.worlds:
            self.worlds[bits] = World(Inputs(self.seed, self.style, self.sizes, self.given, self.drawn))
        return self.worlds[bits]

    def moved(self, changes: dict[Place, Scalar]) -> Point:
        """The same point with other values of some inputs."""
        return Point(self.seed, self.style, dict(self.sizes), {**self.given, **changes}, self.drawn)


def noise(text: str) -> int:
    """A number that depends on all of the text and on nothing else."""
    return (crc32(text.encode()) * 2654435761 >> 7) & 0xFFFFFF


STYLES = ("mixed", "positive", "unit", "wide", "small")


def drawn(text: str, style: int) -> Scalar:
    """A dyadic rational: of mixed sign, positive, between 0 and 1, of very mixed size, or positive and small."""
    n = noise(text)
    numerator, negative = 2 * (n >> 4 & 2047) + 1, n & 1
    if style == SHORT:                                  # 1.1 to 2.9, no whole number
        return fmpq((11 + (n >> 4) % 9 + 10 * (n >> 1 & 1)) * (-1 if negative else 1), 10)
    match STYLES[style % len(STYLES)]:
        case "positive":
            return fmpq(numerator, 1024)
        case "unit":
            return fmpq(numerator, 4096)
        case "small":
            return fmpq(numerator, 32768)
        case "wide":
            numerator *= -1 if negative else 1
            return fmpq(numerator, (64, 512, 2048, 16384)[(n >> 1) & 3])
        case _:
            return fmpq(-numerator if negative else numerator, 2048)


@dataclass(slots=True, eq=False, weakref_slot=True)
class World:
    """The values found so far at a point, at one precision, seen with some entries as seeds of derivatives."""

    point: Inputs
    seeds: tuple[Place, ...] = ()
    memo: dict[Any, Value] = field(default_factory=dict)
    below: dict[tuple[Place, ...], World] = field(default_factory=dict)
    watch: list[tuple[Closure, Stack]] | None = None    # differences that decide a kink, with where they were met
    kinks: list[tuple[Closure, Stack]] | None = None    # those of them that change with what is differentiated
    asked: list[tuple[Closure, Stack]] | None = None    # what has to be positive, with where it was met
    reads: list[Place] | None = None                    # input entries in the order of first use
    hidden: list[tuple[float, Closure, Stack]] | None = None    # how many bits a power or an exponential may hide, with the argument
    side: int = 0                                       # on which side of a boundary conditions are read
    tied: bool = False                                  # whether a condition was met on its boundary
    root: ref[World] | None = None                      # the world without seeds, which holds this one
    seed_names: frozenset[str] = frozenset()
    every: str = ""                                     # the tensor of which all entries are seeds
    numbers: dict[Place, int] = field(default_factory=dict)

    def under(self, seeds: tuple[Place, ...]) -> World:
        """The same world with these entries as seeds."""
        if seeds == self.seeds:
            return self
        root = self.base
        if seeds not in root.below:
            names = frozenset(name for name, _ in seeds)
            told = {"watch": root.watch, "kinks": root.kinks, "asked": root.asked, "reads": root.reads, "hidden": root.hidden}
            root.below[seeds] = World(self.point, seeds, root=ref(root), seed_names=names, **told)  # type: ignore[arg-type]
        return root.below[seeds]

    @property
    def base(self) -> World:
        """The world without seeds."""
        found = self if self.root is None else self.root()
        assert found is not None, "whoever evaluates holds it"
        return found

    def under_every(self, name: str) -> World:
        """The world without seeds, with all entries of a tensor as seeds of first derivatives."""
        seeds = ((name, (0,)),)                         # no entry has the index 0
        world = self.under(seeds)
        world.every = name
        return world

    def sloped(self, place: Place, value: Value) -> Value:
        """The value of an entry of the tensor that is varied, plus its seed."""
        parts: dict[int, Scalar] = dict(value.parts) if isinstance(value, Jet) else {0: value}
        number = self.numbers.setdefault(place, len(self.numbers) + 1)
        parts[number] = parts[number] + 1 if number in parts else fmpq(1)
        return Gradient(parts)

    def slope(self, place: Place, value: Value) -> Scalar:
        """The derivative of a value by an entry of the tensor that is varied."""
        return coefficient(value, self.numbers[place]) if place in self.numbers else fmpq(0)

    def input(self, place: Place) -> Scalar:
        """The value of an input entry."""
        if self.reads is not None:
            self.reads.append(place)
        return self.point.entry(place)

    def seeded(self, place: Place, value: Value) -> Value:
        """The value of an entry, plus the seeds that it is."""
        parts: dict[int, Scalar] = dict(value.parts) if isinstance(value, Jet) else {0: value}
        for position, seed in enumerate(self.seeds):
            if seed == place:
                mask = 1 << position
                parts[mask] = parts[mask] + 1 if mask in parts else fmpq(1)
        return Jet(parts) if len(parts) > 1 else value

    def derivative_of(self, value: Value, order: int) -> Value:
        """What stands with all of the last `order` seeds, as seen from outside of these."""
        outer = len(self.seeds) - order
        seeds = (1 << len(self.seeds)) - (1 << outer)
        parts = {m ^ seeds: x for m, x in value.parts.items() if m & seeds == seeds} if isinstance(value, Jet) else {}
        if len(parts) == 1 and 0 in parts:
            return parts[0]
        if not parts:
            return fmpq(0)
        parts.setdefault(0, fmpq(0))
        return Jet(parts)


Closure = Callable[[Stack, World], Value]


def unknown_function(name: str) -> ModelError:
    """The refusal to evaluate a function that nobody defined."""
    return ModelError(f"{name} is no function that has a value here")
