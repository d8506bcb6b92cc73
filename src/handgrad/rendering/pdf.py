"""A page as PDF, set by typst: tagged, each formula with an alternative text, fonts inside, the same on every machine.

Every text of a document reaches typst as a string, so no sign of it is read as a command; what typst may read is an empty folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import assert_never

from handgrad.document import (
    Block,
    Chain,
    Code,
    Details,
    Document,
    Figure,
    FormatError,
    Formula,
    Heading,
    Inline,
    Inset,
    Ledger,
    Line,
    Matrices,
    Matrix,
    Note,
    Options,
    Paragraph,
    Reference,
    Table,
    Tally,
    Typeset,
    section_of,
    spans,
)
from handgrad.errors import HandgradError
from handgrad.rendering import html, names
from handgrad.rendering.ledgers import unfolded
from handgrad.rendering.shape import Context, scopes
from handgrad.rendering.style import BRACKETS, flat
from handgrad.rendering.typst import literal, typst
from handgrad.rendering.unicode import text

PRELUDE = """\
#set page(paper: "a4", margin: (x: 21mm, y: 22mm), numbering: "1 / 1")
#set text(font: "New Computer Modern", size: 10.5pt, lang: "en", ligatures: false)
#set par(leading: .6em, spacing: .85em)
#show math.equation: set text(font: "New Computer Modern Math")
#show raw: set text(font: "DejaVu Sans Mono", size: 8.5pt)
#show title: set text(size: 15pt)
#show title: set block(below: 1.2em)
#show heading: set block(above: 1.7em, below: .8em, sticky: true)
#show heading.where(level: 1): set text(size: 12.5pt)
#show heading.where(level: 2): set text(size: 11pt)
#let soft = luma(35%)
#let eq(alt, body) = { set math.equation(alt: alt); body }
#let inset(body) = block(inset: (left: 1.2em, y: .25em), stroke: (left: .8pt + luma(75%)), width: 100%, body)
#let mark(colour, sign) = text(fill: rgb(colour), weight: "bold", sign) + h(.4em)
#let ring(number) = box(baseline: .22em, circle(radius: .6em, stroke: .45pt, inset: 0pt, align(center + horizon, text(size: .82em, number))))
#let head(level, body) = heading(level: level - highest + 1, body)
#let reason(body) = text(size: 9.5pt, fill: soft, body)
#let result(body) = box(stroke: .7pt, radius: 2pt, inset: (x: .5em), outset: (y: .5em), body)
#let chain(..items) = layout(size => {
  let rows = items.pos().filter(item => type(item) == dictionary)
  let widest(part, most) = calc.max(0pt, ..rows.map(row => measure(row.at(part)).width).filter(width => width < most))
  let (lead, left) = (widest("lead", size.width / 3), widest("left", size.width / 2.5))
  let lead = if lead > 0pt { lead + 1.2em.to-absolute() } else { lead }
  let cell(body, width, side) = if measure(body).width <= width { box(width: width, align(side, body)) } else { body + h(1em) }
  let line(row) = cell(row.lead, lead, start) + if row.boxed {
    h(-.5em) + result(row.left + h(.3em) + row.body)
  } else {
    cell(row.left, left, end) + h(.3em) + row.body
  }
  let row(one) = {
    let (shown, beside) = (line(one), measure(one.end).width)
    if beside == 0pt { par(shown) } else if measure(shown).width + beside + 2em.to-absolute() <= size.width {
      par(shown + h(1fr) + one.end)
    } else {
      block(sticky: true, par(shown)) + align(end, par(hanging-indent: 0pt, one.end))
    }
  }
  set par(leading: .3em, spacing: .8em, hanging-indent: lead + left + 2em)
  set block(spacing: .8em)
  block(above: 1em, below: 1em, for item in items.pos() {
    if type(item) != dictionary { item } else {
      block(inset: (y: if item.boxed { .55em } else { 0pt }), width: 100%, sticky: item.goes-on, row(item))
    }
  })
})
#let drawing(svg, width, height, alt) = block(above: 1em, below: 1em, layout(size => {
  let fitting = calc.min(width, size.width, 240mm * (width / height))
  image(bytes(svg), format: "svg", alt: alt, width: fitting)
}))
"""
COLOURS = {"✓": "#2c6e36", "✗": "#b3261e", "~": "#8a6100", "?": "#1f4e8c", "!": "#8a6100"}
BARE = frozenset("=≈≤≥≠<>→∈")
RINGS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
ALIGNMENTS = {"l": "left", "r": "right", "c": "center"}


class MissingError(HandgradError):
    """A package that is not installed."""

    code = "missing"


def write(document: Document, options: Options) -> bytes:
    """The document as PDF."""
    return compiled(source(document))


def source(document: Document) -> str:
    """The document in Typst's markup."""
    context = Context(document.model)
    title = f"#title[{inline(document.title, context)}]\n\n" if document.title else ""
    about = f"#set document(title: {literal(html.words(document.title) or 'handgrad')}, date: none)\n"
    about += f"#let highest = {min(_levels(document.blocks), default=1)}\n"
    return about + PRELUDE + title + blocks(document.blocks, context)


def _levels(found: tuple[Block, ...]) -> Iterator[int]:
    """The levels of the headings of a page; the highest of them is the first level of its outline."""
    for block in found:
        match block:
            case Heading(_, level, _):
                yield level
            case Document():
                yield from _levels(section_of(block))
            case Inset(inner) | Details(_, inner):
                yield from _levels(inner)
            case Chain(lines):
                yield from _levels(tuple(line for line in lines if isinstance(line, Inset)))
            case _:
                pass


def compiled(markup: str) -> bytes:
    """The PDF that typst makes of the markup: by the rules of PDF/UA, where the order of the headings keeps them, else without that claim."""
    try:
        compiler = import_module("typst")
    except ModuleNotFoundError:
        raise MissingError("PDF needs the package typst", remedy="pip install 'handgrad[pdf]'") from None

    def made(standards: list[str]) -> bytes:
        with TemporaryDirectory() as empty:
            fonts = {"ignore_system_fonts": all(map(_has_glyph, markup))}
            folders = {"root": empty, "package_path": empty, "package_cache_path": empty}
            return bytes(compiler.compile(markup.encode(), pdf_standards=standards, **fonts, **folders))

    try:
        return made(["ua-1"])
    except compiler.TypstError:
        pass
    try:
        return made([])
    except compiler.TypstError as error:
        raise FormatError(f"typst cannot set this page: {error.message}") from None


def _has_glyph(c: str) -> bool:
    """Whether the fonts that come with typst have the character, as far as its block of Unicode tells; else the system's are asked too."""
    return c < "\u0530" or "\u1e00" <= c < "\u2e80" or "\U0001d400" <= c < "\U0001d800" or c == "\ufffd"


# ---------------------------------------------------------------- text and formulas


def inline(parts: Inline, context: Context, tall: bool = False) -> str:
    """Running text with its formulas; `tall`: their fractions are as large as on a line of their own."""
    return "".join(_part(part, context, tall) for part in parts)


def _part(part: str | Formula | Typeset | Reference, context: Context, tall: bool) -> str:
    match part:
        case str():
            return _words(part)
        case Reference(text):
            return _words(text)
        case Typeset(said):
            return _words(said)
        case _:
            return f"#{_equation(part, context, tall)};"


def _words(words: str) -> str:
    """Plain text, and code; numbers in a ring are drawn, since the fonts have them too narrow."""
    return "".join(f"#raw({literal(piece)});" if is_code else _plain(piece) for piece, is_code in spans(words))


def _plain(words: str) -> str:
    found = (piece for piece in re.split(f"([{RINGS}])", words) if piece)
    return "".join(f"#ring({literal(str(RINGS.index(piece) + 1))});" if piece in RINGS else f"#{literal(piece)};" for piece in found)


def _equation(formula: Formula, context: Context, tall: bool) -> str:
    shown = typst(formula, context)
    return f"eq({literal(spoken(formula, context))}, ${f'display({shown})' if tall else shown}$)"


def spoken(formula: Formula, context: Context) -> str:
    """The formula as a reading voice gets it: in one line, its indices in brackets."""
    return flat(text(formula, context.around(formula), BRACKETS), BRACKETS)


def _side(side: Formula | str, relation: str, context: Context) -> str:
    """One side of a line as code, with the relation in front of it if there is one."""
    sign = relation if relation in BARE else literal(relation) if relation else ""
    if isinstance(side, str):
        said = f"{relation} {side}".strip()
        numbers = all(map(names.is_shown, side.split(" ≈ ")))
        return f"eq({literal(said)}, ${f'{sign} {side}'.strip()}$)" if numbers else f"[{_words(said)}]"
    shown = f"{sign} {typst(side, context)}".strip()
    return f"eq({literal(f'{relation} {spoken(side, context)}'.strip())}, $display({shown})$)"


# ---------------------------------------------------------------- chains


def _chain(chain: Chain, context: Context) -> str:
    following = [*chain.lines, None][1:]
    items = [f"[{_block(item, context)}]" if isinstance(item, Inset) else _row(item, after, replace(context, scope=scope))
             for item, after, scope in zip(chain.lines, following, scopes(chain), strict=True)]
    return f"#chain({', '.join(items)})\n\n"


def _row(line: Line, after: Line | Inset | None, context: Context) -> str:
    """A line as what its parts are; `chain` of the prelude gives them their places, on the page of the line that continues it."""
    left = _side(line.left, "", context) if line.left is not None else "[]"
    body = _side(line.right, line.relation, context) if line.right is not None else "[]"
    end = [part for part in (inline(line.reason, context), _words(line.label)) if part]
    reason = f"reason[{'#h(.8em);'.join(end)}]" if end else "[]"
    goes_on = isinstance(after, Line) and after.left is None
    signs = f"boxed: {str(line.boxed).lower()}, goes-on: {str(goes_on).lower()}"
    return f"(lead: [{inline(line.lead, context)}], left: {left}, body: {body}, end: {reason}, {signs})"


# ---------------------------------------------------------------- blocks


def blocks(found: tuple[Block, ...], context: Context) -> str:
    """The blocks one after the other."""
    return "".join(_block(block, context) for block in found)


def _block(block: Block, context: Context) -> str:
    match block:
        case Heading(title, level, aside):
            right = f"#h(1fr)#text(weight: \"regular\", size: 9.5pt)[{inline(aside, context)}]" if aside else ""
            return f"#head({level})[{inline(title, context, tall=True)}{right}]\n\n"
        case Paragraph(words):
            return inline(words, context) + "\n\n"
        case Note(words, mark):
            shown = f"#mark({literal(COLOURS.get(mark, '#000000'))}, {literal(mark)});" if mark else ""
            return shown + inline(words, context) + "\n\n"
        case Chain():
            return _chain(block, context)
        case Inset(inner):
            return f"#inset[{blocks(inner, context)}]\n\n"
        case Details(title, inner):
            return f"#block(sticky: true, emph[{inline(title, context)}])\n\n#inset[{blocks(inner, context)}]\n\n"
        case Table():
            return _table(block, context)
        case Matrix():
            return _matrix(block, context) + "\n\n"
        case Matrices(items):
            return " #h(1.6em) ".join(_matrix(item, context) for item in items) + "\n\n"
        case Figure(svg, alt, _):
            return f"#drawing({literal(plain_svg(svg))}, {_points(svg)}, {literal(alt)})\n\n"
        case Code(shown, _):
            return f"#raw(({', '.join(map(literal, shown.splitlines() or ['']))},).join(\"\\n\"), block: true)\n\n"
        case Tally() | Ledger():
            return blocks(unfolded(block), context)
        case Document():
            return blocks(section_of(block), Context(block.model))
        case _:
            assert_never(block)


def _table(table: Table, context: Context) -> str:
    columns = max(len(row) for row in (table.header, *table.rows))
    sides = ", ".join(ALIGNMENTS[side] for side in table.alignment.ljust(columns, "l"))

    def row(cells: tuple[Inline, ...]) -> str:
        return ", ".join(f"[{inline(cell, context)}]" for cell in (*cells, *((),) * (columns - len(cells))))

    header = [f"table.header({row(table.header)})"] if any(table.header) else []
    stroke = "(x, y) => if y == 0 { (bottom: .6pt) }" if header else "none"
    cells = ", ".join([*header, *map(row, table.rows)])
    return f"#table(columns: {columns}, align: ({sides},), stroke: {stroke}, inset: (x: .6em, y: .35em), {cells})\n\n"


def _matrix(matrix: Matrix, context: Context) -> str:
    rows = "; ".join(", ".join(_number(cell) for cell in row) for row in matrix.rows)
    said = "matrix with the rows " + "; ".join(", ".join(row) for row in matrix.rows)
    lead = f"{inline(matrix.lead, context)} " if matrix.lead else ""
    return f"#box[{lead}#eq({literal(said)}, $display(mat(delim: \"(\", align: #right, column-gap: #1em, {rows}))$)]"


def _number(shown: str) -> str:
    """A number as it is shown; any other text as a string."""
    return shown if names.is_shown(shown) else literal(shown)


# ---------------------------------------------------------------- drawings


def plain_svg(svg: str) -> str:
    """The drawing without the variables of a page's style, in the fonts of the page."""
    return re.sub(r"var\(--[\w-]+,\s*([^()]*)\)", r"\1", svg).replace("inherit", "New Computer Modern")


def _points(svg: str) -> str:
    """How wide and high the drawing is on paper, at 0.75 points a pixel."""
    box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)', svg)
    width, height = (0.75 * max(float(side), 1.0) for side in (box.groups() if box else ("480", "320")))
    return f"{width:.2f}pt, {height:.2f}pt"
