"""A page in Markdown with LaTeX between dollar signs, as GitHub, Jupyter and pandoc read it."""

from __future__ import annotations

import re
from typing import assert_never

from handgrad.document import (
    Block,
    Chain,
    Code,
    Details,
    Document,
    Figure,
    Formula,
    Heading,
    Inline,
    Inset,
    Ledger,
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
from handgrad.rendering import latex
from handgrad.rendering.ledgers import unfolded
from handgrad.rendering.shape import Context
from handgrad.rendering.tex import tex

SPECIAL = re.compile(r"([\\`*_\[\]|$~]|^\s*[#+=-]|^\s*\d+[.)])")


def render(document: Document, options: Options) -> str:
    """The document in Markdown."""
    context = Context(document.model)
    title = [f"# {_inline(document.title, context)}"] if document.title else []
    return "\n\n".join([*title, *(_block(block, context) for block in document.blocks)]) + "\n"


def plain(text: str) -> str:
    """Text in which Markdown sees nothing special."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return SPECIAL.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def in_formula(text: str) -> str:
    """Text inside a formula: what LaTeX or Markdown would take for a command stands in its wide form."""
    return "".join(chr(ord(c) + 0xFEE0) if c in "\\{}$%#&^~_|<`*" else c if c.isprintable() else " " for c in text)


def _inline(parts: Inline, context: Context) -> str:
    return "".join(_part(part, place == 0, context) for place, part in enumerate(parts))


def _part(part: str | Formula | Typeset | Reference, first: bool, context: Context) -> str:
    match part:
        case str():
            return _words(part, first)
        case Reference(text):
            return _words(text, first)
        case Typeset(_, shown, _):
            # bars and angles would end a cell or begin a tag
            return "$" + shown.replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("<", r"\lt ").replace(">", r"\gt ") + "$"
        case _:
            return f"${tex(part, context)}$"


def _words(text: str, first: bool) -> str:
    """Text and code; only at the beginning of a line could a sign such as `=` be taken for a mark."""
    shown = ""
    for piece, is_code in spans(text):
        escaped = _code(piece) if is_code else re.sub(" {2,}", " &emsp; ", plain(piece))
        shown += escaped if first and not shown else re.sub(r"^(\s*)\\([=+-])", r"\1\2", escaped)
    return shown


def _code(text: str) -> str:
    """Code, in which Markdown sees nothing special but the bar of a table."""
    return f"`{''.join(c if c.isprintable() else ' ' for c in text)}`".replace("|", "\\|")


def _block(block: Block, context: Context) -> str:
    match block:
        case Heading(text, level, aside):
            right = f" · {_inline(aside, context)}" if aside else ""
            return f"{'#' * (level + 1)} {_inline(text, context)}{right}"
        case Paragraph(text):
            return _inline(text, context)
        case Note(text, mark):
            return f"{plain(mark)} {_inline(text, context)}".lstrip()
        case Chain():
            return _chain(block, context)
        case Inset(blocks):
            inner = "\n\n".join(_block(b, context) for b in blocks)
            return "\n".join(f"> {line}".rstrip() for line in inner.splitlines())
        case Details(title, blocks):
            inner = "\n\n".join(_block(b, context) for b in blocks)
            return f"<details><summary>{_inline(title, context)}</summary>\n\n{inner}\n\n</details>"
        case Table():
            return _table(block, context)
        case Matrix():
            return f"$$\n{latex.matrix(block, context, in_formula)}\n$$"
        case Matrices(items):
            return "$$\n" + r" \qquad ".join(latex.matrix(item, context, in_formula) for item in items) + "\n$$"
        case Figure(_, alt, fallback):
            return _fenced(fallback, "") if fallback else f"*{plain(alt)}*"
        case Code(text, language):
            return _fenced(text, language)
        case Tally() | Ledger():
            return "\n\n".join(_block(b, context) for b in unfolded(block))
        case Document():
            return "\n\n".join(_block(b, Context(block.model)) for b in section_of(block))
        case _:
            assert_never(block)


def _chain(chain: Chain, context: Context) -> str:
    shown, before = [], ""
    for part in latex.parts_of(chain, context):
        if isinstance(part, Inset):
            shown.append(_block(part, context))
            continue
        lines, contexts = part
        rows = [re.sub(r" \\tag\*\{(.*)\}$", r" & & \\quad \\text{\1}", row) for row in latex.rows(lines, contexts, before, in_formula)]
        shown.append("$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$")
        lefts = [latex.side(line.left, context, in_formula) for line in lines if line.left is not None]
        before = lefts[-1] if lefts else before
    return "\n\n".join(shown)


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _table(table: Table, context: Context) -> str:
    columns = max(len(row) for row in (table.header, *table.rows))
    rule = {"l": ":---", "r": "---:", "c": ":---:"}
    header = [_inline(cell, context) for cell in table.header] or [""] * columns
    lines = [header, [rule[a] for a in table.alignment.ljust(columns, "l")], *([_inline(cell, context) for cell in row] for row in table.rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
