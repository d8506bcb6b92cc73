"""Cases of typed text that stand above one another behind a tall brace:

            ⎧ x       if x > 0
        r = ⎨
            ⎩ 0       otherwise
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handgrad.reading.surface import Span

TOP, BOTTOM, INNER = "⎧", "⎩", "⎨⎪"
ROW = re.compile(r"\s*(?P<value>\S.*?)(?:,\s+|\s{2,})(?:(?:if|when|for|where)\s+(?P<condition>\S.*?)|(?P<rest>otherwise|else))(?:\s{3,}\S.*)?\s*$")
RELATION = re.compile(r"[ \t]*(=|≈|≡|:=)[ \t]*$")
MOST = 40           # lines of one brace


@dataclass(frozen=True, slots=True)
class Stack:
    """Cases: the lines that they take, what stands to the left of the relation, the relation, and each value with its condition.

    Without rows it is a tall brace inside a larger formula.
    """

    span: Span
    head: Span
    relation: str
    rows: tuple[tuple[Span, Span | None], ...]


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
    begin = max(start, text.rfind("\n", 0, top) + 1)
    column = top - begin
    rows: list[tuple[Span, Span | None]] = []
    head: Span | None = None
    line = begin
    for _ in range(MOST):
        stop = text.find("\n", line, end)
        stop = stop if stop >= 0 else end
        brace = line + column
        if brace >= stop or text[brace] not in (TOP if line == begin else BOTTOM + INNER):
            return None
        if text[line:brace].strip():
            head = (line, brace) if head is None else (line, line)
        row = ROW.match(text, brace + 1, stop)
        if row:
            rows.append((row.span("value"), row.span("condition") if row["condition"] else None))
        if text[brace] == BOTTOM:
            break
        line = stop + 1
    else:
        return None
    relation = RELATION.search(text, *head) if head is not None else None
    if head is None or relation is None or len(rows) < 2:
        return Stack((begin, stop), (begin, begin), "", ())
    return Stack((begin, rows[-1][1][1] if rows[-1][1] else stop), (head[0], relation.start()), relation[1], tuple(rows))
