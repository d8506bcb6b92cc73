"""A page as its prose, its headings and its formulas, in order and each with its place in the source.

    page = read_page("so $h_1 = \\\\sigma(0.7384) = 0.6767$, and w5 becomes 0.36")
    [type(item).__name__ for item in page.items]        # ['Prose', 'Formula', 'Prose', 'Formula']

Nothing is lost: what is no formula is prose, what cannot be read is a statement whose side says why.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import field, replace
from itertools import zip_longest
from typing import Union

from handgrad.reading.blocks import BOLD, BULLET, HEADING, SECTION, Block, blocks
from handgrad.reading.cases import with_cases
from handgrad.reading.claims import accepted, body_span, said, with_verbs
from handgrad.reading.decoding import accept
from handgrad.reading.delimiters import Region, regions
from handgrad.reading.labels import labelled
from handgrad.reading.limits import LIMITS, ReadingLimits
from handgrad.reading.lists import has_list, listed
from handgrad.reading.macros import definitions, on_the_page, written_out
from handgrad.reading.masking import FRAME, Mask, covered, masked, without_emphasis
from handgrad.reading.mathematics import statements
from handgrad.reading.naked import Stretch, behind, stretches
from handgrad.reading.stacked import Stack, stacks
from handgrad.reading.surface import Side, Span, Statement, Unread
from handgrad.reading.tables import claims, is_table, rows_of
from handgrad.reading.tall import matrices
from handgrad.reading.vocabulary import TABLE
from handgrad.reading.words import Token, differentiated, tokens, with_products
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Prose:
    """Words: kind `text`, `code`, `ignored` (comments, a preamble), `absent` (struck by the writer) or `picture`."""

    span: Span
    text: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Title:
    """A heading and its level, 1 the highest."""

    span: Span
    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Formula:
    """A marked or found formula: its span with its delimiters, its statements, and whether it stands on lines of its own."""

    span: Span
    statements: tuple[Statement, ...]
    display: bool = False


Item = Union[Prose, Title, Formula]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that has been read; `lines` are the offsets at which its lines begin."""

    source: str
    items: tuple[Item, ...]
    lines: tuple[int, ...] = field(repr=False, default=(0,))

    def line_of(self, offset: int) -> int:
        """The line, from 1, on which a character stands."""
        return bisect_right(self.lines, offset)

    def text(self, span: Span) -> str:
        """What stands there on the page."""
        return self.source[span[0]:span[1]]

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The formulas alone."""
        return tuple(item for item in self.items if isinstance(item, Formula))


def read_page(source: str, limits: ReadingLimits = LIMITS) -> Page:
    """The page of a text; only one that is empty, too long or no text at all is refused."""
    accept(source, limits)
    reader = _Reader(source, limits)
    items = sorted(reader.items(), key=lambda item: item.span)
    return Page(source, tuple(_labelled(list(_with_prose(source, reader.mask, items)))), _line_starts(source))


def _labelled(items: list[Item]) -> Iterator[Item]:
    """The items; a formula has the tag or the reason that the prose behind it gives."""
    for item, after in zip_longest(items, items[1:]):
        if isinstance(item, Formula) and isinstance(after, Prose) and after.kind == "text":
            yield replace(item, statements=labelled(item.statements, after.text))
        elif item is not None:
            yield item


def _line_starts(source: str) -> tuple[int, ...]:
    starts, place = [0], source.find("\n")
    while place >= 0:
        starts.append(place + 1)
        place = source.find("\n", place + 1)
    return tuple(starts)


LONE = frozenset(("sign", "times", "relation", "arrow", "implies"))        # a sign alone between dollars is as if it were typed: `$E$ = $-$3.74`
COMMA = re.compile(r"(?<![\d.])\d+\{,\}(\d+)")
POINT = re.compile(r"\d\.\d")


def _has_commas(source: str) -> bool:
    """Whether a page writes `1{,}5` for 1.5: several times, not only in groups of three digits, and never with a point."""
    found = [m[1] for m in COMMA.finditer(source)] if "{,}" in source else []
    return sum(len(digits) != 3 for digits in found) > 1 and not POINT.search(source)


class _Reader:
    """What is needed to read one page: its mask, the marked regions, and the text in which their delimiters are blotted out."""

    def __init__(self, source: str, limits: ReadingLimits) -> None:
        self.source, self.limits = source, replace(limits, comma=limits.comma or _has_commas(source))
        self.long = [span for span in _lines(source) if span[1] - span[0] > limits.line]
        short = covered(source, self.long)
        self.macros, defined = definitions(short) if "\\" in short else ({}, [])
        self.mask = masked(covered(short, defined))
        self.mask.ignored += defined
        self.regions = regions(self.mask.text)
        inline = [r for r in self.regions if r.kind in ("inline", "typed")]
        self.inline = [r for r in self.regions if r.kind == "inline" and TABLE.get(self.mask.text[slice(*r.inside)].strip(), ("", ""))[0] not in LONE]
        edges = [edge for r in inline for edge in ((r.span[0], r.inside[0]), (r.inside[1], r.span[1]))]
        self.plain = without_emphasis(covered(self.mask.text, edges))
        self.starts = [r.span[0] for r in self.inline]
        self.names = differentiated(self.plain)

    def items(self) -> Iterator[Item]:
        """The formulas and titles, in order."""
        for span in self.long:
            yield Formula(span, (self.unread(span, f"limit: line {self.limits.line}"),), True)
        rows: list[Span] = []
        for block in blocks(self.mask.text, self.regions):
            if block.kind == "row":
                if rows and self.plain[rows[-1][1]:block.start].strip(" \t") not in ("", "\n"):
                    yield from self.table(rows)
                    rows = []
                rows.append((block.start, block.end))
                continue
            yield from self.table(rows)
            rows = []
            yield from self.block(block)
        yield from self.table(rows)

    def block(self, block: Block) -> Iterator[Item]:
        """What one block gives."""
        span = (block.start, block.end)
        match block.kind:
            case "display" if block.region is not None:
                if self.mask.text[slice(*block.region.inside)].strip():
                    yield self.formula(block.region, True)
            case "unbalanced":
                yield Formula(span, (self.unread(span, "dollar signs without a partner"),), False)
            case "typed" if block.region is not None:
                yield from self.running(*block.region.inside)
            case "code":
                yield Prose(span, self.source[block.start:block.end], "code")
            case "title":
                yield Title(span, _title_text(self.mask.text[block.start:block.end]), block.level)
                yield from self.running(*span)
            case _:
                yield from self.running(*span)

    def table(self, rows: Sequence[Span]) -> Iterator[Formula]:
        """The formulas of the rows of a table, and what they claim; of rows that are none, those of their text."""
        if not rows:
            return
        n, m = bisect_left(self.starts, rows[0][0]), bisect_left(self.starts, rows[-1][1])
        cells = rows_of(self.plain, rows, [(r.span, r.inside) for r in self.inline[n:m]])
        if not is_table(self.plain, rows, cells):
            yield from self.running(rows[0][0], rows[-1][1])
            return
        taken: set[Span] = set()
        for claim in claims(self.plain, rows, cells, self.read):
            taken.update(claim.cells)
            yield Formula(claim.statement.span, (claim.statement,), False)
        for cell in (c for row in cells for c in row if c.span not in taken):
            marked = [r.span for r in self.inline[n:m] if r.inside[0] <= cell.span[1] and cell.span[0] <= r.inside[1]]
            yield from self.running(min([cell.span[0], *(a for a, _ in marked)]), max([cell.span[1], *(b for _, b in marked)]))

    def running(self, start: int, end: int) -> Iterator[Formula]:
        """The formulas of a run of text, marked or not, and cases and rows of matrices that stand above one another."""
        for stack in sorted((*stacks(self.plain, start, end), *matrices(self.plain, start, end)), key=lambda stack: stack.span):
            if stack.span[0] < start:
                continue
            yield from self.level(start, stack.span[0])
            yield from self.through(stack)
            start = stack.span[1]
        yield from self.level(start, end)

    def level(self, start: int, end: int) -> Iterator[Formula]:
        """The formulas of a run of text that stand in lines, marked or not."""
        inside = self.inline[bisect_right(self.starts, start - 1):bisect_right(self.starts, end - 1)]
        found = with_verbs(with_products([self.close(t) for t in tokens(self.plain, start, end, [r.span for r in inside], self.names)]))
        naked = [n for s in stretches(found) for n in ([s] if s.verb < 0 or accepted(self.plain, found, s.first, s.verb) else behind(found, s))]
        taken = [s.start for s in naked]
        for region in inside:
            n = bisect_right(taken, region.span[0]) - 1
            if (n < 0 or region.span[0] >= naked[n].end) and self.plain[slice(*region.inside)].strip():
                yield self.formula(region, False)
        for stretch in naked:
            yield from self.stretch(stretch, found)

    def through(self, stack: Stack) -> Iterator[Formula]:
        """The formulas of several lines that were set in one."""
        found: tuple[Statement, ...] = ()
        if stack.line is not None:
            inner = copy(self)
            inner.source = inner.plain = stack.line.text
            inner.inline, inner.starts, inner.macros = [], [], {}
            found = tuple(statement for formula in inner.level(0, len(inner.plain)) for statement in formula.statements)
            found = on_the_page(found, stack.line.origins)
        yield Formula(stack.span, found or (self.unread(stack.span, "a formula of several lines that go together with nothing"),), True)

    def close(self, token: Token) -> Token:
        """The token, close to the one before it where marks of the page stand between the two and no wide space."""
        between = self.source[token.start - token.gap:token.start] if token.gap > 2 else ""
        return token if not between.strip(FRAME + string.whitespace) else replace(token, gap=1)

    def formula(self, region: Region, display: bool) -> Formula:
        """The formula of a marked region."""
        return Formula(region.span, self.read(*region.inside, False), display)

    def read(self, start: int, end: int, typed: bool) -> tuple[Statement, ...]:
        """The statements of a part of the page, its abbreviations written out."""
        long = written_out(self.plain, start, end, self.macros) if self.macros else None
        if long is not None:
            return on_the_page(statements(long.text, limits=self.limits, typed=typed), long.origins)
        found = tuple(statements(self.plain, start, end, limits=self.limits, typed=typed))
        return listed(found, self.plain, self.read) if any(map(has_list, found)) else found

    def stretch(self, stretch: Stretch, found: Sequence[Token]) -> Iterator[Formula]:
        """The formula of a stretch of running text; a verb in it is read as the relation it stands for."""
        span, typed = (stretch.start, stretch.end), not stretch.mixed
        if stretch.verb < 0:
            read = with_cases(self.read(*span, typed), stretch.rows, self.read, typed)
            new = stretch.first > 0 and found[stretch.first - 1].text.lower() in ("new", "updated")
            span = (span[0], max(span[1], *(s.span[1] for s in read))) if read else span
            yield Formula(span, (replace(read[0], words=(*read[0].words, "becomes")), *read[1:]) if new and read else read, False)
            return
        verb = found[stretch.verb]
        left, right = self.read(stretch.start, verb.start, typed), self.read(verb.end, stretch.end, typed)
        about = body_span(self.plain, stretch.start)
        body = self.read(*about, True)[0].sides[0].tree if about else None
        if claimed := said(self.plain, verb, left, right, body):
            yield Formula(claimed.span, (claimed,), False)
            return
        for rest in behind(found, stretch):
            yield Formula((rest.start, rest.end), self.read(rest.start, rest.end, typed), False)

    def unread(self, span: Span, why: str) -> Statement:
        """A statement that was not read."""
        return Statement(span, (Side("", Unread(span, self.source[span[0]:min(span[1], span[0] + 200)], why), span),))


def _lines(source: str) -> Iterator[Span]:
    start = 0
    while start < len(source):
        end = source.find("\n", start)
        end = end if end >= 0 else len(source)
        yield start, end
        start = end + 1


def _title_text(line: str) -> str:
    """The words of a heading without its marks; a number stays."""
    for pattern in (HEADING, SECTION, BOLD):
        if found := pattern.match(line):
            return (found["text"] or found.groupdict().get("latex") or "").strip(" *_:")
    bullet = BULLET.match(line)
    number = bullet["number"] if bullet else None
    rest = line[bullet.end():] if bullet else line
    return ((number + ". " if number else "") + " ".join(rest.split())).strip(" *_:")


def _with_prose(source: str, mask: Mask, items: list[Item]) -> Iterator[Item]:
    """The items with the prose between them, and in it what is absent, ignored or a picture."""
    special = sorted([*((s, "absent") for s in mask.absent), *((s, "ignored") for s in mask.ignored), *((s, "picture") for s in mask.pictures)])
    starts = [span[0] for span, _ in special]
    place = 0
    for item in items:
        yield from _between(source, place, item.span[0], special, starts)
        yield item
        place = max(place, item.span[1])
    yield from _between(source, place, len(source), special, starts)


def _between(source: str, start: int, end: int, special: list[tuple[Span, str]], starts: list[int]) -> Iterator[Prose]:
    for (first, last), kind in special[bisect_left(starts, start):bisect_left(starts, end)]:
        if start <= first and last <= end:
            if source[start:first].strip():
                yield Prose((start, first), source[start:first])
            yield Prose((first, last), source[first:last], kind)
            start = last
    if source[start:end].strip():
        yield Prose((start, end), source[start:end])
