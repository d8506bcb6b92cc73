"""A judged page in its own order: its prose, its formulas set anew, marks in the left margin, verdicts and numbers in the right one.

Nothing of the source is copied but as text: formulas are set from what was read.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from handgrad.checking.pages import EMPTY, ending, headline, tally
from handgrad.checking.rows import Ledgerer, excerpt, is_number
from handgrad.checking.setting import Dress, beside, dressed, relation, typeset
from handgrad.checking.words import PLAIN, minus, short, shown_beside
from handgrad.document import Block, Code, Details, Document, Heading, Inline, Ledger, Row, Typeset
from handgrad.reading.page import Formula, Page, Prose, Title, read_page
from handgrad.reading.surface import Array, Side, Span, Statement, Surface, Unread, walk
from handgrad.records import dataclass

if TYPE_CHECKING:
    from handgrad.checking.report import Judgement, Report

MARKS = "✗?~!✓"                 # the gravest first
HEADER = ("by hand", "exact")
RELATED = "=≈≡→⇒≤≥<>∝∈:"
PARAGRAPH = re.compile(r"\n\s*\n|\n(?=[ \t]*\|)")         # also between the rows of a table
RULE = re.compile(r"[|:\s]*-{2,}[-|:\s]*")


def facsimile(report: Report) -> Document:
    """The page as a document: what was found, then the whole page with its marks."""
    made = _Maker(report, read_page(report.source))
    return Document((), (tally(report), *made.blocks(), *ending(report)), EMPTY)


@dataclass
class _Paragraph:
    """What stands side by side in running text, and the judgements about it."""

    parts: list[Any] = field(default_factory=list)
    judged: list[Judgement] = field(default_factory=list)
    span: Span | None = None


class _Maker:
    """Makes the blocks of one page."""

    def __init__(self, report: Report, page: Page) -> None:
        self.page, self.ledgerer = page, Ledgerer(report, all=True)
        self.judgements = sorted(report.judgements, key=lambda j: j.span)
        self.starts = [j.span[0] for j in self.judgements]
        self.longest = max((j.span[1] - j.span[0] for j in self.judgements), default=0)
        self.anchors: set[str] = set()

    # ------------------------------------------------------------ blocks

    def blocks(self) -> Iterator[Block]:
        """Headings, and between them ledgers."""
        rows: list[Row] = []
        for block in self._pieces():
            if isinstance(block, Row):
                rows.append(block)
                continue
            if rows:
                yield Ledger(tuple(rows), HEADER)
                rows = []
            yield block
        if rows:
            yield Ledger(tuple(rows), HEADER)

    def _pieces(self) -> Iterator[Block | Row]:
        paragraph = _Paragraph()
        for item in self.page.items:
            match item:
                case Title(_, text, level):
                    yield from self._closed(paragraph)
                    paragraph = _Paragraph()
                    yield Heading((headline(text),), min(level, 2))
                case Prose(_, text, kind):
                    for n, piece in enumerate(PARAGRAPH.split(self._words(text, kind))):
                        if n:
                            yield from self._closed(paragraph)
                            paragraph = _Paragraph()
                        said = _said(piece)
                        if said:
                            paragraph.parts.append(said)
                case Formula(_, _, True):
                    yield from self._closed(paragraph)
                    paragraph = _Paragraph()
                    for statement in item.statements:
                        yield from self._statement(statement)
                case Formula():
                    self._running(item, paragraph)
        yield from self._closed(paragraph)

    def _words(self, text: str, kind: str) -> str:
        """Prose as it is shown: what its writer struck is not there, nor is what no reader sees."""
        return {"ignored": "", "absent": "", "picture": "\n\n(a picture)\n\n"}.get(kind, text)

    def _running(self, item: Formula, paragraph: _Paragraph) -> None:
        for statement in item.statements:
            paragraph.parts += [self._side(side, n == 0) for n, side in enumerate(statement.sides)]
            paragraph.parts += [statement.tag] if statement.tag else []
        paragraph.judged += self._about(item.span)
        paragraph.span = (paragraph.span[0] if paragraph.span else item.span[0], item.span[1])

    def _closed(self, paragraph: _Paragraph) -> Iterator[Row]:
        if paragraph.parts:
            yield self._row(_apart(paragraph.parts), paragraph.judged, paragraph.span)

    # ------------------------------------------------------------ formulas

    def _about(self, span: Span) -> list[Judgement]:
        """The judgements on what stands within a span."""
        first, last = bisect_left(self.starts, span[0]), bisect_left(self.starts, span[1])
        return [j for j in self.judgements[first:last] if j.span[1] <= span[1]]

    def _touching(self, span: Span) -> list[Judgement]:
        """The judgements on what a span has a part of; no statement is longer than the longest."""
        first, last = bisect_left(self.starts, span[0] - self.longest), bisect_left(self.starts, span[1])
        return [j for j in self.judgements[first:last] if j.span[1] > span[0]]

    def _statement(self, statement: Statement) -> Iterator[Row]:
        """The rows of a statement: a new one for each line of the source on which a judged side ends."""
        left = self._about(statement.span)
        sides: list[Side] = []
        for n, side in enumerate(statement.sides):
            sides.append(side)
            line = self.page.line_of(max(side.span[1] - 1, side.span[0]))
            following = statement.sides[n + 1] if n + 1 < len(statement.sides) else None
            if following is not None and (n == 0 or self.page.line_of(following.span[1] - 1) == line):
                continue
            end = side.span[1] if following is not None else max(statement.span[1], side.span[1])
            inside = [j for j in left if j.span[0] < end]
            left = [j for j in left if j.span[0] >= end]
            parts: list[Any] = [_tall(self._side(s, s is statement.sides[0])) for s in sides]
            if following is None:
                parts += self._beside(statement)
            yield self._row(_apart(parts), inside, (sides[0].span[0], end))
            sides = []

    def _side(self, side: Side, first: bool) -> Typeset | str:
        if isinstance(side.tree, Unread):
            return excerpt(side.tree.text)
        shown = self._set(side.tree)
        return shown if first and not side.relation else beside(relation(side.relation or "="), shown)

    def _set(self, tree: Surface) -> Typeset:
        """The formula with a box round what is wrong and a frame round what is carried, which leads to its cause."""
        dresses = []
        for j in self._touching(tree.span):
            cell = _cell(tree, j.entry)
            if j.verdict in ("slip", "last_digit") or j.verdict == "undecided" and cell:
                fault = cell or j.fault or (j.tree.span if is_number(j) and j.tree is not None else None)
                dresses += [Dress(fault, "fault" if j.verdict == "slip" else "doubt")] if fault else []
            elif j.verdict == "carried" and j.entry and j.cause in self.ledgerer.by_id:
                dresses.append(Dress(cell or j.span, "carried", f"L{self.ledgerer.by_id[j.cause or ''].line}"))
        inside = [d for d in dresses if tree.span[0] <= d.span[0] and d.span[1] <= tree.span[1]]
        return dressed(tree, inside)

    def _beside(self, statement: Statement) -> list[Any]:
        """Conditions, words and the label that stand behind a statement."""
        found: list[Any] = []
        for condition in statement.conditions:
            found += ["for", typeset(condition)]
        found += [f"({' '.join(words.split())})" for words in statement.words if words.strip()]
        return [*found, statement.tag] if statement.tag else found

    # ------------------------------------------------------------ rows

    def _row(self, text: Inline, judged: Sequence[Judgement], span: Span | None) -> Row:
        if not judged:
            return Row(text=text)
        gravest = min(judged, key=lambda j: MARKS.index(j.mark))
        notes = tuple(dict.fromkeys(note for j in judged for note in self._notes(j)))
        numbers = [j for j in judged if is_number(j) and j.by_hand is not None and (j.entry is None or j.mark != "✓")]
        told = gravest if gravest in numbers else numbers[-1] if numbers and gravest.mark == "✓" else None
        values = (shown_beside(told.by_hand, told.shown), shown_beside(told.exact, told.shown)) if told is not None else ()
        named = told if told is not None and gravest.verdict in PLAIN else gravest
        details = (Details(("source",), (Code(self.page.text(span)),)),) if notes and span is not None else ()
        anchors = [f"L{line}" for line in dict.fromkeys([gravest.line, *(j.line for j in judged)])]
        fresh = [anchor for anchor in anchors if anchor not in self.anchors]
        self.anchors.update(fresh)
        return Row(str(gravest.line), gravest.mark, text, values, self._word(named, judged), notes, details, " ".join(fresh))

    def _notes(self, j: Judgement) -> Iterator[Inline]:
        if j.verdict == "transcription" and j.read_as:
            yield (f"read as {minus(j.read_as)}",)
        yield from self.ledgerer.notes(j)

    def _word(self, gravest: Judgement, judged: Sequence[Judgement]) -> Inline:
        """What is said in the right margin: the verdict, the kind of a slip, the marks that it costs."""
        said: list[Any] = []
        for j in [gravest] if gravest.verdict in PLAIN else [j for j in judged if j.verdict not in PLAIN]:
            word: Inline = (short(j.kind) or "slip",) if j.verdict == "slip" else self.ledgerer.word(j)
            if j.penalty:
                word = (*word, f", −{j.penalty:g} {'mark' if j.penalty == 1 else 'marks'}")
            if word not in said:
                said.append(word)
        return tuple(part for n, word in enumerate(said[:4]) for part in (("; ", *word) if n else word))


def _said(piece: str) -> str:
    """Prose on one line, the lines of a table left out."""
    if "|" not in piece:
        return " ".join(piece.split())
    cells = [headline(cell.strip()).strip("$ ") for cell in ("" if RULE.fullmatch(piece) else piece).split("|")]
    return " | ".join(cell for cell in cells if cell)


def _cell(tree: Surface, entry: tuple[int, int] | None) -> Span | None:
    """Where the cell of a matrix stands."""
    array = next((node for node in walk(tree) if isinstance(node, Array)), None)
    if array is None or entry is None or not (entry[0] <= len(array.rows) and entry[1] <= len(array.rows[entry[0] - 1])):
        return None
    return array.rows[entry[0] - 1][entry[1] - 1].span


def _apart(parts: Sequence[Any]) -> Inline:
    """The parts with spaces between them; a formula that begins with its relation has its own, and may begin a line."""
    found: list[Any] = []
    for n, part in enumerate(parts):
        if n and not (isinstance(part, str) and part[:1] in ".,;:)!?"):
            both = isinstance(part, Typeset) and isinstance(parts[n - 1], Typeset)
            found.append(" " if not both else "\u200b" if part.plain[:1] in RELATED else "\u2003")       # two statements side by side stand apart
        found.append(part)
    return tuple(found)


def _tall(part: Typeset | str) -> Typeset | str:
    """A formula with fractions and sums in their full size, as on a line of its own."""
    return replace(part, mathml=f'<mrow displaystyle="true">{part.mathml}</mrow>') if isinstance(part, Typeset) else part
