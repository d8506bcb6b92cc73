"""What a model is: definitions, facts and index spaces.

A `Model` is what `notation.read` makes of a text: its definitions in order, its facts, and for every tensor the axes of its slots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from itertools import count
from typing import Any

from handgrad.expr import Axis, Condition, Entry, Expr, Index, Letter, Literal, Node, Reduce, Size, Slice, VectorCall, rebuilt
from handgrad.records import dataclass
from handgrad.trees import bind, fresh, instantiate, opened, renamed, replaced


@dataclass(frozen=True, slots=True)
class Definition:
    """A defined name: `name[letters] = body`."""

    name: str
    letters: tuple[Letter, ...]
    body: Expr

    @property
    def entry(self) -> Entry:
        """The left side."""
        return Entry(self.name, self.letters)

    def at(self, indices: tuple[Index, ...]) -> Expr:
        """The body of the entry with these indices."""
        return renamed(self.body, dict(zip(self.letters, indices, strict=True)))


@dataclass(frozen=True, slots=True)
class Extent:
    """What an `axes` line says of an axis: the letter, the name of its size, what it counts."""

    letter: str
    size: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Model:
    """Definitions and facts in index notation, with shapes checked."""

    definitions: Mapping[str, Definition]
    facts: tuple[Condition, ...] = ()
    tensors: Mapping[str, tuple[Axis, ...]] = field(default_factory=dict)      # of every tensor, the axes of its slots
    letters: Mapping[Axis, tuple[str, ...]] = field(default_factory=dict)      # of every axis, its letters as the writer used them
    extents: Mapping[Axis, Extent] = field(default_factory=dict)               # from `axes` lines
    least: Mapping[Axis, int] = field(default_factory=dict)                    # sizes that literal and shifted indices ask for
    functions: tuple[str, ...] = ()                                            # the abstract functions
    source: str = ""
    order: tuple[str | int, ...] = ()                                          # names and numbers of facts as the statements stand
    notes: tuple[str, ...] = ()                                                # what the reader took for what

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensors that are never defined, in order of appearance."""
        return tuple(name for name in self.tensors if name not in self.definitions)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the catalogue as a tree: its parameters stand in the body as entries of their names.

    Of a function along an axis (`letter` is given), a parameter that runs along it stands as `Entry(name, (index,))`; a vector
    function, such as softmax, has the letter free in its body. The last parameters may be left out where `defaults` gives their values.
    """

    name: str
    parameters: tuple[str, ...]
    body: Expr
    letter: Letter | None = None
    defaults: tuple[Expr, ...] = ()

    def at(self, arguments: tuple[Expr, ...], axis: Axis | None = None, index: Index | None = None) -> Expr:
        """The body with the arguments in place of the parameters; along an axis they are bodies under the binder.

        `axis` is that of the call (else the function's own), `index` the place asked for of a vector function.
        """
        missing = len(self.parameters) - len(arguments)
        filled = arguments if missing <= 0 else (*arguments, *self.defaults[len(self.defaults) - missing:])
        given = dict(zip(self.parameters, filled, strict=True))
        if self.letter is None:
            put_in: Expr = replaced(self.body, lambda n: given.get(n.name) if isinstance(n, Entry) else None)
            return put_in
        own = axis or self.letter.axis
        place = Letter(self.letter.name, own) if index is None else fresh(own)      # a letter of an argument is never taken for it
        body: Expr = _placed(self.body, given, self.letter, place)
        return body if index is None else renamed(body, {place: index})


def _placed(body: Expr, given: Mapping[str, Expr], own: Letter, place: Letter) -> Any:
    """The body over the axis of `place`, with arguments that are bodies under a binder instantiated where the parameters stand."""
    memo: dict[Node, Any] = {}

    def moved(axis: Axis) -> Axis:
        return place.axis if axis is own.axis else axis

    def walk(node: Any) -> Any:
        if node not in memo:
            memo[node] = changed(node)
        return memo[node]

    def changed(node: Any) -> Any:
        match node:
            case Letter(name, axis):
                return place if node is own else Letter(name, moved(axis))
            case Size(axis):
                return Size(moved(axis))
            case Entry(name, indices) if name in given:
                return instantiate(given[name], walk(indices[0]) if indices else Literal(1))
            case Reduce(kind, axis, _):
                letter, below = opened(node)
                return Reduce(kind, moved(axis), tuple(bind(walk(b), walk(letter)) for b in below))
            case VectorCall(kind, axis, _, at):
                letter, inner = opened(node)
                return VectorCall(kind, moved(axis), bind(walk(inner), walk(letter)), walk(at))
            case _:
                return rebuilt(node, walk, walk)

    return walk(body)


SPARE = "ijklmpqrstuvnhabcdefgowxyz"


def letter_for(axis: Axis, model: Model, scope: frozenset[str]) -> str:
    """The letter that a reader expects on the axis and that is not in scope: the writer's own ones first, then spare ones."""
    taken = {extent.letter for other, extent in model.extents.items() if other is not axis}
    for name in (*model.letters.get(axis, ()), *(c for c in SPARE if c not in model.tensors and c not in taken)):
        if name not in scope:
            return name
    return next(f"i{n}" for n in count(1) if f"i{n}" not in scope and f"i{n}" not in taken)


def named(node: Reduce | VectorCall | Slice, model: Model, scope: frozenset[str] = frozenset()) -> tuple[Letter, tuple[Any, ...]]:
    """A letter with a name for the bound index, and what stands under the binder with it in place: how every printer opens one.

    `scope` holds the names of the letters already in use around the node; free letters below it are never captured.
    """
    taken = scope | {letter.name for letter in node.letters}
    letter = Letter(letter_for(node.axis, model, taken), node.axis)
    bodies = node.arguments if isinstance(node, Reduce) else (node.body,)
    return letter, tuple(instantiate(body, letter) for body in bodies)
