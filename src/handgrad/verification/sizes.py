"""Sizes for the axes of a model: 1 to 4, past every integer that an index is compared with, long enough for shifted indices."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.axes import Model
from handgrad.errors import LimitError
from handgrad.expr import (
    Axis,
    Bound,
    Cases,
    Condition,
    Delta,
    Entry,
    Expr,
    IndexCompare,
    Letter,
    Literal,
    Node,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
    affine,
    parts,
)
from handgrad.verification.worlds import noise

LONGEST = 4
MOST = 300                      # the length of an axis that literal indices may ask for
MOST_PAST = 40
DEEP, DEEPEST = 6, 14           # reductions inside one another: above the first axes are short, the second is the limit
Met = tuple[Node, tuple[Axis, ...], bool]


def walked(node: Node, binders: tuple[Axis, ...] = (), guarded: bool = False) -> Iterator[Met]:
    """Every node with the axes of the binders around it, innermost last, and whether a condition on indices says where it is asked for."""
    yield node, binders, guarded
    if isinstance(node, Cases):
        for value, condition in node.branches:
            yield from walked(value, binders, guarded or any(isinstance(n, IndexCompare) for n, _, _ in walked(condition)))
            yield from walked(condition, binders, guarded)
        yield from walked(node.otherwise, binders, guarded)
        return
    for child, bound in parts(node):
        inner = (*binders, node.axis) if bound and isinstance(node, (Reduce, VectorCall, Slice)) else binders
        yield from walked(child, inner, guarded)


class Sizes:
    """What a model asks of the sizes of its axes."""

    def __init__(self, model: Model) -> None:
        self.model = model
        bodies: list[Expr | Condition] = [*(d.body for d in model.definitions.values()), *model.facts]
        met = [m for body in bodies for m in walked(body)]
        axes = [axis for slots in model.tensors.values() for axis in slots]
        axes += [letter.axis for d in model.definitions.values() for letter in d.letters]
        self.depth = max((len(binders) for _, binders, _ in met), default=0)
        if self.depth > DEEPEST:
            raise LimitError(f"{self.depth} reductions inside one another are too many to evaluate")
        self.axes = tuple(dict.fromkeys(axes))
        self.least = dict(model.least)
        self.past: dict[Axis, int] = {}
        self.shifts: list[tuple[Axis, Shift, tuple[Axis, ...]]] = []
        for node, binders, guarded in met if self.axes else ():
            self._note(node, binders, guarded)

    def _note(self, node: Node, binders: tuple[Axis, ...], guarded: bool) -> None:
        if isinstance(node, (IndexCompare, Delta)):
            left, right = affine(node.left), affine(node.right)
            if left is not None and right is not None:
                for _, atom in (*left[0], *right[0]):
                    axis = _axis(atom, binders)
                    if axis is not None:
                        self.past[axis] = max(self.past.get(axis, 0), min(abs(left[1] - right[1]), MOST_PAST))
        if isinstance(node, Entry) and node.name in self.model.tensors:
            for axis, index in zip(self.model.tensors[node.name], node.indices, strict=True):
                if isinstance(index, Shift) and not guarded:
                    self.shifts.append((axis, index, binders))
                elif isinstance(index, Literal):
                    self.least[axis] = max(self.least.get(axis, 1), index.value)

    def drawn(self, seed: str, number: int) -> dict[Axis, int]:
        """Sizes for a point; every third point has axes of 1, the others mostly of different lengths."""
        sizes: dict[Axis, int] = {}
        for n, axis in enumerate(self.axes):
            n += noise(f"{seed}:{axis.tensor}.{axis.slot}") % 2 + number
            size = 2 + n % 2 if number % 3 else (1, 2, 3, LONGEST)[noise(f"{seed}.{axis.tensor}.{axis.slot}") % 4]
            if self.depth > DEEP:
                size = min(size, 2)
            if axis in self.past:
                size = max(size, self.past[axis] + noise(f"{seed}+{axis.tensor}.{axis.slot}") % 3)
            sizes[axis] = min(max(size, self.least.get(axis, 1)), MOST)
        return self.fitted(sizes)

    def fitted(self, sizes: dict[Axis, int]) -> dict[Axis, int]:
        """The sizes, each long enough for the shifted indices that reach into it."""
        for _ in range(len(self.shifts)):
            if True not in [self._lengthened(sizes, *shift) for shift in self.shifts]:
                break
        return sizes

    @staticmethod
    def _lengthened(sizes: dict[Axis, int], axis: Axis, index: Shift, binders: tuple[Axis, ...]) -> bool:
        """Makes the axis long enough for the largest value of the index."""
        largest = index.constant
        for factor, atom in index.terms:
            over = _axis(atom, binders)
            length = sizes.get(over, 1) if over else 1
            largest += factor * (length if factor > 0 or isinstance(atom, Size) else 1)
        if largest <= sizes.get(axis, 1):
            return False
        sizes[axis] = min(largest, MOST)
        return True


def _axis(atom: Letter | Bound | Size, binders: tuple[Axis, ...]) -> Axis | None:
    if isinstance(atom, Bound):
        return binders[-1 - atom.depth] if atom.depth < len(binders) else None
    return atom.axis
