"""What a problem file states, as values: the model, what is asked of it, the numbers, the rounding, the names of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any, Literal

from handgrad.arithmetic.decimals import Places, Ties
from handgrad.axes import Model
from handgrad.expr import Axis
from handgrad.records import dataclass

Place = tuple[str, tuple[int, ...]]         # an entry: the name and its indices, from 1


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a person rounds: the places of each quantity (several: one rounding after the other), ties, and what is carried on."""

    default: tuple[Places, ...] = (Places(4),)
    listed: Mapping[str, tuple[Places, ...]] = field(default_factory=dict)      # by name, or by `d(E, h)`
    ties: Ties = "away"
    carry: Literal["shown", "unrounded"] = "shown"

    def places(self, quantity: str) -> tuple[Places, ...]:
        """The places of a quantity, those of the default where it is not listed."""
        return self.listed.get(quantity, self.default)


@dataclass(frozen=True, slots=True)
class Update:
    """Steps of gradient descent: w - rate * gradient, so many times."""

    rate: Fraction
    epochs: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as its file states it.

    `by` are the names by which the gradients of `of` are asked for; `second` are pairs of names, each a table of second derivatives.
    """

    title: str
    model: Model
    of: str
    by: tuple[str, ...]
    values: Mapping[Place, Fraction]            # of every entry of a given
    sizes: Mapping[Axis, int]
    rounding: Rounding = field(default_factory=Rounding)
    names: tuple[tuple[str, str], ...] = ()     # spelling and quantity, in the order of the file
    update: Update | None = None
    draw: Mapping[str, Any] = field(default_factory=dict)
    reject: tuple[str, ...] = ()
    path: str = ""
    second: tuple[tuple[str, str], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)      # of the file, on which the statements of names and `assume 1`, … stand

    def located(self, name: str = "") -> str:
        """Where the file says what a name is, as a message begins: `set.toml, line 7: `."""
        line = self.lines.get(name, 0)
        return (f"{self.path}, line {line}: " if line else f"{self.path}: ") if self.path else ""


def gradient(of: str, *by: str) -> str:
    """How the derivative of a quantity by another, or by two, is spelled in a problem file: `d(E, W)`, `d(E, W, b)`."""
    return f"d({', '.join((of, *by))})"


def entries(model: Model, sizes: Mapping[Axis, int], name: str) -> Iterator[tuple[int, ...]]:
    """The indices of all entries of a tensor, in rows."""
    def below(slots: tuple[Axis, ...]) -> Iterator[tuple[int, ...]]:
        if not slots:
            yield ()
            return
        for n in range(1, sizes[slots[0]] + 1):
            for rest in below(slots[1:]):
                yield (n, *rest)

    return below(model.tensors[name])
