"""`handgrad explain [CODE | KIND]`: what a kind of slip looks like, why it is wrong, and when it is none."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from handgrad.axes import Model
from handgrad.checking.edits import Slip
from handgrad.checking.slips import CODES, KINDS, SLIPS
from handgrad.checking.words import kind_called
from handgrad.commands.output import chosen, parser, put
from handgrad.document import Block, Document, Heading, Note, Paragraph, Table
from handgrad.errors import ModelError
from handgrad.reading.mathematics import statements
from handgrad.reading.typesetting import unicode


def run(arguments: Sequence[str]) -> int:
    """Prints the page of a kind of slip, or the list of all; 0."""
    made = parser("explain", "A kind of slip: what it looks like, why it is wrong, when it is no slip, a wrong line and the right one.")
    made.add_argument("kind", metavar="CODE | KIND", nargs="?", help="a code such as S101 or a kind such as sign; without it, the list")
    options = made.parse_args(arguments)
    output = chosen(options)
    if options.kind is None:
        put(output, _contents, lambda: [{"code": s.code, "kind": s.kind, "title": s.title} for s in SLIPS])
    else:
        slip = found(options.kind)
        put(output, lambda: page(slip), lambda: _described(slip))
    return 0


def found(word: str) -> Slip:
    """The kind of slip with this code, name, or word of a summary; small and capital letters, hyphens and underscores are the same."""
    kind = word.lower().replace("-", "_").replace(" ", "_")
    slip = CODES.get(word.upper()) or KINDS.get(kind) or KINDS.get(kind_called(word.lower().replace("-", " ").replace("_", " ")))
    if slip is None:
        near = get_close_matches(kind, KINDS, 1)
        raise ModelError(f"there is no kind of slip {word!r}", remedy=f"did you mean {near[0]}?" if near else "handgrad explain lists them all")
    return slip


def page(slip: Slip) -> Document:
    """The manual page of a kind of slip."""
    blocks: list[Block] = [
        Heading(("What it looks like",), 2), Paragraph((slip.looks,)),
        Heading(("Why it is wrong",), 2), Paragraph((slip.why,)),
        Heading(("When it is no slip",), 2), Paragraph((slip.fine,)),
        Heading(("Example",), 2), Note((_line(slip.wrong),), "✗"), Note((_line(slip.right),), "✓"),
        Paragraph((f"With --hide-answers a report says: {slip.hint}",)),
    ]
    return Document((f"{slip.code} {slip.kind}: {slip.title}",), tuple(blocks), Model({}))


def _line(source: str) -> str:
    """A line of LaTeX as plain text."""
    return "; ".join(" ".join(f"{side.relation} {unicode(side.tree)}".strip() for side in s.sides) for s in statements(source))


def _contents() -> Document:
    rows = tuple(((slip.code,), (slip.kind,), (slip.title,)) for slip in SLIPS)
    table = Table((("code",), ("kind",), ("what it is",)), rows)
    return Document(("Kinds of slip",), (table, Paragraph(("handgrad explain CODE tells more of one.",))), Model({}))


def _described(slip: Slip) -> dict[str, Any]:
    """A kind of slip as JSON."""
    return {"code": slip.code, "kind": slip.kind, "title": slip.title, "looks": slip.looks, "why": slip.why, "fine": slip.fine, "wrong": slip.wrong,
            "right": slip.right, "hint": slip.hint}
