"""Logarithms to another base than e: what a page may mean by log."""

from __future__ import annotations

from dataclasses import replace

from handgrad.checking.evaluation import value
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.shown import Shown, fits
from handgrad.reading.surface import Surface, Symbol, rebuilt, walk


def other_base(tree: Surface, number: Shown, known: Knowledge) -> int | None:
    """The base, other than e, with which the logarithms of a formula give the number."""
    if any(isinstance(n, Symbol) and n.name == "log" for n in walk(tree)):
        for base in (2, 10):
            if fits(number, value(_with_base(tree, base), known.lookup)):
                return base
    return None


def _with_base(tree: Surface, base: int) -> Surface:
    if isinstance(tree, Symbol) and tree.name == "log":
        return replace(tree, name=f"log{base}")
    return rebuilt(tree, lambda child: _with_base(child, base))
