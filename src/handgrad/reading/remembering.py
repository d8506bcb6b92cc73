"""Remembering what a pure function said of a node, by the very object: no tree is hashed or compared for it.

Corrections of one formula share most of their nodes, so what is known of a part is known of it in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")
MOST = 1 << 14          # nodes that are kept alive for each function


def by_identity(function: Callable[[S], T]) -> Callable[[S], T]:
    """The function of one node, which is asked once for each object."""
    kept: dict[int, tuple[S, T]] = {}           # with the node itself, so that no other gets its place in memory

    @wraps(function)
    def remembering(node: S) -> T:
        found = kept.get(id(node))
        if found is None:
            value = function(node)
            if len(kept) >= MOST:
                kept.clear()
            found = kept[id(node)] = (node, value)
        return found[1]

    return remembering
