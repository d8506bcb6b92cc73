"""Ledgers and tallies for the formats that have no margins: as remarks, tables and insets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from handgrad.document import Block, Inline, Inset, Ledger, Note, Paragraph, Row, Table, Tally


def unfolded(block: Tally | Ledger) -> tuple[Block, ...]:
    """The block in blocks that every format has."""
    return tuple(_tally(block) if isinstance(block, Tally) else _ledger(block))


def _tally(tally: Tally) -> Iterator[Block]:
    yield Paragraph((*tally.title, " · ", *tally.aside) if tally.aside else tally.title)
    for count in tally.counts:
        places = listed(count.places)
        yield Note((count.label, *((": ", *places) if places else ()), *((f" {count.aside}",) if count.aside else ())), count.mark)


def listed(places: tuple[Inline, ...]) -> Inline:
    """The places with a dot between them."""
    return tuple(part for n, place in enumerate(places) for part in ((" · ", *place) if n else place))


def _ledger(ledger: Ledger) -> Iterator[Block]:
    for has_values, group in groupby(ledger.rows, key=lambda row: bool(row.values)):
        if has_values:
            yield _table(tuple(group), ledger.header)
        else:
            for row in group:
                yield from _row(row)


def _table(rows: tuple[Row, ...], header: tuple[str, ...]) -> Table:
    columns = (("line",), ("",), ("",), *((name,) for name in header), ("",))
    cells = tuple(((row.number,), (row.mark,), row.text, *((value,) for value in row.values), _said(row)) for row in rows)
    return Table(columns, cells, "rll" + "r" * len(header) + "l")


def _said(row: Row) -> Inline:
    said: tuple[Inline, ...] = (row.word, *row.notes) if row.word else row.notes
    return tuple(part for n, note in enumerate(said) for part in (("; ", *note) if n else note))


def _row(row: Row) -> Iterator[Block]:
    if not row.mark and not row.number:
        yield Paragraph(row.text)
        return
    number: Inline = (f"{row.number}  ",) if row.number else ()
    word: Inline = ("   ", *row.word) if row.word else ()
    yield Note((*number, *row.text, *word), row.mark)
    if row.notes:
        yield Inset(tuple(Paragraph(note) for note in row.notes))
