"""Cases of typed text that stand above one another behind a tall brace:

            ⎧ x       if x > 0
        r = ⎨
            ⎩ 0       otherwise

Inside a larger formula they are set in the line of their middle, `2 x { 1 if x > 0; 0 otherwise } + 3`, which is then read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from handgrad.reading.macros import Written
from handgrad.reading.surface import Span

TOP, BOTTOM, INNER, MIDDLE = "⎧", "⎩", "⎨⎪", "⎨"
CLOSING = "⎫⎬⎭⎪"
ROW = re.compile(r"\s*(?P<value>\S.*?)(?:,\s+|\s{2,})(?:(?:if|when|for|where)\s+(?P<condition>\S.*?)|(?P<rest>otherwise|else))(?:\s{3,}\S.*)?\s*$")
RELATION = re.compile(r"[ \t]*(=|≈|≡|:=)[ \t]*$")
MOST = 40           # lines of one brace


@dataclass(frozen=True, slots=True)
class Stack:
    """Cases: the lines that they take, what stands to the left of the relation, the relation, and each value with its condition.

    Cases inside a larger formula have no rows: `line` is that formula with them set in the line.
    """

    span: Span
    head: Span
    relation: str
    rows: tuple[tuple[Span, Span | None], ...]
    line: Written | None = None


def stacks(text: str, start: int, end: int) -> Iterator[Stack]:
    """The cases in text[start:end], in order."""
    place = text.find(TOP, start, end)
    while place >= 0:
        found = _stack(text, place, start, end)
        if found is not None:
            yield found
            start = found.span[1]
        place = text.find(TOP, max(start, place + 1), end)


def _stack(text: str, top: int, start: int, end: int) -> Stack | None:
    lines = _lines(text, max(start, text.rfind("\n", 0, top) + 1), end)
    if not lines:
        return None
    column = top - lines[0][0]
    whole = (lines[0][0], lines[-1][1])
    if any(c in CLOSING[:3] or c == TOP for c in text[top + 1:whole[1]]):
        return _within(text, lines, whole)
    rows: list[tuple[Span, Span | None]] = []
    head: Span | None = None
    for begin, stop in lines:
        if text[begin:begin + column].strip():
            head = (begin, begin + column) if head is None else (begin, begin)
        row = ROW.match(text, begin + column + 1, stop)
        if row:
            rows.append((row.span("value"), row.span("condition") if row["condition"] else None))
    relation = RELATION.search(text, *head) if head is not None else None
    if head is None or relation is None or len(rows) < 2:
        return _within(text, lines, whole)
    return Stack((whole[0], rows[-1][1][1] if rows[-1][1] else whole[1]), (head[0], relation.start()), relation[1], tuple(rows))


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


def _within(text: str, lines: list[Span], whole: Span) -> Stack:
    """The cases of a larger formula set in the line that goes through the middle of their braces."""
    middle = next((line for line in lines if MIDDLE in text[slice(*line)]), None)
    nothing = Stack(whole, (whole[0], whole[0]), "", ())
    if middle is None:
        return nothing
    parts: list[tuple[str, Span | None]] = []
    place = middle[0]
    columns = [n for n in range(middle[1] - middle[0]) if text[middle[0] + n] == MIDDLE]
    for column, following in zip_longest(columns, columns[1:]):
        if middle[0] + column < place:
            return nothing
        last = _last(text, lines, column, following)
        rows = _rows(text, lines, column, last)
        if len(rows) < 2:
            return nothing
        parts += [("", (place, middle[0] + column)), ("{ ", None)]
        for n, (value, condition) in enumerate(rows):
            parts += [("; " if n else "", None), ("", value), (" if " if condition else " otherwise", None), ("", condition)]
        parts.append((" }", None))
        place = min(middle[0] + last + 1, middle[1]) if last is not None else _behind(text, middle, column)
    parts.append(("", (place, middle[1])))
    return Stack(whole, (whole[0], whole[0]), "", (), _joined(text, parts, middle))


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


def _joined(text: str, parts: list[tuple[str, Span | None]], middle: Span) -> Written:
    """The parts as one line that knows where each of its characters stands on the page."""
    shown = "".join(said if span is None else said + text[slice(*span)] for said, span in parts)
    origins: list[Span] = []
    at = middle[0]
    for said, span in parts:
        origins += [(at, at + 1)] * len(said)
        if span is not None:
            origins += [(n, n + 1) for n in range(*span)]
            at = max(span[1] - 1, span[0])
    return Written(shown, tuple(origins))
