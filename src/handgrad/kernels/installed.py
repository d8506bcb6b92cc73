"""Kernels that are installed compiled, by the distribution `handgrad-kernels`: which there are, and the level of instructions that suits the processor.

A library for each level holds many texts; what a text defines has its key, the hash of the text, at the end of its name:

    baseline.so     hg_run_0f3a…, hg_run_92bc…, …       x86-64 without anything later, or what another machine has at least
    v3.so           the same, with AVX2 and fused multiply-adds
    v4.so           the same, with AVX-512

`HANDGRAD_LEVEL` names the highest level that may be taken. A library of another version of handgrad is not taken.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from handgrad.errors import HandgradError
from handgrad.records import dataclass

PACKAGE = "handgrad_kernels"
VARIABLE = "HANDGRAD_LEVEL"
ENDING = ".so"


@dataclass(frozen=True, slots=True)
class Level:
    """A set of instructions: its name, its number (what `hg_level` tells of a processor), and how a compiler is asked for it."""

    name: str
    number: int
    flags: tuple[str, ...]


BASELINE = (Level("baseline", 0, ()),)
LEVELS = (                                  # of x86-64; elsewhere there is the baseline alone
    Level("baseline", 0, ("-march=x86-64",)),
    Level("v3", 3, ("-march=x86-64-v3",)),
    Level("v4", 4, ("-march=x86-64-v4", "-mprefer-vector-width=512")),
)


@dataclass(frozen=True, slots=True)
class Code:
    """Compiled code: a library, and what the names of one text end with in it."""

    library: ctypes.CDLL
    ending: str = ""

    def function(self, name: str) -> Callable[..., int]:
        """The function of this name in the text."""
        found: Callable[..., int] = self.library[name + self.ending]
        return found

    def address(self, name: str) -> int:
        """Where the text's variable of this name lies."""
        return ctypes.addressof(ctypes.c_char.in_dll(self.library, name + self.ending))


def key_of(source: str) -> str:
    """The key of a text, by which what was compiled of it is found."""
    return sha256(source.encode()).hexdigest()[:32]


def levels() -> tuple[Level, ...]:
    """The levels of this kind of machine, from the lowest."""
    return LEVELS if platform.machine().lower() in ("x86_64", "amd64") else BASELINE


def found(source: str, name: str = "hg_run") -> Code | None:
    """The installed code of the text, which defines the name; None if it is not there."""
    held = library()
    if held is None:
        return None
    code = Code(held, f"_{key_of(source)}")
    return code if hasattr(held, name + code.ending) else None


def folder() -> Path | None:
    """Where installed libraries lie; None where there are none of this version."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    metadata = import_module("importlib.metadata")          # which takes as long to load as all of this, and most have no such distribution
    try:
        agrees = getattr(import_module(PACKAGE), "__version__", None) == metadata.version("handgrad")
    except metadata.PackageNotFoundError:
        return None
    return Path(spec.origin).parent if agrees else None


@cache
def library() -> ctypes.CDLL | None:
    """The library of the highest level that the processor has; it stays loaded."""
    lies = folder()
    known = levels()
    if lies is None:
        return None
    try:
        lowest = ctypes.CDLL(str(lies / f"{known[0].name}{ENDING}"))
        most = lowest.hg_level()
    except (OSError, AttributeError):                   # made for another machine, or not whole
        return None
    allowed = _allowed(known)
    for level in reversed(known[1:]):
        path = lies / f"{level.name}{ENDING}"
        if level.number <= min(most, allowed.number) and path.exists():
            return ctypes.CDLL(str(path))
    return lowest


def _allowed(known: tuple[Level, ...]) -> Level:
    """The highest level that may be taken."""
    word = os.environ.get(VARIABLE)
    if not word:
        return known[-1]
    named: dict[str, Any] = {level.name: level for level in known}
    if word not in named:
        raise HandgradError(f"{VARIABLE} = {word[:40]!r} is no level of this machine", remedy=f"there are {', '.join(named)}")
    level: Level = named[word]
    return level
