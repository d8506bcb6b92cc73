"""A page as text in columns: Unicode or ASCII, at most `Options.width` wide, reasons on the right, results in a box.

A page is printed with subscripts; if one index in it has none, the whole page is printed again with brackets.
Colour only repeats what a word or a mark says.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar, assert_never

from handgrad.document import (
    Block,
    Chain,
    Code,
    Details,
    Document,
    Figure,
    Heading,
    Inset,
    Ledger,
    Line,
    Matrices,
    Matrix,
    Note,
    Options,
    Paragraph,
    Table,
    Tally,
    section_of,
)
from handgrad.rendering.chains import INSET, Page, Row, Span, chain_rows, indented
from handgrad.rendering.layout import beside, broken, filled, padded, width
from handgrad.rendering.margins import ledger_rows, mark_of, tally_rows
from handgrad.rendering.shape import Context
from handgrad.rendering.style import ASCII, BRACKETS, UNICODE, NoSubscript, Style

T = TypeVar("T")
CLOSE_TOGETHER = {(Paragraph, Chain), (Paragraph, Paragraph), (Paragraph, Note), (Note, Note), (Note, Paragraph), (Heading, Paragraph),
                  (Heading, Ledger), (Ledger, Paragraph)}


def render(document: Document, options: Options) -> str:
    """The document as text."""
    rows = _in_style(lambda style: _page(document, style, options.width), options)
    return _coloured(rows) if options.colour else "\n".join("".join(span.text for span in row).rstrip() for row in rows) + "\n"


def _in_style(show: Callable[[Style], T], options: Options) -> T:
    if options.ascii:
        return show(ASCII)
    try:
        return show(UNICODE)
    except NoSubscript:
        return show(BRACKETS)


def _coloured(rows: list[Row]) -> str:
    from rich.console import Console  # noqa: PLC0415 (30 ms that only a coloured page needs)
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=10_000, highlight=False, legacy_windows=False)
    with console.capture() as captured:
        for row in rows:
            console.print(Text.assemble(*row), no_wrap=True, overflow="ignore", crop=False)
    return captured.get()


# ---------------------------------------------------------------- blocks


def _page(document: Document, style: Style, columns: int) -> list[Row]:
    page = Page(Context(document.model), style, max(columns, 20))
    title = _plain(filled(page.inline(document.title), page.width), "bold")
    gap = [()] if title and document.blocks and not isinstance(document.blocks[0], Inset) else []
    return [*title, *gap, *_blocks(document.blocks, page)]


def _plain(lines: list[str], style: str = "") -> list[Row]:
    return [(Span(line, style),) for line in lines]


def _blocks(blocks: tuple[Block, ...], page: Page) -> list[Row]:
    if not blocks:
        return []
    rows = _block(blocks[0], page)
    for before, block in pairwise(blocks):
        rows += ([] if _are_close(before, block) else [()]) + _block(block, page)
    return rows


def _are_close(before: Block, block: Block) -> bool:
    """Whether no empty row stands between the blocks: prose and its chain, remarks, and givens or a single line after a chain."""
    if isinstance(before, Chain) and isinstance(block, Chain):
        return len(block.lines) == 1 or not any(line.reason or (line.left is None and not line.lead) for line in block.lines if isinstance(line, Line))
    return (type(before), type(block)) in CLOSE_TOGETHER


def _block(block: Block, page: Page) -> list[Row]:
    match block:
        case Heading():
            return _heading(block, page)
        case Paragraph(words):
            return _plain(filled(page.inline(words), page.width))
        case Note():
            return _note(block, page)
        case Chain():
            return chain_rows(block, page, lambda inset: _block(inset, page))
        case Inset(blocks):
            return indented(_blocks(blocks, page.inset()))
        case Details(title, blocks):
            return _plain(filled(page.inline(title), page.width), "dim") + indented(_blocks(blocks, page.inset()))
        case Table():
            return _table(block, page)
        case Matrix():
            return _matrices((block,), page)
        case Matrices(items):
            return _matrices(items, page)
        case Figure(_, alt, fallback):
            shown = [page.words(line)[: page.width] for line in fallback.splitlines()] or filled(page.words(alt), page.width)
            return _plain(shown)
        case Code(code, _):
            return indented(_plain([piece for line in code.splitlines() for piece in broken(page.words(line), page.width - INSET)]))
        case Tally():
            return tally_rows(block, page)
        case Ledger():
            return ledger_rows(block, page)
        case Document():
            return _blocks(section_of(block), replace(page, context=Context(block.model)))
        case _:
            assert_never(block)


def _heading(heading: Heading, page: Page) -> list[Row]:
    words, aside = page.line(heading.text), page.line(heading.aside)
    rule = "-" if page.style.ascii else "─"
    room = page.width - width(words) - (width(aside) + 4 if aside else 0) - 4
    if heading.level > 1 or room < 2:
        return _plain(filled(words, page.width), "bold") + _plain(filled(aside, page.width), "dim")
    end = f" {aside} {rule * 2}" if aside else ""
    if not words:
        return [(Span(rule * (room + 4) + end, "dim"),)]
    return [(Span(rule * 2 + " ", "dim"), Span(words, "bold"), Span(" " + rule * room + end, "dim"))]


def _note(note: Note, page: Page) -> list[Row]:
    mark, colour = mark_of(note.mark, page)
    before = width(mark) + 1 if mark else 0
    lines = filled(page.inline(note.text), page.width - before)
    if not mark:
        return _plain(lines)
    return [(Span(mark, colour), Span(f" {line}")) if n == 0 else (Span(" " * before + line),) for n, line in enumerate(lines)]


# ---------------------------------------------------------------- tables and matrices


def _table(table: Table, page: Page) -> list[Row]:
    cells = [[page.inline(cell) for cell in row] for row in (table.header, *table.rows)]
    columns = max(map(len, cells))
    cells[0] += [""] * (columns - len(cells[0]))
    room = [max(width(row[n]) for row in cells if n < len(row)) for n in range(columns)]
    while sum(room) + 3 * (columns - 1) > page.width and max(room) > 4:
        room[room.index(max(room))] -= 1
    alignment = table.alignment.ljust(columns, "l")
    rows: list[Row] = []
    for number, row in enumerate(cells):
        columns_of_lines = [filled(cell, room[n]) or [""] for n, cell in enumerate(row)]
        for line in range(max(map(len, columns_of_lines))):
            shown = [_aligned(lines[line] if line < len(lines) else "", room[n], alignment[n]) for n, lines in enumerate(columns_of_lines)]
            rows.append((Span("   ".join(shown), "bold" if number == 0 else ""),))
    return rows if any(cells[0]) else rows[1:]


def _aligned(cell: str, columns: int, alignment: str) -> str:
    free = columns - width(cell)
    before = {"l": 0, "r": free, "c": free // 2}[alignment]
    return padded(" " * before + cell, columns)


def _matrices(items: tuple[Matrix, ...], page: Page) -> list[Row]:
    """Matrices side by side, as many as the width holds in a row; a line is left free between the rows of them."""
    found: list[list[str]] = []
    for item in items:
        shown = _matrix(item, page)
        wider = beside(beside(found[-1], ["   "]), shown) if found else []
        if wider and max(map(width, wider)) <= page.width:
            found[-1] = wider
        else:
            found.append(shown)
    return _plain([line for n, block in enumerate(found) for row in ([""] if n else []) + block for line in broken(row.rstrip(), page.width)])


def _matrix(matrix: Matrix, page: Page) -> list[str]:
    cells = [[page.words(cell) for cell in row] for row in matrix.rows]
    columns = [max(width(row[n]) for row in cells) for n in range(len(cells[0]))] if cells else []
    rows = ["  ".join(_aligned(cell, columns[n], "r") for n, cell in enumerate(row)) for row in cells]
    lead = page.line(matrix.lead)
    return beside([f"{lead} "] if lead else [""], _bracketed(rows, page.style))


def _bracketed(rows: list[str], style: Style) -> list[str]:
    if style.ascii:
        return [f"[ {row} ]" for row in rows]
    if len(rows) == 1:
        return [f"({rows[0]})"]
    signs = [("⎛", "⎞"), *[("⎜", "⎟")] * (len(rows) - 2), ("⎝", "⎠")]
    return [f"{left} {row} {right}" for row, (left, right) in zip(rows, signs, strict=True)]
