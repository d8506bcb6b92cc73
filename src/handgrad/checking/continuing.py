"""Which chain a line that begins with a relation goes on with: the one above it, unless its place on the page says that it is an earlier one.

A lemma may stand in the middle of a chain. What goes on behind it shows so: its left side is repeated as a phantom, it is quoted as deep as
the beginning is, or its sign stands in the same column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from handgrad.reading.surface import Span, Statement

PHANTOM = re.compile(r"\\h?phantom\s*\{")
QUOTED = re.compile(r"[ \t]*((?:>[ \t]?)+)")
MOST = 40           # chains above that are looked at


def continued(source: str, statement: Statement, above: Sequence[Sequence[Span]], labelled: bool = False) -> int:
    """The place in `above` of the chain that the statement goes on with; each is told by the spans of its sides.

    A label ends the block of lines that it stands in: behind a `labelled` chain goes on what was begun before its block, if anything of that fits.
    """
    last = len(above) - 1
    start = statement.sides[0].span[0]
    begin = source.rfind("\n", 0, start) + 1
    margin = source[begin:start]
    near = range(last, max(-1, last - MOST), -1)
    repeated = _phantom(margin)
    if repeated:
        return next((n for n in near if _plain(source[slice(*above[n][0])]) == repeated), last)
    depth = _depth(source, start)
    if any(_depth(source, spans[0][0]) for spans in (above[n] for n in near)) or depth:
        return next((n for n in near if _depth(source, above[n][0][0]) == depth), last)
    if "⎧" in margin or "$" in margin or "\\" in margin or "&" in margin:
        return last
    column = _column(margin)
    level = [n for n in near if len(above[n]) > 1 and _sign(source, above[n], 1) == column]
    block = source.rfind("\n\n", 0, above[last][0][0]) if labelled else -1
    before = next((n for n in level if above[n][0][0] < block), None)
    if before is not None:
        return before
    if any(_sign(source, spans, m) == column for spans in above[-1:] for m in range(1, len(spans))):
        return last
    return level[0] if level else last


def _phantom(margin: str) -> str:
    """What is repeated as a phantom, without spaces, or empty."""
    found = PHANTOM.search(margin)
    if not found:
        return ""
    depth, place = 1, found.end()
    while place < len(margin) and depth:
        depth += {"{": 1, "}": -1}.get(margin[place], 0)
        place += 1
    return _plain(margin[found.end():place - 1])


def _plain(text: str) -> str:
    return "".join(text.split())


def _depth(source: str, offset: int) -> int:
    """How deep a line is quoted."""
    found = QUOTED.match(source, source.rfind("\n", 0, offset) + 1)
    return found[1].count(">") if found else 0


def _column(margin: str) -> int:
    """The column of the last thing in a margin, which is the sign."""
    text = margin.rstrip()
    return len(text.rstrip("=≈≡:"))


def _sign(source: str, spans: Sequence[Span], number: int) -> int:
    """The column of the sign in front of a side, or -1 where the side begins a line of its own."""
    start = spans[number][0]
    return _column(source[source.rfind("\n", 0, start) + 1:start])
