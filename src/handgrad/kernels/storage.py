"""Where the entries of a name live in generated C: in an array handed in, in the state shared by all threads, in scratch of one, or in a variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from handgrad.expr import Axis

Home = Literal["input", "label", "result", "state", "scratch", "variable"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of axes in code: a number where it is fixed, else the name of a variable."""

    fixed: Mapping[Axis, int]
    names: Mapping[Axis, str]

    def __call__(self, axis: Axis) -> str | int:
        return self.fixed[axis] if axis in self.fixed else self.names[axis]

    def product(self, axes: Sequence[Axis]) -> str:
        """How many entries a tensor over the axes has."""
        number = prod(self.fixed[a] for a in axes if a in self.fixed)
        words = [self.names[a] for a in axes if a not in self.fixed]
        return "*".join([str(number), *words] if number != 1 or not words else words)


@dataclass(frozen=True, slots=True)
class Place:
    """The home of a name: the axes along which it is laid out, in rows, and how it is called in code."""

    home: Home
    name: str
    axes: tuple[Axis, ...]
    dropped: int = -1                   # the slot that is not laid out: only the entry of one sample is held

    def entry(self, positions: Sequence[str | int], sizes: Sizes) -> str:
        """The entry at positions."""
        positions = [at for number, at in enumerate(positions) if number != self.dropped]
        if self.home == "variable":
            return "_".join([self.name, *map(str, positions)])
        return f"{self.name}[{self.offset(positions, sizes)}]"

    def offset(self, positions: Sequence[str | int], sizes: Sizes) -> str:
        """Which of the entries it is, in rows."""
        words: list[str] = []
        constant = 0
        for number, at in enumerate(positions):
            stride = sizes.product(self.axes[number + 1 :])
            if isinstance(at, int) and stride.isdigit():
                constant += at * int(stride)
            elif at != 0:
                words.append(f"{at}" if stride == "1" else f"{at}*{stride}")
        return " + ".join([*words, *([str(constant)] if constant or not words else [])])
