"""Which letters and slots lie on one axis: a union-find over the slots of all tensors and the letters of all statements.

Slot p of tensor x is `Axis("x", p)`; a letter starts on an axis of its own and joins that of every slot in which it stands alone.
A known model brings axes that are given: two of them never join. At the end every class is known by its first slot of an input, in the order
in which the tensors appear.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from handgrad.axes import Extent, Model
from handgrad.errors import NotationError, ShapeError
from handgrad.expr import Axis, Label, Letter, Reduce, Size, Slice, VectorCall, rebuilt
from handgrad.notation.lexer import Tokens
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a line, for errors that are found later."""

    tokens: Tokens
    start: int
    end: int

    def text(self) -> str:
        """What stands there."""
        return self.tokens.line[self.start:self.end]

    def mended(self, *edits: tuple[int, int, str]) -> str:
        """The line with stretches of it replaced."""
        line = self.tokens.line
        for start, end, text in sorted(edits, reverse=True):
            line = line[:start] + text + line[end:]
        return line.strip()


def shape_error(what: str, place: Place, remedy: str = "", mended: str = "") -> ShapeError:
    """The error at a place."""
    return ShapeError(what, place.tokens.source, place.tokens.number, place.start, place.end, remedy, mended)


class Axes:
    """The tensors seen so far, with the axes of their slots, and which axes are one."""

    def __init__(self, model: Model) -> None:
        self.tensors: dict[str, tuple[Axis, ...]] = dict(model.tensors)
        self.given = frozenset(model.letters) | frozenset(a for slots in model.tensors.values() for a in slots)
        self.parent: dict[Axis, Axis] = {}
        self.extents: dict[Axis, Extent] = dict(model.extents)
        self.spoken: dict[str, Extent] = {}
        self.first: dict[str, Place] = {}
        self.serial = 0

    def fresh(self, letter: str = "") -> Axis:
        """An axis for a letter of which nothing is known yet but what an `axes` line says."""
        self.serial += 1
        axis = Axis("", self.serial)
        if letter in self.spoken:
            self.extents[axis] = self.spoken[letter]
        return axis

    def find(self, axis: Axis) -> Axis:
        """The axis by which the class is known for now."""
        parent = self.parent
        while axis in parent:
            axis = parent[axis]
        return axis

    def join(self, left: Axis, right: Axis, place: Place, words: str) -> None:
        """Make two axes one; refused where both are given, or named differently by `axes` lines."""
        left, right = self.find(left), self.find(right)
        if left is right:
            return
        if right in self.given or (left.tensor == "" and left not in self.given):
            left, right = right, left
        one, other = self.extents.get(left), self.extents.get(right)
        apart = one is not None and other is not None and (one.size, one.meaning) != (other.size, other.meaning)
        if right in self.given or apart:
            raise shape_error(f"{words} mixes {self.described(left)} and {self.described(right)}", place, "use another letter for one of them")
        if other is not None:
            self.extents[left] = other
        self.parent[right] = left

    def described(self, axis: Axis) -> str:
        """The axis in the words of the user."""
        extent = self.extents.get(self.find(axis))
        if extent is not None:
            return f"{extent.meaning} {extent.letter}".strip()
        return self.slot(axis)

    def slot(self, axis: Axis) -> str:
        """A slot on the axis."""
        return f"index {axis.slot} of {axis.tensor}" if axis.tensor else "another index"

    def slots(self, name: str, count: int, place: Place) -> tuple[Axis, ...]:
        """The axes of the slots of a tensor, which always has the same number of them."""
        slots = self.tensors.get(name)
        if slots is None:
            slots = self.tensors[name] = tuple(Axis(name, p) for p in range(1, count + 1))
            self.first[name] = place
        elif len(slots) != count:
            self._miscounted(name, slots, count, place)
        return slots

    def _miscounted(self, name: str, slots: tuple[Axis, ...], count: int, place: Place) -> None:
        first = self.first.get(name)
        few, many, spot = (count, len(slots), place) if count < len(slots) or first is None else (len(slots), count, first)
        if count > len(slots) and first is None:
            remedy = f"write {name}[{', '.join(LETTERS[:len(slots)])}]" if slots else f"write {name}"
            raise shape_error(f"`{place.text()}` has {count} {_indices(count)}, and {name} has {len(slots)}", place, remedy)
        head = spot.text().removesuffix("]").strip()
        colons = ",".join(":" * (many - few))
        whole = f"{head},{colons}]" if few else f"{head}[{colons}]"
        raise shape_error(f"`{spot.text()}` has {few} {_indices(few)}, and {name} has {many}{'' if first is None else ' elsewhere'}", spot,
                          f"write {whole} for all of them, or a letter for each", spot.mended((spot.start, spot.end, whole)))


LETTERS = "ijklmnpq"


def _indices(count: int) -> str:
    return "index" if count == 1 else "indices"


def settled(node: Any, names: dict[Axis, Axis], axes: Axes) -> Any:
    """The tree on the final axes."""
    memo: dict[Any, Any] = {}

    def final(axis: Axis) -> Axis:
        root = axes.find(axis)
        return names.get(root, root)

    def walk(n: Any) -> Any:
        if n in memo:
            return memo[n]
        match n:
            case Letter(name, axis):
                new: Any = Letter(name, final(axis))
            case Size(axis):
                new = Size(final(axis))
            case Reduce(kind, axis, arguments):
                new = Reduce(kind, final(axis), tuple(walk(a) for a in arguments))
            case VectorCall(kind, axis, body, at):
                new = VectorCall(kind, final(axis), walk(body), walk(at))
            case Slice(axis, body):
                new = Slice(final(axis), walk(body))
            case Label(entry, axis):
                new = Label(walk(entry), final(axis))
            case _:
                new = rebuilt(n, walk, walk)
        memo[n] = new
        return new

    return walk(node)


def final_names(axes: Axes, defined: Container[str] = ()) -> dict[Axis, Axis]:
    """Of each class the slot by which it is known: the first of an input in order of appearance, else the first of a defined name."""
    names: dict[Axis, Axis] = {}
    for name in sorted(axes.tensors, key=lambda tensor: tensor in defined):
        for p, slot in enumerate(axes.tensors[name], 1):
            root = axes.find(slot)
            names.setdefault(root, root if root in axes.given else Axis(name, p))
    return names


def literal_error(place: Place) -> NotationError:
    """The refusal of an index below 1."""
    return NotationError("indices count from 1", place.tokens.source, place.tokens.number, place.start, place.end, "write 1 for the first")
