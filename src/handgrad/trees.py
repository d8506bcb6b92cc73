"""What is done to every tree alike: walking it, replacing in it, and opening and closing its binders.

Inside a binder the index is `Bound(0)`. `opened` puts a letter in its place, `bind` turns a letter back, and `reduction` closes
a whole chain of letters at once. Every walk keeps what it has seen, so that a part that stands twice is worked on once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from itertools import count
from typing import Any, TypeVar

from handgrad.expr import Axis, Bound, Expr, Index, Letter, Node, Reduce, Slice, VectorCall, parts, rebuilt
from handgrad.records import dataclass

E = TypeVar("E", bound=Expr)
_serial = count(1)


def fresh(axis: Axis) -> Letter:
    """A letter that stands nowhere else. Its name cannot be written in a model, so it must be bound or renamed before print."""
    return Letter(f"\u00b7{next(_serial)}", axis)


@dataclass(slots=True)
class _Opening:
    """Puts an index in the place of the one that a binder binds. (A method calls itself without a cycle of references; a nested function does not.)"""

    index: Index
    memo: dict[tuple[Node, int], Any] = field(default_factory=dict)

    def at(self, node: Any, depth: int) -> Any:
        """The part that stands under so many further binders."""
        if node.loose <= depth:
            return node
        if isinstance(node, Bound):
            return self.index if node.depth == depth else Bound(node.depth - 1)
        key = (node, depth)
        if key not in self.memo:
            self.memo[key] = rebuilt(node, lambda n: self.at(n, depth), lambda n: self.at(n, depth + 1))
        return self.memo[key]


def instantiate(body: Any, index: Index) -> Any:
    """The body of a binder with its index replaced by `index`, which holds no loose bound index itself."""
    return _Opening(index).at(body, 0)


PutTogether = Callable[[Any, Callable[[Any], Any], Callable[[Any], Any]], Any]


@dataclass(slots=True)
class _Closing:
    """Turns a letter into the index of a binder."""

    letter: Letter
    put_together: PutTogether
    memo: dict[tuple[Node, int], Any] = field(default_factory=dict)

    def at(self, node: Any, depth: int) -> Any:
        """The part that stands under so many further binders."""
        if self.letter not in node.letters and node.loose <= depth:
            return node
        if node is self.letter:
            return Bound(depth)
        if isinstance(node, Bound):
            return Bound(node.depth + 1) if node.depth >= depth else node
        key = (node, depth)
        if key not in self.memo:
            self.memo[key] = self.put_together(node, lambda n: self.at(n, depth), lambda n: self.at(n, depth + 1))
        return self.memo[key]


def bind(body: Any, letter: Letter, put_together: PutTogether = rebuilt) -> Any:
    """The expression with the free letter turned into `Bound(0)`, ready to stand under a binder.

    `put_together` makes a node anew from what becomes of its parts, as `rebuilt` does.
    """
    return _Closing(letter, put_together).at(body, 0)


def opened(node: Reduce | VectorCall | Slice) -> tuple[Letter, Any]:
    """A letter of its own and the body (of a `Reduce`: the tuple of arguments) in which it replaces the bound index.

    The letter is that of the height of the node, so that equal parts of different sums open to equal trees; what encloses the node is
    higher, and where the letter is free below it after all, a fresh one is taken.
    """
    letter = Letter(f"\u00b7h{node.height}", node.axis)
    if letter in node.letters:
        letter = fresh(node.axis)
    if isinstance(node, Reduce):
        return letter, tuple(instantiate(a, letter) for a in node.arguments)
    return letter, instantiate(node.body, letter)


def reduction(kind: str, letters: Letter | tuple[Letter, ...], *arguments: Expr) -> Expr:
    """The reduction of the arguments over letters, the first outermost: `reduction("sum", (i, k), f)`."""
    chain = letters if isinstance(letters, tuple) else (letters,)
    for letter in reversed(chain):
        arguments = (Reduce(kind, letter.axis, tuple(bind(a, letter) for a in arguments)),)
    return arguments[0]


def vector_call(kind: str, letter: Letter, body: Expr, at: Index | None = None) -> Expr:
    """Entry `at` (by default the letter itself) of softmax or its like along the axis of the letter."""
    return VectorCall(kind, letter.axis, bind(body, letter), letter if at is None else at)


@dataclass(slots=True)
class _Replacing:
    """Tries a change on every node."""

    change: Callable[[Any], Any]
    memo: dict[Node, Any] = field(default_factory=dict)

    def at(self, node: Any) -> Any:
        """The part after the change."""
        if node not in self.memo:
            new = self.change(node)
            self.memo[node] = rebuilt(node, self.at, self.at) if new is None else new
        return self.memo[node]


def replaced(node: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with `change` tried on each node from the root down; where it gives a node other than None, that one stands."""
    return _Replacing(change).at(node)


def renamed(node: E, letters: Mapping[Letter, Index]) -> E:
    """The tree with free letters replaced by indices, all at once."""
    if not letters:
        return node
    tree: E = replaced(node, lambda n: letters.get(n) if isinstance(n, Letter) else n if letters.keys().isdisjoint(n.letters) else None)
    return tree


def subtrees(node: Node) -> Iterator[Node]:
    """Every node of the tree once, parents before children."""
    seen: set[Node] = set()
    todo = [node]
    while todo:
        n = todo.pop()
        if n not in seen:
            seen.add(n)
            yield n
            todo.extend(child for child, _ in parts(n))


def names(node: Node) -> frozenset[str]:
    """The tensors of which an entry stands in the tree."""
    return node.tensors
