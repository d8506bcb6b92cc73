"""A page as one HTML file: MathML, the fonts inside, no script and nothing from the network."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from functools import cache
from html import escape
from pkgutil import get_data
from typing import assert_never
from urllib.parse import quote

from handgrad.document import (
    Block,
    Chain,
    Code,
    Count,
    Details,
    Document,
    Figure,
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
    Row,
    Table,
    Tally,
    Typeset,
    section_of,
    spans,
)
from handgrad.rendering import mathml
from handgrad.rendering.markup import as_shown
from handgrad.rendering.names import is_shown
from handgrad.rendering.shape import Context, scopes

MARKS = {"✓": "good", "✗": "bad", "~": "noted", "?": "open", "!": "noted"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'{shared}; font-src data:; img-src data:"
FONT = "handgrad.css"
PAGE = """<!DOCTYPE html>
<html lang="en" class="handgrad">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
{font}
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def render(document: Document, options: Options) -> str:
    """The document as a file of its own, or as one that takes the font of its formulas from a file that the pages of a folder share."""
    context = Context(document.model)
    title = f"<h1>{inline(document.title, context)}</h1>\n" if document.title else ""
    if options.shared is None:
        shared, font = "", f"<style>{font_face()}</style>"
    else:       # 'self' is the place that a page was loaded from, which of a page that is opened from a disk is file:
        shared, font = " 'self' file:", f'<link rel="stylesheet" href="{escape(options.shared)}{FONT}">'
    style = resource("page.css").decode()
    policy, name = POLICY.format(shared=shared), escape(words(document.title))
    return PAGE.format(policy=policy, title=name, font=font, style=style, body=title + blocks(document.blocks, context))


def fragment(document: Document) -> str:
    """The document as a piece of a page; it brings its style and uses the fonts that are there."""
    context = Context(document.model)
    title = f"<h2>{inline(document.title, context)}</h2>\n" if document.title else ""
    return f'<div class="handgrad">\n<style>\n{resource("page.css").decode()}</style>\n{title}{blocks(document.blocks, context)}\n</div>'


@cache
def resource(name: str) -> bytes:
    """A file that lies beside the renderers."""
    data = get_data("handgrad.rendering", name)
    assert data is not None, f"the package lacks {name}"
    return data


def shared() -> dict[str, str]:
    """What pages of one folder may share: the font."""
    return {FONT: font_face()}


def font_face() -> str:
    """The rule that brings the font of the formulas."""
    data = b64encode(resource("fonts/HandgradMath.woff2")).decode()
    return f'@font-face {{ font-family: "Handgrad Math"; src: url(data:font/woff2;base64,{data}) format("woff2"); }}'


def words(parts: Inline) -> str:
    """The text of a title without its formulas' markup, for the window of a browser."""
    return "".join(part if isinstance(part, str) else part.plain if isinstance(part, Typeset) else "…" for part in parts)


def inline(parts: Inline, context: Context) -> str:
    """Running text with its formulas."""
    return "".join(_part(part, context) for part in parts)


def _part(part: str | Formula | Typeset | Reference, context: Context) -> str:
    match part:
        case str():
            return _words(part)
        case Reference(said, anchor, page):
            return f'<a href="{quote(page)}{"#" if anchor else ""}{quote(anchor)}">{escape(said)}</a>'
        case Typeset(_, _, shown):
            return f"<math>{shown}</math>"
        case _:
            return mathml.mathml(part, context)


def _words(text: str) -> str:
    """Text and code; a percent sign stays with its number."""
    return "".join(f"<code>{escape(piece)}</code>" if is_code else escape(piece).replace(" %", "\u00a0%") for piece, is_code in spans(text))


# ---------------------------------------------------------------- blocks


def blocks(found: tuple[Block, ...], context: Context) -> str:
    """The blocks one after the other."""
    return "\n".join(_block(block, context) for block in found)


def _block(block: Block, context: Context) -> str:
    match block:
        case Heading(text, level, aside):
            tag = "h2" if level == 1 else "h3"
            right = f'<span class="aside">{inline(aside, context)}</span>' if aside else ""
            return f"<{tag}><span>{inline(text, context)}</span>{right}</{tag}>"
        case Paragraph(text):
            return f"<p>{inline(text, context)}</p>"
        case Note(text, mark):
            shown = f'<span class="mark {MARKS.get(mark, "")}">{escape(mark)}</span>' if mark else ""
            return f'<p class="note">{shown}{inline(text, context)}</p>'
        case Chain():
            return _chain(block, context)
        case Inset(inner):
            return f'<div class="inset">\n{blocks(inner, context)}\n</div>'
        case Details(title, inner):
            return f'<details><summary>{inline(title, context)}</summary>\n<div class="inset">\n{blocks(inner, context)}\n</div></details>'
        case Table():
            return _table(block, context)
        case Matrix():
            return f'<div class="matrices">{_matrix(block, context)}</div>'
        case Matrices(items):
            return '<div class="matrices">' + "\n".join(_matrix(item, context) for item in items) + "</div>"
        case Figure(svg, alt, _):
            return f'<figure role="img" aria-label="{escape(alt)}">{svg}</figure>'
        case Code(text, _):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Tally():
            return _tally(block, context)
        case Ledger():
            return _ledger(block, context)
        case Document():
            return blocks(section_of(block), Context(block.model))
        case _:
            assert_never(block)


def _chain(chain: Chain, context: Context) -> str:
    shown = []
    for item, scope in zip(chain.lines, scopes(chain), strict=True):
        shown.append(_block(item, context) if isinstance(item, Inset) else _line(item, replace(context, scope=scope)))
    return '<div class="chain">\n' + "\n".join(shown) + "\n</div>"


def _line(line: Line, context: Context) -> str:
    relation = f'<mo form="infix">{escape(line.relation)}</mo>' if line.right is not None and line.relation else ""
    right = [_side(line.right, context)] if line.right is None or isinstance(line.right, str) else mathml.pieces(line.right, context)
    left, rest = _side(line.left, context), list(map(_math, right[1:]))
    before, kind = (left, "result") if line.boxed else ("", "right")
    formula = f'<div class="{kind}">{"<wbr>".join([_math(before + relation + right[0]), *rest])}</div>'
    label = f'<span class="label">{escape(line.label)}</span>' if line.label else ""
    reason = f'<div class="reason">{inline(line.reason, context)}{label}</div>' if line.reason or label else ""
    beside = "" if line.boxed else f'<div class="left">{_math(left)}</div>'
    return f'<div class="lead">{inline(line.lead, context)}</div>{beside}<div class="line{" boxed" if line.boxed else ""}">{formula}{reason}</div>'


def _math(shown: str) -> str:
    return f'<math displaystyle="true">{shown}</math>' if shown else ""


def _side(side: Formula | str | None, context: Context) -> str:
    if side is None or isinstance(side, str):
        return _number(side or "")
    return mathml.inner(side, context)


def _number(shown: str) -> str:
    parts = [as_shown(part) if is_shown(part) else f"<mn>{escape(part)}</mn>" for part in shown.split(" ≈ ")]
    return "<mo>≈</mo>".join(parts) if shown else ""


def _table(table: Table, context: Context) -> str:
    alignment = table.alignment.ljust(max(len(row) for row in (table.header, *table.rows)), "l")

    def row(cells: tuple[Inline, ...], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} class="{alignment[n]}">{inline(cell, context)}</{tag}>' for n, cell in enumerate(cells)) + "</tr>"

    header = f"<thead>{row(table.header, 'th')}</thead>" if any(table.header) else ""
    return f'<table class="grid">{header}<tbody>' + "\n".join(row(cells, "td") for cells in table.rows) + "</tbody></table>"


def _matrix(matrix: Matrix, context: Context) -> str:
    rows = "".join("<mtr>" + "".join(f"<mtd>{_number(cell)}</mtd>" for cell in row) + "</mtr>" for row in matrix.rows)
    table = f'<math><mrow><mo form="prefix" stretchy="true">(</mo><mtable>{rows}</mtable><mo form="postfix" stretchy="true">)</mo></mrow></math>'
    return f"<span>{inline(matrix.lead, context)} {table}</span>"


# ---------------------------------------------------------------- judged pages


def _tally(tally: Tally, context: Context) -> str:
    """A bar that stays in view, with a choice of the rows that are shown."""
    aside = f'<span class="aside">{inline(tally.aside, context)}</span>' if tally.aside else ""
    counts = "".join(_count(count, context) for count in tally.counts)
    choice = "".join(f'<label><input type="radio" name="rows" class="{name}"{checked}> {said}</label>'
                     for name, checked, said in (("every", " checked", "all"), ("some", "", "to see")))
    title = f'<span class="page">{inline(tally.title, context)}</span>'
    return f'<div class="tally"><div class="top">{title}{aside}<span class="choice">{choice}</span></div><ul>{counts}</ul></div>'


def _count(count: Count, context: Context) -> str:
    places = " · ".join(inline(place, context) for place in count.places)
    said = " ".join(part for part in (f"<b>{escape(count.label)}</b>", places, escape(count.aside)) if part)
    return f'<li><span class="mark {MARKS.get(count.mark, "")}">{escape(count.mark)}</span>{said}</li>'


def _ledger(ledger: Ledger, context: Context) -> str:
    return '<div class="ledger">\n' + "\n".join(_row(row, ledger.header, context) for row in ledger.rows) + "\n</div>"


def _row(row: Row, header: tuple[str, ...], context: Context) -> str:
    kind = MARKS.get(row.mark, "prose")
    first, *further = row.anchor.split() or [""]
    anchor = f' id="{escape(first)}"' if first else ""
    places = "".join(f'<span id="{escape(place)}"></span>' for place in further)
    mark = f' <span class="mark {kind}">{escape(row.mark)}</span>' if row.mark else ""
    notes = "".join(f'<p class="why">{inline(note, context)}</p>' for note in row.notes)
    values = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in zip(header, row.values, strict=False) if value)
    word = f'<span class="word {kind}">{inline(row.word, context)}</span>' if row.word else ""
    side = word + (f"<dl>{values}</dl>" if values else "")
    quiet = " quiet" if kind in ("prose", "good") and not row.notes else ""
    body = f'<div class="shown">{inline(row.text, context)}</div>{notes}{blocks(row.details, context)}'
    cells = (("number", places + escape(row.number) + mark), ("body", body), ("side", side))
    return f'<div class="row {kind}{quiet}"{anchor}>' + "".join(f'<div class="{name}">{cell}</div>' for name, cell in cells) + "</div>"
