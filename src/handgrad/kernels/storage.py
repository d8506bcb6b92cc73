"""Where the entries of a name live in generated C: in an array handed in, in the state shared by all threads, in scratch of one, or in a variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

from handgrad.expr import Axis
from handgrad.records import dataclass

LANE = "l"
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
    kind: str = "double"                # the type of the entries
    lanes: int = 0                      # of so many samples side by side each entry is held; `LANE` is the sample's number among them

    def entry(self, positions: Sequence[str | int], sizes: Sizes) -> str:
        """The entry at positions."""
        positions = [at for number, at in enumerate(positions) if number != self.dropped]
        if self.home == "variable":
            return self._chosen("", positions, self.axes, sizes)
        if self.lanes:
            offset = self.offset(positions, sizes)
            first = str(int(offset) * self.lanes) if offset.isdigit() else f"({offset})*{self.lanes}"
            return f"{self.name}[{LANE}]" if first == "0" else f"{self.name}[{first} + {LANE}]"
        return f"{self.name}[{self.offset(positions, sizes)}]"

    def _chosen(self, known: str, positions: Sequence[str | int], axes: Sequence[Axis], sizes: Sizes) -> str:
        """The variable of the entry; at a position that is known only where the code runs, the sum of all but for that one set to 0.

        Of choices side by side compilers make vectors, of choices within choices they do not.
        """
        if not positions:
            return f"{self.name}{known}"
        at, *others = positions
        if isinstance(at, int):
            return self._chosen(f"{known}_{at}", others, axes[1:], sizes)
        each = [self._chosen(f"{known}_{k}", others, axes[1:], sizes) for k in range(sizes.fixed[axes[0]])]
        zero = "0.0f" if self.kind == "float" else "0"
        return f"({' + '.join(f'({at} == {k} ? {variable} : {zero})' for k, variable in enumerate(each)) or zero})"

    def stored(self, value: str) -> str:
        """A value in double as what is held."""
        return f"({self.kind}){value}" if self.kind == "float" else value

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
