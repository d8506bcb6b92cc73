"""What the numbers of a page stand in: the substitutions that use them, and sides that have no value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from handgrad.checking import matrices, substitutions
from handgrad.checking.chains import Chain
from handgrad.checking.evaluation import number, numbers_in
from handgrad.checking.shown import shown
from handgrad.reading.surface import Scripted, Surface, Unread, walk


def put_in(chains: Iterable[Chain]) -> Counter[Fraction]:
    """The numbers that stand in substitutions, with their signs."""
    found: Counter[Fraction] = Counter()
    for chain in chains:
        for side in chain.sides:
            if shown(side.tree) is None and matrices.numbers(side.tree) is None:
                signs = dict(substitutions.signed(side.tree))
                found.update(signs.get(id(n), 1) * size for n in numbers_in(side.tree) if (size := number(n.text)) is not None)
    return found


def valueless(tree: Surface) -> str:
    """Why a side has no value."""
    if any(isinstance(node, Unread) for node in walk(tree)):
        return "what stands on the left cannot be read"
    if any(isinstance(node, Scripted) for node in walk(tree)):
        return "limit: what stands on the left is too large to evaluate"
    return "what stands on the left has no value"
