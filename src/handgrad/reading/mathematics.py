"""From the text of a formula, in LaTeX or typed, to its statements: chains of sides with their conditions, words and labels.

Reading never fails: a side that cannot be read is an `Unread` that says why, the others are read. Nothing is evaluated and no name has
a meaning here.

    statements("h_1 = \\\\sigma(0.7384) = 0.6767")
    formula("\\\\frac{\\\\partial E}{\\\\partial w_1}")
"""

from __future__ import annotations

from handgrad.reading.chain import Reader
from handgrad.reading.limits import LIMITS, ReadingLimits
from handgrad.reading.rows import laid_out
from handgrad.reading.surface import Side, Span, Statement, Surface, Unread
from handgrad.reading.tokens import tokens

SHOWN = 400         # so much is repeated of a text that is past a limit


def statements(source: str, start: int = 0, end: int | None = None, limits: ReadingLimits = LIMITS, typed: bool = False) -> tuple[Statement, ...]:
    """The statements in source[start:end]; spans count from the start of the source."""
    end = len(source) if end is None else end
    found = tokens(source, start, end, limits, typed)
    if found.refusal:
        first, last = _trimmed(source, start, end)
        shown = source[first:last] if last - first <= SHOWN else source[first:first + SHOWN] + "…"
        side = Side("", Unread((first, last), shown, found.refusal), (first, last))
        return (Statement((first, last), (side,)),)
    boxes = laid_out(found) if found.laid else ()
    return Reader(found, limits, typed, boxes).statements()


def formula(text: str) -> Surface:
    """The tree of one formula; what cannot be read is an `Unread`."""
    found = statements(text, typed="\\" not in text)
    if len(found) == 1 and len(found[0].sides) == 1 and not found[0].conditions:
        return found[0].sides[0].tree
    if found and all(isinstance(s.tree, Unread) for f in found for s in f.sides) and found[0].sides:
        return found[0].sides[0].tree
    return Unread((0, len(text)), text, "this is no single formula")


def _trimmed(source: str, start: int, end: int) -> Span:
    text = source[start:end]
    first = start + len(text) - len(text.lstrip())
    return first, max(first, start + len(text.rstrip()))
