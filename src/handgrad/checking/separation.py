"""Two statements that a page shows as one, because a dot was read for the comma between them: `B = 0.26 · t = −1.29`."""

from __future__ import annotations

from handgrad.checking.evaluation import value
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.shown import fits, shown
from handgrad.reading.surface import Product, Surface


def two_statements(trees: list[Surface], known: Knowledge) -> tuple[Surface, Surface] | None:
    """The number of the first statement and the name of the second, where the chain does not hold as one; None elsewhere."""
    if len(trees) != 3 or known.names.key(trees[0]) is None:
        return None
    last = shown(trees[2])
    if last is None or not isinstance(trees[1], Product) or len(trees[1].factors) != 2:
        return None
    first, second = trees[1].factors
    if second.operator != "*" or shown(first.node) is None or known.names.key(second.node) is None:
        return None
    whole = value(trees[1], known.lookup)
    return None if whole is not None and fits(last, whole) else (first.node, second.node)
