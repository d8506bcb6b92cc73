"""Cases of typed text that stand above one another behind a tall brace:

            ⎧ x       if x > 0
        r = ⎨
            ⎩ 0       otherwise

They are set in the line of their middle, `r = { x if x > 0; 0 otherwise }`, which is then read like any other; so are those inside a larger formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from handgrad.reading.macros import Written
from handgrad.reading.surface import Span
from handgrad.records import dataclass

TOP, BOTTOM, INNER, MIDDLE = "⎧", "⎩", "⎨⎪", "⎨"
CLOSING = "⎫⎬⎭⎪"
ROW = re.compile(r"\s*(?P<value>\S.*?)(?:,\s+|\s{2,})(?:(?:if|when|for|where)\s+(?P<condition>\S.*?)|(?P<rest>otherwise|else))(?:\s{3,}\S.*)?\s*$")
MOST = 40           # lines of one brace


@dataclass(frozen=True, slots=True)
class Stack:
    """Cases: the lines that they take, and the formula with them set in one line; None where they cannot be."""

    span: Span
    line: Written | None


def stacks(text: str, start: int, end: int) -> Iterator[Stack]:
    """The cases in text[start:end], in order."""
    place = text.find(TOP, start, end)
    while place >= 0:
        lines = _lines(text, max(start, text.rfind("\n", 0, place) + 1), end)
        if lines:
            yield Stack((lines[0][0], lines[-1][1]), _in_line(text, lines))
            start = lines[-1][1]
        place = text.find(TOP, max(start, place + 1), end)


def _lines(text: str, begin: int, end: int) -> list[Span]:
    """The lines of the braces that begin on this one; none where a brace does not end."""
    lines: list[Span] = []
    open_at: set[int] = set()
    for _ in range(MOST):
        stop = text.find("\n", begin, end)
        stop = stop if stop >= 0 else end
        lines.append((begin, stop))
        for column in list(open_at):
            if begin + column >= stop or text[begin + column] not in BOTTOM + INNER:
                return []
            if text[begin + column] == BOTTOM:
                open_at.discard(column)
        open_at |= {column for column in range(stop - begin) if text[begin + column] == TOP}
        if not open_at:
            return lines
        if stop >= end:
            return []
        begin = stop + 1
    return []


def _in_line(text: str, lines: list[Span]) -> Written | None:
    """The formula with its cases set in the line that goes through the middle of their braces."""
    middle = next((line for line in lines if MIDDLE in text[slice(*line)]), None)
    if middle is None:
        return None
    parts: list[tuple[str, Span | None]] = []
    place = middle[0]
    columns = [n for n in range(middle[1] - middle[0]) if text[middle[0] + n] == MIDDLE]
    for column, following in zip_longest(columns, columns[1:]):
        last = _last(text, lines, column, following)
        rows = _rows(text, lines, column, last)
        if len(rows) < 2 or middle[0] + column < place:
            return None
        parts += [("", (place, middle[0] + column)), ("{ ", None)]
        for n, (value, condition) in enumerate(rows):
            parts += [("; " if n else "", None), ("", value), (" if " if condition else " otherwise", None), ("", condition)]
        parts.append((" }", None))
        place = min(middle[0] + last + 1, middle[1]) if last is not None else _behind(text, middle, column)
    return joined(text, [*parts, ("", (place, middle[1]))], middle[0])


def _last(text: str, lines: list[Span], column: int, following: int | None) -> int | None:
    """The column of the closing brace of cases that open at a column, or None where there is none."""
    begin, stop = next(line for line in lines if text[line[0] + column:line[0] + column + 1] == TOP)
    return next((n for n in range(column + 1, following or stop - begin) if begin + n < stop and text[begin + n] in CLOSING), None)


def _rows(text: str, lines: list[Span], column: int, last: int | None) -> list[tuple[Span, Span | None]]:
    """Each value of the cases with its condition."""
    found = []
    for begin, stop in lines:
        if text[begin + column:min(begin + column + 1, stop)] in (TOP, BOTTOM, *INNER):
            row = ROW.match(text, begin + column + 1, stop if last is None else min(stop, begin + last))
            if row:
                found.append((row.span("value"), row.span("condition") if row["condition"] else None))
    return found


def _behind(text: str, middle: Span, column: int) -> int:
    """Where what is said behind cases without a closing brace begins, on their middle line."""
    row = ROW.match(text, middle[0] + column + 1, middle[1])
    if row is None:
        return middle[0] + column + 1
    return row.end("condition") if row["condition"] else row.end("rest")


def joined(text: str, parts: list[tuple[str, Span | None]], start: int) -> Written:
    """The parts, what is put in and what stands on the page, as a text that knows where each of its characters stands on the page."""
    shown = "".join(said if span is None else said + text[slice(*span)] for said, span in parts)
    origins: list[Span] = []
    at = start
    for said, span in parts:
        origins += [(at, at + 1)] * len(said)
        if span is not None:
            origins += [(n, n + 1) for n in range(*span)]
            at = max(span[1] - 1, span[0])
    return Written(shown, tuple(origins))
