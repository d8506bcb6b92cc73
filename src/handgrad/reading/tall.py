"""Matrices of typed text whose rows stand in lines of their own:

             [ 0.1  0.2 ]                 ⎛ 0.1  0.2 ⎞
    grad W = [ 0.3  0.4 ]           ∇W =  ⎝ 0.3  0.4 ⎠

They are set in the line of their name, `grad W = [[0.1, 0.2], [0.3, 0.4]]`, which is then read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handgrad.reading.macros import Written
from handgrad.reading.stacked import Stack, joined
from handgrad.reading.surface import Span
from handgrad.records import dataclass

TALL = re.compile(r"[⎛⎜⎝⎡⎢⎣](?P<tall>[^⎛⎜⎝⎡⎢⎣⎞⎟⎠⎤⎥⎦\n]*)[⎞⎟⎠⎤⎥⎦]|\[(?P<flat>[ \t][^\[\]\n]*[ \t])\]")
NAMED = re.compile(r"(?:[=≈]|:=|->|→|←)\s*$")
FIRST = "⎛⎡"
CELL = re.compile(r"[ \t]{2,}|[ \t]*[,;&][ \t]*")
NUMBER = re.compile(r"[-+−–]?\s?\d+(?:\.\d+)?(?:e[-+]?\d+)?…?")
MOST = 60           # rows of one matrix


@dataclass(frozen=True, slots=True)
class Row:
    """A bracket of one line: its offsets with the bracket, and the cells in it."""

    span: Span
    cells: tuple[Span, ...]
    first: bool             # whether a matrix surely begins here

    def columns(self, begin: int) -> Span:
        """Where the bracket opens and closes on a line that begins at an offset."""
        return self.span[0] - begin, self.span[1] - begin


@dataclass(slots=True)
class Matrix:
    """The rows of one matrix, and the lines that they stand on."""

    rows: list[Row]
    lines: list[int]

    @property
    def text(self) -> list[tuple[str, Span | None]]:
        """The matrix in one line, in pieces: what is put in, and what stands on the page."""
        made: list[tuple[str, Span | None]] = [("[", None)]
        for n, row in enumerate(self.rows):
            made.append((", [" if n else "[", None))
            made += [(", " if m else "", cell) for m, cell in enumerate(row.cells)]
            made.append(("]", None))
        return [*made, ("]", None)]


def matrices(text: str, start: int, end: int) -> Iterator[Stack]:
    """The matrices in text[start:end], those that stand beside one another together."""
    lines = _lines(text, text.rfind("\n", 0, start) + 1, end)
    run: list[int] = []
    found = _found(text, lines)
    tall = {line for matrix in found for line in matrix.lines}
    for n in range(len(lines) + 1):
        if n in tall:
            run.append(n)
            continue
        if run:
            inside = [m for m in found if m.lines[0] in run]
            if any(0 < _named(text, lines, m, inside) < len(m.rows) for m in inside):
                yield Stack((max(start, lines[run[0]][0]), lines[run[-1]][1]), _in_lines(text, lines, run, inside))
        run = []


def _lines(text: str, start: int, end: int) -> list[Span]:
    found = []
    while start < end:
        stop = text.find("\n", start, end)
        stop = stop if stop >= 0 else end
        found.append((start, stop))
        start = stop + 1
    return found


def _found(text: str, lines: list[Span]) -> list[Matrix]:
    """The matrices of several rows: brackets below one another, with as many cells."""
    done: list[Matrix] = []
    going: dict[Span, Matrix] = {}
    for n, (begin, stop) in enumerate(lines):
        here: dict[Span, Matrix] = {}
        for match in TALL.finditer(text, begin, stop):
            row = _row(text, match)
            place = row.columns(begin)
            above = going.get(place)
            goes_on = above is not None and not row.first and len(above.rows) < MOST and len(above.rows[0].cells) == len(row.cells)
            matrix = above if above is not None and goes_on else Matrix([], [])
            if not matrix.rows:
                done.append(matrix)
            matrix.rows.append(row)
            matrix.lines.append(n)
            here[place] = matrix
        going = here
    return [m for m in done if len(m.rows) > 1 and m.rows[0].cells]


def _row(text: str, match: re.Match[str]) -> Row:
    inside = match.span("tall") if match["tall"] is not None else match.span("flat")
    shown = text[slice(*inside)]
    lead = len(shown) - len(shown.lstrip())
    shown, start = shown.strip(), inside[0] + lead
    numbers = [m.span() for m in NUMBER.finditer(shown)]
    if numbers and not NUMBER.sub("", shown).strip():           # one space is enough between numbers
        cells = tuple((start + a, start + b) for a, b in numbers)
    else:
        cells, place = (), 0
        for gap in CELL.finditer(shown):
            cells, place = (*cells, (start + place, start + gap.start())), gap.end()
        cells = (*cells, (start + place, start + len(shown))) if shown else ()
    return Row(match.span(), cells, text[match.start()] in FIRST)


def _named(text: str, lines: list[Span], matrix: Matrix, beside: list[Matrix]) -> int:
    """In front of how many rows of the matrix a name and a relation stand."""
    return sum(bool(NAMED.search(_before(text, lines, n, row, beside))) for n, row in zip(matrix.lines, matrix.rows, strict=True))


def _before(text: str, lines: list[Span], line: int, row: Row, beside: list[Matrix]) -> str:
    """What stands in front of a row, behind the matrix to the left of it."""
    ends = [r.span[1] for m in beside for n, r in zip(m.lines, m.rows, strict=True) if n == line and r.span[1] <= row.span[0]]
    return text[max([lines[line][0], *ends]):row.span[0]]


def _in_lines(text: str, lines: list[Span], run: list[int], found: list[Matrix]) -> Written | None:
    """The lines with each matrix in the line of its name, and without its other rows; None where two names stand in front of one."""
    homes: dict[int, int] = {}
    for matrix in sorted(found, key=lambda m: m.rows[0].columns(lines[m.lines[0]][0])):
        said = [n for n, row in zip(matrix.lines, matrix.rows, strict=True) if _before(text, lines, n, row, found).strip()]
        if len(said) > 1:
            return None
        left = next((homes[id(m)] for m in found if id(m) in homes and homes[id(m)] in matrix.lines), matrix.lines[len(matrix.lines) // 2])
        homes[id(matrix)] = said[0] if said else left
    parts: list[tuple[str, Span | None]] = []
    for line in run:
        place = lines[line][0]
        rows = sorted(((row, m) for m in found for n, row in zip(m.lines, m.rows, strict=True) if n == line), key=lambda pair: pair[0].span)
        for row, matrix in rows:
            parts += [("", (place, row.span[0])), *(matrix.text if homes[id(matrix)] == line else [])]
            place = row.span[1]
        parts += [("", (place, lines[line][1])), ("\n", None)]
    return joined(text, parts[:-1], lines[run[0]][0])

