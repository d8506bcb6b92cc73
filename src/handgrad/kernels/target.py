"""What a target is: a way to turn a program into code, and to run it.

A target is one file in `targets/`, which registers itself:

    register(Target("numpy", ".py", emit, build))

`emit` gives the code as text. `build` gives a function from the inputs (arrays of the target, checked and by name), the sizes of the axes, and buffers
for results, to the results by the names of their parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from handgrad.expr import Axis
from handgrad.kernels.program import Program
from handgrad.records import dataclass

DType = Literal["float32", "float64"]
Runner = Callable[[Mapping[str, Any], Mapping[Axis, int], Mapping[str, Any]], Mapping[str, Any]]


@runtime_checkable
class Binding(Protocol):
    """A runner that has a faster way for arguments that stay."""

    def bound(self, given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Callable[[], Any]:
        """A function without arguments that writes the results that have buffers, and gives the value."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a program is to be compiled: the type of its numbers, and how many threads it may take (0: as many as there are cores)."""

    dtype: DType = "float64"
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A target: its name, how its files end, and how a program becomes text and a function."""

    name: str
    suffix: str
    emit: Callable[[Program, Options], str]
    build: Callable[[Program, Options], Runner]
    arrays: str = "numpy"               # whose arrays it takes: numpy, torch, jax, or lists


_targets: dict[str, Target] = {}


def register(target: Target) -> Target:
    """Makes a target known."""
    _targets[target.name] = target
    return target


def targets() -> Mapping[str, Target]:
    """The targets by name."""
    return _targets
