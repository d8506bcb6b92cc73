"""A place in a line of tokens, the letters in scope there, and the errors that point at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from handgrad.errors import HandgradError, NotationError, ShapeError
from handgrad.expr import Axis, Bound, Index, Letter
from handgrad.notation.lexer import Tokens
from handgrad.notation.resolution import Axes, Place
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Signature:
    """How a known function is called: with `least` to `most` arguments, and along an axis (`name[k](…)`) or not."""

    name: str
    least: int
    most: int
    along_axis: bool = False


@dataclass(slots=True)
class Binding:
    """A letter in scope: the binder that holds it (-1: it is free), its axis, and whether it stands alone in a slot."""

    name: str
    level: int
    axis: Axis
    place: Place
    stands: bool = False


@dataclass(slots=True)
class Sight:
    """What is noted while statements are read, for checks and reports at the end."""

    left: list[tuple[str, Axis]] = field(default_factory=list)
    letters: list[tuple[str, Axis]] = field(default_factory=list)
    deltas: list[tuple[Binding, Binding, Place]] = field(default_factory=list)
    unranged: list[Binding] = field(default_factory=list)
    ranges: list[tuple[Binding, Axis]] = field(default_factory=list)
    sizes: list[tuple[str, int, Axis, Place]] = field(default_factory=list)
    abstract: dict[str, list[Place]] = field(default_factory=dict)
    least: list[tuple[Axis, int]] = field(default_factory=list)
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same over the statements of one reading.

    `strict` holds for models: abstract functions take entries, and literal indices count from 1. `closed` holds the abstract
    functions that may be called where all names are known, and is None where new names are inputs.
    """

    axes: Axes
    sight: Sight
    functions: Mapping[str, Signature]
    strict: bool = True
    closed: frozenset[str] | None = None


class Cursor:
    """Reads tokens one after the other; a statement ends at `;` or at the end of the line."""

    def __init__(self, tokens: Tokens, at: int, setting: Setting, free: dict[str, Binding], allowed: frozenset[str] | None) -> None:
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.at = at
        self.setting = setting
        self.axes = setting.axes
        self.sight = setting.sight
        self.free = free
        self.allowed = allowed
        self.bound: dict[str, Binding] = {}
        self.binders = 0
        self.depth = 0
        self.reductions: list[int] = []
        self.left_side = ""
        self.left_end = 0

    # ------------------------------------------------------------ places and errors

    def place(self, first: int, last: int | None = None) -> Place:
        """The stretch from one token to another, both included."""
        return Place(self.tokens, self.tokens.starts[first], self.tokens.end(first if last is None else last))

    def error(self, what: str, place: Place, remedy: str = "", *edits: tuple[int, int, str], kind: type[HandgradError] = NotationError) -> HandgradError:
        """The error at a place, with the line mended by the edits."""
        return kind(what, self.tokens.source, self.tokens.number, place.start, place.end, remedy, place.mended(*edits) if edits else "")

    def expect(self, kind: str, after: str) -> None:
        """Step over a token of this kind."""
        if self.kinds[self.at] != kind:
            raise self.unexpected(f"{kind} is expected {after}")
        self.at += 1

    def unexpected(self, what: str, remedy: str = "") -> HandgradError:
        """The error at the token in hand."""
        kind, text = self.kinds[self.at], self.texts[self.at]
        found = "the line ends" if kind == "end" else f"here stands `{text}`"
        return self.error(f"{what}, and {found}", self.place(self.at), remedy)

    # ------------------------------------------------------------ letters

    def known_letter(self, name: str) -> bool:
        """Whether the name is a letter in scope."""
        return name in self.bound or name in self.free or (self.allowed is not None and name in self.allowed)

    def letter(self, at: int) -> tuple[Index, Binding]:
        """The letter of the token, as an index and as what is known of it."""
        name = self.texts[at]
        binding = self.bound.get(name)
        if binding is not None:
            return Bound(self.binders - binding.level - 1), binding
        binding = self.free.get(name)
        if binding is None:
            if self.allowed is not None and name not in self.allowed:
                raise self._free_index(at, name)
            binding = self.free[name] = Binding(name, -1, self.axes.fresh(name), self.place(at))
            self.sight.letters.append((name, binding.axis))
        return Letter(name, self.axes.find(binding.axis)), binding

    def settled(self, index: Index, binding: Binding) -> Index:
        """The letter on its axis as far as that is known now."""
        return Letter(binding.name, self.final(binding.axis)) if isinstance(index, Letter) else index

    def final(self, axis: Axis) -> Axis:
        """The axis as far as it is known now; noted if that may change."""
        axis = self.axes.find(axis)
        if axis not in self.axes.given:
            self.sight.provisional = True
        return axis

    def _free_index(self, at: int, name: str) -> HandgradError:
        place = self.place(at)
        first, last = self._around(at)
        entry = self.tokens.line[self.tokens.starts[first]:self.tokens.end(last)]
        extent = next((e for e in self.axes.extents.values() if e.letter == name), None)
        spoken = f"{extent.meaning} {name}".strip() if extent is not None else name
        bare = self.left_side.split("[")[0]
        widened = f"{self.left_side[:-1]},{name}]" if self.left_side.endswith("]") else f"{bare}[{name}]"
        if self.reductions:
            close = self.reductions[-1]
            edit = (close, close, f",{name}")
        else:
            edit = (self.left_end - len(self.left_side), self.left_end, widened)
        return self.error(f"`{entry}` leaves {spoken} free: no sum runs over {name}, and {self.left_side} has no index {name}", place,
                          f"did you mean {widened} on the left, or sum[{name}](...)?", edit, kind=ShapeError)

    def _around(self, at: int) -> tuple[int, int]:
        """The entry in whose brackets the token stands."""
        holders = [(o, c) for o, c in self.tokens.partner.items() if o < at < c and self.kinds[o] == "["]
        if not holders:
            return at, at
        opening, closing = max(holders)
        return max(opening - 1, 0), closing
