"""Ledgers and tallies as text in columns: numbers and marks in a margin on the left, values and a word of judgement on the right."""

from __future__ import annotations

from dataclasses import replace

from handgrad.document import Count, Inline, Ledger, Reference, Row, Tally
from handgrad.rendering import chains
from handgrad.rendering.chains import INSET, Page, Span
from handgrad.rendering.layout import KEEP, broken, filled, padded, width
from handgrad.rendering.ledgers import listed

MARKS = {"✓": ("ok", "green"), "✗": ("XX", "red"), "~": ("..", "yellow"), "?": ("??", "blue"), "!": ("!!", "yellow")}
NUMBER, VALUE, WORD, GAP, LEAST = 5, 14, 11, 4, 14      # columns of the parts of a row; the least that its text gets beside values
LABEL, NARROW = 16, 20
DIM = {"✓": "dim green"}


def mark_of(sign: str, page: Page) -> tuple[str, str]:
    """The mark as the page shows it, and its colour."""
    word, colour = MARKS.get(sign, ("", ""))
    return (word if page.style.ascii else page.words(sign)), colour


def tally_rows(tally: Tally, page: Page) -> list[chains.Row]:
    """The title, then a row for each count with its places beside it."""
    title, aside = page.line(tally.title), page.line(tally.aside)
    free = page.width - width(title) - width(aside)
    said = title + (" " * free + aside if aside and free >= 2 else "")
    rows: list[chains.Row] = [(Span(line),) for line in (filled(page.inline(tally.title), page.width) if said == title else [said])]
    if aside and said == title:
        rows += [(Span(line),) for line in filled(aside, page.width)]
    for count in tally.counts:
        rows += _count(count, page)
    return rows


def _count(count: Count, page: Page) -> list[chains.Row]:
    mark, colour = mark_of(count.mark, page)
    before = f"  {mark} "
    label = page.words(count.label)
    told = page.inline(tuple(replace(p, text=p.text.replace(" ", KEEP)) if isinstance(p, Reference) else p for p in listed(count.places)))
    told += (KEEP * 2 if told else "") + page.words(count.aside)
    if not told:
        lines = filled(label, page.width - width(before))
        return [(Span("  "), Span(mark, colour), Span(f" {lines[0]}")), *((Span(" " * width(before) + line),) for line in lines[1:])]
    start = max(width(before) + LABEL, width(before) + width(label) + 2)
    if page.width - start < NARROW:
        below = filled(told, max(page.width - INSET, NARROW))
        return [(Span("  "), Span(mark, colour), Span(f" {label}")), *((Span(" " * INSET + line),) for line in below)]
    lines = filled(told, page.width - start)
    first = padded(f" {label}", start - width(before) + 1)
    return [(Span("  "), Span(mark, colour), Span(first + lines[0])), *((Span(" " * start + line),) for line in lines[1:])]


# ---------------------------------------------------------------- ledgers


def ledger_rows(ledger: Ledger, page: Page) -> list[chains.Row]:
    """The header, if values stand under it, and the rows."""
    wide = page.width - _before(page) - len(ledger.header) * VALUE - GAP - WORD >= LEAST
    rows: list[chains.Row] = []
    if ledger.header and wide and any(row.values for row in ledger.rows):
        room = page.width - GAP - WORD - len(ledger.header) * VALUE
        rows.append((Span(" " * room + "".join(page.words(name).rjust(VALUE) for name in ledger.header), "dim"),))
    for row in ledger.rows:
        rows += _row(row, ledger.header if wide else (), page)
    return rows


def _before(page: Page) -> int:
    """Where the text of a row begins."""
    return NUMBER + (4 if page.style.ascii else 3)


def _row(row: Row, header: tuple[str, ...], page: Page) -> list[chains.Row]:
    start = _before(page)
    if not row.mark and not row.number:
        return [(Span(line),) for line in filled(page.inline(row.text), page.width)]
    mark, colour = mark_of(row.mark, page)
    margin = (Span(row.number.rjust(NUMBER) + " "), Span(padded(mark, start - NUMBER - 2), DIM.get(row.mark, colour)), Span(" "))
    if row.values and header:
        body = _with_values(row, page, start)
    else:
        body = _with_word(row, page, start)
    notes = [(Span(" " * start + line),) for note in row.notes for line in _filled(note, page, page.width - start)]
    return [(*margin, *body[0]), *((Span(" " * start), *line) for line in body[1:]), *notes]


def _filled(text: Inline, page: Page, room: int) -> list[str]:
    return filled(page.inline(text), max(room, NARROW)) or [""]


def _with_values(row: Row, page: Page, start: int) -> list[chains.Row]:
    """The text, then the values aligned on the right, then the word; a text that is too long stands above its values."""
    room = page.width - start - len(row.values) * VALUE - GAP - WORD
    lines = broken(page.line(row.text), max(page.width - start, NARROW))
    above, last = (lines[:-1], lines[-1]) if width(lines[-1]) < room + VALUE - width(page.words(row.values[0])) else (lines, "")
    shown = [page.words(value) for value in row.values]
    spans = [Span(padded(last, room + VALUE - width(shown[0])) + shown[0])]
    for n, value in enumerate(shown[1:], 1):
        spans.append(Span(" " * (VALUE - width(value)) + value, "dim" if n == 1 and value == shown[0] else ""))
    word = page.line(row.word)
    found: list[chains.Row] = [(Span(line),) for line in above]
    if width(word) > WORD:
        return [*found, tuple(spans), *((Span(line),) for line in filled(word, page.width - start))]
    return [*found, (*spans, Span(" " * GAP + word, DIM.get(row.mark, MARKS.get(row.mark, ("", ""))[1])))]


def _with_word(row: Row, page: Page, start: int) -> list[chains.Row]:
    """The text with the word at the right end of its last line, or below it."""
    values = ", ".join(page.words(value) for value in row.values if value)
    text = page.line(row.text) if len(row.text) < 2 else page.inline(row.text)
    told = text + (f"  {values}" if values else "")
    lines = _hanging(told, page.width - start) if len(row.text) < 2 and not values else filled(told, page.width - start) or [""]
    word = page.line(row.word)
    if not word:
        return [(Span(line),) for line in lines]
    free = page.width - start - width(lines[-1]) - width(word)
    colour = DIM.get(row.mark, MARKS.get(row.mark, ("", ""))[1])
    if free >= 2:
        return [*((Span(line),) for line in lines[:-1]), (Span(lines[-1] + " " * free), Span(word, colour))]
    return [*((Span(line),) for line in lines), *((Span(line, colour),) for line in filled(page.inline(row.word), page.width - start))]


def _hanging(formula: str, room: int) -> list[str]:
    """The formula in lines; those after the first are set in to behind its first relation."""
    first, *rest = broken(formula, room)
    if not rest:
        return [first]
    place = formula.find("= ") + 2
    start = place if 1 < place <= room // 3 else INSET
    return [first, *(" " * start + line for line in broken(formula[len(first):].lstrip(), room - start))]
