"""Logarithms to another base than e: what a page may mean by log."""

from __future__ import annotations

import re
from dataclasses import replace

from handgrad.checking.evaluation import value
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.shown import Shown, fits
from handgrad.checking.valuing import Finding
from handgrad.reading.surface import Surface, Symbol, rebuilt, walk

SAID = re.compile(r"\bbase[- ]?(?:2|10|two|ten)\b|log_?\{?(?:2|10)\b|\bbits\b|\bcommon log", re.IGNORECASE)


def other_base(tree: Surface, number: Shown, known: Knowledge) -> int | None:
    """The base, other than e, with which the logarithms of a formula give the number."""
    if any(isinstance(n, Symbol) and n.name == "log" for n in walk(tree)):
        for base in (2, 10):
            if fits(number, value(_with_base(tree, base), known.lookup)):
                return base
    return None


def in_base(base: int, known: Knowledge, source: str) -> Finding:
    """The verdict on a number that is right with logarithms to that base: a convention where the page says so or keeps to it, else open."""
    known.ledger.bases[base] += 1
    if known.whole.bases[base] > 1 or SAID.search(source):
        return Finding("convention", f"right with logarithms to the base {base}")
    return Finding("undecided", f"log is natural; this is right with logarithms to the base {base} alone")


def _with_base(tree: Surface, base: int) -> Surface:
    if isinstance(tree, Symbol) and tree.name == "log":
        return replace(tree, name=f"log{base}")
    return rebuilt(tree, lambda child: _with_base(child, base))
