"""A nan stays a nan where a formula by cases compares it, and every comparison with it is false.

    0 if x < 0 else 1       is computed as      x if x != x else 0 if x < 0 else 1
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from handgrad.expr import ZERO, Cases, Compare, Delta, Expr, IndexCompare, Mul
from handgrad.trees import names, replaced, subtrees


def with_nan(body: Any) -> Any:
    """The body in which what is compared and is nan is the value, of cases that would not show it."""
    def change(node: Any) -> Any:
        if not isinstance(node, Cases):
            return None
        outcomes = [*(value for value, _ in node.branches), node.otherwise]
        compared = dict.fromkeys(side for _, condition in node.branches for side in _compared(condition))
        hidden = [side for side in compared if not all(names(side) <= names(value) for value in outcomes)]
        branches = tuple((with_nan(value), condition) for value, condition in node.branches)
        places = _places(outcomes)
        return Cases((*((places(side), Compare("!=", side, side)) for side in hidden), *branches), with_nan(node.otherwise))

    return replaced(body, change)


def _places(outcomes: list[Any]) -> Callable[[Expr], Expr]:
    """A value as it stands in a Jacobian, 0 off the diagonal, if all outcomes do."""
    each = [{f for f in (value.factors if isinstance(value, Mul) else (value,)) if isinstance(f, Delta)} for value in outcomes if value is not ZERO]
    diagonal = next(iter(set.intersection(*each)), None) if each else None
    if diagonal is None:
        return lambda value: value
    return lambda value: Cases(((value, IndexCompare("==", diagonal.left, diagonal.right)),), ZERO)


def is_nan(value: Any, condition: Any) -> bool:
    """Whether the branch is one that shows a nan."""
    return isinstance(condition, Compare) and condition.operator == "!=" and condition.left is condition.right is value


def _compared(condition: Any) -> Iterator[Expr]:
    """What is compared with what by its size."""
    for node in subtrees(condition):
        if isinstance(node, Compare) and node.operator not in ("==", "!="):
            yield from (side for side in (node.left, node.right) if names(side))
