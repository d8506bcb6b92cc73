"""Chains of formulas as text in columns: aligned relations, reasons on the right, the result in a box."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from handgrad.document import Chain, Formula, Inline, Inset, Line, Reference, Typeset
from handgrad.records import dataclass
from handgrad.rendering.keyboard import spoken
from handgrad.rendering.layout import KEEP, beside, broken, filled, in_ascii, in_line, padded, stacked, width
from handgrad.rendering.shape import Context, scopes
from handgrad.rendering.style import CLOSE, IF, NEXT, OPEN, Style, flat
from handgrad.rendering.unicode import text

LONGEST_LEFT = 36
APART = 3           # columns between a formula and its reason: two are no more than a gap in a formula
INSET = 4


class Span(NamedTuple):
    """A piece of a row and how it is coloured."""

    text: str
    style: str = ""


Row = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What the blocks of a page are printed in: the context of formulas, the style, the columns left."""

    context: Context
    style: Style
    width: int

    def inset(self, columns: int = INSET) -> Page:
        """The page with fewer columns; very deep insets stop narrowing it."""
        return replace(self, width=max(self.width - columns, 20))

    def words(self, words: str) -> str:
        """Plain text as the page can show it: no control characters, and ASCII where that is asked for."""
        return self._clean(words, "")

    def _clean(self, shown: str, kept: str) -> str:
        clean = (c if c in kept or c.isprintable() else " " if c.isspace() else "\ufffd" for c in shown)
        return "".join(c if c in kept else in_ascii(c) for c in clean) if self.style.ascii else "".join(clean)

    def side(self, side: Formula | str | None) -> str:
        """One side of a line, cases not yet laid out."""
        if side is None or isinstance(side, str):
            return self.words(side or "")
        return self._clean(text(side, self.context, self.style), OPEN + IF + NEXT + CLOSE)

    def inline(self, inline: Inline) -> str:
        """Running text; the spaces of its formulas hold together."""
        return "".join(map(self._part, inline))

    def _part(self, part: str | Formula | Typeset | Reference) -> str:
        if isinstance(part, Reference):
            part = part.text
        if isinstance(part, str):
            return re.sub(" {2,}", _kept, self._clean(spoken(part) if self.style.ascii else part, KEEP))
        if isinstance(part, Typeset):
            return _kept(self.words(spoken(part.plain) if self.style.ascii else part.plain))
        return _kept(flat(self.side(part), self.style))

    def line(self, inline: Inline) -> str:
        """Running text that stays on one line."""
        return self.inline(inline).replace(KEEP, " ")


def _kept(spaced: str | re.Match[str]) -> str:
    return (spaced if isinstance(spaced, str) else spaced[0]).replace(" ", KEEP)


def indented(rows: list[Row], columns: int = INSET) -> list[Row]:
    """The rows set in."""
    return [(Span(" " * columns), *row) if row else row for row in rows]


# ---------------------------------------------------------------- chains


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of a chain with its parts as text."""

    lead: str
    left: str
    relation: str
    right: str
    reason: str
    boxed: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the parts of the lines begin: leads take `lead` columns, left sides `left`."""

    lead: int
    left: int


def chain_rows(chain: Chain, page: Page, inset_rows: Callable[[Inset], list[Row]]) -> list[Row]:
    """The rows of a chain; an inset in it gets an empty row before and after."""
    items = [
        item if isinstance(item, Inset) else _printed(item, replace(page, context=replace(page.context, scope=scope)))
        for item, scope in zip(chain.lines, scopes(chain), strict=True)
    ]
    lines = [item for item in items if isinstance(item, Printed)]
    lead = max((width(line.lead) + 3 for line in lines if line.lead), default=0)
    left = max((n for line in lines if (n := width(line.left)) <= LONGEST_LEFT), default=0)
    columns = Columns(lead if lead + left + 20 < page.width else 0, left if left + 24 < page.width else 0)
    rows: list[Row] = []
    for item in items:
        rows += [(), *inset_rows(item), ()] if isinstance(item, Inset) else _line_rows(item, columns, page)
    return rows


def _printed(line: Line, page: Page) -> Printed:
    ends = [part for part in (page.inline(line.reason), page.words(line.label)) if part]
    relation = page.words(line.relation) if line.right is not None else ""
    return Printed(page.line(line.lead), flat(page.side(line.left), page.style), relation, page.side(line.right), (KEEP * 2).join(ends), line.boxed)


def _line_rows(line: Printed, columns: Columns, page: Page) -> list[Row]:
    if line.boxed:
        return _boxed(line, columns, page)
    lead = padded(line.lead, columns.lead) if columns.lead or not line.lead else line.lead + "  "
    before = lead + padded(line.left, columns.left) + (" " if line.left or columns.left else "")
    before += f"{line.relation} " if line.relation else ""
    rows, level = _formula_rows(before, line.right, page.width, page.style)
    return _with_reason(rows, level, line.reason, page)


def _formula_rows(before: str, right: str, room: int, style: Style) -> tuple[list[str], int]:
    """What stands before a formula and the formula, broken or stacked under a brace; and the row on which a reason may stand."""
    above: list[str] = []
    if width(before) > room - 20:
        above, before = broken(before.rstrip(), room), " " * INSET if right else ""
    if not right and above:
        return above, len(above) - 1
    start = width(before)
    tall = None if style.ascii else stacked(right, room - start)
    if tall:
        return above + beside([before], tall), len(above) + len(tall) // 2
    pieces = broken(in_line(right, style), room - start)
    rows = [*above, before + pieces[0], *(" " * start + piece for piece in pieces[1:])]
    return rows, len(rows) - 1


def _with_reason(rows: list[str], level: int, reason: str, page: Page) -> list[Row]:
    """The rows with the reason at the right end of one of them, or below them if it does not fit."""
    shown: list[Row] = [(Span(row),) for row in rows]
    if not reason:
        return shown
    gap = page.width - width(rows[level]) - width(reason)
    if gap >= APART:
        shown[level] = (Span(rows[level] + " " * gap), Span(reason.replace(KEEP, " "), "dim"))
        return shown
    pieces = filled(reason, page.width - INSET)
    return shown + [(Span(" " * (page.width - width(piece))), Span(piece, "dim")) for piece in pieces]


def _boxed(line: Printed, columns: Columns, page: Page) -> list[Row]:
    """The line in a box that begins at the relations above it, if it fits there."""
    corners = "++++-|" if page.style.ascii else "╭╮╰╯─│"
    before = "".join(f"{part} " for part in (line.lead, line.left, line.relation) if part)
    start = columns.lead + columns.left + (1 if columns.left else 0)
    inside, level = _formula_rows(before, line.right, page.width - start - INSET, page.style)
    roomier = _formula_rows(before, line.right, page.width - INSET, page.style)
    if len(roomier[0]) < len(inside) or (roomier[0] != inside and OPEN in line.right):
        (inside, level), start = roomier, 0
    across, margin = max(map(width, inside)), " " * start
    top = margin + corners[0] + corners[4] * (across + 2) + corners[1]
    bottom = margin + corners[2] + corners[4] * (across + 2) + corners[3]
    rows = [top, *(f"{margin}{corners[5]} {padded(row, across)} {corners[5]}" for row in inside), bottom]
    return _with_reason(rows, level + 1, line.reason, page)
