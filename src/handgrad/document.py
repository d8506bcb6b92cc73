"""The neutral blocks of a page, and the registry of the renderers that turn them into text.

Whoever has something to show (a derivation, a catalogue entry, a worksheet, a report) turns itself into a `Document`, by the method `blocks`
of a `Showable`; the renderers know blocks and formulas and nothing else. A text in a block is plain text, in which backticks stand around
code: every renderer escapes it for its own format.

    rule = Line(Entry("s", (i, k)), right=softmax, reason=("quotient rule",), label="①")
    page = Document(("softmax",), (Heading(("Definition",)), Chain((rule,))), model)
    print(render(page, "terminal", Options(width=72)))

Formulas are expressions, conditions, indices and definitions. A whole tensor is an entry without indices, `Entry("S", ())`;
`Call("transpose", (x,))`, `Call("hadamard", (a, b))`, `Call("outer", (a, b))` and `Call("diag", (a,))` are its operations and `Mul` is
the matrix product. A bound index gets its letter when it is printed: one that is free nowhere in the line, nor in the lines that continue it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Union

from handgrad.axes import Definition, Model
from handgrad.errors import HandgradError
from handgrad.expr import Condition, Index
from handgrad.records import dataclass

Formula = Union[Condition, Index, Definition]      # an index may be any expression


@dataclass(frozen=True, slots=True)
class Typeset:
    """A formula that is no expression, in the three ways in which it is set: as one line of text, in LaTeX, and in MathML without `<math>`.

    Whoever makes it has made all three from a tree: they are printed as they are.
    """

    plain: str
    latex: str
    mathml: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A place elsewhere on the page, or on another one: what is said of it, the anchor of its row, and the file of the other page."""

    text: str
    anchor: str
    page: str = ""


Label = tuple[Union[str, Formula], ...]
Inline = tuple[Union[str, Formula, Typeset, Reference], ...]


class FormatError(HandgradError):
    """A format or a file ending that no renderer writes."""

    code = "format"


# ---------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `aside` stands at the right end of its rule (`lines 49–208`)."""

    text: Inline
    level: int = 1
    aside: Inline = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text with formulas in it, filled to the width."""

    text: Inline


@dataclass(frozen=True, slots=True)
class Note:
    """A remark with one of the marks `✓ ✗ ~ ? !`, or with none."""

    text: Inline
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chain: `lead  left relation right     reason label`.

    `left` is None in a line that continues the one above. `lead` is what stands in front: the condition of a case (`k = j`, as a
    formula), or a word (`both`, `matrix form`, `given`). A side that is a text (a number as it is shown) is printed as it is.
    """

    left: Formula | str | None = None
    right: Formula | str | None = None
    relation: str = "="
    reason: Inline = ()
    label: str = ""
    lead: Inline = ()
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class Inset:
    """Blocks set in: givens, or a lemma in the middle of a chain."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Lines aligned at their relations; an inset between them does not end the alignment."""

    lines: tuple[Line | Inset, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks that are folded away under a title where the format can fold."""

    title: Inline
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header; `alignment` has one of `l r c` for each column, by default all `l`."""

    header: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]
    alignment: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of numbers as they are shown, aligned on the right, with what stands in front of it (`∇W₁ =`)."""

    rows: tuple[tuple[str, ...], ...]
    lead: Inline = ()


@dataclass(frozen=True, slots=True)
class Matrices:
    """Matrices side by side."""

    items: tuple[Matrix, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing: SVG that the package itself made, its description, and the lines that stand for it in plain text."""

    svg: str
    alt: str
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Text in a fixed pitch, kept as it is."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """A row of a tally: `✗ 7 slips`, where they are, and what is to be said of all of them."""

    mark: str
    label: str
    places: tuple[Inline, ...] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How much was found of what; `aside` stands beside the title where there is room. A page that scrolls keeps it in view."""

    title: Inline
    counts: tuple[Count, ...]
    aside: Inline = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a ledger: its number and its mark in the margin, a formula or prose, values, a word of judgement, reasons below it.

    A row without a mark is prose. `details` can be folded away; formats that cannot fold leave them out. `anchor` may hold several, with spaces between.
    """

    number: str = ""
    mark: str = ""
    text: Inline = ()
    values: tuple[str, ...] = ()
    word: Inline = ()
    notes: tuple[Inline, ...] = ()
    details: tuple[Block, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Rows under one header, which names the columns of their values."""

    rows: tuple[Row, ...]
    header: tuple[str, ...] = ()


# ---------------------------------------------------------------- documents and renderers


@dataclass(frozen=True, slots=True)
class Document:
    """A page: its title, its blocks, and the model that knows its axes and their letters.

    A document among the blocks of another is a section with a model of its own; its title, if it has one, is a heading.
    """

    title: Inline
    blocks: tuple[Block, ...]
    model: Model

    def __str__(self) -> str:
        return render(self, "terminal")

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        return {name: render(self, name) for name in formats() if "/" in name}


class Showable:
    """What turns itself into a page: it defines `blocks`, and shows itself as text, in notebooks, and to `render`."""

    __slots__ = ()

    def blocks(self) -> Document:
        """The page, in neutral blocks."""
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self.blocks())

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        return self.blocks()._repr_mimebundle_()


Block = Union[Heading, Paragraph, Note, Chain, Inset, Details, Table, Matrix, Matrices, Figure, Code, Tally, Ledger, Document]


def page_of(shown: Document | Showable) -> Document:
    """The page itself, or that of what turns itself into one."""
    return shown if isinstance(shown, Document) else shown.blocks()


def spans(text: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it is code: what stands between two backticks on one line."""
    pieces = re.split("`([^`\n]+)`", text)
    return tuple((piece, place % 2 == 1) for place, piece in enumerate(pieces) if piece)


def section_of(document: Document) -> tuple[Block, ...]:
    """The blocks of a document that stands among the blocks of another, under a heading if it has a title."""
    return (Heading(document.title), *document.blocks) if document.title else document.blocks


@dataclass(frozen=True, slots=True)
class Options:
    """How a page is rendered: columns, ASCII only, colours; and where the files lie that it shares with other pages.

    `shared` is a folder relative to the page, such as `"../"` or `""`, in which `shared_files` lie; None: the page holds all it needs.
    A page of HTML shares the font of its formulas and keeps its style, so that it is still a page where it lies alone.
    """

    width: int = 80
    ascii: bool = False
    colour: bool = False
    shared: str | None = None


PLAIN = Options()
Renderer = Callable[[Document, Options], str]
Writer = Callable[[Document, Options], bytes]
FormulaRenderer = Callable[[Formula, Model], str]
SharedFiles = Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of output: its name, the endings of its files, and its renderer."""

    name: str
    suffixes: tuple[str, ...]
    render: Renderer
    formula: FormulaRenderer | None = None
    shared: SharedFiles = dict


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format that is no text and can only be written to a file: its name, the endings of its files, and what writes it."""

    name: str
    suffixes: tuple[str, ...]
    write: Writer


_formats: dict[str, Format] = {}
_files: dict[str, FileFormat] = {}


def register(
    name: str, suffixes: tuple[str, ...], render: Renderer, formula: FormulaRenderer | None = None, shared: SharedFiles = dict,
) -> None:
    """The way a renderer becomes known. A name with a slash is a MIME type that notebooks ask for; `formula` writes a formula alone.

    `shared` makes the files that pages of one folder may share, by name.
    """
    _formats[name] = Format(name, suffixes, render, formula, shared)


def register_file(name: str, suffixes: tuple[str, ...], write: Writer) -> None:
    """The way a format that is no text becomes known."""
    _files[name] = FileFormat(name, suffixes, write)


def formats() -> tuple[str, ...]:
    """The names of the registered formats that are text."""
    return tuple(_formats)


def file_formats() -> tuple[str, ...]:
    """The names of the registered formats that are bytes in a file."""
    return tuple(_files)


def format_of(path: str) -> str:
    """The name of the format that a file with this ending gets."""
    registered: tuple[Format | FileFormat, ...] = (*_formats.values(), *_files.values())
    known = {suffix: form.name for form in registered for suffix in form.suffixes}
    for suffix, name in known.items():
        if path.lower().endswith(suffix):
            return name
    raise FormatError(f"no format goes with the ending of {path!r}", remedy=f"endings known: {', '.join(known)}")


def render(shown: Document | Showable, format: str, options: Options = PLAIN) -> str:
    """The text of a page in the format; a derivation, a worksheet and all else that has `blocks()` is its page."""
    if format in _files:
        raise FormatError(f"{format} is no text", remedy="write it to a file: -o FILE")
    if format not in _formats:
        raise FormatError(f"unknown format {format!r}", remedy=f"formats: {', '.join(name for name in _formats if '/' not in name)}")
    return _formats[format].render(page_of(shown), options)


def encoded(shown: Document | Showable, format: str, options: Options = PLAIN) -> bytes:
    """The page as what stands in a file of the format; text is UTF-8 and ends with one line break."""
    if format in _files:
        return _files[format].write(page_of(shown), options)
    return (render(shown, format, options).rstrip("\n") + "\n").encode()


def shared_files(format: str) -> Mapping[str, str]:
    """What pages of the format in one folder may share, by the names of the files: pages that are rendered with `Options(shared=…)` need them."""
    return _formats[format].shared() if format in _formats else {}


def render_formula(formula: Formula, model: Model, format: str) -> str:
    """The text of one formula in the format, without delimiters; empty where no renderer of formulas is registered for it."""
    write = _formats[format].formula if format in _formats else None
    return write(formula, model) if write is not None else ""
